//! The coach: put together from a store, a model and options, called with operations, closed when it is done.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use completion_coach::{
    ActionStore, AllowanceRates, CompletionCoach, Delivery, Error, ErrorKind, Limits, PriceTable, Result, SqliteStore as CoreStore, Term,
    Texts, Voice,
};
use pyo3::prelude::*;
use serde::Deserialize;

use crate::call::{self, Begin, Call};
use crate::errors::raise;
use crate::models::{SqliteStore, model_of};
use crate::operation::Operation;
use crate::ports::{PyClassifier, PyStore};
use crate::runtime;
use crate::testing::{ManualClock, SeededIds};
use crate::turn::Turn;

/// The settings of a coach. What is not named is left as the core has it.
#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Options {
    budget: Option<(u32, u32)>,
    limits: Option<Limits>,
    allowance: Option<AllowanceRates>,
    delivery: Option<Delivery>,
    model_opens: bool,
    offline_fallback: bool,
    voice: Voice,
    vocabulary: Vec<Term>,
    prices: Option<PriceTable>,
    texts: BTreeMap<String, BTreeMap<String, String>>,
    language: Option<String>,
    turn_deadline_ms: Option<u64>,
    retention_ms: Option<u64>,
}

/// The coach.
#[pyclass(frozen, module = "completion_coach._core")]
pub struct Coach(Mutex<Option<CompletionCoach>>);

impl Coach {
    fn coach(&self) -> Result<CompletionCoach> {
        runtime::check()?;
        let coach = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        coach.ok_or_else(|| Error::new(ErrorKind::Internal, "this coach was closed; make a new one"))
    }
}

/// The store in a file, in an object, or over an adapter.
pub fn store_of(object: &Bound<'_, PyAny>) -> PyResult<Arc<dyn ActionStore>> {
    let py = object.py();
    if let Ok(native) = object.cast::<SqliteStore>() {
        return Ok(Arc::new(raise(py, native.get().store())?));
    }
    if let Ok(path) = object.extract::<PathBuf>() {
        return Ok(Arc::new(raise(py, py.detach(|| CoreStore::open(path)))?));
    }
    Ok(Arc::new(PyStore::new(object)))
}

#[pymethods]
impl Coach {
    #[new]
    #[pyo3(signature = (store, model, options, classifier=None, clock=None, ids=None))]
    fn new(
        store: &Bound<'_, PyAny>,
        model: &Bound<'_, PyAny>,
        options: &str,
        classifier: Option<&Bound<'_, PyAny>>,
        clock: Option<&ManualClock>,
        ids: Option<&SeededIds>,
    ) -> PyResult<Self> {
        let py = store.py();
        raise(py, runtime::check())?;
        let given: Options = raise(py, call::read(options))?;
        let mut builder = CompletionCoach::shared(store_of(store)?, model_of(model)?)
            .model_opens(given.model_opens)
            .offline_fallback(given.offline_fallback)
            .vocabulary(given.vocabulary);
        if let Some((min, max)) = given.budget {
            builder = builder.budget(min, max);
        }
        if let Some(limits) = given.limits {
            builder = builder.limits(limits);
        }
        if let Some(rates) = given.allowance {
            builder = builder.allowance(rates);
        }
        if let Some(delivery) = given.delivery {
            builder = builder.delivery(delivery);
        }
        let Voice { field_of_work, tone, instructions } = given.voice;
        if let Some(field) = field_of_work {
            builder = builder.field_of_work(field);
        }
        if let Some(tone) = tone {
            builder = builder.tone(tone);
        }
        if let Some(instructions) = instructions {
            builder = builder.instructions(instructions);
        }
        if let Some(prices) = given.prices {
            builder = builder.prices(prices);
        }
        let mut texts = Texts::default();
        for (language, own) in &given.texts {
            texts = raise(py, texts.with(language, own.iter().map(|(id, text)| (id.as_str(), text.as_str()))))?;
        }
        builder = builder.texts(texts);
        if let Some(language) = given.language {
            builder = builder.language(language);
        }
        if let Some(deadline) = given.turn_deadline_ms {
            builder = builder.turn_deadline(Duration::from_millis(deadline));
        }
        if let Some(keep) = given.retention_ms {
            builder = builder.retention(Duration::from_millis(keep));
        }
        if let Some(classifier) = classifier {
            builder = builder.safety_classifier(PyClassifier::new(classifier));
        }
        if let Some(clock) = clock {
            builder = builder.clock(clock.0.clone());
        }
        if let Some(ids) = ids {
            builder = builder.ids(ids.0.clone());
        }
        Ok(Self(Mutex::new(Some(raise(py, builder.build())?))))
    }

    /// One call, given as JSON: its arguments under its name.
    fn call(&self, py: Python<'_>, operation: &str) -> PyResult<Operation> {
        let call: Call = raise(py, call::read(operation))?;
        Ok(Operation::new(call::run(raise(py, self.coach())?, call)))
    }

    /// A turn, given as JSON: what it begins with under the name of that. Nothing happens before its first event is asked for.
    fn turn(&self, py: Python<'_>, operation: &str) -> PyResult<Turn> {
        let begin: Begin = raise(py, call::read(operation))?;
        Ok(Turn::new(call::begin(raise(py, self.coach())?, begin)))
    }

    /// What to show a user before anything is shared with the model, as JSON.
    fn disclosure(&self, py: Python<'_>, language: &str) -> PyResult<Option<String>> {
        raise(py, self.coach().and_then(|coach| call::json(Ok(coach.disclosure(language)))))
    }

    /// Lets go of the store and the model. Turns under way keep them until they end. `None` if there is nothing to let go of.
    fn close(&self) -> Option<Operation> {
        if runtime::is_forked() {
            return None;
        }
        let coach = self.0.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        Some(Operation::new(async move {
            // Whoever cancels this does not keep the coach open.
            let _ = tokio::task::spawn_blocking(move || runtime::let_go_here(coach)).await;
            Ok(None)
        }))
    }
}

impl Drop for Coach {
    fn drop(&mut self) {
        if let Some(coach) = self.0.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            runtime::let_go(coach);
        }
    }
}
