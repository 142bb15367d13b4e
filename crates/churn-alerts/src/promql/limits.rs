//! What Prometheus refuses and our parser takes, and what it is the other way round: said, and written so that the
//! parser can go on.

use std::ops::Range;

use super::super::duration;
use super::newer::applied;
use super::quoting::quoted;
use super::scan::{Token, TokenKind, scan};

/// Times of `@` are milliseconds in 63 bits.
const MOST_SECONDS: f64 = i64::MAX as f64 / 1000.0;
/// A duration of Go is a whole number of nanoseconds in 63 bits.
const MOST_DURATION: f64 = i64::MAX as f64 / 1e9;
/// Longer durations are nothing to the parser; a server keeps nothing for so long.
const LONG: &str = "100y";

/// Tells what Prometheus would say of an expression that our parser takes.
///
/// # Errors
/// Fails with what Prometheus refuses.
pub(super) fn check(text: &str) -> Result<(), String> {
    let tokens = scan(text);
    let Some(last) = tokens.last() else {
        return Err("no expression found in input".to_owned());
    };
    let mut end = 0;
    for token in &tokens {
        blanks(&text[end..token.range.start])?;
        end = token.range.end;
    }
    blanks(&text[last.range.end..])?;
    let word = |at: usize| tokens.get(at).map_or("", |token| token.text(text));
    let is_zero = |at: usize| {
        duration::parse(word(at)) == Some(0)
            || word(at).parse::<f64>().is_ok_and(|value| value == 0.0)
    };
    let ends_part = |word: &str| word == "]" || word.starts_with(':');
    // A number or duration that closes a range: no arithmetic follows.
    let is_plain = |at: usize| {
        let is_number =
            |token: &Token| matches!(token.kind, TokenKind::Number | TokenKind::Duration);
        tokens.get(at).is_some_and(is_number) && ends_part(word(at + 1))
    };
    for (at, token) in tokens.iter().enumerate() {
        let own = token.text(text);
        // Seconds as a number: the parser cannot hold what is larger.
        let seconds = if own == "[" || own == ":" || own == "offset" {
            let number = at + 1 + usize::from(["-", "+"].contains(&word(at + 1)));
            (own == "offset" || ends_part(word(number + 1))).then(|| word(number))
        } else {
            // The scanner takes a colon for the begin of a name.
            own.strip_prefix(':').filter(|_| ends_part(word(at + 1)))
        };
        let too_long = |seconds: f64| seconds.abs() >= MOST_DURATION;
        if seconds.is_some_and(|text| text.parse::<f64>().is_ok_and(too_long)) {
            return Err("duration out of range".to_owned());
        }
        match token.kind {
            TokenKind::Number if is_long_duration(own) => {
                return Err("duration out of range".to_owned());
            }
            TokenKind::Number => {
                let plain = own.replace('_', "");
                if plain.parse::<f64>().is_ok_and(f64::is_infinite) {
                    return Err(format!(
                        "error parsing number: \"{own}\": value out of range"
                    ));
                }
            }
            _ if own == "[" && ends_part(word(at + 2)) && is_zero(at + 1) => {
                return Err("duration must be greater than 0".to_owned());
            }
            _ if ["[", ":"].contains(&own) && word(at + 1) == "-" && is_plain(at + 2) => {
                return Err("duration must be greater than 0".to_owned());
            }
            TokenKind::Sign if own == "@" => {
                let number = at + 1 + usize::from(["-", "+"].contains(&word(at + 1)));
                if word(number)
                    .parse::<f64>()
                    .is_ok_and(|time| time >= MOST_SECONDS)
                {
                    return Err("timestamp out of bounds for @ modifier".to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Only four characters are blanks to Prometheus.
fn blanks(between: &str) -> Result<(), String> {
    let code = between
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default());
    let other = code
        .flat_map(str::chars)
        .find(|one| !matches!(one, ' ' | '\t' | '\r' | '\n'));
    match other {
        Some(other) => Err(format!("unexpected character: {other:?}")),
        None => Ok(()),
    }
}

/// Tells whether this is `300y`: more than the 292 years that nanoseconds in 63 bits come to.
fn is_long_duration(word: &str) -> bool {
    let mut rest = word;
    let mut parts = 0;
    while !rest.is_empty() {
        let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let unit = ["ms", "y", "w", "d", "h", "m", "s"]
            .iter()
            .find(|unit| after.starts_with(**unit));
        match unit {
            Some(unit) if after.len() < rest.len() => rest = &after[unit.len()..],
            _ => return false,
        }
        parts += 1;
    }
    parts > 0 && duration::parse(word).is_none()
}

/// Writes what the parser does not take so that it means the same to it: durations of zero and very long ones, and
/// metrics whose names are its keywords.
pub(super) fn for_the_parser(text: &str) -> String {
    let tokens = scan(text);
    let word = |at: usize| tokens.get(at).map_or("", |token| token.text(text));
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).map_or("", word);
        match (token.kind, duration::parse(token.text(text))) {
            (TokenKind::Duration, Some(0)) if before == "offset" => {
                edits.push((tokens[at - 1].range.start..token.range.end, String::new()));
            }
            (TokenKind::Word, _)
                if before == "offset" && token.text(text).eq_ignore_ascii_case("nan") =>
            {
                edits.push((tokens[at - 1].range.start..token.range.end, String::new()));
            }
            (TokenKind::Duration, Some(0)) if !["[", ":", "-", "+"].contains(&before) => {
                edits.push((token.range.clone(), "0".to_owned()));
            }
            (TokenKind::Duration, Some(long)) if Some(long) > duration::parse(LONG) => {
                edits.push((token.range.clone(), LONG.to_owned()));
            }
            // The parser resolves escapes there, too.
            (TokenKind::Text, _) if token.text(text).starts_with('`') => {
                let inner = token.text(text).trim_matches('`');
                edits.push((token.range.clone(), quoted(inner)));
            }
            (TokenKind::Word, _) if ["anchored", "smoothed"].contains(&token.text(text)) => {
                let follows_a_selector = before.ends_with([']', '}', ')'])
                    || before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
                let begins = ["", "(", ","].contains(&before)
                    || ["and", "or", "unless", "bool"].contains(&before)
                    || !follows_a_selector;
                if !begins {
                    continue;
                }
                let name = format!("{{__name__=\"{}\"", token.text(text));
                let (range, close) = match (word(at + 1), word(at + 2)) {
                    ("{", "}") => (token.range.start..tokens[at + 1].range.end, ""),
                    ("{", _) => (token.range.start..tokens[at + 1].range.end, ","),
                    _ => (token.range.clone(), "}"),
                };
                edits.push((range, name + close));
            }
            _ => {}
        }
    }
    match edits.is_empty() {
        true => text.to_owned(),
        false => applied(text, edits),
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;

    #[test]
    fn what_prometheus_takes_is_taken() {
        // promtool 3.14 check rules: SUCCESS for each.
        for text in [
            "x offset 0s > 1",
            "0s",
            "x > 0s",
            "rate(x[9223372036s])",
            "smoothed",
            "smoothed{a=\"b\"} > 1",
            "anchored{} + smoothed",
            "sum(anchored)",
            "x @ 1e9",
            "x # a comment\n> 1",
            "label_replace(up, \"host\", \"$1\", \"instance\", `(\\d+)\\..*`) == 0",
            "x{a=`c:\\dir`}",
            "x{a!=`\\.`}",
            "x{a=`\\`}",
            "count_values(`\\d`, x)",
            "x offset NaN",
        ] {
            assert!(parse(text).is_ok(), "{text}: {:?}", parse(text));
        }
    }

    #[test]
    fn what_prometheus_refuses_is_refused() {
        // promtool 3.14 check rules: FAILED for each.
        for text in [
            "   ",
            "x[0]",
            "rate(x[0s])",
            "x[-5m]",
            "x[5m:-1m]",
            "x[300y]",
            "x offset 300y",
            "x[1000000w]",
            "x @ 1e30",
            "1e309",
            "x > 1e400",
            "x > 1._5",
            "x\u{c}> 1",
            "x{a=~\"(x{100}){100}\"}",
            "x[1e30]",
            "x[5m:1e30]",
            "x offset Inf",
            "x offset -1e30",
            "x[9999999999999999999999]",
            "x @ 1e300",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_raw_text_is_what_it_says() {
        let parsed = parse("x{a=`c:\\n`}").expect("PromQL");
        assert!(parsed.to_string().contains("c:\\\\n"), "{parsed}");
    }
}
