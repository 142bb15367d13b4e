//! The README and the manual: every command block of the README runs as it stands, every `churnctl` line elsewhere
//! parses, and no link leads nowhere.
//!
//! A comment before a block says how it is run: `<!-- run: code=2 -->` for an exit code, `<!-- run: serves -->` for a
//! command that goes on until it is told to end, `<!-- run: no, WHY -->` for what cannot be run here. Blocks of one
//! page run in one folder, one after the other. Lines of a `text` block below must be in what the commands print.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use crate::harness::{Churnctl, skipped};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every page in the repository that people read.
fn pages() -> Vec<PathBuf> {
    let mut folders = vec![root().to_path_buf()];
    let mut pages = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("list").flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            let is_ours =
                !name.starts_with('.') && !["target", "artifacts", "corpus"].contains(&&*name);
            if path.is_dir() && is_ours {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "md") {
                pages.push(path);
            }
        }
    }
    pages.sort();
    pages
}

fn read(page: &Path) -> String {
    std::fs::read_to_string(page).expect("a page")
}

/// A fenced block.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Block {
    line: usize,
    language: String,
    text: String,
    /// What the comment before it says.
    run: String,
    /// Lines of the `text` block below it.
    shows: Vec<String>,
}

fn blocks(text: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut open: Option<Block> = None;
    let (mut run, mut just_closed) = (String::new(), false);
    for (at, line) in text.lines().enumerate() {
        let fence = line.trim_start().strip_prefix("```");
        match (&mut open, fence) {
            (None, Some(language)) => {
                let language = language.trim().to_owned();
                let run = std::mem::take(&mut run);
                open = Some(Block {
                    line: at + 1,
                    language,
                    run,
                    ..Block::default()
                });
            }
            (Some(_), Some(_)) => {
                let block = open.take().expect("an open block");
                match found.last_mut() {
                    Some(above) if block.language == "text" && just_closed => {
                        above.shows = block.text.lines().map(str::to_owned).collect();
                    }
                    _ => found.push(block),
                }
                just_closed = true;
            }
            (Some(block), None) => block.text += &format!("{line}\n"),
            (None, None) => {
                if let Some(said) = line
                    .strip_prefix("<!-- run: ")
                    .and_then(|said| said.strip_suffix(" -->"))
                {
                    run = said.to_owned();
                }
                just_closed &= line.trim().is_empty();
            }
        }
    }
    found
}

/// What the README's commands find: tables by the names that it gives them, the repository's examples, and the
/// program on the path, also behind `cargo run --release --`.
fn set_up() -> Churnctl {
    let example =
        |name: &str| std::fs::read(root().join("examples/data").join(name)).expect("an example");
    let binary = assert_cmd::cargo::cargo_bin!("churnctl")
        .display()
        .to_string();
    let here = Churnctl::new()
        .file("training.csv", example("telco_baseline.csv"))
        .file("july.csv", example("telco_stable.csv"))
        .file("august.csv", example("telco_shifted.csv"))
        .file("examples/data/telco_baseline.csv", example("telco_baseline.csv"))
        .file("examples/data/telco_shifted.csv", example("telco_shifted.csv"))
        .file("bin/cargo", format!("#!/bin/sh\n[ \"$1 $2 $3\" = 'run --release --' ] || exit 99\nshift 3\nexec '{binary}' \"$@\"\n"))
        .file("bin/churnctl", format!("#!/bin/sh\nexec '{binary}' \"$@\"\n"));
    for program in ["bin/cargo", "bin/churnctl"] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(here.path(program), mode).expect("made executable");
    }
    here
}

fn bash(here: &Churnctl, block: &Block) -> Output {
    let mut command = Command::new("bash");
    command
        .args(["-euo", "pipefail", "-c", &block.text])
        .current_dir(here.path(""))
        .env_clear()
        .env(
            "PATH",
            format!(
                "{}:/usr/local/bin:/usr/bin:/bin",
                here.path("bin").display()
            ),
        )
        .env("HOME", here.path(""))
        .env("TMPDIR", here.path(""))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if block.run != "serves" {
        return command.output().expect("bash");
    }
    // bash replaces itself by the one command, so that the signal reaches it.
    let mut child = command.spawn().expect("bash");
    std::thread::sleep(Duration::from_secs(3));
    assert!(
        child.try_wait().expect("a child").is_none(),
        "it ended by itself: {block:#?}"
    );
    let id = nix::unistd::Pid::from_raw(i32::try_from(child.id()).expect("a process id"));
    nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGTERM).expect("told to end");
    child.wait_with_output().expect("ended")
}

#[test]
fn every_command_block_of_the_readme_runs_as_it_stands() {
    let here = set_up();
    let blocks = blocks(&read(&root().join("README.md")));
    let runnable: Vec<&Block> = blocks
        .iter()
        .filter(|block| block.language == "sh")
        .collect();
    assert!(runnable.len() >= 8, "{runnable:#?}");
    let mut ran = 0;
    for block in runnable {
        if block.run.starts_with("no, ") {
            continue;
        }
        if block.text.contains("alerts test")
            && Command::new("promtool").arg("--version").output().is_err()
        {
            skipped("promtool is not installed");
            continue;
        }
        let output = bash(&here, block);
        let code = block
            .run
            .strip_prefix("code=")
            .map_or(0, |code| code.parse().expect("a code"));
        let stdout = String::from_utf8_lossy(&output.stdout);
        let stderr = String::from_utf8_lossy(&output.stderr);
        let context = format!(
            "README.md:{}\n{}\n{stdout}\n{stderr}",
            block.line, block.text
        );
        assert_eq!(output.status.code(), Some(code), "{context}");
        for line in &block.shows {
            assert!(
                stdout.contains(line.as_str()),
                "not printed: {line}\n{context}"
            );
        }
        ran += 1;
    }
    assert!(ran >= 6, "only {ran} blocks ran");
}

#[test]
fn the_readme_is_short() {
    let lines = read(&root().join("README.md")).lines().count();
    assert!(
        lines <= 150,
        "{lines} lines; what a page of docs/ can say belongs there"
    );
}

/// The first command of a line: up to a pipe, a redirection, the next command or a comment, outside of quotes.
fn first_command(line: &str) -> &str {
    let mut quote = None;
    let mut before = ' ';
    for (at, letter) in line.char_indices() {
        match (quote, letter) {
            (None, '\'' | '"') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            (None, '|' | '>' | '<' | ';' | '&') => return &line[..at],
            (None, '#') if before == ' ' => return &line[..at],
            _ => {}
        }
        before = letter;
    }
    line
}

#[test]
fn every_churnctl_line_of_the_manual_parses() {
    let mut tried = 0;
    let mut wrong = Vec::new();
    for page in pages() {
        for block in blocks(&read(&page)) {
            if !["sh", "bash"].contains(&block.language.as_str()) {
                continue;
            }
            let text = block.text.replace("\\\n", " ");
            let lines = text.lines().map(str::trim_start);
            for line in lines.filter(|line| line.starts_with("churnctl ")) {
                let line = first_command(line);
                let words = shlex::split(line).unwrap_or_default();
                let parsed = churnctl::cli::parse(words.into_iter().map(Into::into).collect());
                if parsed.is_err() {
                    wrong.push(format!("{}:{}: {line}", page.display(), block.line));
                }
                tried += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(tried > 50, "only {tried} lines were found");
}

/// The name that a heading has in links, as GitHub makes it.
fn anchor(heading: &str) -> String {
    let kept = heading
        .trim()
        .chars()
        .filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    kept.flat_map(char::to_lowercase)
        .collect::<String>()
        .replace(' ', "-")
}

#[test]
fn no_link_leads_nowhere() {
    let link = regex::Regex::new(r"\]\(([^)\s]+)\)").expect("an expression");
    let mut broken = Vec::new();
    let mut tried = 0;
    for page in pages() {
        let text = read(&page);
        // Code has brackets and parentheses of its own.
        let mut prose = String::new();
        let mut inside = false;
        for line in text.lines() {
            inside ^= line.trim_start().starts_with("```");
            if !inside {
                prose += &format!("{line}\n");
            }
        }
        for found in link.captures_iter(&prose) {
            let target = &found[1];
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            tried += 1;
            let (file, section) = target.split_once('#').unwrap_or((target, ""));
            let path = match file {
                "" => page.clone(),
                file => page.parent().expect("a folder").join(file),
            };
            let has_section = || {
                let headings = read(&path);
                let mut headings = headings.lines().filter(|line| line.starts_with('#'));
                headings.any(|line| anchor(line.trim_start_matches('#')) == section)
            };
            if !path.exists() || (!section.is_empty() && !has_section()) {
                broken.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(tried > 100, "only {tried} links were found");
}

#[test]
fn a_block_knows_its_comment_and_what_it_shows() {
    let text = "<!-- run: code=2 -->\n```sh\na\nb\n```\n\n```text\nshown\n```\n\nwords\n```text\nnot this\n```\n";
    let found = blocks(text);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert_eq!(
        (found[0].run.as_str(), found[0].text.as_str()),
        ("code=2", "a\nb\n")
    );
    assert_eq!(found[0].shows, ["shown"]);
    assert_eq!(
        anchor("What a column is, `drift`"),
        "what-a-column-is-drift"
    );
}
