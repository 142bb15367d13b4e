//! `churnctl drift --watch`: the check again and again, and its last result for whoever asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::Console;
use super::drift_outputs::write_outputs;
use super::drift_request::{DriftRequest, Watch};
use super::inputs::Baseline;
use crate::cells::Tone;
use crate::data::{Location, expand, is_database};
use crate::drift::{DriftReport, Status};
use crate::error::{Error, Result};
use crate::exit::ExitCode;
use crate::history::History;
use crate::http::events::{Event, Level, channel};
use crate::http::server::{Drain, Listen, Server};
use crate::http::stop::Stop;
use crate::metrics::{Gauge, Live, names};
use crate::passing::{Backoff, is_retryable};
use crate::reports::drift::history::HistoryView;
use crate::reports::drift::{html, html_history, metrics, summary};
use crate::serve::exporter::{Forms, Showcase};
use crate::signals::{self, Signal};
use crate::terminal::{Format, json};
use crate::text::visible;

/// How long a wish to stop or to begin at once may go unnoticed between two checks.
const NAP: Duration = Duration::from_millis(250);
/// How long a check may go on after SIGTERM: a run ends within two seconds.
const GRACE: Duration = Duration::from_millis(1_500);
/// Messages of the server that wait until a check is over.
const ROOM: usize = 256;
/// Waits after a check that failed of what may pass double from the first to the last of these, and are
/// never longer than the time between two checks: a day without a check is too much for one bad read.
const WAITS: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(600)];
const RESULTS: [&str; 5] = ["ok", "too_few_rows", "warn", "fail", "error"];

/// Repeats the check until SIGTERM or SIGINT. SIGHUP begins the next one at once.
///
/// # Errors
/// Fails if the address cannot be listened on. Does *not* fail if a check does: the next may not.
pub(super) fn run(
    request: &DriftRequest,
    watch: &Watch,
    console: &mut Console<'_>,
) -> Result<ExitCode> {
    let live = Arc::new(Live::new());
    let mut rounds = Rounds::new(request, live, console.created_at_seconds())?;
    let (stop, busy, again) = (Stop::new(), flag(), flag());
    let _taken = {
        let (stop, busy, again) = (stop.clone(), Arc::clone(&busy), Arc::clone(&again));
        signals::take_over(move |signal| match signal {
            Signal::Hangup => {
                again.store(true, Ordering::SeqCst);
                true
            }
            Signal::Interrupt | Signal::Terminate => {
                stop.trigger_by_signal() && is_over_soon(&busy)
            }
        })
    };
    let exporter = match &watch.listen {
        Some(address) => Some(Exporter::start(address, &rounds.showcase, &stop, console)?),
        None => None,
    };
    loop {
        busy.store(true, Ordering::SeqCst);
        if stop.is_triggered() {
            busy.store(false, Ordering::SeqCst);
            break;
        }
        let begin = Instant::now();
        console.begin_anew()?;
        rounds.check(console)?;
        busy.store(false, Ordering::SeqCst);
        loop {
            if let Some(exporter) = &exporter {
                exporter.tell(console);
            }
            let every = match rounds.again.failures() {
                0 => watch.every,
                _ => watch.every.min(rounds.again.wait(1.0)),
            };
            let left = every.saturating_sub(begin.elapsed());
            let is_due = left.is_zero() || again.swap(false, Ordering::SeqCst);
            if is_due || stop.wait_timeout(left.min(NAP)) {
                break;
            }
        }
    }
    if let Some(exporter) = exporter {
        exporter.end(console);
    }
    console.messages().info("ended as asked");
    Ok(ExitCode::Ok)
}

/// Waits for the check that runs. One that takes long is not waited for, and nothing of it is lost.
fn is_over_soon(busy: &AtomicBool) -> bool {
    let begin = Instant::now();
    while busy.load(Ordering::SeqCst) {
        if begin.elapsed() > GRACE {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    true
}

fn flag() -> Arc<AtomicBool> {
    Arc::new(AtomicBool::new(false))
}

/// The files and objects of a baseline, told apart by what changes when they do.
type Signature = Vec<String>;

fn signature(addresses: &[String]) -> Result<Signature> {
    expand(addresses)?.iter().map(Location::stamp).collect()
}

/// What stays from one check to the next.
struct Rounds<'a> {
    request: &'a DriftRequest,
    showcase: Showcase,
    live: Arc<Live>,
    duration: Gauge,
    loaded: Gauge,
    /// Seconds since 1970; a watch that has no verdict yet counts from its start.
    last_success: Gauge,
    baseline: Option<(Signature, Baseline)>,
    /// Whether a baseline was ever there: the first is not news.
    has_begun: bool,
    again: Backoff,
}

impl<'a> Rounds<'a> {
    fn new(request: &'a DriftRequest, live: Arc<Live>, started_seconds: f64) -> Result<Self> {
        // Each is there at 0: the first of its kind is then a rise, which rate() can see.
        for result in RESULTS {
            live.counter(&names::DRIFT_CHECKS, &[result])?;
        }
        let commit = option_env!("CHURNCTL_COMMIT").unwrap_or("unknown");
        let model = &*visible(&request.model);
        let last_success = live.gauge(&names::DRIFT_LAST_SUCCESS_TIMESTAMP_SECONDS, &[model])?;
        last_success.set(started_seconds);
        let build = [env!("CARGO_PKG_VERSION"), commit];
        live.gauge(&names::BUILD_INFO, &build)?.set(1.0);
        Ok(Self {
            request,
            showcase: Showcase::new(Arc::clone(&live)),
            duration: live.gauge(&names::DRIFT_CHECK_DURATION_SECONDS, &[])?,
            loaded: live.gauge(&names::DRIFT_BASELINE_LOADED_TIMESTAMP_SECONDS, &[])?,
            last_success,
            live,
            baseline: None,
            has_begun: false,
            again: Backoff::new(WAITS[0], WAITS[1]),
        })
    }

    /// Checks once; a failure is told and counted.
    fn check(&mut self, console: &mut Console<'_>) -> Result<()> {
        let begin = Instant::now();
        let outcome = self.compare(console);
        self.duration.set(begin.elapsed().as_secs_f64());
        let result = match &outcome {
            Ok(report) => match report.status {
                Status::Ok => "ok",
                Status::TooFewRows => "too_few_rows",
                Status::Warn => "warn",
                Status::Fail => "fail",
            },
            Err(_) => "error",
        };
        self.live
            .counter(&names::DRIFT_CHECKS, &[result])?
            .add_one();
        // What one check could not do the next may: nothing here ends the watch.
        match outcome.and_then(|report| self.publish(&report, console)) {
            Err(error) => {
                crate::progress::Progress::finish(console.messages());
                console.messages().error(&error);
                match is_retryable(&error) {
                    true => self.again.failed(),
                    false => self.again = Backoff::new(WAITS[0], WAITS[1]),
                }
            }
            Ok(()) => {
                self.again.succeeded();
            }
        }
        Ok(())
    }

    fn compare(&mut self, console: &Console<'_>) -> Result<DriftReport> {
        // A table in a database is a baseline once: nobody says when it changes.
        let is_elsewhere = self.request.baseline.iter().any(|at| is_database(at));
        let signature = if is_elsewhere {
            Signature::new()
        } else {
            signature(&self.request.baseline)?
        };
        let baseline = match self.baseline.take() {
            Some((known, baseline)) if known == signature => baseline,
            Some(_) | None => {
                let baseline = self.request.read_baseline(console)?;
                if self.has_begun {
                    console
                        .messages()
                        .info("the baseline has changed and was read again");
                }
                self.has_begun = true;
                self.loaded.set(console.created_at_seconds());
                baseline
            }
        };
        let (_, baseline) = self.baseline.insert((signature, baseline));
        self.request.compare(baseline, console)
    }

    /// Returns the page over time where there are windows, with the marks of the history if one is kept.
    fn home(&self, report: &DriftReport) -> Result<String> {
        if report.windows.is_empty() {
            return html::page(report);
        }
        let marks = match &self.request.history {
            Some(history) => History::open(&history.folder)?.marks()?,
            None => Vec::new(),
        };
        html_history::page(&HistoryView {
            report: report.clone(),
            kept: None,
            marks,
            features: Vec::new(),
        })
    }

    /// Shows the report in all places that are asked for, the ones that cannot fail first.
    fn publish(&self, report: &DriftReport, console: &mut Console<'_>) -> Result<()> {
        let now = console.created_at_seconds();
        if let Some(seconds) = metrics::success(report, now) {
            self.last_success.set(seconds);
        }
        self.showcase.show(Forms {
            home: self.home(report)?,
            html: html::page(report)?,
            json: json(report)?,
            // When a check last had a verdict is shown from the start, and stays through those without.
            metrics: metrics::text(report, now, None)?,
        });
        let printed = print(report, console);
        let written = write_outputs(report, &self.request.outputs, console);
        if let Some(push) = &self.request.push {
            let text = metrics::text(report, now, Some(self.last_success.get()))?;
            push.deliver(&text, console);
        }
        printed.and(written)
    }
}

/// Prints a line, or a document, of each check.
fn print(report: &DriftReport, console: &mut Console<'_>) -> Result<()> {
    if console.look().format == Format::Yaml {
        console.print("---\n")?;
    }
    if console.print_document(report)? {
        return Ok(());
    }
    let text = summary::text(report);
    let first = text.lines().next().unwrap_or_default();
    let tone = match report.status {
        Status::Ok => Tone::Good,
        Status::TooFewRows => Tone::Dim,
        Status::Warn => Tone::Warn,
        Status::Fail => Tone::Bad,
    };
    let line = format!("{} {first}", console.created_at());
    console.print_line(tone, &line)
}

/// The server beside the checks, on a thread of its own.
struct Exporter {
    thread: JoinHandle<usize>,
    events: Receiver<Event>,
}

impl Exporter {
    fn start(
        address: &str,
        showcase: &Showcase,
        stop: &Stop,
        console: &Console<'_>,
    ) -> Result<Self> {
        let (events, inbox) = channel(ROOM);
        let listen = Listen::new(address, showcase.router());
        let server = Server::bind(vec![listen], 1, events)?;
        for address in server.addresses() {
            let message =
                format!("listening on http://{address} (/, /metrics, /report, /live, /ready)");
            console.messages().info(&message);
        }
        let (sender, receiver) = sync_channel(ROOM);
        let stop = stop.clone();
        let drain = Drain {
            most: Duration::from_secs(5),
            ..Drain::default()
        };
        let serve = move || {
            server.run(&stop, drain, inbox, |event| {
                // What nobody takes out in time is not a reason to stop serving.
                let _ = sender.try_send(event);
            })
        };
        let thread = std::thread::Builder::new().name("exporter".into());
        let thread = thread.spawn(serve).map_err(|error| {
            Error::new(ExitCode::Io, "cannot start the server's thread").because(error)
        })?;
        Ok(Self {
            thread,
            events: receiver,
        })
    }

    /// Says what the server had to say.
    fn tell(&self, console: &Console<'_>) {
        for event in self.events.try_iter() {
            match event.level {
                Level::Debug => console.messages().debug(&event.message),
                Level::Info => console.messages().info(&event.message),
                Level::Warn | Level::Error => console.messages().warn(&event.message),
            }
        }
    }

    /// Waits until what was asked is answered.
    fn end(self, console: &Console<'_>) {
        let cut = self.thread.join();
        for event in self.events.try_iter() {
            console.messages().debug(&event.message);
        }
        if let Ok(cut @ 1..) = cut {
            console
                .messages()
                .warn(&format!("{cut} connections had to be cut"));
        }
    }
}
