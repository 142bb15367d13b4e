//! What the API can be asked to do otherwise, settings applied. Where the values come from is
//! `settings/`'s affair.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use churn_base::error::Result;
use churn_model::artifact::Artifact;
use churn_trust::TrustedKeys;

/// What becomes of a category that training never saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownCategory {
    /// It counts as `other`, as in batch scores.
    Other,
    /// The request is refused.
    Reject,
}

/// Which requests are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessLog {
    /// Those with a status of 400 and more.
    Errors,
    /// All.
    All,
    /// None.
    None,
}

/// How predictions are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Fields between commas, below a header.
    Csv,
    /// A JSON object a line.
    Ndjson,
}

/// When an answer may be sent while its row is on its way to the prediction log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// At once; the kernel writes when it likes.
    None,
    /// At once; the disk has the row within a second.
    Interval,
    /// When the disk has the row.
    Fsync,
}

/// Where predictions are kept, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct LogOptions {
    /// Folder of the files.
    pub folder: PathBuf,
    /// How rows are written.
    pub format: LogFormat,
    /// When an answer may be sent.
    pub durability: Durability,
    /// Size at which a file is closed.
    pub rotate_bytes: u64,
    /// Age at which a file is closed.
    pub rotate_after: Duration,
    /// Age at which closed files are deleted; none to keep them.
    pub retention: Option<Duration>,
    /// Folder of an object store that takes closed files, if they are uploaded.
    pub upload: Option<String>,
    /// Share of predictions that are kept.
    pub sample: f64,
    /// Rows that may wait; further ones are dropped.
    pub queue: usize,
}

/// Makes the page at `/` of a model; none while there is no model.
pub type PageMaker = Arc<dyn Fn(Option<&Artifact>, &PageFacts) -> Result<String> + Send + Sync>;

/// What the page says beside the model.
#[derive(Debug, Clone, PartialEq)]
pub struct PageFacts {
    /// File of the model, as the user named it.
    pub path: String,
    /// Word for the class of the churned.
    pub positive: String,
    /// Word for the class of those who stay.
    pub negative: String,
}

/// Where a model comes from that is not a file of this machine.
pub trait ModelSource: Send + Sync {
    /// Returns a text that changes when the model does.
    ///
    /// # Errors
    /// As the source has it; the model at work then stays.
    fn mark(&self) -> Result<String>;

    /// Returns the model; if there are keys, only one that one of them has signed.
    ///
    /// # Errors
    /// As the source has it, and bad input (65) if the model is not sound or not signed.
    fn load(&self, keys: Option<&TrustedKeys>) -> Result<Artifact>;
}

/// What the API needs to know.
#[derive(Clone)]
pub struct Options {
    /// File of the model, or what the user calls its source.
    pub model: PathBuf,
    /// Where the model comes from if not from that file.
    pub source: Option<Arc<dyn ModelSource>>,
    /// Score from which a customer is classed as churned, if not the model's.
    pub threshold: Option<f64>,
    /// Files with the keys of which one must have signed the model; empty for any model.
    pub require_signature: Vec<PathBuf>,
    /// Name of the model while there is none.
    pub name: String,
    /// How often the file is looked at; none for never.
    pub poll: Option<Duration>,
    /// What becomes of unknown categories.
    pub unknown_category: UnknownCategory,
    /// Most rows of a batch that is not streamed.
    pub batch_rows: usize,
    /// Largest body, or line of a stream, in bytes.
    pub body_bytes: usize,
    /// Scoring requests that are answered at once; further ones are refused.
    pub concurrency: usize,
    /// How long a stream may take to send its next line.
    pub line_timeout: Duration,
    /// How long a request may take, see [`Limits`](churn_http::server::Limits).
    pub request_timeout: Duration,
    /// Upper limits of the latency's buckets, in seconds, rising.
    pub latency_buckets: Vec<f64>,
    /// Words for the two classes: churned, stayed.
    pub classes: [String; 2],
    /// Which requests are logged.
    pub access_log: AccessLog,
    /// Collector that takes spans, if any; only with the feature `otel`.
    pub otlp_endpoint: Option<String>,
    /// The prediction log, if wanted.
    pub log: Option<LogOptions>,
    /// Requests must bear a token.
    pub guarded: bool,
    /// Commit of the program.
    pub commit: String,
    /// What makes the page.
    pub page: PageMaker,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("model", &self.model)
            .field("log", &self.log)
            .finish_non_exhaustive()
    }
}
