//! The Pushgateway: grouping keys, pushes, what it holds. What is pushed is checked elsewhere.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use churn_base::error::{Error, Result};
use churn_base::percent;
use churn_http::client::{Client, Method, Request, Response};

use super::text::{FamilyKind, is_label_name};

/// The media type of the text format.
pub const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Labels by which an instance or a pod is told from its peers: metrics of a batch job that are
/// grouped by them stay for ever, a group for each pod that ever was.
const LABELS_OF_ONE: [&str; 7] = [
    "instance",
    "pod",
    "pod_name",
    "host",
    "hostname",
    "container",
    "node",
];

/// The labels that a group of the gateway is found by: `job`, and any others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupingKey {
    labels: Vec<(String, String)>,
}

impl GroupingKey {
    /// Makes a key.
    ///
    /// # Errors
    /// Fails with 64 on an empty job, a label that is not a name, `job` among the labels, and a label
    /// twice, of which the gateway would take the last in silence.
    pub fn new(job: &str, labels: &[(String, String)]) -> Result<Self> {
        if job.is_empty() {
            return Err(Error::usage("the job has no name").hint("--job NAME"));
        }
        let mut key = vec![("job".to_owned(), job.to_owned())];
        for (name, value) in labels {
            if name == "job" {
                let message = "job is not a label of --group";
                return Err(Error::usage(message).hint("--job NAME sets it"));
            }
            if !is_label_name(name) {
                let message = format!("\"{name}\" is not a name of a label");
                return Err(Error::usage(message).hint(
                    "a label's name has letters, digits and _, and begins with a letter or one _",
                ));
            }
            if key.iter().any(|(other, _)| other == name) {
                return Err(Error::usage(format!("the label {name} twice in --group")));
            }
            key.push((name.clone(), value.clone()));
        }
        Ok(Self { labels: key })
    }

    /// Makes the key of a group that the gateway lists.
    #[must_use]
    pub fn listed(labels: &BTreeMap<String, String>) -> Self {
        let of_job = |name: &str| name == "job";
        let mut key: Vec<(String, String)> = labels
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        key.sort_by_key(|(name, _)| !of_job(name));
        Self { labels: key }
    }

    /// Returns names and values, `job` first.
    #[must_use]
    pub fn labels(&self) -> &[(String, String)] {
        &self.labels
    }

    /// Returns the first label that tells instances of one job apart, the known anti-pattern.
    #[must_use]
    pub fn label_of_one(&self) -> Option<&str> {
        let mut names = self.labels.iter().map(|(name, _)| name.as_str());
        names.find(|name| LABELS_OF_ONE.contains(name))
    }

    /// Returns the path of the group: values that a path cannot hold are in base64.
    #[must_use]
    pub fn path(&self) -> String {
        let mut path = "/metrics".to_owned();
        for (name, value) in &self.labels {
            match value.as_str() {
                // The gateway takes an empty part for the end of the path.
                "" => path.push_str(&format!("/{name}@base64/=")),
                // Dots alone would be taken for folders, and %2F is decoded before it is split.
                value if value.contains('/') || value.chars().all(|c| c == '.') => {
                    let packed = URL_SAFE_NO_PAD.encode(value);
                    path.push_str(&format!("/{name}@base64/{packed}"));
                }
                value => path.push_str(&format!("/{name}/{}", percent::part(value))),
            }
        }
        path
    }

    /// Tells whether another key names the same group.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let sorted = |key: &Self| {
            let mut labels = key.labels.clone();
            labels.sort();
            labels
        };
        sorted(self) == sorted(other)
    }
}

impl std::fmt::Display for GroupingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, (name, value)) in self.labels.iter().enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            write!(f, "{comma}{name}={value:?}")?;
        }
        Ok(())
    }
}

/// How a push treats what the group holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PushMethod {
    /// Replaces the metrics of the same names and keeps the others.
    #[default]
    Post,
    /// Replaces the whole group.
    Put,
}

impl PushMethod {
    /// Every method.
    pub const ALL: [Self; 2] = [Self::Post, Self::Put];

    /// Returns the word used on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Put => "put",
        }
    }
}

impl std::str::FromStr for PushMethod {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|method| method.as_str() == text)
            .ok_or_else(|| format!("\"{text}\" is neither post nor put"))
    }
}

/// A group that the gateway holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Its key.
    pub key: GroupingKey,
    /// Whether the last push to it was taken.
    pub last_push_successful: bool,
    /// When it was last changed, in seconds since 1970; 0 for never.
    pub push_time_seconds: f64,
    /// When a push to it last failed, in seconds since 1970; 0 for never.
    pub push_failure_time_seconds: f64,
    /// Names and kinds of its metrics, those about the pushes left out.
    pub families: BTreeMap<String, FamilyKind>,
    /// Labels of the series of each of its metrics, those of the key among them.
    pub series: BTreeMap<String, Vec<BTreeMap<String, String>>>,
}

/// A series that a group holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldSeries {
    /// Its labels, those of the group among them.
    pub labels: BTreeMap<String, String>,
    /// The group, as it is shown.
    pub group: String,
}

impl Group {
    /// Returns when anybody last pushed to it, whether it was taken or not.
    #[must_use]
    pub fn last_touched_seconds(&self) -> f64 {
        self.push_time_seconds.max(self.push_failure_time_seconds)
    }
}

/// What a gateway holds, and when it said so.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Holdings {
    /// The groups, in the order of their keys.
    pub groups: Vec<Group>,
    /// The gateway's own clock, in seconds since 1970, if it tells.
    pub gateway_seconds: Option<i64>,
}

impl Holdings {
    /// Returns names and kinds of metrics in any group but this one.
    #[must_use]
    pub fn kinds_beside(&self, key: &GroupingKey) -> BTreeMap<String, FamilyKind> {
        let others = self.groups.iter().filter(|group| !group.key.is_same(key));
        others
            .flat_map(|group| group.families.iter())
            .map(|(name, kind)| (name.clone(), *kind))
            .collect()
    }

    /// Returns the series in any group but this one, by their metrics.
    #[must_use]
    pub fn series_beside(&self, key: &GroupingKey) -> BTreeMap<String, Vec<HeldSeries>> {
        let mut held: BTreeMap<String, Vec<HeldSeries>> = BTreeMap::new();
        for group in self.groups.iter().filter(|group| !group.key.is_same(key)) {
            for (name, series) in &group.series {
                let series = series.iter().map(|labels| HeldSeries {
                    labels: labels.clone(),
                    group: group.key.to_string(),
                });
                held.entry(name.clone()).or_default().extend(series);
            }
        }
        held
    }
}

/// Pushes checked metrics into a group.
///
/// # Errors
/// As [`Client::call`].
pub fn push(
    client: &Client,
    key: &GroupingKey,
    method: PushMethod,
    text: &str,
    is_packed: bool,
) -> Result<Response> {
    let method = match method {
        PushMethod::Post => Method::Post,
        PushMethod::Put => Method::Put,
    };
    let request = Request::new(method, key.path());
    let request = request.bytes(TEXT_FORMAT, text.as_bytes().to_vec());
    client.call(&if is_packed { request.gzip() } else { request })
}

/// Deletes a group. The gateway says yes whether it had it or not.
///
/// # Errors
/// As [`Client::call`].
pub fn delete(client: &Client, key: &GroupingKey) -> Result<Response> {
    client.call(&Request::new(Method::Delete, key.path()))
}

/// Asks what the gateway holds.
///
/// # Errors
/// As [`Client::call`], and with 65 if the answer is not a Pushgateway's.
pub fn holdings(client: &Client) -> Result<Holdings> {
    let response = client.call(&Request::get("/api/v1/metrics"))?;
    let not_ours = || {
        let message = format!(
            "what {} answers is not a list of a Pushgateway",
            client.url()
        );
        Error::bad_input(message).hint("is it a Pushgateway, version 1.3 or newer?")
    };
    let json: serde_json::Value = response.json().map_err(|error| not_ours().because(error))?;
    let listed = json.get("data").and_then(serde_json::Value::as_array);
    let mut groups = Vec::new();
    for value in listed.ok_or_else(not_ours)? {
        groups.push(group(value).ok_or_else(not_ours)?);
    }
    groups.sort_by(|a, b| a.key.labels.cmp(&b.key.labels));
    Ok(Holdings {
        groups,
        gateway_seconds: response.date().map(|date| date.as_second()),
    })
}

fn group(value: &serde_json::Value) -> Option<Group> {
    let members = value.as_object()?;
    let labels: BTreeMap<String, String> =
        serde_json::from_value(members.get("labels")?.clone()).ok()?;
    let time = |name: &str| -> Option<f64> {
        let text = members.get(name)?["metrics"][0]["value"].as_str()?;
        text.parse().ok()
    };
    let families = members
        .iter()
        .filter(|(name, _)| !name.starts_with("push_"))
        .filter_map(|(name, family)| {
            let kind = FamilyKind::from_word(family.get("type")?.as_str()?)?;
            Some((name.clone(), kind))
        });
    let series = members
        .iter()
        .filter(|(name, _)| !name.starts_with("push_"))
        .filter_map(|(name, family)| {
            let listed = family.get("metrics")?.as_array()?.iter();
            let labels = listed.map(|one| -> BTreeMap<String, String> {
                let labels = one.get("labels").and_then(serde_json::Value::as_object);
                let labels = labels.into_iter().flatten();
                labels
                    .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
                    .collect()
            });
            Some((name.clone(), labels.collect::<Vec<_>>()))
        });
    Some(Group {
        series: series.collect(),
        key: GroupingKey::listed(&labels),
        last_push_successful: members.get("last_push_successful")?.as_bool()?,
        push_time_seconds: time("push_time_seconds").unwrap_or(0.0),
        push_failure_time_seconds: time("push_failure_time_seconds").unwrap_or(0.0),
        families: families.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(labels: &[(&str, &str)]) -> GroupingKey {
        let labels: Vec<_> = labels
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        GroupingKey::new("nightly", &labels).expect("a key")
    }

    #[test]
    fn values_that_a_path_cannot_hold_are_in_base64() {
        for (value, part) in [
            ("plain-1.x_y~z", "g/plain-1.x_y~z"),
            ("a b", "g/a%20b"),
            ("é\"\n", "g/%C3%A9%22%0A"),
            ("", "g@base64/="),
            // printf '/var/x' | base64 | tr '+/' '-_' | tr -d =
            ("/var/x", "g@base64/L3Zhci94"),
            ("..", "g@base64/Li4"),
        ] {
            let path = key(&[("g", value)]).path();
            assert_eq!(path, format!("/metrics/job/nightly/{part}"), "{value:?}");
        }
        let job = GroupingKey::new("a/b", &[]).expect("a key");
        assert_eq!(job.path(), "/metrics/job@base64/YS9i");
    }

    #[test]
    fn keys_that_the_gateway_misreads_are_refused() {
        let pair = |name: &str| (name.to_owned(), "x".to_owned());
        for (job, labels) in [
            ("", vec![]),
            ("j", vec![pair("job")]),
            ("j", vec![pair("a"), pair("a")]),
            ("j", vec![pair("my-label")]),
            ("j", vec![pair("__x")]),
            ("j", vec![pair("")]),
        ] {
            let error = GroupingKey::new(job, &labels).expect_err("refused");
            assert_eq!(error.code().code(), 64, "{labels:?}");
        }
        assert_eq!(
            key(&[("zone", "x"), ("pod", "y")]).label_of_one(),
            Some("pod")
        );
        assert_eq!(key(&[("model", "x")]).label_of_one(), None);
    }

    #[test]
    fn the_order_of_labels_makes_no_other_group() {
        let one = key(&[("a", "1"), ("b", "2")]);
        let other = key(&[("b", "2"), ("a", "1")]);
        assert!(one.is_same(&other) && !one.is_same(&key(&[("a", "1")])));
    }

    #[test]
    fn a_listed_group_is_read() {
        // GET /api/v1/metrics of Pushgateway 1.5.1, shortened.
        let json = serde_json::json!({
            "labels": {"g": "v", "job": "j1"}, "last_push_successful": true,
            "a": {"type": "GAUGE", "metrics": []}, "h": {"type": "HISTOGRAM", "metrics": []},
            "push_time_seconds": {"type": "GAUGE", "metrics": [{"labels": {}, "value": "1.795573891013643e+09"}]},
            "push_failure_time_seconds": {"type": "GAUGE", "metrics": [{"labels": {}, "value": "0"}]},
        });
        let group = group(&json).expect("a group");
        assert_eq!(group.key.to_string(), "job=\"j1\", g=\"v\"");
        assert_eq!(group.families.len(), 2);
        assert_eq!(group.last_touched_seconds(), 1_795_573_891.013_643);
        let holdings = Holdings {
            groups: vec![group],
            gateway_seconds: None,
        };
        assert_eq!(holdings.kinds_beside(&key(&[]))["a"], FamilyKind::Gauge);
        let same = GroupingKey::new("j1", &[("g".to_owned(), "v".to_owned())]).expect("a key");
        assert!(holdings.kinds_beside(&same).is_empty());
    }
}
