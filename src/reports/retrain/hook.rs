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
    /// The class of its colour.
    class: &'static str,
    /// The outcome as people say it.
    said: &'static str,
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
    let (class, said) = match taken.outcome {
        "created" => ("OK", "Job started"),
        "duplicate" => ("TOO_FEW_ROWS", "has its Job"),
        "running" => ("TOO_FEW_ROWS", "another retrain runs"),
        "cooling_down" => ("TOO_FEW_ROWS", "cooling down"),
        "too_many" => ("WARN", "limit of the day"),
        "skipped" => ("TOO_FEW_ROWS", "no cause to retrain"),
        "busy" => ("WARN", "busy, comes again"),
        _ => ("FAIL", "failed, comes again"),
    };
    Row {
        class,
        said,
        at: moment(&taken.at),
        alert: taken.alert,
        starts_at: moment(&taken.starts_at),
        job: taken.job.unwrap_or_default(),
        detail: taken.detail,
    }
}

/// Returns a time as people read it; as it is if it is none.
fn moment(text: &str) -> String {
    let time = text.parse::<jiff::Timestamp>();
    time.map_or_else(
        |_| text.to_owned(),
        |time| time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

fn hours(seconds: u64) -> String {
    match (seconds / 3_600, seconds % 3_600 / 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}
