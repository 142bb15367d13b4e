//! Two versions of rules over one range: which episodes come, which go.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::plan::PlannedRule;
use super::replay::{Ended, Episode};
use super::summary::AlertHistory;

/// What became of a rule from the version before to the one after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Both have it, and it differs.
    Changed,
    /// Only the version after has it.
    Added,
    /// Only the version before has it.
    Removed,
    /// Both have it, and it evaluates alike.
    Same,
}

/// A rule in both versions: places among the alerts of each side, and the episodes of one side that
/// none of the other overlaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// What became of the rule.
    pub change: Change,
    /// Place among the alerts of the version before.
    pub before: Option<usize>,
    /// Place among the alerts of the version after.
    pub after: Option<usize>,
    /// Places of episodes of the version after that are new.
    pub appear: Vec<usize>,
    /// Places of episodes of the version before that are gone.
    pub vanish: Vec<usize>,
}

/// Compares two versions. Rules are paired by name and labels, then by name alone.
pub fn compare(before: &[AlertHistory], after: &[AlertHistory]) -> Vec<Comparison> {
    let mut free: BTreeSet<usize> = (0..before.len()).collect();
    let mut pairs: Vec<Option<usize>> = vec![None; after.len()];
    let exact = |a: &PlannedRule, b: &PlannedRule| a.name == b.name && a.labels == b.labels;
    let by_name = |a: &PlannedRule, b: &PlannedRule| a.name == b.name;
    for alike in [
        &exact as &dyn Fn(&PlannedRule, &PlannedRule) -> bool,
        &by_name,
    ] {
        for (at, one) in after.iter().enumerate() {
            if pairs[at].is_none() {
                let found = free
                    .iter()
                    .find(|other| alike(&one.rule, &before[**other].rule));
                let found = found.copied();
                if let Some(found) = found {
                    free.remove(&found);
                    pairs[at] = Some(found);
                }
            }
        }
    }
    let mut comparisons: Vec<Comparison> = pairs
        .iter()
        .enumerate()
        .map(|(at, pair)| {
            of(
                pair.map(|pair| (pair, &before[pair])),
                Some((at, &after[at])),
            )
        })
        .collect();
    comparisons.extend(free.into_iter().map(|at| of(Some((at, &before[at])), None)));
    comparisons
}

fn of(before: Option<(usize, &AlertHistory)>, after: Option<(usize, &AlertHistory)>) -> Comparison {
    let episodes = |side: Option<(usize, &AlertHistory)>| {
        side.map_or(Vec::new(), |(_, one)| one.replay.episodes.clone())
    };
    let sides = [before, after];
    let rules = sides.iter().flatten().map(|(_, one)| &one.rule);
    // Labels that the rule sets don't tell which series it is: a new severity is the same incident.
    let set: BTreeSet<&str> = rules
        .flat_map(|rule| rule.labels.iter().map(|(name, _)| name.as_str()))
        .collect();
    let (old, new) = (episodes(before), episodes(after));
    Comparison {
        change: match (before, after) {
            (Some((_, before)), Some((_, after))) => match is_alike(before, after) {
                true => Change::Same,
                false => Change::Changed,
            },
            (None, _) => Change::Added,
            (Some(_), None) => Change::Removed,
        },
        before: before.map(|(at, _)| at),
        after: after.map(|(at, _)| at),
        appear: without_overlap(&new, &old, &set),
        vanish: without_overlap(&old, &new, &set),
    }
}

/// Tells whether both evaluate to the same: the expression, the times, the labels, the limits.
fn is_alike(a: &AlertHistory, b: &AlertHistory) -> bool {
    let unplaced = |rule: &PlannedRule| PlannedRule {
        expr: plain(&rule.expr),
        group: String::new(),
        file: String::new(),
        line: None,
        labels: {
            let mut labels = rule.labels.clone();
            labels.sort();
            labels
        },
        ..rule.clone()
    };
    unplaced(&a.rule) == unplaced(&b.rule)
}

/// A server prints an expression as it understands it: blanks and brackets make no difference.
pub(super) fn plain(expr: &str) -> String {
    crate::promql::parse(expr).map_or_else(|_| expr.to_owned(), |expr| expr.to_string())
}

fn without_overlap(these: &[Episode], those: &[Episode], set: &BTreeSet<&str>) -> Vec<usize> {
    let series = |one: &Episode| -> Vec<(String, String)> {
        let labels = one.labels.iter();
        let own = labels.filter(|(name, _)| !set.contains(name.as_str()));
        own.map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    };
    // What began to fire at the last evaluation has no length yet, and fires all the same.
    let end = |one: &Episode| one.end + i64::from(one.ended == Ended::StillFiring);
    let mut others: BTreeMap<Vec<(String, String)>, Vec<&Episode>> = BTreeMap::new();
    for one in those {
        others.entry(series(one)).or_default().push(one);
    }
    let alone = these.iter().enumerate().filter(|(_, one)| {
        let same = others.get(&series(one)).map_or(&[][..], Vec::as_slice);
        !same
            .iter()
            .any(|other| other.start < end(one) && one.start < end(other))
    });
    alone.map(|(at, _)| at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn episode(severity: &str, pod: &str, start: i64, end: i64) -> Episode {
        let pairs = [("alertname", "A"), ("severity", severity), ("pod", pod)];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Episode {
            labels: pairs.into_iter().collect(),
            start,
            began_before: false,
            end,
            ended: Ended::Resolved,
        }
    }

    // By hand: pod a overlaps from 5 to 10 whatever its severity, pod b only touches, pod c is new.
    #[test]
    fn an_episode_is_new_if_none_of_its_series_overlaps_it() {
        let before = [
            episode("warning", "a", 0, 10),
            episode("warning", "b", 0, 10),
        ];
        let after = [
            episode("critical", "a", 5, 20),
            episode("critical", "b", 10, 20),
            episode("critical", "c", 0, 10),
        ];
        let set = BTreeSet::from(["severity"]);
        assert_eq!(without_overlap(&after, &before, &set), [1, 2]);
        assert_eq!(without_overlap(&before, &after, &set), [1]);
        // Where no rule sets it, it is part of the series.
        assert_eq!(
            without_overlap(&after, &before, &BTreeSet::new()),
            [0, 1, 2]
        );
    }
}
