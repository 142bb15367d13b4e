//! A model as the text that LightGBM saves and loads; and the rows of a table as LightGBM is given them.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use churn_base::error::{Error, Result};
use churn_data::canonical_number;
use churn_model::artifact::{Calibration, Feature, FeatureKind};
use churn_model::frame::{Column, Frame, MISSING_CODE};
use serde_json::{Value, json};

use super::model::{Exportable, Sum, levels_of};
use crate::foreign::{Node, Split, Tree};

/// The category of a missing value, where the model tells it from a text that it does not know.
const MISSING: &str = "(missing)";
const HINT: &str = "sql:postgres has all models";

/// A text of LightGBM, and what its users have to know.
#[derive(Debug)]
pub struct LightGbm {
    /// The file.
    pub text: String,
    /// Features whose missing values are a category of their own, to be filled in before.
    pub filled: Vec<String>,
    names: Vec<String>,
    /// Categories of each feature, `None` of numbers.
    categories: Vec<Option<Vec<String>>>,
}

impl Exportable {
    /// Writes the model as LightGBM's text.
    ///
    /// # Errors
    /// Bad input, by name, for what LightGBM cannot compute: weights, isotonic calibration, two features with
    /// the same name in its spelling.
    pub fn lightgbm(&self) -> Result<LightGbm> {
        let refused = |what: &str| {
            let message = format!("{what} cannot be written as a model of LightGBM");
            Err(Error::bad_input(message).hint(HINT))
        };
        let Sum::Trees { base, trees } = &self.sum else {
            return refused("a logistic regression");
        };
        let (slope, intercept) = match self.calibration {
            Calibration::None => (1.0, 0.0),
            Calibration::Platt { slope, intercept } => (slope, intercept),
            Calibration::Isotonic { .. } => return refused("an isotonic calibration"),
        };
        let names: Vec<String> = self.features.iter().map(name).collect();
        let distinct: BTreeSet<&String> = names.iter().collect();
        if distinct.len() < names.len() || distinct.iter().any(|name| name.is_empty()) {
            return refused("features of which two differ in blanks only, or without a name,");
        }
        let has_level =
            |feature: &Feature| levels_of(feature).is_some_and(|all| all.contains(&MISSING.into()));
        if self.features.iter().any(has_level) {
            return refused("a category that is called (missing)");
        }
        let telling: BTreeSet<usize> = trees
            .iter()
            .flatten()
            .filter_map(|node| self.tells_missing(node))
            .collect();
        let categories = self.features.iter().enumerate().map(|(at, feature)| {
            let mut all = levels_of(feature)?.to_vec();
            all.extend(telling.contains(&at).then(|| MISSING.to_owned()));
            Some(all)
        });
        let mut text = head(self, &names, slope);
        // What stands before the first tree is a tree of one leaf.
        let first = vec![Node::Leaf {
            output: base + intercept / slope,
            cover: 1.0,
        }];
        for (number, tree) in std::iter::once(&first).chain(trees).enumerate() {
            let _ = write!(text, "Tree={number}\n{}\n\n", self.tree(tree, &telling));
        }
        let categories: Vec<Option<Vec<String>>> = categories.collect();
        let lists: Vec<Vec<Value>> = categories.iter().flatten().map(|all| typed(all)).collect();
        let categorical = (0..).zip(&categories).filter(|(_, all)| all.is_some());
        let categorical: Vec<String> = categorical
            .map(|(at, _): (u32, _)| at.to_string())
            .collect();
        let _ = write!(
            text,
            "end of trees\n\nparameters:\n[objective: binary]\n[categorical_feature: {}]\nend of parameters\n\n\
             pandas_categorical:{}\n",
            categorical.join(","),
            json!(lists)
        );
        Ok(LightGbm {
            text,
            filled: telling
                .iter()
                .map(|at| self.features[*at].name.clone())
                .collect(),
            names,
            categories,
        })
    }

    /// Returns the feature of a node that sends missing values elsewhere than texts that it does not know.
    fn tells_missing(&self, node: &Node) -> Option<usize> {
        let Node::Split {
            feature,
            split,
            missing_left,
            ..
        } = node
        else {
            return None;
        };
        let other = levels_of(&self.features[*feature])?.len() as u32;
        (split.has(other) != *missing_left).then_some(*feature)
    }

    fn tree(&self, tree: &Tree, telling: &BTreeSet<usize>) -> String {
        let mut arrays = Arrays::default();
        let mut places = Vec::with_capacity(tree.len());
        let (mut splits, mut leaves) = (0, 0);
        for node in tree {
            let of = match node {
                Node::Leaf { .. } => &mut leaves,
                Node::Split { .. } => &mut splits,
            };
            places.push(*of);
            *of += 1;
        }
        let place = |at: &usize| match &tree[*at] {
            Node::Leaf { .. } => !places[*at],
            Node::Split { .. } => places[*at],
        };
        for node in tree {
            match node {
                Node::Leaf { output, cover } => {
                    arrays.leaf_value.push(canonical_number(*output));
                    arrays.leaf_count.push(rows(*cover));
                }
                Node::Split {
                    feature,
                    split,
                    missing_left,
                    left,
                    right,
                    cover,
                } => {
                    arrays.feature.push(feature.to_string());
                    arrays.count.push(rows(*cover));
                    let (mut left, mut right) = (place(left), place(right));
                    match split {
                        Split::Below(threshold) => {
                            let missing = if self.zero_is_missing[*feature] { 1 } else { 2 };
                            let kind = u8::from(*missing_left) << 1 | missing << 2;
                            // Here it is what is below that goes left, there what is at most.
                            arrays
                                .threshold
                                .push(canonical_number(threshold.next_down()));
                            arrays.kind.push(kind.to_string());
                        }
                        levels => {
                            let known =
                                levels_of(&self.features[*feature]).map_or(0, <[String]>::len);
                            let mut codes = vec![false; known + 1];
                            for (code, is_left) in (0..).zip(&mut codes) {
                                *is_left = levels.has(code);
                            }
                            // A text that it does not know always goes right there.
                            let is_turned = codes[known];
                            codes[known] = telling.contains(feature) && *missing_left;
                            if is_turned {
                                std::mem::swap(&mut left, &mut right);
                                let own = known + usize::from(telling.contains(feature));
                                codes[..own]
                                    .iter_mut()
                                    .for_each(|is_left| *is_left = !*is_left);
                            }
                            arrays.threshold.push(arrays.bounds.len().to_string());
                            arrays.kind.push("1".into());
                            arrays.add_set(&codes);
                        }
                    }
                    arrays.left.push(left.to_string());
                    arrays.right.push(right.to_string());
                }
            }
        }
        arrays.text()
    }
}

/// The arrays of a tree, as words.
#[derive(Default)]
struct Arrays {
    feature: Vec<String>,
    threshold: Vec<String>,
    kind: Vec<String>,
    left: Vec<String>,
    right: Vec<String>,
    count: Vec<String>,
    leaf_value: Vec<String>,
    leaf_count: Vec<String>,
    /// Where each set of codes ends.
    bounds: Vec<usize>,
    words: Vec<String>,
}

impl Arrays {
    fn add_set(&mut self, codes: &[bool]) {
        for codes in codes.chunks(32) {
            let bits = (0..).zip(codes).filter(|(_, is_left)| **is_left);
            let word: u32 = bits.map(|(bit, _): (u32, _)| 1 << bit).sum();
            self.words.push(word.to_string());
        }
        self.bounds.push(self.words.len());
    }

    fn text(&self) -> String {
        let zeros = |count: usize| vec!["0"; count].join(" ");
        let (splits, leaves) = (self.feature.len(), self.leaf_value.len());
        let sets = self.bounds.len();
        let mut lines = vec![
            format!("num_leaves={leaves}"),
            format!("num_cat={sets}"),
            format!("split_feature={}", self.feature.join(" ")),
            format!("split_gain={}", zeros(splits)),
            format!("threshold={}", self.threshold.join(" ")),
            format!("decision_type={}", self.kind.join(" ")),
            format!("left_child={}", self.left.join(" ")),
            format!("right_child={}", self.right.join(" ")),
            format!("leaf_value={}", self.leaf_value.join(" ")),
            format!("leaf_weight={}", zeros(leaves)),
            format!("leaf_count={}", self.leaf_count.join(" ")),
            format!("internal_value={}", zeros(splits)),
            format!("internal_weight={}", zeros(splits)),
            format!("internal_count={}", self.count.join(" ")),
        ];
        if sets > 0 {
            let bounds: Vec<String> = self.bounds.iter().map(usize::to_string).collect();
            lines.push(format!("cat_boundaries=0 {}", bounds.join(" ")));
            lines.push(format!("cat_threshold={}", self.words.join(" ")));
        }
        lines.extend(["is_linear=0".into(), "shrinkage=1".into()]);
        lines.join("\n")
    }
}

impl LightGbm {
    /// Returns cells of the model, by column, as a table of LightGBM's features.
    ///
    /// # Panics
    /// If there are not as many columns as features.
    #[must_use]
    pub fn frame(&self, columns: &[Vec<f64>]) -> Frame {
        let column = |(cells, categories): (&Vec<f64>, &Option<Vec<String>>)| {
            let Some(all) = categories else {
                return Column::Numbers(cells.clone());
            };
            let missing = all.iter().position(|level| level == MISSING);
            let known = missing.unwrap_or(all.len());
            let code = |cell: &f64| match (cell.is_nan(), missing) {
                (true, Some(missing)) => missing as u32,
                (false, _) if (*cell as usize) < known => *cell as u32,
                _ => MISSING_CODE,
            };
            Column::Categories {
                codes: cells.iter().map(code).collect(),
                levels: all.clone(),
            }
        };
        Frame {
            rows: columns.first().map_or(0, Vec::len),
            names: self.names.clone(),
            columns: columns.iter().zip(&self.categories).map(column).collect(),
        }
    }
}

/// LightGBM knows no blanks in names.
fn name(feature: &Feature) -> String {
    feature.name.replace(char::is_whitespace, "_")
}

fn rows(cover: f64) -> String {
    format!("{:.0}", cover.clamp(0.0, f64::from(i32::MAX)))
}

/// Categories as pandas reads them: numbers and truth values, if all of them are.
fn typed(all: &[String]) -> Vec<Value> {
    let number = |text: &String| {
        let number: Value = serde_json::from_str(text).ok()?;
        let spelled = number.to_string();
        (number.is_number() && spelled == *text).then_some(number)
    };
    let truth = |text: &String| text.parse::<bool>().ok().map(Value::from);
    let levels = || all.iter().filter(|text| *text != MISSING);
    let numbers: Option<Vec<Value>> = levels().map(number).collect();
    let truths: Option<Vec<Value>> = levels().map(truth).collect();
    let texts = || levels().map(|text| json!(text)).collect();
    let mut values = numbers.or(truths).unwrap_or_else(texts);
    values.extend((values.len() < all.len()).then(|| json!(MISSING)));
    values
}

fn head(model: &Exportable, names: &[String], slope: f64) -> String {
    let info = |feature: &Feature| match &feature.kind {
        FeatureKind::Number { min, max, .. } => {
            format!("[{}:{}]", canonical_number(*min), canonical_number(*max))
        }
        FeatureKind::Category { levels, .. } => {
            let codes: Vec<String> = (0..levels.len().max(1))
                .map(|code| code.to_string())
                .collect();
            codes.join(":")
        }
    };
    let infos: Vec<String> = model.features.iter().map(info).collect();
    format!(
        "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx={}\n\
         objective=binary sigmoid:{}\nfeature_names={}\nfeature_infos={}\n\n",
        names.len() - 1,
        canonical_number(slope),
        names.join(" "),
        infos.join(" ")
    )
}
