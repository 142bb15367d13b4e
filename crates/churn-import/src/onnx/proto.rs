//! The messages of ONNX that a model of tables has, by the numbers of `onnx.proto` (Apache License 2.0).
//! What operators mean is for others.

use super::wire::{Malformed, Part, Parts, at_most, singles};

/// A graph, its parts borrowed from the file.
#[derive(Debug, Default)]
pub(super) struct Graph<'a> {
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) constants: Vec<(&'a str, Constant)>,
    pub(super) inputs: Vec<Input<'a>>,
    pub(super) outputs: Vec<&'a str>,
}

/// A column, or several side by side.
#[derive(Debug)]
pub(super) struct Input<'a> {
    pub(super) name: &'a str,
    pub(super) kind: Kind,
    /// How many columns; nothing if the file does not say.
    pub(super) width: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    Text,
    /// A number in double precision.
    Double,
    Other,
}

/// An operator in its place.
#[derive(Debug, Default)]
pub(super) struct Node<'a> {
    pub(super) op: &'a str,
    pub(super) domain: &'a str,
    pub(super) name: &'a str,
    pub(super) inputs: Vec<&'a str>,
    pub(super) outputs: Vec<&'a str>,
    attributes: Vec<&'a [u8]>,
}

/// Values that the file has; shapes are left out but for their product.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Constant {
    Numbers(Vec<f64>),
    Texts(Vec<String>),
}

impl Constant {
    /// Whether it is this number alone.
    pub(super) fn is(&self, number: f64) -> bool {
        matches!(self, Self::Numbers(numbers) if numbers.as_slice() == [number])
    }
}

/// Reads the graph of a model.
pub(super) fn graph(model: &[u8]) -> Result<Graph<'_>, Malformed> {
    let mut found = None;
    for part in Parts(model) {
        if let (7, part) = part? {
            found = Some(part.bytes()?);
        }
    }
    let bytes = found.ok_or(Malformed("it has no graph"))?;
    let mut graph = Graph::default();
    for part in Parts(bytes) {
        match part? {
            (1, part) => graph.nodes.push(node(part.bytes()?)?),
            (5, part) => graph.constants.push(tensor(part.bytes()?)?),
            (11, part) => graph.inputs.push(input(part.bytes()?)?),
            (12, part) => graph.outputs.push(input(part.bytes()?)?.name),
            (15, _) => return Err(Malformed("it has sparse constants, which are not read")),
            _ => {}
        }
    }
    Ok(graph)
}

fn node(bytes: &[u8]) -> Result<Node<'_>, Malformed> {
    let mut node = Node::default();
    for part in Parts(bytes) {
        match part? {
            (1, part) => node.inputs.push(part.text()?),
            (2, part) => node.outputs.push(part.text()?),
            (3, part) => node.name = part.text()?,
            (4, part) => node.op = part.text()?,
            (5, part) => node.attributes.push(part.bytes()?),
            (7, part) => node.domain = part.text()?,
            _ => {}
        }
    }
    Ok(node)
}

fn input(bytes: &[u8]) -> Result<Input<'_>, Malformed> {
    let mut input = Input {
        name: "",
        kind: Kind::Other,
        width: None,
    };
    for part in Parts(bytes) {
        match part? {
            (1, part) => input.name = part.text()?,
            (2, part) => {
                for part in Parts(part.bytes()?) {
                    if let (1, part) = part? {
                        (input.kind, input.width) = tensor_type(part.bytes()?)?;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(input)
}

/// The kind of values, and how many columns there are.
fn tensor_type(bytes: &[u8]) -> Result<(Kind, Option<usize>), Malformed> {
    let (mut kind, mut dimensions) = (Kind::Other, Vec::new());
    for part in Parts(bytes) {
        match part? {
            (1, part) => {
                kind = match part.number()? {
                    // Single precision, whole numbers, truth values.
                    1 | 6 | 7 | 9 => Kind::Number,
                    8 => Kind::Text,
                    11 => Kind::Double,
                    _ => Kind::Other,
                };
            }
            (2, part) => {
                for part in Parts(part.bytes()?) {
                    if let (1, part) = part? {
                        dimensions.push(dimension(part.bytes()?)?);
                    }
                }
            }
            _ => {}
        }
    }
    let width = match dimensions.as_slice() {
        [_] => Some(1),
        [_, width] => width.and_then(|width| usize::try_from(width).ok()),
        _ => None,
    };
    Ok((kind, width.filter(|width| *width > 0)))
}

fn dimension(bytes: &[u8]) -> Result<Option<i64>, Malformed> {
    let mut found = None;
    for part in Parts(bytes) {
        if let (1, part) = part? {
            found = Some(part.number()?);
        }
    }
    Ok(found)
}

/// Reads a tensor and its name.
fn tensor(bytes: &[u8]) -> Result<(&str, Constant), Malformed> {
    let (mut name, mut kind) = ("", 0);
    let (mut numbers, mut texts) = (Vec::new(), Vec::new());
    let mut raw: &[u8] = &[];
    for part in Parts(bytes) {
        match part? {
            (2, part) => kind = part.number()?,
            (4, part) => {
                let mut all = Vec::new();
                part.add_singles(&mut all)?;
                numbers.extend(all.into_iter().map(f64::from));
            }
            (5 | 7, part) => {
                let mut all = Vec::new();
                part.add_numbers(&mut all)?;
                numbers.extend(all.into_iter().map(|number| number as f64));
            }
            (6, part) => texts.push(part.text()?.to_owned()),
            (8, part) => name = part.text()?,
            (9, part) => raw = part.bytes()?,
            (10, Part::Fixed64(bytes)) => numbers.push(f64::from_le_bytes(bytes)),
            (10, part) => numbers.extend(eights(part.bytes()?)?.map(f64::from_le_bytes)),
            (13, _) => return Err(Malformed("it has constants in another file")),
            _ => {}
        }
        at_most(numbers.len())?;
    }
    at_most(raw.len() / 8)?;
    match kind {
        8 => return Ok((name, Constant::Texts(texts))),
        1 => numbers.extend(singles(raw)?.map(f64::from)),
        2 => numbers.extend(raw.iter().map(|byte| f64::from(*byte))),
        6 => {
            let (chunks, _) = raw.as_chunks::<4>();
            numbers.extend(
                chunks
                    .iter()
                    .map(|four| f64::from(i32::from_le_bytes(*four))),
            );
        }
        7 => numbers.extend(eights(raw)?.map(|eight| i64::from_le_bytes(eight) as f64)),
        9 => numbers.extend(raw.iter().map(|byte| f64::from(*byte))),
        11 => numbers.extend(eights(raw)?.map(f64::from_le_bytes)),
        _ => return Err(Malformed("it has a constant of a kind that is not read")),
    }
    Ok((name, Constant::Numbers(numbers)))
}

fn eights(bytes: &[u8]) -> Result<impl Iterator<Item = [u8; 8]>, Malformed> {
    let (chunks, rest) = bytes.as_chunks::<8>();
    match rest.is_empty() {
        true => Ok(chunks.iter().copied()),
        false => Err(Malformed("a field is cut short")),
    }
}

impl<'a> Node<'a> {
    /// Returns the parts of the attribute with this name.
    fn attribute(&self, name: &str) -> Result<Option<Parts<'a>>, Malformed> {
        for bytes in &self.attributes {
            for part in Parts(bytes) {
                if let (1, part) = part?
                    && part.text()? == name
                {
                    return Ok(Some(Parts(bytes)));
                }
            }
        }
        Ok(None)
    }

    pub(super) fn float(&self, name: &str) -> Result<Option<f32>, Malformed> {
        for part in self.attribute(name)?.into_iter().flatten() {
            if let (2, Part::Fixed32(bytes)) = part? {
                return Ok(Some(f32::from_le_bytes(bytes)));
            }
        }
        Ok(None)
    }

    /// Returns a number; an attribute that is there without one is 0.
    pub(super) fn int(&self, name: &str) -> Result<Option<i64>, Malformed> {
        let Some(parts) = self.attribute(name)? else {
            return Ok(None);
        };
        let mut found = 0;
        for part in parts {
            if let (3, part) = part? {
                found = part.number()?;
            }
        }
        Ok(Some(found))
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>, Malformed> {
        for part in self.attribute(name)?.into_iter().flatten() {
            if let (4, part) = part? {
                return Ok(Some(part.text()?));
            }
        }
        Ok(None)
    }

    pub(super) fn floats(&self, name: &str) -> Result<Vec<f32>, Malformed> {
        let mut all = Vec::new();
        for part in self.attribute(name)?.into_iter().flatten() {
            if let (7, part) = part? {
                part.add_singles(&mut all)?;
            }
        }
        Ok(all)
    }

    pub(super) fn ints(&self, name: &str) -> Result<Vec<i64>, Malformed> {
        let mut all = Vec::new();
        for part in self.attribute(name)?.into_iter().flatten() {
            if let (8, part) = part? {
                part.add_numbers(&mut all)?;
            }
        }
        Ok(all)
    }

    pub(super) fn texts(&self, name: &str) -> Result<Vec<&'a str>, Malformed> {
        let mut all = Vec::new();
        for part in self.attribute(name)?.into_iter().flatten() {
            if let (9, part) = part? {
                all.push(part.text()?);
            }
        }
        Ok(all)
    }

    /// Returns a constant that is an attribute.
    pub(super) fn tensor(&self, name: &str) -> Result<Option<Constant>, Malformed> {
        for part in self.attribute(name)?.into_iter().flatten() {
            if let (5, part) = part? {
                return Ok(Some(tensor(part.bytes()?)?.1));
            }
        }
        Ok(None)
    }
}
