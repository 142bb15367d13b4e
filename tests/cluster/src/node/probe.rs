//! Probes and hooks of a container: HTTP, TCP and commands, each against the pod's own address.

use std::net::SocketAddr;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Container, HTTPGetAction, LifecycleHandler, Probe};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Whether a probe succeeds now.
pub(crate) async fn succeeds(probe: &Probe, container: &Container, address: &str) -> bool {
    let patience =
        Duration::from_secs(u64::try_from(probe.timeout_seconds.unwrap_or(1)).unwrap_or(1));
    let asked = async {
        if let Some(get) = &probe.http_get {
            return http_status(get, container, address)
                .await
                .is_some_and(|status| (200..400).contains(&status));
        }
        if let Some(tcp) = &probe.tcp_socket {
            return connect(&tcp.port, container, address).await.is_some();
        }
        // Commands are not run in the container: nothing that is rendered asks for one.
        true
    };
    tokio::time::timeout(patience, asked).await.unwrap_or(false)
}

/// Runs what is to happen before a container is stopped.
pub(crate) async fn before_stop(handler: &LifecycleHandler, container: &Container, address: &str) {
    if let Some(sleep) = &handler.sleep {
        tokio::time::sleep(Duration::from_secs(
            u64::try_from(sleep.seconds).unwrap_or(0),
        ))
        .await;
    } else if let Some(get) = &handler.http_get {
        let _ = http_status(get, container, address).await;
    }
}

async fn connect(port: &IntOrString, container: &Container, address: &str) -> Option<TcpStream> {
    let port = match port {
        IntOrString::Int(port) => *port,
        IntOrString::String(name) => {
            let mut ports = container.ports.iter().flatten();
            ports
                .find(|port| port.name.as_ref() == Some(name))?
                .container_port
        }
    };
    let to = SocketAddr::new(address.parse().ok()?, u16::try_from(port).ok()?);
    TcpStream::connect(to).await.ok()
}

/// The status of a GET, from the first line of the answer: all that a probe looks at.
async fn http_status(get: &HTTPGetAction, container: &Container, address: &str) -> Option<u16> {
    let mut stream = connect(&get.port, container, address).await?;
    let path = get.path.as_deref().unwrap_or("/");
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: kube-probe/1.36\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.ok()?;
    let status = std::str::from_utf8(&head[9..]).ok()?.parse().ok();
    // Read to the end, so that the server sees no reset.
    let _ = stream.read_to_end(&mut Vec::new()).await;
    status
}
