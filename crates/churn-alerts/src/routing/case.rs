//! Routing cases: labels of an alert, and who must be told of it.

use std::sync::Arc;

use churn_base::error::{Error, Result};
use jiff::Timestamp;
use serde::Serialize;

use super::Labels;
use super::amtool::Amtool;
use super::configuration::Configuration;
use super::decide::decide;
use crate::node::{Node, Source};

/// One case.
#[derive(Debug, Clone)]
pub struct RoutingCase {
    /// Its name.
    pub name: String,
    /// The file.
    pub source: Arc<Source>,
    /// The line.
    pub line: u64,
    /// The rule whose labels the alert has, too.
    pub alert: Option<String>,
    /// Labels of the alert.
    pub labels: Labels,
    /// Who must be told.
    pub receivers: Vec<String>,
    /// When.
    pub at: Option<Timestamp>,
    /// Labels of other alerts that fire.
    pub firing: Vec<Labels>,
    /// Whether it must be inhibited.
    pub inhibited: Option<bool>,
    /// Whether it must be muted.
    pub muted: Option<bool>,
    /// The labels that it must be grouped by.
    pub group_by: Option<Vec<String>>,
}

/// What came of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CaseResult {
    /// Its name.
    pub name: String,
    /// The file.
    pub file: String,
    /// The line.
    pub line: u64,
    /// Whether it is as it must be.
    pub passed: bool,
    /// Who is told.
    pub receivers: Vec<String>,
    /// What is not as it must be; empty if it passed.
    pub reason: String,
    /// Whether amtool said the same of the routes.
    pub proved_by_amtool: bool,
}

const KEYS: [&str; 9] = [
    "name",
    "alert",
    "labels",
    "receivers",
    "at",
    "firing",
    "inhibited",
    "muted",
    "group_by",
];

impl RoutingCase {
    /// Reads a case.
    ///
    /// # Errors
    /// Fails with 65 and the line if a key is unknown or a value is none.
    pub fn read(source: &Arc<Source>, node: &Node) -> Result<Self> {
        let wrong = |line: u64, message: String| Error::bad_input(message).at(source.place(line));
        if let Some((key, _)) = node
            .entries()
            .iter()
            .find(|(key, _)| !KEYS.contains(&key.name.as_str()))
        {
            let message = format!("a routing case has no \"{}\"", key.name);
            return Err(wrong(key.spot.line, message).hint(format!("it has {}", KEYS.join(", "))));
        }
        if node.get("receivers").is_none() {
            let error = wrong(
                node.spot.line,
                "a routing case without `receivers`".to_owned(),
            );
            return Err(error.hint("`receivers: []` says that nobody is told"));
        }
        let labels = |node: &Node| -> Labels {
            let entries = node.entries().iter();
            let pairs =
                entries.map(|(key, value)| (key.name.clone(), value.scalar().unwrap_or_default()));
            pairs.collect()
        };
        let at = node.scalar_at("at").map(|text| {
            let parsed = text.parse::<Timestamp>();
            parsed.map_err(|_| {
                wrong(
                    node.spot.line,
                    format!("\"{text}\" is not a time such as 2026-01-03T10:00:00Z"),
                )
            })
        });
        let truth = |name: &str| node.get(name).map(|node| node.truth() == Some(true));
        Ok(Self {
            name: node
                .scalar_at("name")
                .or_else(|| node.scalar_at("alert"))
                .unwrap_or_else(|| format!("line {}", node.spot.line)),
            source: Arc::clone(source),
            line: node.spot.line,
            alert: node.scalar_at("alert"),
            labels: node.get("labels").map(labels).unwrap_or_default(),
            receivers: node.scalars_at("receivers"),
            at: at.transpose()?,
            firing: node
                .get("firing")
                .map_or(&[][..], Node::items)
                .iter()
                .map(labels)
                .collect(),
            inhibited: truth("inhibited"),
            muted: truth("muted"),
            group_by: node.get("group_by").map(|_| node.scalars_at("group_by")),
        })
    }
}

/// Runs cases against a configuration. `labels_of` knows the labels of a rule by its name.
///
/// # Errors
/// Fails with 65 if a case names a rule that is not there, and as [`Amtool`] does.
pub fn run_cases(
    configuration: &Configuration,
    cases: &[RoutingCase],
    labels_of: &dyn Fn(&str) -> Option<Labels>,
    amtool: Option<&Amtool>,
) -> Result<Vec<CaseResult>> {
    cases
        .iter()
        .map(|case| run_case(configuration, case, labels_of, amtool))
        .collect()
}

fn run_case(
    configuration: &Configuration,
    case: &RoutingCase,
    labels_of: &dyn Fn(&str) -> Option<Labels>,
    amtool: Option<&Amtool>,
) -> Result<CaseResult> {
    let mut labels = match &case.alert {
        None => Labels::new(),
        Some(alert) => labels_of(alert).ok_or_else(|| {
            let error = Error::bad_input(format!("no rule \"{alert}\" for a routing case"));
            error.at(case.source.place(case.line))
        })?,
    };
    labels.extend(case.labels.clone());
    let decision = decide(configuration, &labels, &case.firing, case.at);
    let told = sorted(decision.told());
    let mut reasons = Vec::new();
    if told != sorted(case.receivers.clone()) {
        let why = match (&decision.inhibited_by, decision.is_muted()) {
            (Some(line), _) => format!(" (inhibited by the rule in line {line})"),
            (None, true) => " (muted)".to_owned(),
            (None, false) => String::new(),
        };
        reasons.push(format!(
            "{} told, wanted {}{why}",
            names(&told),
            names(&case.receivers)
        ));
    }
    let is = |word: bool| if word { "" } else { "not " };
    for (wanted, found, word) in [
        (case.inhibited, decision.inhibited_by.is_some(), "inhibited"),
        (case.muted, decision.is_muted(), "muted"),
    ] {
        if wanted.is_some_and(|wanted| wanted != found) {
            reasons.push(format!("it is {}{word}", is(found)));
        }
    }
    if let Some(wanted) = &case.group_by {
        for leaf in &decision.leaves {
            if sorted(leaf.group_by.clone()) != sorted(wanted.clone()) {
                let (found, wanted) = (leaf.group_by.join(", "), wanted.join(", "));
                reasons.push(format!(
                    "{} groups by [{found}], wanted [{wanted}]",
                    leaf.receiver
                ));
            }
        }
    }
    let mut proved = false;
    if let Some(amtool) = amtool {
        let said = sorted(amtool.routes(&labels)?);
        let ours = sorted(decision.routed());
        proved = said == ours;
        if !proved {
            reasons.push(format!(
                "amtool routes to {}, we to {}",
                names(&said),
                names(&ours)
            ));
        }
    }
    Ok(CaseResult {
        name: case.name.clone(),
        file: case.source.name.clone(),
        line: case.line,
        passed: reasons.is_empty(),
        receivers: told,
        reason: reasons.join("; "),
        proved_by_amtool: proved,
    })
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names.dedup();
    names
}

fn names(names: &[String]) -> String {
    match names.is_empty() {
        true => "nobody".to_owned(),
        false => names.join(", "),
    }
}
