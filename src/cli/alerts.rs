//! The words of `churnctl alerts`: list, show, lint, test; those of history have a file of their own.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use super::Global;
use super::alerts_history::HistoryArgs;
use super::columns::checked;
use super::global::{FormatArg, formats};
use crate::alerts::lint::LintOptions;
use crate::commands::alerts::{
    Fix, HistoryRequest, LintRequest, LintServer, ListRequest, LiveRequest, Outputs, ShowRequest,
    TestRequest,
};
use crate::commands::deployment;
use crate::commands::gateway::GatewayRequest;
use crate::error::{Error, Result};
use crate::http::client::BaseUrl;
use crate::reports::alerts::Thresholds;
use crate::settings::{AlertsSettings, Flags, Percent, Settings, Span};

const REPORTS: &str = "Reports";
const CASES: &str = "Cases";
const LIVE: &str = "Running servers";
const LINT_FORMATS: [&str; 8] = [
    "auto", "table", "plain", "json", "yaml", "github", "junit", "sarif",
];
const TEST_FORMATS: [&str; 7] = ["auto", "table", "plain", "json", "yaml", "github", "junit"];

const LIST_EXAMPLES: &str = "\
Examples:
  # Every rule in k8s/
  churnctl alerts list

  # What kustomize makes of an overlay
  kubectl kustomize overlays/prod | churnctl alerts list -

  # Critical alerts without a unit case
  churnctl alerts list --format json | jq -r '.rules[] | select(.severity == \"critical\" and .cases == 0) | .name'
";

const SHOW_EXAMPLES: &str = "\
Examples:
  # All there is to know about an alert that has just come
  churnctl alerts show ChurnApiDown

  # Who is told of it?
  churnctl alerts show ModelDataDrift --format json | jq -r '.rules[].routes[].receivers[]'
";

const LINT_EXAMPLES: &str = "\
Examples:
  # All rules in k8s/; exit code 2 on FAIL
  churnctl alerts lint

  # In a workflow: findings beside their lines, warnings fail, too
  churnctl alerts lint rules/ --format github --strict

  # Fix what can be fixed without a choice; first only look
  churnctl alerts lint rules/ --fix --dry-run

  # With the types of metrics, the scrape interval and the retention of a running server
  churnctl alerts lint rules/ --prometheus http://localhost:9090

  # What does a finding mean?
  churnctl alerts lint --explain namespace-lost

A comment switches a check off, for the rule below it or for the file:
  # churnctl: disable=traffic-guard an idle NIC has no errors
  # churnctl: disable-file=missing-runbook-url the runbook is being written

Exit codes: 0 nothing found, or warnings only; 2 something FAILs; 64 wrong usage; 65 not readable as
rules; 69 the server stayed away; 74 cannot read or write; 78 bad settings. `churnctl --help` lists all.
";

const TEST_EXAMPLES: &str = "\
Examples:
  # Unit cases, altered rules and routing cases in k8s/
  churnctl alerts test

  # In CI
  churnctl alerts test --min-coverage 100 --min-mutation 90 --junit alerts.xml

  # On running servers: an alert for each rule, to see where it arrives
  churnctl alerts test --live --prometheus http://localhost:9090 --alertmanager http://localhost:9093

  # The whole loop, from a false drift score to a webhook that is caught here
  churnctl alerts test --via-prometheus --prometheus http://localhost:9090 --alertmanager http://localhost:9093 --gateway http://localhost:9091 --catch 0.0.0.0:9999

  # Write the cases that none shows yet
  churnctl alerts test rules.yaml --generate rules_test.yaml

Routing cases are YAML with a list `routing:`, beside the configuration:
  routing:
    - alert: ModelDataDrift
      receivers: [ml-alerts, retrain]
    - name: a warning is inhibited while a critical alert fires
      labels: {alertname: ApiSlow, severity: warning, namespace: churn-mlops}
      firing: [{alertname: ApiDown, severity: critical, namespace: churn-mlops}]
      receivers: []
      inhibited: true
    - name: quiet on Saturdays
      labels: {severity: warning}
      at: 2026-01-03T10:00:00Z
      receivers: []
      muted: true

Exit codes: 0 proved; 2 something failed; 3 would start a retrain; 64 wrong usage; 65 not readable as rules; 69 a server
stayed away, or promtool or amtool is missing; 74 cannot read or write. `churnctl --help` lists all.
";

/// List, check, prove and look back at alerting rules
///
/// Takes PrometheusRule objects, rule files, AlertmanagerConfig objects, Alertmanager's configuration,
/// and promtool's test files, and tells them apart by their content.
#[derive(Debug, Clone, Args)]
pub(super) struct AlertsArgs {
    #[command(subcommand)]
    command: AlertsCommand,
}

#[derive(Debug, Clone, Subcommand)]
enum AlertsCommand {
    List(ListArgs),
    Show(ShowArgs),
    Lint(LintArgs),
    Test(Box<TestArgs>),
    History(HistoryArgs),
}

/// A task of `alerts`, ready to be done.
#[derive(Debug, Clone)]
pub enum AlertsTask {
    /// `alerts list`.
    List(ListRequest),
    /// `alerts show`.
    Show(Box<ShowRequest>),
    /// `alerts lint`.
    Lint(Box<LintRequest>),
    /// `alerts test`.
    Test(Box<TestRequest>),
    /// `alerts history`.
    History(Box<HistoryRequest>),
}

/// List every rule: severity, how long it waits, metrics, unit cases, place
#[derive(Debug, Clone, Args)]
#[command(after_long_help = LIST_EXAMPLES)]
struct ListArgs {
    #[command(flatten)]
    paths: PathArgs,
}

/// Show one alert: its rule, unit cases, who is told, and its runbook
///
/// Who is told is decided by the labels that the rule sets, as Alertmanager would; a route that asks
/// for a label of the series does not take it here. The runbook is that of churnctl's own alerts.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = SHOW_EXAMPLES)]
struct ShowArgs {
    /// The alert
    #[arg(value_name = "ALERT")]
    name: String,

    #[command(flatten)]
    paths: PathArgs,
}

#[derive(Debug, Clone, Args)]
struct PathArgs {
    /// Files and folders, - for standard input [default: k8s] [setting: proof.rules]
    ///
    /// Of a folder every file that ends in .yaml, .yml or .json is read, those below, too.
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    paths: Option<Vec<String>>,
}

/// Find what is wrong with rules before they are ever evaluated
///
/// Each finding has an id, a place, and what to do; `--explain ID` says more. A rule that cannot do
/// what it is for FAILs; what makes it worse than it could be is a WARN.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = LINT_EXAMPLES)]
struct LintArgs {
    #[command(flatten)]
    paths: PathArgs,

    /// Explain a check and check nothing; `all` lists the checks
    #[arg(long, value_name = "ID")]
    explain: Option<String>,

    /// Switch checks off
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    disable: Vec<String>,

    /// End with exit code 2 on warnings, too
    #[arg(long)]
    strict: bool,

    /// Fix what can be fixed without a choice, and show the difference
    ///
    /// Only bytes that a finding is about are changed. A file is written only if it can still be read
    /// and has fewer findings than before, and none that is new.
    #[arg(long)]
    fix: bool,

    /// With --fix: show the difference and write nothing
    #[arg(long, requires = "fix")]
    dry_run: bool,

    /// Time between two scrapes [assumed: 30s] [setting: proof.scrape_interval]
    #[arg(long, value_name = "TIME", value_parser = checked::<Span>)]
    scrape_interval: Option<String>,

    /// How long Prometheus keeps samples [assumed: 15d] [setting: proof.retention]
    #[arg(long, value_name = "TIME", value_parser = checked::<Span>)]
    retention: Option<String>,

    /// Prometheus to ask for types of metrics, scrape interval and retention
    ///
    /// Without it a metric's type is known from a list of common exporters, or guessed by its name,
    /// and what is guessed is a warning at most.
    #[arg(long, value_name = "URL", help_heading = LIVE, value_hint = ValueHint::Url)]
    prometheus: Option<String>,

    /// How to print the findings
    ///
    /// `github` prints workflow commands that show each finding beside its line, `sarif` is for code
    /// scanning.
    #[arg(long, value_name = "FORMAT", default_value = "auto", value_parser = formats(&LINT_FORMATS), help_heading = REPORTS)]
    format: FormatArg,

    /// JUnit report: one test case a rule
    #[arg(long, value_name = "FILE", help_heading = REPORTS, value_hint = ValueHint::FilePath)]
    junit: Option<PathBuf>,

    /// Markdown report
    ///
    /// Where GITHUB_STEP_SUMMARY is set, the same text is appended to that file.
    #[arg(long, value_name = "FILE", help_heading = REPORTS, value_hint = ValueHint::FilePath)]
    markdown: Option<PathBuf>,

    /// SARIF report
    #[arg(long, value_name = "FILE", help_heading = REPORTS, value_hint = ValueHint::FilePath)]
    sarif: Option<PathBuf>,
}

/// Prove that every alert fires when it should, is silent when it should, and reaches whom it should
///
/// promtool judges the rules and their unit cases as they are, each test file with its own
/// `rule_files`; churnctl counts for each alert whether some case shows it firing, silent, and
/// without data, and alters every threshold, comparator, `for` and label matcher in turn: an
/// alteration that no case notices is listed with the case that would.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = TEST_EXAMPLES)]
struct TestArgs {
    #[command(flatten)]
    paths: PathArgs,

    /// Least coverage, in percent
    ///
    /// The share of {fires, silent, no data} that some case shows, over all alerts.
    #[arg(long, value_name = "PERCENT", value_parser = checked::<Percent>, help_heading = CASES)]
    min_coverage: Option<String>,

    /// Least share of alterations that some case notices, in percent
    #[arg(long, value_name = "PERCENT", value_parser = checked::<Percent>, help_heading = CASES)]
    min_mutation: Option<String>,

    /// Alter no rules
    #[arg(long, help_heading = CASES)]
    no_mutation: bool,

    /// Write cases for what none shows yet, and test nothing; - for standard output
    ///
    /// Series are tried on promtool until each alert fires and is silent; labels and annotations are
    /// read back from it. The file passes as it stands. What was not found is named with the reason. Of
    /// a folder, one that is there or ends in a slash, each file of rules gets a file of its own. What
    /// exists is never overwritten.
    #[arg(long, value_name = "FILE|FOLDER", help_heading = CASES, value_hint = ValueHint::FilePath)]
    generate: Option<PathBuf>,

    /// promtool to run
    #[arg(long, value_name = "PROGRAM", default_value = "promtool", help_heading = CASES, value_hint = ValueHint::CommandName)]
    promtool: PathBuf,

    /// amtool to run
    #[arg(long, value_name = "PROGRAM", default_value = "amtool", help_heading = CASES, value_hint = ValueHint::CommandName)]
    amtool: PathBuf,

    /// Judge routes without amtool
    #[arg(long, help_heading = CASES)]
    no_amtool: bool,

    /// Prove on running servers, in place of promtool
    ///
    /// Both servers must be ready; rules must be loaded, healthy and those of the files; selectors
    /// must find series. Then an alert is sent for each rule, with its labels and the label
    /// `churnctl_test`, its receivers are read back, and the delivery is awaited as long as the
    /// running configuration says. It arrived only if --catch saw it, or a counter of that receiver
    /// alone did (Alertmanager 0.27 and newer with --enable-feature=receiver-name-in-metrics);
    /// otherwise it was sent, delivery not observable. What is silenced, inhibited or muted is told
    /// as that. All alerts are resolved at the end, also on Ctrl-C.
    #[arg(long, help_heading = LIVE)]
    live: bool,

    /// Prove the whole loop: push a false drift score, wait for the real rule, see the alert arrive
    #[arg(long, help_heading = LIVE, conflicts_with = "live")]
    via_prometheus: bool,

    /// URL of Prometheus
    #[arg(long, value_name = "URL", help_heading = LIVE, value_hint = ValueHint::Url)]
    prometheus: Option<String>,

    /// URL of Alertmanager
    #[arg(long, value_name = "URL", help_heading = LIVE, value_hint = ValueHint::Url)]
    alertmanager: Option<String>,

    /// URL of the Pushgateway, for --via-prometheus
    #[arg(long, value_name = "URL", help_heading = LIVE, value_hint = ValueHint::Url)]
    gateway: Option<String>,

    /// File with a bearer token for Prometheus and Alertmanager
    #[arg(long, value_name = "FILE", help_heading = LIVE, value_hint = ValueHint::FilePath)]
    token_file: Option<PathBuf>,

    /// PEM file with the certificates to trust, in place of the system's
    #[arg(long, value_name = "FILE", help_heading = LIVE, value_hint = ValueHint::FilePath)]
    ca_file: Option<PathBuf>,

    /// Longest time that a server may stay away
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = checked::<Span>, help_heading = LIVE)]
    deadline: String,

    /// Prove these alerts only
    #[arg(long, value_name = "ALERTS", value_delimiter = ',', help_heading = LIVE)]
    only: Vec<String>,

    /// Rule that --via-prometheus sets off [default: the first on model_drift_score]
    #[arg(long, value_name = "ALERT", help_heading = LIVE)]
    rule: Option<String>,

    /// Listen here for webhooks, and prove that they arrive; -v shows them
    ///
    /// Point a webhook of a receiver at this address for the test.
    #[arg(long, value_name = "HOST:PORT", help_heading = LIVE)]
    catch: Option<String>,

    /// Let the test start a retrain
    ///
    /// Without it no alert is sent that is labelled `action: retrain` or goes to a receiver with
    /// `retrain` in its name.
    #[arg(long, help_heading = LIVE)]
    allow_retrain: bool,

    /// How to print the result
    ///
    /// `github` prints workflow commands that show failures beside their lines.
    #[arg(long, value_name = "FORMAT", default_value = "auto", value_parser = formats(&TEST_FORMATS), help_heading = REPORTS)]
    format: FormatArg,

    /// JUnit report
    #[arg(long, value_name = "FILE", help_heading = REPORTS, value_hint = ValueHint::FilePath)]
    junit: Option<PathBuf>,

    /// Markdown report
    ///
    /// Where GITHUB_STEP_SUMMARY is set, the same text is appended to that file.
    #[arg(long, value_name = "FILE", help_heading = REPORTS, value_hint = ValueHint::FilePath)]
    markdown: Option<PathBuf>,
}

impl AlertsArgs {
    /// Returns the settings that the words set.
    pub(super) fn flags(&self) -> Flags {
        let mut flags = Flags::default();
        let paths = match &self.command {
            AlertsCommand::List(args) => &args.paths,
            AlertsCommand::Show(args) => &args.paths,
            AlertsCommand::Lint(args) => {
                flags.one("proof.scrape_interval", args.scrape_interval.as_ref());
                flags.one("proof.retention", args.retention.as_ref());
                &args.paths
            }
            AlertsCommand::Test(args) => {
                flags.one("proof.min_coverage", args.min_coverage.as_ref());
                flags.one("proof.min_mutation", args.min_mutation.as_ref());
                flags.one("proof.prometheus", args.prometheus.as_ref());
                flags.one("proof.alertmanager", args.alertmanager.as_ref());
                let path =
                    |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
                flags.one("proof.token_file", path(&args.token_file));
                flags.one("proof.ca_file", path(&args.ca_file));
                flags.one("push.gateway", args.gateway.as_ref());
                &args.paths
            }
            AlertsCommand::History(args) => {
                args.flags(&mut flags);
                return flags;
            }
        };
        flags.many("proof.rules", paths.paths.as_ref());
        flags
    }

    /// Makes the task.
    ///
    /// # Errors
    /// Fails with 64 where the words contradict each other.
    pub(super) fn task(self, global: &Global, settings: &Settings) -> Result<AlertsTask> {
        let set = &settings.alerts;
        let paths = set.rules.clone();
        Ok(match self.command {
            AlertsCommand::List(_) => AlertsTask::List(ListRequest { paths }),
            AlertsCommand::Show(args) => AlertsTask::Show(Box::new(ShowRequest {
                name: args.name,
                paths,
                options: deployment::plan(settings)?.rules,
            })),
            AlertsCommand::Lint(args) => AlertsTask::Lint(Box::new(LintRequest {
                paths,
                options: lint_options(set, args.disable),
                fix: match (args.fix, args.dry_run) {
                    (true, false) => Some(Fix::Write),
                    (true, true) => Some(Fix::Show),
                    (false, _) => None,
                },
                server: lint_server(args.prometheus.as_ref(), set)?,
                is_strict: args.strict,
                explain: args.explain,
                export: global.export(),
                outputs: Outputs {
                    junit: args.junit,
                    markdown: args.markdown,
                    sarif: args.sarif,
                },
            })),
            AlertsCommand::History(args) => AlertsTask::History(Box::new(args.request(settings)?)),
            AlertsCommand::Test(args) => AlertsTask::Test(Box::new(TestRequest {
                paths,
                live: live(&args, settings)?,
                promtool: args.promtool,
                amtool: (!args.no_amtool).then_some(args.amtool),
                mutate: !args.no_mutation,
                thresholds: Thresholds {
                    coverage_percent: set.min_coverage.get(),
                    mutation_percent: set.min_mutation.get(),
                },
                generate: args.generate,
                export: global.export(),
                outputs: Outputs {
                    junit: args.junit,
                    markdown: args.markdown,
                    sarif: None,
                },
            })),
        })
    }
}

fn lint_options(set: &AlertsSettings, disabled: Vec<String>) -> LintOptions {
    let milliseconds = |span: Span| span.get().as_millis() as u64;
    let assumed = LintOptions::default();
    LintOptions {
        scrape_interval: set
            .scrape_interval
            .map_or(assumed.scrape_interval, milliseconds),
        is_interval_known: set.scrape_interval.is_some(),
        retention: set.retention.map(milliseconds),
        disabled,
        ..assumed
    }
}

fn lint_server(url: Option<&String>, set: &AlertsSettings) -> Result<Option<LintServer>> {
    let Some(url) = url else { return Ok(None) };
    let url = url
        .parse()
        .map_err(|why| Error::usage(format!("--prometheus: {why}")))?;
    Ok(Some(LintServer {
        url,
        token_file: set.token_file.clone(),
        ca_file: set.ca_file.clone(),
    }))
}

fn live(args: &TestArgs, settings: &Settings) -> Result<Option<LiveRequest>> {
    if !args.live && !args.via_prometheus {
        let stray = [
            (args.catch.is_some(), "--catch"),
            (args.allow_retrain, "--allow-retrain"),
            (!args.only.is_empty(), "--only"),
            (args.rule.is_some(), "--rule"),
            (args.prometheus.is_some(), "--prometheus"),
            (args.alertmanager.is_some(), "--alertmanager"),
            (args.gateway.is_some(), "--gateway"),
        ];
        return match stray.iter().find(|(given, _)| *given) {
            None => Ok(None),
            Some((_, flag)) => Err(Error::usage(format!("{flag} is for running servers"))
                .hint("add --live or --via-prometheus")),
        };
    }
    let set = &settings.alerts;
    let url = |value: &Option<String>, flag: &str| -> Result<BaseUrl> {
        let missing = || {
            let error = Error::usage(format!("no URL of {}", flag.trim_start_matches("--")));
            let key = flag.trim_start_matches("--");
            error.hint(format!("{flag} URL, or proof.{key} in churnctl.toml"))
        };
        let text = value.as_ref().ok_or_else(missing)?;
        text.parse()
            .map_err(|why| Error::usage(format!("{flag}: {why}")))
    };
    Ok(Some(LiveRequest {
        prometheus: url(&set.prometheus, "--prometheus")?,
        alertmanager: url(&set.alertmanager, "--alertmanager")?,
        token_file: set.token_file.clone(),
        ca_file: set.ca_file.clone(),
        deadline: args.deadline.parse::<Span>().map_err(Error::usage)?.get(),
        only: args.only.clone(),
        catch: args.catch.clone(),
        allow_retrain: args.allow_retrain,
        gateway: match args.via_prometheus {
            true => Some(GatewayRequest::from_settings(settings)?),
            false => None,
        },
        rule: args.rule.clone(),
    }))
}
