//! What needs no coach: the check of a turn, the profile's context, proposals from a transcript, the evaluation of a corpus.

use std::collections::BTreeMap;

use completion_coach::{
    ContextOptions, ContextPurpose, EvaluationCase, EvaluationOptions, ModelInfo, Profile, Term, Texts, TranscriptMessage, TurnFacts,
};
use pyo3::prelude::*;
use serde::Deserialize;

use crate::call;
use crate::errors::raise;
use crate::models::model_of;
use crate::operation::Operation;

/// What a turn is held against.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Facts {
    language: String,
    last: bool,
    said: Vec<String>,
    known: Vec<String>,
    vocabulary: Vec<Term>,
    instructions: String,
}

/// What is wrong with a coach's turn, and what can be measured of it, as JSON.
#[pyfunction]
pub fn check_turn(py: Python<'_>, text: &str, facts: &str) -> PyResult<Option<String>> {
    let facts: Facts = raise(py, call::read(facts))?;
    fn texts(texts: &[String]) -> Vec<&str> {
        texts.iter().map(String::as_str).collect()
    }
    let (said, known) = (texts(&facts.said), texts(&facts.known));
    let report = py.detach(|| {
        completion_coach::check_turn(
            text,
            &TurnFacts {
                language: &facts.language,
                last: facts.last,
                said: &said,
                known: &known,
                vocabulary: &facts.vocabulary,
                instructions: &facts.instructions,
            },
        )
    });
    raise(py, call::json(Ok(report)))
}

/// The profile as a model is told it.
#[pyfunction]
pub fn build_profile_context(py: Python<'_>, profile: &str, purpose: &str, max_chars: usize) -> PyResult<String> {
    let profile: Profile = raise(py, call::read(profile))?;
    let purpose: ContextPurpose = raise(py, call::read(purpose))?;
    Ok(completion_coach::build_profile_context(&profile, &ContextOptions::new(purpose).max_chars(max_chars)))
}

/// The library's own texts in a language, by their ids.
#[pyfunction]
pub fn default_texts(language: &str) -> BTreeMap<&'static str, &'static str> {
    Texts::default().all(language).collect()
}

/// Proposals from a transcript that was held elsewhere.
#[pyfunction]
pub fn extract(py: Python<'_>, profile: &str, messages: &str, model: &Bound<'_, PyAny>) -> PyResult<Operation> {
    let profile: Profile = raise(py, call::read(profile))?;
    let messages: Vec<TranscriptMessage> = raise(py, call::read(messages))?;
    let model = model_of(model)?;
    Ok(Operation::new(async move { call::json(completion_coach::extract(&profile, &messages, &*model).await) }))
}

/// What an evaluation is about to use, as JSON.
#[pyfunction]
pub fn estimate(py: Python<'_>, cases: &str, options: &str, info: &str) -> PyResult<Option<String>> {
    let cases = raise(py, EvaluationCase::read(cases))?;
    let options: EvaluationOptions = raise(py, call::read(options))?;
    let info: ModelInfo = raise(py, call::read(info))?;
    let estimate = py.detach(|| completion_coach::estimate(&cases, &options, &info));
    raise(py, estimate.and_then(|estimate| call::json(Ok(estimate))))
}

/// Measures what comes out of a corpus. `progress(done, of)` is called from a thread of ours after each case.
#[pyfunction]
#[pyo3(signature = (cases, options, model=None, progress=None))]
pub fn evaluate(
    py: Python<'_>,
    cases: &str,
    options: &str,
    model: Option<&Bound<'_, PyAny>>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Operation> {
    let cases = raise(py, EvaluationCase::read(cases))?;
    let options: EvaluationOptions = raise(py, call::read(options))?;
    let model = model.map(model_of).transpose()?;
    let (sender, mut steps) = tokio::sync::mpsc::unbounded_channel::<(usize, usize)>();
    Ok(Operation::new(async move {
        // One thread calls, so that the steps come in their order.
        let told = progress.map(|progress| {
            tokio::task::spawn_blocking(move || {
                while let Some(step) = steps.blocking_recv() {
                    // What a progress bar raises is no reason to stop.
                    let _ = Python::try_attach(|py| progress.call1(py, step).map(drop));
                }
            })
        });
        let step = move |done: usize, of: usize| {
            // Without a host that wants to know there is nobody to receive it.
            let _ = sender.send((done, of));
        };
        let report = completion_coach::evaluate(&cases, &options, model.as_deref(), step).await;
        if let Some(told) = told {
            let _ = told.await;
        }
        call::json(report)
    }))
}
