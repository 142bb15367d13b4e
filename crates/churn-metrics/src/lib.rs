//! Every metric that exists, its text form written, read and checked, and the Pushgateway.

pub mod check;
mod distributions;
pub mod exporters;
pub mod exposition;
pub mod gateway;
pub mod live;
mod metric;
pub mod names;
mod process;
pub mod text;

pub use exposition::Exposition;
pub use live::{Counter, Gauge, Histogram, Live};
