//! How surprising a single value far beyond all others is, given how heavy the tail looks.

/// Values of the tail from which its index is estimated.
const MOST_TAIL_VALUES: u64 = 100;
/// With fewer values above the median the tail is unknown.
const LEAST_TAIL_VALUES: u64 = 10;
/// The lightest tail that is believed: that of a Pareto law with index 4. Lighter ones (a normal
/// law, counts of few values) would take a step to the next value for a wonder.
const LEAST_MEAN_EXCESS: f64 = 0.25;

/// Returns the probability that the largest of `m` values lies `farthest` from the centre or
/// more, by the tail of `n` others of the same law.
///
/// `tail` are the distances of the others from the centre with their counts, falling, those above
/// the centre alone. Nothing is said with fewer than ten of them.
///
/// # Formula
/// Beyond a high level a tail is nearly that of Pareto with index `a`; the mean `H` of the logarithms
/// of the `k` largest distances over the next one estimates `1 / a` (Hill 1975, Ann. Statist. 3(5)).
/// Given `H` the tail at `t = ln(farthest / largest)` is `s = (1 + t / (k H))^-k` on average (`a` has
/// a gamma law), and the largest of `m` beats that of `n` so far with probability `m s / (n + m s)`.
/// `k` is a tenth of the values, 10 to 100; `H` is at least 1/4.
#[must_use]
pub fn far_value_p_value(tail: &[(f64, u64)], farthest: f64, n: u64, m: u64) -> f64 {
    let known: u64 = tail.iter().map(|(_, count)| count).sum();
    let Some(&(largest, _)) = tail.first() else {
        return 1.0;
    };
    if known <= LEAST_TAIL_VALUES || farthest <= largest || !farthest.is_finite() {
        return 1.0;
    }
    let wanted = (known / 10).clamp(LEAST_TAIL_VALUES, MOST_TAIL_VALUES);
    let (mut taken, mut logs, mut next) = (0, 0.0, largest);
    for &(distance, count) in tail {
        let here = count.min(wanted - taken);
        logs += here as f64 * distance.ln();
        taken += here;
        next = distance;
        if taken == wanted && here < count {
            break;
        }
        if taken == wanted {
            // The next value below is the level that the logarithms are taken over.
            let below = tail.iter().find(|(other, _)| *other < distance);
            next = below.map_or(distance, |(other, _)| *other);
            break;
        }
    }
    let k = taken as f64;
    let mean_excess = (logs / k - next.ln()).max(LEAST_MEAN_EXCESS);
    let t = farthest.ln() - largest.ln();
    let share = (-k * (t / (k * mean_excess)).ln_1p()).exp();
    let beyond = m as f64 * share;
    beyond / (n as f64 + beyond)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_as_surprising_as_the_tail_is_light() {
        let pareto = |index: f64| -> Vec<(f64, u64)> {
            (1..=1_000)
                .map(|rank| ((f64::from(rank) / 1_000.0).powf(-1.0 / index), 1))
                .collect()
        };
        let p = |index: f64, times: f64| {
            let tail = pareto(index);
            far_value_p_value(&tail, tail[0].0 * times, 2_000, 2_000)
        };
        // Pareto's law itself: 1 / (1 + times^index), before the index is estimated.
        assert!((p(1.0, 10.0) - 1.0 / 11.0).abs() < 0.02, "{}", p(1.0, 10.0));
        assert!((p(2.0, 10.0) - 1.0 / 101.0).abs() < 0.005);
        assert!(p(1.0, 1e3) > 1e-4 && p(3.0, 1e3) < 1e-7);
        // No tail is taken for lighter than that of index 4.
        assert!(p(50.0, 2.0) > 0.05 && p(50.0, 1e9) < 1e-15);
    }

    #[test]
    fn nothing_is_said_without_a_tail() {
        assert_eq!(far_value_p_value(&[], 1e9, 100, 100), 1.0);
        assert_eq!(far_value_p_value(&[(3.0, 2)], 1e9, 100, 100), 1.0);
        assert_eq!(far_value_p_value(&[(3.0, 40)], 3.0, 100, 100), 1.0);
        // Forty equal values: a known spread of none, and a value a billion times as far.
        assert!(far_value_p_value(&[(1.0, 40)], 1e9, 100, 100) < 1e-9);
    }
}
