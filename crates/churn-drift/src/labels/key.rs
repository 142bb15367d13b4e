//! The key of a row: the canonical texts of its columns, so that `7`, `7.0` and `+7` are one customer and
//! `007` is another.

use std::hash::{DefaultHasher, Hasher};

use churn_data::{Row, RowPlace, Value, canonical, classify};

/// Keys that are kept as examples.
const EXAMPLES: usize = 3;

/// Writes the key of a row into `key`; returns whether it has one: none of its columns is missing.
pub(super) fn read_key(row: &Row<'_>, columns: &[usize], key: &mut Vec<u8>) -> bool {
    key.clear();
    for &column in columns {
        let field = row.field(column);
        if matches!(classify(&field), Value::Missing(_)) {
            return false;
        }
        let text = canonical(&field);
        // With its length before each part, no two keys look alike.
        key.extend_from_slice(&(text.len() as u32).to_le_bytes());
        key.extend_from_slice(&text);
    }
    true
}

/// Returns a hash that is the same in all threads.
pub(super) fn hash(key: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(key);
    hasher.finish()
}

/// The first keys of a data set, as they are written.
#[derive(Debug, Clone, Default)]
pub(super) struct Examples(Vec<(RowPlace, String)>);

impl Examples {
    pub(super) fn keep(&mut self, row: &Row<'_>, columns: &[usize]) {
        let place = row.place();
        if self.0.len() == EXAMPLES && self.0.last().is_some_and(|(last, _)| *last < place) {
            return;
        }
        let parts: Vec<String> = columns
            .iter()
            .map(|&column| String::from_utf8_lossy(&row.field(column)).into_owned())
            .collect();
        let text: String = parts.join(",").chars().take(40).collect();
        if self.0.iter().any(|(_, known)| *known == text) {
            return;
        }
        self.add(place, text);
    }

    /// Keeps a key as it is joined by.
    pub(super) fn keep_key(&mut self, place: RowPlace, mut key: &[u8]) {
        if self.0.len() == EXAMPLES {
            return;
        }
        let mut parts = Vec::new();
        while let Some((length, rest)) = key.split_first_chunk::<4>() {
            let length = (u32::from_le_bytes(*length) as usize).min(rest.len());
            let (part, rest) = rest.split_at(length);
            parts.push(String::from_utf8_lossy(part));
            key = rest;
        }
        let text: String = parts.join(",").chars().take(40).collect();
        if !self.0.iter().any(|(_, known)| *known == text) {
            self.add(place, text);
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (place, text) in other.0 {
            if !self.0.iter().any(|(_, known)| *known == text) {
                self.add(place, text);
            }
        }
    }

    fn add(&mut self, place: RowPlace, text: String) {
        self.0.push((place, text));
        self.0.sort();
        self.0.truncate(EXAMPLES);
    }

    pub(super) fn into_texts(self) -> Vec<String> {
        self.0.into_iter().map(|(_, text)| text).collect()
    }
}
