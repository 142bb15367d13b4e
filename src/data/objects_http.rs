//! How requests to object stores go out: hyper with rustls, and an end to every wait. What is
//! asked and how often it is tried again is not decided here.

use std::error::Error as StdError;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::{HeaderValue, PROXY_AUTHORIZATION, USER_AGENT};
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
use tokio::time::{Instant, Sleep, sleep, timeout};

use super::objects_proxy::{Route, ThroughProxy};
use crate::proxies::Proxy;

/// How long a store may say nothing.
const PATIENCE: Duration = Duration::from_secs(15);
/// How slowly it may take what we send.
const SLOWEST_BYTES_PER_SECOND: u64 = 64 << 10;
const CONNECT: Duration = Duration::from_secs(5);
/// Where credentials of a machine are asked for: there is such a neighbour, or there is none.
const CONNECT_HERE: Duration = Duration::from_secs(1);

/// Makes clients.
#[derive(Debug, Clone)]
pub(super) struct Connector {
    patience: Duration,
}

impl Default for Connector {
    fn default() -> Self {
        Self { patience: PATIENCE }
    }
}

/// Why a request came to nothing without anybody's word.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("nothing came for {} seconds", .0.as_secs())]
    Silence(Duration),
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
        tcp.set_connect_timeout(Some(if is_near { CONNECT_HERE } else { CONNECT }));
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
            patience: self.patience,
            may_be_plain: is_set(ClientConfigKey::AllowHttp),
        }))
    }
}

type Connections = HttpsConnector<ThroughProxy<HttpsConnector<TcpConnector>>>;

#[derive(Debug)]
struct Service {
    client: Client<Connections, HttpRequestBody>,
    route: Route,
    patience: Duration,
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
            let length = request.body().content_length() as u64;
            let sending = Duration::from_secs(length / SLOWEST_BYTES_PER_SECOND);
            let silence = || HttpError::new(HttpErrorKind::Timeout, Fault::Silence(self.patience));
            let answer = timeout(self.patience + sending, self.client.request(request))
                .await
                .map_err(|_| silence())?
                .map_err(|error| HttpError::new(kind(&error), error))?;
            let (parts, body) = answer.into_parts();
            let body = Patient {
                body,
                patience: self.patience,
                end: Box::pin(sleep(self.patience)),
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

/// A body that fails when nothing more comes.
#[derive(Debug)]
struct Patient {
    body: Incoming,
    patience: Duration,
    end: Pin<Box<Sleep>>,
}

impl Body for Patient {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        let patience = self.patience;
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(frame) => {
                self.end.as_mut().reset(Instant::now() + patience);
                Poll::Ready(frame.map(|frame| {
                    frame.map_err(|error| HttpError::new(HttpErrorKind::Interrupted, error))
                }))
            }
            Poll::Pending => self.end.as_mut().poll(context).map(|()| {
                let silence = Fault::Silence(patience);
                Some(Err(HttpError::new(HttpErrorKind::Timeout, silence)))
            }),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
