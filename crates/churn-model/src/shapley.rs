//! Shapley values of trees: what each feature of a row is worth to the trees' output. Which row,
//! and what the features are called, is for others.

use super::artifact::LEAF;
use super::artifact_check::MAX_DEPTH;
use super::by_feature::ByFeature;
use super::level_set::LevelSet;
use super::node::Node;

/// What a row must fulfil in one feature to come to a leaf: all splits on it along the path.
#[derive(Debug, Clone, Copy)]
struct Condition {
    /// Smallest value that passes.
    from: f64,
    /// Smallest value above those that pass.
    below: f64,
    /// Share of the training rows that passed these splits where they came to them.
    share: f64,
    feature: u32,
    /// Number of the set of levels that pass, [`ANY_LEVEL`] of a number.
    levels: u32,
    missing: bool,
}

/// No set of levels.
const ANY_LEVEL: u32 = u32::MAX;

impl Condition {
    fn holds(&self, value: f64, sets: &[LevelSet]) -> bool {
        if value.is_nan() {
            return self.missing;
        }
        match sets.get(self.levels as usize) {
            None => self.from <= value && value < self.below,
            Some(set) => set.has(value),
        }
    }

    /// Sets bit `at` of the rows whose values pass.
    fn mark(&self, at: usize, values: &[f64], sets: &[LevelSet], passed: &mut [u64]) {
        if self.levels == ANY_LEVEL {
            // Without a branch: most of the time goes here.
            for (passed, &value) in passed.iter_mut().zip(values) {
                let holds =
                    (self.from <= value) & (value < self.below) | (value.is_nan() & self.missing);
                *passed |= u64::from(holds) << at;
            }
        } else {
            for (passed, &value) in passed.iter_mut().zip(values) {
                *passed |= u64::from(self.holds(value, sets)) << at;
            }
        }
    }

    /// Narrows it by one more split; the set of levels that pass is added to `sets`.
    fn narrow(mut self, node: &Node, goes_left: bool, sets: &mut Vec<LevelSet>) -> Self {
        self.share *= match goes_left {
            true => node.left_share,
            false => 1.0 - node.left_share,
        };
        if node.by_level {
            let asked = &sets[node.threshold as usize];
            let asked = match goes_left {
                true => asked.clone(),
                false => asked.complement(),
            };
            let both = match sets.get(self.levels as usize) {
                Some(own) => own.and(&asked),
                None => asked,
            };
            self.levels = sets.len() as u32;
            sets.push(both);
        } else if goes_left {
            self.below = self.below.min(node.threshold);
        } else {
            self.from = self.from.max(node.threshold);
        }
        self.missing &= node.missing_left == goes_left;
        self
    }
}

/// Most conditions of a leaf whose worth rows share.
const MOST_SHARED: usize = 14;
/// Conditions that no row has passed yet.
const UNKNOWN: usize = usize::MAX;

/// Most conditions of a leaf whose worth is worked out ahead for every way they may hold.
const MOST_AHEAD: usize = 6;
/// Most numbers that are worked out ahead, for all leaves: 32 MiB.
const MOST_CELLS: usize = 4 << 20;

/// A leaf with its conditions, one a feature.
#[derive(Debug, Clone, Copy)]
struct Leaf {
    output: f64,
    first: usize,
    count: usize,
    /// Where its contributions stand among those worked out ahead: as many as it has conditions
    /// for each set of conditions that hold, counted in bits.
    ahead: Option<usize>,
}

/// The leaves of all trees, as games in which the features of a row play.
///
/// # Formula
/// With a set S of known features, a tree is worth what its leaves are worth: a leaf's output
/// times, for each feature on its path, whether the row passes (known, 0 or 1) or the share of
/// the training rows that passed (unknown). This is the expectation along the paths that
/// `TreeExplainer` (Lundberg, Erion, Lee 2018, algorithm 1, "path dependent") takes, by leaf.
/// In such a product game of d players with pass o and share z, the Shapley value of feature i is
///
/// `output (o_i - z_i) integral_0^1 prod_(j != i) (z_j + (o_j - z_j) p) dp`
///
/// since the weight `k! (d - k - 1)! / d!` of the sets with k features is the integral of
/// `p^k (1 - p)^(d - 1 - k)`. The integrand is a polynomial of degree d - 1, for which
/// Gauss-Legendre quadrature with d / 2 points, rounded up, is exact. Nothing is divided by a
/// share, so none may be too small.
#[derive(Debug)]
pub(super) struct Shapley {
    leaves: Vec<Leaf>,
    conditions: Vec<Condition>,
    /// Levels that pass: those of nodes, then those of conditions.
    sets: Vec<LevelSet>,
    mean: f64,
    /// Points and weights on (0, 1) by number of points.
    quadrature: Vec<Vec<(f64, f64)>>,
    /// Contributions worked out ahead, see [`Leaf::ahead`]. A row then only looks up which of a
    /// leaf's conditions hold (Yang 2021, "Fast TreeSHAP", version 2).
    ahead: Vec<f64>,
}

impl Shapley {
    /// Takes the trees with these roots apart; `sets` are those of nodes that ask for a category.
    pub(super) fn new(nodes: &[Node], roots: &[u32], sets: &[LevelSet]) -> Self {
        let mut shapley = Self {
            leaves: Vec::new(),
            conditions: Vec::new(),
            sets: sets.to_vec(),
            mean: 0.0,
            quadrature: Vec::new(),
            ahead: Vec::new(),
        };
        // Paths that are still to be followed: a node, and the conditions so far.
        let mut open: Vec<(u32, Vec<Condition>)> = Vec::new();
        for &root in roots {
            open.push((root, Vec::new()));
            while let Some((at, path)) = open.pop() {
                let node = &nodes[at as usize];
                if node.feature == LEAF {
                    shapley.add_leaf(node.threshold, &path);
                    continue;
                }
                for (child, goes_left) in [(node.right, false), (node.left, true)] {
                    let path = with(&path, node, goes_left, &mut shapley.sets);
                    open.push((child, path));
                }
            }
        }
        let most = shapley.leaves.iter().map(|leaf| leaf.count).max();
        let most = most.unwrap_or(0).div_ceil(2);
        shapley.quadrature = (0..=most).map(gauss_legendre).collect();
        shapley.work_ahead();
        shapley
    }

    fn work_ahead(&mut self) {
        let mut room = Room::default();
        for number in 0..self.leaves.len() {
            let leaf = self.leaves[number];
            let cells = leaf.count << leaf.count.min(MOST_AHEAD);
            if leaf.count > MOST_AHEAD || self.ahead.len() + cells > MOST_CELLS {
                continue;
            }
            self.leaves[number].ahead = Some(self.ahead.len());
            for passed in 0..1_u64 << leaf.count {
                let worth = self.worth(leaf, passed, &mut room);
                self.ahead.extend_from_slice(worth);
            }
        }
    }

    fn add_leaf(&mut self, output: f64, path: &[Condition]) {
        self.mean += output * path.iter().map(|one| one.share).product::<f64>();
        self.leaves.push(Leaf {
            output,
            first: self.conditions.len(),
            count: path.len(),
            ahead: None,
        });
        self.conditions.extend_from_slice(path);
    }

    /// Returns the mean output over the training rows: with no feature known.
    pub(super) const fn mean(&self) -> f64 {
        self.mean
    }

    /// Adds what each feature is worth; `values` are what the trees compare with thresholds.
    pub(super) fn add_to(&self, values: &[f64], contributions: &mut [f64]) {
        let mut room = Room::default();
        for leaf in &self.leaves {
            let conditions = &self.conditions[leaf.first..leaf.first + leaf.count];
            let passed = conditions.iter().rev().fold(0, |passed, condition| {
                let holds = condition.holds(values[condition.feature as usize], &self.sets);
                passed << 1 | u64::from(holds)
            });
            let worth = match leaf.ahead {
                Some(first) => &self.ahead[first + passed as usize * leaf.count..][..leaf.count],
                None => self.worth(*leaf, passed, &mut room),
            };
            for (worth, condition) in worth.iter().zip(conditions) {
                contributions[condition.feature as usize] += worth;
            }
        }
    }

    /// Adds what each feature is worth to many rows, as [`add_to`](Self::add_to) does to one, to the last bit. Leaf by
    /// leaf: rows that pass the same conditions are worth the same, which is worked out once.
    pub(super) fn add_to_rows(&self, values: &ByFeature, contributions: &mut ByFeature) {
        let mut room = Room::default();
        let mut passed = vec![0_u64; values.rows()];
        let mut places: Vec<usize> = vec![UNKNOWN; 1 << MOST_SHARED];
        let mut worth = Vec::new();
        for leaf in &self.leaves {
            let conditions = &self.conditions[leaf.first..leaf.first + leaf.count];
            passed.fill(0);
            for (at, condition) in conditions.iter().enumerate() {
                let column = values.column(condition.feature as usize);
                condition.mark(at, column, &self.sets, &mut passed);
            }
            // What a row's worth begins with takes the place of the conditions that it passes.
            let worth: &[f64] = if let Some(first) = leaf.ahead {
                for passed in &mut passed {
                    *passed = (first + *passed as usize * leaf.count) as u64;
                }
                &self.ahead
            } else {
                worth.clear();
                let is_shared = leaf.count <= MOST_SHARED;
                let mut used = Vec::new();
                for passed in &mut passed {
                    let conditions = *passed as usize;
                    if is_shared && places[conditions] != UNKNOWN {
                        *passed = places[conditions] as u64;
                        continue;
                    }
                    let place = worth.len();
                    worth.extend_from_slice(self.worth(*leaf, *passed, &mut room));
                    *passed = place as u64;
                    if is_shared {
                        places[conditions] = place;
                        used.push(conditions);
                    }
                }
                used.into_iter().for_each(|one| places[one] = UNKNOWN);
                &worth
            };
            for (at, condition) in conditions.iter().enumerate() {
                let column = contributions.column_mut(condition.feature as usize);
                for (sum, first) in column.iter_mut().zip(&passed) {
                    *sum += worth[*first as usize + at];
                }
            }
        }
    }

    /// Computes what each condition of a leaf is worth when those whose bits are set hold.
    fn worth<'a>(&self, leaf: Leaf, passed: u64, room: &'a mut Room) -> &'a [f64] {
        let conditions = &self.conditions[leaf.first..leaf.first + leaf.count];
        let gaps = &mut room.gaps[..leaf.count];
        let before = &mut room.before[..leaf.count];
        let worth = &mut room.worth[..leaf.count];
        for (at, (gap, condition)) in gaps.iter_mut().zip(conditions).enumerate() {
            *gap = (passed >> at & 1) as f64 - condition.share;
        }
        worth.fill(0.0);
        for &(point, weight) in &self.quadrature[leaf.count.div_ceil(2)] {
            let mut product = leaf.output * weight;
            for ((before, gap), condition) in before.iter_mut().zip(&*gaps).zip(conditions) {
                *before = product;
                product *= condition.share + gap * point;
            }
            let mut product = 1.0;
            for at in (0..leaf.count).rev() {
                worth[at] += before[at] * product;
                product *= conditions[at].share + gaps[at] * point;
            }
        }
        for (worth, gap) in worth.iter_mut().zip(&*gaps) {
            *worth *= gap;
        }
        worth
    }
}

/// Room to work in, for the longest path.
struct Room {
    gaps: [f64; MAX_DEPTH],
    before: [f64; MAX_DEPTH],
    worth: [f64; MAX_DEPTH],
}

impl Default for Room {
    fn default() -> Self {
        Self {
            gaps: [0.0; MAX_DEPTH],
            before: [0.0; MAX_DEPTH],
            worth: [0.0; MAX_DEPTH],
        }
    }
}

/// Returns the path with one more split; splits on one feature are one condition.
fn with(
    path: &[Condition],
    node: &Node,
    goes_left: bool,
    sets: &mut Vec<LevelSet>,
) -> Vec<Condition> {
    let mut path = path.to_vec();
    match path.iter_mut().find(|one| one.feature == node.feature) {
        Some(known) => *known = known.narrow(node, goes_left, sets),
        None => {
            let any = Condition {
                from: f64::NEG_INFINITY,
                below: f64::INFINITY,
                share: 1.0,
                feature: node.feature,
                levels: ANY_LEVEL,
                missing: true,
            };
            path.push(any.narrow(node, goes_left, sets));
        }
    }
    path
}

/// Returns points and weights of the Gauss-Legendre quadrature on (0, 1): exact for polynomials
/// of degree below twice the number of points.
///
/// # Formula
/// The points are the roots of the Legendre polynomial, found by Newton's method from Tricomi's
/// approximation; weights `1 / ((1 - x^2) P'(x)^2)` on (0, 1).
fn gauss_legendre(points: usize) -> Vec<(f64, f64)> {
    let n = points as f64;
    (0..points)
        .map(|number| {
            let mut x = (std::f64::consts::PI * (number as f64 + 0.75) / (n + 0.5)).cos();
            let mut slope = 1.0;
            for _ in 0..10 {
                let (mut last, mut value) = (1.0, x);
                for degree in 2..=points {
                    let degree = degree as f64;
                    let next = ((2.0 * degree - 1.0) * x * value - (degree - 1.0) * last) / degree;
                    (last, value) = (value, next);
                }
                slope = n * (x * value - last) / (x * x - 1.0);
                x -= value / slope;
            }
            (0.5 + 0.5 * x, 1.0 / ((1.0 - x * x) * slope * slope))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use churn_drift::stats::bootstrap::SplitMix64;

    use super::*;

    /// A tree of at most this depth over so many features, split at whole numbers.
    /// The first feature is a category of four levels.
    fn grow(
        nodes: &mut Vec<Node>,
        sets: &mut Vec<LevelSet>,
        (depth, features): (usize, u64),
        random: &mut SplitMix64,
    ) -> u32 {
        let at = nodes.len();
        nodes.push(Node {
            threshold: random.next_normal(),
            left_share: 1.0,
            feature: LEAF,
            left: 0,
            right: 0,
            missing_left: false,
            by_level: false,
        });
        if depth == 0 || random.next_unit() < 0.15 {
            return at as u32;
        }
        // Some splits send all training rows one way.
        let share = [0.0, 1.0, random.next_unit(), random.next_unit()];
        let split = Node {
            threshold: (random.next_u64() % 4) as f64,
            left_share: share[(random.next_u64() % 4) as usize],
            feature: (random.next_u64() % features) as u32,
            missing_left: random.next_unit() < 0.5,
            left: grow(nodes, sets, (depth - 1, features), random),
            right: grow(nodes, sets, (depth - 1, features), random),
            by_level: false,
        };
        let split = match split.feature {
            0 => {
                let levels: Vec<u32> = (0..4).filter(|_| random.next_unit() < 0.5).collect();
                sets.push(LevelSet::new(4, &levels));
                Node {
                    threshold: (sets.len() - 1) as f64,
                    by_level: true,
                    ..split
                }
            }
            _ => split,
        };
        nodes[at] = split;
        at as u32
    }

    fn goes_left(node: &Node, value: f64, sets: &[LevelSet]) -> bool {
        match value.is_nan() {
            true => node.missing_left,
            false if node.by_level => sets[node.threshold as usize].has(value),
            false => value < node.threshold,
        }
    }

    struct Trees<'a> {
        nodes: &'a [Node],
        sets: &'a [LevelSet],
    }

    /// The expected output where the features of `known` (bits) are those of the row.
    fn expectation(trees: &Trees<'_>, at: u32, known: u32, row: &[f64]) -> f64 {
        let node = &trees.nodes[at as usize];
        if node.feature == LEAF {
            return node.threshold;
        }
        let below = |child| expectation(trees, child, known, row);
        if known >> node.feature & 1 == 1 {
            let left = goes_left(node, row[node.feature as usize], trees.sets);
            return below(if left { node.left } else { node.right });
        }
        node.left_share * below(node.left) + (1.0 - node.left_share) * below(node.right)
    }

    /// Shapley's own formula, over all subsets.
    fn oracle(trees: &Trees<'_>, roots: &[u32], row: &[f64]) -> Vec<f64> {
        let players = row.len() as u32;
        let factorial = |n: u32| (1..=n).map(f64::from).product::<f64>();
        let worth = |known: u32| -> f64 {
            let outputs = roots
                .iter()
                .map(|root| expectation(trees, *root, known, row));
            outputs.sum()
        };
        let of = |player: u32| -> f64 {
            let others = (0..1_u32 << players).filter(|known| known >> player & 1 == 0);
            let gain = |known: u32| {
                let size = known.count_ones();
                let weight = factorial(size) * factorial(players - size - 1) / factorial(players);
                weight * (worth(known | 1 << player) - worth(known))
            };
            others.map(gain).sum()
        };
        (0..players).map(of).collect()
    }

    fn output(trees: &Trees<'_>, root: u32, row: &[f64]) -> f64 {
        expectation(trees, root, u32::MAX, row)
    }

    #[test]
    fn contributions_are_those_of_all_subsets_and_sum_to_the_output() {
        let mut random = SplitMix64::new(11);
        let mut not_ahead = 0;
        for round in 0..60_u64 {
            // With eight features some leaves have too many conditions to be worked out ahead.
            let features = 1 + round % 8;
            let (mut nodes, mut sets, mut roots) = (Vec::new(), Vec::new(), Vec::new());
            for _ in 0..3 {
                let depth = (1 + round % 9) as usize;
                let size = (depth, features);
                roots.push(grow(&mut nodes, &mut sets, size, &mut random));
            }
            let shapley = Shapley::new(&nodes, &roots, &sets);
            let trees = Trees {
                nodes: &nodes,
                sets: &sets,
            };
            let leaves = shapley.leaves.iter();
            not_ahead += leaves.filter(|leaf| leaf.ahead.is_none()).count();
            let mut rows = Vec::new();
            for _ in 0..4 {
                let value = |_| match random.next_u64() % 5 {
                    4 => f64::NAN,
                    value => value as f64 - 0.5,
                };
                let row: Vec<f64> = (0..features).map(value).collect();
                let mut found = vec![0.0; row.len()];
                shapley.add_to(&row, &mut found);
                for (found, expected) in found.iter().zip(oracle(&trees, &roots, &row)) {
                    assert!((found - expected).abs() < 1e-12, "{found} {expected}");
                }
                let output: f64 = roots.iter().map(|root| output(&trees, *root, &row)).sum();
                let sum = shapley.mean() + found.iter().sum::<f64>();
                assert!((sum - output).abs() < 1e-12, "{sum} {output}");
                rows.push((row, found));
            }
            // Twice, so that rows share what they are worth.
            rows.extend(rows.clone());
            let mut values = ByFeature::zeros(rows.len(), features as usize);
            let mut found = ByFeature::zeros(rows.len(), features as usize);
            for feature in 0..features as usize {
                let column = values.column_mut(feature);
                let of_rows = rows.iter().map(|(row, _)| row[feature]);
                column
                    .iter_mut()
                    .zip(of_rows)
                    .for_each(|(value, of_row)| *value = of_row);
            }
            shapley.add_to_rows(&values, &mut found);
            for feature in 0..features as usize {
                let one_by_one: Vec<f64> = rows.iter().map(|(_, found)| found[feature]).collect();
                assert_eq!(found.column(feature), one_by_one);
            }
        }
        assert!(not_ahead > 0);
    }

    #[test]
    fn two_features_that_act_together_share_what_they_do() {
        // `and` of two coins: worth 1 with both, half of them left at each split.
        let leaf = |output| Node {
            threshold: output,
            left_share: 1.0,
            feature: LEAF,
            left: 0,
            right: 0,
            missing_left: false,
            by_level: false,
        };
        let split = |feature, left, right| Node {
            threshold: 0.5,
            left_share: 0.5,
            feature,
            left,
            right,
            missing_left: false,
            by_level: false,
        };
        let nodes = [
            split(0, 1, 2),
            leaf(0.0),
            split(1, 3, 4),
            leaf(0.0),
            leaf(1.0),
        ];
        let shapley = Shapley::new(&nodes, &[0], &[]);
        let mut found = vec![0.0; 2];
        shapley.add_to(&[1.0, 1.0], &mut found);
        // 1 - 1/4, evenly; along the path alone the first would have 1/4 and the second 1/2.
        assert_eq!((shapley.mean(), found), (0.25, vec![0.375, 0.375]));
    }

    #[test]
    fn the_longest_path_has_its_quadrature() {
        // Integral of (1 - p)^a p^b from 0 to 1 is a! b! / (a + b + 1)!.
        for points in 1..=MAX_DEPTH / 2 {
            let (a, b) = (points - 1, points);
            let rule = gauss_legendre(points);
            let found: f64 = rule
                .iter()
                .map(|(p, w)| w * (1.0 - p).powi(a as i32) * p.powi(b as i32))
                .sum();
            let expected = (1..=a).fold(1.0 / (b + 1) as f64, |product, k| {
                product * k as f64 / (b + 1 + k) as f64
            });
            assert!((found / expected - 1.0).abs() < 1e-11, "{points}");
        }
    }
}
