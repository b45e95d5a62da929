//! The models and the store that the core brings with it, as objects.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use completion_coach::{Credentials, Endpoint, Error, ErrorKind, Model, Result, Retries, SqliteStore as CoreStore, TimeLimits, TokenLimit};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::call;
use crate::errors::{raise, raised};
use crate::operation::Operation;
use crate::ports::{PyModel, PyTokenSource};
use crate::runtime;

/// A model that needs nothing of Python's to be asked.
#[pyclass(frozen, subclass, module = "completion_coach._core")]
pub struct NativeModel(pub Arc<dyn Model>);

#[pymethods]
impl NativeModel {
    /// What the model says of itself, as JSON.
    fn _info(&self, py: Python<'_>) -> PyResult<Option<String>> {
        raise(py, call::json(Ok(self.0.info())))
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let info = slf.get().0.info();
        Ok(format!("<{} {} at {}>", slf.get_type().name()?, info.model, info.provider))
    }
}

/// The model in an object, or over an adapter.
pub fn model_of(object: &Bound<'_, PyAny>) -> PyResult<Arc<dyn Model>> {
    match object.cast::<NativeModel>() {
        Ok(native) => Ok(native.get().0.clone()),
        Err(_) => Ok(Arc::new(PyModel::new(object)?)),
    }
}

/// A wait as a `timedelta` or in seconds.
#[derive(FromPyObject)]
enum Wait {
    Delta(Duration),
    Seconds(f64),
}

impl Wait {
    fn duration(self) -> Result<Duration> {
        match self {
            Self::Delta(wait) => Ok(wait),
            Self::Seconds(seconds) => {
                Duration::try_from_secs_f64(seconds).map_err(|_| Error::new(ErrorKind::InvalidInput, "a time in seconds is 0 or more"))
            }
        }
    }
}

/// A `TimeLimits`.
#[derive(FromPyObject)]
struct GivenLimits {
    answer: Duration,
    idle: Duration,
    overall: Duration,
}

/// A `Retries`, or only how often.
#[derive(FromPyObject)]
enum GivenRetries {
    #[pyo3(transparent)]
    Number(u32),
    Retries {
        most: u32,
        longest_wait: Duration,
    },
}

/// The settings that both kinds of model have.
#[derive(Default)]
struct Settings<'py> {
    api_key: Option<Bound<'py, PyAny>>,
    base_url: Option<String>,
    provider: Option<String>,
    headers: Option<BTreeMap<String, String>>,
    time_limits: TimeLimits,
    retries: Retries,
    on_this_device: bool,
    unencrypted: bool,
    effort: Option<String>,
    thinking_tokens: Option<u32>,
    token_limit: Option<String>,
}

impl<'py> Settings<'py> {
    fn read(given: Option<&Bound<'py, PyDict>>, with_token_limit: bool) -> PyResult<Self> {
        let mut settings = Self::default();
        for (name, value) in given.into_iter().flatten() {
            let name: String = name.extract()?;
            match name.as_str() {
                "api_key" => settings.api_key = value.extract()?,
                "base_url" => settings.base_url = value.extract()?,
                "provider" => settings.provider = value.extract()?,
                "headers" => settings.headers = value.extract()?,
                "time_limits" => {
                    if let Some(limits) = value.extract::<Option<GivenLimits>>()? {
                        let GivenLimits { answer, idle, overall } = limits;
                        settings.time_limits = TimeLimits { answer, idle, overall };
                    }
                }
                "retries" => match value.extract()? {
                    None => {}
                    Some(GivenRetries::Number(most)) => settings.retries.most = most,
                    Some(GivenRetries::Retries { most, longest_wait }) => settings.retries = Retries { most, longest_wait },
                },
                "on_this_device" => settings.on_this_device = value.extract()?,
                "unencrypted" => settings.unencrypted = value.extract()?,
                "effort" => settings.effort = value.extract()?,
                "thinking_tokens" => settings.thinking_tokens = value.extract()?,
                "token_limit" if with_token_limit => settings.token_limit = value.extract()?,
                _ => return Err(PyTypeError::new_err(format!("a model has no setting {name:?}"))),
            }
        }
        Ok(settings)
    }
}

impl Settings<'_> {
    /// The endpoint. A key from the environment goes to the vendor's own address or to the one in the environment, nowhere else.
    fn endpoint(&self, vendor: &str, own: &str) -> PyResult<Result<Endpoint>> {
        let variable = |name: &str| std::env::var(format!("{vendor}_{name}")).ok().filter(|value| !value.trim().is_empty());
        let elsewhere = variable("BASE_URL");
        let credentials = match &self.api_key {
            Some(key) => match key.cast::<PyString>() {
                Ok(key) => Credentials::key(key.extract::<String>()?),
                Err(_) => {
                    let adapter = key.py().import("completion_coach._ports")?.call_method1("of_token_source", (key,))?;
                    Ok(Credentials::source(PyTokenSource::new(&adapter)))
                }
            },
            None if self.base_url.is_some() || (elsewhere.is_some() && variable("API_KEY").is_none()) => Ok(Credentials::none()),
            None => Credentials::environment(&format!("{vendor}_API_KEY")),
        };
        let url = self.base_url.clone().or(elsewhere).unwrap_or_else(|| own.to_owned());
        Ok(credentials.map(|credentials| Endpoint::new(url, credentials)))
    }

    fn set(self, endpoint: Result<Endpoint>) -> Result<Endpoint> {
        let mut endpoint = endpoint?;
        if let Some(name) = self.provider {
            endpoint = endpoint.provider(name);
        }
        for (name, value) in self.headers.unwrap_or_default() {
            endpoint = endpoint.header(name, value);
        }
        if self.on_this_device {
            endpoint = endpoint.on_this_device();
        }
        if self.unencrypted {
            endpoint = endpoint.unencrypted();
        }
        Ok(endpoint.time_limits(self.time_limits).retries(self.retries))
    }
}

/// A Claude model, at Anthropic or wherever its Messages API is spoken.
#[pyclass(frozen, subclass, extends = NativeModel, module = "completion_coach._core")]
pub struct AnthropicModel;

#[pymethods]
impl AnthropicModel {
    #[new]
    #[pyo3(
        signature = (model, **settings),
        text_signature = "(model, *, api_key=None, base_url=None, provider=None, headers=None, time_limits=None, retries=None, \
                          on_this_device=False, unencrypted=False, effort=None, thinking_tokens=None)"
    )]
    fn new(py: Python<'_>, model: String, settings: Option<&Bound<'_, PyDict>>) -> PyResult<PyClassInitializer<Self>> {
        let settings = Settings::read(settings, false)?;
        let endpoint = settings.endpoint("ANTHROPIC", completion_coach::AnthropicModel::BASE_URL)?;
        let (effort, thinking) = (settings.effort.clone(), settings.thinking_tokens);
        let made = settings.set(endpoint).and_then(|endpoint| completion_coach::AnthropicModel::new(model, endpoint));
        let mut made = raise(py, made)?;
        if let Some(effort) = effort {
            made = made.effort(effort);
        }
        if let Some(tokens) = thinking {
            made = made.thinking_tokens(tokens);
        }
        Ok(PyClassInitializer::from(NativeModel(Arc::new(made))).add_subclass(Self))
    }
}

/// A model at OpenAI, or at any server that speaks its chat completions.
#[pyclass(frozen, subclass, extends = NativeModel, module = "completion_coach._core")]
pub struct OpenAiModel;

#[pymethods]
impl OpenAiModel {
    #[new]
    #[pyo3(
        signature = (model, **settings),
        text_signature = "(model, *, api_key=None, base_url=None, provider=None, headers=None, time_limits=None, retries=None, \
                          on_this_device=False, unencrypted=False, effort=None, thinking_tokens=None, token_limit=None)"
    )]
    fn new(py: Python<'_>, model: String, settings: Option<&Bound<'_, PyDict>>) -> PyResult<PyClassInitializer<Self>> {
        let settings = Settings::read(settings, true)?;
        let endpoint = settings.endpoint("OPENAI", completion_coach::OpenAiModel::BASE_URL)?;
        let (effort, thinking, limit) = (settings.effort.clone(), settings.thinking_tokens, settings.token_limit.clone());
        let made = settings.set(endpoint).and_then(|endpoint| completion_coach::OpenAiModel::new(model, endpoint));
        let mut made = raise(py, made)?;
        if let Some(effort) = effort {
            made = made.effort(effort);
        }
        if let Some(tokens) = thinking {
            made = made.thinking_tokens(tokens);
        }
        made = match limit.as_deref() {
            None => made,
            Some("max_tokens") => made.token_limit(TokenLimit::MaxTokens),
            Some("max_completion_tokens") => made.token_limit(TokenLimit::MaxCompletionTokens),
            Some(_) => {
                let reason = "token_limit: it is `max_tokens` or `max_completion_tokens`";
                return Err(raised(py, &Error::new(ErrorKind::InvalidInput, reason)));
            }
        };
        Ok(PyClassInitializer::from(NativeModel(Arc::new(made))).add_subclass(Self))
    }
}

/// A set of guided questions that needs no model, no network and no key.
#[pyclass(frozen, subclass, extends = NativeModel, module = "completion_coach._core")]
pub struct OfflineGuide;

#[pymethods]
impl OfflineGuide {
    #[new]
    fn new() -> PyClassInitializer<Self> {
        PyClassInitializer::from(NativeModel(Arc::new(completion_coach::OfflineGuide))).add_subclass(Self)
    }
}

/// The default store: one SQLite file that any number of processes may use at once, or memory.
#[pyclass(frozen, subclass, module = "completion_coach._core")]
pub struct SqliteStore(Mutex<Option<CoreStore>>);

impl SqliteStore {
    fn opened(py: Python<'_>, open: impl FnOnce() -> Result<CoreStore> + Send) -> PyResult<Self> {
        raise(py, runtime::check())?;
        let store = py.detach(open);
        Ok(Self(Mutex::new(Some(raise(py, store)?))))
    }

    pub fn store(&self) -> Result<CoreStore> {
        runtime::check()?;
        let store = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        store.ok_or_else(|| Error::new(ErrorKind::Internal, "this store was closed; open it again"))
    }
}

#[pymethods]
impl SqliteStore {
    /// Opens the file, or creates it. Other processes that use it are waited for at most so many seconds.
    #[new]
    #[pyo3(signature = (path, wait = Wait::Seconds(5.0)), text_signature = "(path, wait=5.0)")]
    fn new(py: Python<'_>, path: PathBuf, wait: Wait) -> PyResult<Self> {
        let wait = raise(py, wait.duration())?;
        Self::opened(py, move || CoreStore::open_with_wait(path, wait))
    }

    /// A new store in memory, which is gone with its last user.
    #[staticmethod]
    fn in_memory(py: Python<'_>) -> PyResult<Self> {
        Self::opened(py, CoreStore::in_memory)
    }

    /// Writes a copy of everything, as of one moment, to a new file, which is a database like this one. Others go on writing meanwhile.
    fn back_up(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        let store = raise(py, self.store())?;
        Operation::new(async move { store.back_up(path).await.map(|()| None) }).wait(py).map(drop)
    }

    /// Writes the file anew, so that nothing deleted is left in any byte of it, after an error has said that traces may remain.
    fn erase_traces(&self, py: Python<'_>) -> PyResult<()> {
        let store = raise(py, self.store())?;
        Operation::new(async move { store.erase_traces().await.map(|()| None) }).wait(py).map(drop)
    }

    /// Finishes what was begun and closes every connection. Until `unpause`, every call on this store fails at once.
    fn pause(&self, py: Python<'_>) -> PyResult<()> {
        let store = raise(py, self.store())?;
        Operation::new(async move { store.pause().await.map(|()| None) }).wait(py).map(drop)
    }

    /// Opens what `pause` closed, and checks the file as opening does.
    fn unpause(&self, py: Python<'_>) -> PyResult<()> {
        let store = raise(py, self.store())?;
        Operation::new(async move { store.unpause().await.map(|()| None) }).wait(py).map(drop)
    }

    /// Lets go of the file, once what was begun is written and no coach uses it.
    fn close(&self, py: Python<'_>) {
        let store = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        py.detach(|| runtime::let_go_here(store));
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        if let Some(store) = self.0.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            runtime::let_go(store);
        }
    }
}
