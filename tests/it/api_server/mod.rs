//! A Kubernetes API server in small, over real HTTP: objects with versions, conflicts, watches, logs,
//! access reviews, discovery, and faults on demand. It knows no controller: tests play that.

#![allow(dead_code, reason = "each command's tests use a part of it")]

mod discovery;
mod faults;
mod store;
mod wire;

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

pub(crate) use faults::{Fault, What};
pub(crate) use store::Store;
use store::{Path, Refusal, matches};
use wire::{Answer, Reply, Request};

/// A server that ends when it is dropped.
pub(crate) struct ApiServer {
    shared: Arc<Shared>,
    address: SocketAddr,
}

pub(crate) struct Shared {
    store: Mutex<Store>,
    changed: Condvar,
    faults: Mutex<Vec<Fault>>,
    denied: Mutex<BTreeSet<String>>,
    requests: Mutex<Vec<String>>,
    stopped: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ApiServer {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            store: Mutex::default(),
            changed: Condvar::new(),
            faults: Mutex::default(),
            denied: Mutex::default(),
            requests: Mutex::default(),
            stopped: AtomicBool::new(false),
        });
        let accepted = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if accepted.stopped.load(Ordering::Relaxed) {
                    break;
                }
                let shared = Arc::clone(&accepted);
                std::thread::spawn(move || serve(stream, &shared));
            }
        });
        Self { shared, address }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns a kubeconfig whose one context, `stub`, is this server.
    pub(crate) fn kubeconfig(&self) -> String {
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: stub\n\
             clusters: [{{name: stub, cluster: {{server: \"{}\"}}}}]\n\
             users: [{{name: stub, user: {{}}}}]\n\
             contexts: [{{name: stub, context: {{cluster: stub, user: stub, namespace: churn-mlops}}}}]\n",
            self.url()
        )
    }

    /// Puts an object in, as `kubectl apply` would; its kind says where.
    pub(crate) fn put(&self, object: Value) {
        self.change(|store| store.put(object));
    }

    /// Changes an object in place.
    #[track_caller]
    pub(crate) fn edit(&self, resource: &str, name: &str, edit: impl FnOnce(&mut Value)) {
        self.change(|store| store.edit(resource, name, edit));
    }

    #[track_caller]
    pub(crate) fn delete(&self, resource: &str, name: &str) {
        self.change(|store| store.delete(resource, name));
    }

    /// Returns the objects of a resource, in the order of their names.
    pub(crate) fn all(&self, resource: &str) -> Vec<Value> {
        lock(&self.shared.store).all(resource)
    }

    /// Returns the names of the Jobs.
    pub(crate) fn jobs(&self) -> Vec<String> {
        let name = |job: &Value| job["metadata"]["name"].as_str().expect("a name").to_owned();
        self.all("jobs").iter().map(name).collect()
    }

    /// Ends a Job, as the controller would.
    #[track_caller]
    pub(crate) fn finish(&self, job: &str, kind: &str, reason: &str, message: &str) {
        self.edit("jobs", job, |job| {
            job["status"] = json!({"failed": i32::from(kind == "Failed"), "conditions": [
                {"type": kind, "status": "True", "reason": reason, "message": message,
                 "lastTransitionTime": "2026-01-01T00:00:00Z"}
            ]});
        });
    }

    /// Adds a line to the log of a pod's container; `None` ends it.
    pub(crate) fn log(&self, pod: &str, container: &str, line: Option<&str>) {
        self.change(|store| store.log(pod, container, line));
    }

    /// Lets something go wrong.
    pub(crate) fn fault(&self, fault: Fault) {
        lock(&self.shared.faults).push(fault);
    }

    /// Lets everything go well again.
    pub(crate) fn mend(&self) {
        lock(&self.shared.faults).clear();
        self.shared.changed.notify_all();
    }

    /// Takes a permission away: `create jobs`, `get pods/log`.
    pub(crate) fn deny(&self, permission: &str) {
        lock(&self.shared.denied).insert(permission.to_owned());
    }

    /// Returns what was asked for so far: `create jobs NAME`.
    pub(crate) fn requests(&self) -> Vec<String> {
        lock(&self.shared.requests).clone()
    }

    fn change<T>(&self, change: impl FnOnce(&mut Store) -> T) -> T {
        let changed = change(&mut lock(&self.shared.store));
        self.shared.changed.notify_all();
        changed
    }
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
        self.shared.changed.notify_all();
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(mut stream: TcpStream, shared: &Shared) {
    let _ = stream.set_nodelay(true);
    while let Some(request) = Request::read(&mut stream) {
        if shared.stopped.load(Ordering::Relaxed) {
            return;
        }
        let path = Path::of(&request.path);
        let verb = verb(&request, path.as_ref());
        if let Some(path) = &path {
            let resource = path.resource_and_sub();
            let name = path.name.as_deref().unwrap_or("-");
            lock(&shared.requests).push(format!("{verb} {resource} {name}"));
        }
        let what = path.as_ref().and_then(|path| take(shared, verb, path));
        if matches!(what, Some(What::Hang)) {
            hold(shared);
            return;
        }
        if matches!(what, Some(What::Drop)) {
            return;
        }
        if let Some(What::Status(status, retry_after)) = what {
            let reply = refusal(status, retry_after);
            if reply.write(&mut stream).is_err() {
                return;
            }
            continue;
        }
        let answer = answer(&request, verb, path.as_ref(), shared);
        let written = match (answer, what) {
            (_, Some(What::DropAfter)) => return,
            (_, Some(What::StatusAfter(status))) => refusal(status, None).write(&mut stream),
            (Answer::Whole(reply), Some(What::Truncate)) => {
                let _ = reply.truncated().write(&mut stream);
                Ok(())
            }
            (Answer::Whole(reply), _) => reply.write(&mut stream),
            (
                Answer::Watch {
                    path,
                    since,
                    name,
                    timeout,
                },
                _,
            ) => {
                watch(&mut stream, shared, &path, since, name.as_deref(), timeout);
                return;
            }
            (
                Answer::Log {
                    pod,
                    container,
                    follow,
                    since,
                },
                _,
            ) => {
                follow_log(&mut stream, shared, (&pod, &container), follow, &since);
                return;
            }
        };
        if written.is_err() {
            return;
        }
    }
}

/// Takes the first fault that fits, and uses it up.
fn take(shared: &Shared, verb: &str, path: &Path) -> Option<What> {
    let resource = path.resource_and_sub();
    let mut faults = lock(&shared.faults);
    let fault = faults
        .iter_mut()
        .find(|fault| fault.fits(verb, &resource))?;
    fault.take()
}

/// Holds a connection without a word until the server ends or the faults are mended.
fn hold(shared: &Shared) {
    let mut faults = lock(&shared.faults);
    while !shared.stopped.load(Ordering::Relaxed) && !faults.is_empty() {
        let waited = shared
            .changed
            .wait_timeout(faults, Duration::from_millis(200));
        faults = waited.unwrap_or_else(PoisonError::into_inner).0;
    }
}

fn refusal(status: u16, retry_after: Option<u32>) -> Reply {
    let mut reply = Reply::status(status, "", &format!("fault {status}"));
    if let Some(seconds) = retry_after {
        reply.headers.push(format!("Retry-After: {seconds}"));
    }
    reply
}

fn verb(request: &Request, path: Option<&Path>) -> &'static str {
    let named = path.is_some_and(|path| path.name.is_some());
    match (request.method.as_str(), named) {
        ("GET", _) if request.query("watch").is_some_and(|value| value != "false") => "watch",
        ("GET", true) => "get",
        ("GET", false) => "list",
        ("POST", _) => "create",
        ("PUT", _) => "update",
        ("DELETE", _) => "delete",
        _ => "other",
    }
}

fn answer(request: &Request, verb: &str, path: Option<&Path>, shared: &Shared) -> Answer {
    if let Some(reply) = discovery::answer(&request.path) {
        return Answer::Whole(reply);
    }
    let Some(path) = path else {
        return Answer::Whole(Reply::status(404, "NotFound", "no such path"));
    };
    let permission = format!("{verb} {}", path.resource_and_sub());
    if lock(&shared.denied).contains(&permission) {
        let message = format!(
            "{} is forbidden: User \"stub\" cannot {verb} resource \"{}\" in API group \"{}\" in the namespace \"{}\"",
            path.resource,
            path.resource_and_sub(),
            path.group(),
            path.namespace.as_deref().unwrap_or("")
        );
        return Answer::Whole(Reply::status(403, "Forbidden", &message));
    }
    let body: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
    if path.resource.ends_with("accessreviews") {
        return Answer::Whole(review(body, shared));
    }
    if path.sub.as_deref() == Some("log") {
        return Answer::Log {
            pod: path.name.clone().unwrap_or_default(),
            container: request.query("container").unwrap_or_default(),
            follow: request.query("follow").as_deref() == Some("true"),
            since: request.query("sinceTime").unwrap_or_default(),
        };
    }
    if verb == "watch" {
        let field = request.query("fieldSelector").unwrap_or_default();
        return Answer::Watch {
            path: path.clone(),
            since: request
                .query("resourceVersion")
                .and_then(|text| text.parse().ok())
                .unwrap_or(0),
            name: field.strip_prefix("metadata.name=").map(str::to_owned),
            timeout: request
                .query("timeoutSeconds")
                .and_then(|text| text.parse().ok())
                .unwrap_or(60),
        };
    }
    let dry_run = request.query("dryRun").as_deref() == Some("All");
    let mut store = lock(&shared.store);
    let done = match verb {
        "get" => store.get(path),
        "list" => Ok(store.list(path, request.query("labelSelector").as_deref())),
        "create" => store.create(path, body, dry_run),
        "update" => store.replace(path, body),
        _ => Err(Refusal(405, "MethodNotAllowed", "not here".to_owned())),
    };
    drop(store);
    shared.changed.notify_all();
    Answer::Whole(match done {
        Ok(object) => Reply::json(if verb == "create" { 201 } else { 200 }, &object),
        Err(Refusal(status, reason, message)) => Reply::status(status, reason, &message),
    })
}

fn review(mut body: Value, shared: &Shared) -> Reply {
    let asked = &body["spec"]["resourceAttributes"];
    let text = |name: &str| asked[name].as_str().unwrap_or_default().to_owned();
    let resource = match text("subresource").as_str() {
        "" => text("resource"),
        sub => format!("{}/{sub}", text("resource")),
    };
    let permission = format!("{} {resource}", text("verb"));
    let allowed = !lock(&shared.denied).contains(&permission);
    body["status"] = json!({ "allowed": allowed });
    Reply::json(201, &body)
}

fn watch(
    stream: &mut TcpStream,
    shared: &Shared,
    path: &Path,
    mut since: u64,
    name: Option<&str>,
    timeout: u64,
) {
    if wire::begin_chunks(stream).is_err() {
        return;
    }
    let end = Instant::now() + Duration::from_secs(timeout);
    loop {
        let mut store = lock(&shared.store);
        let news: Vec<(u64, Value)> = loop {
            let news: Vec<_> = store
                .events_since(since)
                .filter(|event| matches(path, name, event))
                .map(|event| {
                    (
                        event.version,
                        json!({"type": event.kind, "object": event.object}),
                    )
                })
                .collect();
            if !news.is_empty() || Instant::now() > end || shared.stopped.load(Ordering::Relaxed) {
                break news;
            }
            let waited = shared
                .changed
                .wait_timeout(store, Duration::from_millis(100));
            store = waited.unwrap_or_else(PoisonError::into_inner).0;
        };
        drop(store);
        if news.is_empty() {
            let _ = wire::end_chunks(stream);
            return;
        }
        for (version, event) in news {
            since = version;
            if wire::chunk(stream, format!("{event}\n").as_bytes()).is_err() {
                return;
            }
        }
    }
}

fn follow_log(
    stream: &mut TcpStream,
    shared: &Shared,
    (pod, container): (&str, &str),
    follow: bool,
    since: &str,
) {
    if wire::begin_chunks(stream).is_err() {
        return;
    }
    let mut sent = 0;
    loop {
        let mut store = lock(&shared.store);
        let (lines, ended) = loop {
            let (lines, ended) = store.log_lines(pod, container);
            let more = lines.len() > sent;
            if more || ended || !follow || shared.stopped.load(Ordering::Relaxed) {
                break (lines[sent..].to_vec(), ended);
            }
            let waited = shared
                .changed
                .wait_timeout(store, Duration::from_millis(100));
            store = waited.unwrap_or_else(PoisonError::into_inner).0;
        };
        drop(store);
        sent += lines.len();
        for line in &lines {
            if line.as_str() >= since
                && wire::chunk(stream, format!("{line}\n").as_bytes()).is_err()
            {
                return;
            }
        }
        if lines.is_empty() || (ended && !follow) {
            let _ = wire::end_chunks(stream);
            return;
        }
    }
}
