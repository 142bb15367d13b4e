//! Actions on a Kubernetes cluster: start a Job exactly once, wait for it, check the wiring.
//!
//! What objects should look like is the affair of `manifests/`; what people read, of `reports/`.

mod access;
mod client;
pub mod decide;
pub mod doctor;
mod error;
mod events;
pub mod job;
pub mod ledger;
mod lines;
mod logs;
pub mod names;
mod pods;
mod retry;
pub mod runs;
mod session;
mod start;
pub mod state;
mod wait;
pub mod webhook;

pub use access::{Permission, TO_FOLLOW, TO_START, TO_TELL};
pub use client::{Cluster, Target};
pub use error::{Call, ClusterError, Place, Problem};
pub use events::Happened;
pub use logs::LogLine;
pub use retry::Patience;
pub use session::{Followed, Heard, Session};
pub use start::{Outcome, Plan, StartRequest, Waiting, dry_run, plan, preview, start};
pub use wait::End;
