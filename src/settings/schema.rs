//! The JSON Schema of `churnctl.toml`, for editors that complete and check it (Taplo, Even Better TOML).

use serde_json::{Value, json};

use super::file::{THRESHOLD_KEYS, THRESHOLDS};
use super::key::{Key, Kind};
use super::keys::KEYS;

/// Returns the schema: every setting with its kind, default, words to choose from and help.
#[must_use]
pub fn schema() -> Value {
    let mut root = table("Settings of churnctl");
    root["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    for key in KEYS {
        *place(&mut root, key.name) = one(key);
    }
    let mut feature = table("Thresholds of one feature, in place of those of all");
    for name in THRESHOLD_KEYS {
        feature["properties"][name] = json!({ "type": "number", "minimum": 0 });
    }
    *place(&mut root, THRESHOLDS) = json!({
        "type": "object",
        "description": "Thresholds of single features, by name",
        "additionalProperties": feature,
    });
    root
}

fn table(description: &str) -> Value {
    json!({
        "type": "object",
        "description": description,
        "additionalProperties": false,
        "properties": {},
    })
}

/// Returns the place of a dotted name; tables on the way are made.
fn place<'a>(root: &'a mut Value, name: &str) -> &'a mut Value {
    let (mut at, mut path) = (root, String::new());
    let mut parts = name.split('.').peekable();
    while let Some(part) = parts.next() {
        path.push_str(part);
        at = &mut at["properties"][part];
        if parts.peek().is_some() && at.is_null() {
            *at = table(&format!("Settings `{path}.*`"));
        }
        path.push('.');
    }
    at
}

fn one(key: &Key) -> Value {
    let text = match key.choices {
        [] => json!({ "type": "string" }),
        words => json!({ "type": "string", "enum": words }),
    };
    let mut one = match key.kind {
        Kind::Text => text,
        Kind::Number => json!({ "type": "number" }),
        Kind::Count => json!({ "type": "integer", "minimum": 0 }),
        Kind::List => json!({ "type": ["array", "string"], "items": text }),
    };
    one["description"] = json!(key.help);
    if let Some(default) = key.default.and_then(|default| value(key.kind, default)) {
        one["default"] = default;
    }
    one
}

fn value(kind: Kind, text: &str) -> Option<Value> {
    match kind {
        Kind::Text => Some(json!(text)),
        Kind::Number => text.parse::<f64>().ok().map(|number| json!(number)),
        Kind::Count => text.parse::<u64>().ok().map(|number| json!(number)),
        Kind::List => {
            let items = text.split(',').filter(|item| !item.is_empty());
            Some(Value::Array(
                items.map(|item| json!(item)).collect::<Vec<_>>(),
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The settings of a schema by dotted name, for those who compare.
    fn names(at: &serde_json::Map<String, Value>, before: &str, found: &mut Vec<String>) {
        for (name, inner) in at {
            let name = format!("{before}{name}");
            match inner["properties"].as_object() {
                Some(properties) => names(properties, &format!("{name}."), found),
                None => found.push(name),
            }
        }
    }

    #[test]
    fn it_has_every_setting_and_no_other_and_takes_the_defaults() {
        let schema = schema();
        let mut found = Vec::new();
        let properties = schema["properties"].as_object().expect("properties");
        names(properties, "", &mut found);
        found.retain(|name| name != THRESHOLDS);
        found.sort();
        let mut keys: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
        keys.sort_unstable();
        assert_eq!(found, keys);
        let validator = jsonschema::validator_for(&schema).expect("a schema");
        let mut defaults = json!({});
        for key in KEYS {
            let Some(default) = key.default.and_then(|text| value(key.kind, text)) else {
                continue;
            };
            let pointer = format!("/{}", key.name.replace('.', "/"));
            let mut at = &mut defaults;
            for part in pointer.split('/').skip(1) {
                at = &mut at[part];
            }
            *at = default;
        }
        assert!(validator.is_valid(&defaults), "{defaults}");
        for wrong in [
            json!({ "drift": { "warn_pse": 0.2 } }),
            json!({ "drift": { "warn_psi": "0.2" } }),
            json!({ "serve": { "access_log": "some" } }),
            json!({ "k8s": { "parts": ["api", "all"] } }),
        ] {
            assert!(!validator.is_valid(&wrong), "{wrong}");
        }
        let own = json!({ "drift": { "thresholds": { "fee": { "fail_psi": 1.0 } } } });
        assert!(validator.is_valid(&own));
    }
}
