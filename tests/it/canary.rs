//! No command shows a secret that an address has in it: every argument of every command (clap has the
//! list), every setting, servers that are absent and servers that repeat what they are told.
//!
//! CHURNCTL_TEST_FULL=1 tries every shape with every argument in place of one of each.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use churnctl::cli::{Argument, arguments};

use crate::harness::{Churnctl, full};

/// Nothing else looks like it, in any case.
const CANARY: &str = "Zk7cAnArY9qW";

/// The shapes of an address in which issue 19 found secrets in errors, and their siblings; `HOST` is
/// the server's address.
const SHAPES: [&str; 26] = [
    "http://user:Zk7cAnArY9qW@HOST/x",
    "https://Zk7cAnArY9qW@HOST",
    "HTTP://user:Zk7cAnArY9qW@HOST",
    "  http://user:Zk7cAnArY9qW@HOST",
    "http://HOST/x?sig=Zk7cAnArY9qW",
    "http://HOST/x?pasword=Zk7cAnArY9qW&tokn=Zk7cAnArY9qW",
    "http://user:pa?Zk7cAnArY9qW@HOST/",
    "http://user:pa/Zk7cAnArY9qW@HOST/",
    "http://user:pa ss Zk7cAnArY9qW@HOST/",
    "postgres://user:Zk7cAnArY9qW@HOST/db?table=t",
    "postgres://HOST/db?table=t&password=Zk7cAnArY9qW",
    "POSTGRES://user:Zk7cAnArY9qW@HOST/db?table=t",
    " postgres://user:Zk7cAnArY9qW@HOST/db?table=t",
    "data.csv,postgres://user:Zk7cAnArY9qW@HOST/db?table=t",
    "postgres://user:pa?Zk7cAnArY9qW@HOST/db?table=t",
    "postgres://HOST/db?table=t&pasword=Zk7cAnArY9qW",
    "mysql://user:Zk7cAnArY9qW@HOST/db?tabel=t",
    "sc://HOST/;token=Zk7cAnArY9qW?tabel=t",
    "sc://HOST/;tokn=Zk7cAnArY9qW?table=t",
    "s3://user:Zk7cAnArY9qW@bucket/a.csv",
    "az://box/a.csv?sv=1&sig=Zk7cAnArY9qW",
    "https://HOST/k?X-Amz-Signature=Zk7cAnArY9qW",
    "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=Zk7cAnArY9qW;EndpointSuffix=x",
    "host=127.0.0.1 password=Zk7cAnArY9qW dbname=x",
    "jdbc:postgresql://HOST/db?user=a&password=Zk7cAnArY9qW",
    "http%3A%2F%2Fuser%3AZk7cAnArY9qW%40HOST",
];

/// Everything that the canary may look like, in lower case or as base64 has it.
fn is_in(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let raw = text.to_lowercase().contains(&CANARY.to_lowercase());
    // In base64 it looks otherwise with one and with two bytes before it; groups of three bytes that
    // are all its own are the same wherever it stands.
    let encoded = (0..3_usize).any(|before| {
        let whole = BASE64_STANDARD.encode("x".repeat(before) + CANARY);
        let (begin, end) = (before.div_ceil(3), (before + CANARY.len()) / 3);
        text.contains(&whole[4 * begin..4 * end])
    });
    raw || encoded
}

#[test]
fn the_canary_is_found_in_every_form() {
    for text in [
        format!("a {CANARY} b"),
        CANARY.to_uppercase(),
        BASE64_STANDARD.encode(format!("user:{CANARY}")),
        BASE64_STANDARD.encode(format!("a:{CANARY}")),
        BASE64_STANDARD.encode(CANARY),
    ] {
        assert!(is_in(text.as_bytes()), "{text}");
    }
    assert!(!is_in(b"a canary"));
}

/// A server for any protocol that repeats what it is told, also decoded, and remembers it.
struct Echo {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Echo {
    fn start(status: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let heard = Arc::new(Mutex::new(Vec::new()));
        let echo = Self {
            address,
            heard: Arc::clone(&heard),
        };
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let heard = Arc::clone(&heard);
                std::thread::spawn(move || answer(stream, status, &heard));
            }
        });
        echo
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().expect("no panic").clone()
    }
}

fn answer(mut stream: TcpStream, status: &str, heard: &Mutex<Vec<String>>) {
    let _ = stream.set_read_timeout(Some(Duration::from_millis(400)));
    let mut bytes = vec![0; 1 << 16];
    let mut said = Vec::new();
    while let Ok(count @ 1..) = stream.read(&mut bytes) {
        said.extend_from_slice(&bytes[..count]);
        let text = String::from_utf8_lossy(&said).into_owned();
        if said.ends_with(&[0x04, 0xd2, 0x16, 0x2f]) {
            // PostgreSQL asks for TLS: no.
            let _ = stream.write_all(b"N");
            said.clear();
        } else if said.get(4..8) == Some(&[0, 3, 0, 0]) {
            // PostgreSQL's start: the password in clear text, please.
            let _ = stream.write_all(&[b'R', 0, 0, 0, 8, 0, 0, 0, 3]);
            said.clear();
        } else if said.first() == Some(&b'p') {
            let told = text[5..].trim_end_matches('\0').to_owned();
            let fields =
                format!("SFATAL\0VFATAL\0C28P01\0Mno such password: {told}\0Hnot {told}\0\0");
            let length = u32::try_from(fields.len() + 4)
                .expect("short")
                .to_be_bytes();
            let _ = stream.write_all(&[b"E", &length[..], fields.as_bytes()].concat());
            return;
        } else if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .to_lowercase()
                .split("content-length: ")
                .nth(1)
                .and_then(|rest| {
                    rest.lines()
                        .next()
                        .and_then(|line| line.trim().parse::<usize>().ok())
                });
            if body.len() < length.unwrap_or(0) {
                continue;
            }
            heard.lock().expect("no panic").push(text.clone());
            let login = head
                .split("Basic ")
                .nth(1)
                .or_else(|| head.split("basic ").nth(1));
            let login =
                login.and_then(|rest| BASE64_STANDARD.decode(rest.lines().next()?.trim()).ok());
            let login = String::from_utf8_lossy(&login.unwrap_or_default()).into_owned();
            let said = serde_json::json!({"error": format!("no: {login} {text}")}).to_string();
            let answer = format!(
                "HTTP/1.1 {status}\r\nX-Said: {login}\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{said}",
                said.len()
            );
            let _ = stream.write_all(answer.as_bytes());
            return;
        }
    }
}

/// What a command needs to come as far as the argument that is tried: flags with their values, and
/// what stands without flag. A command that is not here is tried as it is.
fn base(command: &str) -> (&'static [[&'static str; 2]], &'static [&'static str]) {
    match command {
        "push-metrics" => (
            &[["--gateway", "http://HOST"], ["--job", "j"]],
            &["metrics.prom"],
        ),
        "push-metrics run" => (
            &[["--gateway", "http://HOST"], ["--job", "j"]],
            &["--", "true"],
        ),
        "push-metrics list" => (&[["--gateway", "http://HOST"]], &[]),
        "push-metrics delete" => (&[["--gateway", "http://HOST"], ["--job", "j"]], &["--yes"]),
        "push-metrics prune" => (
            &[["--gateway", "http://HOST"], ["--older-than", "7d"]],
            &["--yes"],
        ),
        "drift" => (
            &[["--baseline", "data.csv"], ["--current", "data.csv"]],
            &[],
        ),
        "train" => (&[["--label", "label"]], &["data.csv"]),
        "score" => (&[["--output", "scores.csv"]], &["data.csv"]),
        "profile" => (&[["--output", "profile.json"]], &["data.csv"]),
        "alerts lint" | "alerts list" | "alerts test" => (&[], &["rules.yml"]),
        "alerts history" => (&[["--prometheus", "http://HOST"]], &["rules.yml"]),
        "render-manifests" => (&[["--output-dir", "k8s"]], &[]),
        "retrain now" => (&[], &["--yes"]),
        _ => (&[], &[]),
    }
}

fn workshop() -> Churnctl {
    let rows = (0..60).map(|row| format!("{},{},{}\n", row % 7, row % 3, row % 2));
    let data = format!("a,b,label\n{}", rows.collect::<String>());
    let rules = "groups:\n- name: a\n  rules:\n  - alert: A\n    expr: up == 0\n";
    let mut churnctl = Churnctl::new()
        .file("data.csv", data)
        .file("metrics.prom", "rows 12\n")
        .file("rules.yml", rules)
        .file("kubeconfig", "apiVersion: v1\nkind: Config\n");
    let kubeconfig = churnctl.path("kubeconfig").display().to_string();
    for (name, value) in [
        ("KUBECONFIG", &*kubeconfig),
        ("CHURNCTL_PUSH_DEADLINE", "400ms"),
        ("CHURNCTL_PUSH_TIMEOUT", "300ms"),
        ("CHURNCTL_MLFLOW_DEADLINE", "400ms"),
        ("CHURNCTL_CLUSTER_DEADLINE", "400ms"),
        ("PATH", "/usr/bin:/bin"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ] {
        churnctl = churnctl.env(name, value);
    }
    churnctl
}

/// Runs a command for a few seconds at most, and looks at all that it has written. Returns what
/// shows the canary.
fn check(churnctl: &Churnctl, args: &[&str]) -> Vec<String> {
    let out = tempfile::tempdir().expect("a folder");
    let file = |name: &str| std::fs::File::create(out.path().join(name)).expect("a file");
    let mut command = churnctl.command(args);
    command.stdin(Stdio::null());
    command.stdout(file("stdout")).stderr(file("stderr"));
    let mut child = command.spawn().expect("start the binary");
    let start = Instant::now();
    while child.try_wait().expect("a state").is_none() {
        // Some listen until they are told to stop, some wait for a database that may be starting.
        if start.elapsed() > Duration::from_secs(6) {
            child.kill().expect("end it");
            child.wait().expect("ended");
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let mut found = Vec::new();
    for name in ["stdout", "stderr"] {
        let said = std::fs::read(out.path().join(name)).expect("read");
        let shown = String::from_utf8_lossy(&said);
        if is_in(&said) || shown.contains("panicked") {
            found.push(format!("{name} of {args:?}: {shown}"));
        }
    }
    // Names of columns and values of data are not addresses: a model or a profile keeps them.
    let is_data = |arg: &&str| DATA.iter().any(|flag| arg.starts_with(flag));
    if !args.iter().any(is_data) {
        look_through(&churnctl.path(""), args, &mut found);
    }
    found
}

/// Flags that name columns and values.
const DATA: [&str; 4] = ["--null=", "--score=", "--label=", "--positive="];

/// Notes the files that the command wrote and that have the canary in them.
fn look_through(folder: &Path, args: &[&str], found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("list").flatten() {
        let path = entry.path();
        if path.is_dir() {
            look_through(&path, args, found);
        } else if entry.file_name() != "given.toml" {
            let bytes = std::fs::read(&path).unwrap_or_default();
            if is_in(&bytes) {
                found.push(format!("{} of {args:?}", path.display()));
            }
        }
    }
}

/// Does the work on as many threads as there are cores, and fails with all that was found.
fn all<T: Sync>(items: &[T], work: impl Fn(&T) -> Vec<String> + Sync) {
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let shown = work(item);
                    found.lock().expect("no panic").extend(shown);
                }
            });
        }
    });
    let found = found.into_inner().expect("no panic");
    assert!(
        found.is_empty(),
        "{} leaks:\n{}",
        found.len(),
        found.join("\n")
    );
}

fn words(argument: &Argument, shape: &str, host: &str) -> Vec<String> {
    let command = argument.command.join(" ");
    let (flags, rest) = base(&command);
    let mut words = argument.command.clone();
    for pair in flags
        .iter()
        .filter(|pair| Some(pair[0]) != argument.flag.as_deref())
    {
        words.extend(pair.map(str::to_owned));
    }
    match &argument.flag {
        Some(flag) => words.push(format!("{flag}={shape}")),
        None => words.push(shape.to_owned()),
    }
    let kept = rest
        .iter()
        .filter(|word| argument.flag.is_some() || word.starts_with("--"));
    words.extend(kept.map(|word| (*word).to_owned()));
    words
        .iter()
        .map(|word| word.replace("HOST", host))
        .collect()
}

/// Flags of every command; once is enough.
const GLOBAL: [&str; 6] = [
    "--config",
    "--format",
    "--color",
    "--log-format",
    "--progress",
    "--set",
];

#[test]
fn no_argument_of_any_command_shows_a_secret() {
    let refusing = crate::servers::free_address().to_string();
    let mut trials = Vec::new();
    let arguments = arguments();
    for name in [
        "drift",
        "serve",
        "push-metrics run",
        "alerts history",
        "config show",
    ] {
        let known = arguments.iter().any(|one| one.command.join(" ") == name);
        assert!(known, "clap's list has no {name}");
    }
    for (number, argument) in arguments.iter().enumerate() {
        let is_global = argument
            .flag
            .as_deref()
            .is_some_and(|flag| GLOBAL.contains(&flag));
        let count = match (full(), is_global && argument.command.len() != 1) {
            (_, true) => 1,
            (true, false) => SHAPES.len(),
            (false, false) => 1,
        };
        for turn in 0..count {
            let shape = SHAPES[(number + turn * 9) % SHAPES.len()];
            let mut trial = words(argument, shape, &refusing);
            // The manner of what is said takes turns, too.
            trial.insert(
                argument.command.len().min(1),
                ["--format=json", "-v", "--log-format=json", "--format=plain"][(number + turn) % 4]
                    .to_owned(),
            );
            trials.push(trial);
        }
    }
    all(&trials, |trial| {
        let args: Vec<&str> = trial.iter().map(String::as_str).collect();
        check(&workshop(), &args)
    });
}

#[test]
fn no_setting_shows_a_secret() {
    let keys: Vec<&str> = churnctl::settings::KEYS
        .iter()
        .map(|key| key.name)
        .collect();
    let refusing = crate::servers::free_address().to_string();
    let numbered: Vec<(usize, &str)> = keys.into_iter().enumerate().collect();
    all(&numbered, |(number, key)| {
        let shape = SHAPES[number % SHAPES.len()].replace("HOST", &refusing);
        let variable = format!("CHURNCTL_{}", key.replace('.', "_").to_uppercase());
        let by_variable = workshop().env(&variable, &shape);
        let mut found = check(&by_variable, &["config", "show", "--format", "json"]);
        let quoted = serde_json::Value::from(shape.as_str()).to_string();
        let texts = [
            format!("{key} = {quoted}\n"),
            format!("{key} = [{quoted}]\n"),
            format!("{key} = {shape}\n"),
            format!("{quoted} = 1\n"),
        ];
        let count = if full() { texts.len() } else { 1 };
        for text in texts.into_iter().cycle().skip(*number).take(count) {
            let by_file = workshop().file("given.toml", text);
            let format = ["json", "yaml", "plain"][number % 3];
            let args = [
                "config",
                "show",
                "--config",
                "given.toml",
                "--format",
                format,
            ];
            found.extend(check(&by_file, &args));
        }
        let assignment = format!("{key}={shape}");
        let set = workshop();
        found.extend(check(&set, &["config", "show", "--set", &assignment]));
        found
    });
}

/// Runs against a server that repeats what it is told.
#[test]
fn what_a_server_repeats_is_not_shown() {
    for status in ["400 Bad Request", "503 Busy", "200 OK", "302 Found"] {
        let echo = Echo::start(status);
        let host = echo.address.to_string();
        let url = format!("http://user:{CANARY}@{host}");
        let file = |args: &str| -> Vec<String> {
            args.replace("URL", &url)
                .split(' ')
                .map(str::to_owned)
                .collect()
        };
        let trials = [
            file("push-metrics metrics.prom --gateway URL --job j"),
            file("push-metrics run --gateway URL --job j -- true"),
            file("push-metrics list --gateway URL -v --format json"),
            file("push-metrics delete --gateway URL --job j --yes"),
            file("push-metrics prune --gateway URL --older-than 7d --yes"),
            file("drift --baseline data.csv --current data.csv --push-gateway URL"),
            file("drift --baseline data.csv --current data.csv --tracking-uri URL"),
            file("train data.csv --label label --tracking-uri URL"),
            file("mlflow sync --tracking-uri URL"),
            file("serve --model models:/churn@champion --tracking-uri URL"),
            file("serve --otlp-endpoint URL/v1/traces"),
            file("alerts lint rules.yml --prometheus URL"),
            file("alerts history rules.yml --prometheus URL"),
            file("alerts test rules.yml --prometheus URL --alertmanager URL"),
            file("doctor --prometheus-url URL --alertmanager-url URL"),
        ];
        all(&trials, |trial| {
            let args: Vec<&str> = trial.iter().map(String::as_str).collect();
            check(&workshop(), &args)
        });
        // Whoever is asked gets the password in the header that is for it, and nowhere else.
        let heard = echo.heard();
        assert!(heard.len() > 8, "hardly anybody asked: {}", heard.len());
        for said in heard {
            let is_header = |line: &&str| line.to_lowercase().starts_with("authorization:");
            let rest: Vec<&str> = said.lines().filter(|line| !is_header(line)).collect();
            assert!(!is_in(rest.join("\n").as_bytes()), "{said}");
        }
    }
}

#[test]
fn what_the_environment_knows_is_not_shown() {
    let echo = Echo::start("401 Unauthorized");
    let host = echo.address.to_string();
    let login = format!("http://user:{CANARY}@{host}");
    let url = format!("http://{host}");
    let postgres = format!("postgres://user:{CANARY}@{host}/db?table=t");
    let proxied = "http://gw.test:9091";
    for (variables, args) in [
        (
            vec![("CHURNCTL_PUSH_TOKEN", CANARY)],
            vec!["push-metrics", "list", "--gateway", &url],
        ),
        (
            vec![
                ("CHURNCTL_PUSH_PASSWORD", CANARY),
                ("CHURNCTL_PUSH_USERNAME", "user"),
            ],
            vec!["push-metrics", "list", "--gateway", &url],
        ),
        (
            vec![("MLFLOW_TRACKING_TOKEN", CANARY)],
            vec![
                "train",
                "data.csv",
                "--label",
                "label",
                "--tracking-uri",
                &url,
            ],
        ),
        (
            vec![
                ("MLFLOW_TRACKING_PASSWORD", CANARY),
                ("MLFLOW_TRACKING_USERNAME", "user"),
            ],
            vec!["mlflow", "sync", "--tracking-uri", &url],
        ),
        (
            vec![("HTTP_PROXY", &login)],
            vec!["push-metrics", "list", "--gateway", proxied],
        ),
        (
            vec![("HTTPS_PROXY", &login)],
            vec!["push-metrics", "list", "--gateway", "https://gw.test:9091"],
        ),
        (
            vec![("ALL_PROXY", "ftp://user:Zk7cAnArY9qW@h")],
            vec!["push-metrics", "list", "--gateway", proxied],
        ),
        (
            vec![
                ("HTTPS_PROXY", &login),
                ("AWS_ACCESS_KEY_ID", "a"),
                ("AWS_SECRET_ACCESS_KEY", CANARY),
            ],
            vec!["profile", "s3://shop/a.csv", "--output", "p.json"],
        ),
        (
            vec![
                ("AWS_ENDPOINT_URL", &login),
                ("AWS_ACCESS_KEY_ID", "a"),
                ("AWS_SECRET_ACCESS_KEY", CANARY),
            ],
            vec!["profile", "s3://shop/a.csv", "--output", "p.json"],
        ),
        (
            vec![
                ("AZURE_STORAGE_ACCOUNT_NAME", "a"),
                ("AZURE_STORAGE_ACCOUNT_KEY", CANARY),
            ],
            vec!["profile", "az://box/a.csv", "--output", "p.json"],
        ),
        (vec![], vec!["profile", &postgres, "--output", "p.json"]),
        (
            vec![],
            vec!["drift", "--baseline", "data.csv", "--current", &postgres],
        ),
        (vec![], vec!["train", &postgres, "--label", "label", "-v"]),
    ] {
        let churnctl = variables
            .into_iter()
            .fold(workshop(), |churnctl, (name, value)| {
                churnctl.env(name, value)
            });
        assert_eq!(check(&churnctl, &args), [""; 0]);
    }
}
