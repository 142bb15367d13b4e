//! Runs the blocks of a page, one after the other, in a folder of their own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::blocks::{Block, blocks};
use super::root;
use crate::harness::{Churnctl, say, skipped};

/// Why a block may stay unrun. What is not on this list is run.
const REASONS: [&str; 10] = [
    "needs a cluster",
    "needs Prometheus and Alertmanager",
    "needs a Pushgateway",
    "needs a database or an object store",
    "needs MLflow",
    "needs an account in a cloud",
    "needs a release",
    "changes this machine's shell",
    "another test runs it",
    "builds or tests for minutes",
];

/// The tables that the manual names, the repository's examples, and the program on the path, also behind
/// `cargo run --release --`.
fn folder() -> Churnctl {
    let example =
        |name: &str| std::fs::read(root().join("examples/data").join(name)).expect("an example");
    let binary = assert_cmd::cargo::cargo_bin!("churnctl")
        .display()
        .to_string();
    let mut here = Churnctl::new()
        .file("training.csv", example("telco_baseline.csv"))
        .file("july.csv", example("telco_stable.csv"))
        .file("august.csv", example("telco_shifted.csv"))
        .file(".bin/cargo", format!("#!/bin/sh\n[ \"$1 $2 $3\" = 'run --release --' ] || exit 99\nshift 3\nexec '{binary}' \"$@\"\n"))
        .file(".bin/churnctl", format!("#!/bin/sh\nexec '{binary}' \"$@\"\n"));
    for name in [
        "telco_baseline.csv",
        "telco_stable.csv",
        "telco_shifted.csv",
    ] {
        here = here.file(&format!("examples/data/{name}"), example(name));
    }
    for program in [".bin/cargo", ".bin/churnctl"] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(here.path(program), mode).expect("made executable");
    }
    here
}

/// A command that goes on, and the address that it listens on.
struct Background {
    child: Child,
    /// As the page says it, such as `127.0.0.1:8000`, and as it is.
    addresses: Vec<(String, String)>,
    log: PathBuf,
}

impl Background {
    /// Tells it to end, and wants it to end well.
    fn end(mut self) -> Result<(), String> {
        let id = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).expect("a process id"));
        nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGTERM).expect("told to end");
        let status = self.child.wait().expect("ended");
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        match status.code() {
            Some(0) => Ok(()),
            code => Err(format!("told to end, it ended with {code:?}\n{log}")),
        }
    }
}

impl Drop for Background {
    /// A test that fails leaves nothing running.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A page at work.
struct Session {
    page: String,
    here: Churnctl,
    background: Vec<Background>,
}

/// What the text of a page names as the place of a server.
fn address() -> regex::Regex {
    regex::Regex::new(r"(127\.0\.0\.1|localhost|0\.0\.0\.0):\d+").expect("an expression")
}

impl Session {
    fn shell(&self, text: &str, folder: &Path) -> Command {
        let bin = self.here.path(".bin");
        let mut command = Command::new("bash");
        command
            .args(["-euo", "pipefail", "-c", text])
            .current_dir(folder)
            .env_clear()
            .env(
                "PATH",
                format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display()),
            )
            .env("HOME", self.here.path(""))
            .env("TMPDIR", self.here.path(""))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// The text with the addresses of those that listen.
    fn reached(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (said, real) in self.background.iter().flat_map(|one| &one.addresses) {
            text = text.replace(said, real);
        }
        text
    }

    /// Runs a block; an error is what was wrong with it.
    fn run(&mut self, block: &Block) -> Result<(), String> {
        let context = format!("{}:{}\n{}", self.page, block.line, block.text);
        let folder = self.here.path("");
        self.judge(&block.set_up, &folder, &[0])
            .map_err(|wrong| format!("the set-up of {context}{wrong}"))?;
        let printed = if block.has("background") || block.has("serves") {
            return self
                .start(block)
                .map_err(|wrong| format!("{context}{wrong}"));
        } else if block.has("each") {
            self.each(block)
        } else {
            self.judge(&self.reached(&block.text), &folder, &block.codes())
        };
        let printed = printed.map_err(|wrong| format!("{context}{wrong}"))?;
        for line in &block.shows {
            if !is_printed(line, &printed) {
                return Err(format!("not printed: {line}\n{context}{printed}"));
            }
        }
        Ok(())
    }

    /// Runs every command alone, in a copy of the folder.
    fn each(&self, block: &Block) -> Result<String, String> {
        let mut printed = String::new();
        for command in block.commands() {
            let copy = tempfile::tempdir().expect("a folder");
            let from = format!("cp -a '{}/.' .", self.here.path("").display());
            self.judge(&from, copy.path(), &[0])?;
            printed += &self
                .judge(&command, copy.path(), &block.codes())
                .map_err(|wrong| format!("$ {command}\n{wrong}"))?;
        }
        Ok(printed)
    }

    /// Runs a text, and wants one of these exit codes; returns what was printed.
    fn judge(&self, text: &str, folder: &Path, codes: &[i32]) -> Result<String, String> {
        let output = self.shell(text, folder).output().expect("bash");
        let stdout = String::from_utf8_lossy(&output.stdout);
        let stderr = String::from_utf8_lossy(&output.stderr);
        match output.status.code() {
            Some(code) if codes.contains(&code) => Ok(format!("{stdout}{stderr}")),
            code => Err(format!(
                "ended with {code:?}, wanted {codes:?}\n{stdout}{stderr}"
            )),
        }
    }

    /// Starts what goes on, at a port that is free, and waits until it says where it listens.
    fn start(&mut self, block: &Block) -> Result<(), String> {
        let said: Vec<String> = address()
            .find_iter(&block.text)
            .map(|found| found.as_str().to_owned())
            .collect();
        let text = address().replace_all(&block.text, "127.0.0.1:0");
        let log = self.here.path(format!(".log-{}", block.line));
        let file = std::fs::File::create(&log).expect("a log");
        // bash replaces itself by the one command, so that the signal reaches it.
        let mut command = self.shell(
            &format!("exec {}", text.trim().trim_start_matches("exec ")),
            &self.here.path(""),
        );
        // A command that names no place would listen at the one that it always has.
        command
            .env("CHURNCTL_SERVE_LISTEN", "127.0.0.1:0")
            .stdout(file.try_clone().expect("a log"))
            .stderr(file);
        let mut child = command.spawn().expect("bash");
        let begin = Instant::now();
        let listens =
            regex::Regex::new(r"(?m)^(?:listening|metrics and reload) on https?://([0-9.:]+)")
                .expect("an expression");
        let addresses = loop {
            let text = std::fs::read_to_string(&log).unwrap_or_default();
            let real: Vec<String> = listens
                .captures_iter(&text)
                .map(|found| found[1].to_owned())
                .collect();
            if !real.is_empty() && real.len() >= said.len() {
                break real;
            }
            let ended = child.try_wait().expect("a child");
            if ended.is_some() || begin.elapsed() > Duration::from_secs(60) {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("listens nowhere, {ended:?}\n{text}"));
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        // A command that names no place listens at port 8000 of this machine.
        let said = if said.is_empty() {
            vec!["127.0.0.1:8000".to_owned()]
        } else {
            said
        };
        let ports = said
            .iter()
            .map(|one| one.rsplit(':').next().unwrap_or_default());
        let addresses = ports.zip(addresses).flat_map(|(port, real)| {
            ["127.0.0.1", "localhost"].map(|host| (format!("{host}:{port}"), real.clone()))
        });
        let background = Background {
            child,
            addresses: addresses.collect(),
            log,
        };
        if block.has("serves") {
            return background.end();
        }
        self.background.push(background);
        Ok(())
    }
}

/// Tells whether a line is among what was printed; `...` in it stands for anything.
fn is_printed(line: &str, printed: &str) -> bool {
    printed.lines().any(|printed| {
        let mut rest = printed;
        line.split("...").all(|part| match rest.find(part) {
            Some(at) => {
                rest = &rest[at + part.len()..];
                true
            }
            None => false,
        })
    })
}

/// What became of a page's blocks.
#[derive(Default)]
struct Outcome {
    ran: usize,
    /// Why others did not.
    left: Vec<String>,
    wrong: Vec<String>,
}

impl Outcome {
    /// Runs every block of a page.
    fn of(&mut self, page: &Path) {
        let text = std::fs::read_to_string(page).expect("a page");
        let name = page
            .strip_prefix(root())
            .unwrap_or(page)
            .display()
            .to_string();
        let mut session = Session {
            page: name,
            here: folder(),
            background: Vec::new(),
        };
        for block in blocks(&text).iter().filter(|block| block.is_command()) {
            // Runbooks are generated, and of clusters from the first line to the last.
            let in_cluster = session.page.starts_with("docs/runbooks/");
            match block.reason().or(in_cluster.then_some("needs a cluster")) {
                Some(reason) => {
                    let line = format!("{reason}: {}:{}", session.page, block.line);
                    assert!(REASONS.contains(&reason), "not a reason: {line}");
                    self.left.push(line);
                }
                None => {
                    self.wrong.extend(session.run(block).err());
                    self.ran += 1;
                }
            }
        }
        for background in std::mem::take(&mut session.background) {
            self.wrong.extend(background.end().err());
        }
    }
}

fn has_tools() -> bool {
    let missing = ["promtool", "amtool", "curl", "jq"];
    let missing: Vec<_> = missing
        .into_iter()
        .filter(|tool| Command::new(tool).arg("--version").output().is_err())
        .collect();
    if !missing.is_empty() {
        skipped(&format!(
            "the manual's commands need {}",
            missing.join(", ")
        ));
    }
    missing.is_empty()
}

/// Runs pages, and wants at least so many blocks to run.
fn run_pages(pages: &[PathBuf], at_least: usize) {
    if !has_tools() {
        return;
    }
    let mut outcome = Outcome::default();
    for page in pages {
        outcome.of(page);
    }
    for line in &outcome.left {
        say(&format!("not run, {line}"));
    }
    assert!(outcome.wrong.is_empty(), "{}", outcome.wrong.join("\n"));
    assert!(outcome.ran >= at_least, "only {} blocks ran", outcome.ran);
}

/// Pages in a folder of the manual.
pub(super) fn folder_of(name: &str) -> Vec<PathBuf> {
    let folder = root().join(name);
    super::pages()
        .into_iter()
        .filter(|page| page.parent() == Some(&folder))
        .collect()
}

#[test]
fn every_command_block_of_the_readme_runs_as_it_stands() {
    run_pages(&[root().join("README.md")], 7);
}

#[test]
fn every_command_block_of_the_reference_runs() {
    run_pages(&[root().join("docs/commands.md")], 25);
}

#[test]
fn the_tutorial_for_data_scientists_runs() {
    run_pages(&[root().join("docs/tutorials/data-scientist.md")], 8);
}

#[test]
fn the_tutorial_for_sres_runs() {
    run_pages(&[root().join("docs/tutorials/sre.md")], 9);
}

#[test]
fn the_tutorial_for_ci_authors_runs() {
    run_pages(&[root().join("docs/tutorials/ci-author.md")], 8);
}

#[test]
fn the_tutorial_for_those_on_call_runs() {
    run_pages(&[root().join("docs/tutorials/on-call.md")], 6);
}

#[test]
fn every_command_block_of_the_how_tos_runs() {
    run_pages(&folder_of("docs/how-to"), 15);
}

/// What the tests above leave: explanations, runbooks, examples, pages for those who work on churnctl.
#[test]
fn every_command_block_of_all_other_pages_runs_or_says_why_not() {
    let root = root();
    let mut others = super::pages();
    others.retain(|page| {
        page.parent() != Some(&root.join("docs/tutorials"))
            && page.parent() != Some(&root.join("docs/how-to"))
            && *page != root.join("README.md")
            && *page != root.join("docs/commands.md")
    });
    run_pages(&others, 3);
}
