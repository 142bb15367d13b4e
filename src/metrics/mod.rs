//! Every metric that exists, its text form written, read and checked, and the Pushgateway.

pub mod check;
pub mod exposition;
pub mod gateway;
pub mod names;
pub mod text;

pub use exposition::Exposition;
