//! The words of a template of Go.

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Open,
    Close,
    Space,
    Assign,
    Declare,
    Pipe,
    Text,
    Variable,
    Character,
    Dot,
    Field,
    Number,
    Truth,
    Nil,
    Identifier,
    Keyword,
    LeftParen,
    RightParen,
    Sign,
}

impl Kind {
    /// Tells whether an operand can begin with it.
    pub(super) const fn begins_operand(self) -> bool {
        matches!(
            self,
            Self::Text
                | Self::Variable
                | Self::Character
                | Self::Dot
                | Self::Field
                | Self::Number
                | Self::Truth
                | Self::Nil
                | Self::Identifier
                | Self::LeftParen
        )
    }

    /// Tells whether it is a value that has no fields and cannot be called.
    pub(super) const fn is_literal(self) -> bool {
        matches!(
            self,
            Self::Text | Self::Character | Self::Dot | Self::Number | Self::Truth | Self::Nil
        )
    }
}

/// A word; text outside of actions is left out.
#[derive(Debug)]
pub(super) struct Word<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
}

const KEYWORDS: [&str; 10] = [
    "block", "break", "continue", "define", "else", "end", "if", "range", "template", "with",
];
const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// Cuts a template into its words.
pub(super) fn words(text: &str) -> Result<Vec<Word<'_>>, String> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find("{{") {
        rest = &rest[open + 2..];
        let trims = rest.starts_with('-') && rest[1..].starts_with(BLANKS);
        let inner = if trims { &rest[2..] } else { rest };
        // Behind a trim marker one blank may come before a comment, and no more.
        let comment = inner.strip_prefix("/*");
        if let Some(comment) = comment {
            let end = comment.find("*/").ok_or("unclosed comment")?;
            rest = close(&comment[end + 2..]).ok_or("a comment ends before its closing braces")?;
            continue;
        }
        words.push(Word {
            kind: Kind::Open,
            text: "{{",
        });
        rest = action(inner, &mut words)?;
    }
    Ok(words)
}

/// Returns what is behind `}}`, or behind ` -}}`.
fn close(rest: &str) -> Option<&str> {
    let trimmed = rest
        .strip_prefix(BLANKS)
        .and_then(|rest| rest.strip_prefix("-}}"));
    trimmed.or_else(|| rest.strip_prefix("}}"))
}

/// Reads the words of an action, and returns what is behind it.
fn action<'a>(mut rest: &'a str, words: &mut Vec<Word<'a>>) -> Result<&'a str, String> {
    let mut parens = 0_usize;
    loop {
        if let Some(after) = close(rest) {
            if parens > 0 {
                return Err("unclosed left paren".to_owned());
            }
            words.push(Word {
                kind: Kind::Close,
                text: "}}",
            });
            return Ok(after);
        }
        let first = rest.chars().next().ok_or("unclosed action")?;
        let (kind, length) = word(rest, first)?;
        match kind {
            Kind::LeftParen => parens += 1,
            Kind::RightParen => {
                parens = parens.checked_sub(1).ok_or("unexpected right paren")?;
            }
            _ => {}
        }
        words.push(Word {
            kind,
            text: &rest[..length],
        });
        rest = &rest[length..];
    }
}

fn word(rest: &str, first: char) -> Result<(Kind, usize), String> {
    let letters = |from: usize| {
        let end = rest[from..].find(|c: char| !(c == '_' || c.is_alphanumeric()));
        from + end.unwrap_or(rest.len() - from)
    };
    let ended = |end: usize| match is_end(&rest[end..]) {
        true => Ok(end),
        false => Err(format!(
            "bad character {:?}",
            rest[end..].chars().next().unwrap_or(' ')
        )),
    };
    let digit_follows = rest[first.len_utf8()..].starts_with(|c: char| c.is_ascii_digit());
    Ok(match first {
        ' ' | '\t' | '\r' | '\n' => {
            // The blank before ` -}}` belongs to the closing braces.
            let end = rest.find(|c| !BLANKS.contains(&c)).unwrap_or(rest.len());
            let end = match rest[end - 1..].strip_prefix(BLANKS) {
                Some(after) if after.starts_with("-}}") && end > 1 => end - 1,
                _ => end,
            };
            (Kind::Space, end)
        }
        '=' => (Kind::Assign, 1),
        ':' if rest.starts_with(":=") => (Kind::Declare, 2),
        ':' => return Err("expected :=".to_owned()),
        '|' => (Kind::Pipe, 1),
        '(' => (Kind::LeftParen, 1),
        ')' => (Kind::RightParen, 1),
        '"' => (Kind::Text, quoted(rest, '"')?),
        '\'' => {
            let end = quoted(rest, '\'')?;
            let inner = &rest[1..end - 1];
            if !inner.starts_with('\\') && inner.chars().count() != 1 {
                return Err("malformed character constant".to_owned());
            }
            (Kind::Character, end)
        }
        '`' => {
            let end = rest[1..]
                .find('`')
                .ok_or("unterminated raw quoted string")?;
            (Kind::Text, end + 2)
        }
        '$' => (Kind::Variable, ended(letters(1))?),
        '.' if !digit_follows => {
            let end = ended(letters(1))?;
            (if end == 1 { Kind::Dot } else { Kind::Field }, end)
        }
        '.' | '+' | '-' | '0'..='9' => (Kind::Number, number(rest)?),
        c if c == '_' || c.is_alphanumeric() => {
            let end = ended(letters(0))?;
            let kind = match &rest[..end] {
                "true" | "false" => Kind::Truth,
                "nil" => Kind::Nil,
                word if KEYWORDS.contains(&word) => Kind::Keyword,
                _ => Kind::Identifier,
            };
            (kind, end)
        }
        c if c.is_ascii_graphic() => (Kind::Sign, 1),
        c => return Err(format!("unrecognized character {c:?}")),
    })
}

/// Tells whether a name may end here.
fn is_end(rest: &str) -> bool {
    rest.is_empty()
        || rest.starts_with("}}")
        || rest.starts_with(BLANKS)
        || rest.starts_with(['.', ',', '|', ':', ')', '('])
}

fn quoted(rest: &str, quote: char) -> Result<usize, String> {
    let mut at = quote.len_utf8();
    loop {
        match rest[at..].chars().next() {
            None | Some('\n') => return Err("unterminated quoted string".to_owned()),
            Some('\\') => {
                let length = escape(&rest[at + 1..], quote);
                at += 1 + length.ok_or("invalid escape in a quoted string")?;
            }
            Some(c) if c == quote => return Ok(at + 1),
            Some(c) => at += c.len_utf8(),
        }
    }
}

/// Returns the length of an escape behind its backslash; none for what `strconv.Unquote` of Go
/// refuses: too few digits, a byte beyond 255, half a surrogate pair, the other quote.
fn escape(rest: &str, quote: char) -> Option<usize> {
    let digits = |from: usize, count: usize, radix: u32| {
        let text = rest.get(from..from + count)?;
        let good = text.chars().all(|digit| digit.is_digit(radix));
        good.then(|| u32::from_str_radix(text, radix).ok())?
    };
    match rest.chars().next()? {
        'a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | '\\' => Some(1),
        c @ ('\'' | '"') => (c == quote).then_some(1),
        'x' => digits(1, 2, 16).map(|_| 3),
        'u' => digits(1, 4, 16).and_then(char::from_u32).map(|_| 5),
        'U' => digits(1, 8, 16).and_then(char::from_u32).map(|_| 9),
        '0'..='7' => digits(0, 3, 8).filter(|byte| *byte <= 255).map(|_| 3),
        _ => None,
    }
}

fn number(rest: &str) -> Result<usize, String> {
    let sign = usize::from(rest.starts_with(['+', '-']));
    let mut end = rest[sign..]
        .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'))
        .map_or(rest.len(), |at| sign + at);
    let word = &rest[..end];
    let hex = word[sign..].starts_with("0x") || word[sign..].starts_with("0X");
    let exponent = if hex { ['p', 'P'] } else { ['e', 'E'] };
    if word.ends_with(exponent) && rest[end..].starts_with(['+', '-']) {
        let digits = rest[end + 1..].find(|c: char| !c.is_ascii_digit());
        end = digits.map_or(rest.len(), |at| end + 1 + at);
    }
    let digits = rest[sign..end].replace('_', "");
    let bare = digits.trim_end_matches('i');
    let radix = |prefix: &str, radix: u32| {
        let rest = bare.strip_prefix(prefix);
        rest.is_some_and(|rest| u64::from_str_radix(rest, radix).is_ok())
    };
    let octal = bare.len() > 1 && bare.starts_with('0') && !bare.contains(['.', 'e', 'E']);
    if octal && bare.bytes().all(|b| b.is_ascii_digit()) && bare.contains(['8', '9']) {
        return Err(format!("bad number {:?}", &rest[..end]));
    }
    let good = bare.parse::<f64>().is_ok()
        && bare.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        || [
            ("0x", 16),
            ("0X", 16),
            ("0o", 8),
            ("0O", 8),
            ("0b", 2),
            ("0B", 2),
        ]
        .into_iter()
        .any(|(prefix, base)| radix(prefix, base));
    match good {
        true => Ok(end),
        false => Err(format!("bad number {:?}", &rest[..end])),
    }
}
