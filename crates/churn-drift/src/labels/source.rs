//! Reads a label source once: keys, times and values into a spool, and until when the labels are whole.

use std::collections::BTreeSet;

use churn_base::error::{Error, Place, Result};
use churn_base::hex::hex;
use churn_base::progress::Progress;
use churn_data::{DataSet, Row, RowPlace, RowSink, Value, canonical, classify, doubtful_mark};
use sha2::{Digest, Sha256};

use super::clock::{Clock, Reading};
use super::counts::LabelCounts;
use super::key::{Examples, hash, read_key};
use super::record::LabelRecord;
use super::spec::{LabelColumns, LabelSpec};
use super::spool::Spool;
use crate::profile::position;

/// Most values that a label may have before it is none.
const MOST_VALUES: usize = 20;

/// Labels, read.
#[derive(Debug)]
pub struct Labels {
    pub(super) name: String,
    pub(super) spool: Spool,
    pub(super) columns: LabelColumns,
    /// The texts that the label has.
    pub(super) values: BTreeSet<String>,
    /// What of them cannot be joined.
    pub(super) counts: LabelCounts,
    /// The latest time, or until when they were said to be whole.
    pub(super) watermark: Option<i64>,
    pub(super) examples: Vec<String>,
    pub(super) first_unreadable: Option<(Place, String)>,
    pub(super) sha256: String,
}

/// Reads the labels.
///
/// # Errors
/// Bad input where the data are; if a column is not there, no label has a time that can be read, or the
/// label has too many values. Single labels without key, time or value are *no* error.
pub fn read_labels(
    data: DataSet,
    spec: &LabelSpec,
    columns: LabelColumns,
    progress: &dyn Progress,
) -> Result<Labels> {
    let source = data.name().to_owned();
    let keys = spec.join.columns().iter();
    let keys: Vec<usize> = keys
        .map(|key| position(&data, &key.labels))
        .collect::<Result<_>>()?;
    let optional = |name: &Option<String>| -> Result<Option<usize>> {
        name.as_ref().map(|name| position(&data, name)).transpose()
    };
    let (time, label) = (optional(&columns.time)?, optional(&columns.label)?);
    let clock = columns.time.as_ref();
    let clock = clock.map(|name| Clock::of(&data, name, &spec.zone));
    let reading = Reader {
        time: time.zip(clock),
        label,
        share: spec.share(),
        limit: spec.limit(),
        now: spec.zone.civil(spec.now),
        keys,
    };
    let wanted = reading.keys.iter().copied().chain(time).chain(label);
    let wanted: Vec<usize> = wanted.collect();
    let data = data.wanting(wanted);
    let (mut sink, summary) = data.read(&|| Sink::new(&reading), progress)?;
    sink.spool.check()?;
    check_values(&sink.values, &source, columns.label.as_ref())?;
    let counts = LabelCounts {
        rows: summary.rows,
        ..sink.counts
    };
    let first_unreadable = sink.first_unreadable.take().map(|(at, text)| {
        let place = Place {
            column: columns.time.clone(),
            ..summary.lines.place(at)
        };
        (place, text)
    });
    if counts.without_time == counts.rows {
        let first = first_unreadable.as_ref();
        return Err(no_time(&counts, first, &source, columns.time.as_ref()));
    }
    Ok(Labels {
        name: source.clone(),
        columns,
        values: sink.values,
        counts,
        watermark: spec.until.or(sink.latest),
        examples: sink.examples.into_texts(),
        first_unreadable,
        sha256: hex(&sink.digest.map(u64::to_le_bytes).concat()),
        spool: sink.spool,
    })
}

/// Refuses labels with more values than a label has.
pub(super) fn check_values(
    values: &BTreeSet<String>,
    source: &str,
    label: Option<&String>,
) -> Result<()> {
    if values.len() <= MOST_VALUES {
        return Ok(());
    }
    let message = format!("more than {MOST_VALUES} different labels");
    Err(Error::bad_input(message)
        .at(place(source, label))
        .hint("a label has two values; is it the right column?"))
}

/// Refuses labels of which none has a time.
pub(super) fn no_time(
    counts: &LabelCounts,
    first: Option<&(Place, String)>,
    source: &str,
    time: Option<&String>,
) -> Error {
    let rows = counts.rows;
    if rows == 0 {
        return Error::bad_input("there are no labels: the source has no rows")
            .at(place(source, None))
            .hint("check the job that fills it; a month in which nobody left is not told from a job that failed");
    }
    let said = match first {
        None => format!("none of {rows} labels has a time: all are missing"),
        Some((place, text)) => {
            let line = place.line.map_or(String::new(), |line| format!(":{line}"));
            format!(
                "none of {rows} labels has a time that can be read, first \"{text}\" at {}{line}",
                place.file
            )
        }
    };
    Error::bad_input(said).at(place(source, time)).hint(
        "times are written as 2026-01-31, 2026-01-31T03:00:00+01:00, 31.01.2026 03:00 or seconds \
         since 1970; --label-time names another column",
    )
}

fn place(source: &str, column: Option<&String>) -> Place {
    Place {
        file: source.to_owned(),
        line: None,
        column: column.cloned(),
    }
}

/// What the sinks of all threads share.
struct Reader {
    keys: Vec<usize>,
    time: Option<(usize, Clock)>,
    label: Option<usize>,
    share: usize,
    limit: usize,
    /// The present by the zone's clock.
    now: i64,
}

struct Sink<'a> {
    reading: &'a Reader,
    spool: Spool,
    values: BTreeSet<String>,
    counts: LabelCounts,
    latest: Option<i64>,
    examples: Examples,
    first_unreadable: Option<(RowPlace, String)>,
    /// The sum of the digests of all labels: the same in whatever order they come.
    digest: [u64; 4],
    key: Vec<u8>,
    record: Vec<u8>,
}

impl<'a> Sink<'a> {
    fn new(reading: &'a Reader) -> Self {
        Self {
            reading,
            spool: Spool::new(0, reading.share),
            values: BTreeSet::new(),
            counts: LabelCounts::default(),
            latest: None,
            examples: Examples::default(),
            first_unreadable: None,
            digest: [0; 4],
            key: Vec::new(),
            record: Vec::new(),
        }
    }

    /// Returns the time of a label, none if the source has none; or notes why it cannot be told.
    fn time(&mut self, row: &Row<'_>) -> Result<Option<i64>, ()> {
        let Some((column, clock)) = &self.reading.time else {
            return Ok(None);
        };
        let field = row.field(*column);
        match clock.read(&field) {
            Reading::At(time) if time > self.reading.now => {
                self.counts.future += 1;
                Err(())
            }
            Reading::At(time) => Ok(Some(time)),
            Reading::Missing => {
                self.counts.without_time += 1;
                Err(())
            }
            Reading::Unreadable => {
                self.counts.without_time += 1;
                self.keep_unreadable(row.place(), &field);
                Err(())
            }
        }
    }

    fn keep_unreadable(&mut self, place: RowPlace, text: &[u8]) {
        let first = self.first_unreadable.as_ref();
        if first.is_none_or(|(first, _)| place < *first) {
            let text = String::from_utf8_lossy(&text[..text.len().min(80)]);
            self.first_unreadable = Some((place, text.into_owned()));
        }
    }
}

impl RowSink for Sink<'_> {
    fn row(&mut self, row: &Row<'_>) {
        let Ok(time) = self.time(row) else { return };
        let mut key = std::mem::take(&mut self.key);
        let has_key = read_key(row, &self.reading.keys, &mut key);
        self.key = key;
        if !has_key {
            self.counts.without_key += 1;
            return;
        }
        // The source knows of this moment, whatever the label.
        self.latest = self.latest.max(time);
        let field = self.reading.label.map(|label| row.field(label));
        let value = field.as_ref().map(|field| canonical(field));
        if let Some(value) = &value {
            let is_none = matches!(classify(value), Value::Missing(_));
            if is_none || doubtful_mark(value).is_some() {
                self.counts.without_value += 1;
                return;
            }
            if self.values.len() <= MOST_VALUES {
                let text = String::from_utf8_lossy(value);
                if !self.values.contains(&*text) {
                    self.values.insert(text.into_owned());
                }
            }
        }
        let record = LabelRecord {
            key: &self.key,
            time,
            value: value.as_deref().unwrap_or_default(),
        };
        record.write(&mut self.record);
        self.spool.push(hash(&self.key), &self.record);
        self.examples.keep(row, &self.reading.keys);
        let digest = Sha256::digest(&self.record);
        for (sum, part) in self.digest.iter_mut().zip(digest.chunks_exact(8)) {
            let part = part.try_into().map_or(0, u64::from_le_bytes);
            *sum = sum.wrapping_add(part);
        }
    }

    fn merge(&mut self, other: Self) {
        self.spool.absorb(other.spool, self.reading.limit);
        self.values.extend(other.values);
        self.counts += other.counts;
        self.latest = self.latest.max(other.latest);
        self.examples.merge(other.examples);
        if let Some((place, text)) = other.first_unreadable {
            self.keep_unreadable(place, text.as_bytes());
        }
        for (mine, theirs) in self.digest.iter_mut().zip(other.digest) {
            *mine = mine.wrapping_add(theirs);
        }
    }
}
