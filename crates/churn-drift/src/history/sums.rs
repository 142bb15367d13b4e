//! Digests of pieces that are made of several sources, each with the digest of those it is made of: a run that
//! looks at the last windows need not put together all others.

use std::collections::BTreeMap;
use std::path::Path;

use churn_base::files::{read_at_most, write_atomically};
use serde::{Deserialize, Serialize};

const FILE: &str = "sums.json";
const MOST_BYTES: u64 = 64 << 20;

/// Digests by the beginning of the piece.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Sums(BTreeMap<i64, (String, String)>);

impl Sums {
    /// Reads them. Where there are none, or they cannot be read, they are made again.
    pub(super) fn read(folder: &Path) -> Self {
        let bytes = read_at_most(&folder.join(FILE), MOST_BYTES).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// Keeps them for the next run: a courtesy.
    pub(super) fn keep(&self, folder: &Path) {
        // Texts and integers: this cannot fail.
        let text = serde_json::to_vec(self).unwrap_or_default();
        let _ = write_atomically(&folder.join(FILE), &text);
    }

    /// Returns the digest of a piece, if it is made of these.
    pub(super) fn of(&self, start: i64, made_of: &str) -> Option<String> {
        let (of, sum) = self.0.get(&start)?;
        (of == made_of).then(|| sum.clone())
    }

    /// Notes of what a piece is made, and its digest.
    pub(super) fn insert(&mut self, start: i64, (made_of, sum): (String, String)) {
        self.0.insert(start, (made_of, sum));
    }
}
