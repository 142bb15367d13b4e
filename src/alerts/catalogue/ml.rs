//! Rules about the model: what it predicts, what it is fed, how good it is. And the alert that proves alerts.

use super::case::{Case, CaseKind, before, flat, long_before, moving, rising};
use super::options::Options;
use super::rule::{Draft, Layer, Rule, Severity};

const MINUTE: u64 = 60;
/// A namespace that is not ours.
const ELSEWHERE: &str = "elsewhere";

pub(super) fn rules(options: &Options) -> Vec<Rule> {
    vec![
        prediction_shift(options),
        data_drift(options),
        concept_drift(options),
        score_absent(options),
        test_alert(options),
    ]
}

fn prediction_shift(options: &Options) -> Rule {
    let draft = Draft {
        name: "PredictionDistributionShift",
        layer: Layer::Ml,
        severity: Severity::Warning,
        for_minutes: 10,
        // A class that was not predicted since the start has no series in servers that don't
        // initialise it: it counts as 0, or a share of 0 would go unseen.
        expr: r#"max(abs(
  (
    sum by (class) (increase(model_predictions_total{namespace="$namespace"}[30m]))
    or 0 * max by (class) (model_prediction_baseline_ratio{namespace="$namespace"})
  )
  / on () group_left () (sum(increase(model_predictions_total{namespace="$namespace"}[30m])) > $predictions)
  - on (class) max by (class) (model_prediction_baseline_ratio{namespace="$namespace"})
)) > $prediction_shift"#,
        summary: "Prediction distribution shifted",
        description: "The share of a class moved by {{ $value | humanizePercentage }} of all predictions from the baseline.",
        meaning: "The model says one class much more often, or more rarely, than on its training data. Either the customers changed, or what is fed to the model did.",
        first_query: r#"sum by (class) (rate(model_predictions_total{namespace="$namespace"}[30m]))"#,
        fix: &[
            "Run the drift check on the prediction log: `churnctl drift --current data/predictions/`. It names the features that moved.",
            "A feature all missing or of one value: mend the pipeline that makes it; a retrain would learn the fault.",
            "A new kind of customer: retrain (`churnctl retrain now`).",
        ],
    };
    let (ours, limit, least) = (
        options.namespace.as_str(),
        options.thresholds.prediction_shift,
        options.thresholds.predictions,
    );
    let series = |namespace: &str, class: &str| {
        format!("model_predictions_total{{namespace=\"{namespace}\",pod=\"p\",class=\"{class}\"}}")
    };
    let baseline = |namespace: &str, class: &str| {
        format!(
            "model_prediction_baseline_ratio{{namespace=\"{namespace}\",pod=\"p\",class=\"{class}\"}}"
        )
    };
    // Predictions a minute, of which a share is `churn`.
    let mix = |case: Case, namespace: &str, rate: f64, share: f64| {
        case.with(series(namespace, "churn"), rising(rate * share))
            .with(series(namespace, "stay"), rising(rate * (1.0 - share)))
    };
    let base = |case: Case, namespace: &str, share: f64| {
        case.with(baseline(namespace, "churn"), flat(share))
            .with(baseline(namespace, "stay"), flat(1.0 - share))
    };
    let (low, rate) = (0.2, least);
    draft.rule(options, |hold| {
        // increase() makes least / 30 a minute into `least` within half an hour.
        let begin = 2 * MINUTE;
        let mut up = base(
            mix(
                Case::fires("just too often"),
                ours,
                rate,
                low + limit + 0.01,
            ),
            ours,
            low,
        );
        up = base(mix(up, ELSEWHERE, rate * 100.0, low), ELSEWHERE, 0.9);
        let mut silent = base(
            mix(Case::silent("just within"), ours, rate, low + limit - 0.01),
            ours,
            low,
        );
        silent = base(mix(silent, ELSEWHERE, rate * 100.0, 0.9), ELSEWHERE, low);
        let mut few = base(
            mix(Case::silent("of too few"), ours, least * 0.98 / 30.0, 1.0),
            ours,
            low,
        );
        few = mix(few, ELSEWHERE, rate, 1.0);
        vec![
            up.silent_at(begin + before(hold) - MINUTE)
                .fires_at(begin + hold, &[], limit + 0.01),
            base(
                Case::fires("a class that never comes any more")
                    .with(series(ours, "stay"), rising(rate))
                    .with(series(ELSEWHERE, "churn"), rising(rate)),
                ours,
                limit + 0.01,
            )
            .fires_at(begin + hold, &[], limit + 0.01),
            base(
                Case::silent("a class that was as rare before")
                    .with(series(ours, "stay"), rising(rate)),
                ours,
                limit - 0.01,
            )
            .silent_at(begin + hold + 600),
            silent.silent_at(begin + hold + 600),
            few.silent_at(60 * MINUTE + hold),
            base(
                mix(
                    Case::fires("of just enough"),
                    ours,
                    least * 1.02 / 30.0,
                    1.0,
                ),
                ours,
                low,
            )
            .fires_at(60 * MINUTE + hold, &[], 1.0 - low),
            Case::no_data(hold),
        ]
    })
}

/// A drift check that ended so many seconds before the begin.
fn last_run(case: Case, namespace: &str, seconds_ago: f64, per_step: f64) -> Case {
    let series =
        format!("churn_drift_last_run_timestamp_seconds{{namespace=\"{namespace}\",model=\"m\"}}");
    case.with(series, moving(-seconds_ago, per_step))
}

fn data_drift(options: &Options) -> Rule {
    let draft = Draft {
        name: "ModelDataDrift",
        layer: Layer::Ml,
        severity: Severity::Warning,
        for_minutes: 15,
        // One alert a model, not one a feature: it starts a retrain.
        expr: r#"max by (namespace, model) (model_drift_score{namespace="$namespace"}) > $drift_psi
and on (namespace, model)
time() - max by (namespace, model) (churn_drift_last_run_timestamp_seconds) < $daily_stale_seconds"#,
        summary: "Input data drifted",
        description: "The largest PSI of a feature of {{ $labels.model }} is {{ $value | humanize }}.",
        meaning: "The customers that the model sees differ from those it learned from, in at least one feature and by more than chance. The alert starts a retrain by itself.",
        first_query: r#"topk(5, max by (model, feature) (model_drift_score{namespace="$namespace"}))"#,
        fix: &[
            "Look at the report of the check: `artifacts/metrics/data_drift_latest.json`, or the drift dashboard.",
            "A pipeline fault (all missing, one value, another unit): mend it, and stop the retrain with `kubectl delete job`.",
            "Real change: let the retrain finish. It promotes the new model only if that is better. `churnctl retrain status` shows it.",
        ],
    };
    let draft_limit = options.thresholds.drift_psi;
    let stale = options.thresholds.daily_stale_seconds;
    let ours = options.namespace.as_str();
    let score = |case: Case, namespace: &str, feature: &str, psi: f64| {
        let series = format!(
            "model_drift_score{{namespace=\"{namespace}\",model=\"m\",feature=\"{feature}\"}}"
        );
        case.with(series, flat(psi))
    };
    let mut rule = draft.rule(options, |hold| {
        let fires = score(
            Case::fires("one feature just above the threshold"),
            ours,
            "tenure",
            draft_limit * 1.02,
        );
        let fires = score(fires, ours, "contract", 0.01);
        let fires = score(fires, ELSEWHERE, "tenure", 9.0);
        let fires = last_run(fires, ELSEWHERE, 0.0, 0.0);
        // As old as may be at the last check.
        let age = stale - hold as f64 - 60.0;
        let silent = score(
            Case::silent("at the threshold"),
            ours,
            "tenure",
            draft_limit,
        );
        let old = score(
            Case::silent("the check is just too old"),
            ours,
            "tenure",
            9.0,
        );
        vec![
            last_run(fires, ours, age, 0.0)
                .silent_at(before(hold))
                .fires_at(
                    hold,
                    &[("namespace", ours), ("model", "m")],
                    draft_limit * 1.02,
                ),
            last_run(silent, ours, 0.0, 60.0).silent_at(hold + 600),
            last_run(
                score(
                    Case::silent("just below the threshold"),
                    ours,
                    "tenure",
                    draft_limit * 0.98,
                ),
                ours,
                0.0,
                60.0,
            )
            .silent_at(hold + 600),
            last_run(old, ours, stale, 60.0).silent_at(hold + 600),
            score(
                Case::silent("nobody knows when the check ran"),
                ours,
                "tenure",
                9.0,
            )
            .silent_at(hold + 600),
            Case::no_data(hold),
        ]
    });
    rule.retrains = true;
    rule
}

fn concept_drift(options: &Options) -> Rule {
    let draft = Draft {
        name: "ModelConceptDrift",
        layer: Layer::Ml,
        severity: Severity::Warning,
        for_minutes: 15,
        expr: r#"avg by (namespace, model) (churn_model_roc_auc{namespace="$namespace",side="baseline"})
- avg by (namespace, model) (churn_model_roc_auc{side="current"})
> $auc_drop
and on (namespace, model)
avg by (namespace, model) (churn_model_labelled_rows{side="current"}) >= $labelled_rows
and on (namespace, model)
time() - max by (namespace, model) (churn_drift_last_run_timestamp_seconds) < $daily_stale_seconds"#,
        summary: "Model got worse",
        description: "The ROC AUC of {{ $labels.model }} is {{ $value | humanize }} below its baseline.",
        meaning: "Labels have arrived, and the scores rank the customers worse than on the training data. The alert starts a retrain by itself.",
        first_query: r#"churn_model_roc_auc{namespace="$namespace"}"#,
        fix: &[
            "Is it the labels? A late or partial label file makes any model look bad: compare `churn_model_positive_ratio` of both sides.",
            "Else let the retrain finish; it promotes the new model only if that is better. `churnctl retrain status` shows it.",
            "If the new model is no better, the features no longer tell who churns: talk to those who know the customers.",
        ],
    };
    let (limit, least) = (
        options.thresholds.auc_drop,
        options.thresholds.labelled_rows,
    );
    let stale = options.thresholds.daily_stale_seconds;
    let ours = options.namespace.as_str();
    let auc = |case: Case, namespace: &str, baseline: f64, current: f64, rows: f64| {
        let series = |name: &str, side: &str| {
            format!("{name}{{namespace=\"{namespace}\",model=\"m\",side=\"{side}\"}}")
        };
        case.with(series("churn_model_roc_auc", "baseline"), flat(baseline))
            .with(series("churn_model_roc_auc", "current"), flat(current))
            .with(series("churn_model_labelled_rows", "baseline"), flat(1e5))
            .with(series("churn_model_labelled_rows", "current"), flat(rows))
    };
    let mut rule = draft.rule(options, |hold| {
        let labels = [("namespace", ours), ("model", "m")];
        let age = stale - hold as f64 - 60.0;
        let drop = limit * 1.04;
        let fires = auc(
            Case::fires("just too much, on just enough rows"),
            ours,
            0.8,
            0.8 - drop,
            least,
        );
        let fires = last_run(auc(fires, ELSEWHERE, 0.8, 0.5, 1e5), ELSEWHERE, 0.0, 0.0);
        vec![
            last_run(fires, ours, age, 0.0)
                .silent_at(before(hold))
                .fires_at(hold, &labels, drop),
            last_run(
                auc(
                    Case::silent("just little enough"),
                    ours,
                    0.8,
                    0.8 - limit * 0.96,
                    1e5,
                ),
                ours,
                0.0,
                60.0,
            )
            .silent_at(hold + 600),
            last_run(
                auc(Case::silent("too few labels"), ours, 0.8, 0.5, least - 1.0),
                ours,
                0.0,
                60.0,
            )
            .silent_at(hold + 600),
            last_run(
                auc(Case::silent("better than before"), ours, 0.5, 0.8, 1e5),
                ours,
                0.0,
                60.0,
            )
            .silent_at(hold + 600),
            last_run(
                auc(
                    Case::silent("the check is just too old"),
                    ours,
                    0.8,
                    0.5,
                    1e5,
                ),
                ours,
                stale,
                60.0,
            )
            .silent_at(hold + 600),
            Case::no_data(hold),
        ]
    });
    rule.retrains = true;
    rule
}

fn score_absent(options: &Options) -> Rule {
    let draft = Draft {
        name: "ChurnDriftScoreAbsent",
        layer: Layer::Ml,
        severity: Severity::Warning,
        for_minutes: 26 * 60,
        expr: r#"absent(model_drift_score{namespace="$namespace"})"#,
        summary: "No drift score",
        description: "No drift score has reached Prometheus for longer than a day: ModelDataDrift cannot fire.",
        meaning: "Neither the daily check nor the drift exporter delivers its result. Drift would go unnoticed.",
        first_query: r#"push_time_seconds{namespace="$namespace"}"#,
        fix: &[
            "`kubectl -n NAMESPACE get cronjob,job`: did the check run, did it fail?",
            "`kubectl -n NAMESPACE logs job/NAME`: it says whether the push failed, and what the gateway answered.",
            "The Pushgateway restarted and keeps nothing on disk: the next check brings the scores back.",
        ],
    };
    let ours = options.namespace.as_str();
    let score = |namespace: &str| {
        format!("model_drift_score{{namespace=\"{namespace}\",model=\"m\",feature=\"f\"}}")
    };
    draft.rule(options, |hold| {
        let minutes = hold / 240;
        // An hour and more before the time is up, if it is longer than that.
        let back = match minutes.saturating_sub(20) {
            0 => "1+0x400".to_owned(),
            steps => format!("_x{steps} 1+0x100"),
        };
        vec![
            Case::fires("gone for as long as may be; others have theirs")
                .every(240)
                .with(score(ELSEWHERE), format!("1+0x{}", minutes + 100))
                .silent_at(long_before(hold))
                .fires_at(hold, &[], 1.0),
            Case::silent("back shortly before")
                .every(240)
                .with(score(ours), back)
                .silent_at(long_before(hold))
                .silent_at(hold)
                .silent_at(hold + 4 * 3600),
            Case {
                kind: CaseKind::NoData,
                ..Case::fires("there never was one")
                    .silent_at(long_before(hold))
                    .fires_at(hold, &[], 1.0)
            },
        ]
    })
}

fn test_alert(options: &Options) -> Rule {
    let draft = Draft {
        name: "TestAlert",
        layer: Layer::Test,
        severity: Severity::Critical,
        for_minutes: 1,
        expr: "vector(1)",
        summary: "Test Alert",
        description: "This is a test alert.",
        meaning: "Somebody switched it on to see whether alerts arrive (`alerts.enable`). It fires as long as it is there.",
        first_query: "ALERTS{alertname=\"TestAlert\"}",
        fix: &[
            "It arrived: take it out of `alerts.enable`, and render again.",
            "It did not: `churnctl alerts test --live` follows the way from rule to receiver.",
        ],
    };
    let mut rule = draft.rule(options, |hold| {
        vec![Case {
            kind: CaseKind::NoData,
            ..Case::fires("always")
                .silent_at(before(hold))
                .fires_at(hold, &[], 1.0)
        }]
    });
    rule.on_by_default = false;
    rule
}
