//! Which row is which, across tables and runs: a hash of the columns that tell rows apart. What
//! is done with it is for others.

use churn_data::{Value, classify};

use super::frame::{Column, Frame};

/// Odd numbers with as many ones as zeros, about: digits of pi.
const SEEDS: [u64; 4] = [
    0x2437_6a88_85a3_08d3,
    0x1319_8a2e_0370_7345,
    0xa409_3822_299f_31d1,
    0x082e_fa98_ec4e_6c89,
];
/// Of a missing value.
const MISSING: u64 = SEEDS[3];

/// Returns a hash of each row's values in these columns; nothing if a column is not there.
///
/// The same values have the same hash in any table, whatever the other rows and columns: a
/// number is its value, be it alone or among texts. The hash is stored in artifacts, so it must
/// never change.
#[must_use]
pub fn row_keys(frame: &Frame, columns: &[String]) -> Option<Vec<u64>> {
    let mut keys = vec![SEEDS[0]; frame.rows];
    for name in columns {
        match frame.column(name)? {
            Column::Numbers(numbers) => {
                for (key, number) in keys.iter_mut().zip(numbers) {
                    *key = joined(*key, of_number(*number));
                }
            }
            Column::Categories { codes, levels } => {
                let of_levels: Vec<u64> = levels.iter().map(|text| of_text(text)).collect();
                for (key, code) in keys.iter_mut().zip(codes) {
                    let own = of_levels.get(*code as usize).copied();
                    *key = joined(*key, own.unwrap_or(MISSING));
                }
            }
        }
    }
    Some(keys)
}

/// Returns a hash of a key and another number.
pub(super) fn joined(key: u64, other: u64) -> u64 {
    fold(key ^ SEEDS[1], other ^ SEEDS[2])
}

fn of_number(number: f64) -> u64 {
    if number.is_nan() {
        return MISSING;
    }
    // Both zeros are one.
    joined(SEEDS[0], (number + 0.0).to_bits())
}

fn of_text(text: &str) -> u64 {
    if let Value::Number(number) = classify(text.as_bytes()) {
        return of_number(number);
    }
    let start = joined(SEEDS[2], text.len() as u64);
    text.as_bytes().chunks(8).fold(start, |hash, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        joined(hash, u64::from_le_bytes(word))
    })
}

/// Both halves of the product, one over the other.
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ ((product >> 64) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(columns: &[(&str, Column)]) -> Frame {
        Frame {
            rows: 3,
            names: columns.iter().map(|(name, _)| (*name).into()).collect(),
            columns: columns.iter().map(|(_, column)| column.clone()).collect(),
        }
    }

    fn texts(codes: &[u32], levels: &[&str]) -> Column {
        Column::Categories {
            codes: codes.to_vec(),
            levels: levels.iter().map(|level| (*level).into()).collect(),
        }
    }

    fn keys(frame: &Frame, columns: &[&str]) -> Option<Vec<u64>> {
        let columns: Vec<String> = columns.iter().map(|name| (*name).into()).collect();
        row_keys(frame, &columns)
    }

    #[test]
    fn a_row_has_the_same_key_in_any_table() {
        let id = Column::Numbers(vec![7.0, 8.0, f64::NAN]);
        let one = frame(&[("id", id), ("day", texts(&[0, 0, 1], &["mon", "tue"]))]);
        // In other rows, beside a text, with other codes.
        let id = texts(&[1, u32::MAX, 0], &["7", "x"]);
        let other = frame(&[
            ("day", texts(&[0, 1, 2], &["sun", "tue", "mon"])),
            ("id", id),
        ]);
        let (one, other) = (
            keys(&one, &["id", "day"]).expect("keys"),
            keys(&other, &["id", "day"]).expect("keys"),
        );
        assert_eq!((one[0], one[2]), (other[2], other[1]));
        assert!(one[0] != one[1] && !one.contains(&other[0]));
    }

    #[test]
    fn the_order_of_the_columns_counts_and_an_absent_one_is_told() {
        let frame = frame(&[
            ("a", Column::Numbers(vec![1.0, 2.0, 0.0])),
            ("b", Column::Numbers(vec![2.0, 1.0, -0.0])),
        ]);
        let (ab, ba) = (keys(&frame, &["a", "b"]), keys(&frame, &["b", "a"]));
        let (ab, ba) = (ab.expect("keys"), ba.expect("keys"));
        assert!(ab[0] == ba[1] && ab[0] != ba[0] && ab[2] == ba[2]);
        assert_eq!(keys(&frame, &["a", "c"]), None);
    }

    #[test]
    fn keys_are_pinned_since_artifacts_hold_them() {
        let frame = frame(&[
            ("n", Column::Numbers(vec![1.0, -2.5, f64::NAN])),
            ("t", texts(&[0, 1, 0], &["Month-to-month", "a"])),
        ]);
        let pinned = [
            1_676_211_830_454_668_086,
            8_699_093_422_840_610_845,
            6_411_699_184_633_612_491,
        ];
        assert_eq!(keys(&frame, &["n", "t"]).expect("keys"), pinned);
    }
}
