//! The promise that a setting changes its own scalar and nothing else, whatever text is in it.
#![cfg(test)]

use proptest::prelude::*;
use serde_json::Value;

use super::object::{Content, Form};
use super::plan::{Part, Plan, sample};
use super::render::{Flavor, header, render};
use crate::expansion::kubelet::expand;

/// A text that is nowhere else.
const MARK: &str = "MARKMARKMARK";

type Set = fn(&mut Plan, String);

/// Every text that is not a name of a file or of an object and no part of PromQL. At the door most of
/// these are checked more strictly.
const TEXTS: &[(&str, Set)] = &[
    ("k8s.release", |plan, text| plan.release = text),
    ("k8s.image", |plan, text| plan.image = text),
    ("k8s.pushgateway_image", |plan, text| {
        plan.pushgateway_image = text;
    }),
    ("k8s.monitoring_namespace", |plan, text| {
        plan.monitoring_namespace = text;
    }),
    ("k8s.image_pull_secret", |plan, text| {
        plan.image_pull_secret = Some(text);
    }),
    ("k8s.iam_role", |plan, text| plan.iam_role = Some(text)),
    ("k8s.node_selector", |plan, text| {
        plan.node_selector = vec![("disk".to_owned(), text)];
    }),
    ("k8s.api_cpu_limit", |plan, text| plan.api.cpu_limit = text),
    ("k8s.job_memory_request", |plan, text| {
        plan.jobs.memory_request = text;
    }),
    ("k8s.storage", |plan, text| plan.storage = text),
    ("k8s.storage_class", |plan, text| {
        plan.storage_class = Some(text);
    }),
    ("k8s.access_mode", |plan, text| plan.access_mode = text),
    ("serve.model", |plan, text| plan.api_model = text),
    ("mlflow.tracking_uri", |plan, text| {
        plan.tracking_uri = Some(text);
    }),
    ("k8s.timezone", |plan, text| plan.timezone = text),
    ("k8s.drift_schedule", |plan, text| {
        plan.drift_schedule = text;
    }),
    ("k8s.kserve_storage_uri", |plan, text| {
        plan.kserve_storage_uri = text;
    }),
    ("k8s.argocd_repository", |plan, text| {
        plan.argocd_repository = text;
    }),
    ("k8s.aws_region", |plan, text| plan.aws_region = text),
    ("k8s.aws_secret", |plan, text| plan.aws_secret = text),
    ("data.label", |plan, text| plan.label = Some(text)),
    ("data.score", |plan, text| plan.score = Some(text)),
    ("data.positive", |plan, text| plan.positive = Some(text)),
    ("alerts.slack_channel", |plan, text| {
        plan.alerting.slack_channel = text;
    }),
    ("alerts.email_to", |plan, text| {
        plan.alerting.email_to = text;
    }),
    ("alerts.email_from", |plan, text| {
        plan.alerting.email_from = text;
    }),
    ("alerts.smarthost", |plan, text| {
        plan.alerting.smarthost = text;
    }),
    ("alerts.group_wait", |plan, text| {
        plan.alerting.group_wait = text;
    }),
    ("alerts.runbook_base", |plan, text| {
        plan.rules.runbook_base = format!("{text}x");
    }),
    ("plain.hook_url", |plan, text| plan.plain.hook_url = text),
    ("plain.secrets_folder", |plan, text| {
        plan.plain.secrets_folder = format!("{text}x");
    }),
    ("plain.api_targets", |plan, text| {
        plan.plain.api_targets = vec![text];
    }),
    ("plain.interval", |plan, text| plan.plain.interval = text),
];

/// Parses what stands in a text, too: settings files, dashboards.
fn opened(tree: Value) -> Value {
    match tree {
        Value::Object(map) => map
            .into_iter()
            // A checksum changes with what it is of.
            .filter(|(key, _)| key != "churnctl/settings-sha256")
            .map(|(key, value)| match (&value, key.rsplit('.').next()) {
                (Value::String(text), Some("json")) => {
                    let inner = serde_json::from_str(text).expect("JSON");
                    (key, opened(inner))
                }
                (Value::String(text), Some("toml")) => {
                    let inner: toml::Table = text.parse().expect("TOML");
                    (key, opened(serde_json::to_value(inner).expect("a tree")))
                }
                (_, Some("args" | "command" | "env")) => (key, started(value)),
                _ => (key, opened(value)),
            })
            .collect(),
        Value::Array(list) => list.into_iter().map(opened).collect(),
        other => other,
    }
}

/// What the program is started with, once a kubelet has expanded it.
fn started(tree: Value) -> Value {
    match tree {
        Value::String(text) => Value::String(expand(&text, |_| "EXPANDED".to_owned())),
        Value::Array(list) => list.into_iter().map(started).collect(),
        Value::Object(map) => map
            .into_iter()
            .map(|(key, value)| (key, started(value)))
            .collect(),
        other => other,
    }
}

fn replaced(tree: Value, text: &str) -> Value {
    match tree {
        Value::String(old) => Value::String(old.replace(MARK, text)),
        Value::Array(list) => list.into_iter().map(|one| replaced(one, text)).collect(),
        Value::Object(map) => map
            .into_iter()
            .map(|(key, value)| (key, replaced(value, text)))
            .collect(),
        other => other,
    }
}

/// Renders, writes, and reads back what was written.
fn read_back(set: Set, text: &str, flavor: Flavor, form: Form) -> Vec<(String, Value)> {
    let mut plan = sample();
    plan.parts = Part::ALL.to_vec();
    // Their names have checksums of what they run.
    let hashed = [Part::SeedModel, Part::ProfileShards];
    plan.parts.retain(|part| !hashed.contains(part));
    set(&mut plan, text.to_owned());
    let files = render(&plan, flavor).expect("renders");
    let trees = files
        .iter()
        // The cases of rules have few settings in them, and there are many of them.
        .filter(|file| !file.path.starts_with("tests/") || file.path.contains("ModelDataDrift"))
        .filter(|file| matches!(file.content, Content::Tree(_)))
        .map(|file| {
            let text = file.render(form, &header(flavor, file)).expect("writes");
            let tree = match form {
                Form::Yaml => serde_saphyr::from_str(&text)
                    .unwrap_or_else(|error| panic!("{}: {error}\n{text}", file.path)),
                Form::Json => serde_json::from_str(&text).expect("JSON"),
            };
            (file.path.clone(), opened(tree))
        });
    trees.collect()
}

fn changes_one_scalar(at: usize, text: &str, flavor: Flavor, form: Form) {
    let (name, set) = TEXTS[at];
    let marked = read_back(set, MARK, flavor, form);
    let found = read_back(set, text, flavor, form);
    assert_eq!(marked.len(), found.len(), "{name}");
    let mut seen = false;
    for ((path, marked), (other, found)) in marked.into_iter().zip(found) {
        assert_eq!(path, other, "{name}");
        seen |= marked.to_string().contains(MARK);
        assert_eq!(replaced(marked, text), found, "{name} = {text:?} in {path}");
    }
    let of_flavor = name.starts_with("plain.") == (flavor == Flavor::Plain);
    assert!(seen || !of_flavor, "{name} is nowhere");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_in_any_setting_changes_only_that_scalar(
        at in 0..TEXTS.len(),
        text in any::<String>(),
        plain in any::<bool>(),
        json in any::<bool>(),
    ) {
        let flavor = if plain { Flavor::Plain } else { Flavor::Operator };
        let form = if json { Form::Json } else { Form::Yaml };
        changes_one_scalar(at, &text, flavor, form);
    }
}

#[test]
fn texts_that_parsers_stumble_over_are_texts() {
    let texts = [
        "no",
        "yes",
        "on",
        "~",
        "null",
        "true",
        "0777",
        "0x10",
        "1e3",
        ".inf",
        "12:30:45",
        "2026-01-01",
        "=",
        "<<",
        "a: b",
        "a #b",
        "- a",
        "? a",
        "|",
        ">",
        "&a",
        "*a",
        "!a",
        "%a",
        "@a",
        "`a",
        "{",
        "[",
        "'",
        "\"",
        "\\",
        "",
        " ",
        " a ",
        "a\n",
        "\na",
        "a\n\nb: c\n",
        "a\r\nb",
        "\t",
        "---",
        "...",
        "---\nkind: Pod",
        "a\nprivileged: true",
        "{{ .Values.x }}",
        "$(x)",
        "$$(x)",
        "$$$(x) $",
        "${x}",
        "\u{0}",
        "\u{7}",
        "\u{7f}",
        "\u{85}",
        "\u{a0}",
        "\u{feff}",
        "\u{2028}",
        "\u{1F600}",
    ];
    for (at, text) in texts.iter().enumerate() {
        // Each in two settings, so that all are had in seconds.
        for offset in [0, 13] {
            let setting = (at + offset) % TEXTS.len();
            let flavor = match TEXTS[setting].0.starts_with("plain.") {
                true => Flavor::Plain,
                false => Flavor::Operator,
            };
            changes_one_scalar(setting, text, flavor, Form::Yaml);
        }
    }
}
