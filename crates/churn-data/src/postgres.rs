//! PostgreSQL: a connection that reads one state of the data and can write nothing.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::Duration;

use churn_base::deadlines::{Deadlines, Overdue, Remote, Running, Wait};
use churn_base::error::{Error, Result};
use churn_base::exit::ExitCode;
use churn_base::passing::{io_cause, is_passing};
use futures_util::StreamExt as _;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::types::{Kind, Type};
use tokio_postgres::{Client, Config, NoTls, Socket};

use super::cancel::Cancel;
use super::connecting::{connect_with_retry, late, sent_by};
use super::connection::Connection;
use super::postgres_tls::MakeTls;
use super::sql::{Cell, Dialect, Engine, SqlAddress, SqlColumn, SqlKind};
use super::tls;

/// What every session begins with: one state of the data, nothing written, texts that mean the
/// same whatever the server's settings, and a server that notices when we are gone.
const BEGIN: &str = "set standard_conforming_strings = on; set datestyle = 'ISO, YMD'; \
    set timezone = 'UTC'; set extra_float_digits = 1; set client_encoding = 'UTF8'; \
    set default_transaction_read_only = on; \
    begin transaction isolation level repeatable read read only";

/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_secs(1);
/// How long a second connection may take that ends what the first one does.
const CANCEL: Duration = Duration::from_secs(3);
/// Bytes handed on at once.
const BLOCK: usize = 256 << 10;

/// Why a server gave no answer.
#[derive(Debug, thiserror::Error)]
enum Fault {
    /// It says no, or the connection broke.
    #[error(transparent)]
    Said(#[from] tokio_postgres::Error),
    /// It says nothing.
    #[error(transparent)]
    Late(#[from] Overdue),
    /// There is nothing to wait with.
    #[error(transparent)]
    NoRuntime(#[from] io::Error),
}

/// A connection and what it runs on.
struct Link {
    runtime: Runtime,
    /// Gone only at the end.
    client: Option<Client>,
    task: JoinHandle<Result<(), tokio_postgres::Error>>,
    running: Running,
}

impl Link {
    /// Connects and logs in.
    fn open(config: &Config, tls: Option<MakeTls>) -> Result<Self, Fault> {
        let running = Deadlines::of(Remote::Database).begin();
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()?;
        let wait = running.connect();
        let (client, task) = runtime.block_on(async {
            // Both have a type of their own.
            Ok::<_, Fault>(match tls {
                Some(tls) => begun(wait.for_it(config.connect(tls)).await??),
                None => begun(wait.for_it(config.connect(NoTls)).await??),
            })
        })?;
        Ok(Self {
            runtime,
            client: Some(client),
            task,
            running,
        })
    }

    /// Asks something and waits for the answer, or for all of a short one.
    fn ask<'a, F, T>(
        &'a self,
        wait: Wait,
        question: impl FnOnce(&'a Client) -> F,
    ) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, tokio_postgres::Error>> + 'a,
    {
        let closed = || Fault::NoRuntime(io::ErrorKind::NotConnected.into());
        let client = self.client.as_ref().ok_or_else(closed)?;
        let answer = question(client);
        Ok(self
            .runtime
            .block_on(async { wait.for_it(answer).await })??)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // Then the server is told, and has nothing to complain of in its log. One that still sends rows
        // which nobody wants is not heard to the end: the connection breaks, and with it the statement.
        drop(self.client.take());
        let Self { runtime, task, .. } = self;
        let _ = runtime.block_on(async { timeout(FAREWELL, task).await });
    }
}

/// Lets a connection work beside those who ask.
fn begun<T>(
    (client, connection): (Client, tokio_postgres::Connection<Socket, T>),
) -> (Client, JoinHandle<Result<(), tokio_postgres::Error>>)
where
    T: tokio_postgres::tls::TlsStream + Unpin + Send + 'static,
{
    (client, tokio::spawn(connection))
}

/// A connection in its transaction.
pub(super) struct Postgres {
    link: Link,
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
        .keepalives_idle(Duration::from_secs(30));
    if let Some(password) = &address.password {
        config.password(password.expose());
    }
    if let Some(database) = &address.database {
        config.dbname(database);
    }
    config.ssl_mode(if address.tls {
        tokio_postgres::config::SslMode::Require
    } else {
        tokio_postgres::config::SslMode::Disable
    });
    let tls = tls::for_address(address)?.map(MakeTls);
    let open = || Link::open(&config, tls.clone());
    // A server that is starting refuses, or says so: it is not silent.
    let is_retryable = |fault: &Fault| match fault {
        Fault::Said(error) => {
            let is_io_passing = io_cause(error).is_none_or(is_passing);
            code(fault) == ExitCode::Unavailable && is_io_passing && !tls::is_mistrust(error)
        }
        Fault::NoRuntime(error) => is_passing(error),
        Fault::Late(_) => false,
    };
    let failed = |fault| failed(address, fault);
    let link = connect_with_retry(open, is_retryable).map_err(failed)?;
    let wait = link.running.first_byte();
    link.ask(wait, |client| client.batch_execute(BEGIN))
        .map_err(failed)?;
    let sql = format!("select * from {} limit 0", address.source());
    let wait = link.running.first_byte();
    let statement = link
        .ask(wait, |client| client.prepare(&sql))
        .map_err(failed)?;
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
    let token = link.client.as_ref().map(Client::cancel_token);
    let cancel = Cancel::new(move || {
        let runtime = Builder::new_current_thread().enable_all().build();
        if let (Ok(runtime), Some(token)) = (runtime, &token) {
            let tls = tls.clone();
            // Whether it arrives or not, the process ends.
            let _ = runtime.block_on(async {
                match tls {
                    Some(tls) => timeout(CANCEL, token.cancel_query(tls)).await,
                    None => timeout(CANCEL, token.cancel_query(NoTls)).await,
                }
            });
        }
    });
    let connection = Postgres {
        link,
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
            link,
            address,
            cancel,
        } = self;
        rows(link, sql, each).map_err(|fault| {
            cancel.let_the_end_come();
            failed(address, fault)
        })
    }
}

fn rows(link: &Link, sql: &str, each: &mut dyn FnMut(&[Cell<'_>])) -> Result<(), Fault> {
    let first = link.running.first_byte();
    // The extended protocol takes one statement and no more.
    let parameters: [&str; 0] = [];
    let rows = link.ask(first, |client| client.query_raw(sql, parameters))?;
    let mut rows = pin!(rows);
    link.runtime.block_on(async {
        let mut wait = first;
        while let Some(row) = wait.for_it(rows.next()).await? {
            let row = row?;
            let cells = (0..row.len())
                .map(|at| row.try_get::<_, Option<&str>>(at))
                .collect::<Result<Vec<_>, _>>()?;
            each(&cells);
            wait = link.running.idle();
        }
        Ok(())
    })
}

impl Connection for Postgres {
    fn into_csv(self: Box<Self>, sql: String) -> Receiver<io::Result<Vec<u8>>> {
        sent_by(move |sender| {
            let Self {
                link,
                address,
                cancel,
            } = *self;
            let sql = format!("copy ({sql}) to stdout with (format csv, header true)");
            let copied = copy(&link, &sql, &sender);
            // First the connection: who has all rows may end the process.
            drop(link);
            let last = copied.map_err(|fault| {
                cancel.let_the_end_come();
                // The error keeps its words and its code on its way through the reader.
                io::Error::other(failed(&address, fault))
            });
            if let Some(last) = last.transpose() {
                let _ = sender.send(last);
            }
        })
    }
}

/// Sends what a statement copies out and returns the last of it; none if nobody takes it.
fn copy(
    link: &Link,
    sql: &str,
    sender: &SyncSender<io::Result<Vec<u8>>>,
) -> Result<Option<Vec<u8>>, Fault> {
    let first = link.running.first_byte();
    let bytes = link.ask(first, |client| client.copy_out(sql))?;
    let mut bytes = pin!(bytes);
    link.runtime.block_on(async {
        let mut block = Vec::with_capacity(BLOCK + (64 << 10));
        let mut wait = first;
        while let Some(row) = wait.for_it(bytes.next()).await? {
            block.extend_from_slice(&row?);
            if block.len() >= BLOCK {
                let next = Vec::with_capacity(BLOCK + (64 << 10));
                if sender
                    .send(Ok(std::mem::replace(&mut block, next)))
                    .is_err()
                {
                    return Ok(None);
                }
            }
            wait = link.running.idle();
        }
        Ok(Some(block))
    })
}

/// Returns the exit code of what went wrong.
fn code(fault: &Fault) -> ExitCode {
    let said = match fault {
        Fault::Said(error) => error.as_db_error(),
        Fault::Late(_) => None,
        Fault::NoRuntime(_) => return ExitCode::Io,
    };
    let Some(said) = said else {
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

fn failed(address: &SqlAddress, fault: Fault) -> Error {
    let code = code(&fault);
    let error = match fault {
        Fault::Said(error) => error,
        Fault::Late(overdue) => return late(overdue).at(address.place()),
        Fault::NoRuntime(error) => {
            let message = "cannot wait for the database";
            return Error::new(code, message).at(address.place()).because(error);
        }
    };
    if tls::is_mistrust(&error) {
        return tls::mistrusted(address, error);
    }
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
