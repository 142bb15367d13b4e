//! URLs of servers: checked at the door, shown without what is secret in them.

use std::fmt;
use std::str::FromStr;

use churn_base::percent::decoded;
use churn_base::redact::address;
use churn_base::secret::Secret;
use ureq::http::Uri;

/// Where a server is: scheme, host, port and a path that all requests begin with. No user
/// information, no query.
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl {
    text: String,
    host: String,
    is_https: bool,
    login: Option<(String, Secret)>,
}

impl BaseUrl {
    /// Returns the URL of a path below this one; the path begins with a slash and is escaped.
    #[must_use]
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.text)
    }

    /// Returns the host, without the port.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Tells whether what is sent there is encrypted.
    #[must_use]
    pub const fn is_https(&self) -> bool {
        self.is_https
    }

    /// Tells whether what is sent there stays on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        bare == "localhost"
            || bare
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    }

    /// Returns user and password if the URL had them.
    pub(super) fn login(&self) -> Option<(&str, &Secret)> {
        self.login
            .as_ref()
            .map(|(user, password)| (user.as_str(), password))
    }
}

impl FromStr for BaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let shown = address(text);
        let refused = |why: &str| format!("\"{shown}\" {why}");
        if !text.contains("://") {
            return Err(refused(&format!(
                "is no URL; did you mean \"http://{shown}\"?"
            )));
        }
        let uri: Uri = text.parse().map_err(|_| refused("is no URL"))?;
        let is_https = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            Some(_) | None => return Err(refused("is neither http:// nor https://")),
        };
        if uri.query().is_some() || text.contains('#') {
            return Err(refused("has a query or a fragment; only a path may follow"));
        }
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let (userinfo, place) = match authority.rsplit_once('@') {
            Some((userinfo, place)) => (Some(userinfo), place),
            None => (None, authority),
        };
        let host = uri.host().unwrap_or_default().to_owned();
        if host.is_empty() {
            return Err(refused("names no host"));
        }
        // The host is then a name, and what was meant for the password the port or the path.
        if uri.path().contains('@') {
            return Err(refused(
                "has an @ in its path; in a password write / as %2F",
            ));
        }
        let port = place[host.len()..].strip_prefix(':');
        if port.is_some_and(|port| port.parse::<u16>().is_err()) {
            return Err(refused("has no port number after the colon"));
        }
        let scheme = if is_https { "https" } else { "http" };
        // What is malformed is not shown: it may be part of the password.
        let plain = |text| {
            let malformed = "has a malformed escape in its user or password; write % as %25";
            decoded(text).map_err(|_| refused(malformed))
        };
        let login = match userinfo {
            None => None,
            Some(userinfo) => {
                let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
                let password = plain(password)?.into_owned();
                Some((plain(user)?.into_owned(), Secret::new(password)))
            }
        };
        Ok(Self {
            text: format!("{scheme}://{place}{}", uri.path().trim_end_matches('/')),
            host,
            is_https,
            login,
        })
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BaseUrl({})", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> BaseUrl {
        text.parse().expect(text)
    }

    #[test]
    fn a_base_has_no_slash_at_its_end_and_keeps_its_prefix() {
        assert_eq!(
            url("http://gw:9091").join("/metrics"),
            "http://gw:9091/metrics"
        );
        assert_eq!(
            url("http://gw:9091/").join("/metrics"),
            "http://gw:9091/metrics"
        );
        assert_eq!(url("https://x/push/").join("/a"), "https://x/push/a");
        assert_eq!(url("http://[::1]:9091").host(), "[::1]");
    }

    #[test]
    fn user_and_password_are_taken_out_and_decoded() {
        let url = url("https://ann:p%40ss%2Fword@gw:9091/x");
        assert_eq!(url.to_string(), "https://gw:9091/x");
        let (user, password) = url.login().expect("a login");
        assert_eq!((user, password.expose()), ("ann", "p@ss/word"));
        assert!(!format!("{url:?}").contains("p@ss"));
    }

    #[test]
    fn what_is_no_url_is_refused_and_never_shows_a_password() {
        for text in [
            "",
            "gw:9091",
            "ftp://gw",
            "http://",
            "http://gw?x=1",
            "http://gw/#a",
            "http://a b",
            "file:///etc/passwd",
            "http://ann:canary@",
            "http://ann:can/ary@gw:9091x",
            "ann:canary@gw:9091",
            "http://ann:canary@gw:9091?x",
        ] {
            let why = text.parse::<BaseUrl>().expect_err(text);
            assert!(!why.contains("canary") && !why.contains("can/ary"), "{why}");
        }
        let why = "gw:9091".parse::<BaseUrl>().expect_err("no scheme");
        assert!(why.contains("did you mean \"http://gw:9091\"?"), "{why}");
    }

    #[test]
    fn loopback_is_known_in_its_forms() {
        for text in ["http://localhost:1", "http://127.0.0.9", "http://[::1]:9"] {
            assert!(url(text).is_loopback(), "{text}");
        }
        assert!(!url("http://localhost.example.org").is_loopback());
        assert!(!url("http://10.0.0.1").is_loopback());
    }

    #[test]
    fn a_malformed_escape_is_refused_without_showing_the_password() {
        // CPython's urllib would send the bytes as they are; a login that nobody typed helps nobody.
        for text in [
            "http://ann:can%+4ary@gw",
            "http://an%n:canary@gw",
            "http://ann:canary%FF@gw",
        ] {
            let why = text.parse::<BaseUrl>().expect_err(text);
            assert!(why.contains("%25") && !why.contains("can"), "{why}");
        }
    }
}
