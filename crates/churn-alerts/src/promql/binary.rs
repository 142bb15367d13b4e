//! What a binary operator makes of two results: which series match, which values are left, and
//! comparisons that always or never hold.

use promql_parser::label::Labels;
use promql_parser::parser::{BinaryExpr, LabelModifier, VectorMatchCardinality};

use super::interval::{Interval, Truth};
use super::labels::LabelSet;
use super::part::is_part;
use super::shape::{Presence, Shape};
use super::tree::{Tree, unfiltered};

pub(super) fn shape_of(binary: &BinaryExpr, left: &Tree<'_>, right: &Tree<'_>) -> Shape {
    let operator = binary.op.to_string();
    let matched = match_of(binary, &left.shape, &right.shape);
    let shape = match operator.as_str() {
        "and" | "or" | "unless" => of_set(&operator, binary, left, right),
        _ if binary.op.is_comparison_operator() => {
            of_comparison(&operator, binary, left, right, matched.clone())
        }
        _ => {
            let values = match operator == "/" && is_part(left, right) {
                true => Interval::SHARE.or_nan(),
                false => left.shape.values.arithmetic(&operator, right.shape.values),
            };
            Shape {
                values,
                kind: None,
                ..matched.clone()
            }
        }
    };
    let either_never = [left, right]
        .iter()
        .any(|side| side.shape.presence == Presence::Never);
    if either_never && !["or", "unless"].contains(&operator.as_str()) {
        return Shape {
            presence: Presence::Never,
            why: None,
            ..shape
        };
    }
    if operator != "or"
        && !left.shape.is_scalar
        && !right.shape.is_scalar
        && !fills(binary)
        && let Some(why) = mismatch(binary, &left.shape, &right.shape)
    {
        return match operator.as_str() {
            "unless" => Shape {
                why: Some(format!("{why}, so that nothing is taken away")),
                ..shape
            },
            _ => shape.empty(format!("{why}, so that no series match")),
        };
    }
    shape
}

fn fills(binary: &BinaryExpr) -> bool {
    let modifier = binary.modifier.as_ref();
    modifier.is_some_and(|modifier| {
        modifier.fill_values.lhs.is_some() || modifier.fill_values.rhs.is_some()
    })
}

fn matching(binary: &BinaryExpr) -> Option<&LabelModifier> {
    let modifier = binary.modifier.as_ref();
    modifier.and_then(|modifier| modifier.matching.as_ref())
}

/// Returns labels, presence and conditions of a result of two matched sides; the values are those
/// of the side that gives the series.
fn match_of(binary: &BinaryExpr, left: &Shape, right: &Shape) -> Shape {
    let both = |one: Presence, other: Presence| match (one, other) {
        (Presence::Always, Presence::Always) => Presence::Always,
        (Presence::Never, _) | (_, Presence::Never) => Presence::Never,
        _ => Presence::Depends,
    };
    let filtered = left.is_filtered || right.is_filtered;
    let of = |side: &Shape, presence: Presence| Shape {
        presence,
        is_filtered: filtered,
        why: None,
        ..side.clone()
    };
    match (left.is_scalar, right.is_scalar) {
        (_, true) => return of(left, left.presence),
        (true, false) => return of(right, right.presence),
        (false, false) => {}
    }
    let mut presence = both(left.presence, right.presence);
    // Two sides that are always there match for sure only where neither has labels.
    let none = LabelSet::none();
    if presence == Presence::Always && (left.labels != none || right.labels != none) {
        presence = Presence::Depends;
    }
    let kept = of(left, presence);
    let Some(modifier) = &binary.modifier else {
        return kept;
    };
    let include = |many: &Shape, one: &Shape, labels: &Labels| {
        let mut shape = of(many, presence);
        for label in &labels.labels {
            shape.labels = shape.labels.with(label);
            match one.expected.get(label) {
                Some(value) => shape.expected.insert(label.clone(), value.clone()),
                None => shape.expected.remove(label),
            };
        }
        shape
    };
    match (&modifier.card, &modifier.matching) {
        (VectorMatchCardinality::ManyToOne(labels), _) => include(left, right, labels),
        (VectorMatchCardinality::OneToMany(labels), _) => include(right, left, labels),
        (_, Some(LabelModifier::Include(labels))) => {
            let labels_kept = kept.labels.clone().keep(&labels.labels);
            kept.narrowed(
                |label| labels.labels.iter().any(|l| l == label),
                labels_kept,
            )
        }
        (_, Some(LabelModifier::Exclude(labels))) => {
            let labels_kept = kept.labels.clone().drop(&labels.labels);
            kept.narrowed(|_| true, labels_kept)
        }
        (_, None) => kept,
    }
}

/// Says why no series of the two sides have the same labels; none if some may.
fn mismatch(binary: &BinaryExpr, left: &Shape, right: &Shape) -> Option<String> {
    let compared = |label: &str| match matching(binary) {
        None => true,
        Some(LabelModifier::Include(labels)) => labels.labels.iter().any(|one| one == label),
        Some(LabelModifier::Exclude(labels)) => !labels.labels.iter().any(|one| one == label),
    };
    for (one, other, words) in [
        (left, right, ["left", "right"]),
        (right, left, ["right", "left"]),
    ] {
        let [here, there] = words;
        for (label, value) in one.expected.iter().filter(|(label, _)| compared(label)) {
            if !other.labels.may_have(label) {
                return Some(format!(
                    "series on the {here} have the label `{label}` and those on the {there} do not"
                ));
            }
            if let (Some(value), Some(Some(theirs))) = (value, other.expected.get(label))
                && value != theirs
            {
                return Some(format!(
                    "`{label}` is \"{value}\" on the {here} and \"{theirs}\" on the {there}"
                ));
            }
        }
    }
    None
}

fn of_set(operator: &str, binary: &BinaryExpr, left: &Tree<'_>, right: &Tree<'_>) -> Shape {
    let (one, other) = (&left.shape, &right.shape);
    let own = Shape {
        why: None,
        is_filtered: true,
        ..one.clone()
    };
    // Without `on`, each series meets itself.
    let same = matching(binary).is_none();
    match operator {
        "or" => one.clone().or(other.clone()),
        "unless" if same && left.bare().expr == right.bare().expr => {
            own.empty("everything is taken away from itself".to_owned())
        }
        "unless" => own,
        _ => {
            let presence = match (one.presence, other.presence) {
                (Presence::Always, Presence::Always)
                    if one.labels == LabelSet::none() && other.labels == LabelSet::none() =>
                {
                    Presence::Always
                }
                _ => Presence::Depends,
            };
            let own = Shape { presence, ..own };
            let apart = one.values.meet(other.values).is_none();
            match same && apart && unfiltered(left).expr == unfiltered(right).expr {
                true => own.empty("no value satisfies both conditions".to_owned()),
                false => own,
            }
        }
    }
}

fn flipped(operator: &str) -> &str {
    match operator {
        ">" => "<",
        ">=" => "<=",
        "<" => ">",
        "<=" => ">=",
        _ => operator,
    }
}

fn of_comparison(
    operator: &str,
    binary: &BinaryExpr,
    left: &Tree<'_>,
    right: &Tree<'_>,
    matched: Shape,
) -> Shape {
    let (one, other) = (left.shape.values, right.shape.values);
    let same = matching(binary).is_none() && left.bare().expr == right.bare().expr;
    let truth = match operator {
        ">" | "<" if same => Truth::Never,
        ">=" | "<=" if same && !one.nan => Truth::Always,
        _ => one.compare(operator, other),
    };
    let of_number = left.shape.is_scalar && !right.shape.is_scalar;
    let (subject, condition, limit) = match of_number {
        true => (other, flipped(operator), one),
        false => (one, operator, other),
    };
    if binary.return_bool() || left.shape.is_scalar && right.shape.is_scalar {
        let values = match truth {
            Truth::Always => Interval::exactly(1.0),
            Truth::Never => Interval::exactly(0.0),
            Truth::Sometimes => Interval::SHARE,
        };
        return Shape {
            values,
            kind: None,
            ..matched
        };
    }
    let kept = Shape {
        values: subject.kept(condition, limit),
        ..matched
    };
    let said = || match same {
        true => "the two sides are the same".to_owned(),
        false => format!(
            "{} is compared {condition} {}",
            range(subject),
            range(limit)
        ),
    };
    match truth {
        Truth::Never => Shape {
            is_filtered: true,
            ..kept
        }
        .empty(format!("the condition never holds: {}", said())),
        // `count(...) > 0` and `some_info == 1` ask whether there are such series.
        Truth::Always if is_existence(subject, condition, limit) => Shape {
            is_filtered: true,
            ..kept
        },
        // A condition that always holds is none.
        Truth::Always => Shape {
            why: Some(format!("the condition always holds: {}", said())),
            ..kept
        },
        Truth::Sometimes => Shape {
            is_filtered: true,
            presence: match kept.presence {
                Presence::Always => Presence::Depends,
                other => other,
            },
            ..kept
        },
    }
}

/// Tells whether a condition that always holds is the usual way to ask for the existence of what is
/// counted, or is always 1.
fn is_existence(subject: Interval, condition: &str, limit: Interval) -> bool {
    let counts = subject.low == 1.0;
    let limit = limit.value();
    counts
        && match condition {
            ">" | "!=" => limit == Some(0.0),
            ">=" | "==" => limit == Some(1.0),
            _ => false,
        }
}

/// Describes the values of a side.
fn range(values: Interval) -> String {
    let (low, high) = (values.low, values.high);
    if low.is_infinite() && low == high {
        return if low > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    match (low.is_finite(), high.is_finite()) {
        _ if low == high => format!("{low}"),
        (true, true) => format!("a value from {low} to {high}"),
        (true, false) => format!("a value of at least {low}"),
        (false, true) => format!("a value of at most {high}"),
        (false, false) => "any value".to_owned(),
    }
}
