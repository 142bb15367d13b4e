//! The README and the manual: every command block runs as it stands, every `churnctl` line parses, no link leads
//! nowhere, and the words are those of the glossary.

mod blocks;
mod book;
mod links;
mod reference;
mod session;
mod words;

use std::path::{Path, PathBuf};

use blocks::blocks;

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
            // One that shows what a mistyped flag does, does not parse.
            if !block.is_command() || block.codes() == [64] {
                continue;
            }
            let commands = block.commands();
            for line in commands.iter().filter(|line| line.starts_with("churnctl ")) {
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
