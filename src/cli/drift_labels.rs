//! The words of `churnctl drift` about labels that come later than their predictions.

use clap::{Args, ValueHint};

use super::columns::checked;
use crate::data::Period;
use crate::labels::{JoinKey, Unmatched};
use crate::settings::{Bytes, Flags, Until};

const LABELS: &str = "Late labels";

/// Where labels are, and how they are joined.
#[derive(Debug, Clone, Args)]
pub(super) struct LabelArgs {
    /// Labels that came later: files, folders, glob patterns, a database, or - for standard input
    ///
    /// They are joined with the current data by --join and time, and judged like labels that stand
    /// beside the scores. A prediction counts once its label window has closed by the latest label.
    /// A column named like the label (see --label) holds it; without one, being in the source is the
    /// label: churned.
    #[arg(long, value_name = "PATH", num_args = 1.., help_heading = LABELS, value_hint = ValueHint::FilePath)]
    labels: Option<Vec<String>>,

    /// Columns by which predictions and labels know each other, such as user_id,snapshot_date
    ///
    /// `user_id=customer_id` where they are called otherwise in the label source.
    #[arg(long, value_name = "COLUMNS", value_parser = checked::<JoinKey>, help_heading = LABELS)]
    join: Option<String>,

    /// How long after a prediction its label may come: 30d, 4w, 1mo
    ///
    /// From the time of the prediction on, so long and no longer.
    #[arg(long, value_name = "PERIOD", value_parser = checked::<Period>, help_heading = LABELS)]
    label_window: Option<String>,

    /// Column with the time of a label
    ///
    /// Without it, the only column beside key and label, or the only one named like a time.
    #[arg(long, value_name = "COLUMN", help_heading = LABELS)]
    label_time: Option<String>,

    /// Until when the labels are whole, if that is not the time of the latest one
    ///
    /// A day is its beginning. Needed where labels have no time.
    #[arg(long, value_name = "TIME", value_parser = checked::<Until>, help_heading = LABELS)]
    labels_until: Option<String>,

    /// What a prediction without a label is once its window has closed: negative, or drop
    ///
    /// If not given: negative where the source lists those who left, without a column for the label;
    /// drop where it has one.
    #[arg(long, value_name = "WHAT", value_parser = checked::<Unmatched>, help_heading = LABELS)]
    unmatched: Option<String>,

    /// Column with the time of a prediction; that of --time if not given
    #[arg(long, value_name = "COLUMN", help_heading = LABELS)]
    prediction_time: Option<String>,

    /// Memory that the join may take, about; what is more goes to temporary files
    #[arg(long, value_name = "BYTES", value_parser = checked::<Bytes>, help_heading = LABELS)]
    join_memory: Option<String>,

    /// Who joins: here, or the database that holds labels and predictions
    ///
    /// With `database` counts come over the wire and no row does. It mostly takes longer, and is refused where a
    /// database may compare otherwise than rows are compared here; the message says why.
    #[arg(long, value_name = "WHO", value_parser = ["here", "database"], help_heading = LABELS)]
    joined_by: Option<String>,
}

impl LabelArgs {
    pub(super) fn add_to(&self, flags: &mut Flags) {
        flags.many("drift.labels", self.labels.as_ref());
        flags.one("drift.join", self.join.as_ref());
        flags.one("drift.label_window", self.label_window.as_ref());
        flags.one("drift.label_time", self.label_time.as_ref());
        flags.one("drift.labels_until", self.labels_until.as_ref());
        flags.one("drift.unmatched", self.unmatched.as_ref());
        flags.one("drift.prediction_time", self.prediction_time.as_ref());
        flags.one("drift.join_memory", self.join_memory.as_ref());
        flags.one("drift.joined_by", self.joined_by.as_ref());
    }
}
