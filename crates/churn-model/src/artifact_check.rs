//! Whether an artifact hangs together: finite numbers, shapes that fit, trees that end. What the
//! model scores is the self-test's affair.

use std::collections::BTreeSet;

use super::artifact::{
    Artifact, Body, Calibration, Ensemble, Feature, FeatureKind, IMPORT_COMMAND, LEAF, Model,
    TreeArrays, makes_models,
};
use super::registry::is_model_name;

/// Most splits between a root and a leaf: what walks the paths of a tree has room for them.
pub(super) const MAX_DEPTH: usize = 64;
/// How far scores of an imported model may be off, at most: its framework computes in single precision.
const MOST_DIFFERENCE: f64 = 1e-5;
/// Most memory for sets of levels, in words of 64 bits: 64 MiB.
const MOST_SET_WORDS: usize = 8 << 20;

/// Checks the part outside of the body. The checksum is `store`'s affair.
pub(super) fn check_head(artifact: &Artifact) -> Result<(), String> {
    ensure(makes_models(&artifact.command), || {
        "its command does not make models".into()
    })?;
    let is_imported = artifact.command == IMPORT_COMMAND;
    ensure(is_imported == artifact.body.imported.is_some(), || {
        "its command is not the one that made it".into()
    })?;
    ensure(is_model_name(&artifact.name), || {
        format!("\"{}\" is not a model name", artifact.name)
    })?;
    ensure(
        artifact.created_at.parse::<jiff::Timestamp>().is_ok(),
        || "its time is not RFC 3339".into(),
    )?;
    ensure(
        artifact.sha256.starts_with(&artifact.version) && artifact.version.len() == 12,
        || "its version is not the beginning of its checksum".into(),
    )
}

/// Checks all that scoring relies on, and all that is printed.
pub(super) fn check_body(body: &Body) -> Result<(), String> {
    check_parts(&body.features, &body.model, &body.calibration)?;
    check_parity(body)?;
    let names: BTreeSet<&str> = body.features.iter().map(|one| one.name.as_str()).collect();
    ensure((0.0..=1.0).contains(&body.threshold), || {
        "its threshold is not a share".into()
    })?;
    for (number, example) in body.examples.iter().enumerate() {
        // The averages of forests do reach both ends.
        let is_certain = example.score == 0.0 || example.score == 1.0;
        let may_be = (0.0..=1.0).contains(&example.score);
        ensure(may_be && (!is_certain || body.imported.is_some()), || {
            format!("example {number} has no probability")
        })?;
        if let Some(name) = example
            .values
            .keys()
            .find(|name| !names.contains(name.as_str()))
        {
            return Err(format!(
                "example {number} has a value for \"{name}\", which is not a feature"
            ));
        }
    }
    ensure(!body.examples.is_empty(), || {
        "it has no examples to test itself with".into()
    })?;
    body.provenance
        .learned
        .as_ref()
        .map_or(Ok(()), super::learned::LearnedRows::check)?;
    check_figures(body)?;
    ensure(body.profile.command == "profile", || {
        "its profile is none".into()
    })?;
    ensure(
        (1..=churn_drift::profile::SCHEMA_VERSION).contains(&body.profile.schema_version),
        || format!("its profile has version {}", body.profile.schema_version),
    )?;
    body.profile.check().map_err(|error| error.to_string())
}

/// Checks features, learner and calibration, and that they fit together: the one place where it
/// is decided what a model is. What was checked here can be scored with without a further look.
pub(super) fn check_parts(
    features: &[Feature],
    model: &Model,
    calibration: &Calibration,
) -> Result<(), String> {
    ensure(!features.is_empty(), || "it has no features".into())?;
    let mut names = BTreeSet::new();
    for feature in features {
        ensure(names.insert(feature.name.as_str()), || {
            format!("feature \"{}\" is there twice", feature.name)
        })?;
        check_feature(feature)?;
    }
    match model {
        Model::Logistic {
            intercept,
            weights,
            l2,
        } => {
            ensure(
                intercept.is_finite() && l2.is_finite() && *l2 >= 0.0,
                || "its intercept or penalty is not a number".into(),
            )?;
            check_weights(weights, features)?;
        }
        Model::Trees(trees) => check_trees(trees, features.len())?,
        Model::Ensemble(ensemble) => check_ensemble(ensemble, features)?,
    }
    check_calibration(calibration)
}

fn check_feature(feature: &Feature) -> Result<(), String> {
    let name = &feature.name;
    match &feature.kind {
        FeatureKind::Number {
            median,
            mean,
            scale,
            min,
            max,
        } => {
            ensure(
                all_finite([*median, *mean, *scale, *min, *max].iter()),
                || format!("feature \"{name}\" has a value that is not a number"),
            )?;
            ensure(*scale > 0.0, || format!("feature \"{name}\" has no scale"))?;
            ensure(min <= max, || format!("feature \"{name}\" has no range"))
        }
        FeatureKind::Category { levels, order } => {
            let distinct: BTreeSet<&String> = levels.iter().collect();
            ensure(distinct.len() == levels.len(), || {
                format!("feature \"{name}\" has a level twice")
            })?;
            ensure(order.len() == levels.len() + 1, || {
                format!(
                    "feature \"{name}\" has {} levels, but {} places in their order",
                    levels.len(),
                    order.len()
                )
            })?;
            ensure(all_finite(order.iter()), || {
                format!("feature \"{name}\" has a place that is not a number")
            })
        }
    }
}

fn check_weights(weights: &[Vec<f64>], features: &[Feature]) -> Result<(), String> {
    ensure(weights.len() == features.len(), || {
        format!(
            "it has weights for {} of {} features",
            weights.len(),
            features.len()
        )
    })?;
    for (weights, feature) in weights.iter().zip(features) {
        let expected = match &feature.kind {
            FeatureKind::Number { .. } => 2,
            FeatureKind::Category { levels, .. } => levels.len() + 2,
        };
        ensure(weights.len() == expected, || {
            format!(
                "feature \"{}\" has {} weights, not {expected}",
                feature.name,
                weights.len()
            )
        })?;
        ensure(all_finite(weights.iter()), || {
            format!(
                "feature \"{}\" has a weight that is not a number",
                feature.name
            )
        })?;
    }
    Ok(())
}

/// A model of another framework serves only with the proof that it scores as it did there.
fn check_parity(body: &Body) -> Result<(), String> {
    let Some(imported) = &body.imported else {
        return ensure(!matches!(body.model, Model::Ensemble(_)), || {
            "nothing proves that its trees score as they did where they were trained".into()
        });
    };
    let parity = &imported.parity;
    let is_proved = parity.rows > 0
        && parity.limit <= MOST_DIFFERENCE
        && (0.0..=parity.limit).contains(&parity.largest_difference);
    ensure(is_proved, || {
        format!(
            "its scores are {} off those of {}",
            parity.largest_difference, imported.format
        )
    })
}

fn check_ensemble(ensemble: &Ensemble, features: &[Feature]) -> Result<(), String> {
    check_trees(&ensemble.trees, features.len())?;
    ensure(ensemble.inputs.len() == features.len(), || {
        "its trees are not given every feature".into()
    })?;
    let mut words = 0;
    // A set is of the levels of one feature.
    let mut owners = vec![None; ensemble.sets.len()];
    let nodes = ensemble.trees.feature.iter().zip(&ensemble.trees.threshold);
    for (&feature, threshold) in nodes.filter(|(feature, _)| **feature != LEAF) {
        let FeatureKind::Category { levels, .. } = &features[feature as usize].kind else {
            continue;
        };
        // A float becomes the nearest whole number: the text of another one is not that of a set.
        let number = *threshold as usize;
        let set = ensemble
            .sets
            .get(number)
            .filter(|_| number as f64 == *threshold);
        let Some(set) = set else {
            return Err(format!("its trees ask for a set {threshold} of levels"));
        };
        if *owners[number].get_or_insert(feature) != feature {
            return Err(format!("set {number} is of the levels of two features"));
        }
        let is_there = |level: &u32| *level as usize <= levels.len();
        ensure(set.iter().all(is_there), || {
            format!("set {number} has a level that is not there")
        })?;
        words += levels.len() / 64 + 1;
    }
    // Explanations have a set for every split.
    ensure(words <= MOST_SET_WORDS, || {
        "its trees ask for more sets of levels than fit in memory".into()
    })
}

fn check_trees(trees: &TreeArrays, features: usize) -> Result<(), String> {
    let TreeArrays {
        base,
        roots,
        feature,
        threshold,
        left,
        right,
        missing_left,
        cover,
    } = trees;
    let nodes = feature.len();
    let lengths = [
        threshold.len(),
        left.len(),
        right.len(),
        missing_left.len(),
        cover.len(),
    ];
    ensure(lengths.iter().all(|length| *length == nodes), || {
        "the arrays of its trees differ in length".into()
    })?;
    ensure(
        base.is_finite() && all_finite(threshold.iter().chain(cover)),
        || "its trees have a value that is not a number".into(),
    )?;
    ensure(cover.iter().all(|rows| *rows >= 0.0), || {
        "a node has fewer than no rows".into()
    })?;
    // Each node has one parent or is one root, so a tree is walked once and ends.
    let mut seen = vec![false; nodes];
    let mut visit = |node: u32| match seen.get_mut(node as usize) {
        Some(slot) if !*slot => {
            *slot = true;
            Ok(())
        }
        Some(_) => Err(format!("node {node} of its trees is reached twice")),
        None => Err(format!("node {node} of its trees is not there")),
    };
    for root in roots {
        visit(*root)?;
    }
    let mut depth = vec![0; nodes];
    for node in 0..nodes {
        let children = [left[node], right[node]];
        if feature[node] == LEAF {
            ensure(children == [0, 0], || {
                format!("leaf {node} of its trees has children")
            })?;
            continue;
        }
        ensure((feature[node] as usize) < features, || {
            format!("node {node} of its trees asks for a feature that is not there")
        })?;
        for child in children {
            ensure(child as usize > node, || {
                format!("node {node} of its trees leads back to node {child}")
            })?;
            visit(child)?;
            depth[child as usize] = depth[node] + 1;
        }
        ensure(depth[node] < MAX_DEPTH, || {
            format!("node {node} of its trees is deeper than {MAX_DEPTH} splits")
        })?;
    }
    ensure(seen.iter().all(|seen| *seen), || {
        "its trees have nodes that nothing reaches".into()
    })
}

fn check_calibration(calibration: &Calibration) -> Result<(), String> {
    match calibration {
        Calibration::None => Ok(()),
        Calibration::Platt { slope, intercept } => ensure(
            slope.is_finite() && intercept.is_finite() && *slope > 0.0,
            || "its calibration does not rise".into(),
        ),
        Calibration::Isotonic {
            log_odds,
            probability,
        } => {
            ensure(
                log_odds.len() == probability.len() && !log_odds.is_empty(),
                || "its calibration has knots without probabilities".into(),
            )?;
            ensure(all_finite(log_odds.iter()), || {
                "a knot is not a number".into()
            })?;
            ensure(probability.iter().all(|p| (0.0..=1.0).contains(p)), || {
                "its calibration has a value that is not a probability".into()
            })?;
            let rises = log_odds.windows(2).all(|pair| pair[0] < pair[1])
                && probability.windows(2).all(|pair| pair[0] <= pair[1]);
            ensure(rises, || "its calibration does not rise".into())
        }
    }
}

/// What is not scored with, but printed and compared: JSON has no NaN, so one in memory is
/// found before it is written.
fn check_figures(body: &Body) -> Result<(), String> {
    let curves = body.metrics.values().flat_map(|metrics| {
        let points = metrics.roc.iter().chain(&metrics.precision_recall);
        let bins = metrics.calibration.iter();
        points
            .flat_map(|point| [point.0, point.1])
            .chain(bins.flat_map(|bin| [bin.mean_score, bin.positive_share]))
            .chain(metrics.lift.iter().copied())
    });
    let trivial = body.trivial.iter();
    let trivial = trivial.flat_map(|one| [one.roc_auc, one.average_precision, one.log_loss]);
    let attributions = body.attributions.iter();
    let attributions = attributions.flat_map(|all| {
        let columns = all.features.iter();
        let columns = columns.flat_map(|one| {
            [
                one.mean,
                one.standard_error,
                one.mean_size,
                one.size_standard_error,
                one.called,
            ]
        });
        let of_scores = [
            all.mean_score,
            all.score_standard_deviation,
            all.called_share,
        ];
        columns.chain(of_scores).collect::<Vec<f64>>()
    });
    let importance = body.importance.iter();
    let importance = importance.flat_map(|one| [one.log_loss_increase, one.roc_auc_decrease]);
    let estimates = body.metrics.values().flat_map(|metrics| {
        let p = &metrics.performance;
        [
            p.roc_auc,
            p.average_precision,
            p.log_loss,
            p.brier,
            p.rmse,
            p.accuracy,
            p.precision,
            p.recall,
            p.specificity,
            p.f1,
            p.mcc,
            p.calibration_error,
        ]
    });
    let estimates = estimates
        .chain([body.provenance.unpurged_roc_auc])
        .flatten();
    let estimates = estimates.flat_map(|one| [one.value, one.low, one.high]);
    let all: Vec<f64> = curves
        .chain(trivial)
        .chain(attributions)
        .chain(importance)
        .chain(estimates)
        .collect();
    ensure(all_finite(all.iter()), || "a metric is not a number".into())
}

fn all_finite<'a>(mut values: impl Iterator<Item = &'a f64>) -> bool {
    values.all(|value| value.is_finite())
}

fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}
