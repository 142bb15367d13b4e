//! Quality: what the model says, and how right it was once labels arrived.

use super::super::plan::Plan;
use super::board::{Board, Panel, Shape};

pub(super) fn board(plan: &Plan) -> Board {
    let limits = &plan.rules.thresholds;
    let of = |metric: &str| {
        format!("max by (model, side) ({metric}{{namespace=\"$namespace\",model=~\"$model\"}})")
    };
    let figure = |title: &'static str, description: &'static str, metric: &str| {
        Panel::new(Shape::Lines, title, description, "percentunit")
            .ask(&of(metric), "{{model}} {{side}}")
    };
    let predictions =
        "sum by (class) (increase(model_predictions_total{namespace=\"$namespace\"}[30m]))";
    Board {
        uid: "churn-quality",
        title: "Churn: model quality",
        description: "What does the model say, and is it right?",
        by_model: true,
        panels: vec![
            Panel::new(Shape::Lines, "Prediction mix", "Share of each class within half an hour, and the same share on the training data.", "percentunit")
                .ask(&format!("{predictions} / on () group_left () sum({predictions})"), "{{class}} now")
                .ask("max by (class) (model_prediction_baseline_ratio{namespace=\"$namespace\"})", "{{class}} baseline")
                .alerts(&["PredictionDistributionShift"]),
            Panel::new(Shape::Lines, "Scores", "Half of the customers score below the middle line, a tenth above the upper one.", "percentunit")
                .ask("histogram_quantile(0.5, sum by (le) (rate(churn_prediction_score_bucket{namespace=\"$namespace\"}[$__rate_interval])))", "median")
                .ask("histogram_quantile(0.9, sum by (le) (rate(churn_prediction_score_bucket{namespace=\"$namespace\"}[$__rate_interval])))", "p90")
                .ask("histogram_quantile(0.1, sum by (le) (rate(churn_prediction_score_bucket{namespace=\"$namespace\"}[$__rate_interval])))", "p10"),
            figure("ROC AUC", "How well the score tells churners from others, on the baseline and on the rows that have labels by now.", "churn_model_roc_auc")
                .alerts(&["ModelConceptDrift"]),
            figure("Average precision", "The same, with the weight on the highest scores.", "churn_model_average_precision"),
            figure("Precision", "Share of those called churners who did churn.", "churn_model_precision"),
            figure("Recall", "Share of the churners who were called so.", "churn_model_recall"),
            figure("F1", "Harmonic mean of precision and recall.", "churn_model_f1"),
            figure("Accuracy", "Share of rows classed rightly; of little use when few churn.", "churn_model_accuracy"),
            Panel::new(Shape::Lines, "Log loss and Brier score", "How wrong the probabilities are; lower is better.", "none")
                .ask(&of("churn_model_log_loss"), "{{model}} {{side}} log loss")
                .ask(&of("churn_model_brier_score"), "{{model}} {{side}} Brier"),
            figure("Calibration error", "How far the probabilities are from the shares that came true.", "churn_model_calibration_error"),
            Panel::new(Shape::Lines, "Rows with labels", "Too few of them and the figures above say little.", "short")
                .ask(&of("churn_model_labelled_rows"), "{{model}} {{side}}")
                .limit(limits.labelled_rows, "green")
                .alerts(&["ModelConceptDrift"]),
            figure("Share that churned", "Of the rows with labels. A jump is a change of the customers, or of the labels.", "churn_model_positive_ratio"),
            Panel::new(Shape::Number, "Last training", "Time since a model was trained.", "s")
                .ask("time() - max(churn_train_last_run_timestamp_seconds{namespace=\"$namespace\"})", "trained")
                .limit(limits.weekly_stale_seconds, "orange")
                .alerts(&["ChurnRetrainStale"]),
        ],
    }
}
