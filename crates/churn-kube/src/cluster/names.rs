//! Names that say twice what happened once: the same key makes the same Job name, so that the API
//! server itself refuses the second. And the names of our annotations, labels and variables.

use churn_base::hex::hex;
use sha2::{Digest as _, Sha256};

/// Everything of ours on an object begins so.
pub const PREFIX: &str = "churnctl.io/";

/// Annotation: the key that the Job stands for.
pub const KEY: &str = "churnctl.io/key";
/// Annotation: the run of `churnctl` that made the Job; tells our own repeated request from others'.
pub const RUN: &str = "churnctl.io/run";
/// Label and annotation: what started it, `manual` or `alert`.
pub const TRIGGER: &str = "churnctl.io/trigger";
/// Annotation: who or what asked.
pub const REQUESTED_BY: &str = "churnctl.io/requested-by";
/// Annotation: why.
pub const REASON: &str = "churnctl.io/reason";
/// Annotation: name of the alert.
pub const ALERT: &str = "churnctl.io/alert";
/// Annotation: fingerprint of the alert.
pub const ALERT_FINGERPRINT: &str = "churnctl.io/alert-fingerprint";
/// Annotation: when the alert began.
pub const ALERT_STARTS_AT: &str = "churnctl.io/alert-starts-at";
/// Annotation: sha256 of the drift report that `--if-drift` read.
pub const DRIFT_REPORT: &str = "churnctl.io/drift-report-sha256";
/// Annotation: the version that made the Job.
pub const VERSION: &str = "churnctl.io/version";
/// Annotation of the Lease: what was started and what is being started.
pub const LEDGER: &str = "churnctl.io/ledger";

/// kubectl's annotation on a Job that a person or a program made from a CronJob.
pub(super) const INSTANTIATE: &str = "cronjob.kubernetes.io/instantiate";

/// Bytes of the CronJob's name that a Job's name keeps.
const KEPT: usize = 40;
/// Hexadecimal digits of the key in a Job's name.
const DIGITS: usize = 10;

/// Returns the sha256 of parts, each with its length before it so that no two lists look the same.
#[must_use]
pub fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hex(&hash.finalize())
}

/// Returns an id that no other run of the program has.
#[must_use]
pub fn run_id() -> String {
    let now = jiff::Timestamp::now().as_nanosecond().to_string();
    let process = std::process::id().to_string();
    let chance = super::retry::chance().to_string();
    digest(&[&now, &process, &chance])[..16].to_owned()
}

/// What a Job's name says about who started it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// A person, or a script of theirs.
    Manual,
    /// An alert.
    Alert,
}

impl Trigger {
    /// Returns the word used in labels, events and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Alert => "alert",
        }
    }

    const fn letter(self) -> char {
        match self {
            Self::Manual => 'm',
            Self::Alert => 'a',
        }
    }
}

/// Returns the name of the Job that stands for a key: at most 53 bytes, the same for the same key.
///
/// It is a DNS label even where the CronJob's name has dots: the API server builds the host names of
/// an indexed Job's pods from it, and refuses the Job where they are none (`validateJobSpec` in
/// Kubernetes' pkg/apis/batch/validation). With dots as dashes `a.b` and `a-b` still differ: the hash
/// is of the name as it was.
///
/// # Examples
///
/// ```
/// use churn_kube::cluster::names::{Trigger, job_name};
/// let name = job_name("churn-retrain-weekly", Trigger::Alert, "ChurnDrift at noon");
/// assert_eq!(name, job_name("churn-retrain-weekly", Trigger::Alert, "ChurnDrift at noon"));
/// assert!(name.starts_with("churn-retrain-weekly-a-"));
/// ```
#[must_use]
pub fn job_name(cron_job: &str, trigger: Trigger, key: &str) -> String {
    let mut end = cron_job.len().min(KEPT);
    while !cron_job.is_char_boundary(end) {
        end -= 1;
    }
    let kept = cron_job[..end].trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
    let kept = kept.replace('.', "-");
    let hash = digest(&[cron_job, trigger.as_str(), key]);
    format!("{kept}-{}-{}", trigger.letter(), &hash[..DIGITS])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 1123, as `IsDNS1123Label` of k8s.io/apimachinery checks it.
    fn is_dns_label(name: &str) -> bool {
        (1..=63).contains(&name.len())
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            && !name.starts_with('-')
            && !name.ends_with('-')
    }

    proptest! {
        #[test]
        fn every_key_makes_a_valid_name_of_at_most_63_bytes(
            cron_job in "[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?)?",
            key in ".*",
        ) {
            for trigger in [Trigger::Manual, Trigger::Alert] {
                let name = job_name(&cron_job, trigger, &key);
                prop_assert!(is_dns_label(&name), "{name}");
                prop_assert_eq!(&name, &job_name(&cron_job, trigger, &key));
            }
        }
    }

    #[test]
    fn parts_cannot_be_moved_from_one_to_the_next() {
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
        assert_ne!(digest(&["a", ""]), digest(&["", "a"]));
    }

    #[test]
    fn a_long_name_is_cut_and_stays_valid() {
        // 52 bytes, the longest name of a CronJob; the cut falls behind the dash.
        let long = "abcdefghijklmnopqrstuvwxyz-abcdefghijkl-mnopqrstuvwx";
        let name = job_name(long, Trigger::Manual, "k");
        assert!(
            name.starts_with("abcdefghijklmnopqrstuvwxyz-abcdefghijkl-m-"),
            "{name}"
        );
        assert!(is_dns_label(&name) && name.len() <= 53, "{name}");
        // The same length with dots: the cut falls behind one, and at its host name's index of nine
        // digits the pod of an indexed Job is still called by a DNS label.
        let dotted = "team.a.churn-retrain.weekly-aaaaaaaaaaa.bbbbbbbbbbbb";
        assert_eq!(dotted.len(), 52);
        let name = job_name(dotted, Trigger::Manual, "k");
        assert!(
            name.starts_with("team-a-churn-retrain-weekly-aaaaaaaaaaa-m-"),
            "{name}"
        );
        assert!(is_dns_label(&format!("{name}-999999999")), "{name}");
    }

    #[test]
    fn names_that_differ_in_dots_alone_make_different_jobs() {
        let of = |name| job_name(name, Trigger::Manual, "k");
        assert_ne!(of("churn.retrain"), of("churn-retrain"));
    }
}
