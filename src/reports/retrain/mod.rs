//! What people read of retrain Jobs: the list of runs, and what is about to be started.

pub mod status;
pub mod words;
