//! A bearer token from a file: compared in constant time, read again when the file changes.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use churn_base::error::{Error, Result};
use churn_base::files::read_at_most;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::problem::Problem;

/// How often the file is looked at, at most.
const LOOK: Duration = Duration::from_secs(1);
/// Longest token; a file that is larger is a mistake.
const MOST: u64 = 16 << 10;

/// A token that requests must bear. Clones share the file.
#[derive(Debug, Clone)]
pub struct Token(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    kept: Mutex<Kept>,
}

#[derive(Debug)]
struct Kept {
    // Hashes are of one length, so the comparison does not tell how long the token is.
    hash: [u8; 32],
    stamp: Stamp,
    looked: Instant,
}

/// Changes when the file does, also when a mounted secret is replaced by way of its links.
type Stamp = (u64, u64, i64, i64);

impl Token {
    /// Reads the token: the file's text without white space at its ends.
    ///
    /// # Errors
    /// I/O (74) if the file cannot be read, bad settings (78) if it is empty, too large, or holds
    /// what no header can.
    pub fn from_file(path: &Path) -> Result<Self> {
        let (hash, stamp) = read(path)?;
        let looked = Instant::now();
        Ok(Self(Arc::new(Shared {
            path: path.to_path_buf(),
            kept: Mutex::new(Kept {
                hash,
                stamp,
                looked,
            }),
        })))
    }

    /// Tells whether the headers bear the token.
    ///
    /// A file that has become unreadable or empty leaves the last good token in force: an
    /// update that is half done must not lock everybody out.
    #[must_use]
    pub fn is_borne_by(&self, headers: &HeaderMap) -> bool {
        let offered = headers.get(AUTHORIZATION).map(|value| value.as_bytes());
        let Some((scheme, offered)) = offered.and_then(|value| value.split_at_checked(7)) else {
            return false;
        };
        if !scheme.eq_ignore_ascii_case(b"bearer ") {
            return false;
        }
        self.is(offered.trim_ascii())
    }

    /// Tells whether the headers bear the token as the password that a browser asked its user for.
    ///
    /// A browser sends it along with what other sites make it send, too: that does not count.
    #[must_use]
    pub fn is_typed_in(&self, headers: &HeaderMap) -> bool {
        let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
        if site.is_some_and(|site| site != b"same-origin" && site != b"none") {
            return false;
        }
        let offered = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes);
        let Some((scheme, offered)) = offered.and_then(|value| value.split_at_checked(6)) else {
            return false;
        };
        if !scheme.eq_ignore_ascii_case(b"basic ") {
            return false;
        }
        let Ok(login) = BASE64_STANDARD.decode(offered.trim_ascii()) else {
            return false;
        };
        let colon = login.iter().position(|&byte| byte == b':');
        colon.is_some_and(|colon| self.is(&login[colon + 1..]))
    }

    fn is(&self, offered: &[u8]) -> bool {
        let offered: [u8; 32] = Sha256::digest(offered).into();
        offered.ct_eq(&self.hash()).into()
    }

    fn hash(&self) -> [u8; 32] {
        let mut kept = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.looked.elapsed() >= LOOK {
            kept.looked = Instant::now();
            if stamp(&self.0.path).is_some_and(|now| now != kept.stamp)
                && let Ok((hash, stamp)) = read(&self.0.path)
            {
                (kept.hash, kept.stamp) = (hash, stamp);
            }
        }
        kept.hash
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let file = fs::metadata(path).ok()?;
    Some((file.ino(), file.len(), file.mtime(), file.mtime_nsec()))
}

fn read(path: &Path) -> Result<([u8; 32], Stamp)> {
    let refused = |why: &str| {
        let message = format!("the token file {} {why}", path.display());
        Error::bad_settings(message)
            .hint("it holds one token, such as `openssl rand -hex 32` makes")
    };
    let failed = |error| Error::io("read the token file", path, error);
    // The stamp is that of before: if the file changes in between, it is read once more.
    let stamp = stamp(path).unwrap_or_default();
    if fs::metadata(path).map_err(failed)?.len() > MOST {
        return Err(refused("is too large"));
    }
    let text = read_at_most(path, MOST).map_err(failed)?;
    let token = text.trim_ascii();
    if token.is_empty() {
        return Err(refused("is empty"));
    }
    if !token.iter().all(u8::is_ascii_graphic) {
        return Err(refused("holds white space or characters beyond ASCII"));
    }
    Ok((Sha256::digest(token).into(), stamp))
}

/// Lets only requests with the token through to the routes that the router has so far.
pub fn require(router: Router, token: Token) -> Router {
    router.layer(from_fn_with_state(token, check))
}

async fn check(State(token): State<Token>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    if token.is_borne_by(headers) || token.is_typed_in(headers) {
        return next.run(request).await;
    }
    let accepted = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    let mut problem = Problem::unauthorized();
    if accepted.is_some_and(|accepted| accepted.contains("text/html")) {
        // Lets a browser ask for it: any user name, the token as the password.
        let ask = HeaderValue::from_static("Basic realm=\"churnctl: the token is the password\"");
        problem = problem.header(WWW_AUTHENTICATE, ask);
    }
    problem.into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(AUTHORIZATION, value.parse().expect("a value"))])
    }

    #[test]
    fn only_the_whole_token_will_do() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        fs::write(&path, "s3cret\n").expect("write");
        let token = Token::from_file(&path).expect("a token");
        assert!(token.is_borne_by(&headers("Bearer s3cret")));
        assert!(token.is_borne_by(&headers("bearer s3cret")));
        for wrong in [
            "Bearer s3cre",
            "Bearer s3crets",
            "Bearer",
            "Bearer ",
            "Basic s3cret",
            "",
        ] {
            assert!(!token.is_borne_by(&headers(wrong)), "{wrong}");
        }
        assert!(!token.is_borne_by(&HeaderMap::new()));
    }

    #[test]
    fn a_browser_may_send_it_as_a_password_but_not_for_other_sites() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        fs::write(&path, "s3:cret").expect("write");
        let token = Token::from_file(&path).expect("a token");
        let typed = |login: &str| headers(&format!("Basic {}", BASE64_STANDARD.encode(login)));
        assert!(token.is_typed_in(&typed("me:s3:cret")));
        assert!(token.is_typed_in(&typed(":s3:cret")));
        for wrong in ["s3:cret", "me:s3:cre", "me:", "", "me:s3:cret\n"] {
            assert!(!token.is_typed_in(&typed(wrong)), "{wrong}");
        }
        assert!(!token.is_typed_in(&headers("Basic %%%")));
        assert!(!token.is_typed_in(&headers("Bearer s3:cret")));
        for (site, good) in [
            ("same-origin", true),
            ("none", true),
            ("cross-site", false),
            ("same-site", false),
        ] {
            let mut headers = typed("me:s3:cret");
            headers.insert("sec-fetch-site", HeaderValue::from_static(site));
            assert_eq!(token.is_typed_in(&headers), good, "{site}");
        }
    }

    #[test]
    fn a_new_token_counts_and_an_emptied_file_does_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        fs::write(&path, "old").expect("write");
        let token = Token::from_file(&path).expect("a token");
        let look_again = |token: &Token| {
            let mut kept = token.0.kept.lock().expect("not poisoned");
            kept.looked = Instant::now().checked_sub(LOOK).expect("up for a second");
        };
        fs::write(&path, "newer").expect("write");
        look_again(&token);
        assert!(token.is_borne_by(&headers("Bearer newer")));
        assert!(!token.is_borne_by(&headers("Bearer old")));
        fs::write(&path, "").expect("write");
        look_again(&token);
        assert!(token.is_borne_by(&headers("Bearer newer")));
    }

    #[test]
    fn a_file_without_a_token_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        assert_eq!(
            Token::from_file(&path).expect_err("absent").code().code(),
            74
        );
        for text in ["", " \n", "two words", "t\u{e9}"] {
            fs::write(&path, text).expect("write");
            assert_eq!(Token::from_file(&path).expect_err(text).code().code(), 78);
        }
    }
}
