//! Two profiles in, one report out.

pub mod alarm;
mod alarm_process;
#[cfg(test)]
mod alarm_tests;
mod alarms;
mod align;
pub mod bins;
mod category_rules;
pub mod check;
pub mod context;
mod estimated;
pub mod evidence;
pub mod feature;
mod feature_bins;
mod feature_categorical;
mod feature_cells;
mod feature_numeric;
mod feature_report;
mod feature_unparsable;
mod feature_verdict;
mod finding;
mod header_rows;
pub mod history;
mod identifiers;
mod label_findings;
pub mod late_labels;
pub mod noise;
mod number_format;
mod number_rules;
pub mod over_time;
pub mod performance;
pub mod plan;
mod reference;
pub mod report;
pub mod roles;
mod score_intervals;
mod share_rule;
mod sides;
#[cfg(test)]
mod simulation;
mod status;
mod window_findings;
mod windowing;
mod windows;

pub use alarm::{AlarmBudget, AlarmPolicy, WindowsOfLast};
pub use alarm_process::AlarmProcess;
pub use check::{Provenance, check};
pub use estimated::{Calibration, EstimatedReport};
pub use plan::{CheckOptions, Plan};
pub use report::{DriftReport, FeatureThresholds, Status};
pub use roles::UsualColumns;
pub use windowing::{Against, BadAgainst, Windowing};
pub use windows::check_windows;
