//! The calibration of a model that is there, fitted again on rows that it has not learned from. Everything else of the
//! model stays; whether the result deserves to replace it is `promote`'s affair.

use std::collections::BTreeMap;

use churn_base::error::Result;

use super::artifact::{Artifact, Calibration};
use super::calibrate;
use super::evaluate::split_metrics;
use super::learner::Fitted;
use super::score::Scorer;
use super::threshold::{self, Threshold, ThresholdRule};
use super::training::{Table, Training, TrainingOptions, alone};

/// Fits the calibration anew on the rows for training and validation, and measures it on those for testing.
///
/// The one that the model has stays where no other is better beyond noise. The threshold stays, too, unless a rule is
/// asked for: it is a probability, and what was made right is what the model calls one.
///
/// # Errors
/// Bad input if the rows lack a feature of the model, or a threshold cannot be had.
pub fn recalibrate(
    parent: &Artifact,
    table: Table<'_>,
    options: &TrainingOptions,
) -> Result<Training> {
    let (body, splits) = (&parent.body, table.splits);
    let raw = Scorer::of(&body.features, &body.model, &Calibration::None)?;
    let mut known: Vec<u32> = [&splits.train[..], &splits.validation].concat();
    known.sort_unstable();
    let log_odds = raw.log_odds_of(table.frame, &known, options.threads)?;
    let of_rows = |rows: &[u32]| -> Vec<bool> {
        rows.iter().map(|&row| table.labels[row as usize]).collect()
    };
    let labels = of_rows(&known);
    let group = table.group.map(|group| {
        let of_row = known.iter().map(|&row| group[row as usize]);
        of_row.collect::<Vec<u32>>()
    });
    let chosen = calibrate::choose_over(
        &body.calibration,
        &log_odds,
        &labels,
        group.as_deref(),
        options.seed,
    );
    let scorer = Scorer::of(&body.features, &body.model, &chosen.calibration)?;
    let scores = |rows: &[u32]| scorer.scores_of(table.frame, rows, options.threads);
    let threshold = match options.rule {
        ThresholdRule::Half => Threshold {
            value: body.threshold,
            rule: body.threshold_rule.clone(),
        },
        rule => threshold::choose(rule, &scores(&known)?, &labels, splits.test.len() as u64)?,
    };
    let names: Vec<String> = body.features.iter().map(|one| one.name.clone()).collect();
    let test_scores = scores(&splits.test)?;
    let mut metrics = BTreeMap::new();
    for (name, rows, scores) in [
        ("train", &splits.train, scores(&splits.train)?),
        (
            "validation",
            &splits.validation,
            scores(&splits.validation)?,
        ),
        ("test", &splits.test, test_scores.clone()),
    ] {
        let measured = split_metrics(&scores, &of_rows(rows), threshold.value);
        metrics.insert(name.to_owned(), measured);
    }
    Ok(Training {
        features: body.features.clone(),
        learner: "recalibrated",
        fitted: Fitted {
            model: body.model.clone(),
            validation_log_loss: f64::NAN,
            history: Vec::new(),
            summary: format!("those of {}; calibration {}", parent.version, chosen.reason),
        },
        tried: Vec::new(),
        calibration: chosen.calibration,
        threshold,
        metrics,
        trivial: alone(Table {
            features: &names,
            ..table
        })
        .baselines,
        importance: body.importance.clone(),
        test_scores,
        unpurged_roc_auc: None,
        warnings: splits.warnings.clone(),
    })
}
