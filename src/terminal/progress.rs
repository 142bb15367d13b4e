//! Progress on stderr: a bar on a terminal, one line a stage elsewhere, nothing when quiet.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Messages, ProgressMode};
use crate::progress::Progress;
use crate::text::visible;
use crate::threads::beside;

/// A stage shorter than this shows no bar: a flash helps nobody.
const BAR_AFTER: Duration = Duration::from_millis(300);
/// A long stage says how far it is this often, where there is no bar.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// What a stage goes by, and how much there is of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Amount {
    /// So many bytes.
    Bytes(u64),
    /// Who knows how many bytes, if it goes by bytes at all.
    Unknown,
    /// At most so many steps.
    Steps(u64),
}

impl Amount {
    const fn total(self) -> Option<u64> {
        match self {
            Self::Bytes(total) | Self::Steps(total) => Some(total),
            Self::Unknown => None,
        }
    }

    const fn template(self) -> &'static str {
        match self {
            Self::Bytes(_) => "{msg} {wide_bar} {bytes}/{total_bytes} {eta}",
            Self::Unknown => "{spinner} {msg} {bytes} {elapsed}",
            Self::Steps(_) => "{spinner} {pos}/{len} {wide_msg} {elapsed}",
        }
    }
}

/// A stage that is under way.
pub(super) struct Stage {
    name: String,
    amount: Amount,
    note: String,
    done: u64,
    begin: Instant,
    last_line: Instant,
    bar: Option<ProgressBar>,
}

impl Stage {
    pub(super) fn bar(&self) -> Option<&ProgressBar> {
        self.bar.as_ref()
    }

    fn show_bar(&mut self) -> &ProgressBar {
        let target = ProgressDrawTarget::stderr();
        let bar = ProgressBar::with_draw_target(self.amount.total(), target);
        // The templates are constants that a test builds; the default style is no loss.
        if let Ok(style) = ProgressStyle::with_template(self.amount.template()) {
            bar.set_style(style.progress_chars("━╸ "));
        }
        bar.set_message(self.message());
        if matches!(self.amount, Amount::Steps(_)) {
            // A step may take minutes: the time goes on.
            // The library panics where there is no thread for it; the bar then moves with the news only.
            if beside("tick", || ()).is_ok() {
                bar.enable_steady_tick(Duration::from_millis(200));
            }
        }
        self.bar.insert(bar)
    }

    fn message(&self) -> String {
        let name = visible(&self.name);
        if self.note.is_empty() {
            name.into_owned()
        } else {
            format!("{name}: {}", visible(&self.note))
        }
    }
}

impl Messages<'_> {
    fn begin(&self, name: &str, amount: Amount) {
        self.finish();
        match self.manner.progress {
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
        if self.manner.progress != ProgressMode::Bar {
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
        if self.manner.progress == ProgressMode::Off {
            return;
        }
        let mut guard = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(stage) = guard.as_mut() else { return };
        stage.done += amount;
        let done = stage.done;
        if self.manner.progress == ProgressMode::Bar {
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

fn far(name: &str, done: u64, amount: Amount) -> String {
    match amount {
        Amount::Steps(total) => format!("{done}/{total} {name}"),
        Amount::Bytes(total) if total > 0 => {
            let percent = (u128::from(done) * 100 / u128::from(total)).min(100);
            format!("{name}: {percent} % of {}", HumanBytes(total))
        }
        Amount::Bytes(_) | Amount::Unknown => format!("{name}: {}", HumanBytes(done)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{LogFormat, Manner, Paint, Verbosity};
    use super::*;

    fn heard(progress: ProgressMode) -> String {
        let manner = Manner {
            verbosity: Verbosity::Normal,
            log_format: LogFormat::Text,
            errors_as_json: false,
            progress,
            paint: Paint::default(),
        };
        let mut stderr = Vec::new();
        let messages = Messages::new(&mut stderr, manner);
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

    #[test]
    fn all_templates_are_valid_and_a_long_stage_says_how_far_it_is() {
        for amount in [Amount::Bytes(1), Amount::Unknown, Amount::Steps(1)] {
            assert!(ProgressStyle::with_template(amount.template()).is_ok());
        }
        let half = far("read", 512, Amount::Bytes(1024));
        assert_eq!(half, "read: 50 % of 1.00 KiB");
        assert_eq!(far("read", 512, Amount::Unknown), "read: 512 B");
        let steps = far("trees", 9, Amount::Steps(300));
        assert_eq!(steps, "9/300 trees");
    }
}
