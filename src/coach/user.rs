//! What a user has besides conversations: profile, actions, consent, usage, the change log, and the right to leave.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Chat, Core, Debrief, Disclosure, Which, export, no_action, no_user, retention};
use crate::action::{Action, ActionSource, ActionStatus, ActionStep, NewAction};
use crate::conversation::{
    Account, ActionRecord, ChangeCause, Consent, Conversation, DebriefState, Invitation, ProfileChange, ThreadState,
};
use crate::error::{Error, ErrorKind, Result, opaque_debug};
use crate::lang::{Words, words};
use crate::profile::Profile;
use crate::runtime::{ActionId, ThreadId, Timestamp, UserId};
use crate::script;
use crate::store::{Page, Write};
use crate::usage::{self, ModelPlace, UsageReport};

/// The most entries of the change log that one call returns.
const CHANGES: u32 = 100;

/// One user of the host's, and everything that is theirs. Nothing of another user's can be reached from it.
#[derive(Clone)]
pub struct User {
    core: Arc<Core>,
    id: UserId,
}
opaque_debug!(User { id });

/// An action that was recorded as done, and whether to offer its debrief.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// The action.
    pub action: Action,
    /// The offer.
    pub offer: Offer,
}

/// Whether to offer a debrief, and in which words. The words are this library's; a host may use its own.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Whether to ask: not if it was declined, or deferred to a time that has not come, or begun already and not deferred.
    pub ask: bool,
    /// The question.
    pub text: String,
    /// The button that opens the debrief.
    pub tell_us: String,
    /// The button that declines it.
    pub just_done: String,
    /// The button that asks again later.
    pub later: String,
    /// What to say about who asks.
    pub disclosure: Disclosure,
    /// Whether the person has yet to agree to that disclosure before a remote model gets what they write.
    pub consent_needed: bool,
}
opaque_debug!(Offer { ask });

/// An action in a list, with where its debrief stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedAction {
    /// The action.
    pub action: Action,
    /// Where its debrief stands.
    pub debrief: DebriefState,
}

impl User {
    pub(crate) fn new(core: Arc<Core>, id: UserId) -> Self {
        Self { core, id }
    }

    /// The user's id.
    pub fn id(&self) -> &UserId {
        &self.id
    }

    /// The debrief of one of the user's actions. Nothing is read until it is used.
    pub fn debrief(&self, action: impl Into<ActionId>) -> Debrief {
        Debrief::new(self.core.clone(), self.id.clone(), action.into())
    }

    /// The chat about the profile as a whole. It never sees a debrief, and no debrief sees it.
    pub fn chat(&self) -> Chat {
        Chat::new(self.core.clone(), self.id.clone())
    }

    /// The profile as it is now.
    ///
    /// # Errors
    /// `NotFound` if nothing was ever saved for this user.
    pub async fn profile(&self) -> Result<Profile> {
        Ok(self.core.account(&self.id).await?.profile)
    }

    /// Saves the whole profile, and creates the user if need be. What has changed is noted in the change log.
    ///
    /// # Errors
    /// `InvalidInput` with the field and the limit if something does not fit.
    pub async fn save_profile(&self, profile: &Profile) -> Result<()> {
        profile.check(&self.core.rules.limits)?;
        self.core
            .decide_account(&self.id, Which::None, |account, _| {
                let before = account.map(|account| account.profile.clone()).unwrap_or_default();
                let fields = before.differences(profile);
                let mut writes = Vec::new();
                if account.is_none() || !fields.is_empty() {
                    writes.push(Write::Profile(profile.clone()));
                }
                if !fields.is_empty() {
                    writes.push(Write::Change(ProfileChange {
                        seq: account.map_or(0, |account| account.changes) + 1,
                        at: self.core.clock.now(),
                        cause: ChangeCause::Saved,
                        fields,
                        thread: None,
                        extractions: Vec::new(),
                        report: None,
                    }));
                }
                Ok((writes, ()))
            })
            .await
    }

    /// Adds an action. If there is one with the host's id already, that one is returned as it is.
    ///
    /// # Errors
    /// `InvalidInput` with the field and the limit if something does not fit.
    pub async fn add_action(&self, action: NewAction) -> Result<Action> {
        action.check(&self.core.rules.limits)?;
        let id = self.id_of(&action);
        self.core
            .decide_account(&self.id, Which::One(&id), |account, actions| {
                if let Some(existing) = find(actions, &id) {
                    return Ok((Vec::new(), existing.action.clone()));
                }
                let added = action.clone().into_action(id.clone(), self.core.clock.now());
                Ok((with_user(account, [Write::Action(added.clone())]), added))
            })
            .await
    }

    /// Records that an action was done, for hosts that keep their own list: creates or updates it by the host's id, straight to
    /// done, any number of times. The first time of completion is kept, and so is what is known of the action where the new one says
    /// nothing: description, rationale, basis, material, data of the host's own.
    ///
    /// # Errors
    /// `InvalidInput` with the field and the limit if something does not fit.
    pub async fn record_done(&self, action: NewAction) -> Result<Done> {
        action.check(&self.core.rules.limits)?;
        let id = self.id_of(&action);
        self.core
            .decide_account(&self.id, Which::One(&id), |account, actions| {
                let existing = find(actions, &id);
                let now = self.core.clock.now();
                let done = action.clone().into_done(id.clone(), existing.map(|record| &record.action), now);
                let offer = self.offer_of(account, &done, existing.and_then(|record| record.debrief.as_ref()), now);
                let unchanged = existing.is_some_and(|record| record.action == done);
                let writes = if unchanged { Vec::new() } else { with_user(account, [Write::Action(done.clone())]) };
                Ok((writes, Done { action: done, offer }))
            })
            .await
    }

    /// Whether to offer the debrief of a done action, and in which words.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn offer(&self, action: impl Into<ActionId>) -> Result<Offer> {
        let thread = ThreadId::Debrief(action.into());
        let read = self.core.read(&self.id, &thread, &Page::newest(0)).await?;
        let action = read.action.ok_or_else(no_action)?;
        Ok(self.offer_of(Some(&read.account), &action, read.state.as_ref(), self.core.clock.now()))
    }

    /// Puts new suggestions in the place of those that are still active. Saved, begun, done and dismissed actions stay, and so do
    /// those that were not suggested. A suggestion whose id is taken by one that stays is left out.
    ///
    /// # Errors
    /// `InvalidInput` with the field and the limit if something does not fit; then nothing is replaced.
    pub async fn replace_suggestions(&self, suggestions: Vec<NewAction>) -> Result<Vec<Action>> {
        for suggestion in &suggestions {
            suggestion.check(&self.core.rules.limits)?;
        }
        let ids: Vec<_> = suggestions.iter().map(|suggestion| self.id_of(suggestion)).collect();
        self.core
            .decide_account(&self.id, Which::All, |account, actions| {
                let replaced = |action: &Action| action.status == ActionStatus::Active && action.source == ActionSource::Suggested;
                let (old, kept): (Vec<_>, Vec<_>) = actions.iter().map(|record| &record.action).partition(|action| replaced(action));
                let now = self.core.clock.now();
                let mut new: Vec<Action> = Vec::new();
                for (suggestion, id) in suggestions.iter().zip(&ids) {
                    if kept.iter().all(|action| action.id != *id) && new.iter().all(|action| action.id != *id) {
                        let action = suggestion.clone().into_action(id.clone(), now);
                        new.push(Action { source: ActionSource::Suggested, ..action });
                    }
                }
                if old.is_empty() && new.is_empty() {
                    return Ok((Vec::new(), new));
                }
                let removed = old.iter().map(|action| Write::RemoveAction(action.id.clone()));
                let writes = removed.chain(new.iter().cloned().map(Write::Action));
                Ok((with_user(account, writes), new))
            })
            .await
    }

    /// The actions of one status, or all of them: done ones newest first, the others in the order in which they were added.
    ///
    /// # Errors
    /// Only those of the store. A user who does not exist has no actions.
    pub async fn actions(&self, status: Option<ActionStatus>) -> Result<Vec<ListedAction>> {
        self.id.check()?;
        let mut records = self.core.store.actions(&self.id).await?;
        records.retain(|record| status.is_none_or(|status| record.action.status == status));
        records.sort_by_key(|ActionRecord { action, .. }| match action.completed_at.filter(|_| action.status == ActionStatus::Done) {
            Some(done) => (1, -done.as_millis()),
            None => (0, action.created_at.as_millis()),
        });
        let mut listed = Vec::with_capacity(records.len());
        for ActionRecord { action, debrief } in records {
            let mut debrief = debrief.as_ref().map_or(DebriefState::None, ThreadState::debrief_state);
            if debrief == DebriefState::Live {
                // Somebody may have left it, or may do so meanwhile.
                debrief = match self.debrief(action.id.clone()).state().await {
                    Err(error) if error.kind() == ErrorKind::NotFound => continue,
                    state => state?,
                };
            }
            listed.push(ListedAction { action, debrief });
        }
        Ok(listed)
    }

    /// One action.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn action(&self, id: impl Into<ActionId>) -> Result<Action> {
        let read = self.core.read(&self.id, &ThreadId::Debrief(id.into()), &Page::newest(0)).await?;
        read.action.ok_or_else(no_action)
    }

    /// Deletes an action and its debrief. What was accepted into the profile stays there.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn delete_action(&self, id: impl Into<ActionId>) -> Result<()> {
        let id = id.into();
        let thread = ThreadId::Debrief(id.clone());
        let remove = |conversation: &Conversation| {
            let ended = conversation.deleted(&thread, &self.core.circumstances(conversation)).map(Write::Attempt);
            Ok((ended.into_iter().chain([Write::RemoveAction(id.clone())]).collect(), conversation.live()))
        };
        let live = self.core.decide(&self.id, &thread, &Page::newest(0), remove).await?;
        self.core.cancel_turn(live.as_ref());
        Ok(())
    }

    /// Takes a step with an action and returns it as it is then.
    ///
    /// # Errors
    /// `NotFound`; `WrongStatus` with the step, the status it found and those it needs.
    pub async fn step(&self, id: impl Into<ActionId>, step: ActionStep) -> Result<Action> {
        let thread = ThreadId::Debrief(id.into());
        self.core
            .decide(&self.id, &thread, &Page::newest(0), |conversation| {
                let action = conversation.action.as_ref().ok_or_else(no_action)?;
                let next = action.step(step, self.core.clock.now())?;
                let writes = if next == *action { Vec::new() } else { vec![Write::Action(next.clone())] };
                Ok((writes, next))
            })
            .await
    }

    /// Keeps an action for later.
    ///
    /// # Errors
    /// As for [`User::step`], like all steps below.
    pub async fn save_action(&self, id: impl Into<ActionId>) -> Result<Action> {
        self.step(id, ActionStep::Save).await
    }

    /// Puts an action back among the active ones.
    ///
    /// # Errors
    /// As for [`User::step`].
    pub async fn unsave_action(&self, id: impl Into<ActionId>) -> Result<Action> {
        self.step(id, ActionStep::Unsave).await
    }

    /// Begins an action.
    ///
    /// # Errors
    /// As for [`User::step`].
    pub async fn start_action(&self, id: impl Into<ActionId>) -> Result<Action> {
        self.step(id, ActionStep::Start).await
    }

    /// Gives an action up for now.
    ///
    /// # Errors
    /// As for [`User::step`].
    pub async fn cancel_action(&self, id: impl Into<ActionId>) -> Result<Action> {
        self.step(id, ActionStep::Cancel).await
    }

    /// Finishes an action. Only then it has a debrief.
    ///
    /// # Errors
    /// As for [`User::step`].
    pub async fn complete_action(&self, id: impl Into<ActionId>) -> Result<Action> {
        self.step(id, ActionStep::Complete).await
    }

    /// Takes back that an action was finished, as long as its debrief was not started.
    ///
    /// # Errors
    /// As for [`User::step`].
    pub async fn reopen_action(&self, id: impl Into<ActionId>) -> Result<Action> {
        self.step(id, ActionStep::Reopen).await
    }

    /// Lets an action go.
    ///
    /// # Errors
    /// As for [`User::step`].
    pub async fn dismiss_action(&self, id: impl Into<ActionId>) -> Result<Action> {
        self.step(id, ActionStep::Dismiss).await
    }

    /// Marks an action's debrief as started; the first time is kept.
    ///
    /// # Errors
    /// As for [`User::step`].
    pub async fn mark_completion_started(&self, id: impl Into<ActionId>) -> Result<Action> {
        self.step(id, ActionStep::MarkCompletionStarted).await
    }

    /// Passes on that the person agrees to a disclosure. Only then a remote model gets what they write.
    ///
    /// # Errors
    /// `Conflict` if another model or address is configured than the one disclosed.
    pub async fn consent(&self, disclosure: &Disclosure) -> Result<()> {
        self.core
            .decide_account(&self.id, Which::None, |account, _| {
                if disclosure.id != self.core.disclosure(self.core.words_for(account)).id {
                    return Err(Error::new(
                        ErrorKind::Conflict,
                        "another model is configured than the one disclosed; show the new disclosure",
                    ));
                }
                let consent = Consent { disclosure: disclosure.id.clone(), at: self.core.clock.now() };
                Ok((with_user(account, [Write::Consent(Some(consent))]), ()))
            })
            .await
    }

    /// Whether the person has yet to agree to the disclosure of the configured model before it gets what they write.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn consent_needed(&self) -> Result<bool> {
        self.id.check()?;
        Ok(self.core.consent_needed(self.core.store.account(&self.id).await?.as_ref()))
    }

    /// Withdraws the person's agreement. A turn with a remote model that is under way ends with `Cancelled`.
    ///
    /// # Errors
    /// `NotFound` if there is no such user.
    pub async fn withdraw_consent(&self) -> Result<()> {
        self.core
            .decide_account(&self.id, Which::None, |account, _| match account {
                Some(_) => Ok((vec![Write::Consent(None)], ())),
                None => Err(no_user()),
            })
            .await?;
        let records = self.core.store.actions(&self.id).await?;
        let debriefs = records.into_iter().filter(|record| record.debrief.as_ref().is_some_and(|state| state.live.is_some()));
        let threads = debriefs.map(|record| ThreadId::Debrief(record.action.id)).chain([ThreadId::General]);
        for thread in threads {
            let clear = |conversation: &Conversation| {
                if conversation.attempt.as_ref().is_none_or(|attempt| attempt.place != ModelPlace::Remote) {
                    return Ok((Vec::new(), None));
                }
                let mut state = conversation.state_of(&thread);
                let freed = conversation.clear(&mut state, &self.core.circumstances(conversation));
                let writes = [Write::Thread(state)].into_iter().chain(freed.map(Write::Attempt));
                Ok((writes.collect(), conversation.live()))
            };
            match self.core.decide(&self.id, &thread, &Page::newest(0), clear).await {
                Ok(live) => self.core.cancel_turn(live.as_ref()),
                // It was deleted in the meantime, which has ended its turn as well.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The change log after this position, oldest first, at most 100 entries: how a host learns, after any crash, that something
    /// that depends on the profile must be refreshed.
    ///
    /// # Errors
    /// Only those of the store. A user who does not exist has no changes.
    pub async fn changes(&self, after: u64) -> Result<Vec<ProfileChange>> {
        self.id.check()?;
        self.core.store.changes(&self.id, after, CHANGES).await
    }

    /// What was used in a period, `from` included and `until` not, with what it costs.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn usage(&self, from: Timestamp, until: Timestamp) -> Result<UsageReport> {
        self.id.check()?;
        Ok(usage::report(&self.core.store.attempts(&self.id, from, until).await?, &self.core.prices))
    }

    /// Everything that is kept about the user, as JSON: profile, consent, actions, conversations, proposals, attempts, changes.
    ///
    /// # Errors
    /// `NotFound` if there is no such user; `Conflict` if it changes faster than it can be read.
    pub async fn export(&self) -> Result<String> {
        export::export(&self.core, &self.id).await
    }

    /// Puts what [`export`](Self::export) wrote into this user, who must not exist yet, in one commit. The export may be another user's. Exporting it
    /// again gives the same, but for the version and the time; a turn that was under way then is abandoned.
    ///
    /// # Errors
    /// `Conflict` if this user exists; `StorageNewer` if a newer version of this library wrote it; `InvalidInput` if it is not an export, or
    /// something in it does not fit the limits. With any of them nothing is written.
    pub async fn import(&self, json: &str) -> Result<()> {
        export::import(&self.core, &self.id, json).await
    }

    /// Deletes the transcripts that are older than the coach's [`retention`](super::Builder::retention), and says how many messages that were: those of
    /// debriefs that ended longer ago, and those of the general chat that were said longer ago. Without a retention nothing is deleted.
    ///
    /// What was accepted stays, with the ids of the messages behind it; the quotes go. Proposals that nobody has decided are superseded. A
    /// thread in which a reply is being made is left for the next call. The host calls this, once a day for instance: nothing is deleted by
    /// itself.
    ///
    /// # Errors
    /// `NotFound` if there is no such user; `Conflict` if the user's data changes faster than it can be read; `StorageUnavailable` also if
    /// traces may remain in the file.
    pub async fn expire(&self) -> Result<u32> {
        retention::expire(&self.core, &self.id).await
    }

    /// Deletes everything about the user. Turns under way end with `Cancelled`; nothing of them is stored.
    ///
    /// # Errors
    /// `StorageUnavailable` if another program keeps the file from being cleaned: traces may remain, call again.
    pub async fn forget(&self) -> Result<()> {
        self.id.check()?;
        self.core.cancel_turns(&self.id);
        self.core.store.forget(&self.id).await
    }

    fn id_of(&self, action: &NewAction) -> ActionId {
        action.id.clone().unwrap_or_else(|| ActionId::new(self.core.ids.next_text()))
    }

    fn offer_of(&self, account: Option<&Account>, action: &Action, state: Option<&ThreadState>, now: Timestamp) -> Offer {
        let words = self.core.words_for(account);
        let begun = action.completion_started_at.is_some();
        let open = state.map_or(!begun, |state| match state.invitation {
            Invitation::Open => !begun && state.round == 0,
            Invitation::Later(time) => state.flow.ended.is_none() && time <= now,
            Invitation::Declined => false,
        });
        let texts = script::offer_texts(action, words);
        Offer {
            ask: action.status == ActionStatus::Done && open,
            text: texts.ask,
            tell_us: texts.tell_us,
            just_done: texts.just_done,
            later: texts.later,
            disclosure: self.core.disclosure(words),
            consent_needed: self.core.consent_needed(account),
        }
    }
}

impl Core {
    fn words_for(&self, account: Option<&Account>) -> &'static Words {
        account.map_or_else(|| words(&self.language), |account| self.words(account))
    }
}

fn find<'a>(actions: &'a [ActionRecord], id: &ActionId) -> Option<&'a ActionRecord> {
    actions.iter().find(|record| record.action.id == *id)
}

/// A user comes into being with a profile, empty as it may be.
fn with_user(account: Option<&Account>, writes: impl IntoIterator<Item = Write>) -> Vec<Write> {
    let profile = account.is_none().then(|| Write::Profile(Profile::default()));
    profile.into_iter().chain(writes).collect()
}
