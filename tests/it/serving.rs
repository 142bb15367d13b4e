//! `churnctl serve` for as long as a test needs it, and requests to it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::harness::Churnctl;

/// A server that runs; killed when it is dropped.
pub(crate) struct Serving {
    child: Child,
    address: SocketAddr,
}

impl Serving {
    /// Starts it on a free port and waits until it listens.
    pub(crate) fn start(churnctl: &Churnctl, args: &[&str]) -> Self {
        let args = [
            &["serve", "--listen", "127.0.0.1:0", "--format", "plain"],
            args,
        ]
        .concat();
        let mut command = churnctl.command(&args);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("start the binary");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let address = line.trim().rsplit("//").next().expect("an address");
        let address = address.parse().expect(&line);
        Self { child, address }
    }

    /// Sends a request with this type of body and returns status and body.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        media_type: &str,
        body: impl AsRef<[u8]>,
    ) -> (u16, String) {
        send(self.address, method, path, media_type, body.as_ref())
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends JSON, wants a 200 and returns its JSON.
    #[track_caller]
    pub(crate) fn json(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.send(method, path, "application/json", body.to_string());
        assert_eq!(status, 200, "{path}: {answer}");
        serde_json::from_str(&answer).expect("JSON")
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// As [`Serving::send`], for threads that have the address only.
pub(crate) fn send(
    address: SocketAddr,
    method: &str,
    path: &str,
    media_type: &str,
    body: &[u8],
) -> (u16, String) {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .expect("a timeout");
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: {media_type}\r\ncontent-length: {length}\r\n\r\n"
    );
    stream
        .write_all(&[head.as_bytes(), body].concat())
        .expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    let answer = String::from_utf8(answer).expect("UTF-8");
    let (head, body) = answer.split_once("\r\n\r\n").expect(&answer);
    let status = head.split(' ').nth(1).expect("a status");
    (status.parse().expect("a number"), body.to_owned())
}
