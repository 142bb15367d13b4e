//! XGBoost's models, whatever they were written as: the learner, its objective, its trees' weights.
//! Single trees are `xgboost_tree`'s affair, names of categories that of `xgboost_categories`.

use churn_base::error::Result;
use churn_model::artifact::{Calibration, TreeInput};
use serde::Deserialize;

use super::foreign::{Foreign, Format, Input, InputKind, Node, Tree};
use super::refused::{refused, unsupported};
use super::xgboost_categories::{Categories, levels};
use super::xgboost_tree::{self, XgbTree};

#[derive(Deserialize)]
pub(crate) struct Model {
    learner: Learner,
}

#[derive(Deserialize)]
struct Learner {
    #[serde(default)]
    attributes: Attributes,
    #[serde(default)]
    feature_names: Vec<String>,
    #[serde(default)]
    feature_types: Vec<String>,
    gradient_booster: Booster,
    learner_model_param: Parameters,
    objective: Objective,
}

#[derive(Deserialize, Default)]
struct Attributes {
    best_iteration: Option<String>,
    /// The model was saved by the wrapper for scikit-learn.
    scikit_learn: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Parameters {
    base_score: String,
    num_class: String,
    num_feature: String,
    num_target: Option<String>,
}

#[derive(Deserialize)]
struct Objective {
    name: String,
}

#[derive(Deserialize)]
struct Booster {
    name: String,
    model: Option<Trees>,
    /// Of dart: its trees.
    gbtree: Option<Inner>,
    /// Of dart: what the output of each tree counts.
    weight_drop: Option<Vec<f32>>,
}

#[derive(Deserialize)]
struct Inner {
    model: Trees,
}

#[derive(Deserialize)]
struct Trees {
    trees: Vec<XgbTree>,
    #[serde(default)]
    iteration_indptr: Vec<usize>,
    #[serde(default)]
    cats: Categories,
}

/// Turns a document into the common form.
pub(crate) fn read(model: Model, format: Format, file: &str) -> Result<Foreign> {
    let learner = model.learner;
    let parameters = &learner.learner_model_param;
    let targets = parameters.num_target.as_deref().unwrap_or("1");
    if !matches!(&*parameters.num_class, "0" | "1") || !matches!(targets, "0" | "1") {
        let what = format!(
            "a model of {} classes and {targets} targets",
            parameters.num_class
        );
        return Err(unsupported(file, what));
    }
    let objective = &learner.objective.name;
    if !matches!(&**objective, "binary:logistic" | "reg:logistic") {
        return Err(unsupported(file, format!("the objective {objective}")));
    }
    let base = base_score(&parameters.base_score, file)?;
    let Booster {
        name,
        model,
        gbtree,
        weight_drop,
    } = learner.gradient_booster;
    let (model, weights) = match (&*name, model, gbtree, weight_drop) {
        ("gbtree", Some(model), ..) => (model, None),
        ("dart", _, Some(Inner { model }), Some(weights)) => (model, Some(weights)),
        _ => return Err(unsupported(file, format!("the booster {name}"))),
    };
    let kept = kept(&learner.attributes, &model, file)?;
    let count: usize = parse(&parameters.num_feature, "num_feature", file)?;
    if learner.feature_types.len() > count.max(learner.feature_names.len()) {
        return Err(refused(
            file,
            None,
            "there are more types of features than features",
        ));
    }
    let mut trees = Vec::new();
    for (number, tree) in model.trees.iter().take(kept).enumerate() {
        let mut tree = xgboost_tree::read(tree, (number, count), file)?;
        if let Some(weights) = &weights {
            let weight = weights.get(number).copied();
            let weight = weight.ok_or_else(|| refused(file, None, "weight_drop is too short"))?;
            weigh(&mut tree, f64::from(weight));
        }
        trees.push(tree);
    }
    Ok(Foreign {
        format,
        is_nameless: learner.feature_names.is_empty(),
        features: features(
            &learner.feature_names,
            &learner.feature_types,
            (&model.cats, count),
            &trees,
            file,
        )?,
        base,
        trees,
        linear: None,
        has_cover: true,
        calibration: Calibration::None,
    })
}

fn parse<T: std::str::FromStr>(text: &str, name: &str, file: &str) -> Result<T> {
    text.parse().map_err(|_| {
        refused(
            file,
            None,
            format!("its {name} is not a number that it may be"),
        )
    })
}

/// The base score is a probability; newer versions write a list of them.
fn base_score(text: &str, file: &str) -> Result<f64> {
    let inner = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let base: f64 = parse(inner.unwrap_or(text), "base_score", file)?;
    match base > 0.0 && base < 1.0 {
        true => Ok((base / (1.0 - base)).ln()),
        false => Err(refused(file, None, "its base_score is not a probability")),
    }
}

/// How many trees count: the wrapper for scikit-learn predicts with those up to the best round of early
/// stopping, a plain booster with all.
fn kept(attributes: &Attributes, model: &Trees, file: &str) -> Result<usize> {
    let Attributes {
        best_iteration: Some(best),
        scikit_learn: Some(_),
    } = attributes
    else {
        return Ok(model.trees.len());
    };
    let best: usize = parse(best, "best_iteration", file)?;
    let rounds = best.saturating_add(1);
    let end = model.iteration_indptr.get(rounds).copied();
    Ok(end.unwrap_or(rounds).min(model.trees.len()))
}

fn weigh(tree: &mut Tree, weight: f64) {
    for node in tree {
        if let Node::Leaf { output, .. } = node {
            *output *= weight;
        }
    }
}

fn features(
    names: &[String],
    types: &[String],
    (categories, count): (&Categories, usize),
    trees: &[Tree],
    file: &str,
) -> Result<Vec<Input>> {
    // The count is a claim; a feature that has no name must at least be asked for.
    let asked = trees.iter().flatten().filter_map(|node| match node {
        Node::Split { feature, .. } => Some(feature + 1),
        Node::Leaf { .. } => None,
    });
    let count = match names.is_empty() {
        true if count <= MOST_NAMELESS => count.max(asked.max().unwrap_or(0)),
        true => {
            return Err(unsupported(
                file,
                format!("a model of {count} features without names"),
            ));
        }
        false if names.len() == count => count,
        false => {
            let message = format!("it has {} names of {count} features", names.len());
            return Err(refused(file, None, message));
        }
    };
    let by_category = xgboost_tree::by_category(trees);
    let feature = |at: usize| {
        let is_category =
            types.get(at).is_some_and(|kind| kind == "c") || by_category.contains(&at);
        let kind = match (is_category, levels(categories, at, file)?) {
            (false, _) => InputKind::Number(TreeInput::Single),
            (true, Some(levels)) => InputKind::Category(levels),
            (true, None) => InputKind::Sorted,
        };
        Ok(Input {
            name: names.get(at).cloned().unwrap_or_else(|| format!("f{at}")),
            kind,
        })
    };
    (0..count).map(feature).collect()
}

/// Most features of a model without their names.
const MOST_NAMELESS: usize = 100_000;
