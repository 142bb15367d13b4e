//! Everything that was found in the texts: rules, unit cases, Alertmanager configurations, routing
//! cases. A document is recognised by its content. What cannot be read is told, and the rest goes on.

use std::sync::Arc;

use churn_base::error::{Error, Result};

use super::cases::CaseFile;
use super::node::{Document, Node, Source, Spot};
use super::promql;
use super::refusal::{Refusal, RefusalKind};
use super::routing::{Configuration, RoutingCase, read_file, read_object};
use super::rule::{Rule, RuleAt, RuleKind, RuleReader};
use super::schema;
use super::sources;
use super::yaml::read;

/// What was found.
#[derive(Debug, Default)]
pub struct Library {
    /// The texts.
    pub sources: Vec<Arc<Source>>,
    /// Rules, in the order of the files.
    pub rules: Vec<Rule>,
    /// Where the rules stand.
    pub rule_sets: Vec<RuleSet>,
    /// Test files of promtool.
    pub case_files: Vec<CaseFile>,
    /// Configurations of Alertmanagers: whole ones and AlertmanagerConfig objects.
    pub configurations: Vec<Configuration>,
    /// Routing cases.
    pub routing_cases: Vec<RoutingCase>,
    /// Names of the CronJobs among the objects.
    pub cron_jobs: Vec<String>,
    /// What Prometheus or Alertmanager would refuse.
    pub refusals: Vec<Refusal>,
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

/// A document with rules.
#[derive(Debug, Clone)]
pub struct RuleSet {
    /// The file.
    pub source: Arc<Source>,
    /// What it is.
    pub form: RuleForm,
    /// `groups`, or the rules of a list.
    pub node: Node,
}

/// What a document with rules is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleForm {
    /// A file that Prometheus loads as it is.
    File,
    /// A PrometheusRule object, or groups behind other documents: they are cut out.
    Object,
    /// Rules without a group.
    List,
}

impl Library {
    /// Reads all that these paths hold, and the rules that test files among them name.
    ///
    /// # Errors
    /// Fails as [`sources::read`] does.
    pub fn read(paths: &[String]) -> Result<Self> {
        let mut library = Self::of_sources(sources::read(paths)?)?;
        let named: Vec<_> = library
            .case_files
            .iter()
            .flat_map(CaseFile::rule_paths)
            .collect();
        for path in named {
            let known = |source: &Arc<Source>| sources::is_same(&source.name, &path);
            if !library.sources.iter().any(known) {
                let mut found = sources::read(&[path.display().to_string()])?;
                library.sources.append(&mut found.clone());
                for source in found.drain(..) {
                    library.source(&source)?;
                }
            }
        }
        library.link();
        Ok(library)
    }

    /// Reads these texts.
    ///
    /// # Errors
    /// Fails with 65 where a case has a wrong shape.
    pub fn of_sources(sources: Vec<Arc<Source>>) -> Result<Self> {
        let mut library = Self {
            sources,
            ..Self::default()
        };
        for source in library.sources.clone() {
            library.source(&source)?;
        }
        library.link();
        Ok(library)
    }

    /// Finds the rule sets that each test file loads. Where its patterns find no file at all, and
    /// there are rules that promtool could not load from one, those are meant. What Alertmanager
    /// objects say of namespaces goes to the AlertmanagerConfig objects.
    fn link(&mut self) {
        let all: Vec<usize> = (0..self.rule_sets.len()).collect();
        let beside_files = self
            .rule_sets
            .iter()
            .any(|set| set.form != RuleForm::File || set.source.name == "-");
        for file in &mut self.case_files {
            let paths = file.rule_paths();
            let loads = |set: &&usize| {
                let name = &self.rule_sets[**set].source.name;
                paths.iter().any(|path| sources::is_same(name, path))
            };
            file.sets = match file.rule_files.is_empty() || paths.is_empty() && beside_files {
                true => all.clone(),
                false => all.iter().filter(loads).copied().collect(),
            };
        }
        for configuration in &mut self.configurations {
            let takes_all = |strategy: &Strategy| match strategy {
                Strategy::AllNamespaces => true,
                Strategy::AllFrom(namespace) => configuration.namespace.as_ref() == Some(namespace),
            };
            if self.strategies.iter().any(takes_all) {
                configuration.ask_no_namespace();
            }
        }
    }

    /// Returns the rules that alert.
    pub fn alerts(&self) -> impl Iterator<Item = &Rule> {
        let rules = self.rules.iter();
        rules.filter(|rule| rule.kind == RuleKind::Alert)
    }

    /// Fails with 65 if there is nothing to look at: a run that looked at nothing is not an OK.
    ///
    /// # Errors
    /// As said; what could not be read is the error if there is nothing else.
    pub fn expect_rules(&self, paths: &[String]) -> Result<()> {
        if !self.rules.is_empty() {
            return Ok(());
        }
        let mut refused = self.refusals.iter();
        if let Some(refusal) = refused.find(|one| one.kind != RefusalKind::NeedsNewer) {
            return Err(refusal.to_error());
        }
        let (paths, files) = (paths.join(", "), self.sources.len());
        let error = Error::bad_input(format!("no rule in {paths} ({files} files read)"));
        Err(error
            .hint("PrometheusRule objects, rule files with `groups:` and lists of rules are read"))
    }

    fn source(&mut self, source: &Arc<Source>) -> Result<()> {
        let known = self.rules.len();
        let (documents, broken) = read(source);
        let mut first_is_plain = false;
        for (at, document) in documents.iter().enumerate() {
            let is_plain = document.root.get("apiVersion").is_none();
            first_is_plain |= at == 0 && is_plain;
            let ours = document.root.get("routing").is_some();
            if at > 0 && is_plain && first_is_plain && !ours {
                self.refuse(
                    RefusalKind::NeverLoaded,
                    source,
                    document.root.spot,
                    "a second YAML document, which Prometheus and Alertmanager never load",
                    "make it a file of its own",
                );
                continue;
            }
            for (spot, said) in &document.faults {
                self.refuse(
                    RefusalKind::Refused,
                    source,
                    *spot,
                    said,
                    "keep one of them",
                );
            }
            self.document(source, document, at == 0)?;
        }
        for rule in &self.rules[known..] {
            promql::check_size(&rule.expr.value).map_err(|said| {
                Error::bad_input(format!("alert or record {}: {said}", rule.name))
                    .at(source.place(rule.expr.spot.line))
                    .hint("record parts of it as series of their own")
            })?;
        }
        if let Some(error) = broken {
            let line = error.place().and_then(|place| place.line).unwrap_or(1);
            let spot = Spot {
                line,
                ..Spot::default()
            };
            match is_template(&source.text, line) {
                true => self.refuse(
                    RefusalKind::Template,
                    source,
                    spot,
                    &format!("a template, as of Helm, and {error}"),
                    "render it first: helm template CHART | churnctl alerts lint -",
                ),
                false => self.refuse(RefusalKind::Refused, source, spot, &error.to_string(), ""),
            }
        }
        Ok(())
    }

    fn refuse(
        &mut self,
        kind: RefusalKind,
        source: &Arc<Source>,
        spot: Spot,
        message: &str,
        hint: &str,
    ) {
        self.refusals.push(Refusal {
            kind,
            source: Arc::clone(source),
            spot,
            rule: None,
            message: message.to_owned(),
            hint: hint.to_owned(),
        });
    }

    fn document(
        &mut self,
        source: &Arc<Source>,
        document: &Document,
        is_first: bool,
    ) -> Result<()> {
        let root = &document.root;
        if root.get("apiVersion").is_some() {
            self.object(source, root);
            return Ok(());
        }
        if let Some(groups) = root.get("groups") {
            self.refusals.extend(schema::rule_file(source, root));
            let form = match is_first {
                true => RuleForm::File,
                false => RuleForm::Object,
            };
            self.rule_set(source, form, groups, None);
            return Ok(());
        }
        if CaseFile::recognises(root) {
            self.case_files.push(CaseFile::read(source, root, is_first));
            return Ok(());
        }
        // A `route` or `receivers` that is mistyped still belongs to Alertmanager.
        if root.get("route").is_some() || root.get("receivers").is_some() {
            self.refusals
                .extend(schema::alertmanager_file(source, root));
            self.configuration(source, read_file(source, root));
            return Ok(());
        }
        if let Some(cases) = root.get("routing") {
            for case in cases.items() {
                self.routing_cases.push(RoutingCase::read(source, case)?);
            }
            return Ok(());
        }
        // Rules copied out of a group, as documents and wikis have them.
        let items = root.items();
        let is_rule = |item: &Node| item.get("alert").is_some() || item.get("record").is_some();
        if !items.is_empty() && items.iter().all(is_rule) {
            self.refusals.extend(schema::rule_list(source, root));
            self.rule_set(source, RuleForm::List, root, None);
            return Ok(());
        }
        // As it stands Prometheus refuses the file, and beside others nobody would miss its rules.
        let holds_rules = |group: &Node| {
            let rules = group.get("rules").map_or(&[][..], Node::items);
            rules.iter().any(is_rule)
        };
        let mut entries = root.entries().iter();
        if let Some((key, _)) = entries.find(|(_, value)| value.items().iter().any(holds_rules)) {
            let message = format!(
                "`{}` with groups of rules: no rule file has this key",
                key.name
            );
            let hint = "a rule file has `groups`";
            self.refuse(RefusalKind::Refused, source, key.spot, &message, hint);
            return Ok(());
        }
        self.others += 1;
        Ok(())
    }

    /// Takes a configuration that can be read; what cannot is told by the schema or here.
    fn configuration(&mut self, source: &Arc<Source>, read: Result<Configuration>) {
        match read {
            Ok(configuration) => self.configurations.push(configuration),
            Err(error) => {
                let told = |one: &Refusal| {
                    Arc::ptr_eq(&one.source, source) && one.kind == RefusalKind::Refused
                };
                if !self.refusals.iter().any(told) {
                    let line = error.place().and_then(|place| place.line).unwrap_or(1);
                    let spot = Spot {
                        line,
                        ..Spot::default()
                    };
                    self.refuse(RefusalKind::Refused, source, spot, &error.to_string(), "");
                }
            }
        }
    }

    fn rule_set(
        &mut self,
        source: &Arc<Source>,
        form: RuleForm,
        node: &Node,
        object: Option<&Node>,
    ) {
        let metadata = |key: &str| {
            let value = object.and_then(|object| object.at(&["metadata", key]));
            value.and_then(Node::scalar)
        };
        let reader = RuleReader {
            source,
            object: object.map(|_| {
                let name = metadata("name").unwrap_or_else(|| "-".to_owned());
                format!("PrometheusRule/{name}")
            }),
            namespace: metadata("namespace"),
            set: self.rule_sets.len(),
        };
        match form {
            RuleForm::File | RuleForm::Object => reader.groups(node, &mut self.rules),
            RuleForm::List => {
                for (rule, item) in node.items().iter().enumerate() {
                    let at = RuleAt {
                        set: reader.set,
                        group: 0,
                        rule,
                    };
                    self.rules.extend(reader.rule(item, at));
                }
            }
        }
        self.rule_sets.push(RuleSet {
            source: Arc::clone(source),
            form,
            node: node.clone(),
        });
    }

    fn object(&mut self, source: &Arc<Source>, root: &Node) {
        let kind = root.scalar_at("kind").unwrap_or_default();
        if kind.ends_with("List") && root.get("items").is_some() {
            for item in root.get("items").map_or(&[][..], Node::items) {
                self.object(source, item);
            }
            return;
        }
        match kind.as_str() {
            "PrometheusRule" => {
                let Some(spec) = root.get("spec") else {
                    let message = "a PrometheusRule without `spec`";
                    self.refuse(RefusalKind::Refused, source, root.spot, message, "");
                    return;
                };
                self.refusals.extend(schema::rule_object(source, spec));
                if let Some(groups) = spec.get("groups") {
                    self.rule_set(source, RuleForm::Object, groups, Some(root));
                }
            }
            "AlertmanagerConfig" => {
                self.configuration(source, read_object(source, root));
            }
            "Alertmanager" => {
                let strategy = ["spec", "alertmanagerConfigMatcherStrategy", "type"];
                let namespace = root.at(&["metadata", "namespace"]);
                let namespace = namespace
                    .and_then(Node::scalar)
                    .unwrap_or_else(|| "default".to_owned());
                match root.at(&strategy).and_then(Node::scalar).as_deref() {
                    Some("None") => self.strategies.push(Strategy::AllNamespaces),
                    Some("OnNamespaceExceptForAlertmanagerNamespace") => {
                        self.strategies.push(Strategy::AllFrom(namespace));
                    }
                    _ => {}
                }
            }
            "CronJob" => {
                let name = root.at(&["metadata", "name"]).and_then(Node::scalar);
                self.cron_jobs.extend(name);
            }
            _ => self.others += 1,
        }
    }
}

/// Tells whether a text that is not YAML is a template: what only Helm has, or an action at the
/// beginning of the line that cannot be read. Texts of alerts have braces of their own.
fn is_template(text: &str, line: u64) -> bool {
    let marks = [".Values", ".Release.", ".Chart.", "include \""];
    let mut near = text.lines().skip((line as usize).saturating_sub(2)).take(2);
    text.contains("{{")
        && (marks.iter().any(|mark| text.contains(mark))
            || near.any(|line| line.trim_start().starts_with("{{")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn library(files: &[(&str, &str)]) -> Library {
        let sources = files.iter().map(|(name, text)| {
            Arc::new(Source {
                name: (*name).to_owned(),
                text: (*text).to_owned(),
            })
        });
        Library::of_sources(sources.collect()).expect("readable")
    }

    #[test]
    fn what_is_broken_is_told_and_the_rest_goes_on() {
        let library = library(&[
            (
                "helm.yaml",
                "groups:\n{{- range .Values.groups }}\n- name: {{ . }}\n",
            ),
            (
                "rules.yml",
                "groups:\n- name: g\n  rules:\n  - alert: A\n  - alert: B\n    expr: up\n  - {}\n",
            ),
            ("broken.yml", "groups: [\n# {{ $labels.x }}\n"),
            ("odd.yml", "groups: {a: b}\n"),
        ]);
        let names: Vec<&str> = library
            .rules
            .iter()
            .map(|rule| rule.name.as_str())
            .collect();
        assert_eq!(names, ["B"]);
        let told: Vec<String> = library
            .refusals
            .iter()
            .map(|one| format!("{}:{}", one.source.name, one.position().0))
            .collect();
        for place in ["helm.yaml:2", "rules.yml:4", "rules.yml:7", "odd.yml:1"] {
            assert!(told.iter().any(|one| one == place), "{place}: {told:?}");
        }
        assert!(
            told.iter().any(|one| one.starts_with("broken.yml")),
            "{told:?}"
        );
        assert_eq!(library.refusals[0].kind, RefusalKind::Template);
    }

    #[test]
    fn a_second_document_is_never_loaded_but_objects_may_be_many() {
        let plain = library(&[(
            "r.yml",
            "groups: []\n---\ngroups:\n- name: g\n  rules:\n  - {alert: A, expr: up}\n",
        )]);
        assert!(plain.rules.is_empty());
        assert_eq!(plain.refusals[0].kind, RefusalKind::NeverLoaded);
        let object = "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata: {name: r}\n\
                      spec:\n  groups:\n  - name: g\n    rules:\n    - {alert: A, expr: up}\n";
        let objects = library(&[("r.yaml", &format!("{object}---\n{object}"))]);
        assert_eq!(objects.rules.len(), 2);
        assert!(objects.refusals.is_empty(), "{:?}", objects.refusals);
    }
}
