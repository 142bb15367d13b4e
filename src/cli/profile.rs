//! The words of `churnctl profile` and `churnctl profile merge`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use super::columns::ColumnArgs;
use super::segments::SegmentArgs;
use crate::data::Shard;
use crate::settings::Flags;

pub(super) const EXAMPLES: &str = "\
Examples:
  # Keep what drift checks need of the training data, without the data
  churnctl profile training.csv -o profile.json

  # Several files as one data set; scores and labels for concept drift
  churnctl profile 'months/*.csv.gz' --score churn_risk --label churned -o profile.json

  # With segments, for `churnctl drift --by contract`
  churnctl profile training.csv --by contract -o profile.json

  # One of eight parts of a large data set, for eight machines
  churnctl profile big.parquet --shard 3/8 -o part-3.json

  # A table in a database, counted there; the statements that do it
  churnctl profile 'mysql://reader@db/shop?table=customers&password_file=pw' -o profile.json
  churnctl profile 'postgres://reader@db/shop?table=customers' -o - --explain-sql

  # From a pipe
  zcat training.csv.gz | churnctl profile - -o profile.json
";

const MERGE_EXAMPLES: &str = "\
Examples:
  # The shards give the same counts as the whole
  churnctl profile merge 'part-*.json' -o profile.json

  # A quarter out of months
  churnctl profile merge 'months/2026-0[456].json' -o quarter.json
";

/// Sum up a data set in a profile that later checks compare with
///
/// A profile holds what drift checks need of a data set: counts, bins, quantiles and categories,
/// and no rows. Its size depends on the columns, not on the rows.
#[derive(Debug, Clone, Args)]
#[command(
    after_long_help = EXAMPLES,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
pub(super) struct ProfileArgs {
    #[command(subcommand)]
    pub(super) command: Option<ProfileCommand>,

    /// Files, folders, glob patterns, a table in a database, or - for standard input
    ///
    /// CSV and NDJSON, both also as .gz or .zst, and Parquet. Several files are one data set; a
    /// folder is all of its tables. A database counts by itself:
    /// `postgres://USER@HOST/DATABASE?table=NAME`, or `?query=SELECT ...`; `mysql://`,
    /// `mariadb://` and `sc://` (Spark Connect) alike.
    #[arg(required = true, value_name = "DATA", value_hint = ValueHint::FilePath)]
    pub(super) data: Vec<String>,

    /// Where the profile goes, - for standard output
    #[arg(short, long, required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) output: Option<PathBuf>,

    /// Print the SQL that would count a table in a database, and do nothing else
    ///
    /// Columns with few distinct values need only the first two of theirs. A terminal sees what
    /// each is for, a pipe the statements alone.
    #[arg(long, conflicts_with = "shard")]
    pub(super) explain_sql: bool,

    /// Read one of N equal parts, counted from 0: 0/8 to 7/8
    ///
    /// For several machines that share a large data set: each makes the profile of its part, and
    /// `churnctl profile merge` makes them one, with the same counts as a profile of the whole.
    /// Plain files are cut between lines, Parquet between rows; compressed files go to a part as
    /// a whole. In an Indexed Job: `--shard=$(JOB_COMPLETION_INDEX)/8`.
    #[arg(long, value_name = "I/N")]
    pub(super) shard: Option<Shard>,

    /// Count texts of fewer than N rows together as `(rare)`, without their texts
    ///
    /// What few rows have can say whose they are. Columns of dates are left out. Numbers stay; see
    /// docs/model-files.md.
    #[arg(long, value_name = "N")]
    k_anonymous: Option<NonZeroUsize>,

    #[command(flatten)]
    segments: SegmentArgs,

    #[command(flatten)]
    columns: ColumnArgs,
}

#[derive(Debug, Clone, Subcommand)]
pub(super) enum ProfileCommand {
    Merge(MergeArgs),
}

/// Merge profiles of the parts into the profile of the whole
#[derive(Debug, Clone, Args)]
#[command(after_long_help = MERGE_EXAMPLES)]
pub(super) struct MergeArgs {
    /// Profiles or glob patterns
    #[arg(required = true, value_name = "PROFILE", value_hint = ValueHint::FilePath)]
    pub(super) profiles: Vec<String>,

    /// Where the merged profile goes, - for standard output
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) output: PathBuf,
}

impl ProfileArgs {
    pub(super) fn flags(&self) -> Flags {
        let mut flags = Flags::default();
        flags.one("data.k_anonymous", self.k_anonymous);
        self.segments.add_to(&mut flags);
        self.columns.add_to(&mut flags);
        flags
    }
}
