//! A piece of time with its segments in the form in which a history keeps it: the counts of all rows, and behind them
//! those of each segment. A piece without segments is its counts alone, as before there were any.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::count_plan::{CountPlan, Counted};
use super::digest::piece_sha256;
use super::kept::BadPiece;
use super::pieces::Grouped;
use super::segment_plans::SegmentPlans;

/// What was counted in a piece of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// All rows of it.
    pub whole: Counted,
    /// Its segments by name, for each way to cut.
    pub cuts: Vec<BTreeMap<String, Counted>>,
}

/// Names of segments with the length of their bytes, for each way to cut. The whole comes first.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    whole: usize,
    cuts: Vec<Vec<(String, usize)>>,
}

impl Grouped {
    /// Returns a piece with its segments; none if there is no such one.
    #[must_use]
    pub fn piece(&self, start: i64) -> Option<Piece> {
        let cuts = self.cuts.iter().map(|cut| {
            let of_piece = |(name, pieces): (&String, &BTreeMap<i64, Counted>)| {
                Some((name.clone(), pieces.get(&start)?.clone()))
            };
            cut.segments.iter().filter_map(of_piece).collect()
        });
        Some(Piece {
            whole: self.pieces.get(&start)?.clone(),
            cuts: cuts.collect(),
        })
    }
}

impl Piece {
    /// Returns the SHA-256 of all that was counted in it.
    #[must_use]
    pub fn counts_sha256(&self) -> String {
        piece_sha256(
            self.whole.part_sha256(),
            self.cuts.iter().map(|segments| {
                let digest = |(name, one): (&String, &Counted)| (name.clone(), one.part_sha256());
                segments.iter().map(digest).collect()
            }),
        )
    }

    /// Writes what was counted, but for blank lines and headers, which are not those of a piece.
    #[must_use]
    pub fn to_kept(&self) -> Vec<u8> {
        let whole = self.whole.to_kept();
        if self.cuts.is_empty() {
            return whole;
        }
        let mut contents = Contents {
            whole: whole.len(),
            cuts: Vec::new(),
        };
        let mut bytes = whole;
        for segments in &self.cuts {
            let mut names = Vec::new();
            for (name, counted) in segments {
                let before = bytes.len();
                bytes.extend(counted.to_kept());
                names.push((name.clone(), bytes.len() - before));
            }
            contents.cuts.push(names);
        }
        // Texts and lengths: this cannot fail.
        let mut all = serde_json::to_vec(&contents).unwrap_or_default();
        all.push(b'\n');
        all.append(&mut bytes);
        all
    }

    /// Reads back what [`Piece::to_kept`] wrote of a piece that was, or was not, cut.
    ///
    /// # Errors
    /// Fails if it has another form, or its counts don't add up.
    pub fn from_kept(bytes: &[u8], is_cut: bool) -> Result<Self, BadPiece> {
        if !is_cut {
            let whole = Counted::from_kept(bytes)?;
            let cuts = Vec::new();
            return Ok(Self { whole, cuts });
        }
        let cut_short = || BadPiece::Counts("it is not whole".to_owned());
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let (head, mut rest) = bytes.split_at(end.ok_or_else(cut_short)?);
        let contents: Contents = serde_json::from_slice(head)?;
        rest = &rest[1..];
        let mut next = |length: usize| {
            let (one, after) = rest.split_at_checked(length).ok_or_else(cut_short)?;
            rest = after;
            Counted::from_kept(one)
        };
        let whole = next(contents.whole)?;
        let mut cuts = Vec::new();
        for names in contents.cuts {
            let mut segments = BTreeMap::new();
            let mut rows: u64 = 0;
            for (name, length) in names {
                let counted = next(length)?;
                rows = rows.saturating_add(counted.rows);
                segments.insert(name, counted);
            }
            if rows != whole.rows {
                let all = whole.rows;
                return Err(BadPiece::Counts(format!(
                    "its segments have {rows} of {all} rows"
                )));
            }
            cuts.push(segments);
        }
        Ok(Self { whole, cuts })
    }

    /// Returns the columns whose numbers are counted by cells, of all rows or of a segment; `true` if scores by
    /// label are.
    #[must_use]
    pub fn counted_by_cells(&self) -> (Vec<String>, bool) {
        let (mut columns, mut scores) = self.whole.counted_by_cells();
        for segment in self.cuts.iter().flat_map(BTreeMap::values) {
            let (more, are_scores) = segment.counted_by_cells();
            columns.extend(more);
            scores |= are_scores;
        }
        columns.sort_unstable();
        columns.dedup();
        (columns, scores)
    }
}

impl SegmentPlans {
    /// Puts together what was counted by these plans in parts.
    ///
    /// # Errors
    /// Bad input if a part is damaged; what was just counted is not.
    pub fn merged(&self, parts: Vec<Piece>) -> churn_base::error::Result<Piece> {
        let mut wholes = Vec::new();
        let mut cuts: Vec<BTreeMap<String, Vec<Counted>>> =
            vec![BTreeMap::new(); self.cuts().len()];
        for part in parts {
            wholes.push(part.whole.in_order_of(self.whole()));
            for (number, segments) in part.cuts.into_iter().enumerate().take(cuts.len()) {
                for (name, counted) in segments {
                    let counted = counted.in_order_of(self.counting(number, &name));
                    cuts[number].entry(name).or_default().push(counted);
                }
            }
        }
        let cuts = cuts.into_iter().enumerate().map(|(number, segments)| {
            let merged = |(name, parts): (String, Vec<Counted>)| {
                let plan = self.counting(number, &name);
                let merged = merged(plan, parts)?;
                Ok((name, merged))
            };
            segments.into_iter().map(merged).collect()
        });
        Ok(Piece {
            cuts: cuts.collect::<churn_base::error::Result<_>>()?,
            whole: merged(self.whole(), wholes)?,
        })
    }
}

/// Puts parts together. Where labels come later, no part has scores by label yet, and neither has the whole.
fn merged(plan: &CountPlan, mut parts: Vec<Counted>) -> churn_base::error::Result<Counted> {
    if parts.len() == 1
        && let Some(only) = parts.pop()
    {
        return Ok(only);
    }
    let mut merged = plan.merged(&parts.iter().collect::<Vec<_>>())?;
    if parts.iter().all(|part| part.outcome.is_none()) {
        merged.outcome = None;
    }
    Ok(merged)
}

#[cfg(test)]
mod tests {
    use super::super::document::HeaderRows;
    use super::*;

    #[test]
    fn a_piece_with_segments_comes_back_and_a_damaged_one_does_not() {
        let counted = |rows| Counted {
            columns: Vec::new(),
            outcome: None,
            rows,
            blank_lines: 0,
            header_rows: HeaderRows::default(),
        };
        let segments = |rows: [u64; 2]| -> BTreeMap<String, Counted> {
            ["a=1", "a missing"]
                .map(str::to_owned)
                .into_iter()
                .zip(rows.map(counted))
                .collect()
        };
        let piece = Piece {
            whole: counted(7),
            cuts: vec![
                segments([3, 4]),
                BTreeMap::from([("b < 1".to_owned(), counted(7))]),
            ],
        };
        let kept = piece.to_kept();
        let back = |bytes: &[u8]| Piece::from_kept(bytes, true);
        assert_eq!(back(&kept).expect("a piece"), piece);
        for length in 0..kept.len() {
            assert!(back(&kept[..length]).is_err(), "{length}");
        }
        let other = Piece {
            cuts: vec![segments([3, 3])],
            ..piece.clone()
        };
        let error = back(&other.to_kept())
            .expect_err("a row is missing")
            .to_string();
        assert_eq!(error, "its segments have 6 of 7 rows");
        assert_ne!(piece.counts_sha256(), other.counts_sha256());
        // Without segments it is what versions before have written.
        let plain = Piece {
            cuts: Vec::new(),
            ..piece
        };
        assert_eq!(plain.to_kept(), plain.whole.to_kept());
        assert_eq!(plain.counts_sha256(), plain.whole.part_sha256());
        assert_eq!(
            Piece::from_kept(&plain.to_kept(), false).expect("a piece"),
            plain
        );
    }
}
