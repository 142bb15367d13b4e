//! Bad luck at the worst moment, many times each: one alert is one Job, whatever is killed, refused or slow between
//! Alertmanager's notification and the Job.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::install::{self, NAMESPACE, World};
use crate::lab::{Lab, Outcome, tell};

/// Nothing holds a start back but what the troubles do, and every Job is this scenario's own.
const SETTINGS: &str = r#"
retrain.cooldown = "0s"
retrain.max_per_day = 100000
k8s.parts = ["api", "jobs", "hook", "pushgateway", "seed-model"]
k8s.suspend = ["churn-drift-daily", "churn-batch-score"]
"#;

const HOOK: &str = "churn-retrain-hook";
/// Pods and Jobs of a retrain, whoever started it.
const RETRAIN: &str = "app.kubernetes.io/name=churn-retrain-weekly";

/// Does something to the cluster.
type Deed = fn(&mut Lab) -> Result<(), String>;

/// Something that goes wrong while an alert is delivered, and what sets it right again.
struct Trouble {
    name: &'static str,
    when: When,
    strike: Deed,
    /// Puts the cluster back; the notification is repeated afterwards, as Alertmanager does.
    mend: Deed,
}

/// When a trouble strikes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    /// Before the notification is sent.
    Before,
    /// While it is on its way: each turn 3 ms later than the one before, up to 57 ms.
    OnItsWay,
    /// Once its Job runs.
    AtTheJob,
}

use When::{AtTheJob, Before, OnItsWay};

const NOTHING: Deed = |_| Ok(());

const fn trouble(name: &'static str, when: When, strike: Deed, mend: Deed) -> Trouble {
    Trouble {
        name,
        when,
        strike,
        mend,
    }
}

const TROUBLES: &[Trouble] = &[
    trouble("none", Before, NOTHING, NOTHING),
    trouble("hook killed", OnItsWay, kill_hook, NOTHING),
    trouble("hook pod deleted", OnItsWay, delete_hook, NOTHING),
    trouble("two hooks, one killed", OnItsWay, kill_hook, one_hook),
    trouble("API server killed", OnItsWay, restart_api, NOTHING),
    trouble("etcd killed", OnItsWay, restart_etcd, NOTHING),
    trouble(
        "controllers killed",
        OnItsWay,
        |lab| {
            lab.plane.controllers.kill();
            lab.plane.controllers.start()
        },
        NOTHING,
    ),
    trouble("retrain pod deleted", AtTheJob, delete_pod, NOTHING),
    trouble("node drained", AtTheJob, drain, |lab| {
        lab.kubectl(&["uncordon", "node1", "node2"]).map(drop)
    }),
    trouble("quota", Before, quota, |lab| {
        delete(lab, "resourcequota/no-jobs")
    }),
    trouble("admission policy", Before, policy, |lab| {
        delete(lab, "validatingadmissionpolicybinding/no-jobs")?;
        delete(lab, "validatingadmissionpolicy/no-jobs")
    }),
    trouble(
        "no right to create Jobs",
        Before,
        |lab| without_verb(lab, "jobs", "create"),
        apply_again,
    ),
    trouble(
        "no right to list Jobs",
        Before,
        |lab| without_verb(lab, "jobs", "list"),
        apply_again,
    ),
    trouble(
        "no right to update the Lease",
        Before,
        |lab| without_verb(lab, "leases", "update"),
        apply_again,
    ),
    trouble(
        "CronJob gone",
        Before,
        |lab| delete(lab, "cronjob/churn-retrain-weekly"),
        apply_again,
    ),
    trouble("claim of a dead hook", Before, dead_claim, NOTHING),
];

pub(crate) fn run(lab: &mut Lab) -> Outcome {
    install::deployed(lab, "luck", SETTINGS)?;
    install::rolled_out(lab, HOOK)?;
    let mut wrong = 0;
    for trouble in TROUBLES {
        let began = Instant::now();
        // A run that is to be struck must last some seconds.
        let rows = if trouble.when == AtTheJob {
            60_000
        } else {
            3_000
        };
        install::month(lab, World::Old, 1, rows)?;
        let (mut right, mut adopted, mut refused) = (0, 0, 0);
        for turn in 0..lab.repeat {
            match once(lab, trouble, turn) {
                Ok(seen) => {
                    right += 1;
                    adopted += usize::from(seen.adopted);
                    refused += usize::from(seen.refused);
                }
                Err(error) => {
                    tell(&format!("       {}, turn {turn}: {error}", trouble.name));
                    wrong += 1;
                }
            }
        }
        let line = format!(
            "{}: one Job {right} of {}, {refused} refused at first, {adopted} adopted",
            trouble.name, lab.repeat
        );
        let seconds = began.elapsed().as_secs_f64();
        tell(&format!("       {line}, {seconds:.0} s"));
    }
    if wrong == 0 {
        Ok(format!(
            "{} kinds, {} times each",
            TROUBLES.len(),
            lab.repeat
        ))
    } else {
        Err(format!("{wrong} turns went wrong"))
    }
}

struct Seen {
    /// The Job was there already when the answer that counts came.
    adopted: bool,
    /// An answer before that was an error, so that Alertmanager repeats.
    refused: bool,
}

/// One alert under one trouble: repeated until it is taken, and once more when its Job has ended.
fn once(lab: &mut Lab, trouble: &Trouble, turn: usize) -> Result<Seen, String> {
    forget(lab)?;
    if trouble.name.starts_with("two hooks") {
        hooks(lab, 2)?;
    }
    let alert = notification(&format!("{} {turn}", trouble.name)).to_string();
    let token = install::token(lab, HOOK)?;
    let address = lab.ours(&format!(
        "get service {HOOK} -o jsonpath={{.spec.clusterIP}}"
    ))?;
    let url = format!("http://{address}:8080/alertmanager");
    if trouble.when == Before {
        (trouble.strike)(lab)?;
    }
    let (send, answers) = mpsc::channel();
    let (first_url, first_token, body) = (url.clone(), token.clone(), alert.clone());
    let sender = thread::spawn(move || {
        let _ = send.send(post(&first_url, &first_token, &body));
    });
    match trouble.when {
        Before => {}
        OnItsWay => {
            thread::sleep(Duration::from_millis(turn as u64 % 20 * 3));
            (trouble.strike)(lab)?;
        }
        AtTheJob => (trouble.strike)(lab)?,
    }
    let first = answers
        .recv_timeout(Duration::from_secs(30))
        .unwrap_or_else(|_| Err("no answer".to_owned()));
    let _ = sender.join();
    (trouble.mend)(lab)?;
    let refused = first.is_err();
    if trouble.when == Before && trouble.name != "none" && !refused {
        return Err("the notification was taken in spite of it".to_owned());
    }
    let taken = lab.until("the notification is taken", 60, |_| {
        post(&url, &token, &alert).map(Some)
    })?;
    settled(lab)?;
    let again = lab.until("it is answered again", 30, |_| {
        post(&url, &token, &alert).map(Some)
    })?;
    if again != "duplicate" {
        return Err(format!("repeated after the end of its Job: {again}"));
    }
    match settled(lab)? {
        1 => Ok(Seen {
            adopted: refused && taken == "duplicate",
            refused,
        }),
        jobs => Err(format!("{jobs} Jobs; first answer {first:?}, last {taken}")),
    }
}

/// How many Jobs the alert has, once they have ended well.
fn settled(lab: &Lab) -> Result<usize, String> {
    lab.until("the Job has ended well", 90, |lab| {
        let jobs = lab.list("jobs -l churnctl.io/trigger=alert")?;
        let done = !jobs.is_empty() && jobs.iter().all(|job| job["status"]["succeeded"] == 1);
        Ok(done.then_some(jobs.len()))
    })
}

/// Removes what the turn before left, so that each counts its own Jobs.
fn forget(lab: &Lab) -> Result<(), String> {
    lab.ours("delete jobs -l churnctl.io/trigger=alert --ignore-not-found --timeout=60s")?;
    hook_ready(lab, 1)
}

fn hook_ready(lab: &Lab, count: i64) -> Result<(), String> {
    lab.until("the hook is ready", 60, |lab| {
        let hook = lab.get(&format!("deployment {HOOK}"))?;
        Ok((hook["status"]["readyReplicas"] == count).then_some(()))
    })
}

fn hooks(lab: &Lab, count: i64) -> Result<(), String> {
    lab.ours(&format!("scale deployment {HOOK} --replicas={count}"))?;
    hook_ready(lab, count)
}

fn one_hook(lab: &mut Lab) -> Result<(), String> {
    hooks(lab, 1)
}

/// What Alertmanager would send now about one alert.
fn notification(of: &str) -> Value {
    let fingerprint = of.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let labels = json!({"alertname": "ModelDataDrift", "action": "retrain", "namespace": NAMESPACE, "model": "churn"});
    json!({
        "version": "4", "groupKey": "{}:{}", "truncatedAlerts": 0, "status": "firing", "receiver": "retrain",
        "groupLabels": {}, "commonLabels": labels, "commonAnnotations": {}, "externalURL": "http://alertmanager",
        "alerts": [{
            "status": "firing", "labels": labels, "annotations": {}, "startsAt": jiff::Timestamp::now().to_string(),
            "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "", "fingerprint": format!("{fingerprint:016x}"),
        }],
    })
}

/// Delivers it: `created` or `duplicate`. An error is what makes Alertmanager repeat.
fn post(url: &str, token: &str, body: &str) -> Result<String, String> {
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(10)))
        .http_status_as_error(false);
    let agent = ureq::Agent::new_with_config(config.build());
    let sent = agent
        .post(url)
        .header("Authorization", format!("Bearer {token}"))
        .header("Content-Type", "application/json")
        .send(body);
    let mut answer = sent.map_err(|error| error.to_string())?;
    let text = answer
        .body_mut()
        .read_to_string()
        .map_err(|error| error.to_string())?;
    if answer.status().as_u16() != 200 {
        return Err(format!("{}: {text}", answer.status()));
    }
    let parsed: Value = serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))?;
    match parsed["alerts"][0]["outcome"].as_str() {
        Some(outcome @ ("created" | "duplicate")) => Ok(outcome.to_owned()),
        // A Job that runs, a claim of another: Alertmanager repeats at its interval.
        _ => Err(text),
    }
}

fn kill_hook(lab: &mut Lab) -> Result<(), String> {
    lab.kill_programs("retrain listen", 1)?;
    // The container is seen to have ended before it is waited for.
    thread::sleep(Duration::from_millis(500));
    lab.until("the hook is back", 60, |lab| {
        let hook = lab.get(&format!("deployment {HOOK}"))?;
        Ok((hook["status"]["readyReplicas"] == hook["spec"]["replicas"]).then_some(()))
    })
}

fn delete_hook(lab: &mut Lab) -> Result<(), String> {
    lab.ours(&format!(
        "delete pod -l app.kubernetes.io/name={HOOK} --wait=false"
    ))
    .map(drop)
}

fn restart_api(lab: &mut Lab) -> Result<(), String> {
    lab.plane.api_server.kill();
    thread::sleep(Duration::from_secs(1));
    lab.plane.api_server.start()?;
    lab.plane.wait_until_ready()
}

fn restart_etcd(lab: &mut Lab) -> Result<(), String> {
    lab.plane.etcd.kill();
    thread::sleep(Duration::from_secs(1));
    lab.plane.etcd.start()?;
    lab.plane.wait_until_ready()
}

/// The retrain pod as it runs; one that has ended proves nothing.
fn retrain_pod(lab: &Lab) -> Result<(String, String), String> {
    lab.until("the pod of the retrain Job runs", 30, |lab| {
        let pods = lab.list(&format!("pods -l {RETRAIN}"))?;
        let runs = pods.iter().find(|pod| pod["status"]["phase"] == "Running");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Ok(runs.map(|pod| {
            (
                text(&pod["metadata"]["name"]),
                text(&pod["spec"]["nodeName"]),
            )
        }))
    })
}

fn delete_pod(lab: &mut Lab) -> Result<(), String> {
    let (pod, _) = retrain_pod(lab)?;
    lab.ours(&format!("delete pod {pod} --wait=false"))
        .map(drop)
}

fn drain(lab: &mut Lab) -> Result<(), String> {
    let (_, node) = retrain_pod(lab)?;
    lab.ours(&format!(
        "drain {node} --ignore-daemonsets --delete-emptydir-data --force --timeout=60s --pod-selector {RETRAIN}"
    ))
    .map(drop)
}

fn delete(lab: &Lab, what: &str) -> Result<(), String> {
    lab.ours(&format!("delete {what} --ignore-not-found"))
        .map(drop)
}

fn quota(lab: &mut Lab) -> Result<(), String> {
    lab.ours("create quota no-jobs --hard=count/jobs.batch=0")?;
    lab.until("the quota counts", 30, |lab| {
        let quota = lab.get("resourcequota no-jobs")?;
        Ok((!quota["status"]["hard"].is_null()).then_some(()))
    })
}

fn policy(lab: &mut Lab) -> Result<(), String> {
    lab.apply("policy.yaml", "apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: no-jobs}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [batch], apiVersions: [v1], operations: [CREATE], resources: [jobs]}]}
  validations: [{expression: 'false', message: no Jobs today}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: no-jobs}
spec: {policyName: no-jobs, validationActions: [Deny]}
")?;
    lab.until("the policy holds", 30, |lab| {
        let job = "create job refused --image=none --dry-run=server";
        Ok(lab.ours(job).is_err().then_some(()))
    })
}

fn without_verb(lab: &Lab, resource: &str, verb: &str) -> Result<(), String> {
    let mut role = lab.get(&format!("role {HOOK}"))?;
    for rule in role["rules"].as_array_mut().into_iter().flatten() {
        let about = rule["resources"]
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one == resource));
        if let Some(verbs) = rule["verbs"].as_array_mut().filter(|_| about) {
            verbs.retain(|one| one != verb);
        }
    }
    role["metadata"]["managedFields"] = Value::Null;
    let file = lab.folder.join("role.json");
    std::fs::write(&file, role.to_string()).map_err(|error| error.to_string())?;
    lab.ours(&format!("replace -f {}", file.display()))
        .map(drop)
}

fn apply_again(lab: &mut Lab) -> Result<(), String> {
    install::apply(lab, &lab.folder.join("luck/k8s").display().to_string())
}

/// What a hook left that died between its claim and its Job: another alert is on its way for some seconds yet.
fn dead_claim(lab: &mut Lab) -> Result<(), String> {
    let lease = lab.get("lease churnctl-retrain")?;
    let ledger = lease["metadata"]["annotations"]["churnctl.io/ledger"].as_str();
    let mut ledger: Value =
        serde_json::from_str(ledger.unwrap_or("{}")).map_err(|error| error.to_string())?;
    let until = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(5);
    ledger["claim"] = json!({
        "job": "churn-retrain-weekly-a-0000000000", "key": "0".repeat(64), "trigger": "alert", "run": "dead",
        "at": format!("{:.0}", jiff::Timestamp::now()), "until": format!("{until:.0}"),
    });
    let patch = json!({"metadata": {"annotations": {"churnctl.io/ledger": ledger.to_string()}}});
    let patch = patch.to_string();
    lab.kubectl(&[
        "-n",
        NAMESPACE,
        "patch",
        "lease",
        "churnctl-retrain",
        "--type=merge",
        "-p",
        &patch,
    ])
    .map(drop)
}
