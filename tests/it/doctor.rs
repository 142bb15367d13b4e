//! `churnctl doctor`: the faults that everybody makes once, each named with its fix; on files and on a
//! cluster, with and without permissions.

use churnctl::exit::ExitCode;
use serde_json::{Value, json};

use crate::api_server::{ApiServer, Fault, What};
use crate::harness::{Churnctl, Run};

/// A Prometheus as kube-prometheus-stack makes it, for a release of this name.
fn prometheus(release: &str) -> Value {
    json!({
        "apiVersion": "monitoring.coreos.com/v1", "kind": "Prometheus",
        "metadata": {"name": "prom", "namespace": "monitoring"},
        "spec": {
            "serviceAccountName": "prom",
            "serviceMonitorSelector": {"matchLabels": {"release": release}}, "serviceMonitorNamespaceSelector": {},
            "ruleSelector": {"matchLabels": {"release": release}}, "ruleNamespaceSelector": {},
            "alerting": {"alertmanagers": [{"namespace": "monitoring", "name": "alertmanager-operated", "port": "web"}]}
        }
    })
}

/// Our own objects, as `k8s/` has them with every placeholder set, as one List that a test may change.
fn ours() -> Vec<Value> {
    let k8s = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("k8s");
    let paths = [k8s.display().to_string()];
    let inventory = churnctl::cluster::doctor::Inventory::of_files(&paths).expect("k8s/");
    let kinds = [
        "Namespace",
        "Deployment",
        "Service",
        "ServiceMonitor",
        "PrometheusRule",
        "AlertmanagerConfig",
        "CronJob",
        "PersistentVolumeClaim",
        "NetworkPolicy",
        "Role",
        "RoleBinding",
        "ServiceAccount",
        "ConfigMap",
        "HorizontalPodAutoscaler",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
    ];
    let objects = kinds.iter().flat_map(|kind| inventory.all(kind));
    let set = [
        ("example.com", "shop.test"),
        ("company.com", "shop.test"),
        ("#ml-alerts", "#churn"),
        (&"0".repeat(64), &"1".repeat(64)),
    ];
    let with_own = |object: &Value| {
        let text = set.iter().fold(object.to_string(), |text, (from, to)| {
            text.replace(from, to)
        });
        serde_json::from_str(&text).expect("JSON still")
    };
    objects.map(with_own).collect()
}

#[track_caller]
fn edit(objects: &mut [Value], kind: &str, name: &str, edit: impl Fn(&mut Value)) {
    let of = objects
        .iter_mut()
        .filter(|object| object["kind"] == kind && object["metadata"]["name"] == name);
    let mut found = 0;
    for object in of {
        edit(object);
        found += 1;
    }
    assert_eq!(found, 1, "{kind} {name}");
}

fn offline(objects: &[Value]) -> Run {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    let churnctl = Churnctl::new().file("all.json", list.to_string());
    churnctl.run(&["doctor", "--offline", "all.json", "--format=json"])
}

fn findings(run: &Run, status: &str) -> Vec<Value> {
    let document = run.json();
    let findings = document["findings"].as_array().expect("findings").iter();
    findings
        .filter(|finding| finding["status"] == status)
        .cloned()
        .collect()
}

/// Asserts that the document is what its schema says, and that the schema is strict.
#[track_caller]
fn expect_schema(run: &Run) {
    use crate::schemas::{expect_refused, expect_strict, expect_valid, schema};
    let (schema, document) = (schema("doctor"), run.json());
    expect_valid(&schema, &document);
    expect_strict(&schema, &document);
    for (pointer, to) in [
        ("/status", json!("OK")),
        ("/findings/0/check", json!("luck")),
        ("/findings/0/detail", Value::Null),
    ] {
        expect_refused(&schema, &document, pointer, to);
    }
}

/// Asserts that exactly this check fails, with these words in the finding and in the fix.
#[track_caller]
fn expect_only(objects: &[Value], check: &str, detail: &str, fix: &str) {
    let run = offline(objects).expect(ExitCode::CheckFailed);
    let failed = findings(&run, "FAIL");
    assert!(
        !failed.is_empty() && failed.iter().all(|finding| finding["check"] == check),
        "{failed:#?}"
    );
    let says = |finding: &Value, key: &str, words: &str| {
        finding[key].as_str().expect("a text").contains(words)
    };
    assert!(
        failed
            .iter()
            .any(|finding| says(finding, "detail", detail) && says(finding, "fix", fix)),
        "{detail} and {fix} in {failed:#?}"
    );
}

fn with_prometheus(release: &str) -> Vec<Value> {
    let mut objects = ours();
    objects.push(prometheus(release));
    objects
}

#[test]
fn our_own_k8s_passes_every_check_with_a_prometheus_that_selects_it() {
    let k8s = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("k8s")
        .display()
        .to_string();
    let churnctl = Churnctl::new().file("prometheus.yaml", prometheus("prometheus").to_string());
    let run = churnctl
        .run(&[
            "doctor",
            "--offline",
            &k8s,
            "prometheus.yaml",
            "--format=json",
        ])
        .expect(ExitCode::Ok);
    // What nobody has set is said of each object that has it, and nothing else.
    let left = findings(&run, "WARN");
    let details: Vec<&str> = left
        .iter()
        .map(|finding| finding["detail"].as_str().expect("a detail"))
        .collect();
    assert!(
        left.iter()
            .all(|finding| finding["check"] == "placeholders")
    );
    for words in [
        "image registry.example.com/churnctl@sha256:0000",
        "runbook_url https://runbooks.example.com/churnctl/",
        "channel #ml-alerts",
    ] {
        assert!(
            details.iter().any(|detail| detail.contains(words)),
            "{words} in {details:#?}"
        );
    }
    assert_eq!(
        findings(&run, "PASS").len() + left.len(),
        run.json()["findings"].as_array().expect("findings").len()
    );
    assert!(findings(&run, "PASS").len() >= 14, "{}", run.stdout);
}

#[test]
fn a_release_of_another_name_selects_nothing_and_the_label_is_named() {
    let objects = with_prometheus("monitoring");
    let run = offline(&objects).expect(ExitCode::CheckFailed);
    expect_schema(&run);
    let failed = findings(&run, "FAIL");
    let checks: Vec<&str> = failed
        .iter()
        .filter_map(|finding| finding["check"].as_str())
        .collect();
    assert!(
        checks.contains(&"service_monitors") && checks.contains(&"rules"),
        "{failed:#?}"
    );
    for finding in &failed {
        let detail = finding["detail"].as_str().expect("a text");
        assert!(
            detail.contains("wants release=monitoring, has release=prometheus"),
            "{detail}"
        );
        let fix = finding["fix"].as_str().expect("a fix");
        assert!(fix.contains("release=monitoring --overwrite"), "{fix}");
    }
    let table = {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
        let churnctl = Churnctl::new().file("all.json", list.to_string());
        churnctl
            .run(&["doctor", "--offline", "all.json"])
            .expect(ExitCode::CheckFailed)
            .stdout
    };
    assert!(
        table.contains(
            "kubectl label servicemonitor churn-api -n churn-mlops release=monitoring --overwrite"
        ),
        "{table}"
    );
    assert!(
        table
            .trim_end()
            .lines()
            .last()
            .expect("a line")
            .starts_with("FAIL: "),
        "{table}"
    );
}

#[test]
fn a_selector_that_is_not_set_selects_nothing_and_is_named() {
    let mut objects = with_prometheus("prometheus");
    edit(&mut objects, "Prometheus", "prom", |prometheus| {
        prometheus["spec"]
            .as_object_mut()
            .expect("a spec")
            .remove("serviceMonitorSelector");
    });
    expect_only(
        &objects,
        "service_monitors",
        "its serviceMonitorSelector is not set, which selects nothing",
        "kubectl patch prometheus prom -n monitoring --type=merge -p '{\"spec\":{\"serviceMonitorSelector\":{}}}'",
    );
    let mut objects = with_prometheus("prometheus");
    edit(&mut objects, "Prometheus", "prom", |prometheus| {
        prometheus["spec"]["ruleNamespaceSelector"] = Value::Null;
    });
    expect_only(
        &objects,
        "rules",
        "its own namespace only",
        "ruleNamespaceSelector",
    );
    // One that selects by namespace finds ours by the label that every namespace has.
    edit(&mut objects, "Prometheus", "prom", |prometheus| {
        prometheus["spec"]["ruleNamespaceSelector"] = json!({"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["churn-mlops"]}]});
    });
    offline(&objects).expect(ExitCode::Ok);
}

#[test]
fn a_wrong_port_name_is_named_with_the_right_one() {
    let mut objects = with_prometheus("prometheus");
    edit(&mut objects, "ServiceMonitor", "churn-api", |monitor| {
        monitor["spec"]["endpoints"][0]["port"] = "web".into();
    });
    expect_only(
        &objects,
        "services",
        "names the port \"web\"; the ports of service/churn-api are http",
        "\"value\":\"http\"",
    );
    // A port that was renamed, not the one beside it: there are no metrics.
    let mut objects = with_prometheus("prometheus");
    edit(&mut objects, "Service", "churn-api", |service| {
        let ports = service["spec"]["ports"].as_array_mut().expect("ports");
        let admin = ports.iter_mut().find(|port| port["name"] == "admin");
        admin.expect("a port for metrics")["name"] = "adm".into();
    });
    expect_only(
        &objects,
        "services",
        "names the port \"admin\"",
        "\"value\":\"adm\"",
    );
}

#[test]
fn a_service_without_labels_is_named_with_the_label() {
    let mut objects = with_prometheus("prometheus");
    edit(&mut objects, "Service", "churn-api", |service| {
        service["metadata"]
            .as_object_mut()
            .expect("metadata")
            .remove("labels");
    });
    expect_only(
        &objects,
        "services",
        "selects no Service; of service/churn-api it wants app.kubernetes.io/name=churn-api, which is missing",
        "kubectl label service churn-api -n churn-mlops app.kubernetes.io/name=churn-api --overwrite",
    );
}

/// Seen on a control plane: the advice was to relabel the Service of the hook, which broke that one.
#[test]
fn a_service_that_is_gone_is_not_replaced_by_anothers() {
    let mut objects = with_prometheus("prometheus");
    let is_gone =
        |object: &Value| object["kind"] == "Service" && object["metadata"]["name"] == "churn-api";
    objects.retain(|object| !is_gone(object));
    let failed = findings(&offline(&objects).expect(ExitCode::CheckFailed), "FAIL");
    let fixes: Vec<&str> = failed
        .iter()
        .filter(|finding| finding["check"] == "services")
        .filter_map(|finding| finding["fix"].as_str())
        .collect();
    assert_eq!(fixes, ["kubectl apply -k k8s/"], "{failed:#?}");
}

#[test]
fn each_further_fault_is_named() {
    type Break = fn(&mut Vec<Value>);
    let faults: [(Break, &str, &str, &str); 6] = [
        (
            |objects| {
                edit(objects, "Service", "churn-api", |service| {
                    service["spec"]["selector"] = json!({"app": "x"});
                });
            },
            "pods",
            "wants app=x, which is missing",
            "spec.selector",
        ),
        (
            |objects| {
                edit(objects, "Service", "churn-api", |service| {
                    service["spec"]["ports"][0]["targetPort"] = "web".into();
                });
            },
            "pods",
            "sends to the port \"web\"",
            "targetPort",
        ),
        (
            |objects| {
                edit(objects, "Role", "churn-retrain-hook", |role| {
                    role["rules"] = json!([]);
                });
            },
            "hook",
            "may not get cronjobs.batch",
            "kubectl apply",
        ),
        (
            |objects| {
                edit(objects, "NetworkPolicy", "churn-retrain-hook", |policy| {
                    policy["spec"]["ingress"] = json!([]);
                });
            },
            "hook",
            "let nobody of namespace monitoring in",
            "kubectl patch networkpolicy",
        ),
        (
            |objects| {
                edit(objects, "CronJob", "churn-drift-daily", |job| {
                    let pod = &mut job["spec"]["jobTemplate"]["spec"]["template"]["spec"];
                    pod["securityContext"]["runAsNonRoot"] = false.into();
                    pod["containers"][0]["securityContext"]["runAsNonRoot"] = false.into();
                });
            },
            "pod_security",
            "runAsNonRoot: true",
            "runAsNonRoot",
        ),
        (
            |objects| objects.retain(|object| object["metadata"]["name"] != "churn-drift-daily"),
            "drift",
            "nobody looks for drift",
            "kubectl apply",
        ),
    ];
    for (spoil, check, detail, fix) in faults {
        let mut objects = with_prometheus("prometheus");
        spoil(&mut objects);
        expect_only(&objects, check, detail, fix);
    }
}

#[test]
fn what_works_but_not_for_long_is_a_warning_and_no_failure() {
    let mut objects = with_prometheus("prometheus");
    edit(&mut objects, "CronJob", "churn-drift-daily", |job| {
        job["spec"]["suspend"] = true.into();
        let job = job["spec"]["jobTemplate"]["spec"]
            .as_object_mut()
            .expect("a spec");
        job.remove("podFailurePolicy");
        job.remove("backoffLimit");
    });
    edit(
        &mut objects,
        "PrometheusRule",
        "churn-mlops-alerts",
        |rules| {
            rules["spec"]["groups"][0]["rules"][0]["labels"]
                .as_object_mut()
                .expect("labels")
                .remove("namespace");
        },
    );
    let run = offline(&objects).expect(ExitCode::Ok);
    assert_eq!(run.json()["status"], "WARN");
    let details: Vec<String> = findings(&run, "WARN")
        .iter()
        .map(|finding| finding["detail"].to_string())
        .collect();
    for words in [
        "suspended",
        "runs up to 7 times",
        "without a label namespace=churn-mlops",
    ] {
        assert!(
            details.iter().any(|detail| detail.contains(words)),
            "{words} in {details:#?}"
        );
    }
}

#[test]
fn a_volume_of_one_node_is_well_as_long_as_all_its_pods_find_each_other() {
    let warned = |objects: &[Value]| {
        let run = offline(objects).expect(ExitCode::Ok);
        let found = findings(&run, "WARN");
        let words = "ReadWriteOnce, but wanted by";
        found
            .iter()
            .any(|one| one["detail"].to_string().contains(words))
    };
    assert!(!warned(&with_prometheus("prometheus")));
    // One that doesn't look for the others, one that they don't find.
    for (at, key) in [
        ("/spec", "affinity"),
        ("/metadata/labels", "churn-mlops/volume"),
    ] {
        let mut objects = with_prometheus("prometheus");
        edit(&mut objects, "Deployment", "churn-api", |deployment| {
            let place = deployment["spec"]["template"].pointer_mut(at);
            let map = place.and_then(Value::as_object_mut).expect("a map");
            map.remove(key).expect("what is taken away");
        });
        assert!(warned(&objects), "{key}");
    }
}

#[test]
fn bad_files_are_named_with_their_line() {
    let churnctl = Churnctl::new()
        .file("bad.yaml", "kind: Service\nmetadata: {name: a\n")
        .file("empty.yaml", "# nothing\n")
        .file("no/readme.txt", "");
    churnctl
        .run(&["doctor", "--offline", "bad.yaml"])
        .expect(ExitCode::BadInput)
        .says("bad.yaml:");
    churnctl
        .run(&["doctor", "--offline", "empty.yaml"])
        .expect(ExitCode::BadInput)
        .says("no Kubernetes object");
    churnctl
        .run(&["doctor", "--offline", "no"])
        .expect(ExitCode::BadInput);
    churnctl
        .run(&["doctor", "--offline", "absent"])
        .expect(ExitCode::Io);
}

fn deployment(name: &str, label: (&str, &str), args: Value) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "namespace": "monitoring", "labels": {label.0: label.1}},
        "spec": {"template": {"spec": {"containers": [{"name": "a", "args": args}]}}},
        "status": {"availableReplicas": 1}
    })
}

/// A cluster where all is well.
fn cluster() -> (ApiServer, Churnctl) {
    let server = ApiServer::start();
    for mut object in with_prometheus("prometheus") {
        if object["kind"] == "PersistentVolumeClaim" {
            object["status"] = json!({"phase": "Bound"});
        }
        server.put(object);
    }
    server.put(json!({
        "apiVersion": "monitoring.coreos.com/v1", "kind": "Alertmanager", "metadata": {"name": "am", "namespace": "monitoring"},
        "spec": {"alertmanagerConfigSelector": {}, "alertmanagerConfigNamespaceSelector": {}}
    }));
    server.put(deployment(
        "operator",
        ("app", "kube-prometheus-stack-operator"),
        json!([]),
    ));
    server.put(deployment(
        "ksm",
        ("app.kubernetes.io/name", "kube-state-metrics"),
        json!(["--resources=jobs,cronjobs,pods"]),
    ));
    server
        .put(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "monitoring"}}));
    for (name, keys) in [
        ("churn-retrain-hook", &["token"][..]),
        ("churn-api-token", &["token"]),
        ("churn-alerting", &["slack-webhook-url", "smtp-password"]),
    ] {
        let data: Value = keys
            .iter()
            .map(|key| ((*key).to_owned(), json!("d29yZA==")))
            .collect();
        server.put(json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "churn-mlops"},
            "data": data
        }));
    }
    for name in ["churn-api", "churn-retrain-hook", "churn-pushgateway"] {
        server.put(json!({
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": {"name": name, "namespace": "churn-mlops", "labels": {"kubernetes.io/service-name": name}},
            "endpoints": [{"conditions": {"ready": true}}, {"conditions": {"ready": false}}]
        }));
    }
    // What is rendered with these is what is there.
    let settings = "alerts.slack_channel = '#churn'\nalerts.email_to = 'ml-team@shop.test'\nalerts.email_from = 'alerts@shop.test'\n";
    let churnctl = Churnctl::new()
        .file("kubeconfig", server.kubeconfig())
        .file("churnctl.toml", settings);
    let path = churnctl.path("kubeconfig").display().to_string();
    (server, churnctl.env("KUBECONFIG", &path))
}

fn online(churnctl: &Churnctl) -> Run {
    churnctl.run(&["doctor", "--format=json"])
}

#[test]
fn a_cluster_where_all_is_well_passes() {
    let (_server, churnctl) = cluster();
    let run = online(&churnctl).expect(ExitCode::Ok);
    expect_schema(&run);
    assert!(
        findings(&run, "FAIL").is_empty() && findings(&run, "WARN").is_empty(),
        "{}",
        run.stdout
    );
    let passed = findings(&run, "PASS");
    for check in [
        "crds",
        "operator",
        "service_monitors",
        "rules",
        "alertmanager",
        "services",
        "pods",
        "scrape_rights",
        "kube_state_metrics",
        "drift",
        "storage",
        "hook",
        "pod_security",
        "objects",
        "references",
    ] {
        assert!(
            passed.iter().any(|finding| finding["check"] == check),
            "{check} in {}",
            run.stdout
        );
    }
}

#[test]
fn what_only_a_cluster_knows_is_found() {
    let (server, churnctl) = cluster();
    server.delete("secrets", "churn-retrain-hook");
    server.edit("deployments", "ksm", |ksm| {
        ksm["spec"]["template"]["spec"]["containers"][0]["args"] = json!(["--resources=pods"]);
    });
    server.edit("deployments", "operator", |operator| {
        operator["status"] = json!({});
    });
    server.edit("endpointslices", "churn-api", |slice| {
        slice["endpoints"] = json!([]);
    });
    server.edit("persistentvolumeclaims", "churn-mlops-pvc", |claim| {
        claim["status"]["phase"] = "Pending".into();
    });
    server.edit("alertmanagers", "am", |am| {
        am["spec"]["alertmanagerConfigNamespaceSelector"] = Value::Null;
    });
    server.edit("cronjobs", "churn-drift-daily", |job| {
        job["status"] = json!({"lastScheduleTime": "2026-01-01T01:00:00Z"});
    });
    server.edit("servicemonitors", "churn-api", |monitor| {
        monitor["status"] = json!({"bindings": [{"conditions": [{"type": "Accepted", "status": "False", "message": "bad regex"}]}]});
    });
    let run = online(&churnctl).expect(ExitCode::CheckFailed);
    let details: Vec<String> = ["FAIL", "WARN"]
        .iter()
        .flat_map(|status| findings(&run, status))
        .map(|finding| finding["detail"].to_string())
        .collect();
    for words in [
        "pods of deployment/churn-retrain-hook cannot start",
        "--resources leaves out jobs, cronjobs",
        "no pod of it is available",
        "no pod behind it is ready",
        "it is Pending, not Bound",
        "its own namespace only",
        "it last ran at 2026-01-01T01:00:00Z",
        "the Operator refused it: bad regex",
    ] {
        assert!(
            details.iter().any(|detail| detail.contains(words)),
            "{words} in {details:#?}"
        );
    }
}

/// A fault, and the check, the words of the finding and the command that it must lead to.
type FaultOnCluster = (fn(&ApiServer), [&'static str; 3]);

#[test]
fn what_was_rendered_and_what_pods_name_must_be_there() {
    let faults: [FaultOnCluster; 9] = [
        (
            |server| server.delete("cronjobs", "churn-retrain-weekly"),
            [
                "objects",
                "where others of batch are",
                "kubectl apply -f k8s/cronjob-churn-retrain-weekly.yaml",
            ],
        ),
        (
            |server| server.delete("networkpolicies", "churn-api"),
            [
                "objects",
                "where others of api are",
                "kubectl apply -f k8s/networkpolicy-churn-api.yaml",
            ],
        ),
        (
            |server| server.delete("serviceaccounts", "churn-batch"),
            [
                "references",
                "pods of cronjob/churn-batch-score, cronjob/churn-drift-daily and 2 more",
                "kubectl apply -f k8s/serviceaccount-churn-batch.yaml",
            ],
        ),
        (
            |server| server.delete("configmaps", "churn-mlops-config"),
            [
                "references",
                "it is missing in namespace churn-mlops",
                "kubectl apply -f k8s/configmap-churn-mlops-config.yaml",
            ],
        ),
        (
            |server| {
                server.edit("secrets", "churn-retrain-hook", |secret| {
                    secret["data"] = json!({"Token": "d29yZA=="});
                });
            },
            [
                "references",
                "it lacks the key token, which alertmanagerconfig/churn-mlops-alerts, deployment/churn-retrain-hook must have; in it is Token",
                "kubectl create secret generic churn-retrain-hook -n churn-mlops --from-literal=token=$(openssl rand -hex 32) --dry-run=client -o yaml | kubectl apply --server-side --field-manager=churnctl-token -f -",
            ],
        ),
        (
            |server| server.delete("secrets", "churn-retrain-hook"),
            [
                "references",
                "pods of deployment/churn-retrain-hook cannot start",
                "kubectl create secret generic churn-retrain-hook -n churn-mlops --from-literal=token=",
            ],
        ),
        (
            |server| {
                server.edit("prometheuses", "prom", |prometheus| {
                    prometheus["spec"]["alerting"] = Value::Null;
                });
            },
            [
                "alertmanager",
                "its alerts reach nobody",
                "kubectl patch prometheus prom -n monitoring --type=merge -p",
            ],
        ),
        (
            |server| server.delete("rolebindings", "churn-retrain-hook"),
            [
                "objects",
                "where others of hook are",
                "kubectl apply -f k8s/rolebinding-churn-retrain-hook.yaml",
            ],
        ),
        (
            |server| server.delete("services", "churn-pushgateway"),
            [
                "objects",
                "where others of pushgateway are",
                "kubectl apply -f k8s/service-churn-pushgateway.yaml",
            ],
        ),
    ];
    expect_on_cluster(&faults);
}

/// Asserts that each fault alone fails with its finding.
#[track_caller]
fn expect_on_cluster(faults: &[FaultOnCluster]) {
    for (spoil, [check, detail, fix]) in faults {
        let (server, churnctl) = cluster();
        spoil(&server);
        let run = online(&churnctl).expect(ExitCode::CheckFailed);
        let failed = findings(&run, "FAIL");
        let says = |finding: &Value, key: &str, words: &str| {
            finding[key]
                .as_str()
                .is_some_and(|text| text.contains(words))
        };
        assert!(
            failed.iter().any(|finding| finding["check"] == *check
                && says(finding, "detail", detail)
                && says(finding, "fix", fix)),
            "{check} {detail} {fix} in {failed:#?}"
        );
    }
}

/// Changes that a control plane was seen to take while doctor said nothing, or something that fixes nothing.
#[test]
fn what_is_not_as_rendered_is_named_with_the_command_that_restores_it() {
    let faults: [FaultOnCluster; 8] = [
        (
            |server| {
                server.edit("servicemonitors", "churn-api", |monitor| {
                    monitor["spec"]["selector"]["matchLabels"]["app.kubernetes.io/name"] =
                        "other".into();
                });
            },
            [
                "services",
                "selects no Service",
                "kubectl apply --server-side --force-conflicts -f k8s/monitoring/servicemonitor-churn-api.yaml",
            ],
        ),
        (
            // Its pods have a token of the account before, which is refused.
            |server| server.delete("serviceaccounts", "churn-retrain-hook"),
            [
                "references",
                "pods of deployment/churn-retrain-hook cannot start",
                "kubectl apply -f k8s/serviceaccount-churn-retrain-hook.yaml && kubectl rollout restart deployment churn-retrain-hook -n churn-mlops",
            ],
        ),
        (
            |server| server.delete("secrets", "churn-alerting"),
            [
                "references",
                "the Operator leaves out all of alertmanagerconfig/churn-mlops-alerts",
                "--from-literal=slack-webhook-url=\"${SLACK_WEBHOOK_URL:?}\" --from-literal=smtp-password=\"${SMTP_PASSWORD:?}\"",
            ],
        ),
        (
            |server| {
                server.edit("secrets", "churn-alerting", |secret| {
                    secret["data"] = json!({"smtp-password": ""});
                });
            },
            [
                "references",
                "it lacks the key slack-webhook-url",
                "--from-literal=slack-webhook-url=\"${SLACK_WEBHOOK_URL:?}\" --dry-run=client -o yaml | kubectl apply --server-side --field-manager=churnctl-slack-webhook-url -f -",
            ],
        ),
        (
            |server| {
                server.edit("networkpolicies", "churn-api", |policy| {
                    policy["spec"]["ingress"] = json!([]);
                });
            },
            [
                "objects",
                "it is not what was rendered: spec.ingress lacks",
                "--force-conflicts -f k8s/networkpolicy-churn-api.yaml",
            ],
        ),
        (
            |server| {
                server.edit("deployments", "churn-api", |deployment| {
                    deployment["spec"]["replicas"] = 0.into();
                });
            },
            [
                "objects",
                "it is scaled to 0",
                "kubectl scale deployment churn-api -n churn-mlops --replicas=2",
            ],
        ),
        (
            |server| {
                server.edit("deployments", "ksm", |deployment| {
                    deployment["spec"]["replicas"] = 0.into();
                    deployment["status"] = json!({});
                });
            },
            [
                "kube_state_metrics",
                "no pod of it is available",
                "kubectl scale deployment ksm -n monitoring --replicas=1",
            ],
        ),
        (
            |server| {
                server.edit("roles", "churn-retrain-hook", |role| {
                    role["rules"] = json!([]);
                });
            },
            [
                "hook",
                "may not get cronjobs.batch",
                "kubectl apply --server-side --force-conflicts -f k8s/role-churn-retrain-hook.yaml",
            ],
        ),
    ];
    expect_on_cluster(&faults);
    let (server, churnctl) = cluster();
    server.delete(
        "validatingadmissionpolicies",
        "churn-mlops-churn-retrain-hook-label",
    );
    server.edit("cronjobs", "churn-retrain-weekly", |job| {
        job["spec"]["suspend"] = true.into();
    });
    server.edit("prometheusrules", "churn-mlops-alerts", |rules| {
        rules["spec"]["groups"]
            .as_array_mut()
            .expect("groups")
            .remove(0);
    });
    let run = online(&churnctl).expect(ExitCode::Ok);
    let warned = findings(&run, "WARN");
    let fixes: Vec<&str> = warned
        .iter()
        .filter_map(|one| one["fix"].as_str())
        .collect();
    let wanted = [
        "kubectl apply -f k8s/validatingadmissionpolicy-churn-mlops-churn-retrain-hook-label.yaml",
        "kubectl patch cronjob churn-retrain-weekly -n churn-mlops -p '{\"spec\":{\"suspend\":false}}'",
        "kubectl apply --server-side --force-conflicts -f k8s/monitoring/prometheusrule-churn-mlops-alerts.yaml",
    ];
    assert_eq!(fixes, wanted, "{warned:#?}");
}

#[test]
fn what_a_team_sets_by_its_own_needs_is_no_fault() {
    let (server, churnctl) = cluster();
    server.edit("cronjobs", "churn-drift-daily", |job| {
        job["spec"]["schedule"] = "30 2 * * *".into();
    });
    server.edit("horizontalpodautoscalers", "churn-api", |hpa| {
        hpa["spec"]["maxReplicas"] = 40.into();
    });
    server.edit("deployments", "churn-api", |deployment| {
        deployment["spec"]["replicas"] = 3.into();
        let container = &mut deployment["spec"]["template"]["spec"]["containers"][0];
        container["image"] = "registry.shop.test/churnctl@sha256:22".into();
        container["resources"]["limits"]["memory"] = "3Gi".into();
        let env = container["env"].as_array_mut().expect("variables");
        env.insert(0, json!({"name": "MLFLOW_TRACKING_TOKEN", "value": "x"}));
    });
    server.edit("roles", "churn-retrain-hook", |role| {
        let rules = role["rules"].as_array_mut().expect("rules");
        rules.push(json!({"apiGroups": [""], "resources": ["events"], "verbs": ["list"]}));
    });
    let run = online(&churnctl).expect(ExitCode::Ok);
    assert_eq!(run.json()["status"], "PASS", "{}", run.stdout);
}

#[test]
fn a_component_that_was_not_deployed_is_no_fault() {
    let (server, churnctl) = cluster();
    for (resource, kind) in [
        ("deployments", "Deployment"),
        ("services", "Service"),
        ("networkpolicies", "NetworkPolicy"),
    ] {
        let name = "churn-pushgateway";
        assert!(!server.all(resource).is_empty(), "{kind}");
        server.delete(resource, name);
    }
    let run = online(&churnctl);
    let skipped = findings(&run, "SKIP");
    assert!(
        skipped
            .iter()
            .any(|finding| finding["subject"] == "component/pushgateway"
                && finding["detail"].to_string().contains("it is not deployed")),
        "{}",
        run.stdout
    );
    assert!(
        !findings(&run, "FAIL")
            .iter()
            .any(|finding| finding["check"] == "objects"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_check_that_lacks_several_permissions_names_each() {
    let (server, churnctl) = cluster();
    let denied = [
        "list alertmanagerconfigs",
        "list prometheuses",
        "list prometheusrules",
        "list servicemonitors",
        "list services",
    ];
    for permission in denied {
        server.deny(permission);
    }
    let table = churnctl.run(&["doctor"]).expect(ExitCode::Ok).stdout;
    let last = table.trim_end().lines().last().expect("a line");
    assert!(last.ends_with(&denied.join(", ")), "{last}");
}

#[test]
fn a_missing_permission_skips_its_checks_and_no_others() {
    let (server, churnctl) = cluster();
    for permission in [
        "list prometheuses",
        "list networkpolicies",
        "create subjectaccessreviews",
    ] {
        server.deny(permission);
    }
    let run = online(&churnctl).expect(ExitCode::Ok);
    let skipped = findings(&run, "SKIP");
    for words in [
        "no permission to list prometheuses",
        "no permission to list networkpolicies",
    ] {
        assert!(
            skipped
                .iter()
                .any(|finding| finding["detail"].to_string().contains(words)),
            "{words} in {skipped:#?}"
        );
    }
    assert!(
        findings(&run, "PASS")
            .iter()
            .any(|finding| finding["check"] == "services")
    );
    // The last line says what was not seen.
    let table = churnctl.run(&["doctor"]).expect(ExitCode::Ok).stdout;
    let last = table.trim_end().lines().last().expect("a line");
    assert!(
        last.starts_with("PASS: ")
            && last.ends_with(
                "; not looked at, for lack of permission to list networkpolicies, list prometheuses"
            ),
        "{last}"
    );
}

#[test]
fn a_cluster_that_gives_no_answer_is_no_verdict() {
    let (server, churnctl) = cluster();
    server.fault(Fault::new("*", "*", What::Status(503, None)));
    churnctl
        .run(&["doctor", "--deadline", "1s"])
        .expect(ExitCode::Unavailable);
}

#[test]
fn a_probe_is_0_for_a_server_that_answers_and_1_for_every_other_end() {
    let answering = |status: &'static str| {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/live", listener.local_addr().expect("an address"));
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                use std::io::{Read as _, Write as _};
                let _ = stream.read(&mut [0; 1024]);
                let head =
                    format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                let _ = stream.write_all(head.as_bytes());
            }
        });
        url
    };
    // Docker's documentation of HEALTHCHECK: 0 healthy, 1 unhealthy, 2 reserved.
    let churnctl = Churnctl::new();
    let probe = |url: &str| churnctl.run(&["doctor", "--probe", url]);
    probe(&answering("200 OK")).expect(ExitCode::Ok);
    for status in ["404 Not Found", "503 Service Unavailable", "302 Found"] {
        let run = probe(&answering(status)).expect(ExitCode::Failed);
        assert!(run.stderr.contains("doesn't answer 200"), "{}", run.stderr);
    }
    let nobody = format!("http://{}/live", crate::servers::free_address());
    probe(&nobody).expect(ExitCode::Failed);
    probe("127.0.0.1:8000").expect(ExitCode::Usage);
}
