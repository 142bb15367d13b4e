//! What a check is, what it finds, and what it may look at.

use std::cell::OnceCell;
use std::ops::Range;

use promql_parser::parser::Expr;
use serde::Serialize;

use super::edit::{Edit, within_scalar};
use super::options::LintOptions;
use crate::library::Library;
use crate::node::Source;
use crate::promql::{Facts, Token, TokenKind, Tree, scan};
use crate::routing::Configuration;
use crate::rule::Rule;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    /// Good to know, and nothing to fix.
    Note,
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
            Self::Note => "NOTE",
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
    /// Edits of the file that fix it; none where a human has to decide.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fix: Vec<Edit>,
}

/// A rule whose expression could be read.
#[derive(Debug)]
pub(super) struct View<'a> {
    pub(super) rule: &'a Rule,
    pub(super) expr: &'a Expr,
    /// The expression with places, and what is inferred of it.
    pub(super) tree: Tree<'a>,
    pub(super) tokens: Vec<Token>,
}

impl<'a> View<'a> {
    pub(super) fn new(rule: &'a Rule, expr: &'a Expr, facts: &Facts) -> Self {
        let text = &rule.expr.value;
        let tokens = scan(text);
        Self {
            tree: Tree::of(expr, text, &tokens, facts),
            rule,
            expr,
            tokens,
        }
    }

    /// Returns the text of a part of the expression.
    pub(super) fn text(&self, range: &Range<usize>) -> &'a str {
        self.rule.expr.value.get(range.clone()).unwrap_or_default()
    }

    /// Returns the place of a part of the expression.
    pub(super) fn place(&self, part: &Tree<'_>) -> (u64, u64) {
        self.rule.position(part.range.start)
    }

    /// Makes the edit that puts a text in the place of a part of the expression.
    pub(super) fn edit(&self, range: &Range<usize>, text: &str) -> Vec<Edit> {
        let edit = within_scalar(&self.rule.source, &self.rule.expr, range, text);
        edit.into_iter().collect()
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

/// What is said of a finding that rests on what metrics of such names usually are: a WARN at most.
pub(super) const BY_NAME: &str = ", if its name says what it is";

/// What a check looks at.
pub(super) struct Context<'a> {
    pub(super) library: &'a Library,
    /// All rules that alert and can be read.
    pub(super) alerts: Vec<&'a View<'a>>,
    /// All rules that can be read.
    pub(super) all: Vec<&'a View<'a>>,
    pub(super) facts: &'a Facts,
    /// The same without guesses, where somebody asked.
    pub(super) certain: OnceCell<Facts>,
    /// The configurations without the typos of their routes, where somebody asked.
    pub(super) meant: OnceCell<Vec<Configuration>>,
    /// All rules that can be read, with their expressions.
    pub(super) parsed: &'a [(&'a Rule, Expr)],
    pub(super) options: &'a LintOptions,
    /// All checks that there are.
    pub(super) checks: &'static [Check],
}

/// Where a check puts what it finds.
#[derive(Debug)]
pub(super) struct Findings {
    pub(super) check: &'static str,
    pub(super) found: Vec<Finding>,
}

impl Findings {
    fn add(&mut self, finding: Finding) -> &mut Finding {
        let at = self.found.len();
        self.found.push(finding);
        &mut self.found[at]
    }

    /// Adds something about a rule.
    pub(super) fn of_rule(
        &mut self,
        status: Severity,
        rule: &Rule,
        (line, column): (u64, u64),
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> &mut Finding {
        self.add(Finding {
            check: self.check,
            status,
            file: rule.source.name.clone(),
            line,
            column,
            rule: Some(rule.name.clone()),
            message: message.into(),
            hint: hint.into(),
            fix: Vec::new(),
        })
    }

    /// Adds something about a line.
    pub(super) fn of_line(
        &mut self,
        status: Severity,
        source: &Source,
        line: u64,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> &mut Finding {
        self.add(Finding {
            check: self.check,
            status,
            file: source.name.clone(),
            line,
            column: 1,
            rule: None,
            message: message.into(),
            hint: hint.into(),
            fix: Vec::new(),
        })
    }
}
