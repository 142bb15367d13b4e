//! Errors for people: what, where, why, and what to do.

use super::Paint;
use crate::cells::Tone;
use crate::error::Error;
use crate::text::visible;

/// Renders an error over several lines; the last ends with a line feed.
#[must_use]
pub fn render_error(error: &Error, paint: Paint) -> String {
    let mut text = String::new();
    let mut line = |tone, label: &str, content: &str| {
        text.push_str(&paint.tone(tone, label));
        text.push(' ');
        text.push_str(&visible(content));
        text.push('\n');
    };
    line(Tone::Bad, "error:", &error.to_string());
    if let Some(place) = error.place() {
        line(Tone::Dim, " -->", &place.to_string());
    }
    for cause in error.causes() {
        line(Tone::Dim, "caused by:", &cause);
    }
    if let Some(hint) = error.hint_text() {
        line(Tone::Good, "hint:", hint);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Place;

    #[test]
    fn place_causes_and_hint_have_lines_of_their_own() {
        let error = Error::bad_input("\"n/a\" is not a number")
            .at(Place {
                file: "current.csv".into(),
                line: Some(812),
                column: Some("watch\u{1b}minutes".into()),
            })
            .because(std::io::Error::other("first"))
            .hint("see --categorical");
        assert_eq!(
            render_error(&error, Paint::default()),
            "error: \"n/a\" is not a number\n \
             --> current.csv:812: column \"watch\\u{1b}minutes\"\n\
             caused by: first\n\
             hint: see --categorical\n"
        );
        let painted = render_error(&error, Paint { color: true });
        assert!(painted.starts_with("\u{1b}[1;31merror:\u{1b}[0m "));
    }
}
