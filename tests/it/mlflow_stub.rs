//! A tracking server in memory: as much of MLflow's REST interface as `churnctl` uses, with the
//! rules that matter (limits, deleted runs, parameters that cannot change), and faults on order.
//! What it answers is what MLflow 3.17.2 with a SQLite store was seen to answer.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Trouble {
    #[default]
    None,
    /// From this request on (counted from 0) connections are closed and nothing happens.
    AwayFrom(usize),
    /// This request happens and its answer is lost; then as above.
    LosesAnswerOf(usize),
    /// This request happens and its answer never comes.
    HangsAfter(usize),
    /// Whoever has no such header gets 401.
    Wants(&'static str),
    /// Somebody deletes the run before its figures come.
    DeletesRun,
    /// Files come back with a byte changed.
    SpoilsFiles,
    /// Artifacts are kept where they are not passed on.
    DoesNotProxy,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) trouble: Trouble,
    /// Requests since the trouble began.
    pub(crate) requests: usize,
    pub(crate) experiments: Vec<String>,
    pub(crate) runs: Vec<Run>,
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    pub(crate) models: BTreeMap<String, Model>,
}

#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) parameters: BTreeMap<String, String>,
    pub(crate) metrics: BTreeMap<String, f64>,
    pub(crate) datasets: Vec<Value>,
    pub(crate) status: String,
    pub(crate) is_deleted: bool,
    experiment: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) aliases: BTreeMap<String, String>,
    pub(crate) versions: Vec<Version>,
}

#[derive(Debug)]
pub(crate) struct Version {
    pub(crate) source: String,
    pub(crate) run_id: String,
    pub(crate) tags: BTreeMap<String, String>,
}

pub(crate) struct MlflowStub {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl MlflowStub {
    pub(crate) fn start(trouble: Trouble) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let stub = Self {
            address: listener.local_addr().expect("an address"),
            state: Arc::default(),
        };
        stub.state().trouble = trouble;
        let state = Arc::clone(&stub.state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // The stub itself is gone once only we hold its state.
                if Arc::strong_count(&state) == 1 {
                    return;
                }
                let state = Arc::clone(&state);
                std::thread::spawn(move || serve(&stream, &state));
            }
        });
        stub
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic")
    }

    pub(crate) fn trouble(&self, trouble: Trouble) {
        let mut state = self.state();
        state.trouble = trouble;
        state.requests = 0;
    }
}

impl Drop for MlflowStub {
    fn drop(&mut self) {
        let state = std::mem::take(&mut self.state);
        drop(state);
        // Wakes the listener, so that its thread sees the end.
        let _ = TcpStream::connect(self.address);
    }
}

struct Request {
    method: String,
    path: String,
    query: BTreeMap<String, String>,
    headers: Vec<String>,
    body: Vec<u8>,
}

fn serve(stream: &TcpStream, state: &Mutex<State>) {
    let Some(request) = read(stream) else { return };
    let mut state = state.lock().expect("no panic");
    let at = state.requests;
    state.requests += 1;
    let trouble = state.trouble;
    match trouble {
        Trouble::AwayFrom(first) if at >= first => return,
        Trouble::LosesAnswerOf(last) | Trouble::HangsAfter(last) if at > last => return,
        _ => {}
    }
    let (status, body) = match trouble {
        Trouble::Wants(header) if !request.headers.iter().any(|have| have == header) => {
            (401, b"You are not authenticated.".to_vec())
        }
        _ => state.answer(&request),
    };
    drop(state);
    match trouble {
        Trouble::LosesAnswerOf(last) if at == last => return,
        Trouble::HangsAfter(last) if at == last => {
            // Until the client is gone.
            let mut stream = stream;
            let _ = stream.read(&mut [0]);
            return;
        }
        _ => {}
    }
    let mut writer = stream;
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n"
    );
    let _ = writer.write_all(&[head.as_bytes(), &body].concat());
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ').map(str::to_owned);
    let (method, target) = (words.next()?, words.next()?);
    let (mut headers, mut length) = (Vec::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok()?;
        }
        headers.push(line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    Some(Request {
        method,
        path: path.to_owned(),
        query: pairs
            .map(|(name, value)| (name.to_owned(), decoded(value)))
            .collect(),
        headers,
        body,
    })
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let hex = [rest.next().unwrap_or(b'0'), rest.next().unwrap_or(b'0')];
            let hex = std::str::from_utf8(&hex).expect("ASCII");
            bytes.push(u8::from_str_radix(hex, 16).expect("hexadecimal digits"));
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).expect("UTF-8")
}

fn good(body: Value) -> (u16, Vec<u8>) {
    (200, body.to_string().into_bytes())
}

fn refused(status: u16, code: &str, message: &str) -> (u16, Vec<u8>) {
    let body = json!({ "error_code": code, "message": message });
    (status, body.to_string().into_bytes())
}

fn tags_of(value: &Value) -> BTreeMap<String, String> {
    let pairs = value.as_array().cloned().unwrap_or_default();
    let text = |pair: &Value, name: &str| pair[name].as_str().expect(name).to_owned();
    pairs
        .iter()
        .map(|pair| (text(pair, "key"), text(pair, "value")))
        .collect()
}

fn pairs(tags: &BTreeMap<String, String>) -> Value {
    tags.iter()
        .map(|(key, value)| json!({ "key": key, "value": value }))
        .collect()
}

/// Takes ``tags.`NAME` = 'VALUE'`` apart, at the end of a filter.
fn tag_filter(filter: &str) -> (String, String) {
    let filter = filter.rsplit(" and ").next().expect("a filter");
    let rest = filter.strip_prefix("tags.`").expect(filter);
    let (name, rest) = rest.split_once("` = '").expect(filter);
    (
        name.to_owned(),
        rest.strip_suffix('\'').expect(filter).to_owned(),
    )
}

impl State {
    fn answer(&mut self, request: &Request) -> (u16, Vec<u8>) {
        const ARTIFACTS: &str = "/api/2.0/mlflow-artifacts/artifacts/";
        if let Some(path) = request.path.strip_prefix(ARTIFACTS) {
            return self.file(request, path);
        }
        let path = request
            .path
            .strip_prefix("/api/2.0/mlflow/")
            .expect("a path");
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let query = |name: &str| request.query.get(name).cloned().unwrap_or_default();
        match (request.method.as_str(), path) {
            ("GET", "experiments/get-by-name") => {
                let name = query("experiment_name");
                let found = self.experiments.iter().position(|known| *known == name);
                let root = match self.trouble {
                    Trouble::DoesNotProxy => "s3://bucket",
                    _ => "mlflow-artifacts:",
                };
                found.map_or_else(
                    || refused(404, "RESOURCE_DOES_NOT_EXIST", "Could not find experiment"),
                    |at| {
                        good(json!({ "experiment": {
                            "experiment_id": at.to_string(),
                            "artifact_location": format!("{root}/{at}"),
                            "lifecycle_stage": "active",
                        } }))
                    },
                )
            }
            ("POST", "experiments/create") => {
                let name = body["name"].as_str().expect("a name").to_owned();
                if self.experiments.contains(&name) {
                    return refused(400, "RESOURCE_ALREADY_EXISTS", "already exists");
                }
                self.experiments.push(name);
                good(json!({ "experiment_id": (self.experiments.len() - 1).to_string() }))
            }
            ("POST", "runs/search") => {
                let (name, value) = tag_filter(body["filter"].as_str().expect("a filter"));
                assert_eq!(body["run_view_type"], "ALL");
                let runs = self.runs.iter().enumerate();
                let found = runs.filter(|(_, run)| run.tags.get(&name) == Some(&value));
                let found: Vec<Value> = found.map(|(at, run)| run_json(at, run)).collect();
                good(json!({ "runs": found }))
            }
            ("POST", "runs/create") => {
                let id = body["experiment_id"].as_str().expect("an id");
                self.runs.push(Run {
                    tags: tags_of(&body["tags"]),
                    status: "RUNNING".to_owned(),
                    experiment: id.parse().expect("a number"),
                    ..Run::default()
                });
                let at = self.runs.len() - 1;
                good(json!({ "run": run_json(at, &self.runs[at]) }))
            }
            ("GET", "runs/get") => match run_at(&query("run_id")) {
                Some(at) if at < self.runs.len() => {
                    good(json!({ "run": run_json(at, &self.runs[at]) }))
                }
                _ => refused(404, "RESOURCE_DOES_NOT_EXIST", "Run not found"),
            },
            ("POST", path) if path.starts_with("runs/") => self.write_run(path, &body),
            (method, path) => self.registry(method, path, &body, &query),
        }
    }

    fn write_run(&mut self, path: &str, body: &Value) -> (u16, Vec<u8>) {
        let at = run_at(body["run_id"].as_str().expect("an id")).expect("an id");
        let deletes = self.trouble == Trouble::DeletesRun;
        let run = &mut self.runs[at];
        run.is_deleted |= deletes;
        if run.is_deleted {
            let message = "The run must be in the 'active' state. Current state is deleted.";
            return refused(400, "INVALID_PARAMETER_VALUE", message);
        }
        match path {
            "runs/log-batch" => {
                let length = |name: &str| body[name].as_array().map_or(0, Vec::len);
                let (metrics, params, tags) = (length("metrics"), length("params"), length("tags"));
                assert!(params <= 100 && tags <= 100 && metrics + params + tags <= 1_000);
                for (name, value) in tags_of(&body["params"]) {
                    let old = run.parameters.insert(name, value.clone());
                    assert!(old.is_none_or(|old| old == value), "a parameter changed");
                }
                run.tags.extend(tags_of(&body["tags"]));
                for metric in body["metrics"].as_array().expect("a list") {
                    let key = metric["key"].as_str().expect("a key").to_owned();
                    run.metrics
                        .insert(key, metric["value"].as_f64().expect("a number"));
                }
            }
            "runs/log-inputs" => {
                for dataset in body["datasets"].as_array().expect("a list") {
                    if !run.datasets.contains(dataset) {
                        run.datasets.push(dataset.clone());
                    }
                }
            }
            "runs/update" => run.status = body["status"].as_str().expect("a status").to_owned(),
            other => panic!("no such call: {other}"),
        }
        good(json!({}))
    }

    fn registry(
        &mut self,
        method: &str,
        path: &str,
        body: &Value,
        query: &dyn Fn(&str) -> String,
    ) -> (u16, Vec<u8>) {
        let name = match method {
            "GET" => query("name"),
            _ => body["name"].as_str().expect("a name").to_owned(),
        };
        let absent = || refused(404, "RESOURCE_DOES_NOT_EXIST", "not found");
        match (method, path) {
            ("POST", "registered-models/create") => {
                if self.models.contains_key(&name) {
                    return refused(400, "RESOURCE_ALREADY_EXISTS", "already exists");
                }
                self.models.insert(name, Model::default());
                good(json!({}))
            }
            ("GET", "model-versions/search") => {
                let filter = query("filter");
                let (tag, value) = tag_filter(&filter);
                let name = filter.split('\'').nth(1).expect("a name");
                let versions = self
                    .models
                    .get(name)
                    .map_or(&[][..], |model| &model.versions);
                let found: Vec<Value> = versions
                    .iter()
                    .enumerate()
                    .filter(|(_, version)| version.tags.get(&tag) == Some(&value))
                    .map(|(at, version)| version_json(at, version))
                    .collect();
                good(json!({ "model_versions": found }))
            }
            (method, path) => {
                let Some(model) = self.models.get_mut(&name) else {
                    return absent();
                };
                match (method, path) {
                    ("GET", "registered-models/get") => {
                        good(json!({ "registered_model": { "tags": pairs(&model.tags) } }))
                    }
                    ("POST", "registered-models/set-tag") => {
                        let text = |name: &str| body[name].as_str().expect(name).to_owned();
                        model.tags.insert(text("key"), text("value"));
                        good(json!({}))
                    }
                    ("POST", "registered-models/alias") => {
                        let text = |name: &str| body[name].as_str().expect(name).to_owned();
                        model.aliases.insert(text("alias"), text("version"));
                        good(json!({}))
                    }
                    ("GET", "registered-models/alias") => {
                        let Some(version) = model.aliases.get(&query("alias")) else {
                            let message = "Registered model alias champion not found.";
                            return refused(400, "INVALID_PARAMETER_VALUE", message);
                        };
                        let at: usize = version.parse().expect("a number");
                        let version = version_json(at - 1, &model.versions[at - 1]);
                        good(json!({ "model_version": version }))
                    }
                    ("GET", "model-versions/get") => {
                        let at: usize = query("version").parse().expect("a number");
                        match model.versions.get(at.wrapping_sub(1)) {
                            Some(version) => {
                                good(json!({ "model_version": version_json(at - 1, version) }))
                            }
                            None => absent(),
                        }
                    }
                    ("POST", "model-versions/create") => {
                        model.versions.push(Version {
                            source: body["source"].as_str().expect("a source").to_owned(),
                            run_id: body["run_id"].as_str().expect("an id").to_owned(),
                            tags: tags_of(&body["tags"]),
                        });
                        let at = model.versions.len() - 1;
                        good(json!({ "model_version": version_json(at, &model.versions[at]) }))
                    }
                    other => panic!("no such call: {other:?}"),
                }
            }
        }
    }

    fn file(&mut self, request: &Request, path: &str) -> (u16, Vec<u8>) {
        if request.method == "PUT" {
            self.files.insert(path.to_owned(), request.body.clone());
            return good(json!({}));
        }
        let Some(mut bytes) = self.files.get(path).cloned() else {
            return refused(404, "RESOURCE_DOES_NOT_EXIST", "No such artifact");
        };
        if self.trouble == Trouble::SpoilsFiles {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        }
        (200, bytes)
    }
}

fn run_at(run_id: &str) -> Option<usize> {
    run_id.strip_prefix("run")?.parse().ok()
}

fn run_json(at: usize, run: &Run) -> Value {
    json!({
        "info": {
            "run_id": format!("run{at}"),
            "artifact_uri": format!("mlflow-artifacts:/{}/run{at}/artifacts", run.experiment),
            "lifecycle_stage": if run.is_deleted { "deleted" } else { "active" },
            "status": run.status,
        },
        "data": { "tags": pairs(&run.tags) },
    })
}

fn version_json(at: usize, version: &Version) -> Value {
    json!({
        "version": (at + 1).to_string(),
        "source": version.source,
        "run_id": version.run_id,
        "tags": pairs(&version.tags),
    })
}
