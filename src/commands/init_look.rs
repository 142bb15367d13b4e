//! What `churnctl init` finds in a data set: label, score, time, identifiers, dates, each with its reason.

use super::init_request::InitRequest;
use super::train_label::{likeliest, ranked};
use crate::data::{named_like_a_label, positive_label};
use crate::drift::UsualColumns;
use crate::drift::report::{LeftOut, Role};
use crate::drift::roles::{check_names, role_by_name, role_by_values};
use crate::error::Result;
use crate::profile::{Column, Profile, Roles};
use crate::reports::format;

/// A column and why it is taken for what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) name: String,
    pub(super) why: String,
}

/// A column of two values, which may be a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TwoValued {
    pub(super) name: String,
    pub(super) values: [String; 2],
    pub(super) counts: [u64; 2],
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Findings {
    pub(super) label: Option<Found>,
    /// The value that means churned, where it is plain.
    pub(super) positive: Option<Found>,
    pub(super) score: Option<Found>,
    pub(super) time: Option<Found>,
    pub(super) ids: Vec<Found>,
    pub(super) dates: Vec<Found>,
    /// Columns that may be the label, the likeliest first.
    pub(super) two_valued: Vec<TwoValued>,
    /// How many of them are likely, by their names or values.
    pub(super) likely_labels: usize,
    /// The likeliest of them, described.
    pub(super) likely: Vec<String>,
    /// Columns of numbers from 0 to 1 that may be the score, those named like one first.
    pub(super) shares: Vec<String>,
    /// A column named like a score whose values lie elsewhere.
    pub(super) score_elsewhere: Option<String>,
    /// How many columns there are.
    pub(super) columns: usize,
}

/// Words in the names of scores.
const SCORE_WORDS: [&str; 13] = [
    "score",
    "scores",
    "prob",
    "proba",
    "probability",
    "risk",
    "propensity",
    "likelihood",
    "pred",
    "preds",
    "predicted",
    "prediction",
    "predictions",
];

/// Whole names of scores, letters alone and in lower case.
const SCORE_NAMES: [&str; 3] = ["pchurn", "churnp", "yhat"];

/// Looks at the columns.
///
/// # Errors
/// Bad input if a column that was named is not there, or the label has not two values.
pub(super) fn look(
    profile: &Profile,
    usual: &UsualColumns,
    request: &InitRequest,
) -> Result<Findings> {
    let names: Vec<String> = profile.columns.iter().map(|one| one.name.clone()).collect();
    for (flag, named) in [
        ("--label", &request.label),
        ("--score", &request.score),
        ("--time", &request.time),
    ] {
        let named = named.iter().filter(|name| *name != "none");
        check_names(flag, named, &names, &[])?;
    }
    check_names("--id", &request.id, &names, &[])?;
    let mut findings = Findings::default();
    for column in &profile.columns {
        sort(column, usual, request, &mut findings);
    }
    choose_score(&mut findings, request, usual);
    choose_label(&mut findings, request, usual)?;
    choose_time(&mut findings, request, usual);
    findings.columns = names.len();
    Ok(findings)
}

/// Sorts one column in.
fn sort(column: &Column, usual: &UsualColumns, request: &InitRequest, findings: &mut Findings) {
    let name = &column.name;
    let found = |why: &str| Found {
        name: name.clone(),
        why: why.to_owned(),
    };
    if request.id.contains(name) {
        findings.ids.push(found("named with --id"));
        return;
    }
    if request.score.as_ref() == Some(name) {
        findings.score = Some(found("named with --score"));
        return;
    }
    if request.time.as_ref() == Some(name) {
        findings.dates.push(found("named with --time"));
        return;
    }
    let view = column.view(false);
    if request.label.as_ref() != Some(name) {
        let role = role_by_name(name, &Roles::default(), usual);
        let role = role.or_else(|| role_by_values(name, &view));
        match role {
            Some(LeftOut {
                role: Role::Id,
                reason,
                ..
            }) => {
                findings.ids.push(found(&reason));
                return;
            }
            Some(LeftOut {
                role: Role::Date,
                reason,
                ..
            }) => {
                findings.dates.push(found(&reason));
                return;
            }
            _ => {}
        }
        if let Some(numbers) = &view.numbers
            && view.distinct.is_none_or(|distinct| distinct > 2.0)
        {
            if numbers.min() >= 0.0 && numbers.max() <= 1.0 {
                findings.shares.push(name.clone());
                return;
            }
            if findings.score_elsewhere.is_none() && is_named_like_a_score(name, usual) {
                findings.score_elsewhere = Some(name.clone());
            }
        }
    }
    let categories = column.view(true).categories;
    if !categories.hashed {
        let counts: Vec<(String, u64)> = categories.counts.into_iter().collect();
        if let [(one, first), (other, second)] = counts.as_slice() {
            findings.two_valued.push(TwoValued {
                name: name.clone(),
                values: [one.clone(), other.clone()],
                counts: [*first, *second],
            });
        }
    }
}

fn is_named_like_a_score(name: &str, usual: &UsualColumns) -> bool {
    usual.score.iter().any(|score| score == name)
        || SCORE_NAMES.contains(&&*letters(name))
        || words(name).any(|word| SCORE_WORDS.contains(&&*word))
}

/// The words of `churn_probability` and of `churnProbability`.
pub(super) fn words(name: &str) -> impl Iterator<Item = String> {
    let mut spaced = String::new();
    let mut was_small = false;
    for letter in name.chars() {
        if was_small && letter.is_uppercase() {
            spaced.push(' ');
        }
        was_small = letter.is_lowercase();
        spaced.push(letter);
    }
    let parts = spaced.split(|letter: char| !letter.is_alphanumeric());
    let parts: Vec<String> = parts.map(str::to_lowercase).collect();
    parts.into_iter()
}

fn letters(name: &str) -> String {
    let letters = name.chars().filter(|letter| letter.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// The score has the usual name, or one like a score's; a share that is called otherwise is a feature.
fn choose_score(findings: &mut Findings, request: &InitRequest, usual: &UsualColumns) {
    let rank = |name: &String| {
        let is_usual = usual.score.contains(name);
        (!is_usual, !is_named_like_a_score(name, usual))
    };
    findings.shares.sort_by_key(rank);
    if request.score.is_some() {
        return;
    }
    let first = findings.shares.first();
    let named = first.filter(|name| is_named_like_a_score(name, usual));
    findings.score = named.map(|name| Found {
        name: name.clone(),
        why: "named like a score, and all values lie in 0 to 1".to_owned(),
    });
}

fn choose_label(
    findings: &mut Findings,
    request: &InitRequest,
    usual: &UsualColumns,
) -> Result<()> {
    let described: Vec<(String, [String; 2])> = findings
        .two_valued
        .iter()
        .map(|one| (one.name.clone(), one.values.clone()))
        .collect();
    findings.likely = likeliest(&described);
    let ranked = ranked(&described);
    findings.likely_labels = ranked.iter().filter(|(_, likely)| *likely).count();
    let place = |one: &TwoValued| ranked.iter().position(|(column, _)| column.0 == one.name);
    // For questions. Where nothing is asked, the first in the order of the columns that has a label's name is taken.
    let mut by_likelihood = findings.two_valued.clone();
    by_likelihood.sort_by_key(place);
    let label = match request.label.as_deref() {
        Some("none") => return Ok(()),
        Some(name) => Some((name.to_owned(), "named with --label")),
        None => findings
            .two_valued
            .iter()
            .find(|one| usual.label.contains(&one.name) || named_like_a_label(&one.name))
            .map(|one| (one.name.clone(), "has the name of a label, and two values")),
    };
    findings.two_valued = by_likelihood;
    match label {
        Some((name, why)) => findings.take_label(&name, why, request.positive.as_deref()),
        None => Ok(()),
    }
}

impl TwoValued {
    /// Returns the place of the value that fewer rows have, which is mostly the one that means churned.
    pub(super) fn rarer(&self) -> usize {
        usize::from(self.counts[1] < self.counts[0])
    }
}

impl Findings {
    /// Returns the label's two values, if it has just two.
    pub(super) fn label_values(&self) -> Option<&TwoValued> {
        let label = self.label.as_ref()?;
        self.two_valued.iter().find(|one| one.name == label.name)
    }

    /// Returns how many columns are left for features.
    pub(super) fn features(&self) -> usize {
        let taken = [&self.label, &self.score].into_iter().flatten();
        let taken = taken.chain(&self.ids).chain(&self.dates).count();
        self.columns.saturating_sub(taken)
    }

    /// Takes a column for the label.
    ///
    /// # Errors
    /// Bad input if `positive` was named and is none of its values.
    pub(super) fn take_label(
        &mut self,
        name: &str,
        why: &str,
        positive: Option<&str>,
    ) -> Result<()> {
        self.label = Some(Found {
            name: name.to_owned(),
            why: why.to_owned(),
        });
        let Some(column) = self.two_valued.iter().find(|one| one.name == name) else {
            // Of more than two values the first check says what is wrong.
            let named = positive.map(str::to_owned);
            self.positive = named.map(|name| Found {
                name,
                why: "named with --positive".to_owned(),
            });
            return Ok(());
        };
        let values = column.values.iter().map(String::as_str);
        self.positive = match (positive_label(name, values, positive), positive) {
            (Err(error), Some(_)) => return Err(error),
            (Err(_), None) => None,
            (Ok(value), _) => {
                let at = usize::from(column.values[1] == value);
                let all = column.counts[0] + column.counts[1];
                let share = column.counts[at] as f64 / all as f64;
                let why = format!("{} of the rows that have one", format::percent(share));
                Some(Found { name: value, why })
            }
        };
        Ok(())
    }
}

/// Names that say when a row was looked at, beside those of the settings: letters alone, in lower case. A date of
/// birth or of a contract says nothing of the kind.
const TIMES: [&str; 14] = [
    "asof",
    "date",
    "day",
    "dt",
    "eventtime",
    "month",
    "observationdate",
    "period",
    "referencedate",
    "reportdate",
    "snapshot",
    "time",
    "timestamp",
    "week",
];

/// The first date with a usual name, in the order of the settings; else one whose name says that it is the time of
/// the row. Of other dates only the user knows.
fn choose_time(findings: &mut Findings, request: &InitRequest, usual: &UsualColumns) {
    let dates = &findings.dates;
    let named = |name: &String| dates.iter().find(|date| date.name == *name);
    findings.time = match request.time.as_deref() {
        Some("none") => None,
        Some(name) => dates.iter().find(|date| date.name == name).cloned(),
        None => {
            let tells = |date: &&Found| TIMES.contains(&&*letters(&date.name));
            let found = usual.date.iter().find_map(named);
            found.or_else(|| dates.iter().find(tells)).cloned()
        }
    };
}
