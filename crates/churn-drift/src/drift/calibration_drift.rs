//! Whether scores go on to mean what they meant on the baseline, by the labels of both sides.

use statrs::function::erf::erfc;

use super::noise::Levels;
use super::performance_report::CalibrationReport;
use super::sides::Sides;
use super::status::Status;
use crate::stats::classification::{Estimate, ScoredCell};
use crate::stats::cox::cox;
use crate::stats::score_bounds::ScoreInterval;

/// Half the width of a 95 % interval in standard errors.
const HALF_WIDTH: f64 = 1.959_963_984_540_054;

/// Tests of calibration.
pub(super) const TESTS: usize = 2;

/// What is judged, and from which size on: log-odds for calibration in the large.
struct Judged {
    ideal: f64,
    warn: f64,
    /// Beyond chance.
    fail: f64,
    in_words: fn(f64, f64) -> String,
}

const IN_THE_LARGE: Judged = Judged {
    ideal: 0.0,
    warn: 0.05,
    fail: 0.5,
    in_words: |before, now| {
        format!(
            "the odds of churn are {:.2} times what the scores say, {:.2} times on the baseline (calibration in the \
             large {before:.3} -> {now:.3})",
            now.exp(),
            before.exp()
        )
    },
};

const SLOPE: Judged = Judged {
    ideal: 1.0,
    warn: 0.05,
    fail: 0.3,
    in_words: |before, now| {
        let how = if now < 1.0 {
            "too extreme"
        } else {
            "too close together"
        };
        format!("scores are {how}: calibration slope {before:.3} -> {now:.3}")
    },
};

/// Compares what the scores of both sides mean. None if either cannot be fitted.
pub(super) fn compare(
    (baseline, current): (&[ScoreInterval], &[ScoreInterval]),
    levels: Levels,
) -> Option<(CalibrationReport, Status, Vec<String>)> {
    let (before, now) = (cox(&cells(baseline))?, cox(&cells(current))?);
    let report = CalibrationReport {
        in_the_large: Sides {
            baseline: before.in_the_large,
            current: now.in_the_large,
        },
        slope: Sides {
            baseline: before.slope,
            current: now.slope,
        },
    };
    let (mut status, mut reasons) = (Status::Ok, Vec::new());
    for (judged, sides) in [(IN_THE_LARGE, report.in_the_large), (SLOPE, report.slope)] {
        let found = judged.judge(sides, levels);
        if found > Status::Ok {
            status = status.max(found);
            reasons.push((judged.in_words)(sides.baseline.value, sides.current.value));
        }
    }
    Some((report, status, reasons))
}

impl Judged {
    /// A side that comes closer to what is right is not a fault, whatever it was before.
    fn judge(&self, sides: Sides<Estimate>, levels: Levels) -> Status {
        let off = |estimate: Estimate| (estimate.value - self.ideal).abs();
        let half = |estimate: Estimate| (estimate.high - estimate.low) / 2.0;
        let change = (sides.current.value - sides.baseline.value).abs();
        let chance = half(sides.baseline).hypot(half(sides.current));
        let p_value = erfc(change / (chance / HALF_WIDTH) / std::f64::consts::SQRT_2);
        if off(sides.current) <= off(sides.baseline) || change < self.warn {
            Status::Ok
        } else if change - chance >= self.fail && p_value < levels.fail {
            Status::Fail
        } else if p_value < levels.warn {
            Status::Warn
        } else {
            Status::Ok
        }
    }
}

fn cells(intervals: &[ScoreInterval]) -> Vec<ScoredCell> {
    let cell = |interval: &ScoreInterval| ScoredCell {
        score: f64::midpoint(interval.low, interval.high),
        positives: interval.positives,
        negatives: interval.negatives,
    };
    intervals.iter().map(cell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate(value: f64, half: f64) -> Estimate {
        Estimate {
            value,
            low: value - half,
            high: value + half,
        }
    }

    #[test]
    fn what_gets_worse_beyond_chance_is_told_and_what_gets_better_is_not() {
        let levels = Levels {
            warn: 0.01,
            fail: 0.0001,
        };
        let judge = |judged: Judged, before: Estimate, now: Estimate| {
            let sides = Sides {
                baseline: before,
                current: now,
            };
            judged.judge(sides, levels)
        };
        // Chance is hypot(.1, .1) = .141, its standard error .072: .1 is 1.4 of them, .3 is 4.2, p 3e-5.
        for (now, expected) in [
            (0.1, Status::Ok),
            (0.3, Status::Warn),
            (0.7, Status::Fail),
            (-0.7, Status::Fail),
        ] {
            let found = judge(IN_THE_LARGE, estimate(0.0, 0.1), estimate(now, 0.1));
            assert_eq!(found, expected, "{now}");
        }
        let better = judge(IN_THE_LARGE, estimate(0.7, 0.1), estimate(0.1, 0.1));
        assert_eq!(better, Status::Ok);
        let closer = judge(SLOPE, estimate(0.6, 0.05), estimate(1.05, 0.05));
        assert_eq!(closer, Status::Ok);
        let worse = judge(SLOPE, estimate(1.05, 0.05), estimate(0.6, 0.05));
        assert_eq!(worse, Status::Fail);
        // A change that nobody would feel, of so many rows that chance is nothing.
        let small = judge(SLOPE, estimate(1.0, 1e-4), estimate(0.97, 1e-4));
        assert_eq!(small, Status::Ok);
    }
}
