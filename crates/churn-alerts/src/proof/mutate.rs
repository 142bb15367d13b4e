//! Alters a rule on purpose: each threshold, comparator, `for` and label matcher in turn. A case
//! that notices nothing of it does not test that part of the rule.

use std::ops::Range;

use serde::Serialize;

use crate::duration;
use crate::promql::{Token, TokenKind, scan};
use crate::rule::Rule;

/// What was altered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MutationKind {
    /// A number that something is compared with.
    Threshold,
    /// `>`, `<`, `==` and their kin.
    Comparator,
    /// `for`.
    For,
    /// A matcher of a label.
    Matcher,
}

impl MutationKind {
    /// Returns the word of reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Threshold => "threshold",
            Self::Comparator => "comparator",
            Self::For => "for",
            Self::Matcher => "matcher",
        }
    }
}

/// A rule with one part altered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutation {
    /// What was altered.
    pub kind: MutationKind,
    /// The line of the part.
    pub line: u64,
    /// What stood there.
    pub from: String,
    /// What stands there now; empty if it was taken out.
    pub to: String,
    /// What that does to the rule.
    pub(super) change: Change,
    /// The case that would notice.
    pub wanted: String,
}

/// What an alteration does to a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// A part of the expression is another.
    Expr {
        /// The bytes of the part in the expression.
        range: Range<usize>,
        /// What stands there now.
        to: String,
    },
    /// `for` is another.
    Wait(String),
}

const MINUTE: u64 = 60_000;
const COMPARATORS: [&str; 6] = ["==", "!=", "<=", ">=", "<", ">"];
/// Between the name and the value of a label.
const MATCHERS: [&str; 4] = ["=", "!=", "=~", "!~"];

/// Returns every alteration of a rule, in the order of its text.
#[must_use]
pub fn mutations(rule: &Rule) -> Vec<Mutation> {
    let text = &rule.expr.value;
    let tokens = scan(text);
    let mut maker = Maker {
        rule,
        found: Vec::new(),
    };
    let mut braces = 0_u32;
    for (at, token) in tokens.iter().enumerate() {
        match token.text(text) {
            "{" if token.kind == TokenKind::Sign => braces += 1,
            "}" if token.kind == TokenKind::Sign => braces = braces.saturating_sub(1),
            sign if token.kind == TokenKind::Sign && braces > 0 && MATCHERS.contains(&sign) => {
                maker.matcher(&tokens, at);
            }
            sign if token.kind == TokenKind::Sign && braces == 0 && COMPARATORS.contains(&sign) => {
                maker.comparison(&tokens, at);
            }
            _ => {}
        }
    }
    maker.wait();
    maker.found
}

struct Maker<'a> {
    rule: &'a Rule,
    found: Vec<Mutation>,
}

impl Maker<'_> {
    fn text(&self, token: &Token) -> &str {
        token.text(&self.rule.expr.value)
    }

    fn replace(&mut self, kind: MutationKind, range: &Range<usize>, to: &str, wanted: String) {
        let text = &self.rule.expr.value;
        let expr = format!("{}{to}{}", &text[..range.start], &text[range.end..]);
        // What Prometheus would refuse proves nothing of the cases.
        if crate::promql::parse(&expr).is_err() {
            return;
        }
        self.found.push(Mutation {
            kind,
            line: self.rule.position(range.start).0,
            from: text[range.clone()].trim_matches([' ', ',']).to_owned(),
            to: to.to_owned(),
            change: Change::Expr {
                range: range.clone(),
                to: to.to_owned(),
            },
            wanted,
        });
    }

    fn comparison(&mut self, tokens: &[Token], at: usize) {
        let sign = self.text(&tokens[at]).to_owned();
        let range = tokens[at].range.clone();
        let reversed = match sign.as_str() {
            ">" => "<",
            "<" => ">",
            ">=" => "<=",
            "<=" => ">=",
            "==" => "!=",
            _ => "==",
        };
        let wanted = "a case that fires by this comparison, and a silent one".to_owned();
        self.replace(MutationKind::Comparator, &range, reversed, wanted);
        let number = threshold_after(tokens, at, &self.rule.expr.value)
            .or_else(|| threshold_before(tokens, at));
        let value = number
            .as_ref()
            .and_then(|number| self.rule.expr.value[number.clone()].parse::<f64>().ok());
        let loosened = match sign.as_str() {
            ">" => Some(">="),
            "<" => Some("<="),
            ">=" => Some(">"),
            "<=" => Some("<"),
            _ => None,
        };
        // Two sides are equal in practice where both are series, or where nothing happened: 0.
        if let Some(loosened) = loosened
            && (number.is_none() || value == Some(0.0))
        {
            let wanted = "a case in which both sides are equal".to_owned();
            self.replace(MutationKind::Comparator, &range, loosened, wanted);
        }
        let (Some(number), Some(value)) = (number, value) else {
            return;
        };
        // `0.3 < x` reads `x > 0.3`.
        let left = number.start < range.start;
        let grows = matches!(
            (sign.as_str(), left),
            (">" | ">=", false) | ("<" | "<=", true)
        );
        for other in neighbours(value, matches!(sign.as_str(), "==" | "!=")) {
            let (low, high) = (value.min(other), value.max(other));
            // Raised, `>` misses what lies between; lowered, it fires there.
            let misses = (other > value) == grows;
            let wanted = match (sign.as_str(), misses) {
                ("==" | "!=", _) => format!("a case in which the value is {value}"),
                (_, true) => format!("a case with a value between {low} and {high} that must fire"),
                (_, false) => {
                    format!("a case with a value between {low} and {high} that must be silent")
                }
            };
            self.replace(MutationKind::Threshold, &number, &other.to_string(), wanted);
        }
    }

    fn matcher(&mut self, tokens: &[Token], at: usize) {
        let (Some(label), Some(value)) = (
            at.checked_sub(1).and_then(|at| tokens.get(at)),
            tokens.get(at + 1),
        ) else {
            return;
        };
        let (name, text) = (self.text(label).to_owned(), self.text(value).to_owned());
        let negated = match self.text(&tokens[at]) {
            "=" => "!=",
            "!=" => "=",
            "=~" => "!~",
            _ => "=~",
        };
        let comma = |at: Option<usize>| {
            let token = at.and_then(|at| tokens.get(at));
            token
                .filter(|token| self.text(token) == ",")
                .map(|token| token.range.clone())
        };
        let (before, after) = (comma(at.checked_sub(2)), comma(Some(at + 2)));
        let range = match (before, after) {
            (_, Some(after)) => label.range.start..after.end,
            (Some(before), None) => before.start..value.range.end,
            (None, None) => label.range.start..value.range.end,
        };
        let wanted = format!("a case with series that differ in `{name}` only and must not count");
        self.replace(MutationKind::Matcher, &range, "", wanted);
        let wanted =
            format!("a case that fires by series with {name} as in {text}, and has no others");
        let whole = label.range.start..value.range.end;
        let altered = format!("{name}{negated}{text}");
        self.replace(MutationKind::Matcher, &whole, &altered, wanted);
    }

    fn wait(&mut self) {
        let Some(wait) = &self.rule.wait else { return };
        let Some(milliseconds) = duration::parse(&wait.value).filter(|time| *time > 0) else {
            return;
        };
        let text = |time: u64| duration::text(time);
        // Cases are evaluated once a minute: in between nothing could be noticed.
        let half = milliseconds / 2;
        let half = if half < MINUTE {
            0
        } else {
            half - half % MINUTE
        };
        for (other, wanted) in [
            (
                half,
                format!(
                    "a silent case {} to {} after the expression became true",
                    text(half),
                    text(milliseconds)
                ),
            ),
            (
                milliseconds * 2,
                format!(
                    "a firing case {} to {} after the expression became true",
                    text(milliseconds),
                    text(milliseconds * 2)
                ),
            ),
        ] {
            self.found.push(Mutation {
                kind: MutationKind::For,
                line: wait.key_line,
                from: wait.value.clone(),
                to: text(other),
                change: Change::Wait(text(other)),
                wanted,
            });
        }
    }
}

/// The number behind a comparator, through `bool`, parentheses and a sign.
fn threshold_after(tokens: &[Token], at: usize, expr: &str) -> Option<Range<usize>> {
    let mut rest = tokens[at + 1..].iter();
    let first = rest.find(|token| !["bool", "(", "-", "+"].contains(&token.text(expr)))?;
    (first.kind == TokenKind::Number).then(|| first.range.clone())
}

/// The number right before a comparator.
fn threshold_before(tokens: &[Token], at: usize) -> Option<Range<usize>> {
    let before = at.checked_sub(1).and_then(|at| tokens.get(at))?;
    (before.kind == TokenKind::Number).then(|| before.range.clone())
}

/// Returns the values that a threshold is altered to: doubled and halved; of a share above one
/// half, the distance to 1 is; beside 0 lie 1 and -1; an equality moves by one.
fn neighbours(value: f64, is_equality: bool) -> Vec<f64> {
    // Without the noise of binary fractions in what people read.
    let tidy = |value: f64| (value * 1e9).round() / 1e9;
    if is_equality {
        vec![value + 1.0]
    } else if value == 0.0 {
        vec![1.0, -1.0]
    } else if value > 0.5 && value < 1.0 {
        vec![
            tidy(1.0 - (1.0 - value) / 2.0),
            tidy(1.0 - (1.0 - value) * 2.0),
        ]
    } else {
        vec![tidy(value * 2.0), tidy(value / 2.0)]
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::library::Library;
    use crate::node::Source;

    fn of(expr: &str, wait: &str) -> Vec<(MutationKind, String, String)> {
        let text = format!("- alert: A\n  expr: {expr}\n{wait}");
        let source = Source {
            name: "x".into(),
            text,
        };
        let library = Library::of_sources(vec![Arc::new(source)]).expect("readable");
        let mutations = mutations(&library.rules[0]);
        let parts = mutations.into_iter().map(|one| {
            let expr = match one.change {
                Change::Expr { range, to } => {
                    format!("{}{to}{}", &expr[..range.start], &expr[range.end..])
                }
                Change::Wait(_) => expr.to_owned(),
            };
            (one.kind, one.from, expr)
        });
        parts.collect()
    }

    #[test]
    fn every_threshold_comparator_wait_and_matcher_is_altered() {
        use MutationKind::{Comparator, For, Matcher, Threshold};
        let found = of("sum(rate(x{a=\"b\",c!~'d'}[5m])) > 0.05", "  for: 10m\n");
        let kinds: Vec<MutationKind> = found.iter().map(|(kind, _, _)| *kind).collect();
        assert_eq!(
            kinds,
            [
                Matcher, Matcher, Matcher, Matcher, Comparator, Threshold, Threshold, For, For
            ]
        );
        let exprs: Vec<&str> = found.iter().map(|(_, _, expr)| expr.as_str()).collect();
        assert_eq!(
            exprs[..7],
            [
                "sum(rate(x{c!~'d'}[5m])) > 0.05",
                "sum(rate(x{a!=\"b\",c!~'d'}[5m])) > 0.05",
                "sum(rate(x{a=\"b\"}[5m])) > 0.05",
                "sum(rate(x{a=\"b\",c=~'d'}[5m])) > 0.05",
                "sum(rate(x{a=\"b\",c!~'d'}[5m])) < 0.05",
                "sum(rate(x{a=\"b\",c!~'d'}[5m])) > 0.1",
                "sum(rate(x{a=\"b\",c!~'d'}[5m])) > 0.025",
            ]
        );
    }

    #[test]
    fn thresholds_move_to_where_a_case_can_tell() {
        for (value, equality, wanted) in [
            (0.9, false, vec![0.95, 0.8]),
            (0.0, false, vec![1.0, -1.0]),
            (3.0, false, vec![6.0, 1.5]),
            (1.0, true, vec![2.0]),
            (93_600.0, false, vec![187_200.0, 46_800.0]),
        ] {
            assert_eq!(neighbours(value, equality), wanted, "{value}");
        }
        let found = of("a > (14.4 * 0.001) and 2 < b", "");
        let numbers: Vec<&str> = found
            .iter()
            .filter(|(kind, _, _)| *kind == MutationKind::Threshold)
            .map(|(_, from, _)| from.as_str())
            .collect();
        assert_eq!(numbers, ["14.4", "14.4", "2", "2"]);
        // Boundaries only where equality happens: series against series, and 0.
        let comparators = |expr: &str| {
            let found = of(expr, "");
            let kinds = found
                .iter()
                .filter(|(kind, _, _)| *kind == MutationKind::Comparator);
            kinds.count()
        };
        assert_eq!(comparators("a > b"), 2);
        assert_eq!(comparators("a > 0"), 2);
        assert_eq!(comparators("a > 5"), 1);
    }
}
