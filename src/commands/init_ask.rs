//! What `churnctl init` asks at a terminal, the best candidate first and "none of them" last; and what it refuses to
//! guess where it cannot ask. What is found is `init_look`'s affair.

use super::Console;
use super::init_look::{Findings, Found, words};
use super::init_request::{Extras, InitRequest};
use crate::error::{Error, Result};
use crate::exit::ExitCode;

const NONE: &str = "none of them";

/// Words in the names of dates that are not the time of a row.
const OTHER_TIMES: [&str; 14] = [
    "birth",
    "born",
    "dob",
    "signup",
    "sign",
    "first",
    "last",
    "joined",
    "registered",
    "contract",
    "churn",
    "cancelled",
    "left",
    "exit",
];

/// Asks what is not plain.
///
/// # Errors
/// 3 if a question is left unanswered; bad input if the value that was named is not one of the label that was chosen.
pub(super) fn ask(
    request: &mut InitRequest,
    found: &mut Findings,
    console: &Console<'_>,
) -> Result<()> {
    ask_label(request, found, console)?;
    ask_positive(request, found, console)?;
    ask_score(request, found, console)?;
    ask_time(request, found, console)?;
    ask_extras(request, console)
}

/// Refuses to guess label and positive value: init never overwrites a file, so that a guess could not be taken back by
/// another run.
///
/// # Errors
/// 64, with the flag that says it.
pub(super) fn refuse_to_guess(request: &InitRequest, found: &Findings) -> Result<()> {
    if request.label.is_none() && found.label.is_none() && !found.two_valued.is_empty() {
        return Err(Error::usage(
            "no column has the name of a label, so init cannot tell who churned",
        )
        .hint(format!(
            "--label NAME names the column, --label none goes on without one; \
                     the likeliest columns: {}",
            found.likely.join(", ")
        )));
    }
    match found.label_values() {
        Some(label) if found.positive.is_none() => {
            let [one, other] = &label.values;
            Err(Error::usage(format!(
                "init cannot tell which value of \"{}\" means churned: \"{one}\" or \"{other}\"",
                label.name
            ))
            .hint("--positive VALUE says it"))
        }
        Some(_) | None => Ok(()),
    }
}

fn chosen(console: &Console<'_>, question: &str, of: &[String], first: usize) -> Result<usize> {
    console.choose(question, of, first)?.ok_or_else(no_answer)
}

fn no_answer() -> Error {
    Error::new(ExitCode::Refused, "no answer; nothing was written")
}

fn ask_label(request: &mut InitRequest, found: &mut Findings, console: &Console<'_>) -> Result<()> {
    if request.label.is_some() || found.two_valued.is_empty() {
        return Ok(());
    }
    let (choices, first) = label_choices(found);
    let chosen = chosen(console, "Which column says who churned?", &choices, first)?;
    let name = found.two_valued.get(chosen).map(|one| one.name.clone());
    match name {
        None => {
            found.label = None;
            found.positive = None;
            request.label = Some("none".to_owned());
        }
        Some(name) if is(found.label.as_ref(), &name) => {}
        Some(name) => found.take_label(&name, "chosen", request.positive.as_deref())?,
    }
    Ok(())
}

fn is(found: Option<&Found>, name: &str) -> bool {
    found.is_some_and(|found| found.name == name)
}

/// Returns the columns of two values with these, "none of them", and where the cursor begins: at the proposal, else at
/// the likeliest, else at "none of them".
fn label_choices(found: &Findings) -> (Vec<String>, usize) {
    let described = found.two_valued.iter().map(|one| {
        let [value, other] = &one.values;
        format!("{} ({value}, {other})", one.name)
    });
    let mut choices: Vec<String> = described.collect();
    choices.push(NONE.to_owned());
    let all = &found.two_valued;
    let proposed = all
        .iter()
        .position(|one| is(found.label.as_ref(), &one.name));
    // They stand in the order of likelihood.
    let likeliest = (found.likely_labels > 0).then_some(0);
    let first = proposed.or(likeliest).unwrap_or(all.len());
    (choices, first)
}

fn ask_positive(request: &InitRequest, found: &mut Findings, console: &Console<'_>) -> Result<()> {
    let label = found.label_values();
    let Some(label) = label.filter(|_| request.positive.is_none() && found.positive.is_none())
    else {
        return Ok(());
    };
    let (name, values, rarer) = (label.name.clone(), label.values.clone(), label.rarer());
    let question = format!("Which value of {name} means churned?");
    let chosen = chosen(console, &question, &values, rarer)?;
    let why = found
        .label
        .as_ref()
        .map_or("chosen", |label| label.why.as_str());
    let why = why.to_owned();
    found.take_label(&name, &why, Some(&values[chosen]))
}

fn ask_score(request: &mut InitRequest, found: &mut Findings, console: &Console<'_>) -> Result<()> {
    if request.score.is_some() || found.shares.is_empty() {
        return Ok(());
    }
    let (choices, first) = score_choices(found);
    let chosen = chosen(
        console,
        "Which column has the model's score?",
        &choices,
        first,
    )?;
    match found.shares.get(chosen).cloned() {
        None => {
            found.score = None;
            request.score = Some("none".to_owned());
        }
        Some(name) if is(found.score.as_ref(), &name) => {}
        Some(name) => {
            found.score = Some(Found {
                name,
                why: "chosen".to_owned(),
            });
        }
    }
    Ok(())
}

/// Returns the columns that may be the score, "none of them", and where the cursor begins: at a share only if its name
/// says that it is a score, since most shares are features.
fn score_choices(found: &Findings) -> (Vec<String>, usize) {
    let mut choices = found.shares.clone();
    choices.push(NONE.to_owned());
    let all = &found.shares;
    let proposed = all.iter().position(|name| is(found.score.as_ref(), name));
    (choices, proposed.unwrap_or(all.len()))
}

fn ask_time(request: &InitRequest, found: &mut Findings, console: &Console<'_>) -> Result<()> {
    if request.time.is_some() || found.dates.is_empty() {
        return Ok(());
    }
    let (choices, first) = time_choices(found);
    let chosen = chosen(
        console,
        "Which column has the time of a row?",
        &choices,
        first,
    )?;
    found.time = found.dates.get(chosen).cloned();
    Ok(())
}

/// Returns the dates, "none of them", and where the cursor begins: at the proposal, else at the first date whose name
/// does not say that it is another time, such as that of a birth.
fn time_choices(found: &Findings) -> (Vec<String>, usize) {
    let mut choices: Vec<String> = found.dates.iter().map(|one| one.name.clone()).collect();
    choices.push(NONE.to_owned());
    let all = &found.dates;
    let proposed = all
        .iter()
        .position(|date| found.time.as_ref() == Some(date));
    let is_other =
        |date: &Found| words(&date.name).any(|word| OTHER_TIMES.contains(&word.as_str()));
    let likeliest = all.iter().position(|date| !is_other(date));
    let first = proposed.or(likeliest).unwrap_or(all.len());
    (choices, first)
}

fn ask_extras(request: &mut InitRequest, console: &Console<'_>) -> Result<()> {
    if request.extras != Extras::default() {
        return Ok(());
    }
    let extras = [
        "a workflow for GitHub Actions",
        "manifests for Kubernetes",
        "a DVC pipeline",
        "a line for cron",
    ];
    let chosen = console.choose_some(
        "What else should be written? (Space selects, Enter continues)",
        &extras,
    )?;
    let chosen = chosen.ok_or_else(no_answer)?;
    request.extras = Extras {
        github: chosen.contains(&0),
        kubernetes: chosen.contains(&1),
        dvc: chosen.contains(&2),
        cron: chosen.contains(&3),
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::init_look::TwoValued;
    use super::*;

    fn found(name: &str) -> Found {
        Found {
            name: name.to_owned(),
            why: "because".to_owned(),
        }
    }

    #[test]
    fn the_cursor_begins_at_the_label_proposed_else_at_the_likeliest() {
        let two = |name: &str, values: [&str; 2]| TwoValued {
            name: name.to_owned(),
            values: values.map(str::to_owned),
            counts: [30, 10],
        };
        let mut findings = Findings {
            two_valued: vec![
                two("gone_away", ["no", "yes"]),
                two("gender", ["Female", "Male"]),
            ],
            likely_labels: 1,
            ..Findings::default()
        };
        let (choices, first) = label_choices(&findings);
        let shown = [
            "gone_away (no, yes)",
            "gender (Female, Male)",
            "none of them",
        ];
        assert_eq!((choices, first), (shown.map(str::to_owned).to_vec(), 0));
        findings.label = Some(found("gender"));
        assert_eq!(label_choices(&findings).1, 1);
        // Neither name nor values speak for a gender: whoever presses Enter has no label then.
        findings.label = None;
        findings.two_valued.remove(0);
        findings.likely_labels = 0;
        assert_eq!(label_choices(&findings).1, 1);
        assert_eq!(findings.two_valued[0].rarer(), 1);
    }

    #[test]
    fn the_cursor_begins_at_the_best_score_and_at_none_among_mere_shares() {
        let shares = vec!["churn_score".to_owned(), "discount".to_owned()];
        let mut findings = Findings {
            shares,
            score: Some(found("churn_score")),
            ..Findings::default()
        };
        let (choices, first) = score_choices(&findings);
        assert_eq!((choices.len(), &*choices[2], first), (3, "none of them", 0));
        findings.score = None;
        assert_eq!(score_choices(&findings).1, 2);
    }

    #[test]
    fn the_cursor_begins_at_a_date_that_may_be_the_time_of_a_row() {
        let mut findings = Findings {
            dates: vec![found("birth_date"), found("extracted_at"), found("asof")],
            ..Findings::default()
        };
        assert_eq!(time_choices(&findings).1, 1);
        findings.time = Some(found("asof"));
        assert_eq!(time_choices(&findings).1, 2);
        findings.dates.truncate(1);
        findings.time = None;
        let (choices, first) = time_choices(&findings);
        assert_eq!(choices[first], "none of them");
    }
}
