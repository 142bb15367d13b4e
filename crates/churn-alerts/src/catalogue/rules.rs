//! The rules of the catalogue: all of them, and those that are on.

use churn_base::error::Result;

use super::file::FILES;
use super::fill;
use super::options::Options;
use super::rule::Rule;

/// Returns every rule, whether it is on or not, by layer.
pub(super) fn all(options: &Options) -> Result<Vec<Rule>> {
    let files = FILES.iter();
    files
        .map(|(name, text)| fill::rule(name, text, options))
        .collect()
}

/// Returns the rules that are on, by layer.
///
/// # Errors
/// Fails if a rule's file cannot be filled in, which a test excludes for every setting.
pub fn rules(options: &Options) -> Result<Vec<Rule>> {
    let mut rules = all(options)?;
    rules.retain(|rule| rule.is_on(options));
    Ok(rules)
}

/// Returns the name of every rule, whether it is on or not.
#[must_use]
pub fn names() -> Vec<&'static str> {
    FILES.iter().map(|(name, _)| *name).collect()
}
