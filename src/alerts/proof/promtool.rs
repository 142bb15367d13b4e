//! promtool: runs test files and says which cases failed. What is tested is for others.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::alerts::duration;
use crate::error::{Error, Result};
use crate::exit::ExitCode;
use crate::files::write_atomically;

/// promtool, found and tried.
#[derive(Debug)]
pub struct Promtool {
    program: PathBuf,
    /// Its version.
    pub version: String,
}

/// What promtool objects to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Objection {
    /// An alert is not as expected.
    Case {
        test: String,
        alert: String,
        at: u64,
        detail: String,
    },
    /// A rule could not be evaluated.
    Rule { rule: String, detail: String },
    /// Anything else: an expression, a file.
    Other(String),
}

impl Promtool {
    /// Tries promtool.
    ///
    /// # Errors
    /// Fails with 1 if there is none.
    pub fn find(program: &Path) -> Result<Self> {
        let output = Command::new(program).arg("--version").output();
        let output = output.map_err(|error| {
            let message = format!("cannot run {}", program.display());
            Error::new(ExitCode::Failed, message)
                .because(error)
                .hint("install it: Debian's package is prometheus; or name it with --promtool")
        })?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        let version = said.split("version ").nth(1).unwrap_or_default();
        let version = version.split([' ', ',']).next().unwrap_or_default();
        Ok(Self {
            program: program.to_path_buf(),
            version: version.to_owned(),
        })
    }

    /// Runs one test file against one rule file, both written into `folder` under `name`.
    pub(super) fn run(
        &self,
        folder: &Path,
        name: &str,
        rules: &serde_json::Value,
        tests: &serde_json::Value,
    ) -> Result<Vec<Objection>> {
        // JSON is YAML. The test file finds its rules beside itself.
        let rule_name = format!("{name}.rules.json");
        let mut tests = tests.clone();
        tests["rule_files"] = serde_json::json!([rule_name]);
        write_atomically(&folder.join(&rule_name), rules.to_string().as_bytes())?;
        let file = folder.join(format!("{name}.test.json"));
        write_atomically(&file, tests.to_string().as_bytes())?;
        let output = Command::new(&self.program)
            .args(["test", "rules"])
            .arg(&file)
            // As many of these run side by side as there are cores.
            .env("GOMAXPROCS", "1")
            .output();
        let output = output.map_err(|error| {
            let message = format!("cannot run {}", self.program.display());
            Error::new(ExitCode::Failed, message).because(error)
        })?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        if output.status.success() {
            return Ok(Vec::new());
        }
        let mut objections = objections(&said);
        if objections.is_empty() {
            // Never is a run that ended badly and says nothing an OK.
            let words: Vec<&str> = said.split_whitespace().collect();
            objections.push(Objection::Other(words.join(" ")));
        }
        Ok(objections)
    }
}

/// Tells whether a line says what was expected or what came.
fn is_detail(line: &str) -> bool {
    let starts = ["exp:", "got:", "Labels:", "Annotations:", "]"];
    let number = line.strip_suffix(':').unwrap_or_default();
    starts.iter().any(|start| line.starts_with(start))
        || (!number.is_empty() && number.chars().all(|c| c.is_ascii_digit()))
}

fn objections(said: &str) -> Vec<Objection> {
    let mut found = Vec::new();
    let mut test = String::new();
    for line in said.lines() {
        let line = line.trim();
        if let Some(name) = line.strip_prefix("name: ") {
            test = name.trim_end_matches(',').to_owned();
        } else if let Some(rest) = line.strip_prefix("alertname: ") {
            let mut parts = rest.split(", ");
            let alert = parts.next().unwrap_or_default().to_owned();
            let at = parts.next().and_then(|part| part.strip_prefix("time: "));
            let at = at.unwrap_or_default().trim_end_matches(',');
            found.push(Objection::Case {
                test: test.clone(),
                alert,
                at: duration::parse(at).unwrap_or(0),
                detail: String::new(),
            });
        } else if let Some(rest) = line.strip_prefix("rule: ") {
            let (rule, detail) = rest.split_once(", time: ").unwrap_or((rest, ""));
            let detail = detail.split_once("err: ").map_or(detail, |(_, said)| said);
            found.push(Objection::Rule {
                rule: rule.to_owned(),
                detail: detail.to_owned(),
            });
        } else if is_detail(line) {
            // Opened and closed again line by line: one line is enough.
            if let Some(Objection::Case { detail, .. } | Objection::Other(detail)) =
                found.last_mut()
            {
                if !detail.is_empty() {
                    detail.push(' ');
                }
                detail.push_str(line);
            }
        } else if !["", "SUCCESS", "FAILED:"].contains(&line) && !line.starts_with("Unit Testing:")
        {
            found.push(Objection::Other(line.trim_end_matches(',').to_owned()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_promtool_says_is_taken_apart() {
        // promtool 2.42.0 test rules, an expectation that fails and a rule that cannot be evaluated.
        let said = "Unit Testing:  t.json\n  FAILED:\n    name: t1,\n    alertname: Foo, time: 10m, \n        \
                    exp:[\n            0:\n              Labels:{a=\"1\"}\n              Annotations:{summary=\"error: high\"}\n            ], \n        \
                    got:[]\n    rule: Bar, time: 0s, err: found duplicate series; many-to-many\n";
        assert_eq!(
            objections(said),
            [
                Objection::Case {
                    test: "t1".into(),
                    alert: "Foo".into(),
                    at: 600_000,
                    detail:
                        "exp:[ 0: Labels:{a=\"1\"} Annotations:{summary=\"error: high\"} ], got:[]"
                            .into(),
                },
                Objection::Rule {
                    rule: "Bar".into(),
                    detail: "found duplicate series; many-to-many".into(),
                },
            ]
        );
    }
}
