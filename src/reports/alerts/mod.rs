//! What people and CI systems read of alerting rules: lists, findings, proofs.

pub mod findings;
pub mod github;
pub(crate) mod history;
pub(crate) mod history_html;
pub mod junit;
pub mod list;
pub mod markdown;
pub mod sarif;
pub mod show;
pub mod test;

pub use test::{NeverLoaded, TestReport, Thresholds};
