//! What stands on the edges of a graph, and how much of it there may be.

use std::rc::Rc;

use super::element::Element;
use super::proto::Constant;
use super::tail::Curve;

/// Most columns side by side.
const MOST_COLUMNS: usize = 1 << 16;
/// Most entries of tables and steps in the whole graph.
const MOST_ENTRIES: usize = 1 << 22;

#[derive(Debug, Clone)]
pub(super) enum Value {
    Columns(Rc<Vec<Element>>),
    Constant(Rc<Constant>),
    /// Made of the sum of trees or weights.
    Sum(Rc<Curve>),
    /// The probabilities of both classes.
    Scores,
    /// That of the class that is scored.
    Score,
    /// What a user of the model may want, and no score needs.
    Unused,
    /// Why it is not read.
    Refused(Rc<str>),
}

/// What was made so far.
#[derive(Debug, Default)]
pub(super) struct Budget {
    entries: usize,
}

impl Budget {
    /// Takes columns into account, or refuses them before they are many.
    pub(super) fn columns(&mut self, columns: Vec<Element>) -> Value {
        self.entries += columns.iter().map(Element::size).sum::<usize>();
        match self.has_room(columns.len(), 0) {
            true => Value::Columns(Rc::new(columns)),
            false => Value::Refused("a graph of more columns than any model may have".into()),
        }
    }

    /// Whether so many columns of this size may be made.
    pub(super) fn has_room(&self, columns: usize, size: usize) -> bool {
        columns <= MOST_COLUMNS && self.entries + columns.saturating_mul(size) <= MOST_ENTRIES
    }
}
