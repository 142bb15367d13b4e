//! Whatever goes wrong at whichever step, the run and its retry make one Job.

use churnctl::exit::ExitCode;

use super::{all_at_once, stub};
use crate::api_server::{Fault, What};

/// The calls of a start, in their order; a Lease is created the first time and updated after that.
const STEPS: [(&str, &str, u32); 7] = [
    ("get", "cronjobs", 0),
    ("get", "leases", 0),
    ("list", "jobs", 0),
    ("create", "leases", 0),
    ("create", "jobs", 0),
    ("get", "leases", 2),
    ("update", "leases", 0),
];

const RETRAIN: [&str; 7] = ["retrain", "now", "--yes", "--key", "k", "--deadline", "4s"];

#[test]
fn a_fault_that_passes_is_ridden_out_at_every_step() {
    all_at_once(&STEPS, |(verb, resource, after)| {
        for what in What::ALL {
            let (server, churnctl) = stub();
            server.fault(Fault::new(verb, resource, what).after(after).times(1));
            let run = churnctl.run(&RETRAIN);
            assert_eq!(run.code, Some(0), "{verb} {resource} {what:?}: {run:#?}");
            assert_eq!(server.jobs().len(), 1, "{verb} {resource} {what:?}");
            let ledger =
                server.all("leases")[0]["metadata"]["annotations"]["churnctl.io/ledger"].clone();
            let ledger: serde_json::Value =
                serde_json::from_str(ledger.as_str().expect("ours")).expect("JSON");
            assert_eq!(
                ledger["starts"].as_array().map(Vec::len),
                Some(1),
                "{verb} {resource} {what:?}: {ledger}"
            );
            assert!(
                ledger.get("claim").is_none(),
                "{verb} {resource} {what:?}: {ledger}"
            );
        }
    });
}

#[test]
fn a_fault_that_stays_ends_with_its_code_and_the_retry_makes_one_job() {
    all_at_once(&STEPS, |(verb, resource, after)| {
        for what in [
            What::Status(503, None),
            What::StatusAfter(504),
            What::DropAfter,
            What::Truncate,
        ] {
            let (server, churnctl) = stub();
            server.fault(Fault::new(verb, resource, what).after(after));
            let args: Vec<&str> = RETRAIN
                .iter()
                .map(|word| if *word == "4s" { "1s" } else { word })
                .collect();
            let run = churnctl.run(&args);
            // The Job is there and only its note is not: that is a warning. What was committed
            // before the answer was lost is found by its name; half a 404 is a 404.
            let may_succeed = verb == "update" || after > 0 || what != What::Status(503, None);
            let code = run.code.expect("no signal");
            assert!(
                code == 69 || (code == 0 && may_succeed),
                "{verb} {resource} {what:?}: {run:#?}"
            );
            assert!(server.jobs().len() <= 1, "{run:#?}");
            server.mend();
            churnctl.run(&RETRAIN).expect(ExitCode::Ok);
            assert_eq!(server.jobs().len(), 1, "{verb} {resource} {what:?}");
        }
    });
}

#[test]
fn a_run_that_is_killed_between_two_steps_is_taken_over() {
    all_at_once(&STEPS, |(verb, resource, after)| {
        let (server, churnctl) = stub();
        server.fault(Fault::new(verb, resource, What::Hang).after(after));
        let mut child = churnctl.spawn(&RETRAIN, std::process::Stdio::null());
        super::eventually("the step", || {
            let asked = server.requests();
            let asked = asked
                .iter()
                .filter(|request| request.starts_with(&format!("{verb} {resource} ")));
            (asked.count() > after as usize).then_some(())
        });
        child.kill().expect("kill");
        child.wait().expect("ends");
        server.mend();
        churnctl.run(&RETRAIN).expect(ExitCode::Ok);
        assert_eq!(server.jobs().len(), 1, "{verb} {resource}");
    });
}

#[test]
fn a_claim_that_a_killed_run_left_holds_others_up_until_it_lapses() {
    let (server, churnctl) = stub();
    server.fault(Fault::new("create", "jobs", What::Hang).times(1));
    let mut child = churnctl.spawn(
        &["retrain", "now", "--yes", "--deadline", "1s"],
        std::process::Stdio::null(),
    );
    super::eventually("the claim", || {
        server
            .requests()
            .iter()
            .any(|request| request.starts_with("create jobs"))
            .then_some(())
    });
    child.kill().expect("kill");
    child.wait().expect("ends");
    server.mend();
    let run = churnctl
        .run(&["retrain", "now", "--yes"])
        .expect(ExitCode::Ok);
    assert!(
        run.stderr.contains("another run is about to start"),
        "{}",
        run.stderr
    );
    assert_eq!(server.jobs().len(), 1);
}
