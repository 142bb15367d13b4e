//! A request's body in memory, up to a limit. Bodies that stream are read by whom they are for.

use axum::body::{Body, Bytes};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body as _;

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
