//! `churnctl demo`: the whole story on real customers, command by command, in a folder of its own. Nothing is
//! played: every command is this program, run as it is shown.

use std::io::Read as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use flate2::read::GzDecoder;

use super::Console;
use crate::alerts::proof::Promtool;
use crate::cells::Tone;
use crate::error::{Error, Result};
use crate::exit::ExitCode;
use crate::files::write_atomically;
use crate::settings::{ENV_ONLY, KEYS, Key};
use crate::terminal::Format;

/// What the folder holds before the first command: packed tables, and texts as they are.
const TABLES: [(&str, &[u8]); 3] = [
    ("data/training.csv", include_bytes!("demo/training.csv.gz")),
    ("data/may.csv", include_bytes!("demo/may.csv.gz")),
    ("data/june.csv", include_bytes!("demo/june.csv.gz")),
];
const TEXTS: [(&str, &str); 3] = [
    ("data/README.md", include_str!("demo/README.md")),
    ("alerts.yml", include_str!("demo/alerts.yml")),
    ("alerts_test.yml", include_str!("demo/alerts_test.yml")),
];

/// A command of the story.
struct Step {
    /// What it is for.
    before: &'static str,
    /// Its words, without the program.
    words: &'static str,
    /// How it ends.
    code: ExitCode,
    /// What to see in it.
    after: &'static str,
}

const TRAIN: Step = Step {
    before: "1. A model of 4,000 customers of whom we know who left.",
    words: "train data/training.csv --label churn -q",
    code: ExitCode::Ok,
    after: "TEST is what counts: rows that nothing was fitted on, with 95 % intervals.",
};

const MAY: Step = Step {
    before: "2. May's customers against those of training: an ordinary month.",
    words: "drift data/training.csv data/may.csv --top 3 -q",
    code: ExitCode::Ok,
    after: "Exit code 0: a job that runs this every night goes on.",
};

const JUNE: Step = Step {
    before: "3. June's, after a campaign that won young customers with monthly contracts.",
    words: "drift data/training.csv data/june.csv --only drifted --top 5 -o drift.html -q",
    code: ExitCode::CheckFailed,
    after: "Exit code 2: the check ran to its end, and its verdict is FAIL. A mistyped flag is 64, never 2.",
};

const SCORE: Step = Step {
    before: "4. Whom to call: June's five customers most at risk, and what speaks for it most.",
    words: "score data/june.csv --top-k 5 --explain 1 -o - -q",
    code: ExitCode::Ok,
    after: "",
};

const PROVE: Step = Step {
    before: "5. Would anybody hear of June? The rule in alerts.yml, run by promtool on June's figure and on May's.",
    words: "alerts test alerts.yml alerts_test.yml -q",
    code: ExitCode::Ok,
    after: "Each rule was also altered, to see whether a case notices.",
};

const LIST: Step = Step {
    before: "5. The rule that would tell somebody of June. With promtool, `churnctl alerts test` would prove it.",
    words: "alerts list alerts.yml -q",
    code: ExitCode::Ok,
    after: "",
};

/// Tells the story.
///
/// # Errors
/// Fails with 74 if there is no room for the folder, or it has something in it already, with 64 if a document is
/// asked for, and with 1 if a command does not end as the story has it.
pub fn run(folder: Option<&Path>, console: &mut Console<'_>) -> Result<ExitCode> {
    if matches!(console.look().format, Format::Json | Format::Yaml) {
        return Err(Error::usage("a story has no form for programs")
            .hint("each of its commands has: churnctl drift BASELINE CURRENT --format json"));
    }
    let begin = Instant::now();
    let folder = match folder {
        Some(folder) => named(folder)?,
        None => temporary()?,
    };
    unpack(&folder)?;
    let place = folder.display().to_string();
    console.print_line(Tone::Dim, &format!("All of this happens in {place}"))?;
    let program = std::env::current_exe()
        .map_err(|error| Error::new(ExitCode::Io, "cannot find this program").because(error))?;
    let alerts = match Promtool::find(Path::new("promtool")) {
        Ok(_) => PROVE,
        Err(_) => LIST,
    };
    for step in [TRAIN, MAY, JUNE, SCORE, alerts] {
        tell(&step, &program, &folder, console)?;
    }
    let seconds = begin.elapsed().as_secs_f64();
    let end = [
        "",
        &format!("That was all, in {seconds:.1} seconds. What to do next:"),
        "",
        &format!("  {place}/drift.html"),
        "    June as a page: open it in a browser",
        "  churnctl drift TRAINING.csv LAST_MONTH.csv",
        "    the same with tables of your own",
        "  churnctl serve --model artifacts/models/production_latest.json",
        "    predictions over HTTP, from that folder",
        "  churnctl --help",
        "    everything else",
        "",
        &format!("The folder stays until you remove it: rm -r {place}"),
    ];
    for line in end {
        console.print_line(Tone::Plain, line)?;
    }
    Ok(ExitCode::Ok)
}

fn tell(step: &Step, program: &Path, folder: &Path, console: &mut Console<'_>) -> Result<()> {
    console.print("\n")?;
    console.print_line(Tone::Good, step.before)?;
    // Not broken between words: it is there to be copied.
    console.print(&format!("$ churnctl {}\n\n", step.words))?;
    let mut command = Command::new(program);
    // Settings of whoever tries this belong to another system.
    let ours = KEYS.iter().map(Key::env_name);
    let theirs = KEYS.iter().filter_map(Key::foreign_env_name);
    let others = ENV_ONLY.iter().copied().chain(theirs);
    let others = others.chain(["GITHUB_STEP_SUMMARY"]).map(str::to_owned);
    for variable in ours.chain(others) {
        command.env_remove(variable);
    }
    let status = command
        .args(step.words.split(' '))
        .current_dir(folder)
        .status()
        .map_err(|error| Error::io("run", program, error))?;
    let expected = i32::from(step.code.code());
    if status.code() != Some(expected) {
        let message = format!(
            "`churnctl {}` ended with {status} instead of exit code {expected}",
            step.words
        );
        let hint = format!("what it left is in {}", folder.display());
        return Err(Error::new(ExitCode::Failed, message).hint(hint));
    }
    match step.after {
        "" => Ok(()),
        after => {
            console.print("\n")?;
            console.print_line(Tone::Dim, after)
        }
    }
}

/// Makes the folder that was named, or takes it if it is empty.
fn named(folder: &Path) -> Result<PathBuf> {
    std::fs::create_dir_all(folder).map_err(|error| Error::io("make the folder", folder, error))?;
    let entries = std::fs::read_dir(folder).map_err(|error| Error::io("read", folder, error))?;
    if entries.count() > 0 {
        let message = format!("{} is not empty", folder.display());
        return Err(Error::new(ExitCode::Io, message)
            .hint("name a folder that does not exist yet: nothing of yours is overwritten"));
    }
    std::path::absolute(folder).map_err(|error| Error::io("find", folder, error))
}

/// Makes a folder that outlives the run: the page is to be looked at.
fn temporary() -> Result<PathBuf> {
    let within = std::env::temp_dir();
    let mut number = std::process::id();
    loop {
        let folder = within.join(format!("churnctl-demo-{number}"));
        match std::fs::DirBuilder::new().mode(0o700).create(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
            Err(error) => {
                return Err(Error::io("make the folder", &folder, error)
                    .hint("--dir names a folder elsewhere"));
            }
        }
    }
}

fn unpack(folder: &Path) -> Result<()> {
    for (name, packed) in TABLES {
        let mut table = Vec::new();
        let read = GzDecoder::new(packed).read_to_end(&mut table);
        read.map_err(|error| Error::new(ExitCode::Bug, "a table is damaged").because(error))?;
        write_atomically(&folder.join(name), &table)?;
    }
    for (name, text) in TEXTS {
        write_atomically(&folder.join(name), text.as_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_those_of_the_examples() {
        let folder = tempfile::tempdir().expect("a folder");
        unpack(folder.path()).expect("unpacked");
        for (name, example) in [
            ("training", "baseline"),
            ("may", "stable"),
            ("june", "shifted"),
        ] {
            let ours = std::fs::read(folder.path().join(format!("data/{name}.csv")));
            let root = Path::new(env!("CARGO_MANIFEST_DIR"));
            let example = root.join(format!("examples/data/telco_{example}.csv"));
            assert_eq!(
                ours.expect("ours"),
                std::fs::read(example).expect("the example")
            );
        }
    }

    #[test]
    fn a_folder_with_something_in_it_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("mine"), "").expect("written");
        let error = named(folder.path()).expect_err("not empty");
        assert_eq!(error.code(), ExitCode::Io);
        let inner = folder.path().join("a/b");
        assert_eq!(named(&inner).expect("made"), inner);
    }
}
