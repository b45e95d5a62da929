//! The handles of the two sorts of conversation: the debrief of one done action, and the chat about the profile as a whole.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::turn::{self, Turn, writes};
use super::{Core, Memory, no_action, review};
use crate::action::ActionStatus;
use crate::conversation::{
    ChangeCause, Conversation, DebriefState, Found, Invitation, Message, NewMessage, ProfileChange, Reply, Report, Role,
};
use crate::error::{Error, Result, opaque_debug};
use crate::evidence::{Applied, Proposal, Verdicts};
use crate::limits::characters;
use crate::prompt::is_blank;
use crate::rules::{Begin, Begun, Circumstances};
use crate::runtime::{ActionId, MessageId, ThreadId, Timestamp, UserId};
use crate::script::{self, Recap};
use crate::store::{Page, Write};

/// The newest messages that a recap quotes from: twenty whole rounds of the largest budget.
const RECAP_WINDOW: u32 = 1_000;
/// The most messages of one page.
const MOST_PAGE: u32 = 500;

/// Messages of a conversation, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessagePage {
    /// The messages.
    pub messages: Vec<Message>,
    /// Pass this to read the page before this one; `None` if this is the first.
    pub before: Option<u64>,
}

/// The debrief of one done action: 2 to 4 exchanges, one question at a time, in a thread that no other conversation sees.
#[derive(Clone)]
pub struct Debrief {
    core: Arc<Core>,
    user: UserId,
    action: ActionId,
    thread: ThreadId,
    pub(super) memory: Memory,
}
opaque_debug!(Debrief { user, thread });

/// The chat about the profile as a whole, with the same coach and nothing of any debrief.
#[derive(Clone)]
pub struct Chat {
    core: Arc<Core>,
    user: UserId,
    thread: ThreadId,
    memory: Memory,
}
opaque_debug!(Chat { user });

macro_rules! conversation {
    ($handle:ident) => {
        impl $handle {
            /// Opens the conversation, or comes back to it: the opening question if there was none, a reply to what waits for
            /// one, else the coach's last message again, without asking a model.
            ///
            /// # Errors
            /// `NotFound`; `WrongStatus` if the action is not done; `Busy` while a reply is being made; `AllowanceSpent` and `ConsentNeeded` if a
            /// model is to be asked. What goes wrong afterwards, the turn says.
            pub async fn open(&self) -> Result<Turn> {
                turn::begin(&self.core, &self.user, &self.thread, &self.memory, Begin::Open).await
            }

            /// Says something and streams the reply. When this returns, what was said is stored.
            ///
            /// With an id of the host's own, saying it again is safe: what was answered is answered from the store, what was not is resumed.
            ///
            /// # Errors
            /// Those of [`Self::open`]; `WrongStatus` before it was opened or marked as started; `DebriefOver`, `HandedOver`; `InvalidInput` for a
            /// message that is blank, too long or a choice that is not offered, an id that another message has, or a fourth message without a reply.
            /// With any of them nothing is stored.
            pub async fn stream(&self, message: impl Into<NewMessage>) -> Result<Turn> {
                turn::begin(&self.core, &self.user, &self.thread, &self.memory, Begin::Say(message.into())).await
            }

            /// Says something and waits for the reply.
            ///
            /// # Errors
            /// Those of [`Self::stream`] and those that end a turn.
            pub async fn send(&self, message: impl Into<NewMessage>) -> Result<Reply> {
                self.stream(message).await?.reply().await
            }

            /// Asks for the reply to what was said and not answered; with nothing waiting, the coach's last message again.
            ///
            /// # Errors
            /// Those of [`Self::open`].
            pub async fn resume(&self) -> Result<Turn> {
                turn::begin(&self.core, &self.user, &self.thread, &self.memory, Begin::Resume).await
            }

            /// Like [`Self::open`], and takes the place of a reply that is being made elsewhere. Always safe: the other reply will
            /// be thrown away. A phone calls this at start.
            ///
            /// # Errors
            /// Those of [`Self::open`], never `Busy`.
            pub async fn take_over(&self) -> Result<Turn> {
                turn::begin(&self.core, &self.user, &self.thread, &self.memory, Begin::TakeOver).await
            }

            /// The conversation's messages: the newest ones, or those before a position; 1 to 500 at a time.
            ///
            /// # Errors
            /// `NotFound`.
            pub async fn messages(&self, size: u32, before: Option<u64>) -> Result<MessagePage> {
                let page = Page { size: size.clamp(1, MOST_PAGE), before, find: None };
                let messages = self.core.messages(&self.user, &self.thread, &page).await?;
                let before = messages.first().map(|first| first.seq).filter(|first| *first > 1);
                Ok(MessagePage { messages, before })
            }

            /// Reads what was said and proposes changes to the profile, each with the person's own words as evidence. With
            /// nothing new said, the stored proposal without asking a model. Nothing reaches the profile before [`Self::apply`].
            ///
            /// # Errors
            /// Those of [`Self::open`], `HandedOver`, and those of a model.
            pub async fn propose(&self) -> Result<Proposal> {
                review::propose(&self.core, &self.user, &self.thread).await
            }

            /// The proposals as they stand, without asking a model.
            ///
            /// # Errors
            /// `NotFound`.
            pub async fn proposal(&self) -> Result<Proposal> {
                self.read(&Page::newest(0)).await?;
                review::proposal(&self.core, &self.user, &self.thread).await
            }

            /// Applies verdicts to the profile as it is now: lists are united, a text is replaced only if it still is what the proposal
            /// was made from. The same verdicts again lead to the same result.
            ///
            /// # Errors
            /// `NotFound` for a proposal that there is not; `Conflict` for a different verdict on a decided one; `InvalidInput` for an edited value
            /// that does not fit. With any of them nothing is applied.
            pub async fn apply(&self, verdicts: Verdicts) -> Result<Applied> {
                review::apply(&self.core, &self.user, &self.thread, &verdicts).await
            }

            async fn read(&self, page: &Page) -> Result<Conversation> {
                self.core.read(&self.user, &self.thread, page).await
            }
        }
    };
}
conversation!(Debrief);
conversation!(Chat);

impl Chat {
    pub(crate) fn new(core: Arc<Core>, user: UserId) -> Self {
        Self { core, user, thread: ThreadId::General, memory: Memory::default() }
    }

    /// Deletes what was said in it. What was accepted into the profile stays there.
    ///
    /// # Errors
    /// `NotFound` if there is no such user.
    pub async fn delete(&self) -> Result<()> {
        let remove = |conversation: &Conversation| {
            let ended = conversation.deleted(&self.thread, &self.core.circumstances(conversation)).map(Write::Attempt);
            Ok((ended.into_iter().chain([Write::RemoveThread(self.thread.clone())]).collect(), conversation.live()))
        };
        let live = self.core.decide(&self.user, &self.thread, &Page::newest(0), remove).await?;
        self.memory.take();
        self.core.cancel_turn(live.as_ref());
        Ok(())
    }
}

impl Debrief {
    pub(crate) fn new(core: Arc<Core>, user: UserId, action: ActionId) -> Self {
        Self { core, user, thread: ThreadId::Debrief(action.clone()), action, memory: Memory::default() }
    }

    /// The action whose debrief this is.
    pub fn action(&self) -> &ActionId {
        &self.action
    }

    /// The next question, without an answer to the last one. It counts as an exchange.
    ///
    /// # Errors
    /// `NotFound`; `WrongStatus` before it was opened; `DebriefOver`, `HandedOver`.
    pub async fn skip_question(&self) -> Result<Reply> {
        self.at_once(|conversation, id, at| conversation.skip(&self.thread, id, at)).await
    }

    /// Flags something that the coach said, with the person's reason, for whoever runs the app to look at. It is an entry in the change log, and
    /// in the export; nothing else changes. It is kept when the debrief is deleted, until [`User::forget`](crate::User::forget).
    ///
    /// # Errors
    /// `NotFound` if the coach did not say it in this debrief; `WrongStatus` if the action is not done; `InvalidInput` if the reason is blank or
    /// longer than 5,000 characters.
    pub async fn report(&self, message: impl Into<MessageId>, reason: impl Into<String>) -> Result<()> {
        let report = Report { message: message.into(), reason: reason.into() };
        report.message.check()?;
        characters("reason", &report.reason, self.core.rules.limits.text)?;
        if is_blank(&report.reason) {
            return Err(Error::invalid("reason", "it is blank; say what is wrong with the reply"));
        }
        let page = Page { size: 0, before: None, find: Some(report.message.clone()) };
        self.core
            .decide(&self.user, &self.thread, &page, |conversation| {
                conversation.gate()?;
                let by_coach = |found: &&Found| found.message.thread == self.thread && found.message.role == Role::Assistant;
                if conversation.found.as_ref().filter(by_coach).is_none() {
                    return Err(Error::not_found("the coach has said no such thing in this debrief"));
                }
                let change = ProfileChange {
                    seq: conversation.account.changes + 1,
                    at: self.core.clock.now(),
                    cause: ChangeCause::Reported,
                    fields: Vec::new(),
                    thread: Some(self.thread.clone()),
                    extractions: Vec::new(),
                    report: Some(report.clone()),
                };
                Ok((vec![Write::Change(change)], ()))
            })
            .await
    }

    /// Ends the debrief at once. A reply that is being made ends with `Cancelled`. Stopping what has ended changes nothing.
    ///
    /// # Errors
    /// `NotFound`; `WrongStatus` before it was opened.
    pub async fn stop(&self) -> Result<Reply> {
        self.at_once(|conversation, id, at| conversation.stop(&self.thread, id, at)).await
    }

    /// A new round of a debrief that has ended: a fresh budget, begun with one line of recap.
    ///
    /// # Errors
    /// `NotFound`; `WrongStatus` if it has not ended; `HandedOver`; `Busy`.
    pub async fn reopen(&self) -> Result<Reply> {
        self.at_once(|conversation, id, at| conversation.reopen(&self.thread, id, at)).await
    }

    /// "Just done": do not ask. What has begun ends; what has ended stays as it is. Opening it later is still possible.
    ///
    /// # Errors
    /// `NotFound`; `WrongStatus` if the action is not done.
    pub async fn decline(&self) -> Result<()> {
        self.invite(Invitation::Declined).await
    }

    /// Ask again at this time. A debrief that has ended is not asked about again, whatever is said here.
    ///
    /// # Errors
    /// `NotFound`; `WrongStatus` if the action is not done.
    pub async fn later(&self, time: Timestamp) -> Result<()> {
        self.invite(Invitation::Later(time)).await
    }

    /// Where the debrief stands.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn state(&self) -> Result<DebriefState> {
        let read = self.read(&Page::newest(0)).await?;
        let Some(mut state) = read.state.clone() else { return Ok(DebriefState::None) };
        // An attempt that nobody works on any more hides nothing: what waits can be resumed at once.
        let _ = read.free(&mut state, &self.core.circumstances(&read), false);
        Ok(state.debrief_state())
    }

    /// What the person said to each question, in their own words, and the next step they named.
    ///
    /// # Errors
    /// `NotFound`; `WrongStatus` if the action is not done.
    pub async fn recap(&self) -> Result<Recap> {
        let read = self.read(&Page::newest(RECAP_WINDOW)).await?;
        read.gate()?;
        let state = read.state_of(&self.thread);
        let words = self.core.words(&read.account);
        let action = read.action.as_ref().ok_or_else(no_action)?;
        Ok(script::recap(action, &state.flow, &read.messages, words))
    }

    /// Deletes what was said in it and what was proposed. What was accepted into the profile stays there. The action stays done,
    /// and may be debriefed anew.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn delete(&self) -> Result<()> {
        let remove = |conversation: &Conversation| {
            let ended = conversation.deleted(&self.thread, &self.core.circumstances(conversation)).map(Write::Attempt);
            let mut writes: Vec<_> = ended.into_iter().chain([Write::RemoveThread(self.thread.clone())]).collect();
            if let Some(action) = conversation.action.clone().filter(|action| action.status == ActionStatus::Done) {
                writes.push(Write::Action(crate::action::Action { completion_started_at: None, ..action }));
            }
            Ok((writes, conversation.live()))
        };
        let live = self.core.decide(&self.user, &self.thread, &Page::newest(0), remove).await?;
        self.memory.take();
        self.core.cancel_turn(live.as_ref());
        Ok(())
    }

    async fn at_once(&self, mut rule: impl FnMut(&Conversation, MessageId, &Circumstances<'_>) -> Result<Begun> + Send) -> Result<Reply> {
        let (reply, live) = self
            .core
            .decide(&self.user, &self.thread, &Page::newest(RECAP_WINDOW), |conversation| {
                let at = self.core.circumstances(conversation);
                match rule(conversation, self.core.message_id(), &at)? {
                    Begun::Stored(reply) => Ok((Vec::new(), (*reply, conversation.live()))),
                    Begun::Said { notes, state, reply } => {
                        let mut writes = writes(notes);
                        writes.push(Write::Thread(state));
                        Ok((writes, (*reply, conversation.live())))
                    }
                    Begun::Ask(_) => Err(Error::internal("this step never asks a model")),
                }
            })
            .await?;
        self.core.cancel_turn(live.as_ref());
        Ok(reply)
    }

    async fn invite(&self, invitation: Invitation) -> Result<()> {
        let live = self
            .core
            .decide(&self.user, &self.thread, &Page::newest(turn::WINDOW), |conversation| {
                let at = self.core.circumstances(conversation);
                let (freed, state) = conversation.invite(&self.thread, invitation, &at)?;
                if conversation.state.as_ref() == Some(&state) {
                    return Ok((Vec::new(), None));
                }
                let writes = freed.map(Write::Attempt).into_iter().chain([Write::Thread(state)]);
                Ok((writes.collect(), conversation.live()))
            })
            .await?;
        self.core.cancel_turn(live.as_ref());
        Ok(())
    }
}
