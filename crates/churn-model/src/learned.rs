//! Which rows a model has learned from, in a form that fits into its artifact: a later training
//! can tell whether a row of its test split is one of them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use churn_data::{Value, classify};
use serde::{Deserialize, Serialize};

use super::frame::{Column, Frame};
use super::identity::{joined, row_keys};

/// Bits a row, as long as there is room.
const BITS_A_ROW: usize = 16;
/// Most bytes of the filter; with more rows, more are taken for learned that are not.
const MOST_BYTES: usize = 1 << 20;
const MOST_HASHES: u32 = 8;

/// A Bloom filter over the keys of rows: none that was learned from is missed, and of 10,000
/// others about 6 are taken for one, more above half a million rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LearnedRows {
    /// The columns that tell rows apart: identifiers and time, or without any all features.
    pub by: Vec<String>,
    /// How many rows there are.
    pub rows: u64,
    /// Bits set a row.
    pub hashes: u32,
    /// The filter, base64.
    pub filter: String,
    /// The keys are those of canonical texts. An older version took the texts as they were written.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub canonical: bool,
}

impl LearnedRows {
    /// Takes the rows with these keys, made by [`row_keys`] from the columns `by`.
    #[must_use]
    pub fn new(by: Vec<String>, keys: impl ExactSizeIterator<Item = u64>) -> Self {
        let rows = keys.len();
        let bytes = (rows * BITS_A_ROW / 8).clamp(8, MOST_BYTES);
        let best = std::f64::consts::LN_2 * (bytes * 8) as f64 / rows.max(1) as f64;
        let hashes = (best.round() as u32).clamp(1, MOST_HASHES);
        let mut filter = vec![0; bytes];
        for key in keys {
            for bit in bits(key, hashes, bytes) {
                filter[bit / 8] |= 1 << (bit % 8);
            }
        }
        Self {
            by,
            rows: rows as u64,
            hashes,
            filter: STANDARD.encode(filter),
            canonical: true,
        }
    }

    /// Adds rows with these keys, made by [`row_keys`] from the same columns. Room is what it was, so that a few more
    /// others are taken for learned.
    #[must_use]
    pub fn with(&self, keys: &[u64]) -> Self {
        let Ok(mut filter) = STANDARD.decode(&self.filter) else {
            return self.clone();
        };
        for &key in keys {
            for bit in bits(key, self.hashes, filter.len()) {
                filter[bit / 8] |= 1 << (bit % 8);
            }
        }
        Self {
            rows: self.rows + keys.len() as u64,
            filter: STANDARD.encode(filter),
            ..self.clone()
        }
    }

    /// Returns for each of these rows of a table whether it was learned from; nothing if the
    /// table lacks a column that tells, this is not a filter, or the keys are of an older version that
    /// would not know the rows again.
    #[must_use]
    pub fn among(&self, frame: &Frame, rows: &[u32]) -> Option<Vec<bool>> {
        let keys = row_keys(frame, &self.by)?;
        let filter = STANDARD.decode(&self.filter).ok()?;
        let mut columns = self.by.iter().filter_map(|name| frame.column(name));
        if filter.is_empty() || !self.canonical && columns.any(may_have_been_respelled) {
            return None;
        }
        let is_set = |bit: usize| filter[bit / 8] >> (bit % 8) & 1 == 1;
        let known = |row: &u32| {
            let key = keys[*row as usize];
            bits(key, self.hashes, filter.len()).all(is_set)
        };
        Some(rows.iter().map(known).collect())
    }

    /// Checks what was read from a file.
    pub(super) fn check(&self) -> Result<(), String> {
        let filter = STANDARD.decode(&self.filter).unwrap_or_default();
        let is_filter = !filter.is_empty() && filter.len() <= MOST_BYTES;
        if is_filter && (1..=MOST_HASHES).contains(&self.hashes) {
            Ok(())
        } else {
            Err("its record of the rows it learned from is none".into())
        }
    }
}

/// Returns whether values of a column may have stood otherwise in the data: truth values, times of
/// a day, and whole numbers that were doubles once.
fn may_have_been_respelled(column: &Column) -> bool {
    let Column::Categories { levels, .. } = column else {
        return false;
    };
    levels.iter().any(|level| {
        let is_time = level.len() > 10 && level.as_bytes()[10] == b' ' && level.contains(':');
        let is_integer = matches!(classify(level.as_bytes()), Value::BigInteger(_));
        matches!(level.as_str(), "true" | "false") || is_time || is_integer
    })
}

/// Double hashing (Kirsch, Mitzenmacher 2006).
fn bits(key: u64, hashes: u32, bytes: usize) -> impl Iterator<Item = usize> {
    let step = joined(key, 1) | 1;
    let at = move |number: u32| key.wrapping_add(u64::from(number).wrapping_mul(step));
    (0..hashes).map(move |number| (at(number) % (bytes as u64 * 8)) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_are_added_are_known_beside_those_before() {
        let frame = frame(0..3_000);
        let by = vec!["id".to_owned()];
        let keys = row_keys(&frame, &by).expect("keys");
        let before = LearnedRows::new(by, keys[..1_000].iter().copied());
        let both = before.with(&keys[1_000..1_500]);
        let all: Vec<u32> = (0..3_000).collect();
        let known = both.among(&frame, &all).expect("the column");
        assert!(known[..1_500].iter().all(|known| *known) && both.rows == 1_500);
        // Room for 1,000 rows holds 1,500: of others about 1 in 100 is taken for one of them.
        let others = known[1_500..].iter().filter(|known| **known).count();
        assert!(others < 45, "{others}");
    }

    fn frame(numbers: impl Iterator<Item = u32>) -> Frame {
        let numbers: Vec<f64> = numbers.map(f64::from).collect();
        Frame {
            rows: numbers.len(),
            names: vec!["id".into()],
            columns: vec![Column::Numbers(numbers)],
        }
    }

    fn learned(rows: u32) -> LearnedRows {
        let by = vec!["id".to_owned()];
        let keys = row_keys(&frame(0..rows), &by).expect("keys");
        LearnedRows::new(by, keys.into_iter())
    }

    #[test]
    fn no_row_is_missed_and_hardly_any_other_is_taken_for_one() {
        let learned = learned(5_000);
        learned.check().expect("is a filter");
        assert!(learned.filter.len() < 14_000);
        let later = frame((0..5_000).chain(90_000..110_000));
        let rows: Vec<u32> = (0..25_000).collect();
        let found = learned.among(&later, &rows).expect("has the column");
        assert!(found[..5_000].iter().all(|known| *known));
        // Expected: .00057 of 20,000, which is 11.
        let mistaken = found[5_000..].iter().filter(|known| **known).count();
        assert!(mistaken < 30, "{mistaken}");
    }

    #[test]
    fn a_table_without_the_column_cannot_tell() {
        let mut later = frame(0..10);
        later.names[0] = "no".into();
        assert_eq!(learned(10).among(&later, &[1]), None);
        assert_eq!(learned(0).among(&frame(0..10), &[1]), Some(vec![false]));
    }

    #[test]
    fn keys_of_texts_as_they_were_written_are_not_asked_for_respelled_ones() {
        let frame = |levels: &[&str]| Frame {
            rows: levels.len(),
            names: vec!["id".into()],
            columns: vec![Column::Categories {
                codes: (0..levels.len() as u32).collect(),
                levels: levels.iter().map(|&level| level.to_owned()).collect(),
            }],
        };
        let learned = |levels: &[&str]| {
            let by = vec!["id".to_owned()];
            let keys = row_keys(&frame(levels), &by).expect("keys");
            LearnedRows::new(by, keys.into_iter())
        };
        for (levels, same) in [
            (["a", "b"], true),
            (["2026-01-30", "2026-01-31"], true),
            (["false", "true"], false),
            (["2026-01-31", "2026-01-31 03:00:00"], false),
            (["716277643516076033", "716277643516076034"], false),
        ] {
            let known = learned(&levels);
            assert_eq!(known.among(&frame(&levels), &[0, 1]), Some(vec![true; 2]));
            let old = LearnedRows {
                canonical: false,
                ..known
            };
            let answer = old.among(&frame(&levels), &[0, 1]);
            assert_eq!(answer.is_some(), same, "{levels:?}");
        }
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for (filter, hashes) in [("", 4), ("!", 4), ("AAAAAAAAAAA=", 0), ("AAAAAAAAAAA=", 9)] {
            let bad = LearnedRows {
                filter: filter.into(),
                hashes,
                ..learned(10)
            };
            assert!(bad.check().is_err(), "{filter} {hashes}");
        }
    }
}
