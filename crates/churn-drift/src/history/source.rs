//! One source of rows in a history, such as a file of a day, and what was counted of it.

use churn_base::error::Place;
use serde::{Deserialize, Serialize};

use super::packing::{pack, pack_fast};
use crate::labels::Predictions;
use crate::profile::{Grouped, TimesRead};

/// What is known of a source without a look at its pieces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Its place, by which it is known again.
    pub key: String,
    /// What changes when its bytes do; none of what can be read only once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What the user called it.
    pub name: String,
    /// The run that has read it, counted from 1.
    pub run: u64,
    /// SHA-256 of all that was counted of it.
    pub counts_sha256: String,
    /// Rows read, those without a time among them.
    pub rows: u64,
    /// Blank lines skipped.
    pub(super) blank_lines: u64,
    /// Rows left out because they say the header again, and where the first is.
    pub(super) header_rows: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) first_header_row: Option<(String, Option<u64>)>,
    pub(super) times: Times,
    /// Its pieces in the order of time.
    pub(super) pieces: Vec<PieceEntry>,
    /// Its predictions by piece of time, where labels are joined.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) predictions: Vec<PredictionEntry>,
}

/// Predictions of a piece of a source, or what became of them, and where that stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PredictionEntry {
    /// The beginning of the piece.
    pub(super) start: i64,
    pub(super) rows: u64,
    /// When the last label window closes.
    pub(super) closes: i64,
    /// The run that has settled them; none while their labels may still come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) settled: Option<u64>,
    /// Their scores by label are counted by cells.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) scores_by_cells: bool,
    /// Where the bytes are, after the index.
    pub(super) at: u64,
    pub(super) bytes: u64,
}

/// What was found of a source's times.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Times {
    missing: u64,
    unreadable: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first_unreadable: Option<(String, Option<u64>, String)>,
    future: u64,
    latest_future: Option<i64>,
    with_offset: u64,
    without_offset: u64,
    earliest: Option<i64>,
    latest: Option<i64>,
}

/// A piece of a source, and where its counts stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PieceEntry {
    /// Its beginning, seconds since 1970 by the zone's clock.
    pub(super) start: i64,
    pub(super) rows: u64,
    pub(super) sha256: String,
    /// The columns whose numbers are counted by cells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) by_cells: Vec<String>,
    /// The scores by label are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) scores_by_cells: bool,
    /// It is kept with its segments.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_cut: bool,
    /// Where its bytes are, after the index.
    pub(super) at: u64,
    pub(super) bytes: u64,
}

/// A source that was just read, with its pieces packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    pub(super) source: Source,
    /// As many as it has pieces, then as many as it has predictions of a piece.
    pub(super) packed: Vec<Vec<u8>>,
}

/// How a source that is there now stands to what is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceState {
    /// Nothing is kept of it.
    New,
    /// It has changed since it was read, or has rows that were then in the future.
    Changed,
    /// All is kept.
    Kept,
}

impl Recorded {
    /// Packs what was counted of a source.
    ///
    /// # Errors
    /// Fails if there is no memory to pack it.
    pub fn new(
        key: String,
        version: Option<String>,
        name: String,
        counted: &Grouped,
    ) -> std::io::Result<Self> {
        let mut packed = Vec::new();
        let mut pieces = Vec::new();
        for start in counted.pieces.keys() {
            let Some(piece) = counted.piece(*start) else {
                continue;
            };
            let bytes = pack(&piece.to_kept())?;
            let (by_cells, scores_by_cells) = piece.counted_by_cells();
            pieces.push(PieceEntry {
                start: *start,
                rows: piece.whole.rows,
                sha256: piece.counts_sha256(),
                by_cells,
                scores_by_cells,
                is_cut: !piece.cuts.is_empty(),
                at: 0,
                bytes: bytes.len() as u64,
            });
            packed.push(bytes);
        }
        let headers = &counted.header_rows;
        let source = Source {
            key,
            version,
            name,
            run: 0,
            counts_sha256: counted.counts_sha256(),
            rows: counted.rows,
            blank_lines: counted.blank_lines,
            header_rows: headers.count,
            first_header_row: headers
                .first
                .as_ref()
                .map(|place| (place.file.clone(), place.line)),
            times: Times::of(&counted.times),
            pieces,
            predictions: Vec::new(),
        };
        Ok(Self { source, packed })
    }

    /// Adds the predictions whose labels may still come.
    ///
    /// # Errors
    /// Fails if there is no memory to pack them.
    pub fn with_predictions(mut self, predictions: Vec<Predictions>) -> std::io::Result<Self> {
        for one in predictions {
            self.packed.push(pack_fast(&one.bytes)?);
            self.source.predictions.push(PredictionEntry {
                start: one.start,
                rows: one.rows,
                closes: one.closes,
                settled: None,
                scores_by_cells: false,
                at: 0,
                bytes: 0,
            });
        }
        Ok(self)
    }

    /// Stands for a source that has another place now.
    #[must_use]
    pub fn gone(source: &Source) -> Self {
        let mut source = source.clone();
        source.pieces.clear();
        source.predictions.clear();
        source.forget_times();
        (source.version, source.counts_sha256) = (None, String::new());
        Self {
            source,
            packed: Vec::new(),
        }
    }

    /// Returns what is known of it without a look at its pieces.
    #[must_use]
    pub const fn source(&self) -> &Source {
        &self.source
    }
}

impl Source {
    /// Returns the beginnings of its pieces.
    pub fn pieces(&self) -> impl Iterator<Item = i64> + '_ {
        self.pieces.iter().map(|piece| piece.start)
    }

    /// Returns the rows of its piece that begins at a time.
    #[must_use]
    pub fn rows_of(&self, start: i64) -> Option<u64> {
        let found = self.pieces.iter().find(|piece| piece.start == start);
        found.map(|piece| piece.rows)
    }

    /// Returns the SHA-256 of what was counted of its piece that begins at a time.
    #[must_use]
    pub fn sha256_of(&self, start: i64) -> Option<&str> {
        let found = self.pieces.iter().find(|piece| piece.start == start);
        found.map(|piece| &*piece.sha256)
    }

    /// Returns the SHA-256 of what was counted of each piece that has rows, and the rows.
    pub fn counts(&self) -> impl Iterator<Item = (&str, u64)> {
        let pieces = self.pieces.iter().filter(|piece| piece.rows > 0);
        pieces.map(|piece| (&*piece.sha256, piece.rows))
    }

    /// Returns the beginning of each piece, and its rows.
    #[must_use]
    pub fn rows_by_piece(&self) -> Vec<(i64, u64)> {
        let pieces = self.pieces.iter();
        pieces.map(|piece| (piece.start, piece.rows)).collect()
    }

    /// Returns how the source at this version stands to what is kept of it here.
    #[must_use]
    pub fn state(&self, version: Option<&str>) -> SourceState {
        match self.version.as_deref() == version && self.times.future == 0 {
            true => SourceState::Kept,
            false => SourceState::Changed,
        }
    }

    /// Returns it without pieces that begin before `from`, and how many they were, with their rows. What is left
    /// of one without any piece is that it need not be read again.
    pub(super) fn without_before(mut self, from: i64) -> (Self, (u64, u64)) {
        let (old, pieces): (Vec<PieceEntry>, Vec<PieceEntry>) = self
            .pieces
            .into_iter()
            .partition(|piece| piece.start < from);
        self.pieces = pieces;
        self.predictions.retain(|one| one.start >= from);
        let rows = old.iter().map(|piece| piece.rows).sum::<u64>();
        if !old.is_empty() && self.pieces.is_empty() {
            self.forget_times();
        } else {
            self.rows = self.rows.saturating_sub(rows);
        }
        (self, (old.len() as u64, rows))
    }

    pub(super) fn times_read(&self) -> TimesRead {
        self.times.read(self)
    }

    pub(super) fn first_header_row(&self) -> Option<Place> {
        let (file, line) = self.first_header_row.clone()?;
        Some(Place {
            file,
            line,
            column: None,
        })
    }

    /// Forgets all but which source it is.
    pub(super) fn forget_times(&mut self) {
        (self.rows, self.blank_lines, self.header_rows) = (0, 0, 0);
        self.first_header_row = None;
        self.times = Times::default();
    }

    /// Returns how many pieces have a column, or scores, that are counted by cells.
    #[must_use]
    pub fn pieces_by_cells(&self, column: Option<&str>) -> usize {
        let is_such = |piece: &&PieceEntry| match column {
            Some(column) => piece.by_cells.iter().any(|name| name == column),
            None => piece.scores_by_cells,
        };
        let settled = self.predictions.iter();
        let settled = settled.filter(|one| column.is_none() && one.scores_by_cells);
        self.pieces.iter().filter(is_such).count() + settled.count()
    }
}

impl Times {
    fn of(times: &TimesRead) -> Self {
        let first = times.first_unreadable.as_ref();
        Self {
            missing: times.missing,
            unreadable: times.unreadable,
            first_unreadable: first
                .map(|(place, text)| (place.file.clone(), place.line, text.clone())),
            future: times.future,
            latest_future: times.latest_future,
            with_offset: times.with_offset,
            without_offset: times.without_offset,
            earliest: times.earliest,
            latest: times.latest,
        }
    }

    fn read(&self, source: &Source) -> TimesRead {
        let first = self.first_unreadable.clone();
        // Of a source whose pieces are all too old, nothing is left in any window.
        let extent = |time: Option<i64>| time.filter(|_| !source.pieces.is_empty());
        TimesRead {
            missing: self.missing,
            unreadable: self.unreadable,
            first_unreadable: first.map(|(file, line, text)| {
                let place = Place {
                    file,
                    line,
                    column: None,
                };
                (place, text)
            }),
            future: self.future,
            latest_future: self.latest_future,
            with_offset: self.with_offset,
            without_offset: self.without_offset,
            earliest: extent(self.earliest),
            // The file; the line is not kept.
            earliest_at: None,
            latest: extent(self.latest),
        }
    }
}

/// A piece cannot be cut smaller: a source that cannot be named again is kept piece by piece.
#[must_use]
pub(super) fn part_of(key: &str, start: i64) -> String {
    format!("{key} from {start}")
}

impl Recorded {
    /// Takes a source that cannot be told from others of its name apart into a source for each of its pieces, so
    /// that a later reading replaces what it has again and nothing else.
    #[must_use]
    pub fn by_pieces(self, rest: String) -> Vec<Self> {
        let Self { source, packed } = self;
        let mut packed = packed.into_iter();
        let packed_pieces: Vec<Vec<u8>> = packed.by_ref().take(source.pieces.len()).collect();
        let mut predictions: Vec<(PredictionEntry, Vec<u8>)> =
            source.predictions.iter().cloned().zip(packed).collect();
        let mut predictions_of = |start: i64| {
            let at = predictions.iter().position(|(one, _)| one.start == start);
            at.map(|at| predictions.swap_remove(at))
        };
        let single = |(piece, bytes): (&PieceEntry, Vec<u8>)| {
            let (predictions, their_bytes) = predictions_of(piece.start).unzip();
            Self {
                source: Source {
                    key: part_of(&source.key, piece.start),
                    counts_sha256: piece.sha256.clone(),
                    rows: piece.rows,
                    blank_lines: 0,
                    header_rows: 0,
                    first_header_row: None,
                    times: Times {
                        // Of one piece alone they are not known; the source's own are among its pieces'.
                        earliest: source.times.earliest.filter(|time| *time >= piece.start),
                        latest: source.times.latest,
                        ..Times::default()
                    },
                    pieces: vec![piece.clone()],
                    predictions: predictions.into_iter().collect(),
                    ..source.clone()
                },
                packed: std::iter::once(bytes).chain(their_bytes).collect(),
            }
        };
        let pieces = source.pieces.iter().zip(packed_pieces).map(single);
        let mut all: Vec<Self> = pieces.collect();
        let (predictions, packed) = predictions.into_iter().unzip();
        let of_none = Source {
            key: rest,
            pieces: Vec::new(),
            predictions,
            rows: source.rows - source.pieces.iter().map(|piece| piece.rows).sum::<u64>(),
            counts_sha256: String::new(),
            times: Times {
                earliest: None,
                latest: None,
                ..source.times.clone()
            },
            ..source.clone()
        };
        all.push(Self {
            source: of_none,
            packed,
        });
        all
    }
}
