//! Bodies: a request's in memory, up to a limit; an answer's in pieces, as they are made.

use std::convert::Infallible;
use std::io::Read as _;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body as _, Frame};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::problem::Problem;

/// How a body is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Gzip,
    /// The zlib format, by whose algorithm HTTP calls it.
    Deflate,
}

impl Coding {
    const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        }
    }

    /// Reads the header Content-Encoding; none for a body that is not packed.
    ///
    /// # Errors
    /// 415 for any other coding, and for more than one.
    fn of(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        let mut found = None;
        for value in headers.get_all(CONTENT_ENCODING) {
            let text = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
            for name in text.split(',').map(str::trim) {
                let coding = match name {
                    "" | "identity" => continue,
                    "gzip" | "x-gzip" => Self::Gzip,
                    "deflate" => Self::Deflate,
                    _ => return Err(unknown_coding()),
                };
                if found.replace(coding).is_some() {
                    return Err(unknown_coding());
                }
            }
        }
        Ok(found)
    }

    fn unpack(self, packed: &[u8], most: usize) -> Result<Bytes, Problem> {
        let mut plain = Vec::new();
        let limit = most as u64 + 1;
        // No further than the limit: a kilobyte may stand for a gigabyte.
        let read = match self {
            Self::Gzip => MultiGzDecoder::new(packed)
                .take(limit)
                .read_to_end(&mut plain),
            Self::Deflate => ZlibDecoder::new(packed).take(limit).read_to_end(&mut plain),
        };
        if plain.len() > most {
            return Err(Problem::too_large(most));
        }
        match read {
            Ok(_) => Ok(plain.into()),
            Err(_) => Err(Problem::malformed(format!(
                "The body is not whole {} data, as its Content-Encoding says.",
                self.name()
            ))),
        }
    }
}

fn unknown_coding() -> Problem {
    let detail = "The Content-Encoding of a body is gzip or deflate, one alone, or none.";
    // RFC 9110, 15.5.16: the answer names what would be taken.
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media_type", detail)
        .header(ACCEPT_ENCODING, HeaderValue::from_static("gzip, deflate"))
}

/// Refuses a body that is packed: for those that read it piece by piece.
///
/// # Errors
/// 415 if it is packed.
pub fn must_be_plain(headers: &HeaderMap) -> Result<(), Problem> {
    match Coding::of(headers)? {
        None => Ok(()),
        Some(coding) => {
            let name = coding.name();
            let detail = format!("A stream of lines is not taken as {name}: send it as it is.");
            Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "media_type",
                detail,
            ))
        }
    }
}

/// Reads a body to its end, and unpacks it as its head says.
///
/// # Errors
/// 413 if it is larger than `most` bytes, packed or unpacked: at once where its length is announced.
/// 400 if it ends early, its chunks are broken, or it is not packed as the head says; 415 if it is
/// packed otherwise.
pub async fn whole(headers: &HeaderMap, body: Body, most: usize) -> Result<Bytes, Problem> {
    let coding = Coding::of(headers)?;
    if body.size_hint().lower() > most as u64 {
        return Err(Problem::too_large(most));
    }
    let bytes = match Limited::new(body, most).collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Err(Problem::too_large(most)),
        Err(_) => {
            let detail = "The body ends early, or its chunks are broken.";
            return Err(Problem::malformed(detail));
        }
    };
    match coding {
        None => Ok(bytes),
        Some(coding) => coding.unpack(&bytes, most),
    }
}

/// Makes a body of the pieces that are sent. At most `waiting` pieces wait for the peer to take
/// them; then sending waits, too. It fails once the peer has gone.
pub fn pieces(waiting: usize) -> (Sender<Bytes>, Body) {
    let (sender, receiver) = channel(waiting);
    (sender, Body::new(Pieces(receiver)))
}

struct Pieces(Receiver<Bytes>);

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.0.poll_recv(cx);
        piece.map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed_as(coding: &str) -> HeaderMap {
        let value = HeaderValue::from_str(coding).expect("a header");
        HeaderMap::from_iter([(CONTENT_ENCODING, value)])
    }

    #[tokio::test]
    async fn a_body_may_be_as_long_as_the_limit_and_no_longer() {
        let plain = HeaderMap::new();
        assert_eq!(
            whole(&plain, Body::from("12345"), 5).await,
            Ok(Bytes::from("12345"))
        );
        assert_eq!(
            whole(&plain, Body::from("123456"), 5).await,
            Err(Problem::too_large(5))
        );
        // A stream does not say how long it will be.
        let error = whole(&plain, Body::new(Frames(3)), 5).await;
        assert_eq!(error.expect_err("too long").status, 413);
    }

    #[tokio::test]
    async fn a_packed_body_is_unpacked_within_the_limit() {
        // printf hello | gzip -n; python3 -c 'import zlib;zlib.compress(b"hello")' (zlib 1.2.13).
        let gzip =
            b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xcb\x48\xcd\xc9\xc9\x07\0\x86\xa6\x10\x36\x05\0\0\0";
        let zlib = b"\x78\x9c\xcb\x48\xcd\xc9\xc9\x07\0\x06\x2c\x02\x15";
        for (coding, packed) in [
            ("gzip", &gzip[..]),
            ("X-GZip", gzip),
            ("identity, gzip", gzip),
            ("deflate", zlib),
        ] {
            let headers = packed_as(coding);
            let body = || Body::from(packed.to_vec());
            let hello = whole(&headers, body(), 100).await;
            assert_eq!(hello, Ok(Bytes::from("hello")), "{coding}");
            let cut = Body::from(packed[..packed.len() - 3].to_vec());
            let error = whole(&headers, cut, 100).await.expect_err(coding);
            assert_eq!(error.status, 400, "{coding}");
        }
        // Two members are one text (RFC 1952, 2.2).
        let twice = Body::from([&gzip[..], gzip].concat());
        let both = whole(&packed_as("gzip"), twice, 100).await;
        assert_eq!(both, Ok(Bytes::from("hellohello")));
        // Fewer packed bytes than the limit, and more unpacked.
        let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut bomb, &vec![b' '; 1 << 20]).expect("to memory");
        let bomb = bomb.finish().expect("to memory");
        assert!(bomb.len() < 2_000, "{}", bomb.len());
        let error = whole(&packed_as("gzip"), Body::from(bomb), 100_000).await;
        assert_eq!(error.expect_err("a bomb").status, 413);
        for coding in ["br", "gzip, gzip", "zstd", "gzip, br"] {
            let error = whole(&packed_as(coding), Body::from("x"), 100).await;
            assert_eq!(error.expect_err(coding).status, 415, "{coding}");
        }
    }

    /// So many frames of two bytes.
    struct Frames(usize);

    impl hyper::body::Body for Frames {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
            let left = self.0;
            self.0 = left.saturating_sub(1);
            let frame = hyper::body::Frame::data(Bytes::from_static(b"ab"));
            std::task::Poll::Ready((left > 0).then_some(Ok(frame)))
        }
    }
}
