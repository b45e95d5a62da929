//! One answer of a model, taken in as a whole: bounded in length, an error where it is cut, refused or empty, and checked as a turn.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use crate::action::Action;
use crate::check::{PersonsWords, TurnFacts, TurnReport, check_against};
use crate::conversation::{Choice, Message, Role};
use crate::error::{Error, ErrorKind, Result};
use crate::fault;
use crate::flow::Outcome;
use crate::model::{Model, ModelEvent, ModelEvents, Signal, empty};
use crate::prompt::{self, ContextOptions, ContextPurpose, Purpose, Request, build_profile_context};
use crate::rules;
use crate::usage::Usage;

/// The most bytes of a reply or of a proposal before it is given up.
pub(crate) const MOST_TEXT: usize = 16 * 1024;
const MOST_JSON: usize = 64 * 1024;

/// What came back from whoever was asked.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) text: String,
    pub(crate) choices: Vec<Choice>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) enough: bool,
    pub(crate) hand_over: bool,
}

impl Draft {
    fn take(&mut self, event: ModelEvent, piece: &mut impl FnMut(&str), used: &mut impl FnMut(Usage)) {
        match event {
            ModelEvent::Text(text) => {
                self.text.push_str(&text);
                piece(&text);
                fault::point("model: after a piece");
            }
            ModelEvent::Choices(choices) => self.choices = rules::usable(choices),
            ModelEvent::Signal(Signal::Outcome(outcome)) => self.outcome = Some(outcome),
            ModelEvent::Signal(Signal::Enough) => self.enough = true,
            ModelEvent::Signal(Signal::HandOver) => self.hand_over = true,
            ModelEvent::Usage(usage) => used(Usage { requests: usage.requests.max(1), ..usage }),
        }
    }
}

/// Asks once. Each piece of text is handed on as it comes, and what the request has used so far as often as the model says so.
pub(crate) async fn draft(
    model: &dyn Model,
    request: &Request,
    mut piece: impl FnMut(&str) + Send,
    mut used: impl FnMut(Usage) + Send,
) -> Result<Draft> {
    let (mut sender, mut pieces) = ModelEvents::collecting();
    let mut draft = Draft::default();
    let most = if request.purpose == Purpose::Propose { MOST_JSON } else { MOST_TEXT };
    let mut asking = pin!(model.ask(request, &mut sender));
    let finish = poll_fn(|context| {
        // What was said is taken before it is asked whether that was all.
        let finish = asking.as_mut().poll(context);
        fault::point("model: after asking began");
        pieces.so_far().for_each(|event| draft.take(event, &mut piece, &mut used));
        // What comes from another thread meanwhile has its turn after whatever else this task looks at, such as its deadline.
        if finish.is_pending()
            && let Some(event) = pieces.poll(context)
        {
            draft.take(event, &mut piece, &mut used);
            context.waker().wake_by_ref();
        }
        if draft.text.len() > most {
            let reason = "the model wrote far more than it was asked for; resume to ask again";
            return Poll::Ready(Err(Error::new(ErrorKind::ReplyIncomplete, reason)));
        }
        finish
    })
    .await?;
    match finish.failure() {
        Some(error) => Err(error),
        None if prompt::is_blank(&draft.text) && !(draft.hand_over && request.signals) => Err(empty()),
        None => Ok(draft),
    }
}

/// What a turn that was asked for is held against, ready before the turn comes.
pub(crate) struct Known {
    texts: Vec<String>,
    known: Vec<String>,
    instructions: String,
    own: PersonsWords,
}

impl Known {
    pub(crate) fn of(request: &Request, voice: &prompt::Voice) -> Self {
        let by_person = |message: &&Message| message.role == Role::User;
        let texts: Vec<_> = request.messages.iter().filter(by_person).map(|message| message.text.clone()).collect();
        let own = PersonsWords::new(&TurnFacts { language: &request.language, said: &borrowed(&texts), ..TurnFacts::default() });
        let options = ContextOptions::new(ContextPurpose::General);
        let mut known = vec![build_profile_context(&request.profile, &options)];
        known.extend(request.action.iter().flat_map(Action::texts).map(str::to_owned));
        Self { texts, known, instructions: voice.instructions.clone().unwrap_or_default(), own }
    }

    /// What the checks find in a turn that was asked for by this request.
    pub(crate) fn check(&self, text: &str, request: &Request, last: bool) -> TurnReport {
        let (said, known) = (borrowed(&self.texts), borrowed(&self.known));
        let (language, instructions) = (request.language.as_str(), self.instructions.as_str());
        let facts = TurnFacts { language, last, said: &said, known: &known, vocabulary: &request.vocabulary, instructions };
        check_against(text, &facts, &self.own)
    }
}

fn borrowed(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}
