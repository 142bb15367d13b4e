//! Bytes of an object: as a stream that reads ahead within bounds, or a range at a time.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::mpsc::{Receiver, sync_channel};

use bytes::Bytes;
use object_store::{GetOptions, GetRange};
use tokio::task::JoinHandle;

use super::objects::{Object, failed, runtime, wait};

/// Bytes of the first requests: headers are short, and few of the bytes after them may be wanted.
const FIRST: u64 = 256 << 10;
/// Bytes of all later ones.
const BLOCK: u64 = 4 << 20;
/// Requests under way.
const AHEAD: usize = 4;

impl Object {
    /// Reads all bytes from a position on.
    pub(super) fn read_from(&self, position: u64) -> ObjectFrom {
        ObjectFrom {
            object: self.clone(),
            next: position,
            block: FIRST,
            under_way: VecDeque::new(),
            current: Bytes::new(),
        }
    }

    /// Reads the bytes of a range.
    pub(super) fn range(&self, range: Range<u64>) -> io::Result<Bytes> {
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        wait(self.get(range)).map_err(io::Error::other)?
    }

    /// Asks for a range of the object that was looked up, and of no other one that may be there now.
    fn get(&self, range: Range<u64>) -> impl Future<Output = io::Result<Bytes>> + Send + 'static {
        let Self {
            store,
            key,
            e_tag,
            shown,
            ..
        } = self.clone();
        async move {
            let length = range.end - range.start;
            let options = GetOptions {
                range: Some(GetRange::Bounded(range)),
                if_match: e_tag.clone(),
                ..GetOptions::default()
            };
            let said = |error| io::Error::other(failed(&shown, &error));
            let got = store.get_opts(&key, options).await.map_err(said)?;
            // Some stores do not know If-Match.
            if e_tag.is_some() && got.meta.e_tag != e_tag {
                let (path, source) = (shown.clone(), "another ETag".into());
                return Err(said(object_store::Error::Precondition { path, source }));
            }
            let bytes = got.bytes().await.map_err(said)?;
            if bytes.len() as u64 != length {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            Ok(bytes)
        }
    }
}

/// A request under way.
struct Block {
    receiver: Receiver<io::Result<Bytes>>,
    task: JoinHandle<()>,
}

impl Drop for Block {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Reads an object from a position on, some blocks ahead of whoever reads.
pub(super) struct ObjectFrom {
    object: Object,
    next: u64,
    block: u64,
    under_way: VecDeque<Block>,
    current: Bytes,
}

impl ObjectFrom {
    fn ask(&mut self) -> io::Result<()> {
        let end = (self.next + self.block).min(self.object.size);
        let get = self.object.get(self.next..end);
        let (sender, receiver) = sync_channel(1);
        let task = runtime().map_err(io::Error::other)?.spawn(async move {
            let _ = sender.send(get.await);
        });
        self.under_way.push_back(Block { receiver, task });
        self.next = end;
        Ok(())
    }
}

impl Read for ObjectFrom {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() && !buffer.is_empty() {
            // The first block comes alone: many readers want no more than that.
            let ahead = if self.block == FIRST { 1 } else { AHEAD };
            while self.under_way.len() < ahead && self.next < self.object.size {
                self.ask()?;
            }
            let Some(block) = self.under_way.pop_front() else {
                return Ok(0);
            };
            let gone = |_| io::Error::other("a request to an object store was dropped");
            self.current = block.receiver.recv().map_err(gone)??;
            self.block = BLOCK;
        }
        let count = self.current.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.current.split_to(count));
        Ok(count)
    }
}
