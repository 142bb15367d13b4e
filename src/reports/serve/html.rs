//! The page at `/` of the prediction API: the model as it is, a form to try it, and counters that
//! live. The one page of ours with a script: it talks to the server that it came from, and to no other.

use serde::Serialize;

use crate::error::Result;
use crate::model::artifact::{Artifact, Feature, FeatureKind, Model};
use crate::model::threshold::rule_in_words;
use crate::page::Page;
use crate::page::frame::render;
use crate::serve::PageFacts;
use crate::text::{shorten, visible};

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// Levels up to which they are a menu; beyond, a text with suggestions.
const FEW: usize = 24;
/// Suggestions of a text.
const MOST_LEVELS: usize = 500;
/// Features that have a field.
const MOST_FEATURES: usize = 500;

#[derive(Serialize)]
struct View<'a> {
    model: Option<ModelView>,
    path: &'a str,
    positive: &'a str,
    negative: &'a str,
    version: &'static str,
}

#[derive(Serialize)]
struct ModelView {
    name: String,
    version: String,
    sha256: String,
    threshold: f64,
    tiles: Vec<(&'static str, String, String)>,
    baseline: String,
    features: Vec<FeatureView>,
    curl: String,
}

#[derive(Serialize)]
struct FeatureView {
    name: String,
    nullable: bool,
    /// None for a number.
    levels: Option<Vec<String>>,
    few: bool,
    value: String,
    hint: String,
}

/// Returns the page; without a model it says so.
///
/// # Errors
/// Fails if the template is wrong: a bug.
pub fn page(artifact: Option<&Artifact>, facts: &PageFacts) -> Result<String> {
    let view = View {
        model: artifact.map(model),
        path: &facts.path,
        positive: &facts.positive,
        negative: &facts.negative,
        version: env!("CARGO_PKG_VERSION"),
    };
    let title = match artifact {
        Some(artifact) => format!("{} {}: churnctl serve", artifact.name, artifact.version),
        None => "churnctl serve".to_owned(),
    };
    let body = render(TEMPLATE, &view)?;
    let page = Page {
        title: &title,
        style: STYLE,
        body: &body,
    };
    page.render_with_script(SCRIPT)
}

fn model(artifact: &Artifact) -> ModelView {
    let body = &artifact.body;
    let learner = match &body.model {
        Model::Logistic { .. } => "logistic regression".to_owned(),
        Model::Trees(trees) => format!("{} boosted trees", trees.roots.len()),
        Model::Ensemble(ensemble) => format!("{} imported trees", ensemble.trees.roots.len()),
    };
    let test = body.metrics.get("test").map(|metrics| &metrics.performance);
    let figure = |value: Option<&crate::stats::classification::Estimate>| {
        value.map_or_else(|| "-".to_owned(), |value| format!("{:.3}", value.value))
    };
    let rows = test.map_or(0, |test| test.rows);
    let auc = figure(test.and_then(|test| test.roc_auc.as_ref()));
    let loss = figure(test.and_then(|test| test.log_loss.as_ref()));
    let day = artifact.created_at.split('T').next().unwrap_or_default();
    let (made, of) = match &body.imported {
        Some(imported) => (
            "Imported",
            format!("proved on {} rows", imported.parity.rows),
        ),
        None => ("Trained", format!("{} rows", body.provenance.rows)),
    };
    let mut tiles = vec![
        (
            "Learner",
            learner,
            format!("{} features", body.features.len()),
        ),
        (made, day.to_owned(), of),
        (
            "Threshold",
            format!("{:.3}", body.threshold),
            rule_in_words(&body.threshold_rule).to_owned(),
        ),
    ];
    // Of an imported model no test is known.
    if test.is_some() {
        tiles.push(("ROC AUC", auc, format!("on {rows} test rows")));
        tiles.push(("Log loss", loss, format!("on {rows} test rows")));
    }
    let baseline = test.map_or_else(String::new, |test| {
        let confusion = &test.confusion;
        let positive = confusion.true_positives + confusion.false_positives;
        let share = 100.0 * positive as f64 / (test.rows.max(1)) as f64;
        format!("{share:.1} % of the test rows")
    });
    let values = body.examples.first().map(|example| &example.values);
    let features = body.features.iter().take(MOST_FEATURES).map(|feature| {
        let value = values.and_then(|values| values.get(&feature.name));
        field(feature, value.map_or("", String::as_str))
    });
    ModelView {
        name: artifact.name.clone(),
        version: artifact.version.clone(),
        sha256: artifact.sha256.clone(),
        threshold: body.threshold,
        tiles,
        baseline,
        features: features.collect(),
        curl: "curl -H 'Content-Type: application/json' -d @customer.json http://HOST/predict?explain=3"
            .to_owned(),
    }
}

fn field(feature: &Feature, value: &str) -> FeatureView {
    let missing = if feature.nullable {
        ", may be missing"
    } else {
        ""
    };
    let (levels, few, hint) = match &feature.kind {
        FeatureKind::Number { min, max, .. } => (
            None,
            false,
            format!("a number; in training {min} to {max}{missing}"),
        ),
        FeatureKind::Category { levels, .. } => {
            let count = levels.len();
            let noun = if count == 1 { "category" } else { "categories" };
            let hint = format!("{count} {noun}{missing}");
            // A menu must be able to say what the form holds.
            let few =
                count <= FEW && (levels.iter().any(|level| level == value) || value.is_empty());
            let shown = levels.iter().take(MOST_LEVELS).cloned().collect();
            (Some(shown), few, hint)
        }
    };
    FeatureView {
        name: feature.name.clone(),
        nullable: feature.nullable,
        levels,
        few,
        value: shorten(&visible(value), 200).into_owned(),
        hint,
    }
}
