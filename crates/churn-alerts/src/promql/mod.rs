//! PromQL expressions: parsed, walked, and what is known of their results without data: labels,
//! ranges of values, how many series. The parser gives no places, so the words are found again in
//! the text by a scanner of our own.

mod binary;
mod budget;
mod call;
mod facts;
mod infer;
mod interval;
mod labels;
mod newer;
mod part;
mod pattern;
mod scan;
mod tree;

pub use budget::check_size;
pub use facts::{Evidence, Facts, Kind};
pub use infer::{Presence, Shape};
pub use labels::LabelSet;
pub use newer::Need;
pub use pattern::Pattern;
pub use pattern::quoted;
pub use scan::{Token, TokenKind, scan};
pub use tree::{Tree, is_quoted, words_within};

use promql_parser::parser::{Expr, parse as parse_promql};

/// Parses an expression. Grafana's interval variables are taken for five minutes; what is newer than
/// the parser is read for something older of the same kind.
///
/// # Errors
/// Fails with what the parser says, on one line.
pub fn parse(text: &str) -> Result<Expr, String> {
    read(text).map(|(expr, _)| expr)
}

/// Returns what the expression needs of the server beyond what every Prometheus 3 has.
#[must_use]
pub fn needs(text: &str) -> Vec<Need> {
    // Nearly no expression needs anything, and parsing is most of what lint does.
    if !newer::may_need(text) {
        return Vec::new();
    }
    read(text).map_or_else(|_| Vec::new(), |(_, needs)| needs)
}

fn read(text: &str) -> Result<(Expr, Vec<Need>), String> {
    check_size(text)?;
    let text = text
        .replace("$__rate_interval", "5m")
        .replace("$__interval", "5m");
    let text = newer::with_our_regexes(&text)?;
    let (expr, mut needs) = match parse_promql(&text) {
        Ok(expr) => (expr, Vec::new()),
        Err(said) => {
            let words: Vec<&str> = said.split_whitespace().collect();
            let said = words.join(" ");
            let (text, needs) = newer::rewritten(&text).ok_or_else(|| said.clone())?;
            (parse_promql(&text).map_err(|_| said)?, needs)
        }
    };
    if let Some(name) = newer::FOREIGN
        .iter()
        .find(|name| any(&expr, &mut |inner| calls(inner, &[name])))
    {
        return Err(format!("unknown function with name '{name}'"));
    }
    needs.extend(newer::experimental(&expr, &text));
    Ok((expr, needs))
}

/// Returns the labels that the result may have; the metric's name is none of them.
pub fn labels_of(expr: &Expr) -> LabelSet {
    Tree::of(expr, "", &[], &Facts::default()).shape.labels
}

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
