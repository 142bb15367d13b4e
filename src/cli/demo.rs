//! The words of `churnctl demo`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

const EXAMPLES: &str = "\
Examples:
  # In a temporary folder, which stays
  churnctl demo

  # In a folder to look around in
  churnctl demo --dir tour
";

/// Show what churnctl does, on real customers, in ten seconds
///
/// Trains a model, checks an ordinary month and one that drifted, scores the customers most at risk and proves
/// an alert, each command shown before it runs. Everything happens in a temporary folder, from tables that the
/// program carries; nothing is sent anywhere, and settings of yours do not count. With promtool installed
/// the alert is proved, without it only listed.
///
/// The tables are IBM's Telco customer churn sample, in the form of the R package modeldata (MIT licence).
#[derive(Debug, Clone, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct DemoArgs {
    /// Folder to do it in, new or empty; a temporary one if not named
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub(super) dir: Option<PathBuf>,
}
