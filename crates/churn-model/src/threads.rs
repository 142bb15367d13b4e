//! Work shared among threads by blocks of rows.

pub(super) use churn_base::threads::{available, in_order};

/// Cuts `rows` into blocks whose size does not depend on the number of threads.
pub(super) fn blocks(rows: usize, size: usize) -> impl Fn(usize) -> std::ops::Range<usize> {
    move |index| index * size..((index + 1) * size).min(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_cover_all_rows_once() {
        let block = blocks(10, 4);
        assert_eq!([block(0), block(1), block(2)], [0..4, 4..8, 8..10]);
    }
}
