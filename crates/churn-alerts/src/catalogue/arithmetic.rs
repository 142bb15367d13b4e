//! The little arithmetic that stands between `${` and `}` in the files of rules. Which names there are is the caller's affair.

/// Computes an expression: numbers, durations (`10m` is 600), names, `+ - * /`, comparisons (1 or
/// 0), parentheses and `min max floor ceil round`.
///
/// # Errors
/// Fails, with what is wrong in words, on anything else and on names that `lookup` refuses.
pub(super) fn evaluate(
    text: &str,
    lookup: &dyn Fn(&str) -> Result<f64, String>,
) -> Result<f64, String> {
    let mut reader = Reader { rest: text, lookup };
    let value = reader.comparison()?;
    match reader.next() {
        "" => Ok(value),
        other => Err(format!("\"{other}\" was not expected")),
    }
}

struct Reader<'a> {
    rest: &'a str,
    lookup: &'a dyn Fn(&str) -> Result<f64, String>,
}

impl<'a> Reader<'a> {
    /// Returns the next token without taking it; at the end, nothing.
    fn next(&mut self) -> &'a str {
        self.rest = self.rest.trim_start();
        let length = |of: fn(char) -> bool| self.rest.find(|c| !of(c)).unwrap_or(self.rest.len());
        let word = length(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
        let end = match word {
            0 if self.rest.get(1..2) == Some("=") => 2,
            0 => self.rest.chars().next().map_or(0, char::len_utf8),
            word => word,
        };
        &self.rest[..end]
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.next() == token;
        if found {
            self.rest = &self.rest[token.len()..];
        }
        found
    }

    fn comparison(&mut self) -> Result<f64, String> {
        let left = self.sum()?;
        let compare: fn(f64, f64) -> bool = match self.next() {
            "==" => |a, b| a == b,
            "<" => |a, b| a < b,
            ">=" => |a, b| a >= b,
            _ => return Ok(left),
        };
        self.rest = &self.rest[self.next().len()..];
        Ok(f64::from(u8::from(compare(left, self.sum()?))))
    }

    fn sum(&mut self) -> Result<f64, String> {
        let mut value = self.product()?;
        loop {
            if self.take("+") {
                value += self.product()?;
            } else if self.take("-") {
                value -= self.product()?;
            } else {
                return Ok(value);
            }
        }
    }

    fn product(&mut self) -> Result<f64, String> {
        let mut value = self.factor()?;
        loop {
            if self.take("*") {
                value *= self.factor()?;
            } else if self.take("/") {
                value /= self.factor()?;
            } else {
                return Ok(value);
            }
        }
    }

    fn factor(&mut self) -> Result<f64, String> {
        if self.take("-") {
            return Ok(-self.factor()?);
        }
        if self.take("(") {
            let value = self.comparison()?;
            return self.closed(value);
        }
        let token = self.next();
        self.rest = &self.rest[token.len()..];
        if token.starts_with(|c: char| c.is_ascii_digit()) {
            return number(token);
        }
        if !token.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return Err(match token {
                "" => "a value is missing at the end".to_owned(),
                other => format!("\"{other}\" is not a value"),
            });
        }
        if !self.take("(") {
            return (self.lookup)(token);
        }
        let first = self.comparison()?;
        let value = match token {
            "floor" => first.floor(),
            "ceil" => first.ceil(),
            "round" => first.round(),
            "min" | "max" if self.take(",") => {
                let second = self.comparison()?;
                match token {
                    "min" => first.min(second),
                    _ => first.max(second),
                }
            }
            other => {
                return Err(format!(
                    "{other}() is not known, or has too few arguments; known: min, max, floor, ceil, round"
                ));
            }
        };
        self.closed(value)
    }

    fn closed(&mut self, value: f64) -> Result<f64, String> {
        match self.take(")") {
            true => Ok(value),
            false => Err("a closing parenthesis is missing".to_owned()),
        }
    }
}

fn number(token: &str) -> Result<f64, String> {
    let (digits, factor) = match token.as_bytes().last() {
        Some(b's') => (&token[..token.len() - 1], 1.0),
        Some(b'm') => (&token[..token.len() - 1], 60.0),
        Some(b'h') => (&token[..token.len() - 1], 3600.0),
        Some(b'd') => (&token[..token.len() - 1], 86_400.0),
        _ => (token, 1.0),
    };
    let value: Result<f64, _> = digits.parse();
    value
        .map(|value| value * factor)
        .map_err(|_| format!("\"{token}\" is neither a number nor a duration"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compute(text: &str) -> Result<f64, String> {
        evaluate(text, &|name| match name {
            "for" => Ok(300.0),
            "ratio" => Ok(0.5),
            other => Err(format!("\"{other}\" is not known")),
        })
    }

    /// Expected numbers: by hand.
    #[test]
    fn numbers_names_durations_and_functions() {
        for (text, expected) in [
            ("1 + 2 * 3 - 4 / 2", 5.0),
            ("-(1 + 2) * -2", 6.0),
            ("for + 10m", 900.0),
            ("1d - 2h + 1s", 79_201.0),
            ("min(floor(for / 2), 1m)", 60.0),
            ("max(1, ceil(0.1)) + round(2.5)", 4.0),
            ("ratio * 1000 / 1000 == ratio", 1.0),
            ("for >= 2m", 1.0),
            ("for < 2m", 0.0),
        ] {
            assert_eq!(compute(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, message) in [
            ("", "a value is missing at the end"),
            ("1 +", "a value is missing at the end"),
            ("1 1", "\"1\" was not expected"),
            ("(1", "a closing parenthesis is missing"),
            ("thresold + 1", "\"thresold\" is not known"),
            ("1.2.3", "\"1.2.3\" is neither a number nor a duration"),
            ("5x", "\"5x\" is neither a number nor a duration"),
            ("ä", "\"ä\" is not a value"),
        ] {
            assert_eq!(compute(text), Err(message.to_owned()), "{text}");
        }
        assert!(compute("sqrt(2)").is_err() && compute("min(1)").is_err());
    }
}
