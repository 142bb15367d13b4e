//! The objects that the checks look at, whether from files or from a cluster, and what could not be had.

use std::collections::{BTreeMap, BTreeSet};

use churn_alerts::{sources, yaml};
use churn_base::error::{Error, Result};
use serde_json::Value;

/// Objects by kind.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    objects: BTreeMap<String, Vec<Value>>,
    unknown: BTreeMap<String, String>,
    pub(super) is_cluster: bool,
}

impl Inventory {
    /// Reads files and folders: every document with a kind, Lists taken apart, kustomizations left out.
    ///
    /// # Errors
    /// Fails with 74 if one cannot be read, with 65, file and line on bad YAML, and if there is no
    /// object at all.
    pub fn of_files(paths: &[String]) -> Result<Self> {
        let mut inventory = Self::default();
        for source in sources::read(paths)? {
            for document in yaml::documents(&source)? {
                inventory.add(document.to_api_json());
            }
        }
        if inventory.objects.is_empty() {
            return Err(Error::bad_input(format!(
                "there is no Kubernetes object in {}",
                paths.join(", ")
            ))
            .hint(
                "`churnctl render-manifests` writes them; `kubectl get prometheus -A -o yaml` too",
            ));
        }
        Ok(inventory)
    }

    /// Adds an object, or those of a List.
    pub(super) fn add(&mut self, object: Value) {
        let Some(kind) = object["kind"].as_str().map(str::to_owned) else {
            return;
        };
        if let Some(items) = object["items"]
            .as_array()
            .filter(|_| kind.ends_with("List"))
        {
            let of = kind.trim_end_matches("List");
            for item in items {
                let mut item = item.clone();
                // The API server leaves the kind out inside of a typed list.
                if item["kind"].is_null() && !of.is_empty() {
                    item["kind"] = of.into();
                }
                self.add(item);
            }
            return;
        }
        let group = object["apiVersion"].as_str().unwrap_or_default();
        if !group.starts_with("kustomize.config.k8s.io/") && object["metadata"].is_object() {
            self.objects.entry(kind).or_default().push(object);
        }
    }

    /// Notes that a kind could not be listed.
    pub(super) fn unknown(&mut self, kind: &str, why: String) {
        self.unknown.insert(kind.to_owned(), why);
    }

    /// Returns why a kind could not be listed.
    pub(super) fn why_unknown(&self, kind: &str) -> Option<&str> {
        self.unknown.get(kind).map(String::as_str)
    }

    /// Returns why a kind could not be listed, and why others could not that a check looks at with it.
    pub(super) fn why_unseen(&self, kind: &str, with: &[&str]) -> Option<String> {
        let first = self.why_unknown(kind)?;
        let others = with.iter().filter_map(|other| self.why_unknown(other));
        let others = others.filter(|why| *why != first).collect::<BTreeSet<_>>();
        let all = std::iter::once(first).chain(others);
        Some(all.collect::<Vec<_>>().join("; "))
    }

    /// Returns all objects of a kind.
    #[must_use]
    pub fn all(&self, kind: &str) -> &[Value] {
        self.objects.get(kind).map_or(&[], Vec::as_slice)
    }

    /// Returns the objects of a kind in a namespace.
    pub(super) fn of<'a>(
        &'a self,
        kind: &str,
        namespace: &'a str,
    ) -> impl Iterator<Item = &'a Value> {
        self.all(kind)
            .iter()
            .filter(move |object| namespace_of(object) == namespace)
    }

    /// Returns an object.
    pub(super) fn find(&self, kind: &str, namespace: &str, name: &str) -> Option<&Value> {
        self.all(kind)
            .iter()
            .find(|object| namespace_of(object) == namespace && name_of(object) == name)
    }
}

/// Returns the name of an object.
pub(super) fn name_of(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

/// Returns the namespace of an object, empty if it has none.
pub(super) fn namespace_of(object: &Value) -> &str {
    object["metadata"]["namespace"].as_str().unwrap_or_default()
}

/// Returns the text at a pointer.
pub(super) fn text_at<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    object.pointer(pointer).and_then(Value::as_str)
}

/// Returns the items of the list at a pointer.
pub(super) fn items_at<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}
