//! Names whose values are known to be harmless. A name that is not here hides its value.

/// Parameters of addresses that have a plain value: a name, a number, a switch, a path.
const PLAIN: &[&str] = &[
    // Ours, of tables in databases.
    "table",
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-ca",
    "password_file",
    "token_file",
    "use_ssl",
    "user_id",
    "application_name",
    "connect_timeout",
    // Prometheus, Alertmanager, Grafana.
    "time",
    "start",
    "end",
    "step",
    "timeout",
    "limit",
    "type",
    "state",
    "metric",
    "active",
    "silenced",
    "inhibited",
    "unprocessed",
    "orgid",
    "refresh",
    "from",
    "to",
    "viewpanel",
    // Kubernetes.
    "watch",
    "resourceversion",
    "resourceversionmatch",
    "allowwatchbookmarks",
    "timeoutseconds",
    "container",
    "follow",
    "previous",
    "taillines",
    "limitbytes",
    "sincetime",
    "sinceseconds",
    "timestamps",
    "dryrun",
    "fieldmanager",
    "fieldvalidation",
    "propagationpolicy",
    "graceperiodseconds",
    "pretty",
    // MLflow.
    "run_id",
    "run_uuid",
    "experiment_id",
    "experiment_name",
    "name",
    "version",
    "alias",
    "path",
    "max_results",
    "view_type",
    // Object stores.
    "list-type",
    "prefix",
    "delimiter",
    "versionid",
    "partnumber",
    "x-amz-algorithm",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-signedheaders",
    // Of many.
    "explain",
    "format",
    "page",
    "per_page",
    "lang",
];

/// Parameters whose values are in a language: SQL, PromQL, selectors. Any character may stand in them.
const LANGUAGE: &[&str] = &[
    "query",
    "where",
    "match[]",
    "match%5b%5d",
    "filter",
    "fieldselector",
    "labelselector",
    "order_by",
];

/// Keys of connection strings (`host=db dbname=shop`) whose values may be seen.
const KEYWORDS: &[&str] = &[
    "host",
    "hostaddr",
    "port",
    "dbname",
    "database",
    "server",
    "user",
    "username",
    "uid",
    "sslmode",
    "sslrootcert",
    "passfile",
    "password_file",
    "application_name",
    "connect_timeout",
    "client_encoding",
    "target_session_attrs",
    "keepalives",
    "service",
    "accountname",
    "endpointsuffix",
    "defaultendpointsprotocol",
    "blobendpoint",
    "endpoint",
    "sharedaccesskeyname",
    "table",
];

/// Keys by which a connection string is told from other words with equals signs.
const CONNECTION: &[&str] = &[
    "host",
    "hostaddr",
    "dbname",
    "server",
    "accountname",
    "defaultendpointsprotocol",
    "blobendpoint",
    "sharedaccesskeyname",
];

/// What may be done with the value of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value {
    /// It is shown as far as it is plain.
    Plain,
    /// It is shown, whatever stands in it.
    Language,
    /// It is hidden.
    Hidden,
}

pub(super) fn of_parameter(name: &str) -> Value {
    let name = name.trim().to_ascii_lowercase();
    if PLAIN.contains(&&*name) {
        Value::Plain
    } else if LANGUAGE.contains(&&*name) {
        Value::Language
    } else {
        Value::Hidden
    }
}

pub(super) fn is_keyword(name: &str) -> bool {
    KEYWORDS.contains(&&*name.to_ascii_lowercase())
}

pub(super) fn is_connection(name: &str) -> bool {
    CONNECTION.contains(&&*name.to_ascii_lowercase())
}
