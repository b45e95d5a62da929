//! What is kept only for a time: transcripts, and the quotes from them.

use super::{Core, TRIES, change};
use crate::conversation::{Conversation, Message, Review, Role, ThreadState};
use crate::error::{Error, ErrorKind, Result};
use crate::evidence::{Evidence, Extraction, ExtractionStatus};
use crate::profile::FieldValue;
use crate::runtime::{ThreadId, Timestamp, UserId};
use crate::store::Write;

pub(crate) async fn expire(core: &Core, user: &UserId) -> Result<u32> {
    let Some(keep) = core.retention else { return core.account(user).await.map(|_| 0) };
    for _ in 0..TRIES {
        // Read first: whatever is newer than this makes the commit a conflict.
        let version = core.account(user).await?.version;
        let before = core.clock.now().before(keep);
        let records = core.store.actions(user).await?;
        let over = records.into_iter().filter(|record| record.debrief.as_ref().is_some_and(|state| state.flow.ended.is_some()));
        let threads = over.map(|record| ThreadId::Debrief(record.action.id)).chain([ThreadId::General]);
        let (mut writes, mut deleted) = (Vec::new(), 0);
        for thread in threads {
            let more = expire_thread(core, user, &thread, before, &mut writes).await?;
            deleted += more;
        }
        if writes.is_empty() {
            return Ok(0);
        }
        match core.commit(user, &change(version, writes)).await {
            Err(error) if error.kind() == ErrorKind::Conflict => {}
            done => return done.map(|()| deleted),
        }
    }
    Err(Error::conflict())
}

async fn expire_thread(core: &Core, user: &UserId, thread: &ThreadId, before: Timestamp, writes: &mut Vec<Write>) -> Result<u32> {
    // What is deleted in the meantime makes the commit a conflict.
    let Some((conversation, messages)) = core.whole_thread(user, thread).await? else { return Ok(0) };
    let Some(state) = conversation.state.clone() else { return Ok(0) };
    let old = match thread {
        ThreadId::General => messages.iter().take_while(|message| message.at < before).count(),
        // A debrief goes as a whole, when its last word is old.
        ThreadId::Debrief(_) => messages.last().filter(|last| last.at < before).map_or(0, |_| messages.len()),
    };
    let (gone, left) = messages.split_at(old);
    let Some(last) = gone.last() else { return Ok(0) };
    let Some((freed, state)) = without(core, &conversation, state, gone, left) else { return Ok(0) };
    let proposed = core.store.extractions(user, Some(thread)).await?;
    let changed: Vec<_> = proposed.iter().filter_map(|item| unquoted(item, gone)).collect();
    let pending = |item: &Extraction| item.status == ExtractionStatus::Pending && changed.iter().all(|changed| changed.id != item.id);
    let pending = proposed.iter().any(pending);
    let review = if state.review == Review::Ready && !pending { Review::Done } else { state.review };
    writes.extend(freed.map(Write::Attempt));
    writes.extend(changed.into_iter().map(Write::Extraction));
    writes.push(Write::Thread(ThreadState { review, ..state }));
    writes.push(Write::RemoveMessages(thread.clone(), last.seq));
    Ok(u32::try_from(gone.len()).unwrap_or(u32::MAX))
}

/// The thread without its oldest messages; `None` if a reply is being made in it.
fn without(
    core: &Core,
    conversation: &Conversation,
    mut state: ThreadState,
    gone: &[Message],
    left: &[Message],
) -> Option<(Option<crate::usage::Attempt>, ThreadState)> {
    let freed = conversation.free(&mut state, &core.circumstances(conversation), false).ok()?;
    if gone.last().is_some_and(|last| state.last_user_seq <= last.seq) {
        state.last_user_seq = 0;
    }
    let waiting = left.iter().rev().take_while(|message| message.role == Role::User).take(state.waiting as usize);
    (state.waiting, state.waiting_chars) =
        waiting.fold((0, 0), |(count, chars), message| (count + 1, chars + message.text.chars().count() as u64));
    if left.is_empty() && state.thread == ThreadId::General {
        // The coach greets again, at the next position.
        state.round = 0;
    }
    Some((freed, state))
}

/// The proposal without the words of these messages; `None` if it has none of them.
fn unquoted(item: &Extraction, gone: &[Message]) -> Option<Extraction> {
    let is_gone = |evidence: &Evidence| gone.iter().any(|message| message.id == evidence.message);
    if !item.evidence.iter().any(is_gone) {
        return None;
    }
    let mut item = item.clone();
    for evidence in item.evidence.iter_mut().filter(|evidence| is_gone(evidence)) {
        *evidence = Evidence { message: evidence.message.clone(), quote: String::new(), start: 0, end: 0, start_utf16: 0, end_utf16: 0 };
    }
    if item.status == ExtractionStatus::Pending {
        item.status = ExtractionStatus::Superseded;
    }
    if item.status == ExtractionStatus::Superseded {
        // Nobody took these words into the profile, and nobody sees them any more.
        item.value = FieldValue::Text(String::new());
        item.before = None;
    }
    Some(item)
}
