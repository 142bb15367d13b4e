//! Series with which an alert might fire: values on both sides of the numbers of its expression.

use std::collections::BTreeMap;

use promql_parser::parser::Expr;

use super::sample::sample;
use super::span::{Span, plain};
use crate::duration;
use crate::promql::{self, Pattern, TokenKind, quoted, scan};
use crate::rule::Rule;

/// One try: the series that there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Guess {
    pub(super) series: Vec<Series>,
    /// Seconds from one sample to the next.
    pub(super) step: u64,
}

impl Guess {
    /// No series at all.
    pub(super) fn nothing() -> Self {
        Self {
            series: Vec::new(),
            step: 60,
        }
    }

    /// The time from one sample to the next, as promtool reads it.
    pub(super) fn interval(&self) -> String {
        duration::text(self.step * 1000)
    }
}

/// A series and its values, as promtool writes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Series {
    pub(super) name: String,
    pub(super) values: String,
}

/// How a selector is used: what a value of it must be for the expression to see one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// As it is.
    Value,
    /// By its rise per second.
    Rate,
    /// By its rise over so many seconds.
    Rise(u64),
    /// By how often it changes.
    Changes,
}

/// Returns guesses in rounds, the likely ones first: a round is tried as a whole.
pub(super) fn guesses(rule: &Rule, expr: &Expr, minutes: u64) -> Vec<Vec<Guess>> {
    let slots = slots(rule, expr);
    let values = values(&rule.expr.value);
    let span = Span::new(expr, minutes);
    let guess = |value: &dyn Fn(usize) -> Option<f64>| Guess {
        series: slots
            .iter()
            .enumerate()
            .filter_map(|(at, slot)| Some(slot.series(value(at)?, &span)))
            .flatten()
            .collect(),
        step: span.step,
    };
    let same = values
        .iter()
        .map(|value| guess(&|_| Some(*value)))
        .collect();
    let mut rounds = vec![same];
    // What counts series sees several.
    let several = [2, 3, 6, 12, 25, 60].into_iter().flat_map(|copies| {
        // All one, all zero, and each another value.
        [(1.0, 0.0), (0.0, 0.0), (1.0, 1.0)].map(|(value, step)| Guess {
            series: slots
                .iter()
                .flat_map(|slot| (0..copies).map(move |copy| (slot, copy)))
                .flat_map(|(slot, copy)| {
                    let value = value + step * f64::from(copy);
                    slot.copy(copy).series(value, &span)
                })
                .collect(),
            step: span.step,
        })
    });
    if promql::any(expr, &mut |inner| matches!(inner, Expr::Aggregate(_))) {
        rounds.push(several.collect());
    }
    if slots.len() > 1 {
        for other in [Some(1.0), Some(0.0), Some(100.0), None] {
            let mut round = Vec::new();
            for at in 0..slots.len().min(6) {
                for value in &values {
                    round.push(guess(&|slot| if slot == at { Some(*value) } else { other }));
                }
            }
            rounds.push(round);
        }
    }
    rounds
}

/// A selector that gets series.
struct Slot {
    name: String,
    usage: Use,
    is_bucket: bool,
    labels: BTreeMap<String, String>,
    /// Labels that it asks for itself.
    fixed: Vec<String>,
}

impl Slot {
    /// The same as another of its kind.
    fn copy(&self, number: u32) -> Self {
        let mut labels = self.labels.clone();
        let label = ["instance", "pod", "name"]
            .into_iter()
            .find(|label| !self.fixed.iter().any(|fixed| fixed == label));
        if number > 0
            && let Some(label) = label
        {
            labels.insert(label.to_owned(), format!("x{number}"));
        }
        Self {
            name: self.name.clone(),
            fixed: self.fixed.clone(),
            labels,
            ..*self
        }
    }

    fn series(&self, value: f64, span: &Span) -> Vec<Series> {
        let step = span.step as f64;
        let values = |value: f64| match self.usage {
            Use::Value => span.line(value, 0.0),
            Use::Rate => span.line(0.0, plain(value * step)),
            Use::Rise(range) => span.line(0.0, plain(value * step / range.max(1) as f64)),
            Use::Changes if value > 0.0 => span.changing(),
            Use::Changes => span.line(1.0, 0.0),
        };
        if !self.is_bucket {
            return vec![Series {
                name: self.written(None),
                values: values(value),
            }];
        }
        // All that was observed lies between half and twice the value.
        let bounds = [
            (format!("{}", plain(value / 2.0)), 0.0),
            (format!("{}", plain(value * 2.0)), 10.0),
            ("+Inf".to_owned(), 10.0),
        ];
        let bounds = bounds.into_iter();
        bounds
            .map(|(bound, rate)| Series {
                name: self.written(Some(&bound)),
                values: span.line(0.0, rate * step),
            })
            .collect()
    }

    fn written(&self, bound: Option<&str>) -> String {
        let mut labels = self.labels.clone();
        if let Some(bound) = bound {
            labels.insert("le".to_owned(), bound.to_owned());
        }
        let labels = labels.iter().map(|(name, value)| {
            let name = match is_classic(name, "") {
                true => name.clone(),
                false => quoted(name),
            };
            format!("{name}={}", quoted(value))
        });
        let labels: Vec<String> = labels.collect();
        match is_classic(&self.name, ":") {
            true => format!("{}{{{}}}", self.name, labels.join(",")),
            false => {
                let name = quoted(&self.name);
                format!("{{{}}}", [&[name], &labels[..]].concat().join(","))
            }
        }
    }
}

/// Tells whether a name needs no quotes: before Prometheus 3 there was no other.
fn is_classic(name: &str, more: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || more.contains(c);
    name.chars().all(plain) && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// Each selector once, with the labels that it asks for and those that the expression speaks of.
fn slots(rule: &Rule, expr: &Expr) -> Vec<Slot> {
    let named = spoken_of(rule);
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    for pattern in promql::selectors(expr) {
        for (label, value) in pattern.equalities() {
            known
                .entry(label.to_owned())
                .or_insert_with(|| value.to_owned());
        }
    }
    let mut slots: Vec<Slot> = Vec::new();
    promql::walk(expr, &mut |inner, above| {
        let Some(selector) = promql::selector_of(inner) else {
            return;
        };
        let pattern = Pattern::of(selector);
        let Some(name) = pattern
            .metric()
            .map(str::to_owned)
            .or_else(|| name_by_regex(&pattern))
        else {
            return;
        };
        let mut labels = BTreeMap::new();
        for label in &named {
            let value = known.get(label).cloned().unwrap_or_else(|| "x".to_owned());
            labels.insert(label.clone(), value);
        }
        for matcher in pattern
            .matchers()
            .iter()
            .filter(|one| one.name != "__name__")
        {
            let value = sample(
                &matcher.op.to_string(),
                &matcher.value,
                labels.get(&matcher.name),
            );
            match value.is_empty() {
                true => labels.remove(&matcher.name),
                false => labels.insert(matcher.name.clone(), value),
            };
        }
        labels.remove("le");
        let is_bucket = name.ends_with("_bucket");
        let slot = Slot {
            usage: usage(inner, above),
            is_bucket,
            name,
            labels,
            fixed: pattern
                .matchers()
                .iter()
                .map(|matcher| matcher.name.clone())
                .collect(),
        };
        let same = |one: &Slot| one.name == slot.name && one.labels == slot.labels;
        if !slots.iter().any(same) {
            slots.push(slot);
        }
    });
    slots
}

fn name_by_regex(pattern: &Pattern) -> Option<String> {
    let matcher = pattern.matcher("__name__")?;
    let name = sample(&matcher.op.to_string(), &matcher.value, None);
    (!name.is_empty()).then_some(name)
}

fn usage(inner: &Expr, above: &[&Expr]) -> Use {
    let range = match inner {
        Expr::MatrixSelector(matrix) => matrix.range.as_secs(),
        _ => 0,
    };
    let call = above.iter().rev().find_map(|one| match one {
        Expr::Call(call) => Some(call.func.name),
        _ => None,
    });
    match call {
        Some("rate" | "irate" | "deriv") => Use::Rate,
        Some("increase" | "delta" | "idelta") => Use::Rise(range),
        Some("changes" | "resets") => Use::Changes,
        _ => Use::Value,
    }
}

/// Labels that `by`, `on`, `group_left` and templates speak of: all series of the guess have them.
fn spoken_of(rule: &Rule) -> Vec<String> {
    let text = &rule.expr.value;
    let tokens = scan(text);
    let mut labels = Vec::new();
    let mut add = |label: &str| {
        let label = label.to_owned();
        let is_other = !["", "le", "__name__", "alertname"].contains(&label.as_str());
        if is_other && !labels.contains(&label) {
            labels.push(label);
        }
    };
    let mut at = 0;
    while at < tokens.len() {
        let word = tokens[at].text(text).to_ascii_lowercase();
        let lists = ["by", "on", "group_left", "group_right"].contains(&word.as_str());
        at += 1;
        if !lists || tokens.get(at).is_none_or(|next| next.text(text) != "(") {
            continue;
        }
        while let Some(token) = tokens.get(at).filter(|token| token.text(text) != ")") {
            if token.kind == TokenKind::Word {
                add(token.text(text));
            }
            at += 1;
        }
    }
    for (_, template) in rule.annotations.iter().chain(&rule.labels) {
        for rest in template.value.split("$labels.").skip(1) {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            add(&rest[..end.unwrap_or(rest.len())]);
        }
    }
    labels
}

/// Returns the values to try, from the numbers of the expression.
fn values(text: &str) -> Vec<f64> {
    let mut values: Vec<f64> = Vec::new();
    let mut add = |value: f64| {
        let value = plain(value);
        if value.is_finite() && !values.contains(&value) {
            values.push(value);
        }
    };
    let tokens = scan(text);
    let numbers = tokens
        .iter()
        .filter(|token| token.kind == TokenKind::Number);
    let mut numbers: Vec<f64> = numbers
        .filter_map(|token| token.text(text).parse().ok())
        .collect();
    // Thresholds stand behind; what a quantile takes stands before.
    numbers.reverse();
    for number in &numbers {
        for value in [
            number * 1.5,
            number + 1.0,
            number * 0.5,
            *number,
            number - 1.0,
            number * 3.0,
            -2.0 * number,
        ] {
            add(value);
        }
    }
    let product: f64 = numbers.iter().product();
    add(product * 1.5);
    add(product * -2.0);
    for one in &numbers {
        for two in &numbers {
            add(one * two * 1.5);
            if *two != 0.0 {
                add(one / two * 1.5);
            }
        }
    }
    for value in [1.0, 0.0, 2.0, 100.0, 1e7, 1e12, -1.0, 0.001] {
        add(value);
    }
    values.truncate(48);
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_lie_on_both_sides_of_every_number() {
        let values = values("time() - x > 60 * 60 * 48 or y < 0.5");
        for wanted in [172_800.0 * 0.75, 0.25, 0.75, 49.0] {
            let near = |value: &f64| (value - wanted).abs() < 1e-5;
            assert!(values.iter().any(near), "{wanted}: {values:?}");
        }
    }
}
