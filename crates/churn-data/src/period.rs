//! Lengths of time on the calendar: hours, days, months, and where each begins. Times are seconds
//! since 1970-01-01 00:00 by the clock on the wall: a zone is the affair of `zone`.

use std::fmt;
use std::str::FromStr;

use super::calendar::{DAY, date_of, days_of};

const HOUR: i64 = 3_600;
/// 1970-01-05 was a Monday.
const FIRST_MONDAY: i64 = 4;
/// Longest period: beyond it the end of one could not be written.
const MOST: i64 = 10_000;

/// A length of time on the calendar, above zero: `6h`, `1d`, `7d`, `1w`, `1mo`, `1y`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    unit: Unit,
    count: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Unit {
    Hour,
    Day,
    Month,
}

/// Why a text is not a period.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadPeriod {
    /// It has another form.
    #[error("\"{0}\" is not a length of time on the calendar, such as 6h, 1d, 7d, 1w or 1mo")]
    Form(String),
    /// Days are not cut into such pieces without a rest.
    #[error("\"{0}\" does not divide a day: 1h, 2h, 3h, 4h, 6h, 8h and 12h do")]
    Hours(String),
    /// It is 0 or longer than anybody can mean.
    #[error("\"{0}\" is not from 1 to {MOST}")]
    Size(String),
}

impl FromStr for Period {
    type Err = BadPeriod;

    fn from_str(text: &str) -> Result<Self, BadPeriod> {
        let form = || BadPeriod::Form(text.to_owned());
        let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(form)?;
        let (count, unit) = text.split_at(digits);
        let (unit, each) = match unit {
            "h" => (Unit::Hour, 1),
            "d" => (Unit::Day, 1),
            "w" => (Unit::Day, 7),
            "mo" => (Unit::Month, 1),
            "y" => (Unit::Month, 12),
            _ => return Err(form()),
        };
        if count.is_empty() {
            return Err(form());
        }
        let size = || BadPeriod::Size(text.to_owned());
        let count: i64 = count.parse().map_err(|_| size())?;
        if !(1..=MOST).contains(&count) {
            return Err(size());
        }
        let count = count * each;
        match unit {
            Unit::Hour if count % 24 == 0 => Ok(Self {
                unit: Unit::Day,
                count: count / 24,
            }),
            Unit::Hour if 24 % count != 0 => Err(BadPeriod::Hours(text.to_owned())),
            _ => Ok(Self { unit, count }),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            Unit::Hour => "h",
            Unit::Day => "d",
            Unit::Month => "mo",
        };
        write!(f, "{}{unit}", self.count)
    }
}

impl Period {
    /// A day.
    pub const DAY: Self = Self {
        unit: Unit::Day,
        count: 1,
    };

    /// Returns the beginning of the period that a time lies in: hours count from midnight, days from
    /// midnight on, weeks and other numbers of days from a Monday, months from the first.
    #[must_use]
    pub fn floor(self, at: i64) -> i64 {
        match self.unit {
            Unit::Hour => at - at.rem_euclid(self.count * HOUR),
            Unit::Day => {
                let days = at.div_euclid(DAY) - FIRST_MONDAY;
                (days - days.rem_euclid(self.count) + FIRST_MONDAY) * DAY
            }
            Unit::Month => {
                let (year, month, _) = date_of(at.div_euclid(DAY));
                let months = year * 12 + month - 1;
                first_of(months - months.rem_euclid(self.count)) * DAY
            }
        }
    }

    /// Returns the time that lies `times` periods after another one, or before it. A day that a month
    /// does not have is its last.
    #[must_use]
    pub fn after(self, at: i64, times: i64) -> i64 {
        match self.unit {
            Unit::Hour => at + times * self.count * HOUR,
            Unit::Day => at + times * self.count * DAY,
            Unit::Month => {
                let (year, month, day) = date_of(at.div_euclid(DAY));
                let months = year * 12 + month - 1 + times * self.count;
                let (first, next) = (first_of(months), first_of(months + 1));
                (first + day - 1).min(next - 1) * DAY + at.rem_euclid(DAY)
            }
        }
    }

    /// Returns its length in seconds; none of months, which are not of one length.
    #[must_use]
    pub const fn seconds(self) -> Option<i64> {
        match self.unit {
            Unit::Hour => Some(self.count * HOUR),
            Unit::Day => Some(self.count * DAY),
            Unit::Month => None,
        }
    }

    /// Returns its length in seconds, of months that of the mean one of the calendar.
    #[must_use]
    pub fn mean_seconds(self) -> f64 {
        let each = match self.unit {
            Unit::Hour => HOUR as f64,
            Unit::Day => DAY as f64,
            // 400 years of the Gregorian calendar have 146,097 days.
            Unit::Month => 146_097.0 / 4_800.0 * DAY as f64,
        };
        self.count as f64 * each
    }

    /// Returns whether this period is made of whole pieces of another one, wherever it begins at one.
    #[must_use]
    pub fn is_made_of(self, piece: Self) -> bool {
        match (self.unit, piece.unit) {
            (mine, theirs) if mine == theirs => self.count % piece.count == 0,
            // Pieces of hours divide a day.
            (Unit::Day | Unit::Month, Unit::Hour) => true,
            (Unit::Month, Unit::Day) => piece.count == 1,
            _ => false,
        }
    }

    /// Returns a short name of the period that begins at `start` and ends before `end`: `2026-01-31`,
    /// `2026-01`, `2026-01-31T06`, or both of its days.
    #[must_use]
    pub fn name(self, start: i64, end: i64) -> String {
        let (year, month, day) = date_of(start.div_euclid(DAY));
        match self.unit {
            Unit::Hour => {
                let hour = start.rem_euclid(DAY) / HOUR;
                format!("{year:04}-{month:02}-{day:02}T{hour:02}")
            }
            Unit::Month if self.count == 1 && start == self.floor(start) => {
                format!("{year:04}-{month:02}")
            }
            Unit::Day if self.count == 1 && start.rem_euclid(DAY) == 0 => {
                format!("{year:04}-{month:02}-{day:02}")
            }
            Unit::Day | Unit::Month => format!("{}..{}", moment(start), moment(end - 1)),
        }
    }
}

/// Writes the day of a time.
fn moment(at: i64) -> String {
    let (year, month, day) = date_of(at.div_euclid(DAY));
    format!("{year:04}-{month:02}-{day:02}")
}

/// Returns the day of the first of a month, counted from the year 0.
fn first_of(months: i64) -> i64 {
    let (year, month) = (months.div_euclid(12), months.rem_euclid(12) + 1);
    // The first is a day of every month.
    days_of(year, month, 1).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(text: &str) -> Period {
        text.parse().expect(text)
    }

    /// Seconds of a date and an hour.
    fn at(year: i64, month: i64, day: i64, hour: i64) -> i64 {
        days_of(year, month, day).expect("a day") * DAY + hour * HOUR
    }

    #[test]
    fn periods_begin_at_midnight_on_mondays_and_on_the_first() {
        // cal 1 2026: the 31st is a Saturday, the 26th a Monday.
        let then = at(2026, 1, 31, 13);
        assert_eq!(period("1d").floor(then), at(2026, 1, 31, 0));
        assert_eq!(period("1w").floor(then), at(2026, 1, 26, 0));
        assert_eq!(period("7d"), period("1w"));
        assert_eq!(period("6h").floor(then), at(2026, 1, 31, 12));
        assert_eq!(period("1mo").floor(then), at(2026, 1, 1, 0));
        assert_eq!(period("3mo").floor(at(2026, 5, 9, 1)), at(2026, 4, 1, 0));
        assert_eq!(period("1y").floor(then), at(2026, 1, 1, 0));
        assert_eq!(
            period("1d").floor(at(1969, 12, 31, 23)),
            at(1969, 12, 31, 0)
        );
    }

    #[test]
    fn months_are_as_long_as_they_are() {
        let month = period("1mo");
        assert_eq!(month.after(at(2026, 1, 1, 0), 1), at(2026, 2, 1, 0));
        assert_eq!(month.after(at(2026, 3, 31, 5), -1), at(2026, 2, 28, 5));
        assert_eq!(month.after(at(2024, 1, 31, 0), 1), at(2024, 2, 29, 0));
        assert_eq!(month.after(at(2026, 1, 15, 0), -13), at(2024, 12, 15, 0));
        assert_eq!(period("7d").after(at(2026, 1, 31, 0), 1), at(2026, 2, 7, 0));
    }

    #[test]
    fn a_mean_year_has_its_leap_days() {
        let days = |text| period(text).mean_seconds() / DAY as f64;
        assert!((days("1y") - 365.2425).abs() < 1e-9);
        assert_eq!((days("6h"), days("1w")), (0.25, 7.0));
    }

    #[test]
    fn windows_are_made_of_whole_pieces_only() {
        for (window, piece) in [
            ("7d", "1d"),
            ("7d", "7d"),
            ("1d", "6h"),
            ("1mo", "1d"),
            ("3mo", "1mo"),
            ("1mo", "4h"),
        ] {
            assert!(period(window).is_made_of(period(piece)), "{window} {piece}");
        }
        for (window, piece) in [
            ("7d", "2d"),
            ("1d", "7d"),
            ("1mo", "7d"),
            ("1d", "1mo"),
            ("6h", "4h"),
            ("6h", "1d"),
        ] {
            assert!(
                !period(window).is_made_of(period(piece)),
                "{window} {piece}"
            );
        }
    }

    #[test]
    fn names_are_what_people_call_them() {
        let name = |text: &str, start: i64| period(text).name(start, period(text).after(start, 1));
        assert_eq!(name("1d", at(2026, 1, 31, 0)), "2026-01-31");
        assert_eq!(name("7d", at(2026, 1, 26, 0)), "2026-01-26..2026-02-01");
        assert_eq!(name("1mo", at(2026, 1, 1, 0)), "2026-01");
        assert_eq!(name("1mo", at(2026, 1, 5, 0)), "2026-01-05..2026-02-04");
        assert_eq!(name("6h", at(2026, 1, 31, 6)), "2026-01-31T06");
    }

    #[test]
    fn what_is_not_a_period_is_refused() {
        for text in [
            "", "d", "1", "0d", "1m", "5h", "-1d", "1.5d", "10001d", "1 d", "1M",
        ] {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
        assert_eq!(period("24h"), Period::DAY);
        assert_eq!(period("1y").to_string(), "12mo");
    }
}
