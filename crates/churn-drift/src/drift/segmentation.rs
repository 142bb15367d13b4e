//! How both sides are cut into segments, and what the baseline says of each.

use std::collections::BTreeMap;

use churn_base::error::{Error, Result};

use super::plan::{CheckOptions, Plan};
use crate::profile::{CountPlan, Cut, Profile, SegmentPlans};

/// How both sides are cut into segments: the words of a user.
#[derive(Debug, Clone, PartialEq)]
pub struct Segmentation {
    /// The ways to cut, each by itself.
    pub cuts: Vec<Cut>,
    /// How many segments each may have.
    pub max_segments: usize,
}

impl Segmentation {
    /// Most segments of a cut, unless the user says otherwise.
    pub const MOST: usize = 1_000;
}

/// The segments of a baseline, each with what is to be compared of it.
#[derive(Debug, Clone)]
pub struct SegmentBaselines {
    pub(super) cuts: Vec<CutBaseline>,
    pub(super) max_segments: usize,
}

#[derive(Debug, Clone)]
pub(super) struct CutBaseline {
    pub(super) cut: Cut,
    pub(super) segments: BTreeMap<String, SegmentBaseline>,
}

#[derive(Debug, Clone)]
pub(super) struct SegmentBaseline {
    pub(super) profile: Profile,
    /// None if nothing of it can be compared.
    pub(super) plan: Option<Plan>,
}

impl SegmentBaselines {
    /// Decides what to compare of the segments of a current side with these columns.
    ///
    /// # Errors
    /// Bad input if the baseline was not counted by one of these cuts; 64 if a condition compares texts with a
    /// number.
    pub fn new(
        baseline: &Profile,
        current: &[String],
        options: &CheckOptions,
        segmentation: &Segmentation,
    ) -> Result<Self> {
        let cut = |cut: &Cut| {
            check_numbers(cut, baseline)?;
            let by = cut.to_string();
            let known = baseline.segments.iter().find(|known| known.by == by);
            let known = known.ok_or_else(|| baseline.lacks(&by, "--baseline"))?;
            let segment = |name: &String| {
                let profile = baseline.segment(&by, name)?;
                // A segment in which no column is a feature is shown, and not judged.
                let plan = Plan::new(&profile, current, options).ok();
                Some((name.clone(), SegmentBaseline { profile, plan }))
            };
            let names = known.segments.iter().map(|segment| &segment.segment);
            Ok(CutBaseline {
                cut: cut.clone(),
                segments: names.filter_map(segment).collect(),
            })
        };
        Ok(Self {
            cuts: segmentation.cuts.iter().map(cut).collect::<Result<_>>()?,
            max_segments: segmentation.max_segments,
        })
    }

    /// Returns what to count of the current side.
    #[must_use]
    pub fn count_plans(&self, whole: CountPlan) -> SegmentPlans {
        let own: Vec<BTreeMap<String, CountPlan>> = self
            .cuts
            .iter()
            .map(|cut| {
                let plans = cut.segments.iter();
                let plans =
                    plans.filter_map(|(name, segment)| Some((name, segment.plan.as_ref()?)));
                plans
                    .map(|(name, plan)| (name.clone(), plan.count_plan()))
                    .collect()
            })
            .collect();
        let cuts = self.cuts.iter().map(|cut| cut.cut.clone()).collect();
        SegmentPlans::new(whole, cuts, self.max_segments).with_segments(&own)
    }
}

/// Refuses a condition that no row can meet: texts are neither below nor above a number.
fn check_numbers(cut: &Cut, baseline: &Profile) -> Result<()> {
    for test in cut.compares_with_numbers() {
        let column = baseline.column(&test.column);
        let Some(text) = column.and_then(|column| column.text_without_numbers()) else {
            continue;
        };
        let message = format!(
            "--by \"{cut}\" compares texts with a number: \"{}\" of the baseline has no number, but texts such as \"{text}\"",
            test.column
        );
        return Err(Error::usage(message).hint(format!(
            "--by {0} makes a segment of each text; `{0} in (A, B)` names some",
            test.column
        )));
    }
    Ok(())
}
