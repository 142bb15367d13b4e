//! More connections than a server takes: a probe and a prediction are answered all the same.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::running::{Connection, Running, customer};
use crate::harness::Churnctl;
use crate::models::scoring;

/// More than the 1,024 connections of the default, and than its share for one peer.
const CROWD: usize = 1_100;
/// A peer's share of the 1,024 connections of the default.
const SHARE: usize = 768;
/// Waits that end no connection of the crowd while a test runs, or while a request waits for its answer: where one
/// is closed, it is for another.
const PATIENT: [&str; 3] = [
    "CHURNCTL_SERVE_HEADER_TIMEOUT",
    "CHURNCTL_SERVE_KEEP_ALIVE",
    "CHURNCTL_SERVE_REQUEST_TIMEOUT",
];

/// Opens connections that say this and no more. Sockets of ours and of the server's need descriptors.
fn crowd(address: SocketAddr, says: &[u8]) -> Vec<TcpStream> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("a limit");
    if soft < hard {
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard).expect("allowed by the hard limit");
    }
    let open = |_| {
        let mut stream = TcpStream::connect(address).expect("a connection");
        // One that has been closed for a later one takes nothing more.
        let _ = stream.write_all(says);
        stream
    };
    (0..CROWD).map(open).collect()
}

#[track_caller]
fn is_answered(address: SocketAddr, method: &str, path: &str, body: &str) {
    let response = Connection::to(address).send(method, path, &[], body.as_bytes());
    assert_eq!(response.status, 200, "{path}");
}

/// Whether a peer has closed.
fn is_closed(stream: &mut TcpStream) -> bool {
    stream.set_nonblocking(true).expect("a socket");
    loop {
        match stream.read(&mut [0; 4096]) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => return error.kind() != std::io::ErrorKind::WouldBlock,
        }
    }
}

/// Lets a crowd come, of which so many may stay, and asks beside it.
fn a_crowd_keeps_nobody_out(mut churnctl: Churnctl, says: &[u8], most: usize) {
    for wait in PATIENT {
        churnctl = churnctl.env(wait, "30m");
    }
    let running = Running::start(&churnctl, &["--admin-listen", "127.0.0.1:0"]);
    let admin = running.admin.expect("a door for probes");
    let body = customer("u", 1.0).to_string();
    let mut crowd = crowd(running.address, says);
    // A body that trickles in has its time first.
    std::thread::sleep(Duration::from_millis(1_100));
    for _ in 0..3 {
        is_answered(running.address, "GET", "/live", "");
        is_answered(running.address, "POST", "/predict", &body);
        is_answered(admin, "GET", "/live", "");
        is_answered(admin, "GET", "/ready", "");
        is_answered(admin, "GET", "/metrics", "");
    }
    // Which ones is for the tests of the room to say: a few milliseconds are no order.
    let closed = crowd
        .iter_mut()
        .filter_map(|one| is_closed(one).then_some(()));
    let closed = closed.count();
    assert!(closed >= CROWD - most, "only {closed} were closed");
}

fn by_default(says: &[u8]) {
    a_crowd_keeps_nobody_out(scoring(), says, SHARE);
}

#[test]
fn idle_connections_make_room() {
    by_default(b"");
}

#[test]
fn idle_connections_make_room_where_one_peer_may_have_all() {
    let churnctl = scoring().env("CHURNCTL_SERVE_CONNECTIONS_PER_PEER", "1024");
    a_crowd_keeps_nobody_out(churnctl, b"", 1_024);
}

#[test]
fn heads_that_never_end_make_room() {
    by_default(b"GET /live HTTP/1.1\r\nHost: a\r\nX: ");
}

#[test]
fn bodies_that_never_end_make_room() {
    by_default(b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{");
}

#[test]
fn connections_that_were_used_make_room() {
    by_default(b"GET /live HTTP/1.1\r\nHost: a\r\n\r\n");
}
