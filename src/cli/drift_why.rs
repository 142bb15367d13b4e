//! The words of `churnctl drift why`, which `churnctl retrain advise` shares.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::columns::ReadingArgs;
use crate::commands::drift_why::WhyRequest;
use crate::error::Result;
use crate::settings::{Flags, Settings};

const EXAMPLES: &str = "\
Examples:
  # The current rows of churnctl.toml, and the model in production
  churnctl drift why

  # A model is the baseline, the rows of a month have their labels now
  churnctl drift why --baseline model.json --current august.csv

  # The sides of a report; its page says what drifted, this says what that did
  churnctl drift why artifacts/metrics/data_drift_latest.json

  # Compared with other rows than those of the training
  churnctl drift why --baseline model.json --reference july.csv --current august.csv --format json | jq .advice

Exit codes: 0 told; 64 wrong usage; 65 bad data, or a side without labels; 74 cannot read; 78 bad settings.
`churnctl --help` lists all.
";

/// Why did the model become worse, and what is the cheapest cure?
///
/// Takes the change of log loss between two sets of labelled rows apart: missing data, covariates, concept and
/// calibration, which add up to it, by feature and by segment. Then each cure is tried on current rows that nothing is
/// fitted on: fix the feed, recalibrate, move the threshold, retrain (go or wait).
#[derive(Debug, Clone, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct WhyArgs {
    #[command(flatten)]
    pub(super) sides: ChangeArgs,
}

/// A model, and two sets of rows between which it changed.
#[derive(Debug, Clone, Args)]
pub(super) struct ChangeArgs {
    /// A JSON report of `drift` that names the sides
    #[arg(value_name = "REPORT", value_hint = ValueHint::FilePath, conflicts_with_all = ["baseline", "current"])]
    report: Option<PathBuf>,

    /// The model; or labelled rows or a profile, the model being the one in production
    #[arg(long, value_name = "PATH", num_args = 1.., value_hint = ValueHint::FilePath)]
    baseline: Option<Vec<String>>,

    /// Labelled rows on which it became worse
    #[arg(long, value_name = "PATH", num_args = 1.., value_hint = ValueHint::FilePath)]
    current: Option<Vec<String>>,

    /// Labelled rows to compare with; those that the model was trained from, without those it has learned from
    #[arg(long, value_name = "PATH", num_args = 1.., value_hint = ValueHint::FilePath)]
    reference: Vec<String>,

    /// Column with the label; the model's own if not given
    #[arg(long, alias = "target", value_name = "NAME")]
    label: Option<String>,

    /// Value of the label that means churned; the model's own if not given
    #[arg(long, value_name = "VALUE")]
    positive: Option<String>,

    /// Cost of a missed churner, by which a threshold is moved; 1 if not given
    #[arg(long, value_name = "COST")]
    cost_fn: Option<f64>,

    /// Cost of a false alarm, see --cost-fn
    #[arg(long, value_name = "COST", requires = "cost_fn")]
    cost_fp: Option<f64>,

    /// Folder with the model in production
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    artifacts: Option<String>,

    #[command(flatten)]
    reading: ReadingArgs,
}

impl ChangeArgs {
    pub(super) fn flags(&self) -> Flags {
        let mut flags = Flags::default();
        flags.many("drift.baseline", self.baseline.as_ref());
        flags.many("drift.current", self.current.as_ref());
        flags.one("data.label", self.label.as_ref());
        flags.one("data.positive", self.positive.as_ref());
        flags.one("train.cost_fn", self.cost_fn);
        flags.one("train.cost_fp", self.cost_fp);
        flags.one("train.artifacts", self.artifacts.as_ref());
        self.reading.add_to(&mut flags);
        flags
    }

    pub(super) fn request(self, settings: &Settings) -> Result<WhyRequest> {
        WhyRequest::from_settings(settings, self.report, self.reference)
    }
}
