//! What a column is: numbers or texts, and how they are written. A column is what nearly all of
//! its values are, so one cell decides nothing.
//!
//! The decision is a function of the distinct values and their counts: not of their order, nor of
//! the machines that counted them. Profiles, training and scoring all ask here.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::canonical::canonical_to_count;
use super::dates::is_date;
use super::missing::{DoubtfulMark, doubtful_mark, is_all_signs};
use super::spelled::{DecimalMark, spelled};
use super::value::{MissingKind, Value, classify};

/// Of a hundred values, so many numbers make a column of numbers, and so many dates one of dates.
///
/// At 95 % a stray text can't turn a column, and what is left over is too little to be a law of
/// its own; one in twenty is also what an identifier may repeat.
const NEARLY_ALL: u64 = 95;
/// Most distinct words in a column of measurements, which may then hold up to half of its rows:
/// `unknown` in a tenth of the incomes is a remark and not a category among incomes.
const FEW_WORDS: u64 = 20;
/// With no more distinct whole numbers than this, they may be codes beside other codes.
const FEW_CODES: u64 = 20;

/// How the values of a column are read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ColumnReading {
    /// Whether they are numbers; else they are texts.
    pub is_number: bool,
    /// How the numbers are written.
    pub decimal: DecimalMark,
    /// The percent sign or the currency that goes with the numbers.
    pub unit: Option<String>,
    /// Nothing in the values tells the decimal mark: `1,234` was taken for thousands.
    pub is_ambiguous: bool,
    /// Numbers were written otherwise than programs read them, and how: none if not.
    pub example: Option<String>,
    /// Signs such as `-` are values, not marks of missing ones.
    pub signs_are_values: bool,
}

/// What one value means in a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Meaning {
    /// No value.
    Missing(MissingKind),
    /// A finite number.
    Number(f64),
    /// A number too large for a double, or an infinity as such.
    Infinite,
    /// A value of a column of texts.
    Text,
    /// Not a number, in a column of numbers.
    Unparsable,
}

impl ColumnReading {
    /// Returns what a text means in the column.
    #[must_use]
    pub fn meaning(&self, text: &[u8]) -> Meaning {
        match classify(text) {
            Value::Missing(kind) => Meaning::Missing(kind),
            Value::Number(number) | Value::BigInteger(number) => self.of_plain(text, number),
            Value::Infinite if self.is_number => Meaning::Infinite,
            Value::Infinite => Meaning::Text,
            Value::Text => self.of_text(text),
        }
    }

    /// Returns what a text means of which it is known to be a plain number.
    #[must_use]
    pub fn of_plain(&self, text: &[u8], number: f64) -> Meaning {
        match self.decimal {
            _ if !self.is_number => Meaning::Text,
            DecimalMark::Point => Meaning::Number(number),
            DecimalMark::Comma => spelled(text)
                .and_then(|spelled| spelled.comma)
                .map_or(Meaning::Unparsable, Meaning::Number),
        }
    }

    /// Returns what a text means of which it is known that it is neither a plain number nor a
    /// mark in every column.
    #[must_use]
    pub fn of_text(&self, text: &[u8]) -> Meaning {
        match doubtful_mark(text.trim_ascii()) {
            Some(_) if self.is_number => return Meaning::Missing(MissingKind::Mark),
            Some(DoubtfulMark::Sign) if !self.signs_are_values => {
                return Meaning::Missing(MissingKind::Mark);
            }
            _ => {}
        }
        if !self.is_number {
            return Meaning::Text;
        }
        let Some(spelled) = spelled(text) else {
            return Meaning::Unparsable;
        };
        let same_unit = match (spelled.unit, &self.unit) {
            (Some(unit), Some(own)) => unit == own,
            _ => true,
        };
        spelled
            .by(self.decimal)
            .filter(|_| same_unit)
            .map_or(Meaning::Unparsable, Meaning::Number)
    }

    /// Returns how the numbers are written, in words; none if as programs write them.
    #[must_use]
    pub fn spelling(&self) -> Option<String> {
        let example = self.example.as_ref()?;
        let decimal = match self.decimal {
            DecimalMark::Comma => "a decimal comma",
            DecimalMark::Point if example.contains(',') => "commas between thousands",
            DecimalMark::Point => "a decimal point",
        };
        let unit = match self.unit.as_deref() {
            Some("%") => " and a percent sign".to_owned(),
            Some(unit) => format!(" and the currency {unit}"),
            None => String::new(),
        };
        Some(format!("{decimal}{unit}"))
    }
}

/// What a column's values were seen to be.
#[derive(Debug, Clone, Default)]
pub struct ColumnTally {
    /// Plain numbers and infinities.
    plain: u64,
    /// Those of them that are whole numbers beyond 2^53.
    big: u64,
    /// The first of these by the double that it is read as, and whether another is read as the same.
    big_by_double: HashMap<u64, Vec<u8>>,
    are_joined: bool,
    /// The first few distinct ones: whether there are more is all that counts.
    numbers: HashSet<u64>,
    /// Plain numbers that a decimal comma cannot read: `12.5`.
    pointed: u64,
    /// Those that may have a point between thousands, `1.234`, and those without a point.
    grouped: u64,
    bare: u64,
    /// Whether any number has a fraction.
    has_fractions: bool,
    /// Numbers spelled otherwise, by unit: those that a point reads, and those that a comma does.
    spelled: BTreeMap<String, [u64; 2]>,
    /// All of them, and those that only one mark reads.
    all_spelled: u64,
    only: [u64; 2],
    /// The least of the spelled texts, as an example.
    example: [Option<String>; 2],
    signs: u64,
    words: u64,
    /// A value of signs that is not a mark: `+`.
    has_other_signs: bool,
    others: u64,
    dates: u64,
    /// The first few distinct ones: whether there are more is all that counts.
    other_texts: HashSet<Vec<u8>>,
}

impl ColumnTally {
    /// Adds plain numbers of which no more is known; there are more than are kept one by one.
    pub fn add_many_numbers(&mut self, count: u64, have_fractions: bool) {
        self.plain += count;
        for number in 0..=FEW_CODES {
            self.numbers.insert(number);
        }
        self.has_fractions |= have_fractions;
        if have_fractions {
            self.pointed += count;
        }
    }

    /// Adds plain numbers that were read: how many have fractions, how many of those may have a point
    /// between thousands, and how many such have no fraction, `1.000`.
    pub fn add_read(&mut self, count: u64, fractions: u64, grouped: u64, round_groups: u64) {
        self.plain += count;
        self.has_fractions |= fractions > 0;
        self.pointed += fractions.saturating_sub(grouped);
        self.grouped += grouped + round_groups;
        self.bare += count.saturating_sub(fractions + round_groups);
    }

    /// Adds a distinct text, whatever it is.
    pub fn add(&mut self, text: &[u8], count: u64) {
        let text = &*canonical_to_count(text);
        match classify(text) {
            Value::Number(number) => self.add_plain(text, number, count),
            Value::BigInteger(number) => {
                self.big += count;
                self.add_big(number.to_bits(), text);
                self.add_plain(text, number, count);
            }
            Value::Infinite => self.add_plain(text, f64::INFINITY, count),
            Value::Text => self.add_text(text, count),
            Value::Missing(_) => {}
        }
    }

    fn add_big(&mut self, double: u64, text: &[u8]) {
        let first = self
            .big_by_double
            .entry(double)
            .or_insert_with(|| text.to_vec());
        self.are_joined |= first != text;
    }

    /// Adds a distinct text that is a plain number or an infinity.
    pub fn add_plain(&mut self, text: &[u8], number: f64, count: u64) {
        self.plain += count;
        self.add_distinct(number);
        if !text.contains(&b'.') {
            self.bare += count;
            return;
        }
        self.has_fractions = true;
        if is_grouped(text) {
            self.grouped += count;
        } else {
            self.pointed += count;
        }
    }

    /// Tells of a number that was seen: whether there are more than a few distinct ones counts.
    #[inline]
    pub fn add_distinct(&mut self, number: f64) {
        if self.numbers.len() as u64 <= FEW_CODES {
            self.numbers.insert(number.to_bits());
        }
    }

    /// Returns whether more of [`ColumnTally::add_distinct`] would tell nothing new.
    #[must_use]
    pub fn has_many_numbers(&self) -> bool {
        self.numbers.len() as u64 > FEW_CODES
    }

    /// Adds a distinct text that is neither a plain number nor a mark in every column.
    pub fn add_text(&mut self, text: &[u8], count: u64) {
        match doubtful_mark(text.trim_ascii()) {
            Some(DoubtfulMark::Sign) => {
                self.signs += count;
                return;
            }
            Some(DoubtfulMark::Word) => {
                self.words += count;
                return;
            }
            None => {}
        }
        if let Some(spelled) = spelled(text) {
            let unit = spelled.unit.unwrap_or_default();
            let by_mark = [spelled.point, spelled.comma];
            self.add_distinct(by_mark.into_iter().flatten().next().unwrap_or(0.0));
            self.add_spelled(unit, by_mark.map(|number| number.is_some()), text, count);
            return;
        }
        self.has_other_signs |= is_all_signs(text);
        self.others += count;
        if is_date(text) {
            self.dates += count;
        }
        if self.other_texts.len() as u64 <= FEW_WORDS {
            self.other_texts.insert(text.to_vec());
        }
    }

    fn add_spelled(&mut self, unit: &str, by: [bool; 2], text: &[u8], count: u64) {
        self.all_spelled += count;
        let known = match self.spelled.get_mut(unit) {
            Some(known) => known,
            None => self.spelled.entry(unit.to_owned()).or_default(),
        };
        for mark in 0..2 {
            if !by[mark] {
                continue;
            }
            known[mark] += count;
            if !by[1 - mark] {
                self.only[mark] += count;
                self.has_fractions |= text.contains(&b".,"[mark]);
            }
            let example = &mut self.example[mark];
            let is_less = |known: &String| text < known.as_bytes();
            if example.as_ref().is_none_or(is_less) {
                *example = Some(String::from_utf8_lossy(text).trim().to_owned());
            }
        }
    }

    /// Adds spelled numbers that are known by their counts alone: those that a point reads alone, a
    /// comma alone, and both do; there are more than are kept one by one.
    pub fn add_spellings(&mut self, unit: &str, counts: [u64; 3], examples: &[Option<String>; 2]) {
        let [point, comma, both] = counts;
        self.all_spelled += point + comma + both;
        self.add_many_numbers(0, false);
        let known = self.spelled.entry(unit.to_owned()).or_default();
        known[0] += point + both;
        known[1] += comma + both;
        self.only[0] += point;
        self.only[1] += comma;
        for (mine, theirs) in self.example.iter_mut().zip(examples) {
            *mine = match (mine.take(), theirs) {
                (Some(mine), Some(theirs)) => Some(mine.min(theirs.clone())),
                (mine, theirs) => mine.or_else(|| theirs.clone()),
            };
        }
    }

    /// Adds texts that are known by their number alone.
    pub fn add_unknown_texts(&mut self, count: u64, dates: u64) {
        self.others += count;
        self.dates += dates;
        // There are more of them than are kept one by one.
        for byte in 0..=FEW_WORDS as u8 {
            self.other_texts.insert(vec![byte]);
        }
    }

    /// Adds all that another tally of the same column has.
    pub fn merge(&mut self, other: Self) {
        self.plain += other.plain;
        self.big += other.big;
        self.are_joined |= other.are_joined;
        for (double, text) in other.big_by_double {
            self.add_big(double, &text);
        }
        self.pointed += other.pointed;
        self.grouped += other.grouped;
        self.bare += other.bare;
        self.has_fractions |= other.has_fractions;
        for number in other.numbers {
            if !self.has_many_numbers() {
                self.numbers.insert(number);
            }
        }
        for (unit, [point, comma]) in other.spelled {
            let own = self.spelled.entry(unit).or_default();
            own[0] += point;
            own[1] += comma;
        }
        self.all_spelled += other.all_spelled;
        self.only[0] += other.only[0];
        self.only[1] += other.only[1];
        for (mine, theirs) in self.example.iter_mut().zip(other.example) {
            *mine = match (mine.take(), theirs) {
                (Some(mine), Some(theirs)) => Some(mine.min(theirs)),
                (mine, theirs) => mine.or(theirs),
            };
        }
        self.signs += other.signs;
        self.words += other.words;
        self.has_other_signs |= other.has_other_signs;
        self.others += other.others;
        self.dates += other.dates;
        for text in other.other_texts {
            if self.other_texts.len() as u64 <= FEW_WORDS {
                self.other_texts.insert(text);
            }
        }
    }

    /// Returns whether any number was written otherwise than programs write it.
    #[must_use]
    pub fn has_spelled(&self) -> bool {
        self.all_spelled > 0
    }

    /// Returns whether nearly all values are dates.
    #[must_use]
    pub fn are_dates(&self) -> bool {
        let values = self.plain + self.all_spelled + self.others;
        self.dates > 0 && self.dates * 100 >= NEARLY_ALL * values
    }

    /// Returns the numbers by a decimal mark, and the unit that goes with most of them.
    fn numbers_by(&self, mark: usize) -> (u64, Option<&str>) {
        let plain = match mark {
            0 => self.plain,
            _ => self.plain.saturating_sub(self.pointed),
        };
        let bare = self.spelled.get("").map_or(0, |count| count[mark]);
        let units = self.spelled.iter().filter(|(unit, _)| !unit.is_empty());
        let counted = units.map(|(unit, count)| (unit.as_str(), count[mark]));
        // Of several the largest, the first by name if equal.
        let unit = counted
            .filter(|(_, count)| *count > 0)
            .max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(a.0)));
        let with_unit = unit.map_or(0, |(_, count)| count);
        (plain + bare + with_unit, unit.map(|(unit, _)| unit))
    }

    /// Returns how the column is read.
    #[must_use]
    pub fn reading(&self) -> ColumnReading {
        let values = self.plain + self.all_spelled + self.others;
        let (by_point, by_comma) = (self.numbers_by(0), self.numbers_by(1));
        let is_comma = by_comma.0 > by_point.0;
        let (numbers, unit) = if is_comma { by_comma } else { by_point };
        let nearly_all = numbers * 100 >= NEARLY_ALL * values;
        let are_measured = self.has_fractions || self.has_many_numbers();
        let with_remarks =
            numbers * 2 > values && are_measured && self.other_texts.len() as u64 <= FEW_WORDS;
        // A few whole numbers beyond 2^53 among others are amounts, and so are those that differ in
        // nearly every row. Where they are half, and repeat or doubles would join them, they are codes.
        let repeat = 2 * self.big_by_double.len() as u64 <= self.big;
        let are_codes = self.big > 0 && (self.are_joined || repeat) && 2 * self.big >= numbers;
        let is_number = numbers > 0 && (nearly_all || with_remarks) && !are_codes;
        let mark = usize::from(is_comma);
        let was_spelled = is_number && self.spelled.values().any(|count| count[mark] > 0);
        let example = self.example[mark].clone().filter(|_| was_spelled);
        ColumnReading {
            is_number,
            decimal: if is_number && is_comma {
                DecimalMark::Comma
            } else {
                DecimalMark::Point
            },
            unit: unit.filter(|_| is_number).map(str::to_owned),
            is_ambiguous: was_spelled && self.only == [0, 0] && self.pointed == 0
                || is_number && !was_spelled && self.may_be_thousands(),
            example,
            signs_are_values: self.has_other_signs && !is_number,
        }
    }

    /// Returns whether the values are numbers with fractions, however they are spelled.
    #[must_use]
    pub fn are_fractions(&self) -> bool {
        self.has_fractions && self.reading().is_number
    }

    /// Whether points that were read as decimal ones may stand between thousands: `999`, `1.250`,
    /// `12.000`. Programs that write fractions drop the last zero, or write it everywhere.
    fn may_be_thousands(&self) -> bool {
        self.pointed == 0 && self.grouped >= 5 && self.bare > 0
    }

    /// Returns how the column is read where its values are categories, whatever they look like.
    #[must_use]
    pub fn text_reading(&self) -> ColumnReading {
        ColumnReading {
            signs_are_values: self.has_other_signs,
            ..ColumnReading::default()
        }
    }

    /// Returns how the column is read beside another one of the same meaning, whose word counts
    /// where these values don't tell: as numbers or texts, and with which decimal mark. None where
    /// the other is of numbers and most of these values are none.
    #[must_use]
    pub fn reading_beside(&self, other: &ColumnReading) -> Option<ColumnReading> {
        if !other.is_number {
            return Some(other.clone());
        }
        let values = self.plain + self.all_spelled + self.others;
        let (by_point, by_comma) = (self.numbers_by(0), self.numbers_by(1));
        let is_comma = match by_comma.0.cmp(&by_point.0) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Equal => other.decimal == DecimalMark::Comma,
        };
        let (numbers, unit) = if is_comma { by_comma } else { by_point };
        let mark = usize::from(is_comma);
        let was_spelled = self.spelled.values().any(|count| count[mark] > 0);
        let reading = ColumnReading {
            is_number: true,
            decimal: if is_comma {
                DecimalMark::Comma
            } else {
                DecimalMark::Point
            },
            unit: unit.map(str::to_owned),
            is_ambiguous: was_spelled
                && self.only == [0, 0]
                && self.pointed == 0
                && other.decimal == DecimalMark::Point
                && other.example.is_none(),
            example: self.example[mark].clone().filter(|_| was_spelled),
            signs_are_values: false,
        };
        (values == 0 || numbers * 2 > values).then_some(reading)
    }
}

/// Whether a plain number may be one with a point between thousands: `1.234`.
#[must_use]
pub fn is_grouped(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let digits = text
        .strip_prefix(b"-")
        .or(text.strip_prefix(b"+"))
        .unwrap_or(text);
    let is_digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    match digits.split_at_checked(digits.len().saturating_sub(4)) {
        Some((first, [b'.', last @ ..])) => {
            (1..=3).contains(&first.len())
                && is_digits(first)
                && is_digits(last)
                && first[0] != b'0'
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(values: &[(&str, u64)]) -> ColumnTally {
        let mut tally = ColumnTally::default();
        for (text, count) in values {
            tally.add(text.as_bytes(), *count);
        }
        tally
    }

    fn reading(values: &[(&str, u64)]) -> ColumnReading {
        tally(values).reading()
    }

    #[test]
    fn one_cell_does_not_decide() {
        for stray in ["unknown", "?", "12 kg", "#DIV/0!"] {
            let reading = reading(&[("1.5", 9_000), ("2", 6_000), (stray, 1)]);
            assert!(reading.is_number, "{stray}");
        }
        let few = reading(&[("1.5", 9_000), ("2", 6_000), ("unknown", 1)]);
        assert_eq!(few.meaning(b"unknown"), Meaning::Unparsable);
        assert_eq!(few.meaning(b"?"), Meaning::Missing(MissingKind::Mark));
        // Nor does one number make texts numbers.
        assert!(!reading(&[("a", 90), ("b", 60), ("7", 1)]).is_number);
    }

    #[test]
    fn a_remark_in_a_tenth_of_measurements_is_a_remark() {
        assert!(reading(&[("1.5", 50), ("2.25", 40), ("unknown", 10)]).is_number);
        // Codes among codes are categories: zones 1 to 3 and A.
        assert!(!reading(&[("1", 40), ("2", 30), ("3", 20), ("A", 10)]).is_number);
        assert!(!reading(&[("a", 3), ("b", 3), ("123", 1), ("4.5", 1)]).is_number);
    }

    #[test]
    fn whole_numbers_that_doubles_would_join_are_codes_where_they_are_half() {
        let (code, next) = ("716277643516076033", "716277643516076034");
        let codes = tally(&[(code, 5), (next, 4), ("12", 3)]);
        assert!(!codes.reading().is_number);
        // Unsigned columns of Parquet: 2^64 - 1 and 2^63 are two doubles, so amounts.
        let amounts = reading(&[("18446744073709551615", 1), ("9223372036854775808", 1)]);
        assert!(amounts.is_number);
        assert_eq!(codes.reading().meaning(code.as_bytes()), Meaning::Text);
        // Beside a column of numbers they are numbers, and so are a few among others.
        let number = reading(&[("1.5", 9), ("2", 6)]);
        let beside = codes.reading_beside(&number);
        assert!(beside.is_some_and(|beside| beside.is_number));
        assert!(reading(&[("1.5", 9), ("2", 6), (code, 2)]).is_number);
    }

    #[test]
    fn decimal_commas_are_read_where_the_column_agrees() {
        let german = reading(&[("1.234,50", 5), ("999,00", 5), ("12", 3), ("1.234", 2)]);
        assert!(german.is_number && german.decimal == DecimalMark::Comma && !german.is_ambiguous);
        assert_eq!(german.meaning(b"1.234"), Meaning::Number(1234.0));
        assert_eq!(german.meaning(b"12.5"), Meaning::Unparsable);
        let english = reading(&[("1,234.50", 5), ("999.00", 5), ("12", 3), ("1,234", 2)]);
        assert_eq!(english.decimal, DecimalMark::Point);
        assert_eq!(english.meaning(b"1,234"), Meaning::Number(1234.0));
        assert_eq!(english.meaning(b"12,5"), Meaning::Unparsable);
        // Nothing tells: thousands, and it is said.
        let either = reading(&[("1,234", 5), ("12,345", 5), ("999", 3)]);
        assert!(either.is_ambiguous && either.meaning(b"1,234") == Meaning::Number(1234.0));
        // Points between thousands are not told from decimal ones: that is said.
        let thousands = ["1.250", "12.000", "2.500", "3.750", "9.999", "999"].map(|text| (text, 5));
        assert!(reading(&thousands).is_ambiguous);
        // As `%.3f` writes: every one has a fraction.
        assert!(!reading(&thousands[..5]).is_ambiguous);
        // A stray `12,5` among numbers with points is not thousands, and not read in silence.
        let stray = reading(&[("12.5", 500), ("7.25", 400), ("12,5", 1)]);
        assert_eq!(stray.meaning(b"12,5"), Meaning::Unparsable);
    }

    #[test]
    fn units_go_with_the_numbers_and_two_of_them_do_not() {
        let percent = reading(&[("12.5%", 5), ("7 %", 5), ("0", 1)]);
        assert_eq!(percent.unit.as_deref(), Some("%"));
        assert_eq!(percent.meaning(b"12.5%"), Meaning::Number(12.5));
        assert_eq!(
            percent.spelling().as_deref(),
            Some("a decimal point and a percent sign")
        );
        assert!(!reading(&[("$ 12", 5), ("\u{20ac} 12", 5)]).is_number);
        let mostly = reading(&[("$12", 99), ("\u{20ac}12", 1)]);
        assert_eq!(mostly.meaning("\u{20ac}12".as_bytes()), Meaning::Unparsable);
    }

    #[test]
    fn signs_are_marks_unless_signs_are_values() {
        let flag = reading(&[("Yes", 5), ("-", 5)]);
        assert_eq!(flag.meaning(b"-"), Meaning::Missing(MissingKind::Mark));
        let rhesus = reading(&[("+", 5), ("-", 5)]);
        assert_eq!(rhesus.meaning(b"-"), Meaning::Text);
        // "none" is a category among texts, and a mark among numbers.
        assert_eq!(flag.meaning(b"none"), Meaning::Text);
        let number = reading(&[("1.5", 5)]);
        assert_eq!(number.meaning(b"none"), Meaning::Missing(MissingKind::Mark));
    }

    #[test]
    fn dates_are_dates_though_one_is_none() {
        assert!(tally(&[("2026-01-31", 99), ("soon", 1)]).are_dates());
        assert!(!tally(&[("2026-01-31", 5), ("soon", 5)]).are_dates());
        assert!(!tally(&[]).are_dates());
    }

    #[test]
    fn the_other_side_counts_where_the_values_do_not_tell() {
        let baseline = reading(&[("12,5", 5), ("7,25", 5)]);
        let either = tally(&[("1,234", 9), ("12,345", 9)]);
        let beside = either.reading_beside(&baseline).expect("numbers");
        assert_eq!(beside.meaning(b"1,234"), Meaning::Number(1.234));
        // Evidence of its own counts more.
        let english = tally(&[("12.5", 9), ("7.25", 9)]);
        let beside = english.reading_beside(&baseline).expect("numbers");
        assert_eq!(beside.meaning(b"12.5"), Meaning::Number(12.5));
        // A fiftieth of text is unparsable, all of it is another type.
        let plain = reading(&[("1.5", 5)]);
        assert!(
            tally(&[("1.5", 98), ("x", 2)])
                .reading_beside(&plain)
                .is_some()
        );
        assert!(
            tally(&[("x", 50), ("y", 50)])
                .reading_beside(&plain)
                .is_none()
        );
    }
}
