//! Closed files of the prediction log on their way to an object store: by a thread of its own, one
//! after another, from the folder that they are in. A file is noted as uploaded when the store has
//! confirmed it; one that is not noted is uploaded again, also by a later process.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use churn_base::error::{Error, Result};
use churn_base::files::write_atomically;
use churn_base::passing::{Backoff, is_passing};
use churn_data::{ObjectFolder, Put};
use churn_http::events::{Events, Level};

use super::log_file::closed_files;
use super::meters::{Meters, Uploaded};
use super::trace::random_share;

/// How often the folder is looked through without being told to: another process may have left files.
const LOOK: Duration = Duration::from_secs(60);
/// Waits after a failure double from the first to the last of these.
const WAITS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(60)];
/// How the names of notes begin. Hidden: readers of the folder leave them out.
const NOTE: &str = ".uploaded-";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Message {
    Look,
    /// Upload what is there until then, and end.
    Finish(Instant),
}

/// The way to the store.
#[derive(Debug)]
pub(super) struct Uploads {
    sender: Sender<Message>,
    left: Mutex<Receiver<Option<usize>>>,
    _thread: JoinHandle<()>,
}

impl Uploads {
    /// Starts the thread.
    ///
    /// # Errors
    /// 64 or 78 if the address names no folder of an object store. A store that does not answer
    /// is *no* error.
    pub(super) fn start(
        folder: &Path,
        address: &str,
        meters: Arc<Meters>,
        events: Events,
    ) -> Result<Self> {
        let store = ObjectFolder::open(address)?;
        let (sender, receiver) = channel();
        let (done, left) = channel();
        let mut uploader = Uploader {
            folder: folder.to_owned(),
            store,
            meters,
            events,
            passed_over: BTreeSet::new(),
            backoff: Backoff::new(WAITS[0], WAITS[1]),
        };
        let thread = std::thread::Builder::new()
            .name("log-upload".into())
            .spawn(move || {
                let left = uploader.run(&receiver);
                // Whoever waits for the end may have given up.
                let _ = done.send(left);
            })
            .map_err(|error| Error::io("upload predictions from", folder, error))?;
        Ok(Self {
            sender,
            left: Mutex::new(left),
            _thread: thread,
        })
    }

    /// Returns how to tell that a file was closed.
    pub(super) fn teller(&self) -> impl Fn() + Send + use<> {
        let sender = self.sender.clone();
        move || {
            let _ = sender.send(Message::Look);
        }
    }

    /// Uploads what is there, at most this long. Returns how many files are left for a later
    /// process; none if that is not known.
    pub(super) fn finish(&self, most: Duration) -> Option<usize> {
        let _ = self.sender.send(Message::Finish(Instant::now() + most));
        let left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.recv_timeout(most).ok().flatten()
    }
}

struct Uploader {
    folder: PathBuf,
    store: ObjectFolder,
    meters: Arc<Meters>,
    events: Events,
    /// Files that are not tried again by this process: something else is in their place, or they cannot
    /// be read and somebody must see to that first. None of them holds up the others.
    passed_over: BTreeSet<String>,
    backoff: Backoff,
}

impl Uploader {
    /// Returns how many files are left in the end; none if that is not known.
    fn run(&mut self, receiver: &Receiver<Message>) -> Option<usize> {
        let mut until = None;
        loop {
            for name in &self.waiting().unwrap_or_default() {
                until = until.or_else(|| last(receiver));
                if !self.upload(name) || until.is_some_and(|until| until <= Instant::now()) {
                    break;
                }
            }
            let left = self.waiting().map(|names| names.len());
            if until.is_some_and(|until| left == Some(0) || until <= Instant::now()) {
                return left;
            }
            let wait = match (self.backoff.failures(), until) {
                (0, None) => LOOK,
                // Files that came while others went.
                (0, Some(_)) => continue,
                _ => self.backoff.wait(random_share()),
            };
            if let Some(until) = until {
                std::thread::sleep(wait.min(until.saturating_duration_since(Instant::now())));
                continue;
            }
            let begun = Instant::now();
            until = loop {
                match receiver.recv_timeout(wait.saturating_sub(begun.elapsed())) {
                    Ok(Message::Finish(until)) => break Some(until),
                    // A store that has failed is not asked more often because more files come.
                    Ok(Message::Look) if self.backoff.failures() > 0 => {
                        self.waiting();
                    }
                    Ok(Message::Look) | Err(RecvTimeoutError::Timeout) => break None,
                    Err(RecvTimeoutError::Disconnected) => return left,
                }
            };
        }
    }

    /// Returns the closed files that the store has not confirmed, the oldest first; none if that cannot
    /// be known now.
    fn waiting(&mut self) -> Option<Vec<String>> {
        match closed_files(&self.folder) {
            Ok(mut names) => {
                names.retain(|name| {
                    !self.passed_over.contains(name)
                        && !is_noted(&self.folder, name, self.store.shown())
                });
                names.sort();
                self.meters.upload_waiting.set(names.len() as f64);
                Some(names)
            }
            Err(error) => {
                self.failed(&Error::io("read", &self.folder, error));
                None
            }
        }
    }

    fn failed(&mut self, error: &Error) {
        self.backoff.failed();
        if self.backoff.failures() == 1 {
            let causes = error.causes().join(": ");
            let message = format!("predictions cannot be uploaded: {error}: {causes}");
            self.events.say(Level::Error, message);
        }
    }

    /// Uploads a file; tells whether to go on with the next.
    fn upload(&mut self, name: &str) -> bool {
        let path = self.folder.join(name);
        let put = match std::fs::read(&path) {
            Ok(bytes) => self.put(name, bytes),
            // Deleted meanwhile: by whoever may.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return true,
            Err(error) if is_passing(&error) => Err(Error::io("read", &path, error)),
            Err(error) => {
                self.meters.uploaded(Uploaded::Failed);
                let message = format!("{} cannot be uploaded: {error}", path.display());
                self.events.say(Level::Error, message);
                self.passed_over.insert(name.to_owned());
                return true;
            }
        };
        self.meters.uploaded(match &put {
            Ok(Put::Stored) => Uploaded::Stored,
            Ok(Put::WasThere) => Uploaded::WasThere,
            Ok(Put::Differs) => Uploaded::Conflict,
            Err(_) => Uploaded::Failed,
        });
        match put {
            Err(error) => {
                self.failed(&error);
                return false;
            }
            Ok(Put::Differs) => {
                let to = self.store.shown();
                let message =
                    format!("{to}{name} is there with other content: the file here is kept");
                self.events.say(Level::Error, message);
                self.passed_over.insert(name.to_owned());
            }
            Ok(Put::Stored | Put::WasThere) => {}
        }
        if self.backoff.succeeded() {
            self.events
                .say(Level::Info, "predictions are uploaded again");
        }
        true
    }

    fn put(&self, name: &str, bytes: Vec<u8>) -> Result<Put> {
        let put = self.store.put_new(name, bytes)?;
        if put != Put::Differs {
            write_atomically(&note(&self.folder, name), self.store.shown().as_bytes())?;
        }
        Ok(put)
    }
}

/// Returns the end that was asked for, if it was.
fn last(receiver: &Receiver<Message>) -> Option<Instant> {
    receiver.try_iter().find_map(|message| match message {
        Message::Finish(until) => Some(until),
        Message::Look => None,
    })
}

fn note(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{NOTE}{name}"))
}

/// Returns whether a file is noted as uploaded to this address.
pub(super) fn is_noted(folder: &Path, name: &str, address: &str) -> bool {
    std::fs::read(note(folder, name)).is_ok_and(|noted| noted == address.as_bytes())
}

/// Deletes the notes of files that are no more.
pub(super) fn delete_notes(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Some(of) = name.strip_prefix(NOTE)
            && !folder.join(of).exists()
        {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
