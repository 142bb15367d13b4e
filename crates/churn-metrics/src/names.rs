//! The names of all metrics: alert rules, dashboards and documentation are checked against this
//! list. Values are not made here.

pub use super::metric::{Kind, Metric};
use super::metric::{counter, gauge, histogram};

/// PSI of one feature.
pub const MODEL_DRIFT_SCORE: Metric = gauge(
    "model_drift_score",
    &["model", "feature"],
    "",
    "Population stability index of a feature, current data against the baseline.",
);
/// The largest PSI of any feature.
pub const DRIFT_MAX_PSI: Metric = gauge(
    "churn_drift_max_psi",
    &["model"],
    "",
    "Largest population stability index of any feature.",
);
/// PSI of the score.
pub const DRIFT_SCORE_PSI: Metric = gauge(
    "churn_drift_score_psi",
    &["model"],
    "",
    "Population stability index of the model's score.",
);
/// The verdict.
pub const DRIFT_STATUS: Metric = gauge(
    "churn_drift_status",
    &["model"],
    "",
    "Verdict of the last drift check: 0 OK, 1 WARN, 2 FAIL, -1 too few rows to tell.",
);
/// One feature's verdict.
pub const DRIFT_FEATURE_STATUS: Metric = gauge(
    "churn_drift_feature_status",
    &["model", "feature"],
    "",
    "Verdict on a feature in the last drift check: 0 OK, 1 WARN, 2 FAIL, -1 too few rows to tell.",
);
/// Rows of a side.
pub const DRIFT_ROWS: Metric = gauge(
    "churn_drift_rows",
    &["model", "side"],
    "",
    "Rows that the last drift check read.",
);
/// Share of missing values.
pub const DRIFT_MISSING_RATIO: Metric = gauge(
    "churn_drift_missing_ratio",
    &["model", "feature", "side"],
    "ratio",
    "Share of rows without a value of the feature, 0 to 1.",
);
/// Number of findings.
pub const DRIFT_FINDINGS: Metric = gauge(
    "churn_drift_findings",
    &["model", "kind"],
    "",
    "Findings of the last drift check beside drift itself, by kind.",
);
/// Windows of time by verdict.
pub const DRIFT_WINDOWS: Metric = gauge(
    "churn_drift_windows",
    &["model", "status"],
    "",
    "Complete windows of time that the last drift check judged, by their verdict.",
);
/// The largest PSI of any window.
pub const DRIFT_WINDOW_MAX_PSI: Metric = gauge(
    "churn_drift_window_max_psi",
    &["model"],
    "",
    "Largest population stability index of any feature in any judged window of the last drift check.",
);
/// When the last window ended.
pub const DRIFT_WINDOW_END_TIMESTAMP_SECONDS: Metric = gauge(
    "churn_drift_window_end_timestamp_seconds",
    &["model"],
    "seconds",
    "Unix time at which the last complete window of the last drift check ended.",
);
/// When the next window will be over.
pub const DRIFT_WINDOW_DUE_TIMESTAMP_SECONDS: Metric = gauge(
    "churn_drift_window_due_timestamp_seconds",
    &["model"],
    "seconds",
    "Unix time at which the window after the last complete one ends, so that a check can judge it.",
);
/// Rows in no window.
pub const DRIFT_WINDOW_LEFT_OUT_ROWS: Metric = gauge(
    "churn_drift_window_left_out_rows",
    &["model", "reason"],
    "",
    "Rows of the last drift check in no window: time missing, unreadable, or in the future.",
);
/// What alarm policies do.
pub const DRIFT_ALARM: Metric = gauge(
    "churn_drift_alarm",
    &["model", "policy"],
    "",
    "1 for each alarm policy by which the windows of the last drift check make it FAIL, or would; 0 for others.",
);
/// How near the budget is to an alarm.
pub const DRIFT_ALARM_EVIDENCE_RATIO: Metric = gauge(
    "churn_drift_alarm_evidence_ratio",
    &["model"],
    "ratio",
    "Evidence of drift at the last window over that from which the alarm budget alarms.",
);
/// Predictions and labels by what became of them.
pub const DRIFT_LABELS: Metric = gauge(
    "churn_drift_labels",
    &["model", "state"],
    "",
    "Late labels of the last drift check: predictions matched, unmatched, immature, conflicting or left_out; labels too_early, too_late, without_prediction or unreadable.",
);
/// Until when labels are whole.
pub const DRIFT_LABELS_WATERMARK_TIMESTAMP_SECONDS: Metric = gauge(
    "churn_drift_labels_watermark_timestamp_seconds",
    &["model"],
    "seconds",
    "Unix time until which the late labels of the last drift check are whole.",
);
/// Segments by verdict.
pub const DRIFT_SEGMENTS: Metric = gauge(
    "churn_drift_segments",
    &["model", "status"],
    "",
    "Segments of the last drift check by their verdict.",
);
/// The verdict on a segment.
pub const DRIFT_SEGMENT_STATUS: Metric = gauge(
    "churn_drift_segment_status",
    &["model", "segment"],
    "",
    "Verdict of the last drift check on a segment, the 20 worst: 0 OK, 1 WARN, 2 FAIL, -1 too few rows.",
);
/// The largest PSI in a segment.
pub const DRIFT_SEGMENT_MAX_PSI: Metric = gauge(
    "churn_drift_segment_max_psi",
    &["model", "segment"],
    "",
    "Largest population stability index of any feature in a segment, the 20 worst segments.",
);
/// Rows of a segment.
pub const DRIFT_SEGMENT_ROWS: Metric = gauge(
    "churn_drift_segment_rows",
    &["model", "segment", "side"],
    "",
    "Rows of a segment in the last drift check, the 20 worst segments.",
);
/// When the last check ran.
pub const DRIFT_LAST_RUN_TIMESTAMP_SECONDS: Metric = gauge(
    "churn_drift_last_run_timestamp_seconds",
    &["model"],
    "seconds",
    "Unix time at which the last drift check ran to its end.",
);
/// When a check last came to a verdict.
pub const DRIFT_LAST_SUCCESS_TIMESTAMP_SECONDS: Metric = gauge(
    "churn_drift_last_success_timestamp_seconds",
    &["model"],
    "seconds",
    "Unix time at which a drift check last came to OK, WARN or FAIL; of a repeated check that never did, its start.",
);
/// Checks of `drift --watch`.
pub const DRIFT_CHECKS: Metric = counter(
    "churn_drift_checks_total",
    &["result"],
    "Drift checks since the start, by result: ok, too_few_rows, warn, fail, or error where there was none.",
);
/// How long the last one took.
pub const DRIFT_CHECK_DURATION_SECONDS: Metric = gauge(
    "churn_drift_check_duration_seconds",
    &[],
    "seconds",
    "How long the last drift check took, whatever came of it.",
);
/// When the baseline was read.
pub const DRIFT_BASELINE_LOADED_TIMESTAMP_SECONDS: Metric = gauge(
    "churn_drift_baseline_loaded_timestamp_seconds",
    &[],
    "seconds",
    "Unix time at which the baseline was last read: at the start, and when it has changed.",
);
/// Rows of a split.
pub const TRAIN_ROWS: Metric = gauge(
    "churn_train_rows",
    &["model", "split"],
    "",
    "Rows of a split in the last training.",
);
/// ROC AUC on a split.
pub const TRAIN_ROC_AUC: Metric = gauge(
    "churn_train_roc_auc",
    &["model", "split"],
    "",
    "Area under the ROC curve on a split, 0 to 1.",
);
/// Average precision on a split.
pub const TRAIN_AVERAGE_PRECISION: Metric = gauge(
    "churn_train_average_precision",
    &["model", "split"],
    "",
    "Average precision on a split, 0 to 1.",
);
/// Log loss on a split.
pub const TRAIN_LOG_LOSS: Metric = gauge(
    "churn_train_log_loss",
    &["model", "split"],
    "",
    "Mean negative log likelihood of the labels of a split, nats.",
);
/// Brier score on a split.
pub const TRAIN_BRIER_SCORE: Metric = gauge(
    "churn_train_brier_score",
    &["model", "split"],
    "",
    "Mean squared error of the probability on a split, 0 to 1.",
);
/// Accuracy on a split.
pub const TRAIN_ACCURACY: Metric = gauge(
    "churn_train_accuracy",
    &["model", "split"],
    "",
    "Share of rows of a split classed rightly, 0 to 1.",
);
/// Precision on a split.
pub const TRAIN_PRECISION: Metric = gauge(
    "churn_train_precision",
    &["model", "split"],
    "",
    "Share of rows classed as churned that did churn, on a split, 0 to 1.",
);
/// Recall on a split.
pub const TRAIN_RECALL: Metric = gauge(
    "churn_train_recall",
    &["model", "split"],
    "",
    "Share of churned rows that were classed as churned, on a split, 0 to 1.",
);
/// F1 on a split.
pub const TRAIN_F1: Metric = gauge(
    "churn_train_f1",
    &["model", "split"],
    "",
    "Harmonic mean of precision and recall on a split, 0 to 1.",
);
/// Calibration error on a split.
pub const TRAIN_CALIBRATION_ERROR: Metric = gauge(
    "churn_train_calibration_error",
    &["model", "split"],
    "",
    "Expected calibration error on a split over ten bins of equal width, 0 to 1.",
);
/// The threshold of the class.
pub const TRAIN_THRESHOLD: Metric = gauge(
    "churn_train_threshold",
    &["model"],
    "",
    "Score from which the trained model classes a row as churned, 0 to 1.",
);
/// Whether the candidate was promoted.
pub const TRAIN_PROMOTED: Metric = gauge(
    "churn_train_promoted",
    &["model"],
    "",
    "Whether the last training put its model into production: 1 or 0.",
);
/// When the last training ran.
pub const TRAIN_LAST_RUN_TIMESTAMP_SECONDS: Metric = gauge(
    "churn_train_last_run_timestamp_seconds",
    &["model"],
    "seconds",
    "Unix time of the last training.",
);
/// When a wrapped command last ended.
pub const JOB_LAST_RUN_TIMESTAMP_SECONDS: Metric = gauge(
    "churn_job_last_run_timestamp_seconds",
    &[],
    "seconds",
    "Unix time at which the job last ended, well or not.",
);
/// When it last ended well.
pub const JOB_LAST_SUCCESS_TIMESTAMP_SECONDS: Metric = gauge(
    "churn_job_last_success_timestamp_seconds",
    &[],
    "seconds",
    "Unix time at which the job last ended with exit code 0.",
);
/// How long it took.
pub const JOB_DURATION_SECONDS: Metric = gauge(
    "churn_job_duration_seconds",
    &[],
    "seconds",
    "How long the last run of the job took.",
);
/// What it ended with.
pub const JOB_EXIT_CODE: Metric = gauge(
    "churn_job_exit_code",
    &[],
    "",
    "Exit code of the last run of the job; 128 and the signal if one ended it.",
);
/// How much memory it had.
pub const JOB_MAX_RESIDENT_MEMORY_BYTES: Metric = gauge(
    "churn_job_max_resident_memory_bytes",
    &[],
    "bytes",
    "Most memory that a process of the last run of the job had in RAM.",
);
/// Rows that performance was measured on.
pub const MODEL_LABELLED_ROWS: Metric = gauge(
    "churn_model_labelled_rows",
    &["model", "side"],
    "",
    "Rows with a score and a label, on which performance was measured.",
);
/// Share of churned rows.
pub const MODEL_POSITIVE_RATIO: Metric = gauge(
    "churn_model_positive_ratio",
    &["model", "side"],
    "ratio",
    "Share of labelled rows that churned, 0 to 1.",
);
/// ROC AUC.
pub const MODEL_ROC_AUC: Metric = gauge(
    "churn_model_roc_auc",
    &["model", "side"],
    "",
    "Area under the ROC curve of the score, 0 to 1.",
);
/// Average precision.
pub const MODEL_AVERAGE_PRECISION: Metric = gauge(
    "churn_model_average_precision",
    &["model", "side"],
    "",
    "Average precision of the score, 0 to 1.",
);
/// Log loss.
pub const MODEL_LOG_LOSS: Metric = gauge(
    "churn_model_log_loss",
    &["model", "side"],
    "",
    "Mean negative log likelihood of the labels, nats.",
);
/// Brier score.
pub const MODEL_BRIER_SCORE: Metric = gauge(
    "churn_model_brier_score",
    &["model", "side"],
    "",
    "Mean squared error of the probability, 0 to 1.",
);
/// Accuracy.
pub const MODEL_ACCURACY: Metric = gauge(
    "churn_model_accuracy",
    &["model", "side"],
    "",
    "Share of rows classed rightly, 0 to 1.",
);
/// Precision.
pub const MODEL_PRECISION: Metric = gauge(
    "churn_model_precision",
    &["model", "side"],
    "",
    "Share of rows classed as churned that did churn, 0 to 1.",
);
/// Recall.
pub const MODEL_RECALL: Metric = gauge(
    "churn_model_recall",
    &["model", "side"],
    "",
    "Share of churned rows that were classed as churned, 0 to 1.",
);
/// F1.
pub const MODEL_F1: Metric = gauge(
    "churn_model_f1",
    &["model", "side"],
    "",
    "Harmonic mean of precision and recall, 0 to 1.",
);
/// Cost of a row.
pub const MODEL_COST: Metric = gauge(
    "churn_model_cost",
    &["model", "side"],
    "",
    "Mean cost of a row by the costs of mistakes that are set (--cost-fn, --cost-fp), in their unit.",
);
/// Calibration error.
pub const MODEL_CALIBRATION_ERROR: Metric = gauge(
    "churn_model_calibration_error",
    &["model", "side"],
    "",
    "Expected calibration error over ten bins of equal width, 0 to 1.",
);

/// ROC AUC without labels.
pub const MODEL_ESTIMATED_ROC_AUC: Metric = gauge(
    "churn_model_estimated_roc_auc",
    &["model"],
    "",
    "Area under the ROC curve of the current side as its scores promise it, without its labels.",
);

/// Verdict on the estimates.
pub const MODEL_ESTIMATED_STATUS: Metric = gauge(
    "churn_model_estimated_status",
    &["model"],
    "",
    "Whether the scores promise less than on the baseline, without labels: 0 no, 1 an estimate fell beyond both intervals.",
);

/// Average precision without labels.
pub const MODEL_ESTIMATED_AVERAGE_PRECISION: Metric = gauge(
    "churn_model_estimated_average_precision",
    &["model"],
    "",
    "Average precision of the current side as its scores promise it, without its labels.",
);

/// Log loss without labels.
pub const MODEL_ESTIMATED_LOG_LOSS: Metric = gauge(
    "churn_model_estimated_log_loss",
    &["model"],
    "",
    "Mean negative log likelihood of the current side's scores as they promise it, without its labels, in nats.",
);

/// Cost of a row without labels.
pub const MODEL_ESTIMATED_COST: Metric = gauge(
    "churn_model_estimated_cost",
    &["model"],
    "",
    "Mean cost of a row of the current side as its scores promise it, without its labels, see churn_model_cost.",
);

/// Requests answered by `serve`.
pub const API_REQUESTS: Metric = counter(
    "churn_api_requests_total",
    &["method", "path", "status"],
    "Requests answered, by method, template of the path, and status.",
);
/// How long they took.
pub const API_REQUEST_LATENCY_SECONDS: Metric = histogram(
    "churn_api_request_latency_seconds",
    &["method", "path"],
    "seconds",
    "Time from a request's head to its answer.",
);
/// Rows scored by `serve`.
pub const API_PREDICTIONS: Metric = counter(
    "churn_api_predictions_total",
    &[],
    "Predictions made, one a row.",
);
/// Rows scored, by class.
pub const MODEL_PREDICTIONS: Metric = counter(
    "model_predictions_total",
    &["class"],
    "Predictions made, by class: the score against the model's threshold.",
);
/// What the share of a class was in training.
pub const MODEL_PREDICTION_BASELINE_RATIO: Metric = gauge(
    "model_prediction_baseline_ratio",
    &["class"],
    "ratio",
    "Share of the class among the predictions on the model's test rows, 0 to 1.",
);
/// The scores.
pub const PREDICTION_SCORE: Metric = histogram(
    "churn_prediction_score",
    &[],
    "",
    "Scores predicted, 0 to 1.",
);
/// Inputs refused.
pub const API_INPUT_ERRORS: Metric = counter(
    "churn_api_input_errors_total",
    &["reason"],
    "What was wrong with inputs, by reason; one request may have several.",
);
/// Categories that training never had.
pub const API_UNSEEN_CATEGORIES: Metric = counter(
    "churn_api_unseen_categories_total",
    &["feature"],
    "Values in scored rows that the training data never had, by category feature.",
);
/// Requests that are being answered.
pub const API_REQUESTS_IN_FLIGHT: Metric = gauge(
    "churn_api_requests_in_flight",
    &[],
    "",
    "Requests that are being answered.",
);
/// Messages logged.
pub const API_LOG_MESSAGES: Metric = counter(
    "churn_api_log_messages_total",
    &["level"],
    "Messages that the server had to say, by level, whether shown or not.",
);
/// Messages lost.
pub const API_LOG_MESSAGES_LOST: Metric = counter(
    "churn_api_log_messages_lost_total",
    &[],
    "Messages lost because standard error was not read fast enough.",
);
/// The model at work.
pub const MODEL_INFO: Metric = gauge(
    "churn_model_info",
    &["model", "version", "sha256"],
    "",
    "The model that predicts: always 1, absent without a model.",
);
/// When it came.
pub const MODEL_LOADED_TIMESTAMP_SECONDS: Metric = gauge(
    "churn_model_loaded_timestamp_seconds",
    &[],
    "seconds",
    "Unix time at which the model was loaded, 0 without a model.",
);
/// Reloads.
pub const MODEL_RELOADS: Metric = counter(
    "churn_model_reloads_total",
    &["result"],
    "Looks at the model file that found it changed or were asked for, by result.",
);
/// Rows of the prediction log.
pub const PREDICTION_LOG_ROWS: Metric = counter(
    "churn_prediction_log_rows_total",
    &["result"],
    "Predictions on their way to the prediction log, by what became of them.",
);
/// Files of the prediction log.
pub const PREDICTION_LOG_FILES: Metric = counter(
    "churn_prediction_log_files_total",
    &[],
    "Files of the prediction log that were closed, ready to be read.",
);
/// Uploads of the prediction log.
pub const PREDICTION_LOG_UPLOADS: Metric = counter(
    "churn_prediction_log_uploads_total",
    &["result"],
    "Attempts to upload a file of the prediction log, by what became of them.",
);
/// Files of the prediction log that are not uploaded yet.
pub const PREDICTION_LOG_UPLOAD_WAITING_FILES: Metric = gauge(
    "churn_prediction_log_upload_waiting_files",
    &[],
    "",
    "Closed files of the prediction log that the object store does not have yet.",
);
/// The program.
pub const BUILD_INFO: Metric = gauge(
    "churn_build_info",
    &["version", "commit"],
    "",
    "Version and commit of the program: always 1.",
);
/// Process time.
pub const PROCESS_CPU_SECONDS: Metric = counter(
    "process_cpu_seconds_total",
    &[],
    "User and system CPU time of the process in seconds.",
);
/// Process memory.
pub const PROCESS_RESIDENT_MEMORY_BYTES: Metric = gauge(
    "process_resident_memory_bytes",
    &[],
    "bytes",
    "Memory of the process that is in RAM.",
);
/// Process address space.
pub const PROCESS_VIRTUAL_MEMORY_BYTES: Metric = gauge(
    "process_virtual_memory_bytes",
    &[],
    "bytes",
    "Address space of the process.",
);
/// Process start.
pub const PROCESS_START_TIME_SECONDS: Metric = gauge(
    "process_start_time_seconds",
    &[],
    "seconds",
    "Unix time at which the process started.",
);
/// Process file descriptors.
pub const PROCESS_OPEN_FDS: Metric = gauge(
    "process_open_fds",
    &[],
    "",
    "File descriptors that the process has open.",
);
/// Process limit of file descriptors.
pub const PROCESS_MAX_FDS: Metric = gauge(
    "process_max_fds",
    &[],
    "",
    "File descriptors that the process may have open.",
);

/// What a drift check with windows of time writes beside.
pub const OF_WINDOWS: &[Metric] = &[
    DRIFT_WINDOWS,
    DRIFT_WINDOW_MAX_PSI,
    DRIFT_WINDOW_END_TIMESTAMP_SECONDS,
    DRIFT_WINDOW_DUE_TIMESTAMP_SECONDS,
    DRIFT_WINDOW_LEFT_OUT_ROWS,
    DRIFT_ALARM,
    DRIFT_ALARM_EVIDENCE_RATIO,
];

/// What a drift check with late labels writes beside.
pub const OF_LABELS: &[Metric] = &[DRIFT_LABELS, DRIFT_LABELS_WATERMARK_TIMESTAMP_SECONDS];
/// What a drift check with segments writes beside.
pub const OF_SEGMENTS: &[Metric] = &[
    DRIFT_SEGMENTS,
    DRIFT_SEGMENT_STATUS,
    DRIFT_SEGMENT_MAX_PSI,
    DRIFT_SEGMENT_ROWS,
];

/// The metrics of a drift check.
pub const OF_DRIFT: &[Metric] = &[
    MODEL_DRIFT_SCORE,
    DRIFT_MAX_PSI,
    DRIFT_SCORE_PSI,
    DRIFT_STATUS,
    DRIFT_FEATURE_STATUS,
    DRIFT_ROWS,
    DRIFT_MISSING_RATIO,
    DRIFT_FINDINGS,
    DRIFT_LAST_RUN_TIMESTAMP_SECONDS,
    DRIFT_LAST_SUCCESS_TIMESTAMP_SECONDS,
    MODEL_LABELLED_ROWS,
    MODEL_POSITIVE_RATIO,
    MODEL_ROC_AUC,
    MODEL_AVERAGE_PRECISION,
    MODEL_LOG_LOSS,
    MODEL_BRIER_SCORE,
    MODEL_ACCURACY,
    MODEL_PRECISION,
    MODEL_RECALL,
    MODEL_F1,
    MODEL_CALIBRATION_ERROR,
];

/// What became of alerts.
pub const RETRAIN_DECISIONS_TOTAL: Metric = counter(
    "churn_retrain_decisions_total",
    &["outcome"],
    "Alerts that the retrain webhook took, by what became of them.",
);
/// Notifications.
pub const RETRAIN_REQUESTS_TOTAL: Metric = counter(
    "churn_retrain_requests_total",
    &["status"],
    "Notifications that the retrain webhook answered, by HTTP status.",
);
/// When the webhook last started a Job.
pub const RETRAIN_LAST_START_TIMESTAMP_SECONDS: Metric = gauge(
    "churn_retrain_last_start_timestamp_seconds",
    &[],
    "seconds",
    "Unix time at which this process last started a retrain, 0 if never.",
);
/// When the next start is welcome.
pub const RETRAIN_COOLDOWN_END_TIMESTAMP_SECONDS: Metric = gauge(
    "churn_retrain_cooldown_end_timestamp_seconds",
    &[],
    "seconds",
    "Unix time at which the cooldown that this process last met ends, 0 if none.",
);

/// Every metric, in the order of the documentation.
pub const ALL: &[Metric] = &[
    MODEL_DRIFT_SCORE,
    DRIFT_MAX_PSI,
    DRIFT_SCORE_PSI,
    DRIFT_STATUS,
    DRIFT_FEATURE_STATUS,
    DRIFT_ROWS,
    DRIFT_MISSING_RATIO,
    DRIFT_FINDINGS,
    DRIFT_WINDOWS,
    DRIFT_WINDOW_MAX_PSI,
    DRIFT_WINDOW_END_TIMESTAMP_SECONDS,
    DRIFT_WINDOW_DUE_TIMESTAMP_SECONDS,
    DRIFT_WINDOW_LEFT_OUT_ROWS,
    DRIFT_ALARM,
    DRIFT_ALARM_EVIDENCE_RATIO,
    DRIFT_LABELS,
    DRIFT_LABELS_WATERMARK_TIMESTAMP_SECONDS,
    DRIFT_SEGMENTS,
    DRIFT_SEGMENT_STATUS,
    DRIFT_SEGMENT_MAX_PSI,
    DRIFT_SEGMENT_ROWS,
    DRIFT_LAST_RUN_TIMESTAMP_SECONDS,
    DRIFT_LAST_SUCCESS_TIMESTAMP_SECONDS,
    MODEL_LABELLED_ROWS,
    MODEL_POSITIVE_RATIO,
    MODEL_ROC_AUC,
    MODEL_AVERAGE_PRECISION,
    MODEL_LOG_LOSS,
    MODEL_BRIER_SCORE,
    MODEL_ACCURACY,
    MODEL_PRECISION,
    MODEL_RECALL,
    MODEL_F1,
    MODEL_COST,
    MODEL_CALIBRATION_ERROR,
    MODEL_ESTIMATED_ROC_AUC,
    MODEL_ESTIMATED_STATUS,
    MODEL_ESTIMATED_AVERAGE_PRECISION,
    MODEL_ESTIMATED_LOG_LOSS,
    MODEL_ESTIMATED_COST,
    DRIFT_CHECKS,
    DRIFT_CHECK_DURATION_SECONDS,
    DRIFT_BASELINE_LOADED_TIMESTAMP_SECONDS,
    TRAIN_ROWS,
    TRAIN_ROC_AUC,
    TRAIN_AVERAGE_PRECISION,
    TRAIN_LOG_LOSS,
    TRAIN_BRIER_SCORE,
    TRAIN_ACCURACY,
    TRAIN_PRECISION,
    TRAIN_RECALL,
    TRAIN_F1,
    TRAIN_CALIBRATION_ERROR,
    TRAIN_THRESHOLD,
    TRAIN_PROMOTED,
    TRAIN_LAST_RUN_TIMESTAMP_SECONDS,
    JOB_LAST_RUN_TIMESTAMP_SECONDS,
    JOB_LAST_SUCCESS_TIMESTAMP_SECONDS,
    JOB_DURATION_SECONDS,
    JOB_EXIT_CODE,
    JOB_MAX_RESIDENT_MEMORY_BYTES,
    API_REQUESTS,
    API_REQUEST_LATENCY_SECONDS,
    API_PREDICTIONS,
    MODEL_PREDICTIONS,
    MODEL_PREDICTION_BASELINE_RATIO,
    PREDICTION_SCORE,
    API_INPUT_ERRORS,
    API_UNSEEN_CATEGORIES,
    API_REQUESTS_IN_FLIGHT,
    API_LOG_MESSAGES,
    API_LOG_MESSAGES_LOST,
    MODEL_INFO,
    MODEL_LOADED_TIMESTAMP_SECONDS,
    MODEL_RELOADS,
    PREDICTION_LOG_ROWS,
    PREDICTION_LOG_FILES,
    PREDICTION_LOG_UPLOADS,
    PREDICTION_LOG_UPLOAD_WAITING_FILES,
    BUILD_INFO,
    PROCESS_CPU_SECONDS,
    PROCESS_RESIDENT_MEMORY_BYTES,
    PROCESS_VIRTUAL_MEMORY_BYTES,
    PROCESS_START_TIME_SECONDS,
    PROCESS_OPEN_FDS,
    PROCESS_MAX_FDS,
    RETRAIN_DECISIONS_TOTAL,
    RETRAIN_REQUESTS_TOTAL,
    RETRAIN_LAST_START_TIMESTAMP_SECONDS,
    RETRAIN_COOLDOWN_END_TIMESTAMP_SECONDS,
];

#[cfg(test)]
mod tests;
