//! Which format a file has, by its first bytes.

use churn_base::error::{Error, Result};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::foreign::{Foreign, Format};
use super::refused::refused;
use super::{catboost, lightgbm, onnx, ubjson, xgboost};

/// Largest model file that is read.
pub const MAX_BYTES: u64 = 256 << 20;

const FORMATS: &str = "LightGBM: booster.save_model(\"m.txt\"); XGBoost: save_model(\"m.json\") or \
                       \"m.ubj\"; CatBoost: save_model(\"m.json\", format=\"json\", pool=pool); scikit-learn: \
                       skl2onnx's to_onnx(...).SerializeToString()";

/// Reads a model file; `file` is what errors call it.
///
/// # Errors
/// Bad input (65) if it is damaged, of no known format, or asks for what this program does not
/// compute as its framework does.
pub fn read(bytes: &[u8], file: &str) -> Result<Foreign> {
    if bytes.starts_with(b"tree\n") || bytes.starts_with(b"tree\r\n") {
        return lightgbm::read(bytes, file);
    }
    // After the brace UBJSON has a marker of a length or a type, JSON a quote or white space.
    if bytes.first() == Some(&b'{') && bytes.get(1).is_some_and(|next| b"iUIlL$#".contains(next)) {
        let model = ubjson::from_slice(bytes)
            .map_err(|error| damaged(file, Format::XgBoostUbjson).because(error))?;
        return xgboost::read(model, Format::XgBoostUbjson, file);
    }
    if bytes.trim_ascii_start().starts_with(b"{") {
        return read_json(bytes, file);
    }
    // The first field of an ONNX file is `ir_version`.
    if bytes.starts_with(b"\x08") {
        return onnx::read(bytes, file);
    }
    Err(match told_apart(bytes) {
        Some(what) => refused(file, None, what).hint(format!("save it as text: {FORMATS}")),
        None => refused(file, None, "this is not a model file of a known format").hint(FORMATS),
    })
}

#[derive(Deserialize)]
struct Members {
    learner: Option<IgnoredAny>,
    features_info: Option<IgnoredAny>,
    body: Option<IgnoredAny>,
}

fn read_json(bytes: &[u8], file: &str) -> Result<Foreign> {
    let broken = |error: serde_json::Error| {
        let line = Some(error.line()).filter(|line| *line > 0);
        refused(file, line, "this is not a whole JSON document").because(error)
    };
    let members: Members = serde_json::from_slice(bytes).map_err(broken)?;
    let of = |format: Format| {
        move |error: serde_json::Error| {
            let line = Some(error.line()).filter(|line| *line > 0);
            let what = format!("this is not a whole model of {}", format.name());
            refused(file, line, what).because(error)
        }
    };
    match members {
        Members {
            learner: Some(_), ..
        } => {
            let model = serde_json::from_slice(bytes).map_err(of(Format::XgBoostJson))?;
            xgboost::read(model, Format::XgBoostJson, file)
        }
        Members {
            features_info: Some(_),
            ..
        } => {
            let model = serde_json::from_slice(bytes).map_err(of(Format::CatBoost))?;
            catboost::read(model, file)
        }
        Members { body: Some(_), .. } => Err(refused(file, None, "this is an artifact already")
            .hint("score and serve take it as it is; `churnctl promote` puts it into production")),
        _ => Err(refused(file, None, "this is not a model file of a known format").hint(FORMATS)),
    }
}

fn damaged(file: &str, format: Format) -> Error {
    let what = format!("this is not a whole model of {}", format.name());
    refused(file, None, what)
}

/// Returns what is wrong with formats that are known and not read.
fn told_apart(bytes: &[u8]) -> Option<&'static str> {
    let begins = |magic: &[u8]| bytes.starts_with(magic);
    if begins(b"\x80")
        && bytes
            .get(1)
            .is_some_and(|version| (2..=5).contains(version))
    {
        return Some("this is a pickle: reading it would run whatever is in it");
    }
    if begins(b"PK\x03\x04") {
        return Some("this is a zip archive (skops, PyTorch), not a model file");
    }
    if begins(b"CBM1") {
        return Some("this is CatBoost's binary format, which is not read");
    }
    if begins(b"binf") || begins(b"\x00\x00\x00\x3f") {
        return Some("this is XGBoost's old binary format, which is not read");
    }
    None
}
