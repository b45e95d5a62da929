//! Everything about a user as one JSON document: read as of one moment, and put into a new user in one commit.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Core, TRIES};
use crate::action::{Action, NewAction};
use crate::conversation::{Account, Message, ProfileChange, Role, ThreadState};
use crate::draft::MOST_TEXT;
use crate::error::{Error, ErrorKind, Result};
use crate::evidence::Extraction;
use crate::limits::{Limits, characters};
use crate::profile::FieldValue;
use crate::runtime::{ThreadId, Timestamp, UserId};
use crate::store::{Change, Write};
use crate::usage::{Attempt, AttemptStatus};

const PAGE: u32 = 500;

const FORMAT: &str = "completion-coach";
const VERSION: u32 = 1;

/// What every version of the document has.
#[derive(Deserialize)]
struct Header {
    format: String,
    version: u32,
}

#[derive(Serialize, Deserialize)]
struct Export {
    format: String,
    version: u32,
    user: UserId,
    exported_at: Timestamp,
    account: Account,
    actions: Vec<Action>,
    threads: Vec<Thread>,
    extractions: Vec<Extraction>,
    attempts: Vec<Attempt>,
    changes: Vec<ProfileChange>,
}

#[derive(Serialize, Deserialize)]
struct Thread {
    state: ThreadState,
    messages: Vec<Message>,
}

pub(crate) async fn export(core: &Core, user: &UserId) -> Result<String> {
    for _ in 0..TRIES {
        let account = core.account(user).await?;
        let version = account.version;
        let export = read(core, user, account).await?;
        // Several reads are one moment if nothing was written from the first to the last.
        if core.account(user).await?.version == version {
            return serde_json::to_string_pretty(&export).map_err(|_| Error::internal("what is stored could not be written as JSON"));
        }
    }
    Err(Error::conflict())
}

async fn read(core: &Core, user: &UserId, account: Account) -> Result<Export> {
    let records = core.store.actions(user).await?;
    let mut threads = Vec::new();
    let debriefs = records.iter().filter(|record| record.debrief.is_some()).map(|record| ThreadId::Debrief(record.action.id.clone()));
    for thread in debriefs.chain([ThreadId::General]) {
        threads.extend(read_thread(core, user, &thread).await?);
    }
    let mut changes: Vec<ProfileChange> = Vec::new();
    loop {
        let more = core.store.changes(user, changes.last().map_or(0, |last| last.seq), PAGE).await?;
        if more.is_empty() {
            break;
        }
        changes.extend(more);
    }
    Ok(Export {
        format: FORMAT.to_owned(),
        version: VERSION,
        user: user.clone(),
        exported_at: core.clock.now(),
        account,
        actions: records.into_iter().map(|record| record.action).collect(),
        threads,
        extractions: core.store.extractions(user, None).await?,
        attempts: core.store.attempts(user, Timestamp::MIN, Timestamp::MAX).await?,
        changes,
    })
}

async fn read_thread(core: &Core, user: &UserId, thread: &ThreadId) -> Result<Option<Thread>> {
    let read = core.whole_thread(user, thread).await?;
    Ok(read.and_then(|(conversation, messages)| conversation.state.map(|state| Thread { state, messages })))
}

pub(crate) async fn import(core: &Core, user: &UserId, json: &str) -> Result<()> {
    user.check()?;
    let header: Header = serde_json::from_str(json).map_err(|_| unreadable())?;
    if header.format != FORMAT || header.version == 0 {
        return Err(unreadable());
    }
    if header.version > VERSION {
        return Err(Error::new(ErrorKind::StorageNewer, "this export was written by a newer version of this library; update the app"));
    }
    let export: Export = serde_json::from_str(json).map_err(|_| unreadable())?;
    export.check(&core.rules.limits)?;
    if core.store.account(user).await?.is_some() {
        return Err(taken());
    }
    let change = Change { expected: 0, next: core.first_version(), writes: export.into_writes(core.clock.now()) };
    core.store.commit(user, &change).await.map_err(|error| if error.kind() == ErrorKind::Conflict { taken() } else { error })
}

impl Export {
    /// Whether it fits together and fits the limits. What a store would refuse is refused here, where it can be said.
    fn check(&self, limits: &Limits) -> Result<()> {
        self.account.profile.check(limits)?;
        for action in &self.actions {
            action.id.check()?;
            as_new(action).check(limits)?;
        }
        let actions: BTreeSet<_> = self.actions.iter().map(|action| &action.id).collect();
        let threads: BTreeSet<_> = self.threads.iter().map(|thread| &thread.state.thread).collect();
        let messages: Vec<_> = self.threads.iter().flat_map(|thread| &thread.messages).collect();
        let distinct = actions.len() == self.actions.len()
            && threads.len() == self.threads.len()
            && are_distinct(messages.iter().map(|message| &message.id))
            && are_distinct(self.extractions.iter().map(|item| &item.id))
            && are_distinct(self.attempts.iter().map(|attempt| &attempt.id));
        let known = threads.iter().all(|thread| thread.action().is_none_or(|action| actions.contains(action)))
            && self.extractions.iter().all(|item| threads.contains(&item.thread));
        let counted =
            self.changes.iter().zip(1..).all(|(change, seq)| change.seq == seq) && self.account.changes == self.changes.len() as u64;
        if !(distinct && known && counted && self.threads.iter().all(Thread::fits_together)) {
            return Err(Error::invalid("export", "its parts do not belong together; export it again"));
        }
        for message in messages {
            message.id.check()?;
            match message.role {
                Role::User => characters("message", &message.text, limits.message)?,
                Role::Assistant => characters("message", &message.text, MOST_TEXT)?,
            }
        }
        for item in &self.extractions {
            for value in [Some(&item.value), item.edited.as_ref()].into_iter().flatten() {
                if let FieldValue::Text(text) = value {
                    characters("value", text, limits.text)?;
                }
            }
            for evidence in &item.evidence {
                characters("quote", &evidence.quote, MOST_TEXT)?;
            }
        }
        Ok(())
    }

    /// A turn that was under way when it was exported is nobody's any more.
    fn into_writes(self, now: Timestamp) -> Vec<Write> {
        let Account { profile, consent, allowance, .. } = self.account;
        let mut writes = vec![Write::Profile(profile), Write::Consent(consent), Write::Allowance(allowance)];
        writes.extend(self.actions.into_iter().map(Write::Action));
        for Thread { state, messages } in self.threads {
            writes.push(Write::Thread(ThreadState { live: None, ..state }));
            writes.extend(messages.into_iter().map(Write::Message));
        }
        writes.extend(self.extractions.into_iter().map(Write::Extraction));
        writes.extend(self.attempts.into_iter().map(|attempt| {
            Write::Attempt(match attempt.status {
                AttemptStatus::Running => Attempt { status: AttemptStatus::Abandoned, ended_at: Some(now), ..attempt },
                _ => attempt,
            })
        }));
        writes.extend(self.changes.into_iter().map(Write::Change));
        writes
    }
}

impl Thread {
    /// Whether the messages are this thread's, in order, and before the position of the next one.
    fn fits_together(&self) -> bool {
        let in_order = self.messages.windows(2).all(|two| two[0].seq < two[1].seq);
        let first = self.messages.first().is_none_or(|first| first.seq > 0);
        let last = self.messages.last().is_none_or(|last| last.seq < self.state.next_seq);
        in_order && first && last && self.state.next_seq > 0 && self.messages.iter().all(|message| message.thread == self.state.thread)
    }
}

fn are_distinct<T: Ord>(ids: impl Iterator<Item = T>) -> bool {
    let mut seen = BTreeSet::new();
    ids.into_iter().all(|id| seen.insert(id))
}

fn as_new(action: &Action) -> NewAction {
    let Action { id, kind, title, description, rationale, basis, material, host_data, source, .. } = action.clone();
    NewAction { id: Some(id), kind, title, description, rationale, basis, material, host_data, source }
}

fn unreadable() -> Error {
    Error::invalid("export", "this is not what `export` writes; pass it on as it came")
}

fn taken() -> Error {
    Error::new(ErrorKind::Conflict, "this user exists already; import into a new one, or forget this one first")
}
