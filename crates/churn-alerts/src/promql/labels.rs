//! Sets of labels, as far as they are known without data.

use std::collections::BTreeSet;

/// A set of labels that is either listed, or all but some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LabelSet {
    /// These and no others.
    Only(BTreeSet<String>),
    /// Whatever the series have, but not these.
    AllBut(BTreeSet<String>),
}

impl LabelSet {
    pub(super) const fn none() -> Self {
        Self::Only(BTreeSet::new())
    }

    pub(super) const fn all() -> Self {
        Self::AllBut(BTreeSet::new())
    }

    /// Tells whether the result has no labels at all.
    pub(crate) fn is_none(&self) -> bool {
        matches!(self, Self::Only(labels) if labels.is_empty())
    }

    /// Tells whether a series of the result may have this label.
    pub(crate) fn may_have(&self, label: &str) -> bool {
        match self {
            Self::Only(labels) => labels.contains(label),
            Self::AllBut(labels) => !labels.contains(label),
        }
    }

    pub(super) fn with(mut self, label: &str) -> Self {
        match &mut self {
            Self::Only(labels) => {
                labels.insert(label.to_owned());
            }
            Self::AllBut(labels) => {
                labels.remove(label);
            }
        }
        self
    }

    pub(super) fn without(mut self, label: &str) -> Self {
        match &mut self {
            Self::Only(labels) => {
                labels.remove(label);
            }
            Self::AllBut(labels) => {
                labels.insert(label.to_owned());
            }
        }
        self
    }

    pub(super) fn keep(self, kept: &[String]) -> Self {
        let kept = kept.iter().filter(|label| self.may_have(label));
        Self::Only(kept.cloned().collect())
    }

    pub(super) fn drop(self, dropped: &[String]) -> Self {
        dropped.iter().fold(self, |set, label| set.without(label))
    }

    /// What a series of either side may have.
    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Only(one), Self::Only(two)) => Self::Only(&one | &two),
            (Self::AllBut(one), Self::AllBut(two)) => Self::AllBut(&one & &two),
            (Self::AllBut(but), Self::Only(only)) | (Self::Only(only), Self::AllBut(but)) => {
                Self::AllBut(&but - &only)
            }
        }
    }
}
