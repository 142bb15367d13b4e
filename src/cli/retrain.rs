//! The words of `churnctl retrain`: `advise`, `now`, `listen` and `status`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};

use super::columns::checked;
use super::drift_why::ChangeArgs;
use crate::cluster::job::Overrides;
use crate::commands::retrain::now::{DryRun, NowWords};
use crate::settings::{Flags, Span, Wait};

const CLUSTER: &str = "Cluster";
const RULES: &str = "Rules";
const WAITING: &str = "Waiting";
const CHANGES: &str = "What is different from the CronJob";

const ADVISE_EXAMPLES: &str = "\
Examples:
  # The sides of a report of `drift`: is a training worth it, and by how much?
  churnctl retrain advise artifacts/metrics/data_drift_latest.json

  # In a script, `&& churnctl retrain now --yes` behind it starts a retrain only if that gains beyond chance
  churnctl retrain advise --baseline model.json --current august.csv

  churnctl retrain advise report.json --format json | jq .gain

Exit codes: 0 go; 3 wait; 64 wrong usage; 65 bad data, or rows without labels; 74 cannot read; 78 bad settings.
`churnctl --help` lists all.
";

const NOW_EXAMPLES: &str = "\
Examples:
  # Start it, look at the log, end as the Job ends
  churnctl retrain now --reason 'new price plan' --wait --logs

  # In a script: only if the drift check said FAIL within the last day
  churnctl retrain now --if-drift artifacts/metrics/data_drift_latest.json --yes

  # Another seed, once; exactly one Job however often this line runs
  churnctl retrain now --env SEED=7 --key seed-7 --yes

  # See the Job, start nothing
  churnctl retrain now --dry-run client --format json

Exit codes: 0 started (waiting: complete), 1 the Job failed, 3 one is running, the cooldown holds,
or the answer was no, 64 wrong usage, 66 the Job was deleted, 69 the API server stayed away, 77 not
allowed, 78 no such CronJob, 124 not ended in time. `churnctl --help` lists all.
";

const LISTEN_EXAMPLES: &str = "\
Examples:
  # In the cluster, as k8s/ runs it
  churnctl retrain listen --listen 0.0.0.0:8080 --token-file /etc/churnctl/token

  # On a desk, against the current context
  churnctl retrain listen --token-file token --cooldown 1h --alerts ModelDataDrift

Answers 200 with what became of each alert: created, duplicate, running, cooling_down, too_many or
skipped. 400 no payload of version 4, 401 no or a wrong token, 413 larger than 1 MiB, 503 the API
server gives no good answer: Alertmanager tries again. It waits 8 s for the API server at most.
";

const STATUS_EXAMPLES: &str = "\
Examples:
  churnctl retrain status
  churnctl retrain status -n churn-mlops --format json
";

/// Retrain on Kubernetes, by hand or by alert, exactly once; or ask first whether it is worth it
#[derive(Debug, Clone, Args)]
pub(super) struct RetrainArgs {
    #[command(subcommand)]
    pub(super) command: RetrainCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub(super) enum RetrainCommand {
    Advise(Box<AdviseArgs>),
    Now(Box<NowArgs>),
    Listen(Box<ListenArgs>),
    Status(StatusArgs),
}

/// Which cluster and how long to bear with it.
#[derive(Debug, Clone, Args)]
pub(super) struct ClusterArgs {
    /// Namespace of the churn system
    #[arg(short, long, value_name = "NAME", help_heading = CLUSTER)]
    namespace: Option<String>,

    /// Context of the kubeconfig
    ///
    /// Without it the current one; in a pod without a kubeconfig, the cluster that the pod runs in.
    #[arg(long, value_name = "NAME", help_heading = CLUSTER)]
    context: Option<String>,

    /// How long to bear with an API server that gives no good answer [default: 60s] [setting: cluster.deadline]
    #[arg(long, value_name = "TIME", value_parser = checked::<Span>, help_heading = CLUSTER)]
    deadline: Option<String>,
}

impl ClusterArgs {
    pub(super) fn add_to(&self, flags: &mut Flags) {
        flags.one("k8s.namespace", self.namespace.as_ref());
        flags.one("cluster.context", self.context.as_ref());
        flags.one("cluster.deadline", self.deadline.as_ref());
    }
}

/// Is a training worth it? Go or wait, with the expected gain
///
/// Trains on the current rows as `train` does, recalibrates the model for comparison, and measures both on rows that
/// nothing is fitted on. It says go if the training gains log loss beyond chance, on its own and over the recalibration,
/// which is cheaper, and if no feed is to be fixed first. Nothing is written. `churnctl drift why` shows all of it.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = ADVISE_EXAMPLES)]
pub(super) struct AdviseArgs {
    #[command(flatten)]
    pub(super) sides: ChangeArgs,
}

/// Start a retrain Job from a CronJob's template
///
/// Does what `kubectl create job --from=cronjob/NAME` does, and refuses to when a Job of that
/// CronJob runs or the last start is too near. Says on the Job who started it and why.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = NOW_EXAMPLES)]
pub(super) struct NowArgs {
    /// CronJob whose template the Job is made from
    #[arg(long, value_name = "CRONJOB")]
    from: Option<String>,

    /// Why: stands on the Job, in its environment and in an Event
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,

    /// Start only if this JSON report of `churnctl drift` says FAIL
    ///
    /// With OK or WARN nothing is started, and the exit code is 0.
    #[arg(long, value_name = "REPORT", value_hint = ValueHint::FilePath, help_heading = RULES)]
    if_drift: Option<PathBuf>,

    /// How old the report of --if-drift may be
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = period, help_heading = RULES)]
    max_age: Wait,

    /// How long after the start of a retrain no other starts
    ///
    /// Counts from the start of any Job of the CronJob, scheduled ones too. 0 for no cooldown.
    #[arg(long, value_name = "TIME", value_parser = checked::<Wait>, help_heading = RULES)]
    cooldown: Option<String>,

    /// Start even if a Job is running or the cooldown holds
    #[arg(long, help_heading = RULES)]
    force: bool,

    /// What the Job stands for: the same key never starts a second Job
    ///
    /// Without it every run stands for itself.
    #[arg(long, value_name = "KEY", help_heading = RULES)]
    key: Option<String>,

    /// Do not ask; needed where there is no terminal
    #[arg(short, long, help_heading = RULES)]
    yes: bool,

    /// Show the Job and start nothing
    ///
    /// `client`, which is meant where nothing is named, asks the API server for the CronJob only, `server` also checks the rules and has the
    /// API server check the Job. Prints the Job as YAML, or as JSON with --format json.
    #[arg(
        long,
        value_name = "WHERE",
        num_args = 0..=1,
        default_value = "none",
        default_missing_value = "client",
        help_heading = RULES
    )]
    dry_run: DryRunArg,

    /// Say which permissions are there and which are missing, and start nothing
    #[arg(long, help_heading = RULES)]
    check_auth: bool,

    /// Wait until the Job has ended, and end as it did
    ///
    /// Ctrl-C stops waiting; the Job goes on.
    #[arg(short, long, help_heading = WAITING)]
    wait: bool,

    /// Follow the logs of all its pods on stderr; waits, too
    #[arg(short, long, help_heading = WAITING)]
    logs: bool,

    /// How long to wait for the end
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = period, help_heading = WAITING)]
    timeout: Wait,

    /// Variable to set
    #[arg(short, long, value_name = "NAME=VALUE", value_parser = variable, help_heading = CHANGES)]
    env: Vec<(String, String)>,

    /// Argument of the container; all of them together replace those of the template
    #[arg(long, value_name = "ARG", allow_hyphen_values = true, help_heading = CHANGES)]
    arg: Vec<String>,

    /// Image of the container
    #[arg(long, value_name = "IMAGE", help_heading = CHANGES)]
    image: Option<String>,

    /// Container to change, where there are several
    #[arg(long, value_name = "NAME", help_heading = CHANGES)]
    container: Option<String>,

    #[command(flatten)]
    cluster: ClusterArgs,
}

/// Start a retrain when an alert asks for it
///
/// Takes Alertmanager's webhook on POST /alertmanager. The same alert starts one Job however often
/// it arrives, whichever replica gets it, and whatever is restarted meanwhile. / shows the last
/// decisions, /live, /ready and /metrics are for probes and Prometheus.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = LISTEN_EXAMPLES)]
pub(super) struct ListenArgs {
    /// Host and port to listen on [default: 127.0.0.1:8080] [setting: retrain.listen]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,

    /// File with the token that notifications must bear [setting: retrain.token_file]
    ///
    /// Read again when it changes. Needed unless --client-ca makes clients show a certificate.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    token_file: Option<String>,

    /// PEM file with our certificate: then the port speaks TLS [setting: retrain.tls_cert]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    tls_cert: Option<String>,

    /// PEM file with its key [setting: retrain.tls_key]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    tls_key: Option<String>,

    /// PEM file with the certificates that have signed those of clients
    ///
    /// Then every connection needs a certificate of theirs, probes too.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    client_ca: Option<String>,

    /// Alerts that may start a retrain, if they have the label action=retrain
    #[arg(long, value_name = "NAMES", value_delimiter = ',', help_heading = RULES)]
    alerts: Option<Vec<String>>,

    /// How long ago an alert may have begun
    #[arg(long, value_name = "TIME", value_parser = checked::<Wait>, help_heading = RULES)]
    max_alert_age: Option<String>,

    /// How long after the start of a retrain no other starts
    #[arg(long, value_name = "TIME", value_parser = checked::<Wait>, help_heading = RULES)]
    cooldown: Option<String>,

    /// Starts by alert within 24 hours after which no more follow
    #[arg(long, value_name = "N", help_heading = RULES)]
    max_per_day: Option<u32>,

    /// CronJob whose template the Job is made from
    #[arg(long, value_name = "CRONJOB", help_heading = RULES)]
    from: Option<String>,

    #[command(flatten)]
    cluster: ClusterArgs,
}

/// List the last retrains: who started them, what became of them, what may start next
#[derive(Debug, Clone, Args)]
#[command(after_long_help = STATUS_EXAMPLES)]
pub(super) struct StatusArgs {
    /// CronJob whose Jobs are listed
    #[arg(long, value_name = "CRONJOB")]
    from: Option<String>,

    /// How long after the start of a retrain no other starts
    #[arg(long, value_name = "TIME", value_parser = checked::<Wait>)]
    cooldown: Option<String>,

    #[command(flatten)]
    cluster: ClusterArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum DryRunArg {
    /// Start the Job
    None,
    /// Make the Job, send it to nobody
    Client,
    /// Let the API server check it
    Server,
}

impl DryRunArg {
    const fn twin(self) -> DryRun {
        match self {
            Self::None => DryRun::None,
            Self::Client => DryRun::Client,
            Self::Server => DryRun::Server,
        }
    }
}

fn period(text: &str) -> Result<Wait, String> {
    text.parse()
}

fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        Some(_) | None => Err(format!("\"{text}\" is not NAME=VALUE")),
    }
}

impl RetrainArgs {
    pub(super) fn flags(&self) -> Flags {
        let mut flags = Flags::default();
        match &self.command {
            RetrainCommand::Advise(args) => return args.sides.flags(),
            RetrainCommand::Now(args) => {
                flags.one("k8s.retrain_cronjob", args.from.as_ref());
                flags.one("retrain.cooldown", args.cooldown.as_ref());
                args.cluster.add_to(&mut flags);
            }
            RetrainCommand::Listen(args) => {
                flags.one("retrain.listen", args.listen.as_ref());
                flags.one("retrain.token_file", args.token_file.as_ref());
                flags.one("retrain.tls_cert", args.tls_cert.as_ref());
                flags.one("retrain.tls_key", args.tls_key.as_ref());
                flags.one("retrain.client_ca", args.client_ca.as_ref());
                flags.many("retrain.alerts", args.alerts.as_ref());
                flags.one("retrain.max_alert_age", args.max_alert_age.as_ref());
                flags.one("retrain.cooldown", args.cooldown.as_ref());
                flags.one("retrain.max_per_day", args.max_per_day);
                flags.one("k8s.retrain_cronjob", args.from.as_ref());
                args.cluster.add_to(&mut flags);
            }
            RetrainCommand::Status(args) => {
                flags.one("k8s.retrain_cronjob", args.from.as_ref());
                flags.one("retrain.cooldown", args.cooldown.as_ref());
                args.cluster.add_to(&mut flags);
            }
        }
        flags
    }
}

impl NowArgs {
    pub(super) fn words(self) -> NowWords {
        NowWords {
            reason: self.reason,
            if_drift: self.if_drift,
            max_age: self.max_age.get(),
            wait: self.wait,
            logs: self.logs,
            timeout: Some(self.timeout.get()).filter(|timeout| !timeout.is_zero()),
            overrides: Overrides {
                env: self.env,
                args: self.arg,
                image: self.image,
                container: self.container,
            },
            force: self.force,
            key: self.key,
            dry_run: self.dry_run.twin(),
            yes: self.yes,
            check_auth: self.check_auth,
        }
    }
}
