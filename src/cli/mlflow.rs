//! The words of `churnctl mlflow`.

use clap::{Args, Subcommand};

use super::tracking::TrackingArgs;
use crate::settings::Flags;

const SYNC_EXAMPLES: &str = "\
Examples:
  # The tracking server is back: send what waits
  churnctl mlflow sync --tracking-uri http://mlflow:5000

  # What waits?
  churnctl mlflow sync --dry-run

  # A run that was deleted on the server is not to be sent again
  churnctl mlflow sync --drop 20261125T024441.123Z-1a2b3c4d5e6f7a8b

Exit codes: 0 all was sent, or nothing waited; 3 another process is sending, 65 refused by the
server or damaged, 69 the server stayed away, 74 cannot read or write, 77 not let in, 78 bad
settings. Whatever was not sent still waits.
";

/// Runs that MLflow's tracking server does not have yet
#[derive(Debug, Clone, Args)]
pub(super) struct MlflowArgs {
    #[command(subcommand)]
    pub(super) command: MlflowCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub(super) enum MlflowCommand {
    Sync(SyncArgs),
}

/// Send the runs that wait, each once
///
/// `train` and `drift` keep a run in a folder before they tell the tracking server of it. If the
/// server is away, the run waits there. It has a key by which it is found again on the server,
/// so that it is sent once, however often this is begun and wherever it ends.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = SYNC_EXAMPLES)]
pub(super) struct SyncArgs {
    #[command(flatten)]
    tracking: TrackingArgs,

    /// Only list what waits
    #[arg(long, conflicts_with = "drop")]
    pub(super) dry_run: bool,

    /// Give up the run with this key instead of sending; may be given several times
    #[arg(long, value_name = "KEY")]
    pub(super) drop: Vec<String>,
}

impl MlflowArgs {
    pub(super) fn flags(&self) -> Flags {
        let mut flags = Flags::default();
        match &self.command {
            MlflowCommand::Sync(args) => args.tracking.add_to(&mut flags),
        }
        flags
    }
}
