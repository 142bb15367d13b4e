//! How far estimates of performance are off where other rows come, with the calibration of all rows of the baseline
//! (CBPE) and with that of rows weighted to lie as the current ones do (M-CBPE).
//!
//! `cargo run --release -p churn-model --example reweighted_estimates`
//!
//! A score knows one column of two that decide; the other moves. Prints the table of docs/statistics.md. No assertion.
#![allow(clippy::print_stdout, reason = "a simulation shows what it finds")]

use churn_drift::drift::reweighted::{LabelledRow, Reweighted};
use churn_drift::stats::bootstrap::SplitMix64;
use churn_drift::stats::classification::{ScoredCell, performance};
use churn_drift::stats::estimated::{Calibrator, UnlabelledCell, estimate};
use churn_model::domain::{DomainOptions, domain_classifier};
use churn_model::frame::{Column, Frame};

const SHIFTS: u64 = 50;
const ROWS: usize = 5_000;
const THRESHOLD: f64 = 0.5;

/// Rows of one side.
struct Side {
    frame: Frame,
    scores: Vec<f64>,
    labels: Vec<bool>,
}

fn main() {
    let names = ["ROC AUC", "Average precision", "Accuracy", "Brier score"];
    let (mut off, mut better) = ([[0.0; 2]; 4], [0_u64; 4]);
    for shift in 0..SHIFTS {
        let mut random = SplitMix64::new(1_000 + shift);
        // The mean of the column that the score knows, and of the one that it doesn't.
        let mut moved = |most: f64| (random.next_unit() * 2.0 - 1.0) * most;
        let means = [moved(0.5), moved(1.0)];
        let baseline = side(&mut random, [0.0, 0.0]);
        let current = side(&mut random, means);
        let truth = performance(&scored(&current), THRESHOLD);
        let truth = [
            truth.roc_auc,
            truth.average_precision,
            truth.accuracy,
            truth.brier,
        ];
        let estimates = estimates(&baseline, &current);
        for (at, truth) in truth.iter().enumerate() {
            let truth = truth.map_or(f64::NAN, |truth| truth.value);
            let distances = estimates.map(|figures| (figures[at] - truth).abs());
            better[at] += u64::from(distances[1] < distances[0]);
            for (sum, distance) in off[at].iter_mut().zip(distances) {
                *sum += distance / SHIFTS as f64;
            }
        }
    }
    println!("| Figure | CBPE | M-CBPE | M-CBPE is nearer |");
    println!("|---|--:|--:|--:|");
    for (at, name) in names.iter().enumerate() {
        let [plain, weighted] = off[at];
        println!(
            "| {name} | {plain:.4} | {weighted:.4} | {} of {SHIFTS} |",
            better[at]
        );
    }
}

/// Estimates the figures with either calibration.
fn estimates(baseline: &Side, current: &Side) -> [[f64; 4]; 2] {
    let cells: Vec<UnlabelledCell> = current
        .scores
        .iter()
        .map(|&score| UnlabelledCell { score, rows: 1 })
        .collect();
    let plain = estimate(&cells, &Calibrator::isotonic(&scored(baseline)), THRESHOLD);
    let options = DomainOptions {
        permutations: 0,
        seed: 1,
        threads: 2,
    };
    let found = domain_classifier(&baseline.frame, &current.frame, &options);
    let probabilities = found.map_or_else(Vec::new, |found| found.current_probability);
    let rows = baseline
        .scores
        .iter()
        .zip(&baseline.labels)
        .zip(probabilities);
    let rows: Vec<LabelledRow> = rows
        .map(
            |((&score, &is_positive), current_probability)| LabelledRow {
                score,
                is_positive,
                current_probability,
            },
        )
        .collect();
    let weighted = Reweighted::fit(&rows, ROWS).map(|fitted| fitted.estimate(&cells, THRESHOLD));
    let weighted = weighted.map_or_else(|| plain.clone(), |report| report.current);
    [plain, weighted].map(|figures| {
        let figures = [
            figures.roc_auc,
            figures.average_precision,
            figures.accuracy,
            figures.brier,
        ];
        figures.map(|figure| figure.map_or(f64::NAN, |figure| figure.value))
    })
}

fn scored(side: &Side) -> Vec<ScoredCell> {
    let rows = side.scores.iter().zip(&side.labels);
    rows.map(|(&score, &label)| ScoredCell {
        score,
        positives: u64::from(label),
        negatives: u64::from(!label),
    })
    .collect()
}

fn side(random: &mut SplitMix64, means: [f64; 2]) -> Side {
    let (mut known, mut unknown, mut noise) = (Vec::new(), Vec::new(), Vec::new());
    let (mut scores, mut labels) = (Vec::new(), Vec::new());
    for _ in 0..ROWS {
        let [a, b, c] = [means[0], means[1], 0.0].map(|mean| mean + random.next_normal());
        scores.push(logistic(1.2 * a - 0.5));
        labels.push(random.next_unit() < logistic(1.2 * a - 1.0 + 1.5 * b.max(0.0)));
        known.push(a);
        unknown.push(b);
        noise.push(c);
    }
    Side {
        frame: Frame {
            rows: ROWS,
            names: ["known", "unknown", "noise"].map(str::to_owned).to_vec(),
            columns: [known, unknown, noise].map(Column::Numbers).to_vec(),
        },
        scores,
        labels,
    }
}

fn logistic(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}
