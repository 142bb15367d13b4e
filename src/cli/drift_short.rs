//! The short ways to tell `churnctl drift` what to compare, where reports go and what to show; the long ones
//! are in `drift.rs`.

use std::path::Path;
use std::str::FromStr;

use clap::{Args, ValueEnum, ValueHint};

use crate::error::{Error, Result};
use crate::reports::drift::View;
use crate::settings::Flags;

/// The heading of what is written and shown.
pub(super) const REPORTS: &str = "Reports";

/// What may be said shortly.
#[derive(Debug, Clone, Args)]
pub(super) struct ShortArgs {
    /// The two sides, baseline first; one alone is the current data
    ///
    /// The same as --baseline and --current, with one address each. With one address the baseline is
    /// that of --baseline or of the settings.
    #[arg(value_names = ["BASELINE", "CURRENT"], num_args = 1.., value_hint = ValueHint::FilePath)]
    sides: Vec<String>,

    /// What other tools call the baseline.
    #[arg(long, value_name = "PATH", num_args = 1.., hide = true, conflicts_with = "baseline", value_hint = ValueHint::FilePath)]
    reference: Option<Vec<String>>,

    /// Report whose name says its form: .html, .md, .json, .xml (JUnit); may be repeated
    ///
    /// The same as --html, --markdown, --report and --junit.
    #[arg(short, long, value_name = "FILE", help_heading = REPORTS, value_hint = ValueHint::FilePath)]
    output: Vec<Output>,

    /// Show only the N worst features in the table or plain text
    ///
    /// Counts and verdict are those of all features, and what is written to files or printed as JSON
    /// or YAML holds them all.
    #[arg(long, value_name = "N", help_heading = REPORTS)]
    top: Option<usize>,

    /// Show only features with this verdict in the table or plain text
    #[arg(long, value_name = "WHICH", help_heading = REPORTS)]
    only: Option<OnlyArg>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OnlyArg {
    /// WARN and FAIL
    Drifted,
}

/// A report whose form its name says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Output {
    file: String,
    key: &'static str,
}

/// The setting that a name's ending stands for, and the flag that says it at length.
const ENDINGS: [(&[&str], &str, &str); 4] = [
    (&["html", "htm"], "drift.html", "--html"),
    (&["md", "markdown"], "drift.markdown", "--markdown"),
    (&["json"], "drift.report", "--report"),
    (&["xml"], "drift.junit", "--junit"),
];

impl FromStr for Output {
    type Err = String;

    fn from_str(file: &str) -> std::result::Result<Self, String> {
        let ending = Path::new(file).extension().and_then(|text| text.to_str());
        let ending = ending.unwrap_or_default().to_ascii_lowercase();
        let found = ENDINGS
            .iter()
            .find(|(names, _, _)| names.contains(&&*ending));
        match found {
            Some((_, key, _)) => Ok(Self {
                file: file.to_owned(),
                key,
            }),
            None => Err("the name ends with none of .html, .md, .json and .xml; \
                         --html, --markdown, --report and --junit take any name"
                .to_owned()),
        }
    }
}

impl ShortArgs {
    /// Adds what is said here. Contradictions are left to [`ShortArgs::check`].
    pub(super) fn add_to(&self, flags: &mut Flags) {
        let only = |side: &String| Some(vec![side.clone()]);
        let (baseline, current) = match self.sides.as_slice() {
            [current] => (None, only(current)),
            [baseline, current] => (only(baseline), only(current)),
            _ => (None, None),
        };
        let baseline = baseline.as_ref().or(self.reference.as_ref());
        flags.many("drift.baseline", baseline);
        flags.many("drift.current", current.as_ref());
        for output in &self.output {
            flags.one(output.key, Some(&output.file));
        }
    }

    /// Returns which features to show.
    pub(super) fn view(&self) -> View {
        View {
            top: self.top,
            only_drifted: self.only == Some(OnlyArg::Drifted),
            ..View::default()
        }
    }

    /// Refuses what is said twice. `long` tells whether a long flag was given.
    ///
    /// # Errors
    /// Fails with 64.
    pub(super) fn check(&self, long: impl Fn(&str) -> bool) -> Result<()> {
        let sides = self.sides.len();
        if sides > 2 {
            let message =
                format!("{sides} addresses, but drift compares two: baseline and current");
            return Err(Error::usage(message).hint(
                "several files of one side follow --baseline or --current, or are a quoted pattern: 'months/*.csv'",
            ));
        }
        let given = |flag| match flag {
            "--reference" => self.reference.is_some(),
            flag => long(flag),
        };
        let by_place = [
            (sides == 2, "--baseline"),
            (sides == 2, "--reference"),
            (sides >= 1, "--current"),
        ];
        for (by_place, flag) in by_place {
            if by_place && given(flag) {
                let what = if flag == "--current" {
                    "current data"
                } else {
                    "baseline"
                };
                let message = format!("the {what} is named twice: by {flag} and by its place");
                return Err(Error::usage(message).hint(
                    "either `churnctl drift BASELINE CURRENT`, or --baseline and --current",
                ));
            }
        }
        for (_, key, flag) in ENDINGS {
            let mut of_form = self.output.iter().filter(|output| output.key == key);
            let Some(first) = of_form.next() else {
                continue;
            };
            let second = of_form.next().map(|output| format!("-o {}", output.file));
            if let Some(second) = second.or_else(|| long(flag).then(|| flag.to_owned())) {
                let message = format!("-o {} and {second} are reports of one form", first.file);
                return Err(Error::usage(message).hint("one run writes one report of each form"));
            }
        }
        Ok(())
    }
}
