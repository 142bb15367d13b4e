//! A record of the Python system's API: user, date, features. Read, scored, answered and kept.

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::StatusCode;
use churn_data::{LARGEST_EXACT, canonical_number};
use churn_http::problem::Problem;
use churn_model::artifact::FeatureKind;
use jiff::civil::Date;
use serde::Serialize;
use serde_json::Value;

use super::api::Api;
use super::faults::{At, Faults, Reason, short};
use super::input::{Row, Rules};
use super::json::{Json, as_field};
use super::limits::{LONGEST_ID, MOST_EXPLAINED};
use super::log::Entry;
use super::model::Loaded;
use super::predict::{Explained, NoProbability, Prediction, explain, predict};
use super::unseen;

/// Members of a record.
const MEMBERS: [&str; 4] = ["user_id", "snapshot_date", "features", "explain"];
/// A record, checked.
pub(super) struct Record<'a> {
    user_id: &'a Json<'a>,
    snapshot_date: Option<&'a str>,
    pub(super) row: Row<'a>,
    /// How many contributions are asked for.
    explain: usize,
}

/// What is answered for a record.
#[derive(Debug, Serialize)]
pub(super) struct Answer<'a> {
    user_id: Value,
    churn_risk: f64,
    model_path: &'a str,
    label: &'a str,
    threshold: f64,
    model_version: &'a str,
    #[serde(flatten)]
    explained: Option<Explained<'a>>,
}

/// Where a record stands in the request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Row of a batch, by index.
    pub(super) row: Option<usize>,
}

impl Place {
    pub(super) const fn at(self, inside: &'static str) -> At<'static> {
        At {
            row: self.row,
            base: "",
            inside,
        }
    }
}

/// Reads a record; `explained` is what the query asks for.
pub(super) fn read<'a>(
    json: &'a Json<'a>,
    rules: Rules<'_>,
    place: Place,
    explained: usize,
    faults: &mut Faults,
) -> Option<Record<'a>> {
    let here = place.at("");
    let Json::Object(members) = json else {
        let detail = format!("A record is an object, not {}.", json.kind());
        faults.add(Reason::WrongType, here, "", detail);
        return None;
    };
    let before = faults.reasons().len();
    let found = Members::find(members, here, faults);
    let user_id = found.user_id.filter(|id| is_user_id(id, here, faults));
    let snapshot_date = match found.snapshot_date {
        None | Some(Json::Null) => None,
        Some(Json::Text(text)) if is_date(text) => Some(text.as_ref()),
        Some(_) => {
            let detail = "\"snapshot_date\" is a date such as 2026-08-31.".to_owned();
            faults.add(Reason::BadMember, here, "snapshot_date", detail);
            None
        }
    };
    let explain = match found.explain {
        None | Some(Json::Bool(false) | Json::Null) => explained,
        Some(Json::Bool(true)) => usize::MAX,
        Some(Json::Number(most))
            if *most >= 0.0 && most.fract() == 0.0 && *most <= MOST_EXPLAINED as f64 =>
        {
            *most as usize
        }
        Some(_) => {
            let detail = "\"explain\" is true or how many contributions to list.".to_owned();
            faults.add(Reason::BadMember, here, "explain", detail);
            0
        }
    };
    for (name, member) in [("user_id", found.user_id), ("features", found.features)] {
        if member.is_none() {
            let detail = format!("\"{name}\" is required.");
            faults.add(Reason::MissingMember, here, name, detail);
        }
    }
    let row = rules.row(found.features?, place.at("/features"), faults)?;
    (faults.reasons().len() == before).then_some(Record {
        user_id: user_id?,
        snapshot_date,
        row,
        explain,
    })
}

#[derive(Default)]
struct Members<'a> {
    user_id: Option<&'a Json<'a>>,
    snapshot_date: Option<&'a Json<'a>>,
    features: Option<&'a Json<'a>>,
    explain: Option<&'a Json<'a>>,
}

impl<'a> Members<'a> {
    fn find(members: &'a [(Cow<'a, str>, Json<'a>)], at: At<'_>, faults: &mut Faults) -> Self {
        let mut found = Self::default();
        for (name, value) in members {
            let place = match name.as_ref() {
                "user_id" => &mut found.user_id,
                "snapshot_date" => &mut found.snapshot_date,
                "features" => &mut found.features,
                "explain" => &mut found.explain,
                other => {
                    faults.add_unknown(Reason::UnknownMember, at, other, MEMBERS);
                    continue;
                }
            };
            if place.replace(value).is_some() {
                let detail = format!("\"{}\" is there twice.", short(name));
                faults.add(Reason::Duplicate, at, name, detail);
            }
        }
        found
    }
}

fn is_user_id(json: &Json<'_>, at: At<'_>, faults: &mut Faults) -> bool {
    let good = match json {
        Json::Text(text) => (1..=LONGEST_ID).contains(&text.chars().count()),
        Json::Number(number) => number.fract() == 0.0 && number.abs() <= LARGEST_EXACT,
        Json::Integer(integer) => {
            i64::try_from(*integer).is_ok() || u64::try_from(*integer).is_ok()
        }
        _ => false,
    };
    if !good {
        let detail = format!(
            "\"user_id\" is a text of 1 to {LONGEST_ID} characters, or a whole number of 64 bits."
        );
        faults.add(Reason::BadMember, at, "user_id", detail);
    }
    good
}

/// A date and nothing else: with a time it would depend on a time zone which day it is.
fn is_date(text: &str) -> bool {
    text.len() == 10 && text.parse::<Date>().is_ok()
}

/// Scores a record, counts it, and makes its answer; adds its row to `kept` if rows are kept.
pub(super) fn answer<'m>(
    api: &'m Api,
    model: &'m Arc<Loaded>,
    record: &Record<'_>,
    request_id: &str,
    kept: &mut Vec<Entry>,
) -> Result<Answer<'m>, NoProbability> {
    let prediction = predict(model, &record.row)?;
    let explained = match record.explain {
        0 => None,
        most => Some(explain(api.rules(model), &record.row, most)?),
    };
    let user_id = record.user_id.to_value();
    let ids = Ids {
        user_id: match &user_id {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        },
        snapshot_date: record.snapshot_date.unwrap_or_default(),
        request_id,
    };
    keep(api, model, &record.row, prediction, &ids, kept);
    Ok(Answer {
        user_id,
        churn_risk: prediction.score,
        model_path: &model.path,
        label: api.class(prediction.churned),
        threshold: model.threshold,
        model_version: &model.version,
        explained,
    })
}

/// Whom a prediction is about, and in which request.
pub(super) struct Ids<'a> {
    pub(super) user_id: String,
    pub(super) snapshot_date: &'a str,
    pub(super) request_id: &'a str,
}

/// Counts a prediction, and adds its row to `kept` if rows are kept.
pub(super) fn keep(
    api: &Api,
    model: &Loaded,
    row: &Row<'_>,
    prediction: Prediction,
    ids: &Ids<'_>,
    kept: &mut Vec<Entry>,
) {
    api.meters.predicted(prediction);
    for position in unseen::features(model, row) {
        api.meters.unseen(&model.features()[position].name);
    }
    if !api
        .log
        .as_ref()
        .is_some_and(super::log::PredictionLog::samples)
    {
        return;
    }
    let mut entry = Vec::with_capacity(row.values.len() + super::log::COLUMNS.len());
    let features = row.values.iter().zip(model.features()).zip(&row.cells);
    entry.extend(
        features.map(|((value, feature), cell)| match (value, &feature.kind) {
            (None, _) => String::new(),
            // A truth value among numbers is kept as the number that it was taken for.
            (Some(Json::Bool(_)), FeatureKind::Number { .. }) => canonical_number(*cell),
            (Some(value), _) => as_field(value),
        }),
    );
    entry.extend([
        ids.user_id.clone(),
        ids.snapshot_date.to_owned(),
        prediction.score.to_string(),
        api.class(prediction.churned).to_owned(),
        model.version.clone(),
        jiff::Timestamp::now().to_string(),
        ids.request_id.to_owned(),
    ]);
    kept.push(entry);
}

/// Reads `?explain=true` or `?explain=K`.
pub(super) fn asked_to_explain(request: &Request) -> Result<usize, Problem> {
    let query = request.uri().query().unwrap_or_default();
    let asked = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("explain="));
    match asked {
        None | Some("false") => Ok(0),
        Some("true") => Ok(usize::MAX),
        Some(most) => match most.parse() {
            Ok(most) if most <= MOST_EXPLAINED => Ok(most),
            _ => {
                let detail = format!(
                    "The parameter explain is true, or how many contributions to list, up to {MOST_EXPLAINED}."
                );
                Err(Problem::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "invalid_input",
                    detail,
                ))
            }
        },
    }
}
