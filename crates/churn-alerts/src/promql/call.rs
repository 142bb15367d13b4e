//! What a function makes of its arguments.

use promql_parser::parser::{Call, Expr};

use super::interval::Interval;
use super::pattern::Pattern;
use super::shape::{Presence, Shape};
use super::tree::Tree;
use super::walk::bare;

/// Functions of time with the values that they give.
fn of_clock(name: &str) -> Option<Interval> {
    Some(match name {
        "minute" => Interval::of(0.0, 59.0),
        "hour" => Interval::of(0.0, 23.0),
        "day_of_week" => Interval::of(0.0, 6.0),
        "day_of_month" => Interval::of(1.0, 31.0),
        "day_of_year" => Interval::of(1.0, 366.0),
        "days_in_month" => Interval::of(28.0, 31.0),
        "month" => Interval::of(1.0, 12.0),
        "year" => Interval::of(1970.0, f64::INFINITY),
        _ => return None,
    })
}

/// Derives the result of a call; `first` is what is known of its first argument.
pub(super) fn shape_of(call: &Call, below: &[Tree<'_>], first: Shape) -> Shape {
    let name = call.func.name;
    let number = |at: usize| below.get(at).and_then(|tree| tree.shape.values.value());
    let last = || match below.last() {
        Some(tree) => tree.shape.clone().below(),
        None => first.clone(),
    };
    if let Some(values) = of_clock(name) {
        return match below.is_empty() {
            true => Shape::vector(values, Presence::Always),
            false => Shape {
                values,
                ..first.computed()
            },
        };
    }
    let with = |values: Interval| Shape {
        values,
        ..first.clone().computed()
    };
    let nan = first.values.nan;
    let or_nan = |values: Interval| Interval { nan, ..values };
    match name {
        "time" => Shape::scalar(Interval::of(1e9, f64::INFINITY)),
        "pi" => Shape::scalar(Interval::exactly(std::f64::consts::PI)),
        "scalar" => Shape::scalar(first.values.or_nan()),
        "vector" => Shape::vector(first.values, Presence::Always),
        "absent" | "absent_over_time" => of_absent(call, &first),
        "rate" | "irate" | "increase" | "resets" | "changes" => with(Interval::NOT_NEGATIVE),
        "count_over_time" => with(Interval::of(1.0, f64::INFINITY)),
        "present_over_time" => with(Interval::exactly(1.0)),
        "avg_over_time" | "min_over_time" | "max_over_time" | "last_over_time"
        | "first_over_time" => first,
        "sum_over_time" if first.values.low >= 0.0 => with(or_nan(Interval::NOT_NEGATIVE)),
        "stddev_over_time" | "stdvar_over_time" | "mad_over_time" | "exp" | "sqrt" => {
            with(Interval::NOT_NEGATIVE.or_nan())
        }
        "quantile_over_time" => Shape {
            presence: first.presence,
            ..last().computed()
        },
        "histogram_quantile" => of_quantile(number(0), last()),
        "histogram_count" => with(Interval::NOT_NEGATIVE),
        "histogram_fraction" => Shape {
            values: Interval::SHARE.or_nan(),
            ..last().computed()
        },
        "abs" => with(first.values.absolute()),
        "sgn" => with(or_nan(Interval::of(-1.0, 1.0))),
        "ceil" => with(first.values.rising(f64::ceil)),
        "floor" => with(first.values.rising(f64::floor)),
        "timestamp" => with(Interval::NOT_NEGATIVE),
        "clamp_min" | "clamp_max" | "clamp" => of_clamp(name, &first, number(1), number(2)),
        "sort" | "sort_desc" | "sort_by_label" | "sort_by_label_desc" => first,
        "label_replace" | "label_join" => of_labels(call, first),
        _ => with(Interval::ANY.or_nan()),
    }
}

fn of_absent(call: &Call, inner: &Shape) -> Shape {
    let selector = call.args.args.first();
    let selector = selector.and_then(|arg| super::selector_of(bare(arg)));
    let presence = match inner.presence {
        Presence::Never => Presence::Always,
        Presence::Depends => Presence::Depends,
        Presence::Always => Presence::Never,
    };
    let mut shape = Shape::vector(Interval::exactly(1.0), presence);
    if let Some(selector) = selector {
        let pattern = Pattern::of(selector);
        let once = |label: &str| {
            let same = pattern.matchers().iter();
            same.filter(|one| one.name == label).count() == 1
        };
        for (label, value) in pattern.equalities().filter(|(label, _)| once(label)) {
            shape.labels = shape.labels.with(label);
            shape
                .expected
                .insert(label.to_owned(), Some(value.to_owned()));
        }
    }
    shape.is_filtered = true;
    match presence {
        Presence::Never => shape.empty("what absent() asks for is always there".to_owned()),
        _ => shape,
    }
}

fn of_quantile(quantile: Option<f64>, buckets: Shape) -> Shape {
    let labels = buckets.labels.clone().without("le");
    let shape = buckets.narrowed(|label| label != "le", labels).computed();
    let values = match quantile {
        Some(q) if q > 1.0 => Interval::exactly(f64::INFINITY),
        Some(q) if q < 0.0 => Interval::exactly(f64::NEG_INFINITY),
        _ => Interval::ANY.or_nan(),
    };
    Shape { values, ..shape }
}

fn of_clamp(name: &str, inner: &Shape, one: Option<f64>, two: Option<f64>) -> Shape {
    let (low, high) = match name {
        "clamp_min" => (one, None),
        "clamp_max" => (None, one),
        _ => (one, two),
    };
    let values = inner.values;
    let clamp = |value: f64| {
        let value = low.map_or(value, |low| value.max(low));
        high.map_or(value, |high| value.min(high))
    };
    let shape = inner.clone().computed();
    match (low, high) {
        (Some(low), Some(high)) if low > high => {
            shape.empty(format!("clamp from {low} to {high} is an empty range"))
        }
        _ => Shape {
            values: Interval {
                low: clamp(values.low),
                high: clamp(values.high),
                nan: values.nan,
            },
            ..shape
        },
    }
}

fn of_labels(call: &Call, inner: Shape) -> Shape {
    let Some(Expr::StringLiteral(label)) = call.args.args.get(1).map(|arg| bare(arg)) else {
        return inner;
    };
    let mut shape = inner;
    shape.labels = shape.labels.with(&label.val);
    shape.expected.remove(&label.val);
    shape
}
