//! What an expression's result is, without data: which labels, values and how many series it can
//! have. Each part is derived from the parts below it.

use promql_parser::label::{MatchOp, Matcher};
use promql_parser::parser::{AggregateExpr, Expr, LabelModifier, VectorSelector};

use super::facts::Facts;
use super::interval::Interval;
use super::labels::LabelSet;
use super::pattern::Pattern;
use super::shape::{Presence, Shape};
use super::tree::Tree;
use super::{binary, call};

/// Derives the result of an expression from those of its parts.
pub(super) fn shape_of(expr: &Expr, below: &[Tree<'_>], facts: &Facts) -> Shape {
    let first = || match below.first() {
        Some(tree) => tree.shape.clone().below(),
        None => Shape::scalar(Interval::ANY.or_nan()),
    };
    match expr {
        Expr::NumberLiteral(number) => Shape::scalar(Interval::exactly(number.val)),
        Expr::StringLiteral(_) | Expr::Extension(_) => Shape::scalar(Interval::ANY.or_nan()),
        Expr::VectorSelector(selector) => of_selector(selector, facts),
        Expr::MatrixSelector(matrix) => of_selector(&matrix.vs, facts),
        Expr::Paren(_) | Expr::Subquery(_) => first(),
        Expr::Unary(_) => {
            let inner = first().computed();
            Shape {
                values: inner.values.negated(),
                ..inner
            }
        }
        Expr::Binary(binary) => match below {
            [left, right] => binary::shape_of(binary, left, right),
            _ => first(),
        },
        Expr::Aggregate(aggregate) => of_aggregate(aggregate, below),
        Expr::Call(call) => call::shape_of(call, below, first()),
    }
}

fn of_selector(selector: &VectorSelector, facts: &Facts) -> Shape {
    let pattern = Pattern::of(selector);
    let name = pattern.metric().unwrap_or_default();
    let record = facts.record(name);
    let mut shape = match record {
        Some(record) => record.clone().below(),
        None => {
            let mut shape = Shape::vector(facts.interval(name), Presence::Depends);
            shape.labels = LabelSet::all();
            shape.kind = facts.kind(name);
            // Every sample that was scraped has both; recorded ones need not.
            let recorded = name.contains(':') || name.is_empty();
            if !recorded && !name.starts_with("ALERTS") {
                let usual = ["instance", "job"].map(|label| (label.to_owned(), None));
                shape.expected.extend(usual);
            }
            shape
        }
    };
    // What a recording rule makes may be there or not.
    if shape.presence == Presence::Always {
        shape.presence = Presence::Depends;
    }
    for matcher in pattern.matchers() {
        let label = &matcher.name;
        if record.is_some() && !shape.labels.may_have(label) && !matcher.is_match("") {
            return shape.empty(format!(
                "the rule that records {name} drops the label `{label}`"
            ));
        }
        match &matcher.op {
            MatchOp::Equal if matcher.value.is_empty() => {
                shape.labels = shape.labels.without(label);
                shape.expected.remove(label);
            }
            MatchOp::Equal => {
                shape.labels = shape.labels.with(label);
                shape
                    .expected
                    .insert(label.clone(), Some(matcher.value.clone()));
            }
            MatchOp::NotEqual | MatchOp::Re(_) | MatchOp::NotRe(_) => {
                if !matcher.is_match("") {
                    shape.expected.entry(label.clone()).or_insert(None);
                }
            }
        }
    }
    match contradiction(&pattern) {
        Some(why) => shape.empty(why),
        None => shape,
    }
}

/// Says which matchers of a selector no value satisfies together.
fn contradiction(pattern: &Pattern) -> Option<String> {
    // What some rules have as a place for the user's own value.
    let everything = |one: &&Matcher| matches!(one.op, MatchOp::NotRe(_)) && one.value == ".*";
    if let Some(matcher) = pattern.matchers().iter().find(everything) {
        return Some(format!("no value satisfies {matcher}"));
    }
    let fixed = pattern
        .matchers()
        .iter()
        .filter(|matcher| matches!(matcher.op, MatchOp::Equal));
    for matcher in fixed {
        let mut others = pattern
            .matchers()
            .iter()
            .filter(|one| one.name == matcher.name);
        if let Some(other) = others.find(|one| !one.is_match(&matcher.value)) {
            return Some(format!("no series satisfies both {matcher} and {other}"));
        }
    }
    None
}

fn of_aggregate(aggregate: &AggregateExpr, below: &[Tree<'_>]) -> Shape {
    let operator = aggregate.op.to_string();
    let (param, inner) = match below {
        [param, inner] => (Some(param), inner),
        [inner] => (None, inner),
        _ => return Shape::vector(Interval::ANY.or_nan(), Presence::Depends),
    };
    let inner = inner.shape.clone().below();
    let number = param.and_then(|param| param.shape.values.value());
    if ["topk", "bottomk", "limitk", "limit_ratio"].contains(&operator.as_str()) {
        return match number {
            Some(number) if number < 1.0 && operator != "limit_ratio" => {
                inner.empty(format!("{operator}({number}, ...) keeps no series"))
            }
            _ => inner,
        };
    }
    let of_inner = inner.values;
    let values = match operator.as_str() {
        "count" | "count_values" => Interval::of(1.0, f64::INFINITY),
        "group" => Interval::exactly(1.0),
        "stddev" | "stdvar" => Interval {
            nan: of_inner.nan,
            ..Interval::NOT_NEGATIVE
        },
        "sum" if of_inner.low >= 0.0 => Interval::of(of_inner.low, f64::INFINITY),
        "sum" => Interval::ANY,
        "quantile" if number.is_some_and(|q| !(0.0..=1.0).contains(&q)) => {
            Interval::of(f64::NEG_INFINITY, f64::INFINITY)
        }
        _ => of_inner,
    };
    let values = match of_inner.nan && !operator.starts_with("count") && operator != "group" {
        true => values.or_nan(),
        false => values,
    };
    let kind = match operator.as_str() {
        "sum" | "avg" | "min" | "max" => inner.kind,
        _ => None,
    };
    let mut shape = match &aggregate.modifier {
        None => inner.narrowed(|_| false, LabelSet::none()),
        Some(LabelModifier::Include(labels)) => {
            let kept = inner.labels.clone().keep(&labels.labels);
            let mut shape = inner.narrowed(|label| labels.labels.iter().any(|l| l == label), kept);
            // Whoever aggregates by a label expects it to be there.
            for label in &labels.labels {
                if shape.labels.may_have(label) {
                    shape.expected.entry(label.clone()).or_insert(None);
                }
            }
            shape
        }
        Some(LabelModifier::Exclude(labels)) => {
            let kept = inner.labels.clone().drop(&labels.labels);
            inner.narrowed(|_| true, kept)
        }
    };
    if let ("count_values", Some(Expr::StringLiteral(label))) =
        (operator.as_str(), aggregate.param.as_deref())
    {
        shape.labels = shape.labels.with(&label.val);
        shape.expected.insert(label.val.clone(), None);
    }
    Shape {
        values,
        kind,
        ..shape
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(expr: &str) -> Shape {
        let parsed = super::super::parse(expr).expect(expr);
        Tree::of(&parsed, expr, &super::super::scan(expr), &Facts::default()).shape
    }

    #[test]
    fn labels_come_and_go_as_in_prometheus() {
        // Each row read off the rules of the query language; those with a star by a query against
        // Prometheus 2.42.
        for (expr, has, lacks) in [
            ("m > 1", "pod", "-"),
            ("sum(rate(m[5m])) > 1", "-", "namespace"),
            ("sum by (namespace) (m) > 1", "namespace", "pod"),
            ("sum without (pod) (m)", "namespace", "pod"),
            ("topk(1, m)", "pod", "-"),
            ("absent(m{namespace=\"x\",pod=~\"y\"})", "namespace", "pod"),
            ("absent(up{job=\"x\"} == 1)", "-", "namespace"),
            ("a / on (pod) b > 1", "pod", "namespace"),
            ("a * on (pod) group_left (owner) b", "namespace", "-"),
            (
                "sum by (pod) (a) * on (pod) group_left (owner) b",
                "owner",
                "namespace",
            ),
            ("sum by (ns) (a) or vector(0)", "ns", "pod"),
            ("a and on () b", "pod", "-"),
            (
                "histogram_quantile(0.9, sum by (le) (rate(b_bucket[5m])))",
                "-",
                "le",
            ),
            (
                "label_replace(sum(a), \"x\", \"$1\", \"y\", \"(.*)\")",
                "x",
                "y",
            ),
            ("time() - max by (job) (a) > 5", "job", "pod"),
            ("count_values(\"v\", a)", "v", "pod"),
            ("1 - avg by (instance) (a)", "instance", "namespace"),
        ] {
            let labels = shape(expr).labels;
            assert!(has == "-" || labels.may_have(has), "{expr} lacks {has}");
            assert!(
                lacks == "-" || !labels.may_have(lacks),
                "{expr} has {lacks}"
            );
        }
    }

    #[test]
    fn what_is_never_or_always_there_is_known_without_data() {
        use Presence::{Always, Depends, Never};
        // Each row asked of Prometheus' query engine: empty, or a value, with and without series.
        for (expr, wanted) in [
            ("up == 0", Depends),
            ("x > 10 < 5", Never),
            ("x > 10 and x < 5", Never),
            ("x > 5 and x < 10", Depends),
            ("absent(x) == 0", Never),
            ("absent(vector(1))", Never),
            ("count(x) == 0", Never),
            ("count(x) < 3", Depends),
            ("up > 1", Never),
            ("rate(x[5m]) < 0", Never),
            ("x{a=\"b\",a=\"c\"} > 0", Never),
            ("sum by (a) (x) / sum by (b) (y) > 1", Never),
            ("sum by (a) (x) / on () sum by (b) (y) > 1", Depends),
            ("sum by (a) (x) / sum by (a) (y) > 1", Depends),
            ("x / sum(x) > 1", Never),
            ("x / scalar(sum(x)) > 1", Depends),
            (
                "x / ignoring (a) group_left sum without (a) (y) > 1",
                Depends,
            ),
            ("x{job=\"a\"} and y{job=\"b\"}", Never),
            ("x{job=\"a\"} and on (instance) y{job=\"b\"}", Depends),
            ("x > 5 and hour() > 8", Never),
            ("x > 5 and on () hour() > 8", Depends),
            ("x and on () hour() > 24", Never),
            ("sum(rate(x{c=\"5\"}[5m])) / sum(rate(x[5m])) > 5", Never),
            (
                "sum(rate(x{c=\"5\"}[5m])) / sum(rate(x[5m])) * 100 > 5",
                Depends,
            ),
            (
                "(sum(rate(x_total{c=\"5\"}[5m])) or vector(0)) / (sum(rate(x_total[5m])) > 1) > 1",
                Never,
            ),
            ("sum(up) / count(up) > 1", Never),
            ("clamp_max(x, 5) > 10", Never),
            ("topk(0, x) > 1", Never),
            ("x{a!~\".*\"} > 1", Never),
            ("x > x", Never),
            ("x unless x", Never),
            ("sum(x) > 1 or vector(0)", Always),
            ("(sum(x) or vector(0)) > 1", Depends),
            ("vector(1)", Always),
            ("hour() > bool 5", Always),
            ("vector(1) > 0", Always),
            ("histogram_quantile(95, rate(x_bucket[5m])) < 1", Never),
            ("x unless on (job) y", Depends),
            ("(x > 10 < 5) or (y > 1)", Depends),
        ] {
            assert_eq!(shape(expr).presence, wanted, "{expr}");
        }
    }

    #[test]
    fn a_condition_that_always_holds_or_gives_a_number_is_none() {
        for (expr, wanted) in [
            ("x > 5", true),
            ("x", false),
            ("rate(x[5m]) >= 0", false),
            ("x > bool 5", false),
            ("(x > bool 5) == 1", true),
            ("sum(x > 5)", true),
            ("x > 5 or y", false),
            ("x > 5 or y > 5", true),
            ("absent(x)", true),
            ("a unless b", true),
            ("count(x) >= 0", false),
            ("count(x) > 0", true),
            ("x_info{ready=\"no\"} == 1", true),
        ] {
            assert_eq!(shape(expr).is_filtered, wanted, "{expr}");
        }
    }
}
