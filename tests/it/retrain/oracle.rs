//! kubectl makes the same Job, ours aside.

use std::process::Command;

use churnctl::exit::ExitCode;
use serde_json::{Value, json};

use super::{beside, cron_job};
use crate::api_server::ApiServer;
use crate::harness::{Churnctl, skipped};

/// Takes away what we add, and what kubectl writes as null or empty.
fn bare(mut job: Value) -> Value {
    let metadata = job["metadata"].as_object_mut().expect("metadata");
    metadata.remove("name");
    metadata.remove("creationTimestamp");
    for part in ["annotations", "labels"] {
        let Some(own) = metadata.get_mut(part).and_then(Value::as_object_mut) else {
            continue;
        };
        own.retain(|name, _| !name.starts_with("churnctl.io/"));
        if own.is_empty() {
            metadata.remove(part);
        }
    }
    job.as_object_mut().expect("an object").remove("status");
    let template = job.pointer_mut("/spec/template").expect("a template");
    let template = template.as_object_mut().expect("an object");
    if let Some(metadata) = template.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("creationTimestamp");
        if metadata.is_empty() {
            template.remove("metadata");
        }
    }
    for part in ["containers", "initContainers"] {
        let Some(containers) = job["spec"]["template"]["spec"].get_mut(part) else {
            continue;
        };
        for container in containers.as_array_mut().expect("a list") {
            let container = container.as_object_mut().expect("an object");
            if container.get("resources") == Some(&json!({})) {
                container.remove("resources");
            }
            let Some(env) = container.get_mut("env").and_then(Value::as_array_mut) else {
                continue;
            };
            env.retain(|variable| {
                !variable["name"]
                    .as_str()
                    .expect("a name")
                    .starts_with("RETRAIN_")
            });
            if env.is_empty() {
                container.remove("env");
            }
        }
    }
    job
}

/// What kubectl makes of the CronJob; none where there is no kubectl.
fn kubectls(churnctl: &Churnctl, name: &str) -> Option<Value> {
    let from = format!("--from=cronjob/{name}");
    let args = [
        "-n",
        "churn-mlops",
        "create",
        "job",
        "m1",
        &from,
        "--dry-run=client",
        "-o",
        "json",
    ];
    let output = Command::new("kubectl")
        .args(args)
        .env("KUBECONFIG", churnctl.path("kubeconfig"))
        .env("HOME", churnctl.path("."))
        .output();
    let output = match output {
        Ok(output) => output,
        Err(error) => {
            skipped(&format!("cannot run kubectl: {error}"));
            return None;
        }
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "kubectl: {said}");
    Some(serde_json::from_slice(&output.stdout).expect("JSON of kubectl"))
}

/// A plain one, a suspended one, one with labels and annotations, one with the longest name, and one
/// with several containers.
fn cron_jobs() -> Vec<Value> {
    let plain = cron_job("churn-retrain-weekly");
    let mut suspended = cron_job("suspended");
    suspended["spec"]["suspend"] = true.into();
    let mut labelled = cron_job("labelled");
    labelled["metadata"]["annotations"] = json!({"not": "copied"});
    labelled["spec"]["jobTemplate"]["metadata"] = json!({
        "labels": {"app": "churn", "team": "growth"},
        "annotations": {"owner": "eve", "cronjob.kubernetes.io/instantiate": "by-template"}
    });
    labelled["spec"]["jobTemplate"]["spec"]["template"]["metadata"] =
        json!({"labels": {"app": "churn"}});
    let long = cron_job("churn-retrain-weekly-with-a-name-of-fifty-two-bytes-");
    let mut long_name = long.clone();
    long_name["metadata"]["name"] = "churn-retrain-weekly-with-a-name-of-fifty-two-bytes1".into();
    let mut several = cron_job("several");
    let job = &mut several["spec"]["jobTemplate"]["spec"];
    job["podFailurePolicy"] = json!({"rules": [{"action": "FailJob", "onExitCodes": {"containerName": "train", "operator": "In", "values": [2, 64]}}]});
    job["activeDeadlineSeconds"] = 3600.into();
    job["ttlSecondsAfterFinished"] = 86400.into();
    job["template"]["spec"] = json!({
        "restartPolicy": "Never", "serviceAccountName": "churn-batch", "automountServiceAccountToken": false,
        "initContainers": [{"name": "fetch", "image": "fetch:1", "resources": {}}],
        "containers": [
            {"name": "train", "image": "churnctl:1", "command": ["churnctl"], "args": ["train", "--seed", "1"],
             "env": [{"name": "SEED", "value": "1"}, {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
             "resources": {"limits": {"cpu": "2", "memory": "1Gi"}},
             "volumeMounts": [{"name": "data", "mountPath": "/data"}]},
            {"name": "log", "image": "log:1", "resources": {}}
        ],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "churn-mlops-pvc"}}]
    });
    vec![plain, suspended, labelled, long_name, several]
}

#[test]
fn the_job_is_kubectls_on_five_cron_jobs() {
    let server = ApiServer::start();
    let churnctl = beside(&server);
    let mut compared = 0;
    for cron_job in cron_jobs() {
        let name = cron_job["metadata"]["name"]
            .as_str()
            .expect("a name")
            .to_owned();
        server.put(cron_job);
        let run = churnctl
            .run(&[
                "retrain",
                "now",
                "--from",
                &name,
                "--dry-run=client",
                "--format=json",
            ])
            .expect(ExitCode::Ok);
        let ours = run.json();
        let job = ours["metadata"]["name"].as_str().expect("a name");
        assert!(
            job.len() <= 63 && job.starts_with(&name[..name.len().min(20)]),
            "{job}"
        );
        assert_eq!(ours["metadata"]["labels"]["churnctl.io/trigger"], "manual");
        assert_eq!(
            ours["metadata"]["annotations"]["churnctl.io/requested-by"],
            "eve@desk"
        );
        if let Some(kubectls) = kubectls(&churnctl, &name) {
            assert_eq!(bare(ours), bare(kubectls), "{name}");
            compared += 1;
        }
    }
    assert!(compared == 5 || compared == 0, "{compared}");
    assert!(server.jobs().is_empty() && server.all("leases").is_empty());
}
