//! What a check is, what it finds, and what it may look at.

use promql_parser::parser::Expr;
use serde::Serialize;

use super::LintOptions;
use crate::alerts::library::Library;
use crate::alerts::node::Source;
use crate::alerts::promql::{Token, TokenKind, scan};
use crate::alerts::rule::Rule;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    /// Worth a look: the alert works, but not as well as it should.
    Warn,
    /// The alert cannot do what it is for.
    Fail,
}

impl Severity {
    /// Returns the word of reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warn => "WARN",
            Self::Fail => "FAIL",
        }
    }
}

/// One check.
#[derive(Debug)]
pub struct Check {
    /// Its id: also the name of its page.
    pub id: &'static str,
    /// What it looks for, in a few words.
    pub title: &'static str,
    /// Its page, Markdown.
    pub page: &'static str,
    pub(super) run: fn(&Context<'_>, &mut Findings),
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Id of the check.
    pub check: &'static str,
    /// How bad it is.
    pub status: Severity,
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// The column, from 1.
    pub column: u64,
    /// The rule; none if it belongs to none.
    pub rule: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
}

/// A rule whose expression could be read.
#[derive(Debug)]
pub(super) struct View<'a> {
    pub(super) rule: &'a Rule,
    pub(super) expr: Expr,
    pub(super) tokens: Vec<Token>,
}

impl<'a> View<'a> {
    pub(super) fn new(rule: &'a Rule, expr: Expr) -> Self {
        Self {
            rule,
            expr,
            tokens: scan(&rule.expr.value),
        }
    }

    /// Returns the place of the first word that is this one; else of the expression.
    pub(super) fn place_of(&self, word: &str) -> (u64, u64) {
        let text = &self.rule.expr.value;
        let mut words = self.tokens.iter();
        let found = words.find(|token| token.kind != TokenKind::Number && token.text(text) == word);
        self.rule
            .position(found.map_or(0, |token| token.range.start))
    }

    /// Returns the place of the first text in quotes that says this.
    pub(super) fn place_of_text(&self, inner: &str) -> (u64, u64) {
        let text = &self.rule.expr.value;
        let mut words = self.tokens.iter();
        let found = words.find(|token| {
            token.kind == TokenKind::Text
                && token.text(text).trim_matches(['"', '\'', '`']) == inner
        });
        self.rule
            .position(found.map_or(0, |token| token.range.start))
    }
}

/// What a check looks at.
pub(super) struct Context<'a> {
    pub(super) library: &'a Library,
    /// All rules that alert and can be read.
    pub(super) alerts: Vec<View<'a>>,
    /// All rules that can be read.
    pub(super) all: Vec<View<'a>>,
    pub(super) options: &'a LintOptions,
}

/// Where a check puts what it finds.
#[derive(Debug)]
pub(super) struct Findings {
    pub(super) check: &'static str,
    pub(super) found: Vec<Finding>,
}

impl Findings {
    /// Adds something about a rule.
    pub(super) fn of_rule(
        &mut self,
        status: Severity,
        rule: &Rule,
        (line, column): (u64, u64),
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.found.push(Finding {
            check: self.check,
            status,
            file: rule.source.name.clone(),
            line,
            column,
            rule: Some(rule.name.clone()),
            message: message.into(),
            hint: hint.into(),
        });
    }

    /// Adds something about a line.
    pub(super) fn of_line(
        &mut self,
        status: Severity,
        source: &Source,
        line: u64,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.found.push(Finding {
            check: self.check,
            status,
            file: source.name.clone(),
            line,
            column: 1,
            rule: None,
            message: message.into(),
            hint: hint.into(),
        });
    }
}
