//! Drift: verdict, scores, and whether they are fresh.

use super::super::plan::Plan;
use super::board::{Board, Panel, Shape};

pub(super) fn board(plan: &Plan) -> Board {
    let limits = &plan.rules.thresholds;
    let of = |metric: &str, more: &str| {
        format!("{metric}{{namespace=\"$namespace\",model=~\"$model\"{more}}}")
    };
    let psi = |panel: Panel| {
        panel
            .limit(0.1, "yellow")
            .limit(0.25, "orange")
            .limit(limits.drift_psi.max(0.26), "red")
            .alerts(&["ModelDataDrift"])
    };
    let verdict = Panel {
        words: &[
            (-1, "TOO FEW ROWS", "text"),
            (0, "OK", "green"),
            (1, "WARN", "orange"),
            (2, "FAIL", "red"),
        ],
        ..Panel::new(
            Shape::Number,
            "Verdict",
            "What the last drift check said.",
            "none",
        )
    };
    Board {
        uid: "churn-drift",
        title: "Churn: drift",
        description: "Do the customers that the model sees still look like those it learned from?",
        by_model: true,
        panels: vec![
            verdict
                .ask(&format!("max by (model) ({})", of("churn_drift_status", "")), "{{model}}")
                .alerts(&["ChurnDataDriftJobFailed"]),
            psi(Panel::new(Shape::Number, "Largest PSI", "Of any feature: below 0.1 nothing moved, from 0.25 on the check fails.", "none"))
                .ask(&format!("max by (model) ({})", of("churn_drift_max_psi", "")), "{{model}}"),
            psi(Panel::new(Shape::Number, "PSI of the score", "How far the model's own output moved.", "none"))
                .ask(&format!("max by (model) ({})", of("churn_drift_score_psi", "")), "{{model}}"),
            Panel::new(Shape::Number, "Last check", "Time since the last check ended; a daily one is late after 26 hours.", "s")
                .ask(&format!("time() - max by (model) ({})", of("churn_drift_last_run_timestamp_seconds", "")), "{{model}}")
                .limit(limits.daily_stale_seconds, "red")
                .alerts(&["ChurnDriftScoreAbsent", "ChurnPushStale"]),
            psi(Panel::new(Shape::Bars, "PSI of features", "The twenty that moved most, in the last check.", "none"))
                .ask(&format!("topk(20, max by (feature) ({}))", of("model_drift_score", "")), "{{feature}}"),
            psi(Panel::new(Shape::Lines, "PSI over time", "The ten that moved most.", "none"))
                .ask(&format!("topk(10, max by (feature) ({}))", of("model_drift_score", "")), "{{feature}}"),
            Panel::new(Shape::Lines, "Missing values", "Share of rows without a value, the ten features that have most: often a fault of the pipeline.", "percentunit")
                .ask(&format!("topk(10, max by (feature) ({}))", of("churn_drift_missing_ratio", ",side=\"current\"")), "{{feature}}"),
            Panel::new(Shape::Bars, "Findings", "What the last check found beside drift, by kind.", "short")
                .ask(&format!("max by (kind) ({})", of("churn_drift_findings", "")), "{{kind}}")
                .limit(1.0, "orange"),
            Panel::new(Shape::Lines, "Rows", "How many rows each check compared; few rows say little.", "short")
                .ask(&format!("max by (side) ({})", of("churn_drift_rows", "")), "{{side}}"),
            Panel::new(Shape::Bars, "Windows of time", "Complete windows that the last check judged, by verdict; of a check with --time.", "short")
                .ask(&format!("max by (status) ({})", of("churn_drift_windows", "")), "{{status}}"),
            Panel::new(Shape::Lines, "Alarm policies", "1 where the windows make the check fail by a policy, or would.", "short")
                .ask(&format!("max by (policy) ({})", of("churn_drift_alarm", "")), "{{policy}}")
                .limit(1.0, "orange"),
            Panel::new(Shape::Lines, "Time since the last push", "By job: what is shown of a job is as old as this.", "s")
                .ask("time() - max by (job) (push_time_seconds{namespace=\"$namespace\"})", "{{job}}")
                .limit(limits.daily_stale_seconds, "orange")
                .alerts(&["ChurnPushStale", "ChurnPushRejected"]),
        ],
    }
}
