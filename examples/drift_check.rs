//! A drift check as a library call.
//!
//! `cargo run --release --example drift_check -- baseline.csv current.csv`
#![allow(clippy::print_stdout, reason = "an example shows what it finds")]

use churnctl::data::{DataSet, ReadOptions};
use churnctl::drift::{CheckOptions, Plan, Provenance, check};
use churnctl::error::Result;
use churnctl::profile::{Roles, count, profile};
use churnctl::progress::Silent;

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let baseline_path = args
        .next()
        .unwrap_or_else(|| "examples/data/telco_baseline.csv".into());
    let current_path = args
        .next()
        .unwrap_or_else(|| "examples/data/telco_shifted.csv".into());
    let now = "2026-01-01T00:00:00Z".to_owned();

    let data = DataSet::open(std::slice::from_ref(&baseline_path), ReadOptions::default())?;
    let (baseline, _) = profile(data, Roles::default(), now.clone(), &Silent)?;

    let options = CheckOptions::default();
    let data = DataSet::open(std::slice::from_ref(&current_path), ReadOptions::default())?;
    let plan = Plan::new(&baseline, data.columns(), &options)?;
    let current = count(data, &plan.count_plan(), &Silent)?;

    let provenance = Provenance {
        baseline: baseline_path,
        current: current_path,
        created_at: now,
    };
    let report = check(&baseline, &current, &plan, &options, provenance)?;
    println!(
        "{}: largest PSI {:.3}",
        report.status, report.overall_max_psi
    );
    for feature in &report.features {
        println!(
            "{:4} {:24} {}",
            feature.status,
            feature.feature,
            feature.reasons.join("; ")
        );
    }
    Ok(())
}
