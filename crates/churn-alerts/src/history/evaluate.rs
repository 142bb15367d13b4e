//! The state of one rule's alerts from evaluation to evaluation, as Prometheus keeps it
//! (`rules/alerting.go`, `Eval`): pending until it has been active for `for`, gone by one evaluation
//! without it, held by `keep_firing_for`. No server, no labels: alerts are numbers here.

use std::collections::BTreeMap;

/// What the rule says beside its expression, in milliseconds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Timing {
    /// `for`.
    pub(super) hold: i64,
    /// `keep_firing_for`.
    pub(super) keep: i64,
    /// Most alerts that are pending or firing at once; 0 for any number.
    pub(super) limit: usize,
}

/// A time in which an alert fired: from the first evaluation that found it firing to the first that
/// did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fired {
    pub(super) alert: u32,
    pub(super) start: i64,
    /// None if it still fires.
    pub(super) end: Option<i64>,
    /// Whether the end is that of what is known, not that of the alert.
    pub(super) is_cut: bool,
}

/// A time in which an alert was pending and never fired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Waited {
    pub(super) alert: u32,
    /// The first evaluation that found it.
    pub(super) start: i64,
    /// The last one that did. It would have fired with a `for` up to the difference.
    pub(super) last: i64,
    /// Whether it still waits.
    pub(super) is_open: bool,
}

#[derive(Debug, Clone, Copy)]
struct Active {
    since: i64,
    last_seen: i64,
    fires_since: Option<i64>,
    kept_since: Option<i64>,
}

/// The alerts of a rule.
#[derive(Debug, Default)]
pub(super) struct Evaluator {
    timing: Timing,
    active: BTreeMap<u32, Active>,
    pub(super) fired: Vec<Fired>,
    pub(super) waited: Vec<Waited>,
}

impl Evaluator {
    pub(super) fn new(timing: Timing) -> Self {
        Self {
            timing,
            ..Self::default()
        }
    }

    /// Evaluates once: `present` are the alerts that the expression gives, each once.
    ///
    /// # Errors
    /// Fails with how many alerts there are if these are more than the limit. Prometheus then forgets
    /// all of them, and so does this.
    pub(super) fn evaluate(&mut self, at: i64, present: &[u32]) -> Result<(), usize> {
        for alert in present {
            let seen = Active {
                since: at,
                last_seen: at,
                fires_since: None,
                kept_since: None,
            };
            let active = self.active.entry(*alert).or_insert(seen);
            active.last_seen = at;
            active.kept_since = None;
        }
        let mut gone = Vec::new();
        for (alert, active) in &mut self.active {
            if active.last_seen == at {
                if active.fires_since.is_none() && at - active.since >= self.timing.hold {
                    active.fires_since = Some(at);
                }
            } else if active.fires_since.is_none()
                || self.timing.keep == 0
                || at - *active.kept_since.get_or_insert(at) >= self.timing.keep
            {
                gone.push(*alert);
            }
        }
        for alert in gone {
            self.end(alert, at, false);
        }
        let count = self.active.len();
        if self.timing.limit > 0 && count > self.timing.limit {
            self.forget(at, false);
            return Err(count);
        }
        Ok(())
    }

    /// Ends everything at a time after which nothing is known, or at which Prometheus forgets.
    pub(super) fn forget(&mut self, at: i64, is_cut: bool) {
        for alert in self.active.keys().copied().collect::<Vec<_>>() {
            self.end(alert, at, is_cut);
        }
    }

    /// Returns the most alerts that may be active.
    pub(super) const fn limit(&self) -> usize {
        self.timing.limit
    }

    /// Returns how many alerts fire.
    pub(super) fn firing(&self) -> usize {
        let active = self.active.values();
        active.filter(|active| active.fires_since.is_some()).count()
    }

    /// Takes what is active into the lists, as open.
    pub(super) fn finish(&mut self) {
        for (alert, active) in std::mem::take(&mut self.active) {
            match active.fires_since {
                Some(start) => self.fired.push(Fired {
                    alert,
                    start,
                    end: None,
                    is_cut: false,
                }),
                None => self.waited.push(Waited {
                    alert,
                    start: active.since,
                    last: active.last_seen,
                    is_open: true,
                }),
            }
        }
    }

    fn end(&mut self, alert: u32, at: i64, is_cut: bool) {
        let Some(active) = self.active.remove(&alert) else {
            return;
        };
        match active.fires_since {
            // It was found firing and forgotten in one evaluation: no sample says that it fired.
            Some(start) if start == at => {}
            Some(start) => self.fired.push(Fired {
                alert,
                start,
                end: Some(at),
                is_cut,
            }),
            None => self.waited.push(Waited {
                alert,
                start: active.since,
                last: active.last_seen,
                is_open: false,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Begin and end.
    type Span = (i64, Option<i64>);

    /// Evaluates every minute: each character is one evaluation, `x` where the expression gives the
    /// alert. Times in the result are minutes.
    fn run(timing: Timing, minutes: &str) -> (Vec<Span>, Vec<(i64, i64)>) {
        const MINUTE: i64 = 60_000;
        let mut evaluator = Evaluator::new(timing);
        for (at, found) in minutes.chars().enumerate() {
            let present: &[u32] = if found == 'x' { &[7] } else { &[] };
            let at = at as i64 * MINUTE;
            evaluator.evaluate(at, present).expect("no limit");
        }
        evaluator.finish();
        let fired = evaluator.fired.iter();
        let waited = evaluator.waited.iter();
        (
            fired
                .map(|one| (one.start / MINUTE, one.end.map(|end| end / MINUTE)))
                .collect(),
            waited
                .map(|one| (one.start / MINUTE, one.last / MINUTE))
                .collect(),
        )
    }

    fn timing(hold: i64, keep: i64) -> Timing {
        Timing {
            hold: hold * 60_000,
            keep: keep * 60_000,
            limit: 0,
        }
    }

    // Counted by hand along rules/alerting.go of Prometheus 3: an alert found first at t fires at the
    // first evaluation at or after t + for. tests/it/alerts_history.rs asks promtool the same.
    #[test]
    fn an_alert_fires_when_it_has_been_active_for_its_for() {
        // Found at 1, fires at 1 + 2 = 3, found last at 4, gone at 5.
        assert_eq!(run(timing(2, 0), ".xxxx."), (vec![(3, Some(5))], vec![]));
        // Two minutes from the first to the last are enough, one is not.
        assert_eq!(run(timing(2, 0), ".xxx."), (vec![(3, Some(4))], vec![]));
        assert_eq!(run(timing(2, 0), ".xx.."), (vec![], vec![(1, 2)]));
        // Without `for` it fires at once.
        assert_eq!(
            run(timing(0, 0), "x.x"),
            (vec![(0, Some(1)), (2, None)], vec![])
        );
        // A `for` of no whole number of evaluations is over at the next one: 90 s at minute 2.
        let odd = Timing {
            hold: 90_000,
            ..Timing::default()
        };
        assert_eq!(run(odd, "xxx."), (vec![(2, Some(3))], vec![]));
    }

    #[test]
    fn one_evaluation_without_it_begins_the_for_anew() {
        assert_eq!(
            run(timing(2, 0), "xx.xx.xxx"),
            (vec![(8, None)], vec![(0, 1), (3, 4)])
        );
    }

    #[test]
    fn keep_firing_for_counts_from_the_first_evaluation_without_it() {
        // Gone at 2; kept at 2 and 3, since 3 - 2 < 2; over at 4, since 4 - 2 = 2.
        assert_eq!(run(timing(0, 2), "xx....."), (vec![(0, Some(4))], vec![]));
        // Found again at 3: the time begins anew at 4, and it is over at 6.
        assert_eq!(run(timing(0, 2), "xx.x..."), (vec![(0, Some(6))], vec![]));
        // What only waits is not kept.
        assert_eq!(run(timing(3, 9), "xx.xx"), (vec![], vec![(0, 1), (3, 4)]));
    }

    #[test]
    fn more_alerts_than_the_limit_are_forgotten_all() {
        let mut evaluator = Evaluator::new(Timing {
            limit: 1,
            ..Timing::default()
        });
        assert_eq!(evaluator.evaluate(0, &[1]), Ok(()));
        assert_eq!(evaluator.evaluate(1, &[1, 2]), Err(2));
        assert_eq!(evaluator.evaluate(2, &[1]), Ok(()));
        evaluator.finish();
        let fired: Vec<_> = evaluator
            .fired
            .iter()
            .map(|one| (one.alert, one.start, one.end))
            .collect();
        assert_eq!(fired, [(1, 0, Some(1)), (1, 2, None)]);
    }

    #[test]
    fn alerts_of_one_rule_have_states_of_their_own() {
        let mut evaluator = Evaluator::new(timing(1, 0));
        for (at, present) in [(0, &[1][..]), (60_000, &[1, 2]), (120_000, &[2])] {
            evaluator.evaluate(at, present).expect("no limit");
        }
        assert_eq!(evaluator.firing(), 1);
        evaluator.finish();
        let fired: Vec<_> = evaluator
            .fired
            .iter()
            .map(|one| (one.alert, one.start, one.end))
            .collect();
        assert_eq!(fired, [(1, 60_000, Some(120_000)), (2, 120_000, None)]);
    }
}
