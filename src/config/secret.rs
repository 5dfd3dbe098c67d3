//! A key or token. It has no `Display` and no serialisation, and its `Debug` says nothing, so that it cannot reach a
//! log, a panic, an export or an error by accident; `expose` is the one way out and easy to search for. Pure.

use std::fmt;

/// Characters a secret must have before its tail may be shown.
const MIN_CHARS_FOR_TAIL: usize = 12;
const TAIL_CHARS: usize = 4;

/// Text that must never be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes the text as it is.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself, for the header it goes into.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The last 4 characters of a secret of 12 or more, to tell two keys apart.
    #[must_use]
    pub fn tail(&self) -> Option<String> {
        let count = self.0.chars().count();
        (count >= MIN_CHARS_FOR_TAIL).then(|| self.0.chars().skip(count - TAIL_CHARS).collect())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_says_nothing() {
        assert_eq!(format!("{:?}", Secret::new("sk-canary".to_owned())), "Secret(..)");
    }

    #[test]
    fn only_a_long_secret_shows_its_tail() {
        assert_eq!(Secret::new("sk-123456789".to_owned()).tail(), Some("6789".to_owned()));
        assert_eq!(Secret::new("sk-12345678".to_owned()).tail(), None);
    }
}
