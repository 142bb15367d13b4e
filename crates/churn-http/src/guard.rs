//! Time limits on a connection that the HTTP library does not have: a peer that does not read,
//! and a request's head as against the quiet time between two requests.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep as TokioSleep, sleep, sleep_until};

use super::places::Place;

/// What the two guards of a connection tell each other.
#[derive(Debug, Clone, Default)]
pub(super) struct Phase(Arc<Flags>);

#[derive(Debug, Default)]
struct Flags {
    /// The wait for the first head has begun.
    begun: AtomicBool,
    /// Bytes have come in since the wait for a head began.
    received: AtomicBool,
}

/// A stream that fails when its peer takes nothing for too long.
pub(super) struct Guarded<S> {
    inner: S,
    phase: Phase,
    write_timeout: Duration,
    /// Runs while a write waits.
    stalled: Option<Pin<Box<TokioSleep>>>,
}

impl<S> Guarded<S> {
    pub(super) const fn new(inner: S, phase: Phase, write_timeout: Duration) -> Self {
        Self {
            inner,
            phase,
            write_timeout,
            stalled: None,
        }
    }

    /// Passes on what a write came to, and fails if it has come to nothing for too long.
    fn guard<T>(
        &mut self,
        cx: &mut Context<'_>,
        outcome: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.stalled = None;
            return outcome;
        }
        let timeout = self.write_timeout;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(timeout)));
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.inner).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.phase.0.received.store(true, Ordering::Relaxed);
        }
        outcome
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.guard(cx, outcome)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.inner).poll_flush(cx);
        self.guard(cx, outcome)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.inner).poll_shutdown(cx);
        self.guard(cx, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.inner).poll_write_vectored(cx, slices);
        self.guard(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

/// The timer of one connection. hyper knows one time limit, from the end of a request to the head
/// of the next. We give it the long one, and cut it to the short one once the head has begun.
#[derive(Debug, Clone)]
pub(super) struct HeadTimer {
    pub(super) phase: Phase,
    /// Hears that a head is waited for.
    pub(super) place: Arc<Place>,
    pub(super) head: Duration,
}

impl Timer for HeadTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(Instant::now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        self.phase.0.received.store(false, Ordering::Relaxed);
        self.place.idle();
        // A new connection has no reason to be quiet.
        let first = !self.phase.0.begun.swap(true, Ordering::Relaxed);
        let head = Instant::now() + self.head;
        let deadline = if first { deadline.min(head) } else { deadline };
        Box::pin(HeadSleep {
            timer: self.clone(),
            cut: false,
            sleep: Box::pin(sleep_until(deadline.into())),
        })
    }
}

struct HeadSleep {
    timer: HeadTimer,
    cut: bool,
    sleep: Pin<Box<TokioSleep>>,
}

impl Future for HeadSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if !self.cut && self.timer.phase.0.received.load(Ordering::Relaxed) {
            self.cut = true;
            let deadline = (Instant::now() + self.timer.head).into();
            if deadline < self.sleep.deadline() {
                self.sleep.as_mut().reset(deadline);
            }
        }
        self.sleep.as_mut().poll(cx)
    }
}

impl Sleep for HeadSleep {}
