//! One connection: requests in, answers out, each within its time.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::header::{CONNECTION, HOST, TRANSFER_ENCODING};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Version};
use axum::response::IntoResponse;
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::select;
use tokio::time::timeout;
use tower::Service as _;

use super::events::{Events, Level};
use super::guard::{Guarded, HeadTimer, Phase};
use super::limits::Limits;
use super::places::Place;
use super::problem::Problem;
use super::refusal::Worded;
use super::stop::Stop;

/// What the connections of a listener share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) router: Router,
    pub(super) limits: Limits,
    /// Answers ask for the connection to be closed once this is turned.
    pub(super) draining: Stop,
    /// Connections end after the request at hand once this is turned.
    pub(super) ending: Stop,
    pub(super) events: Events,
}

/// Who sent a request, among the request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// Serves a connection to its end. Trouble with one peer is nobody's but his.
pub(super) async fn serve<S>(stream: S, peer: SocketAddr, place: Arc<Place>, shared: Arc<Shared>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (limits, phase) = (shared.limits, Phase::default());
    let timer = HeadTimer {
        phase: phase.clone(),
        place: Arc::clone(&place),
        head: limits.header_timeout,
    };
    let guarded = Guarded::new(stream, phase, limits.write_timeout);
    let io = TokioIo::new(Worded::new(guarded));
    let ending = shared.ending.clone();
    let connection = http1::Builder::new()
        .timer(timer)
        .header_read_timeout(limits.header_timeout.max(limits.keep_alive))
        .max_buf_size(64 << 10)
        .serve_connection(
            io,
            Front {
                shared,
                peer,
                place,
            },
        );
    let mut connection = pin!(connection);
    select! {
        biased;
        // A peer that goes away, stalls or speaks no HTTP: hyper has answered where there is an answer.
        _ = connection.as_mut() => return,
        () = ending.wait() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// What stands before the router on every request.
struct Front {
    shared: Arc<Shared>,
    peer: SocketAddr,
    place: Arc<Place>,
}

type Answer = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

impl Service<Request<Incoming>> for Front {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answer;

    fn call(&self, mut request: Request<Incoming>) -> Answer {
        request.extensions_mut().insert(Peer(self.peer));
        let shared = Arc::clone(&self.shared);
        let place = Arc::clone(&self.place);
        match request.body().is_end_stream() {
            true => place.working(),
            false => place.receiving(),
        }
        Box::pin(async move {
            let request = request.map(|body| {
                let place = Arc::clone(&place);
                Body::new(Arriving { body, place })
            });
            let mut response = answer(request, &shared).await;
            // Whatever of the request is still to come: it is answered now.
            place.working();
            if shared.draining.is_triggered() || response.status() == StatusCode::REQUEST_TIMEOUT {
                let headers = response.headers_mut();
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok(response)
        })
    }
}

/// The body of a request, which tells when all of it has come.
struct Arriving {
    body: Incoming,
    place: Arc<Place>,
}

impl hyper::body::Body for Arriving {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if frame.is_none() || self.body.is_end_stream() {
            self.place.working();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

async fn answer(request: Request<Body>, shared: &Shared) -> Response<Body> {
    let needs_host = request.version() == Version::HTTP_11;
    if let Some(why) = ambiguity(request.headers(), needs_host) {
        let close = HeaderValue::from_static("close");
        let problem = Problem::malformed(why);
        return problem.header(CONNECTION, close).into_response();
    }
    let mut router = shared.router.clone();
    let within = timeout(
        shared.limits.request_timeout,
        unwinding(router.call(request)),
    );
    match within.await {
        Ok(Some(Ok(response))) => response,
        Ok(None) => {
            let message = "a bug in churnctl: a request panicked";
            shared.events.say(Level::Error, message);
            Problem::bug().into_response()
        }
        Err(_) => {
            let seconds = shared.limits.request_timeout.as_secs_f64();
            let detail = format!("The request took longer than {seconds} s.");
            Problem::new(StatusCode::REQUEST_TIMEOUT, "timeout", detail).into_response()
        }
    }
}

/// Returns why a proxy before us may have taken the request for another host's, or for another
/// length, if it may have. The HTTP library looks to the rest: it refuses two lengths that differ,
/// and closes the connection after a length beside chunks.
fn ambiguity(headers: &HeaderMap, needs_host: bool) -> Option<&'static str> {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if needs_host => return Some("HTTP/1.1 needs a Host header."),
        (Some(_), Some(_)) => return Some("There are two Host headers."),
        (Some(host), None) if !is_host(host) => return Some("The Host header is not a host."),
        (None, _) | (Some(_), None) => {}
    }
    let mut encodings = headers.get_all(TRANSFER_ENCODING).iter();
    let is_chunked = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"chunked");
    let is_plain = match (encodings.next(), encodings.next()) {
        (None, _) => true,
        (Some(one), None) => is_chunked(one),
        (Some(_), Some(_)) => false,
    };
    (!is_plain).then_some("The only transfer encoding is chunked, once.")
}

/// Tells whether this is a host, perhaps with a port; RFC 9112, 3.2 lets it be empty.
fn is_host(value: &HeaderValue) -> bool {
    let bytes = value.as_bytes();
    bytes.is_empty() || (!bytes.contains(&b'@') && Authority::try_from(bytes).is_ok())
}

/// Drives a future to its end; none if it panicked. The message is with the process's panic hook.
pub async fn unwinding<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| {
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx)));
        match polled {
            Ok(polled) => polled.map(Some),
            Err(_) => std::task::Poll::Ready(None),
        }
    })
    .await
}
