//! Everything about a user as one JSON document, read as of one moment.

use serde::Serialize;

use super::Core;
use crate::action::Action;
use crate::conversation::{Account, Message, ProfileChange, ThreadState};
use crate::error::{Error, Result};
use crate::evidence::Extraction;
use crate::runtime::{ThreadId, Timestamp, UserId};
use crate::store::Page;
use crate::usage::Attempt;

const PAGE: u32 = 500;
const TRIES: u32 = 20;

#[derive(Serialize)]
struct Export {
    format: &'static str,
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

#[derive(Serialize)]
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
        format: "completion-coach",
        version: 1,
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
    let mut messages = Vec::new();
    let mut before = None;
    loop {
        let page = Page { size: PAGE, before, find: None };
        let Some(read) = core.store.conversation(user, thread, &page).await? else { return Ok(None) };
        let Some(state) = read.state else { return Ok(None) };
        before = read.messages.first().map(|first| first.seq);
        messages.splice(0..0, read.messages);
        if before.is_none_or(|first| first <= 1) {
            return Ok(Some(Thread { state, messages }));
        }
    }
}
