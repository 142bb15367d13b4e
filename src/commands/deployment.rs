//! From the settings to the plan of the deployment. What a value may be was checked with the settings.

use std::time::Duration;

use serde_json::Value;

use super::egress::Egress;
use crate::alerts::catalogue::{self, Options};
use crate::error::{Error, Result, nearest};
use crate::files::{MOST_BY_HAND, read_at_most};
use crate::manifests::{
    Alerting, AlertmanagerForm, Discovery, Part, Plain, Plan, Receiver, Resources,
};
use crate::settings::{Chosen, DeploymentSettings, Kind, Raw, Settings, duration_seconds};
use crate::thresholds::Thresholds;
use crate::tracking::location::is_location;
use crate::trust::PublicKey;

/// How long the API's pods keep files of the prediction log that are uploaded.
const DAY: Duration = Duration::from_secs(86_400);

/// Makes the plan.
///
/// # Errors
/// Fails with 78 if `alerts.disable`, `alerts.enable` or `alerts.for` names a rule that nobody knows.
pub fn plan(settings: &Settings) -> Result<Plan> {
    let from = &settings.deployment;
    let text = |name: &str| from.text(name).unwrap_or_default();
    let count = |name: &str| from.number(name) as u32;
    let egress = Egress::of(settings);
    let api_model = settings.serve.model.display().to_string();
    Ok(Plan {
        model: settings.model.as_str().to_owned(),
        namespace: text("k8s.namespace"),
        monitoring_namespace: text("k8s.monitoring_namespace"),
        release: text("k8s.release"),
        parts: words(from, "k8s.parts", &Part::ALL, Part::as_str),
        image: text("k8s.image"),
        image_digest: text("k8s.image_digest"),
        image_pull_secret: from.text("k8s.image_pull_secret"),
        pushgateway_image: text("k8s.pushgateway_image"),
        user: count("k8s.user"),
        iam_role: from.text("k8s.iam_role"),
        node_selector: pairs(&from.list("k8s.node_selector")),
        replicas: count("k8s.replicas"),
        max_replicas: count("k8s.max_replicas"),
        hpa_cpu_percent: count("k8s.hpa_cpu_percent"),
        api: resources(from, "api"),
        jobs: resources(from, "job"),
        storage: text("k8s.storage"),
        storage_class: from.text("k8s.storage_class"),
        access_mode: text("k8s.access_mode"),
        tracking_uri: tracking(settings, &api_model)?,
        api_model,
        prediction_log: prediction_log(settings)?,
        drift: drift_told(settings).told,
        retrain: told(&settings.retrain_chosen).0,
        trusted_keys: trusted_keys(settings)?,
        sign_secret: from.text("k8s.sign_secret"),
        api_auth: text("k8s.api_auth") == "token",
        api_secret: text("k8s.api_secret"),
        admission_policy: text("k8s.admission_policy") == "yes",
        data_path: text("k8s.data_path"),
        timezone: text("k8s.timezone"),
        drift_schedule: text("k8s.drift_schedule"),
        retrain_schedule: text("k8s.retrain_schedule"),
        score_schedule: text("k8s.score_schedule"),
        suspend: from.list("k8s.suspend"),
        label: settings.data.label.clone(),
        score: settings.data.score.clone(),
        positive: settings.data.positive.clone(),
        job_ttl_seconds: count("k8s.job_ttl_seconds"),
        job_deadline_seconds: count("k8s.job_deadline_seconds"),
        job_egress_ports: ports(&from.list("k8s.job_egress_ports"), egress.jobs),
        api_egress_ports: egress.api,
        exporter_egress_ports: ports(&["443".to_owned()], egress.exporter),
        shard_data: text("k8s.shard_data"),
        shards: count("k8s.shards"),
        kserve_storage_uri: text("k8s.kserve_storage_uri"),
        argocd_repository: text("k8s.argocd_repository"),
        aws_region: text("k8s.aws_region"),
        aws_secret: text("k8s.aws_secret"),
        hook_secret: text("k8s.hook_secret"),
        alerting: alerting(from),
        rules: options(from)?,
        plain: plain(from),
    })
}

/// Returns the tracking server, if the model comes from its registry.
fn tracking(settings: &Settings, model: &str) -> Result<Option<String>> {
    if !is_location(model) {
        return Ok(None);
    }
    match settings.mlflow.server() {
        Some(server) => without_secret("mlflow.tracking_uri", server).map(Some),
        None => Err(Error::bad_settings(format!(
            "serve.model is {model}, but mlflow.tracking_uri is not set"
        ))),
    }
}

/// Reads the public keys that the API asks of its models. A private key in such a file is refused.
fn trusted_keys(settings: &Settings) -> Result<Vec<String>> {
    let paths = settings.serve.require_signature.iter();
    paths
        .map(|path| {
            PublicKey::read_all(path)?;
            let bytes =
                read_at_most(path, MOST_BY_HAND).map_err(|error| Error::io("read", path, error))?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        })
        .collect()
}

/// Returns whether an address has no place for a secret.
fn may_be_rendered(address: &str) -> bool {
    !address.contains(['@', '?', '#'])
}

/// Refuses an address that may hold a secret: it would be in the ConfigMap for all to read.
fn without_secret(name: &str, address: &str) -> Result<String> {
    if !may_be_rendered(address) {
        let message =
            format!("\"{name}\": a rendered address may not have a user, `?` or `#` in it");
        return Err(Error::bad_settings(message).hint("give the pods what they need by a Secret"));
    }
    Ok(address.to_owned())
}

/// The prediction log as the API is to keep it: in a folder of the pod, from where files are uploaded.
fn prediction_log(settings: &Settings) -> Result<Vec<(&'static str, Value)>> {
    let log = &settings.prediction_log;
    if log.dir.is_none() {
        return Ok(Vec::new());
    }
    let text = |text: &str| Value::from(text);
    let count = |count: u64| Value::from(count);
    // The folder is small and goes with the pod. What is not uploaded yet is never deleted.
    let retention = log.retention.some().unwrap_or(DAY);
    let mut values = vec![
        ("log_files", text(&log.files)),
        ("log_durability", text(&log.durability)),
        ("log_rotate_bytes", count(log.rotate_bytes)),
        (
            "log_rotate_after",
            text(&format!("{}ms", log.rotate_after.get().as_millis())),
        ),
        (
            "log_retention",
            text(&format!("{}ms", retention.as_millis())),
        ),
        ("log_sample", Value::from(log.sample.get())),
        ("log_queue", count(log.queue.get() as u64)),
    ];
    if let Some(upload) = &log.upload {
        values.push((
            "log_upload",
            text(&without_secret("serve.log_upload", upload)?),
        ));
    }
    Ok(values)
}

/// Settings of the drift check that the pods are told, and names of those that may hold a secret and so are not.
pub(super) struct DriftTold {
    pub(super) told: Vec<Told>,
    pub(super) untold: Vec<String>,
}

/// Returns what pods are told of the drift check. Where the API's predictions are uploaded and nobody has said what
/// is to be checked, it is these, the last whole day each time.
pub(super) fn drift_told(settings: &Settings) -> DriftTold {
    let (mut told, untold) = told(&settings.drift.chosen);
    let untold = untold
        .iter()
        .map(|key| format!("drift.{}", key.join(".")))
        .collect();
    let is_chosen = |name: &str| settings.drift.is_chosen(name);
    let upload = settings.prediction_log.upload.as_ref();
    if let Some(upload) = upload
        && settings.prediction_log.dir.is_some()
        && !is_chosen("current")
        && !is_chosen("time")
    {
        let mut tell = |name: &str, value: Value| {
            if !is_chosen(name) {
                told.push((vec![name.to_owned()], value));
            }
        };
        tell("current", Value::from(vec![upload.clone()]));
        tell("time", Value::from("predicted_at"));
        tell("last", Value::from(1));
        // So that each day's check fetches what came since the last one.
        tell("history", Value::from("artifacts/drift_history"));
    }
    DriftTold { told, untold }
}

/// A value of a section of the settings file, by the parts of its key.
type Told = (Vec<String>, Value);

/// Parts what may be told from the keys of what may hold a secret.
fn told(chosen: &[Chosen]) -> (Vec<Told>, Vec<Vec<String>>) {
    let (mut told, mut untold) = (Vec::new(), Vec::new());
    for Chosen { key, kind, value } in chosen {
        match as_value(*kind, value) {
            Some(value) => told.push((key.clone(), value)),
            None => untold.push(key.clone()),
        }
    }
    (told, untold)
}

/// Returns a setting as a file has it; none if it is an address that may hold a secret.
fn as_value(kind: Kind, value: &Raw) -> Option<Value> {
    let texts = match value {
        Raw::One(text) => std::slice::from_ref(text),
        Raw::Many(texts) => texts,
    };
    let is_open = |text: &String| !text.contains("://") || may_be_rendered(text);
    if value.shown() != *value || !texts.iter().all(is_open) {
        return None;
    }
    let number = |text: &str| serde_json::from_str::<serde_json::Number>(text).ok();
    Some(match (kind, value) {
        (Kind::Number | Kind::Count, Raw::One(text)) if let Some(number) = number(text) => {
            Value::from(number)
        }
        (_, Raw::One(text)) => Value::from(text.as_str()),
        (_, Raw::Many(texts)) => Value::from(texts.clone()),
    })
}

/// Returns the ports that are named, and those that the addresses in the settings need.
fn ports(texts: &[String], needed: Vec<u16>) -> Vec<u16> {
    // Whether they are numbers has been checked.
    let named = texts.iter().filter_map(|text| text.trim().parse().ok());
    let mut ports: Vec<u16> = named.collect();
    for port in needed {
        if !ports.contains(&port) {
            ports.push(port);
        }
    }
    ports
}

fn words<T: Copy>(
    from: &DeploymentSettings,
    name: &str,
    all: &[T],
    word: impl Fn(T) -> &'static str,
) -> Vec<T> {
    let named = from.list(name);
    let wanted = |one: &&T| named.iter().any(|text| text == word(**one));
    all.iter().filter(wanted).copied().collect()
}

fn pairs(texts: &[String]) -> Vec<(String, String)> {
    let split = texts.iter().filter_map(|text| text.split_once('='));
    split
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

fn resources(from: &DeploymentSettings, of: &str) -> Resources {
    let text = |what: &str| from.text(&format!("k8s.{of}_{what}")).unwrap_or_default();
    Resources {
        cpu_request: text("cpu_request"),
        cpu_limit: text("cpu_limit"),
        memory_request: text("memory_request"),
        memory_limit: text("memory_limit"),
    }
}

fn alerting(from: &DeploymentSettings) -> Alerting {
    let text = |name: &str| from.text(name).unwrap_or_default();
    Alerting {
        receivers: words(from, "alerts.receivers", &Receiver::ALL, Receiver::as_str),
        tell_retrain: text("alerts.tell_retrain") == "yes",
        form: match text("alerts.alertmanager").as_str() {
            "secret" => AlertmanagerForm::Secret,
            _ => AlertmanagerForm::Config,
        },
        secret: text("alerts.secret"),
        slack_channel: text("alerts.slack_channel"),
        email_to: text("alerts.email_to"),
        email_from: text("alerts.email_from"),
        smarthost: text("alerts.smarthost"),
        group_wait: text("alerts.group_wait"),
        group_interval: text("alerts.group_interval"),
        repeat_interval: text("alerts.repeat_interval"),
    }
}

fn plain(from: &DeploymentSettings) -> Plain {
    let text = |name: &str| from.text(name).unwrap_or_default();
    Plain {
        discovery: match text("plain.discovery").as_str() {
            "file" => Discovery::File,
            "dns" => Discovery::Dns,
            "ec2" => Discovery::Ec2,
            "kubernetes" => Discovery::Kubernetes,
            _ => Discovery::Static,
        },
        interval: text("plain.interval"),
        api_targets: from.list("plain.api_targets"),
        pushgateway_targets: from.list("plain.pushgateway_targets"),
        node_targets: from.list("plain.node_targets"),
        state_metrics_targets: from.list("plain.state_metrics_targets"),
        alertmanager_targets: from.list("plain.alertmanager_targets"),
        hook_url: text("plain.hook_url"),
        secrets_folder: text("plain.secrets_folder"),
    }
}

fn options(from: &DeploymentSettings) -> Result<Options> {
    let text = |name: &str| from.text(name).unwrap_or_default();
    let mut thresholds = Thresholds::default();
    for one in Thresholds::ALL {
        thresholds.set(one.name, from.number(one.setting));
    }
    let holds = from.list("alerts.for");
    let holds = holds.iter().filter_map(|text| text.split_once('='));
    let options = Options {
        namespace: text("k8s.namespace"),
        api_job: text("k8s.api_name"),
        node_exporter_job: text("alerts.node_exporter_job"),
        kube_state_metrics_job: text("alerts.kube_state_metrics_job"),
        drift_cronjob: text("k8s.drift_cronjob"),
        retrain_cronjob: text("k8s.retrain_cronjob"),
        score_cronjob: text("k8s.score_cronjob"),
        runbook_base: text("alerts.runbook_base"),
        thresholds,
        sources: catalogue::SOURCES.into(),
        disabled: from.list("alerts.disable").into_iter().collect(),
        enabled: from.list("alerts.enable").into_iter().collect(),
        for_seconds: holds
            .map(|(rule, time)| (rule.to_owned(), duration_seconds(time).unwrap_or(0)))
            .collect(),
    };
    let named = [
        (
            "alerts.disable",
            options.disabled.iter().collect::<Vec<_>>(),
        ),
        ("alerts.enable", options.enabled.iter().collect()),
        ("alerts.for", options.for_seconds.keys().collect()),
    ];
    let known = catalogue::names();
    for (setting, rules) in named {
        for rule in rules {
            if known.contains(&rule.as_str()) {
                continue;
            }
            let error = Error::bad_settings(format!("\"{setting}\": there is no rule {rule}"));
            return Err(match nearest(rule, known.iter().copied()) {
                Some(near) => error.hint(format!("did you mean {near}?")),
                None => error.hint(format!("known rules: {}", known.join(", "))),
            });
        }
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::manifests::sample;
    use crate::settings::{Flags, Layers, SettingsFile};

    fn plan_of(file: &str) -> Result<Plan> {
        let file = SettingsFile::parse("churnctl.toml", file)?;
        let layers = Layers::new(Flags::default(), &BTreeMap::new(), Some(file))?;
        plan(&Settings::resolve(&layers)?)
    }

    #[test]
    fn the_default_settings_make_the_plan_that_is_tested() {
        assert_eq!(plan_of("").expect("defaults"), sample());
    }

    #[test]
    fn a_rule_that_nobody_knows_is_refused_with_the_nearest() {
        for setting in ["disable", "enable"] {
            let file = format!("[alerts]\n{setting} = [\"ChurnApiDwon\"]\n");
            let error = plan_of(&file).expect_err("unknown");
            assert_eq!(error.code().code(), 78);
            assert_eq!(error.hint_text(), Some("did you mean ChurnApiDown?"));
        }
    }
}
