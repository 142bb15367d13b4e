//! What goes to a server and what comes back.

use std::io::Write as _;

use churn_base::error::{Error, Result};
use churn_base::exit::ExitCode;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Longest piece of a server's words that we repeat.
const LONGEST_MESSAGE: usize = 600;

/// What to do with the thing at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Read it.
    Get,
    /// Add to it.
    Post,
    /// Replace it.
    Put,
    /// Remove it.
    Delete,
    /// Change parts of it.
    Patch,
}

impl Method {
    /// Returns the word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
            Self::Patch => "PATCH",
        }
    }
}

/// The body of a request.
#[derive(Debug, Clone)]
pub(super) struct Body {
    pub(super) content_type: &'static str,
    pub(super) bytes: Vec<u8>,
    pub(super) is_gzip: bool,
}

/// A request to one server.
#[derive(Debug, Clone)]
pub struct Request {
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Option<Body>,
    is_once: bool,
}

impl Request {
    /// Makes a request. The path is below the client's URL, begins with a slash, is escaped, and
    /// may have a query.
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        let body = match method {
            Method::Get | Method::Delete => None,
            // These say how long their body is even if there is none.
            Method::Post | Method::Put | Method::Patch => Some(Body {
                content_type: "application/octet-stream",
                bytes: Vec::new(),
                is_gzip: false,
            }),
        };
        Self {
            method,
            path: path.into(),
            headers: Vec::new(),
            body,
            is_once: false,
        }
    }

    /// Makes a GET.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::Get, path)
    }

    /// Makes a POST with JSON.
    ///
    /// # Errors
    /// Fails with 70 if the value cannot be serialised: a bug.
    pub fn post_json<T: Serialize>(path: impl Into<String>, value: &T) -> Result<Self> {
        Self::new(Method::Post, path).json(value)
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Takes bytes as the body.
    #[must_use]
    pub fn bytes(mut self, content_type: &'static str, bytes: Vec<u8>) -> Self {
        self.body = Some(Body {
            content_type,
            bytes,
            is_gzip: false,
        });
        self
    }

    /// Takes a value as the body, as JSON.
    ///
    /// # Errors
    /// Fails with 70 if the value cannot be serialised: a bug.
    pub fn json<T: Serialize>(self, value: &T) -> Result<Self> {
        let bytes = serde_json::to_vec(value).map_err(|error| {
            Error::new(ExitCode::Bug, "cannot write the request as JSON").because(error)
        })?;
        Ok(self.bytes("application/json", bytes))
    }

    /// Packs the body.
    #[must_use]
    pub fn gzip(mut self) -> Self {
        if let Some(body) = self.body.as_mut().filter(|body| !body.is_gzip) {
            let mut packer =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            // To memory, which does not fail; if it did, the body would go as it is.
            if packer.write_all(&body.bytes).is_ok()
                && let Ok(packed) = packer.finish()
            {
                body.bytes = packed;
                body.is_gzip = true;
            }
        }
        self
    }

    /// Says that the server must not get this twice: it makes something new each time.
    #[must_use]
    pub const fn once(mut self) -> Self {
        self.is_once = true;
        self
    }

    /// Returns what to do.
    #[must_use]
    pub const fn method(&self) -> Method {
        self.method
    }

    /// Returns the path.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn headers(&self) -> &[(&'static str, String)] {
        &self.headers
    }

    pub(super) const fn body(&self) -> Option<&Body> {
        self.body.as_ref()
    }

    pub(super) const fn is_once(&self) -> bool {
        self.is_once
    }
}

/// What a server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, unpacked.
    pub body: Vec<u8>,
    /// How many attempts it took.
    pub attempts: u32,
}

impl Response {
    /// Returns the server's own time, in whole seconds, if it tells.
    #[must_use]
    pub fn date(&self) -> Option<Timestamp> {
        let parser = jiff::fmt::rfc2822::DateTimeParser::new();
        parser.parse_timestamp(self.header("date")?).ok()
    }

    /// Tells whether the server did what was asked.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200..300)
    }

    /// Returns a header; the name is in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Returns what the server says, as far as it is meant for people: the message in a JSON
    /// answer, or the text, in one line and of bounded length.
    #[must_use]
    pub fn message(&self) -> String {
        let text = match serde_json::from_slice(&self.body) {
            Ok(value) => json_message(&value).unwrap_or_default(),
            Err(_) => String::from_utf8_lossy(&self.body).into_owned(),
        };
        let text = match text.trim_start().starts_with('<') {
            // A page of some proxy in between says more in its title than in its tags.
            true => title(&text).to_owned(),
            false => text,
        };
        let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some((end, _)) = words.char_indices().nth(LONGEST_MESSAGE) {
            words.truncate(end);
            words.push('…');
        }
        words
    }

    /// Reads the body as JSON.
    ///
    /// # Errors
    /// Fails with 65 if it is none, or not of that form.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|error| {
            Error::bad_input("the answer is not the JSON that was asked for").because(error)
        })
    }
}

fn json_message(value: &serde_json::Value) -> Option<String> {
    if let Some(text) = value.as_str() {
        return Some(text.to_owned());
    }
    // Prometheus, Kubernetes and Alertmanager, MLflow, problem+json.
    ["error", "message", "detail", "title"]
        .iter()
        .find_map(|key| match value.get(key)? {
            serde_json::Value::String(text) => Some(text.clone()),
            nested @ serde_json::Value::Object(_) => json_message(nested),
            _ => None,
        })
}

fn title(html: &str) -> &str {
    let lower = html.to_ascii_lowercase();
    let found = lower.find("<title>").and_then(|begin| {
        let begin = begin + "<title>".len();
        let end = lower[begin..].find("</title>")?;
        html.get(begin..begin + end)
    });
    found.unwrap_or("a page of HTML")
}
