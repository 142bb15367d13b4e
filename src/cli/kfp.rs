//! The words of `churnctl kfp`.

use clap::{Args, Subcommand};

const STATUS_EXAMPLES: &str = "\
Examples:
  # How a pipeline ended, as its exit handler is told
  churnctl kfp status '{\"state\": \"SUCCEEDED\", \"pipelineTaskName\": \"exit-handler-1\"}'

  # The same as a metric, so that the alert on failed jobs sees pipelines, too
  churnctl push-metrics run --gateway http://pushgateway:9091 --job churn-pipeline -- churnctl kfp status '{\"state\": \"FAILED\"}'

Exit codes: 0 it succeeded, 1 it did not, 64 this is not a status.
";

/// Steps of the pipeline that `render-manifests --only kfp` writes
#[derive(Debug, Clone, Args)]
pub(super) struct KfpArgs {
    #[command(subcommand)]
    pub(super) command: KfpCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub(super) enum KfpCommand {
    /// Say how a pipeline ended, and end alike
    #[command(after_long_help = STATUS_EXAMPLES)]
    Status(StatusArgs),
}

#[derive(Debug, Clone, Args)]
pub(super) struct StatusArgs {
    /// The final status as Kubeflow Pipelines gives it to an exit handler: JSON
    pub(super) status: String,
}
