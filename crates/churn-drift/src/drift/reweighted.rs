//! What scores mean among the rows of the current side, where these are other rows than the baseline's: the
//! baseline's rows are weighted until they lie as the current ones do.

use serde::{Deserialize, Serialize};

use crate::stats::estimated::{
    Calibrator, EstimatedPerformance, UnlabelledCell, WeightedCell, estimate,
};

/// Probabilities nearer to 0 or 1 count as this near: a row that the classifier is sure of would outweigh all others.
const SUREST: f64 = 0.01;
/// Rows of equal weight, as good as the weighted ones, below which nothing is refitted.
const LEAST_EFFECTIVE_ROWS: f64 = 200.0;
/// Weight of each class in the baseline below which nothing is refitted.
const LEAST_OF_A_CLASS: f64 = 20.0;

/// A row of the baseline with its label.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LabelledRow {
    /// The score, a probability in 0 to 1.
    pub score: f64,
    /// Its label is the positive one.
    pub is_positive: bool,
    /// How likely a classifier that did not learn from it takes it for one of the current side.
    pub current_probability: f64,
}

/// What a score means among the rows of the current side.
#[derive(Debug, Clone, PartialEq)]
pub struct Reweighted {
    calibrator: Calibrator,
    effective_rows: f64,
}

impl Reweighted {
    /// Fits the calibration once more, on rows of the baseline weighted by how much denser rows like them are on the
    /// current side; none if too few weigh too much.
    ///
    /// # Formula
    /// M-CBPE (Białek et al. 2024, arXiv 2401.08348): isotonic regression of labels on scores with the weights
    /// `w = p / (1 - p) nb / nc`, which is the ratio of both densities where `p` is the probability of the current side
    /// out of fold and `nb`, `nc` are the rows that the classifier learned from. The effective rows are `(sum w)^2 / sum w^2`
    /// (Kish 1965).
    #[must_use]
    pub fn fit(rows: &[LabelledRow], current_rows: usize) -> Option<Self> {
        let ratio = rows.len() as f64 / current_rows.max(1) as f64;
        let weight = |row: &LabelledRow| {
            let p = row.current_probability.clamp(SUREST, 1.0 - SUREST);
            p / (1.0 - p) * ratio
        };
        let known = rows.iter().filter(|row| (0.0..=1.0).contains(&row.score));
        let cells: Vec<WeightedCell> = known
            .map(|row| WeightedCell {
                score: row.score,
                positives: if row.is_positive { weight(row) } else { 0.0 },
                rows: weight(row),
            })
            .collect();
        let sum = |of: fn(&WeightedCell) -> f64| cells.iter().map(of).sum::<f64>();
        let all = sum(|cell| cell.rows);
        let positives = sum(|cell| cell.positives);
        let effective_rows = all * all / sum(|cell| cell.rows * cell.rows);
        let is_enough = effective_rows >= LEAST_EFFECTIVE_ROWS
            && positives.min(all - positives) >= LEAST_OF_A_CLASS;
        is_enough.then(|| Self {
            calibrator: Calibrator::weighted(cells),
            effective_rows,
        })
    }

    /// Estimates how good the scores of the current side are.
    #[must_use]
    pub fn estimate(&self, cells: &[UnlabelledCell], threshold: f64) -> ReweightedReport {
        ReweightedReport {
            effective_rows: self.effective_rows,
            current: estimate(cells, &self.calibrator, threshold),
        }
    }
}

/// How good the score is estimated to be by rows of the baseline that are weighted to lie as the current ones do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReweightedReport {
    /// Rows of equal weight that say as much as the weighted ones.
    pub effective_rows: f64,
    /// The estimates.
    pub current: EstimatedPerformance,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(score: f64, is_positive: bool, current_probability: f64) -> LabelledRow {
        LabelledRow {
            score,
            is_positive,
            current_probability,
        }
    }

    #[test]
    fn rows_count_as_often_as_the_current_side_has_their_like() {
        // At a score of .5 there are two kinds of rows: half of one churn, a tenth of the other. The current side has
        // four rows of the first kind to one of the second, the baseline as many of both.
        let rows: Vec<LabelledRow> = (0..2_000)
            .map(|at| match at % 2 {
                0 => row(0.5, at % 4 == 0, 0.8 / 1.3),
                _ => row(0.5, at % 20 == 1, 0.2 / 0.7),
            })
            .collect();
        let fitted = Reweighted::fit(&rows, 2_000).expect("rows");
        // By hand: weights 1.6 and .4; .8 of the weight churns by half, .2 by a tenth.
        let cells = [UnlabelledCell {
            score: 0.5,
            rows: 100,
        }];
        let report = fitted.estimate(&cells, 0.4);
        assert!((report.current.positives - 42.0).abs() < 1e-9, "{report:?}");
        // (1000 * 1.6 + 1000 * .4)^2 / (1000 * 1.6^2 + 1000 * .4^2)
        assert!((report.effective_rows - 4_000_000.0 / 2_720.0).abs() < 1e-6);
    }

    #[test]
    fn few_rows_that_weigh_all_are_not_asked() {
        let rows: Vec<LabelledRow> = (0..1_000)
            .map(|at| row(0.3, at % 3 == 0, if at < 30 { 0.999 } else { 0.0 }))
            .collect();
        assert_eq!(Reweighted::fit(&rows, 1_000), None);
        assert_eq!(Reweighted::fit(&[], 10), None);
    }
}
