//! Many records in one request: an array, answered whole or not at all; or lines, answered one by one
//! as they come, in memory that does not grow with them.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};
use churn_http::body;
use churn_http::problem::Problem;
use http_body_util::BodyExt;
use serde_json::json;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, timeout_at};

use super::api::Api;
use super::faults::{At, Faults, Reason};
use super::json::Json;
use super::log::Entry;
use super::media::{answer, json, media_type, parse, wrong_media_type};
use super::model::Loaded;
use super::record::{self, Answer, Place, asked_to_explain};
use super::trace::{Trace, trace_of};
use super::unseen;

const LINES: [&str; 3] = [
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
];
/// Pieces of a stream's answer that may wait for the client to read.
const PIECES: usize = 4;
/// Size at which a piece is sent.
const PIECE: usize = 16 << 10;

/// `POST /predict/batch`.
pub(super) async fn predict(
    State(api): State<Arc<Api>>,
    request: Request,
) -> Result<Response<Body>, Problem> {
    let media_type = media_type(request.headers());
    if LINES.contains(&media_type.as_str()) {
        body::must_be_plain(request.headers())?;
        return lines(api, request);
    }
    if media_type != "application/json" {
        return Err(wrong_media_type("application/json or application/x-ndjson"));
    }
    let _place = api.enter()?;
    let model = api.ready_model()?;
    let explained = asked_to_explain(&request)?;
    let trace = trace_of(&request);
    let bytes = api.body(request).await?;
    let (response, rows) = array(&api, &model, &bytes, explained, &trace)?;
    api.keep(&model, rows).await?;
    Ok(response)
}

fn array(
    api: &Api,
    model: &Arc<Loaded>,
    bytes: &[u8],
    explained: usize,
    trace: &Trace,
) -> Result<(Response<Body>, Vec<Entry>), Problem> {
    let parsed = parse(bytes)?;
    let mut faults = Faults::default();
    let items = rows_of(api, &parsed, "", &mut faults);
    let rules = api.rules(model);
    let records: Vec<_> = items
        .iter()
        .enumerate()
        .filter_map(|(row, item)| {
            let place = Place { row: Some(row) };
            record::read(item, rules, place, explained, &mut faults)
        })
        .collect();
    let features = Place { row: None }.at("/features");
    let of_records = records
        .iter()
        .map(|record: &record::Record<'_>| &record.row);
    unseen::check(model, of_records, features, &mut faults);
    if !faults.is_empty() {
        return Err(api.refuse(&faults));
    }
    let mut rows = Vec::new();
    let answers = records
        .iter()
        .map(|record| record::answer(api, model, record, trace.id(), &mut rows))
        .collect::<Result<Vec<Answer<'_>>, _>>()
        .map_err(|error| api.no_probability(error))?;
    Ok((json(&answers), rows))
}

/// Returns the rows of a batch, none if there are none or too many: then there is a fault.
pub(super) fn rows_of<'a>(
    api: &Api,
    json: &'a Json<'a>,
    base: &str,
    faults: &mut Faults,
) -> &'a [Json<'a>] {
    let at = At {
        row: None,
        base,
        inside: "",
    };
    let most = api.options.batch_rows;
    match json {
        Json::Array(items) if items.is_empty() => {
            let detail = "A batch has at least one row.".to_owned();
            faults.add(Reason::BadMember, at, "", detail);
            &[]
        }
        Json::Array(items) if items.len() > most => {
            let found = items.len();
            let detail = format!("A batch has at most {most} rows, this one {found}.");
            faults.add(Reason::TooManyRows, at, "", detail);
            &[]
        }
        Json::Array(items) => items,
        other => {
            let detail = format!("A batch is an array, not {}.", other.kind());
            faults.add(Reason::WrongType, at, "", detail);
            &[]
        }
    }
}

/// Answers lines as they come.
fn lines(api: Arc<Api>, request: Request) -> Result<Response<Body>, Problem> {
    let place = api.enter()?;
    let model = api.ready_model()?;
    let stream = Stream {
        explained: asked_to_explain(&request)?,
        trace: trace_of(&request),
        _place: place,
        api,
        model,
        line: 0,
        out: Vec::new(),
        rows: Vec::new(),
    };
    let (sender, pieces) = body::pieces(PIECES);
    tokio::spawn(stream.run(request.into_body(), sender));
    Ok(answer("application/x-ndjson", pieces))
}

/// A stream of records being answered.
struct Stream {
    /// Held to the end: a stream is at work as long as it lasts.
    _place: OwnedSemaphorePermit,
    api: Arc<Api>,
    model: Arc<Loaded>,
    explained: usize,
    trace: Trace,
    /// Lines so far.
    line: usize,
    /// Answers that are not sent yet.
    out: Vec<u8>,
    /// Their rows on the way to the prediction log.
    rows: Vec<Entry>,
}

impl Stream {
    async fn run(mut self, mut body: Body, sender: Sender<Bytes>) {
        let mut rest: Vec<u8> = Vec::new();
        let (most, within) = (self.api.options.body_bytes, self.api.options.line_timeout);
        let mut deadline = Instant::now() + within;
        loop {
            // A byte now and then buys no time: a line must be whole within it.
            let frame = match timeout_at(deadline, body.frame()).await {
                Err(_) => {
                    let detail = "The next line did not come in time.";
                    let problem = Problem::new(StatusCode::REQUEST_TIMEOUT, "timeout", detail);
                    self.fault(&problem);
                    break;
                }
                Ok(Some(Err(_))) => return,
                Ok(Some(Ok(frame))) => frame,
                Ok(None) => {
                    if !rest.trim_ascii().is_empty() {
                        self.answer(&rest);
                    }
                    break;
                }
            };
            let Ok(data) = frame.into_data() else {
                continue;
            };
            let mut data = &data[..];
            while let Some(end) = data.iter().position(|byte| *byte == b'\n') {
                let line = &data[..end];
                data = &data[end + 1..];
                deadline = Instant::now() + within;
                if rest.is_empty() {
                    self.answer(line);
                } else {
                    rest.extend_from_slice(line);
                    let line = std::mem::take(&mut rest);
                    self.answer(&line);
                }
                if self.out.len() >= PIECE && !self.send(&sender).await {
                    return;
                }
            }
            if rest.len() + data.len() > most {
                self.line += 1;
                self.fault(&Problem::too_large(most));
                self.api.meters.fault(Reason::TooLarge);
                break;
            }
            rest.extend_from_slice(data);
            if !self.send(&sender).await {
                return;
            }
        }
        self.send(&sender).await;
    }

    /// Answers a line; a faulty one gets its problem, and the stream goes on.
    fn answer(&mut self, bytes: &[u8]) {
        self.line += 1;
        let bytes = bytes.trim_ascii();
        if bytes.is_empty() {
            return;
        }
        if bytes.len() > self.api.options.body_bytes {
            self.fault(&Problem::too_large(self.api.options.body_bytes));
            self.api.meters.fault(Reason::TooLarge);
            return;
        }
        if let Err(problem) = self.score(bytes) {
            self.fault(&problem);
        }
    }

    fn score(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        let parsed = parse(bytes).inspect_err(|_| self.api.meters.fault(Reason::Malformed))?;
        let mut faults = Faults::default();
        let (api, model) = (&self.api, &self.model);
        let place = Place { row: None };
        let record = record::read(
            &parsed,
            api.rules(model),
            place,
            self.explained,
            &mut faults,
        );
        let Some(record) = record.filter(|_| faults.is_empty()) else {
            return Err(api.refuse(&faults));
        };
        let answer = record::answer(api, model, &record, self.trace.id(), &mut self.rows)
            .map_err(|error| api.no_probability(error))?;
        // Finite numbers and texts, to a vector: this cannot fail.
        let _ = serde_json::to_writer(&mut self.out, &answer);
        self.out.push(b'\n');
        Ok(())
    }

    fn fault(&mut self, problem: &Problem) {
        let line = json!({ "line": self.line, "error": problem.to_json() });
        self.out.extend_from_slice(line.to_string().as_bytes());
        self.out.push(b'\n');
    }

    /// Keeps the rows, then sends their answers. False if the client has gone or the rows cannot
    /// be kept.
    async fn send(&mut self, sender: &Sender<Bytes>) -> bool {
        if self.out.is_empty() {
            return true;
        }
        let rows = std::mem::take(&mut self.rows);
        let mut out = std::mem::take(&mut self.out);
        let kept = self.api.keep(&self.model, rows).await;
        if let Err(problem) = &kept {
            out = Vec::new();
            let line = json!({ "line": self.line, "error": problem.to_json() });
            out.extend_from_slice(line.to_string().as_bytes());
            out.push(b'\n');
        }
        sender.send(Bytes::from(out)).await.is_ok() && kept.is_ok()
    }
}
