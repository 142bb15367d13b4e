//! What the deployment is made from: every name, size and switch. Checked by whom it comes from.

use churn_alerts::catalogue::Options;

/// How addresses of models in a registry begin.
const MODELS: &str = "models:/";

/// A request and a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resources {
    /// CPU that is set aside, such as `100m`.
    pub cpu_request: String,
    /// CPU that may be used.
    pub cpu_limit: String,
    /// Memory that is set aside, such as `64Mi`.
    pub memory_request: String,
    /// Memory that may be used.
    pub memory_limit: String,
}

/// A part of the deployment that can be left out or added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Deployment, Service, autoscaler and disruption budget of the API.
    Api,
    /// CronJobs: drift, retrain, batch score.
    Jobs,
    /// The webhook that starts a retrain.
    Hook,
    /// A Pushgateway for the CronJobs.
    Pushgateway,
    /// What the Prometheus Operator reads.
    Monitoring,
    /// Dashboards for Grafana's sidecar.
    Dashboards,
    /// A Job that trains the first model.
    SeedModel,
    /// Jobs that make the profile of large data by shards.
    ProfileShards,
    /// The drift check as a long-running exporter.
    DriftExporter,
    /// KServe: an InferenceService.
    Kserve,
    /// Argo CD: an Application.
    Argocd,
    /// Argo Events: webhook and trigger in place of the hook.
    ArgoEvents,
    /// Values for the Helm chart kube-prometheus-stack.
    HelmValues,
    /// Kubeflow Pipelines: the loop as a compiled pipeline.
    Kfp,
    /// External Secrets: the secrets out of AWS Secrets Manager.
    ExternalSecrets,
}

impl Part {
    /// Every part.
    pub const ALL: [Self; 15] = [
        Self::Api,
        Self::Jobs,
        Self::Hook,
        Self::Pushgateway,
        Self::Monitoring,
        Self::Dashboards,
        Self::SeedModel,
        Self::ProfileShards,
        Self::DriftExporter,
        Self::Kserve,
        Self::Argocd,
        Self::ArgoEvents,
        Self::HelmValues,
        Self::Kfp,
        Self::ExternalSecrets,
    ];

    /// Returns the word in the settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Jobs => "jobs",
            Self::Hook => "hook",
            Self::Pushgateway => "pushgateway",
            Self::Monitoring => "monitoring",
            Self::Dashboards => "dashboards",
            Self::SeedModel => "seed-model",
            Self::ProfileShards => "profile-shards",
            Self::DriftExporter => "drift-exporter",
            Self::Kserve => "kserve",
            Self::Argocd => "argocd",
            Self::ArgoEvents => "argo-events",
            Self::HelmValues => "helm-values",
            Self::Kfp => "kfp",
            Self::ExternalSecrets => "external-secrets",
        }
    }
}

/// Who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Receiver {
    /// A Slack channel.
    Slack,
    /// Mail.
    Email,
    /// PagerDuty, for critical alerts.
    Pagerduty,
    /// Any webhook.
    Webhook,
    /// A service outside that alarms when ChurnWatchdog stops coming; no other alert goes there.
    Watchdog,
}

impl Receiver {
    /// Every receiver.
    pub const ALL: [Self; 5] = [
        Self::Slack,
        Self::Email,
        Self::Pagerduty,
        Self::Webhook,
        Self::Watchdog,
    ];

    /// Returns the word in the settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Slack => "slack",
            Self::Email => "email",
            Self::Pagerduty => "pagerduty",
            Self::Webhook => "webhook",
            Self::Watchdog => "watchdog",
        }
    }

    /// Returns the key of the Secret that holds what must not be seen.
    #[must_use]
    pub const fn secret_key(self) -> &'static str {
        match self {
            Self::Slack => "slack-webhook-url",
            Self::Email => "smtp-password",
            Self::Pagerduty => "pagerduty-routing-key",
            Self::Webhook => "webhook-url",
            Self::Watchdog => "watchdog-url",
        }
    }
}

/// In which form Alertmanager is configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertmanagerForm {
    /// An AlertmanagerConfig object.
    Config,
    /// The Secret that Alertmanager reads as a whole.
    Secret,
}

/// Where notifications go, and how they are grouped.
#[derive(Debug, Clone, PartialEq)]
pub struct Alerting {
    /// Who is told.
    pub receivers: Vec<Receiver>,
    /// Whether alerts that start a retrain are told to the receivers, too.
    pub tell_retrain: bool,
    /// In which form.
    pub form: AlertmanagerForm,
    /// Name of the Secret with the receivers' secrets.
    pub secret: String,
    /// The Slack channel.
    pub slack_channel: String,
    /// Who gets mail.
    pub email_to: String,
    /// Who mail is from, and the user at the mail server.
    pub email_from: String,
    /// Mail server with port.
    pub smarthost: String,
    /// How long to wait for more alerts of a new group.
    pub group_wait: String,
    /// How long to wait before a group that grew is told again.
    pub group_interval: String,
    /// How long before a group that still fires is told again.
    pub repeat_interval: String,
}

/// How Prometheus finds its targets without the Operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discovery {
    /// Listed in the configuration.
    Static,
    /// Listed in files that Prometheus watches.
    File,
    /// DNS names.
    Dns,
    /// EC2 instances with a tag.
    Ec2,
    /// Kubernetes' API.
    Kubernetes,
}

/// The flavor for those without the Operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plain {
    /// How targets are found.
    pub discovery: Discovery,
    /// How often targets are scraped and rules evaluated.
    pub interval: String,
    /// Hosts and ports of the API.
    pub api_targets: Vec<String>,
    /// Hosts and ports of the Pushgateway.
    pub pushgateway_targets: Vec<String>,
    /// Hosts and ports of node-exporter; none for no job.
    pub node_targets: Vec<String>,
    /// Hosts and ports of kube-state-metrics; none for no job.
    pub state_metrics_targets: Vec<String>,
    /// Hosts and ports of Alertmanager.
    pub alertmanager_targets: Vec<String>,
    /// The webhook that starts a retrain.
    pub hook_url: String,
    /// Folder of files with secrets, as Alertmanager sees it.
    pub secrets_folder: String,
}

/// Everything that the deployment is made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Name of the model.
    pub model: String,
    /// Namespace.
    pub namespace: String,
    /// Namespace that Prometheus runs in.
    pub monitoring_namespace: String,
    /// Value of the label `release` by which Prometheus selects its objects.
    pub release: String,
    /// What is rendered.
    pub parts: Vec<Part>,
    /// Image without tag and digest.
    pub image: String,
    /// Digest of the image, `sha256:...`.
    pub image_digest: String,
    /// Secret for pulling images.
    pub image_pull_secret: Option<String>,
    /// Image of the Pushgateway, by digest.
    pub pushgateway_image: String,
    /// User and group that everything runs as.
    pub user: u32,
    /// Role on AWS for the ServiceAccounts.
    pub iam_role: Option<String>,
    /// Labels of the nodes that pods go to.
    pub node_selector: Vec<(String, String)>,
    /// Replicas of the API without an autoscaler, and its minimum with one.
    pub replicas: u32,
    /// Most replicas; as many as `replicas` for no autoscaler.
    pub max_replicas: u32,
    /// CPU use of the requests, in percent, that the autoscaler aims at.
    pub hpa_cpu_percent: u32,
    /// Resources of the API.
    pub api: Resources,
    /// Resources of the jobs.
    pub jobs: Resources,
    /// Size of the volume.
    pub storage: String,
    /// Storage class; the cluster's default if none.
    pub storage_class: Option<String>,
    /// Access mode of the volume.
    pub access_mode: String,
    /// The model that the API serves: a path below `data_path`, or an address in a registry.
    pub api_model: String,
    /// Tracking server, for a model in its registry.
    pub tracking_uri: Option<String>,
    /// The prediction log of the API, if there is one: settings of `serve.` and their values.
    pub prediction_log: Vec<(&'static str, serde_json::Value)>,
    /// Settings of the drift check: the parts of their keys below `drift`, and their values.
    pub drift: Vec<(Vec<String>, serde_json::Value)>,
    /// Settings of when a retrain starts: the same below `retrain`.
    pub retrain: Vec<(Vec<String>, serde_json::Value)>,
    /// PEM texts with public keys: set, the API loads only models that one of them has signed.
    pub trusted_keys: Vec<String>,
    /// Name of the Secret with the private key that signs what the jobs train.
    pub sign_secret: Option<String>,
    /// Whether requests to the API must have a token.
    pub api_auth: bool,
    /// Name of the Secret with the API's token.
    pub api_secret: String,
    /// Whether a policy pins what the hook may create.
    pub admission_policy: bool,
    /// Where the volume is mounted, and where the program runs.
    pub data_path: String,
    /// Time zone of the schedules.
    pub timezone: String,
    /// Schedule of the drift check.
    pub drift_schedule: String,
    /// Schedule of the retrain.
    pub retrain_schedule: String,
    /// Schedule of the batch scores.
    pub score_schedule: String,
    /// CronJobs that are suspended.
    pub suspend: Vec<String>,
    /// Label of the training data, if it needs naming.
    pub label: Option<String>,
    /// Column with the score, if it is set.
    pub score: Option<String>,
    /// What counts as churned, if it needs naming.
    pub positive: Option<String>,
    /// Seconds before a failed or finished Job is removed.
    pub job_ttl_seconds: u32,
    /// Most seconds a job may run.
    pub job_deadline_seconds: u32,
    /// Ports outside of the namespace that jobs may reach.
    pub job_egress_ports: Vec<u16>,
    /// The same for the API; none for no way out.
    pub api_egress_ports: Vec<u16>,
    /// The same for the drift exporter.
    pub exporter_egress_ports: Vec<u16>,
    /// Data whose profile is made by shards.
    pub shard_data: String,
    /// How many shards there are.
    pub shards: u32,
    /// Where the artifact is that KServe serves.
    pub kserve_storage_uri: String,
    /// Repository that Argo CD deploys from.
    pub argocd_repository: String,
    /// Region on AWS.
    pub aws_region: String,
    /// Name of the secret in AWS Secrets Manager.
    pub aws_secret: String,
    /// Name of the Secret with the hook's token.
    pub hook_secret: String,
    /// Notifications.
    pub alerting: Alerting,
    /// The rules.
    pub rules: Options,
    /// Without the Operator.
    pub plain: Plain,
}

impl Plan {
    /// Tells whether a part is rendered.
    #[must_use]
    pub fn has(&self, part: Part) -> bool {
        self.parts.contains(&part)
    }

    /// Returns the image of churnctl, by digest.
    #[must_use]
    pub fn image(&self) -> String {
        format!("{}@{}", self.image, self.image_digest)
    }

    /// Returns the name of the API's Deployment and Service.
    #[must_use]
    pub fn api_name(&self) -> &str {
        &self.rules.api_job
    }

    /// Returns what the rules are made from: of parts that are not rendered there are none. Nodes,
    /// Kubernetes' objects and containers are watched by kube-prometheus-stack.
    #[must_use]
    pub(super) fn operator_rules(&self) -> Options {
        let parts = self.parts.iter().map(|part| part.as_str());
        let exporters = ["node-exporter", "kube-state-metrics", "kubelet"];
        Options {
            sources: parts.chain(exporters).collect(),
            ..self.rules.clone()
        }
    }

    /// Returns the Secret with the API's token, if requests must have one.
    #[must_use]
    pub(super) fn api_token_secret(&self) -> Option<&str> {
        let serves = self.has(Part::Api) || self.has(Part::Kserve);
        (self.api_auth && serves).then_some(self.api_secret.as_str())
    }

    /// Tells whether the API reads its model from the volume.
    #[must_use]
    pub fn api_reads_volume(&self) -> bool {
        !self.api_model.starts_with(MODELS)
    }

    /// Tells whether the volume is there on one node at a time, so that all who use it must be there.
    #[must_use]
    pub fn is_on_one_node(&self) -> bool {
        self.access_mode != "ReadWriteMany"
    }

    /// Tells whether there is an autoscaler.
    #[must_use]
    pub const fn scales(&self) -> bool {
        self.max_replicas > self.replicas
    }
}

/// The plan of the default settings: what tests render.
#[cfg(any(test, feature = "sample"))]
pub fn sample() -> Plan {
    let size =
        |cpu_request: &str, cpu_limit: &str, memory_request: &str, memory_limit: &str| Resources {
            cpu_request: cpu_request.to_owned(),
            cpu_limit: cpu_limit.to_owned(),
            memory_request: memory_request.to_owned(),
            memory_limit: memory_limit.to_owned(),
        };
    let text = str::to_owned;
    Plan {
        model: text("churn"),
        namespace: text("churn-mlops"),
        monitoring_namespace: text("monitoring"),
        release: text("prometheus"),
        parts: Part::ALL[..7].to_vec(),
        image: text("registry.example.com/churnctl"),
        image_digest: format!("sha256:{}", "0".repeat(64)),
        image_pull_secret: None,
        pushgateway_image: text(
            "prom/pushgateway@sha256:03738d278e082ee9821df730c741b3b465c251fc2b68a85883def301a55a6215",
        ),
        user: 65_532,
        iam_role: None,
        node_selector: Vec::new(),
        replicas: 2,
        max_replicas: 6,
        hpa_cpu_percent: 70,
        api: size("100m", "1", "64Mi", "256Mi"),
        jobs: size("250m", "2", "256Mi", "1Gi"),
        storage: text("10Gi"),
        storage_class: None,
        access_mode: text("ReadWriteOnce"),
        api_model: text("artifacts/models/production_latest.json"),
        tracking_uri: None,
        prediction_log: Vec::new(),
        drift: Vec::new(),
        retrain: Vec::new(),
        trusted_keys: Vec::new(),
        sign_secret: None,
        api_auth: true,
        api_secret: text("churn-api-token"),
        admission_policy: true,
        data_path: text("/srv/churn"),
        timezone: text("Etc/UTC"),
        drift_schedule: text("0 1 * * *"),
        retrain_schedule: text("0 3 * * 0"),
        score_schedule: text("0 2 * * *"),
        suspend: Vec::new(),
        label: None,
        score: None,
        positive: None,
        job_ttl_seconds: 259_200,
        job_deadline_seconds: 7200,
        job_egress_ports: vec![443],
        api_egress_ports: Vec::new(),
        exporter_egress_ports: vec![443],
        shard_data: text("data/features/user_features_daily.csv"),
        shards: 8,
        kserve_storage_uri: text("pvc://churn-mlops-pvc/artifacts/models"),
        argocd_repository: text("https://git.example.com/churn-mlops.git"),
        aws_region: text("eu-central-1"),
        aws_secret: text("churn-mlops"),
        hook_secret: text("churn-retrain-hook"),
        alerting: Alerting {
            receivers: vec![Receiver::Slack, Receiver::Email],
            tell_retrain: true,
            form: AlertmanagerForm::Config,
            secret: text("churn-alerting"),
            slack_channel: text("#ml-alerts"),
            email_to: text("ml-team@company.com"),
            email_from: text("alerts@company.com"),
            smarthost: text("smtp.gmail.com:587"),
            group_wait: text("30s"),
            group_interval: text("5m"),
            repeat_interval: text("4h"),
        },
        rules: Options::default(),
        plain: Plain {
            discovery: Discovery::Static,
            interval: text("15s"),
            api_targets: vec![text("localhost:8000")],
            pushgateway_targets: vec![text("localhost:9091")],
            node_targets: vec![text("localhost:9100")],
            state_metrics_targets: Vec::new(),
            alertmanager_targets: vec![text("localhost:9093")],
            hook_url: text("http://localhost:8080/alertmanager"),
            secrets_folder: text("/etc/alertmanager/secrets"),
        },
    }
}
