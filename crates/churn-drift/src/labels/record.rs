//! Labels and predictions as bytes, as a spool keeps them.

use churn_data::RowPlace;

/// A score is a number; a text longer than this is none and told by its start.
const MOST_SCORE_BYTES: usize = 256;

/// A label with its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LabelRecord<'a> {
    pub(super) key: &'a [u8],
    /// Seconds since 1970 by the zone's clock; none if the source has no times.
    pub(super) time: Option<i64>,
    /// As it is written; empty if being there is the label.
    pub(super) value: &'a [u8],
}

impl<'a> LabelRecord<'a> {
    pub(super) fn write(self, bytes: &mut Vec<u8>) {
        bytes.clear();
        put(bytes, self.key);
        bytes.push(u8::from(self.time.is_some()));
        bytes.extend_from_slice(&self.time.unwrap_or_default().to_le_bytes());
        put(bytes, self.value);
    }

    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let (key, bytes) = take(bytes)?;
        let (has_time, bytes) = bytes.split_first()?;
        let (time, bytes) = bytes.split_first_chunk()?;
        let (value, _) = take(bytes)?;
        Some(Self {
            key,
            time: (*has_time == 1).then(|| i64::from_le_bytes(*time)),
            value,
        })
    }
}

/// A prediction with its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PredictionRecord<'a> {
    pub(super) key: &'a [u8],
    /// Seconds since 1970 by the zone's clock.
    pub(super) time: i64,
    /// The piece of time that it is counted in.
    pub(super) piece: i64,
    /// Its segments by number, of each cut.
    pub(super) segments: Segments<'a>,
    /// As it is written.
    pub(super) score: &'a [u8],
    pub(super) place: RowPlace,
}

/// Numbers of segments as bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Segments<'a>(pub(super) &'a [u8]);

impl Segments<'_> {
    pub(super) fn numbers(self) -> impl Iterator<Item = u32> {
        let numbers = self.0.as_chunks().0.iter();
        numbers.map(|bytes| u32::from_le_bytes(*bytes))
    }
}

impl<'a> PredictionRecord<'a> {
    pub(super) fn write(self, bytes: &mut Vec<u8>) {
        bytes.clear();
        put(bytes, self.key);
        bytes.extend_from_slice(&self.time.to_le_bytes());
        bytes.extend_from_slice(&self.piece.to_le_bytes());
        put(bytes, self.segments.0);
        put(bytes, &self.score[..self.score.len().min(MOST_SCORE_BYTES)]);
        let RowPlace { file, chunk, line } = self.place;
        for number in [file, chunk, line] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
    }

    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let (key, bytes) = take(bytes)?;
        let (time, bytes) = bytes.split_first_chunk()?;
        let (piece, bytes) = bytes.split_first_chunk()?;
        let (segments, bytes) = take(bytes)?;
        let (score, bytes) = take(bytes)?;
        let (file, bytes) = bytes.split_first_chunk()?;
        let (chunk, bytes) = bytes.split_first_chunk()?;
        let (line, _) = bytes.split_first_chunk()?;
        Some(Self {
            key,
            time: i64::from_le_bytes(*time),
            piece: i64::from_le_bytes(*piece),
            segments: Segments(segments),
            score,
            place: RowPlace {
                file: u32::from_le_bytes(*file),
                chunk: u32::from_le_bytes(*chunk),
                line: u32::from_le_bytes(*line),
            },
        })
    }
}

fn put(bytes: &mut Vec<u8>, part: &[u8]) {
    bytes.extend_from_slice(&(part.len() as u32).to_le_bytes());
    bytes.extend_from_slice(part);
}

fn take(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}
