//! How good scores are on rows whose labels are not known yet, from what the scores meant on rows whose
//! labels are: confidence-based performance estimation.

use serde::{Deserialize, Serialize};

use super::cost::Costs;
use super::estimate::Estimate;
use super::intervals::Z;
use super::scored::ScoredCell;
use super::tally::CLIP;

/// Rows with one score whose labels are not known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UnlabelledCell {
    /// The score, a probability in 0 to 1.
    pub score: f64,
    /// Rows with this score.
    pub rows: u64,
}

/// Rows with one score whose labels are known, each of which counts as much as it weighs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WeightedCell {
    /// The score, a probability in 0 to 1.
    pub score: f64,
    /// Weight of the positive rows.
    pub positives: f64,
    /// Weight of all rows.
    pub rows: f64,
}

/// What a score means: the probability of a positive label that reference rows with about this score had.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibrator {
    /// Scores, rising, and their probabilities; between two the probability is interpolated. None: a
    /// score is its probability.
    knots: Vec<(f64, f64)>,
}

impl Calibrator {
    /// Takes scores for the probabilities that they claim to be.
    #[must_use]
    pub const fn trusting() -> Self {
        Self { knots: Vec::new() }
    }

    /// Fits the rising step function that is nearest to the labels by squares (pool adjacent violators,
    /// Ayer et al. 1955), interpolated between its steps. `IsotonicRegression(out_of_bounds="clip")` of
    /// sklearn. Without labelled rows it trusts.
    #[must_use]
    pub fn isotonic(reference: &[ScoredCell]) -> Self {
        let cells = reference.iter().map(|cell| WeightedCell {
            score: cell.score,
            positives: cell.positives as f64,
            rows: (cell.positives + cell.negatives) as f64,
        });
        Self::weighted(cells.collect())
    }

    /// As [`Calibrator::isotonic`], of rows that count more or less than one.
    #[must_use]
    pub fn weighted(mut cells: Vec<WeightedCell>) -> Self {
        struct Block {
            first: f64,
            last: f64,
            positives: f64,
            rows: f64,
        }
        cells.retain(|cell| cell.score.is_finite() && cell.rows > 0.0);
        cells.sort_by(|a, b| a.score.total_cmp(&b.score));
        let mut blocks: Vec<Block> = Vec::new();
        for cell in cells {
            let mut block = Block {
                first: cell.score,
                last: cell.score,
                positives: cell.positives,
                rows: cell.rows,
            };
            // Rows of one score are one step, however their labels lie.
            while let Some(before) = blocks.pop_if(|before| {
                before.last == block.first
                    || before.positives * block.rows >= block.positives * before.rows
            }) {
                block.first = before.first;
                block.positives += before.positives;
                block.rows += before.rows;
            }
            blocks.push(block);
        }
        let knots = blocks.iter().flat_map(|block| {
            let probability = block.positives / block.rows;
            [(block.first, probability), (block.last, probability)]
        });
        let mut knots: Vec<(f64, f64)> = knots.collect();
        knots.dedup();
        Self { knots }
    }

    /// Returns whether it takes scores for what they claim to be.
    #[must_use]
    pub const fn is_trusting(&self) -> bool {
        self.knots.is_empty()
    }

    /// Returns the probability of a positive label at a score. Beyond the scores of the reference it is
    /// that of the nearest.
    #[must_use]
    pub fn probability(&self, score: f64) -> f64 {
        let above = self.knots.partition_point(|(knot, _)| *knot <= score);
        match (self.knots.get(above.wrapping_sub(1)), self.knots.get(above)) {
            (Some((low, from)), Some((high, to))) => {
                from + (to - from) * ((score - low) / (high - low))
            }
            (Some((_, probability)), None) | (None, Some((_, probability))) => *probability,
            (None, None) => score,
        }
    }
}

/// How good scores are estimated to be. Figures that are undefined are absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EstimatedPerformance {
    /// Rows with a score.
    pub rows: u64,
    /// Rows whose label is expected to be positive.
    pub positives: f64,
    /// Area under the ROC curve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roc_auc: Option<Estimate>,
    /// Average precision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average_precision: Option<Estimate>,
    /// Mean negative log likelihood of the scores, nats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_loss: Option<Estimate>,
    /// Mean squared error of the scores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brier: Option<Estimate>,
    /// Share of rows classed rightly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<Estimate>,
    /// Share of rows classed as churned that will.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<Estimate>,
    /// Share of churning rows that are classed as churning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recall: Option<Estimate>,
    /// Share of staying rows that are classed as staying.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub specificity: Option<Estimate>,
    /// Harmonic mean of precision and recall.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub f1: Option<Estimate>,
    /// What a row costs on average, where it is known what mistakes cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Estimate>,
    /// The confusion matrix in expected rows.
    pub confusion: ExpectedConfusion,
}

impl EstimatedPerformance {
    /// Says what a row is expected to cost, where mistakes cost so much.
    pub fn add_cost(&mut self, costs: Costs) {
        let ExpectedConfusion {
            false_positives,
            false_negatives,
            ..
        } = self.confusion;
        self.cost = costs.of_row(false_negatives, false_positives, self.rows as f64);
    }
}

/// Expected rows by label and class.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedConfusion {
    /// Will churn, and classed as churned.
    pub true_positives: f64,
    /// Will stay, but classed as churned.
    pub false_positives: f64,
    /// Will stay, and classed as stayed.
    pub true_negatives: f64,
    /// Will churn, but classed as stayed.
    pub false_negatives: f64,
}

/// Estimates how good the scores of `cells` are, each of which means what `calibrator` says.
///
/// # Formula
/// With `c` the calibrated probability of a score `s` that `k` of `n` rows have, sums over distinct scores,
/// falling; a row counts as `c` positive and `1 - c` negative rows:
///
/// * Confusion matrix: `TP = sum k c` and `FP = sum k (1 - c)` over `s >= threshold`, `FN` and `TN` over the
///   others. Precision, recall, specificity, accuracy, F1 are those of the expected counts.
/// * ROC AUC: the area under the curve through the expected rates, ties by the trapezoid rule.
/// * Average precision: steps without interpolation, `sum (k c / P) TP / (TP + FP)`.
/// * Log loss: `-sum k (c ln s + (1 - c) ln(1 - s)) / n`; Brier: `sum k (c (1 - s)^2 + (1 - c) s^2) / n`. With
///   scores that are not calibrated both are those of the scores as they are.
///
/// They are CBPE's estimates (Białek et al., NannyML 0.13): right as long as a score still means what it
/// meant on the reference rows, which drift of the features alone does not change and a change of their
/// relation to the label does.
///
/// # Intervals
/// 95 %, for what sampling of the labels of so many rows adds: with `e` the standard error of the figure's
/// mean over its rows, `value ± 1.96 e`. Shares by `sqrt(p (1 - p) / m)` over the `m` expected rows that the
/// share is of; log loss and Brier by the variance of the labels, `sum k c (1 - c) d^2 / n^2` with `d` the
/// difference of the two losses; ROC AUC by Hanley and McNeil (1982), average precision by `sqrt(a (1 - a) /
/// P)`.
///
/// # Examples
/// ```
/// use churn_drift::stats::classification::ScoredCell;
/// use churn_drift::stats::estimated::{Calibrator, UnlabelledCell, estimate};
///
/// let reference = [
///     ScoredCell { score: 0.9, positives: 30, negatives: 10 },
///     ScoredCell { score: 0.2, positives: 10, negatives: 50 },
/// ];
/// let calibrator = Calibrator::isotonic(&reference);
/// assert_eq!(calibrator.probability(0.9), 0.75);
/// let today = [UnlabelledCell { score: 0.9, rows: 4 }, UnlabelledCell { score: 0.2, rows: 6 }];
/// let figures = estimate(&today, &calibrator, 0.5);
/// assert_eq!(figures.confusion.true_positives, 3.0);
/// ```
#[must_use]
pub fn estimate(
    cells: &[UnlabelledCell],
    calibrator: &Calibrator,
    threshold: f64,
) -> EstimatedPerformance {
    let mut falling: Vec<UnlabelledCell> = cells
        .iter()
        .copied()
        .filter(|cell| cell.rows > 0 && cell.score.is_finite())
        .collect();
    falling.sort_by(|a, b| b.score.total_cmp(&a.score));
    let sums = Sums::of(&falling, calibrator, threshold);
    let ExpectedConfusion {
        true_positives: tp,
        false_positives: fp,
        true_negatives: tn,
        false_negatives: fn_,
    } = sums.confusion;
    let (positives, negatives) = (tp + fn_, tn + fp);
    let rows = positives + negatives;
    EstimatedPerformance {
        rows: falling.iter().map(|cell| cell.rows).sum(),
        positives,
        roc_auc: ratio(sums.area, positives * negatives)
            .map(|area| within(area, hanley_mcneil(area, positives, negatives), 1.0)),
        average_precision: ratio(sums.precision_steps, positives)
            .map(|average| within(average, (average * (1.0 - average) / positives).sqrt(), 1.0)),
        log_loss: sums.log_loss.mean(rows, f64::MAX),
        brier: sums.brier.mean(rows, 1.0),
        accuracy: share(tp + tn, rows),
        precision: share(tp, tp + fp),
        recall: share(tp, positives),
        specificity: share(tn, negatives),
        f1: ratio(2.0 * tp, 2.0 * tp + fp + fn_).map(|f1| within(f1, f1_error(tp, fp + fn_), 1.0)),
        cost: None,
        confusion: sums.confusion,
    }
}

/// What the figures are made of.
#[derive(Debug, Default)]
struct Sums {
    confusion: ExpectedConfusion,
    /// Area under the curve of expected counts.
    area: f64,
    precision_steps: f64,
    log_loss: Loss,
    brier: Loss,
}

impl Sums {
    fn of(falling: &[UnlabelledCell], calibrator: &Calibrator, threshold: f64) -> Self {
        let mut sums = Self::default();
        let (mut above_positive, mut above_negative) = (0.0, 0.0);
        for cell in falling.chunk_by(|a, b| a.score == b.score) {
            let score = cell[0].score;
            let rows: u64 = cell.iter().map(|part| part.rows).sum();
            let rows = rows as f64;
            let probability = calibrator.probability(score).clamp(0.0, 1.0);
            let (positive, negative) = (rows * probability, rows * (1.0 - probability));
            let confusion = &mut sums.confusion;
            if score >= threshold {
                confusion.true_positives += positive;
                confusion.false_positives += negative;
            } else {
                confusion.false_negatives += positive;
                confusion.true_negatives += negative;
            }
            sums.area += negative * (above_positive + positive / 2.0);
            above_positive += positive;
            above_negative += negative;
            sums.precision_steps += positive * above_positive / (above_positive + above_negative);
            let clipped = score.clamp(CLIP, 1.0 - CLIP);
            let losses = (-clipped.ln(), -(1.0 - clipped).ln());
            sums.log_loss.add(rows, probability, losses);
            let losses = ((1.0 - score) * (1.0 - score), score * score);
            sums.brier.add(rows, probability, losses);
        }
        sums
    }
}

/// A loss summed over rows, and the variance that their unknown labels add.
#[derive(Debug, Default)]
struct Loss {
    sum: f64,
    variance: f64,
}

impl Loss {
    /// Adds rows that lose this much if they are positive, and if they are negative.
    fn add(&mut self, rows: f64, probability: f64, (positive, negative): (f64, f64)) {
        self.sum += rows * (probability * positive + (1.0 - probability) * negative);
        let difference = positive - negative;
        self.variance += rows * probability * (1.0 - probability) * difference * difference;
    }

    fn mean(&self, rows: f64, most: f64) -> Option<Estimate> {
        let error = self.variance.sqrt() / rows;
        ratio(self.sum, rows).map(|mean| within(mean, error, most))
    }
}

fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

fn share(part: f64, whole: f64) -> Option<Estimate> {
    ratio(part, whole)
        .map(|share| within(share, (share * (1.0 - share) / whole).max(0.0).sqrt(), 1.0))
}

/// Returns a figure with its interval.
fn within(value: f64, error: f64, most: f64) -> Estimate {
    Estimate {
        value,
        low: (value - Z * error).max(0.0),
        high: (value + Z * error).min(most),
    }
}

/// The standard error of the area under a ROC curve of so many rows of each class (Hanley, McNeil 1982).
fn hanley_mcneil(area: f64, positives: f64, negatives: f64) -> f64 {
    let two_positives = area / (2.0 - area);
    let two_negatives = 2.0 * area * area / (1.0 + area);
    let square = area * area;
    let variance = area * (1.0 - area)
        + (positives - 1.0).max(0.0) * (two_positives - square)
        + (negatives - 1.0).max(0.0) * (two_negatives - square);
    (variance.max(0.0) / (positives * negatives)).sqrt()
}

/// The standard error of F1 as a mean over the rows that it counts: a right one counts `r / (r + w / 2)`
/// times for `r` right and `w` wrong ones, a wrong one nothing.
fn f1_error(right: f64, wrong: f64) -> f64 {
    let counted = right + wrong;
    if counted <= 0.0 {
        return 0.0;
    }
    let weight = counted / (right + wrong / 2.0);
    let share = right / counted;
    weight * (share * (1.0 - share) / counted).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFERENCE: [(f64, u64, u64); 12] = [
        (0.04, 2, 74),
        (0.12, 2, 55),
        (0.2, 3, 67),
        (0.28, 4, 29),
        (0.36, 13, 61),
        (0.44, 6, 14),
        (0.52, 6, 21),
        (0.6, 17, 31),
        (0.68, 34, 29),
        (0.76, 22, 13),
        (0.84, 33, 21),
        (0.92, 49, 4),
    ];
    const CURRENT: [(f64, u64); 20] = [
        (0.01, 28),
        (0.059, 25),
        (0.108, 14),
        (0.157, 39),
        (0.206, 19),
        (0.255, 9),
        (0.304, 33),
        (0.353, 7),
        (0.402, 34),
        (0.451, 24),
        (0.5, 5),
        (0.549, 2),
        (0.598, 18),
        (0.647, 2),
        (0.696, 6),
        (0.745, 21),
        (0.794, 38),
        (0.843, 19),
        (0.892, 32),
        (0.941, 36),
    ];

    fn reference() -> Vec<ScoredCell> {
        let cell = |&(score, positives, negatives)| ScoredCell {
            score,
            positives,
            negatives,
        };
        REFERENCE.iter().map(cell).collect()
    }

    fn current() -> Vec<UnlabelledCell> {
        let cells = CURRENT.iter();
        cells
            .map(|&(score, rows)| UnlabelledCell { score, rows })
            .collect()
    }

    #[track_caller]
    fn close(value: f64, expected: f64, tolerance: f64) {
        assert!((value - expected).abs() < tolerance, "{value} {expected}");
    }

    /// sklearn 1.x: `IsotonicRegression(out_of_bounds="clip").fit(X, y).predict(scores)`, rows repeated by count.
    #[test]
    fn calibration_is_that_of_sklearn() {
        let expected = [
            0.026_315_789_473_684_21,
            0.028_399_122_807_017_542,
            0.033_771_929_824_561_404,
            0.038_681_077_694_235_59,
            0.048_733_766_233_766_21,
            0.096_726_190_476_190_47,
            0.137_551_187_551_187_53,
            0.170_910_114_660_114_66,
            0.217_488_499_137_435_34,
            0.255_319_148_936_170_2,
            0.255_319_148_936_170_2,
            0.291_151_374_113_475_25,
            0.351_695_478_723_404_3,
            0.463_157_242_063_492_07,
            0.555_341_537_364_009_2,
            0.603_297_217_763_509_9,
            0.617_977_528_089_887_6,
            0.629_473_182_107_271_5,
            0.817_235_531_057_875_8,
            0.924_528_301_886_792_5,
        ];
        let calibrator = Calibrator::isotonic(&reference());
        for ((score, _), expected) in CURRENT.iter().zip(expected) {
            close(calibrator.probability(*score), expected, 1e-12);
        }
        assert!(Calibrator::isotonic(&[]).is_trusting());
        close(Calibrator::trusting().probability(0.3), 0.3, 1e-15);
    }

    /// NannyML 0.13.1, `estimate_roc_auc` (which rounds counts to five decimals), `estimate_accuracy`,
    /// `estimate_precision`, `estimate_recall`, `estimate_specificity`, `estimate_f1`.
    #[test]
    fn figures_are_those_of_nannyml() {
        let calibrator = Calibrator::isotonic(&reference());
        let figures = estimate(&current(), &calibrator, 0.5);
        let value = |figure: Option<Estimate>| figure.expect("a figure").value;
        close(value(figures.roc_auc), 0.879_288_282_232_202_7, 1e-6);
        close(value(figures.accuracy), 0.796_866_714_714_765_1, 1e-12);
        close(value(figures.precision), 0.670_361_535_086_616_1, 1e-12);
        close(value(figures.recall), 0.830_544_242_483_756_8, 1e-12);
        close(value(figures.specificity), 0.778_610_732_770_172_9, 1e-12);
        close(value(figures.f1), 0.741_905_217_061_711_2, 1e-12);
        // Its average precision takes rows of one score one by one, ours together, as that of labels does.
        close(
            value(figures.average_precision),
            0.793_074_330_456_416_1,
            0.02,
        );
        assert_eq!(figures.rows, 411);
    }

    /// Labels dealt out as the calibrated scores say have the estimated figures on average, and within the
    /// interval 95 times in 100.
    #[test]
    fn labels_that_come_as_expected_have_the_figures_that_were_estimated() {
        use crate::stats::bootstrap::SplitMix64;
        use crate::stats::classification::{Performance, performance};

        let calibrator = Calibrator::isotonic(&reference());
        let mut figures = estimate(&current(), &calibrator, 0.5);
        let costs = Costs {
            false_negative: 5.0,
            false_positive: 1.0,
        };
        figures.add_cost(costs);
        let mut random = SplitMix64::new(5);
        let mut unit = || (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        let rounds = 400;
        let known: Vec<Performance> = (0..rounds)
            .map(|_| {
                let cells: Vec<ScoredCell> = current()
                    .iter()
                    .map(|cell| {
                        let probability = calibrator.probability(cell.score);
                        let positives =
                            (0..cell.rows).filter(|_| unit() < probability).count() as u64;
                        ScoredCell {
                            score: cell.score,
                            positives,
                            negatives: cell.rows - positives,
                        }
                    })
                    .collect();
                let mut figures = performance(&cells, 0.5);
                figures.add_cost(costs);
                figures
            })
            .collect();
        type Realised = fn(&Performance) -> Option<Estimate>;
        let all: [(&str, Option<Estimate>, Realised); 10] = [
            ("ROC AUC", figures.roc_auc, |one| one.roc_auc),
            ("AP", figures.average_precision, |one| one.average_precision),
            ("log loss", figures.log_loss, |one| one.log_loss),
            ("Brier", figures.brier, |one| one.brier),
            ("accuracy", figures.accuracy, |one| one.accuracy),
            ("precision", figures.precision, |one| one.precision),
            ("recall", figures.recall, |one| one.recall),
            ("specificity", figures.specificity, |one| one.specificity),
            ("F1", figures.f1, |one| one.f1),
            ("cost", figures.cost, |one| one.cost),
        ];
        for (name, estimated, realised) in all {
            let estimated = estimated.expect(name);
            let values: Vec<f64> = known
                .iter()
                .map(|one| realised(one).expect(name).value)
                .collect();
            let mean = values.iter().sum::<f64>() / f64::from(rounds);
            let width = estimated.high - estimated.low;
            assert!(
                (mean - estimated.value).abs() < width / 20.0,
                "{name}: {mean} {estimated:?}"
            );
            let inside = values
                .iter()
                .filter(|value| (estimated.low..=estimated.high).contains(value));
            let share = inside.count() as f64 / f64::from(rounds);
            // 400 draws of .95 lie between .92 and .98; shares whose number of rows varies are a little wider.
            assert!((0.92..=1.0).contains(&share), "{name}: {share}");
        }
    }

    #[test]
    fn what_cannot_be_estimated_is_absent() {
        let none = estimate(&[], &Calibrator::trusting(), 0.5);
        assert_eq!((none.rows, none.roc_auc, none.brier), (0, None, None));
        let sure = [UnlabelledCell {
            score: 0.0,
            rows: 5,
        }];
        let figures = estimate(&sure, &Calibrator::trusting(), 0.5);
        assert_eq!(
            (figures.roc_auc, figures.recall, figures.precision),
            (None, None, None)
        );
        assert!(figures.log_loss.is_some_and(|loss| loss.value.is_finite()));
    }
}
