//! The values of a stored column by their canonical texts: what an older version has stored
//! otherwise, truth values among themselves, and numbers that writers have rounded.

use std::borrow::Cow;
use std::collections::BTreeMap;

use churn_data::{Value, canonical_text, classify, is_boolean, is_grouped, is_same_number, truth};

use super::column::Column;

/// One part in so many must be rounded otherwise before that is taken for the writers' doing: now
/// and then two calculations come to nearly the same number.
const PARTS: u64 = 100;

/// A stored value by its canonical text.
pub(super) struct Settled<'a> {
    /// As it is stored. A number whose point may stand between thousands is stored as it is written.
    pub(super) stored: &'a str,
    /// Its canonical text in this column.
    pub(super) name: Cow<'a, str>,
    pub(super) count: u64,
}

impl Settled<'_> {
    /// Returns the text that tells what the column is.
    pub(super) fn tells(&self) -> &str {
        if is_grouped(self.stored.as_bytes()) {
            self.stored
        } else {
            &self.name
        }
    }
}

impl Column {
    /// Returns the column with other texts for its canonical ones; those without one stay.
    #[must_use]
    pub fn respelled(&self, spelling: impl Fn(&str) -> Option<String>) -> Self {
        let mut values = BTreeMap::new();
        for value in self.settled() {
            let text = spelling(&value.name).unwrap_or_else(|| value.tells().to_owned());
            *values.entry(text).or_default() += value.count;
        }
        Self {
            values,
            ..self.clone()
        }
    }

    /// Returns the values with their canonical texts. An older version has stored other spellings.
    pub(super) fn settled(&self) -> Vec<Settled<'_>> {
        let mut values: Vec<Settled<'_>> = self
            .values
            .iter()
            .map(|(text, &count)| Settled {
                stored: text,
                name: canonical_text(text),
                count,
            })
            .collect();
        settle_rounding(&mut values);
        if is_boolean(values.iter().map(|value| value.name.as_bytes())) {
            for value in &mut values {
                let is_true = truth(value.name.as_bytes()) == Some(true);
                value.name = Cow::Borrowed(if is_true { "true" } else { "false" });
            }
        }
        values
    }
}

/// Joins the values that are one number but for how writers round: they go by the most frequent
/// text.
fn settle_rounding(values: &mut [Settled<'_>]) {
    let mut numbers: Vec<(f64, usize)> = Vec::new();
    for (at, value) in values.iter().enumerate() {
        if let Value::Number(number) = classify(value.name.as_bytes()) {
            numbers.push((number, at));
        }
    }
    // Whole numbers are one if they are equal.
    if numbers.iter().all(|(number, _)| number.fract() == 0.0) {
        return;
    }
    numbers.sort_by(|a, b| a.0.total_cmp(&b.0));
    let close = |a: &(f64, usize), b: &(f64, usize)| is_same_number(a.0, b.0);
    let count = |all: &[(f64, usize)]| all.iter().map(|(_, at)| values[*at].count).sum::<u64>();
    let mut joined: Vec<(usize, String)> = Vec::new();
    let mut rows = 0;
    for near in numbers.chunk_by(close) {
        // Neighbours in a continuum, such as scores crowded at 1, are close each to the next: that is
        // how dense they are and not how they were rounded.
        if near
            .first()
            .zip(near.last())
            .is_some_and(|(a, b)| !close(a, b))
        {
            return;
        }
        // Spellings of a number that is stored twice are counted together.
        let equal = |a: &(f64, usize), b: &(f64, usize)| a.0 == b.0;
        let same: Vec<&[(f64, usize)]> = near.chunk_by(equal).collect();
        let Some(most) = same.iter().max_by_key(|one| count(one)) else {
            continue;
        };
        let name = &values[most[0].1].name;
        for other in same.iter().filter(|other| other[0].0 != most[0].0) {
            rows += count(other);
            joined.extend(other.iter().map(|(_, at)| (*at, name.to_string())));
        }
    }
    if rows * PARTS < count(&numbers) {
        return;
    }
    for (at, name) in joined {
        values[at].name = Cow::Owned(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(values: &[(&'static str, u64)]) -> Vec<(String, u64)> {
        let mut values: Vec<Settled<'_>> = values
            .iter()
            .map(|&(stored, count)| Settled {
                stored,
                name: Cow::Borrowed(stored),
                count,
            })
            .collect();
        settle_rounding(&mut values);
        let mut settled: BTreeMap<String, u64> = BTreeMap::new();
        for value in values {
            *settled.entry(value.name.into_owned()).or_default() += value.count;
        }
        settled.into_iter().collect()
    }

    #[test]
    fn roundings_of_a_number_go_by_its_most_frequent_text() {
        // 0.3, 0.1 + 0.2 and numpy.float32(0.3) as doubles.
        assert_eq!(
            settled(&[
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
        // Two in a thousand may be chance.
        let few = [("0.3", 998), ("0.30000000000000004", 2)];
        assert_eq!(settled(&few).len(), 2);
        assert_eq!(settled(&[("1", 5), ("01", 5), ("0.5", 1)]).len(), 3);
    }

    #[test]
    fn a_continuum_stays_what_it_is() {
        let texts: Vec<String> = (0..100_u32)
            .map(|step| format!("{}", 0.999_99 + f64::from(step) * 5e-8))
            .collect();
        let mut values: Vec<Settled<'_>> = texts
            .iter()
            .map(|text| Settled {
                stored: text,
                name: Cow::Borrowed(text),
                count: 3,
            })
            .collect();
        settle_rounding(&mut values);
        assert!(values.iter().all(|value| value.name == value.stored));
    }
}
