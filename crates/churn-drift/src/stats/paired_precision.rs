//! The difference of two average precisions on the same rows, with its 95 % interval.
//! `examples/interval_coverage.rs` measures how often it holds the truth.

use super::classification::{Estimate, ScoredCell};
use super::intervals::{Z, around, for_few_rows};

/// How one model ranks the rows. Its average precision is defined.
pub struct Ranking {
    /// Average precision.
    pub precision: f64,
    /// The rows by distinct score, falling.
    pub cells: Vec<ScoredCell>,
    /// The cell of each row.
    pub cell_of: Vec<usize>,
}

/// What a cell of a ranking is to average precision.
struct Level {
    /// Negatives down to this cell.
    negatives: f64,
    /// What the precision here loses by one more negative above.
    pull: f64,
    /// `pull` of all positives from here down: what they lose by one more negative here.
    pulled: f64,
    /// What average precision gains by one more positive here, to first order.
    influence: f64,
}

/// Returns the difference of average precisions, candidate less champion, with its 95 % interval.
///
/// # Formula
/// `difference +- Z (1 + 4 / (r + 20)) sqrt(V)`; the factor is that of a single average precision,
/// `r` the rows of the rarer label. `V` is the sum over the rows of the squared influence of each
/// on the difference (Hampel 1974, "The influence curve and its role in robust estimation", JASA
/// 69; as a variance, Jaeckel 1972, "The infinitesimal jackknife") less its interaction.
///
/// Two models that rank the rows nearly alike differ by pairs of a positive and a negative row that
/// changed places. Such a pair is in the influence of both of its rows, so that the sum of squares
/// has it twice, as the jackknife has (Efron, Stein 1981, "The jackknife estimate of variance", Ann.
/// Statist. 9). The interaction takes it out once: with `h_ij` what the positive row `i` loses by
/// the negative row `j`, the difference between both models, it is the sum of squares of `h` less
/// its means by row and by column (Hoeffding 1948). The sum of squares has twice what is taken
/// out, in expectation, so at least half of it is left. A pair of two positives that change places
/// changes nothing, and one of two negatives neither.
pub fn precision_difference(champion: &Ranking, candidate: &Ranking, labels: &[bool]) -> Estimate {
    let value = candidate.precision - champion.precision;
    let positives = labels.iter().filter(|label| **label).count() as f64;
    let negatives = labels.len() as f64 - positives;
    let (old, new) = (levels(champion), levels(candidate));
    let (mut squared_influence, mut squares) = (0.0, 0.0);
    let (mut by_row, mut by_column, mut whole) = (0.0, 0.0, 0.0);
    let both = negatives_above_in_both(champion, candidate, labels);
    for (row, &positive) in labels.iter().enumerate() {
        let old = &old[champion.cell_of[row]];
        let new = &new[candidate.cell_of[row]];
        if positive {
            squared_influence += (new.influence - old.influence).powi(2);
            squares += both[row] * (new.pull - old.pull).powi(2)
                + (new.negatives - both[row]) * new.pull.powi(2)
                + (old.negatives - both[row]) * old.pull.powi(2);
            let sum = new.negatives * new.pull - old.negatives * old.pull;
            by_row += sum * sum;
            whole += sum;
        } else {
            let sum = new.pulled - old.pulled;
            squared_influence += (sum / positives).powi(2);
            by_column += sum * sum;
        }
    }
    let interaction = squares - by_row / negatives - by_column / positives
        + whole * whole / positives / negatives;
    let interaction = interaction.max(0.0) / (positives * positives);
    let variance = (squared_influence - interaction).max(squared_influence / 2.0);
    let half = Z * for_few_rows(positives.min(negatives)) * variance.sqrt();
    around(value, value - half, value + half)
}

/// Returns the levels of a ranking, from the highest score down.
fn levels(of: &Ranking) -> Vec<Level> {
    let positives: f64 = of.cells.iter().map(|cell| cell.positives as f64).sum();
    let (mut hits, mut misses) = (0.0, 0.0);
    let mut levels = Vec::with_capacity(of.cells.len());
    for cell in &of.cells {
        hits += cell.positives as f64;
        misses += cell.negatives as f64;
        let rows: f64 = hits + misses;
        levels.push(Level {
            negatives: misses,
            pull: hits / (rows * rows),
            pulled: 0.0,
            influence: (hits / rows - of.precision) / positives,
        });
    }
    let (mut pulled, mut lifted) = (0.0, 0.0);
    for (level, cell) in levels.iter_mut().zip(&of.cells).rev() {
        let here = cell.positives as f64;
        let rows = hits + misses;
        // One positive more lifts the precision here and below.
        lifted += here * misses / (rows * rows);
        pulled += here * level.pull;
        level.pulled = pulled;
        level.influence += lifted / positives;
        hits -= here;
        misses -= cell.negatives as f64;
    }
    levels
}

/// Returns by positive row how many negatives both models rank as high or higher; 0 for others.
///
/// Rows come from the champion's highest cell down; a tree of partial sums (Fenwick 1994) counts
/// the negatives so far by the candidate's cell: `n log n` steps.
fn negatives_above_in_both(champion: &Ranking, candidate: &Ranking, labels: &[bool]) -> Vec<f64> {
    let mut rows: Vec<usize> = (0..labels.len()).collect();
    // Negatives before positives in a cell: a tie is as high.
    rows.sort_unstable_by_key(|&row| (champion.cell_of[row], labels[row]));
    let mut tree = vec![0_u64; candidate.cells.len() + 1];
    let mut above = vec![0.0; labels.len()];
    for row in rows {
        let mut at = candidate.cell_of[row] + 1;
        if labels[row] {
            let mut count = 0;
            while at > 0 {
                count += tree[at];
                at &= at - 1;
            }
            above[row] = count as f64;
        } else {
            while at < tree.len() {
                tree[at] += 1;
                at += at & at.wrapping_neg();
            }
        }
    }
    above
}
