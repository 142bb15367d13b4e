//! Which text of a label means churned and which means stayed, by what the baseline and the label source
//! know of it.

use std::collections::{BTreeMap, BTreeSet};

use churn_base::error::Result;
use churn_data::{positive_label, same_label, truth};

/// The two values of a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Classes {
    pub(super) negative: String,
    pub(super) positive: String,
    /// What each text of the source means, so that texts are compared once.
    known: BTreeMap<Vec<u8>, bool>,
}

impl Classes {
    /// Decides what the texts mean: `baseline` are the labels of the baseline, `source` those of the label
    /// source, none if being there is the label.
    ///
    /// # Errors
    /// Bad input if they are more than two, or it is not clear which means churned.
    pub(super) fn of(
        label: &str,
        baseline: &[String],
        source: Option<&BTreeSet<String>>,
        positive: Option<&str>,
    ) -> Result<Self> {
        let all: Vec<&str> = baseline
            .iter()
            .chain(source.into_iter().flatten())
            .map(String::as_str)
            .collect();
        let positive = match (all.is_empty(), positive) {
            (true, named) => named.unwrap_or("1").to_owned(),
            (false, named) => positive_label(label, all.iter().copied(), named)?,
        };
        let other = all.iter().find(|text| !same_label(text, &positive));
        let negative = match other {
            Some(other) => (*other).to_owned(),
            None if truth(positive.as_bytes()) == Some(true) => "0".to_owned(),
            None => format!("not {positive}"),
        };
        let known = source.into_iter().flatten();
        let known = known.map(|text| (text.clone().into_bytes(), same_label(text, &positive)));
        Ok(Self {
            known: known.chain([(Vec::new(), true)]).collect(),
            negative,
            positive,
        })
    }

    /// Returns classes whose texts are known, without a label source.
    pub(super) fn named(negative: &str, positive: &str) -> Self {
        Self {
            negative: negative.to_owned(),
            positive: positive.to_owned(),
            known: BTreeMap::new(),
        }
    }

    /// Returns whether a text of the label source means churned.
    pub(super) fn is_positive(&self, text: &[u8]) -> bool {
        self.known.get(text).copied().unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(baseline: &[&str], source: Option<&[&str]>, positive: Option<&str>) -> Classes {
        let baseline: Vec<String> = baseline.iter().map(|&text| text.to_owned()).collect();
        let source = source.map(|texts| texts.iter().map(|&text| text.to_owned()).collect());
        Classes::of("churn", &baseline, source.as_ref(), positive).expect("clear")
    }

    #[test]
    fn being_there_is_the_baselines_word_for_churned() {
        let found = classes(&["No", "Yes"], None, None);
        assert_eq!((&*found.negative, &*found.positive), ("No", "Yes"));
        assert!(found.is_positive(b""));
        let found = classes(&[], None, None);
        assert_eq!((&*found.negative, &*found.positive), ("0", "1"));
    }

    #[test]
    fn one_label_is_one_however_it_is_written() {
        let found = classes(&["0", "1"], Some(&["True", "False"]), None);
        assert!(found.is_positive(b"True") && !found.is_positive(b"False"));
        let found = classes(&[], Some(&["gone"]), Some("gone"));
        assert_eq!(found.negative, "not gone");
    }
}
