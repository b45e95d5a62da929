//! What may happen next in a conversation: every decision of a turn, pure, from what was read, what is said and the time.

use std::time::Duration;

use crate::action::{Action, ActionStatus, ActionStep, wrong_status};
use crate::conversation::{
    Author, Choice, Conversation, Invitation, Live, Message, NewMessage, Provenance, Reply, Role, Said, ThreadState,
};
use crate::error::{Error, ErrorKind, Result};
use crate::flow::{Answer, Budget, Ending, Flow, Step};
use crate::lang::{Texts, Words};
use crate::limits::{Limits, characters};
use crate::prompt::{Purpose, is_blank};
use crate::runtime::{AttemptId, MessageId, ThreadId, Timestamp};
use crate::safety::{self, SafetyLevel};
use crate::script::{self, Line};
use crate::usage::{Allowance, AllowanceRates, Attempt, AttemptStatus, ModelPlace, Operation, Usage};

/// The most messages of a user that may wait for one reply.
pub(crate) const MOST_WAITING: u32 = 3;

/// The most choices of one message, and the most characters of one.
const MOST_CHOICES: usize = 8;
const MOST_CHOICE_CHARS: usize = 200;

/// The settings that decide.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rules {
    pub(crate) budget: Budget,
    pub(crate) limits: Limits,
    pub(crate) rates: AllowanceRates,
    /// Whether the first question is the model's.
    pub(crate) model_opens: bool,
}

/// What a turn begins with.
#[derive(Clone)]
pub(crate) enum Begin {
    Open,
    Say(NewMessage),
    Resume,
    TakeOver,
}

/// What is known about the attempt that a thread names as live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder {
    /// It may still be at work somewhere.
    Unknown,
    /// It was this coach's and has ended without a word: the host dropped it. This is what it had used.
    Dropped(Usage),
    /// The store says that its process is dead.
    Dead,
}

/// The circumstances of a decision.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Circumstances<'a> {
    pub(crate) rules: &'a Rules,
    pub(crate) words: &'a Words,
    pub(crate) texts: Texts,
    /// Where the model runs that goes on from an opening of the guide's.
    pub(crate) place: ModelPlace,
    pub(crate) holder: Holder,
    /// What the host's own classifier says of the newest message.
    pub(crate) safety: SafetyLevel,
    pub(crate) now: Timestamp,
}

/// What is to be written whatever else happens: the action with its debrief started, an attempt that nobody works on, the user's words.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Notes {
    pub(crate) action: Option<Action>,
    pub(crate) freed: Option<Attempt>,
    pub(crate) messages: Vec<Message>,
    pub(crate) allowance: Option<Allowance>,
}

/// What follows from what was said.
#[expect(clippy::large_enum_variant, reason = "there is one a decision, and it is taken apart at once")]
#[derive(Debug)]
pub(crate) enum Begun {
    /// The answer is stored already.
    Stored(Box<Reply>),
    /// The answer needs no model; if it is new, it is among the notes' messages.
    Said { notes: Notes, state: ThreadState, reply: Box<Reply> },
    /// A model is to be asked.
    Ask(Box<Asking>),
}

/// What a model is to be asked for.
#[derive(Debug)]
pub(crate) struct Asking {
    pub(crate) notes: Notes,
    pub(crate) state: ThreadState,
    pub(crate) purpose: Purpose,
    /// Where the debrief will be when the reply is stored.
    pub(crate) flow: Flow,
}

/// A reply as it came from whoever wrote it.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) id: MessageId,
    pub(crate) line: Line,
    pub(crate) author: Author,
}

impl Conversation {
    /// The thread's state, or that of one in which nothing has happened.
    pub(crate) fn state_of(&self, thread: &ThreadId) -> ThreadState {
        self.state.clone().unwrap_or_else(|| ThreadState::new(thread.clone()))
    }

    /// The attempt that the thread names as live.
    pub(crate) fn live(&self) -> Option<AttemptId> {
        self.state.as_ref()?.live.as_ref().map(|live| live.attempt.clone())
    }

    fn last_coach_message(&self) -> Option<&Message> {
        self.messages.iter().rev().find(|message| message.role == Role::Assistant)
    }

    /// I3: only a done action has a debrief.
    pub(crate) fn gate(&self) -> Result<()> {
        match &self.action {
            Some(action) if action.status != ActionStatus::Done => Err(wrong_status("its debrief", action.status, &[ActionStatus::Done])),
            _ => Ok(()),
        }
    }

    /// I5: frees the thread of an attempt that nobody works on any more, or says how long to wait.
    pub(crate) fn free(&self, state: &mut ThreadState, at: &Circumstances<'_>, by_force: bool) -> Result<Option<Attempt>> {
        let Some(live) = &state.live else { return Ok(None) };
        let left = live.until - at.now;
        // One that is said to begin so far ahead was begun before somebody's clock was set back; no lease of it would ever end.
        let ahead = self.attempt.as_ref().map_or(Duration::ZERO, |attempt| attempt.started_at - at.now);
        if at.holder == Holder::Unknown && !by_force && !left.is_zero() && ahead <= MOST_SKEW {
            let longest = self.attempt.as_ref().map_or(left, |attempt| attempt.lease_until - attempt.started_at);
            return Err(Error::busy(left.min(longest)));
        }
        state.live = None;
        let ended = self.attempt.clone().filter(|attempt| attempt.status == AttemptStatus::Running);
        Ok(ended.map(|attempt| match at.holder {
            Holder::Dropped(usage) => Attempt { status: AttemptStatus::Cancelled, usage, ended_at: Some(at.now), ..attempt },
            Holder::Unknown | Holder::Dead => Attempt { status: AttemptStatus::Abandoned, ended_at: Some(at.now), ..attempt },
        }))
    }

    /// Clears the attempt away because the person wants something else. Its turn will end with `Cancelled`.
    pub(crate) fn clear(&self, state: &mut ThreadState, at: &Circumstances<'_>) -> Option<Attempt> {
        let live = state.live.take()?;
        state.cancelled = Some(live.attempt);
        let running = self.attempt.clone().filter(|attempt| attempt.status == AttemptStatus::Running)?;
        let usage = match at.holder {
            Holder::Dropped(usage) => usage,
            Holder::Unknown | Holder::Dead => running.usage,
        };
        Some(Attempt { status: AttemptStatus::Cancelled, usage, ended_at: Some(at.now), ..running })
    }

    /// The attempt that ends because its thread is deleted: no state will name it any more, so nobody else would ever end it.
    pub(crate) fn deleted(&self, thread: &ThreadId, at: &Circumstances<'_>) -> Option<Attempt> {
        self.clear(&mut self.state_of(thread), at)
    }

    /// The rules of a turn's beginning.
    pub(crate) fn begin(
        &self,
        thread: &ThreadId,
        begin: &Begin,
        ids: &mut dyn FnMut() -> MessageId,
        at: &Circumstances<'_>,
    ) -> Result<Begun> {
        self.gate()?;
        match begin {
            Begin::Open => self.open(thread, false, ids, at),
            Begin::TakeOver => self.open(thread, true, ids, at),
            Begin::Resume => self.resume(thread, at),
            Begin::Say(message) => self.hear(thread, message, ids, at),
        }
    }

    fn open(&self, thread: &ThreadId, by_force: bool, ids: &mut dyn FnMut() -> MessageId, at: &Circumstances<'_>) -> Result<Begun> {
        let mut state = self.state_of(thread);
        let begun = state.round > 0;
        let mut notes = Notes { freed: self.free(&mut state, at, by_force)?, ..Notes::default() };
        state.invitation = Invitation::Open;
        if begun {
            let waits = state.waiting > 0 && state.flow.ended.is_none();
            return if waits { self.ask_again(notes, state, at) } else { self.last(notes, state) };
        }
        if at.rules.model_opens {
            // Nothing of the opening is stored before the model has said it, so that the next try opens again.
            let flow = state.flow.clone();
            notes.allowance = Some(self.spend(Operation::Open, at)?);
            return Ok(Begun::Ask(Box::new(Asking { notes, state, purpose: Purpose::Open, flow })));
        }
        notes.action = self.started(at.now)?;
        state.round = 1;
        let line = script::opening(&self.facts(&state, Purpose::Open, &[], at), at.place);
        self.say(notes, state, Written { id: ids(), line, author: script::author() }, at.now)
    }

    fn resume(&self, thread: &ThreadId, at: &Circumstances<'_>) -> Result<Begun> {
        let mut state = self.state_of(thread);
        let notes = Notes { freed: self.free(&mut state, at, false)?, ..Notes::default() };
        if state.round == 0 {
            return Err(not_started());
        }
        if state.waiting > 0 { self.ask_again(notes, state, at) } else { self.last(notes, state) }
    }

    /// I4: what was said before is answered from the store or resumed; what is new is stored once.
    fn hear(&self, thread: &ThreadId, message: &NewMessage, ids: &mut dyn FnMut() -> MessageId, at: &Circumstances<'_>) -> Result<Begun> {
        if let Some(found) = &self.found {
            let same = found.message.thread == *thread
                && found.message.role == Role::User
                && match &message.said {
                    Said::Typed(text) => found.message.choice.is_none() && found.message.text == *text,
                    Said::Chosen(choice) => found.message.choice.as_deref() == Some(choice),
                };
            if !same {
                return Err(Error::invalid("message_id", "another message has this id already; give a new message a new id"));
            }
            return match &found.reply {
                Some(reply) => Ok(Begun::Stored(Box::new(self.stored(reply.clone(), &self.state_of(thread))))),
                None => over(&self.state_of(thread)).and_then(|()| self.resume(thread, at)),
            };
        }
        let mut state = self.state_of(thread);
        let started = self.action.as_ref().is_none_or(|action| action.completion_started_at.is_some());
        if !started && state.round == 0 {
            return Err(not_started());
        }
        over(&state)?;
        let mut notes = Notes { freed: self.free(&mut state, at, false)?, ..Notes::default() };
        let (text, provenance, choice) = self.words_of(&message.said, &at.rules.limits)?;
        if state.waiting >= MOST_WAITING {
            let error = Error::invalid("message", "three messages wait for a reply already; resume first");
            return Err(error.with_limit(u64::from(MOST_WAITING)));
        }
        let length = text.chars().count() as u64;
        if state.waiting_chars + length > at.rules.limits.message as u64 {
            return Err(Error::beyond("message", at.rules.limits.message as u64, "characters together with what waits for a reply"));
        }
        state.round = state.round.max(1);
        let said = Message {
            id: message.id.clone().unwrap_or_else(&mut *ids),
            thread: thread.clone(),
            seq: state.next_seq,
            round: state.round,
            role: Role::User,
            provenance,
            text,
            choice,
            choices: Vec::new(),
            author: None,
            at: at.now,
        };
        state.next_seq += 1;
        state.waiting += 1;
        state.waiting_chars += length;
        state.invitation = Invitation::Open;
        let seq = said.seq;
        notes.messages.push(said);
        let (answer, only_asks) = self.answer(&state, &notes.messages, at.words);
        if !(only_asks && thread.action().is_some()) {
            state.last_user_seq = seq;
        }
        if at.safety.max(safety::level(notes.messages.last().map_or("", |said| &said.text))) == SafetyLevel::Danger {
            return self.hand_over(notes, state, ids(), at);
        }
        if answer.stop && thread.action().is_some() {
            return self.end(notes, state, &answer, ids(), at);
        }
        self.ask(notes, state, &answer, at)
    }

    fn words_of(&self, said: &Said, limits: &Limits) -> Result<(String, Provenance, Option<String>)> {
        match said {
            Said::Typed(text) if is_blank(text) => Err(Error::invalid("message", "there is nothing in it; say something or stop")),
            Said::Typed(text) => {
                characters("message", text, limits.message)?;
                Ok((text.clone(), Provenance::Typed, None))
            }
            Said::Chosen(id) => {
                let offered = self.last_coach_message().and_then(|last| last.choices.iter().find(|choice| choice.id == *id));
                let choice = offered.ok_or_else(|| Error::invalid("choice", "the coach's last message does not offer it"))?;
                Ok((choice.text.clone(), Provenance::Chosen, Some(choice.id.clone())))
            }
        }
    }

    fn waiting<'a>(&'a self, state: &ThreadState, new: &'a [Message]) -> Vec<&'a Message> {
        let all = self.messages.iter().chain(new).rev();
        let mut waiting: Vec<_> = all.take_while(|message| message.role == Role::User).take(state.waiting as usize).collect();
        waiting.reverse();
        waiting
    }

    /// What the waiting messages answer, and whether the newest one only asks to skip or to stop.
    fn answer(&self, state: &ThreadState, new: &[Message], words: &Words) -> (Answer, bool) {
        answer(&self.waiting(state, new), state.flow.step, words)
    }

    fn ask_again(&self, notes: Notes, state: ThreadState, at: &Circumstances<'_>) -> Result<Begun> {
        let (answer, _) = self.answer(&state, &notes.messages, at.words);
        self.ask(notes, state, &answer, at)
    }

    fn ask(&self, mut notes: Notes, state: ThreadState, answer: &Answer, at: &Circumstances<'_>) -> Result<Begun> {
        notes.allowance = Some(self.spend(Operation::Reply, at)?);
        let (purpose, flow) = if state.thread.action().is_some() {
            let flow = state.flow.heard(answer, &at.rules.budget);
            (if flow.ended.is_some() { Purpose::Closing } else { Purpose::Reply }, flow)
        } else {
            (Purpose::Reply, Flow { exchanges: state.flow.exchanges.saturating_add(1), ..state.flow.clone() })
        };
        Ok(Begun::Ask(Box::new(Asking { notes, state, purpose, flow })))
    }

    /// `skip_question`: the guide asks the next question, or closes the debrief. It is an exchange, so that it ends.
    pub(crate) fn skip(&self, thread: &ThreadId, id: MessageId, at: &Circumstances<'_>) -> Result<Begun> {
        let mut state = self.running(thread)?;
        let notes = Notes { freed: self.clear(&mut state, at), ..Notes::default() };
        let answer = Answer { terse: false, ..self.answer(&state, &[], at.words).0 };
        // A skipped question is never asked again in easier words.
        let asked = Flow { rephrased: true, ..state.flow.clone() };
        let flow = asked.heard(&answer, &at.rules.budget);
        let purpose = if flow.ended.is_some() { Purpose::Closing } else { Purpose::Reply };
        state.flow = flow;
        let line = match purpose {
            Purpose::Closing => script::line(&self.facts(&state, purpose, &[], at)),
            _ => script::question(&self.facts(&state, purpose, &[], at)),
        };
        self.say(notes, state, Written { id, line, author: script::author() }, at.now)
    }

    /// `stop`: ends at once, without one last question. Stopping what has ended changes nothing.
    pub(crate) fn stop(&self, thread: &ThreadId, id: MessageId, at: &Circumstances<'_>) -> Result<Begun> {
        self.gate()?;
        let mut state = self.state_of(thread);
        if state.flow.ended.is_some() {
            return self.last(Notes::default(), state);
        }
        if state.round == 0 && state.live.is_none() {
            return Err(not_started());
        }
        let mut notes = Notes { freed: self.clear(&mut state, at), ..Notes::default() };
        if state.round == 0 {
            // The model was about to ask the first question.
            notes.action = self.started(at.now)?;
            state.round = 1;
        }
        let answer = self.answer(&state, &[], at.words).0;
        self.end(notes, state, &answer, id, at)
    }

    fn end(&self, notes: Notes, mut state: ThreadState, answer: &Answer, id: MessageId, at: &Circumstances<'_>) -> Result<Begun> {
        state.flow = state.flow.heard(&Answer { stop: true, ..answer.clone() }, &at.rules.budget);
        let line = script::line(&self.facts(&state, Purpose::Closing, &notes.messages, at));
        self.say(notes, state, Written { id, line, author: script::author() }, at.now)
    }

    /// Somebody may be in danger: code ends it with words that are set in advance. Nothing is sent to a model, and nothing will be proposed.
    fn hand_over(&self, notes: Notes, mut state: ThreadState, id: MessageId, at: &Circumstances<'_>) -> Result<Begun> {
        if state.thread.action().is_some() {
            state.flow.exchanges += 1;
        }
        state.flow.ended = Some(Ending::HandedOver);
        let line = script::line(&self.facts(&state, Purpose::Closing, &notes.messages, at));
        if state.thread.action().is_none() {
            // The chat has no end; this part of it is not read for proposals.
            state.flow.ended = None;
            state.proposed_until = state.next_seq;
        }
        let begun = self.say(notes, state, Written { id, line, author: script::author() }, at.now)?;
        Ok(match begun {
            Begun::Said { notes, state, mut reply } => {
                reply.ended = Some(Ending::HandedOver);
                Begun::Said { notes, state, reply }
            }
            other => other,
        })
    }

    /// `reopen`: a new round with a fresh budget, begun with one line of recap.
    pub(crate) fn reopen(&self, thread: &ThreadId, id: MessageId, at: &Circumstances<'_>) -> Result<Begun> {
        self.gate()?;
        let mut state = self.state_of(thread);
        let notes = Notes { freed: self.free(&mut state, at, false)?, ..Notes::default() };
        match state.flow.ended {
            None if state.round == 0 => return Err(not_started()),
            None => return Err(Error::new(ErrorKind::WrongStatus, "reopening needs a debrief that has ended; this one goes on")),
            Some(Ending::HandedOver) => return Err(handed_over()),
            Some(_) => {}
        }
        state.flow = state.flow.reopened();
        state.round += 1;
        state.round_start = state.next_seq;
        state.invitation = Invitation::Open;
        let line = script::opening(&self.facts(&state, Purpose::Open, &[], at), at.place);
        self.say(notes, state, Written { id, line, author: script::author() }, at.now)
    }

    /// `decline` and `later`: whether and when to ask. What has begun and is declined ends.
    pub(crate) fn invite(
        &self,
        thread: &ThreadId,
        invitation: Invitation,
        at: &Circumstances<'_>,
    ) -> Result<(Option<Attempt>, ThreadState)> {
        self.gate()?;
        let mut state = self.state_of(thread);
        if state.flow.ended.is_some() {
            // There is nothing left to ask about.
            return Ok((None, state));
        }
        let freed = self.clear(&mut state, at);
        state.invitation = invitation;
        if invitation == Invitation::Declined && state.round > 0 {
            let answer = self.answer(&state, &[], at.words).0;
            // What was said counts as an answer; nothing is replied, so that it is no exchange.
            let heard = state.flow.heard(&Answer { stop: true, ..answer }, &at.rules.budget);
            state.flow = Flow { exchanges: state.flow.exchanges, ..heard };
            state.waiting = 0;
            state.waiting_chars = 0;
        }
        Ok((freed, state))
    }

    /// `propose`: whether there is anything to read that no proposal has read yet, and what had to be freed on the way.
    pub(crate) fn read_for_proposal(&self, thread: &ThreadId, at: &Circumstances<'_>) -> Result<(Notes, ThreadState, bool)> {
        self.gate()?;
        let mut state = self.state_of(thread);
        if thread.action().is_some() && state.round == 0 {
            return Err(not_started());
        }
        if state.flow.ended == Some(Ending::HandedOver) {
            return Err(handed_over());
        }
        let mut notes = Notes { freed: self.free(&mut state, at, false)?, ..Notes::default() };
        if state.last_user_seq == 0 || state.last_user_seq < state.proposed_until {
            return Ok((notes, state, false));
        }
        notes.allowance = Some(self.spend(Operation::Propose, at)?);
        Ok((notes, state, true))
    }

    /// I5 and I6: the state in which this attempt may store what it brought, or why it may not.
    pub(crate) fn held_by(&self, attempt: &AttemptId) -> Result<ThreadState> {
        let Some(state) = &self.state else { return Err(cancelled()) };
        match &state.live {
            Some(live) if live.attempt == *attempt => Ok(state.clone()),
            _ if state.cancelled.as_ref() == Some(attempt) => Err(cancelled()),
            _ => Err(Error::conflict()),
        }
    }

    /// The reply and the state with it.
    pub(crate) fn reply(&self, mut state: ThreadState, flow: Flow, written: Written, now: Timestamp) -> (ThreadState, Reply) {
        state.flow = flow;
        state.round = state.round.max(1);
        let message = Message {
            id: written.id,
            thread: state.thread.clone(),
            seq: state.next_seq,
            round: state.round,
            role: Role::Assistant,
            provenance: Provenance::Coach,
            text: written.line.text,
            choice: None,
            choices: if state.flow.ended.is_some() { Vec::new() } else { written.line.choices },
            author: Some(written.author),
            at: now,
        };
        state.next_seq += 1;
        state.waiting = 0;
        state.waiting_chars = 0;
        state.live = None;
        let reply = self.stored(message, &state);
        (state, reply)
    }

    /// The request's facts, without a prompt.
    pub(crate) fn facts(&self, state: &ThreadState, purpose: Purpose, new: &[Message], at: &Circumstances<'_>) -> crate::prompt::Request {
        // The one line of recap that a reopened debrief begins with quotes what was said in earlier rounds.
        let from = if purpose == Purpose::Open { 0 } else { state.round_start };
        let messages = self.messages.iter().filter(|message| message.seq >= from).chain(new).cloned().collect();
        crate::prompt::Request {
            purpose,
            language: at.words.tag.clone(),
            profile: self.account.profile.clone(),
            action: self.action.clone(),
            flow: state.flow.clone(),
            messages,
            vocabulary: Vec::new(),
            parts: Vec::new(),
            output: crate::prompt::Output::Text,
            signals: false,
            max_tokens: 0,
            texts: at.texts,
        }
    }

    fn say(&self, mut notes: Notes, state: ThreadState, written: Written, now: Timestamp) -> Result<Begun> {
        let flow = state.flow.clone();
        let (state, reply) = self.reply(state, flow, written, now);
        notes.messages.push(reply.message.clone());
        Ok(Begun::Said { notes, state, reply: Box::new(reply) })
    }

    /// The coach's last message again. What had to be freed on the way is written.
    fn last(&self, notes: Notes, state: ThreadState) -> Result<Begun> {
        // One that was declined before the coach had said anything is over and has no last message.
        let last = self.last_coach_message().ok_or_else(|| over(&state).err().unwrap_or_else(not_started))?;
        let reply = Box::new(self.stored(last.clone(), &state));
        let unchanged = self.state.as_ref() == Some(&state) && notes == Notes::default();
        if unchanged { Ok(Begun::Stored(reply)) } else { Ok(Begun::Said { notes, state, reply }) }
    }

    fn stored(&self, message: Message, state: &ThreadState) -> Reply {
        let over = state.flow.ended.is_some();
        Reply {
            exchange: state.flow.exchanges,
            review_due: over && state.flow.ended != Some(Ending::HandedOver) && state.unread(),
            over,
            ended: state.flow.ended,
            message,
            findings: Vec::new(),
            measures: None,
        }
    }

    fn running(&self, thread: &ThreadId) -> Result<ThreadState> {
        self.gate()?;
        let state = self.state_of(thread);
        if state.round == 0 {
            return Err(not_started());
        }
        over(&state)?;
        Ok(state)
    }

    /// The action with its debrief started, if it was not.
    pub(crate) fn started(&self, now: Timestamp) -> Result<Option<Action>> {
        match &self.action {
            Some(action) if action.completion_started_at.is_none() => Ok(Some(action.step(ActionStep::MarkCompletionStarted, now)?)),
            _ => Ok(None),
        }
    }

    fn spend(&self, operation: Operation, at: &Circumstances<'_>) -> Result<Allowance> {
        self.account.allowance.spend(operation, &at.rules.rates, at.now)
    }
}

/// What waiting messages answer to the question of a step, and whether the newest one only asks to skip or to stop.
pub(crate) fn answer(waiting: &[&Message], step: Step, words: &Words) -> (Answer, bool) {
    let choice = waiting.iter().rev().find_map(|message| message.choice.as_deref());
    let text = waiting.iter().map(|message| message.text.as_str()).collect::<Vec<_>>().join("\n");
    let whole = script::understood(&text, choice, step, words);
    // Stopping and skipping are what the newest message asks for, whatever waited before it.
    let newest = waiting.last().map(|message| script::understood(&message.text, message.choice.as_deref(), step, words));
    let stop = newest.as_ref().is_some_and(|newest| newest.stop);
    let only_asks = stop || newest.as_ref().is_some_and(|newest| newest.skip);
    let said = waiting.len() - usize::from(only_asks);
    let messages = waiting.iter().take(said).map(|message| message.id.clone()).collect();
    (Answer { messages, terse: whole.terse && !only_asks, stop, outcome: whole.outcome }, only_asks)
}

/// The choices that can be shown and taken: a model may offer anything.
pub(crate) fn usable(choices: Vec<Choice>) -> Vec<Choice> {
    let mut ids = std::collections::BTreeSet::new();
    let fits = |text: &str| !text.trim().is_empty() && text.chars().count() <= MOST_CHOICE_CHARS;
    let mut usable: Vec<_> = choices.into_iter().filter(|choice| fits(&choice.id) && fits(&choice.text)).collect();
    usable.retain(|choice| ids.insert(choice.id.clone()));
    usable.truncate(MOST_CHOICES);
    usable
}

/// A new attempt, and the state that names it.
pub(crate) fn attempt(mut state: ThreadState, attempt: &Attempt) -> ThreadState {
    state.live = Some(Live { attempt: attempt.id.clone(), until: attempt.lease_until });
    state
}

/// How far the clocks of two processes may be apart.
const MOST_SKEW: Duration = Duration::from_mins(15);

/// How long a lease outlives the turn's deadline.
pub(crate) const LEASE_MARGIN: Duration = Duration::from_secs(10);

fn over(state: &ThreadState) -> Result<()> {
    match state.flow.ended {
        None => Ok(()),
        Some(Ending::HandedOver) => Err(handed_over()),
        Some(_) => Err(Error::new(ErrorKind::DebriefOver, "this debrief has ended; review the proposals, or reopen it to say more")),
    }
}

fn not_started() -> Error {
    Error::new(ErrorKind::WrongStatus, "this conversation was not opened; open it first")
}

fn handed_over() -> Error {
    Error::new(ErrorKind::HandedOver, "this debrief was handed over to people; the coach does not go on with it")
}

pub(crate) fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "this turn was cancelled; what you wrote is kept, and resuming asks again")
}
