//! Ranges of values, and what arithmetic and comparisons make of them. Metrics are not known here.

/// The values that a sample may have: a closed range, and whether NaN is possible beside it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
    pub nan: bool,
}

/// Whether a comparison holds for the values of two ranges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    Always,
    Sometimes,
    Never,
}

impl Interval {
    pub const ANY: Self = Self::of(f64::NEG_INFINITY, f64::INFINITY);
    pub(crate) const NOT_NEGATIVE: Self = Self::of(0.0, f64::INFINITY);
    pub const SHARE: Self = Self::of(0.0, 1.0);

    pub const fn of(low: f64, high: f64) -> Self {
        Self {
            low,
            high,
            nan: false,
        }
    }

    pub const fn exactly(value: f64) -> Self {
        match value.is_nan() {
            true => Self::ANY.or_nan(),
            false => Self::of(value, value),
        }
    }

    pub(crate) const fn or_nan(self) -> Self {
        Self { nan: true, ..self }
    }

    pub fn contains(self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// Returns the single value that the range holds, if it is one.
    pub fn value(self) -> Option<f64> {
        (self.low == self.high && !self.nan).then_some(self.low)
    }

    /// Returns the least range that holds both.
    pub fn join(self, other: Self) -> Self {
        Self {
            low: self.low.min(other.low),
            high: self.high.max(other.high),
            nan: self.nan || other.nan,
        }
    }

    /// Returns the values that both hold; none if there is no such value.
    pub fn meet(self, other: Self) -> Option<Self> {
        let (low, high) = (self.low.max(other.low), self.high.min(other.high));
        (low <= high).then_some(Self {
            low,
            high,
            nan: self.nan && other.nan,
        })
    }

    pub(crate) fn negated(self) -> Self {
        Self {
            low: -self.high,
            high: -self.low,
            nan: self.nan,
        }
    }

    /// Returns the range of `abs`.
    pub fn absolute(self) -> Self {
        let high = self.low.abs().max(self.high.abs());
        let low = match self.contains(0.0) {
            true => 0.0,
            false => self.low.abs().min(self.high.abs()),
        };
        Self {
            low,
            high,
            nan: self.nan,
        }
    }

    /// Applies a function that never falls as its argument rises.
    pub fn rising(self, function: fn(f64) -> f64) -> Self {
        Self {
            low: function(self.low),
            high: function(self.high),
            nan: self.nan,
        }
    }

    /// Returns what `+ - * / % ^` makes of two ranges; anything, of another operator.
    pub fn arithmetic(self, operator: &str, other: Self) -> Self {
        let nan = self.nan || other.nan;
        let corners = |function: fn(f64, f64) -> f64| {
            let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
            for (left, right) in [
                (self.low, other.low),
                (self.low, other.high),
                (self.high, other.low),
                (self.high, other.high),
            ] {
                let value = function(left, right);
                // An infinite end times zero: zero, as the end itself is never reached.
                let value = if value.is_nan() { 0.0 } else { value };
                low = low.min(value);
                high = high.max(value);
            }
            Self { low, high, nan }
        };
        let sum = |left: f64, right: f64, otherwise: f64| match (left + right).is_nan() {
            true => otherwise,
            false => left + right,
        };
        match operator {
            "+" => Self {
                low: sum(self.low, other.low, f64::NEG_INFINITY),
                high: sum(self.high, other.high, f64::INFINITY),
                nan,
            },
            "-" => self.arithmetic("+", other.negated()),
            "*" => corners(|left, right| left * right),
            "/" if other.low > 0.0 || other.high < 0.0 => corners(|left, right| left / right),
            "/" => {
                // Divided by zero, zero is NaN and all else infinite.
                let nan = nan || self.contains(0.0);
                match self.low >= 0.0 && other.low >= 0.0 {
                    true => Self {
                        nan,
                        ..Self::NOT_NEGATIVE
                    },
                    false => Self { nan, ..Self::ANY },
                }
            }
            "%" if self.low >= 0.0 && other.low > 0.0 => Self {
                low: 0.0,
                high: self.high.min(other.high),
                nan,
            },
            _ => Self::ANY.or_nan(),
        }
    }

    /// Tells whether a comparison holds of all, some or no values.
    pub fn compare(self, operator: &str, other: Self) -> Truth {
        let (always, never) = match operator {
            ">" => (self.low > other.high, self.high <= other.low),
            ">=" => (self.low >= other.high, self.high < other.low),
            "<" => (self.high < other.low, self.low >= other.high),
            "<=" => (self.high <= other.low, self.low > other.high),
            "==" | "!=" => {
                let same = self.value().is_some() && self.value() == other.value();
                let apart = self.meet(other).is_none();
                match operator {
                    "==" => (same, apart),
                    _ => (apart, same),
                }
            }
            _ => (false, false),
        };
        let nan = self.nan || other.nan;
        match (always, never) {
            // NaN is unequal to everything, and no other comparison holds of it.
            (true, _) if !nan || operator == "!=" => Truth::Always,
            (_, true) if !nan || operator != "!=" => Truth::Never,
            _ => Truth::Sometimes,
        }
    }

    /// Returns what is left of the left side where the comparison holds.
    pub fn kept(self, operator: &str, other: Self) -> Self {
        let allowed = match operator {
            ">" | ">=" => Self::of(other.low, f64::INFINITY),
            "<" | "<=" => Self::of(f64::NEG_INFINITY, other.high),
            "==" => other,
            _ => return self,
        };
        let kept = self.meet(Self {
            nan: false,
            ..allowed
        });
        kept.unwrap_or(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_those_of_the_values() {
        let share = Interval::SHARE;
        let number = Interval::exactly;
        assert_eq!(
            share.arithmetic("*", number(100.0)),
            Interval::of(0.0, 100.0)
        );
        assert_eq!(number(1.0).arithmetic("-", share), share);
        assert_eq!(
            number(100.0).arithmetic("-", Interval::NOT_NEGATIVE),
            Interval::of(f64::NEG_INFINITY, 100.0)
        );
        // 0 / 0 is NaN, 1 / 0 is +Inf.
        assert_eq!(
            share.arithmetic("/", share),
            Interval::NOT_NEGATIVE.or_nan()
        );
        assert_eq!(
            Interval::of(2.0, 4.0).arithmetic("/", Interval::of(1.0, 2.0)),
            Interval::of(1.0, 4.0)
        );
        assert_eq!(Interval::of(-3.0, 2.0).absolute(), Interval::of(0.0, 3.0));
    }

    #[test]
    fn comparisons_hold_always_sometimes_or_never() {
        let share = Interval::SHARE;
        for (operator, value, truth) in [
            (">", 1.0, Truth::Never),
            (">=", 1.0, Truth::Sometimes),
            (">=", 0.0, Truth::Always),
            ("<", 0.0, Truth::Never),
            ("<=", 1.0, Truth::Always),
            ("==", 2.0, Truth::Never),
            ("!=", 2.0, Truth::Always),
            ("==", 1.0, Truth::Sometimes),
        ] {
            let said = share.compare(operator, Interval::exactly(value));
            assert_eq!(said, truth, "[0, 1] {operator} {value}");
        }
        // NaN >= 0 is false, NaN != 2 is true.
        let zero = Interval::exactly(0.0);
        assert_eq!(share.or_nan().compare(">=", zero), Truth::Sometimes);
        assert_eq!(
            share.or_nan().compare("!=", Interval::exactly(2.0)),
            Truth::Always
        );
        assert_eq!(
            share.kept(">", Interval::exactly(0.5)),
            Interval::of(0.5, 1.0)
        );
    }
}
