//! Addresses with a scheme (`scheme://...`): where they begin and end in a text, and what of them
//! may be seen.

use super::allowed::{self, Value};
use super::mask::MASK;
use super::words;
use crate::percent::decoded_leniently;

/// Schemes where what stands before the `@` is a container and not a user.
const CONTAINERS: [&str; 4] = ["abfs", "abfss", "wasb", "wasbs"];
/// What our own help has in the place of a user.
const STAND_INS: [&str; 3] = ["USER", "USER:PASSWORD", MASK];
/// Hosts whose paths let in whoever knows them.
const WEBHOOKS: [&str; 6] = [
    "hooks.slack.com",
    "discord.com",
    "discordapp.com",
    "api.telegram.org",
    "hc-ping.com",
    "webhook.office.com",
];
/// What may follow an address in a sentence and is not part of it.
const PUNCTUATION: [char; 10] = ['.', ',', ':', ';', '!', '?', ')', ']', '}', '\\'];

/// Hides what is secret in every address of a text.
pub(super) fn hidden_in(text: &str) -> String {
    hidden_from(text, false)
}

/// Hides what is secret in a text that is an address as a whole, or several after commas.
pub(super) fn hidden_of(text: &str) -> String {
    hidden_from(text, true)
}

/// Hides a word that is an address once its escapes are undone, however often they were made.
pub(super) fn without_escaped(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let escapes = ["%3a", "%40", "%3d", "%25"];
    if !escapes.iter().any(|escape| lower.contains(escape)) {
        return text.to_owned();
    }
    let is_end = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`');
    let words = text.split_inclusive(is_end);
    let shown = words.map(|word| {
        if word.contains("://") || !word.contains('%') {
            return word.to_owned();
        }
        let mut plain = word.to_owned();
        for _ in 0..4 {
            plain = decoded_leniently(plain.as_bytes());
        }
        if plain == word || words::hidden(&hidden_in(&plain)) == plain {
            return word.to_owned();
        }
        let end = word.chars().next_back().filter(|c| is_end(*c));
        format!("{MASK}{}", end.map(String::from).unwrap_or_default())
    });
    shown.collect()
}

fn hidden_from(text: &str, is_whole: bool) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    while let Some((scheme, rest)) = next(text, at) {
        shown.push_str(&text[at..scheme]);
        let quote = text[..scheme].chars().next_back();
        let scope = &text[rest..next_apart(text, rest)];
        let end = match is_whole {
            true => scope.len(),
            false => end_in_text(scope, quote),
        };
        let address = &scope[..end];
        let trimmed = match is_whole {
            true => address.trim_end_matches([',', ' ']),
            false => address.trim_end_matches(PUNCTUATION),
        };
        // A bracket that was opened in the address belongs to it: `match[]`, `[::1]`.
        let kept = match (address.rfind('['), trimmed.rfind('[')) {
            (Some(open), Some(_)) if address[open..].contains(']') => {
                let close = open + address[open..].find(']').unwrap_or(0) + 1;
                &address[..close.max(trimmed.len())]
            }
            _ => trimmed,
        };
        shown.push_str(&hidden(&text[scheme..rest - 3], kept));
        shown.push_str(&address[kept.len()..]);
        at = rest + end;
    }
    shown.push_str(&text[at..]);
    shown
}

/// Returns where the scheme of the next address begins, and where what follows its `://` does.
fn next(text: &str, from: usize) -> Option<(usize, usize)> {
    let mut at = from;
    loop {
        let colon = at + text[at..].find("://")?;
        let before = &text[from..colon];
        let letters = before
            .trim_end_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '.' | '-'));
        if letters.len() < before.len() {
            return Some((from + letters.len(), colon + 3));
        }
        at = colon + 3;
    }
}

/// Returns where the next address begins that is not inside of the one before: behind a comma, a
/// blank or the like, not in the middle of a password.
fn next_apart(text: &str, from: usize) -> usize {
    let mut at = from;
    while let Some((scheme, rest)) = next(text, at) {
        let before = text[..scheme].chars().next_back();
        if before.is_some_and(|c| {
            c.is_whitespace() || matches!(c, ',' | ';' | '"' | '\'' | '`' | '(' | '|')
        }) {
            return scheme;
        }
        at = rest;
    }
    text.len()
}

/// Returns where an address ends in a sentence: at its closing quote, or else at a blank. What is
/// not a host after `://` may be a password with blanks in it, and the address reaches to its `@`.
fn end_in_text(scope: &str, before: Option<char>) -> usize {
    let closing = match before {
        Some(quote @ ('"' | '\'' | '`')) => Some(quote),
        Some('<') => Some('>'),
        _ => None,
    };
    if let Some(closing) = closing {
        let closes = |at: &usize| {
            let after = scope[at + closing.len_utf8()..].chars().next();
            after.is_none_or(|c| !c.is_alphanumeric())
        };
        let mut found = scope.match_indices(closing).map(|(at, _)| at);
        if let Some(closing) = found.find(closes) {
            return closing;
        }
    }
    let blank = scope.find(char::is_whitespace).unwrap_or(scope.len());
    let end = scope.find(['/', '?', '#']).unwrap_or(scope.len());
    let authority = scope[..end.min(blank)].trim_end_matches(PUNCTUATION);
    let line = scope.find('\n').unwrap_or(scope.len());
    match scope[..line].rfind('@').filter(|at| *at > blank) {
        Some(at) if !authority.contains('@') && !is_place(authority) => {
            let rest = &scope[at..];
            at + rest.find(char::is_whitespace).unwrap_or(rest.len())
        }
        _ => blank,
    }
}

/// Returns an address without what may be secret; `rest` is what follows `scheme://`.
fn hidden(scheme: &str, rest: &str) -> String {
    let end = rest.find(['/', '?', '#', ';']).unwrap_or(rest.len());
    let authority = &rest[..end];
    let place = authority.rsplit('@').next().unwrap_or(authority);
    let is_sound = is_place(place);
    let at = match authority.contains('@') || is_sound {
        true => last_at(rest),
        false => rest.rfind('@'),
    };
    let mut shown = format!("{scheme}://");
    let after = match at {
        None if is_sound => rest,
        // Not a port: the host may have been forgotten.
        None => {
            let (name, _) = authority.split_once(':').unwrap_or((authority, ""));
            shown.push_str(&format!("{name}:{MASK}"));
            hidden_after_place(&rest[end..], "", &mut shown);
            return shown;
        }
        Some(at) => {
            let user = &rest[..at];
            shown.push_str(match is_known_user(scheme, user, at < end) {
                true => user,
                false => MASK,
            });
            shown.push('@');
            &rest[at + 1..]
        }
    };
    let end = after.find(['/', '?', '#', ';']).unwrap_or(after.len());
    let place = &after[..end];
    let lower = place.to_ascii_lowercase();
    shown.push_str(match lower.contains("%40") || lower.contains("%2f") {
        true => MASK,
        false => place,
    });
    hidden_after_place(&after[end..], &after[..end], &mut shown);
    shown
}

fn is_known_user(scheme: &str, user: &str, in_authority: bool) -> bool {
    let is_container = CONTAINERS.contains(&&*scheme.to_ascii_lowercase());
    STAND_INS.contains(&user) || (is_container && in_authority && !user.contains([':', '%', '@']))
}

/// Returns the last `@` that may end user information: not one in the value of a harmless parameter,
/// before a digest, or, where nothing before it looks like a password, in a path or a value.
fn last_at(rest: &str) -> Option<usize> {
    let end = rest.find(['/', '?', '#', ';']).unwrap_or(rest.len());
    let may_be_password = rest[..end].contains([':', '@']);
    let query = rest.find('?').map_or(rest.len(), |at| at + 1);
    let (mut last, mut begin) = (None, 0);
    let path = std::iter::once(&rest[..query]);
    let parameters = rest[query..].split_inclusive('&');
    for (number, part) in path.chain(parameters).enumerate() {
        let name = part.split_once('=').map(|(name, _)| name);
        let counts = |at: &usize| match (number, name) {
            // A digest, and how the Pushgateway has values that no path can hold.
            _ if ["sha256:", "base64/"]
                .iter()
                .any(|known| part[at + 1..].starts_with(known)) =>
            {
                false
            }
            (0, _) => *at < end || may_be_password,
            (_, None) => true,
            (_, Some(name)) => may_be_password && allowed::of_parameter(name) == Value::Hidden,
        };
        let mut ats = part.match_indices('@').map(|(at, _)| at).filter(counts);
        last = ats.next_back().map(|at| begin + at).or(last);
        begin += part.len();
    }
    last
}

/// Tells whether this is a host, or several, each with or without a port, or what stands for one in a
/// template.
fn is_place(text: &str) -> bool {
    text.split(',').all(|one| {
        let port = match one.rsplit_once(']') {
            Some((_, port)) => port.strip_prefix(':'),
            None => one.split_once(':').map(|(_, port)| port),
        };
        port.is_none_or(|port| {
            port.is_empty()
                || port == "PORT"
                || port == MASK
                || (port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit()))
                || (port.starts_with("$(") && port.ends_with(')'))
                || (port.starts_with('{') && port.ends_with('}'))
                || (port.starts_with('<') && port.ends_with('>'))
        })
    })
}

/// Hides a part of a path that is an address, or parameters, once its escapes are undone.
fn hidden_part(part: &str) -> String {
    if !part.contains('%') {
        return part.to_owned();
    }
    let lower = part.to_ascii_lowercase();
    match lower.find("%3f") {
        Some(at) if lower[at..].contains('=') || lower[at..].contains("%3d") => {
            format!("{}%3F{MASK}", &part[..at])
        }
        _ => without_escaped(part),
    }
}

/// Hides what may be secret in path, parameters and fragment.
fn hidden_after_place(text: &str, place: &str, shown: &mut String) {
    let end = text.find(['?', '#', ';']).unwrap_or(text.len());
    let (path, mut rest) = text.split_at(end);
    let host = place
        .split(':')
        .next()
        .unwrap_or(place)
        .to_ascii_lowercase();
    let is_webhook = WEBHOOKS.iter().any(|known| host.ends_with(known));
    match is_webhook && path.len() > 1 {
        true => shown.push_str(&format!("/{MASK}")),
        false => {
            for (at, part) in path.split('/').enumerate() {
                if at > 0 {
                    shown.push('/');
                }
                shown.push_str(&hidden_part(part));
            }
        }
    }
    while let Some(sign) = rest.chars().next() {
        let own = &rest[1..];
        // Parameters in a path end with the query, a query with the address.
        let end = match sign {
            ';' => own.find([';', '?', '#']),
            '?' | '&' => own.find('&'),
            _ => None,
        };
        let end = end.unwrap_or(own.len());
        shown.push(sign);
        match sign {
            '#' if is_anchor(&own[..end]) => shown.push_str(&own[..end]),
            _ => shown.push_str(&parameter(&own[..end])),
        }
        rest = &own[end..];
    }
}

fn is_anchor(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':'))
}

fn parameter(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let Some((name, value)) = text.split_once('=') else {
        return MASK.to_owned();
    };
    match allowed::of_parameter(name) {
        Value::Language => text.to_owned(),
        Value::Plain => {
            let lower = value.to_ascii_lowercase();
            let cuts = ["%3b", "%3f", "%26", "%3d", "%40", ";", "?", "#", "="];
            match cuts.iter().filter_map(|cut| lower.find(cut)).min() {
                Some(at) if value[at..] != format!(";{MASK}") => {
                    format!("{name}={};{MASK}", &value[..at])
                }
                _ => text.to_owned(),
            }
        }
        Value::Hidden => {
            let name = match name.len() <= 64 && is_name(name) {
                true => name,
                false => MASK,
            };
            format!("{name}={MASK}")
        }
    }
}

/// A name that is not one may be the rest of a password.
fn is_name(text: &str) -> bool {
    text.chars().all(|c| {
        c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '[' | ']' | '%' | ' ' | '*')
    })
}
