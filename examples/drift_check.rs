//! A drift check as a library call: profile the baseline, plan, count the current side, compare.
//!
//! `cargo run --example drift_check -- baseline.csv current.csv`; without arguments it compares
//! the example tables. What `churnctl drift` adds is settings, reports and an exit code.
#![allow(clippy::print_stdout, reason = "an example shows what it finds")]

use churnctl::data::{DataSet, ReadOptions};
use churnctl::drift::{CheckOptions, Plan, Provenance, UsualColumns, check};
use churnctl::error::Result;
use churnctl::profile::{Roles, count, profile};
use churnctl::progress::Silent;

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let mut file = |default: &str| args.next().unwrap_or_else(|| default.to_owned());
    let baseline_file = file("examples/data/telco_baseline.csv");
    let current_file = file("examples/data/telco_shifted.csv");
    // The library asks no clock: the time is the caller's to say.
    let now = "2026-01-01T00:00:00Z".to_owned();

    // The baseline: all columns, in a summary that could be kept as a file.
    let data = DataSet::open(std::slice::from_ref(&baseline_file), ReadOptions::default())?;
    let (baseline, _blank_lines) = profile(data, Roles::default(), None, now.clone(), &Silent)?;

    // The plan says what is compared and where the edges of the bins are, from the baseline alone.
    let options = CheckOptions {
        usual: UsualColumns {
            label: vec!["churn".into()],
            ..UsualColumns::default()
        },
        ..CheckOptions::default()
    };
    let data = DataSet::open(std::slice::from_ref(&current_file), ReadOptions::default())?;
    let plan = Plan::new(&baseline, data.columns(), &options)?;
    let current = count(data, &plan.count_plan(), &Silent)?;

    let provenance = Provenance {
        baseline: baseline_file,
        current: current_file,
        created_at: now,
    };
    let report = check(&baseline, &current, &plan, &options, provenance)?;

    println!(
        "{}: largest PSI {:.3}",
        report.status, report.overall_max_psi
    );
    for feature in &report.features {
        let psi = feature.psi.map_or("-".into(), |psi| format!("{psi:.3}"));
        let reasons = feature.reasons.join("; ");
        println!(
            "{:4}  {:20} {psi:>6}  {reasons}",
            feature.status, feature.feature
        );
    }
    for left_out in &report.left_out {
        println!("left out: {} ({})", left_out.column, left_out.reason);
    }
    Ok(())
}
