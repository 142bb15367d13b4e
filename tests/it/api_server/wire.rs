//! HTTP/1.1 as far as this server needs it: requests with a length, answers whole or in chunks.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use super::store::Path;

/// A request.
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    query: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Request {
    /// Reads the next request of a connection; none at its end.
    pub(super) fn read(stream: &mut TcpStream) -> Option<Self> {
        let mut bytes = Vec::new();
        let head = loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end;
            }
            let mut piece = [0; 8_192];
            let count = stream.read(&mut piece).ok().filter(|count| *count > 0)?;
            bytes.extend_from_slice(&piece[..count]);
        };
        let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
        let mut lines = text.lines();
        let mut first = lines.next()?.split(' ');
        let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
        let length: usize = lines
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .and_then(|(_, value)| value.trim().parse().ok())
            .unwrap_or(0);
        let mut body = bytes.split_off(head + 4);
        while body.len() < length {
            let mut piece = [0; 8_192];
            let count = stream.read(&mut piece).ok().filter(|count| *count > 0)?;
            body.extend_from_slice(&piece[..count]);
        }
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let query = query.split('&').filter_map(|pair| pair.split_once('='));
        Some(Self {
            method,
            path: path.to_owned(),
            query: query
                .map(|(name, value)| (name.to_owned(), decoded(value)))
                .collect(),
            body,
        })
    }

    pub(super) fn query(&self, name: &str) -> Option<String> {
        let found = self.query.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone())
    }
}

fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, after @ ..] = rest {
        rest = after;
        match (first, after) {
            (b'+', _) => bytes.push(b' '),
            (b'%', [high, low, after @ ..]) => {
                let digits = [*high, *low];
                let digits = std::str::from_utf8(&digits).expect("ASCII");
                bytes.push(u8::from_str_radix(digits, 16).expect("hexadecimal"));
                rest = after;
            }
            (byte, _) => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).expect("UTF-8")
}

/// What a request gets.
pub(super) enum Answer {
    Whole(Reply),
    Watch {
        path: Path,
        since: u64,
        name: Option<String>,
        timeout: u64,
    },
    Log {
        pod: String,
        container: String,
        follow: bool,
        since: String,
    },
}

/// A whole answer.
pub(super) struct Reply {
    status: u16,
    pub(super) headers: Vec<String>,
    body: Vec<u8>,
}

impl Reply {
    pub(super) fn json(status: u16, value: &Value) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: value.to_string().into_bytes(),
        }
    }

    /// A `Status` object; a bare text where there is no reason, as proxies answer.
    pub(super) fn status(status: u16, reason: &str, message: &str) -> Self {
        if reason.is_empty() {
            return Self {
                status,
                headers: Vec::new(),
                body: message.as_bytes().to_vec(),
            };
        }
        let status_object = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": message, "reason": reason, "code": status});
        Self::json(status, &status_object)
    }

    /// The same with a body that is shorter than JSON can be.
    pub(super) fn truncated(mut self) -> Self {
        let half = self.body.len() / 2;
        self.body.truncate(half);
        self
    }

    pub(super) fn write(&self, stream: &mut TcpStream) -> std::io::Result<()> {
        let headers: String = self
            .headers
            .iter()
            .map(|header| format!("{header}\r\n"))
            .collect();
        let kind = if self.body.first() == Some(&b'{') {
            "application/json"
        } else {
            "text/plain"
        };
        let head = format!(
            "HTTP/1.1 {} X\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n{headers}\r\n",
            self.status,
            self.body.len()
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(&self.body)
    }
}

pub(super) fn begin_chunks(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
    )
}

pub(super) fn chunk(stream: &mut TcpStream, data: &[u8]) -> std::io::Result<()> {
    stream.write_all(format!("{:x}\r\n", data.len()).as_bytes())?;
    stream.write_all(data)?;
    stream.write_all(b"\r\n")
}

pub(super) fn end_chunks(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"0\r\n\r\n")
}
