//! A stage that is under way: how far it is, as a bar or in words.

use std::time::{Duration, Instant};

use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::text::visible;
use crate::threads::beside;

/// What a stage goes by, and how much there is of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Amount {
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
    pub(super) name: String,
    pub(super) amount: Amount,
    pub(super) note: String,
    pub(super) done: u64,
    pub(super) begin: Instant,
    pub(super) last_line: Instant,
    pub(super) bar: Option<ProgressBar>,
}

impl Stage {
    pub(super) fn bar(&self) -> Option<&ProgressBar> {
        self.bar.as_ref()
    }

    pub(super) fn show_bar(&mut self) -> &ProgressBar {
        let target = ProgressDrawTarget::stderr();
        let bar = ProgressBar::with_draw_target(self.amount.total(), target);
        // The templates are constants that a test builds; the default style loses nothing.
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

    pub(super) fn message(&self) -> String {
        let name = visible(&self.name);
        if self.note.is_empty() {
            name.into_owned()
        } else {
            format!("{name}: {}", visible(&self.note))
        }
    }
}

pub(super) fn far(name: &str, done: u64, amount: Amount) -> String {
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
    use super::*;

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
