//! Lets every call that a run makes fail once, one run for each, as the tests of databases do.
//!
//! CHURNCTL_TEST_FULL=1 goes through up to 150 calls of a kind in place of 2.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use churnctl::exit::ExitCode;

use super::{Fault, strace, traced};
use crate::harness::{Churnctl, Random, Run, full, say};
use crate::models::{PRODUCTION, customers, train};

/// Calls, and how each fails.
const CALLS: [(&str, &str); 13] = [
    ("openat", "EMFILE"),
    ("read", "EIO"),
    ("write", "ENOSPC"),
    ("pread64", "EIO"),
    ("fsync", "EIO"),
    ("fdatasync", "EIO"),
    ("rename", "EIO"),
    ("unlink", "EIO"),
    ("ftruncate", "EIO"),
    ("mkdir", "ENOSPC"),
    ("close", "EIO"),
    ("flock", "EIO"),
    ("clone3", "EAGAIN"),
];

/// A command, run before on other data so that there is an old state of all that it writes.
pub(super) struct Story {
    pub(super) name: &'static str,
    before: &'static [&'static str],
    args: &'static [&'static str],
    /// Files whose content has times and figures of the run: they are whole if they end so.
    varying: Option<&'static str>,
}

const DRIFT: [&str; 8] = [
    "drift",
    "--baseline=data.csv",
    "--report=out/report.json",
    "--html=out/drift.html",
    "--metrics-file=out/drift.prom",
    "--fail-on=never",
    "-q",
    "--current=current.csv",
];
const DRIFT_BEFORE: [&str; 8] = {
    let mut before = DRIFT;
    before[7] = "--current=old.csv";
    before
};
const TRAIN: [&str; 9] = [
    "train",
    "data.csv",
    "--label=churn",
    "--model=logistic",
    "--html=out/train.html",
    "--promote=always",
    "-q",
    "--seed=1",
    "--threads=2",
];
const TRAIN_BEFORE: [&str; 9] = {
    let mut before = TRAIN;
    before[1] = "old.csv";
    before
};

pub(super) const STORIES: [Story; 6] = [
    Story {
        name: "drift",
        before: &DRIFT_BEFORE,
        args: &DRIFT,
        varying: None,
    },
    Story {
        name: "train",
        before: &TRAIN_BEFORE,
        args: &TRAIN,
        // A line more for each run.
        varying: Some("models.jsonl"),
    },
    Story {
        name: "score",
        before: &[
            "score",
            "old.csv",
            "--model",
            PRODUCTION,
            "-o",
            "out/scores.csv",
            "-q",
        ],
        args: &[
            "score",
            "current.csv",
            "--model",
            PRODUCTION,
            "-o",
            "out/scores.csv",
            "-q",
        ],
        varying: None,
    },
    Story {
        name: "profile",
        before: &["profile", "old.csv", "-o", "out/profile.json", "-q"],
        args: &["profile", "current.csv", "-o", "out/profile.json", "-q"],
        varying: None,
    },
    Story {
        name: "render-manifests",
        before: &[
            "render-manifests",
            "--output-dir",
            "out/k8s",
            "--config=old.toml",
            "-q",
        ],
        args: &["render-manifests", "--output-dir", "out/k8s", "-q"],
        varying: None,
    },
    Story {
        name: "push-run",
        before: &["version"],
        args: &[
            "push-metrics",
            "run",
            "--required",
            "--textfile=out",
            "--job=x",
            "-q",
            "--",
            "/bin/sh",
            "-c",
            "echo m 1 > $CHURNCTL_METRICS_FILE",
        ],
        varying: Some(".prom"),
    },
];

/// All files of a folder.
#[derive(PartialEq, Eq)]
struct State(BTreeMap<PathBuf, Vec<u8>>);

impl State {
    fn of(folder: &Path) -> Self {
        let mut files = BTreeMap::new();
        let mut folders = vec![folder.to_path_buf()];
        while let Some(inside) = folders.pop() {
            for entry in fs::read_dir(inside).expect("list") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let bytes = fs::read(&path).expect("read");
                    files.insert(path.strip_prefix(folder).expect("inside").into(), bytes);
                }
            }
        }
        Self(files)
    }

    /// Makes the folder what it was.
    fn restore(&self, folder: &Path) {
        for entry in fs::read_dir(folder).expect("list") {
            let path = entry.expect("an entry").path();
            match path.is_dir() {
                true => fs::remove_dir_all(path).expect("remove"),
                false => fs::remove_file(path).expect("remove"),
            }
        }
        for folder in [folder.join("tmp"), folder.join("out")] {
            fs::create_dir(folder).expect("make");
        }
        for (path, bytes) in &self.0 {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("make");
            fs::write(path, bytes).expect("write");
        }
    }
}

fn is_temporary(path: &Path) -> bool {
    let mut names = path.components();
    names.any(|name| name.as_os_str().to_string_lossy().starts_with(".churnctl-"))
}

/// A story in its folder, with the states before and after a run that nothing befalls.
pub(super) struct Told<'a> {
    story: &'a Story,
    churnctl: Churnctl,
    trace: PathBuf,
    old: State,
    new: State,
    /// How long a run takes that nothing befalls.
    took: Duration,
}

impl<'a> Told<'a> {
    pub(super) fn new(story: &'a Story, trace: &Path) -> Self {
        let churnctl = Churnctl::new()
            .table("data.csv", &customers(300, 1))
            .table("current.csv", &customers(300, 2))
            .table("old.csv", &customers(300, 3))
            .file("old.toml", "[k8s]\nnamespace = \"old\"\n")
            .env("SOURCE_DATE_EPOCH", "1700000000")
            .env("PATH", "/usr/bin:/bin");
        let temporary = churnctl.path("tmp").display().to_string();
        for folder in ["tmp", "out"] {
            fs::create_dir(churnctl.path(folder)).expect("make");
        }
        let churnctl = churnctl.env("TMPDIR", &temporary);
        train(&churnctl, &["--model=logistic", "--promote=always", "-q"]).expect(ExitCode::Ok);
        churnctl.run(story.before).expect(ExitCode::Ok);
        let old = State::of(&churnctl.path(""));
        let begun = Instant::now();
        churnctl.run(story.args).expect(ExitCode::Ok);
        let took = begun.elapsed();
        let new = State::of(&churnctl.path(""));
        assert!(old != new, "{}: nothing was written", story.name);
        Self {
            story,
            churnctl,
            trace: trace.to_path_buf(),
            old,
            new,
            took,
        }
    }

    fn run(&mut self, call: &str, fault: Option<Fault<'_>>) -> Run {
        self.old.restore(&self.churnctl.path(""));
        let trace = self.trace.display().to_string();
        // What hangs is a failure, too.
        let most = if call == "close" { "15" } else { "60" };
        let mut words = vec!["timeout".to_owned(), most.to_owned()];
        words.extend(traced(call, fault, &trace).expect("it was there"));
        self.churnctl.trace(words);
        let run = self.churnctl.run(self.story.args);
        self.churnctl.trace(Vec::new());
        run
    }

    /// Returns how many calls of a kind the busiest thread makes.
    fn calls(&mut self, call: &str) -> u64 {
        self.run(call, None).expect(ExitCode::Ok);
        let trace = fs::read_to_string(&self.trace).expect("a trace");
        let mut calls: BTreeMap<&str, u64> = BTreeMap::new();
        for line in trace
            .lines()
            .filter(|line| line.contains(&format!("{call}(")))
        {
            *calls
                .entry(line.split(' ').next().unwrap_or_default())
                .or_default() += 1;
        }
        calls.values().copied().max().unwrap_or_default()
    }

    /// Lets a call fail, and says what is wrong with what comes of it; nothing if all is as promised.
    fn suffer(&mut self, call: &str, error: &str, at: u64) -> Result<(), String> {
        let when = at.to_string();
        let fault = Fault {
            call,
            error,
            when: &when,
            path: None,
        };
        let run = self.run(call, Some(fault));
        // The dynamic linker comes first, and has a code of its own.
        if run.code == Some(127) && run.stderr.contains("shared librar") {
            return Ok(());
        }
        let said = |what: String| Err(format!("{what}: {:?} {}", run.code, run.stderr));
        let is_wrapped = self.story.name == "push-run";
        match run.code {
            Some(0 | 74) => {}
            // strace leaves the call out, while Linux closes whatever it says of it. A lock that is not let
            // go by that is waited for, which is the tracer's doing.
            Some(124) if call == "close" => {}
            // What is wrapped suffers too, and ends with a code of its own.
            Some(code) if is_wrapped && ![70, 101, 124].contains(&code) => {}
            _ => return said("a code that says something else".to_owned()),
        }
        self.look(run.code == Some(0))
            .map_err(|what| format!("{what}: {:?} {}", run.code, run.stderr))
    }

    /// Lets a kill fall somewhere into a run, and says what is wrong with what it leaves; tells whether it came in
    /// time.
    pub(super) fn be_killed(&mut self, random: &mut Random) -> Result<bool, String> {
        self.old.restore(&self.churnctl.path(""));
        let mut child = self.churnctl.spawn(self.story.args, Stdio::null());
        std::thread::sleep(self.took.mul_f64(random.share()));
        child.kill().expect("kill");
        let status = child.wait().expect("wait");
        self.look(status.success())?;
        Ok(status.signal() == Some(9))
    }

    /// Says what is wrong with the files after a run, which may have come to its end, and after the next.
    fn look(&self, is_done: bool) -> Result<(), String> {
        let now = State::of(&self.churnctl.path(""));
        for (path, bytes) in now.0.iter().filter(|(path, _)| !is_temporary(path)) {
            let whole = [&self.old, &self.new].map(|state| state.0.get(path));
            if !whole.contains(&Some(bytes)) && !self.varies(path, bytes) {
                return Err(format!("{} is neither old nor new", path.display()));
            }
        }
        let mut new = self.new.0.iter();
        let is_new = |path, bytes| now.0.get(path) == Some(bytes) || self.varies(path, bytes);
        if is_done && !new.all(|(path, bytes)| is_new(path, bytes)) {
            return Err("it says that all went well, and not all is there".to_owned());
        }
        let next = self.churnctl.run(self.story.args);
        if next.code != Some(0) {
            return Err(format!("the next run: {:?} {}", next.code, next.stderr));
        }
        let end = State::of(&self.churnctl.path(""));
        match end.0.keys().find(|path| !self.new.0.contains_key(*path)) {
            Some(left) => Err(format!("{} is left", left.display())),
            None => Ok(()),
        }
    }

    fn varies(&self, path: &Path, bytes: &[u8]) -> bool {
        let name = path.to_string_lossy();
        let varies = self.story.varying.is_some_and(|end| name.ends_with(end));
        varies && bytes.ends_with(b"\n")
    }
}

/// Issue: a profile that could not be opened was "JSON, not CSV", with 65.
#[test]
fn a_profile_that_cannot_be_read_is_74_and_not_taken_for_a_table() {
    let mut churnctl = Churnctl::new().table("data.csv", &customers(300, 1));
    churnctl
        .run(&["profile", "data.csv", "-o", "profile.json"])
        .expect(ExitCode::Ok);
    for (call, error, when) in [
        ("openat", "EMFILE", "1"),
        ("openat", "EIO", "2"),
        ("read", "EIO", "1"),
        ("read", "EIO", "2"),
        ("statx", "EIO", "1+"),
    ] {
        let fault = Fault {
            call,
            error,
            when,
            path: Some("profile.json"),
        };
        let Some(words) = traced(call, Some(fault), "/dev/null") else {
            return;
        };
        churnctl.trace(words);
        let args = ["drift", "--baseline=profile.json", "--current=data.csv"];
        churnctl
            .run(&args)
            .expect(ExitCode::Io)
            .says("cannot read profile.json");
    }
}

/// After a rename the folder is synced: where that fails, a power cut may undo what was said to be done.
#[test]
fn a_folder_that_cannot_be_synced_is_74() {
    let mut churnctl = Churnctl::new().table("data.csv", &customers(300, 1));
    fs::create_dir(churnctl.path("out")).expect("make");
    let fault = Fault {
        call: "fsync",
        error: "EIO",
        when: "1+",
        path: Some("out"),
    };
    let Some(words) = traced("fsync", Some(fault), "/dev/null") else {
        return;
    };
    churnctl.trace(words);
    churnctl
        .run(&["profile", "data.csv", "-o", "out/profile.json"])
        .expect(ExitCode::Io)
        .says("cannot write out/profile.json");
}

/// NFS without its lock daemon says ENOLCK (flock(2)).
#[test]
fn locks_that_are_refused_are_told_and_the_work_is_done() {
    let fault = Fault {
        call: "flock",
        error: "ENOLCK",
        when: "1+",
        path: None,
    };
    if strace().is_none() {
        return;
    }
    let trace = tempfile::NamedTempFile::new().expect("a file");
    for story in &STORIES {
        let mut told = Told::new(story, trace.path());
        told.run("flock", Some(fault)).expect(ExitCode::Ok);
    }
    let mut churnctl = Churnctl::new().table("data.csv", &customers(300, 1));
    churnctl.trace(traced("flock", Some(fault), "/dev/null").expect("it was there"));
    churnctl
        .run(&["profile", "data.csv", "-o", "profile.json"])
        .expect(ExitCode::Ok)
        .says("the file system refuses locks (flock)");
}

#[test]
fn whatever_call_fails_the_code_says_so_and_files_are_old_or_new_and_nothing_is_left() {
    if strace().is_none() {
        return;
    }
    let most = if full() { 150 } else { 2 };
    let trace = tempfile::NamedTempFile::new().expect("a file");
    let mut random = Random::new(19);
    let (mut runs, mut faults) = (0, Vec::new());
    for story in &STORIES {
        let mut told = Told::new(story, trace.path());
        for (call, error) in CALLS {
            let count = told.calls(call);
            let mut chosen: Vec<u64> = match count <= most {
                true => (1..=count).collect(),
                // The linker's own come first, and the files of the result last.
                false => (1..most).map(|_| 1 + random.below(count)).collect(),
            };
            chosen.extend((count > most).then_some(count));
            for at in chosen {
                runs += 1;
                if let Err(what) = told.suffer(call, error, at) {
                    faults.push(format!("{} {call} {at}: {what}", story.name));
                }
            }
        }
    }
    say(&format!("{runs} calls failed, one in each run"));
    assert!(runs > 50, "only {runs} calls failed");
    assert!(
        faults.is_empty(),
        "{} of {runs}:\n{}",
        faults.len(),
        faults.join("\n")
    );
}
