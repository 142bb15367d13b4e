//! `churnctl mlflow sync`: the runs that wait onto the tracking server, each once.

use serde::Serialize;

use super::Console;
use super::tracker::TrackingRequest;
use crate::cells::{Cell, Column, Table, Tone};
use crate::error::{Error, Result};
use crate::exit::ExitCode;
use crate::settings::Settings;
use crate::tracking::entry::{Entry, Task};
use crate::tracking::{CHAMPION, Sent, send};

/// Version of the JSON layout.
const SCHEMA_VERSION: u32 = 1;

/// What `mlflow sync` needs to know, settings applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncRequest {
    /// The way to the server.
    pub tracking: TrackingRequest,
    /// Only list.
    pub is_dry: bool,
    /// Keys of runs to give up.
    pub drop: Vec<String>,
}

impl SyncRequest {
    /// Takes what is set.
    ///
    /// # Errors
    /// As [`TrackingRequest::from_settings`].
    pub fn from_settings(settings: &Settings, is_dry: bool, drop: Vec<String>) -> Result<Self> {
        Ok(Self {
            tracking: TrackingRequest::from_settings(settings)?,
            is_dry,
            drop,
        })
    }
}

#[derive(Serialize)]
struct Body {
    spool: String,
    runs: Vec<Row>,
}

/// What became of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Sent,
    Waits,
    Dropped,
}

#[derive(Serialize)]
struct Row {
    key: String,
    outcome: Outcome,
    /// What it is; unknown if it is damaged.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_champion: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl Row {
    fn new(key: &str, outcome: Outcome) -> Self {
        Self {
            key: key.to_owned(),
            outcome,
            name: None,
            run_id: None,
            page: None,
            version: None,
            is_champion: None,
            note: None,
        }
    }

    fn sent(mut self, sent: Sent) -> Self {
        self.outcome = Outcome::Sent;
        self.is_champion = sent.version.is_some().then_some(sent.is_champion);
        self.run_id = sent.run_id;
        self.page = sent.page;
        self.version = sent.version;
        self.note = sent.note;
        self
    }
}

/// Sends what waits, or lists it, or gives it up.
///
/// # Errors
/// The first failure, after all that could be sent was. What was not sent still waits.
pub fn run(request: &SyncRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    let (rows, failure) = if request.is_dry {
        (list(request)?, None)
    } else if request.drop.is_empty() {
        send_all(request, console)?
    } else {
        (give_up(request)?, None)
    };
    print(request, rows, console)?;
    match failure {
        None => Ok(ExitCode::Ok),
        Some(error) => Err(error),
    }
}

fn list(request: &SyncRequest) -> Result<Vec<Row>> {
    let spool = request.tracking.spool();
    let row = |key: &String| {
        let mut row = Row::new(key, Outcome::Waits);
        match spool.read(key) {
            Ok(entry) => row.name = Some(name(&entry)),
            Err(error) => row.note = Some(error.to_string()),
        }
        row
    };
    Ok(spool.waiting()?.iter().map(row).collect())
}

fn give_up(request: &SyncRequest) -> Result<Vec<Row>> {
    let spool = request.tracking.spool();
    let _turn = spool.turn(request.tracking.deadline())?;
    let waiting = spool.waiting()?;
    if let Some(unknown) = request.drop.iter().find(|key| !waiting.contains(key)) {
        let shown = crate::text::visible(unknown);
        let message = format!("no run {shown} waits in {}", spool.folder().display());
        return Err(Error::usage(message).hint("`churnctl mlflow sync --dry-run` lists them"));
    }
    let mut rows = Vec::new();
    for key in &request.drop {
        let mut row = Row::new(key, Outcome::Dropped);
        row.name = spool.read(key).ok().map(|entry| name(&entry));
        spool.remove(key)?;
        rows.push(row);
    }
    Ok(rows)
}

fn send_all(request: &SyncRequest, console: &Console<'_>) -> Result<(Vec<Row>, Option<Error>)> {
    let spool = request.tracking.spool();
    let server = request.tracking.server(console)?;
    let (mut rows, mut failure) = (Vec::new(), None);
    if spool.waiting()?.is_empty() {
        return Ok((rows, None));
    }
    let _turn = spool.turn(request.tracking.deadline())?;
    let mut is_away = false;
    for key in spool.waiting()? {
        let mut row = Row::new(&key, Outcome::Waits);
        let outcome = spool.read(&key).and_then(|entry| {
            row.name = Some(name(&entry));
            if is_away {
                return Ok(None);
            }
            let sent = send(&server, &entry)?;
            spool.remove(&key)?;
            Ok(Some(sent))
        });
        match outcome {
            Ok(Some(sent)) => row = row.sent(sent),
            Ok(None) => {}
            Err(error) => {
                // What is wrong with one run is not a reason to keep the others waiting; a server
                // that is away or does not let us in is.
                is_away |= error.code() != ExitCode::BadInput;
                row.note = Some(error.to_string());
                failure.get_or_insert(error);
            }
        }
        rows.push(row);
    }
    Ok((rows, failure))
}

fn name(entry: &Entry) -> String {
    match &entry.task {
        Task::Run(run) => run.name.clone(),
        Task::Champion(champion) => {
            format!("{} {} is champion", champion.model, champion.model_version)
        }
    }
}

fn print(request: &SyncRequest, rows: Vec<Row>, console: &mut Console<'_>) -> Result<()> {
    let spool = request.tracking.spool().folder().display().to_string();
    let body = Body { spool, runs: rows };
    let document = console.document("mlflow sync", SCHEMA_VERSION, &body);
    if console.print_document(&document)? {
        return Ok(());
    }
    if body.runs.is_empty() {
        return console.print_line(Tone::Plain, &format!("nothing waits in {}", body.spool));
    }
    console.print_table(&table(&body.runs))
}

fn table(rows: &[Row]) -> Table {
    let cells = |row: &Row| {
        let outcome = match row.outcome {
            Outcome::Sent => Cell::new("sent", Tone::Good),
            Outcome::Waits => Cell::new("waits", Tone::Warn),
            Outcome::Dropped => Cell::new("dropped", Tone::Bad),
        };
        let version = match (&row.version, row.is_champion) {
            (Some(version), Some(true)) => format!("{version}, {CHAMPION}"),
            (Some(version), _) => version.clone(),
            (None, _) => String::new(),
        };
        let what = row.name.as_deref().unwrap_or("(damaged)");
        let more = row.note.as_ref().or(row.page.as_ref());
        vec![
            Cell::plain(row.key.clone()),
            Cell::plain(what),
            outcome,
            Cell::plain(version),
            Cell::plain(more.cloned().unwrap_or_default()),
        ]
    };
    Table {
        columns: vec![
            Column::text("Key"),
            Column::prose("Run"),
            Column::text("Outcome"),
            Column::text("Version"),
            Column::prose("Page, or why not"),
        ],
        rows: rows.iter().map(cells).collect(),
    }
}
