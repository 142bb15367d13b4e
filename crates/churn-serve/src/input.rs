//! From the JSON of a row to the model's cells: every name known, every type right, or every fault
//! named. Nothing is guessed: a mistyped name never becomes a missing value.

use std::borrow::Cow;

use churn_model::artifact::FeatureKind;
use churn_model::score::Input;

use super::faults::{At, Faults, Reason, short};
use super::json::Json;
use super::limits::LARGEST;
use super::model::Loaded;
use super::options::UnknownCategory;

/// A row, ready to be scored, and what it was made of.
#[derive(Debug)]
pub(super) struct Row<'a> {
    /// One a feature.
    pub(super) cells: Vec<f64>,
    /// What the client sent for each feature; none for what it left out.
    pub(super) values: Vec<Option<&'a Json<'a>>>,
}

/// What the rows of a request have in common.
#[derive(Clone, Copy)]
pub(super) struct Rules<'m> {
    pub(super) model: &'m Loaded,
    pub(super) unknown_category: UnknownCategory,
}

impl Rules<'_> {
    /// Reads the features of a row: an object by name, or an array in the model's order.
    pub(super) fn row<'a>(
        &self,
        features: &'a Json<'a>,
        at: At<'_>,
        faults: &mut Faults,
    ) -> Option<Row<'a>> {
        match features {
            Json::Object(members) => self.by_name(members, at, faults),
            Json::Array(items) => self.by_order(items, at, faults),
            other => {
                let detail = format!("The features are an object, not {}.", other.kind());
                faults.add(Reason::WrongType, at, "", detail);
                None
            }
        }
    }

    fn by_name<'a>(
        &self,
        members: &'a [(Cow<'a, str>, Json<'a>)],
        at: At<'_>,
        faults: &mut Faults,
    ) -> Option<Row<'a>> {
        let before = faults.reasons().len();
        let count = self.model.features().len();
        let mut values = vec![None; count];
        for (guess, (name, value)) in members.iter().enumerate() {
            match self.model.position(name, guess) {
                None => {
                    let known = self.model.features().iter();
                    let known = known.map(|feature| feature.name.as_str());
                    faults.add_unknown(Reason::UnknownFeature, at, name, known);
                }
                Some(position) if values[position].is_some() => {
                    let detail = format!("\"{}\" is there twice.", short(name));
                    faults.add(Reason::Duplicate, at, name, detail);
                }
                Some(position) => values[position] = Some(value),
            }
        }
        let cells = self.cells(&values, at, faults);
        (faults.reasons().len() == before).then_some(Row { cells, values })
    }

    fn by_order<'a>(
        &self,
        items: &'a [Json<'a>],
        at: At<'_>,
        faults: &mut Faults,
    ) -> Option<Row<'a>> {
        let count = self.model.features().len();
        if items.len() != count {
            let found = items.len();
            let detail = format!("The model has {count} features, the row {found} values.");
            faults.add(Reason::WrongType, at, "", detail);
            return None;
        }
        self.values(items.iter().map(Some).collect(), at, faults)
    }

    /// Reads a row of values in the model's order.
    pub(super) fn values<'a>(
        &self,
        values: Vec<Option<&'a Json<'a>>>,
        at: At<'_>,
        faults: &mut Faults,
    ) -> Option<Row<'a>> {
        let before = faults.reasons().len();
        let cells = self.cells(&values, at, faults);
        (faults.reasons().len() == before).then_some(Row { cells, values })
    }

    /// Turns values into cells; a faulty one becomes any number, and is named.
    fn cells(&self, values: &[Option<&Json<'_>>], at: At<'_>, faults: &mut Faults) -> Vec<f64> {
        let cell = |(position, value): (usize, &Option<&Json<'_>>)| {
            let cell = self.cell(position, *value, at, faults);
            cell.unwrap_or(f64::NAN)
        };
        values.iter().enumerate().map(cell).collect()
    }

    fn cell(
        &self,
        position: usize,
        value: Option<&Json<'_>>,
        at: At<'_>,
        faults: &mut Faults,
    ) -> Option<f64> {
        let feature = &self.model.features()[position];
        let name = &feature.name;
        let input = match value {
            None | Some(Json::Null) => Input::Missing,
            Some(Json::Number(number)) if number.abs() > LARGEST => {
                let detail = format!("\"{name}\" is beyond {LARGEST:e}.");
                faults.add(Reason::OutOfRange, at, name, detail);
                return None;
            }
            Some(Json::Number(number)) => Input::Number(*number),
            Some(Json::Integer(integer)) => Input::Integer(*integer),
            Some(Json::Text(text)) => Input::Text(text),
            Some(Json::Bool(truth)) => Input::Truth(*truth),
            Some(other @ (Json::Array(_) | Json::Object(_))) => {
                let wanted = wanted(&feature.kind);
                let detail = format!("\"{name}\" is {wanted}, not {}.", other.kind());
                faults.add(Reason::WrongType, at, name, detail);
                return None;
            }
        };
        let Ok(cell) = self.model.scorer.cell(position, input) else {
            let wanted = wanted(&feature.kind);
            let found = value.map_or("missing", Json::kind);
            let detail = format!("\"{name}\" is {wanted}, not {found}.");
            faults.add(Reason::WrongType, at, name, detail);
            return None;
        };
        if cell.is_nan() && !feature.nullable {
            let detail = match value {
                None => format!("\"{name}\" is required."),
                Some(_) => {
                    format!("\"{name}\" has no value, and none was ever missing in training.")
                }
            };
            faults.add(Reason::MissingFeature, at, name, detail);
            return None;
        }
        if self.unknown_category == UnknownCategory::Reject
            && let FeatureKind::Category { levels, .. } = &feature.kind
            && cell == levels.len() as f64
        {
            let known = levels.iter().map(String::as_str);
            let mut detail = format!("The category of \"{name}\" was not seen in training.");
            if let Input::Text(text) = input
                && let Some(near) = churn_base::error::nearest(text, known.clone())
            {
                detail.push_str(&format!(" Did you mean \"{near}\"?"));
            } else if levels.len() <= 12 {
                let known: Vec<&str> = known.collect();
                detail.push_str(&format!(" Known are: {}.", known.join(", ")));
            }
            faults.add(Reason::UnknownCategory, at, name, detail);
            return None;
        }
        Some(cell)
    }
}

const fn wanted(kind: &FeatureKind) -> &'static str {
    match kind {
        FeatureKind::Number { .. } => "a number",
        FeatureKind::Category { .. } => "a text",
    }
}
