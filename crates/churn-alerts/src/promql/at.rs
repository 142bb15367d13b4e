//! `@ start()` and `@ end()`: of a rule both are the time of its evaluation.

use promql_parser::parser::{AtModifier, Expr};

use super::newer::applied;
use super::parse::parse;
use super::scan::scan;
use super::walk::walk;

/// Returns an expression that means over a range of time what it means to a rule, which is evaluated at one time after
/// the other: there `@ end()` is the end of the whole range. Within a subquery, whose steps have times of their own, it
/// stays as it is.
#[must_use]
pub fn as_of_evaluation(text: &str) -> String {
    let Ok(expr) = parse(text) else {
        return text.to_owned();
    };
    let is_bound =
        |at: Option<&AtModifier>| matches!(at, Some(AtModifier::Start | AtModifier::End));
    let (mut found, mut within_subquery) = (false, false);
    walk(&expr, &mut |inner, above| {
        let at = match inner {
            Expr::VectorSelector(selector) => selector.at.as_ref(),
            Expr::MatrixSelector(matrix) => matrix.vs.at.as_ref(),
            Expr::Subquery(subquery) => subquery.at.as_ref(),
            _ => None,
        };
        if is_bound(at) {
            found = true;
            within_subquery |= above.iter().any(|outer| matches!(outer, Expr::Subquery(_)));
        }
    });
    if !found || within_subquery {
        return text.to_owned();
    }
    let tokens = scan(text);
    let word = |at: usize| tokens.get(at).map_or("", |token| token.text(text));
    let edits = (0..tokens.len()).filter(|&at| {
        word(at) == "@"
            && ["start", "end"].contains(&word(at + 1))
            && (word(at + 2), word(at + 3)) == ("(", ")")
    });
    let edits = edits.map(|at| {
        (
            tokens[at].range.start..tokens[at + 3].range.end,
            String::new(),
        )
    });
    applied(text, edits.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_a_range_are_the_evaluation() {
        for (text, wanted) in [
            ("x @ end() > 1", "x  > 1"),
            (
                "max_over_time(x[5m:1m] @ end()) > 9",
                "max_over_time(x[5m:1m] ) > 9",
            ),
            (
                "rate(x[5m] @ start ( ) offset 1m)",
                "rate(x[5m]  offset 1m)",
            ),
            ("x{a=\"@ end()\"} @ 5", "x{a=\"@ end()\"} @ 5"),
            (
                "max_over_time((x @ end())[5m:1m])",
                "max_over_time((x @ end())[5m:1m])",
            ),
        ] {
            assert_eq!(as_of_evaluation(text), wanted);
        }
    }
}
