//! The training as one self-contained HTML page: no script, no network, small whatever the rows.
//! The frame, its escaping and the plots are `page/`'s.

use serde::Serialize;

use super::figures::{difference, estimate, figures, in_words, splits, verdict};
use super::html_plots::{TestView, both_curves, importance_plot, test_view};
use super::table::{overlap, rows_by_split};
use crate::error::Result;
use crate::model::artifact::{Artifact, Calibration};
use crate::model::report::{SplitPsi, TrainReport};
use crate::model::threshold::rule_in_words;
use crate::page::frame::render;
use crate::page::{Html, Page};
use crate::reports::format;
use crate::stats::classification::Estimate;
use crate::text::shorten;

const TEMPLATE: &str = include_str!("page.html");
/// The common look of reports, then what is this page's own.
const STYLE: &str = concat!(include_str!("../drift/page.css"), include_str!("page.css"));
/// Features listed by importance.
const MOST_FEATURES: usize = 25;
/// Features listed by drift between the splits.
const MOST_DRIFT: usize = 12;
/// Warnings, reasons and arguments that are listed.
const MOST_LISTED: usize = 100;
/// Longest text from outside.
const LONGEST: usize = 400;

#[derive(Serialize)]
struct View {
    title: String,
    verdict: &'static str,
    status: &'static str,
    sentence: String,
    reasons: Vec<String>,
    comparisons: Vec<[String; 4]>,
    model: String,
    model_version: String,
    description: String,
    artifact: String,
    created_at: String,
    version: String,
    tiles: Vec<(&'static str, String, String)>,
    splits: Vec<&'static str>,
    rows: Vec<(&'static str, Vec<String>)>,
    figures: Vec<(&'static str, Vec<String>)>,
    trivial: Vec<[String; 4]>,
    unpurged: Option<(String, String)>,
    tried: Vec<(String, String)>,
    test: Option<TestView>,
    roc: Html,
    precision_recall: Html,
    importance: Option<Html>,
    importance_more: usize,
    drift: Vec<DriftRow>,
    drift_more: usize,
    threshold: String,
    threshold_rule: String,
    split: String,
    split_rows: String,
    overlap: String,
    calibration: String,
    warnings: Vec<String>,
    warnings_more: usize,
    provenance: Vec<(String, String)>,
}

/// A feature in validation and test, beside train.
#[derive(Serialize)]
struct DriftRow {
    feature: String,
    /// Verdict, and the PSI that it is about.
    splits: [(String, String); 2],
    /// What chance alone rarely exceeds, on test.
    noise: String,
}

/// Returns the whole page.
///
/// # Errors
///
/// Fails only if the template does: a bug. Does *not* fail on any text in the report.
pub fn page(report: &TrainReport, artifact: &Artifact) -> Result<String> {
    let view = view(report, artifact);
    let body = render(TEMPLATE, &view)?;
    Page {
        title: &view.title,
        style: STYLE,
        body: &body,
    }
    .render()
}

fn view(report: &TrainReport, artifact: &Artifact) -> View {
    let body = &artifact.body;
    let by_split = splits(report);
    let names: Vec<_> = by_split.iter().map(|(name, _)| *name).collect();
    let of_splits: Vec<_> = names
        .iter()
        .filter_map(|name| Some((*name, body.metrics.get(*name)?)))
        .collect();
    let counts = |of: fn(&crate::stats::classification::Performance) -> u64| {
        let counts = by_split.iter().map(|(_, split)| format::count(of(split)));
        counts.collect()
    };
    let (roc, precision_recall) = both_curves(&of_splits);
    let importance = &report.importance;
    View {
        title: format!(
            "{}: training of {} {}",
            verdict(report),
            report.model,
            report.model_version
        ),
        verdict: verdict(report),
        status: if report.promoted { "OK" } else { "WARN" },
        sentence: if report.promoted {
            format!("Version {} is in production now.", report.model_version)
        } else {
            format!(
                "Version {} was kept, and production was left as it was.",
                report.model_version
            )
        },
        reasons: listed(&report.reasons),
        comparisons: comparisons(report),
        model: report.model.clone(),
        model_version: report.model_version.clone(),
        description: report.description.clone(),
        artifact: report.artifact.clone(),
        created_at: report.created_at.clone(),
        version: report.churnctl_version.clone(),
        tiles: tiles(report),
        rows: vec![
            ("Rows", counts(|split| split.rows)),
            ("Churned", counts(|split| split.positives)),
        ],
        figures: figures(report)
            .into_iter()
            .map(|figure| {
                let cells = figure.by_split.into_iter().map(interval);
                (figure.name, cells.collect())
            })
            .collect(),
        splits: names,
        trivial: trivial(report),
        unpurged: report.unpurged_roc_auc.map(|claimed| {
            let test = report.metrics.get("test");
            let found = test.and_then(|test| test.roc_auc);
            (interval(Some(claimed)), interval(found))
        }),
        tried: report
            .tried_log_loss
            .iter()
            .map(|(name, loss)| (name.clone(), format!("{loss:.4}")))
            .collect(),
        test: body.metrics.get("test").map(test_view),
        roc,
        precision_recall,
        importance: (!importance.is_empty()).then(|| importance_plot(report, MOST_FEATURES)),
        importance_more: importance.len().saturating_sub(MOST_FEATURES),
        drift: drift(report),
        drift_more: report.drift.len().saturating_sub(MOST_DRIFT),
        threshold: format!("{:.4}", report.threshold),
        threshold_rule: rule_in_words(&report.threshold_rule).to_owned(),
        split: report.split.clone(),
        split_rows: rows_by_split(report),
        overlap: overlap(report),
        calibration: calibration(&body.calibration),
        warnings: listed(&report.warnings),
        warnings_more: report.warnings.len().saturating_sub(MOST_LISTED),
        provenance: provenance(report, artifact),
    }
}

fn listed(texts: &[String]) -> Vec<String> {
    let texts = texts.iter().take(MOST_LISTED);
    texts
        .map(|text| shorten(text, LONGEST).into_owned())
        .collect()
}

fn tiles(report: &TrainReport) -> Vec<(&'static str, String, String)> {
    let test = report.metrics.get("test");
    let tile = |name, found: Option<Estimate>| {
        let (value, between) = found.map_or_else(
            || (format::NONE.to_owned(), String::new()),
            |found| {
                let between = format!("{:.3} to {:.3}", found.low, found.high);
                (format!("{:.3}", found.value), between)
            },
        );
        (name, value, between)
    };
    vec![
        tile("ROC AUC on test", test.and_then(|test| test.roc_auc)),
        tile(
            "Average precision",
            test.and_then(|test| test.average_precision),
        ),
        tile("Log loss", test.and_then(|test| test.log_loss)),
        tile("F1", test.and_then(|test| test.f1)),
    ]
}

fn comparisons(report: &TrainReport) -> Vec<[String; 4]> {
    let compared = report.comparisons.iter().map(|compared| {
        [
            in_words(&compared.metric),
            format!("{:.4}", compared.champion),
            format!("{:.4}", compared.candidate),
            difference(compared.difference).replace(", ", ",\u{a0}"),
        ]
    });
    compared.collect()
}

/// The model itself, then what needs none, all on the test split.
fn trivial(report: &TrainReport) -> Vec<[String; 4]> {
    let figure = |found: Option<Estimate>| {
        found.map_or_else(
            || format::NONE.to_owned(),
            |found| format!("{:.3}", found.value),
        )
    };
    let model = report.metrics.get("test").map(|test| {
        [
            "this model".to_owned(),
            figure(test.roc_auc),
            figure(test.average_precision),
            figure(test.log_loss),
        ]
    });
    let trivial = report.trivial.iter().map(|trivial| {
        let name = shorten(&trivial.name, 80);
        [
            match trivial.name.as_str() {
                "prior" => "the share of churners alone".to_owned(),
                _ => format!("the column {name} alone"),
            },
            format!("{:.3}", trivial.roc_auc),
            format!("{:.3}", trivial.average_precision),
            format!("{:.3}", trivial.log_loss),
        ]
    });
    model.into_iter().chain(trivial).collect()
}

fn drift(report: &TrainReport) -> Vec<DriftRow> {
    let of = |split: &Option<SplitPsi>| {
        let Some(split) = split else {
            return (String::new(), format::NONE.to_owned());
        };
        let value = match split.psi {
            // What moved is whether there is a value at all.
            _ if split.missing_psi > split.psi.unwrap_or(0.0) => {
                format!("missing {}", format::psi(split.missing_psi))
            }
            Some(psi) => format::psi(psi),
            None => format::NONE.to_owned(),
        };
        let badge = match split.status.as_str() {
            "OK" | "TOO_FEW_ROWS" => String::new(),
            other => other.to_owned(),
        };
        (badge, value)
    };
    let rows = report.drift.iter().take(MOST_DRIFT);
    rows.map(|drift| DriftRow {
        feature: shorten(&drift.feature, 80).into_owned(),
        splits: [of(&drift.validation), of(&drift.test)],
        noise: drift
            .test
            .as_ref()
            .and_then(|test| test.psi_noise_limit)
            .map_or_else(|| format::NONE.to_owned(), format::psi),
    })
    .collect()
}

fn calibration(calibration: &Calibration) -> String {
    match calibration {
        Calibration::None => "none: the scores are best as they are on validation".to_owned(),
        Calibration::Platt { slope, intercept } => {
            format!("Platt: log-odds times {slope:.3} plus {intercept:.3}")
        }
        Calibration::Isotonic { log_odds, .. } => {
            format!("isotonic with {} knots", log_odds.len())
        }
    }
}

fn provenance(report: &TrainReport, artifact: &Artifact) -> Vec<(String, String)> {
    let (roles, from) = (&artifact.body.roles, &artifact.body.provenance);
    let mut rows = vec![
        ("Data", from.data.join(", ")),
        ("SHA-256 of the data", from.data_sha256.clone()),
        ("Rows read", format::count(from.rows)),
        ("Label", format!("{} is {}", roles.label, roles.positive)),
    ];
    if !roles.id.is_empty() {
        rows.push(("Identifiers", roles.id.join(", ")));
    }
    rows.extend(roles.time.clone().map(|time| ("Time", time)));
    rows.extend(roles.group.clone().map(|group| ("Group", group)));
    rows.push(("Seed", from.seed.to_string()));
    let arguments = from
        .arguments
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .take(MOST_LISTED)
        .map(|(name, value)| (in_words(name), value.clone()));
    let own = rows
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value));
    let artifact = [
        ("Artifact".to_owned(), report.artifact.clone()),
        ("SHA-256 of its body".to_owned(), artifact.sha256.clone()),
    ];
    own.chain(arguments)
        .chain(artifact)
        .map(|(name, value)| (name, shorten(&value, LONGEST).into_owned()))
        .collect()
}

/// Returns the estimate so that a narrow screen breaks the line before the interval, not in it.
fn interval(found: Option<Estimate>) -> String {
    estimate(found).replace(", ", ",\u{a0}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reports::train::sample;

    #[test]
    fn every_part_of_a_training_is_on_the_page_and_it_is_small() {
        let (report, artifact) = sample::promoted();
        let page = page(&report, &artifact).expect("renders");
        assert!(page.len() < 1_000_000, "{} bytes", page.len());
        for part in [
            ">PROMOTED</span>",
            "log loss is better",
            "-0.0100 [-0.0150,\u{a0}-0.0050]",
            "0.846 [0.821,\u{a0}0.871]",
            "the share of churners alone",
            "the column contract alone",
            "ROC curves",
            "Precision-recall curves",
            "Area under the curve: train 0.862, validation 0.851, test 0.846.",
            "Calibration on the test split",
            "<td class=\"n\">654</td>",
            "1,140",
            "highest scores",
            "feature_00",
            "15 more features",
            "0.900 [0.875,\u{a0}0.925]",
            "by time (as_of_date), purged by 30d",
            "purged 12",
            "Drift between the splits",
            "<span class=\"badge FAIL\">FAIL</span> 0.312",
            "missing 0.120",
            "1 more feature, below these",
            "customer_id looks like an identifier",
            "c0ffee",
            "2026-11-20T01:00:03Z",
            "k k0",
            "k k1",
            "k k2",
        ] {
            assert!(page.contains(part), "{part} is not on the page");
        }
    }

    #[test]
    fn no_markup_comes_from_the_data_and_nothing_runs() {
        let (mut report, mut artifact) = sample::promoted();
        let evil = sample::EVIL.to_owned();
        for text in [
            &mut report.model,
            &mut report.artifact,
            &mut report.description,
            &mut report.split,
            &mut report.threshold_rule,
            &mut report.reasons[0],
            &mut report.warnings[0],
            &mut report.trivial[1].name,
            &mut report.importance[0].feature,
            &mut report.drift[0].feature,
            &mut artifact.body.roles.label,
            &mut artifact.body.provenance.data[0],
        ] {
            text.clone_from(&evil);
        }
        let page = page(&report, &artifact).expect("renders").to_lowercase();
        assert!(!page.contains("<script") && !page.contains("\" onload"));
        assert!(!page.contains("href=\"http") && !page.contains(" src="));
        assert!(!page.contains('\u{1b}') && !page.contains('\u{202e}'));
        assert!(page.contains("&lt;script&gt;"));
    }

    #[test]
    fn every_link_in_the_page_has_its_target_once() {
        let (report, artifact) = sample::promoted();
        let page = page(&report, &artifact).expect("renders");
        for link in page.split("href=\"#").skip(1) {
            let target = link.split('"').next().expect("a quote");
            let id = format!(" id=\"{target}\"");
            assert_eq!(page.matches(&id).count(), 1, "#{target}");
        }
    }

    #[test]
    fn a_training_with_nothing_to_say_still_renders() {
        let (mut report, mut artifact) = sample::promoted();
        report.promoted = false;
        report.metrics.clear();
        artifact.body.metrics.clear();
        report.trivial.clear();
        report.importance.clear();
        report.drift.clear();
        report.comparisons.clear();
        report.warnings.clear();
        report.unpurged_roc_auc = None;
        let page = page(&report, &artifact).expect("renders");
        assert!(page.contains(">NOT PROMOTED</span>") && !page.contains("id=\"warnings\""));
    }
}
