//! An expression walked: what is right below, and every part with those above it.

use promql_parser::parser::Expr;

/// Returns the expressions right below this one.
#[must_use]
pub fn children(expr: &Expr) -> Vec<&Expr> {
    match expr {
        Expr::Aggregate(aggregate) => {
            let param = aggregate.param.as_deref();
            param.into_iter().chain([&*aggregate.expr]).collect()
        }
        Expr::Unary(unary) => vec![&unary.expr],
        Expr::Binary(binary) => vec![&binary.lhs, &binary.rhs],
        Expr::Paren(paren) => vec![&paren.expr],
        Expr::Subquery(subquery) => vec![&subquery.expr],
        Expr::Call(call) => call.args.args.iter().map(|arg| &**arg).collect(),
        Expr::NumberLiteral(_)
        | Expr::StringLiteral(_)
        | Expr::VectorSelector(_)
        | Expr::MatrixSelector(_)
        | Expr::Extension(_) => Vec::new(),
    }
}

/// Calls `visit` with every expression and those above it, the outermost first.
pub fn walk<'a>(expr: &'a Expr, visit: &mut dyn FnMut(&'a Expr, &[&'a Expr])) {
    fn go<'a>(
        expr: &'a Expr,
        above: &mut Vec<&'a Expr>,
        visit: &mut dyn FnMut(&'a Expr, &[&'a Expr]),
    ) {
        visit(expr, above);
        above.push(expr);
        for child in children(expr) {
            go(child, above, visit);
        }
        above.pop();
    }
    go(expr, &mut Vec::new(), visit);
}

/// Tells whether `wanted` holds of this expression or of one below it.
pub fn any(expr: &Expr, wanted: &mut dyn FnMut(&Expr) -> bool) -> bool {
    wanted(expr) || children(expr).into_iter().any(|child| any(child, wanted))
}

/// Returns the expression inside of parentheses.
#[must_use]
pub fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Paren(paren) => bare(&paren.expr),
        _ => expr,
    }
}

/// Tells whether this is a call of one of these functions.
#[must_use]
pub fn calls(expr: &Expr, names: &[&str]) -> bool {
    matches!(expr, Expr::Call(call) if names.contains(&call.func.name))
}

/// Tells whether this is a comparison of any kind.
#[must_use]
pub fn compares(expr: &Expr) -> bool {
    matches!(expr, Expr::Binary(binary) if binary.op.is_comparison_operator())
}

/// Functions that take a counter's rise.
pub const RATES: [&str; 3] = ["rate", "irate", "increase"];
