//! Regular expressions of Go (RE2), read into those of the `regex` crate: the two differ in what a
//! brace, an escape or `\d` means.

use regex::Regex;
use regex_syntax::ast::parse::Parser;
use regex_syntax::ast::{Ast, RepetitionKind, RepetitionRange};

/// Go refuses more repetitions than this.
const MOST: u32 = 1000;

/// Compiles an expression that must match a whole text, as Prometheus and Alertmanager do.
///
/// # Errors
/// Fails with what Go would refuse.
pub(super) fn anchored(pattern: &str) -> Result<Regex, String> {
    let translated = translate(pattern)?;
    let whole = format!("^(?:{translated})$");
    Regex::new(&whole).map_err(|_| wrong(pattern, "it cannot be compiled"))
}

fn wrong(pattern: &str, why: &str) -> String {
    format!("\"{pattern}\" is not a regular expression of Go: {why}")
}

/// Translates an expression.
///
/// # Errors
/// Fails with what Go would refuse.
pub(super) fn translate(pattern: &str) -> Result<String, String> {
    let mut translator = Translator {
        rest: pattern,
        out: String::new(),
        groups: 0,
        repeatable: Repeatable::Nothing,
    };
    translator.run().map_err(|why| wrong(pattern, &why))?;
    let out = translator.out;
    // Only repetitions within each other can come to more than each may.
    if pattern.matches('{').count() > 1
        && let Ok(parsed) = Parser::new().parse(&out)
        && !repeats_within(&parsed, MOST)
    {
        return Err(wrong(pattern, "invalid repeat count"));
    }
    Ok(out)
}

/// Tells whether repetitions within each other come to no more than this.
fn repeats_within(parsed: &Ast, most: u32) -> bool {
    match parsed {
        Ast::Repetition(repetition) => {
            let count = match &repetition.op.kind {
                RepetitionKind::Range(
                    RepetitionRange::Exactly(count)
                    | RepetitionRange::AtLeast(count)
                    | RepetitionRange::Bounded(_, count),
                ) => *count,
                _ => 1,
            };
            count == 0 || count <= most && repeats_within(&repetition.ast, most / count)
        }
        Ast::Group(group) => repeats_within(&group.ast, most),
        Ast::Alternation(all) => all.asts.iter().all(|one| repeats_within(one, most)),
        Ast::Concat(all) => all.asts.iter().all(|one| repeats_within(one, most)),
        _ => true,
    }
}

/// What stands before: can it be repeated?
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeatable {
    /// Nothing that could be.
    Nothing,
    /// It can.
    Yes,
    /// It is a repetition already.
    Repeated,
}

struct Translator<'a> {
    rest: &'a str,
    out: String,
    groups: usize,
    repeatable: Repeatable,
}

impl Translator<'_> {
    fn take(&mut self, length: usize) -> &str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    fn literal(&mut self, character: char) {
        if regex_syntax_special(character) {
            self.out.push('\\');
        }
        self.out.push(character);
    }

    fn run(&mut self) -> Result<(), String> {
        while let Some(first) = self.rest.chars().next() {
            match first {
                '\\' => self.escape()?,
                '[' => self.class()?,
                '(' => self.open()?,
                ')' => {
                    self.take(1);
                    self.groups = self.groups.checked_sub(1).ok_or("unexpected )")?;
                    self.out.push(')');
                    self.repeatable = Repeatable::Yes;
                }
                '|' => {
                    self.take(1);
                    self.out.push('|');
                    self.repeatable = Repeatable::Nothing;
                }
                '*' | '+' | '?' => {
                    self.take(1);
                    self.repeat(&first.to_string())?;
                }
                '{' => match repetition(self.rest) {
                    Some((length, least, most)) => {
                        if least > MOST || most.is_some_and(|most| most > MOST || most < least) {
                            return Err("invalid repeat count".to_owned());
                        }
                        let text = self.take(length).to_owned();
                        self.repeat(&text)?;
                    }
                    None => {
                        self.take(1);
                        self.out.push_str("\\{");
                        self.repeatable = Repeatable::Yes;
                    }
                },
                '^' | '$' | '.' => {
                    self.take(1);
                    self.out.push(first);
                    self.repeatable = Repeatable::Yes;
                }
                _ => {
                    self.take(first.len_utf8());
                    self.literal(first);
                    self.repeatable = Repeatable::Yes;
                }
            }
        }
        match self.groups {
            0 => Ok(()),
            _ => Err("missing closing )".to_owned()),
        }
    }

    fn repeat(&mut self, operator: &str) -> Result<(), String> {
        match self.repeatable {
            Repeatable::Nothing => {
                return Err(format!(
                    "missing argument to repetition operator {operator}"
                ));
            }
            Repeatable::Repeated => {
                return Err(format!("invalid nested repetition operator {operator}"));
            }
            Repeatable::Yes => {}
        }
        self.out.push_str(operator);
        if self.rest.starts_with('?') {
            self.take(1);
            self.out.push('?');
        }
        self.repeatable = Repeatable::Repeated;
        Ok(())
    }

    fn open(&mut self) -> Result<(), String> {
        self.take(1);
        let Some(rest) = self.rest.strip_prefix('?') else {
            self.out.push('(');
            self.groups += 1;
            self.repeatable = Repeatable::Nothing;
            return Ok(());
        };
        let name = rest.strip_prefix("P<").or_else(|| rest.strip_prefix('<'));
        if let Some(name) = name {
            let end = name.find('>').ok_or("invalid named capture")?;
            let name = &name[..end];
            let good =
                !name.is_empty() && name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric());
            if !good {
                return Err("invalid named capture, or look-behind".to_owned());
            }
            // Nobody asks for the name; two of one name, which neither takes, are told by Go only.
            let length = self.rest.find('>').map_or(0, |at| at + 1);
            self.take(length);
            self.out.push('(');
            self.groups += 1;
            self.repeatable = Repeatable::Nothing;
            return Ok(());
        }
        let end = rest.find([':', ')']).ok_or("missing closing )")?;
        let flags = &rest[..end];
        let mut signs = 0;
        let good = flags.chars().all(|c| {
            signs += usize::from(c == '-');
            "imsU-".contains(c)
        });
        if !good || signs > 1 || flags.ends_with('-') {
            return Err("invalid or unsupported syntax behind (?".to_owned());
        }
        let closes = rest[end..].starts_with(')');
        if closes && flags.is_empty() {
            self.take(2);
            return Ok(());
        }
        let text = self.take(end + 2).to_owned();
        self.out.push('(');
        self.out.push_str(&text);
        if !closes {
            self.groups += 1;
            self.repeatable = Repeatable::Nothing;
        }
        Ok(())
    }

    fn escape(&mut self) -> Result<(), String> {
        if let Some(quoted) = self.rest.strip_prefix("\\Q") {
            let end = quoted.find("\\E").unwrap_or(quoted.len());
            let text = quoted[..end].to_owned();
            let length = (2 + end + 2).min(self.rest.len());
            self.take(length);
            for character in text.chars() {
                self.literal(character);
                self.repeatable = Repeatable::Yes;
            }
            return Ok(());
        }
        let next = self.rest[1..].chars().next().ok_or("trailing backslash")?;
        let text = match next {
            'A' | 'z' => {
                self.take(2);
                format!("\\{next}")
            }
            'b' => {
                self.take(2);
                "(?-u:\\b)".to_owned()
            }
            'B' => {
                self.take(2);
                "\\B".to_owned()
            }
            _ => match ascii_class(next) {
                Some((negated, inner)) => {
                    self.take(2);
                    format!("[{}{inner}]", if negated { "^" } else { "" })
                }
                None => self.one_escaped(next)?,
            },
        };
        self.out.push_str(&text);
        self.repeatable = Repeatable::Yes;
        Ok(())
    }

    /// Takes an escape that stands for one character, or for a class of Unicode.
    fn one_escaped(&mut self, next: char) -> Result<String, String> {
        if next == 'p' || next == 'P' {
            let rest = &self.rest[2..];
            let length = match rest.strip_prefix('{') {
                Some(name) => name.find('}').ok_or("invalid character class range")? + 2,
                None => rest
                    .chars()
                    .next()
                    .ok_or("invalid character class range")?
                    .len_utf8(),
            };
            return Ok(self.take(2 + length).to_owned());
        }
        let (character, length) = escaped(self.rest)?;
        self.take(length);
        Ok(format!("\\x{{{:x}}}", u32::from(character)))
    }

    fn class(&mut self) -> Result<(), String> {
        self.take(1);
        self.out.push('[');
        if self.rest.starts_with('^') {
            self.take(1);
            self.out.push('^');
        }
        let mut first = true;
        loop {
            let next = self.rest.chars().next().ok_or("missing closing ]")?;
            if next == ']' && !first {
                self.take(1);
                self.out.push(']');
                self.repeatable = Repeatable::Yes;
                return Ok(());
            }
            first = false;
            if let Some(inner) = self.rest.strip_prefix("[:")
                && let Some(end) = inner.find(":]")
            {
                let name = inner[..end].trim_start_matches('^');
                if !POSIX.contains(&name) {
                    return Err("invalid character class range".to_owned());
                }
                let text = self.take(end + 4).to_owned();
                self.out.push_str(&text);
                continue;
            }
            if next == '\\' {
                let kind = self.rest[1..].chars().next().ok_or("trailing backslash")?;
                if let Some((negated, inner)) = ascii_class(kind) {
                    self.take(2);
                    let sign = if negated { "^" } else { "" };
                    self.out.push_str(&format!("[{sign}{inner}]"));
                    continue;
                }
                if kind == 'p' || kind == 'P' {
                    let text = self.one_escaped(kind)?;
                    self.out.push_str(&text);
                    continue;
                }
            }
            let low = self.member()?;
            let is_range = self.rest.starts_with('-') && !self.rest[1..].starts_with(']');
            let code = |c: char| format!("\\x{{{:x}}}", u32::from(c));
            if !is_range {
                self.out.push_str(&code(low));
                continue;
            }
            self.take(1);
            let high = self.member()?;
            if high < low {
                return Err("invalid character class range".to_owned());
            }
            self.out.push_str(&format!("{}-{}", code(low), code(high)));
        }
    }

    /// Takes one character of a class.
    fn member(&mut self) -> Result<char, String> {
        let first = self.rest.chars().next().ok_or("missing closing ]")?;
        if first == '\\' {
            let (character, length) = escaped(self.rest)?;
            self.take(length);
            return Ok(character);
        }
        self.take(first.len_utf8());
        Ok(first)
    }
}

const POSIX: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
    "space", "upper", "word", "xdigit",
];

/// `\d` and its kin know ASCII alone.
fn ascii_class(letter: char) -> Option<(bool, &'static str)> {
    let inner = match letter.to_ascii_lowercase() {
        'd' => "0-9",
        'w' => "0-9A-Za-z_",
        's' => "\\t\\n\\x{c}\\r ",
        _ => return None,
    };
    Some((letter.is_ascii_uppercase(), inner))
}

/// Returns the character of an escape at the beginning, and how long it is.
fn escaped(rest: &str) -> Result<(char, usize), String> {
    let next = rest[1..].chars().next().ok_or("trailing backslash")?;
    let unknown = || "invalid escape sequence".to_owned();
    let plain = |character: char| Ok((character, 1 + next.len_utf8()));
    match next {
        'a' => plain('\u{7}'),
        'f' => plain('\u{c}'),
        't' => plain('\t'),
        'n' => plain('\n'),
        'r' => plain('\r'),
        'v' => plain('\u{b}'),
        'x' => {
            let digits = &rest[2..];
            let (hex, length) = match digits.strip_prefix('{') {
                Some(inner) => {
                    let end = inner.find('}').ok_or_else(unknown)?;
                    (&inner[..end], end + 4)
                }
                None => (digits.get(..2).ok_or_else(unknown)?, 4),
            };
            let code = u32::from_str_radix(hex, 16).map_err(|_| unknown())?;
            Ok((char::from_u32(code).ok_or_else(unknown)?, length))
        }
        '0'..='7' => {
            let digits = rest[1..].bytes().take(3);
            let length = digits
                .take_while(|byte| (b'0'..=b'7').contains(byte))
                .count();
            // A single digit other than 0 would lead back to a group, which Go does not have.
            if next != '0' && length < 2 {
                return Err(unknown());
            }
            let code = u32::from_str_radix(&rest[1..=length], 8).map_err(|_| unknown())?;
            Ok((char::from_u32(code).ok_or_else(unknown)?, 1 + length))
        }
        c if c.is_ascii() && !c.is_ascii_alphanumeric() => plain(c),
        _ => Err(unknown()),
    }
}

/// Returns length, least and most of `{2}`, `{2,}` or `{2,5}` at the beginning. Anything else is a brace.
fn repetition(rest: &str) -> Option<(usize, u32, Option<u32>)> {
    let end = rest.find('}')?;
    let inner = &rest[1..end];
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // More digits than any number has are too many repetitions.
        (digits && (text == "0" || !text.starts_with('0')))
            .then(|| text.parse().unwrap_or(u32::MAX))
    };
    match inner.split_once(',') {
        None => number(inner).map(|least| (end + 1, least, Some(least))),
        Some((least, "")) => number(least).map(|least| (end + 1, least, None)),
        Some((least, most)) => Some((end + 1, number(least)?, Some(number(most)?))),
    }
}

fn regex_syntax_special(character: char) -> bool {
    "\\.+*?()|[]{}^$#&-~".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_match_as_go_has_them() {
        // regexp.MustCompile("^(?:" + s + ")$").MatchString(text), Go 1.26.
        for (pattern, text, wanted) in [
            ("/api/{id}/.*", "/api/{id}/z", true),
            ("\\Qa.b\\E.*", "a.bc", true),
            ("\\Qa.b\\E.*", "axbc", false),
            ("\\d+", "12", true),
            ("\\d+", "\u{0663}", false),
            ("\\w+", "\u{e9}", false),
            ("\\s", "\u{a0}", false),
            ("[\\d\\-]+", "1-2", true),
            ("[[a]+", "[a", true),
            ("[a&&b]+", "&b", true),
            ("a{,5}", "a{,5}", true),
            ("x{2}", "xx", true),
            ("{", "{", true),
            ("\\<b\\>", "<b>", true),
            ("(?P<x>a)(?<y>b)", "ab", true),
            ("\\x41\\x{42}\\103", "ABC", true),
            ("[[:alpha:]]+", "ab", true),
            ("(?i)ab", "AB", true),
            ("a|", "", true),
            ("é\\pL+", "éab", true),
            ("]", "]", true),
            ("a#b ~&-", "a#b ~&-", true),
            ("\\Q{\\E", "{", true),
            ("a{01}", "a{01}", true),
            ("(?:a|b)+?", "ab", true),
            ("[^\\D]", "5", true),
            ("[a-]", "-", true),
            ("[]a]", "]", true),
            ("[a-b-c]", "-", true),
            ("(?)a(?i)B", "ab", true),
            ("^*()*", "", true),
            ("a\\Q\\E*", "aa", true),
            ("\\_", "_", true),
        ] {
            let regex = anchored(pattern).expect(pattern);
            assert_eq!(regex.is_match(text), wanted, "{pattern} on {text}");
        }
    }

    #[test]
    fn what_go_refuses_is_refused() {
        // regexp.Compile("^(?:" + s + ")$"), Go 1.26, fails with each.
        for pattern in [
            "(",
            ")",
            "*",
            "a**",
            "a{2}{3}",
            "a+*",
            "(?=a)",
            "(?!a)",
            "(?<=a)",
            "(?<!a)",
            "(?>a)",
            "\\1",
            "\\8",
            "\\q",
            "\\Z",
            "\\C",
            "\\",
            "[a",
            "[b-a]",
            "[a-\\d]",
            "a{1001}",
            "a{2,1}",
            "{2}",
            "(?x)a",
            "(?P<a b>c)",
            "[[:foo:]]",
            "\\x",
            "\\x{110000}",
            "|*",
            "(?i",
            "\\E",
            "\\u0041",
        ] {
            assert!(anchored(pattern).is_err(), "{pattern}");
        }
    }
}
