//! The offline guide: a script of questions behind the same port as a language model. Deterministic, no network, honest about it.

use async_trait::async_trait;

use super::{Finish, Model, ModelEvent, ModelEvents, Signal};
use crate::error::Result;
use crate::prompt::{Purpose, Request};
use crate::script;
use crate::usage::ModelInfo;

/// A set of guided questions that needs no model, no network and no key.
///
/// It asks the same questions as the debrief with a model, by kind of action and by what came of it, quotes people to the
/// letter, and proposes only what it recognises. It cannot paraphrase, judge or sum up, and says what it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct OfflineGuide;

#[async_trait]
impl Model for OfflineGuide {
    fn info(&self) -> ModelInfo {
        script::info()
    }

    async fn ask(&self, request: &Request, events: &mut ModelEvents) -> Result<Finish> {
        let line = script::line(request);
        events.text(line.text);
        if !line.choices.is_empty() {
            events.push(ModelEvent::Choices(line.choices));
        }
        let replies = matches!(request.purpose, Purpose::Reply | Purpose::Closing);
        if let Some(outcome) = request.flow.outcome.filter(|_| replies && request.signals) {
            events.push(ModelEvent::Signal(Signal::Outcome(outcome)));
        }
        Ok(Finish::Complete)
    }
}
