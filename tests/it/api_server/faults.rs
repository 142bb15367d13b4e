//! What can go wrong at a server, and when.

/// Something that goes wrong.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    verb: &'static str,
    resource: &'static str,
    what: What,
    pass: u32,
    times: u32,
}

/// How it goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// A status in place of what was asked for, with `Retry-After` if given.
    Status(u16, Option<u32>),
    /// A status although what was asked for was done.
    StatusAfter(u16),
    /// The connection is dropped, nothing is done.
    Drop,
    /// The connection is dropped after it was done.
    DropAfter,
    /// No answer, ever; nothing is done.
    Hang,
    /// It is done, and the JSON of the answer breaks off.
    Truncate,
}

impl What {
    /// Every kind that a caller should survive.
    pub(crate) const ALL: [Self; 9] = [
        Self::Status(409, None),
        Self::Status(429, Some(1)),
        Self::Status(500, None),
        Self::Status(503, None),
        Self::StatusAfter(504),
        Self::Drop,
        Self::DropAfter,
        Self::Hang,
        Self::Truncate,
    ];
}

impl Fault {
    /// Makes a fault that hits every such request.
    pub(crate) const fn new(verb: &'static str, resource: &'static str, what: What) -> Self {
        Self {
            verb,
            resource,
            what,
            pass: 0,
            times: u32::MAX,
        }
    }

    /// Hits only so many times.
    pub(crate) const fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// Lets so many pass first.
    pub(crate) const fn after(mut self, pass: u32) -> Self {
        self.pass = pass;
        self
    }

    pub(super) fn fits(&self, verb: &str, resource: &str) -> bool {
        self.times > 0
            && (self.verb == verb || self.verb == "*")
            && (self.resource == resource || self.resource == "*")
    }

    pub(super) fn take(&mut self) -> Option<What> {
        if self.pass > 0 {
            self.pass -= 1;
            return None;
        }
        self.times = self.times.saturating_sub(1);
        Some(self.what)
    }
}
