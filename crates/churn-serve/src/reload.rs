//! Watches the model's file on a thread of its own: what is new is loaded, tests itself, and takes the
//! place of the old in one step; whatever fails, the old one stays. What may pass is tried again, whether
//! the file changes or not: a server without its model must not wait for somebody to look.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use churn_base::error::{Error, Result};
use churn_base::exit::ExitCode;
use churn_base::files::read_at_most;
use churn_base::passing::{Backoff, is_retryable};
use churn_http::events::{Events, Level};
use churn_model::artifact::Artifact;
use churn_model::set_threshold::set_threshold;
use churn_model::store;
use churn_trust::{Bundle, TrustedKeys, beside};
use tokio::sync::oneshot;

use super::meters::{Meters, Reload};
use super::model::{Documents, Loaded, Slot};
use super::openapi;
use super::options::{Options, PageFacts};
use super::trace::random_share;

/// Waits after a fault that may pass double from the first to the last of these.
const WAITS: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(60)];

/// What looking at the file came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) result: Reload,
    /// Why a file was refused.
    pub(super) why: Option<String>,
}

type Ask = Option<oneshot::Sender<Outcome>>;

/// The way to the thread.
#[derive(Debug)]
pub(super) struct Reloader(Mutex<Sender<Ask>>);

/// Inode, size and times of a file. A right that was given changes only the last.
type FileStamp = (u64, u64, (i64, i64), (i64, i64));

/// Looks at a model that is replaced while it is read, before that counts as refused.
const TRIES: usize = 3;

/// Changes when the model does: file or source.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stamp {
    Absent,
    /// The model and, where that is required, its signature.
    File(FileStamp, Option<FileStamp>),
    Source(String),
}

impl Reloader {
    /// Loads the model, then starts the thread.
    ///
    /// # Errors
    /// I/O (74) if there is no thread to be had. A model that cannot be loaded is *no* error.
    pub(super) fn start(
        options: &Options,
        slot: &Arc<Slot>,
        meters: &Arc<Meters>,
        events: &Events,
    ) -> Result<Self> {
        let (sender, receiver) = channel();
        let mut watch = Watch {
            options: options.clone(),
            slot: Arc::clone(slot),
            meters: Arc::clone(meters),
            events: events.clone(),
            stamp: Stamp::Absent,
            silent: String::new(),
            path: options.model.clone(),
            backoff: Backoff::new(WAITS[0], WAITS[1]),
            again: None,
            is_unread: false,
            refused: String::new(),
        };
        watch.look(true);
        let poll = options.poll;
        let thread = std::thread::Builder::new().name("model".into());
        let thread = thread.spawn(move || watch.run(&receiver, poll));
        thread.map_err(|error| Error::io("watch", &options.model, error))?;
        Ok(Self(Mutex::new(sender)))
    }

    /// Asks for a look at the file.
    pub(super) fn ask(&self) {
        self.send(None);
    }

    /// Asks for a look at the file and waits for what comes of it.
    pub(super) async fn ask_and_wait(&self) -> Option<Outcome> {
        let (sender, answer) = oneshot::channel();
        self.send(Some(sender));
        answer.await.ok()
    }

    fn send(&self, ask: Ask) {
        let _ = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .send(ask);
    }
}

struct Watch {
    options: Options,
    slot: Arc<Slot>,
    meters: Arc<Meters>,
    events: Events,
    path: PathBuf,
    /// The file as it was when it was last looked into.
    stamp: Stamp,
    /// Why the source could not be asked the last time, said once; empty if it could.
    silent: String,
    backoff: Backoff,
    /// When what failed is tried again, if it may pass.
    again: Option<Instant>,
    /// What is there could not be read, and may be.
    is_unread: bool,
    /// Why the model was refused when that was last said.
    refused: String,
}

impl Watch {
    fn run(mut self, receiver: &Receiver<Ask>, poll: Option<Duration>) {
        loop {
            let left = |again: Instant| again.saturating_duration_since(Instant::now());
            let asked = match poll.into_iter().chain(self.again.map(left)).min() {
                Some(wait) => receiver.recv_timeout(wait),
                None => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match asked {
                Ok(answer) => {
                    let outcome = self.look(true);
                    if let (Some(answer), Some(outcome)) = (answer, outcome) {
                        let _ = answer.send(outcome);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.look(false);
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Looks at the file, into it if it has changed or was asked for. None if there was nothing to do.
    fn look(&mut self, asked: bool) -> Option<Outcome> {
        // Taken before the file is read: what changes in between is seen the next time.
        let stamp = match &self.options.source {
            None => self.stamp(),
            Some(source) => match source.mark() {
                Ok(mark) => Stamp::Source(mark),
                Err(error) => return self.cannot_ask(&error, asked),
            },
        };
        self.silent.clear();
        let is_due = self.is_unread && self.again.is_some_and(|again| again <= Instant::now());
        if stamp == self.stamp && !asked && !is_due {
            if !self.is_unread {
                // Only the source had been away, and has nothing new.
                self.again = None;
                self.backoff.succeeded();
            }
            return None;
        }
        self.stamp = stamp;
        self.again = None;
        self.is_unread = false;
        let at_work = self.slot.get();
        let outcome = match self.load(at_work.as_deref()) {
            Ok(Some(model)) => {
                let model = Arc::new(model);
                self.slot.put(Arc::clone(&model));
                let now = jiff::Timestamp::now().as_millisecond() as f64 / 1e3;
                self.meters.reloaded(Reload::Loaded, Some(&model), now);
                let said = format!("model {} {} predicts", model.name, model.version);
                self.events.say(Level::Info, said);
                self.backoff.succeeded();
                self.refused.clear();
                Outcome {
                    result: Reload::Loaded,
                    why: None,
                }
            }
            Ok(None) => {
                self.meters.reloaded(Reload::Unchanged, None, 0.0);
                if self.backoff.succeeded() {
                    self.events.say(Level::Info, "the model can be read again");
                }
                self.refused.clear();
                Outcome {
                    result: Reload::Unchanged,
                    why: None,
                }
            }
            Err(error) => self.refuse(&error, at_work.as_deref(), asked),
        };
        Some(outcome)
    }

    /// Nothing can be made of what is there: the model at work stays.
    fn refuse(&mut self, error: &Error, at_work: Option<&Loaded>, asked: bool) -> Outcome {
        self.meters.reloaded(Reload::Refused, None, 0.0);
        let why = in_words(error);
        let mut said = format!("the model is refused: {why}");
        said.push_str(&match at_work {
            Some(model) => format!("; model {} {} stays", model.name, model.version),
            None => "; there is no model".to_owned(),
        });
        if is_retryable(error) {
            self.is_unread = true;
            let wait = self.try_again();
            let more = format!("; tried again in {:.1} s", wait.as_secs_f64());
            said.push_str(&more);
        } else if self.options.source.is_some() && error.code() != ExitCode::BadInput {
            // A right on a remote comes and goes without a trace; a bad model stays bad until it changes.
            self.stamp = Stamp::Absent;
        }
        // The same again, unasked, is not news.
        let is_news = asked || why != self.refused;
        let level = if is_news { Level::Error } else { Level::Debug };
        self.events.say(level, said);
        self.refused.clone_from(&why);
        Outcome {
            result: Reload::Refused,
            why: Some(why),
        }
    }

    /// Sets the time of the next attempt, and returns how long that is from now.
    fn try_again(&mut self) -> Duration {
        self.backoff.failed();
        let wait = self.backoff.wait(random_share());
        self.again = Some(Instant::now() + wait);
        wait
    }

    /// The source does not answer: the model at work stays, and that is said once, not each time.
    fn cannot_ask(&mut self, error: &Error, asked: bool) -> Option<Outcome> {
        let why = in_words(error);
        if asked || self.silent.is_empty() {
            let message = format!("whether there is a new model cannot be asked: {why}");
            self.events.say(Level::Warn, message);
        }
        self.silent.clone_from(&why);
        if is_retryable(error) {
            self.try_again();
        }
        asked.then(|| {
            self.meters.reloaded(Reload::Refused, None, 0.0);
            Outcome {
                result: Reload::Refused,
                why: Some(why),
            }
        })
    }

    /// Reads the artifact, which must be signed if that is required. The keys are read each time: one
    /// takes another's place without a restart.
    fn read(&self) -> Result<Artifact> {
        let paths = &self.options.require_signature;
        let keys = match paths.is_empty() {
            true => None,
            false => Some(TrustedKeys::read(paths)?),
        };
        match (&self.options.source, keys) {
            (Some(source), keys) => source.load(keys.as_ref()),
            (None, None) => Ok(store::load(&self.path)?),
            (None, Some(keys)) => self.read_signed(&keys),
        }
    }

    /// Verifies the very bytes that are then parsed, and before they are: a parser is not a place for
    /// what nobody trusted has written.
    fn read_signed(&self, keys: &TrustedKeys) -> Result<Artifact> {
        let (file, signature) = (self.path.display().to_string(), beside(&self.path));
        let mut tries = 0;
        loop {
            tries += 1;
            let before = self.stamp();
            let bytes = store::read(&self.path)?;
            let bundle = match read_at_most(&signature, Bundle::MOST_BYTES) {
                Ok(bundle) => Some(bundle),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
                Err(error) => return Err(Error::io("read", &signature, error)),
            };
            match keys.require_model((&bytes, &file), (bundle.as_deref(), &signature)) {
                Ok(()) => return Ok(store::from_json(&bytes, &file)?),
                // One was of the old model and the other of the new.
                Err(_) if tries < TRIES && self.stamp() != before => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn stamp(&self) -> Stamp {
        let signature = match self.options.require_signature.is_empty() {
            true => None,
            false => file_stamp(&beside(&self.path)),
        };
        file_stamp(&self.path).map_or(Stamp::Absent, |file| Stamp::File(file, signature))
    }

    /// Loads the file; none if it holds the model that is at work.
    fn load(&self, at_work: Option<&Loaded>) -> Result<Option<Loaded>> {
        let mut artifact = self.read()?;
        if at_work.is_some_and(|model| is_same(model, &artifact)) {
            return Ok(None);
        }
        if let Some(threshold) = self.options.threshold {
            set_threshold(&mut artifact.body, threshold, "set with serve.threshold");
        }
        if self.options.log.is_some()
            && let Some(name) = artifact
                .body
                .features
                .iter()
                .map(|feature| &feature.name)
                .find(|name| super::log::COLUMNS.contains(&name.as_str()))
        {
            let message =
                format!("its feature \"{name}\" has the name of a column of the prediction log");
            return Err(Error::bad_input(message));
        }
        let documents = |artifact: &Artifact| {
            let facts = PageFacts {
                path: self.path.display().to_string(),
                positive: self.options.classes[0].clone(),
                negative: self.options.classes[1].clone(),
            };
            let page = (self.options.page)(Some(artifact), &facts)?;
            let openapi = openapi::document(Some(artifact), &self.options);
            Ok(Documents {
                openapi: Bytes::from(openapi.to_string()),
                page: Bytes::from(page),
            })
        };
        Loaded::new(artifact, &self.path, documents).map(Some)
    }
}

fn is_same(model: &Loaded, artifact: &Artifact) -> bool {
    model.sha256 == artifact.sha256
        && model.name == artifact.name
        && model.trained_at == artifact.created_at
}

fn file_stamp(path: &Path) -> Option<FileStamp> {
    let file = fs::metadata(path).ok()?;
    let modified = (file.mtime(), file.mtime_nsec());
    Some((
        file.ino(),
        file.len(),
        modified,
        (file.ctime(), file.ctime_nsec()),
    ))
}

fn in_words(error: &Error) -> String {
    let mut text = error.to_string();
    for cause in error.causes() {
        text.push_str(": ");
        text.push_str(&cause);
    }
    text
}
