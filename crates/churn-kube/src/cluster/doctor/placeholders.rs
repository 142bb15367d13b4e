//! Values in our own objects that only stand for one that somebody has to set: images of nobody,
//! runbooks and receivers that nobody has.

use std::collections::BTreeMap;

use churn_alerts::placeholder::is_placeholder;
use serde_json::Value;

use super::expected::Expected;
use super::finding::{Check, Finding};
use super::inventory::{Inventory, name_of};

/// Kinds that hold such values, each with how it is called in a command.
const KINDS: [(&str, &str); 5] = [
    ("Deployment", "deployment"),
    ("CronJob", "cronjob"),
    ("Job", "job"),
    ("PrometheusRule", "prometheusrule"),
    ("AlertmanagerConfig", "alertmanagerconfig"),
];

pub(super) fn check(inventory: &Inventory, expected: &Expected) -> Vec<Finding> {
    let mut found = Vec::new();
    for (kind, called) in KINDS {
        for object in inventory.of(kind, &expected.namespace) {
            let mut left = BTreeMap::new();
            walk(&object["spec"], "", &mut left);
            let values = left
                .iter()
                .map(|(field, value)| format!("{field} {value}"))
                .collect::<Vec<String>>();
            if !values.is_empty() {
                found.push(Finding::warn(
                    Check::Placeholders,
                    format!("{called}/{}", name_of(object)),
                    format!("still a placeholder: {}", values.join(", ")),
                    "churnctl config show, set your own, then churnctl render-manifests",
                ));
            }
        }
    }
    found
}

/// Notes the first such value of each field.
fn walk<'a>(value: &'a Value, field: &'a str, left: &mut BTreeMap<&'a str, &'a str>) {
    match value {
        Value::String(text) if is_placeholder(text) => {
            left.entry(field).or_insert(text);
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, field, left)),
        Value::Object(fields) => fields
            .iter()
            .for_each(|(name, value)| walk(value, name, left)),
        _ => {}
    }
}
