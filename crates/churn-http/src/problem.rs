//! Answers that say what is wrong, in the form of RFC 9457, whatever went wrong.

use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, Method, Response, StatusCode, Uri};
use axum::response::IntoResponse;
use churn_base::redact::redacted;
use serde_json::{Map, Value};

/// The media type of RFC 9457.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// What is wrong with a request, or with us. Holds no value that the client sent as data, unless
/// whoever makes it puts one in.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// The status.
    pub status: StatusCode,
    /// A word for machines, such as `unknown_feature`; the same problem has the same word.
    pub code: &'static str,
    /// One sentence for people.
    pub detail: String,
    /// Further members.
    pub more: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// Makes a problem.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: redacted(&detail.into()).into_owned(),
            more: Map::new(),
            headers: Vec::new(),
        }
    }

    /// The bytes are not what the media type says (400).
    #[must_use]
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", detail)
    }

    /// The body is too large (413).
    #[must_use]
    pub fn too_large(most: usize) -> Self {
        let detail = format!("The body is larger than {most} bytes.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
    }

    /// We are at our limit (503): try again later.
    #[must_use]
    pub fn busy(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail).retry_after(1)
    }

    /// A bug of ours (500).
    #[must_use]
    pub fn bug() -> Self {
        let detail = "This is a bug in churnctl; its log says more.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "bug", detail)
    }

    /// Nobody has shown that they may do this (401).
    #[must_use]
    pub fn unauthorized() -> Self {
        let detail =
            "This needs the right token in the header Authorization, after the word Bearer.";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
            .header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// Adds when to try again, in seconds.
    #[must_use]
    pub fn retry_after(self, seconds: u32) -> Self {
        self.header(RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Adds a member.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.insert(name.to_owned(), value.into());
        self
    }

    /// Returns the JSON document.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut document = Map::new();
        document.insert("type".into(), "about:blank".into());
        let title = self.status.canonical_reason().unwrap_or("Error");
        document.insert("title".into(), title.into());
        document.insert("status".into(), self.status.as_u16().into());
        document.insert("detail".into(), self.detail.clone().into());
        document.insert("code".into(), self.code.into());
        document.extend(self.more.clone());
        Value::Object(document)
    }
}

/// Marks a response with the word of its problem, for logs and metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code(pub &'static str);

impl IntoResponse for Problem {
    fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.to_json().to_string() + "\n"));
        *response.status_mut() = self.status;
        response.extensions_mut().insert(Code(self.code));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.extend(self.headers);
        response
    }
}

/// Lets a router answer unknown paths and methods with problems, too. Call it last: it covers the
/// routes that are there.
pub fn dress(router: Router) -> Router {
    router
        .fallback(|uri: Uri| async move {
            // The path is the client's own; it goes back as JSON, shortened.
            let path: String = uri.path().chars().take(200).collect();
            let detail = format!("There is nothing at {path}.");
            Problem::new(StatusCode::NOT_FOUND, "not_found", detail)
        })
        .method_not_allowed_fallback(|method: Method| async move {
            let detail = format!("{method} is not for this path; see the header Allow.");
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
        })
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use axum::routing::get;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;

    async fn answer(method: &str, path: &str) -> (Response<()>, Value) {
        let router = dress(Router::new().route("/here", get(|| async { "here" })));
        let request = Request::builder().method(method).uri(path);
        let request = request.body(Body::empty()).expect("a request");
        let response = router.oneshot(request).await.expect("infallible");
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        let json = serde_json::from_slice(&bytes).expect("JSON");
        (Response::from_parts(parts, ()), json)
    }

    #[tokio::test]
    async fn unknown_paths_and_methods_are_problems() {
        let (response, json) = answer("GET", "/there%7f").await;
        assert_eq!(response.status(), 404);
        assert_eq!(response.headers()[CONTENT_TYPE], MEDIA_TYPE);
        assert_eq!(json["status"], 404);
        assert_eq!(json["code"], "not_found");
        let (response, json) = answer("DELETE", "/here").await;
        assert_eq!(response.status(), 405);
        assert_eq!(response.headers()["allow"], "GET,HEAD");
        assert_eq!(json["code"], "method_not_allowed");
    }

    #[test]
    fn members_and_headers_are_kept() {
        let problem = Problem::busy("Busy.").with("errors", vec!["a"]);
        let response = problem.into_response();
        assert_eq!(response.headers()[RETRY_AFTER], "1");
        assert_eq!(response.extensions().get::<Code>(), Some(&Code("busy")));
    }
}
