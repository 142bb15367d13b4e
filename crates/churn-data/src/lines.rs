//! Lines of CSV out: fields in, quoted where they need it. What they say is for others.

use std::fmt::{self, Display, Write as _};

use super::formula::as_text_cell;

/// The fields of one line. Emptied and filled again, it takes no new memory.
#[derive(Debug, Clone, Default)]
pub struct Fields {
    record: csv::ByteRecord,
    text: String,
}

impl Fields {
    /// Takes all fields away.
    pub fn clear(&mut self) {
        self.record.clear();
    }

    /// Adds a text that came from somebody else, safe for who opens the file in a spreadsheet.
    pub fn push_foreign(&mut self, field: &[u8]) {
        self.record.push_field(&as_text_cell(field));
    }

    /// Adds a field as it is.
    pub fn push(&mut self, field: &[u8]) {
        self.record.push_field(field);
    }

    /// Adds all fields of another line.
    pub fn extend(&mut self, other: &Self) {
        self.record.extend(other.record.iter());
    }

    /// Adds a field as it prints itself.
    pub fn push_display(&mut self, field: impl Display) {
        self.text.clear();
        // Only what cannot print itself fails, and that is none of ours.
        let _: fmt::Result = write!(self.text, "{field}");
        self.record.push_field(self.text.as_bytes());
    }
}

/// Lines in memory.
#[derive(Debug)]
pub struct CsvLines(csv::Writer<Vec<u8>>);

impl Default for CsvLines {
    fn default() -> Self {
        Self(csv::Writer::from_writer(Vec::new()))
    }
}

impl CsvLines {
    /// Begins lines whose fields stand apart by another character than a comma.
    #[must_use]
    pub fn delimited_by(delimiter: u8) -> Self {
        let mut lines = csv::WriterBuilder::new();
        Self(lines.delimiter(delimiter).from_writer(Vec::new()))
    }

    /// Adds a line.
    pub fn add(&mut self, fields: &Fields) {
        // A vector takes everything, and the lines may differ in length only by a bug.
        let written = self.0.write_byte_record(&fields.record);
        debug_assert!(written.is_ok());
    }

    /// Returns all lines so far, and begins anew.
    #[must_use]
    pub fn take(&mut self) -> Vec<u8> {
        let lines = std::mem::take(self).0.into_inner();
        lines.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_need_it() {
        let mut lines = CsvLines::default();
        let mut fields = Fields::default();
        for row in [
            ["plain", "Lovelace, Ada", "the \"second\""],
            ["two\nlines", "", " blank "],
        ] {
            fields.clear();
            row.iter().for_each(|field| fields.push(field.as_bytes()));
            fields.push_display(0.25);
            lines.add(&fields);
        }
        let expected = "plain,\"Lovelace, Ada\",\"the \"\"second\"\"\",0.25\n\
                        \"two\nlines\",, blank ,0.25\n";
        assert_eq!(lines.take(), expected.as_bytes());
        assert!(lines.take().is_empty());
    }
}
