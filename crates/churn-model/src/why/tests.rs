//! Tests of the parts: they add up, and the largest is what was done.

use super::*;
use crate::sigmoid::sigmoid;
use crate::store::tests::sample;

fn scorer() -> Scorer {
    Scorer::new(&sample(0.4).body).expect("is sound")
}

/// Rows of a number around `mean` and of a category's position, some of them missing, and labels whose log-odds are
/// `slope z + intercept`.
fn rows(
    scorer: &Scorer,
    (seed, mean, missing): (u64, f64, f64),
    (intercept, slope): (f64, f64),
) -> LabelledRows {
    let mut random = SplitMix64::new(seed);
    let mut rows = LabelledRows::default();
    for _ in 0..8_000 {
        let number = mean + random.next_normal();
        let number = if random.next_unit() < missing {
            f64::NAN
        } else {
            number
        };
        let cells = vec![number, (random.next_u64() % 3) as f64];
        let law = slope * log_odds(scorer.score(&cells)) + intercept;
        rows.labels.push(random.next_unit() < sigmoid(law));
        rows.cells.push(cells);
    }
    rows
}

fn sums_up(drop: &Drop) {
    let parts = drop.missing_data + drop.covariates + drop.concept + drop.calibration;
    assert!((parts - drop.change).abs() < 1e-9, "{drop:?}");
    let sum = |of: fn(&FeaturePart) -> f64| drop.features.iter().map(of).sum::<f64>();
    assert!(
        (sum(|one| one.missing_data) - drop.missing_data).abs() < 1e-9,
        "{drop:?}"
    );
    assert!(
        (sum(|one| one.covariates) - drop.covariates).abs() < 1e-9,
        "{drop:?}"
    );
}

#[test]
fn the_parts_add_up_to_the_change_and_the_largest_is_what_was_done() {
    let scorer = scorer();
    let of = |side, law| rows(&scorer, side, law);
    let before = of((1, 1.0, 0.05), (0.0, 1.0));
    type Part = fn(&Drop) -> f64;
    let cases: [(LabelledRows, Part); 3] = [
        (of((2, 1.0, 0.05), (1.5, 1.0)), |drop| drop.calibration),
        (of((3, 1.0, 0.6), (0.0, 1.0)), |drop| drop.missing_data),
        (of((4, -1.5, 0.05), (0.0, 1.0)), |drop| drop.covariates),
    ];
    for (at, (now, part)) in cases.into_iter().enumerate() {
        let drop = explain_drop(&scorer, &before, &now, 7, 2).expect("both classes");
        sums_up(&drop);
        let parts = [
            drop.missing_data,
            drop.covariates,
            drop.concept,
            drop.calibration,
        ];
        let largest = parts.iter().fold(0.0_f64, |most, one| most.max(one.abs()));
        assert_eq!(part(&drop).abs(), largest, "{at}: {drop:?}");
        assert!(drop.is_calibration_known);
    }
}

#[test]
fn labels_that_follow_the_scores_less_are_concept_and_calibration() {
    let scorer = scorer();
    let before = rows(&scorer, (1, 1.0, 0.0), (0.0, 1.0));
    // Half the slope: scores are too extreme, which a calibration fixes, and worth less, which it does not.
    let now = rows(&scorer, (1, 1.0, 0.0), (0.0, 0.5));
    let drop = explain_drop(&scorer, &before, &now, 7, 1).expect("both classes");
    sums_up(&drop);
    assert!(drop.concept > 0.0 && drop.calibration > 0.0, "{drop:?}");
    // The same rows, and none missing.
    assert!(
        drop.missing_data == 0.0 && drop.covariates.abs() < 1e-12,
        "{drop:?}"
    );
    // Labels that go against the scores: nothing can be told of what these mean.
    let against = rows(&scorer, (1, 1.0, 0.0), (0.0, -1.0));
    let drop = explain_drop(&scorer, &before, &against, 7, 1).expect("both classes");
    sums_up(&drop);
    assert!(!drop.is_calibration_known && drop.calibration == 0.0);
    assert!((drop.concept - drop.change).abs() < 1e-9, "{drop:?}");
}

#[test]
fn a_column_that_is_lost_altogether_is_filled_from_the_baseline() {
    let scorer = scorer();
    let before = rows(&scorer, (1, 1.0, 0.0), (0.0, 1.0));
    let mut now = before.clone();
    now.cells.iter_mut().for_each(|row| row[0] = f64::NAN);
    let drop = explain_drop(&scorer, &before, &now, 7, 2).expect("both classes");
    sums_up(&drop);
    assert!(drop.missing_data > 0.0, "{drop:?}");
    let worst = &drop.features[0];
    assert_eq!(worst.feature, scorer.features()[0].name);
    // The rows and their labels are the same: fixing the feed would give all of it back.
    assert!(
        (drop.missing_data - drop.change).abs() < 0.1 * drop.change,
        "{drop:?}"
    );
}

#[test]
fn without_labels_the_change_is_that_of_the_rows() {
    let scorer = scorer();
    let before = rows(&scorer, (1, 1.0, 0.05), (0.0, 1.0));
    let labelled = rows(&scorer, (3, 0.0, 0.6), (0.0, 1.0));
    let now = LabelledRows {
        labels: Vec::new(),
        ..labelled.clone()
    };
    let drop = explain_drop(&scorer, &before, &now, 7, 2).expect("both classes");
    sums_up(&drop);
    assert!(drop.is_estimated && drop.interval.is_none());
    assert!(
        drop.concept.abs() < 1e-12 && drop.calibration.abs() < 1e-12,
        "{drop:?}"
    );
    // The labels follow the scores as before, so that the estimate is what comes of them.
    let realised = explain_drop(&scorer, &before, &labelled, 7, 2).expect("both classes");
    let interval = realised.interval.expect("labels");
    assert!(
        interval.low < drop.change && drop.change < interval.high,
        "{drop:?} {interval:?}"
    );
    let law = drop.recalibration.baseline;
    let mean = row_losses(&scorer, &now, law).iter().sum::<f64>() / 8_000.0;
    assert!((mean - drop.log_loss.current).abs() < 1e-12);
}

#[test]
fn one_class_tells_nothing() {
    let scorer = scorer();
    let before = rows(&scorer, (1, 1.0, 0.0), (0.0, 1.0));
    let mut now = before.clone();
    now.labels.fill(true);
    assert_eq!(explain_drop(&scorer, &before, &now, 7, 1), None);
}
