//! Distinct texts of a column by code: each text is kept once, each row costs four bytes.

use hashbrown::HashTable;

/// A text as it is looked up: its length, its first 16 bytes as a number, and all of it.
#[derive(Debug, Clone, Copy)]
struct Key<'a> {
    word: u128,
    text: &'a [u8],
}

impl Key<'_> {
    fn hash(&self) -> u64 {
        const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut hash = (self.word as u64 ^ self.text.len() as u64).wrapping_mul(FACTOR);
        hash = (hash.rotate_left(29) ^ (self.word >> 64) as u64).wrapping_mul(FACTOR);
        for byte in self.text.iter().skip(16) {
            hash = (hash.rotate_left(5) ^ u64::from(*byte)).wrapping_mul(FACTOR);
        }
        hash ^ (hash >> 32)
    }
}

#[derive(Debug, Clone)]
struct Known {
    word: u128,
    text: Box<[u8]>,
    hash: u64,
}

/// Distinct texts, numbered as they come.
#[derive(Debug, Clone, Default)]
pub(super) struct Interner {
    table: HashTable<u32>,
    known: Vec<Known>,
    /// Most columns repeat a value often: the code of the last one is tried first.
    last: usize,
}

/// Returns the first 16 bytes of a text as a number, filled up with zeros.
pub(super) fn word_of(text: &[u8]) -> u128 {
    let mut bytes = [0; 16];
    let length = text.len().min(16);
    bytes[..length].copy_from_slice(&text[..length]);
    u128::from_le_bytes(bytes)
}

impl Interner {
    /// Returns the code of a text, a new one if it was never seen.
    pub(super) fn code(&mut self, text: &[u8]) -> u32 {
        self.code_of_word(text, word_of(text))
    }

    /// As [`Interner::code`], where [`word_of`] the text is known.
    #[inline]
    pub(super) fn code_of_word(&mut self, text: &[u8], word: u128) -> u32 {
        let same = |known: &Known| {
            known.word == word
                && known.text.len() == text.len()
                && (text.len() <= 16 || *known.text == *text)
        };
        if self.known.get(self.last).is_some_and(same) {
            return self.last as u32;
        }
        let hash = Key { word, text }.hash();
        let known = &mut self.known;
        let found = self.table.find(hash, |&code| same(&known[code as usize]));
        let code = if let Some(&code) = found {
            code
        } else {
            let code = known.len() as u32;
            known.push(Known {
                word,
                text: text.into(),
                hash,
            });
            self.table
                .insert_unique(hash, code, |&code| known[code as usize].hash);
            code
        };
        self.last = code as usize;
        code
    }

    /// Returns the code of a text if it was seen.
    pub(super) fn find(&self, text: &[u8]) -> Option<u32> {
        let word = word_of(text);
        self.table
            .find(Key { word, text }.hash(), |&code| {
                *self.known[code as usize].text == *text
            })
            .copied()
    }

    /// Returns the texts in the order of their codes.
    pub(super) fn texts(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.known.iter().map(|known| &*known.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_each_text_one_code_however_long() {
        let long = "x".repeat(40);
        let longer = format!("{long}y");
        let texts = ["", "a", "a\0", "b", "sixteen bytes ..", &long, &longer];
        let mut interner = Interner::default();
        for _ in 0..2 {
            for (code, text) in texts.iter().enumerate() {
                assert_eq!(interner.code(text.as_bytes()), code as u32, "{text:?}");
                assert_eq!(interner.find(text.as_bytes()), Some(code as u32));
            }
        }
        assert_eq!(interner.find(b"c"), None);
        assert!(
            interner
                .texts()
                .eq(texts.iter().map(|text| text.as_bytes()))
        );
    }
}
