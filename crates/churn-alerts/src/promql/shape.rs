//! What is known about the result of an expression without data: labels, values, how many series.

use std::collections::BTreeMap;

use super::interval::Interval;
use super::kind::Known;
use super::labels::LabelSet;

/// How many series a result has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// None, whatever the data.
    Never,
    /// That depends on the data.
    Depends,
    /// At least one, whatever the data.
    Always,
}

/// What is known about a result.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// The labels that a series may have; the metric's name is none of them.
    pub labels: LabelSet,
    /// Labels that every series is expected to have, with their values where those are known.
    pub expected: BTreeMap<String, Option<String>>,
    /// The values of samples.
    pub values: Interval,
    /// How many series there are.
    pub(crate) presence: Presence,
    /// Why there is none, or why a comparison says nothing; only where it first shows.
    pub why: Option<String>,
    /// Whether a condition decides which series there are.
    pub(crate) is_filtered: bool,
    /// Whether the values are those of a counter or of a gauge.
    pub kind: Option<Known>,
    /// Whether it is a number, not a vector.
    pub(crate) is_scalar: bool,
}

impl Shape {
    pub(super) fn scalar(values: Interval) -> Self {
        Self {
            labels: LabelSet::none(),
            expected: BTreeMap::new(),
            values,
            presence: Presence::Always,
            why: None,
            is_filtered: false,
            kind: None,
            is_scalar: true,
        }
    }

    pub(super) fn vector(values: Interval, presence: Presence) -> Self {
        Self {
            presence,
            is_scalar: false,
            ..Self::scalar(values)
        }
    }

    /// Says that there is no series, and why.
    pub(super) fn empty(self, why: String) -> Self {
        Self {
            presence: Presence::Never,
            why: Some(why),
            ..self
        }
    }

    /// Returns what holds of either of two results.
    pub fn or(self, other: Self) -> Self {
        let presence = match (self.presence, other.presence) {
            (Presence::Always, _) | (_, Presence::Always) => Presence::Always,
            (Presence::Never, Presence::Never) => Presence::Never,
            _ => Presence::Depends,
        };
        // Of a side that is never there, nothing is in the result.
        if self.presence == Presence::Never {
            return Self {
                presence,
                why: None,
                ..other
            };
        }
        if other.presence == Presence::Never {
            return Self {
                presence,
                why: None,
                ..self
            };
        }
        let mut expected = self.expected;
        expected.retain(|label, value| match other.expected.get(label) {
            Some(theirs) => {
                if value != theirs {
                    *value = None;
                }
                true
            }
            None => false,
        });
        Self {
            labels: self.labels.or(other.labels),
            expected,
            values: self.values.join(other.values),
            presence,
            why: None,
            is_filtered: self.is_filtered && other.is_filtered,
            kind: self.kind.filter(|kind| Some(*kind) == other.kind),
            is_scalar: false,
        }
    }

    /// Returns what a recording rule makes of this, with the labels that it sets.
    pub fn recorded<'l>(self, labels: impl Iterator<Item = (&'l str, &'l str)>) -> Self {
        let mut shape = Self {
            why: None,
            is_scalar: false,
            ..self
        };
        for (label, value) in labels {
            shape.labels = shape.labels.with(label);
            shape
                .expected
                .insert(label.to_owned(), Some(value.to_owned()));
        }
        shape
    }

    /// Forgets that the values are those of a counter.
    pub(super) fn computed(self) -> Self {
        Self { kind: None, ..self }
    }

    pub(super) fn below(self) -> Self {
        Self { why: None, ..self }
    }

    /// Keeps labels, or drops them.
    pub(super) fn narrowed(self, kept: impl Fn(&str) -> bool, labels: LabelSet) -> Self {
        let mut expected = self.expected;
        expected.retain(|label, _| kept(label) && labels.may_have(label));
        Self {
            labels,
            expected,
            ..self
        }
    }
}
