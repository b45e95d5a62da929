//! What proposals may stand on, and what verdicts do, by cases and by properties. Here is what the cases are made of.

mod decide;
mod es;
mod ground;
mod ja;
mod pt;
mod quote;

use proptest::prelude::ProptestConfig;
use serde_json::{Value, json};

use super::*;
use crate::conversation::{Choice, Message, Provenance, Role};
use crate::evidence::ground::{Dropped, Grounded};
use crate::lang::{Words, words};
use crate::limits::Limits;
use crate::profile::Term;

/// A conversation, built message by message.
struct Talk {
    profile: Profile,
    messages: Vec<Message>,
    earlier: Vec<Extraction>,
    vocabulary: Vec<Term>,
    words: &'static Words,
    script: bool,
}

fn thread() -> ThreadId {
    ThreadId::Debrief("action".into())
}

impl Talk {
    fn new() -> Self {
        let profile = Profile::default();
        Self { profile, messages: Vec::new(), earlier: Vec::new(), vocabulary: Vec::new(), words: words("en"), script: false }
    }

    /// A person's one typed message.
    fn typed(text: &str) -> Self {
        Self::new().says(Role::User, Provenance::Typed, text)
    }

    fn coach(self, text: &str) -> Self {
        self.says(Role::Assistant, Provenance::Coach, text)
    }

    fn user(self, text: &str) -> Self {
        self.says(Role::User, Provenance::Typed, text)
    }

    fn says(mut self, role: Role, provenance: Provenance, text: &str) -> Self {
        let seq = self.messages.len() as u64 + 1;
        self.messages.push(Message {
            id: format!("m{seq}").into(),
            thread: thread(),
            seq,
            round: 1,
            role,
            provenance,
            text: text.to_owned(),
            choice: None,
            choices: Vec::new(),
            author: None,
            at: Timestamp::default(),
        });
        self
    }

    /// The coach offers one choice, and the person takes it.
    fn chooses(self, text: &str, field: Option<ProfileField>) -> Self {
        let mut talk = self.coach("Which of these?").says(Role::User, Provenance::Chosen, text);
        let last = talk.messages.len() - 1;
        talk.messages[last].choice = Some("c".to_owned());
        talk.messages[last - 1].choices = vec![Choice { id: "c".to_owned(), text: text.to_owned(), field }];
        talk
    }

    fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    fn ground(&self, answer: &str) -> Grounded {
        let grounds = Grounds {
            profile: &self.profile,
            thread: &thread(),
            messages: &self.messages,
            earlier: &self.earlier,
            vocabulary: &self.vocabulary,
            language: self.profile.language.as_deref().unwrap_or("en"),
            words: self.words,
            limits: &Limits::default(),
            script: self.script,
            now: Timestamp::from_millis(7),
        };
        let mut ids = 0;
        super::ground(answer, &grounds, &mut || {
            ids += 1;
            format!("e{ids}").into()
        })
    }

    /// What becomes of one item that quotes the last message.
    fn item(&self, field: &str, value: impl Into<Value>, quote: &str) -> Grounded {
        self.ground(&answer(&[(field, value.into(), self.messages.len() as u64, quote)]))
    }

    /// The one proposal that one item leads to.
    fn proposed(&self, field: &str, value: impl Into<Value>, quote: &str) -> Extraction {
        let grounded = self.item(field, value, quote);
        assert_eq!(grounded.items.len(), 1, "{:?} for {quote:?}", grounded.dropped);
        grounded.items.into_iter().next().expect("there is one")
    }

    /// Why one item is dropped.
    fn dropped(&self, field: &str, value: impl Into<Value>, quote: &str) -> Dropped {
        let grounded = self.item(field, value, quote);
        assert!(grounded.items.is_empty() && grounded.known.is_empty(), "proposed for {quote:?}");
        assert_eq!(grounded.dropped.len(), 1);
        grounded.dropped[0]
    }
}

fn answer(items: &[(&str, Value, u64, &str)]) -> String {
    let items: Vec<Value> = items
        .iter()
        .map(|(field, value, message, quote)| json!({"field": field, "value": value, "message": message, "quote": quote}))
        .collect();
    json!({ "items": items }).to_string()
}

/// Failures are shown, not kept in files. `PROPTEST_CASES` asks for more.
fn config() -> ProptestConfig {
    let asked = ProptestConfig::default();
    ProptestConfig { failure_persistence: None, cases: asked.cases.max(1_000), ..asked }
}

fn text(value: &str) -> FieldValue {
    value.into()
}
