//! The flavor without the Operator: Prometheus' and Alertmanager's own configuration.

use churn_alerts::catalogue::{Options, groups, rules};
use churn_base::error::Result;
use serde_json::{Value, json};

use super::api;
use super::object::{File, tree};
use super::plan::{Discovery, Part, Plan};
use super::{pushgateway, routing, tests};

/// One job of Prometheus.
struct Scrape<'a> {
    name: &'a str,
    targets: &'a [String],
    honor_labels: bool,
    /// Whether its series are of our namespace.
    ours: bool,
    /// The Service in Kubernetes, and its namespace if it is ours.
    service: &'a str,
}

pub(super) fn files(plan: &Plan) -> Result<Vec<File>> {
    let plain = &plan.plain;
    let all = [
        Scrape {
            name: plan.api_name(),
            targets: &plain.api_targets,
            honor_labels: false,
            ours: true,
            service: plan.api_name(),
        },
        Scrape {
            name: pushgateway::NAME,
            targets: &plain.pushgateway_targets,
            // The label `job` is that of the job, not of the gateway.
            honor_labels: true,
            ours: true,
            service: pushgateway::NAME,
        },
        Scrape {
            name: &plan.rules.node_exporter_job,
            targets: &plain.node_targets,
            honor_labels: false,
            ours: false,
            service: &plan.rules.node_exporter_job,
        },
        Scrape {
            name: &plan.rules.kube_state_metrics_job,
            targets: &plain.state_metrics_targets,
            // What it tells of has a namespace of its own.
            honor_labels: true,
            ours: false,
            service: &plan.rules.kube_state_metrics_job,
        },
    ];
    let scrapes: Vec<&Scrape<'_>> = all.iter().filter(|one| !one.targets.is_empty()).collect();
    let mut files = vec![File::tree("prometheus.yml", &prometheus(plan, &scrapes))?];
    if plain.discovery == Discovery::File {
        for scrape in &scrapes {
            let listed = json!([{"targets": scrape.targets}]);
            let text = serde_json::to_string_pretty(&listed).unwrap_or_default();
            files.push(File::text(targets_file(scrape), text + "\n"));
        }
    }
    let options = options(plan);
    let rules = rules(&options)?;
    files.push(File::tree("rules.yml", &tree(&groups(&rules, &options))?)?);
    let around = routing::Surroundings {
        file: &|_, key| format!("{}/{key}", plain.secrets_folder.trim_end_matches('/')),
        hook_url: Some(plain.hook_url.clone()),
    };
    files.push(File::tree(
        "alertmanager.yml",
        &routing::file(plan, &around),
    )?);
    files.extend(tests::files(&options)?);
    Ok(files)
}

/// The rules about what this Prometheus scrapes. Without kube-state-metrics or cAdvisor the alerts on
/// their absence would fire for ever.
fn options(plan: &Plan) -> Options {
    let plain = &plan.plain;
    let scraped = [
        ("api", !plain.api_targets.is_empty()),
        ("pushgateway", !plain.pushgateway_targets.is_empty()),
        (
            "jobs",
            plan.has(Part::Jobs) && !plain.pushgateway_targets.is_empty(),
        ),
        ("node-exporter", !plain.node_targets.is_empty()),
        (
            "kube-state-metrics",
            !plain.state_metrics_targets.is_empty(),
        ),
    ];
    let sources = scraped.into_iter().filter(|(_, is_there)| *is_there);
    Options {
        sources: sources.map(|(name, _)| name).collect(),
        ..plan.rules.clone()
    }
}

fn targets_file(scrape: &Scrape<'_>) -> String {
    format!("targets/{}.json", scrape.name.replace('/', "-"))
}

fn prometheus(plan: &Plan, scrapes: &[&Scrape<'_>]) -> Value {
    let plain = &plan.plain;
    let jobs: Vec<Value> = scrapes.iter().map(|scrape| job(plan, scrape)).collect();
    json!({
        "global": {
            "scrape_interval": plain.interval,
            "evaluation_interval": plain.interval,
        },
        "rule_files": ["rules.yml"],
        "alerting": {
            "alertmanagers": [{"static_configs": [{"targets": plain.alertmanager_targets}]}],
        },
        "scrape_configs": jobs,
    })
}

fn job(plan: &Plan, scrape: &Scrape<'_>) -> Value {
    let mut job = json!({"job_name": scrape.name});
    if scrape.honor_labels {
        job["honor_labels"] = true.into();
    }
    let mut relabel = Vec::new();
    match plan.plain.discovery {
        Discovery::Static => {
            job["static_configs"] = json!([{"targets": scrape.targets}]);
        }
        Discovery::File => {
            job["file_sd_configs"] = json!([{"files": [targets_file(scrape)]}]);
        }
        Discovery::Dns => {
            let configs: Vec<Value> = scrape.targets.iter().map(|target| dns(target)).collect();
            job["dns_sd_configs"] = configs.into();
        }
        Discovery::Ec2 => {
            let port = scrape.targets.first().and_then(|target| port(target));
            job["ec2_sd_configs"] = json!([{
                "region": plan.aws_region,
                "port": port.unwrap_or(80),
                "filters": [{"name": "tag:churn-mlops-job", "values": [scrape.name]}],
            }]);
        }
        Discovery::Kubernetes => {
            let mut config = json!({"role": "endpointslice"});
            if scrape.ours {
                config["namespaces"] = json!({"names": [plan.namespace]});
            }
            job["kubernetes_sd_configs"] = json!([config]);
            relabel.push(json!({
                "source_labels": ["__meta_kubernetes_service_label_app_kubernetes_io_name"],
                "regex": scrape.service,
                "action": "keep",
            }));
            relabel.push(json!({
                "source_labels": ["__meta_kubernetes_endpointslice_port_name"],
                "regex": match scrape.service == plan.api_name() {
                    true => api::ADMIN_PORT_NAME,
                    false => "http|http-metrics|metrics",
                },
                "action": "keep",
            }));
            relabel.push(json!({
                "source_labels": ["__meta_kubernetes_pod_name"],
                "target_label": "pod",
            }));
        }
    }
    if scrape.ours {
        // The rules ask for it, so that two deployments in one Prometheus are not mixed up.
        relabel.push(json!({"target_label": "namespace", "replacement": plan.namespace}));
    }
    if !relabel.is_empty() {
        job["relabel_configs"] = relabel.into();
    }
    job
}

fn port(target: &str) -> Option<u16> {
    target.rsplit_once(':')?.1.parse().ok()
}

fn dns(target: &str) -> Value {
    match (target.rsplit_once(':'), port(target)) {
        (Some((host, _)), Some(port)) => json!({"names": [host], "type": "A", "port": port}),
        // A name without a port is that of a service record, which has one.
        _ => json!({"names": [target], "type": "SRV"}),
    }
}
