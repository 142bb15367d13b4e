//! What people read of retrain Jobs: the list of runs, what is about to be started, and what the webhook
//! decided; and whether a training is worth it.

pub mod advise;
pub mod hook;
pub mod status;
pub mod words;
