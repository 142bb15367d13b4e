//! Numbers as people spell them (`1.234,50`, `12.5 %`), for columns with too many distinct ones to
//! keep: a grid for each reading, for only all of a column's values tell which one is meant.

use std::collections::BTreeMap;

use churn_data::{ColumnTally, MarkEvidence, Spelled};
use serde::{Deserialize, Serialize};

use super::grid::{Grid, StoredGrid};
use super::scale::Scale;

/// What was counted of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Spellings {
    /// Read with a decimal point, and with a decimal comma.
    grids: [Option<Box<Grid>>; 2],
    /// By unit: texts that a point reads alone, a comma alone, and both do.
    units: BTreeMap<String, [u64; 3]>,
    /// What they tell of the decimal mark.
    evidence: [u64; MarkEvidence::COUNT],
    /// The least text that a point reads, and a comma.
    examples: [Option<String>; 2],
    /// There were more units than numbers have: it is prose, and nothing is kept of it.
    is_prose: bool,
}

/// Most units that are kept.
const MOST_UNITS: usize = 200;

/// The same as it stands in a profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredSpellings {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    point: Option<StoredGrid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    comma: Option<StoredGrid>,
    units: BTreeMap<String, [u64; 3]>,
    /// An older version has none: then the units tell, as far as they can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    evidence: Option<[u64; MarkEvidence::COUNT]>,
    examples: [Option<String>; 2],
}

impl Spellings {
    /// Counts a text that was read.
    pub(super) fn add(&mut self, text: &[u8], read: &Spelled<'_>, count: u64, cuts: &[f64]) {
        if self.is_prose {
            return;
        }
        self.evidence[read.evidence(text).index()] += count;
        let numbers = [read.point, read.comma];
        for (at, number) in numbers.iter().enumerate() {
            let Some(number) = number else { continue };
            let grid = self.grids[at]
                .get_or_insert_with(|| Box::new(Grid::new(Scale::Plain, cuts.to_vec())));
            grid.add_times(*number + 0.0, count);
            let example = &mut self.examples[at];
            if example.as_ref().is_none_or(|known| text < known.as_bytes()) {
                *example = Some(String::from_utf8_lossy(text).into_owned());
            }
        }
        let unit = read.unit.as_deref().unwrap_or_default();
        if !self.units.contains_key(unit) {
            self.units.insert(unit.to_owned(), [0; 3]);
        }
        let which = match numbers {
            [Some(_), None] => 0,
            [None, _] => 1,
            [Some(_), Some(_)] => 2,
        };
        if let Some(counts) = self.units.get_mut(unit) {
            counts[which] += count;
        }
        self.limit();
    }

    /// Forgets everything if there are too many units: the same whatever the order.
    fn limit(&mut self) {
        if self.is_prose || self.units.len() > MOST_UNITS {
            *self = Self {
                is_prose: true,
                ..Self::default()
            };
        }
    }

    pub(super) fn grids_mut(&mut self) -> impl Iterator<Item = &mut Grid> {
        self.grids.iter_mut().flatten().map(|grid| &mut **grid)
    }

    /// Adds all that another one has counted.
    pub(super) fn merge(&mut self, other: Self) {
        self.is_prose |= other.is_prose;
        for (mine, theirs) in self.evidence.iter_mut().zip(other.evidence) {
            *mine += theirs;
        }
        for (mine, theirs) in self.grids.iter_mut().zip(other.grids) {
            match (mine.as_mut(), theirs) {
                (Some(mine), Some(theirs)) => mine.merge(*theirs),
                (None, theirs) => *mine = theirs,
                (Some(_), None) => {}
            }
        }
        for (unit, counts) in other.units {
            let own = self.units.entry(unit).or_default();
            own.iter_mut()
                .zip(counts)
                .for_each(|(own, count)| *own += count);
        }
        for (mine, theirs) in self.examples.iter_mut().zip(other.examples) {
            *mine = match (mine.take(), theirs) {
                (Some(mine), Some(theirs)) => Some(mine.min(theirs)),
                (mine, theirs) => mine.or(theirs),
            };
        }
        self.limit();
    }

    pub(super) fn store(&mut self) -> StoredSpellings {
        let [point, comma] = &mut self.grids;
        let store = |grid: &mut Option<Box<Grid>>| grid.as_mut().map(|grid| grid.store());
        StoredSpellings {
            point: store(point),
            comma: store(comma),
            units: self.units.clone(),
            evidence: Some(self.evidence),
            examples: self.examples.clone(),
        }
    }

    /// Reads back what [`store`](Self::store) wrote; `None` if it is not of that form.
    pub(super) fn from_stored(stored: &StoredSpellings) -> Option<Self> {
        let mut grids = [None, None];
        for (at, stored_grid) in [&stored.point, &stored.comma].into_iter().enumerate() {
            if let Some(grid) = stored_grid {
                grids[at] = Some(Box::new(Grid::from_stored(grid)?));
            }
        }
        let both = |at: usize| {
            let mut counts = stored
                .units
                .values()
                .map(|counts| counts[at].checked_add(counts[2]));
            counts.try_fold(0_u64, |sum, count| sum.checked_add(count?))
        };
        let counted = |grid: &Option<Box<Grid>>| grid.as_ref().map_or(0, |grid| grid.count());
        let sane = (0..2).all(|at| both(at) == Some(counted(&grids[at])));
        sane.then(|| Self {
            grids,
            units: stored.units.clone(),
            evidence: stored.evidence(),
            examples: stored.examples.clone(),
            is_prose: stored.units.is_empty(),
        })
    }

    /// Returns the numbers of a reading: 0 for the point, 1 for the comma.
    pub(super) fn into_grid(self, mark: usize) -> Option<Grid> {
        let mut grids = self.grids.into_iter();
        grids.nth(mark).flatten().map(|grid| *grid)
    }
}

impl StoredSpellings {
    /// Returns how many texts there are; `None` if they overflow.
    pub(super) fn count(&self) -> Option<u64> {
        let mut counts = self.units.values().flatten();
        counts.try_fold(0_u64, |sum, &count| sum.checked_add(count))
    }

    /// Returns the texts that a reading can't read.
    pub(super) fn unread(&self, mark: usize) -> u64 {
        self.units
            .values()
            .map(|counts| counts[1 - mark.min(1)])
            .sum()
    }

    /// Tells of the texts.
    pub(super) fn add_to(&self, tally: &mut ColumnTally) {
        for (unit, counts) in &self.units {
            tally.add_spellings(unit, *counts, &self.examples);
        }
        tally.add_evidence(self.evidence());
    }

    /// Tells of texts whose units are not known ones.
    pub(super) fn add_loose_to(&self, tally: &mut ColumnTally) {
        // What they tell of the decimal mark is told once, with the first.
        let mut evidence = self.evidence();
        for (unit, counts) in &self.units {
            let own = std::mem::take(&mut evidence);
            tally.add_loose(unit, *counts, own, &self.examples);
        }
    }

    fn evidence(&self) -> [u64; MarkEvidence::COUNT] {
        self.evidence.unwrap_or_else(|| {
            let mut evidence = [0; MarkEvidence::COUNT];
            for [point, comma, both] in self.units.values() {
                evidence[MarkEvidence::Point.index()] += point;
                evidence[MarkEvidence::Comma.index()] += comma;
                evidence[MarkEvidence::Neutral.index()] += both;
            }
            evidence
        })
    }
}
