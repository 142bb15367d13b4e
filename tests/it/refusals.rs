//! `alerts lint` refuses what Prometheus and Alertmanager refuse, and nothing else: two generations of
//! promtool and amtool judge a corpus of small files, and we must say what they say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use churnctl::exit::ExitCode;

use crate::harness::{Churnctl, fixture, skipped};
use crate::servers::installed;

/// Finds the newest promtool, amtool or pint: named by a variable such as PROMTOOL_NEWEST, or built by
/// `tests/tools/build.sh`.
pub(crate) fn newest(program: &str) -> Option<PathBuf> {
    let variable = format!("{}_NEWEST", program.to_uppercase());
    let named = std::env::var_os(&variable).map(PathBuf::from);
    let built = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("target/go-tools")
        .join(program);
    let found = named.or_else(|| built.is_file().then_some(built));
    if found.is_none() {
        skipped(&format!(
            "{variable} names no {program}, and tests/tools/build.sh has not built one"
        ));
    }
    found
}

fn names(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(fixture(folder)).expect("the corpus");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<String> = names
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Runs a checker over all files of a folder and returns those that it refuses.
fn refused(program: &Path, args: &str, folder: &str, files: &[String]) -> BTreeSet<String> {
    // Both streams in one: the verdict comes by the other than the name.
    let line = format!("exec \"$0\" {args} \"$@\" 2>&1");
    let output = Command::new("sh")
        .args(["-c", &line])
        .arg(program)
        .args(files)
        .current_dir(fixture(folder))
        .output()
        .expect("sh");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut refused = BTreeSet::new();
    let mut seen = 0;
    for part in said.split("Checking ").skip(1) {
        let name = part
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .trim_matches('\'');
        seen += 1;
        if part.contains("FAILED") {
            refused.insert(name.to_owned());
        }
    }
    assert_eq!(seen, files.len(), "{}: {said}", program.display());
    refused
}

/// The files that a kind of name says are refused.
fn expected(files: &[String], kinds: &[&str]) -> BTreeSet<String> {
    let of_kind = |name: &&String| kinds.iter().any(|kind| name.starts_with(kind));
    files.iter().filter(of_kind).cloned().collect()
}

#[track_caller]
fn agree(judge: &str, found: &BTreeSet<String>, wanted: &BTreeSet<String>) {
    let too_strict: Vec<_> = found.difference(wanted).collect();
    let too_lax: Vec<_> = wanted.difference(found).collect();
    assert!(
        too_strict.is_empty() && too_lax.is_empty(),
        "{judge} refuses {too_strict:?} and takes {too_lax:?}"
    );
}

#[test]
fn the_names_of_the_corpus_say_what_two_generations_say() {
    for (folder, program, args) in [
        ("refusals/rules", "promtool", "check rules"),
        ("refusals/alertmanager", "amtool", "check-config"),
    ] {
        let files = names(folder);
        match installed(program) {
            None => skipped(&format!("{program} is not installed")),
            Some(path) => {
                let found = refused(&path, args, folder, &files);
                let wanted = expected(&files, &["bad-", "newer-", "flag-"]);
                agree(&format!("the older {program}"), &found, &wanted);
            }
        }
        let Some(path) = newest(program) else {
            continue;
        };
        let found = refused(&path, args, folder, &files);
        let wanted = expected(&files, &["bad-", "older-", "flag-"]);
        agree(&format!("the newest {program}"), &found, &wanted);
        for name in files.iter().filter(|name| name.starts_with("flag-")) {
            let text =
                std::fs::read_to_string(fixture(&format!("{folder}/{name}"))).expect("a file");
            let flag = text
                .lines()
                .next()
                .and_then(|line| line.strip_prefix("# flag: "));
            let args = format!("--enable-feature={} {args}", flag.expect("a flag"));
            let found = refused(&path, &args, folder, std::slice::from_ref(name));
            agree(&args, &found, &BTreeSet::new());
        }
    }
}

#[test]
fn lint_says_of_every_file_what_the_newest_generation_says() {
    for folder in ["refusals/rules", "refusals/alertmanager"] {
        let files = names(folder);
        let wanted = expected(&files, &["bad-", "older-"]);
        assert!(
            wanted.len() * 3 > files.len(),
            "about half of the corpus is bad"
        );
        let run = Churnctl::new().run(&["alerts", "lint", &fixture(folder), "--format", "json"]);
        let json = run.expect(ExitCode::CheckFailed).json();
        let mut found = BTreeSet::new();
        let mut notes: BTreeMap<String, String> = BTreeMap::new();
        for finding in json["findings"].as_array().expect("a list") {
            let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
            let name = text("file")
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .to_owned();
            // A receiver that is not defined has its own check.
            let refuses = ["syntax", "unknown-receiver"].contains(&text("check").as_str());
            if refuses && text("status") == "FAIL" {
                found.insert(name);
            } else if text("check") == "newer-server" {
                notes.insert(name, text("message"));
            }
        }
        agree("lint", &found, &wanted);
        for name in files.iter().filter(|name| name.starts_with("flag-")) {
            let note = notes.get(name).expect(name);
            assert!(note.contains("--enable-feature="), "{name}: {note}");
        }
    }
}
