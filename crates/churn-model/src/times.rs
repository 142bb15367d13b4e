//! Label windows and times of rows: texts into seconds. What is split by them is `split`'s affair.

use std::fmt;
use std::str::FromStr;

use churn_base::error::{Error, Result};

use super::frame::{Column, MISSING_CODE};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;

/// The longest window: a century.
const LONGEST: i64 = 36_525 * DAY;

/// How long after its time a row's label is known: `30d`, `4w`, `12h`, or `0` for at once.
///
/// # Examples
/// ```
/// use churn_model::times::LabelWindow;
///
/// let window: LabelWindow = "4w".parse().expect("is a window");
/// assert_eq!(window.seconds(), 4 * 7 * 86_400);
/// assert_eq!(window.to_string(), "28d");
/// assert!("30".parse::<LabelWindow>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LabelWindow(i64);

/// Why a text is not a label window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// It is not a whole number with a unit.
    #[error("\"{0}\" is not a label window: write a number with its unit, such as 30d, 4w or 12h")]
    Form(String),
    /// It is longer than a century.
    #[error("the label window {0} is longer than a century")]
    TooLong(String),
}

impl LabelWindow {
    /// No window: labels are known at once, nothing is purged.
    pub const NONE: Self = Self(0);

    /// Returns its length.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0
    }
}

impl Default for LabelWindow {
    /// Returns 30 days.
    fn default() -> Self {
        Self(30 * DAY)
    }
}

impl fmt::Display for LabelWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 % DAY == 0 {
            write!(f, "{}d", self.0 / DAY)
        } else {
            write!(f, "{}h", self.0 / HOUR)
        }
    }
}

impl FromStr for LabelWindow {
    type Err = WindowError;

    fn from_str(text: &str) -> Result<Self, WindowError> {
        let form = || WindowError::Form(text.to_owned());
        let trimmed = text.trim();
        if trimmed == "0" {
            return Ok(Self::NONE);
        }
        let unit = match trimmed.chars().last() {
            Some('h') => HOUR,
            Some('d') => DAY,
            Some('w') => WEEK,
            _ => return Err(form()),
        };
        let digits = &trimmed[..trimmed.len() - 1];
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(form());
        }
        let seconds = digits
            .parse::<i64>()
            .ok()
            .and_then(|count| count.checked_mul(unit))
            .filter(|seconds| *seconds <= LONGEST);
        seconds
            .map(Self)
            .ok_or_else(|| WindowError::TooLong(text.to_owned()))
    }
}

/// Returns seconds since 1970 of a date, a date with a time of day (both in UTC), or an
/// RFC 3339 time; nothing for any other text.
///
/// # Examples
/// ```
/// use churn_model::times::parse_time;
///
/// assert_eq!(parse_time("1970-01-02"), Some(86_400));
/// assert_eq!(parse_time("1970-01-01 00:01"), Some(60));
/// assert_eq!(parse_time("1970-01-01T01:00:00+01:00"), Some(0));
/// assert_eq!(parse_time("yesterday"), None);
/// ```
#[must_use]
pub fn parse_time(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        return Some(instant.as_second());
    }
    // A zone that jiff refused above must not pass as a time without one.
    let civil = text.parse::<jiff::civil::DateTime>().ok()?;
    let zoneless = text
        .bytes()
        .all(|byte| b"0123456789-:.,T t".contains(&byte));
    let zoned = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    zoneless.then(|| zoned.timestamp().as_second())
}

/// Returns a time as a date if it is midnight UTC, else with the time of day.
#[must_use]
pub fn show_time(seconds: i64) -> String {
    let Ok(instant) = jiff::Timestamp::from_second(seconds) else {
        return seconds.to_string();
    };
    let text = instant.to_string();
    match text.strip_suffix("T00:00:00Z") {
        Some(date) => date.to_owned(),
        None => text,
    }
}

/// Returns the times of a column's rows, in seconds since 1970.
///
/// Texts are read as [`parse_time`] does. Whole numbers of eight digits are dates
/// (`20260131`); others are Unix seconds from 10^8 on, milliseconds from 10^11 on.
///
/// # Errors
/// Bad input if a row has no time, or one that cannot be read; `name` is what the error calls
/// the column.
pub fn times_of(column: &Column, name: &str) -> Result<Vec<i64>> {
    let refuse = |found: &str, row: usize| {
        Error::bad_input(format!(
            "column \"{name}\", data row {}: {found} is not a time",
            row + 1
        ))
        .hint("write times as 2026-01-31 or 2026-01-31T12:00:00Z, or split without a time column")
    };
    match column {
        Column::Numbers(values) => {
            let read = |(row, value): (usize, &f64)| {
                let found = if value.is_nan() {
                    "nothing".to_owned()
                } else {
                    value.to_string()
                };
                number_time(*value).ok_or_else(|| refuse(&found, row))
            };
            values.iter().enumerate().map(read).collect()
        }
        Column::Categories { codes, levels } => {
            let known: Vec<Option<i64>> = levels.iter().map(|text| parse_time(text)).collect();
            let read = |(row, code): (usize, &u32)| match known.get(*code as usize) {
                Some(Some(time)) => Ok(*time),
                Some(None) => Err(refuse(&format!("\"{}\"", levels[*code as usize]), row)),
                None => {
                    debug_assert_eq!(*code, MISSING_CODE);
                    Err(refuse("nothing", row))
                }
            };
            codes.iter().enumerate().map(read).collect()
        }
    }
}

fn number_time(value: f64) -> Option<i64> {
    if value.fract() != 0.0 || !(1e7..1e14).contains(&value) {
        return None;
    }
    let whole = value as i64;
    if whole < 100_000_000 {
        let (year, month, day) = (whole / 10_000, whole / 100 % 100, whole % 100);
        parse_time(&format!("{year:04}-{month:02}-{day:02}"))
    } else if whole < 100_000_000_000 {
        Some(whole)
    } else {
        Some(whole.div_euclid(1_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_times_in_the_forms_of_data() {
        // Python 3.13: datetime(2026, 1, 31, 12, 30, tzinfo=UTC).timestamp() = 1769862600
        for text in [
            "2026-01-31T12:30:00Z",
            "2026-01-31 12:30:00",
            " 2026-01-31T12:30 ",
            "2026-01-31T14:30:00+02:00",
            "2026-01-31T12:30:00.25",
        ] {
            assert_eq!(parse_time(text), Some(1_769_862_600), "{text}");
        }
        for text in [
            "",
            "2026-13-01",
            "2026-02-30",
            "31.01.2026",
            "2026",
            "1769862600",
        ] {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_dates_seconds_or_milliseconds() {
        let column = Column::Numbers(vec![20_260_131.0, 1_769_862_600.0, 1_769_862_600_123.0]);
        let times = times_of(&column, "t").expect("are times");
        assert_eq!(times, [1_769_817_600, 1_769_862_600, 1_769_862_600]);
        for bad in [
            f64::NAN,
            7.0,
            20_261_301.0,
            1.5e9 + 0.5,
            -1e9,
            f64::INFINITY,
        ] {
            assert!(times_of(&Column::Numbers(vec![bad]), "t").is_err(), "{bad}");
        }
    }

    #[test]
    fn a_row_without_a_time_is_named() {
        let column = Column::Categories {
            codes: vec![0, MISSING_CODE],
            levels: vec!["2026-01-31".into()],
        };
        let error = times_of(&column, "as_of_date").expect_err("a row has none");
        assert_eq!(error.code(), churn_base::exit::ExitCode::BadInput);
        assert!(error.to_string().contains("\"as_of_date\", data row 2"));
    }

    #[test]
    fn shows_midnight_as_a_date() {
        assert_eq!(show_time(1_769_817_600), "2026-01-31");
        assert_eq!(show_time(1_769_862_600), "2026-01-31T12:30:00Z");
    }

    #[test]
    fn windows_need_a_unit() {
        assert_eq!("30d".parse(), Ok(LabelWindow::default()));
        assert_eq!("0".parse(), Ok(LabelWindow::NONE));
        assert_eq!(
            "12h".parse::<LabelWindow>().map(LabelWindow::seconds),
            Ok(43_200)
        );
        assert_eq!(
            "36h".parse::<LabelWindow>().expect("reads").to_string(),
            "36h"
        );
        for text in ["", "d", "30", "-1d", "1.5d", "30 d", "30m", "３d", "+3d"] {
            assert!(
                matches!(text.parse::<LabelWindow>(), Err(WindowError::Form(_))),
                "{text}"
            );
        }
        for text in ["99999999999999999999d", "40000d"] {
            assert!(matches!(
                text.parse::<LabelWindow>(),
                Err(WindowError::TooLong(_))
            ));
        }
    }
}
