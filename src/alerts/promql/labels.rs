//! Which labels the result of an expression has: what an aggregation drops, a template cannot name.

use std::collections::BTreeSet;

use promql_parser::parser::{Expr, LabelModifier, VectorMatchCardinality};

use super::{Pattern, bare, selector_of};

/// A set of labels that is either listed, or all but some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LabelSet {
    /// These and no others.
    Only(BTreeSet<String>),
    /// Whatever the series have, but not these.
    AllBut(BTreeSet<String>),
}

impl LabelSet {
    fn none() -> Self {
        Self::Only(BTreeSet::new())
    }

    /// Tells whether a series of the result may have this label.
    #[must_use]
    pub fn may_have(&self, label: &str) -> bool {
        match self {
            Self::Only(labels) => labels.contains(label),
            Self::AllBut(labels) => !labels.contains(label),
        }
    }

    fn with(mut self, label: &str) -> Self {
        match &mut self {
            Self::Only(labels) => {
                labels.insert(label.to_owned());
            }
            Self::AllBut(labels) => {
                labels.remove(label);
            }
        }
        self
    }

    fn without(mut self, label: &str) -> Self {
        match &mut self {
            Self::Only(labels) => {
                labels.remove(label);
            }
            Self::AllBut(labels) => {
                labels.insert(label.to_owned());
            }
        }
        self
    }

    fn keep(self, kept: &[String]) -> Self {
        let kept = kept.iter().filter(|label| self.may_have(label));
        Self::Only(kept.cloned().collect())
    }

    fn drop(self, dropped: &[String]) -> Self {
        dropped.iter().fold(self, |set, label| set.without(label))
    }

    /// What a series of either side may have.
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Only(one), Self::Only(two)) => Self::Only(&one | &two),
            (Self::AllBut(one), Self::AllBut(two)) => Self::AllBut(&one & &two),
            (Self::AllBut(but), Self::Only(only)) | (Self::Only(only), Self::AllBut(but)) => {
                Self::AllBut(&but - &only)
            }
        }
    }
}

/// Returns the labels that the result may have; the metric's name is none of them.
#[must_use]
pub fn labels_of(expr: &Expr) -> LabelSet {
    if let Some(selector) = selector_of(expr) {
        let pattern = Pattern::of(selector);
        // A label that is matched by the empty text is not there.
        let absent = pattern
            .matchers()
            .iter()
            .filter(|matcher| matcher.op.to_string() == "=" && matcher.value.is_empty());
        return LabelSet::AllBut(absent.map(|matcher| matcher.name.clone()).collect());
    }
    match expr {
        Expr::Aggregate(aggregate) => {
            let inner = labels_of(&aggregate.expr);
            let op = aggregate.op.to_string();
            if ["topk", "bottomk", "limitk", "limit_ratio"].contains(&op.as_str()) {
                return inner;
            }
            let kept = match &aggregate.modifier {
                None => LabelSet::none(),
                Some(LabelModifier::Include(labels)) => inner.keep(&labels.labels),
                Some(LabelModifier::Exclude(labels)) => inner.drop(&labels.labels),
            };
            match (op.as_str(), aggregate.param.as_deref()) {
                ("count_values", Some(Expr::StringLiteral(label))) => kept.with(&label.val),
                _ => kept,
            }
        }
        Expr::Unary(unary) => labels_of(&unary.expr),
        Expr::Paren(paren) => labels_of(&paren.expr),
        Expr::Subquery(subquery) => labels_of(&subquery.expr),
        Expr::Binary(binary) => of_binary(binary),
        Expr::Call(call) => of_call(call),
        Expr::NumberLiteral(_)
        | Expr::StringLiteral(_)
        | Expr::VectorSelector(_)
        | Expr::MatrixSelector(_)
        | Expr::Extension(_) => LabelSet::none(),
    }
}

fn of_binary(binary: &promql_parser::parser::BinaryExpr) -> LabelSet {
    let (left, right) = (labels_of(&binary.lhs), labels_of(&binary.rhs));
    match (is_scalar(&binary.lhs), is_scalar(&binary.rhs)) {
        (true, true) => return LabelSet::none(),
        (false, true) => return left,
        (true, false) => return right,
        (false, false) => {}
    }
    match binary.op.to_string().as_str() {
        "and" | "unless" => return left,
        "or" => return left.or(right),
        _ => {}
    }
    let Some(modifier) = &binary.modifier else {
        return left;
    };
    let from_one = |many: LabelSet, labels: &promql_parser::label::Labels| {
        labels
            .labels
            .iter()
            .fold(many, |set, label| set.with(label))
    };
    match (&modifier.card, &modifier.matching) {
        (VectorMatchCardinality::ManyToOne(labels), _) => from_one(left, labels),
        (VectorMatchCardinality::OneToMany(labels), _) => from_one(right, labels),
        (_, Some(LabelModifier::Include(labels))) => left.keep(&labels.labels),
        (_, Some(LabelModifier::Exclude(labels))) => left.drop(&labels.labels),
        (_, None) => left,
    }
}

fn of_call(call: &promql_parser::parser::Call) -> LabelSet {
    let arg = |at: usize| call.args.args.get(at).map(|arg| bare(arg));
    let inner = |at: usize| arg(at).map_or_else(LabelSet::none, labels_of);
    let text = |at: usize| match arg(at) {
        Some(Expr::StringLiteral(text)) => text.val.clone(),
        _ => String::new(),
    };
    match call.func.name {
        "absent" | "absent_over_time" => {
            let selector = arg(0).and_then(selector_of);
            let labels = selector.map(|selector| {
                let pattern = Pattern::of(selector);
                let labels = pattern.equalities().map(|(label, _)| label.to_owned());
                labels.collect()
            });
            LabelSet::Only(labels.unwrap_or_default())
        }
        "histogram_quantile" => inner(1).without("le"),
        "quantile_over_time" | "histogram_fraction" => inner(call.args.args.len() - 1),
        "label_replace" | "label_join" => inner(0).with(&text(1)),
        "vector" | "scalar" | "time" | "pi" => LabelSet::none(),
        _ => inner(0),
    }
}

fn is_scalar(expr: &Expr) -> bool {
    match bare(expr) {
        Expr::NumberLiteral(_) => true,
        Expr::Call(call) => ["scalar", "time", "pi"].contains(&call.func.name),
        Expr::Unary(unary) => is_scalar(&unary.expr),
        Expr::Binary(binary) => is_scalar(&binary.lhs) && is_scalar(&binary.rhs),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let labels = labels_of(&super::super::parse(expr).expect(expr));
            assert!(has == "-" || labels.may_have(has), "{expr} lacks {has}");
            assert!(
                lacks == "-" || !labels.may_have(lacks),
                "{expr} has {lacks}"
            );
        }
    }
}
