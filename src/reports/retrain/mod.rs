//! What people read of retrain Jobs: the list of runs, what is about to be started, and what the webhook
//! decided.

pub mod hook;
pub mod status;
pub mod words;
