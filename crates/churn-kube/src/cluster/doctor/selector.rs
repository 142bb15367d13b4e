//! Label selectors as Kubernetes reads them, with the reason where one doesn't match. Pure.

use std::collections::BTreeMap;

use churn_base::text::shell_word;
use serde_json::Value;

/// Labels of an object.
pub type Labels = BTreeMap<String, String>;

/// What a selector misses in labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// The label must have one of these values; it has another, or none.
    Value {
        /// The label.
        key: String,
        /// The values that match.
        wanted: Vec<String>,
        /// The value that it has.
        has: Option<String>,
    },
    /// The label must be there, whatever its value.
    Key(String),
    /// The label must not be there, or not with this value.
    Forbidden {
        /// The label.
        key: String,
        /// The value that it has.
        has: String,
    },
    /// An operator that Kubernetes doesn't know.
    Unreadable(String),
}

/// Returns what a selector misses; nothing where it matches. A selector of `null` or nothing at all
/// matches nothing, and is the caller's to look at; `{}` matches everything.
///
/// # Examples
///
/// ```
/// use churn_kube::cluster::doctor::selector::{Labels, missing};
/// let labels = Labels::from([("release".into(), "prometheus".into())]);
/// let selector = serde_json::json!({"matchLabels": {"release": "prometheus"}});
/// assert!(missing(&selector, &labels).is_empty());
/// assert!(missing(&serde_json::json!({}), &Labels::new()).is_empty());
/// ```
#[must_use]
pub fn missing(selector: &Value, labels: &Labels) -> Vec<Missing> {
    let mut found = Vec::new();
    for (key, wanted) in selector["matchLabels"].as_object().into_iter().flatten() {
        let wanted = wanted.as_str().unwrap_or_default();
        if labels.get(key).map(String::as_str) != Some(wanted) {
            found.push(Missing::Value {
                key: key.clone(),
                wanted: vec![wanted.to_owned()],
                has: labels.get(key).cloned(),
            });
        }
    }
    for expression in selector["matchExpressions"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let key = expression["key"].as_str().unwrap_or_default().to_owned();
        let has = labels.get(&key).cloned();
        let values: Vec<String> = expression["values"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|value| value.as_str().map(str::to_owned))
            .collect();
        let is_one = has.as_ref().is_some_and(|has| values.contains(has));
        match (expression["operator"].as_str().unwrap_or_default(), has) {
            ("In", has) if !is_one => found.push(Missing::Value {
                key,
                wanted: values,
                has,
            }),
            // An absent label is not in any list.
            ("NotIn", Some(has)) if is_one => found.push(Missing::Forbidden { key, has }),
            ("Exists", None) => found.push(Missing::Key(key)),
            ("DoesNotExist", Some(has)) => found.push(Missing::Forbidden { key, has }),
            ("In" | "NotIn" | "Exists" | "DoesNotExist", _) => {}
            (operator, _) => found.push(Missing::Unreadable(operator.to_owned())),
        }
    }
    found
}

impl Missing {
    /// Returns what is missing, in words.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Value { key, wanted, has } => {
                let wanted = wanted.join(" or ");
                match has {
                    Some(has) => format!("wants {key}={wanted}, has {key}={has}"),
                    None => format!("wants {key}={wanted}, which is missing"),
                }
            }
            Self::Key(key) => format!("wants a label {key}, which is missing"),
            Self::Forbidden { key, has } => format!("does not want {key}={has}"),
            Self::Unreadable(operator) => format!("has an unknown operator \"{operator}\""),
        }
    }

    /// Returns the change of labels that makes it match, as a shell passes it to `kubectl label`.
    #[must_use]
    pub fn change(&self) -> Option<String> {
        let change = match self {
            Self::Value { key, wanted, .. } => format!("{key}={}", wanted.first()?),
            Self::Key(key) => format!("{key}=true"),
            Self::Forbidden { key, .. } => format!("{key}-"),
            Self::Unreadable(_) => return None,
        };
        Some(shell_word(&change).into_owned())
    }
}

/// Returns the labels at a pointer such as `/metadata/labels`.
#[must_use]
pub fn labels_at(object: &Value, pointer: &str) -> Labels {
    let labels = object.pointer(pointer).and_then(Value::as_object);
    labels
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// What k8s.io/apimachinery/pkg/labels says, written another way: by the set of all labels.
    fn matches_by_definition(expression: &(String, String, Vec<String>), labels: &Labels) -> bool {
        let (key, operator, values) = expression;
        let among = labels
            .iter()
            .any(|(k, v)| k == key && values.iter().any(|value| value == v));
        let there = labels.keys().any(|k| k == key);
        match operator.as_str() {
            "In" => among,
            "NotIn" => !among,
            "Exists" => there,
            _ => !there,
        }
    }

    fn small() -> impl Strategy<Value = String> {
        prop::sample::select(vec!["a", "b", "c"]).prop_map(str::to_owned)
    }

    fn expression() -> impl Strategy<Value = (String, String, Vec<String>)> {
        let operator = prop::sample::select(vec!["In", "NotIn", "Exists", "DoesNotExist"]);
        (small(), operator, prop::collection::vec(small(), 1..3)).prop_map(
            |(key, operator, values)| {
                let has_values = matches!(operator, "In" | "NotIn");
                (
                    key,
                    operator.to_owned(),
                    if has_values { values } else { Vec::new() },
                )
            },
        )
    }

    proptest! {
        #[test]
        fn a_selector_matches_as_its_definition_says(
            labels in prop::collection::btree_map(small(), small(), 0..3),
            match_labels in prop::collection::btree_map(small(), small(), 0..3),
            expressions in prop::collection::vec(expression(), 0..3),
        ) {
            let selector = json!({
                "matchLabels": match_labels,
                "matchExpressions": expressions.iter().map(|(key, operator, values)| {
                    json!({"key": key, "operator": operator, "values": values})
                }).collect::<Vec<_>>(),
            });
            let by_definition = match_labels.iter().all(|(key, value)| labels.get(key) == Some(value))
                && expressions.iter().all(|expression| matches_by_definition(expression, &labels));
            prop_assert_eq!(missing(&selector, &labels).is_empty(), by_definition);
        }

        /// The change that is proposed fixes what it is proposed for.
        #[test]
        fn a_proposed_change_makes_it_match(
            labels in prop::collection::btree_map(small(), small(), 0..3),
            expression in expression(),
        ) {
            let (key, operator, values) = &expression;
            let selector = json!({"matchExpressions": [{"key": key, "operator": operator, "values": values}]});
            let mut changed = labels;
            for missing in missing(&selector, &changed.clone()) {
                let change = missing.change().expect("a known operator");
                match change.split_once('=') {
                    Some((key, value)) => changed.insert(key.to_owned(), value.to_owned()),
                    None => changed.remove(change.trim_end_matches('-')),
                };
            }
            prop_assert!(missing(&selector, &changed).is_empty());
        }
    }

    #[test]
    fn an_unknown_operator_is_no_match() {
        let selector =
            json!({"matchExpressions": [{"key": "a", "operator": "Gt", "values": ["1"]}]});
        let found = missing(&selector, &Labels::new());
        assert_eq!(found, [Missing::Unreadable("Gt".into())]);
    }
}
