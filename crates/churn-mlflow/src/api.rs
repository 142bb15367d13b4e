//! The calls of MLflow's REST interface that we need, typed. What they are for is `send`'s and
//! `fetch`'s affair.

use std::collections::BTreeMap;

use churn_base::error::{Error, Result};
use churn_base::exit::ExitCode;
use churn_base::percent;
use churn_http::client::{Client, Method, Request, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::entry::{Dataset, Entry, File, Run as EntryRun};
use super::tags;

const API: &str = "/api/2.0/mlflow";
const ARTIFACTS: &str = "/api/2.0/mlflow-artifacts/artifacts";

/// Most parameters or tags of one request, and most figures beside them.
const PARAMETERS: usize = 100;
const METRICS: usize = 800;

/// A tracking server.
pub struct Server {
    client: Client,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Experiment {
    pub(super) experiment_id: String,
    #[serde(default)]
    pub(super) artifact_location: String,
    #[serde(default)]
    lifecycle_stage: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct RunInfo {
    pub(super) run_id: String,
    #[serde(default)]
    pub(super) artifact_uri: String,
    #[serde(default)]
    lifecycle_stage: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub(super) struct RunData {
    #[serde(default)]
    tags: Vec<Pair>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Run {
    pub(super) info: RunInfo,
    #[serde(default)]
    data: RunData,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct ModelVersion {
    pub(super) version: String,
    #[serde(default)]
    pub(super) source: String,
    #[serde(default)]
    pub(super) run_id: String,
    #[serde(default)]
    tags: Vec<Pair>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct RegisteredModel {
    #[serde(default)]
    tags: Vec<Pair>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Pair {
    key: String,
    #[serde(default)]
    value: String,
}

impl Experiment {
    pub(super) fn is_deleted(&self) -> bool {
        self.lifecycle_stage == "deleted"
    }
}

impl Run {
    pub(super) fn is_deleted(&self) -> bool {
        self.info.lifecycle_stage == "deleted"
    }

    pub(super) fn tag(&self, key: &str) -> Option<&str> {
        find(&self.data.tags, key)
    }
}

impl ModelVersion {
    pub(super) fn tag(&self, key: &str) -> Option<&str> {
        find(&self.tags, key)
    }
}

fn find<'a>(tags: &'a [Pair], key: &str) -> Option<&'a str> {
    let found = tags.iter().find(|pair| pair.key == key);
    found.map(|pair| pair.value.as_str())
}

fn pairs(map: &BTreeMap<String, String>) -> Vec<Pair> {
    let pair = |(key, value): (&String, &String)| Pair {
        key: key.clone(),
        value: value.clone(),
    };
    map.iter().map(pair).collect()
}

/// Returns a text as one in a filter: there is no way to escape a quote, so that it must have none.
fn quoted(text: &str) -> Result<String> {
    if text.contains(['\'', '"', '`', '\\']) {
        let message = format!("\"{text}\" has a quote in it, which MLflow cannot search for");
        return Err(Error::bad_input(message));
    }
    Ok(format!("'{text}'"))
}

/// Returns the path below the artifact proxy that an artifact URI stands for.
///
/// # Errors
/// Fails with 78 if the server does not pass artifacts on.
pub(super) fn proxied(uri: &str) -> Result<String> {
    let path = uri.strip_prefix("mlflow-artifacts:").map(|rest| {
        // With a host in it, it is this server's all the same: nothing goes to another one.
        rest.strip_prefix("//")
            .map_or(rest, |rest| rest.find('/').map_or("", |at| &rest[at..]))
    });
    match path {
        Some(path) => Ok(path.trim_matches('/').to_owned()),
        None => Err(Error::bad_settings(format!(
            "the tracking server keeps artifacts at {uri} and does not pass them on"
        ))
        .hint("start it with `mlflow server --serve-artifacts` (its default) and without --default-artifact-root")),
    }
}

fn artifact_path(folder: &str, path: &str) -> String {
    let parts = folder.split('/').chain(path.split('/'));
    let parts: Vec<String> = parts
        .filter(|part| !part.is_empty())
        .map(percent::part)
        .collect();
    format!("{ARTIFACTS}/{}", parts.join("/"))
}

impl Server {
    /// Takes the way to the server.
    #[must_use]
    pub const fn new(client: Client) -> Self {
        Self { client }
    }

    /// Returns the page of a run.
    pub(super) fn run_page(&self, experiment_id: &str, run_id: &str) -> String {
        let path = format!("/#/experiments/{experiment_id}/runs/{run_id}");
        self.client.url().join(&path)
    }

    fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T> {
        self.client
            .call(&Request::post_json(format!("{API}/{path}"), body)?)?
            .json()
    }

    fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<Option<T>> {
        let query: Vec<String> = query
            .iter()
            .map(|(name, value)| format!("{name}={}", percent::part(value)))
            .collect();
        let request = Request::get(format!("{API}/{path}?{}", query.join("&")));
        let response = self.client.send(&request)?;
        if response.is_success() {
            return response.json().map(Some);
        }
        match is_absent(&response) {
            true => Ok(None),
            false => Err(self.client.refusal(&request, &response)),
        }
    }

    /// Makes something; none if it was there already.
    fn create<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<Option<T>> {
        let request = Request::post_json(format!("{API}/{path}"), body)?.once();
        let response = self.client.send(&request)?;
        if response.is_success() {
            return response.json().map(Some);
        }
        match error_code(&response).as_deref() {
            Some("RESOURCE_ALREADY_EXISTS") => Ok(None),
            Some(_) | None => Err(self.client.refusal(&request, &response)),
        }
    }

    pub(super) fn experiment(&self, name: &str) -> Result<Experiment> {
        #[derive(Deserialize)]
        struct Found {
            experiment: Experiment,
        }
        let look = || self.get::<Found>("experiments/get-by-name", &[("experiment_name", name)]);
        if let Some(found) = look()? {
            return Ok(found.experiment);
        }
        let made = self.create::<Value>("experiments/create", &json!({ "name": name }));
        // Whoever made it, it is there now; the error counts only if it is not.
        match (look()?, made) {
            (Some(found), _) => Ok(found.experiment),
            (None, Err(error)) => Err(error),
            (None, Ok(_)) => Err(Error::new(
                ExitCode::Failed,
                format!("the experiment \"{name}\" was made and cannot be found"),
            )),
        }
    }

    /// Returns the run with this key, also if it was deleted.
    pub(super) fn run_with_key(&self, experiment_id: &str, key: &str) -> Result<Option<Run>> {
        #[derive(Deserialize)]
        struct Found {
            #[serde(default)]
            runs: Vec<Run>,
        }
        let filter = format!("tags.`{}` = {}", tags::KEY, quoted(key)?);
        let body = json!({
            "experiment_ids": [experiment_id],
            "filter": filter,
            "run_view_type": "ALL",
            "max_results": 2,
        });
        let found: Found = self.post("runs/search", &body)?;
        Ok(found.runs.into_iter().next())
    }

    pub(super) fn create_run(
        &self,
        experiment_id: &str,
        entry: &Entry,
        run: &EntryRun,
    ) -> Result<Run> {
        #[derive(Deserialize)]
        struct Made {
            run: Run,
        }
        // Key and run are made in one step: what is there can be found.
        let key = BTreeMap::from([(tags::KEY.to_owned(), entry.key.clone())]);
        let body = json!({
            "experiment_id": experiment_id,
            "run_name": run.name,
            "start_time": run.start_ms,
            "tags": pairs(&key),
        });
        let request = Request::post_json(format!("{API}/runs/create"), &body)?.once();
        let made: Made = self.client.call(&request)?.json()?;
        Ok(made.run)
    }

    pub(super) fn run(&self, run_id: &str) -> Result<Option<Run>> {
        #[derive(Deserialize)]
        struct Found {
            run: Run,
        }
        let found: Option<Found> = self.get("runs/get", &[("run_id", run_id)])?;
        Ok(found.map(|found| found.run))
    }

    /// Logs parameters, figures and tags, in as many requests as the server's limits ask for.
    /// The same again changes nothing.
    pub(super) fn log(&self, run_id: &str, run: &EntryRun) -> Result<()> {
        let parameters = pairs(&run.parameters);
        let tags = pairs(&run.tags);
        let metrics: Vec<Value> = run
            .metrics
            .iter()
            .map(|(key, value)| {
                json!({ "key": key, "value": value, "timestamp": run.end_ms, "step": 0 })
            })
            .collect();
        let requests = [
            parameters.len().div_ceil(PARAMETERS),
            tags.len().div_ceil(PARAMETERS),
            metrics.len().div_ceil(METRICS),
        ];
        for at in 0..requests.into_iter().max().unwrap_or(0) {
            let body = json!({
                "run_id": run_id,
                "params": piece(&parameters, at, PARAMETERS),
                "tags": piece(&tags, at, PARAMETERS),
                "metrics": piece(&metrics, at, METRICS),
            });
            self.post::<Value>("runs/log-batch", &body)?;
        }
        Ok(())
    }

    pub(super) fn log_dataset(&self, run_id: &str, dataset: &Dataset) -> Result<()> {
        let body = json!({
            "run_id": run_id,
            "datasets": [{
                "tags": [{ "key": "mlflow.data.context", "value": "training" }],
                "dataset": {
                    "name": dataset.name,
                    "digest": dataset.digest,
                    "source_type": "local",
                    "source": dataset.source,
                    "schema": dataset.schema,
                    "profile": dataset.profile,
                },
            }],
        });
        self.post::<Value>("runs/log-inputs", &body).map(drop)
    }

    pub(super) fn finish(&self, run_id: &str, end_ms: i64) -> Result<()> {
        let body = json!({ "run_id": run_id, "status": "FINISHED", "end_time": end_ms });
        self.post::<Value>("runs/update", &body).map(drop)
    }

    pub(super) fn put_file(&self, folder: &str, file: &File) -> Result<()> {
        let content_type = match file.path.rsplit('.').next() {
            Some("json") => "application/json",
            Some("html") => "text/html",
            _ => "text/plain",
        };
        let request = Request::new(Method::Put, artifact_path(folder, &file.path))
            .bytes(content_type, file.text.clone().into_bytes());
        self.client.call(&request).map(drop)
    }

    /// Returns a file; none if there is no such.
    pub(super) fn file(&self, folder: &str, path: &str) -> Result<Option<Vec<u8>>> {
        let request = Request::get(artifact_path(folder, path));
        let response = self.client.send(&request)?;
        if response.is_success() {
            return Ok(Some(response.body));
        }
        match is_absent(&response) {
            true => Ok(None),
            false => Err(self.client.refusal(&request, &response)),
        }
    }

    pub(super) fn ensure_registered(&self, name: &str) -> Result<()> {
        let body = json!({ "name": name });
        self.create::<Value>("registered-models/create", &body)
            .map(drop)
    }

    /// Returns the newest version of a model with this tag.
    pub(super) fn version_with_tag(
        &self,
        model: &str,
        tag: &str,
        value: &str,
    ) -> Result<Option<ModelVersion>> {
        #[derive(Deserialize)]
        struct Found {
            #[serde(default)]
            model_versions: Vec<ModelVersion>,
        }
        let (model, value) = (quoted(model)?, quoted(value)?);
        let filter = format!("name={model} and tags.`{tag}` = {value}");
        let query = [("filter", &*filter), ("max_results", "100")];
        let found: Option<Found> = self.get("model-versions/search", &query)?;
        let versions = found.map(|found| found.model_versions).unwrap_or_default();
        let number = |version: &ModelVersion| version.version.parse::<u64>().unwrap_or(0);
        Ok(versions.into_iter().max_by_key(number))
    }

    pub(super) fn create_version(
        &self,
        model: &str,
        source: &str,
        run_id: &str,
        tags: &BTreeMap<String, String>,
    ) -> Result<ModelVersion> {
        #[derive(Deserialize)]
        struct Made {
            model_version: ModelVersion,
        }
        let body =
            json!({ "name": model, "source": source, "run_id": run_id, "tags": pairs(tags) });
        let request = Request::post_json(format!("{API}/model-versions/create"), &body)?.once();
        let made: Made = self.client.call(&request)?.json()?;
        Ok(made.model_version)
    }

    pub(super) fn version(&self, model: &str, version: &str) -> Result<Option<ModelVersion>> {
        let query = [("name", model), ("version", version)];
        self.model_version("model-versions/get", &query)
    }

    pub(super) fn version_of_alias(
        &self,
        model: &str,
        alias: &str,
    ) -> Result<Option<ModelVersion>> {
        let query = [("name", model), ("alias", alias)];
        self.model_version("registered-models/alias", &query)
    }

    fn model_version(&self, path: &str, query: &[(&str, &str)]) -> Result<Option<ModelVersion>> {
        #[derive(Deserialize)]
        struct Found {
            model_version: ModelVersion,
        }
        let found: Option<Found> = self.get(path, query)?;
        Ok(found.map(|found| found.model_version))
    }

    /// Returns where the files of a version are, which is not what it was registered from.
    pub(super) fn files_of_version(&self, model: &str, version: &str) -> Result<Option<String>> {
        #[derive(Deserialize)]
        struct Found {
            artifact_uri: String,
        }
        let query = [("name", model), ("version", version)];
        let found: Option<Found> = self.get("model-versions/get-download-uri", &query)?;
        Ok(found.map(|found| found.artifact_uri))
    }

    pub(super) fn model_tag(&self, model: &str, tag: &str) -> Result<Option<String>> {
        #[derive(Deserialize)]
        struct Found {
            registered_model: RegisteredModel,
        }
        let found: Option<Found> = self.get("registered-models/get", &[("name", model)])?;
        let found =
            found.and_then(|found| find(&found.registered_model.tags, tag).map(str::to_owned));
        Ok(found)
    }

    pub(super) fn set_model_tag(&self, model: &str, tag: &str, value: &str) -> Result<()> {
        let body = json!({ "name": model, "key": tag, "value": value });
        self.post::<Value>("registered-models/set-tag", &body)
            .map(drop)
    }

    pub(super) fn set_alias(&self, model: &str, alias: &str, version: &str) -> Result<()> {
        let body = json!({ "name": model, "alias": alias, "version": version });
        self.post::<Value>("registered-models/alias", &body)
            .map(drop)
    }
}

fn piece<T>(items: &[T], at: usize, most: usize) -> &[T] {
    items.chunks(most).nth(at).unwrap_or_default()
}

fn error_code(response: &Response) -> Option<String> {
    #[derive(Deserialize)]
    struct Said {
        error_code: String,
    }
    response.json::<Said>().ok().map(|said| said.error_code)
}

/// An unknown alias is a bad parameter to some stores, and 404 to others.
fn is_absent(response: &Response) -> bool {
    match error_code(response).as_deref() {
        Some("RESOURCE_DOES_NOT_EXIST") => true,
        Some("INVALID_PARAMETER_VALUE") => {
            let said = response.message();
            said.contains("alias") && said.contains("not found")
        }
        Some(_) | None => false,
    }
}

#[cfg(feature = "fuzzing")]
pub(super) fn read_any(bytes: &[u8]) {
    fn read<T: DeserializeOwned>(bytes: &[u8]) {
        let _ = serde_json::from_slice::<T>(bytes);
    }
    read::<Experiment>(bytes);
    read::<Run>(bytes);
    read::<ModelVersion>(bytes);
    read::<RegisteredModel>(bytes);
    read::<Value>(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_artifact_uri_is_a_path_of_the_proxy_or_refused() {
        let path = |uri: &str| proxied(uri).expect(uri);
        assert_eq!(path("mlflow-artifacts:/1/a/artifacts"), "1/a/artifacts");
        assert_eq!(path("mlflow-artifacts://host:5000/1/a"), "1/a");
        for uri in ["s3://bucket/1", "file:///x", "/x", ""] {
            let error = proxied(uri).expect_err(uri);
            assert_eq!(error.code(), ExitCode::BadSettings);
        }
    }

    #[test]
    fn what_cannot_be_escaped_is_refused() {
        assert_eq!(quoted("churn-2").expect("plain"), "'churn-2'");
        assert!(quoted("x' or 'a'='a").is_err());
    }

    #[test]
    fn names_of_files_cannot_leave_their_folder_by_accident() {
        assert_eq!(
            artifact_path("1/r/artifacts", "model/a b?.json"),
            "/api/2.0/mlflow-artifacts/artifacts/1/r/artifacts/model/a%20b%3F.json"
        );
    }
}
