//! Comparisons in single precision as comparisons of doubles.

/// 2^128, from half a step below which on a number is infinite in single precision.
const BEYOND: f64 = 340_282_366_920_938_463_463_374_607_431_768_211_456.0;

/// Returns the number below which are exactly the numbers that, rounded to single precision, are below
/// `threshold`.
pub(super) fn below_in_single(threshold: f64) -> f64 {
    let nearest = threshold as f32;
    // The least single that is not below.
    let first = match f64::from(nearest) < threshold {
        true => nearest.next_up(),
        false => nearest,
    };
    let wide = |single: f32| match single.is_infinite() {
        true => BEYOND.copysign(f64::from(single)),
        false => f64::from(single),
    };
    let middle = wide(first.next_down()).midpoint(wide(first));
    // In the middle, the even of the two is nearest.
    match middle as f32 >= first {
        true => middle,
        false => middle.next_up(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(value: f64, threshold: f64) {
        let single = f64::from(value as f32) < threshold;
        let double = value < below_in_single(threshold);
        assert_eq!(single, double, "{value:e} {threshold:e}");
    }

    #[test]
    fn the_ends_are_found() {
        let ends = [
            0.0,
            -0.0,
            1e-46,
            -1e-46,
            7e-46,
            1e39,
            -1e39,
            f64::MAX,
            f64::MIN,
        ];
        let singles = [f32::MAX, f32::MIN, f32::MIN_POSITIVE, 0.1].map(f64::from);
        for threshold in ends.into_iter().chain(singles) {
            for value in ends.into_iter().chain(singles) {
                for near in [value.next_down(), value, value.next_up()] {
                    holds(near, threshold);
                }
            }
        }
    }

    #[test]
    fn both_comparisons_are_the_same() {
        let mut bits = 0x9e37_79b9_7f4a_7c15_u64;
        let mut tried = 0;
        while tried < 20_000 {
            bits = bits.wrapping_mul(0xbf58_476d_1ce4_e5b9).rotate_left(29) ^ 0x94d0_49bb;
            let single = f32::from_bits(bits as u32);
            if !single.is_finite() {
                continue;
            }
            tried += 1;
            let threshold = f64::from(single);
            let step = f64::from(single.next_up()) - threshold;
            let eighths = f64::from((bits >> 40) as u8) - 128.0;
            let value = threshold + step * eighths / 64.0;
            if value.is_finite() && step.is_finite() {
                holds(value, threshold);
                holds(value, threshold + step / 3.0);
            }
        }
    }
}
