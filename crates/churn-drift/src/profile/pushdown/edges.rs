//! Edges between which a database counts the numbers of a column.

use super::super::ordinal::{from_ordinal, ordinal};
use super::super::spread::Bucket;

/// Stretches into which the values of a column are cut, about.
pub(super) const PARTS: u64 = 256;

pub(super) fn tidy(edges: &mut Vec<f64>) {
    edges.retain(|edge| edge.is_finite());
    edges.sort_by(f64::total_cmp);
    edges.dedup();
}

/// Edges that follow the order of the doubles from `min` to `max`: fine near zero, coarse far off.
pub(super) fn even_edges(min: f64, max: f64) -> impl Iterator<Item = f64> {
    let (from, to) = (ordinal(min), ordinal(max));
    let step = ((to - from) / PARTS).max(1);
    // Half of them by value, for values that lie evenly.
    let by_value = (1..PARTS).map(move |part| min + (max - min) * (part as f64 / PARTS as f64));
    let by_order = (1..PARTS)
        .map(move |part| from.saturating_add(part * step))
        .take_while(move |edge| *edge <= to)
        .map(from_ordinal);
    by_order.chain(by_value)
}

/// Edges with which every stretch has about the same number of values: stretches of the first pass
/// are cut evenly, and a value that holds more than its part gets a stretch of its own.
pub(super) fn equal_edges(first: &[Bucket]) -> Vec<f64> {
    let total: u64 = first.iter().map(|bucket| bucket.count).sum();
    let part = (total / PARTS).max(1);
    let mut edges = Vec::new();
    let mut since_edge = 0;
    for bucket in first.iter().filter(|bucket| bucket.count > 0) {
        if bucket.count > part {
            let pieces = bucket.count / part + 1;
            edges.extend([bucket.min, bucket.max, bucket.max.next_up()]);
            let width = bucket.max - bucket.min;
            let inner = (1..pieces).map(|at| bucket.min + width * (at as f64 / pieces as f64));
            edges.extend(inner.filter(|_| width > 0.0));
            // By value alone, a stretch over several powers of two has most of its values in one piece.
            let (from, to) = (ordinal(bucket.min), ordinal(bucket.max));
            let step = ((to - from) / pieces).max(1);
            let by_order = (1..pieces).map(|at| from.saturating_add(at * step));
            edges.extend(by_order.take_while(|edge| *edge < to).map(from_ordinal));
            since_edge = 0;
        } else {
            since_edge += bucket.count;
            if since_edge > part {
                edges.push(bucket.min);
                since_edge = bucket.count;
            }
        }
    }
    edges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_stretch_of_the_second_pass_is_large_unless_it_is_one_value() {
        // A third of the values are 0, the others lie like a log-normal law.
        let mut values: Vec<f64> = (1..30_000)
            .map(|at| (f64::from(at) / 30_000.0 * 12.0 - 6.0).exp())
            .chain(std::iter::repeat_n(0.0, 15_000))
            .collect();
        values.sort_by(f64::total_cmp);
        let count = |edges: &[f64]| {
            let mut buckets = vec![Bucket::default(); edges.len() + 1];
            for &value in &values {
                let bucket = &mut buckets[edges.partition_point(|edge| *edge <= value)];
                if bucket.count == 0 {
                    bucket.min = value;
                }
                bucket.max = value;
                bucket.count += 1;
            }
            buckets
        };
        let mut edges: Vec<f64> = even_edges(values[0], values[values.len() - 1]).collect();
        tidy(&mut edges);
        let mut edges = equal_edges(&count(&edges));
        tidy(&mut edges);
        assert!(edges.len() < 3 * PARTS as usize, "{}", edges.len());
        let largest = count(&edges)
            .into_iter()
            .filter(|bucket| bucket.min < bucket.max)
            .map(|bucket| bucket.count)
            .max();
        assert!(largest <= Some(45_000 / 64), "{largest:?}");
    }
}
