//! Joins labels with predictions in the database that holds both: what comes over the wire is counts, and what comes
//! out is what reading the rows of both would give.
//!
//! A database compares keys and times as it holds them. Where that may be otherwise than their texts are read (`7.0` and
//! `7` are one customer, `n/a` is none), it is not asked.

use std::collections::{BTreeMap, BTreeSet};

use churn_base::error::Result;
use churn_base::hex::hex;
use churn_base::progress::Progress;
use churn_data::{Cell, DataSet, Value, canonical_text, classify, doubtful_mark};
use sha2::{Digest, Sha256};

use super::classes::Classes;
use super::counts::{LabelCounts, PredictionCounts};
use super::joined::{Joined, JoinedPiece, outcome_of};
use super::predictions::Joining;
use super::source::{Labels, check_values, no_time};
use super::spec::LabelColumns;
use super::spool::Spool;
use super::statements::{LABEL, Meaning, Statements, Tables};
use super::tally::NO_PIECE;
use crate::profile::{CountOutcome, JoinedCounts, Outcome, Table, count_joined, in_database};

/// What a database made of a join.
#[derive(Debug)]
pub enum InDatabase {
    /// It has joined.
    Joined(Box<Joined>),
    /// It is not sure to join as rows that are read are joined, for this reason.
    Apart(String),
}

/// Joins labels with predictions in the database that holds both.
///
/// # Errors
/// As `read_labels` and `listen`; what the database says.
pub fn join_in_database(
    predictions: &mut DataSet,
    labels: &mut DataSet,
    columns: LabelColumns,
    joining: &Joining<'_>,
    progress: &dyn Progress,
) -> Result<InDatabase> {
    let apart = |why: &str| Ok(InDatabase::Apart(why.to_owned()));
    if !predictions.is_beside(labels) {
        return apart("labels and predictions are not in one database");
    }
    let name = labels.name().to_owned();
    let Some(of_labels) = in_database(labels) else {
        return apart("a column of the labels is computed");
    };
    let (label_columns, label_from) = (of_labels.columns.to_vec(), of_labels.from.to_owned());
    let Some(mut table) = in_database(predictions) else {
        return apart("a column of the predictions is computed");
    };
    let own_time = &joining.spec.prediction_time;
    if joining.by.is_some_and(|by| by.column != *own_time) {
        return apart("windows are of another time than the labels");
    }
    let tables = Tables {
        dialect: table.engine.dialect(),
        predictions: (table.columns, table.from, &table.place.file),
        labels: (&label_columns, &label_from, &name),
    };
    let statements = match Statements::of(tables, joining.spec, &columns)? {
        Ok(statements) => statements,
        Err(why) => return Ok(InDatabase::Apart(why)),
    };
    let mut asked = Asked {
        table: &mut table,
        statements: &statements,
        progress,
    };
    if !asked.keys_are_plain()? {
        return apart("the texts of a key may be read otherwise than they are written");
    }
    let mut texts = BTreeMap::new();
    let labels = asked.look(name, columns, joining, &mut texts)?;
    let (classes, rules) = joining.decide(&labels)?;
    let meaning = Meaning {
        positive: texts_that(&texts, |text| classes.is_positive(text.as_bytes())),
        all: texts_that(&texts, |_| true),
        rules: &rules,
    };
    let Some(counted) = asked.count(&meaning, joining)? else {
        return apart("the database cannot tell the segments, or the times are texts to it");
    };
    let mut counts = labels.counts;
    counts += asked.found(&meaning)?;
    let mut joined = Joined {
        columns: labels.columns,
        unmatched: rules.unmatched,
        watermark: rules.watermark,
        positive: classes.positive.clone(),
        labels: counts,
        prediction_examples: Vec::new(),
        label_examples: Vec::new(),
        first_unreadable: None,
        sha256: labels.sha256,
        pieces: BTreeMap::new(),
        segments: Vec::new(),
    };
    if !counts.keys_agree() {
        joined.prediction_examples = asked.texts(&statements.examples_of_predictions())?;
        joined.label_examples = asked.texts(&statements.examples_of_labels())?;
    }
    let outcome = joining.outcome.filter(|_| counts.keys_agree());
    joined.take(counted, &classes, outcome);
    Ok(InDatabase::Joined(Box::new(joined)))
}

fn texts_that(texts: &BTreeMap<String, String>, is_so: impl Fn(&str) -> bool) -> Vec<String> {
    let chosen = texts.iter().filter(|(_, canonical)| is_so(canonical));
    chosen.map(|(text, _)| text.clone()).collect()
}

/// A database that is asked.
struct Asked<'a, 'b> {
    table: &'a mut Table<'b>,
    statements: &'a Statements,
    progress: &'a dyn Progress,
}

impl Asked<'_, '_> {
    fn rows(&mut self, sql: &str, mut each: impl FnMut(&[Cell<'_>])) -> Result<()> {
        self.table.engine.query(sql, &mut |cells| each(cells))?;
        self.progress.advance(1);
        Ok(())
    }

    /// Returns the whole numbers of the one row of an answer, 0 for what is null.
    fn figures(&mut self, sql: &str) -> Result<Vec<Option<i64>>> {
        let mut figures = Vec::new();
        self.rows(sql, |cells| {
            figures = cells.iter().map(|cell| cell.and_then(whole)).collect();
        })?;
        Ok(figures)
    }

    fn texts(&mut self, sql: &str) -> Result<Vec<String>> {
        let mut texts = Vec::new();
        self.rows(sql, |cells| {
            let parts: Vec<&str> = cells.iter().filter_map(|cell| *cell).collect();
            texts.push(parts.join(",").chars().take(40).collect());
        })?;
        Ok(texts)
    }

    /// Returns whether no key has another text that means the same, and none means that there is none.
    fn keys_are_plain(&mut self) -> Result<bool> {
        for sql in self.statements.keys_that_are_not_plain() {
            if self.figures(&sql)?.first() != Some(&Some(0)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Counts the labels that cannot be joined, and finds the others' values: `texts` are those that count, as the
    /// database writes them, each with the text that it is read as.
    fn look(
        &mut self,
        name: String,
        columns: LabelColumns,
        joining: &Joining<'_>,
        texts: &mut BTreeMap<String, String>,
    ) -> Result<Labels> {
        let spec = joining.spec;
        let figures = self.figures(&self.statements.labels_by_use())?;
        let figure = |at: usize| figures.get(at).copied().flatten();
        let count = |at: usize| figure(at).unwrap_or(0).unsigned_abs();
        let mut counts = LabelCounts {
            rows: count(0),
            without_time: count(1),
            future: count(2),
            without_key: count(3),
            ..LabelCounts::default()
        };
        let latest = figure(4);
        let (mut values, mut digest) = (BTreeSet::new(), Vec::new());
        self.rows(&self.statements.values(), |cells| {
            let text = cells.first().copied().flatten();
            let count = cells.get(1).copied().flatten().and_then(whole).unwrap_or(0);
            digest.push(format!("{cells:?}"));
            let canonical = canonical_text(text.unwrap_or_default()).into_owned();
            let bytes = canonical.as_bytes();
            let is_none = matches!(classify(bytes), Value::Missing(_));
            if columns.label.is_some() && (is_none || doubtful_mark(bytes).is_some()) {
                counts.without_value += count.unsigned_abs();
            } else {
                texts.insert(text.unwrap_or_default().to_owned(), canonical.clone());
                values.insert(canonical);
            }
        })?;
        if columns.label.is_some() {
            check_values(&values, &name, columns.label.as_ref())?;
        } else {
            values.clear();
        }
        if counts.without_time == counts.rows {
            return Err(no_time(&counts, None, &name, columns.time.as_ref()));
        }
        digest.sort_unstable();
        digest.push(format!("{figures:?}"));
        Ok(Labels {
            name,
            spool: Spool::new(0, 0),
            values,
            counts,
            watermark: spec.until.or(latest.filter(|_| columns.time.is_some())),
            columns,
            examples: Vec::new(),
            first_unreadable: None,
            sha256: hex(&Sha256::digest(digest.join("\n"))),
        })
    }

    /// Counts predictions by what became of them, and the scores of those whose label is known.
    fn count(
        &mut self,
        meaning: &Meaning<'_>,
        joining: &Joining<'_>,
    ) -> Result<Option<JoinedCounts>> {
        let statements = self.statements;
        let (from, columns) = statements.joined(meaning, self.table.columns);
        let outcome = joining.outcome.map(|outcome| CountOutcome {
            label: LABEL.to_owned(),
            threshold: Some(meaning.rules.threshold),
            is_late: false,
            ..outcome.clone()
        });
        count_joined(
            self.table,
            (&columns, &from),
            joining.by,
            (joining.plans, outcome.as_ref()),
            &statements.predictions_by_fate(meaning),
            self.progress,
        )
    }

    /// Counts labels by what became of them.
    fn found(&mut self, meaning: &Meaning<'_>) -> Result<LabelCounts> {
        let figures = self.figures(&self.statements.labels_by_fate(meaning))?;
        let count = |at: usize| {
            let figure = figures.get(at).copied().flatten();
            figure.unwrap_or(0).unsigned_abs()
        };
        Ok(LabelCounts {
            in_window: count(0),
            shared: count(1),
            without_prediction: count(2),
            too_early: count(3),
            too_late: count(4),
            ..LabelCounts::default()
        })
    }
}

/// Reads a whole number, which some engines write as a decimal.
fn whole(text: &str) -> Option<i64> {
    let digits = text.split_once('.').map_or(text, |(digits, _)| digits);
    digits.parse().ok()
}

impl Joined {
    /// Takes what a database has counted.
    fn take(&mut self, counted: JoinedCounts, classes: &Classes, plan: Option<&CountOutcome>) {
        let named = |mut found: Outcome| {
            let scores = ["0", "1"].map(|label| found.by_label.remove(label));
            outcome_of(scores, classes, plan)
        };
        let JoinedCounts {
            sums,
            mut pieces,
            segments,
        } = counted;
        for (start, figures) in sums {
            let found = start.and_then(|start| pieces.remove(&start));
            let piece = JoinedPiece {
                counts: prediction_counts(&figures),
                outcome: found.and_then(named),
            };
            self.pieces.insert(start.unwrap_or(NO_PIECE), piece);
        }
        let of_segment = |pieces: BTreeMap<i64, Outcome>| {
            let pieces = pieces.into_iter();
            let pieces = pieces.filter_map(|(start, found)| Some((start, named(found)?)));
            pieces.collect::<BTreeMap<i64, Outcome>>()
        };
        for cut in segments {
            let segments = cut.into_iter();
            let segments = segments.map(|(name, pieces)| (name, of_segment(pieces)));
            let known = segments.filter(|(_, pieces)| !pieces.is_empty());
            self.segments.push(known.collect());
        }
    }
}

/// The sums of [`Statements::predictions_by_fate`].
fn prediction_counts(figures: &[u64]) -> PredictionCounts {
    let figure = |at: usize| figures.get(at).copied().unwrap_or(0);
    PredictionCounts {
        rows: figure(0),
        without_time: figure(1),
        without_key: figure(2),
        immature: figure(3),
        unmatched: figure(4),
        conflicting: figure(5),
        matched: figure(6),
        twice: figure(7),
        differing: figure(8),
    }
}
