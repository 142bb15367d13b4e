//! The segments of a data set as they stand in its profile.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::column::Column;
use super::counter::ColumnCounter;
use super::cut::Cut;
use super::outcome::{Outcome, merge_outcomes};

/// The segments of one way to cut.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CutProfile {
    /// The cut, as it is read and written: `contract,region`, `tenure < 12`.
    pub by: String,
    /// The segments that have rows, by name.
    pub segments: Vec<SegmentProfile>,
}

/// What was counted of one segment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentProfile {
    /// Its name: `contract=Two year, region=north`.
    pub segment: String,
    /// Its rows.
    pub rows: u64,
    /// Its columns, in the order of the whole.
    pub columns: Vec<Column>,
    /// Its scores by label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}

impl CutProfile {
    /// Checks that a cut read from a file can be read, and that its rows are those of the whole.
    pub(super) fn check(&self, rows: u64) -> Result<(), String> {
        if self
            .by
            .parse::<Cut>()
            .map_or(true, |cut| cut.to_string() != self.by)
        {
            return Err(format!("nobody cuts by \"{}\"", self.by));
        }
        let mut names = BTreeSet::new();
        let mut sum: u64 = 0;
        for segment in &self.segments {
            if !names.insert(&segment.segment) {
                return Err(format!("the segment {} is there twice", segment.segment));
            }
            check_counts(segment.rows, &segment.columns, segment.outcome.as_ref())
                .map_err(|what| format!("segment {}: {what}", segment.segment))?;
            sum = sum.saturating_add(segment.rows);
        }
        match sum == rows {
            true => Ok(()),
            false => Err(format!(
                "the segments by {} have {sum} of {rows} rows",
                self.by
            )),
        }
    }
}

/// Checks that the columns and scores of so many rows add up.
pub(super) fn check_counts(
    rows: u64,
    columns: &[Column],
    outcome: Option<&Outcome>,
) -> Result<(), String> {
    let mut names = BTreeSet::new();
    for column in columns {
        if !names.insert(&column.name) {
            return Err(format!("column \"{}\" is there twice", column.name));
        }
        column.check(rows).map_err(|error| error.to_string())?;
    }
    for (label, column) in outcome.into_iter().flat_map(|outcome| &outcome.by_label) {
        let scored = column.rows().filter(|scored| *scored <= rows);
        let scored = scored.ok_or_else(|| format!("too many scores for \"{label}\""))?;
        column.check(scored).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Adds the segments of another part.
pub(super) fn merge_cuts(
    mine: Vec<CutProfile>,
    theirs: Vec<CutProfile>,
) -> Result<Vec<CutProfile>, String> {
    let by = |cuts: &[CutProfile]| cuts.iter().map(|cut| cut.by.clone()).collect::<Vec<_>>();
    if by(&mine) != by(&theirs) {
        let said = |cuts: &[CutProfile]| match cuts {
            [] => "is not cut".to_owned(),
            cuts => format!("is cut by {}", by(cuts).join("; ")),
        };
        return Err(format!("one {}, the other {}", said(&mine), said(&theirs)));
    }
    let join = |(mine, theirs): (CutProfile, CutProfile)| {
        let segments = mine.segments.into_iter();
        let mut all: BTreeMap<String, SegmentProfile> =
            segments.map(|one| (one.segment.clone(), one)).collect();
        for part in theirs.segments {
            let joined = match all.remove(&part.segment) {
                Some(own) => own.merge(part)?,
                None => part,
            };
            all.insert(joined.segment.clone(), joined);
        }
        Ok(CutProfile {
            by: mine.by,
            segments: all.into_values().collect(),
        })
    };
    mine.into_iter().zip(theirs).map(join).collect()
}

impl SegmentProfile {
    fn merge(self, other: Self) -> Result<Self, String> {
        let counter = |column: &Column| -> Result<ColumnCounter, String> {
            column.to_counter().map_err(|error| error.to_string())
        };
        let mut columns = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            let Some(theirs) = other
                .columns
                .iter()
                .find(|theirs| theirs.name == column.name)
            else {
                continue;
            };
            let mut all = counter(column)?;
            all.merge(counter(theirs)?);
            columns.push(Column::from_counter(&column.name, all));
        }
        Ok(Self {
            segment: self.segment,
            rows: self.rows.saturating_add(other.rows),
            columns,
            outcome: merge_outcomes(self.outcome, other.outcome)
                .map_err(|error| error.to_string())?,
        })
    }
}
