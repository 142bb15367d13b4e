//! The score from which a row is classed as churned, chosen on validation by what it is for.

use churn_base::error::{Error, Result};
use churn_drift::stats::classification::ScoredCell;
use churn_drift::stats::cost::Costs;

use super::evaluate::cells;

/// What the threshold is for.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum ThresholdRule {
    /// 0.5, the likelier class.
    #[default]
    Half,
    /// The least total cost.
    Cost {
        /// Cost of a churned row that is classed as stayed.
        false_negative: f64,
        /// Cost of a stayed row that is classed as churned.
        false_positive: f64,
    },
    /// At most so many rows classed as churned, of as many as the test split has.
    Capacity {
        /// Rows that can be acted on.
        rows: u64,
    },
    /// The most churned rows found at a precision of at least this share.
    MinPrecision {
        /// In 0 (excluded) to 1.
        share: f64,
    },
}

/// The words of [`ThresholdRule::Half`].
pub const HALF: &str = "0.5";

/// Returns a rule as people are told it: that of [`HALF`] would be the threshold's number once more.
#[must_use]
pub fn rule_in_words(rule: &str) -> &str {
    match rule {
        HALF => "the default",
        rule => rule,
    }
}

/// A threshold with its reason.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// A row is classed as churned when its score is at least this; in 0 to 1.
    pub value: f64,
    /// The rule in words.
    pub rule: String,
}

impl ThresholdRule {
    /// Fails on figures that make no sense on any data: told before anything is trained.
    ///
    /// # Errors
    /// Usage (64).
    pub fn check(self) -> Result<()> {
        match self {
            Self::Cost {
                false_negative,
                false_positive,
            } if !(Costs {
                false_negative,
                false_positive,
            })
            .are_valid() =>
            {
                Err(Error::usage(Costs::RULE))
            }
            Self::Capacity { rows: 0 } => Err(Error::usage("the capacity must be at least 1 row")),
            Self::MinPrecision { share } if !(share > 0.0 && share <= 1.0) => Err(Error::usage(
                "the least precision must be above 0 and at most 1",
            )),
            _ => Ok(()),
        }
    }
}

/// Chooses the threshold on the validation scores; `test_rows` is what a capacity refers to.
///
/// The value lies midway between the last score classed as churned and the next one. Among
/// equal costs the highest threshold is taken.
///
/// # Errors
/// Usage if a cost, capacity or precision makes no sense; bad input if no threshold reaches
/// the precision, or there is no score.
///
/// # Panics
/// Panics if there are no as many labels as scores.
///
/// # Examples
/// ```
/// use churn_model::threshold::{ThresholdRule, choose};
///
/// let rule = ThresholdRule::Cost { false_negative: 5.0, false_positive: 1.0 };
/// let chosen = choose(rule, &[0.9, 0.3, 0.2], &[true, true, false], 3).expect("has rows");
/// assert_eq!(chosen.value, 0.25);
/// ```
pub fn choose(
    rule: ThresholdRule,
    scores: &[f64],
    labels: &[bool],
    test_rows: u64,
) -> Result<Threshold> {
    let cuts = cuts(&cells(scores, labels));
    let Some(all) = cuts.last().copied() else {
        return Err(Error::bad_input(
            "no validation scores to choose a threshold from",
        ));
    };
    rule.check()?;
    match rule {
        ThresholdRule::Half => Ok(Threshold {
            value: 0.5,
            rule: HALF.into(),
        }),
        ThresholdRule::Cost {
            false_negative,
            false_positive,
        } => Ok(by_cost(&cuts, all, false_negative, false_positive)),
        ThresholdRule::Capacity { rows } => by_capacity(&cuts, all, rows, test_rows),
        ThresholdRule::MinPrecision { share } => by_precision(&cuts, share),
    }
}

/// A place to cut: rows classed as churned from here, by label.
#[derive(Debug, Clone, Copy)]
struct Cut {
    value: f64,
    hits: u64,
    alarms: u64,
}

/// From "none is classed" to "all are", falling.
fn cuts(cells: &[ScoredCell]) -> Vec<Cut> {
    let Some(first) = cells.first() else {
        return Vec::new();
    };
    let mut cut = Cut {
        value: f64::midpoint(first.score, 1.0),
        hits: 0,
        alarms: 0,
    };
    // No score may reach the threshold that classes none.
    cut.value = cut.value.max(first.score.next_up());
    let mut cuts = vec![cut];
    for (at, cell) in cells.iter().enumerate() {
        let value = match cells.get(at + 1) {
            Some(next) => {
                let middle = f64::midpoint(cell.score, next.score);
                if middle > next.score {
                    middle
                } else {
                    cell.score
                }
            }
            None => 0.0,
        };
        cut = Cut {
            value,
            hits: cut.hits + cell.positives,
            alarms: cut.alarms + cell.negatives,
        };
        cuts.push(cut);
    }
    cuts
}

fn by_cost(cuts: &[Cut], all: Cut, missed: f64, alarm: f64) -> Threshold {
    let cost = |cut: &Cut| (all.hits - cut.hits) as f64 * missed + cut.alarms as f64 * alarm;
    // `min_by` takes the first of equals, which has the highest threshold.
    let best = cuts.iter().min_by(|a, b| cost(a).total_cmp(&cost(b)));
    let best = best.unwrap_or(&all);
    Threshold {
        value: best.value.min(1.0),
        rule: format!(
            "least cost on validation at {missed} a missed churner and {alarm} a false alarm: {}",
            cost(best)
        ),
    }
}

fn by_capacity(cuts: &[Cut], all: Cut, rows: u64, test_rows: u64) -> Result<Threshold> {
    if rows > test_rows {
        let message = format!(
            "a capacity of {rows} rows is not a limit: it is of as many rows as the test split has, \
             {test_rows}"
        );
        return Err(Error::usage(message).hint("so many of those rows as can be acted on"));
    }
    let share = (rows as f64 / test_rows as f64).min(1.0);
    let limit = share * (all.hits + all.alarms) as f64;
    let fits = |cut: &&Cut| (cut.hits + cut.alarms) as f64 <= limit;
    let best = cuts.iter().rev().find(fits).unwrap_or(&cuts[0]);
    Ok(Threshold {
        value: best.value.min(1.0),
        rule: format!(
            "capacity of {rows} in {test_rows} rows: the {:.4} % of validation with the highest \
             scores",
            share * 100.0
        ),
    })
}

fn by_precision(cuts: &[Cut], share: f64) -> Result<Threshold> {
    let precision = |cut: &Cut| cut.hits as f64 / (cut.hits + cut.alarms).max(1) as f64;
    let reaches = |cut: &&Cut| cut.hits > 0 && precision(cut) >= share;
    let Some(best) = cuts.iter().rev().find(reaches) else {
        let highest = cuts.iter().map(precision).fold(0.0, f64::max);
        return Err(Error::bad_input(format!(
            "no threshold reaches a precision of {share} on validation; the highest is \
             {highest:.4}"
        ))
        .hint("lower --min-precision, or use --cost-fn and --cost-fp"));
    };
    let recall = best.hits as f64 / cuts.last().map_or(1, |all| all.hits).max(1) as f64;
    Ok(Threshold {
        value: best.value.min(1.0),
        rule: format!(
            "precision of at least {share} on validation: {:.4} there, with recall {recall:.4}",
            precision(best)
        ),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SCORES: [f64; 8] = [0.9, 0.8, 0.8, 0.6, 0.4, 0.3, 0.2, 0.1];
    const LABELS: [bool; 8] = [true, true, false, true, false, true, false, false];

    fn chosen(rule: ThresholdRule) -> f64 {
        choose(rule, &SCORES, &LABELS, 8).expect("chooses").value
    }

    #[test]
    fn the_default_is_a_half() {
        assert_eq!(chosen(ThresholdRule::Half), 0.5);
    }

    #[test]
    fn costs_move_the_threshold() {
        // By hand: with 5 : 1 all four churners for two alarms cost 2; three churners for one
        // alarm cost 6. With 1 : 5 one churner for no alarm costs 3, none at all 4.
        let cost = |false_negative, false_positive| ThresholdRule::Cost {
            false_negative,
            false_positive,
        };
        assert_eq!(chosen(cost(5.0, 1.0)), 0.25);
        assert!((chosen(cost(1.0, 5.0)) - 0.85).abs() < 1e-12);
    }

    #[test]
    fn capacity_is_never_exceeded_by_ties() {
        let capacity = |rows| chosen(ThresholdRule::Capacity { rows });
        assert!((capacity(1) - 0.85).abs() < 1e-12);
        // Two would tear the tie at .8 apart.
        assert!((capacity(2) - 0.85).abs() < 1e-12);
        assert!((capacity(3) - 0.7).abs() < 1e-12);
        assert_eq!(capacity(8), 0.0);
        let error = choose(ThresholdRule::Capacity { rows: 800 }, &SCORES, &LABELS, 8);
        assert!(
            error
                .expect_err("no limit")
                .to_string()
                .contains("not a limit")
        );
    }

    #[test]
    fn precision_takes_the_most_churners() {
        let least = |share| choose(ThresholdRule::MinPrecision { share }, &SCORES, &LABELS, 8);
        // 3 of the 4 rows from .6 on churned, 4 of the 6 from .3 on.
        assert!((least(0.75).expect("reaches").value - 0.5).abs() < 1e-12);
        assert!((least(0.66).expect("reaches").value - 0.25).abs() < 1e-12);
        assert!((least(1.0).expect("reaches").value - 0.85).abs() < 1e-12);
        let error = choose(
            ThresholdRule::MinPrecision { share: 0.9 },
            &[0.9, 0.1],
            &[false, true],
            2,
        );
        let error = error.expect_err("cannot reach");
        assert_eq!(error.code(), churn_base::exit::ExitCode::BadInput);
        assert!(error.to_string().contains("0.5000"), "{error}");
    }

    #[test]
    fn senseless_rules_are_usage_errors() {
        for rule in [
            ThresholdRule::Cost {
                false_negative: -1.0,
                false_positive: 1.0,
            },
            ThresholdRule::Cost {
                false_negative: f64::NAN,
                false_positive: 1.0,
            },
            ThresholdRule::Cost {
                false_negative: 0.0,
                false_positive: 0.0,
            },
            ThresholdRule::Capacity { rows: 0 },
            ThresholdRule::MinPrecision { share: 0.0 },
            ThresholdRule::MinPrecision { share: 1.1 },
        ] {
            let error = choose(rule, &SCORES, &LABELS, 8).expect_err("makes no sense");
            assert_eq!(error.code(), churn_base::exit::ExitCode::Usage);
        }
        assert!(choose(ThresholdRule::Half, &[], &[], 8).is_err());
    }

    proptest! {
        #[test]
        fn no_other_cut_costs_less(
            rows in proptest::collection::vec((0_u32..20, any::<bool>()), 1..60),
            missed in 0_u32..10,
            other in 0_u32..=20,
        ) {
            let scores: Vec<f64> = rows.iter().map(|row| f64::from(row.0) / 20.0).collect();
            let labels: Vec<bool> = rows.iter().map(|row| row.1).collect();
            let cost = |threshold: f64| -> u32 {
                let one = |(score, label): (&f64, &bool)| match (*score >= threshold, *label) {
                    (true, false) => 1,
                    (false, true) => missed,
                    _ => 0,
                };
                scores.iter().zip(&labels).map(one).sum()
            };
            let rule = ThresholdRule::Cost { false_negative: missed.into(), false_positive: 1.0 };
            let chosen = choose(rule, &scores, &labels, 1).expect("chooses").value;
            prop_assert!((0.0..=1.0).contains(&chosen));
            prop_assert!(cost(chosen) <= cost(f64::from(other) / 20.0));
        }
    }
}
