//! A body that never ends, line by line: watches and logs.

use std::collections::VecDeque;
use std::time::Duration;

use http_body_util::BodyExt as _;
use kube::client::Body;

/// A longer line is handed out in pieces: a log line may be as long as somebody likes.
const LONGEST: usize = 1 << 20;

/// The lines of a body.
pub(super) struct Lines {
    body: Body,
    rest: Vec<u8>,
    ready: VecDeque<String>,
    longest: usize,
}

impl Lines {
    pub(super) const fn of(body: Body) -> Self {
        Self {
            body,
            rest: Vec::new(),
            ready: VecDeque::new(),
            longest: LONGEST,
        }
    }

    /// The same with room for larger lines: one object of a watch is a line.
    pub(super) const fn of_objects(body: Body) -> Self {
        let mut lines = Self::of(body);
        lines.longest = 16 * LONGEST;
        lines
    }

    /// Returns the next line without its end; none at the end of the body, when the connection
    /// breaks, and when nothing comes for `idle`: whoever reads begins anew and knows more.
    pub(super) async fn next(&mut self, idle: Duration) -> Option<String> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Some(line);
            }
            let frame = tokio::time::timeout(idle, self.body.frame()).await;
            match frame {
                Ok(Some(Ok(frame))) => {
                    if let Some(data) = frame.data_ref() {
                        split(&mut self.rest, data, self.longest, &mut self.ready);
                    }
                }
                Ok(Some(Err(_)) | None) | Err(_) => {
                    let rest = std::mem::take(&mut self.rest);
                    return (!rest.is_empty()).then(|| String::from_utf8_lossy(&rest).into_owned());
                }
            }
        }
    }
}

fn split(rest: &mut Vec<u8>, data: &[u8], longest: usize, ready: &mut VecDeque<String>) {
    for piece in data.split_inclusive(|byte| *byte == b'\n') {
        rest.extend_from_slice(piece);
        let is_whole = rest.last() == Some(&b'\n');
        if is_whole || rest.len() >= longest {
            let line = std::mem::take(rest);
            let text = String::from_utf8_lossy(&line);
            ready.push_back(text.trim_end_matches(['\n', '\r']).to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_however_the_bytes_are_cut() {
        let text = "one\ntwo\r\n\nthr\u{e9}e";
        for step in 1..text.len() {
            let (mut rest, mut ready) = (Vec::new(), VecDeque::new());
            for data in text.as_bytes().chunks(step) {
                split(&mut rest, data, 100, &mut ready);
            }
            assert_eq!(ready, ["one", "two", ""]);
            assert_eq!(rest, "thr\u{e9}e".as_bytes());
        }
    }

    #[test]
    fn a_line_without_end_comes_in_pieces() {
        let (mut rest, mut ready) = (Vec::new(), VecDeque::new());
        for _ in 0..25 {
            split(&mut rest, b"x", 10, &mut ready);
        }
        assert_eq!((ready.len(), rest.len()), (2, 5));
    }
}
