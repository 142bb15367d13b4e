//! Range queries: cut into pieces that Prometheus answers, and cut further where it cannot. What the
//! samples mean is not this file's affair.

use std::cell::RefCell;
use std::collections::BTreeMap;

use churn_base::error::{Error, Result};
use churn_base::exit::ExitCode;
use churn_base::percent;
use churn_http::client::{Method, Request};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::plan::Grid;
use crate::live::Prometheus;

/// How much may be spent on finding out which evaluations of an expression fail: a query costs 1,
/// one that only came to its deadline 8.
const MOST_SPENT: u32 = 64;
/// A longer query goes as a form: proxies refuse long URLs. A shorter one does not, since some
/// servers let nobody write, and take a POST for writing.
const LONGEST_URL: usize = 4096;

/// A series of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Series {
    pub(super) labels: BTreeMap<String, String>,
    /// Times in milliseconds since 1970, and values; that of a native histogram is NaN.
    pub(super) samples: Vec<(i64, f64)>,
}

/// What became of a piece of the range.
#[derive(Debug)]
pub(super) struct Asked {
    /// The evaluations.
    pub(super) grid: Grid,
    /// The series, or why there are none.
    pub(super) series: Result<Vec<Series>, String>,
}

/// Asks a Prometheus, and keeps the warnings that it gives.
pub struct Asker<'p> {
    prometheus: &'p Prometheus,
    warnings: RefCell<Vec<String>>,
}

/// Why a piece has no answer.
struct Refusal {
    said: String,
    /// Whether fewer evaluations may fare better.
    may_be_cut: bool,
    cost: u32,
}

#[derive(Deserialize)]
struct Answer {
    data: Data,
    #[serde(default)]
    warnings: Vec<String>,
}

#[derive(Deserialize)]
struct Data {
    result: Vec<RawSeries>,
}

#[derive(Deserialize)]
struct RawSeries {
    metric: BTreeMap<String, String>,
    #[serde(default)]
    values: Vec<(f64, String)>,
    #[serde(default)]
    histograms: Vec<(f64, IgnoredAny)>,
}

impl<'p> Asker<'p> {
    /// Takes the server.
    #[must_use]
    pub const fn new(prometheus: &'p Prometheus) -> Self {
        Self {
            prometheus,
            warnings: RefCell::new(Vec::new()),
        }
    }

    /// Returns what the server warned of since the last call, each once.
    #[must_use]
    pub(crate) fn take_warnings(&self) -> Vec<String> {
        self.warnings.take()
    }

    /// Asks for all evaluations and hands on what becomes of them, in their order. `offset` is how
    /// long before its time each one is evaluated.
    ///
    /// # Errors
    /// Fails with 69 if the server stays away, with 77 if it does not let us in. An expression that
    /// cannot be evaluated is *not* an error here.
    pub(super) fn ask(
        &self,
        expr: &str,
        grid: Grid,
        offset: i64,
        take: &mut dyn FnMut(Asked),
    ) -> Result<()> {
        let mut left: Vec<Grid> = grid.pieces();
        left.reverse();
        let mut spent = 0;
        while let Some(piece) = left.pop() {
            match self.piece(expr, piece, offset)? {
                Ok(series) => take(Asked {
                    grid: piece,
                    series: Ok(series),
                }),
                Err(refusal) => {
                    spent += refusal.cost;
                    match piece.halves() {
                        Some((first, second)) if refusal.may_be_cut && spent < MOST_SPENT => {
                            left.extend([second, first]);
                        }
                        _ => take(Asked {
                            grid: piece,
                            series: Err(refusal.said),
                        }),
                    }
                }
            }
        }
        Ok(())
    }

    fn piece(&self, expr: &str, grid: Grid, offset: i64) -> Result<Result<Vec<Series>, Refusal>> {
        let seconds = |milliseconds: i64| format!("{:.3}", milliseconds as f64 / 1000.0);
        let form = format!(
            "query={}&start={}&end={}&step={}",
            percent::part(expr),
            seconds(grid.first - offset),
            seconds(grid.last - offset),
            seconds(grid.step)
        );
        const PATH: &str = "/api/v1/query_range";
        let request = match form.len() > LONGEST_URL {
            true => Request::new(Method::Post, PATH)
                .bytes("application/x-www-form-urlencoded", form.into_bytes()),
            false => Request::get(format!("{PATH}?{form}")),
        };
        let client = self.prometheus.client();
        let response = match client.send(&request) {
            Ok(response) => response,
            Err(error) => return self.stayed_away(error),
        };
        if matches!(response.status, 400 | 422) {
            return Ok(Err(Refusal {
                said: response.message(),
                // An expression that cannot be read cannot be read at any time.
                may_be_cut: response.status == 422,
                cost: 1,
            }));
        }
        if !response.is_success() {
            return Err(client.refusal(&request, &response));
        }
        let answer: Answer = response.json()?;
        let mut warnings = self.warnings.borrow_mut();
        for warning in answer.warnings {
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
        let series = answer.data.result.into_iter();
        Ok(Ok(series.map(|raw| raw.read(offset)).collect()))
    }

    /// Tells a query that is too much for a server from a server that is away: the latter does not
    /// know what time it is either.
    fn stayed_away(&self, error: Error) -> Result<Result<Vec<Series>, Refusal>> {
        if error.code() != ExitCode::Unavailable {
            return Err(error);
        }
        self.prometheus.server_time()?;
        Ok(Err(Refusal {
            said: error.to_string(),
            may_be_cut: true,
            cost: 8,
        }))
    }
}

impl RawSeries {
    fn read(self, offset: i64) -> Series {
        let time = |seconds: f64| (seconds * 1000.0).round() as i64 + offset;
        let floats = self.values.iter();
        let mut samples: Vec<(i64, f64)> = floats
            .map(|(at, value)| (time(*at), value.parse().unwrap_or(f64::NAN)))
            .collect();
        let histograms = self.histograms.iter();
        samples.extend(histograms.map(|(at, _)| (time(*at), f64::NAN)));
        samples.sort_by_key(|(at, _)| *at);
        Series {
            labels: self.metric,
            samples,
        }
    }
}
