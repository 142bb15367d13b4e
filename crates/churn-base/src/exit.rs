//! The exit codes of every command, and nothing else.

/// What a run of `churnctl` ends with.
///
/// The numbers are a contract: CronJobs, alert rules and `podFailurePolicy` read them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExitCode {
    /// Done; for a check: its verdict is OK or WARN.
    Ok,
    /// Failed, and no other code says it better. Worth a retry.
    Failed,
    /// The check ran to its end and its verdict is FAIL.
    CheckFailed,
    /// Refused: a retrain is running, cooling down or not worth it, or a prompt was answered no.
    Refused,
    /// The command line is wrong. Never 2: a mistyped flag must not look like drift.
    Usage,
    /// The input data or the model is bad; the message names file, line and column.
    BadInput,
    /// What was waited for is gone: somebody deleted the Job.
    Gone,
    /// A remote stayed away after all retries.
    Unavailable,
    /// A bug in `churnctl`.
    Bug,
    /// A file or a stream cannot be read or written.
    Io,
    /// The remote says that we may not.
    NotAllowed,
    /// The settings are wrong.
    BadSettings,
    /// Timed out waiting; what was waited for goes on. The code of coreutils' `timeout`.
    TimedOut,
    /// Ended by SIGINT.
    Interrupted,
    /// Ended by SIGTERM.
    Terminated,
    /// What a wrapped command ended with, whatever that means there.
    PassedOn(u8),
}

impl ExitCode {
    /// Every code of our own, in the order of the numbers.
    pub const ALL: [Self; 15] = [
        Self::Ok,
        Self::Failed,
        Self::CheckFailed,
        Self::Refused,
        Self::Usage,
        Self::BadInput,
        Self::Gone,
        Self::Unavailable,
        Self::Bug,
        Self::Io,
        Self::NotAllowed,
        Self::BadSettings,
        Self::TimedOut,
        Self::Interrupted,
        Self::Terminated,
    ];

    /// Returns the number that the operating system sees.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failed => 1,
            Self::CheckFailed => 2,
            Self::Refused => 3,
            Self::Usage => 64,
            Self::BadInput => 65,
            Self::Gone => 66,
            Self::Unavailable => 69,
            Self::Bug => 70,
            Self::Io => 74,
            Self::NotAllowed => 77,
            Self::BadSettings => 78,
            Self::TimedOut => 124,
            Self::Interrupted => 130,
            Self::Terminated => 143,
            Self::PassedOn(code) => code,
        }
    }

    /// Returns the name used in JSON errors.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::CheckFailed => "check_failed",
            Self::Refused => "refused",
            Self::Usage => "usage",
            Self::BadInput => "bad_input",
            Self::Gone => "gone",
            Self::Unavailable => "unavailable",
            Self::Bug => "bug",
            Self::Io => "io",
            Self::NotAllowed => "not_allowed",
            Self::BadSettings => "bad_settings",
            Self::TimedOut => "timed_out",
            Self::Interrupted => "interrupted",
            Self::Terminated => "terminated",
            Self::PassedOn(_) => "passed_on",
        }
    }

    /// Returns one sentence for the table in the help and the man page.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Ok => "done; a check says OK or WARN",
            Self::Failed => "failed, no better code",
            Self::CheckFailed => "the check ran to its end and says FAIL",
            Self::Refused => "refused: already running, cooling down, not worth it, or answered no",
            Self::Usage => "wrong command line",
            Self::BadInput => "bad input data or model",
            Self::Gone => "what was waited for is gone",
            Self::Unavailable => "a remote stayed away after all retries",
            Self::Bug => "a bug in churnctl",
            Self::Io => "cannot read or write",
            Self::NotAllowed => "not allowed",
            Self::BadSettings => "bad settings",
            Self::TimedOut => "timed out waiting; what was waited for goes on",
            Self::Interrupted => "ended by SIGINT",
            Self::Terminated => "ended by SIGTERM",
            Self::PassedOn(_) => "what a wrapped command ended with",
        }
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_and_drift_have_different_codes() {
        assert_eq!(ExitCode::CheckFailed.code(), 2);
        assert_eq!(ExitCode::Usage.code(), 64);
    }

    #[test]
    fn all_codes_are_listed_once_in_rising_order() {
        let codes: Vec<u8> = ExitCode::ALL.iter().map(|code| code.code()).collect();
        assert!(codes.windows(2).all(|pair| pair[0] < pair[1]), "{codes:?}");
    }
}
