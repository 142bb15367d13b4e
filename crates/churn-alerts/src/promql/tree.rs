//! An expression with the place of every part in the text, and what is inferred of it.

use std::ops::Range;

use promql_parser::parser::Expr;

use super::scan::{Token, TokenKind};
use super::shape::Shape;

/// A part of an expression.
#[derive(Debug, Clone)]
pub struct Tree<'a> {
    /// The part as it was parsed.
    pub expr: &'a Expr,
    /// Its bytes in the text.
    pub range: Range<usize>,
    /// What is known about its result.
    pub shape: Shape,
    /// The parts below, in the order of the text.
    pub below: Vec<Self>,
}

impl<'a> Tree<'a> {
    /// Calls `visit` with every part and those above it, the outermost first.
    pub fn walk<'t>(&'t self, visit: &mut dyn FnMut(&'t Self, &[&'t Self])) {
        fn go<'t, 'a>(
            tree: &'t Tree<'a>,
            above: &mut Vec<&'t Tree<'a>>,
            visit: &mut dyn FnMut(&'t Tree<'a>, &[&'t Tree<'a>]),
        ) {
            visit(tree, above);
            above.push(tree);
            for child in &tree.below {
                go(child, above, visit);
            }
            above.pop();
        }
        go(self, &mut Vec::new(), visit);
    }

    /// Returns the part inside of parentheses.
    pub fn bare(&self) -> &Self {
        match (self.expr, self.below.first()) {
            (Expr::Paren(_), Some(inner)) => inner.bare(),
            _ => self,
        }
    }
}

/// Returns the words of a text within a range.
pub fn words_within<'t>(
    tokens: &'t [Token],
    range: &Range<usize>,
) -> impl Iterator<Item = &'t Token> {
    let range = range.clone();
    let inside =
        move |token: &&Token| token.range.start >= range.start && token.range.end <= range.end;
    tokens.iter().filter(inside)
}

/// Tells whether a word is a text in quotes.
pub fn is_quoted(token: &Token) -> bool {
    token.kind == TokenKind::Text
}

/// Returns what is compared with numbers, if anything is.
pub(super) fn unfiltered<'t, 'a>(tree: &'t Tree<'a>) -> &'t Tree<'a> {
    let tree = tree.bare();
    match (tree.expr, tree.below.as_slice()) {
        (Expr::Binary(binary), [left, right])
            if binary.op.is_comparison_operator() && !binary.return_bool() =>
        {
            match (left.shape.is_scalar, right.shape.is_scalar) {
                (false, true) => unfiltered(left),
                (true, false) => unfiltered(right),
                _ => tree,
            }
        }
        _ => tree,
    }
}
