//! Rows as data: what a report wants in a table, before anybody asks how wide the terminal is.
//! Reports make them, the terminal draws them; neither knows the other.

/// How a text is meant. Colour may follow it, but never carries the meaning alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// Nothing special.
    #[default]
    Plain,
    /// All is well.
    Good,
    /// Worth a look.
    Warn,
    /// Act.
    Bad,
    /// Of less interest.
    Dim,
}

/// On which side of its column a cell stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Align {
    /// Texts.
    #[default]
    Left,
    /// Numbers.
    Right,
}

/// One cell. Its text holds no control character but the newline that starts its next line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cell {
    /// What it says.
    pub text: String,
    /// How it is meant.
    pub tone: Tone,
    /// Where it stands.
    pub align: Align,
}

impl Cell {
    /// Makes a cell that stands left.
    pub fn new(text: impl Into<String>, tone: Tone) -> Self {
        Self {
            text: text.into(),
            tone,
            align: Align::Left,
        }
    }

    /// Makes a plain cell that stands left.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::new(text, Tone::Plain)
    }

    /// Moves the cell to the right of its column.
    #[must_use]
    pub fn right(mut self) -> Self {
        self.align = Align::Right;
        self
    }
}

/// A table with the lines above and below it. The last column holds prose and may wrap.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TableRows {
    /// Lines above the table.
    pub title: Vec<String>,
    /// Names of the columns.
    pub header: Vec<Cell>,
    /// The rows, each as long as the header.
    pub rows: Vec<Vec<Cell>>,
    /// Lines below the table.
    pub notes: Vec<Cell>,
    /// The last line.
    pub verdict: Cell,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stand_left_unless_told() {
        assert_eq!(Cell::plain("a").align, Align::Left);
        assert_eq!(Cell::new("1", Tone::Bad).right().align, Align::Right);
    }
}
