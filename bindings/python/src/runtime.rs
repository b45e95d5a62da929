//! One tokio runtime for the process that made it: lazy, refused after a fork, ended before the interpreter is.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use completion_coach::{Error, ErrorKind, Result};
use pyo3::prelude::*;
use tokio::runtime::{Builder, Handle, Runtime};

/// How long the interpreter's exit waits for what was begun.
const PATIENCE: Duration = Duration::from_secs(2);

/// The process that uses this library; 0 before anybody has. Whatever it made is no good in a child of a fork: there the threads are missing.
static OWNER: AtomicU32 = AtomicU32::new(0);
static CLOSED: AtomicBool = AtomicBool::new(false);
/// The threads that wait for a call without the interpreter.
static WAITING: AtomicUsize = AtomicUsize::new(0);
static HANDLE: OnceLock<Handle> = OnceLock::new();
static RUNTIME: Mutex<Option<Runtime>> = Mutex::new(None);

/// Whether this process is a child by fork of the one that used this library.
pub fn is_forked() -> bool {
    let owner = OWNER.load(Ordering::Relaxed);
    owner != 0 && owner != process::id()
}

/// Whether the interpreter has begun to exit.
pub fn is_closed() -> bool {
    CLOSED.load(Ordering::Relaxed)
}

/// Makes this process the one that uses this library, or says why it cannot be.
pub fn check() -> Result<()> {
    let id = process::id();
    match OWNER.compare_exchange(0, id, Ordering::Relaxed, Ordering::Relaxed) {
        Err(owner) if owner != id => Err(Error::new(
            ErrorKind::Internal,
            "this process was forked from one that had used completion_coach already, and has none of its threads; start processes with \
             multiprocessing's `spawn` or `forkserver`, or use the library only after the fork",
        )),
        _ if is_closed() => Err(exiting()),
        _ => Ok(()),
    }
}

pub fn exiting() -> Error {
    Error::new(ErrorKind::Internal, "the interpreter is exiting; nothing can be begun any more")
}

/// The runtime, made when it is first needed.
pub fn handle() -> Result<&'static Handle> {
    check()?;
    if let Some(handle) = HANDLE.get() {
        return Ok(handle);
    }
    let mut kept = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    if kept.is_none() {
        let runtime = Builder::new_multi_thread().worker_threads(2).thread_name("completion-coach").enable_all().build();
        *kept = Some(runtime.map_err(|_| Error::new(ErrorKind::Internal, "no thread can be started; close something and try again"))?);
    }
    Ok(HANDLE.get_or_init(|| kept.as_ref().map_or_else(Handle::current, |runtime| runtime.handle().clone())))
}

/// Lets go of something of the core's: in the background where it may take long, never in a forked child, where it would wait for threads that
/// are not there.
pub fn let_go<T: Send + 'static>(thing: T) {
    if is_forked() {
        std::mem::forget(thing);
        return;
    }
    match HANDLE.get() {
        Some(handle) if !is_closed() => drop(handle.spawn_blocking(move || let_go_here(thing))),
        _ => let_go_here(thing),
    }
}

/// The same on this thread, which has to have detached from the interpreter.
pub fn let_go_here<T>(thing: T) {
    if is_forked() {
        std::mem::forget(thing);
        return;
    }
    let _inside = HANDLE.get().map(Handle::enter);
    // The host's own destructors may be among what is dropped.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(thing)));
}

/// Counts a thread that waits, so that the exit of the interpreter can wait for it to notice.
pub struct Waiting;

impl Waiting {
    pub fn new() -> Self {
        WAITING.fetch_add(1, Ordering::SeqCst);
        Self
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        WAITING.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Called by `atexit`: ends what is under way, so that no thread comes back to an interpreter that is gone.
#[pyfunction]
pub fn shut_down(py: Python<'_>) {
    if is_forked() {
        return;
    }
    CLOSED.store(true, Ordering::SeqCst);
    py.detach(|| {
        let begun = Instant::now();
        while WAITING.load(Ordering::SeqCst) > 0 && begun.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(5));
        }
        let runtime = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(runtime) = runtime {
            runtime.shutdown_timeout(PATIENCE);
        }
    });
}
