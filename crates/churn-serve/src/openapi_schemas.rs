//! The schemas of the OpenAPI document: records, features, answers, problems.

use churn_model::artifact::{Artifact, Feature, FeatureKind};
use churn_model::levels::takes_truth;
use serde_json::{Map, Value, json};

use super::limits::{LARGEST, LONGEST_ID, MOST_EXPLAINED};
use super::options::{Options, UnknownCategory};

/// Texts that mean "missing" to every reader of ours, see `data/value.rs`.
const MISSING: &str =
    r"^[ \t\n\f\r]*(NA|N/A|n/a|<NA>|#N/A|null|NULL|None|[+-]?[nN][aA][nN])?[ \t\n\f\r]*$";
/// Categories that are listed.
const MOST_LEVELS: usize = 1000;

pub(super) fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

/// The features of the first example, typed.
fn example(artifact: &Artifact) -> Value {
    let Some(example) = artifact.body.examples.first() else {
        return json!({});
    };
    let features = artifact.body.features.iter().filter_map(|feature| {
        let text = example.values.get(&feature.name)?;
        let value = match feature.kind {
            FeatureKind::Number { .. } => {
                let number: f64 = text.trim().parse().ok()?;
                match number.fract() == 0.0 && number.abs() < 1e15 {
                    true => json!(number as i64),
                    false => json!(number),
                }
            }
            FeatureKind::Category { .. } => json!(text),
        };
        Some((feature.name.clone(), value))
    });
    Value::Object(features.collect())
}

pub(super) fn record_example(artifact: Option<&Artifact>) -> Value {
    json!({
        "user_id": "7590-VHVEG",
        "features": artifact.map_or_else(|| json!({}), example),
    })
}

pub(super) fn schemas(artifact: Option<&Artifact>, options: &Options) -> Value {
    let probability = json!({ "type": "number", "minimum": 0, "maximum": 1 });
    let label = json!({ "type": "string", "enum": options.classes });
    let contributions = json!({ "type": "array", "items": reference("Contribution") });
    json!({
        "Features": features(artifact, options),
        "Record": {
            "type": "object",
            "required": ["user_id", "features"],
            "additionalProperties": false,
            "properties": {
                "user_id": { "anyOf": [
                    { "type": "string", "minLength": 1, "maxLength": LONGEST_ID },
                    { "type": "integer", "minimum": i64::MIN, "maximum": u64::MAX },
                ] },
                "snapshot_date": {
                    "anyOf": [{ "type": "string", "format": "date" }, { "type": "null" }],
                    "description": "The day that the features are of.",
                },
                "features": reference("Features"),
                "explain": {
                    "anyOf": [
                        { "type": "boolean" },
                        { "type": "null" },
                        { "type": "integer", "minimum": 0, "maximum": MOST_EXPLAINED },
                    ],
                    "description": "Whether, or how many, contributions are listed.",
                },
            },
            "examples": [record_example(artifact)],
        },
        "Answer": {
            "type": "object",
            "required": ["user_id", "churn_risk", "model_path", "label", "threshold", "model_version"],
            "properties": {
                "user_id": { "type": ["string", "integer"] },
                "churn_risk": probability,
                "model_path": { "type": "string" },
                "label": label,
                "threshold": probability,
                "model_version": { "type": "string" },
                "base_log_odds": { "type": "number" },
                "log_odds": { "type": "number" },
                "contributions": contributions,
            },
            "additionalProperties": false,
        },
        "Contribution": {
            "type": "object",
            "required": ["feature", "value", "contribution"],
            "properties": {
                "feature": { "type": "string" },
                "value": { "type": ["string", "number", "null"] },
                "contribution": { "type": "number", "description": "Added to the log-odds." },
            },
            "additionalProperties": false,
        },
        "Explanation": {
            "type": "object",
            "required": ["base_log_odds", "log_odds", "contributions"],
            "properties": {
                "base_log_odds": { "type": "number" },
                "log_odds": { "type": "number" },
                "contributions": contributions,
            },
            "additionalProperties": false,
        },
        "Line": { "anyOf": [reference("Answer"), {
            "type": "object",
            "required": ["line", "error"],
            "properties": {
                "line": { "type": "integer", "minimum": 1 },
                "error": reference("Problem"),
            },
        }] },
        "Problem": {
            "type": "object",
            "required": ["type", "title", "status", "detail", "code"],
            "properties": {
                "type": { "type": "string" },
                "title": { "type": "string" },
                "status": { "type": "integer", "minimum": 400, "maximum": 599 },
                "detail": { "type": "string" },
                "code": { "type": "string" },
                "errors": { "type": "array", "items": {
                    "type": "object",
                    "required": ["pointer", "reason", "detail"],
                    "properties": {
                        "pointer": { "type": "string" },
                        "reason": { "type": "string" },
                        "detail": { "type": "string" },
                        "did_you_mean": { "type": "string" },
                    },
                } },
                "errors_omitted": { "type": "integer", "minimum": 1 },
            },
        },
    })
}

fn features(artifact: Option<&Artifact>, options: &Options) -> Value {
    let Some(artifact) = artifact else {
        return json!({ "type": "object" });
    };
    let all = &artifact.body.features;
    let properties: Map<String, Value> = all
        .iter()
        .map(|feature| (feature.name.clone(), property(feature, options)))
        .collect();
    let required = all.iter().filter(|feature| !feature.nullable);
    let required: Vec<&String> = required.map(|feature| &feature.name).collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
        "examples": [example(artifact)],
    })
}

fn property(feature: &Feature, options: &Options) -> Value {
    let truth = takes_truth(&feature.kind);
    let one = match &feature.kind {
        FeatureKind::Number { min, max, .. } => json!({
            "type": if truth { json!(["number", "boolean"]) } else { json!("number") },
            "minimum": -LARGEST,
            "maximum": LARGEST,
            "description": format!("In training from {min} to {max}."),
        }),
        FeatureKind::Category { levels, .. } => {
            let listed = &levels[..levels.len().min(MOST_LEVELS)];
            match options.unknown_category {
                UnknownCategory::Reject => {
                    let truths = [Value::Bool(false), Value::Bool(true)];
                    let truths = truths.into_iter().filter(|_| truth);
                    let known = levels.iter().map(|level| json!(level));
                    json!({ "enum": known.chain(truths).collect::<Vec<Value>>() })
                }
                UnknownCategory::Other => json!({
                    // A number or a truth value is the category that is the same value.
                    "type": if truth {
                        json!(["string", "number", "boolean"])
                    } else {
                        json!(["string", "number"])
                    },
                    "minimum": -LARGEST,
                    "maximum": LARGEST,
                    "not": { "type": "string", "pattern": MISSING },
                    "examples": listed,
                    "description": "Others than those of training count as one.",
                }),
            }
        }
    };
    match feature.nullable {
        true => json!({ "anyOf": [one, { "type": "null" }] }),
        false => one,
    }
}
