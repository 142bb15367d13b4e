//! From a plan to the list of files, in their order.

use churn_base::error::Result;

use super::object::File;
use super::plan::{Part, Plan, Receiver};
use super::{
    admission, api, argo, dashboards, extras, hook, jobs, kfp, kserve, kustomize, monitoring,
    network, plain, pushgateway, storage, tests,
};

/// For whom the files are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavor {
    /// Kubernetes with the Prometheus Operator.
    Operator,
    /// Prometheus and Alertmanager with files of their own.
    Plain,
}

/// What every file begins with that a comment can stand in.
pub const HEADER: &str = "# Made by `churnctl render-manifests";

/// Returns the comment at the begin of a file.
#[must_use]
pub fn header(flavor: Flavor, file: &File) -> String {
    let flag = match flavor {
        Flavor::Operator => "",
        Flavor::Plain => " --flavor plain",
    };
    let mut text = format!("{HEADER}{flag}`; change churnctl.toml, not this file.\n");
    if file.path.starts_with("tests/") {
        text.push_str(
            "# Cases of one alert. `churnctl alerts test` runs them against the rules as they are rendered. By hand:\n\
             # churnctl render-manifests --flavor plain --output-dir plain && promtool test rules plain/tests/*_test.yml\n",
        );
    }
    text
}

/// Renders every file, sorted by path.
///
/// # Errors
/// Fails with 70 if an object cannot be serialised, which is a bug.
pub fn render(plan: &Plan, flavor: Flavor) -> Result<Vec<File>> {
    let mut files = match flavor {
        Flavor::Operator => operator(plan)?,
        Flavor::Plain => plain::files(plan)?,
    };
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn operator(plan: &Plan) -> Result<Vec<File>> {
    let mut files = storage::files(plan)?;
    files.extend(network::files(plan)?);
    files.extend(jobs::files(plan)?);
    if plan.has(Part::Api) {
        files.extend(api::files(plan)?);
    }
    if plan.has(Part::Hook) || plan.has(Part::ArgoEvents) {
        files.extend(hook::files(plan)?);
        if plan.admission_policy {
            files.extend(admission::files(plan)?);
        }
    }
    if plan.has(Part::Pushgateway) {
        files.extend(pushgateway::files(plan)?);
    }
    if plan.has(Part::DriftExporter) {
        files.extend(pushgateway::exporter(plan)?);
    }
    if plan.has(Part::Dashboards) {
        files.extend(dashboards::files(plan)?);
    }
    if plan.has(Part::Monitoring) {
        files.extend(monitoring::files(plan)?);
        files.extend(tests::files(&plan.operator_rules())?);
    }
    if plan.has(Part::Kserve) {
        files.extend(kserve::files(plan)?);
    }
    if plan.has(Part::Argocd) {
        files.extend(argo::application(plan)?);
    }
    if plan.has(Part::ArgoEvents) {
        files.extend(argo::events(plan)?);
    }
    if plan.has(Part::HelmValues) {
        files.extend(extras::helm(plan)?);
    }
    if plan.has(Part::ExternalSecrets) {
        files.extend(extras::secrets(plan)?);
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    kustomize::add(&mut files)?;
    if plan.has(Part::Kfp) {
        // No object: nothing that kustomize may list.
        files.push(kfp::file(plan)?);
    }
    Ok(files)
}

/// Returns the commands that make the Secrets, with a word in place of each secret.
#[must_use]
pub fn secrets(plan: &Plan) -> Vec<String> {
    let mut commands = Vec::new();
    let namespace = &plan.namespace;
    if plan.has(Part::Hook) {
        commands.push(format!(
            "kubectl -n {namespace} create secret generic {} --from-literal={}=\"$(openssl rand -hex 32)\"",
            plan.hook_secret,
            hook::TOKEN_KEY
        ));
    }
    if let Some(secret) = plan.api_token_secret() {
        commands.push(format!(
            "kubectl -n {namespace} create secret generic {secret} --from-literal={}=\"$(openssl rand -hex 32)\"",
            hook::TOKEN_KEY
        ));
    }
    if let Some(secret) = &plan.sign_secret {
        commands.push(format!(
            "kubectl -n {namespace} create secret generic {secret} --from-file={}=PRIVATE_KEY.pem",
            jobs::SIGN_KEY
        ));
    }
    let receivers: &[Receiver] = &plan.alerting.receivers;
    if plan.has(Part::Monitoring) && !receivers.is_empty() {
        let keys: Vec<String> = receivers
            .iter()
            .map(|receiver| format!("--from-literal={}=...", receiver.secret_key()))
            .collect();
        commands.push(format!(
            "kubectl -n {namespace} create secret generic {} {}",
            plan.alerting.secret,
            keys.join(" ")
        ));
    }
    commands
}
