//! Who may start what, and when: the prompt, the cooldown, keys, permissions, the drift report.

use churnctl::exit::ExitCode;
use serde_json::{Value, json};

use super::{CRON_JOB, cron_job, stub};
use crate::api_server::ApiServer;
use crate::harness::Churnctl;

const YES: [&str; 3] = ["retrain", "now", "--yes"];

fn now<'a>(more: &[&'a str]) -> Vec<&'a str> {
    YES.iter().chain(more).copied().collect()
}

fn finished(server: &ApiServer) {
    for job in server.jobs() {
        server.finish(&job, "Complete", "", "");
    }
}

#[test]
fn a_script_must_say_yes_and_nothing_is_started_before() {
    let (server, churnctl) = stub();
    churnctl
        .run(&["retrain", "now"])
        .expect(ExitCode::Usage)
        .says("Start churn-retrain-weekly in namespace churn-mlops of context stub?")
        .says("--yes");
    assert!(server.jobs().is_empty() && server.all("leases").is_empty());
}

#[test]
fn a_job_says_who_started_it_and_why_and_leaves_an_event() {
    let (server, churnctl) = stub();
    let run = churnctl
        .run(&now(&["--reason", "new price plan", "--format=json"]))
        .expect(ExitCode::Ok);
    let document = run.json();
    assert_eq!(document["outcome"], "created");
    assert_eq!(server.jobs(), [document["job"].as_str().expect("a name")]);
    let job = &server.all("jobs")[0];
    let says = |name: &str| job["metadata"]["annotations"][format!("churnctl.io/{name}")].clone();
    assert_eq!(says("reason"), "new price plan");
    assert_eq!(says("requested-by"), "eve@desk");
    assert_eq!(says("trigger"), "manual");
    assert_eq!(
        job["metadata"]["ownerReferences"][0]["uid"],
        format!("uid-of-{CRON_JOB}")
    );
    let event = &server.all("events")[0];
    assert_eq!(event["reason"], "RetrainTriggered");
    assert_eq!(event["regarding"]["name"], CRON_JOB);
    let note = event["note"].as_str().expect("a note");
    assert!(
        note.contains("new price plan") && note.contains("eve@desk"),
        "{note}"
    );
    let lease = &server.all("leases")[0];
    assert_eq!(lease["spec"]["holderIdentity"], job["metadata"]["name"]);
    assert_eq!(lease["spec"]["leaseDurationSeconds"], 6 * 3600);
}

#[test]
fn a_running_job_and_the_cooldown_refuse_until_forced() {
    let (server, churnctl) = stub();
    churnctl.run(&now(&[])).expect(ExitCode::Ok);
    churnctl
        .run(&now(&[]))
        .expect(ExitCode::Refused)
        .says("is running")
        .says("--force");
    finished(&server);
    churnctl
        .run(&now(&[]))
        .expect(ExitCode::Refused)
        .says("cooling down for another 5 h 59 min");
    assert_eq!(server.jobs().len(), 1);
    churnctl.run(&now(&["--force"])).expect(ExitCode::Ok);
    finished(&server);
    churnctl
        .run(&now(&["--cooldown", "0"]))
        .expect(ExitCode::Ok);
    assert_eq!(server.jobs().len(), 3);
}

#[test]
fn a_scheduled_run_counts_as_one_that_runs() {
    let (server, churnctl) = stub();
    server.put(json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": "churn-retrain-weekly-29000000", "namespace": "churn-mlops", "creationTimestamp": "2026-01-01T03:00:00Z",
            "ownerReferences": [{"apiVersion": "batch/v1", "kind": "CronJob", "name": CRON_JOB, "uid": format!("uid-of-{CRON_JOB}"), "controller": true}]},
        "status": {"active": 1}
    }));
    churnctl
        .run(&now(&[]))
        .expect(ExitCode::Refused)
        .says("churn-retrain-weekly-29000000 is running");
}

#[test]
fn a_job_that_kubectl_made_without_a_controller_counts_and_so_does_a_suspended_one() {
    // kubernetes/kubernetes#47538: owner references of kubectl 1.18 to 1.24 have no `controller: true`.
    for (spec, status) in [
        (json!({"suspend": false}), json!({"active": 1})),
        (json!({"suspend": true}), json!({})),
    ] {
        let (server, churnctl) = stub();
        server.put(json!({
            "apiVersion": "batch/v1", "kind": "Job",
            "metadata": {"name": "by-hand", "namespace": "churn-mlops", "creationTimestamp": "2026-01-01T03:00:00Z",
                "annotations": {"cronjob.kubernetes.io/instantiate": "manual"},
                "ownerReferences": [{"apiVersion": "batch/v1", "kind": "CronJob", "name": CRON_JOB, "uid": format!("uid-of-{CRON_JOB}")}]},
            "spec": spec, "status": status
        }));
        churnctl
            .run(&now(&[]))
            .expect(ExitCode::Refused)
            .says("the Job by-hand is running, or has yet to run");
        let status = churnctl.run(&["retrain", "status", "--format=json"]);
        let runs = &status.expect(ExitCode::Ok).json()["runs"];
        assert_eq!(runs[0]["trigger"], "kubectl", "{runs}");
    }
}

#[test]
fn a_cron_job_may_have_dots_and_every_length_that_kubernetes_allows() {
    // ValidateCronJobCreate: a DNS subdomain of at most 52 characters.
    let dotted = "team.a.churn-retrain.weekly-aaaaaaaaaaaaaaa.bbbbbbbb";
    let longest = "a".repeat(52);
    for name in [dotted, &longest] {
        assert_eq!(name.len(), 52);
        let (server, churnctl) = stub();
        server.put(super::cron_job(name));
        churnctl.run(&now(&["--from", name])).expect(ExitCode::Ok);
        let jobs = server.jobs();
        let job = jobs.first().expect("a Job");
        assert!(job.len() <= 63 && !job.contains('.'), "{job}");
        churnctl
            .run(&now(&["--from", name]))
            .expect(ExitCode::Refused)
            .says("is running");
    }
    let (_server, churnctl) = stub();
    let too_long = "a".repeat(53);
    churnctl
        .run(&now(&["--from", &too_long]))
        .expect(ExitCode::Usage)
        .says("is not a name in Kubernetes: 1 to 52");
}

#[test]
fn the_same_key_starts_one_job_however_often_it_is_used() {
    let (server, churnctl) = stub();
    let first = churnctl
        .run(&now(&["--key", "seed-7", "--format=json"]))
        .expect(ExitCode::Ok);
    finished(&server);
    let again = churnctl
        .run(&now(&["--key", "seed-7", "--format=json"]))
        .expect(ExitCode::Ok);
    assert_eq!(again.json()["outcome"], "duplicate");
    assert_eq!(again.json()["job"], first.json()["job"]);
    // Long after the Job was cleaned away, too.
    server.delete("jobs", &server.jobs()[0]);
    let again = churnctl.run(&now(&["--key", "seed-7", "--force", "--format=json"]));
    assert_eq!(again.expect(ExitCode::Ok).json()["outcome"], "duplicate");
    assert!(server.jobs().is_empty());
}

#[test]
fn two_who_race_start_one_job() {
    for _ in 0..5 {
        let (server, churnctl) = stub();
        let children: Vec<_> = (0..4)
            .map(|_| churnctl.spawn(&now(&[]), std::process::Stdio::null()))
            .collect();
        let codes: Vec<Option<i32>> = children
            .into_iter()
            .map(|child| child.wait_with_output().expect("runs").status.code())
            .collect();
        assert_eq!(
            codes.iter().filter(|code| **code == Some(0)).count(),
            1,
            "{codes:?}"
        );
        assert_eq!(
            codes.iter().filter(|code| **code == Some(3)).count(),
            3,
            "{codes:?}"
        );
        assert_eq!(server.jobs().len(), 1);
    }
}

#[test]
fn what_is_different_from_the_template_goes_into_the_job() {
    let (server, churnctl) = stub();
    let args = [
        "--env",
        "SEED=7",
        "--arg",
        "train",
        "--arg",
        "--seed=7",
        "--image",
        "churnctl:2",
    ];
    churnctl.run(&now(&args)).expect(ExitCode::Ok);
    let container = server.all("jobs")[0]["spec"]["template"]["spec"]["containers"][0].clone();
    assert_eq!(container["image"], "churnctl:2");
    assert_eq!(container["args"], json!(["train", "--seed=7"]));
    let env = container["env"].as_array().expect("variables");
    assert!(
        env.contains(&json!({"name": "SEED", "value": "7"})),
        "{env:?}"
    );
    churnctl
        .run(&now(&["--env", "SEED"]))
        .expect(ExitCode::Usage)
        .says("not NAME=VALUE");
    churnctl
        .run(&now(&["--container", "trian", "--force"]))
        .expect(ExitCode::Usage)
        .says("its containers are train");
}

#[test]
fn no_text_of_a_run_is_expanded_by_kubernetes() {
    let (server, churnctl) = stub();
    let hostile = "$(PGPASSWORD) $$(PGPASSWORD) $$$(PGPASSWORD) 5 $";
    let env = format!("NOTE={hostile}");
    let args = ["--reason", hostile, "--env", &env, "--arg", hostile];
    churnctl.run(&now(&args)).expect(ExitCode::Ok);
    let job = server.all("jobs")[0].clone();
    let container = &job["spec"]["template"]["spec"]["containers"][0];
    // Kubernetes, "Define Dependent Environment Variables": `$$` is a dollar sign, and an even
    // number of them before a parenthesis leaves no reference.
    let literal = "$$(PGPASSWORD) $$$$(PGPASSWORD) $$$$$$(PGPASSWORD) 5 $$";
    assert_eq!(container["args"], json!([literal]));
    let env = container["env"].as_array().expect("variables");
    for name in ["NOTE", "RETRAIN_REASON"] {
        assert!(
            env.contains(&json!({"name": name, "value": literal})),
            "{name}: {env:?}"
        );
    }
    // Annotations are not expanded.
    assert_eq!(
        job["metadata"]["annotations"]["churnctl.io/reason"],
        hostile
    );
}

#[test]
fn a_missing_permission_is_named_with_its_verb_and_place() {
    let (server, churnctl) = stub();
    server.deny("create jobs");
    churnctl
        .run(&now(&[]))
        .expect(ExitCode::NotAllowed)
        .says("cannot create jobs.batch")
        .says("in namespace churn-mlops (context stub): forbidden")
        .says("kubectl auth can-i create jobs.batch -n churn-mlops");
    // The claim was given back: nothing holds the next one up.
    let lease = server.all("leases")[0]["metadata"]["annotations"]["churnctl.io/ledger"].clone();
    assert_eq!(lease, r#"{"starts":[]}"#);
    let run = churnctl
        .run(&["retrain", "now", "--check-auth"])
        .expect(ExitCode::NotAllowed);
    assert!(
        run.stdout.contains("no             create jobs.batch"),
        "{}",
        run.stdout
    );
    assert!(
        run.stderr
            .contains("permissions are missing: create jobs.batch"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_cron_job_that_is_not_there_is_named_with_the_one_that_is() {
    let (server, churnctl) = stub();
    churnctl
        .run(&now(&["--from", "churn-retrain-weekl"]))
        .expect(ExitCode::BadSettings)
        .says("did you mean churn-retrain-weekly?");
    server.put(cron_job("churn-drift-daily"));
    churnctl
        .run(&now(&["--from", "x"]))
        .expect(ExitCode::BadSettings)
        .says("there are churn-drift-daily, churn-retrain-weekly");
}

#[test]
fn without_a_usable_kubeconfig_it_says_what_to_set() {
    let churnctl = Churnctl::new();
    let path = churnctl.path("none").display().to_string();
    churnctl
        .env("KUBECONFIG", &path)
        .run(&now(&[]))
        .expect(ExitCode::BadSettings)
        .says("KUBECONFIG");
    let (_server, churnctl) = stub();
    churnctl
        .run(&now(&["--context", "prod"]))
        .expect(ExitCode::BadSettings)
        .says("no usable context \"prod\"");
}

fn report(status: &str, at: &str) -> String {
    json!({"status": status, "created_at": at}).to_string()
}

#[test]
fn only_a_fresh_report_that_says_fail_starts_a_retrain() {
    let (server, churnctl) = stub();
    let churnctl = churnctl
        .env("SOURCE_DATE_EPOCH", "1767225600") // 2026-01-01T00:00:00Z
        .file("ok.json", report("OK", "2025-12-31T23:00:00Z"))
        .file("warn.json", report("WARN", "2025-12-31T23:00:00Z"))
        .file("stale.json", report("FAIL", "2025-12-30T23:59:59Z"))
        .file("future.json", report("FAIL", "2026-01-01T00:06:00Z"))
        .file("other.json", "{}")
        .file("fresh.json", report("FAIL", "2025-12-31T00:00:01Z"));
    for name in ["ok.json", "warn.json"] {
        let run = churnctl
            .run(&now(&["--if-drift", name, "--format=json"]))
            .expect(ExitCode::Ok);
        assert_eq!(run.json()["outcome"], "not_needed");
    }
    for name in ["stale.json", "future.json"] {
        churnctl
            .run(&now(&["--if-drift", name]))
            .expect(ExitCode::Refused)
            .says("--max-age");
    }
    churnctl
        .run(&now(&["--if-drift", "other.json"]))
        .expect(ExitCode::BadInput);
    churnctl
        .run(&now(&["--if-drift", "absent.json"]))
        .expect(ExitCode::Io);
    assert!(server.jobs().is_empty());
    churnctl
        .run(&now(&["--if-drift", "fresh.json"]))
        .expect(ExitCode::Ok);
    // sha256sum fresh.json
    let sha256 = "churnctl.io/drift-report-sha256";
    let said = server.all("jobs")[0]["metadata"]["annotations"][sha256].clone();
    assert_eq!(said.as_str().map(str::len), Some(64));
}

#[test]
fn status_lists_runs_triggers_and_what_may_start_next() {
    let (server, churnctl) = stub();
    let run = churnctl.run(&["retrain", "status"]).expect(ExitCode::Ok);
    assert!(run.stdout.contains("no runs yet") && run.stdout.contains("a retrain may start"));
    churnctl
        .run(&now(&["--reason", "because"]))
        .expect(ExitCode::Ok);
    let status = || -> Value {
        churnctl
            .run(&["retrain", "status", "--format=json"])
            .expect(ExitCode::Ok)
            .json()
    };
    assert_eq!(status()["is_running"], true);
    assert_eq!(status()["runs"][0]["trigger"], "manual");
    assert_eq!(status()["runs"][0]["reason"], "because");
    server.finish(
        &server.jobs()[0],
        "Failed",
        "BackoffLimitExceeded",
        "too often",
    );
    assert_eq!(status()["runs"][0]["outcome"], "failed");
    assert_eq!(
        status()["runs"][0]["failure"],
        "BackoffLimitExceeded: too often"
    );
    let left = status()["cooldown_left_seconds"]
        .as_u64()
        .expect("a number");
    assert!((21_000..=21_600).contains(&left), "{left}");
    server.delete("jobs", &server.jobs()[0]);
    assert_eq!(status()["runs"][0]["outcome"], "gone");
    let run = churnctl.run(&["retrain", "status"]).expect(ExitCode::Ok);
    assert!(
        run.stdout.contains("gone") && run.stdout.contains("cooling down"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_server_side_dry_run_keeps_the_rules_and_starts_nothing() {
    let (server, churnctl) = stub();
    let args = ["retrain", "now", "--dry-run=server"];
    let run = churnctl.run(&args).expect(ExitCode::Ok);
    assert!(
        run.stdout.contains("kind: Job") && run.stdout.contains("uid: uid-"),
        "{}",
        run.stdout
    );
    assert!(server.jobs().is_empty() && server.all("leases").is_empty());
    churnctl.run(&now(&[])).expect(ExitCode::Ok);
    churnctl.run(&args).expect(ExitCode::Refused);
}

#[test]
fn the_documents_are_what_their_schemas_say() {
    use crate::schemas::{expect_refused, expect_strict, expect_valid, schema};
    let (server, churnctl) = stub();
    let run = |args: &[&str]| churnctl.run(args);
    let made = run(&now(&["--reason", "r", "--format=json"])).json();
    let schema_of_now = schema("retrain_now");
    expect_valid(&schema_of_now, &made);
    expect_strict(&schema_of_now, &made);
    expect_refused(&schema_of_now, &made, "/outcome", json!("refused"));
    expect_refused(&schema_of_now, &made, "/job", Value::Null);
    server.finish(
        &server.jobs()[0],
        "Failed",
        "BackoffLimitExceeded",
        "too often",
    );
    let key = [
        "--key",
        "k",
        "--force",
        "--wait",
        "--timeout",
        "1s",
        "--format=json",
    ];
    let waited = run(&now(&key)).expect(ExitCode::TimedOut).json();
    expect_valid(&schema_of_now, &waited);
    expect_strict(&schema_of_now, &waited);
    let status = run(&["retrain", "status", "--format=json"])
        .expect(ExitCode::Ok)
        .json();
    let schema_of_status = schema("retrain_status");
    expect_valid(&schema_of_status, &status);
    expect_strict(&schema_of_status, &status);
    for (pointer, to) in [
        ("/runs/0/outcome", json!("lost")),
        ("/runs/1/trigger", json!("cat")),
        ("/is_running", Value::Null),
    ] {
        expect_refused(&schema_of_status, &status, pointer, to);
    }
}
