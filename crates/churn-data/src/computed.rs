//! A column that is computed from the others of its row while the rows are read. To whoever takes them it is one
//! more field. What is computed is not its job.

use std::fmt;
use std::sync::Arc;

use super::columns::ColumnTask;
use super::row::{Row, RowBuilder};
use super::sink::RowSink;

/// Makes one who computes for each thread and file.
pub trait RowComputer: Send + Sync {
    /// Makes one.
    fn begin(self: Arc<Self>) -> Box<dyn Computing>;
}

/// Computes the field of one row after another.
pub trait Computing: Send {
    /// Writes the text of a row's field. Rows of a thread come in the file's order; threads interleave.
    fn compute(&mut self, row: &Row<'_>, text: &mut Vec<u8>);

    /// What was seen of the rows counts. Where a file begins anew, this is not said.
    fn keep(self: Box<Self>);
}

/// A column that is computed, and the columns that it is computed from.
#[derive(Clone)]
pub struct Computed {
    computer: Arc<dyn RowComputer>,
    pub(super) name: String,
    pub(super) columns: Vec<usize>,
}

impl fmt::Debug for Computed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Computed")
            .field("name", &self.name)
            .field("columns", &self.columns)
            .finish_non_exhaustive()
    }
}

impl Computed {
    /// Names the column, and those that it is computed from.
    #[must_use]
    pub fn new(
        name: String,
        columns: Vec<usize>,
        computer: Arc<impl RowComputer + 'static>,
    ) -> Self {
        Self {
            computer,
            name,
            columns,
        }
    }

    /// Makes a sink whose rows have the column; `copied` are the columns of the table that somebody wants.
    pub(super) fn before<S>(&self, sink: S, copied: &[bool]) -> Extended<S> {
        Extended {
            sink,
            computing: Arc::clone(&self.computer).begin(),
            copied: copied.to_vec(),
            text: Vec::new(),
            builder: RowBuilder::default(),
        }
    }
}

/// A sink whose rows have one more field, behind those of the table. Rows go by row: the field is made of others.
pub(super) struct Extended<S> {
    pub(super) sink: S,
    computing: Box<dyn Computing>,
    copied: Vec<bool>,
    text: Vec<u8>,
    builder: RowBuilder,
}

impl<S: RowSink> RowSink for Extended<S> {
    fn row(&mut self, row: &Row<'_>) {
        let Self {
            sink,
            computing,
            copied,
            text,
            builder,
        } = self;
        text.clear();
        computing.compute(row, text);
        builder.begin(copied.len() + 1);
        for (column, _) in copied
            .iter()
            .enumerate()
            .filter(|(_, is_wanted)| **is_wanted)
        {
            builder.set(column, &row.field(column));
        }
        builder.set(copied.len(), text);
        sink.row(&builder.row(row.place()));
    }

    fn end_chunk(&mut self, file: u32, chunk: u32) {
        self.sink.end_chunk(file, chunk);
    }

    fn by_column(&mut self) -> Option<Vec<ColumnTask<'_>>> {
        None
    }

    fn merge(&mut self, other: Self) {
        self.sink.merge(other.sink);
        other.computing.keep();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use churn_base::progress::Silent;

    use super::*;
    use crate::{DataSet, ReadOptions};

    /// Writes how long the field of a column is.
    struct Length(Mutex<u64>);

    struct Measuring(Arc<Length>, u64);

    impl RowComputer for Length {
        fn begin(self: Arc<Self>) -> Box<dyn Computing> {
            Box::new(Measuring(self, 0))
        }
    }

    impl Computing for Measuring {
        fn compute(&mut self, row: &Row<'_>, text: &mut Vec<u8>) {
            text.extend_from_slice(row.field(1).len().to_string().as_bytes());
            self.1 += 1;
        }

        fn keep(self: Box<Self>) {
            *self.0.0.lock().expect("not poisoned") += self.1;
        }
    }

    #[derive(Default)]
    struct Rows(Vec<Vec<String>>, Vec<usize>);

    impl RowSink for Rows {
        fn row(&mut self, row: &Row<'_>) {
            let field = |column: &usize| String::from_utf8_lossy(&row.field(*column)).into_owned();
            self.0.push(self.1.iter().map(field).collect());
        }

        fn merge(&mut self, other: Self) {
            self.0.extend(other.0);
        }
    }

    #[test]
    fn a_computed_column_is_one_more_field_of_every_row_in_every_file() {
        let folder = tempfile::tempdir().expect("a folder");
        // The second file has its columns in another order, and a field with doubled quotes.
        for (name, text) in [
            ("1.csv", "id,name,unused\n1,ab,x\n2,abcd,x\n"),
            ("2.csv", "name,unused,id\n\"a\"\"b\",x,3\n"),
        ] {
            std::fs::write(folder.path().join(name), text).expect("written");
        }
        let address = folder.path().join("*.csv").display().to_string();
        let data = DataSet::open(&[address], ReadOptions::default()).expect("opens");
        let length = Arc::new(Length(Mutex::new(0)));
        let data = data.computing(Computed::new("length".into(), vec![1], Arc::clone(&length)));
        assert_eq!(data.columns(), ["id", "name", "unused", "length"]);
        let wanted = [0, 3];
        let make = || Rows(Vec::new(), wanted.to_vec());
        let (mut rows, summary) = data.wanting(wanted).read(&make, &Silent).expect("is read");
        rows.0.sort();
        assert_eq!(rows.0, [["1", "2"], ["2", "4"], ["3", "3"]]);
        assert_eq!(
            (summary.rows, *length.0.lock().expect("not poisoned")),
            (3, 3)
        );
    }
}
