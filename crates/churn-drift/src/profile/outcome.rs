//! The scores of a data set by label, as they stand in its profile.

use std::collections::BTreeMap;

use churn_base::error::{Error, Result};
use serde::{Deserialize, Serialize};

use super::column::{Column, ColumnError};
use super::counter::ColumnCounter;
use super::scale::Scale;

/// The scores of the rows with each label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// The label column.
    pub label: String,
    /// The score column.
    pub score: String,
    /// Summary of the scores by value of the label. Rows without a label are not here.
    pub by_label: BTreeMap<String, Column>,
    /// Which rows these are, where a model scored its own data; absent for scores that stood in the
    /// data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<ScoredRows>,
}

/// The rows of its own data that a model scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScoredRows {
    /// Rows that nothing was fitted on: the test split.
    HeldOut,
    /// All rows, those that the model learned from among them: it scores these better than new
    /// ones. Models of churnctl before layout 3.
    Training,
}

impl Outcome {
    /// Returns the scores of all labels as one column, and how many rows that are.
    ///
    /// # Errors
    /// Bad input if a column is damaged; one that was checked is not.
    pub fn scores(&self) -> Result<(Column, u64)> {
        let damaged = |error: ColumnError| Error::bad_input(error.to_string());
        let mut all = ColumnCounter::new(false, Vec::new());
        let mut rows = 0;
        for column in self.by_label.values() {
            all.merge(column.to_counter().map_err(damaged)?);
            rows += column.rows().unwrap_or(0);
        }
        Ok((Column::from_counter(&self.score, all), rows))
    }
}

/// Adds the scores of another part; there are none of the whole if one has none.
pub(crate) fn merge_outcomes(
    mine: Option<Outcome>,
    theirs: Option<Outcome>,
) -> Result<Option<Outcome>> {
    let (Some(mut mine), Some(theirs)) = (mine, theirs) else {
        return Ok(None);
    };
    let damaged = |error: ColumnError| Error::bad_input(error.to_string());
    for (label, column) in theirs.by_label {
        let merged = match mine.by_label.remove(&label) {
            None => column,
            Some(own) => {
                let (mine, theirs) = (own.scale(), column.scale());
                if mine
                    .zip(theirs)
                    .is_some_and(|(mine, theirs)| mine != theirs)
                {
                    return Err(Error::bad_input(
                        "the scores of one profile were counted by an older version",
                    )
                    .hint("make that profile again with `churnctl profile DATA -o FILE`"));
                }
                let counting_scores = |counter: ColumnCounter| match mine.or(theirs) {
                    Some(Scale::Plain) => counter,
                    Some(Scale::Score) | None => counter.counting_scores(None),
                };
                let mut counter = counting_scores(own.to_counter().map_err(damaged)?);
                counter.merge(counting_scores(column.to_counter().map_err(damaged)?));
                Column::from_counter(&own.name, counter)
            }
        };
        mine.by_label.insert(label, merged);
    }
    Ok(Some(mine))
}
