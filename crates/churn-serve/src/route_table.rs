//! Which routes there are, and what each may answer.

use axum::http::StatusCode;

/// The route of the rows.
pub(super) const INVOCATIONS: &str = "/invocations";

/// Templates of the two verbs; the router sees them as part of the name.
pub(super) const PREDICT: &str = "/v1/models/{model}:predict";

pub(super) const EXPLAIN: &str = "/v1/models/{model}:explain";

/// A route: what it is counted by.
pub(super) struct Route {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    /// What it may answer.
    pub(super) statuses: &'static [StatusCode],
}

const fn route(method: &'static str, path: &'static str, statuses: &'static [StatusCode]) -> Route {
    Route {
        method,
        path,
        statuses,
    }
}

const OK: &[StatusCode] = &[StatusCode::OK];

const READY: &[StatusCode] = &[StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE];

const SEEN: &[StatusCode] = &[StatusCode::OK, StatusCode::UNAUTHORIZED];

const NAMED: &[StatusCode] = &[
    StatusCode::OK,
    StatusCode::UNAUTHORIZED,
    StatusCode::NOT_FOUND,
];

const SCORED: &[StatusCode] = &[
    StatusCode::OK,
    StatusCode::BAD_REQUEST,
    StatusCode::UNAUTHORIZED,
    StatusCode::REQUEST_TIMEOUT,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    StatusCode::UNPROCESSABLE_ENTITY,
    StatusCode::INTERNAL_SERVER_ERROR,
    StatusCode::SERVICE_UNAVAILABLE,
];

const SCORED_BY_NAME: &[StatusCode] = &[
    StatusCode::OK,
    StatusCode::BAD_REQUEST,
    StatusCode::UNAUTHORIZED,
    StatusCode::NOT_FOUND,
    StatusCode::REQUEST_TIMEOUT,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    StatusCode::UNPROCESSABLE_ENTITY,
    StatusCode::INTERNAL_SERVER_ERROR,
    StatusCode::SERVICE_UNAVAILABLE,
];

const RELOADED: &[StatusCode] = &[
    StatusCode::OK,
    StatusCode::UNAUTHORIZED,
    StatusCode::UNPROCESSABLE_ENTITY,
];

/// Every route.
pub(super) static ROUTES: &[Route] = &[
    route("GET", "/", SEEN),
    route("GET", "/openapi.json", SEEN),
    route("GET", "/counters", SEEN),
    route("POST", "/predict", SCORED),
    route("POST", "/predict/batch", SCORED),
    route("GET", "/live", OK),
    route("GET", "/ready", READY),
    route("GET", "/health", READY),
    route("GET", "/ping", READY),
    route("POST", INVOCATIONS, SCORED),
    route("GET", "/metrics", OK),
    route("POST", "/admin/reload", RELOADED),
    route("GET", "/v1/models", SEEN),
    route("GET", "/v1/models/{model}", NAMED),
    route("POST", PREDICT, SCORED_BY_NAME),
    route("POST", EXPLAIN, SCORED_BY_NAME),
    route("GET", "/v2", SEEN),
    route("GET", "/v2/health/live", OK),
    route("GET", "/v2/health/ready", READY),
    route("GET", "/v2/models/{model}", NAMED),
    route("GET", "/v2/models/{model}/ready", NAMED),
    route("POST", "/v2/models/{model}/infer", SCORED_BY_NAME),
    route("GET", "/v2/models/{model}/versions/{version}", NAMED),
    route("GET", "/v2/models/{model}/versions/{version}/ready", NAMED),
    route(
        "POST",
        "/v2/models/{model}/versions/{version}/infer",
        SCORED_BY_NAME,
    ),
];

/// Returns the route of a template, by method.
pub(super) fn find(method: &str, path: &str) -> Option<&'static Route> {
    ROUTES
        .iter()
        .find(|route| route.method == method && route.path == path)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_route_is_there_once() {
        let names: BTreeSet<_> = ROUTES
            .iter()
            .map(|route| (route.method, route.path))
            .collect();
        assert_eq!(names.len(), ROUTES.len());
    }
}
