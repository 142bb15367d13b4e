//! `kustomization.yaml`: what `kubectl apply -k` applies, monitoring as a component that can be left out.

use churn_base::error::Result;
use serde_json::{Value, json};

use super::object::File;

/// Folders that become components: each needs custom resources that a cluster may not have.
const COMPONENTS: [&str; 4] = ["monitoring", "kserve", "argo-events", "external-secrets"];
/// Folders that are for others than kubectl.
const APART: [&str; 3] = ["argocd", "helm", "tests"];

/// Adds the kustomization files of these objects.
pub(super) fn add(files: &mut Vec<File>) -> Result<()> {
    let mut resources = Vec::new();
    let mut components = Vec::new();
    for file in files.iter() {
        match file.path.split_once('/') {
            Some((folder, _)) if COMPONENTS.contains(&folder) => {
                if !components.contains(&folder) {
                    components.push(folder);
                }
            }
            Some((folder, _)) if APART.contains(&folder) => {}
            Some(_) | None => resources.push(file.path.clone()),
        }
    }
    let mut made = Vec::new();
    for component in &components {
        let prefix = format!("{component}/");
        let inside = files
            .iter()
            .filter_map(|file| file.path.strip_prefix(&prefix));
        let inside: Vec<&str> = inside.collect();
        let tree = kustomization("v1alpha1", "Component", "resources", &inside);
        made.push(File::tree(format!("{prefix}kustomization.yaml"), &tree)?);
    }
    let mut root = kustomization("v1beta1", "Kustomization", "resources", &resources);
    if !components.is_empty() {
        root["components"] = json!(components);
    }
    made.push(File::tree("kustomization.yaml", &root)?);
    files.extend(made);
    Ok(())
}

fn kustomization<T: serde::Serialize>(version: &str, kind: &str, key: &str, files: &[T]) -> Value {
    json!({
        "apiVersion": format!("kustomize.config.k8s.io/{version}"),
        "kind": kind,
        key: files,
    })
}
