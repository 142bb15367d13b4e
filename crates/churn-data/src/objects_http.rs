//! How requests to object stores go out: hyper with rustls, and an end to every wait. What is
//! asked and how often it is tried again is not decided here.

use std::error::Error as StdError;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use churn_base::deadlines::{Deadlines, Overdue, Remote};
use churn_base::proxies::Proxy;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::{HeaderMap, HeaderValue, PROXY_AUTHORIZATION, RANGE, USER_AGENT};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector as TcpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody,
    HttpResponse, HttpResponseBody, HttpService,
};
use object_store::{ClientConfigKey, ClientOptions};
use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::time::{Instant, Sleep, sleep_until};

use super::objects_proxy::{Route, ThroughProxy};

/// How slowly a store may take what we send, and send what we take.
const SLOWEST_BYTES_PER_SECOND: u64 = 64 << 10;
/// How long an answer may be that is not of a range: a list of a thousand names is far below.
const LONGEST_BYTES: u64 = 64 << 20;
/// Where credentials of a machine are asked for: there is such a neighbour, or there is none.
const CONNECT_HERE: Duration = Duration::from_secs(1);

/// Makes clients.
#[derive(Debug, Clone)]
pub(super) struct Connector {
    deadlines: Deadlines,
}

impl Default for Connector {
    fn default() -> Self {
        Self {
            deadlines: Deadlines::of(Remote::ObjectStore),
        }
    }
}

/// Why a request came to nothing without anybody's word.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Late(#[from] Overdue),
    #[error("the answer is longer than {0} bytes")]
    Endless(u64),
    #[error("it must be asked by https, not http")]
    NotEncrypted,
}

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let is_set = |key| options.get_config_value(&key).as_deref() == Some("true");
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(rustls::ConfigBuilder::with_platform_verifier)
            .map_err(|error| object_store::Error::Generic {
                store: "TLS",
                source: Box::new(error),
            })?
            .with_no_client_auth();
        let mut tcp = TcpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(Duration::from_secs(30)));
        let is_near = options
            .get_config_value(&ClientConfigKey::ConnectTimeout)
            .is_some_and(|text| text == "1s");
        let connect = match is_near {
            true => CONNECT_HERE.min(self.deadlines.connect),
            false => self.deadlines.connect,
        };
        tcp.set_connect_timeout(Some(connect));
        // Once for the proxy, which may want TLS of its own, and once for the store behind it.
        let secured = |config: ClientConfig| {
            let builder = HttpsConnectorBuilder::new().with_tls_config(config);
            builder.https_or_http().enable_http1()
        };
        let route = match options.get_config_value(&ClientConfigKey::ProxyUrl) {
            _ if is_near => Route::Straight,
            None => Route::ByEnvironment,
            Some(url) => {
                let excepted = options.get_config_value(&ClientConfigKey::ProxyExcludes);
                let proxy = Proxy::parse("PROXY_URL", &url);
                let proxy = proxy.map_err(|error| object_store::Error::Generic {
                    store: "proxy",
                    source: error.to_string().into(),
                })?;
                Route::Fixed(proxy, excepted.unwrap_or_default())
            }
        };
        let through = ThroughProxy {
            inner: secured(config.clone()).wrap_connector(tcp),
            route: route.clone(),
        };
        let connector = secured(config).wrap_connector(through);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .build(connector);
        Ok(HttpClient::new(Service {
            client,
            route,
            deadlines: self.deadlines,
            may_be_plain: is_set(ClientConfigKey::AllowHttp),
        }))
    }
}

type Connections = HttpsConnector<ThroughProxy<HttpsConnector<TcpConnector>>>;

#[derive(Debug)]
struct Service {
    client: Client<Connections, HttpRequestBody>,
    route: Route,
    deadlines: Deadlines,
    may_be_plain: bool,
}

impl HttpService for Service {
    fn call<'a, 'b>(
        &'a self,
        mut request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async move {
            if !self.may_be_plain && request.uri().scheme_str() != Some("https") {
                return Err(HttpError::new(HttpErrorKind::Unknown, Fault::NotEncrypted));
            }
            // A proxy reads what is not encrypted, its own login among it.
            let proxy = match request.uri().scheme_str() {
                Some("http") => self.route.before(request.uri()).ok().flatten(),
                _ => None,
            };
            let name = concat!("churnctl/", env!("CARGO_PKG_VERSION"));
            let headers = request.headers_mut();
            headers.insert(USER_AGENT, HeaderValue::from_static(name));
            if let Some(login) = proxy
                .filter(|proxy| !proxy.is_socks())
                .and_then(|proxy| proxy.basic_auth())
            {
                headers.insert(PROXY_AUTHORIZATION, login);
            }
            let most = asked_bytes(request.headers()).max(LONGEST_BYTES);
            let length = request.body().content_length() as u64;
            let sending = Duration::from_secs(length / SLOWEST_BYTES_PER_SECOND);
            let sent = Deadlines {
                first_byte: self.deadlines.first_byte + sending,
                ..self.deadlines
            };
            let wait = sent.begin().first_byte();
            let answer = wait
                .for_it(self.client.request(request))
                .await
                .map_err(late)?
                .map_err(|error| HttpError::new(kind(&error), error))?;
            let (parts, body) = answer.into_parts();
            let body = Patient {
                body,
                deadlines: self.deadlines,
                most,
                received: 0,
                waited: Duration::ZERO,
                waiting: None,
            };
            Ok(HttpResponse::from_parts(parts, HttpResponseBody::new(body)))
        })
    }
}

/// What of the kind matters is whether the request may be made again.
fn kind(error: &hyper_util::client::legacy::Error) -> HttpErrorKind {
    if error.is_connect() {
        return HttpErrorKind::Connect;
    }
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<hyper::Error>()
            && (error.is_closed() || error.is_incomplete_message() || error.is_body_write_aborted())
        {
            return HttpErrorKind::Request;
        }
        if error.is::<std::io::Error>() {
            return HttpErrorKind::Interrupted;
        }
        cause = error.source();
    }
    HttpErrorKind::Unknown
}

/// Returns how many bytes a request asks for by `Range: bytes=FIRST-LAST`; 0 if by none.
fn asked_bytes(headers: &HeaderMap) -> u64 {
    let range = headers.get(RANGE).and_then(|range| range.to_str().ok());
    let ends = range.and_then(|range| range.strip_prefix("bytes=")?.split_once('-'));
    let ends = ends.and_then(|(first, last)| Some((first.parse().ok()?, last.parse().ok()?)));
    ends.map_or(0, |(first, last): (u64, u64)| {
        last.saturating_sub(first).saturating_add(1)
    })
}

fn late(overdue: Overdue) -> HttpError {
    HttpError::new(HttpErrorKind::Timeout, Fault::Late(overdue))
}

/// A body that fails when nothing more comes, or next to nothing. Only waits count: whoever reads may
/// take his time.
#[derive(Debug)]
struct Patient {
    body: Incoming,
    deadlines: Deadlines,
    most: u64,
    received: u64,
    /// For what has come.
    waited: Duration,
    /// The wait that is on, since when, and what is said at its end.
    waiting: Option<(Instant, Overdue, Pin<Box<Sleep>>)>,
}

impl Patient {
    /// Begins to wait for the next bytes.
    fn wait(&self) -> (Instant, Overdue, Pin<Box<Sleep>>) {
        let slow = Duration::from_secs(self.received / SLOWEST_BYTES_PER_SECOND);
        let left = |most: Duration| most.saturating_sub(self.waited);
        let now = Instant::now();
        let wait = Deadlines {
            idle: self.deadlines.idle.min(left(self.deadlines.idle + slow)),
            total: left(self.deadlines.total),
            ..self.deadlines
        };
        let wait = wait.begin().idle();
        let end = wait.left().map_or(now, |left| now + left);
        let overdue = wait.overdue().as_set(&self.deadlines);
        (now, overdue, Box::pin(sleep_until(end)))
    }
}

impl Body for Patient {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            if let Some((since, ..)) = self.waiting.take() {
                self.waited += since.elapsed();
            }
            if let Some(Ok(frame)) = &frame {
                self.received += frame.data_ref().map_or(0, |data| data.len() as u64);
            }
            if self.received > self.most {
                let endless = Fault::Endless(self.most);
                return Poll::Ready(Some(Err(HttpError::new(HttpErrorKind::Decode, endless))));
            }
            return Poll::Ready(frame.map(|frame| {
                frame.map_err(|error| HttpError::new(HttpErrorKind::Interrupted, error))
            }));
        }
        if self.waiting.is_none() {
            self.waiting = Some(self.wait());
        }
        let Some((_, overdue, end)) = &mut self.waiting else {
            return Poll::Pending;
        };
        let overdue = *overdue;
        end.as_mut()
            .poll(context)
            .map(|()| Some(Err(late(overdue))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
