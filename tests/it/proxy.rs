//! A proxy over real sockets: opens tunnels for CONNECT, passes on what is asked of it by a whole URL,
//! and remembers both. It may want a login.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A proxy that ends when it is dropped.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    stopped: Arc<AtomicBool>,
}

impl Proxy {
    /// Starts a proxy that all may use.
    pub(crate) fn start() -> Self {
        Self::wanting(None)
    }

    /// Starts a proxy that wants this header Proxy-Authorization.
    pub(crate) fn wanting(login: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (asked, stopped) = (
            Arc::<Mutex<Vec<String>>>::default(),
            Arc::<AtomicBool>::default(),
        );
        let (kept, ended) = (Arc::clone(&asked), Arc::clone(&stopped));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if ended.load(Ordering::Relaxed) {
                    break;
                }
                let kept = Arc::clone(&kept);
                // A peer that leaves early is not a fault of the proxy.
                std::thread::spawn(move || pass(stream, login, &kept).unwrap_or_default());
            }
        });
        Self {
            address,
            asked,
            stopped,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the first line of each request, in the order of their coming.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
    }
}

fn pass(stream: TcpStream, login: Option<&str>, asked: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if reader.read_until(b'\n', &mut head)? == 0 {
            return Ok(());
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let (line, fields) = head.split_once("\r\n").unwrap_or_default();
    asked
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(line.to_owned());
    let given = fields.lines().find_map(|field| {
        let (name, value) = field.split_once(':')?;
        name.eq_ignore_ascii_case("proxy-authorization")
            .then(|| value.trim())
    });
    let mut client = stream;
    if login.is_some() && given != login {
        return client.write_all(
            b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        );
    }
    let mut words = line.split(' ');
    let (method, target) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let mut server = if method == "CONNECT" {
        let server = TcpStream::connect(target)?;
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
        server
    } else {
        // One request a connection: what follows is not looked at.
        let place = target.strip_prefix("http://").unwrap_or_default();
        let (authority, path) = place.split_once('/').unwrap_or((place, ""));
        let mut server = TcpStream::connect(authority)?;
        let kept = fields.lines().filter(|field| {
            let name = field
                .split(':')
                .next()
                .unwrap_or_default()
                .to_ascii_lowercase();
            !field.is_empty() && !["connection", "proxy-authorization"].contains(&name.as_str())
        });
        let kept: String = kept.map(|field| format!("{field}\r\n")).collect();
        write!(
            server,
            "{method} /{path} HTTP/1.1\r\n{kept}connection: close\r\n\r\n"
        )?;
        server
    };
    let mut onward = server.try_clone()?;
    let sending = std::thread::spawn(move || {
        let _ = std::io::copy(&mut reader, &mut onward);
        let _ = onward.shutdown(std::net::Shutdown::Write);
    });
    let mut buffer = vec![0; 64 << 10];
    loop {
        match server.read(&mut buffer)? {
            0 => break,
            count => client.write_all(&buffer[..count])?,
        }
    }
    client.shutdown(std::net::Shutdown::Both)?;
    let _ = sending.join();
    Ok(())
}
