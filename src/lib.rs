//! The library behind `churnctl`: the map of the house.
//!
//! Each folder is a room on a floor; a room imports only from floors below its own
//! (`tests/it/architecture.rs` checks it). From the top:
//!
//! | floor | room | holds |
//! |---|---|---|
//! | 8 | [`cli`] | the command line: words into requests |
//! | 7 | [`commands`] | one file a subcommand: read, compute, emit, verdict |
//! | 6 | [`reports`] | what people read of a result |
//! | 5 | [`manifests`] | a plan to Kubernetes objects, rules, dashboards |
//! | 4 | [`serve`] | the prediction API |
//! | 3 | [`drift`] | two profiles in, one report out |
//! | 2 | [`profile`], [`metrics`] | one data set in, one mergeable summary out; metric names and text |
//! | 1 | [`data`], [`stats`], [`http`], [`trust`] | readers; pure numbers; servers with limits; signatures |
//! | 0 | [`terminal`], [`page`], [`settings`], [`files`], [`error`], [`exit`], [`progress`], [`signals`], [`cells`], [`text`], [`deadlines`] | terminal, HTML frame, settings, atomic files |
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

pub mod cells;
pub mod deadlines;
pub mod error;
pub mod exit;
pub mod expansion;
pub mod files;
pub mod page;
pub(crate) mod panics;
pub(crate) mod passing;
pub mod percent;
pub mod placeholder;
pub mod progress;
pub mod proxies;
pub mod redact;
pub mod same_file;
pub mod secret;
pub mod settings;
pub mod signals;
pub mod terminal;
pub mod text;
pub(crate) mod threads;
pub mod thresholds;

pub mod alerts;
pub mod cli;
pub mod cluster;
pub mod commands;
pub mod data;
pub mod drift;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod foreign;
pub mod http;
pub mod manifests;
pub mod metrics;
pub mod model;
pub mod profile;
pub mod reports;
pub mod serve;
pub mod stats;
pub mod tracking;
pub mod trust;

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
