//! Faults from outside: each has its typed error, loses nothing that was acknowledged, leaves nothing half-written, and ends.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use completion_coach::testing::{Act, ManualClock, ScriptedModel, SeededIds};
use completion_coach::{
    ActionStore, AllowanceRates, Change, Clock, CompletionCoach, Debrief, Error, ErrorKind, Ids, Message, NewAction, NewMessage, Page,
    Provenance, RandomIds, Rate, Result, Role, SqliteStore, ThreadId, ThreadState, Timestamp, UserId, Write,
};
use rusqlite::Connection;
use tempfile::TempDir;

const SOON: Duration = Duration::from_millis(60);

/// A database with some words of Ada's, and where it is.
struct Place {
    folder: TempDir,
    path: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        Self { path: folder.path().join("debrief.db"), folder }
    }

    async fn settled() -> Self {
        let place = Self::new();
        say(&place.open(), "ada", "before").await.expect("it is said");
        place
    }

    fn open(&self) -> SqliteStore {
        self.try_open().expect("it opens")
    }

    fn try_open(&self) -> Result<SqliteStore> {
        SqliteStore::open_with_wait(&self.path, SOON)
    }

    fn refused(&self, kind: ErrorKind) {
        let error = self.try_open().expect_err("it must be refused");
        self.is(kind, &error);
    }

    /// The error is of this kind, says what to do, and tells neither a path nor what anybody wrote.
    fn is(&self, kind: ErrorKind, error: &Error) {
        assert_eq!(error.kind(), kind, "{error}");
        let told = format!("{error} {error:?}");
        assert!(told.contains("; "), "what to do is not said: {told}");
        for secret in [self.folder.path().to_str().expect("a path"), "debrief.db", "before", "secret"] {
            assert!(!told.contains(secret), "{told}");
        }
    }
}

/// Says it in the general chat, as often as others are faster.
async fn say(store: &SqliteStore, user: &str, text: &str) -> Result<()> {
    let (user, id) = (UserId::from(user), RandomIds.next_text());
    loop {
        let read = store.conversation(&user, &ThreadId::General, &Page::newest(1)).await?;
        let expected = read.as_ref().map_or(0, |read| read.account.version);
        let seq = read.and_then(|read| read.messages.last().map(|last| last.seq)).unwrap_or(0) + 1;
        let state = ThreadState { next_seq: seq + 1, ..ThreadState::new(ThreadId::General) };
        let writes = vec![Write::Message(message(&id, &ThreadId::General, seq, text)), Write::Thread(state)];
        match store.commit(&user, &Change { expected, next: expected.max(40) + 1, writes }).await {
            Err(error) if error.kind() == ErrorKind::Conflict => tokio::task::yield_now().await,
            done => return done,
        }
    }
}

fn message(id: &str, thread: &ThreadId, seq: u64, text: &str) -> Message {
    Message {
        id: id.into(),
        thread: thread.clone(),
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

/// What the user said, and that nothing of it is half-written: the state knows exactly these messages.
async fn said(store: &SqliteStore, user: &str) -> Result<Vec<String>> {
    let read = store.conversation(&user.into(), &ThreadId::General, &Page::newest(10_000)).await?.expect("there is a user");
    let next = read.state.map_or(1, |state| state.next_seq);
    assert_eq!(read.messages.iter().map(|message| message.seq).collect::<Vec<_>>(), (1..next).collect::<Vec<_>>());
    Ok(read.messages.into_iter().map(|message| message.text).collect())
}

fn kind<T: std::fmt::Debug>(result: Result<T>) -> ErrorKind {
    result.expect_err("it must not succeed").kind()
}

fn run(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

/// Something that cannot be written to until this is dropped, whoever runs the test.
struct ReadOnly(PathBuf, &'static str);

impl ReadOnly {
    fn new(path: &Path) -> Self {
        let name = path.to_str().expect("a name");
        let how = if writable(path, || set_mode(path, true)) && writable(path, || assert!(run("chattr", &["+i", name]), "{WHY}")) {
            panic!("{WHY}")
        } else if run("lsattr", &["-d", name]) && lsattr(name).contains('i') {
            "chattr"
        } else {
            "mode"
        };
        Self(path.to_owned(), how)
    }
}

const WHY: &str = "nothing can be made read-only here: run this as an ordinary user, or as root where `chattr +i` works";

fn writable(path: &Path, change: impl FnOnce()) -> bool {
    change();
    if path.is_dir() {
        let probe = path.join("probe");
        let made = fs::write(&probe, "").is_ok();
        if made {
            fs::remove_file(probe).expect("it was just made");
        }
        made
    } else {
        fs::OpenOptions::new().append(true).open(path).is_ok()
    }
}

fn set_mode(path: &Path, read_only: bool) {
    let mut permissions = fs::metadata(path).expect("it is there").permissions();
    permissions.set_readonly(read_only);
    fs::set_permissions(path, permissions).expect("it is ours");
}

fn lsattr(name: &str) -> String {
    let output = Command::new("lsattr").args(["-d", name]).output().expect("it runs");
    String::from_utf8_lossy(&output.stdout).split(' ').next().unwrap_or_default().to_owned()
}

impl Drop for ReadOnly {
    #[expect(clippy::permissions_set_readonly_false, reason = "it was writable for those who may")]
    fn drop(&mut self) {
        if self.1 == "chattr" {
            run("chattr", &["-i", self.0.to_str().unwrap_or_default()]);
        }
        if let Ok(metadata) = fs::metadata(&self.0) {
            let mut permissions = metadata.permissions();
            permissions.set_readonly(false);
            let _ = fs::set_permissions(&self.0, permissions);
        }
    }
}

#[tokio::test]
async fn a_file_that_is_not_ours_is_refused_and_the_right_one_in_its_place_works() {
    let place = Place::settled().await;
    let ours = fs::read(&place.path).expect("it is there");
    let put = |bytes: &[u8]| fs::write(&place.path, bytes).expect("it is written");
    let patched = |sql: &str| {
        put(&ours);
        Connection::open(&place.path).expect("it opens").execute_batch(sql).expect("it runs");
    };
    put("This is a secret diary and no database. ".repeat(300).as_bytes());
    place.refused(ErrorKind::StorageDamaged);
    put(b"short");
    place.refused(ErrorKind::StorageDamaged);
    patched("PRAGMA user_version = 9");
    place.refused(ErrorKind::StorageNewer);
    patched("PRAGMA application_id = 9");
    place.refused(ErrorKind::StorageDamaged);
    patched("PRAGMA application_id = 0; PRAGMA user_version = 0");
    place.refused(ErrorKind::StorageDamaged);
    put(&ours);
    assert_eq!(said(&place.open(), "ada").await.expect("it is read"), ["before"]);
    assert_eq!(fs::read_dir(place.folder.path()).expect("a folder").count(), 1, "nothing is left of those who were refused");
}

#[tokio::test]
async fn a_read_only_file_can_be_read_and_says_that_it_cannot_be_written() {
    let place = Place::settled().await;
    let locked = ReadOnly::new(&place.path);
    match place.try_open() {
        Ok(store) => {
            assert_eq!(said(&store, "ada").await.expect("it is read"), ["before"]);
            place.is(ErrorKind::StorageUnavailable, &say(&store, "ada", "secret").await.expect_err("it cannot be written"));
            place.is(ErrorKind::StorageUnavailable, &store.forget(&"ada".into()).await.expect_err("it cannot be written"));
            assert_eq!(said(&store, "ada").await.expect("it is read"), ["before"]);
        }
        Err(error) => place.is(ErrorKind::StorageUnavailable, &error),
    }
    drop(locked);
    let store = place.open();
    say(&store, "ada", "after").await.expect("the fault is gone");
    assert_eq!(said(&store, "ada").await.expect("it is read"), ["before", "after"]);
}

#[tokio::test]
async fn a_file_that_becomes_read_only_while_it_is_open_works_again_on_the_same_handle() {
    let place = Place::settled().await;
    let store = place.open();
    let locked = ReadOnly::new(&place.path);
    // Whatever is acknowledged must be there, although the log cannot be moved into the file.
    let mut expected = vec!["before".to_owned()];
    for n in 0..50 {
        match say(&store, "ada", &format!("{n}")).await {
            Ok(()) => expected.push(format!("{n}")),
            Err(error) => place.is(ErrorKind::StorageUnavailable, &error),
        }
    }
    assert_eq!(said(&store, "ada").await.expect("it is read"), expected);
    drop(locked);
    say(&store, "ada", "after").await.expect("the fault is gone");
    expected.push("after".into());
    drop(store);
    assert_eq!(said(&place.open(), "ada").await.expect("it is read"), expected);
}

#[tokio::test]
async fn a_read_only_folder_is_unavailable_and_the_hint_of_life_is_not_needed() {
    let place = Place::settled().await;
    let locked = ReadOnly::new(place.folder.path());
    match place.try_open() {
        Ok(store) => place.is(ErrorKind::StorageUnavailable, &say(&store, "ada", "secret").await.expect_err("it has no log")),
        Err(error) => place.is(ErrorKind::StorageUnavailable, &error),
    }
    let new = SqliteStore::open(place.folder.path().join("new.db")).expect_err("it cannot be made");
    place.is(ErrorKind::StorageUnavailable, &new);
    drop(locked);
    let first = place.open();
    // SQLite's own files are there now; only a sign of life cannot be made.
    let locked = ReadOnly::new(place.folder.path());
    let second = place.open();
    say(&second, "ada", "without a sign").await.expect("it is only a hint");
    drop(locked);
    say(&first, "ada", "after").await.expect("the fault is gone");
    assert_eq!(said(&second, "ada").await.expect("it is read"), ["before", "without a sign", "after"]);
}

/// A small file system in memory, until this is dropped.
#[cfg(target_os = "linux")]
struct SmallDisk(TempDir);

#[cfg(target_os = "linux")]
impl SmallDisk {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let mounted = run("mount", &["-t", "tmpfs", "-o", "size=768k", "tmpfs", folder.path().to_str().expect("a name")]);
        assert!(mounted, "a small disk cannot be mounted here; run this test as root, or in `unshare --map-root-user --mount`");
        Self(folder)
    }
}

#[cfg(target_os = "linux")]
impl Drop for SmallDisk {
    fn drop(&mut self) {
        run("umount", &["--lazy", self.0.path().to_str().unwrap_or_default()]);
    }
}

/// Runs itself in a name space of its own where an ordinary user may mount.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_is_said_to_be_full_and_works_again_on_the_same_handle() {
    const NAME: &str = "a_full_disk_is_said_to_be_full_and_works_again_on_the_same_handle";
    if std::env::var_os("IN_A_NAME_SPACE").is_none() && !run("mount", &["--bind", "/proc", "/proc", "--fake"]) {
        let test = std::env::current_exe().expect("a test");
        let mut child = Command::new("unshare");
        child.args(["--map-root-user", "--mount"]).arg(test).args(["--exact", NAME]).env("IN_A_NAME_SPACE", "yes");
        assert!(child.status().expect("`unshare` runs, or this is run as root").success());
        return;
    }
    let disk = SmallDisk::new();
    let path = disk.0.path().join("debrief.db");
    let store = SqliteStore::open(&path).expect("it opens");
    let mut expected = Vec::new();
    for user in ["ada", "eve"] {
        say(&store, user, "before").await.expect("there is room");
    }
    expected.push("before".to_owned());
    let filler = disk.0.path().join("filler");
    let mut full = 0;
    for round in 0..3 {
        // All the room that is left, to the last page.
        let mut file = fs::File::create(&filler).expect("a file");
        while std::io::Write::write_all(&mut file, &[7; 4096]).is_ok() {}
        for n in 0..20 {
            let text = format!("{round} {n} {}", "long ".repeat(1_000));
            match say(&store, "ada", &text).await {
                Ok(()) => expected.push(text),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::StorageFull, "{error}");
                    full += 1;
                }
            }
            assert_eq!(said(&store, "ada").await.expect("it is read"), expected);
        }
        drop(file);
        fs::remove_file(&filler).expect("removed");
        say(&store, "ada", "room again").await.expect("the fault is gone");
        expected.push("room again".to_owned());
    }
    assert!(full > 20, "the disk was never full");
    assert_eq!(said(&store, "eve").await.expect("it is read"), ["before"]);
    drop(store);
    assert_eq!(said(&SqliteStore::open(&path).expect("it opens"), "ada").await.expect("it is read"), expected);
}

#[tokio::test]
async fn a_database_at_its_limit_is_full_and_works_again_on_the_same_handle() {
    let place = Place::settled().await;
    let store = place.open();
    store.limit_pages(Some(1)).await.expect("a limit");
    let mut expected = vec!["before".to_owned()];
    for n in 0..40 {
        let text = format!("{n} {}", "long ".repeat(100 * n));
        match say(&store, "ada", &text).await {
            Ok(()) => expected.push(text),
            Err(error) => place.is(ErrorKind::StorageFull, &error),
        }
    }
    assert_eq!(said(&store, "ada").await.expect("it is read"), expected);
    assert!(expected.len() < 40, "it was never full");
    store.limit_pages(None).await.expect("no limit");
    say(&store, "ada", "after").await.expect("the fault is gone");
    expected.push("after".to_owned());
    assert_eq!(said(&place.open(), "ada").await.expect("it is read"), expected);
}

/// Every page of the file but the first is damaged in turn. What can still be read is right.
#[tokio::test]
async fn a_damaged_page_is_damage_to_those_who_are_on_it_and_to_nobody_else() {
    let place = Place::new();
    let users = ["ada", "eve", "bob", "zoe"];
    let words = |user: &str| (0..40).map(|n| format!("{user} {n} {}", "word ".repeat(60))).collect::<Vec<_>>();
    {
        let store = place.open();
        for user in users {
            for text in words(user) {
                say(&store, user, &text).await.expect("it is said");
            }
        }
    }
    let sound = fs::read(&place.path).expect("it is there");
    let pages = sound.len() / 4096;
    let (mut damaged, mut whole) = (0, 0);
    for page in (1..pages).step_by(3) {
        let mut bytes = sound.clone();
        bytes[page * 4096..(page + 1) * 4096].fill(0xA5);
        fs::write(&place.path, bytes).expect("it is written");
        let store = match place.try_open() {
            Ok(store) => store,
            Err(error) => {
                place.is(ErrorKind::StorageDamaged, &error);
                continue;
            }
        };
        for user in users {
            match said(&store, user).await {
                Ok(all) => {
                    assert_eq!(all, words(user), "{user}, page {page}");
                    whole += 1;
                }
                Err(error) => {
                    place.is(ErrorKind::StorageDamaged, &error);
                    damaged += 1;
                }
            }
            match say(&store, user, "on a damaged page").await {
                Ok(()) => {
                    let newest = store.conversation(&user.into(), &ThreadId::General, &Page::newest(1)).await;
                    let newest = newest.expect("acknowledged").expect("there").messages;
                    assert_eq!(newest.first().map(|message| message.text.as_str()), Some("on a damaged page"));
                }
                Err(error) => place.is(ErrorKind::StorageDamaged, &error),
            }
        }
    }
    assert!(damaged > 0 && whole > damaged, "{damaged} damaged, {whole} whole");
    let _ = fs::remove_file(place.path.with_extension("db-wal"));
    fs::write(&place.path, sound).expect("restored from a copy");
    for user in users {
        assert_eq!(said(&place.open(), user).await.expect("it is read"), words(user));
    }
}

#[tokio::test]
async fn a_damaged_header_is_damage_and_a_restored_one_works() {
    let place = Place::settled().await;
    let sound = fs::read(&place.path).expect("it is there");
    // The name of the format, the size of a page, and the format of the schema.
    for (at, length) in [(0, 16), (16, 2), (0, 100), (44, 4)] {
        let mut bytes = sound.clone();
        bytes[at..at + length].fill(0xFF);
        fs::write(&place.path, bytes).expect("it is written");
        place.refused(ErrorKind::StorageDamaged);
    }
    // Cut short in the middle of a page.
    fs::write(&place.path, &sound[..5_000]).expect("it is written");
    if let Ok(store) = place.try_open() {
        assert_eq!(kind(said(&store, "ada").await), ErrorKind::StorageDamaged);
    }
    fs::write(&place.path, sound).expect("restored");
    assert_eq!(said(&place.open(), "ada").await.expect("it is read"), ["before"]);
}

#[tokio::test]
async fn a_corrupt_row_is_damage_where_it_is_and_nowhere_else() {
    let place = Place::new();
    let store = place.open();
    let coach = CompletionCoach::builder(store.clone(), ScriptedModel::default()).build().expect("a coach");
    for user in ["ada", "eve"] {
        for action in ["broken", "sound"] {
            begun(&coach, user, action).await.send("My words.").await.expect("a reply");
        }
    }
    let foreign = Connection::open(&place.path).expect("it opens");
    let of_ada = "user = (SELECT key FROM account WHERE account.user = 'ada')";
    let thread = format!("{of_ada} AND thread = (SELECT key FROM thread WHERE thread.{of_ada} AND name = 'debrief:broken')");
    let breaks = [
        ("thread", format!("UPDATE thread SET state = '{{\"secret\": ' WHERE {of_ada} AND name = 'debrief:broken'")),
        ("thread", format!("UPDATE thread SET state = '[\"secret\"]' WHERE {of_ada} AND name = 'debrief:broken'")),
        ("message", format!("UPDATE message SET role = 'secret' WHERE {thread}")),
        ("message", format!("UPDATE message SET choices = 'secret' WHERE {thread}")),
        ("message", format!("UPDATE message SET round = -1 WHERE {thread}")),
        ("message", format!("UPDATE message SET text = CAST(X'FF' AS TEXT) WHERE {thread}")),
        ("action", format!("UPDATE action SET record = '' WHERE {of_ada} AND id = 'broken'")),
    ];
    for (table, broken) in breaks {
        let rows = format!("CREATE TEMP TABLE kept AS SELECT * FROM {table}; {broken}");
        foreign.execute_batch(&rows).expect("it is broken");
        let (ada, eve) = (coach.user("ada"), coach.user("eve"));
        let messages = ada.debrief("broken").messages(10, None).await;
        // What was said can be shown although something else of its debrief is damaged.
        let shown = if table == "message" { Err(messages.expect_err(&broken)) } else { Ok(messages.expect(&broken)) };
        for error in shown
            .err()
            .into_iter()
            .chain([ada.debrief("broken").send("More.").await.expect_err(&broken), ada.export().await.expect_err(&broken)])
        {
            place.is(ErrorKind::StorageDamaged, &error);
        }
        ada.debrief("sound").messages(10, None).await.expect("another thread");
        ada.chat().open().await.expect("another thread").reply().await.expect("a greeting");
        eve.export().await.expect("another user");
        eve.actions(None).await.expect("another user");
        foreign.execute_batch(&format!("REPLACE INTO {table} SELECT * FROM kept; DROP TABLE kept")).expect("it is mended");
        ada.export().await.expect("the fault is gone");
    }
    foreign.execute_batch(&format!("UPDATE thread SET state = 'secret' WHERE {of_ada}")).expect("it is broken");
    coach.user("ada").forget().await.expect("what is damaged can be forgotten");
    assert_eq!(kind(coach.user("ada").export().await), ErrorKind::NotFound);
    coach.user("eve").export().await.expect("another user");
}

#[tokio::test]
async fn a_locked_database_is_unavailable_until_it_is_unlocked() {
    let place = Place::settled().await;
    // Nobody else may even read.
    let foreign = Connection::open(&place.path).expect("it opens");
    foreign.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT").expect("it is locked");
    place.refused(ErrorKind::StorageUnavailable);
    drop(foreign);
    let store = place.open();
    let foreign = Connection::open(&place.path).expect("it opens");
    foreign.execute_batch("BEGIN EXCLUSIVE").expect("it is locked");
    place.is(ErrorKind::StorageUnavailable, &say(&store, "ada", "secret").await.expect_err("it is locked"));
    assert_eq!(said(&store, "ada").await.expect("reading needs no lock"), ["before"]);
    foreign.execute_batch("ROLLBACK").expect("it is unlocked");
    say(&store, "ada", "after").await.expect("the fault is gone");
    assert_eq!(said(&store, "ada").await.expect("it is read"), ["before", "after"]);
}

/// Where an open file cannot be deleted there is nothing to lose.
#[cfg(unix)]
#[tokio::test]
async fn a_vanished_file_is_said_and_nothing_is_acknowledged_into_it() {
    for whole_folder in [false, true] {
        let outer = TempDir::new().expect("a folder");
        let (here, away) = (outer.path().join("here"), outer.path().join("away"));
        fs::create_dir(&here).expect("a folder");
        let path = here.join("debrief.db");
        let store = SqliteStore::open_with_wait(&path, SOON).expect("it opens");
        say(&store, "ada", "before").await.expect("it is said");
        let vanish = |to: &Path| {
            if whole_folder {
                fs::rename(&here, to).expect("moved");
            } else {
                fs::create_dir(to).expect("a folder");
                for name in ["debrief.db", "debrief.db-wal", "debrief.db-shm"] {
                    fs::rename(here.join(name), to.join(name)).expect("moved");
                }
            }
        };
        let refuses = async || {
            for _ in 0..3 {
                let error = say(&store, "ada", "into nothing").await.expect_err("nothing would keep it");
                assert_eq!(error.kind(), ErrorKind::StorageUnavailable);
                assert!(error.to_string().contains("put it back"), "{error}");
                assert_eq!(kind(said(&store, "ada").await), ErrorKind::StorageUnavailable);
                assert_eq!(kind(store.forget(&"ada".into()).await), ErrorKind::StorageUnavailable);
            }
            assert!(!path.exists(), "a new file would hide that the old one is gone");
        };
        vanish(&away);
        refuses().await;
        // It is put back: the same handle goes on.
        if whole_folder {
            fs::rename(&away, &here).expect("moved");
        } else {
            for name in ["debrief.db", "debrief.db-wal", "debrief.db-shm"] {
                fs::rename(away.join(name), here.join(name)).expect("moved");
            }
            fs::remove_dir(&away).expect("removed");
        }
        say(&store, "ada", "after").await.expect("the fault is gone");
        assert_eq!(said(&store, "ada").await.expect("it is read"), ["before", "after"]);

        // It is deleted for good, and a copy takes its place.
        let copy = fs::read(&path).expect("it is there");
        let log = fs::read(here.join("debrief.db-wal")).expect("it is there");
        fs::remove_dir_all(&here).expect("deleted");
        refuses().await;
        fs::create_dir(&here).expect("a folder");
        fs::write(here.join("debrief.db-wal"), log).expect("restored");
        fs::write(&path, copy).expect("restored");
        say(&store, "ada", "from a copy").await.expect("the fault is gone");
        assert_eq!(said(&store, "ada").await.expect("it is read"), ["before", "after", "from a copy"]);
        drop(store);
        let again = SqliteStore::open(&path).expect("it opens");
        assert_eq!(said(&again, "ada").await.expect("it is read"), ["before", "after", "from a copy"]);
    }
}

/// A coach as in a process of its own: a store, a clock and ids of its own on the same file.
struct Process {
    coach: CompletionCoach,
    model: ScriptedModel,
    clock: ManualClock,
}

impl Process {
    fn new(place: &Place, seed: u64) -> Self {
        let (model, clock, often) = (ScriptedModel::default(), ManualClock::default(), Rate::new(6, 3));
        let builder = CompletionCoach::shared(Arc::new(place.open()), Arc::new(model.clone())).clock(clock.clone());
        let builder = builder.ids(SeededIds::new(seed)).allowance(AllowanceRates { turns: often, proposals: often });
        Self { coach: builder.build().expect("a coach"), model, clock }
    }

    fn debrief(&self) -> Debrief {
        self.coach.user("ada").debrief("a")
    }

    fn set_back(&self, by: Duration) {
        let earlier = self.clock.now().as_millis() - i64::try_from(by.as_millis()).expect("not so long");
        self.clock.set(Timestamp::from_millis(earlier));
    }
}

async fn begun(coach: &CompletionCoach, user: &str, action: &str) -> Debrief {
    coach.user(user).record_done(NewAction::new("build_tools", "A linter").id(action)).await.expect("it is recorded");
    let debrief = coach.user(user).debrief(action);
    debrief.open().await.expect("it opens").reply().await.expect("the guide asks");
    debrief
}

/// A turn whose model never answers.
async fn under_way(process: &Process, text: &str) -> completion_coach::Turn {
    process.model.play([Act::Hang]);
    let mut turn = process.debrief().stream(NewMessage::typed(text)).await.expect("a turn");
    assert!(tokio::time::timeout(Duration::from_millis(20), turn.next()).await.is_err());
    turn
}

#[tokio::test]
async fn a_clock_that_is_set_back_locks_nobody_out_and_keeps_the_order() {
    for back in [Duration::from_hours(1), Duration::from_hours(24 * 365 * 3)] {
        let place = Place::new();
        let (here, there) = (Process::new(&place, 1), Process::new(&place, 2));
        begun(&here.coach, "ada", "a").await;
        // The allowance is spent, and another process holds the thread, when the clocks are set back.
        here.debrief().send("It took me twice as long as I had planned.").await.expect("a reply");
        let turn = under_way(&there, "And the tests taught me more than the parser did.").await;
        here.set_back(back);
        there.set_back(back);
        let reply = here.debrief().resume().await.expect("no lease lasts for ever").reply().await.expect("a reply");
        drop(turn);
        assert_eq!(here.debrief().messages(50, None).await.expect("read").messages.last(), Some(&reply.message));
        here.clock.advance(Duration::from_mins(1));
        here.debrief().send("Three: I learned to write the tests first.").await.expect("the allowance fills up");
        here.debrief().propose().await.expect("a proposal");
        let messages = here.debrief().messages(50, None).await.expect("read").messages;
        let said: Vec<_> = messages.iter().filter(|message| message.role == Role::User).map(|message| message.text.as_str()).collect();
        assert_eq!(
            said,
            [
                "It took me twice as long as I had planned.",
                "And the tests taught me more than the parser did.",
                "Three: I learned to write the tests first."
            ]
        );
        assert!(messages.windows(2).all(|two| two[0].seq + 1 == two[1].seq));
    }
}

#[tokio::test]
async fn ten_minutes_between_the_clocks_of_two_processes_lose_nothing_and_store_nothing_twice() {
    let minutes = Duration::from_mins(10);
    // Its clock is behind: it waits, never longer than a lease at a time, and the other one's reply is stored.
    let place = Place::new();
    let (here, behind) = (Process::new(&place, 1), Process::new(&place, 2));
    behind.set_back(minutes);
    begun(&here.coach, "ada", "a").await;
    here.model.play([Act::Yield, Act::Say("What came of it in the end?".into())]);
    let turn = here.debrief().stream("It took me twice as long.").await.expect("a turn");
    let busy = behind.debrief().resume().await.expect_err("somebody is at work");
    assert_eq!(busy.kind(), ErrorKind::Busy);
    assert!(busy.retry_after().is_some_and(|wait| wait <= Duration::from_secs(130)));
    let reply = turn.reply().await.expect("a reply");
    assert_eq!(behind.debrief().resume().await.expect("free").reply().await.expect("the same").message, reply.message);
    // Nobody works on it any more, and it is free when the lease is over by its clock.
    drop(under_way(&here, "And then?").await);
    assert_eq!(kind(behind.debrief().resume().await), ErrorKind::Busy);
    behind.clock.advance(minutes + Duration::from_secs(131));
    behind.debrief().resume().await.expect("free").reply().await.expect("a reply");

    // Its clock is ahead: it takes the thread over too early, which costs the other one its reply and nothing else.
    let place = Place::new();
    let (here, ahead) = (Process::new(&place, 1), Process::new(&place, 2));
    ahead.clock.advance(minutes);
    begun(&here.coach, "ada", "a").await;
    here.model.play([Act::Yield, Act::Say("What came of it in the end?".into())]);
    let turn = here.debrief().stream("It took me twice as long.").await.expect("a turn");
    let reply = ahead.debrief().resume().await.expect("it seems to be free").reply().await.expect("a reply");
    assert_eq!(kind(turn.reply().await), ErrorKind::Conflict);
    for process in [&here, &ahead] {
        let messages = process.debrief().messages(50, None).await.expect("read").messages;
        assert_eq!(messages.len(), 3);
        assert_eq!(messages.last(), Some(&reply.message));
    }
}
