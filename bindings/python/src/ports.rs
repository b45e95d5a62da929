//! The core's ports over objects of the host's: called on threads that may wait, never on one of the runtime's workers.
//!
//! The adapters in `_ports.py` take and give JSON. Each of their methods answers at once, or with a `concurrent.futures.Future` of a coroutine.

use std::fmt::Debug;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use completion_coach::{
    Account, ActionRecord, ActionStore, Attempt, Change, Conversation, Error, ErrorKind, Extraction, Finish, Model, ModelEvent,
    ModelEvents, ModelInfo, Page, ProfileChange, Request, Result, SafetyClassifier, SafetyLevel, Secret, ThreadId, Timestamp, TokenSource,
    UserId,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::errors::{caught, raise};
use crate::operation::{Caller, caller};
use crate::runtime;

/// What an exception of the host's becomes, unless it is a `CoachError`.
#[derive(Clone, Copy)]
struct Otherwise(ErrorKind, &'static str);

const STORE: Otherwise = Otherwise(ErrorKind::StorageUnavailable, "the store raised an exception; see the cause");
const MODEL: Otherwise = Otherwise(ErrorKind::ModelUnavailable, "the model raised an exception; see the cause");
const TOKEN: Otherwise = Otherwise(ErrorKind::ModelUnavailable, "the source of tokens raised an exception; see the cause");
const CLASSIFIER: Otherwise = Otherwise(ErrorKind::Internal, "the safety classifier raised an exception; see the cause");

/// An adapter.
#[derive(Clone)]
struct Port(Arc<Py<PyAny>>);

impl Debug for Port {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Port")
    }
}

/// What a method of an adapter has answered.
enum Called {
    Now(Option<String>),
    Later(Pending),
}

impl Port {
    fn new(adapter: &Bound<'_, PyAny>) -> Self {
        Self(Arc::new(adapter.clone().unbind()))
    }

    /// Calls a method. Dropping the future cancels a coroutine, and does not wait for a method that works.
    async fn call(&self, otherwise: Otherwise, method: &'static str, arguments: String, sink: Option<Sink>) -> Result<Option<String>> {
        let (port, caller) = (self.clone(), caller().unwrap_or_default());
        let (sender, answer) = oneshot::channel();
        let work = move || {
            let called = Python::try_attach(|py| {
                let called = port.called(py, method, &arguments, sink, &caller, otherwise, sender);
                called.map_err(|raised| error(py, raised, &caller, otherwise))
            });
            called.unwrap_or_else(|| Err(runtime::exiting()))
        };
        match tokio::task::spawn_blocking(work).await.map_err(|_| runtime::exiting())?? {
            Called::Now(answer) => Ok(answer),
            Called::Later(mut pending) => {
                let answer = answer.await;
                pending.0 = None;
                answer.unwrap_or_else(|_| Err(runtime::exiting()))
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "it is one half of the method above, on another thread")]
    fn called(
        &self,
        py: Python<'_>,
        method: &str,
        arguments: &str,
        sink: Option<Sink>,
        caller: &Arc<Caller>,
        otherwise: Otherwise,
        sender: oneshot::Sender<Result<Option<String>>>,
    ) -> PyResult<Called> {
        let event_loop = caller.event_loop.as_ref().map(|event_loop| event_loop.clone_ref(py));
        let answer = self.0.call_method1(py, "call", (method, arguments, event_loop, sink))?;
        let answer = answer.into_bound(py);
        if answer.is_none() {
            return Ok(Called::Now(None));
        }
        if let Ok(answer) = answer.extract::<String>() {
            return Ok(Called::Now(Some(answer)));
        }
        let answered = Answer { sender: Mutex::new(Some(sender)), caller: caller.clone(), otherwise };
        answer.call_method1("add_done_callback", (answered,))?;
        Ok(Called::Later(Pending(Some(answer.unbind()))))
    }

    async fn ask<T: DeserializeOwned>(&self, otherwise: Otherwise, method: &'static str, arguments: &Value) -> Result<T> {
        let answer = self.call(otherwise, method, arguments.to_string(), None).await?;
        serde_json::from_str(answer.as_deref().unwrap_or("null")).map_err(|_| unreadable(otherwise))
    }
}

fn unreadable(Otherwise(kind, _): Otherwise) -> Error {
    Error::new(kind, "what the host's own code answered cannot be read; compare it with the types of the method")
}

fn error(py: Python<'_>, raised: PyErr, caller: &Caller, Otherwise(kind, reason): Otherwise) -> Error {
    let error = caught(py, &raised, kind, reason);
    caller.cause.set(error.kind(), raised);
    error
}

/// A coroutine under way. Dropping it cancels it.
struct Pending(Option<Py<PyAny>>);

impl Drop for Pending {
    fn drop(&mut self) {
        let (Some(future), Ok(handle)) = (self.0.take(), runtime::handle()) else { return };
        drop(handle.spawn_blocking(move || Python::try_attach(|py| drop(future.call_method0(py, "cancel")))));
    }
}

/// Takes the result of a coroutine.
#[pyclass(frozen, module = "completion_coach._core")]
struct Answer {
    sender: Mutex<Option<oneshot::Sender<Result<Option<String>>>>>,
    caller: Arc<Caller>,
    otherwise: Otherwise,
}

#[pymethods]
impl Answer {
    fn __call__(&self, py: Python<'_>, future: &Bound<'_, PyAny>) {
        let answer = future.call_method0("result").and_then(|answer| answer.extract::<Option<String>>());
        let answer = answer.map_err(|raised| error(py, raised, &self.caller, self.otherwise));
        if let Some(sender) = self.sender.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // Nobody waits any more if the call was dropped.
            let _ = sender.send(answer);
        }
    }
}

/// Takes the pieces of a model's answer.
#[pyclass(frozen, module = "completion_coach._core")]
pub struct Sink(ModelEvents);

impl Sink {
    /// An answer that ends because the interpreter exits is not a whole one: it fails, so that nothing of it is stored.
    fn take(&self, py: Python<'_>, event: ModelEvent) -> PyResult<bool> {
        if runtime::is_closed() {
            return raise(py, Err(runtime::exiting()));
        }
        Ok(self.0.push(event))
    }
}

#[pymethods]
impl Sink {
    /// Takes a piece of text. Whether anybody still wants more.
    fn text(&self, py: Python<'_>, text: String) -> PyResult<bool> {
        self.take(py, ModelEvent::Text(text))
    }

    /// Takes any other piece, as JSON.
    fn push(&self, py: Python<'_>, event: &str) -> PyResult<bool> {
        let event = serde_json::from_str(event).map_err(|_| PyValueError::new_err("a model yields text, choices, signals and usage"))?;
        self.take(py, event)
    }
}

/// A model of the host's.
#[derive(Debug)]
pub struct PyModel {
    port: Port,
    info: ModelInfo,
}

impl PyModel {
    pub fn new(adapter: &Bound<'_, PyAny>) -> PyResult<Self> {
        let info: String = adapter.call_method0("info")?.extract()?;
        let info = raise(adapter.py(), serde_json::from_str(&info).map_err(|_| unreadable(MODEL)))?;
        Ok(Self { port: Port::new(adapter), info })
    }
}

#[async_trait]
impl Model for PyModel {
    fn info(&self) -> ModelInfo {
        self.info.clone()
    }

    async fn ask(&self, request: &Request, events: &mut ModelEvents) -> Result<Finish> {
        let request = serde_json::to_string(request).map_err(|_| unreadable(MODEL))?;
        let finish = self.port.call(MODEL, "ask", request, Some(Sink(events.clone()))).await?;
        serde_json::from_str(finish.as_deref().unwrap_or("null")).map_err(|_| unreadable(MODEL))
    }
}

/// A store of the host's.
#[derive(Debug)]
pub struct PyStore(Port);

impl PyStore {
    pub fn new(adapter: &Bound<'_, PyAny>) -> Self {
        Self(Port::new(adapter))
    }

    fn ask<T: DeserializeOwned + Send>(&self, method: &'static str, arguments: Value) -> impl Future<Output = Result<T>> + Send {
        let port = self.0.clone();
        async move { port.ask(STORE, method, &arguments).await }
    }
}

#[async_trait]
impl ActionStore for PyStore {
    async fn account(&self, user: &UserId) -> Result<Option<Account>> {
        self.ask("account", json!([user])).await
    }

    async fn actions(&self, user: &UserId) -> Result<Vec<ActionRecord>> {
        self.ask("actions", json!([user])).await
    }

    async fn conversation(&self, user: &UserId, thread: &ThreadId, page: &Page) -> Result<Option<Conversation>> {
        self.ask("conversation", json!([user, thread, page])).await
    }

    async fn extractions(&self, user: &UserId, thread: Option<&ThreadId>) -> Result<Vec<Extraction>> {
        self.ask("extractions", json!([user, thread])).await
    }

    async fn attempts(&self, user: &UserId, from: Timestamp, until: Timestamp) -> Result<Vec<Attempt>> {
        self.ask("attempts", json!([user, from, until])).await
    }

    async fn changes(&self, user: &UserId, after: u64, limit: u32) -> Result<Vec<ProfileChange>> {
        self.ask("changes", json!([user, after, limit])).await
    }

    async fn commit(&self, user: &UserId, change: &Change) -> Result<()> {
        self.ask("commit", json!([user, change])).await
    }

    async fn forget(&self, user: &UserId) -> Result<()> {
        self.ask("forget", json!([user])).await
    }
}

/// A safety classifier of the host's.
#[derive(Debug)]
pub struct PyClassifier(Port);

impl PyClassifier {
    pub fn new(adapter: &Bound<'_, PyAny>) -> Self {
        Self(Port::new(adapter))
    }
}

#[async_trait]
impl SafetyClassifier for PyClassifier {
    async fn level(&self, text: &str, language: &str) -> Result<SafetyLevel> {
        self.0.ask(CLASSIFIER, "level", &json!([text, language])).await
    }
}

/// A source of tokens of the host's.
#[derive(Debug)]
pub struct PyTokenSource(Port);

impl PyTokenSource {
    pub fn new(adapter: &Bound<'_, PyAny>) -> Self {
        Self(Port::new(adapter))
    }
}

#[async_trait]
impl TokenSource for PyTokenSource {
    async fn token(&self) -> Result<Secret> {
        self.0.ask::<String>(TOKEN, "token", &json!([])).await.map(Secret::new)
    }

    async fn invalidate(&self, refused: &Secret) {
        // The next token is asked for whether this went well or not.
        let _ = self.0.ask::<()>(TOKEN, "invalidate", &json!([refused.expose()])).await;
    }
}
