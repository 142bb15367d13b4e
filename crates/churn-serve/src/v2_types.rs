//! Outputs and datatypes of the Open Inference Protocol, as they are called there.

/// Names of the outputs.
pub(super) const OUTPUTS: [&str; 2] = ["churn_risk", "label"];

/// Datatypes of numbers.
pub(super) const NUMBERS: [&str; 11] = [
    "FP64", "FP32", "FP16", "INT64", "INT32", "INT16", "INT8", "UINT64", "UINT32", "UINT16",
    "UINT8",
];

/// Datatype of texts.
pub(super) const TEXTS: &str = "BYTES";

/// Datatype of truth values.
pub(super) const TRUTH: &str = "BOOL";
