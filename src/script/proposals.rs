//! What the guide can honestly propose: words it recognises, choices that were taken, and the person's own sentence. It paraphrases nothing.

use serde::Serialize;

use super::answer::{answers, aside, says_something, step_of};
use crate::conversation::{Choice, Message, Provenance, Role};
use crate::flow::Step;
use crate::lang::Words;
use crate::profile::{ProfileField, Term, same_text};
use crate::prompt::Request;
use crate::text;

const MOST: usize = 8;
const INSIGHT_CHARS: usize = 200;

#[derive(Serialize)]
struct Answer {
    items: Vec<Item>,
}

#[derive(Serialize)]
struct Item {
    field: ProfileField,
    value: String,
    message: u64,
    quote: String,
}

/// The answer to a request for proposals, in the form that a model gives. Firmest first: choices, the insight, recognised words.
pub(crate) fn proposals(request: &Request) -> String {
    let words = request.texts.words(&request.language);
    let mut items: Vec<Item> = Vec::new();
    for item in chosen(request).chain(insight(request, words)).chain(recognised(request, words)) {
        let twice = items.iter().any(|other| other.field == item.field && same_text(&other.value, &item.value));
        if !twice && items.len() < MOST {
            items.push(item);
        }
    }
    serde_json::to_string(&Answer { items }).unwrap_or_default()
}

fn chosen(request: &Request) -> impl Iterator<Item = Item> {
    let messages = &request.messages;
    messages.iter().enumerate().filter_map(|(at, message)| {
        if message.role != Role::User || message.provenance != Provenance::Chosen {
            return None;
        }
        let taken = message.choice.as_deref()?;
        let offered = messages[..at].iter().rev().find(|earlier| !earlier.choices.is_empty())?;
        let Choice { text, field, .. } = offered.choices.iter().find(|choice| choice.id == taken)?;
        Some(Item { field: field.clone()?, value: text.clone(), message: message.seq, quote: message.text.clone() })
    })
}

/// The first sentence of the lesson, when it was typed. One that asks, or that holds an address or a number to call, is left alone.
fn insight(request: &Request, words: &Words) -> Option<Item> {
    let said = answers(Step::Lesson, &request.flow, &request.messages)
        .find(|message| message.provenance == Provenance::Typed && says_something(message, Step::Lesson, words))?;
    let sentence = text::telling(&said.text);
    let digits = sentence.chars().filter(char::is_ascii_digit).count();
    let private = sentence.contains('@') || sentence.contains("://") || digits > 6;
    let fits = text::count(sentence) > 3 && sentence.chars().count() <= INSIGHT_CHARS;
    let usable = fits && !private && !text::asks(sentence);
    usable.then(|| item(ProfileField::Insights, sentence, said, sentence))
}

/// Words of the host's vocabulary and of the profile's own lists, where they were typed.
fn recognised(request: &Request, words: &Words) -> impl Iterator<Item = Item> {
    let own = |field: ProfileField, list: &[String]| list.iter().map(|name| Term::new(field.clone(), name)).collect::<Vec<_>>();
    let mut terms = request.vocabulary.clone();
    terms.extend(own(ProfileField::Skills, &request.profile.skills));
    terms.extend(own(ProfileField::Interests, &request.profile.interests));
    let answers = move |message: &&Message| {
        let step = step_of(message, &request.flow).unwrap_or(Step::More);
        message.role == Role::User && message.provenance == Provenance::Typed && aside(&message.text, step, words).is_none()
    };
    let typed: Vec<_> = request.messages.iter().filter(answers).map(|message| (message, text::sentences(&message.text))).collect();
    terms.into_iter().filter_map(move |term| {
        let said = |sentence: &&&str| std::iter::once(&term.name).chain(&term.aliases).any(|name| text::has_term(sentence, name));
        typed.iter().find_map(|(message, sentences)| {
            let sentence = sentences.iter().find(said)?;
            Some(item(term.field.clone(), &term.name, message, sentence))
        })
    })
}

fn item(field: ProfileField, value: &str, message: &Message, quote: &str) -> Item {
    Item { field, value: value.to_owned(), message: message.seq, quote: quote.to_owned() }
}
