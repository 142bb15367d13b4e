//! Scalars as Go's packages read them: numbers of YAML, durations, addresses, names.

use crate::duration;

/// Returns a plain scalar as a number, if YAML 1.1 takes it for one.
pub(super) fn number(text: &str) -> Option<f64> {
    let digits = text.replace('_', "");
    let (sign, bare) = match digits.strip_prefix(['-', '+']) {
        Some(bare) if digits.starts_with('-') => (-1.0, bare),
        Some(bare) => (1.0, bare),
        None => (1.0, digits.as_str()),
    };
    for (prefix, radix) in [("0x", 16), ("0X", 16), ("0o", 8), ("0b", 2)] {
        if let Some(rest) = bare.strip_prefix(prefix) {
            return u64::from_str_radix(rest, radix)
                .ok()
                .map(|value| sign * value as f64);
        }
    }
    let octal = bare.len() > 1 && bare.starts_with('0') && bare.bytes().all(|b| b.is_ascii_digit());
    if octal && let Ok(value) = u64::from_str_radix(bare, 8) {
        return Some(sign * value as f64);
    }
    match bare.bytes().any(|byte| byte.is_ascii_digit())
        && bare
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte))
    {
        true => bare.parse::<f64>().ok().map(|value| sign * value),
        false => None,
    }
}

/// A duration of Prometheus.
pub(super) fn prometheus_duration(text: &str) -> Result<(), String> {
    match duration::parse(text) {
        Some(_) => Ok(()),
        None => Err(format!(
            "\"{text}\" is not a duration such as 5m, 90s or 1h30m"
        )),
    }
}

/// A duration of Prometheus that is not 0.
pub(super) fn positive_duration(text: &str) -> Result<(), String> {
    prometheus_duration(text)?;
    match duration::parse(text) {
        Some(0) => Err("it cannot be 0".to_owned()),
        _ => Ok(()),
    }
}

/// A duration of Go: `1h30m`, `1.5s`, `-2ms`.
pub(super) fn go_duration(text: &str) -> Result<(), String> {
    let wrong = || format!("\"{text}\" is not a duration of Go such as 30s or 1m30s");
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return Ok(());
    }
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'));
        let (amount, after) = rest.split_at(end.ok_or_else(wrong)?);
        if amount.parse::<f64>().is_err() {
            return Err(wrong());
        }
        let units = ["ns", "us", "µs", "μs", "ms", "s", "m", "h"];
        let unit = units.into_iter().find(|unit| after.starts_with(unit));
        let unit = unit.ok_or_else(wrong)?;
        rest = &after[unit.len()..];
    }
    Ok(())
}

/// A duration of Go, or a number of nanoseconds.
pub(super) fn go_timeout(text: &str) -> Result<(), String> {
    match number(text) {
        Some(_) => Ok(()),
        None => go_duration(text),
    }
}

/// A URL that something is sent to.
pub(super) fn url(text: &str) -> Result<(), String> {
    any_url(text)?;
    let lower = text.to_ascii_lowercase();
    let rest = lower
        .strip_prefix("http://")
        .or_else(|| lower.strip_prefix("https://"));
    let Some(rest) = rest else {
        return Err("the value is not a URL that begins with http:// or https://".to_owned());
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    match host.rsplit('@').next().is_none_or(str::is_empty) {
        true => Err("the URL names no host".to_owned()),
        false => Ok(()),
    }
}

/// A URL that may be hidden.
pub(super) fn secret_url(text: &str) -> Result<(), String> {
    match text == "<secret>" {
        true => Ok(()),
        false => url(text),
    }
}

/// A URL, empty, hidden or with a template in it.
pub(super) fn template_url(text: &str) -> Result<(), String> {
    match text.is_empty() || text.contains("{{") {
        true => Ok(()),
        false => secret_url(text),
    }
}

/// What Go takes for a URL: nearly everything.
pub(super) fn any_url(text: &str) -> Result<(), String> {
    // The value is not said: a mistyped address may hold a token or a password.
    let wrong = |said: &str| Err(format!("the value is not a URL: {said}"));
    if text.chars().any(char::is_control) {
        return wrong("a control character");
    }
    let scheme = text.split([':', '/', '?', '#']).next().unwrap_or_default();
    if text.starts_with(':')
        || text.contains(':')
            && scheme.starts_with(|c: char| c.is_ascii_digit())
            && text.as_bytes().get(scheme.len()) == Some(&b':')
    {
        return wrong("no scheme before the colon");
    }
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        let hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
        if *byte == b'%' && !(hex(at + 1) && hex(at + 2)) {
            return wrong("a percent sign without two hexadecimal digits");
        }
    }
    if let Some((_, rest)) = text.split_once("://") {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = host.rsplit('@').next().unwrap_or_default();
        if host.contains([' ', '<', '>', '"', '\\', '^', '`', '{', '|', '}']) {
            return wrong("a character in the host that may not be there");
        }
        if !host.starts_with('[')
            && let Some((_, port)) = host.rsplit_once(':')
            && !port.bytes().all(|byte| byte.is_ascii_digit())
        {
            return wrong("the port is not a number");
        }
    }
    Ok(())
}

/// `host:port`, or nothing.
pub(super) fn host_port(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Ok(());
    }
    let wrong = || format!("\"{text}\" is not a host and a port such as mail.example.com:587");
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let bracketed = host.starts_with('[') && host.ends_with(']');
    match port.is_empty() || (host.contains(':') && !bracketed) {
        true => Err(wrong()),
        false => Ok(()),
    }
}

/// Tells whether every generation takes this name of a label.
pub(crate) fn is_classic_label(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Tells whether every generation takes this name of a metric.
pub(crate) fn is_classic_metric(name: &str) -> bool {
    is_classic_label(&name.replace(':', "_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_are_those_of_go() {
        // yaml.v2 of Alertmanager 0.25, decoded into int: each of these is taken or refused.
        for (text, wanted) in [
            ("10", Some(10.0)),
            ("0x10", Some(16.0)),
            ("010", Some(8.0)),
            ("1_000", Some(1000.0)),
            ("-3", Some(-3.0)),
            ("1.5", Some(1.5)),
            ("ten", None),
            ("", None),
            ("1.2.3", None),
        ] {
            assert_eq!(number(text), wanted, "{text}");
        }
        for text in ["30s", "1m30s", "1.5h", "-2ms", "0"] {
            assert_eq!(go_duration(text), Ok(()), "{text}");
        }
        for text in ["", "5", "1d", "s", "1..5s"] {
            assert!(go_duration(text).is_err(), "{text}");
        }
        for text in ["http://x", "https://u:p@x:80/a?b", "HTTP://X"] {
            assert_eq!(url(text), Ok(()), "{text}");
        }
        for text in [
            "x",
            "ftp://x",
            "http://",
            "http:///a",
            "http://a b",
            "http://x:port",
            "http://%zz",
        ] {
            assert!(url(text).is_err(), "{text}");
        }
        for text in ["", "a:25", "[::1]:25", ":25"] {
            assert_eq!(host_port(text), Ok(()), "{text}");
        }
        for text in ["a", "a:", "::1:25"] {
            assert!(host_port(text).is_err(), "{text}");
        }
    }
}
