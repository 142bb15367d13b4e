//! Connections to object stores through a proxy, or straight. Which proxy it is has been decided.

use std::error::Error as StdError;
use std::pin::Pin;
use std::task::{Context, Poll};

use churn_base::error::Result as Settled;
use churn_base::proxies::{self, Proxy};
use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::legacy::connect::{Connected, Connection};
use tower::Service;

type Fault = Box<dyn StdError + Send + Sync>;

/// Which proxy stands before a server.
#[derive(Debug, Clone)]
pub(super) enum Route {
    /// None, whatever the environment says: the server is a neighbour.
    Straight,
    /// The one that the environment names.
    ByEnvironment,
    /// The one of this store alone, but for these servers.
    Fixed(Proxy, String),
}

impl Route {
    /// Returns the proxy before a server.
    pub(super) fn before(&self, server: &Uri) -> Settled<Option<Proxy>> {
        match self {
            Self::Straight => Ok(None),
            Self::ByEnvironment => proxies::before(server),
            Self::Fixed(_, exceptions) if proxies::is_excepted(server, exceptions) => Ok(None),
            Self::Fixed(proxy, _) => Ok(Some(proxy.clone())),
        }
    }
}

/// Opens connections with `C`, to the server or to a proxy that passes the bytes on.
#[derive(Debug, Clone)]
pub(super) struct ThroughProxy<C> {
    pub(super) inner: C,
    pub(super) route: Route,
}

impl<C> Service<Uri> for ThroughProxy<C>
where
    C: Service<Uri, Error = Fault> + Clone + Send + 'static,
    C::Response: Read + Write + Unpin + Send + 'static,
    C::Future: Send + 'static,
{
    type Response = Stream<C::Response>;
    type Error = Fault;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Fault>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, server: Uri) -> Self::Future {
        let mut inner = self.inner.clone();
        let proxy = self.route.before(&server);
        Box::pin(async move {
            let is_plain = server.scheme_str() == Some("http");
            let proxy = match proxy {
                Ok(Some(proxy)) => proxy,
                Ok(None) => return inner.call(server).await.map(Stream::to_server),
                Err(error) => return Err(error.to_string().into()),
            };
            let at = proxy.uri().clone();
            if proxy.is_socks() {
                let mut socks = SocksV5::new(at, inner);
                if let Some((user, password)) = proxy.login() {
                    socks = socks.with_auth(user.to_owned(), password.to_owned());
                }
                return Ok(Stream::to_server(socks.call(with_port(server)).await?));
            }
            // Many proxies open tunnels to port 443 alone: what is not encrypted is asked of them.
            if is_plain {
                let stream = inner.call(at).await?;
                return Ok(Stream {
                    stream,
                    asks_proxy: true,
                });
            }
            let mut tunnel = Tunnel::new(at, inner);
            if let Some(login) = proxy.basic_auth() {
                tunnel = tunnel.with_auth(login);
            }
            Ok(Stream::to_server(tunnel.call(server).await?))
        })
    }
}

/// Returns the same with a port: the connector behind takes 443 where there is none.
fn with_port(server: Uri) -> Uri {
    if server.scheme_str() != Some("http") || server.port().is_some() {
        return server;
    }
    let host = server.host().unwrap_or_default();
    let named = Uri::builder()
        .scheme("http")
        .authority(format!("{host}:80"));
    named.path_and_query("/").build().unwrap_or(server)
}

/// A connection that knows who reads what is sent on it.
#[derive(Debug)]
pub(super) struct Stream<S> {
    stream: S,
    /// The proxy reads the requests: they name the server's whole URL.
    asks_proxy: bool,
}

impl<S> Stream<S> {
    const fn to_server(stream: S) -> Self {
        Self {
            stream,
            asks_proxy: false,
        }
    }
}

impl<S: Connection> Connection for Stream<S> {
    fn connected(&self) -> Connected {
        self.stream.connected().proxy(self.asks_proxy)
    }
}

impl<S: Read + Unpin> Read for Stream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: Write + Unpin> Write for Stream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
