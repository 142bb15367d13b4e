//! A set of rules over one range: each is evaluated once, also where two versions share it.

use churn_base::error::Result;

use super::ask::Asker;
use super::compare::plain;
use super::data::DataFinder;
use super::plan::{PlannedRule, TimeRange};
use super::replay::{Replay, replay};
use super::summary::{AlertHistory, judge};
use crate::live::Prometheus;

/// What all rules are evaluated with.
pub struct Study<'a, 'p> {
    asker: &'a Asker<'p>,
    range: TimeRange,
    /// Milliseconds between evaluations; none for those of each group.
    step: Option<i64>,
    data: DataFinder<'a, 'p>,
    known: Vec<(PlannedRule, Replay)>,
}

impl<'a, 'p> Study<'a, 'p> {
    /// Makes a study of a range; asks nothing yet. `records` are names and expressions of recording rules.
    pub const fn new(
        asker: &'a Asker<'p>,
        range: TimeRange,
        step: Option<i64>,
        records: &'a [(String, String)],
    ) -> Self {
        Self {
            asker,
            range,
            step,
            data: DataFinder::new(asker, range, records),
            known: Vec::new(),
        }
    }

    /// Evaluates a rule and says what it comes to.
    ///
    /// # Errors
    /// Fails with 69 if the server stays away, with 77 if it does not let us in.
    pub fn alert(&mut self, rule: &PlannedRule) -> Result<AlertHistory> {
        let step = self.step.unwrap_or(rule.interval);
        let key = PlannedRule {
            expr: plain(&rule.expr),
            group: String::new(),
            file: String::new(),
            line: None,
            interval: step,
            ..rule.clone()
        };
        let known = self.known.iter().find(|(known, _)| *known == key);
        let replay = match known {
            Some((_, replay)) => replay.clone(),
            None => {
                let made = replay(self.asker, rule, self.range, step)?;
                self.known.push((key, made.clone()));
                made
            }
        };
        // Of a rule that fired only recorded names are asked for: `absent()` of one that nobody
        // records fires, too. What cannot be evaluated has its reason already.
        let has_fired = !replay.episodes.is_empty();
        let data = match replay.gaps.is_empty() {
            true => self.data.of(&rule.expr, step, has_fired)?,
            false => Default::default(),
        };
        Ok(judge(rule.clone(), replay, data, self.range))
    }
}

/// Returns the time between evaluations of groups that don't say it, in milliseconds, and whether the
/// server told it.
pub fn default_interval(prometheus: &Prometheus) -> (i64, bool) {
    // A server that speaks Prometheus' API but is another one has no such configuration.
    match prometheus.evaluation_interval() {
        Ok(Some(interval)) if interval > 0 => (interval as i64, true),
        Ok(_) => (60_000, true),
        Err(_) => (60_000, false),
    }
}
