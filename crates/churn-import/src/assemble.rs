//! From a model file and data to features and trees of an artifact: names of columns, ranges of numbers,
//! texts of categories.

use std::collections::BTreeSet;

use churn_base::error::{Error, Place, Result, nearest};
use churn_data::{canonical, truth};
use churn_model::artifact::{Calibration, Feature, FeatureKind, Model};
use churn_model::encode::number_kind;
use churn_model::frame::{Column, Frame, WantedColumn};
use churn_model::score::Scorer;

use super::flatten::flatten;
use super::foreign::{Foreign, InputKind, Level, Linear, Node, Split};

/// Most levels of a category.
const MOST_LEVELS: usize = 1 << 16;

/// The parts of an artifact that score.
#[derive(Debug, Clone, PartialEq)]
pub struct Assembled {
    /// The features, in the order of the file.
    pub features: Vec<Feature>,
    /// The trees.
    pub model: Model,
    /// From their sum to a probability.
    pub calibration: Calibration,
}

impl Foreign {
    /// Returns the columns that the model's features are, in their order. A file without names of
    /// features takes all columns but `others`, in the order of the data; one that cannot write blanks
    /// has underscores for them.
    ///
    /// # Errors
    /// Bad input if the data have no such column, or not as many.
    pub fn wanted(
        &self,
        columns: &[String],
        others: &[String],
        data: &str,
    ) -> Result<Vec<WantedColumn>> {
        let place = || Place {
            file: data.to_owned(),
            ..Place::default()
        };
        let is_category = |kind: &InputKind| !matches!(kind, InputKind::Number(_));
        if self.is_nameless {
            let columns: Vec<&String> = columns
                .iter()
                .filter(|name| !others.contains(name))
                .collect();
            if columns.len() != self.features.len() {
                let (wanted, has) = (self.features.len(), columns.len());
                let message = format!(
                    "the model has {wanted} features without names, the data have {has} columns beside \
                     label and identifiers"
                );
                return Err(Error::bad_input(message).at(place()).hint(
                    "leave other columns out with --exclude, or train the model on a table with names",
                ));
            }
            let pairs = columns.into_iter().zip(&self.features);
            return Ok(pairs
                .map(|(name, feature)| WantedColumn {
                    name: name.clone(),
                    categorical: is_category(&feature.kind),
                })
                .collect());
        }
        let blanked = |name: &String| name.replace(char::is_whitespace, "_");
        let find = |wanted: &str| {
            let exact = columns.iter().find(|name| *name == wanted);
            exact.or_else(|| columns.iter().find(|name| blanked(name) == wanted))
        };
        let column = |feature: &super::foreign::Input| match find(&feature.name) {
            Some(name) => Ok(WantedColumn {
                name: name.clone(),
                categorical: is_category(&feature.kind),
            }),
            None => {
                let message = format!(
                    "there is no column \"{}\", which the model wants",
                    feature.name
                );
                let error = Error::bad_input(message).at(place());
                let near = nearest(&feature.name, columns.iter().map(String::as_str));
                Err(match near {
                    Some(near) => error.hint(format!("did you mean \"{near}\"?")),
                    None => error.hint(format!("its columns: {}", columns.join(", "))),
                })
            }
        };
        self.features.iter().map(column).collect()
    }
}

/// Makes the scoring parts of a model; the frame has its features as [`Foreign::wanted`] names them.
///
/// # Errors
/// Bad input if a number is a text in the data, or levels that splits ask for are not known.
///
/// # Panics
/// If the frame has fewer columns than the model has features.
pub fn assemble(foreign: &Foreign, frame: &Frame) -> Result<Assembled> {
    let mut features = Vec::with_capacity(foreign.features.len());
    let mut keys = Vec::with_capacity(foreign.features.len());
    let asked = asked(foreign);
    for (at, input) in foreign.features.iter().enumerate() {
        let (name, column) = (&frame.names[at], &frame.columns[at]);
        let (kind, own) = match &input.kind {
            InputKind::Number(_) => (number(name, column)?, None),
            InputKind::Category(levels) => category(name, levels.clone())?,
            InputKind::AnyOf(levels) => category(name, there(levels, column, &asked[at]))?,
            InputKind::Sorted => category(name, sorted(name, column, &asked[at])?)?,
        };
        features.push(Feature {
            name: name.clone(),
            kind,
            nullable: (0..frame.rows).any(|row| column.is_missing(row)),
        });
        keys.push(own);
    }
    let calibration = foreign.calibration.clone();
    let mut model = match &foreign.linear {
        Some(linear) => logistic(linear, &features),
        None => Model::Ensemble(flatten(foreign, &keys)?),
    };
    if foreign.linear.is_some() || !foreign.has_cover {
        let scorer = Scorer::of(&features, &model, &calibration)?;
        match &mut model {
            Model::Ensemble(ensemble) => ensemble.trees.cover = scorer.rows_by_node(frame)?,
            _ => centre(&mut model, &features, &scorer.mean_contributions(frame)?),
        }
    }
    Ok(Assembled {
        model,
        features,
        calibration,
    })
}

/// Weights as an artifact has them: a number's slope is that of a standard deviation, from its mean on.
fn logistic(linear: &Linear, features: &[Feature]) -> Model {
    let mut intercept = linear.intercept;
    let weights = features
        .iter()
        .zip(&linear.lines)
        .map(|(feature, line)| match &feature.kind {
            FeatureKind::Number {
                mean,
                median,
                scale,
                ..
            } => {
                let at_mean = line.offset + line.slope * mean;
                intercept += at_mean;
                // Where the framework has no score without a value, one that is missing counts as the mean.
                let missing = if line.missing.is_nan() {
                    at_mean
                } else {
                    line.missing
                };
                let by_median = line.slope * (median - mean);
                vec![line.slope * scale, missing - at_mean - by_median]
            }
            FeatureKind::Category { levels, .. } => {
                let mut weights = line.levels.clone();
                weights.resize(levels.len(), 0.0);
                weights.extend(
                    [line.other, line.missing].map(|own| if own.is_nan() { 0.0 } else { own }),
                );
                weights
            }
        });
    let weights = weights.collect();
    Model::Logistic {
        intercept,
        weights,
        l2: 0.0,
    }
}

/// Moves what a category adds on average into the intercept, so that a contribution is what a level adds to
/// that.
fn centre(model: &mut Model, features: &[Feature], means: &[f64]) {
    let Model::Logistic {
        intercept, weights, ..
    } = model
    else {
        return;
    };
    for ((weights, feature), mean) in weights.iter_mut().zip(features).zip(means) {
        if let FeatureKind::Category { .. } = feature.kind {
            weights.iter_mut().for_each(|weight| *weight -= mean);
            *intercept += mean;
        }
    }
}

/// The keys that splits ask for, by feature.
fn asked(foreign: &Foreign) -> Vec<BTreeSet<u32>> {
    let mut asked = vec![BTreeSet::new(); foreign.features.len()];
    for node in foreign.trees.iter().flatten() {
        if let Node::Split {
            feature,
            split: Split::OneOf(keys) | Split::NoneOf(keys),
            ..
        } = node
            && let Some(asked) = asked.get_mut(*feature)
        {
            asked.extend(keys);
        }
    }
    asked
}

fn number(name: &str, column: &Column) -> Result<FeatureKind> {
    let numbers = match column {
        Column::Numbers(numbers) => numbers.clone(),
        Column::Categories { codes, levels } => {
            let number = |level: &String| match truth(level.as_bytes()) {
                Some(truth) => Ok(f64::from(u8::from(truth))),
                None => Err(not_a_number(name, level)),
            };
            let numbers = levels.iter().map(number).collect::<Result<Vec<f64>>>()?;
            let number = |code: &u32| numbers.get(*code as usize).copied();
            codes
                .iter()
                .map(|code| number(code).unwrap_or(f64::NAN))
                .collect()
        }
    };
    Ok(number_kind(numbers.into_iter()).0)
}

fn not_a_number(name: &str, level: &str) -> Error {
    let shown: String = level.chars().take(40).collect();
    let message = format!("\"{name}\" is a number to the model, in the data it is \"{shown}\"");
    Error::bad_input(message)
        .at(in_column(name))
        .hint("give the data as the model was given them: the same columns, encoded")
}

/// The place of an error about a column; its file is for those to add who know it.
fn in_column(name: &str) -> Place {
    Place {
        column: Some(name.to_owned()),
        ..Place::default()
    }
}

/// Keys of a category's levels, in their order.
type Keys = Option<Vec<u32>>;

fn category(name: &str, levels: Vec<Level>) -> Result<(FeatureKind, Keys)> {
    if levels.len() > MOST_LEVELS {
        let message = format!("\"{name}\" has more than {MOST_LEVELS} categories");
        return Err(Error::bad_input(message).at(in_column(name)));
    }
    let (keys, levels): (Vec<u32>, Vec<String>) = levels
        .into_iter()
        .map(|level| (level.key, level.text))
        .unzip();
    // Our own trees order levels by their target; these ask for sets, and any order will do.
    let order = (0..=levels.len()).map(|place| place as f64).collect();
    Ok((FeatureKind::Category { levels, order }, Some(keys)))
}

/// Those of the levels that the data have or a split asks for: the file knows those of all features
/// together.
fn there(levels: &[Level], column: &Column, asked: &BTreeSet<u32>) -> Vec<Level> {
    let texts: BTreeSet<&[u8]> = match column {
        Column::Categories { levels, .. } => levels.iter().map(String::as_bytes).collect(),
        Column::Numbers(_) => BTreeSet::new(),
    };
    let wanted = levels.iter().filter(|level| {
        asked.contains(&level.key) || texts.contains(&*canonical(level.text.as_bytes()))
    });
    wanted.cloned().collect()
}

/// The levels of the data, sorted as pandas does when it makes a category of a column.
fn sorted(name: &str, column: &Column, asked: &BTreeSet<u32>) -> Result<Vec<Level>> {
    let mut texts = match column {
        Column::Categories { levels, .. } => levels.clone(),
        Column::Numbers(_) => Vec::new(),
    };
    let numbers: Option<Vec<f64>> = texts.iter().map(|text| text.parse().ok()).collect();
    if let Some(numbers) = numbers {
        let mut pairs: Vec<(f64, String)> = numbers.into_iter().zip(texts).collect();
        pairs.sort_by(|one, other| one.0.total_cmp(&other.0));
        texts = pairs.into_iter().map(|(_, text)| text).collect();
    }
    match asked.last() {
        Some(last) if *last as usize >= texts.len() => {
            let has = texts.len();
            let message = format!(
                "the model asks for category {last} of \"{name}\", the data have {has}, and the file \
                 does not name them"
            );
            let hint = "give data with all categories of the training with --schema";
            Err(Error::bad_input(message).at(in_column(name)).hint(hint))
        }
        _ => Ok((0..)
            .zip(texts)
            .map(|(key, text)| Level { key, text })
            .collect()),
    }
}
