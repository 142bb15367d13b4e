//! Texts of a column that are a number with something around it that is not a known unit: `12 km`,
//! `RM 5`, `Ticket 4711`. Whether they are amounts or the names of things, all of them tell.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::affix::Affix;
use super::measures::UnitKind;
use super::spelled::{MarkEvidence, Spelled};

/// Of a hundred texts, so many distinct ones are those of an identifier.
const NEARLY_ALL: f64 = 0.95;
/// One part in so many of a column are more than stray cells.
const PARTS_OF_SOME: u64 = 100;
/// Fewer may all differ by chance.
const FEWEST_ROWS: u64 = 50;
/// So many distinct ones, or one part in so many of the rows, are more than versions or plans have.
const MANY: u64 = 200;
const PARTS_OF_MANY: u64 = 10;
/// Numbers of one digit and of so many more are of different magnitudes.
const SPREAD: u8 = 2;
/// Most distinct numbers of which it is said how many they are.
pub(super) const FEW: usize = 20;
/// Labels of as many digits each are codes.
const DIGITS_OF_CODES: u8 = 4;
/// Hashes of distinct texts that are kept.
const MOST_HASHES: usize = 1 << 14;

/// The numbers of one unit.
#[derive(Debug, Clone, Default)]
pub(super) struct OfUnit {
    /// Those that a point reads, and a comma.
    pub(super) by: [u64; 2],
    count: u64,
    /// The least text by each reading.
    pub(super) example: [Option<String>; 2],
}

/// All of them.
#[derive(Debug, Clone, Default)]
pub(super) struct LooseNumbers {
    pub(super) units: BTreeMap<String, OfUnit>,
    pub(super) count: u64,
    pub(super) evidence: [u64; MarkEvidence::COUNT],
    labels: u64,
    /// The least and the largest count of digits.
    digits: Option<(u8, u8)>,
    /// The first few distinct numbers.
    pub(super) numbers: HashSet<u64>,
    distinct: Distinct,
    /// There were too many distinct ones to keep.
    were_many: bool,
}

impl LooseNumbers {
    /// Adds a text.
    pub(super) fn add(&mut self, text: &[u8], spelled: &Spelled<'_>, count: u64) {
        self.count += count;
        self.evidence[spelled.evidence(text).index()] += count;
        let by = [spelled.point, spelled.comma];
        let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
        self.add_digits(digits as u8, digits as u8);
        if spelled.affix == Affix::Label {
            self.labels += count;
        }
        if self.numbers.len() <= FEW
            && let Some(number) = by.into_iter().flatten().next()
        {
            self.numbers.insert(number.to_bits());
        }
        self.distinct.add(text);
        let name = spelled.unit.as_deref().unwrap_or_default();
        let unit = match self.units.get_mut(name) {
            Some(unit) => unit,
            None => self.units.entry(name.to_owned()).or_default(),
        };
        unit.count += count;
        for (mark, number) in by.iter().enumerate() {
            if number.is_none() {
                continue;
            }
            unit.by[mark] += count;
            let example = &mut unit.example[mark];
            let is_less = |known: &String| text < known.as_bytes();
            if example.as_ref().is_none_or(is_less) {
                *example = Some(String::from_utf8_lossy(text).trim().to_owned());
            }
        }
    }

    /// Adds many that are known by their counts alone: those that a point reads alone, a comma alone,
    /// and both do. All of them are written as quantities are.
    pub(super) fn add_many(
        &mut self,
        name: &str,
        counts: [u64; 3],
        evidence: [u64; MarkEvidence::COUNT],
        examples: &[Option<String>; 2],
    ) {
        let [point, comma, both] = counts;
        self.count += point + comma + both;
        for (own, other) in self.evidence.iter_mut().zip(evidence) {
            *own += other;
        }
        self.numbers.extend(0..=FEW as u64);
        self.were_many = true;
        let unit = self.units.entry(name.to_owned()).or_default();
        unit.merge(OfUnit {
            by: [point + both, comma + both],
            count: point + comma + both,
            example: examples.clone(),
        });
    }

    fn add_digits(&mut self, least: u8, largest: u8) {
        let (known_least, known_largest) = self.digits.unwrap_or((least, largest));
        self.digits = Some((known_least.min(least), known_largest.max(largest)));
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.labels += other.labels;
        self.were_many |= other.were_many;
        for (own, theirs) in self.evidence.iter_mut().zip(other.evidence) {
            *own += theirs;
        }
        if let Some((least, largest)) = other.digits {
            self.add_digits(least, largest);
        }
        for number in other.numbers {
            if self.numbers.len() <= FEW {
                self.numbers.insert(number);
            }
        }
        self.distinct.merge(other.distinct);
        for (name, unit) in other.units {
            self.units.entry(name).or_default().merge(unit);
        }
    }

    /// Returns the units that make these numbers; none if they are not numbers. `are_many` says whether
    /// the column has more than a few distinct numbers, and `all` how many values it has, these and
    /// all others.
    pub(super) fn own_units(&self, is_named_id: bool, are_many: bool, all: u64) -> Vec<&str> {
        let most = self
            .units
            .iter()
            .max_by_key(|(_, unit)| unit.count)
            .map(|(name, _)| name.as_str());
        let Some(most) = most.filter(|_| are_many) else {
            return Vec::new();
        };
        let fractions = self.count - self.evidence[MarkEvidence::Neutral.index()];
        if is_named_id && fractions * 2 < self.count {
            return Vec::new();
        }
        let are_labels = self.labels * 2 > self.count;
        if are_labels && (is_named_id || self.name_things()) {
            return Vec::new();
        }
        let kind = UnitKind::of(most);
        let mut units = vec![most];
        if let UnitKind::Measure(dimension) = kind {
            // Several go together if they measure the same: nobody can tell the letters of seats from
            // units that they happen to be.
            let others = self.units.keys().map(String::as_str).filter(|unit| {
                let of = UnitKind::of(unit);
                *unit != most && (of == kind || of == UnitKind::Letter(dimension))
            });
            units.extend(others);
        }
        let counted = |unit: &&str| self.units.get(*unit).map_or(0, |unit| unit.count);
        let count: u64 = units.iter().map(counted).sum();
        let nearly_all = |all: u64| count as f64 >= NEARLY_ALL * all as f64;
        // A stray cell among plain numbers is a remark.
        let are_some = count * PARTS_OF_SOME >= all;
        let are_amounts = match kind {
            UnitKind::Measure(_) | UnitKind::Sign => nearly_all(self.count) && are_some,
            UnitKind::Letter(_) => nearly_all(all),
            UnitKind::Word { is_name } => nearly_all(all) && self.look_measured(is_name),
            UnitKind::Code => false,
        };
        if are_amounts { units } else { Vec::new() }
    }

    /// Whether numbers with a word that is not a known unit are amounts: many that have decimals or
    /// separators, or, if the word is not capitalized as names are, whole ones from units to hundreds.
    fn look_measured(&self, is_name: bool) -> bool {
        let fractions = self.count - self.evidence[MarkEvidence::Neutral.index()];
        let distinct = self.distinct.estimate();
        let are_many = self.were_many
            || distinct >= MANY as f64
            || distinct >= self.count as f64 / PARTS_OF_MANY as f64;
        let spread = self.digits.map_or(0, |(least, largest)| largest - least);
        fractions * 2 > self.count && are_many || !is_name && (spread >= SPREAD || self.were_many)
    }

    /// Whether words with whole numbers are names: another in nearly every row, or of as many digits
    /// each.
    fn name_things(&self) -> bool {
        let differ =
            self.count >= FEWEST_ROWS && self.distinct.estimate() >= NEARLY_ALL * self.count as f64;
        let are_codes = self
            .digits
            .is_some_and(|(least, largest)| least == largest && least >= DIGITS_OF_CODES);
        differ || are_codes
    }
}

impl OfUnit {
    fn merge(&mut self, other: Self) {
        self.count += other.count;
        for (own, theirs) in self.by.iter_mut().zip(other.by) {
            *own += theirs;
        }
        for (mine, theirs) in self.example.iter_mut().zip(other.example) {
            *mine = match (mine.take(), theirs) {
                (Some(mine), Some(theirs)) => Some(mine.min(theirs)),
                (mine, theirs) => mine.or(theirs),
            };
        }
    }
}

/// How many distinct texts there are, about, whoever counted them and in whatever order: those whose
/// hash ends in so many zeros are kept (Gibbons 2001, "Distinct sampling").
#[derive(Debug, Clone, Default)]
struct Distinct {
    zeros: u32,
    hashes: BTreeSet<u64>,
}

impl Distinct {
    fn add(&mut self, text: &[u8]) {
        // FNV-1a, its bits mixed once more: the last ones decide.
        let hash = text.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let hash = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.insert(hash ^ (hash >> 29));
    }

    fn insert(&mut self, hash: u64) {
        if hash.trailing_zeros() < self.zeros {
            return;
        }
        self.hashes.insert(hash);
        while self.hashes.len() > MOST_HASHES {
            self.zeros += 1;
            let zeros = self.zeros;
            self.hashes.retain(|hash| hash.trailing_zeros() >= zeros);
        }
    }

    fn merge(&mut self, other: Self) {
        if other.zeros > self.zeros {
            self.zeros = other.zeros;
            let zeros = self.zeros;
            self.hashes.retain(|hash| hash.trailing_zeros() >= zeros);
        }
        other.hashes.into_iter().for_each(|hash| self.insert(hash));
    }

    fn estimate(&self) -> f64 {
        self.hashes.len() as f64 * f64::from(self.zeros).exp2()
    }
}
