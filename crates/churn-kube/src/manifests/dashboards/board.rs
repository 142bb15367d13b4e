//! A board and its panels: what they ask and show, and how Grafana writes that (the classic JSON model).

use serde_json::{Value, json};

use super::super::plan::Plan;

/// One dashboard.
#[derive(Debug, Clone)]
pub struct Board {
    /// Stable id, part of its address.
    pub uid: &'static str,
    /// Its title.
    pub title: &'static str,
    /// What it answers.
    pub description: &'static str,
    /// Whether there is a choice of models.
    pub by_model: bool,
    /// Its panels, in reading order.
    pub panels: Vec<Panel>,
}

/// How a panel shows its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Lines over time.
    Lines,
    /// The last value, large.
    Number,
    /// The last value of each series, as bars.
    Bars,
}

/// One panel.
#[derive(Debug, Clone)]
pub struct Panel {
    /// Its title.
    pub title: &'static str,
    /// What is seen, and when to worry.
    pub description: &'static str,
    /// How it is shown.
    pub shape: Shape,
    /// Grafana's name of the unit.
    pub unit: &'static str,
    /// PromQL and the name of its series.
    pub queries: Vec<(String, &'static str)>,
    /// Limits with their colours, rising; what is below the first is green.
    pub limits: Vec<(f64, &'static str)>,
    /// Alerts about the same.
    pub alerts: &'static [&'static str],
    /// Words for values, such as OK for 0.
    pub words: &'static [(i8, &'static str, &'static str)],
}

impl Panel {
    pub(super) fn new(
        shape: Shape,
        title: &'static str,
        description: &'static str,
        unit: &'static str,
    ) -> Self {
        Self {
            title,
            description,
            shape,
            unit,
            queries: Vec::new(),
            limits: Vec::new(),
            alerts: &[],
            words: &[],
        }
    }

    pub(super) fn ask(mut self, expr: &str, legend: &'static str) -> Self {
        self.queries.push((expr.to_owned(), legend));
        self
    }

    pub(super) fn limit(mut self, at: f64, color: &'static str) -> Self {
        self.limits.push((at, color));
        self
    }

    pub(super) fn alerts(mut self, names: &'static [&'static str]) -> Self {
        self.alerts = names;
        self
    }
}

const COLUMNS: usize = 24;

pub(super) fn json_of(board: &Board, plan: &Plan) -> Value {
    let (mut x, mut y, mut row) = (0, 0, 0);
    let mut panels = Vec::new();
    for (at, panel) in board.panels.iter().enumerate() {
        let (width, height) = match panel.shape {
            Shape::Number => (6, 4),
            Shape::Lines | Shape::Bars => (12, 8),
        };
        if x + width > COLUMNS {
            (x, y, row) = (0, y + row, 0);
        }
        row = row.max(height);
        let place = json!({"x": x, "y": y, "w": width, "h": height});
        panels.push(panel_json(panel, at + 1, place, plan));
        x += width;
    }
    json!({
        "id": null,
        "uid": board.uid,
        "title": board.title,
        "description": board.description,
        "tags": ["churn", "churnctl"],
        "schemaVersion": 39,
        "version": 1,
        "editable": false,
        "graphTooltip": 1,
        "refresh": "1m",
        "time": {"from": if board.by_model { "now-30d" } else { "now-6h" }, "to": "now"},
        "timezone": "browser",
        "templating": {"list": variables(board, plan)},
        "annotations": {"list": annotations(board)},
        "links": [{
            "type": "dashboards", "title": "Churn", "tags": ["churnctl"],
            "asDropdown": true, "includeVars": true, "keepTime": true,
        }],
        "panels": panels,
    })
}

fn source() -> Value {
    json!({"type": "prometheus", "uid": "${datasource}"})
}

fn variables(board: &Board, plan: &Plan) -> Vec<Value> {
    let query = |name: &str, label: &str, query: &str| {
        json!({
            "name": name, "label": label, "type": "query", "datasource": source(),
            "definition": query, "query": {"query": query, "refId": name},
            "refresh": 2, "sort": 1,
        })
    };
    let mut list = vec![json!({
        "name": "datasource", "label": "Data Source", "type": "datasource", "query": "prometheus",
        "refresh": 1,
    })];
    // Of `up`, which is there whatever else is missing.
    let mut namespace = query("namespace", "Namespace", "label_values(up, namespace)");
    namespace["current"] = json!({"text": plan.namespace, "value": plan.namespace});
    list.push(namespace);
    if board.by_model {
        let ask = "label_values(churn_drift_status{namespace=\"$namespace\"}, model)";
        let mut model = query("model", "Model", ask);
        model["current"] = json!({"text": plan.model, "value": plan.model});
        list.push(model);
    }
    list
}

fn annotations(board: &Board) -> Vec<Value> {
    if board.uid != "churn-quality" && board.uid != "churn-api" {
        return Vec::new();
    }
    vec![json!({
        "name": "New model",
        "datasource": source(),
        "enable": true,
        "iconColor": "blue",
        "expr": NEW_MODEL,
        "step": "60s",
        "titleFormat": "New model",
        "textFormat": "{{version}}",
    })]
}

/// A model version that was not there a moment ago.
pub(super) const NEW_MODEL: &str = "count by (version) (churn_model_info{namespace=\"$namespace\"}) unless count by (version) (churn_model_info{namespace=\"$namespace\"} offset 5m)";

fn panel_json(panel: &Panel, id: usize, place: Value, plan: &Plan) -> Value {
    let kind = match panel.shape {
        Shape::Lines => "timeseries",
        Shape::Number => "stat",
        Shape::Bars => "bargauge",
    };
    let targets: Vec<Value> = panel
        .queries
        .iter()
        .zip('A'..)
        .map(|((expr, legend), letter)| {
            let mut target = json!({
                "refId": letter, "datasource": source(), "expr": expr, "legendFormat": legend,
            });
            match panel.shape {
                Shape::Lines => target["range"] = true.into(),
                Shape::Number | Shape::Bars => target["instant"] = true.into(),
            }
            target
        })
        .collect();
    let mut steps = vec![json!({"color": "green", "value": null})];
    let limits = panel.limits.iter();
    steps.extend(limits.map(|(at, color)| json!({"color": color, "value": at})));
    let mut defaults = json!({
        "unit": panel.unit,
        "thresholds": {"mode": "absolute", "steps": steps},
    });
    if !panel.words.is_empty() {
        let words: serde_json::Map<String, Value> = panel
            .words
            .iter()
            .map(|(value, text, color)| (value.to_string(), json!({"text": text, "color": color})))
            .collect();
        defaults["mappings"] = json!([{"type": "value", "options": words}]);
    }
    let options = match panel.shape {
        Shape::Lines => {
            let style = if panel.limits.is_empty() {
                "off"
            } else {
                "line"
            };
            defaults["custom"] = json!({
                "drawStyle": "line", "lineWidth": 1, "fillOpacity": 10, "showPoints": "never",
                "spanNulls": false, "thresholdsStyle": {"mode": style},
            });
            json!({
                "legend": {"displayMode": "list", "placement": "bottom", "showLegend": true},
                "tooltip": {"mode": "multi", "sort": "desc"},
            })
        }
        Shape::Number => json!({
            "reduceOptions": {"calcs": ["lastNotNull"], "values": false},
            "colorMode": "value", "graphMode": "none", "textMode": "auto",
        }),
        Shape::Bars => json!({
            "reduceOptions": {"calcs": ["lastNotNull"], "values": false},
            "orientation": "horizontal", "displayMode": "basic", "showUnfilled": true,
        }),
    };
    let base = plan.rules.runbook_base.trim_end_matches('/');
    let links: Vec<Value> = panel
        .alerts
        .iter()
        .map(|alert| json!({"title": format!("Runbook: {alert}"), "url": format!("{base}/{alert}.md"), "targetBlank": true}))
        .collect();
    json!({
        "id": id,
        "type": kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": source(),
        "gridPos": place,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": options,
        "targets": targets,
        "links": links,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use churn_alerts::catalogue::names;
    use churn_alerts::promql;
    use churn_metrics::exporters::exists;

    use super::*;
    use crate::manifests::dashboards::boards;
    use crate::manifests::plan::sample;

    fn parsed(expr: &str) -> promql_parser::parser::Expr {
        // Grafana's own words are not PromQL.
        let expr = expr.replace("$__rate_interval", "5m");
        promql::parse(&expr).unwrap_or_else(|error| panic!("{expr}: {error}"))
    }

    #[test]
    fn every_query_parses_and_asks_for_metrics_that_exist() {
        for board in boards(&sample()) {
            for panel in &board.panels {
                assert!(!panel.queries.is_empty(), "{}", panel.title);
                for (expr, legend) in &panel.queries {
                    let metrics = promql::metrics(&parsed(expr));
                    assert!(!metrics.is_empty(), "{expr}");
                    for metric in metrics {
                        assert!(exists(&metric), "{}: {metric}", panel.title);
                    }
                    assert!(!legend.is_empty(), "{expr}");
                    assert!(
                        expr.contains("$namespace")
                            || expr.contains("node_")
                            || expr.contains("kube_node"),
                        "{expr}"
                    );
                    for range in ["[1m]", "[5m]"] {
                        assert!(
                            !expr.contains(range),
                            "{expr}: $__rate_interval follows the zoom"
                        );
                    }
                }
            }
        }
        promql::metrics(&parsed(NEW_MODEL))
            .iter()
            .for_each(|metric| assert!(exists(metric)));
    }

    #[test]
    fn every_panel_says_what_it_shows() {
        let mut uids = BTreeSet::new();
        for board in boards(&sample()) {
            assert!(uids.insert(board.uid) && uids.insert(board.title));
            assert!(board.description.ends_with('?'));
            let mut titles = BTreeSet::new();
            for panel in &board.panels {
                assert!(titles.insert(panel.title), "{}", panel.title);
                assert!(panel.description.ends_with('.'), "{}", panel.title);
                assert!(!panel.unit.is_empty(), "{}", panel.title);
                for alert in panel.alerts {
                    assert!(names().contains(alert), "{}: {alert}", panel.title);
                }
                let rising = panel.limits.windows(2).all(|pair| pair[0].0 < pair[1].0);
                assert!(rising, "{}", panel.title);
            }
        }
    }

    #[test]
    fn the_json_is_what_grafana_wants() {
        for board in boards(&sample()) {
            let json = json_of(&board, &sample());
            assert!(json["id"].is_null() && json["editable"] == false);
            assert_eq!(json["templating"]["list"][0]["name"], "datasource");
            let panels = json["panels"].as_array().expect("panels");
            let mut taken = BTreeSet::new();
            for panel in panels {
                assert_eq!(panel["datasource"]["uid"], "${datasource}");
                let place = |key: &str| panel["gridPos"][key].as_u64().expect(key);
                assert!(place("x") + place("w") <= 24);
                for x in place("x")..place("x") + place("w") {
                    for y in place("y")..place("y") + place("h") {
                        assert!(taken.insert((x, y)), "{}: overlaps", panel["title"]);
                    }
                }
            }
        }
    }

    #[test]
    fn rules_ask_for_metrics_that_exist() {
        for rule in churn_alerts::catalogue::rules(&sample().rules).expect("rules") {
            for expr in [&rule.expr, &rule.first_query] {
                for metric in promql::metrics(&parsed(expr)) {
                    assert!(exists(&metric), "{}: {metric}", rule.name);
                }
            }
        }
    }
}
