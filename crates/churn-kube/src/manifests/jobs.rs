//! What runs to an end: drift check, retrain, batch scores, and the first model.

use churn_base::error::Result;
use churn_base::exit::ExitCode;
use churn_base::hex::hex;
use k8s_openapi::api::batch::v1::{
    CronJob, CronJobSpec, Job, JobSpec, JobTemplateSpec, PodFailurePolicy,
    PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyOnPodConditionsPattern,
    PodFailurePolicyRule,
};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use sha2::{Digest, Sha256};

use super::meta::{self, labels, named};
use super::object::{File, tree};
use super::plan::{Part, Plan};
use super::pods::{self, Access};
use super::pushgateway;
use super::storage::{BATCH_ACCOUNT, settings_sha256};
use crate::expansion::literal;

/// The Job that trains the first model; a hash of what it runs is put behind it.
pub(super) const SEED: &str = "churn-seed-model";

/// The Jobs that make a profile by shards and merge it; hashes are put behind them, too.
const PROFILE: &str = "churn-profile";
/// The key of the Secret that holds the private key.
pub(super) const SIGN_KEY: &str = "sign.key";
const MERGE: &str = "churn-profile-merge";

/// Codes after which another try would end the same way.
const FINAL: [ExitCode; 5] = [
    ExitCode::CheckFailed,
    ExitCode::Usage,
    ExitCode::BadInput,
    ExitCode::NotAllowed,
    ExitCode::BadSettings,
];

pub(super) fn files(plan: &Plan) -> Result<Vec<File>> {
    let mut files = Vec::new();
    if plan.has(Part::Jobs) {
        for cron in [
            Cron {
                name: &plan.rules.drift_cronjob,
                schedule: &plan.drift_schedule,
                retries: 2,
                args: drift_args(plan),
                trains: false,
            },
            Cron {
                name: &plan.rules.retrain_cronjob,
                schedule: &plan.retrain_schedule,
                retries: 1,
                args: retrain_args(plan),
                trains: true,
            },
            Cron {
                name: &plan.rules.score_cronjob,
                schedule: &plan.score_schedule,
                retries: 2,
                args: wrapped(
                    plan,
                    "churn-batch-score",
                    &[
                        "score",
                        "--output",
                        "data/predictions/churn_predictions_latest.csv",
                    ],
                ),
                trains: false,
            },
        ] {
            files.push(File::object("", &cron.object(plan))?);
        }
    }
    if plan.has(Part::SeedModel) {
        let spec = signing(plan, job(plan, SEED, &["train".to_owned()], 1));
        files.push(File::object("", &once(plan, SEED, spec)?)?);
    }
    if plan.has(Part::ProfileShards) {
        files.push(File::object("", &once(plan, PROFILE, shards(plan))?)?);
        files.push(File::object("", &once(plan, MERGE, merge(plan))?)?);
    }
    Ok(files)
}

fn drift_args(plan: &Plan) -> Vec<String> {
    let mut args = vec!["drift".to_owned()];
    if plan.has(Part::Pushgateway) {
        args.extend(["--push-gateway".to_owned(), pushgateway::url(plan)]);
    }
    args
}

fn retrain_args(plan: &Plan) -> Vec<String> {
    wrapped(plan, "churn-retrain", &["train"])
}

/// What the retrain CronJob runs, for those who start it by other means.
pub(super) fn retrain(plan: &Plan) -> JobSpec {
    signing(
        plan,
        job(plan, &plan.rules.retrain_cronjob, &retrain_args(plan), 1),
    )
}

/// Gives a Job that trains the key that signs the model, if there is one.
fn signing(plan: &Plan, mut spec: JobSpec) -> JobSpec {
    const FOLDER: &str = "/etc/churnctl/sign";
    let (Some(secret), Some(pod)) = (&plan.sign_secret, spec.template.spec.as_mut()) else {
        return spec;
    };
    let volumes = pod.volumes.get_or_insert_default();
    volumes.push(pods::secret("sign-key", secret));
    if let Some(container) = pod.containers.first_mut() {
        let mounts = container.volume_mounts.get_or_insert_default();
        mounts.push(pods::mount("sign-key", FOLDER, true));
        let key = format!("--sign-key={FOLDER}/{SIGN_KEY}");
        container.args.get_or_insert_default().push(literal(&key));
    }
    spec
}

/// Runs the command under `push-metrics run`, so that its end, duration and code are known.
fn wrapped(plan: &Plan, job: &str, args: &[&str]) -> Vec<String> {
    let own = args.iter().map(|arg| (*arg).to_owned());
    if !plan.has(Part::Pushgateway) {
        return own.collect();
    }
    let gateway = pushgateway::url(plan);
    let wrapper = [
        "push-metrics",
        "run",
        "--gateway",
        &gateway,
        "--job",
        job,
        "--",
        "/churnctl",
    ];
    wrapper.into_iter().map(str::to_owned).chain(own).collect()
}

struct Cron<'a> {
    name: &'a str,
    schedule: &'a str,
    retries: i32,
    args: Vec<String>,
    trains: bool,
}

impl Cron<'_> {
    fn spec(&self, plan: &Plan) -> JobSpec {
        let spec = job(plan, self.name, &self.args, self.retries);
        if self.trains {
            signing(plan, spec)
        } else {
            spec
        }
    }

    fn object(&self, plan: &Plan) -> CronJob {
        CronJob {
            metadata: named(plan, self.name, meta::BATCH),
            spec: Some(CronJobSpec {
                concurrency_policy: Some("Forbid".to_owned()),
                failed_jobs_history_limit: Some(3),
                job_template: JobTemplateSpec {
                    metadata: Some(ObjectMeta {
                        labels: Some(labels(self.name, meta::BATCH)),
                        ..ObjectMeta::default()
                    }),
                    spec: Some(self.spec(plan)),
                },
                schedule: self.schedule.to_owned(),
                // A controller that was down for an hour makes up for one run, not for all.
                starting_deadline_seconds: Some(3600),
                successful_jobs_history_limit: Some(3),
                suspend: Some(plan.suspend.iter().any(|name| name == self.name)),
                time_zone: Some(plan.timezone.clone()),
            }),
            ..CronJob::default()
        }
    }
}

fn template(plan: &Plan, name: &str, args: &[String]) -> PodTemplateSpec {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let container = pods::churnctl(plan, "churnctl", &args, &plan.jobs, Access::ReadWrite);
    let volumes = pods::data_volumes(Access::ReadWrite);
    let mut pod = pods::pod(plan, BATCH_ACCOUNT, container, volumes);
    pod.restart_policy = Some("Never".to_owned());
    let mut template = pods::template(name, meta::BATCH, &settings_sha256(plan), pod);
    pods::keep_at_volume(plan, &mut template);
    template
}

fn job(plan: &Plan, name: &str, args: &[String], retries: i32) -> JobSpec {
    JobSpec {
        active_deadline_seconds: Some(i64::from(plan.job_deadline_seconds)),
        backoff_limit: Some(retries),
        pod_failure_policy: Some(PodFailurePolicy {
            rules: vec![
                PodFailurePolicyRule {
                    action: "FailJob".to_owned(),
                    on_exit_codes: Some(PodFailurePolicyOnExitCodesRequirement {
                        container_name: Some("churnctl".to_owned()),
                        operator: "In".to_owned(),
                        values: FINAL.iter().map(|code| i32::from(code.code())).collect(),
                    }),
                    ..PodFailurePolicyRule::default()
                },
                // A node that is drained is nobody's fault.
                PodFailurePolicyRule {
                    action: "Ignore".to_owned(),
                    on_pod_conditions: Some(vec![PodFailurePolicyOnPodConditionsPattern {
                        status: "True".to_owned(),
                        type_: "DisruptionTarget".to_owned(),
                    }]),
                    ..PodFailurePolicyRule::default()
                },
            ],
        }),
        pod_replacement_policy: Some("Failed".to_owned()),
        template: template(plan, name, args),
        ttl_seconds_after_finished: i32::try_from(plan.job_ttl_seconds).ok(),
        ..JobSpec::default()
    }
}

/// Every pod counts the shard of its index.
fn shards(plan: &Plan) -> JobSpec {
    let count = plan.shards;
    // Only the index is Kubernetes' to fill in.
    let data = literal(&plan.shard_data);
    let args = vec![
        "profile".to_owned(),
        format!("--shard=$(JOB_COMPLETION_INDEX)/{count}"),
        format!("--output={}", shard_file("$(JOB_COMPLETION_INDEX)", count)),
        data,
    ];
    let completions = i32::try_from(count).ok();
    let mut spec = job(plan, PROFILE, &[], 0);
    let pod = spec.template.spec.as_mut();
    if let Some(container) = pod.and_then(|pod| pod.containers.first_mut()) {
        container.args = Some(args);
    }
    JobSpec {
        backoff_limit: None,
        backoff_limit_per_index: Some(2),
        completion_mode: Some("Indexed".to_owned()),
        completions,
        max_failed_indexes: Some(0),
        parallelism: completions,
        ..spec
    }
}

/// Waits, suspended, until somebody has seen the shards complete.
fn merge(plan: &Plan) -> JobSpec {
    let args = [
        "profile".to_owned(),
        "merge".to_owned(),
        shard_file("*", plan.shards),
        "--output=artifacts/profiles/profile.json".to_owned(),
    ];
    JobSpec {
        suspend: Some(true),
        ..job(plan, MERGE, &args, 1)
    }
}

/// Shards of another cut have other names: no old one is merged with new ones.
fn shard_file(index: &str, count: u32) -> String {
    format!("artifacts/profiles/shard-{index}-of-{count}.json")
}

/// A Job that runs when it is applied.
fn once(plan: &Plan, name: &str, spec: JobSpec) -> Result<Job> {
    // A Job cannot be changed: what runs something else needs another name.
    let digest = Sha256::digest(tree(&spec)?.to_string().as_bytes());
    let hash = hex(&digest[..4]);
    let mut metadata = named(plan, name, meta::BATCH);
    metadata.name = Some(format!("{name}-{hash}"));
    Ok(Job {
        metadata,
        spec: Some(spec),
        ..Job::default()
    })
}
