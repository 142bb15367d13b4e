//! What `churnctl alerts test` is to prove, and where.

use std::path::PathBuf;
use std::time::Duration;

use super::super::gateway::GatewayRequest;
use super::outputs::{Export, Outputs};
use crate::http::client::BaseUrl;
use crate::reports::alerts::Thresholds;

/// What to prove.
#[derive(Debug, Clone, PartialEq)]
pub struct TestRequest {
    /// Files and folders; `-` for standard input.
    pub paths: Vec<String>,
    /// promtool.
    pub promtool: PathBuf,
    /// amtool; none to go without.
    pub amtool: Option<PathBuf>,
    /// Whether rules are altered.
    pub mutate: bool,
    /// What is asked of the cases.
    pub thresholds: Thresholds,
    /// File or folder for generated cases; nothing is tested then.
    pub generate: Option<PathBuf>,
    /// A form for programs, in place of the global one.
    pub export: Option<Export>,
    /// Files to write.
    pub outputs: Outputs,
    /// Running servers to prove on, in place of promtool.
    pub live: Option<LiveRequest>,
}

/// Where to prove, and what is allowed.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveRequest {
    /// URL of Prometheus.
    pub prometheus: BaseUrl,
    /// URL of Alertmanager.
    pub alertmanager: BaseUrl,
    /// File with a bearer token for both.
    pub token_file: Option<PathBuf>,
    /// Certificates to trust.
    pub ca_file: Option<PathBuf>,
    /// Longest time that a server may stay away.
    pub deadline: Duration,
    /// Alerts to prove; empty for all.
    pub only: Vec<String>,
    /// Host and port of a receiver of our own.
    pub catch: Option<String>,
    /// Whether a retrain may be started.
    pub allow_retrain: bool,
    /// The Pushgateway, if the whole loop is to be proved.
    pub gateway: Option<GatewayRequest>,
    /// The rule that the whole loop is proved with; none for one on the drift score.
    pub rule: Option<String>,
}
