//! A server that misbehaves as it is told, and counts who came.

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
    /// These bytes, and the end.
    Bytes(&'static str),
    /// These bytes, then one at a time, without end.
    Trickle(&'static str),
    /// These bytes, then more and more as fast as they go.
    Flood(&'static str),
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
        Self::with(faults, false)
    }

    /// Starts one that stands for a Pushgateway: what it holds it doesn't tell (404, not counted),
    /// and the faults are for the pushes.
    pub(crate) fn pushgateway(faults: &[Fault]) -> Self {
        Self::with(faults, true)
    }

    fn with(faults: &[Fault], is_pushgateway: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let server = Self {
            address: listener.local_addr().expect("an address"),
            seen: Arc::default(),
            ended: Arc::default(),
        };
        let (faults, seen) = (faults.to_vec(), Arc::clone(&server.seen));
        let ended = Arc::clone(&server.ended);
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let (faults, seen) = (faults.clone(), Arc::clone(&seen));
                let ended = Arc::clone(&ended);
                std::thread::spawn(move || {
                    serve(&stream, &faults, is_pushgateway, &seen, &ended);
                });
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

fn serve(
    stream: &TcpStream,
    faults: &[Fault],
    is_pushgateway: bool,
    seen: &Mutex<Vec<Seen>>,
    ended: &AtomicBool,
) {
    let mut reader = BufReader::with_capacity(1, stream);
    let Some((mut request, length)) = head(&mut reader) else {
        return;
    };
    if is_pushgateway && request.path == "/api/v1/metrics" {
        answer(stream, "404 Not Found", "", "");
        return;
    }
    let at = {
        let mut seen = seen.lock().expect("no panic");
        seen.push(request.clone());
        seen.len() - 1
    };
    let fault = &faults[at.min(faults.len() - 1)];
    // Closing a socket with bytes unread makes the kernel send a reset.
    if !matches!(fault, Fault::Reset) {
        request.body.resize(length, 0);
        if reader.read_exact(&mut request.body).is_err() {
            return;
        }
        seen.lock().expect("no panic")[at].body = request.body;
    }
    misbehave(stream, fault, ended);
}

fn answer(mut stream: &TcpStream, status: &str, headers: &str, body: &str) {
    let length = body.len();
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    );
}

fn misbehave(mut stream: &TcpStream, fault: &Fault, ended: &AtomicBool) {
    let go_on = || {
        std::thread::sleep(Duration::from_millis(50));
        !ended.load(Ordering::SeqCst)
    };
    match fault {
        Fault::Reset => {}
        Fault::Hang => while go_on() {},
        Fault::Drip => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n");
            while go_on() && stream.write_all(b"x").is_ok() {}
        }
        Fault::Bytes(bytes) => {
            let _ = stream.write_all(bytes.as_bytes());
        }
        Fault::Trickle(head) => {
            let _ = stream.write_all(head.as_bytes());
            while go_on() && stream.write_all(b"x").is_ok() {}
        }
        Fault::Flood(head) => {
            let _ = stream.write_all(head.as_bytes());
            let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
            while !ended.load(Ordering::SeqCst) && stream.write_all(chunk.as_bytes()).is_ok() {}
        }
        Fault::Answer(status, headers, body) => answer(stream, status, headers, body),
    }
}

/// Reads the head of a request and how long its body is. Byte by byte: what is not read must stay
/// in the socket.
fn head(reader: &mut BufReader<&TcpStream>) -> Option<(Seen, usize)> {
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
    let seen = Seen {
        method,
        path,
        headers,
        body: Vec::new(),
    };
    Some((seen, length))
}
