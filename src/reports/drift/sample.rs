//! Hand-made reports for the tests of every form. No real data.

#![cfg(test)]

use std::collections::BTreeMap;

use crate::drift::alarm::{AlarmReport, Evidence, PolicyOutcome, WindowEvidence};
use crate::drift::evidence::ReportInput;
use crate::drift::late_labels::{LabelReport, LabelWindow};
use crate::drift::over_time::{OverTime, RowsLeftOut, WindowFeature, WindowReport};
use crate::drift::report::*;
use crate::labels::{JoinColumn, LabelCounts, PredictionCounts, Unmatched};
use crate::stats::classification::{Confusion, Estimate, Performance};

/// A name that tries everything: markup, quotes, table cells, terminal escapes, bidi, newline.
pub(crate) const EVIL: &str = "<script>alert('x')</script>|`a`\"&\u{1b}[31m\u{202e}\n](http://x)";

fn bin(
    label: &str,
    edges: (Option<f64>, Option<f64>),
    baseline: (u64, u64),
    current: (u64, u64),
) -> BinReport {
    let share = |(count, all): (u64, u64)| {
        if all == 0 {
            0.0
        } else {
            count as f64 / all as f64
        }
    };
    let (p, q) = (share(baseline), share(current));
    let smooth = |share: f64| share.max(0.0005);
    BinReport {
        label: label.to_owned(),
        lower: edges.0,
        upper: edges.1,
        count: Sides {
            baseline: baseline.0,
            current: current.0,
        },
        share: Sides {
            baseline: p,
            current: q,
        },
        psi: (smooth(q) - smooth(p)) * (smooth(q) / smooth(p)).ln(),
    }
}

fn missing(baseline: f64, current: f64) -> MissingReport {
    MissingReport {
        psi: if baseline == current { 0.0 } else { 1.2 },
        psi_noise_limit: 0.004,
        p_value: if baseline == current { 1.0 } else { 0.0 },
        share: Sides { baseline, current },
        baseline_counts: BTreeMap::from([("empty".to_owned(), (baseline * 7043.0) as u64)]),
        current_counts: BTreeMap::from([
            ("empty".to_owned(), (current * 2000.0) as u64),
            ("nan".to_owned(), 0),
        ]),
    }
}

fn feature(name: &str, kind: FeatureKind, status: Status, psi: Option<f64>) -> FeatureReport {
    FeatureReport {
        feature: name.to_owned(),
        kind,
        status,
        psi,
        psi_noise_limit: psi.map(|_| 0.014),
        bins_p_value: psi.map(|psi| if psi < 0.1 { 0.4 } else { 1e-12 }),
        consequence: None,
        reasons: Vec::new(),
        missing: missing(0.0, 0.0),
        unparsable: None,
        bins: Vec::new(),
        numeric: None,
        categorical: None,
    }
}

/// A numeric feature with `bins` bins whose current side leans to the right by `lean`.
pub(crate) fn numeric(
    name: &str,
    status: Status,
    psi: f64,
    bins: usize,
    lean: f64,
) -> FeatureReport {
    let weights = |lean: f64| -> Vec<f64> {
        let weights: Vec<f64> = (0..bins)
            .map(|at| {
                let x = at as f64 / bins as f64;
                (1.0 + 0.25 * (x * 9.0).sin()) * (lean * x).exp()
            })
            .collect();
        let sum: f64 = weights.iter().sum();
        weights.into_iter().map(|weight| weight / sum).collect()
    };
    let (before, after) = (weights(0.0), weights(lean));
    let edge = |at: usize| 18.25 + at as f64 * 100.4 / bins as f64;
    let mut report = feature(name, FeatureKind::Numeric, status, Some(psi));
    report.bins = (0..bins)
        .map(|at| {
            let lower = (at > 0).then(|| edge(at));
            let upper = (at + 1 < bins).then(|| edge(at + 1));
            let label = match (lower, upper) {
                (Some(low), Some(high)) => format!("[{low:.2}, {high:.2})"),
                (None, Some(high)) => format!("< {high:.2}"),
                (Some(low), None) => format!(">= {low:.2}"),
                (None, None) => "all".to_owned(),
            };
            let rows = |share: f64, all: u64| ((share * all as f64) as u64, all);
            bin(
                &label,
                (lower, upper),
                rows(before[at], 7043),
                rows(after[at], 2000),
            )
        })
        .collect();
    report.numeric = Some(NumericReport {
        ks_statistic: 0.118,
        ks_p_value: 1e-9,
        wasserstein_in_standard_deviations: Some(0.2841),
        winsorised_wasserstein_in_standard_deviations: Some(0.2793),
        method: Method::Grid,
        ks_statistic_error_bound: 0.0002,
        wasserstein_error_bound: 0.0004,
        jensen_shannon_distance: 0.151,
        hellinger_distance: 0.127,
        kl_divergence: 0.0702,
        baseline: Some(Moments {
            mean: 64.761_692,
            standard_deviation: 30.090_047,
            min: 18.25,
            max: 118.75,
        }),
        current: Some(Moments {
            mean: 73.3,
            standard_deviation: 29.2,
            min: 18.25,
            max: 1_234_567_890.0,
        }),
        share_below_baseline_min: 0.0,
        share_above_baseline_max: 0.003,
        histogram: None,
    });
    report
}

/// A categorical feature with these categories: name, baseline rows, current rows.
pub(crate) fn categorical(
    name: &str,
    status: Status,
    psi: f64,
    categories: &[(&str, u64, u64)],
) -> FeatureReport {
    let all = categories.iter().fold((0, 0), |sum, category| {
        (sum.0 + category.1, sum.1 + category.2)
    });
    let mut report = feature(name, FeatureKind::Categorical, status, Some(psi));
    report.bins = categories
        .iter()
        .map(|(label, before, after)| bin(label, (None, None), (*before, all.0), (*after, all.1)))
        .collect();
    let unseen: Vec<String> = categories
        .iter()
        .filter(|category| category.1 == 0)
        .map(|category| category.0.to_owned())
        .collect();
    report.categorical = Some(CategoricalReport {
        chi_square: 612.4,
        chi_square_p_value: 0.0,
        degrees_of_freedom: categories.len() as u64 - 1,
        cramers_v: 0.26,
        l_infinity_distance: 0.21,
        total_variation_distance: 0.24,
        jensen_shannon_distance: 0.22,
        hellinger_distance: 0.2,
        kl_divergence: 0.19,
        unseen_count: unseen.len() as u64,
        unseen_share: 0.04,
        expected_unseen_share: 0.0,
        unseen_categories: unseen,
        lost_categories: vec!["One year".to_owned()],
        lost_count: 1,
    });
    report
}

fn finding(status: Status, kind: FindingKind, feature: Option<&str>, message: &str) -> Finding {
    Finding {
        status,
        kind,
        feature: feature.map(str::to_owned),
        message: message.to_owned(),
    }
}

fn performance(auc: f64) -> Performance {
    let near = |value: f64| {
        Some(Estimate {
            value,
            low: value - 0.012,
            high: value + 0.011,
        })
    };
    Performance {
        rows: 2000,
        positives: 530,
        roc_auc: near(auc),
        average_precision: near(auc - 0.2),
        log_loss: near(0.415),
        brier: near(0.135),
        rmse: near(0.367),
        accuracy: near(0.803),
        precision: near(0.66),
        recall: near(0.54),
        specificity: near(0.9),
        f1: near(0.594),
        cost: None,
        mcc: None,
        calibration_error: near(0.021),
        confusion: Confusion {
            true_positives: 286,
            false_positives: 147,
            true_negatives: 1323,
            false_negatives: 244,
        },
        error_bounds: None,
    }
}

/// A report with nothing but one quiet feature.
pub(crate) fn calm() -> DriftReport {
    let features = vec![numeric("total_charges", Status::Ok, 0.021, 10, 0.1)];
    DriftReport {
        schema_version: SCHEMA_VERSION,
        command: "drift".to_owned(),
        churnctl_version: "0.1.0".to_owned(),
        created_at: "2026-11-20T01:00:03Z".to_owned(),
        status: Status::Ok,
        overall_max_psi: 0.021,
        psi_by_feature: BTreeMap::from([("total_charges".to_owned(), 0.021)]),
        baseline: "examples/data/telco_baseline.csv".to_owned(),
        current: "examples/data/telco_shifted.csv".to_owned(),
        model: "telco".to_owned(),
        rows: Sides {
            baseline: 7043,
            current: 2000,
        },
        thresholds: Thresholds {
            warn_psi: 0.1,
            fail_psi: 0.25,
            min_rows: 100,
            sizes: SizeThresholds::default(),
            by_feature: BTreeMap::new(),
        },
        features,
        findings: Vec::new(),
        left_out: Vec::new(),
        score: None,
        performance: None,
        estimated_performance: None,
        consequences: None,
        multivariate: None,
        baseline_scores: None,
        inputs: None,
        settings: None,
        over_time: None,
        history: None,
        windows: Vec::new(),
        alarm: None,
        labels: None,
        segments: None,
        psi_limits: None,
    }
}

/// A report of which nothing could be judged.
pub(crate) fn too_few() -> DriftReport {
    let mut report = calm();
    report.status = Status::TooFewRows;
    let reason = "too few rows to tell: chance alone reaches PSI 0.61".to_owned();
    report.features[0].status = Status::TooFewRows;
    report.features[0].psi_noise_limit = Some(0.61);
    report.features[0].reasons = vec![reason];
    report
}

fn failing_features() -> Vec<FeatureReport> {
    let mut contract = categorical(
        "contract",
        Status::Fail,
        0.410_3,
        &[
            ("Month-to-month", 3875, 1490),
            ("Two year", 1695, 230),
            ("One year", 1473, 0),
            ("Weekly <new>", 0, 280),
        ],
    );
    contract.reasons = vec![
        "PSI 0.410 is at or above the limit 0.25".to_owned(),
        "the new category \"Weekly <new>\" holds 14.0% of the rows".to_owned(),
    ];
    let mut tenure = numeric("tenure", Status::Fail, 0.0, 10, 0.0);
    tenure.psi = None;
    tenure.psi_noise_limit = None;
    tenure.missing = missing(0.0, 1.0);
    for bin in &mut tenure.bins {
        bin.count.current = 0;
        bin.share.current = 0.0;
    }
    if let Some(numeric) = &mut tenure.numeric {
        numeric.current = None;
    }
    tenure.reasons = vec!["the current side has the column and not one value".to_owned()];
    let mut evil = categorical(EVIL, Status::Fail, 0.3, &[(EVIL, 100, 10), ("b", 10, 100)]);
    evil.reasons = vec![format!("{EVIL} is in the reason, too")];
    let mut charges = numeric("monthly_charges", Status::Warn, 0.141, 30, 1.1);
    charges.reasons = vec!["PSI 0.141 is at or above the limit 0.1".to_owned()];
    charges.missing = missing(0.001, 0.002);
    vec![
        contract,
        tenure,
        evil,
        charges,
        numeric("total_charges", Status::Ok, 0.021, 10, 0.2),
        categorical(
            "payment_method",
            Status::Ok,
            0.008,
            &[
                ("Electronic check", 2365, 690),
                ("Mailed check", 1612, 440),
                ("Bank transfer (automatic)", 1544, 430),
                ("Credit card (automatic)", 1522, 440),
            ],
        ),
        categorical(
            "senior_citizen",
            Status::Ok,
            0.000_2,
            &[("No", 5901, 1680), ("Yes", 1142, 320)],
        ),
    ]
}

/// A report with one of everything, evil names among them.
pub(crate) fn failing() -> DriftReport {
    let features = failing_features();
    let mut score = numeric("churn_score", Status::Warn, 0.18, 10, 0.9);
    score.reasons = vec!["PSI 0.180 is at or above the limit 0.1".to_owned()];
    let mut report = calm();
    report.status = Status::Fail;
    report.overall_max_psi = 0.410_3;
    report.psi_by_feature = features
        .iter()
        .filter_map(|feature| Some((feature.feature.clone(), feature.psi?)))
        .collect();
    report.thresholds.by_feature.insert(
        "monthly_charges".to_owned(),
        FeatureThresholds {
            warn_psi: 0.1,
            fail_psi: 0.2,
            sizes: SizeThresholds::default(),
        },
    );
    report.features = features;
    report.findings = vec![
        finding(
            Status::Fail,
            FindingKind::AbsentColumn,
            Some("device_protection"),
            "the current side lacks the column device_protection",
        ),
        finding(
            Status::Fail,
            FindingKind::AllMissing,
            Some("tenure"),
            "tenure: the current side has the column and not one value",
        ),
        finding(
            Status::Warn,
            FindingKind::FewRows,
            None,
            "the current side has 80 rows, fewer than 100",
        ),
        finding(
            Status::Ok,
            FindingKind::ExtraColumn,
            Some(EVIL_COLUMN),
            "the current side has a column that the baseline lacks: loyalty\u{7}<b>",
        ),
    ];
    report.left_out = vec![
        LeftOut {
            column: "customer_id".to_owned(),
            role: Role::Id,
            reason: "a value of its own in every row".to_owned(),
        },
        LeftOut {
            column: "churn_label".to_owned(),
            role: Role::Label,
            reason: "named by --label".to_owned(),
        },
        LeftOut {
            column: "churn_score".to_owned(),
            role: Role::Score,
            reason: "named by --score".to_owned(),
        },
    ];
    report.score = Some(score);
    report.performance = Some(PerformanceReport {
        calibration: None,
        status: Status::Fail,
        reasons: vec!["ROC AUC fell from 0.851 to 0.792, beyond its interval".to_owned()],
        label: "churn_label".to_owned(),
        positive: "Yes".to_owned(),
        threshold: 0.5,
        baseline: performance(0.851),
        current: performance(0.792),
    });
    report
}

const EVIL_COLUMN: &str = "loyalty\u{7}<b>";

/// A report with `features` numeric features of `bins` bins each.
pub(crate) fn wide(features: usize, bins: usize) -> DriftReport {
    let mut report = calm();
    report.features = (0..features)
        .map(|at| {
            let name = format!("a_feature_with_a_long_name_{at:04}");
            let mut feature = numeric(&name, Status::Fail, 0.5, bins, 1.3);
            feature.reasons = vec![
                "PSI 0.500 is at or above the limit 0.25".to_owned(),
                "3.0% of the values are above the baseline's maximum".to_owned(),
            ];
            feature
        })
        .collect();
    report.status = Status::Fail;
    report
}

/// Four days: one is OK, one drifted, one has no rows, one is not over.
pub(crate) fn over_time() -> DriftReport {
    let window = |day: u8, status, psi: Option<f64>, complete| WindowReport {
        window: format!("2026-01-{day:02}"),
        start: format!("2026-01-{day:02}T00:00:00+01:00"),
        end: format!("2026-01-{:02}T00:00:00+01:00", day + 1),
        complete,
        judged: complete,
        status,
        rows: Sides {
            baseline: 6_000,
            current: if psi.is_some() { 1_000 } else { 0 },
        },
        max_psi: psi,
        worst_feature: psi.map(|_| "contract".to_owned()),
        features: psi
            .into_iter()
            .map(|psi| WindowFeature {
                feature: "contract".into(),
                status,
                psi: Some(psi),
                missing: 0.0,
                distances: None,
                reasons: match status {
                    Status::Fail => vec![format!("PSI {psi} (threshold 0.25)")],
                    _ => Vec::new(),
                },
            })
            .collect(),
        score: None,
        performance: None,
        estimated: None,
        findings: Vec::new(),
    };
    let mut report = calm();
    report.schema_version = crate::drift::report::SCHEMA_VERSION_OVER_TIME;
    report.status = Status::Fail;
    report.over_time = Some(OverTime {
        time: "scored_at".into(),
        window: "1d".into(),
        every: "1d".into(),
        time_zone: "Europe/Berlin".into(),
        against: "baseline".into(),
        last: None,
        left_out: RowsLeftOut {
            missing: 2,
            unreadable: 1,
            future: 0,
        },
    });
    report.windows = vec![
        window(1, Status::Ok, Some(0.02), true),
        window(2, Status::Fail, Some(1.17), true),
        window(3, Status::TooFewRows, None, true),
        window(4, Status::Ok, Some(0.03), false),
    ];
    let found = |status, kind, message: &str| Finding {
        status,
        kind,
        feature: None,
        message: message.to_owned(),
    };
    report.findings = vec![
        found(
            Status::Fail,
            FindingKind::Window,
            "window 2026-01-02: contract: PSI 1.17 (threshold 0.25)",
        ),
        found(
            Status::Warn,
            FindingKind::EmptyWindow,
            "the window 2026-01-03 has no rows",
        ),
    ];
    let outcome = |policy: &str, alarms: &[&str]| PolicyOutcome {
        policy: policy.to_owned(),
        in_force: policy == "any",
        fails: !alarms.is_empty(),
        alarms: alarms.iter().map(|name| (*name).to_owned()).collect(),
    };
    let evidence = |day: u8, evidence, alarm: bool| WindowEvidence {
        window: format!("2026-01-{day:02}"),
        evidence,
        mostly: alarm.then(|| "the verdict".to_owned()),
        alarm,
    };
    report.alarm = Some(AlarmReport {
        policy: "any".into(),
        policies: vec![
            outcome("any", &["2026-01-02"]),
            outcome("2/3", &[]),
            outcome("1/year", &["2026-01-02"]),
        ],
        windows_before: 0,
        evidence: Some(Evidence {
            limit: 365.2425,
            windows: vec![
                evidence(1, 0.25, false),
                evidence(2, 1_000.0, true),
                evidence(3, 0.7, false),
            ],
        }),
    });
    report
}

/// A report of windows with labels that came later: the first is known, the second not yet.
pub(crate) fn with_labels() -> DriftReport {
    let predictions = PredictionCounts {
        rows: 3_000,
        matched: 90,
        unmatched: 1_900,
        immature: 1_000,
        conflicting: 10,
        ..PredictionCounts::default()
    };
    let figures = |positives: u64, rows: u64| {
        let near = |value: f64, width: f64| {
            Some(Estimate {
                value,
                low: value - width,
                high: value + width,
            })
        };
        Performance {
            rows,
            positives,
            roc_auc: near(0.792, 0.012),
            average_precision: near(0.61, 0.02),
            log_loss: near(0.415, 0.01),
            ..performance(0.792)
        }
    };
    let mut report = over_time();
    report.labels = Some(LabelReport {
        source: ReportInput {
            addresses: vec!["events.csv".into()],
            counts_sha256: "0".repeat(64),
        },
        join: vec![JoinColumn {
            predictions: "user_id".into(),
            labels: "customer_id".into(),
        }],
        prediction_time: "scored_at".into(),
        label_time: Some("left_on".into()),
        label_column: None,
        positive: "1".into(),
        label_window: "30d".into(),
        unmatched: Unmatched::Negative,
        time_zone: "UTC".into(),
        labels_until: None,
        watermark: "2026-03-01T00:00:00Z".into(),
        predictions,
        labels: LabelCounts {
            rows: 140,
            in_window: 100,
            too_early: 20,
            without_prediction: 15,
            without_time: 5,
            ..LabelCounts::default()
        },
        performance: Some(figures(90, 1_990)),
        reason: None,
        windows: vec![
            LabelWindow {
                window: "2026-01-01".into(),
                predictions: PredictionCounts {
                    rows: 1_000,
                    matched: 45,
                    unmatched: 955,
                    ..PredictionCounts::default()
                },
                performance: Some(figures(45, 1_000)),
            },
            LabelWindow {
                window: "2026-01-02".into(),
                predictions: PredictionCounts {
                    rows: 1_000,
                    immature: 1_000,
                    ..PredictionCounts::default()
                },
                performance: None,
            },
        ],
    });
    report
}
