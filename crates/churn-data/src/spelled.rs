//! Numbers as people and spreadsheets write them: `1.234,50`, `1,234.50`, `€ 12,50`, `12.5 %`.
//! Which of two readings a column wants is decided by all of its values, elsewhere.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::affix::{Affix, Around, Between, known_unit};
use super::calendar::is_time_to_the_second;

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

    /// Returns the other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Point => Self::Comma,
            Self::Comma => Self::Point,
        }
    }
}

/// What a spelled number tells of the decimal mark of its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkEvidence {
    /// Nothing: both readings are one number.
    Neutral,
    /// The comma may stand between thousands or before three decimals: `1,234`.
    EitherComma,
    /// So may the point: `1.234 km`.
    EitherPoint,
    /// Only a decimal point reads it: `1,234.5`.
    Point,
    /// Only a decimal comma reads it, and it has other than three decimals: `12,5`, `1.234.567`.
    Comma,
    /// Only a decimal comma reads it, and it has three decimals, as others in the column may have:
    /// `0,567`.
    CommaThree,
}

impl MarkEvidence {
    /// How many there are.
    pub const COUNT: usize = 6;

    /// Returns its position in a list of counts.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// A number by each of its readings. One alone is none where the text has no such reading.
#[derive(Debug, Clone, PartialEq)]
pub struct Spelled<'a> {
    /// With a decimal point.
    pub point: Option<f64>,
    /// With a decimal comma.
    pub comma: Option<f64>,
    /// `%`, a currency's sign or code, or whatever else stands around the number.
    pub unit: Option<Cow<'a, str>>,
    /// How much that tells.
    pub affix: Affix,
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

    /// Returns whether it is a number wherever it stands, whatever else is in the column.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.affix == Affix::Known
    }

    /// Returns what it tells of the decimal mark, by the text that it was read from.
    #[must_use]
    pub fn evidence(&self, text: &[u8]) -> MarkEvidence {
        match (self.point, self.comma) {
            (Some(point), Some(comma)) if point == comma => MarkEvidence::Neutral,
            (Some(_), Some(_)) if text.contains(&b',') => MarkEvidence::EitherComma,
            (Some(_), Some(_)) => MarkEvidence::EitherPoint,
            (Some(_), None) => MarkEvidence::Point,
            (None, _) => {
                let decimals = text.rsplit(|&byte| byte == b',').next().unwrap_or_default();
                let decimals = decimals.iter().take_while(|byte| byte.is_ascii_digit());
                if text.contains(&b',') && decimals.count() == 3 {
                    MarkEvidence::CommaThree
                } else {
                    MarkEvidence::Comma
                }
            }
        }
    }
}

/// Longest text that is looked at: a sign, a unit, 20 digits with their separators.
const LONGEST: usize = 44;

/// Between groups of digits, in any language.
const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{2009}' | '\u{202f}')
}

const fn is_minus(c: char) -> bool {
    matches!(c, '-' | '\u{2212}')
}

/// Returns the number that a text spells, in either reading; none if it is not a number in both.
#[must_use]
pub fn spelled(text: &[u8]) -> Option<Spelled<'_>> {
    let text = text.trim_ascii();
    // Cheap tests first: most texts are none.
    if text.is_empty()
        || text.len() > LONGEST
        || !text.iter().any(u8::is_ascii_digit)
        || is_time_to_the_second(text)
    {
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
    let (start, end) = digits(body)?;
    let number = &body[start..end];
    let (before, after) = (&body[..start], &body[end..]);
    let (before, minus) = sign_before(before)?;
    // `12,50-`, as SAP writes it.
    let after_sign = after
        .strip_prefix('-')
        .filter(|rest| rest.is_empty() || rest.starts_with(is_space) || known_unit(rest).is_some());
    let signs = u8::from(negative) + u8::from(minus) + u8::from(after_sign.is_some());
    if signs > 1 {
        return None;
    }
    let after = after_sign.unwrap_or(after);
    let between = Between {
        is_fine: number.bytes().any(|byte| !byte.is_ascii_digit()),
        blanks: [before.ends_with(is_space), after.starts_with(is_space)],
    };
    let around = Around::of(
        before.trim_matches(is_space),
        after.trim_matches(is_space),
        between,
    )?;
    // Codes have zeros in front.
    if around.affix != Affix::Known && matches!(number.as_bytes(), [b'0', b'0'..=b'9', ..]) {
        return None;
    }
    let scaled = |decimal, other| {
        let number = read(number, decimal, other, around.exponent)?;
        let number = number * 1024_f64.powi(around.kibi);
        let number = if signs > 0 { 0.0 - number } else { number };
        Some(number).filter(|number| number.is_finite())
    };
    let (point, comma) = (scaled('.', ','), scaled(',', '.'));
    (point.is_some() || comma.is_some()).then_some(Spelled {
        point,
        comma,
        unit: around.unit,
        affix: around.affix,
    })
}

/// Returns where the number in a text starts and ends: at its first and last digit, but for a
/// decimal mark before the first.
fn digits(body: &str) -> Option<(usize, usize)> {
    let is_digit = |c: char| c.is_ascii_digit();
    let first = body.find(is_digit)?;
    let end = body.rfind(is_digit)? + 1;
    let start = match body[..first].strip_suffix(['.', ',']) {
        // A point after a letter is that of an abbreviation.
        Some(before) if !before.ends_with(char::is_alphanumeric) => before.len(),
        _ => first,
    };
    Some((start, end))
}

/// Takes the sign off what stands before a number; none if it joins a word and a number, `A-17`.
fn sign_before(before: &str) -> Option<(&str, bool)> {
    let is_sign = |c: char| is_minus(c) || c == '+';
    if let Some(sign) = before.chars().next().filter(|sign| is_sign(*sign)) {
        return Some((&before[sign.len_utf8()..], is_minus(sign)));
    }
    match before.chars().next_back().filter(|sign| is_sign(*sign)) {
        Some(sign) => {
            let rest = &before[..before.len() - sign.len_utf8()];
            let joins = rest.ends_with(char::is_alphanumeric) && known_unit(rest).is_none();
            (!joins).then_some((rest, is_minus(sign)))
        }
        None => Some((before, false)),
    }
}

/// Reads digits in groups with this decimal mark; the other one, spaces or apostrophes separate
/// the groups.
fn read(body: &str, decimal: char, other: char, power: i32) -> Option<f64> {
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
            if !known
                || !groups.iter().all(|group| is_digits(group))
                || !are_thousands(&groups, separator)
            {
                return None;
            }
            groups.iter().for_each(|group| plain.push_str(group));
        }
    }
    plain.push('.');
    plain.push_str(fraction);
    plain.push_str("0e");
    let exponent: i32 = exponent.parse().ok()?;
    plain.push_str(&(exponent + power).to_string());
    let plain = if whole.is_empty() {
        format!("0{plain}")
    } else {
        plain
    };
    plain.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Groups of three, or of two before the last three as in India (`12,34,567`); with blanks between them
/// such are phone numbers.
fn are_thousands(groups: &[&str], separator: char) -> bool {
    let [first, middle @ .., last] = groups else {
        return false;
    };
    let by_three = (1..=3).contains(&first.len()) && middle.iter().all(|group| group.len() == 3);
    let by_two = separator == ','
        && (1..=2).contains(&first.len())
        && middle.iter().all(|group| group.len() == 2);
    last.len() == 3 && (by_three || by_two) && !first.starts_with('0')
}

/// Whether a plain number may be one with a point between thousands: `1.234`.
#[must_use]
pub fn is_grouped(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let digits = text
        .strip_prefix(b"-")
        .or(text.strip_prefix(b"+"))
        .unwrap_or(text);
    let is_digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    match digits.split_at_checked(digits.len().saturating_sub(4)) {
        Some((first, [b'.', last @ ..])) => {
            (1..=3).contains(&first.len())
                && is_digits(first)
                && is_digits(last)
                && first[0] != b'0'
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn readings(text: &str) -> (Option<f64>, Option<f64>, Option<Cow<'_, str>>) {
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
            ("USD12", both(12.0), Some("USD")),
            ("$1.2M", (Some(1_200_000.0), None), Some("$")),
            ("512 MB", both(512e6), Some("B")),
            ("2 GiB", both(2_147_483_648.0), Some("B")),
            ("3,5 GB/Monat", (None, Some(3.5e9)), Some("B/Monat")),
            (
                "100 \u{440}\u{443}\u{431}.",
                both(100.0),
                Some("\u{440}\u{443}\u{431}"),
            ),
        ] {
            let unit: Option<&str> = unit;
            assert_eq!(
                readings(text),
                (point, comma, unit.map(Cow::from)),
                "{text}"
            );
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
            "C00001",
            "A-17",
            "Q3",
            "v1.2",
            "Store 17",
            "DSL 28",
            "iOS 13.10",
            "Basic 4.4",
            "007 km",
            "3rd",
            "18-25",
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
            "1_000",
            "+49 30 1234567",
        ] {
            assert_eq!(spelled(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn how_much_a_text_tells_of_being_a_number_depends_on_what_is_around() {
        let affix = |text: &str| spelled(text.as_bytes()).map(|spelled| spelled.affix);
        for text in [
            "1,5",
            "12 %",
            "USD12",
            "Bs 12.50",
            "12 eur",
            "kr. 100",
            "$12k",
            "5 percent",
        ] {
            assert_eq!(affix(text), Some(Affix::Known), "{text}");
        }
        for text in ["12 kg", "5 years", "12km", "'12.50", "12k", "ca. 12.5 km"] {
            assert_eq!(affix(text), Some(Affix::Quantity), "{text}");
        }
        for text in ["12A", "~12"] {
            assert_eq!(affix(text), Some(Affix::Label), "{text}");
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
