//! Preprocessing, learners, evaluation, calibration, promotion, and the artifact of them all.

pub mod artifact;
mod design;
pub mod encode;
pub mod frame;
mod gather;
mod intern;
pub mod learner;
pub mod logistic;
mod threads;
pub mod trees;
