//! The model at work: what requests need of an artifact, and the slot that holds it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use axum::body::Bytes;
use churn_base::error::Result;
use churn_model::artifact::{Artifact, Body, Feature};
use churn_model::score::Scorer;
use churn_model::unseen::Vocabulary;

/// A model that predicts.
#[derive(Debug)]
pub struct Loaded {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Checksum of its artifact.
    pub sha256: String,
    /// File that it came from, as the user named it.
    pub path: String,
    /// When it was trained.
    pub trained_at: String,
    /// Score from which a row is classed as churned.
    pub threshold: f64,
    /// Share of the test rows that it classes as churned, if it was measured.
    pub baseline_ratio: Option<f64>,
    pub(super) scorer: Scorer,
    /// What training had of each category; none for numbers.
    pub(super) vocabularies: Vec<Option<Vocabulary>>,
    pub(super) index: HashMap<String, usize>,
    /// The OpenAPI document.
    pub(super) openapi: Bytes,
    /// The page at `/`.
    pub(super) page: Bytes,
}

/// What is made of a model once, when it is loaded.
pub(super) struct Documents {
    pub(super) openapi: Bytes,
    pub(super) page: Bytes,
}

impl Loaded {
    /// Makes a model of its artifact, and the documents of both.
    ///
    /// # Errors
    /// Bad input if the parts do not fit together.
    pub(super) fn new(
        artifact: Artifact,
        path: &Path,
        documents: impl FnOnce(&Artifact) -> Result<Documents>,
    ) -> Result<Self> {
        let scorer = Scorer::new(&artifact.body)?;
        let index = scorer.features().iter().enumerate();
        let index = index.map(|(at, feature)| (feature.name.clone(), at));
        let documents = documents(&artifact)?;
        Ok(Self {
            vocabularies: Vocabulary::of_features(&scorer, &artifact.body.profile),
            index: index.collect(),
            threshold: artifact.body.threshold,
            baseline_ratio: baseline_ratio(&artifact.body),
            name: artifact.name,
            version: artifact.version,
            sha256: artifact.sha256,
            trained_at: artifact.created_at,
            path: path.display().to_string(),
            openapi: documents.openapi,
            page: documents.page,
            scorer,
        })
    }

    /// Returns the features in the order of the cells.
    #[must_use]
    pub fn features(&self) -> &[Feature] {
        self.scorer.features()
    }

    /// Returns the position of a feature; `guess` is where it stands if the client keeps the
    /// model's order.
    pub(super) fn position(&self, name: &str, guess: usize) -> Option<usize> {
        let guessed = self.features().get(guess);
        match guessed.filter(|feature| feature.name == name) {
            Some(_) => Some(guess),
            None => self.index.get(name).copied(),
        }
    }
}

fn baseline_ratio(body: &Body) -> Option<f64> {
    let confusion = &body.metrics.get("test")?.performance.confusion;
    let churned = confusion.true_positives + confusion.false_positives;
    let all = churned + confusion.true_negatives + confusion.false_negatives;
    (all > 0).then(|| churned as f64 / all as f64)
}

/// Holds the model; requests take it out, a reload puts another in.
#[derive(Debug, Default)]
pub struct Slot(RwLock<Option<Arc<Loaded>>>);

impl Slot {
    /// Returns the model at work. A request keeps the one it has begun with.
    #[must_use]
    pub fn get(&self) -> Option<Arc<Loaded>> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Puts a model to work.
    pub(super) fn put(&self, model: Arc<Loaded>) {
        let old = self
            .0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .replace(model);
        // Outside of the lock: the last request that has the old one may free it, or we.
        drop(old);
    }
}
