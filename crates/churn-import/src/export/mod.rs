//! Models of this program for those who leave: as LightGBM's text, a graph of ONNX, or a statement of SQL.

mod lightgbm;
mod model;
mod onnx;
mod protobuf;
mod single;
mod sql;

pub use lightgbm::LightGbm;
pub use model::Exportable;
