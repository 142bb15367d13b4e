//! What checks of templates share: the words between the braces. No check itself.

/// A word of a template that means something, with its byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// `$value` or `.Value`.
    Value(usize),
}

/// Returns the ranges between `{{` and `}}`.
pub(super) fn actions(template: &str) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
    template.match_indices("{{").filter_map(|(open, _)| {
        let length = template[open..].find("}}")?;
        Some(open + 2..open + length)
    })
}

/// Returns the words of a template.
pub(super) fn words(template: &str) -> impl Iterator<Item = Word> + '_ {
    actions(template).flat_map(|range| {
        let text = &template[range.clone()];
        ["$value", ".Value"].into_iter().flat_map(move |mark| {
            let start = range.start;
            let ends = move |at: &usize| {
                let next = text[at + mark.len()..].chars().next();
                !next.is_some_and(|next| next.is_ascii_alphanumeric() || next == '_')
            };
            let found = text.match_indices(mark).map(|(at, _)| at);
            found.filter(ends).map(move |at| Word::Value(start + at))
        })
    })
}
