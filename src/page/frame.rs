//! The frame of any page we make: escaping that cannot be switched off, styles, no script but where a
//! page of a server needs one.
//! What stands in a page is the affair of `reports/`.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, ValueKind};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, escape_formatter};
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::exit::ExitCode;
use crate::text::visible;

const FRAME: &str = include_str!("frame.html");
const STYLE: &str = include_str!("style.css");

/// HTML that is known to be escaped: only templates and plots of ours make it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Html(String);

impl Html {
    pub(super) const fn trusted(markup: String) -> Self {
        Self(markup)
    }

    /// Returns the markup.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the markup as a string.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl Serialize for Html {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        Value::from_safe_string(self.0.clone()).serialize(serializer)
    }
}

/// A page before its body is put into the frame.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// Title of the window.
    pub title: &'a str,
    /// Styles of this page beside the common ones.
    pub style: &'static str,
    /// What stands in the page.
    pub body: &'a Html,
}

impl Page<'_> {
    /// Returns the whole document: self-contained, without script.
    ///
    /// # Errors
    ///
    /// Fails if the frame's template is wrong: a bug.
    pub fn render(&self) -> Result<String> {
        self.framed(Html::default(), Html::default())
    }

    /// Returns the whole document with a script of ours: no other can run, and it can talk to the
    /// server that the page came from alone.
    ///
    /// # Errors
    ///
    /// As [`Page::render`].
    pub fn render_with_script(&self, script: &'static str) -> Result<String> {
        use base64::Engine as _;
        // The end of a script's element is found by its text alone.
        let script = script.trim_end().replace("</", "<\\/");
        let hash = Sha256::digest(&script);
        let hash = base64::engine::general_purpose::STANDARD.encode(hash);
        let policy = format!("; script-src 'sha256-{hash}'; connect-src 'self'");
        self.framed(Html(policy), Html(script))
    }

    fn framed(&self, policy: Html, script: Html) -> Result<String> {
        #[derive(Serialize)]
        struct Context<'a> {
            title: &'a str,
            style: Html,
            body: &'a Html,
            policy: Html,
            script: Html,
        }
        let context = Context {
            title: self.title,
            style: Html(format!("{STYLE}{}", self.style)),
            body: self.body,
            policy,
            script,
        };
        render(FRAME, &context).map(Html::into_string)
    }
}

/// Fills a template of ours. Every text in `context` is escaped and shown as
/// [`visible`] shows it, whatever the template says; only [`Html`] passes.
///
/// # Errors
///
/// Fails if the template is wrong or asks for what `context` doesn't have: a bug.
pub fn render<C: Serialize>(template: &'static str, context: &C) -> Result<Html> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(
        SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()
            .map_err(bug)?,
    );
    environment.set_formatter(|out, state, value| {
        if value.kind() == ValueKind::String
            && !value.is_safe()
            && let Some(text) = value.as_str()
        {
            return escape_formatter(out, state, &Value::from(visible(text).into_owned()));
        }
        escape_formatter(out, state, value)
    });
    environment
        .render_str(template, Serde(context))
        .map(Html)
        .map_err(bug)
}

fn bug(cause: minijinja::Error) -> Error {
    Error::new(ExitCode::Bug, "cannot render the page").because(cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Name {
        name: &'static str,
    }

    #[test]
    fn text_is_escaped_and_made_visible() {
        let html = render(
            "<b title=\"{{ name }}\">{{ name }}</b>",
            &Name {
                name: "<img src=x onerror=\"a()\">&'\u{202e}\x1b",
            },
        )
        .expect("renders");
        assert!(!html.as_str().contains("<img"), "{html:?}");
        assert!(!html.as_str().contains("\"a("), "{html:?}");
        assert!(html.as_str().contains("\\u{202e}\\u{1b}"), "{html:?}");
    }

    #[test]
    fn a_template_that_asks_for_an_unknown_name_is_a_bug() {
        let error = render("{{ nmae }}", &Name { name: "a" }).expect_err("strict");
        assert_eq!(error.code(), ExitCode::Bug);
    }

    #[test]
    fn the_frame_allows_no_script_and_no_network() {
        let page = Page {
            title: "a < b",
            style: "",
            body: &Html::trusted("<p>x</p>".to_owned()),
        };
        let text = page.render().expect("renders");
        assert!(text.starts_with("<!doctype html>"));
        assert!(text.contains("<html lang=\"en\">"));
        assert!(text.contains("<title>a &lt; b</title>"));
        assert!(text.contains("default-src 'none'; style-src 'unsafe-inline'; img-src data:"));
        assert!(text.contains("<p>x</p>"));
        assert!(
            !text.contains("<script") && !text.contains("http://") && !text.contains("@import")
        );
    }

    /// Contrast of two colours by WCAG 2.2, 1 to 21.
    fn contrast(a: &str, b: &str) -> f64 {
        let luminance = |colour: &str| {
            let part = |at: usize| {
                let byte = u8::from_str_radix(&colour[at..at + 2], 16).expect("hexadecimal");
                let share = f64::from(byte) / 255.0;
                if share <= 0.04045 {
                    share / 12.92
                } else {
                    ((share + 0.055) / 1.055).powf(2.4)
                }
            };
            0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
        };
        let (x, y) = (luminance(a), luminance(b));
        (x.max(y) + 0.05) / (x.min(y) + 0.05)
    }

    #[test]
    fn texts_have_a_contrast_of_4_5_and_plots_of_3_in_light_and_dark() {
        let palettes: Vec<&str> = STYLE.split(":root").skip(1).take(2).collect();
        assert_eq!(palettes.len(), 2);
        for palette in palettes {
            let colour = |name: &str| {
                let start = palette.find(&format!("--{name}:")).expect(name) + name.len() + 3;
                palette[start..start + 7].to_owned()
            };
            for (front, back, least) in [
                ("text", "back", 4.5),
                ("text", "surface", 4.5),
                ("muted", "back", 4.5),
                ("muted", "surface", 4.5),
                ("link", "back", 4.5),
                ("link", "surface", 4.5),
                ("fail", "fail-back", 4.5),
                ("warn", "warn-back", 4.5),
                ("ok", "ok-back", 4.5),
                ("baseline-edge", "back", 3.0),
                ("current", "back", 3.0),
                ("current", "baseline", 3.0),
            ] {
                let found = contrast(&colour(front), &colour(back));
                assert!(found >= least, "{front} on {back}: {found:.2}");
            }
        }
    }
}
