//! Columns that look like identifiers in the baseline, and what the current side says of that: who
//! is left out must be one on both sides, or it could hide harm.

use std::collections::HashSet;

use super::plan::{Candidate, PlannedFeature};
use super::report::{Finding, FindingKind, Role, Status};
use super::roles::{are_measures, left_out_by_values, repeats};
use crate::data::{Repeats, named_like_an_id};
use crate::profile::{Column, Numbers, View};

/// How many times as many rows a value of a group key may have on the current side: a year of them
/// where the baseline has a month, but not one value for all.
const MOST_MORE_ROWS_EACH: f64 = 20.0;

/// Least share of rows of the current side whose value the baseline lacks, from which something that
/// looks like an identifier is one: most customers are others.
const LEAST_NEW: f64 = 0.5;

/// What became of the candidates.
pub(super) struct Candidates<'a> {
    /// Those that are features.
    pub(super) features: Vec<&'a PlannedFeature>,
    /// What there is to say of those that stay left out.
    pub(super) findings: Vec<Finding>,
}

/// Asks the current side; a column that it lacks, or did not count because a database says that it
/// is unique, stays left out.
pub(super) fn judge_candidates<'a, 'c>(
    candidates: &'a [Candidate],
    column: &impl Fn(&str) -> Option<&'c Column>,
) -> Candidates<'a> {
    let mut judged = Candidates {
        features: Vec::new(),
        findings: Vec::new(),
    };
    for candidate in candidates {
        let name = &candidate.feature.name;
        let Some(current) = column(name) else {
            // A feature that is gone must be told.
            if candidate.is_doubted {
                judged.features.push(&candidate.feature);
            }
            continue;
        };
        let view = current.view_beside(&candidate.feature.baseline);
        let baseline = &candidate.feature.baseline;
        if candidate.is_doubted {
            match other_values(name, baseline, &view) {
                Some(finding) => judged.findings.push(finding),
                None => judged.features.push(&candidate.feature),
            }
            continue;
        }
        let is_unique = left_out_by_values(name, baseline, 1).is_some();
        let of_baseline = repeats(baseline).filter(|_| !is_unique);
        if left_out_by_values(name, &view, 1).is_some() || repeats_alike(of_baseline, &view) {
            if candidate.left_out.role == Role::FreeText && are_measures(&view) {
                judged.findings.push(unread(name, &view));
            }
            continue;
        }
        // By its name it is an identifier: its values were new in any case, so that comparing them
        // would say nothing. That they repeat, or are gone, does.
        if candidate.left_out.role == Role::Id && named_like_an_id(name) {
            let message = match (view.present, view.distinct) {
                (0, _) => "the identifier has no value in the current side".to_owned(),
                (present, Some(distinct)) if let Some(repeats) = of_baseline => {
                    format!(
                        "the identifier has {:.0} distinct values in {} rows of the baseline, and \
                         {distinct:.0} in {present} rows of the current side",
                        repeats.distinct, repeats.present
                    )
                }
                (present, Some(distinct)) => format!(
                    "the identifier is unique in the baseline; the current side has \
                     {distinct:.0} distinct values in {present} rows"
                ),
                (_, None) => {
                    "the identifier is unique whole numbers in the baseline, and not in the \
                     current side"
                        .to_owned()
                }
            };
            judged.findings.push(Finding {
                status: Status::Warn,
                kind: FindingKind::RepeatedIdentifier,
                feature: Some(name.clone()),
                message,
            });
            continue;
        }
        judged.features.push(&candidate.feature);
    }
    judged
}

/// What was measured is not compared: that nothing was found of it tells nothing.
fn unread(name: &str, view: &View) -> Finding {
    let example = view.categories.counts.keys().next();
    let example = example.map_or(String::new(), |text| format!(" (\"{text}\")"));
    Finding {
        status: Status::Warn,
        kind: FindingKind::NumberFormat,
        feature: Some(name.to_owned()),
        message: format!(
            "nearly all values have digits{example} and could not be read as numbers: the column is \
             not compared; write numbers, or leave it out with --exclude"
        ),
    }
}

/// Says that what looks like an identifier on both sides has other values on each. A category whose
/// codes were all renamed looks the same, so somebody must say what it is.
fn other_values(name: &str, baseline: &View, current: &View) -> Option<Finding> {
    let now = repeats(current)?;
    let is_unique = left_out_by_values(name, current, 1).is_some();
    if !is_unique && now.group_key(name).is_none() {
        return None;
    }
    let new = new_rows(baseline, current)?;
    let message = || {
        format!(
            "\"{name}\" looks like an identifier: {:.0} distinct values in {} rows, and {new} of \
             these rows have a value that the baseline lacks; it is not compared. Name it with --id, \
             or have it compared with --features",
            now.distinct, now.present
        )
    };
    (new as f64 >= LEAST_NEW * current.present as f64).then(|| Finding {
        status: Status::Warn,
        kind: FindingKind::LikelyIdentifier,
        feature: Some(name.to_owned()),
        message: message(),
    })
}

/// Rows of the current side with a value that the baseline lacks, where each value is known.
fn new_rows(baseline: &View, current: &View) -> Option<u64> {
    match (&baseline.numbers, &current.numbers) {
        (Some(before), Some(now)) if before.is_exact() && now.is_exact() => {
            let values = |numbers: &Numbers| -> Vec<(u64, u64)> {
                let cells = numbers.cells().iter();
                cells
                    .map(|cell| (numbers.lower(*cell).to_bits(), cell.count))
                    .collect()
            };
            let known: HashSet<u64> = values(before).into_iter().map(|(bits, _)| bits).collect();
            let new = values(now).into_iter();
            Some(
                new.filter(|(bits, _)| !known.contains(bits))
                    .map(|(_, count)| count)
                    .sum(),
            )
        }
        (Some(before), Some(now)) => {
            let is_apart = now.min() > before.max() || now.max() < before.min();
            is_apart.then_some(current.present)
        }
        (None, None) if !baseline.categories.hashed && !current.categories.hashed => {
            let known = &baseline.categories.counts;
            let new = current.categories.counts.iter();
            Some(
                new.filter(|(text, _)| !known.contains_key(*text))
                    .map(|(_, count)| count)
                    .sum(),
            )
        }
        _ => None,
    }
}

/// Whether the values of a group key repeat on the current side about as in the baseline. How many
/// rows a customer has depends on the length of the tables, so that only a collapse tells.
fn repeats_alike(baseline: Option<Repeats>, current: &View) -> bool {
    let (Some(before), Some(now)) = (baseline, repeats(current)) else {
        return false;
    };
    now.present > 0 && now.rows_each() <= MOST_MORE_ROWS_EACH * before.rows_each()
}
