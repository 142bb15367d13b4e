//! Two profiles in, one report out.

pub mod bins;
pub mod check;
pub mod feature;
mod feature_bins;
mod feature_categorical;
mod feature_numeric;
mod feature_verdict;
pub mod performance;
pub mod plan;
pub mod report;
pub mod roles;

pub use check::{Provenance, check};
pub use plan::{CheckOptions, Plan};
pub use report::{DriftReport, PsiThresholds, Status};
pub use roles::UsualColumns;
