//! The words of `churnctl score`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::columns::{ReadingArgs, checked};
use super::tracking::TrackingArgs;
use crate::settings::{Flags, Probability};

pub(super) const EXAMPLES: &str = "\
Examples:
  # Score a table with the model in production
  churnctl score features.csv -o data/predictions/churn_predictions_2026-08-31.csv

  # The 200 rows most at risk, each with its three largest contributions
  churnctl score features.csv --top-k 200 --explain 3 -o call_list.csv

  # Labels beside the scores, for `churnctl drift --baseline MODEL`
  churnctl score last_month.csv --keep churned -o scored.csv

  # With the model in production as MLflow knows it
  churnctl score features.csv --model models:/churn@champion -o scores.csv

  # In a pipe
  zcat features.csv.gz | churnctl score - -o - | head
";

/// Score a table with a model
///
/// Writes the identifiers, the score, the class and the version of the model for every row.
/// Streams: memory does not grow with the rows. Where no column identifies a row, --top-k writes
/// its number among the rows of the data, `row_number`, counted from 1.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct ScoreArgs {
    /// Files (CSV, NDJSON, .gz, .zst, Parquet), folders, glob patterns, or - for standard input
    ///
    /// Or a table in a database: `postgres://USER@HOST/DATABASE?table=NAME`; `mysql://`,
    /// `mariadb://` and `sc://` (Spark Connect) alike.
    #[arg(value_name = "DATA", value_hint = ValueHint::FilePath)]
    data: Option<Vec<String>>,

    /// Columns that identify a row, kept beside the scores
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    id: Option<Vec<String>>,

    /// Model artifact, or a model of MLflow: models:/NAME@ALIAS, models:/NAME/VERSION, runs:/RUN
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    model: Option<String>,

    /// Where the scores go; - for standard output
    #[arg(short, long, required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) output: PathBuf,

    /// Add the K largest contributions to each row's log-odds
    #[arg(long, value_name = "K")]
    pub(super) explain: Option<usize>,

    /// Keep only the N rows with the highest scores, highest first
    #[arg(long, value_name = "N")]
    pub(super) top_k: Option<usize>,

    /// Score from which a row is classed as churned, 0 to 1, instead of the model's own
    #[arg(long, value_name = "P", value_parser = checked::<Probability>)]
    threshold: Option<String>,

    /// Pass a column of the data through, such as a label or a region; may be repeated
    #[arg(long, value_name = "COLUMN")]
    pub(super) keep: Vec<String>,

    #[command(flatten)]
    tracking: TrackingArgs,

    #[command(flatten)]
    reading: ReadingArgs,
}

impl ScoreArgs {
    pub(super) fn flags(&self) -> Flags {
        let mut flags = Flags::default();
        flags.many("score.data", self.data.as_ref());
        flags.one("score.model", self.model.as_ref());
        flags.one("score.threshold", self.threshold.as_ref());
        flags.many("columns.id", self.id.as_ref());
        self.tracking.add_to(&mut flags);
        self.reading.add_to(&mut flags);
        flags
    }
}
