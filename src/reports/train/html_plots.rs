//! The plots of the training's page, and the tables that belong to them.

use serde::Serialize;

use crate::model::artifact::SplitMetrics;
use crate::model::report::TrainReport;
use crate::page::Html;
use crate::page::svg::{Caption, Curve, Ranked, curves, ranked};
use crate::reports::format;
use crate::stats::classification::{Confusion, Estimate};

/// What is shown of the test split alone.
#[derive(Serialize)]
pub(super) struct TestView {
    calibration: Html,
    bins: Vec<[String; 3]>,
    lift: Html,
    confusion: ConfusionView,
}

#[derive(Serialize)]
struct ConfusionView {
    churned: [(String, String); 2],
    stayed: [(String, String); 2],
}

/// Draws the ROC and the precision-recall curves of all splits.
pub(super) fn both_curves(splits: &[(&'static str, &SplitMetrics)]) -> (Html, Html) {
    let of = |points: fn(&SplitMetrics) -> &[(f64, f64)]| {
        let curves = splits.iter().map(|(label, split)| Curve {
            label,
            points: points(split),
        });
        curves.collect::<Vec<_>>()
    };
    let areas = |name: &str, of: fn(&SplitMetrics) -> Option<Estimate>| {
        let areas = splits
            .iter()
            .filter_map(|(split, found)| Some(format!("{split} {:.3}", of(found)?.value)));
        format!("{name}: {}.", areas.collect::<Vec<_>>().join(", "))
    };
    let roc = curves(
        &Caption {
            id: "roc",
            title: "ROC curves",
            description: &areas("Area under the curve", |split| split.performance.roc_auc),
        },
        &of(|split| &split.roc),
        ("stayers called churners", "churners found"),
        true,
        false,
    );
    let precision_recall = curves(
        &Caption {
            id: "pr",
            title: "Precision-recall curves",
            description: &areas("Average precision", |split| {
                split.performance.average_precision
            }),
        },
        &of(|split| &split.precision_recall),
        ("recall: churners found", "precision"),
        false,
        false,
    );
    (roc, precision_recall)
}

/// Shows what there is of the test split alone.
pub(super) fn test_view(test: &SplitMetrics) -> TestView {
    let points: Vec<_> = test
        .calibration
        .iter()
        .map(|bin| (bin.mean_score, bin.positive_share))
        .collect();
    let curve = Curve {
        label: "test",
        points: &points,
    };
    let base = test.performance.positives as f64 / test.performance.rows.max(1) as f64;
    let lift: Vec<_> = (1..)
        .zip(&test.lift)
        .map(|(tenth, lift)| Ranked {
            label: match tenth {
                1 => "highest scores".to_owned(),
                10 => "lowest scores".to_owned(),
                _ => format!("{tenth}. tenth"),
            },
            value: *lift,
            text: format!("{lift:.2}, {}", format::percent(lift * base)),
        })
        .collect();
    TestView {
        calibration: curves(
            &Caption {
                id: "cal",
                title: "Calibration on the test split",
                description: "Share of churners against the mean score, in bins of equal width; \
                              the diagonal is perfect.",
            },
            &[curve],
            ("mean score", "share that churned"),
            true,
            true,
        ),
        bins: test
            .calibration
            .iter()
            .map(|bin| {
                [
                    format!("{:.3}", bin.mean_score),
                    format!("{:.3}", bin.positive_share),
                    format::count(bin.rows),
                ]
            })
            .collect(),
        lift: ranked(
            &Caption {
                id: "lift",
                title: "Lift by tenths of the test rows",
                description: "Share of churners in each tenth of the rows, highest scores first, \
                              over their share in all; the line is 1.",
            },
            &lift,
            Some(1.0),
        ),
        confusion: confusion(&test.performance.confusion),
    }
}

fn confusion(counts: &Confusion) -> ConfusionView {
    let cell = |count: u64, all: u64| {
        let share = format::percent(count as f64 / all.max(1) as f64);
        (format::count(count), share)
    };
    let churned = counts.true_positives + counts.false_negatives;
    let stayed = counts.true_negatives + counts.false_positives;
    ConfusionView {
        churned: [
            cell(counts.true_positives, churned),
            cell(counts.false_negatives, churned),
        ],
        stayed: [
            cell(counts.false_positives, stayed),
            cell(counts.true_negatives, stayed),
        ],
    }
}

/// Draws the most important features.
pub(super) fn importance_plot(report: &TrainReport, most: usize) -> Html {
    let bars = report.importance.iter().take(most);
    let bars: Vec<_> = bars
        .map(|importance| Ranked {
            label: importance.feature.clone(),
            value: importance.log_loss_increase,
            text: format!("{:.4}", importance.log_loss_increase + 0.0),
        })
        .collect();
    let caption = Caption {
        id: "imp",
        title: "Permutation importance",
        description: "Rise of the log loss on validation when a feature's values are shuffled.",
    };
    ranked(&caption, &bars, None)
}
