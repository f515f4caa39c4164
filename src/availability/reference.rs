//! What the engine calls things it knows nothing about.

/// Who or what is meant, by the caller's own 16 bytes: a person, a resource, a booking, a block, an external event.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Ref(pub [u8; 16]);

impl Ref {
    /// A reference made of a number, such as a line of a file.
    #[must_use]
    pub const fn number(number: u128) -> Self {
        Self(number.to_be_bytes())
    }
}

/// Hexadecimal.
impl std::fmt::Debug for Ref {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:x}", u128::from_be_bytes(self.0))
    }
}
