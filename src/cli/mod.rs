//! The command line: words into requests. The only room that knows clap.

mod alerts;
mod alerts_history;
mod columns;
mod config;
mod demo;
mod doctor;
mod drift;
mod drift_history;
mod drift_labels;
mod drift_short;
mod gateway;
mod generate;
mod global;
mod help;
mod init;
mod kfp;
mod mlflow;
mod model;
mod parsed_args;
mod profile;
mod promote;
mod push_metrics;
mod render_manifests;
mod retrain;
mod score;
mod segments;
mod serve;
mod sign;
mod tracking;
mod train;

pub use alerts::AlertsTask;
pub use generate::{Argument, arguments, completion, generated_files, man_page};
pub use global::Global;
pub use parsed_args::{ParsedArgs, Refused, Task, parse};
pub use push_metrics::PushTask;
pub use sign::SignTask;
