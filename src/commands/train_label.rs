//! Which column a training learns from: the one that is named, or known by its name and its values.

use super::train::TrainRequest;
use crate::data::{DataSet, named_like_a_label, positive_label};
use crate::error::{Error, Place, Result};
use crate::profile::{Column, CountColumn, CountPlan, count};
use crate::progress::Progress;

/// Columns that an error proposes.
const PROPOSED: usize = 3;

/// Finds the label among the columns; `open` opens the data once more where their values must be
/// looked at.
///
/// # Errors
/// Bad input if no column is known, with those that are likeliest.
pub(super) fn find(
    request: &TrainRequest,
    columns: &[String],
    file: &str,
    open: impl FnOnce() -> Result<DataSet>,
    progress: &dyn Progress,
) -> Result<String> {
    let reading = &request.reading;
    if let Some(label) = &reading.label {
        return Ok(label.clone());
    }
    let usual = &reading.columns.label;
    if let Some(label) = usual.iter().find(|name| columns.contains(name)) {
        return Ok(label.clone());
    }
    let unwanted = [
        &reading.columns.exclude,
        &reading.columns.id,
        &reading.columns.score,
        &reading.columns.date,
    ];
    let wanted = |name: &&String| !unwanted.iter().any(|names| names.contains(name));
    let binary = binary(open()?, columns.iter().filter(wanted), progress)?;
    let named = |(name, _): &&(String, [String; 2])| {
        named_like_a_label(name) || usual.iter().any(|usual| usual.eq_ignore_ascii_case(name))
    };
    if let Some((label, _)) = binary.iter().find(named) {
        return Ok(label.clone());
    }
    let error = Error::bad_input("there is no label to learn from").at(Place {
        file: file.to_owned(),
        ..Place::default()
    });
    let likely = likeliest(&binary);
    Err(if likely.is_empty() {
        error.hint(format!(
            "name it with --label; no column has two values; the columns are: {}",
            columns.join(", ")
        ))
    } else {
        error.hint(format!(
            "name it with --label; of the columns with two values the likeliest: {}",
            likely.join(", ")
        ))
    })
}

/// Returns the columns that have two values, with these.
fn binary<'a>(
    data: DataSet,
    names: impl Iterator<Item = &'a String>,
    progress: &dyn Progress,
) -> Result<Vec<(String, [String; 2])>> {
    let columns = names.map(|name| CountColumn {
        name: name.clone(),
        categorical: true,
        cuts: Vec::new(),
        are_scores: false,
        unless_unique: false,
    });
    let plan = CountPlan {
        columns: columns.collect(),
        outcome: None,
    };
    progress.stage(
        &format!("looking for the label in {}", data.name()),
        data.bytes(),
    );
    let counted = count(data, &plan, progress);
    progress.finish();
    let two = |column: &Column| {
        let categories = column.view(true).categories;
        let mut names = categories.counts.into_keys();
        match (names.next(), names.next(), names.next()) {
            (Some(one), Some(other), None) if !categories.hashed => {
                Some((column.name.clone(), [one, other]))
            }
            _ => None,
        }
    };
    Ok(counted?.columns.iter().filter_map(two).collect())
}

/// Describes the likeliest labels.
pub(super) fn likeliest(binary: &[(String, [String; 2])]) -> Vec<String> {
    let ranked = ranked(binary);
    let shown = ranked.into_iter().take(PROPOSED);
    shown
        .map(|(column, _)| {
            let (name, [one, other]) = column;
            format!("\"{name}\" ({one}, {other})")
        })
        .collect()
}

/// Returns columns of two values with the likeliest label first, and whether each is likely at all: those with a
/// churn word in their names, then those with values of which one plainly means yes; of equal ones the last column,
/// where labels mostly stand.
pub(super) fn ranked(binary: &[(String, [String; 2])]) -> Vec<(&(String, [String; 2]), bool)> {
    const WORDS: [&str; 6] = ["churn", "attrit", "exit", "cancel", "leave", "left"];
    let rank = |(name, values): &(String, [String; 2])| {
        let lower = name.to_lowercase();
        let plain = positive_label(name, values.iter().map(String::as_str), None).is_ok();
        (WORDS.iter().any(|word| lower.contains(word)), plain)
    };
    let mut ranked: Vec<_> = binary.iter().rev().map(|one| (one, rank(one))).collect();
    ranked.sort_by_key(|(_, rank)| std::cmp::Reverse(*rank));
    ranked
        .into_iter()
        .map(|(column, rank)| (column, rank != (false, false)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_labels_come_first() {
        let column = |name: &str, one: &str, other: &str| {
            (name.to_owned(), [one.to_owned(), other.to_owned()])
        };
        let binary = [
            column("gender", "Female", "Male"),
            column("customer_left_us", "no", "yes"),
            column("partner", "No", "Yes"),
            column("senior", "0", "1"),
        ];
        let likely = likeliest(&binary);
        assert_eq!(
            likely,
            [
                "\"customer_left_us\" (no, yes)",
                "\"senior\" (0, 1)",
                "\"partner\" (No, Yes)"
            ]
        );
    }
}
