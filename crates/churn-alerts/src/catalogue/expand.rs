//! What Prometheus makes of a description: labels and values filled in, as its `template` package does.

/// Fills in `{{ $labels.NAME }}` and `{{ $value | FORMAT }}`.
pub(super) fn expand(template: &str, labels: &[(String, String)], value: Option<f64>) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, inside)) = rest.split_once("{{ ") {
        text.push_str(before);
        let Some((action, after)) = inside.split_once(" }}") else {
            break;
        };
        if let Some(name) = action.strip_prefix("$labels.") {
            let found = labels.iter().find(|(label, _)| label == name);
            text.push_str(found.map_or("", |(_, value)| value));
        } else {
            text.push_str(&match (action, value) {
                ("$value | humanizePercentage", Some(value)) => general(value * 100.0) + "%",
                ("$value | humanizeDuration", Some(value)) => duration(value),
                ("$value | printf \"%.2f\"", Some(value)) => format!("{value:.2}"),
                ("$value | printf \"%.0f\"", Some(value)) => format!("{value:.0}"),
                _ => action.to_owned(),
            });
        }
        rest = after;
    }
    text + rest
}

/// Go's `%.4g`.
fn general(value: f64) -> String {
    let scientific = format!("{value:.3e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trimmed = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    if (-4..4).contains(&exponent) {
        let decimals = usize::try_from(3 - exponent).unwrap_or(0);
        return trimmed(&format!("{value:.decimals$}"));
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}e{sign}{:02}", trimmed(mantissa), exponent.abs())
}

fn humanize(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return general(value);
    }
    let (mut value, mut prefix) = (value, "");
    if value.abs() >= 1.0 {
        for next in ["k", "M", "G", "T"] {
            if value.abs() < 1000.0 {
                break;
            }
            (value, prefix) = (value / 1000.0, next);
        }
    } else {
        for next in ["m", "u", "n"] {
            if value.abs() >= 1.0 {
                break;
            }
            (value, prefix) = (value * 1000.0, next);
        }
    }
    general(value) + prefix
}

fn duration(seconds: f64) -> String {
    if seconds.abs() >= 1.0 && seconds.abs() < 60.0 {
        return general(seconds) + "s";
    }
    if seconds.abs() < 1.0 {
        return humanize(seconds) + "s";
    }
    let whole = seconds as i64;
    let (days, hours) = (whole / 86_400, whole / 3_600 % 24);
    let (minutes, seconds) = (whole / 60 % 60, whole % 60);
    match (days, hours, minutes) {
        (0, 0, _) => format!("{minutes}m {seconds}s"),
        (0, _, _) => format!("{hours}h {minutes}m {seconds}s"),
        _ => format!("{days}d {hours}h {minutes}m {seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected texts: promtool 2.42, `test rules`, descriptions of the same values.
    #[test]
    fn values_look_as_prometheus_writes_them() {
        assert_eq!(general(86.0), "86");
        assert_eq!(general(1.0526), "1.053");
        assert_eq!(general(12345.0), "1.234e+04");
        assert_eq!(humanize(0.35), "350m");
        assert_eq!(humanize(1500.0), "1.5k");
        assert_eq!(duration(0.52), "520ms");
        assert_eq!(duration(1.0204), "1.02s");
        assert_eq!(duration(93_660.0), "1d 2h 1m 0s");
    }

    #[test]
    fn labels_and_values_are_filled_in() {
        let labels = [("pod".to_owned(), "a".to_owned())];
        let text = expand(
            "{{ $labels.pod }}: {{ $value | humanizePercentage }}.",
            &labels,
            Some(0.5),
        );
        assert_eq!(text, "a: 50%.");
        // `humanize` would print 306m, which nobody takes for a PSI.
        let psi = expand("{{ $value | printf \"%.2f\" }}", &labels, Some(0.306));
        assert_eq!(psi, "0.31");
    }
}
