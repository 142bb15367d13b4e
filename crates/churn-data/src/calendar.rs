//! Dates and times as texts, `2026-01-31 03:00:00`: those of typed sources, and the one form of
//! those that stand in a text.

use std::io::Write as _;

/// Seconds of a day.
pub(super) const DAY: i64 = 86_400;

/// Writes days since 1970-01-01 as a date.
pub(super) fn write_date(days: i64, out: &mut Vec<u8>) {
    let (year, month, day) = date_of(days);
    if (0..10_000).contains(&year) {
        write_two(year / 100, out);
        write_two(year % 100, out);
    } else {
        // Writing to a vector cannot fail.
        let _ = write!(out, "{year:04}");
    }
    out.push(b'-');
    write_two(month, out);
    out.push(b'-');
    write_two(day, out);
}

/// Writes a number below 100 with two digits: columns of times have one for each row.
fn write_two(number: i64, out: &mut Vec<u8>) {
    out.extend([b'0' + (number / 10) as u8, b'0' + (number % 10) as u8]);
}

/// Returns year, month and day of the days since 1970-01-01.
pub(super) const fn date_of(days: i64) -> (i64, i64, i64) {
    // Hinnant, "chrono-compatible low-level date algorithms": eras of 400 years from March on.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = year_of_era + era * 400 + (month <= 2) as i64;
    (year, month, day)
}

/// Writes a moment of a day, both counted from 1970 and from midnight.
#[cfg(feature = "parquet")]
pub(super) fn write_moment(day: i64, nanoseconds: i64, out: &mut Vec<u8>) {
    write_date(day, out);
    out.push(b' ');
    write_time(nanoseconds, 1_000_000_000, out);
}

/// Writes a time of the day, given in parts of a second.
pub(super) fn write_time(parts: i64, parts_a_second: i64, out: &mut Vec<u8>) {
    let (seconds, rest) = (
        parts.div_euclid(parts_a_second),
        parts.rem_euclid(parts_a_second),
    );
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    if hours < 100 {
        write_two(hours, out);
    } else {
        let _ = write!(out, "{hours:02}");
    }
    out.push(b':');
    write_two(minutes, out);
    out.push(b':');
    write_two(seconds % 60, out);
    if rest != 0 {
        let digits = parts_a_second.ilog10() as usize;
        let text = format!("{rest:0digits$}");
        let _ = write!(out, ".{}", text.trim_end_matches('0'));
    }
}

/// Writes a moment, given in parts of a second since 1970, as date and time.
#[cfg(feature = "parquet")]
pub(super) fn write_timestamp(parts: i64, parts_a_second: i64, out: &mut Vec<u8>) {
    let day = DAY * parts_a_second;
    write_date(parts.div_euclid(day), out);
    out.push(b' ');
    write_time(parts.rem_euclid(day), parts_a_second, out);
}

/// Returns the one form of an ISO 8601 date and time: in UTC, no more digits than it needs, a day
/// for its midnight; nothing for another text. A time without a zone stays as it is.
pub(super) fn canonical_time(text: &[u8]) -> Option<Vec<u8>> {
    let read = read_time(text)?;
    let Some(second) = read.second_of_day else {
        return Some(text.to_vec());
    };
    let second = second - read.offset.unwrap_or(0);
    let mut out = Vec::with_capacity(text.len());
    write_date(read.days + second.div_euclid(DAY), &mut out);
    write_time_of_day(second.rem_euclid(DAY), read.nanoseconds, &mut out);
    Some(out)
}

/// Returns whether a text is a date and time to the second, `2026-01-31 03:00:00`, with a `T` between both or a `Z`
/// behind: most times of most tables are, and this tells it at a glance.
pub(super) fn is_time_to_the_second(text: &[u8]) -> bool {
    let text = text.strip_suffix(b"Z").unwrap_or(text);
    let Some(text) = text
        .first_chunk::<19>()
        .filter(|chunk| chunk.len() == text.len())
    else {
        return false;
    };
    let two = |at: usize| {
        let (tens, ones) = (text[at].wrapping_sub(b'0'), text[at + 1].wrapping_sub(b'0'));
        (tens < 10 && ones < 10).then(|| i64::from(tens * 10 + ones))
    };
    let numbers = [0, 2, 5, 8, 11, 14, 17].map(two);
    let [
        Some(century),
        Some(year),
        Some(month),
        Some(day),
        Some(hour),
        Some(minute),
        Some(second),
    ] = numbers
    else {
        return false;
    };
    let signs = [text[4], text[7], text[10], text[13], text[16]];
    matches!(signs, [b'-', b'-', b' ' | b'T', b':', b':'])
        && (10..30).contains(&century)
        && hour < 24
        && minute < 60
        && second < 60
        && days_of(century * 100 + year, month, day).is_some()
}

/// Returns whether a text is what [`canonical_time`] makes of it, told at a glance: what this says no to may be, too.
pub(super) fn is_canonical_time(text: &[u8]) -> bool {
    text.len() == 19
        && text[10] == b' '
        && !text.ends_with(b"00:00:00")
        && is_time_to_the_second(text)
}

/// A date, with or without a time, as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReadTime {
    /// Days since 1970-01-01.
    pub(super) days: i64,
    /// Seconds since midnight; none for a date alone.
    pub(super) second_of_day: Option<i64>,
    nanoseconds: i64,
    /// Seconds that its zone is ahead of UTC; none if it names no zone.
    pub(super) offset: Option<i64>,
}

/// Reads an ISO 8601 date or date and time; nothing for another text.
pub(super) fn read_time(text: &[u8]) -> Option<ReadTime> {
    let (year, rest) = digits(text, 4, 6)?;
    let (month, rest) = digits(rest.strip_prefix(b"-")?, 2, 2)?;
    let (day, rest) = digits(rest.strip_prefix(b"-")?, 2, 2)?;
    let days = days_of(year, month, day)?;
    if rest.is_empty() {
        return Some(ReadTime {
            days,
            second_of_day: None,
            nanoseconds: 0,
            offset: None,
        });
    }
    let [b' ' | b'T' | b't', rest @ ..] = rest else {
        return None;
    };
    let (hours, rest) = digits(rest, 2, 2)?;
    let (minutes, mut rest) = digits(rest.strip_prefix(b":")?, 2, 2)?;
    let (mut seconds, mut nanoseconds) = (0, 0);
    if let Some(after) = rest.strip_prefix(b":") {
        (seconds, rest) = digits(after, 2, 2)?;
        if let Some(fraction) = rest.strip_prefix(b".") {
            let (parts, after) = digits(fraction, 1, 9)?;
            nanoseconds = parts * 10_i64.pow(9 - (fraction.len() - after.len()) as u32);
            rest = after;
        }
    }
    if hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    Some(ReadTime {
        days,
        second_of_day: Some(hours * 3600 + minutes * 60 + seconds),
        nanoseconds,
        offset: zone(rest)?,
    })
}

/// Adds the time to a date, unless it is midnight.
fn write_time_of_day(second: i64, nanoseconds: i64, out: &mut Vec<u8>) {
    if second != 0 || nanoseconds != 0 {
        out.push(b' ');
        write_time(second * 1_000_000_000 + nanoseconds, 1_000_000_000, out);
    }
}

/// Takes so many digits off the beginning.
pub(super) fn digits(text: &[u8], least: usize, most: usize) -> Option<(i64, &[u8])> {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(least..=most).contains(&count) {
        return None;
    }
    let (digits, rest) = text.split_at(count);
    let number = digits
        .iter()
        .fold(0, |sum, byte| sum * 10 + i64::from(byte - b'0'));
    Some((number, rest))
}

/// Returns how many seconds a zone is ahead of UTC, and whether there is one at all; nothing for
/// another text.
fn zone(text: &[u8]) -> Option<Option<i64>> {
    let text = text.trim_ascii_start();
    let (sign, rest) = match text {
        b"" => return Some(None),
        b"Z" | b"z" | b"UTC" | b"GMT" => return Some(Some(0)),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hours, rest) = match rest.iter().position(|byte| !byte.is_ascii_digit()) {
        None if rest.len() == 4 => (digits(&rest[..2], 2, 2)?.0, &rest[2..]),
        _ => {
            let (hours, rest) = digits(rest, 2, 2)?;
            (hours, rest.strip_prefix(b":").unwrap_or(rest))
        }
    };
    let (minutes, rest) = match rest {
        b"" => (0, rest),
        _ => digits(rest, 2, 2)?,
    };
    // No place on Earth is further from UTC.
    let known = rest.is_empty() && hours <= 14 && minutes <= 59;
    known.then_some(Some(sign * (hours * 3600 + minutes * 60)))
}

/// Returns the days from 1970-01-01 to a date; nothing if there is none such.
pub(super) fn days_of(year: i64, month: i64, day: i64) -> Option<i64> {
    const LENGTHS: [i64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = *LENGTHS.get(usize::try_from(month - 1).ok()?)? + i64::from(leap && month == 2);
    if !(1..=length).contains(&day) {
        return None;
    }
    // As in `write_date`, the other way round.
    let (year, month) = (year - i64::from(month <= 2), (month + 9) % 12);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_that_dates_are_written_of() {
        for day in (-719_162..3_000_000).step_by(997) {
            let mut text = Vec::new();
            write_date(day, &mut text);
            assert_eq!(canonical_time(&text), Some(text.clone()));
            let (year, rest) = digits(&text, 4, 6).expect("a year");
            let (month, rest) = digits(&rest[1..], 2, 2).expect("a month");
            let (own, _) = digits(&rest[1..], 2, 2).expect("a day");
            assert_eq!(days_of(year, month, own), Some(day));
        }
    }

    /// What is told at a glance is what is told by reading: the whole day, and texts that differ from a time in one byte.
    #[test]
    fn what_is_told_at_a_glance_is_true() {
        use super::super::{canonical::canonical, dates::is_date, spelled::spelled};
        let mut glances = 0;
        let mut check = |text: &[u8]| {
            let read = canonical_time(text);
            if is_time_to_the_second(text) {
                glances += 1;
                assert!(read.is_some() && is_date(text) && spelled(text).is_none());
            }
            if is_canonical_time(text) {
                assert_eq!(read.as_deref(), Some(text));
                assert_eq!(&*canonical(text), text);
            }
        };
        for second in (0..DAY).step_by(61).chain(0..120) {
            let mut text = b"2024-02-29 ".to_vec();
            write_time(second, 1, &mut text);
            check(&text);
        }
        for text in [
            "2026-01-31 03:00:59",
            "2024-02-29T23:59:00",
            "1999-12-31 00:00:00Z",
        ] {
            for at in 0..text.len() {
                for byte in 0..=u8::MAX {
                    let mut text = text.as_bytes().to_vec();
                    text[at] = byte;
                    check(&text);
                    check(&text[..at]);
                }
            }
        }
        assert!(glances > 1_600, "{glances}");
    }

    #[test]
    #[cfg(feature = "parquet")]
    fn agrees_with_the_calendar_of_jiff() {
        for seconds in (-70_000_000_000_i64..70_000_000_000).step_by(86_399 * 1013) {
            let mut out = Vec::new();
            write_timestamp(seconds, 1, &mut out);
            let theirs = jiff::Timestamp::from_second(seconds).expect("in range");
            let theirs = theirs.to_string().replace('T', " ").replace('Z', "");
            if !theirs.starts_with('-') {
                assert_eq!(String::from_utf8(out).expect("text"), theirs);
            }
        }
    }

    #[test]
    #[cfg(feature = "parquet")]
    fn fractions_are_as_long_as_they_must_be() {
        let mut out = Vec::new();
        write_timestamp(1_700_000_000_250_000, 1_000_000, &mut out);
        assert_eq!(out, b"2023-11-14 22:13:20.25");
        out.clear();
        write_timestamp(-1, 1_000, &mut out);
        assert_eq!(out, b"1969-12-31 23:59:59.999");
    }
}
