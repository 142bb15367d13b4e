//! A server that misbehaves as it is told, and counts who came.

#![allow(dead_code, reason = "each command's tests use a part of it")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What happens to one connection.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// The body is left unread and the connection closed, which the kernel makes a reset.
    Reset,
    /// The request is read, then nothing happens.
    Hang,
    /// The answer comes a byte at a time and never ends.
    Drip,
    /// An answer: status, headers (each with its line end), body.
    Answer(&'static str, &'static str, &'static str),
}

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Header lines, names in lower case.
    pub(crate) headers: Vec<String>,
    pub(crate) body: Vec<u8>,
}

/// Serves one connection after another: the faults in their order, the last of them for ever.
pub(crate) struct FaultServer {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    ended: Arc<AtomicBool>,
}

impl FaultServer {
    pub(crate) fn start(faults: &[Fault]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let server = Self {
            address: listener.local_addr().expect("an address"),
            seen: Arc::default(),
            ended: Arc::default(),
        };
        let (faults, seen) = (faults.to_vec(), Arc::clone(&server.seen));
        let ended = Arc::clone(&server.ended);
        std::thread::spawn(move || {
            for at in 0.. {
                let Ok((stream, _)) = listener.accept() else {
                    return;
                };
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let fault = faults[at.min(faults.len() - 1)].clone();
                let (seen, ended) = (Arc::clone(&seen), Arc::clone(&ended));
                std::thread::spawn(move || misbehave(&stream, &fault, &seen, &ended));
            }
        });
        server
    }

    /// Returns the URL of a server that refuses connections.
    pub(crate) fn refusing() -> String {
        format!("http://{}", crate::servers::free_address())
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no panic").clone()
    }
}

impl Drop for FaultServer {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // Wakes the listener, so that its thread sees the end.
        let _ = TcpStream::connect(self.address);
    }
}

fn misbehave(stream: &TcpStream, fault: &Fault, seen: &Mutex<Vec<Seen>>, ended: &AtomicBool) {
    let reads_body = !matches!(fault, Fault::Reset);
    let Some(request) = request(stream, reads_body) else {
        return;
    };
    seen.lock().expect("no panic").push(request);
    let until_the_end = |mut step: Box<dyn FnMut() -> bool + '_>| {
        while !ended.load(Ordering::SeqCst) && step() {
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    let mut writer = stream;
    match fault {
        Fault::Reset => {}
        Fault::Hang => until_the_end(Box::new(|| true)),
        Fault::Drip => {
            let _ = writer.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n");
            until_the_end(Box::new(move || writer.write_all(b"x").is_ok()));
        }
        Fault::Answer(status, headers, body) => {
            let length = body.len();
            let _ = write!(
                writer,
                "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
            );
        }
    }
}

fn request(stream: &TcpStream, reads_body: bool) -> Option<Seen> {
    // Byte by byte: what is not read must stay in the socket.
    let mut reader = BufReader::with_capacity(1, stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let mut words = first.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let (mut headers, mut length) = (Vec::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        let name = name.to_lowercase();
        if name == "content-length" {
            length = value.trim().parse().ok()?;
        }
        headers.push(format!("{name}:{value}"));
    }
    let mut body = vec![0; if reads_body { length } else { 0 }];
    reader.read_exact(&mut body).ok()?;
    Some(Seen {
        method,
        path,
        headers,
        body,
    })
}
