//! By which segment a model became worse. How the whole change is taken apart is the concern of `drift_why`.

use crate::drift::report::Sides;
use crate::model::artifact::{Artifact, FeatureKind};
use crate::model::score::Scorer;
use crate::model::why::{Curve, LabelledRows, row_losses};
use crate::reports::drift::why::{Segment, Segments};

/// Most values of a feature by which the change is shown.
const MOST_SEGMENTS: usize = 12;

/// Returns the change by the values of the text between whose values it differs most.
pub(super) fn segments(
    model: &Artifact,
    scorer: &Scorer,
    sides: &(LabelledRows, LabelledRows),
    law: Curve,
) -> Option<Segments> {
    let features = model.body.features.iter().enumerate();
    let cuts = features.filter_map(|(at, feature)| match &feature.kind {
        FeatureKind::Category { levels, .. } if levels.len() <= MOST_SEGMENTS => {
            Some((at, feature.name.clone(), levels))
        }
        FeatureKind::Category { .. } | FeatureKind::Number { .. } => None,
    });
    let losses = [&sides.0, &sides.1].map(|rows| row_losses(scorer, rows, law));
    let all = cuts.map(|(at, feature, levels)| {
        let of = |level: usize| match level.checked_sub(levels.len()) {
            None => levels[level].clone(),
            Some(0) => "(other)".to_owned(),
            Some(_) => "(missing)".to_owned(),
        };
        let position = |cell: f64| match cell.is_nan() {
            true => levels.len() + 1,
            false => (cell as usize).min(levels.len()),
        };
        let sums = [(&sides.0, &losses[0]), (&sides.1, &losses[1])].map(|(rows, losses)| {
            let mut sums = vec![(0.0, 0.0); levels.len() + 2];
            for (cells, loss) in rows.cells.iter().zip(losses) {
                let sum = &mut sums[position(cells[at])];
                *sum = (sum.0 + 1.0, sum.1 + loss);
            }
            let count = rows.cells.len().max(1) as f64;
            sums.into_iter()
                .map(|(rows, loss)| (rows / count, loss / count))
                .collect::<Vec<(f64, f64)>>()
        });
        let mean = |(share, loss): (f64, f64)| (share > 0.0).then(|| loss / share);
        let values = (0..levels.len() + 2).filter_map(|level| {
            let (before, now) = (sums[0][level], sums[1][level]);
            (before.0 + now.0 > 0.0).then(|| Segment {
                value: of(level),
                share: Sides {
                    baseline: before.0,
                    current: now.0,
                },
                log_loss: Sides {
                    baseline: mean(before),
                    current: mean(now),
                },
                contribution: now.1 - before.1,
            })
        });
        Segments {
            feature,
            values: values.collect(),
        }
    });
    all.max_by(|a, b| a.spread().total_cmp(&b.spread()))
}
