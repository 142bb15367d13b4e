//! Preprocessing, learners, evaluation, calibration, promotion, and the artifact of them all.

pub mod artifact;
mod artifact_check;
mod bins;
pub mod calibrate;
mod cut;
mod design;
pub mod encode;
pub mod evaluate;
pub mod explain;
pub mod frame;
mod gather;
pub mod importance;
mod intern;
pub mod learner;
pub mod logistic;
pub mod promote;
pub mod publish;
mod random;
pub mod registry;
pub mod report;
pub mod score;
mod shapley;
pub mod split;
pub mod store;
pub mod strata;
#[cfg(test)]
mod telco;
mod threads;
pub mod threshold;
pub mod times;
pub mod training;
pub mod trees;
pub mod trivial;
mod walk;
