//! What an alert's episodes come to: how often, how long, and whether that is noise, silence, or no
//! data to look at.

use serde::Serialize;

use super::data::RuleData;
use super::plan::{PlannedRule, TimeRange};
use super::replay::{Ended, Episode, Replay};

/// From how many incidents a day on an alert may be noisy. An on-call engineer has a day, too.
pub const NOISY_PER_DAY: f64 = 1.0;
/// Up to which median length incidents are over before anybody has looked, in milliseconds.
pub const NOISY_MEDIAN: i64 = 15 * 60_000;
/// Incidents below which there is no habit to speak of.
pub const NOISY_LEAST: usize = 3;
/// From which share of the range on an alert says nothing any more by firing.
pub const NOISY_SHARE: f64 = 0.5;

/// What there is to say of an alert, what wants a look first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It could not be evaluated, or not at all times, and did not fire at the others.
    Error,
    /// It fires too often for too short a time, or nearly always.
    Noisy,
    /// It never fired, and could not have: there was no data.
    NoData,
    /// It never fired, with data to look at.
    Silent,
    /// It fired.
    Fired,
}

/// A time in which at least one alert of a rule fired without a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Incident {
    /// Its begin, milliseconds since 1970.
    pub start: i64,
    /// Its end, milliseconds since 1970.
    pub end: i64,
}

/// What an alert did.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertHistory {
    /// The rule.
    pub rule: PlannedRule,
    /// What to think of it.
    pub status: Status,
    /// Why it is said to be noisy, to have no data, or not to be known.
    pub reasons: Vec<String>,
    /// Its episodes.
    pub replay: Replay,
    /// Episodes that overlap, as one.
    pub incidents: Vec<Incident>,
    /// What its selectors found, as far as was asked.
    pub data: RuleData,
}

impl AlertHistory {
    /// Returns how long at least one of its alerts fired, in milliseconds.
    pub fn firing(&self) -> i64 {
        let incidents = self.incidents.iter();
        incidents.map(|one| one.end - one.start).sum()
    }

    /// Returns its longest episode, in milliseconds.
    pub fn longest(&self) -> i64 {
        let episodes = self.replay.episodes.iter();
        episodes.map(Episode::length).max().unwrap_or(0)
    }

    /// Returns the median length of its incidents, in milliseconds.
    pub fn median_incident(&self) -> Option<i64> {
        let mut lengths: Vec<i64> = self
            .incidents
            .iter()
            .map(|one| one.end - one.start)
            .collect();
        lengths.sort_unstable();
        let middle = lengths.len() / 2;
        match lengths.len() {
            0 => None,
            odd if odd % 2 == 1 => lengths.get(middle).copied(),
            _ => Some(i64::midpoint(lengths[middle - 1], lengths[middle])),
        }
    }

    /// Returns how many of its alerts fire at the end of the range.
    pub fn firing_at_end(&self) -> usize {
        let episodes = self.replay.episodes.iter();
        episodes
            .filter(|one| one.ended == Ended::StillFiring)
            .count()
    }
}

/// Joins episodes of all labels: an alert that begins when another one ends is not a gap.
pub(super) fn incidents(episodes: &[Episode]) -> Vec<Incident> {
    let mut found: Vec<Incident> = Vec::new();
    // They come in the order of their begins.
    for one in episodes {
        match found.last_mut() {
            Some(last) if one.start <= last.end => last.end = last.end.max(one.end),
            _ => found.push(Incident {
                start: one.start,
                end: one.end,
            }),
        }
    }
    found
}

/// Says what an alert's episodes come to.
pub(super) fn judge(
    rule: PlannedRule,
    replay: Replay,
    data: RuleData,
    range: TimeRange,
) -> AlertHistory {
    let incidents = incidents(&replay.episodes);
    let mut history = AlertHistory {
        rule,
        status: Status::Fired,
        reasons: Vec::new(),
        replay,
        incidents,
        data,
    };
    let noise = noise(&history, range);
    let (status, reasons) = match (history.incidents.is_empty(), history.replay.gaps.first()) {
        (true, Some(_)) => (Status::Error, Vec::new()),
        (true, None) if history.data.is_without => (Status::NoData, Vec::new()),
        (true, None) => (Status::Silent, Vec::new()),
        (false, _) if noise.is_empty() => (Status::Fired, noise),
        (false, _) => (Status::Noisy, noise),
    };
    history.status = status;
    history.reasons = reasons;
    history.reasons.extend(remarks(&history));
    history
}

fn noise(history: &AlertHistory, range: TimeRange) -> Vec<String> {
    let mut reasons = Vec::new();
    // The heartbeat of the whole chain has to fire all the time, and goes to a machine.
    if history.rule.severity() == Some("none") || history.rule.name == "Watchdog" {
        return reasons;
    }
    let count = history.incidents.len();
    let a_day = count as f64 / range.days();
    let median = history.median_incident().unwrap_or(i64::MAX);
    if count >= NOISY_LEAST && a_day >= NOISY_PER_DAY && median <= NOISY_MEDIAN {
        reasons.push(format!(
            "{a_day:.1} incidents a day, half of them over within {}",
            length(median)
        ));
    }
    let share = history.firing() as f64 / 1000.0 / range.seconds();
    if share >= NOISY_SHARE {
        reasons.push(format!("fires {:.0} % of the time", share * 100.0));
    }
    reasons
}

/// What is to be known beside the figures.
fn remarks(history: &AlertHistory) -> Vec<String> {
    let mut remarks = Vec::new();
    let replay = &history.replay;
    if let Some(gap) = replay.gaps.first() {
        let failed: i64 = replay.gaps.iter().map(|gap| gap.evaluations).sum();
        let all = replay.evaluations;
        remarks.push(format!(
            "{failed} of {all} evaluations failed: {}",
            gap.message
        ));
    }
    for one in history.data.selectors.iter().filter(|one| one.is_empty()) {
        remarks.push(match &one.recorded_by {
            Some(place) => format!(
                "no data of {}, which {place} records: the server does not have that rule, or not for this time",
                one.selector
            ),
            None if one.selector.contains(':') => format!(
                "no data of {}, which has the name of a recording rule",
                one.selector
            ),
            None => format!("no data of {}", one.selector),
        });
    }
    if history.incidents.is_empty() && replay.pending.count > 0 {
        remarks.push(format!(
            "pending {} times; it would have fired with a `for` up to {}",
            replay.pending.count,
            length(replay.pending.longest)
        ));
    }
    if replay.step > history.rule.interval {
        remarks.push(format!(
            "evaluated every {}, its group is every {}: what is shorter may be missing",
            length(replay.step),
            length(history.rule.interval)
        ));
    }
    if !replay.unfilled.is_empty() {
        remarks.push(format!(
            "templates of labels stay as written, so it may fire less: {}",
            replay.unfilled.join(", ")
        ));
    }
    remarks.extend(
        replay
            .warnings
            .iter()
            .map(|said| format!("the server warns: {said}")),
    );
    remarks
}

/// Writes a length of time as Prometheus does, of no more than two units.
pub fn length(milliseconds: i64) -> String {
    let milliseconds = milliseconds.max(0) as u64;
    let unit = match milliseconds {
        0..=9_999 => 1,
        10_000..=3_599_999 => 1_000,
        3_600_000..=86_399_999 => 60_000,
        _ => 3_600_000,
    };
    crate::duration::text((milliseconds + unit / 2) / unit * unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::replay::Pending;

    const DAY: i64 = 86_400_000;

    fn rule(severity: &str) -> PlannedRule {
        PlannedRule {
            name: "A".to_owned(),
            group: "g".to_owned(),
            expr: "x > 1".to_owned(),
            labels: vec![("severity".to_owned(), severity.to_owned())],
            hold: 0,
            keep: 0,
            limit: 0,
            offset: 0,
            interval: 60_000,
            file: "r.yml".to_owned(),
            line: Some(3),
        }
    }

    fn replay(spans: &[(i64, i64)]) -> Replay {
        let episodes = spans.iter().map(|(start, end)| Episode {
            labels: [("alertname".to_owned(), "A".to_owned())].into(),
            start: *start,
            began_before: false,
            end: *end,
            ended: Ended::Resolved,
        });
        Replay {
            step: 60_000,
            evaluations: 1440,
            episodes: episodes.collect(),
            pending: Pending::default(),
            most_at_once: 1,
            gaps: Vec::new(),
            unfilled: Vec::new(),
            warnings: Vec::new(),
        }
    }

    fn judged(severity: &str, spans: &[(i64, i64)], data: RuleData) -> AlertHistory {
        let range = TimeRange { start: 0, end: DAY };
        judge(rule(severity), replay(spans), data, range)
    }

    // By hand: in one day three incidents of 5 minutes are 3 a day with a median of 5 minutes.
    #[test]
    fn often_and_short_is_noise_and_so_is_nearly_always() {
        let five = 300_000;
        let short: Vec<(i64, i64)> = (0..3)
            .map(|at| (at * five * 4, at * five * 4 + five))
            .collect();
        let noisy = judged("warning", &short, RuleData::default());
        assert_eq!(noisy.status, Status::Noisy);
        assert_eq!(
            noisy.reasons,
            ["3.0 incidents a day, half of them over within 5m"]
        );
        assert_eq!(
            (noisy.firing(), noisy.median_incident()),
            (3 * five, Some(five))
        );
        // Two do not make a habit.
        assert_eq!(
            judged("warning", &short[..2], RuleData::default()).status,
            Status::Fired
        );
        let long = judged("warning", &[(0, DAY / 2)], RuleData::default());
        assert_eq!(long.reasons, ["fires 50 % of the time"]);
        assert_eq!(
            judged("none", &[(0, DAY)], RuleData::default()).status,
            Status::Fired
        );
    }

    #[test]
    fn labels_that_fire_together_are_one_incident() {
        let episodes = replay(&[(0, 10), (5, 8), (10, 20), (21, 22)]).episodes;
        let found: Vec<_> = incidents(&episodes)
            .iter()
            .map(|one| (one.start, one.end))
            .collect();
        assert_eq!(found, [(0, 20), (21, 22)]);
    }

    #[test]
    fn no_data_is_not_silence_and_a_failure_is_neither() {
        let without = RuleData {
            selectors: Vec::new(),
            is_without: true,
        };
        assert_eq!(judged("warning", &[], without).status, Status::NoData);
        assert_eq!(
            judged("warning", &[], RuleData::default()).status,
            Status::Silent
        );
        let mut failed = replay(&[]);
        failed.gaps.push(crate::history::replay::Gap {
            first: 0,
            last: 60_000,
            evaluations: 2,
            message: "many-to-many".to_owned(),
        });
        let range = TimeRange { start: 0, end: DAY };
        let failed = judge(rule("warning"), failed, RuleData::default(), range);
        assert_eq!(failed.status, Status::Error);
        assert_eq!(
            failed.reasons,
            ["2 of 1440 evaluations failed: many-to-many"]
        );
    }

    #[test]
    fn lengths_have_two_units_at_most() {
        // By hand; Prometheus writes durations in this form.
        for (milliseconds, text) in [
            (0, "0s"),
            (1_500, "1s500ms"),
            (75_400, "1m15s"),
            (3_661_000, "1h1m"),
            (90_000_000, "1d1h"),
        ] {
            assert_eq!(length(milliseconds), text);
        }
    }
}
