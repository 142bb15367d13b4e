//! `churnctl push-metrics run`: a command, run as if nobody stood in between, and how it went as
//! metrics.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;

use super::Console;
use super::push_metrics::{
    Delivery, MAX_BYTES, Pushed, Target, file_name, text_of, warn_of_anti_pattern,
};
use crate::error::{Error, Result};
use crate::exit::ExitCode;
use crate::files::{ScratchFolder, read_at_most};
use crate::metrics::gateway::{GroupingKey, PushMethod};
use crate::metrics::text::parse;
use crate::metrics::{Exposition, names};
use crate::signals::{self, Caught};

/// Variables that are for us and not for the command.
const SECRETS: [&str; 2] = ["CHURNCTL_PUSH_PASSWORD", "CHURNCTL_PUSH_TOKEN"];
/// Where the command may write metrics of its own.
const METRICS_FILE: &str = "CHURNCTL_METRICS_FILE";

/// A run, settings applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRequest {
    /// The command and its arguments; not empty.
    pub command: Vec<OsString>,
    /// Where the metrics go.
    pub target: Target,
    /// The group.
    pub key: GroupingKey,
    /// A push that fails makes a run that succeeded fail.
    pub required: bool,
    /// Send what a gateway takes and should not.
    pub force: bool,
}

/// How the command went.
struct Outcome {
    /// Its exit code; 128 and the number of the signal that ended it; 127 or 126 if it never ran.
    code: u8,
    duration: Duration,
    /// How it ended, in words.
    ended: String,
}

/// Runs the command, then pushes how it went.
///
/// # Errors
/// Fails with 64 on a bad group before anything is run. A push that fails is an error only if it
/// is required and the command succeeded; else it is a warning, and the command's code stays.
pub fn run(request: &RunRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    warn_of_anti_pattern(&request.key, request.force)?;
    // Without room for temporary files, as in a pod without any, the job still has its run.
    let scratch = ScratchFolder::new();
    let file = match &scratch {
        Ok(scratch) => Some(scratch.path().join("metrics.prom")),
        Err(error) => {
            let message = format!("${METRICS_FILE} is not there: {error}");
            console.messages().warn(&message);
            None
        }
    };
    let mut command = Command::new(&request.command[0]);
    command.args(&request.command[1..]);
    match &file {
        Some(file) => command.env(METRICS_FILE, file),
        None => command.env_remove(METRICS_FILE),
    };
    for secret in SECRETS {
        command.env_remove(secret);
    }
    let outcome = perform(command, &request.command[0], console);
    let theirs = match file.as_ref().map(|file| read_at_most(file, MAX_BYTES)) {
        Some(Ok(bytes)) => text_of(METRICS_FILE, bytes),
        // A command need not write it.
        Some(Err(error)) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::new(
            ExitCode::Io,
            "cannot read what the command wrote to METRICS_FILE",
        )
        .because(error)),
        Some(Err(_)) | None => Ok(Vec::new()),
    };
    // From here on a signal ends us at once, and must find nothing to clean up.
    drop(scratch);
    let pushed = push(request, &outcome, theirs, console);
    let name = request.command[0].to_string_lossy();
    let went = format!("{name} {}", outcome.ended);
    let code = match outcome.code {
        0 => ExitCode::Ok,
        code => ExitCode::PassedOn(code),
    };
    match pushed {
        Ok(pushed) => {
            let said = format!("{went}; {}", pushed.sentence());
            console.messages().info(&said);
            Ok(code)
        }
        Err(error) if request.required && outcome.code == 0 => {
            console.messages().info(&went);
            Err(error)
        }
        Err(error) => {
            let hint = error.hint_text().map(|hint| format!(" ({hint})"));
            let hint = hint.unwrap_or_default();
            let said = format!("{went}; its metrics were not pushed: {error}{hint}");
            console.messages().warn(&said);
            Ok(code)
        }
    }
}

/// Delivers our metrics and the command's; ours alone where the command's are bad.
fn push(
    request: &RunRequest,
    outcome: &Outcome,
    theirs: Result<Vec<u8>>,
    console: &Console<'_>,
) -> Result<Pushed> {
    let ours = metrics(request, outcome)?;
    let delivery = |name| Delivery {
        name,
        target: &request.target,
        key: &request.key,
        // Replaces names one by one: the last success outlives a failure.
        method: PushMethod::Post,
        strip_timestamps: false,
        force: request.force,
        dry_run: false,
    };
    let refused = match theirs {
        Ok(theirs) if theirs.iter().all(u8::is_ascii_whitespace) => {
            return delivery("the job's metrics").deliver(ours.as_bytes(), console);
        }
        Ok(mut both) => {
            // Theirs first: so the lines of an error are those of their file.
            if !both.ends_with(b"\n") {
                both.push(b'\n');
            }
            both.extend_from_slice(ours.as_bytes());
            match delivery(METRICS_FILE).deliver(&both, console) {
                Err(error) if error.code() == ExitCode::BadInput => error,
                outcome => return outcome,
            }
        }
        Err(error) => error,
    };
    let pushed = delivery("the job's metrics").deliver(ours.as_bytes(), console)?;
    if request.required && outcome.code == 0 {
        return Err(refused);
    }
    let place = refused.place().map(|place| format!("{place}: "));
    let place = place.unwrap_or_default();
    let message = format!("what the command wrote is not pushed: {place}{refused}");
    console.messages().warn(&message);
    Ok(pushed)
}

/// Returns how the command went, as text.
fn metrics(request: &RunRequest, outcome: &Outcome) -> Result<String> {
    let now = jiff::Timestamp::now().as_millisecond() as f64 / 1_000.0;
    let mut out = Exposition::new();
    out.set(&names::JOB_LAST_RUN_TIMESTAMP_SECONDS, &[], now)?;
    out.set(
        &names::JOB_DURATION_SECONDS,
        &[],
        outcome.duration.as_secs_f64(),
    )?;
    out.set(&names::JOB_EXIT_CODE, &[], f64::from(outcome.code))?;
    if let Ok(usage) = getrusage(UsageWho::RUSAGE_CHILDREN) {
        // Linux counts in KiB.
        let bytes = usage.max_rss() as f64 * 1024.0;
        out.set(&names::JOB_MAX_RESIDENT_MEMORY_BYTES, &[], bytes)?;
    }
    let success = match outcome.code {
        0 => Some(now),
        _ => last_success(request)?,
    };
    if let Some(success) = success {
        out.set(&names::JOB_LAST_SUCCESS_TIMESTAMP_SECONDS, &[], success)?;
    }
    out.finish()
}

/// Returns the last success that the file holds, which is about to be replaced as a whole. The
/// gateway keeps it by itself.
fn last_success(request: &RunRequest) -> Result<Option<f64>> {
    let Target::Folder(folder) = &request.target else {
        return Ok(None);
    };
    let path = folder.join(file_name(&request.key));
    let bytes = match read_at_most(&path, MAX_BYTES) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        // A file that cannot be read now would lose what it says.
        Err(error) => return Err(Error::io("read", &path, error)),
    };
    let (document, _) = parse(&bytes);
    let name = names::JOB_LAST_SUCCESS_TIMESTAMP_SECONDS.name;
    let family = document.families.iter().find(|one| one.name == name);
    Ok(family.and_then(|family| Some(family.samples.first()?.value)))
}

/// The command as the thread that hears signals sees it.
#[derive(Default)]
struct Wrapped {
    stage: Stage,
    /// Signals that were passed on, in their order.
    passed: Vec<i32>,
}

#[derive(Default)]
enum Stage {
    /// Signals that came before the command was there.
    #[default]
    Starting,
    Running(Pid),
    /// Its number may be somebody else's now.
    Gone,
}

fn perform(mut command: Command, name: &OsString, console: &Console<'_>) -> Outcome {
    let wrapped = Arc::<Mutex<Wrapped>>::default();
    let heard = Arc::clone(&wrapped);
    let _passing = signals::pass_on(move |caught| pass(&mut held(&heard), caught));
    let begin = Instant::now();
    let spawned = command.spawn();
    let outcome = |code, ended: String| {
        let duration = begin.elapsed();
        let seconds = duration.as_secs_f64();
        Outcome {
            code,
            duration,
            ended: format!("{ended} after {seconds:.1} s"),
        }
    };
    let status = spawned.and_then(|mut child| {
        started(&mut held(&wrapped), &child);
        wait(&mut child, &wrapped)
    });
    let status = match status {
        Ok(status) => status,
        Err(error) => {
            // As shells do, so that whoever knows those codes knows these.
            let code = match error.kind() {
                std::io::ErrorKind::NotFound => 127,
                _ => 126,
            };
            let message = format!("cannot run {}", name.to_string_lossy());
            let error = Error::new(ExitCode::PassedOn(code), message).because(error);
            console.messages().error(&error);
            return Outcome {
                code,
                duration: begin.elapsed(),
                ended: "did not start".to_owned(),
            };
        }
    };
    let passed = held(&wrapped).passed.clone();
    let code = exit_code(status);
    outcome(code, described(status, code, &passed))
}

fn held(wrapped: &Mutex<Wrapped>) -> MutexGuard<'_, Wrapped> {
    wrapped.lock().unwrap_or_else(PoisonError::into_inner)
}

fn pass(wrapped: &mut Wrapped, caught: Caught) {
    match wrapped.stage {
        Stage::Starting => wrapped.passed.push(caught.number),
        // The terminal sent it to the command, too: twice would be once too often.
        Stage::Running(_) if caught.from_terminal => {}
        Stage::Running(pid) => {
            wrapped.passed.push(caught.number);
            send(pid, caught.number);
        }
        Stage::Gone => {}
    }
}

fn started(wrapped: &mut Wrapped, child: &Child) {
    let Ok(pid) = i32::try_from(child.id()).map(Pid::from_raw) else {
        return;
    };
    wrapped.stage = Stage::Running(pid);
    for signal in &wrapped.passed {
        send(pid, *signal);
    }
}

fn send(pid: Pid, signal: i32) {
    if let Ok(signal) = Signal::try_from(signal) {
        // It may have ended just now: then nobody is there to be told.
        let _ = kill(pid, signal);
    }
}

/// Waits for the command to end. It is known to be gone before its number can be given away.
fn wait(child: &mut Child, wrapped: &Mutex<Wrapped>) -> std::io::Result<ExitStatus> {
    let pid = i32::try_from(child.id()).map_or(Pid::this(), Pid::from_raw);
    while let Err(nix::errno::Errno::EINTR) =
        waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT)
    {}
    held(wrapped).stage = Stage::Gone;
    child.wait()
}

fn exit_code(status: ExitStatus) -> u8 {
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

fn described(status: ExitStatus, code: u8, passed: &[i32]) -> String {
    let name = |signal: i32| match Signal::try_from(signal) {
        Ok(signal) => signal.as_str().to_owned(),
        Err(_) => format!("signal {signal}"),
    };
    let passed: Vec<String> = passed.iter().map(|signal| name(*signal)).collect();
    let after = match passed.is_empty() {
        true => String::new(),
        false => format!(" ({} was passed on)", passed.join(", ")),
    };
    match status.signal() {
        Some(signal) => format!("was ended by {}{after}", name(signal)),
        None => format!("ended with {code}{after}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_the_code_that_a_shell_makes_of_it() {
        // A wait status: the code in the second byte, or the signal in the first.
        assert_eq!(exit_code(ExitStatus::from_raw(7 << 8)), 7);
        assert_eq!(exit_code(ExitStatus::from_raw(15)), 143);
        let text = described(ExitStatus::from_raw(15), 143, &[15]);
        assert_eq!(text, "was ended by SIGTERM (SIGTERM was passed on)");
        assert_eq!(described(ExitStatus::from_raw(0), 0, &[]), "ended with 0");
    }

    #[test]
    fn what_the_terminal_sent_to_all_is_not_sent_twice() {
        let mut wrapped = Wrapped::default();
        let caught = |from_terminal| Caught {
            number: 2,
            from_terminal,
        };
        pass(&mut wrapped, caught(true));
        assert_eq!(wrapped.passed, [2], "there was no command yet to get it");
        // No process has the highest number.
        wrapped.stage = Stage::Running(Pid::from_raw(i32::MAX));
        pass(&mut wrapped, caught(true));
        assert_eq!(wrapped.passed, [2]);
        pass(&mut wrapped, caught(false));
        assert_eq!(wrapped.passed, [2, 2]);
        wrapped.stage = Stage::Gone;
        pass(&mut wrapped, caught(false));
        assert_eq!(wrapped.passed, [2, 2]);
    }
}
