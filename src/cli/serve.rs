//! The words of `churnctl serve`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use super::columns::checked;
use super::tracking::TrackingArgs;
use crate::settings::{Flags, Probability, Span, Wait};

const LISTENERS: &str = "Listeners";
const MODEL: &str = "Model";
const LOG: &str = "Prediction log";

pub(super) const EXAMPLES: &str = "\
Examples:
  # The model in production; a page to try it is at http://127.0.0.1:8000/
  churnctl serve

  # In a container: metrics and reload on a port of their own, predictions kept for `drift`
  churnctl serve --listen 0.0.0.0:8000 --admin-listen 0.0.0.0:9000 --log-dir data/predictions --drain-delay 5s

  # With a token and TLS; unknown categories are refused
  churnctl serve --token-file token --tls-cert tls.crt --tls-key tls.key --unknown-category reject

  # The model in production as MLflow knows it; a promotion is served within ten seconds
  churnctl serve --model models:/churn@champion --tracking-uri http://mlflow:5000

  # What drifted among the customers that were scored
  churnctl drift --baseline artifacts/models/production_latest.json --current data/predictions/ \\
    --time predicted_at --window 1d --last 7

Ask it:
  curl -H 'Content-Type: application/json' http://127.0.0.1:8000/predict -d '{\"user_id\": \"7590\", \"features\": {...}}'
  curl http://127.0.0.1:8000/openapi.json

SIGTERM and SIGINT end it: not ready any more, then what was begun is finished; a second one ends it
at once. SIGHUP looks at the model's file now.

Exit codes: 0 ended when it was told to, 64 wrong usage, 74 cannot listen, read or write, 78 bad
settings. A model that is missing or not sound is not an error: the server lives, is not ready, and
waits for a better one. `churnctl --help` lists all.
";

/// Serve predictions over HTTP
///
/// Takes customers as JSON, one or many, also in the protocols of KServe (V1, and V2, the Open
/// Inference Protocol), and answers with the probability of churn. Loads a new model when its file
/// changes, counts for Prometheus at /metrics, and keeps its predictions for `drift` if asked to.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct ServeArgs {
    /// Host and port of the API
    #[arg(long, value_name = "HOST:PORT", help_heading = LISTENERS)]
    listen: Option<String>,

    /// Host and port of /metrics and /admin/reload, to have them apart
    ///
    /// Without it /metrics is on the API's port, and /admin/reload, too, if a token guards it.
    #[arg(long, value_name = "HOST:PORT", help_heading = LISTENERS)]
    admin_listen: Option<String>,

    /// File with the bearer token that requests must have
    ///
    /// Read again when it changes. Probes and /metrics need none.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = LISTENERS)]
    token_file: Option<PathBuf>,

    /// PEM file with the certificate, for TLS on the API's port
    #[arg(long, value_name = "FILE", requires = "tls_key", value_hint = ValueHint::FilePath, help_heading = LISTENERS)]
    tls_cert: Option<PathBuf>,

    /// PEM file with its key
    #[arg(long, value_name = "FILE", requires = "tls_cert", value_hint = ValueHint::FilePath, help_heading = LISTENERS)]
    tls_key: Option<PathBuf>,

    /// How long to go on after SIGTERM, not ready, until nobody sends requests any more
    #[arg(long, value_name = "TIME", value_parser = checked::<Wait>, help_heading = LISTENERS)]
    drain_delay: Option<String>,

    /// Longest time from SIGTERM to the end
    #[arg(long, value_name = "TIME", value_parser = checked::<Span>, help_heading = LISTENERS)]
    drain_timeout: Option<String>,

    /// Which requests are logged on stderr
    #[arg(long, value_name = "WHICH", help_heading = LISTENERS)]
    access_log: Option<AccessArg>,

    /// URL of a collector that takes spans as OTLP over HTTP
    ///
    /// Such as http://127.0.0.1:4318/v1/traces. Only in builds with the feature `otel`.
    #[arg(long, value_name = "URL", help_heading = LISTENERS)]
    otlp_endpoint: Option<String>,

    /// Model artifact, a folder with one, or a model of MLflow: models:/NAME@ALIAS
    ///
    /// A model of MLflow is named by an alias or a version, models:/NAME/VERSION, or by its run,
    /// runs:/RUN. When the alias moves, the new model is loaded.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath, help_heading = MODEL)]
    model: Option<PathBuf>,

    /// PEM file with a public key; only a model is loaded that one of the keys has signed
    ///
    /// May be given several times. A model without a good signature beside it (MODEL.sig), or in the
    /// run of MLflow, is refused like a damaged one: the old model stays, or there is none. `churnctl
    /// sign` and `churnctl train --sign-key` sign.
    #[arg(long, value_name = "FILE", help_heading = MODEL, value_hint = ValueHint::FilePath)]
    require_signature: Option<Vec<String>>,

    /// Score from which a customer is classed as churned, 0 to 1, instead of the model's own
    ///
    /// Also for models that are loaded later.
    #[arg(long, value_name = "P", value_parser = checked::<Probability>, help_heading = MODEL)]
    threshold: Option<String>,

    /// Settings of a known platform: `sagemaker` is port 8080 and the model in /opt/ml/model
    ///
    /// What is set otherwise counts before it. CHURNCTL_SERVE_PRESET=sagemaker makes an image of
    /// `churnctl serve` one for SageMaker, which answers /ping and /invocations.
    #[arg(long, value_name = "PRESET", help_heading = LISTENERS)]
    preset: Option<PresetArg>,

    #[command(flatten)]
    tracking: TrackingArgs,

    /// How often the model's file, or the alias in MLflow, is looked at; none for never
    #[arg(long, value_name = "TIME", value_parser = checked::<Wait>, help_heading = MODEL)]
    poll: Option<String>,

    /// What becomes of categories that training never saw
    ///
    /// `other` scores them as the rare ones of training; `reject` refuses the request.
    #[arg(long, value_name = "HOW", help_heading = MODEL)]
    unknown_category: Option<UnknownArg>,

    /// Folder of the prediction log
    ///
    /// Inputs, score, class, model version and time of every prediction, as files that
    /// `churnctl drift --current DIR/` reads. Whoever may read them sees the customers' data:
    /// they are their owner's alone.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, help_heading = LOG)]
    log_dir: Option<PathBuf>,

    /// How the files of the log are written
    #[arg(long, value_name = "FORMAT", help_heading = LOG)]
    log_files: Option<LogFilesArg>,

    /// When the disk has a prediction: whenever, within a second, or before it is answered
    #[arg(long, value_name = "WHEN", help_heading = LOG)]
    log_durability: Option<DurabilityArg>,

    /// Folder of an object store that closed files of the log are uploaded to: s3://BUCKET/FOLDER/
    ///
    /// Each once, off the way of requests; what is not confirmed is tried again, also after a
    /// restart. `churnctl drift --current s3://BUCKET/FOLDER/` reads what is there. Keys come from
    /// the environment: AWS_ACCESS_KEY_ID and so on.
    #[arg(long, value_name = "ADDRESS", value_hint = ValueHint::Url, help_heading = LOG)]
    log_upload: Option<String>,

    /// Share of predictions that are kept, 0 to 1
    #[arg(long, value_name = "SHARE", value_parser = checked::<Probability>, help_heading = LOG)]
    log_sample: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum PresetArg {
    Sagemaker,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum UnknownArg {
    Other,
    Reject,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum AccessArg {
    Errors,
    All,
    None,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogFilesArg {
    Csv,
    Ndjson,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum DurabilityArg {
    None,
    Interval,
    Fsync,
}

/// Returns the word that clap knows a value by.
fn word<T: ValueEnum>(value: &T) -> Option<String> {
    let value = value.to_possible_value()?;
    Some(value.get_name().to_owned())
}

impl ServeArgs {
    pub(super) fn flags(&self) -> Flags {
        let mut flags = Flags::default();
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        flags.one("serve.listen", self.listen.as_ref());
        flags.one("serve.admin_listen", self.admin_listen.as_ref());
        flags.one("serve.token_file", path(&self.token_file));
        flags.one("serve.tls_cert", path(&self.tls_cert));
        flags.one("serve.tls_key", path(&self.tls_key));
        flags.one("serve.drain_delay", self.drain_delay.as_ref());
        flags.one("serve.drain_timeout", self.drain_timeout.as_ref());
        flags.one("serve.access_log", self.access_log.as_ref().and_then(word));
        flags.one("serve.otlp_endpoint", self.otlp_endpoint.as_ref());
        flags.one("serve.model", path(&self.model));
        flags.one("serve.threshold", self.threshold.as_ref());
        flags.many("serve.require_signature", self.require_signature.as_ref());
        flags.one("serve.preset", self.preset.as_ref().and_then(word));
        self.tracking.add_to(&mut flags);
        flags.one("serve.poll", self.poll.as_ref());
        flags.one(
            "serve.unknown_category",
            self.unknown_category.as_ref().and_then(word),
        );
        flags.one("serve.log_dir", path(&self.log_dir));
        flags.one("serve.log_files", self.log_files.as_ref().and_then(word));
        flags.one(
            "serve.log_durability",
            self.log_durability.as_ref().and_then(word),
        );
        flags.one("serve.log_upload", self.log_upload.as_ref());
        flags.one("serve.log_sample", self.log_sample.as_ref());
        flags
    }
}
