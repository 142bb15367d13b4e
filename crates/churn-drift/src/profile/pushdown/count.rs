//! Counts what is planned, and checks that the table stayed the same meanwhile.

use std::collections::BTreeMap;

use churn_base::error::{Error, Place, Result};
use churn_base::exit::ExitCode;
use churn_base::progress::Progress;
use churn_data::{SqlKind, named_like_an_id};

use super::super::column::Column;
use super::super::count_plan::{CountColumn, CountOutcome, CountPlan, Counted, MAX_LABELS};
use super::super::document::HeaderRows;
use super::super::outcome::Outcome;
use super::statements::equals;
use super::table::{Look, Table};

/// Counts what is planned.
///
/// # Errors
/// What the database says; bad input if a column can't be counted or there are no rows.
pub(in super::super) fn count(
    mut table: Table<'_>,
    plan: &CountPlan,
    progress: &dyn Progress,
) -> Result<Counted> {
    let (may_be_unique, mut wanted): (Vec<_>, Vec<_>) = plan
        .columns
        .iter()
        .cloned()
        .partition(|column| column.unless_unique);
    let names: Vec<String> = may_be_unique
        .iter()
        .map(|column| column.name.clone())
        .collect();
    let unique = identifiers(&mut table, &names, progress)?;
    let repeats = |column: &CountColumn| !unique.contains(&column.name);
    wanted.extend(may_be_unique.into_iter().filter(repeats));
    let columns = table.count(&wanted, None, progress)?;
    let rows = columns.first().and_then(Column::rows).unwrap_or(0);
    // Where statements are not of one state, that may show.
    let others = columns.iter().filter_map(Column::rows);
    if let Some(other) = others.into_iter().find(|other| *other != rows) {
        return Err(Error::new(
            ExitCode::Failed,
            format!("the table changed while it was counted: it had {rows} rows, then {other}"),
        )
        .at(table.place)
        .hint("try again when nothing writes to it, or name one state of it in a query"));
    }
    if rows == 0 {
        return Err(table.no_rows());
    }
    let planned = plan.outcome.as_ref().filter(|planned| !planned.is_late);
    let outcome = match planned {
        Some(planned) => Some(outcome(&mut table, planned, progress)?),
        None => None,
    };
    Ok(Counted {
        columns,
        outcome,
        rows,
        blank_lines: 0,
        header_rows: HeaderRows::default(),
    })
}

fn outcome(
    table: &mut Table<'_>,
    planned: &CountOutcome,
    progress: &dyn Progress,
) -> Result<Outcome> {
    let (label, score) = (planned.label.as_str(), planned.score.as_str());
    let labels = table.labels(label, progress)?;
    check_labels(&labels, label, &table.place)?;
    let mut by_label = BTreeMap::new();
    for (value, spellings) in labels {
        let column = table.column(label)?;
        let dialect = table.engine.dialect();
        let only: Vec<String> = spellings
            .iter()
            .map(|spelling| equals(dialect, column, spelling))
            .collect();
        let scores = CountColumn {
            name: score.to_owned(),
            categorical: false,
            cuts: planned.threshold.into_iter().collect(),
            are_scores: true,
            unless_unique: false,
        };
        let only = format!("({})", only.join(" or "));
        let counted = table.count(&[scores], Some(&only), progress)?;
        by_label.extend(counted.into_iter().map(|column| (value.clone(), column)));
    }
    Ok(Outcome {
        label: label.to_owned(),
        score: score.to_owned(),
        by_label,
        rows: None,
    })
}

/// Refuses a label with too many values.
pub(super) fn check_labels(
    labels: &BTreeMap<String, Vec<String>>,
    name: &str,
    place: &Place,
) -> Result<()> {
    if labels.values().map(Vec::len).sum::<usize>() <= MAX_LABELS {
        return Ok(());
    }
    let error = Error::bad_input(format!("more than {MAX_LABELS} different labels"));
    let place = Place {
        column: Some(name.to_owned()),
        ..place.clone()
    };
    Err(error
        .at(place)
        .hint("a label has two values; is it the right column?"))
}

/// Returns the columns of texts, or named like an identifier, that have another value in every row,
/// as far as a first look tells: counting them would bring the whole column over the wire.
///
/// # Errors
/// What the database says.
pub(in super::super) fn identifiers(
    table: &mut Table<'_>,
    names: &[String],
    progress: &dyn Progress,
) -> Result<Vec<String>> {
    let likely: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .filter(|name| {
            let kind = table.column(name).map(|column| column.kind);
            kind.is_ok_and(|kind| kind == SqlKind::Text || named_like_an_id(name))
        })
        .collect();
    let looks = table.look(&likely, progress)?;
    let unique = |look: &Look| {
        // Fewer are counted as they are.
        look.rows >= 50_000 && look.distinct as f64 >= 0.95 * look.values as f64
    };
    let mut found = Vec::new();
    for (name, look) in likely.into_iter().zip(looks) {
        if unique(&look) && !table.are_measurements(name, progress)? {
            found.push(name.to_owned());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use churn_base::progress::Silent;
    use churn_data::{Cell, Dialect, Engine, SqlColumn};

    use super::*;

    /// A table of texts that grows by a row from one grouping to the next.
    struct Growing(u64);

    impl Engine for Growing {
        fn dialect(&self) -> Dialect {
            Dialect::Spark
        }

        fn query(&mut self, sql: &str, each: &mut dyn FnMut(&[Cell<'_>])) -> Result<()> {
            if sql.contains("group by") {
                self.0 += 1;
                each(&[Some("basic"), Some(&self.0.to_string())]);
            } else {
                each(&[Some("9"), Some("9"), Some("1"), Some("9"), Some("1")]);
            }
            Ok(())
        }
    }

    #[test]
    fn a_table_that_grows_while_it_is_counted_is_not_taken_for_one() {
        let names = ["plan", "region"];
        let columns = names.map(|name| SqlColumn {
            name: name.into(),
            kind: SqlKind::Text,
            type_name: "string".into(),
        });
        let plan = CountPlan {
            columns: names
                .map(|name| CountColumn {
                    name: name.into(),
                    categorical: true,
                    cuts: Vec::new(),
                    are_scores: false,
                    unless_unique: false,
                })
                .into(),
            outcome: None,
        };
        let counted = |columns: &[SqlColumn], plan: &CountPlan| {
            let table = Table {
                engine: &mut Growing(9),
                columns,
                from: "t",
                place: Place::default(),
            };
            count(table, plan, &Silent)
        };
        let error = counted(&columns, &plan).expect_err("two states");
        assert_eq!(error.code(), ExitCode::Failed);
        assert!(error.to_string().contains("10 rows, then 11"), "{error}");
        let one = CountPlan {
            columns: plan.columns[..1].to_vec(),
            ..plan
        };
        assert_eq!(
            counted(&columns, &one).map(|counted| counted.rows).ok(),
            Some(10)
        );
    }
}
