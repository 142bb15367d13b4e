//! The run: a test file a rule, with the rule and all its alterations side by side, so that promtool
//! reads the series once; two such runs at a time.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use serde_json::{Value, json};

use super::coverage::Coverage;
use super::mutate::{Mutation, MutationKind, mutations};
use super::promtool::{Objection, Promtool};
use crate::alerts::cases::{CaseFile, Test};
use crate::alerts::duration;
use crate::alerts::library::Library;
use crate::alerts::rule::{Rule, RuleKind};
use crate::error::Result;
use crate::progress::Progress;

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
    /// Version of promtool.
    pub promtool: String,
    /// Each alert.
    pub rules: Vec<RuleProof>,
    /// Expressions that were asked beside alerts.
    pub expressions: usize,
    /// What went wrong with them.
    pub expression_failures: Vec<String>,
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

/// An alteration that no case noticed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Survivor {
    /// What was altered.
    pub kind: MutationKind,
    /// The line.
    pub line: u64,
    /// What stood there.
    pub from: String,
    /// What stood there then; empty if it was taken out.
    pub to: String,
    /// The case that would notice.
    pub wanted: String,
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
    pub fn cases(&self) -> (usize, usize) {
        let all = self.rules.iter();
        let failed = all.clone().map(|rule| rule.failures.len());
        (all.map(|rule| rule.cases).sum(), failed.sum())
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

/// Proves all alerts of the library. `folder` takes what promtool reads.
///
/// # Errors
/// Fails with 1 if promtool cannot be run, with 74 if the folder cannot be written.
pub fn prove(
    library: &Library,
    promtool: &Promtool,
    folder: &Path,
    options: Options,
    progress: &dyn Progress,
) -> Result<Proof> {
    let alerts: Vec<&Rule> = library.alerts().collect();
    progress.steps("rules proved", alerts.len() as u64);
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..options.workers.max(1) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(rule) = alerts.get(at) else { break };
                    let prover = Prover {
                        library,
                        promtool,
                        folder,
                        name: format!("rule-{at}"),
                    };
                    let proof = prover.rule(rule, options.mutate);
                    let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
                    results.push((at, proof));
                    progress.advance(1);
                }
            });
        }
    });
    progress.finish();
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(at, _)| *at);
    let rules = results.into_iter().map(|(_, proof)| proof);
    let rules = rules.collect::<Result<Vec<_>>>()?;
    let known: BTreeSet<&str> = alerts.iter().map(|rule| rule.name.as_str()).collect();
    let (expressions, expression_failures) = expressions(library, promtool, folder)?;
    Ok(Proof {
        promtool: promtool.version.clone(),
        rules,
        expressions,
        expression_failures,
        unknown: cases(library)
            .filter(|(_, _, case)| !known.contains(case.alert.as_str()))
            .map(|(file, _, case)| UnknownCase {
                alert: case.alert.clone(),
                file: file.source.name.clone(),
                line: case.line,
            })
            .collect(),
    })
}

fn cases(
    library: &Library,
) -> impl Iterator<Item = (&CaseFile, &Test, &crate::alerts::cases::Case)> {
    let tests = library.case_files.iter();
    let tests = tests.flat_map(|file| file.tests.iter().map(move |test| (file, test)));
    tests.flat_map(|(file, test)| test.cases.iter().map(move |case| (file, test, case)))
}

/// Rules that others may need: recording rules, in their groups.
fn recording_groups(library: &Library) -> Vec<Value> {
    let mut groups: Vec<(String, Vec<Value>)> = Vec::new();
    let records = library.rules.iter();
    for rule in records.filter(|rule| rule.kind == RuleKind::Record) {
        match groups.iter_mut().find(|(name, _)| *name == rule.group) {
            Some((_, rules)) => rules.push(rule.json.clone()),
            None => groups.push((rule.group.clone(), vec![rule.json.clone()])),
        }
    }
    let groups = groups.into_iter();
    groups
        .map(|(name, rules)| json!({ "name": format!("records {name}"), "rules": rules }))
        .collect()
}

struct Prover<'a> {
    library: &'a Library,
    promtool: &'a Promtool,
    folder: &'a Path,
    name: String,
}

impl Prover<'_> {
    fn rule(&self, rule: &Rule, mutate: bool) -> Result<RuleProof> {
        let own: Vec<_> = cases(self.library)
            .filter(|(_, _, case)| case.alert == rule.name)
            .collect();
        let mut proof = RuleProof {
            alert: rule.name.clone(),
            file: rule.source.name.clone(),
            line: rule.line,
            cases: own.len(),
            failures: Vec::new(),
            coverage: Coverage::of(rule, &self.library.case_files),
            mutants: 0,
            killed: 0,
            survivors: Vec::new(),
        };
        let mutants = match mutate {
            true => mutations(rule),
            false => Vec::new(),
        };
        proof.mutants = mutants.len();
        let mut killed = BTreeSet::new();
        if !own.is_empty() {
            // A rule that cannot be evaluated ends the whole test: it is noticed, and goes.
            let mut left: Vec<usize> = (0..mutants.len()).collect();
            loop {
                let round = self.round(rule, &mutants, &left)?;
                let broken: Vec<usize> = round
                    .broken
                    .iter()
                    .copied()
                    .filter(|at| left.contains(at))
                    .collect();
                if broken.is_empty() || round.own_fault {
                    killed.extend(round.killed);
                    proof.failures = round.failures;
                    break;
                }
                left.retain(|at| !broken.contains(at));
                killed.extend(broken);
            }
        }
        // Cases that fail on the rule as it is prove nothing by failing on an altered one.
        if !proof.failures.is_empty() {
            killed.clear();
        }
        proof.killed = killed.len();
        let survivors = mutants.into_iter().enumerate();
        proof.survivors = survivors
            .filter(|(at, _)| !killed.contains(at))
            .map(|(_, mutant)| Survivor {
                kind: mutant.kind,
                line: mutant.line,
                from: mutant.from,
                to: mutant.to,
                wanted: mutant.wanted,
            })
            .collect();
        Ok(proof)
    }

    /// Runs promtool once on the rule as it is and these of its alterations.
    fn round(&self, rule: &Rule, mutants: &[Mutation], left: &[usize]) -> Result<Round> {
        let alias = |at: usize| format!("{}__mutant_{at}", rule.name);
        let mut rules = vec![rule.json.clone()];
        for at in left {
            let mutant = &mutants[*at];
            let mut altered = rule.json.clone();
            altered["alert"] = json!(alias(*at));
            altered["expr"] = json!(mutant.expr);
            if let Some(wait) = &mutant.wait {
                altered["for"] = json!(wait);
            }
            rules.push(altered);
        }
        let mut groups = recording_groups(self.library);
        if rule.expr.value.contains("ALERTS") {
            let others = self
                .library
                .alerts()
                .filter(|other| other.name != rule.name);
            let others: Vec<Value> = others.map(|other| other.json.clone()).collect();
            groups.push(json!({ "name": "others", "rules": others }));
        }
        groups.push(json!({ "name": rule.group, "rules": rules }));
        let mut round = Round::default();
        for (number, file) in self.library.case_files.iter().enumerate() {
            let tests = file.tests.iter().enumerate();
            let tests: Vec<Value> = tests
                .filter_map(|(at, test)| self.test(rule, at, test, left, &alias))
                .collect();
            if tests.is_empty() {
                continue;
            }
            let mut body = json!({ "tests": tests });
            if let Some(interval) = &file.evaluation_interval {
                body["evaluation_interval"] = json!(interval);
            }
            let name = format!("{}-{number}", self.name);
            let groups = json!({ "groups": groups });
            let objections = self.promtool.run(self.folder, &name, &groups, &body)?;
            for objection in objections {
                round.take(rule, file, objection, left, &alias);
            }
        }
        Ok(round)
    }

    /// Returns the test with the cases of this rule, asked of each alteration, too.
    fn test(
        &self,
        rule: &Rule,
        number: usize,
        test: &Test,
        left: &[usize],
        alias: &dyn Fn(usize) -> String,
    ) -> Option<Value> {
        let all = test.json.get("alert_rule_test")?.as_array()?;
        let own = all
            .iter()
            .filter(|case| case["alertname"] == json!(rule.name));
        let mut cases: Vec<Value> = own.cloned().collect();
        if cases.is_empty() {
            return None;
        }
        let plain = cases.clone();
        for at in left {
            cases.extend(plain.iter().map(|case| {
                let mut case = case.clone();
                case["alertname"] = json!(alias(*at));
                case
            }));
        }
        let mut body = test.json.clone();
        body["name"] = json!(format!("t{number}"));
        body["alert_rule_test"] = json!(cases);
        if let Some(body) = body.as_object_mut() {
            body.remove("promql_expr_test");
        }
        Some(body)
    }
}

#[derive(Debug, Default)]
struct Round {
    failures: Vec<CaseFailure>,
    killed: BTreeSet<usize>,
    broken: Vec<usize>,
    own_fault: bool,
}

impl Round {
    fn take(
        &mut self,
        rule: &Rule,
        file: &CaseFile,
        objection: Objection,
        left: &[usize],
        alias: &dyn Fn(usize) -> String,
    ) {
        let mutant = |name: &str| left.iter().copied().find(|at| alias(*at) == name);
        let failure = |test: &str, line: u64, at: String, detail: String| CaseFailure {
            test: test.to_owned(),
            file: file.source.name.clone(),
            line,
            at,
            detail,
        };
        match objection {
            Objection::Case {
                test,
                alert,
                at,
                detail,
            } => match mutant(&alert) {
                Some(mutant) => {
                    self.killed.insert(mutant);
                }
                None => {
                    let number = test
                        .strip_prefix('t')
                        .and_then(|number| number.parse().ok());
                    let test = number.and_then(|number: usize| file.tests.get(number));
                    let case = test.and_then(|test| {
                        let mut cases = test.cases.iter();
                        cases.find(|case| case.alert == alert && case.at == at)
                    });
                    let name = test.map_or("-", |test| test.name.as_str());
                    let line = case.map_or(0, |case| case.line);
                    self.failures
                        .push(failure(name, line, duration::text(at), detail));
                }
            },
            Objection::Rule { rule: name, detail } => match mutant(&name) {
                Some(mutant) => self.broken.push(mutant),
                None => {
                    self.own_fault |= name == rule.name;
                    let detail = format!("{name} cannot be evaluated: {detail}");
                    self.failures.push(failure("-", 0, "-".to_owned(), detail));
                }
            },
            Objection::Other(detail) => {
                self.own_fault = true;
                self.failures.push(failure("-", 0, "-".to_owned(), detail));
            }
        }
    }
}

/// Runs the expressions of the test files, which need recording rules at most.
fn expressions(
    library: &Library,
    promtool: &Promtool,
    folder: &Path,
) -> Result<(usize, Vec<String>)> {
    let mut failures = Vec::new();
    let mut count = 0;
    for (number, file) in library.case_files.iter().enumerate() {
        let tests = file.tests.iter().filter(|test| test.expressions > 0);
        let tests: Vec<Value> = tests
            .map(|test| {
                count += test.expressions;
                let mut body = test.json.clone();
                if let Some(body) = body.as_object_mut() {
                    body.remove("alert_rule_test");
                }
                body
            })
            .collect();
        if tests.is_empty() {
            continue;
        }
        let mut body = json!({ "tests": tests });
        if let Some(interval) = &file.evaluation_interval {
            body["evaluation_interval"] = json!(interval);
        }
        let groups = json!({ "groups": recording_groups(library) });
        let name = format!("expressions-{number}");
        for objection in promtool.run(folder, &name, &groups, &body)? {
            let said = match objection {
                Objection::Other(said) => said,
                Objection::Rule { rule, detail } => format!("{rule} cannot be evaluated: {detail}"),
                Objection::Case { alert, detail, .. } => format!("{alert}: {detail}"),
            };
            failures.push(format!("{}: {said}", file.source.name));
        }
    }
    Ok((count, failures))
}
