//! How commands tell MLflow of what they did: kept first, sent when the result is out, and no
//! reason for a training or a check to fail.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Console;
use super::signer::read_bundle;
use crate::drift::DriftReport;
use crate::error::{Error, Result};
use crate::http::client::{Access, BaseUrl, Client, Pace as _, Policy, RealPace};
use crate::model::artifact::Artifact;
use crate::model::report::TrainReport;
use crate::model::store::{self, MAX_BYTES};
use crate::reports;
use crate::secret::Secret;
use crate::serve::ModelSource;
use crate::settings::Settings;
use crate::terminal::json;
use crate::tracking::entry::{self, Entry};
use crate::tracking::location::{Location, is_location};
use crate::tracking::spool::Spool;
use crate::tracking::{
    Sent, Server, Trained, commit, drift_entry, fetch, fetch_signatures, resolve, rollback_entry,
    send, train_entry,
};
use crate::trust::{Bundle, TrustedKeys, beside};

/// Variables in which CI systems say which commit they build.
const COMMITS: [&str; 3] = ["GITHUB_SHA", "CI_COMMIT_SHA", "GIT_COMMIT"];

/// Everything there is to know about the way to the tracking server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackingRequest {
    url: Option<BaseUrl>,
    experiment: String,
    spool: Spool,
    token_file: Option<PathBuf>,
    ca_file: Option<PathBuf>,
    deadline: Duration,
    allow_plain_http: bool,
}

impl TrackingRequest {
    /// Takes what is set.
    ///
    /// # Errors
    /// Fails with 78 on a URL that is none and on words that mean nothing.
    pub fn from_settings(settings: &Settings) -> Result<Self> {
        let set = &settings.mlflow;
        let url = set.server().map(str::parse::<BaseUrl>);
        let url = url.transpose().map_err(|why| {
            Error::bad_settings(format!("the tracking server: {why}"))
                .hint("such as http://mlflow:5000; `none` for no tracking")
        })?;
        let spool = set.spool.clone();
        Ok(Self {
            url,
            experiment: set.experiment.clone(),
            spool: Spool::new(spool.unwrap_or_else(|| settings.train.artifacts.join("mlflow"))),
            token_file: set.token_file.clone(),
            ca_file: set.ca_file.clone(),
            deadline: set.deadline.get(),
            allow_plain_http: set.plain_http == "allow",
        })
    }

    /// Returns where runs wait.
    #[must_use]
    pub const fn spool(&self) -> &Spool {
        &self.spool
    }

    /// Returns how long one request may take.
    #[must_use]
    pub const fn deadline(&self) -> Duration {
        self.deadline
    }

    /// Reads the secrets and makes a way to the server.
    ///
    /// # Errors
    /// Fails with 78 if no server is named or its settings are bad, with 74 if a secret cannot be
    /// read. Nothing is sent.
    pub fn server(&self, console: &Console<'_>) -> Result<Server> {
        let Some(url) = self.url.clone() else {
            return Err(Error::bad_settings("no tracking server is named").hint(
                "--tracking-uri URL, MLFLOW_TRACKING_URI, or tracking_uri under [mlflow] in churnctl.toml",
            ));
        };
        let var = |name: &str| console.var(name).map(|text| Secret::new(text.to_owned()));
        let bearer = match &self.token_file {
            Some(path) => Some(Secret::read(path)?),
            None => var("MLFLOW_TRACKING_TOKEN"),
        };
        let user = console.var("MLFLOW_TRACKING_USERNAME");
        let basic = match (user, var("MLFLOW_TRACKING_PASSWORD")) {
            (Some(user), Some(password)) => Some((user.to_owned(), password)),
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => {
                return Err(Error::bad_settings(
                    "of MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD only one is set",
                ));
            }
        };
        let access = Access {
            basic,
            bearer,
            ca_file: self.ca_file.clone(),
            allow_plain_http: self.allow_plain_http,
            ..Access::default()
        };
        let policy = Policy {
            max_body_bytes: MAX_BYTES,
            ..Policy::within(self.deadline, self.deadline)
        };
        Client::new("the tracking server", url, &access, policy).map(Server::new)
    }

    /// Loads a model: a file, or one of a tracking server, see [`Location`].
    ///
    /// # Errors
    /// As [`store::load`], and as [`resolve`] and [`fetch`] for a tracking server.
    pub fn model(&self, path: &Path, console: &Console<'_>) -> Result<Artifact> {
        let named = path.to_str().filter(|text| is_location(text));
        let Some(text) = named else {
            return Ok(store::load(path)?);
        };
        let location: Location = text.parse().map_err(Error::usage)?;
        let server = self.server(console)?;
        let fetched = fetch(&server, &resolve(&server, &location)?)?;
        console
            .messages()
            .debug(&format!("{location} is {}", fetched.name));
        Ok(store::from_json(&fetched.bytes, &fetched.name)?)
    }

    /// As [`TrackingRequest::model`], with the signatures that it came with and that hold for the bytes
    /// that will be written of it. Nobody has verified them.
    ///
    /// # Errors
    /// As [`TrackingRequest::model`]; bad input (65) if the signatures are damaged.
    pub(super) fn model_and_signatures(
        &self,
        path: &Path,
        console: &Console<'_>,
    ) -> Result<(Artifact, Option<Bundle>)> {
        let artifact = self.model(path, console)?;
        let bundle = match path.to_str().filter(|text| is_location(text)) {
            None => read_bundle(&beside(path))?,
            Some(text) => {
                let location: Location = text.parse().map_err(Error::usage)?;
                let server = self.server(console)?;
                let bytes = fetch_signatures(&server, &resolve(&server, &location)?)?;
                let bundle = bytes.map(|bytes| Bundle::from_json(&bytes, &format!("{text}.sig")));
                bundle.transpose()?
            }
        };
        let bundle = bundle.and_then(|bundle| bundle.about(&store::to_json(&artifact)));
        Ok((artifact, bundle))
    }

    /// Returns the source of a model that is on a tracking server; none for a file.
    ///
    /// # Errors
    /// Fails with 64 if the words name no model, otherwise as [`TrackingRequest::server`]. The
    /// server is not asked yet.
    pub fn source(
        &self,
        path: &Path,
        console: &Console<'_>,
    ) -> Result<Option<Arc<dyn ModelSource>>> {
        let Some(text) = path.to_str().filter(|text| is_location(text)) else {
            return Ok(None);
        };
        let location: Location = text.parse().map_err(Error::usage)?;
        let server = self.server(console)?;
        Ok(Some(Arc::new(Remote { server, location })))
    }

    /// Begins to watch a command; none if nothing is tracked.
    #[must_use]
    pub fn begin(&self) -> Option<Tracker<'_>> {
        self.url.as_ref()?;
        Some(Tracker {
            request: self,
            begin: Instant::now(),
        })
    }
}

/// A model of a tracking server, for an API that looks for a newer one now and then.
struct Remote {
    server: Server,
    location: Location,
}

impl ModelSource for Remote {
    fn mark(&self) -> Result<String> {
        let resolved = resolve(&self.server, &self.location)?;
        Ok(format!("{resolved:?}"))
    }

    fn load(&self, keys: Option<&TrustedKeys>) -> Result<Artifact> {
        let resolved = resolve(&self.server, &self.location)?;
        let fetched = fetch(&self.server, &resolved)?;
        if let Some(keys) = keys {
            let signatures = fetch_signatures(&self.server, &resolved)?;
            let beside = beside(Path::new(&fetched.name));
            keys.require_model(
                (&fetched.bytes, &fetched.name),
                (signatures.as_deref(), &beside),
            )?;
        }
        Ok(store::from_json(&fetched.bytes, &fetched.name)?)
    }
}

/// A command that is tracked.
pub struct Tracker<'a> {
    request: &'a TrackingRequest,
    begin: Instant,
}

/// What an entry is made of beside the command's own result.
struct Surrounding<'a> {
    /// Name of the experiment.
    experiment: &'a str,
    /// Commit, user, program.
    tags: BTreeMap<String, String>,
    /// Begin and end, milliseconds since 1970.
    times_ms: (i64, i64),
    /// The present, milliseconds since 1970, whatever SOURCE_DATE_EPOCH says.
    now_ms: i64,
    /// A key for the entry.
    key: String,
}

/// An entry that is kept and not yet sent.
#[must_use]
pub struct Kept<'a> {
    request: &'a TrackingRequest,
    entry: Entry,
}

impl<'a> Tracker<'a> {
    /// Keeps a training.
    pub fn keep_training(
        self,
        report: &TrainReport,
        artifact: &Artifact,
        signatures: Option<&Bundle>,
        console: &Console<'_>,
    ) -> Option<Kept<'a>> {
        self.keep(console, |surrounding| {
            let artifact_text = store::to_json(artifact);
            let signatures = signatures.map(Bundle::to_json);
            let signatures = signatures.as_deref().map(String::from_utf8_lossy);
            let trained = Trained {
                report,
                artifact,
                artifact_text: &String::from_utf8_lossy(&artifact_text),
                signatures_text: signatures.as_deref(),
                report_text: &json(report)?,
                page: &reports::train::html::page(report, artifact)?,
                experiment: surrounding.experiment,
                tags: &surrounding.tags,
                times_ms: surrounding.times_ms,
                decided_at_ms: surrounding.now_ms,
            };
            Ok(train_entry(&trained, surrounding.key))
        })
    }

    /// Keeps that a model is in production again.
    pub fn keep_rollback(self, artifact: &Artifact, console: &Console<'_>) -> Option<Kept<'a>> {
        self.keep(console, |surrounding| {
            let Surrounding { now_ms, key, .. } = surrounding;
            Ok(rollback_entry(artifact, console.created_at(), now_ms, key))
        })
    }

    /// Keeps a drift check.
    pub fn keep_check(self, report: &DriftReport, console: &Console<'_>) -> Option<Kept<'a>> {
        self.keep(console, |surrounding| {
            let texts = (json(report)?, reports::drift::html::page(report)?);
            Ok(drift_entry(
                report,
                (&texts.0, &texts.1),
                surrounding.experiment,
                &surrounding.tags,
                surrounding.times_ms,
                surrounding.key,
            ))
        })
    }

    /// Keeps an entry, to be sent by [`Kept::send`]; none, and a warning, if that fails.
    fn keep(
        self,
        console: &Console<'_>,
        make: impl FnOnce(Surrounding<'_>) -> Result<Entry>,
    ) -> Option<Kept<'a>> {
        let request = self.request;
        let begin_ms = (console.created_at_seconds() * 1_000.0) as i64;
        let now_ms = jiff::Timestamp::now().as_millisecond();
        let chance = (RealPace::default().chance() * 2_f64.powi(53)) as u64;
        let surrounding = Surrounding {
            experiment: &request.experiment,
            tags: tags(console),
            times_ms: (
                begin_ms,
                begin_ms.saturating_add(self.begin.elapsed().as_millis() as i64),
            ),
            now_ms,
            key: entry::key(now_ms, chance),
        };
        let kept = make(surrounding).and_then(|entry| {
            request.spool.keep(&entry)?;
            Ok(entry)
        });
        match kept {
            Ok(entry) => Some(Kept { request, entry }),
            Err(error) => {
                warn(console, "MLflow will not hear of this run", &error);
                None
            }
        }
    }
}

impl Kept<'_> {
    /// Sends the entry and says what became of it. Trouble is a warning: the entry waits.
    pub fn send(self, console: &Console<'_>) {
        let Self { request, entry } = self;
        let spool = &request.spool;
        let outcome = request.server(console).and_then(|server| {
            let _turn = spool.turn(request.deadline)?;
            // While we waited, whoever had the turn may have sent ours, too.
            if !spool.waiting()?.contains(&entry.key) {
                return Ok(None);
            }
            let sent = send(&server, &entry)?;
            spool.remove(&entry.key)?;
            Ok(Some(sent))
        });
        match outcome {
            Ok(Some(sent)) => say(console, &sent),
            Ok(None) => {}
            Err(error) => {
                let kept = spool.folder().join(format!("{}.json", entry.key));
                let what = format!(
                    "MLflow has not heard of this run, which is kept as {}; `churnctl mlflow sync` sends it",
                    kept.display()
                );
                warn(console, &what, &error);
            }
        }
        let others = spool.waiting().unwrap_or_default();
        let others = others.iter().filter(|key| **key != entry.key).count();
        if others > 0 {
            console.messages().warn(&format!(
                "{others} more of the kind wait in {}; `churnctl mlflow sync` sends them",
                spool.folder().display()
            ));
        }
    }
}

fn warn(console: &Console<'_>, what: &str, error: &Error) {
    let hint = error.hint_text().map(|hint| format!(" ({hint})"));
    let causes = error.causes().into_iter().map(|cause| format!(": {cause}"));
    let causes: String = causes.collect();
    console.messages().warn(&format!(
        "{what}: {error}{causes}{}",
        hint.unwrap_or_default()
    ));
}

/// Says what became of an entry.
fn say(console: &Console<'_>, sent: &Sent) {
    let messages = console.messages();
    if let Some(page) = &sent.page {
        messages.info(&format!("tracked as {page}"));
    }
    if let Some(version) = &sent.version {
        let alias = crate::tracking::CHAMPION;
        messages.info(&match sent.is_champion {
            true => format!("version {version} in MLflow's registry has the alias {alias}"),
            false => format!("version {version} in MLflow's registry"),
        });
    }
    if let Some(note) = &sent.note {
        messages.warn(note);
    }
}

/// Tags that do not depend on what was done.
fn tags(console: &Console<'_>) -> BTreeMap<String, String> {
    let named = COMMITS.iter().find_map(|name| console.var(name));
    let commit = named
        .map(str::to_owned)
        .or_else(|| commit::head(Path::new(".")));
    let user = ["USER", "LOGNAME"]
        .iter()
        .find_map(|name| console.var(name));
    let tags = [
        ("mlflow.source.name", Some("churnctl".to_owned())),
        ("mlflow.source.type", Some("LOCAL".to_owned())),
        ("mlflow.source.git.commit", commit),
        ("mlflow.user", user.map(str::to_owned)),
    ];
    tags.into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}
