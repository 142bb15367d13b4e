//! The words of `churnctl drift mutate`.

use std::num::NonZeroUsize;

use clap::{Args, ValueHint};

use super::columns::{ColumnArgs, checked};
use super::drift_limits::{ThresholdArgs, WindowArgs};
use super::segments::SegmentArgs;
use crate::commands::drift_mutate::{MutateRequest, Trials};
use crate::error::Result;
use crate::settings::{Flags, Probability, Settings};

const DATA: &str = "Data";
const TRIALS: &str = "Trials";

const EXAMPLES: &str = "\
Examples:
  # Which failures would the present settings miss?
  churnctl drift mutate --baseline training.csv

  # The baseline is a model: rows to spoil, and drift judged by its consequence
  churnctl drift mutate last_month.csv --baseline model.json --policy consequence

  # In CI: exit code 2 if fewer than six of ten trials are seen
  churnctl drift mutate --baseline training.csv --rows 500 --min-detected 0.6 --format json

Exit codes: 0 done; 2 fewer trials are seen than --min-detected asks for; 64 wrong usage; 65 bad data; 74 cannot read;
78 bad settings. `churnctl --help` lists all.
";

/// Spoil rows on purpose, and tell which failures the present settings would miss
///
/// Twelve kinds of failure are done to windows drawn from your own rows, each at several sizes, and each window is checked
/// with the settings of `drift`: thresholds, policy, segments, windows, alarms. The table says how many trials are
/// seen, after how many windows, and how many windows fail that nothing was done to. The same seed gives the same table.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct MutateArgs {
    /// Rows from which windows are drawn; the baseline's own if not given
    ///
    /// They are needed where the baseline is a model or a profile. At most 100,000 of them are kept.
    #[arg(value_name = "DATA", value_hint = ValueHint::FilePath, help_heading = DATA)]
    data: Vec<String>,

    /// Baseline, as `drift` takes it
    #[arg(long, value_name = "PATH", num_args = 1.., help_heading = DATA, value_hint = ValueHint::FilePath)]
    baseline: Option<Vec<String>>,

    /// Rows of a window; 1,000, or as many as there are
    #[arg(long, value_name = "N", help_heading = TRIALS)]
    rows: Option<NonZeroUsize>,

    /// How many windows a failure lasts: what is not seen in them is missed
    #[arg(long, value_name = "N", default_value = "5", help_heading = TRIALS)]
    within: NonZeroUsize,

    /// Trials of each kind and size, shared among the columns that it can be done to
    #[arg(long, value_name = "N", default_value = "20", help_heading = TRIALS)]
    trials: NonZeroUsize,

    /// Shares of rows that are affected; of a slow creep, standard deviations at its end
    #[arg(long, value_name = "SHARES", value_delimiter = ',', value_parser = checked::<Probability>, default_value = "0.1,0.3,1", help_heading = TRIALS)]
    sizes: Vec<String>,

    /// Share of trials that must be seen, 0 to 1; exit code 2 below
    #[arg(long, value_name = "SHARE", value_parser = checked::<Probability>, help_heading = TRIALS)]
    min_detected: Option<String>,

    /// Seed of everything random
    #[arg(long, value_name = "N", default_value = "0", help_heading = TRIALS)]
    seed: u64,

    #[command(flatten)]
    columns: ColumnArgs,

    #[command(flatten)]
    time: WindowArgs,

    #[command(flatten)]
    segments: SegmentArgs,

    #[command(flatten)]
    thresholds: ThresholdArgs,
}

impl MutateArgs {
    pub(super) fn flags(&self) -> Flags {
        let mut flags = Flags::default();
        flags.many("drift.baseline", self.baseline.as_ref());
        self.columns.add_to(&mut flags);
        self.time.add_to(&mut flags);
        self.segments.add_to(&mut flags);
        self.thresholds.add_to(&mut flags);
        flags
    }

    pub(super) fn request(self, settings: &Settings) -> Result<MutateRequest> {
        let share = |text: &String| text.parse::<Probability>().ok().map(Probability::get);
        MutateRequest::from_settings(
            settings,
            self.data,
            Trials {
                rows: self.rows.map(NonZeroUsize::get),
                within: self.within.get(),
                count: self.trials.get(),
                sizes: self.sizes.iter().filter_map(share).collect(),
                min_detected: self.min_detected.as_ref().and_then(share),
                seed: self.seed,
            },
        )
    }
}
