//! Debian's Prometheus, Alertmanager and Pushgateway on loopback ports of their own, for as long as a
//! test needs them.
//!
//! Each keeps its data and its log in a temporary folder and is killed when it is dropped. Where a
//! server is not installed the test gets `None`, and the reason is printed.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use crate::harness::skipped;

/// How long a server may take until it is ready. It takes some tenths of a second on a free machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that runs.
pub(crate) struct Server {
    child: Child,
    command: Vec<String>,
    folder: tempfile::TempDir,
    address: SocketAddr,
}

impl Server {
    /// Starts Prometheus with this configuration: YAML of `prometheus.yml`. Files that it names, such
    /// as rules, are written with `files` beside it.
    pub(crate) fn prometheus(config: &str, files: &[(&str, &str)]) -> Option<Self> {
        Self::start("prometheus", config, files, |address, folder| {
            vec![
                format!("--config.file={}", folder.join("config.yml").display()),
                format!("--storage.tsdb.path={}", folder.join("data").display()),
                format!("--web.listen-address={address}"),
                "--web.enable-lifecycle".to_owned(),
                "--web.enable-admin-api".to_owned(),
            ]
        })
    }

    /// Starts Prometheus on blocks that promtool has made: data of the past.
    pub(crate) fn prometheus_on_blocks(
        config: &str,
        files: &[(&str, &str)],
        blocks: &Path,
    ) -> Option<Self> {
        Self::start("prometheus", config, files, |address, folder| {
            let data = folder.join("data");
            // Blocks are found at the start, and later only once a minute.
            copy_folder(blocks, &data);
            vec![
                format!("--config.file={}", folder.join("config.yml").display()),
                format!("--storage.tsdb.path={}", data.display()),
                format!("--web.listen-address={address}"),
            ]
        })
    }

    /// Starts Alertmanager with this configuration: YAML of `alertmanager.yml`.
    pub(crate) fn alertmanager(config: &str) -> Option<Self> {
        Self::alertmanager_of("prometheus-alertmanager", config, &[])
    }

    /// Starts the Alertmanager that `tests/tools/build.sh` builds; none where it was not built.
    pub(crate) fn newest_alertmanager(config: &str, more: &[&str]) -> Option<Self> {
        let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/go-tools");
        let program = tools.join("alertmanager").display().to_string();
        Self::alertmanager_of(&program, config, more)
    }

    fn alertmanager_of(program: &str, config: &str, more: &[&str]) -> Option<Self> {
        Self::start(program, config, &[], |address, folder| {
            let mut args = vec![
                format!("--config.file={}", folder.join("config.yml").display()),
                format!("--storage.path={}", folder.join("data").display()),
                format!("--web.listen-address={address}"),
                // One of its kind: no gossip, and no second port.
                "--cluster.listen-address=".to_owned(),
            ];
            args.extend(more.iter().map(|arg| (*arg).to_owned()));
            args
        })
    }

    /// Starts a Pushgateway. `web_config` is its YAML for TLS and basic authentication; empty for none.
    pub(crate) fn pushgateway(web_config: &str, files: &[(&str, &str)]) -> Option<Self> {
        let name = "prometheus-pushgateway";
        Self::start(name, web_config, files, |address, folder| {
            let mut args = vec![
                format!("--web.listen-address={address}"),
                "--web.enable-admin-api".to_owned(),
                // Debian's keeps its groups in a file that all of them would share.
                format!("--persistence.file={}", folder.join("groups").display()),
            ];
            if !web_config.is_empty() {
                let file = folder.join("config.yml");
                args.push(format!("--web.config.file={}", file.display()));
            }
            args
        })
    }

    /// Returns the URL without a slash at the end.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns host and port.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the folder with configuration, data and log.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns what the server has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder().join("log")).unwrap_or_default()
    }

    /// Gets a path and returns the body; panics on anything but 200.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> String {
        let (status, body) = http(self.address, "GET", path, "").expect("an answer");
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// Gets a path as JSON.
    #[track_caller]
    pub(crate) fn json(&self, path: &str) -> serde_json::Value {
        serde_json::from_str(&self.get(path)).expect("JSON")
    }

    /// Asks Prometheus for the samples of an instant query.
    #[track_caller]
    pub(crate) fn query(&self, promql: &str) -> Vec<serde_json::Value> {
        let json = self.json(&format!("/api/v1/query?query={}", escaped(promql)));
        json["data"]["result"].as_array().expect("a list").clone()
    }

    fn start(
        program: &str,
        config: &str,
        files: &[(&str, &str)],
        args: impl Fn(SocketAddr, &Path) -> Vec<String>,
    ) -> Option<Self> {
        // Another process may take the port between our look and the server's; then it ends at
        // once, and another port is as good.
        for _ in 0..5 {
            let folder = tempfile::tempdir().expect("a temporary folder");
            std::fs::write(folder.path().join("config.yml"), config).expect("write");
            for (name, text) in files {
                std::fs::write(folder.path().join(name), text).expect("write");
            }
            let address = free_address();
            let mut command = vec![program.to_owned()];
            command.extend(args(address, folder.path()));
            let child = match spawn(&command, folder.path()) {
                Ok(child) => child,
                Err(error) => {
                    skipped(&format!("cannot run {program}: {error}"));
                    return None;
                }
            };
            let mut server = Self {
                child,
                command,
                folder,
                address,
            };
            if server.becomes_ready() {
                return Some(server);
            }
            let log = server.log();
            assert!(log.contains("address already in use"), "{program}:\n{log}");
        }
        panic!("{program}: five ports were taken");
    }

    /// Ends the server with a signal and waits for its end; its folder stays.
    pub(crate) fn stop(&mut self, signal: &str) {
        self.signal(signal);
        self.child.wait().expect("an end");
    }

    /// Sends a signal, such as `-STOP`.
    pub(crate) fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status();
        assert!(sent.expect("kill").success());
    }

    /// Starts it again where it was, with what it had written.
    pub(crate) fn start_again(&mut self) {
        self.child = spawn(&self.command, self.folder.path()).expect("it ran before");
        assert!(self.becomes_ready(), "{}", self.log());
    }

    /// Waits until the server answers; false if it has ended instead.
    fn becomes_ready(&mut self) -> bool {
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            if self.child.try_wait().expect("ask").is_some() {
                return false;
            }
            // Behind basic authentication 401 is an answer, behind TLS so is 400.
            let answer = http(self.address, "GET", "/-/ready", "");
            if answer.is_some_and(|(status, _)| matches!(status, 200 | 400 | 401)) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("not ready after {PATIENCE:?}:\n{}", self.log());
    }
}

fn spawn(command: &[String], folder: &Path) -> std::io::Result<Child> {
    let log = std::fs::File::create(folder.join("log")).expect("a log");
    let (program, args) = command.split_first().expect("a program");
    Command::new(program)
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a second handle"))
        .stderr(log)
        .spawn()
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("list").flatten() {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), &to).expect("copy");
        }
    }
}

/// Returns a port of the loopback interface that was free a moment ago, and is none of those that the
/// kernel gives to others in the meantime (from 32768 on).
pub(crate) fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    const FIRST: u16 = 15_000;
    const COUNT: u16 = 15_000;
    let start = std::process::id() as u16 % COUNT;
    loop {
        let step = NEXT.fetch_add(1, Ordering::Relaxed) % COUNT;
        let port = FIRST + (start + step) % COUNT;
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", port)) {
            return listener.local_addr().expect("an address");
        }
    }
}

/// Sends a request of one piece and returns status and body; none if nobody answers.
pub(crate) fn http(
    address: SocketAddr,
    method: &str,
    path: &str,
    body: &str,
) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5)).ok()?;
    let patience = Some(Duration::from_secs(30));
    stream.set_read_timeout(patience).ok()?;
    let length = body.len();
    // HTTP/1.0: the answer is not chunked and ends with the connection.
    let request = format!(
        "{method} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}

/// Returns a text as a value in a query.
pub(crate) fn escaped(text: &str) -> String {
    churnctl::percent::part(text)
}

/// Waits until something is there; panics with `what` after a minute.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{what}: not within {PATIENCE:?}");
}

/// Finds a program on the path; says that the test is skipped where there is none.
pub(crate) fn installed(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file());
    if found.is_none() {
        skipped(&format!("{program} is not installed"));
    }
    found
}

mod tests {
    use super::*;

    #[test]
    fn the_three_servers_start_answer_and_are_gone_when_dropped() {
        let receiver = "route: {receiver: none}\nreceivers: [{name: none}]\n";
        let servers = [
            Server::prometheus("global: {scrape_interval: 1s}\n", &[]),
            Server::alertmanager(receiver),
            Server::pushgateway("", &[]),
        ];
        for server in servers.into_iter().flatten() {
            let address = server.address();
            assert!(server.get("/-/healthy").len() < 200, "{}", server.log());
            drop(server);
            assert!(http(address, "GET", "/-/healthy", "").is_none());
        }
    }
}
