//! Every metric that exists, and its text form.

pub mod exposition;
pub mod names;

pub use exposition::Exposition;
