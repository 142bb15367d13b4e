//! The words of `churnctl push-metrics` and its subcommands, and of `churnctl metrics`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};

use super::columns::checked;
use super::gateway::{GatewayArgs, GroupArgs};
use crate::commands::gateway::GatewayRequest;
use crate::commands::push_groups::{DeleteRequest, PruneRequest};
use crate::commands::push_metrics::{PushRequest, Target};
use crate::commands::push_run::RunRequest;
use crate::error::{Error, Result};
use crate::metrics::gateway::{GroupingKey, PushMethod};
use crate::settings::{Flags, Settings, Span};

const EXAMPLES: &str = "\
Examples:
  # What a job has written, into the group {job=\"nightly\"}
  churnctl push-metrics metrics.prom --gateway http://pushgateway:9091 --job nightly

  # The report of a drift check as metrics; shown, not sent
  churnctl push-metrics artifacts/metrics/data_drift_latest.json --gateway http://pushgateway:9091 --job churn-drift --method put --dry-run

  # From a pipe, into the folder of node-exporter's textfile collector
  ./measure.sh | churnctl push-metrics - --job nightly --textfile /var/lib/node_exporter

Exit codes: 0 pushed, 64 wrong usage, 65 refused by our check or by the gateway, 69 the gateway
stayed away, 74 cannot read or write, 77 not let in, 78 bad settings. `churnctl --help` lists all.
";

const RUN_EXAMPLES: &str = "\
Examples:
  # Run a job, and push when it ran, how long, and how it ended; its exit code is kept
  churnctl push-metrics run --gateway http://pushgateway:9091 --job nightly -- ./nightly.sh --all

  # The job adds metrics of its own by writing text to $CHURNCTL_METRICS_FILE
  churnctl push-metrics run --gateway http://pushgateway:9091 --job nightly -- sh -c 'echo rows 12 > $CHURNCTL_METRICS_FILE'

Exit codes: that of the command; 128 and the signal that ended it; 127 if there is no such command,
126 if it cannot be run. With --required, that of a push that failed after a command that did not.
";

const LIST_EXAMPLES: &str = "\
Examples:
  # What is there, and since when
  churnctl push-metrics list --gateway http://pushgateway:9091

  # Groups whose last push was refused
  churnctl push-metrics list --gateway http://pushgateway:9091 --format json -q | jq '.groups[] | select(.last_push_successful | not)'
";

const DELETE_EXAMPLES: &str = "\
Examples:
  # The group {job=\"nightly\"} and no other of that job
  churnctl push-metrics delete --gateway http://pushgateway:9091 --job nightly

  # In a script
  churnctl push-metrics delete --gateway http://pushgateway:9091 --job nightly --group stage=load --yes
";

const PRUNE_EXAMPLES: &str = "\
Examples:
  # What would go
  churnctl push-metrics prune --gateway http://pushgateway:9091 --older-than 7d --dry-run

  # In a CronJob
  churnctl push-metrics prune --gateway http://pushgateway:9091 --older-than 7d --yes
";

const METRICS_EXAMPLES: &str = "\
Examples:
  # Names, types, labels and help of all metrics
  churnctl metrics list

  # The names alone
  churnctl metrics list --format json | jq -r '.metrics[].name'
";

/// Push metrics of a short job to a Pushgateway; run a job and push how it went
///
/// Takes Prometheus' text format, or the JSON report of `drift` or `train`. What the gateway would
/// refuse is told with its line before anything is sent, and so is what it would take and should
/// not: NaN, a histogram without its last bucket, a name of the gateway's own.
///
/// POST replaces metrics of the same names and keeps the others, PUT replaces the whole group.
#[derive(Debug, Clone, Args)]
#[command(
    after_long_help = EXAMPLES,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
pub(super) struct PushMetricsArgs {
    #[command(subcommand)]
    command: Option<PushCommand>,

    /// Text, or a JSON report of ours; - for standard input
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: Option<PathBuf>,

    #[command(flatten)]
    group: GroupArgs,

    /// What becomes of what the group holds
    #[arg(long, value_name = "METHOD", default_value = "post")]
    method: MethodArg,

    /// Leave timestamps out, which a gateway refuses
    #[arg(long)]
    strip_timestamps: bool,

    #[command(flatten)]
    target: TargetArgs,

    /// Show what would be sent, and send nothing
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    gateway: GatewayArgs,
}

#[derive(Debug, Clone, Args)]
struct TargetArgs {
    /// Write to this folder of node-exporter's textfile collector instead
    ///
    /// The labels of the group become labels of every sample. The file is whole or not there.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with = "gateway")]
    textfile: Option<PathBuf>,

    /// Send what a gateway takes and should not, too
    ///
    /// NaN values, histograms that add up wrongly, names of the gateway's own, and groups by
    /// instance or pod, which stay in the gateway for ever.
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum MethodArg {
    /// Replace metrics of the same names, keep the others
    Post,
    /// Replace the whole group
    Put,
}

#[derive(Debug, Clone, Subcommand)]
enum PushCommand {
    Run(Box<RunArgs>),
    List(Box<ListArgs>),
    Delete(Box<DeleteArgs>),
    Prune(Box<PruneArgs>),
}

/// Run a command and push when it ran, how long, and how it ended
///
/// The command has our standard input, output and error, gets the signals that we get, and its exit
/// code is ours. Pushed are churn_job_last_run_timestamp_seconds, churn_job_duration_seconds,
/// churn_job_exit_code, churn_job_max_resident_memory_bytes, and after a success
/// churn_job_last_success_timestamp_seconds, which so outlives a failure; and what the command
/// wrote to the file that $CHURNCTL_METRICS_FILE names.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = RUN_EXAMPLES)]
struct RunArgs {
    /// The command and its arguments, after --
    #[arg(required = true, last = true, value_name = "COMMAND", value_hint = ValueHint::CommandWithArguments)]
    command: Vec<OsString>,

    #[command(flatten)]
    group: GroupArgs,

    /// A failed push makes a run fail whose command did not
    ///
    /// Without it a failed push is a warning.
    #[arg(long)]
    required: bool,

    #[command(flatten)]
    target: TargetArgs,

    #[command(flatten)]
    gateway: GatewayArgs,
}

/// List the groups that a Pushgateway holds
#[derive(Debug, Clone, Args)]
#[command(after_long_help = LIST_EXAMPLES)]
struct ListArgs {
    #[command(flatten)]
    gateway: GatewayArgs,
}

/// Delete one group from a Pushgateway
///
/// The group is the one with exactly these labels, as `list` shows them.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = DELETE_EXAMPLES)]
struct DeleteArgs {
    #[command(flatten)]
    group: GroupArgs,

    /// Ask nobody
    #[arg(long)]
    yes: bool,

    /// Show what would be deleted, and delete nothing
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    gateway: GatewayArgs,
}

/// Delete the groups that nobody has pushed to for long
///
/// A gateway keeps groups for ever, and their metrics look as good as new.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = PRUNE_EXAMPLES)]
struct PruneArgs {
    /// Since when nobody has pushed to a group, by the gateway's clock: 12h, 7d
    ///
    /// A push that was refused counts, too: whoever sends it is still there.
    #[arg(long, required = true, value_name = "TIME", value_parser = checked::<Span>)]
    older_than: Option<String>,

    /// Only groups of this job
    #[arg(long, value_name = "NAME")]
    job: Option<String>,

    /// Ask nobody
    #[arg(long)]
    yes: bool,

    /// Show what would be deleted, and delete nothing
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    gateway: GatewayArgs,
}

/// The metrics of this program
#[derive(Debug, Clone, Args)]
pub(super) struct MetricsArgs {
    #[command(subcommand)]
    pub(super) command: MetricsCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub(super) enum MetricsCommand {
    /// List every metric: name, type, labels, help
    #[command(after_long_help = METRICS_EXAMPLES)]
    List,
}

/// What `push-metrics` is asked for.
#[derive(Debug, Clone)]
pub enum PushTask {
    /// A push.
    Push(Box<PushRequest>),
    /// `run`.
    Run(Box<RunRequest>),
    /// `list`.
    List(Box<GatewayRequest>),
    /// `delete`.
    Delete(Box<DeleteRequest>),
    /// `prune`.
    Prune(Box<PruneRequest>),
}

impl PushMetricsArgs {
    pub(super) fn flags(&self) -> Flags {
        let mut flags = Flags::default();
        let gateway = match &self.command {
            None => &self.gateway,
            Some(PushCommand::Run(args)) => &args.gateway,
            Some(PushCommand::List(args)) => &args.gateway,
            Some(PushCommand::Delete(args)) => &args.gateway,
            Some(PushCommand::Prune(args)) => &args.gateway,
        };
        gateway.add_to(&mut flags);
        flags
    }

    pub(super) fn task(self, settings: &Settings) -> Result<PushTask> {
        Ok(match self.command {
            None => PushTask::Push(Box::new(PushRequest {
                file: required(self.file, "a file")?,
                target: self.target.target(settings)?,
                key: self.group.key()?,
                method: self.method.twin(),
                strip_timestamps: self.strip_timestamps,
                force: self.target.force,
                dry_run: self.dry_run,
            })),
            Some(PushCommand::Run(args)) => PushTask::Run(Box::new(RunRequest {
                command: args.command,
                target: args.target.target(settings)?,
                key: args.group.key()?,
                required: args.required,
                force: args.target.force,
            })),
            Some(PushCommand::List(_)) => {
                PushTask::List(Box::new(GatewayRequest::from_settings(settings)?))
            }
            Some(PushCommand::Delete(args)) => PushTask::Delete(Box::new(DeleteRequest {
                gateway: GatewayRequest::from_settings(settings)?,
                key: args.group.key()?,
                yes: args.yes,
                dry_run: args.dry_run,
            })),
            Some(PushCommand::Prune(args)) => PushTask::Prune(Box::new(PruneRequest {
                gateway: GatewayRequest::from_settings(settings)?,
                older_than: required(args.older_than, "--older-than")?
                    .parse::<Span>()
                    .map_err(Error::usage)?
                    .get(),
                job: args.job,
                yes: args.yes,
                dry_run: args.dry_run,
            })),
        })
    }
}

/// clap requires it; its type has to be optional because of the subcommands.
fn required<T>(value: Option<T>, what: &str) -> Result<T> {
    value.ok_or_else(|| Error::usage(format!("push-metrics needs {what}")))
}

impl MethodArg {
    const fn twin(self) -> PushMethod {
        match self {
            Self::Post => PushMethod::Post,
            Self::Put => PushMethod::Put,
        }
    }
}

impl TargetArgs {
    fn target(&self, settings: &Settings) -> Result<Target> {
        match &self.textfile {
            Some(folder) => Ok(Target::Folder(folder.clone())),
            None => Ok(Target::Gateway(Box::new(GatewayRequest::from_settings(
                settings,
            )?))),
        }
    }
}

impl GroupArgs {
    fn key(&self) -> Result<GroupingKey> {
        GroupingKey::new(self.job.as_deref().unwrap_or_default(), &self.group)
    }
}
