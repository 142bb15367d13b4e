//! JSON as a client wrote it: members in their order, repeated ones too, texts borrowed from the
//! body. `serde_json`'s own tree keeps the last of two members and says nothing.

use std::borrow::Cow;
use std::fmt;

use churn_data::{LARGEST_EXACT, canonical_number};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json<'a> {
    Null,
    Bool(bool),
    Number(f64),
    /// A whole number of up to 64 bits of which a double would lose digits.
    Integer(i128),
    Text(Cow<'a, str>),
    Array(Vec<Self>),
    Object(Vec<(Cow<'a, str>, Self)>),
}

impl Json<'_> {
    /// Reads one value.
    ///
    /// # Errors
    /// Says what is wrong and where, without a word of the text. A number beyond all finite ones and
    /// a nesting deeper than 128 are errors, too.
    pub(super) fn parse(bytes: &[u8]) -> Result<Json<'_>, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    /// Returns what the kind of the value is called.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) | Self::Integer(_) => "a number",
            Self::Text(_) => "a text",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }

    /// Returns the value as `serde_json` has it, to send it back.
    pub(super) fn to_value(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(value) => (*value).into(),
            // Whole numbers go back as they came.
            Self::Number(value) if value.fract() == 0.0 && value.abs() <= LARGEST_EXACT => {
                (*value as i64).into()
            }
            Self::Number(value) => (*value).into(),
            Self::Integer(value) => match u64::try_from(*value) {
                Ok(value) => value.into(),
                Err(_) => i64::try_from(*value).map_or(serde_json::Value::Null, Into::into),
            },
            Self::Text(text) => text.as_ref().into(),
            Self::Array(items) => items.iter().map(Json::to_value).collect(),
            Self::Object(members) => members
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_value()))
                .collect(),
        }
    }
}

/// A double where it holds every digit.
const fn whole<'de>(value: i128) -> Json<'de> {
    if value.unsigned_abs() <= 1 << 53 {
        Json::Number(value as f64)
    } else {
        Json::Integer(value)
    }
}

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(whole(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(whole(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json<'de>, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element()? {
            array.push(item);
        }
        Ok(Json::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json<'de>, A::Error> {
        let mut object = Vec::with_capacity(24);
        while let Some(Name(name)) = members.next_key()? {
            object.push((name, members.next_value()?));
        }
        Ok(Json::Object(object))
    }
}

/// A member's name, borrowed where it has no escapes.
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameReader;
        impl<'de> Visitor<'de> for NameReader {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_str<E>(self, text: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(text)))
            }
        }
        deserializer.deserialize_str(NameReader)
    }
}

/// Returns a value as a table would have it.
pub(super) fn as_field(value: &Json<'_>) -> String {
    match value {
        Json::Text(text) => text.to_string(),
        Json::Number(number) => canonical_number(*number),
        Json::Integer(integer) => integer.to_string(),
        Json::Bool(truth) => truth.to_string(),
        Json::Null | Json::Array(_) | Json::Object(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_members_are_kept_and_texts_without_escapes_borrowed() {
        let json = Json::parse(br#"{"a":1,"a":"x","b\u0041":[null,true]}"#).expect("JSON");
        let Json::Object(members) = &json else {
            panic!("an object")
        };
        assert_eq!(members.len(), 3);
        assert!(matches!(&members[1].1, Json::Text(Cow::Borrowed("x"))));
        assert_eq!(members[2].0, "bA");
    }

    #[test]
    fn whole_numbers_keep_every_digit_through_64_bits() {
        for text in [
            "9007199254740993",
            "-9223372036854775808",
            "18446744073709551615",
        ] {
            let json = Json::parse(text.as_bytes()).expect("JSON");
            assert_eq!(json, Json::Integer(text.parse().expect("an integer")));
            assert_eq!(json.to_value().to_string(), text);
        }
        for text in ["9007199254740992", "-3"] {
            let number = text.parse().expect("a number");
            assert_eq!(
                Json::parse(text.as_bytes()).ok(),
                Some(Json::Number(number))
            );
        }
    }

    #[test]
    fn what_is_no_finite_json_is_refused() {
        for text in ["{", "NaN", "[1e999]", "\"\u{1}\"", "{} {}", ""] {
            assert!(Json::parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(Json::parse(b"\"\xff\"").is_err());
        let deep = "[".repeat(100_000);
        assert!(Json::parse(deep.as_bytes()).is_err());
    }

    #[test]
    fn an_error_does_not_repeat_the_text() {
        let error = Json::parse(br#"{"name": "secret", x}"#).expect_err("bad");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
