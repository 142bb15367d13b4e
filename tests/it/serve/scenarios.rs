//! The transcripts of `tests/scenarios/serve/`: what `curl` is told, what is answered. They are played
//! by curl itself; of its words only the server's address before the path is left out.
//!
//! A block is a line `$ curl ...`, then the status and the media type, then the body. A body of JSON
//! is a pattern: `"<number>"`, `"<text>"` and `"<any>"` stand for any such value, `"<version>"` for
//! that of the model, and a member `"..."` for further ones. Other bodies are compared as they are;
//! a line `...` stands for any lines.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::running::{Response, Running};
use crate::harness::{Churnctl, skipped};
use crate::models::{PRODUCTION, scoring};

struct Block {
    line: usize,
    words: Vec<String>,
    status: u16,
    media_type: String,
    body: String,
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if let Some(command) = line.strip_prefix("$ curl ") {
            let (_, answer) = lines.next().expect("a status");
            let (status, media_type) = answer.split_once(' ').unwrap_or((answer, ""));
            blocks.push(Block {
                line: number + 1,
                words: split(command),
                status: status.parse().expect("a status"),
                media_type: media_type.to_owned(),
                body: String::new(),
            });
        } else if !line.starts_with("# ")
            && let Some(block) = blocks.last_mut()
        {
            block.body.push_str(line);
            block.body.push('\n');
        }
    }
    blocks
}

/// Splits a line as a shell does, as far as ours go.
fn split(line: &str) -> Vec<String> {
    let (mut words, mut quoted) = (vec![String::new()], false);
    for character in line.chars() {
        match character {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            _ => words.last_mut().expect("a word").push(character),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Runs curl as the block says, with the server's address before the path.
fn ask(block: &Block, running: &Running) -> Response {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--include", "--max-time", "60"]);
    let mut words = block.words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-d" | "--json" => {
                let body = words.next().expect("a body").replace("\\n", "\n");
                command.args([word, &body]);
            }
            "-X" | "-H" => {
                command.args([word, words.next().expect("a word")]);
            }
            path => {
                let (address, path) = match path.strip_prefix("admin:") {
                    Some(path) => (running.admin.expect("an admin listener"), path),
                    None => (running.address, path),
                };
                command.arg(format!("http://{address}{path}"));
            }
        }
    }
    let output = command.output().expect("curl runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "line {}: {said}", block.line);
    Response::of(&output.stdout)
}

/// Tells whether curl is there; if not, says so.
fn has_curl() -> bool {
    let found = Command::new("curl").arg("--version").output().is_ok();
    if !found {
        skipped("curl is not installed");
    }
    found
}

/// Tells where a value differs from a pattern.
fn difference(pattern: &Value, value: &Value, at: &str) -> Option<String> {
    let differs = || Some(format!("{at}: {value} is not {pattern}"));
    match (pattern, value) {
        (Value::String(word), _) if word == "<any>" => None,
        (Value::String(word), Value::Number(_)) if word == "<number>" => None,
        (Value::String(word), Value::String(text)) if word == "<text>" && !text.is_empty() => None,
        (Value::Object(pattern), Value::Object(members)) => {
            let open = pattern.contains_key("...");
            if let Some(name) = members
                .keys()
                .find(|name| !open && !pattern.contains_key(*name))
            {
                return Some(format!("{at}/{name} is surplus: {}", members[name]));
            }
            pattern
                .iter()
                .filter(|(name, _)| *name != "...")
                .find_map(|(name, pattern)| {
                    let value = members.get(name);
                    value.map_or_else(
                        || Some(format!("{at}/{name} is absent")),
                        |value| difference(pattern, value, &format!("{at}/{name}")),
                    )
                })
        }
        (Value::Array(pattern), Value::Array(items)) => {
            if pattern.len() != items.len() {
                return differs();
            }
            let pairs = pattern.iter().zip(items).enumerate();
            let mut pairs = pairs.map(|(index, (pattern, item))| {
                difference(pattern, item, &format!("{at}/{index}"))
            });
            pairs.find_map(|difference| difference)
        }
        (Value::Number(one), Value::Number(other)) => {
            let (one, other) = (one.as_f64()?, other.as_f64()?);
            ((one - other).abs() > 1e-12).then(differs)?
        }
        (pattern, value) if pattern == value => None,
        _ => differs(),
    }
}

fn matches_lines(pattern: &str, text: &str) -> bool {
    let mut lines = text.trim_end().lines();
    let mut any = false;
    for wanted in pattern.trim_end().lines() {
        if wanted == "..." {
            any = true;
        } else if any {
            if !lines.any(|line| line == wanted) {
                return false;
            }
            any = false;
        } else if lines.next() != Some(wanted) {
            return false;
        }
    }
    any || lines.next().is_none()
}

fn play(name: &str, churnctl: &Churnctl, args: &[&str]) {
    if !has_curl() {
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("tests/scenarios/serve").join(name);
    let text = std::fs::read_to_string(&path).expect("a scenario");
    let version = std::fs::read(churnctl.path(PRODUCTION)).ok().map(|bytes| {
        let model: Value = serde_json::from_slice(&bytes).expect("a model");
        model["version"].as_str().expect("a version").to_owned()
    });
    let text = text.replace("<version>", version.as_deref().unwrap_or("none"));
    let running = Running::start(churnctl, args);
    let blocks = blocks(&text);
    assert!(!blocks.is_empty(), "{name} has no block");
    for block in blocks {
        let response = ask(&block, &running);
        let place = format!("{name}:{}", block.line);
        let body = response.text();
        assert_eq!(response.status, block.status, "{place}: {body}");
        let media_type = response
            .headers
            .get("content-type")
            .map_or("", String::as_str);
        assert_eq!(media_type, block.media_type, "{place}: {body}");
        assert!(
            response.headers.contains_key("x-request-id"),
            "{place} has no name"
        );
        match serde_json::from_str::<Value>(&block.body) {
            Ok(pattern) => {
                let value = serde_json::from_str(&body).expect(&place);
                let difference = difference(&pattern, &value, "");
                assert_eq!(difference, None, "{place}: {body}");
            }
            Err(_) => assert!(matches_lines(&block.body, &body), "{place}: {body}"),
        }
    }
}

#[test]
fn the_routes_of_the_python_system_answer() {
    play("predict.txt", &scoring(), &[]);
}

#[test]
fn everything_wrong_with_an_input_is_named() {
    play("faults.txt", &scoring(), &["--unknown-category", "reject"]);
}

#[test]
fn batches_are_answered_as_arrays_and_as_lines() {
    play("batch.txt", &scoring(), &[]);
}

#[test]
fn the_v1_protocol_answers() {
    play("v1.txt", &scoring(), &[]);
}

#[test]
fn the_v2_protocol_answers() {
    play("v2.txt", &scoring(), &[]);
}

#[test]
fn sagemakers_routes_answer() {
    play("sagemaker.txt", &scoring(), &[]);
}

#[test]
fn metrics_and_reload_have_a_listener_of_their_own() {
    let args = ["--admin-listen", "127.0.0.1:0"];
    play("admin.txt", &scoring(), &args);
}

#[test]
fn a_token_guards_all_but_probes_and_metrics() {
    let churnctl = scoring().file("token", "s3cret\n");
    play("token.txt", &churnctl, &["--token-file", "token"]);
}

#[test]
fn without_a_model_it_lives_and_is_not_ready() {
    play("no_model.txt", &Churnctl::new(), &[]);
}
