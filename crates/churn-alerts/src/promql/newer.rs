//! What the newest Prometheus takes and our parser does not know yet, or what needs a feature flag
//! there: named, and written so that the parser can go on.

use std::ops::Range;

use promql_parser::parser::Expr;

use super::super::duration;
use super::super::go_regex;
use super::quoting::{quoted, unquoted as unescaped};
use super::scan::{Token, TokenKind, scan};
use super::walk::walk;

/// Something that an expression needs of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// What is used.
    pub what: String,
    /// How the server comes to know it.
    pub by: &'static str,
}

const FUNCTIONS: &str = "--enable-feature=promql-experimental-functions";
const RANGES: &str = "--enable-feature=promql-extended-range-selectors";
const FILL: &str = "--enable-feature=promql-binop-fill-modifiers";
const DURATIONS: &str = "Prometheus 3.8, or before that --enable-feature=promql-duration-expr";
const UNDERSCORES: &str = "Prometheus 2.54";
const TRIM: &str = "Prometheus 3.10";

/// Functions and aggregations that are experimental in Prometheus 3.14.
const EXPERIMENTAL: [&str; 18] = [
    "double_exponential_smoothing",
    "end",
    "histogram_quantiles",
    "info",
    "limit_ratio",
    "limitk",
    "mad_over_time",
    "max_of",
    "min_of",
    "range",
    "sort_by_label",
    "sort_by_label_desc",
    "start",
    "start_timestamp",
    "step",
    "ts_of_max_over_time",
    "ts_of_min_over_time",
    "ts_of_last_over_time",
];

/// What other servers than Prometheus have, and our parser knows.
pub(super) const FOREIGN: [&str; 3] = ["xdelta", "xincrease", "xrate"];

/// Returns what the functions and modifiers of an expression need that the parser knows.
pub(super) fn experimental(expr: &Expr, text: &str) -> Vec<Need> {
    let mut needs: Vec<Need> = Vec::new();
    // No function has such a name.
    let tokens = match text.contains("fill") {
        true => scan(text),
        false => Vec::new(),
    };
    for pair in tokens.windows(2) {
        let word = pair[0].text(text);
        if ["fill", "fill_left", "fill_right"].contains(&word) && pair[1].text(text) == "(" {
            needs.push(Need {
                what: format!("`{word}`"),
                by: FILL,
            });
        }
    }
    walk(expr, &mut |inner, _| {
        let name = match inner {
            Expr::Call(call) => call.func.name.to_owned(),
            Expr::Aggregate(aggregate) => aggregate.op.to_string(),
            _ => return,
        };
        if EXPERIMENTAL.contains(&name.as_str()) || name == "ts_of_first_over_time" {
            let need = Need {
                what: format!("`{name}`"),
                by: FUNCTIONS,
            };
            if !needs.contains(&need) {
                needs.push(need);
            }
        }
    });
    needs
}

/// Tells whether an expression could need anything, by its words alone.
pub(super) fn may_need(text: &str) -> bool {
    let words = [
        "fill",
        "anchored",
        "smoothed",
        "</",
        ">/",
        "ts_of_first_over_time",
    ];
    let mut named = EXPERIMENTAL.iter().chain(&words);
    named.any(|word| text.contains(word)) || rewritten(text).is_some()
}

/// Replaces the regular expressions of matchers by those that mean the same to the parser.
///
/// # Errors
/// Fails with what Go would refuse.
pub(super) fn with_our_regexes(text: &str) -> Result<String, String> {
    if !text.contains("=~") && !text.contains("!~") {
        return Ok(text.to_owned());
    }
    let tokens = scan(text);
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    for pair in tokens.windows(2) {
        let is_regex =
            pair[0].kind == TokenKind::Sign && ["=~", "!~"].contains(&pair[0].text(text));
        if !is_regex || pair[1].kind != TokenKind::Text {
            continue;
        }
        // What is not a text is for the parser to refuse.
        let Some(pattern) = unquoted(pair[1].text(text)) else {
            continue;
        };
        let ours = go_regex::translate(&pattern)?;
        if ours != pattern {
            edits.push((pair[1].range.clone(), quoted(&ours)));
        }
    }
    Ok(applied(text, edits))
}

/// Returns what a text in quotes says.
fn unquoted(literal: &str) -> Option<String> {
    let inner = literal.get(1..literal.len().checked_sub(1)?)?;
    match literal.chars().next()? {
        '`' => Some(inner.to_owned()),
        '"' => unescaped(literal).map(|(text, _)| text),
        '\'' => {
            let doubled = inner.replace("\\'", "'").replace('"', "\\\"");
            unescaped(&format!("\"{doubled}\"")).map(|(text, _)| text)
        }
        _ => None,
    }
}

/// Writes an expression so that the parser knows it, and says what it needs; none if nothing of it
/// is newer than the parser.
pub(super) fn rewritten(text: &str) -> Option<(String, Vec<Need>)> {
    let mut rewriter = Rewriter {
        text,
        tokens: scan(text),
        edits: Vec::new(),
        needs: Vec::new(),
    };
    rewriter.run();
    match rewriter.needs.is_empty() {
        true => None,
        false => Some((applied(text, rewriter.edits), rewriter.needs)),
    }
}

struct Rewriter<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    edits: Vec<(Range<usize>, String)>,
    needs: Vec<Need>,
}

impl Rewriter<'_> {
    fn word(&self, at: usize) -> &str {
        self.tokens
            .get(at)
            .map_or("", |token| token.text(self.text))
    }

    fn replace(&mut self, range: Range<usize>, to: &str, what: &str, by: &'static str) {
        self.edits.push((range, to.to_owned()));
        self.needs.push(Need {
            what: what.to_owned(),
            by,
        });
    }

    /// The token that closes what is opened at this one.
    fn closing(&self, open: usize, pair: [&str; 2]) -> Option<usize> {
        let mut depth = 0_usize;
        for at in open..self.tokens.len() {
            let word = self.word(at);
            if word == pair[0] {
                depth += 1;
            } else if word == pair[1] {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
        }
        None
    }

    fn run(&mut self) {
        let mut at = 0;
        while at < self.tokens.len() {
            let word = self.word(at).to_owned();
            let range = self.tokens[at].range.clone();
            let before = at.checked_sub(1).map(|at| self.word(at).to_owned());
            let ends_selector = before.is_some_and(|word| {
                word.ends_with([']', '}', ')'])
                    || word.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
            });
            match word.as_str() {
                _ if self.tokens[at].kind == TokenKind::Number && word.contains('_') => {
                    if let Some(plain) = without_underscores(&word) {
                        self.replace(range, &plain, "`_` in a number", UNDERSCORES);
                    }
                }
                "[" => {
                    if let Some(close) = self.closing(at, ["[", "]"]) {
                        self.range(range.end..self.tokens[close].range.start);
                        at = close;
                    }
                }
                "anchored" | "smoothed" if ends_selector && self.word(at + 1) != "{" => {
                    self.replace(range, "", &format!("`{word}`"), RANGES);
                }
                "offset" => {
                    let sign = usize::from(["-", "+"].contains(&self.word(at + 1)));
                    if let Some(end) = self.duration_expression(at + 1 + sign) {
                        let range = self.tokens[at + 1].range.start..self.tokens[end].range.end;
                        self.replace(range, "5m", "a duration that is computed", DURATIONS);
                        at = end;
                    }
                }
                "fill" | "fill_left" | "fill_right" if self.word(at + 1) == "(" => {
                    if let Some(close) = self.closing(at + 1, ["(", ")"]) {
                        let range = range.start..self.tokens[close].range.end;
                        self.replace(range, "", &format!("`{word}`"), FILL);
                        at = close;
                    }
                }
                "<" | ">" if self.text[range.end..].starts_with('/') => {
                    let what = format!("`{word}/`");
                    let what = if word == "<" { "`</`" } else { what.as_str() };
                    self.replace(range.start..range.end + 1, &word, what, TRIM);
                    at += 1;
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// What stands between the brackets of a range or a subquery.
    fn range(&mut self, inner: Range<usize>) {
        let text = &self.text[inner.clone()];
        let (mut depth, mut begin) = (0_i32, 0);
        let mut parts = Vec::new();
        for (at, character) in text.char_indices() {
            match character {
                '(' => depth += 1,
                ')' => depth -= 1,
                ':' if depth == 0 => {
                    parts.push(begin..at);
                    begin = at + 1;
                }
                _ => {}
            }
        }
        parts.push(begin..text.len());
        let text = text.to_owned();
        for part in parts {
            let word = text[part.clone()].trim();
            let plain = word.is_empty() || duration::parse(word).is_some();
            if !plain && is_computed(word) {
                let range = inner.start + part.start..inner.start + part.end;
                self.replace(range, "5m", "a duration that is computed", DURATIONS);
            }
        }
    }

    /// The last token of `(5m * 2)`, `step()`, `max_of(1m, 2m)` that begins here.
    fn duration_expression(&self, at: usize) -> Option<usize> {
        let open = match self.word(at) {
            "(" => at,
            "step" | "range" | "max_of" | "min_of" if self.word(at + 1) == "(" => at + 1,
            _ => return None,
        };
        let close = self.closing(open, ["(", ")"])?;
        let inner = self.tokens[at].range.start..self.tokens[close].range.end;
        is_computed(&self.text[inner]).then_some(close)
    }
}

/// Returns a number without its underscores, each of which stands before a digit.
fn without_underscores(word: &str) -> Option<String> {
    let is_digit = |c: char| c.is_ascii_hexdigit() && !"eE".contains(c);
    let mut parts = word.split('_').peekable();
    let mut well_placed = true;
    while let (Some(part), Some(next)) = (parts.next(), parts.peek()) {
        // `1._5` is refused, too.
        well_placed &=
            next.starts_with(is_digit) && part.ends_with(|c| is_digit(c) || "xX".contains(c));
    }
    let plain = word.replace('_', "");
    let hex = plain
        .strip_prefix("0x")
        .or_else(|| plain.strip_prefix("0X"));
    let is_number = match hex {
        Some(hex) => u64::from_str_radix(hex, 16).is_ok(),
        None => plain.parse::<f64>().is_ok(),
    };
    (well_placed && is_number).then_some(plain)
}

/// Tells whether this is arithmetic of durations, as far as its words tell.
fn is_computed(text: &str) -> bool {
    let tokens = scan(text);
    let mut operand = false;
    for token in &tokens {
        let word = token.text(text);
        match token.kind {
            TokenKind::Duration | TokenKind::Number if operand => return false,
            TokenKind::Number if word.replace('_', "").parse::<f64>().is_err() => return false,
            TokenKind::Duration | TokenKind::Number => operand = true,
            TokenKind::Word if ["step", "range", "max_of", "min_of"].contains(&word) => {}
            TokenKind::Sign if ["+", "-", "*", "/", "%", "^", ","].contains(&word) => {
                operand = false;
            }
            TokenKind::Sign if ["(", ")"].contains(&word) => operand = word == ")",
            _ => return false,
        }
    }
    operand
}

pub(super) fn applied(text: &str, mut edits: Vec<(Range<usize>, String)>) -> String {
    edits.sort_by_key(|(range, _)| range.start);
    let (mut made, mut at) = (String::new(), 0);
    for (range, to) in edits {
        made.push_str(text.get(at..range.start).unwrap_or_default());
        made.push_str(&to);
        at = range.end;
    }
    made.push_str(text.get(at..).unwrap_or_default());
    made
}

#[cfg(test)]
mod tests {
    use super::super::{needs, parse};

    #[test]
    fn what_is_newer_than_the_parser_is_read_and_named() {
        // promtool 3.14 check rules takes each, with the flags named.
        for (text, wanted) in [
            ("rate(x[5m * 2]) > 1", "a duration that is computed"),
            ("rate(x[step() + 1m]) > 1", "a duration that is computed"),
            ("x offset (1h - 5m) > 1", "a duration that is computed"),
            (
                "max_over_time(rate(x[5m])[1h * 2:1m]) > 1",
                "a duration that is computed",
            ),
            ("rate(x[5m] anchored) > 1", "`anchored`"),
            ("rate(x[5m] smoothed) > 1", "`smoothed`"),
            ("x smoothed > 1", "`smoothed`"),
            ("x > 1_000.5e1_0", "`_` in a number"),
            ("x > 0x1_F", "`_` in a number"),
            ("x </ 5", "`</`"),
            ("x >/ 5", "`>/`"),
            ("rate(x[5m]) + fill(0) rate(y[5m]) > 1", "`fill`"),
            (
                "rate(x[5m]) + on (a) fill_left(0) rate(y[5m]) > 1",
                "`fill_left`",
            ),
            ("limitk(5, x) > 1", "`limitk`"),
            ("mad_over_time(x[10m]) > 1", "`mad_over_time`"),
        ] {
            assert!(parse(text).is_ok(), "{text}: {:?}", parse(text));
            let needs = needs(text);
            assert!(
                needs.iter().any(|need| need.what == wanted),
                "{text}: {needs:?}"
            );
        }
        for text in ["rate(x[5m]) > 1", "sum by (fill) (x)", "x{a=~\"b{1,2}\"}"] {
            assert!(parse(text).is_ok(), "{text}");
            assert!(needs(text).is_empty(), "{text}");
        }
        for text in [
            "rate(x[5m 2])",
            "rate(x[a * 2])",
            "x > 1__0",
            "x > 1_",
            "x anchored anchored(",
            "xrate(x[5m])",
            "x{a=~\"(?=b)\"}",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn regular_expressions_of_go_are_read() {
        for text in [
            "x{uri=~\"/v[1-9]/.*/{gid}/{uid}\"}",
            "x{path!~\"/api/{id}|/x\\\\d{1,3}\"}",
            "x{a=~'\\\\Qa.b\\\\E.*'}",
            "x{a=~`\\d+{b}`}",
            "x{a=~\"[[:alpha:]]+\\\\pL\"}",
        ] {
            assert!(parse(text).is_ok(), "{text}: {:?}", parse(text));
        }
    }
}
