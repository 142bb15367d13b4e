//! Listeners that cannot be starved, stalled or stopped half-way: limits on time, size and number,
//! and an orderly end. What is answered is the router's affair.

use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use churn_base::error::{Error, Result};
use churn_base::exit::ExitCode;
use churn_base::threads;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::select;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout, timeout_at};

use super::connection::{self, Shared};
pub use super::connection::{Peer, unwinding};
use super::descriptors::room_for_connections;
use super::events::{Event, Events, Inbox, Level};
pub use super::limits::Limits;
use super::places::{Place, Places};
use super::problem;
use super::stop::Stop;
use super::tls::{Tls, TlsFiles};

/// Connections that the kernel keeps for us until we take them.
const BACKLOG: u32 = 1024;
/// How long connections stay open after the listener has closed, so that a request already on its
/// way is answered and its peer told to close.
const LINGER: Duration = Duration::from_millis(300);
/// How often to look for an idle connection when one is needed and there is none.
const LOOK: Duration = Duration::from_millis(10);
/// How long to wait after the kernel has no connection for us, such as without file descriptors.
const PAUSE: Duration = Duration::from_millis(50);

/// How a server ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drain {
    /// How long to go on after the wish to stop, so that whoever sends requests hears of it.
    pub delay: Duration,
    /// From the wish to stop to the end, whatever is still open.
    pub most: Duration,
}

impl Default for Drain {
    fn default() -> Self {
        Self {
            delay: Duration::ZERO,
            most: Duration::from_secs(25),
        }
    }
}

/// A listener in the making.
#[derive(Debug)]
pub struct Listen {
    /// Host and port; port 0 for any free one.
    pub address: String,
    /// What answers.
    pub router: Router,
    /// Its limits.
    pub limits: Limits,
    /// TLS, if wanted.
    pub tls: Option<TlsFiles>,
    /// Unknown paths and methods are answered by [`problem::dress`]; not where the router has a
    /// fallback of its own.
    pub dress: bool,
}

impl Listen {
    /// Makes a listener with the usual limits and no TLS.
    #[must_use]
    pub fn new(address: impl Into<String>, router: Router) -> Self {
        Self {
            address: address.into(),
            router,
            limits: Limits::default(),
            tls: None,
            dress: true,
        }
    }
}

/// Listeners, bound: connections are queued by the kernel, and answered once the server runs.
pub struct Server {
    runtime: Runtime,
    bound: Vec<Bound>,
    events: Events,
}

struct Bound {
    listener: TcpListener,
    address: SocketAddr,
    router: Router,
    limits: Limits,
    tls: Option<Arc<Tls>>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("addresses", &self.addresses())
            .finish_non_exhaustive()
    }
}

impl Server {
    /// Binds every listener. `threads` is how many threads answer.
    ///
    /// # Errors
    /// I/O (74) if an address cannot be bound or a TLS file read; bad settings (78) for an address
    /// or a TLS file that is none.
    pub fn bind(listens: Vec<Listen>, threads: usize, events: Events) -> Result<Self> {
        let mut builder = Builder::new_multi_thread();
        builder
            .worker_threads(threads.max(1))
            .thread_name("http")
            .max_blocking_threads(4)
            .thread_keep_alive(Duration::from_secs(1))
            .enable_all();
        let runtime = threads::runtime(&mut builder, "the server")?;
        let room = room_for_connections() / listens.len().max(1);
        let bound = runtime.block_on(async {
            let bind = |listen: Listen| -> Result<Bound> {
                let listener = bind(&listen.address)?;
                let mut limits = listen.limits;
                if limits.connections > room {
                    limits.connections = room;
                    let message = format!(
                        "at most {room} connections: the limit on open files (ulimit -n) allows no more"
                    );
                    events.say(Level::Warn, message);
                }
                let address = listener.local_addr().map_err(|error| {
                    let message = format!("cannot listen on {}", listen.address);
                    Error::new(ExitCode::Io, message).because(error)
                })?;
                Ok(Bound {
                    listener,
                    address,
                    router: match listen.dress {
                        true => problem::dress(listen.router),
                        false => listen.router,
                    },
                    limits,
                    tls: listen.tls.map(Tls::new).transpose()?.map(Arc::new),
                })
            };
            listens.into_iter().map(bind).collect::<Result<Vec<_>>>()
        })?;
        Ok(Self {
            runtime,
            bound,
            events,
        })
    }

    /// Returns the addresses in the order of the listeners, with the ports that port 0 came to.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.bound.iter().map(|bound| bound.address).collect()
    }

    /// Answers until `stop` is turned and everything is answered, or the drain's time is up.
    /// Meanwhile this thread hands events to `hear`.
    ///
    /// First answers ask for connections to be closed, for as long as the drain's delay; then
    /// connections that wait in the kernel are taken, the listeners closed, and what was begun is
    /// finished. Returns how many connections had to be cut.
    pub fn run(
        self,
        stop: &Stop,
        drain: Drain,
        inbox: Inbox,
        mut hear: impl FnMut(Event),
    ) -> usize {
        let Self {
            runtime,
            bound,
            events,
        } = self;
        let cut = runtime.spawn(run(bound, stop.clone(), drain, events.clone()));
        let finished = Stop::new();
        let told = finished.clone();
        let last_words = events.clone();
        let cut = runtime.spawn(async move {
            let cut = cut.await;
            told.trigger();
            // Wakes the thread that waits for events.
            last_words.say(Level::Debug, "the server has ended");
            cut.unwrap_or(0)
        });
        drop(events);
        while !finished.is_triggered() {
            if let Some(event) = inbox.next_within(Duration::from_secs(1)) {
                hear(event);
            }
        }
        let cut = runtime.block_on(cut).unwrap_or(0);
        while let Some(event) = inbox.next_within(Duration::ZERO) {
            hear(event);
        }
        // Tasks that are still there are the connections that were cut.
        runtime.shutdown_background();
        cut
    }
}

fn bind(address: &str) -> Result<TcpListener> {
    let refused = |error| {
        let message = format!("cannot listen on {address}");
        Error::new(ExitCode::Io, message)
            .because(error)
            .hint("another process may have the port; port 0 takes any that is free")
    };
    let resolved = address.to_socket_addrs().map_err(|error| {
        Error::bad_settings(format!("\"{address}\" is not an address to listen on"))
            .because(error)
            .hint("write HOST:PORT, such as 127.0.0.1:8000 or [::]:8000")
    })?;
    let mut failed = std::io::ErrorKind::AddrNotAvailable.into();
    for address in resolved {
        match bind_to(address) {
            Ok(listener) => return Ok(listener),
            Err(error) => failed = error,
        }
    }
    Err(refused(failed))
}

fn bind_to(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // A server that was restarted may have its port back while old connections die.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Lets the kernel drop the first packet of every new connection. Its sender tries again after a
/// second, and by then nobody listens.
#[cfg(target_os = "linux")]
fn refuse_newcomers(listener: &TcpListener) -> std::io::Result<()> {
    use socket2::SockFilter;
    /// Load the byte of the header at `k`; keep the bits of `k`; compare with `k`; return `k`.
    const LOAD_BYTE: u16 = 0x30;
    const AND: u16 = 0x54;
    const JUMP_IF_EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    const FLAGS_AT: u32 = 13;
    const SYN: u32 = 0x02;
    const ACK: u32 = 0x10;
    socket2::SockRef::from(listener).attach_filter(&[
        SockFilter::new(LOAD_BYTE, 0, 0, FLAGS_AT),
        SockFilter::new(AND, 0, 0, SYN | ACK),
        SockFilter::new(JUMP_IF_EQUAL, 0, 1, SYN),
        SockFilter::new(RETURN, 0, 0, 0),
        SockFilter::new(RETURN, 0, 0, u32::MAX),
    ])
}

/// Elsewhere a connection that comes in the very moment of closing is reset.
#[cfg(not(target_os = "linux"))]
fn refuse_newcomers(_: &TcpListener) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

async fn run(bound: Vec<Bound>, draining: Stop, drain: Drain, events: Events) -> usize {
    let (closing, ending) = (Stop::new(), Stop::new());
    let open = Arc::<AtomicUsize>::default();
    let mut connections = Vec::new();
    let mut accepting = Vec::new();
    for bound in bound {
        let most = bound.limits.connections.clamp(1, Semaphore::MAX_PERMITS);
        let permits = Arc::new(Semaphore::new(most));
        let per_peer = bound.limits.connections_per_peer;
        let per_peer = per_peer.unwrap_or(if most < 16 { most } else { most / 4 * 3 });
        // Who may have all waits for room like anybody else.
        let per_peer = if per_peer < most {
            per_peer
        } else {
            usize::MAX
        };
        let most = u32::try_from(most).unwrap_or(u32::MAX);
        connections.push((Arc::clone(&permits), most));
        let shared = Shared {
            router: bound.router,
            limits: bound.limits,
            draining: draining.clone(),
            ending: ending.clone(),
            events: events.clone(),
        };
        let door = Door {
            tls: bound.tls,
            permits,
            places: Arc::new(Places::new(per_peer)),
            open: Arc::clone(&open),
            shared: Arc::new(shared),
        };
        accepting.push(tokio::spawn(door.accept(bound.listener, closing.clone())));
    }
    draining.wait().await;
    let deadline = tokio::time::Instant::from_std(Instant::now() + drain.most);
    let _ = timeout_at(deadline, sleep(drain.delay)).await;
    closing.trigger();
    for accepting in accepting {
        let _ = accepting.await;
    }
    let all_gone = async {
        for (permits, most) in &connections {
            let _ = permits.acquire_many(*most).await;
        }
    };
    let mut all_gone = std::pin::pin!(all_gone);
    if timeout(LINGER, all_gone.as_mut()).await.is_ok() {
        return 0;
    }
    ending.trigger();
    if timeout_at(deadline, all_gone).await.is_ok() {
        return 0;
    }
    open.load(Ordering::Relaxed)
}

/// Where the connections of a listener come in.
struct Door {
    tls: Option<Arc<Tls>>,
    permits: Arc<Semaphore>,
    places: Arc<Places>,
    /// Connections that are open, of all listeners.
    open: Arc<AtomicUsize>,
    shared: Arc<Shared>,
}

impl Door {
    async fn accept(self, listener: TcpListener, closing: Stop) {
        let mut closed = std::pin::pin!(closing.wait());
        let mut in_hand = None;
        loop {
            let accepted = select! {
                accepted = listener.accept() => accepted,
                () = closed.as_mut() => break,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    self.pause(&error).await;
                    continue;
                }
            };
            if !self.places.has_room_for(peer.ip()) {
                continue;
            }
            let permit = select! {
                permit = self.permit() => permit,
                () = closed.as_mut() => {
                    in_hand = Some((stream, peer));
                    break;
                }
            };
            let Some(permit) = permit else { return };
            self.begin(stream, peer, permit);
        }
        // Closing the listener resets what the kernel has taken but we have not: so nothing new is
        // let in, what is half-way gets the time to come in, and all of it is taken before that.
        if refuse_newcomers(&listener).is_ok() {
            sleep(PAUSE).await;
        }
        // The kernel itself is asked: the runtime may not have heard yet of what came last.
        let Ok(listener) = listener.into_std() else {
            return;
        };
        while let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            if let Some((stream, peer)) = in_hand.take() {
                self.begin(stream, peer, permit);
                continue;
            }
            let Ok((stream, peer)) = listener.accept() else {
                break;
            };
            let unblocked = stream.set_nonblocking(true);
            if let Ok(stream) = unblocked.and_then(|()| TcpStream::from_std(stream)) {
                self.begin(stream, peer, permit);
            }
        }
    }

    /// Waits for room, and makes some where connections are idle.
    async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            return Some(permit);
        }
        let mut permit = std::pin::pin!(Arc::clone(&self.permits).acquire_owned());
        loop {
            let is_made = self.places.make_room();
            // One that was closed is gone as soon as its task runs. Where none is idle, one may be soon.
            let patience = if is_made { PAUSE } else { LOOK };
            if let Ok(permit) = timeout(patience, permit.as_mut()).await {
                return permit.ok();
            }
        }
    }

    async fn pause(&self, error: &std::io::Error) {
        let theirs = matches!(
            error.kind(),
            std::io::ErrorKind::ConnectionAborted | std::io::ErrorKind::ConnectionReset
        );
        if !theirs {
            let message = format!("cannot take a connection: {error}");
            self.shared.events.say(Level::Error, message);
            // What it lacks may be descriptors.
            self.places.make_room();
            sleep(PAUSE).await;
        }
    }

    fn begin(&self, stream: TcpStream, peer: SocketAddr, permit: OwnedSemaphorePermit) {
        // Answers are small, and whole when written.
        let _ = stream.set_nodelay(true);
        let shared = Arc::clone(&self.shared);
        let tls = self.tls.clone();
        let open = Open::new(&self.open);
        let hold = self.places.hold(peer.ip());
        tokio::spawn(async move {
            let place = Arc::clone(&hold.place);
            select! {
                () = served(stream, peer, place, tls, shared) => {}
                () = hold.place.evicted() => {}
            }
            drop((open, hold, permit));
        });
    }
}

/// Serves a connection to its end.
async fn served(
    stream: TcpStream,
    peer: SocketAddr,
    place: Arc<Place>,
    tls: Option<Arc<Tls>>,
    shared: Arc<Shared>,
) {
    match tls {
        None => connection::serve(stream, peer, place, shared).await,
        Some(tls) => {
            let (acceptor, failed) = tls.acceptor();
            if let Some(error) = failed {
                let message = format!("the TLS files have changed and are not used: {error}");
                shared.events.say(Level::Error, message);
            }
            let shake = acceptor.accept(stream);
            if let Ok(Ok(stream)) = timeout(shared.limits.header_timeout, shake).await {
                connection::serve(stream, peer, place, shared).await;
            }
        }
    }
}

/// Counts a connection as long as it lives.
struct Open(Arc<AtomicUsize>);

impl Open {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
