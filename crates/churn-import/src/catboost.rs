//! CatBoost's JSON: oblivious trees over numbers and one-hot categories. What it computes from the
//! labels of categories (CTR) is refused: its tables are those of the training's order.

use std::collections::{BTreeMap, BTreeSet};

use churn_base::error::{Error, Result};
use churn_data::{Value, classify};
use churn_model::artifact::{Calibration, TreeInput};
use serde::Deserialize;

use super::foreign::{Foreign, Format, Input, InputKind, Level, Node, Split, Tree, at_most};
use super::refused::{refused, unsupported};

/// CatBoost itself grows no deeper trees.
const MAX_DEPTH: usize = 16;

#[derive(Deserialize)]
pub(crate) struct Model {
    features_info: Features,
    oblivious_trees: Option<Vec<Oblivious>>,
    scale_and_bias: Option<(f64, Vec<f64>)>,
    #[serde(default)]
    model_info: Information,
}

#[derive(Deserialize, Default)]
struct Information {
    params: Option<Parameters>,
}

#[derive(Deserialize)]
struct Parameters {
    loss_function: Option<Loss>,
}

#[derive(Deserialize)]
struct Loss {
    #[serde(rename = "type")]
    name: String,
}

#[derive(Deserialize)]
struct Features {
    #[serde(default)]
    float_features: Vec<Float>,
    #[serde(default)]
    categorical_features: Vec<Category>,
    #[serde(default)]
    cat_features_hash: Vec<Hashed>,
    #[serde(default)]
    text_features: Vec<serde::de::IgnoredAny>,
    #[serde(default)]
    embedding_features: Vec<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Float {
    feature_name: Option<String>,
    feature_id: Option<String>,
    flat_feature_index: u32,
    nan_value_treatment: String,
}

#[derive(Deserialize)]
struct Category {
    feature_name: Option<String>,
    feature_id: Option<String>,
    flat_feature_index: u32,
}

#[derive(Deserialize)]
struct Hashed {
    hash: u32,
    value: String,
}

#[derive(Deserialize)]
struct Oblivious {
    leaf_values: Vec<f64>,
    #[serde(default)]
    leaf_weights: Vec<f64>,
    #[serde(default)]
    splits: Option<Vec<Asked>>,
}

#[derive(Deserialize)]
struct Asked {
    split_type: String,
    float_feature_index: Option<usize>,
    border: Option<f32>,
    cat_feature_index: Option<usize>,
    /// The hash, as a signed number.
    value: Option<i32>,
}

/// Turns a document into the common form.
pub(crate) fn read(model: Model, file: &str) -> Result<Foreign> {
    let Features {
        float_features: floats,
        categorical_features: categories,
        cat_features_hash: hashes,
        text_features,
        embedding_features,
    } = &model.features_info;
    if !text_features.is_empty() || !embedding_features.is_empty() {
        return Err(unsupported(file, "a model of texts or embeddings"));
    }
    let loss = model.model_info.params.and_then(|all| all.loss_function);
    let loss = loss.map_or("unknown".to_owned(), |loss| loss.name);
    if !matches!(&*loss, "Logloss" | "CrossEntropy") {
        return Err(unsupported(file, format!("the loss function {loss}")));
    }
    let Some(oblivious) = &model.oblivious_trees else {
        return Err(unsupported(file, "a model whose trees are not symmetric"));
    };
    let (scale, bias) = match model.scale_and_bias {
        None => (1.0, 0.0),
        Some((scale, bias)) if bias.len() <= 1 => (scale, bias.first().copied().unwrap_or(0.0)),
        Some(_) => return Err(unsupported(file, "a model of more than one output")),
    };
    let order = order(floats, categories, file)?;
    let mut missing = Vec::new();
    for float in floats {
        missing.push(match &*float.nan_value_treatment {
            // Whether NaN is above a border: the smallest of numbers, the largest, or as it is.
            "AsFalse" | "AsIs" => true,
            "AsTrue" => false,
            other => return Err(unsupported(file, format!("missing values treated {other}"))),
        });
    }
    let known: BTreeMap<u32, &str> = hashes.iter().map(|one| (one.hash, &*one.value)).collect();
    let is_missing = |text: &str| matches!(classify(text.as_bytes()), Value::Missing(_));
    let marks = known.iter().filter(|(_, text)| is_missing(text));
    let positions = Positions {
        marks: marks.map(|(key, _)| *key).collect(),
        floats: &order[..floats.len()],
        categories: &order[floats.len()..],
        missing_left: &missing,
    };
    let mut trees = Vec::new();
    for (number, tree) in oblivious.iter().enumerate() {
        let broken = |what: &str| refused(file, None, format!("tree {number}: {what}"));
        trees.push(read_tree(tree, &positions, scale, (file, &broken))?);
    }
    one_mark_each(&trees, file)?;
    let known = known.into_iter().map(|(key, text)| Level {
        key,
        text: text.to_owned(),
    });
    let known: Vec<Level> = known.collect();
    let mut features = vec![None; order.len()];
    for (float, &at) in floats.iter().zip(positions.floats) {
        let kind = InputKind::Number(TreeInput::Single);
        features[at] = Some((
            name(float.feature_name.as_ref(), float.feature_id.as_ref(), at),
            kind,
        ));
    }
    for (category, &at) in categories.iter().zip(positions.categories) {
        let kind = InputKind::AnyOf(known.clone());
        let name = name(
            category.feature_name.as_ref(),
            category.feature_id.as_ref(),
            at,
        );
        features[at] = Some((name, kind));
    }
    let features: Vec<Input> = features
        .into_iter()
        .flatten()
        .map(|(name, kind)| Input { name, kind })
        .collect();
    let numbered = |(at, feature): (usize, &Input)| feature.name == at.to_string();
    Ok(Foreign {
        format: Format::CatBoost,
        is_nameless: features.iter().enumerate().all(numbered),
        features,
        base: bias,
        trees,
        linear: None,
        has_cover: true,
        calibration: Calibration::None,
    })
}

/// Refuses trees that tell an empty text from `nan` in one feature: both are missing here.
fn one_mark_each(trees: &[Tree], file: &str) -> Result<()> {
    let mut asked = BTreeMap::new();
    for node in trees.iter().flatten() {
        if let Node::Split {
            feature,
            split: Split::NoneOf(keys),
            missing_left: false,
            ..
        } = node
            && asked
                .insert(*feature, keys)
                .is_some_and(|known| known != keys)
        {
            let what = "a category with two texts for a missing value (such as nan and None)";
            let error = unsupported(file, what);
            return Err(error.hint("fill missing categories with one text, fillna(\"missing\")"));
        }
    }
    Ok(())
}

fn name(name: Option<&String>, id: Option<&String>, at: usize) -> String {
    let named = [name, id]
        .into_iter()
        .flatten()
        .find(|text| !text.is_empty());
    named.map_or_else(|| at.to_string(), String::clone)
}

/// Where each feature stands among those that take part, numbers first; the flat index also counts those
/// that do not.
fn order(floats: &[Float], categories: &[Category], file: &str) -> Result<Vec<usize>> {
    let flat = floats.iter().map(|one| one.flat_feature_index);
    let flat: Vec<u32> = flat
        .chain(categories.iter().map(|one| one.flat_feature_index))
        .collect();
    let mut sorted = flat.clone();
    sorted.sort_unstable();
    sorted.dedup();
    if sorted.len() < flat.len() {
        return Err(refused(file, None, "two features have one place"));
    }
    let place = |index: &u32| sorted.binary_search(index).unwrap_or_default();
    Ok(flat.iter().map(place).collect())
}

struct Positions<'a> {
    /// Keys of the texts that are missing values here: CatBoost has none in categories, so they were
    /// filled with one, such as `nan` by `astype(str)`.
    marks: BTreeSet<u32>,
    floats: &'a [usize],
    categories: &'a [usize],
    /// By number feature.
    missing_left: &'a [bool],
}

/// Lays out a symmetric tree: the last split is the root, since it is the highest bit of a leaf's
/// number.
fn read_tree(
    tree: &Oblivious,
    positions: &Positions<'_>,
    scale: f64,
    (file, broken): (&str, &dyn Fn(&str) -> Error),
) -> Result<Tree> {
    let asked = tree.splits.as_deref().unwrap_or_default();
    let leaves = tree.leaf_values.len();
    if asked.len() > MAX_DEPTH || leaves != 1 << asked.len() {
        return Err(broken("its leaves are not two to the power of its splits"));
    }
    if tree.leaf_weights.len() != leaves {
        return Err(broken("its leaves have no weights"));
    }
    let splits = asked
        .iter()
        .rev()
        .map(|one| split(one, positions, (file, broken)));
    let splits = splits.collect::<Result<Vec<_>>>()?;
    let mut laid = Tree::with_capacity(2 * leaves - 1);
    // Level by level: the children of node k of a level are 2k and 2k + 1 of the next.
    for (level, (feature, split, missing_left)) in splits.iter().enumerate() {
        let (first, next) = ((1 << level) - 1, (1 << (level + 1)) - 1);
        let under = leaves >> level;
        for node in 0..1_usize << level {
            debug_assert_eq!(laid.len(), first + node);
            let cover = tree.leaf_weights[node * under..(node + 1) * under]
                .iter()
                .sum();
            laid.push(Node::Split {
                feature: *feature,
                split: split.clone(),
                missing_left: *missing_left,
                left: next + 2 * node,
                right: next + 2 * node + 1,
                cover,
            });
        }
    }
    let values = tree.leaf_values.iter().zip(&tree.leaf_weights);
    laid.extend(values.map(|(value, &cover)| Node::Leaf {
        output: value * scale,
        cover,
    }));
    Ok(laid)
}

/// What fulfils the condition goes right.
fn split(
    asked: &Asked,
    positions: &Positions<'_>,
    (file, broken): (&str, &dyn Fn(&str) -> Error),
) -> Result<(usize, Split, bool)> {
    let absent = || broken("it asks for a feature that is not there");
    match (&*asked.split_type, asked) {
        (
            "FloatFeature",
            Asked {
                float_feature_index: Some(index),
                border: Some(border),
                ..
            },
        ) => {
            let feature = *positions.floats.get(*index).ok_or_else(absent)?;
            let split = Split::Below(at_most(f64::from(*border)));
            Ok((feature, split, positions.missing_left[*index]))
        }
        (
            "OneHotFeature",
            Asked {
                cat_feature_index: Some(index),
                value: Some(value),
                ..
            },
        ) => {
            let feature = *positions.categories.get(*index).ok_or_else(absent)?;
            let key = value.cast_unsigned();
            let missing_left = !positions.marks.contains(&key);
            Ok((feature, Split::NoneOf(vec![key]), missing_left))
        }
        ("FloatFeature" | "OneHotFeature", _) => Err(broken("a split lacks its feature or value")),
        (kind, _) => {
            let kind: String = kind.chars().take(40).collect();
            let what = format!("a split by {kind} (statistics of labels by category)");
            let error = unsupported(file, what);
            Err(error.hint("train it with one_hot_max_size above the number of categories"))
        }
    }
}
