//! What needs no coach: proposals from a transcript, the check of a turn, the profile's context, the evaluation of a corpus.

use std::collections::HashMap;
use std::sync::Arc;

use completion_coach as core;
use tokio::task::block_in_place;

use crate::error::Result;
use crate::model::CoachModel;
use crate::runtime::{at_once, run};
use crate::types::*;

/// Proposals from a transcript that was held elsewhere.
#[uniffi::export]
pub async fn extract(profile: Profile, messages: Vec<TranscriptMessage>, model: Arc<CoachModel>) -> Result<Proposal> {
    let (profile, messages): (core::Profile, Vec<core::TranscriptMessage>) = (profile.cross(), messages.cross());
    let model = model.0.clone();
    run(async move { core::extract(&profile, &messages, &*model).await }).await.map(Cross::cross)
}

/// What a turn is held against.
#[derive(Clone, uniffi::Record)]
pub struct TurnFacts {
    /// The user's language, as a BCP 47 tag.
    pub language: String,
    /// Whether it is the closing turn.
    #[uniffi(default = false)]
    pub last: bool,
    /// What the person has written, oldest first.
    #[uniffi(default)]
    pub said: Vec<String>,
    /// What else may be named: the profile, the action, its material.
    #[uniffi(default)]
    pub known: Vec<String>,
    /// The app's vocabulary.
    #[uniffi(default)]
    pub vocabulary: Vec<Term>,
    /// What the model was told, beside this library's own prompt.
    #[uniffi(default = "")]
    pub instructions: String,
}

/// What is wrong with a coach's turn, and what can be measured of it.
#[uniffi::export]
pub fn check_turn(text: String, facts: TurnFacts) -> Result<TurnReport> {
    let said: Vec<&str> = facts.said.iter().map(String::as_str).collect();
    let known: Vec<&str> = facts.known.iter().map(String::as_str).collect();
    let vocabulary: Vec<core::Term> = facts.vocabulary.clone().cross();
    let facts = core::TurnFacts {
        language: &facts.language,
        last: facts.last,
        said: &said,
        known: &known,
        vocabulary: &vocabulary,
        instructions: &facts.instructions,
    };
    at_once(|| Ok(core::check_turn(&text, &facts).cross()))
}

/// The profile as a model is told it, in at most so many characters.
#[uniffi::export]
pub fn build_profile_context(profile: Profile, purpose: ContextPurpose, max_chars: Option<u32>) -> Result<String> {
    let mut options = core::ContextOptions::new(purpose.cross());
    if let Some(most) = max_chars {
        options = options.max_chars(most.cross());
    }
    at_once(|| Ok(core::build_profile_context(&profile.cross(), &options)))
}

/// The library's own instructions for the coach of a debrief.
#[uniffi::export]
pub fn completion_coach_prompt() -> String {
    core::COMPLETION_COACH_PROMPT.into()
}

/// The library's own instructions for the coach of the general chat.
#[uniffi::export]
pub fn general_coach_prompt() -> String {
    core::GENERAL_COACH_PROMPT.into()
}

/// The library's own instructions for finding proposals.
#[uniffi::export]
pub fn extraction_prompt() -> String {
    core::EXTRACTION_PROMPT.into()
}

/// The library's own table of prices.
#[uniffi::export]
pub fn default_prices() -> PriceTable {
    core::PriceTable::default().cross()
}

/// What is accepted where a coach's options name no limits.
#[uniffi::export]
pub fn default_limits() -> Limits {
    core::Limits::default().cross()
}

/// The library's own texts in a language, by their ids: what `CoachOptions.texts` can replace. Empty for a language that it has none in.
#[uniffi::export]
pub fn default_texts(language: String) -> HashMap<String, String> {
    core::Texts::default().all(&language).map(|(id, text)| (id.to_owned(), text.to_owned())).collect()
}

/// The version of the library.
#[uniffi::export]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").into()
}

/// Reads a corpus: a JSON list of cases.
#[uniffi::export]
pub fn read_evaluation_cases(json: String) -> Result<Vec<EvaluationCase>> {
    at_once(|| Ok(core::EvaluationCase::read(&json)?.cross()))
}

/// What an evaluation is about to use.
#[uniffi::export]
pub fn estimate(cases: Vec<EvaluationCase>, options: EvaluationOptions, info: ModelInfo) -> Result<EvaluationEstimate> {
    let cases: Vec<core::EvaluationCase> = cases.cross();
    at_once(|| Ok(core::estimate(&cases, &options.cross(), &info.cross())?.cross()))
}

/// Is told how far an evaluation has come.
#[uniffi::export(foreign)]
pub trait EvaluationProgress: Send + Sync {
    /// So many cases of so many are done.
    fn step(&self, done: u32, of: u32) -> Result<()>;
}

/// Measures what comes out of a corpus, with a model or from the answers that are in it.
#[uniffi::export(default(model = None, progress = None))]
pub async fn evaluate(
    cases: Vec<EvaluationCase>,
    options: EvaluationOptions,
    model: Option<Arc<CoachModel>>,
    progress: Option<Arc<dyn EvaluationProgress>>,
) -> Result<EvaluationReport> {
    let (cases, options): (Vec<core::EvaluationCase>, core::EvaluationOptions) = (cases.cross(), options.cross());
    run(async move {
        let step = move |done: usize, of: usize| {
            if let Some(progress) = &progress {
                // What a progress bar throws is no reason to stop.
                let _ = block_in_place(|| progress.step(done.cross(), of.cross()));
            }
        };
        core::evaluate(&cases, &options, model.as_ref().map(|model| &*model.0), step).await
    })
    .await
    .map(Cross::cross)
}

#[uniffi::export]
impl EvaluationLine {
    /// The share of what was proposed and ticked that was right; nothing if nothing was.
    pub fn precision(&self) -> Option<f64> {
        Cross::<core::EvaluationLine>::cross(self.clone()).precision()
    }

    /// The share of what was wanted that was found; nothing if nothing was wanted.
    pub fn recall(&self) -> Option<f64> {
        Cross::<core::EvaluationLine>::cross(self.clone()).recall()
    }

    /// The share of the empty cases that came out empty; nothing if there were none.
    pub fn correct_when_empty(&self) -> Option<f64> {
        Cross::<core::EvaluationLine>::cross(self.clone()).correct_when_empty()
    }
}

#[uniffi::export]
impl EvaluationReport {
    /// Whether it reaches what the library promises of itself.
    pub fn passes(&self) -> bool {
        Cross::<core::EvaluationReport>::cross(self.clone()).passes()
    }

    /// The report as a table for people.
    pub fn table(&self) -> String {
        Cross::<core::EvaluationReport>::cross(self.clone()).to_string()
    }
}

#[uniffi::export]
impl Recap {
    /// The next step as an action to add, if the person named one.
    pub fn next_action(&self) -> Option<NewAction> {
        Cross::<core::Recap>::cross(self.clone()).next_action().cross()
    }
}
