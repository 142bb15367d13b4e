//! Everything that is wrong with an input, all of it at once, each with its place.

use axum::http::StatusCode;
use churn_base::error::nearest;
use churn_http::problem::Problem;
use serde_json::{Value, json};

/// Faults that are listed; the others are counted.
const MOST: usize = 100;
/// Longest text of a client that an answer repeats, in characters.
const LONGEST: usize = 80;

/// Why a part of an input is refused. Values of the label `reason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    UnknownFeature,
    MissingFeature,
    WrongType,
    UnknownCategory,
    Duplicate,
    UnknownMember,
    MissingMember,
    BadMember,
    Malformed,
    TooManyRows,
    TooLarge,
    MediaType,
    OutOfRange,
}

impl Reason {
    pub(super) const ALL: [Self; 13] = [
        Self::UnknownFeature,
        Self::MissingFeature,
        Self::WrongType,
        Self::UnknownCategory,
        Self::Duplicate,
        Self::UnknownMember,
        Self::MissingMember,
        Self::BadMember,
        Self::Malformed,
        Self::TooManyRows,
        Self::TooLarge,
        Self::MediaType,
        Self::OutOfRange,
    ];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownFeature => "unknown_feature",
            Self::MissingFeature => "missing_feature",
            Self::WrongType => "wrong_type",
            Self::UnknownCategory => "unknown_category",
            Self::Duplicate => "duplicate",
            Self::UnknownMember => "unknown_member",
            Self::MissingMember => "missing_member",
            Self::BadMember => "bad_member",
            Self::Malformed => "malformed",
            Self::TooManyRows => "too_many_rows",
            Self::TooLarge => "too_large",
            Self::MediaType => "media_type",
            Self::OutOfRange => "out_of_range",
        }
    }
}

/// The faults of one request.
#[derive(Debug, Default)]
pub(super) struct Faults {
    listed: Vec<Value>,
    reasons: Vec<Reason>,
}

/// Where in the request something stands: a JSON pointer in parts, put together when needed.
#[derive(Debug, Clone, Copy)]
pub(super) struct At<'a> {
    /// Row of a batch, by index.
    pub(super) row: Option<usize>,
    /// Members on the way to the row, as a pointer; empty for none.
    pub(super) base: &'a str,
    /// Members on the way from the row, as a pointer; empty for none.
    pub(super) inside: &'a str,
}

impl At<'_> {
    fn pointer(&self, name: &str) -> String {
        let mut pointer = format!("#{}", self.base);
        if let Some(row) = self.row {
            pointer.push_str(&format!("/{row}"));
        }
        pointer.push_str(self.inside);
        if !name.is_empty() {
            pointer.push('/');
            pointer.push_str(&short(name).replace('~', "~0").replace('/', "~1"));
        }
        pointer
    }
}

impl Faults {
    /// Tells whether there is none.
    pub(super) const fn is_empty(&self) -> bool {
        self.reasons.is_empty()
    }

    /// Returns the reason of each fault.
    pub(super) fn reasons(&self) -> &[Reason] {
        &self.reasons
    }

    /// Adds a fault of the member `name` there; an empty name is the place itself.
    pub(super) fn add(&mut self, reason: Reason, at: At<'_>, name: &str, detail: String) {
        self.add_with(reason, at, name, detail, None);
    }

    /// Adds a fault of a name that may be meant to be one of the known ones.
    pub(super) fn add_unknown<'k>(
        &mut self,
        reason: Reason,
        at: At<'_>,
        name: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) {
        let what = match reason {
            Reason::UnknownFeature => "feature of the model",
            _ => "member",
        };
        let near = nearest(name, known);
        let mut detail = format!("\"{}\" is not a {what}.", short(name));
        if let Some(near) = near {
            detail.push_str(&format!(" Did you mean \"{near}\"?"));
        }
        self.add_with(reason, at, name, detail, near);
    }

    fn add_with(
        &mut self,
        reason: Reason,
        at: At<'_>,
        name: &str,
        detail: String,
        near: Option<&str>,
    ) {
        self.reasons.push(reason);
        if self.listed.len() >= MOST {
            return;
        }
        let mut fault = json!({
            "pointer": at.pointer(name),
            "reason": reason.as_str(),
            "detail": detail,
        });
        if let (Some(near), Some(members)) = (near, fault.as_object_mut()) {
            members.insert("did_you_mean".into(), near.into());
        }
        self.listed.push(fault);
    }

    /// Returns the answer: 422 with every fault.
    pub(super) fn to_problem(&self) -> Problem {
        let count = self.reasons.len();
        let detail = match count {
            1 => "There is a fault in the input.".to_owned(),
            _ => format!("There are {count} faults in the input."),
        };
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_input", detail)
            .with("errors", self.listed.clone());
        match count - self.listed.len() {
            0 => problem,
            omitted => problem.with("errors_omitted", omitted),
        }
    }
}

/// Returns a text of a client, shortened.
pub(super) fn short(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: At<'static> = At {
        row: Some(3),
        base: "/instances",
        inside: "/features",
    };

    #[test]
    fn a_fault_has_a_pointer_a_reason_and_a_near_name() {
        let mut faults = Faults::default();
        faults.add_unknown(Reason::UnknownFeature, HERE, "a/tenrue", ["a/tenure", "x"]);
        let problem = faults.to_problem();
        assert_eq!(problem.status, 422);
        let error = &problem.more["errors"][0];
        assert_eq!(error["pointer"], "#/instances/3/features/a~1tenrue");
        assert_eq!(error["reason"], "unknown_feature");
        assert_eq!(error["did_you_mean"], "a/tenure");
    }

    #[test]
    fn many_faults_are_counted_and_not_all_listed() {
        let mut faults = Faults::default();
        for _ in 0..MOST + 5 {
            let long = "x".repeat(1_000);
            faults.add(Reason::WrongType, HERE, &long, "Wrong.".into());
        }
        let problem = faults.to_problem();
        assert_eq!(problem.more["errors"].as_array().map(Vec::len), Some(MOST));
        assert_eq!(problem.more["errors_omitted"], 5);
        assert!(problem.to_json().to_string().len() < 30_000);
    }
}
