//! The library behind `churnctl`: the map of the house.
//!
//! What `churnctl` knows lies in crates of its own, re-exported here under the names of their rooms; cargo refuses an
//! import that points up. This crate adds what the binary shows and understands. From the top:
//!
//! | room | holds |
//! |---|---|
//! | [`cli`] | the command line: words into requests |
//! | [`commands`] | one file a subcommand: read, compute, emit, verdict |
//! | [`reports`], [`page`], [`terminal`] | what people read of a result |
//! | [`settings`] | flags, environment and file, by origin |
//! | [`serve`] | the prediction API |
//! | [`cluster`], [`manifests`] | actions on Kubernetes; a plan to objects, rules, dashboards |
//! | [`tracking`] | runs and registry of MLflow |
//! | [`alerts`] | rules, their lint and their proof |
//! | [`model`] | learners, artifact, score, promotion |
//! | [`drift`], [`profile`], [`stats`] | two profiles in, one report out; one data set in, one mergeable summary out; pure numbers |
//! | [`data`] | readers of files, databases and object stores |
//! | [`metrics`], [`http`], [`trust`] | metric names and text; servers with limits; signatures |
//! | [`deadlines`], [`error`], [`exit`], [`files`], [`progress`], [`secret`], [`signals`], [`text`] | what all stand on |
//!
//! # Example
//!
//! A drift check, from two tables to a verdict; `examples/` has more.
//!
//! ```
//! use churnctl::data::{DataSet, ReadOptions};
//! use churnctl::drift::{CheckOptions, Plan, Provenance, Status, check};
//! use churnctl::profile::{Roles, count, profile};
//! use churnctl::progress::Silent;
//!
//! let open = |file: &str| DataSet::open(&[file.to_owned()], ReadOptions::default());
//! let now = "2026-01-01T00:00:00Z".to_owned();
//! let (baseline, _) = profile(
//!     open("examples/data/telco_baseline.csv")?,
//!     Roles::default(),
//!     None,
//!     now.clone(),
//!     &Silent,
//! )?;
//!
//! let options = CheckOptions::default();
//! let current = open("examples/data/telco_shifted.csv")?;
//! let plan = Plan::new(&baseline, current.columns(), &options)?;
//! let current = count(current, &plan.count_plan(), &Silent)?;
//! let provenance = Provenance {
//!     baseline: "training".into(),
//!     current: "today".into(),
//!     created_at: now,
//! };
//! let report = check(&baseline, &current, &plan, &options, provenance)?;
//!
//! assert_eq!(report.status, Status::Fail);
//! assert_eq!(report.features[0].feature, "contract");
//! # Ok::<(), churnctl::error::Error>(())
//! ```

pub use churn_alerts as alerts;
pub use churn_alerts::placeholder;
pub(crate) use churn_base::passing;
pub use churn_base::{
    deadlines, error, exit, files, percent, progress, proxies, redact, same_file, secret, signals,
    text, thresholds,
};
pub(crate) use churn_base::{panics, threads};
pub use churn_data as data;
pub use churn_drift::{drift, history, labels, profile, stats};
pub use churn_http as http;
pub use churn_import as import;
pub use churn_kube::{cluster, expansion, manifests};
pub use churn_metrics as metrics;
pub use churn_mlflow as tracking;
pub use churn_model as model;
pub use churn_serve as serve;
pub use churn_trust as trust;

pub mod cells;
pub mod cli;
pub mod commands;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod foreign;
pub mod page;
pub mod reports;
pub mod settings;
pub mod terminal;

mod run;

/// Runs `churnctl` with these arguments, the name of the program first, and returns what it ends with.
///
/// Acts for the process: it asks the process's environment and terminal, ends it on SIGTERM and
/// SIGINT, and turns a panic into exit code 70.
pub fn run<I, T>(
    args: I,
    stdout: &mut dyn std::io::Write,
    stderr: &mut (dyn std::io::Write + Send),
) -> exit::ExitCode
where
    I: IntoIterator<Item = T>,
    T: Into<std::ffi::OsString>,
{
    run::as_process(args.into_iter().map(Into::into).collect(), stdout, stderr)
}
