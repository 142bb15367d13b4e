//! Time intervals: when a route is mute or active.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::super::node::Node;

/// A named set of times; a time in one of its parts is in it.
#[derive(Debug, Clone)]
pub struct TimeInterval {
    /// Its name.
    pub name: String,
    /// Its parts.
    pub parts: Vec<Part>,
}

/// Conditions that must all hold; one that is empty always does.
#[derive(Debug, Clone, Default)]
pub struct Part {
    minutes: Vec<(i64, i64)>,
    weekdays: Vec<(i64, i64)>,
    days: Vec<(i64, i64)>,
    months: Vec<(i64, i64)>,
    years: Vec<(i64, i64)>,
    zone: Option<TimeZone>,
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
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
    /// Reads `{name, time_intervals}`, with the names of keys of a file or of an object.
    ///
    /// # Errors
    /// Fails with what is wrong.
    pub fn read(node: &Node) -> Result<Self, String> {
        let name = node
            .scalar_at("name")
            .ok_or("a time interval without a name")?;
        let parts = either(node, "time_intervals", "timeIntervals");
        let parts = parts.map_or(&[][..], Node::items).iter();
        Ok(Self {
            name,
            parts: parts.map(Part::read).collect::<Result<_, _>>()?,
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
    fn read(node: &Node) -> Result<Self, String> {
        let mut minutes = Vec::new();
        for time in node.get("times").map_or(&[][..], Node::items) {
            let minute = |file, object| {
                let text = either(time, file, object).and_then(Node::scalar);
                let text = text.unwrap_or_default();
                let read = text.split_once(':').and_then(|(hour, minute)| {
                    Some(hour.parse::<i64>().ok()? * 60 + minute.parse::<i64>().ok()?)
                });
                read.ok_or_else(|| format!("\"{text}\" is no time such as 09:00"))
            };
            // The end is not part of it.
            let end = minute("end_time", "endTime")?;
            minutes.push((minute("start_time", "startTime")?, end - 1));
        }
        let ranges = |file: &str, object: &str, names: &[&str], first: i64| {
            let node = either(node, file, object);
            let items = node.map_or(&[][..], Node::items).iter();
            items
                .map(|item| range(item, names, first))
                .collect::<Result<Vec<_>, _>>()
        };
        let zone = node.scalar_at("location").map(|name| {
            TimeZone::get(&name).map_err(|_| format!("no time zone \"{name}\" on this machine"))
        });
        Ok(Self {
            minutes,
            weekdays: ranges("weekdays", "weekdays", &WEEKDAYS, 0)?,
            days: ranges("days_of_month", "daysOfMonth", &[], 0)?,
            months: ranges("months", "months", &MONTHS, 1)?,
            years: ranges("years", "years", &[], 0)?,
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
        let within = |ranges: &[(i64, i64)], value: i64| {
            ranges.is_empty() || ranges.iter().any(|(a, b)| (*a..=*b).contains(&value))
        };
        // -1 is the last day of the month.
        let days: Vec<_> = self
            .days
            .iter()
            .map(|(from, to)| {
                let real = |day: i64| if day < 0 { last + 1 + day } else { day };
                (real(*from), real(*to))
            })
            .collect();
        within(&self.minutes, minute)
            && within(&self.weekdays, weekday)
            && within(&days, day)
            && within(&self.months, i64::from(time.month()))
            && within(&self.years, i64::from(time.year()))
    }
}

/// Reads `monday:friday`, `1:5`, `-3:-1`, `may`, or `{start: 1, end: 5}`.
fn range(node: &Node, names: &[&str], first: i64) -> Result<(i64, i64), String> {
    let text = match (node.scalar_at("start"), node.scalar_at("end")) {
        (Some(start), Some(end)) => format!("{start}:{end}"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => node.scalar().unwrap_or_default(),
    };
    let one = |word: &str| {
        let word = word.trim().to_lowercase();
        let named = names.iter().position(|name| *name == word);
        named
            .map(|at| at as i64 + first)
            .or_else(|| word.parse().ok())
            .ok_or_else(|| format!("\"{text}\" is no range of days, months or years"))
    };
    match text.split_once(':') {
        Some((from, to)) => Ok((one(from)?, one(to)?)),
        None => one(&text).map(|one| (one, one)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::super::node::{Source, documents};
    use super::*;

    fn interval(text: &str) -> Result<TimeInterval, String> {
        let source = Arc::new(Source {
            name: "x".into(),
            text: format!("name: n\ntime_intervals: [{text}]\n"),
        });
        TimeInterval::read(&documents(&source).expect("valid")[0])
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
        ] {
            let time: Timestamp = time.parse().expect("a time");
            assert_eq!(interval(text).expect(text).contains(time), within, "{text}");
        }
        assert!(interval("{weekdays: [someday]}").is_err());
    }
}
