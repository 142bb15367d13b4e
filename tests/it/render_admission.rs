//! What the hook may do on a real API server: its Role has each verb that it uses and no other, and the
//! admission policy takes the CronJob's Job and refuses every other one.

use std::collections::BTreeSet;

use churnctl::exit::ExitCode;
use serde_json::{Value, json};

use crate::api_server::{Fault, What};
use crate::control_plane::{ControlPlane, NAMESPACE};
use crate::harness::{Churnctl, Run};
use crate::retrain::{Listener, notification, stub};
use crate::servers::eventually;

#[test]
fn the_hooks_role_has_the_verbs_that_it_uses_and_no_other() {
    let (server, churnctl) = stub();
    let run = churnctl.run(&[
        "render-manifests",
        "--only",
        "Role/churn-retrain-hook",
        "-q",
    ]);
    let role: Value = serde_saphyr::from_str(&run.expect(ExitCode::Ok).stdout).expect("YAML");
    let texts = |value: &Value| -> Vec<String> {
        let list = value.as_array().expect("a list").iter();
        list.map(|text| text.as_str().expect("a text").to_owned())
            .collect()
    };
    let mut granted = BTreeSet::new();
    for rule in role["rules"].as_array().expect("rules") {
        for resource in texts(&rule["resources"]) {
            for verb in texts(&rule["verbs"]) {
                granted.insert(format!("{verb} {resource}"));
            }
        }
    }
    let listener = Listener::start(&churnctl, &["--cooldown=0s", "--max-per-day=9"]);
    // Two alerts, the first one twice, the second beside a Job that runs: the Lease is made and changed,
    // Jobs are listed and created, Events are left. A name that is taken makes it look at that Job.
    let body = notification(60);
    assert_eq!(listener.outcome(&body), (200, "created".into()));
    assert_eq!(listener.outcome(&body), (200, "duplicate".into()));
    let job = server.jobs()[0].clone();
    server.finish(&job, "Complete", "", "");
    // By this the admission policy knows the Jobs that it compares with the template.
    let trigger = &server.all("jobs")[0]["metadata"]["labels"]["churnctl.io/trigger"];
    assert_eq!(*trigger, "alert");
    let mut other = notification(30);
    other["alerts"][0]["fingerprint"] = "1111111111111111".into();
    server.fault(Fault::new("create", "jobs", What::DropAfter).times(1));
    let (status, _) = listener.outcome(&other);
    assert_eq!(status, 200);
    eventually("the Event", || {
        (!server.all("events").is_empty()).then_some(())
    });
    assert_eq!(listener.get("/ready").0, 200);
    let used: BTreeSet<String> = server
        .requests()
        .iter()
        .map(|request| {
            let words: Vec<&str> = request.split(' ').take(2).collect();
            words.join(" ")
        })
        // Everybody may ask what he may do (ClusterRole system:basic-user).
        .filter(|call| !call.contains("selfsubjectaccessreviews"))
        .collect();
    assert_eq!(used, granted);
}

/// One thing of a Job is changed: where it stands, its new value (`-` at the end of a place adds to a list,
/// no value takes away), what the refusal says, and what that would be.
type Change = (&'static str, &'static str, &'static str, &'static str);

/// Every way that we know from a Job to other code, other data or other rights.
#[rustfmt::skip]
const REFUSED: [Change; 22] = [
    ("C/image", r#""evil:1""#, "a container", "another image"),
    ("C/command", r#"["/bin/sh"]"#, "a container", "a command"),
    ("C/args/-", r#""--seed=1""#, "a container", "an argument"),
    ("C/securityContext", r#"{"privileged": true}"#, "a container", "privileged"),
    ("C/securityContext", "", "a container", "no security context"),
    ("C/envFrom", r#"[{"secretRef": {"name": "churn-alerting"}}]"#, "a container", "variables of a Secret"),
    ("C/env/-", r#"{"name": "LD_PRELOAD", "value": "/x"}"#, "a variable", "a variable"),
    ("C/env/-", r#"{"name": "RETRAIN_X", "valueFrom": {"secretKeyRef": {"name": "churn-alerting", "key": "smtp-password"}}}"#, "a variable", "a Secret as variable"),
    ("C/env/0", "", "a variable", "a variable less"),
    ("P/containers/-", r#"{"name": "b", "image": "evil:1"}"#, "a container", "a second container"),
    ("P/initContainers", r#"[{"name": "b", "image": "evil:1"}]"#, "the pod is", "a container before"),
    ("P/volumes/-", r#"{"name": "h", "hostPath": {"path": "/"}}"#, "the pod is", "a folder of the node"),
    ("P/serviceAccountName", r#""churn-retrain-hook""#, "the pod is", "another account"),
    ("P/automountServiceAccountToken", "true", "the pod is", "a token"),
    ("P/hostNetwork", "true", "the pod is", "the node's network"),
    ("P/nodeName", r#""control-plane""#, "the pod is", "a node"),
    ("M/labels/app.kubernetes.io~1name", r#""churn-api""#, "labels", "labels of the API's pods"),
    ("M/annotations", r#"{"vault.hashicorp.com/agent-inject": "true"}"#, "annotations", "annotations"),
    ("/spec/parallelism", "50", "the Job's spec", "many pods"),
    ("/metadata/ownerReferences", "[]", "the only owner", "no owner"),
    ("/metadata/ownerReferences/0/uid", r#""0e2f0c5e-0000-4000-8000-000000000000""#, "the only owner", "an owner of that name"),
    ("/metadata/labels/churnctl.io~1trigger", "", "no label", "no label of the hook's"),
];

fn changed(job: &Value, at: &str, value: &str) -> Value {
    let at = at
        .replacen("C/", "/spec/template/spec/containers/0/", 1)
        .replacen("P/", "/spec/template/spec/", 1)
        .replacen("M/", "/spec/template/metadata/", 1);
    let mut job = job.clone();
    let (parent, key) = at.rsplit_once('/').expect("a place");
    let value = (!value.is_empty()).then(|| serde_json::from_str(value).expect("JSON"));
    let key = key.replace("~1", "/");
    match (job.pointer_mut(parent).expect("what is changed"), value) {
        (Value::Object(map), Some(value)) => drop(map.insert(key, value)),
        (Value::Object(map), None) => drop(map.remove(&key)),
        (Value::Array(list), Some(value)) => list.push(value),
        (Value::Array(list), None) => drop(list.remove(key.parse().expect("a place"))),
        (other, _) => panic!("{at}: {other}"),
    }
    job
}

/// The Job that the server has, as a client may send it.
fn as_sent(mut job: Value) -> Value {
    let keep = |map: Option<&mut Value>, kept: &dyn Fn(&str) -> bool| {
        let map = map.and_then(Value::as_object_mut).expect("a map");
        map.retain(|key, _| kept(key));
    };
    let named = ["namespace", "labels", "annotations", "ownerReferences"];
    keep(job.get_mut("metadata"), &|key| named.contains(&key));
    job["metadata"]["name"] = "again".into();
    keep(job.get_mut("spec"), &|key| key != "selector");
    let labels = job.pointer_mut("/spec/template/metadata/labels");
    keep(labels, &|key| {
        !key.contains("controller-uid") && !key.contains("job-name")
    });
    job
}

/// Asks the server whether it would take a Job of somebody's.
fn asked(plane: &ControlPlane, who: &str, job: &Value) -> Run {
    let file = plane.path("job.json");
    std::fs::write(&file, job.to_string()).expect("write");
    let file = file.display().to_string();
    let args = ["create", "--dry-run=server", "--validate=false", "-f"];
    plane.kubectl(who, &[&args[..], &[&file]].concat())
}

/// Asserts that a policy refuses, and for this reason.
fn assert_refused(run: &Run, reason: &str, what: &str) {
    assert_eq!(run.code, Some(1), "{what}: {run:#?}");
    let by_policy = run.stderr.contains("ValidatingAdmissionPolicy");
    let says_why = run.stderr.contains(reason);
    assert!(by_policy && says_why, "{what}: {}", run.stderr);
}

/// A control plane with everything rendered that is Kubernetes' own, and a kubeconfig of the hook's account.
fn deployed(churnctl: &Churnctl) -> Option<ControlPlane> {
    let plane = ControlPlane::start()?;
    let parts = "--parts=api,jobs,hook,pushgateway,seed-model,profile-shards,drift-exporter";
    let render = ["render-manifests", "--output-dir", "k8s", "-q", parts];
    churnctl.run(&render).expect(ExitCode::Ok);
    let folder = churnctl.path("k8s").display().to_string();
    let applied = plane.kubectl("admin", &["apply", "-k", &folder]);
    applied.expect(ExitCode::Ok);
    let token = plane.kubectl("admin", &["create", "token", "churn-retrain-hook"]);
    plane.kubeconfig("hook", token.stdout.trim());
    Some(plane)
}

#[test]
fn the_api_server_keeps_every_object_as_it_is_rendered() {
    let churnctl = Churnctl::new();
    let Some(plane) = deployed(&churnctl) else {
        return;
    };
    // Empty maps and lists aren't kept: Argo CD would call the application OutOfSync for ever.
    let folder = churnctl.path("k8s").display().to_string();
    let diff = plane.kubectl("admin", &["diff", "-k", &folder]);
    assert_eq!(diff.code, Some(0), "{}{}", diff.stdout, diff.stderr);
}

#[test]
fn the_admission_policies_take_the_hooks_job_and_refuse_every_other() {
    let Some(plane) = deployed(&Churnctl::new()) else {
        return;
    };
    // A policy works from when the server has read it.
    let other = json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "other", "namespace": NAMESPACE},
        "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "evil:1"}]}}},
    });
    let mut labelled = other.clone();
    labelled["metadata"]["labels"] = json!({"churnctl.io/trigger": "alert"});
    for (job, policy) in [(&other, "hook-label"), (&labelled, "hook-template")] {
        eventually("the policy is at work", || {
            let run = asked(&plane, "hook", job);
            run.stderr.contains(policy).then_some(())
        });
    }
    // The hook itself, with the rights of its account and nothing else; and a person's way with them.
    let config = plane.path("hook").display().to_string();
    let hook = Churnctl::new().env("KUBECONFIG", &config);
    let listener = Listener::start(&hook, &["--namespace=churn-mlops"]);
    let (status, answer) = listener.post(&notification(60));
    let alert = &answer["alerts"][0];
    let said = listener.said();
    assert_eq!(alert["outcome"], "created", "{status}: {answer} {said}");
    let now = [
        "retrain",
        "now",
        "--yes",
        "--force",
        "--namespace=churn-mlops",
    ];
    hook.run(&now).expect(ExitCode::Ok);
    let evil = hook.run(&[&now[..], &["--image=evil:1"]].concat());
    assert_ne!(evil.code, Some(0), "{evil:#?}");
    assert!(evil.stderr.contains("hook-template"), "{}", evil.stderr);
    let name = alert["job"].as_str().expect("a name");
    let run = plane.kubectl("admin", &["get", "job", name, "-o", "json"]);
    let job = as_sent(run.expect(ExitCode::Ok).json());
    asked(&plane, "hook", &job).expect(ExitCode::Ok);
    for (at, value, reason, what) in REFUSED {
        let changed = changed(&job, at, value);
        assert_ne!(changed, job, "{what}");
        assert_refused(&asked(&plane, "hook", &changed), reason, what);
        // People with rights of their own aren't bound by it.
        asked(&plane, "admin", &changed).expect(ExitCode::Ok);
    }
    // A CronJob that was patched needs no new policy.
    let patch = r#"{"spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": [{"name": "churnctl", "image": "new:1"}]}}}}}}"#;
    let args = ["patch", "cronjob", "churn-retrain-weekly", "-p", patch];
    plane.kubectl("admin", &args).expect(ExitCode::Ok);
    let job = changed(&job, "C/image", r#""new:1""#);
    eventually("the patched template", || {
        (asked(&plane, "hook", &job).code == Some(0)).then_some(())
    });
}

#[test]
fn the_hook_starts_nothing_elsewhere_and_nothing_without_the_cronjob_which_binds_nobody_else() {
    let Some(plane) = deployed(&Churnctl::new()) else {
        return;
    };
    let job = |namespace: &str, labels: Value| {
        json!({
            "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "a", "namespace": namespace, "labels": labels},
            "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "evil:1"}]}}},
        })
    };
    let alert = json!({"churnctl.io/trigger": "alert"});
    let elsewhere = job("default", alert.clone());
    // By its Role, and by the policy where somebody gave it more.
    let run = asked(&plane, "hook", &elsewhere);
    assert!(run.stderr.contains("cannot create resource"), "{run:#?}");
    let account = format!("--serviceaccount={NAMESPACE}:churn-retrain-hook");
    let give = [
        "create",
        "clusterrolebinding",
        "all",
        "--clusterrole=cluster-admin",
        &account,
    ];
    plane.kubectl("admin", &give).expect(ExitCode::Ok);
    eventually("the rights are there", || {
        let run = asked(&plane, "hook", &elsewhere);
        run.stderr
            .contains("are in namespace churn-mlops")
            .then_some(())
    });
    let gone = ["delete", "cronjob", "churn-retrain-weekly"];
    plane.kubectl("admin", &gone).expect(ExitCode::Ok);
    eventually("the policy has seen it", || {
        let run = asked(&plane, "hook", &job(NAMESPACE, alert.clone()));
        run.stderr.contains("no params found").then_some(())
    });
    assert_refused(
        &asked(&plane, "hook", &job(NAMESPACE, json!({}))),
        "no label",
        "without",
    );
    // What the controller makes of the other CronJobs goes on.
    asked(&plane, "admin", &job(NAMESPACE, json!({}))).expect(ExitCode::Ok);
}
