//! The Lease that remembers what was started and what is being started. It is written by
//! compare-and-swap: whoever read an older version loses and looks again.

use std::collections::BTreeMap;

use churn_base::error::{Error, Result};
use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use serde::{Deserialize, Serialize};

use super::client::Cluster;
use super::error::Problem;
use super::names::LEDGER;

/// Starts that are remembered: enough to know a repeated alert long after its Job was cleaned away.
const REMEMBERED: usize = 64;

/// What was started, and what is being started.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ledger {
    /// Starts, oldest first.
    #[serde(default)]
    pub starts: Vec<Entry>,
    /// Who is about to create a Job. Left behind by a crash it lapses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
}

/// One start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Name of the Job.
    pub job: String,
    /// What it stands for.
    pub key: String,
    /// `manual` or `alert`.
    pub trigger: String,
    /// When.
    #[serde(with = "rfc3339")]
    pub at: Timestamp,
}

/// One start that may not have happened yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// What is to be started.
    #[serde(flatten)]
    pub entry: Entry,
    /// Which run of `churnctl` claims it.
    pub run: String,
    /// When that run has given up at the latest.
    #[serde(with = "rfc3339")]
    pub until: Timestamp,
}

impl Ledger {
    /// Notes a start; the claim for it is over. A start that is known already is not noted twice.
    pub fn note(&mut self, entry: Entry) {
        if self
            .claim
            .as_ref()
            .is_some_and(|claim| claim.entry.key == entry.key)
        {
            self.claim = None;
        }
        if !self.starts.iter().any(|known| known.key == entry.key) {
            self.starts.push(entry);
            self.starts.sort_by_key(|entry| entry.at);
            let surplus = self.starts.len().saturating_sub(REMEMBERED);
            self.starts.drain(..surplus);
        }
    }

    /// Returns the latest start.
    #[must_use]
    pub fn last(&self) -> Option<&Entry> {
        self.starts.iter().max_by_key(|entry| entry.at)
    }
}

/// A ledger as it was read, with the version to compare with.
#[derive(Debug, Clone, Default)]
pub(super) struct Read {
    lease: Option<Lease>,
    pub(super) ledger: Ledger,
}

impl Cluster {
    /// Reads the ledger of a Lease; a Lease that isn't there is an empty ledger.
    pub(super) async fn read_ledger(&self, lease: &str) -> Result<Read> {
        let Some(found) = self.get::<Lease>(lease).await? else {
            return Ok(Read::default());
        };
        let annotations = found.metadata.annotations.as_ref();
        let text = annotations.and_then(|all| all.get(LEDGER));
        let ledger = match text {
            None => Ledger::default(),
            Some(text) => serde_json::from_str(text).map_err(|error| {
                let namespace = &self.place().namespace;
                Error::bad_input(format!(
                    "the annotation {LEDGER} of the Lease {lease} in namespace {namespace} is not ours"
                ))
                .hint(format!(
                    "to begin anew, without cooldown: kubectl delete lease {lease} -n {namespace}"
                ))
                .because(error)
            })?,
        };
        Ok(Read {
            lease: Some(found),
            ledger,
        })
    }

    /// Writes a ledger if the Lease is still as it was read; tells whether it was.
    pub(super) async fn write_ledger(
        &self,
        name: &str,
        read: &Read,
        ledger: &Ledger,
        now: Timestamp,
        cooldown_seconds: i32,
    ) -> Result<bool> {
        let text = serde_json::to_string(ledger).map_err(|error| {
            Error::new(churn_base::exit::ExitCode::Bug, "cannot write the ledger").because(error)
        })?;
        let mut lease = read.lease.clone().unwrap_or_else(|| Lease {
            metadata: ObjectMeta {
                name: Some(name.to_owned()),
                namespace: Some(self.place().namespace.clone()),
                ..ObjectMeta::default()
            },
            spec: None,
        });
        let annotations = lease.metadata.annotations.get_or_insert_with(BTreeMap::new);
        annotations.insert(LEDGER.to_owned(), text);
        // For people who look at the Lease; we read the annotation.
        let holder = ledger.claim.as_ref().map(|claim| &claim.entry);
        let holder = holder.or_else(|| ledger.last());
        lease.spec = Some(LeaseSpec {
            holder_identity: holder.map(|entry| entry.job.clone()),
            acquire_time: holder.map(|entry| MicroTime(entry.at)),
            renew_time: Some(MicroTime(now)),
            lease_duration_seconds: Some(cooldown_seconds.max(1)),
            ..lease.spec.unwrap_or_default()
        });
        let written = match read.lease {
            None => self.create(name, &lease, false).await,
            Some(_) => self.replace(name, &lease).await,
        };
        match written {
            Ok(_) => Ok(true),
            Err(error) => match error.problem {
                // Deleted meanwhile is as good as changed.
                Problem::AlreadyExists | Problem::Conflict | Problem::NotFound(_) => Ok(false),
                _ => Err(error.into()),
            },
        }
    }
}

/// Times as people read them.
mod rfc3339 {
    use jiff::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(
        time: &Timestamp,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(time)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Timestamp, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(key: &str, second: i64) -> Entry {
        Entry {
            job: format!("job-{key}"),
            key: key.to_owned(),
            trigger: "alert".to_owned(),
            at: Timestamp::from_second(second).expect("a time"),
        }
    }

    #[test]
    fn a_start_is_noted_once_and_ends_its_claim_only() {
        let claim = Claim {
            entry: entry("a", 5),
            run: "r".to_owned(),
            until: Timestamp::from_second(9).expect("a time"),
        };
        let mut ledger = Ledger {
            starts: Vec::new(),
            claim: Some(claim),
        };
        ledger.note(entry("b", 1));
        assert!(ledger.claim.is_some());
        ledger.note(entry("a", 5));
        ledger.note(entry("a", 7));
        assert!(ledger.claim.is_none());
        assert_eq!(ledger.starts, [entry("b", 1), entry("a", 5)]);
        assert_eq!(ledger.last(), Some(&entry("a", 5)));
    }

    #[test]
    fn the_oldest_starts_are_forgotten_so_that_the_annotation_stays_small() {
        let mut ledger = Ledger::default();
        for second in 0..200 {
            ledger.note(entry(
                &"x".repeat(64).replace("xx", &format!("{second:02}")),
                second,
            ));
        }
        assert_eq!(ledger.starts.len(), REMEMBERED);
        assert_eq!(ledger.starts[0].at.as_second(), 200 - 64);
        let text = serde_json::to_string(&ledger).expect("JSON");
        // The annotations of an object may have 262,144 bytes together.
        assert!(text.len() < 32_768, "{}", text.len());
        assert_eq!(serde_json::from_str::<Ledger>(&text).expect("ours"), ledger);
    }
}
