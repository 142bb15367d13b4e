//! Templates of Go as far as they can be judged before they are run: their syntax, their variables,
//! and the names of their functions.

use words::{Kind, Word, words};

mod words;

/// Functions of `text/template` itself.
const BUILT_IN: [&str; 20] = [
    "and", "call", "eq", "ge", "gt", "html", "index", "js", "le", "len", "lt", "ne", "not", "or",
    "print", "printf", "println", "slice", "urlquery", "nil",
];

/// What Prometheus adds for alerts.
pub(super) const PROMETHEUS: &[&str] = &[
    "args",
    "externalURL",
    "first",
    "graphLink",
    "humanize",
    "humanize1024",
    "humanizeDuration",
    "humanizePercentage",
    "humanizeTimestamp",
    "label",
    "match",
    "now",
    "parseDuration",
    "pathPrefix",
    "query",
    "reReplaceAll",
    "safeHtml",
    "sortByLabel",
    "stripDomain",
    "stripPort",
    "strvalue",
    "tableLink",
    "title",
    "toDuration",
    "toLower",
    "toTime",
    "toUpper",
    "urlQueryEscape",
    "value",
];

/// Variables that Prometheus defines before the text of an alert begins.
const VARIABLES: [&str; 5] = ["$", "$labels", "$externalLabels", "$externalURL", "$value"];

/// What Alertmanager 0.28 adds for messages, and older ones some of.
const ALERTMANAGER: &[&str] = &[
    "date",
    "humanizeDuration",
    "join",
    "match",
    "reReplaceAll",
    "safeHtml",
    "safeUrl",
    "since",
    "stringSlice",
    "title",
    "toJson",
    "toLower",
    "toUpper",
    "trimSpace",
    "tz",
    "urlUnescape",
];

/// Returns what Go would say of a file with templates of Alertmanager; none if it would load. Functions are added from
/// one version to the next, so that a name which is not known is left alone.
pub(crate) fn fault(text: &str) -> Option<String> {
    let said = check(text, ALERTMANAGER).err()?;
    (!said.starts_with("function ")).then_some(said)
}

/// Returns what Go would say of a template of an alert.
pub(super) fn check(text: &str, functions: &[&str]) -> Result<(), String> {
    if !text.contains("{{") {
        return Ok(());
    }
    let words = words(text)?;
    let mut parser = Parser {
        words: &words,
        at: 0,
        functions,
        variables: VARIABLES.iter().map(|&name| name.to_owned()).collect(),
        ranges: 0,
        depth: 0,
    };
    parser.whole()
}

struct Parser<'a> {
    words: &'a [Word<'a>],
    at: usize,
    functions: &'a [&'a str],
    variables: Vec<String>,
    /// How many `range` are open.
    ranges: usize,
    depth: usize,
}

/// How a list of text and actions ends.
#[derive(PartialEq, Eq)]
enum Ending {
    /// The text is over.
    Text,
    /// `{{end}}`.
    End,
    /// `{{else}}`, with `if` or `with` still to come where they follow.
    Else,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Word<'a>> {
        self.words.get(self.at)
    }

    fn peek_kind(&self) -> Option<Kind> {
        self.peek().map(|word| word.kind)
    }

    fn next(&mut self) -> Option<&'a Word<'a>> {
        let word = self.words.get(self.at);
        self.at += 1;
        word
    }

    fn skip_space(&mut self) {
        while self.peek_kind() == Some(Kind::Space) {
            self.at += 1;
        }
    }

    fn unexpected<T>(word: Option<&Word<'_>>, place: &str) -> Result<T, String> {
        Err(match word {
            Some(word) => format!("unexpected {:?} in {place}", word.text),
            None => format!("unexpected end in {place}"),
        })
    }

    fn close(&mut self, place: &str) -> Result<(), String> {
        self.skip_space();
        match self.next() {
            Some(word) if word.kind == Kind::Close => Ok(()),
            word => Self::unexpected(word, place),
        }
    }

    fn whole(&mut self) -> Result<(), String> {
        match self.list(true)? {
            Ending::Text => Ok(()),
            Ending::End => Err("unexpected {{end}}".to_owned()),
            Ending::Else => Err("unexpected {{else}}".to_owned()),
        }
    }

    /// Reads up to `{{end}}` or `{{else}}`. Only the outermost list may end with the text or define.
    fn list(&mut self, outermost: bool) -> Result<Ending, String> {
        loop {
            let Some(word) = self.next() else {
                return match outermost {
                    true => Ok(Ending::Text),
                    false => Err("unexpected end: an {{end}} is missing".to_owned()),
                };
            };
            if word.kind != Kind::Open {
                continue;
            }
            self.skip_space();
            let keyword = self.peek().filter(|word| word.kind == Kind::Keyword);
            match keyword.map(|word| word.text) {
                Some("end") => {
                    self.at += 1;
                    self.close("end")?;
                    return Ok(Ending::End);
                }
                Some("else") => {
                    self.at += 1;
                    self.skip_space();
                    let follows = self.peek().filter(|word| word.kind == Kind::Keyword);
                    if !follows.is_some_and(|word| ["if", "with"].contains(&word.text)) {
                        self.close("else")?;
                    }
                    return Ok(Ending::Else);
                }
                Some("define") if outermost => {
                    self.at += 1;
                    self.name("define clause")?;
                    self.close("define clause")?;
                    self.separate("define clause")?;
                }
                Some(word) => {
                    self.at += 1;
                    self.action(word)?;
                }
                None => self.pipeline("command", Kind::Close)?,
            }
        }
    }

    fn action(&mut self, keyword: &str) -> Result<(), String> {
        match keyword {
            "if" | "range" | "with" => self.control(keyword),
            "break" | "continue" => {
                self.close(keyword)?;
                match self.ranges {
                    0 => Err(format!("{{{{{keyword}}}}} outside of {{{{range}}}}")),
                    _ => Ok(()),
                }
            }
            "template" => {
                self.name("template clause")?;
                self.skip_space();
                match self.peek_kind() {
                    Some(Kind::Close) => self.close("template clause"),
                    _ => self.pipeline("template clause", Kind::Close),
                }
            }
            "block" => {
                self.name("block clause")?;
                self.pipeline("block clause", Kind::Close)?;
                self.separate("block clause")
            }
            other => Err(format!("unexpected {{{{{other}}}}}")),
        }
    }

    /// The body of a template of its own: it knows no variables of the text around it.
    fn separate(&mut self, place: &str) -> Result<(), String> {
        let variables = std::mem::replace(&mut self.variables, vec!["$".to_owned()]);
        let ranges = std::mem::take(&mut self.ranges);
        let ending = self.list(false)?;
        self.variables = variables;
        self.ranges = ranges;
        match ending {
            Ending::End => Ok(()),
            _ => Err(format!("unexpected {{{{else}}}} in {place}")),
        }
    }

    fn control(&mut self, keyword: &str) -> Result<(), String> {
        self.depth += 1;
        if self.depth > 200 {
            return Err("nested too deeply".to_owned());
        }
        let known = self.variables.len();
        self.pipeline(keyword, Kind::Close)?;
        self.ranges += usize::from(keyword == "range");
        let mut ending = self.list(false)?;
        self.ranges -= usize::from(keyword == "range");
        if ending == Ending::Else {
            let follows = self.peek().filter(|word| word.kind == Kind::Keyword);
            match follows.map(|word| word.text) {
                Some(word) if word == keyword && keyword != "range" => {
                    self.at += 1;
                    self.control(keyword)?;
                    ending = Ending::End;
                }
                Some(word @ ("if" | "with")) => {
                    return Err(format!("unexpected {word} behind {{{{else}}}}"));
                }
                _ => ending = self.list(false)?,
            }
        }
        self.variables.truncate(known);
        self.depth -= 1;
        match ending {
            Ending::End => Ok(()),
            _ => Err("a second {{else}} where {{end}} must be".to_owned()),
        }
    }

    fn name(&mut self, place: &str) -> Result<(), String> {
        self.skip_space();
        match self.next() {
            Some(word) if word.kind == Kind::Text => Ok(()),
            word => Self::unexpected(word, place),
        }
    }

    fn pipeline(&mut self, place: &str, end: Kind) -> Result<(), String> {
        self.declarations(place)?;
        let mut commands = 0;
        loop {
            self.skip_space();
            match self.peek_kind() {
                Some(kind) if kind == end => {
                    self.at += 1;
                    return match commands {
                        0 => Err(format!("missing value for {place}")),
                        _ => Ok(()),
                    };
                }
                Some(kind) if kind.begins_operand() => {
                    commands += 1;
                    let first = self.peek();
                    self.command()?;
                    if commands > 1 && first.is_some_and(|word| word.kind.is_literal()) {
                        return Err(format!(
                            "what stands behind | cannot be called: stage {commands}"
                        ));
                    }
                }
                _ => return Self::unexpected(self.peek(), place),
            }
        }
    }

    fn declarations(&mut self, place: &str) -> Result<(), String> {
        for count in 1.. {
            self.skip_space();
            let begin = self.at;
            let Some(variable) = self.peek().filter(|word| word.kind == Kind::Variable) else {
                return Ok(());
            };
            self.at += 1;
            self.skip_space();
            match self.peek().map(|word| (word.kind, word.text)) {
                Some((Kind::Assign | Kind::Declare, _)) => {
                    self.at += 1;
                    self.variables.push(variable.text.to_owned());
                    return Ok(());
                }
                Some((Kind::Sign, ",")) => {
                    self.at += 1;
                    self.variables.push(variable.text.to_owned());
                    if place != "range" || count > 1 {
                        return Err(format!("too many declarations in {place}"));
                    }
                    self.skip_space();
                    let kind = self.peek_kind();
                    if !matches!(kind, Some(Kind::Variable | Kind::Close | Kind::RightParen)) {
                        return Err("range can only initialize variables".to_owned());
                    }
                }
                _ => {
                    self.at = begin;
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn command(&mut self) -> Result<(), String> {
        let mut operands = 0;
        loop {
            self.skip_space();
            operands += usize::from(self.operand()?);
            match self.peek_kind() {
                Some(Kind::Space) => {
                    self.at += 1;
                    continue;
                }
                Some(Kind::Close | Kind::RightParen) => {}
                Some(Kind::Pipe) => {
                    self.at += 1;
                }
                _ => return Self::unexpected(self.peek(), "operand"),
            }
            return match operands {
                0 => Err("empty command".to_owned()),
                _ => Ok(()),
            };
        }
    }

    /// Reads an operand with the fields behind it, and tells whether there was one.
    fn operand(&mut self) -> Result<bool, String> {
        let Some(word) = self.peek().filter(|word| word.kind.begins_operand()) else {
            return Ok(false);
        };
        self.at += 1;
        match word.kind {
            Kind::Identifier
                if !BUILT_IN.contains(&word.text) && !self.functions.contains(&word.text) =>
            {
                return Err(format!("function \"{}\" not defined", word.text));
            }
            Kind::Variable if !self.variables.iter().any(|name| name == word.text) => {
                return Err(format!("undefined variable \"{}\"", word.text));
            }
            Kind::LeftParen => {
                self.depth += 1;
                if self.depth > 200 {
                    return Err("nested too deeply".to_owned());
                }
                self.pipeline("parenthesized pipeline", Kind::RightParen)?;
                self.depth -= 1;
            }
            _ => {}
        }
        if self.peek_kind() == Some(Kind::Field) && word.kind.is_literal() {
            return Err(format!("unexpected . after {:?}", word.text));
        }
        while self.peek_kind() == Some(Kind::Field) {
            self.at += 1;
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_judged_as_by_go() {
        // text/template of Go 1.26 with the functions and definitions of Prometheus, Parse() of each.
        for text in [
            "{{ $labels.pod }} is at {{ $value | humanize }}",
            "{{ with query \"up\" }}{{ . | first | value }}{{ else }}none{{ end }}",
            "{{ range $i, $e := query \"up\" }}{{ $i }}{{ break }}{{ end }}",
            "{{ if gt $value 1.0 }}a{{ else if lt $value 0.5 }}b{{ else }}c{{ end }}",
            "{{- /* no */ -}} x {{ .Labels.a }}",
            "{{ define \"t\" }}{{ .x }}{{ end }}{{ template \"t\" . }}",
            "{{ printf \"%.2f\" (index .Labels `a`) }}",
            "{{ $x := 1 }}{{ $x }}",
            "{{ (first (query \"up\")).Value }}",
            "no template } at all {",
            "{{ \"{{ $labels.x }}\" }}",
            "{{ $externalURL }}{{ $externalLabels.cluster }}",
            "{{ $value | }}",
            "{{ nil }}",
            "{{ template \"t\" }}",
            "{{ . }}",
            "{{ .x.y }}",
            "{{ .x .y }}",
            "{{ 1i }}",
            "{{ .Labels.ä }}",
            "{{- $value -}}",
            "{{ -5 }}",
            "{{ $value }} }}",
            "{{ $value = 5 }}",
            "{{ call }}",
            "{{ $value humanize }}",
            "{{ humanize.foo }}",
            "{{ (1) }}",
            "{{ 1 2 }}",
            "{{ 1_000 }}",
            "{{ 1e3 }}",
            "{{ +5 }}",
            "{{ .5 }}",
            "{{ '\\n' }}",
            "{{ \"\\x41\\u00e9\\U0001F600\\101\\\"\" }}",
            "{{ $ }}",
            "{{ $labels .x }}",
        ] {
            assert_eq!(check(text, PROMETHEUS), Ok(()), "{text}");
        }
        for text in [
            "{{ $labels.pod ",
            "{{ $label.pod }}",
            "{{ humanise $value }}",
            "{{ $value | humanize | 5 }}",
            "{{ if $value }}x",
            "{{ end }}",
            "{{ }}",
            "{{ else }}",
            "{{ \"a }}",
            "{{ ($value }}",
            "{{ $value) }}",
            "{{ /* a */ }}",
            "{{ break }}",
            "{{ .Labels.a-b }}",
            "{{ range $a, $b, $c := query \"up\" }}{{ end }}",
            "{{ define \"t\" }}{{ $labels.x }}{{ end }}",
            "{{ 1x }}",
            "{{ template t }}",
            "{{ if $value }}x{{else}}{{else}}{{end}}",
            "{{ if $value }}x{{else with 1}}{{end}}",
            "{{ true.x }}",
            "{{ ( ) }}",
            "{{ | 5 }}",
            "{{ \"a\\qb\" }}",
            // Escapes that strconv.Unquote of Go refuses, and so promtool 2.42 and 3.14.
            "{{ \"\\x\" }}",
            "{{ \"\\xg1\" }}",
            "{{ \"\\u12\" }}",
            "{{ \"\\ud800\" }}",
            "{{ \"\\U00110000\" }}",
            "{{ \"\\777\" }}",
            "{{ \"\\08\" }}",
            "{{ \"\\'\" }}",
            "{{ 'ab' }}",
            "{{-$value}}",
            "{{{ $value }}}",
            "{{ $a, $b := query \"up\" }}",
            "{{ if define }}",
            "{{ , }}",
            "{{ ? }}",
            "{{ range query \"up\" }}{{ end }}{{ $nope }}",
            "{{ if $x := $value }}{{ $x }}{{ end }}{{ $x }}",
            "{{",
            "{{ }",
            "{{ . | . }}",
            "{{ 08 }}",
            "{{ ++5 }}",
            "{{ .5.x }}",
        ] {
            assert!(check(text, PROMETHEUS).is_err(), "{text}");
        }
    }
}
