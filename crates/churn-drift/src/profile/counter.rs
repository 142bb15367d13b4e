//! Counts one column while its rows go by: distinct texts as long as they are few, then a grid
//! for the numbers and hashed categories for the texts.
//!
//! Values are counted by their canonical texts: other spellings are looked up once each. What a
//! counter holds is a function of the values alone. Numbers leave the table of texts
//! when more than [`MAX_NUMBERS`] distinct ones were seen, other texts when more than
//! [`MAX_TEXTS`] were; both limits are crossed or not whatever the order.

use churn_data::{
    Affix, ColumnBatch, ColumnSink, Field, MissingKind, RowPlace, Spelled, Value, Values,
    canonical, canonical_to_count, doubtful_mark, has_leading_zeros, is_date, parse_field,
    parse_number, shaped_like_an_id, spelled, unambiguous_number,
};

use super::distinct::DistinctSketch;
use super::distinct_numbers::DistinctNumbers;
use super::grid::Grid;
use super::scale::Scale;
use super::spellings::Spellings;
use super::texts::{Entry, Key, TextTable, is_padded, is_unambiguous, meaning, stable_hash};
use crate::stats::score_bounds::CALIBRATION_EDGES;

/// Most distinct numbers that are kept one by one.
pub const MAX_NUMBERS: usize = 20_000;
/// Most distinct texts that are kept one by one.
pub const MAX_TEXTS: usize = 100_000;
/// Most bytes of distinct texts that are kept.
const MAX_TEXT_BYTES: usize = 16 << 20;
/// Categories are hashed into this many when they are too many to keep.
pub(super) const HASHED_CATEGORIES: usize = 1024;

/// Texts of a column with too many of them, by hash.
#[derive(Debug, Clone)]
pub(super) struct HashedTexts {
    pub(super) counts: Vec<u64>,
    pub(super) distinct: DistinctSketch,
    /// Rows with a date.
    pub(super) dates: u64,
    /// Rows with a text of the form of an identifier.
    pub(super) codes: u64,
    /// Those that are numbers if nearly all of them are: `12.5 km`. Counted here, too, since only all
    /// texts tell.
    pub(super) quantities: Option<Box<Spellings>>,
}

impl Default for HashedTexts {
    fn default() -> Self {
        Self {
            counts: vec![0; HASHED_CATEGORIES],
            distinct: DistinctSketch::default(),
            dates: 0,
            codes: 0,
            quantities: None,
        }
    }
}

impl HashedTexts {
    fn add(&mut self, text: &[u8], count: u64, spelled: Option<&Spelled<'_>>) {
        let hash = stable_hash(text);
        self.counts[(hash % HASHED_CATEGORIES as u64) as usize] += count;
        self.distinct.add(hash);
        self.dates += if is_date(text) { count } else { 0 };
        let is_code = std::str::from_utf8(text).is_ok_and(shaped_like_an_id);
        self.codes += if is_code { count } else { 0 };
        if let Some(spelled) = spelled
            && spelled.affix == Affix::Quantity
        {
            let quantities = self.quantities.get_or_insert_default();
            quantities.add(text, spelled, count, &[]);
        }
    }

    fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
        self.distinct.merge(&other.distinct);
        self.dates += other.dates;
        self.codes += other.codes;
        if let Some(theirs) = &other.quantities {
            let mine = self.quantities.get_or_insert_default();
            mine.merge((**theirs).clone());
        }
    }
}

/// The first text of its sort in a column: evidence when a value can't be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FirstText {
    pub(super) place: RowPlace,
    pub(super) text: Vec<u8>,
}

/// Counts of one column.
#[derive(Debug, Clone)]
pub(crate) struct ColumnCounter {
    /// The user says that it is categorical: numbers in it are texts.
    pub(super) categorical: bool,
    /// How its cells are laid, if it comes to a grid.
    pub(super) scale: Scale,
    pub(super) missing: [u64; MissingKind::ALL.len()],
    pub(super) texts: TextTable,
    /// Numbers that came as such and not as texts; also those that came as texts, once [`holds_numbers`] is set.
    ///
    /// [`holds_numbers`]: Self::holds_numbers
    pub(super) typed: DistinctNumbers,
    /// No number is among the texts but those whose text tells more than its double does.
    pub(super) holds_numbers: bool,
    /// Numbers among the texts.
    pub(super) numbers: usize,
    other_texts: usize,
    text_bytes: usize,
    pub(super) grid: Option<Box<Grid>>,
    pub(super) hashed: Option<Box<HashedTexts>>,
    /// Numbers spelled as people do (`1.234,50`), when too many are distinct.
    pub(super) spellings: Option<Box<Spellings>>,
    spelled_texts: usize,
    pub(super) cuts: Vec<f64>,
    /// Numbers on the grid that were written with leading zeros.
    pub(super) leading_zeros: u64,
    /// The first text that is not a number in any spelling, and the first that is one.
    pub(super) first_texts: [Option<FirstText>; 2],
}

impl ColumnCounter {
    /// Makes an empty counter that, if it comes to a grid, also counts at these cut points.
    pub(super) fn new(categorical: bool, cuts: Vec<f64>) -> Self {
        Self {
            categorical,
            scale: Scale::Plain,
            missing: [0; MissingKind::ALL.len()],
            texts: TextTable::default(),
            typed: DistinctNumbers::default(),
            holds_numbers: false,
            numbers: 0,
            other_texts: 0,
            text_bytes: 0,
            grid: None,
            hashed: None,
            spellings: None,
            spelled_texts: 0,
            cuts,
            leading_zeros: 0,
            first_texts: [None, None],
        }
    }

    /// Makes an empty counter of scores.
    pub(crate) fn of_scores(threshold: Option<f64>) -> Self {
        Self::new(false, Vec::new()).counting_scores(threshold)
    }

    /// Takes the numbers for scores. If it comes to a grid, it also counts at the ends of the bins of
    /// the calibration error, and at the score from which rows are classed as positive.
    pub(super) fn counting_scores(mut self, threshold: Option<f64>) -> Self {
        self.scale = Scale::Score;
        self.cuts = CALIBRATION_EDGES.into_iter().chain(threshold).collect();
        self.cuts.sort_by(f64::total_cmp);
        self.cuts.dedup();
        self
    }

    /// Returns the same counts, at some of the cut points only.
    pub(super) fn at_cuts(mut self, cuts: &[f64]) -> Self {
        if self.cuts != cuts {
            self.cuts = cuts.to_vec();
            let spellings = self.spellings.iter_mut();
            let grids = spellings.flat_map(|spellings| spellings.grids_mut());
            for grid in self.grid.iter_mut().map(|grid| &mut **grid).chain(grids) {
                grid.keep_cuts(cuts);
            }
        }
        self
    }

    /// Counts one field of at most 16 bytes.
    #[inline(always)]
    pub(super) fn add_field(&mut self, field: &Field<'_>, place: RowPlace) {
        if field.text.is_empty() {
            self.missing[MissingKind::Empty.index()] += 1;
            return;
        }
        if let Some(grid) = &mut self.grid
            && let Some(number) = parse_field(field)
        {
            grid.add(number);
            // The first two bytes say no for nearly every number: a zero, and none of `0` to `?`.
            if field.word as u16 & 0xf0ff == 0x3030 {
                self.note_leading_zeros(field.text);
            }
            return;
        }
        if self.holds_numbers
            && let Some(number) = unambiguous_number(field)
        {
            self.add_one(number);
            return;
        }
        if !self.texts.add_known_field(field) {
            self.add_new(field.text, &Key::of(field), 1, Some(place));
        }
    }

    /// Counts a number on the grid that may be written as a code. Apart, so that it takes no
    /// registers from the numbers that are not.
    #[cold]
    #[inline(never)]
    fn note_leading_zeros(&mut self, text: &[u8]) {
        self.leading_zeros += u64::from(has_leading_zeros(text));
    }

    /// Counts one field.
    #[inline(never)]
    pub(crate) fn add(&mut self, field: &[u8], place: RowPlace) {
        if field.is_empty() {
            self.missing[MissingKind::Empty.index()] += 1;
            return;
        }
        if let Some(grid) = &mut self.grid
            && let Some(number) = parse_number(field)
        {
            grid.add(number);
            self.leading_zeros += u64::from(has_leading_zeros(field));
            return;
        }
        let key = Key::new(field);
        if !self.texts.add_known(&key, 1) {
            self.add_new(field, &key, 1, Some(place));
        }
    }

    /// Counts a text `count` times: for what a profile has stored.
    pub(super) fn add_times(&mut self, text: &[u8], count: u64) {
        let key = Key::new(text);
        if !self.texts.add_known(&key, count) {
            self.add_new(text, &key, count, None);
        }
    }

    /// Counts the canonical text of a number.
    fn add_number_text(&mut self, text: &[u8], count: u64, value: Value) {
        let key = Key::new(text);
        if !self.texts.add_known(&key, count) {
            self.add_canonical(text, &key, count, value, None);
        }
    }

    #[cold]
    fn add_new(&mut self, text: &[u8], key: &Key<'_>, count: u64, place: Option<RowPlace>) {
        let value = meaning(text, self.categorical);
        if let Value::Missing(kind) = value {
            // Marks with blanks around them have endlessly many forms: not kept.
            if text.trim_ascii().len() == text.len() {
                self.texts.insert(key, count, value);
            } else {
                self.missing[kind.index()] += count;
            }
            return;
        }
        let spelled = match value {
            Value::Text if !self.categorical => spelled(text),
            _ => None,
        };
        if value == Value::Text && doubtful_mark(text.trim_ascii()).is_none() {
            self.keep_first(text, place, spelled.is_some());
        }
        if let Some(spelled) = &spelled
            && spelled.is_known()
        {
            self.add_spelled(text, key, spelled, count);
            return;
        }
        let canonical = if self.categorical {
            canonical(text)
        } else {
            canonical_to_count(text)
        };
        if *canonical == *text {
            self.add_canonical(text, key, count, value, spelled.as_ref());
            return;
        }
        if is_padded(text, value) {
            self.texts.padded += count;
        }
        let own = Key::new(&canonical);
        if !self.texts.add_known(&own, count) {
            self.add_canonical(&canonical, &own, count, value, spelled.as_ref());
        }
        self.texts.insert_alias(key, &own);
    }

    /// Counts a number as people spell it that is not among the texts.
    fn add_spelled(&mut self, text: &[u8], key: &Key<'_>, spelled: &Spelled<'_>, count: u64) {
        if let Some(spellings) = &mut self.spellings {
            spellings.add(text, spelled, count, &self.cuts);
            return;
        }
        self.texts.insert(key, count, Value::Text);
        self.spelled_texts += 1;
        if self.spelled_texts > MAX_NUMBERS {
            self.spelled_to_grids();
        }
    }

    /// Counts a canonical text that is not among the texts.
    fn add_canonical(
        &mut self,
        text: &[u8],
        key: &Key<'_>,
        count: u64,
        value: Value,
        spelled: Option<&Spelled<'_>>,
    ) {
        if let Value::Number(number) = value {
            if let Some(grid) = &mut self.grid {
                grid.add_times(number, count);
                self.leading_zeros += if has_leading_zeros(text) { count } else { 0 };
                return;
            }
            if self.holds_numbers && is_unambiguous(text) {
                if self.typed.add_times(number, count) {
                    self.limit_numbers();
                }
                return;
            }
            self.texts.insert(key, count, value);
            self.count_number_text();
            return;
        }
        if let Some(hashed) = &mut self.hashed {
            hashed.add(text, count, spelled);
            return;
        }
        self.texts.insert(key, count, value);
        self.other_texts += 1;
        self.text_bytes += text.len();
        if self.other_texts > MAX_TEXTS || self.text_bytes > MAX_TEXT_BYTES {
            self.texts_to_hashed();
        }
    }

    /// Keeps the first text of each sort by its place.
    fn keep_first(&mut self, text: &[u8], place: Option<RowPlace>, is_spelled: bool) {
        let first = &mut self.first_texts[usize::from(is_spelled)];
        if let Some(place) = place
            && first.as_ref().is_none_or(|first| place < first.place)
        {
            let text = text[..text.len().min(80)].to_vec();
            *first = Some(FirstText { place, text });
        }
    }

    fn spelled_to_grids(&mut self) {
        let mut spellings = Box::<Spellings>::default();
        let cuts = &self.cuts;
        self.texts.drain(
            |text, entry| entry.value == Value::Text && is_spelled(text),
            |text, entry| {
                if let Some(spelled) = spelled(text) {
                    spellings.add(text, &spelled, entry.count, cuts);
                }
            },
        );
        self.spellings = Some(spellings);
    }

    /// Counts a text of a source that knows no lines.
    pub(super) fn add_text(&mut self, text: &[u8]) {
        if text.is_empty() {
            self.missing[MissingKind::Empty.index()] += 1;
            return;
        }
        if let Some(field) = Field::new(text)
            && self.grid.is_none()
        {
            if self.holds_numbers
                && let Some(number) = unambiguous_number(&field)
            {
                self.add_one(number);
                return;
            }
            if !self.texts.add_known_field(&field) {
                self.add_new(text, &Key::of(&field), 1, None);
            }
            return;
        }
        self.add_times(text, 1);
    }

    fn texts_to_hashed(&mut self) {
        let mut hashed = Box::<HashedTexts>::default();
        let categorical = self.categorical;
        // Numbers as people spell them have a limit of their own.
        let is_text = |text: &[u8], entry: &Entry| match entry.value {
            Value::Text => categorical || !is_spelled(text),
            Value::Infinite | Value::BigInteger(_) => true,
            Value::Number(_) | Value::Missing(_) => false,
        };
        self.texts.drain(is_text, |text, entry| {
            let spelled = if categorical { None } else { spelled(text) };
            hashed.add(text, entry.count, spelled.as_ref());
        });
        self.hashed = Some(hashed);
    }

    /// Puts together a column that was counted in parts, at these cut points; the parts stay as they are. Without any it is
    /// what `empty` makes.
    pub(super) fn together<'a>(
        parts: impl Iterator<Item = &'a mut Self>,
        cuts: &[f64],
        empty: impl FnOnce() -> Self,
    ) -> Self {
        let mut all: Option<Self> = None;
        let mut numbers = DistinctNumbers::default();
        for part in parts {
            // There may be many: they are copied once, to where all are put in order.
            let typed = std::mem::take(&mut part.typed);
            numbers.add_all(&typed);
            let others = part.clone().at_cuts(cuts);
            part.typed = typed;
            match &mut all {
                Some(all) => all.merge(others),
                None => all = Some(others),
            }
        }
        let mut all = all.unwrap_or_else(empty);
        all.add_distinct_numbers(numbers);
        all
    }

    /// Adds all that another counter of the same column has counted.
    pub(crate) fn merge(&mut self, mut other: Self) {
        for (mine, theirs) in self.missing.iter_mut().zip(other.missing) {
            *mine += theirs;
        }
        if let Some(theirs) = other.hashed.take() {
            if self.hashed.is_none() {
                self.texts_to_hashed();
            }
            if let Some(mine) = &mut self.hashed {
                mine.merge(&theirs);
            }
        }
        if let Some(theirs) = other.spellings.take() {
            if self.spellings.is_none() {
                self.spelled_to_grids();
            }
            if let Some(mine) = &mut self.spellings {
                mine.merge(*theirs);
            }
        }
        if let Some(theirs) = other.grid.take() {
            if self.grid.is_none() {
                self.numbers_to_grid();
            }
            if let Some(mine) = &mut self.grid {
                mine.merge(*theirs);
            }
        }
        self.add_distinct_numbers(std::mem::take(&mut other.typed));
        let is_alike = self.categorical == other.categorical;
        other.texts.each(|text, entry| match entry.value {
            // Read and found canonical before.
            Value::Number(_) if is_alike => self.add_number_text(text, entry.count, entry.value),
            _ => self.add_times(text, entry.count),
        });
        self.texts.padded += other.texts.padded;
        self.leading_zeros += other.leading_zeros;
        for first in other.first_texts.into_iter().flatten() {
            let is_spelled = spelled(&first.text).is_some();
            self.keep_first(&first.text, Some(first.place), is_spelled);
        }
    }
}

/// Whether a text is a number, whatever else is in its column.
fn is_spelled(text: &[u8]) -> bool {
    spelled(text).is_some_and(|spelled| spelled.is_known())
}

impl ColumnSink for ColumnCounter {
    fn add(&mut self, batches: &[ColumnBatch<'_>]) {
        for batch in batches {
            match batch.values {
                Values::Numbers(numbers) => self.add_numbers(numbers),
                Values::Texts(texts) => texts.iter().for_each(|text| self.add_text(text)),
            }
            self.missing[MissingKind::Null.index()] += (batch.rows - batch.values.len()) as u64;
        }
    }
}
