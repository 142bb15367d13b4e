//! The loop by the clock: nothing is started by hand. Stable days, a shifted day, the alert, one Job, a better model in
//! every replica without a restart, resolved; no second Job in the cooldown, one after it.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::install::{self, NAMESPACE, World, customers, put};
use crate::lab::{Lab, Outcome};

/// A minute is a day. The baseline is what the model in production has learned from.
const SETTINGS: &str = r#"
model = "churn"
[data]
label = "churn"
[drift]
baseline = ["artifacts/models/production_latest.json"]
[retrain]
cooldown = "3m"
[k8s]
storage = "256Mi"
drift_schedule = "* * * * *"
score_schedule = "* * * * *"
max_replicas = 2
[alerts]
for = ["ModelDataDrift=0s"]
group_wait = "1s"
group_interval = "5s"
repeat_interval = "30s"
"#;

pub(crate) fn run(lab: &mut Lab) -> Outcome {
    install::monitoring(lab)?;
    let manifests = install::render(lab, "loop", SETTINGS, &[])?;
    install::prepare(lab, &manifests)?;
    put(
        lab,
        "data/features/training_dataset.csv",
        &customers(World::Old, 3_000, 1, true),
    )?;
    put(
        lab,
        "data/features/user_features_daily.csv",
        &customers(World::Old, 1_000, 2, false),
    )?;
    let began = Instant::now();
    lab.kubectl(&["apply", "--server-side", "-k", &manifests])?;
    lab.until("both replicas of the API are ready", 120, |lab| {
        Ok((replicas(lab)? == 2).then_some(()))
    })?;
    let up = began.elapsed();
    let first = versions(lab)?;
    lab.until("a stable day is checked and OK", 150, |lab| {
        Ok((status(lab)? == Some(0.0) && completed(lab, "churn-drift-daily")? > 0).then_some(()))
    })?;
    if let Some(alert) = lab
        .firing()?
        .iter()
        .find(|alert| alert.starts_with("Model"))
    {
        return Err(format!("{alert} fires on a stable day"));
    }
    let (to_job, second) = shift(lab, World::Dear, 3, &first)?;
    // Within the cooldown another shift starts nothing.
    let jobs = retrains(lab)?.len();
    put(
        lab,
        "data/features/training_dataset.csv",
        &customers(World::Flexible, 3_000, 5, true),
    )?;
    put(
        lab,
        "data/features/user_features_daily.csv",
        &customers(World::Flexible, 1_000, 6, false),
    )?;
    lab.until("the second shift alerts", 150, |lab| {
        Ok(lab
            .firing()?
            .contains(&"ModelDataDrift".to_owned())
            .then_some(()))
    })?;
    let waited = Instant::now();
    let third = lab.until("the next Job after the cooldown", 240, |lab| {
        let now = retrains(lab)?;
        Ok((now.len() > jobs).then_some(now))
    })?;
    let gap = seconds_between(&third)?;
    if gap < 180.0 {
        return Err(format!(
            "a second Job {gap:.0} s after the first, within a cooldown of 180 s"
        ));
    }
    let last = lab.until("both replicas serve the third model", 120, |lab| {
        let now = versions(lab)?;
        Ok((now.len() == 1 && now != second).then_some(now))
    })?;
    lab.until("the drift alert is resolved", 180, |lab| {
        Ok((!lab.firing()?.contains(&"ModelDataDrift".to_owned())).then_some(()))
    })?;
    std::thread::sleep(Duration::from_secs(5));
    if retrains(lab)?.len() != jobs + 1 {
        return Err(format!(
            "{} retrain Jobs, not {}",
            retrains(lab)?.len(),
            jobs + 1
        ));
    }
    let restarts = restarts(lab)?;
    if restarts != 0 {
        return Err(format!("the API was restarted {restarts} times"));
    }
    agree(lab, &last)?;
    Ok(format!(
        "API up after {:.0} s; shifted data to Job {to_job:.0} s; second Job {gap:.0} s after the first ({:.0} s after its alert); 3 models, 0 restarts",
        up.as_secs_f64(),
        waited.elapsed().as_secs_f64(),
    ))
}

/// A shifted day, to the model that comes of it: seconds to the Job, and what the API then serves.
fn shift(
    lab: &Lab,
    world: World,
    seed: u64,
    before: &[String],
) -> Result<(f64, Vec<String>), String> {
    put(
        lab,
        "data/features/training_dataset.csv",
        &customers(world, 3_000, seed, true),
    )?;
    put(
        lab,
        "data/features/user_features_daily.csv",
        &customers(world, 1_000, seed + 1, false),
    )?;
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
        Ok((!lab.firing()?.contains(&"ModelDataDrift".to_owned())).then_some(()))
    })?;
    match retrains(lab)?.len() {
        1 => Ok((to_job, after)),
        jobs => Err(format!("{jobs} retrain Jobs after one alert")),
    }
}

fn replicas(lab: &Lab) -> Result<i64, String> {
    let api = lab.get(&["-n", NAMESPACE, "deployment", "churn-api"])?;
    Ok(api["status"]["readyReplicas"].as_i64().unwrap_or(0))
}

/// The verdict that the last check has pushed: 0 OK, 1 WARN, 2 FAIL.
fn status(lab: &Lab) -> Result<Option<f64>, String> {
    Ok(lab
        .query("max(churn_drift_status)")?
        .first()
        .map(|(_, value)| *value))
}

fn completed(lab: &Lab, cron_job: &str) -> Result<usize, String> {
    let jobs = lab.get(&["-n", NAMESPACE, "jobs"])?;
    let of = |job: &Value| {
        job["metadata"]["ownerReferences"][0]["name"] == cron_job && job["status"]["succeeded"] == 1
    };
    Ok(jobs["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|job| of(job))
        .count())
}

/// Jobs that an alert has started, the oldest first.
fn retrains(lab: &Lab) -> Result<Vec<Value>, String> {
    let jobs = lab.get(&[
        "-n",
        NAMESPACE,
        "jobs",
        "-l",
        "churnctl.io/trigger=alert",
        "--sort-by=.metadata.creationTimestamp",
    ])?;
    Ok(jobs["items"].as_array().cloned().unwrap_or_default())
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

/// The model versions that the replicas say they serve, each once.
fn versions(lab: &Lab) -> Result<Vec<String>, String> {
    let pods = lab.get(&[
        "-n",
        NAMESPACE,
        "pods",
        "-l",
        "app.kubernetes.io/name=churn-api",
    ])?;
    let mut versions = Vec::new();
    for pod in pods["items"].as_array().into_iter().flatten() {
        let address = pod["status"]["podIP"].as_str().unwrap_or_default();
        let url = format!("http://{address}:8000/ready");
        let mut answer = ureq::get(&url)
            .call()
            .map_err(|error| format!("{url}: {error}"))?;
        let text = answer
            .body_mut()
            .read_to_string()
            .map_err(|error| error.to_string())?;
        let answer: Value =
            serde_json::from_str(&text).map_err(|error| format!("{url}: {error}: {text}"))?;
        versions.push(answer["model_version"].as_str().unwrap_or(&text).to_owned());
    }
    versions.sort();
    versions.dedup();
    Ok(versions)
}

fn restarts(lab: &Lab) -> Result<i64, String> {
    let pods = lab.get(&[
        "-n",
        NAMESPACE,
        "pods",
        "-l",
        "app.kubernetes.io/name=churn-api",
    ])?;
    let statuses = pods["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|pod| pod["status"]["containerStatuses"][0]["restartCount"].as_i64());
    Ok(statuses.sum())
}

/// Registry, volume and API say the same of the model in production.
fn agree(lab: &Lab, serving: &[String]) -> Result<(), String> {
    let file = install::volume(lab).join("artifacts/models/production_latest.json");
    let text =
        std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let artifact: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let version = artifact["version"].as_str().unwrap_or_default();
    if serving == [version] {
        Ok(())
    } else {
        Err(format!(
            "the API serves {serving:?}, the volume has {version}"
        ))
    }
}
