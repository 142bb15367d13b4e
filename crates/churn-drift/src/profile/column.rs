//! A column as it stands in a profile.

use std::collections::BTreeMap;

use churn_base::error::Place;
use churn_data::{MissingKind, Value};
use serde::{Deserialize, Serialize};

use super::counter::{ColumnCounter, HASHED_CATEGORIES, HashedTexts};
use super::distinct::DistinctSketch;
use super::distinct_values::DistinctValues;
use super::grid::{Grid, StoredGrid};
use super::scale::Scale;
use super::spellings::{Spellings, StoredSpellings};

/// The summary of one column: exact counts of distinct values where they are few, else counts
/// on a grid (numbers) or by hash (texts). Two summaries of parts make the summary of the whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Name in the header.
    pub name: String,
    /// The user said that its numbers are categories.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub categorical: bool,
    /// Missing values by kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) missing: BTreeMap<String, u64>,
    /// The distinct values, with their counts.
    #[serde(default, skip_serializing_if = "DistinctValues::is_empty")]
    pub(super) values: DistinctValues,
    /// The numbers, when more than 20,000 are distinct.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) grid: Option<StoredGrid>,
    /// Numbers on the grid that were written with leading zeros.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) leading_zeros: u64,
    /// Rows with a text that has blanks around it; it is counted without them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) padded: u64,
    /// The texts, when more than 100,000 are distinct.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) hashed: Option<StoredHashed>,
    /// Numbers as people spell them, such as `1.234,50`, when more than 20,000 are distinct.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) spellings: Option<StoredSpellings>,
    /// The first texts that are not plain numbers with their places, when the column was just read:
    /// one that is a number in no spelling, one that is in some.
    #[serde(skip)]
    pub(super) first_texts: Vec<(Place, String)>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Texts counted by hash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredHashed {
    pub(super) counts: Vec<u64>,
    pub(super) distinct: String,
    /// Whether all are dates: in layout 1, which has no counts of them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) all_dates: bool,
    /// Rows with a date.
    #[serde(default)]
    pub(super) dates: u64,
    /// Rows with a text of the form of an identifier; layout 1 has none.
    #[serde(default)]
    pub(super) codes: Option<u64>,
    /// Texts that are numbers if nearly all of them are, such as `12.5 km`; counted above, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) quantities: Option<StoredSpellings>,
}

impl StoredHashed {
    pub(super) fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    pub(super) fn dates(&self) -> u64 {
        if self.all_dates {
            self.count()
        } else {
            self.dates
        }
    }

    pub(super) fn codes(&self) -> u64 {
        self.codes.unwrap_or_else(|| self.count())
    }
}

/// Why a stored column cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ColumnError {
    /// A part of it is not of the form that is written.
    #[error("column \"{name}\": damaged {part}")]
    Damaged { name: String, part: &'static str },
    /// The counts don't add up to the rows.
    #[error("column \"{name}\": {found} values counted, but the profile has {rows} rows")]
    Rows { name: String, found: u64, rows: u64 },
}

impl Column {
    /// Returns whether the values that it has are no more than `rows` and add up.
    pub(crate) fn is_of_at_most(&self, rows: u64) -> bool {
        let own = self.rows().filter(|own| *own <= rows);
        own.is_some_and(|own| self.check(own).is_ok())
    }

    /// Returns whether its numbers are counted by cells.
    pub(crate) const fn is_by_cells(&self) -> bool {
        self.grid.is_some()
    }

    /// Returns a text that it has, if it has texts and not one number.
    pub(crate) fn text_without_numbers(&self) -> Option<&str> {
        let has_numbers =
            self.grid.is_some() || self.spellings.is_some() || !self.values.numbers().is_empty();
        self.values.first_text().filter(|_| !has_numbers)
    }

    pub(crate) fn from_counter(name: &str, mut counter: ColumnCounter) -> Self {
        let numbers = counter.take_numbers();
        let mut missing = counter.missing;
        // A map is made of sorted values in a fraction of the time that it takes to insert each.
        let mut values: Vec<(String, u64)> = Vec::new();
        counter.texts.each(|text, entry| match entry.value {
            Value::Missing(kind) => missing[kind.index()] += entry.count,
            Value::Number(_) | Value::BigInteger(_) | Value::Infinite | Value::Text => {
                let text = String::from_utf8_lossy(text).into_owned();
                values.push((text, entry.count));
            }
        });
        values.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        // Texts that are not UTF-8 may be one text now.
        values.dedup_by(|next, kept| {
            let is_same = next.0 == kept.0;
            kept.1 += if is_same { next.1 } else { 0 };
            is_same
        });
        Self {
            name: name.to_owned(),
            categorical: counter.categorical,
            missing: MissingKind::ALL
                .iter()
                .filter(|kind| missing[kind.index()] > 0)
                .map(|kind| (kind.as_str().to_owned(), missing[kind.index()]))
                .collect(),
            values: DistinctValues::with_numbers(numbers, values.into_iter().collect()),
            grid: counter.grid.as_mut().map(|grid| grid.store()),
            leading_zeros: counter.leading_zeros,
            padded: counter.texts.padded,
            hashed: counter.hashed.map(|hashed| StoredHashed {
                counts: hashed.counts,
                distinct: hashed.distinct.to_stored(),
                all_dates: false,
                dates: hashed.dates,
                codes: Some(hashed.codes),
                quantities: hashed.quantities.map(|mut quantities| quantities.store()),
            }),
            spellings: counter
                .spellings
                .as_mut()
                .map(|spellings| spellings.store()),
            first_texts: Vec::new(),
        }
    }

    /// Forgets where texts stand: a matter of the run, not of the values.
    pub fn forget_places(&mut self) {
        self.first_texts.clear();
    }

    /// Returns how the cells of its numbers are laid, if they are counted by cell.
    pub(super) fn scale(&self) -> Option<Scale> {
        self.grid.as_ref().map(|grid| grid.scale)
    }

    /// Returns all that was counted but for the numbers that are kept as such.
    pub(super) fn parts_beside_numbers(&self) -> impl Serialize {
        (
            (&self.name, self.categorical, &self.missing),
            (self.values.texts(), self.leading_zeros, self.padded),
            (&self.grid, &self.hashed, &self.spellings),
        )
    }

    /// Makes the counter again, to go on counting or to merge.
    pub(super) fn to_counter(&self) -> Result<ColumnCounter, ColumnError> {
        let damaged = |part| ColumnError::Damaged {
            name: self.name.clone(),
            part,
        };
        let mut counter = ColumnCounter::new(self.categorical, Vec::new());
        for (kind, count) in &self.missing {
            let kind = MissingKind::ALL.iter().find(|known| known.as_str() == kind);
            counter.missing[kind.ok_or_else(|| damaged("missing"))?.index()] += count;
        }
        if let Some(grid) = &self.grid {
            let grid = Grid::from_stored(grid).ok_or_else(|| damaged("grid"))?;
            counter.grid = Some(Box::new(grid));
        }
        if let Some(hashed) = &self.hashed {
            let distinct = DistinctSketch::from_stored(&hashed.distinct)
                .filter(|_| hashed.counts.len() == HASHED_CATEGORIES)
                .ok_or_else(|| damaged("hashed texts"))?;
            counter.hashed = Some(Box::new(HashedTexts {
                counts: hashed.counts.clone(),
                distinct,
                dates: hashed.dates(),
                codes: hashed.codes(),
                quantities: match &hashed.quantities {
                    Some(stored) => Some(Box::new(
                        Spellings::from_stored(stored).ok_or_else(|| damaged("quantities"))?,
                    )),
                    None => None,
                },
            }));
        }
        if let Some(stored) = &self.spellings {
            let spellings = Spellings::from_stored(stored).ok_or_else(|| damaged("spellings"))?;
            counter.spellings = Some(Box::new(spellings));
        }
        counter.add_values(&self.values);
        counter.leading_zeros += self.leading_zeros;
        counter.texts.padded += self.padded;
        Ok(counter)
    }

    /// Checks that a column read from a file is whole and counts `rows` rows.
    pub(super) fn check(&self, rows: u64) -> Result<(), ColumnError> {
        if let Some(grid) = &self.grid {
            Grid::from_stored(grid).ok_or_else(|| ColumnError::Damaged {
                name: self.name.clone(),
                part: "grid",
            })?;
        }
        let known = |kind: &String| MissingKind::ALL.iter().any(|known| known.as_str() == kind);
        let hashed_is_whole = self.hashed.as_ref().is_none_or(|hashed| {
            hashed.counts.len() == HASHED_CATEGORIES
                && DistinctSketch::from_stored(&hashed.distinct).is_some()
                && hashed.quantities.as_ref().is_none_or(|stored| {
                    Spellings::from_stored(stored).is_some()
                        && stored.count().is_some_and(|count| count <= rows)
                })
        });
        let spellings_are_whole = self
            .spellings
            .as_ref()
            .is_none_or(|stored| Spellings::from_stored(stored).is_some());
        let zeros_are_of_grid = self.leading_zeros <= rows && self.grid.is_some();
        let zeros_are_whole = self.leading_zeros == 0 || zeros_are_of_grid;
        let parts_are_whole =
            hashed_is_whole && spellings_are_whole && zeros_are_whole && self.padded <= rows;
        if !self.missing.keys().all(known) || !parts_are_whole {
            return Err(ColumnError::Damaged {
                name: self.name.clone(),
                part: "counts",
            });
        }
        let found = self.rows();
        if found != Some(rows) {
            return Err(ColumnError::Rows {
                name: self.name.clone(),
                found: found.unwrap_or(u64::MAX),
                rows,
            });
        }
        Ok(())
    }

    /// Returns the rows counted; `None` if they overflow.
    pub fn rows(&self) -> Option<u64> {
        let grid = self.grid.iter().flat_map(|grid| grid.counts());
        let hashed = self.hashed.iter().flat_map(|hashed| &hashed.counts);
        let spelled = match &self.spellings {
            Some(spellings) => spellings.count()?,
            None => 0,
        };
        self.missing
            .values()
            .chain(self.values.counts())
            .chain(grid)
            .chain(hashed)
            .try_fold(spelled, |sum, &count| sum.checked_add(count))
    }
}
