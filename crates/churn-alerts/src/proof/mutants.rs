//! Runs the cases of a rule on its alterations, side by side under other names where that means the
//! same, else one after the other in the user's own text.

use std::collections::BTreeSet;
use std::path::Path;

use churn_base::error::Result;
use serde::Serialize;
use serde_json::{Value, json};

use super::edit::Text;
use super::mutate::{Mutation, MutationKind, mutations};
use super::prepare::{self, Prepared};
use super::promtool::{Objection, Promtool};
use crate::cases::{CaseFile, Test};
use crate::duration;
use crate::library::Library;
use crate::node::Node;
use crate::rule::{Rule, RuleKind};

/// What alterations are run with.
pub(super) struct Mutants<'a> {
    pub(super) library: &'a Library,
    pub(super) promtool: &'a Promtool,
    pub(super) folder: &'a Path,
    pub(super) sets: &'a [Prepared],
}

/// Evaluations of rules that are worth a start of promtool: it takes as long as a hundred of them, and
/// spares those of all alterations that the tests so far have noticed.
const ROUND: u64 = 800;

/// A test with cases of the rule.
#[derive(Clone, Copy)]
struct Asked<'a> {
    /// Which of the files.
    file: usize,
    test: &'a Test,
    /// How often it evaluates each rule.
    evaluations: u64,
}

/// Some tests, and what they are run on.
struct Round<'a> {
    rule: &'a Rule,
    number: usize,
    all: &'a [Mutation],
    files: &'a [&'a CaseFile],
    text: &'a Text,
    twins: &'a [&'a Rule],
    left: &'a [usize],
    tests: &'a [Asked<'a>],
}

/// What came of the alterations of a rule.
pub(super) struct Outcome {
    pub(super) tried: usize,
    pub(super) survivors: Vec<Survivor>,
}

impl Mutants<'_> {
    /// Tries every alteration of a rule. Without usable cases none is noticed.
    pub(super) fn of(&self, rule: &Rule, number: usize, usable: bool) -> Result<Outcome> {
        let all = mutations(rule);
        let tried = all.len();
        let files: Vec<&CaseFile> = self.files(rule);
        let killed = match usable && !files.is_empty() && !all.is_empty() {
            false => BTreeSet::new(),
            true => match self.side_by_side(rule, number, &all, &files)? {
                Some(killed) => killed,
                None => self.one_by_one(rule, number, &all, &files)?,
            },
        };
        let survivors = all.into_iter().enumerate();
        Ok(Outcome {
            tried,
            survivors: survivors
                .filter(|(at, _)| !killed.contains(at))
                .map(|(_, mutation)| Survivor::of(mutation))
                .collect(),
        })
    }

    /// The test files with cases of the rule.
    fn files(&self, rule: &Rule) -> Vec<&CaseFile> {
        let files = self.library.case_files.iter();
        let asks = |file: &&CaseFile| {
            file.sets.contains(&rule.at.set)
                && file.cases().any(|(_, case)| case.alert == rule.name)
        };
        files.filter(asks).collect()
    }

    /// Runs all alterations in one go, each under a name of its own; none where that could not mean
    /// the same, or where the rule under another name turns out to fare otherwise.
    fn side_by_side(
        &self,
        rule: &Rule,
        number: usize,
        all: &[Mutation],
        files: &[&CaseFile],
    ) -> Result<Option<BTreeSet<usize>>> {
        let Some(text) = Text::new(&self.sets[rule.at.set].source) else {
            return Ok(None);
        };
        let mut sets: BTreeSet<usize> = BTreeSet::new();
        sets.extend(files.iter().flat_map(|file| &file.sets));
        let loaded = || {
            self.library
                .rules
                .iter()
                .filter(|one| sets.contains(&one.at.set))
        };
        let twins: Vec<&Rule> = loaded()
            .filter(|one| one.kind == RuleKind::Alert && one.name == rule.name)
            .collect();
        // Who looks at alerts would see the copies, too.
        let is_seen = loaded().any(|one| {
            (std::ptr::eq(one, rule) || one.kind == RuleKind::Record)
                && one.expr.value.contains("ALERTS")
        });
        let beside = |twin: &Rule| twin.at.set == rule.at.set && twin.at.group == rule.at.group;
        if is_seen || !twins.iter().all(|twin| beside(twin)) {
            return Ok(None);
        }
        let mut left: Vec<usize> = (0..all.len()).collect();
        let mut killed = BTreeSet::new();
        let mut waiting = tests(rule, files);
        while !waiting.is_empty() && !left.is_empty() {
            let round = next_round(&mut waiting, left.len() + 1);
            let Some(noticed) = self.run_round(&Round {
                rule,
                number,
                all,
                files,
                text: &text,
                twins: &twins,
                left: &left,
                tests: &round,
            })?
            else {
                return Ok(None);
            };
            left.retain(|at| !noticed.contains(at));
            killed.extend(noticed);
        }
        Ok(Some(killed))
    }

    /// Runs some tests on the alterations that are left, and returns those that were noticed.
    fn run_round(&self, round: &Round<'_>) -> Result<Option<BTreeSet<usize>>> {
        let Round { rule, number, .. } = *round;
        // A rule that cannot be evaluated ends the whole test: it is noticed, and goes.
        let mut left = round.left.to_vec();
        let mut killed = BTreeSet::new();
        loop {
            let mut copies = vec![(alias(rule, None), None)];
            copies.extend(
                left.iter()
                    .map(|at| (alias(rule, Some(*at)), Some(&round.all[*at]))),
            );
            let Some(made) = round.text.with_copies(rule, round.twins, &copies) else {
                return Ok(None);
            };
            let path = self.folder.join(format!("altered-{number}.yml"));
            prepare::write(&path, &made)?;
            let names: Vec<String> = copies.into_iter().map(|(name, _)| name).collect();
            let of_name = |name: &str| {
                left.iter()
                    .copied()
                    .find(|at| alias(rule, Some(*at)) == name)
            };
            let (mut noticed, mut broken) = (BTreeSet::new(), BTreeSet::new());
            for (place, file) in round.files.iter().enumerate() {
                let of_file = round.tests.iter().filter(|test| test.file == place);
                let tests: Vec<&Test> = of_file.map(|test| test.test).collect();
                if tests.is_empty() {
                    continue;
                }
                let body = self.body(rule, file, &tests, Some((rule.at.set, &path)), &names);
                let cases = self.folder.join(format!("altered-{number}-{place}.json"));
                prepare::write(&cases, &body.to_string())?;
                for objection in self.promtool.test(&cases)? {
                    match objection {
                        Objection::Case { alert, .. } => match of_name(&alert) {
                            Some(at) => noticed.insert(at),
                            None => return Ok(None),
                        },
                        Objection::Rule { rule, .. } => match of_name(&rule) {
                            Some(at) => broken.insert(at),
                            None => return Ok(None),
                        },
                        Objection::Expression(_) | Objection::Other(_) => return Ok(None),
                    };
                }
            }
            killed.extend(&noticed);
            if broken.is_empty() {
                return Ok(Some(killed));
            }
            left.retain(|at| !broken.contains(at));
            killed.extend(broken);
        }
    }

    /// Runs each alteration in the text of the user, where it stands.
    fn one_by_one(
        &self,
        rule: &Rule,
        number: usize,
        all: &[Mutation],
        files: &[&CaseFile],
    ) -> Result<BTreeSet<usize>> {
        let mut killed = BTreeSet::new();
        let Some(text) = Text::new(&self.sets[rule.at.set].source) else {
            return Ok(killed);
        };
        for (at, mutation) in all.iter().enumerate() {
            let Some(made) = text.altered(rule, mutation) else {
                continue;
            };
            let path = self.folder.join(format!("altered-{number}.yml"));
            prepare::write(&path, &made)?;
            for (place, file) in files.iter().enumerate() {
                let tests: Vec<&Test> = file.tests.iter().collect();
                let body = self.body(rule, file, &tests, Some((rule.at.set, &path)), &[]);
                let cases = self.folder.join(format!("altered-{number}-{place}.json"));
                prepare::write(&cases, &body.to_string())?;
                if !self.promtool.test(&cases)?.is_empty() {
                    killed.insert(at);
                    break;
                }
            }
        }
        Ok(killed)
    }

    /// A test file with the cases that these tests have of the rule alone, asked of these names, or of
    /// the rule itself if there are none.
    fn body(
        &self,
        rule: &Rule,
        file: &CaseFile,
        tests: &[&Test],
        altered: Option<(usize, &Path)>,
        names: &[String],
    ) -> Value {
        let path = |set: &usize| match altered {
            Some((at, path)) if at == *set => path,
            _ => self.sets[*set].path.as_path(),
        };
        let paths: Vec<&Path> = file.sets.iter().map(path).collect();
        let mut body = json!({ "rule_files": paths });
        for key in ["evaluation_interval", "group_eval_order"] {
            if let Some(value) = file.root.get(key) {
                body[key] = value.to_json();
            }
        }
        let asked = tests.iter().filter_map(|test| asked(rule, test, names));
        body["tests"] = asked.collect();
        body
    }
}

/// The tests with cases of the rule, the costliest first.
fn tests<'a>(rule: &Rule, files: &[&'a CaseFile]) -> Vec<Asked<'a>> {
    let mut found = Vec::new();
    for (place, file) in files.iter().enumerate() {
        let interval = file.root.scalar_at("evaluation_interval");
        let interval = interval.and_then(|text| duration::parse(text.as_str()));
        for test in &file.tests {
            let own = test.cases.iter().filter(|case| case.alert == rule.name);
            if let Some(end) = own.map(|case| case.at).max() {
                found.push(Asked {
                    file: place,
                    test,
                    evaluations: end / interval.unwrap_or(60_000).max(1) + 1,
                });
            }
        }
    }
    found.sort_by_key(|asked| std::cmp::Reverse(asked.evaluations));
    found
}

/// Takes the cheapest tests, as many as are worth a run on so many rules.
fn next_round<'a>(waiting: &mut Vec<Asked<'a>>, rules: usize) -> Vec<Asked<'a>> {
    let (mut round, mut evaluations) = (Vec::new(), 0);
    while evaluations < ROUND
        && let Some(asked) = waiting.pop()
    {
        evaluations += asked.evaluations * rules as u64;
        round.push(asked);
    }
    round
}

/// The test with the cases of the rule, asked of each of the names.
fn asked(rule: &Rule, test: &Test, names: &[String]) -> Option<Value> {
    let list = test
        .node
        .get("alert_rule_test")
        .map_or(&[][..], Node::items);
    let own = test.cases.iter().filter(|case| case.alert == rule.name);
    let own: Vec<Value> = own
        .filter_map(|case| Some(list.get(case.place)?.to_json()))
        .collect();
    if own.is_empty() {
        return None;
    }
    let mut body = test.node.to_json();
    let object = body.as_object_mut()?;
    object.remove("promql_expr_test");
    let mut cases = Vec::new();
    for name in names {
        cases.extend(own.iter().map(|case| {
            let mut case = case.clone();
            case["alertname"] = json!(name);
            case
        }));
    }
    if names.is_empty() {
        cases = own;
    }
    object.insert("alert_rule_test".to_owned(), Value::Array(cases));
    Some(body)
}

/// The name of a copy.
fn alias(rule: &Rule, mutant: Option<usize>) -> String {
    match mutant {
        Some(at) => format!("{}__mutant_{at}", rule.name),
        None => format!("{}__unaltered", rule.name),
    }
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

impl Survivor {
    pub(super) fn of(mutation: Mutation) -> Self {
        Self {
            kind: mutation.kind,
            line: mutation.line,
            from: mutation.from,
            to: mutation.to,
            wanted: mutation.wanted,
        }
    }
}
