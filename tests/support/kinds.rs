//! Every kind of error with the ways in which a host can come to it, each through the public API.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use completion_coach::testing::{Act, ScriptedModel};
use completion_coach::{
    ActionStatus, ActionStore, CompletionCoach, Debrief, Error, ErrorKind, NewMessage, OfflineGuide, Signal, SqliteStore, Timestamp, Turn,
    UserId, Verdicts,
};

use super::canary::canary;
use super::{World, answer, in_status, spoilt};

/// A way to an error.
pub(crate) struct Case {
    pub(crate) kind: ErrorKind,
    /// What leads to it.
    pub(crate) how: &'static str,
    /// Words of its text that say what to do about it.
    pub(crate) advice: &'static str,
    make: fn() -> Pin<Box<dyn Future<Output = Error>>>,
}

impl Case {
    pub(crate) async fn run(&self) -> Error {
        (self.make)().await
    }
}

macro_rules! cases {
    ($($kind:ident $how:ident $advice:literal;)*) => {
        pub(crate) const CASES: &[Case] =
            &[$(Case { kind: ErrorKind::$kind, how: stringify!($how), advice: $advice, make: || Box::pin($how()) }),*];
    };
}
cases! {
    NotFound no_such_action "record it as done first";
    NotFound no_such_user "save a profile";
    NotFound no_such_proposal "no such proposal";
    InvalidInput overlong_message "shorten";
    InvalidInput blank_message "say something";
    InvalidInput bad_budget "it needs";
    InvalidInput too_many_waiting "resume first";
    WrongStatus wrong_step "needs an action that is";
    WrongStatus not_done "needs an action that is done";
    WrongStatus not_opened "open it first";
    WrongStatus not_ended "needs a debrief that has ended";
    WrongStatus already_asked "Delete the debrief first";
    Busy live_turn "call again";
    Conflict taken_over "read it again";
    Conflict other_verdict "decide again";
    Conflict other_disclosure "show the new disclosure";
    AllowanceSpent too_often "wait a moment";
    AllowanceSpent too_many_proposals "wait a moment";
    DebriefOver ended "reopen it";
    ConsentNeeded no_consent "show the disclosure";
    HandedOver handed_over "people";
    ModelUnavailable unreachable "try again later";
    ModelUnavailable never_answers "resume";
    ModelRefused refused "say it differently";
    ReplyIncomplete cut "resume";
    ReplyIncomplete cut_at_the_limit "resume";
    ReplyIncomplete empty "resume";
    ReplyIncomplete overrun "resume";
    ReplyIncomplete signal_only "resume";
    ReplyIncomplete nothing_proposed "resume";
    RequestRejected rejected "do not repeat it";
    Unauthorised unauthorised "sign in again";
    StorageFull full "free some";
    StorageUnavailable locked "try again";
    StorageUnavailable unreachable_file "see that its folder exists";
    StorageDamaged no_database "name another";
    StorageDamaged foreign_database "name another";
    StorageNewer newer "update the app";
    Cancelled by_canceller "resuming asks again";
    Cancelled by_stop "resuming asks again";
    Cancelled by_decline "resuming asks again";
    Cancelled by_later "resuming asks again";
    Cancelled by_skip "resuming asks again";
    Cancelled by_deleting_the_debrief "resuming asks again";
    Cancelled by_deleting_the_action "resuming asks again";
    Cancelled by_forget "resuming asks again";
    Cancelled by_withdrawn_consent "resuming asks again";
    Cancelled elsewhere_by_stop "resuming asks again";
    Cancelled elsewhere_by_forget "resuming asks again";
    Internal panicking_model "resume";
    Internal no_runtime "tokio runtime";
    Internal no_timers "tokio runtime";
}

async fn no_such_action() -> Error {
    let world = World::new();
    world.done("run-1").await;
    world.me.debrief("another").open().await.expect_err("there is no such action")
}

async fn no_such_user() -> Error {
    World::new().me.profile().await.expect_err("there is no such user")
}

async fn no_such_proposal() -> Error {
    let debrief = World::new().opened("run-1").await;
    debrief.apply(Verdicts::default().edit("another", canary("verdict"))).await.expect_err("there is no such proposal")
}

async fn overlong_message() -> Error {
    let debrief = World::new().opened("run-1").await;
    debrief.send(NewMessage::typed(canary("message").repeat(500))).await.expect_err("this is too long")
}

async fn blank_message() -> Error {
    World::new().opened("run-1").await.send(" ").await.expect_err("there is nothing in it")
}

async fn bad_budget() -> Error {
    let store = SqliteStore::in_memory().expect("a store in memory opens");
    CompletionCoach::builder(store, OfflineGuide).budget(3, 2).build().expect_err("this budget makes no sense")
}

async fn too_many_waiting() -> Error {
    let world = World::new();
    let debrief = world.opened("run-1").await;
    for _ in 0..3 {
        spoilt(&world, &debrief, [Act::Cut]).await;
    }
    debrief.send(answer()).await.expect_err("three are waiting")
}

async fn wrong_step() -> Error {
    let world = World::new();
    in_status(&world.me, "run-1", ActionStatus::Done).await;
    world.me.save_action("run-1").await.expect_err("a done action cannot be saved")
}

async fn not_done() -> Error {
    let world = World::new();
    in_status(&world.me, "run-1", ActionStatus::Saved).await;
    world.me.debrief("run-1").open().await.expect_err("it is not done")
}

async fn not_opened() -> Error {
    World::new().done("run-1").await.send(answer()).await.expect_err("it was not opened")
}

async fn not_ended() -> Error {
    World::new().opened("run-1").await.reopen().await.expect_err("it goes on")
}

async fn already_asked() -> Error {
    let world = World::new();
    world.opened("run-1").await;
    world.me.reopen_action("run-1").await.expect_err("its debrief was started")
}

/// A turn that waits for a model that says half a sentence and then nothing.
async fn hanging(world: &World, debrief: &Debrief) -> Turn {
    world.model.play([Act::Say(canary("reply")), Act::Hang]);
    let mut turn = debrief.stream(answer()).await.expect("the thread is free");
    let waiting = pin!(turn.next()).poll(&mut Context::from_waker(Waker::noop()));
    assert!(waiting.is_pending(), "the model never answers");
    turn
}

async fn live_turn() -> Error {
    let world = World::new();
    let debrief = world.opened("run-1").await;
    let _turn = hanging(&world, &debrief).await;
    debrief.send(answer()).await.expect_err("a reply is being made")
}

async fn taken_over() -> Error {
    let world = World::new();
    let debrief = world.opened("run-1").await;
    world.model.play([Act::Yield, Act::Say(format!("{}?", canary("reply")))]);
    let turn = debrief.stream(answer()).await.expect("the thread is free");
    let phone = world.elsewhere().debrief("run-1");
    phone.take_over().await.expect("taking over is always safe").reply().await.expect("the model answers");
    turn.reply().await.expect_err("somebody else has replied")
}

/// A debrief with one proposal, and the proposal's id.
pub(crate) async fn proposed(world: &World, id: &str) -> (Debrief, completion_coach::ExtractionId) {
    let debrief = world.opened(id).await;
    let said = format!("I taught the whole group {} in one long week.", canary("proposed"));
    debrief.send(NewMessage::typed(said)).await.expect("the model replies");
    let value = canary("proposed");
    let item = serde_json::json!({ "field": "skills", "value": value, "message": 2, "quote": value });
    world.model.say(serde_json::json!({ "items": [item] }).to_string());
    let proposal = debrief.propose().await.expect("the model proposes");
    let id = proposal.pending().next().expect("the proposal is grounded").id.clone();
    (debrief, id)
}

async fn other_verdict() -> Error {
    let world = World::new();
    let (debrief, id) = proposed(&world, "run-1").await;
    debrief.apply(Verdicts::default().edit(id.clone(), canary("verdict"))).await.expect("the first verdict counts");
    debrief.apply(Verdicts::default().reject(id)).await.expect_err("it is decided")
}

async fn other_disclosure() -> Error {
    let shown = World::new().coach.disclosure("en");
    let world = World::with(ScriptedModel::remote(), |builder| builder);
    world.me.consent(&shown).await.expect_err("another model is configured")
}

async fn too_often() -> Error {
    let world = World::new();
    let chat = world.me.chat();
    world.me.save_profile(&super::canary::profile()).await.expect("the profile fits");
    chat.open().await.expect("the chat opens");
    loop {
        if let Err(error) = chat.send(answer()).await {
            return error;
        }
    }
}

async fn too_many_proposals() -> Error {
    let world = World::new();
    let debrief = world.opened("run-1").await;
    debrief.send(answer()).await.expect("the model replies");
    loop {
        world.model.play([Act::Cut]);
        let error = debrief.propose().await.expect_err("the model is cut off or not even asked");
        if error.kind() != ErrorKind::ReplyIncomplete {
            return error;
        }
    }
}

async fn ended() -> Error {
    let debrief = World::new().opened("run-1").await;
    debrief.stop().await.expect("it can be stopped at any time");
    debrief.send(answer()).await.expect_err("it has ended")
}

async fn no_consent() -> Error {
    let debrief = World::with(ScriptedModel::remote(), |builder| builder).opened("run-1").await;
    debrief.send(answer()).await.expect_err("nobody has agreed")
}

async fn handed_over() -> Error {
    let world = World::new();
    let debrief = world.opened("run-1").await;
    world.model.play([Act::Signal(Signal::HandOver)]);
    debrief.send(answer()).await.expect("the guide closes it");
    debrief.send(answer()).await.expect_err("people go on with it")
}

/// A model that fails like this.
async fn failing(error: Error) -> Error {
    let world = World::new();
    let debrief = world.opened("run-1").await;
    spoilt(&world, &debrief, [Act::Say(canary("reply")), Act::Fail(error)]).await
}

pub(crate) const TRIED: u32 = 3;
pub(crate) const REQUEST_ID: &str = "req-42";

async fn unreachable() -> Error {
    let error = Error::new(ErrorKind::ModelUnavailable, "the model's server is overloaded; try again later");
    failing(error.with_attempts(TRIED).with_request_id(REQUEST_ID).with_retry_after(Duration::from_secs(30))).await
}

async fn never_answers() -> Error {
    let world = World::new();
    let debrief = world.opened("run-1").await;
    let turn = hanging(&world, &debrief).await;
    world.clock.advance(Duration::from_secs(120));
    turn.reply().await.expect_err("the time is up")
}

async fn refused() -> Error {
    let world = World::new();
    let debrief = world.opened("run-1").await;
    spoilt(&world, &debrief, [Act::Say(canary("reply")), Act::Refuse]).await
}

async fn incomplete(acts: Vec<Act>) -> Error {
    let world = World::new();
    let debrief = world.opened("run-1").await;
    spoilt(&world, &debrief, acts).await
}

async fn cut() -> Error {
    incomplete(vec![Act::Say(canary("reply")), Act::Cut]).await
}

async fn cut_at_the_limit() -> Error {
    incomplete(vec![Act::Say(canary("reply")), Act::Length]).await
}

async fn empty() -> Error {
    incomplete(vec![Act::Say(" \n".into())]).await
}

async fn overrun() -> Error {
    incomplete(vec![Act::Overrun(canary("reply"), 100_000)]).await
}

async fn signal_only() -> Error {
    incomplete(vec![Act::Signal(Signal::Enough)]).await
}

async fn nothing_proposed() -> Error {
    let world = World::new();
    let debrief = world.opened("run-1").await;
    debrief.send(answer()).await.expect("the model replies");
    world.model.play([Act::Signal(Signal::HandOver)]);
    debrief.propose().await.expect_err("a signal is no proposal")
}

async fn rejected() -> Error {
    let error = Error::new(ErrorKind::RequestRejected, "the model's server found the request wrong; do not repeat it");
    failing(error.with_attempts(TRIED).with_request_id(REQUEST_ID)).await
}

async fn unauthorised() -> Error {
    let error = Error::new(ErrorKind::Unauthorised, "the model's server did not accept the key; sign in again");
    failing(error.with_attempts(TRIED).with_request_id(REQUEST_ID)).await
}

async fn full() -> Error {
    let world = World::new();
    let debrief = world.opened("run-1").await;
    world.store.limit_pages(Some(1)).await.expect("there is a limit");
    for _ in 0..10 {
        // The chat has no budget, and the clock refills the allowance.
        world.clock.advance(Duration::from_secs(60));
        let long = format!("{} {}", canary("message"), "and then some more of it ".repeat(190));
        if let Err(error) = world.me.chat().send(NewMessage::typed(long)).await {
            drop(debrief);
            return error;
        }
    }
    panic!("the database grew beyond its limit")
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("there is a folder for temporary files"))
    }

    fn file(&self) -> std::path::PathBuf {
        self.0.path().join(canary("message"))
    }

    fn open(&self) -> completion_coach::Result<SqliteStore> {
        SqliteStore::open_with_wait(self.file(), Duration::from_millis(20))
    }

    fn other_program(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.file()).expect("SQLite opens the file")
    }
}

async fn locked() -> Error {
    let folder = Folder::new();
    let store = folder.open().expect("the file is new");
    let me = CompletionCoach::builder(store, ScriptedModel::default()).build().expect("the defaults are fine").user("me");
    let other = folder.other_program();
    other.execute_batch("BEGIN EXCLUSIVE").expect("nobody else is writing");
    me.save_profile(&super::canary::profile()).await.expect_err("another process holds the lock")
}

async fn unreachable_file() -> Error {
    let folder = Folder::new();
    SqliteStore::open(folder.file().join(canary("title")).join("coach.db")).expect_err("the folder does not exist")
}

async fn no_database() -> Error {
    let folder = Folder::new();
    std::fs::write(folder.file(), canary("message").repeat(100)).expect("the folder is writable");
    folder.open().expect_err("this is a text")
}

async fn foreign_database() -> Error {
    let folder = Folder::new();
    folder.other_program().execute_batch(&format!("CREATE TABLE \"{}\" (a)", canary("title"))).expect("SQLite makes a table");
    folder.open().expect_err("this is the database of another program")
}

async fn newer() -> Error {
    let folder = Folder::new();
    drop(folder.open().expect("the file is new"));
    folder.other_program().pragma_update(None, "user_version", 1_000).expect("SQLite sets a number");
    folder.open().expect_err("a newer version wrote this")
}

async fn by_canceller() -> Error {
    let world = World::new();
    let debrief = world.opened("run-1").await;
    let turn = hanging(&world, &debrief).await;
    turn.canceller().cancel();
    turn.reply().await.expect_err("it was cancelled")
}

/// The end of a turn of a remote model while which the person does something else.
async fn meanwhile(during: impl AsyncFnOnce(&World, &Debrief)) -> Error {
    let world = World::with(ScriptedModel::remote(), |builder| builder);
    world.me.consent(&world.coach.disclosure("en")).await.expect("this is what is configured");
    let debrief = world.opened("run-1").await;
    let turn = hanging(&world, &debrief).await;
    during(&world, &debrief).await;
    turn.reply().await.expect_err("the person did something else")
}

async fn by_stop() -> Error {
    meanwhile(async |_, debrief| drop(debrief.stop().await.expect("it can be stopped at any time"))).await
}

async fn by_decline() -> Error {
    meanwhile(async |_, debrief| debrief.decline().await.expect("it can be declined at any time")).await
}

async fn by_later() -> Error {
    meanwhile(async |_, debrief| debrief.later(Timestamp::MAX).await.expect("it can be put off at any time")).await
}

async fn by_skip() -> Error {
    meanwhile(async |_, debrief| drop(debrief.skip_question().await.expect("a question can be skipped"))).await
}

async fn by_deleting_the_debrief() -> Error {
    meanwhile(async |_, debrief| debrief.delete().await.expect("it can be deleted at any time")).await
}

async fn by_deleting_the_action() -> Error {
    meanwhile(async |world, _| world.me.delete_action("run-1").await.expect("it can be deleted at any time")).await
}

async fn by_forget() -> Error {
    meanwhile(async |world, _| world.me.forget().await.expect("everybody may leave")).await
}

async fn by_withdrawn_consent() -> Error {
    meanwhile(async |world, _| world.me.withdraw_consent().await.expect("an agreement can be withdrawn")).await
}

/// The end of a turn while which the person does something else through another process.
async fn meanwhile_elsewhere(during: impl AsyncFnOnce(&World)) -> Error {
    let world = World::new();
    let debrief = world.opened("run-1").await;
    world.model.play([Act::Yield, Act::Say(format!("{}?", canary("reply")))]);
    let turn = debrief.stream(answer()).await.expect("the thread is free");
    during(&world).await;
    turn.reply().await.expect_err("the person did something else")
}

async fn elsewhere_by_stop() -> Error {
    let stop = async |world: &World| drop(world.elsewhere().debrief("run-1").stop().await.expect("it can be stopped at any time"));
    meanwhile_elsewhere(stop).await
}

async fn elsewhere_by_forget() -> Error {
    meanwhile_elsewhere(async |world| world.store.forget(&UserId::new("me")).await.expect("everybody may leave")).await
}

async fn panicking_model() -> Error {
    let world = World::new();
    let debrief = world.opened("run-1").await;
    spoilt(&world, &debrief, [Act::Say(canary("reply")), Act::Panic(canary("panic"))]).await
}

/// Drives a future without any runtime.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::yield_now(),
        }
    }
}

/// Runs this on a thread that belongs to no runtime.
fn apart(work: impl FnOnce() -> Error + Send + 'static) -> Error {
    std::thread::spawn(work).join().expect("a missing runtime is an error and no panic")
}

async fn no_runtime() -> Error {
    let debrief = World::new().done("run-1").await;
    apart(move || block_on(debrief.open()).expect_err("there is no runtime"))
}

async fn no_timers() -> Error {
    let work = || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime starts");
        runtime.block_on(async {
            let store = SqliteStore::in_memory().expect("a store in memory opens");
            let model = ScriptedModel::default();
            model.play([Act::Yield, Act::Say(format!("{}?", canary("reply")))]);
            let coach = CompletionCoach::builder(store, model).build().expect("the defaults are fine");
            let me = coach.user("me");
            me.save_profile(&super::canary::profile()).await.expect("the profile fits");
            me.chat().send(answer()).await.expect_err("there are no timers in this runtime")
        })
    };
    apart(work)
}
