//! A server that runs, and a client that says exactly what it wants.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::harness::Churnctl;
use crate::models::PRODUCTION;

/// Long enough for anything that should happen, on a busy machine, too.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// `churnctl serve` in the folder of a [`Churnctl`], killed when dropped.
pub(crate) struct Running {
    child: Child,
    /// Where the API is.
    pub(crate) address: SocketAddr,
    /// Where metrics and reload are, if apart.
    pub(crate) admin: Option<SocketAddr>,
    stderr: Receiver<String>,
    heard: Vec<String>,
}

impl Running {
    /// Starts the server with the model in production, on a free port.
    pub(crate) fn start(churnctl: &Churnctl, args: &[&str]) -> Self {
        let fixed = ["serve", "--listen", "127.0.0.1:0", "--model", PRODUCTION];
        let mut child = churnctl.spawn(&[&fixed[..], args].concat(), Stdio::null());
        let stderr = child.stderr.take().expect("a pipe");
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let mut line = |what: &str| -> SocketAddr {
            let line = stdout.next().and_then(Result::ok).unwrap_or_else(|| {
                let said: Vec<String> = receiver.try_iter().collect();
                panic!("the server did not start: {said:#?}")
            });
            let url = line.strip_prefix(what).expect(what);
            let address = url
                .trim_start_matches("http://")
                .trim_start_matches("https://");
            address.parse().expect("an address")
        };
        let address = line("listening on ");
        let admin = args
            .contains(&"--admin-listen")
            .then(|| line("metrics and reload on "));
        // Whatever else it prints shall not stop it.
        std::thread::spawn(move || stdout.for_each(drop));
        Self {
            child,
            address,
            admin,
            stderr: receiver,
            heard: Vec::new(),
        }
    }

    pub(crate) fn connect(&self) -> Connection {
        Connection::to(self.address)
    }

    /// Sends a request on a connection of its own.
    pub(crate) fn send(&self, method: &str, path: &str, body: &str) -> Response {
        self.connect().send(method, path, &[], body.as_bytes())
    }

    /// Gets a path.
    pub(crate) fn get(&self, path: &str) -> Response {
        self.send("GET", path, "")
    }

    /// Posts JSON.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Response {
        self.send("POST", path, &body.to_string())
    }

    /// Returns the samples of `/metrics`, by name with labels.
    pub(crate) fn metrics(&self) -> BTreeMap<String, f64> {
        samples(&self.get("/metrics").text())
    }

    /// Waits until `/metrics` fulfils a condition.
    #[track_caller]
    pub(crate) fn wait_for(&self, what: &str, is: impl Fn(&BTreeMap<String, f64>) -> bool) {
        let begun = Instant::now();
        while !is(&self.metrics()) {
            assert!(begun.elapsed() < PATIENCE, "waited in vain: {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits for a line on stderr that contains a text, and returns it.
    #[track_caller]
    pub(crate) fn says(&mut self, text: &str) -> String {
        if let Some(line) = self.heard.iter().find(|line| line.contains(text)) {
            return line.clone();
        }
        let begun = Instant::now();
        while let Ok(line) = self
            .stderr
            .recv_timeout(PATIENCE.saturating_sub(begun.elapsed()))
        {
            self.heard.push(line.clone());
            if line.contains(text) {
                return line;
            }
        }
        panic!("never said {text:?}: {:#?}", self.heard)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).expect("the process is there");
    }

    /// Returns how many descriptors the process has open.
    pub(crate) fn descriptors(&self) -> usize {
        let folder = format!("/proc/{}/fd", self.child.id());
        std::fs::read_dir(folder).expect("list").count()
    }

    /// Lets calls of one of its threads fail, as long as the result lives; none if there is no strace.
    #[track_caller]
    pub(crate) fn inject(&self, thread: &str, fault: &str) -> Option<Injection> {
        let strace = crate::faults::strace()?;
        let tasks = format!("/proc/{}/task", self.child.id());
        let entries = std::fs::read_dir(tasks).expect("list").flatten();
        let task = entries.map(|entry| entry.path()).find(|task| {
            let name = std::fs::read_to_string(task.join("comm")).unwrap_or_default();
            name.trim() == thread
        });
        let task = task.expect(thread);
        let id = task.file_name().expect("a number").to_string_lossy();
        let mut tracer = std::process::Command::new(strace)
            .args([
                "-o",
                "/dev/null",
                "-e",
                &format!("inject={fault}"),
                "-p",
                &id,
            ])
            .stderr(Stdio::piped())
            .spawn()
            .expect("start strace");
        let mut stderr = BufReader::new(tracer.stderr.take().expect("a pipe"));
        let mut line = String::new();
        stderr.read_line(&mut line).expect("a line");
        assert!(line.contains("attached"), "{line}");
        Some(Injection {
            tracer,
            _stderr: stderr,
        })
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).expect("a process id"))
    }

    /// Waits for the end, and returns the exit code and all that was said.
    #[track_caller]
    pub(crate) fn wait(mut self) -> (Option<i32>, String) {
        let begun = Instant::now();
        let status = loop {
            match self.child.try_wait().expect("a status") {
                Some(status) => break status,
                None if begun.elapsed() > PATIENCE => panic!("it does not end"),
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        };
        let rest: Vec<String> = self.stderr.iter().collect();
        let said = self.heard.drain(..).chain(rest);
        (status.code(), said.collect::<Vec<_>>().join("\n"))
    }

    /// Ends the server as Kubernetes does.
    pub(crate) fn end(self) -> (Option<i32>, String) {
        self.signal(Signal::SIGTERM);
        self.wait()
    }

    /// Kills the server as nobody can prevent.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
    }
}

/// Faults that go on until it is dropped.
pub(crate) struct Injection {
    tracer: Child,
    _stderr: BufReader<std::process::ChildStderr>,
}

impl Drop for Injection {
    fn drop(&mut self) {
        // strace lets go of the process before it ends.
        let tracer = Pid::from_raw(i32::try_from(self.tracer.id()).expect("a process id"));
        let _ = kill(tracer, Signal::SIGTERM);
        let _ = self.tracer.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A connection that is kept.
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    rest: Vec<u8>,
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// Reads an answer that curl printed: head, and body without chunks.
    pub(crate) fn of(printed: &[u8]) -> Self {
        let end = printed.windows(4).position(|window| window == b"\r\n\r\n");
        let (head, body) = printed.split_at(end.expect("a head") + 4);
        let (status, headers) = read_head(head);
        Self {
            status,
            headers,
            body: body.to_vec(),
        }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("UTF-8")
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// Asserts the status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(
            self.status,
            status,
            "{}",
            String::from_utf8_lossy(&self.body)
        );
        self
    }
}

fn read_head(head: &[u8]) -> (u16, BTreeMap<String, String>) {
    let head = std::str::from_utf8(head).expect("UTF-8");
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let status = status
        .and_then(|status| status.parse().ok())
        .expect("a status");
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_lowercase(), value.trim().to_owned()))
    };
    (status, lines.filter_map(header).collect())
}

impl Connection {
    pub(crate) fn to(address: SocketAddr) -> Self {
        Self::of(TcpStream::connect(address).expect("connected"))
    }

    pub(crate) fn of(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_nodelay(true).expect("no delay");
        Self {
            stream,
            rest: Vec::new(),
        }
    }

    /// Sends a request and waits for its answer. A body is JSON unless a header says otherwise.
    pub(crate) fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Response {
        self.write(method, path, headers, body).expect("sent");
        self.read().expect("an answer")
    }

    pub(crate) fn write(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> std::io::Result<()> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: test\r\n");
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let has = |name: &str| {
            headers
                .iter()
                .any(|(own, _)| own.eq_ignore_ascii_case(name))
        };
        if !body.is_empty() || method == "POST" {
            if !has("content-type") {
                head.push_str("Content-Type: application/json\r\n");
            }
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        self.stream.write_all(&[head.as_bytes(), body].concat())
    }

    /// Reads an answer.
    pub(crate) fn read(&mut self) -> std::io::Result<Response> {
        let end = loop {
            if let Some(end) = self
                .rest
                .windows(4)
                .position(|window| window == b"\r\n\r\n")
            {
                break end + 4;
            }
            self.more()?;
        };
        let head: Vec<u8> = self.rest.drain(..end).collect();
        let (status, headers) = read_head(&head);
        let chunked = headers
            .get("transfer-encoding")
            .is_some_and(|value| value == "chunked");
        let body = match headers.get("content-length") {
            _ if chunked => self.chunks()?,
            Some(length) => self.take(length.parse().expect("a length"))?,
            None => Vec::new(),
        };
        Ok(Response {
            status,
            headers,
            body,
        })
    }

    fn chunks(&mut self) -> std::io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let chunk = self.chunk()?;
            if chunk.is_empty() {
                return Ok(body);
            }
            body.extend(chunk);
        }
    }

    /// Reads one chunk; the last one is empty.
    pub(crate) fn chunk(&mut self) -> std::io::Result<Vec<u8>> {
        let line = loop {
            if let Some(end) = self.rest.windows(2).position(|window| window == b"\r\n") {
                break self.rest.drain(..end + 2).collect::<Vec<u8>>();
            }
            self.more()?;
        };
        let size = String::from_utf8(line).expect("UTF-8");
        let size = usize::from_str_radix(size.trim(), 16).expect("a size");
        let mut chunk = self.take(size + 2)?;
        chunk.truncate(size);
        Ok(chunk)
    }

    fn take(&mut self, count: usize) -> std::io::Result<Vec<u8>> {
        while self.rest.len() < count {
            self.more()?;
        }
        Ok(self.rest.drain(..count).collect())
    }

    fn more(&mut self) -> std::io::Result<()> {
        let mut buffer = [0; 8192];
        match self.stream.read(&mut buffer)? {
            0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
            count => {
                self.rest.extend_from_slice(&buffer[..count]);
                Ok(())
            }
        }
    }

    /// Reads until the server closes the connection.
    pub(crate) fn read_out(mut self) -> String {
        let mut bytes = std::mem::take(&mut self.rest);
        if let Err(error) = self.stream.read_to_end(&mut bytes) {
            // A reset after the answer is a close, too.
            let kind = error.kind();
            assert_eq!(kind, std::io::ErrorKind::ConnectionReset, "still open");
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Takes the samples out of Prometheus' text.
pub(crate) fn samples(text: &str) -> BTreeMap<String, f64> {
    let sample = |line: &str| {
        let (name, value) = line.rsplit_once(' ')?;
        Some((name.to_owned(), value.parse().ok()?))
    };
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(sample)
        .collect()
}

/// A record that [`crate::models::small_model`] takes.
pub(crate) fn customer(user: &str, visits: f64) -> Value {
    let features = json!({ "visits": visits, "noise": 0.25, "plan": "free" });
    json!({ "user_id": user, "features": features })
}
