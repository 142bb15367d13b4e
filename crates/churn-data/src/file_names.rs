//! What names tell: whether a file is a table, and whether an address is a pattern.

use std::collections::BTreeSet;

/// Ends of the names of the files that a folder stands for.
const TABLES: [&str; 4] = [".csv", ".ndjson", ".jsonl", ".parquet"];

/// What may follow them; Parquet has its compression inside.
const COMPRESSED: [&str; 2] = [".gz", ".zst"];

/// What makes an address a pattern.
pub(super) const GLOB: [char; 3] = ['*', '?', '['];

/// Returns a file that is there compressed, too: its rows would count twice.
pub(super) fn twins(names: &[String]) -> Option<(&str, &str)> {
    let known: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    names.iter().find_map(|name| {
        let plain = COMPRESSED.iter().find_map(|end| name.strip_suffix(end))?;
        known.get(plain).map(|plain| (*plain, name.as_str()))
    })
}

/// Returns whether a folder's file of this name is one of its tables.
pub(super) fn is_table(name: &str) -> bool {
    let name = name.to_lowercase();
    let plain = COMPRESSED
        .iter()
        .find_map(|end| name.strip_suffix(end))
        .filter(|plain| !plain.ends_with(".parquet"))
        .unwrap_or(&name);
    !name.starts_with('.') && TABLES.iter().any(|end| plain.ends_with(end))
}

/// Returns whether a file of this name will be a table once `serve` has closed it.
pub(super) fn is_being_written(name: &str) -> bool {
    name.strip_suffix(".open").is_some_and(is_table)
}
