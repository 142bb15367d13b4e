//! The one form that all readers produce: features as the file knows them, and trees with typed
//! splits. What the data know of the features is for [`assemble`](super::assemble).

use churn_model::artifact::{Calibration, TreeInput};

/// The frameworks and forms of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `Booster.save_model` of LightGBM.
    LightGbm,
    /// `save_model("m.json")` of XGBoost.
    XgBoostJson,
    /// `save_model("m.ubj")` of XGBoost.
    XgBoostUbjson,
    /// `save_model("m.json", format="json", pool=...)` of CatBoost.
    CatBoost,
    /// What skl2onnx and onnxmltools write.
    Onnx,
}

impl Format {
    /// Returns framework and form in words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LightGbm => "LightGBM text",
            Self::XgBoostJson => "XGBoost JSON",
            Self::XgBoostUbjson => "XGBoost UBJSON",
            Self::CatBoost => "CatBoost JSON",
            Self::Onnx => "ONNX",
        }
    }

    /// Returns how far our scores may be off: XGBoost and ONNX add up in single precision, we do not.
    #[must_use]
    pub const fn limit(self) -> f64 {
        match self {
            Self::LightGbm | Self::CatBoost => 1e-6,
            Self::XgBoostJson | Self::XgBoostUbjson | Self::Onnx => 1e-5,
        }
    }
}

/// What a model file says.
#[derive(Debug, Clone, PartialEq)]
pub struct Foreign {
    pub(crate) format: Format,
    /// The features in the order that the trees count them in.
    pub(crate) features: Vec<Input>,
    /// The file has no names of features but numbers that the framework gave them.
    pub(crate) is_nameless: bool,
    /// Output before the first tree.
    pub(crate) base: f64,
    pub(crate) trees: Vec<Tree>,
    /// Of a linear model, which has no trees.
    pub(crate) linear: Option<Linear>,
    /// The file says how many rows came to each node; where it does not, those of the data are counted.
    pub(crate) has_cover: bool,
    pub(crate) calibration: Calibration,
}

impl Foreign {
    /// Returns framework and form of the file.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }
}

/// What each feature adds to the log-odds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Linear {
    pub(crate) intercept: f64,
    /// In the order of the features.
    pub(crate) lines: Vec<Line>,
}

/// What a feature adds: `offset + slope x value` if it is a number, else by its level.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Line {
    pub(crate) slope: f64,
    pub(crate) offset: f64,
    /// In the order of the levels.
    pub(crate) levels: Vec<f64>,
    /// Of texts that are not levels.
    pub(crate) other: f64,
    /// Of a missing value; NaN if the framework has no score then.
    pub(crate) missing: f64,
}

/// A feature.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Input {
    pub(crate) name: String,
    pub(crate) kind: InputKind,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum InputKind {
    Number(TreeInput),
    /// The levels that the file knows, with the keys by which splits name them.
    Category(Vec<Level>),
    /// Any of these levels, if the data have them or a split asks for them.
    AnyOf(Vec<Level>),
    /// Splits name positions among the sorted levels, which the file does not have.
    Sorted,
}

/// A level of a category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Level {
    pub(crate) key: u32,
    pub(crate) text: String,
}

/// A tree: a child stands behind its parent, the root is first.
pub(crate) type Tree = Vec<Node>;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Leaf {
        output: f64,
        cover: f64,
    },
    Split {
        feature: usize,
        split: Split,
        missing_left: bool,
        left: usize,
        right: usize,
        cover: f64,
    },
}

/// Which values go left.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Split {
    Below(f64),
    /// Levels with these keys, and no others.
    OneOf(Vec<u32>),
    /// All but levels with these keys.
    NoneOf(Vec<u32>),
}

impl Split {
    /// Whether a level goes left; no number does.
    pub(crate) fn has(&self, level: u32) -> bool {
        match self {
            Self::Below(_) => false,
            Self::OneOf(levels) => levels.contains(&level),
            Self::NoneOf(levels) => !levels.contains(&level),
        }
    }
}

/// Returns the number below which is what is at most this one; every finite number is below the
/// largest.
pub(crate) fn at_most(threshold: f64) -> f64 {
    threshold.next_up().min(f64::MAX)
}
