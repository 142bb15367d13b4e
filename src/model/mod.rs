//! Preprocessing, learners, evaluation, calibration, promotion, and the artifact of them all.

pub mod artifact;
mod bins;
mod design;
pub mod encode;
pub mod explain;
pub mod frame;
mod gather;
pub mod importance;
mod intern;
pub mod learner;
pub mod logistic;
mod random;
pub mod score;
#[cfg(test)]
mod telco;
mod threads;
pub mod trees;
mod walk;
