//! Bodies: which media type a request says it sends, JSON read, and answers of a media type.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use churn_base::json_words::in_plain_words;
use churn_http::problem::Problem;
use serde::Serialize;

use super::json::Json;

/// Says which media type a route takes.
pub(super) fn wrong_media_type(wanted: &str) -> Problem {
    let detail = format!("The body must be {wanted}, and the header Content-Type must say so.");
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media_type", detail)
}

/// Returns the media type of a body in lower case, without parameters.
pub(super) fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let text = String::from_utf8_lossy(value.unwrap_or_default());
    let essence = text.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

pub(super) fn is_json(headers: &HeaderMap) -> bool {
    // Nearly all clients write it just so.
    if headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value == "application/json")
    {
        return true;
    }
    let media_type = media_type(headers);
    media_type == "application/json"
        || (media_type.starts_with("application/") && media_type.ends_with("+json"))
}

/// Answers 200 with JSON.
pub(super) fn json(value: &impl Serialize) -> Response<Body> {
    match serde_json::to_vec(value) {
        Ok(mut bytes) => {
            bytes.push(b'\n');
            answer("application/json", bytes)
        }
        Err(_) => axum::response::IntoResponse::into_response(Problem::bug()),
    }
}

/// Answers 200 with bytes of a media type.
pub(super) fn answer(media_type: &'static str, bytes: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(bytes.into());
    let media_type = HeaderValue::from_static(media_type);
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}

/// Reads JSON; an error says where, but not what.
pub(super) fn parse(bytes: &[u8]) -> Result<Json<'_>, Problem> {
    Json::parse(bytes).map_err(|error| {
        let detail = format!("The body is not JSON: {}.", in_plain_words(&error));
        Problem::malformed(detail)
    })
}
