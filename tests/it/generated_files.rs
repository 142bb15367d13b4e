//! Completions and man pages in the repository are those that the program makes; `UPDATE=1` rewrites them.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::skipped;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn generated() -> Vec<(PathBuf, String)> {
    let mut files = churnctl::cli::generated_files().expect("generate");
    files.push((
        PathBuf::from("docs/metrics.md"),
        churnctl::commands::metrics::page(),
    ));
    files
}

#[test]
fn completions_and_man_pages_are_fresh() {
    let update = std::env::var_os("UPDATE").is_some_and(|value| !value.is_empty());
    for (path, text) in generated() {
        let full = root().join(&path);
        let fresh = |full: &Path| std::fs::read_to_string(full).is_ok_and(|old| old == text);
        if update && !fresh(&full) {
            // Other tests read these files meanwhile: old or new, never half.
            churnctl::files::write_atomically(&full, text.as_bytes()).expect("write");
        }
        assert!(
            fresh(&full),
            "{} is stale; run: UPDATE=1 cargo test --test it generated_files",
            path.display()
        );
    }
}

#[test]
fn no_page_of_a_command_that_is_gone_is_left() {
    let expected: Vec<PathBuf> = generated().into_iter().map(|(path, _)| path).collect();
    for folder in ["completions", "man"] {
        for entry in std::fs::read_dir(root().join(folder))
            .expect("list")
            .flatten()
        {
            let path = Path::new(folder).join(entry.file_name());
            assert!(
                expected.contains(&path),
                "{} is not generated",
                path.display()
            );
        }
    }
}

/// Runs a checker over a file; says why where it is not installed.
fn check(program: &str, args: &[&str], path: &Path) {
    match Command::new(program).args(args).arg(path).output() {
        Err(error) => {
            skipped(&format!("cannot run {program}: {error}"));
        }
        Ok(output) => assert!(
            output.status.success(),
            "{program} {}:\n{}{}",
            path.display(),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        ),
    }
}

#[test]
fn the_shells_can_read_their_completions() {
    let folder = root().join("completions");
    check("bash", &["-n"], &folder.join("churnctl.bash"));
    check("zsh", &["-n"], &folder.join("_churnctl"));
    check("fish", &["-n"], &folder.join("churnctl.fish"));
}

#[test]
fn mandoc_finds_nothing_wrong_with_the_man_pages() {
    for (path, _) in generated() {
        if path.starts_with("man") {
            check("mandoc", &["-Tlint", "-Wwarning"], &root().join(path));
        }
    }
}
