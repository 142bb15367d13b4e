//! Preprocessing, learners, evaluation, calibration, promotion, and the artifact of them all.

pub mod artifact;
pub mod calibrate;
mod cut;
pub mod evaluate;
pub mod frame;
pub mod split;
pub mod strata;
pub mod threshold;
pub mod times;
pub mod trivial;
