//! How good scores are against labels: ROC AUC, average precision, log loss, Brier and the
//! figures of the confusion matrix, each with a 95 % interval.

use serde::{Deserialize, Serialize};

use super::calibration::calibration_error;
use super::cost::Costs;
pub use super::estimate::{ErrorBounds, Estimate};
use super::intervals::{self, share};
pub use super::scored::{Confusion, ScoredCell};
use super::tally::{Tally, rank};

/// How good the scores are on one data set. Figures that are undefined (one class only) are absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Performance {
    /// Rows with a score and a label.
    pub rows: u64,
    /// Rows whose label is positive.
    pub positives: u64,
    /// Area under the ROC curve.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roc_auc: Option<Estimate>,
    /// Average precision (step-wise area under the precision-recall curve).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub average_precision: Option<Estimate>,
    /// Mean negative log likelihood, nats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_loss: Option<Estimate>,
    /// Mean squared error of the probability.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brier: Option<Estimate>,
    /// Root of `brier`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rmse: Option<Estimate>,
    /// Share of rows classed rightly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<Estimate>,
    /// Share of rows classed as churned that did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precision: Option<Estimate>,
    /// Share of churned rows that were classed as churned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recall: Option<Estimate>,
    /// Share of stayed rows that were classed as stayed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub specificity: Option<Estimate>,
    /// Harmonic mean of precision and recall.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub f1: Option<Estimate>,
    /// What a row costs on average, where it is known what mistakes cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Estimate>,
    /// Matthews correlation coefficient.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mcc: Option<Estimate>,
    /// Expected calibration error, ten bins of equal width, without what chance adds to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calibration_error: Option<Estimate>,
    /// Rows by label and class.
    pub confusion: Confusion,
    /// How far figures may be off; absent where scores were counted one by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_bounds: Option<ErrorBounds>,
}

impl Performance {
    /// Says what a row costs, where mistakes cost so much.
    pub fn add_cost(&mut self, costs: Costs) {
        let Confusion {
            true_positives,
            false_positives,
            true_negatives,
            false_negatives,
        } = self.confusion;
        let rows = true_positives + false_positives + true_negatives + false_negatives;
        self.cost = costs.of_row(false_negatives as f64, false_positives as f64, rows as f64);
    }
}

/// Computes how good the scores of `cells` are, with 95 % intervals.
///
/// The cells may come in any order and repeat a score. Cells without rows and cells whose score
/// is not finite count for nothing. A row is classed as churned when its score is at least
/// `threshold`.
///
/// # Formula
/// `P` and `N` are the positive and negative rows, `n = P + N`; sums run over distinct scores
/// `s`, falling, with `p` positive and `m` negative rows each.
///
/// * ROC AUC: `sum m (P_above + p / 2) / (P N)`, ties by the trapezoid rule (Hanley, McNeil
///   1982). `roc_auc_score` of sklearn.
/// * Average precision: `sum (p / P) TP / (TP + FP)`, counts at this score and above, steps
///   without interpolation. `average_precision_score`.
/// * Log loss: `-sum (p ln s + m ln(1 - s)) / n`, `s` clipped to `[eps, 1 - eps]`, eps = 2^-52.
/// * Brier: `sum (p (1 - s)^2 + m s^2) / n`; RMSE is its root.
/// * F1: `2 TP / (2 TP + FP + FN)`.
/// * MCC: `(TP TN - FP FN) / sqrt((TP + FP) (TP + FN) (TN + FP) (TN + FN))` (Matthews 1975).
/// * Calibration error: over ten bins of equal width, the last one closed, less its bias; it is 0
///   where the gaps between scores and labels are no larger than chance alone makes them.
///
/// Intervals are in closed form; docs/statistics.md has their formulas and how often they hold
/// the truth.
///
/// # Undefined figures
/// Absent, and never 0: all without rows; ROC AUC, average precision and MCC if a class is
/// missing; precision if no row is classed as churned, recall without positives, specificity
/// without negatives, F1 if there are neither positives nor rows classed as positive; MCC also if all
/// rows are classed alike.
///
/// # Examples
/// ```
/// use churn_drift::stats::classification::{ScoredCell, performance};
///
/// let cells = [
///     ScoredCell { score: 0.9, positives: 3, negatives: 1 },
///     ScoredCell { score: 0.2, positives: 1, negatives: 5 },
/// ];
/// let figures = performance(&cells, 0.5);
/// assert_eq!(figures.confusion.true_positives, 3);
/// assert!(figures.roc_auc.is_some_and(|auc| auc.low <= auc.value && auc.value <= auc.high));
/// ```
#[must_use]
pub fn performance(cells: &[ScoredCell], threshold: f64) -> Performance {
    let ranked = rank(cells);
    let tally = Tally::of(&ranked, threshold);
    let confusion = tally.confusion();
    let labels = (tally.positives, tally.negatives);
    let rarer = tally.positives.min(tally.negatives);
    let [tp, fp, tn] = [
        confusion.true_positives,
        confusion.false_positives,
        confusion.true_negatives,
    ]
    .map(|count| count as f64);
    let brier = tally.brier.mean(rarer);
    Performance {
        rows: ranked
            .iter()
            .map(|cell| cell.positives + cell.negatives)
            .sum(),
        positives: ranked.iter().map(|cell| cell.positives).sum(),
        roc_auc: tally
            .roc_auc()
            .map(|area| intervals::roc_auc(area, &ranked, labels)),
        average_precision: tally
            .average_precision()
            .map(|precision| intervals::average_precision(precision, &ranked, labels)),
        log_loss: tally.log_loss.mean(rarer),
        brier,
        rmse: brier.map(intervals::root),
        accuracy: share(tp + tn, tally.positives + tally.negatives),
        precision: share(tp, tp + fp),
        recall: share(tp, tally.positives),
        specificity: share(tn, tally.negatives),
        f1: intervals::f1(&confusion),
        cost: None,
        mcc: intervals::matthews(&confusion),
        calibration_error: calibration_error(&tally.calibration),
        confusion,
        error_bounds: None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn cell(score: f64, positives: u64, negatives: u64) -> ScoredCell {
        ScoredCell {
            score,
            positives,
            negatives,
        }
    }

    /// Unsorted, with ties, both ends of the range, and one score twice.
    const CELLS: [ScoredCell; 10] = [
        cell(0.9, 5, 1),
        cell(0.8, 3, 0),
        cell(0.7, 4, 2),
        cell(0.5, 2, 3),
        cell(0.4, 1, 4),
        cell(0.25, 0, 6),
        cell(0.1, 1, 5),
        cell(0.0, 0, 2),
        cell(1.0, 2, 1),
        cell(0.1, 0, 4),
    ];

    fn assert_close(figure: Option<Estimate>, expected: f64) {
        let value = figure.expect("is defined").value;
        assert!((value - expected).abs() < 1e-12, "{value} != {expected}");
    }

    #[test]
    fn gives_the_figures_of_sklearn() {
        // scikit-learn 1.9.1, one row a unit of CELLS: roc_auc_score(y, s),
        // average_precision_score(y, s), log_loss(y, s), brier_score_loss(y, s)
        let figures = performance(&CELLS, 0.5);
        assert_close(figures.roc_auc, 0.865079365079365);
        assert_close(figures.average_precision, 0.7356039692996216);
        assert_close(figures.log_loss, 1.190855834719843);
        assert_close(figures.brier, 0.14880434782608698);
        assert_close(figures.rmse, 0.38575166600558836);
        // (s >= 0.5): accuracy_score, precision_score, recall_score,
        // recall_score(pos_label=0), f1_score, matthews_corrcoef, confusion_matrix
        assert_close(figures.accuracy, 0.8043478260869565);
        assert_close(figures.precision, 0.6956521739130435);
        assert_close(figures.recall, 0.8888888888888888);
        assert_close(figures.specificity, 0.75);
        assert_close(figures.f1, 0.7804878048780488);
        assert_close(figures.mcc, 0.6236095644623236);
        assert_eq!(
            figures.confusion,
            Confusion {
                true_positives: 16,
                false_positives: 7,
                true_negatives: 21,
                false_negatives: 2,
            }
        );
    }

    #[test]
    fn classes_by_the_threshold_included() {
        // scikit-learn 1.9.1: the same with (s >= 0.7): confusion_matrix(y, c).ravel()
        let at = performance(&CELLS, 0.7).confusion;
        let above = performance(&CELLS, 0.700_001).confusion;
        assert_eq!((at.true_positives, at.false_positives), (14, 4));
        assert_eq!((above.true_positives, above.false_positives), (10, 2));
    }

    #[test]
    fn leaves_out_what_is_undefined() {
        let nothing = performance(&[], 0.5);
        assert_eq!((nothing.rows, nothing.log_loss), (0, None));

        let one_class = performance(&[cell(0.3, 0, 10)], 0.5);
        assert_eq!(one_class.roc_auc, None);
        assert_eq!(one_class.average_precision, None);
        assert_eq!(one_class.precision, None);
        assert_eq!(one_class.recall, None);
        assert_eq!(one_class.f1, None);
        assert_eq!(one_class.mcc, None);
        assert_close(one_class.specificity, 1.0);
        assert_close(one_class.brier, 0.09);

        let none_classed = performance(&[cell(0.3, 2, 10), cell(0.1, 1, 9)], 0.5);
        assert_eq!(none_classed.precision, None);
        assert_eq!(none_classed.mcc, None);
        assert_close(none_classed.f1, 0.0);
    }

    #[test]
    fn scores_that_are_not_finite_count_for_nothing() {
        let mut cells = CELLS.to_vec();
        cells.push(cell(f64::NAN, 7, 7));
        cells.push(cell(f64::INFINITY, 7, 7));
        assert_eq!(performance(&cells, 0.5), performance(&CELLS, 0.5));
    }

    #[test]
    fn the_interval_has_the_width_that_theory_gives() {
        // 400 rows, 300 of them classed rightly: standard error sqrt(.75 x .25 / 400).
        let cells = [cell(0.9, 150, 50), cell(0.1, 50, 150)];
        let accuracy = performance(&cells, 0.5).accuracy.expect("is defined");
        let expected = 2.0 * 1.959_964 * (0.75_f64 * 0.25 / 400.0).sqrt();
        let width = accuracy.high - accuracy.low;
        assert!(
            (width / expected - 1.0).abs() < 0.1,
            "{width} and {expected}"
        );
    }

    fn some_cells() -> impl Strategy<Value = Vec<ScoredCell>> {
        let one = (0_u32..=50, 0_u64..20, 0_u64..20);
        let one = one.prop_map(|(score, p, n)| cell(f64::from(score) / 50.0, p, n));
        proptest::collection::vec(one, 0..30)
    }

    proptest! {
        #[test]
        fn auc_is_a_share(cells in some_cells()) {
            if let Some(auc) = performance(&cells, 0.5).roc_auc {
                prop_assert!((0.0..=1.0).contains(&auc.value));
                prop_assert!((0.0..=1.0).contains(&auc.low) && (0.0..=1.0).contains(&auc.high));
            }
        }

        #[test]
        fn splitting_cells_changes_nothing(cells in some_cells()) {
            let split: Vec<ScoredCell> = cells
                .iter()
                .flat_map(|c| [cell(c.score, c.positives, 0), cell(c.score, 0, c.negatives)])
                .rev()
                .collect();
            prop_assert_eq!(performance(&cells, 0.5), performance(&split, 0.5));
        }

        #[test]
        fn auc_mirrors_when_labels_flip(cells in some_cells()) {
            let flipped: Vec<ScoredCell> =
                cells.iter().map(|c| cell(c.score, c.negatives, c.positives)).collect();
            let auc = performance(&cells, 0.5).roc_auc.map(|auc| auc.value);
            let mirror = performance(&flipped, 0.5).roc_auc.map(|auc| 1.0 - auc.value);
            match (auc, mirror) {
                (Some(auc), Some(mirror)) => prop_assert!((auc - mirror).abs() < 1e-12),
                (auc, mirror) => prop_assert_eq!(auc, mirror),
            }
        }
    }
}
