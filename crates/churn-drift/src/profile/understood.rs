//! What a stored column says, understood as a whole: numbers or categories, what is missing, what
//! cannot be read. The decision is [`ColumnTally`]'s; here it is applied.

use std::borrow::Cow;
use std::collections::BTreeMap;

use churn_base::error::Place;
use churn_data::{
    ColumnReading, ColumnTally, DecimalMark, Meaning, MissingKind, Value, canonical_number,
    classify, has_leading_zeros, shaped_like_an_id,
};

use super::column::{Column, StoredHashed};
use super::distinct::DistinctSketch;
use super::grid::Grid;
use super::settled::{Settled, SettledValues};
use super::spellings::{Spellings, StoredSpellings};
use super::texts::stable_hash;
use super::view::{Categories, Kind, Numbers, hashed_name};

/// A column, understood.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// What it holds.
    pub kind: Kind,
    /// How its values are read.
    pub reading: ColumnReading,
    /// Missing values by kind; for numbers also `infinite`.
    pub missing: BTreeMap<String, u64>,
    /// Its numbers; absent if there are none or they are categories.
    pub numbers: Option<Numbers>,
    /// Its categories; empty for numbers.
    pub categories: Categories,
    /// Rows with a value.
    pub present: u64,
    /// Number of distinct values where it is known or estimated.
    pub distinct: Option<f64>,
    /// Whether nearly all texts are dates.
    pub are_dates: bool,
    /// Rows with a text of the form of an identifier.
    pub codes: u64,
    /// Rows with numbers among the categories.
    pub numbers_among_texts: u64,
    /// Rows of a number column with something that is not a number.
    pub unparsable: u64,
    /// The first such text with its place where that is known, else the least one.
    pub first_unparsable: Option<(Option<Place>, String)>,
    /// Values that are written with leading zeros, as codes are.
    pub leading_zeros: u64,
    /// One of them, where it is known.
    pub a_leading_zero: Option<String>,
    /// Texts that are written with blanks around them, and counted without.
    pub padded: u64,
}

impl View {
    /// Returns all rows without a value.
    #[must_use]
    pub fn missing_count(&self) -> u64 {
        self.missing.values().sum()
    }

    /// Returns the same without numbers and categories: what is known of them as a whole.
    #[must_use]
    pub(crate) fn without_values(&self) -> Self {
        Self {
            kind: self.kind,
            reading: self.reading.clone(),
            missing: self.missing.clone(),
            numbers: None,
            categories: Categories::default(),
            present: self.present,
            distinct: self.distinct,
            are_dates: self.are_dates,
            codes: self.codes,
            numbers_among_texts: self.numbers_among_texts,
            unparsable: self.unparsable,
            first_unparsable: self.first_unparsable.clone(),
            leading_zeros: self.leading_zeros,
            a_leading_zero: self.a_leading_zero.clone(),
            padded: self.padded,
        }
    }

    /// Returns the infinities of a number column.
    #[must_use]
    pub fn infinite(&self) -> u64 {
        self.missing.get("infinite").copied().unwrap_or(0)
    }
}

/// A number as programs write it.
struct Plain<'a> {
    stored: Cow<'a, str>,
    name: Cow<'a, str>,
    number: f64,
    count: u64,
}

impl Plain<'_> {
    fn of_number(number: f64, count: u64) -> Self {
        let text = canonical_number(number);
        Self {
            stored: Cow::Owned(text.clone()),
            name: Cow::Owned(text),
            number,
            count,
        }
    }
}

/// The values of a column with what each is in any column.
struct Sorted<'a> {
    /// In rising order; nothing more is told by their texts.
    numbers: Cow<'a, [(f64, u64)]>,
    plain: Vec<Plain<'a>>,
    infinite: Vec<(Cow<'a, str>, u64)>,
    texts: Vec<(Cow<'a, str>, u64)>,
    leading_zeros: u64,
    a_leading_zero: Option<String>,
    tally: ColumnTally,
    grid: Option<Grid>,
}

impl Column {
    fn sorted(&self) -> Sorted<'_> {
        let SettledValues { numbers, others } = self.settled();
        let mut sorted = Sorted {
            numbers,
            plain: Vec::new(),
            infinite: Vec::new(),
            texts: Vec::new(),
            leading_zeros: self.leading_zeros,
            a_leading_zero: None,
            tally: ColumnTally::default().named(&self.name),
            grid: self.grid.as_ref().and_then(Grid::from_stored),
        };
        sorted.tally.add_unambiguous(&sorted.numbers);
        for value in others {
            sorted.tally.add(value.tells().as_bytes(), value.count);
            let Settled {
                stored,
                name,
                count,
            } = value;
            if has_leading_zeros(name.as_bytes()) {
                sorted.leading_zeros += count;
                sorted
                    .a_leading_zero
                    .get_or_insert_with(|| name.to_string());
            }
            match classify(name.as_bytes()) {
                Value::Number(number) | Value::BigInteger(number) => sorted.plain.push(Plain {
                    stored,
                    name,
                    number,
                    count,
                }),
                Value::Infinite => sorted.infinite.push((name, count)),
                Value::Text => sorted.texts.push((name, count)),
                // Only a profile that somebody wrote by hand has such a value.
                Value::Missing(_) => {}
            }
        }
        if let Some(grid) = &sorted.grid {
            sorted.tally.add_many_numbers(grid.count(), !grid.integral);
        }
        if let Some(hashed) = &self.hashed {
            let quantities = hashed.quantities.as_ref();
            let known = quantities.and_then(StoredSpellings::count).unwrap_or(0);
            if let Some(quantities) = quantities {
                quantities.add_loose_to(&mut sorted.tally);
            }
            let others = hashed.count().saturating_sub(known);
            sorted.tally.add_unknown_texts(others, hashed.dates());
        }
        if let Some(spellings) = &self.spellings {
            spellings.add_to(&mut sorted.tally);
        }
        sorted
    }

    /// Returns how the column is read, as far as its values say.
    #[must_use]
    pub fn reading(&self) -> ColumnReading {
        self.sorted().tally.reading()
    }

    /// Returns what the column says. `as_text` makes numbers that are kept categories.
    #[must_use]
    pub fn view(&self, as_text: bool) -> View {
        let sorted = self.sorted();
        let reading = if as_text || self.categorical {
            sorted.tally.text_reading()
        } else {
            sorted.tally.reading()
        };
        self.view_by(sorted, reading)
    }

    /// Returns what the column says beside another one of the same name, as which it is read: what
    /// was a number there is one here, unless most of these values are none.
    #[must_use]
    pub fn view_beside(&self, other: &View) -> View {
        let sorted = self.sorted();
        let beside = match other.kind {
            _ if self.categorical => Some(sorted.tally.text_reading()),
            Kind::Empty => None,
            Kind::Number | Kind::Text => sorted.tally.reading_beside(&other.reading),
        };
        let reading = beside.unwrap_or_else(|| sorted.tally.reading());
        self.view_by(sorted, reading)
    }

    /// Returns what the column says with this decimal mark, whatever its values tell of it.
    #[must_use]
    pub fn view_marked(&self, decimal: DecimalMark) -> View {
        let sorted = self.sorted();
        let reading = sorted.tally.reading_marked(decimal);
        self.view_by(sorted, reading)
    }

    fn view_by(&self, sorted: Sorted<'_>, reading: ColumnReading) -> View {
        let hashed = self.hashed.as_ref().map_or(0, StoredHashed::count);
        let is_empty = sorted.plain.is_empty()
            && sorted.numbers.is_empty()
            && sorted.infinite.is_empty()
            && sorted.grid.is_none()
            && self.spellings.is_none()
            && hashed == 0;
        // Marks of missing values alone are none of a kind.
        let only_marks = is_empty
            && sorted
                .texts
                .iter()
                .all(|(text, _)| matches!(reading.of_text(text.as_bytes()), Meaning::Missing(_)));
        if reading.is_number || only_marks {
            self.number_view(sorted, reading, hashed)
        } else {
            self.text_view(sorted, reading)
        }
    }

    fn number_view(&self, sorted: Sorted<'_>, reading: ColumnReading, hashed: u64) -> View {
        let mut missing = self.missing.clone();
        let mut unparsable = hashed;
        let mut least: Option<Cow<'_, str>> = None;
        let mut unreadable = |text: Cow<'_, str>, count| {
            unparsable += count;
            if least.as_ref().is_none_or(|least| text < *least) {
                least = Some(Cow::Owned(text.into_owned()));
            }
        };
        let mut plain = sorted.plain;
        let mut numbers = if reading.is_number && reading.decimal == DecimalMark::Point {
            sorted.numbers.into_owned()
        } else {
            let others = sorted.numbers.iter();
            plain.extend(others.map(|(number, count)| Plain::of_number(*number, *count)));
            Vec::new()
        };
        for plain in plain {
            match reading.of_plain(plain.stored.as_bytes(), plain.number) {
                Meaning::Number(number) => numbers.push((number, plain.count)),
                _ => unreadable(plain.stored, plain.count),
            }
        }
        for (text, count) in &sorted.texts {
            let count = *count;
            match reading.of_text(text.as_bytes()) {
                Meaning::Number(number) => numbers.push((number, count)),
                Meaning::Missing(kind) => {
                    *missing.entry(kind.as_str().to_owned()).or_default() += count;
                }
                Meaning::Infinite | Meaning::Text | Meaning::Unparsable => {
                    unreadable(Cow::Borrowed(text), count);
                }
            }
        }
        let infinite: u64 = sorted.infinite.iter().map(|(_, count)| count).sum();
        if infinite > 0 {
            missing.insert("infinite".to_owned(), infinite);
        }
        let mark = usize::from(reading.decimal == DecimalMark::Comma);
        let quantities = self.hashed.as_ref().and_then(|all| all.quantities.as_ref());
        let mut grid = sorted.grid.filter(|grid| {
            // What was counted as `12.5` can't be read with a comma any more.
            let is_readable = grid.integral || reading.decimal == DecimalMark::Point;
            unparsable += if is_readable { 0 } else { grid.count() };
            is_readable
        });
        if let Some(stored) = &self.spellings {
            unparsable += stored.unread(mark);
            let spelled = Spellings::from_stored(stored).and_then(|all| all.into_grid(mark));
            grid = match (grid, spelled) {
                (Some(mut grid), Some(spelled)) => {
                    grid.merge(spelled);
                    Some(grid)
                }
                (grid, spelled) => grid.or(spelled),
            };
        }
        if let Some(stored) = quantities
            && let Some(spelled) =
                Spellings::from_stored(stored).and_then(|all| all.into_grid(mark))
        {
            unparsable = unparsable.saturating_sub(spelled.count());
            grid = match grid {
                Some(mut grid) => {
                    grid.merge(spelled);
                    Some(grid)
                }
                None => Some(spelled),
            };
        }
        let numbers = match grid {
            Some(mut grid) => {
                for (number, count) in numbers {
                    grid.add_times(number, count);
                }
                Numbers::from_grid(&grid)
            }
            None => Numbers::from_values(numbers),
        };
        let first_unparsable = (unparsable > 0)
            .then(|| self.first_unparsable(&reading))
            .flatten()
            .or_else(|| least.map(|text| (None, text.into_owned())));
        let empty = numbers.is_none() && infinite == 0;
        View {
            kind: if empty { Kind::Empty } else { Kind::Number },
            reading,
            missing,
            present: numbers.as_ref().map_or(0, Numbers::count),
            distinct: numbers.as_ref().and_then(Numbers::distinct),
            numbers,
            categories: Categories::default(),
            are_dates: false,
            codes: 0,
            numbers_among_texts: 0,
            unparsable,
            first_unparsable,
            leading_zeros: sorted.leading_zeros,
            a_leading_zero: sorted.a_leading_zero,
            padded: self.padded,
        }
    }

    /// Returns the first text that a reading cannot read, with its place.
    fn first_unparsable(&self, reading: &ColumnReading) -> Option<(Option<Place>, String)> {
        let mut texts = self.first_texts.iter();
        let is_one = |text: &str| reading.of_text(text.as_bytes()) == Meaning::Unparsable;
        let found = texts.find(|(_, text)| is_one(text));
        found.map(|(place, text)| (Some(place.clone()), text.clone()))
    }

    /// Returns the first text of the column that is not a plain number, with its place.
    #[must_use]
    pub fn first_text(&self) -> Option<&(Place, String)> {
        self.first_texts.first()
    }

    fn text_view(&self, sorted: Sorted<'_>, reading: ColumnReading) -> View {
        let mut missing = self.missing.clone();
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        let mut numbers_among_texts = 0;
        let mut codes = 0;
        let numbers = sorted.numbers.iter();
        let numbers = numbers.map(|(number, count)| Plain::of_number(*number, *count));
        let plain = sorted.plain.into_iter().chain(numbers);
        let plain = plain.map(|plain| (plain.name, plain.count));
        for (text, count) in plain.chain(sorted.infinite) {
            numbers_among_texts += count;
            *counts.entry(text.into_owned()).or_default() += count;
        }
        for (text, count) in sorted.texts {
            if let Meaning::Missing(MissingKind::Mark) = reading.of_text(text.as_bytes()) {
                let mark = MissingKind::Mark.as_str().to_owned();
                *missing.entry(mark).or_default() += count;
                continue;
            }
            codes += if shaped_like_an_id(&text) { count } else { 0 };
            *counts.entry(text.into_owned()).or_default() += count;
        }
        let mut distinct = Some(counts.len() as f64);
        if let Some(hashed) = &self.hashed {
            codes += hashed.codes();
            distinct = DistinctSketch::from_stored(&hashed.distinct)
                .map(|sketch| sketch.estimate() + counts.len() as f64);
            let mut by_hash: BTreeMap<String, u64> = BTreeMap::new();
            for (hash, &count) in hashed.counts.iter().enumerate() {
                if count > 0 {
                    by_hash.insert(hashed_name(hash as u64), count);
                }
            }
            for (text, count) in counts {
                let name = hashed_name(stable_hash(text.as_bytes()));
                *by_hash.entry(name).or_default() += count;
            }
            counts = by_hash;
        }
        // Numbers too many to be kept as texts are one category among them.
        let spelled = self.spellings.as_ref().and_then(|stored| stored.count());
        let pooled = sorted.grid.as_ref().map_or(0, Grid::count) + spelled.unwrap_or(0);
        if pooled > 0 {
            numbers_among_texts += pooled;
            let of_grid = sorted.grid.as_ref().map(|grid| grid.distinct.estimate());
            distinct = distinct.map(|distinct| distinct + of_grid.unwrap_or(0.0));
            *counts.entry(POOLED_NUMBERS.to_owned()).or_default() += pooled;
        }
        let present: u64 = counts.values().sum();
        View {
            kind: if present > 0 { Kind::Text } else { Kind::Empty },
            are_dates: sorted.tally.are_dates(),
            reading,
            missing,
            numbers: None,
            categories: Categories {
                counts,
                hashed: self.hashed.is_some(),
            },
            present,
            distinct,
            codes,
            numbers_among_texts,
            unparsable: 0,
            first_unparsable: None,
            leading_zeros: sorted.leading_zeros,
            a_leading_zero: sorted.a_leading_zero,
            padded: self.padded,
        }
    }
}

/// What reports call numbers among categories that were too many to keep.
pub const POOLED_NUMBERS: &str = "(numbers)";
