//! `churnctl drift mutate`: rows of the user are spoiled on purpose, and checked as `drift` checks.

use std::path::Path;

use super::Console;
use super::drift_mutate_rows::{read, write};
use super::drift_request::DriftRequest;
use super::inputs::{self, Baseline, Input};
use crate::cells::Tone;
use crate::drift::mutation::{Cells, Mutation, MutationKind, Pool};
use crate::drift::over_time::WindowReport;
use crate::drift::report::{FeatureKind, Role, Status};
use crate::drift::{Against, DriftReport, Plan, Provenance, Windowing};
use crate::error::{Error, Result};
use crate::exit::ExitCode;
use crate::files::ScratchFolder;
use crate::profile::Kind;
use crate::reports::drift::mutate::{CleanWindows, KindReport, MutationReport, SizeReport};
use crate::reports::format;
use crate::settings::{FailOn, Settings};
use crate::stats::bootstrap::SplitMix64;
use crate::threads::in_order;

/// Version of the JSON layout.
const SCHEMA_VERSION: u32 = 1;
/// Rows of a window, if there are as many.
const WINDOW_ROWS: usize = 1_000;
/// When windows begin: a Monday, the first of a month and of a year, long past.
const BEGIN: i64 = 1_514_764_800;

/// How many trials there are, and how they are made.
#[derive(Debug, Clone, PartialEq)]
pub struct Trials {
    /// Rows of a window.
    pub rows: Option<usize>,
    /// Windows that a failure lasts.
    pub within: usize,
    /// Trials of each kind and size.
    pub count: usize,
    /// Sizes.
    pub sizes: Vec<f64>,
    /// Share of trials that must be seen.
    pub min_detected: Option<f64>,
    /// Seed of everything random.
    pub seed: u64,
}

/// Most rows that all windows of a trial have together: they are held in memory.
const MOST_ROWS: usize = 200_000;
/// Most trials of a kind and size.
const MOST_TRIALS: usize = 10_000;

/// Everything that spoiling needs to know, settings applied.
#[derive(Debug, Clone, PartialEq)]
pub struct MutateRequest {
    /// Rows to spoil; the baseline's if empty.
    data: Vec<String>,
    trials: Trials,
    /// How they are checked.
    check: DriftRequest,
}

impl MutateRequest {
    /// Takes what is set.
    ///
    /// # Errors
    /// As [`DriftRequest::from_settings`]; 64 on a size of 0, on more rows or trials than memory holds, and if standard input would be read twice.
    pub fn from_settings(
        settings: &Settings,
        data: Vec<String>,
        mut trials: Trials,
    ) -> Result<Self> {
        let check = DriftRequest::from_settings(settings)?;
        if trials.sizes.contains(&0.0) {
            return Err(
                Error::usage("a failure of size 0 does nothing").hint("such as --sizes 0.1,0.3,1")
            );
        }
        let rows = trials.rows.unwrap_or(1);
        if rows > MOST_ROWS || rows.saturating_mul(trials.within) > MOST_ROWS {
            return Err(Error::usage(format!(
                "--rows {rows} times --within {} is more than the {MOST_ROWS} rows that a trial may have",
                trials.within
            ))
            .hint("--rows 1000 is what a day often has; fewer rows and windows see the same"));
        }
        if trials.count > MOST_TRIALS {
            return Err(Error::usage(format!(
                "{} trials are more than {MOST_TRIALS}",
                trials.count
            ))
            .hint("100 trials tell a share to five percent"));
        }
        trials.sizes.sort_by(f64::total_cmp);
        trials.sizes.dedup();
        let check = DriftRequest {
            labels: None,
            history: None,
            push: None,
            watch: None,
            ..check
        };
        let stdin = |side: &[String]| side.iter().any(|address| address == "-");
        if stdin(&check.baseline) && (data.is_empty() || stdin(&data)) {
            return Err(Error::usage("standard input (`-`) can be read only once")
                .hint("write the rows to a file"));
        }
        Ok(Self {
            data,
            trials,
            check,
        })
    }

    /// Refuses sides on which the check judges nothing: every failure would be missed, whatever the settings see.
    fn is_enough(&self, window_rows: u64, baseline_rows: u64) -> Result<()> {
        let least = self.check.thresholds.min_rows;
        let too_few = |what: &str, rows: u64| {
            Err(Error::bad_input(format!(
                "{what} {}, fewer than the {least} from which on a side is judged: every failure would be missed",
                format::counted(rows, "row", "rows")
            ))
            .hint("name more rows, give windows more with --rows, or set --min-rows lower"))
        };
        match () {
            () if window_rows < least => too_few("a window has", window_rows),
            () if baseline_rows < least => too_few("the baseline has", baseline_rows),
            () => Ok(()),
        }
    }

    fn rows_from(&self) -> &[String] {
        match self.data.is_empty() {
            true => &self.check.baseline,
            false => &self.data,
        }
    }
}

/// Spoils, checks, counts, prints, and judges if that is asked for.
///
/// # Errors
/// Bad input, settings or files. Failures that are missed are *no* error; exit code 2 if they are too many.
pub fn run(request: &MutateRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    let baseline = request.check.read_baseline(console)?;
    let bench = Bench::new(request, &baseline, console)?;
    let report = bench.report(console)?;
    let document = console.document("drift_mutate", SCHEMA_VERSION, &report);
    if !console.print_document(&document)? {
        console.print_line(Tone::Plain, &report.title())?;
        console.print("\n")?;
        console.print_table(&report.table())?;
        console.print("\n")?;
        for (tone, note) in report.notes() {
            console.print_line(tone, &note)?;
        }
    }
    Ok(match report.status {
        "OK" => ExitCode::Ok,
        _ => ExitCode::CheckFailed,
    })
}

/// What all trials share.
struct Bench<'a> {
    request: &'a MutateRequest,
    baseline: &'a Baseline,
    /// How a window is checked.
    check: DriftRequest,
    pool: Pool,
    rows: u64,
    window_rows: usize,
    /// Windows before the failure, with which the first ones of it are compared.
    before: usize,
    folder: ScratchFolder,
}

/// A trial, or windows that nothing is done to.
struct Trial {
    /// Which of the results it counts to; none for windows that nothing is done to.
    of: Option<(usize, usize)>,
    mutation: Option<Mutation>,
    seed: u64,
}

impl<'a> Bench<'a> {
    fn new(
        request: &'a MutateRequest,
        baseline: &'a Baseline,
        console: &Console<'_>,
    ) -> Result<Self> {
        let own = &request.check;
        let reading = own.reading.with_nulls(&baseline.profile.roles.null);
        let Input::Data(data) = Input::open(request.rows_from(), &reading)? else {
            return Err(
                Error::usage("a profile or a model has no rows that could be spoiled")
                    .hint("name rows: churnctl drift mutate last_month.csv --baseline model.json"),
            );
        };
        let (columns, rows) = read(*data, console)?;
        let options = own.check_options();
        let plan = Plan::new(&baseline.profile, &columns, &options)?;
        let provenance = provenance(console);
        let sides = (&baseline.profile, &plan);
        let limits = own
            .with_limits(options, None, sides, &provenance, console)?
            .limits;
        let mut check = own.clone();
        check.limits.1 = limits;
        // The windows are files of ours, one after another on each thread.
        check.reading.threads = std::num::NonZeroUsize::MIN;
        check.windows = check.windows.map(|windows| Windowing {
            every: windows.window,
            last: None,
            ..windows
        });
        let label = plan
            .left_out
            .iter()
            .find(|column| column.role == Role::Label);
        let label = label.map(|column| column.column.clone());
        let kind = |name: &str| {
            let feature = plan.features.iter().find(|feature| feature.name == name)?;
            match feature.baseline.kind {
                Kind::Number => Some(FeatureKind::Numeric),
                Kind::Text => Some(FeatureKind::Categorical),
                Kind::Empty => None,
            }
        };
        let before = match check.windows.as_ref().map(|windows| windows.against) {
            Some(Against::Trailing(count)) => count.get(),
            Some(Against::Baseline) | None => 0,
        };
        let count = rows.len();
        let window_rows = request.trials.rows.unwrap_or(count.min(WINDOW_ROWS));
        request.is_enough(window_rows as u64, baseline.profile.rows)?;
        Ok(Self {
            request,
            baseline,
            check,
            window_rows,
            rows: count as u64,
            pool: Pool::new(columns, rows, kind, label.as_deref()),
            before,
            folder: ScratchFolder::new()?,
        })
    }

    /// Makes all trials and counts them.
    fn report(&self, console: &Console<'_>) -> Result<MutationReport> {
        let trials = &self.request.trials;
        let planned = self.trials();
        console
            .progress()
            .steps("spoiling and checking", planned.len() as u64);
        let silently = console.silently();
        let progress = console.progress();
        let threads = self.request.check.reading.threads.get();
        let done = in_order(threads, planned.len(), |index| {
            let seen = silently(&|console| self.windows_seen(index, &planned[index], console));
            progress.advance(1);
            seen
        });
        progress.finish();
        let mut mutations = self.unseen();
        let (mut windows, mut failed, mut runs) = (0, 0, 0);
        let mut until: Vec<Vec<Vec<u64>>> =
            vec![vec![Vec::new(); trials.sizes.len()]; mutations.len()];
        for (trial, seen) in planned.iter().zip(done) {
            let seen = seen?;
            let (Some((kind, size)), Some(mutation)) = (trial.of, trial.mutation) else {
                windows += seen.len() as u64;
                failed += seen.iter().filter(|seen| **seen).count() as u64;
                runs += u64::from(seen.contains(&true));
                continue;
            };
            let result = &mut mutations[kind].sizes[size];
            result.trials += 1;
            match seen.iter().position(|seen| *seen) {
                Some(first) => {
                    result.seen += 1;
                    until[kind][size].push(first as u64 + 1);
                }
                None => result.missed.extend(self.pool.column_of(mutation)),
            }
        }
        for (kind, until) in mutations.iter_mut().zip(&mut until) {
            for (size, until) in kind.sizes.iter_mut().zip(until) {
                until.sort_unstable();
                size.windows_until_seen = until.get(until.len().saturating_sub(1) / 2).copied();
                size.missed.sort_unstable();
                size.missed.dedup();
            }
        }
        let all = || mutations.iter().flat_map(|kind| &kind.sizes);
        let (seen, made) = all().fold((0, 0), |sums, one| (sums.0 + one.seen, sums.1 + one.trials));
        let detected = (made > 0).then(|| seen as f64 / made as f64);
        let is_enough = trials
            .min_detected
            .is_none_or(|least| detected.is_some_and(|share| share >= least));
        Ok(MutationReport {
            status: if is_enough { "OK" } else { "FAIL" },
            baseline: inputs::shown(&self.request.check.baseline),
            data: inputs::shown(self.request.rows_from()),
            rows: self.rows,
            window_rows: self.window_rows as u64,
            within: trials.within as u64,
            seed: trials.seed,
            fail_on: match self.least_seen() {
                Status::Warn => FailOn::Warn.as_str(),
                _ => FailOn::Fail.as_str(),
            },
            policy: self.check.consequences.policy.to_string(),
            clean: CleanWindows {
                windows,
                failed,
                false_alarm_rate: failed as f64 / windows.max(1) as f64,
                seen_by_chance: runs as f64 / trials.count.max(1) as f64,
            },
            detected,
            min_detected: trials.min_detected,
            mutations,
        })
    }

    /// Returns the trials in an order that is the same at every run.
    fn trials(&self) -> Vec<Trial> {
        let Trials {
            count, sizes, seed, ..
        } = &self.request.trials;
        let mut random = SplitMix64::new(*seed);
        let mut planned: Vec<Trial> = (0..*count)
            .map(|_| Trial {
                of: None,
                mutation: None,
                seed: random.next_u64(),
            })
            .collect();
        for (kind_at, kind) in MutationKind::ALL.into_iter().enumerate() {
            let columns = self.pool.mutations(kind, 0.0).len();
            // Where there are more columns than trials, others than the first have their turn, too.
            let first = random.next_u64() as usize % columns.max(1);
            for (size_at, size) in sizes.iter().enumerate() {
                let mutations = self.pool.mutations(kind, *size);
                for trial in 0..if mutations.is_empty() { 0 } else { *count } {
                    let step = (columns / *count).max(1);
                    planned.push(Trial {
                        of: Some((kind_at, size_at)),
                        mutation: Some(mutations[(first + trial * step) % columns]),
                        seed: random.next_u64(),
                    });
                }
            }
        }
        planned
    }

    /// Returns the kinds before any trial.
    fn unseen(&self) -> Vec<KindReport> {
        let of = |kind: MutationKind| {
            let is_possible = !self.pool.mutations(kind, 1.0).is_empty();
            let sizes = self.request.trials.sizes.iter().filter(|_| is_possible);
            let none = |size: &f64| SizeReport {
                size: *size,
                trials: 0,
                seen: 0,
                windows_until_seen: None,
                missed: Vec::new(),
            };
            KindReport {
                kind,
                what: kind.what(),
                impossible: (!is_possible).then(|| kind.needs()),
                sizes: sizes.map(none).collect(),
            }
        };
        MutationKind::ALL.map(of).to_vec()
    }

    /// Returns of each window of a trial whether it is seen; none after the first of a failure that is.
    fn windows_seen(
        &self,
        index: usize,
        trial: &Trial,
        console: &Console<'_>,
    ) -> Result<Vec<bool>> {
        let (within, delimiter) = (self.request.trials.within, self.check.reading.delimiter);
        let mut random = SplitMix64::new(trial.seed);
        let path = self.folder.path().join(format!("{index}.csv"));
        let mut window = |number: usize| {
            let mut rows = self.pool.window(self.window_rows, &mut random);
            if let Some(mutation) = trial.mutation {
                let progress = number as f64 / within as f64;
                self.pool.mutate(mutation, &mut rows, progress, &mut random);
            }
            rows
        };
        let seen = match &self.check.windows {
            Some(windowing) => self.over_time(windowing, &path, &mut window, (trial, console)),
            None => {
                let mut seen = Vec::new();
                for number in 1..=within {
                    write(
                        &path,
                        self.pool.columns(),
                        &window(number),
                        (delimiter, None),
                    )?;
                    seen.push(self.is_seen(&path, trial, console)?);
                    if trial.mutation.is_some() && seen.contains(&true) {
                        break;
                    }
                }
                Ok(seen)
            }
        };
        // Gone with the folder in any case; thousands of them are not kept until then.
        let _ = std::fs::remove_file(&path);
        seen
    }

    fn is_seen(&self, path: &Path, trial: &Trial, console: &Console<'_>) -> Result<bool> {
        match self.checked(path, console) {
            Ok(report) => Ok(report.status >= self.least_seen()),
            // A check that refuses spoiled data has seen that they are.
            Err(error) if trial.mutation.is_some() && error.code() == ExitCode::BadInput => {
                Ok(true)
            }
            Err(error) => Err(error),
        }
    }

    /// Has all windows of a trial checked as windows of time, after those that nothing is done to.
    fn over_time(
        &self,
        windowing: &Windowing,
        path: &Path,
        window: &mut dyn FnMut(usize) -> Vec<Cells>,
        (trial, console): (&Trial, &Console<'_>),
    ) -> Result<Vec<bool>> {
        let within = self.request.trials.within;
        let (mut rows, mut times) = (Vec::new(), Vec::new());
        for number in 0..self.before + within {
            let own = match number.checked_sub(self.before) {
                Some(since) => window(since + 1),
                None => self.pool.window(
                    self.window_rows,
                    &mut SplitMix64::new(trial.seed ^ number as u64),
                ),
            };
            let middle = windowing.window.mean_seconds() / 2.0;
            let time = windowing.window.after(BEGIN, number as i64) + middle as i64;
            let time = jiff::Timestamp::from_second(time).unwrap_or_default();
            // Without an offset: the clock of the windows' zone.
            let text = time.strftime("%Y-%m-%dT%H:%M:%S").to_string();
            times.extend(own.iter().map(|_| text.clone()));
            rows.extend(own);
        }
        write(
            path,
            self.pool.columns(),
            &rows,
            (
                self.check.reading.delimiter,
                Some((&windowing.column, &times)),
            ),
        )?;
        let report = self.checked(path, console)?;
        let alarms = report
            .alarm
            .as_ref()
            .and_then(|alarm| Some(&alarm.in_force()?.alarms));
        let shown = report.windows.iter().skip(self.before);
        let is_seen = |window: &WindowReport| {
            let is_warned = self.least_seen() == Status::Warn && window.status >= Status::Warn;
            is_warned || alarms.is_some_and(|alarms| alarms.contains(&window.window))
        };
        Ok(shown.map(is_seen).collect())
    }

    fn checked(&self, path: &Path, console: &Console<'_>) -> Result<DriftReport> {
        let check = DriftRequest {
            current: vec![path.display().to_string()],
            ..self.check.clone()
        };
        check.compare_as(self.baseline, provenance(console), console)
    }

    /// Returns the verdict from which on a failure is seen. A check whose verdict ends nothing still has one.
    const fn least_seen(&self) -> Status {
        match self.check.fail_on {
            FailOn::Warn => Status::Warn,
            FailOn::Fail | FailOn::Never => Status::Fail,
        }
    }
}

fn provenance(console: &Console<'_>) -> Provenance {
    Provenance {
        baseline: String::new(),
        current: String::new(),
        created_at: console.created_at().to_owned(),
    }
}
