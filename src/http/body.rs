//! Bodies: a request's in memory, up to a limit; an answer's in pieces, as they are made.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body as _, Frame};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::problem::Problem;

/// Reads a body to its end.
///
/// # Errors
/// 413 if it is larger than `most` bytes: at once where its length is announced. 400 if it ends
/// early or its chunks are broken.
pub async fn whole(body: Body, most: usize) -> Result<Bytes, Problem> {
    if body.size_hint().lower() > most as u64 {
        return Err(Problem::too_large(most));
    }
    match Limited::new(body, most).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Problem::too_large(most)),
        Err(_) => Err(Problem::malformed(
            "The body ends early, or its chunks are broken.",
        )),
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

    #[tokio::test]
    async fn a_body_may_be_as_long_as_the_limit_and_no_longer() {
        assert_eq!(
            whole(Body::from("12345"), 5).await,
            Ok(Bytes::from("12345"))
        );
        assert_eq!(
            whole(Body::from("123456"), 5).await,
            Err(Problem::too_large(5))
        );
        // A stream does not say how long it will be.
        let error = whole(Body::new(Frames(3)), 5).await.expect_err("too long");
        assert_eq!(error.status, 413);
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
