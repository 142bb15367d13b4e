//! The distinct values of a stored column: numbers as such where nothing else is told by their text, others by it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use churn_data::{Value, canonical_number, classify, unambiguous_number_of_text};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};

/// Distinct values with their counts. In a profile they stand by their canonical texts, in the order of these;
/// layout 1 had them as they stand in the data.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct DistinctValues {
    /// In rising order.
    numbers: Vec<(f64, u64)>,
    /// All others: texts, codes such as `007`, numbers such as `1.234`.
    texts: BTreeMap<String, u64>,
}

impl DistinctValues {
    /// Makes them of texts with their counts.
    pub(super) fn of_texts(texts: BTreeMap<String, u64>) -> Self {
        Self::with_numbers(Vec::new(), texts)
    }

    /// Makes them of distinct numbers, in rising order, and of texts, among which there may be more.
    pub(super) fn with_numbers(
        mut numbers: Vec<(f64, u64)>,
        mut texts: BTreeMap<String, u64>,
    ) -> Self {
        let known = numbers.len();
        texts.retain(|text, count| {
            let number = unambiguous_number_of_text(text);
            numbers.extend(number.map(|number| (number, *count)));
            number.is_none()
        });
        match numbers.len() == known {
            true => Self { numbers, texts },
            false => Self::sorted(numbers, texts),
        }
    }

    /// Makes them of numbers in any order, some of them perhaps twice, and of what is not one.
    fn sorted(mut numbers: Vec<(f64, u64)>, texts: BTreeMap<String, u64>) -> Self {
        numbers.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        numbers.dedup_by(|next, kept| {
            let is_same = next.0 == kept.0;
            kept.1 = kept.1.saturating_add(if is_same { next.1 } else { 0 });
            is_same
        });
        Self { numbers, texts }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.numbers.is_empty() && self.texts.is_empty()
    }

    /// Returns the first text; one that is a number in disguise, such as `007`, is not one.
    pub(super) fn first_text(&self) -> Option<&str> {
        let mut texts = self.texts.keys();
        let first = texts
            .next()
            .filter(|text| classify(text.as_bytes()) == Value::Text)?;
        let is_text = |text: &String| classify(text.as_bytes()) == Value::Text;
        texts.all(is_text).then_some(first)
    }

    /// Returns the numbers that are kept as such.
    pub(super) fn numbers(&self) -> &[(f64, u64)] {
        &self.numbers
    }

    /// Returns the values that are kept by their texts, which may be numbers.
    pub(super) const fn texts(&self) -> &BTreeMap<String, u64> {
        &self.texts
    }

    /// Returns how often each value occurs, in no order.
    pub(super) fn counts(&self) -> impl Iterator<Item = &u64> {
        let numbers = self.numbers.iter().map(|(_, count)| count);
        numbers.chain(self.texts.values())
    }

    /// Returns all values by their texts, numbers first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Cow<'_, str>, u64)> {
        let numbers = self.numbers.iter();
        let numbers =
            numbers.map(|(number, count)| (Cow::Owned(canonical_number(*number)), *count));
        let texts = self.texts.iter();
        numbers.chain(texts.map(|(text, count)| (Cow::Borrowed(text.as_str()), *count)))
    }

    /// Returns all values by their texts, in the order of these.
    pub(super) fn by_text(&self) -> BTreeMap<Cow<'_, str>, u64> {
        self.iter().collect()
    }
}

impl Serialize for DistinctValues {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.numbers.is_empty() {
            return self.texts.serialize(serializer);
        }
        self.by_text().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for DistinctValues {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries)
    }
}

/// Reads values with their counts, each told apart as it comes.
struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = DistinctValues;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("distinct values with their counts")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<DistinctValues, M::Error> {
        let mut numbers = Vec::new();
        let mut texts = BTreeMap::new();
        while let Some((value, count)) = map.next_entry()? {
            match value {
                Distinct::Number(number) => numbers.push((number, count)),
                Distinct::Text(text) => drop(texts.insert(text, count)),
            }
        }
        Ok(DistinctValues::sorted(numbers, texts))
    }
}

/// A value by its text.
enum Distinct {
    Number(f64),
    Text(String),
}

impl<'de> Deserialize<'de> for Distinct {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Distinct;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Distinct, E> {
                Ok(match unambiguous_number_of_text(text) {
                    Some(number) => Distinct::Number(number),
                    None => Distinct::Text(text.to_owned()),
                })
            }
        }

        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_in_a_profile_as_they_did_before() {
        let stored =
            r#"{"-3":1,"0.5":2,"007":3,"1.234":4,"1e300":5,"2.50":6,"9007199254740993":7,"a":8}"#;
        let values: DistinctValues = serde_json::from_str(stored).expect("values");
        assert_eq!(values.numbers(), [(-3.0, 1), (0.5, 2), (1e300, 5)]);
        assert_eq!(serde_json::to_string(&values).expect("text"), stored);
        assert_eq!(values.counts().sum::<u64>(), 36);
    }

    #[test]
    fn a_number_that_came_as_such_and_as_a_text_is_one() {
        let texts = [("0.5".to_owned(), 1), ("x".to_owned(), 1)].into();
        let values = DistinctValues::with_numbers(vec![(0.25, 1), (0.5, 2)], texts);
        assert_eq!(values.numbers(), [(0.25, 1), (0.5, 3)]);
        assert_eq!(values.texts().len(), 1);
    }
}
