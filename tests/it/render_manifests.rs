//! `churnctl render-manifests`: the files in `k8s/` and `docs/runbooks/`, and what others say about them.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use churnctl::alerts::catalogue::{Options, runbooks};
use churnctl::exit::ExitCode;
use serde_json::{Value, json};

use crate::harness::{Churnctl, Run, fixture, skipped};

/// Every part that there is.
pub(crate) const ALL_PARTS: &str = "api,jobs,hook,pushgateway,monitoring,dashboards,seed-model,profile-shards,drift-exporter,kserve,argocd,argo-events,helm-values,external-secrets";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn updating() -> bool {
    std::env::var_os("UPDATE").is_some_and(|value| !value.is_empty())
}

/// Runs a program; says why where it is not installed.
fn tool(program: &str, args: &[&str], folder: &Path) -> Option<Run> {
    let mut command = Command::new(program);
    command.args(args).current_dir(folder);
    match command.output() {
        Err(error) => {
            skipped(&format!("cannot run {program}: {error}"));
            None
        }
        Ok(output) => Some(Run::of(&output)),
    }
}

#[track_caller]
fn pleased(program: &str, args: &[&str], folder: &Path) {
    if let Some(run) = tool(program, args, folder) {
        assert_eq!(run.code, Some(0), "{program} {args:?}: {run:#?}");
    }
}

/// Renders into a folder and returns every file in it, parsed.
pub(crate) fn rendered(
    churnctl: &Churnctl,
    folder: &str,
    args: &[&str],
) -> BTreeMap<String, Value> {
    let mut words = vec!["render-manifests", "--output-dir", folder, "-q"];
    words.extend(args);
    churnctl.run(&words).expect(ExitCode::Ok);
    let root = churnctl.path(folder);
    files_in(&root)
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(root.join(&path)).expect("read");
            let tree = serde_saphyr::from_str(&text).unwrap_or_else(|e| panic!("{path}: {e}"));
            (path, tree)
        })
        .collect()
}

#[test]
fn quiet_is_quiet_where_the_result_is_in_files() {
    let churnctl = Churnctl::new();
    let args = ["render-manifests", "--output-dir", "k8s"];
    let run = churnctl.run(&[&args[..], &["-q"]].concat());
    let run = run.expect(ExitCode::Ok);
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
    let said = churnctl.run(&args).expect(ExitCode::Ok).stdout;
    assert!(said.contains("0 new, 0 changed, 0 deleted"), "{said}");
    churnctl
        .run(&[
            "render-manifests",
            "--output-dir",
            "k8s",
            "-q",
            "--only",
            "nothing",
        ])
        .expect(ExitCode::Usage)
        .says("no such object is rendered");
    // What is asked for on stdout comes, however quiet.
    let run = churnctl.run(&["render-manifests", "--only", "kfp", "-q"]);
    assert!(!run.expect(ExitCode::Ok).stdout.is_empty());
    let churnctl = churnctl.file("data.csv", "a,b\n1,x\n2,y\n");
    let run = churnctl.run(&["profile", "data.csv", "-o", "profile.json", "-q"]);
    assert_eq!(run.expect(ExitCode::Ok).stdout, "");
}

fn files_in(root: &Path) -> Vec<String> {
    let mut folders = vec![root.to_path_buf()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("list").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let inside = path.strip_prefix(root).expect("below");
                files.push(inside.display().to_string());
            }
        }
    }
    files.sort();
    files
}

#[test]
fn the_files_in_k8s_are_fresh() {
    let folder = root().join("k8s").display().to_string();
    let churnctl = Churnctl::new();
    if updating() {
        let args = ["render-manifests", "--output-dir", &folder];
        churnctl.run(&args).expect(ExitCode::Ok);
    }
    let args = ["render-manifests", "--output-dir", &folder, "--check"];
    churnctl.run(&args).expect(ExitCode::Ok);
}

#[test]
fn the_runbooks_are_fresh_and_every_alert_has_one() {
    let folder = root().join("docs/runbooks");
    let pages = runbooks(&Options::default()).expect("runbooks");
    for (name, text) in &pages {
        let path = folder.join(name);
        if updating() {
            churnctl::files::write_atomically(&path, text.as_bytes()).expect("write");
        }
        let old = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            old == *text,
            "{name} is stale; run: UPDATE=1 cargo test --test it runbooks"
        );
    }
    for name in files_in(&folder) {
        assert!(
            pages.iter().any(|(page, _)| *page == name),
            "{name} has no alert"
        );
    }
}

/// Returns the ports that a policy lets pods reach anywhere.
fn ports_out(files: &BTreeMap<String, Value>, policy: &str) -> Vec<u64> {
    let policy = &files[&format!("networkpolicy-{policy}.yaml")];
    let rules = policy["spec"]["egress"].as_array().into_iter().flatten();
    let ports = rules
        .filter(|rule| rule.get("to").is_none())
        .flat_map(|rule| rule["ports"].as_array().expect("ports"));
    ports
        .map(|port| port["port"].as_u64().expect("a number"))
        .collect()
}

#[test]
fn pods_may_reach_what_the_settings_name_and_nothing_else() {
    let parts = ["--parts", "api,jobs,drift-exporter"];
    let bare = Churnctl::new();
    let files = rendered(&bare, "k8s", &parts);
    assert_eq!(ports_out(&files, "churn-batch"), [443]);
    assert_eq!(ports_out(&files, "churn-drift-exporter"), [443]);
    assert_eq!(ports_out(&files, "churn-api"), [0; 0]);
    let types = &files["networkpolicy-churn-api.yaml"]["spec"]["policyTypes"];
    assert_eq!(*types, json!(["Ingress"]), "the API has no way out");
    let settings = "[drift]\n\
        baseline = [\"s3://shop/base.parquet\"]\n\
        current = [\"postgres://reader:a%40b@db:6432/shop?table=t&password_file=pw\"]\n\
        push_gateway = \"http://pushgateway.shop:9091\"\n\
        [train]\ndata = [\"mysql://reader@my/shop?table=t\"]\n\
        [score]\ndata = [\"postgresql://reader@other/shop?table=t\"]\n\
        [mlflow]\ntracking_uri = \"http://mlflow.shop:5000\"\n\
        [push]\ngateway = \"http://localhost:9999\"\n\
        [serve]\nmodel = \"models:/churn@champion\"\n\
        otlp_endpoint = \"http://collector.shop:4318\"\nlog_upload = \"gs://shop/log/\"\n\
        [k8s]\njob_egress_ports = [\"8443\", \"443\"]\n";
    let settled = Churnctl::new().file("churnctl.toml", settings);
    let files = rendered(&settled, "k8s", &parts);
    // 3306 and 5432 are the servers' own ports (IANA), 443 is that of the object stores.
    assert_eq!(
        ports_out(&files, "churn-batch"),
        [8443, 443, 3306, 5000, 5432, 6432, 9091]
    );
    assert_eq!(
        ports_out(&files, "churn-drift-exporter"),
        [443, 5000, 6432, 9091]
    );
    assert_eq!(ports_out(&files, "churn-api"), [443, 4318, 5000]);
    // Nothing of the addresses themselves goes into the objects.
    let all = serde_json::to_string(&files).expect("JSON");
    assert!(!all.contains("a%40b") && !all.contains("reader"));
}

#[test]
fn a_second_run_changes_nothing_and_a_hand_edit_is_found() {
    let churnctl = Churnctl::new();
    let render = ["render-manifests", "--output-dir", "k8s"];
    let check = ["render-manifests", "--output-dir", "k8s", "--check"];
    let first = churnctl.run(&render).expect(ExitCode::Ok);
    assert!(
        first.stdout.contains("new       deployment-churn-api.yaml"),
        "{}",
        first.stdout
    );
    let before: Vec<Vec<u8>> = files_in(&churnctl.path("k8s"))
        .iter()
        .map(|name| churnctl.read(&format!("k8s/{name}")))
        .collect();
    let second = churnctl.run(&render).expect(ExitCode::Ok);
    assert!(
        second.stdout.contains("0 new, 0 changed, 0 deleted"),
        "{}",
        second.stdout
    );
    for (name, old) in files_in(&churnctl.path("k8s")).iter().zip(before) {
        assert!(churnctl.read(&format!("k8s/{name}")) == old, "{name}");
    }
    let fresh = churnctl.run(&check).expect(ExitCode::Ok);
    assert!(fresh.stdout.starts_with("OK: "), "{}", fresh.stdout);

    let file = churnctl.path("k8s/service-churn-api.yaml");
    let text = std::fs::read_to_string(&file).expect("read");
    std::fs::write(&file, text.replace("port: 8000", "port: 80")).expect("edit");
    std::fs::remove_file(churnctl.path("k8s/namespace-churn-mlops.yaml")).expect("remove");
    std::fs::write(
        churnctl.path("k8s/old.yaml"),
        "# Made by `churnctl render-manifests`; change churnctl.toml, not this file.\na: 1\n",
    )
    .expect("write");
    std::fs::write(churnctl.path("k8s/mine.yaml"), "a: 1\n").expect("write");
    let stale = churnctl.run(&check).expect(ExitCode::CheckFailed);
    for line in [
        "-    port: 80\n",
        "+    port: 8000\n",
        "--- /dev/null\n",
        "+kind: Namespace\n",
        "--- k8s/old.yaml\n",
        "FAIL: 3 of ",
    ] {
        assert!(
            stale.stdout.contains(line),
            "{line:?} is not in\n{}",
            stale.stdout
        );
    }
    let json = churnctl
        .run(&[
            "render-manifests",
            "--output-dir",
            "k8s",
            "--check",
            "--only",
            "Service/churn-api",
            "--set",
            "k8s.namespace=x",
        ])
        .expect(ExitCode::CheckFailed);
    assert!(json.stdout.contains("+  namespace: x\n"), "{}", json.stdout);
    churnctl.run(&render).expect(ExitCode::Ok);
    churnctl.run(&check).expect(ExitCode::Ok);
    assert!(churnctl.path("k8s/mine.yaml").exists() && !churnctl.path("k8s/old.yaml").exists());
}

#[test]
fn one_object_goes_to_standard_output() {
    let churnctl = Churnctl::new();
    let words = ["render-manifests", "--only", "hpa/x", "-q"];
    churnctl.run(&words).expect(ExitCode::Usage);
    let run = churnctl.run(&["render-manifests", "--only", "Deployment/churn-ap"]);
    run.expect(ExitCode::Usage)
        .says("did you mean Deployment/churn-api?");
    let words = [
        "render-manifests",
        "--only",
        "deployment/churn-api",
        "--set",
        "k8s.max_replicas=2",
    ];
    let yaml = churnctl.run(&words).expect(ExitCode::Ok);
    let tree: Value = serde_saphyr::from_str(&yaml.stdout).expect("YAML");
    assert_eq!(tree["spec"]["replicas"], 2);
    let words = [
        "render-manifests",
        "--only",
        "Deployment",
        "--format",
        "json",
    ];
    let json = churnctl.run(&words).expect(ExitCode::Ok).json();
    assert_eq!(json["kind"], "List");
    // The API, the hook, the Pushgateway.
    assert_eq!(json["items"].as_array().map(Vec::len), Some(3));
}

#[test]
fn bad_settings_are_refused_before_anything_is_written() {
    let churnctl = Churnctl::new().file("churnctl.toml", "[k8s]\nnamespace = \"Churn\"\n");
    let run = churnctl.run(&["render-manifests", "--output-dir", "k8s"]);
    let run = run.expect(ExitCode::BadSettings);
    assert!(run.stderr.contains("churnctl.toml:2"), "{}", run.stderr);
    assert!(!churnctl.path("k8s").exists());
    let churnctl = Churnctl::new();
    for (assignment, says) in [
        ("k8s.replcas=3", "k8s.replicas"),
        ("k8s.replicas", "not key=value"),
    ] {
        let run = churnctl.run(&["render-manifests", "--set", assignment]);
        run.expect(ExitCode::Usage).says(says);
    }
    let run = churnctl.run(&["render-manifests", "--set", "k8s.replicas=many"]);
    run.expect(ExitCode::Usage).says("k8s.replicas");
    let run = churnctl.run(&["render-manifests", "--parts", "everything"]);
    run.expect(ExitCode::Usage).says("--parts");
}

#[test]
fn kubectl_builds_the_folder_with_every_choice_of_parts() {
    let churnctl = Churnctl::new();
    for (folder, args) in [
        ("default", vec![]),
        ("dev", vec!["--profile", "dev"]),
        ("all", vec!["--parts", ALL_PARTS]),
        ("little", vec!["--parts", "jobs"]),
        ("secret", vec!["--alertmanager", "secret"]),
    ] {
        let files = rendered(&churnctl, folder, &args);
        let objects = files.iter().filter(|(path, tree)| {
            let apart = ["argocd/", "helm/", "tests/"]
                .iter()
                .any(|at| path.starts_with(at));
            !apart && !path.ends_with("kustomization.yaml") && tree["kind"].is_string()
        });
        let expected = objects.count();
        if let Some(run) = tool("kubectl", &["kustomize", folder], &churnctl.path("")) {
            assert_eq!(run.code, Some(0), "{folder}: {run:#?}");
            let found = run
                .stdout
                .lines()
                .filter(|line| line.starts_with("kind: "))
                .count();
            assert_eq!(found, expected, "{folder}");
        }
    }
}

/// Forbids what a schema doesn't name, wherever it names anything.
fn strict(schema: &mut Value) {
    if let Some(map) = schema.as_object_mut() {
        let free = map.get("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(true));
        if map.contains_key("properties") && !map.contains_key("additionalProperties") && !free {
            map.insert("additionalProperties".to_owned(), false.into());
        }
        map.values_mut().for_each(strict);
    } else if let Some(list) = schema.as_array_mut() {
        list.iter_mut().for_each(strict);
    }
}

fn validator(plural: &str, version: &str) -> jsonschema::Validator {
    let packed = std::fs::read(fixture(&format!("crds/{plural}.yaml.gz"))).expect("the CRD");
    let mut text = String::new();
    let mut decoder = flate2::read::GzDecoder::new(packed.as_slice());
    decoder.read_to_string(&mut text).expect("gzip");
    let crd: Value = serde_saphyr::from_str(&text).expect("YAML");
    let versions = crd["spec"]["versions"].as_array().expect("versions");
    let found = versions.iter().find(|one| one["name"] == version);
    let mut schema = found.expect("the version")["schema"]["openAPIV3Schema"].clone();
    strict(&mut schema);
    // The API server's own.
    schema["properties"]["metadata"] = json!({"type": "object"});
    jsonschema::validator_for(&schema).expect("a schema")
}

#[test]
fn custom_resources_are_what_the_operator_expects() {
    let churnctl = Churnctl::new();
    let args = [
        "--parts",
        ALL_PARTS,
        "--set",
        "alerts.receivers=slack,email,pagerduty,webhook",
        "--set",
        "alerts.enable=TestAlert",
    ];
    let files = rendered(&churnctl, "k8s", &args);
    let mut seen = Vec::new();
    for (kind, plural, version) in [
        ("ServiceMonitor", "servicemonitors", "v1"),
        ("PodMonitor", "podmonitors", "v1"),
        ("PrometheusRule", "prometheusrules", "v1"),
        ("AlertmanagerConfig", "alertmanagerconfigs", "v1alpha1"),
    ] {
        let validator = validator(plural, version);
        for (path, tree) in files.iter().filter(|(_, tree)| tree["kind"] == kind) {
            let wrong: Vec<String> = validator
                .iter_errors(tree)
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert!(wrong.is_empty(), "{path}: {wrong:#?}");
            assert_eq!(
                tree["apiVersion"],
                format!("monitoring.coreos.com/{version}")
            );
            assert_eq!(
                tree["metadata"]["labels"]["release"], "prometheus",
                "{path}"
            );
            seen.push(kind);
            // A schema that lets everything pass would prove nothing.
            let mut typo = tree.clone();
            typo["spec"]["sendResolvd"] = true.into();
            assert!(!validator.is_valid(&typo), "{path}");
        }
    }
    assert_eq!(seen.len(), 7, "{seen:?}");
}

/// Every pod in an object, wherever it is.
fn pods(tree: &Value, found: &mut Vec<Value>) {
    if let Some(map) = tree.as_object() {
        if map.contains_key("containers") {
            found.push(tree.clone());
        }
        map.values().for_each(|inner| pods(inner, found));
    } else if let Some(list) = tree.as_array() {
        list.iter().for_each(|inner| pods(inner, found));
    }
}

#[test]
fn every_pod_is_restricted_and_every_command_line_in_them_is_understood() {
    let churnctl = Churnctl::new();
    let files = rendered(&churnctl, "k8s", &["--parts", ALL_PARTS]);
    let (mut seen, mut commands) = (0, Vec::new());
    for (path, tree) in &files {
        let mut all = Vec::new();
        pods(tree, &mut all);
        for pod in all {
            seen += 1;
            assert_eq!(pod["automountServiceAccountToken"], false, "{path}");
            let user = &pod["securityContext"];
            assert_eq!(user["runAsNonRoot"], true, "{path}");
            assert_eq!(user["seccompProfile"]["type"], "RuntimeDefault", "{path}");
            for container in pod["containers"].as_array().expect("containers") {
                let context = &container["securityContext"];
                assert_eq!(context["readOnlyRootFilesystem"], true, "{path}");
                assert_eq!(context["allowPrivilegeEscalation"], false, "{path}");
                assert_eq!(context["capabilities"]["drop"], json!(["ALL"]), "{path}");
                let image = container["image"].as_str().expect("an image");
                assert!(image.contains("@sha256:"), "{path}: {image}");
                for of in ["requests", "limits"] {
                    for what in ["cpu", "memory"] {
                        assert!(container["resources"][of][what].is_string(), "{path}");
                    }
                }
                if image.contains("/churnctl@") {
                    let args = container["args"].as_array().expect("arguments").iter();
                    let args = args.map(|arg| {
                        arg.as_str()
                            .expect("a text")
                            .replace("$(JOB_COMPLETION_INDEX)", "0")
                    });
                    commands.push((path.clone(), args.collect::<Vec<_>>()));
                }
            }
        }
    }
    // API, hook, Pushgateway, exporter, three CronJobs, seed, shards, merge, Argo's copy, KServe.
    assert_eq!(seen, 12);
    assert_eq!(commands.len(), 11);
    for (path, args) in commands {
        let inner = args
            .iter()
            .position(|arg| arg == "--")
            .map(|at| args[at + 2..].to_vec());
        for words in [Some(args), inner].into_iter().flatten() {
            let words = ["churnctl".to_owned()].into_iter().chain(words);
            let words: Vec<std::ffi::OsString> = words.map(Into::into).collect();
            let parsed = churnctl::cli::parse(words.clone());
            assert!(parsed.is_ok(), "{path}: {words:?}: {parsed:?}");
        }
    }
}

#[test]
fn an_indexed_job_counts_the_shards_and_another_merges_them() {
    let churnctl = Churnctl::new();
    let args = [
        "--parts",
        "profile-shards",
        "--set",
        "k8s.shards=3",
        "--set",
        "k8s.shard_data=s3://b/$(X)/",
    ];
    let files = rendered(&churnctl, "k8s", &args);
    let job = |name: &str| {
        let named = |tree: &&Value| {
            let own = tree["metadata"]["name"].as_str().unwrap_or_default();
            // Behind the name there are eight digits of a checksum.
            tree["kind"] == "Job" && own.rsplit_once('-').is_some_and(|(start, _)| start == name)
        };
        files.values().find(named).expect(name)["spec"].clone()
    };
    let shards = job("churn-profile");
    for (key, value) in [
        ("completionMode", json!("Indexed")),
        ("completions", json!(3)),
        ("parallelism", json!(3)),
        ("backoffLimitPerIndex", json!(2)),
        ("maxFailedIndexes", json!(0)),
        ("backoffLimit", Value::Null),
    ] {
        assert_eq!(shards[key], value, "{key}");
    }
    let args = |job: &Value| job["template"]["spec"]["containers"][0]["args"].clone();
    let index = "$(JOB_COMPLETION_INDEX)";
    let expected = json!([
        "profile",
        format!("--shard={index}/3"),
        format!("--output=artifacts/profiles/shard-{index}-of-3.json"),
        "s3://b/$$(X)/",
    ]);
    assert_eq!(args(&shards), expected);
    let merge = job("churn-profile-merge");
    assert_eq!(merge["suspend"], true);
    assert_eq!(args(&merge)[2], "artifacts/profiles/shard-*-of-3.json");
}

#[test]
fn names_fit_and_parts_fit_together() {
    let churnctl = Churnctl::new();
    let files = rendered(&churnctl, "k8s", &[]);
    let of = |id: &str| {
        let (kind, name) = id.split_once('/').expect("KIND/NAME");
        let wanted = |tree: &&Value| tree["kind"] == kind && tree["metadata"]["name"] == name;
        files
            .values()
            .find(wanted)
            .unwrap_or_else(|| panic!("no {id}"))
    };
    for tree in files.values().filter(|tree| tree["kind"] == "CronJob") {
        assert!(tree["metadata"]["name"].as_str().expect("a name").len() <= 52);
        let codes = &tree["spec"]["jobTemplate"]["spec"]["podFailurePolicy"]["rules"][0];
        assert_eq!(codes["onExitCodes"]["values"], json!([2, 64, 65, 77, 78]));
    }
    // The monitor finds the Service by label and port name, the Service finds the pods.
    let monitor = of("ServiceMonitor/churn-api");
    let service = of("Service/churn-api");
    let selected = monitor["spec"]["selector"]["matchLabels"]
        .as_object()
        .expect("labels");
    for (label, value) in selected {
        assert_eq!(service["metadata"]["labels"][label], *value);
    }
    assert_eq!(
        monitor["spec"]["endpoints"][0]["port"],
        service["spec"]["ports"][1]["name"]
    );
    let pod = &of("Deployment/churn-api")["spec"]["template"];
    let selected = service["spec"]["selector"].as_object().expect("labels");
    for (label, value) in selected {
        assert_eq!(pod["metadata"]["labels"][label], *value);
    }
    assert_eq!(
        pod["spec"]["containers"][0]["ports"][0]["name"],
        service["spec"]["ports"][0]["targetPort"]
    );
    let gateway = of("ServiceMonitor/churn-pushgateway");
    assert_eq!(gateway["spec"]["endpoints"][0]["honorLabels"], true);
    // The hook is reached from where Alertmanager runs, and from nowhere else.
    let from = &of("NetworkPolicy/churn-retrain-hook")["spec"]["ingress"][0]["from"];
    assert_eq!(
        *from,
        json!([{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}])
    );
}

#[test]
fn no_secret_has_a_value() {
    let churnctl = Churnctl::new();
    let run = churnctl.run(&["render-manifests", "--output-dir", "k8s"]);
    for command in [
        "kubectl -n churn-mlops create secret generic churn-retrain-hook --from-literal=token=",
        "kubectl -n churn-mlops create secret generic churn-api-token --from-literal=token=\"$(openssl rand -hex 32)\"",
        "kubectl -n churn-mlops create secret generic churn-alerting --from-literal=slack-webhook-url=... --from-literal=smtp-password=...",
    ] {
        assert!(run.stderr.contains(command), "{}", run.stderr);
    }
    let files = rendered(&churnctl, "k8s", &["--parts", ALL_PARTS]);
    assert!(files.values().all(|tree| tree["kind"] != "Secret"));
}

#[test]
fn promtool_and_amtool_accept_the_plain_flavor_with_every_discovery() {
    let churnctl = Churnctl::new();
    for discovery in ["static", "file", "dns", "ec2", "kubernetes"] {
        let set = format!("plain.discovery={discovery}");
        let args = [
            "--flavor",
            "plain",
            "--set",
            &set,
            "--set",
            "plain.state_metrics_targets=localhost:8080",
        ];
        let mut files = rendered(&churnctl, discovery, &args);
        let folder = churnctl.path(discovery);
        if discovery == "kubernetes" {
            // Debian builds Prometheus without it: the rest is checked, and this by eye.
            let config = files.get_mut("prometheus.yml").expect("the configuration");
            let jobs = config["scrape_configs"].as_array_mut().expect("jobs");
            let found: Vec<Value> = jobs
                .iter_mut()
                .filter_map(|job| job.as_object_mut()?.remove("kubernetes_sd_configs"))
                .collect();
            let ours = json!([{"role": "endpointslice", "namespaces": {"names": ["churn-mlops"]}}]);
            let all = json!([{"role": "endpointslice"}]);
            assert_eq!(found, [ours.clone(), ours, all.clone(), all]);
            let rest = serde_saphyr::to_string(config).expect("YAML");
            std::fs::write(folder.join("prometheus.yml"), rest).expect("write");
        }
        pleased("promtool", &["check", "config", "prometheus.yml"], &folder);
    }
    let folder = churnctl.path("static");
    pleased(
        "promtool",
        &["check", "rules", "--lint=all", "rules.yml"],
        &folder,
    );
    let tests: Vec<String> = files_in(&folder)
        .into_iter()
        .filter(|name| name.starts_with("tests/"))
        .collect();
    assert!(tests.len() > 30, "{tests:?}");
    // Two of them through the files as users run them; the catalogue's own test runs all.
    pleased(
        "promtool",
        &[
            "test",
            "rules",
            "tests/ChurnApiDown_test.yml",
            "tests/ModelDataDrift_test.yml",
        ],
        &folder,
    );
    pleased("amtool", &["check-config", "alertmanager.yml"], &folder);
}

/// Asks amtool who is told of an alert.
fn told(folder: &Path, labels: &[&str]) -> Option<String> {
    let mut args = vec!["config", "routes", "test", "--config.file=alertmanager.yml"];
    args.extend(labels);
    let run = tool("amtool", &args, folder)?;
    assert_eq!(run.code, Some(0), "{run:#?}");
    Some(run.stdout.trim().to_owned())
}

#[test]
fn alerts_reach_people_and_drift_reaches_the_hook_too() {
    let churnctl = Churnctl::new();
    let plain = |folder: &str, set: &[&str]| -> PathBuf {
        let mut args = vec!["--flavor", "plain"];
        set.iter().for_each(|one| args.extend(["--set", one]));
        rendered(&churnctl, folder, &args);
        churnctl.path(folder)
    };
    let folder = plain("plain", &[]);
    let files = rendered(&churnctl, "plain", &["--flavor", "plain"]);
    let receivers = files["alertmanager.yml"]["receivers"]
        .as_array()
        .expect("receivers");
    let people = receivers
        .iter()
        .find(|one| one["name"] == "slack-email")
        .expect("people");
    assert!(people["slack_configs"].is_array() && people["email_configs"].is_array());
    let hook = receivers
        .iter()
        .find(|one| one["name"] == "retrain-hook")
        .expect("hook");
    assert_eq!(
        hook.as_object().map(serde_json::Map::len),
        Some(2),
        "only a webhook: {hook}"
    );
    for (labels, receiver) in [
        (
            ["alertname=ChurnApiDown", "severity=critical", "layer=api"],
            "slack-email",
        ),
        (
            ["alertname=ChurnJobStale", "severity=warning", "layer=ml"],
            "slack-email",
        ),
        (
            [
                "alertname=ChurnDataDriftJobFailed",
                "severity=warning",
                "layer=ml",
            ],
            "slack-email",
        ),
        (
            [
                "alertname=ModelDataDrift",
                "severity=warning",
                "action=retrain",
            ],
            "retrain-hook,slack-email",
        ),
        (
            [
                "alertname=ModelConceptDrift",
                "severity=warning",
                "action=retrain",
            ],
            "retrain-hook,slack-email",
        ),
    ] {
        if let Some(found) = told(&folder, &labels) {
            assert_eq!(found, receiver, "{labels:?}");
        }
    }
    // The heartbeat comes to nobody who has not asked for it.
    let heartbeat = ["alertname=ChurnWatchdog", "severity=none"];
    if let Some(found) = told(&folder, &heartbeat) {
        assert_eq!(found, "nobody");
    }
    let folder = plain("alone", &["alerts.tell_retrain=no"]);
    if let Some(found) = told(&folder, &["severity=warning", "action=retrain"]) {
        assert_eq!(found, "retrain-hook");
    }
    let folder = plain(
        "more",
        &[
            "alerts.receivers=slack,email,pagerduty",
            "alerts.tell_retrain=yes",
        ],
    );
    for (labels, receivers) in [
        (["severity=critical", "layer=api"], "pagerduty,slack-email"),
        (
            ["severity=warning", "action=retrain"],
            "retrain-hook,slack-email",
        ),
    ] {
        if let Some(found) = told(&folder, &labels) {
            assert_eq!(found, receivers, "{labels:?}");
        }
    }
    // Debian's amtool is older than `url_file` of webhooks, which Alertmanager 0.26 brought.
    let set = [
        "--flavor",
        "plain",
        "--set",
        "alerts.receivers=slack,watchdog",
    ];
    let files = rendered(&churnctl, "watched", &set);
    let first = &files["alertmanager.yml"]["route"]["routes"][0];
    assert_eq!(first["receiver"], "watchdog");
    assert_eq!(first["repeat_interval"], "5m");
}

#[test]
fn rules_follow_the_parts_and_what_is_scraped() {
    let churnctl = Churnctl::new();
    let names = |args: &[&str], file: &str| -> Vec<String> {
        let files = rendered(&churnctl, "rules", args);
        let tree = &files[file];
        let groups = tree.get("spec").unwrap_or(tree)["groups"].as_array();
        let rules = groups.expect("groups").iter();
        let rules = rules.flat_map(|group| group["rules"].as_array().expect("rules"));
        rules
            .map(|rule| rule["alert"].as_str().expect("a name").to_owned())
            .collect()
    };
    let object = "monitoring/prometheusrule-churn-mlops-alerts.yaml";
    let has = |names: &[String], name: &str| names.iter().any(|one| one == name);
    let all = names(&[], object);
    assert!(has(&all, "ChurnApiDown") && !has(&all, "KServeTrafficStopped"));
    std::fs::remove_dir_all(churnctl.path("rules")).expect("remove");
    let jobs = names(&["--parts", "jobs,pushgateway,monitoring"], object);
    assert!(!has(&jobs, "ChurnApiDown") && !has(&jobs, "ChurnRetrainHookDown"));
    assert!(has(&jobs, "ChurnJobStale") && has(&jobs, "ChurnPushStale"));
    std::fs::remove_dir_all(churnctl.path("rules")).expect("remove");
    // Nothing gives what these three miss, so that they fired for ever.
    let plain = names(&["--flavor", "plain"], "rules.yml");
    for name in [
        "KubeStateMetricsAbsent",
        "KubeletAbsent",
        "ContainerMetricsAbsent",
    ] {
        assert!(!has(&plain, name), "{name}");
    }
    assert!(has(&plain, "NodeExporterAbsent") && has(&plain, "ChurnApiDown"));
}

#[test]
fn the_raw_secret_of_alertmanager_holds_a_valid_configuration() {
    let churnctl = Churnctl::new();
    let files = rendered(&churnctl, "k8s", &["--alertmanager", "secret"]);
    assert!(
        files
            .values()
            .all(|tree| tree["kind"] != "AlertmanagerConfig")
    );
    let secret = files
        .values()
        .find(|tree| tree["kind"] == "Secret")
        .expect("a Secret");
    assert_eq!(secret["metadata"]["namespace"], "monitoring");
    let text = secret["stringData"]["alertmanager.yaml"]
        .as_str()
        .expect("the file");
    let churnctl = churnctl.file("am/alertmanager.yml", text);
    pleased(
        "amtool",
        &["check-config", "alertmanager.yml"],
        &churnctl.path("am"),
    );
    assert!(
        text.contains("/etc/alertmanager/secrets/churn-retrain-hook/token"),
        "{text}"
    );
}

#[test]
fn switches_thresholds_and_times_of_rules_are_settings() {
    let settings = r#"
[alerts]
disable = ["NodeDiskAlmostFull"]
enable = ["TestAlert"]
for = ["ChurnApiDown=10m"]
[alerts.thresholds]
drift_psi = 0.25
"#;
    let churnctl = Churnctl::new().file("churnctl.toml", settings);
    let files = rendered(&churnctl, "plain", &["--flavor", "plain"]);
    let groups = files["rules.yml"]["groups"].as_array().expect("groups");
    let rules: Vec<&Value> = groups
        .iter()
        .flat_map(|group| group["rules"].as_array().expect("rules"))
        .collect();
    let rule = |name: &str| rules.iter().find(|rule| rule["alert"] == name);
    assert!(rule("NodeDiskAlmostFull").is_none() && rule("TestAlert").is_some());
    assert_eq!(rule("ChurnApiDown").expect("a rule")["for"], "10m");
    let drift = rule("ModelDataDrift").expect("a rule");
    assert!(
        drift["expr"].as_str().expect("PromQL").contains("> 0.25\n"),
        "{drift}"
    );
    for rule in rules {
        let retrains = rule["labels"]["action"] == "retrain";
        let name = rule["alert"].as_str().expect("a name");
        assert_eq!(
            retrains,
            ["ModelDataDrift", "ModelConceptDrift"].contains(&name),
            "{name}"
        );
        assert_eq!(rule["labels"]["namespace"], "churn-mlops", "{name}");
        for text in ["summary", "description", "runbook_url"] {
            assert!(rule["annotations"][text].is_string(), "{name}");
        }
    }
}

#[test]
fn kubernetes_validate_finds_nothing_wrong_with_the_built_in_kinds() {
    let churnctl = Churnctl::new();
    let files = rendered(&churnctl, "k8s", &["--parts", ALL_PARTS]);
    let built_in: Vec<&str> = files
        .iter()
        .filter(|(path, tree)| {
            let version = tree["apiVersion"].as_str().unwrap_or_default();
            !version.contains('.')
                || version.contains(".k8s.io/") && !path.ends_with("kustomization.yaml")
        })
        .filter(|(path, _)| !path.starts_with("tests/") && !path.starts_with("helm/"))
        .map(|(path, _)| path.as_str())
        .collect();
    assert!(built_in.len() > 30, "{built_in:?}");
    for version in ["1.33", "1.34", "1.35", "1.36", "1.37"] {
        let mut args = vec!["--strict", "-k", version];
        args.extend(&built_in);
        pleased("kubernetes-validate", &args, &churnctl.path("k8s"));
    }
}

/// In what is rendered with every part, in the image and in the workflows.
#[test]
fn checkov_finds_nothing() {
    let churnctl = Churnctl::new();
    rendered(&churnctl, "k8s", &["--parts", ALL_PARTS]);
    let ours = [
        "Dockerfile",
        ".github/workflows/ci.yml",
        ".github/workflows/release.yml",
    ];
    let churnctl = ours.into_iter().fold(churnctl, |churnctl, name| {
        let text = std::fs::read(root().join(name)).expect(name);
        churnctl.file(name, text)
    });
    let args = [
        "-d",
        ".",
        "--framework",
        "kubernetes",
        "dockerfile",
        "github_actions",
        "--skip-download",
        "--compact",
        "--quiet",
        "-o",
        "json",
    ];
    if let Some(run) = tool("checkov", &args, &churnctl.path("")) {
        let reports = run.json();
        let reports = reports.as_array().expect("one for each framework");
        assert_eq!(reports.len(), 3, "{reports:#?}");
        let mut passed = 0;
        for report in reports {
            assert_eq!(report["summary"]["failed"], 0, "{report:#}");
            assert_eq!(report["summary"]["parsing_errors"], 0, "{report:#}");
            passed += report["summary"]["passed"].as_u64().unwrap_or_default();
        }
        assert!(passed > 1_000, "only {passed} checks");
    }
}
