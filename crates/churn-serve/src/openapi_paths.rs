//! The paths of the OpenAPI document: every route with what it takes and answers.

use churn_model::artifact::{Artifact, Feature, FeatureKind};
use serde_json::{Map, Value, json};

use super::limits::MOST_EXPLAINED;
use super::openapi_schemas::{record_example, reference};
use super::options::Options;
use super::route_table::{self, EXPLAIN, INVOCATIONS, PREDICT};
use super::v2_schema;

/// Returns the paths of an API of this name, with examples of its model.
pub(super) fn paths(
    name: &str,
    version: &str,
    artifact: Option<&Artifact>,
    options: &Options,
) -> Value {
    let mut paths = Paths {
        name,
        version,
        artifact,
        options,
        paths: Map::new(),
    };
    paths.probes();
    paths.records();
    paths.v1();
    paths.v2();
    paths.limit_bodies();
    Value::Object(paths.paths)
}

struct Paths<'a> {
    name: &'a str,
    version: &'a str,
    artifact: Option<&'a Artifact>,
    options: &'a Options,
    paths: Map<String, Value>,
}

impl Paths<'_> {
    fn add(&mut self, method: &str, path: &str, operation: Value) {
        let parameters = parameters(path, self.name, self.version);
        let item = self.paths.entry(path.to_owned());
        if let Some(item) = item.or_insert_with(|| json!({})).as_object_mut() {
            item.insert(method.to_lowercase(), operation);
            if !parameters.is_empty() {
                item.insert("parameters".to_owned(), Value::Array(parameters));
            }
        }
    }

    fn probes(&mut self) {
        let status = object(json!({ "status": text() }));
        self.add(
            "GET",
            "/live",
            get("/live", "Whether the process lives.", &status),
        );
        self.add(
            "GET",
            "/ready",
            get("/ready", "Whether requests may come.", &status),
        );
        self.add(
            "GET",
            "/health",
            get("/health", "The same as /ready.", &status),
        );

        let whole = json!({ "type": "integer", "minimum": 0 });
        let counters = object(json!({
            "positive": whole,
            "negative": whole,
            "requests_in_flight": { "type": "number" },
            "model_version": { "type": ["string", "null"] },
        }));
        self.add(
            "GET",
            "/counters",
            get(
                "/counters",
                "Predictions by class since the start.",
                &counters,
            ),
        );
    }

    /// Records, one or many, in the Python system's form and in SageMaker's.
    fn records(&mut self) {
        let record = reference("Record");
        let example = record_example(self.artifact);
        let body = json_body(&record, example.clone());
        let mut predict = operation(
            "POST",
            "/predict",
            "Scores a customer.",
            Some(body),
            as_json(&reference("Answer")),
        );
        let explain = json!([{
            "name": "explain",
            "in": "query",
            "description": "Whether, or how many, contributions are listed.",
            "schema": { "anyOf": [
                { "type": "boolean" },
                { "type": "integer", "minimum": 0, "maximum": MOST_EXPLAINED },
            ] },
        }]);
        predict["parameters"] = explain.clone();
        self.add("POST", "/predict", predict);
        let most = self.options.batch_rows;
        let batch = json!({ "type": "array", "items": record, "minItems": 1, "maxItems": most });
        let mut body = json_body(&batch, json!([example]));
        body["content"]["application/x-ndjson"] = json!({
            // Any bytes are lines of some kind; each that is not a record is answered as such.
            "schema": { "description": "A record a line; the answer is a line each." },
            "example": format!("{example}\n"),
        });
        let mut content = as_json(&json!({ "type": "array", "items": reference("Answer") }));
        content["application/x-ndjson"] = json!({ "schema": { "type": "string" } });
        let summary = "Scores many: an array, or a stream of lines.";
        let mut operation_of_batch =
            operation("POST", "/predict/batch", summary, Some(body), content);
        operation_of_batch["parameters"] = explain;
        self.add("POST", "/predict/batch", operation_of_batch);

        self.add(
            "GET",
            "/ping",
            operation(
                "GET",
                "/ping",
                "Whether requests may come, as SageMaker asks.",
                None,
                json!({}),
            ),
        );
        let path = INVOCATIONS;
        self.add(
            "POST",
            path,
            invocations(path, self.artifact, &example, most),
        );
    }

    fn v1(&mut self) {
        let example = record_example(self.artifact);
        let models = object(json!({ "models": { "type": "array", "items": text() } }));
        self.add(
            "GET",
            "/v1/models",
            get("/v1/models", "The models.", &models),
        );
        let readiness = readiness();
        let path = "/v1/models/{model}";
        self.add(
            "GET",
            path,
            get(path, "Whether the model is ready.", &readiness),
        );
        for (path, summary) in [
            (PREDICT, "Scores instances."),
            (EXPLAIN, "Explains instances."),
        ] {
            let instances = json!({
                "type": "object",
                "required": ["instances"],
                "additionalProperties": false,
                "properties": {
                    "instances": {
                        "type": "array",
                        "items": reference("Features"),
                        "minItems": 1,
                        "maxItems": self.options.batch_rows,
                    },
                    "signature_name": { "type": ["string", "null"] },
                },
            });
            let numbers = json!({ "type": "array", "items": { "type": "number" } });
            let mut answer = json!({ "predictions": numbers });
            if path == EXPLAIN {
                answer["explanations"] =
                    json!({ "type": "array", "items": reference("Explanation") });
            }
            let example = json!({ "instances": [example["features"]] });
            let body = Some(json_body(&instances, example));
            self.add(
                "POST",
                path,
                operation("POST", path, summary, body, as_json(&object(answer))),
            );
        }
    }

    fn v2(&mut self) {
        let readiness = readiness();
        let server = object(json!({
            "name": text(),
            "version": text(),
            "extensions": { "type": "array", "items": text() },
        }));
        self.add("GET", "/v2", get("/v2", "The server.", &server));
        let path = "/v2/health/live";
        self.add(
            "GET",
            path,
            get(
                path,
                "Whether the process lives.",
                &object(json!({ "live": boolean() })),
            ),
        );
        let path = "/v2/health/ready";
        let ready = object(json!({ "ready": boolean() }));
        let mut operation_of_ready = get(path, "Whether requests may come.", &ready);
        operation_of_ready["responses"]["503"] =
            json!({ "description": "Not yet, or no longer.", "content": as_json(&ready) });
        self.add("GET", path, operation_of_ready);
        for base in [
            "/v2/models/{model}",
            "/v2/models/{model}/versions/{version}",
        ] {
            self.add(
                "GET",
                base,
                get(
                    base,
                    "The model's inputs and outputs.",
                    &v2_schema::metadata_schema(),
                ),
            );
            let path = format!("{base}/ready");
            self.add(
                "GET",
                &path,
                get(&path, "Whether the model is ready.", &readiness),
            );
            let path = format!("{base}/infer");
            let body = self.artifact.map(|artifact| {
                json_body(
                    &v2_schema::request_schema(artifact),
                    v2_schema::example(artifact),
                )
            });
            let content = as_json(&v2_schema::response_schema());
            let summary = "Scores tensors, one a feature.";
            self.add(
                "POST",
                &path,
                operation("POST", &path, summary, body, content),
            );
        }
    }

    fn limit_bodies(&mut self) {
        // No schema can say how long a body may be.
        let limit = format!(
            "At most {} bytes, or so many a line of x-ndjson.",
            self.options.body_bytes
        );
        let operations = self.paths.values_mut().filter_map(Value::as_object_mut);
        for body in operations
            .flat_map(Map::values_mut)
            .filter_map(|operation| operation.get_mut("requestBody"))
        {
            body["description"] = limit.clone().into();
        }
    }
}

fn get(path: &str, summary: &str, schema: &Value) -> Value {
    operation("GET", path, summary, None, as_json(schema))
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn boolean() -> Value {
    json!({ "type": "boolean" })
}

fn readiness() -> Value {
    object(json!({ "name": text(), "ready": boolean() }))
}

fn json_body(schema: &Value, example: Value) -> Value {
    let content = json!({ "application/json": { "schema": schema, "example": example } });
    json!({ "required": true, "content": content })
}

fn object(properties: Value) -> Value {
    let required: Vec<&String> = properties
        .as_object()
        .into_iter()
        .flat_map(Map::keys)
        .collect();
    json!({ "type": "object", "required": required, "properties": properties })
}

/// An operation of a route: what it answers is what the route's table says.
fn operation(
    method: &str,
    path: &str,
    summary: &str,
    body: Option<Value>,
    content: Value,
) -> Value {
    let statuses = route_table::find(method, path).map_or(&[][..], |route| route.statuses);
    let responses = statuses.iter().map(|status| {
        let response = match status.as_u16() {
            200 => json!({ "description": "Done.", "content": content }),
            _ => json!({ "$ref": "#/components/responses/Problem" }),
        };
        (status.as_str().to_owned(), response)
    });
    let mut operation = json!({
        "summary": summary,
        "operationId": operation_id(method, path),
        "responses": responses.collect::<Map<String, Value>>(),
    });
    if let (Some(body), Some(members)) = (body, operation.as_object_mut()) {
        members.insert("requestBody".to_owned(), body);
    }
    operation
}

fn operation_id(method: &str, path: &str) -> String {
    let mut id = method.to_lowercase();
    for part in path
        .split(|c: char| !c.is_alphanumeric())
        .filter(|part| !part.is_empty())
    {
        id.push('_');
        id.push_str(part);
    }
    id
}

fn as_json(schema: &Value) -> Value {
    json!({ "application/json": { "schema": schema } })
}

/// SageMaker's way to score: rows as JSON or CSV.
fn invocations(path: &str, artifact: Option<&Artifact>, example: &Value, most: usize) -> Value {
    let rows = json!({
        "type": "array",
        "items": reference("Features"),
        "minItems": 1,
        "maxItems": most,
    });
    let instances = json!({
        "type": "object",
        "required": ["instances"],
        "properties": { "instances": rows },
    });
    let mut body = json_body(&instances, json!({ "instances": [example["features"]] }));
    body["content"]["text/csv"] = json!({ "schema": {
        "type": "string",
        "minLength": 1,
        "description": "A row a line in the model's order, or under a header of its features. \
            The pattern is that of rows without quotes and header.",
    } });
    if let Some(artifact) = artifact {
        let pattern = csv_pattern(&artifact.body.features);
        body["content"]["text/csv"]["schema"]["pattern"] = pattern.into();
    }
    let prediction = object(json!({
        "score": { "type": "number", "minimum": 0, "maximum": 1 },
        "predicted_label": { "type": "integer", "enum": [0, 1] },
    }));
    let predictions = json!({ "predictions": { "type": "array", "items": prediction } });
    let mut content = as_json(&object(predictions));
    content["text/csv"] = json!({ "schema": { "type": "string" } });
    operation(
        "POST",
        path,
        "Scores rows, as SageMaker asks.",
        Some(body),
        content,
    )
}

/// Returns the regular expression of plain rows.
fn csv_pattern(features: &[Feature]) -> String {
    let fields: Vec<String> = features
        .iter()
        .map(|feature| {
            let field = match feature.kind {
                FeatureKind::Number { .. } => "-?[0-9]{1,15}(\\.[0-9]{1,15})?",
                FeatureKind::Category { .. } => "[A-Za-z][^\",\\r\\n]*",
            };
            if feature.nullable {
                format!("({field})?")
            } else {
                field.to_owned()
            }
        })
        .collect();
    let row = fields.join(",");
    format!("^{row}(\\r?\\n{row})*(\\r?\\n)?$")
}

fn parameters(path: &str, name: &str, version: &str) -> Vec<Value> {
    let parameter = |parameter: &str, value: &str| {
        path.contains(&format!("{{{parameter}}}")).then(|| {
            json!({
                "name": parameter,
                "in": "path",
                "required": true,
                "schema": { "type": "string", "enum": [value] },
            })
        })
    };
    let all = [parameter("model", name), parameter("version", version)];
    all.into_iter().flatten().collect()
}
