//! The runtime that everything runs on: two threads of our own, never the caller's, and nothing goes on that nobody waits for.

use std::future::Future;
use std::sync::{Arc, OnceLock};

use completion_coach::{Error, ErrorKind};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::error::Result;

/// The runtime, made when it is first needed. It lasts as long as the process: a phone ends apps by killing them.
pub fn handle() -> Result<&'static Handle, Error> {
    static RUNTIME: OnceLock<Option<Runtime>> = OnceLock::new();
    let made =
        RUNTIME.get_or_init(|| Builder::new_multi_thread().worker_threads(2).thread_name("completion-coach").enable_all().build().ok());
    let made = made.as_ref().map(Runtime::handle);
    made.ok_or_else(|| Error::new(ErrorKind::Internal, "no thread can be started; close something and start the app again"))
}

/// A task that ends when nobody waits for it any more.
struct Task<T>(JoinHandle<T>);

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Carries work out on the runtime. Dropping the future drops the work; a panic in it is an error.
pub async fn run<T: Send + 'static>(work: impl Future<Output = Result<T, Error>> + Send + 'static) -> Result<T> {
    let mut task = Task(handle()?.spawn(work));
    match (&mut task.0).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(fault().into()),
    }
}

/// The same for work that blocks.
pub async fn run_blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T> {
    match handle()?.spawn_blocking(work).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(fault().into()),
    }
}

/// The same, until somebody cancels it.
pub async fn run_until<T: Send + 'static>(
    canceller: Option<Arc<Canceller>>,
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T> {
    run(async move {
        let Some(canceller) = canceller else { return work.await };
        tokio::select! {
            biased;
            () = canceller.cancelled() => Err(Error::new(ErrorKind::Cancelled, "the call was cancelled; nothing of it is stored")),
            done = work => done,
        }
    })
    .await
}

pub fn fault() -> Error {
    Error::new(ErrorKind::Internal, "something failed in the library or in the app's own code that it called; please report it")
}

/// Lets go of something of the core's where it finds the runtime.
pub fn let_go<T>(thing: T) {
    let _inside = handle().map(Handle::enter);
    drop(thing);
}

/// Ends a call from elsewhere, for languages in which leaving it does not.
#[derive(uniffi::Object)]
pub struct Canceller {
    asked: Notify,
}

#[uniffi::export]
impl Canceller {
    /// One for one call.
    #[uniffi::constructor]
    pub fn new() -> Arc<Self> {
        Arc::new(Self { asked: Notify::new() })
    }

    /// The call ends with `Cancelled`, also if it has not begun yet, unless it has ended already. A connection of its is closed at once.
    pub fn cancel(&self) {
        self.asked.notify_one();
    }
}

impl Canceller {
    async fn cancelled(&self) {
        self.asked.notified().await;
    }
}
