//! PostgreSQL: a connection that reads one state of the data and can write nothing.

use std::io::{self, Read as _};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use postgres::fallible_iterator::FallibleIterator as _;
use postgres::types::{Kind, Type};
use postgres::{Client, Config, NoTls};

use super::cancel::Cancel;
use super::database::{CONNECT, Connection, patiently, sent_by};
use super::postgres_tls::MakeTls;
use super::sql::{Cell, Dialect, Engine, SqlAddress, SqlColumn, SqlKind};
use super::tls;
use crate::error::{Error, Result};
use crate::exit::ExitCode;
use crate::passing::{io_cause, is_passing};

/// What every session begins with: one state of the data, nothing written, texts that mean the
/// same whatever the server's settings, and a server that notices when we are gone.
const BEGIN: &str = "set standard_conforming_strings = on; set datestyle = 'ISO, YMD'; \
    set timezone = 'UTC'; set extra_float_digits = 1; set client_encoding = 'UTF8'; \
    set default_transaction_read_only = on; \
    begin transaction isolation level repeatable read read only";

/// A connection in its transaction.
pub(super) struct Postgres {
    client: Client,
    address: SqlAddress,
    cancel: Cancel,
}

/// Connects and asks for the columns of the address.
pub(super) fn connect(address: &SqlAddress) -> Result<(Postgres, Vec<SqlColumn>)> {
    let mut config = Config::new();
    config
        .host(&address.host)
        .port(address.port.unwrap_or(5432))
        .user(address.user.as_deref().unwrap_or("postgres"))
        .application_name("churnctl")
        .connect_timeout(CONNECT)
        .keepalives_idle(Duration::from_secs(30));
    if let Some(password) = &address.password {
        config.password(password.expose());
    }
    if let Some(database) = &address.database {
        config.dbname(database);
    }
    config.ssl_mode(if address.tls {
        postgres::config::SslMode::Require
    } else {
        postgres::config::SslMode::Disable
    });
    let tls = tls::for_address(address)?.map(MakeTls);
    let open = || match tls.clone() {
        Some(tls) => config.connect(tls),
        None => config.connect(NoTls),
    };
    let may_pass = |error: &postgres::Error| {
        let is_io_passing = io_cause(error).is_none_or(is_passing);
        code(error) == ExitCode::Unavailable && is_io_passing && !tls::is_mistrust(error)
    };
    let opened = patiently(open, may_pass);
    let mut client = opened.map_err(|error| failed(address, error))?;
    client
        .batch_execute(BEGIN)
        .map_err(|error| failed(address, error))?;
    let sql = format!("select * from {} limit 0", address.source());
    let statement = client
        .prepare(&sql)
        .map_err(|error| failed(address, error))?;
    let columns = statement
        .columns()
        .iter()
        .map(|column| SqlColumn {
            name: column.name().to_owned(),
            kind: kind(column.type_()),
            type_name: match column.type_().kind() {
                Kind::Array(inner) => format!("{inner}[]"),
                _ => column.type_().to_string(),
            },
        })
        .collect();
    let token = client.cancel_token();
    let cancel = Cancel::new(move || {
        let _ = match tls.clone() {
            Some(tls) => token.cancel_query(tls),
            None => token.cancel_query(NoTls),
        };
    });
    let connection = Postgres {
        client,
        address: address.clone(),
        cancel,
    };
    Ok((connection, columns))
}

fn kind(found: &Type) -> SqlKind {
    if let Kind::Domain(inner) = found.kind() {
        return kind(inner);
    }
    if matches!(found.kind(), Kind::Enum(_)) {
        return SqlKind::Text;
    }
    match *found {
        Type::INT2 | Type::INT4 | Type::INT8 | Type::FLOAT8 | Type::NUMERIC | Type::OID => {
            SqlKind::Number
        }
        Type::FLOAT4 => SqlKind::Single,
        Type::BOOL
        | Type::TEXT
        | Type::VARCHAR
        | Type::BPCHAR
        | Type::NAME
        | Type::CHAR
        | Type::UUID
        | Type::DATE
        | Type::TIME
        | Type::TIMETZ
        | Type::TIMESTAMP
        | Type::TIMESTAMPTZ
        | Type::INTERVAL
        | Type::INET
        | Type::CIDR
        | Type::MACADDR
        | Type::UNKNOWN => SqlKind::Text,
        _ if found.name() == "citext" => SqlKind::Text,
        _ => SqlKind::Uncountable,
    }
}

impl Engine for Postgres {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn query(&mut self, sql: &str, each: &mut dyn FnMut(&[Cell<'_>])) -> Result<()> {
        let Self {
            client,
            address,
            cancel,
        } = self;
        let failed = |error| {
            cancel.let_the_end_come();
            failed(address, error)
        };
        // The extended protocol takes one statement and no more.
        let parameters: [&str; 0] = [];
        let mut rows = client.query_raw(sql, parameters).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let cells = (0..row.len())
                .map(|at| row.try_get::<_, Option<&str>>(at))
                .collect::<Result<Vec<_>, _>>()
                .map_err(failed)?;
            each(&cells);
        }
        Ok(())
    }
}

impl Connection for Postgres {
    fn into_csv(self: Box<Self>, sql: String) -> Receiver<io::Result<Vec<u8>>> {
        sent_by(move |sender| {
            let Self {
                mut client,
                address,
                cancel,
            } = *self;
            let sql = format!("copy ({sql}) to stdout with (format csv, header true)");
            // The error keeps its words and its code on its way through the reader.
            let failed = |error| {
                cancel.let_the_end_come();
                io::Error::other(failed(&address, error))
            };
            let mut reader = match client.copy_out(&sql) {
                Ok(reader) => reader,
                Err(error) => {
                    let _ = sender.send(Err(failed(error)));
                    return;
                }
            };
            loop {
                let mut block = vec![0; 256 << 10];
                let mut filled = 0;
                let ended = loop {
                    match reader.read(&mut block[filled..]) {
                        Ok(0) => break Ok(true),
                        Ok(count) => filled += count,
                        Err(error) => break Err(error),
                    }
                    if filled == block.len() {
                        break Ok(false);
                    }
                };
                block.truncate(filled);
                // Whoever read has gone: the connection ends, and with it the statement.
                if sender.send(Ok(block)).is_err() {
                    return;
                }
                match ended {
                    Ok(true) => return,
                    Ok(false) => {}
                    Err(error) => {
                        let inner = error.into_inner();
                        let inner = inner.map(|inner| inner.downcast::<postgres::Error>());
                        let _ = sender.send(Err(match inner {
                            Some(Ok(error)) => failed(*error),
                            Some(Err(other)) => io::Error::other(other),
                            None => io::Error::other("the connection was lost"),
                        }));
                        return;
                    }
                }
            }
        })
    }
}

/// Returns the exit code of what went wrong.
fn code(error: &postgres::Error) -> ExitCode {
    let Some(said) = error.as_db_error() else {
        // No answer at all: not there, gone, or no speaker of this protocol.
        return ExitCode::Unavailable;
    };
    match said.code().code() {
        // Insufficient privilege; wrong password, no entry in pg_hba.conf.
        "42501" | "28P01" | "28000" => ExitCode::NotAllowed,
        // Going down, starting, too many connections, ended by an administrator.
        state
            if ["57P", "53", "08", "57014"]
                .iter()
                .any(|class| state.starts_with(class)) =>
        {
            ExitCode::Unavailable
        }
        _ => ExitCode::BadInput,
    }
}

fn failed(address: &SqlAddress, error: postgres::Error) -> Error {
    if tls::is_mistrust(&error) {
        return tls::mistrusted(address, error);
    }
    let code = code(&error);
    let shown = |said: &str| address.hidden_in(said);
    let (message, hint) = match (error.as_db_error(), code) {
        (Some(said), _) => {
            let state = said.code().code();
            let hint = match state {
                "42P01" => Some("is the schema right? name it: table=SCHEMA.TABLE"),
                "42501" => Some("ask for the right to SELECT"),
                "25006" => Some("only SELECT is run, in a transaction that can't write"),
                "28P01" => Some("put the password into a file: &password_file=FILE"),
                _ => None,
            };
            let said_hint = said.hint().map(shown);
            (
                format!("the database says: {} ({state})", shown(said.message())),
                said_hint.or(hint.map(str::to_owned)),
            )
        }
        (None, _) => (
            "the database stayed away or broke the connection".to_owned(),
            Some("is it running, and reachable from here?".to_owned()),
        ),
    };
    // The library's own words repeat the server's.
    let mut causes = vec![error.to_string()];
    causes.extend(std::error::Error::source(&error).map(ToString::to_string));
    let cause = shown(&causes.join(": "));
    let wrapped = Error::new(code, message).at(address.place()).because(cause);
    match hint {
        Some(hint) => wrapped.hint(hint),
        None => wrapped,
    }
}
