//! From the words of the command line to a task with its request, or to the reason why not.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand};

use super::alerts::{AlertsArgs, AlertsTask};
use super::config::{
    CompletionsArgs, ConfigArgs, ConfigCommand, ManArgs, ShellArg, VERSION_EXAMPLES,
};
use super::demo::DemoArgs;
use super::doctor::DoctorArgs;
use super::drift::{DriftArgs, DriftCommand};
use super::init::InitArgs;
use super::kfp::{KfpArgs, KfpCommand, StatusArgs};
use super::mlflow::{MlflowArgs, MlflowCommand};
use super::model::{ModelArgs, ModelTask};
use super::profile::{MergeArgs, ProfileArgs, ProfileCommand};
use super::promote::PromoteArgs;
use super::push_metrics::{MetricsArgs, MetricsCommand, PushMetricsArgs, PushTask};
use super::render_manifests::RenderArgs;
use super::retrain::{RetrainArgs, RetrainCommand};
use super::score::ScoreArgs;
use super::serve::ServeArgs;
use super::sign::{SignArgs, SignTask, VerifyArgs};
use super::train::TrainArgs;
use super::{Global, help};
use crate::commands::doctor::DoctorRequest;
use crate::commands::drift_history_view::HistoryTask;
use crate::commands::drift_mutate::MutateRequest;
use crate::commands::drift_request::{DriftRequest, ReadingRequest};
use crate::commands::drift_verify::DriftVerifyRequest;
use crate::commands::drift_why::WhyRequest;
use crate::commands::init_request::InitRequest;
use crate::commands::mlflow::SyncRequest;
use crate::commands::profile::{MergeRequest, ProfileRequest};
use crate::commands::promote::PromoteRequest;
use crate::commands::render_manifests::RenderRequest;
use crate::commands::retrain::listen::ListenRequest;
use crate::commands::retrain::now::NowRequest;
use crate::commands::retrain::status::StatusRequest;
use crate::commands::score_request::{ScoreExtras, ScoreRequest};
use crate::commands::serve::ServeRequest;
use crate::commands::train::TrainRequest;
use crate::commands::verify::VerifyRequest;
use crate::error::{Error, Result};
use crate::exit::ExitCode;
use crate::redact::redacted;
use crate::settings::{Flags, Settings};

/// Watch the inputs, outputs and quality of a churn model in production
///
/// Compares current data with a baseline and says OK, WARN or FAIL: to eyes as a table or a page, to
/// machines as JSON, metrics and an exit code.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "churnctl",
    version,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true,
    after_long_help = help::overview()
)]
pub(super) struct Cli {
    #[command(flatten)]
    global: Global,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, Subcommand)]
enum Command {
    Demo(DemoArgs),
    Init(Box<InitArgs>),
    Train(Box<TrainArgs>),
    #[command(alias = "predict")]
    Score(Box<ScoreArgs>),
    Serve(Box<ServeArgs>),
    Drift(Box<DriftArgs>),
    Profile(Box<ProfileArgs>),
    Sign(Box<SignArgs>),
    Verify(VerifyArgs),
    Mlflow(MlflowArgs),
    Model(ModelArgs),
    Promote(Box<PromoteArgs>),
    Kfp(KfpArgs),
    RenderManifests(Box<RenderArgs>),
    Retrain(RetrainArgs),
    Doctor(DoctorArgs),
    PushMetrics(Box<PushMetricsArgs>),
    Alerts(AlertsArgs),
    Metrics(MetricsArgs),
    Config(ConfigArgs),
    Completions(CompletionsArgs),
    #[command(hide = true)]
    Man(ManArgs),
    /// Print version, commit and platform
    #[command(after_long_help = VERSION_EXAMPLES)]
    Version,
}

/// What the command line asks for.
#[derive(Debug, Clone)]
pub struct ParsedArgs {
    /// The flags that every command takes.
    pub global: Global,
    command: Command,
}

/// A task, ready to be done.
#[derive(Debug, Clone)]
pub enum Task {
    /// `demo`, in this folder or a temporary one.
    Demo(Option<PathBuf>),
    /// `init`.
    Init(Box<InitRequest>),
    /// `train`.
    Train(Box<TrainRequest>),
    /// `score`.
    Score(Box<ScoreRequest>),
    /// `serve`.
    Serve(Box<ServeRequest>),
    /// `drift`.
    Drift(Box<DriftRequest>),
    /// `drift verify`.
    DriftVerify(Box<DriftVerifyRequest>),
    /// `drift history` and its subcommands.
    DriftHistory(HistoryTask),
    /// `drift why`.
    DriftWhy(Box<WhyRequest>),
    /// `drift mutate`.
    DriftMutate(Box<MutateRequest>),
    /// `profile`.
    Profile(Box<ProfileRequest>),
    /// `profile merge`.
    Merge(MergeRequest),
    /// `sign`.
    Sign(SignTask),
    /// `verify`.
    Verify(VerifyRequest),
    /// `mlflow sync`.
    MlflowSync(Box<SyncRequest>),
    /// `model` and its subcommands.
    Model(ModelTask),
    /// `promote`.
    Promote(Box<PromoteRequest>),
    /// `kfp status`.
    KfpStatus(String),
    /// `render-manifests`.
    RenderManifests(Box<RenderRequest>),
    /// `retrain advise`.
    RetrainAdvise(Box<WhyRequest>),
    /// `retrain now`.
    RetrainNow(Box<NowRequest>),
    /// `retrain listen`.
    RetrainListen(Box<ListenRequest>),
    /// `retrain status`.
    RetrainStatus(StatusRequest),
    /// `push-metrics` and its subcommands.
    PushMetrics(PushTask),
    /// `alerts` and its subcommands.
    Alerts(AlertsTask),
    /// `metrics list`.
    MetricsList,
    /// `doctor`.
    Doctor(Box<DoctorRequest>),
    /// `config show`.
    ConfigShow(Option<String>),
    /// `config get`.
    ConfigGet(String),
    /// `config schema`.
    ConfigSchema,
    /// `completions`.
    Completions(ShellArg),
    /// `man`.
    Man(Vec<String>),
    /// `version`.
    Version,
}

impl ParsedArgs {
    /// Tells whether the task needs settings: broken settings must not break `version`.
    #[must_use]
    pub const fn needs_settings(&self) -> bool {
        match self.command {
            Command::Config(ConfigArgs {
                command: ConfigCommand::Schema,
            }) => false,
            Command::Train(_)
            | Command::Score(_)
            | Command::Serve(_)
            | Command::Drift(_)
            | Command::Profile(_)
            | Command::Sign(_)
            | Command::Mlflow(_)
            | Command::Model(_)
            | Command::Promote(_)
            | Command::RenderManifests(_)
            | Command::Retrain(_)
            | Command::Doctor(_)
            | Command::PushMetrics(_)
            | Command::Alerts(_)
            | Command::Config(_) => true,
            Command::Demo(_)
            | Command::Init(_)
            | Command::Kfp(_)
            | Command::Verify(_)
            | Command::Metrics(_)
            | Command::Completions(_)
            | Command::Man(_)
            | Command::Version => false,
        }
    }

    /// Returns the settings that the command line sets.
    #[must_use]
    pub fn flags(&self) -> Flags {
        match &self.command {
            Command::Train(args) => args.flags(),
            Command::Score(args) => args.flags(),
            Command::Serve(args) => args.flags(),
            Command::Drift(args) => args.flags(),
            Command::Profile(args) => args.flags(),
            Command::Sign(args) => args.flags(),
            Command::Mlflow(args) => args.flags(),
            Command::Model(args) => args.flags(),
            Command::Promote(args) => args.flags(),
            Command::RenderManifests(args) => args.flags(),
            Command::Retrain(args) => args.flags(),
            Command::Doctor(args) => args.flags(),
            Command::PushMetrics(args) => args.flags(),
            Command::Alerts(args) => args.flags(),
            Command::Demo(_)
            | Command::Init(_)
            | Command::Kfp(_)
            | Command::Verify(_)
            | Command::Metrics(_)
            | Command::Config(_)
            | Command::Completions(_)
            | Command::Man(_)
            | Command::Version => Flags::default(),
        }
    }

    /// Makes the request out of words and settings.
    ///
    /// # Errors
    /// Fails with 64 where the words contradict each other.
    pub fn task(self, settings: &Settings) -> Result<Task> {
        Ok(match self.command {
            Command::Demo(args) => Task::Demo(args.dir),
            Command::Init(args) => Task::Init(Box::new(args.request())),
            Command::Train(args) => Task::Train(Box::new(TrainRequest {
                recalibrate: args.recalibrate,
                ..TrainRequest::from_settings(settings, args.rollback)?
            })),
            Command::Score(args) => Task::Score(Box::new(ScoreRequest::from_settings(
                settings,
                args.output,
                ScoreExtras {
                    explain: args.explain.unwrap_or(0),
                    top_k: args.top_k,
                    keep: args.keep,
                },
            )?)),
            Command::Serve(_) => Task::Serve(Box::new(ServeRequest::from_settings(settings)?)),
            Command::Drift(args) => drift_task(*args, settings)?,
            Command::Profile(args) => profile_task(*args, settings)?,
            Command::Sign(args) => Task::Sign(args.task(settings)?),
            Command::Verify(args) => Task::Verify(args.request()?),
            Command::Promote(args) => Task::Promote(Box::new(PromoteRequest::from_settings(
                settings,
                args.candidate,
                args.dry_run,
                args.decision_file,
            )?)),
            Command::Kfp(KfpArgs {
                command: KfpCommand::Status(StatusArgs { status }),
            }) => Task::KfpStatus(status),
            Command::Mlflow(MlflowArgs {
                command: MlflowCommand::Sync(args),
            }) => Task::MlflowSync(Box::new(SyncRequest::from_settings(
                settings,
                args.dry_run,
                args.drop,
            )?)),
            Command::Model(args) => Task::Model(args.task(settings)?),
            Command::RenderManifests(args) => {
                let flavor = args.flavor();
                Task::RenderManifests(Box::new(RenderRequest::from_settings(
                    settings,
                    args.output_dir,
                    args.check,
                    args.only,
                    flavor,
                )?))
            }
            Command::Retrain(args) => match args.command {
                RetrainCommand::Advise(args) => {
                    Task::RetrainAdvise(Box::new(args.sides.request(settings)?))
                }
                RetrainCommand::Now(args) => {
                    Task::RetrainNow(Box::new(NowRequest::from_settings(settings, args.words())))
                }
                RetrainCommand::Listen(_) => {
                    Task::RetrainListen(Box::new(ListenRequest::from_settings(settings)?))
                }
                RetrainCommand::Status(_) => {
                    Task::RetrainStatus(StatusRequest::from_settings(settings))
                }
            },
            Command::PushMetrics(args) => Task::PushMetrics(args.task(settings)?),
            Command::Alerts(args) => Task::Alerts(args.task(&self.global, settings)?),
            Command::Metrics(MetricsArgs {
                command: MetricsCommand::List,
            }) => Task::MetricsList,
            Command::Doctor(args) => Task::Doctor(Box::new(DoctorRequest::from_settings(
                settings,
                args.words(),
            )?)),
            Command::Config(ConfigArgs { command }) => match command {
                ConfigCommand::Show { prefix } => Task::ConfigShow(prefix),
                ConfigCommand::Get { key } => Task::ConfigGet(key),
                ConfigCommand::Schema => Task::ConfigSchema,
            },
            Command::Completions(CompletionsArgs { shell }) => Task::Completions(shell),
            Command::Man(ManArgs { command }) => Task::Man(command),
            Command::Version => Task::Version,
        })
    }
}

fn drift_task(args: DriftArgs, settings: &Settings) -> Result<Task> {
    args.check()?;
    let view = args.short.view();
    match args.command {
        Some(DriftCommand::Verify(args)) => {
            let request = DriftVerifyRequest::from_settings(
                settings,
                args.report,
                args.baseline,
                args.current,
                args.labels,
            )?;
            Ok(Task::DriftVerify(Box::new(request)))
        }
        Some(DriftCommand::History(args)) => args.task(settings).map(Task::DriftHistory),
        Some(DriftCommand::Why(args)) => {
            Ok(Task::DriftWhy(Box::new(args.sides.request(settings)?)))
        }
        Some(DriftCommand::Mutate(args)) => {
            Ok(Task::DriftMutate(Box::new(args.request(settings)?)))
        }
        None => Ok(Task::Drift(Box::new(DriftRequest {
            explain_sql: args.explain_sql,
            view,
            ..DriftRequest::from_settings(settings)?
        }))),
    }
}

fn profile_task(args: ProfileArgs, settings: &Settings) -> Result<Task> {
    match (args.command, args.output) {
        (Some(ProfileCommand::Merge(MergeArgs { profiles, output })), _) => {
            Ok(Task::Merge(MergeRequest { profiles, output }))
        }
        (None, Some(output)) => Ok(Task::Profile(Box::new(ProfileRequest {
            data: args.data,
            output,
            shard: args.shard,
            explain_sql: args.explain_sql,
            k_anonymous: settings.data.k_anonymous.map(|rows| rows.get() as u64),
            segments: ProfileRequest::segments(settings),
            reading: ReadingRequest::from_settings(settings),
        }))),
        // clap requires it; its type has to be optional because of `merge`.
        (None, None) => Err(Error::usage("profile needs -o FILE")),
    }
}

/// Why there is no task: help was asked for, or the words are wrong.
#[derive(Debug, Clone)]
pub struct Refused {
    /// 0 for help and version, 64 for wrong words.
    pub code: ExitCode,
    /// What to print, with escape sequences.
    pub painted: String,
    /// The same without.
    pub plain: String,
}

/// What the standard library says of a number that it cannot read, and what it means.
const OF_NUMBERS: [(&str, &str); 6] = [
    (
        "number would be zero for non-zero type",
        "it must be at least 1",
    ),
    (
        "invalid digit found in string",
        "it is not a whole number from 0 on",
    ),
    (
        "cannot parse integer from empty string",
        "it is empty, where a whole number is expected",
    ),
    ("number too large to fit in target type", "it is too large"),
    ("invalid float literal", "it is not a number"),
    (
        "cannot parse float from empty string",
        "it is empty, where a number is expected",
    ),
];

fn in_words(text: String) -> String {
    OF_NUMBERS.iter().fold(text, |text, (said, meant)| {
        text.replace(&format!(": {said}"), &format!(": {meant}"))
    })
}

impl Refused {
    fn new(error: &clap::Error) -> Self {
        let code = match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::Ok,
            // clap's own code is 2, which belongs to the verdict.
            _ => ExitCode::Usage,
        };
        let text = error.render();
        let (painted, plain) = match error.kind() {
            ErrorKind::ValueValidation => (
                in_words(text.ansi().to_string()),
                in_words(text.to_string()),
            ),
            _ => (text.ansi().to_string(), text.to_string()),
        };
        match code {
            // Help has addresses to be copied.
            ExitCode::Ok => Self {
                code,
                painted,
                plain,
            },
            _ => {
                let shown = redacted(&plain).into_owned();
                Self {
                    code,
                    // Escape sequences may stand in the middle of an address.
                    painted: match shown == plain {
                        true => painted,
                        false => shown.clone(),
                    },
                    plain: shown,
                }
            }
        }
    }

    /// Returns the usage error for those who asked for JSON.
    #[must_use]
    pub fn to_error(&self) -> Error {
        let paragraphs = self.plain.split("\n\n").map(one_line);
        let (mut message, mut tips) = (String::new(), Vec::new());
        for (at, paragraph) in paragraphs.enumerate() {
            if let Some(tip) = paragraph.strip_prefix("tip: ") {
                tips.push(tip.to_owned());
            } else if at == 0 {
                let said = paragraph.strip_prefix("error: ");
                message = said.unwrap_or("no subcommand").to_owned();
            }
        }
        tips.push("churnctl --help".to_owned());
        Error::usage(message).hint(tips.swap_remove(0))
    }
}

fn one_line(paragraph: &str) -> String {
    paragraph.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Parses the command line, the name of the program first.
///
/// # Errors
/// Fails with the text to print if the words are wrong or help is asked for.
pub fn parse(args: Vec<OsString>) -> std::result::Result<ParsedArgs, Refused> {
    let is_named = |name: &str| args.iter().any(|arg| arg == name);
    let command = help::complete(Cli::command(), is_named).color(ColorChoice::Always);
    let cli = command
        .try_get_matches_from(args)
        .and_then(|matches| Cli::from_arg_matches(&matches))
        .map_err(|error| Refused::new(&error))?;
    Ok(ParsedArgs {
        global: cli.global,
        command: cli.command,
    })
}

/// Returns clap's description of the whole command line, completed from the registry of settings.
pub(super) fn command() -> clap::Command {
    help::complete(Cli::command(), |_| true)
}
