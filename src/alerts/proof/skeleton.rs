//! Unit cases to begin with: for what the cases of a rule do not show yet. Values are to be filled in.

use promql_parser::parser::Expr;

use super::coverage::Coverage;
use crate::alerts::duration;
use crate::alerts::library::Library;
use crate::alerts::promql::{self, LabelSet, Pattern};
use crate::alerts::rule::Rule;

/// Returns a test file for promtool with a test for each thing that is not shown, or none if all is.
#[must_use]
pub fn skeletons(library: &Library) -> Option<String> {
    let mut text = String::from(
        "# Skeletons of unit cases for what no case shows yet. Lines with FILL IN are guesses:\n\
         # put values there with which the alert fires or stays silent, and run\n\
         # churnctl alerts test\n\
         evaluation_interval: 1m\ntests:\n",
    );
    let mut any = false;
    for rule in library.alerts() {
        let coverage = Coverage::of(rule, &library.case_files);
        let Ok(expr) = promql::parse(&rule.expr.value) else {
            continue;
        };
        for lacking in coverage.lacking() {
            any = true;
            text.push_str(&test(rule, &expr, lacking));
        }
    }
    any.then_some(text)
}

fn test(rule: &Rule, expr: &Expr, what: &str) -> String {
    let selectors = promql::selectors(expr);
    let wait = rule.wait_milliseconds();
    let minutes = (wait + longest_range(expr)).div_ceil(60_000) + 2;
    let at = duration::text(minutes * 60_000);
    let mut text = format!(
        "  - name: {}\n    interval: 1m\n",
        quoted(&format!("{}: {what}", rule.name))
    );
    if what == "no data" {
        text.push_str("    input_series: []\n");
    } else {
        text.push_str("    input_series:\n");
        for selector in &selectors {
            let counter = ["_total", "_count", "_bucket", "_sum"]
                .iter()
                .any(|end| selector.metric().is_some_and(|name| name.ends_with(end)));
            let values = match counter {
                true => format!("0+1x{}", minutes + 5),
                false => format!("1x{}", minutes + 5),
            };
            text.push_str(&format!(
                "      - series: {}\n        values: {} # FILL IN\n",
                quoted(&example(selector)),
                quoted(&values)
            ));
        }
    }
    text.push_str(&format!(
        "    alert_rule_test:\n      - alertname: {}\n        eval_time: {at}\n",
        rule.name
    ));
    if what == "fires" {
        text.push_str("        exp_alerts:\n          - exp_labels:\n");
        for (name, scalar) in &rule.labels {
            text.push_str(&format!(
                "              {name}: {}\n",
                quoted(&scalar.value)
            ));
        }
        if let LabelSet::Only(labels) = promql::labels_of(expr) {
            for label in labels.iter().filter(|label| rule.label(label).is_none()) {
                text.push_str(&format!(
                    "              {label}: {} # FILL IN\n",
                    quoted("x")
                ));
            }
        }
        text.push_str("            exp_annotations: # FILL IN what the templates come to\n");
        for (name, scalar) in &rule.annotations {
            text.push_str(&format!(
                "              {name}: {}\n",
                quoted(&scalar.value)
            ));
        }
    } else {
        text.push_str("        exp_alerts: []\n");
    }
    text
}

/// A series that the selector takes, as far as its matchers tell.
fn example(selector: &Pattern) -> String {
    let labels = selector.matchers().iter().filter_map(|matcher| {
        let value = match matcher.op.to_string().as_str() {
            "=" => matcher.value.clone(),
            // The first of the alternatives, without what is special.
            "=~" => {
                let first = matcher.value.split('|').next().unwrap_or_default();
                first
                    .replace(".*", "x")
                    .replace(".+", "x")
                    .replace('.', "0")
                    .replace(['(', ')'], "")
            }
            _ => "x".to_owned(),
        };
        (!value.is_empty()).then(|| format!("{}=\"{value}\"", matcher.name))
    });
    let labels: Vec<String> = labels.collect();
    format!(
        "{}{{{}}}",
        selector.metric().unwrap_or_default(),
        labels.join(",")
    )
}

fn longest_range(expr: &Expr) -> u64 {
    let mut longest = 0;
    promql::walk(expr, &mut |inner, _| {
        if let Expr::MatrixSelector(matrix) = inner {
            longest = longest.max(matrix.range.as_millis() as u64);
        }
    });
    longest
}

/// A YAML scalar in single quotes: nothing in it is special but the quote.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''").replace('\n', " "))
}
