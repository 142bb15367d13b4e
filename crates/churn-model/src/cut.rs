//! Where to cut rows by time so that no label looks over a cut. Counts rows only; what the
//! labels say is `split`'s affair.

/// The distinct times of rows, with the rows before each.
pub(super) struct Timeline {
    times: Vec<i64>,
    /// Rows with a time before `times[i]`; one more for all rows.
    before: Vec<u64>,
    window: i64,
}

/// Two cuts: validation begins at the first time, test at the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cuts {
    pub(super) validation: i64,
    pub(super) test: i64,
}

impl Timeline {
    /// Sorts the times of the rows; a label at `t` is known at `t + window`.
    pub(super) fn new(times: &[i64], window: i64) -> Self {
        let mut sorted = times.to_vec();
        sorted.sort_unstable();
        let mut distinct = Vec::new();
        let mut before = Vec::new();
        for (at, time) in (0_u64..).zip(sorted) {
            if distinct.last() != Some(&time) {
                distinct.push(time);
                before.push(at);
            }
        }
        before.push(times.len() as u64);
        Self {
            times: distinct,
            before,
            window,
        }
    }

    /// How many of the times have labels that are known at time number `at`.
    fn known_at(&self, at: usize) -> usize {
        let cut = self.times[at];
        self.times
            .partition_point(|time| time.saturating_add(self.window) <= cut)
            .min(at)
    }

    /// Returns the cuts after which the rows that are left (train, validation and test without
    /// the purged ones) stand to each other as the shares; `None` if one of them must be empty.
    pub(super) fn both_cuts(&self, [train, validation, test]: [f64; 3]) -> Option<Cuts> {
        let inner = |at: usize| -> Option<(usize, u64)> {
            let end = self.known_at(at);
            let goal = validation / (train + validation);
            nearest(1, end, goal, |cut| {
                let kept = self.before[self.known_at(cut)];
                (kept, self.before[end] - self.before[cut])
            })
        };
        let (at, _) = nearest(1, self.times.len(), test, |at| {
            let kept = inner(at).map_or(0, |(_, rows)| rows);
            (kept, self.before[self.times.len()] - self.before[at])
        })?;
        let (cut, _) = inner(at)?;
        Some(Cuts {
            validation: self.times[cut],
            test: self.times[at],
        })
    }

    /// Returns the start of test when only the rows before it are purged.
    pub(super) fn test_cut(&self, test: f64) -> Option<i64> {
        let (at, _) = nearest(1, self.times.len(), test, |at| {
            let kept = self.before[self.known_at(at)];
            (kept, self.before[self.times.len()] - self.before[at])
        })?;
        Some(self.times[at])
    }

    /// Returns the start of validation among the rows whose labels are known at `test`, with
    /// no purge between train and validation.
    pub(super) fn validation_cut(&self, test: i64, share: f64) -> Option<i64> {
        let at = self.times.partition_point(|time| *time < test);
        let end = self.known_at(at);
        let (cut, _) = nearest(1, end, share, |cut| {
            (self.before[cut], self.before[end] - self.before[cut])
        })?;
        Some(self.times[cut])
    }
}

/// Returns the position in `first..end` at which the later rows come nearest to their share of
/// earlier and later rows, and the rows kept there; positions without earlier or later rows
/// don't count. The share must fall with the position.
fn nearest(
    first: usize,
    end: usize,
    goal: f64,
    rows: impl Fn(usize) -> (u64, u64),
) -> Option<(usize, u64)> {
    let share = |at: usize| {
        let (earlier, later) = rows(at);
        later as f64 / (earlier + later).max(1) as f64
    };
    let (mut low, mut high) = (first, end);
    while low < high {
        let middle = low + (high - low) / 2;
        if rows(middle).0 == 0 || share(middle) > goal {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    // `low` is the first position at or below the goal; its neighbour may be nearer.
    let candidates = [low.checked_sub(1), Some(low)].into_iter().flatten();
    candidates
        .filter(|at| (first..end).contains(at))
        .map(|at| (at, rows(at)))
        .filter(|(_, (earlier, later))| *earlier > 0 && *later > 0)
        .min_by(|a, b| {
            (share(a.0) - goal)
                .abs()
                .total_cmp(&(share(b.0) - goal).abs())
        })
        .map(|(at, (earlier, later))| (at, earlier + later))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_leave_the_shares_after_the_purge() {
        // 260 days, window 30: 200 days are usable, 140 + 30 + 30 by 70/15/15.
        let days: Vec<i64> = (0..260).collect();
        let cuts = Timeline::new(&days, 30).both_cuts([0.7, 0.15, 0.15]);
        // Train is day 0 to 140 - 1, its last label known at 169: one day inside of the gap
        // is won, since a label known on the cut may be used.
        let cuts = cuts.expect("there is room");
        let train = (cuts.validation - 30 + 1) as f64;
        let validation = (cuts.test - 30 - cuts.validation + 1) as f64;
        let test = (260 - cuts.test) as f64;
        let all = train + validation + test;
        assert!((train / all - 0.7).abs() < 0.01, "{cuts:?}");
        assert!((validation / all - 0.15).abs() < 0.01, "{cuts:?}");
        assert!((test / all - 0.15).abs() < 0.01, "{cuts:?}");
    }

    #[test]
    fn too_short_a_history_has_no_cuts() {
        let days: Vec<i64> = (0..50).collect();
        let timeline = Timeline::new(&days, 30);
        assert_eq!(timeline.both_cuts([0.7, 0.15, 0.15]), None);
        assert!(timeline.test_cut(0.15).is_some());
        assert_eq!(
            Timeline::new(&[5, 5, 5], 0).both_cuts([0.7, 0.15, 0.15]),
            None
        );
        assert_eq!(Timeline::new(&[], 0).test_cut(0.15), None);
    }

    #[test]
    fn without_a_window_the_cuts_are_those_of_the_rows() {
        let days: Vec<i64> = (0..100).collect();
        let cuts = Timeline::new(&days, 0).both_cuts([0.7, 0.15, 0.15]);
        let expected = Cuts {
            validation: 70,
            test: 85,
        };
        assert_eq!(cuts, Some(expected));
    }
}
