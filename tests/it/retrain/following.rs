//! Waiting for the end of a Job, with its logs: an exit code for every end, and a way out.

use std::io::Read;
use std::process::{Child, Stdio};

use churnctl::exit::ExitCode;
use serde_json::json;

use super::{eventually, stub};
use crate::api_server::{ApiServer, Fault, What};
use crate::harness::Churnctl;

fn wait(churnctl: &Churnctl, more: &[&str]) -> Child {
    let args: Vec<&str> = ["retrain", "now", "--yes", "--wait"]
        .iter()
        .chain(more)
        .copied()
        .collect();
    churnctl.spawn(&args, Stdio::null())
}

fn the_job(server: &ApiServer) -> String {
    eventually("the Job", || server.jobs().pop())
}

fn ended(mut child: Child) -> (Option<i32>, String, String) {
    let code = child.wait().expect("ends").code();
    let (mut stdout, mut stderr) = (String::new(), String::new());
    child
        .stdout
        .take()
        .expect("a pipe")
        .read_to_string(&mut stdout)
        .expect("text");
    child
        .stderr
        .take()
        .expect("a pipe")
        .read_to_string(&mut stderr)
        .expect("text");
    (code, stdout, stderr)
}

fn is_watched(server: &ApiServer) {
    eventually("a watch", || {
        server
            .requests()
            .iter()
            .any(|request| request.starts_with("watch jobs"))
            .then_some(())
    });
}

fn code(code: ExitCode) -> Option<i32> {
    Some(i32::from(code.code()))
}

#[test]
fn every_end_has_its_code() {
    type Ending = fn(&ApiServer, &str);
    let endings: [(ExitCode, &str, Ending); 3] = [
        (ExitCode::Ok, "complete", |server, job| {
            server.finish(job, "Complete", "", "");
        }),
        (
            ExitCode::Failed,
            "BackoffLimitExceeded: too often",
            |server, job| {
                server.finish(job, "Failed", "BackoffLimitExceeded", "too often");
            },
        ),
        (ExitCode::Gone, "somebody deleted the Job", |server, job| {
            server.delete("jobs", job);
        }),
    ];
    for (wanted, words, end) in endings {
        let (server, churnctl) = stub();
        let child = wait(&churnctl, &[]);
        let job = the_job(&server);
        is_watched(&server);
        server.edit("jobs", &job, |job| job["status"] = json!({"active": 1}));
        end(&server, &job);
        let (got, stdout, stderr) = ended(child);
        assert_eq!(got, code(wanted), "{stdout}{stderr}");
        assert!(stderr.contains(words), "{stderr}");
        assert!(stdout.starts_with(&format!("job/{job} ")), "{stdout}");
    }
}

#[test]
fn the_time_may_be_up_and_the_job_goes_on() {
    let (server, churnctl) = stub();
    let (got, stdout, stderr) = ended(wait(&churnctl, &["--timeout", "1s", "--format=json"]));
    assert_eq!(got, code(ExitCode::TimedOut), "{stderr}");
    let document: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!(document["end"]["state"], "timed_out");
    assert_eq!(server.jobs().len(), 1);
}

#[test]
fn a_watch_that_breaks_or_is_forbidden_does_not_end_the_wait() {
    for what in [What::Status(403, None), What::Drop, What::Status(410, None)] {
        let (server, churnctl) = stub();
        server.fault(Fault::new("watch", "jobs", what));
        let child = wait(&churnctl, &[]);
        let job = the_job(&server);
        is_watched(&server);
        server.finish(&job, "Complete", "", "");
        let (got, _, stderr) = ended(child);
        assert_eq!(got, code(ExitCode::Ok), "{what:?}: {stderr}");
    }
}

#[test]
fn ctrl_c_stops_waiting_and_says_how_to_look_again() {
    for (signal, wanted) in [
        ("-INT", ExitCode::Interrupted),
        ("-TERM", ExitCode::Terminated),
    ] {
        let (server, churnctl) = stub();
        let child = wait(&churnctl, &[]);
        let job = the_job(&server);
        is_watched(&server);
        let killed = std::process::Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status();
        assert!(killed.expect("kill").success());
        let (got, _, stderr) = ended(child);
        assert_eq!(got, code(wanted), "{stderr}");
        assert!(
            stderr.contains(&format!("the Job {job} goes on")),
            "{stderr}"
        );
        assert!(
            stderr.contains(&format!("kubectl logs -f job/{job} -n churn-mlops")),
            "{stderr}"
        );
    }
}

fn pod(job: &str, name: &str, state: serde_json::Value) -> serde_json::Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "churn-mlops", "labels": {"batch.kubernetes.io/job-name": job}},
        "spec": {"containers": [{"name": "train", "image": "churnctl:1"}]},
        "status": {"containerStatuses": [{"name": "train", "image": "", "imageID": "", "ready": true, "restartCount": 0, "state": state}]}
    })
}

#[test]
fn logs_of_every_pod_are_followed_each_line_once_and_with_its_pod() {
    let (server, churnctl) = stub();
    let child = wait(&churnctl, &["--logs"]);
    let job = the_job(&server);
    server.put(pod(&job, "p-1", json!({"running": {}})));
    server.log("p-1", "train", Some("epoch 1"));
    // The first request breaks off after the first line; what came before is not told twice.
    server.log("p-1", "train", Some("epoch 2 \u{1b}[31mred"));
    eventually("the log", || {
        server
            .requests()
            .contains(&"get pods/log p-1".to_owned())
            .then_some(())
    });
    server.log("p-1", "train", Some("out of memory"));
    server.log("p-1", "train", None);
    server.put(pod(&job, "p-1", json!({"terminated": {"exitCode": 1}})));
    server.put(pod(
        &job,
        "p-2",
        json!({"waiting": {"reason": "ContainerCreating"}}),
    ));
    server.put(pod(&job, "p-2", json!({"terminated": {"exitCode": 0}})));
    server.log("p-2", "train", Some("done"));
    server.log("p-2", "train", None);
    server.finish(&job, "Complete", "", "");
    let (got, stdout, stderr) = ended(child);
    assert_eq!(got, code(ExitCode::Ok), "{stderr}");
    for line in [
        "p-1 | epoch 1\n",
        "p-1 | epoch 2 \\u{1b}[31mred\n",
        "p-1 | out of memory\n",
        "p-2 | done\n",
    ] {
        assert_eq!(stderr.matches(line).count(), 1, "{line:?} in {stderr}");
    }
    assert_eq!(stdout, format!("job/{job} complete\n"));
}

#[test]
fn forbidden_logs_are_said_and_the_wait_goes_on() {
    let (server, churnctl) = stub();
    server.deny("get pods/log");
    let child = wait(&churnctl, &["--logs"]);
    let job = the_job(&server);
    server.put(pod(&job, "p-1", json!({"running": {}})));
    eventually("the log", || {
        server
            .requests()
            .contains(&"get pods/log p-1".to_owned())
            .then_some(())
    });
    server.finish(&job, "Complete", "", "");
    let (got, _, stderr) = ended(child);
    assert_eq!(got, code(ExitCode::Ok), "{stderr}");
    assert!(
        stderr.contains("warning: no logs: cannot get pods/log p-1"),
        "{stderr}"
    );
}

#[test]
fn a_wait_that_times_out_says_what_the_job_waited_for() {
    type Hold = fn(&ApiServer, &str);
    let holds: [(&str, Hold); 3] = [
        // What Kueue does to every Job that it has not admitted.
        (
            "suspended: it runs when a queue admits it",
            |server, job| {
                server.edit("jobs", job, |job| {
                    job["spec"]["suspend"] = json!(true);
                    job["status"] = json!({"conditions": [{"type": "Suspended", "status": "True",
                    "reason": "JobSuspended", "message": "Job suspended"}]});
                });
            },
        ),
        (
            "has no node, Unschedulable: 0/1 nodes are available",
            |server, job| {
                let mut pod = pod(job, "p-1", json!({}));
                pod["status"] = json!({"phase": "Pending", "conditions": [{"type": "PodScheduled",
                "status": "False", "reason": "Unschedulable",
                "message": "0/1 nodes are available: 1 Insufficient memory."}]});
                server.put(pod);
            },
        ),
        (
            "does not start, ImagePullBackOff: Back-off pulling image",
            |server, job| {
                let waiting = json!({"waiting": {"reason": "ImagePullBackOff",
                "message": "Back-off pulling image \"churnctl:1\""}});
                server.put(pod(job, "p-1", waiting));
            },
        ),
    ];
    for (wanted, hold) in holds {
        let (server, churnctl) = stub();
        let child = wait(&churnctl, &["--timeout", "4s", "--format=json"]);
        let job = the_job(&server);
        is_watched(&server);
        hold(&server, &job);
        let (got, stdout, stderr) = ended(child);
        assert_eq!(got, code(ExitCode::TimedOut), "{stderr}");
        // Told when it is seen, again in the error, and in the document.
        assert_eq!(stderr.matches(wanted).count(), 2, "{stderr}");
        let document: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
        let message = document["end"]["message"].as_str().expect("a reason");
        assert!(message.contains(wanted), "{message}");
    }
}
