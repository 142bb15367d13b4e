//! Are the rules that run those in the files?

use serde_json::Value;

use super::prometheus_api::Loaded;
use super::step::Step;
use crate::promql;
use crate::rule::Rule;

/// Compares the rules in the files with those that are loaded: a step for each that is not as it
/// must be, and one for all others.
pub(super) fn compare(rules: &[&Rule], loaded: &[Loaded]) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut good = 0;
    for rule in rules {
        let name = format!("rule {}", rule.name);
        let same_name = || loaded.iter().filter(|one| one.name == rule.name);
        let Some(nearest) = same_name().min_by_key(|one| differences(rule, one).len()) else {
            let hint =
                "is the PrometheusRule selected (ruleSelector, its labels), and was it applied?";
            steps.push(Step::fail(
                name,
                format!("not loaded; it is in {}", rule.place()),
                hint,
            ));
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
