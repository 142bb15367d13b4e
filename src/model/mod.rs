//! Preprocessing, learners, evaluation, calibration, promotion, and the artifact of them all.

pub mod artifact;
pub mod frame;
mod gather;
mod intern;
mod threads;
