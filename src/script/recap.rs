//! The recap: what came out of a debrief, in the person's own words to the letter, and the next step as an action.

use serde::{Deserialize, Serialize};

use super::answer::{answers, best};
use crate::action::{Action, ActionKind, ActionSource, NewAction};
use crate::conversation::Message;
use crate::error::opaque_debug;
use crate::flow::{Flow, Outcome, Step};
use crate::lang::Words;
use crate::runtime::{ActionId, ID_BYTES, MessageId, Timestamp};
use crate::text;

/// What came out of a debrief, in the person's own words.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recap {
    /// What came of the action, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// What was said, in the order of the questions. A question without an answer to speak of has no line.
    pub lines: Vec<RecapLine>,
    /// What the person named as their next step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<NextStep>,
}
opaque_debug!(Recap { outcome, lines, next });

/// What the person said to one question.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecapLine {
    /// The question.
    pub step: Step,
    /// What to call it, in the language of the debrief.
    pub label: String,
    /// The person's words, to the letter: whole sentences, at most 200 characters.
    pub quote: String,
    /// Whether the message goes on after the quote.
    pub cut: bool,
    /// The message that is quoted.
    pub message: MessageId,
}
opaque_debug!(RecapLine { step, cut, message });

/// The next step that the person named, as an action to be.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextStep {
    /// The id of the action that it becomes, always the same for the same answer.
    pub action: ActionId,
    /// What sort of action: the same as the one that was finished.
    pub kind: ActionKind,
    /// The person's sentence, to the letter, without what ends it; at most 120 characters.
    pub title: String,
    /// The message that it comes from.
    pub message: MessageId,
}
opaque_debug!(NextStep { action, kind, message });

impl Recap {
    /// The next step as an action to add. Adding it twice is adding it once, because it has the same id.
    pub fn next_action(&self) -> Option<NewAction> {
        let next = self.next.as_ref()?;
        let action = NewAction::new(next.kind.clone(), next.title.clone()).id(next.action.clone());
        Some(NewAction { source: ActionSource::Debrief, ..action })
    }
}

const QUOTE_CHARS: usize = 200;
const TITLE_CHARS: usize = 120;

/// The recap of a debrief. The newest round's answer to a question counts.
pub(crate) fn recap(action: &Action, flow: &Flow, messages: &[Message], words: &Words) -> Recap {
    let steps = [Step::Outcome, Step::Lesson, Step::LeftBehind, Step::Next, Step::More];
    let line = |step: Step, message: &Message| {
        let quote = opening_sentences(&message.text);
        let cut = quote.len() < message.text.trim().len();
        let label = words.text(label(step)).to_owned();
        RecapLine { step, label, quote: quote.to_owned(), cut, message: message.id.clone() }
    };
    let found = |step| best(step, flow, messages, words).map(|message| line(step, message));
    let mut lines: Vec<RecapLine> = steps.into_iter().filter_map(found).collect();
    if lines.is_empty() {
        let terse = |step| answers(step, flow, messages).next().map(|message| line(step, message));
        lines = steps.into_iter().filter_map(terse).collect();
    }
    Recap { outcome: flow.outcome, lines, next: next_step(action, flow, messages, words) }
}

const fn label(step: Step) -> &'static str {
    match step {
        Step::Outcome => "recap.outcome",
        Step::Lesson => "recap.lesson",
        Step::LeftBehind => "recap.left_behind",
        Step::Next => "recap.next",
        Step::More => "recap.more",
    }
}

fn next_step(action: &Action, flow: &Flow, messages: &[Message], words: &Words) -> Option<NextStep> {
    let message = best(Step::Next, flow, messages, words)?;
    let sentence = text::telling(&message.text);
    let title = text::cut(text::bare(sentence), usize::MAX / 2, TITLE_CHARS);
    let question = text::asks(&sentence[text::bare(sentence).len()..]) || text::bare(sentence).ends_with(['?', '？', '؟', '\u{37e}']);
    let nothing = text::is_one_of(&text::fold(title), words, "nothing");
    let usable = !question && !nothing && !title.is_empty() && !title.chars().any(char::is_control);
    usable.then(|| NextStep {
        action: next_id(&action.id, message.at),
        kind: action.kind.clone(),
        title: title.to_owned(),
        message: message.id.clone(),
    })
}

/// The finished action's id, `-next-` and when the step was named, so that a debrief held anew names another one. The next step of
/// a next step only adds its time; in a chain that outgrows an id the end counts, in which ids differ.
fn next_id(action: &ActionId, named: Timestamp) -> ActionId {
    const NEXT: &str = "-next-";
    let id = action.as_str();
    let named = named.as_millis();
    let times = |path: &str| !path.is_empty() && path.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    let ours = id.rsplit_once(NEXT).is_some_and(|(_, path)| times(path));
    let suffix = if ours { format!(".{named}") } else { format!("{NEXT}{named}") };
    let room = ID_BYTES - suffix.len();
    let excess = id.len().saturating_sub(room);
    let start = (excess..=id.len()).find(|at| id.is_char_boundary(*at)).unwrap_or(id.len());
    ActionId::new(format!("{}{suffix}", &id[start..]))
}

/// As many whole sentences from the beginning as fit, or the beginning of the first one.
fn opening_sentences(text: &str) -> &str {
    let whole = text.trim();
    if whole.chars().count() <= QUOTE_CHARS {
        return whole;
    }
    let ends = text::spans(whole).into_iter().map(|span| span.end);
    let fits = ends.take_while(|end| whole[..*end].chars().count() <= QUOTE_CHARS).last();
    fits.map_or_else(|| text::cut(whole, usize::MAX / 2, QUOTE_CHARS), |end| whole[..end].trim_end())
}
