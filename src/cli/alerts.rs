//! The words of `churnctl alerts`: list, lint, test.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use super::Global;
use super::columns::checked;
use super::global::{FormatArg, formats};
use crate::alerts::lint::LintOptions;
use crate::commands::alerts::{LintRequest, ListRequest, Outputs, TestRequest};
use crate::error::Result;
use crate::reports::alerts::Thresholds;
use crate::settings::{Flags, Percent, Settings, Span};

const REPORTS: &str = "Reports";
const CASES: &str = "Cases";
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

const LINT_EXAMPLES: &str = "\
Examples:
  # All rules in k8s/; exit code 2 on FAIL
  churnctl alerts lint

  # In a workflow: findings beside their lines, warnings fail, too
  churnctl alerts lint rules/ --format github --strict

  # What does a finding mean?
  churnctl alerts lint --explain namespace-lost

A comment switches a check off, for the rule below it or for the file:
  # churnctl: disable=traffic-guard an idle NIC has no errors
  # churnctl: disable-file=missing-runbook-url the runbook is being written

Exit codes: 0 nothing found, or warnings only; 2 something FAILs; 64 wrong usage; 65 not readable as
rules; 74 cannot read or write; 78 bad settings. `churnctl --help` lists all.
";

const TEST_EXAMPLES: &str = "\
Examples:
  # Unit cases, altered rules and routing cases in k8s/
  churnctl alerts test

  # In CI
  churnctl alerts test --min-coverage 100 --min-mutation 90 --junit alerts.xml

  # Begin cases for what none shows yet
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

Exit codes: 0 proved; 2 something failed; 1 promtool or amtool is missing; 64 wrong usage; 65 not
readable as rules; 69 a server stayed away; 74 cannot read or write. `churnctl --help` lists all.
";

/// List, check and prove alerting rules
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
    Lint(LintArgs),
    Test(Box<TestArgs>),
}

/// A task of `alerts`, ready to be done.
#[derive(Debug, Clone)]
pub enum AlertsTask {
    /// `alerts list`.
    List(ListRequest),
    /// `alerts lint`.
    Lint(LintRequest),
    /// `alerts test`.
    Test(Box<TestRequest>),
}

/// List every rule: severity, how long it waits, metrics, unit cases, place
#[derive(Debug, Clone, Args)]
#[command(after_long_help = LIST_EXAMPLES)]
struct ListArgs {
    #[command(flatten)]
    paths: PathArgs,
}

#[derive(Debug, Clone, Args)]
struct PathArgs {
    /// Files and folders, - for standard input [default: k8s] [setting: alerts.rules]
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

    /// Time between two scrapes [default: 30s] [setting: alerts.scrape_interval]
    #[arg(long, value_name = "TIME", value_parser = checked::<Span>)]
    scrape_interval: Option<String>,

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
/// Runs promtool's unit cases that lie beside the rules, counts for each alert whether some case
/// shows it firing, silent, and without data, and alters every threshold, comparator, `for` and
/// label matcher in turn: an alteration that no case notices is listed with the case that would.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = TEST_EXAMPLES)]
struct TestArgs {
    #[command(flatten)]
    paths: PathArgs,

    /// Least coverage, in percent [default: 0] [setting: alerts.min_coverage]
    ///
    /// The share of {fires, silent, no data} that some case shows, over all alerts.
    #[arg(long, value_name = "PERCENT", value_parser = checked::<Percent>, help_heading = CASES)]
    min_coverage: Option<String>,

    /// Least share of alterations that some case notices, in percent [default: 0] [setting: alerts.min_mutation]
    #[arg(long, value_name = "PERCENT", value_parser = checked::<Percent>, help_heading = CASES)]
    min_mutation: Option<String>,

    /// Alter no rules
    #[arg(long, help_heading = CASES)]
    no_mutation: bool,

    /// Write skeletons of cases for what none shows yet, and test nothing; - for standard output
    #[arg(long, value_name = "FILE", help_heading = CASES, value_hint = ValueHint::FilePath)]
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
            AlertsCommand::Lint(args) => {
                flags.one("alerts.scrape_interval", args.scrape_interval.as_ref());
                &args.paths
            }
            AlertsCommand::Test(args) => {
                flags.one("alerts.min_coverage", args.min_coverage.as_ref());
                flags.one("alerts.min_mutation", args.min_mutation.as_ref());
                &args.paths
            }
        };
        flags.many("alerts.rules", paths.paths.as_ref());
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
            AlertsCommand::Lint(args) => AlertsTask::Lint(LintRequest {
                paths,
                options: LintOptions {
                    scrape_interval: set.scrape_interval.get().as_millis() as u64,
                    disabled: args.disable,
                },
                is_strict: args.strict,
                explain: args.explain,
                export: global.export(),
                outputs: Outputs {
                    junit: args.junit,
                    markdown: args.markdown,
                    sarif: args.sarif,
                },
            }),
            AlertsCommand::Test(args) => AlertsTask::Test(Box::new(TestRequest {
                paths,
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
