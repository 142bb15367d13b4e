//! One file a subcommand: read, compute, emit, verdict. What the words on the command line mean is `cli/`'s affair.

pub mod config;
pub mod drift;
pub mod inputs;
pub mod mlflow;
mod ordered_lines;
pub mod profile;
pub mod score;
pub mod tracker;
pub mod train;
mod train_table;
pub mod version;

mod shell;

pub use shell::{Look, Shell};
