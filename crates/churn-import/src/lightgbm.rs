//! LightGBM's text format: a head of `key=value` lines, trees, parameters, categories of pandas.
//! Single trees are `lightgbm_tree`'s affair.

use std::collections::{BTreeMap, BTreeSet};

use churn_base::error::Result;
use churn_model::artifact::{Calibration, TreeInput};

use super::foreign::{Foreign, Format, Input, InputKind, Level, Node, Split, Tree};
use super::lightgbm_section::Section;
use super::lightgbm_tree::{self, Missing};
use super::refused::{refused, unsupported};

/// Reads a file.
pub(crate) fn read(bytes: &[u8], file: &str) -> Result<Foreign> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        refused(file, Some(line), "this is not UTF-8")
    })?;
    let Parts {
        head,
        trees: sections,
        parameters,
        pandas,
        is_averaged,
    } = parts(text, file)?;
    let calibration = calibration(&head)?;
    let names = names(&head)?;
    let mut trees = Vec::with_capacity(sections.len());
    let mut missing = vec![None; names.len()];
    for section in &sections {
        trees.push(lightgbm_tree::read(section, &mut missing)?);
    }
    let features = features(&head, &parameters, pandas, (&names, &missing, &trees))?;
    if is_averaged {
        average(&mut trees);
    }
    let numbered =
        |(at, name): (usize, &&str)| name.strip_prefix("Column_") == Some(&at.to_string());
    Ok(Foreign {
        format: Format::LightGbm,
        is_nameless: names.iter().enumerate().all(numbered),
        features,
        base: 0.0,
        trees,
        linear: None,
        has_cover: true,
        calibration,
    })
}

struct Parts<'a> {
    head: Section<'a>,
    trees: Vec<Section<'a>>,
    /// `[name: value]`.
    parameters: BTreeMap<&'a str, &'a str>,
    /// JSON of the categories, and its line.
    pandas: Option<(usize, &'a str)>,
    /// Outputs of the trees are averaged, not added.
    is_averaged: bool,
}

fn parts<'a>(text: &'a str, file: &'a str) -> Result<Parts<'a>> {
    let mut parts = Parts {
        head: Section::new(file, 1),
        trees: Vec::new(),
        parameters: BTreeMap::new(),
        pandas: None,
        is_averaged: false,
    };
    let mut has_ended = false;
    for (number, line) in text.lines().enumerate() {
        let number = number + 1;
        if let Some(json) = line.strip_prefix("pandas_categorical:") {
            parts.pandas = Some((number, json));
        } else if let Some(parameter) = line.strip_prefix('[') {
            let pair = parameter.trim_end_matches(']').split_once(": ");
            parts.parameters.extend(pair);
        } else if has_ended {
            continue;
        } else if line == "end of trees" {
            has_ended = true;
        } else if line == "average_output" {
            parts.is_averaged = true;
        } else if line.starts_with("Tree=") {
            parts.trees.push(Section::new(file, number));
        } else if let Some((key, value)) = line.split_once('=') {
            let section = parts.trees.last_mut().unwrap_or(&mut parts.head);
            if !section.add(key, (number, value)) {
                let message = format!("{key}= is there twice");
                return Err(refused(file, Some(number), message));
            }
        }
    }
    if !has_ended {
        return Err(refused(file, None, "the file ends before its trees do"));
    }
    if parts.trees.is_empty() {
        return Err(refused(file, None, "the model has no trees"));
    }
    Ok(parts)
}

/// From the sum of the trees to the probability.
fn calibration(head: &Section<'_>) -> Result<Calibration> {
    let version = head.want("version")?;
    if !matches!(version, "v3" | "v4") {
        let what = format!("a model of LightGBM's format {}", shown(version));
        return Err(unsupported(head.file, what));
    }
    let objective = head.find("objective").unwrap_or("none");
    let classes: u32 = head.one("num_class")?;
    let per_round: u32 = head.one("num_tree_per_iteration")?;
    if classes != 1 || per_round != 1 {
        let what = format!("a model of {classes} classes");
        return Err(unsupported(head.file, what));
    }
    let mut words = objective.split_ascii_whitespace();
    match words.next() {
        Some("binary") => {
            let sigmoid = words.find_map(|word| word.strip_prefix("sigmoid:"));
            let slope = sigmoid.map_or(Ok(1.0), str::parse::<f64>);
            let slope = slope.ok().filter(|slope| slope.is_finite() && *slope > 0.0);
            match slope {
                Some(1.0) => Ok(Calibration::None),
                Some(slope) => Ok(Calibration::Platt {
                    slope,
                    intercept: 0.0,
                }),
                None => {
                    let line = Some(head.line_of("objective"));
                    Err(refused(
                        head.file,
                        line,
                        "its sigmoid is not a number above 0",
                    ))
                }
            }
        }
        Some("cross_entropy") => Ok(Calibration::None),
        _ => {
            let what = format!("the objective {}", shown(objective));
            Err(unsupported(head.file, what))
        }
    }
}

fn names<'a>(head: &Section<'a>) -> Result<Vec<&'a str>> {
    let names: Vec<&str> = head
        .want("feature_names")?
        .split_ascii_whitespace()
        .collect();
    let last: usize = head.one("max_feature_idx")?;
    if Some(names.len()) == last.checked_add(1) {
        return Ok(names);
    }
    let message = format!("feature_names has {} names, not {last} + 1", names.len());
    Err(refused(
        head.file,
        Some(head.line_of("feature_names")),
        message,
    ))
}

fn features(
    head: &Section<'_>,
    parameters: &BTreeMap<&str, &str>,
    pandas: Option<(usize, &str)>,
    (names, missing, trees): (&[&str], &[Option<Missing>], &[Tree]),
) -> Result<Vec<Input>> {
    let infos: Vec<String> = head.list("feature_infos", names.len())?;
    let mut keys = asked_for(trees);
    let named = parameters.get("categorical_feature").copied().unwrap_or("");
    for index in named.split(',').filter_map(|word| word.trim().parse().ok()) {
        if index < names.len() {
            keys.entry(index).or_default();
        }
    }
    for (index, info) in infos.iter().enumerate() {
        // A number has a range in brackets; what was never split on has `none`.
        if !info.starts_with('[') && info != "none" {
            let seen = info.split(':').filter_map(|word| word.parse::<u32>().ok());
            keys.entry(index).or_default().extend(seen);
        }
    }
    let texts = pandas_categories(head.file, pandas)?;
    if !texts.is_empty() && texts.len() != keys.len() {
        let line = pandas.map(|(line, _)| line);
        let (has, wanted) = (texts.len(), keys.len());
        let message = format!("pandas_categorical has categories of {has} features, not {wanted}");
        return Err(refused(head.file, line, message));
    }
    let mut texts = texts.into_iter();
    let feature = |(index, name): (usize, &&str)| {
        let kind = match keys.get(&index) {
            Some(keys) => InputKind::Category(levels(keys, texts.next())),
            None => InputKind::Number(match missing[index] {
                Some(Missing::Zero) => TreeInput::ZeroIsMissing,
                _ => TreeInput::Exact,
            }),
        };
        Input {
            name: (*name).to_owned(),
            kind,
        }
    };
    Ok(names.iter().enumerate().map(feature).collect())
}

/// The codes that splits ask for, by feature.
fn asked_for(trees: &[Tree]) -> BTreeMap<usize, BTreeSet<u32>> {
    let mut keys: BTreeMap<usize, BTreeSet<u32>> = BTreeMap::new();
    for node in trees.iter().flatten() {
        if let Node::Split {
            feature,
            split: Split::OneOf(asked),
            ..
        } = node
        {
            keys.entry(*feature).or_default().extend(asked);
        }
    }
    keys
}

/// Codes are positions among the categories of pandas, else the values themselves.
fn levels(keys: &BTreeSet<u32>, texts: Option<Vec<String>>) -> Vec<Level> {
    match texts {
        Some(texts) => (0..)
            .zip(texts)
            .map(|(key, text)| Level { key, text })
            .collect(),
        None => {
            let keys = keys.iter();
            keys.map(|&key| Level {
                key,
                text: key.to_string(),
            })
            .collect()
        }
    }
}

fn pandas_categories(file: &str, pandas: Option<(usize, &str)>) -> Result<Vec<Vec<String>>> {
    let Some((line, json)) = pandas else {
        return Ok(Vec::new());
    };
    let lists: Option<Vec<Vec<serde_json::Value>>> =
        serde_json::from_str(json).map_err(|error| {
            refused(
                file,
                Some(line),
                "pandas_categorical is not lists of categories",
            )
            .because(error)
        })?;
    let text = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    let lists = lists.unwrap_or_default().into_iter();
    Ok(lists
        .map(|list| list.into_iter().map(text).collect())
        .collect())
}

/// Turns the average of the trees into a sum.
fn average(trees: &mut [Tree]) {
    let count = trees.len() as f64;
    for node in trees.iter_mut().flatten() {
        if let Node::Leaf { output, .. } = node {
            *output /= count;
        }
    }
}

fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}
