//! The few messages of Spark Connect that reading tables takes, as bytes. Nothing is sent here.
//!
//! Written by hand, so that no code has to be generated: the numbers of the fields are those of
//! Apache Spark's published protocol (`spark/connect/base.proto`, `relations.proto`,
//! `types.proto`; Apache License 2.0) and of `google/rpc/{status,error_details}.proto` (the same).

use super::sql::{SqlColumn, SqlKind};

/// What the server calls us.
const CLIENT: &str = concat!("churnctl/", env!("CARGO_PKG_VERSION"));

/// Bytes that are not a message of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the answer is not a message of Spark Connect: {0}")]
pub(super) struct Malformed(pub(super) &'static str);

/// A message in the making.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn bytes(mut self, field: u64, bytes: &[u8]) -> Self {
        self.varint(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    fn text(self, field: u64, text: &str) -> Self {
        self.bytes(field, text.as_bytes())
    }

    fn message(self, field: u64, inner: &Self) -> Self {
        self.bytes(field, &inner.0)
    }

    fn number(mut self, field: u64, number: u64) -> Self {
        self.varint(field << 3);
        self.varint(number);
        self
    }
}

/// A field of a message: its number, and its bytes if it is not a number.
type Part<'a> = (u64, Option<&'a [u8]>);

/// The fields of a message, one by one; ends with an error at the first that is none.
struct Parts<'a>(&'a [u8]);

impl<'a> Parts<'a> {
    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn part(&mut self) -> Option<Part<'a>> {
        let key = self.varint()?;
        let bytes = match key & 7 {
            0 => self.varint().map(|_| None)?,
            1 => Some(self.take(8)?),
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Some(self.take(length)?)
            }
            5 => Some(self.take(4)?),
            _ => return None,
        };
        Some((key >> 3, bytes))
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = Result<Part<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let part = self.part();
        if part.is_none() {
            self.0 = &[];
        }
        Some(part.ok_or(Malformed("a field is cut short")))
    }
}

/// Returns the fields with this number that have bytes.
fn all(message: &[u8], field: u64) -> impl Iterator<Item = Result<&[u8], Malformed>> {
    Parts(message).filter_map(move |part| match part {
        Ok((number, Some(bytes))) if number == field => Some(Ok(bytes)),
        Ok(_) => None,
        Err(error) => Some(Err(error)),
    })
}

/// Returns the last field with this number, as the protocol wants; none if there is none.
fn last(message: &[u8], field: u64) -> Result<Option<&[u8]>, Malformed> {
    all(message, field).try_fold(None, |_, found| found.map(Some))
}

fn text(message: &[u8], field: u64) -> Result<Option<&str>, Malformed> {
    let bytes = last(message, field)?;
    let text = bytes.map(std::str::from_utf8).transpose();
    text.map_err(|_| Malformed("a text is not UTF-8"))
}

/// Whose statements they are.
#[derive(Debug, Clone)]
pub(super) struct Session {
    /// A UUID.
    pub(super) id: String,
    pub(super) user: String,
    /// Marks our operations, so that they alone are interrupted.
    pub(super) tag: String,
    /// What the server called the session: another one after it was started anew.
    pub(super) at_server: Option<String>,
}

impl Session {
    /// What every request begins with; `client` and `observed` are fields that differ.
    fn request(&self, client: u64, observed: u64) -> Message {
        let user = Message::default().text(1, &self.user).text(2, &self.user);
        let request = Message::default()
            .text(1, &self.id)
            .message(2, &user)
            .text(client, CLIENT);
        match &self.at_server {
            Some(id) => request.text(observed, id),
            None => request,
        }
    }

    /// `ConfigRequest` that asks for the time zone: it opens the session and changes nothing.
    pub(super) fn greet(&self) -> Vec<u8> {
        let keys = Message::default().text(1, "spark.sql.session.timeZone");
        let get_option = Message::default().message(4, &keys);
        self.request(4, 8).message(3, &get_option).0
    }

    /// `ConfigRequest` that sets one key.
    pub(super) fn set(&self, key: &str, value: &str) -> Vec<u8> {
        let pair = Message::default().text(1, key).text(2, value);
        let set = Message::default().message(1, &pair);
        let operation = Message::default().message(1, &set);
        self.request(4, 8).message(3, &operation).0
    }

    /// `AnalyzePlanRequest` for the columns of a statement.
    pub(super) fn analyze(&self, sql: &str) -> Vec<u8> {
        let schema = Message::default().message(1, &plan(sql));
        self.request(3, 17).message(4, &schema).0
    }

    /// `ExecutePlanRequest` for the rows of a statement.
    pub(super) fn execute(&self, sql: &str) -> Vec<u8> {
        let request = self.request(4, 8).message(3, &plan(sql));
        request.text(7, &self.tag).0
    }

    /// `InterruptRequest` for all operations with our tag.
    pub(super) fn interrupt(&self) -> Vec<u8> {
        // INTERRUPT_TYPE_TAG
        self.request(3, 7).number(4, 2).text(5, &self.tag).0
    }

    /// `ReleaseSessionRequest`.
    pub(super) fn release(&self) -> Vec<u8> {
        let user = Message::default().text(1, &self.user).text(2, &self.user);
        Message::default()
            .text(1, &self.id)
            .message(2, &user)
            .text(3, CLIENT)
            .0
    }
}

/// A plan whose root is a relation given as SQL. It is not a command: what it answers with is rows.
fn plan(sql: &str) -> Message {
    let common = Message::default().number(2, 1);
    let sql = Message::default().text(1, sql);
    let relation = Message::default().message(1, &common).message(10, &sql);
    Message::default().message(1, &relation)
}

/// Returns what the server calls the session in its `ConfigResponse`.
pub(super) fn session_at_server(response: &[u8]) -> Result<Option<String>, Malformed> {
    Ok(text(response, 4)?.map(str::to_owned))
}

/// Returns the columns of an `AnalyzePlanResponse`.
pub(super) fn columns(response: &[u8]) -> Result<Vec<SqlColumn>, Malformed> {
    let missing = Malformed("there is no schema");
    let schema = last(response, 2)?.ok_or(missing)?;
    let data_type = last(schema, 1)?.ok_or(missing)?;
    let table = last(data_type, 21)?.ok_or(missing)?;
    all(table, 1)
        .map(|field| {
            let field = field?;
            let name = text(field, 1)?.unwrap_or_default().to_owned();
            let (type_name, kind) = kind(last(field, 2)?.unwrap_or_default())?;
            Ok(SqlColumn {
                name,
                kind,
                type_name,
            })
        })
        .collect()
}

/// Returns the name of a `DataType` and what it can be counted as.
fn kind(data_type: &[u8]) -> Result<(String, SqlKind), Malformed> {
    use SqlKind::{Number, Single, Text, Uncountable};
    let Some((number, _)) = Parts(data_type).next().transpose()? else {
        return Err(Malformed("a column has no type"));
    };
    let (name, kind) = match number {
        1 => ("void", Text),
        3 => ("boolean", Text),
        4 => ("tinyint", Number),
        5 => ("smallint", Number),
        6 => ("int", Number),
        7 => ("bigint", Number),
        8 => ("float", Single),
        9 => ("double", Number),
        10 => ("decimal", Number),
        11 => ("string", Text),
        12 => ("char", Text),
        13 => ("varchar", Text),
        14 => ("date", Text),
        15 => ("timestamp", Text),
        16 => ("timestamp_ntz", Text),
        18 | 19 => ("interval", Text),
        28 => ("time", Text),
        29 | 30 => ("timestamp(9)", Text),
        2 => ("binary", Uncountable),
        17 => ("calendar interval", Uncountable),
        20 => ("array", Uncountable),
        21 => ("struct", Uncountable),
        22 => ("map", Uncountable),
        23 => ("user-defined", Uncountable),
        25 => ("variant", Uncountable),
        26 => ("geometry", Uncountable),
        27 => ("geography", Uncountable),
        _ => ("unknown", Uncountable),
    };
    Ok((name.to_owned(), kind))
}

/// Returns the Arrow stream of an `ExecutePlanResponse`; none if it brings something else.
pub(super) fn arrow(response: &[u8]) -> Result<Option<&[u8]>, Malformed> {
    match last(response, 2)? {
        Some(batch) => last(batch, 2),
        None => Ok(None),
    }
}

/// What a server says of an error beside its words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ErrorInfo {
    /// Java's class.
    pub(super) reason: String,
    /// The class and those above it, as JSON.
    pub(super) classes: String,
    /// Spark's name for the condition.
    pub(super) condition: Option<String>,
    /// SQLSTATE.
    pub(super) state: Option<String>,
}

/// Reads `google.rpc.Status` for its `ErrorInfo`; nothing if there is none.
pub(super) fn error_info(status: &[u8]) -> Result<ErrorInfo, Malformed> {
    let mut info = ErrorInfo::default();
    for any in all(status, 3) {
        let any = any?;
        if !text(any, 1)?.is_some_and(|name| name.ends_with("google.rpc.ErrorInfo")) {
            continue;
        }
        let error = last(any, 2)?.unwrap_or_default();
        info.reason = text(error, 1)?.unwrap_or_default().to_owned();
        for entry in all(error, 3) {
            let entry = entry?;
            let value = text(entry, 2)?.unwrap_or_default().to_owned();
            match text(entry, 1)? {
                Some("classes") => info.classes = value,
                Some("errorClass") => info.condition = Some(value),
                Some("sqlState") => info.state = Some(value),
                _ => {}
            }
        }
    }
    Ok(info)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_statement_is_a_relation_and_no_command() {
        let session = Session {
            id: "id".into(),
            user: "me".into(),
            tag: "tag".into(),
            at_server: Some("there".into()),
        };
        let request = session.execute("select 1");
        let plan = last(&request, 3).expect("well formed").expect("a plan");
        assert_eq!(last(plan, 2), Ok(None));
        let relation = last(plan, 1).expect("well formed").expect("a relation");
        let sql = last(relation, 10).expect("well formed").expect("SQL");
        assert_eq!(text(sql, 1), Ok(Some("select 1")));
        assert_eq!(text(&request, 8), Ok(Some("there")));
        assert_eq!(text(&request, 7), Ok(Some("tag")));
    }

    #[test]
    fn numbers_of_any_size_come_back() {
        for number in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let message = Message::default().number(3, number);
            let mut parts = Parts(&message.0);
            assert_eq!(parts.varint(), Some(3 << 3));
            assert_eq!(parts.varint(), Some(number));
            assert!(parts.0.is_empty(), "{number}");
        }
    }

    #[test]
    fn columns_are_told_by_their_types() {
        let field = |name: &str, kind: u64| {
            let data_type = Message::default().message(kind, &Message::default());
            Message::default().text(1, name).message(2, &data_type)
        };
        let table = Message::default()
            .message(1, &field("a", 7))
            .message(1, &field("b", 8))
            .message(1, &field("c", 20))
            .message(1, &field("d", 99));
        let data_type = Message::default().message(21, &table);
        let schema = Message::default().message(1, &data_type);
        let response = Message::default().message(2, &schema);
        let found = columns(&response.0).expect("columns");
        let kinds: Vec<(&str, SqlKind)> = found
            .iter()
            .map(|column| (column.name.as_str(), column.kind))
            .collect();
        assert_eq!(
            kinds,
            [
                ("a", SqlKind::Number),
                ("b", SqlKind::Single),
                ("c", SqlKind::Uncountable),
                ("d", SqlKind::Uncountable)
            ]
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_readers_fall(bytes: Vec<u8>) {
            let _ = columns(&bytes);
            let _ = arrow(&bytes);
            let _ = error_info(&bytes);
            let _ = session_at_server(&bytes);
        }
    }
}
