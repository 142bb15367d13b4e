//! What the HTTP library refuses by itself, before any of our code hears of it: heads that are no
//! HTTP, too long, or of two lengths. It answers with a bare status; here that gets the body that
//! every other refusal has.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::problem::{MEDIA_TYPE, Problem};

/// Longest head that is looked at: the library's own are half as long.
const LONGEST: usize = 512;
/// What only the library's own refusals say: ours have bodies.
const BARE: &str = "content-length: 0\r\n";

/// A stream that gives bare refusals a body.
pub(super) struct Worded<S> {
    inner: S,
    /// What is still to be written in the place of a bare refusal.
    worded: Vec<u8>,
}

impl<S> Worded<S> {
    pub(super) const fn new(inner: S) -> Self {
        Self {
            inner,
            worded: Vec::new(),
        }
    }
}

/// Returns the refusal with a body if these bytes are one without.
///
/// No bytes of an answer of ours look like that: JSON has no line breaks inside its texts.
fn worded(bytes: &[u8]) -> Option<Vec<u8>> {
    if !bytes.starts_with(b"HTTP/1.") || bytes.get(9) != Some(&b'4') || bytes.len() > LONGEST {
        return None;
    }
    let head = std::str::from_utf8(bytes).ok()?.strip_suffix("\r\n\r\n")?;
    let head = format!("{head}\r\n");
    if head.contains("\r\n\r\n") || !head.contains(BARE) {
        return None;
    }
    let status = StatusCode::from_bytes(head.as_bytes().get(9..12)?).ok()?;
    let detail = match status {
        StatusCode::URI_TOO_LONG => "The path is too long.",
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => "The headers are too large, or too many.",
        _ => "This is not an HTTP request that can be read in one way alone.",
    };
    let code = match status {
        StatusCode::BAD_REQUEST => "malformed",
        _ => "too_large",
    };
    let body = Problem::new(status, code, detail).to_json().to_string() + "\n";
    let length = body.len();
    let headers = format!("content-type: {MEDIA_TYPE}\r\ncontent-length: {length}\r\n");
    Some(format!("{}\r\n{body}", head.replace(BARE, &headers)).into_bytes())
}

impl<S: AsyncRead + Unpin> AsyncRead for Worded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Worded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if this.worded.is_empty() {
            match worded(bytes) {
                Some(worded) => this.worded = worded,
                None => return Pin::new(&mut this.inner).poll_write(cx, bytes),
            }
        }
        // Until all of it is out the library comes back with the same bytes.
        while !this.worded.is_empty() {
            let written = ready!(Pin::new(&mut this.inner).poll_write(cx, &this.worded))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            this.worded.drain(..written);
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        // A bare refusal has nothing but its head.
        match slices {
            [head, rest @ ..] if rest.iter().all(|slice| slice.is_empty()) => {
                self.poll_write(cx, head)
            }
            _ => Pin::new(&mut self.inner).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    const REFUSED: &str =
        "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\ndate: now\r\n\r\n";

    #[tokio::test]
    async fn a_bare_refusal_gets_a_body_and_all_else_stays() {
        for (bytes, is_worded) in [
            (REFUSED, true),
            ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", false),
            (
                "HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}",
                false,
            ),
            ("{\"a\": \"HTTP/1.1 400 content-length: 0\"}", false),
        ] {
            // A pipe that takes a few bytes at a time.
            let (near, mut far) = tokio::io::duplex(7);
            let reading = tokio::spawn(async move {
                let mut text = String::new();
                tokio::io::AsyncReadExt::read_to_string(&mut far, &mut text)
                    .await
                    .expect("UTF-8");
                text
            });
            let mut near = Worded::new(near);
            near.write_all(bytes.as_bytes()).await.expect("written");
            drop(near);
            let text = reading.await.expect("no panic");
            if !is_worded {
                assert_eq!(text, bytes);
                continue;
            }
            let (head, body) = text.split_once("\r\n\r\n").expect("a head");
            assert!(head.contains("\r\nconnection: close\r\n"), "{head}");
            let length = format!("content-length: {}\r\n", body.len());
            assert!(head.contains(&length), "{head}");
            let json: serde_json::Value = serde_json::from_str(body).expect("JSON");
            assert_eq!(
                (json["status"].as_u64(), &json["code"]),
                (Some(400), &"malformed".into())
            );
        }
    }
}
