//! The binary tensor extension of the Open Inference Protocol: values that follow the JSON as bytes
//! become the values that JSON would have had. What they mean is the affair of `v2_request`.

use std::borrow::Cow;
use std::convert::identity;

use axum::http::HeaderMap;
use churn_http::problem::Problem;
use half::f16;

use super::faults::{At, Faults, Reason};
use super::json::Json;
use super::v2_request::{HERE, member};
use super::v2_types::{NUMBERS, TEXTS, TRUTH};

/// The name of the extension.
pub(super) const EXTENSION: &str = "binary_tensor_data";
/// The header that says where the JSON ends.
const JSON_LENGTH: &str = "inference-header-content-length";

/// Returns the JSON of a request and the bytes behind it.
///
/// # Errors
/// 400 if the head names no length, or one that is not there.
pub(super) fn split<'b>(
    headers: &HeaderMap,
    body: &'b [u8],
) -> Result<(&'b [u8], &'b [u8]), Problem> {
    let Some(length) = headers.get(JSON_LENGTH) else {
        return Ok((body, &[]));
    };
    let length = length
        .to_str()
        .ok()
        .and_then(|text| text.trim().parse().ok());
    length.and_then(|length| body.split_at_checked(length)).ok_or_else(|| {
        let detail = format!(
            "The header Inference-Header-Content-Length is the length of the JSON, at most the {} bytes of the body.",
            body.len()
        );
        Problem::malformed(detail)
    })
}

/// Gives each tensor that has its values among `bytes` a member `data` with them.
pub(super) fn attach(request: &mut Json<'_>, mut bytes: &[u8], faults: &mut Faults) {
    let members = match request {
        Json::Object(members) => members.as_mut_slice(),
        _ => &mut [],
    };
    let inputs = members.iter_mut().find(|(name, _)| name == "inputs");
    let inputs = match inputs {
        Some((_, Json::Array(inputs))) => inputs.as_mut_slice(),
        _ => &mut [],
    };
    for (position, input) in inputs.iter_mut().enumerate() {
        let Json::Object(members) = input else {
            continue;
        };
        let at = At {
            row: Some(position),
            base: "/inputs",
            inside: "",
        };
        let size = match member(members, "parameters") {
            Some(Json::Object(parameters)) => member(parameters, "binary_data_size"),
            _ => None,
        };
        let Some(size) = size else { continue };
        let mut refuse = |reason, name, detail: String| faults.add(reason, at, name, detail);
        if member(members, "data").is_some() {
            let detail = "A tensor has \"data\" or a \"binary_data_size\", not both.";
            refuse(Reason::BadMember, "parameters", detail.to_owned());
            return;
        }
        let size = match size {
            Json::Number(size) if *size >= 0.0 && size.fract() == 0.0 => *size as usize,
            _ => usize::MAX,
        };
        let Some((own, rest)) = bytes.split_at_checked(size) else {
            let detail = format!(
                "\"binary_data_size\" is a number of the bytes behind the JSON, of which {} are left; the header Inference-Header-Content-Length says where they begin.",
                bytes.len()
            );
            refuse(Reason::BadMember, "parameters", detail);
            return;
        };
        bytes = rest;
        let datatype = match member(members, "datatype") {
            Some(Json::Text(datatype)) => datatype.as_ref(),
            // Whoever reads the tensor says what is wrong.
            _ => continue,
        };
        if ![TEXTS, TRUTH].contains(&datatype) && !NUMBERS.contains(&datatype) {
            continue;
        }
        match values(datatype, own) {
            Ok(values) => {
                members.retain(|(name, _)| name != "data");
                members.push((Cow::Borrowed("data"), Json::Array(values)));
            }
            Err(why) => {
                let detail = format!("The bytes of the tensor are not of {datatype}: {why}.");
                refuse(Reason::BadMember, "data", detail);
                return;
            }
        }
    }
    if !bytes.is_empty() && faults.is_empty() {
        let detail = format!("{} bytes behind the JSON belong to no tensor.", bytes.len());
        faults.add(Reason::BadMember, HERE, "inputs", detail);
    }
}

/// Reads the values of a tensor: in row-major order, the lowest byte first, texts with their length
/// before them in four bytes.
fn values(datatype: &str, bytes: &[u8]) -> Result<Vec<Json<'static>>, &'static str> {
    macro_rules! numbers {
        ($form:ty, $double:expr) => {{
            let (all, rest) = bytes.as_chunks::<{ size_of::<$form>() }>();
            match rest {
                [] => {
                    let values = all.iter().map(|one| <$form>::from_le_bytes(*one));
                    Ok(values.map($double).map(number).collect())
                }
                _ => Err("the last one is cut short"),
            }
        }};
    }
    match datatype {
        "FP64" => numbers!(f64, identity),
        "FP32" => numbers!(f32, f64::from),
        "FP16" => numbers!(f16, f16::to_f64),
        "INT64" => numbers!(i64, |whole| whole as f64),
        "INT32" => numbers!(i32, f64::from),
        "INT16" => numbers!(i16, f64::from),
        "INT8" => numbers!(i8, f64::from),
        "UINT64" => numbers!(u64, |whole| whole as f64),
        "UINT32" => numbers!(u32, f64::from),
        "UINT16" => numbers!(u16, f64::from),
        "UINT8" => numbers!(u8, f64::from),
        TRUTH => bytes
            .iter()
            .map(|byte| match byte {
                0 => Ok(Json::Bool(false)),
                1 => Ok(Json::Bool(true)),
                _ => Err("a byte is neither 0 nor 1"),
            })
            .collect(),
        _ => texts(bytes),
    }
}

/// What is not a number is how numpy writes a value that is missing.
fn number(value: f64) -> Json<'static> {
    match value.is_nan() {
        true => Json::Null,
        false => Json::Number(value),
    }
}

fn texts(mut bytes: &[u8]) -> Result<Vec<Json<'static>>, &'static str> {
    let mut texts = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk().ok_or("a length is cut short")?;
        let length = u32::from_le_bytes(*length) as usize;
        let (text, rest) = rest.split_at_checked(length).ok_or("a text is cut short")?;
        let text = std::str::from_utf8(text).map_err(|_| "a text is not UTF-8")?;
        texts.push(Json::Text(Cow::Owned(text.to_owned())));
        bytes = rest;
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_the_values_of_json() {
        let number = |value| Json::Number(value);
        // numpy 1.24: np.array([...], dtype).tobytes() on a little-endian machine.
        for (datatype, bytes, wanted) in [
            ("FP64", &[0, 0, 0, 0, 0, 0, 0xf8, 0x3f][..], number(1.5)),
            ("FP32", &[0, 0, 0xc0, 0x3f], number(1.5)),
            ("FP32", &[0, 0, 0xc0, 0x7f], Json::Null),
            ("FP16", &[0, 0x3e], number(1.5)),
            (
                "INT64",
                &[0xfe, 255, 255, 255, 255, 255, 255, 255],
                number(-2.0),
            ),
            ("INT16", &[0xfe, 255], number(-2.0)),
            ("INT8", &[0xfe], number(-2.0)),
            ("UINT8", &[0xfe], number(254.0)),
            ("UINT32", &[1, 1, 0, 0], number(257.0)),
            ("BOOL", &[1], Json::Bool(true)),
            ("BYTES", &[2, 0, 0, 0, 0xc3, 0xa9], Json::Text("é".into())),
        ] {
            assert_eq!(values(datatype, bytes), Ok(vec![wanted]), "{datatype}");
        }
        for (datatype, bytes) in [
            ("FP64", &[0; 9][..]),
            ("INT16", &[0]),
            ("BOOL", &[2]),
            ("BYTES", &[2, 0, 0]),
            ("BYTES", &[2, 0, 0, 0, 65]),
            ("BYTES", &[255, 255, 255, 255]),
            ("BYTES", &[1, 0, 0, 0, 255]),
        ] {
            assert!(values(datatype, bytes).is_err(), "{datatype}");
        }
    }

    #[test]
    fn each_tensor_gets_its_own_bytes() {
        let text = br#"{"inputs":[
            {"name":"a","datatype":"UINT8","parameters":{"binary_data_size":2}},
            {"name":"b","datatype":"UINT8","data":[7]},
            {"name":"c","datatype":"BOOL","parameters":{"binary_data_size":1}}]}"#;
        let mut request = Json::parse(text).expect("JSON");
        let mut faults = Faults::default();
        attach(&mut request, &[4, 5, 1], &mut faults);
        assert!(faults.is_empty());
        let json = request.to_value();
        assert_eq!(json["inputs"][0]["data"], serde_json::json!([4, 5]));
        assert_eq!(json["inputs"][1]["data"], serde_json::json!([7]));
        assert_eq!(json["inputs"][2]["data"], serde_json::json!([true]));
        // One too few, one too many.
        for bytes in [&[4, 5][..], &[4, 5, 1, 1]] {
            let mut request = Json::parse(text).expect("JSON");
            let mut faults = Faults::default();
            attach(&mut request, bytes, &mut faults);
            assert_eq!(faults.reasons(), [Reason::BadMember]);
        }
    }

    #[test]
    fn the_header_says_where_the_json_ends() {
        let of = |value: &'static str| {
            let value = axum::http::HeaderValue::from_static(value);
            HeaderMap::from_iter([(axum::http::HeaderName::from_static(JSON_LENGTH), value)])
        };
        assert_eq!(split(&HeaderMap::new(), b"{}"), Ok((&b"{}"[..], &b""[..])));
        assert_eq!(split(&of("2"), b"{}x"), Ok((&b"{}"[..], &b"x"[..])));
        for bad in ["4", "-1", "x", ""] {
            assert_eq!(split(&of(bad), b"{}x").expect_err(bad).status, 400);
        }
    }
}
