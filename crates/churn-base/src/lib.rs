//! What every room stands on: errors with their exit codes, secrets that cannot be printed, signals, atomic files,
//! progress. Knows nothing of churn.

pub mod deadlines;
pub mod error;
pub mod exit;
pub mod files;
pub mod hex;
pub mod json_words;
pub mod months;
pub mod panics;
pub mod passing;
pub mod percent;
pub mod progress;
pub mod proxies;
pub mod redact;
pub mod same_file;
pub mod secret;
pub mod signals;
pub mod text;
pub mod threads;
pub mod thresholds;
