//! Collects the columns of a [`Frame`](super::frame::Frame) while rows go by, on several threads.
//!
//! A column starts as nothing but missing values, becomes numbers with its first number, and
//! texts with its first text. Numbers before the first text are then written in their shortest
//! form (`1.50` is the level `1.5`), and so are those after it: which form a level has does not
//! depend on the order of the rows or on the thread that read them, and nothing is read twice.

use super::frame::{Column, MISSING_CODE, WantedColumn};
use super::intern::Interner;
use super::threads;
use crate::data::{Row, RowPlace, RowSink, Value, classify, parse_field};

/// What one thread has of a column.
#[derive(Debug, Clone)]
enum Gathered {
    /// So many missing values.
    Nothing(usize),
    Numbers(Vec<f64>),
    Texts {
        codes: Vec<u32>,
        texts: Interner,
    },
}

/// Rows of one chunk of a file in a part.
#[derive(Debug, Clone, Copy)]
struct Run {
    file: u32,
    chunk: u32,
    start: usize,
    rows: usize,
}

/// What one thread has read of one file.
#[derive(Debug)]
struct Part {
    runs: Vec<Run>,
    columns: Vec<Gathered>,
    rows: usize,
}

/// Takes the wanted columns of every row.
#[derive(Debug)]
pub(super) struct Gather<'a> {
    wanted: &'a [WantedColumn],
    positions: &'a [usize],
    part: Part,
    others: Vec<Part>,
}

impl<'a> Gather<'a> {
    /// Makes an empty one; `positions` are the wanted columns in the data set.
    pub(super) fn new(wanted: &'a [WantedColumn], positions: &'a [usize]) -> Self {
        Self {
            wanted,
            positions,
            part: Part {
                runs: Vec::new(),
                columns: vec![Gathered::Nothing(0); wanted.len()],
                rows: 0,
            },
            others: Vec::new(),
        }
    }

    /// Returns the columns with their rows in the order of files and lines.
    pub(super) fn finish(self, threads: usize) -> Vec<Column> {
        let mut parts = self.others;
        parts.push(self.part);
        let mut runs: Vec<(usize, Run)> = parts
            .iter()
            .enumerate()
            .flat_map(|(part, read)| read.runs.iter().map(move |run| (part, *run)))
            .collect();
        runs.sort_unstable_by_key(|(_, run)| (run.file, run.chunk));
        let rows = parts.iter().map(|part| part.rows).sum();
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
            join(gathered, &runs, rows)
        })
    }
}

impl RowSink for Gather<'_> {
    fn row(&mut self, row: &Row<'_>) {
        let RowPlace { file, chunk, .. } = row.place();
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
        let wanted = self.positions.iter().zip(self.wanted);
        for (gathered, (&position, wanted)) in self.part.columns.iter_mut().zip(wanted) {
            if let Some(field) = row.wide_field(position) {
                if let Gathered::Numbers(numbers) = gathered
                    && let Some(number) = parse_field(&field)
                {
                    numbers.push(number);
                    continue;
                }
                if let Gathered::Texts { codes, texts } = gathered
                    && field.text.first().is_some_and(u8::is_ascii_uppercase)
                    && classify(field.text) == Value::Text
                {
                    codes.push(texts.code_of_word(field.text, field.word));
                    continue;
                }
            }
            gathered.push(&row.field(position), wanted.categorical);
        }
    }

    fn merge(&mut self, other: Self) {
        self.others.push(other.part);
        self.others.extend(other.others);
    }
}

impl Gathered {
    #[inline(never)]
    fn push(&mut self, field: &[u8], categorical: bool) {
        match classify(field) {
            Value::Missing(_) => self.push_missing(),
            Value::Infinite | Value::Number(_) if categorical => self.push_text(field),
            Value::Infinite => self.push_missing(),
            Value::Number(number) => self.push_number(number),
            Value::Text => self.push_text(field),
        }
    }

    fn push_missing(&mut self) {
        match self {
            Self::Nothing(rows) => *rows += 1,
            Self::Numbers(numbers) => numbers.push(f64::NAN),
            Self::Texts { codes, .. } => codes.push(MISSING_CODE),
        }
    }

    fn push_number(&mut self, number: f64) {
        match self {
            Self::Nothing(rows) => {
                let mut numbers = vec![f64::NAN; *rows];
                numbers.push(number);
                *self = Self::Numbers(numbers);
            }
            Self::Numbers(numbers) => numbers.push(number),
            Self::Texts { codes, texts } => {
                codes.push(texts.code(canonical(number).as_bytes()));
            }
        }
    }

    fn push_text(&mut self, text: &[u8]) {
        self.turn_to_texts();
        if let Self::Texts { codes, texts } = self {
            codes.push(texts.code(text));
        }
    }

    fn turn_to_texts(&mut self) {
        let mut texts = Interner::default();
        let codes = match self {
            Self::Texts { .. } => return,
            Self::Nothing(rows) => vec![MISSING_CODE; *rows],
            Self::Numbers(numbers) => numbers
                .iter()
                .map(|number| {
                    if number.is_nan() {
                        MISSING_CODE
                    } else {
                        texts.code(canonical(*number).as_bytes())
                    }
                })
                .collect(),
        };
        *self = Self::Texts { codes, texts };
    }
}

/// Returns the text of a number among texts: the shortest that reads back as the same number.
pub(super) fn canonical(number: f64) -> String {
    number.to_string()
}

/// Puts the parts of one column together.
fn join(mut parts: Vec<Gathered>, runs: &[(usize, Run)], rows: usize) -> Column {
    let any_text = parts
        .iter()
        .any(|part| matches!(part, Gathered::Texts { .. }));
    if !any_text {
        let mut numbers = Vec::with_capacity(rows);
        for (part, run) in runs {
            match &parts[*part] {
                Gathered::Numbers(values) => {
                    numbers.extend_from_slice(&values[run.start..run.start + run.rows]);
                }
                _ => numbers.extend(std::iter::repeat_n(f64::NAN, run.rows)),
            }
        }
        return Column::Numbers(numbers);
    }
    parts.iter_mut().for_each(Gathered::turn_to_texts);
    let mut levels: Vec<String> = parts
        .iter()
        .flat_map(|part| match part {
            Gathered::Texts { texts, .. } => texts
                .texts()
                .map(|text| String::from_utf8_lossy(text).into_owned())
                .collect(),
            _ => Vec::new(),
        })
        .collect();
    levels.sort_unstable();
    levels.dedup();
    let maps: Vec<Vec<u32>> = parts
        .iter()
        .map(|part| match part {
            Gathered::Texts { texts, .. } => texts
                .texts()
                .map(|text| {
                    let text = String::from_utf8_lossy(text);
                    levels
                        .binary_search_by(|level| level.as_str().cmp(&text))
                        .map_or(MISSING_CODE, |at| at as u32)
                })
                .collect(),
            _ => Vec::new(),
        })
        .collect();
    let mut all = Vec::with_capacity(rows);
    for (part, run) in runs {
        if let Gathered::Texts { codes, .. } = &parts[*part] {
            let map = &maps[*part];
            all.extend(codes[run.start..run.start + run.rows].iter().map(|&code| {
                // The code of a missing value is beyond every map.
                map.get(code as usize).copied().unwrap_or(MISSING_CODE)
            }));
        }
    }
    Column::Categories { codes: all, levels }
}
