//! What is wrong with a JSON document, in the words of the document: the reader's own name the types of this program.

/// Returns what a reader of JSON says, without the names of types: objects, arrays, texts and numbers are what a document has.
#[must_use]
pub fn in_plain_words(error: &serde_json::Error) -> String {
    let said = error.to_string();
    let (what, place) = match said.rfind(" at line ") {
        Some(at) => said.split_at(at),
        None => (&*said, ""),
    };
    format!("{}{place}", reworded(what))
}

fn reworded(what: &str) -> String {
    if what.starts_with("data did not match any variant") {
        return "it has none of the known forms".to_owned();
    }
    if what.starts_with("EOF while parsing") {
        return "it ends too early".to_owned();
    }
    if what == "expected ident" || what == "expected value" {
        return "a value is expected".to_owned();
    }
    for (theirs, ours) in [
        ("missing field", "missing key"),
        ("unknown field", "unknown key"),
        ("duplicate field", "repeated key"),
        ("unknown variant", "unknown name"),
    ] {
        if let Some(rest) = what.strip_prefix(theirs) {
            return format!(
                "{ours}{}",
                rest.replace("there are no fields", "none is expected")
            );
        }
    }
    for theirs in ["invalid type: ", "invalid value: ", "invalid length "] {
        let told = what.strip_prefix(theirs);
        if let Some((found, expected)) = told.and_then(|told| told.rsplit_once(", expected ")) {
            let found = match theirs {
                "invalid length " => format!("{found} of them"),
                _ => found_value(found),
            };
            return format!("expected {}, found {found}", expected_value(expected));
        }
    }
    what.to_owned()
}

/// `u64`, `struct Sides`, `a sequence`.
fn expected_value(theirs: &str) -> &str {
    let first = theirs.split(' ').next().unwrap_or_default();
    match theirs {
        "a map" => "an object",
        "a sequence" => "an array",
        "a string" | "a borrowed string" | "string" => "a text",
        "a boolean" => "true or false",
        "option" => "a value or null",
        "field identifier" => "a known key",
        "variant identifier" => "a known name",
        "unit" => "null",
        _ if theirs.starts_with("struct") || theirs.contains("tagged enum") => "an object",
        _ if ["tuple", "array"].contains(&first)
            || theirs.starts_with("a tuple")
            || theirs.starts_with("an array") =>
        {
            "an array of another length"
        }
        _ if first == "enum" => "a known name",
        _ if ["newtype", "unit"].contains(&first) => "another value",
        "u8" | "u16" | "u32" | "u64" | "u128" | "usize" | "i8" | "i16" | "i32" | "i64" | "i128"
        | "isize" => "a whole number in range",
        "f32" | "f64" => "a number",
        other => other,
    }
}

/// ``integer `3` ``, `map`, `string "x"`.
fn found_value(theirs: &str) -> String {
    match theirs {
        "map" => "an object".to_owned(),
        "sequence" => "an array".to_owned(),
        "unit value" | "Option value" => "null".to_owned(),
        _ => match theirs.split_once(' ') {
            Some(("string", text)) => format!("the text {text}"),
            Some(("integer" | "boolean", value)) => value.to_owned(),
            _ => theirs
                .strip_prefix("floating point ")
                .unwrap_or(theirs)
                .to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde::de::DeserializeOwned;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sides {
        #[expect(dead_code, reason = "read by serde alone")]
        baseline: u64,
    }

    #[derive(Debug, Deserialize)]
    #[serde(untagged)]
    enum Form {
        #[expect(dead_code, reason = "read by serde alone")]
        Sides(Sides),
    }

    #[derive(Debug, Deserialize)]
    enum Policy {
        Always,
    }

    #[track_caller]
    fn says<T: DeserializeOwned + std::fmt::Debug>(text: &str, expected: &str) {
        let error = serde_json::from_str::<T>(text).expect_err("refused");
        assert_eq!(in_plain_words(&error), expected);
    }

    #[test]
    fn no_type_of_the_program_is_named() {
        says::<Sides>("3", "expected an object, found `3` at line 1 column 1");
        says::<Sides>(
            "[]",
            "expected an object, found 0 of them at line 1 column 2",
        );
        says::<Form>("{}", "it has none of the known forms");
        says::<Sides>(
            r#"{"baseline": "x"}"#,
            r#"expected a whole number in range, found the text "x" at line 1 column 16"#,
        );
        says::<Sides>(
            r#"{"baseline": -1}"#,
            "expected a whole number in range, found `-1` at line 1 column 15",
        );
        says::<Sides>("{}", "missing key `baseline` at line 1 column 2");
        says::<Sides>(
            r#"{"current": 1}"#,
            "unknown key `current`, expected `baseline` at line 1 column 10",
        );
        says::<Policy>(
            r#""Never""#,
            "unknown name `Never`, expected `Always` at line 1 column 7",
        );
        says::<Vec<f64>>(
            "{}",
            "expected an array, found an object at line 1 column 0",
        );
        says::<Vec<f64>>("[null]", "expected a number, found null at line 1 column 5");
        says::<BTreeMap<String, bool>>(
            r#"{"a": 1.5}"#,
            "expected true or false, found `1.5` at line 1 column 9",
        );
        says::<[f64; 2]>(
            "[1]",
            "expected an array of another length, found 1 of them at line 1 column 3",
        );
        says::<Sides>("{", "it ends too early at line 1 column 1");
        says::<Sides>("nonsense", "a value is expected at line 1 column 2");
    }
}
