//! What needs no model: the prior, and each column alone. Columns too good to be true are
//! named as leakage suspects.

use churn_drift::stats::classification::{Estimate, Performance};

use super::artifact::TrivialBaseline;
use super::evaluate::figures;
use super::frame::{Column, Frame, MISSING_CODE};
use super::sigmoid::sigmoid;

/// ROC AUC of a single column above which it is a leakage suspect.
pub const SUSPECT_ROC_AUC: f64 = 0.98;

/// Train rows that a column's fit looks at, at most, evenly spread.
const FITTED_ROWS: usize = 50_000;

/// Pseudo-rows with the prior that each category's share of positives is smoothed by.
const SMOOTHING: f64 = 10.0;

/// What the columns are worth alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Trivial {
    /// The prior, then the column with the highest ROC AUC, if there is any column.
    pub baselines: Vec<TrivialBaseline>,
    /// Columns with a ROC AUC above .98, with it: these may be the label in disguise.
    pub suspects: Vec<(String, f64)>,
}

/// Fits the prior and each of `columns` (positions in `frame`) on the `train` rows, and
/// measures them on the `test` rows.
///
/// # Formula
/// A number: logistic regression on the standardised value and an indicator of missing (Newton
/// with a penalty of 1e-6). A category: `(positives + 10 prior) / (rows + 10)` of its train
/// rows; one that train has not gets the prior. ROC AUC counts in either direction:
/// `max(a, 1 - a)`.
///
/// # Panics
/// Panics if a row or a column is not in `frame`.
#[must_use]
pub fn trivial(
    frame: &Frame,
    columns: &[usize],
    label: &[bool],
    train: &[u32],
    test: &[u32],
) -> Trivial {
    let outcome: Vec<bool> = test.iter().map(|row| label[*row as usize]).collect();
    let prior = prior_score(label, train);
    let mut best: Option<TrivialBaseline> = None;
    let mut suspects = Vec::new();
    for &at in columns {
        let scores = column_scores(&frame.columns[at], label, train, test);
        let baseline = baseline(&frame.names[at], &figures(&scores, &outcome));
        if baseline.roc_auc > SUSPECT_ROC_AUC {
            suspects.push((baseline.name.clone(), baseline.roc_auc));
        }
        if best
            .as_ref()
            .is_none_or(|best| baseline.roc_auc > best.roc_auc)
        {
            best = Some(baseline);
        }
    }
    let prior = figures(&vec![prior; test.len()], &outcome);
    Trivial {
        baselines: [baseline("prior", &prior)]
            .into_iter()
            .chain(best)
            .collect(),
        suspects,
    }
}

/// Returns the scores of the `test` rows by one column alone, fitted on the `train` rows as
/// [`trivial`] does.
///
/// # Panics
/// Panics if a row is not in the column.
#[must_use]
pub fn column_scores(column: &Column, label: &[bool], train: &[u32], test: &[u32]) -> Vec<f64> {
    match column {
        Column::Numbers(values) => {
            let step = train.len().div_ceil(FITTED_ROWS).max(1);
            let fitted: Vec<u32> = train.iter().copied().step_by(step).collect();
            number_scores(values, label, &fitted, test)
        }
        Column::Categories { codes, levels } => {
            let prior = prior_score(label, train);
            category_scores(codes, levels.len(), label, train, test, prior)
        }
    }
}

/// Returns the share of churners among the `train` rows, never 0 or 1: the score of every row for
/// who knows no column.
///
/// # Panics
/// Panics if a row has no label.
#[must_use]
pub fn prior_score(label: &[bool], train: &[u32]) -> f64 {
    let positives = train.iter().filter(|row| label[**row as usize]).count();
    (positives as f64 + 0.5) / (train.len() as f64 + 1.0)
}

fn baseline(name: &str, performance: &Performance) -> TrivialBaseline {
    let value = |figure: Option<Estimate>| figure.map_or(0.0, |figure| figure.value);
    let roc_auc = performance.roc_auc.map_or(0.5, |auc| auc.value);
    TrivialBaseline {
        name: name.to_owned(),
        roc_auc: roc_auc.max(1.0 - roc_auc),
        average_precision: value(performance.average_precision),
        log_loss: value(performance.log_loss),
    }
}

fn number_scores(values: &[f64], label: &[bool], train: &[u32], test: &[u32]) -> Vec<f64> {
    let present = train.iter().map(|row| values[*row as usize]);
    let present: Vec<f64> = present.filter(|value| value.is_finite()).collect();
    let count = (present.len() as f64).max(1.0);
    // Halved before they are summed: the mean of huge numbers must stay finite.
    let mean = present.iter().map(|value| value / count).sum::<f64>();
    let squares = present
        .iter()
        .map(|value| ((value - mean) / count.sqrt()).powi(2));
    let scale = squares.sum::<f64>().sqrt();
    let usable = scale > 0.0 && scale.is_finite();
    let inputs = |row: u32| {
        let value = values[row as usize];
        if value.is_finite() {
            [
                1.0,
                if usable {
                    ((value - mean) / scale).clamp(-30.0, 30.0)
                } else {
                    0.0
                },
                0.0,
            ]
        } else {
            [1.0, 0.0, 1.0]
        }
    };
    let rows: Vec<([f64; 3], bool)> = train
        .iter()
        .map(|row| (inputs(*row), label[*row as usize]))
        .collect();
    let weights = logistic(&rows);
    let score = |row: &u32| {
        let inputs = inputs(*row);
        sigmoid(weights.iter().zip(inputs).map(|(w, x)| w * x).sum())
    };
    test.iter().map(score).collect()
}

fn category_scores(
    codes: &[u32],
    levels: usize,
    label: &[bool],
    train: &[u32],
    test: &[u32],
    prior: f64,
) -> Vec<f64> {
    let place = |row: u32| match codes[row as usize] {
        MISSING_CODE => levels,
        code => code as usize,
    };
    let mut counts = vec![(0.0, 0.0); levels + 1];
    for &row in train {
        let count = &mut counts[place(row)];
        count.0 += f64::from(u8::from(label[row as usize]));
        count.1 += 1.0;
    }
    let score = |row: &u32| {
        let (positives, rows) = counts[place(*row)];
        (positives + SMOOTHING * prior) / (rows + SMOOTHING)
    };
    test.iter().map(score).collect()
}

/// Newton's method for three weights; steps are halved until the loss falls.
fn logistic(rows: &[([f64; 3], bool)]) -> [f64; 3] {
    const PENALTY: f64 = 1e-6;
    let loss = |weights: &[f64; 3]| -> f64 {
        let one = |(inputs, positive): &([f64; 3], bool)| {
            let z = dot(weights, inputs);
            softplus(if *positive { -z } else { z })
        };
        let penalty = weights.iter().map(|w| w * w).sum::<f64>() * PENALTY / 2.0;
        rows.iter().map(one).sum::<f64>() / rows.len().max(1) as f64 + penalty
    };
    let mut weights = [0.0; 3];
    let mut current = loss(&weights);
    for _ in 0..25 {
        let mut gradient = weights.map(|w| PENALTY * w);
        let mut hessian = [[0.0; 3]; 3];
        for (at, row) in hessian.iter_mut().enumerate() {
            row[at] = PENALTY;
        }
        let share = 1.0 / rows.len().max(1) as f64;
        for (inputs, positive) in rows {
            let p = sigmoid(dot(&weights, inputs));
            let residual = (p - f64::from(u8::from(*positive))) * share;
            let weight = p * (1.0 - p) * share;
            for i in 0..3 {
                gradient[i] += residual * inputs[i];
                for j in 0..3 {
                    hessian[i][j] += weight * inputs[i] * inputs[j];
                }
            }
        }
        let Some(step) = solve(hessian, gradient) else {
            break;
        };
        let mut size = 1.0;
        let next = loop {
            let trial: [f64; 3] = std::array::from_fn(|i| weights[i] - size * step[i]);
            let trial_loss = loss(&trial);
            if trial_loss <= current {
                break Some((trial, trial_loss));
            }
            size /= 2.0;
            if size < 1e-6 {
                break None;
            }
        };
        let Some((trial, trial_loss)) = next else {
            break;
        };
        let gain = current - trial_loss;
        (weights, current) = (trial, trial_loss);
        if gain < 1e-12 {
            break;
        }
    }
    weights
}

fn dot(weights: &[f64; 3], inputs: &[f64; 3]) -> f64 {
    weights.iter().zip(inputs).map(|(w, x)| w * x).sum()
}

fn softplus(z: f64) -> f64 {
    z.max(0.0) + (-z.abs()).exp().ln_1p()
}

/// Gauss's elimination of a positive definite system.
fn solve(mut matrix: [[f64; 3]; 3], mut right: [f64; 3]) -> Option<[f64; 3]> {
    for pivot in 0..3 {
        if matrix[pivot][pivot] <= 0.0 || !matrix[pivot][pivot].is_finite() {
            return None;
        }
        for row in pivot + 1..3 {
            let factor = matrix[row][pivot] / matrix[pivot][pivot];
            let above = matrix[pivot];
            for (cell, upper) in matrix[row].iter_mut().zip(above).skip(pivot) {
                *cell -= factor * upper;
            }
            right[row] -= factor * right[pivot];
        }
    }
    let mut solution = [0.0; 3];
    for row in (0..3).rev() {
        let known: f64 = (row + 1..3).map(|at| matrix[row][at] * solution[at]).sum();
        solution[row] = (right[row] - known) / matrix[row][row];
    }
    Some(solution)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(count: u32) -> Vec<u32> {
        (0..count).collect()
    }

    fn frame(columns: Vec<(&str, Column)>) -> Frame {
        let (names, columns): (Vec<String>, Vec<Column>) = columns
            .into_iter()
            .map(|(name, column)| (name.to_owned(), column))
            .unzip();
        let rows = match &columns[0] {
            Column::Numbers(values) => values.len(),
            Column::Categories { codes, .. } => codes.len(),
        };
        Frame {
            rows,
            names,
            columns,
        }
    }

    #[test]
    fn one_variable_fit_is_that_of_sklearn() {
        let x = [0.5, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5];
        let label = [false, false, true, false, true, false, true, true];
        let frame = frame(vec![("x", Column::Numbers(x.to_vec()))]);
        let found = trivial(&frame, &[0], &label, &rows(8), &rows(8));
        // scikit-learn 1.9.1: m = LogisticRegression(C=1e6, tol=1e-10).fit(x, y);
        // log_loss(y, m.predict_proba(x)[:, 1]) = 0.5215017259034127,
        // roc_auc_score(y, x) = 0.8125
        let column = &found.baselines[1];
        assert_eq!(column.name, "x");
        assert!(
            (column.log_loss - 0.521_501_725_903).abs() < 1e-5,
            "{}",
            column.log_loss
        );
        assert!(
            (column.roc_auc - 0.8125).abs() < 1e-12,
            "{}",
            column.roc_auc
        );
    }

    #[test]
    fn the_prior_is_first_and_knows_nothing() {
        let label: Vec<bool> = (0..100).map(|row| row % 4 == 0).collect();
        let frame = frame(vec![("x", Column::Numbers(vec![1.0; 100]))]);
        let found = trivial(&frame, &[0], &label, &rows(100), &rows(100));
        let prior = &found.baselines[0];
        assert_eq!((prior.name.as_str(), prior.roc_auc), ("prior", 0.5));
        assert!((prior.average_precision - 0.25).abs() < 1e-12);
        // Entropy of .25 in nats, next to which a half pseudo-row does not count.
        assert!((prior.log_loss - 0.562_335).abs() < 1e-4);
        assert!((found.baselines[1].log_loss - 0.562_335).abs() < 1e-4);
        assert!(found.suspects.is_empty());
    }

    #[test]
    fn leaks_are_named_whatever_their_kind_and_direction() {
        let label: Vec<bool> = (0..200).map(|row| row % 3 == 0).collect();
        let falling = label.iter().map(|l| if *l { -1.0 } else { 5.0 }).collect();
        let missing = label
            .iter()
            .map(|l| if *l { f64::NAN } else { 1.0 })
            .collect();
        let codes = label
            .iter()
            .map(|l| if *l { MISSING_CODE } else { 0 })
            .collect();
        let noise = (0_u32..200).map(|row| f64::from(row * 7 % 11)).collect();
        let frame = frame(vec![
            ("noise", Column::Numbers(noise)),
            ("falling", Column::Numbers(falling)),
            ("missing", Column::Numbers(missing)),
            (
                "level",
                Column::Categories {
                    codes,
                    levels: vec!["a".into()],
                },
            ),
        ]);
        let found = trivial(
            &frame,
            &[0, 1, 2, 3],
            &label,
            &rows(150),
            &(150..200).collect::<Vec<_>>(),
        );
        let names: Vec<&str> = found
            .suspects
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(names, ["falling", "missing", "level"]);
    }

    #[test]
    fn an_identifier_learns_nothing_for_other_rows() {
        let label: Vec<bool> = (0..400).map(|row| row % 2 == 0).collect();
        let levels = (0..400).map(|row| format!("u{row:03}")).collect();
        let frame = frame(vec![(
            "id",
            Column::Categories {
                codes: rows(400),
                levels,
            },
        )]);
        let found = trivial(
            &frame,
            &[0],
            &label,
            &rows(300),
            &(300..400).collect::<Vec<_>>(),
        );
        assert!((found.baselines[1].roc_auc - 0.5).abs() < 1e-12);
    }

    #[test]
    fn extreme_numbers_stay_finite() {
        let label: Vec<bool> = (0..40).map(|row| row % 3 == 0).collect();
        let huge = (0..40).map(|row| if row % 2 == 0 { f64::MAX } else { -f64::MAX });
        let odd = (0..40).map(|row| if row % 5 == 0 { f64::INFINITY } else { 1e-310 });
        let frame = frame(vec![
            ("huge", Column::Numbers(huge.collect())),
            ("odd", Column::Numbers(odd.collect())),
            ("none", Column::Numbers(vec![f64::NAN; 40])),
        ]);
        let found = trivial(&frame, &[0, 1, 2], &label, &rows(40), &rows(40));
        assert!(
            found
                .baselines
                .iter()
                .all(|one| one.log_loss.is_finite() && one.log_loss < 1.0)
        );
    }
}
