//! A paused store: nothing of the database is open or locked, calls fail at once, and after it all goes on as if nothing had been.

use std::future::poll_fn;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;
use std::{env, fs};

use completion_coach::testing::{Act, ManualClock, ScriptedModel};
use completion_coach::{
    ActionStore, AllowanceRates, CompletionCoach, Debrief, Error, ErrorKind, MessagePage, NewAction, NewMessage, Profile, Rate, Role,
    SqliteStore,
};
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

#[path = "support/ran.rs"]
mod ran;
use ran::ran;

const FOLDER: &str = "FOLDER_OF_THE_OTHER";
const ANSWER: &str = "It took me twice as long as I had planned.";

fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open(folder.join("debrief.db")).expect("it opens")
}

fn coach(store: SqliteStore, model: ScriptedModel) -> CompletionCoach {
    let often = Rate::new(60_000, 10_000);
    let builder = CompletionCoach::builder(store, model).allowance(AllowanceRates { turns: often, proposals: often });
    builder.build().expect("the settings are sound")
}

async fn begun(coach: &CompletionCoach, user: &str) -> Debrief {
    let me = coach.user(user);
    me.record_done(NewAction::new("build_tools", "A linter").id("a")).await.expect("it is recorded");
    let debrief = me.debrief("a");
    debrief.open().await.expect("it opens").reply().await.expect("the guide asks");
    debrief
}

fn assert_paused(error: &Error) {
    assert_eq!(error.kind(), ErrorKind::StorageUnavailable);
    assert!(error.to_string().contains("paused; call unpause"), "{error}");
}

fn answers(page: &MessagePage) -> Vec<&str> {
    page.messages.iter().filter(|message| message.role == Role::User).map(|message| message.text.as_str()).collect()
}

/// The files in this folder that this process has open, as far as Linux tells; elsewhere none.
fn open_files(folder: &Path) -> usize {
    if !cfg!(target_os = "linux") {
        return 0;
    }
    let files = fs::read_dir("/proc/self/fd").expect("Linux").flatten();
    files.filter_map(|file| fs::read_link(file.path()).ok()).filter(|file| file.starts_with(folder)).count()
}

/// Not a test by itself: takes the database for itself alone, and moves it there and back.
#[test]
fn a_process_that_takes_the_file() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let (file, moved) = (Path::new(&folder).join("debrief.db"), Path::new(&folder).join("moved.db"));
    let db = Connection::open(&file).expect("it opens");
    // Leaving the write-ahead log takes a lock that no other connection may stand beside.
    let mode: String = db.pragma_update_and_check(None, "journal_mode", "delete", |row| row.get(0)).expect("nobody has it open");
    assert_eq!(mode, "delete");
    db.execute_batch("BEGIN EXCLUSIVE; COMMIT").expect("a lock");
    db.close().expect("it closes");
    fs::rename(&file, &moved).expect("away");
    assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 1, "the database is alone");
    fs::rename(&moved, &file).expect("and back");
}

fn another_process_takes_the_file(folder: &Path) -> bool {
    let mut other = Command::new(env::current_exe().expect("a test"));
    other.args(["--exact", "a_process_that_takes_the_file"]).env(FOLDER, folder).stdout(Stdio::null()).stderr(Stdio::null());
    other.status().expect("a process").success()
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn another_process_has_a_paused_file_for_itself_alone() {
    let folder = TempDir::new().expect("a folder");
    let store = open(folder.path());
    let debrief = begun(&coach(store.clone(), ScriptedModel::default()), "ada").await;
    {
        let _here = SqliteStore::block_here();
        debrief.send(ANSWER).await.expect("a reply");
    }
    assert!(open_files(folder.path()) > 0 && !another_process_takes_the_file(folder.path()), "an open one it has not");
    store.pause().await.expect("it pauses");
    store.clone().pause().await.expect("twice is once");
    assert_eq!(open_files(folder.path()), 0);
    assert!(another_process_takes_the_file(folder.path()));
    store.unpause().await.expect("it goes on");
    store.unpause().await.expect("twice is once");
    debrief.send(ANSWER).await.expect("a reply");
    assert_eq!(answers(&debrief.messages(100, None).await.expect("messages")), [ANSWER, ANSWER]);
    ran("pause");
}

#[tokio::test]
async fn every_call_on_a_paused_store_fails_at_once_on_every_thread() {
    let folder = TempDir::new().expect("a folder");
    for store in [open(folder.path()), SqliteStore::in_memory().expect("it opens")] {
        let coach = coach(store.clone(), ScriptedModel::default());
        let debrief = begun(&coach, "ada").await;
        store.pause().await.expect("it pauses");
        for here in [false, true] {
            let _here = here.then(SqliteStore::block_here);
            assert_paused(&debrief.state().await.expect_err("a read"));
            assert_paused(&debrief.send(ANSWER).await.expect_err("a turn"));
            assert_paused(&coach.user("ada").save_profile(&Profile::default()).await.expect_err("a commit"));
            assert_paused(&coach.user("ada").forget().await.expect_err("a deletion"));
            assert_paused(&store.erase_traces().await.expect_err("an erasure"));
            assert_paused(&store.back_up(folder.path().join("copy.db")).await.expect_err("a copy"));
        }
        store.unpause().await.expect("it goes on");
        debrief.send(ANSWER).await.expect("what was there is there");
    }
}

#[tokio::test]
async fn what_was_begun_before_a_pause_is_finished() {
    let folder = TempDir::new().expect("a folder");
    let store = open(folder.path());
    let coach = coach(store.clone(), ScriptedModel::default());
    let saves: Vec<_> = (0..200)
        .map(|n| {
            let me = coach.user(format!("user {n}"));
            async move { me.save_profile(&Profile::default()).await }
        })
        .collect();
    let mut tasks = tokio::task::JoinSet::new();
    saves.into_iter().for_each(|save| drop(tasks.spawn(save)));
    tokio::task::yield_now().await;
    // They are begun, and then nobody looks at them any more while this task waits.
    let (ada, mut unwatched) = ("ada".into(), Vec::new());
    for _ in 0..20 {
        let mut read = Box::pin(store.account(&ada));
        if let Poll::Ready(read) = poll_fn(|context| Poll::Ready(read.as_mut().poll(context))).await {
            assert_eq!(read.expect("it was read at once"), None);
        } else {
            unwatched.push(read);
        }
    }
    timeout(Duration::from_secs(20), store.pause()).await.expect("it does not hang").expect("it pauses");
    assert_eq!(open_files(folder.path()), 0);
    for read in unwatched {
        assert_eq!(read.await.expect("it was read before"), None);
    }
    let (mut saved, mut refused) = (0, 0);
    while let Some(save) = tasks.join_next().await {
        match save.expect("a task") {
            Ok(()) => saved += 1,
            Err(error) => {
                assert_paused(&error);
                refused += 1;
            }
        }
    }
    store.unpause().await.expect("it goes on");
    let mut there = 0;
    for n in 0..200 {
        there += u32::from(store.account(&format!("user {n}").as_str().into()).await.expect("a read").is_some());
    }
    assert_eq!((there, saved + refused), (saved, 200), "what was answered is there, what was refused is not");
}

struct InFlight {
    _folder: TempDir,
    store: SqliteStore,
    clock: ManualClock,
    debrief: Debrief,
    turn: tokio::task::JoinHandle<Result<completion_coach::Reply, Error>>,
}

/// A turn whose model has been asked and waits for the clock.
async fn in_flight() -> InFlight {
    let (folder, clock) = (TempDir::new().expect("a folder"), ManualClock::default());
    let (store, model) = (open(folder.path()), ScriptedModel::default().clock(clock.clone()));
    let debrief = begun(&coach(store.clone(), model.clone()), "ada").await;
    model.play([Act::Wait(Duration::from_secs(1)), Act::Say("What took so long?".into())]);
    let asked = debrief.clone();
    let turn = tokio::spawn(async move { asked.send(ANSWER).await });
    while model.requests().is_empty() {
        sleep(Duration::from_millis(1)).await;
    }
    InFlight { _folder: folder, store, clock, debrief, turn }
}

#[tokio::test]
async fn a_turn_that_meets_a_pause_is_resumed_after_it() {
    let InFlight { _folder, store, clock, debrief, turn } = in_flight().await;
    store.pause().await.expect("it pauses");
    clock.advance(Duration::from_secs(1));
    assert_paused(&turn.await.expect("a task").expect_err("it cannot be stored"));
    store.unpause().await.expect("it goes on");
    let page = debrief.messages(100, None).await.expect("messages");
    assert_eq!(answers(&page), [ANSWER]);
    assert_eq!(page.messages.last().expect("a message").role, Role::User, "no reply is stored");
    let reply = debrief.resume().await.expect("not busy").reply().await.expect("a reply");
    let page = debrief.messages(100, None).await.expect("messages");
    assert_eq!((answers(&page), page.messages.last()), (vec![ANSWER], Some(&reply.message)));
}

#[tokio::test]
async fn i5_a_turn_that_outlives_a_pause_is_still_the_only_one() {
    let InFlight { _folder, store, clock, debrief, turn } = in_flight().await;
    store.pause().await.expect("it pauses");
    store.unpause().await.expect("it goes on");
    let other = coach(store.clone(), ScriptedModel::default()).user("ada").debrief("a");
    assert_eq!(other.resume().await.expect_err("it has to wait").kind(), ErrorKind::Busy);
    let second = open(_folder.path());
    let other = coach(second, ScriptedModel::default()).user("ada").debrief("a");
    assert_eq!(other.resume().await.expect_err("also elsewhere").kind(), ErrorKind::Busy);
    clock.advance(Duration::from_secs(1));
    let reply = turn.await.expect("a task").expect("it is stored");
    assert_eq!(debrief.messages(100, None).await.expect("messages").messages.last(), Some(&reply.message));
}

#[tokio::test]
async fn unpausing_looks_at_the_file_as_opening_does() {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("debrief.db");
    let store = open(folder.path());
    let debrief = begun(&coach(store.clone(), ScriptedModel::default()), "ada").await;
    store.pause().await.expect("it pauses");
    let version = |version: i64| Connection::open(&file).expect("it opens").pragma_update(None, "user_version", version).expect("set");
    version(99);
    assert_eq!(store.unpause().await.expect_err("too new").kind(), ErrorKind::StorageNewer);
    assert_paused(&debrief.state().await.expect_err("it is still paused"));
    version(1);
    fs::rename(&file, folder.path().join("away.db")).expect("moved");
    assert_eq!(store.unpause().await.expect_err("nothing there").kind(), ErrorKind::StorageUnavailable);
    assert!(!file.exists(), "no empty one takes its place");
    fs::rename(folder.path().join("away.db"), &file).expect("put back");
    store.unpause().await.expect("it goes on");
    debrief.send(ANSWER).await.expect("a reply");
}

/// Says it as a host would that is told again and again to wait until the store is back.
async fn say(debrief: &Debrief, id: &str, refused: &AtomicU64) {
    loop {
        match debrief.send(NewMessage::typed(ANSWER).id(id)).await {
            Ok(_) => return,
            Err(error) if error.kind() == ErrorKind::Busy => {}
            Err(error) => {
                assert_paused(&error);
                refused.fetch_add(1, Ordering::Relaxed);
            }
        }
        sleep(Duration::from_millis(1)).await;
    }
}

/// Users who talk while the store is paused and unpaused all the time by two others: on the runtime's threads, and on threads that block.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pauses_among_many_turns_lose_nothing_and_never_hang() {
    const USERS: usize = 12;
    const TURNS: usize = 3;
    let folder = TempDir::new().expect("a folder");
    let store = open(folder.path());
    let coach = coach(store.clone(), ScriptedModel::default());
    let (refused, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let mut debriefs = Vec::new();
    for user in 0..USERS {
        debriefs.push(begun(&coach, &format!("user {user}")).await);
    }
    let pauses = (0..2_u64).map(|who| {
        let (store, over) = (store.clone(), Arc::clone(&over));
        tokio::spawn(async move {
            let mut pauses = 0_u64;
            while !over.load(Ordering::Relaxed) {
                sleep(Duration::from_millis(5 + (pauses * 7 + who * 3) % 11)).await;
                store.pause().await.expect("it pauses");
                sleep(Duration::from_millis(pauses % 3)).await;
                store.unpause().await.expect("it goes on");
                pauses += 1;
            }
            pauses
        })
    });
    let pauses: Vec<_> = pauses.collect();
    let turns: Vec<_> = debriefs
        .iter()
        .enumerate()
        .map(|(user, debrief)| {
            let (debrief, refused, runtime) = (debrief.clone(), Arc::clone(&refused), tokio::runtime::Handle::current());
            let talk = async move {
                for turn in 0..TURNS {
                    say(&debrief, &format!("{turn}"), &refused).await;
                }
            };
            if user % 3 == 0 {
                tokio::task::spawn_blocking(move || {
                    let _here = SqliteStore::block_here();
                    runtime.block_on(talk);
                })
            } else {
                tokio::spawn(talk)
            }
        })
        .collect();
    for turn in turns {
        timeout(Duration::from_secs(120), turn).await.expect("it does not hang").expect("all was said");
    }
    over.store(true, Ordering::Relaxed);
    for pause in pauses {
        let pauses = timeout(Duration::from_secs(20), pause).await.expect("it does not hang").expect("a task");
        assert!(pauses > 0, "the store was never paused");
    }
    assert!(refused.load(Ordering::Relaxed) > 0, "no turn ever met a pause");
    store.unpause().await.expect("it goes on");
    for debrief in &debriefs {
        let page = debrief.messages(100, None).await.expect("messages");
        assert_eq!(answers(&page), [ANSWER; TURNS], "each answer is there once");
        assert_eq!(page.messages.len(), 1 + 2 * TURNS, "and each has its reply");
    }
    store.pause().await.expect("it pauses");
    assert_eq!(open_files(folder.path()), 0);
}
