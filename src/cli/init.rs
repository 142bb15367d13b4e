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

  # Without questions: training data and current data, and a check of pull requests on GitHub
  churnctl init training.csv 'months/*.csv' --label churned --yes --github

  # A table in a database, manifests for Kubernetes
  churnctl init 'postgres://reader@db/shop?table=customers' --kubernetes

Exit codes: 0 done; 3 answered no; 64 wrong usage, or a label that is not plain; 65 bad data; 74 cannot read or
write, or a file already exists. `churnctl --help` lists all.
";

/// Look at your data, and write settings and a baseline profile
///
/// Finds the label, the score, the time, identifiers and dates by their names and values, and says why.
/// Writes `churnctl.toml` with the reasons as comments, and `profiles/baseline.json`, which later checks
/// compare with. On a terminal it asks before it writes. Elsewhere, and with --yes, it asks nothing and does
/// not guess: where the label is not plain it ends with 64, and --label names it. Files are never overwritten.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct InitArgs {
    /// Training data, or its profile: a file, a folder, a quoted pattern, or a table in a database
    #[arg(value_name = "BASELINE", value_hint = ValueHint::FilePath)]
    baseline: String,

    /// Current data, to be checked against the baseline
    #[arg(value_name = "CURRENT", value_hint = ValueHint::FilePath)]
    current: Option<String>,

    /// Name of the model
    #[arg(long, value_name = "NAME", value_parser = checked::<ModelName>, default_value = "churn")]
    model: String,

    /// Column that says who churned; `none` if there is none
    #[arg(long, alias = "target", value_name = "NAME", help_heading = COLUMNS)]
    label: Option<String>,

    /// Value of the label that means churned
    #[arg(long, value_name = "VALUE", help_heading = COLUMNS)]
    positive: Option<String>,

    /// Column with the model's score, 0 to 1; `none` if there is none
    #[arg(long, value_name = "NAME", help_heading = COLUMNS)]
    score: Option<String>,

    /// Column with the time of a row; `none` if there is none
    #[arg(long, value_name = "NAME", help_heading = COLUMNS)]
    time: Option<String>,

    /// Columns that identify a row or a customer, in addition to those that are found
    #[arg(long, value_name = "NAMES", value_delimiter = ',', help_heading = COLUMNS)]
    id: Vec<String>,

    /// A workflow for GitHub Actions: .github/workflows/churn-model.yml
    #[arg(long, help_heading = EXTRAS)]
    github: bool,

    /// Kubernetes manifests: the folder k8s, as `churnctl render-manifests` writes it
    #[arg(long, help_heading = EXTRAS)]
    kubernetes: bool,

    /// A DVC pipeline: dvc.yaml and params.yaml
    #[arg(long, help_heading = EXTRAS)]
    dvc: bool,

    /// A line for cron that runs a check every night: churnctl.cron
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
