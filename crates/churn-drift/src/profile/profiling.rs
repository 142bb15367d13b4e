//! Reads a data set into its profile: all columns, with segments if they are asked for.

use churn_base::error::Result;
use churn_base::progress::Progress;
use churn_data::DataSet;

use super::count::{count, in_database};
use super::count_plan::{CountColumn, CountOutcome, CountPlan};
use super::cut::Cut;
use super::document::{Profile, Roles, SCHEMA_VERSION, SCHEMA_VERSION_WITH_SEGMENTS};
use super::grouped::count_by;
use super::pushdown;
use super::segment_plans::SegmentPlans;

/// Reads a data set into its profile. Identifiers and excluded columns are not counted; the
/// profile's roles name those that were there. With label and score, `threshold` is a score at
/// which rows are counted exactly.
///
/// # Errors
/// As [`count`](fn@count).
pub fn profile(
    data: DataSet,
    roles: Roles,
    threshold: Option<f64>,
    created_at: String,
    progress: &dyn Progress,
) -> Result<(Profile, u64)> {
    profile_by(
        data,
        (Vec::new(), 0),
        roles,
        threshold,
        created_at,
        progress,
    )
}

/// As [`profile`], also by segment: the ways to cut, and how many segments each may have.
///
/// # Errors
/// As [`count_by`].
pub fn profile_by(
    mut data: DataSet,
    (cuts, max_segments): (Vec<Cut>, usize),
    mut roles: Roles,
    threshold: Option<f64>,
    created_at: String,
    progress: &dyn Progress,
) -> Result<(Profile, u64)> {
    let source = data.name().to_owned();
    for names in [&mut roles.id, &mut roles.exclude] {
        names.retain(|name| data.columns().contains(name));
    }
    let names: Vec<String> = data
        .columns()
        .iter()
        .filter(|name| !roles.exclude.contains(name) && !roles.id.contains(name))
        .cloned()
        .collect();
    if let Some(mut table) = in_database(&mut data) {
        roles
            .id
            .extend(pushdown::identifiers(&mut table, &names, progress)?);
    }
    let wanted = |name: &&String| !roles.exclude.contains(name) && !roles.id.contains(name);
    let plan = CountPlan {
        columns: data
            .columns()
            .iter()
            .filter(wanted)
            .map(|name| CountColumn {
                name: name.clone(),
                categorical: roles.categorical.contains(name),
                cuts: Vec::new(),
                are_scores: false,
                unless_unique: false,
            })
            .collect(),
        outcome: roles
            .label
            .clone()
            .zip(roles.score.clone())
            .map(|(label, score)| CountOutcome {
                label,
                score,
                threshold,
                is_late: false,
            }),
    };
    let (counted, segments) = match cuts.is_empty() {
        true => (count(data, &plan, progress)?, Vec::new()),
        false => {
            let plans = SegmentPlans::new(plan, cuts, max_segments);
            count_by(data, &plans, None, progress)?.into_profiles()?
        }
    };
    let profile = Profile {
        schema_version: match segments.is_empty() {
            true => SCHEMA_VERSION,
            false => SCHEMA_VERSION_WITH_SEGMENTS,
        },
        command: "profile".into(),
        churnctl_version: env!("CARGO_PKG_VERSION").into(),
        created_at,
        source,
        rows: counted.rows,
        header_rows: counted.header_rows,
        shards: None,
        roles,
        columns: counted.columns,
        outcome: counted.outcome,
        segments,
        model_features: Vec::new(),
    };
    Ok((profile, counted.blank_lines))
}
