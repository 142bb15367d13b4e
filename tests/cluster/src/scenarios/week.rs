//! The loop by the clock: nothing is started by hand. Stable days, a shifted day, the alert, one Job, a better model in
//! every replica without a restart, resolved; no second Job in the cooldown, one after it.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::install::{self, World, month, restarts, versions};
use crate::lab::{Lab, Outcome};

/// A minute is a day. The baseline is what the model in production has learned from.
const SETTINGS: &str = r#"
drift.baseline = ["artifacts/models/production_latest.json"]
retrain.cooldown = "3m"
k8s.drift_schedule = "* * * * *"
k8s.score_schedule = "* * * * *"
alerts.for = ["ModelDataDrift=1s"]
alerts.group_wait = "1s"
alerts.group_interval = "5s"
alerts.repeat_interval = "30s"
"#;
const COOLDOWN_SECONDS: f64 = 180.0;

pub(crate) fn run(lab: &mut Lab) -> Outcome {
    install::monitoring(lab)?;
    let began = Instant::now();
    install::deployed(lab, "loop", SETTINGS)?;
    let up = began.elapsed().as_secs_f64();
    // Both are told of every alert, as far as the Service shares them out.
    lab.ours("scale deployment churn-retrain-hook --replicas=2")?;
    install::rolled_out(lab, "churn-retrain-hook")?;
    let first = versions(lab)?;
    lab.until("a stable day is checked and OK", 150, |lab| {
        Ok((status(lab)? == Some(0.0) && completed(lab, "churn-drift-daily")? > 0).then_some(()))
    })?;
    let firing = lab.firing()?;
    if let Some(alert) = firing.iter().find(|alert| alert.starts_with("Model")) {
        return Err(format!("{alert} fires on a stable day"));
    }
    let (to_job, second) = shift(lab, World::Dear, 3, &first)?;
    // Within the cooldown another shift starts nothing.
    month(lab, World::Flexible, 5, 3_000)?;
    lab.until("the second shift alerts", 150, |lab| {
        Ok(drift_fires(lab)?.then_some(()))
    })?;
    let waited = Instant::now();
    let jobs = lab.until("the next Job after the cooldown", 240, |lab| {
        let now = retrains(lab)?;
        Ok((now.len() > 1).then_some(now))
    })?;
    let waited = waited.elapsed().as_secs_f64();
    let gap = seconds_between(&jobs)?;
    if gap < COOLDOWN_SECONDS {
        return Err(format!(
            "a second Job {gap:.0} s after the first, within a cooldown of {COOLDOWN_SECONDS:.0} s"
        ));
    }
    let last = lab.until("both replicas serve the third model", 120, |lab| {
        let now = versions(lab)?;
        Ok((now.len() == 1 && now != second).then_some(now))
    })?;
    lab.until("the drift alert is resolved", 180, |lab| {
        Ok((!drift_fires(lab)?).then_some(()))
    })?;
    std::thread::sleep(Duration::from_secs(5));
    let jobs = retrains(lab)?;
    if jobs.len() != 2 {
        return Err(format!("{} retrain Jobs, not 2", jobs.len()));
    }
    let restarts = restarts(lab)?;
    if restarts != 0 {
        return Err(format!("the API was restarted {restarts} times"));
    }
    agree(lab, &last, &jobs)?;
    Ok(format!(
        "API up after {up:.0} s; shifted data to Job {to_job:.0} s; second Job {gap:.0} s after the first ({waited:.0} s after its alert); 3 models, 2 Jobs, 0 restarts"
    ))
}

/// A shifted day, to the model that comes of it: seconds to the Job, and what the API then serves.
fn shift(
    lab: &Lab,
    world: World,
    seed: u64,
    before: &[String],
) -> Result<(f64, Vec<String>), String> {
    month(lab, world, seed, 3_000)?;
    let began = Instant::now();
    lab.until("the shifted day fails with exit code 2", 150, |lab| {
        Ok((status(lab)? == Some(2.0)).then_some(()))
    })?;
    lab.until("one retrain Job", 60, |lab| {
        Ok((retrains(lab)?.len() == 1).then_some(()))
    })?;
    let to_job = began.elapsed().as_secs_f64();
    let after = lab.until("both replicas serve the new model", 120, |lab| {
        let now = versions(lab)?;
        Ok((now.len() == 1 && now != before).then_some(now))
    })?;
    lab.until("the check against the new baseline is OK", 150, |lab| {
        Ok((status(lab)? == Some(0.0)).then_some(()))
    })?;
    lab.until("the drift alert is resolved", 60, |lab| {
        Ok((!drift_fires(lab)?).then_some(()))
    })?;
    match retrains(lab)?.len() {
        1 => Ok((to_job, after)),
        jobs => Err(format!("{jobs} retrain Jobs after one alert")),
    }
}

fn drift_fires(lab: &Lab) -> Result<bool, String> {
    Ok(lab.firing()?.iter().any(|alert| alert == "ModelDataDrift"))
}

/// The verdict that the last check has pushed: 0 OK, 1 WARN, 2 FAIL.
fn status(lab: &Lab) -> Result<Option<f64>, String> {
    Ok(lab
        .query("max(churn_drift_status)")?
        .first()
        .map(|(_, value)| *value))
}

fn completed(lab: &Lab, cron_job: &str) -> Result<usize, String> {
    let jobs = lab.list("jobs")?;
    let of = |job: &&Value| {
        job["metadata"]["ownerReferences"][0]["name"] == cron_job && job["status"]["succeeded"] == 1
    };
    Ok(jobs.iter().filter(of).count())
}

/// Jobs that an alert has started, the oldest first.
fn retrains(lab: &Lab) -> Result<Vec<Value>, String> {
    lab.list("jobs -l churnctl.io/trigger=alert --sort-by=.metadata.creationTimestamp")
}

fn seconds_between(jobs: &[Value]) -> Result<f64, String> {
    let time = |job: Option<&Value>| {
        let text = job
            .and_then(|job| job["metadata"]["creationTimestamp"].as_str())
            .unwrap_or_default();
        text.parse::<jiff::Timestamp>()
            .map_err(|error| error.to_string())
    };
    let span = time(jobs.last())?.duration_since(time(jobs.first())?);
    Ok(span.as_secs_f64())
}

/// Volume, API, ledger and Jobs say the same of the models and of what made them.
fn agree(lab: &Lab, serving: &[String], jobs: &[Value]) -> Result<(), String> {
    let file = install::volume(lab).join("artifacts/models/production_latest.json");
    let text =
        std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let artifact: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let version = artifact["version"].as_str().unwrap_or_default();
    if serving != [version] {
        return Err(format!(
            "the API serves {serving:?}, the volume has {version}"
        ));
    }
    let lease = lab.get("lease churnctl-retrain")?;
    let ledger = lease["metadata"]["annotations"]["churnctl.io/ledger"].as_str();
    let ledger: Value =
        serde_json::from_str(ledger.unwrap_or_default()).map_err(|error| error.to_string())?;
    let starts = ledger["starts"].as_array().into_iter().flatten();
    let noted: Vec<&Value> = starts.map(|start| &start["job"]).collect();
    let names: Vec<&Value> = jobs.iter().map(|job| &job["metadata"]["name"]).collect();
    if noted != names {
        return Err(format!("the ledger has {noted:?}, the cluster {names:?}"));
    }
    Ok(())
}
