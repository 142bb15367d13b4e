//! How Alertmanager's clients speak HTTP and TLS: what receivers have in common.

use super::super::node::Node;
use super::go::any_url;
use super::shape::{Limit, Shape, Sink, Struct, no_check};

pub(super) static HTTP_CLIENT: Struct = Struct {
    what: "an `http_config`",
    keys: &[
        ("basic_auth", Shape::Struct(&BASIC_AUTH)),
        ("authorization", Shape::Struct(&AUTHORIZATION)),
        ("oauth2", Shape::Struct(&OAUTH2)),
        ("bearer_token", Shape::Text),
        ("bearer_token_file", Shape::Text),
        ("tls_config", Shape::Struct(&TLS)),
        ("follow_redirects", Shape::Truth),
        ("enable_http2", Shape::Truth),
        ("proxy_url", Shape::Checked(any_url)),
        ("no_proxy", Shape::Text),
        ("proxy_from_environment", Shape::Truth),
        (
            "proxy_connect_header",
            Shape::Map(&Shape::List(&Shape::Text)),
        ),
        ("http_headers", Shape::Map(&Shape::Struct(&HEADER))),
    ],
    limits: &[Limit::AtMostOne(&[
        "basic_auth",
        "authorization",
        "oauth2",
        "bearer_token",
        "bearer_token_file",
    ])],
    check: client,
};

static BASIC_AUTH: Struct = Struct {
    what: "a `basic_auth`",
    keys: &[
        ("username", Shape::Text),
        ("username_file", Shape::Text),
        ("username_ref", Shape::Text),
        ("password", Shape::Text),
        ("password_file", Shape::Text),
        ("password_ref", Shape::Text),
    ],
    limits: &[
        Limit::AtMostOne(&["username", "username_file", "username_ref"]),
        Limit::AtMostOne(&["password", "password_file", "password_ref"]),
    ],
    check: no_check,
};

static AUTHORIZATION: Struct = Struct {
    what: "an `authorization`",
    keys: &[
        ("type", Shape::Text),
        ("credentials", Shape::Text),
        ("credentials_file", Shape::Text),
        ("credentials_ref", Shape::Text),
    ],
    limits: &[Limit::AtMostOne(&[
        "credentials",
        "credentials_file",
        "credentials_ref",
    ])],
    check: authorization,
};

static OAUTH2: Struct = Struct {
    what: "an `oauth2`",
    keys: &[
        ("client_id", Shape::Text),
        ("client_secret", Shape::Text),
        ("client_secret_file", Shape::Text),
        ("client_secret_ref", Shape::Text),
        ("client_certificate_key_id", Shape::Text),
        ("client_certificate_key", Shape::Text),
        ("client_certificate_key_file", Shape::Text),
        ("client_certificate_key_ref", Shape::Text),
        ("grant_type", Shape::Text),
        ("signature_algorithm", Shape::Text),
        ("iss", Shape::Text),
        ("audience", Shape::Text),
        ("claims", Shape::Map(&Shape::Any)),
        ("scopes", Shape::List(&Shape::Text)),
        ("token_url", Shape::Text),
        ("endpoint_params", Shape::Map(&Shape::Text)),
        ("tls_config", Shape::Struct(&TLS)),
        ("proxy_url", Shape::Checked(any_url)),
        ("no_proxy", Shape::Text),
        ("proxy_from_environment", Shape::Truth),
        (
            "proxy_connect_header",
            Shape::Map(&Shape::List(&Shape::Text)),
        ),
    ],
    limits: &[
        Limit::Needs(&["client_id"]),
        Limit::Needs(&["token_url"]),
        Limit::AtMostOne(&["client_secret", "client_secret_file", "client_secret_ref"]),
    ],
    check: proxy,
};

pub(super) static TLS: Struct = Struct {
    what: "a `tls_config`",
    keys: &[
        ("ca", Shape::Text),
        ("cert", Shape::Text),
        ("key", Shape::Text),
        ("ca_file", Shape::Text),
        ("cert_file", Shape::Text),
        ("key_file", Shape::Text),
        ("ca_ref", Shape::Text),
        ("cert_ref", Shape::Text),
        ("key_ref", Shape::Text),
        ("server_name", Shape::Text),
        ("insecure_skip_verify", Shape::Truth),
        ("min_version", Shape::Checked(tls_version)),
        ("max_version", Shape::Checked(tls_version)),
    ],
    limits: &[
        Limit::AtMostOne(&["ca", "ca_file", "ca_ref"]),
        Limit::AtMostOne(&["cert", "cert_file", "cert_ref"]),
        Limit::AtMostOne(&["key", "key_file", "key_ref"]),
    ],
    check: certificate,
};

pub(super) static SIGV4: Struct = Struct {
    what: "a `sigv4`",
    keys: &[
        ("region", Shape::Text),
        ("access_key", Shape::Text),
        ("secret_key", Shape::Text),
        ("profile", Shape::Text),
        ("role_arn", Shape::Text),
        ("external_id", Shape::Text),
        ("use_fips_sts_endpoint", Shape::Truth),
        ("service_name", Shape::Text),
    ],
    limits: &[],
    check: keys_of_sigv4,
};

static HEADER: Struct = Struct {
    what: "a header",
    keys: &[
        ("values", Shape::List(&Shape::Text)),
        ("secrets", Shape::List(&Shape::Text)),
        ("files", Shape::List(&Shape::Text)),
    ],
    limits: &[],
    check: no_check,
};

/// Headers that the client sets itself.
const RESERVED: [&str; 18] = [
    "authorization",
    "host",
    "content-encoding",
    "content-length",
    "content-type",
    "user-agent",
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "www-authenticate",
    "accept-encoding",
    "x-prometheus-remote-write-version",
    "x-prometheus-remote-read-version",
    "x-prometheus-scrape-timeout-seconds",
    "x-amz-date",
    "x-amz-security-token",
    "x-amz-content-sha256",
];

fn client(node: &Node, sink: &mut Sink<'_>) {
    proxy(node, sink);
    for (key, _) in node.get("http_headers").map_or(&[][..], Node::entries) {
        if RESERVED.contains(&key.name.to_lowercase().as_str()) {
            let message = format!("the header `{}` may not be set", key.name);
            sink.refuse(key.spot, message, "");
        }
    }
}

fn proxy(node: &Node, sink: &mut Sink<'_>) {
    let filled = |key: &str| {
        node.get(key)
            .is_some_and(|value| value.scalar().is_none_or(|text| !text.is_empty()))
    };
    let from_environment = node.get("proxy_from_environment").and_then(Node::truth) == Some(true);
    let mut refuse = |is_wrong: bool, message: &str| {
        if is_wrong {
            sink.refuse(node.spot, message, "");
        }
    };
    let headers = node
        .get("proxy_connect_header")
        .is_some_and(|map| !map.entries().is_empty());
    refuse(
        headers && !from_environment && !filled("proxy_url"),
        "`proxy_connect_header` without a proxy",
    );
    refuse(
        from_environment && (filled("proxy_url") || filled("no_proxy")),
        "`proxy_from_environment` with `proxy_url` or `no_proxy`",
    );
    refuse(
        filled("no_proxy") && node.get("proxy_url").is_none() && !from_environment,
        "`no_proxy` without `proxy_url`",
    );
}

fn authorization(node: &Node, sink: &mut Sink<'_>) {
    let kind = node.scalar_at("type").unwrap_or_default();
    if kind.trim().eq_ignore_ascii_case("basic") {
        let message = "an `authorization` of the type basic";
        sink.refuse(node.spot, message, "use `basic_auth`");
    }
}

fn certificate(node: &Node, sink: &mut Sink<'_>) {
    let has = |names: [&str; 3]| {
        names
            .iter()
            .any(|name| node.scalar_at(name).is_some_and(|text| !text.is_empty()))
    };
    let (cert, key) = (
        has(["cert", "cert_file", "cert_ref"]),
        has(["key", "key_file", "key_ref"]),
    );
    if cert != key {
        let message = "a certificate of a client and its key come together";
        sink.refuse(node.spot, message, "set both, or none");
    }
}

fn keys_of_sigv4(node: &Node, sink: &mut Sink<'_>) {
    let filled = |name: &str| node.scalar_at(name).is_some_and(|text| !text.is_empty());
    if filled("access_key") != filled("secret_key") {
        let message = "`access_key` and `secret_key` come together";
        sink.refuse(node.spot, message, "set both, or none");
    }
}

fn tls_version(text: &str) -> Result<(), String> {
    let known = ["TLS10", "TLS11", "TLS12", "TLS13"];
    match known.contains(&text) {
        true => Ok(()),
        false => Err(format!("\"{text}\" is none of {}", known.join(", "))),
    }
}
