//! Alerting rules: what there is, what is wrong with it, and proof that it fires and arrives.

pub mod align;
pub mod cases;
pub mod catalogue;
pub mod duration;
pub mod library;
pub mod lint;
pub mod live;
pub mod node;
pub mod promql;
pub mod proof;
pub mod routing;
pub mod rule;
pub mod sources;

pub use library::Library;
