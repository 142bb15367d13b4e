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

pub(crate) use ask::Asker;
pub(crate) use compare::{Change, Comparison, compare};
pub(crate) use data::SelectorData;
pub(crate) use plan::{PlannedRule, TimeRange, of_library, of_server, records};
pub(crate) use replay::{Ended, Episode};
pub(crate) use study::{Study, default_interval};
pub(crate) use summary::{
    AlertHistory, NOISY_LEAST, NOISY_MEDIAN, NOISY_PER_DAY, NOISY_SHARE, Status, length,
};
