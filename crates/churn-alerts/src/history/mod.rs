//! What rules would have done: their expressions asked of Prometheus over a range, and `for` and
//! `keep_firing_for` applied to the samples as Prometheus applies them. Nothing here is printed.

mod ask;
mod compare;
mod data;
mod evaluate;
mod labels;
mod plan;
mod replay;
mod study;
mod summary;

pub use ask::Asker;
pub use compare::{Change, Comparison, compare};
pub use data::SelectorData;
pub use plan::{PlannedRule, TimeRange, of_library, of_server, records};
pub use replay::{Ended, Episode};
pub use study::{Study, default_interval};
pub use summary::{
    AlertHistory, NOISY_LEAST, NOISY_MEDIAN, NOISY_PER_DAY, NOISY_SHARE, Status, length,
};
