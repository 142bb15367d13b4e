//! Values of a series over time, as promtool writes them.

use std::collections::BTreeSet;

use promql_parser::parser::{Expr, Offset};

use crate::promql;

/// The times at which a series has samples, counted in steps.
pub(super) struct Span {
    /// Seconds from one to the next.
    pub(super) step: u64,
    last: u64,
    /// Those without one.
    gaps: BTreeSet<u64>,
}

impl Span {
    /// Samples for what an expression looks at after so many minutes, and a little more.
    pub(super) fn new(expr: &Expr, minutes: u64) -> Self {
        let mut ranges = Vec::new();
        promql::walk(expr, &mut |inner, _| {
            if let Expr::MatrixSelector(matrix) = inner {
                let offset = match &matrix.vs.offset {
                    Some(Offset::Pos(offset)) => offset.as_secs(),
                    _ => 0,
                };
                ranges.push((matrix.range.as_secs(), offset));
            }
        });
        // A range of a minute or two has to see several samples.
        let is_short = ranges.iter().any(|(range, _)| *range < 300);
        let step = if is_short { 10 } else { 60 };
        // Prometheus 3 leaves out a sample that lies where a range begins and Prometheus 2 does not:
        // without one, both compute the same.
        let begins = ranges
            .iter()
            .filter_map(|(range, offset)| (minutes * 60).checked_sub(range + offset));
        Self {
            step,
            last: (minutes + 5) * 60 / step,
            gaps: begins
                .filter(|begin| begin % step == 0)
                .map(|begin| begin / step)
                .collect(),
        }
    }

    /// A straight line; one that falls ends at zero.
    pub(super) fn line(&self, from: f64, step: f64) -> String {
        let from = match step < 0.0 {
            true => from - step * self.last as f64,
            false => from,
        };
        let mut texts = Vec::new();
        let mut at = 0;
        while at <= self.last {
            if self.gaps.contains(&at) {
                texts.push("_".to_owned());
                at += 1;
                continue;
            }
            let end = self.gaps.range(at..=self.last).next();
            let more = end.map_or(self.last, |gap| gap - 1) - at;
            let value = plain(from + step * at as f64);
            texts.push(match (more, step) {
                (0, _) => format!("{value}"),
                (_, 0.0) => format!("{value}x{more}"),
                (_, step) if step < 0.0 => format!("{value}{step}x{more}"),
                _ => format!("{value}+{step}x{more}"),
            });
            at += more + 1;
        }
        texts.join(" ")
    }

    /// Zero and one by turns.
    pub(super) fn changing(&self) -> String {
        let texts = (0..=self.last).map(|at| match self.gaps.contains(&at) {
            true => "_".to_owned(),
            false => format!("{}", at % 2),
        });
        texts.collect::<Vec<String>>().join(" ")
    }
}

/// The number without the last digits that computing left behind.
pub(super) fn plain(number: f64) -> f64 {
    format!("{number:.8e}").parse().unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    // promtool 2.42 counts two samples of `0 1 2` in `[1m]` and promtool 3.14 one.
    #[test]
    fn no_sample_lies_where_a_range_begins() {
        let expr = promql::parse("rate(a[5m]) > sum_over_time(b[5m] offset 1m)").expect("PromQL");
        let span = Span {
            last: 8,
            ..Span::new(&expr, 7)
        };
        assert_eq!(span.line(5.0, 0.0), "5 _ _ 5x5");
        assert_eq!(span.line(0.0, 2.0), "0 _ _ 6+2x5");
        assert_eq!(span.line(0.0, -2.0), "16 _ _ 10-2x5");
        assert_eq!(span.changing(), "0 _ _ 1 0 1 0 1 0");
    }

    #[test]
    fn a_short_range_sees_several_samples() {
        let expr = promql::parse("changes(a[1m]) > 3").expect("PromQL");
        let span = Span::new(&expr, 2);
        assert_eq!(
            (span.step, span.line(1.0, 0.0)),
            (10, "1x5 _ 1x35".to_owned())
        );
    }
}
