//! What a kubelet answers over HTTPS: logs for the API server, metrics for Prometheus as cAdvisor names them.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path as FilePath;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::Deserialize;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::Node;
use super::log::Wanted;

pub(crate) const PORT: u16 = 10_250;

/// TLS before HTTP. Who asks is not asked for a certificate: the network is the laboratory's own.
struct Tls {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl axum::serve::Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            if let Ok((stream, from)) = self.listener.accept().await
                && let Ok(stream) = self.acceptor.accept(stream).await
            {
                return (stream, from);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// Answers until the process ends.
pub(crate) async fn serve(node: Arc<Node>, keys: &FilePath) -> Result<(), String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let certificate =
        CertificateDer::from_pem_file(keys.join("kubelet.crt")).map_err(|error| text(&error))?;
    let key =
        PrivateKeyDer::from_pem_file(keys.join("kubelet.key")).map_err(|error| text(&error))?;
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key);
    let acceptor = TlsAcceptor::from(Arc::new(config.map_err(|error| text(&error))?));
    let listener = TcpListener::bind((node.address.as_str(), PORT))
        .await
        .map_err(|error| text(&error))?;
    let routes = Router::new()
        .route(
            "/containerLogs/{namespace}/{pod}/{container}",
            get(container_logs),
        )
        .route("/metrics", get(metrics))
        .route("/metrics/cadvisor", get(cadvisor))
        .with_state(node);
    axum::serve(Tls { listener, acceptor }, routes)
        .await
        .map_err(|error| text(&error))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogQuery {
    #[serde(default)]
    follow: bool,
    #[serde(default)]
    timestamps: bool,
    #[serde(default)]
    previous: bool,
    tail_lines: Option<usize>,
    since_time: Option<String>,
}

async fn container_logs(
    State(node): State<Arc<Node>>,
    Path((namespace, pod, container)): Path<(String, String, String)>,
    Query(query): Query<LogQuery>,
) -> Response {
    let run = node
        .running()
        .into_iter()
        .find(|run| run.namespace == namespace && run.name == pod);
    let container = run.and_then(|run| {
        run.containers
            .iter()
            .chain(&run.init)
            .find(|one| one.container.name == container)
            .cloned()
    });
    let Some(container) = container else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let log = container.with(|known| {
        if query.previous {
            known.previous_log.clone()
        } else {
            known.log.clone()
        }
    });
    let Some(log) = log else {
        let message = format!(
            "container \"{}\" is waiting to start",
            container.container.name
        );
        return (StatusCode::BAD_REQUEST, message).into_response();
    };
    let wanted = Wanted {
        follow: query.follow,
        timestamps: query.timestamps,
        tail: query.tail_lines,
        since: query.since_time,
    };
    let parts =
        futures_util::stream::unfold((log, 0, wanted), |(log, mut position, wanted)| async move {
            let part = log.after(&mut position, &wanted).await?;
            Some((
                Ok::<_, std::convert::Infallible>(part),
                (log, position, wanted),
            ))
        });
    Body::from_stream(parts).into_response()
}

/// How full the claims are.
async fn metrics(State(node): State<Arc<Node>>) -> String {
    let mut out = String::new();
    let mut claims: Vec<_> = node
        .running()
        .iter()
        .filter(|run| !run.is_over())
        .flat_map(|run| {
            let volumes = run.specification.volumes.iter().flatten();
            let named = volumes.filter_map(|volume| {
                let claim = volume.persistent_volume_claim.as_ref()?.claim_name.clone();
                Some((run.namespace.clone(), claim, run.volumes.path(volume)))
            });
            named.collect::<Vec<_>>()
        })
        .collect();
    claims.sort();
    claims.dedup();
    for (namespace, claim, path) in claims {
        let Ok(stat) = nix::sys::statvfs::statvfs(&path) else {
            continue;
        };
        let labels = format!("{{namespace=\"{namespace}\",persistentvolumeclaim=\"{claim}\"}}");
        let size = stat.fragment_size();
        for (name, blocks) in [
            ("available", stat.blocks_available()),
            ("capacity", stat.blocks()),
        ] {
            let _ = writeln!(
                out,
                "kubelet_volume_stats_{name}_bytes{labels} {}",
                blocks * size
            );
        }
    }
    out
}

async fn cadvisor(State(node): State<Arc<Node>>) -> String {
    let mut out = String::new();
    for run in node.running() {
        for container in &run.containers {
            let Some(group) = container.with(|known| known.cgroup.clone()) else {
                continue;
            };
            let usage = group.usage();
            let labels = format!(
                "namespace=\"{}\",pod=\"{}\",container=\"{}\",image=\"{}\"",
                run.namespace,
                run.name,
                container.container.name,
                container.container.image.as_deref().unwrap_or_default(),
            );
            let _ = writeln!(
                out,
                "container_cpu_usage_seconds_total{{{labels},cpu=\"total\"}} {}",
                usage.cpu_seconds
            );
            for (name, value) in [
                ("cpu_cfs_periods_total", usage.periods),
                ("cpu_cfs_throttled_periods_total", usage.throttled_periods),
                ("memory_usage_bytes", usage.memory_bytes),
                ("memory_working_set_bytes", usage.working_set_bytes),
                ("oom_events_total", usage.oom_kills),
            ] {
                let _ = writeln!(out, "container_{name}{{{labels}}} {value}");
            }
        }
    }
    out
}
