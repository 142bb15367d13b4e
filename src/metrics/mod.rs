//! Every metric that exists, and its text form.

pub mod exposition;
pub mod live;
pub mod names;
mod process;

pub use exposition::Exposition;
pub use live::{Counter, Gauge, Histogram, Live};
