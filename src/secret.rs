//! A key or a token: wiped from memory when it is dropped, and never printed.

use std::fmt;

use zeroize::Zeroizing;

/// A key, a token or the value of a header. It is overwritten with zeros when it is dropped, and its `Debug` says nothing of it.
///
/// Copies that were made of it elsewhere, such as by whoever sends it, are beyond its reach.
///
/// ```
/// use completion_coach::Secret;
/// let token = Secret::new("k-123");
/// assert_eq!(format!("{token:?}"), "Secret(..)");
/// assert_eq!(token.expose(), "k-123");
/// ```
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Keeps this.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(Zeroizing::new(secret.into()))
    }

    /// The secret itself, for whoever has to send it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
