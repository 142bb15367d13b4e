//! Models of this program for those who leave: as LightGBM's text, or as a statement of SQL.

mod lightgbm;
mod model;
mod single;
mod sql;

pub use lightgbm::LightGbm;
pub use model::Exportable;
