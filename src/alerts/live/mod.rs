//! Proof on running servers: what Prometheus and Alertmanager say of themselves, and what becomes of
//! an alert that is sent on purpose.

mod step;

pub use step::Step;
