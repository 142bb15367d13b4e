//! Files are old or new and never half, whenever a run is killed, and nothing is left lying about.

use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use churnctl::exit::ExitCode;
use serde_json::Value;

use crate::harness::{Churnctl, Random, Table, impossible_here, say};

/// Kills of one test run; `CHURNCTL_KILLS` asks for more.
const KILLS: u64 = 40;

pub(crate) fn kills() -> u64 {
    let wanted = std::env::var("CHURNCTL_KILLS").ok();
    wanted.and_then(|kills| kills.parse().ok()).unwrap_or(KILLS)
}

const DRIFT: [&str; 8] = [
    "drift",
    "--baseline=baseline.json",
    "--current=current.json",
    "--report=out/report.json",
    "--html=out/drift.html",
    "--metrics-file=out/drift.prom",
    "--fail-on=never",
    "-q",
];

/// Returns the arguments with some options set otherwise.
fn drift<'a>(options: &[&'a str]) -> Vec<&'a str> {
    let name = |option: &'a str| option.split('=').next();
    let kept = |arg: &&'a str| options.iter().all(|option| name(option) != name(arg));
    DRIFT
        .into_iter()
        .filter(kept)
        .chain(options.iter().copied())
        .collect()
}

/// Two profiles of few rows and many columns: most of a run goes into making and writing files.
fn wide() -> Churnctl {
    let side = |shift: u64| {
        (0..80).fold(Table::default(), |table, at| {
            table.with(
                &format!("feature_{at}"),
                (0..200).map(move |row| (row + at) % 13 + shift),
            )
        })
    };
    let churnctl = Churnctl::new()
        .table("baseline.csv", &side(0))
        .table("current.csv", &side(5));
    for name in ["baseline", "current"] {
        let (data, profile) = (format!("{name}.csv"), format!("{name}.json"));
        churnctl
            .run(&["profile", &data, "-o", &profile])
            .expect(ExitCode::Ok);
    }
    churnctl
}

/// The three files.
fn files(churnctl: &Churnctl) -> [Vec<u8>; 3] {
    ["report.json", "drift.html", "drift.prom"].map(|name| churnctl.read(&format!("out/{name}")))
}

#[test]
fn a_killed_run_leaves_every_file_old_or_new_and_the_next_run_sweeps() {
    let churnctl = wide();
    // Two runs whose files differ, in more than the time.
    let variants = [["--model=old"], ["--model=new"]];
    let whole = variants.map(|variant| {
        let begin = Instant::now();
        let args = drift(&variant);
        let mut command = churnctl.command(&args);
        command.env("SOURCE_DATE_EPOCH", "1700000000");
        assert!(
            command
                .stdout(Stdio::null())
                .status()
                .expect("run")
                .success()
        );
        (files(&churnctl), begin.elapsed())
    });
    let took = whole[0].1.min(whole[1].1);
    let whole = whole.map(|(files, _)| files);
    let mut random = Random::new(40);
    let (mut killed, mut mixed, mut litter) = (0, 0, 0);
    for round in 0..kills() {
        let args = drift(&variants[round as usize % 2]);
        let mut command = churnctl.command(&args);
        command.env("SOURCE_DATE_EPOCH", "1700000000");
        let mut child = command.stdout(Stdio::null()).spawn().expect("start");
        if round % 4 < 2 {
            sleep(took.mul_f64(random.share() * 1.1));
        } else {
            // At a moment while a file is being written.
            let deadline = Instant::now() + took * 2;
            while churnctl.temporary_files("out").is_empty() && Instant::now() < deadline {}
            sleep(Duration::from_micros(random.below(2_000)));
        }
        child.kill().expect("kill");
        let status = child.wait().expect("wait");
        killed += u64::from(status.signal() == Some(9));
        let found = files(&churnctl);
        for (at, file) in found.iter().enumerate() {
            let known = whole.iter().any(|files| files[at] == *file);
            assert!(
                known,
                "round {round}: file {at} is neither the old nor the new one"
            );
        }
        mixed += u64::from(!whole.contains(&found));
        let report: Value = serde_json::from_slice(&found[0]).expect("a whole report");
        assert_eq!(report["status"], "FAIL");
        litter += usize::from(!churnctl.temporary_files("out").is_empty());
    }
    // What a kill left, and in any case one such file.
    std::fs::write(churnctl.path("out/.churnctl-stale.tmp"), "half").expect("write");
    let clean = churnctl.run(&DRIFT);
    clean.expect(ExitCode::Ok);
    assert_eq!(churnctl.temporary_files("out"), [""; 0], "swept");
    say(&format!(
        "{killed} of {} runs killed before their end, {mixed} of them between two files; \
         {litter} times a temporary file was there afterwards; a whole run took {took:?}",
        kills()
    ));
    // Were most runs over before the kill, the test would show nothing.
    assert!(killed * 3 > kills(), "only {killed} were killed in time");
}

fn signal(name: &str, id: u32) {
    let status = Command::new("kill")
        .args([format!("-{name}"), id.to_string()])
        .status();
    assert!(status.expect("kill").success());
}

fn make_pipe(path: &Path) {
    assert!(
        Command::new("mkfifo")
            .arg(path)
            .status()
            .expect("mkfifo")
            .success()
    );
}

#[test]
fn sigterm_in_the_middle_ends_with_143_and_leaves_no_temporary_file() {
    let churnctl = wide();
    let begin = Instant::now();
    churnctl.run(&DRIFT).expect(ExitCode::Ok);
    let took = begin.elapsed();
    let before = files(&churnctl);
    let mut random = Random::new(7);
    let mut terminated = 0;
    for round in 0..30 {
        let mut child = churnctl.spawn(&DRIFT, Stdio::null());
        if round % 3 == 0 {
            sleep(took.mul_f64(random.share()));
        } else {
            // At a moment while a file is being made or written.
            let deadline = Instant::now() + took * 2;
            while churnctl.temporary_files("out").is_empty() && Instant::now() < deadline {}
            sleep(Duration::from_micros(random.below(1_000)));
        }
        signal("TERM", child.id());
        let status = child.wait().expect("wait");
        // Before the handler stands, the kernel ends the process; after the end of the work, 0.
        let early = status.signal() == Some(15);
        assert!(
            early || [Some(143), Some(0)].contains(&status.code()),
            "{status:?}"
        );
        terminated += u32::from(status.code() == Some(143));
        assert_eq!(churnctl.temporary_files("out"), [""; 0]);
        assert_eq!(files(&churnctl)[1].len(), before[1].len(), "whole");
    }
    assert!(terminated > 0, "at least one was in the middle");
}

#[test]
fn sigterm_while_reading_leaves_the_old_report_untouched() {
    let churnctl = wide();
    churnctl.run(&DRIFT).expect(ExitCode::Ok);
    let before = files(&churnctl);
    make_pipe(&churnctl.path("pipe"));
    for (name, code) in [
        ("TERM", ExitCode::Terminated),
        ("INT", ExitCode::Interrupted),
    ] {
        let args = drift(&["--current=pipe"]);
        let mut child = churnctl.spawn(&args, Stdio::null());
        // Opening waits for the program to open its end: it reads by then.
        let pipe = std::fs::OpenOptions::new()
            .write(true)
            .open(churnctl.path("pipe"));
        let mut pipe = pipe.expect("open the pipe");
        pipe.write_all(b"feature_0,feature_1\n1,2\n")
            .expect("write");
        sleep(Duration::from_millis(50));
        signal(name, child.id());
        let begin = Instant::now();
        let status = child.wait().expect("wait");
        assert_eq!(status.code(), Some(i32::from(code.code())), "{name}");
        assert!(begin.elapsed() < Duration::from_secs(2), "{name}");
        assert!(files(&churnctl) == before, "{name}: untouched");
        assert_eq!(churnctl.temporary_files("out"), [""; 0]);
    }
}

#[test]
fn a_full_disk_under_one_output_is_74_and_says_which() {
    if !Path::new("/dev/full").exists() {
        impossible_here("there is no /dev/full");
        return;
    }
    for (option, file) in [
        ("--report", "out/report.json"),
        ("--html", "out/drift.html"),
        ("--markdown", "out/drift.md"),
        ("--junit", "out/drift.xml"),
        ("--metrics-file", "out/drift.prom"),
    ] {
        let churnctl = wide();
        let (first, full) = (format!("{option}={file}"), format!("{option}=/dev/full"));
        churnctl.run(&drift(&[&first])).expect(ExitCode::Ok);
        let before = churnctl.read(file);
        churnctl
            .run(&drift(&[&full]))
            .expect(ExitCode::Io)
            .says("cannot write /dev/full")
            .says("hint: ");
        if option == "--report" {
            // The report is written first, so nothing else was touched.
            assert!(churnctl.read(file) == before);
        }
        assert_eq!(churnctl.temporary_files("out"), [""; 0]);
    }
}

#[test]
fn a_file_too_large_for_the_disk_leaves_the_old_one_untouched() {
    // A limit on the size of files stands in for the full disk: the write fails half-way.
    let churnctl = wide();
    churnctl.run(&DRIFT).expect(ExitCode::Ok);
    let before = files(&churnctl);
    assert!(before[0].len() > 100_000, "more than the limit");
    let inner = churnctl.command(&DRIFT);
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\""])
        .arg(inner.get_program())
        .args(inner.get_args())
        .args(["--model=other"])
        .env_clear()
        .current_dir(churnctl.path(""))
        .output()
        .expect("run");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(74), "{said}");
    assert!(said.contains("cannot write out/report.json"), "{said}");
    assert!(files(&churnctl) == before);
    assert_eq!(churnctl.temporary_files("out"), [""; 0]);
}

#[test]
fn a_folder_that_may_not_be_written_is_74_and_the_old_report_stays() {
    use std::os::unix::fs::PermissionsExt;
    let churnctl = wide();
    churnctl.run(&DRIFT).expect(ExitCode::Ok);
    let before = files(&churnctl);
    let folder = churnctl.path("out");
    let mode = |mode| {
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(mode)).expect("chmod");
    };
    mode(0o555);
    let superuser = std::fs::write(folder.join("probe"), "x").is_ok();
    if superuser {
        say("the superuser may write anywhere: a folder under a file stands in");
        let _ = std::fs::remove_file(folder.join("probe"));
        mode(0o755);
        churnctl
            .run(&drift(&["--report=out/report.json/report.json"]))
            .expect(ExitCode::Io)
            .says("cannot write out/report.json/report.json")
            .says("hint: ");
        churnctl
            .run(&drift(&["--report=/proc/report.json"]))
            .expect(ExitCode::Io)
            .says("cannot write /proc/report.json");
    } else {
        churnctl
            .run(&DRIFT)
            .expect(ExitCode::Io)
            .says("cannot write out/report.json")
            .says("hint: ");
        mode(0o755);
    }
    assert!(files(&churnctl) == before);
    assert_eq!(churnctl.temporary_files("out"), [""; 0]);
}
