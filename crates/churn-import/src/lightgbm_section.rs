//! A section of LightGBM's text format: lines of `key=value`, and what is wrong with them.

use std::collections::BTreeMap;

use churn_base::error::{Error, Result};

use super::refused::refused;

/// Lines of one section, by key.
pub(crate) struct Section<'a> {
    pub(crate) file: &'a str,
    /// Line of its beginning, from 1.
    pub(crate) line: usize,
    keys: BTreeMap<&'a str, (usize, &'a str)>,
}

impl<'a> Section<'a> {
    pub(crate) fn new(file: &'a str, line: usize) -> Self {
        Self {
            file,
            line,
            keys: BTreeMap::new(),
        }
    }

    /// Adds a line; nothing if its key is there already.
    pub(crate) fn add(&mut self, key: &'a str, line: (usize, &'a str)) -> bool {
        self.keys.insert(key, line).is_none()
    }

    /// Returns the value of a key.
    pub(crate) fn find(&self, key: &str) -> Option<&'a str> {
        self.keys.get(key).map(|(_, value)| *value)
    }

    pub(crate) fn line_of(&self, key: &str) -> usize {
        self.keys.get(key).map_or(self.line, |(line, _)| *line)
    }

    pub(crate) fn want(&self, key: &str) -> Result<&'a str> {
        self.find(key)
            .ok_or_else(|| refused(self.file, Some(self.line), format!("there is no {key}=")))
    }

    /// Returns the one value of a key.
    pub(crate) fn one<T: std::str::FromStr>(&self, key: &str) -> Result<T> {
        let text = self.want(key)?;
        text.trim()
            .parse()
            .map_err(|_| self.not_a_number(key, text))
    }

    /// Returns the values of a key, which must be as many as said.
    pub(crate) fn list<T: std::str::FromStr>(&self, key: &str, count: usize) -> Result<Vec<T>> {
        let text = self.want(key)?;
        let mut values = Vec::new();
        for word in text.split_ascii_whitespace() {
            values.push(word.parse().map_err(|_| self.not_a_number(key, word))?);
        }
        if values.len() == count {
            return Ok(values);
        }
        let message = format!("{key} has {} values, not {count}", values.len());
        Err(refused(self.file, Some(self.line_of(key)), message))
    }

    fn not_a_number(&self, key: &str, text: &str) -> Error {
        let shown: String = text.chars().take(40).collect();
        let message = format!("{key}: \"{shown}\" is not a number that it may be");
        refused(self.file, Some(self.line_of(key)), message)
    }
}
