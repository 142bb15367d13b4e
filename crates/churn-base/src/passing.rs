//! Which faults may pass by themselves: the one place that every retry loop asks.
//!
//! Only what somebody must change first is final: a path, a right, a setting, the bytes of a file. All
//! else, a code that nobody knows included, may pass, since an attempt too many costs little and one
//! too few leaves a server without its model until somebody looks.

use std::io;
use std::time::Duration;

use nix::errno::Errno;

use crate::error::Error;
use crate::exit::ExitCode;

/// What the system says when the same call will fail tomorrow as it does today.
const FINAL: [Errno; 31] = [
    // The path leads nowhere, or to something of another kind.
    Errno::ENOENT,
    Errno::ENOTDIR,
    Errno::EISDIR,
    Errno::EEXIST,
    Errno::ENOTEMPTY,
    Errno::ELOOP,
    Errno::EMLINK,
    Errno::ENAMETOOLONG,
    Errno::EXDEV,
    Errno::ENXIO,
    Errno::ENODEV,
    Errno::ENOTBLK,
    Errno::ENOTTY,
    Errno::ESPIPE,
    Errno::ENOEXEC,
    // It is not allowed, or not here.
    Errno::EACCES,
    Errno::EPERM,
    Errno::EROFS,
    Errno::ENOSYS,
    Errno::EOPNOTSUPP,
    Errno::EAFNOSUPPORT,
    Errno::EPROTONOSUPPORT,
    // The call itself is wrong.
    Errno::EINVAL,
    Errno::EBADF,
    Errno::EFAULT,
    Errno::E2BIG,
    Errno::EFBIG,
    Errno::EOVERFLOW,
    Errno::ERANGE,
    Errno::EILSEQ,
    Errno::EDESTADDRREQ,
];

/// Returns whether the same call may go well a little later, with nobody doing anything about it.
pub fn is_passing(error: &io::Error) -> bool {
    use io::ErrorKind::{
        AlreadyExists, FileTooLarge, InvalidData, InvalidInput, IsADirectory, NotADirectory,
        NotFound, PermissionDenied, ReadOnlyFilesystem, Unsupported,
    };
    if let Some(code) = error.raw_os_error() {
        return !FINAL.contains(&Errno::from_raw(code));
    }
    // A reader may wrap an error of ours, with a code that says more than the kind.
    if let Some(inner) = error.get_ref()
        && let Some(own) = inner.downcast_ref::<Error>()
    {
        return is_retryable(own);
    }
    !matches!(
        error.kind(),
        AlreadyExists
            | FileTooLarge
            | InvalidData
            | InvalidInput
            | IsADirectory
            | NotADirectory
            | NotFound
            | PermissionDenied
            | ReadOnlyFilesystem
            | Unsupported
    )
}

/// Returns whether what failed may succeed a little later.
pub fn is_retryable(error: &Error) -> bool {
    match error.code() {
        ExitCode::Io => io_cause(error).is_none_or(is_passing),
        ExitCode::Failed
        | ExitCode::Refused
        | ExitCode::Unavailable
        | ExitCode::TimedOut
        | ExitCode::Interrupted
        | ExitCode::Terminated => true,
        ExitCode::Ok
        | ExitCode::CheckFailed
        | ExitCode::Usage
        | ExitCode::BadInput
        | ExitCode::Gone
        | ExitCode::Bug
        | ExitCode::NotAllowed
        | ExitCode::BadSettings
        | ExitCode::PassedOn(_) => false,
    }
}

/// Returns the system's word among the causes.
pub fn io_cause<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a io::Error> {
    let mut next = error.source();
    while let Some(cause) = next {
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            return Some(io);
        }
        next = cause.source();
    }
    None
}

/// Waits that double from one failure to the next, of something that is tried until it succeeds.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    first: Duration,
    last: Duration,
    failures: u32,
}

impl Backoff {
    /// Makes one whose waits double from the first to the last of these.
    pub const fn new(first: Duration, last: Duration) -> Self {
        Self {
            first,
            last,
            failures: 0,
        }
    }

    /// Returns how often in a row it has failed.
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// Notes a failure.
    pub const fn failed(&mut self) {
        self.failures = self.failures.saturating_add(1);
    }

    /// Notes a success; returns whether there was a failure before it.
    pub const fn succeeded(&mut self) -> bool {
        let before = self.failures;
        self.failures = 0;
        before > 0
    }

    /// Returns the wait before the next attempt, from half of it to all as `share` goes from 0 to 1:
    /// many servers that lost one store don't come back to it at once.
    pub fn wait(&self, share: f64) -> Duration {
        let doubled = 2_u32.pow(self.failures.clamp(1, 16) - 1);
        let wait = self.first.saturating_mul(doubled).min(self.last);
        wait.mul_f64(f64::midpoint(1.0, share))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn system(code: Errno) -> io::Error {
        io::Error::from_raw_os_error(code as i32)
    }

    #[test]
    fn what_passes_by_itself_is_told_from_what_somebody_must_change() {
        // errno(3): what each stands for.
        let passing = [
            Errno::EIO,
            Errno::EINTR,
            Errno::EAGAIN,
            Errno::EMFILE,
            Errno::ENFILE,
            Errno::ENOMEM,
            Errno::ENOSPC,
            Errno::EDQUOT,
            Errno::ESTALE,
            Errno::ETXTBSY,
            Errno::EBUSY,
            Errno::ENOLCK,
            Errno::ETIMEDOUT,
            Errno::EHOSTUNREACH,
            Errno::ECONNREFUSED,
            Errno::ECONNRESET,
            Errno::EPIPE,
            Errno::EREMOTEIO,
            Errno::UnknownErrno,
        ];
        for code in passing {
            assert!(is_passing(&system(code)), "{code}");
        }
        for code in [Errno::ENOENT, Errno::EACCES, Errno::EISDIR, Errno::EROFS] {
            assert!(!is_passing(&system(code)), "{code}");
        }
        assert!(is_passing(&io::ErrorKind::UnexpectedEof.into()));
        assert!(!is_passing(&io::ErrorKind::InvalidData.into()));
        assert!(!is_passing(&crate::files::too_large(1 << 20)));
    }

    #[test]
    fn an_error_passes_as_its_code_and_its_cause_do() {
        let read = |code| Error::io("read", Path::new("model.json"), system(code));
        assert!(is_retryable(&read(Errno::EMFILE)));
        assert!(!is_retryable(&read(Errno::EACCES)));
        assert!(is_retryable(&Error::new(ExitCode::Unavailable, "away")));
        assert!(!is_retryable(&Error::bad_input("cut in half")));
        let wrapped = io::Error::other(Error::bad_input("damaged"));
        assert!(!is_passing(&wrapped));
        assert!(is_passing(&io::Error::other("nobody knows")));
        let outer = Error::new(ExitCode::Io, "outer").because(read(Errno::EISDIR));
        assert!(!is_retryable(&outer));
    }

    #[test]
    fn waits_double_up_to_the_last_and_begin_anew_after_a_success() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));
        assert!(!backoff.succeeded());
        let mut waits = Vec::new();
        for _ in 0..8 {
            backoff.failed();
            waits.push(backoff.wait(1.0).as_secs());
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(backoff.wait(0.0), Duration::from_secs(30));
        assert!(backoff.succeeded() && backoff.failures() == 0);
    }
}
