//! What the coach writes in whole debriefs, recorded once, so that both sides of a comparison write the same.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use completion_coach::testing::ScriptedModel;
use completion_coach::{
    Account, ActionRecord, ActionStore, AllowanceRates, Attempt, AttemptStatus, Builder, Change, CompletionCoach, Conversation, Debrief,
    Extraction, Material, Model, NewAction, Page, Profile, ProfileChange, Rate, Result, SqliteStore, ThreadId, Timestamp, UserId, Write,
};

pub(crate) const ACTION: &str = "0b6ccb62-6ac4-4a0c-9a5e-1f2a8d8f4c11";
pub(crate) const SAID: &str =
    "I got the parser to work, but the tests took me twice as long as I had planned, and I nearly gave up on them.";
pub(crate) const REPLY: &str = "It sounds as if the tests taught you more than the parser did, and you stayed with it. When you look back at \
                                the second week, what would you do differently?";

/// One commit of the coach's.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) user: UserId,
    pub(crate) change: Change,
}

/// Which one it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Before the first turn.
    Before,
    /// The user's words, the thread's state, the allowance and the attempt.
    First,
    /// The reply, the thread's state and the end of the attempt.
    Second,
}

impl Step {
    pub(crate) fn part(&self) -> Part {
        let attempt = self.change.writes.iter().find_map(|write| match write {
            Write::Attempt(attempt) => Some(attempt.status),
            _ => None,
        });
        match attempt {
            None => Part::Before,
            Some(AttemptStatus::Running) => Part::First,
            Some(_) => Part::Second,
        }
    }
}

pub(crate) fn user(number: usize) -> UserId {
    UserId::new(format!("5f3a9c1e-77b1-4a7e-8a53-{number:012}"))
}

pub(crate) fn debrief_thread() -> ThreadId {
    ThreadId::Debrief(ACTION.into())
}

/// A coach that lets a debrief go on for ten exchanges and as fast as it can.
pub(crate) fn coach(store: impl ActionStore, model: impl Model) -> CompletionCoach {
    builder(store, model).build().unwrap()
}

pub(crate) fn builder(store: impl ActionStore, model: impl Model) -> Builder {
    let rate = Rate::new(60_000, 60_000);
    let allowance = AllowanceRates { turns: rate, proposals: rate };
    CompletionCoach::builder(store, model).budget(10, 10).allowance(allowance)
}

/// A user with a profile, a done action and its debrief opened.
pub(crate) async fn open(coach: &CompletionCoach, user: &UserId) -> Debrief {
    let me = coach.user(user.clone());
    let profile = Profile {
        name: Some("Ada".to_owned()),
        headline: Some("Backend engineer who writes the tests first".to_owned()),
        skills: ["Rust", "SQL", "Python", "Kubernetes", "technical writing"].map(str::to_owned).to_vec(),
        ..Profile::default()
    };
    me.save_profile(&profile).await.unwrap();
    let action = NewAction::new("build_tools", "Write a parser for the lab's log files").id(ACTION);
    let action = action.description("A small tool that the whole group can use.").material(Material::new("the repository"));
    me.record_done(action).await.unwrap();
    let debrief = me.debrief(ACTION);
    debrief.open().await.unwrap().reply().await.unwrap();
    debrief
}

/// One turn that the model has answered.
pub(crate) async fn turn(debrief: &Debrief, model: &ScriptedModel) {
    model.say(REPLY);
    let reply = debrief.send(SAID).await.unwrap();
    assert_eq!(reply.message.text, REPLY, "the guide stood in");
}

/// What is written for so many turns of so many users, each in a debrief of their own.
pub(crate) async fn record(users: std::ops::Range<usize>, turns: usize) -> Vec<Vec<Step>> {
    let model = ScriptedModel::default();
    record_with(model.clone(), users, turns, async |debrief| turn(debrief, &model).await).await
}

/// The same with this model, which says what it says when a turn is made.
pub(crate) async fn record_with(
    model: impl Model,
    users: std::ops::Range<usize>,
    turns: usize,
    turn: impl AsyncFn(&Debrief),
) -> Vec<Vec<Step>> {
    let recorder = Recorder { store: SqliteStore::in_memory().unwrap(), steps: Arc::default() };
    let coach = coach(recorder.clone(), model);
    let mut all = Vec::new();
    for number in users {
        let debrief = open(&coach, &user(number)).await;
        for _ in 0..turns {
            turn(&debrief).await;
        }
        all.push(std::mem::take(&mut *recorder.steps.lock().unwrap()));
    }
    all
}

/// What is written for one thread of so many turns.
pub(crate) async fn chat(turns: usize) -> Vec<Step> {
    let recorder = Recorder { store: SqliteStore::in_memory().unwrap(), steps: Arc::default() };
    let model = ScriptedModel::default();
    let me = coach(recorder.clone(), model.clone()).user(user(0));
    me.save_profile(&Profile::default()).await.unwrap();
    for _ in 0..turns {
        model.say(REPLY);
        me.chat().send(SAID).await.unwrap();
    }
    std::mem::take(&mut *recorder.steps.lock().unwrap())
}

/// A store in memory that keeps what it was given.
#[derive(Debug, Clone)]
struct Recorder {
    store: SqliteStore,
    steps: Arc<Mutex<Vec<Step>>>,
}

#[async_trait]
impl ActionStore for Recorder {
    async fn account(&self, user: &UserId) -> Result<Option<Account>> {
        self.store.account(user).await
    }

    async fn actions(&self, user: &UserId) -> Result<Vec<ActionRecord>> {
        self.store.actions(user).await
    }

    async fn conversation(&self, user: &UserId, thread: &ThreadId, page: &Page) -> Result<Option<Conversation>> {
        self.store.conversation(user, thread, page).await
    }

    async fn extractions(&self, user: &UserId, thread: Option<&ThreadId>) -> Result<Vec<Extraction>> {
        self.store.extractions(user, thread).await
    }

    async fn attempts(&self, user: &UserId, from: Timestamp, until: Timestamp) -> Result<Vec<Attempt>> {
        self.store.attempts(user, from, until).await
    }

    async fn changes(&self, user: &UserId, after: u64, limit: u32) -> Result<Vec<ProfileChange>> {
        self.store.changes(user, after, limit).await
    }

    async fn commit(&self, user: &UserId, change: &Change) -> Result<()> {
        self.store.commit(user, change).await?;
        self.steps.lock().unwrap().push(Step { user: user.clone(), change: change.clone() });
        Ok(())
    }

    async fn forget(&self, user: &UserId) -> Result<()> {
        self.store.forget(user).await
    }
}
