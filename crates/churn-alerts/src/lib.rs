//! Alerting rules: what there is, what is wrong with it, and proof that it fires and arrives.

pub mod align;
pub mod cases;
pub mod catalogue;
pub mod duration;
mod go_regex;
pub mod history;
pub mod library;
pub mod lint;
pub mod live;
pub mod node;
pub mod placeholder;
pub mod promql;
pub mod proof;
pub mod refusal;
pub mod routing;
pub mod rule;
mod samples;
pub mod scalar;
mod schema;
pub mod sources;
pub mod yaml;

pub use library::Library;
