//! The verdict on a compared feature, and its reasons in words.

use super::bins::short;
use super::context::{Context, percent};
use super::psi_limits::PsiLimit;
use super::report::{BinReport, FeatureReport, FeatureThresholds, Status, UnparsableReport};

/// Returns the status by PSI and by the PSI of missing, and why, each reason with its status.
pub(super) fn judge(
    report: &FeatureReport,
    (thresholds, limit): (FeatureThresholds, Option<PsiLimit>),
    context: Context,
) -> (Status, Vec<(Status, String)>) {
    let mut reasons = Vec::new();
    if let (Some(psi), Some(noise)) = (report.psi, report.psi_noise_limit) {
        let found = Compared {
            name: "PSI",
            psi,
            noise,
            p_value: report.bins_p_value.unwrap_or(1.0),
        };
        if let Some((status, reason)) = found.judged_by(thresholds, limit, context) {
            reasons.push((status, reason));
            if status > Status::TooFewRows {
                reasons.extend(what_moved(report).into_iter().map(|words| (status, words)));
            }
        }
    }
    let missing = &report.missing;
    let found = Compared {
        name: "missing PSI",
        psi: missing.psi,
        noise: missing.psi_noise_limit,
        p_value: missing.p_value,
    };
    match found.judged(thresholds, context) {
        // Whoever cannot see the bins drift cannot see missing values do: said once.
        Some((Status::TooFewRows, reason)) if reasons.is_empty() => {
            reasons.push((Status::TooFewRows, reason));
        }
        Some((status, reason)) if status > Status::TooFewRows => {
            reasons.push((status, reason));
            let words = format!(
                "missing {} -> {}",
                percent(missing.share.baseline),
                percent(missing.share.current)
            );
            reasons.push((status, words));
        }
        _ => {}
    }
    if let Some(unparsable) = &report.unparsable {
        // Too few rows are said of the bins already.
        let found = unparsable.compared().judged(thresholds, context);
        reasons.extend(found.filter(|(status, _)| *status > Status::TooFewRows));
    }
    let worst = reasons.iter().map(|(status, _)| *status).max();
    (worst.unwrap_or(Status::Ok), reasons)
}

/// A PSI and what chance makes of it.
struct Compared {
    name: &'static str,
    psi: f64,
    noise: f64,
    p_value: f64,
}

impl Compared {
    /// Judges by size and by evidence; nothing to say is OK. What could not have failed even where
    /// it drifted is not judged, unless it is beyond chance as it is.
    fn judged(&self, thresholds: FeatureThresholds, context: Context) -> Option<(Status, String)> {
        self.judged_by(thresholds, None, context)
    }

    /// The same by a limit of the baseline's windows. What could not have failed is told by the fixed thresholds in
    /// any case: such a limit may lie within chance.
    fn judged_by(
        &self,
        thresholds: FeatureThresholds,
        limit: Option<PsiLimit>,
        context: Context,
    ) -> Option<(Status, String)> {
        let Self {
            name, psi, noise, ..
        } = *self;
        let by_size = match limit {
            None => thresholds.judge(psi),
            Some(limit) if psi < limit.psi => Status::Ok,
            Some(limit) if limit.is_beside_fixed => thresholds.judge(psi),
            Some(_) => Status::Fail,
        };
        let is_beyond_chance = psi > noise && self.p_value < context.levels.warn;
        if by_size > Status::Ok && is_beyond_chance {
            let fails = by_size == Status::Fail;
            let fixed = if fails {
                thresholds.fail_psi
            } else {
                thresholds.warn_psi
            };
            let reason = match limit {
                None => format!("{name} {psi:.2} (threshold {fixed})"),
                Some(limit) => format!("{name} {psi:.2} ({})", limit.in_words(fixed)),
            };
            return Some(if fails && self.p_value >= context.levels.fail {
                (Status::Warn, format!("{reason}, but too few rows to fail"))
            } else {
                (by_size, reason)
            });
        }
        // Sides with the very same shares are told: a drift that should fail leaves some difference.
        (psi > 0.0 && noise >= thresholds.fail_psi).then(|| {
            let reason = format!("too few rows to tell: chance alone reaches {name} {noise:.2}");
            (Status::TooFewRows, reason)
        })
    }
}

impl PsiLimit {
    /// Says which threshold was passed.
    fn in_words(self, fixed: f64) -> String {
        let own = format!(
            "threshold {:.3}, mean + 3 sd of {} windows of the baseline",
            self.psi, self.windows
        );
        match self.is_beside_fixed {
            true => format!("{own}, and {fixed}"),
            false => own,
        }
    }
}

impl UnparsableReport {
    fn compared(&self) -> Compared {
        Compared {
            name: "unparsable PSI",
            psi: self.psi,
            noise: self.psi_noise_limit,
            p_value: self.p_value,
        }
    }

    /// Returns how bad it is: OK is for information.
    pub(super) fn status(&self, thresholds: FeatureThresholds, context: Context) -> Status {
        let found = self.compared().judged(thresholds, context);
        let status = found.map_or(Status::Ok, |(status, _)| status);
        if status > Status::TooFewRows {
            status
        } else {
            Status::Ok
        }
    }
}

/// Says in words what moved most.
fn what_moved(report: &FeatureReport) -> Vec<String> {
    let mut words = Vec::new();
    if let Some(numeric) = &report.numeric {
        for (share, side) in [
            (
                numeric.share_above_baseline_max,
                "above the baseline's maximum",
            ),
            (
                numeric.share_below_baseline_min,
                "below the baseline's minimum",
            ),
        ] {
            if share >= 0.01 {
                words.push(format!("{} {side}", percent(share)));
            }
        }
        if let (Some(before), Some(now)) = (&numeric.baseline, &numeric.current) {
            words.push(format!(
                "mean {} -> {}",
                short(round(before.mean)),
                short(round(now.mean))
            ));
        }
    }
    let moved = |bin: &&BinReport| (bin.share.current - bin.share.baseline).abs();
    let most = report
        .bins
        .iter()
        .max_by(|a, b| moved(a).total_cmp(&moved(b)));
    if let (Some(bin), Some(_)) = (most, &report.categorical) {
        words.push(format!(
            "\"{}\" {} -> {}",
            bin.label,
            percent(bin.share.baseline),
            percent(bin.share.current)
        ));
    }
    words
}

/// Four significant digits are enough for a sentence.
fn round(number: f64) -> f64 {
    format!("{number:.3e}").parse().unwrap_or(number)
}
