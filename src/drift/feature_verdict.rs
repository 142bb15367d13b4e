//! The verdict on a compared feature, and its reasons in words.

use super::bins::short;
use super::feature::percent;
use super::report::{BinReport, FeatureReport, PsiThresholds, Status};

/// Sets the status by PSI and by the PSI of missing, and says why.
pub(super) fn judge(report: &mut FeatureReport, thresholds: PsiThresholds) {
    let mut reasons = Vec::new();
    let mut status = Status::Ok;
    if let (Some(psi), Some(noise)) = (report.psi, report.psi_noise_limit) {
        let verdict = judged("PSI", psi, noise, thresholds, &mut reasons);
        if verdict > Status::Ok {
            reasons.extend(what_moved(report));
        }
        status = status.max(verdict);
    }
    let missing = &report.missing;
    let verdict = judged(
        "missing PSI",
        missing.psi,
        missing.psi_noise_limit,
        thresholds,
        &mut reasons,
    );
    if verdict > Status::Ok {
        reasons.push(format!(
            "missing {} -> {}",
            percent(missing.share.baseline),
            percent(missing.share.current)
        ));
    }
    report.status = status.max(verdict);
    reasons.append(&mut report.reasons);
    report.reasons = reasons;
}

fn judged(
    name: &str,
    psi: f64,
    noise: f64,
    thresholds: PsiThresholds,
    reasons: &mut Vec<String>,
) -> Status {
    let status = thresholds.judge(psi);
    let limit = if status == Status::Fail {
        thresholds.fail_psi
    } else {
        thresholds.warn_psi
    };
    if status > Status::Ok && psi <= noise {
        reasons.push(format!(
            "{name} {psi:.2}, but too few rows to tell (chance alone reaches {noise:.2})"
        ));
        return Status::Warn;
    }
    if status > Status::Ok {
        reasons.push(format!("{name} {psi:.2} >= {limit}"));
    }
    status
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
