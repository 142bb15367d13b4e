//! Is all there that was rendered, of each component of which something is there?

use std::collections::{BTreeMap, BTreeSet};

use super::expected::{Expected, Rendered};
use super::finding::{Check, Finding};
use super::inventory::Inventory;

/// Kinds without which a component works, if not as it was meant to.
const DISPENSABLE: [&str; 5] = [
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
    "ServiceMonitor",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
];

/// Checks that every rendered object of a component is there if one of them is. A component of which
/// nothing is there was not deployed, which is nobody's fault.
pub(super) fn check(inventory: &Inventory, expected: &Expected) -> Vec<Finding> {
    let mut components: BTreeMap<&str, Vec<&Rendered>> = BTreeMap::new();
    for object in &expected.rendered {
        components
            .entry(&object.component)
            .or_default()
            .push(object);
    }
    let components = components.into_iter();
    components
        .flat_map(|(component, objects)| of_component(inventory, expected, component, &objects))
        .collect()
}

fn of_component(
    inventory: &Inventory,
    expected: &Expected,
    component: &str,
    objects: &[&Rendered],
) -> Vec<Finding> {
    let namespace = &expected.namespace;
    let subject = format!("component/{component}");
    let why_unknown = |object: &&&Rendered| inventory.why_unknown(&object.kind);
    let unknown: BTreeSet<&str> = objects.iter().filter_map(|one| why_unknown(&one)).collect();
    let unknown = Vec::from_iter(unknown).join("; ");
    let mut found = Vec::new();
    if !unknown.is_empty() {
        found.push(Finding::skip(Check::Objects, &*subject, unknown));
    }
    let known = objects
        .iter()
        .filter(|object| why_unknown(object).is_none());
    let (here, missing): (Vec<&Rendered>, Vec<&Rendered>) = known.partition(|object| {
        let object = inventory.find(&object.kind, &object.namespace, &object.name);
        object.is_some()
    });
    let count = here.len();
    if here.is_empty() && !missing.is_empty() {
        let detail = format!(
            "none of its {} objects is in namespace {namespace}: it is not deployed",
            missing.len()
        );
        found.push(Finding::skip(Check::Objects, &*subject, detail));
        return found;
    }
    if missing.is_empty() && count > 0 {
        let detail = match count {
            1 => "its object is there".to_owned(),
            _ => format!("its {count} objects are there"),
        };
        found.push(Finding::pass(Check::Objects, &*subject, detail));
    }
    let missing = missing
        .into_iter()
        .filter(|object| !is_told(object, expected));
    found.extend(missing.map(|object| {
        let (subject, fix) = (object.subject(), object.make());
        let detail = match object.namespace.as_str() {
            "" => format!("it is missing, while others of {component} are there"),
            namespace => {
                format!("it is not in namespace {namespace}, where others of {component} are")
            }
        };
        match DISPENSABLE.contains(&&*object.kind) {
            true => Finding::warn(Check::Objects, subject, detail, fix),
            false => Finding::fail(Check::Objects, subject, detail, fix),
        }
    }));
    found
}

/// Returns whether another check says that this object is missing, and what follows.
fn is_told(object: &Rendered, expected: &Expected) -> bool {
    let told = [
        ("ServiceMonitor", &expected.api),
        ("PrometheusRule", &expected.rules),
        ("CronJob", &expected.drift),
        ("Service", &expected.hook),
    ];
    object.kind == "AlertmanagerConfig"
        || told
            .iter()
            .any(|(kind, name)| object.kind == *kind && object.name == **name)
}
