//! Preprocessing, learners, evaluation, calibration, promotion, and the artifact of them all.

pub mod artifact;
mod artifact_check;
pub mod calibrate;
mod cut;
pub mod evaluate;
pub mod frame;
pub mod promote;
pub mod publish;
pub mod registry;
pub mod split;
pub mod store;
pub mod strata;
pub mod threshold;
pub mod times;
pub mod trivial;
