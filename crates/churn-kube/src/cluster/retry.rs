//! How often and how long a call is tried: a deadline for everything, a limit for each try, waits
//! that grow. kube's own policy tries 15 times over minutes and tells nobody; it is switched off.

use std::hash::{BuildHasher as _, Hasher as _};
use std::time::{Duration, Instant};

/// How long we bear with an API server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Until one try must have its whole answer.
    pub attempt: Duration,
    /// Until all calls of one action must be done, waits included.
    pub total: Duration,
}

impl Patience {
    /// Makes patience out of the time for everything: a try may take a quarter of it, 15 s at most.
    #[must_use]
    pub fn of(total: Duration) -> Self {
        let attempt = (total / 4).clamp(Duration::from_millis(200), Duration::from_secs(15));
        Self {
            attempt: attempt.min(total),
            total,
        }
    }
}

const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Returns how long to wait before the next try, or none if that would be after the deadline.
///
/// Full jitter: any time between 0 and a limit that doubles with each try, so that two clients
/// that failed together don't come back together. What the server asks for is heeded.
#[must_use]
pub(super) fn wait_before_next(
    tries: u32,
    asked_for: Option<Duration>,
    now: Instant,
    until: Instant,
    chance: u64,
) -> Option<Duration> {
    let limit = FIRST_WAIT
        .saturating_mul(1 << tries.saturating_sub(1).min(10))
        .min(LONGEST_WAIT);
    let jitter = limit.mul_f64((chance >> 11) as f64 / (1_u64 << 53) as f64);
    let wait = asked_for.map_or(jitter, |asked| asked.max(jitter));
    now.checked_add(wait)
        .filter(|next| *next < until)
        .map(|_| wait)
}

/// Returns 64 bits that nobody can predict, from the seed of the standard library's hash maps.
pub(super) fn chance() -> u64 {
    std::hash::RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end_at_the_deadline() {
        let now = Instant::now();
        let until = now + Duration::from_secs(3);
        let longest = |tries| wait_before_next(tries, None, now, until, u64::MAX);
        assert!(longest(1).expect("a wait") <= FIRST_WAIT);
        assert!(longest(2) > longest(1));
        assert!(longest(5).expect("a wait") <= Duration::from_millis(1_600));
        // The limit of the seventh try is 5 s.
        assert_eq!(longest(7), None);
        assert_eq!(
            wait_before_next(9, None, now, until, 0),
            Some(Duration::ZERO)
        );
    }

    #[test]
    fn what_the_server_asks_for_is_heeded_or_we_give_up() {
        let now = Instant::now();
        let until = now + Duration::from_secs(3);
        let asked =
            |seconds| wait_before_next(1, Some(Duration::from_secs(seconds)), now, until, u64::MAX);
        assert_eq!(asked(2), Some(Duration::from_secs(2)));
        assert_eq!(asked(4), None);
    }

    #[test]
    fn a_try_takes_no_longer_than_all_tries() {
        assert_eq!(
            Patience::of(Duration::from_secs(60)).attempt,
            Duration::from_secs(15)
        );
        let short = Patience::of(Duration::from_millis(100));
        assert_eq!(short.attempt, short.total);
    }
}
