//! Model files of other frameworks, read as data: no byte of them is ever run.
//!
//! Readers of the formats turn a file into one form, [`Foreign`]; [`assemble`](assemble::assemble)
//! makes a model of this program from it and from data; [`parity`] compares its scores with those of the
//! framework. [`export`] goes the other way. Files of artifacts and the registry are `churn-model`'s affair.

pub mod assemble;
mod catboost;
pub mod export;
mod flatten;
mod foreign;
mod lightgbm;
mod lightgbm_section;
mod lightgbm_tree;
mod onnx;
pub mod parity;
mod read;
mod refused;
mod schema;
mod ubjson;
mod xgboost;
mod xgboost_categories;
mod xgboost_tree;

pub use foreign::{Foreign, Format};
pub use read::{MAX_BYTES, read};
pub use schema::Schema;
