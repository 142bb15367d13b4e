//! Colour, if it was decided: the only place that writes an escape sequence for it.

use crate::cells::Tone;
use crate::text::visible;

/// Paints texts for one stream, or leaves them as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Paint {
    /// Whether to colour.
    pub color: bool,
}

impl Paint {
    /// Returns the text in its tone. Text from data goes through [`visible`] first: see [`Paint::safe`].
    #[must_use]
    pub fn tone(self, tone: Tone, text: &str) -> String {
        self.code(tone_code(tone), text)
    }

    /// Makes the text visible, then paints it.
    #[must_use]
    pub fn safe(self, tone: Tone, text: &str) -> String {
        self.tone(tone, &visible(text))
    }

    /// Returns the text in bold.
    #[must_use]
    pub fn bold(self, text: &str) -> String {
        self.code("1", text)
    }

    pub(super) fn code(self, code: &str, text: &str) -> String {
        if self.color && !code.is_empty() && !text.is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

/// The sixteen basic colours, so that the user's theme decides how they look.
const fn tone_code(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "",
        Tone::Good => "32",
        Tone::Warn => "33",
        Tone::Bad => "1;31",
        Tone::Dim => "2",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paints_only_when_colour_was_decided_and_never_lets_data_paint() {
        let (on, off) = (Paint { color: true }, Paint { color: false });
        assert_eq!(on.tone(Tone::Good, "OK"), "\u{1b}[32mOK\u{1b}[0m");
        assert_eq!(off.tone(Tone::Bad, "FAIL"), "FAIL");
        assert_eq!(on.tone(Tone::Plain, "x"), "x");
        assert_eq!(off.safe(Tone::Plain, "\u{1b}[31m"), "\\u{1b}[31m");
    }
}
