//! Progress on stderr: a bar on a terminal, one line a stage elsewhere, nothing when quiet.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use indicatif::HumanBytes;

use super::stage::{Amount, Stage, far};
use super::{Messages, ProgressMode};
use crate::progress::Progress;

/// A stage shorter than this shows no bar: a flash helps nobody.
const BAR_AFTER: Duration = Duration::from_millis(300);
/// A long stage says how far it is this often, where there is no bar.
const LINE_EVERY: Duration = Duration::from_secs(10);

impl Messages<'_> {
    fn begin(&self, name: &str, amount: Amount) {
        self.finish();
        match self.output.progress {
            ProgressMode::Off => return,
            ProgressMode::Bar => {}
            ProgressMode::Plain => match amount {
                Amount::Bytes(bytes) => self.info(&format!("{name} ({})", HumanBytes(bytes))),
                Amount::Unknown | Amount::Steps(_) => self.info(name),
            },
        }
        let now = Instant::now();
        let stage = Stage {
            name: name.to_owned(),
            amount,
            note: String::new(),
            done: 0,
            begin: now,
            last_line: now,
            bar: None,
        };
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner) = Some(stage);
    }
}

impl Progress for Messages<'_> {
    fn stage(&self, name: &str, total_bytes: Option<u64>) {
        self.begin(name, total_bytes.map_or(Amount::Unknown, Amount::Bytes));
    }

    fn steps(&self, name: &str, total: u64) {
        self.begin(name, Amount::Steps(total));
    }

    fn note(&self, text: &str) {
        if self.output.progress != ProgressMode::Bar {
            return;
        }
        let mut guard = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(stage) = guard.as_mut() else { return };
        text.clone_into(&mut stage.note);
        if let Some(bar) = &stage.bar {
            bar.set_message(stage.message());
        }
    }

    fn advance(&self, amount: u64) {
        if self.output.progress == ProgressMode::Off {
            return;
        }
        let mut guard = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(stage) = guard.as_mut() else { return };
        stage.done += amount;
        let done = stage.done;
        if self.output.progress == ProgressMode::Bar {
            if let Some(bar) = &stage.bar {
                bar.set_position(done);
            } else if stage.begin.elapsed() >= BAR_AFTER {
                stage.show_bar().set_position(done);
            }
        } else if stage.last_line.elapsed() >= LINE_EVERY {
            stage.last_line = Instant::now();
            let line = far(&stage.name, done, stage.amount);
            drop(guard);
            self.info(&line);
        }
    }

    fn finish(&self) {
        let mut guard = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = guard.take().and_then(|stage| stage.bar) {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{LogFormat, OutputOptions, Paint, Verbosity};
    use super::*;

    fn heard(progress: ProgressMode) -> String {
        let output = OutputOptions {
            verbosity: Verbosity::Normal,
            log_format: LogFormat::Text,
            errors_as_json: false,
            progress,
            paint: Paint::default(),
        };
        let mut stderr = Vec::new();
        let messages = Messages::new(&mut stderr, output);
        messages.stage("read baseline telco.csv", Some(2048));
        messages.advance(1024);
        messages.stage("compare", None);
        messages.steps("trees", 300);
        messages.note("validation log loss 0.41");
        messages.advance(1);
        messages.finish();
        drop(messages);
        String::from_utf8(stderr).expect("UTF-8")
    }

    #[test]
    fn without_a_terminal_every_stage_is_one_line() {
        let lines = heard(ProgressMode::Plain);
        assert_eq!(
            lines,
            "read baseline telco.csv (2.00 KiB)\ncompare\ntrees\n"
        );
    }

    #[test]
    fn switched_off_nothing_is_said() {
        assert_eq!(heard(ProgressMode::Off), "");
    }
}
