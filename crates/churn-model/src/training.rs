//! A training from the split table to everything that an artifact says: learners, calibration,
//! threshold, metrics, importance. Files and promotion are for others.

use std::collections::BTreeMap;

use churn_base::error::Result;
use churn_base::progress::Progress;
use churn_drift::stats::classification::Estimate;

use super::artifact::{
    Calibration, Ensemble, Feature, Importance, Model, SplitMetrics, TreeArrays, TrivialBaseline,
};
use super::calibrate;
use super::encode::fit_features_above;
use super::evaluate::split_metrics;
use super::frame::Frame;
use super::importance::permutation_importance;
use super::learner::{Fitted, Learner};
use super::logistic::Logistic;
use super::score::Scorer;
use super::split::Splits;
use super::threshold::{self, Threshold, ThresholdRule};
use super::training_set::TrainingSet;
use super::trees::Trees;
use super::trivial::{Trivial, trivial};

/// Which learner to train.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Choice {
    /// All; the lowest log loss on validation wins.
    #[default]
    Auto,
    /// Logistic regression.
    Logistic,
    /// Gradient boosted trees.
    Trees,
}

/// What shapes a training beside its data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrainingOptions {
    /// Which learner.
    pub choice: Choice,
    /// Trees with the setting of the Python system.
    pub python: bool,
    /// How the threshold is chosen.
    pub rule: ThresholdRule,
    /// Seed of everything random.
    pub seed: u64,
    /// Training rows that a level of a category must have to be known by its name.
    pub level_rows: u64,
    /// Threads to use; changes nothing but the time.
    pub threads: usize,
}

/// A table ready to be learned from.
#[derive(Debug, Clone, Copy)]
pub struct Table<'a> {
    /// All rows.
    pub frame: &'a Frame,
    /// The label of every row.
    pub labels: &'a [bool],
    /// The columns to learn from.
    pub features: &'a [String],
    /// Which row is for what.
    pub splits: &'a Splits,
    /// The group of every row, if rows of one customer belong together.
    pub group: Option<&'a [u32]>,
}

/// What a training came to.
#[derive(Debug, Clone)]
pub struct Training {
    /// The features as fitted on the training rows.
    pub features: Vec<Feature>,
    /// The winner's name.
    pub learner: &'static str,
    /// The winner.
    pub fitted: Fitted,
    /// Log loss on validation of all that were tried, before calibration.
    pub tried: Vec<(&'static str, f64)>,
    /// How log-odds become probabilities.
    pub calibration: Calibration,
    /// The threshold and its rule.
    pub threshold: Threshold,
    /// Metrics by split; those of validation are of the model before it learned from them.
    pub metrics: BTreeMap<String, SplitMetrics>,
    /// What needs no model.
    pub trivial: Vec<TrivialBaseline>,
    /// What each feature is worth.
    pub importance: Vec<Importance>,
    /// Scores of the test rows.
    pub test_scores: Vec<f64>,
    /// What an unpurged split would have claimed on the same test rows.
    pub unpurged_roc_auc: Option<Estimate>,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// Trains on a split table.
///
/// # Errors
/// Bad input if the training rows have one class only, or a threshold cannot be had.
pub fn train(
    table: Table<'_>,
    options: &TrainingOptions,
    progress: &dyn Progress,
) -> Result<Training> {
    let splits = table.splits;
    let set = |rows| TrainingSet {
        frame: table.frame,
        labels: table.labels,
        rows,
    };
    let (fit_rows, validation) = (set(&splits.train), set(&splits.validation));
    let features = fit_features_above(options.level_rows, &fit_rows, table.features);
    let mut tried = Vec::new();
    let (learner, fitted) = best_of(
        options,
        &features,
        &fit_rows,
        &validation,
        &mut tried,
        progress,
    )?;
    progress.stage("evaluating", None);
    let raw = Scorer::of(&features, &fitted.model, &Calibration::None)?;
    let log_odds = raw.log_odds_of(table.frame, validation.rows, options.threads)?;
    let of_rows = |rows: &[u32]| {
        rows.iter()
            .map(|&row| table.labels[row as usize])
            .collect::<Vec<bool>>()
    };
    let validation_labels = of_rows(validation.rows);
    let group: Option<Vec<u32>> = table.group.map(|group| {
        validation
            .rows
            .iter()
            .map(|&row| group[row as usize])
            .collect()
    });
    let chosen = calibrate::choose(
        &log_odds,
        &validation_labels,
        group.as_deref(),
        options.seed,
    );
    let scorer = Scorer::of(&features, &fitted.model, &chosen.calibration)?;
    let scores = |rows: &[u32]| scorer.scores_of(table.frame, rows, options.threads);
    let validation_scores = scores(&splits.validation)?;
    let threshold = threshold::choose(
        options.rule,
        &validation_scores,
        &validation_labels,
        splits.test.len() as u64,
    )?;
    let importance = permutation_importance(&raw, &validation, options.seed, options.threads)?;
    // What was chosen on the validation rows is kept; the model itself then learns from them, too.
    let mut known: Vec<u32> = [&splits.train[..], &splits.validation].concat();
    known.sort_unstable();
    let known = set(&known);
    let features = fit_features_above(options.level_rows, &known, table.features);
    progress.stage("training on train and validation", None);
    let none = TrainingSet { rows: &[], ..known };
    let refitted = as_chosen(&fitted.model, options).fit(&features, &known, &none, progress)?;
    let fitted = Fitted {
        model: refitted.model,
        ..fitted
    };
    let scorer = Scorer::of(&features, &fitted.model, &chosen.calibration)?;
    let scores = |rows: &[u32]| scorer.scores_of(table.frame, rows, options.threads);
    let test_scores = scores(&splits.test)?;
    let mut metrics = BTreeMap::new();
    for (name, rows, scores) in [
        ("train", &splits.train, scores(&splits.train)?),
        ("validation", &splits.validation, validation_scores),
        ("test", &splits.test, test_scores.clone()),
    ] {
        let measured = split_metrics(&scores, &of_rows(rows), threshold.value);
        metrics.insert(name.to_owned(), measured);
    }
    let alone = alone(table);
    let mut warnings = splits.warnings.clone();
    warnings.extend(alone.suspects.iter().map(|(name, roc_auc)| {
        format!("\"{name}\" alone has a ROC AUC of {roc_auc:.3}: is it the label in disguise?")
    }));
    let unpurged_roc_auc = unpurged(table, options, &splits.test, &of_rows, progress)?;
    progress.finish();
    Ok(Training {
        features,
        learner,
        fitted,
        tried,
        calibration: chosen.calibration,
        threshold,
        metrics,
        trivial: alone.baselines,
        importance,
        test_scores,
        unpurged_roc_auc,
        warnings,
    })
}

/// Returns what features come to alone, beside the model.
pub(super) fn alone(table: Table<'_>) -> Trivial {
    let splits = table.splits;
    let columns: Vec<usize> = table
        .features
        .iter()
        .filter_map(|name| table.frame.names.iter().position(|other| other == name))
        .collect();
    trivial(
        table.frame,
        &columns,
        table.labels,
        &splits.train,
        &splits.test,
    )
}

/// Tries every learner and returns the best; what each came to is added to `tried`.
fn best_of(
    options: &TrainingOptions,
    features: &[Feature],
    fit_rows: &TrainingSet<'_>,
    validation: &TrainingSet<'_>,
    tried: &mut Vec<(&'static str, f64)>,
    progress: &dyn Progress,
) -> Result<(&'static str, Fitted)> {
    let mut best: Option<(&'static str, Fitted)> = None;
    for learner in learners(options) {
        progress.stage(&format!("training {}", learner.name()), None);
        let fitted = learner.fit(features, fit_rows, validation, progress)?;
        progress.finish();
        tried.push((learner.name(), fitted.validation_log_loss));
        // Ties stay with the simpler one, which comes first.
        if best
            .as_ref()
            .is_none_or(|(_, best)| fitted.validation_log_loss < best.validation_log_loss)
        {
            best = Some((learner.name(), fitted));
        }
    }
    best.ok_or_else(|| churn_base::error::Error::usage("no learner to train"))
}

fn learners(options: &TrainingOptions) -> Vec<Box<dyn Learner>> {
    let trees = if options.python {
        Trees::python(options.seed)
    } else {
        Trees::shallow(options.seed)
    };
    let trees: Box<dyn Learner> = Box::new(Trees {
        threads: options.threads,
        ..trees
    });
    let logistic: Box<dyn Learner> = Box::new(Logistic {
        l2: None,
        threads: options.threads,
    });
    match options.choice {
        Choice::Auto => vec![logistic, trees],
        Choice::Logistic => vec![logistic],
        Choice::Trees => vec![trees],
    }
}

/// Returns a learner that makes a model of the same size and penalty, choosing nothing.
fn as_chosen(model: &Model, options: &TrainingOptions) -> Box<dyn Learner> {
    match model {
        Model::Logistic { l2, .. } => Box::new(Logistic {
            l2: Some(*l2),
            threads: options.threads,
        }),
        Model::Trees(TreeArrays { roots, .. })
        | Model::Ensemble(Ensemble {
            trees: TreeArrays { roots, .. },
            ..
        }) => {
            let trees = if options.python {
                Trees::python(options.seed)
            } else {
                Trees::shallow(options.seed)
            };
            Box::new(Trees {
                rounds: roots.len(),
                patience: None,
                threads: options.threads,
                ..trees
            })
        }
    }
}

/// What training on rows whose labels were not known yet would have claimed on the test rows.
fn unpurged(
    table: Table<'_>,
    options: &TrainingOptions,
    test: &[u32],
    of_rows: &impl Fn(&[u32]) -> Vec<bool>,
    progress: &dyn Progress,
) -> Result<Option<Estimate>> {
    if table.splits.purged.is_empty() {
        return Ok(None);
    }
    let rows = table.splits.unpurged_train();
    let train = TrainingSet {
        frame: table.frame,
        labels: table.labels,
        rows: &rows,
    };
    let validation = TrainingSet {
        rows: &table.splits.validation,
        ..train
    };
    let features = fit_features_above(options.level_rows, &train, table.features);
    let logistic = Logistic {
        l2: None,
        threads: options.threads,
    };
    let fitted = logistic.fit(&features, &train, &validation, progress)?;
    let scorer = Scorer::of(&features, &fitted.model, &Calibration::None)?;
    let scores = scorer.scores_of(table.frame, test, options.threads)?;
    let measured = split_metrics(&scores, &of_rows(test), 0.5);
    Ok(measured.performance.roc_auc)
}

/// Returns how a model is told in a sentence.
#[must_use]
pub fn described(model: &Model) -> String {
    match model {
        Model::Logistic { weights, .. } => {
            format!("logistic regression over {} features", weights.len())
        }
        Model::Trees(trees) => format!("{} trees", trees.roots.len()),
        Model::Ensemble(ensemble) => format!("{} imported trees", ensemble.trees.roots.len()),
    }
}
