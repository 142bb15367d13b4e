//! What promtool is given: rule files and test files as they are, and where that cannot be (objects,
//! standard input, rules without a group) the same bytes cut out of them.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use churn_base::error::{Error, Result};
use serde_json::{Value, json};

use super::edit::Text;
use super::promtool::Promtool;
use crate::cases::CaseFile;
use crate::library::{Library, RuleForm, RuleSet};
use crate::node::{Node, Source, Style};
use crate::yaml::read;

/// A rule set as promtool loads it.
#[derive(Debug)]
pub(super) struct Prepared {
    /// The file.
    pub(super) path: PathBuf,
    /// Its text.
    pub(super) source: Arc<Source>,
    /// Whether it is the user's file itself.
    pub(super) is_own: bool,
}

/// Prepares every rule set of the library.
///
/// # Errors
/// Fails with 74 if the folder cannot be written.
pub(super) fn rule_sets(
    library: &Library,
    folder: &Path,
    promtool: &Promtool,
) -> Result<Vec<Prepared>> {
    let sets = library.rule_sets.iter().enumerate();
    sets.map(|(at, set)| prepared(set, at, folder, promtool))
        .collect()
}

fn prepared(set: &RuleSet, at: usize, folder: &Path, promtool: &Promtool) -> Result<Prepared> {
    let name = &set.source.name;
    if set.form == RuleForm::File && name != "-" {
        return Ok(Prepared {
            path: absolute(Path::new(name))?,
            source: Arc::clone(&set.source),
            is_own: true,
        });
    }
    let text = match set.form {
        RuleForm::File => set.source.text.clone(),
        RuleForm::Object => object_text(set, promtool),
        RuleForm::List => {
            json!({ "groups": [{ "name": "-", "rules": set.node.to_json() }] }).to_string()
        }
    };
    let path = folder.join(format!("rules-{at}.yml"));
    write(&path, &text)?;
    let source = Arc::new(Source {
        name: name.clone(),
        text,
    });
    Ok(Prepared {
        path,
        source,
        is_own: false,
    })
}

/// The groups of an object as the Prometheus Operator puts them into a file: the bytes as they are, on
/// the lines that they have, unless something of them is not Prometheus' own or stands elsewhere.
fn object_text(set: &RuleSet, promtool: &Promtool) -> String {
    let node = &set.node;
    let text = &set.source.text;
    let wanted = operators_groups(node, promtool);
    let line_begin = text[..node.spot.byte].rfind('\n').map_or(0, |at| at + 1);
    let begin = match node.style {
        Style::Flow => node.spot.byte,
        _ => line_begin,
    };
    let slice = text.get(begin..node.spot.end()).unwrap_or_default();
    let blank_lines = "\n".repeat((node.spot.line as usize).saturating_sub(2));
    let cut = match node.style {
        Style::Flow => format!("groups: {slice}\n"),
        _ => format!("{blank_lines}groups:\n{slice}\n"),
    };
    let source = Arc::new(Source {
        name: set.source.name.clone(),
        text: cut,
    });
    let (documents, broken) = read(&source);
    let same = broken.is_none()
        && documents.len() == 1
        && documents[0].root.get("groups").map(Node::to_json) == Some(wanted.clone());
    match same {
        true => source.text.clone(),
        false => json!({ "groups": wanted }).to_string(),
    }
}

/// The groups without what the operator keeps for Thanos, and what it leaves out for a Prometheus
/// that is too old.
fn operators_groups(groups: &Node, promtool: &Promtool) -> Value {
    let mut json = groups.to_json();
    for group in json.as_array_mut().into_iter().flatten() {
        let Some(group) = group.as_object_mut() else {
            continue;
        };
        group.remove("partial_response_strategy");
        for (key, since) in [("labels", (3, 0)), ("query_offset", (2, 53))] {
            if promtool.is_older_than(since) {
                group.remove(key);
            }
        }
    }
    json
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::fs::canonicalize(path).map_err(|error| Error::io("find", path, error))
}

/// A test file as promtool runs it.
#[derive(Debug)]
pub(super) struct PreparedCases {
    pub(super) path: PathBuf,
}

/// Prepares a test file: itself where promtool can find its rules, else a copy with other `rule_files`.
///
/// # Errors
/// Fails with 74 if the folder cannot be written.
pub(super) fn case_file(
    file: &CaseFile,
    at: usize,
    sets: &[Prepared],
    folder: &Path,
) -> Result<PreparedCases> {
    let name = &file.source.name;
    let as_it_is = name != "-"
        && file.is_first
        && !file.rule_files.is_empty()
        && file.sets.iter().all(|set| sets[*set].is_own);
    if as_it_is {
        return Ok(PreparedCases {
            path: PathBuf::from(name),
        });
    }
    // Where the file names no rules that promtool could load, all are meant; those that it does not
    // ask for would be evaluated in vain, and are most of the time that a proof takes.
    let asked: BTreeSet<&str> = file.cases().map(|(_, case)| case.alert.as_str()).collect();
    let is_trimmed =
        file.rule_paths().is_empty() && file.tests.iter().all(|test| test.expressions == 0);
    let mut paths = Vec::new();
    for set in &file.sets {
        let whole = &sets[*set];
        let trimmed = match is_trimmed && !whole.is_own {
            true => Text::new(&whole.source).and_then(|text| text.asked_for(&asked)),
            false => None,
        };
        paths.push(match trimmed {
            None => whole.path.clone(),
            Some(text) => {
                let path = folder.join(format!("cases-{at}-rules-{set}.yml"));
                write(&path, &text)?;
                path
            }
        });
    }
    let list = json!(paths).to_string();
    let (range, instead) = other_rule_files(file, &list);
    let text = &file.source.text;
    let whole = match file.is_first {
        true => 0..text.len(),
        false => file.root.spot.byte..file.root.spot.end(),
    };
    let text = format!(
        "{}{instead}{}\n",
        &text[whole.start..range.start],
        &text[range.end..whole.end]
    );
    let path = folder.join(format!("cases-{at}.yml"));
    write(&path, &text)?;
    Ok(PreparedCases { path })
}

/// Returns the bytes that say which rules are loaded, and what is to stand there.
fn other_rule_files(file: &CaseFile, list: &str) -> (Range<usize>, String) {
    let root = &file.root;
    match root.entry("rule_files") {
        Some((_, node)) if node.style == Style::Flow => {
            (node.spot.byte..node.spot.end(), list.to_owned())
        }
        // A list by indentation may stand in a line of its own: what is behind the key goes.
        Some((key, node)) => (key.spot.end()..node.spot.end(), format!(": {list}")),
        None if root.style == Style::Flow => {
            let at = root.spot.byte + 1;
            let comma = if root.entries().is_empty() { "" } else { "," };
            (at..at, format!("\"rule_files\": {list}{comma}"))
        }
        None => {
            let at = root.spot.byte;
            let before = &file.source.text[..at];
            let column = at - before.rfind('\n').map_or(0, |line| line + 1);
            (
                at..at,
                format!("rule_files: {list}\n{}", " ".repeat(column)),
            )
        }
    }
}

/// Writes a file of the scratch folder: it need not outlive a crash.
pub(super) fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).map_err(|error| Error::io("write", path, error))
}
