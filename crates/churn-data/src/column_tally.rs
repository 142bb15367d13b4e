//! What the values of a column say of it: numbers or texts, and how the numbers are written. A
//! column is what nearly all of its values are, so one cell decides nothing.
//!
//! The decision is a function of the distinct values and their counts: not of their order, nor of
//! the machines that counted them. Profiles, training and scoring all ask here.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::canonical::canonical_to_count;
use super::column_reading::ColumnReading;
use super::columns::write_number;
use super::dates::is_date;
use super::identifier::named_like_an_id;
use super::loose_numbers::LooseNumbers;
use super::missing::{DoubtfulMark, doubtful_mark, is_all_signs};
use super::spelled::{DecimalMark, MarkEvidence, Spelled, is_grouped, spelled};
use super::value::{LARGEST_EXACT, Value, classify};

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
/// One part in so many of the cells that are read either way must prove a decimal mark: a stray cell
/// proves nothing of them.
const PARTS_OF_PROOF: u64 = 20;
/// So many cells prove it that could not be strays: `0,567` where others are `1,234`.
const CELLS_OF_PROOF: u64 = 3;

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
    /// All of them, and what they tell of the decimal mark.
    all_spelled: u64,
    evidence: [u64; MarkEvidence::COUNT],
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
    /// Numbers with something around them that is not a known unit, and the first few texts.
    loose: LooseNumbers,
    loose_texts: HashSet<Vec<u8>>,
    is_named_id: bool,
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

    /// Adds distinct numbers that are their doubles alone, as [`unambiguous_number`](super::unambiguous_number)
    /// tells.
    pub fn add_unambiguous(&mut self, numbers: &[(f64, u64)]) {
        let mut text = Vec::new();
        for &(number, count) in numbers {
            self.plain += count;
            self.add_distinct(number);
            let is_whole = number.fract() == 0.0;
            let has_point = if number != 0.0 && !(1e-5..=LARGEST_EXACT).contains(&number.abs()) {
                // With an exponent.
                text.clear();
                write_number(number, &mut text);
                text.contains(&b'.')
            } else {
                !is_whole
            };
            if has_point {
                self.has_fractions = true;
                self.pointed += count;
            } else {
                self.bare += count;
            }
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

    /// Tells how the column is called: what is named like an identifier is one, though its values
    /// might be numbers with a unit.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.is_named_id = named_like_an_id(name);
        self
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
        match spelled(text) {
            Some(spelled) if spelled.is_known() => self.add_spelled(&spelled, text, count),
            // `Jan 2026`
            Some(spelled) if !is_date(text) => {
                self.loose.add(text, &spelled, count);
                keep_few(&mut self.loose_texts, text);
            }
            _ => {
                self.has_other_signs |= is_all_signs(text);
                self.others += count;
                if is_date(text) {
                    self.dates += count;
                }
                keep_few(&mut self.other_texts, text);
            }
        }
    }

    fn add_spelled(&mut self, spelled: &Spelled<'_>, text: &[u8], count: u64) {
        self.all_spelled += count;
        let by = [spelled.point, spelled.comma];
        self.add_distinct(by.into_iter().flatten().next().unwrap_or(0.0));
        let unit = spelled.unit.as_deref().unwrap_or_default();
        let known = match self.spelled.get_mut(unit) {
            Some(known) => known,
            None => self.spelled.entry(unit.to_owned()).or_default(),
        };
        let evidence = spelled.evidence(text);
        self.evidence[evidence.index()] += count;
        for mark in 0..2 {
            if by[mark].is_none() {
                continue;
            }
            known[mark] += count;
            if by[1 - mark].is_none() {
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
        for (mine, theirs) in self.example.iter_mut().zip(examples) {
            *mine = match (mine.take(), theirs) {
                (Some(mine), Some(theirs)) => Some(mine.min(theirs.clone())),
                (mine, theirs) => mine.or_else(|| theirs.clone()),
            };
        }
    }

    /// Adds what spelled numbers that are known by their counts alone tell of the decimal mark.
    pub fn add_evidence(&mut self, evidence: [u64; MarkEvidence::COUNT]) {
        for (own, other) in self.evidence.iter_mut().zip(evidence) {
            *own += other;
        }
    }

    /// As [`ColumnTally::add_spellings`], of numbers whose unit is not a known one.
    pub fn add_loose(
        &mut self,
        unit: &str,
        counts: [u64; 3],
        evidence: [u64; MarkEvidence::COUNT],
        examples: &[Option<String>; 2],
    ) {
        self.loose.add_many(unit, counts, evidence, examples);
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
        self.add_evidence(other.evidence);
        for (mine, theirs) in self.example.iter_mut().zip(other.example) {
            *mine = match (mine.take(), theirs) {
                (Some(mine), Some(theirs)) => Some(mine.min(theirs)),
                (mine, theirs) => mine.or(theirs),
            };
        }
        self.loose.merge(other.loose);
        self.signs += other.signs;
        self.words += other.words;
        self.has_other_signs |= other.has_other_signs;
        self.others += other.others;
        self.dates += other.dates;
        for text in other.other_texts {
            keep_few(&mut self.other_texts, &text);
        }
        for text in other.loose_texts {
            keep_few(&mut self.loose_texts, &text);
        }
    }

    /// Returns whether any number was written otherwise than programs write it.
    #[must_use]
    pub fn has_spelled(&self) -> bool {
        self.all_spelled + self.loose.count > 0
    }

    /// Returns whether nearly all values are dates.
    #[must_use]
    pub fn are_dates(&self) -> bool {
        self.dates > 0 && self.dates * 100 >= NEARLY_ALL * self.values()
    }

    fn values(&self) -> u64 {
        self.plain + self.all_spelled + self.loose.count + self.others
    }

    /// Returns the units that are not known ones and still make numbers.
    fn loose_units(&self) -> Vec<&str> {
        let are_many = (self.numbers.len() + self.loose.numbers.len()) as u64 > FEW_CODES;
        let all = self.values();
        self.loose.own_units(self.is_named_id, are_many, all)
    }

    /// Returns the numbers that a decimal mark reads, with these units beside the known ones.
    fn numbers_by(&self, mark: usize, loose: &[&str]) -> u64 {
        let plain = match mark {
            0 => self.plain,
            _ => self.plain.saturating_sub(self.pointed),
        };
        let known: u64 = self.spelled.values().map(|count| count[mark]).sum();
        let units = loose.iter().filter_map(|unit| self.loose.units.get(*unit));
        plain + known + units.map(|unit| unit.by[mark]).sum::<u64>()
    }

    /// Returns what the values tell of the decimal mark.
    fn mark(&self, loose: &[&str]) -> Mark {
        let mut evidence = self.evidence;
        if !loose.is_empty() {
            let more = self.loose.evidence;
            evidence
                .iter_mut()
                .zip(more)
                .for_each(|(own, more)| *own += more);
        }
        let of = |evidence_of: MarkEvidence| evidence[evidence_of.index()];
        let (free, three) = (of(MarkEvidence::Comma), of(MarkEvidence::CommaThree));
        let (comma, point) = (free + three, of(MarkEvidence::Point) + self.pointed);
        let either_point = of(MarkEvidence::EitherPoint) + self.grouped;
        let either = of(MarkEvidence::EitherComma) + either_point;
        let is_enough = |proof: u64| proof * PARTS_OF_PROOF >= proof + either;
        // Numbers below a thousand have no comma where it stands between thousands.
        let bare = self.bare + of(MarkEvidence::Neutral);
        let have_three = three >= CELLS_OF_PROOF
            && free <= three
            && bare * PARTS_OF_PROOF <= bare + either + comma;
        // `1.234` beside `12,5`: where points stand between thousands, commas are rare in whole numbers.
        let have_points = comma >= CELLS_OF_PROOF
            && of(MarkEvidence::EitherComma) * PARTS_OF_PROOF <= either
            && comma * 100 >= either;
        if comma > point && (is_enough(comma) || have_three || have_points) {
            return Mark {
                decimal: DecimalMark::Comma,
                is_proven: true,
                contrary: comma,
                either,
            };
        }
        Mark {
            decimal: DecimalMark::Point,
            is_proven: either == 0 || point >= CELLS_OF_PROOF || is_enough(point),
            contrary: point,
            either,
        }
    }

    /// Returns how the column is read.
    #[must_use]
    pub fn reading(&self) -> ColumnReading {
        let loose = self.loose_units();
        let mark = self.mark(&loose);
        let numbers = self.numbers_by(mark.index(), &loose);
        let nearly_all = numbers * 100 >= NEARLY_ALL * self.values();
        let are_measured = self.has_fractions || self.has_many_numbers() || !loose.is_empty();
        let words = self.other_texts.len()
            + if loose.is_empty() {
                self.loose_texts.len()
            } else {
                0
            };
        let with_remarks = numbers * 2 > self.values() && are_measured && words as u64 <= FEW_WORDS;
        // A few whole numbers beyond 2^53 among others are amounts, and so are those that differ in
        // nearly every row. Where they are half, and repeat or doubles would join them, they are codes.
        let repeat = 2 * self.big_by_double.len() as u64 <= self.big;
        let are_codes = self.big > 0 && (self.are_joined || repeat) && 2 * self.big >= numbers;
        let is_number = numbers > 0 && (nearly_all || with_remarks) && !are_codes;
        if !is_number {
            return self.text_reading();
        }
        self.read_by(mark.decimal, &loose, !mark.is_proven)
    }

    /// Returns the reading as numbers with a decimal mark and these units beside the known ones.
    fn read_by(&self, decimal: DecimalMark, loose: &[&str], is_assumed: bool) -> ColumnReading {
        let mark = usize::from(decimal == DecimalMark::Comma);
        let mut units = BTreeMap::new();
        let known = self
            .spelled
            .iter()
            .map(|(unit, count)| (unit.as_str(), count[mark]));
        let own = loose.iter().copied().map(|unit| {
            let count = self.loose.units.get(unit).map_or(0, |unit| unit.by[mark]);
            (unit, count)
        });
        for (unit, count) in known.chain(own) {
            // What is known to be a unit stays one, though this side has none of it.
            if !unit.is_empty() && (count > 0 || loose.contains(&unit)) {
                units.insert(unit.to_owned(), count);
            }
        }
        let of_loose = loose.iter().filter_map(|unit| {
            let unit = self.loose.units.get(*unit)?;
            unit.example[mark].as_ref()
        });
        let known_example = self.example[mark].as_ref();
        let was_spelled = self.spelled.values().any(|count| count[mark] > 0);
        let example = known_example
            .filter(|_| was_spelled)
            .or(of_loose.min())
            .cloned();
        let with_unit: u64 = units.values().sum();
        ColumnReading {
            is_number: true,
            decimal,
            unitless: self.numbers_by(mark, loose).saturating_sub(with_unit),
            units,
            is_whole: !self.has_fractions && self.grouped == 0 && example.is_none(),
            is_bound: false,
            is_ambiguous: match example {
                Some(_) => is_assumed,
                None => decimal == DecimalMark::Point && self.may_be_thousands(self.bare > 0),
            },
            example,
            signs_are_values: false,
        }
    }

    /// Returns how the column is read as one of numbers with this decimal mark.
    #[must_use]
    pub fn reading_marked(&self, decimal: DecimalMark) -> ColumnReading {
        self.read_by(decimal, &self.loose_units(), false)
    }

    /// Returns whether the values are numbers with fractions, however they are spelled.
    #[must_use]
    pub fn are_fractions(&self) -> bool {
        self.has_fractions && self.reading().is_number
    }

    /// Whether points that were read as decimal ones may stand between thousands: `999`, `1.250`,
    /// `12.000`. Programs that write fractions drop the last zero, or write it everywhere.
    /// So there must be others beside them, here or in a column of the same meaning.
    const fn may_be_thousands(&self, are_beside_whole: bool) -> bool {
        self.pointed == 0 && self.grouped >= 5 && are_beside_whole
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
    /// where these values don't tell: as numbers or texts, with which decimal mark, and with which
    /// units. What the other one's values have proved binds these where nearly all of them can be
    /// read so. None where the other is of numbers and most of these values are none.
    #[must_use]
    pub fn reading_beside(&self, other: &ColumnReading) -> Option<ColumnReading> {
        if !other.is_number {
            return Some(other.clone());
        }
        let mut loose = self.loose_units();
        for unit in other.units.keys() {
            let is_known = self.spelled.contains_key(unit);
            if !is_known && self.loose.units.contains_key(unit) && !loose.contains(&&**unit) {
                loose.push(unit);
            }
        }
        let own = self.mark(&loose);
        let decimal = self.mark_beside(&own, other, &loose);
        let mark = usize::from(decimal == DecimalMark::Comma);
        let is_assumed = !own.is_proven && (other.is_ambiguous || other.example.is_none());
        let mut reading = self.read_by(decimal, &loose, is_assumed);
        let is_plain = reading.example.is_none() && decimal == DecimalMark::Point;
        reading.is_ambiguous |= is_plain && other.is_whole && self.may_be_thousands(true);
        reading.is_bound = !own.is_proven && !reading.is_ambiguous && !is_plain;
        let numbers = self.numbers_by(mark, &loose);
        (self.values() == 0 || numbers * 2 > self.values()).then_some(reading)
    }

    /// Returns the decimal mark beside another column.
    fn mark_beside(&self, own: &Mark, other: &ColumnReading, loose: &[&str]) -> DecimalMark {
        if own.decimal == other.decimal || !own.is_proven {
            return other.decimal;
        }
        let mark = usize::from(other.decimal == DecimalMark::Comma);
        let nearly_all = self.numbers_by(mark, loose) * 100 >= NEARLY_ALL * self.values();
        let is_bound = other.example.is_some()
            && !other.is_ambiguous
            && nearly_all
            // Few cells say otherwise, if any; where none could be read either way, they are all.
            && own.contrary * PARTS_OF_PROOF < own.contrary + own.either.max(1);
        if is_bound { other.decimal } else { own.decimal }
    }
}

/// What values tell of the decimal mark.
#[derive(Debug, Clone, Copy)]
struct Mark {
    decimal: DecimalMark,
    /// They do tell; else it is assumed.
    is_proven: bool,
    /// Numbers that the other mark can't read, and those that either reads, otherwise.
    contrary: u64,
    either: u64,
}

impl Mark {
    fn index(self) -> usize {
        usize::from(self.decimal == DecimalMark::Comma)
    }
}

/// Keeps the first few distinct texts.
fn keep_few(texts: &mut HashSet<Vec<u8>>, text: &[u8]) {
    if texts.len() as u64 <= FEW_WORDS && !texts.contains(text) {
        texts.insert(text.to_vec());
    }
}
#[cfg(test)]
mod tests;
