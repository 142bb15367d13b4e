//! Holds the floors of the house: a room imports only rooms on lower floors, and only its own crates.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Rooms by floor. A room is a folder of `src/`, or a file in it without `.rs`.
const FLOORS: &[(u8, &[&str])] = &[
    (8, &["main", "lib", "run", "cli", "foreign"]),
    (7, &["commands"]),
    (6, &["reports"]),
    (5, &["manifests", "cluster"]),
    (4, &["tracking", "serve", "alerts"]),
    (3, &["drift", "model"]),
    (2, &["profile", "metrics"]),
    (1, &["data", "stats", "http", "trust"]),
    (
        0,
        &[
            "terminal",
            "page",
            "settings",
            "exit",
            "error",
            "expansion",
            "files",
            "panics",
            "passing",
            "progress",
            "signals",
            "text",
            "threads",
            "cells",
            "deadlines",
            "percent",
            "placeholder",
            "proxies",
            "redact",
            "same_file",
            "secret",
            "thresholds",
        ],
    ),
];

/// Small files that everybody may use, also on floor 0.
const COMMON: [&str; 19] = [
    "deadlines",
    "exit",
    "error",
    "expansion",
    "files",
    "panics",
    "passing",
    "progress",
    "signals",
    "text",
    "threads",
    "cells",
    "percent",
    "placeholder",
    "proxies",
    "redact",
    "same_file",
    "secret",
    "thresholds",
];

/// Crates that only these rooms may name. A crate that is not listed may be named everywhere.
const CRATES: &[(&str, &[&str])] = &[
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("comfy_table", &["terminal"]),
    ("indicatif", &["terminal"]),
    ("terminal_size", &["terminal"]),
    ("dialoguer", &["terminal"]),
    ("minijinja", &["page", "reports"]),
    ("toml", &["settings"]),
    ("tempfile", &["files"]),
    ("signal_hook", &["signals"]),
    ("strsim", &["error", "redact"]),
    ("secrecy", &["secret"]),
    (
        "serde_saphyr",
        &["terminal", "manifests", "alerts", "cluster"],
    ),
    ("statrs", &["stats", "drift", "model"]),
    ("ndarray", &["stats", "model"]),
    ("prometheus", &["metrics"]),
    ("ureq", &["http"]),
    ("flate2", &["data", "http"]),
    ("percent_encoding", &["percent"]),
    ("glob", &["alerts", "data"]),
    // The prediction log is written row by row as predictions are made: no data set, no reader.
    ("csv", &["data", "serve"]),
    ("memmap2", &["data"]),
    ("parquet", &["data"]),
    ("zstd", &["data"]),
    ("mysql_common", &["data"]),
    ("tokio_postgres", &["data"]),
    ("rustls_platform_verifier", &["http", "data"]),
    ("forust_ml", &["model"]),
    ("rayon", &["model"]),
    ("kube", &["cluster"]),
    ("k8s_openapi", &["cluster", "manifests"]),
    ("axum", &["http", "serve", "cluster"]),
    ("hyper", &["http", "data"]),
    ("hyper_util", &["http", "data", "proxies"]),
    ("hyper_rustls", &["data"]),
    ("object_store", &["data"]),
    ("futures_util", &["data"]),
    ("socket2", &["http", "data"]),
    ("h2", &["data"]),
    // In `trust` for its PEM reader alone.
    ("rustls", &["http", "data", "trust"]),
    ("ring", &["data", "http", "trust"]),
    ("shlex", &["commands"]),
    ("tokio_rustls", &["http", "data"]),
    (
        "tokio",
        &["deadlines", "http", "serve", "cluster", "data", "threads"],
    ),
    ("promql_parser", &["alerts"]),
];

struct Source {
    path: PathBuf,
    room: String,
    text: String,
}

/// Every file of `src/`, its comments and its tests left out: tests may reach further.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("list").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let inside = path.strip_prefix(&root).expect("below src").to_owned();
                let first = inside.components().next().expect("a name");
                let room = first.as_os_str().to_string_lossy();
                sources.push(Source {
                    room: room.trim_end_matches(".rs").to_owned(),
                    text: code(&std::fs::read_to_string(&path).expect("read")),
                    path: inside,
                });
            }
        }
    }
    sources
}

fn code(text: &str) -> String {
    // A file of tests alone.
    if text.lines().any(|line| line == "#![cfg(test)]") {
        return String::new();
    }
    let text = text
        .split("\n#[cfg(test)]\nmod ")
        .next()
        .unwrap_or_default();
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

fn floor(room: &str) -> Option<u8> {
    let found = FLOORS.iter().find(|(_, rooms)| rooms.contains(&room));
    found.map(|(floor, _)| *floor)
}

/// Rooms that a text names by `crate::room` or in the braces of `crate::{...}`.
fn rooms_in(text: &str) -> BTreeSet<String> {
    let word = |text: &str| -> String {
        text.chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect()
    };
    let mut rooms = BTreeSet::new();
    for (at, path) in text.match_indices("crate::") {
        // `$crate` and `mycrate::` are other things.
        if text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &text[at + path.len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let (mut depth, mut begins) = (0, true);
            for (at, character) in group.char_indices() {
                match character {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => begins = true,
                    c if begins && c.is_alphabetic() => {
                        rooms.insert(word(&group[at..]));
                        begins = false;
                    }
                    _ => {}
                }
            }
        } else {
            rooms.insert(word(rest));
        }
    }
    rooms
}

fn names_crate(text: &str, name: &str) -> bool {
    let path = format!("{name}::");
    let macro_path = format!("use {name}");
    text.match_indices(&path)
        .chain(text.match_indices(&macro_path))
        .any(|(at, found)| {
            let before = !text[..at].ends_with(|c: char| c.is_alphanumeric() || "_:.".contains(c));
            let after = !text[at + found.len()..]
                .starts_with(|c: char| c == '_' || (found == macro_path && c.is_alphanumeric()));
            before && after
        })
}

#[test]
fn every_room_has_a_floor() {
    for source in sources() {
        assert!(
            floor(&source.room).is_some(),
            "{} is on no floor",
            source.path.display()
        );
    }
}

#[test]
fn rooms_import_only_from_lower_floors() {
    let mut wrong = Vec::new();
    for source in sources() {
        let own = floor(&source.room).expect("a floor");
        for room in rooms_in(&source.text) {
            let Some(other) = floor(&room) else { continue };
            let common = COMMON.contains(&room.as_str());
            let own_room = room == source.room;
            // The ground floor: common files are for all rooms, and never use a room.
            let allowed = own_room || other < own || (common && own == 0) || own == 8;
            if !allowed {
                wrong.push(format!("{} imports {room}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn terminal_and_settings_are_for_commands_and_the_command_line() {
    for source in sources() {
        let rooms = rooms_in(&source.text);
        for room in ["terminal", "settings"] {
            let own = floor(&source.room).expect("a floor");
            let allowed = own >= 7 || source.room == room;
            assert!(
                allowed || !rooms.contains(room),
                "{} uses {room}",
                source.path.display()
            );
        }
    }
}

#[test]
fn outside_crates_stay_in_their_rooms() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (name, rooms) in CRATES {
            if names_crate(&source.text, name) && !rooms.contains(&source.room.as_str()) {
                wrong.push(format!("{} names {name}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_file_begins_with_a_sentence_on_what_it_holds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for source in sources() {
        let text = std::fs::read_to_string(root.join(&source.path)).expect("read");
        assert!(text.starts_with("//! "), "{}", source.path.display());
    }
}

#[test]
fn the_readers_of_this_test_see_what_they_should() {
    let text =
        "use crate::{error::{Error, nearest}, data};\nlet x = crate::stats::psi(mycrate::no);";
    let rooms: Vec<String> = rooms_in(text).into_iter().collect();
    assert_eq!(rooms, ["data", "error", "stats"]);
    assert!(names_crate("use toml::Spanned;", "toml") && names_crate("toml::from_str()", "toml"));
    assert!(!names_crate("use churnctl::toml::x; a_toml::b", "toml"));
    assert!(!names_crate("clap_complete::Shell", "clap"));
}
