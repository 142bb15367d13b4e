//! `redundant-regex`: a regular expression that is none, or whose anchors are there anyway. It is
//! slower than `=`, and its reader looks for a meaning.

use promql_parser::parser::Expr;

use super::check::{Context, Findings, Severity, View};
use crate::promql::{Tree, is_quoted, words_within};

pub(super) fn run(context: &Context<'_>, findings: &mut Findings) {
    for view in &context.all {
        view.tree.walk(&mut |part, _| {
            if matches!(part.expr, Expr::VectorSelector(_) | Expr::MatrixSelector(_)) {
                look(view, part, findings);
            }
        });
    }
    for configuration in &context.library.configurations {
        let mut routes = vec![&configuration.root];
        while let Some(route) = routes.pop() {
            routes.extend(&route.routes);
            for matcher in &route.matchers {
                let text = matcher.to_string();
                let Some((name, rest)) =
                    text.split_once("=~\"").or_else(|| text.split_once("!~\""))
                else {
                    continue;
                };
                let value = rest.trim_end_matches('"');
                let operator = &text[name.len()..name.len() + 2];
                if let Some((why, hint, _)) = judge(name, operator, value) {
                    findings.of_line(Severity::Warn, &configuration.source, route.line, why, hint);
                }
            }
        }
    }
}

/// What to write instead: another operator or another value.
enum Better {
    Operator(&'static str),
    Value(String),
    Nothing,
}

fn look(view: &View<'_>, part: &Tree<'_>, findings: &mut Findings) {
    let text = &view.rule.expr.value;
    let words: Vec<_> = words_within(&view.tokens, &part.range).collect();
    for window in words.windows(3) {
        let [label, operator, value] = window else {
            continue;
        };
        let sign = operator.text(text);
        if !["=~", "!~"].contains(&sign) || !is_quoted(value) {
            continue;
        }
        let inside = value.range.start + 1..value.range.end.saturating_sub(1);
        let Some((why, hint, better)) = judge(label.text(text), sign, view.text(&inside)) else {
            continue;
        };
        let place = view.rule.position(label.range.start);
        let finding = findings.of_rule(Severity::Warn, view.rule, place, why, hint);
        finding.fix = match better {
            Better::Operator(other) => view.edit(&operator.range, other),
            Better::Value(other) => view.edit(&inside, &other),
            Better::Nothing => Vec::new(),
        };
    }
}

fn judge(label: &str, sign: &str, value: &str) -> Option<(String, String, Better)> {
    let shown = format!("{label}{sign}\"{value}\"");
    let plain = |c: char| c.is_alphanumeric() || "_-/:@ ,%".contains(c);
    if !value.is_empty() && value.chars().all(plain) {
        let other = if sign == "=~" { "=" } else { "!=" };
        let why = format!("{shown} is not a regular expression");
        return Some((
            why,
            format!("write {label}{other}\"{value}\""),
            Better::Operator(other),
        ));
    }
    if value == ".*" && sign == "=~" {
        let why = format!("{shown} is true of every series, also without that label");
        return Some((
            why,
            "take it out, or write `.+` to demand the label".to_owned(),
            Better::Nothing,
        ));
    }
    let bare = value.strip_prefix('^').unwrap_or(value);
    let bare = match bare.strip_suffix('$') {
        Some(front) if !front.ends_with('\\') => front,
        _ => bare,
    };
    if bare != value && !bare.is_empty() && !bare.contains(['^', '$']) {
        let why = format!("{shown}: regular expressions match the whole value anyway");
        let hint = format!("write {label}{sign}\"{bare}\"");
        return Some((why, hint, Better::Value(bare.to_owned())));
    }
    if !value.contains(['(', '[', '\\']) {
        let parts: Vec<&str> = value.split('|').collect();
        let twice = parts
            .iter()
            .enumerate()
            .find(|(at, part)| parts[..*at].contains(part));
        if let Some((_, twice)) = twice {
            let mut once: Vec<&str> = Vec::new();
            parts.iter().for_each(|part| {
                if !once.contains(part) {
                    once.push(part);
                }
            });
            let once = once.join("|");
            let why = format!("{shown} names \"{twice}\" twice");
            return Some((
                why,
                format!("write {label}{sign}\"{once}\""),
                Better::Value(once),
            ));
        }
    }
    None
}
