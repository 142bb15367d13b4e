//! How large an expression may be. Prometheus has no limit of its own; here a tree is walked many
//! times by functions that call themselves, and nobody reads an expression of a thousand operators.

use super::scan::{TokenKind, scan};

/// Brackets around brackets.
const MOST_NESTED: usize = 100;
/// Operators of one expression: `a + b + c` is two deep.
const MOST_OPERATORS: usize = 1_000;
/// Larger ones are not even looked at.
const MOST_BYTES: usize = 1 << 20;

/// Fails with what is too much in an expression.
pub fn check_size(text: &str) -> Result<(), String> {
    if text.len() > MOST_BYTES {
        return Err(format!(
            "the expression is larger than {} MiB",
            MOST_BYTES >> 20
        ));
    }
    let (mut open, mut operators) = (0_usize, 0);
    let mut in_selector = false;
    for token in scan(text) {
        let word = token.text(text);
        match (token.kind, word) {
            (TokenKind::Sign, "{" | "}") => in_selector = word == "{",
            _ if in_selector => {}
            (TokenKind::Sign, "(" | "[") => open += 1,
            (TokenKind::Sign, ")" | "]") => open = open.saturating_sub(1),
            (TokenKind::Sign, "," | ":") => {}
            (TokenKind::Sign, _) => operators += 1,
            (TokenKind::Word, "and" | "or" | "unless" | "atan2" | "AND" | "OR" | "UNLESS") => {
                operators += 1;
            }
            _ => {}
        }
        if open > MOST_NESTED {
            return Err(format!("more than {MOST_NESTED} brackets are open at once"));
        }
        if operators > MOST_OPERATORS {
            return Err(format!(
                "the expression has more than {MOST_OPERATORS} operators"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promql::parse;

    #[test]
    fn what_is_within_the_budget_is_parsed_and_what_is_not_is_said() {
        let nested = |depth: usize| format!("{}up{}", "(".repeat(depth), ")".repeat(depth));
        let chain = |operator: &str, count: usize| vec!["up"; count + 1].join(operator);
        assert!(parse(&nested(MOST_NESTED)).is_ok());
        for operator in [" + ", " or ", " and ", " == "] {
            assert!(
                parse(&chain(operator, MOST_OPERATORS)).is_ok(),
                "{operator}"
            );
            let said = parse(&chain(operator, MOST_OPERATORS + 1)).expect_err("too many");
            assert!(said.contains("1000 operators"), "{said}");
        }
        for nested in [
            nested(100_000),
            "-".repeat(100_000) + "up",
            "sum(".repeat(100_000),
        ] {
            assert!(parse(&nested).is_err());
        }
        let matchers = vec!["a=\"b\""; 2 * MOST_OPERATORS].join(",");
        assert!(parse(&format!("up{{{matchers}}}")).is_ok());
        // What is in quotes or behind a # is not a bracket.
        let quoted = format!("up{{a=\"{}\"}} # {}", "(".repeat(500), "(".repeat(500));
        assert!(parse(&quoted).is_ok());
    }
}
