//! What a server has to say, on its way from many tasks to the one thread that may print.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

/// How much an event matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Of interest when something is looked into.
    Debug,
    /// What was done.
    Info,
    /// Deserves attention.
    Warn,
    /// Somebody has to act.
    Error,
}

impl Level {
    /// Every level.
    pub const ALL: [Self; 4] = [Self::Debug, Self::Info, Self::Warn, Self::Error];

    /// Returns the word used in logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// Something that happened. Never holds what a client sent as its data.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// How much it matters.
    pub level: Level,
    /// A fragment in lower case.
    pub message: String,
    /// Fields for machines, in this order.
    pub fields: Vec<(&'static str, serde_json::Value)>,
}

/// Where events go in. Clones go to the same place.
#[derive(Debug, Clone)]
pub struct Events {
    sender: SyncSender<Event>,
    lost: Arc<AtomicU64>,
}

/// Where events come out.
#[derive(Debug)]
pub struct Inbox(Receiver<Event>);

/// Makes the two ends. At most `room` events wait.
#[must_use]
pub fn channel(room: usize) -> (Events, Inbox) {
    let (sender, receiver) = sync_channel(room);
    let lost = Arc::default();
    (Events { sender, lost }, Inbox(receiver))
}

impl Events {
    /// Passes an event on. Never waits: if nobody takes events out, this one is lost, and counted.
    pub fn pass(&self, event: Event) {
        if let Err(TrySendError::Full(_)) = self.sender.try_send(event) {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Passes on a message without fields.
    pub fn say(&self, level: Level, message: impl Into<String>) {
        self.pass(Event {
            level,
            message: message.into(),
            fields: Vec::new(),
        });
    }

    /// Returns how many events were lost.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

impl Inbox {
    /// Waits for the next event, at most this long; none also if every [`Events`] is gone.
    #[must_use]
    pub fn next_within(&self, most: Duration) -> Option<Event> {
        self.0.recv_timeout(most).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_loses_and_counts_and_does_not_wait() {
        let (events, inbox) = channel(1);
        events.say(Level::Info, "one");
        events.say(Level::Info, "two");
        assert_eq!(events.lost(), 1);
        let next = inbox.next_within(Duration::ZERO);
        assert_eq!(next.map(|event| event.message), Some("one".into()));
        assert_eq!(inbox.next_within(Duration::ZERO), None);
    }
}
