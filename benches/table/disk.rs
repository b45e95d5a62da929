//! Which disk it is, what its flushes take, and files of a certain size on it.

use std::fmt;
use std::fs;
use std::io::{Seek, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use completion_coach::{ActionId, NewAction, RandomIds, Role, SqliteStore, ThreadId, ThreadState};
use rusqlite::Connection;

use crate::measure::{Seconds, Spread};
use crate::replay::{REPLY, SAID, user};

/// Messages of a thread in a large file, and threads of a user.
const LENGTH: usize = 200;
const THREADS: usize = 5;

/// The disk that a folder is on.
pub(crate) struct Disk {
    kind: String,
    device: String,
    flush: Spread,
}

impl Disk {
    pub(crate) fn of(folder: &Path) -> Self {
        let folder = folder.canonicalize().unwrap();
        let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
        let mounted = mounts.lines().filter_map(|line| {
            let mut fields = line.split(' ');
            let (device, point, kind) = (fields.next()?, fields.next()?, fields.next()?);
            folder.starts_with(point).then(|| (Path::new(point).components().count(), device.to_owned(), kind.to_owned()))
        });
        let unknown = || (0, "an unknown device".to_owned(), "unknown".to_owned());
        let (_, device, kind) = mounted.max_by_key(|(depth, ..)| *depth).unwrap_or_else(unknown);
        let mut file = tempfile::tempfile_in(&folder).unwrap();
        let mut flush = || {
            file.rewind().unwrap();
            file.write_all(&[7; 8192]).unwrap();
            let began = Instant::now();
            file.sync_data().unwrap();
            began.elapsed().as_secs_f64()
        };
        Self { kind, device, flush: Spread::of((0..50).map(|_| flush()).collect()) }
    }
}

impl fmt::Display for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}, where flushing 8 KiB takes {}", self.kind, self.device, Seconds(self.flush))
    }
}

/// A file of ours with this many messages in debriefs of 200, five to a user, written by hand in one transaction.
pub(crate) struct Library {
    pub(crate) messages: usize,
    pub(crate) bytes: u64,
    pub(crate) took: Duration,
}

impl Library {
    pub(crate) fn build(path: &Path, messages: usize) -> Self {
        let began = Instant::now();
        let actions: Vec<_> = (0..THREADS).map(|thread| (action(thread), done(&action(thread)))).collect();
        drop(SqliteStore::open(path).unwrap());
        let mut db = Connection::open(path).unwrap();
        db.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -200000").unwrap();
        let all = db.transaction().unwrap();
        {
            let mut new_account =
                all.prepare("INSERT INTO account VALUES (?1, ?2, 7, '{\"name\":\"Ada\",\"skills\":[\"Rust\"]}', NULL, 0, 0)").unwrap();
            let mut new_action = all.prepare("INSERT INTO action VALUES (?1, ?2, ?3)").unwrap();
            let mut new_thread = all.prepare("INSERT INTO thread VALUES (?1, ?2, ?3, ?4)").unwrap();
            let mut new_message =
                all.prepare("INSERT INTO message VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6, 1790000000000, ?7, NULL, NULL, ?8, ?9, ?10)").unwrap();
            for number in 0..messages.div_ceil(LENGTH) {
                let (key, thread) = (number / THREADS + 1, number % THREADS);
                if thread == 0 {
                    new_account.execute((key, user(key).as_str())).unwrap();
                }
                let (id, record) = &actions[thread];
                let name = ThreadId::Debrief(id.clone());
                let state = ThreadState { next_seq: LENGTH as u64 + 1, round: 1, ..ThreadState::new(name.clone()) };
                new_action.execute((key, id.as_str(), record)).unwrap();
                new_thread.execute((key, String::from(name), thread + 1, serde_json::to_string(&state).unwrap())).unwrap();
                for seq in 1..=LENGTH {
                    let id = completion_coach::Ids::next(&RandomIds).to_be_bytes();
                    let row = match role(seq) {
                        Role::User => ("user", "typed", SAID, None, None, None),
                        Role::Assistant => ("assistant", "coach", REPLY, Some("scripted"), Some("scripted-1"), Some("local")),
                    };
                    new_message.execute((key, thread + 1, seq, id, row.0, row.1, row.2, row.3, row.4, row.5)).unwrap();
                }
            }
        }
        all.commit().unwrap();
        drop(db);
        Self { messages, bytes: fs::metadata(path).unwrap().len(), took: began.elapsed() }
    }

    /// One of its debriefs.
    pub(crate) fn pick(&self, random: &mut u64) -> (completion_coach::UserId, ThreadId) {
        *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let number = usize::try_from(*random >> 33).unwrap() % (self.messages.div_ceil(LENGTH));
        (user(number / THREADS + 1), ThreadId::Debrief(action(number % THREADS)))
    }
}

fn role(seq: usize) -> Role {
    if seq.is_multiple_of(2) { Role::User } else { Role::Assistant }
}

fn action(thread: usize) -> ActionId {
    ActionId::new(format!("0b6ccb62-6ac4-4a0c-9a5e-00000000000{thread}"))
}

/// The record of a done action, as the store keeps it.
fn done(id: &ActionId) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let action = runtime.block_on(async {
        let coach = completion_coach::CompletionCoach::builder(SqliteStore::in_memory().unwrap(), completion_coach::OfflineGuide);
        let me = coach.build().unwrap().user("u");
        me.record_done(NewAction::new("build_tools", "Write a parser for the lab's log files").id(id.clone())).await.unwrap().action
    });
    serde_json::to_string(&action).unwrap()
}
