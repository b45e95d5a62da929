//! The runtime that everything runs on: two threads of our own, never the caller's, and nothing goes on that nobody waits for.

use std::any::Any;
use std::future::Future;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use completion_coach::{Error, ErrorKind};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::error::Result;

/// The runtime, made when it is first needed. It lasts as long as the process: a phone ends apps by killing them.
pub fn handle() -> Result<&'static Handle, Error> {
    static RUNTIME: OnceLock<Option<Runtime>> = OnceLock::new();
    let made =
        RUNTIME.get_or_init(|| Builder::new_multi_thread().worker_threads(2).thread_name("completion-coach").enable_all().build().ok());
    let made = made.as_ref().map(Runtime::handle);
    made.ok_or_else(|| Error::new(ErrorKind::Internal, "no thread can be started; close something and start the app again"))
}

/// How long a call waits at most for what was dropped just before it.
const PATIENCE: Duration = Duration::from_secs(1);

/// How many tasks were dropped and are not gone yet.
static LEAVING: LazyLock<watch::Sender<usize>> = LazyLock::new(|| watch::Sender::new(0));

#[derive(Default)]
enum Stage {
    #[default]
    Running,
    Leaving,
    Gone,
}

/// A task that ends when it is dropped. The runtime may take a moment for that; whatever is called next waits for it, so that a debrief that
/// was left can be resumed at once.
///
/// What it does is boxed: one kind of task for all calls, which would cost 10 KB each otherwise.
pub struct Task {
    handle: JoinHandle<()>,
    stage: Arc<Mutex<Stage>>,
}

/// In a task from its beginning to its end.
struct Within(Arc<Mutex<Stage>>);

impl Task {
    /// Begins.
    pub fn spawn(work: Work<()>) -> Result<Self, Error> {
        let stage = Arc::default();
        let within = Within(Arc::clone(&stage));
        let handle = handle()?.spawn(async move {
            let _within = within;
            let mut leaving = LEAVING.subscribe();
            if *leaving.borrow() > 0 {
                // Whether they are gone or not, the call says how it is; what is stuck in the app's code is not waited for twice.
                if timeout(PATIENCE, leaving.wait_for(|leaving| *leaving == 0)).await.is_err() {
                    LEAVING.send_modify(|leaving| *leaving = 0);
                }
            }
            work.await;
        });
        Ok(Self { handle, stage })
    }

    /// Lets it end by itself.
    pub fn detach(self) {
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner) = Stage::Gone;
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        if let Stage::Running = *stage {
            *stage = Stage::Leaving;
            LEAVING.send_modify(|leaving| *leaving += 1);
            self.handle.abort();
        }
    }
}

impl Drop for Within {
    fn drop(&mut self) {
        let mut stage = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Stage::Leaving = std::mem::replace(&mut *stage, Stage::Gone) {
            LEAVING.send_modify(|leaving| *leaving = leaving.saturating_sub(1));
        }
    }
}

/// What somebody waits for. Boxed, so that calls with the same kind of answer are the same code.
pub type Call<T> = Pin<Box<dyn Future<Output = Result<T>> + Send>>;

type Work<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Carries work out on the runtime. Dropping the future drops the work; a panic in it is an error.
pub fn run<T: Send + 'static>(work: impl Future<Output = Result<T, Error>> + Send + 'static) -> Call<T> {
    call(Box::pin(work))
}

/// One code for each kind of answer, whatever the work is.
fn call<T: Send + 'static>(work: Work<Result<T, Error>>) -> Call<T> {
    let answer = answer(Box::pin(async move { Box::new(work.await) as Box<dyn Any + Send> }));
    Box::pin(async move {
        match answer.await.map(|done| done.downcast::<Result<T, Error>>()) {
            Ok(Ok(done)) => Ok((*done)?),
            Ok(Err(_)) => Err(fault().into()),
            Err(error) => Err(error.into()),
        }
    })
}

async fn answer(work: Work<Box<dyn Any + Send>>) -> Result<Box<dyn Any + Send>, Error> {
    let (sender, answer) = oneshot::channel();
    let _task = Task::spawn(Box::pin(async move {
        // Nobody is told if nobody waits any more.
        let _ = sender.send(work.await);
    }))?;
    answer.await.map_err(|_| fault())
}

/// Carries out work that blocks.
pub async fn run_blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T> {
    match handle()?.spawn_blocking(work).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(fault().into()),
    }
}

pub fn fault() -> Error {
    Error::new(ErrorKind::Internal, "something failed in the library or in the app's own code that it called; please report it")
}

/// Carries out work that waits for nothing on the caller's thread. A panic in it is an error, without the panic's own text.
pub fn at_once<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => Ok(done?),
        Err(_) => Err(fault().into()),
    }
}

/// Carries out work that nobody waits for, and that may block, on a thread for such. Boxed, so that it is the same code for all.
pub fn elsewhere(work: Box<dyn FnOnce() + Send>) {
    if let Ok(handle) = handle() {
        handle.spawn_blocking(work);
    }
}

/// Something of the core's. Whoever lets go of a store last waits until its file is closed: a thread for that does, not the caller's.
pub struct Held<T: Send + 'static>(Option<T>);

impl<T: Send> From<T> for Held<T> {
    fn from(thing: T) -> Self {
        Self(Some(thing))
    }
}

impl<T: Send> Deref for Held<T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.0.as_ref().expect("only dropping it takes it")
    }
}

impl<T: Send> Drop for Held<T> {
    fn drop(&mut self) {
        let thing = self.0.take();
        elsewhere(Box::new(move || drop(thing)));
    }
}
