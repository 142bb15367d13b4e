//! Everything that was found in the texts: rules, unit cases, Alertmanager configurations, routing
//! cases. A document is recognised by its content.

use std::sync::Arc;

use super::cases::CaseFile;
use super::node::{Node, Source, documents};
use super::routing::{Configuration, RoutingCase};
use super::rule::{GroupOf, Rule, RuleKind};
use super::sources;
use crate::error::{Error, Result};

/// What was found.
#[derive(Debug, Default)]
pub struct Library {
    /// The texts.
    pub sources: Vec<Arc<Source>>,
    /// Rules, in the order of the files.
    pub rules: Vec<Rule>,
    /// Test files of promtool.
    pub case_files: Vec<CaseFile>,
    /// Configurations of Alertmanagers: whole ones and AlertmanagerConfig objects.
    pub configurations: Vec<Configuration>,
    /// Routing cases.
    pub routing_cases: Vec<RoutingCase>,
    /// Names of the CronJobs among the objects.
    pub cron_jobs: Vec<String>,
    /// Documents that are something else.
    pub others: usize,
    /// What Alertmanager objects say of the namespaces of AlertmanagerConfig objects.
    strategies: Vec<Strategy>,
}

/// Whether AlertmanagerConfig objects take alerts of their own namespace only.
#[derive(Debug)]
enum Strategy {
    /// `None`: they take all.
    AllNamespaces,
    /// `OnNamespaceExceptForAlertmanagerNamespace`: those in this namespace take all.
    AllFrom(String),
}

impl Library {
    /// Reads all that these paths hold.
    ///
    /// # Errors
    /// Fails as [`sources::read`] does, and with 65 where a rule or a case has a wrong shape.
    pub fn read(paths: &[String]) -> Result<Self> {
        Self::of_sources(sources::read(paths)?)
    }

    /// Reads these texts.
    ///
    /// # Errors
    /// Fails with 65 where a rule or a case has a wrong shape.
    pub fn of_sources(sources: Vec<Arc<Source>>) -> Result<Self> {
        let mut library = Self {
            sources,
            ..Self::default()
        };
        for source in library.sources.clone() {
            for document in documents(&source)? {
                library.document(&source, &document)?;
            }
        }
        for configuration in &mut library.configurations {
            let takes_all = |strategy: &Strategy| match strategy {
                Strategy::AllNamespaces => true,
                Strategy::AllFrom(namespace) => configuration.namespace.as_ref() == Some(namespace),
            };
            if library.strategies.iter().any(takes_all) {
                configuration.ask_no_namespace();
            }
        }
        Ok(library)
    }

    /// Returns the rules that alert.
    pub fn alerts(&self) -> impl Iterator<Item = &Rule> {
        let rules = self.rules.iter();
        rules.filter(|rule| rule.kind == RuleKind::Alert)
    }

    /// Fails with 65 if there is no alert: a run that looked at nothing is no OK.
    ///
    /// # Errors
    /// As said.
    pub fn expect_alerts(&self, paths: &[String]) -> Result<()> {
        if self.alerts().next().is_some() {
            return Ok(());
        }
        let (paths, files) = (paths.join(", "), self.sources.len());
        let error = Error::bad_input(format!("no alerting rule in {paths} ({files} files read)"));
        Err(error
            .hint("PrometheusRule objects, rule files with `groups:` and lists of rules are read"))
    }

    fn document(&mut self, source: &Arc<Source>, document: &Node) -> Result<()> {
        let kind = document.scalar_at("kind").unwrap_or_default();
        let versioned = document.get("apiVersion").is_some();
        if versioned && kind.ends_with("List") && document.get("items").is_some() {
            let items = document.get("items").map_or(&[][..], Node::items);
            return items
                .iter()
                .try_for_each(|item| self.document(source, item));
        }
        if versioned {
            return self.object(source, document, &kind);
        }
        if let Some(groups) = document.get("groups") {
            return self.group_of(source, None).rules(groups, &mut self.rules);
        }
        if CaseFile::recognises(document) {
            self.case_files.push(CaseFile::read(source, document)?);
            return Ok(());
        }
        if document.get("route").is_some() && document.get("receivers").is_some() {
            let configuration = Configuration::of_file(source, document)?;
            self.configurations.push(configuration);
            return Ok(());
        }
        if let Some(cases) = document.get("routing") {
            for case in cases.items() {
                self.routing_cases.push(RoutingCase::read(source, case)?);
            }
            return Ok(());
        }
        // Rules copied out of a group, as documents and wikis have them.
        let items = document.items();
        let is_rule = |item: &Node| {
            (item.get("alert").is_some() || item.get("record").is_some())
                && item.get("expr").is_some()
        };
        if !items.is_empty() && items.iter().all(is_rule) {
            let group = self.group_of(source, None);
            for item in items {
                self.rules.push(group.rule(item, "-", None)?);
            }
            return Ok(());
        }
        self.others += 1;
        Ok(())
    }

    fn object(&mut self, source: &Arc<Source>, document: &Node, kind: &str) -> Result<()> {
        let name = document.at(&["metadata", "name"]).and_then(Node::scalar);
        match kind {
            "PrometheusRule" => {
                let Some(groups) = document.at(&["spec", "groups"]) else {
                    let error = Error::bad_input("a PrometheusRule without `spec.groups`");
                    return Err(error.at(source.place(document.spot.line)));
                };
                self.group_of(source, Some(document))
                    .rules(groups, &mut self.rules)?;
            }
            "AlertmanagerConfig" => {
                let configuration = Configuration::of_object(source, document)?;
                self.configurations.push(configuration);
            }
            "Alertmanager" => {
                let strategy = ["spec", "alertmanagerConfigMatcherStrategy", "type"];
                let namespace = document.at(&["metadata", "namespace"]);
                let namespace = namespace
                    .and_then(Node::scalar)
                    .unwrap_or_else(|| "default".to_owned());
                match document.at(&strategy).and_then(Node::scalar).as_deref() {
                    Some("None") => self.strategies.push(Strategy::AllNamespaces),
                    Some("OnNamespaceExceptForAlertmanagerNamespace") => {
                        self.strategies.push(Strategy::AllFrom(namespace));
                    }
                    _ => {}
                }
            }
            "CronJob" => self.cron_jobs.extend(name),
            _ => self.others += 1,
        }
        Ok(())
    }

    fn group_of<'a>(&self, source: &'a Arc<Source>, object: Option<&Node>) -> GroupOf<'a> {
        let metadata = |key: &str| {
            let value = object.and_then(|object| object.at(&["metadata", key]));
            value.and_then(Node::scalar)
        };
        GroupOf {
            source,
            object: object.map(|_| {
                let name = metadata("name").unwrap_or_else(|| "-".to_owned());
                format!("PrometheusRule/{name}")
            }),
            namespace: metadata("namespace"),
        }
    }
}
