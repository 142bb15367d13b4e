//! Bytes of a history, compressed with a checksum.

use std::io::{self, Read, Write};

/// Counts are written once and read every day: a few more milliseconds for a tenth less.
const LEVEL: i32 = 12;
/// Predictions are many and kept for weeks: a tenth of the time for a few percent more.
const FAST: i32 = 3;
/// Most bytes that are unpacked at once.
const MOST_BYTES: u64 = 1 << 30;

/// Compresses what is kept.
pub(super) fn pack(bytes: &[u8]) -> io::Result<Vec<u8>> {
    pack_at(bytes, LEVEL)
}

/// As [`pack`], sooner and a little larger.
pub(super) fn pack_fast(bytes: &[u8]) -> io::Result<Vec<u8>> {
    pack_at(bytes, FAST)
}

fn pack_at(bytes: &[u8], level: i32) -> io::Result<Vec<u8>> {
    let mut encoder = zstd::Encoder::new(Vec::new(), level)?;
    encoder.include_checksum(true)?;
    // Without their number it makes room for the largest window there is: 47 MB for a piece of some KB.
    encoder.set_pledged_src_size(Some(bytes.len() as u64))?;
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// The way back.
pub(super) fn unpack(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut whole = Vec::new();
    let decoder = zstd::Decoder::new(bytes)?;
    decoder.take(MOST_BYTES + 1).read_to_end(&mut whole)?;
    match whole.len() as u64 > MOST_BYTES {
        true => Err(churn_base::files::too_large(MOST_BYTES)),
        false => Ok(whole),
    }
}
