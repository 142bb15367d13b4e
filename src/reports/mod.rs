//! What people and machines read of a result, a file a form: all pure, from report to text.

pub mod alerts;
pub mod doctor;
pub mod drift;
pub mod format;
pub mod github;
pub mod retrain;
pub mod serve;
pub mod sparkline;
pub mod train;
