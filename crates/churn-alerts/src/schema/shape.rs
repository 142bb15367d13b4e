//! The form of a file as data: what a value may be, which keys a mapping has, and where refusals go.

use std::sync::Arc;

use super::super::node::{Node, Source, Spot};
use super::super::refusal::{Refusal, RefusalKind};

/// Says what is wrong with the text of a scalar.
pub(super) type Check = fn(&str) -> Result<(), String>;

/// What a value may be.
pub(super) enum Shape {
    /// Anything.
    Any,
    /// A scalar.
    Text,
    /// `true`, `yes` and their kin, without quotes.
    Truth,
    /// A number; a fraction is cut off.
    Integer,
    /// A number, not below 0.
    Count,
    /// A number.
    Float,
    /// A scalar with a text that passes.
    Checked(Check),
    /// A list.
    List(&'static Self),
    /// A mapping with keys of the user's.
    Map(&'static Self),
    /// A mapping with these keys.
    Struct(&'static Struct),
    /// A scalar, or a mapping with these keys.
    TextOr(&'static Struct),
}

/// A mapping with keys that are given.
pub(super) struct Struct {
    /// Its name in messages, with its article.
    pub(super) what: &'static str,
    pub(super) keys: &'static [(&'static str, Shape)],
    pub(super) limits: &'static [Limit],
    /// What cannot be said by keys and limits.
    pub(super) check: fn(&Node, &mut Sink<'_>),
}

/// A condition over several keys.
pub(super) enum Limit {
    /// One of them at least must be there and not empty.
    Needs(&'static [&'static str]),
    /// Not more than one may be there.
    AtMostOne(&'static [&'static str]),
    /// The value is one of these.
    OneOf(&'static str, &'static [&'static str]),
}

pub(super) const fn no_check(_: &Node, _: &mut Sink<'_>) {}

/// Where refusals go.
pub(super) struct Sink<'a> {
    pub(super) source: &'a Arc<Source>,
    pub(super) rule: Option<String>,
    pub(super) found: Vec<Refusal>,
}

impl Sink<'_> {
    pub(super) fn add(&mut self, kind: RefusalKind, spot: Spot, message: String, hint: String) {
        self.found.push(Refusal {
            kind,
            source: Arc::clone(self.source),
            spot,
            rule: self.rule.clone(),
            message,
            hint,
        });
    }

    pub(super) fn refuse(
        &mut self,
        spot: Spot,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.add(RefusalKind::Refused, spot, message.into(), hint.into());
    }
}

/// Returns a text that is there and not empty.
pub(super) fn filled(node: &Node, key: &str) -> Option<String> {
    node.scalar_at(key).filter(|text| !text.is_empty())
}
