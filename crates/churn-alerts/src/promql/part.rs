//! Whether one result is a part of another, so that their ratio lies between 0 and 1: errors of all
//! requests, targets that are up of all targets.

use promql_parser::parser::{AggregateExpr, Expr, LabelModifier, VectorSelector};

use super::interval::Interval;
use super::tree::{Tree, unfiltered};

/// Tells whether what the left side counts is a part of what the right side counts.
pub(super) fn is_part(left: &Tree<'_>, right: &Tree<'_>) -> bool {
    left.shape.values.low >= 0.0 && within(left, right)
}

fn within(left: &Tree<'_>, right: &Tree<'_>) -> bool {
    let (left, right) = (unfiltered(left), unfiltered(right));
    match (left.expr, right.expr) {
        // `errors or vector(0)`.
        (Expr::Binary(binary), _) if binary.op.to_string() == "or" => {
            let [one, otherwise] = left.below.as_slice() else {
                return false;
            };
            otherwise.shape.values == Interval::exactly(0.0) && within(one, right)
        }
        // `clamp_min(requests, 1)` only grows.
        (_, Expr::Call(call)) if call.func.name == "clamp_min" => right
            .below
            .first()
            .is_some_and(|requests| within(left, requests)),
        (Expr::VectorSelector(one), Expr::VectorSelector(other)) => selects_part(one, other),
        (Expr::MatrixSelector(one), Expr::MatrixSelector(other)) => {
            one.range == other.range && selects_part(&one.vs, &other.vs)
        }
        (Expr::Call(one), Expr::Call(other)) => {
            one.func.name == other.func.name
                && super::RATES.contains(&one.func.name)
                && first_within(left, right)
        }
        (Expr::Aggregate(one), Expr::Aggregate(other)) => {
            let (of_one, of_other) = (one.op.to_string(), other.op.to_string());
            let counts = match (of_one.as_str(), of_other.as_str()) {
                ("sum", "sum") | ("count", "count") => true,
                // Of values that are 0 or 1.
                ("sum", "count") => left.below.first().is_some_and(|inner| {
                    inner.shape.values.low >= 0.0 && inner.shape.values.high <= 1.0
                }),
                _ => false,
            };
            counts && is_finer(one, other) && first_within(left, right)
        }
        _ => false,
    }
}

fn first_within(left: &Tree<'_>, right: &Tree<'_>) -> bool {
    match (left.below.first(), right.below.first()) {
        (Some(one), Some(other)) => within(one, other),
        _ => false,
    }
}

fn selects_part(one: &VectorSelector, other: &VectorSelector) -> bool {
    let all = |selector: &VectorSelector| selector.matchers.or_matchers.is_empty();
    one.name == other.name
        && one.offset == other.offset
        && one.at == other.at
        && all(one)
        && all(other)
        && other
            .matchers
            .matchers
            .iter()
            .all(|wanted| one.matchers.matchers.contains(wanted))
}

/// Tells whether the groups of one lie within those of the other.
fn is_finer(one: &AggregateExpr, other: &AggregateExpr) -> bool {
    match (&one.modifier, &other.modifier) {
        (_, None) => true,
        (Some(LabelModifier::Include(one)), Some(LabelModifier::Include(other))) => {
            other.labels.iter().all(|label| one.labels.contains(label))
        }
        (one, other) => one == other,
    }
}
