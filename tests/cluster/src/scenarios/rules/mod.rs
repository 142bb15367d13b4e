//! Every rule fires for real, once: the harm is done, the alert fires in Prometheus and reaches its receiver through
//! Alertmanager; the harm is undone as the runbook says, and the alert is resolved. Many harms at once, in waves.

mod deeds;
mod harms;
mod receiver;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use deeds::{days, disk, predict, start};
use harms::{Harm, WAVES};
use receiver::{Told, receiver};

use super::install::{self, NAMESPACE};
use crate::lab::{Lab, Outcome, tell};

/// Each rule fires a second after its expression is true, and days are minutes; expressions and windows are those of
/// every deployment.
const SETTINGS: &str = r#"
data.score = "score"
drift.time = "day"
drift.window = "1d"
drift.last = 1
drift.by = ["contract"]
serve.log_dir = "/var/lib/churnctl/predictions"
serve.log_rotate_after = "5s"
k8s.replicas = 1
k8s.job_memory_limit = "256Mi"
k8s.drift_schedule = "0 0 1 1 *"
k8s.score_schedule = "0 0 1 1 *"
k8s.retrain_schedule = "0 0 1 1 *"
alerts.receivers = ["webhook", "watchdog"]
alerts.group_wait = "1s"
alerts.group_interval = "5s"
alerts.repeat_interval = "10m"
alerts.thresholds.daily_stale_seconds = 300
alerts.thresholds.weekly_stale_seconds = 300
alerts.thresholds.requests_per_second = 0.0001
alerts.thresholds.api_latency_seconds = 0.025
"#;

/// Rules that are not made to fire here, and why.
const NOT_HERE: &[(&str, &str)] = &[
    (
        "HighNodeCPUUsage",
        "the processors are the machine's, which others use, too",
    ),
    (
        "HighNodeMemoryUsage",
        "it would take nine tenths of the machine's memory",
    ),
    (
        "NodeNetworkErrors",
        "no network card of a namespace can be made to lose packets as errors",
    ),
];

/// Alerts whose expressions look back on an hour or more: they are not waited for.
const HOURS: [&str; 2] = ["ChurnApiErrorBudgetBurn1d", "FrequentPodRestarts"];

/// Alerts that a worse one of the same thing inhibits: their receiver is told when that is resolved.
const BEHIND: [&str; 2] = ["ChurnApiErrorBudgetBurn1d", "FrequentPodRestarts"];

/// What is seen of an alert.
struct Seen {
    what: &'static str,
    /// When the harm was done, and when it was undone.
    struck: Instant,
    undone: Option<Instant>,
    fires: Option<f64>,
    resolves: Option<f64>,
}

pub(crate) fn run(lab: &mut Lab) -> Outcome {
    let (url, told) = receiver()?;
    install::monitoring(lab)?;
    disk(lab)?;
    // node-exporter finds a disk by the path at which the first process has it.
    let disk = lab.folder.join("claims/monitoring-disk");
    let workloads = include_str!("workloads.yaml").replace("/disk", &disk.display().to_string());
    lab.apply("rules.yaml", &workloads)?;
    let names = rules(lab, SETTINGS)?;
    let lasting: Vec<String> = names.iter().map(|name| format!("\"{name}=1s\"")).collect();
    let settings = format!("{SETTINGS}alerts.for = [{}]\n", lasting.join(", "));
    let manifests = install::render(lab, "rules", &settings, &[])?;
    install::prepare(lab, &manifests)?;
    lab.apply(
        "urls.yaml",
        &format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: churn-alerting, namespace: {NAMESPACE}}}\nstringData: {{webhook-url: {url}, watchdog-url: {url}}}\n"),
    )?;
    days(lab, false)?;
    install::apply(lab, &manifests)?;
    install::rolled_out(lab, "churn-api")?;
    for (cron_job, name) in [
        ("churn-drift-daily", "drift-first"),
        ("churn-batch-score", "score-first"),
    ] {
        start(lab, cron_job, name)?;
        lab.ours(&format!(
            "wait --for=condition=Complete --timeout=120s job/{name}"
        ))?;
    }
    predict(lab, 0, 20)?;
    let others = |firing: Vec<String>| {
        firing
            .into_iter()
            .find(|name| name != "ChurnWatchdog" && !NOT_HERE.iter().any(|(not, _)| name == not))
    };
    // Counters are seen to grow from the second scrape on.
    lab.until("all targets were scraped thrice", 180, |lab| {
        let scraped = lab.query(&format!(
            "count(count_over_time(up{{namespace=\"{NAMESPACE}\"}}[10m]) >= 3)"
        ))?;
        Ok(scraped
            .first()
            .filter(|(_, targets)| *targets >= 3.0)
            .map(drop))
    })?;
    lab.until("nothing fires but the watchdog", 180, |lab| {
        match others(lab.firing()?) {
            None => Ok(Some(())),
            Some(name) => Err(name),
        }
    })?;
    // What fired while all of it came up was no harm of ours.
    {
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        told.began.retain(|name, _| name == "ChurnWatchdog");
    }
    let mut seen: BTreeMap<&str, Seen> = BTreeMap::new();
    for wave in WAVES {
        struck(lab, wave, &told, &mut seen)?;
    }
    // What looks back on a quarter of an hour, or on a whole one, is resolved when that is over.
    let all = lab.until("every alert is resolved", 3_000, |_| {
        silent(&told, &mut seen);
        let left = unresolved(&told, &mut seen);
        let are_told = BEHIND.iter().all(|name| seen[name].fires.is_some());
        match are_told && left.iter().all(|name| HOURS.contains(name)) {
            true => Ok(Some(())),
            false => Err(format!("{left:?}")),
        }
    });
    if let Err(error) = all {
        tell(&format!("       {error}"));
    }
    report(lab, &names, &told, &seen)
}

/// One wave: all its harms, until all their alerts have been told; all undone, until they are resolved.
fn struck(
    lab: &mut Lab,
    wave: &'static [Harm],
    told: &Mutex<Told>,
    seen: &mut BTreeMap<&'static str, Seen>,
) -> Result<(), String> {
    let began = Instant::now();
    for harm in wave {
        if let Err(error) = (harm.strike)(lab) {
            tell(&format!("       {}: {error}", harm.what));
        }
        for alert in harm.alerts {
            seen.insert(
                alert,
                Seen {
                    what: harm.what,
                    struck: began,
                    undone: None,
                    fires: None,
                    resolves: None,
                },
            );
        }
    }
    let alerts: Vec<&'static str> = wave.iter().flat_map(|harm| harm.alerts).copied().collect();
    let all = lab.until("every alert of the wave", 420, |_| {
        let missing = silent(told, seen);
        if missing.is_empty() {
            Ok(Some(()))
        } else {
            Err(format!("{missing:?}"))
        }
    });
    if let Err(error) = all {
        tell(&format!("       {error}"));
    }
    let undone = Instant::now();
    for harm in wave {
        if let Err(error) = (harm.mend)(lab) {
            tell(&format!("       {}, undone: {error}", harm.what));
        }
        for alert in harm.alerts {
            if let Some(seen) = seen.get_mut(alert) {
                seen.undone = Some(undone);
            }
        }
    }
    // Others are looked for after the last wave.
    let _ = lab.until("every alert of the wave is resolved", 90, |_| {
        let left = unresolved(told, seen);
        Ok(left.is_empty().then_some(()))
    });
    tell(&format!(
        "       a wave of {} alerts, {:.0} s",
        alerts.len(),
        began.elapsed().as_secs_f64()
    ));
    Ok(())
}

/// Notes which alerts have been told, and returns those that have not, but what is inhibited.
fn silent(told: &Mutex<Told>, seen: &mut BTreeMap<&'static str, Seen>) -> Vec<&'static str> {
    let told = told.lock().unwrap_or_else(PoisonError::into_inner);
    let mut missing = Vec::new();
    for (alert, seen) in seen {
        match told.began.get(*alert) {
            Some(at) => {
                let seconds = at.saturating_duration_since(seen.struck).as_secs_f64();
                seen.fires.get_or_insert(seconds);
            }
            None if BEHIND.contains(alert) => {}
            None => missing.push(*alert),
        }
    }
    missing
}

/// Notes what has been resolved since its harm was undone, and returns what has not been.
fn unresolved(told: &Mutex<Told>, seen: &mut BTreeMap<&'static str, Seen>) -> Vec<&'static str> {
    let told = told.lock().unwrap_or_else(PoisonError::into_inner);
    let mut left = Vec::new();
    for (alert, seen) in seen {
        // What is resolved may fire again: nothing runs here any more, and runs get old.
        let is_open = seen.fires.is_some() && seen.resolves.is_none();
        let Some(undone) = seen.undone.filter(|_| is_open) else {
            continue;
        };
        let over = told.firing.get(*alert).is_none_or(BTreeSet::is_empty);
        match told.resolved.get(*alert).filter(|_| over) {
            Some(at) => {
                let seconds = at.saturating_duration_since(undone).as_secs_f64();
                seen.resolves = Some(seconds);
            }
            None => left.push(*alert),
        }
    }
    left
}

/// Tells the table, and fails where a rule has neither fired nor a reason.
fn report(
    lab: &Lab,
    names: &[String],
    told: &Mutex<Told>,
    seen: &BTreeMap<&'static str, Seen>,
) -> Outcome {
    let minutes = |seconds: Option<f64>| {
        seconds.map_or("-".to_owned(), |seconds| format!("{:.1}", seconds / 60.0))
    };
    let (mut table, mut fired, mut resolved, mut silent) = (String::new(), 0, 0, Vec::new());
    let watchdog = told
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .began
        .contains_key("ChurnWatchdog");
    for name in names {
        let reason = NOT_HERE.iter().find(|(not, _)| not == name);
        if let Some(seen) = seen.get(name.as_str()) {
            fired += usize::from(seen.fires.is_some());
            resolved += usize::from(seen.resolves.is_some());
            if seen.fires.is_none() {
                silent.push(name.as_str());
            }
            let _ = writeln!(
                table,
                "| {} | `{name}` | {} | {} |",
                seen.what,
                minutes(seen.fires),
                minutes(seen.resolves)
            );
        } else if let Some((_, why)) = reason {
            let _ = writeln!(table, "| {why} | `{name}` | | |");
        } else if name == "ChurnWatchdog" && watchdog {
            fired += 1;
        } else {
            silent.push(name.as_str());
        }
    }
    let file = lab.folder.join("rules.md");
    std::fs::write(&file, &table).map_err(|error| error.to_string())?;
    tell(&table);
    let sum = format!(
        "{fired} of {} rules fired and reached their receiver, {resolved} resolved",
        names.len()
    );
    if silent.is_empty() {
        Ok(sum)
    } else {
        Err(format!("{sum}; silent: {}", silent.join(", ")))
    }
}

/// The names of all rules that are rendered with these settings.
fn rules(lab: &Lab, settings: &str) -> Result<Vec<String>, String> {
    let manifests = install::render(lab, "rules", settings, &[])?;
    let file = format!("{manifests}/monitoring/prometheusrule-churn-mlops-alerts.yaml");
    let text = std::fs::read_to_string(&file).map_err(|error| format!("{file}: {error}"))?;
    let names = text.lines().filter_map(|line| {
        line.trim_start()
            .trim_start_matches("- ")
            .strip_prefix("alert: ")
    });
    Ok(names.map(str::to_owned).collect())
}
