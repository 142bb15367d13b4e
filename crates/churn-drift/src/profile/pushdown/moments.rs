//! The moments of numbers that a database summed.

/// How many finite numbers there are, their mean, and the sum of the squared distances from it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Moments {
    pub(super) count: u64,
    pub(super) mean: f64,
    pub(super) squared_deviations: f64,
}

impl Moments {
    pub(super) fn of(count: u64, mean: f64, variance: f64) -> Self {
        Self {
            count,
            mean,
            squared_deviations: variance * count as f64,
        }
    }

    /// Adds those of other numbers (Chan, Golub and LeVeque 1983).
    pub(super) fn add(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        let (ours, theirs) = (self.count as f64, other.count as f64);
        let (all, apart) = (ours + theirs, other.mean - self.mean);
        self.squared_deviations += other.squared_deviations + apart * apart * ours * theirs / all;
        self.mean += apart * theirs / all;
        self.count += other.count;
    }
}
