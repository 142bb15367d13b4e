//! The client: one namespace of one cluster, every call with a deadline, retries and an error that
//! names it. What is asked for is the affair of the other files.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::{Request, StatusCode, Uri};
use churn_base::deadlines::{Deadlines, Remote};
use churn_base::error::{Error, Place as FilePlace, Result};
use churn_base::files::read_at_most;
use churn_base::proxies::{self, Proxy};
use http_body_util::BodyExt as _;
use kube::client::Body;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::core::params::{GetParams, ListParams, PostParams};
use kube::core::{ObjectList, Status};
use kube::{Client, Config, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::{Call, ClusterError, Place, Problem};
use super::retry::{Patience, chance, wait_before_next};

/// The name under which the API server keeps our writes apart from those of others.
pub(super) const FIELD_MANAGER: &str = "churnctl";

/// A file for a thousand clusters has a few MiB.
const MOST_KUBECONFIG_BYTES: u64 = 64 << 20;

/// An answer larger than this is not read: no list of ours comes near.
const MAX_ANSWER_BYTES: usize = 64 << 20;

/// Which namespace of which cluster, and how long to bear with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Context of the kubeconfig; none for the current one, or the cluster we run in.
    pub context: Option<String>,
    /// The namespace.
    pub namespace: String,
    /// How long all calls of one action may take.
    pub deadline: Duration,
}

/// A namespace of a cluster. Cheap to clone.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
    place: Arc<Place>,
    patience: Patience,
    until: Instant,
}

type Answer<T> = std::result::Result<T, ClusterError>;

impl Cluster {
    /// Reads the kubeconfig, or what a pod knows of its cluster. Calls nobody yet.
    ///
    /// # Errors
    /// Fails with 78 if there is no usable configuration. Does *not* fail if the server is away.
    pub async fn connect(target: &Target) -> Result<Self> {
        let (config, context) = configuration(target.context.as_deref()).await?;
        let place = Place {
            context,
            server: config.cluster_url.to_string(),
            namespace: target.namespace.clone(),
        };
        let client = Client::try_from(config).map_err(|error| {
            let message = format!("the kubeconfig's context {} is not usable", place.context);
            Error::bad_settings(message).because(error)
        })?;
        let patience = Patience::of(target.deadline);
        Ok(Self {
            client,
            place: Arc::new(place),
            patience,
            until: Instant::now() + patience.total,
        })
    }

    /// Returns where calls go.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Returns the same with a deadline of its own, counted from now.
    #[must_use]
    pub fn renewed(&self) -> Self {
        Self {
            until: Instant::now() + self.patience.total,
            ..self.clone()
        }
    }

    /// Returns the same with little time: for what would be nice to have.
    #[must_use]
    pub fn hasty(&self) -> Self {
        let patience = Patience::of(self.patience.total.min(Duration::from_secs(3)));
        Self {
            patience,
            until: Instant::now() + patience.total,
            ..self.clone()
        }
    }

    /// Returns how long one action may take.
    #[must_use]
    pub const fn deadline(&self) -> Duration {
        self.patience.total
    }

    /// Returns how long the calls of this action may still take.
    pub(super) fn time_left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// Gets an object; none if there is none.
    pub(super) async fn get<K>(&self, name: &str) -> Answer<Option<K>>
    where
        K: Resource<DynamicType = ()> + DeserializeOwned,
    {
        let call = self.call::<K>("get", Some(name));
        let request = path::<K>(&self.place.namespace).get(name, &GetParams::default());
        match self.ask(call, request).await {
            Ok(found) => Ok(Some(found)),
            Err(error) => match error.problem {
                Problem::NotFound(_) => Ok(None),
                _ => Err(error),
            },
        }
    }

    /// Lists objects, by label selector if one is given.
    pub(super) async fn list<K>(&self, labels: Option<&str>) -> Answer<ObjectList<K>>
    where
        K: Resource<DynamicType = ()> + DeserializeOwned + Clone,
    {
        let params = ListParams {
            label_selector: labels.map(str::to_owned),
            ..ListParams::default()
        };
        let request = path::<K>(&self.place.namespace).list(&params);
        self.ask(self.call::<K>("list", None), request).await
    }

    /// Creates an object.
    pub(super) async fn create<K>(&self, name: &str, object: &K, dry_run: bool) -> Answer<K>
    where
        K: Resource<DynamicType = ()> + Serialize + DeserializeOwned,
    {
        let call = self.call::<K>("create", Some(name));
        let body = self.body(&call, object)?;
        let request = path::<K>(&self.place.namespace).create(&post_params(dry_run), body);
        self.ask(call, request).await
    }

    /// Replaces an object whose `resourceVersion` is still that of `object`.
    pub(super) async fn replace<K>(&self, name: &str, object: &K) -> Answer<K>
    where
        K: Resource<DynamicType = ()> + Serialize + DeserializeOwned,
    {
        let call = self.call::<K>("update", Some(name));
        let body = self.body(&call, object)?;
        let request = path::<K>(&self.place.namespace).replace(name, &post_params(false), body);
        self.ask(call, request).await
    }

    /// Sends an object of no namespace, such as a question about our permissions, and takes the answer.
    pub(super) async fn review<K>(&self, object: &K) -> Answer<K>
    where
        K: Resource<DynamicType = ()> + Serialize + DeserializeOwned,
    {
        let call = Call {
            namespace: None,
            ..self.call::<K>("create", None)
        };
        let body = self.body(&call, object)?;
        let request = kube::core::Request::new(K::url_path(&(), None));
        self.ask(call, request.create(&PostParams::default(), body))
            .await
    }

    /// Gets any path as JSON: for kinds that we have no types of.
    pub(super) async fn fetch(&self, call: Call, path: &str) -> Answer<serde_json::Value> {
        let request = Request::get(path).body(Vec::new());
        match request {
            Ok(request) => self.persist(&call, &request).await,
            Err(error) => Err(self.error(call, Problem::Refused(0, error.to_string()))),
        }
    }

    /// Sends a review about somebody else, as JSON, and takes the answer.
    pub(super) async fn ask_about(&self, review: &serde_json::Value) -> Answer<serde_json::Value> {
        let call = Call {
            verb: "create",
            resource: "subjectaccessreviews.authorization.k8s.io".to_owned(),
            name: None,
            namespace: None,
        };
        let body = self.body(&call, review)?;
        let path = kube::core::Request::new("/apis/authorization.k8s.io/v1/subjectaccessreviews");
        self.ask(call, path.create(&PostParams::default(), body))
            .await
    }

    /// Opens a stream: a watch, or a log that is followed. One try; the answer's head has the time of one.
    pub(super) async fn stream(
        &self,
        call: Call,
        request: std::result::Result<Request<Vec<u8>>, kube::core::request::Error>,
    ) -> Answer<Body> {
        let request = match request {
            Ok(request) => request,
            Err(error) => return Err(self.error(call, Problem::Refused(0, error.to_string()))),
        };
        let sent = self.client.send(request.map(Body::from));
        let answered = match tokio::time::timeout(self.patience.attempt, sent).await {
            Err(_) => Err(Trouble::away("no answer in time")),
            Ok(Err(error)) => Err(Trouble::of_connection(&error)),
            Ok(Ok(response)) if response.status().is_success() => Ok(response.into_body()),
            Ok(Ok(response)) => {
                let status = response.status();
                let bytes = tokio::time::timeout(self.patience.attempt, read(response.into_body()));
                let bytes = bytes.await.ok().and_then(std::result::Result::ok);
                Err(Trouble::of_status(
                    status,
                    None,
                    &bytes.unwrap_or_default(),
                    call.verb,
                ))
            }
        };
        answered.map_err(|trouble| self.error(call, trouble.into_problem(1)))
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        call: Call,
        request: std::result::Result<Request<Vec<u8>>, kube::core::request::Error>,
    ) -> Answer<T> {
        match request {
            Ok(request) => self.persist(&call, &request).await,
            Err(error) => Err(self.error(call, Problem::Refused(0, error.to_string()))),
        }
    }

    /// Tries until there is an answer or no time. A write that was repeated may meet itself: names
    /// are decided by us, so that it shows as `AlreadyExists` or `Conflict`, and callers look.
    async fn persist<T: DeserializeOwned>(
        &self,
        call: &Call,
        request: &Request<Vec<u8>>,
    ) -> Answer<T> {
        let mut tries = 0;
        loop {
            tries += 1;
            let left = self.time_left().min(self.patience.attempt);
            let tried = tokio::time::timeout(left, self.once(call, request.clone())).await;
            let trouble = match tried {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(trouble)) => trouble,
                Err(_) => Trouble::away(&format!("no answer within {:.1} s", left.as_secs_f32())),
            };
            let wait = match &trouble {
                Trouble::Again { after, .. } => {
                    wait_before_next(tries, *after, Instant::now(), self.until, chance())
                }
                Trouble::Final(_) => None,
            };
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(self.error(call.clone(), trouble.into_problem(tries))),
            }
        }
    }

    async fn once<T: DeserializeOwned>(
        &self,
        call: &Call,
        request: Request<Vec<u8>>,
    ) -> std::result::Result<T, Trouble> {
        let response = self.client.send(request.map(Body::from)).await;
        let response = response.map_err(|error| Trouble::of_connection(&error))?;
        let status = response.status();
        let after = response.headers().get("retry-after");
        let after = after.and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let bytes = read(response.into_body()).await?;
        if !status.is_success() {
            let after = after.map(Duration::from_secs);
            return Err(Trouble::of_status(status, after, &bytes, call.verb));
        }
        serde_json::from_slice(&bytes).map_err(|error| {
            Trouble::away(&format!(
                "the answer cannot be read as that object: {error}"
            ))
        })
    }

    fn body<K: Serialize>(&self, call: &Call, object: &K) -> Answer<Vec<u8>> {
        serde_json::to_vec(object)
            .map_err(|error| self.error(call.clone(), Problem::Refused(0, error.to_string())))
    }

    pub(super) fn call<K: Resource<DynamicType = ()>>(
        &self,
        verb: &'static str,
        name: Option<&str>,
    ) -> Call {
        let (plural, group) = (K::plural(&()), K::group(&()));
        Call {
            verb,
            resource: match group.is_empty() {
                true => plural.into_owned(),
                false => format!("{plural}.{group}"),
            },
            name: name.map(str::to_owned),
            namespace: Some(self.place.namespace.clone()),
        }
    }

    pub(super) fn error(&self, call: Call, problem: Problem) -> ClusterError {
        ClusterError {
            call: Box::new(call),
            context: self.place.context.clone(),
            problem,
        }
    }
}

/// Returns the builder of requests for a kind in a namespace.
pub(super) fn path<K: Resource<DynamicType = ()>>(namespace: &str) -> kube::core::Request {
    kube::core::Request::new(K::url_path(&(), Some(namespace)))
}

fn post_params(dry_run: bool) -> PostParams {
    PostParams {
        dry_run,
        field_manager: Some(FIELD_MANAGER.to_owned()),
    }
}

async fn configuration(context: Option<&str>) -> Result<(Config, String)> {
    let unusable = |error: KubeconfigError| {
        if matches!(error, KubeconfigError::ParseNoProxy(_)) {
            return Error::bad_settings("NO_PROXY has an entry that cannot be read")
                .hint("entries are HOST, .DOMAIN, ADDRESS or NETWORK/BITS with one comma between two of them")
                .because(error);
        }
        let message = match context {
            Some(context) => format!("the kubeconfig has no usable context \"{context}\""),
            None => "the kubeconfig is not usable".to_owned(),
        };
        Error::bad_settings(message)
            .hint("look: kubectl config get-contexts")
            .because(error)
    };
    let inside = std::env::var_os("KUBERNETES_SERVICE_HOST").is_some();
    refuse_endless()?;
    let kubeconfig = match Kubeconfig::read() {
        Ok(kubeconfig) => kubeconfig,
        Err(_) if inside && context.is_none() => {
            let config = Config::incluster().map_err(|error| {
                Error::bad_settings("the pod's service account is not usable")
                    .hint("does the pod have automountServiceAccountToken: true?")
                    .because(error)
            })?;
            return Ok((explicit(config), "in-cluster".to_owned()));
        }
        Err(error) => {
            return Err(Error::bad_settings("there is no kubeconfig to read")
                .hint("set KUBECONFIG, or run inside of a cluster")
                .because(error));
        }
    };
    let name = context.map(str::to_owned);
    let name = name.or_else(|| kubeconfig.current_context.clone());
    let own_proxy = own_proxy(&kubeconfig, name.as_deref());
    let options = KubeConfigOptions {
        context: context.map(str::to_owned),
        ..KubeConfigOptions::default()
    };
    let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
    let mut config = config.map_err(unusable)?;
    config.proxy_url = proxy(&config, own_proxy.as_deref())?;
    Ok((explicit(config), name.unwrap_or_default()))
}

/// The library reads whatever it is given to its end, which `/dev/zero` does not have.
fn refuse_endless() -> Result<()> {
    let named = std::env::var_os("KUBECONFIG").unwrap_or_default();
    let usual = std::env::home_dir().map(|home| home.join(".kube/config"));
    for path in std::env::split_paths(&named).chain(usual) {
        if let Err(error) = read_at_most(&path, MOST_KUBECONFIG_BYTES)
            && error.kind() == std::io::ErrorKind::FileTooLarge
        {
            return Err(Error::bad_settings("this is not a kubeconfig")
                .at(FilePlace {
                    file: path.display().to_string(),
                    ..FilePlace::default()
                })
                .hint("set KUBECONFIG, or run inside of a cluster")
                .because(error));
        }
    }
    Ok(())
}

/// Returns the `proxy-url` of a context's cluster.
fn own_proxy(kubeconfig: &Kubeconfig, context: Option<&str>) -> Option<String> {
    let contexts = &kubeconfig.contexts;
    let context = contexts.iter().find(|own| Some(&*own.name) == context)?;
    let cluster = &context.context.as_ref()?.cluster;
    let named = kubeconfig
        .clusters
        .iter()
        .find(|own| own.name == *cluster)?;
    let proxy = named.cluster.as_ref()?.proxy_url.clone();
    proxy.filter(|url| !url.is_empty())
}

/// Returns the proxy before a cluster: the kubeconfig's, else that of HTTPS_PROXY. kube's own choice
/// is not taken, since it looks for the proxy's host in NO_PROXY and not for the cluster's.
fn proxy(config: &Config, own: Option<&str>) -> Result<Option<Uri>> {
    let proxy = match own {
        Some(url) => Some(Proxy::parse("the kubeconfig (proxy-url)", url)?),
        None => {
            // kube knows no other variable, and nearly all clusters speak TLS.
            let authority = config
                .cluster_url
                .authority()
                .map_or("", |place| place.as_str());
            let server = Uri::builder().scheme("https").authority(authority);
            let server = server.path_and_query("/").build();
            match server {
                Ok(server) => proxies::before(&server)?,
                // What is wrong with the cluster's URL shows when it is asked.
                Err(_) => None,
            }
        }
    };
    let Some(proxy) = proxy else {
        return Ok(None);
    };
    let refused = |why: &str| Error::bad_settings(format!("the proxy {} {why}", proxy.uri()));
    if proxy.is_socks() && proxy.login().is_some() {
        return Err(
            refused("wants a login, which cluster commands cannot give over SOCKS")
                .hint("use a proxy of HTTP, or one without a login"),
        );
    }
    let url = proxy.secret_url().parse();
    url.map(Some).map_err(|_| refused("has no usable URL"))
}

/// Retries and timeouts are ours: kube's would also cut a watch or a log that is silent for a while.
fn explicit(mut config: Config) -> Config {
    config.default_retry = false;
    config.read_timeout = None;
    let deadlines = Deadlines::of(Remote::Http);
    config.connect_timeout = Some(deadlines.connect);
    config.write_timeout = Some(deadlines.first_byte);
    config
}

async fn read(mut body: Body) -> std::result::Result<Vec<u8>, Trouble> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Trouble::of_connection(&error))?;
        if let Some(data) = frame.data_ref() {
            bytes.extend_from_slice(data);
        }
        if bytes.len() > MAX_ANSWER_BYTES {
            return Err(Trouble::Final(Problem::Refused(
                0,
                format!("the answer is larger than {MAX_ANSWER_BYTES} bytes"),
            )));
        }
    }
    Ok(bytes)
}

/// What one try met.
enum Trouble {
    /// Trying again may help.
    Again {
        what: String,
        after: Option<Duration>,
    },
    /// It can not.
    Final(Problem),
}

impl Trouble {
    fn away(what: &str) -> Self {
        Self::Again {
            what: what.to_owned(),
            after: None,
        }
    }

    fn of_connection(error: &kube::Error) -> Self {
        let chain = chain(error);
        let certificate = ["certificate", "UnknownIssuer", "BadSignature", "auth error"];
        if certificate.iter().any(|word| chain.contains(word)) {
            return Self::Final(Problem::NoConnection(chain));
        }
        Self::away(&chain)
    }

    fn of_status(
        status: StatusCode,
        after: Option<Duration>,
        body: &[u8],
        verb: &'static str,
    ) -> Self {
        let parsed = serde_json::from_slice::<Status>(body).ok();
        let reason = parsed.as_ref().map_or("", |status| status.reason.as_str());
        let said = match &parsed {
            Some(status) if !status.message.is_empty() => status.message.clone(),
            Some(_) | None => String::from_utf8_lossy(&body[..body.len().min(500)])
                .trim()
                .to_owned(),
        };
        match status.as_u16() {
            401 => Self::Final(Problem::Unauthorized(said)),
            403 => Self::Final(Problem::Forbidden(said)),
            404 => Self::Final(Problem::NotFound(said)),
            409 if reason == "AlreadyExists" || (reason.is_empty() && verb == "create") => {
                Self::Final(Problem::AlreadyExists)
            }
            409 if verb == "update" => Self::Final(Problem::Conflict),
            408 | 409 | 429 | 500..=599 => Self::Again {
                what: format!("status {}: {said}", status.as_u16()),
                after,
            },
            other => Self::Final(Problem::Refused(other, said)),
        }
    }

    fn into_problem(self, tries: u32) -> Problem {
        match self {
            Self::Again { what, .. } => Problem::StayedAway { tries, last: what },
            Self::Final(problem) => problem,
        }
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut texts = vec![error.to_string()];
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        // Some errors repeat their cause in their own words.
        if !texts.iter().any(|known| known.contains(&text)) {
            texts.push(text);
        }
        next = cause.source();
    }
    texts.join(": ")
}

#[cfg(test)]
mod tests;
