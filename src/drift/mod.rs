//! Two profiles in, one report out.

pub mod bins;
pub mod check;
pub mod feature;
pub mod performance;
pub mod plan;
pub mod report;
pub mod roles;

pub use check::{Provenance, check};
pub use plan::{CheckOptions, Plan};
pub use report::{DriftReport, PsiThresholds, Status};
pub use roles::UsualColumns;
