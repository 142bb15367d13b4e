//! The OpenAPI document, made of the model: its features, their types and categories, and an example
//! that scores.

use churn_http::problem::MEDIA_TYPE;
use churn_model::artifact::Artifact;
use serde_json::{Value, json};

use super::openapi_paths::paths;
use super::openapi_schemas::{reference, schemas};
use super::options::Options;

/// Returns the document; without a model, features may be anything.
pub(super) fn document(artifact: Option<&Artifact>, options: &Options) -> Value {
    let name = artifact.map_or(options.name.as_str(), |artifact| artifact.name.as_str());
    let version = artifact.map_or("none", |artifact| artifact.version.as_str());
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": format!("churnctl: model {name}"),
            "version": version,
            "summary": "Predicts which customers will churn.",
        },
        "paths": paths(name, version, artifact, options),
        "components": {
            "schemas": schemas(artifact, options),
            "responses": { "Problem": {
                "description": "What is wrong, as RFC 9457 has it.",
                "content": { MEDIA_TYPE: { "schema": reference("Problem") } },
            } },
        },
    });
    if options.guarded
        && let Some(document) = document.as_object_mut()
    {
        // With `basic` the token is the password, whatever the user: browsers know how to ask for it.
        let schemes = json!({
            "bearer": { "type": "http", "scheme": "bearer" },
            "basic": { "type": "http", "scheme": "basic" },
        });
        document["components"]["securitySchemes"] = schemes;
        let either = json!([{ "bearer": [] }, { "basic": [] }]);
        document.insert("security".to_owned(), either);
    }
    document
}
