//! Bad luck at the worst moment, many times each: one alert is one Job, whatever is killed, refused or slow between
//! Alertmanager's notification and the Job.

use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::install::NAMESPACE;
use super::service::deployed;
use crate::lab::{Lab, Outcome};

const SETTINGS: &str = r#"
model = "churn"
[data]
label = "churn"
[retrain]
cooldown = "0s"
max_per_day = 100000
[k8s]
storage = "256Mi"
max_replicas = 2
suspend = ["churn-drift-daily", "churn-batch-score"]
"#;

/// Something that goes wrong while an alert is delivered, and what sets it right again.
struct Trouble {
    name: &'static str,
    /// `step` of `of` says where in the run of the notification it strikes.
    strike: fn(&mut Lab, Moment) -> Result<(), String>,
    /// Puts the cluster back; the notification is repeated afterwards, as Alertmanager does.
    mend: fn(&mut Lab) -> Result<(), String>,
}

/// When a trouble strikes after the notification was sent.
#[derive(Clone, Copy)]
struct Moment {
    after: Duration,
}

impl Moment {
    fn wait(self) {
        thread::sleep(self.after);
    }
}

const NOTHING: fn(&mut Lab) -> Result<(), String> = |_| Ok(());

const TROUBLES: &[Trouble] = &[
    Trouble {
        name: "none",
        strike: |_, _| Ok(()),
        mend: NOTHING,
    },
    Trouble {
        name: "hook killed",
        strike: |lab, moment| {
            moment.wait();
            kill_hook(lab)
        },
        mend: NOTHING,
    },
    Trouble {
        name: "hook pod deleted",
        strike: |lab, moment| {
            moment.wait();
            delete_hook(lab)
        },
        mend: NOTHING,
    },
    Trouble {
        name: "API server killed",
        strike: |lab, moment| {
            moment.wait();
            restart_api(lab)
        },
        mend: NOTHING,
    },
    Trouble {
        name: "etcd killed",
        strike: |lab, moment| {
            moment.wait();
            restart_etcd(lab)
        },
        mend: NOTHING,
    },
    Trouble {
        name: "controllers killed",
        strike: |lab, moment| {
            moment.wait();
            lab.plane.controllers.kill();
            lab.plane.controllers.start()
        },
        mend: NOTHING,
    },
    Trouble {
        name: "retrain pod deleted",
        strike: |lab, _| delete_retrain_pod(lab),
        mend: NOTHING,
    },
    Trouble {
        name: "node drained",
        strike: |lab, _| drain(lab),
        mend: |lab| lab.kubectl(&["uncordon", "node1", "node2"]).map(drop),
    },
    Trouble {
        name: "quota",
        strike: |lab, _| quota(lab),
        mend: |lab| delete(lab, "resourcequota/no-jobs"),
    },
    Trouble {
        name: "admission policy",
        strike: |lab, _| policy(lab),
        mend: |lab| {
            delete(lab, "validatingadmissionpolicybinding/no-jobs")?;
            delete(lab, "validatingadmissionpolicy/no-jobs")
        },
    },
    Trouble {
        name: "no right to create Jobs",
        strike: |lab, _| without_verb(lab, "jobs", "create"),
        mend: give_rights_back,
    },
    Trouble {
        name: "no right to list Jobs",
        strike: |lab, _| without_verb(lab, "jobs", "list"),
        mend: give_rights_back,
    },
    Trouble {
        name: "no right to update the Lease",
        strike: |lab, _| without_verb(lab, "leases", "update"),
        mend: give_rights_back,
    },
    Trouble {
        name: "CronJob gone",
        strike: |lab, _| delete(lab, "cronjob/churn-retrain-weekly"),
        mend: apply_again,
    },
    Trouble {
        name: "lease of a dead holder",
        strike: |lab, _| dead_holder(lab),
        mend: NOTHING,
    },
];

pub(crate) fn run(lab: &mut Lab) -> Outcome {
    let manifests = deployed(lab, "luck", SETTINGS)?;
    lab.kubectl(&[
        "-n",
        NAMESPACE,
        "rollout",
        "status",
        "deployment",
        "churn-retrain-hook",
        "--timeout=120s",
    ])?;
    let mut told = Vec::new();
    for trouble in TROUBLES {
        let (mut adopted, mut refused) = (0, 0);
        for turn in 0..lab.repeat {
            let seen = once(lab, trouble, turn)
                .map_err(|error| format!("{}, turn {turn}: {error}", trouble.name))?;
            adopted += usize::from(seen.adopted);
            refused += usize::from(seen.refused);
        }
        told.push(format!(
            "{} {}x ({adopted} adopted, {refused} refused first)",
            trouble.name, lab.repeat
        ));
    }
    drop(manifests);
    Ok(told.join("; "))
}

struct Seen {
    /// The Job was there already when the answer that counts came.
    adopted: bool,
    /// An answer before that was an error, so that Alertmanager repeats.
    refused: bool,
}

/// One alert under one trouble: repeated until it is taken, and then once more.
fn once(lab: &mut Lab, trouble: &Trouble, turn: usize) -> Result<Seen, String> {
    forget(lab)?;
    let alert = notification(&format!("{} {turn}", trouble.name));
    let token = lab.kubectl(&[
        "-n",
        NAMESPACE,
        "get",
        "secret",
        "churn-retrain-hook",
        "-o",
        "go-template={{.data.token | base64decode}}",
    ])?;
    let address = lab.kubectl(&[
        "-n",
        NAMESPACE,
        "get",
        "service",
        "churn-retrain-hook",
        "-o",
        "jsonpath={.spec.clusterIP}",
    ])?;
    let url = format!("http://{address}:8080/alertmanager");
    let (send, answers) = mpsc::channel();
    let (first_url, first_token, body) = (url.clone(), token.clone(), alert.to_string());
    // Troubles of one moment strike from 0 to 57 ms after the notification leaves: the whole of its way.
    let moment = Moment {
        after: Duration::from_millis(turn as u64 % 20 * 3),
    };
    let before = matches!(
        trouble.name,
        "quota" | "admission policy" | "CronJob gone" | "lease of a dead holder"
    ) || trouble.name.starts_with("no right");
    if before {
        (trouble.strike)(lab, moment)?;
    }
    let sender = thread::spawn(move || {
        let _ = send.send(post(&first_url, &first_token, &body));
    });
    if !before {
        (trouble.strike)(lab, moment)?;
    }
    let first = answers
        .recv_timeout(Duration::from_secs(30))
        .unwrap_or_else(|_| Err("no answer".to_owned()));
    let _ = sender.join();
    (trouble.mend)(lab)?;
    let refused = first.is_err();
    let until = Instant::now() + Duration::from_secs(60);
    let taken = loop {
        match post(&url, &token, &alert.to_string()) {
            Ok(answer) => break answer,
            Err(error) if Instant::now() > until => {
                return Err(format!("not taken after 60 s: {error}"));
            }
            Err(_) => thread::sleep(Duration::from_millis(300)),
        }
    };
    let outcome = taken["alerts"][0]["outcome"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let jobs = settled(lab)?;
    match jobs.as_slice() {
        [_] => Ok(Seen {
            adopted: refused && outcome == "duplicate",
            refused,
        }),
        jobs => Err(format!(
            "{} Jobs {jobs:?}; first answer {first:?}, last {taken}",
            jobs.len()
        )),
    }
}

/// The Jobs of the alert once one of them has ended.
fn settled(lab: &Lab) -> Result<Vec<String>, String> {
    lab.until("the Job has ended well", 90, |lab| {
        let jobs = lab.get(&["-n", NAMESPACE, "jobs", "-l", "churnctl.io/trigger=alert"])?;
        let jobs = jobs["items"].as_array().cloned().unwrap_or_default();
        let done = !jobs.is_empty() && jobs.iter().all(|job| job["status"]["succeeded"] == 1);
        Ok(done.then(|| {
            jobs.iter()
                .map(|job| {
                    job["metadata"]["name"]
                        .as_str()
                        .unwrap_or_default()
                        .to_owned()
                })
                .collect()
        }))
    })
}

/// Removes what the turn before left, so that each counts its own Jobs.
fn forget(lab: &Lab) -> Result<(), String> {
    lab.kubectl(&[
        "-n",
        NAMESPACE,
        "delete",
        "jobs",
        "-l",
        "churnctl.io/trigger=alert",
        "--ignore-not-found",
        "--timeout=60s",
    ])?;
    lab.until("the hook is ready", 60, |lab| {
        let hook = lab.get(&["-n", NAMESPACE, "deployment", "churn-retrain-hook"])?;
        Ok((hook["status"]["readyReplicas"] == 1).then_some(()))
    })
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

/// Delivers it; an error is what makes Alertmanager repeat.
fn post(url: &str, token: &str, body: &str) -> Result<Value, String> {
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
        Some("created" | "duplicate") => Ok(parsed),
        // A Job that runs, a claim of another: Alertmanager repeats at its interval.
        _ => Err(text),
    }
}

fn kill_hook(lab: &Lab) -> Result<(), String> {
    let found = Command::new("pkill")
        .args(["-9", "-f", "^/churnctl retrain listen"])
        .output();
    drop(found.map_err(|error| error.to_string())?);
    lab.until("the hook is back", 60, |lab| {
        let hook = lab.get(&["-n", NAMESPACE, "deployment", "churn-retrain-hook"])?;
        Ok((hook["status"]["readyReplicas"] == 1).then_some(()))
    })
}

fn delete_hook(lab: &Lab) -> Result<(), String> {
    lab.kubectl(&[
        "-n",
        NAMESPACE,
        "delete",
        "pod",
        "-l",
        "app.kubernetes.io/name=churn-retrain-hook",
        "--wait=false",
    ])
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

fn delete_retrain_pod(lab: &Lab) -> Result<(), String> {
    let pod = lab.until("the pod of the retrain Job", 30, |lab| {
        let pods = lab.kubectl(&[
            "-n",
            NAMESPACE,
            "get",
            "pods",
            "-o",
            "name",
            "-l",
            "app.kubernetes.io/name=churn-retrain-weekly",
        ])?;
        Ok(pods.lines().next().map(str::to_owned))
    })?;
    lab.kubectl(&[
        "-n",
        NAMESPACE,
        "delete",
        &pod,
        "--wait=false",
        "--ignore-not-found",
    ])
    .map(drop)
}

fn drain(lab: &Lab) -> Result<(), String> {
    let node = lab.until("the node of the retrain pod", 30, |lab| {
        let node = lab.kubectl(&[
            "-n",
            NAMESPACE,
            "get",
            "pods",
            "-l",
            "app.kubernetes.io/name=churn-retrain-weekly",
            "-o",
            "jsonpath={.items[0].spec.nodeName}",
        ]);
        Ok(node.ok().filter(|node| !node.is_empty()))
    })?;
    lab.kubectl(&[
        "drain",
        &node,
        "--ignore-daemonsets",
        "--delete-emptydir-data",
        "--force",
        "--timeout=60s",
        "--pod-selector",
        "app.kubernetes.io/name=churn-retrain-weekly",
    ])
    .map(drop)
}

fn delete(lab: &Lab, what: &str) -> Result<(), String> {
    lab.kubectl(&["-n", NAMESPACE, "delete", what, "--ignore-not-found"])
        .map(drop)
}

fn quota(lab: &Lab) -> Result<(), String> {
    let manifest = format!(
        "apiVersion: v1\nkind: ResourceQuota\nmetadata: {{name: no-jobs, namespace: {NAMESPACE}}}\nspec: {{hard: {{count/jobs.batch: '0'}}}}\n"
    );
    lab.apply("quota.yaml", &manifest)?;
    lab.until("the quota counts", 30, |lab| {
        let quota = lab.get(&["-n", NAMESPACE, "resourcequota", "no-jobs"])?;
        Ok((!quota["status"]["hard"].is_null()).then_some(()))
    })
}

fn policy(lab: &Lab) -> Result<(), String> {
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
    // The API server learns of a policy within a second or two.
    thread::sleep(Duration::from_secs(2));
    Ok(())
}

fn without_verb(lab: &Lab, resource: &str, verb: &str) -> Result<(), String> {
    let mut role = lab.get(&["-n", NAMESPACE, "role", "churn-retrain-hook"])?;
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
    lab.kubectl(&["replace", "-f", &file.display().to_string()])
        .map(drop)
}

fn give_rights_back(lab: &mut Lab) -> Result<(), String> {
    apply_again(lab)
}

fn apply_again(lab: &mut Lab) -> Result<(), String> {
    let manifests = lab.folder.join("luck/k8s").display().to_string();
    lab.kubectl(&[
        "apply",
        "--server-side",
        "--force-conflicts",
        "-k",
        &manifests,
    ])
    .map(drop)
}

/// A claim that a hook left that died before it made its Job: the ledger names it until it lapses.
fn dead_holder(lab: &Lab) -> Result<(), String> {
    let lease = lab.get(&["-n", NAMESPACE, "lease", "churnctl-retrain"]);
    if lease.is_err() {
        return Ok(());
    }
    let now = jiff::Timestamp::now() - jiff::SignedDuration::from_secs(120);
    let patch = json!({"spec": {"holderIdentity": "a-hook-that-died", "renewTime": format!("{now:.6}"), "leaseDurationSeconds": 30}});
    lab.kubectl(&[
        "-n",
        NAMESPACE,
        "patch",
        "lease",
        "churnctl-retrain",
        "--type=merge",
        "-p",
        &patch.to_string(),
    ])
    .map(drop)
}
