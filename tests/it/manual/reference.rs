//! Pages of the manual that are made from declarations, and its table of contents; `UPDATE=1` rewrites them.

use std::fmt::Write as _;
use std::path::Path;

use super::{read, root};
use crate::harness::Churnctl;

/// A page with a table.
fn table(title: &str, says: &str, head: &[&str], rows: &[Vec<String>]) -> String {
    let row = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let head: Vec<String> = head.iter().map(|&word| word.to_owned()).collect();
    let mut text = format!("# {title}\n\n{says}\n\n{}", row(&head));
    text += &format!("|{}\n", "---|".repeat(head.len()));
    rows.iter().for_each(|cells| text += &row(cells));
    text
}

fn code(text: impl std::fmt::Display) -> String {
    // A bar in a cell ends it, also within code.
    format!("`{}`", text.to_string().replace('|', "\\|"))
}

fn settings() -> String {
    let rows: Vec<Vec<String>> = churnctl::settings::KEYS
        .iter()
        .map(|key| {
            let mut help = key.help.replace('|', "\\|");
            if !key.choices.is_empty() {
                let _ = write!(help, " ({})", key.choices.join(", "));
            }
            vec![
                code(key.name),
                key.kind.describe().to_owned(),
                key.default.map_or_else(String::new, |default| {
                    if default.is_empty() {
                        "empty".to_owned()
                    } else {
                        code(default)
                    }
                }),
                key.flag.map_or_else(String::new, code),
                help,
            ]
        })
        .collect();
    table(
        "Settings",
        "Each stands in `churnctl.toml` under its section (`drift.fail_psi` is `fail_psi` under `[drift]`), and has a variable:\n\
         `CHURNCTL_DRIFT_FAIL_PSI`. Flags count before variables, these before the file. `churnctl config show` prints all with\n\
         their values and where these come from, `churnctl config schema` a JSON Schema of the file. Beside these there are the\n\
         tables `[drift.thresholds.FEATURE]`.",
        &["setting", "is", "default", "flag", "what"],
        &rows,
    )
}

fn exit_codes() -> String {
    let rows: Vec<Vec<String>> = churnctl::exit::ExitCode::ALL
        .iter()
        .map(|code| {
            vec![
                code.code().to_string(),
                format!("`{}`", code.name()),
                code.meaning().to_owned(),
            ]
        })
        .collect();
    table(
        "Exit codes",
        "A mistyped flag is never 2, and a run that compared nothing is never 0. The name stands in errors under `--format json`.\n\
         What each means for a Job of Kubernetes: [commands](commands.md#exit-codes).",
        &["code", "name", "means"],
        &rows,
    )
}

fn schemas() -> String {
    let folder = root().join("examples/schemas");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("list")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let rows: Vec<Vec<String>> = names
        .iter()
        .map(|name| {
            let path = format!("examples/schemas/{name}");
            let schema: serde_json::Value =
                serde_json::from_str(&read(&root().join(&path))).expect("JSON");
            let says = schema["description"].as_str().expect("a description");
            let stem = name.trim_end_matches(".schema.json");
            vec![format!("[{stem}](../{path})"), says.to_owned()]
        })
        .collect();
    table(
        "Schemas",
        "Every JSON document that churnctl writes has a JSON Schema, and tests hold it to that. `schema_version` rises when the\n\
         meaning of something changes; the changelog says so.",
        &["schema", "of what"],
        &rows,
    )
}

/// The help of every command, as the program prints it.
fn options() -> String {
    let mut text = String::from(
        "# Options of every command\n\nAs `-h` prints them; `--help` and the manuals in `man/` have more to each. What the commands do: [commands](commands.md).\n",
    );
    let mut pages: Vec<String> = std::fs::read_dir(root().join("man"))
        .expect("list")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    pages.sort();
    for page in pages {
        let name = page.trim_end_matches(".1");
        let Some((words, help)) = help(name) else {
            continue;
        };
        let help: Vec<&str> = help.lines().map(str::trim_end).collect();
        let title = ["churnctl"]
            .into_iter()
            .chain(words.iter().map(String::as_str));
        let title: Vec<&str> = title.collect();
        let _ = write!(
            text,
            "\n## {}\n\n```text\n{}\n```\n",
            title.join(" "),
            help.join("\n")
        );
    }
    text
}

/// The words of a command from the name of its manual, and its help: `churnctl-drift-verify` is `drift verify`, and
/// `churnctl-push-metrics-run` is `push-metrics run`.
fn help(name: &str) -> Option<(Vec<String>, String)> {
    let name = name.strip_prefix("churnctl-")?;
    let parts: Vec<&str> = name.split('-').collect();
    (0..parts.len()).rev().find_map(|at| {
        let (first, rest) = (parts[..=at].join("-"), parts[at + 1..].join("-"));
        let mut words = vec![first];
        if !rest.is_empty() {
            words.push(rest);
        }
        // The help of what is not a command is an error.
        let mut args: Vec<&str> = words.iter().map(String::as_str).collect();
        args.push("-h");
        let run = Churnctl::new().run(&args);
        (run.code == Some(0)).then_some((words, run.stdout))
    })
}

/// The table of contents, whose last pages are one a runbook and one a lint check.
fn summary() -> String {
    let path = root().join("docs/SUMMARY.md");
    let text = read(&path);
    let mut out = String::new();
    for line in text.lines().filter(|line| !line.starts_with("    - ")) {
        let _ = writeln!(out, "{line}");
        for folder in ["lint", "runbooks"] {
            if line.ends_with(&format!("]({folder}/README.md)")) {
                let pages = super::session::folder_of(&format!("docs/{folder}"));
                let names = pages.iter().filter_map(|page| page.file_stem());
                for name in names.filter(|name| *name != "README") {
                    let name = name.to_string_lossy();
                    let _ = writeln!(out, "    - [{name}]({folder}/{name}.md)");
                }
            }
        }
    }
    out
}

#[test]
fn generated_files_of_the_manual_are_fresh() {
    let update = std::env::var_os("UPDATE").is_some_and(|value| !value.is_empty());
    let pages = [
        ("docs/settings.md", settings()),
        ("docs/exit-codes.md", exit_codes()),
        ("docs/schemas.md", schemas()),
        ("docs/options.md", options()),
        ("docs/SUMMARY.md", summary()),
    ];
    for (name, text) in pages {
        let path = root().join(name);
        let is_fresh = |path: &Path| std::fs::read_to_string(path).is_ok_and(|old| old == text);
        if update && !is_fresh(&path) {
            // Other tests read these files meanwhile: old or new, never half.
            churnctl::files::write_atomically(&path, text.as_bytes()).expect("write");
        }
        assert!(
            is_fresh(&path),
            "{name} is stale; run: UPDATE=1 cargo test --test it generated_files"
        );
    }
}

#[test]
fn every_page_of_the_manual_is_in_its_table_of_contents() {
    let summary = read(&root().join("docs/SUMMARY.md"));
    for page in super::pages() {
        let Ok(name) = page.strip_prefix(root().join("docs")) else {
            continue;
        };
        let name = name.display().to_string();
        assert!(
            name == "SUMMARY.md" || summary.contains(&format!("]({name})")),
            "{name} is in no chapter of docs/SUMMARY.md"
        );
    }
}

#[test]
fn a_manual_is_named_after_the_words_of_its_command() {
    let words = |name| help(name).map(|(words, _)| words.join(" "));
    assert_eq!(
        words("churnctl-drift-verify").as_deref(),
        Some("drift verify")
    );
    assert_eq!(
        words("churnctl-push-metrics").as_deref(),
        Some("push-metrics")
    );
    assert_eq!(
        words("churnctl-push-metrics-run").as_deref(),
        Some("push-metrics run")
    );
    assert_eq!(words("churnctl"), None);
}
