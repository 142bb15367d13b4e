//! One rule over one range: the samples of its expression become its alerts, and these episodes.

use std::collections::BTreeMap;

use churn_base::error::Result;
use serde::Serialize;

use super::ask::{Asked, Asker, Series};
use super::evaluate::{Evaluator, Timing};
use super::labels::{LabelMaker, Labels};
use super::plan::{Grid, PlannedRule, TimeRange};
use crate::promql::as_of_evaluation;

/// How an episode ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// The alert was resolved.
    Resolved,
    /// It fires at the end of the range.
    StillFiring,
    /// What comes after could not be evaluated.
    Unknown,
}

/// A time in which an alert fired without a gap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Episode {
    /// Labels of the alert.
    pub labels: Labels,
    /// Its begin within the range.
    pub start: i64,
    /// Whether it had begun before the range.
    pub began_before: bool,
    /// Its end; the range's where it still fires.
    pub end: i64,
    /// How it ended.
    pub ended: Ended,
}

impl Episode {
    /// Returns how long it was, in milliseconds.
    #[must_use]
    pub const fn length(&self) -> i64 {
        self.end - self.start
    }
}

/// Times in which alerts waited and never fired.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pending {
    /// How many.
    pub count: usize,
    /// The longest: with a `for` up to this it would have fired. In milliseconds.
    pub longest: i64,
    /// How many wait at the end of the range.
    pub at_end: usize,
}

/// Evaluations that failed, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// The first one.
    pub first: i64,
    /// The last one.
    pub last: i64,
    /// How many.
    pub evaluations: i64,
    /// Why, in the server's words.
    pub message: String,
}

/// What a rule did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// Milliseconds from one evaluation to the next.
    pub step: i64,
    /// Evaluations within the range.
    pub evaluations: i64,
    /// Episodes in the order of their begins.
    pub episodes: Vec<Episode>,
    /// What waited and did not fire.
    pub pending: Pending,
    /// Most alerts that fired at once.
    pub most_at_once: usize,
    /// What could not be evaluated.
    pub gaps: Vec<Gap>,
    /// Labels whose template is not filled in.
    pub(crate) unfilled: Vec<String>,
    /// What the server warned of.
    pub warnings: Vec<String>,
}

/// Evaluates a rule over a range.
///
/// # Errors
/// Fails with 69 if the server stays away, with 77 if it does not let us in. What it cannot evaluate is
/// *not* an error, it is a gap.
pub(super) fn replay(
    asker: &Asker<'_>,
    rule: &PlannedRule,
    range: TimeRange,
    step: i64,
) -> Result<Replay> {
    let maker = LabelMaker::new(&rule.name, &rule.labels);
    let mut run = Run {
        evaluator: Evaluator::new(Timing {
            hold: rule.hold,
            keep: rule.keep,
            limit: rule.limit,
        }),
        maker,
        range,
        known: Vec::new(),
        numbers: BTreeMap::new(),
        most_at_once: 0,
        gaps: Vec::new(),
    };
    let grid = rule.grid(range, step);
    if let Some(grid) = grid {
        asker.ask(
            &as_of_evaluation(&rule.expr),
            grid,
            rule.offset,
            &mut |asked| run.take(&asked),
        )?;
    }
    let within = Grid::within(range, step);
    let mut replay = run.finish(step);
    replay.evaluations = within.map_or(0, Grid::count);
    replay.warnings = asker.take_warnings();
    Ok(replay)
}

struct Run {
    evaluator: Evaluator,
    maker: LabelMaker,
    range: TimeRange,
    /// Labels by the number of the alert.
    known: Vec<Labels>,
    numbers: BTreeMap<Labels, u32>,
    most_at_once: usize,
    gaps: Vec<Gap>,
}

impl Run {
    fn take(&mut self, asked: &Asked) {
        let grid = asked.grid;
        match &asked.series {
            Ok(series) => {
                let present = self.present(grid, series);
                let mut at = grid.first;
                for alerts in present {
                    self.evaluate(at, alerts, grid.step);
                    at += grid.step;
                }
            }
            Err(message) => {
                // A single evaluation that fails changes nothing, as in Prometheus. Of many it is not
                // known whether all of them do.
                if grid.count() > 1 {
                    self.evaluator.forget(grid.first, true);
                }
                self.gap(grid, message);
            }
        }
    }

    /// Returns the alerts of each evaluation.
    fn present(&mut self, grid: Grid, series: &[Series]) -> Vec<Vec<u32>> {
        let mut present = vec![Vec::new(); grid.count() as usize];
        let by_value = self.maker.depends_on_value();
        for one in series {
            let mut number = None;
            for (at, value) in &one.samples {
                let alert = match number {
                    Some(number) if !by_value => number,
                    _ => self.number(self.maker.labels(&one.labels, *value)),
                };
                number = Some(alert);
                let place = usize::try_from((at - grid.first) / grid.step).ok();
                if let Some(alerts) = place.and_then(|place| present.get_mut(place)) {
                    alerts.push(alert);
                }
            }
        }
        present
    }

    fn number(&mut self, labels: Labels) -> u32 {
        if let Some(number) = self.numbers.get(&labels) {
            return *number;
        }
        let number = self.known.len() as u32;
        self.known.push(labels.clone());
        self.numbers.insert(labels, number);
        number
    }

    fn evaluate(&mut self, at: i64, mut alerts: Vec<u32>, step: i64) {
        let one = Grid {
            first: at,
            last: at,
            step,
        };
        alerts.sort_unstable();
        if alerts.windows(2).any(|pair| pair[0] == pair[1]) {
            // In the words of Prometheus, so that they are found.
            let message =
                "vector contains metrics with the same labelset after applying alert labels";
            self.gap(one, message);
            return;
        }
        if let Err(count) = self.evaluator.evaluate(at, &alerts) {
            let limit = self.evaluator.limit();
            self.gap(
                one,
                &format!("exceeded limit of {limit} with {count} alerts"),
            );
        }
        if at >= self.range.start {
            self.most_at_once = self.most_at_once.max(self.evaluator.firing());
        }
    }

    fn gap(&mut self, grid: Grid, message: &str) {
        // What failed before the range is not asked for.
        let first = match grid.first < self.range.start {
            true => match Grid::within(self.range, grid.step) {
                Some(within) if within.first <= grid.last => within.first,
                _ => return,
            },
            false => grid.first,
        };
        let evaluations = (grid.last - first) / grid.step + 1;
        match self.gaps.last_mut() {
            Some(gap) if gap.message == message && gap.last + grid.step == first => {
                gap.last = grid.last;
                gap.evaluations += evaluations;
            }
            _ => self.gaps.push(Gap {
                first,
                last: grid.last,
                evaluations,
                message: message.to_owned(),
            }),
        }
    }

    fn finish(mut self, step: i64) -> Replay {
        self.evaluator.finish();
        let range = self.range;
        let mut episodes: Vec<Episode> = Vec::new();
        for fired in &self.evaluator.fired {
            let end = fired.end.unwrap_or(range.end);
            if end <= range.start {
                continue;
            }
            episodes.push(Episode {
                labels: self.known[fired.alert as usize].clone(),
                start: fired.start.max(range.start),
                began_before: fired.start < range.start,
                end,
                ended: match (fired.end, fired.is_cut) {
                    (None, _) => Ended::StillFiring,
                    (Some(_), true) => Ended::Unknown,
                    (Some(_), false) => Ended::Resolved,
                },
            });
        }
        episodes.sort_by(|a, b| (a.start, &a.labels).cmp(&(b.start, &b.labels)));
        let mut pending = Pending::default();
        for waited in &self.evaluator.waited {
            if waited.last < range.start {
                continue;
            }
            if waited.is_open {
                pending.at_end += 1;
            } else {
                pending.count += 1;
                pending.longest = pending.longest.max(waited.last - waited.start);
            }
        }
        Replay {
            step,
            evaluations: 0,
            episodes,
            pending,
            most_at_once: self.most_at_once,
            gaps: self.gaps,
            unfilled: self.maker.unfilled,
            warnings: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    fn run(rule_labels: &[(&str, &str)], hold: i64, start: i64) -> Run {
        let labels = rule_labels.iter();
        let labels = labels.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Run {
            evaluator: Evaluator::new(Timing {
                hold,
                ..Timing::default()
            }),
            maker: LabelMaker::new("A", &labels.collect::<Vec<_>>()),
            range: TimeRange {
                start,
                end: 5 * MINUTE + 1_000,
            },
            known: Vec::new(),
            numbers: BTreeMap::new(),
            most_at_once: 0,
            gaps: Vec::new(),
        }
    }

    fn series(pod: &str, minutes: &[i64]) -> Series {
        Series {
            labels: [("pod".to_owned(), pod.to_owned())].into(),
            samples: minutes.iter().map(|at| (at * MINUTE, *at as f64)).collect(),
        }
    }

    fn grid(first: i64, last: i64) -> Grid {
        Grid {
            first: first * MINUTE,
            last: last * MINUTE,
            step: MINUTE,
        }
    }

    fn spans(replay: &Replay) -> Vec<(&str, i64, i64, Ended)> {
        let episodes = replay.episodes.iter();
        let of = |one: &'_ Episode| (one.start / MINUTE, one.end / MINUTE, one.ended);
        episodes
            .map(|one| {
                let (start, end, ended) = of(one);
                (one.labels["pod"].as_str(), start, end, ended)
            })
            .collect()
    }

    // By hand: pod a at minutes 0, 1, 2 and 4, 5; pod b at 1 alone.
    #[test]
    fn samples_of_pieces_become_episodes_over_their_borders() {
        let mut run = run(&[], 0, 0);
        run.take(&Asked {
            grid: grid(0, 2),
            series: Ok(vec![series("a", &[0, 1, 2]), series("b", &[1])]),
        });
        run.take(&Asked {
            grid: grid(3, 5),
            series: Ok(vec![series("a", &[4, 5])]),
        });
        let replay = run.finish(MINUTE);
        let found = spans(&replay);
        assert_eq!(
            found,
            [
                ("a", 0, 3, Ended::Resolved),
                ("b", 1, 2, Ended::Resolved),
                ("a", 4, 5, Ended::StillFiring)
            ]
        );
        assert_eq!(replay.most_at_once, 2);
        // The last one lasts to the end of the range, not of the last evaluation.
        assert_eq!(replay.episodes[2].length(), MINUTE + 1_000);
    }

    #[test]
    fn what_began_before_the_range_is_cut_to_it_and_said_to_have() {
        let mut run = run(&[], MINUTE, 2 * MINUTE);
        run.take(&Asked {
            grid: grid(0, 5),
            series: Ok(vec![series("a", &[0, 1, 2, 3]), series("b", &[0])]),
        });
        let replay = run.finish(MINUTE);
        assert_eq!(spans(&replay), [("a", 2, 4, Ended::Resolved)]);
        assert!(replay.episodes[0].began_before);
        // Pod b waited before the range.
        assert_eq!(replay.pending, Pending::default());
    }

    #[test]
    fn a_failed_evaluation_changes_nothing_and_many_end_what_is_known() {
        let mut run = run(&[], 0, 0);
        let failed = |first, last| Asked {
            grid: grid(first, last),
            series: Err("many-to-many".to_owned()),
        };
        let fine = |at| Asked {
            grid: grid(at, at),
            series: Ok(vec![series("a", &[at])]),
        };
        for asked in [fine(0), failed(1, 1), fine(2), failed(3, 4), fine(5)] {
            run.take(&asked);
        }
        let replay = run.finish(MINUTE);
        let found = spans(&replay);
        assert_eq!(
            found,
            [("a", 0, 3, Ended::Unknown), ("a", 5, 5, Ended::StillFiring)]
        );
        let gaps: Vec<_> = replay.gaps.iter().map(|gap| gap.evaluations).collect();
        assert_eq!(gaps, [1, 2]);
    }

    #[test]
    fn two_samples_of_one_alert_fail_the_evaluation_as_in_prometheus() {
        let mut run = run(&[("pod", "")], 0, 0);
        run.take(&Asked {
            grid: grid(0, 1),
            series: Ok(vec![series("a", &[0, 1]), series("b", &[0])]),
        });
        let replay = run.finish(MINUTE);
        assert_eq!(replay.gaps.len(), 1);
        assert!(
            replay.gaps[0].message.contains("same labelset"),
            "{replay:?}"
        );
        assert_eq!(replay.episodes[0].start, MINUTE);
    }

    // As in Prometheus, where the value is part of the alert's identity: each minute another alert.
    #[test]
    fn a_value_in_a_label_makes_an_alert_of_every_value() {
        let mut run = run(&[("score", "{{ $value }}")], MINUTE, 0);
        run.take(&Asked {
            grid: grid(0, 3),
            series: Ok(vec![series("a", &[0, 1, 2, 3])]),
        });
        let replay = run.finish(MINUTE);
        assert!(replay.episodes.is_empty(), "{replay:?}");
        assert_eq!((replay.pending.count, replay.pending.at_end), (3, 1));
    }
}
