//! Durations as Prometheus writes them: `1h30m`, `250ms`.

const UNITS: [(&str, u64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Returns the milliseconds of `1h30m`; `0` needs no unit.
#[must_use]
pub fn parse(text: &str) -> Option<u64> {
    if text == "0" {
        return Some(0);
    }
    let (mut rest, mut total, mut last) = (text, 0_u64, None::<usize>);
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, after) = rest.split_at(digits);
        let letters = after.len()
            - after
                .trim_start_matches(|c: char| c.is_ascii_alphabetic())
                .len();
        let (unit, after) = after.split_at(letters);
        let at = UNITS.iter().position(|(name, _)| *name == unit)?;
        // Units fall in size and come once each, as Prometheus demands.
        if last.is_some_and(|last| at <= last) {
            return None;
        }
        last = Some(at);
        let part = number.parse::<u64>().ok()?.checked_mul(UNITS[at].1)?;
        total = total.checked_add(part)?;
        rest = after;
    }
    // A duration of Go is a whole number of nanoseconds in 63 bits.
    last.map(|_| total)
        .filter(|total| *total <= i64::MAX as u64 / 1_000_000)
}

/// Returns the shortest text of so many milliseconds.
#[must_use]
pub fn text(milliseconds: u64) -> String {
    let (mut rest, mut text) = (milliseconds, String::new());
    for (name, size) in UNITS.iter().skip(2) {
        if rest >= *size {
            text.push_str(&format!("{}{name}", rest / size));
            rest %= size;
        }
    }
    if text.is_empty() {
        "0s".to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_of_prometheus() {
        for (word, milliseconds) in [
            ("5m", 300_000),
            ("1h30m", 5_400_000),
            ("26h", 93_600_000),
            ("250ms", 250),
            ("0s", 0),
            ("0", 0),
            ("1d", 86_400_000),
        ] {
            assert_eq!(parse(word), Some(milliseconds), "{word}");
        }
        for word in [
            "", "5", "m", "5 m", "30m1h", "1m1m", "-5m", "1.5h", "5m ", "400y",
        ] {
            assert_eq!(parse(word), None, "{word}");
        }
        assert_eq!(text(5_400_000), "1h30m");
        assert_eq!(text(0), "0s");
        assert_eq!(text(93_600_000), "1d2h");
    }
}
