//! What an expression selects and calls.

use promql_parser::parser::Expr;

use super::pattern::Pattern;
use super::walk::walk;

/// Returns the selector of an expression that is one, of an instant or of a range.
#[must_use]
pub fn selector_of(expr: &Expr) -> Option<&promql_parser::parser::VectorSelector> {
    match expr {
        Expr::VectorSelector(selector) => Some(selector),
        Expr::MatrixSelector(matrix) => Some(&matrix.vs),
        _ => None,
    }
}

/// Returns what the expression selects, in the order of the text, each once.
#[must_use]
pub fn selectors(expr: &Expr) -> Vec<Pattern> {
    let mut found: Vec<Pattern> = Vec::new();
    walk(expr, &mut |inner, _| {
        if let Some(selector) = selector_of(inner) {
            let pattern = Pattern::of(selector);
            if !found.contains(&pattern) {
                found.push(pattern);
            }
        }
    });
    found
}

/// Returns the names of the metrics of an expression, in the order of the text, each once.
#[must_use]
pub fn metrics(expr: &Expr) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in selectors(expr).iter().filter_map(Pattern::metric) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}
