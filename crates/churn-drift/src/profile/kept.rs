//! A piece of time in the form in which a history keeps it. Which pieces are kept, and in which files, is the
//! affair of `history/`.

use std::collections::BTreeMap;

use churn_base::error::Place;
use serde::{Deserialize, Serialize};

use super::column::{Column, ColumnError};
use super::count_plan::{CountPlan, Counted};
use super::document::HeaderRows;
use super::outcome::Outcome;

/// The first texts of a column: file, line, and what stands there.
type FirstTexts = Vec<(String, Option<u64>, String)>;

#[derive(Serialize)]
struct Written<'a> {
    rows: u64,
    columns: &'a [Column],
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'a Outcome>,
    // A column does not write them itself: a profile has no use for places of long ago.
    first_texts: BTreeMap<&'a str, FirstTexts>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    rows: u64,
    columns: Vec<Column>,
    outcome: Option<Outcome>,
    first_texts: BTreeMap<String, FirstTexts>,
}

/// Why a kept piece cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadPiece {
    /// It has another form.
    #[error("it is not a piece of a history")]
    Form(#[from] serde_json::Error),
    /// Its counts don't add up.
    #[error("{0}")]
    Counts(String),
}

impl From<ColumnError> for BadPiece {
    fn from(error: ColumnError) -> Self {
        Self::Counts(error.to_string())
    }
}

impl Counted {
    /// Writes what was counted, but for blank lines and headers, which are not those of a piece.
    #[must_use]
    pub fn to_kept(&self) -> Vec<u8> {
        let first_texts = self.columns.iter().filter_map(|column| {
            let first = column.first_texts.iter();
            let first = first.map(|(place, text)| (place.file.clone(), place.line, text.clone()));
            let first: FirstTexts = first.collect();
            (!first.is_empty()).then_some((&*column.name, first))
        });
        let written = Written {
            rows: self.rows,
            columns: &self.columns,
            outcome: self.outcome.as_ref(),
            first_texts: first_texts.collect(),
        };
        // Texts, integers and finite doubles: this cannot fail.
        serde_json::to_vec(&written).unwrap_or_default()
    }

    /// Reads back what [`Counted::to_kept`] wrote.
    ///
    /// # Errors
    /// Fails if it has another form, or its counts don't add up.
    pub fn from_kept(bytes: &[u8]) -> Result<Self, BadPiece> {
        let Read {
            rows,
            mut columns,
            outcome,
            mut first_texts,
        } = serde_json::from_slice(bytes)?;
        for column in &mut columns {
            column.check(rows)?;
            let name = column.name.clone();
            let first = first_texts.remove(&name).unwrap_or_default();
            let placed = first.into_iter().map(|(file, line, text)| {
                let column = Some(name.clone());
                (Place { file, line, column }, text)
            });
            column.first_texts = placed.collect();
        }
        for column in outcome.iter().flat_map(|outcome| outcome.by_label.values()) {
            let scored = column.rows().filter(|scored| *scored <= rows);
            let scored = scored.ok_or_else(|| {
                BadPiece::Counts(format!("more scores than the {rows} rows of the piece"))
            })?;
            column.check(scored)?;
        }
        Ok(Self {
            columns,
            outcome,
            rows,
            blank_lines: 0,
            header_rows: HeaderRows::default(),
        })
    }

    /// Returns it with its columns in the order of a plan that has the same ones.
    #[must_use]
    pub fn in_order_of(mut self, plan: &CountPlan) -> Self {
        let place = |column: &Column| {
            let planned = plan.columns.iter();
            planned
                .clone()
                .position(|planned| planned.name == column.name)
        };
        self.columns.sort_by_key(place);
        self
    }

    /// Returns the columns whose numbers are counted by cells, which are exact at the points of one plan alone;
    /// `true` if the scores by label are.
    #[must_use]
    pub fn counted_by_cells(&self) -> (Vec<String>, bool) {
        let columns = self.columns.iter().filter(|column| column.grid.is_some());
        let mut scores = self.outcome.iter().flat_map(|one| one.by_label.values());
        (
            columns.map(|column| column.name.clone()).collect(),
            scores.any(|column| column.grid.is_some()),
        )
    }
}
