//! The Job that a CronJob would have made: kubectl's rules to the letter, then what we add to it.

use std::collections::BTreeMap;

use churn_base::error::{Error, Result};
use churn_base::redact::redacted;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{Container, EnvVar, PodSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use super::names::{self, INSTANTIATE, Trigger};
use crate::expansion::literal;

/// What a run does differently from the CronJob.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Overrides {
    /// Variables to set, in place of those of the same name.
    pub env: Vec<(String, String)>,
    /// Arguments in place of the container's.
    pub args: Vec<String>,
    /// Image in place of the container's.
    pub image: Option<String>,
    /// Which container; none for the only one.
    pub container: Option<String>,
}

impl Overrides {
    fn is_empty(&self) -> bool {
        self.env.is_empty() && self.args.is_empty() && self.image.is_none()
    }
}

/// Why there is this Job: goes into annotations, and into the environment of its containers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// What started it.
    pub trigger: Trigger,
    /// Who or what asked.
    pub requested_by: String,
    /// Why.
    pub reason: Option<String>,
    /// What the Job stands for.
    pub key: String,
    /// The run of `churnctl` that makes it.
    pub run: String,
    /// The alert, if one asked.
    pub alert: Option<AlertRef>,
    /// sha256 of the drift report, if one was read.
    pub drift_report: Option<String>,
}

/// Which alert it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertRef {
    /// Its name.
    pub name: String,
    /// Alertmanager's hash of its labels.
    pub fingerprint: String,
    /// When it began, as it was sent.
    pub starts_at: String,
}

/// Makes the Job that `kubectl create job NAME --from=cronjob/X` makes, byte for byte.
///
/// Labels and annotations are those of the template, not those of the CronJob; `suspend` of the
/// CronJob is not looked at; the owner reference does not block the owner's deletion, which
/// would need a permission on `cronjobs/finalizers`.
#[must_use]
pub fn from_cron_job(cron_job: &CronJob, name: &str, namespace: &str) -> Job {
    let template = cron_job.spec.as_ref().map(|spec| &spec.job_template);
    let metadata = template.and_then(|template| template.metadata.as_ref());
    let mut annotations = BTreeMap::from([(INSTANTIATE.to_owned(), "manual".to_owned())]);
    annotations.extend(
        metadata
            .and_then(|metadata| metadata.annotations.clone())
            .unwrap_or_default(),
    );
    let owner = OwnerReference {
        api_version: "batch/v1".to_owned(),
        kind: "CronJob".to_owned(),
        name: cron_job.metadata.name.clone().unwrap_or_default(),
        uid: cron_job.metadata.uid.clone().unwrap_or_default(),
        controller: Some(true),
        block_owner_deletion: None,
    };
    Job {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            namespace: Some(namespace.to_owned()),
            annotations: Some(annotations),
            labels: metadata.and_then(|metadata| metadata.labels.clone()),
            owner_references: Some(vec![owner]),
            ..ObjectMeta::default()
        },
        spec: template.and_then(|template| template.spec.clone()),
        status: None,
    }
}

/// Adds why there is this Job.
pub fn add_provenance(job: &mut Job, provenance: &Provenance) {
    let said = said(provenance);
    let annotations = job.metadata.annotations.get_or_insert_default();
    for (annotation, _, value) in &said {
        annotations.insert((*annotation).to_owned(), value.clone());
    }
    // The one label: `kubectl get jobs -l churnctl.io/trigger=alert`.
    job.metadata.labels.get_or_insert_default().insert(
        names::TRIGGER.to_owned(),
        provenance.trigger.as_str().to_owned(),
    );
    let name = job.metadata.name.clone().unwrap_or_default();
    let variables: Vec<(String, String)> = std::iter::once(("RETRAIN_JOB".to_owned(), name))
        .chain(
            said.into_iter()
                .filter_map(|(_, variable, value)| Some((variable?.to_owned(), value))),
        )
        .collect();
    for container in containers(job) {
        set_env(container, &variables);
    }
}

/// Annotation, variable (where the container has a use for it) and value.
fn said(provenance: &Provenance) -> Vec<(&'static str, Option<&'static str>, String)> {
    let mut said = vec![
        (
            names::TRIGGER,
            Some("RETRAIN_TRIGGER"),
            provenance.trigger.as_str().to_owned(),
        ),
        (
            names::REQUESTED_BY,
            Some("RETRAIN_REQUESTED_BY"),
            provenance.requested_by.clone(),
        ),
        (names::KEY, Some("RETRAIN_KEY"), provenance.key.clone()),
        (names::RUN, None, provenance.run.clone()),
        (names::VERSION, None, env!("CARGO_PKG_VERSION").to_owned()),
    ];
    if let Some(reason) = &provenance.reason {
        let reason = redacted(reason).into_owned();
        said.push((names::REASON, Some("RETRAIN_REASON"), reason));
    }
    if let Some(sha256) = &provenance.drift_report {
        let variable = Some("RETRAIN_DRIFT_REPORT_SHA256");
        said.push((names::DRIFT_REPORT, variable, sha256.clone()));
    }
    if let Some(alert) = &provenance.alert {
        said.push((names::ALERT, Some("RETRAIN_ALERT"), alert.name.clone()));
        said.push((
            names::ALERT_FINGERPRINT,
            Some("RETRAIN_ALERT_FINGERPRINT"),
            alert.fingerprint.clone(),
        ));
        said.push((
            names::ALERT_STARTS_AT,
            Some("RETRAIN_ALERT_STARTS_AT"),
            alert.starts_at.clone(),
        ));
    }
    said
}

/// Applies what a run does differently.
///
/// # Errors
/// Fails with 64 if the container to change isn't there, or isn't plain from the template.
pub fn add_overrides(job: &mut Job, overrides: &Overrides) -> Result<()> {
    if overrides.is_empty() && overrides.container.is_none() {
        return Ok(());
    }
    let name = job.metadata.name.clone().unwrap_or_default();
    let mut all = containers(job);
    let known: Vec<String> = all.iter().map(|container| container.name.clone()).collect();
    let at = match &overrides.container {
        Some(wanted) => known
            .iter()
            .position(|name| name == wanted)
            .ok_or_else(|| {
                Error::usage(format!("the Job has no container \"{wanted}\""))
                    .hint(format!("its containers are {}", known.join(", ")))
            })?,
        None if known.len() == 1 => 0,
        None => {
            return Err(Error::usage(format!(
                "the Job has {} containers, and --container doesn't say which one to change",
                known.len()
            ))
            .hint(format!("its containers are {}", known.join(", "))));
        }
    };
    let Some(container) = all.get_mut(at) else {
        return Err(Error::usage(format!(
            "the Job {name} has no container to change"
        )));
    };
    set_env(container, &overrides.env);
    if !overrides.args.is_empty() {
        // The program gets what was typed: an argument may come from an alert or a file name, too.
        container.args = Some(overrides.args.iter().map(|arg| literal(arg)).collect());
    }
    if let Some(image) = &overrides.image {
        container.image = Some(image.clone());
    }
    Ok(())
}

fn pod_spec(job: &mut Job) -> Option<&mut PodSpec> {
    job.spec.as_mut()?.template.spec.as_mut()
}

fn containers(job: &mut Job) -> Vec<&mut Container> {
    match pod_spec(job) {
        Some(spec) => spec.containers.iter_mut().collect(),
        None => Vec::new(),
    }
}

fn set_env(container: &mut Container, variables: &[(String, String)]) {
    if variables.is_empty() {
        return;
    }
    let env = container.env.get_or_insert_default();
    for (name, value) in variables {
        let variable = EnvVar {
            name: name.clone(),
            value: Some(literal(value)),
            value_from: None,
        };
        // In its place: later variables may use it.
        match env.iter_mut().find(|known| known.name == *name) {
            Some(known) => *known = variable,
            None => env.push(variable),
        }
    }
}

/// Returns what an annotation of a Job says.
#[must_use]
pub fn annotation<'a>(job: &'a Job, name: &str) -> Option<&'a str> {
    job.metadata
        .annotations
        .as_ref()?
        .get(name)
        .map(String::as_str)
}

/// Tells whether the CronJob of this uid made the Job, or is said to have.
///
/// An owner need not be the controller: kubectl 1.18 to 1.24 made owner references without
/// `controller: true` (kubernetes/kubernetes#47538), and queues such as Kueue may control a Job that
/// the CronJob owns. The uid alone decides: a CronJob of the same name that was made anew is another.
#[must_use]
pub fn is_of(job: &Job, cron_job_uid: &str) -> bool {
    job.metadata
        .owner_references
        .iter()
        .flatten()
        .any(|owner| !cron_job_uid.is_empty() && owner.uid == cron_job_uid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expansion::kubelet::expand;
    use serde_json::json;

    fn cron_job() -> CronJob {
        serde_json::from_value(json!({
            "metadata": {"name": "retrain", "uid": "u-1", "labels": {"of": "the CronJob"}},
            "spec": {
                "schedule": "0 3 * * 0", "suspend": true,
                "jobTemplate": {
                    "metadata": {"labels": {"app": "churn"}, "annotations": {INSTANTIATE: "by-template", "a": "b"}},
                    "spec": {"backoffLimit": 0, "template": {"spec": {"restartPolicy": "Never", "containers": [
                        {"name": "train", "image": "churn:1", "args": ["train"],
                         "env": [{"name": "SEED", "value": "1"}, {"name": "RETRAIN_KEY", "value": "old"}]},
                        {"name": "side", "image": "side:1"}
                    ]}}}
                }
            }
        }))
        .expect("a CronJob")
    }

    #[test]
    fn a_job_is_of_the_cron_job_whose_uid_an_owner_has_controller_or_not() {
        // kubectl 1.25 and later, 1.18 to 1.24 (no `controller`), and a Job that Kueue controls.
        for owners in [
            json!([{"uid": "u-1", "controller": true}]),
            json!([{"uid": "u-1"}]),
            json!([{"uid": "w-1", "controller": true}, {"uid": "u-1", "controller": false}]),
        ] {
            let of = |uid| {
                let mut owners = owners.clone();
                for owner in owners.as_array_mut().expect("a list") {
                    owner["apiVersion"] = json!("batch/v1");
                    owner["kind"] = json!("CronJob");
                    owner["name"] = json!("retrain");
                }
                let job = json!({"metadata": {"name": "j", "ownerReferences": owners}});
                is_of(&serde_json::from_value(job).expect("a Job"), uid)
            };
            assert!(of("u-1"), "{owners}");
            assert!(!of("u-2") && !of(""), "{owners}");
        }
        assert!(!is_of(&Job::default(), "u-1"));
    }

    fn value(job: &Job) -> serde_json::Value {
        serde_json::to_value(job).expect("JSON")
    }

    #[test]
    fn labels_and_annotations_are_those_of_the_template_which_may_overrule_kubectls() {
        let job = value(&from_cron_job(&cron_job(), "n", "ns"));
        assert_eq!(job["metadata"]["labels"], json!({"app": "churn"}));
        assert_eq!(
            job["metadata"]["annotations"],
            json!({INSTANTIATE: "by-template", "a": "b"})
        );
        assert_eq!(
            job["metadata"]["ownerReferences"],
            json!([{"apiVersion": "batch/v1", "kind": "CronJob", "name": "retrain", "uid": "u-1", "controller": true}])
        );
        assert!(job["spec"].get("suspend").is_none());
    }

    #[test]
    fn provenance_is_in_the_annotations_and_in_every_container_once() {
        let mut job = from_cron_job(&cron_job(), "retrain-a-1", "ns");
        let provenance = Provenance {
            trigger: Trigger::Alert,
            requested_by: "alertmanager".into(),
            reason: Some("drift of $(HOME), $$(PGPASSWORD) and 5 $".into()),
            key: "k".into(),
            run: "r".into(),
            alert: Some(AlertRef {
                name: "Drift".into(),
                fingerprint: "f".into(),
                starts_at: "t".into(),
            }),
            drift_report: None,
        };
        add_provenance(&mut job, &provenance);
        let job = value(&job);
        assert_eq!(job["metadata"]["annotations"][names::ALERT], "Drift");
        assert_eq!(job["metadata"]["labels"][names::TRIGGER], "alert");
        for container in job["spec"]["template"]["spec"]["containers"]
            .as_array()
            .expect("two")
        {
            let of = |name: &str| -> Vec<&str> {
                let env = container["env"].as_array().expect("some").iter();
                let env = env.filter(|variable| variable["name"] == name);
                env.filter_map(|variable| variable["value"].as_str())
                    .collect()
            };
            assert_eq!(of("RETRAIN_KEY"), ["k"]);
            assert_eq!(of("RETRAIN_JOB"), ["retrain-a-1"]);
            // Otherwise the kubelet would put values of the pod's environment there.
            let reason = of("RETRAIN_REASON")[0];
            assert_eq!(reason, "drift of $$(HOME), $$$$(PGPASSWORD) and 5 $$");
            assert_eq!(
                expand(reason, |_| "leaked".to_owned()),
                "drift of $(HOME), $$(PGPASSWORD) and 5 $"
            );
        }
    }

    #[test]
    fn overrides_go_to_the_named_container_and_to_no_other() {
        let mut job = from_cron_job(&cron_job(), "n", "ns");
        let mut overrides = Overrides {
            env: vec![("SEED".into(), "7".into())],
            args: vec!["train".into(), "--seed=7".into(), "$$(TOKEN)".into()],
            image: Some("churn:2".into()),
            container: None,
        };
        let error = add_overrides(&mut job, &overrides).expect_err("two containers");
        assert_eq!(error.code().code(), 64);
        assert_eq!(error.hint_text(), Some("its containers are train, side"));
        overrides.container = Some("trian".into());
        assert!(add_overrides(&mut job, &overrides).is_err());
        overrides.container = Some("train".into());
        add_overrides(&mut job, &overrides).expect("there");
        let job = value(&job);
        let containers = &job["spec"]["template"]["spec"]["containers"];
        assert_eq!(containers[0]["image"], "churn:2");
        assert_eq!(
            containers[0]["args"],
            json!(["train", "--seed=7", "$$$$(TOKEN)"])
        );
        assert_eq!(
            containers[0]["env"],
            json!([{"name": "SEED", "value": "7"}, {"name": "RETRAIN_KEY", "value": "old"}])
        );
        assert_eq!(containers[1], json!({"name": "side", "image": "side:1"}));
    }
}
