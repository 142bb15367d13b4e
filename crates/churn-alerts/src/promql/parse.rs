//! An expression parsed, with what is newer than the parser read for something older of the same kind.

use promql_parser::parser::{Expr, parse as parse_promql};

use super::budget::check_size;
use super::limits;
use super::newer::{self, Need};
use super::walk::{any, calls};

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
    limits::check(&text)?;
    let text = limits::for_the_parser(&newer::with_our_regexes(&text)?);
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
