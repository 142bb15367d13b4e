//! The webhook under every fault at every step: Alertmanager's next try finds or makes the one Job.

use super::hook::{Listener, notification};
use super::{all_at_once, eventually, stub};
use crate::api_server::{Fault, What};

/// The calls of a start, in their order.
const STEPS: [(&str, &str, u32); 7] = [
    ("get", "cronjobs", 0),
    ("get", "leases", 0),
    ("list", "jobs", 0),
    ("create", "leases", 0),
    ("create", "jobs", 0),
    ("get", "leases", 1),
    ("update", "leases", 0),
];

#[test]
fn every_fault_at_every_step_and_then_the_retry_make_one_job() {
    all_at_once(&STEPS, |(verb, resource, after)| {
        // Faults of all kinds share a listener: each has a server's time of its own.
        for what in What::ALL {
            for times in [1, u32::MAX] {
                let (server, churnctl) = stub();
                let listener = Listener::start(&churnctl, &["--deadline", "600ms"]);
                let body = notification(60);
                server.fault(Fault::new(verb, resource, what).after(after).times(times));
                let first = listener.outcome(&body);
                assert!(
                    server.jobs().len() <= 1,
                    "{verb} {resource} {what:?}: {first:?}"
                );
                assert!(
                    matches!(first.0, 200 | 503),
                    "{verb} {resource} {what:?}: {first:?}"
                );
                server.mend();
                let second = listener.outcome(&body);
                assert_eq!(
                    second.0, 200,
                    "{verb} {resource} {what:?}: {first:?}, {second:?}"
                );
                assert!(
                    ["created", "duplicate"].contains(&second.1.as_str()),
                    "{second:?}"
                );
                assert_eq!(
                    server.jobs().len(),
                    1,
                    "{verb} {resource} {what:?}: {first:?}"
                );
            }
        }
    });
}

#[test]
fn a_listener_that_is_killed_between_two_steps_is_followed_by_another_that_goes_on() {
    all_at_once(&STEPS, |(verb, resource, after)| {
        let (server, churnctl) = stub();
        let listener = Listener::start(&churnctl, &[]);
        server.fault(Fault::new(verb, resource, What::Hang).after(after));
        let (address, body) = (listener.address, notification(60));
        let sent = body.to_string();
        let post = std::thread::spawn(move || {
            let mut stream = std::net::TcpStream::connect(address).expect("connect");
            let head = format!(
                "POST /alertmanager HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer s3cret\r\nContent-Length: {}\r\n\r\n{sent}",
                sent.len()
            );
            std::io::Write::write_all(&mut stream, head.as_bytes()).expect("write");
            stream
        });
        eventually("the step", || {
            let asked = server.requests();
            let asked = asked
                .iter()
                .filter(|request| request.starts_with(&format!("{verb} {resource} ")));
            (asked.count() > after as usize).then_some(())
        });
        drop(listener);
        drop(post.join().expect("no panic"));
        server.mend();
        let next = Listener::start(&churnctl, &[]);
        let (status, outcome) = next.outcome(&body);
        assert_eq!(status, 200, "{verb} {resource}: {outcome}");
        assert_eq!(server.jobs().len(), 1, "{verb} {resource}: {outcome}");
    });
}
