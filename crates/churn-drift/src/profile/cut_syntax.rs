//! Reads the words of a cut: names of columns, or a condition.

use std::str::FromStr;

use super::cut::{Asks, BadCut, Comparison, Cut, Literal, Test};

impl FromStr for Cut {
    type Err = BadCut;

    fn from_str(text: &str) -> Result<Self, BadCut> {
        match condition(text)? {
            Some(tests) => Ok(Self::Condition(tests)),
            None => Ok(Self::Columns(names(text)?)),
        }
    }
}

/// A word of a cut with its place, counted in characters from 1.
#[derive(Debug, Clone, PartialEq)]
struct Token {
    is: Word,
    at: usize,
}

#[derive(Debug, Clone, PartialEq)]
enum Word {
    /// A run of characters without blanks.
    Plain(String),
    /// A text in quotation marks.
    Quoted(String),
    Compares(Comparison),
    Comma,
    Open,
    Close,
}

impl Token {
    fn is_keyword(&self, keyword: &str) -> bool {
        matches!(&self.is, Word::Plain(word) if word.eq_ignore_ascii_case(keyword))
    }
}

/// Reads a condition; none if the text is not one.
fn condition(text: &str) -> Result<Option<Vec<Test>>, BadCut> {
    let tokens = tokens(text)?;
    let is_condition = tokens.iter().enumerate().any(|(at, token)| {
        let follows = |yes: &dyn Fn(&Token) -> bool| at > 0 && tokens.get(at + 1).is_some_and(yes);
        match &token.is {
            Word::Compares(_) | Word::Open | Word::Close => true,
            _ if token.is_keyword("in") => follows(&|next| next.is != Word::Comma),
            _ if token.is_keyword("is") => follows(&|next| next.is != Word::Comma),
            _ => false,
        }
    });
    if !is_condition {
        return Ok(None);
    }
    let mut reader = Reader {
        text,
        tokens: &tokens,
        next: 0,
    };
    let mut tests = vec![reader.test()?];
    while reader.peek().is_some() {
        if !reader.take_keyword("and") {
            return Err(reader.refuse("\"and\" is expected"));
        }
        tests.push(reader.test()?);
    }
    Ok(Some(tests))
}

/// Reads names of columns between commas.
fn names(text: &str) -> Result<Vec<String>, BadCut> {
    let tokens = tokens(text)?;
    let mut reader = Reader {
        text,
        tokens: &tokens,
        next: 0,
    };
    let mut names: Vec<String> = Vec::new();
    loop {
        let at = reader.at();
        let name = reader.column(&|token| token.is == Word::Comma)?;
        if names.contains(&name) {
            return Err(bad(text, format!("\"{name}\" is named twice"), at));
        }
        names.push(name);
        if reader.peek().is_none() {
            return Ok(names);
        }
        reader.next += 1;
    }
}

fn bad(text: &str, what: impl Into<String>, at: usize) -> BadCut {
    BadCut {
        what: what.into(),
        at,
        text: text.to_owned(),
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, BadCut> {
    let characters: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&character) = characters.get(at) {
        let start = at;
        let followed_by = |next| characters.get(start + 1) == Some(&next);
        let (is, length) = match character {
            _ if character.is_whitespace() => {
                at += 1;
                continue;
            }
            ',' => (Word::Comma, 1),
            '(' => (Word::Open, 1),
            ')' => (Word::Close, 1),
            '<' if followed_by('=') => (Word::Compares(Comparison::AtMost), 2),
            '<' => (Word::Compares(Comparison::Below), 1),
            '>' if followed_by('=') => (Word::Compares(Comparison::AtLeast), 2),
            '>' => (Word::Compares(Comparison::Above), 1),
            '!' if followed_by('=') => (Word::Compares(Comparison::Different), 2),
            '=' if followed_by('=') => (Word::Compares(Comparison::Equal), 2),
            '=' => (Word::Compares(Comparison::Equal), 1),
            '"' | '\'' | '`' => {
                let (word, length) = quoted(&characters[at..])
                    .ok_or_else(|| bad(text, "the quotation mark is not closed", start + 1))?;
                (Word::Quoted(word), length)
            }
            _ => {
                let ends = |one: &char| one.is_whitespace() || ",()<>=\"`".contains(*one);
                let rest = &characters[at..];
                let is_different = |pair: &[char]| pair == ['!', '='];
                let length = rest.iter().position(ends).unwrap_or(rest.len());
                let operator = rest.windows(2).position(is_different);
                let length = operator.map_or(length, |operator| operator.min(length));
                (Word::Plain(rest[..length].iter().collect()), length)
            }
        };
        at += length;
        tokens.push(Token { is, at: start + 1 });
    }
    Ok(tokens)
}

/// Reads a text in quotation marks, in which a mark is doubled; also returns its length.
fn quoted(characters: &[char]) -> Option<(String, usize)> {
    let mark = characters.first()?;
    let mut word = String::new();
    let mut at = 1;
    loop {
        let character = characters.get(at)?;
        if character == mark {
            if characters.get(at + 1) != Some(mark) {
                return Some((word, at + 1));
            }
            at += 1;
        }
        word.push(*character);
        at += 1;
    }
}

struct Reader<'a> {
    text: &'a str,
    tokens: &'a [Token],
    next: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next)
    }

    /// Returns the place of what comes next.
    fn at(&self) -> usize {
        let end = || self.text.chars().count() + 1;
        self.peek().map_or_else(end, |token| token.at)
    }

    fn refuse(&self, what: &str) -> BadCut {
        bad(self.text, what, self.at())
    }

    fn take(&mut self, word: &Word) -> bool {
        let is_it = self.peek().is_some_and(|token| token.is == *word);
        self.next += usize::from(is_it);
        is_it
    }

    fn take_keyword(&mut self, keyword: &str) -> bool {
        let is_it = self.peek().is_some_and(|token| token.is_keyword(keyword));
        self.next += usize::from(is_it);
        is_it
    }

    /// Takes the words up to one that ends them: their text as it stands there, and whether it was in
    /// quotation marks.
    fn words(&mut self, ends: &dyn Fn(&Token) -> bool) -> Option<(String, bool)> {
        let mut words: Vec<String> = Vec::new();
        let mut is_quoted = false;
        while let Some(token) = self.tokens.get(self.next).filter(|token| !ends(token)) {
            match &token.is {
                Word::Plain(word) if !is_quoted => words.push(word.clone()),
                Word::Quoted(word) if words.is_empty() => {
                    words.push(word.clone());
                    is_quoted = true;
                }
                _ => break,
            }
            self.next += 1;
        }
        (!words.is_empty()).then(|| (words.join(" "), is_quoted))
    }

    fn column(&mut self, ends: &dyn Fn(&Token) -> bool) -> Result<String, BadCut> {
        match self.words(ends) {
            Some((name, _)) => Ok(name),
            None => Err(self.refuse("a column is expected")),
        }
    }

    fn value(&mut self, ends: &dyn Fn(&Token) -> bool) -> Result<Literal, BadCut> {
        match self.words(ends) {
            Some((text, is_quoted)) => Ok(Literal::of(&text, is_quoted)),
            None => Err(self.refuse("a value is expected")),
        }
    }

    fn test(&mut self) -> Result<Test, BadCut> {
        let is_verb = |token: &Token| {
            matches!(token.is, Word::Compares(_))
                || ["in", "is", "and"].iter().any(|one| token.is_keyword(one))
        };
        let column = self.column(&is_verb)?;
        let verb = self.peek().map(|token| token.is.clone());
        let asks = match verb {
            Some(Word::Compares(comparison)) => {
                self.next += 1;
                let at = self.at();
                let literal = self.value(&|token| token.is_keyword("and"))?;
                match self.peek().map(|token| &token.is) {
                    Some(Word::Compares(_)) => {
                        return Err(self.refuse("one comparison at a time is expected"));
                    }
                    Some(Word::Comma | Word::Open | Word::Close | Word::Quoted(_)) => {
                        return Err(bad(self.text, "a number or one text is expected", at));
                    }
                    _ => Asks::Compares(comparison, literal),
                }
            }
            _ if self.take_keyword("in") => Asks::OneOf(self.list()?),
            _ if self.take_keyword("is") => match self.take_keyword("missing") {
                true => Asks::Missing,
                false => return Err(self.refuse("\"missing\" is expected")),
            },
            _ => return Err(self.refuse("<, <=, >, >=, =, !=, in or is is expected")),
        };
        Ok(Test { column, asks })
    }

    fn list(&mut self) -> Result<Vec<Literal>, BadCut> {
        if !self.take(&Word::Open) {
            return Err(self.refuse("\"(\" is expected"));
        }
        let mut literals = Vec::new();
        loop {
            literals.push(self.value(&|token| matches!(token.is, Word::Comma | Word::Close))?);
            if self.take(&Word::Close) {
                return Ok(literals);
            }
            if !self.take(&Word::Comma) {
                return Err(self.refuse("\")\" is expected"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Cut {
        text.parse().expect(text)
    }

    #[test]
    fn columns_and_conditions_are_told_apart_and_written_as_they_are_read() {
        let columns =
            |names: &[&str]| Cut::Columns(names.iter().map(|name| (*name).to_owned()).collect());
        assert_eq!(read("contract"), columns(&["contract"]));
        assert_eq!(
            read(" contract , Payment Method "),
            columns(&["contract", "Payment Method"])
        );
        assert_eq!(read("\"a,b\",c"), columns(&["a,b", "c"]));
        assert_eq!(
            read("is_active,inside,android"),
            columns(&["is_active", "inside", "android"])
        );
        for text in [
            "contract,region",
            "\"a<b\",c",
            "tenure < 12",
            "tenure <= -1.5",
            "fee > 1e3",
            "fee >= 0",
            "contract = Two year",
            "contract != \"12\"",
            "region in (north, \"a, b\", 3)",
            "fee is missing",
            "tenure < 12 and contract = Two year and fee is missing",
            "\"this is it\" = \"rock and roll\"",
        ] {
            assert_eq!(read(text).to_string(), text);
            assert_eq!(read(&read(text).to_string()), read(text));
        }
        assert_eq!(read("tenure==12"), read("tenure = 12"));
        assert_eq!(
            read("a IN (x) AND b Is Missing"),
            read("a in (x) and b is missing")
        );
        assert_eq!(read("a = 'x y'"), read("a = x y"));
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_place() {
        for (text, what, at) in [
            ("", "a column is expected", 1),
            ("a,,b", "a column is expected", 3),
            ("a,a", "\"a\" is named twice", 3),
            ("tenure <", "a value is expected", 9),
            ("< 12", "a column is expected", 1),
            ("tenure < 12 and", "a column is expected", 16),
            (
                "tenure < 12 or fee > 3",
                "one comparison at a time is expected",
                20,
            ),
            ("region in north", "\"(\" is expected", 11),
            ("region in (a, b", "\")\" is expected", 16),
            ("region in ()", "a value is expected", 12),
            ("fee is big", "\"missing\" is expected", 8),
            ("name = \"x", "the quotation mark is not closed", 8),
            ("a < 1, b", "a number or one text is expected", 5),
            (
                "a < x and b",
                "<, <=, >, >=, =, !=, in or is is expected",
                12,
            ),
        ] {
            let error = text.parse::<Cut>().expect_err(text);
            assert_eq!((&*error.what, error.at), (what, at), "{text}");
            assert!(error.to_string().contains("tenure < 12"), "{error}");
        }
    }
}
