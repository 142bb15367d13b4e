//! The texts that `churnctl init` writes: settings with comments, and what else was asked for, from the templates
//! in `examples/`.

use super::init_look::{Findings, Found};
use super::init_request::InitRequest;
use crate::error::{Error, Result};
use crate::redact;
use crate::text::visible;

/// A file to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NewFile {
    pub(super) path: &'static str,
    pub(super) text: String,
}

/// Where the settings go.
pub(super) const SETTINGS: &str = crate::settings::DEFAULT_FILE;
/// Where the profile of the training data goes.
pub(super) const PROFILE: &str = "profiles/baseline.json";
/// The schema of the settings, for editors.
pub(super) const SCHEMA: &str = "churnctl.schema.json";
/// The folder of the manifests.
pub(super) const MANIFESTS: &str = "k8s";

/// The workflow.
const WORKFLOW_FILE: &str = ".github/workflows/churn-model.yml";

const WORKFLOW: &str = include_str!("../../examples/github/churn-model.yml");
const PIPELINE: &str = include_str!("../../examples/dvc/dvc.yaml");
const PARAMETERS: &str = include_str!("../../examples/dvc/params.yaml");

/// Returns the settings. `is_profile` tells whether the baseline is a profile already.
pub(super) fn settings(
    request: &InitRequest,
    found: &Findings,
    is_profile: bool,
    about: &str,
) -> String {
    let mut text = format!(
        "#:schema ./{SCHEMA}\n\
         # Settings of churnctl for this folder. `churnctl config show` prints all settings with their values.\n\
         # Written by `churnctl init`, which looked at {about}.\n\n\
         model = {}\n",
        quoted(&request.model)
    );
    let mut section = |name: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            text.push_str(&format!("\n[{name}]\n{}\n", lines.join("\n")));
        }
    };
    section("data", data(request, found));
    section("columns", columns(found));
    let baseline = if is_profile {
        request.baseline.as_str()
    } else {
        PROFILE
    };
    let mut drift = vec![address(
        "baseline",
        baseline,
        "what current data are compared with",
    )];
    drift.push(match &request.current {
        Some(current) => address("current", current, "what is checked, unless the command line names something else"),
        None => "# current = [\"data/today.csv\"]   # what is checked; or name it: `churnctl drift FILE`".to_owned(),
    });
    drift.push("html = \"drift.html\"".to_owned());
    drift.push(
        "# warn_psi = 0.1    # the defaults: the PSI from which a feature warns or fails"
            .to_owned(),
    );
    drift.push("# fail_psi = 0.25".to_owned());
    section("drift", drift);
    if !is_profile {
        section("train", train(request, found));
    }
    text
}

fn data(request: &InitRequest, found: &Findings) -> Vec<String> {
    let mut lines = vec![match &found.label {
        Some(label) => line("label", label),
        None if request.label.is_some() => {
            "# label = \"NAME\"   # the column that says who churned; none was chosen".to_owned()
        }
        None => "# label = \"NAME\"   # the column that says who churned; no column has two values"
            .to_owned(),
    }];
    match (&found.label, &found.positive) {
        (_, Some(positive)) => lines.push(line("positive", positive)),
        (Some(_), None) => {
            lines.push("# positive = \"VALUE\"   # the value that means churned".to_owned());
        }
        (None, None) => {}
    }
    lines.push(match &found.score {
        Some(score) => line("score", score),
        None => format!(
            "# score = \"NAME\"   # the column with the model's score; {}",
            visible(&no_score(request, found))
        ),
    });
    lines
}

/// Says why no column is the score, and what might be.
pub(super) fn no_score(request: &InitRequest, found: &Findings) -> String {
    const MOST: usize = 3;
    if request.score.is_some() {
        return "none was chosen".to_owned();
    }
    if let Some(name) = &found.score_elsewhere {
        return format!("{name} is named like one, but its values are not all in 0 to 1");
    }
    match found.shares.as_slice() {
        [] => "no column has scores between 0 and 1".to_owned(),
        shares => {
            let first: Vec<&str> = shares.iter().take(MOST).map(String::as_str).collect();
            let more = match shares.len().saturating_sub(MOST) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!(
                "columns with values from 0 to 1: {}{more}",
                first.join(", ")
            )
        }
    }
}

fn columns(found: &Findings) -> Vec<String> {
    let list = |key: &str, found: &[Found]| {
        let names: Vec<String> = found.iter().map(|one| quoted(&one.name)).collect();
        let why: Vec<String> = found
            .iter()
            .map(|one| format!("# {}: {}", visible(&one.name), visible(&one.why)))
            .collect();
        let setting = format!("{key} = [{}]", names.join(", "));
        why.into_iter().chain([setting]).collect::<Vec<_>>()
    };
    let mut lines = Vec::new();
    if !found.ids.is_empty() {
        lines.extend(list("id", &found.ids));
    }
    if !found.dates.is_empty() {
        lines.extend(list("date", &found.dates));
    }
    lines
}

fn train(request: &InitRequest, found: &Findings) -> Vec<String> {
    let mut lines = vec![address(
        "data",
        &request.baseline,
        "what a model learns from",
    )];
    match (&found.time, found.dates.as_slice()) {
        (Some(time), _) => lines.push(format!(
            "time = {}   # rows are split by it; \"none\" splits at random",
            quoted(&time.name)
        )),
        (None, []) => {}
        (None, _) => lines.push(
            "time = \"none\"   # or the column with the time of a row: then rows are split by it"
                .to_owned(),
        ),
    }
    lines
}

fn line(key: &str, found: &Found) -> String {
    format!(
        "{key} = {}   # {}",
        quoted(&found.name),
        visible(&found.why)
    )
}

/// A list with one address. One with a secret in it has no place in a file that is committed.
fn address(key: &str, address: &str, comment: &str) -> String {
    if redact::address(address) == address {
        return format!("{key} = [{}]   # {comment}", quoted(address));
    }
    format!(
        "# {key}: the address has a secret in it, which does not belong in this file; use &password_file=FILE or a variable\n\
         # {key} = [{}]",
        quoted(&redact::address(address))
    )
}

/// A basic string of TOML: JSON's escapes are among TOML's, and DEL must be escaped, too.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text)
        .to_string()
        .replace('\u{7f}', "\\u007f")
}

/// Returns the other files that are wanted, manifests apart.
///
/// # Errors
/// Fails with 64 where a template has no place for what was named.
pub(super) fn others(
    request: &InitRequest,
    found: &Findings,
    folder: &str,
    is_profile: bool,
) -> Result<Vec<NewFile>> {
    let mut files = Vec::new();
    let extras = request.extras;
    if extras.github {
        files.push(NewFile {
            path: WORKFLOW_FILE,
            text: workflow(request, is_profile)?,
        });
    }
    if extras.dvc {
        let Some(current) = request.current.as_deref().filter(|_| !is_profile) else {
            return Err(Error::usage("--dvc needs training data and current data")
                .hint("churnctl init TRAINING CURRENT --dvc"));
        };
        let Some(label) = &found.label else {
            return Err(
                Error::usage("--dvc needs a label to train on").hint("name it with --label")
            );
        };
        let mut flags = format!("--label {}", word(&label.name)?);
        if let Some(positive) = &found.positive {
            flags.push_str(&format!(" --positive {}", word(&positive.name)?));
        }
        let text = PIPELINE
            .replace("data/training.csv", plain("--dvc", &request.baseline)?)
            .replace("data/current.csv", plain("--dvc", current)?)
            .replace("--label churn --positive Yes", &flags);
        files.push(NewFile {
            path: "dvc.yaml",
            text,
        });
        files.push(NewFile {
            path: "params.yaml",
            text: PARAMETERS.to_owned(),
        });
    }
    if extras.cron {
        files.push(NewFile {
            path: "churnctl.cron",
            text: cron(folder)?,
        });
    }
    Ok(files)
}

/// What the workflow of the examples watches.
const WATCHED: &str =
    "      - churnctl.toml\n      - k8s/**\n      - data/**\n      - profiles/**\n";

/// The workflow, with the jobs that have something to check, for whatever they read.
fn workflow(request: &InitRequest, is_profile: bool) -> Result<String> {
    let current = request.current.as_deref().unwrap_or("data/current/*.csv");
    let current = plain("--github", current)?;
    let baseline = match is_profile {
        true => plain("--github", &request.baseline)?,
        false => PROFILE,
    };
    let has_manifests = request.extras.kubernetes;
    let unwanted: &[&str] = match has_manifests {
        true => &[],
        false => &["manifests", "alerts"],
    };
    let mut paths = vec![SETTINGS.to_owned(), WORKFLOW_FILE.to_owned()];
    paths.extend([baseline, current].into_iter().filter_map(watched));
    paths.extend(has_manifests.then(|| format!("{MANIFESTS}/**")));
    let paths = paths
        .iter()
        .map(|path| format!("      - {}\n", scalar(path)));
    let text = without_jobs(WORKFLOW, unwanted)
        .replace(WATCHED, &paths.collect::<String>())
        .replace("profiles/training.json", &scalar(baseline))
        .replace(
            "current: data/current/*.csv",
            &format!("current: {}", scalar(current)),
        );
    Ok(text)
}

/// Returns the filter that sees changes of a path or pattern: nothing for what lies outside of the repository.
fn watched(path: &str) -> Option<String> {
    let path = path.trim_start_matches("./").trim_end_matches('/');
    let is_outside = path.starts_with('/') || path.split('/').any(|part| part == "..");
    match () {
        () if is_outside => None,
        () if matches!(path, "" | ".") => Some("**".to_owned()),
        () if std::path::Path::new(path).is_dir() => Some(format!("{path}/**")),
        () => Some(path.to_owned()),
    }
}

/// A path or pattern as a text of YAML, where a star at the beginning is an alias, and a dash an item.
fn scalar(path: &str) -> String {
    match path.starts_with(|letter: char| letter.is_alphabetic() || "./_".contains(letter)) {
        true => path.to_owned(),
        // What is plain has no quotes in it.
        false => format!("'{path}'"),
    }
}

fn cron(folder: &str) -> Result<String> {
    // cron takes a per cent sign for the end of the command.
    let folder = word(folder)?.replace('%', "\\%");
    Ok(format!(
        "# A drift check every night at one. Add the line to your table with `crontab -e`; churnctl must be on its PATH.\n\
         # Nothing is printed, and so nothing mailed, unless the check says FAIL (2) or cannot be made.\n\
         0 1 * * * cd {folder} && churnctl drift -q --format plain >drift.log 2>&1 || {{ code=$?; cat drift.log; exit $code; }}\n"
    ))
}

/// A word of a shell's command line.
fn word(text: &str) -> Result<String> {
    let quoted = shlex::try_quote(text);
    quoted.map(|word| word.into_owned()).map_err(|_| {
        Error::usage(format!(
            "no command line can have \"{}\" in it",
            visible(text)
        ))
    })
}

/// A path or pattern that neither YAML nor a shell reads as anything else.
fn plain<'a>(flag: &str, text: &'a str) -> Result<&'a str> {
    let is_plain = |letter: char| letter.is_alphanumeric() || "._-/*".contains(letter);
    if !text.is_empty() && text.chars().all(is_plain) {
        return Ok(text);
    }
    let shown = redact::address(text);
    Err(Error::usage(format!(
        "{flag} cannot name \"{}\" in its template",
        visible(&shown)
    ))
    .hint("name files whose paths have letters, digits and ._-/* only"))
}

/// Leaves jobs out of a workflow: from their line, two blanks deep, to that of the next.
fn without_jobs(workflow: &str, unwanted: &[&str]) -> String {
    let mut text = String::new();
    let (mut jobs, mut leave_out) = (false, false);
    for line in workflow.lines() {
        jobs |= line == "jobs:";
        let name = line
            .strip_prefix("  ")
            .filter(|rest| !rest.starts_with(' '));
        if let Some(name) = name
            .and_then(|name| name.strip_suffix(':'))
            .filter(|_| jobs)
        {
            leave_out = unwanted.contains(&name);
        }
        if !leave_out {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::init_request::Extras;

    #[test]
    fn jobs_are_left_out_whole() {
        let text = without_jobs(WORKFLOW, &["manifests", "alerts"]);
        assert!(text.contains("\n  drift:\n") && text.contains("check: drift"));
        assert!(!text.contains("check: manifests") && !text.contains("check: alerts"));
        assert_eq!(without_jobs(WORKFLOW, &[]), WORKFLOW);
    }

    #[test]
    fn a_workflow_watches_what_its_jobs_read() {
        let request = |current: &str, kubernetes| InitRequest {
            baseline: "training.csv".to_owned(),
            current: Some(current.to_owned()),
            model: "churn".to_owned(),
            label: None,
            positive: None,
            score: None,
            time: None,
            id: Vec::new(),
            extras: Extras {
                github: true,
                kubernetes,
                ..Extras::default()
            },
            yes: true,
        };
        let text = workflow(&request("*.csv", false), false).expect("a workflow");
        let watched = "    paths:\n      - churnctl.toml\n      - .github/workflows/churn-model.yml\n      \
                       - profiles/baseline.json\n      - '*.csv'\n\n";
        assert!(text.contains(watched), "{text}");
        assert!(text.contains("          current: '*.csv'\n"), "{text}");
        let text = workflow(&request("../august.csv", true), false).expect("a workflow");
        assert!(text.contains("      - k8s/**\n\n") && !text.contains("- ../august.csv"));
    }

    #[test]
    fn texts_from_data_cannot_leave_their_string_or_comment() {
        let name = "a\"b\\c\nmodel = \"x\"\u{7f}";
        let found = Found {
            name: name.to_owned(),
            why: "x\ny = 1".to_owned(),
        };
        let text = line("label", &found);
        assert_eq!(text.lines().count(), 1, "{text}");
        let parsed: toml::Table = text.parse().expect("TOML");
        assert_eq!(parsed["label"].as_str(), Some(name));
    }
}
