//! `churnctl model`: models of other frameworks, and the registry at a glance.

mod import;
mod import_request;
mod imported_body;
mod imported_data;

pub use import::run as import;
pub use import_request::{ImportRequest, ImportWords};
