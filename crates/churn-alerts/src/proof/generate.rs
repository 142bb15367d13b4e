//! Unit cases for what no case shows yet, complete when they are written: series with which the alert
//! fires, is silent, or finds nothing, tried out on promtool, which also says with which labels and
//! annotations it fires.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use churn_base::error::Result;
use churn_base::progress::Progress;

use super::coverage::{Coverage, may_be_of};
use super::edit::Text;
use super::guess::{Guess, guesses};
use super::prepare::{self, Prepared};
use super::promtool::{Objection, Promtool};
use super::prove::spread;
use super::trial::{Fired, Oracle, Outcome, Question, is_long, minutes, pattern, reaches};
use super::written::{self, Found};
use crate::duration;
use crate::library::Library;
use crate::promql;
use crate::rule::Rule;

/// Evaluations of rules in one run of promtool that take a second or so.
const BUDGET: usize = 200_000;

/// Sets of series in one run: the first that are tried mostly are enough.
const AT_ONCE: usize = 24;

/// Sets of series that are tried of one alert before it is given up: promtool needs some seconds for them.
const MOST: usize = 400;

/// A test file that is wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The folder that it will stand in, absolute: its `rule_files` begin there.
    pub folder: PathBuf,
    /// Places in the library of the rule sets that it is for.
    pub sets: Vec<usize>,
}

/// What was generated.
#[derive(Debug)]
pub struct Generated {
    /// A test file for promtool; empty if nothing was lacking or found.
    pub text: String,
    /// How many cases it has.
    pub cases: usize,
    /// What could not be found.
    pub left: Vec<Left>,
}

/// A case that could not be found.
#[derive(Debug, Clone)]
pub struct Left {
    /// Place of the rule, as `file:line`.
    pub place: String,
    /// The alert.
    pub alert: String,
    /// What the case would show.
    pub word: &'static str,
    /// Why there is none.
    pub reason: String,
}

impl Left {
    fn new(rule: &Rule, word: &'static str, reason: &str) -> Self {
        Self {
            place: format!("{}:{}", rule.source.name, rule.line),
            alert: rule.name.clone(),
            word,
            reason: reason.to_owned(),
        }
    }
}

/// Returns for each wanted file a test of each thing that is not shown, and what promtool says of the rule files that
/// it refuses. `folder` takes what promtool is given.
///
/// # Errors
/// Fails with 69 if promtool cannot be run, with 74 if the folder cannot be written.
pub fn generate(
    library: &Library,
    wanted: &[Wanted],
    promtool: &Promtool,
    folder: &Path,
    workers: usize,
    progress: &dyn Progress,
) -> Result<(Vec<Generated>, Vec<String>)> {
    let alerts: Vec<&Rule> = library.alerts().collect();
    progress.steps("alerts tried", (alerts.len() + wanted.len()) as u64);
    let sets = prepare::rule_sets(library, folder, promtool)?;
    let refused = spread(workers, sets.len(), &churn_base::progress::Silent, |at| {
        promtool.check(&[&sets[at].path])
    })?;
    let tried = spread(workers, alerts.len(), progress, |number| {
        let rule = alerts[number];
        let lacking = Coverage::of(rule, library).lacking();
        let trial = Trial {
            rule,
            set: &sets[rule.at.set],
            beside: library
                .rules
                .iter()
                .filter(|one| one.at.set == rule.at.set)
                .count(),
            oracle: Oracle {
                promtool,
                folder,
                number,
            },
        };
        match refused[rule.at.set].is_empty() {
            true => trial.all(&lacking),
            false => Ok(Tried::default()),
        }
    })?;
    let made = spread(workers, wanted.len(), progress, |at| {
        let of_file = alerts.iter().zip(&tried);
        let of_file = of_file.filter(|(rule, _)| wanted[at].sets.contains(&rule.at.set));
        let mut whole = Tried::default();
        for (_, tried) in of_file {
            for found in &tried.found {
                if !whole.found.iter().any(|one| one.is_same(found)) {
                    whole.found.push(found.clone());
                }
            }
            whole.left.extend(tried.left.iter().cloned());
        }
        let oracle = Oracle {
            promtool,
            folder,
            number: alerts.len() + at,
        };
        whole.proved(&wanted[at], &sets, oracle)
    });
    progress.finish();
    let said = sets.iter().zip(refused).filter_map(|(set, said)| {
        let said = said.first()?.replace(&set.path.display().to_string(), "");
        let said = said.trim_start_matches([':', ' ']);
        let name = &set.source.name;
        Some(format!("{} refuses {name}: {said}", promtool.named()))
    });
    Ok((made?, said.collect()))
}

/// What was found of some alerts, and what was not.
#[derive(Debug, Default)]
struct Tried<'a> {
    found: Vec<Found<'a>>,
    left: Vec<Left>,
}

impl<'a> Tried<'a> {
    fn nothing(rule: &Rule, lacking: &[&'static str], why: &str) -> Self {
        let left = lacking.iter().map(|word| Left::new(rule, word, why));
        Self {
            found: Vec::new(),
            left: left.collect(),
        }
    }

    /// Has promtool run the whole file: beside other rules an alert may do something else.
    fn proved(
        mut self,
        wanted: &Wanted,
        sets: &[Prepared],
        oracle: Oracle<'_>,
    ) -> Result<Generated> {
        let used = wanted.sets.iter().copied();
        let asked: BTreeSet<usize> = self.found.iter().map(|one| one.rule.at.set).collect();
        let used: Vec<&Prepared> = used
            .filter(|set| asked.contains(set))
            .map(|set| &sets[set])
            .collect();
        let paths: Vec<PathBuf> = used.iter().map(|set| set.path.clone()).collect();
        let patterns: Vec<String> = paths
            .iter()
            .map(|path| pattern(&path.to_string_lossy()))
            .collect();
        if !self.found.is_empty() && self.objection(&patterns, oracle)?.is_some() {
            let questions: Vec<Question<'_>> = self.found.iter().map(question).collect();
            let outcomes = oracle.ask(&paths, &questions)?;
            self.take(outcomes);
            if !self.found.is_empty()
                && let Some(said) = self.objection(&patterns, oracle)?
            {
                let outcomes = vec![Err(said); self.found.len()];
                self.take(outcomes);
            }
        }
        // Objects and standard input are nothing that promtool could load by itself.
        let own = used.iter().all(|set| set.is_own);
        let relative = |set: &&Prepared| {
            let way = written::relative(&wanted.folder, &set.path);
            pattern(&way.to_string_lossy())
        };
        let rule_files = match own {
            true => used.iter().map(relative).collect(),
            false => Vec::new(),
        };
        Ok(Generated {
            text: match self.found.is_empty() {
                true => String::new(),
                false => written::file(&rule_files, &self.found),
            },
            cases: self.found.len(),
            left: self.left,
        })
    }

    /// Returns what promtool says of the file if it is not content.
    fn objection(&self, rule_files: &[String], oracle: Oracle<'_>) -> Result<Option<String>> {
        let path = oracle.folder.join(format!("made-{}.yml", oracle.number));
        prepare::write(&path, &written::file(rule_files, &self.found))?;
        let objections = oracle.promtool.test(&path)?;
        Ok(objections.first().map(Objection::text))
    }

    /// Takes what promtool says of each case, and leaves those that show something else.
    fn take(&mut self, outcomes: Vec<Outcome>) {
        let mut kept = Vec::new();
        for (mut found, outcome) in std::mem::take(&mut self.found).into_iter().zip(outcomes) {
            let (rule, word) = (found.rule, found.word);
            match outcome {
                Ok(fired) if word == "no data" || fires(rule, &fired) == (word == "fires") => {
                    found.fired = fired;
                    kept.push(found);
                }
                Ok(_) => {
                    let why = "with all rules and their whole `for` it behaves otherwise";
                    self.left.push(Left::new(rule, word, why));
                }
                Err(said) => self.left.push(Left::new(rule, word, &said)),
            }
        }
        self.found = kept;
    }
}

fn question<'q>(found: &'q Found<'_>) -> Question<'q> {
    Question {
        guess: &found.guess,
        alert: &found.rule.name,
        at: &found.at,
    }
}

/// Tells whether an alert of the rule is among those that fire: another may have its name.
fn fires(rule: &Rule, fired: &[Fired]) -> bool {
    fired.iter().any(|one| {
        let labels = one.labels.iter().cloned().collect();
        may_be_of(rule, &labels)
    })
}

/// The search for the cases of one alert.
struct Trial<'l> {
    rule: &'l Rule,
    set: &'l Prepared,
    /// How many rules the file has: each test evaluates them all.
    beside: usize,
    oracle: Oracle<'l>,
}

impl<'l> Trial<'l> {
    fn all(&self, lacking: &[&'static str]) -> Result<Tried<'l>> {
        let rule = self.rule;
        if lacking.is_empty() {
            return Ok(Tried::default());
        }
        let expr = match promql::parse(&rule.expr.value) {
            Ok(expr) => expr,
            Err(said) => {
                let why = format!("its expression cannot be read: {said}");
                return Ok(Tried::nothing(rule, lacking, &why));
            }
        };
        // As fires, silent, and no data.
        let mut found: [Option<Found<'l>>; 3] = [None, None, None];
        let (mut count, mut last_said) = (0, None);
        let hurried = self.hurried()?;
        let wait = match hurried {
            Some(_) => 0,
            None => rule.wait_milliseconds(),
        };
        let path = hurried.as_ref().unwrap_or(&self.set.path);
        'search: for reach in reaches(rule, &expr) {
            let (soon, whole) = (
                minutes(reach + wait),
                minutes(reach + rule.wait_milliseconds()),
            );
            let nothing = found[2].is_none().then(|| vec![Guess::nothing()]);
            let rounds = guesses(rule, &expr, whole);
            // Of guesses that take long, the likeliest.
            let at_most = (BUDGET / soon as usize / self.beside).max(3);
            let runs = nothing.iter().chain(&rounds).flat_map(|round| {
                let round = &round[..round.len().min(at_most)];
                round.chunks(AT_ONCE)
            });
            for run in runs {
                let outcomes = self.ask(path, run, soon)?;
                count += run.len();
                for (guess, outcome) in run.iter().zip(outcomes) {
                    match outcome {
                        Ok(fired) => self.sort(&mut found, guess, whole, fired),
                        Err(said) => last_said = Some(said),
                    }
                }
                if (found[0].is_some() && found[1].is_some()) || count >= MOST {
                    break 'search;
                }
            }
        }
        let mut tried = Tried::default();
        for (word, found) in ["fires", "silent", "no data"].into_iter().zip(found) {
            if !lacking.contains(&word) {
                continue;
            }
            match (found, &last_said) {
                (Some(found), _) => tried.found.push(Found { word, ..found }),
                (None, None) => {
                    let why = match word {
                        "fires" => {
                            format!("given up: it fires with none of {count} sets of series")
                        }
                        _ => format!("given up: it fires with each of {count} sets of series"),
                    };
                    tried.left.push(Left::new(rule, word, &why));
                }
                (None, Some(said)) => tried.left.push(Left::new(rule, word, said)),
            }
        }
        if hurried.is_some() && !tried.found.is_empty() {
            let questions: Vec<Question<'_>> = tried.found.iter().map(question).collect();
            let paths = [self.set.path.clone()];
            let outcomes = self.oracle.ask(&paths, &questions)?;
            tried.take(outcomes);
        }
        Ok(tried)
    }

    /// Writes a copy of the rules in which an alert that waits for long does not wait: promtool would
    /// evaluate every minute of it for every guess. None where the wait is short or cannot be altered.
    fn hurried(&self) -> Result<Option<PathBuf>> {
        if self.rule.wait_milliseconds() <= 900_000 {
            return Ok(None);
        }
        let text = Text::new(&self.set.source).and_then(|text| text.at_once(self.rule));
        let Some(text) = text else { return Ok(None) };
        let name = format!("at-once-{}.yml", self.oracle.number);
        let path = self.oracle.folder.join(name);
        prepare::write(&path, &text)?;
        Ok(Some(path))
    }

    /// Puts a guess where it is the first, or fires with numbers that are easier to read.
    fn sort(
        &self,
        found: &mut [Option<Found<'l>>; 3],
        guess: &Guess,
        minutes: u64,
        fired: Vec<Fired>,
    ) {
        let is_empty = guess.series.is_empty();
        let fires = fires(self.rule, &fired);
        let one = Found {
            rule: self.rule,
            word: "",
            guess: guess.clone(),
            at: duration::text(minutes * 60_000),
            fired,
        };
        if is_empty {
            found[2] = Some(one.clone());
        }
        let place = match fires {
            true => &mut found[0],
            // Silence for want of data shows nothing.
            false if is_empty => return,
            false => &mut found[1],
        };
        let better = |before: &Found<'_>| is_long(&before.fired) && !is_long(&one.fired);
        if place.as_ref().is_none_or(better) {
            *place = Some(one);
        }
    }

    /// Asks of the alert in each guess.
    fn ask(&self, path: &PathBuf, guesses: &[Guess], minutes: u64) -> Result<Vec<Outcome>> {
        let at = duration::text(minutes * 60_000);
        let questions = guesses.iter().map(|guess| Question {
            guess,
            alert: &self.rule.name,
            at: &at,
        });
        let questions: Vec<Question<'_>> = questions.collect();
        self.oracle.ask(std::slice::from_ref(path), &questions)
    }
}
