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

    /// Returns them as they are stored, to ten digits: a database that scans a table in parallel adds in another
    /// order each time, and what is told of unchanged rows must not change.
    pub(super) fn to_ten_digits(self) -> Self {
        let ten_digits = |number: f64| format!("{number:.9e}").parse().unwrap_or(number);
        let count = self.count.max(1) as f64;
        Self {
            mean: ten_digits(self.mean),
            squared_deviations: ten_digits(self.squared_deviations / count) * count,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_a_sum_is_not_told() {
        // What PostgreSQL 15 gave for one table in two parallel scans.
        let scans = [500.071_257_683_575_8, 500.071_257_683_576_33];
        let [one, other] = scans.map(|mean| Moments::of(120_000, mean, 83.1).to_ten_digits());
        assert_eq!(one, other);
        assert!((one.mean - scans[0]).abs() < 1e-6);
    }
}
