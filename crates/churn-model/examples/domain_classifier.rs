//! How often the domain classifier and changes of correlation alarm by chance, and how long they take.
//!
//! `cargo run --release -p churn-model --example domain_classifier -- [CHECKS]`
//!
//! Draws both sides from one law, so that every alarm is a false one, and prints the table of docs/statistics.md; then
//! the time for 20,000 rows a side, the most that a check looks at. No assertion.
#![allow(clippy::print_stdout, reason = "a simulation shows what it finds")]

use std::time::Instant;

use churn_drift::drift::multivariate::{MeasuredClassifier, correlations};
use churn_drift::stats::bootstrap::SplitMix64;
use churn_model::domain::{DomainOptions, domain_classifier};
use churn_model::frame::{Column, Frame};

/// The laws that tables are drawn from.
const LAWS: [&str; 4] = ["independent", "correlated", "few values", "one side small"];

fn main() {
    let checks = std::env::args().nth(1).and_then(|text| text.parse().ok());
    let checks: u64 = checks.unwrap_or(1_000);
    println!(
        "| Tables | Rows | Domain classifier, p < .05 | p < .01 | A pair of columns, p < .05 |"
    );
    println!("|---|--:|--:|--:|--:|");
    for (at, law) in LAWS.iter().enumerate() {
        for rows in [200, 1_000] {
            let others = if at == 3 { rows / 4 } else { rows };
            let (mut at_five, mut at_one, mut pairs, mut of) = (0, 0, 0, 0);
            for check in 0..checks {
                let seed = (at as u64) << 48 | (rows as u64) << 32 | check;
                let mut random = SplitMix64::new(seed);
                let before = table(&mut random, at, rows, 6);
                let now = table(&mut random, at, others, 6);
                let p_value = classifier(&before, &now).p_value();
                at_five += u64::from(p_value < 0.05);
                at_one += u64::from(p_value < 0.01);
                let (before, now) = (numbers(&before), numbers(&now));
                for (_, pair) in correlations(&names(before.len()), &before, &now) {
                    let p_value = pair.baseline.p_value_of_change(pair.current);
                    pairs += u64::from(p_value < 0.05);
                    of += 1;
                }
            }
            let share = |count: u64, of: u64| count as f64 / of as f64;
            println!(
                "| {law} | {rows}, {others} | {:.3} | {:.3} | {:.3} |",
                share(at_five, checks),
                share(at_one, checks),
                share(pairs, of)
            );
        }
    }
    let mut random = SplitMix64::new(1);
    let [before, now] = [0, 1].map(|_| table(&mut random, 1, 20_000, 20));
    let start = Instant::now();
    let found = classifier(&before, &now);
    println!(
        "\n20,000 rows a side, 20 columns: {:.1} s, ROC AUC {:.3}",
        start.elapsed().as_secs_f64(),
        found.roc_auc
    );
}

fn classifier(before: &Frame, now: &Frame) -> MeasuredClassifier {
    let options = DomainOptions {
        permutations: 50,
        seed: 22,
        threads: std::thread::available_parallelism().map_or(1, Into::into),
    };
    let found = domain_classifier(before, now, &options);
    let found = found.unwrap_or_else(|| unreachable!("every side has rows enough"));
    MeasuredClassifier {
        roc_auc: found.roc_auc,
        permuted: found.permuted,
        falls: Vec::new(),
    }
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|at| format!("column {at}")).collect()
}

fn numbers(frame: &Frame) -> Vec<&[f64]> {
    let numbers = frame.columns.iter().filter_map(|column| match column {
        Column::Numbers(numbers) => Some(&numbers[..]),
        Column::Categories { .. } => None,
    });
    numbers.collect()
}

fn table(random: &mut SplitMix64, law: usize, rows: usize, count: usize) -> Frame {
    let mut columns = vec![Vec::with_capacity(rows); count - 1];
    let mut codes = Vec::with_capacity(rows);
    for _ in 0..rows {
        let common = random.next_normal();
        for column in &mut columns {
            let own = random.next_normal();
            column.push(match law {
                0 => own,
                2 => (own + common).round(),
                _ => 0.8 * common + 0.6 * own,
            });
        }
        codes.push((random.next_unit().powi(2) * 6.0) as u32);
    }
    let levels = ["a", "b", "c", "d", "e", "f"].map(str::to_owned).to_vec();
    let numbers = columns.into_iter().map(Column::Numbers);
    Frame {
        rows,
        names: names(count),
        columns: numbers
            .chain([Column::Categories { codes, levels }])
            .collect(),
    }
}
