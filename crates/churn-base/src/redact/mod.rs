//! The one place that decides what of an address, or of a text with addresses in it, may be seen.
//!
//! What is not known to be harmless is hidden: user information always, parameters unless their
//! names are on a list. Errors, messages, tables, documents and pages pass through here where they
//! are made, so that nobody else needs to think of it. What a secret is used for is not decided here.

mod address;
mod allowed;
mod mask;
mod words;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

pub use self::mask::MASK;

/// Most rounds of hiding.
const ROUNDS: usize = 16;

/// Returns a text in which addresses may stand without what may be secret in them. Any other text
/// is returned as it is.
///
/// # Examples
///
/// ```
/// use churn_base::redact::redacted;
/// assert_eq!(redacted("GET http://ann:pw@gw:9091/x: no"), "GET http://***@gw:9091/x: no");
/// assert_eq!(redacted("\"s3://b/a?sig=x&prefix=p\""), "\"s3://b/a?sig=***&prefix=p\"");
/// assert_eq!(redacted("rate(up{job=\"a\"}[5m])"), "rate(up{job=\"a\"}[5m])");
/// ```
#[must_use]
pub fn redacted(text: &str) -> Cow<'_, str> {
    if !may_hold_any(text) {
        return Cow::Borrowed(text);
    }
    settled(text, address::hidden_in)
}

/// Returns what was given as one address, a path or a setting, without what may be secret in it:
/// as [`redacted`], but with blanks and quotes nothing ends.
///
/// # Examples
///
/// ```
/// use churn_base::redact::address;
/// assert_eq!(address("postgres://me:a b@h/db?table=t"), "postgres://***@h/db?table=t");
/// assert_eq!(address("months/*.csv"), "months/*.csv");
/// ```
#[must_use]
pub fn address(text: &str) -> Cow<'_, str> {
    if !may_hold_any(text) {
        return Cow::Borrowed(text);
    }
    settled(text, address::hidden_of)
}

/// Hides until there is nothing left to hide: what was put in the place of a secret may let more of
/// the text be understood. Twice is enough for all that people write.
fn settled(text: &str, addresses: impl Fn(&str) -> String) -> Cow<'_, str> {
    let mut shown = Cow::Borrowed(text);
    for _ in 0..ROUNDS {
        let next = words::hidden(&address::without_escaped(&addresses(&hidden_labels(
            &shown,
        ))));
        if next == *shown {
            break;
        }
        shown = Cow::Owned(next);
    }
    shown
}

/// What the Pushgateway has before a label that cannot stand in a path.
const ENCODED: &str = "@base64/";

/// Hides labels of a Pushgateway's path in which there is something to hide.
fn hidden_labels(text: &str) -> Cow<'_, str> {
    if !text.contains(ENCODED) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(ENCODED) {
        let (before, label) = rest.split_at(at + ENCODED.len());
        let is_other = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '='));
        let end = label.find(is_other).unwrap_or(label.len());
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(label[..end].trim_end_matches('='));
        let decoded = bytes.ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let is_harmless = decoded.is_none_or(|label| redacted(&label) == label);
        shown.push_str(before);
        shown.push_str(if is_harmless { &label[..end] } else { MASK });
        rest = &label[end..];
    }
    shown.push_str(rest);
    Cow::Owned(shown)
}

/// Tells quickly that there is nothing to hide in most texts.
fn may_hold_any(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes
        .iter()
        .any(|byte| matches!(byte, b'@' | b'=' | b'%' | b':'))
        || words::names_login(text)
}
