//! `churnctl serve`: the real binary over real sockets.

mod clients;
mod crowd;
mod drain;
mod hostile;
mod log;
mod log_upload;
mod metrics;
mod mutated;
mod packed;
mod reload;
pub(crate) mod running;
mod scenarios;
mod settings;
mod signed;
mod spans;
mod unseen;
