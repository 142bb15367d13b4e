//! The drift check and the volume: does the check run, is its verdict final, can everybody mount?

use std::collections::BTreeSet;

use churn_base::text::shell_word;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::as_rendered::fix_as_rendered;
use super::expected::Expected;
use super::finding::{Check, Finding};
use super::inventory::{Inventory, items_at, name_of, text_at};

/// A daily check that has not run for longer than this has missed one.
const DAILY: SignedDuration = SignedDuration::from_hours(26);

pub(super) fn drift(inventory: &Inventory, expected: &Expected) -> Vec<Finding> {
    let (check, name, namespace) = (Check::Drift, &expected.drift, &expected.namespace);
    let subject = format!("cronjob/{name}");
    if let Some(why) = inventory.why_unknown("CronJob") {
        return vec![Finding::skip(check, subject, why)];
    }
    let Some(cron_job) = inventory.find("CronJob", namespace, name) else {
        return vec![Finding::fail(
            check,
            subject,
            format!("there is none in namespace {namespace}: nobody looks for drift"),
            "kubectl apply -k k8s/",
        )];
    };
    let mut found = Vec::new();
    if cron_job["spec"]["suspend"] == json!(true) {
        found.push(Finding::warn(
            check,
            subject.clone(),
            "it is suspended",
            format!(
                "kubectl patch cronjob {} -n {namespace} -p '{{\"spec\":{{\"suspend\":false}}}}'",
                shell_word(name)
            ),
        ));
    }
    let as_rendered = fix_as_rendered(inventory, expected, "CronJob", name);
    found.extend(retried(cron_job, &subject, as_rendered));
    found.extend(late(inventory, cron_job, &subject, expected));
    if found.is_empty() {
        let schedule = text_at(cron_job, "/spec/schedule").unwrap_or("?");
        let detail = format!("schedule {schedule}, exit code 2 is final");
        found.push(Finding::pass(check, subject, detail));
    }
    found
}

/// Exit code 2 is a verdict: repeating the check gives the same one, six times by default.
fn retried(cron_job: &Value, subject: &str, as_rendered: Option<String>) -> Option<Finding> {
    let job = cron_job.pointer("/spec/jobTemplate/spec")?;
    let limit = job["backoffLimit"].as_i64().unwrap_or(6);
    let is_final = items_at(job, "/podFailurePolicy/rules").iter().any(|rule| {
        let codes = &rule["onExitCodes"];
        let has_2 = items_at(codes, "/values")
            .iter()
            .any(|code| *code == json!(2));
        rule["action"] == "FailJob" && codes["operator"] == "In" && has_2
    });
    if is_final || limit == 0 {
        return None;
    }
    Some(Finding::warn(
        Check::Drift,
        subject,
        format!(
            "drift (exit code 2) is taken for a crash: the check runs up to {} times",
            limit + 1
        ),
        as_rendered.unwrap_or_else(|| {
            "add a podFailurePolicy with FailJob on exit code 2; churnctl render-manifests does"
                .to_owned()
        }),
    ))
}

fn late(
    inventory: &Inventory,
    cron_job: &Value,
    subject: &str,
    expected: &Expected,
) -> Option<Finding> {
    if !inventory.is_cluster {
        return None;
    }
    let created = text_at(cron_job, "/metadata/creationTimestamp");
    let last = text_at(cron_job, "/status/lastScheduleTime").or(created)?;
    let since = Timestamp::now().duration_since(last.parse().ok()?);
    if since < DAILY {
        return None;
    }
    Some(Finding::warn(
        Check::Drift,
        subject,
        format!("it last ran at {last}, {} hours ago", since.as_hours()),
        format!(
            "kubectl describe cronjob {} -n {}",
            shell_word(name_of(cron_job)),
            expected.namespace
        ),
    ))
}

pub(super) fn storage(inventory: &Inventory, expected: &Expected) -> Vec<Finding> {
    let (check, namespace) = (Check::Storage, expected.namespace.as_str());
    if let Some(why) = inventory.why_unknown("PersistentVolumeClaim") {
        return vec![Finding::skip(check, "persistentvolumeclaim", why)];
    }
    let mut found = Vec::new();
    for claim in inventory.of("PersistentVolumeClaim", namespace) {
        let name = name_of(claim);
        let subject = format!("persistentvolumeclaim/{name}");
        let phase = text_at(claim, "/status/phase");
        let who = mounting(inventory, namespace, name);
        let once = items_at(claim, "/spec/accessModes")
            .iter()
            .all(|mode| *mode == "ReadWriteOnce");
        if phase.is_some_and(|phase| phase != "Bound") {
            found.push(Finding::fail(
                check,
                subject,
                format!(
                    "it is {}, not Bound: pods that want it wait",
                    phase.unwrap_or_default()
                ),
                format!("kubectl describe pvc {} -n {namespace}", shell_word(name)),
            ));
        } else if once && who.len() > 1 && !all_on_one_node(inventory, namespace, name) {
            found.push(Finding::warn(
                check,
                subject,
                format!(
                    "ReadWriteOnce, but wanted by {}: on two nodes only one of them starts",
                    who.into_iter().collect::<Vec<_>>().join(", ")
                ),
                "use ReadWriteMany, or keep all of them on one node",
            ));
        } else {
            let detail = format!("wanted by {} workloads", who.len());
            found.push(Finding::pass(check, subject, detail));
        }
    }
    found
}

/// Tells whether every pod that mounts a claim has to be on the node of another one of them: by a
/// label that all of them have.
fn all_on_one_node(inventory: &Inventory, namespace: &str, claim: &str) -> bool {
    let templates = pod_templates(inventory, namespace);
    let mounting = || {
        let templates = templates.iter().map(|(_, _, template)| template);
        templates.filter(|template| mounts(&template["spec"], claim))
    };
    let is_of_all = |selector: &Value| {
        let labels = selector["matchLabels"].as_object();
        let only_labels = selector.get("matchExpressions").is_none();
        labels.is_some_and(|labels| {
            only_labels
                && !labels.is_empty()
                && mounting().all(|template| {
                    let own = &template["metadata"]["labels"];
                    labels
                        .iter()
                        .all(|(key, value)| own.get(key) == Some(value))
                })
        })
    };
    let terms = "/spec/affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution";
    mounting().all(|template| {
        items_at(template, terms).iter().any(|term| {
            term["topologyKey"] == "kubernetes.io/hostname" && is_of_all(&term["labelSelector"])
        })
    })
}

fn mounts(spec: &Value, claim: &str) -> bool {
    items_at(spec, "/volumes")
        .iter()
        .any(|volume| text_at(volume, "/persistentVolumeClaim/claimName") == Some(claim))
}

/// Returns who mounts a claim; a Deployment with several replicas counts as such.
fn mounting(inventory: &Inventory, namespace: &str, claim: &str) -> BTreeSet<String> {
    let mut who = BTreeSet::new();
    for (kind, object, spec) in pod_specs(inventory, namespace) {
        if mounts(spec, claim) {
            who.insert(format!("{}/{}", kind.to_lowercase(), name_of(object)));
            if object["spec"]["replicas"].as_u64().unwrap_or(1) > 1 {
                who.insert(format!(
                    "{}/{} (replicas)",
                    kind.to_lowercase(),
                    name_of(object)
                ));
            }
        }
    }
    who
}

/// Returns the pod specs of all workloads of a namespace.
pub(super) fn pod_specs<'a>(
    inventory: &'a Inventory,
    namespace: &'a str,
) -> Vec<(&'static str, &'a Value, &'a Value)> {
    let templates = pod_templates(inventory, namespace).into_iter();
    templates
        .filter_map(|(kind, object, template)| Some((kind, object, template.get("spec")?)))
        .collect()
}

/// Returns the templates of all pods, each with the kind and the object that it is in.
fn pod_templates<'a>(
    inventory: &'a Inventory,
    namespace: &'a str,
) -> Vec<(&'static str, &'a Value, &'a Value)> {
    const AT: [(&str, &str); 5] = [
        ("Deployment", "/spec/template"),
        ("StatefulSet", "/spec/template"),
        ("DaemonSet", "/spec/template"),
        ("Job", "/spec/template"),
        ("CronJob", "/spec/jobTemplate/spec/template"),
    ];
    AT.iter()
        .flat_map(|(kind, pointer)| {
            inventory
                .of(kind, namespace)
                .filter_map(move |object| Some((*kind, object, object.pointer(pointer)?)))
        })
        .collect()
}
