//! What the hook's account may create: the CronJob's Job and no other. A right to create Jobs cannot be
//! limited to a name, and whoever creates Jobs runs code with any account and any volume of the
//! namespace. What the account may ask for at all is said in its Role.
//!
//! Two policies: the one by the template looks at Jobs with the hook's label, the one by the label makes
//! the account's Jobs have it. One for all Jobs of the namespace would refuse everybody's where the
//! CronJob is gone: a server looks for the parameter before it looks at who asks.

use churn_base::error::Result;
use k8s_openapi::api::admissionregistration::v1::{
    MatchCondition, MatchResources, NamedRuleWithOperations, ParamKind, ParamRef,
    ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
    ValidatingAdmissionPolicyBindingSpec, ValidatingAdmissionPolicySpec, Validation, Variable,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{
    LabelSelector, LabelSelectorRequirement, ObjectMeta,
};

use super::hook;
use super::meta::{self, TRIGGER_LABEL, map};
use super::object::File;
use super::plan::{Part, Plan};
use super::storage::HOOK_ACCOUNT;

const TEMPLATE: &str = "params.spec.jobTemplate.spec";

/// The policy reads the CronJob as it is at that moment, so one that was patched needs no new policy.
/// Objects are taken as maps (`dyn`): a field that a later Kubernetes adds is compared, too.
fn variables() -> Vec<Variable> {
    let map_of = |of: &str, name: &str| {
        let map = format!("{of}.template.metadata.{name}");
        format!("has({of}.template.metadata) && has({map}) ? dyn({map}) : dyn({{}})")
    };
    [
        ("job", "dyn(object.spec)".to_owned()),
        ("template", format!("dyn({TEMPLATE})")),
        ("pod", "dyn(object.spec.template.spec)".to_owned()),
        ("wanted", format!("dyn({TEMPLATE}.template.spec)")),
        ("labels", map_of("object.spec", "labels")),
        ("wantedLabels", map_of(TEMPLATE, "labels")),
        ("annotations", map_of("object.spec", "annotations")),
        ("wantedAnnotations", map_of(TEMPLATE, "annotations")),
    ]
    .into_iter()
    .map(|(name, expression)| Variable {
        name: name.to_owned(),
        expression,
    })
    .collect()
}

const OWNER: (&str, &str) = (
    "the only owner of the Job is not CronJob",
    "has(object.metadata.ownerReferences) && object.metadata.ownerReferences.size() == 1 && \
     object.metadata.ownerReferences.all(o, o.kind == 'CronJob' && o.name == params.metadata.name && o.uid == params.metadata.uid)",
);

const VALIDATIONS: [(&str, &str); 6] = [
    (
        // What is not in the template may only be what the API server fills in.
        "the Job's spec is not that of the template of CronJob",
        "variables.template.all(k, k == 'template' || (k in variables.job && variables.job[k] == variables.template[k])) && \
         variables.job.all(k, k in variables.template || \
         k in ['template', 'selector', 'suspend', 'completionMode', 'backoffLimit', 'podReplacementPolicy'] || \
         (k in ['parallelism', 'completions'] && variables.job[k] == 1) || \
         (k == 'manualSelector' && variables.job[k] == false))",
    ),
    (
        // Labels decide on Services and NetworkPolicies.
        "the pod's labels are not those of the template of CronJob",
        "variables.wantedLabels.all(k, k in variables.labels && variables.labels[k] == variables.wantedLabels[k]) && \
         variables.labels.all(k, k in variables.wantedLabels || \
         k in ['controller-uid', 'job-name', 'batch.kubernetes.io/controller-uid', 'batch.kubernetes.io/job-name'])",
    ),
    (
        // Webhooks and runtimes take them for orders.
        "the pod's annotations are not those of the template of CronJob",
        "variables.annotations == variables.wantedAnnotations",
    ),
    (
        "account, volumes or another part of the pod is not that of the template of CronJob",
        "variables.wanted.all(k, k in variables.pod) && \
         variables.pod.all(k, k == 'containers' || (k in variables.wanted && variables.pod[k] == variables.wanted[k]))",
    ),
    (
        "image, command or another part of a container is not that of the template of CronJob",
        "variables.pod.containers.size() == variables.wanted.containers.size() && \
         variables.pod.containers.all(c, variables.wanted.containers.exists(w, w.name == c.name && \
         w.all(k, k == 'env' || k in c) && \
         c.all(k, k == 'env' || (k in w && c[k] == w[k]))))",
    ),
    (
        // Why there is this Job, which the hook says in variables of its own.
        "a variable that is not RETRAIN_... is not that of the template of CronJob",
        "variables.pod.containers.all(c, variables.wanted.containers.exists(w, w.name == c.name && \
         (!('env' in w) || w.env.all(e, e.name.startsWith('RETRAIN_') || ('env' in c && e in c.env))) && \
         (!('env' in c) || c.env.all(e, ('env' in w && e in w.env) || \
         (e.name.startsWith('RETRAIN_') && !('valueFrom' in e))))))",
    ),
];

/// Policies and bindings. They belong to the cluster, so the namespace is in their names.
pub(super) fn files(plan: &Plan) -> Result<Vec<File>> {
    let template = metadata(plan, "template");
    let label = metadata(plan, "label");
    Ok(vec![
        File::object("", &by_template(plan, template.clone()))?,
        File::object("", &binding_by_template(plan, template))?,
        File::object("", &by_label(plan, label.clone()))?,
        File::object("", &binding(label, None, None))?,
    ])
}

fn metadata(plan: &Plan, suffix: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some(format!("{}-{}-{suffix}", plan.namespace, hook::NAME)),
        labels: Some(meta::labels(hook::NAME, meta::HOOK)),
        ..ObjectMeta::default()
    }
}

/// A policy for all that the hook's account does to Jobs, wherever it has the rights to.
fn policy(
    plan: &Plan,
    metadata: ObjectMeta,
    validations: Vec<(String, &str)>,
) -> ValidatingAdmissionPolicy {
    let words = |text: &str| Some(vec![text.to_owned()]);
    let jobs = NamedRuleWithOperations {
        api_groups: words("batch"),
        api_versions: words("v1"),
        operations: Some(vec!["CREATE".to_owned(), "UPDATE".to_owned()]),
        resources: words("jobs"),
        ..NamedRuleWithOperations::default()
    };
    let by_the_hook = MatchCondition {
        name: "by-the-hook".to_owned(),
        expression: format!(
            "request.userInfo.username == 'system:serviceaccount:{}:{HOOK_ACCOUNT}'",
            plan.namespace
        ),
    };
    let validations = validations
        .into_iter()
        .map(|(message, expression)| Validation {
            message: Some(message),
            expression: expression.to_owned(),
            reason: Some("Forbidden".to_owned()),
            ..Validation::default()
        });
    ValidatingAdmissionPolicy {
        metadata,
        spec: Some(ValidatingAdmissionPolicySpec {
            failure_policy: Some("Fail".to_owned()),
            match_constraints: Some(MatchResources {
                resource_rules: Some(vec![jobs]),
                ..MatchResources::default()
            }),
            match_conditions: Some(vec![by_the_hook]),
            validations: Some(validations.collect()),
            ..ValidatingAdmissionPolicySpec::default()
        }),
        ..ValidatingAdmissionPolicy::default()
    }
}

fn by_template(plan: &Plan, metadata: ObjectMeta) -> ValidatingAdmissionPolicy {
    let cronjob = &plan.rules.retrain_cronjob;
    // Argo's sensor creates a copy of the template that nobody owns.
    let owner = (!plan.has(Part::ArgoEvents)).then_some(OWNER);
    let validations = owner.into_iter().chain(VALIDATIONS);
    let validations =
        validations.map(|(message, expression)| (format!("{message} {cronjob}"), expression));
    let mut policy = policy(plan, metadata, validations.collect());
    if let Some(spec) = &mut policy.spec {
        spec.param_kind = Some(ParamKind {
            api_version: Some("batch/v1".to_owned()),
            kind: Some("CronJob".to_owned()),
        });
        spec.variables = Some(variables());
    }
    policy
}

fn by_label(plan: &Plan, metadata: ObjectMeta) -> ValidatingAdmissionPolicy {
    let here = format!("request.namespace == '{}'", plan.namespace);
    let labelled =
        format!("has(object.metadata.labels) && '{TRIGGER_LABEL}' in object.metadata.labels");
    let validations = vec![
        (
            format!("the hook's Jobs are in namespace {}", plan.namespace),
            here.as_str(),
        ),
        (
            format!(
                "the Job has no label {TRIGGER_LABEL}, by which it is compared with CronJob {}",
                plan.rules.retrain_cronjob
            ),
            labelled.as_str(),
        ),
    ];
    policy(plan, metadata, validations)
}

fn binding_by_template(plan: &Plan, metadata: ObjectMeta) -> ValidatingAdmissionPolicyBinding {
    let matched = MatchResources {
        namespace_selector: Some(LabelSelector {
            match_labels: Some(map([("kubernetes.io/metadata.name", &plan.namespace)])),
            ..LabelSelector::default()
        }),
        object_selector: Some(LabelSelector {
            match_expressions: Some(vec![LabelSelectorRequirement {
                key: TRIGGER_LABEL.to_owned(),
                operator: "Exists".to_owned(),
                values: None,
            }]),
            ..LabelSelector::default()
        }),
        ..MatchResources::default()
    };
    let cronjob = ParamRef {
        name: Some(plan.rules.retrain_cronjob.clone()),
        namespace: Some(plan.namespace.clone()),
        // Without the CronJob there is nothing to retrain.
        parameter_not_found_action: Some("Deny".to_owned()),
        ..ParamRef::default()
    };
    binding(metadata, Some(matched), Some(cronjob))
}

fn binding(
    metadata: ObjectMeta,
    match_resources: Option<MatchResources>,
    param_ref: Option<ParamRef>,
) -> ValidatingAdmissionPolicyBinding {
    ValidatingAdmissionPolicyBinding {
        spec: Some(ValidatingAdmissionPolicyBindingSpec {
            policy_name: metadata.name.clone(),
            match_resources,
            param_ref,
            validation_actions: Some(vec!["Deny".to_owned()]),
        }),
        metadata,
    }
}
