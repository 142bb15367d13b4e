//! The words of `churnctl train`.

use std::num::NonZeroUsize;

use clap::{Args, ValueEnum, ValueHint};

use super::columns::{ReadingArgs, checked};
use super::sign::SigningArgs;
use super::tracking::ExperimentArgs;
use crate::settings::{Flags, ModelName};

const DATA: &str = "Data";
const COLUMNS: &str = "Columns";
const SPLIT: &str = "Split";
const MODEL: &str = "Model";
const THRESHOLD: &str = "Threshold";
const OUTPUT: &str = "Output";

pub(super) const EXAMPLES: &str = "\
Examples:
  # A model, its metrics and its promotion, from one table
  churnctl train training.csv --label churn --positive Yes

  # By time: the last label windows are purged, as their labels are not known in production
  churnctl train data/features/training_dataset.csv --time as_of_date --label-window 30d

  # The threshold that costs least, when a missed churner costs five false alarms
  churnctl train training.csv --label churn --cost-fn 5 --cost-fp 1 --html train.html

  # Scores have become too high: the same model with its calibration fitted on labelled rows of the last months
  churnctl train recent.csv --label churn --recalibrate

  # The production model was a mistake: go back to the one before
  churnctl train --rollback

Exit codes: 0 trained (promoted or not), 64 wrong usage, 65 bad data or a corrupt champion, 74
cannot read or write, 78 bad settings. `churnctl --help` lists all.
";

/// Train a model, and promote it if it is better than the one in production
///
/// Learns from a table of features with a label, and writes the model artifact, its metrics and
/// a line in the registry. The candidate and the model in production score the same test rows;
/// the candidate is promoted only if it is better beyond chance.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct TrainArgs {
    /// Files (CSV, NDJSON, .gz, .zst, Parquet), folders or glob patterns, or a table in a database
    ///
    /// Several files are one data set; they are read twice. A table in a database
    /// (`postgres://USER@HOST/DATABASE?table=NAME`, `mysql://`, `mariadb://`, `sc://`) is read
    /// once, into a temporary file.
    #[arg(value_name = "DATA", value_hint = ValueHint::FilePath)]
    data: Option<Vec<String>>,

    /// Name of the model
    #[arg(long, value_name = "NAME", value_parser = checked::<ModelName>, help_heading = DATA)]
    name: Option<String>,

    /// Column with the label, churned or not
    #[arg(long, alias = "target", value_name = "NAME", help_heading = COLUMNS)]
    label: Option<String>,

    /// Value of the label that means churned
    #[arg(long, value_name = "VALUE", help_heading = COLUMNS)]
    positive: Option<String>,

    /// Columns that identify a row or a customer
    #[arg(long, value_name = "NAMES", value_delimiter = ',', help_heading = COLUMNS)]
    id: Option<Vec<String>>,

    /// Columns that are not features
    #[arg(long, value_name = "NAMES", value_delimiter = ',', help_heading = COLUMNS)]
    exclude: Option<Vec<String>>,

    /// Columns to learn from although they look like identifiers or dates
    ///
    /// A whole number that differs in every row is left out when it is named like an identifier
    /// (customer_no), counts the rows, or rises with them; so is an identifier of customers that
    /// repeats.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', help_heading = COLUMNS)]
    include: Option<Vec<String>>,

    /// Columns that hold categories, even if they look like numbers
    #[arg(long, value_name = "NAMES", value_delimiter = ',', help_heading = COLUMNS)]
    categorical: Option<Vec<String>>,

    /// Column with the time of each row: the split is by time
    #[arg(long, value_name = "NAME", help_heading = SPLIT)]
    time: Option<String>,

    /// Column whose rows stay together in one split, such as the customer
    ///
    /// Without it: an identifier (--id or the settings' names) that repeats, else a column that is
    /// named like one of customers (customer_id, accountNo, msisdn) and repeats.
    #[arg(long, value_name = "NAME", help_heading = SPLIT)]
    group: Option<String>,

    /// How long after its time a row's label is known: 30d, 4w, 12h
    ///
    /// Rows whose label would not have been known at the next split's start are purged.
    #[arg(long, value_name = "DURATION", help_heading = SPLIT)]
    label_window: Option<String>,

    /// Seed of everything random
    #[arg(long, value_name = "N", help_heading = SPLIT)]
    seed: Option<u64>,

    /// Which learner
    ///
    /// `auto` trains both and takes the one with the lower log loss on the validation split.
    #[arg(long, value_name = "LEARNER", help_heading = MODEL)]
    model: Option<LearnerArg>,

    /// Settings of a known system: `python` are those of the Python system's candidate
    #[arg(long, value_name = "PRESET", help_heading = MODEL)]
    preset: Option<PresetArg>,

    /// Cost of a missed churner: the threshold is where the cost on validation is lowest
    #[arg(long, value_name = "COST", help_heading = THRESHOLD)]
    cost_fn: Option<f64>,

    /// Cost of a false alarm, see --cost-fn; 1 unless given
    #[arg(long, value_name = "COST", requires = "cost_fn", help_heading = THRESHOLD)]
    cost_fp: Option<f64>,

    /// How many rows can be acted upon, of as many as the test split has
    #[arg(long, value_name = "N", conflicts_with = "cost_fn", help_heading = THRESHOLD)]
    capacity: Option<u64>,

    /// Lowest precision: the threshold finds as many churners as it allows
    #[arg(long, value_name = "P", conflicts_with_all = ["cost_fn", "capacity"], help_heading = THRESHOLD)]
    min_precision: Option<f64>,

    /// Whether the candidate goes into production
    #[arg(long, value_name = "WHEN", help_heading = OUTPUT)]
    promote: Option<PromoteArg>,

    /// Put the model that was in production before back into production
    #[arg(long, conflicts_with = "data", help_heading = OUTPUT)]
    pub(super) rollback: bool,

    /// Fit the calibration of the model in production again, and nothing else of it
    ///
    /// The rows are labelled ones that it has not learned from; those that it has are left out. The result meets the
    /// model in production on the test rows like any candidate, and names it as its parent. It is the cheap cure where
    /// scores rank customers as well as ever but are too high or too low.
    #[arg(long, conflicts_with_all = ["rollback", "model", "preset", "include"], help_heading = MODEL)]
    pub(super) recalibrate: bool,

    /// Leave texts of fewer than N rows out of the model and its profile
    ///
    /// What few rows have can say whose they are: the model pools them as `other` (those of fewer
    /// than 10 training rows in any case), the profile counts them as `(rare)`. Numbers stay; see
    /// docs/model-files.md.
    #[arg(long, value_name = "N", help_heading = OUTPUT)]
    k_anonymous: Option<NonZeroUsize>,

    /// Folder for models, metrics and the registry
    #[arg(long, value_name = "FOLDER", help_heading = OUTPUT, value_hint = ValueHint::DirPath)]
    artifacts: Option<String>,

    /// HTML report
    #[arg(long, value_name = "PATH", help_heading = OUTPUT, value_hint = ValueHint::FilePath)]
    html: Option<String>,

    #[command(flatten)]
    signing: SigningArgs,

    #[command(flatten)]
    tracking: ExperimentArgs,

    #[command(flatten)]
    reading: ReadingArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LearnerArg {
    /// Both, the better one wins
    Auto,
    /// L2 logistic regression
    Logistic,
    /// Gradient boosted trees
    Trees,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PresetArg {
    /// 250 trees of depth 6 at a rate of 0.08
    Python,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PromoteArg {
    /// If it is better beyond chance
    IfBetter,
    /// Whatever its metrics
    Always,
    /// Only train it
    Never,
}

fn word<T: ValueEnum>(value: Option<T>) -> Option<String> {
    let value = value?.to_possible_value()?;
    Some(value.get_name().to_owned())
}

impl TrainArgs {
    pub(super) fn flags(&self) -> Flags {
        let mut flags = Flags::default();
        flags.many("train.data", self.data.as_ref());
        flags.one("model", self.name.as_ref());
        flags.one("data.label", self.label.as_ref());
        flags.one("data.positive", self.positive.as_ref());
        flags.many("columns.id", self.id.as_ref());
        flags.many("columns.exclude", self.exclude.as_ref());
        flags.many("columns.categorical", self.categorical.as_ref());
        flags.many("train.include", self.include.as_ref());
        flags.one("train.time", self.time.as_ref());
        flags.one("data.k_anonymous", self.k_anonymous);
        flags.one("train.group", self.group.as_ref());
        flags.one("train.label_window", self.label_window.as_ref());
        flags.one("train.seed", self.seed);
        flags.one("train.model", word(self.model));
        flags.one("train.preset", word(self.preset));
        flags.one("train.cost_fn", self.cost_fn);
        flags.one("train.cost_fp", self.cost_fp);
        flags.one("train.capacity", self.capacity);
        flags.one("train.min_precision", self.min_precision);
        flags.one("train.promote", word(self.promote));
        flags.one("train.artifacts", self.artifacts.as_ref());
        flags.one("train.html", self.html.as_ref());
        self.signing.add_to(&mut flags);
        self.tracking.add_to(&mut flags);
        self.reading.add_to(&mut flags);
        flags
    }
}
