//! What tests of an embedding app need: the core's `testing`, as objects.

use std::sync::Arc;
use std::time::Duration;

use completion_coach::store::conformance;
use completion_coach::testing::{ManualClock as CoreClock, ScriptedModel as CoreModel, SeededIds as CoreIds};
use completion_coach::{Clock, ModelInfo, Timestamp};
use pyo3::prelude::*;
use serde_json::json;

use crate::call;
use crate::coach::store_of;
use crate::errors::raise;
use crate::models::NativeModel;
use crate::operation::Operation;

/// A clock that stands still until it is moved.
#[pyclass(frozen, subclass, module = "completion_coach._core")]
pub struct ManualClock(pub CoreClock);

#[pymethods]
impl ManualClock {
    #[new]
    #[pyo3(signature = (millis=None))]
    fn new(millis: Option<i64>) -> Self {
        Self(millis.map_or_else(CoreClock::default, |millis| CoreClock::at(Timestamp::from_millis(millis))))
    }

    fn _now(&self) -> i64 {
        self.0.now().as_millis()
    }

    fn _advance(&self, millis: u64) {
        self.0.advance(Duration::from_millis(millis));
    }

    fn _set(&self, millis: i64) {
        self.0.set(Timestamp::from_millis(millis));
    }
}

/// Ids from a seed.
#[pyclass(frozen, subclass, module = "completion_coach._core")]
pub struct SeededIds(pub CoreIds);

#[pymethods]
impl SeededIds {
    #[new]
    fn new(seed: u64) -> Self {
        Self(CoreIds::new(seed))
    }
}

/// A model that plays a script.
#[pyclass(frozen, subclass, extends = NativeModel, module = "completion_coach._core")]
pub struct ScriptedModel(CoreModel);

#[pymethods]
impl ScriptedModel {
    #[new]
    #[pyo3(signature = (info=None, clock=None, script=None))]
    fn new(py: Python<'_>, info: Option<&str>, clock: Option<&ManualClock>, script: Option<&str>) -> PyResult<PyClassInitializer<Self>> {
        let mut model = match (script, info) {
            (Some(script), _) => raise(py, CoreModel::from_json(script))?,
            (None, Some(info)) => CoreModel::new(raise(py, call::read::<ModelInfo>(info))?),
            (None, None) => CoreModel::default(),
        };
        if let Some(clock) = clock {
            model = model.clock(clock.0.clone());
        }
        Ok(PyClassInitializer::from(NativeModel(Arc::new(model.clone()))).add_subclass(Self(model)))
    }

    fn _play(&self, py: Python<'_>, acts: &str) -> PyResult<()> {
        raise(py, self.0.play_json(acts).map(drop))
    }

    fn _requests(&self, py: Python<'_>) -> PyResult<Option<String>> {
        raise(py, call::json(Ok(self.0.requests())))
    }
}

/// Runs the exam that every store passes. The result is a list of `name`, `about` and `failure`.
#[pyfunction]
pub fn check_store(store: &Bound<'_, PyAny>) -> PyResult<Operation> {
    let store = store_of(store)?;
    Ok(Operation::new(async move {
        let report = conformance::run(store).await;
        let outcome = |outcome: &conformance::Outcome| json!({"name": outcome.name, "about": outcome.about, "failure": outcome.failure});
        call::json(Ok(report.outcomes.iter().map(outcome).collect::<Vec<_>>()))
    }))
}
