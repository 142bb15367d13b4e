//! Objects with versions, and what happened to them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::discovery::RESOURCES;

/// Status, reason and message.
pub(super) struct Refusal(pub(super) u16, pub(super) &'static str, pub(super) String);

/// A path of the API, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) group_version: String,
    pub(super) namespace: Option<String>,
    pub(super) resource: String,
    pub(super) name: Option<String>,
    pub(super) sub: Option<String>,
}

impl Path {
    pub(super) fn of(path: &str) -> Option<Self> {
        let mut parts = path.trim_start_matches('/').split('/');
        let group_version = match parts.next()? {
            "api" => parts.next()?.to_owned(),
            "apis" => format!("{}/{}", parts.next()?, parts.next()?),
            _ => return None,
        };
        let mut rest: Vec<&str> = parts.collect();
        let mut namespace = None;
        if rest.len() > 2 && rest[0] == "namespaces" {
            namespace = Some(rest[1].to_owned());
            rest.drain(..2);
        }
        let mut rest = rest.into_iter().map(str::to_owned);
        Some(Self {
            group_version,
            namespace,
            resource: rest.next()?,
            name: rest.next(),
            sub: rest.next(),
        })
    }

    pub(super) fn group(&self) -> &str {
        self.group_version
            .split_once('/')
            .map_or("", |(group, _)| group)
    }

    pub(super) fn resource_and_sub(&self) -> String {
        match &self.sub {
            Some(sub) => format!("{}/{sub}", self.resource),
            None => self.resource.clone(),
        }
    }
}

/// Something that happened.
pub(super) struct Event {
    pub(super) version: u64,
    pub(super) kind: &'static str,
    pub(super) resource: String,
    pub(super) object: Value,
}

/// Whether a watch of this path wants to hear of it.
pub(super) fn matches(path: &Path, name: Option<&str>, event: &Event) -> bool {
    let metadata = &event.object["metadata"];
    event.resource == path.resource
        && name.is_none_or(|name| metadata["name"] == name)
        && path
            .namespace
            .as_deref()
            .is_none_or(|namespace| metadata["namespace"] == namespace)
}

type Key = (String, String, String);

/// Everything there is.
#[derive(Default)]
pub(crate) struct Store {
    objects: BTreeMap<Key, Value>,
    events: Vec<Event>,
    logs: BTreeMap<(String, String), (Vec<String>, bool)>,
    version: u64,
}

fn resource_of(object: &Value) -> &'static str {
    let kind = object["kind"].as_str().expect("a kind");
    let found = RESOURCES.iter().find(|resource| resource.2 == kind);
    found
        .unwrap_or_else(|| panic!("no resource of kind {kind}"))
        .1
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn key_of(resource: &str, object: &Value) -> Key {
    let metadata = &object["metadata"];
    (
        resource.to_owned(),
        text(&metadata["namespace"]),
        text(&metadata["name"]),
    )
}

impl Store {
    pub(super) fn put(&mut self, object: Value) {
        let resource = resource_of(&object);
        let kind = if self.objects.contains_key(&key_of(resource, &object)) {
            "MODIFIED"
        } else {
            "ADDED"
        };
        self.keep(resource, object, kind);
    }

    #[track_caller]
    pub(super) fn edit(&mut self, resource: &str, name: &str, edit: impl FnOnce(&mut Value)) {
        let mut object = self.named(resource, name).clone();
        edit(&mut object);
        self.keep(resource, object, "MODIFIED");
    }

    #[track_caller]
    pub(super) fn delete(&mut self, resource: &str, name: &str) {
        let object = self.named(resource, name).clone();
        self.objects.remove(&key_of(resource, &object));
        self.note(resource, object, "DELETED");
    }

    #[track_caller]
    fn named(&self, resource: &str, name: &str) -> &Value {
        let found = self
            .objects
            .iter()
            .find(|(key, _)| key.0 == resource && key.2 == name);
        found.unwrap_or_else(|| panic!("no {resource} {name}")).1
    }

    pub(super) fn all(&self, resource: &str) -> Vec<Value> {
        let of = self.objects.iter().filter(|(key, _)| key.0 == resource);
        of.map(|(_, object)| object.clone()).collect()
    }

    pub(super) fn get(&self, path: &Path) -> Result<Value, Refusal> {
        let name = path.name.clone().unwrap_or_default();
        let namespace = path.namespace.clone().unwrap_or_default();
        let key = (path.resource.clone(), namespace, name.clone());
        self.objects.get(&key).cloned().ok_or_else(|| {
            Refusal(
                404,
                "NotFound",
                format!("{}.{} \"{name}\" not found", path.resource, path.group()),
            )
        })
    }

    pub(super) fn list(&self, path: &Path, labels: Option<&str>) -> Value {
        let wanted: Vec<(&str, &str)> = labels
            .into_iter()
            .flat_map(|labels| labels.split(','))
            .filter_map(|label| label.split_once('='))
            .collect();
        let of = self.objects.iter().filter(|(key, object)| {
            key.0 == path.resource
                && path
                    .namespace
                    .as_deref()
                    .is_none_or(|namespace| key.1 == namespace)
                && wanted
                    .iter()
                    .all(|(name, value)| object["metadata"]["labels"][*name] == *value)
        });
        let items: Vec<&Value> = of.map(|(_, object)| object).collect();
        json!({"kind": "List", "apiVersion": path.group_version, "metadata": {"resourceVersion": self.version.to_string()}, "items": items})
    }

    pub(super) fn create(
        &mut self,
        path: &Path,
        mut object: Value,
        dry_run: bool,
    ) -> Result<Value, Refusal> {
        let name = text(&object["metadata"]["name"]);
        if name.is_empty() || (path.resource == "jobs" && name.len() > 63) {
            return Err(Refusal(
                422,
                "Invalid",
                format!("{} \"{name}\" is invalid: metadata.name", path.resource),
            ));
        }
        object["metadata"]["namespace"] = path.namespace.clone().into();
        if self.objects.contains_key(&key_of(&path.resource, &object)) {
            let message = format!(
                "{}.{} \"{name}\" already exists",
                path.resource,
                path.group()
            );
            return Err(Refusal(409, "AlreadyExists", message));
        }
        object["metadata"]["uid"] = format!("uid-{}", self.version + 1).into();
        // Times of metadata have whole seconds, the rest is cut off.
        let now = jiff::Timestamp::from_second(jiff::Timestamp::now().as_second());
        let now = now.expect("in range");
        object["metadata"]["creationTimestamp"] = now.to_string().into();
        if dry_run {
            return Ok(object);
        }
        Ok(self.keep(&path.resource, object, "ADDED"))
    }

    pub(super) fn replace(&mut self, path: &Path, object: Value) -> Result<Value, Refusal> {
        let known = self.get(path)?;
        if known["metadata"]["resourceVersion"] != object["metadata"]["resourceVersion"] {
            let message =
                "the object has been modified; please apply your changes to the latest version";
            return Err(Refusal(409, "Conflict", message.to_owned()));
        }
        Ok(self.keep(&path.resource, object, "MODIFIED"))
    }

    fn keep(&mut self, resource: &str, mut object: Value, kind: &'static str) -> Value {
        object["metadata"]["resourceVersion"] = (self.version + 1).to_string().into();
        if object["metadata"]["uid"].is_null() {
            object["metadata"]["uid"] = format!("uid-{}", self.version + 1).into();
        }
        self.objects
            .insert(key_of(resource, &object), object.clone());
        self.note(resource, object.clone(), kind);
        object
    }

    fn note(&mut self, resource: &str, object: Value, kind: &'static str) {
        self.version += 1;
        self.events.push(Event {
            version: self.version,
            kind,
            resource: resource.to_owned(),
            object,
        });
    }

    pub(super) fn events_since(&self, version: u64) -> impl Iterator<Item = &Event> {
        self.events
            .iter()
            .filter(move |event| event.version > version)
    }

    pub(super) fn log(&mut self, pod: &str, container: &str, line: Option<&str>) {
        let (lines, ended) = self
            .logs
            .entry((pod.to_owned(), container.to_owned()))
            .or_default();
        match line {
            Some(line) => {
                let at = jiff::Timestamp::from_millisecond(1_700_000_000_000 + lines.len() as i64);
                lines.push(format!("{} {line}", at.expect("in range")));
            }
            None => *ended = true,
        }
    }

    pub(super) fn log_lines(&self, pod: &str, container: &str) -> (Vec<String>, bool) {
        let key = (pod.to_owned(), container.to_owned());
        self.logs.get(&key).cloned().unwrap_or_default()
    }
}
