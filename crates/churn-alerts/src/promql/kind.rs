//! Whether a metric is a counter or a gauge, and whence that is known.

/// What a metric's value does over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only rises, until its process restarts.
    Counter,
    /// Goes up and down.
    Gauge,
}

/// A kind and whence it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    pub kind: Kind,
    pub by: Evidence,
}

/// Whence a kind is known, the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// The name ends as such metrics usually do.
    Name,
    /// A list of metrics: ours, and those of common exporters.
    Catalogue,
    /// A running server said so.
    Server,
}

impl Known {
    /// Tells whether this is a counter, by this evidence or better.
    pub(crate) fn is_counter(self, by: Evidence) -> bool {
        self.kind == Kind::Counter && self.by >= by
    }

    /// Tells whether this is a gauge, by this evidence or better.
    pub(crate) fn is_gauge(self, by: Evidence) -> bool {
        self.kind == Kind::Gauge && self.by >= by
    }
}
