//! Holds the floors of the house. Between crates cargo does: none can import one that imports it. Inside `src/`
//! and inside crates of several rooms a room imports only rooms on lower floors; outside crates stay where they
//! belong, here by `src/`'s rooms, in `crates/` by each Cargo.toml.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use regex::Regex;

/// Rooms by floor. A room is a folder of `src/`, or a file in it without `.rs`.
const FLOORS: &[(u8, &[&str])] = &[
    (3, &["main", "lib", "run", "cli", "foreign"]),
    (2, &["commands"]),
    (1, &["reports"]),
    (0, &["terminal", "page", "settings", "cells"]),
];

/// Rooms of crates that have several, from the highest: each imports those below it.
const ROOMS: &[(&str, &[&str])] = &[
    (
        "churn-drift",
        &["history", "drift", "labels", "profile", "stats"],
    ),
    ("churn-kube", &["cluster", "manifests", "expansion"]),
];

/// Crates of this workspace and what each may import of them: an arrow is a decision.
const ARROWS: &[(&str, &[&str])] = &[
    ("churn-base", &[]),
    ("churn-data", &["churn-base"]),
    ("churn-drift", &["churn-base", "churn-data"]),
    ("churn-trust", &["churn-base"]),
    ("churn-http", &["churn-base"]),
    ("churn-metrics", &["churn-base", "churn-http"]),
    (
        "churn-model",
        &["churn-base", "churn-data", "churn-drift", "churn-trust"],
    ),
    ("churn-import", &["churn-base", "churn-data", "churn-model"]),
    (
        "churn-alerts",
        &["churn-base", "churn-http", "churn-metrics"],
    ),
    (
        "churn-serve",
        &[
            "churn-base",
            "churn-data",
            "churn-drift",
            "churn-http",
            "churn-metrics",
            "churn-model",
            "churn-trust",
        ],
    ),
    (
        "churn-kube",
        &["churn-alerts", "churn-base", "churn-http", "churn-metrics"],
    ),
    (
        "churn-mlflow",
        &["churn-base", "churn-drift", "churn-http", "churn-model"],
    ),
];

/// Crates from outside that only these rooms of `src/` may name.
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
    ("serde_saphyr", &["terminal"]),
    ("flate2", &["commands"]),
    ("shlex", &["commands"]),
];

struct Source {
    path: PathBuf,
    room: String,
    text: String,
}

/// Every file of `src/`, its comments and its tests left out: tests may reach further.
fn sources() -> Vec<Source> {
    sources_in(Path::new("src"))
}

fn sources_in(folder: &Path) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
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

/// A file without its tests and comments.
pub(crate) fn code(text: &str) -> String {
    // A file of tests alone.
    if text.lines().any(|line| line == "#![cfg(test)]") {
        return String::new();
    }
    let block = Regex::new(r"\n#\[cfg\(test\)\]\nmod \w+ \{").expect("an expression");
    let line = Regex::new(r"#\[cfg\(test\)\]\s+(?:pub(?:\([^)]*\))? )?(?:mod|use) [^;]*;")
        .expect("an expression");
    let end = block.find(text).map_or(text.len(), |found| found.start());
    let text = line.replace_all(&text[..end], "");
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
            // Rooms of the ground floor lay out and show the same cells.
            let allowed = room == source.room || other < own || room == "cells" || own == 3;
            if !allowed {
                wrong.push(format!("{} imports {room}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn rooms_of_one_crate_import_only_those_below() {
    let mut wrong = Vec::new();
    for (name, rooms) in ROOMS {
        for (floor, room) in rooms.iter().enumerate() {
            let above = &rooms[..floor];
            for source in sources_in(&Path::new("crates").join(name).join("src")) {
                let named = rooms_in(&source.text);
                for other in above.iter().filter(|_| source.room == *room) {
                    if named.contains(*other) {
                        wrong.push(format!("{name}: {} imports {other}", source.path.display()));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn crates_import_what_their_arrows_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates");
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(root).expect("list").flatten() {
        let manifest = std::fs::read_to_string(entry.path().join("Cargo.toml")).expect("read");
        let manifest: toml::Table = manifest.parse().expect("TOML");
        let imports = manifest["dependencies"].as_table().expect("a table").keys();
        let imports: Vec<String> = imports
            .filter(|name| name.starts_with("churn-"))
            .cloned()
            .collect();
        found.insert((entry.file_name().to_string_lossy().into_owned(), imports));
    }
    let owned = |imports: &[&str]| imports.iter().map(|name| (*name).to_owned()).collect();
    let wanted: BTreeSet<(String, Vec<String>)> = ARROWS
        .iter()
        .map(|(name, imports)| ((*name).to_owned(), owned(imports)))
        .collect();
    assert_eq!(found, wanted);
}

#[test]
fn terminal_and_settings_are_for_commands_and_the_command_line() {
    for source in sources() {
        let rooms = rooms_in(&source.text);
        for room in ["terminal", "settings"] {
            let own = floor(&source.room).expect("a floor");
            let allowed = own >= 2 || source.room == room;
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
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let crates = ARROWS.iter().map(|(name, _)| format!("crates/{name}/src"));
    for folder in crates.chain(["src".to_owned()]) {
        for source in sources_in(Path::new(&folder)) {
            let path = root.join(&folder).join(&source.path);
            let text = std::fs::read_to_string(&path).expect("read");
            assert!(text.starts_with("//! "), "{}", path.display());
        }
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
