//! One turn: the user's words are stored, a reply is asked for, and only a whole one is stored with the attempt that the thread names.

use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tracing::Instrument;

use super::{AtWork, Cancel, Core, Delivery, Memory, TRIES, change, observe};
use crate::check::{Finding, TurnReport};
use crate::conversation::{Account, Author, Choice, Conversation, Message, NewMessage, Reply, Said, ThreadState};
use crate::draft::{Draft, Known, draft};
use crate::error::{Error, ErrorKind, Result, opaque_debug};
use crate::evidence::Extraction;
use crate::fault;
use crate::flow::{Ending, Flow};
use crate::model::Model;
use crate::profile::Profile;
use crate::prompt::{self, Purpose, Request};
use crate::rules::{self, Asking, Begin, Begun, Notes, Written};
use crate::runtime::{AttemptId, ThreadId, Timestamp, UserId};
use crate::safety::SafetyLevel;
use crate::script::{self, Line};
use crate::store::{Page, Write};
use crate::usage::{Attempt, AttemptStatus, ModelPlace, Operation, Usage};

/// The messages read for a turn: more than a whole round of a debrief ever has.
pub(crate) const WINDOW: u32 = 120;
/// The general chat sends 40 to 60 of its newest messages: the beginning moves 20 at a time, so that a cache can hold it.
const CHAT_WINDOW: u64 = 40;
const CHAT_STEP: u64 = 20;

/// What happens during a turn.
#[expect(clippy::large_enum_variant, reason = "there is one reply a turn, and a host should not have to unbox it")]
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnEvent {
    /// More of the reply.
    Text(String),
    /// Answers to offer with the reply.
    Choices(Vec<Choice>),
    /// The model's words failed the checks, for this reason, and it is asked once more.
    AskedAgain(Finding),
    /// They failed again, or no second ones came, and the guide's question takes their place. This is what was wrong first.
    Replaced(Finding),
    /// The guide writes this reply in place of a model that could not be reached, or may not be asked: why not.
    StoodIn(ErrorKind),
    /// A person should take over. The host shows its own resources, in this language (a BCP 47 tag); the library has none.
    HandOver {
        /// The user's language.
        language: String,
    },
    /// The reply as it is stored. The last event of a turn that succeeds.
    Reply(Reply),
}

impl fmt::Debug for TurnEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(_) => f.write_str("Text(..)"),
            Self::Choices(choices) => write!(f, "Choices({})", choices.len()),
            Self::AskedAgain(finding) => write!(f, "AskedAgain({finding:?})"),
            Self::Replaced(finding) => write!(f, "Replaced({finding:?})"),
            Self::StoodIn(kind) => write!(f, "StoodIn({kind:?})"),
            Self::HandOver { .. } => f.write_str("HandOver"),
            Self::Reply(reply) => write!(f, "{reply:?}"),
        }
    }
}

/// A reply in the making. The user's words are stored before there is one.
///
/// It is a [`Stream`] of [`TurnEvent`]s. Dropping it ends the request to the model at once; what the user said stays and
/// is answered by resuming. Nothing happens while nobody polls it.
pub struct Turn {
    state: State,
    cancel: Cancel,
}
opaque_debug!(Turn {});

#[expect(clippy::large_enum_variant, reason = "there is one state a turn, and it is not moved about")]
enum State {
    Ready(std::vec::IntoIter<TurnEvent>),
    Running { task: Pin<Box<dyn Future<Output = Result<Reply>> + Send>>, events: mpsc::UnboundedReceiver<TurnEvent> },
    Ended(Option<Result<Reply>>, mpsc::UnboundedReceiver<TurnEvent>),
}

/// Ends a turn from elsewhere, also while somebody waits for its next event.
#[derive(Debug, Clone)]
pub struct Canceller(Cancel);

impl Canceller {
    /// The turn ends with `Cancelled`, unless it has ended already.
    pub fn cancel(&self) {
        self.0.cancel();
    }
}

impl Turn {
    /// The next event, or `None` for ever after the last one. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Result<TurnEvent>> {
        poll_fn(|context| self.poll(context)).await
    }

    /// Waits for the reply.
    ///
    /// # Errors
    /// What ended the turn without one.
    pub async fn reply(mut self) -> Result<Reply> {
        while let Some(event) = self.next().await {
            if let TurnEvent::Reply(reply) = event? {
                return Ok(reply);
            }
        }
        Err(Error::internal("the turn had been read to its end already"))
    }

    /// Something that ends this turn from elsewhere.
    pub fn canceller(&self) -> Canceller {
        Canceller(self.cancel.clone())
    }

    /// Goes on without anybody watching, in a task of the current tokio runtime: the browser has left, the reply is kept.
    ///
    /// # Errors
    /// `Internal` outside of a tokio runtime; then the turn is dropped.
    pub fn finish_in_background(self) -> Result<()> {
        Core::in_runtime()?;
        if let State::Running { task, .. } = self.state {
            drop(tokio::spawn(task));
        }
        Ok(())
    }

    fn ready(reply: Reply, language: String) -> Self {
        let mut events = vec![TurnEvent::Text(reply.message.text.clone())];
        if reply.ended == Some(Ending::HandedOver) {
            // A host that was killed before it heard of it hears of it again.
            events.push(TurnEvent::HandOver { language });
        }
        if !reply.message.choices.is_empty() {
            events.push(TurnEvent::Choices(reply.message.choices.clone()));
        }
        events.push(TurnEvent::Reply(reply));
        Self { state: State::Ready(events.into_iter()), cancel: Cancel::default() }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<TurnEvent>>> {
        loop {
            match &mut self.state {
                State::Ready(events) => return Poll::Ready(events.next().map(Ok)),
                State::Running { task, events } => {
                    if let Poll::Ready(Some(event)) = events.poll_recv(context) {
                        return Poll::Ready(Some(Ok(event)));
                    }
                    let Poll::Ready(result) = task.as_mut().poll(context) else {
                        // The task may have handed something on while it was polled.
                        return match events.poll_recv(context) {
                            Poll::Ready(Some(event)) => Poll::Ready(Some(Ok(event))),
                            _ => Poll::Pending,
                        };
                    };
                    let events = std::mem::replace(events, mpsc::unbounded_channel().1);
                    self.state = State::Ended(Some(result), events);
                }
                State::Ended(result, events) => {
                    return Poll::Ready(match events.try_recv() {
                        Ok(event) => Some(Ok(event)),
                        Err(_) => result.take().map(|result| result.map(TurnEvent::Reply)),
                    });
                }
            }
        }
    }
}

impl Stream for Turn {
    type Item = Result<TurnEvent>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(context)
    }
}

/// Begins a turn: reads once, decides, and stores the user's words and the attempt before anything is asked.
pub(crate) async fn begin(core: &Arc<Core>, user: &UserId, thread: &ThreadId, memory: &Memory, begin: Begin) -> Result<Turn> {
    Core::in_runtime()?;
    let find = match &begin {
        Begin::Say(message) => message.id.clone(),
        _ => None,
    };
    if let Some(id) = &find {
        id.check()?;
    }
    let page = Page { size: WINDOW, before: None, find };
    let safety = match &begin {
        Begin::Say(NewMessage { said: Said::Typed(text), .. }) => core.classified(user, text).await,
        _ => SafetyLevel::None,
    };
    // A message with an id is looked for first, wherever it is.
    let known = memory.take().filter(|_| page.find.is_none());
    let ((begun, taken_over, language), written) = core
        .decide_on(user, thread, &page, false, known, |conversation, _| {
            let at = core.circumstances_of(conversation, safety);
            fault::point("turn: before the first commit");
            let taken_over = if matches!(begin, Begin::TakeOver) { conversation.live() } else { None };
            let (writes, begun) = match conversation.begin(thread, &begin, &mut || core.message_id(), &at)? {
                Begun::Stored(reply) => (Vec::new(), Start::Ready(reply)),
                Begun::Said { notes, state, reply } => {
                    let mut writes = writes(notes);
                    writes.push(Write::Thread(state));
                    (writes, Start::Ready(reply))
                }
                Begun::Ask(asking) => {
                    let (writes, job, flow) = Job::prepare(core, user, conversation, memory.clone(), *asking)?;
                    (writes, Start::Ask(Box::new(job), flow))
                }
            };
            Ok((writes, (begun, taken_over, core.tag(&conversation.account).to_owned())))
        })
        .await?;
    if let Some((read, change)) = written {
        memory.keep(read, &change, thread);
    }
    core.cancel_turn(taken_over.as_ref());
    fault::point("turn: after the first commit");
    Ok(match begun {
        Start::Ready(reply) => Turn::ready(*reply, language),
        Start::Ask(job, flow) => {
            let (sender, events) = mpsc::unbounded_channel();
            let cancel = job.at_work.cancel.clone();
            Turn { state: State::Running { task: Box::pin(job.run(flow, sender)), events }, cancel }
        }
    })
}

enum Start {
    Ready(Box<Reply>),
    Ask(Box<Job>, Flow),
}

pub(crate) fn writes(notes: Notes) -> Vec<Write> {
    let mut writes = Vec::new();
    writes.extend(notes.action.map(Write::Action));
    writes.extend(notes.freed.map(Write::Attempt));
    writes.extend(notes.messages.into_iter().map(Write::Message));
    writes.extend(notes.allowance.map(Write::Allowance));
    writes
}

/// A reply that is ready to be stored.
struct Final {
    line: Line,
    author: Author,
    flow: Flow,
    report: Option<TurnReport>,
}

/// An attempt under way: what is asked, of whom, and what it has used.
pub(crate) struct Job {
    pub(crate) core: Arc<Core>,
    pub(crate) user: UserId,
    pub(crate) thread: ThreadId,
    pub(crate) attempt: Attempt,
    pub(crate) at_work: AtWork,
    pub(crate) request: Request,
    /// `None` if the guide stands in.
    pub(crate) model: Option<Arc<dyn Model>>,
    /// The thread as the first commit left it, without its messages and the profile, which a reply does not depend on.
    left: Conversation,
    /// Where whoever asked keeps what is known of the thread.
    memory: Memory,
}

impl Job {
    /// The attempt, the request, and the writes that make it known before it is made.
    pub(crate) fn prepare(
        core: &Arc<Core>,
        user: &UserId,
        conversation: &Conversation,
        memory: Memory,
        asking: Asking,
    ) -> Result<(Vec<Write>, Self, Flow)> {
        let Asking { notes, state, purpose, flow } = asking;
        let model = match core.allowed(&conversation.account) {
            Ok(()) => Some(core.model.clone()),
            Err(_) if core.offline_fallback => None,
            Err(error) => return Err(error),
        };
        let operation = match purpose {
            Purpose::Open => Operation::Open,
            Purpose::Reply | Purpose::Closing => Operation::Reply,
            Purpose::Propose => Operation::Propose,
        };
        let info = if model.is_some() { core.info.clone() } else { script::info() };
        let now = core.clock.now();
        let attempt = Attempt {
            id: AttemptId::new(core.ids.next_text()),
            operation,
            provider: info.provider,
            model: info.model,
            place: info.place,
            instance: core.instance.clone(),
            started_at: now,
            lease_until: now + core.lease(),
            ended_at: None,
            status: AttemptStatus::Running,
            usage: Usage::default(),
            error: None,
        };
        let thread = state.thread.clone();
        let request = request(core, conversation, &state, purpose, &flow, &notes.messages);
        let state = rules::attempt(state, &attempt);
        let Account { version, consent, allowance, changes, .. } = &conversation.account;
        let (consent, allowance) = (consent.clone(), notes.allowance.unwrap_or(*allowance));
        let left = Conversation {
            account: Account { version: version + 1, profile: Profile::default(), consent, allowance, changes: *changes },
            action: notes.action.clone().or_else(|| conversation.action.clone()),
            state: Some(state.clone()),
            attempt: Some(attempt.clone()),
            holder_gone: false,
            messages: Vec::new(),
            found: None,
        };
        let mut writes = writes(notes);
        writes.push(Write::Thread(state));
        writes.push(Write::Attempt(attempt.clone()));
        let at_work = core.at_work(user, &attempt.id);
        tracing::debug!(attempt = %attempt.id, ?operation, "asking");
        Ok((writes, Self { core: core.clone(), user: user.clone(), thread, attempt, at_work, request, model, left, memory }, flow))
    }

    async fn run(self: Box<Self>, flow: Flow, events: mpsc::UnboundedSender<TurnEvent>) -> Result<Reply> {
        let spoke = AtomicBool::new(false);
        if self.model.is_none() {
            let _ = events.send(TurnEvent::StoodIn(ErrorKind::ConsentNeeded));
        }
        let drafted = self.within(self.compose(&flow, &events, &spoke)).await;
        let mut failure = None;
        let written = match drafted {
            Ok(written) => written,
            Err(error) if !spoke.load(Ordering::Relaxed) && self.may_fall_back(&error) => {
                failure = Some(error.kind());
                let _ = events.send(TurnEvent::StoodIn(error.kind()));
                self.by_guide(self.guide_line(&self.request), flow, &events)
            }
            Err(error) => return Err(self.failed(error).await),
        };
        let Final { line, author, flow, report } = written;
        let id = self.core.message_id();
        let handed_over = flow.ended == Some(Ending::HandedOver);
        let reply = self
            .store(false, failure, |conversation, _, state, now| {
                let line = Line { text: line.text.clone(), choices: line.choices.clone() };
                let written = Written { id: id.clone(), line, author: author.clone() };
                let (state, mut reply) = conversation.reply(state, flow.clone(), written, now);
                reply.findings = report.as_ref().map(|report| report.findings.clone()).unwrap_or_default();
                reply.measures = report.as_ref().map(|report| report.measures);
                fault::point("turn: before the second commit");
                // An opening that was never said leaves an action that can still be reopened.
                let started = if self.request.purpose == Purpose::Open { conversation.started(now)? } else { None };
                let action = started.map(Write::Action);
                let writes = action.into_iter().chain([Write::Message(reply.message.clone()), Write::Thread(state)]);
                Ok((writes.collect(), reply))
            })
            .await?;
        fault::point("turn: after the second commit");
        if handed_over {
            let _ = events.send(TurnEvent::HandOver { language: self.request.language.clone() });
        }
        Ok(reply)
    }

    /// Asks, checks, asks once more, and lets the guide speak where that did not help.
    async fn compose(&self, flow: &Flow, events: &mpsc::UnboundedSender<TurnEvent>, spoke: &AtomicBool) -> Result<Final> {
        let hand_on = |event| {
            let _ = events.send(event);
        };
        let live = self.core.delivery == Delivery::Live;
        // A script's own questions are tested; its echoes of the person's words must not be taken for questions of its own.
        let script = self.attempt.place == ModelPlace::Script;
        let known = || (!script && self.thread.action().is_some()).then(|| Known::of(&self.request, &self.core.voice));
        let asking = self.once(&self.request, |piece| {
            if live {
                spoke.store(true, Ordering::Relaxed);
                hand_on(TurnEvent::Text(piece.to_owned()));
            }
        });
        let (draft, known) = meanwhile(asking, known).await;
        let mut draft = draft?;
        let mut after = self.after(flow, &draft);
        let checked = |draft: &Draft, after: &Flow| {
            let check = |known: &Known| known.check(&draft.text, &self.request, after.ended.is_some());
            known.as_ref().map(check).unwrap_or_default()
        };
        let mut report = checked(&draft, &after);
        if let (false, false, Some(finding)) = (live, draft.hand_over, report.findings.first().copied()) {
            hand_on(TurnEvent::AskedAgain(finding));
            // Usage adds up, and a second try that fails leaves the guide's question, which needs nobody.
            let again = Request { parts: parts(&self.core, &self.request, finding), ..self.request.clone() };
            let second = self.once(&again, |_| {}).await.ok().map(|second| (self.after(flow, &second), second));
            let second = second.map(|(after, second)| (checked(&second, &after), after, second));
            match second.filter(|(report, ..)| report.findings.is_empty()) {
                Some((passed, flow, second)) => (report, after, draft) = (passed, flow, second),
                None => {
                    hand_on(TurnEvent::Replaced(finding));
                    let purpose = if after.ended.is_some() { Purpose::Closing } else { self.request.purpose };
                    let asked = Request { purpose, flow: after.clone(), ..self.request.clone() };
                    // What the model wrote may have built on the answer; the guide's question alone does not pretend to.
                    let line = if purpose == Purpose::Reply { script::question(&asked) } else { self.guide_line(&asked) };
                    return Ok(self.by_guide(line, after, events));
                }
            }
        }
        // A person is called without a word from the model, or with one that does not pass: it is not asked again.
        if after.ended == Some(Ending::HandedOver) && (prompt::is_blank(&draft.text) || (!live && !report.findings.is_empty())) {
            let line = script::line(&Request { purpose: Purpose::Closing, flow: after.clone(), ..self.request.clone() });
            return Ok(self.by_guide(line, after, events));
        }
        if !live {
            hand_on(TurnEvent::Text(draft.text.clone()));
        }
        if !draft.choices.is_empty() && after.ended.is_none() {
            hand_on(TurnEvent::Choices(draft.choices.clone()));
        }
        let author = Author { provider: self.attempt.provider.clone(), model: self.attempt.model.clone(), place: self.attempt.place };
        Ok(Final { line: Line { text: draft.text, choices: draft.choices }, author, flow: after, report: (!script).then_some(report) })
    }

    /// What the guide says in the model's place.
    fn guide_line(&self, request: &Request) -> Line {
        match request.purpose {
            Purpose::Open => script::opening(request, self.attempt.place),
            _ => script::line(request),
        }
    }

    /// Whether the guide may stand in for a model that failed like this.
    pub(crate) fn may_fall_back(&self, error: &Error) -> bool {
        let falls_back = error.kind() == ErrorKind::ModelUnavailable && self.core.offline_fallback;
        if falls_back {
            // The person goes on; whoever runs the app should know why, most of all where only they can help.
            tracing::warn!(attempt = %self.attempt.id, permanent = error.is_permanent(), %error, "the guide stands in");
        }
        falls_back
    }

    fn by_guide(&self, line: Line, flow: Flow, events: &mpsc::UnboundedSender<TurnEvent>) -> Final {
        let _ = events.send(TurnEvent::Text(line.text.clone()));
        if !line.choices.is_empty() && flow.ended.is_none() {
            let _ = events.send(TurnEvent::Choices(line.choices.clone()));
        }
        Final { line, author: script::author(), flow, report: None }
    }

    /// Where the debrief is after what the model signalled. The library decides; the model only tells.
    fn after(&self, flow: &Flow, draft: &Draft) -> Flow {
        let mut flow = flow.clone();
        if self.thread.action().is_none() {
            return flow;
        }
        flow.outcome = draft.outcome.or(flow.outcome);
        if draft.enough {
            flow.enough(&self.core.rules.budget);
        }
        if draft.hand_over {
            flow.ended = Some(Ending::HandedOver);
        }
        flow
    }

    /// One request to the model, or the guide's answer, whole.
    pub(crate) async fn once(&self, request: &Request, mut piece: impl FnMut(&str) + Send) -> Result<Draft> {
        let Some(model) = &self.model else {
            let draft = if request.purpose == Purpose::Propose {
                Draft { text: script::proposals(request), ..Draft::default() }
            } else {
                let Line { text, choices } = self.guide_line(request);
                Draft { text, choices, ..Draft::default() }
            };
            piece(&draft.text);
            return Ok(draft);
        };
        let span = observe::span(&self.attempt, &self.core.info, request);
        let before = self.at_work.usage();
        let drafted = self.ask(model.as_ref(), request, before, piece).instrument(span.clone()).await;
        observe::ended(&span, self.at_work.usage().since(before), drafted.as_ref().err());
        drafted
    }

    /// One request to a model. What it uses is added to what was used before.
    async fn ask(&self, model: &dyn Model, request: &Request, before: Usage, piece: impl FnMut(&str) + Send) -> Result<Draft> {
        self.at_work.used(Usage { requests: before.requests + 1, ..before });
        let used = |usage| {
            let mut total = before;
            total.add(usage);
            self.at_work.used(total);
        };
        draft(model, request, piece, used).await
    }

    /// Bounds the work by the turn's deadline and by its canceller, and makes a panic of the model's an error.
    pub(crate) async fn within<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let (mut work, mut cancel) = (pin!(work), pin!(self.at_work.cancel.cancelled()));
        // Counted from the first commit, as the lease is, however late somebody polls for the first time.
        let left = self.attempt.started_at + self.core.turn_deadline - self.core.clock.now();
        let mut deadline = pin!(self.core.clock.sleep(left.min(self.core.turn_deadline)));
        poll_fn(|context| {
            if cancel.as_mut().poll(context).is_ready() {
                return Poll::Ready(Err(rules::cancelled()));
            }
            match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
                Ok(Poll::Ready(result)) => return Poll::Ready(result),
                Ok(Poll::Pending) => {}
                Err(_) => {
                    return Poll::Ready(Err(Error::internal("the model's code panicked; what you wrote is kept, resume to ask again")));
                }
            }
            match catch_unwind(AssertUnwindSafe(|| deadline.as_mut().poll(context))) {
                Ok(Poll::Pending) => Poll::Pending,
                Ok(Poll::Ready(())) => Poll::Ready(Err(Error::new(
                    ErrorKind::ModelUnavailable,
                    "the model did not answer in time; what you wrote is kept, resume to ask again",
                ))),
                // What tokio does where it has no timer, or is not there any more.
                Err(_) => Poll::Ready(Err(Error::internal(
                    "the clock panicked; go on inside a tokio runtime whose timers are enabled, and resume to ask again",
                ))),
            }
        })
        .await
    }

    /// The second commit: only if the thread still names this attempt. Otherwise only what it has used is recorded. `failure` is why the
    /// model's answer is not what is stored, if the guide stood in.
    pub(crate) async fn store<T: Send>(
        &self,
        proposals: bool,
        failure: Option<ErrorKind>,
        mut brought: impl FnMut(&Conversation, &[Extraction], ThreadState, Timestamp) -> Result<(Vec<Write>, T)> + Send,
    ) -> Result<T> {
        // Proposals are decided on with the profile, which is read.
        let known = (!proposals).then(|| self.left.clone());
        let stored = self
            .core
            .decide_on(&self.user, &self.thread, &Page::newest(0), proposals, known, |conversation, extractions| {
                let now = self.core.clock.now();
                match conversation.held_by(&self.attempt.id) {
                    Ok(state) => {
                        let (mut writes, outcome) = brought(conversation, extractions, state, now)?;
                        let status = if failure.is_some() { AttemptStatus::Failed } else { AttemptStatus::Done };
                        writes.push(Write::Attempt(self.ended(status, failure)));
                        Ok((writes, Ok(outcome)))
                    }
                    Err(error) => Ok((Vec::new(), Err(error))),
                }
            })
            .await;
        if let Ok((Err(lost), _)) = &stored {
            self.throw_away(lost).await;
        }
        let stored = match stored {
            Ok((stored, written)) => {
                self.at_work.recorded();
                if let Some((_, change)) = written {
                    self.memory.follow(&change, &self.thread);
                }
                stored
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Err(gone(error)),
            // What was brought cannot be stored now; the thread is freed if that at least can be.
            Err(error) => Err(self.failed(error).await),
        };
        tracing::debug!(attempt = %self.attempt.id, error = stored.as_ref().err().map(|error| error.kind().as_str()), "stored");
        stored
    }

    /// Records that it failed and frees the thread. What the user said stays.
    pub(crate) async fn failed(&self, error: Error) -> Error {
        fault::point("failure: before it is recorded");
        let status = if error.kind() == ErrorKind::Cancelled { AttemptStatus::Cancelled } else { AttemptStatus::Failed };
        let recorded = self
            .core
            .decide(&self.user, &self.thread, &Page::newest(0), |conversation| {
                Ok(match conversation.held_by(&self.attempt.id) {
                    Ok(mut state) => {
                        state.live = None;
                        (vec![Write::Thread(state), Write::Attempt(self.ended(status, Some(error.kind())))], None)
                    }
                    Err(lost) => (Vec::new(), Some(lost)),
                })
            })
            .await;
        if let Ok(Some(lost)) = &recorded {
            self.throw_away(lost).await;
        }
        if recorded.is_ok() {
            self.at_work.recorded();
        }
        fault::point("failure: after it is recorded");
        tracing::debug!(attempt = %self.attempt.id, error = error.kind().as_str(), "failed");
        match recorded {
            // Somebody took the thread or cleared it before this failed, which is what the host should act on.
            Ok(Some(lost)) if lost.kind() == ErrorKind::Cancelled || error.kind() == ErrorKind::Cancelled => lost,
            Err(missing) if missing.kind() == ErrorKind::NotFound => gone(missing),
            _ => error,
        }
    }

    fn ended(&self, status: AttemptStatus, error: Option<ErrorKind>) -> Attempt {
        Attempt { status, error, ended_at: Some(self.core.clock.now()), usage: self.at_work.usage(), ..self.attempt.clone() }
    }

    /// Records what an attempt has used that lost its thread. How it ended was said by whoever took the thread. A user who was forgotten
    /// and has come again since knows nothing of it.
    async fn throw_away(&self, error: &Error) {
        let (store, began) = (&self.core.store, self.attempt.started_at);
        for _ in 0..TRIES {
            // The version is read first: whatever is newer than that makes the commit a conflict.
            let Ok(Some(account)) = store.account(&self.user).await else { return };
            let Ok(known) = store.attempts(&self.user, began, began + Duration::from_millis(1)).await else { return };
            let Some(known) = known.into_iter().find(|attempt| attempt.id == self.attempt.id) else { return };
            let status = match (known.status, error.kind()) {
                (AttemptStatus::Running, ErrorKind::Cancelled) => AttemptStatus::Cancelled,
                (AttemptStatus::Running, _) => AttemptStatus::Abandoned,
                (ended, _) => ended,
            };
            let write = Write::Attempt(self.ended(status, Some(error.kind())));
            match self.core.commit(&self.user, &change(account.version, vec![write])).await {
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                _ => return,
            }
        }
    }
}

/// Begins this, does something else before it has to be waited for, and waits.
async fn meanwhile<T, U>(work: impl Future<Output = T>, something: impl FnOnce() -> Option<U>) -> (T, Option<U>) {
    let (mut work, mut something, mut done) = (pin!(work), Some(something), None);
    let worked = poll_fn(|context| {
        let polled = work.as_mut().poll(context);
        if let Some(something) = something.take() {
            done = something();
        }
        polled
    });
    (worked.await, done)
}

/// A turn whose user or debrief was deleted was cancelled.
fn gone(error: Error) -> Error {
    if error.kind() == ErrorKind::NotFound { rules::cancelled() } else { error }
}

fn request(core: &Core, conversation: &Conversation, state: &ThreadState, purpose: Purpose, flow: &Flow, new: &[Message]) -> Request {
    let from = match (purpose, state.thread.action()) {
        // A chat may be long: what an earlier proposal has read is only there to understand the rest.
        (Purpose::Propose, None) => state.proposed_until.saturating_sub(CHAT_STEP),
        (Purpose::Propose, Some(_)) => 0,
        (_, Some(_)) => state.round_start,
        (_, None) => state.next_seq.saturating_sub(CHAT_WINDOW) / CHAT_STEP * CHAT_STEP,
    };
    let messages: Vec<_> = conversation.messages.iter().chain(new).filter(|message| message.seq >= from).cloned().collect();
    let request = prompt::request(prompt::Brief {
        purpose,
        voice: &core.voice,
        language: core.tag(&conversation.account),
        profile: &conversation.account.profile,
        action: conversation.action.as_ref(),
        flow,
        messages: messages.into(),
        finding: None,
        vocabulary: &core.vocabulary,
    });
    Request { texts: core.texts, ..request }
}

fn parts(core: &Core, request: &Request, finding: Finding) -> Vec<prompt::Part> {
    prompt::parts(&prompt::Brief {
        purpose: request.purpose,
        voice: &core.voice,
        language: &request.language,
        profile: &request.profile,
        action: request.action.as_ref(),
        flow: &request.flow,
        messages: (&request.messages).into(),
        finding: Some(finding.gate.instruction()),
        vocabulary: &request.vocabulary,
    })
}

#[cfg(all(test, feature = "sqlite", feature = "testing"))]
#[allow(clippy::unwrap_used)]
mod tests;
