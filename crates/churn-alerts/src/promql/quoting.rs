//! Texts in the quotes of PromQL and of Alertmanager's matchers, which are those of Go.

/// Returns a text in the quotes of PromQL and of Alertmanager's matchers, which are those of Go.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '\\' => quoted.push_str("\\\\"),
            '"' => quoted.push_str("\\\""),
            '\n' => quoted.push_str("\\n"),
            plain => quoted.push(plain),
        }
    }
    quoted.push('"');
    quoted
}

/// Returns a text in double quotes, its escapes resolved as Go does it, and how long it is.
pub fn unquoted(text: &str) -> Option<(String, usize)> {
    let mut read: Vec<u8> = Vec::new();
    let mut at = 1;
    loop {
        let character = text[at..].chars().next()?;
        match character {
            '"' => return Some((String::from_utf8(read).ok()?, at + 1)),
            '\n' => return None,
            '\\' => {
                let kind = text[at + 1..].chars().next()?;
                let (length, radix) = match kind {
                    'x' => (2, 16),
                    'u' => (4, 16),
                    'U' => (8, 16),
                    '0'..='7' => (3, 8),
                    _ => (0, 0),
                };
                if length == 0 {
                    read.push(match kind {
                        'a' => 7,
                        'b' => 8,
                        'f' => 12,
                        'n' => b'\n',
                        'r' => b'\r',
                        't' => b'\t',
                        'v' => 11,
                        '\\' | '"' => kind as u8,
                        _ => return None,
                    });
                    at += 2;
                    continue;
                }
                let begin = at + if radix == 8 { 1 } else { 2 };
                let code = u32::from_str_radix(text.get(begin..begin + length)?, radix).ok()?;
                match kind {
                    'u' | 'U' => read.extend(char::from_u32(code)?.to_string().bytes()),
                    _ => read.push(u8::try_from(code).ok()?),
                }
                at = begin + length;
            }
            other => {
                read.extend(other.to_string().bytes());
                at += other.len_utf8();
            }
        }
    }
}
