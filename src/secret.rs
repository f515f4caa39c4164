//! Values that must not be shown: no `Debug`, no `Display`, wiped from memory when dropped.

use zeroize::Zeroize;

/// A text such as a password or a URL that holds one.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Wraps `text`.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
