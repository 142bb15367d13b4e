//! The samples of an input series of promtool: at which times it has one.

use super::duration;

/// What stands at so many steps in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Sample,
    Gap,
    Stale,
}

/// When a series has samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Samples {
    /// Milliseconds from one to the next.
    interval: u64,
    runs: Vec<(Step, u64)>,
}

/// How far an instant selector looks back, in milliseconds.
pub(crate) const LOOKBACK: u64 = 300_000;

impl Samples {
    /// Reads `1+2x10 _x5 stale {{schema:0}}x3`; none if it is not that.
    #[must_use]
    pub fn read(values: &str, interval: &str) -> Option<Self> {
        let mut runs = Vec::new();
        let mut rest = values.trim_start();
        while !rest.is_empty() {
            // A histogram has blanks between its braces.
            let inner = match rest.starts_with("{{") {
                true => rest.find("}}")? + 2,
                false => 0,
            };
            let end = rest[inner..]
                .find(char::is_whitespace)
                .map_or(rest.len(), |end| inner + end);
            let mut end = end;
            // `{{...}}+{{...}}x5`
            if let Some(second) = rest[inner..end].find("{{") {
                let second = inner + second;
                let closed = second + rest[second..].find("}}")? + 2;
                end = rest[closed..]
                    .find(char::is_whitespace)
                    .map_or(rest.len(), |end| closed + end);
            }
            runs.push(run(&rest[..end])?);
            rest = rest[end..].trim_start();
        }
        let interval = duration::parse(interval).filter(|interval| *interval > 0)?;
        Some(Self { interval, runs })
    }

    /// Tells whether there is a sample above `from` and at or before `to`, in milliseconds.
    #[must_use]
    pub fn within(&self, from: Option<u64>, to: u64) -> bool {
        let (first, last) = (
            from.map_or(0, |from| from / self.interval + 1),
            to / self.interval,
        );
        let mut begin = 0_u64;
        for (step, count) in &self.runs {
            let end = begin.saturating_add(*count);
            if *step == Step::Sample && begin <= last && end > first {
                return true;
            }
            begin = end;
        }
        false
    }

    /// Tells whether an instant selector finds the series: a sample is not too old, and no mark of its end came after.
    #[must_use]
    pub fn at(&self, time: u64) -> bool {
        let last = time / self.interval;
        let (mut begin, mut found) = (0_u64, None);
        for (step, count) in &self.runs {
            if begin > last || *count == 0 {
                break;
            }
            let end = begin.saturating_add(*count);
            if *step != Step::Gap {
                found = Some((*step, last.min(end - 1)));
            }
            begin = end;
        }
        found.is_some_and(|(step, at)| step == Step::Sample && time - at * self.interval < LOOKBACK)
    }
}

/// Reads one word: what it is, and how many of it.
fn run(word: &str) -> Option<(Step, u64)> {
    let times = |text: &str| text.parse::<u64>().ok();
    if word == "stale" {
        return Some((Step::Stale, 1));
    }
    if let Some(rest) = word.strip_prefix('_') {
        let count = match rest.strip_prefix('x') {
            Some(count) => times(count)?,
            None => rest.is_empty().then_some(1)?,
        };
        return Some((Step::Gap, count));
    }
    // `5x3` is 5 and three more. A hexadecimal number begins with its own `x`.
    let from = match word.starts_with("{{") {
        true => word.rfind("}}")?,
        false => usize::from(word.starts_with("0x")) * 2,
    };
    match word[from..].rfind('x') {
        Some(at) => Some((Step::Sample, times(&word[from + at + 1..])?.checked_add(1)?)),
        None => Some((Step::Sample, 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // promtool 3.14: an instant selector asked at each of these minutes has a result, or none.
    #[test]
    fn a_series_is_there_while_its_last_sample_is_young_and_no_mark_of_its_end_came() {
        for (values, minute, wanted) in [
            ("1 2 3", 2, true),
            ("1 2 3", 6, true),
            ("1 2 3", 7, false),
            ("9 stale", 0, true),
            ("9 stale", 1, false),
            ("_x10", 3, false),
            ("_x3 1", 2, false),
            ("_x3 1", 3, true),
            ("1x4 _x20", 8, true),
            ("1x4 _x20", 9, false),
            ("0+1x10 stale _ 5", 12, false),
            ("0+1x10 stale _ 5", 13, true),
            ("{{schema:0 sum:1 count:2}}x2 _x9", 2, true),
            ("{{count:1}}+{{count:1}}x2 _x9", 8, false),
            ("-1-2x3", 3, true),
            ("1e3 NaN Inf", 2, true),
        ] {
            let samples = Samples::read(values, "1m").expect(values);
            assert_eq!(samples.at(minute * 60_000), wanted, "{values} at {minute}m");
        }
        let samples = Samples::read("9 stale _x20", "1m").expect("values");
        // A range does not look at the mark.
        assert!(samples.within(None, 600_000));
        assert!(!samples.within(Some(0), 600_000));
        assert_eq!(Samples::read("1x", "1m"), None);
        assert_eq!(Samples::read("1", "0"), None);
    }
}
