//! What an answer means for the course of a debrief, as far as lists of words can tell.

use crate::conversation::{Message, Provenance, Role};
use crate::flow::{Flow, Outcome, Step};
use crate::lang::Words;
use crate::text::{asks, count, fold, holds_one_of, is_one_of, orders_one_of, places};

/// What was understood of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Understood {
    /// The person wants to end it.
    pub(crate) stop: bool,
    /// The person wants to pass over the question, or may not talk about it.
    pub(crate) skip: bool,
    /// It holds no answer to speak of: a few words, or something else than an answer.
    pub(crate) terse: bool,
    /// What it says about what came of the action.
    pub(crate) outcome: Option<Outcome>,
}

/// What a message means that answers the question of this step. `chosen` is the id of the choice it takes, if it takes one.
pub(crate) fn understood(text: &str, chosen: Option<&str>, step: Step, words: &Words) -> Understood {
    if let Some(chosen) = chosen {
        let outcome = Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == chosen).filter(|_| step == Step::Outcome);
        return Understood { outcome, ..Understood::default() };
    }
    let folded = fold(text);
    if is_one_of(&folded, words, "stop") {
        return Understood { stop: true, ..Understood::default() };
    }
    if is_one_of(&folded, words, "skip") {
        return Understood { skip: true, ..Understood::default() };
    }
    let outcome = if step == Step::Outcome && !asks(text) { outcome(&folded, words) } else { None };
    let aside = aside(text, step, words);
    let skip = outcome.is_none() && aside == Some(PRIVATE);
    let empty = count(text) <= 3 || aside.is_some() || is_one_of(&folded, words, "terse") || is_one_of(&folded, words, "nothing");
    Understood { stop: false, skip, terse: empty && !skip && outcome.is_none(), outcome }
}

const PRIVATE: &str = "lead.private";
/// A longer message that holds such words says other things besides, and is taken as an answer.
const ASIDE_WORDS: usize = 14;

/// The id of the text that meets a message which is no answer: something that may not be told, a question about who asks, or a
/// task for somebody else.
pub(super) fn aside(text: &str, step: Step, words: &Words) -> Option<&'static str> {
    let folded = fold(text);
    let short = count(text) <= ASIDE_WORDS;
    // "Write a paper on it" is an order to the coach, unless what comes next was the question.
    let ordered = step != Step::Next && orders_one_of(&folded, words, "commands");
    if short && holds_one_of(&folded, words, "private") {
        Some(PRIVATE)
    } else if short && holds_one_of(&folded, words, "about_guide") {
        Some("lead.about_guide")
    } else if ordered || orders_one_of(&folded, words, "requests") {
        Some("out_of_scope")
    } else {
        None
    }
}

/// What a folded text says about what came of the action. Longer phrases are found first and hide shorter ones inside them, so that
/// "didn't work" is no "work" and "nothing went wrong" is no "went wrong". What stays unclear is left open.
fn outcome(folded: &str, words: &Words) -> Option<Outcome> {
    if holds_one_of(folded, words, "outcome_unclear") {
        return None;
    }
    let places = |outcome: Outcome| places(folded, words, list_of(outcome)).map(move |place| (outcome, place));
    let mut found: Vec<_> = Outcome::ALL.into_iter().flat_map(places).collect();
    found.sort_by_key(|(_, place)| (std::cmp::Reverse(place.len()), place.start));
    let (mut hidden, mut said) = (vec![false; folded.len()], Vec::new());
    for (outcome, place) in found {
        if !hidden[place.clone()].contains(&true) {
            hidden[place].fill(true);
            said.push(outcome);
        }
    }
    let has = |outcome| said.contains(&outcome);
    match (has(Outcome::Success), has(Outcome::Mixed), has(Outcome::Failure), has(Outcome::NotDone)) {
        (_, true, _, _) | (true, _, true, _) | (true, _, _, true) => Some(Outcome::Mixed),
        (true, ..) => Some(Outcome::Success),
        (_, _, true, false) => Some(Outcome::Failure),
        (_, _, false, true) => Some(Outcome::NotDone),
        (_, _, true, true) | (false, false, false, false) => None,
    }
}

const fn list_of(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Success => "outcome_success",
        Outcome::Mixed => "outcome_mixed",
        Outcome::Failure => "outcome_failure",
        Outcome::NotDone => "outcome_not_done",
    }
}

/// The step whose question this message answered, if it did.
pub(super) fn step_of(message: &Message, flow: &Flow) -> Option<Step> {
    flow.answered.iter().rev().find(|answered| answered.messages.contains(&message.id)).map(|answered| answered.step)
}

/// Whether a message says something about its step: the person's own words or choice, not terse and not "nothing".
pub(super) fn says_something(message: &Message, step: Step, words: &Words) -> bool {
    let heard = understood(&message.text, message.choice.as_deref(), step, words);
    !(heard.stop || heard.skip || heard.terse || is_one_of(&fold(&message.text), words, "nothing"))
}

/// The messages that answered the questions of a step, those of the newest question first, and each question's in the order of writing.
pub(super) fn answers<'a>(step: Step, flow: &'a Flow, messages: &'a [Message]) -> impl Iterator<Item = &'a Message> {
    let by_person = |message: &&Message| {
        let quotable = matches!(message.provenance, Provenance::Typed | Provenance::Chosen);
        message.role == Role::User && quotable && !message.text.trim().is_empty()
    };
    flow.answered
        .iter()
        .rev()
        .filter(move |answered| answered.step == step)
        .flat_map(|answered| &answered.messages)
        .filter_map(|id| messages.iter().find(|message| message.id == *id))
        .filter(by_person)
}

/// The answer that stands for a step: the first one that says something, in the newest question that has one.
pub(super) fn best<'a>(step: Step, flow: &'a Flow, messages: &'a [Message], words: &Words) -> Option<&'a Message> {
    answers(step, flow, messages).find(|message| says_something(message, step, words))
}
