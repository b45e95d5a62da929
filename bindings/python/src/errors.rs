//! Errors across the border: the core's become exceptions of `completion_coach.errors`, and a host's exceptions become the core's errors.

use std::collections::HashSet;
use std::error::Error as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use completion_coach::{Error, ErrorKind};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};
use serde_json::Value;

/// How many reasons of hosts' own errors are kept, and how long each may be. They are static texts in nearly all code.
const MOST_REASONS: usize = 1_000;
const MOST_REASON: usize = 500;

/// The exception for an error of the core's.
pub fn raised(py: Python<'_>, error: &Error) -> PyErr {
    let made = || -> PyResult<PyErr> {
        let module = py.import("completion_coach.errors")?;
        let exception = module.call_method1(intern!(py, "from_wire"), (wire(py, error)?,))?;
        Ok(PyErr::from_value(exception))
    };
    made().unwrap_or_else(|failure| failure)
}

/// For calls that only fail with the core's errors.
pub fn raise<T>(py: Python<'_>, result: completion_coach::Result<T>) -> PyResult<T> {
    result.map_err(|error| raised(py, &error))
}

fn wire<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("kind", error.kind().as_str())?;
    dict.set_item("reason", error.to_string())?;
    dict.set_item("field", error.field())?;
    dict.set_item("limit", error.limit())?;
    dict.set_item("attempts", error.attempts())?;
    dict.set_item("request_id", error.request_id())?;
    dict.set_item("permanent", error.is_permanent())?;
    dict.set_item("retry_after_ms", error.retry_after().map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)))?;
    let source = error.source().and_then(|source| source.downcast_ref::<Error>());
    dict.set_item("source", source.map(|source| wire(py, source)).transpose()?)?;
    Ok(dict)
}

/// The error for an exception that the host's code raised. Only a `CoachError` is taken at its word: what another one says may be what a
/// person wrote.
pub fn caught(py: Python<'_>, exception: &PyErr, otherwise: ErrorKind, reason: &'static str) -> Error {
    coach_error(py, exception.value(py)).unwrap_or_else(|| Error::new(otherwise, reason))
}

fn coach_error(py: Python<'_>, value: &Bound<'_, PyAny>) -> Option<Error> {
    let class = py.import("completion_coach.errors").ok()?.getattr("CoachError").ok()?.cast_into::<PyType>().ok()?;
    if !value.is_instance(&class).ok()? {
        return None;
    }
    let kind: String = value.getattr("kind").ok()?.str().ok()?.extract().ok()?;
    let kind: ErrorKind = serde_json::from_value(Value::String(kind)).ok()?;
    let reason = value.getattr("reason").and_then(|reason| reason.extract::<String>()).unwrap_or_default();
    let mut error = Error::new(kind, kept(reason).unwrap_or("the host's own code failed; see the cause"));
    if let Ok(Some(seconds)) = value.getattr("retry_after").and_then(|wait| wait.extract::<Option<f64>>()) {
        error = Duration::try_from_secs_f64(seconds).map_or(error.clone(), |wait| error.with_retry_after(wait));
    }
    if let Ok(Some(attempts)) = value.getattr("attempts").and_then(|attempts| attempts.extract::<Option<u32>>()) {
        error = error.with_attempts(attempts);
    }
    if let Ok(Some(id)) = value.getattr("request_id").and_then(|id| id.extract::<Option<String>>()) {
        error = error.with_request_id(&id);
    }
    if let Ok(Some(field)) = value.getattr("field").and_then(|field| field.extract::<Option<String>>())
        && let Some(field) = kept(field)
    {
        error = error.with_field(field);
    }
    if let Ok(Some(limit)) = value.getattr("limit").and_then(|limit| limit.extract::<Option<u64>>()) {
        error = error.with_limit(limit);
    }
    if value.getattr("is_permanent").and_then(|permanent| permanent.extract()).unwrap_or(false) {
        error = error.permanent();
    }
    Some(error)
}

/// The core takes static texts only, so that each is kept once, and only so many.
fn kept(reason: String) -> Option<&'static str> {
    static KEPT: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let kept = kept.get_or_insert_default();
    if let Some(known) = kept.get(reason.as_str()) {
        return Some(known);
    }
    if reason.is_empty() || reason.len() > MOST_REASON || kept.len() >= MOST_REASONS {
        return None;
    }
    let reason: &'static str = reason.leak();
    kept.insert(reason);
    Some(reason)
}
