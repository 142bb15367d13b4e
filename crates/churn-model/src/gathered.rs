//! What one thread has of a column while it is read: nothing yet, numbers with a few texts among them,
//! or texts.

use churn_data::{
    RowPlace, Value, canonical_number, classify, doubtful_mark, has_leading_zeros, is_grouped,
    spelled,
};

use super::column::MISSING_CODE;
use super::intern::Interner;

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
    pub(super) file: u32,
    pub(super) chunk: u32,
    pub(super) start: usize,
    pub(super) rows: usize,
}

/// Texts among numbers beyond which a thread keeps all values of a column as texts.
const MOST_STRAYS: usize = 4096;

impl NumbersRead {
    #[inline(always)]
    pub(super) fn push(&mut self, text: &[u8], number: f64) {
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
pub(super) fn note_first(first: &mut FirstTexts, text: &[u8], place: RowPlace) {
    let first = &mut first[usize::from(spelled(text).is_some())];
    if first.as_ref().is_none_or(|(known, _)| place < *known) {
        *first = Some((place, text[..text.len().min(80)].to_vec()));
    }
}

impl Gathered {
    #[inline(never)]
    pub(super) fn push(
        &mut self,
        field: &[u8],
        categorical: bool,
        first: &mut FirstTexts,
        place: RowPlace,
    ) {
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

    pub(super) fn push_missing(&mut self) {
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
