//! Whether an artifact hangs together: finite numbers, shapes that fit, trees that end. What the
//! model scores is the self-test's affair.

use std::collections::BTreeSet;

use super::artifact::{Artifact, Body, Calibration, Feature, FeatureKind, LEAF, Model};
use super::registry::is_model_name;

/// Most splits between a root and a leaf: what walks the paths of a tree has room for them.
pub(super) const MAX_DEPTH: usize = 64;

/// Checks the part outside of the body. The checksum is `store`'s affair.
pub(super) fn check_head(artifact: &Artifact) -> Result<(), String> {
    ensure(artifact.command == "train", || {
        "its command is not train".into()
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
    let names: BTreeSet<&str> = body.features.iter().map(|one| one.name.as_str()).collect();
    ensure((0.0..=1.0).contains(&body.threshold), || {
        "its threshold is not a share".into()
    })?;
    for (number, example) in body.examples.iter().enumerate() {
        ensure(example.score > 0.0 && example.score < 1.0, || {
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
        Model::Trees { .. } => check_trees(model, features.len())?,
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

fn check_trees(model: &Model, features: usize) -> Result<(), String> {
    let Model::Trees {
        base,
        roots,
        feature,
        threshold,
        left,
        right,
        missing_left,
        cover,
    } = model
    else {
        return Ok(());
    };
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
