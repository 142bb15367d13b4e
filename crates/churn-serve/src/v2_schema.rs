//! The forms of the Open Inference Protocol for the OpenAPI document.

use churn_model::artifact::{Artifact, FeatureKind};
use serde_json::{Value, json};

use super::v2_types::{NUMBERS, OUTPUTS, TEXTS, TRUTH};

/// The form of a model's description.
pub(super) fn metadata_schema() -> Value {
    let tensors = json!({ "type": "array", "items": {
        "type": "object",
        "required": ["name", "datatype", "shape"],
        "properties": {
            "name": { "type": "string" },
            "datatype": { "type": "string" },
            "shape": { "type": "array", "items": { "type": "integer" } },
        },
    } });
    json!({
        "type": "object",
        "required": ["name", "versions", "platform", "inputs", "outputs"],
        "properties": {
            "name": { "type": "string" },
            "versions": { "type": "array", "items": { "type": "string" } },
            "platform": { "type": "string" },
            "inputs": tensors,
            "outputs": tensors,
        },
    })
}

/// The form of a request. What a tensor must hold beyond that depends on the feature it names.
pub(super) fn request_schema(artifact: &Artifact) -> Value {
    let names: Vec<&String> = artifact
        .body
        .features
        .iter()
        .map(|feature| &feature.name)
        .collect();
    let datatypes: Vec<&str> = NUMBERS.iter().copied().chain([TRUTH, TEXTS]).collect();
    json!({
        "type": "object",
        "required": ["inputs"],
        "additionalProperties": false,
        "properties": {
            "id": { "type": ["string", "null"] },
            "model_name": {},
            "model_version": {},
            "parameters": { "type": ["object", "null"] },
            "inputs": { "type": "array", "minItems": 1, "items": {
                "type": "object",
                "required": ["name", "shape", "datatype"],
                "additionalProperties": false,
                "properties": {
                    "name": { "type": "string", "enum": names },
                    "shape": {
                        "type": "array",
                        "items": { "type": "integer", "minimum": 1 },
                        "minItems": 1,
                        "maxItems": 2,
                    },
                    "datatype": { "type": "string", "enum": datatypes },
                    "parameters": { "type": ["object", "null"] },
                    "data": { "type": "array" },
                },
            } },
            "outputs": { "type": ["array", "null"], "items": {
                "type": "object",
                "required": ["name"],
                "additionalProperties": false,
                "properties": {
                    "name": { "type": "string", "enum": OUTPUTS },
                    "parameters": { "type": ["object", "null"] },
                },
            } },
        },
    })
}

/// The form of an answer.
pub(super) fn response_schema() -> Value {
    json!({
        "type": "object",
        "required": ["model_name", "model_version", "outputs"],
        "properties": {
            "model_name": { "type": "string" },
            "model_version": { "type": "string" },
            "id": { "type": "string" },
            "outputs": { "type": "array", "items": {
                "type": "object",
                "required": ["name", "datatype", "shape", "data"],
                "properties": {
                    "name": { "type": "string" },
                    "datatype": { "type": "string" },
                    "shape": { "type": "array", "items": { "type": "integer" } },
                    "data": { "type": "array" },
                },
            } },
        },
    })
}

/// A request that scores: the first example of the model.
pub(super) fn example(artifact: &Artifact) -> Value {
    let values = artifact
        .body
        .examples
        .first()
        .map(|example| &example.values);
    let tensor = |feature: &churn_model::artifact::Feature| {
        let text = values?.get(&feature.name)?;
        let (datatype, value) = match feature.kind {
            FeatureKind::Number { .. } => ("FP64", json!(text.trim().parse::<f64>().ok()?)),
            FeatureKind::Category { .. } => (TEXTS, json!(text)),
        };
        Some(json!({ "name": feature.name, "shape": [1], "datatype": datatype, "data": [value] }))
    };
    let inputs: Vec<Value> = artifact.body.features.iter().filter_map(tensor).collect();
    json!({ "inputs": inputs })
}
