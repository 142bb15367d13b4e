//! The prediction API: traffic, errors, latency, model.

use super::super::plan::Plan;
use super::board::{Board, Panel, Shape};

const USERS: &str = "namespace=\"$namespace\",path!~\"/(live|ready|health|metrics)\"";

pub(super) fn board(plan: &Plan) -> Board {
    let limits = &plan.rules.thresholds;
    let job = plan.api_name();
    let latency = |quantile: &str| {
        format!(
            "histogram_quantile({quantile}, sum by (le) (rate(churn_api_request_latency_seconds_bucket{{namespace=\"$namespace\",path=~\"/predict.*\"}}[$__rate_interval])))"
        )
    };
    Board {
        uid: "churn-api",
        title: "Churn: API",
        description: "Does the prediction API answer, how fast, and with which model?",
        by_model: false,
        panels: vec![
            Panel::new(Shape::Number, "Replicas up", "Targets that Prometheus reaches; none means that all below is blind.", "short")
                .ask(&format!("sum(up{{namespace=\"$namespace\",job=\"{job}\"}})"), "up")
                .alerts(&["ChurnApiDown"]),
            Panel::new(Shape::Number, "Requests a second", "Without probes and scrapes.", "reqps")
                .ask(&format!("sum(rate(churn_api_requests_total{{{USERS}}}[$__rate_interval]))"), "requests"),
            Panel::new(Shape::Number, "Failing", "Share of answers that are 5xx, over all traffic of users.", "percentunit")
                .ask(&format!("(sum(rate(churn_api_requests_total{{{USERS},status=~\"5..\"}}[$__rate_interval])) or vector(0)) / sum(rate(churn_api_requests_total{{{USERS}}}[$__rate_interval]))"), "5xx")
                .limit(limits.api_error_ratio, "red")
                .alerts(&["ChurnApiHighErrorRate"]),
            Panel::new(Shape::Number, "In flight", "Requests that are being answered at this moment.", "short")
                .ask("sum(churn_api_requests_in_flight{namespace=\"$namespace\"})", "requests"),
            Panel::new(Shape::Lines, "Requests by path and status", "What is asked, and how it is answered.", "reqps")
                .ask(&format!("sum by (path, status) (rate(churn_api_requests_total{{{USERS}}}[$__rate_interval]))"), "{{path}} {{status}}"),
            Panel::new(Shape::Lines, "Share of 5xx", "Failures of the API; wrong requests (4xx) don't count.", "percentunit")
                .ask(&format!("(sum(rate(churn_api_requests_total{{{USERS},status=~\"5..\"}}[$__rate_interval])) or vector(0)) / sum(rate(churn_api_requests_total{{{USERS}}}[$__rate_interval]))"), "5xx")
                .limit(limits.api_error_ratio, "red")
                .alerts(&["ChurnApiHighErrorRate", "ChurnApiErrorBudgetBurn"]),
            Panel::new(Shape::Lines, "Latency of predictions", "Half, 95 % and 99 % of the predictions are faster than that.", "s")
                .ask(&latency("0.5"), "p50")
                .ask(&latency("0.95"), "p95")
                .ask(&latency("0.99"), "p99")
                .limit(limits.api_latency_seconds, "orange")
                .alerts(&["ChurnApiHighLatencyP95"]),
            Panel::new(Shape::Lines, "Refused inputs", "Requests with wrong inputs, by reason: a client that was changed, or a model that was.", "reqps")
                .ask("sum by (reason) (rate(churn_api_input_errors_total{namespace=\"$namespace\"}[$__rate_interval]))", "{{reason}}"),
            Panel::new(Shape::Lines, "Unseen categories", "Share of the predictions in which a feature has a value that training never had: much of it is another spelling, or time to retrain.", "percentunit")
                .ask("sum by (feature) (rate(churn_api_unseen_categories_total{namespace=\"$namespace\"}[$__rate_interval])) / on () group_left () sum(rate(churn_api_predictions_total{namespace=\"$namespace\"}[$__rate_interval]))", "{{feature}}")
                .alerts(&["ChurnUnseenCategories"]),
            Panel::new(Shape::Lines, "Model versions", "Replicas by the version they have loaded; two at once only while one is rolled out.", "short")
                .ask("count by (model, version) (churn_model_info{namespace=\"$namespace\"})", "{{model}} {{version}}"),
            Panel::new(Shape::Lines, "Reloads of the model", "Attempts to load a new model, by how they ended; the old one stays if one fails.", "short")
                .ask("sum by (result) (increase(churn_model_reloads_total{namespace=\"$namespace\"}[$__rate_interval]))", "{{result}}"),
            Panel::new(Shape::Lines, "CPU of the API", "Processor time that each replica uses, in cores.", "short")
                .ask(&format!("rate(process_cpu_seconds_total{{namespace=\"$namespace\",job=\"{job}\"}}[$__rate_interval])"), "{{instance}}")
                .alerts(&["ContainerCPUNearLimit"]),
            Panel::new(Shape::Lines, "Memory of the API", "Resident memory of each replica; it should be flat.", "bytes")
                .ask(&format!("process_resident_memory_bytes{{namespace=\"$namespace\",job=\"{job}\"}}"), "{{instance}}")
                .alerts(&["ContainerMemoryNearLimit"]),
        ],
    }
}
