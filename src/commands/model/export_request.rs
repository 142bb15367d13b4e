//! What `churnctl model export` is asked for.

use std::path::PathBuf;

use serde::Serialize;

use crate::commands::drift_request::ReadingRequest;

/// What is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum ExportFormat {
    /// The text that LightGBM loads.
    #[serde(rename = "lightgbm")]
    LightGbm,
    /// A graph of ONNX.
    #[serde(rename = "onnx")]
    Onnx,
    /// A statement of PostgreSQL.
    #[serde(rename = "sql:postgres")]
    Postgres,
}

/// Everything that an export needs to know, settings applied.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportRequest {
    /// A file, a version, or none for the one in production.
    pub model: Option<String>,
    /// What is to be written.
    pub format: ExportFormat,
    /// The rows of the proof.
    pub parity: String,
    /// The table that a statement selects from.
    pub table: Option<String>,
    /// Where it goes.
    pub output: PathBuf,
    /// Folder with the model in production and the registry.
    pub artifacts: PathBuf,
    /// How the rows are read.
    pub reading: ReadingRequest,
}
