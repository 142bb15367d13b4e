//! Predictions as they are kept until their labels come: in the order of their keys, each member by itself, which
//! packs best. What cannot be joined is counted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::counts::PredictionCounts;
use super::record::PredictionRecord;

/// A prediction that is to be kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Taken {
    key: Box<[u8]>,
    pub(super) time: i64,
    score: Box<[u8]>,
    segments: Box<[u32]>,
}

impl Taken {
    pub(super) fn of(prediction: &PredictionRecord<'_>) -> Self {
        Self {
            key: prediction.key.into(),
            time: prediction.time,
            score: prediction.score.into(),
            segments: prediction.segments.numbers().collect(),
        }
    }
}

/// What stands before the predictions.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    /// All of them, and those that cannot be joined by why.
    counts: PredictionCounts,
    /// The segments that they are of: the number of the cut, and the name.
    segments: Vec<(usize, String)>,
    /// How many follow.
    predictions: usize,
    /// Bytes of keys, times, scores and segments.
    bytes: [usize; 4],
}

/// Kept predictions that are being read.
pub(super) struct Kept<'a> {
    pub(super) counts: PredictionCounts,
    pub(super) segments: Vec<(usize, String)>,
    left: usize,
    keys: &'a [u8],
    times: &'a [u8],
    scores: &'a [u8],
    numbers: &'a [u8],
    key: Vec<u8>,
    time: i64,
}

/// A kept prediction.
pub(super) struct KeptPrediction<'a> {
    pub(super) key: &'a [u8],
    pub(super) time: i64,
    pub(super) score: &'a [u8],
    /// Numbers in [`Kept::segments`].
    pub(super) segments: Vec<u32>,
}

impl<'a> Kept<'a> {
    /// Writes predictions; `name` knows their segments.
    pub(super) fn write(
        counts: &PredictionCounts,
        mut taken: Vec<Taken>,
        name: &dyn Fn(u32) -> Option<(usize, String)>,
    ) -> Vec<u8> {
        taken.sort_unstable();
        let mut known: BTreeMap<u32, usize> = BTreeMap::new();
        let mut segments = Vec::new();
        let [mut keys, mut times, mut scores, mut numbers] = [const { Vec::new() }; 4];
        let (mut key, mut time): (&[u8], i64) = (&[], 0);
        for one in &taken {
            let pairs = key.iter().zip(&one.key);
            let shared = pairs.take_while(|(mine, theirs)| mine == theirs).count();
            put(&mut keys, shared as u64);
            put(&mut keys, (one.key.len() - shared) as u64);
            keys.extend_from_slice(&one.key[shared..]);
            put(&mut times, zigzag(one.time.wrapping_sub(time)));
            put(&mut scores, one.score.len() as u64);
            scores.extend_from_slice(&one.score);
            put(&mut numbers, one.segments.len() as u64);
            for segment in &one.segments {
                let number = *known.entry(*segment).or_insert_with(|| {
                    segments.extend(name(*segment));
                    segments.len().saturating_sub(1)
                });
                put(&mut numbers, number as u64);
            }
            (key, time) = (&one.key, one.time);
        }
        let head = Head {
            counts: *counts,
            segments,
            predictions: taken.len(),
            bytes: [keys.len(), times.len(), scores.len(), numbers.len()],
        };
        // Texts and integers: this cannot fail.
        let mut bytes = serde_json::to_vec(&head).unwrap_or_default();
        bytes.push(b'\n');
        for mut part in [keys, times, scores, numbers] {
            bytes.append(&mut part);
        }
        bytes
    }

    /// Looks at what [`Kept::write`] wrote; none if it is something else.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let head: Head = serde_json::from_slice(&bytes[..end]).ok()?;
        let [keys, times, scores, numbers] = head.bytes;
        let (keys, rest) = bytes[end + 1..].split_at_checked(keys)?;
        let (times, rest) = rest.split_at_checked(times)?;
        let (scores, rest) = rest.split_at_checked(scores)?;
        (rest.len() == numbers).then_some(Self {
            counts: head.counts,
            segments: head.segments,
            left: head.predictions,
            keys,
            times,
            scores,
            numbers: rest,
            key: Vec::new(),
            time: 0,
        })
    }

    /// Returns the next prediction, none after the last.
    ///
    /// # Errors
    /// Fails if the bytes are not what was written.
    pub(super) fn next(&mut self) -> Result<Option<KeptPrediction<'_>>, ()> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        self.read_next().map(Some).ok_or(())
    }

    fn read_next(&mut self) -> Option<KeptPrediction<'_>> {
        let shared = length(&mut self.keys)?;
        let own = length(&mut self.keys)?;
        if shared > self.key.len() {
            return None;
        }
        self.key.truncate(shared);
        self.key.extend_from_slice(take(&mut self.keys, own)?);
        self.time = self.time.wrapping_add(unzigzag(number(&mut self.times)?));
        let score = length(&mut self.scores)?;
        let score = take(&mut self.scores, score)?;
        let count = length(&mut self.numbers)?;
        let mut segments = Vec::new();
        for _ in 0..count {
            segments.push(u32::try_from(number(&mut self.numbers)?).ok()?);
        }
        Some(KeptPrediction {
            key: &self.key,
            time: self.time,
            score,
            segments,
        })
    }
}

const fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

const fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

/// Writes a number, seven bits a byte.
fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn length(bytes: &mut &[u8]) -> Option<usize> {
    number(bytes)?.try_into().ok()
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (part, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(part)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(number: u32) -> Option<(usize, String)> {
        Some((number as usize % 2, format!("segment {number}")))
    }

    fn read(bytes: &[u8]) -> Result<Vec<Taken>, ()> {
        let mut kept = Kept::read(bytes).ok_or(())?;
        let segments = kept.segments.clone();
        let mut all = Vec::new();
        while let Some(one) = kept.next()? {
            let number = |local: &u32| {
                let (_, name) = segments.get(*local as usize).ok_or(())?;
                name["segment ".len()..].parse().map_err(drop)
            };
            let numbers: Result<Vec<u32>, ()> = one.segments.iter().map(number).collect();
            all.push(Taken {
                key: one.key.into(),
                time: one.time,
                score: one.score.into(),
                segments: numbers?.into(),
            });
        }
        Ok(all)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_kept_comes_back_in_order_and_cut_short_it_does_not(
            all in proptest::collection::vec(
                ("[ab]{0,6}", any::<i64>(), "[0-9.]{0,8}", proptest::collection::vec(0_u32..5, 0..3)),
                0..40,
            ),
            cut in 1_usize..40,
        ) {
            let mut all: Vec<Taken> = all
                .into_iter()
                .map(|(key, time, score, segments)| Taken {
                    key: key.into_bytes().into(),
                    time,
                    score: score.into_bytes().into(),
                    segments: segments.into(),
                })
                .collect();
            let bytes = Kept::write(&PredictionCounts::default(), all.clone(), &name);
            all.sort_unstable();
            prop_assert_eq!(read(&bytes), Ok(all));
            let end = bytes.len().saturating_sub(cut);
            prop_assert_eq!(read(&bytes[..end]), Err(()));
        }
    }
}
