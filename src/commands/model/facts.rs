//! What is to be said of a model in a line each: for `model show`, and for `model diff`, which puts two
//! beside each other.

use serde::Serialize;

use crate::model::artifact::{Artifact, FeatureKind, SplitMetrics};
use crate::model::training::described;

/// A line about a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Fact {
    pub(super) what: String,
    pub(super) value: String,
}

/// Returns all that is not about single features.
pub(super) fn facts(artifact: &Artifact) -> Vec<Fact> {
    let body = &artifact.body;
    let mut facts = Vec::new();
    let mut fact = |what: &str, value: String| {
        facts.push(Fact {
            what: what.to_owned(),
            value,
        });
    };
    fact("name", artifact.name.clone());
    fact("version", artifact.version.clone());
    fact(
        "made",
        format!("{} by {}", artifact.created_at, artifact.command),
    );
    fact("learner", described(&body.model));
    fact("features", body.features.len().to_string());
    fact(
        "threshold",
        format!("{} ({})", body.threshold, body.threshold_rule),
    );
    fact(
        "label",
        format!("{} is {}", body.roles.label, body.roles.positive),
    );
    let provenance = &body.provenance;
    if let Some(parent) = &provenance.parent {
        fact(
            "parent",
            format!("{parent}, whose calibration was fitted again"),
        );
    }
    fact("data", provenance.data.join(", "));
    fact("rows", provenance.rows.to_string());
    fact("split", provenance.split.clone());
    if let Some(imported) = &body.imported {
        let parity = &imported.parity;
        fact(
            "imported from",
            format!("{} ({})", imported.file, imported.format),
        );
        fact(
            "proof",
            format!(
                "{} rows, largest difference {:.1e}, limit {:.0e}",
                parity.rows, parity.largest_difference, parity.limit
            ),
        );
    }
    for (split, metrics) in &body.metrics {
        for (name, value) in figures(metrics) {
            fact(&format!("{name}, {split}"), value);
        }
    }
    facts
}

fn figures(metrics: &SplitMetrics) -> Vec<(&'static str, String)> {
    let performance = &metrics.performance;
    let all = [
        ("ROC AUC", performance.roc_auc),
        ("average precision", performance.average_precision),
        ("log loss", performance.log_loss),
        ("Brier score", performance.brier),
        ("calibration error", performance.calibration_error),
    ];
    all.into_iter()
        .filter_map(|(name, value)| Some((name, format!("{:.4}", value?.value))))
        .collect()
}

/// A feature in a line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct FeatureFact {
    pub(super) name: String,
    /// Its range, or how many levels it has.
    pub(super) kind: String,
    /// Rise of the log loss when its values are shuffled, where that was measured.
    pub(super) log_loss_increase: Option<f64>,
}

/// Returns the features: the most important first, or in their order where that was not measured.
pub(super) fn features(artifact: &Artifact) -> Vec<FeatureFact> {
    let importance = |name: &str| {
        let mut all = artifact.body.importance.iter();
        let own = all.find(|one| one.feature == name)?;
        Some(own.log_loss_increase)
    };
    let fact = |feature: &crate::model::artifact::Feature| {
        let kind = match &feature.kind {
            FeatureKind::Number { min, max, .. } => format!("number, {min} to {max}"),
            FeatureKind::Category { levels, .. } => format!("{} categories", levels.len()),
        };
        FeatureFact {
            name: feature.name.clone(),
            kind,
            log_loss_increase: importance(&feature.name),
        }
    };
    let mut facts: Vec<FeatureFact> = artifact.body.features.iter().map(fact).collect();
    let by = |fact: &FeatureFact| fact.log_loss_increase.unwrap_or(f64::NEG_INFINITY);
    facts.sort_by(|one, other| by(other).total_cmp(&by(one)));
    facts
}
