//! Tables as data: what stands in the cells and in what tone. How they are drawn is the concern of others.

/// What a cell says beside its text. Never the only carrier of a meaning: the text says it, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tone {
    /// Nothing to see.
    #[default]
    Plain,
    /// All is well.
    Good,
    /// Worth a look.
    Warn,
    /// Act.
    Bad,
    /// Beside the point.
    Dim,
}

/// One cell of a table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cell {
    /// The text, as it came from the data: control characters are made visible when it is drawn,
    /// and a no-break space (U+00A0) becomes a blank at which no line is broken.
    pub text: String,
    /// A second line below the text; empty for none.
    pub below: String,
    /// The tone of the whole cell.
    pub tone: Tone,
}

impl Cell {
    /// Makes a cell in this tone.
    pub fn new(text: impl Into<String>, tone: Tone) -> Self {
        Self {
            text: text.into(),
            below: String::new(),
            tone,
        }
    }

    /// Makes a cell of a text of one line or two.
    #[must_use]
    pub fn of_lines(text: &str, tone: Tone) -> Self {
        let (above, below) = text.split_once('\n').unwrap_or((text, ""));
        Self::new(above, tone).over(below)
    }

    /// Adds a second line.
    #[must_use]
    pub fn over(mut self, below: impl Into<String>) -> Self {
        self.below = below.into();
        self
    }

    /// Makes a cell in plain tone.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::new(text, Tone::Plain)
    }
}

/// Where the text of a column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Align {
    /// Texts.
    #[default]
    Left,
    /// Numbers.
    Right,
}

/// What holds for all cells of a column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Column {
    /// The heading.
    pub name: String,
    /// Where the text stands.
    pub align: Align,
    /// Whether long texts may be broken over several lines; others keep their width.
    pub wraps: bool,
    /// Terminal width from which the column is shown at all; 0 for always.
    pub shown_from: usize,
}

impl Column {
    /// Makes a column of short texts that keeps its width.
    pub fn text(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// Makes a column of numbers.
    pub fn number(name: impl Into<String>) -> Self {
        Self {
            align: Align::Right,
            ..Self::text(name)
        }
    }

    /// Makes a column of long texts that may be broken over several lines.
    pub fn prose(name: impl Into<String>) -> Self {
        Self {
            wraps: true,
            ..Self::text(name)
        }
    }

    /// Hides the column on terminals narrower than `width`.
    #[must_use]
    pub fn shown_from(mut self, width: usize) -> Self {
        self.shown_from = width;
        self
    }
}

/// A table: as many cells in a row as there are columns.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
}
