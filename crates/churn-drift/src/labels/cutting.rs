//! The segments of predictions: each thread sorts its own rows, and all number the segments alike.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use churn_base::error::Result;
use churn_data::DataSet;

use crate::profile::{Cut, SegmentPlans, Segmenter, position};

/// The ways to cut predictions, and the segments that were met.
#[derive(Default)]
pub(super) struct Cutting {
    /// Each with the places of its columns.
    cuts: Vec<(Cut, Vec<usize>)>,
    most: usize,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    numbers: HashMap<(usize, String), u32>,
    names: Vec<(usize, String)>,
}

impl Cutting {
    /// Finds the columns of all cuts.
    ///
    /// # Errors
    /// Bad input if one is not there.
    pub(super) fn of(data: &DataSet, plans: &SegmentPlans) -> Result<Self> {
        let cuts = plans.cuts().iter().map(|cut| {
            let columns = cut.columns().map(|name| position(data, name));
            Ok((cut.clone(), columns.collect::<Result<_>>()?))
        });
        Ok(Self {
            cuts: cuts.collect::<Result<_>>()?,
            most: plans.max_segments(),
            known: Mutex::default(),
        })
    }

    /// Returns how many ways to cut there are.
    pub(super) const fn len(&self) -> usize {
        self.cuts.len()
    }

    /// Returns where the columns stand that tell segments.
    pub(super) fn columns(&self) -> impl Iterator<Item = usize> {
        self.cuts.iter().flat_map(|(_, columns)| columns).copied()
    }

    /// Returns what sorts the rows of one thread, for each way to cut; no segment has a number yet.
    pub(super) fn segmenters(&self) -> Vec<(Segmenter<'static>, Vec<u32>)> {
        let segmenter = |(cut, columns): &(Cut, Vec<usize>)| {
            let (cut, columns) = (Cow::Owned(cut.clone()), Cow::Owned(columns.clone()));
            (Segmenter::new(cut, columns, self.most), Vec::new())
        };
        self.cuts.iter().map(segmenter).collect()
    }

    /// Numbers the segments of a thread that have no number yet.
    #[inline]
    pub(super) fn number(&self, cut: usize, names: &[String], numbers: &mut Vec<u32>) {
        if numbers.len() < names.len() {
            self.number_new(cut, names, numbers);
        }
    }

    #[cold]
    fn number_new(&self, cut: usize, names: &[String], numbers: &mut Vec<u32>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Known {
            numbers: by_name,
            names: all,
        } = &mut *known;
        for name in &names[numbers.len()..] {
            let segment = (cut, name.clone());
            let number = by_name.entry(segment).or_insert_with_key(|segment| {
                all.push(segment.clone());
                all.len() as u32 - 1
            });
            numbers.push(*number);
        }
    }

    /// Returns the cut and the name of a segment.
    pub(super) fn name(&self, number: u32) -> Option<(usize, String)> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.names.get(number as usize).cloned()
    }
}
