//! How good the score is estimated to be on the current side, whose labels may not have arrived.

use std::collections::BTreeMap;

use churn_data::positive_label;
use serde::{Deserialize, Serialize};
use statrs::distribution::{ChiSquared, ContinuousCDF};

use super::noise::Levels;
use super::performance::labelled;
use super::reweighted::{Reweighted, ReweightedReport};
use super::score_intervals::score_intervals;
use super::status::Status;
use crate::profile::{Column, Outcome};
use crate::stats::classification::{Estimate, Performance, ScoredCell};
use crate::stats::cost::Costs;
use crate::stats::estimated::{Calibrator, EstimatedPerformance, UnlabelledCell, estimate};
use crate::stats::score_bounds::{ScoreInterval, bounded_performance};

/// Rows of each class of the baseline below which nothing is estimated.
const LEAST_OF_A_CLASS: u64 = 20;

/// Groups of rising probability by which labels that have arrived are compared with what was expected.
const GROUPS: usize = 10;

/// Mean gap between labels and what was expected of them below which estimates are as good as ever.
const WORTH_REFUSING: f64 = 0.02;

/// How good the score is estimated to be, without labels of the current side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EstimatedReport {
    /// WARN if the score is estimated to be worse than on the baseline; an estimate never fails.
    pub status: Status,
    /// Why, in words; empty when OK.
    pub reasons: Vec<String>,
    /// What a score is taken to mean.
    pub calibration: Calibration,
    /// Score from which a row is classed as churned.
    pub threshold: f64,
    /// What the baseline's labels say of its scores.
    pub baseline: Performance,
    /// The estimates; absent if they would mislead, see `reasons`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<EstimatedPerformance>,
    /// The same by rows of the baseline that lie as the current ones do, if the rows of both sides were looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reweighted: Option<ReweightedReport>,
}

impl EstimatedReport {
    /// Says what a row costs, where mistakes cost so much.
    pub(super) fn add_cost(&mut self, costs: Costs) {
        self.baseline.add_cost(costs);
        let reweighted = self.reweighted.iter_mut().map(|one| &mut one.current);
        for figures in self.current.iter_mut().chain(reweighted) {
            figures.add_cost(costs);
        }
    }
}

/// What a score is taken to mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Calibration {
    /// The probability that it claims to be, which the baseline's labels do not contradict.
    Scores,
    /// The share of churned rows that the baseline has at about this score, by isotonic regression.
    Isotonic,
}

/// Estimates how good the scores of `column` are, from the labels of the baseline. `known` are the labels
/// of the current side that have arrived. None if the baseline has too few labels, or labels and scores are not
/// those of a probability of churn: who asks for no performance has no error by that.
pub(super) fn estimated(
    baseline: &Outcome,
    (column, known): (&Column, Option<&Outcome>),
    reweighted: Option<&Reweighted>,
    positive: Option<&str>,
    threshold: f64,
    levels: Levels,
) -> Option<EstimatedReport> {
    let known = known.filter(|known| !known.by_label.is_empty());
    let baseline = &*labelled(baseline, known.unwrap_or(baseline));
    let labels = baseline.by_label.keys().map(String::as_str);
    let positive = positive_label(&baseline.label, labels, positive).ok()?;
    let intervals = |outcome: &Outcome| score_intervals(outcome, &positive, threshold, "").ok();
    let reference = intervals(baseline)?;
    let figures = bounded_performance(&reference, threshold);
    if figures.positives.min(figures.rows - figures.positives) < LEAST_OF_A_CLASS {
        return None;
    }
    let is_calibrated = figures
        .calibration_error
        .is_some_and(|error| error.low <= 0.0);
    let (calibration, calibrator) = if is_calibrated {
        (Calibration::Scores, Calibrator::trusting())
    } else {
        let cells: Vec<ScoredCell> = reference.iter().map(cell).collect();
        (Calibration::Isotonic, Calibrator::isotonic(&cells))
    };
    let all = Outcome {
        label: baseline.label.clone(),
        score: column.name.clone(),
        by_label: BTreeMap::from([(String::new(), column.clone())]),
        rows: None,
    };
    // No row has the label: all are counted as negative.
    let scores = intervals(&all)?;
    let cells: Vec<UnlabelledCell> = scores
        .iter()
        .map(|interval| UnlabelledCell {
            score: middle(interval),
            rows: interval.positives + interval.negatives,
        })
        .collect();
    let mut report = EstimatedReport {
        status: Status::Ok,
        reasons: Vec::new(),
        calibration,
        threshold,
        baseline: figures,
        current: None,
        reweighted: None,
    };
    if let Some(known) = known {
        let known = intervals(&labelled(known, baseline))?;
        if let Some(reason) = contradicted(&known, &calibrator, report.baseline.rows, levels) {
            report.reasons.push(reason);
            return Some(report);
        }
    }
    let current = estimate(&cells, &calibrator, threshold);
    if current.rows == 0 {
        return None;
    }
    for (name, before, now, fall) in [
        ("ROC AUC", report.baseline.roc_auc, current.roc_auc, 0.05),
        (
            "average precision",
            report.baseline.average_precision,
            current.average_precision,
            0.05,
        ),
    ] {
        if let Some(reason) = fallen(name, before, now, fall) {
            report.status = Status::Warn;
            report.reasons.push(reason);
        }
    }
    report.current = Some(current);
    report.reweighted = reweighted.map(|fitted| fitted.estimate(&cells, threshold));
    Some(report)
}

/// Says that a figure is estimated to have fallen by more than `least` beyond both intervals.
fn fallen(
    name: &str,
    before: Option<Estimate>,
    now: Option<Estimate>,
    least: f64,
) -> Option<String> {
    let (before, now) = (before?, now?);
    let chance = (before.value - before.low).hypot(now.high - now.value);
    let fall = before.value - now.value;
    (fall - chance >= least).then(|| {
        format!(
            "{name} is estimated at {:.3}, {:.3} on the baseline",
            now.value, before.value
        )
    })
}

/// Says that the labels that have arrived are not those that the scores promised: chi-square over groups of
/// rising probability, whose variance is that of the labels and of the share that the calibration was
/// fitted on.
fn contradicted(
    known: &[ScoreInterval],
    calibrator: &Calibrator,
    reference_rows: u64,
    levels: Levels,
) -> Option<String> {
    let rows: u64 = known.iter().map(|one| one.positives + one.negatives).sum();
    let positives: u64 = known.iter().map(|one| one.positives).sum();
    if positives.min(rows - positives) < LEAST_OF_A_CLASS {
        return None;
    }
    let per_group = rows.div_ceil(GROUPS as u64);
    let (mut statistic, mut groups, mut expected_in_all, mut gaps) = (0.0, 0.0, 0.0, 0.0);
    let (mut count, mut observed, mut expected, mut variance) = (0, 0.0, 0.0, 0.0);
    for (at, interval) in known.iter().enumerate() {
        let here = interval.positives + interval.negatives;
        let probability = calibrator.probability(middle(interval)).clamp(0.0, 1.0);
        count += here;
        observed += interval.positives as f64;
        expected += here as f64 * probability;
        variance += here as f64 * probability * (1.0 - probability);
        if count >= per_group || at + 1 == known.len() {
            expected_in_all += expected;
            // A group of sure rows has at least the variance of half a row.
            let variance_of_both = variance.max(0.5) * (1.0 + rows as f64 / reference_rows as f64);
            statistic += (observed - expected) * (observed - expected) / variance_of_both;
            groups += 1.0;
            gaps += (observed - expected).abs();
            (count, observed, expected, variance) = (0, 0.0, 0.0, 0.0);
        }
    }
    let p_value = ChiSquared::new(groups).map_or(1.0, |law| law.sf(statistic));
    (p_value < levels.fail && gaps >= WORTH_REFUSING * rows as f64).then(|| {
        format!(
            "scores do not mean what they meant on the baseline: of {rows} rows whose label is known {positives} \
             churned, {expected_in_all:.0} were expected, so performance is not estimated"
        )
    })
}

fn cell(interval: &ScoreInterval) -> ScoredCell {
    ScoredCell {
        score: middle(interval),
        positives: interval.positives,
        negatives: interval.negatives,
    }
}

fn middle(interval: &ScoreInterval) -> f64 {
    f64::midpoint(interval.low, interval.high)
}
