//! The moment that a field of a time column names. Whether a column is one is not decided here, and
//! forms that people read in two ways, such as `1/2/2026`, are not guessed at.

use super::calendar::{DAY, days_of, digits, read_time};
use super::dates::{DateNumber, date_number};
use super::value::{Value, classify};

/// A moment as a table writes it.
///
/// # Examples
///
/// ```
/// use churn_data::Moment;
/// let moment = Moment::read(b"2026-01-31 03:00:00+02:00").expect("a moment");
/// assert_eq!(moment.offset, Some(7_200));
/// assert_eq!(Moment::read(b"1/2/2026"), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Seconds from 1970-01-01 00:00 to what it says, both by the same clock: fractions are cut off.
    pub seconds: i64,
    /// Seconds that this clock is ahead of UTC; none if that is not said.
    pub offset: Option<i64>,
}

impl Moment {
    /// Reads ISO 8601 (`2026-01-31`, `2026-01-31T03:00:00.5+01:00`, `20260131T030000Z`, `2026-01`), also
    /// with slashes; `31.01.2026 03:00`; days as numbers (`20260131`); seconds, milliseconds, micro- and
    /// nanoseconds since 1970 in the years 2000 to 2100. A date is its midnight, a month that of its first.
    #[must_use]
    pub fn read(field: &[u8]) -> Option<Self> {
        let text = field.trim_ascii();
        of_iso(text)
            .or_else(|| of_number(text))
            .or_else(|| of_other_form(text))
    }
}

fn of_iso(text: &[u8]) -> Option<Moment> {
    let read = read_time(text)?;
    Some(Moment {
        seconds: read.days * DAY + read.second_of_day.unwrap_or(0),
        offset: read.offset,
    })
}

fn of_number(text: &[u8]) -> Option<Moment> {
    let (Value::Number(number) | Value::BigInteger(number)) = classify(text) else {
        return None;
    };
    let of_day = |days: Option<i64>| {
        Some(Moment {
            seconds: days? * DAY,
            offset: None,
        })
    };
    match date_number(number)? {
        DateNumber::Day => {
            let number = number as i64;
            of_day(days_of(number / 10_000, number / 100 % 100, number % 100))
        }
        DateNumber::Month => {
            let number = number as i64;
            of_day(days_of(number / 100, number % 100, 1))
        }
        DateNumber::Epoch => {
            // As `date_number`: the first unit in which it lies before 2100.
            let units = [1.0, 1e3, 1e6, 1e9];
            let unit = units.iter().find(|unit| number / **unit < 4_102_444_800.0);
            Some(Moment {
                seconds: (number / unit?).floor() as i64,
                offset: Some(0),
            })
        }
    }
}

/// Forms that are one of ISO 8601 once they are written so.
fn of_other_form(text: &[u8]) -> Option<Moment> {
    let (first, rest) = digits(text, 1, 8)?;
    let length = text.len() - rest.len();
    let mut iso = Vec::with_capacity(text.len() + 8);
    match (length, rest) {
        // `20260131T030000Z`.
        (8, [b'T' | b't' | b' ', rest @ ..]) => {
            iso.extend_from_slice(&text[..4]);
            iso.push(b'-');
            iso.extend_from_slice(&text[4..6]);
            iso.push(b'-');
            iso.extend_from_slice(&text[6..8]);
            iso.push(b' ');
            let (_, zone) = digits(rest, 4, 6)?;
            let clock = &rest[..rest.len() - zone.len()];
            for (at, pair) in clock.chunks(2).enumerate() {
                iso.extend_from_slice(if at > 0 { b":" } else { b"" });
                iso.extend_from_slice(pair);
            }
            iso.extend_from_slice(zone);
        }
        // `2026/01/31 03:00`; `2026-01` and `2026/01` are months.
        (4, [separator @ (b'/' | b'-'), rest @ ..]) => {
            let (_, after) = digits(rest, 2, 2)?;
            iso.extend_from_slice(&text[..4]);
            iso.push(b'-');
            iso.extend_from_slice(&rest[..2]);
            match after {
                [] => iso.extend_from_slice(b"-01"),
                [b'/', after @ ..] if *separator == b'/' => {
                    iso.push(b'-');
                    iso.extend_from_slice(after);
                }
                _ => return None,
            }
        }
        // `31.01.2026 03:00`: with dots the day stands first.
        (1 | 2, [b'.', rest @ ..]) => {
            let (month, rest) = digits(rest, 1, 2)?;
            let (year, rest) = digits(rest.strip_prefix(b".")?, 4, 4)?;
            iso.extend_from_slice(format!("{year:04}-{month:02}-{first:02}").as_bytes());
            iso.extend_from_slice(rest);
        }
        _ => return None,
    }
    of_iso(&iso)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Option<(i64, Option<i64>)> {
        Moment::read(text.as_bytes()).map(|moment| (moment.seconds, moment.offset))
    }

    #[test]
    fn every_form_of_one_moment_is_read_alike() {
        // date -u -d '2026-01-31 03:00:00' +%s: 1769828400; -d 2026-01-31: 1769817600.
        const AT: i64 = 1_769_828_400;
        for text in [
            "2026-01-31T03:00:00",
            "2026-01-31 03:00",
            " 2026-01-31 03:00:00.999 ",
            "2026/01/31 03:00",
            "20260131T030000",
            "20260131T0300",
            "31.01.2026 03:00",
            "31.1.2026 03:00:00",
        ] {
            assert_eq!(read(text), Some((AT, None)), "{text}");
        }
        for text in [
            "2026-01-31T03:00:00Z",
            "2026-01-31 03:00:00 UTC",
            "20260131T030000Z",
            "1769828400",
            "1769828400.25",
            "1769828400123",
            "1769828400123456",
            "1.769828400123e18",
            "1769828400123456789",
        ] {
            assert_eq!(read(text), Some((AT, Some(0))), "{text}");
        }
        assert_eq!(read("2026-01-31T03:00:00+02:00"), Some((AT, Some(7_200))));
        assert_eq!(read("2026-01-31T03:00:00-0530"), Some((AT, Some(-19_800))));
        for date in ["2026-01-31", "2026/01/31", "20260131", "31.01.2026"] {
            assert_eq!(read(date), Some((1_769_817_600, None)), "{date}");
        }
        // date -u -d 2026-01-01 +%s
        for month in ["2026-01", "2026/01", "202601"] {
            assert_eq!(read(month), Some((1_767_225_600, None)), "{month}");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_or_is_none_is_not_read() {
        for text in [
            "",
            "null",
            "NaN",
            "2026",
            "1/2/2026",
            "01/31/26",
            "2026-02-30",
            "2026-01-31 25:00",
            "2026-01-31 03:00 CET",
            "2026-Q1",
            "12345",
            "-1769828400",
            "Jan 31, 2026",
            "31.01.26",
            "2026-01-31 03:00:00 +99:00",
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "[0-9TZtz+:/. -]{0,24}") {
            let _ = Moment::read(text.as_bytes());
        }
    }
}
