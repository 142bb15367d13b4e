//! The settings under `k8s.`, `alerts.` and `plain.`: what each may hold. What is made of them is decided elsewhere.

use std::collections::BTreeMap;

use super::key::{Key, Kind};
use super::keys::KEYS;
use super::layers::{Layers, Origin};
use super::values::Raw;
use crate::error::Result;

/// Values that the profile `dev` has in place of the defaults.
const DEV: &[(&str, &str)] = &[
    ("k8s.replicas", "1"),
    ("k8s.max_replicas", "1"),
    ("k8s.storage", "1Gi"),
    ("k8s.api_cpu_request", "50m"),
    ("k8s.api_cpu_limit", "500m"),
    ("k8s.api_memory_request", "32Mi"),
    ("k8s.api_memory_limit", "128Mi"),
    ("k8s.job_cpu_request", "100m"),
    ("k8s.job_cpu_limit", "1"),
    ("k8s.job_memory_request", "128Mi"),
    ("k8s.job_memory_limit", "512Mi"),
];

/// The values, checked, by dotted name. Absent are those that nobody set and that have no default.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeploymentSettings(BTreeMap<&'static str, Raw>);

impl DeploymentSettings {
    /// Returns a text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        self.0.get(name).map(ToString::to_string)
    }

    /// Returns a list.
    #[must_use]
    pub fn list(&self, name: &str) -> Vec<String> {
        match self.0.get(name) {
            Some(Raw::Many(texts)) => texts.clone(),
            Some(Raw::One(text)) => vec![text.clone()],
            None => Vec::new(),
        }
    }

    /// Returns a number; 0 if there is none, which the checks have ruled out.
    #[must_use]
    pub fn number(&self, name: &str) -> f64 {
        let text = self.text(name).unwrap_or_default();
        text.trim().parse().unwrap_or(0.0)
    }

    pub(super) fn resolve(layers: &Layers) -> Result<Self> {
        let mut values = BTreeMap::new();
        let mut origins = BTreeMap::new();
        let dev = layers.required::<String>("k8s.profile")?.0 == "dev";
        for key in KEYS.iter().filter(|key| is_ours(key.name)) {
            let (raw, origin) = layers.find(key);
            let profile = DEV.iter().find(|(name, _)| *name == key.name);
            let raw = match profile {
                Some((_, value)) if dev && origin == Origin::Default => {
                    Some(Raw::One((*value).to_owned()))
                }
                Some(_) | None => raw,
            };
            let Some(raw) = raw else { continue };
            check(key, &raw).map_err(|why| origin.refuse(key.name, &why))?;
            origins.insert(key.name, origin);
            values.insert(key.name, raw);
        }
        let settings = Self(values);
        let (fewest, most) = ("k8s.replicas", "k8s.max_replicas");
        let told = origins
            .get(most)
            .filter(|origin| **origin != Origin::Default);
        if let Some(origin) = told
            && settings.number(most) < settings.number(fewest)
        {
            let why = format!("fewer than k8s.replicas, {}", settings.number(fewest));
            return Err(origin.refuse(most, &why));
        }
        Ok(settings)
    }
}

fn is_ours(name: &str) -> bool {
    ["k8s.", "alerts.", "plain."]
        .iter()
        .any(|section| name.starts_with(section))
}

fn check(key: &Key, raw: &Raw) -> Result<(), String> {
    if !key.choices.is_empty() {
        return key.takes(raw);
    }
    match (key.kind, raw) {
        (Kind::List, Raw::Many(texts)) => texts.iter().try_for_each(|text| item(key.name, text)),
        (Kind::List | Kind::Text, one) => item(key.name, &one.to_string()),
        (Kind::Number, number) => positive(key.name, &number.to_string()),
        (Kind::Count, number) => count(key.name, &number.to_string()),
    }
}

fn item(name: &str, text: &str) -> Result<(), String> {
    let last = name.rsplit('.').next().unwrap_or(name);
    match name {
        "k8s.namespace" | "k8s.monitoring_namespace" | "k8s.api_name" => dns(text, 63, false),
        // A CronJob's name is a DNS subdomain, dots included. A Job's name is the CronJob's with eleven
        // characters behind it, and has to fit into a label: hence 52 (Kubernetes' ValidateCronJobCreate).
        "k8s.drift_cronjob" | "k8s.retrain_cronjob" | "k8s.score_cronjob" | "k8s.suspend" => {
            dns(text, 52, true)
        }
        "k8s.image_pull_secret"
        | "k8s.storage_class"
        | "k8s.hook_secret"
        | "k8s.api_secret"
        | "k8s.sign_secret"
        | "alerts.secret" => dns(text, 253, true),
        "k8s.release" => label(text),
        "k8s.image" => image(text),
        "k8s.image_digest" => digest(text),
        "k8s.pushgateway_image" => match text.rsplit_once('@') {
            // Told as a whole: of a part nobody sees what of it is secret.
            Some((name, hash)) => image(name)
                .map_err(|_| format!("\"{text}\" is not the name of an image"))
                .and_then(|()| digest(hash)),
            None => Err(format!("\"{text}\" has no digest: NAME@sha256:...")),
        },
        "k8s.node_selector" => match text.split_once('=') {
            // Its key goes with it: by that the redactor sees what an address has for a secret.
            Some((key, value)) if !key.is_empty() => label(value)
                .map_err(|_| format!("the value of \"{text}\" is not a value of a label")),
            Some(_) | None => Err(format!("\"{text}\" is not key=value")),
        },
        "k8s.job_egress_ports" => port(text),
        "k8s.data_path" => path(text),
        "k8s.timezone" => zone(text),
        "alerts.disable" | "alerts.enable" => word(text),
        "alerts.for" => match text.split_once('=') {
            Some((rule, time)) => word(rule).and_then(|()| duration(time)),
            None => Err(format!(
                "\"{text}\" is not NAME=DURATION, such as ChurnApiDown=5m"
            )),
        },
        "alerts.node_exporter_job" | "alerts.kube_state_metrics_job" => job(text),
        "alerts.group_wait"
        | "alerts.group_interval"
        | "alerts.repeat_interval"
        | "plain.interval" => duration(text),
        "plain.hook_url" => match text.starts_with("http://") || text.starts_with("https://") {
            true => Ok(()),
            false => Err(format!("\"{text}\" is not a URL")),
        },
        _ if last.ends_with("_targets") => target(text),
        _ if last.ends_with("_schedule") => schedule(text),
        _ if last.contains("_cpu_") || last.contains("_memory_") || last == "storage" => {
            quantity(text)
        }
        _ if text.is_empty() => Err("an empty text".to_owned()),
        _ => Ok(()),
    }
}

fn dns(text: &str, longest: usize, dots: bool) -> Result<(), String> {
    let fits = (1..=longest).contains(&text.len());
    let inside =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || (dots && c == '.');
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let good = fits && text.chars().all(inside) && text.starts_with(edge) && text.ends_with(edge);
    // A part between dots has edges, too.
    let parts = text
        .split('.')
        .all(|part| part.starts_with(edge) && part.ends_with(edge));
    match good && parts {
        true => Ok(()),
        false => Err(format!(
            "\"{text}\" is not a name in Kubernetes: 1 to {longest} lowercase letters, digits{} and `-`, no `-` at an end",
            if dots { ", `.`" } else { "" }
        )),
    }
}

fn label(text: &str) -> Result<(), String> {
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let edge = |c: char| c.is_ascii_alphanumeric();
    let good = text.len() <= 63 && text.chars().all(inside);
    match good && (text.is_empty() || (text.starts_with(edge) && text.ends_with(edge))) {
        true => Ok(()),
        false => Err(format!("\"{text}\" is not a value of a label")),
    }
}

fn image(text: &str) -> Result<(), String> {
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':');
    match !text.is_empty() && text.chars().all(inside) && !text.contains("//") {
        true => Ok(()),
        false => Err(format!("\"{text}\" is not the name of an image")),
    }
}

fn digest(text: &str) -> Result<(), String> {
    let hex = text.strip_prefix("sha256:").unwrap_or_default();
    match hex.len() == 64 && hex.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')) {
        true => Ok(()),
        false => Err(format!(
            "\"{text}\" is not sha256: and 64 digits of hexadecimal"
        )),
    }
}

fn path(text: &str) -> Result<(), String> {
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    let good = text.len() > 1 && text.starts_with('/') && text.chars().all(inside);
    match good && !text.split('/').any(|part| part == "..") {
        true => Ok(()),
        false => Err(format!(
            "\"{text}\" is not an absolute path of letters, digits, `-`, `_` and `.`"
        )),
    }
}

fn zone(text: &str) -> Result<(), String> {
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+' | '/');
    match !text.is_empty() && text.chars().all(inside) && text != "Local" {
        true => Ok(()),
        false => Err(format!(
            "\"{text}\" is not a time zone, such as Europe/Berlin"
        )),
    }
}

fn word(text: &str) -> Result<(), String> {
    let good = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    match good {
        true => Ok(()),
        false => Err(format!("\"{text}\" is not a name of an alert")),
    }
}

/// Goes into PromQL: nothing that a text there would have to escape.
fn job(text: &str) -> Result<(), String> {
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':');
    match !text.is_empty() && text.chars().all(inside) {
        true => Ok(()),
        false => Err(format!(
            "\"{text}\" has other characters than letters, digits and -_./:"
        )),
    }
}

fn target(text: &str) -> Result<(), String> {
    let good = !text.is_empty()
        && !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '/');
    match good {
        true => Ok(()),
        false => Err(format!("\"{text}\" is not HOST:PORT")),
    }
}

fn port(text: &str) -> Result<(), String> {
    match text.trim().parse::<u16>() {
        Ok(1..) => Ok(()),
        Ok(0) | Err(_) => Err(format!("\"{text}\" is not a port from 1 to 65535")),
    }
}

fn schedule(text: &str) -> Result<(), String> {
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '*' | '/' | ',' | '-');
    let fields: Vec<&str> = text.split(' ').collect();
    match fields.len() == 5
        && fields
            .iter()
            .all(|f| !f.is_empty() && f.chars().all(inside))
    {
        true => Ok(()),
        false => Err(format!(
            "\"{text}\" is not a schedule of five fields, such as `0 1 * * *`"
        )),
    }
}

fn quantity(text: &str) -> Result<(), String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = &text[digits.len()..];
    let number = digits.parse::<f64>().is_ok_and(|number| number > 0.0);
    let known = ["", "m", "k", "M", "G", "T", "Ki", "Mi", "Gi", "Ti"].contains(&unit);
    match number && known && !digits.contains(['e', '+', '-']) {
        true => Ok(()),
        false => Err(format!("\"{text}\" is not a quantity, such as 250m or 1Gi")),
    }
}

/// Returns the seconds of a duration as Prometheus writes it: a number and one of s, m, h, d, w.
///
/// # Errors
/// Fails with the reason if it is none, or of no time at all.
pub fn duration_seconds(text: &str) -> Result<u64, String> {
    let refused = || format!("\"{text}\" is not a duration, such as 30s, 5m or 26h");
    let unit = text.chars().last().ok_or_else(refused)?;
    let size = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return Err(refused()),
    };
    let digits = &text[..text.len() - unit.len_utf8()];
    let number = match digits.chars().all(|c| c.is_ascii_digit()) {
        true => digits.parse::<u64>().map_err(|_| refused())?,
        false => return Err(refused()),
    };
    number
        .checked_mul(size)
        .filter(|seconds| (1..=10 * 365 * 86_400).contains(seconds))
        .ok_or_else(refused)
}

fn duration(text: &str) -> Result<(), String> {
    duration_seconds(text).map(|_| ())
}

fn positive(name: &str, text: &str) -> Result<(), String> {
    let share = name.ends_with("_ratio") || name.ends_with("_shift") || name.ends_with("_drop");
    match text.trim().parse::<f64>() {
        Ok(number) if share && number > 0.0 && number < 1.0 => Ok(()),
        Ok(number) if !share && number.is_finite() && number > 0.0 => Ok(()),
        Ok(_) | Err(_) if share => Err(format!("\"{text}\" is not a share between 0 and 1")),
        Ok(_) | Err(_) => Err(format!("\"{text}\" is not a number above 0")),
    }
}

fn count(name: &str, text: &str) -> Result<(), String> {
    let (least, most) = match name {
        "k8s.user" => (1, 4_294_967_294),
        "k8s.hpa_cpu_percent" => (1, 1000),
        "k8s.replicas" | "k8s.max_replicas" => (1, 1000),
        "k8s.shards" => (2, 1000),
        _ => (1, 31_536_000),
    };
    match text.trim().parse::<u64>() {
        Ok(number) if (least..=most).contains(&number) => Ok(()),
        Ok(_) | Err(_) => Err(format!(
            "\"{text}\" is not a whole number from {least} to {most}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{Flags, SettingsFile};
    use super::*;

    fn resolve(file: &str) -> Result<DeploymentSettings> {
        let file = SettingsFile::parse("churnctl.toml", file)?;
        let layers = Layers::new(Flags::default(), &BTreeMap::new(), Some(file))?;
        DeploymentSettings::resolve(&layers)
    }

    #[test]
    fn the_defaults_pass_their_own_checks() {
        let settings = resolve("").expect("defaults");
        assert_eq!(
            settings.text("k8s.namespace").as_deref(),
            Some("churn-mlops")
        );
        assert_eq!(settings.text("k8s.storage_class"), None);
        assert_eq!(settings.number("alerts.thresholds.drift_psi"), 0.3);
    }

    #[test]
    fn the_profile_changes_defaults_and_nothing_that_somebody_set() {
        let dev = resolve("[k8s]\nprofile = \"dev\"\nstorage = \"5Gi\"\n").expect("valid");
        assert_eq!(dev.number("k8s.max_replicas"), 1.0);
        assert_eq!(dev.text("k8s.storage").as_deref(), Some("5Gi"));
    }

    #[test]
    fn bad_values_name_their_line() {
        for bad in [
            "[k8s]\nnamespace = \"Churn\"",
            "[k8s]\nnamespace = \"a\\nb\"",
            "[k8s]\nnamespace = \"a\\\",x=\\\"b\"",
            "[k8s]\ndrift_cronjob = \"aaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbaaaaaaaaaabbb\"",
            "[k8s]\nimage_digest = \"latest\"",
            "[k8s]\npushgateway_image = \"prom/pushgateway:v1\"",
            "[k8s]\ndrift_schedule = \"@daily\"",
            "[k8s]\nstorage = \"much\"",
            "[k8s]\nreplicas = 0",
            "[k8s]\nmax_replicas = 1",
            "[k8s]\nparts = [\"everything\"]",
            "[alerts]\nfor = [\"ChurnApiDown\"]",
            "[alerts]\nfor = [\"ChurnApiDown=0s\"]",
            "[alerts]\nnode_exporter_job = \"a\\\"b\"",
            "[alerts.thresholds]\napi_error_ratio = 5",
            "[alerts.thresholds]\ndrift_psi = nan",
            "[plain]\ndiscovery = \"consul\"",
        ] {
            let error = resolve(bad).expect_err(bad);
            assert_eq!(error.code().code(), 78, "{bad}");
            assert_eq!(error.place().and_then(|place| place.line), Some(2), "{bad}");
        }
    }

    #[test]
    fn durations_have_one_number_and_one_unit() {
        assert_eq!(duration_seconds("26h"), Ok(93_600));
        for bad in ["", "5", "m", "1h30m", "-5m", "0s", "5µ", "99999999999w"] {
            assert!(duration_seconds(bad).is_err(), "{bad}");
        }
    }
}
