//! From Alertmanager's webhook to a Job: what is read of the payload, which alerts count, what is
//! answered, counted and shown. How a Job is started is next door.

mod judge;
mod meters;
mod payload;
mod router;
mod take;

pub use judge::{HookRules, Verdict, judge};
pub use payload::{Alert, Payload, Unreadable};
pub use router::{HOOK_PATH, ShowPage, router};
pub use take::{Hook, HookOptions, HookStatus, Taken};
