//! Are the rules that run those in the files?

use serde_json::Value;

use super::prometheus_api::Loaded;
use super::step::Step;
use crate::promql;
use crate::rule::Rule;

/// Of more than so many rules that are not loaded one step tells, as they have one cause.
const MOST_TOLD: usize = 3;

/// Compares the rules in the files with those that are loaded: a step for each that is not as it
/// must be, and one for all others.
pub(super) fn compare(rules: &[&Rule], loaded: &[Loaded]) -> Vec<Step> {
    let mut steps = Vec::new();
    let (mut good, mut absent) = (0, Vec::new());
    for rule in rules {
        let name = format!("rule {}", rule.name);
        let same_name = || loaded.iter().filter(|one| one.name == rule.name);
        let Some(nearest) = same_name().min_by_key(|one| differences(rule, one).len()) else {
            absent.push(*rule);
            continue;
        };
        let differ = differences(rule, nearest);
        if nearest.health == "err" {
            let message = format!("fails to evaluate: {}", nearest.last_error);
            let hint = format!(
                "run the expression of {} in Prometheus' console",
                rule.place()
            );
            steps.push(Step::fail(name, message, hint));
        } else if !differ.is_empty() {
            let message = format!("loaded is another version: {}", differ.join("; "));
            steps.push(Step::fail(
                name,
                message,
                format!("apply {} again", rule.source.name),
            ));
        } else {
            good += 1;
        }
    }
    steps.extend(not_loaded(&absent, rules.len(), loaded.is_empty()));
    if good > 0 {
        let message = format!(
            "{good} of {} loaded, healthy, and equal to the files",
            rules.len()
        );
        steps.insert(0, Step::pass("rules", message));
    }
    let files: Vec<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
    let foreign = loaded
        .iter()
        .filter(|one| one.health == "err" && !files.contains(&one.name.as_str()));
    for one in foreign {
        let message = format!(
            "fails to evaluate: {}; it is in none of the files",
            one.last_error
        );
        steps.push(Step::fail(
            format!("rule {}", one.name),
            message,
            "ask its owner",
        ));
    }
    steps
}

/// A step for each rule that is not loaded, or one for all where they are many: then the file or the
/// object is missing, and not each rule of it.
fn not_loaded(absent: &[&Rule], all: usize, has_none: bool) -> Vec<Step> {
    let hint = "is the PrometheusRule selected (ruleSelector, its labels), and was it applied?";
    if absent.len() > MOST_TOLD {
        let names: Vec<&str> = absent.iter().map(|rule| rule.name.as_str()).collect();
        let none = match has_none {
            true => "; Prometheus has no alerting rule at all",
            false => "",
        };
        let message = format!(
            "{} of {all} are not loaded{none}: {}",
            names.len(),
            names.join(", ")
        );
        return vec![Step::fail("rules", message, hint)];
    }
    let step = |rule: &&Rule| {
        let message = format!("not loaded; it is in {}", rule.place());
        Step::fail(format!("rule {}", rule.name), message, hint)
    };
    absent.iter().map(step).collect()
}

fn differences(rule: &Rule, loaded: &Loaded) -> Vec<String> {
    let mut found = Vec::new();
    // As Prometheus prints it: blanks and brackets make no difference.
    let plain =
        |expr: &str| promql::parse(expr).map_or_else(|_| expr.to_owned(), |expr| expr.to_string());
    if plain(&rule.expr.value) != plain(&loaded.expr) {
        found.push(format!("expr is `{}`", loaded.expr));
    }
    let wait = rule.wait_milliseconds() as f64 / 1000.0;
    if (wait - loaded.wait_seconds).abs() > 1e-9 {
        found.push(format!(
            "for is {} s, {wait} s in the file",
            loaded.wait_seconds
        ));
    }
    let pairs = |own: &[(String, crate::scalar::Scalar)], theirs: &Value, what: &str| {
        let text = |name: &str| {
            theirs
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let mut found = Vec::new();
        for (name, scalar) in own {
            let theirs = text(name);
            if theirs != scalar.value {
                found.push(format!("{what} {name} is \"{theirs}\""));
            }
        }
        let own_names: Vec<&String> = own.iter().map(|(name, _)| name).collect();
        let all = theirs.as_object().into_iter().flatten();
        for (name, _) in all.filter(|(name, _)| !own_names.contains(name)) {
            found.push(format!("{what} {name} is in no file"));
        }
        found
    };
    found.extend(pairs(&rule.labels, &loaded.labels, "label"));
    found.extend(pairs(&rule.annotations, &loaded.annotations, "annotation"));
    found
}
