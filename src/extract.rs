//! Proposals from a transcript that was held elsewhere: the coach's own request and grounding, without a store.

use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::conversation::{Message, Provenance, Role};
use crate::draft::{MOST_TEXT, draft};
use crate::error::{Error, ErrorKind, Result, opaque_debug};
use crate::evidence::{Extraction, Grounds, Proposal, ground, readable};
use crate::flow::Flow;
use crate::lang::words;
use crate::limits::{Limits, characters, items};
use crate::model::Model;
use crate::profile::{Profile, Term};
use crate::prompt::{self, Brief, Purpose, Request, Voice, is_blank};
use crate::runtime::{Clock, ExtractionId, Ids, MessageId, RandomIds, SystemClock, ThreadId, Timestamp};
use crate::usage::{ModelPlace, Usage};

/// The most messages that one proposal reads.
const READ: usize = 500;

/// What was said in a conversation that this library did not hold.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TranscriptMessage {
    /// Who said it.
    pub role: Role,
    /// The words, as they were written.
    pub text: String,
}
opaque_debug!(TranscriptMessage { role });

impl TranscriptMessage {
    /// What the person wrote.
    pub fn user(text: impl Into<String>) -> Self {
        Self { role: Role::User, text: text.into() }
    }

    /// What the coach, or whoever asked, wrote. It can never be quoted.
    pub fn assistant(text: impl Into<String>) -> Self {
        Self { role: Role::Assistant, text: text.into() }
    }
}

/// Proposes changes to a profile from a transcript, oldest message first, just as [`Debrief::propose`](crate::Debrief::propose) does, but
/// without a store: nothing is kept, counted or remembered. The language is the profile's, or else English. In the evidence, a message's id is
/// its number in the transcript, from 1. Where the person has said nothing, nobody is asked.
///
/// Whoever passes a model that is remote sends it the transcript and the profile: **the person's consent is the caller's to obtain.** There
/// is no deadline but the model's own, and dropping the future ends the request. The [`OfflineGuide`](crate::OfflineGuide) recognises only
/// what the profile holds already.
///
/// ```
/// use completion_coach::{OfflineGuide, Profile, TranscriptMessage, extract};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> completion_coach::Result<()> {
/// let profile = Profile { skills: vec!["SQL".into()], ..Profile::default() };
/// let messages = [TranscriptMessage::assistant("What came of it?"), TranscriptMessage::user("I rewrote it in SQL and it is twice as fast.")];
/// let proposal = extract(&profile, &messages, &OfflineGuide).await?;
/// assert_eq!(proposal.known[0].evidence[0].message.as_str(), "2");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// `InvalidInput` if the profile or a message of the person's does not fit [`Limits`], a message is blank, or there are more than 500;
/// `ReplyIncomplete` if the answer is cut, empty or unreadable; and whatever the model fails with.
pub async fn extract(profile: &Profile, messages: &[TranscriptMessage], model: &dyn Model) -> Result<Proposal> {
    let messages = said(profile, messages, &Limits::default())?;
    if messages.iter().all(|message| message.role == Role::Assistant) {
        return Ok(Proposal::default());
    }
    let transcript = Transcript { profile, action: None, flow: &Flow::new(), messages: &messages, vocabulary: &[], earlier: &[] };
    let answer = draft(model, &transcript.request(), |_| {}, |_: Usage| {}).await?.text;
    if !readable(&answer) {
        return Err(Error::new(ErrorKind::ReplyIncomplete, "the model's proposals could not be read; propose again"));
    }
    let script = model.info().place == ModelPlace::Script;
    Ok(transcript.ground(&answer, script, SystemClock.now(), &mut || ExtractionId::new(RandomIds.next_text())))
}

/// A transcript with all that a proposal depends on.
pub(crate) struct Transcript<'a> {
    pub(crate) profile: &'a Profile,
    pub(crate) action: Option<&'a Action>,
    pub(crate) flow: &'a Flow,
    pub(crate) messages: &'a [Message],
    pub(crate) vocabulary: &'a [Term],
    pub(crate) earlier: &'a [Extraction],
}

impl Transcript<'_> {
    pub(crate) fn language(&self) -> &str {
        self.profile.language.as_deref().filter(|tag| !tag.trim().is_empty()).unwrap_or("en")
    }

    pub(crate) fn request(&self) -> Request {
        prompt::request(Brief {
            purpose: Purpose::Propose,
            voice: &Voice::default(),
            language: self.language(),
            profile: self.profile,
            action: self.action,
            flow: self.flow,
            messages: self.messages.into(),
            finding: None,
            vocabulary: self.vocabulary,
        })
    }

    pub(crate) fn ground(&self, answer: &str, script: bool, now: Timestamp, new_id: &mut dyn FnMut() -> ExtractionId) -> Proposal {
        let grounds = Grounds {
            profile: self.profile,
            thread: &ThreadId::General,
            messages: self.messages,
            earlier: self.earlier,
            vocabulary: self.vocabulary,
            language: self.language(),
            words: words(self.language()),
            limits: &Limits::default(),
            script,
            now,
        };
        let grounded = ground(answer, &grounds, new_id);
        Proposal { items: grounded.items, known: grounded.known }
    }
}

/// The messages as the coach would hold them, each with its number as its id.
pub(crate) fn said(profile: &Profile, messages: &[TranscriptMessage], limits: &Limits) -> Result<Vec<Message>> {
    profile.check(limits)?;
    items("messages", messages.len(), READ)?;
    let message = |(seq, TranscriptMessage { role, text }): (u64, &TranscriptMessage)| {
        characters("message", text, if *role == Role::User { limits.message } else { MOST_TEXT })?;
        if is_blank(text) {
            return Err(Error::invalid("message", "there is nothing in it; leave it out"));
        }
        Ok(Message {
            id: MessageId::new(seq.to_string()),
            thread: ThreadId::General,
            seq,
            round: 1,
            role: *role,
            provenance: if *role == Role::User { Provenance::Typed } else { Provenance::Coach },
            text: text.clone(),
            choice: None,
            choices: Vec::new(),
            author: None,
            at: Timestamp::default(),
        })
    };
    (1..).zip(messages).map(message).collect()
}
