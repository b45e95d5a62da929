//! Checks of many at once, of long histories, and of answers that are true the moment they are given.

use std::sync::Arc;

use super::people::*;
use super::{Failure, Verdict, ensure, same};
use crate::conversation::{Message, Role, ThreadState};
use crate::error::ErrorKind;
use crate::runtime::{ThreadId, UserId};
use crate::store::{ActionStore, Change, Page, Write};

const TASKS: u64 = 64;
const SAID: u64 = 400;
const LONG: u64 = 4_000;

/// Says something next in a thread, once; who was too late is told `Conflict` and nothing else.
async fn say(store: &dyn ActionStore, user: &UserId, thread: &ThreadId, id: &str) -> Result<u64, Failure> {
    // Whoever is too late, somebody else was faster, which can be no more often than there is anything said.
    for _ in 0..=SAID {
        let read = store.conversation(user, thread, &Page::newest(1)).await?.ok_or("the conversation is gone")?;
        let seq = read.state.as_ref().map_or(1, |state| state.next_seq);
        let writes = vec![
            Write::Message(message(id, thread, seq, Role::User, id)),
            Write::Thread(ThreadState { next_seq: seq + 1, ..ThreadState::new(thread.clone()) }),
        ];
        let version = read.account.version;
        match store.commit(user, &Change { expected: version, next: version + 1, writes }).await {
            Ok(()) => return Ok(seq),
            Err(error) if error.kind() == ErrorKind::Conflict => tokio::task::yield_now().await,
            Err(error) => return Err(error.into()),
        }
    }
    Err(Failure("it was a conflict again and again, although nobody else had written".into()))
}

/// Tasks that share what is to be said in these threads; each in turn says its part in one of them.
async fn all_say(store: &Arc<dyn ActionStore>, user: &UserId, threads: &[ThreadId]) -> Verdict {
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let (store, user, threads) = (Arc::clone(store), user.clone(), threads.to_vec());
            tokio::spawn(async move {
                for n in (task..SAID).step_by(usize::try_from(TASKS).unwrap_or(1)) {
                    let thread = &threads[usize::try_from(n).unwrap_or(0) % threads.len()];
                    let seq = say(&*store, &user, thread, &format!("said-{n}")).await?;
                    // It was acknowledged: whoever reads from now on finds it.
                    let read = store.conversation(&user, thread, &finding(&format!("said-{n}"))).await?.ok_or("the thread is gone")?;
                    same("what was just acknowledged", &read.found.map(|found| found.message.seq), &Some(seq))?;
                }
                Ok::<_, Failure>(())
            })
        })
        .collect();
    for task in tasks {
        task.await.map_err(|_| "a task panicked")??;
    }
    let mut found = Vec::new();
    for thread in threads {
        let said = store.conversation(user, thread, &newest()).await?.ok_or("the thread is gone")?.messages;
        let positions: Vec<_> = said.iter().map(|message| message.seq).collect();
        same("the positions", &positions, &(1..=said.len() as u64).collect())?;
        found.extend(said.into_iter().map(|message| message.text));
    }
    let mut expected: Vec<_> = (0..SAID).map(|n| format!("said-{n}")).collect();
    found.sort_unstable();
    expected.sort_unstable();
    same("what was said", &found, &expected)
}

pub(super) async fn i5_many_tasks_on_one_thread(store: Arc<dyn ActionStore>) -> Verdict {
    let me = Person::new(&store).await?;
    all_say(&store, &me.id, &[ThreadId::General]).await
}

pub(super) async fn i5_many_tasks_on_many_threads(store: Arc<dyn ActionStore>) -> Verdict {
    let mut me = Person::new(&store).await?;
    let names: Vec<_> = (0..8).map(|n| format!("{n}")).collect();
    me.commit(names.iter().map(|name| Write::Action(action(name))).collect()).await?;
    let threads: Vec<_> = names.iter().map(|name| debrief(name)).collect();
    all_say(&store, &me.id, &threads).await
}

/// Everybody commits at once, so that a store that groups puts good and spoiled ones together.
pub(super) async fn a_spoiled_commit_fails_alone(store: Arc<dyn ActionStore>) -> Verdict {
    let mut people = Vec::new();
    for n in 0..TASKS {
        people.push((n, Person::settled(&store, &format!("{n}")).await?));
    }
    let tasks: Vec<_> = people
        .into_iter()
        .map(|(n, me)| {
            tokio::spawn(async move {
                let before = me.everything().await?;
                let taken = message("general-1", &ThreadId::General, 99, Role::User, "");
                let mut writes = vec![Write::Message(message("new", &ThreadId::General, 98, Role::User, "new"))];
                let (expected, answer) = match n % 8 {
                    1 => (me.version + 1, Err(ErrorKind::Conflict)),
                    3 => {
                        writes.push(Write::Message(taken));
                        (me.version, Err(ErrorKind::Conflict))
                    }
                    5 => {
                        writes.push(Write::Change(change(1, "taken")));
                        (me.version, Err(ErrorKind::Conflict))
                    }
                    _ => (me.version, Ok(())),
                };
                let answered = me.store.commit(&me.id, &Change { expected, next: me.version + 7, writes }).await;
                same("the answer", &answered.map_err(|error| error.kind()), &answer)?;
                let after = me.everything().await?;
                if answer.is_err() {
                    return same("a spoiled one's user", &after, &before);
                }
                let found = me.conversation(&ThreadId::General, &finding("new")).await?;
                ensure(found.found.is_some() && found.account.version == me.version + 7, "a good one is not there after its answer")
            })
        })
        .collect();
    for task in tasks {
        task.await.map_err(|_| "a task panicked")??;
    }
    Ok(())
}

pub(super) async fn a_long_history_is_paged_whole(store: Arc<dyn ActionStore>) -> Verdict {
    let mut me = Person::new(&store).await?;
    let said =
        |seq| message(&format!("m-{seq}"), &ThreadId::General, seq, if seq % 2 == 0 { Role::Assistant } else { Role::User }, "words");
    for first in (1..=LONG).step_by(200) {
        me.commit(
            (first..first + 200)
                .map(|seq| Write::Message(said(seq)))
                .chain([Write::Thread(ThreadState { next_seq: first + 200, ..ThreadState::new(ThreadId::General) })])
                .collect(),
        )
        .await?;
    }
    for size in [333, 1_000] {
        let (mut all, mut before): (Vec<Message>, _) = (Vec::new(), None);
        loop {
            let page = me.conversation(&ThreadId::General, &Page { size, before, find: None }).await?.messages;
            let Some(first) = page.first() else { break };
            before = Some(first.seq);
            all.splice(0..0, page);
        }
        same("all pages together", &(all == (1..=LONG).map(said).collect::<Vec<_>>()), &true)?;
    }
    let found = me.conversation(&ThreadId::General, &Page { size: 1, before: None, find: Some("m-1".into()) }).await?.found;
    same("the very first", &found.map(|found| (found.message.seq, found.reply.map(|reply| reply.seq))), &Some((1, Some(2))))
}
