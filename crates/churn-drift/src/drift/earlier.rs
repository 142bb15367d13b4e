//! Earlier rows of the current side in the place of a baseline.

use crate::profile::{Counted, HeaderRows, Profile, SCHEMA_VERSION};

impl Counted {
    /// Takes what was counted of earlier windows for a baseline, in the roles of the one it stands for.
    pub(super) fn into_profile(self, baseline: &Profile) -> Profile {
        Profile {
            rows: self.rows,
            header_rows: HeaderRows::default(),
            columns: self.columns,
            outcome: self.outcome,
            shards: None,
            source: baseline.source.clone(),
            command: baseline.command.clone(),
            created_at: baseline.created_at.clone(),
            churnctl_version: baseline.churnctl_version.clone(),
            schema_version: SCHEMA_VERSION,
            roles: baseline.roles.clone(),
            segments: Vec::new(),
            model_features: baseline.model_features.clone(),
        }
    }
}
