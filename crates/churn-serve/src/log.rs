//! The prediction log: rows go through a bounded queue to one thread that writes. A request never
//! waits for room; it waits for the disk only where that was asked for.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use churn_base::error::{Error, Result};
use churn_http::events::{Events, Level};
use churn_model::artifact::FeatureKind;
use tokio::sync::oneshot;

use super::log_file::{LogColumn, LogFile, delete_old, make_folder, recover};
use super::log_upload::{Uploads, delete_notes, is_noted};
use super::meters::{Kept, Meters};
use super::model::Loaded;
use super::options::{Durability, LogOptions};
use super::trace::random_share;

/// Columns beside the features, in the order they follow them.
pub(super) const COLUMNS: [&str; 7] = [
    "user_id",
    "snapshot_date",
    SCORE,
    "predicted_class",
    "model_version",
    "predicted_at",
    "request_id",
];
const SCORE: &str = "churn_risk";
/// Messages that are written at once.
const AT_ONCE: usize = 512;
/// How often the disk is made to have what the kernel has.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long a file that could not be given up stays before that is tried again.
const STRANDED: Duration = Duration::from_secs(10);
/// How often old files are looked for.
const SWEEP: Duration = Duration::from_secs(600);

/// One prediction as it is kept: the features, then [`COLUMNS`].
pub(super) type Entry = Vec<String>;

enum Message {
    Rows {
        model: Arc<Loaded>,
        rows: Vec<Entry>,
        written: Option<oneshot::Sender<bool>>,
    },
    Close,
}

/// The way to the log.
#[derive(Debug)]
pub(super) struct PredictionLog {
    sender: Sender<Message>,
    waiting: Arc<AtomicUsize>,
    meters: Arc<Meters>,
    options: LogOptions,
    thread: Mutex<Option<JoinHandle<()>>>,
    uploads: Option<Uploads>,
}

/// The row cannot be kept, and must be before it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotKept;

impl PredictionLog {
    /// Makes the folder, hands over what an earlier process left, and starts the thread.
    ///
    /// # Errors
    /// I/O (74) if the folder cannot be made or written.
    pub(super) fn start(options: LogOptions, meters: Arc<Meters>, events: Events) -> Result<Self> {
        let failed = |error| {
            Error::io("keep predictions in", &options.folder, error)
                .hint("check the folder's permissions and free space")
        };
        make_folder(&options.folder).map_err(failed)?;
        let recovered = recover(&options.folder).map_err(failed)?;
        if recovered > 0 {
            let message = format!("{recovered} prediction files of a killed process handed over");
            events.say(Level::Warn, message);
            meters.files.add(recovered as u64);
        }
        let uploads = options
            .upload
            .as_deref()
            .map(|address| {
                Uploads::start(
                    &options.folder,
                    address,
                    Arc::clone(&meters),
                    events.clone(),
                )
            })
            .transpose()?;
        let (sender, receiver) = channel();
        let waiting = Arc::<AtomicUsize>::default();
        let writer = Writer {
            options: options.clone(),
            meters: Arc::clone(&meters),
            events,
            waiting: Arc::clone(&waiting),
            file: None,
            synced: Instant::now(),
            swept: None,
            failed: None,
            stranded: None,
            closed: uploads
                .as_ref()
                .map(|uploads| Box::new(uploads.teller()) as _),
        };
        let thread = std::thread::Builder::new()
            .name("prediction-log".into())
            .spawn(move || writer.run(&receiver))
            .map_err(failed)?;
        Ok(Self {
            sender,
            waiting,
            meters,
            options,
            thread: Mutex::new(Some(thread)),
            uploads,
        })
    }

    /// Tells whether the next prediction is one of those that are kept.
    pub(super) fn samples(&self) -> bool {
        let sampled = random_share() < self.options.sample;
        if !sampled {
            self.meters.kept(Kept::NotSampled, 1);
        }
        sampled
    }

    /// Passes rows on. Waits for the disk if that was asked for.
    ///
    /// # Errors
    /// Only where answers wait for the disk: if there is no room, or the rows cannot be written.
    pub(super) async fn keep(&self, model: &Arc<Loaded>, rows: Vec<Entry>) -> Result<(), NotKept> {
        if rows.is_empty() {
            return Ok(());
        }
        let count = rows.len();
        let must = self.options.durability == Durability::Fsync;
        let before = self.waiting.fetch_add(count, Ordering::Relaxed);
        if before + count > self.options.queue {
            self.waiting.fetch_sub(count, Ordering::Relaxed);
            self.meters.kept(Kept::Dropped, count as u64);
            return if must { Err(NotKept) } else { Ok(()) };
        }
        let (written, answer) = match must {
            true => {
                let (written, answer) = oneshot::channel();
                (Some(written), Some(answer))
            }
            false => (None, None),
        };
        let model = Arc::clone(model);
        let sent = self.sender.send(Message::Rows {
            model,
            rows,
            written,
        });
        match answer {
            _ if sent.is_err() && must => Err(NotKept),
            None => Ok(()),
            Some(answer) => match answer.await {
                Ok(true) => Ok(()),
                Ok(false) | Err(_) => Err(NotKept),
            },
        }
    }

    /// Writes what waits, closes the file and ends the thread; then uploads at most this long, if
    /// files are uploaded. Returns what is left of that for a later process to do, in words.
    pub(super) fn finish(&self, most: Duration) -> Option<String> {
        let begun = Instant::now();
        let _ = self.sender.send(Message::Close);
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
        let uploads = self.uploads.as_ref()?;
        let left = match uploads.finish(most.saturating_sub(begun.elapsed())) {
            Some(0) => return None,
            Some(left) => left.to_string(),
            None => "some".to_owned(),
        };
        let folder = self.options.folder.display();
        Some(format!(
            "{left} prediction files in {folder} are not uploaded yet: the next start does it"
        ))
    }
}

/// Rows in buffers, and who waits for them to be on the disk.
#[derive(Default)]
struct Pending {
    rows: usize,
    acknowledge: Vec<oneshot::Sender<bool>>,
}

struct Writer {
    options: LogOptions,
    meters: Arc<Meters>,
    events: Events,
    waiting: Arc<AtomicUsize>,
    file: Option<LogFile>,
    synced: Instant,
    swept: Option<Instant>,
    /// Since when nothing could be written, so that it is said once.
    failed: Option<Instant>,
    /// When a file that could not be given up is looked for again.
    stranded: Option<Instant>,
    /// Tells that a file was closed.
    closed: Option<Box<dyn Fn() + Send>>,
}

impl Writer {
    fn run(mut self, receiver: &Receiver<Message>) {
        loop {
            let first = receiver.recv_timeout(INTERVAL);
            let end = match first {
                Ok(message) => self.take(message, receiver),
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => true,
            };
            self.look_at_the_clock(end);
            if end {
                return;
            }
        }
    }

    /// Writes the messages that are there; tells whether one of them was the last.
    fn take(&mut self, first: Message, receiver: &Receiver<Message>) -> bool {
        let mut pending = Pending::default();
        let mut end = false;
        let messages = std::iter::once(first).chain(receiver.try_iter());
        for message in messages.take(AT_ONCE) {
            match message {
                Message::Close => {
                    end = true;
                    break;
                }
                Message::Rows {
                    model,
                    rows,
                    written,
                } => {
                    self.waiting.fetch_sub(rows.len(), Ordering::Relaxed);
                    if self
                        .file
                        .as_ref()
                        .is_some_and(|file| file.version != model.version)
                    {
                        self.settle(&mut pending);
                        let closed = self.close();
                        self.outcome(closed, 0);
                    }
                    pending.rows += rows.len();
                    pending.acknowledge.extend(written);
                    if let Err(error) = self.write(&model, &rows) {
                        let lost = std::mem::take(&mut pending);
                        self.outcome(Err(error), lost.rows);
                    }
                }
            }
        }
        self.settle(&mut pending);
        end
    }

    /// Hands rows to the kernel, to the disk where that was asked for, and says so to those who wait.
    fn settle(&mut self, pending: &mut Pending) {
        let must_sync = self.options.durability == Durability::Fsync;
        let flushed = self.file.as_mut().map_or(Ok(()), |file| {
            file.flush()?;
            if must_sync { file.sync() } else { Ok(()) }
        });
        let Pending { rows, acknowledge } = std::mem::take(pending);
        if self.outcome(flushed, rows) {
            self.meters.kept(Kept::Written, rows as u64);
            for done in acknowledge {
                let _ = done.send(true);
            }
        }
    }

    /// Adds rows to the file of their model.
    fn write(&mut self, model: &Loaded, rows: &[Entry]) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                let features = model.features().iter().map(|feature| LogColumn {
                    name: &feature.name,
                    is_number: matches!(feature.kind, FeatureKind::Number { .. }),
                });
                let others = COLUMNS.map(|name| LogColumn {
                    name,
                    is_number: name == SCORE,
                });
                let columns: Vec<LogColumn<'_>> = features.chain(others).collect();
                let LogOptions { folder, format, .. } = &self.options;
                let file = LogFile::create(folder, &model.version, *format, &columns)?;
                self.file.insert(file)
            }
        };
        for row in rows {
            file.add(row.iter().map(String::as_str))?;
        }
        Ok(())
    }

    fn look_at_the_clock(&mut self, end: bool) {
        if let Some(file) = &self.file {
            let full = file.bytes() >= self.options.rotate_bytes;
            let old = file.begun.elapsed() >= self.options.rotate_after;
            if full || old || end {
                let closed = self.close();
                self.outcome(closed, 0);
            } else if self.options.durability == Durability::Interval
                && self.synced.elapsed() >= INTERVAL
            {
                let synced = file.sync();
                self.synced = Instant::now();
                self.outcome(synced, 0);
            }
        }
        self.clear_up(end);
        if let Some(retention) = self.options.retention
            && self.swept.is_none_or(|swept| swept.elapsed() >= SWEEP)
        {
            self.swept = Some(Instant::now());
            let LogOptions { folder, upload, .. } = &self.options;
            let may = |name: &str| {
                let address = upload.as_deref();
                address.is_none_or(|address| is_noted(folder, name, address))
            };
            let deleted = delete_old(folder, retention, may).and_then(|_| delete_notes(folder));
            if let Err(error) = deleted {
                let message = format!("cannot delete old prediction files: {error}");
                self.events.say(Level::Warn, message);
            }
        }
    }

    fn close(&mut self) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            file.close()?;
            self.file = None;
            self.handed_over(1);
        }
        Ok(())
    }

    fn handed_over(&self, files: u64) {
        self.meters.files.add(files);
        if let Some(tell) = &self.closed {
            tell();
        }
    }

    /// Tells whether it went well. If not, the rows are counted, the file is handed over with those that
    /// were kept before, and a new one is begun with the next row.
    fn outcome(&mut self, outcome: io::Result<()>, rows: usize) -> bool {
        match outcome {
            Ok(()) => {
                if rows > 0 && self.failed.take().is_some() {
                    self.events.say(Level::Info, "predictions are kept again");
                }
                true
            }
            Err(error) => {
                match self.file.take().map(LogFile::give_up) {
                    Some(Ok(true)) => self.handed_over(1),
                    Some(Ok(false)) => {}
                    // One that could not even be begun may not have been deleted either.
                    Some(Err(_)) | None => {
                        let due = || Instant::now() + STRANDED;
                        self.stranded.get_or_insert_with(due);
                    }
                }
                self.meters.kept(Kept::Failed, rows as u64);
                if self.failed.is_none() {
                    let message = format!("predictions cannot be kept: {error}");
                    self.events.say(Level::Error, message);
                }
                self.failed.get_or_insert_with(Instant::now);
                false
            }
        }
    }

    /// Hands over or deletes what an error left open, once nothing stands against it.
    fn clear_up(&mut self, end: bool) {
        if !self
            .stranded
            .is_some_and(|due| end || due <= Instant::now())
        {
            return;
        }
        self.stranded = match recover(&self.options.folder) {
            Ok(0) => None,
            Ok(recovered) => {
                self.handed_over(recovered as u64);
                None
            }
            Err(_) => Some(Instant::now() + STRANDED),
        };
    }
}
