//! Object stores: which objects an address stands for, and what is wrong when there are none.
//! How stores are opened is `objects_open`'s affair, how bytes come `objects_read`'s.

use std::future::Future;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use churn_base::error::{Error, Result, nearest};
use churn_base::exit::ExitCode;
use churn_base::threads;
use futures_util::StreamExt as _;
use futures_util::future::Either;
use object_store::client::HttpError;
use object_store::path::Path as Key;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt as _};
use tokio::runtime::{Builder, Runtime};

use super::file_names::{GLOB, is_table};
use super::object_address::Address;
pub(super) use super::object_address::at;
use super::objects_open::open;

/// How long a look for a name that was meant may take.
const LOOK: Duration = Duration::from_secs(3);
/// How many names are looked at for it.
const NAMES: usize = 1000;

/// An object as it was when it was looked up: what is read later is of this state or of none.
#[derive(Debug, Clone)]
pub struct Object {
    /// Its whole address.
    pub(super) shown: String,
    pub(super) size: u64,
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) key: Key,
    pub(super) e_tag: Option<String>,
}

impl Object {
    /// Returns a text that is another one when the object is.
    pub(super) fn stamp(&self) -> String {
        let tag = self.e_tag.as_deref().unwrap_or_default();
        format!("{} {} {tag}", self.shown, self.size)
    }
}

/// Returns the threads on which everything that waits for a store runs.
pub(super) fn runtime() -> Result<&'static Runtime> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    static MAKING: Mutex<()> = Mutex::new(());
    // Only a success is kept: where there was no thread there may be one the next time.
    let _making = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let mut builder = Builder::new_multi_thread();
    builder
        .worker_threads(2)
        .thread_name("objects")
        .enable_all();
    let runtime = threads::runtime(&mut builder, "what speaks to object stores")?;
    Ok(RUNTIME.get_or_init(|| runtime))
}

/// Waits for something on the threads of [`runtime`], whatever thread this is.
pub(super) fn wait<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> Result<T> {
    let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    runtime()?.spawn(async move {
        // Whoever waited may have gone.
        let _ = sender.send(future.await);
    });
    receiver
        .recv()
        .map_err(|_| Error::new(ExitCode::Bug, "a request to an object store was dropped"))
}

/// Returns the objects that an address stands for, in the order of their keys.
pub(super) fn expand(address: &str) -> Result<Vec<Object>> {
    let address = Address::parse(address)?;
    let store = open(&address)?;
    wait(look_up(address, store))?
}

async fn look_up(address: Address, store: Arc<dyn ObjectStore>) -> Result<Vec<Object>> {
    let shown = address.of(&address.key);
    let object = |meta: ObjectMeta| Object {
        shown: address.of(meta.location.as_ref()),
        size: meta.size,
        store: Arc::clone(&store),
        key: meta.location,
        e_tag: meta.e_tag,
    };
    let is_folder = address.key.is_empty() || address.key.ends_with('/');
    if !is_folder {
        let key = Key::parse(&address.key).map_err(|error| failed(&shown, &error.into()))?;
        match store.head(&key).await {
            Ok(meta) => return Ok(vec![object(meta)]),
            Err(object_store::Error::NotFound { .. }) if address.key.contains(GLOB) => {}
            Err(error @ object_store::Error::NotFound { .. }) => {
                return Err(missing(&address, &*store, &error).await);
            }
            Err(error) => return Err(failed(&shown, &error)),
        }
    }
    let (folder, pattern) = match address.key.find(GLOB) {
        Some(at) if !is_folder => {
            let folder = address.key[..at]
                .rfind('/')
                .map_or("", |end| &address.key[..end]);
            let pattern = glob::Pattern::new(&address.key)
                .map_err(|error| Error::usage(format!("bad pattern {shown}")).because(error))?;
            (folder, Some(pattern))
        }
        _ => (address.key.trim_end_matches('/'), None),
    };
    let rest = address.key[folder.len()..].trim_start_matches('/');
    let folder = Key::parse(folder).map_err(|error| failed(&shown, &error.into()))?;
    let folder = (!folder.as_ref().is_empty()).then_some(folder);
    let found = if pattern.is_some() && rest.contains('/') {
        let mut found = Vec::new();
        let mut all = store.list(folder.as_ref());
        while let Some(meta) = all.next().await {
            found.push(meta.map_err(|error| failed(&shown, &error))?);
        }
        found
    } else {
        let listed = store.list_with_delimiter(folder.as_ref()).await;
        listed.map_err(|error| failed(&shown, &error))?.objects
    };
    let options = glob::MatchOptions {
        require_literal_separator: true,
        ..glob::MatchOptions::default()
    };
    let mut objects: Vec<Object> = found
        .into_iter()
        .filter(|meta| match &pattern {
            Some(pattern) => pattern.matches_with(meta.location.as_ref(), options),
            None => meta.location.filename().is_some_and(is_table),
        })
        .map(object)
        .collect();
    if objects.is_empty() {
        return Err(Error::bad_input(match pattern {
            Some(_) => format!("no object matches {shown}"),
            None => format!(
                "{shown} has no table: no .csv, .ndjson, .jsonl or .parquet object right below it"
            ),
        }));
    }
    objects.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(objects)
}

/// Returns the error for an object that is not there, with a name that may have been meant.
async fn missing(address: &Address, store: &dyn ObjectStore, error: &object_store::Error) -> Error {
    let shown = address.of(&address.key);
    let (folder, name) = address.key.rsplit_once('/').unwrap_or(("", &address.key));
    let look = async {
        let folder = Key::parse(folder)
            .ok()
            .filter(|key| !key.as_ref().is_empty());
        let mut names = Vec::new();
        let mut all = store.list(folder.as_ref()).take(NAMES);
        while let Some(meta) = all.next().await {
            let key = meta?.location.to_string();
            let below = key.get(
                folder
                    .as_ref()
                    .map_or(0, |folder| folder.as_ref().len() + 1)..,
            );
            let first = below.unwrap_or_default().split_inclusive('/').next();
            names.push(first.unwrap_or_default().to_owned());
        }
        Ok::<_, object_store::Error>(names)
    };
    let not_there = failed(&shown, error);
    let limit = std::pin::pin!(tokio::time::sleep(LOOK));
    let names = match futures_util::future::select(std::pin::pin!(look), limit).await {
        Either::Left((Ok(names), _)) => names,
        // That there is no bucket is said of a list only.
        Either::Left((Err(error), _)) => {
            let said = failed(&shown, &error);
            return if said.code() == ExitCode::BadInput {
                said
            } else {
                not_there
            };
        }
        Either::Right(_) => return not_there,
    };
    let folder_meant = format!("{name}/");
    let near = if names.contains(&folder_meant) {
        Some(folder_meant.as_str())
    } else {
        nearest(name, names.iter().map(String::as_str))
    };
    match near {
        Some(near) => {
            let slash = if folder.is_empty() { "" } else { "/" };
            let meant = address.of(&format!("{folder}{slash}{near}"));
            not_there.hint(format!("did you mean {meant}?"))
        }
        None => not_there,
    }
}

/// Turns what a store says into an error of ours: with the address, without keys.
pub(super) fn failed(shown: &str, error: &object_store::Error) -> Error {
    use object_store::Error as Said;
    let answer = Answer::of(error);
    let new = |code, message: &str| {
        let wrapped = Error::new(code, message).at(at(shown));
        match answer.words() {
            Some(words) => wrapped.because(words),
            None => wrapped,
        }
    };
    let not_allowed = || {
        new(ExitCode::NotAllowed, "the object store does not allow this").hint(
            "do the keys in the environment belong to this bucket, with the right to read and list it?",
        )
    };
    let changed = || {
        new(ExitCode::Io, "the object changed while it was read")
            .hint("read it again; better let each state have a key of its own")
    };
    match error {
        Said::PermissionDenied { .. } | Said::Unauthenticated { .. } => return not_allowed(),
        Said::Precondition { .. } | Said::NotModified { .. } => return changed(),
        Said::InvalidPath { source } => {
            return Error::usage(format!("{shown}: there can be no such key"))
                .because(source.to_string());
        }
        _ => {}
    }
    if answer.is_of_the_machine {
        return new(
            ExitCode::NotAllowed,
            "there are no credentials for the object store",
        )
        .hint("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE");
    }
    match (answer.status, answer.code.as_deref()) {
        (_, Some("NoSuchBucket" | "ContainerNotFound")) => {
            new(ExitCode::BadInput, "there is no such bucket")
        }
        (Some(404), _) => new(ExitCode::BadInput, "there is no such object"),
        (Some(401 | 403), _)
        | (_, Some("ExpiredToken" | "InvalidToken" | "InvalidAccessKeyId")) => not_allowed(),
        (Some(416), _) => changed(),
        (Some(301 | 307 | 308), _) | (_, Some("AuthorizationHeaderMalformed")) => new(
            ExitCode::BadSettings,
            "the bucket is in another region or at another address",
        )
        .hint("set AWS_REGION, and AWS_ENDPOINT_URL if it is not Amazon's"),
        (Some(status), _) if status < 500 && status != 429 && status != 408 => new(
            ExitCode::BadInput,
            &format!("the object store refused the request ({status})"),
        ),
        (Some(status), _) => new(
            ExitCode::Unavailable,
            &format!("the object store failed again and again ({status})"),
        ),
        (None, _) => new(
            ExitCode::Unavailable,
            "the object store stayed away or broke the connection",
        )
        .hint(match answer.is_of_proxy() {
            true => "the proxy did not open a tunnel; HTTPS_PROXY names it with USER:PASSWORD@, NO_PROXY the servers that need none",
            false => "is it reachable from here? AWS_ENDPOINT_URL names one that is not Amazon's",
        }),
    }
}

/// What is told of an answer: never its whole body, which may repeat keys.
struct Answer {
    status: Option<u16>,
    code: Option<String>,
    message: Option<String>,
    /// It was asked for credentials, not the store.
    is_of_the_machine: bool,
    fault: Option<String>,
}

impl Answer {
    fn of(error: &object_store::Error) -> Self {
        // The crate tells the status in words only.
        let text = error.to_string();
        let status = text
            .split_once("status code: ")
            .and_then(|(_, rest)| rest.get(..3)?.parse().ok())
            .or_else(|| text.contains("Received redirect").then_some(301));
        let element = |name: &str| {
            let (_, rest) = text.split_once(&format!("<{name}>"))?;
            let (inside, _) = rest.split_once('<')?;
            Some(inside.trim().chars().take(300).collect())
        };
        let mut fault = None;
        let mut cause = std::error::Error::source(error);
        while let Some(error) = cause {
            if let Some(http) = error.downcast_ref::<HttpError>() {
                fault = Some(innermost(http).to_string());
            }
            cause = error.source();
        }
        Self {
            status: match error {
                object_store::Error::NotFound { .. } => Some(404),
                _ => status,
            },
            code: element("Code"),
            message: element("Message"),
            is_of_the_machine: text.contains("//169.254."),
            fault,
        }
    }

    /// Tells whether a proxy stood in the way, which the crates tell in words only.
    fn is_of_proxy(&self) -> bool {
        let fault = self.fault.as_deref().unwrap_or_default();
        fault.starts_with("tunnel error") || fault.starts_with("SOCKS error")
    }

    fn words(&self) -> Option<String> {
        match (&self.message, &self.code) {
            (Some(message), Some(code)) => Some(format!("it says: {message} ({code})")),
            (None, Some(code)) => Some(format!("it says: {code}")),
            _ => self.fault.clone(),
        }
    }
}

fn innermost(error: &HttpError) -> &(dyn std::error::Error + 'static) {
    let mut inner: &(dyn std::error::Error + 'static) = error;
    while let Some(next) = inner.source() {
        inner = next;
    }
    inner
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart_and_holds_no_keys() {
        let parsed = Address::parse("s3://shop/a%20b/c d.csv").expect("an address");
        assert_eq!(
            (parsed.bucket.as_str(), parsed.key.as_str()),
            ("shop", "a%20b/c d.csv")
        );
        let parsed = Address::parse("abfss://box@acc.dfs.core.windows.net/x/").expect("an address");
        assert_eq!(parsed.of("x/y"), "abfss://box@acc.dfs.core.windows.net/x/y");
        assert_eq!(Address::parse("gs://shop").expect("a bucket").key, "");
        for bad in ["s3://", "s3:///key", "s3://b*/x", "s3://AKIA:secret@shop/x"] {
            let error = Address::parse(bad).expect_err(bad);
            assert_eq!(error.code().code(), 64, "{bad}");
            assert!(!format!("{error}").contains("secret"), "{error}");
        }
    }
}
