//! What the training data had of a category feature: its levels, its rare values, and how often a new
//! value is to be expected.

use std::collections::HashSet;

use churn_data::{Value, canonical, classify};
use churn_drift::profile::{POOLED_NUMBERS, Profile, RARE};

use super::artifact::FeatureKind;
use super::score::Scorer;

/// What the training data had of a category feature.
#[derive(Debug)]
pub struct Vocabulary {
    pub(super) name: String,
    /// What the model tells apart, the most frequent first.
    pub(super) levels: Vec<String>,
    /// Values that were too rare for a level of their own.
    pub(super) rare: HashSet<String>,
    /// Numbers, or all texts, were too many to be kept by name: none of them is called unseen.
    pub(super) has_any_number: bool,
    pub(super) has_any_text: bool,
    /// Values in the training data, and those of them that occur once. The share of the latter is
    /// the share of new values to be expected in new rows (Good 1953).
    pub(super) values: u64,
    pub(super) once: u64,
}

impl Vocabulary {
    /// Makes those of a model's features; none for numbers. `profile` is the model's own, and may
    /// be of any layout.
    pub fn of_features(scorer: &Scorer, profile: &Profile) -> Vec<Option<Self>> {
        let of = |feature: &super::artifact::Feature| match &feature.kind {
            FeatureKind::Number { .. } => None,
            FeatureKind::Category { levels, .. } => Some(Self::new(&feature.name, levels, profile)),
        };
        scorer.features().iter().map(of).collect()
    }

    fn new(name: &str, levels: &[String], profile: &Profile) -> Self {
        let view = profile.column(name).map(|column| column.view(true));
        let mut own = Self {
            name: name.to_owned(),
            levels: levels.to_vec(),
            rare: HashSet::new(),
            has_any_number: false,
            // Without counts there is nothing to compare with.
            has_any_text: view.as_ref().is_none_or(|view| view.categories.hashed),
            values: view.as_ref().map_or(0, |view| view.present),
            once: 0,
        };
        if own.has_any_text {
            return own;
        }
        let known: HashSet<&str> = levels.iter().map(String::as_str).collect();
        let counts = view.map(|view| view.categories.counts).unwrap_or_default();
        for (text, count) in counts {
            match text.as_str() {
                // The names are gone, so each of these rows may have been the only one.
                RARE => own.once += count,
                POOLED_NUMBERS => own.has_any_number = true,
                _ => {
                    own.once += u64::from(count == 1);
                    if !known.contains(text.as_str()) {
                        own.rare.insert(text);
                    }
                }
            }
        }
        own
    }

    /// Returns the feature's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns whether training had a value that is not a level of the model.
    pub fn has(&self, field: &[u8]) -> bool {
        self.has_any_text
            || self
                .rare
                .contains(&*String::from_utf8_lossy(&canonical(field)))
            || self.has_any_number && !matches!(classify(field), Value::Text)
    }

    /// Returns all values by name, levels first.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let rare = self.rare.iter().map(String::as_str);
        self.levels.iter().map(String::as_str).chain(rare)
    }

    /// Returns how many of so many values are likely to be new.
    pub(super) fn expected(&self, values: u64) -> f64 {
        self.once as f64 / self.values.max(1) as f64 * values as f64
    }
}
