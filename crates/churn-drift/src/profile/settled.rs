//! The values of a stored column by their canonical texts: what an older version has stored
//! otherwise, truth values among themselves, and numbers that writers have rounded.

use std::borrow::Cow;
use std::collections::BTreeMap;

use churn_data::{
    Value, canonical_number, canonical_text, classify, is_boolean, is_grouped, is_same_number,
    truth,
};

use super::column::Column;
use super::distinct_values::DistinctValues;

/// One part in so many must be rounded otherwise before that is taken for the writers' doing: now
/// and then two calculations come to nearly the same number.
const PARTS: u64 = 100;

/// A stored value by its canonical text.
pub(super) struct Settled<'a> {
    /// As it is stored. A number whose point may stand between thousands is stored as it is written.
    pub(super) stored: Cow<'a, str>,
    /// Its canonical text in this column.
    pub(super) name: Cow<'a, str>,
    pub(super) count: u64,
}

impl Settled<'_> {
    /// Returns the text that tells what the column is.
    pub(super) fn tells(&self) -> &str {
        if is_grouped(self.stored.as_bytes()) {
            &self.stored
        } else {
            &self.name
        }
    }
}

/// The values of a column: numbers that are kept as such, in rising order, and all others.
pub(super) struct SettledValues<'a> {
    pub(super) numbers: Cow<'a, [(f64, u64)]>,
    pub(super) others: Vec<Settled<'a>>,
}

impl Column {
    /// Returns the column with other texts for its canonical ones; those without one stay.
    #[must_use]
    pub fn respelled(&self, spelling: impl Fn(&str) -> Option<String>) -> Self {
        let settled = self.settled();
        let mut values = BTreeMap::new();
        let numbers = settled.numbers.iter();
        let numbers = numbers.map(|(number, count)| Settled::of_number(*number, *count));
        for value in numbers.chain(settled.others) {
            let text = spelling(&value.name).unwrap_or_else(|| value.tells().to_owned());
            *values.entry(text).or_default() += value.count;
        }
        Self {
            values: DistinctValues::of_texts(values),
            ..self.clone()
        }
    }

    /// Returns the values with their canonical texts. An older version has stored other spellings.
    pub(super) fn settled(&self) -> SettledValues<'_> {
        let texts = self.values.texts().iter();
        let texts = texts.map(|(text, &count)| Settled {
            stored: Cow::Borrowed(text),
            name: canonical_text(text),
            count,
        });
        settled(self.values.numbers(), texts.collect())
    }
}

impl Settled<'_> {
    fn of_number(number: f64, count: u64) -> Self {
        let text = canonical_number(number);
        Self {
            stored: Cow::Owned(text.clone()),
            name: Cow::Owned(text),
            count,
        }
    }
}

fn settled<'a>(numbers: &'a [(f64, u64)], mut others: Vec<Settled<'a>>) -> SettledValues<'a> {
    let joined = joined_roundings(numbers, &others);
    let is_truth = |value: &Settled<'_>| truth(value.name.as_bytes()).is_some();
    // Numbers other than these two are no truth values.
    let may_be_boolean = numbers.len() <= 2 && others.iter().all(is_truth);
    if joined.is_empty() && !may_be_boolean {
        return SettledValues {
            numbers: Cow::Borrowed(numbers),
            others,
        };
    }
    let texts = others.len();
    let numbers = numbers.iter();
    others.extend(numbers.map(|(number, count)| Settled::of_number(*number, *count)));
    for (at, name) in joined {
        // Numbers are numbered first.
        let at = (at + texts) % others.len();
        others[at].name = Cow::Owned(name);
    }
    if is_boolean(others.iter().map(|value| value.name.as_bytes())) {
        for value in &mut others {
            let is_true = truth(value.name.as_bytes()) == Some(true);
            value.name = Cow::Borrowed(if is_true { "true" } else { "false" });
        }
    }
    SettledValues {
        numbers: Cow::Borrowed(&[]),
        others,
    }
}

/// A number of a column: its value, rows, and its place, numbers first.
type Placed = (f64, u64, usize);

/// Returns which values are one number with another but for how writers round, each by its place, numbers first,
/// and the text by which they go: the most frequent one.
fn joined_roundings(numbers: &[(f64, u64)], others: &[Settled<'_>]) -> Vec<(usize, String)> {
    let is_number =
        |value: &Settled<'_>| matches!(classify(value.name.as_bytes()), Value::Number(_));
    let is_alone = |pair: &[(f64, u64)]| !is_same_number(pair[0].0, pair[1].0);
    // As it is in nearly every column.
    if numbers.windows(2).all(is_alone) && !others.iter().any(is_number) {
        return Vec::new();
    }
    let placed = |(at, (number, count)): (usize, &(f64, u64))| (*number, *count, at);
    let mut all: Vec<Placed> = numbers.iter().enumerate().map(placed).collect();
    for (at, value) in others.iter().enumerate() {
        if let Value::Number(number) = classify(value.name.as_bytes()) {
            all.push((number, value.count, numbers.len() + at));
        }
    }
    // Whole numbers are one if they are equal.
    if all.iter().all(|(number, ..)| number.fract() == 0.0) {
        return Vec::new();
    }
    if all.len() > numbers.len() {
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    let close = |a: &Placed, b: &Placed| is_same_number(a.0, b.0);
    let count = |all: &[Placed]| all.iter().map(|(_, count, _)| count).sum::<u64>();
    let mut joined: Vec<(usize, usize)> = Vec::new();
    let mut rows = 0;
    for near in all.chunk_by(close) {
        let (Some(first), Some(last)) = (near.first(), near.last()) else {
            continue;
        };
        if first.0 == last.0 {
            continue;
        }
        // Neighbours in a continuum, such as scores crowded at 1, are close each to the next: that is
        // how dense they are and not how they were rounded.
        if !close(first, last) {
            return Vec::new();
        }
        // Spellings of a number that is stored twice are counted together.
        let same: Vec<&[Placed]> = near.chunk_by(|a, b| a.0 == b.0).collect();
        let Some(most) = same.iter().max_by_key(|one| count(one)) else {
            continue;
        };
        for other in same.iter().filter(|other| other[0].0 != most[0].0) {
            rows += count(other);
            joined.extend(other.iter().map(|(.., at)| (*at, most[0].2)));
        }
    }
    if rows * PARTS < count(&all) {
        return Vec::new();
    }
    let name = |at: usize| match numbers.get(at) {
        Some((number, _)) => canonical_number(*number),
        None => others[at - numbers.len()].name.to_string(),
    };
    joined
        .into_iter()
        .map(|(at, most)| (at, name(most)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled_texts(values: &[(&str, u64)]) -> Vec<(String, u64)> {
        let texts = values.iter().map(|&(text, count)| (text.to_owned(), count));
        let values = DistinctValues::of_texts(texts.collect());
        let texts = values.texts().iter().map(|(text, &count)| Settled {
            stored: Cow::Borrowed(text),
            name: canonical_text(text),
            count,
        });
        let all = settled(values.numbers(), texts.collect());
        let numbers = all.numbers.iter();
        let numbers = numbers.map(|(number, count)| Settled::of_number(*number, *count));
        let mut settled: BTreeMap<String, u64> = BTreeMap::new();
        for value in numbers.chain(all.others) {
            *settled.entry(value.name.into_owned()).or_default() += value.count;
        }
        settled.into_iter().collect()
    }

    #[test]
    fn roundings_of_a_number_go_by_its_most_frequent_text() {
        // 0.3, 0.1 + 0.2 and numpy.float32(0.3) as doubles.
        assert_eq!(
            settled_texts(&[
                ("0.3", 40),
                ("0.30000000000000004", 30),
                ("0.30000001192092896", 20),
                ("0.31", 5),
                ("a", 1),
            ]),
            [
                ("0.3".to_owned(), 90),
                ("0.31".to_owned(), 5),
                ("a".to_owned(), 1)
            ]
        );
        // One of them is among the texts, since its point may stand between thousands.
        let texts = [("1.234", 40), ("1.2339999999999998", 30), ("x", 1)];
        assert_eq!(
            settled_texts(&texts),
            [("1.234".to_owned(), 70), ("x".to_owned(), 1)]
        );
        // Two in a thousand may be chance.
        let few = [("0.3", 998), ("0.30000000000000004", 2)];
        assert_eq!(settled_texts(&few).len(), 2);
        assert_eq!(settled_texts(&[("1", 5), ("01", 5), ("0.5", 1)]).len(), 3);
    }

    #[test]
    fn truth_values_are_known_by_the_one_that_is_spelled() {
        let all = settled_texts(&[("True", 4), ("0", 3), ("1", 2)]);
        assert_eq!(all, [("false".to_owned(), 3), ("true".to_owned(), 6)]);
        assert_eq!(settled_texts(&[("true", 4), ("2", 3)]).len(), 2);
    }

    #[test]
    fn a_continuum_stays_what_it_is() {
        let texts: Vec<String> = (0..100_u32)
            .map(|step| format!("{}", 0.999_99 + f64::from(step) * 5e-8))
            .collect();
        let values: Vec<(&str, u64)> = texts.iter().map(|text| (text.as_str(), 3)).collect();
        assert_eq!(settled_texts(&values).len(), 100);
    }
}
