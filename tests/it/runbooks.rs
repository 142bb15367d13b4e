//! Runbooks are used at night: every command in them is one that works on what is rendered.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use churnctl::alerts::promql;
use churnctl::metrics::exporters::exists;
use serde_json::Value;

use crate::harness::Churnctl;

/// Kinds that Kubernetes has anyway, or that others bring.
const ANYWHERE: [&str; 4] = ["nodes", "pods", "daemonsets", "endpointslices"];
const VERBS: [&str; 9] = [
    "get",
    "describe",
    "logs",
    "top",
    "delete",
    "patch",
    "create",
    "auth",
    "port-forward",
];

/// The commands of a page: lines of its `sh` blocks, and code of its steps that begins as a command does.
fn commands(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        match line {
            "```sh" => inside = true,
            "```" => inside = false,
            line if inside => found.push(line.trim_end_matches(" &").to_owned()),
            line if line.starts_with(|c: char| c.is_ascii_digit()) => {
                let code = line.split('`').skip(1).step_by(2);
                let programs = ["kubectl ", "churnctl ", "promtool ", "amtool "];
                let is_command = |code: &&str| programs.iter().any(|name| code.starts_with(name));
                found.extend(code.filter(is_command).map(str::to_owned));
            }
            _ => {}
        }
    }
    found
}

/// Splits a command as a shell does, as far as runbooks need it.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quote, mut begun) = (Vec::new(), String::new(), None, false);
    for character in command.chars() {
        match (character, quote) {
            (_, Some(open)) if character == open => quote = None,
            ('\'' | '"', None) => (quote, begun) = (Some(character), true),
            (' ', None) => {
                if begun || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            _ => word.push(character),
        }
    }
    assert_eq!(quote, None, "a quote is open: {command}");
    if begun || !word.is_empty() {
        words.push(word);
    }
    words
}

/// Names and labels of the rendered objects, by kind in lower case and plural.
struct Rendered {
    names: BTreeMap<String, Vec<String>>,
    labels: Vec<String>,
}

fn rendered() -> Rendered {
    let churnctl = Churnctl::new();
    let parts = "api,jobs,hook,pushgateway,monitoring,dashboards,seed-model,drift-exporter,kserve";
    let run = churnctl.run(&["render-manifests", "--output-dir", "k8s", "--parts", parts]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    let (mut names, mut labels) = (BTreeMap::<String, Vec<String>>::new(), Vec::new());
    let mut folders = vec![churnctl.path("k8s")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("list").flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
                continue;
            }
            let text = std::fs::read_to_string(entry.path()).expect("read");
            let tree: Value = serde_saphyr::from_str(&text).unwrap_or_default();
            let Some(kind) = tree["kind"].as_str() else {
                continue;
            };
            let name = tree["metadata"]["name"].as_str().unwrap_or_default();
            let kind = kind.to_lowercase() + "s";
            names.entry(kind).or_default().push(name.to_owned());
            let own = tree["metadata"]["labels"].as_object().into_iter().flatten();
            labels
                .extend(own.filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?))));
        }
    }
    Rendered { names, labels }
}

/// A word in capitals stands for one that the reader knows.
fn is_word_to_fill(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii_uppercase())
}

impl Rendered {
    fn has_kind(&self, kind: &str) -> bool {
        let plural = format!("{}s", kind.trim_end_matches('s'));
        ANYWHERE.contains(&plural.as_str()) || self.names.contains_key(&plural)
    }

    /// Whether an object is there; a word in capitals stands for one that the reader knows.
    fn has(&self, kind: &str, name: &str) -> bool {
        let plural = format!("{}s", kind.trim_end_matches('s'));
        let named = self.names.get(&plural);
        let is_rendered = named.is_some_and(|names| names.iter().any(|one| one == name));
        is_rendered || (self.has_kind(kind) && is_word_to_fill(name))
    }

    fn check_kubectl(&self, words: &[String], at: &str) {
        let mut rest = words[1..].to_vec();
        if rest[0] == "-n" {
            assert!(
                ["churn-mlops", "monitoring"].contains(&rest[1].as_str()),
                "{at}"
            );
            rest.drain(..2);
        }
        let verb = rest.remove(0);
        assert!(
            VERBS.contains(&verb.as_str()) || verb == "drain",
            "{at}: {verb}"
        );
        if let Some(label) = rest.iter().position(|word| word == "-l") {
            let label = &rest[label + 1];
            // A word in capitals stands for one that the reader knows.
            let value = label.rsplit('=').next().unwrap_or_default();
            assert!(
                is_word_to_fill(value) || self.labels.contains(label),
                "{at}: {label}"
            );
        }
        let mut plain = rest.iter().filter(|word| !word.starts_with('-'));
        let Some(what) = plain.next() else { return };
        match verb.as_str() {
            "auth" | "create" | "drain" | "port-forward" => {}
            "logs" | "delete" | "describe" | "get" | "patch" | "top" => {
                match what.split_once('/') {
                    Some((kind, name)) => {
                        let is_job = kind == "job" && is_word_to_fill(name);
                        assert!(is_job || self.has(kind, name), "{at}: {what}");
                    }
                    None if verb == "logs" => assert_eq!(what, "POD", "{at}"),
                    None => {
                        for kind in what.split(',') {
                            assert!(self.has_kind(kind), "{at}: {kind}");
                        }
                    }
                }
            }
            other => panic!("{at}: {other}"),
        }
    }
}

fn check_query(words: &[String], at: &str) {
    assert_eq!(
        words[1..4],
        ["query", "instant", "http://localhost:9090"],
        "{at}"
    );
    let expr = promql::parse(&words[4]).unwrap_or_else(|error| panic!("{at}: {error}"));
    for metric in promql::metrics(&expr) {
        assert!(exists(&metric), "{at}: {metric}");
    }
    assert_eq!(words.len(), 5, "{at}");
}

#[test]
fn every_command_of_a_runbook_fits_what_is_rendered() {
    let rendered = rendered();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/runbooks");
    let mut counts = BTreeMap::<String, usize>::new();
    for entry in std::fs::read_dir(folder).expect("list").flatten() {
        let page = std::fs::read_to_string(entry.path()).expect("read");
        let name = entry.file_name().to_string_lossy().into_owned();
        for command in commands(&page) {
            let at = format!("{name}: {command}");
            // What follows a pipe only picks lines.
            let first = command.split(" | ").next().unwrap_or_default();
            let words = words(first);
            *counts.entry(words[0].clone()).or_default() += 1;
            match words[0].as_str() {
                "kubectl" => rendered.check_kubectl(&words, &at),
                "promtool" => check_query(&words, &at),
                "amtool" => {
                    assert_eq!(words[1..3], ["silence", "add"], "{at}");
                    let alert = name.trim_end_matches(".md");
                    assert!(words.contains(&format!("alertname={alert}")), "{at}");
                }
                "churnctl" => {
                    let words: Vec<OsString> = words.into_iter().map(Into::into).collect();
                    let parsed = churnctl::cli::parse(words);
                    assert!(parsed.is_ok(), "{at}: {parsed:?}");
                }
                other => panic!("{at}: {other} is not a program of runbooks"),
            }
        }
        if name != "README.md" {
            let sections = [
                "Meaning", "Urgency", "Impact", "First", "Fix", "Verify", "Escalate", "Silence",
            ];
            for section in sections {
                assert!(
                    page.contains(&format!("\n## {section}\n")),
                    "{name}: {section}"
                );
            }
        }
    }
    for program in ["kubectl", "promtool", "amtool", "churnctl"] {
        assert!(
            counts.get(program).is_some_and(|count| *count > 10),
            "{counts:?}"
        );
    }
}
