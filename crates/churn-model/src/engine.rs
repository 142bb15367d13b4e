//! What turns the cells of a row into log-odds: the weights of a logistic model, or trees.

use super::artifact::{Feature, FeatureKind};
use super::walk::Forest;

#[derive(Debug)]
pub(super) enum Engine {
    Logistic { intercept: f64, lines: Vec<Line> },
    Trees(Box<Forest>),
}

/// What a cell adds to the log-odds of the logistic model.
#[derive(Debug)]
pub(super) enum Line {
    Number {
        mean: f64,
        slope: f64,
        missing: f64,
    },
    /// One a level, `other`, missing.
    Category(Vec<f64>),
}

impl Line {
    pub(super) fn of(&self, cell: f64) -> f64 {
        match self {
            Self::Number { missing, .. } if cell.is_nan() => *missing,
            Self::Number { mean, slope, .. } => (cell - mean) * slope,
            Self::Category(weights) if cell.is_nan() => weights[weights.len() - 1],
            Self::Category(weights) => weights[cell as usize],
        }
    }
}

/// The weights were checked to be as many as the feature wants.
pub(super) fn line_of(feature: &Feature, weights: &[f64]) -> Line {
    match &feature.kind {
        FeatureKind::Number {
            median,
            mean,
            scale,
            ..
        } => {
            let slope = weights[0] / scale;
            Line::Number {
                mean: *mean,
                slope,
                missing: (median - mean) * slope + weights[1],
            }
        }
        FeatureKind::Category { .. } => Line::Category(weights.to_vec()),
    }
}
