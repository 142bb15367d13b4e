//! The frame of every command: exit codes, settings, formats, streams, signals.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use churnctl::exit::ExitCode;

use crate::harness::{Churnctl, Run, impossible_here, say};

fn run(args: &[&str]) -> Run {
    Churnctl::new().run(args)
}

#[test]
fn a_mistyped_command_line_is_a_usage_error_and_never_drift() {
    run(&["drift", "--bogus"])
        .expect(ExitCode::Usage)
        .says("--bogus");
    run(&["drfit"]).expect(ExitCode::Usage).says("'drift'");
    run(&["drift", "--base-line", "a.csv"])
        .expect(ExitCode::Usage)
        .says("--baseline");
    run(&["drift", "--fail-on", "sometimes"]).expect(ExitCode::Usage);
    run(&["drift", "-q", "-v"]).expect(ExitCode::Usage);
    run(&["profile"]).expect(ExitCode::Usage);
    run(&["profile", "a.csv"]).expect(ExitCode::Usage);
    run(&["config"]).expect(ExitCode::Usage);
    run(&["completions", "tcsh"]).expect(ExitCode::Usage);
}

#[test]
fn no_subcommand_at_all_is_a_usage_error_with_the_help_on_stderr() {
    for args in [&[][..], &["-v"][..]] {
        let run = run(args).expect(ExitCode::Usage).says("Usage: churnctl");
        assert_eq!(run.stdout, "");
    }
}

#[test]
fn help_and_version_are_results() {
    for args in [
        &["--help"][..],
        &["-h"],
        &["--version"],
        &["-V"],
        &["drift", "--help"],
        &["drift", "-h"],
        &["profile", "merge", "--help"],
        &["help", "drift"],
    ] {
        let run = run(args).expect(ExitCode::Ok);
        assert!(!run.stdout.is_empty() && run.stderr.is_empty(), "{run:?}");
        assert!(!run.stdout.contains('\u{1b}'), "escape sequences in a pipe");
    }
}

#[test]
fn help_lists_every_exit_code_and_the_defaults() {
    let help = run(&["--help"]).stdout;
    for code in ExitCode::ALL {
        assert!(help.contains(code.meaning()), "{code:?}:\n{help}");
    }
    let help = run(&["drift", "--help"]).stdout;
    assert!(help.contains("[default: 0.25]") && help.contains("CHURNCTL_DRIFT_FAIL_PSI"));
}

#[test]
fn a_threshold_that_is_no_number_is_refused_at_the_door() {
    for value in ["NaN", "inf", "-1", "", "much"] {
        run(&["drift", "--warn-psi", value]).expect(ExitCode::Usage);
        run(&["drift", &format!("--fail-psi={value}")]).expect(ExitCode::Usage);
    }
    Churnctl::new()
        .env("CHURNCTL_DRIFT_WARN_PSI", "NaN")
        .run(&["drift"])
        .expect(ExitCode::BadSettings)
        .says("CHURNCTL_DRIFT_WARN_PSI");
    Churnctl::new()
        .file("churnctl.toml", "[drift]\nfail_psi = nan\n")
        .run(&["drift"])
        .expect(ExitCode::BadSettings)
        .says("churnctl.toml:2");
}

#[test]
fn an_unknown_setting_is_refused_with_its_place_and_the_nearest_known_one() {
    Churnctl::new()
        .file("churnctl.toml", "[drift]\nwarn_psy = 0.1\n")
        .run(&["drift"])
        .expect(ExitCode::BadSettings)
        .says(" --> churnctl.toml:2\n")
        .says("did you mean \"drift.warn_psi\"?");
    Churnctl::new()
        .env("CHURNCTL_DRIFT_WARN_PSY", "0.1")
        .run(&["config", "show"])
        .expect(ExitCode::BadSettings)
        .says("did you mean CHURNCTL_DRIFT_WARN_PSI?");
}

#[test]
fn a_settings_file_that_was_named_must_exist() {
    run(&["config", "show", "--config", "missing.toml"])
        .expect(ExitCode::BadSettings)
        .says("missing.toml");
    Churnctl::new()
        .env("CHURNCTL_CONFIG", "missing.toml")
        .run(&["config", "show"])
        .expect(ExitCode::BadSettings);
}

#[test]
fn broken_settings_do_not_break_what_needs_none() {
    let broken = Churnctl::new().file("churnctl.toml", "]");
    broken.run(&["version"]).expect(ExitCode::Ok);
    broken.run(&["completions", "bash"]).expect(ExitCode::Ok);
    broken
        .run(&["config", "show"])
        .expect(ExitCode::BadSettings)
        .says("churnctl.toml:1");
}

#[test]
fn config_show_tells_value_and_origin_in_every_format() {
    let churnctl = Churnctl::new()
        .file(
            "churnctl.toml",
            "[drift]\nfail_psi = 0.3\n[drift.thresholds.contract]\nwarn_psi = 0.05\n",
        )
        .env("CHURNCTL_DRIFT_MIN_ROWS", "7");
    let json = churnctl
        .run(&["config", "show", "--format", "json"])
        .expect(ExitCode::Ok)
        .json();
    assert_eq!(json["schema_version"], 1);
    let find = |key: &str| {
        let settings = json["settings"].as_array().expect("settings").iter();
        let found = settings.into_iter().find(|setting| setting["key"] == key);
        let found = found.expect(key);
        (
            found["value"].clone(),
            found["origin"].as_str().expect("origin").to_owned(),
        )
    };
    assert_eq!(
        find("drift.fail_psi"),
        (0.3.into(), "churnctl.toml:2".into())
    );
    assert_eq!(
        find("drift.min_rows"),
        (7.into(), "env CHURNCTL_DRIFT_MIN_ROWS".into())
    );
    assert_eq!(find("drift.warn_psi"), (0.1.into(), "default".into()));
    assert_eq!(
        find("drift.html"),
        (serde_json::Value::Null, "default".into())
    );
    assert_eq!(
        find("drift.thresholds.contract.warn_psi").1,
        "churnctl.toml:4"
    );
    for format in ["auto", "plain", "table", "yaml"] {
        let run = churnctl.run(&["config", "show", "--format", format]);
        let run = run.expect(ExitCode::Ok);
        assert!(run.stdout.contains("CHURNCTL_DRIFT_MIN_ROWS"), "{run:?}");
        assert!(run.stderr.is_empty(), "{run:?}");
    }
}

#[test]
fn errors_are_json_where_json_was_asked_for() {
    for args in [
        &["drift", "--bogus", "--format", "json"][..],
        &[
            "config",
            "show",
            "--config",
            "missing.toml",
            "--format=json",
        ],
    ] {
        let run = run(args);
        let json: serde_json::Value = serde_json::from_str(&run.stderr).expect("JSON on stderr");
        assert_eq!(json["error"]["code"], run.code.expect("a code"));
        assert_eq!(run.stdout, "");
    }
}

#[test]
fn quiet_says_nothing_but_errors() {
    let run = run(&["config", "show", "-q"]).expect(ExitCode::Ok);
    assert!(run.stderr.is_empty() && !run.stdout.is_empty(), "{run:?}");
    let missing = ["config", "show", "-q", "--config", "missing.toml"];
    Churnctl::new()
        .run(&missing)
        .expect(ExitCode::BadSettings)
        .says("error: no settings file");
}

#[test]
fn json_logs_put_the_error_on_one_line() {
    let run = run(&[
        "config",
        "show",
        "--config",
        "missing.toml",
        "--log-format",
        "json",
    ]);
    let json: serde_json::Value = serde_json::from_str(&run.stderr).expect("JSON on stderr");
    assert_eq!(run.stderr.lines().count(), 1);
    assert_eq!(
        (&json["level"], &json["error"]["code"]),
        (&"error".into(), &78.into())
    );
}

#[test]
fn one_standard_input_cannot_feed_both_sides() {
    run(&["drift", "--baseline", "-", "--current", "-"])
        .expect(ExitCode::Usage)
        .says("only once");
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    for args in [
        &["config", "show"][..],
        &["--help"],
        &["version", "--format", "json"],
        &["completions", "zsh"],
    ] {
        let mut child = Churnctl::new().spawn(args, Stdio::null());
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("run");
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{args:?}");
    }
}

#[test]
fn a_full_disk_under_stdout_is_a_failure() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    let Ok(full) = full else {
        return; // Linux has it.
    };
    let status = Churnctl::new()
        .command(&["config", "show"])
        .stdout(full)
        .stderr(Stdio::null())
        .status()
        .expect("run");
    assert_eq!(status.code(), Some(i32::from(ExitCode::Io.code())));
}

/// Starts a run that waits: its settings file is a pipe that nobody writes to.
fn waiting() -> (Churnctl, std::process::Child) {
    let churnctl = Churnctl::new();
    let made = Command::new("mkfifo").arg(churnctl.path("pipe")).status();
    assert!(made.expect("mkfifo").success());
    let child = churnctl.spawn(&["config", "show", "--config", "pipe"], Stdio::null());
    std::thread::sleep(Duration::from_millis(300));
    (churnctl, child)
}

#[test]
fn signals_end_a_run_within_two_seconds_with_their_codes() {
    for (signal, code) in [
        ("TERM", ExitCode::Terminated),
        ("INT", ExitCode::Interrupted),
    ] {
        let (_churnctl, mut child) = waiting();
        let begin = Instant::now();
        let kill = Command::new("kill")
            .args([format!("-{signal}"), child.id().to_string()])
            .status();
        assert!(kill.expect("kill").success());
        let status = child.wait().expect("wait");
        assert_eq!(status.code(), Some(i32::from(code.code())), "{signal}");
        assert!(begin.elapsed() < Duration::from_secs(2), "{signal}");
        let mut stdout = String::new();
        let mut pipe = child.stdout.take().expect("a pipe");
        pipe.read_to_string(&mut stdout).expect("read");
        assert_eq!(stdout, "", "no escape sequences where there is no terminal");
    }
}

#[test]
fn signals_end_a_run_as_the_first_process_too() {
    let churnctl = Churnctl::new();
    let made = Command::new("mkfifo").arg(churnctl.path("pipe")).status();
    assert!(made.expect("mkfifo").success());
    let inner = churnctl.command(&["config", "show", "--config", "pipe"]);
    let program = inner.get_program().to_owned();
    let probe = Command::new("unshare")
        .args(["-rpf", "--mount-proc", "true"])
        .output();
    if !probe.is_ok_and(|output| output.status.success()) {
        impossible_here("no user namespaces, so no process can be number 1");
        return;
    }
    // The run becomes process 1 by `exec`; its sibling was started before and signals it.
    let exec = "(sleep 0.5; kill -TERM 1) & exec \"$0\" config show --config pipe";
    let begin = Instant::now();
    let status = Command::new("unshare")
        .args(["-rpf", "--mount-proc", "sh", "-c", exec])
        .arg(&program)
        .current_dir(churnctl.path(""))
        .status()
        .expect("unshare");
    assert_eq!(status.code(), Some(143));
    assert!(begin.elapsed() < Duration::from_secs(4));
}

#[test]
fn version_and_help_start_within_ten_milliseconds() {
    let churnctl = Churnctl::new();
    for args in [["--version"], ["--help"]] {
        let time = |_| {
            let begin = Instant::now();
            churnctl.run(&args).expect(ExitCode::Ok);
            begin.elapsed()
        };
        let best = (0..30).map(time).min().expect("thirty runs");
        // A debug build on a busy machine gets some slack; release builds are measured elsewhere.
        assert!(best < Duration::from_millis(50), "{args:?}: {best:?}");
        say(&format!("{args:?}: best of 30 {best:?}"));
    }
}
