//! Messages of ONNX as bytes, by the numbers of `onnx.proto` (Apache License 2.0): the few that a model of tables has.

/// The kinds of tensors that are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Byte = 2,
    Integer = 7,
    Text = 8,
    Double = 11,
}

/// A constant, or a list of an operator.
#[derive(Debug)]
pub(super) struct Tensor {
    kind: Kind,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Tensor {
    pub(super) fn doubles(shape: &[usize], numbers: &[f64]) -> Self {
        Self {
            kind: Kind::Double,
            shape: shape.to_vec(),
            bytes: numbers.iter().flat_map(|one| one.to_le_bytes()).collect(),
        }
    }

    pub(super) fn bytes(bytes: Vec<u8>) -> Self {
        Self {
            kind: Kind::Byte,
            shape: vec![bytes.len()],
            bytes,
        }
    }

    fn message(&self, name: &str) -> Message {
        let mut message = Message::default();
        for size in &self.shape {
            message.number(1, *size as i64);
        }
        message.number(2, self.kind as i64);
        message.text(8, name);
        message.bytes(9, &self.bytes);
        message
    }
}

/// A setting of an operator.
#[derive(Debug)]
pub(super) enum Attribute {
    Integer(i64),
    Integers(Vec<i64>),
    Texts(Vec<String>),
    Tensor(Tensor),
}

/// Fields one behind the other.
#[derive(Debug, Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn number(&mut self, field: u64, number: i64) {
        self.varint(field << 3);
        self.varint(number.cast_unsigned());
    }

    fn bytes(&mut self, field: u64, bytes: &[u8]) {
        self.varint(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn text(&mut self, field: u64, text: &str) {
        self.bytes(field, text.as_bytes());
    }

    fn message(&mut self, field: u64, message: &Self) {
        self.bytes(field, &message.0);
    }
}

/// A graph that is being written, operator by operator.
#[derive(Debug, Default)]
pub(super) struct Graph {
    nodes: Vec<Message>,
    constants: Vec<Message>,
    inputs: Vec<Message>,
    outputs: Vec<Message>,
    edges: usize,
}

/// The operators of tables.
pub(super) const ML: &str = "ai.onnx.ml";

impl Graph {
    fn edge(&mut self) -> String {
        self.edges += 1;
        format!("churnctl.{}", self.edges)
    }

    pub(super) fn constant(&mut self, tensor: &Tensor) -> String {
        let name = self.edge();
        self.constants.push(tensor.message(&name));
        name
    }

    /// Writes a number without a shape.
    pub(super) fn number(&mut self, number: f64) -> String {
        self.constant(&Tensor::doubles(&[], &[number]))
    }

    /// Writes an operator of ONNX itself, and returns what it makes.
    pub(super) fn op(&mut self, op: &str, inputs: &[&str]) -> String {
        self.op_with(("", op), inputs, &[])
    }

    pub(super) fn op_with(
        &mut self,
        (domain, op): (&str, &str),
        inputs: &[&str],
        attributes: &[(&str, Attribute)],
    ) -> String {
        let made = self.edge();
        self.node((domain, op), inputs, attributes, &made);
        made
    }

    /// Writes an operator whose result has a name of its own.
    pub(super) fn node(
        &mut self,
        (domain, op): (&str, &str),
        inputs: &[&str],
        attributes: &[(&str, Attribute)],
        made: &str,
    ) {
        let mut node = Message::default();
        for input in inputs {
            node.text(1, input);
        }
        node.text(2, made);
        node.text(4, op);
        for (name, attribute) in attributes {
            node.message(5, &attribute_of(name, attribute));
        }
        node.text(7, domain);
        self.nodes.push(node);
    }

    pub(super) fn input(&mut self, name: &str, kind: Kind) {
        self.inputs.push(columns(name, kind, 1));
    }

    pub(super) fn output(&mut self, name: &str, kind: Kind, width: i64) {
        self.outputs.push(columns(name, kind, width));
    }

    /// Returns the model.
    pub(super) fn model(&self, doc: &str, versions: &[(&str, i64)]) -> Vec<u8> {
        let mut graph = Message::default();
        for node in &self.nodes {
            graph.message(1, node);
        }
        graph.text(2, "churn");
        let parts = [
            (5, &self.constants),
            (11, &self.inputs),
            (12, &self.outputs),
        ];
        for (field, all) in parts {
            for one in all {
                graph.message(field, one);
            }
        }
        let mut model = Message::default();
        // The oldest that knows all of these: readers of later ones know it, too.
        model.number(1, 8);
        model.text(2, "churnctl");
        model.text(3, env!("CARGO_PKG_VERSION"));
        model.text(6, doc);
        model.message(7, &graph);
        for (domain, version) in versions {
            let mut operators = Message::default();
            operators.text(1, domain);
            operators.number(2, *version);
            model.message(8, &operators);
        }
        model.0
    }
}

fn attribute_of(name: &str, attribute: &Attribute) -> Message {
    let mut message = Message::default();
    message.text(1, name);
    let kind = match attribute {
        Attribute::Integer(number) => {
            message.number(3, *number);
            2
        }
        Attribute::Integers(numbers) => {
            numbers.iter().for_each(|number| message.number(8, *number));
            7
        }
        Attribute::Texts(texts) => {
            texts.iter().for_each(|text| message.text(9, text));
            8
        }
        Attribute::Tensor(tensor) => {
            message.message(5, &tensor.message(""));
            4
        }
    };
    message.number(20, kind);
    message
}

/// Any number of rows, and so many columns.
fn columns(name: &str, kind: Kind, width: i64) -> Message {
    let (mut rows, mut columns) = (Message::default(), Message::default());
    rows.text(2, "rows");
    columns.number(1, width);
    let (mut shape, mut tensor, mut whole) =
        (Message::default(), Message::default(), Message::default());
    shape.message(1, &rows);
    shape.message(1, &columns);
    tensor.number(1, kind as i64);
    tensor.message(2, &shape);
    whole.message(1, &tensor);
    let mut message = Message::default();
    message.text(1, name);
    message.message(2, &whole);
    message
}
