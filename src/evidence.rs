//! Proposals for a profile: grounded in what the person said, decided by the person, applied to the profile as it is now.

mod clause;
mod contact;
mod decide;
mod ground;
mod quote;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::opaque_debug;
use crate::profile::{FieldValue, Profile, ProfileField};
use crate::runtime::{ExtractionId, MessageId, ThreadId, Timestamp};

// The coach calls these; the rest of the domain needs only the types.
pub(crate) use decide::decide;
pub(crate) use ground::{Grounds, extraction_schema, ground, readable};

/// The person's own words behind a proposal: where they stand, and the words exactly as they were written.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The message.
    pub message: MessageId,
    /// The words, cut from the message to the letter.
    pub quote: String,
    /// Where they begin in the message, in bytes of UTF-8.
    pub start: usize,
    /// Where they end, in bytes of UTF-8.
    pub end: usize,
    /// Where they begin, in UTF-16 code units, as Swift's and Kotlin's strings count.
    pub start_utf16: usize,
    /// Where they end, in UTF-16 code units.
    pub end_utf16: usize,
}
opaque_debug!(Evidence { message, start, end });

/// What a proposal does with its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProposedOperation {
    /// Adds an item to a list. Nothing is ever removed.
    Add,
    /// Puts a text in place of what the field holds.
    Replace,
}

/// How firmly a proposal stands on what was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The value is in the person's own words, or they chose it.
    Stated,
    /// The person said yes to the coach's question that named it. Both messages are evidence.
    Confirmed,
    /// The value is not in the words that are quoted.
    Inferred,
}

/// Why a proposal is not checked by default, although it has a quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Caution {
    /// The words around the quote deny it.
    Negated,
    /// The person wishes for it.
    Wish,
    /// The person only imagines it.
    Hypothetical,
    /// It is about somebody else.
    ThirdPerson,
    /// It is a question.
    Question,
    /// The value is not in the words that are quoted.
    Inferred,
    /// A word was recognised in the text, without understanding the sentence.
    Recognised,
    /// The person rates themselves ("now an expert"), and a rating is not a fact.
    SelfRated,
    /// The field already holds something else.
    Replaces,
}

/// What became of a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExtractionStatus {
    /// Nobody has decided yet.
    Pending,
    /// Accepted as it was proposed.
    Accepted,
    /// Accepted with the person's own value.
    Edited,
    /// Rejected. It is not proposed again.
    Rejected,
    /// Undecided when a newer proposal took its place.
    Superseded,
    /// The profile held it already when it was found; there is nothing to decide.
    Known,
}

/// One proposed change to a profile.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extraction {
    /// Its id.
    pub id: ExtractionId,
    /// The conversation that it came out of.
    pub thread: ThreadId,
    /// The field.
    pub field: ProfileField,
    /// What is done with it.
    pub operation: ProposedOperation,
    /// What is added or put there.
    pub value: FieldValue,
    /// What the field held when this was proposed, for a text that is replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The person's own words; never empty.
    pub evidence: Vec<Evidence>,
    /// How firmly it stands on them.
    pub basis: Basis,
    /// Whether it should be ticked when it is shown.
    pub checked: bool,
    /// Why not, if not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cautions: Vec<Caution>,
    /// What became of it.
    pub status: ExtractionStatus,
    /// What the person made of the value, if they edited it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited: Option<FieldValue>,
    /// When it was proposed.
    pub created_at: Timestamp,
    /// Its place among those that were proposed at once, from 0.
    #[serde(default)]
    pub position: u32,
    /// When it was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<Timestamp>,
}
opaque_debug!(Extraction { id, thread, field, operation, basis, checked, cautions, status, evidence });

/// What a person decided about one proposal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Take it as it is.
    Accept,
    /// Take this instead. The person is the source, so it needs no quote.
    Edit(FieldValue),
    /// Leave it, and do not propose it again.
    Reject,
}

impl std::fmt::Debug for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Accept => "Accept",
            Self::Edit(_) => "Edit(..)",
            Self::Reject => "Reject",
        })
    }
}

/// What a conversation's proposals are, as they stand now.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Proposal {
    /// What is proposed or was decided, oldest first and then in the order in which it was found; never superseded ones.
    pub items: Vec<Extraction>,
    /// What the person said that the profile holds already.
    pub known: Vec<Extraction>,
}

impl Proposal {
    /// Verdicts to fill in: none yet.
    pub fn verdicts(&self) -> Verdicts {
        Verdicts::default()
    }

    /// The items that wait for a verdict.
    pub fn pending(&self) -> impl Iterator<Item = &Extraction> {
        self.items.iter().filter(|item| item.status == ExtractionStatus::Pending)
    }
}

/// A text that has changed since its replacement was proposed. The proposal stays pending.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldConflict {
    /// The proposal.
    pub extraction: ExtractionId,
    /// The field.
    pub field: ProfileField,
    /// What it held when the change was proposed.
    pub before: Option<String>,
    /// What it holds now.
    pub now: Option<String>,
    /// What would be put there.
    pub proposed: FieldValue,
}
opaque_debug!(FieldConflict { extraction, field });

/// What verdicts led to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// The proposals that are now in the profile.
    pub accepted: Vec<ExtractionId>,
    /// The proposals that were rejected.
    pub rejected: Vec<ExtractionId>,
    /// What could not be written because the field has changed; all else was.
    pub conflicts: Vec<FieldConflict>,
    /// The profile as it is now.
    pub profile: Profile,
}

/// A person's verdicts on a proposal. What is not named stays undecided.
///
/// ```
/// use completion_coach::Verdicts;
/// let verdicts = Verdicts::default().accept("a").edit("b", "Rust").reject("c");
/// # let _ = verdicts;
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Verdicts {
    pub(crate) by_id: BTreeMap<ExtractionId, Verdict>,
}

impl Verdicts {
    /// Takes this one as it is.
    #[must_use]
    pub fn accept(self, id: impl Into<ExtractionId>) -> Self {
        self.with(id, Verdict::Accept)
    }

    /// Takes this value instead.
    #[must_use]
    pub fn edit(self, id: impl Into<ExtractionId>, value: impl Into<FieldValue>) -> Self {
        self.with(id, Verdict::Edit(value.into()))
    }

    /// Leaves this one.
    #[must_use]
    pub fn reject(self, id: impl Into<ExtractionId>) -> Self {
        self.with(id, Verdict::Reject)
    }

    /// This verdict on this one; the last one given counts.
    #[must_use]
    pub fn with(mut self, id: impl Into<ExtractionId>, verdict: Verdict) -> Self {
        self.by_id.insert(id.into(), verdict);
        self
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }
}
