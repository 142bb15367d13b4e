//! `LinearClassifier`: weights of elements to weights of columns.

use std::collections::BTreeMap;

use churn_base::error::Result;
use churn_model::artifact::Calibration;

use super::super::foreign::{Foreign, Format, Line, Linear};
use super::super::refused::{refused, unsupported};
use super::columns::Columns;
use super::element::{Element, line};
use super::proto::{Kind, Node};
use super::wire::Malformed;

/// Reads a `LinearClassifier`.
pub(super) fn read(
    model: &Node<'_>,
    elements: &[Element],
    names: (&[(String, Kind)], bool),
    file: &str,
) -> Result<Foreign> {
    let damaged =
        |error: Malformed| refused(file, None, "this is not a whole ONNX model").because(error);
    let own = weights(model, elements.len(), file).map_err(damaged)??;
    of_weights(own, elements, names, file)
}

/// Takes the weights of elements.
pub(super) fn of_weights(
    (weights, mut intercept): Weights,
    elements: &[Element],
    names: (&[(String, Kind)], bool),
    file: &str,
) -> Result<Foreign> {
    let columns = Columns::of(elements.iter(), &BTreeMap::new());
    if let Some((column, why)) = columns.unclear() {
        let name = names.0.get(column).map_or("", |(name, _)| name);
        return Err(unsupported(file, format!("a column \"{name}\", {why}")));
    }
    let (features, places) = columns.features(names.0, names.1);
    // Every column that an element is of is a feature.
    let place = |column: usize| places.get(&column).copied().unwrap_or(0);
    let mut lines = vec![Line::default(); features.len()];
    for (element, weight) in elements.iter().zip(&weights) {
        let missing = weight * columns.missing(element);
        match element {
            Element::Constant(value) => intercept += weight * value,
            Element::Number { column, steps, .. } => {
                let Some((slope, offset)) = line(steps) else {
                    let what = "a linear model of a number that is cut into pieces";
                    return Err(unsupported(file, what));
                };
                let own = &mut lines[place(*column)];
                own.slope += weight * slope;
                own.offset += weight * offset;
                own.missing += missing;
            }
            Element::Category { column, table } => {
                let own = &mut lines[place(*column)];
                let texts = columns.texts(*column);
                own.levels.resize(texts.count(), 0.0);
                for (level, text) in own.levels.iter_mut().zip(columns.texts(*column)) {
                    *level += weight * table.get(text);
                }
                own.other += weight * table.other;
                own.missing += missing;
            }
            Element::Word(_) | Element::Text { .. } => {
                return Err(unsupported(
                    file,
                    "a linear model of a text that is not encoded",
                ));
            }
        }
    }
    Ok(Foreign {
        format: Format::Onnx,
        features,
        is_nameless: names.1,
        base: 0.0,
        trees: Vec::new(),
        linear: Some(Linear { intercept, lines }),
        has_cover: true,
        calibration: Calibration::None,
    })
}

pub(super) type Weights = (Vec<f64>, f64);

/// Returns the weights for the log-odds of the second class, and what is added to them.
fn weights(model: &Node<'_>, width: usize, file: &str) -> Result<Result<Weights>, Malformed> {
    let classes = model.ints("classlabels_ints")?.len() + model.texts("classlabels_strings")?.len();
    if classes != 2 {
        return Ok(Err(unsupported(
            file,
            format!("a model of {classes} classes"),
        )));
    }
    let all = model.floats("coefficients")?;
    let intercepts = model.floats("intercepts")?;
    let post = model.text("post_transform")?.unwrap_or("NONE");
    let rows: Vec<&[f32]> = all.chunks(width.max(1)).collect();
    let wide = |row: &&[f32]| row.len() == width;
    if !rows.iter().all(wide) || intercepts.len() != rows.len() {
        return Err(Malformed("its weights are not as many as its columns"));
    }
    let double = |row: &[f32]| row.iter().copied().map(f64::from).collect::<Vec<f64>>();
    Ok(match (rows.as_slice(), post) {
        ([only], "LOGISTIC") => Ok((double(only), f64::from(intercepts[0]))),
        ([_, second], "LOGISTIC") => Ok((double(second), f64::from(intercepts[1]))),
        ([first, second], "SOFTMAX") => {
            let pairs = second.iter().zip(*first);
            let weights = pairs.map(|(second, first)| f64::from(*second) - f64::from(*first));
            let intercept = f64::from(intercepts[1]) - f64::from(intercepts[0]);
            Ok((weights.collect(), intercept))
        }
        _ => Err(unsupported(
            file,
            format!("a linear model with outputs after {post}"),
        )),
    })
}
