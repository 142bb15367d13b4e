//! How often the 95 % intervals of performance figures hold the truth: samples are drawn from laws
//! whose figures are known, and the share of intervals that hold them is counted.
//!
//! `cargo run --release --example interval_coverage -- 4000` prints the tables of
//! docs/statistics.md, in Markdown; the number is the samples of each law and size. Ten seconds a
//! thousand. Asserts nothing: a test of the library checks the same on fewer samples.
#![allow(clippy::print_stdout, reason = "a simulation shows what it finds")]

use churnctl::model::paired::compare;
use churnctl::stats::bootstrap::SplitMix64;
use churnctl::stats::classification::{Estimate, Performance, ScoredCell, performance};

/// A population: log odds are normal, scores are their shares, and labels follow
/// `log odds of the truth = shift + slope x log odds`. A calibrated score has 0 and 1.
struct Law {
    name: &'static str,
    mean: f64,
    deviation: f64,
    shift: f64,
    slope: f64,
    threshold: f64,
    /// Scores are rounded to the middles of so many equal steps; 0 for none.
    steps: u32,
    rows: &'static [usize],
}

const fn law(name: &'static str, mean: f64, threshold: f64, rows: &'static [usize]) -> Law {
    Law {
        name,
        mean,
        deviation: 1.5,
        shift: 0.0,
        slope: 1.0,
        threshold,
        steps: 0,
        rows,
    }
}

const LAWS: [Law; 9] = [
    law("2 % churn", -4.8, 0.06, &[1_000, 3_000]),
    Law {
        shift: 1.0,
        slope: 1.2,
        ..law("2 % churn, scores too low", -4.8, 0.06, &[1_000, 3_000])
    },
    law("10 % churn", -2.9, 0.2, &[300, 1_000, 3_000]),
    law(
        "10 % churn, few classed as churned",
        -2.9,
        0.5,
        &[300, 1_000, 3_000],
    ),
    law("27 % churn", -1.4, 0.5, &[300, 1_000, 3_000]),
    Law {
        shift: 0.3,
        slope: 0.7,
        ..law(
            "27 % churn, scores too extreme",
            -1.4,
            0.5,
            &[300, 1_000, 3_000],
        )
    },
    Law {
        shift: -1.0,
        ..law(
            "27 % churn, scores too high",
            -0.4,
            0.5,
            &[300, 1_000, 3_000],
        )
    },
    Law {
        steps: 5,
        ..law("27 % churn, five scores", -1.4, 0.5, &[300, 1_000, 3_000])
    },
    Law {
        deviation: 2.5,
        slope: 0.5,
        ..law(
            "50 % churn, scores too extreme",
            0.0,
            0.5,
            &[300, 1_000, 3_000],
        )
    },
];

fn share(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

impl Law {
    fn score(&self, log_odds: f64) -> f64 {
        let score = share(log_odds);
        if self.steps == 0 {
            return score;
        }
        let steps = f64::from(self.steps);
        ((score * steps).floor().min(steps - 1.0) + 0.5) / steps
    }

    fn churn(&self, log_odds: f64) -> f64 {
        share(self.shift + self.slope * log_odds)
    }

    /// Returns the whole population, in fine steps of the log odds.
    fn population(&self) -> Vec<ScoredCell> {
        const STEPS: u32 = 40_000;
        let cell = |step: u32| {
            let normal = 16.0 * (f64::from(step) + 0.5) / f64::from(STEPS) - 8.0;
            let log_odds = self.mean + self.deviation * normal;
            let rows = 1e12 * (-normal * normal / 2.0).exp();
            let churned = rows * self.churn(log_odds);
            ScoredCell {
                score: self.score(log_odds),
                positives: churned.round() as u64,
                negatives: (rows - churned).round() as u64,
            }
        };
        (0..STEPS).map(cell).collect()
    }

    fn sample(&self, rows: usize, random: &mut SplitMix64) -> Vec<ScoredCell> {
        let mut row = || {
            let log_odds = self.mean + self.deviation * normal(random);
            let churned = random.next_unit() < self.churn(log_odds);
            ScoredCell {
                score: self.score(log_odds),
                positives: u64::from(churned),
                negatives: u64::from(!churned),
            }
        };
        (0..rows).map(|_| row()).collect()
    }
}

/// A draw from the normal law: Box, Muller (1958); 1 - u is never 0.
fn normal(random: &mut SplitMix64) -> f64 {
    let radius = (-2.0 * (1.0 - random.next_unit()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.next_unit()).cos()
}

/// Two models on the same rows: the candidate knows the log odds, the champion with an error of
/// `error` standard deviations. Returns both scores and the labels.
fn pair(mean: f64, error: f64, rows: usize, random: &mut SplitMix64) -> [Vec<f64>; 3] {
    let mut columns: [Vec<f64>; 3] = Default::default();
    for _ in 0..rows {
        let log_odds = mean + 1.5 * normal(random);
        let churned = random.next_unit() < share(log_odds);
        let blurred = log_odds + error * normal(random);
        let row = [share(blurred), share(log_odds), f64::from(churned)];
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value);
        }
    }
    columns
}

/// Populations of pairs: mean log odds, and sizes with so many churned rows on average.
const PAIRS: [(&str, f64, &[usize]); 3] = [
    // 15, 30, 60, 100, 120.
    ("10 % churn", -2.9, &[150, 300, 600, 1_000, 1_200]),
    // 27, 80, 270.
    ("27 % churn", -1.4, &[100, 300, 1_000]),
    // 33, 65.
    ("2 % churn", -4.8, &[1_500, 3_000]),
];

/// Returns the differences of average precision and log loss, candidate less champion.
fn differences(of: &[Vec<f64>; 3]) -> Vec<Estimate> {
    let labels: Vec<bool> = of[2].iter().map(|label| *label > 0.5).collect();
    let compared = compare(&of[0], &of[1], &labels);
    compared.iter().map(|one| one.difference).collect()
}

fn print_differences(samples: u32) {
    println!("\n| population | champion | rows | difference of AP | difference of log loss |");
    println!("|---|---|---|---|---|");
    for (number, (name, mean, sizes)) in (1_u64..).zip(PAIRS) {
        for (champion, error) in [
            ("nearly as good", 0.2),
            ("somewhat worse", 0.5),
            ("worse", 1.0),
        ] {
            let mut random = SplitMix64::new(number);
            // A sample so large that its own error, a thirtieth, does not count.
            let truth = differences(&pair(mean, error, 1_000_000, &mut random));
            for &rows in sizes {
                let mut held = [0_u32; 2];
                for _ in 0..samples {
                    let found = differences(&pair(mean, error, rows, &mut random));
                    for ((held, found), truth) in held.iter_mut().zip(found).zip(&truth) {
                        let inside = found.low <= truth.value && truth.value <= found.high;
                        *held += u32::from(inside);
                    }
                }
                let [precision, loss] = held.map(|held| f64::from(held) / f64::from(samples));
                println!("| {name} | {champion} | {rows} | {precision:.3} | {loss:.3} |");
            }
        }
    }
}

type Figure = (&'static str, fn(&Performance) -> Option<Estimate>);

const FIGURES: [Figure; 12] = [
    ("ROC AUC", |p| p.roc_auc),
    ("AP", |p| p.average_precision),
    ("log loss", |p| p.log_loss),
    ("Brier", |p| p.brier),
    ("RMSE", |p| p.rmse),
    ("accuracy", |p| p.accuracy),
    ("precision", |p| p.precision),
    ("recall", |p| p.recall),
    ("specificity", |p| p.specificity),
    ("F1", |p| p.f1),
    ("MCC", |p| p.mcc),
    ("calibration error", |p| p.calibration_error),
];

/// The true figures. The calibration error is summed plainly here, not by the code under test.
fn truth(law: &Law) -> Vec<f64> {
    let population = law.population();
    let figures = performance(&population, law.threshold);
    let mut gaps = [0.0; 10];
    let mut rows = 0.0;
    for cell in &population {
        let all = (cell.positives + cell.negatives) as f64;
        gaps[((cell.score * 10.0) as usize).min(9)] += cell.score * all - cell.positives as f64;
        rows += all;
    }
    let error = gaps.iter().map(|gap| gap.abs()).sum::<f64>() / rows;
    let value = |figure: &Figure| (figure.1)(&figures).map_or(f64::NAN, |figure| figure.value);
    let mut values: Vec<f64> = FIGURES[..11].iter().map(value).collect();
    values.push(error);
    values
}

fn main() {
    let samples = std::env::args().nth(1).map_or(Ok(400), |text| text.parse());
    let samples: u32 = samples.unwrap_or(400);
    let names: Vec<&str> = FIGURES.iter().map(|(name, _)| *name).collect();
    println!("| population | rows | {} |", names.join(" | "));
    println!("|---|---|{}", "---|".repeat(FIGURES.len()));
    for (number, law) in (1_u64..).zip(&LAWS) {
        let truth = truth(law);
        for &rows in law.rows {
            let mut random = SplitMix64::new(number * 1_000_000 + rows as u64);
            let mut held = [(0_u32, 0_u32); 12];
            for _ in 0..samples {
                let figures = performance(&law.sample(rows, &mut random), law.threshold);
                for ((count, figure), truth) in held.iter_mut().zip(&FIGURES).zip(&truth) {
                    // A figure that a sample does not define has no interval to judge.
                    let Some(interval) = (figure.1)(&figures) else {
                        continue;
                    };
                    // The population's own rounding to whole rows.
                    let inside = interval.low - 1e-9 <= *truth && *truth <= interval.high + 1e-9;
                    count.0 += u32::from(inside);
                    count.1 += 1;
                }
            }
            let cells: Vec<String> = held
                .iter()
                .map(|(inside, all)| format!("{:.3}", f64::from(*inside) / f64::from(*all)))
                .collect();
            println!("| {} | {rows} | {} |", law.name, cells.join(" | "));
        }
    }
    print_differences(samples);
}
