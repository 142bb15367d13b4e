//! How long to wait, how often to try again. The clock itself comes from outside, so that tests own it.

use std::time::Duration;

use churn_base::deadlines::{Deadlines, Remote};

/// Limits of one request with all its attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// How long one attempt may take: the connection, the first byte, each next one, all of it.
    pub attempt: Deadlines,
    /// How long all attempts and the pauses between them may take.
    pub deadline: Duration,
    /// The first pause is at most this; each further one at most twice the one before.
    pub first_pause: Duration,
    /// The longest pause that we choose.
    pub longest_pause: Duration,
    /// How many bytes of an answer are read, unpacked.
    pub max_body_bytes: u64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            attempt: service(),
            deadline: Duration::from_secs(30),
            first_pause: Duration::from_millis(250),
            longest_pause: Duration::from_secs(5),
            max_body_bytes: 16 << 20,
        }
    }
}

/// What is in force for services, with no wait longer than the total.
fn service() -> Deadlines {
    let set = Deadlines::of(Remote::Http);
    set.with_total(set.total)
}

impl Policy {
    /// Makes a policy by which one attempt and all of them have so long.
    #[must_use]
    pub fn within(attempt: Duration, deadline: Duration) -> Self {
        Self {
            attempt: Deadlines::of(Remote::Http).with_total(attempt),
            deadline,
            ..Self::default()
        }
    }

    /// Returns the pause after attempt number `attempts` (from 1): any length up to a bound that
    /// doubles, so that clients that failed together do not come back together.
    pub(super) fn pause(&self, attempts: u32, chance: f64) -> Duration {
        let doubled = 2_u32.saturating_pow(attempts.saturating_sub(1).min(30));
        let bound = self
            .first_pause
            .saturating_mul(doubled)
            .min(self.longest_pause);
        bound.mul_f64(chance.clamp(0.0, 1.0))
    }
}

/// The clock, the pause and the chance of a client.
pub trait Pace: Send + Sync {
    /// Returns the time since some fixed moment.
    fn now(&self) -> Duration;
    /// Returns the seconds since 1970.
    fn unix_seconds(&self) -> i64;
    /// Waits.
    fn sleep(&self, pause: Duration);
    /// Returns a number from 0 to 1, a different one each time.
    fn chance(&self) -> f64;
}

/// The real clock.
#[derive(Debug, Clone, Copy)]
pub struct RealPace {
    begin: std::time::Instant,
}

impl Default for RealPace {
    fn default() -> Self {
        Self {
            begin: std::time::Instant::now(),
        }
    }
}

impl Pace for RealPace {
    fn now(&self) -> Duration {
        self.begin.elapsed()
    }

    fn unix_seconds(&self) -> i64 {
        jiff::Timestamp::now().as_second()
    }

    fn sleep(&self, pause: Duration) {
        std::thread::sleep(pause);
    }

    fn chance(&self) -> f64 {
        use std::hash::{BuildHasher, Hasher};
        // The standard library seeds every such hasher from the system's randomness.
        let mut hasher = std::collections::hash_map::RandomState::new().build_hasher();
        hasher.write_u128(self.begin.elapsed().as_nanos());
        (hasher.finish() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Reads `Retry-After`: seconds, or a date.
pub(super) fn retry_after(value: &str, unix_seconds: i64) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new()
        .parse_timestamp(value)
        .ok()?;
    let seconds = u64::try_from(date.as_second() - unix_seconds).unwrap_or(0);
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_bound_and_are_a_share_of_it() {
        let policy = Policy::default();
        let bounds: Vec<u128> = (1..=7)
            .map(|attempt| policy.pause(attempt, 1.0).as_millis())
            .collect();
        assert_eq!(bounds, [250, 500, 1000, 2000, 4000, 5000, 5000]);
        assert_eq!(policy.pause(3, 0.5).as_millis(), 500);
        assert_eq!(policy.pause(u32::MAX, 1.0).as_millis(), 5000);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        // date -d 'Sun, 06 Nov 1994 08:49:37 GMT' +%s: 784111777
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(retry_after("7", 0), Some(Duration::from_secs(7)));
        assert_eq!(retry_after(date, 784_111_770), Some(Duration::from_secs(7)));
        assert_eq!(retry_after(date, 784_111_800), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", 0), None);
        assert_eq!(retry_after("-3", 0), None);
    }

    #[test]
    fn chance_is_a_share_and_differs() {
        let pace = RealPace::default();
        let drawn: Vec<f64> = (0..50).map(|_| pace.chance()).collect();
        assert!(drawn.iter().all(|chance| (0.0..1.0).contains(chance)));
        assert!(drawn.windows(2).any(|pair| pair[0] != pair[1]));
    }
}
