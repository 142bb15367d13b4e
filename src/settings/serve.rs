//! The settings of the prediction API, see `serve.*`: typed and checked.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::layers::{Layers, Origin};
use super::values::{Probability, Span, Wait};
use crate::error::{Error, Result};

/// The settings of the prediction API. Words are checked by whom they are for.
#[derive(Debug, Clone)]
pub struct ServeSettings {
    /// Host and port.
    pub listen: String,
    /// Host and port of metrics and reload, if they are apart.
    pub admin_listen: Option<String>,
    /// Model artifact.
    pub model: PathBuf,
    /// Score from which a customer is classed as churned, if not the model's.
    pub threshold: Option<Probability>,
    /// Files with the keys of which one must have signed the model; empty for any model.
    pub require_signature: Vec<PathBuf>,
    /// How often its file is looked at; zero for never.
    pub poll: Wait,
    /// What becomes of unknown categories.
    pub unknown_category: String,
    /// Words for the two classes, churned first.
    pub classes: [String; 2],
    /// Most rows of an array.
    pub batch_rows: NonZeroUsize,
    /// Largest body in bytes.
    pub body_bytes: NonZeroUsize,
    /// Most connections.
    pub connections: NonZeroUsize,
    /// Most connections of one peer, if set.
    pub connections_per_peer: Option<NonZeroUsize>,
    /// Most requests that score at once.
    pub concurrency: NonZeroUsize,
    /// From the first byte of a head to its last.
    pub header_timeout: Span,
    /// From a head to its answer.
    pub request_timeout: Span,
    /// Quiet time between requests.
    pub keep_alive: Span,
    /// How long to go on after SIGTERM.
    pub drain_delay: Wait,
    /// From SIGTERM to the end.
    pub drain_timeout: Span,
    /// Threads that answer, if set.
    pub threads: Option<NonZeroUsize>,
    /// File with the token that requests must bear, if any.
    pub token_file: Option<PathBuf>,
    /// Certificate for TLS, if wanted.
    pub tls_cert: Option<PathBuf>,
    /// Its key.
    pub tls_key: Option<PathBuf>,
    /// Upper limits of the latency's buckets, in seconds, rising.
    pub latency_buckets: Vec<f64>,
    /// Which requests are logged.
    pub access_log: String,
    /// Where spans go, if anywhere.
    pub otlp_endpoint: Option<String>,
    /// The prediction log.
    pub log: PredictionLogSettings,
}

/// The settings of the prediction log, see `serve.log_*`.
#[derive(Debug, Clone)]
pub struct PredictionLogSettings {
    /// Folder, if predictions are kept.
    pub folder: Option<PathBuf>,
    /// How predictions are written.
    pub format: String,
    /// When an answer may be sent.
    pub durability: String,
    /// Size at which a file is closed.
    pub rotate_bytes: u64,
    /// Age at which a file is closed.
    pub rotate_after: Span,
    /// Age at which a file is deleted; zero for never.
    pub retention: Wait,
    /// Folder of an object store that takes closed files, if any.
    pub upload: Option<String>,
    /// Share that is kept.
    pub sample: Probability,
    /// Rows that may wait.
    pub queue: NonZeroUsize,
}

pub(super) fn resolve(layers: &Layers) -> Result<ServeSettings> {
    let preset = Preset::of(layers)?;
    let settings = ServeSettings {
        listen: preset.or(layers.required("serve.listen")?, "0.0.0.0:8080"),
        admin_listen: layers.optional("serve.admin_listen")?.0,
        model: preset.or(layers.required::<PathBuf>("serve.model")?, "/opt/ml/model"),
        threshold: layers.optional("serve.threshold")?.0,
        require_signature: layers
            .list("serve.require_signature")?
            .into_iter()
            .map(PathBuf::from)
            .collect(),
        poll: layers.required("serve.poll")?.0,
        unknown_category: layers.required("serve.unknown_category")?.0,
        classes: classes(layers)?,
        batch_rows: layers.required("serve.batch_rows")?.0,
        body_bytes: layers.required("serve.body_bytes")?.0,
        connections: layers.required("serve.connections")?.0,
        connections_per_peer: layers.optional("serve.connections_per_peer")?.0,
        concurrency: layers.required("serve.concurrency")?.0,
        header_timeout: layers.required("serve.header_timeout")?.0,
        request_timeout: layers.required("serve.request_timeout")?.0,
        keep_alive: layers.required("serve.keep_alive")?.0,
        drain_delay: layers.required("serve.drain_delay")?.0,
        drain_timeout: layers.required("serve.drain_timeout")?.0,
        threads: layers.optional("serve.threads")?.0,
        token_file: layers.optional("serve.token_file")?.0,
        tls_cert: layers.optional("serve.tls_cert")?.0,
        tls_key: layers.optional("serve.tls_key")?.0,
        latency_buckets: buckets(layers)?,
        access_log: layers.required("serve.access_log")?.0,
        otlp_endpoint: layers.optional("serve.otlp_endpoint")?.0,
        log: PredictionLogSettings {
            folder: layers.optional("serve.log_dir")?.0,
            format: layers.required("serve.log_files")?.0,
            durability: layers.required("serve.log_durability")?.0,
            rotate_bytes: layers.required("serve.log_rotate_bytes")?.0,
            rotate_after: layers.required("serve.log_rotate_after")?.0,
            retention: layers.required("serve.log_retention")?.0,
            upload: layers.optional("serve.log_upload")?.0,
            sample: layers.required("serve.log_sample")?.0,
            queue: layers.required("serve.log_queue")?.0,
        },
    };
    let delay: Duration = settings.drain_delay.get();
    if delay >= settings.drain_timeout.get() {
        let (_, origin) = layers.required::<Wait>("serve.drain_delay")?;
        let why = "the delay is no shorter than serve.drain_timeout, which includes it";
        return Err(origin.refuse("serve.drain_delay", why));
    }
    Ok(settings)
}

/// What a known platform wants, where nobody has said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Preset {
    None,
    Sagemaker,
}

impl Preset {
    fn of(layers: &Layers) -> Result<Self> {
        let (word, origin) = layers.optional::<String>("serve.preset")?;
        match word.as_deref() {
            None => Ok(Self::None),
            Some("sagemaker") => Ok(Self::Sagemaker),
            Some(other) => {
                let why = format!("\"{other}\" is not a preset; there is sagemaker");
                Err(origin.refuse("serve.preset", &why))
            }
        }
    }

    fn or<T: From<&'static str>>(self, (value, origin): (T, Origin), sagemaker: &'static str) -> T {
        match (self, origin) {
            (Self::Sagemaker, Origin::Default) => T::from(sagemaker),
            _ => value,
        }
    }
}

fn classes(layers: &Layers) -> Result<[String; 2]> {
    let words = layers.list("serve.classes")?;
    let good = |word: &String| !word.is_empty() && word.len() <= 64;
    match <[String; 2]>::try_from(words) {
        Ok([churned, stayed]) if churned != stayed && good(&churned) && good(&stayed) => {
            Ok([churned, stayed])
        }
        Ok(_) | Err(_) => Err(refuse(
            layers,
            "serve.classes",
            "there must be two different words",
        )),
    }
}

fn buckets(layers: &Layers) -> Result<Vec<f64>> {
    let name = "serve.latency_buckets";
    let texts = layers.list(name)?;
    let numbers: Option<Vec<f64>> = texts.iter().map(|text| f64::from_str(text).ok()).collect();
    let rising = |numbers: &Vec<f64>| {
        (1..=100).contains(&numbers.len())
            && numbers
                .iter()
                .all(|number| number.is_finite() && *number > 0.0)
            && numbers.windows(2).all(|pair| pair[0] < pair[1])
    };
    numbers.filter(rising).ok_or_else(|| {
        refuse(
            layers,
            name,
            "these are not rising numbers of seconds, 100 at most",
        )
    })
}

fn refuse(layers: &Layers, name: &'static str, why: &str) -> Error {
    match super::Key::named(name) {
        Some(key) => layers.find(key).1.refuse(name, why),
        None => Error::bad_settings(why),
    }
}
