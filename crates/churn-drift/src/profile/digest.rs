//! The SHA-256 of what was counted: two data sets with the same one give the same report.
//!
//! It is not the digest of a file: compression, format, and whatever else does not reach the counts has
//! no part in it, nor have the names of files. It costs nothing that depends on the number of rows.

use std::collections::BTreeMap;
use std::io::{self, Write};

use churn_base::hex::hex;
use churn_base::threads::{available, in_order};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::column::Column;
use super::count_plan::Counted;
use super::cut_profile::{CutProfile, SegmentProfile};
use super::document::{HeaderRows, Profile, Roles};
use super::outcome::Outcome;
use super::pieces::Grouped;

#[derive(Serialize)]
struct Counts<'a> {
    rows: u64,
    /// How many rows say the header again, and the line of the first.
    header_rows: (u64, Option<u64>),
    columns: Vec<ColumnCounts<'a>>,
    outcome: Option<&'a Outcome>,
    // What a profile says beside its counts has a part in the plan of the check.
    roles: Option<&'a Roles>,
    model_features: &'a [String],
    /// The digests of segments, by cut and name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    segments: Vec<(&'a str, Vec<(&'a str, String)>)>,
}

#[derive(Serialize)]
struct ColumnCounts<'a> {
    counts: &'a Column,
    /// The first texts with their lines, which reports show.
    first_texts: Vec<(Option<u64>, &'a str)>,
}

impl Profile {
    /// Returns the SHA-256 of all that a check takes from the profile, in hexadecimal digits. When and
    /// by which version it was made, and what the files were called, has no part in it.
    #[must_use]
    pub fn counts_sha256(&self) -> String {
        Counts {
            rows: self.rows,
            header_rows: lines_of(&self.header_rows),
            columns: self.columns.iter().map(ColumnCounts::of).collect(),
            outcome: self.outcome.as_ref(),
            roles: Some(&self.roles),
            model_features: &self.model_features,
            segments: self.segments.iter().map(segments_of).collect(),
        }
        .sha256()
    }
}

impl Counted {
    /// As [`Profile::counts_sha256`], of the columns that a plan asked for.
    #[must_use]
    pub fn counts_sha256(&self) -> String {
        Counts {
            rows: self.rows,
            header_rows: lines_of(&self.header_rows),
            columns: self.columns.iter().map(ColumnCounts::of).collect(),
            outcome: self.outcome.as_ref(),
            roles: None,
            model_features: &[],
            segments: Vec::new(),
        }
        .sha256()
    }

    /// Returns the SHA-256 of a piece of time or a segment. There may be thousands, and in each nearly every row may
    /// have another number: these go in as their bits, and are not written out.
    #[must_use]
    pub fn part_sha256(&self) -> String {
        let mut hash = Hash(Sha256::new());
        // As in `sha256_of`, this cannot fail.
        let mut sink = io::BufWriter::with_capacity(1 << 16, &mut hash);
        let _ = serde_json::to_writer(&mut sink, &(self.rows, lines_of(&self.header_rows)));
        for column in self.columns.iter().chain(
            self.outcome
                .iter()
                .flat_map(|outcome| outcome.by_label.values()),
        ) {
            let ColumnCounts { first_texts, .. } = ColumnCounts::of(column);
            let beside_numbers = column.parts_beside_numbers();
            let _ = serde_json::to_writer(&mut sink, &(beside_numbers, first_texts));
            let numbers = column.values.numbers();
            let _ = sink.write_all(&(numbers.len() as u64).to_le_bytes());
            for (number, count) in numbers {
                let both = u128::from(number.to_bits()) | u128::from(*count) << 64;
                let _ = sink.write_all(&both.to_le_bytes());
            }
        }
        let labels = self.outcome.as_ref().map(|outcome| {
            let labels: Vec<&String> = outcome.by_label.keys().collect();
            (&outcome.label, &outcome.score, labels)
        });
        let _ = serde_json::to_writer(&mut sink, &labels);
        let _ = sink.flush();
        drop(sink);
        hex(&hash.0.finalize())
    }
}

/// The beginning of a piece, the cut by number and the segment unless it is all rows, and what was counted.
type Part<'a> = (i64, Option<(usize, &'a String)>, &'a Counted);

impl Grouped {
    /// Returns the SHA-256 of all pieces, as [`Counted::part_sha256`].
    #[must_use]
    pub fn counts_sha256(&self) -> String {
        let whole = self.pieces.iter();
        let mut parts: Vec<Part<'_>> = whole.map(|(start, piece)| (*start, None, piece)).collect();
        for (number, cut) in self.cuts.iter().enumerate() {
            for (name, pieces) in &cut.segments {
                let segment = Some((number, name));
                parts.extend(pieces.iter().map(|(start, piece)| (*start, segment, piece)));
            }
        }
        let digests = in_order(available(), parts.len(), |at| parts[at].2.part_sha256());
        let mut pieces = BTreeMap::<i64, String>::new();
        let mut cuts = BTreeMap::<i64, Vec<BTreeMap<String, String>>>::new();
        for ((start, segment, _), digest) in parts.into_iter().zip(digests) {
            let Some((number, name)) = segment else {
                pieces.insert(start, digest);
                continue;
            };
            let of_piece = cuts.entry(start).or_default();
            of_piece.resize(self.cuts.len(), BTreeMap::new());
            of_piece[number].insert(name.clone(), digest);
        }
        let digest = |(start, whole): (i64, String)| {
            let segments = cuts.remove(&start).unwrap_or_default();
            (start, piece_sha256(whole, segments))
        };
        grouped_sha256(&pieces.into_iter().map(digest).collect(), self.rows)
    }
}

/// Returns the SHA-256 of a piece of which all rows have this one, and the segments of each way to cut those by name.
pub(super) fn piece_sha256(
    whole: String,
    cuts: impl IntoIterator<Item = BTreeMap<String, String>>,
) -> String {
    let cuts: Vec<BTreeMap<String, String>> = cuts.into_iter().collect();
    match cuts.is_empty() {
        true => whole,
        false => sha256_of(&(whole, cuts)),
    }
}

/// Returns the SHA-256 of a [`Grouped`] whose pieces have these, without a look at them.
#[must_use]
pub fn grouped_sha256(pieces: &BTreeMap<i64, String>, rows: u64) -> String {
    sha256_of(&(pieces, rows))
}

/// Returns the digests of the segments of a cut.
fn segments_of(cut: &CutProfile) -> (&str, Vec<(&str, String)>) {
    let digest = |segment: &SegmentProfile| {
        Counts {
            rows: segment.rows,
            header_rows: (0, None),
            columns: segment.columns.iter().map(ColumnCounts::of).collect(),
            outcome: segment.outcome.as_ref(),
            roles: None,
            model_features: &[],
            segments: Vec::new(),
        }
        .sha256()
    };
    let segments = cut.segments.iter();
    let segments = segments.map(|segment| (&*segment.segment, digest(segment)));
    (&cut.by, segments.collect())
}

fn lines_of(headers: &HeaderRows) -> (u64, Option<u64>) {
    let first = headers.first.as_ref().and_then(|place| place.line);
    (headers.count, first)
}

impl<'a> ColumnCounts<'a> {
    fn of(column: &'a Column) -> Self {
        let first = column.first_texts.iter();
        Self {
            counts: column,
            first_texts: first.map(|(place, text)| (place.line, &**text)).collect(),
        }
    }
}

impl Counts<'_> {
    fn sha256(&self) -> String {
        sha256_of(self)
    }
}

/// Returns the SHA-256 of texts and numbers in their form as JSON, in hexadecimal digits.
fn sha256_of(counts: &impl Serialize) -> String {
    let mut hash = Hash(Sha256::new());
    // Texts and numbers into a sink that takes everything: this cannot fail.
    let _ = serde_json::to_writer(io::BufWriter::with_capacity(1 << 16, &mut hash), counts);
    hex(&hash.0.finalize())
}

struct Hash(Sha256);

impl Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
