//! One file a subcommand: read, compute, emit, verdict. What the words on the command line mean is `cli/`'s affair.

pub mod alerts;
pub mod config;
pub mod deployment;
mod diff;
pub mod doctor;
pub mod drift;
mod drift_watch;
mod files_of;
mod files_used;
pub mod gateway;
pub mod inputs;
pub mod kfp;
pub mod metrics;
pub mod mlflow;
mod model_file;
mod ordered_lines;
pub mod profile;
pub mod promote;
pub mod push_groups;
pub mod push_metrics;
pub mod push_run;
pub mod render_manifests;
pub mod retrain;
pub mod score;
mod score_readings;
mod score_unseen;
pub mod serve;
pub mod tracker;
pub mod train;
mod train_artifact;
mod train_drift;
mod train_judge;
mod train_label;
mod train_request;
mod train_table;
pub mod version;

mod shell;
mod step_summary;

pub(crate) use files_used::UsesFiles;
use model_file::model_file;
pub use shell::{Look, Shell};
