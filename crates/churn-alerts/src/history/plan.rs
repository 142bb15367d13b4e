//! What is to be evaluated, and when: rules of files or of a server, and the grid of their
//! evaluations. Nothing is asked here but what the rules are.

use churn_base::error::Result;

use crate::duration;
use crate::library::{Library, RuleForm};
use crate::live::Prometheus;
use crate::node::Node;
use crate::rule::{Rule, RuleKind};

/// Most evaluations in one query. Prometheus refuses more than 11,000 points a series.
const MOST_POINTS: i64 = 11_000;

/// From when to when, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// The begin.
    pub start: i64,
    /// The end.
    pub end: i64,
}

impl TimeRange {
    /// Returns the length in seconds.
    #[must_use]
    pub fn seconds(self) -> f64 {
        (self.end - self.start) as f64 / 1000.0
    }

    /// Returns the length in days.
    #[must_use]
    pub fn days(self) -> f64 {
        self.seconds() / 86_400.0
    }
}

/// Times of evaluations: multiples of the step, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// The first evaluation, in milliseconds since 1970.
    pub first: i64,
    /// The last one.
    pub last: i64,
    /// Milliseconds from one to the next.
    pub step: i64,
}

impl Grid {
    /// Returns the multiples of `step` in a range; none if there is none.
    #[must_use]
    pub fn within(range: TimeRange, step: i64) -> Option<Self> {
        let step = step.max(1);
        let first = range.start.div_euclid(step) * step;
        let first = match first < range.start {
            true => first + step,
            false => first,
        };
        let last = range.end.div_euclid(step) * step;
        (first <= last).then_some(Self { first, last, step })
    }

    /// Returns how many evaluations there are.
    #[must_use]
    pub const fn count(self) -> i64 {
        (self.last - self.first) / self.step + 1
    }

    /// Returns pieces that Prometheus answers in one query each, the first one first.
    #[must_use]
    pub fn pieces(self) -> Vec<Self> {
        let mut pieces = Vec::new();
        let mut first = self.first;
        while first <= self.last {
            let last = (first + (MOST_POINTS - 1) * self.step).min(self.last);
            pieces.push(Self {
                first,
                last,
                ..self
            });
            first = last + self.step;
        }
        pieces
    }

    /// Returns two halves; none of a single evaluation.
    #[must_use]
    pub fn halves(self) -> Option<(Self, Self)> {
        let count = self.count();
        if count < 2 {
            return None;
        }
        let middle = self.first + (count / 2 - 1) * self.step;
        let left = Self {
            last: middle,
            ..self
        };
        let right = Self {
            first: middle + self.step,
            ..self
        };
        Some((left, right))
    }
}

/// An alerting rule as it is evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedRule {
    /// Name of the alert.
    pub name: String,
    /// Name of its group.
    pub group: String,
    /// The expression.
    pub expr: String,
    /// Labels that it sets, templates as written.
    pub labels: Vec<(String, String)>,
    /// `for`, in milliseconds.
    pub hold: i64,
    /// `keep_firing_for`, in milliseconds.
    pub keep: i64,
    /// Most alerts of the group's `limit`; 0 for any number.
    pub limit: usize,
    /// `query_offset` of the group, in milliseconds.
    pub offset: i64,
    /// Milliseconds from one evaluation of the group to the next.
    pub interval: i64,
    /// The file; as the server names it for a rule of the server.
    pub file: String,
    /// The line; none for a rule of the server.
    pub line: Option<u64>,
}

impl PlannedRule {
    /// Returns the severity, if one is set.
    #[must_use]
    pub fn severity(&self) -> Option<&str> {
        let found = self.labels.iter().find(|(name, _)| name == "severity");
        found.map(|(_, value)| value.as_str())
    }

    /// Returns the file, and the line where there is one.
    #[must_use]
    pub fn place(&self) -> String {
        match self.line {
            Some(line) => format!("{}:{line}", self.file),
            None => self.file.clone(),
        }
    }

    /// Returns the evaluations that a range needs: those within, and as many before it as tell what
    /// the alert's state is when the range begins.
    #[must_use]
    pub fn grid(&self, range: TimeRange, step: i64) -> Option<Grid> {
        let within = Grid::within(range, step)?;
        // One more tells what fired before from what begins to fire then.
        let before = ((self.hold + self.keep + step - 1) / step + 1) * step;
        Some(Grid {
            first: within.first - before,
            ..within
        })
    }
}

/// Returns the alerting rules of files. `interval` is that of groups that don't say theirs.
#[must_use]
pub fn of_library(library: &Library, interval: i64) -> Vec<PlannedRule> {
    let planned = library.alerts().map(|rule| {
        let (group, own) = nodes(library, rule);
        let time = |node: Option<&Node>, key: &str| {
            let text = node.and_then(|node| node.scalar_at(key));
            let parsed = text.and_then(|text| duration::parse(&text));
            parsed.map(|parsed| parsed as i64)
        };
        let limit = group.and_then(|group| group.scalar_at("limit"));
        PlannedRule {
            name: rule.name.clone(),
            group: rule.group.clone(),
            expr: rule.expr.value.trim().to_owned(),
            labels: rule
                .labels
                .iter()
                .map(|(name, scalar)| (name.clone(), scalar.value.clone()))
                .collect(),
            hold: rule.wait_milliseconds() as i64,
            keep: time(own, "keep_firing_for").unwrap_or(0),
            limit: limit.and_then(|limit| limit.parse().ok()).unwrap_or(0),
            offset: time(group, "query_offset").unwrap_or(0),
            interval: time(group, "interval")
                .filter(|interval| *interval > 0)
                .unwrap_or(interval),
            file: rule.source.name.clone(),
            line: Some(rule.line),
        }
    });
    planned.collect()
}

/// Finds the group of a rule and the rule itself among the nodes of its document.
fn nodes<'l>(library: &'l Library, rule: &Rule) -> (Option<&'l Node>, Option<&'l Node>) {
    let Some(set) = library.rule_sets.get(rule.at.set) else {
        return (None, None);
    };
    if set.form == RuleForm::List {
        return (None, set.node.items().get(rule.at.rule));
    }
    let group = set.node.items().get(rule.at.group);
    let rules = group.and_then(|group| group.get("rules"));
    (
        group,
        rules.and_then(|rules| rules.items().get(rule.at.rule)),
    )
}

/// Returns the alerting rules that a server has loaded.
///
/// # Errors
/// Fails with 69 if it stays away.
pub fn of_server(prometheus: &Prometheus) -> Result<Vec<PlannedRule>> {
    let milliseconds = |seconds: f64| (seconds * 1000.0).round() as i64;
    let loaded = prometheus.rules()?.into_iter().map(|rule| PlannedRule {
        group: rule.group,
        expr: rule.expr,
        labels: rule
            .labels
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
            .collect(),
        hold: milliseconds(rule.wait_seconds),
        keep: milliseconds(rule.keep_firing_seconds),
        limit: rule.limit as usize,
        // The API does not tell a group's offset.
        offset: 0,
        interval: milliseconds(rule.interval_seconds).max(1),
        file: rule.file,
        line: None,
        name: rule.name,
    });
    Ok(loaded.collect())
}

/// Returns the names that the files record, and where.
pub fn records(library: &Library) -> Vec<(String, String)> {
    let records = library.rules.iter();
    let records = records.filter(|rule| rule.kind == RuleKind::Record);
    records
        .map(|rule| (rule.name.clone(), rule.place()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(start: i64, end: i64) -> TimeRange {
        TimeRange { start, end }
    }

    #[test]
    fn evaluations_are_multiples_of_the_step_within_the_range() {
        // By hand: 61 s to 179 s has one whole minute, 60 s to 180 s has three.
        let grid = Grid::within(range(61_000, 179_000), 60_000).expect("one");
        assert_eq!((grid.first, grid.last, grid.count()), (120_000, 120_000, 1));
        let grid = Grid::within(range(60_000, 180_000), 60_000).expect("three");
        assert_eq!((grid.first, grid.last, grid.count()), (60_000, 180_000, 3));
        assert_eq!(Grid::within(range(61_000, 119_000), 60_000), None);
    }

    #[test]
    fn pieces_and_halves_hold_every_evaluation_once() {
        // 30 days by 15 s are 172,801 evaluations, and 172,801 / 11,000 rounded up is 16.
        let grid = Grid::within(range(0, 30 * 86_400_000), 15_000).expect("many");
        let pieces = grid.pieces();
        assert_eq!(pieces.len(), 16);
        assert_eq!(
            pieces.iter().map(|piece| piece.count()).sum::<i64>(),
            172_801
        );
        assert!(pieces.iter().all(|piece| piece.count() <= 11_000));
        let joined = |pair: &[Grid]| pair[0].last + 15_000 == pair[1].first;
        assert!(pieces.windows(2).all(joined));
        let (left, right) = grid.halves().expect("halves");
        assert_eq!(left.count() + right.count(), grid.count());
        assert_eq!(left.last + 15_000, right.first);
        let one = Grid::within(range(0, 10), 15_000).expect("one");
        assert_eq!(one.halves(), None);
    }
}
