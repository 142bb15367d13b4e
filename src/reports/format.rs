//! Numbers as people read them, in one place. JSON and metrics don't use it: they are exact.

/// Stands for a figure that isn't there.
pub const NONE: &str = "–";

/// Returns a PSI with three decimals.
#[must_use]
pub fn psi(value: f64) -> String {
    if value.is_finite() {
        // Adding 0.0 turns the -0.0 of rounding noise into 0.
        format!("{:.3}", (value * 1000.0).round() / 1000.0 + 0.0)
    } else {
        NONE.to_owned()
    }
}

/// Returns a share of 0 to 1 as percent with one decimal; never 0 or 100 for what is neither.
#[must_use]
pub fn percent(share: f64) -> String {
    if !share.is_finite() {
        NONE.to_owned()
    } else if share > 0.0 && share < 0.0005 {
        "<0.1%".to_owned()
    } else if share < 1.0 && share > 0.9995 {
        ">99.9%".to_owned()
    } else {
        format!("{:.1}%", share * 100.0)
    }
}

/// Returns shares before and after, or just one if people would read the same twice. A newline
/// as `arrow` sets them below each other.
#[must_use]
pub fn change(before: f64, after: f64, arrow: &str) -> String {
    let (before, after) = (percent(before), percent(after));
    if before == after {
        after
    } else {
        let space = if arrow == "\n" { "" } else { " " };
        format!("{before}{space}{arrow}{space}{after}")
    }
}

/// Returns a sentence of a report with `arrow` for `->`, and no line break beside it or in
/// `0.41 (threshold 0.25)`.
#[must_use]
pub fn held_together(sentence: &str, arrow: &str) -> String {
    sentence
        .replace(" -> ", &format!("\u{a0}{arrow}\u{a0}"))
        .replace(" (threshold ", "\u{a0}(threshold\u{a0}")
}

/// Returns a p-value with three decimals, the smallest as `<0.001`.
#[must_use]
pub fn p_value(value: f64) -> String {
    if !value.is_finite() {
        NONE.to_owned()
    } else if value < 0.001 {
        "<0.001".to_owned()
    } else {
        format!("{value:.3}")
    }
}

/// Returns any number with five significant digits, very large and very small ones as `1.5e9`.
#[must_use]
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return NONE.to_owned();
    }
    let size = value.abs();
    if size == 0.0 {
        return "0".to_owned();
    }
    if !(1e-4..1e7).contains(&size) {
        let text = format!("{value:.3e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{}e{exponent}", without_zeros(digits));
    }
    let before_point = size.log10().floor() as i32 + 1;
    let decimals = usize::try_from(5 - before_point).unwrap_or(0);
    without_zeros(&format!("{value:.decimals$}")).to_owned()
}

fn without_zeros(text: &str) -> &str {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    }
}

/// Returns a count with commas between thousands.
#[must_use]
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Returns `1 row`, `2 rows`.
#[must_use]
pub fn counted(value: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(value), if value == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn psi_has_three_decimals_and_no_minus_zero() {
        assert_eq!(psi(0.410_49), "0.410");
        assert_eq!(psi(-1e-17), "0.000");
        assert_eq!(psi(12.0), "12.000");
        assert_eq!(psi(f64::NAN), NONE);
    }

    #[test]
    fn percent_never_rounds_something_to_nothing() {
        assert_eq!(percent(0.0), "0.0%");
        assert_eq!(percent(0.000_01), "<0.1%");
        assert_eq!(percent(0.123_4), "12.3%");
        assert_eq!(percent(0.999_99), ">99.9%");
        assert_eq!(percent(1.0), "100.0%");
    }

    #[test]
    fn change_is_short_where_nothing_changed() {
        assert_eq!(change(0.1, 0.1, "->"), "10.0%");
        assert_eq!(change(0.1, 0.5, "->"), "10.0% -> 50.0%");
    }

    #[test]
    fn p_values_have_a_floor() {
        assert_eq!(p_value(0.0), "<0.001");
        assert_eq!(p_value(0.049_9), "0.050");
        assert_eq!(p_value(1.0), "1.000");
    }

    #[test]
    fn numbers_keep_five_digits_at_any_size() {
        for (value, text) in [
            (0.0, "0"),
            (29.85, "29.85"),
            (64.761_692, "64.762"),
            (1_234_567.8, "1234568"),
            (1e9, "1e9"),
            (-2.5e-7, "-2.5e-7"),
            (0.001_234_56, "0.0012346"),
            (100.0, "100"),
            (-3.0, "-3"),
        ] {
            assert_eq!(number(value), text);
        }
        assert_eq!(number(f64::INFINITY), NONE);
    }

    #[test]
    fn counts_have_commas() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(7_043), "7,043");
        assert_eq!(count(1_000_000), "1,000,000");
        assert_eq!(counted(1, "row", "rows"), "1 row");
        assert_eq!(counted(2_000, "row", "rows"), "2,000 rows");
    }
}
