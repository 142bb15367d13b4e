//! Checks files against their form, and tells what is refused with its place.

use std::sync::Arc;

use churn_base::error::nearest;

use super::super::node::{Node, Source, Style, Value};
use super::super::refusal::Refusal;
use super::shape::{Limit, Shape, Sink, Struct};
use super::{alertmanager, go, rules};

/// Returns what Prometheus refuses in a file of rules.
pub(in super::super) fn rule_file(source: &Arc<Source>, root: &Node) -> Vec<Refusal> {
    check_all(source, root, &rules::FILE)
}

/// Returns what is refused in the `spec` of a PrometheusRule object.
pub(in super::super) fn rule_object(source: &Arc<Source>, spec: &Node) -> Vec<Refusal> {
    check_all(source, spec, &rules::OBJECT)
}

/// Returns what Prometheus refuses in rules without a group.
pub(in super::super) fn rule_list(source: &Arc<Source>, root: &Node) -> Vec<Refusal> {
    let mut sink = Sink {
        source,
        rule: None,
        found: Vec::new(),
    };
    for item in root.items() {
        structure(item, &rules::RULE, &mut sink);
    }
    sink.found
}

/// Returns what Alertmanager refuses in its configuration.
pub(in super::super) fn alertmanager_file(source: &Arc<Source>, root: &Node) -> Vec<Refusal> {
    check_all(source, root, &alertmanager::FILE)
}

fn check_all(source: &Arc<Source>, root: &Node, shape: &'static Struct) -> Vec<Refusal> {
    let mut sink = Sink {
        source,
        rule: None,
        found: Vec::new(),
    };
    structure(root, shape, &mut sink);
    sink.found
}

/// Checks a value behind a key; null leaves what it would set as it is.
fn check(key: &str, node: &Node, shape: &Shape, sink: &mut Sink<'_>) {
    if node.value == Value::Null {
        return;
    }
    let spot = node.spot;
    match (shape, &node.value) {
        (Shape::Any, _) | (Shape::Text | Shape::TextOr(_), Value::Text(_)) => {}
        (Shape::Truth, Value::Text(text)) => {
            if node.truth().is_none() {
                let hint = "write true or false, without quotes";
                sink.refuse(spot, format!("`{key}: {text}` is not true or false"), hint);
            }
        }
        (Shape::Integer | Shape::Count | Shape::Float, Value::Text(text)) => {
            let number = (node.style == Style::Plain)
                .then(|| go::number(text))
                .flatten();
            let fits = number.is_some_and(|number| !matches!(shape, Shape::Count) || number >= 0.0);
            if !fits {
                let hint = "write a number, without quotes";
                sink.refuse(
                    spot,
                    format!("`{key}: {text}` is not a number that may stand here"),
                    hint,
                );
            }
        }
        (Shape::Checked(passes), Value::Text(text)) => {
            if let Err(said) = passes(text) {
                sink.refuse(spot, format!("`{key}`: {said}"), "");
            }
        }
        (Shape::List(inner), Value::Sequence(items)) => {
            for item in items {
                check(key, item, inner, sink);
            }
        }
        (Shape::Map(inner), Value::Mapping(entries)) => {
            for (name, value) in entries {
                check(&name.name, value, inner, sink);
            }
        }
        (Shape::Struct(shape) | Shape::TextOr(shape), Value::Mapping(_)) => {
            structure(node, shape, sink);
        }
        _ => {
            let wanted = match shape {
                Shape::List(_) => "a list",
                Shape::Map(_) | Shape::Struct(_) => "a mapping",
                _ => "a single value",
            };
            sink.refuse(spot, format!("`{key}` is not {wanted}"), "");
        }
    }
}

fn structure(node: &Node, shape: &'static Struct, sink: &mut Sink<'_>) {
    let Value::Mapping(entries) = &node.value else {
        sink.refuse(node.spot, format!("{} is not a mapping", shape.what), "");
        return;
    };
    let outer = sink.rule.clone();
    if std::ptr::eq(shape, &raw const rules::RULE) {
        sink.rule = node.scalar_at("alert").or_else(|| node.scalar_at("record"));
    }
    for (key, value) in entries {
        match shape.keys.iter().find(|(name, _)| *name == key.name) {
            Some((_, inner)) => check(&key.name, value, inner, sink),
            None => {
                let known = shape.keys.iter().map(|(name, _)| *name);
                let hint = match nearest(&key.name, known.clone()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => {
                        let known: Vec<&str> = known.collect();
                        format!("it has {}", known.join(", "))
                    }
                };
                let message = format!("{} has no `{}`", shape.what, key.name);
                sink.refuse(key.spot, message, hint);
            }
        }
    }
    for limit in shape.limits {
        limited(node, shape.what, limit, sink);
    }
    (shape.check)(node, sink);
    sink.rule = outer;
}

fn limited(node: &Node, what: &str, limit: &Limit, sink: &mut Sink<'_>) {
    let is_set = |name: &&&str| {
        let value = node.get(name);
        value.is_some_and(|value| value.scalar().is_none_or(|text| !text.is_empty()))
    };
    let quoted = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        names.join(", ")
    };
    match limit {
        Limit::Needs(names) if !names.iter().any(|name| is_set(&name)) => {
            let message = match names.len() {
                1 => format!("{what} without {}", quoted(names)),
                _ => format!("{what} without any of {}", quoted(names)),
            };
            sink.refuse(node.spot, message, "");
        }
        Limit::AtMostOne(names) => {
            let set: Vec<&str> = names.iter().filter(is_set).copied().collect();
            if set.len() > 1 {
                let message = format!("{what} with more than one of {}", quoted(&set));
                sink.refuse(node.spot, message, "keep one of them");
            }
        }
        Limit::OneOf(name, values) => {
            let Some(value) = node.get(name) else { return };
            let text = value.scalar().unwrap_or_default();
            if !values.contains(&text.as_str()) {
                let message = format!("`{name}: {text}` is none of {}", quoted(values));
                sink.refuse(value.spot, message, "");
            }
        }
        Limit::Needs(_) => {}
    }
}
