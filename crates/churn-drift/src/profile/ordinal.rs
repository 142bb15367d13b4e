//! Doubles as integers of the same order.

const SIGN: u64 = 1 << 63;

/// Maps a finite double to an integer with the same order; both zeros map to one.
#[inline(always)]
pub(crate) fn ordinal(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits & SIGN == 0 {
        bits + SIGN
    } else {
        SIGN - (bits & !SIGN)
    }
}

/// The inverse of [`ordinal`], clamped to the finite doubles.
pub(crate) fn from_ordinal(ordinal: u64) -> f64 {
    let value = if ordinal >= SIGN {
        f64::from_bits(ordinal - SIGN)
    } else {
        f64::from_bits((SIGN - ordinal) | SIGN)
    };
    if value.is_nan() {
        return if ordinal >= SIGN { f64::MAX } else { f64::MIN };
    }
    value.clamp(f64::MIN, f64::MAX)
}
