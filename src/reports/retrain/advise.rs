//! Whether a training is worth it: as a document, and in a line.

use serde::Serialize;

use crate::cells::Tone;
use crate::reports::drift::why::{Cure, CureKind, WhyReport, interval};
use crate::stats::classification::Estimate;

/// Go, or wait, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RetrainAdvice {
    /// Name of the model.
    pub model: String,
    /// Its version.
    pub model_version: String,
    /// Where the current rows came from.
    pub current: String,
    /// Train now.
    pub go: bool,
    /// Why, in words.
    pub reason: String,
    /// By how much the log loss falls with a training.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gain: Option<Estimate>,
    /// By how much it falls beyond what a recalibration gains.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub over_recalibration: Option<Estimate>,
    /// What to do instead of a training; absent if nothing is worth it, or the training is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instead: Option<CureKind>,
    /// How that is done, or the training.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub how: Option<String>,
}

impl RetrainAdvice {
    /// Takes the advice out of what is known of the change; none if no training could be tried.
    ///
    /// It is `go` where a training gains beyond chance, on its own and over a recalibration, unless a feed is to be
    /// fixed first: a training on its rows would learn the fault.
    #[must_use]
    pub fn of(why: &WhyReport) -> Option<Self> {
        let training = why.cure(CureKind::Retrain)?;
        let is_feed = why.advice == Some(CureKind::FixTheFeed);
        let go = training.go && !is_feed;
        let advised = match go {
            true => Some(training),
            false => why.advice.and_then(|kind| why.cure(kind)),
        };
        let instead = advised.filter(|cure| cure.cure != CureKind::Retrain);
        Some(Self {
            model: why.model.clone(),
            model_version: why.model_version.clone(),
            current: why.current.clone(),
            go,
            reason: reason(training, is_feed),
            gain: training.gain,
            over_recalibration: training.over_recalibration,
            instead: instead.map(|cure| cure.cure),
            how: advised.map(|cure| cure.how.clone()),
        })
    }

    /// Returns the answer in lines: go or wait, and what to do.
    #[must_use]
    pub fn lines(&self) -> Vec<(Tone, String)> {
        let (tone, word) = match self.go {
            true => (Tone::Good, "GO"),
            false => (Tone::Warn, "WAIT"),
        };
        let mut lines = vec![(tone, format!("{word}: {}", self.reason))];
        lines.extend(self.how.as_ref().map(|how| {
            let name = self.instead.map_or("retrain", CureKind::name);
            (Tone::Plain, format!("{name}: {how}"))
        }));
        lines
    }
}

fn reason(training: &Cure, is_feed: bool) -> String {
    let Some(gain) = training.gain else {
        return "there are no rows to measure a training on".to_owned();
    };
    let gains = format!("a training gains {} log loss", interval(gain));
    let over = training.over_recalibration.map(interval);
    let over = over.map_or_else(String::new, |over| {
        format!(", {over} of it over a recalibration")
    });
    match training.go {
        _ if is_feed => format!("{gains}, but would learn from values that a feed has lost"),
        true => format!("{gains}{over}"),
        false if gain.low > 0.0 => {
            format!("{gains}{over}: within chance a recalibration does as well")
        }
        false => format!("{gains}, which is within chance"),
    }
}
