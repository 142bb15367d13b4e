//! Every board, and the ConfigMaps that carry them to Grafana's sidecar.

use churn_base::error::Result;
use k8s_openapi::api::core::v1::ConfigMap;

use super::super::meta::{self, map, named};
use super::super::object::File;
use super::super::plan::Plan;
use super::board::{Board, json_of};
use super::{api, drift, platform, quality};

/// Returns every board.
#[must_use]
pub fn boards(plan: &Plan) -> Vec<Board> {
    vec![
        platform::board(plan),
        api::board(plan),
        drift::board(plan),
        quality::board(plan),
    ]
}

/// Returns the boards as ConfigMaps that Grafana's sidecar picks up.
pub(in super::super) fn files(plan: &Plan) -> Result<Vec<File>> {
    let made = boards(plan).into_iter().map(|board| {
        let name = format!("{}-dashboard", board.uid);
        let mut metadata = named(plan, &name, meta::MONITORING);
        if let Some(labels) = &mut metadata.labels {
            labels.insert("grafana_dashboard".to_owned(), "1".to_owned());
        }
        metadata.annotations = Some(map([("grafana_folder", "Churn")]));
        let text = format!("{:#}\n", json_of(&board, plan));
        File::object(
            "dashboards/",
            &ConfigMap {
                metadata,
                data: Some([(format!("{}.json", board.uid), text)].into()),
                ..ConfigMap::default()
            },
        )
    });
    made.collect()
}
