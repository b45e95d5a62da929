//! From what was said to the profile: propose, show, apply.

use std::sync::Arc;

use super::turn::{Job, writes};
use super::{Core, Memory};
use crate::conversation::{ChangeCause, ProfileChange, Review};
use crate::error::{Error, ErrorKind, Result};
use crate::evidence::{Applied, Extraction, ExtractionStatus, Grounds, Proposal, Verdicts, decide, ground, readable};
use crate::fault;
use crate::prompt::Purpose;
use crate::rules::Asking;
use crate::runtime::{ExtractionId, ThreadId, UserId};
use crate::script;
use crate::store::{Page, Write};
use crate::usage::ModelPlace;

/// The newest messages that one proposal reads at the most.
const READ: u32 = 500;

pub(crate) async fn propose(core: &Arc<Core>, user: &UserId, thread: &ThreadId) -> Result<Proposal> {
    Core::in_runtime()?;
    let job = core
        .decide(user, thread, &Page::newest(READ), |conversation| {
            let at = core.circumstances(conversation);
            fault::point("propose: before the first commit");
            let (notes, state, anything) = conversation.read_for_proposal(thread, &at)?;
            if !anything {
                // An attempt that nobody works on any more is marked by whoever touches the thread next.
                let unchanged = conversation.state.as_ref().is_none_or(|before| before.live == state.live);
                let freed = if unchanged { Vec::new() } else { [writes(notes), vec![Write::Thread(state)]].concat() };
                return Ok((freed, None));
            }
            let flow = state.flow.clone();
            let (writes, job, _) =
                Job::prepare(core, user, conversation, Memory::default(), Asking { notes, state, purpose: Purpose::Propose, flow })?;
            Ok((writes, Some(job)))
        })
        .await?;
    fault::point("propose: after the first commit");
    let Some(job) = job else { return proposal(core, user, thread).await };
    let by_guide = || script::proposals(&job.request);
    let (answer, failure) = match job.within(job.once(&job.request, |_| {})).await {
        Ok(draft) => (draft.text, None),
        Err(error) if job.may_fall_back(&error) => (by_guide(), Some(error.kind())),
        Err(error) => return Err(job.failed(error).await),
    };
    if !readable(&answer) {
        let reason = "the model's proposals could not be read; nothing was proposed, propose again";
        return Err(job.failed(Error::new(ErrorKind::ReplyIncomplete, reason)).await);
    }
    store(core, &job, &answer, failure).await?;
    fault::point("propose: after the second commit");
    proposal(core, user, thread).await
}

async fn store(core: &Core, job: &Job, answer: &str, failure: Option<ErrorKind>) -> Result<()> {
    let script = failure.is_some() || job.attempt.place == ModelPlace::Script;
    job.store(true, failure, |conversation, earlier, mut state, now| {
        let grounds = Grounds {
            profile: &conversation.account.profile,
            thread: &job.thread,
            messages: &job.request.messages,
            earlier,
            vocabulary: &core.vocabulary,
            language: core.tag(&conversation.account),
            words: core.words(&conversation.account),
            limits: &core.rules.limits,
            script,
            now,
        };
        let grounded = ground(answer, &grounds, &mut || ExtractionId::new(core.ids.next_text()));
        state.live = None;
        let undecided = |item: &&Extraction| matches!(item.status, ExtractionStatus::Pending | ExtractionStatus::Known);
        let superseded = |item: &Extraction| Extraction { status: ExtractionStatus::Superseded, ..item.clone() };
        state.proposed_until = job.request.messages.last().map_or(0, |last| last.seq + 1);
        state.review = if grounded.items.is_empty() { Review::Done } else { Review::Ready };
        let new = grounded.items.into_iter().chain(grounded.known);
        let items = earlier.iter().filter(undecided).map(superseded).chain(new);
        let writes = items.map(Write::Extraction).chain([Write::Thread(state)]);
        fault::point("propose: before the second commit");
        Ok((writes.collect(), ()))
    })
    .await
}

/// What a thread's proposals are, without those that a newer one has taken the place of.
pub(crate) async fn proposal(core: &Core, user: &UserId, thread: &ThreadId) -> Result<Proposal> {
    let mut all = core.store.extractions(user, Some(thread)).await?;
    all.sort_by_key(|item| (item.created_at, item.position));
    let shown = all.into_iter().filter(|item| item.status != ExtractionStatus::Superseded);
    let (known, items) = shown.partition(|item| item.status == ExtractionStatus::Known);
    Ok(Proposal { items, known })
}

/// Verdicts, the profile, the review's state and one entry in the change log are one commit.
pub(crate) async fn apply(core: &Core, user: &UserId, thread: &ThreadId, verdicts: &Verdicts) -> Result<Applied> {
    let page = Page::newest(0);
    let applied = core.decide_on(user, thread, &page, true, None, |conversation, items| {
        let now = core.clock.now();
        let account = &conversation.account;
        let decision = decide(&account.profile, items, verdicts, &core.rules.limits, now)?;
        if decision.changed.is_empty() {
            return Ok((Vec::new(), decision.applied));
        }
        let mut writes = Vec::new();
        if !decision.fields.is_empty() {
            writes.push(Write::Profile(decision.profile));
            writes.push(Write::Change(ProfileChange {
                seq: account.changes + 1,
                at: now,
                cause: ChangeCause::Applied,
                fields: decision.fields,
                thread: Some(thread.clone()),
                extractions: decision.changed.iter().map(|item| item.id.clone()).collect(),
                report: None,
            }));
        }
        let mut state = conversation.state_of(thread);
        let status =
            |item: &Extraction| decision.changed.iter().find(|changed| changed.id == item.id).map_or(item.status, |changed| changed.status);
        let pending = items.iter().any(|item| status(item) == ExtractionStatus::Pending);
        state.review = if pending { Review::Ready } else { Review::Done };
        writes.extend(decision.changed.into_iter().map(Write::Extraction));
        writes.push(Write::Thread(state));
        fault::point("apply: before the commit");
        Ok((writes, decision.applied))
    });
    let (applied, _) = applied.await?;
    fault::point("apply: after the commit");
    Ok(applied)
}
