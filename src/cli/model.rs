//! The words of `churnctl model`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use super::columns::{ColumnArgs, ReadingArgs, checked};
use super::global::{FormatArg, formats};
use super::tracking::TrackingArgs;
use crate::commands::drift_request::ReadingRequest;
use crate::commands::model::{
    DiffRequest, ExportFormat, ExportRequest, ImportRequest, ImportWords, ListRequest, ShowRequest,
    WrapRequest,
};
use crate::commands::profile::ProfileRequest;
use crate::commands::train::TrainRequest;
use crate::error::Result;
use crate::settings::{Flags, ModelName, Settings};

const PROOF: &str = "Proof";
const COLUMNS: &str = "Columns";

const IMPORT_EXAMPLES: &str = "\
Examples:
  # A model of LightGBM, proved on rows that it has scored; the training data are its baseline
  churnctl model import m.txt --schema train.csv --parity rows.csv --expect scores.csv -o gbm.json

  # XGBoost and CatBoost; rows are classed as churned from a score of .4 on
  churnctl model import m.ubj --parity rows.csv --expect scores.csv --class-threshold .4 -o xgb.json

  # A model that MLflow has logged, proved on rows and scores of the run
  churnctl model import models:/retention/3 --parity rows.csv --expect scores.csv -o gbm.json

  # Then it is a model like any other
  churnctl score --model gbm.json july.csv -o scores.csv --explain 3

Exit codes: 0 imported, 64 wrong usage, or nothing to prove it with, 65 a model that cannot be computed
exactly, or scores that are others, 74 cannot read or write, 78 bad settings. `churnctl --help` lists all.
";

const LIST_EXAMPLES: &str = "\
Examples:
  # Every model of the registry: in production, replaced, refused
  churnctl model list

  # The version in production, for a script
  churnctl model list --format json | jq -r '.models[] | select(.state == \"in_production\").version'

Exit codes: 0 listed, 65 a damaged registry, 74 cannot read, 78 bad settings.
";

const SHOW_EXAMPLES: &str = "\
Examples:
  # The model in production
  churnctl model show

  # A version, by the beginning of its digits
  churnctl model show 0f3a

Exit codes: 0 shown, 65 not found or damaged, 74 cannot read, 78 bad settings.
";

const DIFF_EXAMPLES: &str = "\
Examples:
  # A candidate beside the model in production
  churnctl model diff candidate.json

  # Two versions
  churnctl model diff 0f3a 77c1 --format json

Exit codes: 0 compared, 65 not found or damaged, 74 cannot read, 78 bad settings.
";

const ROLLBACK_EXAMPLES: &str = "\
Examples:
  # The production model was a mistake: go back to the one before
  churnctl model rollback

  # In the folder of another model
  churnctl model rollback --artifacts /models/retention

Exit codes: 0 it is in production again, 65 there was none before or it is damaged, 74 cannot read or
write, 78 bad settings.
";

const EXPORT_EXAMPLES: &str = "\
Examples:
  # One SELECT for PostgreSQL, proved in the database that is to run it
  churnctl model export --format sql:postgres --parity 'postgres://me@db/shop?table=customers' -o churn.sql

  # Text that LightGBM loads: lightgbm.Booster(model_file=\"churn.txt\")
  churnctl model export model.json --format lightgbm --parity rows.csv -o churn.txt

  # A graph for onnxruntime, with categories, missing values and calibration in it
  churnctl model export --format onnx --parity rows.csv -o churn.onnx

Exit codes: 0 exported, 64 wrong usage, 65 a model that the format cannot express, or scores that are
others, 69 the database stayed away, 74 cannot read or write, 78 bad settings.
";

const WRAP_EXAMPLES: &str = "\
Examples:
  # A model that runs in a warehouse: what it was given, what it said, and what came of it
  churnctl model wrap --scores scored_2026_01.csv --score p_churn --label churned -o retention.json

  # From then on
  churnctl drift --baseline retention.json --current scored_2026_02.csv --score p_churn

Exit codes: 0 wrapped, 64 wrong usage, 65 no scores, 74 cannot read or write, 78 bad settings.
";

/// Forms of an exported model.
const EXPORTS: [&str; 3] = ["lightgbm", "onnx", "sql:postgres"];

/// Models of other frameworks, and the registry at a glance
#[derive(Debug, Clone, Args)]
pub(super) struct ModelArgs {
    #[command(subcommand)]
    command: ModelCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum ModelCommand {
    Import(Box<ImportArgs>),
    /// List the models of the registry and what has become of each
    #[command(after_long_help = LIST_EXAMPLES)]
    List(RegistryArgs),
    /// Show what a model is, learned from, and is worth
    #[command(after_long_help = SHOW_EXAMPLES)]
    Show(ShowArgs),
    /// Show what two models differ in
    #[command(after_long_help = DIFF_EXAMPLES)]
    Diff(DiffArgs),
    Export(ExportArgs),
    /// Put the model that was in production before back into production
    ///
    /// As `train --rollback` does: its file must be there and whole, and the registry gets a line.
    #[command(after_long_help = ROLLBACK_EXAMPLES)]
    Rollback(RollbackArgs),
    Wrap(Box<WrapArgs>),
}

/// Which registry.
#[derive(Debug, Clone, Args)]
struct RegistryArgs {
    /// Folder with the model in production and the registry
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    artifacts: Option<String>,
}

#[derive(Debug, Clone, Args)]
struct ShowArgs {
    /// A file, or the beginning of a version; without it the model in production
    #[arg(value_name = "MODEL", value_hint = ValueHint::AnyPath)]
    model: Option<String>,

    #[command(flatten)]
    registry: RegistryArgs,
}

#[derive(Debug, Clone, Args)]
struct DiffArgs {
    /// A file, or the beginning of a version
    #[arg(value_name = "ONE", value_hint = ValueHint::AnyPath)]
    one: String,

    /// Another; without it the model in production
    #[arg(value_name = "OTHER", value_hint = ValueHint::AnyPath)]
    other: Option<String>,

    #[command(flatten)]
    registry: RegistryArgs,
}

/// Write a model for others, once its scores are proved to be the same
///
/// Scores the rows of --parity with the model and with what is to be written: only if none differs by more
/// than 1e-6 the file is written. What the format cannot express exactly is refused by name.
///
/// `sql:postgres` is one SELECT that adds `churn_risk` to all columns of a table, for every kind of model. Where
/// --parity is an address of PostgreSQL, the statement runs there; else its tests and sums are followed here.
/// `lightgbm` is the text that LightGBM loads, of models that are trees; `onnx` is a graph in double precision, with
/// categories, missing values and calibration in it: its inputs are one column [rows, 1] a feature, doubles or texts, its
/// outputs `label` and `probabilities`. Both are read back for the proof.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = EXPORT_EXAMPLES)]
struct ExportArgs {
    /// A file, or the beginning of a version; without it the model in production
    #[arg(value_name = "MODEL", value_hint = ValueHint::AnyPath)]
    model: Option<String>,

    /// What to write
    #[arg(long, value_name = "FORMAT", required = true, value_parser = formats(&EXPORTS))]
    format: FormatArg,

    /// Print what was written and proved as JSON
    #[arg(long)]
    json: bool,

    /// Rows to prove it with: those that it is to score, as many as there are
    #[arg(long, value_name = "DATA", value_hint = ValueHint::FilePath, help_heading = PROOF)]
    parity: String,

    /// Table that the statement selects from; that of --parity, or `customers`
    #[arg(long, value_name = "NAME")]
    table: Option<String>,

    /// Where the model goes
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    output: PathBuf,

    #[command(flatten)]
    registry: RegistryArgs,

    #[command(flatten)]
    reading: ReadingArgs,
}

/// Watch a model that lives elsewhere, by the rows and scores that it has had
///
/// Writes what drift checks need of them: a baseline of the features, of the scores and, with labels, of how good they
/// were, with the model's name and threshold. Nothing in it can score: `score`, `serve` and `promote` refuse it.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = WRAP_EXAMPLES)]
struct WrapArgs {
    /// Rows with the features and the scores of the model, and the labels if they are known
    #[arg(long, value_name = "DATA", value_hint = ValueHint::FilePath)]
    scores: String,

    /// Where the document goes
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    output: PathBuf,

    /// Name of the model
    #[arg(long, value_name = "NAME", value_parser = checked::<ModelName>)]
    name: Option<String>,

    /// Score from which a row is classed as churned
    #[arg(long, value_name = "P")]
    class_threshold: Option<String>,

    #[command(flatten)]
    columns: ColumnArgs,
}

#[derive(Debug, Clone, Args)]
struct RollbackArgs {
    #[command(flatten)]
    registry: RegistryArgs,

    #[command(flatten)]
    tracking: TrackingArgs,
}

/// Import a model of LightGBM, XGBoost, CatBoost or ONNX, once its scores are proved
///
/// Reads the model file as data (never a pickle), scores the rows of --parity, and compares with the
/// framework's scores in --expect: only if none differs by more than 1e-6 (XGBoost and ONNX, which compute
/// in single precision: 1e-5) the artifact is written, with the largest difference in it.
///
/// LightGBM: text (`save_model("m.txt")`), binary and cross-entropy objectives. XGBoost: JSON and UBJSON,
/// gbtree and dart. CatBoost: JSON with `pool=`, symmetric trees, one-hot categories. ONNX: pipelines of
/// scikit-learn, LightGBM and XGBoost by skl2onnx and onnxmltools. What would not be exact is refused.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = IMPORT_EXAMPLES)]
struct ImportArgs {
    /// The model file, or a model of MLflow: models:/NAME@ALIAS, models:/NAME/VERSION, runs:/RUN/PATH
    ///
    /// Of MLflow the native file is fetched, of the flavors lightgbm, xgboost and onnx; columns and types are those of its
    /// signature, and without --parity the rows are those of its input example. A model of scikit-learn is a pickle: log
    /// an ONNX copy of it.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: PathBuf,

    /// Data of the training: their profile becomes the baseline
    ///
    /// Ranges, categories and the example rows of the artifact come from them, too. Without it, those of
    /// --parity. A `.json` file may name columns and types alone: `{"tenure": "double"}`, a JSON Schema, or the inputs of
    /// a signature of MLflow.
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

    #[command(flatten)]
    tracking: TrackingArgs,
}

/// What `model` is asked for.
#[derive(Debug, Clone)]
pub enum ModelTask {
    /// `model import`.
    Import(Box<ImportRequest>),
    /// `model list`.
    List(ListRequest),
    /// `model show`.
    Show(ShowRequest),
    /// `model diff`.
    Diff(DiffRequest),
    /// `model export`.
    Export(Box<ExportRequest>),
    /// `model wrap`.
    Wrap(Box<WrapRequest>),
    /// `model rollback`, which is `train --rollback`.
    Rollback(Box<TrainRequest>),
}

impl ModelArgs {
    pub(super) fn flags(&self) -> Flags {
        let mut flags = Flags::default();
        let registry = match &self.command {
            ModelCommand::Import(args) => return args.flags(),
            ModelCommand::Wrap(args) => {
                flags.one("model", args.name.as_ref());
                flags.one("drift.class_threshold", args.class_threshold.as_ref());
                args.columns.add_to(&mut flags);
                return flags;
            }
            ModelCommand::List(registry) => registry,
            ModelCommand::Show(args) => &args.registry,
            ModelCommand::Diff(args) => &args.registry,
            ModelCommand::Export(args) => {
                args.reading.add_to(&mut flags);
                &args.registry
            }
            ModelCommand::Rollback(args) => {
                args.tracking.add_to(&mut flags);
                &args.registry
            }
        };
        flags.one("train.artifacts", registry.artifacts.as_ref());
        flags
    }

    pub(super) fn task(self, settings: &Settings) -> Result<ModelTask> {
        let artifacts = settings.train.artifacts.clone();
        Ok(match self.command {
            ModelCommand::Import(args) => ModelTask::Import(Box::new(args.request(settings)?)),
            ModelCommand::List(_) => ModelTask::List(ListRequest { artifacts }),
            ModelCommand::Show(args) => ModelTask::Show(ShowRequest {
                model: args.model,
                artifacts,
            }),
            ModelCommand::Diff(args) => ModelTask::Diff(DiffRequest {
                one: args.one,
                other: args.other,
                artifacts,
            }),
            ModelCommand::Export(args) => ModelTask::Export(Box::new(ExportRequest {
                model: args.model,
                format: match args.format {
                    FormatArg::SqlPostgres => ExportFormat::Postgres,
                    FormatArg::Onnx => ExportFormat::Onnx,
                    _ => ExportFormat::LightGbm,
                },
                parity: args.parity,
                table: args.table,
                output: args.output,
                artifacts,
                reading: ReadingRequest::from_settings(settings),
            })),
            ModelCommand::Wrap(args) => ModelTask::Wrap(Box::new(WrapRequest {
                profile: ProfileRequest {
                    data: vec![args.scores],
                    output: args.output,
                    explain_sql: false,
                    k_anonymous: None,
                    segments: ProfileRequest::segments(settings),
                    shard: None,
                    reading: ReadingRequest::from_settings(settings),
                },
                name: settings.model.as_str().to_owned(),
                threshold: settings.drift.class_threshold.get(),
            })),
            ModelCommand::Rollback(_) => {
                ModelTask::Rollback(Box::new(TrainRequest::from_settings(settings, true)?))
            }
        })
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
        self.tracking.add_to(&mut flags);
        flags
    }

    fn request(self, settings: &Settings) -> Result<ImportRequest> {
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
