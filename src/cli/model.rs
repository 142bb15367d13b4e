//! The words of `churnctl model`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use super::columns::{ReadingArgs, checked};
use crate::commands::model::{ImportRequest, ImportWords};
use crate::error::Result;
use crate::settings::{Flags, ModelName, Settings};

const PROOF: &str = "Proof";
const COLUMNS: &str = "Columns";

const IMPORT_EXAMPLES: &str = "\
Examples:
  # A model of LightGBM, proved on rows that it has scored; its baseline are the data of its training
  churnctl model import model.txt --schema training.csv --parity rows.csv --expect scores.csv -o lightgbm.json

  # XGBoost and CatBoost; rows are classed as churned from a score of .4 on
  churnctl model import model.ubj --parity rows.csv --expect scores.csv --class-threshold .4 -o xgboost.json

  # Then it is a model like any other
  churnctl score --model lightgbm.json july.csv -o scores.csv --explain 3

Exit codes: 0 imported, 64 wrong usage, or nothing to prove it with, 65 a model that cannot be computed
exactly, or scores that are others, 74 cannot read or write, 78 bad settings. `churnctl --help` lists all.
";

/// Models that were trained elsewhere
#[derive(Debug, Clone, Args)]
pub(super) struct ModelArgs {
    #[command(subcommand)]
    pub(super) command: ModelCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub(super) enum ModelCommand {
    Import(Box<ImportArgs>),
}

/// Import a model of LightGBM, XGBoost or CatBoost, once its scores are proved
///
/// Reads the model file as data (never a pickle), scores the rows of --parity, and compares with the
/// framework's scores in --expect: only if none differs by more than 1e-6 (XGBoost, which computes in
/// single precision: 1e-5) the artifact is written, with the largest difference in it.
///
/// LightGBM: text (`save_model("m.txt")`), binary and cross-entropy objectives. XGBoost: JSON and UBJSON,
/// gbtree and dart. CatBoost: JSON with `pool=`, symmetric trees, one-hot categories. What would not be
/// exact is refused.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = IMPORT_EXAMPLES)]
pub(super) struct ImportArgs {
    /// The model file
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: PathBuf,

    /// Data of the training: their profile becomes the baseline
    ///
    /// Ranges, categories and the example rows of the artifact come from them, too. Without it, those of
    /// --parity.
    #[arg(long, value_name = "DATA", value_hint = ValueHint::FilePath)]
    schema: Option<String>,

    /// Rows that the framework has scored
    #[arg(long, value_name = "DATA", value_hint = ValueHint::FilePath, help_heading = PROOF)]
    parity: Option<String>,

    /// Its scores of these rows, in their order: one column, or one called `score`
    #[arg(long, value_name = "DATA", value_hint = ValueHint::FilePath, help_heading = PROOF)]
    expect: Option<String>,

    /// Where the artifact goes
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    output: PathBuf,

    /// Name of the model
    #[arg(long, value_name = "NAME", value_parser = checked::<ModelName>)]
    name: Option<String>,

    /// Score from which a row is classed as churned
    #[arg(long, value_name = "P")]
    class_threshold: Option<String>,

    /// Column of --expect with the scores
    #[arg(long, value_name = "NAME", help_heading = PROOF)]
    score: Option<String>,

    /// Column of --schema with the label, churned or not
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

    #[command(flatten)]
    reading: ReadingArgs,
}

impl ModelArgs {
    pub(super) fn flags(&self) -> Flags {
        match &self.command {
            ModelCommand::Import(args) => args.flags(),
        }
    }
}

impl ImportArgs {
    fn flags(&self) -> Flags {
        let mut flags = Flags::default();
        flags.one("model", self.name.as_ref());
        flags.one("drift.class_threshold", self.class_threshold.as_ref());
        flags.one("data.score", self.score.as_ref());
        flags.one("data.label", self.label.as_ref());
        flags.one("data.positive", self.positive.as_ref());
        flags.many("columns.id", self.id.as_ref());
        flags.many("columns.exclude", self.exclude.as_ref());
        self.reading.add_to(&mut flags);
        flags
    }

    pub(super) fn request(self, settings: &Settings) -> Result<ImportRequest> {
        let words = ImportWords {
            file: self.file,
            schema: self.schema,
            parity: self.parity,
            expect: self.expect,
            output: self.output,
        };
        ImportRequest::from_settings(settings, words)
    }
}
