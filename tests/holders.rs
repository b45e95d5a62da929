//! Dead holders: whoever was killed in the middle of a turn is followed at once, and whoever lives is waited for.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs};

use completion_coach::testing::{Act, ScriptedModel};
use completion_coach::{
    AllowanceRates, AttemptStatus, CompletionCoach, Debrief, DebriefState, Error, ErrorKind, NewAction, Rate, Role, SqliteStore, ThreadId,
    Timestamp,
};
use tempfile::TempDir;

#[path = "support/ran.rs"]
mod ran;
use ran::ran;

const FOLDER: &str = "FOLDER_OF_THE_HOLDER";

fn coach(store: SqliteStore, model: ScriptedModel) -> CompletionCoach {
    let often = Rate::new(60_000, 10_000);
    let builder = CompletionCoach::builder(store, model).allowance(AllowanceRates { turns: often, proposals: often });
    builder.build().expect("the settings are sound")
}

fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open(folder.join("debrief.db")).expect("it opens")
}

async fn begun(coach: &CompletionCoach) -> Debrief {
    let me = coach.user("ada");
    me.record_done(NewAction::new("build_tools", "A linter").id("a")).await.expect("it is recorded");
    let debrief = me.debrief("a");
    debrief.open().await.expect("it opens").reply().await.expect("the guide asks");
    debrief
}

/// What is beside the database, but for SQLite's own files.
fn beside(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file").file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with("debrief.db-") && !name.ends_with("-wal") && !name.ends_with("-shm")).collect()
}

/// Another process whose model never answers, so that it holds the thread until it is killed.
struct Holder(Child);

impl Holder {
    fn start(folder: &Path) -> Self {
        let _ = fs::remove_file(folder.join("holding"));
        let mut child = Command::new(env::current_exe().expect("a test"))
            .args(["--exact", "a_process_that_holds_a_thread"])
            .env(FOLDER, folder)
            .stdout(Stdio::null())
            .spawn()
            .expect("a process");
        let since = Instant::now();
        while !folder.join("holding").exists() {
            assert!(child.try_wait().expect("a state").is_none() && since.elapsed() < Duration::from_secs(20), "it never held the thread");
            std::thread::sleep(Duration::from_millis(5));
        }
        Self(child)
    }

    fn kill(mut self) {
        self.0.kill().expect("SIGKILL");
        self.0.wait().expect("it is gone");
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Not a test by itself: this is what the other process does.
#[tokio::test]
async fn a_process_that_holds_a_thread() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let folder = Path::new(&folder);
    let model = ScriptedModel::default();
    model.play([Act::Hang]);
    let debrief = coach(open(folder), model).user("ada").debrief("a");
    let mut turn = debrief.stream("It took me twice as long as I had planned.").await.expect("a turn");
    fs::write(folder.join("holding"), "").expect("noted");
    turn.next().await;
}

#[tokio::test]
async fn i5_a_living_process_is_waited_for_and_a_dead_one_is_followed_at_once() {
    type Call = fn(&Debrief) -> std::pin::Pin<Box<dyn Future<Output = Result<(), Error>> + '_>>;
    let calls: [(&str, Call); 4] = [
        ("open", |debrief| Box::pin(async { debrief.open().await?.reply().await.map(drop) })),
        ("resume", |debrief| Box::pin(async { debrief.resume().await?.reply().await.map(drop) })),
        ("send", |debrief| Box::pin(async { debrief.send("And the tests taught me the most.").await.map(drop) })),
        ("propose", |debrief| Box::pin(async { debrief.propose().await.map(drop) })),
    ];
    for (name, call) in calls {
        let folder = TempDir::new().expect("a folder");
        let store = open(folder.path());
        let debrief = begun(&coach(store.clone(), ScriptedModel::default())).await;
        let holder = Holder::start(folder.path());
        assert_eq!(beside(folder.path()).len(), 2, "one sign of life each");
        for (name, call) in calls {
            let error = call(&debrief).await.expect_err("it has to wait");
            assert_eq!(error.kind(), ErrorKind::Busy, "{name}");
            assert!(error.retry_after().is_some_and(|wait| wait > Duration::from_secs(60)));
        }
        assert_eq!(states(&store).await, [DebriefState::Live; 2]);
        holder.kill();
        assert_eq!(states(&store).await, [DebriefState::Pending; 2], "it can be offered to go on");
        let since = Instant::now();
        call(&debrief).await.expect(name);
        assert!(since.elapsed() < Duration::from_secs(1), "{name} took {:?}", since.elapsed());
        let statuses: Vec<_> = attempts(&store).await;
        assert_eq!(statuses, [AttemptStatus::Abandoned, AttemptStatus::Done], "{name}");
        let said = debrief.messages(100, None).await.expect("messages").messages;
        let once = said.iter().filter(|message| message.role == Role::User && message.text.starts_with("It took me")).count();
        assert_eq!(once, 1, "{name}: what was acknowledged is there once");
        assert_eq!(beside(folder.path()).len(), 1, "the dead one's sign is removed");
    }
}

/// Where the debrief stands by itself and in the list.
async fn states(store: &SqliteStore) -> [DebriefState; 2] {
    let me = coach(store.clone(), ScriptedModel::default()).user("ada");
    [me.debrief("a").state().await.expect("a state"), me.actions(None).await.expect("actions")[0].debrief]
}

async fn attempts(store: &SqliteStore) -> Vec<AttemptStatus> {
    use completion_coach::ActionStore;
    let all = store.attempts(&"ada".into(), Timestamp::MIN, Timestamp::MAX).await.expect("attempts");
    all.into_iter().map(|attempt| attempt.status).collect()
}

#[tokio::test]
async fn a_process_that_starts_after_the_death_removes_what_was_left_and_answers() {
    let folder = TempDir::new().expect("a folder");
    begun(&coach(open(folder.path()), ScriptedModel::default())).await;
    for _ in 0..3 {
        Holder::start(folder.path()).kill();
        assert_eq!(beside(folder.path()).len(), 1);
        let coach = coach(open(folder.path()), ScriptedModel::default());
        assert_eq!(beside(folder.path()).len(), 1, "only the living one's is there");
        coach.user("ada").debrief("a").resume().await.expect("not busy").reply().await.expect("a reply");
    }
    let mut names: Vec<_> = fs::read_dir(folder.path()).expect("a folder").map(|file| file.expect("a file").file_name()).collect();
    names.sort();
    assert_eq!(names, ["debrief.db", "holding"], "after a clean end nothing is left but the database");
    ran("resume");
}

#[tokio::test]
async fn i5_two_stores_in_one_process_know_each_other_as_alive() {
    use completion_coach::{ActionStore, Page};
    let folder = TempDir::new().expect("a folder");
    let (first, second) = (open(folder.path()), open(folder.path()));
    let model = ScriptedModel::default();
    let debrief = begun(&coach(first.clone(), model.clone())).await;
    model.play([Act::Hang]);
    let mut turn = debrief.stream("It took me twice as long.").await.expect("a turn");
    assert!(tokio::time::timeout(Duration::from_millis(20), turn.next()).await.is_err());
    let other = coach(second.clone(), ScriptedModel::default()).user("ada").debrief("a");
    assert_eq!(other.resume().await.expect_err("it has to wait").kind(), ErrorKind::Busy);
    for store in [&first, &second] {
        let read = store.conversation(&"ada".into(), &ThreadId::Debrief("a".into()), &Page::newest(1)).await.expect("read").expect("there");
        assert!(read.attempt.is_some() && !read.holder_gone);
    }
    assert_eq!(states(&second).await, [DebriefState::Live; 2]);
    // The store is gone when its last clone is: then its turns are gone with it.
    drop((turn, debrief, first));
    assert_eq!(states(&second).await, [DebriefState::Pending; 2]);
    other.resume().await.expect("not busy").reply().await.expect("a reply");
}

#[tokio::test]
async fn a_turn_that_was_left_leaves_a_debrief_that_waits() {
    let model = ScriptedModel::default();
    let coach = coach(SqliteStore::in_memory().expect("it opens"), model.clone());
    let debrief = begun(&coach).await;
    model.play([Act::Hang]);
    let turn = debrief.stream("It took me twice as long.").await.expect("a turn");
    assert_eq!(debrief.state().await.expect("a state"), DebriefState::Live);
    drop(turn);
    assert_eq!(debrief.state().await.expect("a state"), DebriefState::Pending);
    assert_eq!(coach.user("ada").actions(None).await.expect("actions")[0].debrief, DebriefState::Pending);
}

#[tokio::test]
async fn a_wrong_hint_costs_a_reply_and_nothing_else() {
    let folder = TempDir::new().expect("a folder");
    let model = ScriptedModel::default();
    let debrief = begun(&coach(open(folder.path()), model.clone())).await;
    let other = coach(open(folder.path()), ScriptedModel::default()).user("ada").debrief("a");
    model.play([Act::Yield, Act::Say("What did the living one ask?".into())]);
    let turn = debrief.stream("It took me twice as long.").await.expect("a turn");
    // Somebody tidies up: every sign of life is gone, and the living one is taken for dead.
    for name in beside(folder.path()) {
        fs::remove_file(folder.path().join(name)).expect("removed");
    }
    let reply = other.resume().await.expect("not busy").reply().await.expect("a reply");
    assert_eq!(turn.reply().await.expect_err("its thread was taken").kind(), ErrorKind::Conflict);
    let said = other.messages(100, None).await.expect("messages").messages;
    assert_eq!(said.last(), Some(&reply.message));
    assert_eq!(said.len(), 3);
}
