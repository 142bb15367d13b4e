//! Numbers as people and spreadsheets write them: `1.234,50`, `1,234.50`, `€ 12,50`, `12.5 %`.
//! Which of two readings a column wants is decided by all of its values, elsewhere.

use serde::{Deserialize, Serialize};

/// What stands between the whole part of a number and its fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecimalMark {
    /// `12.5`; thousands are separated by commas.
    #[default]
    Point,
    /// `12,5`; thousands are separated by points.
    Comma,
}

impl DecimalMark {
    /// Returns whether it is the one that needs no words.
    #[must_use]
    pub fn is_point(&self) -> bool {
        *self == Self::Point
    }
}

/// A number by each of its readings. One alone is none where the text has no such reading.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spelled<'a> {
    /// With a decimal point.
    pub point: Option<f64>,
    /// With a decimal comma.
    pub comma: Option<f64>,
    /// `%`, or a currency's sign or code.
    pub unit: Option<&'a str>,
}

impl Spelled<'_> {
    /// Returns the number by a reading.
    #[must_use]
    pub const fn by(&self, mark: DecimalMark) -> Option<f64> {
        match mark {
            DecimalMark::Point => self.point,
            DecimalMark::Comma => self.comma,
        }
    }
}

/// Longest text that is looked at: a sign, a currency, 20 digits with their separators.
const LONGEST: usize = 40;

/// Codes (ISO 4217) and abbreviations of currencies. Signs of the Unicode category Sc are told as
/// such.
const CURRENCIES: [&str; 38] = [
    "EUR", "USD", "GBP", "CHF", "JPY", "CNY", "RMB", "INR", "SEK", "NOK", "DKK", "PLN", "CZK",
    "HUF", "RON", "BGN", "TRY", "RUB", "UAH", "CAD", "AUD", "NZD", "BRL", "MXN", "ZAR", "KRW",
    "SGD", "HKD", "ILS", "AED", "THB", "IDR", "VND", "kr", "Fr.", "z\u{142}", "K\u{10d}", "Ft",
];

const fn is_currency_sign(c: char) -> bool {
    matches!(c, '$' | '\u{a2}'..='\u{a5}' | '\u{20a0}'..='\u{20cf}' | '\u{e3f}')
}

/// Between groups of digits, in any language.
const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{2009}' | '\u{202f}')
}

/// Returns the number that a text spells, in either reading; none if it is no number in both.
#[must_use]
pub fn spelled(text: &[u8]) -> Option<Spelled<'_>> {
    let text = text.trim_ascii();
    // Cheap tests first: most texts are none.
    if text.is_empty() || text.len() > LONGEST || !text.iter().any(u8::is_ascii_digit) {
        return None;
    }
    let mut body = std::str::from_utf8(text).ok()?.trim_matches(is_space);
    let mut negative = false;
    // Accountants' form.
    if let Some(inner) = body
        .strip_prefix('(')
        .and_then(|body| body.strip_suffix(')'))
    {
        (body, negative) = (inner, true);
    }
    let mut unit = None;
    // A sign and a unit may stand in any order before the digits, and after them.
    for _ in 0..2 {
        if let Some(rest) = body.strip_prefix(['-', '\u{2212}']) {
            if negative {
                return None;
            }
            (body, negative) = (rest, true);
        } else if let Some(rest) = body.strip_prefix('+') {
            body = rest;
        }
        if unit.is_none()
            && let Some((found, rest)) = unit_before(body)
        {
            (unit, body) = (Some(found), rest);
        }
    }
    if unit.is_none()
        && let Some((found, rest)) = unit_after(body)
    {
        (unit, body) = (Some(found), rest);
    }
    // `12,50-`, as SAP writes it.
    if !negative && let Some(rest) = body.strip_suffix('-') {
        (body, negative) = (rest, true);
    }
    let (point, comma) = (read(body, '.', ','), read(body, ',', '.'));
    let signed = |number: f64| if negative { 0.0 - number } else { number };
    (point.is_some() || comma.is_some()).then_some(Spelled {
        point: point.map(signed),
        comma: comma.map(signed),
        unit,
    })
}

fn unit_before(body: &str) -> Option<(&str, &str)> {
    let end =
        body.find(|c: char| c.is_ascii_digit() || matches!(c, '-' | '\u{2212}' | '+' | ','))?;
    // A point before digits is part of the number, but for that of an abbreviation.
    let whole = &body[..end];
    let before = match whole.strip_suffix('.') {
        Some(shorter) if !is_unit(whole) => shorter,
        _ => whole,
    };
    let unit = before.trim_end_matches(is_space);
    is_unit(unit).then(|| (unit, body[before.len()..].trim_start_matches(is_space)))
}

fn unit_after(body: &str) -> Option<(&str, &str)> {
    let end = body.rfind(|c: char| c.is_ascii_digit() || matches!(c, '-' | ','))? + 1;
    let (number, after) = body.split_at(end);
    let unit = after.trim_start_matches(is_space);
    is_unit(unit).then_some((unit, number))
}

fn is_unit(text: &str) -> bool {
    // `US$`, `R$` and `A$` are dollars and the like of their own.
    let mut letters = text.chars();
    let is_sign = letters.next_back().is_some_and(is_currency_sign)
        && letters.clone().count() <= 2
        && letters.all(|c| c.is_ascii_uppercase());
    text == "%" || is_sign || CURRENCIES.contains(&text)
}

/// Reads digits in groups with this decimal mark; the other one, spaces or apostrophes separate
/// the groups.
fn read(body: &str, decimal: char, other: char) -> Option<f64> {
    let (mantissa, exponent) = match body.find(['e', 'E']) {
        Some(at) => (&body[..at], &body[at + 1..]),
        None => (body, "0"),
    };
    let digits = exponent.trim_start_matches(['+', '-']);
    if digits.is_empty() || digits.len() > 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (whole, fraction) = match mantissa.split_once(decimal) {
        Some((whole, fraction)) => (whole, fraction),
        None => (mantissa, ""),
    };
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(fraction) || whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let separator = whole.chars().find(|c| !c.is_ascii_digit());
    let mut plain = String::with_capacity(body.len());
    match separator {
        None => plain.push_str(whole),
        Some(separator) => {
            let known =
                separator == other || is_space(separator) || "'\u{2019}".contains(separator);
            let groups: Vec<&str> = whole.split(separator).collect();
            if !known || !groups.iter().all(|group| is_digits(group)) || !are_thousands(&groups) {
                return None;
            }
            groups.iter().for_each(|group| plain.push_str(group));
        }
    }
    plain.push('.');
    plain.push_str(fraction);
    plain.push_str("0e");
    plain.push_str(exponent);
    let plain = if whole.is_empty() {
        format!("0{plain}")
    } else {
        plain
    };
    plain.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Groups of three, or of two before the last three as in India (`12,34,567`).
fn are_thousands(groups: &[&str]) -> bool {
    let [first, middle @ .., last] = groups else {
        return false;
    };
    let by_three = (1..=3).contains(&first.len()) && middle.iter().all(|group| group.len() == 3);
    let by_two = (1..=2).contains(&first.len()) && middle.iter().all(|group| group.len() == 2);
    last.len() == 3 && (by_three || by_two) && !first.starts_with('0')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn readings(text: &str) -> (Option<f64>, Option<f64>, Option<&str>) {
        spelled(text.as_bytes()).map_or((None, None, None), |spelled| {
            (spelled.point, spelled.comma, spelled.unit)
        })
    }

    #[test]
    fn reads_what_spreadsheets_write() {
        let both = |number| (Some(number), Some(number));
        for (text, (point, comma), unit) in [
            ("12,5", (None, Some(12.5)), None),
            ("12,50", (None, Some(12.5)), None),
            ("0,567", (None, Some(0.567)), None),
            ("1.234,50", (None, Some(1234.5)), None),
            ("1.234.567", (None, Some(1_234_567.0)), None),
            ("1,234.50", (Some(1234.5), None), None),
            ("1,234,567", (Some(1_234_567.0), None), None),
            ("12,34,567.5", (Some(1_234_567.5), None), None),
            // Nothing in these tells which.
            ("1,234", (Some(1234.0), Some(1.234)), None),
            ("1.234", (Some(1.234), Some(1234.0)), None),
            ("1 234", both(1234.0), None),
            ("1 234,5", (None, Some(1234.5)), None),
            ("1'234.50", (Some(1234.5), None), None),
            ("1\u{2019}234.50", (Some(1234.5), None), None),
            ("1\u{a0}234,50", (None, Some(1234.5)), None),
            ("12.5%", (Some(12.5), None), Some("%")),
            ("12,5 %", (None, Some(12.5)), Some("%")),
            ("$1,234.50", (Some(1234.5), None), Some("$")),
            ("-$12", both(-12.0), Some("$")),
            ("$-12", both(-12.0), Some("$")),
            ("($12.50)", (Some(-12.5), None), Some("$")),
            ("\u{20ac} 12,50", (None, Some(12.5)), Some("\u{20ac}")),
            ("12,50 \u{20ac}", (None, Some(12.5)), Some("\u{20ac}")),
            ("12,50 EUR", (None, Some(12.5)), Some("EUR")),
            ("CHF 12.50", (Some(12.5), None), Some("CHF")),
            ("Fr. 12.50", (Some(12.5), None), Some("Fr.")),
            ("R$ 1.234,50", (None, Some(1234.5)), Some("R$")),
            ("12,50-", (None, Some(-12.5)), None),
            ("\u{2212}3,5", (None, Some(-3.5)), None),
            ("1,5E+03", (None, Some(1500.0)), None),
            ("$.50", (Some(0.5), None), Some("$")),
        ] {
            assert_eq!(readings(text), (point, comma, unit), "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_numbers() {
        for text in [
            "",
            "a",
            "1,2,3",
            "1.2.3",
            "12,34,56",
            "1,23,4",
            "12 kg",
            "C00001",
            "1-2",
            "7590-VHVEG",
            "192.168.10.12",
            "2026-01-31",
            "31.01.2026",
            "12:30",
            "1,,5",
            ",",
            "%",
            "$",
            "--5",
            "0x1f",
            "1e",
            "1_000",
            "+49 30 1234567",
            "5 years",
        ] {
            assert_eq!(spelled(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "[-+(]?[$€A-Z% ]{0,3}[0-9.,' ]{0,12}[eE%€ )-]{0,3}") {
            let _ = spelled(text.as_bytes());
        }

        #[test]
        fn reads_back_german_and_english_amounts(cents in 0_u64..100_000_000_000) {
            let (whole, cents_part) = (cents / 100, cents % 100);
            let mut grouped = whole.to_string();
            let mut at = grouped.len();
            while at > 3 {
                at -= 3;
                grouped.insert(at, ',');
            }
            let number: f64 = format!("{whole}.{cents_part:02}").parse().expect("a number");
            let english = format!("{grouped}.{cents_part:02}");
            prop_assert_eq!(spelled(english.as_bytes()).and_then(|s| s.point), Some(number));
            let german = format!("{},{cents_part:02}", grouped.replace(',', "."));
            prop_assert_eq!(spelled(german.as_bytes()).and_then(|s| s.comma), Some(number));
        }
    }
}
