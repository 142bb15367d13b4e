//! The words of `churnctl promote`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::columns::ReadingArgs;
use super::sign::SigningArgs;
use super::tracking::TrackingArgs;
use crate::settings::Flags;

pub(super) const EXAMPLES: &str = "\
Examples:
  # A model that was trained elsewhere, into production here if it is better
  churnctl promote candidate/models/churn-0123456789ab.json training.csv --artifacts artifacts

  # Only compare, and write `promote` or `keep` to a file, for a pipeline
  churnctl promote candidate training.csv --dry-run --decision-file decision.txt

Exit codes: 0 decided (promoted or not), 64 wrong usage, 65 bad data or model, or a model of other
data, 74 cannot read or write, 78 bad settings. `churnctl --help` lists all.
";

/// Compare a trained model with the one in production, and promote it if it is better
///
/// Splits the data as the training of the candidate did, which must be the same data with the same
/// settings, has both models score the test rows, and decides as `train` does.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct PromoteArgs {
    /// Artifact of the candidate, a folder with one, or a model of MLflow
    #[arg(value_name = "CANDIDATE", value_hint = ValueHint::AnyPath)]
    pub(super) candidate: PathBuf,

    /// CSV files (.gz too) or glob patterns: the data that the candidate was trained from; of an imported
    /// one labelled rows that it has not learned from
    #[arg(value_name = "DATA", value_hint = ValueHint::FilePath)]
    data: Option<Vec<String>>,

    /// Column with the label, churned or not
    #[arg(long, value_name = "NAME")]
    label: Option<String>,

    /// Value of the label that means churned
    #[arg(long, value_name = "VALUE")]
    positive: Option<String>,

    /// Folder with the model in production and the registry
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    artifacts: Option<String>,

    /// Seed of the training
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Decide, and change nothing
    #[arg(long)]
    pub(super) dry_run: bool,

    /// File for the decision in a word: promote or keep
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) decision_file: Option<PathBuf>,

    #[command(flatten)]
    signing: SigningArgs,

    #[command(flatten)]
    tracking: TrackingArgs,

    #[command(flatten)]
    reading: ReadingArgs,
}

impl PromoteArgs {
    pub(super) fn flags(&self) -> Flags {
        let mut flags = Flags::default();
        flags.many("train.data", self.data.as_ref());
        flags.one("data.label", self.label.as_ref());
        flags.one("data.positive", self.positive.as_ref());
        flags.one("train.artifacts", self.artifacts.as_ref());
        flags.one("train.seed", self.seed);
        self.signing.add_to(&mut flags);
        self.tracking.add_to(&mut flags);
        self.reading.add_to(&mut flags);
        flags
    }
}
