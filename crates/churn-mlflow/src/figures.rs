//! Names and figures as MLflow takes them: which characters, how long, how deep.

use std::collections::BTreeMap;

use serde_json::Value;

/// Longest key of a metric or parameter, bytes.
const LONGEST_KEY: usize = 250;
/// Longest value of a parameter or tag that servers of the last years take, characters.
const LONGEST_VALUE: usize = 500;

/// Puts the figures of a document under `prefix/`: numbers as they are, estimates as three
/// figures, nested objects with their names joined. Texts and lists are not figures.
pub(super) fn add_figures(metrics: &mut BTreeMap<String, f64>, prefix: &str, document: &Value) {
    let Some(members) = document.as_object() else {
        return;
    };
    for (name, value) in members {
        match value {
            Value::Number(number) => add(metrics, prefix, name, number.as_f64()),
            Value::Object(inner) if inner.contains_key("low") && inner.contains_key("value") => {
                add(metrics, prefix, name, inner["value"].as_f64());
                for end in ["low", "high"] {
                    let figure = inner.get(end).and_then(Value::as_f64);
                    add(metrics, prefix, &format!("{name}_{end}"), figure);
                }
            }
            Value::Object(inner) => {
                for (inner_name, value) in inner {
                    add(
                        metrics,
                        prefix,
                        &format!("{name}_{inner_name}"),
                        value.as_f64(),
                    );
                }
            }
            Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) => {}
        }
    }
}

/// Puts a figure under `prefix/name`; a name that is taken gets a number behind it.
pub(super) fn add(
    metrics: &mut BTreeMap<String, f64>,
    prefix: &str,
    name: &str,
    figure: Option<f64>,
) {
    let Some(figure) = figure.filter(|figure| figure.is_finite()) else {
        return;
    };
    let name = part(name);
    let key = |name: &str| match prefix {
        "" => name.to_owned(),
        _ => format!("{prefix}/{name}"),
    };
    let mut free = key(&name);
    let mut at = 2;
    while metrics.contains_key(&free) {
        free = key(&format!("{name}_{at}"));
        at += 1;
    }
    metrics.insert(free, figure);
}

/// Returns a name as a part of a key: letters and digits of any script, `_`, `-`, `.` and blanks
/// stay, all else becomes `_`.
fn part(name: &str) -> String {
    let mut part: String = name
        .chars()
        .map(|c| match c {
            ' ' | '_' | '-' | '.' => c,
            c if c.is_alphanumeric() => c,
            _ => '_',
        })
        .collect();
    // The server takes a key for a path, and these would lead elsewhere.
    if part.is_empty() || part.chars().all(|c| c == '.') {
        part = "_".repeat(part.len().max(1));
    }
    let room = LONGEST_KEY - 40;
    if part.len() > room {
        let mut end = room;
        while !part.is_char_boundary(end) {
            end -= 1;
        }
        part.truncate(end);
    }
    part
}

/// Returns a value no longer than servers take.
pub(super) fn value(text: &str) -> String {
    match text.char_indices().nth(LONGEST_VALUE - 1) {
        Some((end, _)) if text.chars().count() > LONGEST_VALUE => format!("{}…", &text[..end]),
        Some(_) | None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_becomes_figures_under_its_names() {
        let document = serde_json::json!({
            "rows": 10,
            "roc_auc": { "value": 0.8, "low": 0.7, "high": 0.9 },
            "confusion": { "true_positives": 3 },
            "words": "none",
            "list": [1],
        });
        let mut metrics = BTreeMap::new();
        add_figures(&mut metrics, "test", &document);
        let keys: Vec<&str> = metrics.keys().map(String::as_str).collect();
        assert_eq!(
            keys,
            [
                "test/confusion_true_positives",
                "test/roc_auc",
                "test/roc_auc_high",
                "test/roc_auc_low",
                "test/rows"
            ]
        );
        assert_eq!(metrics["test/roc_auc_high"], 0.9);
    }

    #[test]
    fn names_that_would_meet_stay_apart() {
        let mut metrics = BTreeMap::new();
        for name in ["a/b", "a?b", "..", "", "größe"] {
            add(&mut metrics, "psi", name, Some(1.0));
        }
        add(&mut metrics, "psi", "x", Some(f64::NAN));
        let keys: Vec<&str> = metrics.keys().map(String::as_str).collect();
        assert_eq!(
            keys,
            ["psi/_", "psi/__", "psi/a_b", "psi/a_b_2", "psi/größe"]
        );
    }

    #[test]
    fn long_names_and_values_are_cut_between_characters() {
        let mut metrics = BTreeMap::new();
        add(&mut metrics, "psi", &"ü".repeat(300), Some(1.0));
        assert!(metrics.keys().all(|key| key.len() <= LONGEST_KEY));
        let long = value(&"ü".repeat(501));
        assert_eq!(long.chars().count(), LONGEST_VALUE);
        assert!(long.ends_with('…'));
        assert_eq!(value(&"ü".repeat(500)), "ü".repeat(500));
    }
}
