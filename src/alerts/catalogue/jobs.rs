//! Rules about the CronJobs: kube-state-metrics. What they push is in `pushes.rs`.

use super::case::{Case, before, flat, long_before, moving};
use super::options::Options;
use super::rule::{Draft, Layer, Rule, Severity};

/// A namespace that is not ours.
const ELSEWHERE: &str = "elsewhere";

pub(super) fn rules(options: &Options) -> Vec<Rule> {
    vec![
        drift_failed(options),
        failed(options),
        stale(options, true),
        stale(options, false),
        suspended(options),
    ]
}

/// A Job of a CronJob as kube-state-metrics shows it.
struct Job<'a> {
    namespace: &'a str,
    name: &'a str,
    owner_kind: &'a str,
    owner: &'a str,
    started: f64,
    failed: bool,
    /// In place of `flat`: when it is there at all.
    values: Option<fn(f64) -> String>,
}

impl Job<'_> {
    fn add_to(&self, case: Case) -> Case {
        let values = self.values.unwrap_or(flat);
        let (namespace, name) = (self.namespace, self.name);
        let job = format!("namespace=\"{namespace}\",job_name=\"{name}\"");
        let (kind, owner) = (self.owner_kind, self.owner);
        let mut case = case
            .with(
                format!("kube_job_owner{{{job},owner_kind=\"{kind}\",owner_name=\"{owner}\"}}"),
                values(1.0),
            )
            .with(
                format!("kube_job_status_start_time{{{job}}}"),
                values(self.started),
            );
        for condition in ["true", "false"] {
            let value = if self.failed == (condition == "true") {
                1.0
            } else {
                0.0
            };
            case = case.with(
                format!("kube_job_failed{{{job},condition=\"{condition}\"}}"),
                values(value),
            );
        }
        case
    }
}

fn drift_failed(options: &Options) -> Rule {
    let draft = Draft {
        name: "ChurnDataDriftJobFailed",
        layer: Layer::Ml,
        severity: Severity::Warning,
        for_minutes: 1,
        // Only the newest Job of the CronJob counts, and only of this one: failed Jobs are kept
        // for days, and a retrain that fails must not look like drift. Every part is aggregated,
        // because two kube-state-metrics overlap while one is replaced.
        expr: r#"max by (namespace, owner_name) (
  (max by (namespace, job_name) (kube_job_failed{namespace="$namespace",condition="true"}) == 1)
  * on (namespace, job_name) group_left (owner_name)
    max by (namespace, job_name, owner_name) (kube_job_owner{owner_kind="CronJob",owner_name="$drift_cronjob"})
  and on (namespace, job_name)
    topk by (namespace) (1, max by (namespace, job_name) (
      kube_job_status_start_time
      and on (namespace, job_name) kube_job_owner{owner_kind="CronJob",owner_name="$drift_cronjob"}
    ))
)"#,
        summary: "The last drift check failed",
        description: "The newest Job of {{ $labels.owner_name }} failed: data drift, or a fault.",
        meaning: "The check ended with another code than 0. 2 is drift: then ModelDataDrift follows if it is strong enough, and starts the retrain. Anything else is a fault of the check.",
        first_query: r#"max by (model) (churn_drift_status{namespace="$namespace"})"#,
        fix: &[
            "`kubectl -n NAMESPACE describe pod -l job-name=JOB`: the exit code, and the summary as termination message.",
            "2: read the report; see ModelDataDrift.",
            "65: a file is missing or broken, the message names file and line. 78: a setting. 69, 74: storage or gateway.",
        ],
    };
    let (ours, drift) = (options.namespace.as_str(), options.drift_cronjob.as_str());
    let retrain = options.retrain_cronjob.as_str();
    let job = |case: Case, name: &str, owner: &str, started: f64, failed: bool| {
        Job {
            namespace: ours,
            name,
            owner_kind: "CronJob",
            owner,
            started,
            failed,
            values: None,
        }
        .add_to(case)
    };
    draft.rule(options, |hold| {
        let labels = [("namespace", ours), ("owner_name", drift)];
        let mut fires = job(Case::fires("the newest failed"), "d2", drift, 200.0, true);
        fires = job(fires, "d1", drift, 100.0, false);
        fires = job(fires, "r1", retrain, 300.0, false);
        fires = Job {
            namespace: ELSEWHERE,
            name: "d2",
            owner_kind: "CronJob",
            owner: drift,
            started: 300.0,
            failed: true,
            values: None,
        }
        .add_to(fires);
        fires = Job {
            namespace: ours,
            name: "w",
            owner_kind: "Workflow",
            owner: drift,
            started: 400.0,
            failed: false,
            values: None,
        }
        .add_to(fires);
        let mut silent = job(
            Case::silent("an older one failed, and a retrain"),
            "d1",
            drift,
            100.0,
            true,
        );
        silent = job(silent, "d2", drift, 200.0, false);
        silent = job(silent, "r1", retrain, 300.0, true);
        let workflow = Job {
            namespace: ours,
            name: "w",
            owner_kind: "Workflow",
            owner: drift,
            started: 400.0,
            failed: true,
            values: None,
        };
        let restarted = Job {
            namespace: ours,
            name: "d1",
            owner_kind: "CronJob",
            owner: drift,
            started: 100.0,
            failed: true,
            values: None,
        };
        let doubled = restarted.add_to(Case::fires("two kube-state-metrics at once"));
        let doubled = Case {
            series: doubled
                .series
                .iter()
                .flat_map(|(series, values)| {
                    let with = |pod: &str| {
                        (
                            series.replace('{', &format!("{{instance=\"{pod}\",")),
                            values.clone(),
                        )
                    };
                    [with("old"), with("new")]
                })
                .collect(),
            ..doubled
        };
        vec![
            fires.silent_at(before(hold)).fires_at(hold, &labels, 1.0),
            doubled.fires_at(hold, &labels, 1.0),
            workflow.add_to(silent).silent_at(hold + 600),
            Case::no_data(hold),
        ]
    })
}

fn failed(options: &Options) -> Rule {
    let draft = Draft {
        name: "ChurnJobFailed",
        layer: Layer::Ml,
        severity: Severity::Warning,
        for_minutes: 1,
        expr: r#"max by (namespace, owner_name) (
  max by (namespace, job_name) (kube_job_status_start_time{namespace="$namespace"} and on (namespace, job_name) kube_job_failed{condition="true"} == 1)
  * on (namespace, job_name) group_left (owner_name)
    max by (namespace, job_name, owner_name) (kube_job_owner{owner_kind="CronJob",owner_name!="$drift_cronjob"})
)
> on (namespace, owner_name)
label_replace(
  max by (namespace, cronjob) (
    kube_cronjob_status_last_successful_time or on (namespace, cronjob) 0 * kube_cronjob_created
  ),
  "owner_name", "$1", "cronjob", "(.+)"
)"#,
        summary: "A job failed",
        description: "{{ $labels.owner_name }} failed after its last success.",
        meaning: "A run of the CronJob failed, and none that began later has succeeded. The drift check has an alert of its own.",
        first_query: r#"kube_job_failed{namespace="$namespace",condition="true"} == 1"#,
        fix: &[
            "`kubectl -n NAMESPACE logs job/JOB`: the last line is the error, with a hint.",
            "Start it again: `kubectl -n NAMESPACE create job again-1 --from=cronjob/NAME`, or `churnctl retrain now`.",
        ],
    };
    let (ours, drift) = (options.namespace.as_str(), options.drift_cronjob.as_str());
    let retrain = options.retrain_cronjob.as_str();
    let failed = |case: Case, namespace: &str, name: &str, kind: &str, owner: &str| {
        Job {
            namespace,
            name,
            owner_kind: kind,
            owner,
            started: 1000.0,
            failed: true,
            values: None,
        }
        .add_to(case)
    };
    let success = |case: Case, namespace: &str, cronjob: &str, at: f64| {
        let labels = format!("{{namespace=\"{namespace}\",cronjob=\"{cronjob}\"}}");
        case.with(
            format!("kube_cronjob_status_last_successful_time{labels}"),
            flat(at),
        )
        .with(format!("kube_cronjob_created{labels}"), flat(1.0))
    };
    draft.rule(options, |hold| {
        let labels = [("namespace", ours), ("owner_name", retrain)];
        let mut fires = failed(
            Case::fires("after the last success"),
            ours,
            "r1",
            "CronJob",
            retrain,
        );
        fires = success(fires, ours, retrain, 999.0);
        fires = success(
            failed(fires, ELSEWHERE, "r2", "CronJob", retrain),
            ELSEWHERE,
            retrain,
            0.0,
        );
        let never = failed(
            Case::fires("never succeeded"),
            ours,
            "r1",
            "CronJob",
            retrain,
        )
        .with(
            format!("kube_cronjob_created{{namespace=\"{ours}\",cronjob=\"{retrain}\"}}"),
            flat(2000.0),
        );
        let mut silent = Case::silent(
            "a later one succeeded; the drift check; no CronJob; a Job that did not fail",
        );
        silent = success(
            failed(silent, ours, "r1", "CronJob", retrain),
            ours,
            retrain,
            1000.0,
        );
        silent = success(
            failed(silent, ours, "d1", "CronJob", drift),
            ours,
            drift,
            0.0,
        );
        silent = success(failed(silent, ours, "w1", "Workflow", "w"), ours, "w", 0.0);
        silent = Job {
            namespace: ours,
            name: "s1",
            owner_kind: "CronJob",
            owner: "s",
            started: 1000.0,
            failed: false,
            values: None,
        }
        .add_to(silent);
        vec![
            fires
                .silent_at(before(hold))
                .fires_at(hold, &labels, 1000.0),
            never
                .silent_at(before(hold))
                .fires_at(hold, &labels, 1000.0),
            success(silent, ours, "s", 0.0).silent_at(hold + 600),
            Case::no_data(hold),
        ]
    })
}

fn stale(options: &Options, daily: bool) -> Rule {
    let common = Draft {
        name: "ChurnJobStale",
        layer: Layer::Ml,
        severity: Severity::Warning,
        for_minutes: 10,
        expr: r#"max by (namespace, cronjob) (
  time() - (
    kube_cronjob_status_last_successful_time{namespace="$namespace",cronjob=~"$drift_cronjob_pattern|$score_cronjob_pattern"}
    or on (namespace, cronjob) kube_cronjob_created{namespace="$namespace",cronjob=~"$drift_cronjob_pattern|$score_cronjob_pattern"}
  )
) > $daily_stale_seconds
unless on (namespace, cronjob) kube_cronjob_spec_suspend == 1"#,
        summary: "A daily job has not succeeded for a day",
        description: "{{ $labels.cronjob }} succeeded last {{ $value | humanizeDuration }} ago.",
        meaning: "The CronJob has not run, or not to a good end, for longer than its schedule explains. A drift check that says FAIL counts as no success: then ChurnDataDriftJobFailed fires, too.",
        first_query: r#"time() - kube_cronjob_status_last_successful_time{namespace="$namespace"}"#,
        fix: &[
            "`kubectl -n NAMESPACE get cronjob,job,pod`: is a run waiting for a node or a volume?",
            "No run at all: `kubectl -n NAMESPACE describe cronjob NAME`; a missed deadline or a forbidden overlap is an event there.",
        ],
    };
    let draft = match daily {
        true => common,
        false => Draft {
            name: "ChurnRetrainStale",
            expr: r#"max by (namespace, cronjob) (
  time() - (
    kube_cronjob_status_last_successful_time{namespace="$namespace",cronjob="$retrain_cronjob"}
    or on (namespace, cronjob) kube_cronjob_created{namespace="$namespace",cronjob="$retrain_cronjob"}
  )
) > $weekly_stale_seconds
unless on (namespace, cronjob) kube_cronjob_spec_suspend == 1"#,
            summary: "The weekly retrain has not succeeded for a week",
            meaning: "The retrain has not run, or not to a good end, for longer than its schedule explains. The model in production ages.",
            ..common
        },
    };
    let ours = options.namespace.as_str();
    let (names, limit) = match daily {
        true => (
            vec![
                options.drift_cronjob.as_str(),
                options.score_cronjob.as_str(),
            ],
            options.thresholds.daily_stale_seconds,
        ),
        false => (
            vec![options.retrain_cronjob.as_str()],
            options.thresholds.weekly_stale_seconds,
        ),
    };
    let cronjob =
        |case: Case, namespace: &str, name: &str, metric: &str, age: f64, suspended: f64| {
            let labels = format!("{{namespace=\"{namespace}\",cronjob=\"{name}\"}}");
            case.with(format!("{metric}{labels}"), moving(-age, 60.0))
                .with(
                    format!("kube_cronjob_spec_suspend{labels}"),
                    flat(suspended),
                )
        };
    let (success, created) = (
        "kube_cronjob_status_last_successful_time",
        "kube_cronjob_created",
    );
    draft.rule(options, |hold| {
        // The ages stay the same throughout: the times move with the clock.
        let mut fires = Case::fires("just too long ago, and never since it was made");
        let mut silent = Case::silent("at the limit; new; suspended; others");
        for name in &names {
            fires = cronjob(fires, ours, name, success, limit + 1.0, 0.0);
            silent = cronjob(silent, ours, name, success, limit, 0.0);
            silent = cronjob(silent, ELSEWHERE, name, success, limit * 2.0, 0.0);
            silent = cronjob(
                silent,
                ELSEWHERE,
                &format!("{name}-x"),
                created,
                limit * 2.0,
                0.0,
            );
        }
        silent = cronjob(silent, ours, "other", success, limit * 2.0, 0.0);
        silent = cronjob(silent, ours, "other-2", created, limit * 2.0, 0.0);
        fires = fires.silent_at(before(hold));
        for name in &names {
            fires = fires.fires_at(hold, &[("namespace", ours), ("cronjob", name)], limit + 1.0);
        }
        let mut never = Case::fires("never, since it was made");
        let mut off = Case::silent("suspended, or made not long ago");
        let first = names.first().copied().unwrap_or_default();
        let last = names.last().copied().unwrap_or_default();
        never = cronjob(never, ours, last, created, limit + 1.0, 0.0);
        never = cronjob(never, ELSEWHERE, last, created, limit + 1.0, 0.0);
        off = cronjob(off, ours, first, success, limit * 2.0, 1.0);
        if daily {
            off = cronjob(off, ours, last, created, limit - 1.0, 0.0);
        }
        vec![
            fires,
            never.fires_at(hold, &[("namespace", ours), ("cronjob", last)], limit + 1.0),
            silent.silent_at(hold + 600),
            off.silent_at(hold + 600),
            Case::no_data(hold),
        ]
    })
}

fn suspended(options: &Options) -> Rule {
    let draft = Draft {
        name: "ChurnCronJobSuspended",
        layer: Layer::Ml,
        severity: Severity::Warning,
        for_minutes: 24 * 60,
        expr: r#"max by (namespace, cronjob) (
  kube_cronjob_spec_suspend{namespace="$namespace",cronjob=~"$drift_cronjob_pattern|$score_cronjob_pattern|$retrain_cronjob_pattern"}
) == 1"#,
        summary: "CronJob is suspended",
        description: "{{ $labels.cronjob }} has been suspended for a day.",
        meaning: "Somebody paused the job, perhaps for maintenance, and it was not resumed. Alerts about its age keep quiet meanwhile.",
        first_query: r#"kube_cronjob_spec_suspend{namespace="$namespace"} == 1"#,
        fix: &[
            "`kubectl -n NAMESPACE patch cronjob NAME -p '{\"spec\":{\"suspend\":false}}'`",
            "If it is meant to stay so, set it in the settings (`k8s.suspend`) and put the alert into `alerts.disable`.",
        ],
    };
    let ours = options.namespace.as_str();
    let names = [
        &options.drift_cronjob,
        &options.score_cronjob,
        &options.retrain_cronjob,
    ];
    let series = |namespace: &str, name: &str| {
        format!("kube_cronjob_spec_suspend{{namespace=\"{namespace}\",cronjob=\"{name}\"}}")
    };
    draft.rule(options, |hold| {
        let steps = hold / 240 + 100;
        let mut fires = Case::fires("a day long").every(240);
        let mut silent = Case::silent("running; others; resumed in time").every(240);
        for name in names {
            fires = fires.with(series(ours, name), format!("1+0x{steps}"));
            silent = silent.with(series(ELSEWHERE, name), format!("1+0x{steps}"));
        }
        fires = fires.silent_at(long_before(hold));
        for name in names {
            fires = fires.fires_at(hold, &[("namespace", ours), ("cronjob", name)], 1.0);
        }
        let resumed = format!("1+0x{} 0+0x200", (hold / 240).saturating_sub(20));
        vec![
            fires,
            silent
                .with(series(ours, names[0]), format!("0+0x{steps}"))
                .with(series(ours, names[1]), resumed)
                .with(series(ours, "other"), format!("1+0x{steps}"))
                .silent_at(long_before(hold))
                .silent_at(hold),
            Case::no_data(hold),
        ]
    })
}
