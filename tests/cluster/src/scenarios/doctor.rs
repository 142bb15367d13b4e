//! `churnctl doctor` against the truth: the wiring is broken in many ways, one at a time. Each broken wire is named with
//! a command, and that command mends it; a change that breaks nothing is not named.

use std::collections::BTreeSet;

use serde_json::Value;

use super::install::{self, NAMESPACE};
use crate::lab::{Lab, Outcome, tell};

const SETTINGS: &str = r##"
alerts.receivers = ["slack"]
alerts.slack_channel = "#churn"
alerts.runbook_base = "https://runbooks.churn.test"
"##;

/// What a change does to the loop.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// Something no longer works, or will not when it is needed.
    Breaks,
    Harmless,
}

use Effect::{Breaks, Harmless};

/// A change: what it does, in which namespace, as arguments of kubectl.
type Mutation = (Effect, &'static str, &'static str);

/// Arguments are separated by spaces; `~` stands for a space within one.
const MUTATIONS: &[Mutation] = &[
    (Breaks, NAMESPACE, "label servicemonitor churn-api release-"),
    (
        Breaks,
        NAMESPACE,
        "label servicemonitor churn-pushgateway release=other --overwrite",
    ),
    (
        Breaks,
        NAMESPACE,
        "delete servicemonitor churn-retrain-hook",
    ),
    (
        Breaks,
        NAMESPACE,
        r#"patch servicemonitor churn-api --type=merge -p {"spec":{"selector":{"matchLabels":{"app.kubernetes.io/name":"other"}}}}"#,
    ),
    (
        Breaks,
        NAMESPACE,
        r#"patch servicemonitor churn-api --type=json -p [{"op":"replace","path":"/spec/endpoints/0/port","value":"web"}]"#,
    ),
    (
        Breaks,
        NAMESPACE,
        "label service churn-api app.kubernetes.io/name-",
    ),
    (Breaks, NAMESPACE, "delete service churn-api"),
    (
        Breaks,
        NAMESPACE,
        r#"patch service churn-api --type=merge -p {"spec":{"selector":{"app.kubernetes.io/name":"other"}}}"#,
    ),
    (
        Breaks,
        NAMESPACE,
        r#"patch service churn-pushgateway --type=json -p [{"op":"replace","path":"/spec/ports/0/name","value":"web"}]"#,
    ),
    (Breaks, NAMESPACE, "delete service churn-pushgateway"),
    (Breaks, NAMESPACE, "delete service churn-retrain-hook"),
    (
        Breaks,
        NAMESPACE,
        "label prometheusrule churn-mlops-alerts release-",
    ),
    (
        Breaks,
        NAMESPACE,
        "delete prometheusrule churn-mlops-alerts",
    ),
    (
        Breaks,
        NAMESPACE,
        "label alertmanagerconfig churn-mlops-alerts release-",
    ),
    (
        Breaks,
        NAMESPACE,
        "delete alertmanagerconfig churn-mlops-alerts",
    ),
    (Breaks, NAMESPACE, "delete secret churn-alerting"),
    (
        Breaks,
        NAMESPACE,
        r#"patch secret churn-alerting --type=json -p [{"op":"remove","path":"/data/slack-webhook-url"}]"#,
    ),
    (Breaks, NAMESPACE, "delete secret churn-retrain-hook"),
    (
        Breaks,
        NAMESPACE,
        r#"patch secret churn-retrain-hook --type=json -p [{"op":"move","from":"/data/token","path":"/data/key"}]"#,
    ),
    (Breaks, NAMESPACE, "delete secret churn-api-token"),
    (
        Breaks,
        NAMESPACE,
        r#"patch secret churn-api-token --type=json -p [{"op":"move","from":"/data/token","path":"/data/key"}]"#,
    ),
    (Breaks, NAMESPACE, "delete cronjob churn-drift-daily"),
    (
        Breaks,
        NAMESPACE,
        r#"patch cronjob churn-drift-daily --type=merge -p {"spec":{"suspend":true}}"#,
    ),
    (Breaks, NAMESPACE, "delete cronjob churn-retrain-weekly"),
    (Breaks, NAMESPACE, "delete cronjob churn-batch-score"),
    (
        Breaks,
        NAMESPACE,
        r#"patch cronjob churn-drift-daily --type=json -p [{"op":"remove","path":"/spec/jobTemplate/spec/podFailurePolicy"}]"#,
    ),
    (Breaks, NAMESPACE, "delete role churn-retrain-hook"),
    (
        Breaks,
        NAMESPACE,
        r#"patch role churn-retrain-hook --type=json -p [{"op":"remove","path":"/rules/0"}]"#,
    ),
    (
        Breaks,
        NAMESPACE,
        r#"patch role churn-retrain-hook --type=json -p [{"op":"remove","path":"/rules/1"}]"#,
    ),
    (Breaks, NAMESPACE, "delete rolebinding churn-retrain-hook"),
    (
        Breaks,
        NAMESPACE,
        "delete serviceaccount churn-retrain-hook",
    ),
    (Breaks, NAMESPACE, "delete serviceaccount churn-batch"),
    (Breaks, NAMESPACE, "delete serviceaccount churn-api"),
    (Breaks, NAMESPACE, "delete networkpolicy churn-api"),
    (Breaks, NAMESPACE, "delete networkpolicy churn-dns"),
    (Breaks, NAMESPACE, "delete networkpolicy churn-retrain-hook"),
    (Breaks, NAMESPACE, "delete networkpolicy churn-pushgateway"),
    (Breaks, NAMESPACE, "delete networkpolicy churn-batch"),
    (Breaks, NAMESPACE, "delete configmap churn-mlops-config"),
    (
        Breaks,
        NAMESPACE,
        "scale deployment churn-retrain-hook --replicas=0",
    ),
    (Breaks, NAMESPACE, "delete deployment churn-retrain-hook"),
    (
        Breaks,
        NAMESPACE,
        "scale deployment churn-pushgateway --replicas=0",
    ),
    (Breaks, NAMESPACE, "delete deployment churn-pushgateway"),
    (Breaks, NAMESPACE, "delete deployment churn-api"),
    (
        Breaks,
        NAMESPACE,
        "delete validatingadmissionpolicy churn-mlops-churn-retrain-hook-template",
    ),
    (
        Breaks,
        NAMESPACE,
        "delete validatingadmissionpolicybinding churn-mlops-churn-retrain-hook-label",
    ),
    (
        Breaks,
        "monitoring",
        r#"patch prometheus k8s --type=merge -p {"spec":{"serviceMonitorSelector":{"matchLabels":{"release":"other"}}}}"#,
    ),
    (
        Breaks,
        "monitoring",
        r#"patch prometheus k8s --type=merge -p {"spec":{"ruleSelector":{"matchLabels":{"release":"other"}}}}"#,
    ),
    (
        Breaks,
        "monitoring",
        r#"patch prometheus k8s --type=merge -p {"spec":{"ruleNamespaceSelector":null}}"#,
    ),
    (
        Breaks,
        "monitoring",
        r#"patch prometheus k8s --type=merge -p {"spec":{"alerting":null}}"#,
    ),
    (
        Breaks,
        "monitoring",
        r#"patch alertmanager main --type=merge -p {"spec":{"alertmanagerConfigSelector":{"matchLabels":{"release":"other"}}}}"#,
    ),
    (
        Breaks,
        "monitoring",
        "scale deployment kube-state-metrics --replicas=0",
    ),
    (Breaks, "monitoring", "delete deployment kube-state-metrics"),
    (
        Breaks,
        "monitoring",
        "scale deployment prometheus-operator --replicas=0",
    ),
    (
        Breaks,
        "monitoring",
        "delete clusterrolebinding monitoring-admin",
    ),
    (
        Breaks,
        NAMESPACE,
        r#"patch networkpolicy churn-api --type=json -p [{"op":"replace","path":"/spec/ingress","value":[]}]"#,
    ),
    (
        Breaks,
        NAMESPACE,
        r#"patch networkpolicy churn-dns --type=json -p [{"op":"add","path":"/spec/podSelector/matchLabels","value":{"a":"b"}}]"#,
    ),
    (
        Breaks,
        NAMESPACE,
        r#"patch servicemonitor churn-pushgateway --type=merge -p {"spec":{"endpoints":[{"port":"http","path":"/other"}]}}"#,
    ),
    (
        Breaks,
        NAMESPACE,
        r#"patch prometheusrule churn-mlops-alerts --type=json -p [{"op":"remove","path":"/spec/groups/0"}]"#,
    ),
    (
        Breaks,
        NAMESPACE,
        r#"patch alertmanagerconfig churn-mlops-alerts --type=merge -p {"spec":{"route":{"matchers":[{"name":"severity","value":"none"}]}}}"#,
    ),
    (
        Breaks,
        NAMESPACE,
        r#"patch configmap churn-mlops-config --type=merge -p {"data":{"churnctl.toml":"model~=~'other'"}}"#,
    ),
    (
        Breaks,
        NAMESPACE,
        r#"patch cronjob churn-retrain-weekly --type=merge -p {"spec":{"suspend":true}}"#,
    ),
    (
        Breaks,
        NAMESPACE,
        r#"patch rolebinding churn-retrain-hook --type=merge -p {"subjects":[{"kind":"ServiceAccount","name":"default","namespace":"churn-mlops"}]}"#,
    ),
    (Breaks, NAMESPACE, "scale deployment churn-api --replicas=0"),
    (Harmless, NAMESPACE, "set env deployment/churn-api EXTRA=1"),
    (
        Harmless,
        NAMESPACE,
        "set resources deployment/churn-api --limits=memory=700Mi",
    ),
    (
        Harmless,
        NAMESPACE,
        r#"patch role churn-retrain-hook --type=json -p [{"op":"add","path":"/rules/-","value":{"apiGroups":[""],"resources":["events"],"verbs":["list"]}}]"#,
    ),
    (
        Harmless,
        NAMESPACE,
        r#"patch networkpolicy churn-api --type=json -p [{"op":"add","path":"/spec/ingress/-","value":{"from":[{"ipBlock":{"cidr":"10.9.0.0/16"}}]}}]"#,
    ),
    (
        Harmless,
        NAMESPACE,
        "rollout restart deployment/churn-retrain-hook",
    ),
    (Harmless, NAMESPACE, "label service churn-api team=churn"),
    (
        Harmless,
        NAMESPACE,
        "annotate deployment churn-api note=seen",
    ),
    (
        Harmless,
        NAMESPACE,
        "scale deployment churn-api --replicas=3",
    ),
    (
        Harmless,
        NAMESPACE,
        r#"patch cronjob churn-drift-daily --type=merge -p {"spec":{"schedule":"30~2~*~*~*"}}"#,
    ),
    (
        Harmless,
        NAMESPACE,
        r#"patch secret churn-alerting --type=merge -p {"stringData":{"more":"x"}}"#,
    ),
    (
        Harmless,
        NAMESPACE,
        "create configmap ours --from-literal=a=b",
    ),
    (
        Harmless,
        NAMESPACE,
        "label namespace churn-mlops cost-centre=7",
    ),
    (
        Harmless,
        NAMESPACE,
        r#"patch cronjob churn-retrain-weekly --type=merge -p {"spec":{"successfulJobsHistoryLimit":5}}"#,
    ),
    (
        Harmless,
        "monitoring",
        r#"patch prometheus k8s --type=merge -p {"spec":{"scrapeInterval":"10s"}}"#,
    ),
    (
        Harmless,
        "monitoring",
        "label service kube-state-metrics seen=yes",
    ),
];

pub(crate) fn run(lab: &mut Lab) -> Outcome {
    install::monitoring(lab)?;
    let manifests = install::deployed(lab, "doctor", SETTINGS)?;
    let whole = lab.until("doctor has nothing to say", 120, |lab| {
        let found = examined(lab)?;
        if found.is_empty() {
            Ok(Some(()))
        } else {
            Err(format!("{found:?}"))
        }
    });
    whole?;
    helm(lab)?;
    let (mut right, mut tried_of) = (0, 0);
    // All, those with a word in them, or those from a number on: MUTATIONS=secret, MUTATIONS=30.
    let part = std::env::var("MUTATIONS").unwrap_or_default();
    let first: usize = part.parse().unwrap_or(0);
    let chosen = MUTATIONS.iter().skip(first);
    for mutation in chosen.filter(|one| first > 0 || one.2.contains(&part)) {
        tried_of += 1;
        let began = std::time::Instant::now();
        let told = match tried(lab, mutation, &manifests) {
            Ok(()) => {
                right += 1;
                "right".to_owned()
            }
            Err(error) => error,
        };
        let seconds = began.elapsed().as_secs_f64();
        tell(&format!("       {}: {told}, {seconds:.0} s", mutation.2));
        whole_again(lab, &manifests).map_err(|error| format!("after {}: {error}", mutation.2))?;
    }
    for (role, unseen) in ROLES {
        tried_of += 1;
        match seen_as(lab, role, unseen) {
            Ok(()) => right += 1,
            Err(error) => tell(&format!("       as {role}: {error}")),
        }
    }
    let told = format!("{right} of {tried_of} right");
    if right == tried_of {
        Ok(told)
    } else {
        Err(told)
    }
}

/// Who looks, and what the last line says he may not.
const ROLES: [(&str, &[&str]); 2] = [
    (
        "view",
        &[
            "get secrets",
            "list prometheuses",
            "list roles",
            "list validatingadmissionpolicies",
        ],
    ),
    (
        "admin",
        &["list prometheuses", "list validatingadmissionpolicies"],
    ),
];

/// Stands for the chart, whose release the laboratory's stack is: makes again what is missing of it.
fn helm(lab: &Lab) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt as _;
    let (program, stack) = (lab.folder.join("helm"), lab.folder.join("monitoring.yaml"));
    let script = format!(
        "#!/bin/sh\n[ \"$1 $2\" = 'upgrade --install' ] && exec kubectl apply --server-side --force-conflicts -f {}\n",
        stack.display()
    );
    std::fs::write(&program, script).map_err(|error| error.to_string())?;
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755))
        .map_err(|error| error.to_string())
}

/// Who may see less is told what he did not see, and nothing is wrong for that.
fn seen_as(lab: &Lab, role: &str, unseen: &[&str]) -> Result<(), String> {
    let account = format!("serviceaccount/{role}");
    lab.ours(&format!("create {account}").replace('/', " "))?;
    lab.ours(&format!(
        "create rolebinding {role} --clusterrole={role} --serviceaccount={NAMESPACE}:{role}"
    ))?;
    let token = lab.ours(&format!("create token {role}"))?;
    let of_admin = lab.folder.join("kubeconfig");
    let mut of_role: Value = serde_json::from_str(&lab.kubectl(&[
        "config",
        "view",
        "--raw",
        "-o",
        "json",
        "--kubeconfig",
        &of_admin.display().to_string(),
    ])?)
    .map_err(|error| error.to_string())?;
    of_role["users"][0]["user"] = serde_json::json!({"token": token.trim()});
    let file = lab.folder.join(format!("kubeconfig-{role}"));
    std::fs::write(&file, of_role.to_string()).map_err(|error| error.to_string())?;
    let config = lab
        .folder
        .join("doctor/churnctl.toml")
        .display()
        .to_string();
    let kubeconfig = format!("KUBECONFIG={}", file.display());
    let program = lab.churnctl.display().to_string();
    let ran = lab.command(
        "env".as_ref(),
        &[&kubeconfig, &program, "--config", &config, "doctor"],
    )?;
    lab.ours(&format!("delete rolebinding/{role} {account}"))?;
    let last = ran.out.trim_end().lines().last().unwrap_or_default();
    let missing: Vec<&&str> = unseen.iter().filter(|one| !last.contains(**one)).collect();
    match (ran.code, missing.is_empty()) {
        (0, true) => Ok(()),
        (code, _) => Err(format!(
            "exit code {code}, without {missing:?}: {last} {}",
            ran.err
        )),
    }
}

/// One mutation, what doctor says of it, and whether its own command mends it.
fn tried(lab: &Lab, (effect, namespace, change): &Mutation, manifests: &str) -> Result<(), String> {
    let args: Vec<String> = change.split(' ').map(|arg| arg.replace('~', " ")).collect();
    let mut all = vec!["-n", namespace];
    all.extend(args.iter().map(String::as_str));
    lab.kubectl(&all)?;
    // What the change does to pods and targets takes its time; what doctor reads of the API is there at once.
    if *effect == Harmless {
        std::thread::sleep(std::time::Duration::from_secs(3));
        return lab.until("silence", 60, |lab| {
            let found = examined(lab)?;
            if found.is_empty() {
                Ok(Some(()))
            } else {
                Err(format!("named: {found:?}"))
            }
        });
    }
    let found = lab.until("a finding", 40, |lab| {
        Ok(Some(examined(lab)?).filter(|found| !found.is_empty()))
    })?;
    let fixes: BTreeSet<&str> = found.iter().map(|finding| finding.fix.as_str()).collect();
    let folder = std::path::Path::new(manifests)
        .parent()
        .unwrap_or(std::path::Path::new("/"));
    for fix in &fixes {
        // Values that only a team has.
        let command = format!(
            "PATH={}:$PATH; SLACK_WEBHOOK_URL=http://127.0.0.1:9/again; cd {} && {fix}",
            lab.folder.display(),
            folder.display()
        );
        let ran = lab.command("sh".as_ref(), &["-c", &command])?;
        if ran.code != 0 {
            return Err(format!("its command fails: {fix}: {}", ran.err.trim()));
        }
    }
    lab.until("mended by its command", 90, |lab| {
        let found = examined(lab)?;
        if found.is_empty() {
            Ok(Some(()))
        } else {
            Err(format!("{fixes:?} leaves {found:?}"))
        }
    })
}

#[derive(Debug)]
struct Finding {
    fix: String,
    #[expect(dead_code, reason = "shown where a mutation is wrong")]
    what: String,
}

/// The findings of doctor that are not PASS.
fn examined(lab: &Lab) -> Result<Vec<Finding>, String> {
    let config = lab
        .folder
        .join("doctor/churnctl.toml")
        .display()
        .to_string();
    let ran = lab.churnctl(&["--config", &config, "doctor", "--format", "json", "-q"])?;
    let report: Value = serde_json::from_str(&ran.out)
        .map_err(|error| format!("{error}: {}{}", ran.out, ran.err))?;
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    let all = report["findings"].as_array().into_iter().flatten();
    Ok(all
        .filter(|finding| matches!(finding["status"].as_str(), Some("WARN" | "FAIL")))
        .map(|finding| Finding {
            fix: text(finding, "fix"),
            what: format!(
                "{}: {} {}",
                text(finding, "check"),
                text(finding, "subject"),
                text(finding, "detail")
            ),
        })
        .collect())
}

/// Puts everything back, whatever a mutation did.
fn whole_again(lab: &Lab, manifests: &str) -> Result<(), String> {
    install::stack(lab)?;
    install::secrets(lab)?;
    install::apply(lab, manifests)?;
    lab.until("all as before", 120, |lab| {
        let found = examined(lab)?;
        if found.is_empty() {
            Ok(Some(()))
        } else {
            Err(format!("{found:?}"))
        }
    })
}
