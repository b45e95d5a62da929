//! The process that is killed: it holds several debriefs at once and notes what was acknowledged before it goes on.

use std::env;
use std::fmt::Arguments;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use completion_coach::testing::{Act, ScriptedModel, kill_at};
use completion_coach::{
    ActionStatus, ActionStore, AllowanceRates, Chat, CompletionCoach, Debrief, DebriefState, Error, ErrorKind, FieldValue, Finish, Limits,
    Model, ModelEvents, ModelInfo, NewAction, NewMessage, PartRole, Purpose, Rate, Reply, Request, Result, Role, SqliteStore, Turn, User,
};
use tokio::time::sleep;

use crate::random::Random;

pub(crate) const ADA: &str = "ada";
pub(crate) const BOB: &str = "bob";
/// She is forgotten again and again, while she holds a debrief.
pub(crate) const EVE: &str = "eve";
pub(crate) const USERS: [&str; 3] = [ADA, BOB, EVE];
/// The chat about the profile as a whole, among debriefs that are named by their actions.
pub(crate) const CHAT: &str = "general";
/// Ids carry the moment at which their action was made: so many for each run, and two more each time that Eve was forgotten. Seven digits would
/// be a telephone number, and never be proposed.
const A_RUN: u64 = 1_000;

/// What a process can be told.
pub(crate) const ACKNOWLEDGED: [&str; 10] =
    ["done", "opened", "said", "answered", "proposed", "applied", "accepted", "deleted", "removed", "forgot"];

/// What a process is told about its life.
#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) path: PathBuf,
    pub(crate) seed: u64,
    pub(crate) run: u64,
    pub(crate) point: Option<(String, u64)>,
}

impl Life {
    pub(crate) fn into_process(self, command: &mut Command) {
        command.env("CRASH_FILE", self.path).env("CRASH_LIFE", self.seed.to_string()).env("CRASH_RUN", self.run.to_string());
        if let Some((name, nth)) = self.point {
            command.env("CRASH_POINT", name).env("CRASH_NTH", nth.to_string());
        }
    }

    pub(crate) fn of_this_process() -> Option<Self> {
        let number = |name: &str| env::var(name).expect("it is given").parse::<u64>().expect("a number");
        let path = PathBuf::from(env::var_os("CRASH_FILE")?);
        let point = env::var("CRASH_POINT").ok().map(|name| (name, number("CRASH_NTH")));
        Some(Self { path, seed: number("CRASH_LIFE"), run: number("CRASH_RUN"), point })
    }
}

/// Lives until it is killed.
pub(crate) fn live(life: &Life) {
    if let Some((name, nth)) = &life.point {
        kill_at(name, u32::try_from(*nth).expect("it is small"));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        // The harness has begun a line of its own.
        std::io::stdout().write_all(b"\n").expect("the journal");
        let began = Instant::now();
        let performer = Performer::new(life.seed);
        let store: Arc<dyn ActionStore> = Arc::new(SqliteStore::open(&life.path).expect("the file can be opened"));
        let coach = coach(store, &performer);
        performer.calm.store(true, Ordering::SeqCst);
        let resumed = start_again(&coach).await.expect("it goes on where another process was killed");
        performer.calm.store(false, Ordering::SeqCst);
        note(format_args!("started {} {resumed}", began.elapsed().as_micros()));
        let moment = Arc::new(tokio::sync::RwLock::new(AtomicU64::new(life.run * A_RUN)));
        let person = |lane: u64, name: &str| {
            let random = Random::new(life.seed.wrapping_add(lane << 40));
            Person { user: coach.user(name), name: name.to_owned(), lane, random, moment: moment.clone(), made: 0 }
        };
        let lives = [
            tokio::spawn(person(0, ADA).hold_debriefs()),
            tokio::spawn(person(1, ADA).hold_debriefs()),
            tokio::spawn(person(2, BOB).hold_debriefs()),
            tokio::spawn(person(3, EVE).hold_debriefs()),
            tokio::spawn(person(4, EVE).be_forgotten()),
            tokio::spawn(person(5, BOB).chat(life.run)),
        ];
        for life in lives {
            life.await.expect("it does not end");
        }
    });
}

/// One whole line at once, before anything else is begun. What a call acknowledged is noted after it returned, what it is about to do before.
fn note(line: Arguments<'_>) {
    let line = format!("@ {line}\n");
    let mut out = std::io::stdout().lock();
    out.write_all(line.as_bytes()).and_then(|()| out.flush()).expect("the journal");
}

pub(crate) fn coach(store: Arc<dyn ActionStore>, performer: &Performer) -> CompletionCoach {
    let rate = Rate::new(60_000, 100_000);
    let builder = CompletionCoach::shared(store, Arc::new(performer.clone()));
    let builder = builder.allowance(AllowanceRates { turns: rate, proposals: rate }).limits(Limits { items: 10_000, ..Limits::default() });
    builder.build().expect("the settings are sound")
}

/// What every app does at start: it goes on with what was under way. Returns how many conversations had something to go on with.
pub(crate) async fn start_again(coach: &CompletionCoach) -> Result<u64> {
    let mut resumed = 0;
    for name in USERS {
        let me = coach.user(name);
        for listed in me.actions(Some(ActionStatus::Done)).await? {
            if !matches!(listed.debrief, DebriefState::None | DebriefState::Reviewed) {
                Talk::Debrief(me.debrief(listed.action.id)).go_on().await?.reply().await?;
                resumed += u64::from(matches!(listed.debrief, DebriefState::Pending | DebriefState::Live));
            }
        }
    }
    match Talk::Chat(coach.user(BOB).chat()).go_on().await {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        turn => drop(turn?.reply().await?),
    }
    Ok(resumed)
}

/// A debrief or the chat.
pub(crate) enum Talk {
    Debrief(Debrief),
    Chat(Chat),
}

impl Talk {
    pub(crate) fn of(user: &User, thread: &str) -> Self {
        if thread == CHAT { Self::Chat(user.chat()) } else { Self::Debrief(user.debrief(thread)) }
    }

    async fn go_on(&self) -> Result<Turn> {
        match self {
            Self::Debrief(debrief) => debrief.open().await,
            Self::Chat(chat) => chat.open().await,
        }
    }

    async fn take_over(&self) -> Result<Turn> {
        match self {
            Self::Debrief(debrief) => debrief.take_over().await,
            Self::Chat(chat) => chat.take_over().await,
        }
    }

    async fn resume(&self) -> Result<Turn> {
        match self {
            Self::Debrief(debrief) => debrief.resume().await,
            Self::Chat(chat) => chat.resume().await,
        }
    }

    async fn stream(&self, message: NewMessage) -> Result<Turn> {
        match self {
            Self::Debrief(debrief) => debrief.stream(message).await,
            Self::Chat(chat) => chat.stream(message).await,
        }
    }

    pub(crate) async fn send(&self, message: NewMessage) -> Result<Reply> {
        self.stream(message).await?.reply().await
    }

    async fn said_so_far(&self) -> Result<u64> {
        let page = match self {
            Self::Debrief(debrief) => debrief.messages(500, None).await?,
            Self::Chat(chat) => chat.messages(500, None).await?,
        };
        let newest = page.messages.iter().rev().find(|message| message.role == Role::User);
        Ok(newest.map_or(0, |message| number(message.id.as_str())))
    }
}

/// The words of the message with this id. Each says something of its own that can be proposed.
pub(crate) fn text(id: &str) -> String {
    let mut random = Random::new(id.bytes().fold(7, |seed, byte| seed.wrapping_mul(31) ^ u64::from(byte)));
    let longer = if random.percent(15) { random.below(60) } else { random.below(8) };
    let rest = "It took longer than I had planned, and I would begin with the second half. ".repeat(longer as usize);
    format!("{}. {rest}This is {id}.", quote(id))
}

pub(crate) fn skill(id: &str) -> String {
    format!("Sk{id}")
}

fn quote(id: &str) -> String {
    format!("I learned {} while I was doing it", skill(id))
}

pub(crate) fn reply_to(id: &str, closing: bool) -> String {
    if closing {
        format!("You wrote {id}. That was a whole story, and it ends with {id}.")
    } else {
        format!("You wrote {id}. What would you do otherwise after {id}?")
    }
}

/// The number of a message, which its id ends with.
fn number(id: &str) -> u64 {
    id.rsplit('m').next().and_then(|number| number.parse().ok()).expect("an id of ours")
}

/// Not for a resent message: this one came too late.
pub(crate) fn is_over(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::DebriefOver | ErrorKind::NotFound | ErrorKind::WrongStatus)
}

/// A scripted model that writes its scripts itself, from what it is asked: in pieces, with waits between them, and failing at times.
#[derive(Debug, Clone)]
pub(crate) struct Performer {
    random: Arc<Mutex<Random>>,
    calm: Arc<AtomicBool>,
}

impl Performer {
    fn new(seed: u64) -> Self {
        Self { random: Arc::new(Mutex::new(Random::new(seed))), calm: Arc::default() }
    }

    pub(crate) fn calm() -> Self {
        Self { calm: Arc::new(AtomicBool::new(true)), ..Self::new(1) }
    }

    fn script(&self, whole: &str) -> Vec<Act> {
        if self.calm.load(Ordering::SeqCst) {
            return vec![Act::Say(whole.to_owned())];
        }
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        let mut acts = Vec::new();
        let fails_at = if random.percent(8) { random.below(4) } else { u64::MAX };
        let size = 1 + whole.len() / (1 + random.below(4) as usize);
        for (at, piece) in whole.as_bytes().chunks(size).enumerate() {
            acts.push(match random.below(3) {
                0 => Act::Yield,
                1 => Act::Wait(Duration::from_micros(random.below(3_000))),
                _ => Act::Wait(Duration::ZERO),
            });
            if at as u64 == fails_at {
                let unavailable = || Error::new(ErrorKind::ModelUnavailable, "the model is overloaded");
                acts.push([Act::Cut, Act::Length, Act::Fail(unavailable())][random.below(3) as usize].clone());
            }
            acts.push(Act::Say(String::from_utf8(piece.to_vec()).expect("it is ASCII")));
        }
        acts
    }
}

#[async_trait]
impl Model for Performer {
    fn info(&self) -> ModelInfo {
        ScriptedModel::default().info()
    }

    async fn ask(&self, request: &Request, events: &mut ModelEvents) -> Result<Finish> {
        let said: Vec<_> = request.messages.iter().filter(|message| message.role == Role::User).collect();
        let newest = said.last().map_or("nobody", |message| message.id.as_str());
        let whole = match request.purpose {
            Purpose::Propose => {
                let items = said.iter().rev().take(3).map(|message| {
                    let id = message.id.as_str();
                    serde_json::json!({ "field": "skills", "value": skill(id), "message": message.seq, "quote": quote(id) })
                });
                serde_json::json!({ "items": items.collect::<Vec<_>>() }).to_string()
            }
            purpose => reply_to(newest, purpose == Purpose::Closing),
        };
        let seen = request.parts.iter().filter(|part| part.role == PartRole::User).any(|part| part.text.contains(newest));
        assert!(seen || said.is_empty() || request.purpose == Purpose::Propose, "the newest message is asked about");
        let script = ScriptedModel::default();
        script.play(self.script(&whole));
        script.ask(request, events).await
    }
}

/// Somebody who goes on and on with one thing.
struct Person {
    user: User,
    name: String,
    lane: u64,
    random: Random,
    /// No action is made while Eve is being forgotten, so that it is clear which are gone then. All else goes on meanwhile.
    moment: Arc<tokio::sync::RwLock<AtomicU64>>,
    made: u64,
}

impl Person {
    async fn hold_debriefs(mut self) {
        loop {
            let action = match self.unfinished().await {
                Some(action) => action,
                None => self.make_action().await,
            };
            self.hold(&action).await;
        }
    }

    /// What this person or the same one before a kill has begun and not reviewed.
    async fn unfinished(&self) -> Option<String> {
        let listed = self.user.actions(Some(ActionStatus::Done)).await.unwrap_or_else(|error| self.fail("listing", &error));
        let begins = format!("a{}x", self.lane);
        let mine = listed.into_iter().filter(|listed| listed.action.id.as_str().starts_with(&begins));
        let open = mine.filter(|listed| !matches!(listed.debrief, DebriefState::None | DebriefState::Reviewed));
        open.map(|listed| listed.action.id.as_str().to_owned()).next()
    }

    async fn make_action(&mut self) -> String {
        self.made += 1;
        let moment = self.moment.clone();
        let moment = moment.read().await;
        let id = format!("a{}x{}x{}", self.lane, moment.load(Ordering::SeqCst), self.made);
        note(format_args!("doing {} {id}", self.name));
        loop {
            match self.user.record_done(NewAction::new("build_tools", format!("A tool for {id}")).id(id.as_str())).await {
                Ok(_) => break,
                Err(error) => self.retry("recording", &error),
            }
        }
        note(format_args!("done {} {id}", self.name));
        id
    }

    /// Until it is over, or deleted, or its user forgotten.
    async fn hold(&mut self, action: &str) {
        let talk = Talk::of(&self.user, action);
        let debrief = self.user.debrief(action);
        loop {
            let opened = match talk.go_on().await {
                Ok(turn) => turn.reply().await,
                Err(error) => Err(error),
            };
            match opened {
                Ok(reply) if reply.over => return self.review(&debrief, action, true).await,
                Ok(_) => break,
                Err(error) if self.is_gone(&error) => return,
                Err(error) => self.retry("opening", &error),
            }
        }
        note(format_args!("opened {} {action}", self.name));
        let mut said = match talk.said_so_far().await {
            Ok(said) => said,
            Err(error) if self.is_gone(&error) => return,
            Err(error) => self.fail("reading", &error),
        };
        loop {
            said += 1;
            match self.say(&talk, action, &format!("{action}m{said}")).await {
                Some(reply) if reply.over => return self.review(&debrief, action, true).await,
                Some(_) => {}
                None => return,
            }
            if self.random.percent(12) {
                return self.delete(&debrief, action).await;
            }
            if self.random.percent(20) {
                self.review(&debrief, action, false).await;
            }
        }
    }

    /// Says it until it is answered. `None` if there is nobody to say it to any more.
    async fn say(&mut self, talk: &Talk, thread: &str, id: &str) -> Option<Reply> {
        note(format_args!("saying {} {thread} {id}", self.name));
        loop {
            let mut turn = match talk.stream(NewMessage::typed(text(id)).id(id)).await {
                Ok(turn) => turn,
                Err(error) if self.is_gone(&error) => return None,
                Err(error) => {
                    self.retry("saying", &error);
                    continue;
                }
            };
            note(format_args!("said {} {thread} {id}", self.name));
            let reply = if self.random.percent(8) {
                // As from another device. One of them wins, or the other one's reply is there already.
                let rival = async { talk.take_over().await?.reply().await };
                let (reply, rival) = tokio::join!(turn.reply(), rival);
                reply.or(rival)
            } else if self.random.percent(10) {
                let _ = tokio::time::timeout(Duration::from_micros(self.random.below(2_000)), turn.next()).await;
                drop(turn);
                match talk.resume().await {
                    Ok(turn) => turn.reply().await,
                    Err(error) => Err(error),
                }
            } else {
                turn.reply().await
            };
            match reply {
                Ok(reply) => {
                    note(format_args!("answered {} {thread} {id} {}", self.name, reply.message.seq));
                    return Some(reply);
                }
                Err(error) if self.is_gone(&error) => return None,
                Err(error) => self.retry("hearing", &error),
            }
        }
    }

    async fn review(&mut self, debrief: &Debrief, action: &str, at_the_end: bool) {
        let proposal = loop {
            match debrief.propose().await {
                Ok(proposal) => break proposal,
                Err(error) if self.is_gone(&error) => return,
                Err(error) => self.retry("proposing", &error),
            }
        };
        note(format_args!("proposed {} {action}", self.name));
        if at_the_end || self.random.percent(60) {
            let mut verdicts = proposal.verdicts();
            let mut accepted = Vec::new();
            for item in proposal.pending() {
                if self.random.percent(70) {
                    verdicts = verdicts.accept(item.id.clone());
                    let FieldValue::Text(value) = &item.value else { unreachable!("a skill is a text") };
                    accepted.push(format!("{}={value}", item.id));
                } else {
                    verdicts = verdicts.reject(item.id.clone());
                }
            }
            note(format_args!("applying {} {action} {}", self.name, accepted.join(",")));
            loop {
                match debrief.apply(verdicts.clone()).await {
                    Ok(_) => break,
                    Err(error) if self.is_gone(&error) => return,
                    Err(error) => self.retry("applying", &error),
                }
            }
            note(format_args!("applied {} {action} {}", self.name, accepted.join(",")));
        }
        if at_the_end && self.random.percent(25) {
            return self.delete(debrief, action).await;
        }
    }

    async fn delete(&mut self, debrief: &Debrief, action: &str) {
        let whole = self.random.percent(50);
        note(format_args!("{} {} {action}", if whole { "removing" } else { "deleting" }, self.name));
        loop {
            let deleted = if whole { self.user.delete_action(action).await } else { debrief.delete().await };
            match deleted {
                Ok(()) => break,
                Err(error) if self.is_gone(&error) => return,
                Err(error) => self.retry("deleting", &error),
            }
        }
        note(format_args!("{} {} {action}", if whole { "removed" } else { "deleted" }, self.name));
    }

    async fn be_forgotten(mut self) {
        loop {
            sleep(Duration::from_micros(5_000 + self.random.below(40_000))).await;
            let moment = self.moment.clone();
            let moment = moment.write().await;
            let until = moment.load(Ordering::SeqCst) + 1;
            note(format_args!("forgetting {} {until}", self.name));
            self.user.forget().await.unwrap_or_else(|error| self.fail("forgetting", &error));
            note(format_args!("forgot {} {until}", self.name));
            moment.store(until + 1, Ordering::SeqCst);
        }
    }

    async fn chat(mut self, run: u64) {
        let talk = Talk::Chat(self.user.chat());
        let mut said = 0;
        loop {
            sleep(Duration::from_micros(self.random.below(6_000))).await;
            said += 1;
            // There is nobody to talk to before Bob has an action.
            if self.user.profile().await.is_err() {
                continue;
            }
            if said > 1 && self.random.percent(6) {
                note(format_args!("deleting {} {CHAT}", self.name));
                while let Err(error) = self.user.chat().delete().await {
                    self.retry("deleting", &error);
                }
                note(format_args!("deleted {} {CHAT}", self.name));
            }
            let id = format!("c{}x{}m{said}", self.lane, run * A_RUN);
            self.say(&talk, CHAT, &id).await.expect("Bob is never forgotten");
        }
    }

    /// Only Eve's things can vanish under her hands.
    fn is_gone(&self, error: &Error) -> bool {
        self.name == EVE && matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Cancelled)
    }

    /// What a host tries again after.
    fn retry(&self, what: &str, error: &Error) {
        match error.kind() {
            ErrorKind::ModelUnavailable | ErrorKind::ReplyIncomplete | ErrorKind::Conflict => {
                note(format_args!("retried {}", error.kind().as_str()));
            }
            _ => self.fail(what, error),
        }
    }

    fn fail(&self, what: &str, error: &Error) -> ! {
        note(format_args!("failed {} {} {what} {:?} {error}", self.name, self.lane, error.kind()));
        std::process::exit(3);
    }
}
