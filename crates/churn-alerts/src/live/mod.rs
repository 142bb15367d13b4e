//! Proof on running servers: what Prometheus and Alertmanager say of themselves, and what becomes of
//! an alert that is sent on purpose.

mod alertmanager;
mod caught;
mod checks;
mod clock;
mod counters;
mod delivery;
mod fate;
mod judge;
mod patience;
mod prometheus_api;
mod pushed;
mod retrain;
mod rules;
mod sent;
mod step;
mod synthetic;
mod whole_loop;

pub use alertmanager::Alertmanager;
pub use checks::look;
pub use patience::{Interrupted, Patience};
pub use prometheus_api::Prometheus;
pub use step::{Outcome, Step};
pub use synthetic::{Synthetic, send};
pub use whole_loop::{WholeLoop, close_the_loop};
