//! Makes the tree of an expression: the words of its text are walked along what was parsed, and each part
//! is told its place and its shape.

use std::ops::Range;

use promql_parser::parser::Expr;

use super::facts::Facts;
use super::infer::shape_of;
use super::labels::LabelSet;
use super::scan::Token;
use super::tree::Tree;

impl<'a> Tree<'a> {
    /// Walks an expression along the text that it was parsed from.
    pub fn of(expr: &'a Expr, text: &str, tokens: &[Token], facts: &Facts) -> Self {
        let mut walker = Walker {
            text,
            tokens,
            at: 0,
            facts,
        };
        walker.tree(expr)
    }
}

struct Walker<'t> {
    text: &'t str,
    tokens: &'t [Token],
    at: usize,
    facts: &'t Facts,
}

impl Walker<'_> {
    fn word(&self) -> &str {
        let token = self.tokens.get(self.at);
        token.map_or("", |token| token.text(self.text))
    }

    fn is_next(&self, words: &[&str]) -> bool {
        let word = self.word();
        words.iter().any(|one| word.eq_ignore_ascii_case(one))
    }

    fn skip(&mut self, words: &[&str]) -> bool {
        let found = self.is_next(words);
        self.at += usize::from(found);
        found
    }

    /// Skips from an opening bracket behind the one that closes it.
    fn skip_brackets(&mut self) {
        let mut depth = 0_usize;
        while self.at < self.tokens.len() {
            match self.word() {
                "(" | "{" | "[" => depth += 1,
                ")" | "}" | "]" => depth = depth.saturating_sub(1),
                _ if depth == 0 => return,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return;
            }
        }
    }

    fn skip_labels(&mut self, words: &[&str]) {
        while self.skip(words) {
            if self.word() == "(" {
                self.skip_brackets();
            }
        }
    }

    /// Skips `[5m]`, `offset 1h`, `@ end()`, in any order.
    fn skip_modifiers(&mut self) {
        loop {
            if self.word() == "[" {
                self.skip_brackets();
            } else if self.skip(&["offset", "@"]) {
                self.skip(&["-", "+"]);
                self.at += 1;
                if self.word() == "(" {
                    self.skip_brackets();
                }
            } else {
                return;
            }
        }
    }

    fn tree<'a>(&mut self, expr: &'a Expr) -> Tree<'a> {
        // A sign in front is part of a number, or, a plus, of nothing.
        let from = self.at;
        let below = match expr {
            Expr::NumberLiteral(_) => {
                while self.skip(&["-", "+"]) {}
                self.at += 1;
                Vec::new()
            }
            Expr::StringLiteral(_) | Expr::Extension(_) => {
                self.at += 1;
                Vec::new()
            }
            Expr::VectorSelector(_) | Expr::MatrixSelector(_) => {
                self.skip(&["+"]);
                if self.word() != "{" {
                    self.at += 1;
                }
                if self.word() == "{" {
                    self.skip_brackets();
                }
                self.skip_modifiers();
                Vec::new()
            }
            Expr::Paren(paren) => {
                self.skip(&["+"]);
                self.skip(&["("]);
                let inner = self.tree(&paren.expr);
                self.skip(&[")"]);
                vec![inner]
            }
            Expr::Unary(unary) => {
                self.skip(&["-", "+"]);
                vec![self.tree(&unary.expr)]
            }
            Expr::Subquery(subquery) => {
                let inner = self.tree(&subquery.expr);
                self.skip_modifiers();
                vec![inner]
            }
            Expr::Call(call) => {
                self.skip(&["+"]);
                self.at += 1;
                self.arguments(call.args.args.iter().map(|arg| &**arg))
            }
            Expr::Aggregate(aggregate) => {
                self.skip(&["+"]);
                self.at += 1;
                self.skip_labels(&["by", "without"]);
                let param = aggregate.param.as_deref();
                let below = self.arguments(param.into_iter().chain([&*aggregate.expr]));
                self.skip_labels(&["by", "without"]);
                below
            }
            Expr::Binary(binary) => {
                let left = self.tree(&binary.lhs);
                self.at += 1;
                self.skip(&["bool"]);
                self.skip_labels(&["on", "ignoring", "group_left", "group_right"]);
                self.skip_labels(&["fill", "fill_left", "fill_right"]);
                vec![left, self.tree(&binary.rhs)]
            }
        };
        Tree {
            expr,
            range: self.range(from),
            shape: shape_of(expr, &below, self.facts),
            below,
        }
    }

    fn arguments<'a>(&mut self, args: impl Iterator<Item = &'a Expr>) -> Vec<Tree<'a>> {
        self.skip(&["("]);
        let mut below = Vec::new();
        for arg in args {
            below.push(self.tree(arg));
            self.skip(&[","]);
        }
        self.skip(&[")"]);
        below
    }

    fn range(&self, from: usize) -> Range<usize> {
        let first = self.tokens.get(from);
        let last = self.tokens.get(self.at.saturating_sub(1));
        match (first, last) {
            (Some(first), Some(last)) if first.range.start <= last.range.end => {
                first.range.start..last.range.end
            }
            _ => 0..self.text.len(),
        }
    }
}

/// Returns the labels that the result may have; the metric's name is none of them.
pub fn labels_of(expr: &Expr) -> LabelSet {
    Tree::of(expr, "", &[], &Facts::default()).shape.labels
}

#[cfg(test)]
mod tests {
    use super::super::scan;
    use super::*;

    #[test]
    fn every_part_stands_where_the_text_has_it() {
        let text = "-sum by (a) (rate(x:y{b=~\"[(]\"}[5m] offset -1h @ end()))  / on (a, b) \
                    group_left (c) (max_over_time((z)[1h:5m] @ 7)) >= bool -1.5e-3 # end";
        let expr = super::super::parse(text).expect("PromQL");
        let tree = Tree::of(&expr, text, &scan(text), &Facts::default());
        let mut found = Vec::new();
        tree.walk(&mut |part, _| found.push(&text[part.range.clone()]));
        let whole = text.trim_end_matches(" # end");
        let wanted = [
            whole,
            whole.trim_end_matches(" >= bool -1.5e-3"),
            "-sum by (a) (rate(x:y{b=~\"[(]\"}[5m] offset -1h @ end()))",
            "sum by (a) (rate(x:y{b=~\"[(]\"}[5m] offset -1h @ end()))",
            "rate(x:y{b=~\"[(]\"}[5m] offset -1h @ end())",
            "x:y{b=~\"[(]\"}[5m] offset -1h @ end()",
            "(max_over_time((z)[1h:5m] @ 7))",
            "max_over_time((z)[1h:5m] @ 7)",
            "(z)[1h:5m] @ 7",
            "(z)",
            "z",
            "-1.5e-3",
        ];
        assert_eq!(found, wanted);
    }

    #[test]
    fn trailing_modifiers_and_arguments_keep_their_places() {
        let text = "quantile(0.9, {__name__=\"a\"}) by (le) > 1 or topk by (b) (1, c)";
        let expr = super::super::parse(text).expect("PromQL");
        let tree = Tree::of(&expr, text, &scan(text), &Facts::default());
        let mut found = Vec::new();
        tree.walk(&mut |part, _| found.push(&text[part.range.clone()]));
        let wanted = [
            text,
            "quantile(0.9, {__name__=\"a\"}) by (le) > 1",
            "quantile(0.9, {__name__=\"a\"}) by (le)",
            "0.9",
            "{__name__=\"a\"}",
            "1",
            "topk by (b) (1, c)",
            "1",
            "c",
        ];
        assert_eq!(found, wanted);
    }
}
