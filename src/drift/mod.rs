//! Two profiles in, one report out.

pub mod report;
