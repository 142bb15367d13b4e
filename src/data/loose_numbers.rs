//! Texts of a column that are a number with something around it that is not a known unit: `12 km`,
//! `RM 5`, `Ticket 4711`. Whether they are amounts or the names of things, all of them tell.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::affix::Affix;
use super::spelled::{MarkEvidence, Spelled};

/// Of a hundred texts, so many distinct ones are those of an identifier.
const NEARLY_ALL: f64 = 0.95;
/// Fewer may all differ by chance.
const FEWEST_ROWS: u64 = 50;
/// One part in so many makes a unit one of a column's.
const PARTS_OF_UNIT: u64 = 20;
/// Most units that a column of numbers has; beyond, it is prose.
const MOST_UNITS: usize = 5;
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
        let unit = self.units.entry(name.to_owned()).or_default();
        unit.merge(OfUnit {
            by: [point + both, comma + both],
            count: point + comma + both,
            example: examples.clone(),
        });
    }

    /// Returns whether a unit goes with fewer than a tenth of them.
    pub(super) fn is_rare(&self, unit: &str) -> bool {
        let count = self.units.get(unit).map_or(0, |unit| unit.count);
        count * PARTS_OF_UNIT < 2 * self.count
    }

    fn add_digits(&mut self, least: u8, largest: u8) {
        let (known_least, known_largest) = self.digits.unwrap_or((least, largest));
        self.digits = Some((known_least.min(least), known_largest.max(largest)));
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.labels += other.labels;
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

    /// Returns the units that make these numbers; none if they are no numbers.
    pub(super) fn own_units(&self, is_named_id: bool, are_many: bool) -> Vec<&str> {
        if self.count == 0 || !are_many || self.units.len() > self.count as usize / 2 {
            return Vec::new();
        }
        let fractions = self.count - self.evidence[MarkEvidence::Neutral.index()];
        if is_named_id && fractions * 2 < self.count {
            return Vec::new();
        }
        let are_labels = self.labels * 2 > self.count;
        // Seats and blocks have several letters: `12A`, `14C`.
        if are_labels && (is_named_id || self.units.len() > 1 || self.name_things()) {
            return Vec::new();
        }
        // Few units are all taken: whether one has a twentieth is a matter of chance.
        let are_few = self.units.len() <= MOST_UNITS;
        let mut units: Vec<(&str, u64)> = self
            .units
            .iter()
            .filter(|(_, unit)| are_few || unit.count * PARTS_OF_UNIT >= self.count)
            .map(|(name, unit)| (name.as_str(), unit.count))
            .collect();
        units.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        units.truncate(MOST_UNITS);
        units.into_iter().map(|(name, _)| name).collect()
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
