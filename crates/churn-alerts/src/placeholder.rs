//! Values that only stand for one that somebody has to set. What is done about one is the caller's affair.

/// Domains of nobody: RFC 2606 sets the first three aside, the last is that of the Python system's
/// settings.
const DOMAINS: [&str; 4] = ["example.com", "example.org", "example.net", "company.com"];
/// The channel that our settings have by default, as those of the Python system.
const CHANNEL: &str = "#ml-alerts";

/// Tells whether a value cannot be anybody's own: it names a domain of nobody, the default channel,
/// or an image by a digest of zeros.
#[must_use]
pub fn is_placeholder(value: &str) -> bool {
    value == CHANNEL
        || value.ends_with(&"0".repeat(64))
        || DOMAINS.iter().any(|domain| names(value, domain))
}

/// Tells whether a domain or one below it stands in the text, and not a longer word.
fn names(text: &str, domain: &str) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    text.match_indices(domain).any(|(at, _)| {
        let before = text.as_bytes()[..at].last();
        let after = &text.as_bytes()[at + domain.len()..];
        let goes_on = match after {
            [b'.', next, ..] => is_word(next),
            [next, ..] => is_word(next),
            [] => false,
        };
        !before.is_some_and(is_word) && !goes_on
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nobodys_is_told_from_what_only_looks_like_it() {
        let zeros = format!("registry.shop.test/churnctl@sha256:{}", "0".repeat(64));
        for value in [
            "https://runbooks.example.com/churnctl/High",
            "ml-team@company.com",
            "example.org:587",
            "see example.net.",
            "#ml-alerts",
            &zeros,
        ] {
            assert!(is_placeholder(value), "{value}");
        }
        let digest = format!("registry.shop.test/churnctl@sha256:{}", "01".repeat(32));
        for value in [
            "https://myexample.com/a",
            "https://example.com.shop.test/a",
            "a@example.community",
            "ops@my-company.com",
            "#ml-alerts-eu",
            "https://wiki.shop.test/alerts",
            "",
            &digest,
        ] {
            assert!(!is_placeholder(value), "{value}");
        }
    }
}
