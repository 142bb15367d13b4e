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
alerts.thresholds.api_latency_seconds = 0.25
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

/// What is seen of an alert.
struct Seen {
    what: &'static str,
    fires: Option<f64>,
    resolves: Option<f64>,
}

pub(crate) fn run(lab: &mut Lab) -> Outcome {
    let (url, told) = receiver()?;
    install::monitoring(lab)?;
    disk(lab)?;
    lab.apply("rules.yaml", include_str!("workloads.yaml"))?;
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
    let mut seen: BTreeMap<&str, Seen> = BTreeMap::new();
    for wave in WAVES {
        struck(lab, wave, &told, &mut seen)?;
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
                    fires: None,
                    resolves: None,
                },
            );
        }
    }
    let alerts: Vec<&'static str> = wave.iter().flat_map(|harm| harm.alerts).copied().collect();
    // A slow harm is told at its end, all others run out by themselves.
    let all = lab.until("every alert of the wave", 330, |lab| {
        let firing = lab.firing()?;
        let told = told.lock().unwrap_or_else(PoisonError::into_inner);
        for alert in &alerts {
            let at = told
                .began
                .get(*alert)
                .filter(|_| firing.iter().any(|name| name == alert));
            if let (Some(at), Some(seen)) = (at, seen.get_mut(alert)) {
                seen.fires
                    .get_or_insert(at.saturating_duration_since(began).as_secs_f64());
            }
        }
        let missing: Vec<&&str> = alerts
            .iter()
            .filter(|alert| seen[**alert].fires.is_none())
            .collect();
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
    }
    let all = lab.until("every alert of the wave is resolved", 150, |_| {
        resolved(told, &alerts, undone, seen);
        let left: Vec<&&str> = alerts
            .iter()
            .filter(|alert| seen[**alert].fires.is_some() && seen[**alert].resolves.is_none())
            .collect();
        if left.is_empty() {
            Ok(Some(()))
        } else {
            Err(format!("{left:?}"))
        }
    });
    if let Err(error) = all {
        tell(&format!("       {error}"));
    }
    tell(&format!(
        "       a wave of {} alerts, {:.0} s",
        alerts.len(),
        began.elapsed().as_secs_f64()
    ));
    Ok(())
}

fn resolved(
    told: &Mutex<Told>,
    alerts: &[&'static str],
    undone: Instant,
    seen: &mut BTreeMap<&'static str, Seen>,
) {
    let told = told.lock().unwrap_or_else(PoisonError::into_inner);
    for alert in alerts {
        let over = told.firing.get(*alert).is_none_or(BTreeSet::is_empty);
        if let (true, Some(at), Some(seen)) = (over, told.resolved.get(*alert), seen.get_mut(alert))
            && seen.fires.is_some()
        {
            seen.resolves
                .get_or_insert(at.saturating_duration_since(undone).as_secs_f64());
        }
    }
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
