//! A check that is repeated, as others see it: `/` for people, `/metrics` for Prometheus, `/report` for people and
//! programs, `/live` and `/ready` for Kubernetes. What is checked is the caller's affair.

use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use churn_http::problem::Problem;
use churn_metrics::Live;
use churn_metrics::live::TEXT_FORMAT;

/// One report in its three forms.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Forms {
    /// A page, for `/`: that over time where the check has windows.
    pub home: String,
    /// The page of the last check.
    pub html: String,
    /// The document.
    pub json: String,
    /// Prometheus' text.
    pub metrics: String,
}

/// What is shown, put there by whoever checks. Clones show the same.
#[derive(Debug, Clone, Default)]
pub struct Showcase {
    shown: Arc<RwLock<Option<Arc<Forms>>>>,
    live: Arc<Live>,
}

impl Showcase {
    /// Makes one that has nothing to show yet.
    #[must_use]
    pub fn new(live: Arc<Live>) -> Self {
        Self {
            shown: Arc::default(),
            live,
        }
    }

    /// Shows a report in place of the one before.
    pub fn show(&self, forms: Forms) {
        let mut shown = self.shown.write().unwrap_or_else(PoisonError::into_inner);
        *shown = Some(Arc::new(forms));
    }

    fn shown(&self) -> Option<Arc<Forms>> {
        let shown = self.shown.read().unwrap_or_else(PoisonError::into_inner);
        shown.clone()
    }

    /// Returns the routes.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/", get(home))
            .route("/metrics", get(metrics))
            .route("/report", get(report))
            .route("/live", get(|| async { text("live\n") }))
            .route("/ready", get(ready))
            .with_state(self.clone())
    }
}

fn text(text: &'static str) -> Response<Body> {
    fresh("text/plain; charset=utf-8", text.to_owned())
}

/// Makes an answer that nobody keeps: the next one may differ.
fn fresh(media_type: &'static str, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn not_yet() -> Problem {
    let detail = "No check has come to a result yet.";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "no_report", detail).retry_after(5)
}

async fn ready(State(showcase): State<Showcase>) -> Response<Body> {
    match showcase.shown() {
        Some(_) => text("ready\n"),
        None => not_yet().into_response(),
    }
}

/// The last report and the process: there is always something to scrape.
async fn metrics(State(showcase): State<Showcase>) -> Response<Body> {
    let Ok(mut text) = showcase.live.text() else {
        return Problem::bug().into_response();
    };
    if let Some(shown) = showcase.shown() {
        text.push_str(&shown.metrics);
    }
    fresh(TEXT_FORMAT, text)
}

async fn home(State(showcase): State<Showcase>) -> Response<Body> {
    match showcase.shown() {
        Some(shown) => fresh("text/html; charset=utf-8", shown.home.clone()),
        None => not_yet().into_response(),
    }
}

async fn report(State(showcase): State<Showcase>, headers: HeaderMap) -> Response<Body> {
    let Some(shown) = showcase.shown() else {
        return not_yet().into_response();
    };
    let accept = headers.get_all(ACCEPT).iter();
    let accept: Vec<&str> = accept.filter_map(|value| value.to_str().ok()).collect();
    let mut response = match wanted(&accept.join(",")) {
        Some(Form::Html) => fresh("text/html; charset=utf-8", shown.html.clone()),
        Some(Form::Json) => fresh("application/json", shown.json.clone()),
        None => {
            let detail = "The report is text/html or application/json; see the header Accept.";
            Problem::new(StatusCode::NOT_ACCEPTABLE, "not_acceptable", detail).into_response()
        }
    };
    let vary = HeaderValue::from_static("accept");
    response.headers_mut().insert(VARY, vary);
    response
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Html,
    Json,
}

/// Chooses the form that the header `Accept` likes best; JSON where it likes both as much.
fn wanted(accept: &str) -> Option<Form> {
    if accept.trim().is_empty() {
        return Some(Form::Json);
    }
    // For each form the quality that its most specific range has, RFC 9110, 12.5.1.
    let quality = |media: &str| {
        let (kind, _) = media.split_once('/').unwrap_or((media, ""));
        let mut best: Option<(u8, f32)> = None;
        for range in accept.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default().to_ascii_lowercase();
            let rank = match name.strip_suffix("/*") {
                Some("*") => 0,
                Some(range) if range == kind => 1,
                None if name == media => 2,
                Some(_) | None => continue,
            };
            let quality = parts.find_map(|part| part.strip_prefix("q=")?.parse().ok());
            if best.is_none_or(|(known, _)| rank > known) {
                best = Some((rank, quality.unwrap_or(1.0)));
            }
        }
        best.map_or(0.0, |(_, quality)| quality)
    };
    let (html, json) = (quality("text/html"), quality("application/json"));
    if html > json {
        Some(Form::Html)
    } else if json > 0.0 {
        Some(Form::Json)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;

    async fn get(showcase: &Showcase, path: &str, accept: &str) -> (u16, String) {
        let request = Request::get(path).header(ACCEPT, accept);
        let request = request.body(Body::empty()).expect("a request");
        let response = showcase
            .router()
            .oneshot(request)
            .await
            .expect("infallible");
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.expect("a body");
        let text = String::from_utf8(bytes.to_bytes().to_vec()).expect("UTF-8");
        (status, text)
    }

    #[tokio::test]
    async fn it_is_ready_with_the_first_report_and_alive_before() {
        let showcase = Showcase::default();
        assert_eq!(get(&showcase, "/live", "*/*").await.0, 200);
        assert_eq!(get(&showcase, "/ready", "*/*").await.0, 503);
        assert_eq!(get(&showcase, "/report", "*/*").await.0, 503);
        assert_eq!(get(&showcase, "/", "*/*").await.0, 503);
        let (status, text) = get(&showcase, "/metrics", "*/*").await;
        assert!(
            status == 200 && text.contains("process_resident_memory_bytes "),
            "{text}"
        );
        for round in ["one", "two"] {
            showcase.show(Forms {
                home: format!("<h1>{round}"),
                html: format!("<p>{round}"),
                json: format!("{{\"{round}\":1}}"),
                metrics: format!("{round} 1\n"),
            });
            assert_eq!(get(&showcase, "/ready", "*/*").await.0, 200);
            let (_, text) = get(&showcase, "/metrics", "*/*").await;
            assert!(text.ends_with(&format!("\n{round} 1\n")), "{text}");
            let html = get(&showcase, "/report", "text/html,*/*;q=0.8").await;
            assert_eq!(html, (200, format!("<p>{round}")));
            let home = get(&showcase, "/", "*/*").await;
            assert_eq!(home, (200, format!("<h1>{round}")));
            let json = get(&showcase, "/report", "application/json").await;
            assert_eq!(json, (200, format!("{{\"{round}\":1}}")));
        }
        assert_eq!(get(&showcase, "/report", "image/png").await.0, 406);
    }

    #[test]
    fn the_form_is_the_one_that_is_liked_best() {
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";
        for (accept, form) in [
            ("", Some(Form::Json)),
            ("*/*", Some(Form::Json)),
            (browser, Some(Form::Html)),
            ("text/*", Some(Form::Html)),
            ("application/json", Some(Form::Json)),
            ("application/json;q=0.5, text/html;q=0.6", Some(Form::Html)),
            ("*/*, application/json;q=0", Some(Form::Html)),
            ("TEXT/HTML", Some(Form::Html)),
            ("text/csv", None),
        ] {
            assert_eq!(wanted(accept), form, "{accept}");
        }
    }
}
