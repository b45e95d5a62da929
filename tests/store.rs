//! The SQLite store: the exam on a file and in memory, and what only a file can get wrong.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Barrier};
use std::task::Poll;
use std::time::Duration;
use std::{env, fs, thread};

use async_trait::async_trait;
use completion_coach::store::conformance;
use completion_coach::{
    Account, ActionRecord, ActionStore, Attempt, AttemptStatus, Author, Change, Conversation, ErrorKind, Extraction, Ids, Live, Message,
    ModelPlace, Operation, Page, Profile, ProfileChange, Provenance, RandomIds, Result, Role, SqliteStore, ThreadId, ThreadState,
    Timestamp, Usage, UserId, Write,
};
use rusqlite::Connection;

#[path = "support/ran.rs"]
mod ran;
use ran::ran;

const SOON: Duration = Duration::from_millis(60);

#[tokio::test]
async fn the_exam_in_memory() {
    conformance::run(Arc::new(SqliteStore::in_memory().unwrap())).await.assert_passed();
}

/// As a process leaves it that is killed in the middle of a commit before the write-ahead log is on: while a file is made or brought up to date.
#[tokio::test]
async fn a_file_whose_commit_was_cut_by_a_kill_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let (path, killed) = (folder.path().join("coach.db"), folder.path().join("killed.db"));
    let user = UserId::new("u");
    let store = SqliteStore::open(&path).unwrap();
    say(&store, &user, "before").await.unwrap();
    drop(store);
    let db = Connection::open(&path).unwrap();
    // With hardly any memory, what is not committed is in the file already, and what was there in the journal.
    db.execute_batch("PRAGMA journal_mode = DELETE; PRAGMA cache_size = 1; BEGIN; CREATE TABLE more (x)").unwrap();
    for _ in 0..200 {
        db.execute("INSERT INTO more VALUES (zeroblob(3000))", []).unwrap();
    }
    let journal = |path: &Path| format!("{}-journal", path.display());
    fs::copy(&path, &killed).unwrap();
    fs::copy(journal(&path), journal(&killed)).unwrap();

    let store = SqliteStore::open(&killed).unwrap();
    assert_eq!(texts(&read(&store, &user).await), ["before"]);
    say(&store, &user, "after").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exam_on_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(folder.path().join("coach.db")).unwrap());
    conformance::run(store.clone()).await.assert_passed();
    conformance::run(store).await.assert_passed();
    ran("exam");
}

#[tokio::test]
async fn every_statement_goes_by_a_key() {
    let plans = SqliteStore::in_memory().unwrap().query_plans().await.unwrap();
    for (name, plan) in &plans {
        assert!(!plan.contains("SCAN ") || plan == "SCAN CONSTANT ROW", "{name}: {plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{name}: {plan}");
        for step in plan.lines().filter(|step| step.starts_with("SEARCH")) {
            assert!(step.contains("PRIMARY KEY (") || step.contains("INDEX "), "{name}: {plan}");
            assert!(step.contains("user=?") || step.contains("(rowid=?)"), "{name} does not lead with the user: {plan}");
        }
    }
    assert!(plans.iter().filter(|(_, plan)| plan.contains("SEARCH")).count() > 20);
}

#[tokio::test]
async fn a_file_opened_again_has_everything() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("with space?#%.db");
    let user = UserId::new("u");
    let store = SqliteStore::open(&path).unwrap();
    for n in 0..20 {
        say(&store, &user, &format!("word {n}")).await.unwrap();
    }
    let before = read(&store, &user).await;
    drop(store);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "a log was left behind");
    assert_eq!(read(&SqliteStore::open(&path).unwrap(), &user).await, before);
}

#[tokio::test]
async fn what_was_handed_over_is_written_although_the_caller_has_gone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("coach.db");
    let user = UserId::new("u");
    let store = SqliteStore::open(&path).unwrap();
    let change = Change { expected: 0, next: 5, writes: vec![Write::Message(message("m", 1, "word"))] };
    tokio::select! {
        biased;
        _ = store.commit(&user, &change) => panic!("it was polled once"),
        () = std::future::ready(()) => drop(store),
    }
    assert_eq!(read(&SqliteStore::open(&path).unwrap(), &user).await.messages.len(), 1);
}

#[test]
fn a_file_that_is_not_ours_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let database = |sql: &str| {
        for name in ["file", "file-wal", "file-shm"] {
            let _ = fs::remove_file(folder.path().join(name));
        }
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    };
    let refused = |kind: ErrorKind| {
        let bytes = || (fs::read(&path).unwrap(), fs::read(folder.path().join("file-wal")).unwrap_or_default());
        let before = bytes();
        let error = SqliteStore::open(&path).unwrap_err();
        assert_eq!(error.kind(), kind);
        assert!(!format!("{error} {error:?}").contains(folder.path().to_str().unwrap()), "the error tells the path");
        assert!(bytes() == before, "the file was touched");
    };
    database("CREATE TABLE theirs (x)");
    refused(ErrorKind::StorageDamaged);
    database("PRAGMA journal_mode = WAL; CREATE TABLE theirs (x)");
    refused(ErrorKind::StorageDamaged);
    // As a crash leaves it: what was written last is in the log only.
    let theirs = Connection::open(&path).unwrap();
    theirs.execute_batch("INSERT INTO theirs VALUES (1)").unwrap();
    let (file, log) = (fs::read(&path).unwrap(), fs::read(folder.path().join("file-wal")).unwrap());
    drop(theirs);
    fs::write(&path, file).unwrap();
    fs::write(folder.path().join("file-wal"), log).unwrap();
    refused(ErrorKind::StorageDamaged);
    database("PRAGMA application_id = 7");
    refused(ErrorKind::StorageDamaged);
    database("PRAGMA user_version = 1");
    refused(ErrorKind::StorageDamaged);
    fs::write(&path, "Dear diary, this is no database. ".repeat(200)).unwrap();
    refused(ErrorKind::StorageDamaged);
    fs::write(&path, "short").unwrap();
    refused(ErrorKind::StorageDamaged);
    fs::remove_file(&path).unwrap();
    drop(SqliteStore::open(&path).unwrap());
    Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 2").unwrap();
    refused(ErrorKind::StorageNewer);
}

#[test]
fn a_path_that_leads_nowhere_is_unavailable() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(SqliteStore::open(folder.path()).unwrap_err().kind(), ErrorKind::StorageUnavailable);
    assert_eq!(SqliteStore::open(folder.path().join("no/such")).unwrap_err().kind(), ErrorKind::StorageUnavailable);
    assert_eq!(SqliteStore::open("").unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("coach.db");
    let user = UserId::new("u");
    let store = SqliteStore::open(&path).unwrap();
    say(&store, &user, "word").await.unwrap();
    Connection::open(&path).unwrap().execute_batch("UPDATE account SET profile = '{\"name\": secret'").unwrap();
    let error = store.account(&user).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StorageDamaged);
    assert!(!format!("{error} {error:?}").contains("secret"));
}

#[tokio::test]
async fn a_lock_that_stays_is_unavailable_and_one_that_goes_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("coach.db");
    let user = UserId::new("u");
    let impatient = SqliteStore::open_with_wait(&path, SOON).unwrap();
    let patient = SqliteStore::open(&path).unwrap();
    say(&impatient, &user, "one").await.unwrap();

    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(say(&impatient, &user, "two").await.unwrap_err().kind(), ErrorKind::StorageUnavailable);
    assert_eq!(impatient.forget(&user).await.unwrap_err().kind(), ErrorKind::StorageUnavailable);
    assert_eq!(read(&impatient, &user).await.messages.len(), 1, "reading needs no lock");

    let (said, ()) = tokio::join!(say(&patient, &user, "three"), async {
        tokio::time::sleep(SOON).await;
        other.execute_batch("ROLLBACK").unwrap();
    });
    said.unwrap();
    say(&impatient, &user, "four").await.unwrap();
    assert_eq!(texts(&read(&patient, &user).await), ["one", "three", "four"]);
}

#[tokio::test]
async fn a_full_disk_is_said_to_be_full_and_nothing_is_half_written() {
    let folder = tempfile::tempdir().unwrap();
    let users = ["large", "huge", "small"].map(UserId::new);
    let [large, huge, small] = &users;
    for store in [SqliteStore::open(folder.path().join("coach.db")).unwrap(), SqliteStore::in_memory().unwrap()] {
        for user in &users {
            say(&store, user, "before").await.unwrap();
        }
        store.limit_pages(Some(1)).await.unwrap();
        let long = ["long ".repeat(1 << 12), "long ".repeat(1 << 18)];
        // Waiting together, so that the one that fits shares a transaction with those that do not.
        let said = tokio::join!(say(&store, large, &long[0]), say(&store, huge, &long[1]), say(&store, small, "fits"));
        assert_eq!(said.0.unwrap_err().kind(), ErrorKind::StorageFull);
        assert_eq!(said.1.unwrap_err().kind(), ErrorKind::StorageFull);
        said.2.unwrap();
        assert_eq!(texts(&read(&store, large).await), ["before"]);
        assert_eq!(texts(&read(&store, small).await), ["before", "fits"]);
        store.limit_pages(None).await.unwrap();
        say(&store, huge, &long[1]).await.unwrap();
        assert_eq!(texts(&read(&store, huge).await), ["before", &long[1]]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_spoils_a_group_spoils_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("coach.db")).unwrap();
    let tasks: Vec<_> = (0..400)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move {
                // Every tenth gives the same message twice, and every seventh decides on a version that never was.
                let user = UserId::new(format!("user {n}"));
                let mut writes = vec![Write::Message(message("m", 1, "word"))];
                if n % 10 == 0 {
                    writes.push(Write::Message(message("m", 2, "word")));
                }
                let answer = store.commit(&user, &Change { expected: u64::from(n % 7 == 0), next: 5, writes }).await;
                (n, answer.map_err(|error| error.kind()), store.account(&user).await.unwrap().is_some())
            })
        })
        .collect();
    for task in tasks {
        let (n, answer, there) = task.await.unwrap();
        let expected = match n {
            n if n % 7 == 0 => Err(ErrorKind::NotFound),
            n if n % 10 == 0 => Err(ErrorKind::Conflict),
            _ => Ok(()),
        };
        assert_eq!((answer, there), (expected, expected.is_ok()), "{n}");
    }
}

/// Runs itself eight times over; each of them opens the same new file at once and says ten things.
#[tokio::test]
async fn several_processes_open_a_new_file_at_once_and_lose_nothing() {
    let user = UserId::new("u");
    if let Some(path) = env::var_os("STORE_OF_THE_FAMILY") {
        let store = SqliteStore::open(path).unwrap();
        for n in 0..10 {
            say(&store, &user, &format!("{n}")).await.unwrap();
        }
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("coach.db");
    let child = || {
        let name = "several_processes_open_a_new_file_at_once_and_lose_nothing";
        Command::new(env::current_exe().unwrap()).args(["--exact", name]).env("STORE_OF_THE_FAMILY", &path).spawn().unwrap()
    };
    for mut child in [(); 8].map(|()| child()) {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(read(&SqliteStore::open(&path).unwrap(), &user).await.messages.len(), 80);
}

/// Runs itself; the child says things and notes each that was acknowledged, until it is killed.
#[tokio::test]
async fn i10_what_was_acknowledged_outlives_a_kill() {
    let user = UserId::new("u");
    if let Some(folder) = env::var_os("STORE_TO_BE_KILLED") {
        let store = SqliteStore::open(Path::new(&folder).join("coach.db")).unwrap();
        for n in 1.. {
            say(&store, &user, &format!("{n}")).await.unwrap();
            fs::write(Path::new(&folder).join("acknowledged"), format!("{n:09}")).unwrap();
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let name = "i10_what_was_acknowledged_outlives_a_kill";
    let mut child = Command::new(env::current_exe().unwrap());
    let mut child = child.args(["--exact", name]).env("STORE_TO_BE_KILLED", folder.path()).spawn().unwrap();
    let acknowledged = || fs::read_to_string(folder.path().join("acknowledged")).ok()?.parse::<usize>().ok();
    while acknowledged().is_none_or(|count| count < 40) {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // The last note may have been cut off by the kill.
    let count = acknowledged().unwrap_or(40);
    let store = SqliteStore::open(folder.path().join("coach.db")).unwrap();
    let said = read(&store, &user).await.messages.len();
    assert!(said >= count, "{said} of {count}");
    say(&store, &user, "and on").await.unwrap();
}

#[test]
fn a_new_file_is_opened_by_all_who_come_at_once() {
    let folder = tempfile::tempdir().unwrap();
    for file in 0..10 {
        let (path, start) = (folder.path().join(format!("{file}.db")), Barrier::new(8));
        thread::scope(|scope| {
            let open = || {
                start.wait();
                SqliteStore::open(&path).map(drop)
            };
            let all: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
            all.into_iter().for_each(|one| one.join().unwrap().unwrap());
        });
    }
}

#[tokio::test]
async fn a_hundred_turns_are_small() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("coach.db");
    let store = SqliteStore::open(&path).unwrap();
    let user = UserId::new("0b6ccb62-6ac4-4a0c-9a5e-1f2a8d8f4c11");
    for turn in 0..100 {
        take_turn(&store, &user, turn).await;
    }
    drop(store);
    let size = fs::metadata(&path).unwrap().len();
    assert!(size <= 120_000, "{size} bytes");
}

/// `secure_delete` alone is not enough: of rows that SQLite has moved between pages, copies are left behind.
#[tokio::test(flavor = "multi_thread")]
async fn i10_nothing_of_a_forgotten_user_is_left_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("coach.db");
    let store = SqliteStore::open(&path).unwrap();
    let users: Vec<_> = (0..8).map(|n| UserId::new(format!("person{n}person"))).collect();
    let mut random = 1_u64;
    for _ in 0..400 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (n, length) = ((random >> 33) as usize % 8, (random >> 40) as usize % 250);
        let word = format!("secret{n}secret ").repeat(1 + length);
        say(&store, &users[n], &word).await.unwrap();
        let account = store.account(&users[n]).await.unwrap().unwrap();
        let profile = Profile { summary: Some(word), ..account.profile };
        let change = Change { expected: account.version, next: account.version + 1, writes: vec![Write::Profile(profile)] };
        store.commit(&users[n], &change).await.unwrap();
    }
    let others = [read(&store, &users[6]).await, read(&store, &users[7]).await];
    let mut gone = Vec::new();
    for (n, user) in users.iter().enumerate().take(6) {
        store.forget(user).await.unwrap();
        gone.extend([format!("secret{n}secret"), format!("person{n}person")]);
        assert_eq!(traces(folder.path(), &gone), Vec::<String>::new());
    }
    assert_eq!([read(&store, &users[6]).await, read(&store, &users[7]).await], others);
    assert_eq!(traces(folder.path(), &["secret6secret".into(), "secret7secret".into()]).len(), 2);
    ran("forget");
}

#[tokio::test]
async fn i10_a_reader_that_keeps_the_traces_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("coach.db");
    let store = SqliteStore::open_with_wait(&path, SOON).unwrap();
    let user = UserId::new("u");
    say(&store, &user, "secret0secret").await.unwrap();
    let reader = Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    reader.query_row("SELECT count(*) FROM message", [], |_| Ok(())).unwrap();

    let error = store.forget(&user).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StorageUnavailable);
    assert!(error.to_string().contains("traces may remain"), "{error}");
    assert_eq!(store.account(&user).await.unwrap(), None);

    reader.execute_batch("ROLLBACK").unwrap();
    store.forget(&user).await.unwrap();
    assert_eq!(traces(folder.path(), &["secret0secret".into()]), Vec::<String>::new());
}

#[tokio::test]
async fn a_removed_thread_leaves_no_words_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("coach.db")).unwrap();
    let user = UserId::new("u");
    say(&store, &user, "secret0secret").await.unwrap();
    let expected = store.account(&user).await.unwrap().unwrap().version;
    let writes = vec![Write::RemoveThread(ThreadId::General)];
    store.commit(&user, &Change { expected, next: expected + 1, writes }).await.unwrap();
    assert_eq!(traces(folder.path(), &["secret0secret".into()]), Vec::<String>::new());
}

/// A store that is wrong in one way.
#[derive(Debug, Clone)]
struct Wrong(SqliteStore, Fault);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    IgnoresTheVersion,
    ShowsOtherThreads,
    LosesAMessage,
    ForgetsHalf,
    KeepsTheConsent,
    Panics,
}

#[async_trait]
impl ActionStore for Wrong {
    async fn account(&self, user: &UserId) -> Result<Option<Account>> {
        assert_ne!(self.1, Fault::Panics, "on purpose");
        self.0.account(user).await
    }

    async fn actions(&self, user: &UserId) -> Result<Vec<ActionRecord>> {
        self.0.actions(user).await
    }

    async fn conversation(&self, user: &UserId, thread: &ThreadId, page: &Page) -> Result<Option<Conversation>> {
        let mut read = self.0.conversation(user, thread, page).await?;
        if let (Fault::ShowsOtherThreads, Some(read), ThreadId::General) = (self.1, &mut read, thread) {
            for record in self.0.actions(user).await? {
                let other = self.0.conversation(user, &ThreadId::Debrief(record.action.id), page).await?;
                read.messages.extend(other.map(|other| other.messages).unwrap_or_default());
            }
        }
        Ok(read)
    }

    async fn extractions(&self, user: &UserId, thread: Option<&ThreadId>) -> Result<Vec<Extraction>> {
        self.0.extractions(user, thread).await
    }

    async fn attempts(&self, user: &UserId, from: Timestamp, until: Timestamp) -> Result<Vec<Attempt>> {
        self.0.attempts(user, from, until).await
    }

    async fn changes(&self, user: &UserId, after: u64, limit: u32) -> Result<Vec<ProfileChange>> {
        self.0.changes(user, after, limit).await
    }

    async fn commit(&self, user: &UserId, change: &Change) -> Result<()> {
        let mut change = change.clone();
        match self.1 {
            Fault::IgnoresTheVersion if change.expected != 0 => {
                change.expected = self.0.account(user).await?.map_or(change.expected, |account| account.version);
            }
            Fault::LosesAMessage => change.writes.retain(|write| !matches!(write, Write::Message(message) if message.seq == 3)),
            Fault::KeepsTheConsent => change.writes.retain(|write| !matches!(write, Write::Consent(None))),
            _ => {}
        }
        self.0.commit(user, &change).await
    }

    async fn forget(&self, user: &UserId) -> Result<()> {
        let Some(account) = self.0.account(user).await?.filter(|_| self.1 == Fault::ForgetsHalf) else {
            return self.0.forget(user).await;
        };
        let writes = self.0.actions(user).await?.into_iter().map(|record| Write::RemoveAction(record.action.id)).collect();
        self.0.commit(user, &Change { expected: account.version, next: account.version + 1, writes }).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_exam_names_what_is_wrong() {
    let cases: [(Fault, &[&str]); 6] = [
        (Fault::IgnoresTheVersion, &["a_stale_version_writes_nothing", "i5_no_commit_is_lost"]),
        (Fault::ShowsOtherThreads, &["i1_no_thread_shows_another", "i1_writing_to_one_thread_changes_no_other"]),
        (Fault::LosesAMessage, &["pages_are_cut_from_the_end"]),
        (Fault::ForgetsHalf, &["i10_forget_leaves_nothing", "i10_nothing_comes_back_after_forget"]),
        (Fault::Panics, &["nothing_comes_back_as_nothing"]),
        (Fault::KeepsTheConsent, &["what_is_put_replaces"]),
    ];
    let exams = cases.map(|(fault, names)| {
        tokio::spawn(async move {
            let report = conformance::run(Arc::new(Wrong(SqliteStore::in_memory().unwrap(), fault))).await;
            let failed: Vec<_> = report.failed().map(|outcome| outcome.name).collect();
            assert!(!report.passed() && names.iter().all(|name| failed.contains(name)), "{fault:?} should fail {names:?}:\n{report}");
            assert!(names.iter().all(|name| report.to_string().contains(name)));
            assert!(fault != Fault::KeepsTheConsent || failed == names, "{report}");
        })
    });
    for exam in exams {
        exam.await.unwrap();
    }
}

/// Which of the words are anywhere in the files of the folder.
fn traces(folder: &Path, words: &[String]) -> Vec<String> {
    let files: Vec<_> = fs::read_dir(folder).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap()).collect();
    let found = |word: &&String| files.iter().any(|bytes| bytes.windows(word.len()).any(|window| window == word.as_bytes()));
    words.iter().filter(found).cloned().collect()
}

/// Says it in the general chat, as often as others are faster.
async fn say(store: &SqliteStore, user: &UserId, text: &str) -> Result<()> {
    let id = RandomIds.next_text();
    loop {
        let read = store.conversation(user, &ThreadId::General, &Page::newest(1)).await?;
        let expected = read.as_ref().map_or(0, |read| read.account.version);
        let seq = read.and_then(|read| read.messages.last().map(|last| last.seq)).unwrap_or(0) + 1;
        let writes = vec![Write::Message(message(&id, seq, text))];
        match store.commit(user, &Change { expected, next: expected.max(40) + 1, writes }).await {
            Err(error) if error.kind() == ErrorKind::Conflict => tokio::task::yield_now().await,
            done => return done,
        }
    }
}

async fn read(store: &SqliteStore, user: &UserId) -> Conversation {
    store.conversation(user, &ThreadId::General, &Page::newest(1000)).await.unwrap().unwrap()
}

fn texts(read: &Conversation) -> Vec<&str> {
    read.messages.iter().map(|message| message.text.as_str()).collect()
}

fn message(id: &str, seq: u64, text: &str) -> Message {
    Message {
        id: id.into(),
        thread: ThreadId::General,
        seq,
        round: 1,
        role: Role::User,
        provenance: Provenance::Typed,
        text: text.into(),
        choice: None,
        choices: Vec::new(),
        author: None,
        at: Timestamp::from_millis(1_790_000_000_000),
    }
}

/// One turn as the coach takes it: two commits, two messages of a usual length, an attempt and the thread's state.
async fn take_turn(store: &SqliteStore, user: &UserId, turn: u64) {
    let at = |offset: i64| Timestamp::from_millis(1_790_000_000_000 + turn as i64 * 60_000 + offset);
    let (expected, seq) = (if turn == 0 { 0 } else { 40 + 2 * turn }, 2 * turn + 1);
    let attempt = Attempt {
        id: RandomIds.next_text().into(),
        operation: Operation::Reply,
        provider: "anthropic".into(),
        model: "claude-sonnet-4-5-20250929".into(),
        place: ModelPlace::Remote,
        instance: format!("{:032x}", 7),
        started_at: at(0),
        lease_until: at(130_000),
        ended_at: None,
        status: AttemptStatus::Running,
        usage: Usage::default(),
        error: None,
    };
    let live = Live { attempt: attempt.id.clone(), until: attempt.lease_until };
    let state = ThreadState { next_seq: seq + 1, round: 1, live: Some(live), waiting: 1, ..ThreadState::new(ThreadId::General) };
    let said = "I got the parser to work, but the tests took me twice as long as I had planned.";
    let said = Message { at: at(0), ..message(&RandomIds.next_text(), seq, said) };
    let writes = vec![Write::Message(said), Write::Attempt(attempt.clone()), Write::Thread(state.clone())];
    store.commit(user, &Change { expected, next: 41 + 2 * turn, writes }).await.unwrap();

    let author = Author { provider: attempt.provider.clone(), model: attempt.model.clone(), place: attempt.place };
    let reply = "It sounds as if the tests taught you more than the parser did. Twice as long is a lot, and you stayed with it. \
                 When you look back at the second week, what would you do differently so that the next one takes as long as you plan?";
    let reply = Message { role: Role::Assistant, provenance: Provenance::Coach, author: Some(author), ..message("", seq + 1, reply) };
    let usage = Usage { requests: 1, input_tokens: 2_412, output_tokens: 83, cache_read_tokens: 1_900, cache_write_tokens: 211 };
    let writes = vec![
        Write::Message(Message { id: RandomIds.next_text().into(), at: at(4_000), ..reply }),
        Write::Attempt(Attempt { ended_at: Some(at(4_000)), status: AttemptStatus::Done, usage, ..attempt }),
        Write::Thread(ThreadState { next_seq: seq + 2, live: None, waiting: 0, ..state }),
    ];
    store.commit(user, &Change { expected: 41 + 2 * turn, next: 42 + 2 * turn, writes }).await.unwrap();
}

#[tokio::test]
async fn the_exam_on_a_thread_that_may_block() {
    let folder = tempfile::tempdir().unwrap();
    let _here = SqliteStore::block_here();
    conformance::run(Arc::new(SqliteStore::open(folder.path().join("a.db")).unwrap())).await.assert_passed();
}

/// Each says one thing after the other, half of them by themselves and half by the store's threads.
#[test]
fn threads_that_may_block_and_others_lose_nothing_of_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("a.db")).unwrap();
    thread::scope(|scope| {
        for number in 0..8 {
            let store = &store;
            scope.spawn(move || {
                let here = (number % 2 == 0).then(SqliteStore::block_here);
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                for said in 0..40 {
                    runtime.block_on(say(store, &UserId::new(format!("u{number}-{said}")), "hello")).unwrap();
                }
                drop(here);
            });
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for number in 0..8 {
        for said in 0..40 {
            let user = UserId::new(format!("u{number}-{said}"));
            assert!(runtime.block_on(store.account(&user)).unwrap().is_some());
        }
    }
}

#[tokio::test]
async fn a_store_used_on_a_thread_that_may_block_leaves_one_file_behind() {
    for _ in 0..60 {
        let folder = tempfile::tempdir().unwrap();
        {
            let _here = SqliteStore::block_here();
            let store = SqliteStore::open(folder.path().join("a.db")).unwrap();
            assert!(store.account(&UserId::new("ana")).await.unwrap().is_none());
            let change = Change { expected: 0, next: 1, writes: vec![Write::Profile(Profile::default())] };
            store.commit(&UserId::new("ana"), &change).await.unwrap();
        }
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["a.db"]);
    }
}

#[test]
fn a_thread_that_may_block_waits_for_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("a.db")).unwrap();
    let (user, mut context) = (UserId::new("ana"), std::task::Context::from_waker(std::task::Waker::noop()));
    let _here = SqliteStore::block_here();
    drop(SqliteStore::block_here());
    let change = Change { expected: 0, next: 1, writes: vec![Write::Profile(Profile::default())] };
    assert!(std::pin::pin!(store.commit(&user, &change)).poll(&mut context).is_ready());
    let Poll::Ready(Ok(Some(account))) = std::pin::pin!(store.account(&user)).poll(&mut context) else { panic!("it was handed over") };
    assert_eq!(account.version, 1);
}
