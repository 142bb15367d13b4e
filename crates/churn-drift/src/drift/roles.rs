//! Which columns are features, and which are labels, scores, identifiers or dates.

use churn_base::error::{Error, Result, nearest};
use churn_data::{
    Form, GroupKey, Identified, Repeats, Spread, date_number, date_numbers, identified,
    looks_measured, named_like_a_label, named_like_a_time, named_like_an_id, named_like_an_index,
};

use super::report::{LeftOut, Role};
use crate::profile::{Kind, Profile, Roles, View};

/// Columns that are not features by their usual names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UsualColumns {
    /// Names of labels.
    pub label: Vec<String>,
    /// Names of scores.
    pub score: Vec<String>,
    /// Names of identifiers.
    pub id: Vec<String>,
    /// Names of dates.
    pub date: Vec<String>,
}

/// Rows below which no column is taken for an identifier by its values.
const MIN_ROWS_FOR_ID: u64 = 50;

/// Returns what a column is if it is not a feature, by what the user said and by its name.
#[must_use]
pub fn role_by_name(name: &str, roles: &Roles, usual: &UsualColumns) -> Option<LeftOut> {
    let is = |names: &[String]| names.iter().any(|known| known == name);
    let (role, reason) = if roles.label.as_deref() == Some(name) {
        (Role::Label, "named as the label")
    } else if roles.score.as_deref() == Some(name) {
        (
            Role::Score,
            "named as the score; compared as prediction drift",
        )
    } else if is(&roles.exclude) {
        (Role::Excluded, "excluded by the user")
    } else if is(&roles.id) {
        (Role::Id, "named as an identifier")
    } else if is(&usual.label) {
        (Role::Label, "the usual name of a label")
    } else if is(&usual.score) {
        (
            Role::Score,
            "the usual name of a score; compared as prediction drift",
        )
    } else if is(&usual.id) {
        (Role::Id, "the usual name of an identifier")
    } else if is(&usual.date) {
        (Role::Date, "the usual name of a date")
    } else {
        return None;
    };
    Some(LeftOut {
        column: name.to_owned(),
        role,
        reason: reason.to_owned(),
    })
}

/// Returns what a column is if its values show that it is not a feature.
#[must_use]
pub fn role_by_values(name: &str, view: &View) -> Option<LeftOut> {
    let fewest = if named_like_an_index(name) {
        2
    } else {
        MIN_ROWS_FOR_ID
    };
    date_by_values(name, view)
        .or_else(|| left_out_by_values(name, view, fewest))
        .or_else(|| group_key_by_values(name, view))
}

fn left_out(name: &str, role: Role, reason: String) -> LeftOut {
    LeftOut {
        column: name.to_owned(),
        role,
        reason,
    }
}

fn date_by_values(name: &str, view: &View) -> Option<LeftOut> {
    let date = |reason: &str| Some(left_out(name, Role::Date, reason.to_owned()));
    if view.kind == Kind::Text && view.are_dates {
        return date("nearly all values are dates");
    }
    let numbers = view.numbers.as_ref()?;
    let named = named_like_a_time(name);
    if !numbers.is_exact() {
        // Only the ends are known one by one.
        let ends = [numbers.min(), numbers.max()].map(date_number);
        let all_are = ends[0].is_some() && ends[0] == ends[1];
        return date("the values are times, by name and range").filter(|_| named && all_are);
    }
    let cells = numbers.cells().iter();
    let values = cells.map(|cell| (numbers.lower(*cell), cell.count));
    date_numbers(name, values).and_then(|form| date(form.reason()))
}

/// Returns as what a column is left out because nearly every row has another value, if there are
/// `fewest` rows with one.
///
/// An identifier is text or whole numbers, and named or shaped like one; a float never is. Other
/// text that never repeats is prose.
#[must_use]
pub(super) fn left_out_by_values(name: &str, view: &View, fewest: u64) -> Option<LeftOut> {
    let distinct = view.distinct?;
    // Sketches are off by up to a tenth; exact counts are not.
    let exact = view
        .numbers
        .as_ref()
        .is_none_or(crate::profile::Numbers::is_exact)
        && !view.categories.hashed;
    let nearly = if exact { 0.95 } else { 0.9 };
    if view.present < fewest || distinct < nearly * view.present as f64 {
        return None;
    }
    let named = named_like_an_id(name);
    let role = match &view.numbers {
        None if named => Role::Id,
        None => {
            let like_one = view.codes + view.numbers_among_texts;
            let shaped = view.codes > 0 && like_one * 100 >= 95 * view.present;
            if shaped { Role::Id } else { Role::FreeText }
        }
        Some(numbers) => {
            // Measurements may well be unique; identifiers are whole numbers that are named so or
            // count the rows.
            let counts_rows = numbers.max() - numbers.min() < 1.05 * view.present as f64;
            if !numbers.is_integral() || !(named || counts_rows) {
                return None;
            }
            Role::Id
        }
    };
    let about = if exact { "" } else { "about " };
    let rows = view.present;
    let what = match role {
        Role::FreeText if are_measures(view) => {
            ": texts with digits that could not be read as numbers"
        }
        Role::FreeText => ": prose, there is nothing to compare by category",
        _ if named => ", and named like an identifier",
        _ => "",
    };
    let reason = format!("{about}{distinct:.0} distinct values in {rows} rows{what}");
    Some(left_out(name, role, reason))
}

/// Whether nearly all texts look as if something was measured.
pub(super) fn are_measures(view: &View) -> bool {
    let categories = view.categories.counts.iter();
    let count = categories
        .filter(|(text, _)| looks_measured(text))
        .map(|(_, count)| count)
        .sum::<u64>();
    !view.categories.hashed && view.present > 0 && count * 100 >= 95 * view.present
}

/// Returns that a column is an identifier whose values repeat, as that of a customer with a row a
/// month.
fn group_key_by_values(name: &str, view: &View) -> Option<LeftOut> {
    let repeats = repeats(view)?;
    let is_key = repeats.group_key(name) == Some(GroupKey::Sure)
        || identified(name) == Some(Identified::Row) && counts_rows_again(name, view);
    let reason = || {
        let distinct = repeats.distinct;
        let rows = repeats.present;
        format!(
            "a group key: {distinct:.0} distinct values in {rows} rows, and named like an identifier"
        )
    };
    is_key.then(|| left_out(name, Role::Id, reason()))
}

/// Returns that a column may be a group key though its name does not say whose: the other side must
/// tell.
pub(super) fn likely_group_key(name: &str, view: &View) -> Option<LeftOut> {
    let repeats = repeats(view)?;
    let is_likely = repeats.group_key(name) == Some(GroupKey::Likely);
    let reason = || {
        format!(
            "looks like an identifier: {:.0} distinct values in {} rows, others on the current side",
            repeats.distinct, repeats.present
        )
    };
    is_likely.then(|| left_out(name, Role::Id, reason()))
}

/// How often the values of a column repeat; nothing for numbers with fractions.
pub(super) fn repeats(view: &View) -> Option<Repeats> {
    let known = match &view.numbers {
        Some(numbers) if !numbers.is_integral() => return None,
        Some(numbers) if numbers.is_exact() => {
            let cells = numbers.cells().iter();
            Repeats::of_numbers(
                cells
                    .map(|cell| (numbers.lower(*cell), cell.count))
                    .collect(),
            )
        }
        // A cell of a grid is many values.
        Some(numbers) => Repeats {
            present: view.present,
            distinct: view.distinct?,
            largest: None,
            form: Form::Numbers(Spread::of_ends(numbers.min(), numbers.max())),
        },
        None if view.categories.hashed => Repeats {
            present: view.present,
            distinct: view.distinct?,
            largest: None,
            form: if (view.codes + view.numbers_among_texts) * 100 >= 95 * view.present {
                Form::Codes
            } else {
                Form::Prose
            },
        },
        None => {
            let counts = view.categories.counts.iter();
            Repeats::of_texts(counts.map(|(text, count)| (text.as_str(), *count)))
        }
    };
    Some(Repeats {
        present: view.present,
        distinct: view.distinct?,
        ..known
    })
}

/// Whether a frame's index starts anew, as it does in frames that were put together. `index` alone
/// may be a measure.
fn counts_rows_again(name: &str, view: &View) -> bool {
    let (Some(numbers), Some(distinct)) = (&view.numbers, view.distinct) else {
        return false;
    };
    name != "index"
        && numbers.is_integral()
        && distinct >= MIN_ROWS_FOR_ID as f64
        && (0.0..=1.0).contains(&numbers.min())
        && numbers.max() - numbers.min() < 1.05 * distinct
}

/// Returns that a column of the baseline is a label, if it has the name of one and two values.
#[must_use]
pub(super) fn label_by_values(name: &str, view: &View) -> Option<LeftOut> {
    let is_label = view.distinct == Some(2.0) && named_like_a_label(name);
    is_label.then(|| LeftOut {
        column: name.to_owned(),
        role: Role::Label,
        reason: "has the name of a label, and two values".to_owned(),
    })
}

/// Takes the identifiers out of a profile, and remembers that they are: whom the data are about
/// does not concern a summary. Columns named in `features` stay.
pub fn drop_identifiers(profile: &mut Profile, features: &[String], usual: &UsualColumns) {
    let (roles, id) = (profile.roles.clone(), &mut profile.roles.id);
    profile.columns.retain(|column| {
        let name = &column.name;
        if features.contains(name) {
            return true;
        }
        let role = role_by_name(name, &roles, usual)
            .or_else(|| role_by_values(name, &column.view(column.categorical)));
        let is_id = role.is_some_and(|out| matches!(out.role, Role::Id | Role::FreeText));
        if is_id && !id.contains(name) {
            id.push(name.clone());
        }
        !is_id
    });
    id.sort();
}

/// Checks that every name of a list is a column of either side; `current` is empty where there is
/// but one.
///
/// # Errors
/// Bad input that names the list's option and the nearest column.
pub fn check_names<'a>(
    option: &str,
    names: impl IntoIterator<Item = &'a String>,
    baseline: &[String],
    current: &[String],
) -> Result<()> {
    for name in names {
        if baseline.contains(name) || current.contains(name) {
            continue;
        }
        let nobody_has = if current.is_empty() {
            "there is no column"
        } else {
            "neither side has a column"
        };
        let error = Error::bad_input(format!("{nobody_has} \"{name}\", named with {option}"));
        let known = baseline.iter().chain(current).map(String::as_str);
        return Err(match nearest(name, known) {
            Some(near) => error.hint(format!("did you mean \"{near}\"?")),
            None => error.hint(format!("the columns are: {}", baseline.join(", "))),
        });
    }
    Ok(())
}
