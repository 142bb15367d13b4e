//! The PSI of two columns of numbers: bins from the baseline, counts of both sides, and how large
//! a PSI chance alone would make.
//!
//! `cargo run --example psi_of_two_columns`
#![allow(clippy::print_stdout, reason = "an example shows what it finds")]

use churnctl::stats::distances::{BinCounts, CountsError, noise_limit};

/// Where the bins meet; the first and the last are open. A drift check takes the baseline's deciles.
const EDGES: [f64; 3] = [6.0, 24.0, 48.0];

fn main() -> Result<(), CountsError> {
    // Months that customers have stayed: last year's, and those of a month full of new ones.
    let baseline: Vec<f64> = (0..1_000).map(|i| f64::from(i % 72)).collect();
    let current: Vec<f64> = (0..400).map(|i| f64::from(i % 72) * 0.5).collect();

    let (baseline, current) = (counts(&baseline), counts(&current));
    let sides = BinCounts::new(&baseline, &current)?;
    let psi = sides.psi();

    println!("bin        baseline  current     PSI");
    for (bin, part) in psi.by_bin.iter().enumerate() {
        let from = bin.checked_sub(1).map_or(f64::NEG_INFINITY, |at| EDGES[at]);
        println!(
            "from {from:>4}  {:>8}  {:>7}  {part:>6.3}",
            baseline[bin], current[bin]
        );
    }
    // One feature is judged; with more, chance has more occasions and the level must be lower.
    let noise = noise_limit(baseline.len(), 1_000, 400, 0.05);
    println!(
        "PSI {:.3}; chance alone stays below {noise:.3} in 95 % of checks",
        psi.total
    );
    println!(
        "Jensen-Shannon distance {:.3}",
        sides.jensen_shannon_distance()
    );
    Ok(())
}

fn counts(values: &[f64]) -> Vec<u64> {
    let mut counts = vec![0; EDGES.len() + 1];
    for value in values {
        counts[EDGES.partition_point(|edge| edge <= value)] += 1;
    }
    counts
}
