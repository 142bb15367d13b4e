//! One check: both sides read, counted and compared.

use super::drift_evidence::{input_of, settings_of};
use super::drift_join::not_by_database;
use super::drift_labels::LabelRequest;
use super::drift_request::{DriftRequest, FromModel};
use super::drift_scoring::{Finished, Readings, Scorable, Scoring};
use super::inputs::{self, Baseline, Input};
use super::{Console, drift_windows};
use crate::drift::report::Sides;
use crate::drift::{
    CheckOptions, DriftReport, Plan, Provenance, SegmentBaselines, check, check_segments,
    check_windows_by,
};
use crate::error::Result;
use crate::profile::{Grouped, Profile, Roles, SegmentPlans};

impl DriftRequest {
    pub(super) fn read_baseline(&self, console: &Console<'_>) -> Result<Baseline> {
        let roles = self.check_options().roles;
        inputs::baseline(
            &self.baseline,
            &self.reading,
            roles,
            self.class_threshold,
            self.segments.as_ref(),
            console,
        )
    }

    /// Reads the current side and compares.
    pub(super) fn compare(
        &self,
        baseline: &Baseline,
        console: &Console<'_>,
    ) -> Result<DriftReport> {
        let provenance = Provenance {
            baseline: inputs::shown(&self.baseline),
            current: inputs::shown(&self.current),
            created_at: console.created_at().to_owned(),
        };
        self.compare_as(baseline, provenance, console)
    }

    /// As [`DriftRequest::compare`], under names and a time that are not those of this run.
    pub(super) fn compare_as(
        &self,
        known: &Baseline,
        provenance: Provenance,
        console: &Console<'_>,
    ) -> Result<DriftReport> {
        match &known.named {
            Some((name, threshold)) if self.from_model != FromModel::default() => {
                let mut own = self.clone();
                if self.from_model.name {
                    own.model.clone_from(name);
                }
                if self.from_model.class_threshold {
                    own.class_threshold = *threshold;
                }
                own.compare_settled(known, provenance, console)
            }
            _ => self.compare_settled(known, provenance, console),
        }
    }

    /// Compares under the name and at the class threshold of this request.
    fn compare_settled(
        &self,
        known: &Baseline,
        provenance: Provenance,
        console: &Console<'_>,
    ) -> Result<DriftReport> {
        let baseline = &known.profile;
        let (mut report, counts_sha256) = match (&self.windows, &self.history) {
            (Some(windowing), Some(history)) => {
                if self
                    .labels
                    .as_ref()
                    .is_some_and(|labels| labels.by_database)
                {
                    let why = "a history keeps predictions until their labels come, and so reads their rows";
                    return Err(not_by_database(why));
                }
                let mut taken =
                    self.take_from(history, baseline, windowing, &provenance, console)?;
                if let Some(labels) = &taken.labels {
                    labels.give_to_pieces(&mut taken.counted);
                }
                let (plan, segments) = (&taken.plan, taken.segments.as_ref());
                let sides = (baseline, &taken.counted);
                let asked = (&taken.options, &provenance);
                let mut report = self.checked_by(sides, plan, segments, asked)?;
                report.history = Some(taken.report);
                report.psi_limits = taken.options.limits;
                if let Some(labels) = taken.labels {
                    labels.add_to(&mut report, (self.class_threshold, self.costs), console)?;
                }
                (report, taken.counts_sha256)
            }
            _ => self.compare_all(known, &provenance, console)?,
        };
        report.inputs = Some(Sides {
            baseline: input_of(&self.baseline, baseline.counts_sha256()),
            current: input_of(&self.current, counts_sha256),
        });
        report.settings = Some(settings_of(
            &self.reading,
            (self.class_threshold, self.costs),
        ));
        say_decisions(&report, console);
        Ok(report)
    }

    /// Reads all of the current side; also returns the SHA-256 of what was counted.
    fn compare_all(
        &self,
        baseline: &Baseline,
        provenance: &Provenance,
        console: &Console<'_>,
    ) -> Result<(DriftReport, String)> {
        let mut readings = None;
        loop {
            match self.compare_read(baseline, provenance, readings, console)? {
                Compared::Once(report, counts_sha256) => return Ok((*report, counts_sha256)),
                Compared::Again(other) => readings = Some(other),
            }
        }
    }

    /// As [`DriftRequest::compare_all`], with numbers for the model's scores as they are known to be written.
    fn compare_read(
        &self,
        known: &Baseline,
        provenance: &Provenance,
        readings: Option<Readings>,
        console: &Console<'_>,
    ) -> Result<Compared> {
        let baseline = &known.profile;
        let reading = self.reading.with_nulls(&baseline.roles.null);
        let rows = self.open_rows(&baseline.roles.null)?;
        let current = match &self.labels {
            // Scores of a model are computed row by row.
            Some(labels) if !labels.by_database => {
                LabelRequest::open_current(&self.current, &reading, console)?
            }
            Some(_) if known.model.is_some() => {
                return Err(not_by_database(
                    "the baseline is a model, which scores row by row",
                ));
            }
            _ => Input::open(&self.current, &reading)?,
        };
        let scorable = Scorable::of(self, known, current, readings)?;
        let columns = scorable.columns();
        let Scorable {
            current,
            scoring,
            not_scored,
        } = scorable;
        let options = self.check_options_for(&current);
        let plan = Plan::new(baseline, &columns, &options)?;
        let mut options =
            self.with_limits(options, None, (baseline, &plan), provenance, console)?;
        let now = drift_windows::moment(provenance);
        let by = self.windows.as_ref().map(|windows| windows.grouping(now));
        let segments = self.baseline_segments(baseline, &columns, &options)?;
        let plans = count_plans(&plan, segments.as_ref());
        let (current, late) = match &self.labels {
            None => (current, None),
            Some(labels) => {
                let known = (&plan, baseline);
                let cut = (by.as_ref(), &plans);
                let (current, late) = labels.join(current, known, &reading, cut, now, console)?;
                (current, Some(late))
            }
        };
        let scored = |scoring: Option<Scoring<'_>>| scoring.map(Scoring::finish).transpose();
        let (mut report, counts_sha256, given) = match (by, &self.segments) {
            (None, None) => {
                let mut current = current.count(&plan.count_plan(), "current", console)?;
                match scored(scoring)? {
                    Some(Finished::Again(other)) => return Ok(Compared::Again(other)),
                    Some(Finished::Known(known)) => options.consequences = known.map(|one| *one),
                    None => {}
                }
                if let Some(data) = rows {
                    let rows = Sides {
                        baseline: baseline.rows,
                        current: current.rows,
                    };
                    options.multivariate = Some(self.multivariate(data, rows, &plan, console)?);
                }
                let counts_sha256 = current.counts_sha256();
                let given = late.map(|late| late.give_to(&mut current)).transpose()?;
                let report = check(baseline, &current, &plan, &options, provenance.clone())?;
                (report, counts_sha256, given)
            }
            (by, _) => {
                let mut current = current.count_by(&plans, by.as_ref(), "current", console)?;
                if let Some(Finished::Again(other)) = scored(scoring)? {
                    return Ok(Compared::Again(other));
                }
                let counts_sha256 = current.counts_sha256();
                let given = late.map(|late| late.give_to_pieces(&mut current));
                let given = given.transpose()?;
                let sides = (baseline, &current);
                let asked = (&options, provenance);
                let report = self.checked_by(sides, &plan, segments.as_ref(), asked)?;
                (report, counts_sha256, given)
            }
        };
        report.psi_limits = options.limits;
        report.findings.extend(not_scored);
        if let Some(given) = given {
            given.add_to(&mut report, (self.class_threshold, self.costs), console)?;
        }
        Ok(Compared::Once(Box::new(report), counts_sha256))
    }
}

/// What one reading of the current side came to.
enum Compared {
    /// The report, and the SHA-256 of what was counted.
    Once(Box<DriftReport>, String),
    /// The model's numbers are written otherwise than it was assumed.
    Again(Readings),
}

impl DriftRequest {
    /// Judges what was counted by window, by segment, or by both.
    fn checked_by(
        &self,
        (baseline, current): (&Profile, &Grouped),
        plan: &Plan,
        segments: Option<&SegmentBaselines>,
        (options, provenance): (&CheckOptions, &Provenance),
    ) -> Result<DriftReport> {
        match &self.windows {
            Some(windowing) => check_windows_by(
                baseline, current, plan, options, provenance, windowing, segments,
            ),
            None => check_segments(baseline, current, plan, segments, options, provenance),
        }
    }

    /// Returns what is to be compared of each segment; none if the sides are not cut.
    pub(super) fn baseline_segments(
        &self,
        baseline: &Profile,
        columns: &[String],
        options: &CheckOptions,
    ) -> Result<Option<SegmentBaselines>> {
        let of = |segmentation| SegmentBaselines::new(baseline, columns, options, segmentation);
        self.segments.as_ref().map(of).transpose()
    }

    pub(super) fn check_options_for(&self, current: &Input) -> CheckOptions {
        let options = self.check_options();
        match current {
            Input::Profile(..) => options,
            Input::Data(data) => {
                let exclude = options.roles.exclude.iter();
                let exclude = exclude.flat_map(|name| data.named(name)).collect();
                let roles = Roles {
                    exclude,
                    ..options.roles
                };
                CheckOptions { roles, ..options }
            }
        }
    }

    pub(super) fn check_options(&self) -> CheckOptions {
        let mut usual = self.reading.usual_columns();
        // What says when a row was made drifts by its nature.
        let time = self.windows.as_ref();
        usual
            .date
            .extend(time.map(|windowing| windowing.column.clone()));
        if let Some(labels) = &self.labels {
            let (keys, times) = labels.keys_and_times();
            usual.id.extend(keys);
            usual.date.extend(times);
        }
        CheckOptions {
            model: self.model.clone(),
            features: self.reading.features.clone(),
            roles: self.reading.roles(),
            usual,
            thresholds: self.thresholds.general(),
            thresholds_by_feature: self.thresholds.by_feature.clone(),
            min_rows: self.thresholds.min_rows,
            class_threshold: self.class_threshold,
            costs: self.costs,
            late_labels: self.labels.is_some(),
            limits: None,
            consequences: None,
            multivariate: None,
        }
    }
}

/// Returns what to count of the current side.
pub(super) fn count_plans(plan: &Plan, segments: Option<&SegmentBaselines>) -> SegmentPlans {
    match segments {
        Some(segments) => segments.count_plans(plan.count_plan()),
        None => SegmentPlans::whole_only(plan.count_plan()),
    }
}

/// Says under `-v` what each column is taken for, and why each feature has its verdict.
fn say_decisions(report: &DriftReport, console: &Console<'_>) {
    let say = |line: String| console.messages().debug(&line);
    for out in &report.left_out {
        say(format!(
            "{}: left out ({}), {}",
            out.column,
            out.role.as_str(),
            out.reason
        ));
    }
    for feature in report.features.iter().chain(&report.score) {
        let kind = feature.kind.as_str();
        let reasons = match feature.reasons.as_slice() {
            [] => "nothing beyond chance and thresholds".to_owned(),
            reasons => reasons.join("; "),
        };
        say(format!(
            "{}: {kind}, {}: {reasons}",
            feature.feature, feature.status
        ));
    }
}
