//! Lint: what is wrong with rules before they are ever evaluated. A check is a file here, an id, and
//! a page in `docs/lint/`.

mod check;
mod comments;
mod counter_without_rate;
mod dead_metric;
mod deprecated_matcher;
mod disable_comment;
mod duplicate_alert;
mod finished_pods;
mod missing;
mod missing_description;
mod missing_for;
mod missing_runbook_url;
mod missing_severity;
mod missing_summary;
mod namespace_lost;
mod no_absence_alert;
mod quantile_without_le;
mod registry;
mod retrain_loop;
mod run;
mod short_range;
mod stuck_job;
mod syntax;
mod template_label;
mod traffic_guard;
mod unknown_own_metric;
mod unknown_receiver;

pub use check::{Check, Finding, Severity};
pub use registry::{CHECKS, check_named};
pub use run::{LintOptions, LintReport, Suppressed, lint};
