//! The domain classifier: trees that learn to tell the rows of two data sets apart, and how well they do so by chance
//! alone. Whether that is drift is `churn_drift`'s affair.

use std::collections::HashMap;

use forust_ml::binning::TiledBins;
use forust_ml::data::Matrix;
use forust_ml::gradientbooster::GrowPolicy;
use forust_ml::sampler::SampleMethod;
use forust_ml::tree::Tree;

use super::bins::Bins;
use super::column::Column;
use super::frame::Frame;
use super::learner::logistic;
use super::random::{Random, shuffle};
use super::threads;
use super::trees::{Trees, Walk};

/// Each row is scored by trees that were grown on the other parts of the rows.
const FOLDS: usize = 3;
/// Fewest rows of a side that are told apart: some for each fold, and a leaf of them.
const LEAST_ROWS: usize = 30;

/// How well the rows of two data sets can be told apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Domain {
    /// ROC AUC out of fold, mean of the folds.
    pub roc_auc: f64,
    /// The same where the rows are dealt out to both sides by chance, one a permutation.
    pub permuted: Vec<f64>,
    /// By column, how far the ROC AUC falls if the column is shuffled among the rows that are scored.
    pub falls: Vec<f64>,
    /// By row, those of the baseline first: the probability that it is of the current side, out of fold.
    pub current_probability: Vec<f64>,
}

/// What shapes the classifier beside its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DomainOptions {
    /// How often rows are dealt out by chance.
    pub permutations: usize,
    /// Seed of the folds and of chance.
    pub seed: u64,
    /// Threads to use; changes nothing but the time.
    pub threads: usize,
}

/// Tells the rows of two frames with the same columns apart. A column that is text on either side is text on both;
/// texts are ordered by falling count on both sides together, which no side has a part in. None if a side has too few
/// rows.
#[must_use]
pub fn domain_classifier(
    baseline: &Frame,
    current: &Frame,
    options: &DomainOptions,
) -> Option<Domain> {
    if baseline.rows.min(current.rows) < LEAST_ROWS || baseline.columns.is_empty() {
        return None;
    }
    let columns = baseline.columns.len();
    let bins = Bins::of_values(columns, options.threads, |index| {
        pooled(&baseline.columns[index], &current.columns[index])
    });
    let rows = baseline.rows + current.rows;
    let matrix = Matrix::new(&bins.bins, rows, columns);
    let pool = Pool {
        tiles: TiledBins::new(&matrix, &bins.cuts, false),
        matrix: &matrix,
        bins: &bins,
        baseline_rows: baseline.rows,
        columns: (0..columns).collect(),
        trees: Trees {
            rounds: 30,
            learning_rate: 0.2,
            max_depth: 5,
            ..Trees::shallow(options.seed)
        },
    };
    let deal = |permutation: u64| {
        let mut random = Random::stream(options.seed, permutation);
        let mut order: Vec<u32> = (0..rows as u32).collect();
        if permutation > 0 {
            shuffle(&mut order, &mut random);
        }
        let (before, now) = order.split_at_mut(baseline.rows);
        shuffle(before, &mut random);
        shuffle(now, &mut random);
        pool.folds(&order)
    };
    let permuted = threads::in_order(options.threads, options.permutations, |at| {
        let folds = deal(at as u64 + 1);
        mean(folds.iter().map(|fold| pool.roc_auc(fold, &fold.log_odds)))
    });
    let folds = deal(0);
    let own: Vec<f64> = folds
        .iter()
        .map(|fold| pool.roc_auc(fold, &fold.log_odds))
        .collect();
    let falls = threads::in_order(options.threads, columns, |column| {
        let folds = folds.iter().zip(&own);
        mean(folds.map(|(fold, own)| own - pool.roc_auc_without(fold, column, options.seed)))
    });
    let mut current_probability = vec![0.0; rows];
    for fold in &folds {
        for (&row, &log_odds) in fold.held_out.iter().zip(&fold.log_odds) {
            current_probability[row] = logistic(log_odds);
        }
    }
    Some(Domain {
        roc_auc: mean(own.iter().copied()),
        permuted,
        falls,
        current_probability,
    })
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}

/// Returns the values of both sides as numbers.
fn pooled(baseline: &Column, current: &Column) -> Vec<f64> {
    if let (Column::Numbers(before), Column::Numbers(now)) = (baseline, current) {
        return [&before[..], now].concat();
    }
    let texts = |column: &Column| -> Vec<Option<String>> {
        let rows = match column {
            Column::Numbers(numbers) => numbers.len(),
            Column::Categories { codes, .. } => codes.len(),
        };
        (0..rows).map(|row| column.text(row)).collect()
    };
    let texts = [texts(baseline), texts(current)].concat();
    let mut counts: HashMap<&str, u64> = HashMap::new();
    for text in texts.iter().flatten() {
        *counts.entry(text).or_default() += 1;
    }
    let mut order: Vec<(&str, u64)> = counts.iter().map(|(text, count)| (*text, *count)).collect();
    order.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let codes: HashMap<&str, f64> = order
        .iter()
        .enumerate()
        .map(|(code, (text, _))| (*text, code as f64))
        .collect();
    let code = |text: &Option<String>| {
        let code = text.as_deref().and_then(|text| codes.get(text));
        code.copied().unwrap_or(f64::NAN)
    };
    texts.iter().map(code).collect()
}

/// The rows of both sides.
struct Pool<'a> {
    matrix: &'a Matrix<'a, u16>,
    tiles: TiledBins,
    bins: &'a Bins,
    baseline_rows: usize,
    columns: Vec<usize>,
    trees: Trees,
}

/// What came of a fold.
struct Fold {
    trees: Vec<Tree>,
    /// Log-odds of a row about which nothing is known.
    base: f64,
    /// The rows that had no part in it.
    held_out: Vec<usize>,
    /// Whether each of them is of the current side.
    is_current: Vec<bool>,
    /// Their scores.
    log_odds: Vec<f64>,
}

impl Pool<'_> {
    /// Scores every row by trees grown on the folds that it is not in. The first rows of `order` are the baseline's;
    /// the folds hold as many rows of each side.
    fn folds(&self, order: &[u32]) -> Vec<Fold> {
        let rows = order.len();
        let (mut is_current, mut fold_of) = (vec![false; rows], vec![0; rows]);
        for (at, &row) in order.iter().enumerate() {
            let (row, is_now) = (row as usize, at >= self.baseline_rows);
            is_current[row] = is_now;
            fold_of[row] = if is_now { at - self.baseline_rows } else { at } % FOLDS;
        }
        let fold = |fold: usize| {
            let (held_out, learned): (Vec<usize>, Vec<usize>) =
                (0..rows).partition(|&row| fold_of[row] == fold);
            self.fold(held_out, &learned, &is_current)
        };
        (0..FOLDS).map(fold).collect()
    }

    fn fold(&self, held_out: Vec<usize>, learned: &[usize], is_current: &[bool]) -> Fold {
        let rows = is_current.len();
        let current = learned.iter().filter(|&&row| is_current[row]).count() as f64;
        let base = (current / (learned.len() as f64 - current)).ln();
        let (mut gradients, mut hessians) = (vec![0.0_f32; rows], vec![0.0_f32; rows]);
        let mut known = vec![base; rows];
        let mut log_odds = vec![base; held_out.len()];
        let splitter = self.trees.splitter();
        let mut trees = Vec::with_capacity(self.trees.rounds);
        for _ in 0..self.trees.rounds {
            for &row in learned {
                let score = logistic(known[row]);
                gradients[row] = (score - f64::from(u8::from(is_current[row]))) as f32;
                hessians[row] = (score * (1.0 - score)) as f32;
            }
            let mut tree = Tree::new();
            let grown = tree.fit_with_tiles(
                self.matrix,
                learned.to_vec(),
                &self.columns,
                &self.bins.cuts,
                &gradients,
                &hessians,
                &splitter,
                usize::MAX,
                self.trees.max_depth,
                false,
                // With `None` the gradients would have to stand in the order of the rows learned from.
                &SampleMethod::Random,
                &GrowPolicy::DepthWise,
                Some(&self.tiles),
            );
            let walk = Walk::new(&tree, self.bins);
            let output = |row: usize| walk.output(|column| self.bins.bins[column * rows + row]);
            match grown {
                Some(grown) => grown.leaves(&tree).for_each(|(rows, output)| {
                    rows.iter().for_each(|&row| known[row] += output);
                }),
                None => learned.iter().for_each(|&row| known[row] += output(row)),
            }
            let held_out = held_out.iter().zip(&mut log_odds);
            held_out.for_each(|(&row, log_odds)| *log_odds += output(row));
            trees.push(tree);
        }
        Fold {
            trees,
            base,
            is_current: held_out.iter().map(|&row| is_current[row]).collect(),
            held_out,
            log_odds,
        }
    }

    fn roc_auc(&self, fold: &Fold, log_odds: &[f64]) -> f64 {
        roc_auc(log_odds, &fold.is_current)
    }

    /// Returns the ROC AUC of a fold whose held-out rows have their values of this column shuffled.
    fn roc_auc_without(&self, fold: &Fold, column: usize, seed: u64) -> f64 {
        let rows = self.matrix.rows;
        let mut shuffled = fold.held_out.clone();
        shuffle(&mut shuffled, &mut Random(seed.wrapping_add(column as u64)));
        let mut log_odds = vec![fold.base; shuffled.len()];
        for tree in &fold.trees {
            let walk = Walk::new(tree, self.bins);
            let held_out = fold.held_out.iter().zip(&shuffled);
            for ((&row, &other), log_odds) in held_out.zip(&mut log_odds) {
                *log_odds += walk.output(|at| {
                    let row = if at == column { other } else { row };
                    self.bins.bins[at * rows + row]
                });
            }
        }
        self.roc_auc(fold, &log_odds)
    }
}

/// Returns the share of pairs, one of either side, that the scores put in order; ties are half in order.
fn roc_auc(scores: &[f64], is_current: &[bool]) -> f64 {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_unstable_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let (mut below, mut in_order, mut current) = (0.0, 0.0, 0.0);
    for tied in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
        let now = tied.iter().filter(|&&row| is_current[row]).count() as f64;
        let before = tied.len() as f64 - now;
        in_order += now * (below + before / 2.0);
        below += before;
        current += now;
    }
    in_order / (below * current)
}

#[cfg(test)]
mod tests {
    use churn_drift::drift::multivariate::MeasuredClassifier;

    use super::*;

    /// Two correlated normal columns and a plan, by an angle for the sign of the correlation.
    fn rows(seed: u64, count: usize, correlation: f64) -> Frame {
        let mut random = Random(seed);
        let mut uniform = || (random.below(1 << 53) as f64 + 0.5) / (1_u64 << 53) as f64;
        let mut normal =
            || (-2.0 * uniform().ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos();
        let (mut a, mut b, mut codes) = (Vec::new(), Vec::new(), Vec::new());
        for row in 0..count {
            let (x, y) = (normal(), normal());
            a.push(x);
            b.push(correlation * x + (1.0 - correlation * correlation).sqrt() * y);
            codes.push(row as u32 % 3);
        }
        Frame {
            rows: count,
            names: ["plan", "a", "b"].map(str::to_owned).to_vec(),
            columns: vec![
                Column::Categories {
                    codes,
                    levels: ["x", "y", "z"].map(str::to_owned).to_vec(),
                },
                Column::Numbers(a),
                Column::Numbers(b),
            ],
        }
    }

    fn options(permutations: usize, threads: usize) -> DomainOptions {
        DomainOptions {
            permutations,
            seed: 1,
            threads,
        }
    }

    #[test]
    fn rows_whose_columns_hang_together_otherwise_are_told_apart() {
        let (before, now) = (rows(1, 600, 0.9), rows(2, 500, -0.9));
        let found = domain_classifier(&before, &now, &options(3, 2)).expect("rows");
        assert!(found.roc_auc > 0.85, "{}", found.roc_auc);
        assert!(found.permuted.iter().all(|auc| (0.42..0.58).contains(auc)));
        let [plan, a, b] = found.falls[..] else {
            panic!("three columns");
        };
        assert!(a > 0.2 && b > 0.2 && plan.abs() < 0.02, "{:?}", found.falls);
        let (of_before, of_now) = found.current_probability.split_at(600);
        assert!(mean(of_before.iter().copied()) + 0.3 < mean(of_now.iter().copied()));
        // The number of threads changes nothing.
        assert_eq!(
            domain_classifier(&before, &now, &options(3, 1)),
            Some(found)
        );
        assert_eq!(
            domain_classifier(&rows(1, 20, 0.0), &now, &options(1, 1)),
            None
        );
    }

    #[test]
    fn rows_of_one_law_are_told_apart_no_more_often_than_asked_for() {
        // 120 checks without a change: 99.7 % of Binomial(120, .05) are 0 to 14 (scipy.stats.binom.ppf, scipy 1.17.1).
        let alarms = (0..120_u64).filter(|&seed| {
            let sides = [(80, 2 * seed), (60, 2 * seed + 1)];
            let [before, now] = sides.map(|(count, own)| rows(1_000 + own, count, 0.5));
            let found = domain_classifier(&before, &now, &options(20, 2)).expect("rows");
            let measured = MeasuredClassifier {
                roc_auc: found.roc_auc,
                permuted: found.permuted,
                falls: Vec::new(),
            };
            measured.p_value() < 0.05
        });
        let alarms = alarms.count();
        assert!(alarms <= 14, "{alarms}");
    }

    #[test]
    fn the_area_is_that_of_sklearn() {
        // sklearn.metrics.roc_auc_score([0, 0, 1, 1, 1], [.1, .4, .4, .8, .2]), scikit-learn 1.9.1.
        let area = roc_auc(
            &[0.1, 0.4, 0.4, 0.8, 0.2],
            &[false, false, true, true, true],
        );
        assert!((area - 0.75).abs() < 1e-12, "{area}");
    }

    #[test]
    fn a_column_of_numbers_and_texts_is_texts_on_both_sides() {
        let numbers = Column::Numbers(vec![1.0, f64::NAN, 2.5, 1.0]);
        let texts = Column::Categories {
            codes: vec![0, 1, 1],
            levels: vec!["1".into(), "x".into()],
        };
        let pooled = pooled(&numbers, &texts);
        // 1 three times, x twice, 2.5 once.
        assert_eq!(pooled[..1], [0.0]);
        assert!(pooled[1].is_nan());
        assert_eq!(pooled[2..], [2.0, 0.0, 0.0, 1.0, 1.0]);
    }
}
