//! gRPC over one HTTP/2 connection, as much of it as Spark Connect takes: a message out, messages
//! in, a status at the end. What the messages mean is told elsewhere.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use bytes::{Buf as _, Bytes, BytesMut};
use churn_base::deadlines::{Deadlines, Overdue, Running, Wait};
use churn_base::percent::decoded_leniently;
use churn_base::secret::Secret;
use h2::client::{Builder, SendRequest};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, TE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::runtime::{self, Runtime};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::spark_protocol::Malformed;

/// The most bytes of one message, as Spark's own clients allow.
const MOST_BYTES: usize = 128 << 20;
/// Bytes that may be under way to us: a few batches.
const WINDOW: u32 = 8 << 20;
/// A server that is gone without a word is noticed after some 75 s.
const KEEPALIVE: TcpKeepalive = TcpKeepalive::new()
    .with_time(Duration::from_secs(30))
    .with_interval(Duration::from_secs(15))
    .with_retries(3);

/// What a call can come to beside answers.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// Nobody is there, or the connection broke.
    #[error(transparent)]
    Lost(#[from] io::Error),
    /// The server says no.
    #[error("{}", .0.message)]
    Refused(Status),
    /// It answers in another language.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

impl From<Overdue> for Fault {
    fn from(overdue: Overdue) -> Self {
        Self::Lost(overdue.into())
    }
}

impl From<h2::Error> for Fault {
    fn from(error: h2::Error) -> Self {
        Self::Lost(if error.is_io() {
            let kind = error.get_io().map(io::Error::kind);
            io::Error::new(kind.unwrap_or(io::ErrorKind::Other), error)
        } else {
            io::Error::other(error)
        })
    }
}

/// The end of a call that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Status {
    /// By gRPC's numbers.
    pub(super) code: u32,
    pub(super) message: String,
    /// A `google.rpc.Status`.
    pub(super) details: Vec<u8>,
}

/// Takes a message and says whether it wants the next one.
type Each<'a> = dyn FnMut(&[u8]) -> Result<ControlFlow<()>, Fault> + 'a;

/// Where a server is and how it is spoken to.
#[derive(Clone)]
pub(super) struct Endpoint {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: Option<Arc<ClientConfig>>,
    pub(super) token: Option<Secret>,
    pub(super) headers: Vec<(String, Secret)>,
}

/// A connection.
pub(super) struct Channel {
    runtime: Runtime,
    requests: SendRequest<Bytes>,
    running: Running,
    base: String,
    headers: HeaderMap,
}

impl Channel {
    /// Connects within a time.
    pub(super) fn open(endpoint: &Endpoint, deadlines: Deadlines) -> Result<Self, Fault> {
        let running = deadlines.begin();
        let wait = running.connect();
        let headers = endpoint.header_map()?;
        let runtime = runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()?;
        let requests = runtime.block_on(async { wait.for_it(connect(endpoint)).await })??;
        let Endpoint { host, port, .. } = endpoint;
        let scheme = endpoint.tls.as_ref().map_or("http", |_| "https");
        let host = match host.contains(':') {
            true => format!("[{host}]"),
            false => host.clone(),
        };
        Ok(Self {
            runtime,
            requests,
            running,
            base: format!("{scheme}://{host}:{port}/spark.connect.SparkConnectService/"),
            headers,
        })
    }

    /// Sends a message and returns the one that comes back, within a time of its own or that of any answer.
    pub(super) fn call(
        &mut self,
        method: &str,
        message: Vec<u8>,
        within: Option<Duration>,
    ) -> Result<Vec<u8>, Fault> {
        let mut answer = None;
        let one = &mut |message: &[u8]| {
            answer = Some(message.to_vec());
            Ok(ControlFlow::Continue(()))
        };
        let request = self.request(method)?;
        let first = self.running.first_byte();
        let waits = (self.running, first);
        let exchange = exchange(self.requests.clone(), request, message, waits, one);
        match within {
            None => self.runtime.block_on(exchange)?,
            Some(within) => self
                .runtime
                .block_on(async { timeout(within, exchange).await })
                .map_err(|_| {
                    let seconds = within.as_secs();
                    let said = format!("no answer within {seconds} s");
                    io::Error::new(io::ErrorKind::TimedOut, said)
                })??,
        };
        answer.ok_or(Fault::Malformed(Malformed("there is none")))
    }

    /// Sends a message and hands on those that come back, until `each` breaks off.
    pub(super) fn stream(
        &mut self,
        method: &str,
        message: Vec<u8>,
        each: &mut Each<'_>,
    ) -> Result<(), Fault> {
        let request = self.request(method)?;
        let waits = (self.running, self.running.first_byte());
        let exchange = exchange(self.requests.clone(), request, message, waits, each);
        self.runtime.block_on(exchange)
    }

    fn request(&self, method: &str) -> Result<Request<()>, Fault> {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(format!("{}{method}", self.base))
            .body(())
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        *request.headers_mut() = self.headers.clone();
        Ok(request)
    }
}

impl Endpoint {
    fn header_map(&self) -> Result<HeaderMap, Fault> {
        let bad = |name: &str| {
            let said = format!("{name} is not a header of HTTP");
            io::Error::new(io::ErrorKind::InvalidInput, said)
        };
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert(TE, HeaderValue::from_static("trailers"));
        headers.insert(
            USER_AGENT,
            HeaderValue::from_static(concat!("churnctl/", env!("CARGO_PKG_VERSION"))),
        );
        if let Some(token) = &self.token {
            let value = HeaderValue::try_from(format!("Bearer {}", token.expose()));
            let mut value = value.map_err(|_| bad("the token"))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        for (name, value) in &self.headers {
            let parsed = HeaderName::try_from(name.as_str()).map_err(|_| bad(name))?;
            let mut value = HeaderValue::try_from(value.expose()).map_err(|_| bad(name))?;
            value.set_sensitive(true);
            headers.insert(parsed, value);
        }
        Ok(headers)
    }
}

async fn connect(endpoint: &Endpoint) -> Result<SendRequest<Bytes>, Fault> {
    let stream = TcpStream::connect((endpoint.host.as_str(), endpoint.port)).await?;
    stream.set_nodelay(true)?;
    SockRef::from(&stream).set_tcp_keepalive(&KEEPALIVE)?;
    let Some(tls) = &endpoint.tls else {
        return handshake(stream).await;
    };
    let name = ServerName::try_from(endpoint.host.clone())
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    let stream = TlsConnector::from(Arc::clone(tls)).connect(name, stream);
    handshake(stream.await?).await
}

async fn handshake<T>(stream: T) -> Result<SendRequest<Bytes>, Fault>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (requests, connection) = Builder::new()
        .enable_push(false)
        .initial_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .handshake(stream)
        .await?;
    // What goes wrong there, every call hears of.
    tokio::spawn(connection);
    Ok(requests)
}

async fn exchange(
    requests: SendRequest<Bytes>,
    request: Request<()>,
    message: Vec<u8>,
    (running, first): (Running, Wait),
    each: &mut Each<'_>,
) -> Result<(), Fault> {
    let ready = first.for_it(requests.ready()).await??;
    let (response, mut out) = { ready }.send_request(request, false)?;
    let length = u32::try_from(message.len()).map_err(io::Error::other)?;
    let mut framed = Vec::with_capacity(message.len() + 5);
    framed.push(0);
    framed.extend_from_slice(&length.to_be_bytes());
    framed.extend_from_slice(&message);
    out.send_data(framed.into(), true)?;
    let response = first.for_it(response).await??;
    refusal_without_status(response.status(), response.headers())?;
    // A call that fails at once has its status where answers begin.
    if response.headers().contains_key("grpc-status") {
        return ended(response.headers());
    }
    let mut body = response.into_body();
    let mut buffered = BytesMut::new();
    // Whole messages count: one that trickles in is as good as none.
    let mut wait = first;
    while let Some(chunk) = wait.for_it(body.data()).await? {
        let chunk = chunk?;
        body.flow_control().release_capacity(chunk.len())?;
        buffered.extend_from_slice(&chunk);
        while let Some(length) = whole(&buffered)? {
            let flow = each(&buffered[5..5 + length])?;
            buffered.advance(5 + length);
            wait = running.idle();
            if flow.is_break() {
                return Ok(());
            }
        }
    }
    match wait.for_it(body.trailers()).await?? {
        Some(trailers) => ended(&trailers),
        None => Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
    }
}

/// Returns the length of the first message, once it has come.
fn whole(buffered: &[u8]) -> Result<Option<usize>, Malformed> {
    let Some(&[compressed, a, b, c, d]) = buffered.first_chunk() else {
        return Ok(None);
    };
    let length = u32::from_be_bytes([a, b, c, d]) as usize;
    if compressed != 0 {
        return Err(Malformed("it is compressed, unasked"));
    }
    if length > MOST_BYTES {
        return Err(Malformed("it has more than 128 MiB"));
    }
    Ok((buffered.len() >= 5 + length).then_some(length))
}

/// What no gRPC server says, but what stands before one may.
fn refusal_without_status(status: StatusCode, headers: &HeaderMap) -> Result<(), Fault> {
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let is_grpc = kind.is_some_and(|kind| kind.starts_with(b"application/grpc"));
    if status == StatusCode::OK && is_grpc {
        return Ok(());
    }
    let code = match status.as_u16() {
        401 => UNAUTHENTICATED,
        403 => PERMISSION_DENIED,
        429 | 502..=504 => UNAVAILABLE,
        _ => return Err(Malformed("it is not gRPC").into()),
    };
    Err(Fault::Refused(Status {
        code,
        message: format!("HTTP status {status}"),
        details: Vec::new(),
    }))
}

/// gRPC's numbers that mean something here.
pub(super) const CANCELLED: u32 = 1;
pub(super) const DEADLINE_EXCEEDED: u32 = 4;
pub(super) const PERMISSION_DENIED: u32 = 7;
pub(super) const RESOURCE_EXHAUSTED: u32 = 8;
pub(super) const ABORTED: u32 = 10;
pub(super) const UNIMPLEMENTED: u32 = 12;
pub(super) const UNAVAILABLE: u32 = 14;
pub(super) const UNAUTHENTICATED: u32 = 16;

/// Reads the status that ends a call.
fn ended(trailers: &HeaderMap) -> Result<(), Fault> {
    let get = |name: &str| trailers.get(name).map(HeaderValue::as_bytes);
    let code = get("grpc-status")
        .and_then(|code| std::str::from_utf8(code).ok()?.parse().ok())
        .ok_or(Malformed("its status is missing"))?;
    if code == 0 {
        return Ok(());
    }
    let details = get("grpc-status-details-bin").unwrap_or_default();
    let details = details
        .trim_ascii_end()
        .strip_suffix(b"=")
        .unwrap_or(details);
    let details = details.strip_suffix(b"=").unwrap_or(details);
    Err(Fault::Refused(Status {
        code,
        message: decoded_leniently(get("grpc-message").unwrap_or_default()),
        details: STANDARD_NO_PAD
            .decode(details)
            .or_else(|_| URL_SAFE_NO_PAD.decode(details))
            .unwrap_or_default(),
    }))
}

/// Where servers listen if nobody says otherwise.
pub(super) const PORT: u16 = 15002;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_taken_when_it_is_whole() {
        assert_eq!(whole(&[0, 0, 0]), Ok(None));
        assert_eq!(whole(&[0, 0, 0, 0, 2, 7]), Ok(None));
        assert_eq!(whole(&[0, 0, 0, 0, 2, 7, 8]), Ok(Some(2)));
        assert_eq!(whole(&[0, 0, 0, 0, 0]), Ok(Some(0)));
        assert!(whole(&[1, 0, 0, 0, 0]).is_err());
        assert!(whole(&[0, 0xff, 0, 0, 0]).is_err());
    }

    #[test]
    fn a_status_is_read_with_its_words() {
        let mut trailers = HeaderMap::new();
        assert!(matches!(ended(&trailers), Err(Fault::Malformed(_))));
        trailers.insert("grpc-status", HeaderValue::from_static("0"));
        assert!(ended(&trailers).is_ok());
        trailers.insert("grpc-status", HeaderValue::from_static("13"));
        trailers.insert("grpc-message", HeaderValue::from_static("50%25 %C3%BC%"));
        for padded in ["CA0", "CA0="] {
            trailers.insert("grpc-status-details-bin", HeaderValue::from_static(padded));
            let Err(Fault::Refused(status)) = ended(&trailers) else {
                panic!("a refusal was expected");
            };
            assert_eq!(
                status,
                Status {
                    code: 13,
                    message: "50% \u{fc}%".into(),
                    details: vec![8, 13]
                }
            );
        }
    }
}
