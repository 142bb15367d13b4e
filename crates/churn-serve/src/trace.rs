//! Which request is which: a request id, and the trace of W3C Trace Context that it belongs to.

use std::cell::Cell;
use std::hash::{BuildHasher, Hasher, RandomState};

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use churn_base::hex::hex;

/// The header with the request id, both ways.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: &str = "traceparent";
/// Longest request id that is kept.
const LONGEST: usize = 128;

/// Names a request, among the request's extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trace {
    /// The client's id, or one of ours.
    pub(super) request_id: HeaderValue,
    /// The trace that the client is in.
    pub(super) parent: Option<Parent>,
}

/// What `traceparent` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parent {
    pub(super) trace_id: [u8; 16],
    /// For those who send spans.
    pub(super) span_id: [u8; 8],
    pub(super) sampled: bool,
}

impl Trace {
    /// Reads the headers. What is not an id or no traceparent is as if it weren't there.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let theirs = headers.get(&REQUEST_ID).filter(|id| is_id(id.as_bytes()));
        Self {
            request_id: theirs.cloned().unwrap_or_else(new_id),
            parent: headers
                .get(TRACEPARENT)
                .and_then(|value| value.to_str().ok())
                .and_then(Parent::parse),
        }
    }

    /// Returns the id as text.
    pub(super) fn id(&self) -> &str {
        self.request_id.to_str().unwrap_or_default()
    }

    /// Returns the id of the trace, if there is one.
    pub(super) fn trace_id(&self) -> Option<String> {
        self.parent.map(|parent| hex(&parent.trace_id))
    }
}

fn is_id(bytes: &[u8]) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(byte);
    (1..=LONGEST).contains(&bytes.len()) && bytes.iter().all(allowed)
}

fn new_id() -> HeaderValue {
    HeaderValue::from_str(&hex(&random().to_be_bytes()))
        .unwrap_or_else(|_| HeaderValue::from_static("none"))
}

/// Returns bits that are unlikely to come again: to tell requests apart, not to keep secrets.
pub(super) fn random() -> u64 {
    thread_local! {
        static STATE: Cell<u64> = Cell::new(RandomState::new().build_hasher().finish());
    }
    // splitmix64, from a state that the standard library seeds anew for each thread.
    STATE.with(|state| {
        let next = state.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        state.set(next);
        let mut bits = next;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    })
}

/// Returns a number from 0 to below 1, no two alike.
pub(super) fn random_share() -> f64 {
    (random() >> 11) as f64 / (1_u64 << 53) as f64
}

impl Parent {
    /// Reads `00-TRACE-SPAN-FLAGS`; later versions may have more behind it.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().split('-');
        let (version, trace, span, flags) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let [version] = bytes::<1>(version)?;
        if version == 0xff || (version == 0 && parts.next().is_some()) {
            return None;
        }
        let (trace_id, span_id) = (bytes::<16>(trace)?, bytes::<8>(span)?);
        let [flags] = bytes::<1>(flags)?;
        let known = trace_id != [0; 16] && span_id != [0; 8];
        known.then_some(Self {
            trace_id,
            span_id,
            sampled: flags & 1 == 1,
        })
    }
}

fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

/// Returns the name that the request was given.
pub(super) fn trace_of(request: &Request) -> Trace {
    let given = request.extensions().get::<Trace>().cloned();
    given.unwrap_or_else(|| Trace::of(request.headers()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        let value = HeaderValue::from_str(value).expect("a value");
        HeaderMap::from_iter([(HeaderName::from_static(name), value)])
    }

    #[test]
    fn a_sound_request_id_is_kept_and_any_other_replaced() {
        let kept = Trace::of(&headers("x-request-id", "order-17/a"));
        assert_eq!(kept.id(), "order-17/a");
        for bad in ["", "a b", "a\"b", &"x".repeat(129)] {
            let ours = Trace::of(&headers("x-request-id", bad));
            assert_eq!(ours.id().len(), 16, "{bad:?}");
        }
        let (one, other) = (Trace::of(&HeaderMap::new()), Trace::of(&HeaderMap::new()));
        assert_ne!(one.request_id, other.request_id);
    }

    #[test]
    fn a_traceparent_is_read_as_its_standard_says() {
        // The examples of W3C Trace Context, 3.2.2.
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let parent = Parent::parse(text).expect("valid");
        assert_eq!(hex(&parent.trace_id), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(hex(&parent.span_id), "00f067aa0ba902b7");
        assert!(parent.sampled);
        let trace = Trace::of(&headers("traceparent", text));
        assert_eq!(
            trace.trace_id().as_deref(),
            Some("4bf92f3577b34da6a3ce929d0e0e4736")
        );
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        ] {
            assert_eq!(Parent::parse(bad), None, "{bad}");
        }
        let later = "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00-x";
        assert!(Parent::parse(later).is_some_and(|parent| !parent.sampled));
    }
}
