//! The settings of the prediction API and of its log, see `serve.*`.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use super::key::{Key, Kind};
use super::layers::{Layers, Origin};
use super::section::{Setting, section};
use super::values::{Probability, Span, Wait};
use crate::error::{Error, Result};

section! {
    /// The settings of the prediction API, see `serve.*`.
    ServeSettings, "serve.";
    preset: Option<String>
        => "settings of a known platform: sagemaker" ["sagemaker"];
    listen: String = "127.0.0.1:8000", "--listen"
        => "host and port of the API; port 0 for any that is free";
    admin_listen: Option<String>, "--admin-listen"
        => "host and port of /metrics and /admin/reload, to have them apart";
    threshold: Option<Probability>
        => "score from which a customer is classed as churned, instead of the model's own";
    model: PathBuf = "artifacts/models/production_latest.json"
        => "model artifact to serve";
    require_signature: Vec<PathBuf> = "", "--require-signature"
        => "PEM files with public keys; set, only models are loaded that one of them has signed";
    poll: Wait = "10s", "--poll"
        => "how often the model's file, or the alias in MLflow, is looked at; `none` for never";
    unknown_category: String = "other", "--unknown-category"
        => "what becomes of categories that training never saw: other or reject" ["other" | "reject"];
    classes: Classes = "churn,stay"
        => "words for the two classes, churned first";
    batch_rows: NonZeroUsize = "10000"
        => "most rows of a batch that is not streamed";
    body_bytes: NonZeroUsize = "1048576"
        => "largest body, or line of a stream, in bytes";
    connections: NonZeroUsize = "1024"
        => "most open connections; for a further one the longest idle is closed";
    connections_per_peer: Option<NonZeroUsize>
        => "most open connections of one address, or one /64 of IPv6; unset for three quarters of serve.connections, which leaves a proxy its own and others some";
    concurrency: NonZeroUsize = "256"
        => "most requests that score at once; further ones get a 503";
    header_timeout: Span = "5s"
        => "longest time for the head of a request";
    request_timeout: Span = "10s"
        => "longest time for a request, and for a line of a stream";
    keep_alive: Span = "75s"
        => "longest time that a connection may be quiet";
    drain_delay: Wait = "0s", "--drain-delay"
        => "how long to go on after SIGTERM, not ready, until nobody sends requests any more";
    drain_timeout: Span = "25s", "--drain-timeout"
        => "longest time from SIGTERM to the end";
    threads: Option<NonZeroUsize>
        => "threads that answer; unset for two, or one on one core";
    token_file: Option<PathBuf>, "--token-file"
        => "file with the bearer token that requests must have";
    tls_cert: Option<PathBuf>, "--tls-cert"
        => "PEM file with the certificate, for TLS";
    tls_key: Option<PathBuf>, "--tls-key"
        => "PEM file with its key";
    latency_buckets: LatencyBuckets = "0.0001,0.00025,0.0005,0.001,0.0025,0.005,0.01,0.025,0.05,0.1,0.25,0.5,1,2.5,5,10"
        => "upper limits of the latency's buckets, in seconds";
    access_log: String = "errors", "--access-log"
        => "which requests are logged: errors, all or none" ["errors" | "all" | "none"];
    otlp_endpoint: Option<String>, "--otlp-endpoint"
        => "URL of a collector that takes spans as OTLP over HTTP";
}

section! {
    /// The settings of the prediction log, see `serve.log_*`.
    PredictionLogSettings, "serve.log_";
    dir: Option<PathBuf>, "--log-dir"
        => "folder of the prediction log; unset for none";
    files: String = "csv", "--log-files"
        => "how predictions are written: csv or ndjson" ["csv" | "ndjson"];
    durability: String = "interval", "--log-durability"
        => "when the disk has a prediction: none, interval (within a second) or fsync (before the answer)" ["none" | "interval" | "fsync"];
    rotate_bytes: u64 = "67108864"
        => "size at which a file of the log is closed";
    rotate_after: Span = "1h"
        => "age at which a file of the log is closed";
    retention: Wait = "none"
        => "age at which a file of the log is deleted; `none` to keep all";
    upload: Option<String>, "--log-upload"
        => "folder of an object store that closed files of the log are uploaded to";
    sample: Probability = "1", "--log-sample"
        => "share of predictions that are kept";
    queue: NonZeroUsize = "10000"
        => "predictions that may wait to be kept; further ones are dropped";
}

pub(super) fn resolve(layers: &Layers) -> Result<ServeSettings> {
    let mut settings = ServeSettings::resolve(layers)?;
    if settings.preset.as_deref() == Some("sagemaker") {
        // What the platform wants, where nobody has said otherwise.
        if is_default(layers, "serve.listen") {
            "0.0.0.0:8080".clone_into(&mut settings.listen);
        }
        if is_default(layers, "serve.model") {
            settings.model = PathBuf::from("/opt/ml/model");
        }
    }
    if settings.drain_delay.get() >= settings.drain_timeout.get() {
        let why = "the delay is not shorter than serve.drain_timeout, which includes it";
        let origin = own("serve.drain_delay").map_or(Origin::Default, |key| layers.find(key).1);
        return Err(origin.refuse("serve.drain_delay", why));
    }
    Ok(settings)
}

/// Words for the two classes, churned first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classes(pub [String; 2]);

impl Setting for Classes {
    const KIND: Kind = Kind::List;

    fn read(layers: &Layers, key: &'static Key) -> Result<Self> {
        let good = |word: &String| !word.is_empty() && word.len() <= 64;
        match <[String; 2]>::try_from(layers.list_of(key)?) {
            Ok([churned, stayed]) if churned != stayed && good(&churned) && good(&stayed) => {
                Ok(Self([churned, stayed]))
            }
            Ok(_) | Err(_) => Err(refuse(layers, key, "there must be two different words")),
        }
    }
}

/// Upper limits of the latency's buckets, in seconds, rising.
#[derive(Debug, Clone, PartialEq)]
pub struct LatencyBuckets(pub Vec<f64>);

impl Setting for LatencyBuckets {
    const KIND: Kind = Kind::List;

    fn read(layers: &Layers, key: &'static Key) -> Result<Self> {
        let texts = layers.list_of(key)?;
        let numbers: Option<Vec<f64>> = texts.iter().map(|text| f64::from_str(text).ok()).collect();
        let rising = |numbers: &Vec<f64>| {
            (1..=100).contains(&numbers.len())
                && numbers
                    .iter()
                    .all(|number| number.is_finite() && *number > 0.0)
                && numbers.windows(2).all(|pair| pair[0] < pair[1])
        };
        numbers.filter(rising).map(Self).ok_or_else(|| {
            let why = "these are not rising numbers of seconds, 100 at most";
            refuse(layers, key, why)
        })
    }
}

fn refuse(layers: &Layers, key: &'static Key, why: &str) -> Error {
    layers.find(key).1.refuse(key.name, why)
}

/// Returns the setting of the section.
fn own(name: &str) -> Option<&'static Key> {
    ServeSettings::KEYS.iter().find(|key| key.name == name)
}

/// Returns whether nobody has set this.
fn is_default(layers: &Layers, name: &str) -> bool {
    own(name).is_none_or(|key| layers.find(key).1 == Origin::Default)
}
