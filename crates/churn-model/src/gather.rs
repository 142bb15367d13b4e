//! Collects the columns of a [`Frame`](super::frame::Frame) while rows go by, on several threads.
//!
//! A column starts as nothing but missing values, becomes numbers with its first number, and texts
//! with its first text, as far as nothing tells better: among numbers a few texts are kept apart,
//! with their rows, and so are whole numbers that a double cannot hold and codes with leading
//! zeros. What the column is and what its levels are called is decided when all rows have gone by,
//! by all of its values ([`join`](super::join)); nothing is read twice.

use churn_data::{Row, RowPlace, RowSink, Value, classify, has_leading_zeros, parse_field};

use super::column::WantedColumn;
use super::gathered::{FirstTexts, Gathered, Run, note_first};
use super::join::{Joined, join};
use super::random::{GOLDEN, Random};
use super::threads;

/// What one thread has read of one file.
#[derive(Debug)]
struct Part {
    runs: Vec<Run>,
    columns: Vec<Gathered>,
    first_texts: Vec<FirstTexts>,
    rows: usize,
}

/// Takes the wanted columns of every row.
#[derive(Debug)]
pub(super) struct Gather<'a> {
    wanted: &'a [WantedColumn],
    positions: &'a [usize],
    /// Rows whose places have a higher hash are not taken.
    highest: u64,
    part: Part,
    others: Vec<Part>,
}

impl<'a> Gather<'a> {
    /// Makes an empty one; `positions` are the wanted columns in the data set, `share` is how many of the rows are
    /// taken.
    pub(super) fn new(wanted: &'a [WantedColumn], positions: &'a [usize], share: f64) -> Self {
        Self {
            wanted,
            positions,
            highest: (share * 2.0_f64.powi(64)) as u64,
            part: Part {
                runs: Vec::new(),
                columns: vec![Gathered::Nothing(0); wanted.len()],
                first_texts: vec![[None, None]; wanted.len()],
                rows: 0,
            },
            others: Vec::new(),
        }
    }

    /// Returns how many rows were taken.
    pub(super) fn rows(&self) -> usize {
        self.part.rows + self.others.iter().map(|part| part.rows).sum::<usize>()
    }

    /// Returns the columns with their rows in the order of files and lines.
    pub(super) fn finish(self, threads: usize) -> Vec<Joined> {
        let mut parts = self.others;
        parts.push(self.part);
        let mut runs: Vec<(usize, Run)> = parts
            .iter()
            .enumerate()
            .flat_map(|(part, read)| read.runs.iter().map(move |run| (part, *run)))
            .collect();
        runs.sort_unstable_by_key(|(_, run)| (run.file, run.chunk));
        let rows = parts.iter().map(|part| part.rows).sum();
        let first_texts: Vec<FirstTexts> = (0..self.wanted.len())
            .map(|column| {
                [0, 1].map(|sort| {
                    let firsts = parts.iter();
                    let firsts = firsts.filter_map(|part| part.first_texts[column][sort].clone());
                    firsts.min()
                })
            })
            .collect();
        // A column's parts are let go as soon as it is whole.
        let columns: Vec<std::sync::Mutex<Vec<Gathered>>> = (0..self.wanted.len())
            .map(|column| {
                let take = |part: &mut Part| {
                    std::mem::replace(&mut part.columns[column], Gathered::Nothing(0))
                };
                std::sync::Mutex::new(parts.iter_mut().map(take).collect())
            })
            .collect();
        threads::in_order(threads, columns.len(), |column| {
            let gathered = columns[column]
                .lock()
                .map_or_else(|_| Vec::new(), |mut parts| std::mem::take(&mut *parts));
            let first = first_texts[column].clone();
            join(gathered, &runs, rows, first, &self.wanted[column])
        })
    }
}

/// Not every n-th row: tables have a rhythm.
fn hash(file: u32, chunk: u32, line: u32) -> u64 {
    let place = (u64::from(file) << 48) ^ (u64::from(chunk) << 32) ^ u64::from(line);
    Random(place.wrapping_mul(GOLDEN)).next()
}

impl RowSink for Gather<'_> {
    fn row(&mut self, row: &Row<'_>) {
        let RowPlace { file, chunk, line } = row.place();
        if self.highest < u64::MAX && hash(file, chunk, line) > self.highest {
            return;
        }
        let start = self.part.rows;
        match self.part.runs.last_mut() {
            Some(run) if run.file == file && run.chunk == chunk => run.rows += 1,
            _ => self.part.runs.push(Run {
                file,
                chunk,
                start,
                rows: 1,
            }),
        }
        self.part.rows += 1;
        let place = row.place();
        let wanted = self.positions.iter().zip(self.wanted);
        let columns = self.part.columns.iter_mut().zip(&mut self.part.first_texts);
        for ((gathered, first), (&position, wanted)) in columns.zip(wanted) {
            if let Some(field) = row.wide_field(position) {
                if let Gathered::Numbers(numbers) = gathered
                    && let Some(number) = parse_field(&field)
                    && !(field.word as u8 == b'0' && has_leading_zeros(field.text))
                {
                    numbers.push(field.text, number);
                    continue;
                }
                if let Gathered::Texts { codes, texts } = gathered
                    && field.text.first().is_some_and(u8::is_ascii_uppercase)
                    && classify(field.text) == Value::Text
                {
                    let known = texts.texts().len();
                    codes.push(texts.code_of_word(field.text, field.word));
                    if texts.texts().len() > known {
                        note_first(first, field.text, place);
                    }
                    continue;
                }
            }
            gathered.push(&row.field(position), wanted.categorical, first, place);
        }
    }

    fn merge(&mut self, other: Self) {
        self.others.push(other.part);
        self.others.extend(other.others);
    }
}
