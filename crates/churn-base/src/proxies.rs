//! Which proxy stands between us and a server, by the variables that curl and its kin heed. How a
//! request goes through it is the affair of whoever sends one.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::Matcher;

use crate::error::{Error, Result};
use crate::percent::{decoded, part};
use crate::secret::Secret;

/// Variables that name the proxy for `https://`; the first that is not empty counts.
const FOR_HTTPS: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
/// Variables that name the proxy for `http://`.
const FOR_HTTP: [&str; 4] = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
/// Variables that name the servers that are asked directly.
const EXCEPTIONS: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// Reads a variable of the environment, or of a test.
type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A proxy that requests go through.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    uri: Uri,
    login: Option<(String, Secret)>,
}

impl Proxy {
    /// Reads the URL of a proxy; without a scheme it is one of HTTP. `origin` is where it was
    /// found: the name of a variable.
    ///
    /// # Errors
    /// 78 if it is not a URL, or of a kind that is not spoken here. Never shows the login.
    pub fn parse(origin: &str, text: &str) -> Result<Self> {
        let refused = |why: &str| {
            Error::bad_settings(format!("the proxy of {origin} {why}"))
                .hint("http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT, with USER:PASSWORD@ before the host if it wants a login")
        };
        let text = text.trim();
        let whole = match text.contains("://") {
            true => text.to_owned(),
            false => format!("http://{text}"),
        };
        let uri: Uri = whole.parse().map_err(|_| refused("is not a URL"))?;
        let scheme = match uri.scheme_str() {
            Some(scheme @ ("http" | "https" | "socks5")) => scheme,
            // Host names are resolved by the proxy in either case.
            Some("socks5h") => "socks5",
            _ => return Err(refused("is neither http://, https:// nor socks5://")),
        };
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let (login, place) = match authority.rsplit_once('@') {
            Some((login, place)) => (Some(login), place),
            None => (None, authority),
        };
        let plain = |text| {
            let malformed = "has a malformed escape in its login; a percent sign is written %25";
            decoded(text).map_err(|_| refused(malformed))
        };
        let login = match login {
            None => None,
            Some(login) => {
                let (user, password) = login.split_once(':').unwrap_or((login, ""));
                let password = Secret::new(plain(password)?.into_owned());
                Some((plain(user)?.into_owned(), password))
            }
        };
        let uri = Uri::builder().scheme(scheme).authority(place);
        let uri = uri.path_and_query("/").build();
        let uri = uri.map_err(|_| refused("does not name a host"))?;
        Ok(Self { uri, login })
    }

    /// Returns where it is, without its login.
    #[must_use]
    pub const fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Returns whether it speaks SOCKS and not HTTP.
    #[must_use]
    pub fn is_socks(&self) -> bool {
        self.uri.scheme_str() == Some("socks5")
    }

    /// Returns user and password, if it wants them.
    #[must_use]
    pub fn login(&self) -> Option<(&str, &str)> {
        let login = self.login.as_ref();
        login.map(|(user, password)| (user.as_str(), password.expose()))
    }

    /// Returns the login as HTTP wants it.
    #[must_use]
    pub fn basic_auth(&self) -> Option<HeaderValue> {
        let (user, password) = self.login()?;
        let encoded = BASE64_STANDARD.encode(format!("{user}:{password}"));
        let mut value = HeaderValue::from_str(&format!("Basic {encoded}")).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// Returns its whole URL, login included: not to be shown.
    #[must_use]
    pub fn secret_url(&self) -> String {
        let authority = self.uri.authority().map_or("", |place| place.as_str());
        let scheme = self.uri.scheme_str().unwrap_or("http");
        match self.login() {
            Some((user, password)) => {
                format!("{scheme}://{}:{}@{authority}", part(user), part(password))
            }
            None => format!("{scheme}://{authority}"),
        }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({})", self.uri)
    }
}

/// Returns the proxy that stands before a server, by the variables of its scheme.
///
/// # Errors
/// 78 if the variable that counts does not name a proxy. Does *not* fail on what `NO_PROXY`
/// holds: an entry that names nothing excepts nothing.
pub fn before(server: &Uri) -> Result<Option<Proxy>> {
    find(server, &|name| std::env::var(name).ok())
}

fn find(server: &Uri, environment: Environment<'_>) -> Result<Option<Proxy>> {
    let variables = match server.scheme_str() {
        Some("http") => FOR_HTTP,
        _ => FOR_HTTPS,
    };
    // A CGI program gets the header `Proxy` of a request as HTTP_PROXY (CVE-2016-5385).
    let is_cgi = environment("REQUEST_METHOD").is_some();
    let value = |name: &str| environment(name).filter(|value| !value.trim().is_empty());
    let found = variables
        .iter()
        .filter(|name| **name != "HTTP_PROXY" || !is_cgi)
        .find_map(|name| Some((*name, value(name)?)));
    let Some((name, text)) = found else {
        return Ok(None);
    };
    let exceptions = EXCEPTIONS.iter().find_map(|name| value(name));
    if is_excepted(server, &exceptions.unwrap_or_default()) {
        return Ok(None);
    }
    Proxy::parse(name, &text).map(Some)
}

/// Tells whether a server is among those that are asked directly: names with all below them,
/// addresses, networks (10.0.0.0/8), each perhaps for one port alone, or `*`.
#[must_use]
pub fn is_excepted(server: &Uri, exceptions: &str) -> bool {
    let usual = if server.scheme_str() == Some("http") {
        80
    } else {
        443
    };
    let port = server.port_u16().unwrap_or(usual);
    // The matcher takes it for names alone.
    if exceptions.split([',', ' ']).any(|entry| entry == "*") {
        return true;
    }
    let hosts: Vec<&str> = exceptions
        .split([',', ' '])
        .filter_map(|entry| {
            let entry = entry.trim();
            // The matcher knows neither `host:port` nor `*.name`, which Go's programs do.
            let (host, own) = match entry.rsplit_once(':') {
                Some((host, own)) if !host.contains(':') || host.ends_with(']') => {
                    (host, Some(own))
                }
                _ => (entry, None),
            };
            let is_meant = own.is_none_or(|own| own.parse() == Ok(port));
            let host = host.trim_start_matches('[').trim_end_matches(']');
            is_meant.then(|| {
                host.strip_prefix('*')
                    .filter(|rest| !rest.is_empty())
                    .unwrap_or(host)
            })
        })
        .collect();
    let any = Matcher::builder().all("http://proxy").no(hosts.join(","));
    any.build().intercept(server).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy_of(server: &str, set: &[(&str, &str)]) -> Result<Option<String>> {
        let server: Uri = server.parse().expect("a URI");
        let environment = |name: &str| {
            let found = set.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let found = find(&server, &environment)?;
        Ok(found.map(|proxy| proxy.secret_url()))
    }

    #[test]
    fn the_variable_of_the_scheme_counts_in_either_case() {
        let set = [
            ("HTTPS_PROXY", " "),
            ("https_proxy", "proxy:3128"),
            ("HTTP_PROXY", "socks5h://s:1080"),
            ("ALL_PROXY", "http://all"),
        ];
        let https = proxy_of("https://s3.example/", &set);
        assert_eq!(https.expect("usable").as_deref(), Some("http://proxy:3128"));
        let http = proxy_of("http://s3.example/", &set);
        assert_eq!(http.expect("usable").as_deref(), Some("socks5://s:1080"));
        let in_cgi = [&set[..], &[("REQUEST_METHOD", "GET")]].concat();
        let http = proxy_of("http://s3.example/", &in_cgi);
        assert_eq!(http.expect("usable").as_deref(), Some("http://all"));
        let none = proxy_of("http://s3.example/", &set[..2]);
        assert_eq!(none.expect("usable"), None);
    }

    #[test]
    fn exceptions_are_names_networks_and_ports() {
        // The table is what golang.org/x/net/http/httpproxy documents of NO_PROXY, and curl's
        // manual: https://curl.se/docs/manpage.html#--noproxy.
        for (server, exceptions, is_direct) in [
            ("https://api.example.org", "example.org", true),
            ("https://notexample.org", "example.org", false),
            ("https://api.example.org", ".example.org", true),
            ("https://api.example.org", "*.example.org", true),
            (
                "https://api.example.org:6443",
                "x, api.example.org:6443,",
                true,
            ),
            ("https://api.example.org", "api.example.org:6443", false),
            ("https://10.1.2.3:9000", "10.0.0.0/8", true),
            ("https://11.1.2.3:9000", "10.0.0.0/8,,", false),
            ("https://[::1]:9000", "[::1]:9000", true),
            ("https://[::1]:9000", "::1", true),
            ("https://anything", "*", true),
            ("https://10.1.2.3", "x, *", true),
            ("https://anything", "", false),
            ("https://b", "a b", true),
        ] {
            let set = [("HTTPS_PROXY", "p:1"), ("NO_PROXY", exceptions)];
            let found = proxy_of(server, &set).expect("usable");
            assert_eq!(found.is_none(), is_direct, "{server} {exceptions}");
        }
    }

    #[test]
    fn a_login_is_decoded_and_never_shown() {
        let proxy = Proxy::parse("X", "http://ann:p%40ss@proxy:3128").expect("a proxy");
        assert_eq!(proxy.login(), Some(("ann", "p@ss")));
        // printf 'ann:p@ss' | base64
        assert_eq!(proxy.basic_auth().expect("a header"), "Basic YW5uOnBAc3M=");
        assert_eq!(proxy.secret_url(), "http://ann:p%40ss@proxy:3128");
        assert!(!format!("{proxy:?}").contains("ss@"), "{proxy:?}");
    }

    #[test]
    fn what_is_not_a_proxy_is_refused_with_its_variable() {
        for text in [
            "socks4://p:1",
            "ftp://p",
            "http://",
            "http://a b",
            "http://ann:can%ry@p",
        ] {
            let error = proxy_of("https://x", &[("ALL_PROXY", text)]).expect_err(text);
            assert_eq!(error.code().code(), 78, "{text}");
            assert!(error.to_string().contains("ALL_PROXY"), "{error}");
            assert!(!error.to_string().contains("can"), "{error}");
        }
    }
}
