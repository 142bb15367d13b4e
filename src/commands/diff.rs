//! Two texts as a unified difference, as `patch` takes it.

use similar::TextDiff;

use super::Console;
use crate::cells::Tone;
use crate::error::Result;
use crate::text::visible;

/// Prints what changes from one text, with its name, to another.
pub(super) fn print(
    (from, old): (&str, &str),
    (to, new): (&str, &str),
    console: &mut Console<'_>,
) -> Result<()> {
    let diff = TextDiff::from_lines(old, new);
    let text = diff
        .unified_diff()
        .context_radius(3)
        .header(from, to)
        .to_string();
    for line in text.lines() {
        let tone = match line.as_bytes().first() {
            Some(b'+') => Tone::Good,
            Some(b'-') => Tone::Bad,
            Some(b'@') => Tone::Dim,
            Some(_) | None => Tone::Plain,
        };
        // Not wrapped: who applies a patch wants its lines.
        let painted = console.look().paint.tone(tone, &visible(line));
        console.print(&format!("{painted}\n"))?;
    }
    Ok(())
}
