//! What is there before anything runs: Namespace, accounts, volume, settings.

use churn_base::error::Result;
use churn_base::hex::hex;
use k8s_openapi::api::core::v1::{
    ConfigMap, Namespace, PersistentVolumeClaim, PersistentVolumeClaimSpec, ServiceAccount,
    VolumeResourceRequirements,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use sha2::{Digest, Sha256};

use super::meta::{self, map, named};
use super::object::File;
use super::plan::{Part, Plan};

/// The volume's claim.
pub(super) const VOLUME: &str = "churn-mlops-pvc";
/// The ConfigMap with the settings.
pub(super) const CONFIG: &str = "churn-mlops-config";
/// Where it is mounted.
pub(super) const SETTINGS_FOLDER: &str = "/etc/churnctl/settings";
/// The file in it.
pub(super) const CONFIG_FILE: &str = "churnctl.toml";
/// Where the API keeps its prediction log until an object store has it.
pub(super) const LOG_FOLDER: &str = "/var/lib/churnctl/predictions";
/// Account of the API.
pub(super) const API_ACCOUNT: &str = "churn-api";
/// Account of the jobs, the Pushgateway and the exporter.
pub(super) const BATCH_ACCOUNT: &str = "churn-batch";
/// Account of the hook, the only one with rights.
pub(super) const HOOK_ACCOUNT: &str = "churn-retrain-hook";

pub(super) fn files(plan: &Plan) -> Result<Vec<File>> {
    let mut files = vec![
        File::object("", &namespace(plan))?,
        File::object("", &claim(plan))?,
        File::object("", &config(plan))?,
        File::object("", &account(plan, API_ACCOUNT, meta::API, true))?,
        File::object("", &account(plan, BATCH_ACCOUNT, meta::BATCH, true))?,
    ];
    if plan.has(Part::Hook) || plan.has(Part::ArgoEvents) {
        files.push(File::object(
            "",
            &account(plan, HOOK_ACCOUNT, meta::HOOK, false),
        )?);
    }
    Ok(files)
}

fn namespace(plan: &Plan) -> Namespace {
    let mut labels = meta::labels(&plan.namespace, "namespace");
    for mode in ["enforce", "audit", "warn"] {
        let label = |what: &str| format!("pod-security.kubernetes.io/{mode}{what}");
        labels.insert(label(""), "restricted".to_owned());
        labels.insert(label("-version"), "latest".to_owned());
    }
    Namespace {
        metadata: ObjectMeta {
            name: Some(plan.namespace.clone()),
            labels: Some(labels),
            ..ObjectMeta::default()
        },
        ..Namespace::default()
    }
}

fn account(plan: &Plan, name: &str, component: &str, on_aws: bool) -> ServiceAccount {
    let mut metadata = named(plan, name, component);
    if let Some(role) = plan.iam_role.as_ref().filter(|_| on_aws) {
        metadata.annotations = Some(map([("eks.amazonaws.com/role-arn", role)]));
    }
    ServiceAccount {
        metadata,
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    }
}

fn claim(plan: &Plan) -> PersistentVolumeClaim {
    let size = ("storage".to_owned(), Quantity(plan.storage.clone()));
    PersistentVolumeClaim {
        metadata: named(plan, VOLUME, "storage"),
        spec: Some(PersistentVolumeClaimSpec {
            access_modes: Some(vec![plan.access_mode.clone()]),
            storage_class_name: plan.storage_class.clone(),
            resources: Some(VolumeResourceRequirements {
                requests: Some([size].into()),
                ..VolumeResourceRequirements::default()
            }),
            ..PersistentVolumeClaimSpec::default()
        }),
        ..PersistentVolumeClaim::default()
    }
}

fn config(plan: &Plan) -> ConfigMap {
    ConfigMap {
        metadata: named(plan, CONFIG, "settings"),
        data: Some(config_files(plan).into_iter().collect()),
        ..ConfigMap::default()
    }
}

/// The files of the ConfigMap: the settings, and the public keys that they name.
fn config_files(plan: &Plan) -> Vec<(String, String)> {
    let keys = plan.trusted_keys.iter().enumerate();
    let keys = keys.map(|(at, key)| (trusted_key_file(at), key.clone()));
    std::iter::once((CONFIG_FILE.to_owned(), settings(plan)))
        .chain(keys)
        .collect()
}

fn trusted_key_file(at: usize) -> String {
    format!("trusted-{}.pem", at + 1)
}

/// The settings file of the containers.
fn settings(plan: &Plan) -> String {
    let mut text = format!("model = {}\n", quoted(&plan.model));
    let data = [
        ("label", &plan.label),
        ("positive", &plan.positive),
        ("score", &plan.score),
    ];
    let data: Vec<String> = data
        .iter()
        .filter_map(|(key, value)| Some(format!("{key} = {}\n", quoted(value.as_ref()?))))
        .collect();
    if !data.is_empty() {
        text.push_str("\n[data]\n");
        text.push_str(&data.concat());
    }
    if let Some(server) = &plan.tracking_uri {
        text.push_str(&format!("\n[mlflow]\ntracking_uri = {}\n", quoted(server)));
    }
    for (section, values) in [("drift", &plan.drift), ("retrain", &plan.retrain)] {
        if !values.is_empty() {
            text.push_str(&format!("\n[{section}]\n"));
        }
        for (key, value) in values {
            let key: Vec<String> = key.iter().map(|part| key_part(part)).collect();
            text.push_str(&format!("{} = {}\n", key.join("."), value_text(value)));
        }
    }
    if !plan.prediction_log.is_empty() || !plan.trusted_keys.is_empty() {
        text.push_str("\n[serve]\n");
    }
    if !plan.trusted_keys.is_empty() {
        let keys = (0..plan.trusted_keys.len()).map(trusted_key_file);
        let keys: Vec<String> = keys
            .map(|file| quoted(&format!("{SETTINGS_FOLDER}/{file}")))
            .collect();
        text.push_str(&format!("require_signature = [{}]\n", keys.join(", ")));
    }
    if !plan.prediction_log.is_empty() {
        text.push_str(&format!("log_dir = {}\n", quoted(LOG_FOLDER)));
        for (key, value) in &plan.prediction_log {
            text.push_str(&format!("{key} = {}\n", value_text(value)));
        }
    }
    text
}

/// A value as TOML has it: a number, a string, or a list of strings.
fn value_text(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => quoted(text),
        serde_json::Value::Array(values) => {
            let values: Vec<String> = values.iter().map(value_text).collect();
            format!("[{}]", values.join(", "))
        }
        other => other.to_string(),
    }
}

/// A part of a key as TOML has it: bare where that is allowed.
fn key_part(part: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    match !part.is_empty() && part.bytes().all(is_bare) {
        true => part.to_owned(),
        false => quoted(part),
    }
}

/// A string as TOML has it, whatever is in it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

/// Returns the checksum of the settings file and the keys, by which pods notice that they changed.
pub(super) fn settings_sha256(plan: &Plan) -> String {
    let files = config_files(plan).into_iter().map(|(_, text)| text);
    hex(&Sha256::digest(files.collect::<String>().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_survives_in_toml() {
        for text in [
            "a\"b\\c",
            "zwei\nZeilen\t\u{7f}",
            "é\u{1F600}",
            "",
            "'''",
            "\u{0}",
        ] {
            let table: toml::Table = format!("k = {}", quoted(text)).parse().expect(text);
            assert_eq!(table["k"].as_str(), Some(text));
            let list = value_text(&serde_json::json!([text, "x"]));
            let table = format!("{}.a = {list}", key_part(text));
            let table: toml::Table = table.parse().expect(text);
            assert_eq!(table[text]["a"][0].as_str(), Some(text));
        }
    }
}
