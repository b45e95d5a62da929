//! One call into the core, to be waited for or to be started, and to be dropped at any moment.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use completion_coach::{Error, ErrorKind, Result, SqliteStore};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use tokio::task::AbortHandle;

use crate::errors::raised;
use crate::reader::Answer;
use crate::runtime::{self, Waiting};

/// How often a thread that waits looks whether a signal has come.
const LOOK: Duration = Duration::from_millis(50);

/// What a call gives, or nothing.
pub type Outcome = Result<Option<Answer>>;
type Work = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// Who calls: what the host's own code needs to know when the core calls it meanwhile.
#[derive(Default)]
pub struct Caller {
    /// The asyncio loop of the caller's, on which its coroutines run.
    pub event_loop: Option<Py<PyAny>>,
    /// What the host's code raised last, and what kind of error that became.
    pub cause: Arc<Cause>,
}

/// What the host's code raised last, and what kind of error that became.
#[derive(Default)]
pub struct Cause(Mutex<Option<(ErrorKind, PyErr)>>);

tokio::task_local! {
    static CALLER: Arc<Caller>;
}

/// Who calls, if the host's call is still under way.
pub fn caller() -> Option<Arc<Caller>> {
    CALLER.try_with(Arc::clone).ok()
}

impl Cause {
    pub fn set(&self, kind: ErrorKind, raised: PyErr) {
        let old = self.0.lock().unwrap_or_else(PoisonError::into_inner).replace((kind, raised));
        drop(old);
    }

    fn take(&self, kind: ErrorKind) -> Option<PyErr> {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        taken.filter(|(became, _)| *became == kind).map(|(_, raised)| raised)
    }
}

/// One call into the core, used once.
#[pyclass(frozen, module = "completion_coach._core")]
pub struct Operation {
    work: Mutex<Option<Work>>,
    started: Mutex<Option<AbortHandle>>,
    cause: Arc<Cause>,
}

impl Operation {
    pub fn new(work: impl Future<Output = Outcome> + Send + 'static) -> Self {
        Self::caused(work, Arc::default())
    }

    /// One whose error may have been raised in an earlier one.
    pub fn caused(work: impl Future<Output = Outcome> + Send + 'static, cause: Arc<Cause>) -> Self {
        Self { work: Mutex::new(Some(Box::pin(Guarded(Box::pin(work))))), started: Mutex::default(), cause }
    }

    fn take(&self) -> PyResult<Work> {
        let work = self.work.lock().unwrap_or_else(PoisonError::into_inner).take();
        work.ok_or_else(|| PyRuntimeError::new_err("an operation can be used once"))
    }

    fn caller(&self, event_loop: Option<Py<PyAny>>) -> Arc<Caller> {
        Arc::new(Caller { event_loop, cause: self.cause.clone() })
    }
}

#[pymethods]
impl Operation {
    /// Blocks without the interpreter's lock. A signal whose handler raises, such as Ctrl-C, drops the call.
    pub fn wait(&self, py: Python<'_>) -> PyResult<Option<Answer>> {
        let handle = runtime::handle().map_err(|error| raised(py, &error))?;
        let mut work = Box::pin(CALLER.scope(self.caller(None), self.take()?));
        let outcome = py.detach(|| {
            let _waiting = Waiting::new();
            let inside = handle.enter();
            // This thread waits for the answer, and may as well read it by itself.
            let _here = SqliteStore::block_here();
            let waker = Waker::from(Arc::new(Unpark(thread::current())));
            let (mut context, mut looked) = (Context::from_waker(&waker), Instant::now());
            let ended = loop {
                if let Poll::Ready(outcome) = work.as_mut().poll(&mut context) {
                    break Ok(outcome);
                }
                thread::park_timeout(LOOK);
                if looked.elapsed() >= LOOK {
                    looked = Instant::now();
                    if runtime::is_closed() {
                        break Ok(Err(runtime::exiting()));
                    }
                    // On any other thread than the main one this does nothing.
                    if let Some(Err(raised)) = Python::try_attach(|py| py.check_signals()) {
                        break Err(raised);
                    }
                }
            };
            drop(work);
            drop(inside);
            ended
        });
        outcome?.map_err(|error| exception(py, &error, &self.cause))
    }

    /// Runs it on our own threads. `done(result, exception)` is called from one of them, unless it is cancelled.
    fn start(&self, py: Python<'_>, done: Py<PyAny>, event_loop: Py<PyAny>) -> PyResult<()> {
        let handle = runtime::handle().map_err(|error| raised(py, &error))?;
        let work = CALLER.scope(self.caller(Some(event_loop)), self.take()?);
        let cause = self.cause.clone();
        let task = handle.spawn(async move {
            let outcome = work.await;
            // A worker never waits for the interpreter.
            let tell = move || {
                Python::try_attach(|py| {
                    let told = match outcome {
                        Ok(result) => done.call1(py, (result, py.None())),
                        Err(error) => done.call1(py, (py.None(), exception(py, &error, &cause).into_value(py))),
                    };
                    // Its loop was closed in the meantime: nobody waits any more.
                    drop(told);
                    drop(done);
                })
            };
            drop(tokio::task::spawn_blocking(tell));
        });
        *self.started.lock().unwrap_or_else(PoisonError::into_inner) = Some(task.abort_handle());
        Ok(())
    }

    /// Drops the call at once.
    fn cancel(&self, py: Python<'_>) {
        py.detach(|| self.end());
    }
}

impl Operation {
    fn end(&self) {
        if let Some(task) = self.started.lock().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
        let work = self.work.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(work) = work {
            runtime::let_go(work);
        }
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        // One that was started goes on: whoever started it holds a future for its result, and cancels it by that.
        if let Some(work) = self.work.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            runtime::let_go(work);
        }
    }
}

/// The exception for an error, chained from what the host's code raised if it is that.
fn exception(py: Python<'_>, error: &Error, cause: &Cause) -> PyErr {
    let exception = raised(py, error);
    if let Some(raised) = cause.take(error.kind()) {
        exception.set_cause(py, Some(raised));
    }
    exception
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

/// A panic is an error of this library's, not the end of the host's process.
struct Guarded(Work);

impl Future for Guarded {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        let polled = catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(context)));
        polled.unwrap_or_else(|_| Poll::Ready(Err(Error::new(ErrorKind::Internal, "this library has a fault; please report it"))))
    }
}
