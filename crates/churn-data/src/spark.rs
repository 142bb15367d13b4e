//! Spark Connect: a session that reads tables, runs nothing but relations, and leaves nothing behind.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use churn_base::deadlines::{Deadlines, Remote};
use churn_base::error::{Error, Result};
use churn_base::exit::ExitCode;
use churn_base::files::{MOST_BY_HAND, read_text_at_most};
use churn_base::passing::is_passing;
use churn_base::secret::Secret;
use rustls::ClientConfig;

use super::cancel::Cancel;
use super::connecting::{connect_with_retry, sent_by};
use super::connection::Connection;
use super::spark_arrow::each_row;
use super::spark_error::{code, failed};
use super::spark_protocol::{self as protocol, Session};
use super::spark_wire::{self as wire, Channel, Endpoint, Fault, PORT, Status};
use super::sql::{Cell, Dialect, Engine, SqlAddress, SqlColumn};
use super::tls;

/// How long the first answer may take: a server that has just started is slow.
const FIRST_ANSWER: Duration = Duration::from_secs(60);
/// How long farewells may take.
const FAREWELL: Duration = Duration::from_secs(3);
/// What a session of ours has set, so that texts mean the same whatever the server's settings.
const SETTINGS: [(&str, &str); 3] = [
    ("spark.sql.session.timeZone", "UTC"),
    ("spark.sql.variable.substitute", "false"),
    ("spark.sql.execution.arrow.compression.codec", "none"),
];
/// Bytes of CSV that are handed on together.
const BLOCK: usize = 256 << 10;

/// A session on a server.
pub(super) struct Spark {
    channel: Channel,
    session: Session,
    /// The session is not the user's, who may go on with theirs.
    is_ours: bool,
    address: SqlAddress,
    names: Vec<String>,
    cancel: Cancel,
}

/// Connects and asks for the columns of the address.
pub(super) fn connect(address: &SqlAddress) -> Result<(Spark, Vec<SqlColumn>)> {
    let (endpoint, given_session) = endpoint(address)?;
    let is_ours = given_session.is_none();
    let option = |name: &str| option(address, name);
    let user = option("user_id").or(address.user.as_deref());
    let session = Session {
        id: given_session.unwrap_or_else(uuid),
        user: user.unwrap_or("churnctl").to_owned(),
        tag: format!("churnctl-{}", uuid()),
        at_server: None,
    };
    let deadlines = Deadlines::of(Remote::Database);
    let open = || -> Result<(Channel, Session), Fault> {
        let mut channel = Channel::open(&endpoint, deadlines)?;
        let answer = channel.call("Config", session.greet(), Some(FIRST_ANSWER))?;
        let at_server = protocol::session_at_server(&answer)?;
        let at_server = at_server.filter(|id| !id.is_empty());
        let session = session.clone();
        Ok((
            channel,
            Session {
                at_server,
                ..session
            },
        ))
    };
    let is_retryable = |fault: &Fault| match fault {
        // It may be starting; a refusal is an answer.
        Fault::Lost(error) => {
            let is_late = error.kind() == io::ErrorKind::TimedOut;
            is_passing(error) && !is_late && !tls::is_mistrust(error)
        }
        Fault::Refused(Status { code, .. }) => *code == wire::UNAVAILABLE,
        Fault::Malformed(_) => false,
    };
    let opened = connect_with_retry(open, is_retryable).map_err(|fault| failed(address, fault));
    let (mut channel, session) = opened?;
    let cancel = {
        let (endpoint, session) = (endpoint, session.clone());
        Cancel::new(move || stop(&endpoint, &session, is_ours))
    };
    let substitutes = match is_ours {
        true => set_up(&mut channel, &session).map_err(|fault| failed(address, fault))?,
        false => true,
    };
    let mut spark = Spark {
        channel,
        session,
        is_ours,
        address: address.clone(),
        names: Vec::new(),
        cancel,
    };
    let columns = spark.columns()?;
    let varies = |column: &&SqlColumn| substitutes && column.name.contains("${");
    if let Some(column) = columns.iter().find(varies) {
        let name = &column.name;
        return Err(Error::bad_input(format!(
            "the column \"{name}\" is named like a variable, which this session would put in"
        ))
        .at(address.place())
        .hint("set spark.sql.variable.substitute to false in it"));
    }
    spark.names = columns.iter().map(|column| column.name.clone()).collect();
    Ok((spark, columns))
}

fn option<'a>(address: &'a SqlAddress, name: &str) -> Option<&'a str> {
    let found = address.options.iter().rev().find(|(own, _)| own == name);
    found
        .map(|(_, value)| value.expose())
        .filter(|value| !value.is_empty())
}

/// Returns where the server is, and the session that the address names.
fn endpoint(address: &SqlAddress) -> Result<(Endpoint, Option<String>)> {
    let shown = &address.shown;
    let option = |name: &str| option(address, name);
    let token = match (option("token"), option("token_file")) {
        (None, None) => None,
        (Some(token), None) => Some(Secret::new(token.to_owned())),
        (None, Some(file)) => {
            let text = read_text_at_most(std::path::Path::new(file), MOST_BY_HAND)
                .map_err(|error| Error::io("read", std::path::Path::new(file), error))?;
            Some(Secret::new(text.trim().to_owned()))
        }
        (Some(_), Some(_)) => {
            return Err(Error::usage(format!(
                "{shown}: give token or token_file, not both"
            )));
        }
    };
    let is_here = matches!(address.host.as_str(), "localhost" | "127.0.0.1" | "::1");
    let with_tls = match option("use_ssl").map(str::to_ascii_lowercase).as_deref() {
        // As Spark's own clients take it.
        None => token.is_some() && !is_here,
        Some("true") => true,
        Some("false") => false,
        Some(_) => return Err(Error::usage(format!("{shown}: use_ssl is true or false"))),
    };
    if token.is_some() && !with_tls && !is_here {
        return Err(
            Error::usage(format!("{shown}: a token would be sent in clear text"))
                .hint("leave use_ssl=false out"),
        );
    }
    let mut wanted = address.clone();
    wanted.tls = with_tls;
    let tls = tls::for_address(&wanted)?.map(|config| {
        let mut config = ClientConfig::clone(&config);
        config.alpn_protocols = vec![b"h2".to_vec()];
        Arc::new(config)
    });
    let headers = address.options.iter();
    let headers = headers.filter(|(name, _)| name.starts_with("x-"));
    let endpoint = Endpoint {
        host: address.host.clone(),
        port: address.port.unwrap_or(PORT),
        tls,
        token,
        headers: headers.cloned().collect(),
    };
    Ok((endpoint, option("session_id").map(str::to_owned)))
}

/// Sets what our statements rely on. Returns whether variables are put into statements all the
/// same: some servers let nobody set some keys.
fn set_up(channel: &mut Channel, session: &Session) -> Result<bool, Fault> {
    let mut substitutes = false;
    for (key, value) in SETTINGS {
        match channel.call("Config", session.set(key, value), None) {
            Ok(_) => {}
            Err(Fault::Refused(status)) if code(&status).0 == ExitCode::BadInput => {
                substitutes |= key == "spark.sql.variable.substitute";
            }
            Err(fault) => return Err(fault),
        }
    }
    Ok(substitutes)
}

/// Ends what runs, over a connection of its own: the other one is waiting.
fn stop(endpoint: &Endpoint, session: &Session, is_ours: bool) {
    // Whether it arrives or not, the process ends.
    let deadlines = Deadlines::of(Remote::Database).with_total(FAREWELL);
    if let Ok(mut channel) = Channel::open(endpoint, deadlines) {
        let _ = channel.call("Interrupt", session.interrupt(), Some(FAREWELL));
        if is_ours {
            let _ = channel.call("ReleaseSession", session.release(), Some(FAREWELL));
        }
    }
}

/// Returns a random UUID of version 4.
fn uuid() -> String {
    // The keys of its hashes are from the system's random numbers.
    let number = || RandomState::new().build_hasher().finish();
    let (high, low) = (number(), number());
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        (low >> 48) & 0x3fff | 0x8000,
        low & 0xffff_ffff_ffff,
    )
}

impl Spark {
    fn columns(&mut self) -> Result<Vec<SqlColumn>> {
        let sql = format!("select * from {}", self.address.source());
        let request = self.session.analyze(&sql);
        let answer = self.channel.call("AnalyzePlan", request, None);
        self.cancel.let_the_end_come();
        answer
            .and_then(|answer| Ok(protocol::columns(&answer)?))
            .map_err(|fault| failed(&self.address, fault))
    }

    /// Runs a statement until its rows end or `each` breaks off.
    fn run(
        &mut self,
        sql: &str,
        each: &mut dyn FnMut(&[Cell<'_>]),
        goes_on: &mut dyn FnMut() -> bool,
    ) -> Result<(), Fault> {
        let Self {
            channel, session, ..
        } = self;
        let request = session.execute(sql);
        let mut broken_off = false;
        channel.stream("ExecutePlan", request, &mut |response| {
            if let Some(stream) = protocol::arrow(response)? {
                each_row(stream, each)?;
            }
            if goes_on() {
                return Ok(ControlFlow::Continue(()));
            }
            broken_off = true;
            Ok(ControlFlow::Break(()))
        })?;
        if broken_off {
            channel.call("Interrupt", session.interrupt(), Some(FAREWELL))?;
        }
        Ok(())
    }
}

impl Drop for Spark {
    fn drop(&mut self) {
        if self.is_ours {
            // The server would keep it for an hour. If it is gone, so is the session.
            let request = self.session.release();
            let _ = self.channel.call("ReleaseSession", request, Some(FAREWELL));
        }
    }
}

impl Engine for Spark {
    fn dialect(&self) -> Dialect {
        Dialect::Spark
    }

    fn query(&mut self, sql: &str, each: &mut dyn FnMut(&[Cell<'_>])) -> Result<()> {
        let ended = self.run(sql, each, &mut || true);
        // A statement that a signal ends may also end as if there were no rows.
        self.cancel.let_the_end_come();
        ended.map_err(|fault| failed(&self.address, fault))
    }
}

impl Connection for Spark {
    fn into_csv(mut self: Box<Self>, sql: String) -> Receiver<io::Result<Vec<u8>>> {
        sent_by(move |sender| {
            let names = std::mem::take(&mut self.names);
            let mut block = Vec::with_capacity(BLOCK + 1024);
            write_row(&mut block, names.iter().map(|name| Some(name.as_str())));
            let block = std::cell::RefCell::new(block);
            let ended = self.run(
                &sql,
                &mut |cells| write_row(&mut block.borrow_mut(), cells.iter().copied()),
                &mut || {
                    let mut block = block.borrow_mut();
                    // Whoever read may have gone.
                    block.len() < BLOCK || sender.send(Ok(std::mem::take(&mut *block))).is_ok()
                },
            );
            self.cancel.let_the_end_come();
            // The error keeps its words and its code on its way through the reader.
            let last = match ended {
                Ok(()) => Ok(block.into_inner()),
                Err(fault) => Err(io::Error::other(failed(&self.address, fault))),
            };
            // First the session: who has all rows may end the process.
            drop(self);
            let _ = sender.send(last);
        })
    }
}

/// Writes a row as CSV; null is nothing, an empty text is `""`.
fn write_row<'a>(csv: &mut Vec<u8>, cells: impl Iterator<Item = Cell<'a>>) {
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            csv.push(b',');
        }
        match cell {
            None => {}
            Some(text) if text.is_empty() || text.contains([',', '"', '\n', '\r']) => {
                csv.push(b'"');
                for byte in text.bytes() {
                    if byte == b'"' {
                        csv.push(b'"');
                    }
                    csv.push(byte);
                }
                csv.push(b'"');
            }
            Some(text) => csv.extend_from_slice(text.as_bytes()),
        }
    }
    csv.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_text_is_not_null_and_commas_stay_inside() {
        let mut csv = Vec::new();
        let cells = [
            Some("a"),
            None,
            Some(""),
            Some("x, \"y\"\n"),
            Some("\u{fc}"),
        ];
        write_row(&mut csv, cells.into_iter());
        assert_eq!(csv, "a,,\"\",\"x, \"\"y\"\"\n\",\u{fc}\n".as_bytes());
    }

    #[test]
    fn uuids_have_their_form_and_differ() {
        let (one, other) = (uuid(), uuid());
        assert_ne!(one, other);
        assert_eq!(one.len(), 36);
        assert_eq!(one.as_bytes()[14], b'4', "{one}");
        assert!(matches!(one.as_bytes()[19], b'8'..=b'b'), "{one}");
    }

    #[test]
    fn a_token_goes_to_other_machines_under_tls_alone() {
        let tls = |address: &str| {
            let address = SqlAddress::parse(address).expect("an address");
            endpoint(&address).map(|(endpoint, _)| endpoint.tls.is_some())
        };
        let on = |address: &str| tls(address).ok();
        assert_eq!(on("sc://db?table=t"), Some(false));
        assert_eq!(on("sc://db/;use_ssl=TRUE?table=t"), Some(true));
        assert_eq!(on("sc://db/;token=x?table=t"), Some(true));
        assert_eq!(on("sc://127.0.0.1/;token=x?table=t"), Some(false));
        let error = tls("sc://db/;token=geheim;use_ssl=false?table=t").expect_err("clear text");
        assert_eq!(error.code(), ExitCode::Usage);
        assert!(!error.to_string().contains("geheim"), "{error}");
    }
}
