//! Every alert rule, with the unit cases that prove it. Rules become files elsewhere.

mod api;
mod case;
mod expand;
mod infra;
mod jobs;
mod limits;
mod ml;
mod options;
mod platform;
mod promtool;
mod pushes;
mod rule;
mod runbook;
mod serving;

pub use case::{Case, CaseKind, Check, Expected};
pub use options::{Options, Thresholds};
pub use promtool::{RuleFile, RuleGroup, RuleText, TestFile, groups, test_file};
pub use rule::{Layer, Rule, Severity, names, prometheus_duration, rules};
pub use runbook::runbooks;
