//! The page of the last decisions: for people who wonder what became of an alert.

use serde::Serialize;

use crate::cluster::webhook::{HookStatus, Taken};
use crate::error::Result;
use crate::page::{Page, frame};

const TEMPLATE: &str = include_str!("hook.html");
const STYLE: &str = include_str!("hook.css");

#[derive(Serialize)]
struct Context {
    cron_job: String,
    namespace: String,
    context: String,
    alerts: String,
    cooldown: String,
    max_per_day: u32,
    decided: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    at: String,
    alert: String,
    starts_at: String,
    class: &'static str,
    outcome: &'static str,
    job: String,
    detail: String,
}

/// Renders the page.
///
/// # Errors
/// Fails with 70 if the template is wrong.
pub fn page(status: HookStatus<'_>) -> Result<String> {
    let HookStatus {
        options,
        place,
        decided,
    } = status;
    let context = Context {
        cron_job: options.cron_job.clone(),
        namespace: place.namespace.clone(),
        context: place.context.clone(),
        alerts: options.rules.alerts.join(", "),
        cooldown: hours(options.cooldown.as_secs()),
        max_per_day: options.max_per_day,
        decided: decided.into_iter().map(row).collect(),
    };
    let body = frame::render(TEMPLATE, &context)?;
    Page {
        title: "churnctl: retrain by alert",
        style: STYLE,
        body: &body,
    }
    .render()
}

fn row(taken: Taken) -> Row {
    Row {
        class: match taken.outcome {
            "created" => "good",
            "failed" => "bad",
            "busy" | "too_many" => "warn",
            _ => "muted",
        },
        at: taken.at,
        alert: taken.alert,
        starts_at: taken.starts_at,
        outcome: taken.outcome,
        job: taken.job.unwrap_or_default(),
        detail: taken.detail,
    }
}

fn hours(seconds: u64) -> String {
    match (seconds / 3_600, seconds % 3_600 / 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}
