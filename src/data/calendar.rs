//! Dates and times of typed sources as the texts that CSV files hold: `2026-01-31 03:00:00`.

use std::io::Write as _;

const DAY: i64 = 86_400;

/// Writes days since 1970-01-01 as a date.
pub(super) fn write_date(days: i64, out: &mut Vec<u8>) {
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
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    // Writing to a vector cannot fail.
    let _ = write!(out, "{year:04}-{month:02}-{day:02}");
}

/// Writes a time of the day, given in parts of a second.
pub(super) fn write_time(parts: i64, parts_a_second: i64, out: &mut Vec<u8>) {
    let (seconds, rest) = (
        parts.div_euclid(parts_a_second),
        parts.rem_euclid(parts_a_second),
    );
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let _ = write!(out, "{hours:02}:{minutes:02}:{:02}", seconds % 60);
    if rest != 0 {
        let digits = parts_a_second.ilog10() as usize;
        let text = format!("{rest:0digits$}");
        let _ = write!(out, ".{}", text.trim_end_matches('0'));
    }
}

/// Writes a moment, given in parts of a second since 1970, as date and time.
pub(super) fn write_timestamp(parts: i64, parts_a_second: i64, out: &mut Vec<u8>) {
    let day = DAY * parts_a_second;
    write_date(parts.div_euclid(day), out);
    out.push(b' ');
    write_time(parts.rem_euclid(day), parts_a_second, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
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
    fn fractions_are_as_long_as_they_must_be() {
        let mut out = Vec::new();
        write_timestamp(1_700_000_000_250_000, 1_000_000, &mut out);
        assert_eq!(out, b"2023-11-14 22:13:20.25");
        out.clear();
        write_timestamp(-1, 1_000, &mut out);
        assert_eq!(out, b"1969-12-31 23:59:59.999");
    }
}
