//! What `churnctl init` is asked for. What it finds and writes is decided elsewhere.

/// What to look at, what is known already, what to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InitRequest {
    /// Training data, or its profile.
    pub baseline: String,
    /// Data to be checked.
    pub current: Option<String>,
    /// Name of the model.
    pub model: String,
    /// The label; `none` for none.
    pub label: Option<String>,
    /// Its value that means churned.
    pub positive: Option<String>,
    /// The score; `none` for none.
    pub score: Option<String>,
    /// The time of a row; `none` for none.
    pub time: Option<String>,
    /// Identifiers, beside those that are found.
    pub id: Vec<String>,
    /// What else to write.
    pub extras: Extras,
    /// Ask nothing.
    pub yes: bool,
}

/// What else to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extras {
    /// A workflow.
    pub github: bool,
    /// Manifests.
    pub kubernetes: bool,
    /// A pipeline.
    pub dvc: bool,
    /// A line for cron.
    pub cron: bool,
}
