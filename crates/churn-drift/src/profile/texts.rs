//! Distinct texts of a column and how often each occurs: the exact half of a column's counter.

use churn_data::{Field, Value, classify, unambiguous_number_of_text};
use hashbrown::HashTable;

/// A distinct text. Texts of up to 16 bytes are compared by `head` and `tail` alone.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    head: u64,
    tail: u64,
    start: u32,
    length: u32,
    pub(super) count: u64,
    pub(super) value: Value,
}

/// Counts of distinct texts.
#[derive(Debug, Clone, Default)]
pub(super) struct TextTable {
    table: HashTable<u32>,
    entries: Vec<Entry>,
    arena: Vec<u8>,
    /// Entries that are another spelling of a value, each with the entry of its canonical text.
    /// They count by themselves until [`TextTable::fold`], so that the hot path knows of none.
    aliases: Vec<(u32, u32)>,
    /// Texts with blanks around them, by row: aliases of those without.
    pub(super) padded: u64,
    /// Short texts seen lately, by a few bits of their bytes: most columns have few values.
    recent: Vec<Recent>,
}

/// A short text and its position in `entries`.
#[derive(Debug, Clone, Copy, Default)]
struct Recent {
    word: u128,
    length: u32,
    index: u32,
}

const RECENT_BITS: u32 = 7;
/// Most aliases that are kept; other spellings are looked up by their canonical text.
const MAX_ALIASES: usize = 50_000;

/// A text ready to be looked up.
#[derive(Clone, Copy)]
pub(super) struct Key<'a> {
    text: &'a [u8],
    head: u64,
    tail: u64,
    hash: u64,
}

#[inline(always)]
fn word(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(0, u64::from_le_bytes)
}

#[inline(always)]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ ((product >> 64) as u64)
}

/// Hashes a text of up to 16 bytes, all of which are in its head and tail.
#[inline(always)]
fn hash_of_short(head: u64, tail: u64, length: u64) -> u64 {
    fold(fold(head ^ SEEDS[0], tail ^ SEEDS[1] ^ length), SEEDS[2])
}

const SEEDS: [u64; 3] = [
    0x9e37_79b9_7f4a_7c15,
    0xd6e8_feb8_6659_fd93,
    0xa076_1d64_78bd_642f,
];

/// Hashes `text` the same on every machine and in every version: hashed profiles depend on it.
pub(super) fn stable_hash(text: &[u8]) -> u64 {
    Key::new(text).hash
}

impl<'a> Key<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        if let Some(field) = Field::new(text) {
            return Self::of(&field);
        }
        let length = text.len();
        let (head, tail) = (word(&text[..8]), word(&text[length - 8..]));
        let mut hash = fold(head ^ SEEDS[0], tail ^ SEEDS[1] ^ (length as u64));
        for chunk in text[8..length - 8].chunks(8) {
            let mut bytes = [0; 8];
            bytes[..chunk.len()].copy_from_slice(chunk);
            hash = fold(hash ^ u64::from_le_bytes(bytes), SEEDS[2]);
        }
        let hash = fold(hash, SEEDS[2]);
        Self {
            text,
            head,
            tail,
            hash,
        }
    }

    /// Makes the key of a short text, whose bytes are all in its head and tail.
    #[inline(always)]
    pub(super) fn of(field: &Field<'a>) -> Self {
        let (head, tail) = (field.word as u64, (field.word >> 64) as u64);
        Self {
            text: field.text,
            head,
            tail,
            hash: hash_of_short(head, tail, field.text.len() as u64),
        }
    }
}

impl TextTable {
    #[inline(always)]
    fn is(&self, index: u32, key: &Key<'_>) -> bool {
        let entry = &self.entries[index as usize];
        entry.head == key.head
            && entry.tail == key.tail
            && entry.length as usize == key.text.len()
            && (key.text.len() <= 16 || self.text(entry) == key.text)
    }

    /// Adds `count` to a text that is known; returns whether it is.
    #[inline(always)]
    pub(super) fn add_known(&mut self, key: &Key<'_>, count: u64) -> bool {
        match self.table.find(key.hash, |&index| self.is(index, key)) {
            Some(&index) => {
                self.entries[index as usize].count += count;
                true
            }
            None => false,
        }
    }

    /// Adds one to a short text that is known; returns whether it is.
    #[inline(always)]
    pub(super) fn add_known_field(&mut self, field: &Field<'_>) -> bool {
        let mixed = (field.word as u64 ^ (field.word >> 61) as u64).wrapping_mul(SEEDS[0]);
        let slot = (mixed >> (64 - RECENT_BITS)) as usize;
        if let Some(recent) = self.recent.get(slot)
            && recent.word == field.word
            && recent.length as usize == field.text.len()
        {
            self.entries[recent.index as usize].count += 1;
            return true;
        }
        self.look_up_field(field, slot)
    }

    #[inline(never)]
    fn look_up_field(&mut self, field: &Field<'_>, slot: usize) -> bool {
        let key = Key::of(field);
        let Some(&index) = self.table.find(key.hash, |&index| self.is(index, &key)) else {
            return false;
        };
        self.entries[index as usize].count += 1;
        if self.recent.is_empty() {
            self.recent = vec![Recent::default(); 1 << RECENT_BITS];
        }
        // An empty text never comes here, so the default matches none.
        self.recent[slot] = Recent {
            word: field.word,
            length: field.text.len() as u32,
            index,
        };
        true
    }

    /// Adds a spelling that is not known yet of a value whose canonical text is: what is counted of
    /// it from now on, is counted of the value. There are no endlessly many.
    pub(super) fn insert_alias(&mut self, alias: &Key<'_>, canonical: &Key<'_>) {
        if self.aliases.len() >= MAX_ALIASES {
            return;
        }
        let known = self
            .table
            .find(canonical.hash, |&index| self.is(index, canonical));
        if let Some(&of) = known {
            let value = self.entries[of as usize].value;
            self.aliases.push((self.entries.len() as u32, of));
            self.insert(alias, 0, value);
        }
    }

    /// Moves the counts of aliases to the canonical texts.
    fn fold(&mut self) {
        for &(alias, of) in &self.aliases {
            let count = std::mem::take(&mut self.entries[alias as usize].count);
            let entry = &self.entries[alias as usize];
            if count > 0 && is_padded(slice(&self.arena, entry), entry.value) {
                self.padded += count;
            }
            self.entries[of as usize].count += count;
        }
    }

    /// Adds a text that is not known yet.
    pub(super) fn insert(&mut self, key: &Key<'_>, count: u64, value: Value) {
        let index = self.entries.len() as u32;
        self.entries.push(Entry {
            head: key.head,
            tail: key.tail,
            start: self.arena.len() as u32,
            length: key.text.len() as u32,
            count,
            value,
        });
        self.arena.extend_from_slice(key.text);
        let Self {
            table,
            entries,
            arena,
            ..
        } = self;
        table.insert_unique(key.hash, index, |&index| {
            let entry = &entries[index as usize];
            match entry.length {
                // A table that grows need not look at the texts, which lie elsewhere.
                0..=16 => hash_of_short(entry.head, entry.tail, u64::from(entry.length)),
                _ => Key::new(slice(arena, entry)).hash,
            }
        });
    }

    /// Returns the text of an entry.
    pub(super) fn text(&self, entry: &Entry) -> &[u8] {
        slice(&self.arena, entry)
    }

    /// Hands on the canonical texts with what was counted of them, in the order of their insertion.
    pub(super) fn each(&mut self, mut each: impl FnMut(&[u8], &Entry)) {
        self.fold();
        for entry in self.entries.iter().filter(|entry| entry.count > 0) {
            each(self.text(entry), entry);
        }
    }

    /// Takes out the entries that `take` says yes to, and hands each on; forgets all aliases.
    pub(super) fn drain(
        &mut self,
        take: impl Fn(&[u8], &Entry) -> bool,
        mut each: impl FnMut(&[u8], &Entry),
    ) {
        self.fold();
        let old = std::mem::take(self);
        self.padded = old.padded;
        for entry in old.entries.iter().filter(|entry| entry.count > 0) {
            let text = old.text(entry);
            if take(text, entry) {
                each(text, entry);
            } else {
                self.insert(&Key::new(text), entry.count, entry.value);
            }
        }
    }
}

fn slice<'a>(arena: &'a [u8], entry: &Entry) -> &'a [u8] {
    &arena[entry.start as usize..entry.start as usize + entry.length as usize]
}

/// Returns whether a text has blanks around it that are not part of it.
pub(super) fn is_padded(text: &[u8], value: Value) -> bool {
    value == Value::Text && text.trim_ascii().len() < text.len()
}

/// Whether the canonical text of a number tells no more than its double does.
pub(super) fn is_unambiguous(text: &[u8]) -> bool {
    let text = std::str::from_utf8(text).ok();
    text.and_then(unambiguous_number_of_text).is_some()
}

/// Returns what a text means in a column, where a declared category is never a number.
pub(super) fn meaning(text: &[u8], categorical: bool) -> Value {
    match classify(text) {
        Value::Number(_) | Value::BigInteger(_) | Value::Infinite if categorical => Value::Text,
        value => value,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn counts_like_a_map(texts in proptest::collection::vec("[ab\u{0}]{0,40}", 0..200)) {
            let mut table = TextTable::default();
            let mut expected = BTreeMap::<Vec<u8>, u64>::new();
            for text in &texts {
                let key = Key::new(text.as_bytes());
                if !table.add_known(&key, 1) {
                    table.insert(&key, 1, Value::Text);
                }
                *expected.entry(text.as_bytes().to_vec()).or_default() += 1;
            }
            let mut counted = BTreeMap::new();
            table.each(|text, entry| {
                counted.insert(text.to_vec(), entry.count);
            });
            prop_assert_eq!(counted, expected);
        }
    }

    #[test]
    fn the_hash_stays_what_it_is() {
        // Pinned: profiles with hashed categories of an older version must stay comparable.
        let pinned = [
            stable_hash(b"a"),
            stable_hash(b"Month-to-month"),
            stable_hash(b"a text of more than sixteen bytes"),
        ];
        assert_eq!(
            pinned,
            [
                15_488_182_228_061_955_435,
                2_441_657_430_882_575_746,
                9_381_118_158_536_991_824
            ]
        );
    }
}
