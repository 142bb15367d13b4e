//! What a field of a table means: missing, a number, an infinity, or a text.

use super::field::{Field, LOW_BYTES};
use super::missing::{MissingKind, certain_mark};

/// The meaning of one field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// No value.
    Missing(MissingKind),
    /// A finite number.
    Number(f64),
    /// A whole number beyond 2^53, written in digits: the nearest double, which others share.
    /// What tells it apart from its neighbours are its digits.
    BigInteger(f64),
    /// A number too large for a double, or an infinity as such.
    Infinite,
    /// Anything else.
    Text,
}

/// Returns what `field` means. Blanks around numbers and missing marks don't count.
#[must_use]
pub fn classify(field: &[u8]) -> Value {
    let trimmed = field.trim_ascii();
    if let Some(kind) = certain_mark(trimmed) {
        return Value::Missing(kind);
    }
    if let Some(number) = parse_number(trimmed) {
        return Value::Number(number);
    }
    // What the fast path leaves: long digits, large exponents, infinities, NaN, and texts.
    let starts_like_a_number = matches!(
        trimmed[0],
        b'0'..=b'9' | b'+' | b'-' | b'.' | b'i' | b'I' | b'n' | b'N'
    );
    if !starts_like_a_number {
        return Value::Text;
    }
    match std::str::from_utf8(trimmed)
        .ok()
        .and_then(|text| text.parse::<f64>().ok())
    {
        Some(number) if number.is_nan() => Value::Missing(MissingKind::Nan),
        Some(number) if number.is_infinite() => Value::Infinite,
        Some(number) if number.abs() >= LARGEST_EXACT && is_whole_in_digits(trimmed) => {
            Value::BigInteger(number)
        }
        // Adding 0.0 turns -0.0 into 0.0: they are one value.
        Some(number) => Value::Number(number + 0.0),
        None => Value::Text,
    }
}

/// The whole numbers up to here have a double each; beyond, neighbours share one.
pub const LARGEST_EXACT: f64 = 9_007_199_254_740_992.0;

/// Returns whether a number is written as a whole one: digits, at most a sign before and a
/// fraction of zeros behind. With an exponent it is the text of a double, which has lost digits.
fn is_whole_in_digits(number: &[u8]) -> bool {
    let digits = match number {
        [b'+' | b'-', rest @ ..] => rest,
        rest => rest,
    };
    let point = digits.iter().position(|&byte| byte == b'.');
    let (whole, fraction) = digits.split_at(point.unwrap_or(digits.len()));
    whole.iter().all(u8::is_ascii_digit) && fraction.iter().skip(1).all(|&byte| byte == b'0')
}

/// Powers of ten that a double holds exactly.
const POWERS_OF_TEN: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// Returns the number for the plain forms `12`, `-3.25`, `.5`, `7.`, where the result is exact
/// arithmetic; `None` for everything else, whether a number or not.
///
/// Digits that fit 53 bits divided by a power of ten up to 10^22 round once, so the result is
/// the double nearest to the text (Clinger 1990), the same as `str::parse` gives.
#[inline]
#[must_use]
pub fn parse_number(field: &[u8]) -> Option<f64> {
    let (negative, digits) = match field {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    // 19 digits and a point fit a u64.
    if digits.len() > 20 {
        return None;
    }
    let mut mantissa: u64 = 0;
    let mut point: Option<usize> = None;
    for (position, &byte) in digits.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 {
            mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
        } else if byte == b'.' && point.is_none() {
            point = Some(position);
        } else {
            return None;
        }
    }
    let fraction = point.map_or(0, |point| digits.len() - point - 1);
    let digit_count = digits.len() - usize::from(point.is_some());
    if digit_count == 0 || digit_count > 19 || mantissa > (1 << 53) {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "at most 2^53, exact")]
    let number = mantissa as f64 / POWERS_OF_TEN[fraction];
    Some(if negative { 0.0 - number } else { number })
}

const ZEROS: u128 = u128::from_le_bytes([b'0'; 16]);
const HIGH_NIBBLES: u128 = u128::from_le_bytes([0xf0; 16]);

/// Does what [`parse_number`] does, for all bytes of a short field at once.
///
/// The point is taken out, the digits are moved to the high end over a ground of zeros, and
/// each half of eight digits is added up by three multiplications (Lemire 2022, "Parsing series
/// of integers with SIMD", in its portable form).
#[inline(always)]
#[must_use]
pub fn parse_field(field: &Field<'_>) -> Option<f64> {
    // No branch on the sign: in many columns nobody can foretell it.
    let first = field.word as u8;
    let negative = first == b'-';
    let signs = u32::from(negative | (first == b'+'));
    let shifted = u128::MAX * u128::from(signs);
    let mut word = (field.word & !shifted) | ((field.word >> 8) & shifted);
    let mut length = (field.text.len() as u32).wrapping_sub(signs);
    let point = position_of_point(word);
    let mut fraction = 0;
    if point < length {
        let below = LOW_BYTES[point as usize & 15];
        word = (word & below) | ((word >> 8) & !below);
        length -= 1;
        fraction = length - point;
    }
    if length == 0 || length > 16 {
        return None;
    }
    let ground = 16 - length;
    let digits = (word << (8 * ground)) | (ZEROS & LOW_BYTES[ground as usize]);
    let above_nine = digits.wrapping_add(u128::from_le_bytes([6; 16]));
    if (digits & HIGH_NIBBLES) != ZEROS || (above_nine & HIGH_NIBBLES) != ZEROS {
        return None;
    }
    let mantissa = eight_digits(digits as u64) * 100_000_000 + eight_digits((digits >> 64) as u64);
    if mantissa > (1 << 53) {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "at most 2^53, exact")]
    let number = mantissa as f64 / POWERS_OF_TEN[fraction as usize];
    let signed = f64::from_bits(number.to_bits() | (u64::from(negative) << 63));
    // Adding 0.0 turns -0.0 into 0.0: they are one value.
    Some(signed + 0.0)
}

/// Returns the position of the first point among 16 bytes, 16 or more if there is none.
#[inline(always)]
fn position_of_point(word: u128) -> u32 {
    let different = word ^ u128::from_le_bytes([b'.'; 16]);
    let low = u128::from_le_bytes([0x7f; 16]);
    // The high bit of each byte that is zero, exact for every byte.
    let zero = !(((different & low) + low) | different | low);
    zero.trailing_zeros() / 8
}

/// Adds up eight ASCII digits, the first in the lowest byte.
#[inline(always)]
const fn eight_digits(digits: u64) -> u64 {
    let digits = digits - 0x3030_3030_3030_3030;
    let pairs = (digits * 10) + (digits >> 8);
    let low = (pairs & 0x0000_00ff_0000_00ff).wrapping_mul(0x000f_4240_0000_0064);
    let high = ((pairs >> 16) & 0x0000_00ff_0000_00ff).wrapping_mul(0x0000_2710_0000_0001);
    (low.wrapping_add(high)) >> 32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_plain_numbers() {
        for (text, expected) in [
            ("0", 0.0),
            ("12", 12.0),
            ("-3.25", -3.25),
            ("+.5", 0.5),
            ("7.", 7.0),
            ("1889.5", 1889.5),
            ("0.1", 0.1),
            (" 5 ", 5.0),
            ("1e3", 1000.0),
            ("9007199254740992", 9_007_199_254_740_992.0),
            ("7.16277643516076e+17", 7.162_776_435_160_76e17),
        ] {
            assert_eq!(classify(text.as_bytes()), Value::Number(expected), "{text}");
        }
    }

    #[test]
    fn whole_numbers_that_share_a_double_are_told_from_numbers() {
        for text in [
            "9007199254740993",
            "-716277643516076033",
            "18446744073709551615",
            "716277643516076033.00",
            "123456789012345678901234567890",
        ] {
            let nearest = text.parse().expect("a number");
            assert_eq!(
                classify(text.as_bytes()),
                Value::BigInteger(nearest),
                "{text}"
            );
        }
    }

    #[test]
    fn minus_zero_is_zero() {
        for text in ["-0", "-0.0", "-0e0"] {
            let Value::Number(number) = classify(text.as_bytes()) else {
                panic!("{text} is a number");
            };
            assert_eq!(number.to_bits(), 0, "{text}");
        }
    }

    #[test]
    fn tells_missing_infinite_and_text_apart() {
        use MissingKind::{Empty, Na, Nan, Null};
        for (text, expected) in [
            ("", Value::Missing(Empty)),
            ("  ", Value::Missing(Empty)),
            ("NA", Value::Missing(Na)),
            ("nan", Value::Missing(Nan)),
            ("-NaN", Value::Missing(Nan)),
            ("null", Value::Missing(Null)),
            ("inf", Value::Infinite),
            ("-Infinity", Value::Infinite),
            ("1e999", Value::Infinite),
            ("abc", Value::Text),
            ("1,5", Value::Text),
            ("1_000", Value::Text),
            ("-", Value::Text),
            (".", Value::Text),
            ("1.2.3", Value::Text),
            ("\0", Value::Text),
            ("North", Value::Text),
            ("Nigeria", Value::Text),
        ] {
            assert_eq!(classify(text.as_bytes()), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_standard_library(text in "[+-]?[0-9]{0,12}(\\.[0-9]{0,12})?") {
            let ours = classify(text.as_bytes());
            let theirs = text.parse::<f64>().ok();
            match (ours, theirs) {
                (Value::Number(ours), Some(theirs)) => prop_assert_eq!(ours, theirs + 0.0),
                (Value::Text, None) | (Value::Missing(MissingKind::Empty), None) => {}
                (ours, theirs) => prop_assert!(false, "{ours:?} against {theirs:?}"),
            }
        }

        #[test]
        fn all_bytes_at_once_is_byte_by_byte(text in "[-+.0-9a ]{0,16}|[+-]?[0-9]{0,9}[.]?[0-9]{0,5}") {
            let field = Field::new(text.as_bytes()).expect("short");
            if let Some(number) = parse_field(&field) {
                prop_assert_eq!(Some(number), parse_number(text.as_bytes()));
            } else if let Some(number) = parse_number(text.as_bytes()) {
                prop_assert!(false, "{} is {}", text, number);
            }
        }

        #[test]
        fn reads_back_every_finite_double(number in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL) {
            let digits = classify(format!("{number}").as_bytes());
            prop_assert!(matches!(digits, Value::Number(read) | Value::BigInteger(read) if read == number));
            prop_assert_eq!(classify(format!("{number:e}").as_bytes()), Value::Number(number));
        }

        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = classify(&bytes);
        }
    }
}
