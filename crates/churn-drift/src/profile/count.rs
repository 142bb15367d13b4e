//! Reads a data set and counts its columns.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use churn_base::error::{Error, Place, Result};
use churn_base::progress::Progress;
use churn_data::{
    ColumnBatch, ColumnSink, ColumnTask, DataSet, Row, RowSink, Summary, Values, canonical_text,
    write_number,
};

use super::column::Column;
use super::count_plan::{CountColumn, CountOutcome, CountPlan, Counted, MAX_LABELS};
use super::counter::ColumnCounter;
use super::document::HeaderRows;
use super::outcome::Outcome;
use super::pieces::TimeGrouping;
use super::pushdown::{self, Explained};
use super::segment_plans::SegmentPlans;

/// The counters of a plan's columns.
pub(super) struct Counters {
    columns: Vec<(usize, ColumnCounter)>,
    outcome: Option<OutcomeCounter>,
}

/// Where the columns of a plan stand in a data set.
pub(super) struct Positions {
    columns: Vec<usize>,
    outcome: Option<(usize, usize)>,
}

#[derive(Clone)]
struct OutcomeCounter {
    label: usize,
    score: usize,
    threshold: Option<f64>,
    by_label: Vec<(Vec<u8>, ColumnCounter)>,
}

impl OutcomeCounter {
    fn counter(&mut self, label: &[u8]) -> Option<&mut ColumnCounter> {
        let known = self.by_label.iter().position(|(known, _)| known == label);
        let index = match known {
            Some(index) => index,
            // One above the limit is kept as the sign that there are too many.
            None if self.by_label.len() > MAX_LABELS => return None,
            None => {
                let counter = ColumnCounter::of_scores(self.threshold);
                self.by_label.push((label.to_vec(), counter));
                self.by_label.len() - 1
            }
        };
        Some(&mut self.by_label[index].1)
    }

    fn merge(&mut self, other: Self) {
        for (label, counter) in other.by_label {
            if let Some(own) = self.counter(&label) {
                own.merge(counter);
            }
        }
    }
}

impl ColumnSink for OutcomeCounter {
    fn add(&mut self, batches: &[ColumnBatch<'_>]) {
        let [labels, scores] = batches else { return };
        let (mut label_at, mut score_at) = (0, 0);
        let mut label = Vec::new();
        for row in 0..labels.rows {
            let there = |batch: &ColumnBatch<'_>| batch.present.is_none_or(|present| present[row]);
            label.clear();
            if there(labels) {
                match labels.values {
                    Values::Numbers(numbers) => write_number(numbers[label_at], &mut label),
                    Values::Texts(texts) => label.extend_from_slice(texts.get(label_at)),
                }
                label_at += 1;
            }
            let score = there(scores).then_some(score_at);
            score_at += usize::from(score.is_some());
            if matches!(churn_data::classify(&label), churn_data::Value::Missing(_)) {
                continue;
            }
            let Some(counter) = self.counter(label.trim_ascii()) else {
                continue;
            };
            match (score, scores.values) {
                (None, _) => counter.add_text(b"null"),
                (Some(at), Values::Numbers(numbers)) => counter.add_numbers(&numbers[at..=at]),
                (Some(at), Values::Texts(texts)) => counter.add_text(texts.get(at)),
            }
        }
    }
}

impl RowSink for Counters {
    fn by_column(&mut self) -> Option<Vec<ColumnTask<'_>>> {
        let columns = self.columns.iter_mut().map(|(column, counter)| ColumnTask {
            columns: vec![*column],
            sink: counter,
        });
        let outcome = self.outcome.as_mut().map(|outcome| ColumnTask {
            columns: vec![outcome.label, outcome.score],
            sink: outcome,
        });
        Some(columns.chain(outcome).collect())
    }

    #[inline]
    fn row(&mut self, row: &Row<'_>) {
        let place = row.place();
        for (column, counter) in &mut self.columns {
            match row.wide_field(*column) {
                Some(field) => counter.add_field(&field, place),
                None => counter.add(&row.field(*column), place),
            }
        }
        if let Some(outcome) = &mut self.outcome {
            let label = row.field(outcome.label);
            let score = row.field(outcome.score);
            if !matches!(churn_data::classify(&label), churn_data::Value::Missing(_))
                && let Some(counter) = outcome.counter(label.trim_ascii())
            {
                counter.add(&score, place);
            }
        }
    }

    fn merge(&mut self, other: Self) {
        for ((_, mine), (_, theirs)) in self.columns.iter_mut().zip(other.columns) {
            mine.merge(theirs);
        }
        if let (Some(mine), Some(theirs)) = (&mut self.outcome, other.outcome) {
            mine.merge(theirs);
        }
    }
}

/// Counts the planned columns of `data`.
///
/// # Errors
/// Bad input where the data are, and if a planned column is not there or the label has too many values.
pub fn count(mut data: DataSet, plan: &CountPlan, progress: &dyn Progress) -> Result<Counted> {
    let source = data.name().to_owned();
    if let Some(table) = in_database(&mut data) {
        return pushdown::count(table, plan, progress);
    }
    let positions = Positions::of(&data, plan)?;
    let data = data.wanting(positions.all());
    let (counters, summary) = data.read(&|| Counters::new(plan, &positions), progress)?;
    let mut counted = counters.finish(plan, &source, &summary)?;
    counted.rows = summary.rows;
    counted.blank_lines = summary.blank_lines;
    counted.header_rows = HeaderRows {
        count: summary.header_rows,
        first: summary.first_header_row,
    };
    Ok(counted)
}

/// Returns where a column stands in a data set.
///
/// # Errors
/// Bad input if it has no such column, with the one that may be meant.
pub(crate) fn position(data: &DataSet, name: &str) -> Result<usize> {
    let found = data.columns().iter().position(|column| column == name);
    found.ok_or_else(|| {
        let place = Place {
            file: data.name().to_owned(),
            ..Place::default()
        };
        let error = Error::bad_input(format!("there is no column \"{name}\"")).at(place);
        match churn_base::error::nearest(name, data.columns().iter().map(String::as_str)) {
            Some(near) => error.hint(format!("did you mean \"{near}\"?")),
            None => error.hint(format!("the columns are: {}", data.columns().join(", "))),
        }
    })
}

impl Positions {
    /// Finds the columns of a plan in a data set.
    pub(super) fn of(data: &DataSet, plan: &CountPlan) -> Result<Self> {
        let columns = plan.columns.iter();
        let columns = columns.map(|column| position(data, &column.name));
        let outcome = plan.outcome.as_ref().filter(|outcome| !outcome.is_late);
        let outcome = outcome.map(|outcome| {
            let label = position(data, &outcome.label)?;
            Ok((label, position(data, &outcome.score)?))
        });
        Ok(Self {
            columns: columns.collect::<Result<_>>()?,
            outcome: outcome.transpose()?,
        })
    }

    /// Returns all of them.
    pub(super) fn all(&self) -> impl Iterator<Item = usize> + use<> {
        let outcome = self.outcome.into_iter().flat_map(|(a, b)| [a, b]);
        self.columns.clone().into_iter().chain(outcome)
    }

    /// Stands for positions where nothing is read any more.
    pub(super) fn of_none(plan: &CountPlan) -> Self {
        Self {
            columns: vec![0; plan.columns.len()],
            outcome: plan.outcome.as_ref().map(|_| (0, 0)),
        }
    }
}

impl Counters {
    /// Makes empty counters.
    pub(super) fn new(plan: &CountPlan, positions: &Positions) -> Self {
        let columns = positions.columns.iter().zip(&plan.columns);
        Self {
            columns: columns
                .map(|(&index, column)| {
                    let counter = ColumnCounter::new(column.categorical, column.cuts.clone());
                    (index, counter)
                })
                .collect(),
            outcome: positions.outcome.map(|(label, score)| OutcomeCounter {
                label,
                score,
                threshold: plan.outcome.as_ref().and_then(|outcome| outcome.threshold),
                by_label: Vec::new(),
            }),
        }
    }

    /// Puts together what a plan asks for of parts, out of the counters of one that has all of its columns and cut
    /// points. The parts stay as they are.
    pub(super) fn together<'a>(
        parts: impl Iterator<Item = &'a mut Self>,
        of: &CountPlan,
        plan: &CountPlan,
    ) -> Self {
        let mut parts: Vec<&mut Self> = parts.collect();
        let mut column = |column: &CountColumn| {
            let mut known = of.columns.iter();
            let at = known.position(|known| known.name == column.name)?;
            let position = parts.first()?.columns.get(at)?.0;
            let of_parts = parts.iter_mut().filter_map(|part| part.columns.get_mut(at));
            let of_parts = of_parts.map(|(_, counter)| counter);
            Some((
                position,
                ColumnCounter::together(of_parts, &column.cuts, || column.counter()),
            ))
        };
        let columns = plan.columns.iter().filter_map(&mut column).collect();
        let outcomes = parts.iter().filter_map(|part| part.outcome.clone());
        let merged = |mut mine: OutcomeCounter, theirs: OutcomeCounter| {
            mine.merge(theirs);
            mine
        };
        let outcome = outcomes.reduce(merged);
        Self {
            columns,
            outcome: outcome.filter(|_| plan.outcome.is_some()),
        }
    }

    /// Brings the numbers in order, so that those of many parts are put together in less time.
    pub(super) fn sort_numbers(&mut self) {
        for (_, counter) in &mut self.columns {
            counter.sort_numbers();
        }
    }

    /// Adds what was counted by the same plan and put away.
    pub(super) fn add(&mut self, part: &Counted) -> Result<()> {
        let damaged = |error: super::column::ColumnError| Error::bad_input(error.to_string());
        for ((_, mine), theirs) in self.columns.iter_mut().zip(&part.columns) {
            mine.merge(theirs.to_counter().map_err(damaged)?);
        }
        if let (Some(mine), Some(theirs)) = (&mut self.outcome, &part.outcome) {
            for (label, column) in &theirs.by_label {
                let counter = column.to_counter().map_err(damaged)?;
                if let Some(own) = mine.counter(label.as_bytes()) {
                    own.merge(counter);
                }
            }
        }
        Ok(())
    }

    /// Puts away what was counted, but for the numbers of rows.
    pub(super) fn finish(
        self,
        plan: &CountPlan,
        source: &str,
        summary: &Summary,
    ) -> Result<Counted> {
        let Self { columns, outcome } = self;
        Ok(Counted {
            columns: columns
                .into_iter()
                .zip(&plan.columns)
                .map(|((_, counter), column)| finish(&column.name, counter, summary))
                .collect(),
            outcome: match (outcome, &plan.outcome) {
                (Some(counted), Some(CountOutcome { label, score, .. })) => {
                    Some(finish_outcome(counted, label, score, source, summary)?)
                }
                _ => None,
            },
            rows: 0,
            blank_lines: 0,
            header_rows: HeaderRows::default(),
        })
    }
}

pub(crate) fn in_database(data: &mut DataSet) -> Option<pushdown::Table<'_>> {
    data.database().map(|database| pushdown::Table {
        engine: database.engine,
        columns: database.columns,
        from: database.from,
        place: database.place,
    })
}

/// Returns the statements with which a database would count the plans, by pieces of time if that is asked
/// for; none for other data.
#[must_use]
pub fn explain(
    data: &mut DataSet,
    plans: &SegmentPlans,
    by: Option<&TimeGrouping>,
) -> Option<Vec<Explained>> {
    let table = in_database(data)?;
    let dialect = table.engine.dialect();
    Some(pushdown::explain(
        dialect,
        table.from,
        table.columns,
        plans,
        by,
    ))
}

fn finish(name: &str, mut counter: ColumnCounter, summary: &Summary) -> Column {
    let mut first: Vec<_> = counter
        .first_texts
        .iter_mut()
        .filter_map(Option::take)
        .collect();
    first.sort_by_key(|first| first.place);
    let placed = first.into_iter().map(|first| {
        let place = Place {
            column: Some(name.to_owned()),
            ..summary.lines.place(first.place)
        };
        (place, String::from_utf8_lossy(&first.text).into_owned())
    });
    Column {
        first_texts: placed.collect(),
        ..Column::from_counter(name, counter)
    }
}

fn finish_outcome(
    outcome: OutcomeCounter,
    label: &str,
    score: &str,
    source: &str,
    summary: &Summary,
) -> Result<Outcome> {
    if outcome.by_label.len() > MAX_LABELS {
        return Err(
            Error::bad_input(format!("more than {MAX_LABELS} different labels"))
                .at(Place {
                    file: source.to_owned(),
                    line: None,
                    column: Some(label.to_owned()),
                })
                .hint("a label has two values; is it the right column?"),
        );
    }
    let mut counters: BTreeMap<String, ColumnCounter> = BTreeMap::new();
    for (value, counter) in outcome.by_label {
        let value = canonical_text(&String::from_utf8_lossy(&value)).into_owned();
        match counters.entry(value) {
            Entry::Vacant(entry) => drop(entry.insert(counter)),
            Entry::Occupied(mut entry) => entry.get_mut().merge(counter),
        }
    }
    let by_label = counters
        .into_iter()
        .map(|(value, counter)| (value, finish(score, counter, summary)))
        .collect();
    Ok(Outcome {
        label: label.to_owned(),
        score: score.to_owned(),
        by_label,
        rows: None,
    })
}
