//! The end of a server: what was accepted is answered, and it comes in time.
//!
//! CHURNCTL_TEST_FULL=1 ends it 40 times in place of 3.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use nix::sys::signal::Signal;

use super::running::{Connection, Running, customer};
use crate::models::scoring;

/// Asks until nobody listens any more; returns requests that got no answer.
fn load(address: SocketAddr, answered: &AtomicUsize) -> usize {
    let body = customer("u", 1.0).to_string();
    let mut lost = 0;
    // A connection that is refused was never accepted: whoever balances the load goes elsewhere.
    while let Ok(stream) = TcpStream::connect(address) {
        let mut connection = Connection::of(stream);
        loop {
            if connection
                .write("POST", "/predict", &[], body.as_bytes())
                .is_err()
            {
                lost += 1;
                break;
            }
            match connection.read() {
                Ok(response) => {
                    assert_eq!(response.status, 200);
                    answered.fetch_add(1, Ordering::Relaxed);
                    if response
                        .headers
                        .get("connection")
                        .is_some_and(|value| value == "close")
                    {
                        break;
                    }
                }
                Err(error) => {
                    assert_ne!(error.kind(), ErrorKind::WouldBlock, "no answer in time");
                    lost += 1;
                    break;
                }
            }
        }
    }
    lost
}

#[test]
fn under_load_no_accepted_request_is_lost() {
    let times = if crate::harness::full() { 40 } else { 3 };
    let churnctl = scoring();
    for time in 0..times {
        let running = Running::start(&churnctl, &["--drain-delay", "200ms"]);
        let address = running.address;
        let answered = Arc::<AtomicUsize>::default();
        let clients: Vec<_> = (0..8)
            .map(|_| {
                let answered = Arc::clone(&answered);
                std::thread::spawn(move || load(address, &answered))
            })
            .collect();
        while answered.load(Ordering::Relaxed) < 200 {
            std::thread::sleep(Duration::from_millis(1));
        }
        running.signal(Signal::SIGTERM);
        let (code, said) = running.wait();
        assert_eq!(code, Some(0), "{said}");
        let lost: usize = clients
            .into_iter()
            .map(|client| client.join().expect("no panic"))
            .sum();
        assert_eq!(lost, 0, "the end number {time}: {said}");
    }
}

#[test]
fn it_is_not_ready_before_it_stops_listening() {
    let running = Running::start(&scoring(), &["--drain-delay", "3s"]);
    let mut kept = running.connect();
    assert_eq!(kept.send("GET", "/ready", &[], b"").status, 200);
    running.signal(Signal::SIGTERM);
    // The port is open, requests are answered, and whoever asks hears that he should go elsewhere.
    let ready = loop {
        let ready = kept.send("GET", "/ready", &[], b"");
        if ready.status == 503 {
            break ready;
        }
    };
    assert_eq!(ready.json()["code"], "stopping");
    assert_eq!(ready.headers["connection"], "close");
    running.post("/predict", &customer("u", 0.0)).expect(200);
    assert_eq!(running.get("/live").status, 200);
    let address = running.address;
    assert_eq!(running.wait().0, Some(0));
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn silent_peers_do_not_hold_up_the_end() {
    let running = Running::start(&scoring(), &["--drain-timeout", "1s"]);
    let stuck: Vec<TcpStream> = (0..10).map(|_| half_a_head(running.address)).collect();
    // They are accepted once somebody after them is answered.
    running.get("/live").expect(200);
    let (code, said) = running.end();
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("10 connections were still open after 1 s"),
        "{said}"
    );
    drop(stuck);
}

fn half_a_head(address: SocketAddr) -> TcpStream {
    use std::io::Write;
    let mut stream = TcpStream::connect(address).expect("connected");
    stream
        .write_all(b"GET /live HTTP/1.1\r\nHos")
        .expect("sent");
    stream
}
