//! Puts the kept pieces together as if all sources had been read now.

use std::collections::BTreeMap;

use churn_base::error::Result;
use churn_base::hex::hex;
use churn_base::threads::{available, in_order};
use sha2::{Digest, Sha256};

use super::folder::History;
use super::source::{PieceEntry, Source};
use super::sums::Sums;
use crate::profile::{
    Cut, CutPieces, Grouped, HeaderRows, Piece, SegmentPlans, TimesRead, grouped_sha256,
};

/// A piece as it is kept: by each of its sources, in their order.
type Parts<'a> = Vec<(usize, &'a PieceEntry)>;

impl History {
    /// Puts together the pieces that begin at `from` or later, all if none, and returns them with the SHA-256 of
    /// all pieces. `now` is the present, in seconds since 1970.
    ///
    /// # Errors
    /// 65 if a file of the history is damaged.
    pub fn grouped(
        &mut self,
        plans: &SegmentPlans,
        from: Option<i64>,
        now: i64,
    ) -> Result<(Grouped, String)> {
        let mut sums = Sums::default();
        let mut sources: Vec<&(usize, Source)> = self.kept.values().collect();
        // As a folder is read: what is called first is the first in this order.
        sources.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
        let mut parts: BTreeMap<i64, Parts<'_>> = BTreeMap::new();
        for (segment, source) in &sources {
            for piece in &source.pieces {
                parts
                    .entry(piece.start)
                    .or_default()
                    .push((*segment, piece));
            }
        }
        let mut pieces = BTreeMap::new();
        let of_cut = |cut: &Cut| CutPieces {
            cut: cut.clone(),
            segments: BTreeMap::new(),
        };
        let mut cuts: Vec<CutPieces> = plans.cuts().iter().map(of_cut).collect();
        let mut digests = BTreeMap::new();
        let all: Vec<(&i64, &Parts<'_>)> = parts.iter().collect();
        let together = |at: usize| -> Result<(Option<Piece>, String)> {
            let (start, parts) = all[at];
            let is_wanted = from.is_none_or(|from| *start >= from);
            match self.sum(*start, parts) {
                Some(known) if !is_wanted => Ok((None, known)),
                known => {
                    let counted = self.together(plans, parts)?;
                    let digest = known.unwrap_or_else(|| counted.counts_sha256());
                    Ok((is_wanted.then_some(counted), digest))
                }
            }
        };
        let read = in_order(available(), all.len(), together);
        for ((start, parts), read) in all.into_iter().zip(read) {
            let (counted, digest) = read?;
            if parts.len() > 1 {
                sums.insert(*start, (made_of(parts), digest.clone()));
            }
            digests.insert(*start, digest);
            let Some(counted) = counted else { continue };
            pieces.insert(*start, counted.whole);
            for (cut, segments) in cuts.iter_mut().zip(counted.cuts) {
                for (name, counted) in segments {
                    let segment = cut.segments.entry(name).or_default();
                    segment.insert(*start, counted);
                }
            }
        }
        let of_all = sources.iter().map(|(_, source)| source);
        let rows = of_all.clone().map(|source| source.rows).sum();
        let mut times = TimesRead::default();
        of_all
            .clone()
            .for_each(|source| times.add(&source.times_read()));
        let grouped = Grouped {
            pieces,
            first: parts.keys().next().copied(),
            cuts,
            now,
            times,
            rows,
            blank_lines: of_all.clone().map(|source| source.blank_lines).sum(),
            header_rows: HeaderRows {
                count: of_all.clone().map(|source| source.header_rows).sum(),
                first: of_all.clone().find_map(Source::first_header_row),
            },
        };
        if sums != self.sums {
            sums.keep(&self.folder);
            self.sums = sums;
        }
        let digest = grouped_sha256(&digests, rows);
        Ok((grouped, digest))
    }

    fn together(&self, plans: &SegmentPlans, parts: &Parts<'_>) -> Result<Piece> {
        let read = parts
            .iter()
            .map(|(at, piece)| self.segments[*at].piece(piece));
        plans.merged(read.collect::<Result<Vec<_>>>()?)
    }

    /// Returns the digest of a piece, if it is known without a look at it.
    fn sum(&self, start: i64, parts: &Parts<'_>) -> Option<String> {
        if let [(_, only)] = parts.as_slice() {
            return Some(only.sha256.clone());
        }
        self.sums.of(start, &made_of(parts))
    }
}

fn made_of(parts: &Parts<'_>) -> String {
    let mut hash = Sha256::new();
    for (_, piece) in parts {
        hash.update(&piece.sha256);
    }
    hex(&hash.finalize())
}
