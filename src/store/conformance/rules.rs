//! Checks that what must not happen does not: across threads, users, versions and moments.

use std::sync::Arc;

use super::people::*;
use super::{Failure, Verdict, ensure, same};
use crate::action::{Action, ActionSource, ActionStatus};
use crate::conversation::{Account, ActionRecord, Conversation, Live, Message, Review, Role, ThreadState};
use crate::error::{Error, ErrorKind};
use crate::profile::Profile;
use crate::runtime::{ThreadId, UserId};
use crate::store::{ActionStore, Change, Page, Write};

pub(super) async fn i1_no_thread_shows_another(store: Arc<dyn ActionStore>) -> Verdict {
    let mut me = Person::settled(&store, "mine").await?;
    me.commit(vec![Write::Action(action("c"))]).await?;
    for thread in [ThreadId::General, debrief("a"), debrief("b")] {
        let read = me.conversation(&thread, &newest()).await?;
        same("the messages", &read.messages, &talk(&thread, "mine"))?;
        same("the state", &read.state.map(|state| state.thread), &Some(thread.clone()))?;
        let proposed = store.extractions(&me.id, Some(&thread)).await?;
        same("the extractions", &proposed, &vec![proposal(&format!("x-{}", String::from(thread.clone())), &thread, "mine")])?;
    }
    let untouched = me.conversation(&debrief("c"), &newest()).await?;
    same("an untouched thread", &(untouched.messages, untouched.state, untouched.attempt), &(vec![], None, None))?;
    same("an untouched thread's extractions", &store.extractions(&me.id, Some(&debrief("c"))).await?, &vec![])
}

pub(super) async fn i1_writing_to_one_thread_changes_no_other(store: Arc<dyn ActionStore>) -> Verdict {
    let mut me = Person::settled(&store, "mine").await?;
    let threads = [ThreadId::General, debrief("a"), debrief("b")];
    for written in &threads {
        let mut before = Vec::new();
        for other in threads.iter().filter(|other| *other != written) {
            before.push((other, me.thread(other).await?));
        }
        let state = ThreadState { waiting: 3, review: Review::Ready, ..ThreadState::new(written.clone()) };
        let said = message(&format!("late-{}", String::from(written.clone())), written, 50, Role::User, "late");
        let found = proposal(&format!("late-{}", String::from(written.clone())), written, "late");
        me.commit(vec![Write::Thread(state), Write::Message(said), Write::Extraction(found)]).await?;
        for (other, before) in before {
            same("the other thread", &me.thread(other).await?, &before)?;
        }
    }
    Ok(())
}

pub(super) async fn i2_ownership_over_every_method(store: Arc<dyn ActionStore>) -> Verdict {
    let me = Person::settled(&store, "mine").await?;
    let before = me.everything().await?;
    let mut other = Person::settled(&store, "theirs").await?;
    for (person, tag) in [(&me, "mine"), (&other, "theirs")] {
        let all = person.everything().await?;
        same("the account", &all.account.and_then(|account| account.profile.name), &Some(tag.into()))?;
        ensure(all.actions.len() == 2 && all.actions.iter().all(|record| record.action.title == tag), "the actions")?;
        ensure(all.extractions.len() == 3 && all.extractions.iter().all(|item| item.before.as_deref() == Some(tag)), "the extractions")?;
        ensure(all.attempts.len() == 2 && all.attempts.iter().all(|attempt| attempt.instance == tag), "the attempts")?;
        same("the changes", &all.changes, &vec![change(1, tag), change(2, tag)])?;
        for conversation in all.conversations.iter().flatten() {
            ensure(conversation.messages.iter().all(|message| message.text == tag), "the messages")?;
            let found = conversation.found.as_ref().ok_or("a message that is there is not found")?;
            ensure(found.message.text == tag && found.reply.as_ref().is_some_and(|reply| reply.text == tag), "the message that was found")?;
        }
        let live = person.conversation(&debrief("a"), &newest()).await?.attempt;
        same("the live attempt", &live.map(|attempt| attempt.instance), &Some(tag.into()))?;
    }
    other.commit(every_write("stolen")).await?;
    same("what the other one wrote over", &me.everything().await?, &before)?;
    let removals = vec![Write::RemoveAction("a".into()), Write::RemoveThread(debrief("b")), Write::RemoveThread(ThreadId::General)];
    other.commit(removals).await?;
    same("what the other one removed", &me.everything().await?, &before)?;
    store.forget(&other.id).await?;
    same("what the other one forgot", &me.everything().await?, &before)
}

pub(super) async fn i2_a_stranger_finds_nothing(store: Arc<dyn ActionStore>) -> Verdict {
    let _me = Person::settled(&store, "mine").await?;
    let nobody = Person::nobody(&store);
    same("what nobody has", &nobody.everything().await?, &Everything::default())?;
    for thread in [ThreadId::General, debrief("a")] {
        same("what nobody proposed", &store.extractions(&nobody.id, Some(&thread)).await?, &vec![])?;
    }
    let newcomer = Person::new(&store).await?;
    let all = newcomer.everything().await?;
    same("a newcomer's lists", &(all.actions, all.extractions, all.attempts, all.changes), &Default::default())?;
    same("a newcomer's debriefs", &all.conversations.iter().flatten().count(), &1)?;
    let general = newcomer.conversation(&ThreadId::General, &finding("general-1")).await?;
    same("a newcomer's chat", &(general.messages, general.state, general.found), &(vec![], None, None))
}

pub(super) async fn only_zero_creates(store: Arc<dyn ActionStore>) -> Verdict {
    let nobody = Person::nobody(&store);
    for expected in [1, 41, GREATEST] {
        nobody.refused(ErrorKind::NotFound, expected, every_write("late")).await?;
        same("nobody", &nobody.everything().await?, &Everything::default())?;
    }
    let me = Person::new(&store).await?;
    let before = me.everything().await?;
    me.refused(ErrorKind::Conflict, 0, every_write("again")).await?;
    same("the one who was there first", &me.everything().await?, &before)
}

pub(super) async fn a_stale_version_writes_nothing(store: Arc<dyn ActionStore>) -> Verdict {
    let mut me = Person::settled(&store, "mine").await?;
    let old = me.version;
    me.commit(vec![]).await?;
    let before = me.everything().await?;
    for expected in [old, me.version + 1, 0, 1, GREATEST] {
        me.refused(ErrorKind::Conflict, expected, every_write("stale")).await?;
        me.refused(ErrorKind::Conflict, expected, vec![]).await?;
        same("after a stale commit", &me.everything().await?, &before)?;
    }
    Ok(())
}

pub(super) async fn versions_are_the_callers(store: Arc<dyn ActionStore>) -> Verdict {
    let me = Person::settled(&store, "mine").await?;
    let before = me.everything().await?.account.ok_or("the user is gone")?;
    let mut expected = me.version;
    for next in [GREATEST, 7, 8, 1, GREATEST - 1] {
        store.commit(&me.id, &Change { expected, next, writes: vec![] }).await?;
        same("the account", &store.account(&me.id).await?, &Some(Account { version: next, ..before.clone() }))?;
        expected = next;
    }
    Ok(())
}

pub(super) async fn a_message_is_never_changed(store: Arc<dyn ActionStore>) -> Verdict {
    let me = Person::settled(&store, "mine").await?;
    let before = me.everything().await?;
    let first = talk(&debrief("a"), "mine").swap_remove(0);
    let again = [
        ("the same message", first.clone()),
        ("the same id with other words", Message { seq: 9, text: "other".into(), ..first.clone() }),
        ("the same id in another thread", Message { seq: 9, thread: debrief("b"), ..first.clone() }),
        ("the same id in the general chat", Message { seq: 9, thread: ThreadId::General, ..first.clone() }),
        ("the same position", Message { id: "new".into(), ..first }),
    ];
    for (what, message) in again {
        me.refused(ErrorKind::Conflict, me.version, vec![Write::Message(message)]).await?;
        same(what, &me.everything().await?, &before)?;
    }
    Ok(())
}

pub(super) async fn the_change_log_is_never_changed(store: Arc<dyn ActionStore>) -> Verdict {
    let mut me = Person::settled(&store, "mine").await?;
    let before = me.everything().await?;
    for seq in [1, 2] {
        me.refused(ErrorKind::Conflict, me.version, vec![Write::Change(change(seq, "other"))]).await?;
        same("after the same position", &me.everything().await?, &before)?;
    }
    me.commit(vec![Write::Change(change(3, "mine"))]).await?;
    same("the newest position", &me.everything().await?.account.map(|account| account.changes), &Some(3))
}

pub(super) async fn a_commit_is_whole_or_nothing(store: Arc<dyn ActionStore>) -> Verdict {
    let me = Person::settled(&store, "mine").await?;
    let before = me.everything().await?;
    let taken = message("general-1", &ThreadId::General, 99, Role::User, "");
    let twice = message("twice", &debrief("a"), 99, Role::User, "");
    let spoilers = [
        vec![Write::Message(taken)],
        vec![Write::Message(twice.clone()), Write::Message(Message { seq: 98, ..twice.clone() })],
        vec![Write::Message(twice.clone()), Write::Message(Message { id: "other".into(), ..twice })],
        vec![Write::Change(change(2, "other"))],
    ];
    for spoiler in spoilers {
        let mut writes = every_write("half");
        writes.extend([Write::RemoveAction("b".into()), Write::Consent(None)]);
        writes.extend(spoiler.clone());
        me.refused(ErrorKind::Conflict, me.version, writes).await?;
        same("after a conflict in the last write", &me.everything().await?, &before)?;
    }
    let nobody = Person::nobody(&store);
    let mut writes = every_write("half");
    writes.extend(every_write("half"));
    nobody.refused(ErrorKind::Conflict, 0, writes).await?;
    same("a user whose first commit was a conflict", &nobody.everything().await?, &Everything::default())
}

pub(super) async fn writes_are_carried_out_in_order(store: Arc<dyn ActionStore>) -> Verdict {
    let mut me = Person::settled(&store, "mine").await?;
    let (a, b) = (debrief("a"), debrief("b"));
    let renewed = message("a-1", &a, 1, Role::User, "renewed");
    me.commit(vec![
        Write::RemoveAction("a".into()),
        Write::Action(action("a")),
        Write::Message(renewed.clone()),
        Write::Message(message("brief", &b, 9, Role::User, "brief")),
        Write::RemoveThread(b.clone()),
        Write::Profile(full_profile()),
        Write::Profile(Profile::default()),
    ])
    .await?;
    let read = me.conversation(&a, &newest()).await?;
    same("the thread that was begun anew", &(read.action, read.state, read.messages), &(Some(action("a")), None, vec![renewed]))?;
    let read = me.conversation(&b, &finding("brief")).await?;
    same("the thread that was removed last", &(read.state, read.messages, read.found), &(None, vec![], None))?;
    same("the profile that was put last", &read.account.profile, &Profile::default())
}

pub(super) async fn suggestions_are_replaced_in_one_commit(store: Arc<dyn ActionStore>) -> Verdict {
    let mut me = Person::new(&store).await?;
    let suggested = |id| Action { source: ActionSource::Suggested, ..action(id) };
    let kept = Action { status: ActionStatus::Saved, ..suggested("2") };
    me.commit([suggested("1"), kept.clone(), suggested("3")].into_iter().map(Write::Action).collect()).await?;
    me.commit(vec![
        Write::RemoveAction("1".into()),
        Write::RemoveAction("3".into()),
        Write::Action(suggested("4")),
        Write::Action(suggested("0")),
    ])
    .await?;
    let now: Vec<_> = store.actions(&me.id).await?.into_iter().map(|record| record.action).collect();
    same("the actions", &now, &vec![suggested("0"), kept, suggested("4")])
}

pub(super) async fn removing_a_thread_leaves_the_rest(store: Arc<dyn ActionStore>) -> Verdict {
    for removed in [ThreadId::General, debrief("a")] {
        let mut me = Person::settled(&store, "mine").await?;
        let before = me.everything().await?;
        me.commit(vec![Write::RemoveThread(removed.clone())]).await?;
        let read = me.conversation(&removed, &Page { find: Some(first_of(&removed)), ..newest() }).await?;
        let left = (read.state, read.attempt, read.messages, read.found);
        same("what is left of it", &left, &(None, None, vec![], None))?;
        same("its extractions", &store.extractions(&me.id, Some(&removed)).await?, &vec![])?;
        let after = me.everything().await?;
        same("the attempts", &after.attempts, &before.attempts)?;
        same("the changes", &after.changes, &before.changes)?;
        same("the other extractions", &after.extractions.len(), &2)?;
        let actions = |all: &Everything| all.actions.iter().map(|record| record.action.clone()).collect::<Vec<_>>();
        same("the actions", &actions(&after), &actions(&before))?;
        for (now, then) in after.conversations.iter().flatten().zip(before.conversations.iter().flatten()) {
            let state = now.state.as_ref().or(then.state.as_ref());
            ensure(
                state.is_some_and(|state| state.thread == removed) || now.messages == then.messages,
                "another thread's messages are gone",
            )?;
        }
        me.commit(talk(&removed, "anew").into_iter().map(Write::Message).collect()).await?;
        same("the same messages anew", &me.conversation(&removed, &newest()).await?.messages, &talk(&removed, "anew"))?;
    }
    Ok(())
}

pub(super) async fn messages_are_removed_up_to_a_position(store: Arc<dyn ActionStore>) -> Verdict {
    for thread in [ThreadId::General, debrief("a")] {
        let mut me = Person::settled(&store, "mine").await?;
        let before = me.everything().await?;
        let (read, proposed) = me.thread(&thread).await?;
        for (until, left) in [(0, 3), (2, 1), (2, 1), (1, 1)] {
            me.commit(vec![Write::RemoveMessages(thread.clone(), until)]).await?;
            let (now, still) = me.thread(&thread).await?;
            same("the messages", &now.messages, &read.messages[3 - left..].to_vec())?;
            same("the first one, looked for", &now.found.is_some(), &(left == 3))?;
            same("the rest of it", &(now.state, now.attempt, still), &(read.state.clone(), read.attempt.clone(), proposed.clone()))?;
        }
        let after = me.everything().await?;
        for (now, then) in after.conversations.iter().flatten().zip(before.conversations.iter().flatten()) {
            let this = now.state.as_ref().is_some_and(|state| state.thread == thread);
            ensure(this || now.messages == then.messages, "another thread's messages are gone")?;
        }
        // What was removed may be said again, also at its old position.
        me.commit(vec![Write::Message(talk(&thread, "anew").swap_remove(0)), Write::Message(talk(&thread, "anew").swap_remove(1))]).await?;
        let all = me.conversation(&thread, &newest()).await?.messages;
        same("the positions", &all.iter().map(|message| message.seq).collect::<Vec<_>>(), &vec![1, 2, 3])?;
        me.commit(vec![Write::RemoveMessages(thread.clone(), GREATEST), Write::RemoveMessages(debrief("no such"), 9)]).await?;
        same("all of them", &me.conversation(&thread, &newest()).await?.messages, &vec![])?;
    }
    Ok(())
}

pub(super) async fn removing_an_action_removes_its_debrief(store: Arc<dyn ActionStore>) -> Verdict {
    let mut me = Person::settled(&store, "mine").await?;
    let before = me.everything().await?;
    me.commit(vec![Write::RemoveAction("no such".into()), Write::RemoveThread(debrief("no such"))]).await?;
    let version = me.version;
    same("after removing nothing", &me.everything().await?, &before.at(version))?;
    me.commit(vec![Write::RemoveAction("a".into())]).await?;
    let after = me.everything().await?;
    same("the debrief", &store.conversation(&me.id, &debrief("a"), &newest()).await?, &None)?;
    same("its message", &me.conversation(&ThreadId::General, &finding("a-1")).await?.found, &None)?;
    same("its extractions", &store.extractions(&me.id, Some(&debrief("a"))).await?, &vec![])?;
    same("the attempts", &after.attempts, &before.attempts)?;
    same("the actions", &after.actions, &before.actions[1..].to_vec())?;
    me.commit(vec![Write::Action(action("a"))]).await?;
    let read = me.conversation(&debrief("a"), &newest()).await?;
    same("an action of the same id", &(read.state, read.messages), &(None, vec![]))?;
    same("the others", &me.conversation(&debrief("b"), &newest()).await?.messages, &talk(&debrief("b"), "mine"))
}

pub(super) async fn i10_forget_leaves_nothing(store: Arc<dyn ActionStore>) -> Verdict {
    let me = Person::settled(&store, "mine").await?;
    let other = Person::settled(&store, "theirs").await?;
    let before = other.everything().await?;
    store.forget(&me.id).await?;
    same("what is left", &me.everything().await?, &Everything::default())?;
    same("the other one", &other.everything().await?, &before)?;
    store.forget(&me.id).await?;
    store.forget(&Person::nobody(&store).id).await?;
    same("the other one after forgetting nobody", &other.everything().await?, &before)
}

pub(super) async fn i10_nothing_comes_back_after_forget(store: Arc<dyn ActionStore>) -> Verdict {
    let me = Person::settled(&store, "mine").await?;
    store.forget(&me.id).await?;
    me.refused(ErrorKind::NotFound, me.version, every_write("late")).await?;
    same("after a late commit", &me.everything().await?, &Everything::default())?;
    store.commit(&me.id, &Change { expected: 0, next: 77, writes: vec![Write::Action(action("a"))] }).await?;
    me.refused(ErrorKind::Conflict, me.version, every_write("late")).await?;
    let all = me.everything().await?;
    same("the actions", &all.actions, &vec![ActionRecord { action: action("a"), debrief: None }])?;
    same("the lists", &(all.extractions, all.attempts, all.changes), &Default::default())?;
    ensure(all.conversations.iter().flatten().all(|read| read.messages.is_empty() && read.found.is_none()), "old messages are back")
}

pub(super) async fn a_conversation_needs_its_action(store: Arc<dyn ActionStore>) -> Verdict {
    let nobody = Person::nobody(&store);
    for thread in [ThreadId::General, debrief("a")] {
        same("nobody's thread", &store.conversation(&nobody.id, &thread, &newest()).await?, &None)?;
    }
    same("nobody's account", &store.account(&nobody.id).await?, &None)?;
    let mut me = Person::new(&store).await?;
    same("a debrief of no action", &store.conversation(&me.id, &debrief("a"), &newest()).await?, &None)?;
    let account = store.account(&me.id).await?.ok_or("the user is gone")?;
    let silent =
        |account, action| Conversation { account, action, state: None, attempt: None, holder_gone: false, messages: vec![], found: None };
    same("an untouched chat", &me.conversation(&ThreadId::General, &newest()).await?, &silent(account.clone(), None))?;
    me.commit(vec![Write::Action(action("a"))]).await?;
    let account = Account { version: me.version, ..account };
    same("an untouched debrief", &me.conversation(&debrief("a"), &newest()).await?, &silent(account, Some(action("a"))))
}

pub(super) async fn the_live_attempt_is_the_one_named(store: Arc<dyn ActionStore>) -> Verdict {
    let mut me = Person::settled(&store, "mine").await?;
    same("of the thread that names it", &me.conversation(&debrief("a"), &newest()).await?.attempt, &Some(attempt("t-1", 10, "mine")))?;
    for other in [ThreadId::General, debrief("b")] {
        same("of a thread that names none", &me.conversation(&other, &newest()).await?.attempt, &None)?;
    }
    let naming = |id: &str| Live { attempt: id.into(), until: time(99) };
    me.commit(vec![Write::Thread(ThreadState { live: Some(naming("t-2")), ..ThreadState::new(debrief("a")) })]).await?;
    same("after it was taken over", &me.conversation(&debrief("a"), &newest()).await?.attempt, &Some(attempt("t-2", 20, "mine")))?;
    me.commit(vec![Write::Thread(ThreadState { cancelled: Some("t-2".into()), ..ThreadState::new(debrief("a")) })]).await?;
    same("after it was cancelled", &me.conversation(&debrief("a"), &newest()).await?.attempt, &None)
}

pub(super) async fn i5_no_commit_is_lost(store: Arc<dyn ActionStore>) -> Verdict {
    const TASKS: u64 = 16;
    const EACH: u64 = 5;
    let me = Person::new(&store).await?;
    let learn = |task: u64| {
        let (store, id) = (Arc::clone(&store), me.id.clone());
        async move {
            let mut used = Vec::new();
            for n in 0..EACH {
                used.push(learn(&*store, &id, &format!("{task}-{n}")).await?);
            }
            Ok::<_, Failure>(used)
        }
    };
    let tasks: Vec<_> = (0..TASKS).map(|task| tokio::spawn(learn(task))).collect();
    let mut used = Vec::new();
    for task in tasks {
        used.extend(task.await.map_err(|_| "a task panicked")??);
    }
    used.sort_unstable();
    let (first, count) = (me.version, TASKS * EACH);
    same("the versions", &used, &(first..first + count).collect())?;
    let account = store.account(&me.id).await?.ok_or("the user is gone")?;
    same("the version", &account.version, &(first + count))?;
    let mut skills = account.profile.skills;
    let mut expected: Vec<_> = (0..TASKS).flat_map(|task| (0..EACH).map(move |n| format!("{task}-{n}"))).collect();
    skills.sort_unstable();
    expected.sort_unstable();
    same("what was written", &skills, &expected)
}

/// Adds a skill to the profile, again and again until nobody is faster; the version that it was decided on.
async fn learn(store: &dyn ActionStore, user: &UserId, skill: &str) -> Result<u64, Failure> {
    loop {
        let Account { version: expected, mut profile, .. } = store.account(user).await?.ok_or("the user is gone")?;
        profile.skills.push(skill.into());
        match store.commit(user, &Change { expected, next: expected + 1, writes: vec![Write::Profile(profile)] }).await {
            Ok(()) => return Ok(expected),
            Err(error) if error.kind() == ErrorKind::Conflict => tokio::task::yield_now().await,
            Err(error) => return Err(error.into()),
        }
    }
}

pub(super) async fn a_read_is_of_one_moment(store: Arc<dyn ActionStore>) -> Verdict {
    let me = Person::new(&store).await?;
    let (writer, id, first) = (Arc::clone(&store), me.id.clone(), me.version);
    let writing = tokio::spawn(async move {
        for seq in 1..=60 {
            let state = ThreadState { next_seq: seq + 1, ..ThreadState::new(ThreadId::General) };
            let said = message(&format!("{seq}"), &ThreadId::General, seq, Role::User, "");
            let writes = vec![Write::Message(said), Write::Thread(state)];
            writer.commit(&id, &Change { expected: first + seq - 1, next: first + seq, writes }).await?;
        }
        Ok::<_, Error>(())
    });
    while !writing.is_finished() {
        let read = me.conversation(&ThreadId::General, &Page::newest(2)).await?;
        let seq = read.messages.last().map_or(0, |last| last.seq);
        same("the version and the newest message", &read.account.version, &(first + seq))?;
        same("the state and the newest message", &read.state.map_or(1, |state| state.next_seq), &(seq + 1))?;
        tokio::task::yield_now().await;
    }
    Ok(writing.await.map_err(|_| "a task panicked")??)
}
