//! Findings and proofs as JUnit XML: a test case a rule, a routing case, a step.

use std::fmt::Write as _;

use super::TestReport;
use super::findings::hinted;
use crate::alerts::lint::{LintReport, Severity};
use crate::alerts::live::Outcome;
use crate::reports::drift::junit::escape;

/// One test case.
struct Case {
    class: String,
    name: String,
    /// What makes it fail.
    failure: Option<String>,
    /// What else there is to say.
    said: Option<String>,
}

/// Returns the findings: a case a rule, and one a file for what belongs to no rule.
#[must_use]
pub fn lint(report: &LintReport, rules: &[(String, String)], is_strict: bool) -> String {
    let mut cases: Vec<Case> = Vec::new();
    let mut names: Vec<(String, String)> = rules.to_vec();
    for finding in report
        .findings
        .iter()
        .filter(|finding| finding.rule.is_none())
    {
        names.push((finding.file.clone(), "-".to_owned()));
    }
    names.dedup();
    for (file, rule) in names {
        let own = report
            .findings
            .iter()
            .filter(|one| one.file == file && one.rule.as_deref().unwrap_or("-") == rule);
        let text = |status: Severity| {
            let lines: Vec<String> = own
                .clone()
                .filter(|one| one.status == status)
                .map(|one| {
                    format!(
                        "line {}: {}: {}{}",
                        one.line,
                        one.check,
                        one.message,
                        hinted("; ", &one.hint, "")
                    )
                })
                .collect();
            (!lines.is_empty()).then(|| lines.join("\n"))
        };
        let joined = |parts: Vec<Option<String>>| {
            let parts: Vec<String> = parts.into_iter().flatten().collect();
            (!parts.is_empty()).then(|| parts.join("\n"))
        };
        let (fails, warns) = (text(Severity::Fail), text(Severity::Warn));
        let notes = text(Severity::Note);
        let (failure, said) = match is_strict {
            true => (joined(vec![fails, warns]), notes),
            false => (fails, joined(vec![warns, notes])),
        };
        cases.push(Case {
            class: file,
            name: rule,
            failure,
            said,
        });
    }
    document("churnctl alerts lint", &[("lint", cases)])
}

/// Returns the proof: unit cases a rule, coverage, mutation, routing, live steps.
#[must_use]
pub fn test(report: &TestReport) -> String {
    let mut suites = Vec::new();
    if let Some(proof) = &report.proof {
        let cases = proof.rules.iter().map(|rule| {
            let lines: Vec<String> = rule
                .failures
                .iter()
                .map(|one| {
                    format!(
                        "{}:{} {} at {}: {}",
                        one.file, one.line, one.test, one.at, one.detail
                    )
                })
                .collect();
            Case {
                class: rule.file.clone(),
                name: rule.alert.clone(),
                failure: match rule.refused {
                    true => Some("not run: promtool refuses the file".to_owned()),
                    false => (!lines.is_empty()).then(|| lines.join("\n")),
                },
                said: Some(format!("{} cases", rule.cases)),
            }
        });
        let unknown = proof.unknown.iter().map(|one| Case {
            class: one.file.clone(),
            name: format!("{} (line {})", one.alert, one.line),
            failure: Some("a case of an alert that no rule has".to_owned()),
            said: None,
        });
        let refused = proof.refused.iter().map(|said| Case {
            class: "promtool".to_owned(),
            name: "refused".to_owned(),
            failure: Some(said.clone()),
            said: None,
        });
        let cases = cases.chain(unknown).chain(refused);
        suites.push(("unit cases", cases.collect::<Vec<_>>()));
        let lacking: Vec<String> = proof
            .rules
            .iter()
            .filter(|rule| rule.coverage.shown() < 3)
            .map(|rule| {
                format!(
                    "{}: no case for {}",
                    rule.alert,
                    rule.coverage.lacking().join(", ")
                )
            })
            .collect();
        let survivors: Vec<String> = proof
            .rules
            .iter()
            .flat_map(|rule| rule.survivors.iter().map(move |one| (rule, one)))
            .map(|(rule, one)| {
                let to = if one.to.is_empty() {
                    "nothing"
                } else {
                    &one.to
                };
                format!(
                    "{}:{} {}: {} to {to}; wanted: {}",
                    rule.file, one.line, rule.alert, one.from, one.wanted
                )
            })
            .collect();
        let quality = |name: &str, failure: Option<String>, lines: Vec<String>| Case {
            class: "proof".to_owned(),
            name: name.to_owned(),
            failure: failure.map(|failure| format!("{failure}\n{}", lines.join("\n"))),
            said: Some(lines.join("\n")),
        };
        let mut cases = vec![quality("coverage", report.coverage_failure(), lacking)];
        if report.mutated {
            cases.push(quality("mutation", report.mutation_failure(), survivors));
        }
        suites.push(("quality of the cases", cases));
    }
    let routing = report.routing.iter().map(|case| Case {
        class: case.file.clone(),
        name: case.name.clone(),
        failure: (!case.passed).then(|| case.reason.clone()),
        said: None,
    });
    suites.push(("routing", routing.collect()));
    let live = report.steps.iter().map(|step| Case {
        class: "live".to_owned(),
        name: step.name.clone(),
        failure: (step.outcome == Outcome::Fail).then(|| step.message.clone()),
        said: Some(step.message.clone()),
    });
    suites.push(("live", live.collect()));
    suites.retain(|(_, cases)| !cases.is_empty());
    document("churnctl alerts test", &suites)
}

fn document(name: &str, suites: &[(&str, Vec<Case>)]) -> String {
    let counts = |cases: &mut dyn Iterator<Item = &Case>| {
        let (mut tests, mut failures) = (0, 0);
        for case in cases {
            tests += 1;
            failures += usize::from(case.failure.is_some());
        }
        format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\"")
    };
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"{name}\" {}>\n",
        counts(&mut suites.iter().flat_map(|(_, cases)| cases))
    );
    for (suite, cases) in suites {
        // Writing to a String cannot fail.
        let _ = writeln!(
            xml,
            "<testsuite name=\"{suite}\" {}>",
            counts(&mut cases.iter())
        );
        for case in cases {
            write_case(&mut xml, case);
        }
        xml.push_str("</testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

fn write_case(xml: &mut String, case: &Case) {
    let lines = |text: &str| {
        let lines: Vec<String> = text.lines().map(escape).collect();
        lines.join("\n")
    };
    let _ = write!(
        xml,
        "<testcase classname=\"{}\" name=\"{}\" time=\"0\"",
        escape(&case.class),
        escape(&case.name)
    );
    let _ = match (&case.failure, &case.said) {
        (Some(failure), _) => {
            let first = failure.lines().next().unwrap_or_default();
            writeln!(
                xml,
                ">\n<failure message=\"{}\">{}</failure>\n</testcase>",
                escape(first),
                lines(failure)
            )
        }
        (None, Some(said)) if !said.is_empty() => {
            writeln!(
                xml,
                ">\n<system-out>{}</system-out>\n</testcase>",
                lines(said)
            )
        }
        (None, _) => writeln!(xml, "/>"),
    };
}
