//! The settings of most sections. Those with rules of their own have their own file.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use super::section::section;
use super::values::{Delimiter, Percent, Probability, Span, Target, TrackingUri, Wait};

section! {
    /// What is the same for every command that reads tables, see `data.*`.
    DataSettings, "data.";
    score: Option<String>, "--score"
        => "column with the model's score";
    label: Option<String>, "--label"
        => "column with the label";
    positive: Option<String>, "--positive"
        => "value of the label that means churned";
    delimiter: Delimiter = ",", "--delimiter"
        => "character between the fields of a CSV line; `tab` for a tab";
    k_anonymous: Option<NonZeroUsize>, "--k-anonymous"
        => "rows that a text must have to stand in a profile or a model; unset for any";
    null: Vec<String>, "--null"
        => "texts that stand for missing values, beside the usual ones; numbers, too, such as -999";
    threads: Option<NonZeroUsize>, "--threads"
        => "threads; unset for as many as there are cores";
}

section! {
    /// Names by which columns are recognised, see `columns.*`.
    #[derive(PartialEq, Eq, Default)]
    ColumnSettings, "columns.";
    label: Vec<String> = "churn_label,churn"
        => "columns that are taken for the label";
    id: Vec<String> = "user_id,request_id,model_version,predicted_class", "--id"
        => "columns that are taken for ids";
    date: Vec<String> = "as_of_date,signup_date,snapshot_date,predicted_at"
        => "columns that are taken for dates";
    score: Vec<String> = "churn_risk"
        => "columns that are taken for the model's score";
    exclude: Vec<String> = "", "--exclude"
        => "columns that are not features";
    categorical: Vec<String> = "", "--categorical"
        => "columns that hold categories, even if they look like numbers";
}

section! {
    /// How MLflow's tracking server is spoken to, see `mlflow.*`.
    MlflowSettings, "mlflow.";
    tracking_uri: Option<TrackingUri>, "--tracking-uri"
        => "URL of the MLflow tracking server, unset or `none` for no tracking; MLFLOW_TRACKING_URI counts, too";
    experiment: String = "churn", "--experiment"
        => "MLflow experiment of the runs; MLFLOW_EXPERIMENT_NAME counts, too";
    spool: Option<PathBuf>
        => "folder where runs wait that the tracking server does not have yet; unset for `mlflow` in train.artifacts";
    deadline: Span = "30s"
        => "longest time for one request to the tracking server with all its attempts";
    token_file: Option<PathBuf>
        => "file with a bearer token; or MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD";
    ca_file: Option<PathBuf>
        => "PEM file with the certificates to trust, in place of the system's; MLFLOW_TRACKING_SERVER_CERT_PATH counts, too";
    plain_http: String = "refuse"
        => "whether credentials may go to another machine unencrypted: refuse or allow" ["refuse" | "allow"];
}

section! {
    /// The settings of a training, see `train.*`. Words are checked by whom they are for.
    TrainSettings, "train.";
    data: Vec<String> = "data/features/training_dataset.csv"
        => "tables to train from";
    time: Option<String>, "--time"
        => "column with the time of each row; unset for the first of columns.date that the data have, `none` for a split by chance";
    group: Option<String>, "--group"
        => "column whose rows stay together in one split";
    include: Vec<String> = "", "--include"
        => "columns to learn from although they look like identifiers or dates";
    label_window: String = "30d", "--label-window"
        => "how long after its time a row's label is known";
    seed: u64 = "42", "--seed"
        => "seed of everything random";
    model: String = "auto"
        => "learner: auto, logistic or trees" ["auto" | "logistic" | "trees"];
    preset: Option<String>, "--preset"
        => "settings of a known system: python" ["python"];
    cost_fn: Option<f64>, "--cost-fn"
        => "cost of a missed churner";
    cost_fp: Option<f64>, "--cost-fp"
        => "cost of a false alarm";
    capacity: Option<u64>, "--capacity"
        => "rows that can be acted upon, of as many as the test split has";
    min_precision: Option<f64>, "--min-precision"
        => "lowest precision of the class";
    promote: String = "if-better", "--promote"
        => "whether the candidate goes into production: if-better, always or never" ["if-better" | "always" | "never"];
    artifacts: PathBuf = "artifacts", "--artifacts"
        => "folder for models, metrics and the registry";
    html: Option<Target>
        => "HTML report of a training";
}

section! {
    /// How the Pushgateway is spoken to, see `push.*`. Words are checked by whom they are for.
    PushSettings, "push.";
    gateway: Option<String>, "--gateway"
        => "Pushgateway";
    username: Option<String>
        => "user of the Pushgateway";
    password_file: Option<PathBuf>
        => "file with the password; or CHURNCTL_PUSH_PASSWORD";
    token_file: Option<PathBuf>
        => "file with a bearer token; or CHURNCTL_PUSH_TOKEN";
    ca_file: Option<PathBuf>
        => "PEM file with the certificates to trust, in place of the system's";
    client_cert: Option<PathBuf>
        => "PEM file with the certificate by which the gateway knows us";
    client_key: Option<PathBuf>
        => "PEM file with its key";
    plain_http: String = "refuse"
        => "whether credentials may go to another machine unencrypted: refuse or allow" ["refuse" | "allow"];
    compression: String = "none"
        => "how pushes are packed: none or gzip" ["none" | "gzip"];
    timeout: Span = "10s"
        => "longest time for one attempt";
    deadline: Span = "30s"
        => "longest time for all attempts and the pauses between them";
}

section! {
    /// With which key files are signed. Whether they fit together is checked by whom they are for.
    SignSettings, "sign.";
    key: Option<PathBuf>, "--sign-key"
        => "PEM file with the private key that signs models, profiles and reports: PKCS#8, Ed25519 or ECDSA P-256";
    key_command: Option<String>, "--sign-key-command"
        => "command that signs where the key is not a file: what is to be signed on its standard input, the signature on its standard output";
    public_key: Option<PathBuf>, "--sign-public-key"
        => "PEM file with the public key of sign.key_command";
    deadline: Span = "30s"
        => "how long sign.key_command may take";
}

section! {
    /// The settings of batch scores, see `score.*`.
    ScoreSettings, "score.";
    data: Vec<String> = "data/features/user_features_daily.csv"
        => "tables to score";
    threshold: Option<Probability>
        => "score from which a row is classed as churned, instead of the model's own";
    model: PathBuf = "artifacts/models/production_latest.json"
        => "model artifact to score with";
}

section! {
    /// The settings of lists, lint and tests of alerting rules.
    AlertsSettings, "proof.";
    rules: Vec<String> = "k8s"
        => "files and folders with rules, their cases, and Alertmanager's configuration";
    scrape_interval: Option<Span>
        => "time between two scrapes; 30s is assumed, and what rests on it is a warning";
    retention: Option<Span>
        => "how long Prometheus keeps samples; 15d is assumed, and what rests on it is a warning";
    min_coverage: Percent = "0"
        => "least coverage of the unit cases, in percent";
    min_mutation: Percent = "0"
        => "least share of altered rules that some case notices, in percent";
    prometheus: Option<String>
        => "URL of Prometheus";
    alertmanager: Option<String>
        => "URL of Alertmanager";
    token_file: Option<PathBuf>
        => "file with a bearer token for Prometheus and Alertmanager";
    ca_file: Option<PathBuf>
        => "PEM file with the certificates to trust, in place of the system's";
}

section! {
    /// Which cluster, see `cluster.*`; which namespace and which names is `k8s.*`.
    ClusterSettings, "cluster.";
    context: Option<String>, "--context"
        => "context of the kubeconfig; unset for the current one, or the cluster that a pod runs in";
    deadline: Span = "60s"
        => "how long to bear with an API server that gives no good answer";
}

section! {
    /// When and how to retrain, see `retrain.*`.
    RetrainSettings, "retrain.";
    cooldown: Wait = "6h", "--cooldown"
        => "how long after the start of a retrain no other starts";
    lease: String = "churnctl-retrain"
        => "Lease that remembers what was started";
    listen: String = "127.0.0.1:8080"
        => "where the alert webhook listens";
    token_file: Option<PathBuf>
        => "file with the bearer token of the alert webhook";
    tls_cert: Option<PathBuf>
        => "PEM file with the certificate of the alert webhook";
    tls_key: Option<PathBuf>
        => "PEM file with its key";
    client_ca: Option<PathBuf>, "--client-ca"
        => "PEM file with the certificates that have signed those of clients";
    max_alert_age: Wait = "7d", "--max-alert-age"
        => "how long ago an alert may have begun";
    alerts: Vec<String> = "ModelDataDrift,ModelConceptDrift", "--alerts"
        => "alerts that may start a retrain";
    max_per_day: u32 = "4", "--max-per-day"
        => "starts by alert within 24 hours after which no more follow";
}

impl MlflowSettings {
    /// Returns the URL of the tracking server, unless there is none.
    #[must_use]
    pub fn server(&self) -> Option<&str> {
        self.tracking_uri.as_ref().and_then(TrackingUri::url)
    }
}

impl TrainSettings {
    /// Returns the file of the HTML report, if it is wanted.
    #[must_use]
    pub fn page(&self) -> Option<PathBuf> {
        let target = self.html.as_ref();
        target.and_then(Target::path).map(PathBuf::from)
    }
}
