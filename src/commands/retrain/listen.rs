//! `churnctl retrain listen`: the webhook, from its settings to its orderly end.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::super::Console;
use super::{host, named, target};
use crate::cluster::webhook::{HOOK_PATH, Hook, HookOptions, HookRules, router};
use crate::cluster::{Session, Target};
use crate::error::{Error, Result};
use crate::exit::ExitCode;
use crate::http::bearer::Token;
use crate::http::events::{Event, channel};
use crate::http::server::{Drain, Limits, Listen, Server};
use crate::http::stop::Stop;
use crate::http::tls::TlsFiles;
use crate::reports::retrain::hook;
use crate::settings::Settings;

/// Alertmanager gives a notification 10 s at least: we must answer before.
const MOST_PATIENCE: Duration = Duration::from_secs(8);
/// Threads that answer: they mostly wait for the API server.
const THREADS: usize = 2;
/// Events on their way to the log.
const ROOM: usize = 1_024;

/// What to listen to, settings applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenRequest {
    /// Which cluster.
    pub target: Target,
    /// Host and port.
    pub listen: String,
    /// File with the token.
    pub token_file: Option<PathBuf>,
    /// TLS, if wanted.
    pub tls: Option<TlsFiles>,
    /// The CronJob.
    pub from: String,
    /// The Lease.
    pub lease: String,
    /// How long after a start no other follows.
    pub cooldown: Duration,
    /// How many starts a day may see.
    pub max_per_day: u32,
    /// Which alerts count.
    pub rules: HookRules,
}

impl ListenRequest {
    /// Takes what is set.
    ///
    /// # Errors
    /// Fails with 78 if anybody could post, or where TLS is half set.
    pub fn from_settings(settings: &Settings) -> Result<Self> {
        let retrain = &settings.retrain;
        let tls = match (&retrain.tls_cert, &retrain.tls_key) {
            (Some(certificate), Some(key)) => Some(TlsFiles {
                certificate: certificate.clone(),
                key: key.clone(),
                clients: retrain.client_ca.clone(),
            }),
            (None, None) if retrain.client_ca.is_none() => None,
            (Some(_), None) | (None, Some(_)) | (None, None) => {
                return Err(Error::bad_settings("TLS is half set")
                    .hint("TLS needs --tls-cert and --tls-key, --client-ca needs both"));
            }
        };
        if retrain.token_file.is_none() && retrain.client_ca.is_none() {
            return Err(Error::bad_settings("anybody could start a retrain")
                .hint("--token-file FILE; `openssl rand -hex 32` makes a token. Or --client-ca"));
        }
        let mut target = target(settings);
        target.deadline = target.deadline.min(MOST_PATIENCE);
        Ok(Self {
            rules: HookRules {
                alerts: retrain.alerts.clone(),
                namespace: target.namespace.clone(),
                max_age: retrain.max_alert_age.get(),
            },
            target,
            listen: retrain.listen.clone(),
            token_file: retrain.token_file.clone(),
            tls,
            from: named(settings, "k8s.retrain_cronjob"),
            lease: retrain.lease.clone(),
            cooldown: retrain.cooldown.get(),
            max_per_day: retrain.max_per_day,
        })
    }
}

/// Listens until SIGTERM or SIGINT.
///
/// # Errors
/// Fails with 74 if the port or a file cannot be had, with 78 on bad settings. Does *not* fail when
/// the API server is away: `/ready` says so, and notifications are answered with 503.
pub fn run(request: &ListenRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    let token = request.token_file.as_deref().map(Token::from_file);
    let token = token.transpose()?;
    let session = Session::open(&request.target)?;
    let (events, inbox) = channel(ROOM);
    let options = HookOptions {
        cron_job: request.from.clone(),
        lease: request.lease.clone(),
        cooldown: request.cooldown,
        max_per_day: request.max_per_day,
        rules: request.rules.clone(),
        reporter: host(console),
    };
    let webhook = Hook::new(session.cluster().clone(), options, events.clone())?;
    let mut listen = Listen::new(
        request.listen.clone(),
        router(Arc::new(webhook), token, hook::page),
    );
    listen.tls = request.tls.clone();
    listen.limits = Limits {
        // Above ours: 408 would be the end of it, Alertmanager tries again on 5xx only.
        request_timeout: MOST_PATIENCE + Duration::from_secs(7),
        connections: 256,
        ..Limits::default()
    };
    let server = Server::bind(vec![listen], THREADS, events)?;
    let (messages, place) = (console.messages(), session.place());
    let scheme = if request.tls.is_some() {
        "https"
    } else {
        "http"
    };
    for address in server.addresses() {
        messages.info(&format!(
            "listening on {scheme}://{address}{HOOK_PATH} for {}: starts {} in namespace {} (context {})",
            request.rules.alerts.join(", "),
            request.from,
            place.namespace,
            place.context
        ));
    }
    let stop = Stop::new();
    let taken = stop.on_signals(|| {});
    let drain = Drain {
        most: MOST_PATIENCE + Duration::from_secs(2),
        ..Drain::default()
    };
    let cut = server.run(&stop, drain, inbox, |event| say(console, &event));
    drop(taken);
    if cut > 0 {
        messages.warn(&format!("{cut} connections had to be cut"));
    }
    messages.info("stopped");
    Ok(ExitCode::Ok)
}

fn say(console: &Console<'_>, event: &Event) {
    console
        .messages()
        .event(event.level.as_str(), &event.message, &event.fields);
}
