//! How much of anything is accepted, and the one way in which it is checked.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// How much of anything is accepted. Characters are Unicode scalar values; beyond a limit is
/// [`InvalidInput`](crate::ErrorKind::InvalidInput), never a silent cut.
///
/// ```
/// use completion_coach::Limits;
/// let limits = Limits { message: 2_000, ..Limits::default() };
/// assert_eq!(limits.text, 5_000);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// One message, and all that waits together for one reply, in characters (default 5,000).
    pub message: usize,
    /// A short field, in characters (default 200): name, pronouns, location, language, kind of action, label, degree, field of study,
    /// organisation, institution, job title, start and end, one item of a list, one fact of an action's basis, the name of a field or an
    /// entry of the host's own.
    pub line: usize,
    /// A headline, an action's title or a link, in characters (default 500).
    pub title: usize,
    /// A long field, in characters (default 5,000): career goals, seeking, match preferences, summary, descriptions, the reason an action was
    /// suggested, one value of the host's own.
    pub text: usize,
    /// One insight, in characters (default 500).
    pub insight: usize,
    /// The text of one piece of material, in characters (default 20,000).
    pub material: usize,
    /// The items of one list, or the fields of the host's own (default 200).
    pub items: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { message: 5_000, line: 200, title: 500, text: 5_000, insight: 500, material: 20_000, items: 200 }
    }
}

pub(crate) fn characters(field: &'static str, text: &str, limit: usize) -> Result<()> {
    // Bytes bound characters from above, so most texts are not walked.
    if text.len() > limit && text.chars().count() > limit {
        return Err(Error::beyond(field, limit as u64, "characters"));
    }
    Ok(())
}

pub(crate) fn items(field: &'static str, count: usize, limit: usize) -> Result<()> {
    if count > limit {
        return Err(Error::beyond(field, limit as u64, "items"));
    }
    Ok(())
}
