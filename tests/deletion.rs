//! What is deleted is gone from every byte, while other processes stream, propose and read, and what is kept only for a time goes in time.

use std::collections::HashSet;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, fs};

use completion_coach::testing::{ManualClock, SeededIds};
use completion_coach::{
    ActionStore, AllowanceRates, Change, Clock, CompletionCoach, DebriefState, ErrorKind, ExtractionStatus, Ids, Message, NewAction,
    NewMessage, OfflineGuide, Page, Profile, Provenance, RandomIds, Rate, Result, Role, SqliteStore, ThreadId, Timestamp, User, UserId,
    Write,
};
use rusqlite::Connection;
use tempfile::TempDir;

const FOLDER: &str = "FOLDER_OF_THE_DELETED";
const WORDS: usize = 10_000;

fn often() -> AllowanceRates {
    AllowanceRates { turns: Rate::new(60_000, 10_000), proposals: Rate::new(60_000, 10_000) }
}

fn coach(store: SqliteStore) -> CompletionCoach {
    CompletionCoach::builder(store, OfflineGuide).allowance(often()).build().expect("a coach")
}

fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open(folder.join("debrief.db")).expect("it opens")
}

/// The words of this tag: distinct, and known by what they begin with.
fn words(tag: &str) -> Vec<String> {
    (0..WORDS).map(|n| format!("{tag}{:05}{:04x}", n, n * 7919 % 65_536)).collect()
}

/// Says them in this thread, twenty at a time, so that no message is spread over pages.
async fn say_all(store: &SqliteStore, user: &str, thread: &ThreadId, words: &[String]) {
    let user = UserId::from(user);
    for (n, words) in words.chunks(20).enumerate() {
        let said = Message {
            id: RandomIds.next_text().into(),
            thread: thread.clone(),
            seq: 1_000_000 + n as u64,
            round: 1,
            role: Role::User,
            provenance: Provenance::Typed,
            text: words.join(" "),
            choice: None,
            choices: Vec::new(),
            author: None,
            at: Timestamp::from_millis(1_790_000_000_000),
        };
        loop {
            let expected = store.account(&user).await.expect("read").expect("a user").version;
            let change = Change { expected, next: expected + 1, writes: vec![Write::Message(said.clone())] };
            match store.commit(&user, &change).await {
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                done => break done.expect("it is said"),
            }
        }
    }
}

/// How many words of the tag, whole or not, are anywhere in the folder's files.
fn found(folder: &Path, tag: &str) -> usize {
    let mut found = HashSet::new();
    for file in fs::read_dir(folder).expect("a folder") {
        // A sign of life or a log may go while they are looked at.
        let Ok(bytes) = fs::read(file.expect("a file").path()) else { continue };
        let starts = bytes.windows(tag.len()).enumerate().filter(|(_, window)| *window == tag.as_bytes()).map(|(at, _)| at);
        found.extend(starts.map(|at| bytes[at..bytes.len().min(at + tag.len() + 9)].to_vec()));
    }
    found.len()
}

async fn begun(me: &User, action: &str) -> Result<()> {
    me.record_done(NewAction::new("build_tools", "A linter").id(action)).await?;
    me.debrief(action).open().await?.reply().await.map(drop)
}

struct Others(Vec<Child>, std::path::PathBuf);

impl Others {
    fn start(folder: &Path) -> Self {
        let child = |n: usize| {
            let mut child = Command::new(env::current_exe().expect("a test"));
            child.args(["--exact", "a_process_that_streams_proposes_and_reads"]).env(FOLDER, folder).env("NUMBER", n.to_string());
            child.stdout(Stdio::null()).spawn().expect("a process")
        };
        let children = (0..2).map(child).collect();
        while !(0..2).all(|n| folder.join(format!("at-work-{n}")).exists()) {
            std::thread::sleep(Duration::from_millis(5));
        }
        Self(children, folder.join("stop"))
    }

    fn stop(mut self) {
        fs::write(&self.1, "").expect("a file");
        for child in &mut self.0 {
            assert!(child.wait().expect("it ends").success(), "another process saw what it should not");
        }
    }
}

/// Not a test by itself: this is what the other processes do, as other people and as the one whose words are deleted.
#[tokio::test]
async fn a_process_that_streams_proposes_and_reads() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let (folder, number) = (Path::new(&folder), env::var("NUMBER").expect("a number"));
    let coach = coach(open(folder));
    for round in 0.. {
        if folder.join("stop").exists() {
            return;
        }
        let eve = coach.user(format!("eve{number}"));
        let action = format!("own-{}", round % 3);
        let own = async {
            begun(&eve, &action).await?;
            eve.debrief(action.as_str()).send("I learned to write the tests before the code.").await?;
            eve.debrief(action.as_str()).propose().await?;
            eve.export().await.map(drop)
        };
        expected(own.await, &[ErrorKind::DebriefOver]);
        // Where everything is deleted meanwhile, nothing may come back.
        let mine = coach.user("ada");
        for action in ["a", "b"] {
            let said = mine.debrief(action).send(NewMessage::typed(format!("qzadar{round:05}0000 again"))).await;
            expected(
                said.map(drop),
                &[
                    ErrorKind::NotFound,
                    ErrorKind::WrongStatus,
                    ErrorKind::DebriefOver,
                    ErrorKind::Busy,
                    ErrorKind::Conflict,
                    ErrorKind::Cancelled,
                ],
            );
            let proposed = mine.debrief(action).propose().await;
            expected(
                proposed.map(drop),
                &[ErrorKind::NotFound, ErrorKind::WrongStatus, ErrorKind::Busy, ErrorKind::Conflict, ErrorKind::Cancelled],
            );
            expected(mine.debrief(action).messages(100, None).await.map(drop), &[ErrorKind::NotFound]);
        }
        fs::write(folder.join(format!("at-work-{number}")), "").expect("a file");
    }
}

fn expected(result: Result<()>, kinds: &[ErrorKind]) {
    if let Err(error) = result {
        assert!(kinds.contains(&error.kind()), "{}: {error}", error.kind());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn i10_a_deleted_debrief_leaves_no_word_in_any_byte_while_others_are_at_work() {
    let folder = TempDir::new().expect("a folder");
    let store = open(folder.path());
    let me = coach(store.clone()).user("ada");
    for action in ["a", "b"] {
        begun(&me, action).await.expect("it opens");
    }
    let (first, second) = (ThreadId::Debrief("a".into()), ThreadId::Debrief("b".into()));
    say_all(&store, "ada", &first, &words("qzadaq")).await;
    coach(store.clone()).user("bob").save_profile(&Profile::default()).await.expect("saved");
    say_all(&store, "bob", &ThreadId::General, &words("qzbobq")).await;
    say_all(&store, "ada", &second, &words("qzkept")).await;
    assert!(found(folder.path(), "qzadaq") >= WORDS);
    let others = Others::start(folder.path());
    let since = Instant::now();
    for _ in 0..3 {
        me.debrief("a").delete().await.expect("it is deleted and erased");
    }
    let took = since.elapsed() / 3;
    assert_eq!(found(folder.path(), "qzadaq"), 0);
    others.stop();
    assert_eq!(me.debrief("a").state().await.expect("there"), DebriefState::None);
    assert!(me.debrief("a").messages(10, None).await.expect("there").messages.is_empty(), "nothing came back");
    assert_eq!(found(folder.path(), "qzkept"), WORDS);
    assert_eq!(found(folder.path(), "qzbobq"), WORDS);
    assert!(took < Duration::from_secs(3), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn i10_a_forgotten_user_leaves_no_word_in_any_byte_while_others_are_at_work() {
    let folder = TempDir::new().expect("a folder");
    let store = open(folder.path());
    let coach = coach(store.clone());
    for user in ["ada", "bob"] {
        for action in ["a", "b"] {
            begun(&coach.user(user), action).await.expect("it opens");
        }
    }
    say_all(&store, "ada", &ThreadId::Debrief("a".into()), &words("qzadaq")).await;
    say_all(&store, "bob", &ThreadId::Debrief("a".into()), &words("qzbobq")).await;
    let others = Others::start(folder.path());
    coach.user("ada").forget().await.expect("forgotten");
    assert_eq!(found(folder.path(), "qzada"), 0);
    tokio::time::sleep(Duration::from_millis(200)).await;
    others.stop();
    assert_eq!(found(folder.path(), "qzada"), 0, "words came back");
    assert_eq!(coach.user("ada").profile().await.expect_err("nobody").kind(), ErrorKind::NotFound);
    assert_eq!(found(folder.path(), "qzbobq"), WORDS);
}

#[tokio::test]
async fn what_could_not_be_erased_is_said_and_erased_later() {
    let folder = TempDir::new().expect("a folder");
    let store = SqliteStore::open_with_wait(folder.path().join("debrief.db"), Duration::from_millis(60)).expect("it opens");
    let me = coach(store.clone()).user("ada");
    for again in ["the same call", "the store's own", "any other commit"] {
        begun(&me, "a").await.expect("it opens");
        me.debrief("a").send("My qzsecret words, and not a few of them.").await.expect("a reply");
        let reader = Connection::open(folder.path().join("debrief.db")).expect("it opens");
        reader.execute_batch("BEGIN; SELECT count(*) FROM message").expect("it reads");
        reader.query_row("SELECT count(*) FROM message", [], |_| Ok(())).expect("it reads");
        let error = me.debrief("a").delete().await.expect_err("somebody reads it");
        assert_eq!(error.kind(), ErrorKind::StorageUnavailable);
        assert!(error.to_string().contains("traces may remain"), "{error}");
        assert!(me.debrief("a").messages(10, None).await.expect("there").messages.is_empty(), "it is deleted all the same");
        drop(reader);
        match again {
            "the same call" => me.debrief("a").delete().await.expect("nobody reads"),
            "the store's own" => store.erase_traces().await.expect("nobody reads"),
            _ => drop(me.add_action(NewAction::new("volunteer", "A shift")).await.expect("added")),
        }
        assert_eq!(found(folder.path(), "qzsecret"), 0, "{again}");
    }
}

struct Kept {
    coach: CompletionCoach,
    clock: ManualClock,
    folder: TempDir,
}

const DAY: Duration = Duration::from_hours(24);

impl Kept {
    fn new(keep: Option<Duration>) -> Self {
        let (clock, folder) = (ManualClock::default(), TempDir::new().expect("a folder"));
        let builder = CompletionCoach::shared(Arc::new(open(folder.path())), Arc::new(OfflineGuide)).allowance(often());
        let builder = builder.clock(clock.clone()).ids(SeededIds::new(1));
        let builder = if let Some(keep) = keep { builder.retention(keep) } else { builder };
        Self { coach: builder.build().expect("a coach"), clock, folder }
    }

    fn me(&self) -> User {
        self.coach.user("ada")
    }

    /// A debrief that has ended, with a proposal.
    async fn held(&self, action: &str, words: &str) {
        begun(&self.me(), action).await.expect("it opens");
        let debrief = self.me().debrief(action);
        debrief.send("It worked in the end.").await.expect("a reply");
        debrief.send(NewMessage::typed(format!("I learned that {words} beats every plan I make."))).await.expect("a reply");
        debrief.stop().await.expect("it ends");
        debrief.propose().await.expect("a proposal");
    }
}

#[tokio::test]
async fn what_is_older_than_the_retention_goes_and_what_was_accepted_stays() {
    let kept = Kept::new(Some(30 * DAY));
    let (me, clock) = (kept.me(), &kept.clock);
    kept.held("old", "qzosprey").await;
    kept.held("undecided", "qzheron").await;
    let proposal = me.debrief("old").proposal().await.expect("there");
    let item = proposal.pending().next().expect("something was proposed").clone();
    me.debrief("old").apply(proposal.verdicts().accept(item.id.clone())).await.expect("applied");
    me.chat().open().await.expect("it opens").reply().await.expect("a greeting");
    me.chat().send("What about qzmagpies?").await.expect("a reply");
    clock.advance(20 * DAY);
    begun(&me, "open").await.expect("it opens");
    me.debrief("open").send("I wrote qzbeaver code.").await.expect("a reply");
    me.chat().send("And what about qzotters?").await.expect("a reply");
    assert_eq!(me.expire().await.expect("nothing is so old"), 0);
    clock.advance(11 * DAY);
    kept.held("new", "qzwren").await;

    let before = me.profile().await.expect("there");
    assert!(me.expire().await.expect("expired") >= 10);
    let gone = ["qzheron", "qzmagpies"];
    assert_eq!(gone.map(|word| found(kept.folder.path(), word)), [0; 2]);
    let stays = ["qzbeaver", "qzotters", "qzwren"];
    assert!(stays.iter().all(|word| found(kept.folder.path(), word) > 0));
    assert_eq!(me.profile().await.expect("there"), before, "what was accepted is the person's profile");

    let old = me.debrief("old");
    assert_eq!(old.state().await.expect("there"), DebriefState::Reviewed, "it is still known that it was held");
    assert!(old.messages(10, None).await.expect("there").messages.is_empty());
    let items = old.proposal().await.expect("there").items;
    let accepted = items.iter().find(|one| one.id == item.id).expect("accepted items stay");
    assert_eq!((accepted.status, &accepted.value), (ExtractionStatus::Accepted, &item.value));
    assert_eq!(accepted.evidence[0].message, item.evidence[0].message);
    assert!(accepted.evidence.iter().all(|evidence| evidence.quote.is_empty()));
    assert!(me.debrief("undecided").proposal().await.expect("there").items.is_empty(), "what nobody decided is superseded");
    assert!(matches!(me.debrief("undecided").state().await.expect("there"), DebriefState::Reviewed | DebriefState::Ended(_)));
    assert!(old.recap().await.expect("there").lines.is_empty());
    assert!(old.propose().await.expect("nothing new was said").pending().next().is_none());
    assert_eq!(me.expire().await.expect("nothing is left"), 0);

    // The positions go on, and so do the conversations.
    let chat = me.chat().messages(10, None).await.expect("there").messages;
    assert!(chat[0].text.contains("qzotters") && chat[0].seq > 2);
    let again = old.reopen().await.expect("a new round").message;
    assert!(again.seq > 5, "{}", again.seq);
    clock.advance(40 * DAY);
    assert!(me.expire().await.expect("expired") > 0);
    assert_eq!(found(kept.folder.path(), "qzotters"), 0);
    let greeting = me.chat().open().await.expect("it opens").reply().await.expect("a greeting anew").message;
    assert!(greeting.seq > 4);
    me.chat().send("Hello again.").await.expect("a reply");
    let open = me.debrief("open").messages(10, None).await.expect("there").messages;
    assert_eq!(open.len(), 3, "what has not ended stays");
}

#[tokio::test]
async fn without_a_retention_nothing_goes_and_a_turn_under_way_is_left_alone() {
    let kept = Kept::new(None);
    kept.held("old", "qzosprey").await;
    kept.clock.advance(10_000 * DAY);
    assert_eq!(kept.me().expire().await.expect("nothing"), 0);
    assert_eq!(kept.coach.user("nobody").expire().await.expect_err("nobody").kind(), ErrorKind::NotFound);

    let kept = Kept::new(Some(Duration::ZERO));
    kept.me().save_profile(&Profile::default()).await.expect("saved");
    kept.me().chat().open().await.expect("it opens").reply().await.expect("a greeting");
    kept.clock.advance(Duration::from_secs(1));
    let turn = kept.me().chat().stream("qzmagpies?").await.expect("a turn");
    kept.clock.advance(Duration::from_secs(1));
    assert_eq!(kept.me().expire().await.expect("left alone"), 0);
    turn.reply().await.expect("a reply");
    kept.clock.advance(Duration::from_secs(1));
    assert_eq!(kept.me().expire().await.expect("expired"), 3);
    assert!(kept.clock.now() > Timestamp::from_millis(0));
    let read = open(kept.folder.path()).conversation(&"ada".into(), &ThreadId::General, &Page::newest(10)).await.expect("read");
    assert_eq!(read.expect("there").state.map(|state| (state.next_seq, state.waiting)), Some((4, 0)));
}
