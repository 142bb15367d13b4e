//! The words of `churnctl init`.

use clap::{Args, ValueHint};

use super::columns::checked;
use crate::commands::init_request::{Extras, InitRequest};
use crate::settings::ModelName;

const COLUMNS: &str = "Columns";
const EXTRAS: &str = "What else to write";

const EXAMPLES: &str = "\
Examples:
  # Look at a table and propose; on a terminal you are asked
  churnctl init training.csv

  # Without questions: training data and current data, a nightly check of pull requests
  churnctl init training.csv 'months/*.csv' --label churned --yes --github

  # A table in a database, manifests for Kubernetes
  churnctl init 'postgres://reader@db/shop?table=customers' --kubernetes

Exit codes: 0 done; 3 answered no; 64 wrong usage; 65 bad data; 74 cannot read or write, or a file is
there already. `churnctl --help` lists all.
";

/// Look at your data and write settings, a baseline profile, and what else is wanted
///
/// Finds label, score, time, identifiers and dates by names and values, says why, and writes
/// `churnctl.toml` with comments and `profiles/baseline.json`, which later checks compare with. On a
/// terminal you are asked before anything is written; elsewhere, and with --yes, flags say what
/// isn't plain. A file that is there already is never overwritten.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct InitArgs {
    /// Training data, or its profile: a file, a folder, a quoted pattern, or a table in a database
    #[arg(value_name = "BASELINE", value_hint = ValueHint::FilePath)]
    baseline: String,

    /// Data to be checked against it, named alike
    #[arg(value_name = "CURRENT", value_hint = ValueHint::FilePath)]
    current: Option<String>,

    /// Name of the model
    #[arg(long, value_name = "NAME", value_parser = checked::<ModelName>, default_value = "churn")]
    model: String,

    /// Column with the label; `none` for none
    #[arg(long, alias = "target", value_name = "NAME", help_heading = COLUMNS)]
    label: Option<String>,

    /// Value of the label that means churned
    #[arg(long, value_name = "VALUE", help_heading = COLUMNS)]
    positive: Option<String>,

    /// Column with the model's score; `none` for none
    #[arg(long, value_name = "NAME", help_heading = COLUMNS)]
    score: Option<String>,

    /// Column with the time of a row; `none` for none
    #[arg(long, value_name = "NAME", help_heading = COLUMNS)]
    time: Option<String>,

    /// Columns that identify a row or a customer, beside those that are found
    #[arg(long, value_name = "NAMES", value_delimiter = ',', help_heading = COLUMNS)]
    id: Vec<String>,

    /// A workflow for GitHub: .github/workflows/churn-model.yml
    #[arg(long, help_heading = EXTRAS)]
    github: bool,

    /// Kubernetes manifests: the folder k8s, as `churnctl render-manifests` writes it
    #[arg(long, help_heading = EXTRAS)]
    kubernetes: bool,

    /// A DVC pipeline: dvc.yaml and params.yaml
    #[arg(long, help_heading = EXTRAS)]
    dvc: bool,

    /// A line for cron, for a check every night: churnctl.cron
    #[arg(long, help_heading = EXTRAS)]
    cron: bool,

    /// Ask nothing
    #[arg(short, long)]
    yes: bool,
}

impl InitArgs {
    pub(super) fn request(self) -> InitRequest {
        InitRequest {
            baseline: self.baseline,
            current: self.current,
            model: self.model,
            label: self.label,
            positive: self.positive,
            score: self.score,
            time: self.time,
            id: self.id,
            extras: Extras {
                github: self.github,
                kubernetes: self.kubernetes,
                dvc: self.dvc,
                cron: self.cron,
            },
            yes: self.yes,
        }
    }
}
