//! `churnctl metrics list`: every metric that this program has.

use serde::Serialize;

use super::Console;
use crate::cells::{Cell, Column, Table};
use crate::error::Result;
use crate::exit::ExitCode;
use crate::metrics::names::{ALL, Metric};

/// Version of the JSON layout.
const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Body {
    metrics: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    name: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    labels: &'static [&'static str],
    unit: Option<&'static str>,
    help: &'static str,
}

/// Prints the list.
///
/// # Errors
/// If stdout cannot be written.
pub fn list(console: &mut Console<'_>) -> Result<ExitCode> {
    let entry = |metric: &Metric| Entry {
        name: metric.name,
        kind: metric.kind.as_str(),
        labels: metric.labels,
        unit: Some(metric.unit).filter(|unit| !unit.is_empty()),
        help: metric.help,
    };
    let metrics = ALL.iter().map(entry).collect();
    let document = console.document("metrics list", SCHEMA_VERSION, Body { metrics });
    if !console.print_document(&document)? {
        let table = Table {
            columns: vec![
                Column::text("Metric"),
                // The names are long, and the help is what tells them apart.
                Column::text("Type").shown_from(110),
                Column::text("Labels").shown_from(130),
                Column::prose("Help"),
            ],
            rows: ALL.iter().map(row).collect(),
        };
        console.print_table(&table)?;
    }
    Ok(ExitCode::Ok)
}

fn row(metric: &Metric) -> Vec<Cell> {
    vec![
        Cell::plain(metric.name),
        Cell::plain(metric.kind.as_str()),
        Cell::plain(metric.labels.join(", ")),
        Cell::plain(metric.help),
    ]
}

/// Returns the page `docs/metrics.md`, which a test holds against the file.
#[must_use]
pub fn page() -> String {
    let mut text = String::from(
        "# Metrics\n\n\
         Made from the list in the source, as `churnctl metrics list` prints it. Names, types and labels\n\
         are a contract: a change is named in the changelog.\n\n\
         What a job pushes has the label `job` of its group, and Prometheus must scrape the Pushgateway\n\
         with `honor_labels: true`.\n\n\
         | metric | type | labels | help |\n|---|---|---|---|\n",
    );
    for metric in ALL {
        let labels: Vec<String> = metric
            .labels
            .iter()
            .map(|label| format!("`{label}`"))
            .collect();
        text.push_str(&format!(
            "| `{}` | {} | {} | {} |\n",
            metric.name,
            metric.kind.as_str(),
            labels.join(", "),
            metric.help
        ));
    }
    text
}
