//! What `alerts test` came to: verdict, problems, rows.

use serde::Serialize;

use crate::alerts::live::{Outcome, Step};
use crate::alerts::proof::{CaseFailure, Proof, RuleProof};
use crate::alerts::routing::CaseResult;
use crate::cells::{Cell, Column, Table, Tone};
use crate::reports::format::counted;

/// What is asked of the cases, in percent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Thresholds {
    /// Least coverage.
    pub coverage_percent: f64,
    /// Least share of alterations that some case notices.
    pub mutation_percent: f64,
}

/// The whole result.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TestReport {
    /// OK or FAIL; of a run that did not come to its end UNAVAILABLE or INTERRUPTED.
    pub status: &'static str,
    /// Files that were read.
    pub files: usize,
    /// What is asked of the cases.
    pub thresholds: Thresholds,
    /// Whether rules were altered.
    pub mutated: bool,
    /// Coverage in percent.
    pub coverage_percent: f64,
    /// Share of alterations noticed, in percent; none if none was tried.
    pub mutation_percent: Option<f64>,
    /// The unit cases; none under `--live`.
    pub proof: Option<Proof>,
    /// The routing cases.
    pub routing: Vec<CaseResult>,
    /// What running servers showed.
    pub steps: Vec<Step>,
    /// Documents that no server looks at, whatever stands in them.
    pub refused: Vec<NeverLoaded>,
}

/// A document that no server looks at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NeverLoaded {
    /// The file.
    pub file: String,
    /// The line.
    pub line: u64,
    /// What is wrong.
    pub message: String,
}

/// Something to act upon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What it is, in a word or two.
    pub title: String,
    /// The file; empty if it is in none.
    pub file: String,
    /// The line.
    pub line: u64,
    /// What is wrong, and what to do.
    pub message: String,
    /// Whether it decides the verdict.
    pub fails: bool,
}

impl TestReport {
    /// Puts the result together and judges it.
    #[must_use]
    pub fn new(
        files: usize,
        thresholds: Thresholds,
        mutated: bool,
        proof: Option<Proof>,
        routing: Vec<CaseResult>,
        steps: Vec<Step>,
        refused: Vec<NeverLoaded>,
    ) -> Self {
        let percent = |share: f64| (share * 1000.0).floor() / 10.0;
        let mutation_percent = proof
            .as_ref()
            .map(Proof::mutants)
            .and_then(|(tried, killed)| (tried > 0).then(|| percent(killed as f64 / tried as f64)));
        let mut report = Self {
            status: "OK",
            files,
            thresholds,
            mutated,
            coverage_percent: proof
                .as_ref()
                .map_or(0.0, |proof| percent(proof.coverage())),
            mutation_percent,
            proof,
            routing,
            steps,
            refused,
        };
        if report.problems().iter().any(|problem| problem.fails) {
            report.status = "FAIL";
        }
        report
    }

    /// Says how the coverage falls short.
    #[must_use]
    pub fn coverage_failure(&self) -> Option<String> {
        let (is, least) = (self.coverage_percent, self.thresholds.coverage_percent);
        let proof = self.proof.as_ref()?;
        // A run of routing cases alone has proved what it was for.
        if proof.cases().0 == 0 && proof.expressions == 0 && self.routing.is_empty() {
            return Some("no unit case: nothing is proved of any alert".to_owned());
        }
        (is < least).then(|| format!("coverage is {is} %, wanted {least} %"))
    }

    /// Says how the score of the alterations falls short.
    #[must_use]
    pub fn mutation_failure(&self) -> Option<String> {
        let (is, least) = (self.mutation_percent?, self.thresholds.mutation_percent);
        (is < least).then(|| format!("cases notice {is} % of the alterations, wanted {least} %"))
    }

    /// Returns everything to act upon, what fails first.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut add = |title: &str, file: &str, line: u64, message: String, fails: bool| {
            problems.push(Problem {
                title: title.to_owned(),
                file: file.to_owned(),
                line,
                message,
                fails,
            });
        };
        // Alerts of one name share their cases: each is told once.
        let mut told: Vec<&CaseFailure> = Vec::new();
        for rule in self.proof.iter().flat_map(|proof| &proof.rules) {
            for one in &rule.failures {
                if told.contains(&one) {
                    continue;
                }
                told.push(one);
                let message = format!(
                    "{} in \"{}\" at {}: {}",
                    rule.alert, one.test, one.at, one.detail
                );
                add("case failed", &one.file, one.line, message, true);
            }
        }
        if let Some(proof) = &self.proof {
            for one in &proof.unknown {
                let message = format!(
                    "no rule that its file loads has the alert {}: a case that expects silence can never fail",
                    one.alert
                );
                add("unknown alert", &one.file, one.line, message, true);
            }
            for one in &proof.expression_failures {
                add("expression failed", "", 0, one.clone(), true);
            }
            for one in &proof.refused {
                add("refused", "", 0, format!("promtool refuses {one}"), true);
            }
        }
        for one in &self.refused {
            add(
                "never loaded",
                &one.file,
                one.line,
                one.message.clone(),
                true,
            );
        }
        for one in self.routing.iter().filter(|case| !case.passed) {
            let message = format!("{}: {}", one.name, one.reason);
            add("routing", &one.file, one.line, message, true);
        }
        for one in self
            .steps
            .iter()
            .filter(|step| step.outcome == Outcome::Fail)
        {
            let hint = if one.hint.is_empty() {
                String::new()
            } else {
                format!("; {}", one.hint)
            };
            add(&one.name, "", 0, format!("{}{hint}", one.message), true);
        }
        if let Some(message) = self.coverage_failure() {
            add("coverage", "", 0, message, true);
        }
        if let Some(message) = self.mutation_failure() {
            add("mutation", "", 0, message, true);
        }
        for rule in self.proof.iter().flat_map(|proof| &proof.rules) {
            // Rules whose cases fail are told of above; what they notice cannot be said.
            if !rule.failures.is_empty() || rule.cases == 0 {
                continue;
            }
            for one in &rule.survivors {
                let to = if one.to.is_empty() {
                    "taken out".to_owned()
                } else {
                    format!("made {}", one.to)
                };
                let message = format!(
                    "{}: no case notices {} `{}` {to}; wanted: {}",
                    rule.alert,
                    one.kind.as_str(),
                    one.from,
                    one.wanted
                );
                add("survivor", &rule.file, one.line, message, false);
            }
        }
        problems
    }

    /// Returns the last line and its tone.
    #[must_use]
    pub fn verdict(&self) -> (Tone, String) {
        let mut parts = Vec::new();
        if let Some(proof) = &self.proof {
            let (cases, failed) = proof.cases();
            parts.push(format!("{} alerts", proof.rules.len()));
            parts.push(match (failed, proof.not_run) {
                (0, 0) => format!("{cases} cases pass"),
                (0, not_run) => format!("{not_run} of {cases} cases not run"),
                _ => format!(
                    "{failed} of {} fail",
                    counted(cases as u64, "case", "cases")
                ),
            });
            parts.push(format!("coverage {} %", self.coverage_percent));
            let (tried, killed) = proof.mutants();
            if let Some(percent) = self.mutation_percent {
                parts.push(format!("{killed} of {tried} mutants noticed ({percent} %)"));
            }
        }
        if !self.routing.is_empty() {
            let passed = self.routing.iter().filter(|case| case.passed).count();
            parts.push(format!(
                "{passed} of {} routing cases pass",
                self.routing.len()
            ));
        }
        if !self.steps.is_empty() {
            let count = |outcome| {
                self.steps
                    .iter()
                    .filter(|step| step.outcome == outcome)
                    .count()
            };
            let (failed, skipped) = (count(Outcome::Fail), count(Outcome::Skip));
            let alerts = self
                .steps
                .iter()
                .filter(|step| step.outcome == Outcome::Pass && step.name.starts_with("alert "));
            parts.push(match failed {
                0 => format!("{} live steps pass", count(Outcome::Pass)),
                _ => format!("{failed} of {} live steps fail", self.steps.len()),
            });
            match alerts.count() {
                0 => {}
                alerts => parts.push(format!("{alerts} alerts proved to arrive")),
            }
            match count(Outcome::Unseen) {
                0 => {}
                unseen => parts.push(format!("{unseen} sent, delivery not observable")),
            }
            if skipped > 0 {
                parts.push(format!("{skipped} not tried"));
            }
        }
        let text = format!("{:<4}  {}", self.status, parts.join(", "));
        match self.status {
            "OK" => (Tone::Good, text),
            _ => (Tone::Bad, text),
        }
    }
}

/// Returns the table of the alerts.
#[must_use]
pub fn rules(proof: &Proof, mutated: bool) -> Table {
    let mut columns = vec![
        Column::text("Alert"),
        Column::number("Cases"),
        Column::text(""),
        Column::text("Fires"),
        Column::text("Silent"),
        Column::text("No data"),
    ];
    if mutated {
        columns.push(Column::number("Mutants"));
    }
    columns.push(Column::text("From").shown_from(120));
    let rows = proof.rules.iter().map(|rule| {
        let mut row = vec![
            Cell::plain(&rule.alert),
            Cell::plain(rule.cases.to_string()),
            status(rule),
            shown(rule.coverage.fires),
            shown(rule.coverage.silent),
            shown(rule.coverage.no_data),
        ];
        if mutated {
            let tone = if rule.killed == rule.mutants {
                Tone::Good
            } else {
                Tone::Warn
            };
            row.push(Cell::new(format!("{}/{}", rule.killed, rule.mutants), tone));
        }
        row.push(Cell::new(format!("{}:{}", rule.file, rule.line), Tone::Dim));
        row
    });
    Table {
        rows: rows.collect(),
        columns,
    }
}

fn status(rule: &RuleProof) -> Cell {
    match (rule.failures.is_empty(), rule.cases) {
        _ if rule.refused => Cell::new("not run", Tone::Bad),
        (false, _) => Cell::new("FAIL", Tone::Bad),
        (true, 0) => Cell::new("none", Tone::Warn),
        (true, _) => Cell::new("pass", Tone::Good),
    }
}

fn shown(count: usize) -> Cell {
    match count {
        0 => Cell::new("-", Tone::Warn),
        count => Cell::plain(count.to_string()),
    }
}

/// Returns the table of the routing cases.
#[must_use]
pub fn routing(cases: &[CaseResult]) -> Table {
    let rows = cases.iter().map(|case| {
        let told = match case.receivers.is_empty() {
            true => "nobody".to_owned(),
            false => case.receivers.join(", "),
        };
        let told = match case.passed {
            true => Cell::plain(told),
            false => Cell::plain(&case.reason),
        };
        vec![
            Cell::plain(&case.name),
            verdict_cell(case.passed),
            told,
            Cell::new(
                if case.proved_by_amtool { "amtool" } else { "-" },
                Tone::Dim,
            ),
        ]
    });
    Table {
        columns: vec![
            Column::prose("Routing case"),
            Column::text(""),
            Column::prose("Told"),
            Column::text("Routes by"),
        ],
        rows: rows.collect(),
    }
}

/// Returns the table of the live steps.
#[must_use]
pub fn steps(steps: &[Step]) -> Table {
    let rows = by_cause(steps).into_iter().map(|(step, alike)| {
        let outcome = match step.outcome {
            Outcome::Pass => verdict_cell(true),
            Outcome::Fail => verdict_cell(false),
            Outcome::Unseen => Cell::new("unseen", Tone::Warn),
            Outcome::Skip => Cell::new("skip", Tone::Warn),
        };
        vec![
            Cell::plain(match alike {
                0 => step.name.clone(),
                more => format!("{} and {more} more", step.name),
            }),
            outcome,
            Cell::plain(&step.message).over(match step.hint.is_empty() {
                true => String::new(),
                false => format!("→ {}", step.hint),
            }),
        ]
    });
    Table {
        columns: vec![
            Column::text("Step"),
            Column::text(""),
            Column::prose("Seen"),
        ],
        rows: rows.collect(),
    }
}

/// Returns the steps, those of which the same is said as one, with how many more there are of it.
fn by_cause(steps: &[Step]) -> Vec<(&Step, usize)> {
    let mut causes: Vec<(&Step, usize)> = Vec::new();
    for step in steps {
        let is_alike = |one: &Step| {
            step.outcome != Outcome::Pass
                && (one.outcome, &one.message, &one.hint)
                    == (step.outcome, &step.message, &step.hint)
        };
        match causes.iter_mut().find(|(one, _)| is_alike(one)) {
            Some((_, alike)) => *alike += 1,
            None => causes.push((step, 0)),
        }
    }
    causes
}

fn verdict_cell(passed: bool) -> Cell {
    match passed {
        true => Cell::new("pass", Tone::Good),
        false => Cell::new("FAIL", Tone::Bad),
    }
}
