//! The two ports as the property test needs them: a store and a model whose every step is one poll, so that any order can be played.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use async_trait::async_trait;
use completion_coach::testing::{ScriptedModel, SeededIds};
use completion_coach::{
    Account, ActionRecord, ActionStore, Attempt, Change, Conversation, Extraction, Finish, Ids, Model, ModelEvents, ModelInfo, Page,
    ProfileChange, Request, Result, SqliteStore, ThreadId, Timestamp, UserId,
};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits here and now, also inside a poll.
pub(crate) fn wait<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(tokio::task::unconstrained(future));
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// A store that lets others run before and after every call, and never within one.
#[derive(Debug, Clone)]
pub(crate) struct Stepped(pub(crate) SqliteStore);

async fn step<T>(call: impl Future<Output = T>) -> T {
    tokio::task::yield_now().await;
    let answer = wait(call);
    tokio::task::yield_now().await;
    answer
}

#[async_trait]
impl ActionStore for Stepped {
    async fn account(&self, user: &UserId) -> Result<Option<Account>> {
        step(self.0.account(user)).await
    }
    async fn actions(&self, user: &UserId) -> Result<Vec<ActionRecord>> {
        step(self.0.actions(user)).await
    }
    async fn conversation(&self, user: &UserId, thread: &ThreadId, page: &Page) -> Result<Option<Conversation>> {
        step(self.0.conversation(user, thread, page)).await
    }
    async fn extractions(&self, user: &UserId, thread: Option<&ThreadId>) -> Result<Vec<Extraction>> {
        step(self.0.extractions(user, thread)).await
    }
    async fn attempts(&self, user: &UserId, from: Timestamp, until: Timestamp) -> Result<Vec<Attempt>> {
        step(self.0.attempts(user, from, until)).await
    }
    async fn changes(&self, user: &UserId, after: u64, limit: u32) -> Result<Vec<ProfileChange>> {
        step(self.0.changes(user, after, limit)).await
    }
    async fn commit(&self, user: &UserId, change: &Change) -> Result<()> {
        step(self.0.commit(user, change)).await
    }
    async fn forget(&self, user: &UserId) -> Result<()> {
        step(self.0.forget(user)).await
    }
}

/// Ids that count, spread over all numbers: what is taken from them for a user's first version must differ as random ones do.
#[derive(Debug)]
pub(crate) struct Spread(pub(crate) SeededIds);

impl Ids for Spread {
    fn next(&self) -> u128 {
        self.0.next().wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
    }
}

/// A model that has every operation's own script played.
#[derive(Debug, Clone)]
pub(crate) struct Director {
    info: ModelInfo,
    now: Arc<Mutex<ScriptedModel>>,
}

impl Director {
    pub(crate) fn new(info: ModelInfo) -> Self {
        Self { info, now: Arc::default() }
    }

    pub(crate) fn direct(&self, model: &ScriptedModel) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = model.clone();
    }
}

#[async_trait]
impl Model for Director {
    fn info(&self) -> ModelInfo {
        self.info.clone()
    }
    async fn ask(&self, request: &Request, events: &mut ModelEvents) -> Result<Finish> {
        let model = self.now.lock().unwrap_or_else(PoisonError::into_inner).clone();
        model.ask(request, events).await
    }
}
