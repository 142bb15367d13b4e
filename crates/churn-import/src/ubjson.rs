//! UBJSON, as XGBoost writes it, for serde: values are handed on one by one, so that no claim in the
//! file decides how much memory is taken.

use serde::Deserialize;
use serde::de::value::Error;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

/// Deepest nesting.
const MAX_DEPTH: u32 = 64;

/// Reads a document; nothing may follow it.
pub(crate) fn from_slice<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Error> {
    let mut reader = Reader {
        bytes,
        at: 0,
        depth: 0,
    };
    let value = T::deserialize(Typed::any(&mut reader))?;
    match reader.at == bytes.len() {
        true => Ok(value),
        false => Err(reader.wrong("there is something behind the end")),
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: u32,
}

impl<'a> Reader<'a> {
    fn wrong(&self, what: &str) -> Error {
        Error::custom(format!("byte {}: {what}", self.at))
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let end = self.at.checked_add(count);
        let taken = end.and_then(|end| self.bytes.get(self.at..end));
        let taken = taken.ok_or_else(|| self.wrong("the file ends too early"))?;
        self.at += count;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Passes over what may stand anywhere, and over this marker if it is next.
    fn passes(&mut self, marker: u8) -> bool {
        while self.peek() == Some(b'N') {
            self.at += 1;
        }
        let found = self.peek() == Some(marker);
        self.at += usize::from(found);
        found
    }

    fn marker(&mut self) -> Result<u8, Error> {
        self.passes(b'N');
        Ok(self.array::<1>()?[0])
    }

    fn integer(&mut self, marker: u8) -> Result<i64, Error> {
        Ok(match marker {
            b'i' => i64::from(i8::from_be_bytes(self.array()?)),
            b'U' => i64::from(self.array::<1>()?[0]),
            b'I' => i64::from(i16::from_be_bytes(self.array()?)),
            b'l' => i64::from(i32::from_be_bytes(self.array()?)),
            b'L' => i64::from_be_bytes(self.array()?),
            _ => return Err(self.wrong("this is not a whole number")),
        })
    }

    fn length(&mut self) -> Result<usize, Error> {
        let marker = self.marker()?;
        let length = self.integer(marker)?;
        usize::try_from(length).map_err(|_| self.wrong("a length is below 0"))
    }

    fn text(&mut self) -> Result<&'a str, Error> {
        let length = self.length()?;
        let bytes = self.take(length)?;
        std::str::from_utf8(bytes).map_err(|_| self.wrong("a text is not UTF-8"))
    }

    /// Reads what may follow the beginning of an array or object: the type of all its values, and how
    /// many there are.
    fn container(&mut self) -> Result<(Option<u8>, Option<usize>), Error> {
        let kind = match self.passes(b'$') {
            true => Some(self.marker()?),
            false => None,
        };
        let count = match self.passes(b'#') {
            true => Some(self.length()?),
            false => None,
        };
        // Values of these types are nothing but their marker: a few bytes would be any number of them.
        let takes_room = kind.is_none_or(|kind| b"iUIlLdDSC[{".contains(&kind));
        match kind.is_some() && count.is_none() || !takes_room {
            true => Err(self.wrong("a typed container has no count, or no such type")),
            false => Ok((kind, count)),
        }
    }

    fn enter(&mut self) -> Result<(), Error> {
        self.depth += 1;
        match self.depth > MAX_DEPTH {
            true => Err(self.wrong("the nesting is too deep")),
            false => Ok(()),
        }
    }
}

/// A value, whose marker stood at its container if it is known.
struct Typed<'r, 'a> {
    reader: &'r mut Reader<'a>,
    kind: Option<u8>,
}

impl<'r, 'a> Typed<'r, 'a> {
    fn any(reader: &'r mut Reader<'a>) -> Self {
        Self { reader, kind: None }
    }
}

impl<'de> Deserializer<'de> for Typed<'_, 'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let reader = self.reader;
        let marker = match self.kind {
            Some(kind) => kind,
            None => reader.marker()?,
        };
        match marker {
            b'Z' => visitor.visit_unit(),
            b'T' => visitor.visit_bool(true),
            b'F' => visitor.visit_bool(false),
            b'd' => visitor.visit_f32(f32::from_be_bytes(reader.array()?)),
            b'D' => visitor.visit_f64(f64::from_be_bytes(reader.array()?)),
            b'C' => visitor.visit_u8(reader.array::<1>()?[0]),
            b'S' | b'H' => visitor.visit_borrowed_str(reader.text()?),
            b'[' => {
                reader.enter()?;
                let (kind, left) = reader.container()?;
                let value = visitor.visit_seq(Items {
                    reader,
                    kind,
                    left,
                    end: b']',
                })?;
                reader.depth -= 1;
                Ok(value)
            }
            b'{' => {
                reader.enter()?;
                let (kind, left) = reader.container()?;
                let value = visitor.visit_map(Items {
                    reader,
                    kind,
                    left,
                    end: b'}',
                })?;
                reader.depth -= 1;
                Ok(value)
            }
            _ => visitor.visit_i64(reader.integer(marker)?),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.kind.is_none() && self.reader.passes(b'Z') {
            true => visitor.visit_none(),
            false => visitor.visit_some(self),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// The values of an array or object.
struct Items<'r, 'a> {
    reader: &'r mut Reader<'a>,
    kind: Option<u8>,
    left: Option<usize>,
    end: u8,
}

impl Items<'_, '_> {
    fn has_next(&mut self) -> bool {
        match &mut self.left {
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
            None => !self.reader.passes(self.end),
        }
    }
}

impl<'a> SeqAccess<'a> for Items<'_, 'a> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'a>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        if !self.has_next() {
            return Ok(None);
        }
        let kind = self.kind;
        let value = Typed {
            reader: self.reader,
            kind,
        };
        seed.deserialize(value).map(Some)
    }
}

impl<'a> MapAccess<'a> for Items<'_, 'a> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'a>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        if !self.has_next() {
            return Ok(None);
        }
        let key = serde::de::value::BorrowedStrDeserializer::new(self.reader.text()?);
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'a>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let kind = self.kind;
        seed.deserialize(Typed {
            reader: self.reader,
            kind,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn map(bytes: &[u8]) -> Result<BTreeMap<String, Vec<f64>>, Error> {
        from_slice(bytes)
    }

    #[test]
    fn arrays_are_typed_counted_or_open() {
        // By hand, after the specification, draft 12.
        let all = [
            &b"{U\x01a[$d#U\x02\x3f\x80\x00\x00\xbf\x00\x00\x00"[..],
            b"U\x01b[U\x07NI\x01\x00]",
            b"L\0\0\0\0\0\0\0\x01c[#i\x01D\x3f\xf8\0\0\0\0\0\0}",
        ]
        .concat();
        let expected = [
            ("a", vec![1.0, -0.5]),
            ("b", vec![7.0, 256.0]),
            ("c", vec![1.5]),
        ];
        let expected = expected.map(|(name, values)| (name.to_owned(), values));
        assert_eq!(map(&all).expect("is whole"), BTreeMap::from(expected));
    }

    #[test]
    fn claims_of_size_take_no_memory() {
        for bytes in [
            // More values than bytes, of a type and of any; a type without a byte for each value.
            &b"{U\x01a[$d#L\x7f\0\0\0\0\0\0\0"[..],
            b"{U\x01a[#L\x7f\0\0\0\0\0\0\0",
            b"{U\x01a[$Z#L\x7f\0\0\0\0\0\0\0",
            b"{U\x01a[$T#l\x7f\0\0\0",
            // A long key, a length below 0.
            b"{L\x7f\0\0\0\0\0\0\0a",
            b"{i\xff",
            b"{U\x01a[]}x",
        ] {
            assert!(map(bytes).is_err(), "{bytes:?}");
        }
        let deep = [&b"{U\x01a"[..], &b"[".repeat(1_000_000)].concat();
        assert!(from_slice::<serde::de::IgnoredAny>(&deep).is_err());
    }
}
