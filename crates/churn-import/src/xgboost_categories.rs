//! The texts of XGBoost's categories, which models carry from version 3.1 on.

use churn_base::error::Result;
use serde::Deserialize;

use super::foreign::Level;
use super::refused::refused;

/// What the member `cats` of a model holds: categories of each feature.
#[derive(Deserialize, Default)]
pub(crate) struct Categories {
    #[serde(default)]
    enc: Vec<Encoding>,
}

/// Texts behind one another with the place of each, or numbers.
#[derive(Deserialize)]
struct Encoding {
    #[serde(default)]
    offsets: Option<Vec<usize>>,
    #[serde(default)]
    values: Vec<Number>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(untagged)]
enum Number {
    Whole(i64),
    Broken(f64),
}

/// Returns the levels of a feature; nothing if the file does not have them, or not to be relied on: of texts
/// beyond ASCII version 3.2 counts characters for bytes, so that offsets are wrong and the end is cut off.
pub(crate) fn levels(
    categories: &Categories,
    feature: usize,
    file: &str,
) -> Result<Option<Vec<Level>>> {
    let encoding = categories.enc.get(feature);
    let Some(encoding) = encoding.filter(|encoding| !encoding.values.is_empty()) else {
        return Ok(None);
    };
    let is_beyond_ascii = |value: &Number| !matches!(value, Number::Whole(0..=127));
    let texts = match &encoding.offsets {
        Some(offsets) if !offsets.is_empty() => {
            if encoding.values.iter().any(is_beyond_ascii) {
                return Ok(None);
            }
            texts(offsets, &encoding.values)
        }
        _ => Some(encoding.values.iter().map(number).collect()),
    };
    let broken = || {
        refused(
            file,
            None,
            format!("the categories of feature {feature} are damaged"),
        )
    };
    let texts = texts.ok_or_else(broken)?;
    let levels = (0..).zip(texts);
    Ok(Some(
        levels.map(|(key, text)| Level { key, text }).collect(),
    ))
}

fn number(value: &Number) -> String {
    match value {
        Number::Whole(whole) => whole.to_string(),
        Number::Broken(broken) => broken.to_string(),
    }
}

fn texts(offsets: &[usize], values: &[Number]) -> Option<Vec<String>> {
    let byte = |value: &Number| match value {
        Number::Whole(whole @ 0..=127) => Some(*whole as u8),
        _ => None,
    };
    let bytes: Vec<u8> = values.iter().map(byte).collect::<Option<_>>()?;
    let text = |bounds: &[usize]| {
        let text = bytes.get(bounds[0]..bounds[1])?;
        String::from_utf8(text.to_vec()).ok()
    };
    offsets.windows(2).map(text).collect()
}
