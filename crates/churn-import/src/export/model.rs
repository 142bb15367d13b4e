//! A model of this program in the one form that all writers take: what a row adds up to, by tests that every
//! format knows in some way. Each format's text is its own writer's affair.

use churn_base::error::Result;
use churn_model::artifact::{
    Body, Calibration, Feature, FeatureKind, LEAF, Model, TreeArrays, TreeInput,
};
use churn_model::calibrate::apply;
use churn_model::score::Scorer;

use super::single::below_in_single;
use crate::foreign::{Line, Node, Split, Tree};

/// What is nearer to zero than this is zero to LightGBM.
pub(super) const ZERO: f64 = 1e-35_f32 as f64;

/// A model that can be written for others.
#[derive(Debug)]
pub struct Exportable {
    pub(super) scorer: Scorer,
    pub(super) features: Vec<Feature>,
    /// Features whose zeros are missing.
    pub(super) zero_is_missing: Vec<bool>,
    pub(super) sum: Sum,
    pub(super) calibration: Calibration,
    /// Its trees ask for levels before a place in their order.
    pub(super) is_by_order: bool,
    pub(super) threshold: f64,
}

/// What becomes log-odds.
#[derive(Debug)]
pub(super) enum Sum {
    Lines { intercept: f64, lines: Vec<Line> },
    Trees { base: f64, trees: Vec<Tree> },
}

impl Exportable {
    /// Takes the model of an artifact.
    ///
    /// # Errors
    /// Bad input if its parts do not fit together.
    pub fn new(body: &Body) -> Result<Self> {
        let features = body.features.clone();
        let inputs = match &body.model {
            Model::Ensemble(ensemble) => ensemble.inputs.clone(),
            Model::Logistic { .. } | Model::Trees(_) => vec![TreeInput::Exact; features.len()],
        };
        let sum = match &body.model {
            Model::Logistic {
                intercept, weights, ..
            } => Sum::Lines {
                intercept: *intercept,
                lines: features.iter().zip(weights).map(line).collect(),
            },
            Model::Trees(trees) => Sum::Trees {
                base: trees.base,
                trees: grown(trees, &|feature, threshold| {
                    let FeatureKind::Category { order, .. } = &features[feature].kind else {
                        return Split::Below(threshold);
                    };
                    // Levels below a place in their order are a set.
                    let left = (0..).zip(order).filter(|(_, place)| **place < threshold);
                    Split::OneOf(left.map(|(level, _)| level).collect())
                }),
            },
            Model::Ensemble(ensemble) => Sum::Trees {
                base: ensemble.trees.base,
                trees: grown(&ensemble.trees, &|feature, threshold| match (
                    &features[feature].kind,
                    inputs[feature],
                ) {
                    (FeatureKind::Category { .. }, _) => {
                        Split::OneOf(ensemble.sets[threshold as usize].clone())
                    }
                    (_, TreeInput::Single) => Split::Below(below_in_single(threshold)),
                    _ => Split::Below(threshold),
                }),
            },
        };
        let is_zero = |input: &TreeInput| *input == TreeInput::ZeroIsMissing;
        Ok(Self {
            scorer: Scorer::new(body)?,
            zero_is_missing: inputs.iter().map(is_zero).collect(),
            features,
            sum,
            calibration: body.calibration.clone(),
            is_by_order: matches!(body.model, Model::Trees(_)),
            threshold: body.threshold,
        })
    }

    /// Computes the score of a row by what is written, not by what the artifact has.
    ///
    /// # Panics
    /// If there are not as many cells as features.
    #[must_use]
    pub fn score(&self, cells: &[f64]) -> f64 {
        let log_odds = match &self.sum {
            Sum::Lines { intercept, lines } => {
                let lines = lines.iter().zip(cells);
                intercept + lines.map(|(line, cell)| added(line, *cell)).sum::<f64>()
            }
            Sum::Trees { base, trees } => {
                base + trees.iter().map(|tree| self.leaf(tree, cells)).sum::<f64>()
            }
        };
        apply(&self.calibration, log_odds)
    }

    fn leaf(&self, tree: &Tree, cells: &[f64]) -> f64 {
        let mut at = 0;
        loop {
            match &tree[at] {
                Node::Leaf { output, .. } => return *output,
                Node::Split {
                    feature,
                    split,
                    missing_left,
                    left,
                    right,
                    ..
                } => {
                    let cell = cells[*feature];
                    let is_zero = self.zero_is_missing[*feature] && cell.abs() <= ZERO;
                    let goes_left = match split {
                        _ if cell.is_nan() || is_zero => *missing_left,
                        Split::Below(threshold) => cell < *threshold,
                        levels => levels.has(cell as u32),
                    };
                    at = if goes_left { *left } else { *right };
                }
            }
        }
    }
}

/// Returns the levels of a feature; none of a number.
pub(super) fn levels_of(feature: &Feature) -> Option<&[String]> {
    match &feature.kind {
        FeatureKind::Category { levels, .. } => Some(levels),
        FeatureKind::Number { .. } => None,
    }
}

/// Whether a line is that of a number that matters.
pub(super) fn is_of_number(line: &Line) -> bool {
    line.slope != 0.0
}

fn added(line: &Line, cell: f64) -> f64 {
    match line.levels.get(cell as usize) {
        _ if cell.is_nan() => line.missing,
        _ if is_of_number(line) => line.offset + line.slope * cell,
        Some(level) => *level,
        None => line.other,
    }
}

/// The weights of an artifact are those of standard deviations from the mean.
fn line((feature, weights): (&Feature, &Vec<f64>)) -> Line {
    match &feature.kind {
        FeatureKind::Number {
            median,
            mean,
            scale,
            ..
        } => {
            let slope = weights[0] / scale;
            Line {
                slope,
                offset: -mean * slope,
                missing: (median - mean) * slope + weights[1],
                ..Line::default()
            }
        }
        FeatureKind::Category { levels, .. } => Line {
            levels: weights[..levels.len()].to_vec(),
            other: weights[levels.len()],
            missing: weights[levels.len() + 1],
            ..Line::default()
        },
    }
}

/// Takes flat arrays apart into trees, each from its root.
fn grown(arrays: &TreeArrays, split: &dyn Fn(usize, f64) -> Split) -> Vec<Tree> {
    let tree = |root: &u32| {
        let mut tree = Tree::new();
        let mut open = vec![(*root as usize, None)];
        while let Some((at, parent)) = open.pop() {
            let place = tree.len();
            if let Some((parent, is_left)) = parent
                && let Node::Split { left, right, .. } = &mut tree[parent]
            {
                *(if is_left { left } else { right }) = place;
            }
            let cover = arrays.cover[at];
            if arrays.feature[at] == LEAF {
                let output = arrays.threshold[at];
                tree.push(Node::Leaf { output, cover });
                continue;
            }
            let feature = arrays.feature[at] as usize;
            tree.push(Node::Split {
                feature,
                split: split(feature, arrays.threshold[at]),
                missing_left: arrays.missing_left[at],
                left: 0,
                right: 0,
                cover,
            });
            open.push((arrays.right[at] as usize, Some((place, false))));
            open.push((arrays.left[at] as usize, Some((place, true))));
        }
        tree
    };
    arrays.roots.iter().map(tree).collect()
}
