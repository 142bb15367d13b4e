//! `churnctl serve`: a model behind HTTP, until somebody ends it.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::tracker::TrackingRequest;
use super::{Console, model_file};
use crate::error::{Error, Result};
use crate::exit::ExitCode;
use crate::http::bearer::Token;
use crate::http::events::{Level, channel};
use crate::http::server::{Drain, Limits, Listen, Server};
use crate::http::stop::Stop;
use crate::http::tls::TlsFiles;
use crate::reports::serve::html;
use crate::serve::{
    Access, AccessLog, Api, Durability, LogFormat, LogOptions, Options, UnknownCategory,
};
use crate::settings::{PredictionLogSettings, Probability, Settings};
use crate::trust::TrustedKeys;

/// Events that wait to be shown.
const EVENTS: usize = 4096;
/// Version of the JSON layout.
const SCHEMA_VERSION: u32 = 1;

/// Everything that serving needs to know, settings applied.
#[derive(Debug, Clone)]
pub struct ServeRequest {
    /// Host and port of the API.
    pub listen: String,
    /// Host and port of metrics and reload, if apart.
    pub admin_listen: Option<String>,
    /// TLS of the API's port, if wanted.
    pub tls: Option<TlsFiles>,
    /// File with the token, if any.
    pub token_file: Option<PathBuf>,
    /// Limits of the listeners.
    pub limits: Limits,
    /// How it ends.
    pub drain: Drain,
    /// Threads that answer.
    pub threads: usize,
    /// What the API does.
    pub options: Options,
    /// The way to MLflow, for models that are there.
    pub tracking: TrackingRequest,
}

impl ServeRequest {
    /// Takes what is set.
    ///
    /// # Errors
    /// Bad settings (78) for a word that nobody knows, TLS without one of its files, and spans
    /// that this build cannot send.
    pub fn from_settings(settings: &Settings) -> Result<Self> {
        let set = &settings.serve;
        let tls = match (&set.tls_cert, &set.tls_key) {
            (Some(certificate), Some(key)) => Some(TlsFiles {
                certificate: certificate.clone(),
                key: key.clone(),
                clients: None,
            }),
            (None, None) => None,
            _ => {
                let message = "serve.tls_cert and serve.tls_key need each other";
                return Err(Error::bad_settings(message));
            }
        };
        if set.otlp_endpoint.is_some() && cfg!(not(feature = "otel")) {
            let message = "serve.otlp_endpoint: this build of churnctl cannot send spans";
            return Err(Error::bad_settings(message).hint("build it with --features otel"));
        }
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            listen: set.listen.clone(),
            admin_listen: set.admin_listen.clone(),
            tls,
            token_file: set.token_file.clone(),
            limits: Limits {
                header_timeout: set.header_timeout.get(),
                request_timeout: set.request_timeout.get(),
                keep_alive: set.keep_alive.get(),
                connections: set.connections.get(),
                connections_per_peer: set.connections_per_peer.map(NonZeroUsize::get),
                ..Limits::default()
            },
            drain: Drain {
                delay: set.drain_delay.get(),
                most: set.drain_timeout.get(),
            },
            threads: set.threads.map_or(cores.min(2), usize::from),
            options: options(settings)?,
            tracking: TrackingRequest::from_settings(settings)?,
        })
    }
}

fn options(settings: &Settings) -> Result<Options> {
    let set = &settings.serve;
    Ok(Options {
        model: model_file(&set.model)?,
        source: None,
        threshold: set.threshold.map(Probability::get),
        require_signature: set.require_signature.clone(),
        name: settings.model.as_str().to_owned(),
        poll: set.poll.some(),
        unknown_category: match set.unknown_category.as_str() {
            "reject" => UnknownCategory::Reject,
            _ => UnknownCategory::Other,
        },
        batch_rows: set.batch_rows.get(),
        body_bytes: set.body_bytes.get(),
        concurrency: set.concurrency.get(),
        line_timeout: set.request_timeout.get(),
        request_timeout: set.request_timeout.get(),
        latency_buckets: set.latency_buckets.0.clone(),
        classes: set.classes.0.clone(),
        access_log: match set.access_log.as_str() {
            "all" => AccessLog::All,
            "none" => AccessLog::None,
            _ => AccessLog::Errors,
        },
        log: log(&settings.prediction_log)?,
        otlp_endpoint: set.otlp_endpoint.clone(),
        guarded: set.token_file.is_some(),
        commit: option_env!("CHURNCTL_COMMIT")
            .unwrap_or("unknown")
            .to_owned(),
        page: Arc::new(html::page),
    })
}

fn log(set: &PredictionLogSettings) -> Result<Option<LogOptions>> {
    let durability = match set.durability.as_str() {
        "none" => Durability::None,
        "fsync" => Durability::Fsync,
        _ => Durability::Interval,
    };
    let format = match set.files.as_str() {
        "ndjson" => LogFormat::Ndjson,
        _ => LogFormat::Csv,
    };
    if set.upload.is_some() && set.dir.is_none() {
        let message = "serve.log_upload needs serve.log_dir: files are uploaded from there";
        return Err(Error::bad_settings(message));
    }
    Ok(set.dir.as_ref().map(|folder| LogOptions {
        folder: folder.clone(),
        format,
        durability,
        rotate_bytes: set.rotate_bytes,
        rotate_after: set.rotate_after.get(),
        retention: set.retention.some(),
        upload: set.upload.clone(),
        sample: set.sample.get(),
        queue: set.queue.get(),
    }))
}

#[derive(Serialize)]
struct Listening {
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    admin_url: Option<String>,
    model_path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    model_version: Option<String>,
}

/// Serves until a signal ends it.
///
/// # Errors
/// I/O (74) if an address cannot be bound, or the token, TLS or prediction log not read or
/// written. A model that is missing or not sound is *no* error.
pub fn run(request: &ServeRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    let (events, inbox) = channel(EVENTS);
    let stop = Stop::new();
    let token = request
        .token_file
        .as_deref()
        .map(Token::from_file)
        .transpose()?;
    let admin_is_local = request.admin_listen.as_deref().is_some_and(is_local);
    let access = Access {
        admin_apart: request.admin_listen.is_some(),
        admin_is_local,
        token,
    };
    if access.admin_apart && !admin_is_local && access.token.is_none() {
        console.messages().warn(
            "/admin/reload is off: its port can be reached from other machines, and no --token-file is set",
        );
    }
    // They are read again with each model; that they are keys is found out now.
    TrustedKeys::read(&request.options.require_signature)?;
    let options = Options {
        source: request.tracking.source(&request.options.model, console)?,
        ..request.options.clone()
    };
    let api = Api::start(options, events.clone(), stop.clone())?;
    let routers = api.routers(&access);
    let mut listens = vec![Listen {
        limits: request.limits,
        tls: request.tls.clone(),
        dress: false,
        ..Listen::new(&request.listen, routers.main)
    }];
    if let (Some(address), Some(router)) = (&request.admin_listen, routers.admin) {
        let limits = Limits {
            connections: request.limits.connections.min(64),
            ..request.limits
        };
        listens.push(Listen {
            limits,
            dress: false,
            ..Listen::new(address, router)
        });
    }
    let server = Server::bind(listens, request.threads, events)?;
    let reloading = Arc::clone(&api);
    let _signals = stop.on_signals(move || reloading.reload());
    say_where(request, &server.addresses(), &api, console)?;
    let messages = console.messages();
    let cut = server.run(&stop, request.drain, inbox, |event| {
        api.heard(&event);
        let level = match event.level {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        };
        messages.event(level, &event.message, &event.fields);
    });
    let taken = stop.since().map_or(Duration::ZERO, |since| since.elapsed());
    if let Some(left) = api.finish(request.drain.most.saturating_sub(taken)) {
        messages.warn(&left);
    }
    if cut > 0 {
        let seconds = request.drain.most.as_secs_f64();
        let message = format!("{cut} connections were still open after {seconds} s, and were cut");
        messages.warn(&message);
    }
    Ok(ExitCode::Ok)
}

/// Prints where the API is, now that it can be reached.
fn say_where(
    request: &ServeRequest,
    addresses: &[SocketAddr],
    api: &Api,
    console: &mut Console<'_>,
) -> Result<()> {
    let scheme = if request.tls.is_some() {
        "https"
    } else {
        "http"
    };
    let url = |at: usize, scheme: &str| {
        let address = addresses.get(at)?;
        Some(format!("{scheme}://{address}"))
    };
    let listening = Listening {
        url: url(0, scheme).unwrap_or_default(),
        admin_url: url(1, "http"),
        model_path: request.options.model.display().to_string(),
        model_version: api.model().map(|model| model.version.clone()),
    };
    let document = console.document("serve", SCHEMA_VERSION, &listening);
    if console.print_document(&document)? {
        return Ok(());
    }
    let mut text = format!("listening on {}\n", listening.url);
    if let Some(url) = &listening.admin_url {
        text.push_str(&format!("metrics and reload on {url}\n"));
    }
    console.print(&text)
}

fn is_local(address: &str) -> bool {
    use std::net::ToSocketAddrs;
    let resolved = address.to_socket_addrs();
    resolved.is_ok_and(|mut all| all.all(|address| address.ip().is_loopback()))
}
