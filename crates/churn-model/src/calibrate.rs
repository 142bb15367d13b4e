//! From log-odds to probabilities: Platt's scaling and isotonic regression, taken only where
//! they help rows they were not fitted on.

use super::artifact::Calibration;
use super::calibration_fit::{fit_isotonic, fit_platt};
use super::sigmoid::sigmoid;
use super::strata::deal;

/// What is kept clear of 0 and 1.
const MARGIN: f64 = f64::EPSILON;

/// Returns the probability of log-odds: always inside (0, 1), at least 2^-52 from both ends.
///
/// NaN counts as log-odds 0; a scorer with finite weights and inputs has none.
///
/// # Examples
/// ```
/// use churn_model::{artifact::Calibration, calibrate::apply};
///
/// assert_eq!(apply(&Calibration::None, 0.0), 0.5);
/// assert!(apply(&Calibration::None, 1e300) < 1.0);
/// ```
#[must_use]
pub fn apply(calibration: &Calibration, log_odds: f64) -> f64 {
    let log_odds = if log_odds.is_nan() { 0.0 } else { log_odds };
    let probability = match calibration {
        Calibration::None => sigmoid(log_odds),
        Calibration::Platt { slope, intercept } => {
            // Infinite log-odds times a slope of 0 would be NaN.
            sigmoid(slope * log_odds.clamp(-1e100, 1e100) + intercept)
        }
        Calibration::Isotonic {
            log_odds: knots,
            probability,
        } => interpolate(knots, probability, log_odds),
    };
    probability.clamp(MARGIN, 1.0 - MARGIN)
}

fn interpolate(knots: &[f64], values: &[f64], at: f64) -> f64 {
    let after = knots.partition_point(|knot| *knot <= at);
    match (after.checked_sub(1), knots.get(after)) {
        (None, _) => values.first().copied().unwrap_or(0.5),
        (Some(last), None) => values[last],
        (Some(before), Some(next)) => {
            let share = (at - knots[before]) / (next - knots[before]);
            values[before] + (values[after] - values[before]) * share
        }
    }
}

/// A calibration and why it was taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Chosen {
    /// What to apply.
    pub calibration: Calibration,
    /// One sentence with the log losses that decided.
    pub reason: String,
}

/// Fits both methods on the validation rows and takes the one that helps, else none.
///
/// # Formula
/// Both are fitted on each half of the rows (at random, seeded, groups kept together) and
/// measured on the other half. A method is taken if its mean log loss there is lower by more
/// than one standard error of the paired difference: Platt against none, isotonic against the
/// better of these. What is taken is fitted again on all rows.
///
/// # Panics
/// Panics if there are not as many labels or groups as log-odds.
#[must_use]
pub fn choose(log_odds: &[f64], labels: &[bool], group: Option<&[u32]>, seed: u64) -> Chosen {
    choose_over(&Calibration::None, log_odds, labels, group, seed)
}

/// As [`choose`], of a model that has a calibration: what does not beat that by more than a standard error is not
/// taken.
///
/// # Panics
/// As [`choose`].
#[must_use]
pub fn choose_over(
    own: &Calibration,
    log_odds: &[f64],
    labels: &[bool],
    group: Option<&[u32]>,
    seed: u64,
) -> Chosen {
    assert_eq!(log_odds.len(), labels.len());
    let rows: Vec<u32> = (0_u32..).take(labels.len()).collect();
    let key = |row: &u32| u64::from(group.map_or(*row, |group| group[*row as usize]));
    let keys: Vec<u64> = rows.iter().map(key).collect();
    let halves = deal(&rows, labels, group, &keys, &[0.5, 0.5], seed).parts;
    let before = losses(own, log_odds, labels);
    let mut tried = vec![format!("{} {:.5}", name_of(own), mean(&before))];
    let mut best = (own.clone(), before);
    let methods: [(&str, Fit); 2] = [("Platt", fit_platt), ("isotonic", fit_isotonic)];
    // The outputs of some imported forests are probabilities already: a curve over log-odds does not fit those.
    let is_probability =
        matches!(own, Calibration::Isotonic { log_odds, probability } if log_odds == probability);
    for (name, fit) in methods.into_iter().skip(usize::from(is_probability)) {
        let Some(crossed) = crossed(fit, log_odds, labels, &halves) else {
            tried.push(format!("{name} impossible"));
            continue;
        };
        tried.push(format!("{name} {:.5}", mean(&crossed)));
        if improves(&best.1, &crossed)
            && let Some(calibration) = fit(log_odds, labels)
        {
            best = (calibration, crossed);
        }
    }
    let taken = match best.0 == *own {
        true => name_of(own),
        false if matches!(best.0, Calibration::Isotonic { .. }) => "isotonic",
        false => "Platt",
    };
    let tried = tried.join(", ");
    Chosen {
        calibration: best.0,
        reason: format!("{taken}: cross-fitted log loss on validation was {tried}"),
    }
}

const fn name_of(own: &Calibration) -> &'static str {
    match own {
        Calibration::None => "none",
        Calibration::Platt { .. } | Calibration::Isotonic { .. } => "as it is",
    }
}

type Fit = fn(&[f64], &[bool]) -> Option<Calibration>;

/// The loss of each row under a calibration fitted on the other half.
fn crossed(fit: Fit, log_odds: &[f64], labels: &[bool], halves: &[usize]) -> Option<Vec<f64>> {
    let mut losses = vec![0.0; labels.len()];
    for half in 0..2 {
        let other = (0..labels.len()).filter(|at| halves[*at] != half);
        let (z, y): (Vec<f64>, Vec<bool>) = other.map(|at| (log_odds[at], labels[at])).unzip();
        let calibration = fit(&z, &y)?;
        for at in (0..labels.len()).filter(|at| halves[*at] == half) {
            losses[at] = loss(apply(&calibration, log_odds[at]), labels[at]);
        }
    }
    Some(losses)
}

fn losses(calibration: &Calibration, log_odds: &[f64], labels: &[bool]) -> Vec<f64> {
    let rows = log_odds.iter().zip(labels);
    rows.map(|(z, label)| loss(apply(calibration, *z), *label))
        .collect()
}

fn loss(probability: f64, label: bool) -> f64 {
    -(if label {
        probability
    } else {
        1.0 - probability
    })
    .ln()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// Whether `new` is below `old` by more than a standard error of the difference.
fn improves(old: &[f64], new: &[f64]) -> bool {
    let gains: Vec<f64> = old.iter().zip(new).map(|(old, new)| old - new).collect();
    let gain = mean(&gains);
    let squares: Vec<f64> = gains.iter().map(|one| (one - gain).powi(2)).collect();
    let error = (mean(&squares) / gains.len().max(1) as f64).sqrt();
    gain > error && gain > 0.0
}

#[cfg(test)]
mod tests {
    use churn_drift::stats::bootstrap::SplitMix64;
    use proptest::prelude::*;

    use super::*;

    const Z: [f64; 10] = [-2.0, -1.5, -1.0, -0.5, 0.0, 0.25, 0.5, 1.0, 1.5, 2.5];
    const Y: [bool; 10] = [
        false, false, true, false, false, true, true, false, true, true,
    ];

    #[test]
    fn platt_is_that_of_sklearn() {
        // scikit-learn 1.9.1: sklearn.calibration._sigmoid_calibration(z, y) with both
        // signs turned: (0.6241459143578051, -0.04085004236835396)
        let Some(Calibration::Platt { slope, intercept }) = fit_platt(&Z, &Y) else {
            panic!("no fit");
        };
        assert!((slope - 0.624_145_914).abs() < 1e-5, "{slope}");
        assert!((intercept + 0.040_850_042).abs() < 1e-5, "{intercept}");
    }

    #[test]
    fn isotonic_pools_as_sklearn_does() {
        // scikit-learn 1.9.1: IsotonicRegression().fit(z, y).predict(z) =
        // [0, 0, 1/3, 1/3, 1/3, 2/3, 2/3, 2/3, 1, 1]; knots at the pools' means of z
        let Some(Calibration::Isotonic {
            log_odds,
            probability,
        }) = fit_isotonic(&Z, &Y)
        else {
            panic!("no fit");
        };
        let close = |a: &[f64], b: &[f64]| {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12)
        };
        let margin = 0.5 / 11.0;
        assert!(close(
            &probability,
            &[margin, 1.0 / 3.0, 2.0 / 3.0, 1.0 - margin]
        ));
        assert!(
            close(&log_odds, &[-1.75, -0.5, 1.75 / 3.0, 2.0]),
            "{log_odds:?}"
        );
    }

    /// Log-odds `z`, labels by the probability of `true_slope * z`.
    fn drawn(rows: usize, true_slope: f64) -> (Vec<f64>, Vec<bool>) {
        let mut bits = SplitMix64::new(11);
        let draw = |_| {
            let z = bits.next_normal() * 2.0;
            (z, bits.next_unit() < sigmoid(true_slope * z))
        };
        (0..rows).map(draw).unzip()
    }

    #[test]
    fn calibrated_scores_are_left_alone() {
        let (z, y) = drawn(2_000, 1.0);
        let chosen = choose(&z, &y, None, 1);
        assert_eq!(chosen.calibration, Calibration::None, "{}", chosen.reason);
    }

    #[test]
    fn a_calibration_that_is_right_stays_and_one_that_is_not_goes() {
        let platt = |slope, intercept| Calibration::Platt { slope, intercept };
        let (z, y) = drawn(4_000, 0.4);
        let right = platt(0.4, 0.0);
        let chosen = choose_over(&right, &z, &y, None, 1);
        assert_eq!(chosen.calibration, right, "{}", chosen.reason);
        assert!(chosen.reason.starts_with("as it is: "), "{}", chosen.reason);
        let chosen = choose_over(&platt(0.4, 1.5), &z, &y, None, 1);
        let Calibration::Platt { slope, intercept } = chosen.calibration else {
            panic!("{}", chosen.reason);
        };
        // The law of the labels: log-odds .4 z.
        assert!(
            (slope - 0.4).abs() < 0.05 && intercept.abs() < 0.1,
            "{slope} {intercept}"
        );
    }

    #[test]
    fn outputs_that_are_probabilities_already_are_not_taken_for_log_odds() {
        let mut bits = SplitMix64::new(7);
        let draw = |_| {
            let share = bits.next_unit();
            (share, bits.next_unit() < 0.2 + share * share / 2.0)
        };
        let (shares, y): (Vec<f64>, Vec<bool>) = (0..20_000).map(draw).unzip();
        let as_it_is = Calibration::Isotonic {
            log_odds: vec![0.0, 1.0],
            probability: vec![0.0, 1.0],
        };
        let chosen = choose_over(&as_it_is, &shares, &y, None, 1);
        assert!(!chosen.reason.contains("Platt"), "{}", chosen.reason);
        // The law of the labels.
        for share in [0.2_f64, 0.5, 0.8] {
            let found = apply(&chosen.calibration, share);
            assert!(
                (found - 0.2 - share * share / 2.0).abs() < 0.04,
                "{share} {found}"
            );
        }
    }

    #[test]
    fn overconfident_scores_are_calibrated() {
        let (z, y) = drawn(2_000, 0.4);
        let chosen = choose(&z, &y, None, 1);
        let Calibration::Platt { slope, .. } = chosen.calibration else {
            panic!("{}", chosen.reason);
        };
        assert!((slope - 0.4).abs() < 0.06, "{slope}");
    }

    #[test]
    fn a_bent_curve_is_isotonic() {
        let (z, _) = drawn(20_000, 1.0);
        let mut bits = SplitMix64::new(5);
        let y: Vec<bool> = z
            .iter()
            .map(|z| bits.next_unit() < if *z < 0.0 { 0.1 } else { 0.6 })
            .collect();
        let chosen = choose(&z, &y, None, 1);
        assert!(
            matches!(chosen.calibration, Calibration::Isotonic { .. }),
            "{}",
            chosen.reason
        );
    }

    #[test]
    fn hopeless_rows_are_not_calibrated() {
        for (z, y) in [
            (vec![], vec![]),
            (vec![1.0], vec![true]),
            (vec![1.0; 50], vec![false; 50]),
            (vec![f64::NAN; 4], vec![true, false, true, false]),
            (vec![1.0; 6], vec![true, false, true, false, true, false]),
        ] {
            let chosen = choose(&z, &y, None, 1);
            let fine = !matches!(chosen.calibration, Calibration::Isotonic { .. });
            assert!(fine, "{}", chosen.reason);
        }
    }

    fn calibrations() -> impl Strategy<Value = Calibration> {
        let rows = proptest::collection::vec((-50_i32..50, any::<bool>()), 2..60);
        rows.prop_flat_map(|rows| {
            let z: Vec<f64> = rows.iter().map(|row| f64::from(row.0) / 7.0).collect();
            let y: Vec<bool> = rows.iter().map(|row| row.1).collect();
            let fits = [
                Some(Calibration::None),
                fit_platt(&z, &y),
                fit_isotonic(&z, &y),
            ];
            proptest::sample::select(fits.into_iter().flatten().collect::<Vec<_>>())
        })
    }

    proptest! {
        #[test]
        fn probabilities_rise_with_the_log_odds_inside_0_and_1(
            calibration in calibrations(),
            a: f64,
            b: f64,
        ) {
            let (pa, pb) = (apply(&calibration, a), apply(&calibration, b));
            prop_assert!(pa > 0.0 && pa < 1.0 && pb > 0.0 && pb < 1.0);
            prop_assert!(a.is_nan() || b.is_nan() || (a <= b) == (pa <= pb) || pa == pb);
        }

        #[test]
        fn isotonic_knots_rise(rows in proptest::collection::vec((any::<i8>(), any::<bool>()), 0..200)) {
            let z: Vec<f64> = rows.iter().map(|row| f64::from(row.0)).collect();
            let y: Vec<bool> = rows.iter().map(|row| row.1).collect();
            if let Some(Calibration::Isotonic { log_odds, probability }) = fit_isotonic(&z, &y) {
                prop_assert!(log_odds.windows(2).all(|pair| pair[0] < pair[1]));
                prop_assert!(probability.windows(2).all(|pair| pair[0] <= pair[1]));
            }
        }
    }
}
