//! ONNX, as skl2onnx and onnxmltools write models of tables: a pipeline of preparations and one model. Nothing
//! is run: each column that the model is given is followed back to the column of the data that it is
//! made of, and the trees or weights become those of the data's columns.

mod arena;
mod arrays;
mod columns;
mod compare;
mod element;
mod ensemble;
mod graph;
mod linear;
mod operators;
mod proto;
mod tail;
mod trees;
mod values;
mod wire;

use std::collections::HashSet;

use churn_base::error::Result;

use super::foreign::Foreign;
use super::refused::{refused, unsupported};
use graph::{DOUBLE, Fault, follow};
use proto::{Graph, Kind};

/// Reads a model.
pub(crate) fn read(bytes: &[u8], file: &str) -> Result<Foreign> {
    let damaged = |error: wire::Malformed| {
        refused(file, None, "this is not a whole ONNX model").because(error)
    };
    let graph = proto::graph(bytes).map_err(damaged)?;
    let found = follow(&graph).map_err(|fault| match fault {
        Fault::Malformed(error) => damaged(error),
        Fault::Unsupported(what) if what == DOUBLE => unsupported(file, what).hint(
            "export it in single precision: to_onnx(model, rows[:1].astype(np.float32)), or \
             FloatTensorType as the type of its inputs",
        ),
        Fault::Unsupported(what) => unsupported(file, what),
    })?;
    let names = names(&graph);
    let (names, are_nameless) =
        names.ok_or_else(|| unsupported(file, "a model of more than 65536 columns"))?;
    let names = (names.as_slice(), are_nameless);
    let (added, calibration) = found.tail;
    match found.model.op {
        "LinearClassifier" => linear::read(found.model, &found.columns, names, file),
        "MatMul" => {
            let weights = (found.weights, added);
            let read = linear::of_weights(weights, &found.columns, names, file)?;
            Ok(Foreign {
                calibration,
                ..read
            })
        }
        _ => trees::read(
            found.model,
            (added, calibration),
            &found.columns,
            names,
            file,
        ),
    }
}

/// Most columns of the data.
const MOST_COLUMNS: usize = 1 << 16;

/// The name of each column of the data, and of what it is; nothing if there are too many. An input
/// of several columns has no names for them.
fn names(graph: &Graph<'_>) -> Option<(Vec<(String, Kind)>, bool)> {
    let constants: HashSet<&str> = graph.constants.iter().map(|(name, _)| *name).collect();
    let mut names = Vec::new();
    let mut are_nameless = false;
    for input in graph
        .inputs
        .iter()
        .filter(|input| !constants.contains(input.name))
    {
        let width = input.width.unwrap_or(0);
        if names.len() + width > MOST_COLUMNS {
            return None;
        }
        are_nameless |= width > 1;
        let name = |at: usize| match width {
            1 => input.name.to_owned(),
            _ => format!("{}[{at}]", input.name),
        };
        names.extend((0..width).map(|at| (name(at), input.kind)));
    }
    Some((names, are_nameless))
}
