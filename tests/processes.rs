//! Several processes on one file: none loses what another says, and all who come at once find it open.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Barrier;
use std::{env, fs, thread};

use completion_coach::{
    ActionStore, Change, ErrorKind, Message, Page, Profile, Provenance, Role, SqliteStore, ThreadId, ThreadState, Timestamp, UserId, Write,
};
use tempfile::TempDir;

const FOLDER: &str = "FOLDER_OF_THE_PROCESSES";

fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open(folder.join("debrief.db")).expect("it opens")
}

/// Says it next in the thread; who was too late is told `Conflict` and nothing else. How often that was.
async fn say(store: &SqliteStore, id: &str) -> u64 {
    let (user, thread, mut late) = (UserId::from("ada"), ThreadId::General, 0);
    loop {
        let read = store.conversation(&user, &thread, &Page::newest(0)).await.expect("read").expect("a user");
        let seq = read.state.map_or(1, |state| state.next_seq);
        let said = Message {
            id: id.into(),
            thread: thread.clone(),
            seq,
            round: 1,
            role: Role::User,
            provenance: Provenance::Typed,
            text: id.into(),
            choice: None,
            choices: Vec::new(),
            author: None,
            at: Timestamp::from_millis(1),
        };
        let state = ThreadState { next_seq: seq + 1, ..ThreadState::new(thread.clone()) };
        let writes = vec![Write::Message(said), Write::Thread(state)];
        let (expected, next) = (read.account.version, read.account.version + 1);
        match store.commit(&user, &Change { expected, next, writes }).await {
            Ok(()) => return late,
            Err(error) => assert_eq!(error.kind(), ErrorKind::Conflict, "{error}"),
        }
        late += 1;
    }
}

fn child(folder: &Path, name: &str, variables: &[(&str, String)]) -> Child {
    let mut child = Command::new(env::current_exe().expect("a test"));
    child.args(["--exact", name]).env(FOLDER, folder).envs(variables.iter().map(|(name, value)| (name, value)));
    child.stdout(Stdio::null()).spawn().expect("a process")
}

/// Not a test by itself: 16 tasks of one of four processes, which say their part.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_says_its_part() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let number = |name: &str| env::var(name).expect("a number").parse::<usize>().expect("a number");
    let (store, process, count) = (open(Path::new(&folder)), number("PROCESS"), number("COUNT"));
    let tasks: Vec<_> = (0..16)
        .map(|task| {
            let store = store.clone();
            tokio::spawn(async move {
                for n in (task..count / 4).step_by(16) {
                    say(&store, &format!("{process}-{n}")).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("everything was said");
    }
}

async fn four_processes_say(count: usize) {
    let folder = TempDir::new().expect("a folder");
    let (store, user) = (open(folder.path()), UserId::from("ada"));
    let writes = vec![Write::Profile(Profile::default())];
    store.commit(&user, &Change { expected: 0, next: 1, writes }).await.expect("a user");
    let children: Vec<_> = (0..4)
        .map(|process: usize| {
            let variables = [("PROCESS", process.to_string()), ("COUNT", count.to_string())];
            child(folder.path(), "a_process_that_says_its_part", &variables)
        })
        .collect();
    for mut child in children {
        assert!(child.wait().expect("it ends").success());
    }
    let size = u32::try_from(count).expect("a size") + 1;
    let read = store.conversation(&user, &ThreadId::General, &Page::newest(size)).await.expect("read").expect("there");
    assert_eq!(read.messages.iter().map(|message| message.seq).collect::<Vec<_>>(), (1..=count as u64).collect::<Vec<_>>());
    let mut said: Vec<_> = read.messages.into_iter().map(|message| message.text).collect();
    let mut expected: Vec<_> = (0..4).flat_map(|process| (0..count / 4).map(move |n| format!("{process}-{n}"))).collect();
    said.sort_unstable();
    expected.sort_unstable();
    assert_eq!(said, expected);
}

#[tokio::test]
async fn i5_four_processes_of_sixteen_tasks_say_400_things_on_one_thread() {
    four_processes_say(400).await;
}

#[tokio::test]
async fn i5_four_processes_of_sixteen_tasks_say_4000_things_on_one_thread() {
    four_processes_say(4_000).await;
}

const OPENED_AT_ONCE: usize = 25;

/// Not a test by itself: opens each of the new files five times at once, when all four processes have come to it.
#[test]
fn a_process_that_opens_new_files() {
    let (Some(folder), Ok(process)) = (env::var_os(FOLDER), env::var("PROCESS")) else { return };
    let folder = Path::new(&folder);
    for file in 0..OPENED_AT_ONCE {
        let path = folder.join(format!("{file}.db"));
        let come = |process: &str| folder.join("come").join(format!("{file}-{process}"));
        fs::write(come(&process), "").expect("a flag");
        while !["0", "1", "2", "3"].iter().all(|process| come(process).exists()) {
            thread::yield_now();
        }
        let start = Barrier::new(5);
        thread::scope(|scope| {
            for _ in 0..5 {
                scope.spawn(|| {
                    start.wait();
                    SqliteStore::open(&path).map(drop).expect("it opens");
                });
            }
        });
    }
}

#[test]
fn five_hundred_first_opens_at_once_all_succeed() {
    let folder = TempDir::new().expect("a folder");
    // 25 files × 4 processes × 5 threads.
    fs::create_dir(folder.path().join("come")).expect("a folder");
    let opens = |process: usize| child(folder.path(), "a_process_that_opens_new_files", &[("PROCESS", process.to_string())]);
    let children: Vec<_> = (0..4).map(opens).collect();
    for mut child in children {
        assert!(child.wait().expect("it ends").success());
    }
    // Of two processes that close a file at the same moment, none may be the last one: then the next one tidies up.
    for file in 0..OPENED_AT_ONCE {
        SqliteStore::open(folder.path().join(format!("{file}.db"))).map(drop).expect("it opens");
    }
    let left = fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(left, OPENED_AT_ONCE + 1, "nothing is left beside the databases");
}
