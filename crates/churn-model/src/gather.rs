//! Collects the columns of a [`Frame`](super::frame::Frame) while rows go by, on several threads.
//!
//! A column starts as nothing but missing values, becomes numbers with its first number, and texts
//! with its first text, as far as nothing tells better: among numbers a few texts are kept apart,
//! with their rows, and so are whole numbers that a double cannot hold and codes with leading
//! zeros. What the column is and what its levels are called is decided when all rows have gone by,
//! by all of its values ([`join`](super::join)); nothing is read twice.

use churn_data::{
    Row, RowPlace, RowSink, Value, canonical_number, classify, doubtful_mark, has_leading_zeros,
    is_grouped, parse_field, spelled,
};

use super::frame::{MISSING_CODE, WantedColumn};
use super::intern::Interner;
use super::join::{Joined, join};
use super::threads;

/// What one thread has of a column.
#[derive(Debug, Clone)]
pub(super) enum Gathered {
    /// So many missing values.
    Nothing(usize),
    Numbers(NumbersRead),
    /// Texts as they are written, numbers among them.
    Texts {
        codes: Vec<u32>,
        texts: Interner,
    },
}

/// Numbers with a few texts among them.
#[derive(Debug, Clone, Default)]
pub(super) struct NumbersRead {
    /// One a row; NaN where there is none.
    pub(super) values: Vec<f64>,
    /// Rows with a text, and its code.
    pub(super) strays: Vec<(u32, u32)>,
    pub(super) texts: Interner,
    /// Numbers with a fraction whose point may stand between thousands, `1.234`.
    pub(super) grouped: u64,
    /// Rows of those without, `1.000`: their value does not tell.
    pub(super) round_groups: Vec<u32>,
}

/// The first text of a column that is a number in no spelling, and the first that is in one.
pub(super) type FirstTexts = [Option<(RowPlace, Vec<u8>)>; 2];

/// Rows of one chunk of a file in a part.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    file: u32,
    chunk: u32,
    pub(super) start: usize,
    pub(super) rows: usize,
}

/// Texts among numbers beyond which a thread keeps all values of a column as texts.
const MOST_STRAYS: usize = 4096;

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
                first_texts: vec![[None, None]; wanted.len()],
                rows: 0,
            },
            others: Vec::new(),
        }
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

impl NumbersRead {
    #[inline(always)]
    fn push(&mut self, text: &[u8], number: f64) {
        // Cheap first: few columns have fractions of three digits.
        if text.len() > 4 && text[text.len() - 4] == b'.' {
            self.note_group(text, number);
        }
        self.values.push(number);
    }

    #[inline(never)]
    fn note_group(&mut self, text: &[u8], number: f64) {
        if !is_grouped(text) {
            return;
        }
        if number.fract() == 0.0 {
            self.round_groups.push(self.values.len() as u32);
        } else {
            self.grouped += 1;
        }
    }

    /// Returns how many values have a fraction.
    pub(super) fn fractions(&self) -> u64 {
        let has_one = |value: &&f64| !value.is_nan() && value.fract() != 0.0;
        self.values.iter().filter(has_one).count() as u64
    }
}

/// Keeps the first text of each sort. A thread has the rows in the order of the file.
#[cold]
fn note_first(first: &mut FirstTexts, text: &[u8], place: RowPlace) {
    let first = &mut first[usize::from(spelled(text).is_some())];
    if first.as_ref().is_none_or(|(known, _)| place < *known) {
        *first = Some((place, text[..text.len().min(80)].to_vec()));
    }
}

impl Gathered {
    #[inline(never)]
    fn push(&mut self, field: &[u8], categorical: bool, first: &mut FirstTexts, place: RowPlace) {
        match classify(field) {
            Value::Missing(_) => self.push_missing(),
            Value::Infinite | Value::Number(_) if categorical => {
                self.push_text(field);
            }
            Value::Infinite => self.push_missing(),
            Value::Number(_) if has_leading_zeros(field.trim_ascii()) => {
                self.push_digits(field.trim_ascii());
            }
            Value::BigInteger(_) => self.push_digits(field.trim_ascii()),
            Value::Number(number) => self.push_number(field, number),
            Value::Text => {
                if self.push_text(field) && doubtful_mark(field.trim_ascii()).is_none() {
                    note_first(first, field, place);
                }
            }
        }
    }

    /// Keeps a number of which the double would not tell the digits.
    fn push_digits(&mut self, text: &[u8]) {
        if let Self::Nothing(rows) = self {
            *self = Self::Numbers(NumbersRead {
                values: vec![f64::NAN; *rows],
                ..NumbersRead::default()
            });
        }
        self.push_text(text);
    }

    fn push_missing(&mut self) {
        match self {
            Self::Nothing(rows) => *rows += 1,
            Self::Numbers(numbers) => numbers.values.push(f64::NAN),
            Self::Texts { codes, .. } => codes.push(MISSING_CODE),
        }
    }

    fn push_number(&mut self, field: &[u8], number: f64) {
        match self {
            Self::Nothing(rows) => {
                let mut numbers = NumbersRead {
                    values: vec![f64::NAN; *rows],
                    ..NumbersRead::default()
                };
                numbers.push(field.trim_ascii(), number);
                *self = Self::Numbers(numbers);
            }
            Self::Numbers(numbers) => numbers.push(field.trim_ascii(), number),
            Self::Texts { codes, texts } => codes.push(texts.code(field.trim_ascii())),
        }
    }

    /// Returns whether the text is a new one.
    fn push_text(&mut self, text: &[u8]) -> bool {
        if let Self::Numbers(numbers) = self
            && numbers.strays.len() < MOST_STRAYS.max(numbers.values.len() / 4)
        {
            let known = numbers.texts.texts().len();
            let code = numbers.texts.code(text);
            numbers.strays.push((numbers.values.len() as u32, code));
            numbers.values.push(f64::NAN);
            return numbers.texts.texts().len() > known;
        }
        self.turn_to_texts();
        let Self::Texts { codes, texts } = self else {
            return false;
        };
        let known = texts.texts().len();
        codes.push(texts.code(text));
        texts.texts().len() > known
    }

    /// Makes all values texts, numbers in a form that means the same in any column.
    pub(super) fn turn_to_texts(&mut self) {
        let (codes, texts) = match self {
            Self::Texts { .. } => return,
            Self::Nothing(rows) => (vec![MISSING_CODE; *rows], Interner::default()),
            Self::Numbers(numbers) => numbers.to_texts(),
        };
        *self = Self::Texts { codes, texts };
    }
}

impl NumbersRead {
    fn to_texts(&self) -> (Vec<u32>, Interner) {
        let mut texts = Interner::default();
        let all_grouped = self.grouped > 0 && self.grouped == self.fractions();
        let mut strays = self.strays.iter().peekable();
        let mut round = self.round_groups.iter().peekable();
        let own: Vec<&[u8]> = self.texts.texts().collect();
        let code = |(row, number): (usize, &f64)| {
            let here = |at: u32| at as usize == row;
            if let Some((_, code)) = strays.next_if(|(at, _)| here(*at)) {
                return texts.code(own[*code as usize]);
            }
            if number.is_nan() {
                return MISSING_CODE;
            }
            let is_round = round.next_if(|at| here(**at)).is_some();
            let text = if is_round || all_grouped && number.fract() != 0.0 {
                format!("{number:.3}")
            } else {
                canonical_number(*number)
            };
            texts.code(text.as_bytes())
        };
        let codes = self.values.iter().enumerate().map(code).collect();
        (codes, texts)
    }
}
