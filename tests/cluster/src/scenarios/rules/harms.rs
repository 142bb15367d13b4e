//! The harms: what is done, which alerts it leads to, and what undoes it.

use std::time::Duration;

use crate::lab::Lab;
use crate::scenarios::install::{self, NAMESPACE};

use super::deeds::{
    days, fill, gone, log_folders, oom_job, post, predict, push, scale, scrape_nodes, shell, slow,
    start, suspend, with_model, without_model,
};

/// Something that is done to the cluster.
pub(super) type Deed = fn(&mut Lab) -> Result<(), String>;

/// A harm, the alerts that it leads to, and what undoes it.
pub(super) struct Harm {
    pub(super) what: &'static str,
    pub(super) alerts: &'static [&'static str],
    pub(super) strike: Deed,
    pub(super) mend: Deed,
}

/// Waves: what is harmed in one must not hide what is harmed with it.
pub(super) const WAVES: &[&[Harm]] = &[
    &[
        Harm {
            what: "image that is not there",
            alerts: &[
                "PodNotRunning",
                "DeploymentUnavailable",
                "DeploymentReplicasMismatch",
            ],
            strike: |lab| shell(lab, "no-image", "nothing", "true", "50Mi", "100m"),
            mend: |lab| gone(lab, "no-image"),
        },
        Harm {
            what: "container that ends with 1 each time",
            alerts: &["PodCrashLooping", "FrequentPodRestarts"],
            strike: |lab| shell(lab, "crash", "shell", "exit 1", "50Mi", "100m"),
            mend: |lab| gone(lab, "crash"),
        },
        Harm {
            what: "container that wants more memory than its limit",
            alerts: &["ContainerOOMKilled"],
            strike: |lab| {
                shell(
                    lab,
                    "oom",
                    "shell",
                    "sleep 2; exec tail /dev/zero",
                    "40Mi",
                    "500m",
                )
            },
            mend: |lab| gone(lab, "oom"),
        },
        Harm {
            what: "container at 95 % of its memory",
            alerts: &["ContainerMemoryNearLimit"],
            strike: |lab| {
                shell(
                    lab,
                    "memory",
                    "shell",
                    "(head -c 60000000 /dev/zero; sleep 9000) | tail",
                    "64Mi",
                    "500m",
                )
            },
            mend: |lab| gone(lab, "memory"),
        },
        Harm {
            what: "container at its CPU limit",
            alerts: &["ContainerCPUNearLimit"],
            strike: |lab| shell(lab, "cpu", "shell", "while :; do :; done", "50Mi", "20m"),
            mend: |lab| gone(lab, "cpu"),
        },
        Harm {
            what: "job that wants more memory than its limit",
            alerts: &["ChurnJobOOMKilled"],
            strike: oom_job,
            mend: |lab| lab.ours("delete job oom").map(drop),
        },
        Harm {
            what: "volume and disk that are full",
            alerts: &["ChurnVolumeAlmostFull", "NodeDiskAlmostFull"],
            strike: |lab| fill(lab, true),
            mend: |lab| fill(lab, false),
        },
        Harm {
            what: "suspended CronJob",
            alerts: &["ChurnCronJobSuspended"],
            strike: |lab| suspend(lab, true),
            mend: |lab| suspend(lab, false),
        },
        Harm {
            what: "node that does not report",
            alerts: &["NodeNotReady"],
            strike: |lab| {
                lab.apply("node9.yaml", "apiVersion: v1\nkind: Node\nmetadata: {name: node9}\nspec: {unschedulable: true}\n")
            },
            mend: |lab| lab.kubectl(&["delete", "node", "node9"]).map(drop),
        },
        Harm {
            what: "metric that is pushed with another type",
            alerts: &["ChurnPushRejected"],
            strike: |lab| {
                push(
                    lab,
                    "# TYPE churn_drift_status counter\nchurn_drift_status 1\n",
                    "churn-other",
                )
                .map_or(Ok(()), |_| Err("it was taken".to_owned()))
            },
            mend: |lab| push(lab, "churn_fine 1\n", "churn-other"),
        },
        Harm {
            what: "webhook with a wrong token",
            alerts: &["ChurnRetrainHookFailing"],
            strike: |lab| {
                post(
                    lab,
                    "churn-retrain-hook",
                    8080,
                    "/alertmanager",
                    "wrong",
                    "{}",
                )
                .map_or(Ok(()), |_| Err("it was taken".to_owned()))
            },
            mend: |_| Ok(()),
        },
        Harm {
            what: "shifted data, scores that no longer rank",
            alerts: &[
                "ModelDataDrift",
                "ModelSegmentDrift",
                "ModelConceptDrift",
                "ModelEstimatedPerformanceLow",
                "ChurnDataDriftJobFailed",
                "ChurnDriftWindowOverdue",
            ],
            strike: |lab| {
                days(lab, true)?;
                start(lab, "churn-drift-daily", "drift-bad")?;
                lab.ours("wait --for=condition=Failed --timeout=90s job/drift-bad")
                    .map(drop)
            },
            mend: |lab| {
                days(lab, false)?;
                start(lab, "churn-drift-daily", "drift-good")
            },
        },
        Harm {
            what: "training data without a label",
            alerts: &["ChurnJobFailed"],
            strike: |lab| {
                install::put(lab, "data/features/training_dataset.csv", "a,b\n1,2\n")?;
                start(lab, "churn-retrain-weekly", "train-bad")
            },
            mend: |lab| {
                days(lab, false)?;
                start(lab, "churn-retrain-weekly", "train-good")
            },
        },
        Harm {
            what: "customers of another kind, with a contract that the model has not seen",
            alerts: &["PredictionDistributionShift", "ChurnUnseenCategories"],
            strike: |lab| predict(lab, 0, 300).map(drop),
            mend: |_| Ok(()),
        },
        Harm {
            what: "prediction log that cannot be written",
            alerts: &["ChurnPredictionLogLoss"],
            strike: |lab| {
                log_folders(lab, false)?;
                std::thread::sleep(Duration::from_secs(6));
                predict(lab, 0, 20).map(drop)
            },
            mend: |lab| log_folders(lab, true),
        },
        Harm {
            what: "model file that is cut off, and a replica that starts with it",
            alerts: &[
                "ChurnModelReloadRefused",
                "HPAMaxedOut",
                "ChurnApiHighErrorRate",
                "ChurnApiErrorBudgetBurn",
                "ChurnApiErrorBudgetBurn6h",
                "ChurnApiErrorBudgetBurn1d",
            ],
            strike: without_model,
            mend: with_model,
        },
    ],
    &[
        Harm {
            what: "CPU limit of the API too small for its load",
            alerts: &["ChurnApiHighLatencyP95"],
            strike: slow,
            mend: |lab| {
                lab.ours("rollout undo deployment churn-api")?;
                install::rolled_out(lab, "churn-api")
            },
        },
        Harm {
            what: "hook scaled to 0",
            alerts: &["ChurnRetrainHookDown"],
            strike: |lab| scale(lab, NAMESPACE, "churn-retrain-hook", 0),
            mend: |lab| scale(lab, NAMESPACE, "churn-retrain-hook", 1),
        },
        Harm {
            what: "no run and no push for longer than a day, here 300 s",
            alerts: &[
                "ChurnJobStale",
                "ChurnRetrainStale",
                "ChurnPushStale",
                "ChurnDriftCheckStale",
            ],
            strike: |_| Ok(()),
            mend: |lab| {
                for (cron_job, name) in [
                    ("churn-drift-daily", "drift-again"),
                    ("churn-batch-score", "score-again"),
                    ("churn-retrain-weekly", "train-again"),
                ] {
                    start(lab, cron_job, name)?;
                }
                push(lab, "churn_fine 1\n", "churn-drift-other")
            },
        },
    ],
    &[
        Harm {
            what: "API scaled to 0",
            alerts: &["ChurnApiDown"],
            strike: |lab| scale(lab, NAMESPACE, "churn-api", 0),
            mend: |lab| scale(lab, NAMESPACE, "churn-api", 1),
        },
        Harm {
            what: "Pushgateway scaled to 0",
            alerts: &["ChurnDriftScoreAbsent"],
            strike: |lab| scale(lab, NAMESPACE, "churn-pushgateway", 0),
            mend: |lab| {
                scale(lab, NAMESPACE, "churn-pushgateway", 1)?;
                install::rolled_out(lab, "churn-pushgateway")?;
                start(lab, "churn-drift-daily", "drift-last")
            },
        },
        Harm {
            what: "kube-state-metrics scaled to 0",
            alerts: &["KubeStateMetricsAbsent"],
            strike: |lab| scale(lab, "monitoring", "kube-state-metrics", 0),
            mend: |lab| scale(lab, "monitoring", "kube-state-metrics", 1),
        },
        Harm {
            what: "node-exporter scaled to 0",
            alerts: &["NodeExporterAbsent"],
            strike: |lab| scale(lab, "monitoring", "node-exporter", 0),
            mend: |lab| scale(lab, "monitoring", "node-exporter", 1),
        },
        Harm {
            what: "kubelets no longer scraped",
            alerts: &["KubeletAbsent", "ContainerMetricsAbsent"],
            strike: |lab| scrape_nodes(lab, false),
            mend: |lab| scrape_nodes(lab, true),
        },
    ],
];
