//! MySQL's protocol as far as reading needs it: greeting, TLS, login, one statement at a time with
//! all values as texts. Two abilities are never offered to the server: several statements in one,
//! and asking for files of this machine.

use std::io::{self, BufReader, Read, Write};
use std::sync::Arc;

use churn_base::deadlines::{Deadlines, Overdue, Running, Wait};
use churn_base::secret::Secret;
use mysql_common::auth::plugins::{ChallengeResponsePlugin as _, Context, Response};
use mysql_common::collations::CollationId;
use mysql_common::constants::CapabilityFlags as Ability;
use mysql_common::io::ParseBuf;
use mysql_common::packets::{
    AuthPlugin, AuthSwitchRequest, Column, ErrPacket, HandshakePacket, HandshakeResponse,
    SslRequest,
};
use mysql_common::proto::{MyDeserialize, MySerialize};
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use super::mysql_socket::TimedSocket;
use super::sql::SqlAddress;

/// The longest piece of a packet.
const PIECE: usize = 0xff_ffff;
/// The longest packet that is taken: MySQL's own limit.
const LONGEST: usize = 1 << 30;
/// The longest packet of a login: nobody has said yet who he is.
const LONGEST_OF_LOGIN: usize = 1 << 16;
const ABILITIES: Ability = Ability::CLIENT_PROTOCOL_41
    .union(Ability::CLIENT_LONG_PASSWORD)
    .union(Ability::CLIENT_LONG_FLAG)
    .union(Ability::CLIENT_TRANSACTIONS)
    .union(Ability::CLIENT_SECURE_CONNECTION)
    .union(Ability::CLIENT_PLUGIN_AUTH)
    .union(Ability::CLIENT_CONNECT_ATTRS);

/// Why a server gave no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// The connection cannot be made, or broke.
    #[error("{0}")]
    Io(#[source] io::Error),
    /// The server says nothing.
    #[error(transparent)]
    Late(Overdue),
    /// The server refuses.
    #[error("{message} ({code})")]
    Said { code: u16, message: String },
    /// TLS is wanted and the server has none.
    #[error("the server speaks no TLS")]
    NoTls,
    /// The server wants to know the user in a way that is not known here.
    #[error("the server asks for the login method {0}, which is not spoken here")]
    Login(String),
    /// The server speaks something else.
    #[error("the server does not speak MySQL's protocol: {0}")]
    Protocol(&'static str),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(overdue) => Self::Late(*overdue),
            None => Self::Io(error),
        }
    }
}

enum Stream {
    Plain(TimedSocket),
    Tls(Box<StreamOwned<ClientConnection, TimedSocket>>),
}

impl Stream {
    const fn socket(&mut self) -> &mut TimedSocket {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => &mut stream.sock,
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}

/// A connection whose user is known to the server.
pub(super) struct Wire {
    stream: BufReader<Stream>,
    sequence: u8,
    packet: Vec<u8>,
    running: Running,
    longest: usize,
    /// The wait for the first row of an answer.
    first_row: Option<Wait>,
    /// What the server calls this connection.
    pub(super) id: u32,
}

impl Wire {
    /// Connects and logs in.
    pub(super) fn connect(
        address: &SqlAddress,
        tls: Option<&Arc<ClientConfig>>,
        deadlines: Deadlines,
    ) -> Result<Self, Fault> {
        let running = deadlines.begin();
        let place = (address.host.as_str(), address.port.unwrap_or(3306));
        let socket = TimedSocket::connect(place, running.connect())?;
        let mut wire = Self {
            stream: BufReader::with_capacity(1 << 16, Stream::Plain(socket)),
            sequence: 0,
            packet: Vec::new(),
            running,
            longest: LONGEST_OF_LOGIN,
            first_row: None,
            id: 0,
        };
        wire.log_in(address, tls)?;
        wire.longest = LONGEST;
        Ok(wire)
    }

    fn log_in(
        &mut self,
        address: &SqlAddress,
        tls: Option<&Arc<ClientConfig>>,
    ) -> Result<(), Fault> {
        self.receive()?;
        let greeting: HandshakePacket<'_> = parsed(&self.packet, (), "its greeting")?;
        let (offered, plugin) = (greeting.capabilities(), greeting.auth_plugin());
        let mut plugin = plugin.map_or(AuthPlugin::MysqlNativePassword, AuthPlugin::into_owned);
        let mut scramble = greeting.nonce();
        self.id = greeting.connection_id();
        let mut abilities = ABILITIES & offered;
        // What is said before TLS holds after it.
        abilities.set(Ability::CLIENT_CONNECT_WITH_DB, address.database.is_some());
        if let Some(config) = tls {
            if !offered.contains(Ability::CLIENT_SSL) {
                return Err(Fault::NoTls);
            }
            abilities |= Ability::CLIENT_SSL;
            let charset = CollationId::UTF8MB4_GENERAL_CI as u8;
            self.send(&written(&SslRequest::new(
                abilities,
                LONGEST as u32,
                charset,
            )))?;
            self.begin_tls(address, Arc::clone(config))?;
        }
        let is_tls = tls.is_some();
        let password = address
            .password
            .as_ref()
            .map_or("", Secret::expose)
            .as_bytes();
        let mut login = Login::new(&plugin, is_tls)?;
        let mut step = login.answer(password, &scramble, &scramble)?;
        let attributes = [("program_name".to_owned(), "churnctl".to_owned())];
        let response = HandshakeResponse::new(
            Some(step.data().unwrap_or_default()),
            // Any that knows utf8mb4.
            (8, 0, 0),
            Some(address.user.as_deref().unwrap_or("root").as_bytes()),
            address.database.as_deref().map(str::as_bytes),
            Some(plugin.clone()),
            abilities,
            offered
                .contains(Ability::CLIENT_CONNECT_ATTRS)
                .then(|| attributes.into()),
            LONGEST as u32,
        );
        self.send(&written(&response))?;
        loop {
            self.receive()?;
            match self.packet.first() {
                Some(0x00) => return Ok(()),
                Some(0x01) => {
                    if matches!(step, Response::Last { .. }) {
                        // What the server adds to a login that is done.
                        continue;
                    }
                    step = login.answer(password, &scramble, &self.packet[1..])?;
                }
                Some(0xfe) if self.packet.len() > 1 => {
                    let switch: AuthSwitchRequest<'_> = parsed(&self.packet, (), "its login")?;
                    plugin = switch.auth_plugin().into_owned();
                    scramble = switch.plugin_data().to_vec();
                    login = Login::new(&plugin, is_tls)?;
                    step = login.answer(password, &scramble, &scramble)?;
                }
                _ => return Err(Fault::Protocol("its login")),
            }
            if let Some(data) = step.data().map(<[u8]>::to_vec) {
                self.send(&data)?;
            }
        }
    }

    fn begin_tls(&mut self, address: &SqlAddress, config: Arc<ClientConfig>) -> Result<(), Fault> {
        let name = address.host.clone().try_into();
        let name = name.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let connection = ClientConnection::new(config, name).map_err(io::Error::other)?;
        // Nothing is lost with what is buffered: the server waits for us.
        let socket = self.stream.get_mut().socket().try_clone()?;
        let mut stream = StreamOwned::new(connection, socket);
        stream.conn.complete_io(&mut stream.sock)?;
        self.stream = BufReader::with_capacity(1 << 16, Stream::Tls(Box::new(stream)));
        Ok(())
    }

    /// Runs a statement that has no rows.
    pub(super) fn execute(&mut self, sql: &str) -> Result<(), Fault> {
        self.command(sql)?;
        match self.packet.first() {
            Some(0x00) => Ok(()),
            _ => Err(Fault::Protocol("rows that nobody asked for")),
        }
    }

    /// Runs a statement and returns its columns; its rows come with [`Wire::next_row`].
    pub(super) fn ask(&mut self, sql: &str) -> Result<Vec<Column>, Fault> {
        self.command(sql)?;
        let unexpected = || Fault::Protocol("no rows");
        let count = match self.packet.first() {
            None | Some(0x00 | 0xfb) => return Err(unexpected()),
            Some(_) => ParseBuf(&self.packet).checked_eat_lenenc_int(),
        };
        let mut columns = Vec::new();
        for _ in 0..count.ok_or_else(unexpected)? {
            self.receive()?;
            columns.push(parsed(&self.packet, (), "its columns")?);
        }
        self.receive()?;
        Ok(columns)
    }

    /// Returns the next row of what was asked; none after the last.
    pub(super) fn next_row(&mut self) -> Result<Option<Cells<'_>>, Fault> {
        // Columns may be told before anything is counted: the first row has the time of the first byte.
        let wait = self.first_row.take();
        self.wait(wait.unwrap_or_else(|| self.running.idle()));
        self.receive()?;
        let is_end = self.packet.first() == Some(&0xfe) && self.packet.len() < 9;
        Ok((!is_end).then_some(Cells(ParseBuf(&self.packet))))
    }

    /// Sends a statement and waits for the first packet of its answer.
    fn command(&mut self, sql: &str) -> Result<(), Fault> {
        const QUERY: u8 = 3;
        let mut packet = Vec::with_capacity(sql.len() + 1);
        packet.push(QUERY);
        packet.extend_from_slice(sql.as_bytes());
        self.sequence = 0;
        let first = self.running.first_byte();
        self.wait(first);
        self.first_row = Some(first);
        self.send(&packet)?;
        self.receive()
    }

    /// Gives all that is read and written from now on so long.
    fn wait(&mut self, wait: Wait) {
        self.stream.get_mut().socket().wait(wait);
    }

    fn send(&mut self, packet: &[u8]) -> Result<(), Fault> {
        let mut bytes = Vec::with_capacity(packet.len() + 4);
        let mut rest = packet;
        loop {
            let (piece, after) = rest.split_at(rest.len().min(PIECE));
            bytes.extend_from_slice(&(piece.len() as u32).to_le_bytes()[..3]);
            bytes.push(self.sequence);
            bytes.extend_from_slice(piece);
            self.sequence = self.sequence.wrapping_add(1);
            rest = after;
            // One of full length is followed by another, be it empty.
            if piece.len() < PIECE {
                break;
            }
        }
        let stream = self.stream.get_mut();
        stream.write_all(&bytes)?;
        Ok(stream.flush()?)
    }

    /// Reads a packet; a refusal of the server is an error.
    fn receive(&mut self) -> Result<(), Fault> {
        self.packet.clear();
        loop {
            let mut head = [0; 4];
            self.stream.read_exact(&mut head)?;
            let length = u32::from_le_bytes([head[0], head[1], head[2], 0]) as usize;
            self.sequence = head[3].wrapping_add(1);
            let start = self.packet.len();
            if start + length > self.longest {
                return Err(Fault::Protocol("a packet that is too long"));
            }
            self.packet.resize(start + length, 0);
            self.stream.read_exact(&mut self.packet[start..])?;
            if length < PIECE {
                break;
            }
        }
        match self.packet.first() {
            Some(0xff) => {
                // Before the greeting, errors have no state.
                let abilities = if self.id == 0 && self.packet.get(3) != Some(&b'#') {
                    Ability::empty()
                } else {
                    ABILITIES
                };
                match parsed(&self.packet, abilities, "its refusal")? {
                    ErrPacket::Error(said) => Err(Fault::Said {
                        code: said.error_code(),
                        message: said.message_str().into_owned(),
                    }),
                    ErrPacket::Progress(_) => Err(Fault::Protocol("progress")),
                }
            }
            _ => Ok(()),
        }
    }
}

/// The cells of a row in their order: bytes, none for null.
pub(super) struct Cells<'a>(ParseBuf<'a>);

impl<'a> Iterator for Cells<'a> {
    type Item = Result<Option<&'a [u8]>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        const NULL: u8 = 0xfb;
        if self.0.is_empty() {
            return None;
        }
        if self.0.0.first() == Some(&NULL) {
            self.0.skip(1);
            return Some(Ok(None));
        }
        let cell = self.0.checked_eat_lenenc_str();
        Some(cell.map(Some).ok_or(Fault::Protocol("its rows")))
    }
}

/// One way to be known to the server.
struct Login {
    procedure: mysql_common::auth::plugins::AuthProc,
    is_tls: bool,
}

impl Login {
    fn new(plugin: &AuthPlugin<'_>, is_tls: bool) -> Result<Self, Fault> {
        let known = match plugin {
            AuthPlugin::MysqlNativePassword
            | AuthPlugin::CachingSha2Password
            | AuthPlugin::Sha256Password => true,
            // It shows the password to the server, so the server must be known.
            AuthPlugin::MysqlClearPassword => is_tls,
            AuthPlugin::MysqlOldPassword
            | AuthPlugin::Ed25519
            | AuthPlugin::Parsec
            | AuthPlugin::Other(_) => false,
        };
        let unknown = || Fault::Login(String::from_utf8_lossy(plugin.as_bytes()).into_owned());
        if !known {
            return Err(unknown());
        }
        let procedure = plugin.init().map_err(|_| unknown())?;
        Ok(Self { procedure, is_tls })
    }

    fn answer(
        &mut self,
        password: &[u8],
        scramble: &[u8],
        challenge: &[u8],
    ) -> Result<Response, Fault> {
        let secrets = Secrets {
            password,
            scramble,
            is_tls: self.is_tls,
        };
        let answer = self.procedure.run(secrets, challenge);
        answer.map_err(|_| Fault::Protocol("its login"))
    }
}

struct Secrets<'a> {
    password: &'a [u8],
    scramble: &'a [u8],
    is_tls: bool,
}

impl Context for Secrets<'_> {
    fn pass(&self) -> &[u8] {
        self.password
    }

    fn is_ipc_transport(&self) -> bool {
        false
    }

    fn is_tls_transport(&self) -> bool {
        self.is_tls
    }

    fn scramble(&self) -> &[u8] {
        self.scramble
    }

    fn server_key_pem(&self) -> Option<&[u8]> {
        None
    }
}

fn parsed<'a, T: MyDeserialize<'a>>(
    packet: &'a [u8],
    context: T::Ctx,
    what: &'static str,
) -> Result<T, Fault> {
    ParseBuf(packet)
        .parse(context)
        .map_err(|_| Fault::Protocol(what))
}

fn written(packet: &impl MySerialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    packet.serialize(&mut bytes);
    bytes
}

/// Talks to a server that says these bytes whatever it hears: after a login, and from its greeting on.
#[cfg(feature = "fuzzing")]
pub fn read_any(bytes: &[u8]) {
    let talk = |logs_in: bool| -> Result<(), Fault> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        let running = Deadlines::of(churn_base::deadlines::Remote::Database).begin();
        let socket = TimedSocket::connect(listener.local_addr()?, running.connect())?;
        let (mut server, _) = listener.accept()?;
        server.write_all(bytes)?;
        server.shutdown(std::net::Shutdown::Write)?;
        let mut wire = Wire {
            stream: BufReader::new(Stream::Plain(socket)),
            sequence: 0,
            packet: Vec::new(),
            running,
            longest: LONGEST,
            first_row: None,
            id: 1,
        };
        if logs_in {
            let address = SqlAddress::parse("mysql://u:p@127.0.0.1/d?table=t");
            wire.log_in(&address.map_err(|_| Fault::Protocol("its address"))?, None)?;
        }
        wire.ask("select 1")?;
        while let Some(row) = wire.next_row()? {
            for cell in row {
                cell?;
            }
        }
        Ok(())
    };
    let _ = (talk(false), talk(true));
}

#[cfg(test)]
mod tests;
