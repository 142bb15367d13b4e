//! Credentials that a server repeats: taken out of its answers before anybody can show them.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use churn_base::percent::part;
use churn_base::redact::MASK;
use churn_base::secret::Secret;
use regex::bytes::{NoExpand, Regex};

use super::access::Access;
use super::url::BaseUrl;

/// Shortest secret that is looked for in what a server refuses with: a shorter one is in every text.
const SHORTEST: usize = 4;
/// The same for answers that are data.
const SHORTEST_IN_DATA: usize = 8;

/// Finds what we have said to a server in what it says.
#[derive(Debug, Clone, Default)]
pub(super) struct Echo {
    in_refusals: Option<Regex>,
    in_data: Option<Regex>,
}

impl Echo {
    pub(super) fn of(access: &Access, url: &BaseUrl) -> Self {
        let mut forms = Vec::new();
        let logins = access
            .basic
            .iter()
            .map(|(user, password)| (user.as_str(), password));
        for (user, password) in logins.chain(url.login()) {
            let login = format!("{user}:{}", password.expose());
            forms.extend([STANDARD.encode(&login), part(&login), login]);
            forms.extend(forms_of(password));
        }
        forms.extend(access.bearer.iter().flat_map(forms_of));
        Self {
            in_refusals: pattern(&forms, SHORTEST),
            in_data: pattern(&forms, SHORTEST_IN_DATA),
        }
    }

    /// Takes them out of the bytes of an answer.
    pub(super) fn hidden(&self, bytes: Vec<u8>, is_data: bool) -> Vec<u8> {
        let pattern = match is_data {
            true => &self.in_data,
            false => &self.in_refusals,
        };
        match pattern {
            Some(pattern) if pattern.is_match(&bytes) => {
                let mask = NoExpand(MASK.as_bytes());
                pattern.replace_all(&bytes, mask).into_owned()
            }
            _ => bytes,
        }
    }
}

/// A secret as it is, in an address, in base64 and in JSON.
fn forms_of(secret: &Secret) -> Vec<String> {
    let text = secret.expose();
    let json = serde_json::Value::from(text).to_string();
    let encoded = [STANDARD.encode(text), URL_SAFE_NO_PAD.encode(text)];
    let plain = [
        text.to_owned(),
        part(text),
        json.trim_matches('"').to_owned(),
    ];
    plain.into_iter().chain(encoded).collect()
}

fn pattern(forms: &[String], shortest: usize) -> Option<Regex> {
    let mut forms: Vec<&String> = forms.iter().filter(|form| form.len() >= shortest).collect();
    // The longest first: of alternatives, the first that fits counts.
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    let escaped: Vec<String> = forms.iter().map(|form| regex::escape(form)).collect();
    match escaped.is_empty() {
        true => None,
        // Escaped texts are an expression.
        false => Regex::new(&escaped.join("|")).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_form_of_a_credential_comes_back() {
        let url: BaseUrl = "https://ann:p%40ss%22word@gw".parse().expect("a URL");
        let access = Access {
            bearer: Some(Secret::new("t0k3n/x".to_owned())),
            ..Access::default()
        };
        let echo = Echo::of(&access, &url);
        // printf 'ann:p@ss"word' | base64; printf 't0k3n/x' | base64
        for said in [
            "p@ss\"word",
            "p@ss\\\"word",
            "p%40ss%22word",
            "YW5uOnBAc3Mid29yZA==",
            "ann:p@ss\"word",
            "t0k3n/x",
            "t0k3n%2Fx",
            "dDBrM24veA==",
        ] {
            let shown = echo.hidden(format!("you said {said}!").into_bytes(), false);
            assert_eq!(
                String::from_utf8(shown).expect("UTF-8"),
                "you said ***!",
                "{said}"
            );
        }
    }

    #[test]
    fn a_short_password_does_not_spoil_data() {
        let url: BaseUrl = "https://a:true@gw".parse().expect("a URL");
        let echo = Echo::of(&Access::default(), &url);
        let data = b"{\"ok\": true}".to_vec();
        assert_eq!(echo.hidden(data.clone(), true), data);
        assert_eq!(echo.hidden(data, false), b"{\"ok\": ***}");
    }
}
