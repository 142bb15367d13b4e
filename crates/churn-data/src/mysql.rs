//! MySQL and MariaDB: a connection that reads one state of the data and can write nothing.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::Duration;

use churn_base::deadlines::{Deadlines, Remote};
use churn_base::error::{Error, Result};
use churn_base::exit::ExitCode;
use churn_base::passing::is_passing;
use mysql_common::constants::{ColumnFlags, ColumnType};
use mysql_common::packets::Column;

use super::cancel::Cancel;
use super::connecting::{connect_with_retry, late, sent_by};
use super::connection::Connection;
use super::mysql_wire::{Cells, Fault, Wire};
use super::sql::{Cell, Dialect, Engine, SqlAddress, SqlColumn, SqlKind};
use super::tls;

/// What every session begins with: texts that mean the same whatever the server's settings, no
/// limit on the rows that somebody else set, patience with a reader that computes, one state of
/// the data, and nothing written.
const BEGIN: [&str; 4] = [
    "set names utf8mb4",
    "set session sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00', \
     sql_select_limit = 18446744073709551615, net_write_timeout = 3600",
    "set session transaction isolation level repeatable read, read only",
    "start transaction with consistent snapshot, read only",
];
/// How long a second connection may take that ends what the first one does.
const KILL: Duration = Duration::from_secs(3);
/// Bytes handed on at once.
const BLOCK: usize = 256 << 10;

/// A connection in its transaction.
pub(super) struct MySql {
    wire: Wire,
    address: SqlAddress,
    /// The server does not notice when its client is gone.
    cancel: Cancel,
}

/// Connects and asks for the columns of the address.
pub(super) fn connect(address: &SqlAddress) -> Result<(MySql, Vec<SqlColumn>)> {
    let tls = tls::for_address(address)?;
    let deadlines = Deadlines::of(Remote::Database);
    let open = || Wire::connect(address, tls.as_ref(), deadlines);
    let is_retryable = |fault: &Fault| code(fault) == ExitCode::Unavailable && !is_final(fault);
    let failed = |fault| failed(address, fault);
    let mut wire = connect_with_retry(open, is_retryable).map_err(failed)?;
    for sql in BEGIN {
        wire.execute(sql).map_err(failed)?;
    }
    let sql = format!("select * from {} limit 0", address.source());
    let columns = wire.ask(&sql).map_err(failed)?;
    while wire.next_row().map_err(failed)?.is_some() {}
    let columns = columns
        .iter()
        .map(|column| SqlColumn {
            name: column.name_str().into_owned(),
            kind: kind(column),
            type_name: type_name(column).to_owned(),
        })
        .collect();
    let kill = format!("kill query {}", wire.id);
    let place = address.clone();
    let cancel = Cancel::new(move || {
        let second = Wire::connect(&place, tls.as_ref(), deadlines.with_total(KILL));
        let _ = second.and_then(|mut second| second.execute(&kill));
    });
    let connection = MySql {
        wire,
        address: address.clone(),
        cancel,
    };
    Ok((connection, columns))
}

/// Character set number 63: bytes. A null of a query is bytes of no length.
fn is_binary(column: &Column) -> bool {
    column.character_set() == 63 && column.column_length() > 0
}

fn kind(column: &Column) -> SqlKind {
    use ColumnType as Type;
    match column.column_type() {
        Type::MYSQL_TYPE_DECIMAL
        | Type::MYSQL_TYPE_NEWDECIMAL
        | Type::MYSQL_TYPE_TINY
        | Type::MYSQL_TYPE_SHORT
        | Type::MYSQL_TYPE_INT24
        | Type::MYSQL_TYPE_LONG
        | Type::MYSQL_TYPE_LONGLONG
        | Type::MYSQL_TYPE_DOUBLE
        | Type::MYSQL_TYPE_YEAR
        | Type::MYSQL_TYPE_BIT => SqlKind::Number,
        Type::MYSQL_TYPE_FLOAT => SqlKind::Single,
        Type::MYSQL_TYPE_NULL
        | Type::MYSQL_TYPE_TIMESTAMP
        | Type::MYSQL_TYPE_TIMESTAMP2
        | Type::MYSQL_TYPE_DATE
        | Type::MYSQL_TYPE_NEWDATE
        | Type::MYSQL_TYPE_TIME
        | Type::MYSQL_TYPE_TIME2
        | Type::MYSQL_TYPE_DATETIME
        | Type::MYSQL_TYPE_DATETIME2
        | Type::MYSQL_TYPE_ENUM
        | Type::MYSQL_TYPE_SET => SqlKind::Text,
        Type::MYSQL_TYPE_VARCHAR
        | Type::MYSQL_TYPE_VAR_STRING
        | Type::MYSQL_TYPE_STRING
        | Type::MYSQL_TYPE_TINY_BLOB
        | Type::MYSQL_TYPE_MEDIUM_BLOB
        | Type::MYSQL_TYPE_LONG_BLOB
        | Type::MYSQL_TYPE_BLOB => {
            let listed = ColumnFlags::ENUM_FLAG | ColumnFlags::SET_FLAG;
            if is_binary(column) && !column.flags().intersects(listed) {
                SqlKind::Uncountable
            } else {
                SqlKind::Text
            }
        }
        Type::MYSQL_TYPE_JSON
        | Type::MYSQL_TYPE_GEOMETRY
        | Type::MYSQL_TYPE_VECTOR
        | Type::MYSQL_TYPE_TYPED_ARRAY
        | Type::MYSQL_TYPE_UNKNOWN => SqlKind::Uncountable,
    }
}

/// What errors call a type; bits and times are known by it, too.
fn type_name(column: &Column) -> &'static str {
    match (column.column_type(), kind(column)) {
        (ColumnType::MYSQL_TYPE_BIT, _) => "bit",
        (ColumnType::MYSQL_TYPE_JSON, _) => "json",
        (ColumnType::MYSQL_TYPE_GEOMETRY, _) => "geometry",
        (ColumnType::MYSQL_TYPE_VECTOR, _) => "vector",
        (ColumnType::MYSQL_TYPE_TIMESTAMP | ColumnType::MYSQL_TYPE_TIMESTAMP2, _) => "timestamp",
        (ColumnType::MYSQL_TYPE_DATETIME | ColumnType::MYSQL_TYPE_DATETIME2, _) => "datetime",
        (ColumnType::MYSQL_TYPE_DATE | ColumnType::MYSQL_TYPE_NEWDATE, _) => "date",
        // Its text has leading zeros.
        (_, SqlKind::Number) if column.flags().contains(ColumnFlags::ZEROFILL_FLAG) => "number",
        (ColumnType::MYSQL_TYPE_TINY | ColumnType::MYSQL_TYPE_SHORT, _)
        | (ColumnType::MYSQL_TYPE_INT24 | ColumnType::MYSQL_TYPE_LONG, _)
        | (ColumnType::MYSQL_TYPE_LONGLONG, _) => "integer",
        (_, SqlKind::Number) => "number",
        (_, SqlKind::Single) => "float",
        (_, SqlKind::Text) => "text",
        (_, SqlKind::Uncountable) => "binary or blob",
    }
}

impl Engine for MySql {
    fn dialect(&self) -> Dialect {
        Dialect::MySql
    }

    fn query(&mut self, sql: &str, each: &mut dyn FnMut(&[Cell<'_>])) -> Result<()> {
        let Self {
            wire,
            address,
            cancel,
        } = self;
        let failed = |fault| {
            cancel.let_the_end_come();
            failed(address, fault)
        };
        wire.ask(sql).map_err(failed)?;
        while let Some(row) = wire.next_row().map_err(failed)? {
            let cells = row
                .map(|cell| cell?.map(text).transpose())
                .collect::<Result<Vec<_>, _>>()
                .map_err(failed)?;
            each(&cells);
        }
        Ok(())
    }
}

fn text(bytes: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(bytes).map_err(|_| Fault::Protocol("a text that is not UTF-8"))
}

impl Connection for MySql {
    fn into_csv(self: Box<Self>, sql: String) -> Receiver<io::Result<Vec<u8>>> {
        sent_by(move |sender| {
            let Self {
                mut wire,
                address,
                cancel,
            } = *self;
            if let Err(fault) = send_rows(&mut wire, &sql, &sender) {
                cancel.let_the_end_come();
                // The error keeps its words and its code on its way through the reader.
                let _ = sender.send(Err(io::Error::other(failed(&address, fault))));
            }
        })
    }
}

/// Sends the header and the rows as CSV as they come; ends early if nobody takes them: then the
/// connection ends, and with it the statement.
fn send_rows(
    wire: &mut Wire,
    sql: &str,
    sender: &SyncSender<io::Result<Vec<u8>>>,
) -> Result<(), Fault> {
    let columns = wire.ask(sql)?;
    let mut block = Vec::with_capacity(BLOCK + (64 << 10));
    for (at, column) in columns.iter().enumerate() {
        if at > 0 {
            block.push(b',');
        }
        push_quoted(&mut block, column.name_ref());
    }
    block.push(b'\n');
    while let Some(row) = wire.next_row()? {
        push_row(&mut block, row, columns.len() == 1)?;
        if block.len() >= BLOCK && sender.send(Ok(std::mem::take(&mut block))).is_err() {
            return Ok(());
        }
    }
    let _ = sender.send(Ok(block));
    Ok(())
}

fn push_row(block: &mut Vec<u8>, row: Cells<'_>, is_alone: bool) -> Result<(), Fault> {
    for (at, cell) in row.enumerate() {
        if at > 0 {
            block.push(b',');
        }
        match cell? {
            Some(bytes) if is_plain(bytes) => block.extend_from_slice(bytes),
            Some(bytes) => push_quoted(block, bytes),
            // A line with nothing in it would be no row.
            None if is_alone => block.extend_from_slice(b"\"\""),
            None => {}
        }
    }
    block.push(b'\n');
    Ok(())
}

/// Returns whether a field needs no quotes. An empty text has some: null has none.
fn is_plain(bytes: &[u8]) -> bool {
    !bytes.is_empty() && !bytes.iter().any(|byte| b",\"\r\n".contains(byte))
}

fn push_quoted(block: &mut Vec<u8>, bytes: &[u8]) {
    block.push(b'"');
    for &byte in bytes {
        if byte == b'"' {
            block.push(b'"');
        }
        block.push(byte);
    }
    block.push(b'"');
}

/// Returns the exit code of what went wrong.
const fn code(fault: &Fault) -> ExitCode {
    match fault {
        Fault::Io(_) | Fault::Late(_) | Fault::NoTls | Fault::Protocol(_) => ExitCode::Unavailable,
        Fault::Login(_) => ExitCode::NotAllowed,
        Fault::Said { code, .. } => match code {
            // No such user, wrong or expired password, locked; no right to the database, the table,
            // the column, the routine; not from this host.
            1044 | 1045 | 1130 | 1142 | 1143 | 1227 | 1370 | 1698 | 1820 | 1862 | 3118 | 4151 => {
                ExitCode::NotAllowed
            }
            // Out of disk, memory or connections, going down, broken connections, deadlocks, a
            // definition that changed since, killed, over a time limit.
            1021
            | 1037
            | 1038
            | 1040
            | 1041
            | 1042
            | 1053
            | 1077..=1081
            | 1114
            | 1129
            | 1152
            | 1158..=1161
            | 1184
            | 1203
            | 1205
            | 1213
            | 1226
            | 1317
            | 1412
            | 1927
            | 1969
            | 3024
            | 3168
            | 3169
            | 4031 => ExitCode::Unavailable,
            _ => ExitCode::BadInput,
        },
    }
}

/// Returns whether the next attempt to connect would fail the same way.
fn is_final(fault: &Fault) -> bool {
    match fault {
        Fault::Io(error) => tls::is_mistrust(error) || !is_passing(error),
        // A server that is starting refuses: it is not silent.
        Fault::Late(_) | Fault::NoTls | Fault::Login(_) | Fault::Protocol(_) => true,
        Fault::Said { .. } => false,
    }
}

fn failed(address: &SqlAddress, fault: Fault) -> Error {
    let exit_code = code(&fault);
    let error = |message: String| Error::new(exit_code, message).at(address.place());
    match fault {
        Fault::Io(cause) if tls::is_mistrust(&cause) => tls::mistrusted(address, cause),
        Fault::Late(overdue) => late(overdue).at(address.place()),
        Fault::Io(cause) => error("the database stayed away or broke the connection".to_owned())
            .hint("is it running, and reachable from here?")
            .because(cause),
        Fault::Said { code, message } => {
            let message = address.hidden_in(&message);
            let said = error(format!("the database says: {message} ({code})"));
            match code {
                1045 | 1698 => said.hint("put the password into a file: &password_file=FILE"),
                1044 | 1142 | 1143 => said.hint("ask for the right to SELECT"),
                1046 => said.hint("name the database: ://HOST/DATABASE?table=TABLE"),
                1146 => said.hint("is the database right? name it: table=DATABASE.TABLE"),
                1792 => said.hint("only SELECT is run, in a transaction that can't write"),
                1969 | 3024 => said.hint("take fewer rows with &where=, or ask for more time"),
                _ => said,
            }
        }
        Fault::NoTls => error("the server speaks no TLS".to_owned())
            .hint("switch it on there, or off here with &sslmode=disable if the network is safe"),
        Fault::Login(_) => error(fault.to_string()).hint(
            "give the user another: mysql_native_password, caching_sha2_password, or over TLS \
             mysql_clear_password",
        ),
        Fault::Protocol(_) => {
            error(fault.to_string()).hint("is it MySQL or MariaDB that listens there?")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_quotes_where_they_need_them() {
        let mut block = Vec::new();
        for bytes in [&b"plain"[..], b"", b"a,b", b"say \"a\"", b"two\nlines"] {
            if is_plain(bytes) {
                block.extend_from_slice(bytes);
            } else {
                push_quoted(&mut block, bytes);
            }
            block.push(b'|');
        }
        let text = String::from_utf8(block).expect("UTF-8");
        assert_eq!(text, "plain|\"\"|\"a,b\"|\"say \"\"a\"\"\"|\"two\nlines\"|");
    }
}
