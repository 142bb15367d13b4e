//! A blocking socket whose reads and writes end when a wait does, however many bytes trickle in.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use churn_base::deadlines::Wait;
use socket2::{SockRef, TcpKeepalive};

/// A socket and the wait that is on.
pub(super) struct TimedSocket {
    socket: TcpStream,
    wait: Wait,
}

impl TimedSocket {
    /// Connects; the wait goes on until another is begun.
    pub(super) fn connect(places: impl ToSocketAddrs, wait: Wait) -> io::Result<Self> {
        let mut failed = io::Error::from(io::ErrorKind::NotFound);
        for place in places.to_socket_addrs()? {
            match TcpStream::connect_timeout(&place, wait.left()?) {
                Ok(socket) => {
                    socket.set_nodelay(true)?;
                    // A server that lost its power says nothing.
                    let idle = TcpKeepalive::new().with_time(Duration::from_secs(30));
                    SockRef::from(&socket).set_tcp_keepalive(&idle)?;
                    return Ok(Self { socket, wait });
                }
                Err(error) => failed = error,
            }
        }
        Err(late_or(failed, &wait))
    }

    /// Begins another wait.
    pub(super) const fn wait(&mut self, wait: Wait) {
        self.wait = wait;
    }

    pub(super) fn try_clone(&self) -> io::Result<Self> {
        let socket = self.socket.try_clone()?;
        Ok(Self {
            socket,
            wait: self.wait,
        })
    }
}

/// Says of a time that is up whose it was.
fn late_or(error: io::Error, wait: &Wait) -> io::Error {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => wait.overdue().into(),
        _ => error,
    }
}

impl Read for TimedSocket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket.set_read_timeout(Some(self.wait.left()?))?;
        let read = self.socket.read(buffer);
        read.map_err(|error| late_or(error, &self.wait))
    }
}

impl Write for TimedSocket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.set_write_timeout(Some(self.wait.left()?))?;
        let written = self.socket.write(bytes);
        written.map_err(|error| late_or(error, &self.wait))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}
