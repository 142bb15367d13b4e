//! What a check will compare: decided from the baseline, before the current side is counted.

use std::collections::BTreeMap;

use churn_base::error::{Error, Result, nearest};

use super::bins::edges;
use super::consequence::Consequences;
use super::multivariate::Multivariate;
use super::psi_limits::{PsiLimit, PsiLimits};
use super::report::{FeatureThresholds, LeftOut, Role, SizeThresholds, Status};
use super::roles::{
    UsualColumns, check_names, label_by_values, likely_group_key, role_by_name, role_by_values,
};
use crate::profile::{CountColumn, CountOutcome, CountPlan, Kind, Profile, Roles, View};
use crate::stats::cost::Costs;

/// What a late label is called of which only the source is known.
const LATE_LABEL: &str = "label";

/// How to judge.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckOptions {
    /// Name of the model in the report.
    pub model: String,
    /// Features to compare and no others; all if empty.
    pub features: Vec<String>,
    /// What the user says of the columns, beside what the baseline's profile says.
    pub roles: Roles,
    /// Columns that are not features by their usual names.
    pub usual: UsualColumns,
    /// Thresholds of features without thresholds of their own.
    pub thresholds: FeatureThresholds,
    /// Thresholds by feature.
    pub thresholds_by_feature: BTreeMap<String, FeatureThresholds>,
    /// Rows below which a side is called small.
    pub min_rows: u64,
    /// Score from which a row is classed as churned.
    pub class_threshold: f64,
    /// What mistakes cost, if that is known.
    pub costs: Option<Costs>,
    /// Labels of the current side come from elsewhere, see [`labels`](crate::labels), not from a column.
    pub late_labels: bool,
    /// Limits of PSI from the baseline's own windows, if they count.
    pub limits: Option<PsiLimits>,
    /// What the columns do to the model's scores on both sides, if it is known.
    pub consequences: Option<Consequences>,
    /// What was measured of rows of both sides, if they were looked at.
    pub multivariate: Option<Multivariate>,
}

impl Default for CheckOptions {
    fn default() -> Self {
        Self {
            model: "churn".into(),
            features: Vec::new(),
            roles: Roles::default(),
            usual: UsualColumns::default(),
            thresholds: FeatureThresholds {
                warn_psi: 0.1,
                fail_psi: 0.25,
                sizes: SizeThresholds::default(),
            },
            thresholds_by_feature: BTreeMap::new(),
            min_rows: 100,
            class_threshold: 0.5,
            costs: None,
            late_labels: false,
            limits: None,
            consequences: None,
            multivariate: None,
        }
    }
}

impl CheckOptions {
    /// Returns the thresholds of a feature.
    #[must_use]
    pub fn thresholds_of(&self, feature: &str) -> FeatureThresholds {
        self.thresholds_by_feature
            .get(feature)
            .copied()
            .unwrap_or(self.thresholds)
    }
}

impl CheckOptions {
    /// Returns the thresholds of a feature, and its limit of the baseline's windows.
    pub(super) fn judging(&self, feature: &str) -> (FeatureThresholds, Option<PsiLimit>) {
        let limit = self.limits.as_ref().and_then(|limits| limits.of(feature));
        (self.thresholds_of(feature), limit)
    }
}

impl FeatureThresholds {
    /// Returns the same ones, but that no distance and no ratio of shares is too large.
    pub(super) const fn without_moves(self) -> Self {
        Self {
            sizes: SizeThresholds {
                warn_distance: f64::INFINITY,
                fail_distance: f64::INFINITY,
                warn_share_ratio: f64::INFINITY,
                fail_share_ratio: f64::INFINITY,
                ..self.sizes
            },
            ..self
        }
    }

    /// Returns the status of a PSI, chance left aside.
    #[must_use]
    pub fn judge(self, psi: f64) -> Status {
        if psi >= self.fail_psi {
            Status::Fail
        } else if psi >= self.warn_psi {
            Status::Warn
        } else {
            Status::Ok
        }
    }
}

/// A column of the baseline that will be compared.
#[derive(Debug, Clone)]
pub struct PlannedFeature {
    /// Its name.
    pub name: String,
    /// What the baseline says of it.
    pub baseline: View,
    /// Edges of its bins; empty for categories.
    pub edges: Vec<f64>,
}

impl PlannedFeature {
    pub(super) fn new(name: &str, baseline: View) -> Self {
        let edges = baseline.numbers.as_ref().map(edges).unwrap_or_default();
        Self {
            name: name.to_owned(),
            baseline,
            edges,
        }
    }
}

/// A column of the baseline that is left out if the current side agrees.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// The column, in case that it is a feature after all.
    pub(super) feature: PlannedFeature,
    /// As what it would be left out.
    pub(super) left_out: LeftOut,
    /// It is a feature unless the current side has other values: its name does not say whose it is.
    pub(super) is_doubted: bool,
}

/// What will be compared.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The features in the baseline's order.
    pub features: Vec<PlannedFeature>,
    /// Features named by the user that only the current side has.
    pub only_current: Vec<String>,
    /// The score column, if both sides have it.
    pub score: Option<PlannedFeature>,
    /// Rows of the baseline that have a score to compare with.
    pub score_rows: u64,
    /// Columns that are not features.
    pub left_out: Vec<LeftOut>,
    /// Those of them that are left out only if the current side agrees.
    pub(super) candidates: Vec<Candidate>,
    /// Columns of the current side that the baseline lacks.
    pub extra: Vec<String>,
    /// What the columns are: the baseline's word and the user's together.
    pub roles: Roles,
    class_threshold: f64,
    late_labels: bool,
    current_columns: Vec<String>,
}

impl Plan {
    /// Decides what to compare of a current side with these columns.
    ///
    /// # Errors
    /// Bad input if a named column is on neither side, or no column is on both.
    pub fn new(baseline: &Profile, current: &[String], options: &CheckOptions) -> Result<Self> {
        let columns = columns_of(baseline);
        let roles = joined(&baseline.roles, &options.roles);
        check_all_names(baseline, options, &roles, (&columns, current))?;
        let named = |name: &String| options.features.contains(name);
        let mut features = Vec::new();
        let mut left_out = Vec::new();
        let mut candidates = Vec::new();
        let mut score = None;
        for column in &baseline.columns {
            let name = &column.name;
            let as_text = roles.categorical.contains(name);
            if named(name) {
                features.push(PlannedFeature::new(name, column.view(as_text)));
                continue;
            }
            let by_name = role_by_name(name, &roles, &options.usual);
            if let Some(out) = by_name {
                let is_score = out.role == Role::Score && current.contains(name);
                if is_score && (score.is_none() || roles.score.as_ref() == Some(name)) {
                    score = Some(PlannedFeature::new(name, column.view(false)));
                }
                left_out.push(out);
                continue;
            }
            if !options.features.is_empty() {
                continue;
            }
            let view = column.view(as_text);
            if baseline.model_features.contains(name) {
                features.push(PlannedFeature::new(name, view));
                continue;
            }
            let sure = role_by_values(name, &view).or_else(|| label_by_values(name, &view));
            let is_doubted = sure.is_none();
            let doubted =
                || likely_group_key(name, &view).filter(|_| !roles.categorical.contains(name));
            let Some(out) = sure.or_else(doubted) else {
                features.push(PlannedFeature::new(name, view));
                continue;
            };
            if matches!(out.role, Role::Id | Role::FreeText) {
                candidates.push(Candidate {
                    feature: PlannedFeature::new(name, view),
                    left_out: out.clone(),
                    is_doubted,
                });
            }
            left_out.push(out);
        }
        let mut score_rows = baseline.rows;
        if score.is_none()
            && let Some((planned, rows)) = held_out_scores(baseline, current, &roles)?
        {
            left_out.extend(role_by_name(&planned.name, &roles, &options.usual));
            (score, score_rows) = (Some(planned), rows);
        }
        let counted = |name: &String| baseline.column(name).is_some();
        let known = |name: &String| counted(name) || named(name);
        add_uncounted(&mut left_out, &roles, options, known);
        let only_current: Vec<String> = options
            .features
            .iter()
            .filter(|name| !counted(name))
            .cloned()
            .collect();
        let extra: Vec<String> = current
            .iter()
            .filter(|name| !columns.contains(name) && !named(name))
            .filter(|name| role_by_name(name, &roles, &options.usual).is_none())
            .cloned()
            .collect();
        let doubted = candidates.iter().filter(|one| one.is_doubted);
        let comparable = features
            .iter()
            .chain(doubted.map(|one| &one.feature))
            .any(|feature| current.contains(&feature.name));
        if !comparable && score.is_none() {
            let mut hint = format!(
                "the baseline has: {}; the current side has: {}",
                few(&columns),
                few(current)
            );
            if !left_out.is_empty() {
                let told = |out: &LeftOut| format!("{} ({})", out.column, out.reason);
                let told: Vec<String> = left_out.iter().map(told).collect();
                hint = format!("{hint}; left out: {}", few(&told));
            }
            if columns.len().min(current.len()) == 1 && columns.len() != current.len() {
                hint += "; --delimiter is of both sides: where they differ, count one with its own first (churnctl profile)";
            }
            return Err(Error::bad_input("the two sides have no feature in common").hint(hint));
        }
        let current_columns = current.to_vec();
        Ok(Self {
            features,
            only_current,
            score,
            score_rows,
            left_out,
            candidates,
            extra,
            roles,
            class_threshold: options.class_threshold,
            late_labels: options.late_labels,
            current_columns,
        })
    }

    /// Returns how many columns may be compared.
    pub(super) fn columns(&self) -> usize {
        self.features.len() + self.candidates.len() + usize::from(self.score.is_some())
    }

    /// Returns what to count of the current side.
    #[must_use]
    pub fn count_plan(&self) -> CountPlan {
        let features = self.features.iter().chain(&self.score);
        let sure = features.map(|feature| (feature, false));
        let candidates = self.candidates.iter();
        let candidates = candidates.map(|one| (&one.feature, !one.is_doubted));
        let columns = sure
            .chain(candidates)
            .filter(|(feature, _)| self.current_columns.contains(&feature.name))
            .map(|(feature, unless_unique)| CountColumn {
                name: feature.name.clone(),
                categorical: self.roles.categorical.contains(&feature.name),
                cuts: cuts(feature),
                are_scores: false,
                unless_unique,
            })
            .collect();
        let outcome = self.score_name().and_then(|score| {
            let label = match &self.roles.label {
                Some(label) if self.late_labels || self.current_has(label) => label.clone(),
                None if self.late_labels => LATE_LABEL.to_owned(),
                _ => return None,
            };
            self.current_has(&score).then_some(CountOutcome {
                label,
                score,
                threshold: Some(self.class_threshold),
                is_late: self.late_labels,
            })
        });
        CountPlan { columns, outcome }
    }

    /// Returns the same plan for another baseline that was counted by this one: its features and their
    /// bins are the same, what they are compared with is not.
    pub(super) fn against(&self, reference: &Profile) -> Self {
        let seen = |feature: &PlannedFeature| {
            let column = reference.column(&feature.name);
            let view = column.map(|column| column.view_beside(&feature.baseline));
            let view = view.unwrap_or_else(|| feature.baseline.clone());
            match feature.edges.is_empty() {
                true => PlannedFeature::new(&feature.name, view),
                false => PlannedFeature {
                    name: feature.name.clone(),
                    baseline: view,
                    edges: feature.edges.clone(),
                },
            }
        };
        Self {
            features: self.features.iter().map(seen).collect(),
            score: self.score.as_ref().map(seen),
            score_rows: reference.rows,
            candidates: self
                .candidates
                .iter()
                .map(|candidate| Candidate {
                    feature: seen(&candidate.feature),
                    ..candidate.clone()
                })
                .collect(),
            ..self.clone()
        }
    }

    /// Returns whether the labels of the current side come from elsewhere.
    pub(super) const fn has_late_labels(&self) -> bool {
        self.late_labels
    }

    /// Returns whether the current side has a column.
    pub(super) fn current_has(&self, name: &str) -> bool {
        self.current_columns.iter().any(|column| column == name)
    }

    /// Returns the score column, as named or as found.
    #[must_use]
    pub fn score_name(&self) -> Option<String> {
        self.roles
            .score
            .clone()
            .or_else(|| self.score.as_ref().map(|score| score.name.clone()))
    }
}

/// Returns the columns that the baseline had.
fn columns_of(baseline: &Profile) -> Vec<String> {
    // What the user left out was there, but is not counted.
    let uncounted = [&baseline.roles.id, &baseline.roles.exclude];
    baseline
        .columns
        .iter()
        .map(|column| &column.name)
        .chain(uncounted.into_iter().flatten())
        .chain(baseline.outcome.iter().map(|outcome| &outcome.score))
        .cloned()
        .collect()
}

/// Checks that every column that the user names is on one of the sides.
fn check_all_names(
    baseline: &Profile,
    options: &CheckOptions,
    roles: &Roles,
    (columns, current): (&[String], &[String]),
) -> Result<()> {
    check_names("--features", &options.features, columns, current)?;
    // What a profile was made without is known to it by name alone.
    let known = &baseline.roles.exclude;
    let excluded = options.roles.exclude.iter();
    let excluded = excluded.filter(|name| !known.contains(name));
    check_names("--exclude", excluded, columns, current)?;
    check_names("--id", &options.roles.id, columns, current)?;
    check_names(
        "--categorical",
        &options.roles.categorical,
        columns,
        current,
    )?;
    check_names("--score", &options.roles.score, columns, current)?;
    // A late label may be in the label source alone.
    if !options.late_labels {
        check_names("--label", &options.roles.label, columns, current)?;
    }
    check_thresholds(options, roles, columns, current)
}

/// Adds the columns that are left out and were not counted.
fn add_uncounted(
    left_out: &mut Vec<LeftOut>,
    roles: &Roles,
    options: &CheckOptions,
    known: impl Fn(&String) -> bool,
) {
    for name in roles.id.iter().chain(&roles.exclude) {
        let listed = left_out.iter().any(|out| &out.column == name);
        if !listed && !known(name) {
            let mut role = role_by_name(name, roles, &options.usual);
            if let Some(out) = role.as_mut().filter(|out| out.role == Role::Excluded)
                && !options.roles.exclude.contains(name)
            {
                out.reason = "left out when the baseline was made".to_owned();
            }
            left_out.extend(role);
        }
    }
}

/// A mistyped feature must not leave the right one with the general thresholds in silence.
fn check_thresholds(
    options: &CheckOptions,
    roles: &Roles,
    baseline: &[String],
    current: &[String],
) -> Result<()> {
    let known = || baseline.iter().chain(current).chain(&roles.score);
    let mut named = options.thresholds_by_feature.keys();
    let Some(name) = named.find(|name| !known().any(|column| column == *name)) else {
        return Ok(());
    };
    let message = format!("[drift.thresholds.{name}]: neither side has a column \"{name}\"");
    Err(
        Error::bad_settings(message).hint(match nearest(name, known().map(String::as_str)) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("the columns are: {}", few(baseline)),
        }),
    )
}

/// A model's profile has no column of scores, but those of the rows that it was not fitted on.
fn held_out_scores(
    baseline: &Profile,
    current: &[String],
    roles: &Roles,
) -> Result<Option<(PlannedFeature, u64)>> {
    let Some(outcome) = &baseline.outcome else {
        return Ok(None);
    };
    let name = &outcome.score;
    if outcome.rows.is_none() || roles.score.as_ref() != Some(name) || !current.contains(name) {
        return Ok(None);
    }
    let (column, rows) = outcome.scores()?;
    Ok(Some((PlannedFeature::new(name, column.view(false)), rows)))
}

/// Returns the points at which the current side must be counted exactly: the edges, and the
/// ends of the baseline's range.
fn cuts(feature: &PlannedFeature) -> Vec<f64> {
    let Some(numbers) = &feature.baseline.numbers else {
        return Vec::new();
    };
    let mut cuts = feature.edges.clone();
    cuts.extend([numbers.min(), numbers.max().next_up()]);
    cuts.retain(|cut| cut.is_finite());
    cuts.sort_by(f64::total_cmp);
    cuts.dedup();
    cuts
}

fn joined(baseline: &Roles, user: &Roles) -> Roles {
    let both = |mine: &[String], theirs: &[String]| {
        let mut names = mine.to_vec();
        names.extend(theirs.iter().filter(|name| !mine.contains(name)).cloned());
        names
    };
    Roles {
        label: user.label.clone().or_else(|| baseline.label.clone()),
        positive: user.positive.clone().or_else(|| baseline.positive.clone()),
        score: user.score.clone().or_else(|| baseline.score.clone()),
        id: both(&baseline.id, &user.id),
        exclude: both(&baseline.exclude, &user.exclude),
        categorical: both(&baseline.categorical, &user.categorical),
        null: both(&baseline.null, &user.null),
    }
}

fn few(names: &[String]) -> String {
    let shown = names.iter().take(8).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > 8 {
        format!("{shown} and {} more", names.len() - 8)
    } else {
        shown
    }
}

/// Returns whether a view has values to compare.
pub(super) fn has_values(view: &View) -> bool {
    view.kind != Kind::Empty && view.present > 0
}
