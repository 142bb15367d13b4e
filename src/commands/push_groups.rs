//! `churnctl push-metrics list`, `delete` and `prune`: the groups that a Pushgateway holds.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::Console;
use super::gateway::GatewayRequest;
use crate::cells::{Cell, Column, Table, Tone};
use crate::error::Result;
use crate::exit::ExitCode;
use crate::http::client::Client;
use crate::metrics::gateway::{Group, GroupingKey, Holdings, delete, holdings};

/// Version of the JSON layouts.
const SCHEMA_VERSION: u32 = 1;

/// Deleting one group, settings applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteRequest {
    /// The gateway.
    pub gateway: GatewayRequest,
    /// The group, all of its labels.
    pub key: GroupingKey,
    /// Nobody is asked.
    pub yes: bool,
    /// Only show.
    pub dry_run: bool,
}

/// Deleting old groups, settings applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PruneRequest {
    /// The gateway.
    pub gateway: GatewayRequest,
    /// How long nobody must have pushed to a group.
    pub older_than: Duration,
    /// Only groups of this job.
    pub job: Option<String>,
    /// Nobody is asked.
    pub yes: bool,
    /// Only show.
    pub dry_run: bool,
}

#[derive(Serialize)]
struct Listed {
    gateway: String,
    groups: Vec<Entry>,
}

#[derive(Serialize)]
struct Deleted {
    gateway: String,
    dry_run: bool,
    groups: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    group: BTreeMap<String, String>,
    last_push_successful: bool,
    push_time_seconds: f64,
    push_failure_time_seconds: f64,
    age_seconds: f64,
    metrics: Vec<String>,
}

/// Lists the groups.
///
/// # Errors
/// If the gateway stays away or is none.
pub fn list(gateway: &GatewayRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    let client = gateway.client(console)?;
    let held = holdings(&client)?;
    let now = now(&held, console);
    let document = Listed {
        gateway: client.url().to_string(),
        groups: entries(&held.groups, now),
    };
    let document = console.document("push-metrics list", SCHEMA_VERSION, document);
    if console.print_document(&document)? {
        return Ok(ExitCode::Ok);
    }
    if held.groups.is_empty() {
        let line = format!("no groups at {}", client.url());
        console.print_line(Tone::Plain, &line)?;
    } else {
        console.print_table(&table(&held.groups, now))?;
    }
    Ok(ExitCode::Ok)
}

/// Deletes one group.
///
/// # Errors
/// As [`list`]; with 3 if the answer is no. Does *not* fail if there is no such group: then it is
/// gone already, and said so.
pub fn delete_one(request: &DeleteRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    let client = request.gateway.client(console)?;
    let mut held = holdings(&client)?;
    held.groups.retain(|group| group.key.is_same(&request.key));
    if held.groups.is_empty() {
        let message = format!("{} has no group {}", client.url(), request.key);
        console.messages().warn(&message);
    }
    remove(
        "push-metrics delete",
        &client,
        &held,
        request.yes,
        request.dry_run,
        console,
    )
}

/// Deletes the groups that nobody has pushed to for long.
///
/// # Errors
/// As [`delete_one`].
pub fn prune(request: &PruneRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    let client = request.gateway.client(console)?;
    let mut held = holdings(&client)?;
    let oldest = now(&held, console) - request.older_than.as_secs_f64();
    held.groups.retain(|group| {
        let of_job = request.job.as_ref().is_none_or(|job| {
            group
                .key
                .labels()
                .contains(&("job".to_owned(), job.clone()))
        });
        of_job && group.last_touched_seconds() < oldest
    });
    remove(
        "push-metrics prune",
        &client,
        &held,
        request.yes,
        request.dry_run,
        console,
    )
}

fn remove(
    command: &'static str,
    client: &Client,
    held: &Holdings,
    yes: bool,
    dry_run: bool,
    console: &mut Console<'_>,
) -> Result<ExitCode> {
    let now = now(held, console);
    let (gateway, count) = (client.url().to_string(), held.groups.len());
    let is_document = matches!(
        console.look().format,
        crate::terminal::Format::Json | crate::terminal::Format::Yaml
    );
    if !is_document && count > 0 {
        console.print_table(&table(&held.groups, now))?;
    }
    if !dry_run && count > 0 {
        let question = match count {
            1 => format!("Delete this group from {gateway}?"),
            _ => format!("Delete these {count} groups from {gateway}?"),
        };
        console.agree(yes, &question)?;
        for group in &held.groups {
            delete(client, &group.key)?;
            console.messages().debug(&format!("deleted {}", group.key));
        }
    }
    let document = Deleted {
        gateway: gateway.clone(),
        dry_run,
        groups: entries(&held.groups, now),
    };
    let document = console.document(command, SCHEMA_VERSION, document);
    if !console.print_document(&document)? {
        let what = match (dry_run, count) {
            (_, 0) => "nothing to delete".to_owned(),
            (true, 1) => "would delete 1 group".to_owned(),
            (true, _) => format!("would delete {count} groups"),
            (false, 1) => "deleted 1 group".to_owned(),
            (false, _) => format!("deleted {count} groups"),
        };
        let line = format!("{what} at {gateway}");
        match dry_run {
            true => console.print_line(Tone::Plain, &line)?,
            false => console.print_done(Tone::Plain, &line)?,
        }
    }
    Ok(ExitCode::Ok)
}

/// The gateway's clock, since its times are by it; ours if it doesn't tell.
fn now(held: &Holdings, console: &Console<'_>) -> f64 {
    held.gateway_seconds
        .map_or_else(|| console.created_at_seconds(), |seconds| seconds as f64)
}

fn entries(groups: &[Group], now: f64) -> Vec<Entry> {
    let entry = |group: &Group| Entry {
        group: group.key.labels().iter().cloned().collect(),
        last_push_successful: group.last_push_successful,
        push_time_seconds: group.push_time_seconds,
        push_failure_time_seconds: group.push_failure_time_seconds,
        age_seconds: (now - group.last_touched_seconds()).max(0.0),
        metrics: group.families.keys().cloned().collect(),
    };
    groups.iter().map(entry).collect()
}

fn table(groups: &[Group], now: f64) -> Table {
    let row = |group: &Group| {
        let others: Vec<String> = group
            .key
            .labels()
            .iter()
            .filter(|(name, _)| name != "job")
            .map(|(name, value)| format!("{name}={value:?}"))
            .collect();
        let job = group.key.labels().first().map_or("", |(_, value)| value);
        let (word, tone) = match group.last_push_successful {
            true => ("ok", Tone::Good),
            false => ("refused", Tone::Bad),
        };
        vec![
            Cell::plain(job),
            Cell::plain(others.join(" ")),
            Cell::plain(age(now - group.last_touched_seconds())),
            Cell::new(word, tone),
            Cell::plain(group.families.len().to_string()),
        ]
    };
    Table {
        columns: vec![
            Column::text("Job"),
            Column::text("Other labels"),
            Column::number("Last push"),
            Column::text("Result"),
            Column::number("Metrics"),
        ],
        rows: groups.iter().map(row).collect(),
    }
}

/// Returns `3 h ago`, in the largest unit that is at least one.
fn age(seconds: f64) -> String {
    let units = [("d", 86_400.0), ("h", 3_600.0), ("min", 60.0)];
    let found = units.into_iter().find(|(_, length)| seconds >= *length);
    let (unit, length) = found.unwrap_or(("s", 1.0));
    format!("{:.0} {unit} ago", (seconds / length).floor().max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_in_the_largest_unit_that_fits() {
        assert_eq!(age(-2.0), "0 s ago");
        assert_eq!(age(59.9), "59 s ago");
        assert_eq!(age(3_600.0 * 23.0), "23 h ago");
        assert_eq!(age(86_400.0 * 8.5), "8 d ago");
    }
}
