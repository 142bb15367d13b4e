//! A short field, also as an integer: numbers are read from it without a look at each byte.

/// A field of at most 16 bytes, also as one integer: its bytes from the lowest up, then zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// The bytes.
    pub text: &'a [u8],
    /// The bytes as an integer.
    pub word: u128,
}

/// Masks of the lowest 0 to 16 bytes: a table costs less than shifts of 128 bits.
pub(super) const LOW_BYTES: [u128; 17] = {
    let mut masks = [0; 17];
    let mut bytes = 1;
    while bytes <= 16 {
        masks[bytes] = u128::MAX >> (128 - 8 * bytes);
        bytes += 1;
    }
    masks
};

impl<'a> Field<'a> {
    /// Makes a field of a text; `None` if it has more than 16 bytes.
    #[inline]
    #[must_use]
    pub fn new(text: &'a [u8]) -> Option<Self> {
        let mut bytes = [0; 16];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        Some(Self {
            text,
            word: u128::from_le_bytes(bytes),
        })
    }
}
