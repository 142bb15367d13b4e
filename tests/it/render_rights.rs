//! Least rights: what the rendered pods may read, write, ask and create.

use std::collections::BTreeMap;

use churnctl::exit::ExitCode;
use serde_json::{Value, json};

use crate::harness::Churnctl;
use crate::render_manifests::{ALL_PARTS, rendered};

fn object<'a>(files: &'a BTreeMap<String, Value>, kind: &str, name: &str) -> &'a Value {
    let wanted = |tree: &&Value| tree["kind"] == kind && tree["metadata"]["name"] == name;
    let found = files.values().find(wanted);
    found.unwrap_or_else(|| panic!("no {kind}/{name}"))
}

#[test]
fn the_api_reads_the_volume_only_and_asks_for_a_token() {
    let churnctl = Churnctl::new();
    let files = rendered(&churnctl, "k8s", &[]);
    let pod = &object(&files, "Deployment", "churn-api")["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    let mounts = container["volumeMounts"].as_array().expect("mounts");
    let at = |path: &str| mounts.iter().find(|mount| mount["mountPath"] == path);
    assert_eq!(at("/srv/churn").expect("the volume")["readOnly"], true);
    let writable: Vec<&Value> = mounts
        .iter()
        .filter(|mount| mount["readOnly"] != true)
        .collect();
    assert_eq!(writable, [at("/tmp").expect("scratch")]);
    let args = container["args"].to_string();
    assert!(
        args.contains(r#""--token-file","/etc/churnctl/api/token""#),
        "{args}"
    );
    let secret =
        json!({"name": "token", "secret": {"secretName": "churn-api-token", "defaultMode": 0o440}});
    let volumes = pod["volumes"].as_array().expect("volumes");
    assert!(volumes.contains(&secret), "{volumes:?}");
    let run = churnctl.run(&[
        "render-manifests",
        "--output-dir",
        "open",
        "--set",
        "k8s.api_auth=none",
    ]);
    let run = run.expect(ExitCode::Ok);
    assert!(!run.stderr.contains("churn-api-token"), "{}", run.stderr);
    let files = rendered(&churnctl, "open", &["--set", "k8s.api_auth=none"]);
    let deployment = object(&files, "Deployment", "churn-api").to_string();
    assert!(!deployment.contains("token\""), "{deployment}");
}

#[test]
fn a_volume_of_one_node_keeps_its_pods_there_and_a_model_elsewhere_sets_the_api_free() {
    let churnctl = Churnctl::new();
    let all = ["--parts", ALL_PARTS];
    let tied = |files: &BTreeMap<String, Value>| -> Vec<String> {
        let mut tied = Vec::new();
        for (path, tree) in files {
            let template = match tree["kind"].as_str() {
                Some("CronJob") => &tree["spec"]["jobTemplate"]["spec"]["template"],
                Some("Deployment" | "Job") => &tree["spec"]["template"],
                _ => continue,
            };
            let uses = template["spec"]["volumes"]
                .to_string()
                .contains("claimName");
            let term = &template["spec"]["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
                [0];
            let kept = term["topologyKey"] == "kubernetes.io/hostname";
            if kept {
                // It finds itself: without that the first pod could never start.
                let (label, value) = ("churn-mlops/volume", "churn-mlops-pvc");
                assert_eq!(
                    term["labelSelector"]["matchLabels"],
                    json!({label: value}),
                    "{path}"
                );
                assert_eq!(template["metadata"]["labels"][label], value, "{path}");
                assert!(uses, "{path}");
                tied.push(
                    tree["metadata"]["name"]
                        .as_str()
                        .expect("a name")
                        .to_owned(),
                );
            }
        }
        tied
    };
    let files = rendered(&churnctl, "once", &all);
    let claim = &object(&files, "PersistentVolumeClaim", "churn-mlops-pvc")["spec"];
    assert_eq!(claim["accessModes"], json!(["ReadWriteOnce"]));
    assert!(claim["storageClassName"].is_null());
    // API, exporter, three CronJobs, first model, shards, merge.
    assert_eq!(tied(&files).len(), 8);
    // A budget would hold up the drain of that node for ever.
    let budgets = |files: &BTreeMap<String, Value>| {
        files
            .values()
            .filter(|tree| tree["kind"] == "PodDisruptionBudget")
            .count()
    };
    assert_eq!(budgets(&files), 0);
    let many = [all[0], all[1], "--set", "k8s.access_mode=ReadWriteMany"];
    let files = rendered(&churnctl, "many", &many);
    assert_eq!((tied(&files).len(), budgets(&files)), (0, 1));
    let registry = [
        "--set",
        "serve.model=models:/churn@champion",
        "--set",
        "mlflow.tracking_uri=https://mlflow.shop.test",
    ];
    let files = rendered(&churnctl, "registry", &registry);
    assert!(!tied(&files).contains(&"churn-api".to_owned()));
    assert_eq!(budgets(&files), 1);
    let api = object(&files, "Deployment", "churn-api").to_string();
    assert!(
        !api.contains("claimName") && api.contains("models:/churn@champion"),
        "{api}"
    );
    let settings =
        object(&files, "ConfigMap", "churn-mlops-config")["data"]["churnctl.toml"].to_string();
    assert!(settings.contains("https://mlflow.shop.test"), "{settings}");
}

#[test]
fn predictions_are_kept_beside_the_volume_and_no_address_with_a_secret_is_rendered() {
    let churnctl = Churnctl::new();
    let log = [
        "--set",
        "serve.log_dir=data/predictions",
        "--set",
        "serve.log_upload=s3://shop/predictions",
    ];
    let files = rendered(&churnctl, "k8s", &log);
    let pod = &object(&files, "Deployment", "churn-api")["spec"]["template"]["spec"];
    let volumes = pod["volumes"].as_array().expect("volumes");
    let folder = volumes
        .iter()
        .find(|volume| volume["name"] == "predictions");
    assert_eq!(folder.expect("a folder")["emptyDir"]["sizeLimit"], "5Gi");
    // The settings are those that the program itself reads.
    let text = &object(&files, "ConfigMap", "churn-mlops-config")["data"]["churnctl.toml"];
    let inside = Churnctl::new().file("churnctl.toml", text.as_str().expect("a text"));
    let shown = inside
        .run(&["config", "show", "--format=json"])
        .expect(ExitCode::Ok)
        .stdout;
    for words in [
        "/var/lib/churnctl/predictions",
        "s3://shop/predictions",
        "86400000ms",
    ] {
        assert!(shown.contains(words), "{words} in {shown}");
    }
    // The drift check looks at these predictions, the last whole day each time.
    for (key, value) in [
        ("drift.current", "s3://shop/predictions"),
        ("drift.time", "predicted_at"),
        ("drift.last", "1"),
        ("drift.history", "artifacts/drift_history"),
    ] {
        let words = ["config", "get", key];
        let said = inside.run(&words).expect(ExitCode::Ok).stdout;
        assert_eq!(said.trim(), value, "{key}");
    }
    for (set, more) in [
        (
            "serve.log_upload=s3://key:secret@shop/x",
            "serve.log_dir=data/predictions",
        ),
        (
            "mlflow.tracking_uri=https://ann:secret@mlflow.shop.test",
            "serve.model=models:/churn@champion",
        ),
    ] {
        let run = churnctl.run(&[
            "render-manifests",
            "--output-dir",
            "no",
            "--set",
            set,
            "--set",
            more,
        ]);
        let run = run.expect(ExitCode::BadSettings);
        assert!(!run.stderr.contains("secret@"), "{}", run.stderr);
    }
}

#[test]
fn names_are_asked_of_the_clusters_dns_only() {
    let churnctl = Churnctl::new();
    let files = rendered(&churnctl, "k8s", &[]);
    // Kubernetes' documentation: the label k8s-app=kube-dns of CoreDNS in kube-system, and the address
    // of NodeLocal DNSCache.
    let expected = json!([{
        "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}],
        "to": [
            {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
                "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
            },
            {"ipBlock": {"cidr": "169.254.20.10/32"}},
        ],
    }]);
    assert_eq!(
        object(&files, "NetworkPolicy", "churn-dns")["spec"]["egress"],
        expected
    );
}

#[test]
fn kserve_asks_for_the_token_too() {
    let churnctl = Churnctl::new();
    let files = rendered(&churnctl, "k8s", &["--parts=kserve"]);
    let predictor = &object(&files, "InferenceService", "churn-model")["spec"]["predictor"];
    let container = &predictor["containers"][0];
    let args = container["args"].to_string();
    assert!(args.contains(r#""--token-file","/etc/churnctl/api/token""#));
    let mount = json!({"name": "token", "mountPath": "/etc/churnctl/api", "readOnly": true});
    let mounts = container["volumeMounts"].as_array().expect("mounts");
    assert!(mounts.contains(&mount), "{mounts:?}");
    let volumes = predictor["volumes"].to_string();
    assert!(volumes.contains("churn-api-token"), "{volumes}");
    let run = churnctl.run(&["render-manifests", "--output-dir=k8s", "--parts=kserve"]);
    assert!(run.stderr.contains("churn-api-token"), "{}", run.stderr);
}

#[test]
fn external_secrets_make_the_apis_token_and_not_of_the_hooks() {
    let churnctl = Churnctl::new();
    let files = rendered(&churnctl, "k8s", &["--parts=api,hook,external-secrets"]);
    for (name, property) in [
        ("churn-api-token", "api-token"),
        ("churn-retrain-hook", "token"),
    ] {
        let data = &object(&files, "ExternalSecret", name)["spec"]["data"];
        let entry = json!([{"secretKey": "token", "remoteRef": {"key": "churn-mlops", "property": property}}]);
        assert_eq!(*data, entry, "{name}");
    }
}

#[test]
fn argos_job_has_the_label_that_its_policy_wants_and_the_policies_can_be_left_out() {
    let churnctl = Churnctl::new();
    let policies = |files: &BTreeMap<String, Value>| -> Vec<String> {
        let kinds = files.values().map(|tree| tree["kind"].to_string());
        kinds.filter(|kind| kind.contains("Admission")).collect()
    };
    let files = rendered(&churnctl, "k8s", &["--parts=jobs,argo-events"]);
    assert_eq!(policies(&files).len(), 4);
    let trigger = &object(&files, "Sensor", "churn-retrain")["spec"]["triggers"][0];
    let job = &trigger["template"]["k8s"]["source"]["resource"];
    assert_eq!(job["metadata"]["labels"]["churnctl.io/trigger"], "alert");
    let none = ["--set=k8s.admission_policy=no"];
    assert_eq!(policies(&rendered(&churnctl, "none", &none)).len(), 0);
}

/// Empty lists and maps: an API server drops them, and whoever compares sees a difference for ever.
fn empty(tree: &Value, at: &str, found: &mut Vec<String>) {
    match tree {
        Value::Array(list) if list.is_empty() => found.push(at.to_owned()),
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                empty(value, &format!("{at}/{index}"), found);
            }
        }
        Value::Object(map) => {
            for (key, value) in map {
                // An object is not a map: an empty selector selects all, an empty source is a folder.
                let is_object = key.ends_with("elector") || key == "emptyDir";
                if value == &json!({}) && !is_object {
                    found.push(format!("{at}/{key}"));
                }
                empty(value, &format!("{at}/{key}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn nothing_is_rendered_that_an_api_server_drops() {
    let churnctl = Churnctl::new();
    for (name, more) in [
        ("all", vec!["--parts", ALL_PARTS]),
        ("few", vec!["--parts=jobs", "--set=k8s.job_egress_ports="]),
    ] {
        for (path, tree) in rendered(&churnctl, name, &more) {
            // Not the cases of promtool and the dashboards, which no API server reads.
            if tree["apiVersion"].is_null() {
                continue;
            }
            let mut found = Vec::new();
            empty(&tree, "", &mut found);
            assert_eq!(found, Vec::<String>::new(), "{path}");
        }
    }
}

#[test]
fn the_api_asks_for_the_signatures_that_the_settings_ask_for_and_the_jobs_make_them() {
    let churnctl = Churnctl::new();
    churnctl
        .run(&["sign", "--new-key", "churn.key"])
        .expect(ExitCode::Ok);
    let trusting = ["--set", "serve.require_signature=churn.key.pub"];
    // An API that takes signed models only, and jobs that sign none, would never agree.
    let args = ["render-manifests", "--output-dir", "out"];
    churnctl
        .run(&[&args[..], &trusting].concat())
        .expect(ExitCode::Ok)
        .says("k8s.sign_secret is not");
    let files = rendered(
        &churnctl,
        "k8s",
        &[&trusting[..], &["--set", "k8s.sign_secret=churn-sign-key"]].concat(),
    );
    let data = &object(&files, "ConfigMap", "churn-mlops-config")["data"];
    let public = std::fs::read_to_string(churnctl.path("churn.key.pub")).expect("the public key");
    assert_eq!(data["trusted-1.pem"], public.as_str());
    let settings = data["churnctl.toml"].as_str().expect("a text");
    let named = "require_signature = [\"/etc/churnctl/settings/trusted-1.pem\"]";
    assert!(settings.contains(named), "{settings}");
    for (name, signs) in [
        ("churn-retrain-weekly", true),
        ("churn-drift-daily", false),
        ("churn-batch-score", false),
    ] {
        let job = object(&files, "CronJob", name)["spec"]["jobTemplate"].to_string();
        let holds = ["churn-sign-key", "--sign-key=/etc/churnctl/sign/sign.key"];
        assert!(
            holds.iter().all(|words| job.contains(words) == signs),
            "{name}: {job}"
        );
    }
    // Only what everybody may know is rendered.
    churnctl
        .run(&[&args[..], &["--set", "serve.require_signature=churn.key"]].concat())
        .expect(ExitCode::BadInput)
        .says("private key");
}

#[test]
fn pods_check_drift_as_the_settings_say() {
    let settings = "[drift]\n\
        current = [\"data/daily/*.csv\", \"s3://shop/daily/\"]\n\
        baseline = [\"postgres://reader@db/shop?table=t\"]\n\
        time = \"day\"\nlast = 7\nby = [\"contract,region\", \"tenure < 12\"]\n\
        fail_psi = 0.4\nreport = \"elsewhere.json\"\n\
        [drift.thresholds.\"total \\\"charges\\\"\"]\nfail_psi = 0.9\n\
        [serve]\nlog_dir = \"data/predictions\"\nlog_upload = \"s3://shop/predictions\"\n";
    let churnctl = Churnctl::new().file("churnctl.toml", settings);
    let words = ["render-manifests", "--output-dir", "k8s"];
    let run = churnctl.run(&words).expect(ExitCode::Ok);
    let warning = "drift.baseline is not rendered, since its address may hold a secret: give it to the pods as \
                   CHURNCTL_DRIFT_BASELINE out of a Secret";
    assert!(run.stderr.contains(warning), "{}", run.stderr);
    let files = rendered(&churnctl, "again", &[]);
    let text = &object(&files, "ConfigMap", "churn-mlops-config")["data"]["churnctl.toml"];
    let text = text.as_str().expect("a text");
    assert!(!text.contains("reader"), "{text}");
    // Read by the program itself, they are the same settings but for what a run writes.
    let inside = Churnctl::new().file("churnctl.toml", text);
    for (key, value) in [
        ("drift.current", "data/daily/*.csv\ns3://shop/daily/"),
        ("drift.time", "day"),
        ("drift.last", "7"),
        ("drift.by", "contract,region\ntenure < 12"),
        ("drift.fail_psi", "0.4"),
        ("drift.report", "artifacts/metrics/data_drift_latest.json"),
    ] {
        let words = ["config", "get", key];
        let said = inside.run(&words).expect(ExitCode::Ok).stdout;
        assert_eq!(said.trim(), value, "{key}");
    }
    assert!(
        text.contains("thresholds.\"total \\\"charges\\\"\".fail_psi = 0.9"),
        "{text}"
    );
}

#[test]
fn the_hook_is_told_when_a_retrain_may_start_and_where_it_is_remembered() {
    let settings = "[retrain]\ncooldown = \"3m\"\nmax_per_day = 9\nlease = \"ours\"\n\
        alerts = [\"ModelDataDrift\"]\nmax_alert_age = \"1d\"\n\
        listen = \"127.0.0.1:1\"\ntoken_file = \"here\"\n";
    let churnctl = Churnctl::new().file("churnctl.toml", settings);
    let files = rendered(&churnctl, "k8s", &[]);
    let config = &object(&files, "ConfigMap", "churn-mlops-config")["data"]["churnctl.toml"];
    let config: toml::Table = config.as_str().expect("text").parse().expect("TOML");
    // Where it listens and what it asks for are the Deployment's own.
    let wanted = "cooldown = \"3m\"\nmax_per_day = 9\nlease = \"ours\"\n\
        alerts = [\"ModelDataDrift\"]\nmax_alert_age = \"1d\"\n";
    let wanted: toml::Table = wanted.parse().expect("TOML");
    assert_eq!(config["retrain"].as_table(), Some(&wanted));
    let hook = &object(&files, "Deployment", "churn-retrain-hook")["spec"]["template"]["spec"];
    let container = &hook["containers"][0];
    assert_eq!(container["env"][0]["name"], "CHURNCTL_CONFIG");
    let settings = json!({"name": "settings", "configMap": {"name": "churn-mlops-config"}});
    let volumes = hook["volumes"].as_array().expect("volumes");
    assert!(volumes.contains(&settings), "{volumes:?}");
    let rules = &object(&files, "Role", "churn-retrain-hook")["rules"];
    let named: Vec<&Value> = rules.as_array().expect("rules").iter().collect();
    let lease = named
        .iter()
        .find(|rule| rule["resources"][0] == "leases" && !rule["resourceNames"].is_null());
    assert_eq!(lease.expect("a rule")["resourceNames"], json!(["ours"]));
}
