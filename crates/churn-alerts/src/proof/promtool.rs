//! promtool: runs test files and says which cases failed. What is tested is for others.

use std::path::{Path, PathBuf};
use std::process::Command;

use churn_base::error::{Error, Result};
use churn_base::exit::ExitCode;

use crate::duration;

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
    /// An expression has another result.
    Expression(String),
    /// Anything else: a file that is refused.
    Other(String),
}

impl Objection {
    /// Returns it in one line.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Case { alert, detail, .. } => format!("{alert}: {detail}"),
            Self::Rule { rule, detail } => format!("{rule} cannot be evaluated: {detail}"),
            Self::Expression(said) | Self::Other(said) => said.clone(),
        }
    }
}

impl Promtool {
    /// Tries promtool.
    ///
    /// # Errors
    /// Fails with 69 if there is none: nobody else judges.
    pub fn find(program: &Path) -> Result<Self> {
        let output = Command::new(program).arg("--version").output();
        let output = output.map_err(|error| {
            missing(program, error)
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

    /// Returns `promtool 3.14.0`, or its name alone where it says no version.
    #[must_use]
    pub fn named(&self) -> String {
        format!("promtool {}", self.version).trim_end().to_owned()
    }

    /// Tells whether it is older than this; one that does not say is not.
    pub(super) fn is_older_than(&self, version: (u64, u64)) -> bool {
        let mut parts = self
            .version
            .split(['.', '-', '+'])
            .map(|part| part.parse().ok());
        match (parts.next().flatten(), parts.next().flatten()) {
            (Some(major), Some(minor)) => (major, minor) < version,
            _ => false,
        }
    }

    /// Runs a test file.
    ///
    /// # Errors
    /// Fails with 69 if promtool cannot be run.
    pub(super) fn test(&self, file: &Path) -> Result<Vec<Objection>> {
        let (good, said) = self.run(&["test", "rules"], &[file])?;
        if good {
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

    /// Checks rule files, and returns what promtool says of those that it refuses.
    ///
    /// # Errors
    /// Fails with 69 if promtool cannot be run.
    pub(super) fn check(&self, files: &[&Path]) -> Result<Vec<String>> {
        let (good, said) = self.run(&["check", "rules", "--lint=none"], files)?;
        if good {
            return Ok(Vec::new());
        }
        let told = |line: &&str| {
            let boring =
                ["", "FAILED:", "SUCCESS:"].contains(line) || line.starts_with("Checking ");
            !(boring || line.contains(" rules found"))
        };
        let lines = said.lines().map(str::trim).filter(told);
        let lines: Vec<String> = lines.map(str::to_owned).collect();
        match lines.is_empty() {
            true => Ok(vec![
                "promtool refuses the rules and does not say why".to_owned(),
            ]),
            false => Ok(lines),
        }
    }

    fn run(&self, args: &[&str], files: &[&Path]) -> Result<(bool, String)> {
        let output = Command::new(&self.program)
            .args(args)
            .args(files)
            // As many of these run side by side as there are cores.
            .env("GOMAXPROCS", "1")
            .output();
        let output = output.map_err(|error| missing(&self.program, error))?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        Ok((output.status.success(), said))
    }
}

fn missing(program: &Path, error: std::io::Error) -> Error {
    let message = format!("cannot run {}", program.display());
    Error::new(ExitCode::Unavailable, message).because(error)
}

/// Tells whether a line says what was expected or what came.
fn is_detail(line: &str) -> bool {
    let starts = ["exp:", "got:", "diff:", "Labels:", "Annotations:", "]"];
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
            test = name.strip_suffix(',').unwrap_or(name).to_owned();
        } else if let Some(rest) = line.strip_prefix("alertname: ") {
            // A name may have a comma in it.
            let (alert, at) = rest.rsplit_once(", time: ").unwrap_or((rest, ""));
            found.push(Objection::Case {
                test: std::mem::take(&mut test),
                alert: alert.to_owned(),
                at: duration::parse(at.trim_end_matches([',', ' '])).unwrap_or(0),
                detail: String::new(),
            });
        } else if let Some(rest) = line.strip_prefix("rule: ") {
            let (rule, detail) = rest.split_once(", time: ").unwrap_or((rest, ""));
            let detail = detail.split_once("err: ").map_or(detail, |(_, said)| said);
            found.push(Objection::Rule {
                rule: rule.to_owned(),
                detail: detail.to_owned(),
            });
        } else if line.starts_with("expr: ") {
            found.push(Objection::Expression(line.trim_end_matches(',').to_owned()));
        } else if is_detail(line) {
            // Opened and closed again line by line: one line is enough.
            if let Some(
                Objection::Case { detail, .. }
                | Objection::Expression(detail)
                | Objection::Other(detail),
            ) = found.last_mut()
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
        // promtool 2.42.0 test rules, expectations that fail and a rule that cannot be evaluated.
        let said = "Unit Testing:  t.json\n  FAILED:\n    name: t1,\n    alertname: Foo, time: 10m, \n        \
                    exp:[\n            0:\n              Labels:{a=\"1\"}\n              Annotations:{summary=\"error: high\"}\n            ], \n        \
                    got:[]\n    alertname: Bar, baz, time: 1m, \n        exp:[], \n        got:[]\n    \
                    expr: \"up\", time: 5m,\n        exp: nil\n        got: {__name__=\"up\"} 0E+00\n    \
                    rule: Bar, time: 0s, err: found duplicate series; many-to-many\n";
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
                Objection::Case {
                    test: String::new(),
                    alert: "Bar, baz".into(),
                    at: 60_000,
                    detail: "exp:[], got:[]".into(),
                },
                Objection::Expression(
                    "expr: \"up\", time: 5m exp: nil got: {__name__=\"up\"} 0E+00".into()
                ),
                Objection::Rule {
                    rule: "Bar".into(),
                    detail: "found duplicate series; many-to-many".into(),
                },
            ]
        );
    }
}
