//! Every alert rule, with the unit cases that prove it: a file each in `rules/`. What is rendered of them is decided elsewhere.

mod arithmetic;
mod case;
mod expand;
mod file;
mod fill;
mod options;
mod promtool;
mod rule;
mod rules;
mod runbook;

pub use case::{Case, CaseKind, Check, Expected};
pub use options::{Options, SOURCES};
pub use promtool::{RuleFile, RuleGroup, RuleText, TestFile, groups, test_file};
pub use rule::{Layer, Rule, Severity, prometheus_duration};
pub use rules::{names, rules};
pub use runbook::runbooks;
