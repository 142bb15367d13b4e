//! `churnctl model`: models of other frameworks, and the registry at a glance.

mod diff;
mod export;
mod export_proof;
mod export_request;
mod facts;
mod find;
mod import;
mod import_mlflow;
mod import_request;
mod imported_body;
mod imported_data;
mod list;
mod show;
mod wrap;

pub use diff::{DiffRequest, run as diff};
pub use export::run as export;
pub use export_request::{ExportFormat, ExportRequest};
pub use import::run as import;
pub use import_request::{ImportRequest, ImportWords};
pub use list::{ListRequest, run as list};
pub use show::{ShowRequest, run as show};
pub use wrap::{WrapRequest, run as wrap};
