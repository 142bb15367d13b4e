//! How good scores are on a split: the figures with intervals, lift, calibration curve, and
//! curves thin enough to draw. Nothing here knows a model.

use churn_drift::stats::classification::{Performance, ScoredCell, performance};

use super::artifact::{CalibrationBin, SplitMetrics};

/// Points of a curve, at most.
const CURVE_POINTS: f64 = 200.0;

/// Returns the figures of one split, with intervals.
///
/// Scores that are not finite count for nothing. A row is classed as churned from `threshold`.
///
/// # Formula
/// Figures: [`performance`]. Lift: of the rows by falling score (rows of one score share their
/// positives evenly), the share of positives in each tenth over the share in all. Calibration: ten
/// bins of equal width.
///
/// # Panics
/// Panics if there are not as many labels as scores.
#[must_use]
pub fn split_metrics(scores: &[f64], labels: &[bool], threshold: f64) -> SplitMetrics {
    let cells = cells(scores, labels);
    SplitMetrics {
        performance: performance(&cells, threshold),
        lift: lift(&cells),
        calibration: calibration(&cells),
        roc: roc(&cells),
        precision_recall: precision_recall(&cells),
    }
}

/// Returns the figures at a threshold of one half.
///
/// # Panics
/// Panics if there are not as many labels as scores.
#[must_use]
pub fn figures(scores: &[f64], labels: &[bool]) -> Performance {
    performance(&cells(scores, labels), 0.5)
}

/// Returns the rows by distinct score, falling.
pub(super) fn cells(scores: &[f64], labels: &[bool]) -> Vec<ScoredCell> {
    assert_eq!(scores.len(), labels.len());
    let rows = scores.iter().copied().zip(labels.iter().copied());
    let mut sorted: Vec<(f64, bool)> = rows.filter(|(score, _)| score.is_finite()).collect();
    sorted.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let mut cells: Vec<ScoredCell> = Vec::new();
    for (score, label) in sorted {
        let (positives, negatives) = (u64::from(label), u64::from(!label));
        match cells.last_mut() {
            Some(last) if last.score == score => {
                last.positives += positives;
                last.negatives += negatives;
            }
            _ => cells.push(ScoredCell {
                score,
                positives,
                negatives,
            }),
        }
    }
    cells
}

fn totals(cells: &[ScoredCell]) -> (f64, f64) {
    let positives: u64 = cells.iter().map(|cell| cell.positives).sum();
    let negatives: u64 = cells.iter().map(|cell| cell.negatives).sum();
    (positives as f64, negatives as f64)
}

fn lift(cells: &[ScoredCell]) -> Vec<f64> {
    let (positives, negatives) = totals(cells);
    let rows = positives + negatives;
    if positives == 0.0 {
        return Vec::new();
    }
    let mut tenths = [0.0; 10];
    let mut before = 0.0;
    for cell in cells {
        let own = (cell.positives + cell.negatives) as f64;
        for (number, tenth) in (0_u32..).zip(tenths.iter_mut()) {
            let begin = rows * f64::from(number) / 10.0;
            let end = rows * f64::from(number + 1) / 10.0;
            let inside = (before + own).min(end) - begin.max(before);
            if inside > 0.0 {
                *tenth += cell.positives as f64 * inside / own;
            }
        }
        before += own;
    }
    tenths
        .iter()
        .map(|inside| inside * 10.0 / positives)
        .collect()
}

fn calibration(cells: &[ScoredCell]) -> Vec<CalibrationBin> {
    let mut bins = [(0.0, 0_u64, 0_u64); 10];
    for cell in cells {
        let bin = &mut bins[((cell.score * 10.0).max(0.0) as usize).min(9)];
        let rows = cell.positives + cell.negatives;
        bin.0 += cell.score * rows as f64;
        bin.1 += cell.positives;
        bin.2 += rows;
    }
    let filled = bins.iter().filter(|(_, _, rows)| *rows > 0);
    filled
        .map(|(sum, positives, rows)| CalibrationBin {
            mean_score: sum / *rows as f64,
            positive_share: *positives as f64 / *rows as f64,
            rows: *rows,
        })
        .collect()
}

/// Returns (false positive rate, true positive rate) from (0, 0) to (1, 1); empty if a class
/// is missing. Points closer than a 200th of the way are left out.
fn roc(cells: &[ScoredCell]) -> Vec<(f64, f64)> {
    let (positives, negatives) = totals(cells);
    if positives == 0.0 || negatives == 0.0 {
        return Vec::new();
    }
    let mut curve = vec![(0.0, 0.0)];
    let (mut hits, mut alarms) = (0.0, 0.0);
    let step = 2.0 / (CURVE_POINTS - 2.0);
    let mut kept = (0.0, 0.0);
    for cell in cells {
        hits += cell.positives as f64;
        alarms += cell.negatives as f64;
        let point: (f64, f64) = (alarms / negatives, hits / positives);
        if (point.0 - kept.0) + (point.1 - kept.1) >= step && point != (1.0, 1.0) {
            curve.push(point);
            kept = point;
        }
    }
    curve.push((1.0, 1.0));
    curve
}

/// Returns (recall, precision) from the highest score to recall 1; empty without positives.
fn precision_recall(cells: &[ScoredCell]) -> Vec<(f64, f64)> {
    let (positives, _) = totals(cells);
    let mut curve: Vec<(f64, f64)> = Vec::new();
    let (mut hits, mut classed) = (0.0, 0.0);
    let step = 1.0 / (CURVE_POINTS - 2.0);
    for cell in cells {
        hits += cell.positives as f64;
        classed += (cell.positives + cell.negatives) as f64;
        let recall: f64 = hits / positives;
        let far = curve.last().is_none_or(|last| recall - last.0 >= step);
        let complete = hits == positives && curve.last().is_none_or(|last| last.0 < 1.0);
        if positives > 0.0 && (far || complete) {
            curve.push((recall, hits / classed));
        }
    }
    curve
}

#[cfg(test)]
mod tests {
    use churn_drift::stats::bootstrap::SplitMix64;
    use churn_drift::stats::classification::Estimate;
    use proptest::prelude::*;

    use super::*;

    const SCORES: [f64; 10] = [0.9, 0.8, 0.7, 0.6, 0.55, 0.45, 0.4, 0.3, 0.2, 0.1];
    const LABELS: [bool; 10] = [
        true, true, false, true, false, true, false, false, false, false,
    ];

    #[test]
    fn curves_are_those_of_sklearn() {
        let metrics = split_metrics(&SCORES, &LABELS, 0.5);
        // scikit-learn 1.9.1: roc_curve(y, s, drop_intermediate=False)
        let sixth = 1.0 / 6.0;
        assert_eq!(metrics.roc[1], (0.0, 0.25));
        assert_eq!(metrics.roc[4], (sixth, 0.75));
        assert_eq!(metrics.roc.len(), 11);
        // precision_recall_curve(y, s): recall .75 at precision .75, 1 at 4/6
        assert!(metrics.precision_recall.contains(&(0.75, 0.75)));
        assert_eq!(metrics.precision_recall.last(), Some(&(1.0, 4.0 / 6.0)));
        // roc_auc_score(y, s) = 0.875, average_precision_score(y, s) = 0.8541666666666666
        let value = |figure: Option<Estimate>| figure.expect("is defined").value;
        assert!((value(metrics.performance.roc_auc) - 0.875).abs() < 1e-12);
        let precision = value(metrics.performance.average_precision);
        assert!((precision - 0.854_166_666_666_666_6).abs() < 1e-12);
    }

    #[test]
    fn lift_shares_ties_evenly() {
        // By hand: ten rows, four positives: a positive in its tenth is 1 / .4 = 2.5.
        let lift = split_metrics(&SCORES, &LABELS, 0.5).lift;
        assert_eq!(lift, [2.5, 2.5, 0.0, 2.5, 0.0, 2.5, 0.0, 0.0, 0.0, 0.0]);
        let tied = split_metrics(
            &[0.5; 7],
            &[true, false, false, true, false, false, false],
            0.5,
        );
        assert!(tied.lift.iter().all(|one| (one - 1.0).abs() < 1e-12));
    }

    #[test]
    fn calibration_bins_with_rows_only() {
        let bins = split_metrics(&[0.05, 0.07, 1.0], &[false, true, true], 0.5).calibration;
        assert_eq!(bins.len(), 2);
        assert!((bins[0].mean_score - 0.06).abs() < 1e-12);
        assert_eq!((bins[0].positive_share, bins[0].rows), (0.5, 2));
        assert_eq!((bins[1].mean_score, bins[1].rows), (1.0, 1));
    }

    #[test]
    fn many_scores_have_curves_that_can_be_drawn() {
        let mut bits = SplitMix64::new(7);
        let draw = |_| {
            let score = bits.next_unit();
            (score, bits.next_unit() < score)
        };
        let (scores, labels): (Vec<f64>, Vec<bool>) = (0..10_000).map(draw).unzip();
        let metrics = split_metrics(&scores, &labels, 0.5);
        assert!(metrics.roc.len() <= 200 && metrics.precision_recall.len() <= 200);
        assert!(metrics.roc.len() > 150 && metrics.precision_recall.len() > 150);
    }

    #[test]
    fn one_class_has_no_curves() {
        let metrics = split_metrics(&[0.1, 0.2], &[false, false], 0.5);
        assert!(metrics.roc.is_empty() && metrics.precision_recall.is_empty());
        assert!(metrics.lift.is_empty());
    }

    proptest! {
        #[test]
        fn lift_averages_to_one(
            rows in proptest::collection::vec((0_u32..20, any::<bool>()), 1..100),
        ) {
            let scores: Vec<f64> = rows.iter().map(|row| f64::from(row.0) / 20.0).collect();
            let labels: Vec<bool> = rows.iter().map(|row| row.1).collect();
            let lift = split_metrics(&scores, &labels, 0.5).lift;
            if labels.contains(&true) {
                prop_assert!((lift.iter().sum::<f64>() / 10.0 - 1.0).abs() < 1e-9);
            }
        }
    }
}
