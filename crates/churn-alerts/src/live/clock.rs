//! A server's own clock: when an alert begins and ends is judged by it, and so is a mute time. Ours may
//! be an hour off, and then an alert of ours would be resolved before it is there, or never.

use std::cell::Cell;
use std::time::Instant;

use churn_http::client::Response;
use jiff::{SignedDuration, Timestamp};

/// Clocks that differ by less are as good as equal: `Date` has whole seconds.
const WORTH_TELLING: SignedDuration = SignedDuration::from_secs(5);

/// The clock of a server, set by the `Date` of each answer.
#[derive(Debug, Clone, Default)]
pub(super) struct ServerClock(Cell<Option<(Timestamp, Instant)>>);

impl ServerClock {
    /// Sets the clock.
    pub(super) fn hear(&self, response: &Response) {
        if let Some(date) = response.date() {
            self.0.set(Some((date, Instant::now())));
        }
    }

    /// Returns the server's time, never ahead of it; ours where it tells none.
    pub(super) fn now(&self) -> Timestamp {
        let ours = Timestamp::now();
        let Some((date, heard)) = self.0.get() else {
            return ours;
        };
        let since = SignedDuration::try_from(heard.elapsed()).unwrap_or_default();
        date.checked_add(since).unwrap_or(ours)
    }

    /// Returns how far the clock is from ours in words, to be put behind a sentence; empty if it is
    /// not.
    pub(super) fn difference(&self) -> String {
        let ahead = self.now().duration_since(Timestamp::now());
        if ahead.abs() < WORTH_TELLING {
            return String::new();
        }
        let side = if ahead.is_negative() {
            "behind"
        } else {
            "ahead of"
        };
        let seconds = ahead.abs().as_secs();
        format!("; its clock is {seconds} s {side} this machine's, and times are judged by it")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(date: Option<String>) -> Response {
        Response {
            status: 200,
            headers: date
                .into_iter()
                .map(|date| ("date".to_owned(), date))
                .collect(),
            body: Vec::new(),
            attempts: 1,
        }
    }

    #[test]
    fn time_is_the_servers_where_it_tells_it() {
        let clock = ServerClock::default();
        clock.hear(&answer(None));
        let ours = Timestamp::now();
        assert!(clock.now() >= ours && clock.difference().is_empty());
        // date -u -d @784111777 -R: Sun, 06 Nov 1994 08:49:37 +0000
        clock.hear(&answer(Some("Sun, 06 Nov 1994 08:49:37 GMT".to_owned())));
        assert_eq!(clock.now().as_second() / 100, 7_841_117);
        assert!(clock.difference().contains("s behind this machine's"));
        // An answer without a date, of a proxy in between, leaves the clock as it is.
        clock.hear(&answer(None));
        assert_eq!(clock.now().as_second() / 100, 7_841_117);
    }
}
