//! The words of `churnctl drift history`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use super::columns::checked;
use super::drift_limits::count_of_windows;
use crate::commands::drift_history_view::{
    HistoryAnnotateRequest, HistoryCompactRequest, HistoryShowRequest, HistoryTask, Last,
};
use crate::data::Period;
use crate::error::{Error, Result};
use crate::settings::Settings;

const EXAMPLES: &str = "\
Examples:
  # Begin a history, or add what is new since the last run
  churnctl drift --baseline profile.json --current predictions/ --time scored_at --window 7d --every 1d --history kept/

  # What has it seen? The last month as a heat map, and as a page
  churnctl drift history kept/ --last 30d
  churnctl drift history kept/ --html history.html

  # One feature, for a program
  churnctl drift history kept/ --feature tenure --format json | jq '.windows[] | {window, status}'

  # Note what happened, join the files, keep 400 days
  churnctl drift history annotate kept/ --at 2026-01-31T09:00 'new price list'
  churnctl drift history compact kept/ --keep 400d

Exit codes: 0 shown, whatever the verdict; 64 wrong usage; 65 no history, or a damaged one; 74 cannot read or write;
78 bad settings. `churnctl --help` lists all.
";

const COMPACT_EXAMPLES: &str = "\
Examples:
  # Join the files
  churnctl drift history compact kept/

  # Join them, and keep the last 400 days
  churnctl drift history compact kept/ --keep 400d
";

const ANNOTATE_EXAMPLES: &str = "\
Examples:
  # Now
  churnctl drift history annotate kept/ 'new price list'

  # At a time of the history's zone
  churnctl drift history annotate kept/ --at 2026-01-31T09:00 'version 2 deployed'
";

/// Show what a history holds: the verdict, and a heat map of features by windows
///
/// Windows, thresholds and baseline are those of the last run that has added to it; the folder has all that is
/// needed. Promotions are read from the registry in train.artifacts, if there is one.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(super) struct HistoryArgs {
    #[command(subcommand)]
    command: Option<HistoryCommand>,

    /// Folder of the history
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    folder: Option<PathBuf>,

    /// Show these features only
    #[arg(long = "feature", value_name = "COLUMN")]
    features: Vec<String>,

    /// Show the windows that end in this time before the last row, or so many windows
    #[arg(long, value_name = "PERIOD_OR_N", value_parser = last)]
    last: Option<Last>,

    /// Page over time: one file, no script
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    html: Option<PathBuf>,
}

#[derive(Debug, Clone, Subcommand)]
enum HistoryCommand {
    Compact(CompactArgs),
    Annotate(AnnotateArgs),
}

/// Join the files of a history, and drop what is too old
///
/// Safe beside a run, which waits, and when it is killed: what was there before is there until all of it is in the
/// new file. Runs join the files themselves when there are many.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = COMPACT_EXAMPLES)]
struct CompactArgs {
    /// Folder of the history
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    folder: PathBuf,

    /// How far back from now pieces are kept; all if not given
    #[arg(long, value_name = "PERIOD", value_parser = checked::<Period>)]
    keep: Option<String>,
}

/// Note on the time line what happened: a deployment, a campaign, a new price list
#[derive(Debug, Clone, Args)]
#[command(after_long_help = ANNOTATE_EXAMPLES)]
struct AnnotateArgs {
    /// Folder of the history
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    folder: PathBuf,

    /// What happened
    #[arg(value_name = "TEXT")]
    text: String,

    /// When: a date, an RFC 3339 time, or seconds since 1970; without an offset in the zone of the history; now if
    /// not given
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

fn last(text: &str) -> std::result::Result<Last, String> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return count_of_windows(text).map(Last::Windows);
    }
    let time = text.parse().map(Last::Time);
    time.map_err(|error: crate::data::BadPeriod| error.to_string())
}

impl HistoryArgs {
    pub(super) fn task(self, settings: &Settings) -> Result<HistoryTask> {
        match self.command {
            Some(HistoryCommand::Compact(args)) => {
                Ok(HistoryTask::Compact(HistoryCompactRequest {
                    folder: args.folder,
                    keep: args.keep.and_then(|keep| keep.parse().ok()),
                }))
            }
            Some(HistoryCommand::Annotate(args)) => {
                Ok(HistoryTask::Annotate(HistoryAnnotateRequest {
                    folder: args.folder,
                    at: args.at,
                    text: args.text,
                }))
            }
            None => {
                let folder = self.folder.ok_or_else(|| {
                    Error::usage("drift history needs the folder of a history")
                        .hint("`churnctl drift ... --history DIR` begins one")
                })?;
                let request = HistoryShowRequest::from_settings(
                    settings,
                    folder,
                    self.features,
                    self.last,
                    self.html,
                )?;
                Ok(HistoryTask::Show(Box::new(request)))
            }
        }
    }
}
