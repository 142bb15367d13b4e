//! The form of rule files, and of the `spec` of PrometheusRule objects.

use std::collections::BTreeSet;

use super::super::node::{Node, Value};
use super::super::refusal::RefusalKind;
use super::go::{is_classic_label, is_classic_metric, prometheus_duration};
use super::shape::{Limit, Shape, Sink, Struct};
use super::template::{self, PROMETHEUS};

pub(super) static FILE: Struct = Struct {
    what: "a file of rules",
    keys: &[("groups", Shape::List(&Shape::Struct(&GROUP)))],
    limits: &[],
    check: groups,
};

pub(super) static OBJECT: Struct = Struct {
    what: "the `spec` of a PrometheusRule",
    keys: &[("groups", Shape::List(&Shape::Struct(&OBJECT_GROUP)))],
    limits: &[],
    check: groups,
};

static GROUP: Struct = Struct {
    what: "a group",
    keys: &[
        ("name", Shape::Text),
        ("interval", Shape::Checked(prometheus_duration)),
        ("query_offset", Shape::Checked(prometheus_duration)),
        ("limit", Shape::Integer),
        ("labels", Shape::Map(&Shape::Text)),
        ("rules", Shape::List(&Shape::Struct(&RULE))),
    ],
    limits: &[],
    check: group,
};

static OBJECT_GROUP: Struct = Struct {
    what: "a group",
    keys: &[
        ("name", Shape::Text),
        ("interval", Shape::Checked(prometheus_duration)),
        ("query_offset", Shape::Checked(prometheus_duration)),
        ("limit", Shape::Integer),
        ("labels", Shape::Map(&Shape::Text)),
        ("rules", Shape::List(&Shape::Struct(&RULE))),
        ("partial_response_strategy", Shape::Text),
    ],
    limits: &[Limit::OneOf(
        "partial_response_strategy",
        &["", "abort", "ABORT", "warn", "WARN"],
    )],
    check: group,
};

pub(super) static RULE: Struct = Struct {
    what: "a rule",
    keys: &[
        ("alert", Shape::Text),
        ("record", Shape::Text),
        ("expr", Shape::Text),
        ("for", Shape::Checked(prometheus_duration)),
        ("keep_firing_for", Shape::Checked(prometheus_duration)),
        ("labels", Shape::Map(&Shape::Text)),
        ("annotations", Shape::Map(&Shape::Text)),
    ],
    limits: &[],
    check: rule,
};

fn groups(root: &Node, sink: &mut Sink<'_>) {
    let mut known = BTreeSet::new();
    let groups = root.get("groups").map_or(&[][..], Node::items).iter();
    for group in groups.filter(|group| group.value != Value::Null) {
        let name = group.scalar_at("name").unwrap_or_default();
        let spot = group.get("name").map_or(group.spot, |name| name.spot);
        if name.is_empty() {
            sink.refuse(spot, "a group without a name", "give it one");
        } else if !known.insert(name.clone()) {
            let message = format!("the group \"{name}\" comes twice in this file");
            sink.refuse(spot, message, "give one of them another name");
        }
    }
}

fn group(node: &Node, sink: &mut Sink<'_>) {
    for (key, since) in [("query_offset", "2.53"), ("labels", "3.0")] {
        if let Some((key, _)) = node.entry(key) {
            let message = format!("`{}` of a group needs Prometheus {since}", key.name);
            let hint = "older servers refuse the file";
            sink.add(RefusalKind::NeedsNewer, key.spot, message, hint.to_owned());
        }
    }
    label_names(node, "labels", sink);
}

fn rule(node: &Node, sink: &mut Sink<'_>) {
    let text = |name: &str| node.scalar_at(name).unwrap_or_default();
    let (alert, record) = (text("alert"), text("record"));
    match (alert.is_empty(), record.is_empty()) {
        (true, true) => sink.refuse(node.spot, "a rule without `alert` or `record`", ""),
        (false, false) => sink.refuse(
            node.spot,
            "a rule with both `alert` and `record`",
            "make two rules of it",
        ),
        _ => {}
    }
    if node
        .get("expr")
        .is_none_or(|expr| expr.scalar().is_some_and(|text| text.trim().is_empty()))
    {
        sink.refuse(node.spot, "a rule without `expr`", "");
    }
    if !record.is_empty() {
        recording(node, &record, sink);
    }
    label_names(node, "labels", sink);
    label_names(node, "annotations", sink);
    if !alert.is_empty() {
        for name in ["labels", "annotations"] {
            for (key, value) in node.get(name).map_or(&[][..], Node::entries) {
                let Some(text) = value.scalar() else { continue };
                if let Err(said) = template::check(&text, PROMETHEUS) {
                    let message = format!("the template of `{}`: {said}", key.name);
                    let hint = "see text/template of Go, and the template reference of Prometheus";
                    sink.refuse(value.spot, message, hint);
                }
            }
        }
    }
}

fn recording(node: &Node, record: &str, sink: &mut Sink<'_>) {
    for name in ["for", "keep_firing_for", "annotations"] {
        let Some((key, value)) = node.entry(name) else {
            continue;
        };
        let zero = value
            .scalar()
            .is_some_and(|text| crate::duration::parse(&text) == Some(0));
        let empty = matches!(&value.value, Value::Mapping(entries) if entries.is_empty());
        if !(zero || empty) {
            sink.refuse(
                key.spot,
                format!("a recording rule has no `{name}`"),
                "take it out",
            );
        }
    }
    let spot = node.get("record").map_or(node.spot, |record| record.spot);
    if record.contains(['{', '}']) {
        let message = format!("`record: {record}` has braces in it");
        sink.refuse(spot, message, "is that what belongs to `expr`?");
    } else if !is_classic_metric(record) {
        let message = format!("`record: {record}` is a name that needs Prometheus 3");
        let hint = "older servers refuse the file";
        sink.add(RefusalKind::NeedsNewer, spot, message, hint.to_owned());
    }
}

fn label_names(node: &Node, map: &str, sink: &mut Sink<'_>) {
    let kind = match map {
        "labels" => "label",
        _ => "annotation",
    };
    for (key, _) in node.get(map).map_or(&[][..], Node::entries) {
        let name = key.name.as_str();
        if name.is_empty() || (name == "__name__" && kind == "label") {
            let message = format!("`{name}` is not the name of a {kind} that a rule may set");
            sink.refuse(key.spot, message, "");
        } else if !is_classic_label(name) {
            let message = format!("the {kind} `{name}` needs Prometheus 3");
            let hint = "older servers refuse the file";
            sink.add(RefusalKind::NeedsNewer, key.spot, message, hint.to_owned());
        }
    }
}
