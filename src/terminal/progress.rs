//! Progress on stderr: a bar on a terminal, one line a stage elsewhere, nothing when quiet.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Messages, ProgressMode};
use crate::progress::Progress;
use crate::text::visible;

/// A stage shorter than this shows no bar: a flash helps nobody.
const BAR_AFTER: Duration = Duration::from_millis(300);
/// A long stage says how far it is this often, where there is no bar.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// A stage that is under way.
pub(super) struct Stage {
    name: String,
    total_bytes: Option<u64>,
    done_bytes: u64,
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
        let bar = ProgressBar::with_draw_target(self.total_bytes, target);
        // Both templates are constants that a test builds; the default style is no loss.
        if let Ok(style) = ProgressStyle::with_template(template(self.total_bytes.is_some())) {
            bar.set_style(style.progress_chars("━╸ "));
        }
        bar.set_message(visible(&self.name).into_owned());
        self.bar.insert(bar)
    }
}

const fn template(has_total: bool) -> &'static str {
    if has_total {
        "{msg} {wide_bar} {bytes}/{total_bytes} {eta}"
    } else {
        "{spinner} {msg} {bytes} {elapsed}"
    }
}

impl Progress for Messages<'_> {
    fn stage(&self, name: &str, total_bytes: Option<u64>) {
        self.finish();
        match self.manner.progress {
            ProgressMode::Off => return,
            ProgressMode::Bar => {}
            ProgressMode::Plain => match total_bytes {
                Some(bytes) => self.info(&format!("{name} ({})", HumanBytes(bytes))),
                None => self.info(name),
            },
        }
        let now = Instant::now();
        let stage = Stage {
            name: name.to_owned(),
            total_bytes,
            done_bytes: 0,
            begin: now,
            last_line: now,
            bar: None,
        };
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner) = Some(stage);
    }

    fn advance(&self, bytes: u64) {
        if self.manner.progress == ProgressMode::Off {
            return;
        }
        let mut guard = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(stage) = guard.as_mut() else { return };
        stage.done_bytes += bytes;
        let done = stage.done_bytes;
        if self.manner.progress == ProgressMode::Bar {
            if let Some(bar) = &stage.bar {
                bar.set_position(done);
            } else if stage.begin.elapsed() >= BAR_AFTER {
                stage.show_bar().set_position(done);
            }
        } else if stage.last_line.elapsed() >= LINE_EVERY {
            stage.last_line = Instant::now();
            let line = far(&stage.name, done, stage.total_bytes);
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

fn far(name: &str, done: u64, total: Option<u64>) -> String {
    match total {
        Some(total) if total > 0 => {
            let percent = (u128::from(done) * 100 / u128::from(total)).min(100);
            format!("{name}: {percent} % of {}", HumanBytes(total))
        }
        Some(_) | None => format!("{name}: {}", HumanBytes(done)),
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
        messages.finish();
        drop(messages);
        String::from_utf8(stderr).expect("UTF-8")
    }

    #[test]
    fn without_a_terminal_every_stage_is_one_line() {
        let lines = heard(ProgressMode::Plain);
        assert_eq!(lines, "read baseline telco.csv (2.00 KiB)\ncompare\n");
    }

    #[test]
    fn switched_off_nothing_is_said() {
        assert_eq!(heard(ProgressMode::Off), "");
    }

    #[test]
    fn both_templates_are_valid_and_a_long_stage_says_how_far_it_is() {
        assert!(ProgressStyle::with_template(template(true)).is_ok());
        assert!(ProgressStyle::with_template(template(false)).is_ok());
        assert_eq!(far("read", 512, Some(1024)), "read: 50 % of 1.00 KiB");
        assert_eq!(far("read", 512, None), "read: 512 B");
    }
}
