//! Tests of the guide: a debrief is held as the coach holds it, and everything it can say is looked at.

use std::collections::BTreeSet;

use super::answer::Understood;
use super::*;
use crate::action::{Material, NewAction};
use crate::check::{Gate, TurnFacts, check_turn};
use crate::flow::{Answer, Answered, Budget, Flow};
use crate::lang;
use crate::profile::{Profile, ProfileField};
use crate::prompt::Output;
use crate::runtime::{ActionId, MessageId, ThreadId, Timestamp};

mod cases;
mod es;
mod ja;
mod props;
mod pt;
mod reading;
mod wraps;

const KINDS: [&str; 9] =
    ["replicate", "collaborate", "start_org", "identify_gaps", "volunteer", "build_tools", "teach_write", "develop_skills", "easier"];
const STEPS: [Step; 5] = [Step::Outcome, Step::Lesson, Step::LeftBehind, Step::Next, Step::More];

/// A debrief under way, with the coach's part played by hand.
struct Session {
    request: Request,
    budget: Budget,
}

impl Session {
    fn new(kind: &str) -> Self {
        Self::of(NewAction::new(kind, "Replicate the attention-span study"))
    }

    fn of(action: NewAction) -> Self {
        let action = action.into_action(ActionId::new("a1"), Timestamp::from_millis(0));
        let request = Request {
            purpose: Purpose::Open,
            language: "en".to_owned(),
            profile: Profile::default(),
            action: Some(action),
            flow: Flow::new(),
            messages: Vec::new(),
            vocabulary: Vec::new(),
            parts: Vec::new(),
            output: Output::Text,
            signals: false,
            max_tokens: 300,
            texts: crate::lang::Texts::default(),
        };
        Self { request, budget: Budget::default() }
    }

    fn knowing(mut self, terms: &[(ProfileField, &str)]) -> Self {
        self.request.vocabulary = terms.iter().map(|(field, name)| Term::new(field.clone(), *name)).collect();
        self
    }

    fn push(&mut self, role: Role, provenance: Provenance, text: &str, choice: Option<&str>, choices: Vec<Choice>) -> MessageId {
        let seq = self.request.messages.len() as u64 + 1;
        let id = MessageId::new(format!("m{seq}"));
        let round = self.round();
        self.request.messages.push(Message {
            id: id.clone(),
            thread: ThreadId::Debrief(ActionId::new("a1")),
            seq,
            round,
            role,
            provenance,
            text: text.to_owned(),
            choice: choice.map(str::to_owned),
            choices,
            author: None,
            at: Timestamp::from_millis(i64::from(round)),
        });
        id
    }

    fn round(&self) -> u32 {
        let reopened = self.request.flow.step == Step::More && self.request.purpose == Purpose::Open;
        self.request.messages.last().map_or(1, |message| message.round + u32::from(reopened))
    }

    fn say(&mut self) -> Line {
        let line = line(&self.request);
        self.push(Role::Assistant, Provenance::Coach, &line.text, None, line.choices.clone());
        line
    }

    fn opens(&mut self) -> Line {
        self.request.purpose = Purpose::Open;
        self.say()
    }

    fn hears(&mut self, text: &str, choice: Option<&str>) -> Line {
        let provenance = if choice.is_some() { Provenance::Chosen } else { Provenance::Typed };
        let heard = understood(text, choice, self.request.flow.step, words_of(&self.request));
        self.request.purpose = Purpose::Reply;
        let id = self.push(Role::User, provenance, text, choice, Vec::new());
        let Understood { stop, skip, terse, outcome } = heard;
        let answer = Answer { messages: if skip || stop { Vec::new() } else { vec![id] }, terse, stop, outcome };
        self.request.flow = self.request.flow.heard(&answer, &self.budget);
        if self.request.flow.ended.is_some() {
            self.request.purpose = Purpose::Closing;
        }
        self.say()
    }

    fn types(&mut self, text: &str) -> Line {
        self.hears(text, None)
    }

    fn chooses(&mut self, id: &str) -> Line {
        let offered = self.request.messages.last().expect("the coach has spoken").choices.clone();
        let choice = offered.into_iter().find(|choice| choice.id == id).expect("it was offered");
        self.hears(&choice.text, Some(id))
    }

    fn reopens(&mut self) -> Line {
        self.request.flow = self.request.flow.reopened();
        self.opens()
    }

    fn recap(&self) -> Recap {
        let action = self.request.action.as_ref().expect("a debrief has an action");
        recap(action, &self.request.flow, &self.request.messages, words_of(&self.request))
    }

    fn proposals(&self) -> Vec<(String, String, u64, String)> {
        let json: serde_json::Value = serde_json::from_str(&proposals(&self.request)).expect("valid JSON");
        let text = |item: &serde_json::Value, name: &str| item[name].as_str().expect("a text").to_owned();
        let items = json["items"].as_array().expect("a list").iter();
        items.map(|item| (text(item, "field"), text(item, "value"), item["message"].as_u64().unwrap_or(0), text(item, "quote"))).collect()
    }

    fn transcript(&self) -> String {
        let who = |message: &Message| if message.role == Role::User { "YOU  " } else { "GUIDE" };
        let chips = |message: &Message| match message.choices.as_slice() {
            [] => String::new(),
            some => format!("\n      [{}]", some.iter().map(|choice| choice.text.as_str()).collect::<Vec<_>>().join("] [")),
        };
        let line = |message: &Message| format!("{} {}{}", who(message), message.text.replace("\n\n", "\n      "), chips(message));
        self.request.messages.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

/// Every turn that the guide can come to, with whether it asks.
fn everything() -> Vec<(Line, bool)> {
    let mut lines = Vec::new();
    let answers = [
        None,
        Some("ok"),
        Some("I was surprised by how long the recruiting of participants took us in the end, and I plan to start earlier"),
        Some("are you a bot"),
        Some("can you write my cover letter for the job at the institute"),
        Some("sorry, that is under NDA"),
        Some("I feel worthless about my career these days, it keeps me awake"),
    ];
    for kind in KINDS {
        for (step, outcome, rephrased, exchanges) in states() {
            let opens = matches!(step, Step::Outcome | Step::More) && !rephrased;
            for purpose in [Purpose::Open, Purpose::Reply].into_iter().filter(|purpose| opens || *purpose == Purpose::Reply) {
                for answer in answers {
                    let long = "a very long title that goes on and on so that it has to be cut somewhere before it ends";
                    let material = Material { link: Some("https://example.org/pull/7".into()), ..Material::new(long) };
                    let mut session = Session::of(NewAction::new(kind, long).material(material));
                    session.request.flow = Flow { step, outcome, rephrased, exchanges, ..Flow::new() };
                    session.request.purpose = purpose;
                    if let Some(answer) = answer {
                        let id = session.push(Role::User, Provenance::Typed, answer, None, Vec::new());
                        session.request.flow.answered = vec![Answered { step: Step::Lesson, messages: vec![id] }];
                    }
                    lines.push((line(&session.request), true));
                    lines.push((question(&session.request), true));
                    if purpose == Purpose::Open {
                        lines.push((opening(&session.request, ModelPlace::Remote), true));
                    }
                    session.request.action = None;
                    lines.push((line(&session.request), true));
                    lines.push((opening(&session.request, ModelPlace::Local), true));
                }
            }
        }
        for ended in [Ending::Complete, Ending::Stopped, Ending::Terse, Ending::HandedOver] {
            let mut session = Session::new(kind);
            session.push(Role::User, Provenance::Typed, "What did I learn? A lot of new things about this.", None, Vec::new());
            session.request.flow.ended = Some(ended);
            session.request.purpose = Purpose::Closing;
            lines.push((line(&session.request), false));
        }
    }
    let mut labelled = Session::of(NewAction::new("volunteer", "T").material(Material::new("the report")));
    lines.push((labelled.opens(), true));
    let mut chat = Session::new("volunteer");
    chat.request.action = None;
    chat.request.purpose = Purpose::Reply;
    chat.push(Role::User, Provenance::Chosen, "My skills", Some("skills"), Vec::new());
    lines.push((line(&chat.request), true));
    lines
}

fn states() -> impl Iterator<Item = (Step, Option<Outcome>, bool, u32)> {
    let outcomes = [None, Some(Outcome::Success), Some(Outcome::Mixed), Some(Outcome::Failure), Some(Outcome::NotDone)];
    STEPS.into_iter().flat_map(move |step| {
        outcomes.into_iter().flat_map(move |outcome| {
            [false, true].into_iter().flat_map(move |rephrased| [1, 2].map(|exchanges| (step, outcome, rephrased, exchanges)))
        })
    })
}

#[test]
fn every_turn_asks_one_question_in_at_most_sixty_words_and_a_closing_asks_none() {
    for (line, asks) in everything() {
        assert_eq!(line.text.matches('?').count(), usize::from(asks), "{}", line.text);
        assert!(line.text.split_whitespace().count() <= 60, "{}", line.text);
        assert!(!line.text.trim().is_empty() && !line.text.starts_with('\n') && !line.text.contains("\n\n\n"));
        assert!(!line.text.contains(['{', '}']), "{}", line.text);
        assert!(asks || line.choices.is_empty());
        let ids: BTreeSet<_> = line.choices.iter().map(|choice| &choice.id).collect();
        let texts: BTreeSet<_> = line.choices.iter().map(|choice| &choice.text).collect();
        assert!(ids.len() == line.choices.len() && texts.len() == line.choices.len());
        assert!(line.choices.iter().all(|choice| !choice.text.is_empty() && !text::asks(&choice.text)));
    }
}

#[test]
fn every_text_is_said_somewhere_and_none_that_is_said_is_missing() {
    let words = lang::words("en");
    let mut said: Vec<String> = Vec::new();
    for (line, _) in everything() {
        said.push(line.text);
        said.extend(line.choices.into_iter().map(|choice| choice.text));
    }
    let reopened = cases::reopened();
    said.extend(reopened.request.messages.iter().map(|message| message.text.clone()));
    said.extend(reopened.recap().lines.into_iter().map(|line| line.label));
    for title in ["A title", "Why? And how?"] {
        let offer = offer_texts(Session::of(NewAction::new("volunteer", title)).request.action.as_ref().expect("an action"), words);
        said.extend([offer.ask, offer.tell_us, offer.just_done, offer.later]);
    }
    for (place, address) in
        [(ModelPlace::Script, None), (ModelPlace::Local, None), (ModelPlace::Remote, None), (ModelPlace::Remote, Some("api.example.org"))]
    {
        let info = ModelInfo { provider: "p-name".into(), model: "m-name".into(), place, address: address.map(str::to_owned) };
        said.push(disclosure_text(&info, words));
    }
    assert!(said.iter().all(|text| !text.trim().is_empty()), "a text is missing");

    let data: serde_json::Value = serde_json::from_str(include_str!("../lang/en.json")).expect("valid JSON");
    for (id, text) in data["texts"].as_object().expect("texts") {
        let template = text.as_str().expect("a text");
        let parts: Vec<&str> = template.split('{').map(|part| part.split_once('}').map_or(part, |(_, rest)| rest)).collect();
        assert!(said.iter().any(|said| parts.iter().all(|part| said.contains(part))), "{id} is never said");
    }
}

#[test]
fn the_voice_is_plain() {
    let data: serde_json::Value = serde_json::from_str(include_str!("../lang/en.json")).expect("valid JSON");
    for (id, text) in data["texts"].as_object().expect("texts") {
        let text = text.as_str().expect("a text").to_lowercase();
        for word in ["!", "great", "amazing", "well done", "awesome", "congrat", "proud", "saved", "remember", "feel", "i am ", "i'm "] {
            assert!(!text.contains(word), "{id} says {word:?}");
        }
    }
}

#[test]
fn a_remote_model_is_disclosed_with_its_name_and_its_address() {
    let address = Some("api.example.org".to_owned());
    let remote = ModelInfo { provider: "p-name".into(), model: "m-name".into(), place: ModelPlace::Remote, address };
    let text = disclosure_text(&remote, lang::words("en"));
    assert!(["p-name", "m-name", "api.example.org", "AI"].iter().all(|part| text.contains(part)));
    let guide = ModelInfo { place: ModelPlace::Script, address: None, ..remote };
    assert!(disclosure_text(&guide, lang::words("en")).contains("No AI"));
}

#[test]
fn an_unknown_language_falls_back_and_a_region_does_not_matter() {
    for tag in ["en-GB", "EN_us", "xx", ""] {
        let mut session = Session::new("volunteer");
        session.request.language = tag.to_owned();
        assert!(session.opens().text.contains("what did your time lead to?"));
    }
}

/// The gates that a turn breaks, whatever it names.
fn broken(text: &str, language: &str, last: bool) -> Vec<Gate> {
    let report = check_turn(text, &TurnFacts { language, last, known: &[text], ..TurnFacts::default() });
    report.findings.into_iter().map(|finding| finding.gate).collect()
}
