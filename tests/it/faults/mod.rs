//! What the system refuses: strace lets the n-th call of a kind fail, in the real binary.

mod kills;
mod serve;
mod sweep;

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use crate::harness::{impossible_here, skipped};

/// A kind of call, and how it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault<'a> {
    /// The system call's name.
    pub(crate) call: &'a str,
    pub(crate) error: &'a str,
    /// Which calls of a thread: `3`, `1..2`, `2+`; strace(1), "when".
    pub(crate) when: &'a str,
    /// Only calls on this path, as the program names it.
    pub(crate) path: Option<&'a str>,
}

/// Where strace is; none, said, if it is not installed or may not trace here.
#[track_caller]
pub(crate) fn strace() -> Option<PathBuf> {
    static USABLE: OnceLock<Option<bool>> = OnceLock::new();
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let mut found = std::env::split_paths(&folders).map(|folder| folder.join("strace"));
    let Some(strace) = found.find(|path| path.is_file()) else {
        skipped("strace is not installed");
        return None;
    };
    let usable = USABLE.get_or_init(|| {
        let traced = Command::new(&strace)
            .args(["-qq", "-o", "/dev/null", "--seccomp-bpf", "-f", "true"])
            .status();
        traced.ok().map(|status| status.success())
    });
    if *usable != Some(true) {
        impossible_here("strace may not trace processes here");
        return None;
    }
    Some(strace)
}

/// Returns the words that let strace trace calls of a kind into `trace`, and `fault` happen if there is one.
///
/// The binary stays the child of the test (`-D`): signals and exit codes are its own.
pub(crate) fn traced(call: &str, fault: Option<Fault<'_>>, trace: &str) -> Option<Vec<String>> {
    let strace = strace()?;
    let mut words = vec![strace.display().to_string()];
    let fixed = ["-D", "-f", "--seccomp-bpf", "-qq", "-o", trace, "-e"];
    words.extend(fixed.map(str::to_owned));
    words.push(format!("trace={call}"));
    if let Some(Fault {
        call,
        error,
        when,
        path,
    }) = fault
    {
        words.push("-e".to_owned());
        words.push(format!("inject={call}:error={error}:when={when}"));
        words.extend(
            path.into_iter()
                .flat_map(|path| ["-P".to_owned(), path.to_owned()]),
        );
    }
    Some(words)
}
