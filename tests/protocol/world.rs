//! What happens in the property test: the operations that are played, the coaches that play them, and how they are held open.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use completion_coach::testing::{Act, ManualClock, ScriptedModel, SeededIds};
use completion_coach::{
    Account, Action, ActionStep, AllowanceRates, Applied, Attempt, AttemptId, Canceller, CompletionCoach, Delivery, Error, ErrorKind,
    Extraction, Message, ModelInfo, ModelPlace, NewAction, NewMessage, Outcome, Profile, ProfileChange, Proposal, Rate, Reply, Result,
    Role, Signal, SqliteStore, ThreadId, ThreadState, Timestamp, Turn, TurnEvent, Usage, User, UserId, Verdict, Verdicts,
};
use serde::Deserialize;
use tokio::runtime::Runtime;

use crate::ports::{Director, Spread, Stepped, wait};

pub(crate) const USERS: usize = 3;
pub(crate) const THREADS: usize = 4;
const SKILLS: [&str; 4] = ["Rust", "Statistics", "Pottery", "Archery"];
pub(crate) const PANIC: &str = "a panic that was planned";
/// More than an act, a store's call or a deadline ever takes.
const MOST_POLLS: usize = 4_000;

/// The settings of a case.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    pub(crate) min: u32,
    pub(crate) max: u32,
    pub(crate) live: bool,
    /// The debriefs are open already.
    pub(crate) started: bool,
    pub(crate) model_opens: bool,
    pub(crate) remote: bool,
    pub(crate) fallback: bool,
    pub(crate) tight: bool,
    pub(crate) file: bool,
    pub(crate) skews: [i64; 3],
}

/// What a model does at one request.
#[derive(Debug, Clone)]
pub(crate) enum Play {
    Ask { pieces: u8, choices: bool },
    Several,
    Nothing,
    Farewell,
    Empty,
    Enough { words: bool },
    HandOver { words: bool },
    Outcome(u8),
    Fail(ErrorKind),
    Cut,
    Length,
    Refuse,
    Overrun,
    Panic,
    Wait(u16),
    Propose(Vec<(u8, u8)>),
}

#[derive(Debug, Clone)]
pub(crate) enum What {
    Open,
    Say {
        text: u8,
        id: Option<u8>,
    },
    /// A message that was said before: as it was, with another text, or in another thread.
    Again {
        which: u8,
        other_text: bool,
    },
    Choose(u8),
    Resume,
    TakeOver,
    Propose,
    Apply {
        verdicts: Vec<(u8, u8)>,
        twice: bool,
    },
    Stop,
    Skip,
    Decline,
    Later,
    Reopen,
    Delete,
    DeleteAction,
    RecordDone,
    Step(ActionStep),
    SaveProfile(u8),
    Consent,
    Withdraw,
    Forget,
    /// Somebody else's ids.
    Stranger(u8),
}

#[derive(Debug, Clone)]
pub(crate) enum Drive {
    ToTheEnd,
    Hold(u8),
    Drop(u8),
    Background,
}

#[derive(Debug, Clone)]
pub(crate) struct Op {
    pub(crate) user: usize,
    pub(crate) at: usize,
    pub(crate) thread: usize,
    pub(crate) what: What,
    pub(crate) plays: Vec<Play>,
    pub(crate) drive: Drive,
}

#[derive(Debug, Clone)]
pub(crate) enum Move {
    Begin(Op),
    Poll(u8, u8),
    Finish(u8),
    Drop(u8),
    Cancel(u8),
    Clock { at: usize, by: i64 },
}

/// Everything about a user, as it is exported.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Data {
    pub(crate) account: Option<Account>,
    pub(crate) actions: Vec<Action>,
    pub(crate) threads: Vec<ThreadData>,
    pub(crate) extractions: Vec<Extraction>,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) changes: Vec<ProfileChange>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct ThreadData {
    pub(crate) state: ThreadState,
    pub(crate) messages: Vec<Message>,
}

impl Data {
    pub(crate) fn version(&self) -> u64 {
        self.account.as_ref().map_or(0, |account| account.version)
    }
    pub(crate) fn thread(&self, thread: &ThreadId) -> Option<&ThreadData> {
        self.threads.iter().find(|data| data.state.thread == *thread)
    }
    pub(crate) fn messages(&self, thread: &ThreadId) -> &[Message] {
        self.thread(thread).map_or(&[], |data| &data.messages)
    }
    pub(crate) fn profile(&self) -> Profile {
        self.account.as_ref().map(|account| account.profile.clone()).unwrap_or_default()
    }
}

/// What an operation came to.
#[derive(Debug)]
pub(crate) enum Came {
    Reply(Box<Reply>),
    Proposal(Proposal),
    Applied(Box<Applied>),
    Done,
    /// Nobody watches it any more.
    Left,
}

pub(crate) type Job = Pin<Box<dyn Future<Output = Result<Came>>>>;

/// An operation under way, and what is known about it.
pub(crate) struct Run {
    pub(crate) op: Op,
    job: Option<Job>,
    pub(crate) model: ScriptedModel,
    hands: Rc<Hands>,
    pub(crate) thread: ThreadId,
    pub(crate) said: Option<NewMessage>,
    /// How the user's data was when it began, and which of the user's lives that was.
    pub(crate) at_first: Rc<Data>,
    pub(crate) life: u32,
    pub(crate) seen: usize,
    pub(crate) commits: u32,
    pub(crate) attempt: Option<AttemptId>,
    pub(crate) stored: Option<Message>,
    pub(crate) spoke: Option<Message>,
    pub(crate) proposed: bool,
    /// The thread no longer names its attempt; and whether that was because somebody wanted something else.
    pub(crate) lost: bool,
    pub(crate) cleared: bool,
    /// Something was written after it had lost its thread, so that either may be said of how.
    pub(crate) disturbed: bool,
    pub(crate) cancelled: bool,
    /// Nobody else has written anything about the user since it began.
    pub(crate) alone: bool,
    /// The clock was moved while it was held.
    pub(crate) late: bool,
    /// It has given its thread up.
    pub(crate) gave_up: bool,
}

#[derive(Default)]
struct Hands {
    canceller: RefCell<Option<Canceller>>,
    text: RefCell<String>,
    leave: Cell<bool>,
}

impl Run {
    pub(crate) fn in_hand(&self) -> bool {
        self.hands.canceller.borrow().is_some()
    }
    pub(crate) fn text(&self) -> String {
        self.hands.text.borrow().clone()
    }
}

pub(crate) struct World {
    pub(crate) setting: Setting,
    pub(crate) runtime: Runtime,
    pub(crate) clocks: Vec<ManualClock>,
    coaches: Vec<CompletionCoach>,
    director: Director,
    pub(crate) store: SqliteStore,
    pub(crate) watcher: CompletionCoach,
    pub(crate) data: Vec<Rc<Data>>,
    pub(crate) lives: [u32; USERS],
    pub(crate) slots: Vec<Run>,
    /// Attempts of dropped operations, with their coach and thread.
    pub(crate) dropped: Vec<(usize, usize, ThreadId, AttemptId)>,
    _folder: Option<tempfile::TempDir>,
}

pub(crate) fn user_id(user: usize) -> UserId {
    UserId::new(format!("user-{user}"))
}

pub(crate) fn thread_id(user: usize, thread: usize) -> ThreadId {
    match thread {
        0 => ThreadId::General,
        3 => ThreadId::Debrief(format!("own-{user}").into()),
        shared => ThreadId::Debrief(format!("act-{shared}").into()),
    }
}

/// A word that belongs to one thread of one user; `p` is the profile's.
pub(crate) fn marker(user: usize, thread: &ThreadId) -> String {
    let at = (0..THREADS).find(|at| thread_id(user, *at) == *thread).unwrap_or_default();
    format!("zq{user}{at}qz")
}

fn words(text: u8, marker: &str) -> String {
    let skill = SKILLS[usize::from(text) % SKILLS.len()];
    match text % 9 {
        0..=2 => format!("It went well, {marker}, and I learned {skill} from Ann on the way there"),
        3 => format!("ok {marker}"),
        4 => "stop".to_owned(),
        5 => "skip".to_owned(),
        6 => "  \n ".to_owned(),
        7 => format!("{marker} {}", "very long ".repeat(240)),
        _ => format!("I will write the guide for {skill} next week, {marker}. {}", "x".repeat(5_000 * usize::from(text > 200))),
    }
}

fn profile(user: usize, kind: u8) -> Profile {
    let skills = SKILLS.iter().take(usize::from(kind % 3)).map(|skill| (*skill).to_owned()).collect();
    Profile {
        name: Some(format!("zq{user}pqz")),
        headline: (kind % 2 == 1).then(|| format!("headline {kind}")),
        skills,
        ..Profile::default()
    }
}

fn acts(play: &Play, waits: bool, thread: &[Message]) -> Vec<Act> {
    let say = |text: &str| Act::Say(text.to_owned());
    let usage = Act::Use(Usage { requests: 1, input_tokens: 7, output_tokens: 3, ..Usage::default() });
    match play {
        Play::Ask { pieces, choices } => {
            let mut acts = vec![usage, say("Good.")];
            acts.extend((0..*pieces).flat_map(|_| [Act::Yield, say(" So")]));
            let choice = |id: &str| completion_coach::Choice { id: id.to_owned(), text: format!("the {id} one"), field: None };
            acts.push(say(" what now?"));
            acts.extend(choices.then(|| Act::Offer(vec![choice("first"), choice("second")])));
            acts
        }
        Play::Several => vec![say("What now? "), Act::Yield, say("And why?")],
        Play::Nothing => vec![say("Good to know.")],
        Play::Farewell => vec![say("That is all."), usage],
        Play::Empty => vec![usage, say("  ")],
        Play::Enough { words } => vec![Act::Signal(Signal::Enough), say(if *words { "That is all." } else { "" })],
        Play::HandOver { words } => vec![say(if *words { "Please talk to somebody." } else { "" }), Act::Signal(Signal::HandOver)],
        Play::Outcome(at) => vec![Act::Signal(Signal::Outcome(Outcome::ALL[usize::from(at % 4)])), say("What did you learn?")],
        Play::Fail(kind) => vec![say("Half a"), Act::Yield, usage, Act::Fail(Error::new(*kind, "as planned"))],
        Play::Cut => vec![say("Half a"), Act::Yield, Act::Cut],
        Play::Length => vec![say("Half a"), Act::Length],
        Play::Refuse => vec![Act::Refuse],
        Play::Overrun => vec![Act::Overrun("and on ".repeat(1_000), 3)],
        Play::Panic => vec![say("Half a"), Act::Panic(PANIC.to_owned())],
        Play::Wait(seconds) if waits => vec![Act::Wait(Duration::from_secs(u64::from(*seconds))), say("What came of it?")],
        Play::Wait(_) => vec![Act::Yield, say("What came of it?")],
        Play::Propose(items) => vec![usage, Act::Yield, Act::Say(answer(items, thread))],
    }
}

/// A proposal's JSON: the person's words, the coach's, words that nobody said, or no JSON at all.
fn answer(items: &[(u8, u8)], thread: &[Message]) -> String {
    let item = |(which, how): &(u8, u8)| {
        let spoken: Vec<_> = thread.iter().filter(|message| message.role == Role::User || which % 4 == 0).collect();
        let message = spoken.get(usize::from(*which) % spoken.len().max(1));
        let text = message.map_or("", |message| &message.text);
        let said = text.split(", ").nth(2).or(text.split(", ").last()).unwrap_or_default();
        let skill = SKILLS.iter().find(|skill| text.contains(*skill)).unwrap_or(&SKILLS[0]);
        let (field, value) = match how % 4 {
            0 => ("skills", (*skill).to_owned()),
            1 => ("headline", format!("{skill} on the way there")),
            2 => ("insights", "from Ann on the way there".to_owned()),
            _ => ("interests", (*skill).to_owned()),
        };
        let (value, quote) = if how / 4 % 4 == 0 { ("invented".to_owned(), "words that nobody ever said") } else { (value, said) };
        serde_json::json!({"field": field, "value": value, "message": message.map_or(9, |message| message.seq), "quote": quote})
    };
    match items {
        [(_, 255), ..] => "no JSON".to_owned(),
        items => serde_json::json!({ "items": items.iter().map(item).collect::<Vec<_>>() }).to_string(),
    }
}

/// One of the two sorts of conversation, whichever it is.
macro_rules! of {
    ($user:expr, $thread:expr, $at:ident => $call:expr) => {
        match $thread.action() {
            Some(action) => {
                let $at = $user.debrief(action.clone());
                $call
            }
            None => {
                let $at = $user.chat();
                $call
            }
        }
    };
}
pub(crate) use of;

fn spoken(reply: Reply) -> Came {
    Came::Reply(Box::new(reply))
}

async fn watch(begun: impl Future<Output = Result<Turn>>, hands: Rc<Hands>) -> Result<Came> {
    let mut turn = begun.await?;
    *hands.canceller.borrow_mut() = Some(turn.canceller());
    if hands.leave.get() {
        turn.finish_in_background().expect("inside a runtime");
        return Ok(Came::Left);
    }
    let mut came = None;
    while let Some(event) = turn.next().await {
        match event {
            Ok(TurnEvent::Text(text)) => hands.text.borrow_mut().push_str(&text),
            Ok(TurnEvent::Reply(reply)) => came = Some(Ok(Came::Reply(Box::new(reply)))),
            Ok(_) => assert!(came.is_none(), "nothing follows the reply"),
            Err(error) => came = Some(Err(error)),
        }
    }
    assert!(turn.next().await.is_none(), "a turn that has ended says so for ever");
    came.expect("a turn ends with a reply or an error")
}

/// Whatever is done with somebody else's ids finds nothing.
async fn snoop(user: &User, theirs: &ThreadId, message: Option<&Message>, item: Option<&Extraction>) -> Result<Came> {
    let action = theirs.action().expect("a debrief").clone();
    let debrief = user.debrief(action.clone());
    let mut found = vec![
        debrief.open().await.err(),
        debrief.send("something").await.err(),
        debrief.propose().await.err(),
        debrief.stop().await.err(),
        debrief.messages(9, None).await.err(),
        debrief.state().await.err(),
        debrief.delete().await.err(),
        debrief.recap().await.err(),
        user.delete_action(action.clone()).await.err(),
        user.mark_completion_started(action).await.err(),
    ];
    if let Some(item) = item {
        found.push(user.chat().apply(Verdicts::default().accept(item.id.clone())).await.err());
    }
    if let Some(message) = message {
        found.push(debrief.send(NewMessage::typed(message.text.clone()).id(message.id.clone())).await.err());
    }
    let kinds: Vec<_> = found.iter().map(|error| error.as_ref().map(Error::kind)).collect();
    assert!(kinds.iter().all(|kind| *kind == Some(ErrorKind::NotFound)), "I2: a stranger got {kinds:?}");
    Ok(Came::Done)
}

impl World {
    pub(crate) fn new(setting: &Setting) -> Self {
        let folder = setting.file.then(|| tempfile::tempdir().expect("a folder"));
        let open = || match &folder {
            Some(folder) => SqliteStore::open(folder.path().join("coach.db")),
            None => SqliteStore::in_memory(),
        };
        let store = open().expect("a store");
        let place = if setting.remote { ModelPlace::Remote } else { ModelPlace::Local };
        let info = ModelInfo { provider: "scripted".to_owned(), model: "scripted-1".to_owned(), place, address: None };
        let director = Director::new(info);
        let generous = Rate::new(60_000, 2_000_000_000);
        let rates = if setting.tight { AllowanceRates::default() } else { AllowanceRates { turns: generous, proposals: generous } };
        let clocks: Vec<_> = setting.skews.iter().map(|skew| ManualClock::at(Timestamp::from_millis(1_767_225_600_000 + skew))).collect();
        let coach = |at: usize, clock: &ManualClock| {
            // On a file the last coach has connections of its own, like another process.
            let store = if setting.file && at == 2 { open().expect("a second store") } else { store.clone() };
            CompletionCoach::shared(Arc::new(Stepped(store)), Arc::new(director.clone()))
                .budget(setting.min, setting.max)
                .delivery(if setting.live { Delivery::Live } else { Delivery::Checked })
                .model_opens(setting.model_opens)
                .offline_fallback(setting.fallback)
                .allowance(rates)
                .clock(clock.clone())
                .ids(Spread(SeededIds::new(at as u64 + 1)))
                .build()
                .expect("a coach")
        };
        let coaches = clocks.iter().enumerate().map(|(at, clock)| coach(at, clock)).collect();
        let watcher = CompletionCoach::builder(store.clone(), ScriptedModel::default()).ids(SeededIds::new(99)).clock(clocks[0].clone());
        let watcher = watcher.build().expect("a watcher");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let data = vec![Rc::default(); USERS];
        let (lives, slots, dropped) = ([0; USERS], Vec::new(), Vec::new());
        Self { setting: setting.clone(), runtime, clocks, coaches, director, store, watcher, data, lives, slots, dropped, _folder: folder }
    }

    /// The operation as a future that has not begun.
    pub(crate) fn prepare(&self, mut op: Op) -> Run {
        use What::{Decline, DeleteAction, Later, RecordDone, Reopen, Skip, Step, Stop, Stranger};
        if op.thread == 0 && matches!(op.what, Stop | Skip | Decline | Later | Reopen | DeleteAction | RecordDone | Step(_) | Stranger(_)) {
            op.thread = 1;
        }
        let data = self.data[op.user].clone();
        if matches!(op.what, What::Apply { .. }) {
            // Where something was proposed, if it was anywhere.
            let proposed = |at: &usize| data.extractions.iter().any(|item| item.thread == thread_id(op.user, *at));
            op.thread = [op.thread, 0, 1, 2, 3].into_iter().find(proposed).unwrap_or(op.thread);
        }
        let thread = thread_id(op.user, op.thread);
        let messages = data.messages(&thread).to_vec();
        let model = ScriptedModel::default().clock(self.clocks[op.at].clone());
        let background = matches!(op.drive, Drive::Background);
        for play in &op.plays {
            model.play(acts(play, !background, &messages));
        }
        let hands = Rc::new(Hands { leave: Cell::new(background), ..Hands::default() });
        let user = self.coaches[op.at].user(user_id(op.user));
        let said = self.said(&op, &thread);
        let verdicts = verdicts(&op, &data, &thread);
        let job = self.job(&op, user, &thread, said.clone(), verdicts, hands.clone());
        Run {
            life: self.lives[op.user],
            op,
            job: Some(job),
            model,
            hands,
            thread,
            said,
            at_first: data,
            seen: 0,
            commits: 0,
            attempt: None,
            stored: None,
            spoke: None,
            proposed: false,
            lost: false,
            cleared: false,
            disturbed: false,
            cancelled: false,
            alone: true,
            late: false,
            gave_up: false,
        }
    }

    fn said(&self, op: &Op, thread: &ThreadId) -> Option<NewMessage> {
        let data = &self.data[op.user];
        match &op.what {
            What::Say { text, id } => {
                let message = NewMessage::typed(words(*text, &marker(op.user, thread)));
                Some(id.map_or(message.clone(), |id| message.id(format!("draft-{}", id % 12))))
            }
            What::Again { which, other_text } => {
                let all: Vec<_> = data.threads.iter().flat_map(|thread| &thread.messages).collect();
                let mine: Vec<_> = all.into_iter().filter(|message| message.role == Role::User || which % 8 == 7).collect();
                let old = mine.get(usize::from(*which) % mine.len().max(1))?;
                let text = if *other_text { words(0, &marker(op.user, thread)) } else { old.text.clone() };
                let message = old.choice.as_ref().filter(|_| !other_text).map_or(NewMessage::typed(text), NewMessage::choose);
                Some(message.id(old.id.clone()))
            }
            What::Choose(which) => {
                let offered = data.messages(thread).iter().rev().find(|message| !message.choices.is_empty());
                let ids: Vec<_> = offered.into_iter().flat_map(|message| &message.choices).map(|choice| choice.id.clone()).collect();
                Some(NewMessage::choose(ids.get(usize::from(*which) % ids.len().max(1)).map_or("nothing", String::as_str)))
            }
            _ => None,
        }
    }

    fn job(&self, op: &Op, user: User, thread: &ThreadId, said: Option<NewMessage>, verdicts: Verdicts, hands: Rc<Hands>) -> Job {
        let (thread, now) = (thread.clone(), completion_coach::Clock::now(&self.clocks[op.at]));
        let action = thread.action().cloned();
        let debrief = action.clone().map(|action| user.debrief(action));
        let debrief = move || debrief.expect("a debrief");
        let name = action.clone();
        let action = move || name.expect("an action");
        let undisturbed = matches!(op.drive, Drive::ToTheEnd);
        match op.what.clone() {
            What::Open => Box::pin(async move { of!(user, thread, at => watch(at.open(), hands).await) }),
            What::Resume => Box::pin(async move { of!(user, thread, at => watch(at.resume(), hands).await) }),
            What::TakeOver => Box::pin(async move { of!(user, thread, at => watch(at.take_over(), hands).await) }),
            What::Say { .. } | What::Again { .. } | What::Choose(_) => Box::pin(async move {
                let Some(said) = said else { return Ok(Came::Done) };
                of!(user, thread, at => watch(at.stream(said), hands).await)
            }),
            What::Propose => Box::pin(async move { of!(user, thread, at => at.propose().await.map(Came::Proposal)) }),
            What::Apply { twice, .. } => Box::pin(async move {
                of!(user, thread, at => {
                    let first = at.apply(verdicts.clone()).await?;
                    if twice && undisturbed {
                        let again = at.apply(verdicts).await;
                        assert!(again.is_ok_and(|again| (&again.accepted, &again.rejected) == (&first.accepted, &first.rejected)), "I8: again");
                    }
                    Ok(Came::Applied(Box::new(first)))
                })
            }),
            What::Stop => Box::pin(async move { debrief().stop().await.map(spoken) }),
            What::Skip => Box::pin(async move { debrief().skip_question().await.map(spoken) }),
            What::Reopen => Box::pin(async move { debrief().reopen().await.map(spoken) }),
            What::Decline => Box::pin(async move { debrief().decline().await.map(|()| Came::Done) }),
            What::Later => Box::pin(async move { debrief().later(now + Duration::from_secs(60)).await.map(|()| Came::Done) }),
            What::Delete => Box::pin(async move { of!(user, thread, at => at.delete().await.map(|()| Came::Done)) }),
            What::DeleteAction => Box::pin(async move { user.delete_action(action()).await.map(|()| Came::Done) }),
            What::RecordDone => {
                let title = format!("A tool {}", marker(op.user, &thread));
                Box::pin(async move { user.record_done(NewAction::new("build_tools", title).id(action())).await.map(|_| Came::Done) })
            }
            What::Step(step) => Box::pin(async move { user.step(action(), step).await.map(|_| Came::Done) }),
            What::SaveProfile(kind) => {
                let profile = profile(op.user, kind);
                Box::pin(async move { user.save_profile(&profile).await.map(|()| Came::Done) })
            }
            What::Consent => {
                let disclosure = self.coaches[op.at].disclosure("en");
                Box::pin(async move { user.consent(&disclosure).await.map(|()| Came::Done) })
            }
            What::Withdraw => Box::pin(async move { user.withdraw_consent().await.map(|()| Came::Done) }),
            What::Forget => Box::pin(async move { user.forget().await.map(|()| Came::Done) }),
            What::Stranger(which) => {
                let victim = (op.user + 1 + usize::from(which) % (USERS - 1)) % USERS;
                let theirs = self.data[victim].clone();
                Box::pin(async move {
                    let thread = thread_id(victim, 3);
                    snoop(&user, &thread, theirs.messages(&thread).first(), theirs.extractions.first()).await
                })
            }
        }
    }

    /// One poll of an operation, as the only one that is at work.
    pub(crate) fn poll(&self, run: &mut Run) -> Option<Result<Came>> {
        self.director.direct(&run.model);
        let entered = self.runtime.enter();
        let job = run.job.as_mut().expect("it has not ended");
        let polled = job.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        drop(entered);
        let std::task::Poll::Ready(came) = polled else { return None };
        run.job = None;
        if matches!(came, Ok(Came::Left)) {
            let alive = || self.runtime.metrics().num_alive_tasks() > 0;
            (0..MOST_POLLS).take_while(|_| alive()).for_each(|_| self.runtime.block_on(tokio::task::yield_now()));
            assert!(!alive(), "a turn in the background comes to its end");
        }
        Some(came)
    }

    /// Ends it without another poll.
    pub(crate) fn abandon(&mut self, mut run: Run) {
        run.job = None;
        if let Some(attempt) = run.attempt {
            self.dropped.push((run.op.user, run.op.at, run.thread, attempt));
        }
    }

    pub(crate) fn cancel(&mut self, slot: usize) {
        let run = &mut self.slots[slot];
        if let Some(canceller) = run.hands.canceller.borrow().as_ref() {
            canceller.cancel();
            run.cancelled = true;
        }
    }

    pub(crate) fn advance(&mut self, at: usize, by: i64) {
        self.slots.iter_mut().for_each(|run| run.late = true);
        let clock = &self.clocks[at];
        clock.set(Timestamp::from_millis(completion_coach::Clock::now(clock).as_millis() + by));
    }

    /// What is stored about a user, read past everything that is under test but `export`.
    pub(crate) fn read(&self, user: usize) -> Rc<Data> {
        let account = wait(completion_coach::ActionStore::account(&self.store, &user_id(user))).expect("a readable store");
        if account.as_ref().map_or(0, |account| account.version) == self.data[user].version() {
            return self.data[user].clone();
        }
        if account.is_none() {
            return Rc::default();
        }
        let export = wait(self.watcher.user(user_id(user)).export()).expect("an export");
        Rc::new(serde_json::from_str(&export).expect("an export is what was stored"))
    }
}

fn verdicts(op: &Op, data: &Data, thread: &ThreadId) -> Verdicts {
    let What::Apply { verdicts, .. } = &op.what else { return Verdicts::default() };
    let items: Vec<_> = data.extractions.iter().filter(|item| item.thread == *thread).collect();
    verdicts.iter().filter(|_| !items.is_empty()).fold(Verdicts::default(), |all, (which, how)| {
        let item = items[usize::from(*which) % items.len()];
        all.with(
            item.id.clone(),
            match how % 4 {
                0 | 1 => Verdict::Accept,
                2 => Verdict::Edit(format!("edited {how}").as_str().into()),
                _ => Verdict::Reject,
            },
        )
    })
}

/// Kinds with which a model fails.
pub(crate) const FAILURES: [ErrorKind; 5] =
    [ErrorKind::ModelUnavailable, ErrorKind::ModelRefused, ErrorKind::ReplyIncomplete, ErrorKind::RequestRejected, ErrorKind::Unauthorised];
