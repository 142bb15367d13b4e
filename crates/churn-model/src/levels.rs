//! The levels of a categorical feature, found by whatever spelling of a value; and which features
//! take truth values.

use churn_data::{Value, canonical, classify, has_leading_zeros, is_same_number, truth};

use super::artifact::FeatureKind;
use super::intern::Interner;

/// How far a variance may be off that of zeros and ones, for rounding.
const ROUNDING: f64 = 1e-9;

/// The levels of a feature.
#[derive(Debug, Default)]
pub(super) struct Levels {
    exact: Interner,
    /// Canonical texts of levels that an older version has stored as they were written, with the
    /// code of each.
    respelled: Vec<(Vec<u8>, u32)>,
    /// Codes of false and true where every level is a truth value.
    truths: Option<[Option<u32>; 2]>,
    /// Levels that are numbers.
    numbers: Vec<(f64, u32)>,
}

impl Levels {
    /// Makes them of a feature; none of a number.
    pub(super) fn of(kind: &FeatureKind) -> Self {
        let FeatureKind::Category { levels, .. } = kind else {
            return Self::default();
        };
        let mut all = Self {
            truths: truths(levels),
            ..Self::default()
        };
        for level in levels {
            // No level is there twice, so each gets its position as code.
            let code = all.exact.code(level.as_bytes());
            let canonical = canonical(level.as_bytes());
            if let Some(number) = number(&canonical) {
                all.numbers.push((number, code));
            }
            if *canonical != *level.as_bytes() {
                all.respelled.push((canonical.into_owned(), code));
            }
        }
        all
    }

    /// Returns how many there are.
    pub(super) fn len(&self) -> usize {
        self.exact.texts().len()
    }

    /// Returns the code of the level that a value is.
    pub(super) fn find(&self, text: &[u8]) -> Option<u32> {
        // As it is written first: that decides where an older version has two levels of one value.
        self.exact.find(text).or_else(|| {
            let canonical = canonical(text);
            let respelled = || {
                let mut known = self.respelled.iter();
                known
                    .find(|(own, _)| **own == *canonical)
                    .map(|(_, code)| *code)
            };
            self.exact
                .find(&canonical)
                .or_else(respelled)
                .or_else(|| self.truths?[usize::from(truth(&canonical)?)])
                .or_else(|| self.near(&canonical))
        })
    }

    /// Returns the one level that is the same number but for how writers round.
    fn near(&self, text: &[u8]) -> Option<u32> {
        let number = number(text)?;
        let mut same = self
            .numbers
            .iter()
            .filter(|(level, _)| is_same_number(*level, number));
        let (_, code) = same.next()?;
        same.next().is_none().then_some(*code)
    }
}

/// Returns the number that a level is, unless it is a code.
fn number(level: &[u8]) -> Option<f64> {
    match classify(level) {
        Value::Number(number) if !has_leading_zeros(level) => Some(number),
        _ => None,
    }
}

/// Returns the positions of false and true; nothing if a level is neither, or one is there twice.
fn truths(levels: &[String]) -> Option<[Option<u32>; 2]> {
    let mut found = [None, None];
    for (code, level) in levels.iter().enumerate() {
        let of = &mut found[usize::from(truth(level.as_bytes())?)];
        if of.replace(code as u32).is_some() {
            return None;
        }
    }
    (!levels.is_empty()).then_some(found)
}

/// Returns whether a feature takes truth values: its levels are some, or its training values are
/// zeros and ones alone.
#[must_use]
pub fn takes_truth(kind: &FeatureKind) -> bool {
    match kind {
        FeatureKind::Category { levels, .. } => {
            let spelled =
                |level: &String| matches!(&*canonical(level.as_bytes()), b"true" | b"false");
            truths(levels).is_some() || levels.iter().any(spelled)
        }
        FeatureKind::Number {
            mean,
            scale,
            min,
            max,
            ..
        } => {
            // Between 0 and 1 the variance is that of zeros and ones only if there is nothing else:
            // x * x < x for all between.
            let variance = mean * (1.0 - mean);
            // One truth value alone has no variance, and the scale of a constant.
            let is_constant = min == max && (*min == 0.0 || *max == 1.0);
            is_constant
                || *min == 0.0 && *max == 1.0 && (scale * scale - variance).abs() <= ROUNDING
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn category(levels: &[&str]) -> FeatureKind {
        FeatureKind::Category {
            levels: levels.iter().map(|&level| level.to_owned()).collect(),
            order: Vec::new(),
        }
    }

    fn number(values: &[f64]) -> FeatureKind {
        let rows = values.len() as f64;
        let mean = values.iter().sum::<f64>() / rows;
        let variance = values
            .iter()
            .map(|value| (value - mean).powi(2))
            .sum::<f64>()
            / rows;
        FeatureKind::Number {
            median: 0.0,
            mean,
            scale: variance.sqrt(),
            min: values.iter().copied().fold(f64::INFINITY, f64::min),
            max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        }
    }

    #[test]
    fn a_level_is_found_by_every_spelling_of_it() {
        for (levels, found, absent) in [
            // Truth values, as pandas, polars, JSON, SQL and spreadsheets write them.
            (
                &["true", "false"][..],
                &["True", "TRUE", "true", "1", "1.0", "t", "yes"][..],
                &["m", "2", ""][..],
            ),
            (&["Yes", "No"], &["Yes", "YES", "true", "1"], &["maybe"]),
            (
                &["true", "false", "maybe"],
                &["True", "TRUE"],
                &["1", "yes"],
            ),
            // Numbers as categories: upcast by a missing value, single precision, last bits.
            (
                &["3", "4"],
                &["3", "3.0", "3.00", "3e0", " 3", "2.9999999999999996"],
                &["03", "30", "3.1"],
            ),
            (
                &["0.1", "0.2"],
                &["0.1", ".10", "0.10000000149011612"],
                &["0.11"],
            ),
            (
                &["716277643516076033", "716277643516076034"],
                &["716277643516076033", "+716277643516076033"],
                &["716277643516076032"],
            ),
            (&["01234", "1234"], &["01234"], &["001234"]),
            // An artifact of the version before.
            (&["True", "False"], &["True", "true", "1"], &["x"]),
            (
                &["2026-01-31"],
                &["2026-01-31T00:00:00Z", "2026-01-31 00:00:00"],
                &["2026-01-30"],
            ),
        ] {
            let levels = Levels::of(&category(levels));
            for text in found {
                assert_eq!(levels.find(text.as_bytes()), Some(0), "{text}");
            }
            for text in absent {
                assert_eq!(levels.find(text.as_bytes()), None, "{text}");
            }
        }
    }

    #[test]
    fn two_old_levels_of_one_value_keep_their_own_code() {
        let levels = Levels::of(&category(&["3.0", "3", "True", "true"]));
        for (text, code) in [("3.0", 0), ("3", 1), ("3.00", 1), ("True", 2), ("TRUE", 3)] {
            assert_eq!(levels.find(text.as_bytes()), Some(code), "{text}");
        }
    }

    #[test]
    fn truth_values_are_taken_where_training_had_them() {
        for kind in [
            category(&["true", "false"]),
            category(&["Yes", "No"]),
            category(&["true", "maybe"]),
            number(&[0.0, 1.0, 1.0, 0.0, 1.0]),
        ] {
            assert!(takes_truth(&kind), "{kind:?}");
        }
        let mut nearly = vec![1.0; 10_000];
        nearly.extend([0.0, 0.5]);
        for kind in [
            category(&["a", "b"]),
            category(&["f", "m"]),
            number(&[0.0, 0.25, 1.0]),
            number(&nearly),
            number(&[0.0, 1.0, 2.0]),
        ] {
            assert!(!takes_truth(&kind), "{kind:?}");
        }
    }
}
