//! What the offline guide says: one question a turn, chosen by step, kind of action and outcome, in the words of a language file.

use crate::action::{Action, ActionKind};
use crate::conversation::{Author, Choice, Message, Provenance, Role};
use crate::error::opaque_debug;
use crate::flow::{Ending, Outcome, Step};
use crate::lang::{Words, fill};
use crate::profile::{FieldValue, Term};
use crate::prompt::{Purpose, Request};
use crate::safety::{self, SafetyLevel};
use crate::text;
use crate::usage::{ModelInfo, ModelPlace};

mod answer;
mod proposals;
mod recap;

pub(crate) use answer::understood;
pub(crate) use proposals::proposals;
pub(crate) use recap::recap;
pub use recap::{NextStep, Recap, RecapLine};

#[cfg(test)]
mod tests;

/// A turn of the guide's.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Line {
    pub(crate) text: String,
    pub(crate) choices: Vec<Choice>,
}
opaque_debug!(Line {});

/// What a host shows when an action was finished, to ask whether to look back on it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct OfferTexts {
    pub(crate) ask: String,
    pub(crate) tell_us: String,
    pub(crate) just_done: String,
    pub(crate) later: String,
}
opaque_debug!(OfferTexts {});

/// How much of the person's own text is quoted back, or of a title shown, in one turn.
const QUOTE: (usize, usize) = (12, 120);
const TITLE: (usize, usize) = (8, 60);
/// How many words of the host's vocabulary are offered at once.
const TERMS: usize = 4;
/// The kinds whose question about what is left behind is about people or work to do, and no skill or interest by name.
const OTHERWISE_ANSWERED: [&str; 3] = ["collaborate", "start_org", "identify_gaps"];

/// What the guide says to a request.
pub(crate) fn line(request: &Request) -> Line {
    match request.purpose {
        Purpose::Open => opening(request, ModelPlace::Script),
        Purpose::Reply => {
            let question = question(request);
            match lead(request, words_of(request)) {
                Some(lead) => Line { text: paragraphs(&[&lead, &question.text]), ..question },
                None => question,
            }
        }
        Purpose::Closing => {
            let id = match request.flow.ended {
                Some(Ending::Stopped) => "closing.stopped",
                Some(Ending::Terse) => "closing.terse",
                Some(Ending::HandedOver) => "closing.handed_over",
                Some(Ending::Complete) | None => "closing.complete",
            };
            plain(words_of(request).text(id))
        }
        Purpose::Propose => Line { text: proposals(request), choices: Vec::new() },
    }
}

/// The first question of a round, by the guide, with who goes on from there: the guide itself or a model.
pub(crate) fn opening(request: &Request, place: ModelPlace) -> Line {
    let words = words_of(request);
    let question = question(request);
    let hello = words.text(if place == ModelPlace::Script { "opening.hello" } else { "opening.hello_ai" });
    let Some(action) = &request.action else {
        return match place {
            ModelPlace::Script => plain(words.text("chat.opening")),
            ModelPlace::Local | ModelPlace::Remote => Line { text: paragraphs(&[hello, &question.text]), ..question },
        };
    };
    if request.flow.step == Step::More {
        let last = reopening_quote(request, words).map(|quote| fill(words.text("reopen"), &[("quote", &quote)]));
        return Line { text: paragraphs(&[last.as_deref().unwrap_or_default(), &question.text]), ..question };
    }
    let title = shown(&action.title, TITLE).map(|title| fill(words.text("opening.title"), &[("title", &title)]));
    let about = [title, material(action, words)].into_iter().flatten().collect::<Vec<_>>().join(" ");
    Line { text: paragraphs(&[hello, &about, &question.text]), ..question }
}

/// The question for the request's step, without anything before it.
pub(crate) fn question(request: &Request) -> Line {
    let words = words_of(request);
    let flow = &request.flow;
    let Some(action) = &request.action else { return chat(request, words) };
    let branch = if flow.outcome == Some(Outcome::Success) { "success" } else { "otherwise" };
    if flow.rephrased {
        return easier(request, action, branch, words);
    }
    // The questions for a kind take for granted that something was done.
    let kind = match &action.kind {
        ActionKind::Other(_) => "any",
        _ if flow.outcome == Some(Outcome::NotDone) => "any",
        known => known.as_str(),
    };
    let by_kind = |family: &str| words.first(&[&format!("{family}.{kind}"), &format!("{family}.any")]).to_owned();
    let text = match flow.step {
        Step::Outcome => return Line { text: by_kind("outcome"), choices: outcomes(words) },
        Step::Lesson => by_kind(&format!("lesson.{branch}")),
        Step::LeftBehind => return Line { text: by_kind("left_behind"), choices: terms(request, action, kind) },
        Step::Next => match intention(request, words) {
            Some(quote) => fill(words.text("next.if_then"), &[("quote", &quote)]),
            None => by_kind("next"),
        },
        Step::More if request.purpose == Purpose::Open => words.text("more.since").to_owned(),
        Step::More if flow.exchanges.is_multiple_of(2) => words.text("more.any").to_owned(),
        Step::More => words.text("more.another").to_owned(),
    };
    plain(&text)
}

/// What a host shows when this action was finished.
pub(crate) fn offer_texts(action: &Action, words: &Words) -> OfferTexts {
    let ask = match shown(&action.title, QUOTE) {
        Some(title) => fill(words.text("offer.ask"), &[("title", &title)]),
        None => words.text("offer.ask_untitled").to_owned(),
    };
    let text = |id| words.text(id).to_owned();
    OfferTexts { ask, tell_us: text("offer.tell_us"), just_done: text("offer.just_done"), later: text("offer.later") }
}

/// Who writes the coach's words and where the person's go, for the host to show before anything is shared.
pub(crate) fn disclosure_text(info: &ModelInfo, words: &Words) -> String {
    let id = match (info.place, &info.address) {
        (ModelPlace::Script, _) => "disclosure.script",
        (ModelPlace::Local, _) => "disclosure.local",
        (ModelPlace::Remote, Some(_)) => "disclosure.remote",
        (ModelPlace::Remote, None) => "disclosure.remote_unaddressed",
    };
    let address = info.address.as_deref().unwrap_or_default();
    fill(words.text(id), &[("provider", &info.provider), ("model", &info.model), ("address", address)])
}

/// What the guide says of itself.
pub(crate) fn info() -> ModelInfo {
    ModelInfo { provider: "guide".to_owned(), model: "questions-1".to_owned(), place: ModelPlace::Script, address: None }
}

/// The guide as the author of a message.
pub(crate) fn author() -> Author {
    let ModelInfo { provider, model, place, .. } = info();
    Author { provider, model, place }
}

fn words_of(request: &Request) -> &'static Words {
    request.texts.words(&request.language)
}

fn plain(text: &str) -> Line {
    Line { text: text.to_owned(), choices: Vec::new() }
}

fn paragraphs(parts: &[&str]) -> String {
    parts.iter().copied().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
}

fn choice(id: &str, text: String) -> Choice {
    Choice { id: id.to_owned(), text, field: None }
}

fn choices(words: &Words, family: &str, ids: &[&str]) -> Vec<Choice> {
    ids.iter().map(|id| choice(id, words.text(&format!("choice.{family}.{id}")).to_owned())).collect()
}

fn outcomes(words: &Words) -> Vec<Choice> {
    choices(words, "outcome", &Outcome::ALL.map(Outcome::as_str))
}

fn easier(request: &Request, action: &Action, branch: &str, words: &Words) -> Line {
    let (text, choices) = match request.flow.step {
        Step::Outcome => ("outcome.easier".to_owned(), outcomes(words)),
        Step::Lesson => {
            let family = format!("lesson.{branch}");
            (format!("{family}.easier"), choices(words, &family, &["plan", "people", "time", "skills"]))
        }
        Step::LeftBehind => ("left_behind.easier".to_owned(), left_behind(request, action, words)),
        Step::Next => ("next.easier".to_owned(), next_steps(action, words)),
        Step::More => ("more.easier".to_owned(), choices(words, "more", &["result", "decision", "question", "nothing"])),
    };
    Line { text: words.text(&text).to_owned(), choices }
}

fn left_behind(request: &Request, action: &Action, words: &Words) -> Vec<Choice> {
    let mut offered = terms(request, action, "any");
    if offered.is_empty() {
        offered = choices(words, "left_behind", &["skill", "person", "insight", "interest"]);
    }
    offered.extend(choices(words, "left_behind", &["nothing"]));
    offered
}

/// Words of the host's vocabulary that the action or the person has used and the profile does not hold, where the question is one that
/// such words answer.
fn terms(request: &Request, action: &Action, kind: &str) -> Vec<Choice> {
    if OTHERWISE_ANSWERED.contains(&kind) {
        return Vec::new();
    }
    let material = action.material.iter().flat_map(|material| [Some(&material.label), material.text.as_ref()]).flatten();
    let typed = request.messages.iter().filter(|message| is_typed(message)).map(|message| &message.text);
    let texts: Vec<&String> = typed.chain([&action.title, &action.description, &action.rationale]).chain(material).collect();
    let relevant = |term: &&Term| {
        !request.profile.holds(&term.field, &FieldValue::Text(term.name.clone()))
            && std::iter::once(&term.name).chain(&term.aliases).any(|name| texts.iter().any(|text| text::has_term(text, name)))
    };
    let offer = |(at, term): (usize, &Term)| {
        let field = Some(term.field.clone());
        Choice { id: format!("term-{}", at + 1), text: term.name.clone(), field }
    };
    request.vocabulary.iter().filter(relevant).take(TERMS).enumerate().map(offer).collect()
}

fn next_steps(action: &Action, words: &Words) -> Vec<Choice> {
    let title = shown(&action.title, TITLE);
    let named = |id: &str| {
        let template = words.text(&format!("choice.next.{id}"));
        Some(choice(id, fill(template, &[("title", title.as_ref()?)])))
    };
    ["again", "further"].into_iter().filter_map(named).chain(choices(words, "next", &["else", "pause"])).collect()
}

/// The general chat: one question about the profile a turn, and no claim to understand the answers.
fn chat(request: &Request, words: &Words) -> Line {
    let Some(newest) = newest(request) else { return plain(words.text("chat.reply")) };
    if newest.provenance == Provenance::Chosen {
        return plain(words.text("chat.reply.there"));
    }
    if understood(&newest.text, None, Step::More, words).terse && !offered_before(request) {
        let text = words.text("chat.reply.easier").to_owned();
        return Line { text, choices: choices(words, "chat", &["skills", "interests", "goals", "history"]) };
    }
    plain(words.text(if request.flow.exchanges.is_multiple_of(2) { "chat.reply.another" } else { "chat.reply" }))
}

fn offered_before(request: &Request) -> bool {
    let coach = request.messages.iter().rev().find(|message| message.role == Role::Assistant);
    coach.is_some_and(|message| !message.choices.is_empty())
}

/// What comes before the question: a word on what cannot be answered, or the person's own words.
fn lead(request: &Request, words: &Words) -> Option<String> {
    let newest = newest(request).filter(|message| is_typed(message))?;
    if safety::level(&newest.text) == SafetyLevel::Distress {
        return Some(words.text("lead.distress").to_owned());
    }
    let step = answer::step_of(newest, &request.flow).unwrap_or(request.flow.step);
    if let Some(id) = answer::aside(&newest.text, step, words) {
        return Some(words.text(id).to_owned());
    }
    if request.flow.rephrased {
        return None;
    }
    // The question for a plan quotes by itself.
    if request.action.is_some() && request.flow.step == Step::Next && intention(request, words).is_some() {
        return None;
    }
    let understood = understood(&newest.text, None, step, words);
    if understood.terse || understood.skip || understood.stop || text::count(&newest.text) <= 3 {
        return None;
    }
    quote(&newest.text).map(|quote| fill(words.text("echo"), &[("quote", &quote)]))
}

/// The person's message that the reply answers.
fn newest(request: &Request) -> Option<&Message> {
    request.messages.last().filter(|message| message.role == Role::User && message.provenance != Provenance::Seed)
}

fn is_typed(message: &Message) -> bool {
    message.role == Role::User && message.provenance == Provenance::Typed
}

/// The first telling sentence, to the letter, with … where it was cut. None of one that asks, so that a turn has one question mark.
fn quote(text: &str) -> Option<String> {
    quoted_sentence(text::telling(text))
}

fn quoted_sentence(sentence: &str) -> Option<String> {
    let quote = text::cut(sentence, QUOTE.0, QUOTE.1);
    let usable = !text::asks(quote) && !quote.chars().any(char::is_control) && quote.chars().any(char::is_alphanumeric);
    usable.then(|| if quote.len() < sentence.len() { format!("{}…", text::bare(quote)) } else { quote.to_owned() })
}

/// The newest sentence of this round in which the person names something they mean to do.
fn intention(request: &Request, words: &Words) -> Option<String> {
    let round = request.messages.iter().map(|message| message.round).max()?;
    let typed = request.messages.iter().rev().filter(|message| message.round == round && is_typed(message));
    let mut sentences = typed.flat_map(|message| text::sentences(&message.text));
    sentences.find(|sentence| text::holds_one_of(&text::fold(sentence), words, "intentions")).and_then(quoted_sentence)
}

/// What the person typed in an earlier round and what says most when they come back: the next step, then the lesson, then the rest.
fn reopening_quote(request: &Request, words: &Words) -> Option<String> {
    [Step::Next, Step::Lesson, Step::LeftBehind, Step::Outcome, Step::More].into_iter().find_map(|step| {
        let message = answer::best(step, &request.flow, &request.messages, words).filter(|message| is_typed(message))?;
        quote(&message.text).map(|quote| if quote.ends_with('…') { quote } else { text::bare(&quote).to_owned() })
    })
}

fn material(action: &Action, words: &Words) -> Option<String> {
    let fits = |link: &&str| !link.is_empty() && !text::asks(link) && !link.chars().any(|c| c.is_whitespace() || c.is_control());
    action.material.iter().find_map(|material| {
        let link = material.link.as_deref().map(str::trim).filter(fits);
        match (shown(&material.label, TITLE), link) {
            (Some(label), Some(link)) => Some(fill(words.text("material.linked"), &[("label", &label), ("link", link)])),
            (Some(label), None) => Some(fill(words.text("material"), &[("label", &label)])),
            (None, Some(link)) => Some(fill(words.text("material"), &[("label", link)])),
            (None, None) => None,
        }
    })
}

/// A text of the host's in one short line; none of one that asks, so that a turn has one question mark.
fn shown(text: &str, (words, chars): (usize, usize)) -> Option<String> {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = line.trim_end_matches(['.', ' ', '?', '？', '؟']);
    let cut = text::cut(line, words, chars);
    let usable = !text::asks(cut) && cut.chars().any(|c| !c.is_whitespace());
    usable.then(|| if cut.len() < line.len() { format!("{}…", text::bare(cut)) } else { cut.to_owned() })
}
