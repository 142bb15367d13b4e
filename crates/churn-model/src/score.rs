//! Rows in, scores out: everything that `score`, `serve` and the self-test need of a model.
//!
//! A row is first turned into cells, one a feature: a number, the position of a level, or NaN
//! for missing. That is where wrong types come out; from cells on nothing can fail.

use churn_base::error::{Error, Place, Result};
use churn_data::{
    ColumnReading, DoubtfulMark, Meaning, Value, canonical_number, classify, doubtful_mark, truth,
};

use super::artifact::{Body, Calibration, Example, Feature, FeatureKind, Model};
use super::artifact_check::check_parts;
use super::calibrate;
use super::engine::{Engine, line_of};
use super::explain::{self, Explanation};
use super::levels::{Levels, takes_truth};
use super::walk::Forest;

/// A value as it comes from JSON or from a program.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Input<'a> {
    /// No value.
    Missing,
    /// A number; what is not finite is missing.
    Number(f64),
    /// A whole number of which a double would lose digits.
    Integer(i128),
    /// A truth value.
    Truth(bool),
    /// A text.
    Text(&'a str),
}

/// A text where the model wants a number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{feature}\" is a number in training, here it is \"{text}\"")]
pub struct WrongType {
    /// The feature.
    pub feature: String,
    /// The text, cut to 80 characters.
    pub text: String,
}

impl From<WrongType> for Error {
    fn from(wrong: WrongType) -> Self {
        Self::bad_input(wrong.to_string())
            .at(Place {
                column: Some(wrong.feature),
                ..Place::default()
            })
            .hint("an empty value is missing; a new meaning of the column needs a new model")
    }
}

/// The model, ready to work.
#[derive(Debug)]
pub struct Scorer {
    features: Vec<Feature>,
    levels: Vec<Levels>,
    /// Whether each feature takes truth values.
    truths: Vec<bool>,
    /// How the training data of number features were written, where it was not as programs write them.
    readings: Vec<Option<ColumnReading>>,
    pub(super) engine: Engine,
    calibration: Calibration,
}

impl Scorer {
    /// Makes the scorer of a trained model.
    ///
    /// # Errors
    /// As [`Scorer::of`].
    pub fn new(body: &Body) -> Result<Self> {
        let mut scorer = Self::of(&body.features, &body.model, &body.calibration)?;
        let reading = |feature: &Feature| {
            let FeatureKind::Number { .. } = feature.kind else {
                return None;
            };
            let reading = body.profile.column(&feature.name)?.reading();
            (reading.is_number && reading.example.is_some()).then_some(reading)
        };
        scorer.readings = body.features.iter().map(reading).collect();
        Ok(scorer)
    }

    /// Makes a scorer of its parts: while training, there is no [`Body`] yet.
    ///
    /// # Errors
    /// Bad input if the shapes do not fit together, a number is not finite, or a tree is not a tree.
    /// Never for parts of an artifact that [`store::load`](super::store::load) returned.
    pub fn of(features: &[Feature], model: &Model, calibration: &Calibration) -> Result<Self> {
        check_parts(features, model, calibration).map_err(|what| broken(&what))?;
        let kinds = || features.iter().map(|feature| &feature.kind);
        let engine = match model {
            Model::Logistic {
                intercept, weights, ..
            } => {
                let lines = features.iter().zip(weights);
                Engine::Logistic {
                    intercept: *intercept,
                    lines: lines.map(|(feature, own)| line_of(feature, own)).collect(),
                }
            }
            Model::Trees(trees) => Engine::Trees(Box::new(Forest::new(features, trees))),
            Model::Ensemble(ensemble) => {
                Engine::Trees(Box::new(Forest::imported(features, ensemble)))
            }
        };
        Ok(Self {
            features: features.to_vec(),
            levels: kinds().map(Levels::of).collect(),
            truths: kinds().map(takes_truth).collect(),
            readings: vec![None; features.len()],
            engine,
            calibration: calibration.clone(),
        })
    }

    /// Returns the features in the order of the cells.
    #[must_use]
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// Returns whether a feature takes truth values.
    ///
    /// # Panics
    /// If `feature` is beyond the features.
    #[must_use]
    pub fn takes_truth(&self, feature: usize) -> bool {
        self.truths[feature]
    }

    /// Returns the cell of a feature for a field of a table. Levels that training never saw, and
    /// those it pooled, are `other`.
    ///
    /// # Errors
    /// If the feature is a number and the field a text.
    ///
    /// # Panics
    /// If `feature` is beyond the features.
    pub fn cell_of_field(&self, feature: usize, field: &[u8]) -> Result<f64, WrongType> {
        let number = matches!(self.features[feature].kind, FeatureKind::Number { .. });
        match classify(field) {
            Value::Missing(_) => Ok(f64::NAN),
            Value::Number(value) | Value::BigInteger(value) if number => Ok(value),
            Value::Infinite if number => Ok(f64::NAN),
            Value::Text if number => match truth(field).filter(|_| self.truths[feature]) {
                Some(truth) => Ok(f64::from(u8::from(truth))),
                None => Err(self.wrong_type(feature, &String::from_utf8_lossy(field))),
            },
            // Where training saw `-` as a value, it is a level.
            Value::Text
                if doubtful_mark(field.trim_ascii()) == Some(DoubtfulMark::Sign)
                    && self.levels[feature].find(field).is_none() =>
            {
                Ok(f64::NAN)
            }
            _ => Ok(self.level(feature, field)),
        }
    }

    /// Returns the cell of a feature for a value. A number or a truth value for a category is the
    /// level that is the same value; a truth value for a feature of zeros and ones is one of them.
    ///
    /// # Errors
    /// If the feature is a number and the value a text, also a text of digits unless the numbers were
    /// such texts in training, or a truth value where training had other numbers than 0 and 1.
    ///
    /// # Panics
    /// If `feature` is beyond the features.
    pub fn cell(&self, feature: usize, input: Input<'_>) -> Result<f64, WrongType> {
        let by_text = |text: String| self.cell_of_field(feature, text.as_bytes());
        match (&self.features[feature].kind, input) {
            (_, Input::Missing) => Ok(f64::NAN),
            (_, Input::Number(number)) if !number.is_finite() => Ok(f64::NAN),
            (FeatureKind::Number { .. }, Input::Number(number)) => Ok(number + 0.0),
            (FeatureKind::Number { .. }, Input::Integer(integer)) => Ok(integer as f64),
            (FeatureKind::Number { .. }, Input::Text(text)) => self.cell_of_text(feature, text),
            (FeatureKind::Category { .. }, Input::Number(number)) => {
                by_text(canonical_number(number))
            }
            (FeatureKind::Category { .. }, Input::Integer(integer)) => by_text(integer.to_string()),
            (_, Input::Truth(truth)) if self.truths[feature] => by_text(truth.to_string()),
            (_, Input::Truth(truth)) => Err(self.wrong_type(feature, &truth.to_string())),
            (FeatureKind::Category { .. }, Input::Text(text)) => {
                self.cell_of_field(feature, text.as_bytes())
            }
        }
    }

    /// Returns the cell of a number feature for a text: one is a number where the training data were
    /// texts, too, `12,50 €`.
    fn cell_of_text(&self, feature: usize, text: &str) -> Result<f64, WrongType> {
        if let Some(reading) = &self.readings[feature] {
            return match reading.meaning(text.as_bytes()) {
                Meaning::Number(number) => Ok(number + 0.0),
                Meaning::Missing(_) | Meaning::Infinite => Ok(f64::NAN),
                Meaning::Text | Meaning::Unparsable => Err(self.wrong_type(feature, text)),
            };
        }
        match classify(text.as_bytes()) {
            Value::Text => self.cell_of_field(feature, text.as_bytes()),
            _ => Err(self.wrong_type(feature, text)),
        }
    }

    /// Scores the example rows of an artifact.
    ///
    /// # Errors
    /// If a number's value is a text.
    pub fn examples(&self, examples: &[Example]) -> Result<Vec<f64>> {
        examples
            .iter()
            .map(|example| {
                let cells = self.features.iter().enumerate().map(|(index, feature)| {
                    let text = example.values.get(&feature.name);
                    text.map_or(Ok(f64::NAN), |text| {
                        self.cell_of_field(index, text.as_bytes())
                    })
                });
                Ok(self.score(&cells.collect::<Result<Vec<f64>, WrongType>>()?))
            })
            .collect()
    }

    fn level(&self, feature: usize, text: &[u8]) -> f64 {
        let levels = &self.levels[feature];
        levels.find(text).map_or(levels.len() as f64, f64::from)
    }

    /// Returns whether a cell is that of all values of a category that are not levels.
    ///
    /// # Panics
    /// If `feature` is beyond the features.
    #[must_use]
    pub fn is_other(&self, feature: usize, cell: f64) -> bool {
        matches!(self.features[feature].kind, FeatureKind::Category { .. })
            && cell == self.levels[feature].len() as f64
    }

    /// Returns the error for a text where a number is wanted.
    #[must_use]
    pub fn wrong_type(&self, feature: usize, text: &str) -> WrongType {
        WrongType {
            feature: self.features[feature].name.clone(),
            text: text.chars().take(80).collect(),
        }
    }

    /// Computes the learner's log-odds of a row, before calibration.
    ///
    /// # Panics
    /// If there are no as many cells as features, or they were not made by this scorer.
    #[must_use]
    pub fn log_odds(&self, cells: &[f64]) -> f64 {
        assert_eq!(cells.len(), self.features.len(), "one cell a feature");
        match &self.engine {
            Engine::Logistic { intercept, lines } => lines
                .iter()
                .zip(cells)
                .fold(*intercept, |sum, (line, cell)| sum + line.of(*cell)),
            Engine::Trees(forest) => forest.log_odds(cells),
        }
    }

    /// Turns the learner's log-odds into the score, a probability.
    #[must_use]
    pub fn calibrated(&self, log_odds: f64) -> f64 {
        calibrate::apply(&self.calibration, log_odds)
    }

    /// Computes the score of a row.
    ///
    /// # Panics
    /// As [`Scorer::log_odds`].
    #[must_use]
    pub fn score(&self, cells: &[f64]) -> f64 {
        self.calibrated(self.log_odds(cells))
    }

    /// Splits the log-odds of a row into what each feature added.
    ///
    /// # Panics
    /// As [`Scorer::log_odds`].
    #[must_use]
    pub fn explain(&self, cells: &[f64]) -> Explanation {
        assert_eq!(cells.len(), self.features.len(), "one cell a feature");
        explain::explain(&self.engine, cells)
    }

    /// Takes the log-odds of many rows apart: the same to the last bit, in a fraction of the time.
    ///
    /// # Panics
    /// As [`Scorer::log_odds`].
    #[must_use]
    pub fn explain_rows(&self, rows: &[&[f64]]) -> Vec<Explanation> {
        for cells in rows {
            assert_eq!(cells.len(), self.features.len(), "one cell a feature");
        }
        explain::explain_rows(&self.engine, rows)
    }
}

fn broken(what: &str) -> Error {
    Error::bad_input(format!("the model is broken: {what}"))
}
