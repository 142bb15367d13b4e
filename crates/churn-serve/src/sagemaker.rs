//! SageMaker's container contract: `/ping` and `/invocations`, rows as CSV or JSON.

use std::borrow::Cow;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::ACCEPT;
use axum::http::{HeaderMap, Response};
use axum::response::IntoResponse;
use churn_data::{Value, classify};
use churn_http::problem::Problem;
use churn_model::artifact::FeatureKind;
use serde_json::json;

use super::api::Api;
use super::batch::rows_of;
use super::faults::{At, Faults, Reason};
use super::input::{Row, Rules};
use super::json::Json;
use super::log::Entry;
use super::media::{answer, json, media_type, parse, wrong_media_type};
use super::model::Loaded;
use super::predict::{Prediction, predict};
use super::record::{Ids, keep};
use super::trace::trace_of;
use super::unseen;

const CSV: &str = "text/csv";

/// `GET /ping`: an empty 200 once requests may come.
pub(super) async fn ping(State(api): State<Arc<Api>>) -> Response<Body> {
    match api.readiness() {
        Ok(_) => answer("application/json", "\n"),
        Err(problem) => problem.into_response(),
    }
}

/// `POST /invocations`.
pub(super) async fn invoke(
    State(api): State<Arc<Api>>,
    request: Request,
) -> Result<Response<Body>, Problem> {
    let _place = api.enter()?;
    let model = api.ready_model()?;
    let trace = trace_of(&request);
    let sent = media_type(request.headers());
    let is_csv = sent == CSV;
    if !is_csv && sent != "application/json" {
        return Err(wrong_media_type("text/csv or application/json"));
    }
    let wants_csv = wants_csv(request.headers(), is_csv);
    let bytes = api.body(request).await?;
    let (response, kept) = {
        let rules = api.rules(&model);
        let mut faults = Faults::default();
        let parsed = match is_csv {
            true => table(rules, &bytes, api.options.batch_rows, &mut faults),
            false => parse(&bytes)?,
        };
        let rows = rows(&api, rules, &parsed, &mut faults);
        if !faults.is_empty() {
            return Err(api.refuse(&faults));
        }
        let mut kept = Vec::new();
        let predictions = score(&api, &model, &rows, trace.id(), &mut kept)?;
        (respond(&predictions, wants_csv), kept)
    };
    api.keep(&model, kept).await?;
    Ok(response)
}

/// The answer has the form of the question unless another one is asked for.
fn wants_csv(headers: &HeaderMap, is_csv: bool) -> bool {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    let mut wanted = accept.unwrap_or_default().split(',').map(|part| {
        let essence = part.split(';').next().unwrap_or_default();
        essence.trim().to_ascii_lowercase()
    });
    let named = wanted.find(|wanted| matches!(wanted.as_str(), CSV | "application/json"));
    named.map_or(is_csv, |named| named == CSV)
}

/// Reads rows: `{"instances": [...]}`, an array of rows, or one row. A row is an object by name
/// or an array in the model's order, perhaps as the member `features`.
fn rows<'a>(api: &Api, rules: Rules<'_>, json: &'a Json<'a>, faults: &mut Faults) -> Vec<Row<'a>> {
    let member = |name: &str| match json {
        Json::Object(members) => members.iter().find(|(known, _)| known == name),
        _ => None,
    };
    let (items, base) = match (json, member("instances")) {
        (_, Some((_, instances))) => (rows_of(api, instances, "/instances", faults), "/instances"),
        (Json::Array(items), None) if !items.is_empty() && !items.iter().any(is_row) => {
            (std::slice::from_ref(json), "")
        }
        (Json::Object(_), None) => (std::slice::from_ref(json), ""),
        (_, None) => (rows_of(api, json, "", faults), ""),
    };
    let is_one = std::ptr::eq(items.as_ptr(), json);
    let read: Vec<Row<'_>> = items
        .iter()
        .enumerate()
        .filter_map(|(row, item)| {
            let features = match item {
                Json::Object(members) if members.len() == 1 && members[0].0 == "features" => {
                    &members[0].1
                }
                _ => item,
            };
            let at = At {
                row: (!is_one).then_some(row),
                base,
                inside: "",
            };
            rules.row(features, at, faults)
        })
        .collect();
    let at = At {
        row: None,
        base,
        inside: "",
    };
    unseen::check(rules.model, read.iter(), at, faults);
    read
}

const fn is_row(json: &Json<'_>) -> bool {
    matches!(json, Json::Array(_) | Json::Object(_))
}

/// Reads CSV, with a header of the features' names or without: then in the model's order.
fn table(rules: Rules<'_>, bytes: &[u8], most: usize, faults: &mut Faults) -> Json<'static> {
    let here = At {
        row: None,
        base: "",
        inside: "",
    };
    let mut refused = |reason: Reason, detail: String| {
        faults.add(reason, here, "", detail);
        // A row that is not looked at: the fault is what is answered.
        Json::Array(vec![Json::Array(Vec::new())])
    };
    // The reader takes a quote that is never closed for one long field, without a word.
    if bytes.iter().filter(|byte| **byte == b'"').count() % 2 == 1 {
        return refused(Reason::Malformed, "A quote is never closed.".to_owned());
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(bytes);
    let features = rules.model.features();
    let mut order: Vec<usize> = (0..features.len()).collect();
    let mut rows = Vec::new();
    let mut is_first = true;
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(_) => {
                let detail = format!("Row {} is not UTF-8.", rows.len() + 1);
                return refused(Reason::Malformed, detail);
            }
        };
        if record.len() != features.len() {
            let (wanted, found, row) = (features.len(), record.len(), rows.len() + 1);
            let detail =
                format!("The model has {wanted} features, row {row} of the CSV {found} fields.");
            return refused(Reason::WrongType, detail);
        }
        if std::mem::take(&mut is_first) && names(rules.model, &record, &mut order) {
            continue;
        }
        if rows.len() == most {
            let detail = format!("A batch has at most {most} rows.");
            return refused(Reason::TooManyRows, detail);
        }
        let mut row = vec![Json::Null; features.len()];
        for (field, &position) in record.iter().zip(&order) {
            row[position] = cell(&features[position].kind, field);
        }
        rows.push(Json::Array(row));
    }
    Json::Array(rows)
}

/// Tells whether a record is a header, and puts the columns in its order if it is.
fn names(model: &Loaded, record: &csv::StringRecord, order: &mut [usize]) -> bool {
    let mut found = Vec::with_capacity(order.len());
    for (guess, name) in record.iter().enumerate() {
        let name = name.trim_start_matches('\u{feff}').trim();
        match model.position(name, guess) {
            Some(position) if !found.contains(&position) => found.push(position),
            Some(_) | None => return false,
        }
    }
    order.copy_from_slice(&found);
    true
}

fn cell(kind: &FeatureKind, field: &str) -> Json<'static> {
    let is_number = matches!(kind, FeatureKind::Number { .. });
    match classify(field.as_bytes()) {
        Value::Missing(_) => Json::Null,
        Value::Number(number) | Value::BigInteger(number) if is_number => Json::Number(number),
        Value::Infinite if is_number => Json::Null,
        Value::Number(_) | Value::BigInteger(_) | Value::Infinite | Value::Text => {
            Json::Text(Cow::Owned(field.to_owned()))
        }
    }
}

fn score(
    api: &Api,
    model: &Arc<Loaded>,
    rows: &[Row<'_>],
    request_id: &str,
    kept: &mut Vec<Entry>,
) -> Result<Vec<Prediction>, Problem> {
    let ids = Ids {
        user_id: String::new(),
        snapshot_date: "",
        request_id,
    };
    rows.iter()
        .map(|row| {
            let prediction = predict(model, row).map_err(|error| api.no_probability(error))?;
            keep(api, model, row, prediction, &ids, kept);
            Ok(prediction)
        })
        .collect()
}

/// A score a line, or the form in which SageMaker's own algorithms answer.
fn respond(predictions: &[Prediction], wants_csv: bool) -> Response<Body> {
    if wants_csv {
        let lines = predictions
            .iter()
            .map(|prediction| format!("{}\n", prediction.score));
        return answer("text/csv", lines.collect::<String>());
    }
    let predictions: Vec<_> = predictions
        .iter()
        .map(|prediction| {
            json!({ "score": prediction.score, "predicted_label": u8::from(prediction.churned) })
        })
        .collect();
    json(&json!({ "predictions": predictions }))
}
