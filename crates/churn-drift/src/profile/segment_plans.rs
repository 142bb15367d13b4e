//! What to count of each segment: its cut points are its own baseline's, and those of the whole.

use std::collections::BTreeMap;

use super::count_plan::{CountColumn, CountPlan};
use super::cut::Cut;

/// What to count of the whole, and of the segments of each cut.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentPlans {
    whole: CountPlan,
    cuts: Vec<Cut>,
    max_segments: usize,
    /// All columns, with the cut points of the whole.
    all: CountPlan,
    /// The same with the segment's cut points, too, by cut and name.
    own: Vec<BTreeMap<String, CountPlan>>,
    /// It is one of many data sets that is counted: how many rows each segment has there tells nothing.
    pub(super) is_part: bool,
}

impl SegmentPlans {
    /// Plans for a whole that is not cut.
    #[must_use]
    pub fn whole_only(whole: CountPlan) -> Self {
        Self::new(whole, Vec::new(), 0)
    }

    /// Plans for segments of which nothing is known yet.
    #[must_use]
    pub fn new(whole: CountPlan, cuts: Vec<Cut>, max_segments: usize) -> Self {
        Self {
            all: whole.clone(),
            whole,
            own: vec![BTreeMap::new(); cuts.len()],
            cuts,
            max_segments,
            is_part: false,
        }
    }

    /// Returns the same plans for one of many data sets.
    #[must_use]
    pub fn of_part(self) -> Self {
        Self {
            is_part: true,
            ..self
        }
    }

    /// Adds the plans of segments, by cut and name.
    #[must_use]
    pub fn with_segments(mut self, plans: &[BTreeMap<String, CountPlan>]) -> Self {
        for plan in plans.iter().flat_map(BTreeMap::values) {
            for column in &plan.columns {
                if self
                    .all
                    .columns
                    .iter()
                    .all(|known| known.name != column.name)
                {
                    self.all.columns.push(column.clone());
                }
            }
            if self.all.outcome.is_none() {
                self.all.outcome.clone_from(&plan.outcome);
            }
        }
        let all = &self.all;
        let joined = |(name, plan): (&String, &CountPlan)| (name.clone(), all.joined(plan));
        self.own = plans
            .iter()
            .map(|plans| plans.iter().map(joined).collect())
            .collect();
        self
    }

    /// Returns the same plans without some columns.
    pub(super) fn without(&self, names: &[String]) -> Self {
        let mut plans = self.clone();
        let own = plans.own.iter_mut().flat_map(BTreeMap::values_mut);
        for plan in own.chain([&mut plans.whole, &mut plans.all]) {
            plan.columns.retain(|column| !names.contains(&column.name));
        }
        plans
    }

    /// Returns the ways to cut.
    #[must_use]
    pub fn cuts(&self) -> &[Cut] {
        &self.cuts
    }

    /// Returns how many segments a cut may have.
    #[must_use]
    pub const fn max_segments(&self) -> usize {
        self.max_segments
    }

    /// Returns what was asked for of all rows.
    #[must_use]
    pub const fn whole(&self) -> &CountPlan {
        &self.whole
    }

    /// Returns the points at which each segment counts a column, by cut and name.
    pub(crate) fn points<'a>(
        &'a self,
        column: &'a str,
    ) -> impl Iterator<Item = (usize, &'a str, &'a [f64])> {
        let own = self.own.iter().enumerate();
        let own =
            own.flat_map(|(cut, plans)| plans.iter().map(move |(name, plan)| (cut, name, plan)));
        own.flat_map(move |(cut, name, plan)| {
            let columns = plan.columns.iter().filter(move |one| one.name == column);
            columns.map(move |one| (cut, &**name, &*one.cuts))
        })
    }

    /// Returns what is counted of every row.
    pub(crate) const fn all(&self) -> &CountPlan {
        &self.all
    }

    /// Returns by what plan a segment is counted.
    #[must_use]
    pub fn counting(&self, cut: usize, segment: &str) -> &CountPlan {
        let own = self.own.get(cut).and_then(|plans| plans.get(segment));
        own.unwrap_or(&self.all)
    }
}

impl CountPlan {
    /// Adds the cut points of another plan.
    fn joined(&self, other: &Self) -> Self {
        let join = |column: &CountColumn| {
            let theirs = other
                .columns
                .iter()
                .find(|theirs| theirs.name == column.name);
            let mut cuts = column.cuts.clone();
            cuts.extend(theirs.into_iter().flat_map(|theirs| &theirs.cuts));
            cuts.sort_by(f64::total_cmp);
            cuts.dedup();
            CountColumn {
                cuts,
                ..column.clone()
            }
        };
        Self {
            columns: self.columns.iter().map(join).collect(),
            outcome: self.outcome.clone(),
        }
    }
}
