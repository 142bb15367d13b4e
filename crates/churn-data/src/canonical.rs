//! The one form of a value: what is the same value has the same text, whoever wrote it. Every
//! count, level and lookup goes by this text.
//!
//! What needs the other values of its column, or those of the other side, is not decided here:
//! only the questions are, such as which truth value `1` would be.

use std::borrow::Cow;

use super::calendar;
use super::columns::write_number;
use super::field::Field;
use super::formula::without_text_mark;
use super::spelled::is_grouped;
use super::value::{Value, classify, parse_field};

/// Returns the canonical text of a value.
///
/// - truth values: `true`, `false`, for `True`, `TRUE`
/// - numbers: the shortest text, `3` for `3.0`, `+3`, `3e0`, `0.5` for `.50`
/// - whole numbers beyond 2^53 that are written in digits: all of them, `716277643516076033`
/// - digits after a zero are a code, not a number: `01234` stays, and is not `1234`
/// - times: `2026-01-31 03:00:00.5` for `2026-01-31T04:00:00.500+01:00`; a day for its midnight
/// - a text that a spreadsheet would take for a formula: without the apostrophe that keeps it from that
/// - anything else as it is written, without blanks around it
/// - what means missing, as it is written
#[must_use]
pub fn canonical(field: &[u8]) -> Cow<'_, [u8]> {
    let trimmed = field.trim_ascii();
    if is_shortest(trimmed) || calendar::is_canonical_time(trimmed) {
        return Cow::Borrowed(trimmed);
    }
    match classify(field) {
        Value::Number(number) => {
            if has_leading_zeros(trimmed) {
                return Cow::Borrowed(trimmed);
            }
            let mut text = Vec::with_capacity(24);
            write_number(number, &mut text);
            if text == trimmed {
                Cow::Borrowed(trimmed)
            } else {
                Cow::Owned(text)
            }
        }
        Value::BigInteger(_) => {
            let unsigned = trimmed.strip_prefix(b"+").unwrap_or(trimmed);
            let point = unsigned.iter().position(|&byte| byte == b'.');
            Cow::Borrowed(&unsigned[..point.unwrap_or(unsigned.len())])
        }
        Value::Infinite if trimmed.starts_with(b"-") => Cow::Borrowed(b"-inf"),
        Value::Infinite => Cow::Borrowed(b"inf"),
        Value::Text if trimmed.eq_ignore_ascii_case(TRUE) => Cow::Borrowed(TRUE),
        Value::Text if trimmed.eq_ignore_ascii_case(FALSE) => Cow::Borrowed(FALSE),
        Value::Text => {
            let text = bare(trimmed);
            match calendar::canonical_time(text) {
                Some(time) if time != field => Cow::Owned(time),
                _ => Cow::Borrowed(text),
            }
        }
        Value::Missing(_) => Cow::Borrowed(field),
    }
}

/// Returns a text without marks of a text before it, nor blanks that come to light by that.
fn bare(mut text: &[u8]) -> &[u8] {
    loop {
        let shorter = without_text_mark(text).trim_ascii();
        if shorter.len() == text.len() {
            return text;
        }
        text = shorter;
    }
}

/// Returns whether a text is at a glance the shortest of its number: most values of most columns
/// are, and need not be written to know it.
///
/// Two decimals of up to 15 digits are two doubles, so no other text as short is this number. What
/// this says no to may be the shortest still.
fn is_shortest(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    // Fifteen digits and a point.
    if digits.len() > 16 {
        return false;
    }
    let mut point = None;
    for (position, byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' => {}
            b'.' if point.is_none() => point = Some(position),
            _ => return false,
        }
    }
    let whole_ends = match (digits, point) {
        ([.., b'0' | b'.'], Some(_)) => return false,
        (_, Some(point)) => point,
        (_, None) if digits.len() > 15 => return false,
        (_, None) => digits.len(),
    };
    match digits.split_at(whole_ends) {
        // Smaller ones are written with an exponent.
        ([b'0'], fraction) => fraction.iter().skip(1).take(4).any(|&byte| byte != b'0'),
        ([first, ..], _) => *first != b'0',
        ([], _) => false,
    }
}

/// As [`canonical`], for a value that is counted before it is known what its column is: a number
/// whose point may stand between thousands stays as it is written. `1.230` may be 1230.
#[must_use]
pub fn canonical_to_count(field: &[u8]) -> Cow<'_, [u8]> {
    if is_grouped(field) {
        return Cow::Borrowed(field.trim_ascii());
    }
    match canonical(field) {
        Cow::Owned(text) if is_grouped(&text) => Cow::Borrowed(field.trim_ascii()),
        text => text,
    }
}

/// Returns the number that a field is, if its double alone tells what [`canonical_to_count`] makes of it: not a
/// code such as `007`, and not `1.234`, whose point may stand between thousands. What this says no to may be one
/// still.
#[inline]
#[must_use]
pub fn unambiguous_number(field: &Field<'_>) -> Option<f64> {
    let number = parse_field(field)?;
    let text = field.text;
    // A zero before a digit: the lowest bytes of the word are the first of the text.
    if field.word as u16 & 0xf0ff == 0x3030 && has_leading_zeros(text) {
        return None;
    }
    let size = number.abs();
    if !(1.0..1000.0).contains(&size) {
        return Some(number);
    }
    let decimals = text
        .iter()
        .rev()
        .position(|&byte| byte == b'.')
        .unwrap_or(0);
    // Fifteen digits and a point: the text is the shortest, unless it ends in zeros.
    let is_shortest = text.len() <= 16 && text.last() != Some(&b'0');
    let is_ambiguous = decimals == 3 || decimals > 3 && !is_shortest && is_written_grouped(number);
    (!is_ambiguous).then_some(number)
}

/// Returns the number whose canonical text this is, if the number alone tells it, as in [`unambiguous_number`].
#[must_use]
pub fn unambiguous_number_of_text(text: &str) -> Option<f64> {
    if let Some(field) = Field::new(text.as_bytes())
        && is_shortest(field.text)
    {
        return unambiguous_number(&field);
    }
    let Value::Number(number) = classify(text.as_bytes()) else {
        return None;
    };
    (canonical_number(number) == text && !is_written_grouped(number)).then_some(number)
}

/// Returns whether the canonical text of a number has three decimals, so that its point may stand between
/// thousands: `1.234`.
#[must_use]
pub fn is_written_grouped(number: f64) -> bool {
    if !(1.0..1000.0).contains(&number.abs()) {
        return false;
    }
    // A cast, where to round and to divide with a remainder would be calls.
    let thousandths = (number * 1000.0 + 0.5_f64.copysign(number)) as i32;
    // Up to 15 digits are told apart by doubles, so that this is the text's only number.
    f64::from(thousandths) / 1000.0 == number && thousandths % 10 != 0
}

const TRUE: &[u8] = b"true";
const FALSE: &[u8] = b"false";

/// How writers spell truth values, true first.
const TRUTHS: [[&[u8]; 2]; 6] = [
    [TRUE, FALSE],
    [b"1", b"0"],
    [b"t", b"f"],
    [b"yes", b"no"],
    [b"y", b"n"],
    [b"on", b"off"],
];

/// Returns the canonical text of a number.
#[must_use]
pub fn canonical_number(number: f64) -> String {
    let mut text = Vec::with_capacity(24);
    write_number(number + 0.0, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// As [`canonical`], of a text.
#[must_use]
pub fn canonical_text(text: &str) -> Cow<'_, str> {
    match canonical(text.as_bytes()) {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

/// Returns the truth value that a text stands for in a column of truth values: `1`, `1.0`, `t`,
/// `Yes` for true. Elsewhere the same text may mean anything.
#[must_use]
pub fn truth(text: &[u8]) -> Option<bool> {
    let text = canonical(text);
    let text = text.trim_ascii();
    let is = |spelling: &[u8]| text.eq_ignore_ascii_case(spelling);
    TRUTHS.iter().find_map(|[yes, no]| match () {
        () if is(yes) => Some(true),
        () if is(no) => Some(false),
        () => None,
    })
}

/// Returns whether these canonical values are those of a column of truth values: each can be
/// one, and one of them is spelled `true` or `false`.
pub fn is_boolean<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> bool {
    let mut spelled = false;
    for value in values {
        if truth(value).is_none() {
            return false;
        }
        spelled |= value == TRUE || value == FALSE;
    }
    spelled
}

/// Returns whether a text is digits after a zero, as codes are written and numbers are not:
/// postal codes, account numbers.
#[inline]
#[must_use]
pub fn has_leading_zeros(text: &[u8]) -> bool {
    matches!(text, [b'0', b'0'..=b'9', ..]) && text.iter().all(u8::is_ascii_digit)
}

/// Doubles between two that are the same number after a few operations that round.
const LAST_BITS: u64 = 4;
/// How far a single-precision number may be off: pandas writes ten decimals of it as JSON.
const TEN_DECIMALS: f64 = 1e-9;
/// Fewer digits are not what single precision makes of a shorter number.
const DIGITS_OF_NOISE: usize = 9;

/// Above the relative error of half precision, 2^-11.
const MOST_APART: f64 = 1e-3;
/// Above that of single precision, 2^-24, with what is cut off a text.
const MOST_APART_SINGLE: f64 = 1.2e-7;

/// The normal range of half precision.
const SMALLEST_HALF: f64 = 6.103_515_625e-5;
const LARGEST_HALF: f64 = 65_504.0;
/// Fewer digits are not what half precision makes of a shorter number.
const DIGITS_OF_HALVES: usize = 7;

/// Returns whether two doubles are one number but for how writers round: one is the
/// single-precision form of the other (0.1 and 0.10000000149011612) or its half-precision form
/// (0.1 and 0.0999755859375), or they differ in the last
/// bits alone (0.3 and 0.30000000000000004). Two whole numbers are one if they are equal.
#[inline]
#[must_use]
pub fn is_same_number(one: f64, other: f64) -> bool {
    if one == other {
        return true;
    }
    let size = one.abs().max(other.abs());
    // What is smaller than any of half and of single precision is off by anything.
    if size > f64::from(f32::MIN_POSITIVE) {
        let apart = (one - other).abs();
        // Half precision is off by no more than that, single precision by no more than this, and the first leaves
        // zeros behind, see `is_half_of`. Most pairs that are asked about end here.
        let may_be_half = one.to_bits() << 22 == 0 || other.to_bits() << 22 == 0;
        let limit = if may_be_half {
            MOST_APART
        } else {
            MOST_APART_SINGLE
        };
        if apart > size * limit {
            return false;
        }
    }
    is_same_rounded(one, other)
}

/// Returns the same of two numbers that are near to each other.
fn is_same_rounded(one: f64, other: f64) -> bool {
    if one.fract() == 0.0 && other.fract() == 0.0
        || one.is_sign_positive() != other.is_sign_positive()
    {
        return false;
    }
    let apart = one.abs().to_bits().abs_diff(other.abs().to_bits());
    apart <= LAST_BITS
        || is_single_of(one, other)
        || is_single_of(other, one)
        || is_half_of(one, other)
        || is_half_of(other, one)
}

/// Returns whether a number is what half precision makes of a much shorter one: 0.0999755859375 is
/// 0.1.
fn is_half_of(number: f64, shorter: f64) -> bool {
    let magnitude = shorter.abs();
    if !(SMALLEST_HALF..LARGEST_HALF).contains(&magnitude) {
        return false;
    }
    // Eleven bits are kept: the others of a double of that form are zeros.
    if number.to_bits() << 22 != 0 {
        return false;
    }
    let step = (magnitude.log2().floor() - 10.0).exp2();
    let half = (shorter / step).round_ties_even() * step;
    let long = digits(number);
    half == number && long >= DIGITS_OF_HALVES && long >= digits(shorter) + 3
}

/// Returns whether a number is what single precision makes of one that is no longer.
fn is_single_of(number: f64, shorter: f64) -> bool {
    let single = f64::from(shorter as f32);
    // Short ones such as 1000000.0 may be the single form of 1000000.03 and still be another.
    (number - single).abs() <= TEN_DECIMALS * single.abs()
        && digits(number) >= DIGITS_OF_NOISE
        && digits(number) >= digits(shorter)
}

/// Returns the significant digits of the shortest text.
fn digits(number: f64) -> usize {
    let text = format!("{number:e}");
    let mantissa = text.split('e').next().unwrap_or_default();
    mantissa.bytes().filter(u8::is_ascii_digit).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(field: &str) -> String {
        String::from_utf8(canonical(field.as_bytes()).into_owned()).expect("text")
    }

    #[test]
    fn spellings_of_one_value_have_one_text() {
        // The spellings are those of pandas, polars, Excel, psql, Spark, R and JSON.
        let values: [(&str, &[&str]); 14] = [
            // Fixed-width exports pad texts (CHAR columns, SAS).
            ("a b", &["a b", " a b", "a b ", "\ta b  "]),
            ("true", &["true", "True", "TRUE", " true "]),
            ("false", &["false", "False", "FALSE"]),
            ("3", &["3", "3.0", "3.", "+3", " 3", "3e0", "3.00"]),
            ("-3", &["-3", "-3.0"]),
            ("0", &["0", "0.0", "-0", "-0.0", "0e0"]),
            ("0.5", &["0.5", ".5", "0.50", "5e-1", "5E-01"]),
            ("10000000", &["10000000", "1.0E7", "1e7", "1e+07"]),
            (
                "716277643516076033",
                &[
                    "716277643516076033",
                    "+716277643516076033",
                    "716277643516076033.00",
                ],
            ),
            (
                "7.16277643516076e17",
                &["7.16277643516076e+17", "7.16277643516076E17"],
            ),
            ("inf", &["inf", "Infinity", "+inf", "1e999"]),
            ("-inf", &["-inf", "-Infinity"]),
            (
                "2026-01-31 03:00:00",
                &[
                    "2026-01-31 03:00:00",
                    "2026-01-31T03:00:00Z",
                    "2026-01-31T03:00",
                    "2026-01-31 04:00:00+01:00",
                    "2026-01-31 03:00:00.000",
                    "2026-01-31 03:00:00+00",
                    "2026-01-31 03:00:00 UTC",
                ],
            ),
            (
                "2026-01-31",
                &[
                    "2026-01-31",
                    "2026-01-31 00:00:00",
                    "2026-01-31T00:00:00.000Z",
                    "2026-01-30T23:30:00-00:30",
                ],
            ),
        ];
        for (expected, spellings) in values {
            for spelling in spellings {
                assert_eq!(text(spelling), expected, "{spelling}");
            }
        }
    }

    #[test]
    fn what_may_mean_something_else_stays_as_it_is() {
        for same in [
            "01234",
            "00",
            "Yes",
            "t",
            "1,5",
            "truely",
            "2026-13-01",
            "2026-02-30",
            "2026-01-31 25:00:00",
            "31.01.2026",
            "2026-01-31T03:00:00+99:00",
            "1-2-3",
            "NA",
            "1\u{e9}",
            "2026-01-31 03:00:00 and more",
            "",
        ] {
            assert_eq!(text(same), same);
        }
    }

    #[test]
    fn a_point_that_may_stand_between_thousands_is_kept() {
        let counted = |field: &str| {
            String::from_utf8(canonical_to_count(field.as_bytes()).into_owned()).expect("text")
        };
        for (field, expected) in [
            ("1.230", "1.230"),
            ("1.000", "1.000"),
            // Else it would look like one.
            ("1.2340", "1.2340"),
            ("3.0", "3"),
            ("0.500", "0.5"),
            ("1.50", "1.5"),
        ] {
            assert_eq!(counted(field), expected);
        }
    }

    proptest! {
        #[test]
        fn a_number_that_is_its_double_alone_has_that_text(
            text in "[+-]?[0-9]{0,5}(\\.[0-9]{0,7}0{0,3})?"
        ) {
            let counted = canonical_to_count(text.as_bytes());
            let field = Field::new(text.as_bytes());
            if let Some(number) = field.and_then(|field| unambiguous_number(&field)) {
                let own = canonical_number(number);
                prop_assert_eq!(&*counted, own.as_bytes());
                prop_assert_eq!(unambiguous_number_of_text(&own), Some(number));
            }
            if let Value::Number(number) = classify(text.as_bytes()) {
                let own = canonical_number(number);
                prop_assert_eq!(is_written_grouped(number), is_grouped(own.as_bytes()), "{}", own);
            }
        }

        #[test]
        fn three_decimals_are_told_by_the_number(thousandths in -999_999_i32..=999_999) {
            let number = f64::from(thousandths) / 1000.0;
            let text = canonical_number(number);
            prop_assert_eq!(is_written_grouped(number), is_grouped(text.as_bytes()), "{}", &text);
            prop_assert_eq!(unambiguous_number_of_text(&text).is_none(), is_grouped(text.as_bytes()));
        }
    }

    #[test]
    fn what_a_number_does_not_tell_is_not_a_number_alone() {
        for text in [
            "007",
            "00",
            "1.234",
            "-1.234",
            "1.000",
            "53.512000",
            "9007199254740993",
        ] {
            let field = Field::new(text.as_bytes()).expect("short");
            assert_eq!(unambiguous_number(&field), None, "{text}");
        }
        for text in ["12.50", "1.2340", "+5", "x", "1e-05", "007"] {
            assert_eq!(unambiguous_number_of_text(text), None, "{text}");
        }
        for text in [
            "0", "-3", "12.5", "1e-7", "2.5e-9", "1e300", "0.123", "1234.567",
        ] {
            let number = text.parse().expect(text);
            assert_eq!(unambiguous_number_of_text(text), Some(number), "{text}");
        }
    }

    #[test]
    fn truth_values_are_known_among_truth_values_alone() {
        for (text, expected) in [
            ("True", Some(true)),
            ("t", Some(true)),
            ("1.0", Some(true)),
            ("YES", Some(true)),
            ("0", Some(false)),
            ("off", Some(false)),
            ("2", None),
            ("", None),
            ("m", None),
        ] {
            assert_eq!(truth(text.as_bytes()), expected, "{text}");
        }
        let boolean = |values: &[&str]| is_boolean(values.iter().map(|value| value.as_bytes()));
        assert!(boolean(&["true", "false"]) && boolean(&["true"]) && boolean(&["true", "0", "f"]));
        assert!(!boolean(&["1", "0"]) && !boolean(&["Yes", "No"]) && !boolean(&[]));
        assert!(!boolean(&["true", "false", "maybe"]));
    }

    #[test]
    fn rounding_is_no_difference_and_neighbours_are_one() {
        // numpy.float64(numpy.float32(x)), and 0.1 + 0.2.
        for (one, other) in [
            (0.1, 0.100_000_001_490_116_12),
            (0.7, 0.699_999_988_079_071),
            (1.0 / 3.0, 0.333_333_343_267_440_8),
            // numpy.float64(numpy.float16(x)).
            (0.1, 0.099_975_585_937_5),
            (0.7, 0.700_195_312_5),
            (12.3, 12.296_875),
            // As pandas.DataFrame.to_json writes the same.
            (0.7, 0.699_999_988_1),
            (0.3, 0.300_000_000_000_000_04),
            (3.0, 2.999_999_999_999_999_6),
        ] {
            assert!(
                is_same_number(one, other) && is_same_number(other, one),
                "{one}"
            );
        }
        for (one, other) in [
            (0.1, 0.100_000_01),
            (123_456.78, 123_456.79),
            (1_000_000.0, 1_000_000.03),
            (262_144.78, 262_144.79),
            (16_777_216.0, 16_777_217.0),
            (9_007_199_254_740_992.0, 9_007_199_254_740_994.0),
            (0.5, -0.5),
            // Amounts that half precision would join.
            (99.99, 100.0),
            (700.3, 700.5),
        ] {
            assert!(!is_same_number(one, other), "{one}");
        }
    }

    proptest! {
        /// The quick answer is that of the whole question, also for what writers made of a number.
        #[test]
        fn what_is_no_same_number_at_a_glance_is_none(number in -1e6..1e6_f64, exponent in -45..40_i32, apart in 0..40_u64) {
            let number = number * 10_f64.powi(exponent);
            let single = f64::from(number as f32);
            let bits = f64::from_bits(number.to_bits() ^ 1 << apart);
            let shortened: f64 = format!("{single:.9e}").parse().expect("a number");
            for other in [single, bits, shortened, number * (1.0 + 1e-7), number * (1.0 + 6e-8)] {
                prop_assert_eq!(
                    is_same_number(number, other),
                    number == other || is_same_rounded(number, other),
                    "{} {}", number, other
                );
            }
        }

        #[test]
        fn a_canonical_text_is_its_own(field in "[-+.0-9eE]{0,24}|[tTrRuUeE]{4}|[0-9]{4}-[01][0-9]-[0-3][0-9][ T][0-2][0-9]:[0-5][0-9](:[0-5][0-9](\\.[0-9]{1,9})?)?(Z|[+-][01][0-9]:?[0-5][0-9])?") {
            let once = canonical(field.as_bytes()).into_owned();
            prop_assert_eq!(canonical(&once).into_owned(), once);
        }

        #[test]
        fn what_is_shortest_at_a_glance_is(field in "-?[0-9]{0,9}\\.?[0-9]{0,9}") {
            let mut written = Vec::new();
            if is_shortest(field.as_bytes()) {
                write_number(field.parse().expect("a number"), &mut written);
                prop_assert_eq!(String::from_utf8_lossy(&written), field);
            }
        }

        #[test]
        fn numbers_keep_their_value(number in proptest::num::f64::NORMAL) {
            let text = canonical(format!("{number:e}").as_bytes()).into_owned();
            prop_assert_eq!(classify(&text), Value::Number(number));
        }

        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = (canonical(&bytes), truth(&bytes));
        }
    }
}
