//! Columns that look like identifiers in the baseline, and what the current side says of that: who
//! is left out must be one on both sides, or it could hide harm.

use std::collections::HashMap;
use std::hash::Hash;

use churn_data::{Repeats, named_like_an_id};

use super::plan::{Candidate, PlannedFeature};
use super::report::{Finding, FindingKind, Role, Status};
use super::roles::{are_measures, left_out_by_values, repeats};
use crate::profile::{Column, Numbers, View};
use crate::stats::permutation::unseen_p_value;

/// How many times as many rows a value of a group key may have on the current side: a year of them
/// where the baseline has a month, but not one value for all.
const MOST_MORE_ROWS_EACH: f64 = 20.0;

/// Least share of rows of the current side whose value the baseline lacks, from which something that
/// looks like an identifier is one: most customers are others.
const LEAST_NEW: f64 = 0.5;

/// How likely chance may make that many rows have new values, where the sides are of one law: most of
/// 500 rows of 1,000 categories have one that 500 others lack.
const MOST_BY_CHANCE: f64 = 1e-6;

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
    let NewRows { rows: new, p_value } = new_rows(baseline, current)?;
    let message = || {
        format!(
            "\"{name}\" looks like an identifier: {:.0} distinct values in {} rows, and {new} of \
             these rows have a value that the baseline lacks; it is not compared. Name it with --id, \
             or have it compared with --features",
            now.distinct, now.present
        )
    };
    let are_others = new as f64 >= LEAST_NEW * current.present as f64 && p_value < MOST_BY_CHANCE;
    are_others.then(|| Finding {
        status: Status::Warn,
        kind: FindingKind::LikelyIdentifier,
        feature: Some(name.to_owned()),
        message: message(),
    })
}

/// Rows of the current side with a value that the baseline lacks.
struct NewRows {
    rows: u64,
    /// How likely chance makes so many.
    p_value: f64,
}

impl NewRows {
    /// Counts them by the rows of each value on both sides.
    fn count<T: Hash + Eq>(
        before: impl Iterator<Item = (T, u64)>,
        now: impl Iterator<Item = (T, u64)>,
    ) -> Self {
        let mut sizes: HashMap<T, u64> = before.collect();
        let known: u64 = sizes.values().sum();
        let (mut rows, mut all, mut new) = (0, 0, Vec::new());
        for (value, count) in now {
            all += count;
            if let Some(size) = sizes.get_mut(&value) {
                *size += count;
            } else {
                rows += count;
                new.push(count);
            }
        }
        let sizes = sizes.into_values().chain(new);
        Self {
            rows,
            p_value: unseen_p_value(sizes, rows, known, all),
        }
    }
}

/// Returns the rows with new values where each value is known.
fn new_rows(baseline: &View, current: &View) -> Option<NewRows> {
    match (&baseline.numbers, &current.numbers) {
        (Some(before), Some(now)) if before.is_exact() && now.is_exact() => {
            fn values(numbers: &Numbers) -> impl Iterator<Item = (u64, u64)> {
                let cells = numbers.cells().iter();
                cells.map(|cell| (numbers.lower(*cell).to_bits(), cell.count))
            }
            Some(NewRows::count(values(before), values(now)))
        }
        (Some(before), Some(now)) => {
            let is_apart = now.min() > before.max() || now.max() < before.min();
            is_apart.then_some(NewRows {
                rows: current.present,
                p_value: 0.0,
            })
        }
        (None, None) if !baseline.categories.hashed && !current.categories.hashed => {
            let before = baseline.categories.counts.iter();
            let now = current.categories.counts.iter();
            Some(NewRows::count(
                before.map(|(text, count)| (text, *count)),
                now.map(|(text, count)| (text, *count)),
            ))
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
