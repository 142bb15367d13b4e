//! What the checks need to know beside the rules.

use std::collections::BTreeMap;

/// What the checks need to know beside the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LintOptions {
    /// Time between two scrapes, in milliseconds.
    pub scrape_interval: u64,
    /// Whether that was said, by a setting or a server, and not only assumed.
    pub is_interval_known: bool,
    /// How long samples are kept, in milliseconds; none if nobody said it.
    pub retention: Option<u64>,
    /// Types by metric family, as a server's `/api/v1/metadata` gives them.
    pub metadata: BTreeMap<String, String>,
    /// Ids of checks that are switched off.
    pub disabled: Vec<String>,
}

impl Default for LintOptions {
    fn default() -> Self {
        Self {
            scrape_interval: 30_000,
            is_interval_known: false,
            retention: None,
            metadata: BTreeMap::new(),
            disabled: Vec::new(),
        }
    }
}
