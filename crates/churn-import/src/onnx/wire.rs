//! Fields of Protocol Buffers, one by one, without code made from a schema: ONNX needs a dozen of them.

/// Bytes that are not a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Malformed(pub(super) &'static str);

/// Most values of one list: ten times the nodes of a large forest.
const MOST_VALUES: usize = 1 << 23;
const TOO_MANY: Malformed = Malformed("a list has more values than any model may have");

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part<'a> {
    Number(u64),
    Fixed32([u8; 4]),
    Fixed64([u8; 8]),
    Bytes(&'a [u8]),
}

impl<'a> Part<'a> {
    pub(super) fn bytes(self) -> Result<&'a [u8], Malformed> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(Malformed("a field is not of its type")),
        }
    }

    pub(super) fn text(self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Malformed("a text is not UTF-8"))
    }

    pub(super) fn number(self) -> Result<i64, Malformed> {
        match self {
            Self::Number(number) => Ok(number.cast_signed()),
            _ => Err(Malformed("a field is not of its type")),
        }
    }

    /// Adds numbers, which may stand alone or side by side.
    pub(super) fn add_numbers(self, all: &mut Vec<i64>) -> Result<(), Malformed> {
        match self {
            Self::Number(number) => all.push(number.cast_signed()),
            Self::Bytes(mut bytes) => {
                while !bytes.is_empty() && all.len() <= MOST_VALUES {
                    let number = varint(&mut bytes).ok_or(CUT_SHORT)?;
                    all.push(number.cast_signed());
                }
            }
            _ => return Err(Malformed("a field is not of its type")),
        }
        at_most(all.len())
    }

    /// Adds numbers in single precision, likewise.
    pub(super) fn add_singles(self, all: &mut Vec<f32>) -> Result<(), Malformed> {
        match self {
            Self::Fixed32(bytes) => all.push(f32::from_le_bytes(bytes)),
            Self::Bytes(bytes) => {
                at_most(all.len() + bytes.len() / 4)?;
                all.extend(singles(bytes)?);
            }
            _ => return Err(Malformed("a field is not of its type")),
        }
        at_most(all.len())
    }
}

const CUT_SHORT: Malformed = Malformed("a field is cut short");

pub(super) fn at_most(count: usize) -> Result<(), Malformed> {
    match count > MOST_VALUES {
        true => Err(TOO_MANY),
        false => Ok(()),
    }
}

/// Returns the numbers that these bytes are, in single precision.
pub(super) fn singles(bytes: &[u8]) -> Result<impl Iterator<Item = f32>, Malformed> {
    let (chunks, rest) = bytes.as_chunks::<4>();
    match rest.is_empty() {
        true => Ok(chunks.iter().map(|chunk| f32::from_le_bytes(*chunk))),
        false => Err(CUT_SHORT),
    }
}

/// The fields of a message; ends with an error at the first that is none.
pub(super) struct Parts<'a>(pub(super) &'a [u8]);

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

impl<'a> Parts<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    fn part(&mut self) -> Option<(u64, Part<'a>)> {
        let key = varint(&mut self.0)?;
        let part = match key & 7 {
            0 => Part::Number(varint(&mut self.0)?),
            1 => Part::Fixed64(self.take()?),
            2 => {
                let length = usize::try_from(varint(&mut self.0)?).ok()?;
                let (taken, rest) = self.0.split_at_checked(length)?;
                self.0 = rest;
                Part::Bytes(taken)
            }
            5 => Part::Fixed32(self.take()?),
            _ => return None,
        };
        Some((key >> 3, part))
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = Result<(u64, Part<'a>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let part = self.part();
        if part.is_none() {
            self.0 = &[];
        }
        Some(part.ok_or(CUT_SHORT))
    }
}
