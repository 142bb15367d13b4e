//! `churnctl model diff`: what two models differ in, without any data.

use std::path::PathBuf;

use serde::Serialize;

use super::facts::{Fact, FeatureFact, facts, features};
use super::find::artifact_of;
use crate::cells::{Cell, Column, Table, Tone};
use crate::commands::Console;
use crate::error::Result;
use crate::exit::ExitCode;

/// Version of the JSON layout.
const SCHEMA_VERSION: u32 = 1;
const ABSENT: &str = "-";

/// Which models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffRequest {
    /// A file or a version.
    pub one: String,
    /// Another, or none for the one in production.
    pub other: Option<String>,
    /// Folder with the model in production and the registry.
    pub artifacts: PathBuf,
}

#[derive(Serialize)]
struct Body {
    one: String,
    other: String,
    /// What is said of both, where it is not the same.
    facts: Vec<Difference>,
    /// Features whose kind, range, levels or importance is not the same.
    features: Vec<Difference>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Difference {
    what: String,
    /// Nothing if the first model does not have it.
    one: Option<String>,
    other: Option<String>,
}

/// Compares two models.
///
/// # Errors
/// Bad input if one cannot be found or is damaged; I/O. That they differ is *no* error.
pub fn run(request: &DiffRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    let one = artifact_of(Some(&request.one), &request.artifacts)?;
    let other = artifact_of(request.other.as_deref(), &request.artifacts)?;
    let fact = |fact: Fact| (fact.what, fact.value);
    let all = |artifact| facts(artifact).into_iter().map(fact).collect();
    let feature = |feature: FeatureFact| {
        let rises = feature.log_loss_increase;
        let rises = rises.map_or_else(String::new, |rise| format!("; log loss rises {rise:.4}"));
        (feature.name, feature.kind + &rises)
    };
    let every = |artifact| features(artifact).into_iter().map(feature).collect();
    let body = Body {
        facts: differences(all(&one), all(&other)),
        features: differences(every(&one), every(&other)),
        one: one.version,
        other: other.version,
    };
    let document = console.document("model diff", SCHEMA_VERSION, body);
    if console.print_document(&document)? {
        return Ok(ExitCode::Ok);
    }
    let body = &document.body;
    if body.facts.is_empty() && body.features.is_empty() {
        console.print_line(Tone::Good, "the two models are the same")?;
        return Ok(ExitCode::Ok);
    }
    for (heading, differences) in [("Fact", &body.facts), ("Feature", &body.features)] {
        if differences.is_empty() {
            continue;
        }
        let text = |value: &Option<String>| Cell::plain(value.as_deref().unwrap_or(ABSENT));
        let row = |difference: &Difference| {
            vec![
                Cell::plain(&difference.what),
                text(&difference.one),
                text(&difference.other),
            ]
        };
        console.print_table(&Table {
            columns: vec![
                Column::text(heading),
                Column::prose(&body.one),
                Column::prose(&body.other),
            ],
            rows: differences.iter().map(row).collect(),
        })?;
    }
    Ok(ExitCode::Ok)
}

/// Lines of the first in its order, then those that only the other has.
fn differences(one: Vec<(String, String)>, mut other: Vec<(String, String)>) -> Vec<Difference> {
    let mut differences = Vec::new();
    for (what, value) in one {
        let at = other.iter().position(|(name, _)| *name == what);
        let theirs = at.map(|at| other.remove(at).1);
        if theirs.as_ref() != Some(&value) {
            differences.push(Difference {
                what,
                one: Some(value),
                other: theirs,
            });
        }
    }
    let only = other.into_iter().map(|(what, value)| Difference {
        what,
        one: None,
        other: Some(value),
    });
    differences.extend(only);
    differences
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_lacks_is_a_difference_and_what_is_the_same_is_not() {
        let pairs = |all: &[(&str, &str)]| {
            let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            all.iter().map(pair).collect()
        };
        let found = differences(
            pairs(&[("a", "1"), ("b", "2"), ("c", "3")]),
            pairs(&[("c", "4"), ("a", "1"), ("d", "5")]),
        );
        let shown: Vec<String> = found
            .iter()
            .map(|one| {
                format!(
                    "{} {:?} {:?}",
                    one.what,
                    one.one.as_deref(),
                    one.other.as_deref()
                )
            })
            .collect();
        let expected = [
            "b Some(\"2\") None",
            "c Some(\"3\") Some(\"4\")",
            "d None Some(\"5\")",
        ];
        assert_eq!(shown, expected);
    }
}
