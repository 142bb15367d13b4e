//! Secrets that stand in a text without a scheme before them: `user:password@host`, words such as
//! `password=...`, connection strings, headers.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::allowed::{is_connection, is_keyword};
use super::mask::MASK;

/// Ends of names whose values are secrets, in lower case and without `-`, `_` and `.`.
const SECRET_ENDS: [&str; 15] = [
    "password",
    "passwd",
    "passwort",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "accountkey",
    "secretkey",
    "privatekey",
    "signature",
    "credential",
    "credentials",
];
/// Words that are secret only as a whole name.
const SECRET_NAMES: [&str; 5] = ["pass", "sig", "sas", "jwt", "authorization"];
/// Words that a misspelling may have been meant for.
const MEANT: [&str; 3] = ["password", "token", "secret"];
/// Headers that let somebody in.
const HEADERS: [&str; 5] = [
    "authorization",
    "proxy-authorization",
    "x-api-key",
    "cookie",
    "set-cookie",
];
/// What follows "bearer" in a sentence, and is not a token.
const NOT_TOKENS: [&str; 10] = [
    "token",
    "tokens",
    "authentication",
    "authorization",
    "auth",
    "scheme",
    "realm",
    "header",
    "or",
    "and",
];

/// Hides what is secret in a text whose addresses and escapes have been dealt with.
pub(super) fn hidden(text: &str) -> String {
    let text = without_logins(text);
    let text = without_headers(&text);
    let text = without_connections(&text);
    without_assignments(&text)
}

/// Tells whether a text names a way to be let in.
pub(super) fn names_login(text: &str) -> bool {
    text.as_bytes().windows(7).any(|word| {
        word.eq_ignore_ascii_case(b"bearer ") || word[..6].eq_ignore_ascii_case(b"basic ")
    })
}

const fn is_edge(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '(' | '<' | '>' | '[' | '{' | '|')
}

/// Hides what stands before the `@` of `user:password@host`.
fn without_logins(text: &str) -> String {
    if !text.contains('@') {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        let begin = rest[..at].rfind(is_edge).map_or(0, |edge| {
            edge + rest[edge..].chars().next().map_or(0, char::len_utf8)
        });
        let after = &rest[at + 1..];
        shown.push_str(&rest[..begin]);
        shown.push_str(match is_login(&rest[begin..at], after) {
            true => MASK,
            false => &rest[begin..at],
        });
        shown.push('@');
        rest = after;
    }
    shown.push_str(rest);
    shown
}

fn is_login(before: &str, after: &str) -> bool {
    // What has a scheme is an address, and dealt with.
    let Some((name, _)) = before.split_once(':') else {
        return false;
    };
    if before.contains("://")
        || name == "mailto"
        || before.contains("models:/")
        || before == "USER:PASSWORD"
    {
        return false;
    }
    let end = after.find(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-' | '_')));
    let host = &after[..end.unwrap_or(after.len())];
    if host.is_empty() {
        return after.starts_with(['/', '[']);
    }
    // PromQL has times there: `x:rate5m@1609746000`, `@start()`; images have digests.
    let is_number =
        host.matches('.').count() < 3 && host.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let is_call = matches!(host, "start" | "end") && after[host.len()..].starts_with('(');
    !is_number && !is_call && !after.starts_with("sha256:")
}

/// Hides values of headers that let somebody in, and what follows `Bearer` and `Basic`.
fn without_headers(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    for (begin, end) in credentials(text) {
        if begin >= at {
            shown.push_str(&text[at..begin]);
            shown.push_str(MASK);
            at = end;
        }
    }
    shown.push_str(&text[at..]);
    shown
}

/// Returns where credentials stand, in their order.
fn credentials(text: &str) -> Vec<(usize, usize)> {
    let lower = text.to_ascii_lowercase();
    let mut found = Vec::new();
    let mut take = |begin: usize, end: usize| {
        if end > begin {
            found.push((begin, end));
        }
    };
    let value_end = |begin: usize| {
        let end = text[begin..].find(|c: char| {
            c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ',' | ';' | ')' | '}' | '\\')
        });
        begin + end.unwrap_or(text.len() - begin)
    };
    let skip =
        |at: usize| at + text[at..].len() - text[at..].trim_start_matches([' ', '"', '\'']).len();
    for header in HEADERS {
        for (at, _) in lower.match_indices(header) {
            let colon = at + header.len() + usize::from(text[at + header.len()..].starts_with('"'));
            let Some(value) = text[colon..].strip_prefix(':') else {
                continue;
            };
            let begin = skip(text.len() - value.len());
            let end = value_end(begin);
            // `Bearer` and `Basic` say nothing; what follows does.
            match &lower[begin..end] {
                "bearer" | "basic" | "negotiate" | "token" => {
                    let begin = skip(end);
                    take(begin, value_end(begin));
                }
                _ => take(begin, end),
            }
        }
    }
    for (at, word) in lower
        .match_indices("bearer ")
        .chain(lower.match_indices("basic "))
    {
        let begin = at + word.len();
        let end = value_end(begin);
        let value = &text[begin..end];
        let is_word_before = text[..at]
            .chars()
            .next_back()
            .is_some_and(char::is_alphanumeric);
        let is_secret = match word {
            "bearer " => {
                let bare = value.trim_end_matches(|c: char| !c.is_alphanumeric());
                let bare = bare.split('=').next().unwrap_or(bare).to_ascii_lowercase();
                !bare.is_empty() && !NOT_TOKENS.contains(&&*bare)
            }
            _ => BASE64_STANDARD
                .decode(value)
                .is_ok_and(|bytes| bytes.contains(&b':')),
        };
        if is_secret && !is_word_before {
            take(begin, end);
        }
    }
    found.sort_unstable();
    found
}

/// A `name=value` in a text.
struct Assignment {
    name: (usize, usize),
    value: (usize, usize),
    /// The value is in quotes, and not hidden because of its name.
    is_open: bool,
}

/// Returns the assignments of a text in their order. `==`, `=~`, `<=` and the like are none.
fn assignments(text: &str) -> Vec<Assignment> {
    let bytes = text.as_bytes();
    let mut found: Vec<Assignment> = Vec::new();
    for (at, _) in text.match_indices(['=', ':']) {
        let ends = found.last().map_or(0, |last| last.value.1);
        // What is hidden as a whole needs no look inside; another text in quotes may hold some.
        let is_closed = found.last().is_some_and(|last| !last.is_open);
        if is_closed && at < ends {
            continue;
        }
        let before = text[..at].trim_end_matches(' ');
        // JSON has its names in quotes; a colon means nothing without.
        let quoted = before
            .strip_suffix("\\\"")
            .or_else(|| before.strip_suffix(['"', '\'']));
        if bytes[at] == b':' && quoted.is_none() {
            continue;
        }
        let name = quoted.unwrap_or(before);
        let letters = name
            .trim_end_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
        let is_value = is_closed && letters.len() < ends;
        let is_empty = letters.len() == name.len();
        if is_value || is_empty || matches!(bytes.get(at + 1), Some(b'=' | b'~')) {
            continue;
        }
        let begin = at + 1 + text[at + 1..].len() - text[at + 1..].trim_start_matches(' ').len();
        let value = value_at(text, begin);
        found.push(Assignment {
            name: (letters.len(), name.len()),
            value,
            is_open: value.0 > begin && !is_secret_name(&text[letters.len()..name.len()]),
        });
    }
    found
}

/// Returns the value that begins here: in quotes, or up to what ends one.
fn value_at(text: &str, begin: usize) -> (usize, usize) {
    let rest = &text[begin..];
    let (quote, begin) = match rest.chars().next() {
        Some(quote @ ('"' | '\'' | '`')) => (Some(quote), begin + 1),
        Some('\\') if rest[1..].starts_with('"') => (Some('\\'), begin + 2),
        _ => (None, begin),
    };
    let rest = &text[begin..];
    let end = match quote {
        Some(quote) => {
            let mut escaped = false;
            let found = rest.char_indices().find(|(_, c)| {
                let ends = *c == quote && !escaped;
                escaped = *c == '\\' && !escaped;
                ends
            });
            found.map(|(at, _)| at)
        }
        None => rest.find(|c: char| {
            c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '&' | ';' | ',' | ')' | '}' | ']')
        }),
    };
    let value = &rest[..end.unwrap_or(rest.len())];
    let value = match quote {
        Some(_) => value,
        // What ends a sentence is not part of it.
        None => value.trim_end_matches(['.', ':', '!', '?']),
    };
    (begin, begin + value.len())
}

/// Hides values of connection strings (`host=db user=me pasword=x`) whose names are not known to be
/// harmless.
fn without_connections(text: &str) -> String {
    let all = assignments(text);
    let mut hidden = vec![false; all.len()];
    let mut begin = 0;
    while begin < all.len() {
        let mut end = begin + 1;
        while end < all.len() {
            let Some(between) = text.get(all[end - 1].value.1..all[end].name.0) else {
                break;
            };
            let between = between.trim_matches(['\'', '"']);
            if between.is_empty() || !between.trim_matches([' ', ';']).is_empty() {
                break;
            }
            end += 1;
        }
        let run = &all[begin..end];
        let name = |one: &Assignment| &text[one.name.0..one.name.1];
        if run.len() > 1 && run.iter().any(|one| is_connection(name(one))) {
            for (at, one) in run.iter().enumerate() {
                hidden[begin + at] = !is_keyword(name(one));
            }
        }
        begin = end;
    }
    masked(text, &all, &hidden)
}

/// Hides the values of `password=...` and the like.
fn without_assignments(text: &str) -> String {
    let all = assignments(text);
    let hidden: Vec<bool> = all
        .iter()
        .map(|one| {
            let value = &text[one.value.0..one.value.1];
            let name = &text[one.name.0..one.name.1];
            // A command that makes one, to be copied: token=$(openssl rand -hex 32).
            let is_command = value.starts_with("$(") && !value.ends_with(')');
            // The label of kube-state-metrics in PromQL: it holds a name.
            let is_label = name == "secret" && text[..one.name.0].trim_end().ends_with(['{', ',']);
            is_secret_name(name) && !is_command && !is_label
        })
        .collect();
    masked(text, &all, &hidden)
}

fn masked(text: &str, all: &[Assignment], hidden: &[bool]) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    for (one, _) in all.iter().zip(hidden).filter(|(_, hidden)| **hidden) {
        let (begin, end) = one.value;
        if begin < end && begin >= at {
            shown.push_str(&text[at..begin]);
            shown.push_str(MASK);
            at = end;
        }
    }
    shown.push_str(&text[at..]);
    shown
}

fn is_secret_name(name: &str) -> bool {
    let bare: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let last = name
        .rsplit(['_', '-', '.'])
        .next()
        .unwrap_or(name)
        .to_ascii_lowercase();
    SECRET_ENDS.iter().any(|end| bare.ends_with(end))
        || SECRET_NAMES.contains(&&*last)
        || (!last.ends_with('s')
            && MEANT
                .iter()
                .any(|meant| strsim::osa_distance(&last, meant) == 1))
}
