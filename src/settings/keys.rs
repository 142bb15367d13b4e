//! The registry of settings: name, type, default, flag and help of each. Docs and checks are made from it.

use crate::thresholds::Thresholds;

/// What kind of value a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One text.
    Text,
    /// Texts: an array in the file, separated by commas elsewhere.
    List,
    /// A number.
    Number,
    /// A whole number.
    Count,
}

impl Kind {
    /// Returns what the kind is called in messages, with its article.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::List => "a list of texts",
            Self::Number => "a number",
            Self::Count => "a whole number",
        }
    }
}

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Dotted name, as in the settings file.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// The default, written as on the command line; none for settings that are unset by default.
    pub default: Option<&'static str>,
    /// The flag that sets it, if there is one.
    pub flag: Option<&'static str>,
    /// One line of help.
    pub help: &'static str,
}

impl Key {
    /// Returns the environment variable: `drift.warn_psi` is `CHURNCTL_DRIFT_WARN_PSI`.
    #[must_use]
    pub fn env_name(&self) -> String {
        format!("CHURNCTL_{}", self.name.replace('.', "_").to_uppercase())
    }

    /// Returns the variable of another program that counts where ours is not set.
    #[must_use]
    pub fn foreign_env_name(&self) -> Option<&'static str> {
        let found = FOREIGN.iter().find(|(name, _)| *name == self.name);
        found.map(|(_, variable)| *variable)
    }

    /// Returns the key of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.name == name)
    }
}

/// Variables that MLflow's own client reads: who has set them for it has set them for us.
const FOREIGN: [(&str, &str); 3] = [
    ("mlflow.tracking_uri", "MLFLOW_TRACKING_URI"),
    ("mlflow.experiment", "MLFLOW_EXPERIMENT_NAME"),
    ("mlflow.ca_file", "MLFLOW_TRACKING_SERVER_CERT_PATH"),
];

/// Sections whose flags mean something else in other commands, or nothing.
const OWN_FLAGS: [&str; 9] = [
    "serve.",
    "drift.html",
    "drift.markdown",
    "drift.junit",
    "drift.time",
    "drift.window",
    "drift.every",
    "drift.against",
    "drift.last",
];

/// Returns the key that this long flag (with its dashes) of a command sets: `serve.model` for
/// `--model` of `serve`, or else the one that has the flag for all commands.
#[must_use]
pub fn key_of_flag(command: &str, flag: &str) -> Option<&'static Key> {
    let words = flag.trim_start_matches('-').replace('-', "_");
    let general = |key: &&Key| {
        key.flag == Some(flag) && !OWN_FLAGS.iter().any(|own| key.name.starts_with(own))
    };
    let own = |section: &str| Key::named(&format!("{section}.{words}"));
    // `alerts test --alertmanager` is a server, not the way in which it is configured.
    let proof = (command == "alerts").then(|| own("proof")).flatten();
    proof
        .or_else(|| own(command))
        .or_else(|| KEYS.iter().find(general))
}

const fn key(
    name: &'static str,
    kind: Kind,
    default: Option<&'static str>,
    flag: Option<&'static str>,
    help: &'static str,
) -> Key {
    Key {
        name,
        kind,
        default,
        flag,
        help,
    }
}

/// Every setting, in the order of `config show`. Beside these there are the tables
/// `[drift.thresholds.FEATURE]` with all that warns and fails.
pub static KEYS: &[Key] = &with_thresholds();

const fn with_thresholds() -> [Key; BEFORE.len() + Thresholds::ALL.len() + AFTER.len()] {
    let (first, thresholds) = (BEFORE.len(), Thresholds::ALL.len());
    let mut keys = [BEFORE[0]; BEFORE.len() + Thresholds::ALL.len() + AFTER.len()];
    let mut at = 0;
    while at < keys.len() {
        keys[at] = if at < first {
            BEFORE[at]
        } else if at < first + thresholds {
            let one = Thresholds::ALL[at - first];
            key(
                one.setting,
                Kind::Number,
                Some(one.default),
                None,
                one.meaning,
            )
        } else {
            AFTER[at - first - thresholds]
        };
        at += 1;
    }
    keys
}

/// The settings before the thresholds of alerts.
#[rustfmt::skip]
const BEFORE: &[Key] = &[
    key("model", Kind::Text, Some("churn"), Some("--model"), "name of the model, the label `model` of the metrics"),
    key("data.score", Kind::Text, None, Some("--score"), "column with the model's score"),
    key("data.label", Kind::Text, None, Some("--label"), "column with the label"),
    key("data.positive", Kind::Text, None, Some("--positive"), "value of the label that means churned"),
    key("data.delimiter", Kind::Text, Some(","), Some("--delimiter"), "character between the fields of a CSV line; `tab` for a tab"),
    key("data.k_anonymous", Kind::Count, None, Some("--k-anonymous"), "rows that a text must have to stand in a profile or a model; unset for any"),
    key("data.null", Kind::List, None, Some("--null"), "texts that stand for missing values, beside the usual ones; numbers, too, such as -999"),
    key("data.threads", Kind::Count, None, Some("--threads"), "threads; unset for as many as there are cores"),
    key("database.connect_timeout", Kind::Text, Some("10s"), None, "PostgreSQL, MySQL, MariaDB, Spark Connect: longest time for a connection, with TLS and login"),
    key("database.first_byte_timeout", Kind::Text, Some("10m"), None, "longest time from a statement to its first row"),
    key("database.idle_timeout", Kind::Text, Some("5m"), None, "longest time from one row to the next"),
    key("database.total_timeout", Kind::Text, Some("2h"), None, "longest time for all that is read over one connection"),
    key("object_store.connect_timeout", Kind::Text, Some("5s"), None, "S3, Google Cloud Storage, Azure: longest time for a connection"),
    key("object_store.first_byte_timeout", Kind::Text, Some("15s"), None, "longest time from a request to the first byte of its answer"),
    key("object_store.idle_timeout", Kind::Text, Some("15s"), None, "longest time without a byte; an answer slower than 64 KiB/s may wait so long in all"),
    key("object_store.total_timeout", Kind::Text, Some("2h"), None, "longest time to wait for one answer in all"),
    key("http.connect_timeout", Kind::Text, Some("5s"), None, "Pushgateway, Prometheus, Alertmanager, MLflow, collector, Kubernetes: longest time for a connection"),
    key("http.first_byte_timeout", Kind::Text, Some("30s"), None, "longest time from a request to the head of its answer"),
    key("http.idle_timeout", Kind::Text, Some("30s"), None, "longest time without a byte, before an answer or within it"),
    key("http.total_timeout", Kind::Text, Some("10s"), None, "longest time for one attempt, where push.timeout, mlflow.deadline or a command's own --deadline doesn't say otherwise"),
    key("columns.label", Kind::List, Some("churn_label,churn"), None, "columns that are taken for the label"),
    key("columns.id", Kind::List, Some("user_id,request_id,model_version,predicted_class"), Some("--id"), "columns that are taken for ids"),
    key("columns.date", Kind::List, Some("as_of_date,signup_date,snapshot_date,predicted_at"), None, "columns that are taken for dates"),
    key("columns.score", Kind::List, Some("churn_risk"), None, "columns that are taken for the model's score"),
    key("columns.exclude", Kind::List, Some(""), Some("--exclude"), "columns that are not features"),
    key("columns.categorical", Kind::List, Some(""), Some("--categorical"), "columns that hold categories, even if they look like numbers"),
    key("mlflow.tracking_uri", Kind::Text, None, Some("--tracking-uri"), "URL of the MLflow tracking server, unset or `none` for no tracking; MLFLOW_TRACKING_URI counts, too"),
    key("mlflow.experiment", Kind::Text, Some("churn"), Some("--experiment"), "MLflow experiment of the runs; MLFLOW_EXPERIMENT_NAME counts, too"),
    key("mlflow.spool", Kind::Text, None, None, "folder where runs wait that the tracking server does not have yet; unset for `mlflow` in train.artifacts"),
    key("mlflow.deadline", Kind::Text, Some("30s"), None, "longest time for one request to the tracking server with all its attempts"),
    key("mlflow.token_file", Kind::Text, None, None, "file with a bearer token; or MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"),
    key("mlflow.ca_file", Kind::Text, None, None, "PEM file with the certificates to trust, in place of the system's; MLFLOW_TRACKING_SERVER_CERT_PATH counts, too"),
    key("mlflow.plain_http", Kind::Text, Some("refuse"), None, "whether credentials may go to another machine unencrypted: refuse or allow"),
    key("drift.baseline", Kind::List, Some("data/features/training_dataset.csv"), Some("--baseline"), "baseline: a profile, files, folders or glob patterns"),
    key("drift.current", Kind::List, Some("data/features/user_features_daily.csv"), Some("--current"), "current data: a profile, files, folders or glob patterns"),
    key("drift.features", Kind::List, Some(""), Some("--features"), "columns to compare; empty for all that are features"),
    key("drift.time", Kind::Text, None, Some("--time"), "column with the time of each row, by which the current side is cut into windows"),
    key("drift.window", Kind::Text, None, Some("--window"), "length of a window: hours, days, weeks or months of the calendar; unset for 1d"),
    key("drift.every", Kind::Text, None, Some("--every"), "from the end of a window to that of the next; unset for the length of a window"),
    key("drift.time_zone", Kind::Text, Some("UTC"), Some("--time-zone"), "zone whose midnights and months windows begin at"),
    key("drift.against", Kind::Text, Some("baseline"), Some("--against"), "what each window is compared with: baseline, previous or trailing:N"),
    key("drift.last", Kind::Count, None, Some("--last"), "how many windows at the end are looked at; unset for all"),
    key("drift.report", Kind::Text, Some("artifacts/metrics/data_drift_latest.json"), Some("--report"), "JSON report; `none` writes none"),
    key("drift.html", Kind::Text, None, Some("--html"), "HTML report"),
    key("drift.markdown", Kind::Text, None, Some("--markdown"), "Markdown report"),
    key("drift.junit", Kind::Text, None, Some("--junit"), "JUnit report"),
    key("drift.verdict_file", Kind::Text, None, Some("--verdict-file"), "file for the verdict alone: OK, WARN, FAIL or TOO_FEW_ROWS"),
    key("drift.annotations", Kind::Text, None, Some("--annotations"), "GitHub annotations, the ten worst"),
    key("drift.termination_log", Kind::Text, Some("/dev/termination-log"), None, "where Kubernetes looks for a pod's last words; written only if it exists"),
    key("drift.metrics_file", Kind::Text, None, Some("--metrics-file"), "metrics in Prometheus' text format"),
    key("drift.push_gateway", Kind::Text, None, Some("--push-gateway"), "Pushgateway that a check pushes its metrics to"),
    key("drift.push_job", Kind::Text, Some("churn-drift"), None, "job under which a check pushes its metrics"),
    key("drift.watch", Kind::Text, None, Some("--watch"), "how often the check is repeated; unset for once"),
    key("drift.listen", Kind::Text, None, None, "address at which a repeated check shows its metrics and its report"),
    key("drift.warn_psi", Kind::Number, Some("0.1"), Some("--warn-psi"), "PSI from which a feature warns"),
    key("drift.fail_psi", Kind::Number, Some("0.25"), Some("--fail-psi"), "PSI from which a feature fails"),
    key("drift.warn_distance", Kind::Number, Some("0.05"), Some("--warn-distance"), "distance in standard deviations of the baseline from which a feature warns"),
    key("drift.fail_distance", Kind::Number, Some("0.5"), Some("--fail-distance"), "distance in standard deviations of the baseline from which a feature fails"),
    key("drift.warn_share_ratio", Kind::Number, Some("1.5"), None, "how many times as frequent, or as rare, a single value must have become to warn"),
    key("drift.fail_share_ratio", Kind::Number, Some("4"), None, "how many times as frequent, or as rare, a single value must have become to fail"),
    key("drift.warn_new_share", Kind::Number, Some("0.01"), None, "share of current values beyond the baseline's range or in its gaps from which a feature warns, and least share of a single value whose ratio warns"),
    key("drift.fail_new_share", Kind::Number, Some("0.1"), None, "share of current values beyond the baseline's range or in its gaps from which a feature fails, and least share of a single value whose ratio fails"),
    key("drift.min_rows", Kind::Count, Some("100"), Some("--min-rows"), "rows below which a side is too small to tell"),
    key("drift.fail_on", Kind::Text, Some("fail"), Some("--fail-on"), "verdict that ends with exit code 2: fail, warn or never"),
    key("drift.class_threshold", Kind::Number, Some("0.5"), Some("--class-threshold"), "score from which a row is classed as churned"),
    key("train.data", Kind::List, Some("data/features/training_dataset.csv"), None, "tables to train from"),
    key("train.time", Kind::Text, None, Some("--time"), "column with the time of each row; unset for the first of columns.date that the data have, `none` for a split by chance"),
    key("train.group", Kind::Text, None, Some("--group"), "column whose rows stay together in one split"),
    key("train.include", Kind::List, Some(""), Some("--include"), "columns to learn from although they look like identifiers or dates"),
    key("train.label_window", Kind::Text, Some("30d"), Some("--label-window"), "how long after its time a row's label is known"),
    key("train.seed", Kind::Count, Some("42"), Some("--seed"), "seed of everything random"),
    key("train.model", Kind::Text, Some("auto"), None, "learner: auto, logistic or trees"),
    key("train.preset", Kind::Text, None, Some("--preset"), "settings of a known system: python"),
    key("train.cost_fn", Kind::Number, None, Some("--cost-fn"), "cost of a missed churner"),
    key("train.cost_fp", Kind::Number, None, Some("--cost-fp"), "cost of a false alarm"),
    key("train.capacity", Kind::Count, None, Some("--capacity"), "rows that can be acted upon, of as many as the test split has"),
    key("train.min_precision", Kind::Number, None, Some("--min-precision"), "lowest precision of the class"),
    key("train.promote", Kind::Text, Some("if-better"), Some("--promote"), "whether the candidate goes into production: if-better, always or never"),
    key("train.artifacts", Kind::Text, Some("artifacts"), Some("--artifacts"), "folder for models, metrics and the registry"),
    key("train.html", Kind::Text, None, None, "HTML report of a training"),
    key("push.gateway", Kind::Text, None, Some("--gateway"), "Pushgateway"),
    key("push.username", Kind::Text, None, None, "user of the Pushgateway"),
    key("push.password_file", Kind::Text, None, None, "file with the password; or CHURNCTL_PUSH_PASSWORD"),
    key("push.token_file", Kind::Text, None, None, "file with a bearer token; or CHURNCTL_PUSH_TOKEN"),
    key("push.ca_file", Kind::Text, None, None, "PEM file with the certificates to trust, in place of the system's"),
    key("push.client_cert", Kind::Text, None, None, "PEM file with the certificate by which the gateway knows us"),
    key("push.client_key", Kind::Text, None, None, "PEM file with its key"),
    key("push.plain_http", Kind::Text, Some("refuse"), None, "whether credentials may go to another machine unencrypted: refuse or allow"),
    key("push.compression", Kind::Text, Some("none"), None, "how pushes are packed: none or gzip"),
    key("push.timeout", Kind::Text, Some("10s"), None, "longest time for one attempt"),
    key("push.deadline", Kind::Text, Some("30s"), None, "longest time for all attempts and the pauses between them"),
    key("sign.key", Kind::Text, None, Some("--sign-key"), "PEM file with the private key that signs models, profiles and reports: PKCS#8, Ed25519 or ECDSA P-256"),
    key("sign.key_command", Kind::Text, None, Some("--sign-key-command"), "command that signs where the key is not a file: what is to be signed on its standard input, the signature on its standard output"),
    key("sign.public_key", Kind::Text, None, Some("--sign-public-key"), "PEM file with the public key of sign.key_command"),
    key("sign.deadline", Kind::Text, Some("30s"), None, "how long sign.key_command may take"),
    key("serve.preset", Kind::Text, None, None, "settings of a known platform: sagemaker"),
    key("serve.listen", Kind::Text, Some("127.0.0.1:8000"), Some("--listen"), "host and port of the API; port 0 for any that is free"),
    key("serve.admin_listen", Kind::Text, None, Some("--admin-listen"), "host and port of /metrics and /admin/reload, to have them apart"),
    key("serve.threshold", Kind::Number, None, None, "score from which a customer is classed as churned, instead of the model's own"),
    key("serve.model", Kind::Text, Some("artifacts/models/production_latest.json"), None, "model artifact to serve"),
    key("serve.require_signature", Kind::List, Some(""), Some("--require-signature"), "PEM files with public keys; set, only models are loaded that one of them has signed"),
    key("serve.poll", Kind::Text, Some("10s"), Some("--poll"), "how often the model's file, or the alias in MLflow, is looked at; `none` for never"),
    key("serve.unknown_category", Kind::Text, Some("other"), Some("--unknown-category"), "what becomes of categories that training never saw: other or reject"),
    key("serve.classes", Kind::List, Some("churn,stay"), None, "words for the two classes, churned first"),
    key("serve.batch_rows", Kind::Count, Some("10000"), None, "most rows of a batch that is not streamed"),
    key("serve.body_bytes", Kind::Count, Some("1048576"), None, "largest body, or line of a stream, in bytes"),
    key("serve.connections", Kind::Count, Some("1024"), None, "most open connections; for a further one the longest idle is closed"),
    key("serve.connections_per_peer", Kind::Count, None, None, "most open connections of one address, or one /64 of IPv6; unset for three quarters of serve.connections, which leaves a proxy its own and others some"),
    key("serve.concurrency", Kind::Count, Some("256"), None, "most requests that score at once; further ones get a 503"),
    key("serve.header_timeout", Kind::Text, Some("5s"), None, "longest time for the head of a request"),
    key("serve.request_timeout", Kind::Text, Some("10s"), None, "longest time for a request, and for a line of a stream"),
    key("serve.keep_alive", Kind::Text, Some("75s"), None, "longest time that a connection may be quiet"),
    key("serve.drain_delay", Kind::Text, Some("0s"), Some("--drain-delay"), "how long to go on after SIGTERM, not ready, until nobody sends requests any more"),
    key("serve.drain_timeout", Kind::Text, Some("25s"), Some("--drain-timeout"), "longest time from SIGTERM to the end"),
    key("serve.threads", Kind::Count, None, None, "threads that answer; unset for two, or one on one core"),
    key("serve.token_file", Kind::Text, None, Some("--token-file"), "file with the bearer token that requests must have"),
    key("serve.tls_cert", Kind::Text, None, Some("--tls-cert"), "PEM file with the certificate, for TLS"),
    key("serve.tls_key", Kind::Text, None, Some("--tls-key"), "PEM file with its key"),
    key("serve.latency_buckets", Kind::List, Some("0.0001,0.00025,0.0005,0.001,0.0025,0.005,0.01,0.025,0.05,0.1,0.25,0.5,1,2.5,5,10"), None, "upper limits of the latency's buckets, in seconds"),
    key("serve.access_log", Kind::Text, Some("errors"), Some("--access-log"), "which requests are logged: errors, all or none"),
    key("serve.otlp_endpoint", Kind::Text, None, Some("--otlp-endpoint"), "URL of a collector that takes spans as OTLP over HTTP"),
    key("serve.log_dir", Kind::Text, None, Some("--log-dir"), "folder of the prediction log; unset for none"),
    key("serve.log_files", Kind::Text, Some("csv"), Some("--log-files"), "how predictions are written: csv or ndjson"),
    key("serve.log_durability", Kind::Text, Some("interval"), Some("--log-durability"), "when the disk has a prediction: none, interval (within a second) or fsync (before the answer)"),
    key("serve.log_rotate_bytes", Kind::Count, Some("67108864"), None, "size at which a file of the log is closed"),
    key("serve.log_rotate_after", Kind::Text, Some("1h"), None, "age at which a file of the log is closed"),
    key("serve.log_retention", Kind::Text, Some("none"), None, "age at which a file of the log is deleted; `none` to keep all"),
    key("serve.log_upload", Kind::Text, None, Some("--log-upload"), "folder of an object store that closed files of the log are uploaded to"),
    key("serve.log_sample", Kind::Number, Some("1"), Some("--log-sample"), "share of predictions that are kept"),
    key("serve.log_queue", Kind::Count, Some("10000"), None, "predictions that may wait to be kept; further ones are dropped"),
    key("score.data", Kind::List, Some("data/features/user_features_daily.csv"), None, "tables to score"),
    key("score.threshold", Kind::Number, None, None, "score from which a row is classed as churned, instead of the model's own"),
    key("score.model", Kind::Text, Some("artifacts/models/production_latest.json"), None, "model artifact to score with"),
    key("proof.rules", Kind::List, Some("k8s"), None, "files and folders with rules, their cases, and Alertmanager's configuration"),
    key("proof.scrape_interval", Kind::Text, None, None, "time between two scrapes; 30s is assumed, and what rests on it is a warning"),
    key("proof.retention", Kind::Text, None, None, "how long Prometheus keeps samples; 15d is assumed, and what rests on it is a warning"),
    key("proof.min_coverage", Kind::Number, Some("0"), None, "least coverage of the unit cases, in percent"),
    key("proof.min_mutation", Kind::Number, Some("0"), None, "least share of altered rules that some case notices, in percent"),
    key("proof.prometheus", Kind::Text, None, None, "URL of Prometheus"),
    key("proof.alertmanager", Kind::Text, None, None, "URL of Alertmanager"),
    key("proof.token_file", Kind::Text, None, None, "file with a bearer token for Prometheus and Alertmanager"),
    key("proof.ca_file", Kind::Text, None, None, "PEM file with the certificates to trust, in place of the system's"),
    key("k8s.profile", Kind::Text, Some("prod"), Some("--profile"), "prod, or dev: one small replica, a volume for one node"),
    key("k8s.parts", Kind::List, Some("api,jobs,hook,pushgateway,monitoring,dashboards,seed-model"), Some("--parts"), "what is rendered; beside these: profile-shards, drift-exporter, kserve, argocd, argo-events, helm-values, kfp, external-secrets"),
    key("k8s.namespace", Kind::Text, Some("churn-mlops"), Some("--namespace"), "namespace"),
    key("k8s.monitoring_namespace", Kind::Text, Some("monitoring"), Some("--monitoring-namespace"), "namespace that Prometheus runs in"),
    key("k8s.release", Kind::Text, Some("prometheus"), None, "label `release` by which Prometheus selects monitors and rules"),
    key("k8s.image", Kind::Text, Some("registry.example.com/churnctl"), None, "image, without tag and digest"),
    key("k8s.image_digest", Kind::Text, Some("sha256:0000000000000000000000000000000000000000000000000000000000000000"), None, "digest of the image; the default is none that exists"),
    key("k8s.image_pull_secret", Kind::Text, None, None, "Secret for pulling images"),
    key("k8s.pushgateway_image", Kind::Text, Some("prom/pushgateway@sha256:03738d278e082ee9821df730c741b3b465c251fc2b68a85883def301a55a6215"), None, "image of the Pushgateway, by digest (1.11.1)"),
    key("k8s.user", Kind::Count, Some("65532"), None, "user and group that everything runs as"),
    key("k8s.iam_role", Kind::Text, None, None, "role on AWS for the ServiceAccounts of API and jobs"),
    key("k8s.node_selector", Kind::List, Some(""), None, "labels of the nodes that pods go to, key=value"),
    key("k8s.api_name", Kind::Text, Some("churn-api"), None, "Deployment and Service of the API"),
    key("k8s.replicas", Kind::Count, Some("2"), None, "replicas of the API; the fewest with an autoscaler"),
    key("k8s.max_replicas", Kind::Count, Some("6"), None, "most replicas of the API; no more than k8s.replicas for no autoscaler"),
    key("k8s.hpa_cpu_percent", Kind::Count, Some("70"), None, "CPU use in percent of the request that the autoscaler aims at"),
    key("k8s.api_cpu_request", Kind::Text, Some("100m"), None, "CPU that is set aside for a replica of the API"),
    key("k8s.api_cpu_limit", Kind::Text, Some("1"), None, "CPU that a replica of the API may use"),
    key("k8s.api_memory_request", Kind::Text, Some("64Mi"), None, "memory that is set aside for a replica of the API"),
    key("k8s.api_memory_limit", Kind::Text, Some("256Mi"), None, "memory that a replica of the API may use"),
    key("k8s.job_cpu_request", Kind::Text, Some("250m"), None, "CPU that is set aside for a job"),
    key("k8s.job_cpu_limit", Kind::Text, Some("2"), None, "CPU that a job may use"),
    key("k8s.job_memory_request", Kind::Text, Some("256Mi"), None, "memory that is set aside for a job"),
    key("k8s.job_memory_limit", Kind::Text, Some("1Gi"), None, "memory that a job may use"),
    key("k8s.storage", Kind::Text, Some("10Gi"), None, "size of the volume"),
    key("k8s.storage_class", Kind::Text, None, None, "storage class; unset for the cluster's default"),
    key("k8s.access_mode", Kind::Text, Some("ReadWriteOnce"), None, "access mode of the volume: ReadWriteOnce, which every cluster has and which keeps its pods on one node, or ReadWriteMany"),
    key("k8s.data_path", Kind::Text, Some("/srv/churn"), None, "where the volume is mounted and the program runs"),
    key("k8s.timezone", Kind::Text, Some("Etc/UTC"), None, "time zone of the schedules"),
    key("k8s.drift_cronjob", Kind::Text, Some("churn-drift-daily"), None, "CronJob that checks for drift"),
    key("k8s.retrain_cronjob", Kind::Text, Some("churn-retrain-weekly"), Some("--from"), "CronJob that retrains"),
    key("k8s.score_cronjob", Kind::Text, Some("churn-batch-score"), None, "CronJob that scores"),
    key("k8s.drift_schedule", Kind::Text, Some("0 1 * * *"), None, "when drift is checked"),
    key("k8s.retrain_schedule", Kind::Text, Some("0 3 * * 0"), None, "when the model is trained again"),
    key("k8s.score_schedule", Kind::Text, Some("0 2 * * *"), None, "when batch scores are made"),
    key("k8s.suspend", Kind::List, Some(""), None, "CronJobs that are suspended"),
    key("k8s.job_ttl_seconds", Kind::Count, Some("259200"), None, "seconds before an ended Job is removed"),
    key("k8s.job_deadline_seconds", Kind::Count, Some("7200"), None, "most seconds that a job may run"),
    key("k8s.job_egress_ports", Kind::List, Some("443"), None, "ports that jobs may reach beside those of the addresses in the settings"),
    key("k8s.shard_data", Kind::Text, Some("data/features/user_features_daily.csv"), None, "data whose profile is made by shards"),
    key("k8s.shards", Kind::Count, Some("8"), None, "pods that share making that profile"),
    key("k8s.api_auth", Kind::Text, Some("token"), None, "what requests to the API must have: token, or none for everybody who reaches it"),
    key("k8s.api_secret", Kind::Text, Some("churn-api-token"), None, "Secret with the token of the API"),
    key("k8s.admission_policy", Kind::Text, Some("yes"), None, "whether a ValidatingAdmissionPolicy pins what the hook may create to the CronJob: yes, or no before Kubernetes 1.30"),
    key("k8s.hook_secret", Kind::Text, Some("churn-retrain-hook"), None, "Secret with the token of the retrain hook"),
    key("k8s.sign_secret", Kind::Text, None, None, "Secret with the private key, `sign.key`, that signs the models which the jobs train"),
    key("k8s.kserve_storage_uri", Kind::Text, Some("pvc://churn-mlops-pvc/artifacts/models"), None, "where KServe finds the model"),
    key("k8s.argocd_repository", Kind::Text, Some("https://git.example.com/churn-mlops.git"), None, "repository that Argo CD deploys from"),
    key("k8s.aws_region", Kind::Text, Some("eu-central-1"), None, "region on AWS, of Secrets Manager and of EC2 instances"),
    key("k8s.aws_secret", Kind::Text, Some("churn-mlops"), None, "secret in AWS Secrets Manager that External Secrets reads"),
    key("alerts.disable", Kind::List, Some(""), None, "rules that are off"),
    key("alerts.enable", Kind::List, Some(""), None, "rules that are on though off by default: TestAlert"),
    key("alerts.for", Kind::List, Some(""), None, "how long a rule must hold, in place of its own: NAME=10m"),
    key("alerts.runbook_base", Kind::Text, Some("https://runbooks.example.com/churnctl"), None, "where docs/runbooks/ is published; the alert's name is put behind it"),
    key("alerts.node_exporter_job", Kind::Text, Some("node-exporter"), None, "label `job` of node-exporter"),
    key("alerts.kube_state_metrics_job", Kind::Text, Some("kube-state-metrics"), None, "label `job` of kube-state-metrics"),
    key("alerts.receivers", Kind::List, Some("slack,email"), None, "who is told: slack, email, pagerduty (critical only), webhook, watchdog (told by ChurnWatchdog that alerts still come)"),
    key("alerts.tell_retrain", Kind::Text, Some("yes"), None, "whether alerts that start a retrain are told to the receivers, too: yes or no"),
    key("alerts.alertmanager", Kind::Text, Some("config"), Some("--alertmanager"), "how Alertmanager is configured: an AlertmanagerConfig object (config) or its own Secret (secret)"),
    key("alerts.secret", Kind::Text, Some("churn-alerting"), None, "Secret with the receivers' secrets"),
    key("alerts.slack_channel", Kind::Text, Some("#ml-alerts"), None, "Slack channel"),
    key("alerts.email_to", Kind::Text, Some("ml-team@company.com"), None, "who gets mail"),
    key("alerts.email_from", Kind::Text, Some("alerts@company.com"), None, "sender of mail, and user at the mail server"),
    key("alerts.smarthost", Kind::Text, Some("smtp.gmail.com:587"), None, "mail server with port"),
    key("alerts.group_wait", Kind::Text, Some("30s"), None, "wait for more alerts of a new group"),
    key("alerts.group_interval", Kind::Text, Some("5m"), None, "wait before a group that grew is told again"),
    key("alerts.repeat_interval", Kind::Text, Some("4h"), None, "wait before a group that still fires is told again"),
];

/// The settings after the thresholds of alerts.
#[rustfmt::skip]
const AFTER: &[Key] = &[
    key("plain.discovery", Kind::Text, Some("static"), None, "how Prometheus without the Operator finds targets: static, file, dns, ec2 or kubernetes"),
    key("plain.interval", Kind::Text, Some("15s"), None, "how often targets are scraped and rules evaluated"),
    key("plain.api_targets", Kind::List, Some("localhost:8000"), None, "hosts and ports of the API"),
    key("plain.pushgateway_targets", Kind::List, Some("localhost:9091"), None, "hosts and ports of the Pushgateway"),
    key("plain.node_targets", Kind::List, Some("localhost:9100"), None, "hosts and ports of node-exporter; empty for none"),
    key("plain.state_metrics_targets", Kind::List, Some(""), None, "hosts and ports of kube-state-metrics; empty for none"),
    key("plain.alertmanager_targets", Kind::List, Some("localhost:9093"), None, "hosts and ports of Alertmanager"),
    key("plain.hook_url", Kind::Text, Some("http://localhost:8080/alertmanager"), None, "webhook that starts a retrain"),
    key("plain.secrets_folder", Kind::Text, Some("/etc/alertmanager/secrets"), None, "folder of files with the receivers' secrets"),
    key("cluster.context", Kind::Text, None, Some("--context"), "context of the kubeconfig; unset for the current one, or the cluster that a pod runs in"),
    key("cluster.deadline", Kind::Text, Some("60s"), None, "how long to bear with an API server that gives no good answer"),
    key("retrain.cooldown", Kind::Text, Some("6h"), Some("--cooldown"), "how long after the start of a retrain no other starts"),
    key("retrain.lease", Kind::Text, Some("churnctl-retrain"), None, "Lease that remembers what was started"),
    key("retrain.listen", Kind::Text, Some("127.0.0.1:8080"), None, "where the alert webhook listens"),
    key("retrain.token_file", Kind::Text, None, None, "file with the bearer token of the alert webhook"),
    key("retrain.tls_cert", Kind::Text, None, None, "PEM file with the certificate of the alert webhook"),
    key("retrain.tls_key", Kind::Text, None, None, "PEM file with its key"),
    key("retrain.client_ca", Kind::Text, None, Some("--client-ca"), "PEM file with the certificates that have signed those of clients"),
    key("retrain.max_alert_age", Kind::Text, Some("7d"), Some("--max-alert-age"), "how long ago an alert may have begun"),
    key("retrain.alerts", Kind::List, Some("ModelDataDrift,ModelConceptDrift"), Some("--alerts"), "alerts that may start a retrain"),
    key("retrain.max_per_day", Kind::Count, Some("4"), Some("--max-per-day"), "starts by alert within 24 hours after which no more follow"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environment_names_follow_from_the_dotted_names() {
        let key = Key::named("drift.warn_psi").expect("a known key");
        assert_eq!(key.env_name(), "CHURNCTL_DRIFT_WARN_PSI");
    }

    #[test]
    fn names_flags_and_environment_names_are_unique() {
        for (at, one) in KEYS.iter().enumerate() {
            for other in &KEYS[at + 1..] {
                assert_ne!(one.name, other.name);
                assert_ne!(one.env_name(), other.env_name());
                let own = |key: &Key| OWN_FLAGS.iter().any(|own| key.name.starts_with(own));
                let same = one.flag.is_some() && one.flag == other.flag;
                assert!(!same || own(one) || own(other), "{}", one.name);
            }
        }
    }
}
