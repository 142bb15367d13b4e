//! A table in memory, by column: what learners learn from.

use churn_base::error::{Error, Place, Result, nearest};
use churn_base::progress::Progress;
use churn_data::{ColumnReading, DataSet, Summary};

pub use super::column::{Column, MISSING_CODE, WantedColumn};
use super::gather::Gather;
use super::join::Joined;
use super::threads;

/// Columns of equal length with names.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Frame {
    /// Rows of every column.
    pub rows: usize,
    /// Names, in order.
    pub names: Vec<String>,
    /// The columns, in the same order.
    pub columns: Vec<Column>,
}

/// How a column was read, and what could not be.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnRead {
    /// As what, and how its numbers are written.
    pub reading: ColumnReading,
    /// Rows of a number column with something that is not a number: they count as missing.
    pub unparsable: u64,
    /// The first such text and its place.
    pub first: Option<(Place, String)>,
}

impl ColumnRead {
    /// Says what a user should know of the column, a sentence each.
    #[must_use]
    pub fn warnings(&self, name: &str, rows: usize) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.unparsable > 0 {
            let first = self.first.as_ref().map(|(place, text)| {
                let line = place.line.map_or(String::new(), |line| format!(":{line}"));
                format!(", first \"{text}\" at {}{line}", place.file)
            });
            warnings.push(format!(
                "\"{name}\": {} of {rows} values are not numbers{}; they count as missing",
                self.unparsable,
                first.unwrap_or_default()
            ));
        }
        if let Some(spelling) = self.reading.spelling() {
            let example = self.reading.example.as_deref().unwrap_or_default();
            warnings.push(format!(
                "\"{name}\" was read with {spelling}, as in \"{example}\""
            ));
        }
        if let Some(doubt) = self.reading.doubt("its values") {
            warnings.push(format!("\"{name}\": {doubt}"));
        }
        warnings
    }
}

impl Frame {
    /// Reads the wanted columns of a data set into memory, rows in the order of files and lines.
    ///
    /// A column of which nearly all values are numbers is [`Column::Numbers`]: infinities and what
    /// is not a number count as missing, the latter with a word in the third result. So is a column
    /// without any value. Others are [`Column::Categories`], and so is one of which half of the values
    /// are whole numbers that doubles would not tell apart. Levels are
    /// [canonical texts](churn_data::canonical_text): numbers in their shortest form (`1.50` is
    /// `1.5`), whatever the order. In a column wanted as categorical every value is a level.
    ///
    /// # Errors
    /// Bad input if a wanted column is absent, for the first faulty row, and for no rows at all.
    pub fn read(
        data: DataSet,
        wanted: &[WantedColumn],
        progress: &dyn Progress,
    ) -> Result<(Self, Summary, Vec<ColumnRead>)> {
        Self::read_part(data, wanted, 1.0, progress)
    }

    /// As [`Frame::read`], of about this share of the rows: which these are follows from where they stand.
    ///
    /// # Errors
    /// As [`Frame::read`].
    pub fn read_part(
        data: DataSet,
        wanted: &[WantedColumn],
        share: f64,
        progress: &dyn Progress,
    ) -> Result<(Self, Summary, Vec<ColumnRead>)> {
        let columns = data.columns();
        let mut positions = Vec::with_capacity(wanted.len());
        for WantedColumn { name, .. } in wanted {
            let Some(position) = columns.iter().position(|column| column == name) else {
                let error = Error::bad_input(format!("{} has no column \"{name}\"", data.name()));
                return Err(match nearest(name, columns.iter().map(String::as_str)) {
                    Some(near) => error.hint(format!("did you mean \"{near}\"?")),
                    None => error.hint(format!("its columns: {}", columns.join(", "))),
                });
            };
            positions.push(position);
        }
        let data = data.wanting(positions.iter().copied());
        let (gathered, summary) =
            data.read(&|| Gather::new(wanted, &positions, share), progress)?;
        let rows = u32::try_from(gathered.rows()).map_err(|_| {
            Error::bad_input(format!(
                "{} rows are more than fit in memory",
                gathered.rows()
            ))
        })?;
        let mut frame = Self {
            rows: rows as usize,
            names: wanted.iter().map(|wanted| wanted.name.clone()).collect(),
            columns: Vec::with_capacity(wanted.len()),
        };
        let mut read = Vec::with_capacity(wanted.len());
        for (joined, name) in gathered
            .finish(threads::available())
            .into_iter()
            .zip(&frame.names)
        {
            let Joined {
                column,
                reading,
                unparsable,
                first,
            } = joined;
            let first = first.map(|(place, text)| {
                let place = Place {
                    column: Some(name.clone()),
                    ..summary.lines.place(place)
                };
                (place, String::from_utf8_lossy(&text).into_owned())
            });
            frame.columns.push(column);
            read.push(ColumnRead {
                reading,
                unparsable,
                first,
            });
        }
        Ok((frame, summary, read))
    }

    /// Returns the column of this name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        let position = self.names.iter().position(|other| other == name)?;
        self.columns.get(position)
    }

    /// Returns the columns with only these rows, in this order. Levels stay as they are.
    ///
    /// # Panics
    /// If a row is not below [`Frame::rows`].
    #[must_use]
    pub fn select(&self, rows: &[u32]) -> Self {
        let columns = self.columns.iter().map(|column| match column {
            Column::Numbers(numbers) => {
                Column::Numbers(rows.iter().map(|&row| numbers[row as usize]).collect())
            }
            Column::Categories { codes, levels } => Column::Categories {
                codes: rows.iter().map(|&row| codes[row as usize]).collect(),
                levels: levels.clone(),
            },
        });
        Self {
            rows: rows.len(),
            names: self.names.clone(),
            columns: columns.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use churn_base::progress::Silent;
    use churn_data::ReadOptions;

    use super::*;

    fn read(text: &str, wanted: &[WantedColumn], threads: usize) -> Result<Frame> {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(text.as_bytes()).expect("write");
        let options = ReadOptions {
            threads,
            ..ReadOptions::default()
        };
        let data = DataSet::open(&[file.path().to_string_lossy().into_owned()], options)?;
        Frame::read(data, wanted, &Silent).map(|(frame, ..)| frame)
    }

    #[test]
    fn a_column_is_what_nearly_all_its_values_are() {
        let text = "a,b,c,d\n1,2.50,01,\n,x,1,\ninf,2.5,NA,\n-0,x,x,\n";
        let mut wanted = ["c", "a", "b", "d"].map(WantedColumn::new);
        wanted[0].categorical = true;
        let frame = read(text, &wanted, 2).expect("good");
        assert_eq!(frame.rows, 4);
        let categories = |codes: &[u32], levels: &[&str]| Column::Categories {
            codes: codes.to_vec(),
            levels: levels.iter().map(|&level| level.into()).collect(),
        };
        assert_eq!(
            frame.column("c"),
            Some(&categories(&[0, 1, MISSING_CODE, 2], &["01", "1", "x"]))
        );
        assert_eq!(
            frame.column("b"),
            Some(&categories(&[0, 1, 0, 1], &["2.5", "x"]))
        );
        let Some(Column::Numbers(a)) = frame.column("a") else {
            panic!("numbers");
        };
        assert!(a[0] == 1.0 && a[1].is_nan() && a[2].is_nan() && a[3] == 0.0);
        let Some(Column::Numbers(d)) = frame.column("d") else {
            panic!("all missing are numbers");
        };
        assert!(d.iter().all(|value| value.is_nan()) && d.len() == 4);
        assert_eq!(frame.column("e"), None);
    }

    #[test]
    fn codes_keep_their_digits_wherever_they_stand() {
        let text = "zone,id\n01,716277643516076033\nA,716277643516076034\n1,716277643516076033\n";
        let frame = read(text, &["zone", "id"].map(WantedColumn::new), 1).expect("good");
        let levels = |name: &str| match frame.column(name) {
            Some(Column::Categories { levels, .. }) => levels.join(" "),
            other => panic!("{other:?}"),
        };
        assert_eq!(levels("zone"), "01 1 A");
        assert_eq!(levels("id"), "716277643516076033 716277643516076034");
        // Codes alone are numbers, as in a profile.
        let codes = read("zone\n01\n02\n", &[WantedColumn::new("zone")], 1).expect("good");
        assert_eq!(codes.columns[0], Column::Numbers(vec![1.0, 2.0]));
    }

    #[test]
    fn rows_and_levels_are_the_same_for_any_number_of_threads() {
        let mut text = String::from("n,late,texts\n");
        for row in 0..120_000 {
            let late = if row >= 50_000 {
                "abc".into()
            } else {
                format!("{}.50", row % 7)
            };
            text += &format!("{row},{late},level {}\n", row * 31 % 97);
        }
        let wanted = ["n", "late", "texts"].map(WantedColumn::new);
        let one = read(&text, &wanted, 1).expect("good");
        assert_eq!(one, read(&text, &wanted, 4).expect("good"));
        let Column::Numbers(n) = &one.columns[0] else {
            panic!("numbers");
        };
        assert!(n.iter().enumerate().all(|(row, n)| *n == row as f64));
        let Column::Categories { levels, .. } = &one.columns[1] else {
            panic!("texts");
        };
        assert_eq!(levels[0], "0.5");
        assert_eq!(levels.len(), 8);
        assert_eq!(one.columns[1].text(1).as_deref(), Some("1.5"));
    }

    #[test]
    fn select_keeps_order_and_levels() {
        let frame = read("a,b\n1,x\n2,y\n3,\n", &["a", "b"].map(WantedColumn::new), 1);
        let few = frame.expect("good").select(&[2, 0]);
        assert_eq!(few.columns[0], Column::Numbers(vec![3.0, 1.0]));
        assert!(few.columns[1].is_missing(0));
        assert_eq!(few.columns[1].text(1).as_deref(), Some("x"));
    }

    #[test]
    fn an_absent_column_is_named_with_the_nearest() {
        let error = read("tenure,b\n1,x\n", &[WantedColumn::new("tenrue")], 1);
        let error = error.expect_err("absent");
        assert!(error.to_string().contains("tenrue"));
        assert_eq!(error.hint_text(), Some("did you mean \"tenure\"?"));
    }
}
