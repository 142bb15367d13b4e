//! Which columns of the data a model looks at, and as what: numbers, or texts with the categories that it
//! knows.

use std::collections::{BTreeMap, BTreeSet};

use churn_data::{Value, classify};

use super::super::foreign::{Input, InputKind, Level};
use super::element::{Element, apply};
use super::proto::Kind;
use churn_model::artifact::TreeInput;

/// The columns that are looked at.
#[derive(Debug)]
pub(super) struct Columns {
    /// By column of the graph.
    all: BTreeMap<usize, Column>,
}

#[derive(Debug, Default)]
struct Column {
    is_number: bool,
    is_category: bool,
    /// Texts that anything is made of, in the order of their keys.
    texts: BTreeSet<String>,
}

impl Columns {
    /// Looks through the elements that a model asks for; those columns of numbers that it only compares
    /// for equality are categories, too.
    pub(super) fn of<'e>(
        elements: impl Iterator<Item = &'e Element>,
        equal: &BTreeMap<usize, BTreeSet<String>>,
    ) -> Self {
        let mut all: BTreeMap<usize, Column> = BTreeMap::new();
        for element in elements {
            match element {
                Element::Number { column, .. } => {
                    let own = all.entry(*column).or_default();
                    match equal.get(column) {
                        None => own.is_number = true,
                        Some(texts) => {
                            own.is_category = true;
                            own.texts.clone_from(texts);
                        }
                    }
                }
                Element::Category { column, table } => {
                    let own = all.entry(*column).or_default();
                    own.is_category = true;
                    own.texts.extend(table.of.keys().cloned());
                }
                Element::Text { column, .. } => all.entry(*column).or_default().is_category = true,
                Element::Constant(_) | Element::Word(_) => {}
            }
        }
        Self { all }
    }

    /// Returns a column that is a number in one place and a category in another, or that has two texts
    /// for a missing value.
    pub(super) fn unclear(&self) -> Option<(usize, &'static str)> {
        self.all.iter().find_map(|(at, column)| {
            if column.is_number && column.is_category {
                return Some((*at, "which is both a number and a category,"));
            }
            let marks = column.texts.iter().filter(|text| is_missing(text)).count();
            (marks > 1).then_some((*at, "which has two texts for a missing value,"))
        })
    }

    /// Returns the features, and the place of each column among them. All columns take part where they
    /// have no names, since they are then told by their order.
    pub(super) fn features(
        &self,
        names: &[(String, Kind)],
        are_nameless: bool,
    ) -> (Vec<Input>, BTreeMap<usize, usize>) {
        let mut features = Vec::new();
        let mut places = BTreeMap::new();
        for (at, (name, own)) in names.iter().enumerate() {
            let column = self.all.get(&at);
            if column.is_none() && !are_nameless {
                continue;
            }
            let texts = column.map(|column| &column.texts);
            let is_category = column.map_or(*own == Kind::Text, |column| column.is_category);
            let kind = match is_category {
                false if *own == Kind::Double => InputKind::Number(TreeInput::Exact),
                false => InputKind::Number(TreeInput::Single),
                true => InputKind::Category(
                    (0..)
                        .zip(texts.into_iter().flatten())
                        .map(|(key, text)| Level {
                            key,
                            text: text.clone(),
                        })
                        .collect(),
                ),
            };
            places.insert(at, features.len());
            features.push(Input {
                name: name.clone(),
                kind,
            });
        }
        (features, places)
    }

    /// Returns the texts of a column, in the order of their keys.
    pub(super) fn texts(&self, column: usize) -> impl Iterator<Item = &String> {
        self.all
            .get(&column)
            .into_iter()
            .flat_map(|column| &column.texts)
    }

    /// Returns what an element is where its column is missing: a number that is not there, or the text
    /// that the model knows missing values by, or else a text that it does not know.
    pub(super) fn missing(&self, element: &Element) -> f64 {
        match element {
            Element::Constant(value) => *value,
            Element::Number { steps, .. } => apply(steps, f64::NAN),
            Element::Category { column, table } => {
                let mark = self.texts(*column).find(|text| is_missing(text));
                mark.map_or(table.other, |mark| table.get(mark))
            }
            Element::Word(_) | Element::Text { .. } => f64::NAN,
        }
    }
}

pub(super) fn is_missing(text: &str) -> bool {
    matches!(classify(text.as_bytes()), Value::Missing(_))
}
