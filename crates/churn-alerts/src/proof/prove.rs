//! The run: promtool judges the user's rules and cases as they are; then each rule is altered, and the
//! cases that ask for it are run again.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use churn_base::error::Result;
use churn_base::progress::Progress;
use churn_base::threads::side_by_side;
use serde::Serialize;

use super::coverage::Coverage;
use super::mutants::{Mutants, Survivor};
use super::prepare::{self, Prepared};
use super::promtool::{Objection, Promtool};
use crate::cases::CaseFile;
use crate::duration;
use crate::library::Library;
use crate::rule::Rule;

/// What to prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Whether rules are altered.
    pub mutate: bool,
    /// Runs of promtool side by side.
    pub workers: usize,
}

/// What the cases prove.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Proof {
    /// Version of promtool; empty if there was nothing for it to do.
    pub promtool: String,
    /// How many cases there are.
    pub cases: usize,
    /// How many of them failed.
    pub failed: usize,
    /// How many of them were not run: promtool refuses their rules, or their file.
    pub not_run: usize,
    /// Each alert.
    pub rules: Vec<RuleProof>,
    /// Expressions that were asked beside alerts.
    pub expressions: usize,
    /// What went wrong with them.
    pub expression_failures: Vec<String>,
    /// What promtool refuses: rule files, test files, rules that cannot be evaluated.
    pub refused: Vec<String>,
    /// Cases of alerts that no rule has: promtool passes them if they expect silence.
    pub unknown: Vec<UnknownCase>,
}

/// A case of an alert that is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnknownCase {
    /// The alert.
    pub alert: String,
    /// The file.
    pub file: String,
    /// The line.
    pub line: u64,
}

/// What the cases prove of one alert.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleProof {
    /// The alert.
    pub alert: String,
    /// The file of the rule.
    pub file: String,
    /// Its line.
    pub line: u64,
    /// How many cases it has.
    pub cases: usize,
    /// Cases that failed.
    pub failures: Vec<CaseFailure>,
    /// Whether promtool refuses its file: nothing is shown of it.
    pub refused: bool,
    /// What the cases show.
    pub coverage: Coverage,
    /// How many alterations were tried.
    pub mutants: usize,
    /// How many of them some case noticed.
    pub killed: usize,
    /// Those that no case noticed.
    pub survivors: Vec<Survivor>,
}

/// A case that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CaseFailure {
    /// Name of the test.
    pub test: String,
    /// The file of the case.
    pub file: String,
    /// Its line.
    pub line: u64,
    /// When it was asked.
    pub at: String,
    /// What promtool said.
    pub detail: String,
}

impl Proof {
    /// Returns the share of what is shown of firing, silence and absence over all alerts, 0 to 1.
    #[must_use]
    pub fn coverage(&self) -> f64 {
        let shown: usize = self.rules.iter().map(|rule| rule.coverage.shown()).sum();
        share(shown, self.rules.len() * 3)
    }

    /// Returns how many alterations were tried and how many noticed.
    #[must_use]
    pub fn mutants(&self) -> (usize, usize) {
        let all = self.rules.iter();
        let (tried, killed) = (
            all.clone().map(|rule| rule.mutants),
            all.map(|rule| rule.killed),
        );
        (tried.sum(), killed.sum())
    }

    /// Returns how many cases there are and how many failed.
    #[must_use]
    pub const fn cases(&self) -> (usize, usize) {
        (self.cases, self.failed)
    }
}

/// Returns a share, 1 of nothing.
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        1.0
    } else {
        part as f64 / whole as f64
    }
}

/// Proves all alerts of the library. `folder` takes what promtool cannot read where it is.
///
/// # Errors
/// Fails with 69 if promtool cannot be run, with 74 if the folder cannot be written.
pub fn prove(
    library: &Library,
    promtool: &Promtool,
    folder: &Path,
    options: Options,
    progress: &dyn Progress,
) -> Result<Proof> {
    let alerts: Vec<&Rule> = library.alerts().collect();
    let files = library.case_files.len();
    progress.steps("files of cases", files as u64);
    let sets = prepare::rule_sets(library, folder, promtool)?;
    let (refused, said) = check(&sets, promtool)?;
    let mut proof = Proof {
        promtool: promtool.version.clone(),
        cases: library
            .case_files
            .iter()
            .map(|file| file.cases().count())
            .sum(),
        failed: 0,
        not_run: 0,
        rules: alerts
            .iter()
            .map(|rule| fresh(rule, library, refused.contains(&rule.at.set)))
            .collect(),
        expressions: library
            .case_files
            .iter()
            .flat_map(|file| &file.tests)
            .map(|test| test.expressions)
            .sum(),
        expression_failures: Vec::new(),
        refused: said,
        unknown: unknown(library, &alerts),
    };
    let said = spread(options.workers, files, progress, |at| {
        let file = &library.case_files[at];
        let prepared = prepare::case_file(file, at, &sets, folder)?;
        promtool.test(&prepared.path)
    })?;
    for (file, objections) in library.case_files.iter().zip(said) {
        let is_refused = objections
            .iter()
            .any(|one| matches!(one, Objection::Other(_)));
        if is_refused || file.sets.iter().any(|set| refused.contains(set)) {
            proof.not_run += file.cases().count();
        }
        for objection in objections {
            proof.take(file, &alerts, objection);
        }
    }
    if options.mutate {
        let mutants = Mutants {
            library,
            promtool,
            folder,
            sets: &sets,
        };
        // Cases that fail on the rule as it is prove nothing by failing on an altered one.
        let usable: Vec<bool> = proof
            .rules
            .iter()
            .map(|rule| rule.failures.is_empty() && !rule.refused)
            .collect();
        progress.steps(
            "rules, each altered and its cases run again",
            alerts.len() as u64,
        );
        let outcomes = spread(options.workers, alerts.len(), progress, |at| {
            mutants.of(alerts[at], at, usable[at])
        })?;
        let rules = proof.rules.iter_mut().zip(outcomes);
        // What no case was run on has no figure.
        for (rule, outcome) in rules.filter(|(rule, _)| !rule.refused) {
            rule.mutants = outcome.tried;
            rule.killed = outcome.tried - outcome.survivors.len();
            rule.survivors = outcome.survivors;
        }
    }
    progress.finish();
    Ok(proof)
}

/// Does so many pieces of work side by side, and returns what came of each in their order.
pub(super) fn spread<T: Send>(
    workers: usize,
    count: usize,
    progress: &dyn Progress,
    work: impl Fn(usize) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    let worker = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= count {
                break;
            }
            let result = work(at);
            let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
            results.push((at, result));
            progress.advance(1);
        }
    };
    side_by_side(workers, worker, worker);
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Asks promtool whether it takes the rules at all, those that no case asks for, too; returns the sets that it
/// refuses, and what it says.
fn check(sets: &[Prepared], promtool: &Promtool) -> Result<(BTreeSet<usize>, Vec<String>)> {
    if sets.is_empty() {
        return Ok((BTreeSet::new(), Vec::new()));
    }
    let paths: Vec<&Path> = sets.iter().map(|set| set.path.as_path()).collect();
    let said = promtool.check(&paths)?;
    let mut refused = BTreeSet::new();
    if !said.is_empty() {
        for (at, path) in paths.iter().enumerate() {
            if !promtool.check(&[path])?.is_empty() {
                refused.insert(at);
            }
        }
    }
    let named = said.into_iter().map(|line| {
        sets.iter().fold(line, |line, set| {
            line.replace(&set.path.display().to_string(), &set.source.name)
        })
    });
    Ok((refused, named.collect()))
}

fn fresh(rule: &Rule, library: &Library, refused: bool) -> RuleProof {
    let files = library.case_files.iter();
    let loading = files.filter(|file| file.sets.contains(&rule.at.set));
    let own = loading.flat_map(CaseFile::cases);
    RuleProof {
        alert: rule.name.clone(),
        file: rule.source.name.clone(),
        line: rule.line,
        cases: own.filter(|(_, case)| case.alert == rule.name).count(),
        failures: Vec::new(),
        coverage: match refused {
            true => Coverage::default(),
            false => Coverage::of(rule, library),
        },
        refused,
        mutants: 0,
        killed: 0,
        survivors: Vec::new(),
    }
}

fn unknown(library: &Library, alerts: &[&Rule]) -> Vec<UnknownCase> {
    let mut unknown = Vec::new();
    for file in &library.case_files {
        let known: BTreeSet<&str> = alerts
            .iter()
            .filter(|rule| file.sets.contains(&rule.at.set))
            .map(|rule| rule.name.as_str())
            .collect();
        for (_, case) in file.cases() {
            if !known.contains(case.alert.as_str()) {
                unknown.push(UnknownCase {
                    alert: case.alert.clone(),
                    file: file.source.name.clone(),
                    line: case.line,
                });
            }
        }
    }
    unknown
}

impl Proof {
    /// Takes what promtool says of a test file.
    fn take(&mut self, file: &CaseFile, alerts: &[&Rule], objection: Objection) {
        let name = &file.source.name;
        match objection {
            Objection::Expression(said) => self.expression_failures.push(format!("{name}: {said}")),
            Objection::Other(said) => self.refused.push(format!("{name}: {said}")),
            Objection::Rule { rule, detail } => {
                let message = format!("{name}: {rule} cannot be evaluated: {detail}");
                self.refused.push(message);
                let failure = CaseFailure {
                    test: "-".to_owned(),
                    file: name.clone(),
                    line: 0,
                    at: "-".to_owned(),
                    detail: format!("{rule} cannot be evaluated: {detail}"),
                };
                self.add(file, alerts, &rule, &failure);
            }
            Objection::Case {
                test,
                alert,
                at,
                detail,
            } => {
                self.failed += 1;
                let named = |one: &&(&crate::cases::Test, &crate::cases::Case)| {
                    let (one, case) = *one;
                    one.given_name.as_deref().unwrap_or_default() == test
                        && case.alert == alert
                        && case.at == at
                };
                let all: Vec<_> = file.cases().collect();
                let found = all.iter().find(named);
                let failure = CaseFailure {
                    test: found.map_or_else(|| test.clone(), |(test, _)| test.name()),
                    file: name.clone(),
                    line: found.map_or(0, |(_, case)| case.line),
                    at: duration::text(at),
                    detail,
                };
                self.add(file, alerts, &alert, &failure);
            }
        }
    }

    /// Alerts of one name share their cases.
    fn add(&mut self, file: &CaseFile, alerts: &[&Rule], name: &str, failure: &CaseFailure) {
        for (proof, rule) in self.rules.iter_mut().zip(alerts) {
            if rule.name == name && file.sets.contains(&rule.at.set) {
                proof.failures.push(failure.clone());
            }
        }
    }
}
