//! Whether the splits of a training are of one kind: drift from train to validation and test.

use super::Console;
use super::train_table::TrainTable;
use crate::drift::report::{FeatureReport, Thresholds};
use crate::drift::{CheckOptions, Plan, Provenance, Status, check};
use crate::error::Result;
use crate::model::frame::{Column, MISSING_CODE};
use crate::model::report::{SplitDrift, SplitPsi};
use crate::model::split::Splits;
use crate::profile::{self, Counted, HeaderRows, Profile, Roles};

/// Most features that a warning names.
const MOST_NAMED: usize = 5;

/// Compares the features of validation and test with those of train, by the rules of `drift`.
/// The worst feature comes first.
pub(super) fn between_splits(
    table: &TrainTable,
    splits: &Splits,
    thresholds: &Thresholds,
    console: &Console<'_>,
) -> Result<Vec<SplitDrift>> {
    console.progress().stage("comparing the splits", None);
    let baseline = Profile {
        schema_version: profile::SCHEMA_VERSION,
        command: "profile".into(),
        churnctl_version: env!("CARGO_PKG_VERSION").into(),
        created_at: console.created_at().to_owned(),
        source: "train".into(),
        rows: splits.train.len() as u64,
        header_rows: HeaderRows::default(),
        shards: None,
        roles: Roles::default(),
        columns: columns(table, &splits.train, None),
        outcome: None,
        segments: Vec::new(),
        model_features: Vec::new(),
    };
    let options = CheckOptions {
        features: table.features.clone(),
        thresholds: thresholds.general(),
        // Others, such as that of the score, are not compared here.
        thresholds_by_feature: thresholds
            .by_feature
            .iter()
            .filter(|(name, _)| table.features.contains(name))
            .map(|(name, own)| (name.clone(), *own))
            .collect(),
        min_rows: 0,
        ..CheckOptions::default()
    };
    let plan = Plan::new(&baseline, &table.features, &options)?;
    let of_split = |name: &str, rows: &[u32]| -> Result<Vec<FeatureReport>> {
        let current = Counted {
            columns: columns(table, rows, Some(&plan)),
            outcome: None,
            rows: rows.len() as u64,
            blank_lines: 0,
            header_rows: HeaderRows::default(),
        };
        let provenance = Provenance {
            baseline: "train".into(),
            current: name.to_owned(),
            created_at: console.created_at().to_owned(),
        };
        Ok(check(&baseline, &current, &plan, &options, provenance)?.features)
    };
    let validation = of_split("validation", &splits.validation)?;
    let test = of_split("test", &splits.test)?;
    console.progress().finish();
    let found = |reports: &[FeatureReport], name: &str| {
        let report = reports.iter().find(|report| report.feature == name)?;
        Some(SplitPsi {
            status: report.status.as_str().to_owned(),
            psi: report.psi,
            psi_noise_limit: report.psi_noise_limit,
            missing_psi: report.missing.psi,
        })
    };
    let mut drift: Vec<SplitDrift> = table
        .features
        .iter()
        .map(|name| SplitDrift {
            feature: name.clone(),
            validation: found(&validation, name),
            test: found(&test, name),
        })
        .collect();
    drift.sort_by(|a, b| {
        let (a_worst, b_worst) = (worst(a), worst(b));
        (b_worst.0.cmp(&a_worst.0))
            .then(b_worst.1.total_cmp(&a_worst.1))
            .then_with(|| a.feature.cmp(&b.feature))
    });
    Ok(drift)
}

/// Returns what the user should know of it: features of test that are unlike those of train.
pub(super) fn warning(drift: &[SplitDrift]) -> Option<String> {
    let fails = |one: &&SplitDrift| {
        let test = one.test.as_ref();
        test.is_some_and(|test| test.status == Status::Fail.as_str())
    };
    let names: Vec<&str> = drift
        .iter()
        .filter(fails)
        .map(|one| one.feature.as_str())
        .collect();
    if names.is_empty() {
        return None;
    }
    let named = names[..names.len().min(MOST_NAMED)].join(", ");
    let more = names.len().saturating_sub(MOST_NAMED);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    Some(format!(
        "features drift from train to test: {named}{more}; the model is tested on rows unlike \
         those it learned from"
    ))
}

/// The worse of both splits: its verdict, then its largest PSI.
fn worst(drift: &SplitDrift) -> (u8, f64) {
    let rank = |status: &str| {
        Status::ALL
            .iter()
            .position(|known| known.as_str() == status)
            .map_or(0, |rank| rank as u8)
    };
    let splits = drift.validation.iter().chain(&drift.test);
    splits.fold((0, 0.0), |(status, psi), split| {
        let own = split.psi.unwrap_or(0.0).max(split.missing_psi);
        (status.max(rank(&split.status)), psi.max(own))
    })
}

/// The features of these rows, counted; with a plan also at the points that it wants.
fn columns(table: &TrainTable, rows: &[u32], plan: Option<&Plan>) -> Vec<profile::Column> {
    let plan = plan.map(Plan::count_plan);
    let cuts = |name: &str| {
        let columns = plan.iter().flat_map(|plan| &plan.columns);
        let mut named = columns.filter(|column| column.name == name);
        named
            .next()
            .map_or_else(Vec::new, |column| column.cuts.clone())
    };
    let of = |name: &String| {
        Some(match table.frame.column(name)? {
            Column::Numbers(numbers) => {
                let values = rows.iter().map(|&row| numbers[row as usize]);
                profile::Column::of_numbers(name, values, cuts(name))
            }
            Column::Categories { codes, levels } => {
                let mut counts = vec![0; levels.len()];
                let mut missing = 0;
                for &row in rows {
                    match codes[row as usize] {
                        MISSING_CODE => missing += 1,
                        code => counts[code as usize] += 1,
                    }
                }
                let texts = levels.iter().map(String::as_str).zip(counts);
                profile::Column::of_texts(name, texts, missing)
            }
        })
    };
    table.features.iter().filter_map(of).collect()
}
