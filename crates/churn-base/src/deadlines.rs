//! How long a remote may keep us waiting: one type for every client. Who is asked for what, and how often a
//! request is tried again, is the clients' affair.

use std::future::Future;
use std::io;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// A kind of remote; each has its own settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remote {
    /// PostgreSQL, MySQL, MariaDB, Spark Connect.
    Database,
    /// S3, Google Cloud Storage, Azure.
    ObjectStore,
    /// What speaks HTTP: the Pushgateway, Prometheus, Alertmanager, MLflow, a collector, Kubernetes.
    Http,
}

impl Remote {
    /// Returns the section of the settings.
    #[must_use]
    pub const fn section(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::ObjectStore => "object_store",
            Self::Http => "http",
        }
    }
}

/// The four waits for a remote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// Whose they are.
    pub remote: Remote,
    /// For a connection, with name, TLS and login.
    pub connect: Duration,
    /// From a question to the first of its answer.
    pub first_byte: Duration,
    /// From one piece of an answer to the next.
    pub idle: Duration,
    /// For everything that one connection or one attempt does.
    pub total: Duration,
}

/// The deadlines of every kind of remote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AllDeadlines {
    /// Databases.
    pub database: Deadlines,
    /// Object stores.
    pub object_store: Deadlines,
    /// Services.
    pub http: Deadlines,
}

/// What the settings say, once they are read. A client may be made where no settings are at hand, and
/// none may be forgotten: so this is the one thing that is known to all of them.
static IN_FORCE: OnceLock<AllDeadlines> = OnceLock::new();

impl AllDeadlines {
    /// Puts the deadlines in force, for all of this process. A second time changes nothing.
    pub fn put_in_force(self) {
        let _ = IN_FORCE.set(self);
    }
}

impl Default for AllDeadlines {
    fn default() -> Self {
        let of = |remote, [connect, first_byte, idle, total]: [u64; 4]| Deadlines {
            remote,
            connect: Duration::from_secs(connect),
            first_byte: Duration::from_secs(first_byte),
            idle: Duration::from_secs(idle),
            total: Duration::from_secs(total),
        };
        Self {
            // A statement may count a large table before it has anything to say.
            database: of(Remote::Database, [10, 600, 300, 7200]),
            object_store: of(Remote::ObjectStore, [5, 15, 15, 7200]),
            http: of(Remote::Http, [5, 30, 30, 10]),
        }
    }
}

impl Deadlines {
    /// Returns what is in force for a kind of remote: the settings, or the defaults.
    #[must_use]
    pub fn of(remote: Remote) -> Self {
        let all = IN_FORCE.get().copied().unwrap_or_default();
        match remote {
            Remote::Database => all.database,
            Remote::ObjectStore => all.object_store,
            Remote::Http => all.http,
        }
    }

    /// Returns the same with this total; no single wait is longer.
    #[must_use]
    pub fn with_total(self, total: Duration) -> Self {
        Self {
            connect: self.connect.min(total),
            first_byte: self.first_byte.min(total),
            idle: self.idle.min(total),
            total,
            ..self
        }
    }

    /// Begins to count the total.
    #[must_use]
    pub fn begin(self) -> Running {
        Running {
            deadlines: self,
            end: Instant::now() + self.total,
        }
    }
}

/// Deadlines whose total is running.
#[derive(Debug, Clone, Copy)]
pub struct Running {
    deadlines: Deadlines,
    end: Instant,
}

impl Running {
    /// Begins the wait for a connection.
    #[must_use]
    pub fn connect(&self) -> Wait {
        self.wait(Phase::Connect, self.deadlines.connect)
    }

    /// Begins the wait for the first of an answer.
    #[must_use]
    pub fn first_byte(&self) -> Wait {
        self.wait(Phase::FirstByte, self.deadlines.first_byte)
    }

    /// Begins the wait for more of an answer.
    #[must_use]
    pub fn idle(&self) -> Wait {
        self.wait(Phase::Idle, self.deadlines.idle)
    }

    fn wait(&self, phase: Phase, most: Duration) -> Wait {
        let until = Instant::now() + most;
        let remote = self.deadlines.remote;
        match until <= self.end {
            true => Wait {
                until,
                over: Overdue {
                    remote,
                    phase,
                    most,
                },
            },
            false => Wait {
                until: self.end,
                over: Overdue {
                    remote,
                    phase: Phase::Total,
                    most: self.deadlines.total,
                },
            },
        }
    }
}

/// One wait, with its end.
#[derive(Debug, Clone, Copy)]
pub struct Wait {
    until: Instant,
    over: Overdue,
}

impl Wait {
    /// Returns how long it may still take.
    ///
    /// # Errors
    /// Fails if its time is up.
    pub fn left(&self) -> Result<Duration, Overdue> {
        let left = self.until.saturating_duration_since(Instant::now());
        match left.is_zero() {
            true => Err(self.over),
            false => Ok(left),
        }
    }

    /// Returns what is said when its time is up.
    #[must_use]
    pub const fn overdue(&self) -> Overdue {
        self.over
    }

    /// Waits for something in a task.
    ///
    /// # Errors
    /// Fails if the time is up before.
    pub async fn for_it<F: Future>(&self, it: F) -> Result<F::Output, Overdue> {
        let done = tokio::time::timeout_at(self.until.into(), it);
        done.await.map_err(|_| self.over)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Connect,
    FirstByte,
    Idle,
    Total,
}

/// A remote that has kept us waiting for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{} within {} s ({})", phase.words(), most.as_secs_f64(), self.setting())]
pub struct Overdue {
    remote: Remote,
    phase: Phase,
    most: Duration,
}

impl Overdue {
    /// Returns the name of the setting that was the limit.
    #[must_use]
    pub fn setting(&self) -> String {
        format!("{}.{}", self.remote.section(), self.phase.setting())
    }

    /// Returns the environment variable that sets it, too.
    #[must_use]
    pub fn variable(&self) -> String {
        let name = self.setting().replace('.', "_").to_uppercase();
        format!("CHURNCTL_{name}")
    }

    /// Returns the same with the time that is set, where a wait was cut short by those before it.
    #[must_use]
    pub const fn as_set(self, set: &Deadlines) -> Self {
        let most = match self.phase {
            Phase::Connect => set.connect,
            Phase::FirstByte => set.first_byte,
            Phase::Idle => set.idle,
            Phase::Total => set.total,
        };
        Self { most, ..self }
    }
}

impl From<Overdue> for io::Error {
    fn from(overdue: Overdue) -> Self {
        Self::new(io::ErrorKind::TimedOut, overdue)
    }
}

impl Phase {
    const fn words(self) -> &'static str {
        match self {
            Self::Connect => "no connection and login",
            Self::FirstByte => "no answer",
            Self::Idle => "nothing more of an answer",
            Self::Total => "not done",
        }
    }

    const fn setting(self) -> &'static str {
        match self {
            Self::Connect => "connect_timeout",
            Self::FirstByte => "first_byte_timeout",
            Self::Idle => "idle_timeout",
            Self::Total => "total_timeout",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn deadlines(total: Duration) -> Deadlines {
        Deadlines {
            remote: Remote::Database,
            connect: 10 * MS,
            first_byte: 20 * MS,
            idle: 30 * MS,
            total,
        }
    }

    #[test]
    fn a_wait_ends_with_its_own_time_or_with_the_total() {
        let running = deadlines(3600 * 1000 * MS).begin();
        let said = |wait: Wait| wait.overdue().to_string();
        assert_eq!(
            said(running.connect()),
            "no connection and login within 0.01 s (database.connect_timeout)"
        );
        assert_eq!(
            said(running.first_byte()),
            "no answer within 0.02 s (database.first_byte_timeout)"
        );
        assert_eq!(
            said(running.idle()),
            "nothing more of an answer within 0.03 s (database.idle_timeout)"
        );
        let running = deadlines(15 * MS).begin();
        assert!(said(running.connect()).ends_with("(database.connect_timeout)"));
        let idle = running.idle();
        assert_eq!(
            said(idle),
            "not done within 0.015 s (database.total_timeout)"
        );
        assert_eq!(idle.overdue().variable(), "CHURNCTL_DATABASE_TOTAL_TIMEOUT");
        std::thread::sleep(16 * MS);
        assert_eq!(idle.left(), Err(idle.overdue()));
        assert_eq!(
            io::Error::from(idle.overdue()).kind(),
            io::ErrorKind::TimedOut
        );
    }

    #[test]
    fn no_wait_is_longer_than_the_total() {
        let short = deadlines(100 * MS).with_total(15 * MS);
        assert_eq!(
            (short.connect, short.first_byte, short.idle, short.total),
            (10 * MS, 15 * MS, 15 * MS, 15 * MS)
        );
    }

    #[tokio::test]
    async fn what_never_comes_is_waited_for_so_long() {
        let wait = deadlines(3600 * 1000 * MS).begin().first_byte();
        assert_eq!(wait.for_it(std::future::ready(7)).await, Ok(7));
        let never = wait.for_it(std::future::pending::<()>()).await;
        assert_eq!(never, Err(wait.overdue()));
    }
}
