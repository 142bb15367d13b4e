//! What one listener gives away at most: time and connections.

use std::time::Duration;

/// How much of us one listener gives away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From the first byte of a head to its last, and from a connection to its first head.
    pub header_timeout: Duration,
    /// From a request's head to the head of its answer; a body that streams after that is not
    /// counted. 408 beyond.
    pub request_timeout: Duration,
    /// How long a peer may take nothing of an answer.
    pub write_timeout: Duration,
    /// How long a connection may be quiet between requests.
    pub keep_alive: Duration,
    /// Open connections. For a further one the longest idle is closed; where none is idle, it waits.
    pub connections: usize,
    /// Open connections of one peer: an address, or a network (/64) of IPv6. As above; where none of its
    /// own is idle, a further one is refused. None for three quarters of all, so that one proxy or one
    /// network behind a translator has nearly all, and nobody has all.
    pub connections_per_peer: Option<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(10),
            keep_alive: Duration::from_secs(75),
            connections: 1024,
            connections_per_peer: None,
        }
    }
}
