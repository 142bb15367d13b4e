//! `churnctl promote`: a model that was trained before, compared with the one in production.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::train_judge::{Contender, judge};
use super::train_request::TrainRequest;
use super::{Console, model_file, train_recalibrate, train_table};
use crate::cells::Tone;
use crate::error::{Error, Result};
use crate::exit::ExitCode;
use crate::files::write_atomically;
use crate::model::artifact::Artifact;
use crate::model::paired::Comparison;
use crate::model::promote::Decision;
use crate::model::publish::{Champion, ModelStore};
use crate::model::score::Scorer;
use crate::model::split::{Rows, SplitOptions, split};
use crate::settings::Settings;

/// Version of the JSON layout.
const SCHEMA_VERSION: u32 = 1;
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Everything that a promotion needs to know, settings applied.
#[derive(Debug, Clone, PartialEq)]
pub struct PromoteRequest {
    /// Artifact of the candidate, or where it is.
    pub candidate: PathBuf,
    /// Decide, and change nothing.
    pub is_dry: bool,
    /// File for the decision in a word.
    pub decision_file: Option<PathBuf>,
    /// Data, folders and policy, as for the training.
    pub train: TrainRequest,
}

impl PromoteRequest {
    /// Takes what is set.
    ///
    /// # Errors
    /// As [`TrainRequest::from_settings`].
    pub fn from_settings(
        settings: &Settings,
        candidate: PathBuf,
        is_dry: bool,
        decision_file: Option<PathBuf>,
    ) -> Result<Self> {
        Ok(Self {
            candidate,
            is_dry,
            decision_file,
            train: TrainRequest::from_settings(settings, false)?,
        })
    }
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    model_version: &'a str,
    champion_version: Option<&'a str>,
    /// What was decided.
    promote: bool,
    /// Whether the candidate is in production now.
    promoted: bool,
    reasons: &'a [String],
    comparisons: &'a [Comparison],
}

/// Compares, decides, and carries it out.
///
/// # Errors
/// Bad input, also if the data are not those of the candidate's training; settings or files. A
/// candidate that is not promoted is *no* error.
pub fn run(request: &PromoteRequest, console: &mut Console<'_>) -> Result<ExitCode> {
    let train = &request.train;
    let signer = train.signing.as_ref();
    let signer = signer.map(|signing| signing.open(console)).transpose()?;
    let (candidate, mut signatures) = train
        .tracking
        .model_and_signatures(&candidate_file(&request.candidate)?, console)?;
    let tracker = train.tracking.begin().filter(|_| !request.is_dry);
    let model_store = ModelStore::new(&train.artifacts, console.created_at(), VERSION);
    let (champion, warnings) = model_store.champion()?;
    let decision = decide(&candidate, &champion, train, console)?;
    let unknown = candidate.body.imported.as_ref().map(|imported| {
        let (version, format) = (&candidate.version, &imported.format);
        format!(
            "it is not known which rows the candidate {version} ({format}) learned from: if test rows \
             are among them, it looks better than it is"
        )
    });
    let warnings = warnings.iter().chain(&unknown);
    for warning in warnings.chain(&decision.warnings) {
        console.messages().warn(warning);
    }
    if let Some(path) = &request.decision_file {
        let word: &[u8] = if decision.promote {
            b"promote"
        } else {
            b"keep"
        };
        write_atomically(path, word)?;
    }
    if !request.is_dry {
        if let Some(signer) = signer {
            let path = model_store.model(&candidate.name, &candidate.version)?;
            let own = signer.signatures(&candidate, &path, console)?;
            signatures = Some(match signatures {
                Some(others) => own.with(&others),
                None => own,
            });
        }
        model_store.keep(&candidate, signatures.as_ref())?;
        model_store.apply_decision(&candidate, &decision, &champion)?;
    }
    let promoted = decision.promote && !request.is_dry;
    let tracker = tracker.filter(|_| promoted);
    let kept = tracker.and_then(|tracker| tracker.keep_rollback(&candidate, console));
    let body = Body {
        model: &candidate.name,
        model_version: &candidate.version,
        champion_version: match &champion {
            Champion::Sound(champion) => Some(&champion.version),
            Champion::None | Champion::Lost(_) => None,
        },
        promote: decision.promote,
        promoted,
        reasons: &decision.reasons,
        comparisons: &decision.comparisons,
    };
    let document = console.document("promote", SCHEMA_VERSION, &body);
    if !console.print_document(&document)? {
        let (tone, word) = match (decision.promote, request.is_dry) {
            (true, false) => (Tone::Good, "PROMOTED"),
            (true, true) => (Tone::Good, "WOULD BE PROMOTED"),
            (false, _) => (Tone::Warn, "NOT PROMOTED"),
        };
        let reasons = decision.reasons.join("; ");
        console.print_line(tone, &format!("{word}: {reasons}"))?;
    }
    if let Some(kept) = kept {
        kept.send(console);
    }
    Ok(ExitCode::Ok)
}

/// Compares the candidate with the model in production on the rows that neither has learned from.
///
/// # Errors
/// Bad input if the data are not those of the candidate's training, or what it was made of is not in production any more.
fn decide(
    candidate: &Artifact,
    champion: &Champion,
    train: &TrainRequest,
    console: &Console<'_>,
) -> Result<Decision> {
    let (version, parent) = (&candidate.version, &candidate.body.provenance.parent);
    // A model that was trained from all rows is compared with itself: that refuses other data, and ends in a tie.
    if let Champion::Sound(champion) = champion
        && champion.sha256 == candidate.sha256
        && parent.is_some()
    {
        return Ok(Decision {
            promote: false,
            reasons: vec![format!("{version} is the model in production already")],
            comparisons: Vec::new(),
            warnings: Vec::new(),
            change: None,
        });
    }
    let mut table = train_table::read(train, console)?;
    match (champion, parent) {
        // Its rows were dealt without those.
        (Champion::Sound(champion), Some(parent)) if *parent == champion.version => {
            table = train_recalibrate::unlearned(table, champion, train)?;
        }
        (Champion::Sound(champion), Some(parent)) => {
            let now = &champion.version;
            return Err(Error::bad_input(format!(
                "the candidate {version} is the model {parent} with its calibration fitted again, and {now} is in \
                 production now"
            ))
            .hint("fit the calibration of that one: churnctl train DATA --recalibrate"));
        }
        _ => {}
    }
    let options = SplitOptions {
        label_window: train.label_window,
        seed: train.options.seed,
        ..SplitOptions::default()
    };
    let rows = Rows {
        label: &table.labels,
        time: table.time.as_deref(),
        group: table.group.as_deref(),
        keys: &table.dealt_by,
    };
    let mut splits = split(rows, &options)?;
    let data_sha256 = table.data_sha256(train)?;
    is_of_these_data(candidate, train, &data_sha256, &splits.description)?;
    if candidate.body.imported.is_some() && parent.is_none() {
        // It was dealt none of these rows, so that each can judge it.
        splits.test = (0..table.labels.len() as u32).collect();
    }
    let scorer = Scorer::new(&candidate.body)?;
    let scores = scorer.scores_of(&table.frame, &splits.test, train.options.threads)?;
    let contender = Contender {
        scores: &scores,
        trivial: &candidate.body.trivial,
    };
    judge(champion, candidate, contender, &table, &splits, train)
}

/// A training leaves its model in the folder `models` of its own.
fn candidate_file(path: &Path) -> Result<PathBuf> {
    let models = path.join("models");
    model_file(if models.is_dir() { &models } else { path })
}

/// Rows that the candidate has learned from would flatter it, so the test rows must be its own.
fn is_of_these_data(
    candidate: &Artifact,
    train: &TrainRequest,
    data_sha256: &str,
    split: &str,
) -> Result<()> {
    let provenance = &candidate.body.provenance;
    let refused = |what: String, hint: &str| Err(Error::bad_input(what).hint(hint));
    if candidate.name != train.name {
        let (name, wanted) = (&candidate.name, &train.name);
        return refused(
            format!("the candidate is a model {name}, not {wanted}"),
            "the setting `model` names the model",
        );
    }
    // Which rows it learned from is not known, but for those that the import was told of. Where its calibration was fitted
    // again, these are the data of that.
    let imported = candidate.body.imported.as_ref();
    if let Some(imported) = imported.filter(|_| provenance.parent.is_none()) {
        if imported.learned_from(&provenance.data_sha256, data_sha256) {
            return refused(
                format!(
                    "the candidate {} has learned from these data, which its import names with --schema: it would \
                     look better than it is",
                    candidate.version
                ),
                "name labelled rows that neither model has learned from",
            );
        }
        return Ok(());
    }
    if provenance.data_sha256 != data_sha256 {
        return refused(
            format!(
                "the candidate {} was trained from other data",
                candidate.version
            ),
            "name the data of its training: its test rows are those that it has not learned from",
        );
    }
    if provenance.seed != train.options.seed || provenance.split != split {
        return refused(
            format!(
                "the candidate {} was trained with another split: seed {}, {}",
                candidate.version, provenance.seed, provenance.split
            ),
            "take the settings of its training: --seed, train.time, train.group, train.label_window",
        );
    }
    Ok(())
}
