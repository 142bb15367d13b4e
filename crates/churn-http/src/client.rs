//! A blocking HTTP client: every wait has an end, failures that may pass are tried again within a
//! deadline, credentials go to one server only. What is said and understood is the caller's affair.

mod access;
mod cancel;
mod echo;
mod message;
mod policy;
#[cfg(test)]
mod tests;
mod url;

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use churn_base::deadlines::Deadlines;
use churn_base::error::{Error, Result};
use churn_base::exit::ExitCode;
use churn_base::passing::is_passing;
use churn_base::proxies;
use churn_base::redact::address;
use ureq::http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, LOCATION};
use ureq::http::{HeaderValue, StatusCode};
use ureq::{Agent, Timeout};

use echo::Echo;

pub use access::Access;
pub use cancel::Cancel;
pub use message::{Method, Request, Response};
pub use policy::{Pace, Policy, RealPace};
pub use url::BaseUrl;

/// One server, as it is spoken to. Clones share their connections.
#[derive(Clone)]
pub struct Client {
    server: &'static str,
    url: BaseUrl,
    agent: Agent,
    authorization: Option<HeaderValue>,
    echo: Echo,
    policy: Policy,
    pace: Arc<dyn Pace>,
    cancel: Option<Cancel>,
}

/// Why an attempt gave no answer.
struct Failure {
    text: String,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
    /// Whether the next attempt may fare better.
    is_retryable: bool,
    /// Whether the server cannot have seen the request.
    unsent: bool,
}

impl Client {
    /// Makes a client. `server` is what errors call it: "the Pushgateway". Nothing is sent yet.
    ///
    /// # Errors
    /// Fails with 74 if a certificate cannot be read, with 78 if it is none, if the key does not
    /// fit, if credentials would leave this machine unencrypted, or if the environment names a proxy
    /// that is not one.
    pub fn new(
        server: &'static str,
        url: BaseUrl,
        access: &Access,
        policy: Policy,
    ) -> Result<Self> {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // A redirect could carry what we send to anywhere.
            .max_redirects(0)
            .timeout_connect(Some(policy.attempt.connect))
            .timeout_recv_response(Some(policy.attempt.first_byte))
            .timeout_per_read(Some(policy.attempt.idle))
            .timeout_per_write(Some(policy.attempt.idle))
            .user_agent(concat!("churnctl/", env!("CARGO_PKG_VERSION")))
            .proxy(proxy(&url)?)
            .tls_config(access.tls()?);
        Ok(Self {
            server,
            authorization: access.authorization(&url)?,
            echo: Echo::of(access, &url),
            url,
            agent: config.build().into(),
            policy,
            pace: Arc::new(RealPace::default()),
            cancel: None,
        })
    }

    /// Returns the same, whose calls end when `cancel` says so, whatever they wait for: a name, a
    /// connection, an answer, or the next attempt.
    #[must_use]
    pub fn with_cancel(mut self, cancel: Cancel) -> Self {
        self.cancel = Some(cancel);
        self
    }

    /// Returns how long all attempts of a call may take.
    #[must_use]
    pub const fn deadline(&self) -> Duration {
        self.policy.deadline
    }

    /// Takes another clock.
    #[must_use]
    pub fn with_pace(mut self, pace: Arc<dyn Pace>) -> Self {
        self.pace = pace;
        self
    }

    /// Returns where the server is, without credentials.
    #[must_use]
    pub const fn url(&self) -> &BaseUrl {
        &self.url
    }

    /// Sends a request and wants it done.
    ///
    /// # Errors
    /// As [`Client::send`], and as [`Client::refusal`] says where the answer is not a 2xx.
    pub fn call(&self, request: &Request) -> Result<Response> {
        let response = self.send(request)?;
        if response.is_success() {
            Ok(response)
        } else {
            Err(self.refusal(request, &response))
        }
    }

    /// Sends a request, again where that may help, and returns the answer whatever it says.
    ///
    /// Tried again are connections that fail or break, 408, 429 and 5xx, after a pause of random
    /// length or as long as the server asks, until the deadline. A request that is to be sent
    /// [`Request::once`] is tried again only if the server did not take it.
    ///
    /// # Errors
    /// Fails with 69 if no answer came within the deadline, or none but "later", with 130 if the
    /// [`Cancel`] cut it short. Does *not* fail on a redirect or another 4xx.
    pub fn send(&self, request: &Request) -> Result<Response> {
        let begin = self.pace.now();
        let elapsed = || self.pace.now().saturating_sub(begin);
        let mut attempts = 0;
        loop {
            let left = self.policy.deadline.saturating_sub(elapsed());
            attempts += 1;
            let time = left.min(self.policy.attempt.total);
            let outcome = match &self.cancel {
                None => self.attempt(request, time),
                Some(cancel) => {
                    let (client, asked) = (self.clone(), request.clone());
                    let attempt = move || client.attempt(&asked, time);
                    let done = cancel.run(attempt);
                    done.ok_or_else(|| self.cut_short(request))?
                }
            };
            let (failure, asked) = match outcome {
                Ok(mut response) if !is_later(response.status) => {
                    response.attempts = attempts;
                    return Ok(response);
                }
                Ok(response) => self.later(&response),
                Err(failure) => (failure, None),
            };
            let chance = self.pace.chance();
            let pause = match asked {
                Some(asked) => asked + self.policy.pause(1, chance),
                None => self.policy.pause(attempts, chance),
            };
            let again = failure.is_retryable && (failure.unsent || !request.is_once());
            if !again || elapsed() + pause >= self.policy.deadline {
                let seconds = elapsed().as_secs_f64();
                let asked = asked.filter(|_| again);
                return Err(self.stayed_away(request, failure, attempts, seconds, asked));
            }
            match &self.cancel {
                None => self.pace.sleep(pause),
                Some(cancel) if cancel.pause(pause) => {}
                Some(_) => return Err(self.cut_short(request)),
            }
        }
    }

    fn cut_short(&self, request: &Request) -> Error {
        let message = format!(
            "no longer waiting for {} ({})",
            self.server,
            self.place(request)
        );
        Error::new(ExitCode::Interrupted, message)
    }

    /// Makes the error of an answer that is no 2xx: 77 for 401 and 403, 78 for a redirect, 65 for
    /// any other, with what the server said.
    #[must_use]
    pub fn refusal(&self, request: &Request, response: &Response) -> Error {
        let status = status_text(response.status);
        let place = self.place(request);
        let message = match response.message().as_str() {
            "" => format!("{} refused {place}: {status}", self.server),
            said => format!("{} refused {place}: {status}: {said}", self.server),
        };
        match response.status {
            401 => Error::new(ExitCode::NotAllowed, message)
                .hint("check the user and password, or the token"),
            403 => Error::new(ExitCode::NotAllowed, message)
                .hint("the server knows who asks and does not allow it"),
            300..=399 => {
                let to = response.header(LOCATION.as_str()).unwrap_or_default();
                Error::bad_settings(message).hint(format!(
                    "redirects are not followed, since credentials would go along; it leads to \"{}\"",
                    address(to)
                ))
            }
            404 | 405 => {
                Error::bad_input(message).hint(format!("is {} {} itself?", self.url, self.server))
            }
            _ => Error::bad_input(message),
        }
    }

    fn place(&self, request: &Request) -> String {
        format!(
            "{} {}",
            request.method().as_str(),
            self.url.join(request.path())
        )
    }

    fn attempt(&self, request: &Request, time: Duration) -> std::result::Result<Response, Failure> {
        let mut builder = ureq::http::Request::builder()
            .method(request.method().as_str())
            .uri(self.url.join(request.path()));
        for (name, value) in request.headers() {
            builder = builder.header(*name, value);
        }
        if let Some(value) = &self.authorization {
            builder = builder.header(AUTHORIZATION, value);
        }
        if let Some(body) = request.body() {
            builder = builder.header(CONTENT_TYPE, body.content_type);
            if body.is_gzip {
                builder = builder.header(CONTENT_ENCODING, "gzip");
            }
        }
        let failed = |error| Failure::of(error, time, &self.policy.attempt);
        let outcome = match request.body() {
            Some(body) => {
                let made = builder.body(body.bytes.as_slice());
                let made = made.map_err(|error| failed(error.into()))?;
                let configured = self.agent.configure_request(made);
                self.agent
                    .run(configured.timeout_global(Some(time)).build())
            }
            None => {
                let made = builder.body(()).map_err(|error| failed(error.into()))?;
                let configured = self.agent.configure_request(made);
                self.agent
                    .run(configured.timeout_global(Some(time)).build())
            }
        };
        let (head, body) = outcome.map_err(failed)?.into_parts();
        let mut bytes = Vec::new();
        let limit = self.policy.max_body_bytes;
        let read = body
            .into_reader()
            .take(limit.saturating_add(1))
            .read_to_end(&mut bytes);
        let is_success = head.status.is_success();
        match read {
            Err(error) if is_success => return Err(failed(ureq::Error::from(error))),
            Ok(_) if is_success && bytes.len() as u64 > limit => {
                return Err(Failure {
                    text: format!("answered with more than {limit} bytes"),
                    cause: None,
                    is_retryable: false,
                    unsent: false,
                });
            }
            // Half of what a refusal says is better than nothing.
            Ok(_) | Err(_) => {}
        }
        let headers = head.headers.iter().map(|(name, value)| {
            let value = self.echo.hidden(value.as_bytes().to_vec(), is_success);
            let value = String::from_utf8_lossy(&value).into_owned();
            (name.as_str().to_owned(), value)
        });
        Ok(Response {
            status: head.status.as_u16(),
            headers: headers.collect(),
            body: self.echo.hidden(bytes, is_success),
            attempts: 1,
        })
    }

    /// Reads an answer that says "later", and how much later.
    fn later(&self, response: &Response) -> (Failure, Option<Duration>) {
        let status = status_text(response.status);
        let said = response.message();
        let failure = Failure {
            text: match said.as_str() {
                "" => format!("answered {status}"),
                said => format!("answered {status}: {said}"),
            },
            cause: None,
            is_retryable: true,
            unsent: response.status == 429,
        };
        let asked = response
            .header("retry-after")
            .and_then(|value| policy::retry_after(value, self.pace.unix_seconds()));
        (failure, asked)
    }

    fn stayed_away(
        &self,
        request: &Request,
        failure: Failure,
        attempts: u32,
        seconds: f64,
        asked: Option<Duration>,
    ) -> Error {
        let message = format!("{} {} ({})", self.server, failure.text, self.place(request));
        let times = match attempts {
            1 => "one attempt".to_owned(),
            many => format!("{many} attempts"),
        };
        let error = Error::new(ExitCode::Unavailable, message);
        let error = match failure.cause {
            Some(cause) => error.because(cause),
            None => error,
        };
        let deadline = self.policy.deadline.as_secs_f64();
        error.hint(match asked {
            Some(asked) => format!(
                "it asks to wait {} s, beyond the deadline of {deadline} s; {times} in {seconds:.1} s",
                asked.as_secs()
            ),
            None => format!("{times} in {seconds:.1} s; is {} the right place?", self.url),
        })
    }
}

impl Failure {
    fn of(error: ureq::Error, time: Duration, deadlines: &Deadlines) -> Self {
        let (text, is_retryable, unsent) = match &error {
            ureq::Error::HostNotFound => {
                ("could not be found: no such host".to_owned(), true, true)
            }
            ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
                ("could not be connected to in time".to_owned(), true, true)
            }
            ureq::Error::Timeout(Timeout::PerRead | Timeout::PerWrite) => {
                let seconds = deadlines.idle.as_secs_f64();
                (format!("was silent for {seconds:.1} s"), true, false)
            }
            ureq::Error::Timeout(which) => {
                let time = match which {
                    Timeout::RecvResponse => time.min(deadlines.first_byte),
                    _ => time,
                };
                let seconds = time.as_secs_f64();
                (format!("did not answer within {seconds:.1} s"), true, false)
            }
            ureq::Error::ConnectionFailed => ("could not be connected to".to_owned(), true, true),
            ureq::Error::Io(io) if is_tls(io) => ("could not be trusted".to_owned(), false, true),
            ureq::Error::Io(io) if io.kind() == std::io::ErrorKind::ConnectionRefused => {
                ("could not be connected to".to_owned(), true, true)
            }
            ureq::Error::Io(io) => ("broke the connection".to_owned(), is_passing(io), false),
            ureq::Error::Protocol(_) => ("did not speak HTTP".to_owned(), true, false),
            ureq::Error::Rustls(_) | ureq::Error::Tls(_) | ureq::Error::Pem(_) => {
                ("could not be trusted".to_owned(), false, true)
            }
            _ => ("could not be asked".to_owned(), false, true),
        };
        let cause: Option<Box<dyn std::error::Error + Send + Sync>> = match error {
            ureq::Error::Timeout(_) | ureq::Error::HostNotFound => None,
            ureq::Error::Io(io) => Some(io.into()),
            ureq::Error::Rustls(tls) => Some(tls.into()),
            other => Some(other.into()),
        };
        Self {
            text,
            cause,
            is_retryable,
            unsent,
        }
    }
}

/// Returns the proxy before a server. The library's own look takes the first variable that is set,
/// whatever the scheme, and passes over one that it cannot read.
fn proxy(url: &BaseUrl) -> Result<Option<ureq::Proxy>> {
    // A BaseUrl was a URI once.
    let Ok(server) = url.to_string().parse() else {
        return Ok(None);
    };
    let Some(proxy) = proxies::before(&server)? else {
        return Ok(None);
    };
    let usable = ureq::Proxy::new(&proxy.secret_url());
    usable.map(Some).map_err(|error| {
        let message = format!("the proxy {} cannot be used", proxy.uri());
        Error::bad_settings(message).because(error)
    })
}

fn is_tls(error: &std::io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(|inner| inner.is::<rustls::Error>())
}

const fn is_later(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..600)
}

fn status_text(status: u16) -> String {
    let reason = StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason());
    match reason {
        Some(reason) => format!("{status} {reason}"),
        None => status.to_string(),
    }
}
