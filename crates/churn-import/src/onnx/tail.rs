//! What a graph makes of the sum of trees or weights, up to the probability: a line before the logistic function,
//! or a line with bends, which is an isotonic calibration.

use churn_model::artifact::Calibration;

/// How far a knot may be from the end of the piece before it, as a share of its size: widths are rounded.
const ROUNDING: f64 = 1e-9;

/// A function of the sum.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Curve {
    Line {
        slope: f64,
        intercept: f64,
    },
    /// How far the sum is above each of these, also if it is below.
    From(Vec<f64>),
    /// The same, zero if it is below.
    Above(Vec<f64>),
    /// The same, and no further than each of these.
    Within(Vec<f64>, Vec<f64>),
    /// Knots, widths and slopes of the pieces, and the value before the first.
    Bent(Vec<f64>, Vec<f64>, Vec<f64>, f64),
}

impl Curve {
    /// The sum itself.
    pub(super) const SUM: Self = Self::Line {
        slope: 1.0,
        intercept: 0.0,
    };

    /// Returns what an operator with a constant makes of it; nothing if that is not known.
    pub(super) fn then(&self, op: &str, constant: &[f64]) -> Option<Self> {
        if !constant.iter().all(|number| number.is_finite()) {
            return None;
        }
        let line = |slope, intercept| Self::Line { slope, intercept };
        Some(match (self, op, constant) {
            (Self::Line { slope, intercept }, "Add", [by]) => line(*slope, intercept + by),
            (Self::Line { slope, intercept }, "Sub", [by]) => line(*slope, intercept - by),
            (Self::Line { slope, intercept }, "Mul", [by]) => line(slope * by, intercept * by),
            (Self::Line { slope, intercept }, "Sub", knots) if *slope == 1.0 => {
                Self::From(knots.iter().map(|knot| knot - intercept).collect())
            }
            (Self::Line { slope, intercept }, "Max", [zero]) if *slope == 1.0 && *zero == 0.0 => {
                Self::Above(vec![-intercept])
            }
            (Self::From(knots), "Max", [zero]) if *zero == 0.0 => Self::Above(knots.clone()),
            (Self::Above(knots), "Min", widths) if widths.len() == knots.len() => {
                Self::Within(knots.clone(), widths.to_vec())
            }
            (Self::Within(knots, widths), "MatMul", slopes) if slopes.len() == knots.len() => {
                Self::Bent(knots.clone(), widths.clone(), slopes.to_vec(), 0.0)
            }
            (Self::Bent(knots, widths, slopes, first), "Add", [by]) => {
                Self::Bent(knots.clone(), widths.clone(), slopes.clone(), first + by)
            }
            _ => return None,
        })
    }

    /// Returns what is added to the sum, and its calibration, of a line before the logistic function.
    pub(super) fn logistic(&self) -> Option<(f64, Calibration)> {
        match *self {
            Self::Line {
                slope: 1.0,
                intercept,
            } => Some((intercept, Calibration::None)),
            Self::Line { slope, intercept } => Some((0.0, Calibration::Platt { slope, intercept })),
            _ => None,
        }
    }

    /// Returns the calibration of a line with bends; nothing if its pieces are not behind one another, or fall.
    pub(super) fn isotonic(&self) -> Option<(f64, Calibration)> {
        let Self::Bent(knots, widths, slopes, first) = self else {
            return None;
        };
        let (mut log_odds, mut probability) = (vec![*knots.first()?], vec![*first]);
        for (at, ((knot, width), slope)) in knots.iter().zip(widths).zip(slopes).enumerate() {
            let end = knot + width;
            let next = knots.get(at + 1).copied().unwrap_or(end);
            let is_apart = (next - end).abs() > ROUNDING * next.abs().max(1.0);
            if is_apart || next <= *knot || *slope < 0.0 {
                return None;
            }
            log_odds.push(next);
            let risen = probability[at] + slope * width;
            probability.push(risen.clamp(0.0, 1.0));
        }
        Some((
            0.0,
            Calibration::Isotonic {
                log_odds,
                probability,
            },
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clipped_pieces_behind_one_another_are_an_isotonic_calibration() {
        let pieces = |knots: &[f64], slopes: &[f64]| {
            let curve = Curve::SUM.then("Add", &[0.5])?.then("Sub", knots)?;
            let curve = curve.then("Max", &[0.0])?.then("Min", &[1.0, 2.0])?;
            curve
                .then("MatMul", slopes)?
                .then("Add", &[0.1])?
                .isotonic()
        };
        // 0.1 up to -1 of the sum, +0.2 a unit up to 0, +0.1 a unit up to 2.
        let (added, calibration) = pieces(&[-0.5, 0.5], &[0.2, 0.1]).expect("is rising");
        let Calibration::Isotonic {
            log_odds,
            probability,
        } = calibration
        else {
            panic!("{calibration:?}");
        };
        assert_eq!((added, log_odds), (0.0, vec![-1.0, 0.0, 2.0]));
        let wanted = [0.1, 0.3, 0.5];
        assert!(
            probability
                .iter()
                .zip(wanted)
                .all(|(own, wanted)| (own - wanted).abs() < 1e-15)
        );
        assert_eq!(pieces(&[-0.5, 0.6], &[0.2, 0.1]), None, "a gap");
        assert_eq!(pieces(&[-0.5, 0.5], &[0.2, -0.1]), None, "it falls");
    }
}
