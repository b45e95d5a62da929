//! `CompletionCoach`: the one place that knows both a store and a model, and the settings of both.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::conversation::{Account, ActionRecord, Conversation, Message};
use crate::error::{Error, ErrorKind, Result, opaque_debug};
use crate::evidence::Extraction;
use crate::flow::Budget;
use crate::lang::{Texts, Words};
use crate::limits::Limits;
use crate::model::{Model, SafetyClassifier};
use crate::profile::Term;
use crate::prompt::Voice;
use crate::rules::{Circumstances, Holder, LEASE_MARGIN, Rules};
use crate::runtime::{ActionId, AttemptId, Clock, Ids, MessageId, RandomIds, SystemClock, ThreadId, UserId};
use crate::safety::SafetyLevel;
use crate::script;
use crate::store::{ActionStore, Change, Page, Write};
use crate::usage::{AllowanceRates, AttemptStatus, ModelInfo, ModelPlace, PriceTable, Usage};

mod debrief;
mod export;
mod observe;
mod retention;
mod review;
mod turn;
mod user;

pub use debrief::{Chat, Debrief, MessagePage};
pub use turn::{Canceller, Turn, TurnEvent};
pub use user::{Done, ListedAction, Offer, User};

/// How often a decision is made again because the user's data changed while it was made. Every time it is, another call has
/// succeeded, so that this ends; a host sees `Conflict` only where its own decision has become void.
const TRIES: u32 = 100;

/// How long the host's safety classifier may look at a message.
const CLASSIFIER_LIMIT: Duration = Duration::from_secs(5);

/// The messages of one page where a thread is read whole.
const WHOLE_PAGE: u32 = 500;

/// How a coach's words reach the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// A reply is held until it has passed the checks. One that fails is asked for once more and then replaced by the guide's question.
    #[default]
    Checked,
    /// Pieces are handed on as they come; what the checks find is reported with the reply.
    Live,
}

/// What a user is told before anything is shared with whoever writes the coach's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disclosure {
    /// Stands for this disclosure in a consent. Another provider or address has another one.
    pub id: String,
    /// Whether a language model writes the words; a script does not.
    pub is_ai: bool,
    /// Who runs it.
    pub provider: String,
    /// Which model.
    pub model: String,
    /// Where it runs.
    pub place: ModelPlace,
    /// What to show, in the language asked for if this library speaks it, else in English.
    pub text: String,
}

/// The coach: opens debriefs, keeps their rules, proposes and applies. Cheap to clone; all clones are one coach.
///
/// It works inside a tokio runtime and starts no task of its own unless asked to.
#[derive(Clone)]
pub struct CompletionCoach {
    pub(crate) core: Arc<Core>,
}
opaque_debug!(CompletionCoach { core });

impl CompletionCoach {
    /// A coach that keeps things in this store and has this model write its words.
    pub fn builder(store: impl ActionStore, model: impl Model) -> Builder {
        Builder::new(Arc::new(store), Arc::new(model))
    }

    /// The same for a store and a model that are shared already.
    pub fn shared(store: Arc<dyn ActionStore>, model: Arc<dyn Model>) -> Builder {
        Builder::new(store, model)
    }

    /// A user's handle. This trusts the host: authenticate first. Several tenants need a prefix each.
    pub fn user(&self, id: impl Into<UserId>) -> User {
        User::new(self.core.clone(), id.into())
    }

    /// What to show a user before anything is shared with the configured model, in this language.
    pub fn disclosure(&self, language: &str) -> Disclosure {
        self.core.disclosure(self.core.texts.words(language))
    }
}

/// Puts a coach together.
pub struct Builder {
    core: Core,
    budget: (u32, u32),
}
opaque_debug!(Builder { core });

impl Builder {
    fn new(store: Arc<dyn ActionStore>, model: Arc<dyn Model>) -> Self {
        let core = Core {
            store,
            info: model.info(),
            model,
            clock: Arc::new(SystemClock),
            ids: Arc::new(RandomIds),
            rules: Rules::default(),
            voice: Voice::default(),
            vocabulary: Vec::new(),
            prices: PriceTable::default(),
            classifier: None,
            texts: Texts::default(),
            delivery: Delivery::default(),
            offline_fallback: false,
            language: "en".to_owned(),
            turn_deadline: Duration::from_secs(120),
            retention: None,
            instance: String::new(),
            turns: Mutex::default(),
        };
        Self { core, budget: (2, 4) }
    }

    /// How many exchanges a debrief takes (default 2 to 4; 1 ≤ min ≤ max ≤ 10).
    #[must_use]
    pub fn budget(mut self, min: u32, max: u32) -> Self {
        self.budget = (min, max);
        self
    }

    /// How much of anything is accepted.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.core.rules.limits = limits;
        self
    }

    /// How often a user may ask for a turn and for proposals.
    #[must_use]
    pub fn allowance(mut self, rates: AllowanceRates) -> Self {
        self.core.rules.rates = rates;
        self
    }

    /// How a coach's words reach the host (default: checked first).
    #[must_use]
    pub fn delivery(mut self, delivery: Delivery) -> Self {
        self.core.delivery = delivery;
        self
    }

    /// Lets the model ask the first question. By default the guide does: at once, free and without a network.
    #[must_use]
    pub fn model_opens(mut self, yes: bool) -> Self {
        self.core.rules.model_opens = yes;
        self
    }

    /// Lets the guide ask when the model cannot be reached or may not be asked. Each reply says who wrote it.
    #[must_use]
    pub fn offline_fallback(mut self, yes: bool) -> Self {
        self.core.offline_fallback = yes;
        self
    }

    /// The field that the people work in, such as `marine biology`.
    #[must_use]
    pub fn field_of_work(mut self, field: impl Into<String>) -> Self {
        self.core.voice.field_of_work = Some(field.into());
        self
    }

    /// How the coach speaks, such as `warm and plain`.
    #[must_use]
    pub fn tone(mut self, tone: impl Into<String>) -> Self {
        self.core.voice.tone = Some(tone.into());
        self
    }

    /// Whatever else the coach is told. Rules that code keeps are not lifted by it.
    #[must_use]
    pub fn instructions(mut self, instructions: impl Into<String>) -> Self {
        self.core.voice.instructions = Some(instructions.into());
        self
    }

    /// Words that are recognised in what people write, such as the names of skills.
    #[must_use]
    pub fn vocabulary(mut self, terms: impl IntoIterator<Item = Term>) -> Self {
        self.core.vocabulary = terms.into_iter().collect();
        self
    }

    /// What models cost (default: [`PriceTable::default`]). A model without a price has no cost in the usage report.
    #[must_use]
    pub fn prices(mut self, table: PriceTable) -> Self {
        self.core.prices = table;
        self
    }

    /// The host's own look at what people write, beside the phrase lists; the higher level counts. It is given each typed message before any
    /// model is, and 5 s; one that fails or takes longer counts as having seen nothing, which is logged.
    #[must_use]
    pub fn safety_classifier(mut self, classifier: impl SafetyClassifier) -> Self {
        self.core.classifier = Some(Arc::new(classifier));
        self
    }

    /// What the library says to people, where the host has its own words for it.
    #[must_use]
    pub fn texts(mut self, texts: Texts) -> Self {
        self.core.texts = texts;
        self
    }

    /// The language for people whose profile names none, as a BCP 47 tag (default `en`).
    #[must_use]
    pub fn language(mut self, tag: impl Into<String>) -> Self {
        self.core.language = tag.into();
        self
    }

    /// How long a turn may take with everything in it (default 120 s; at least 1 s). Then it ends itself.
    #[must_use]
    pub fn turn_deadline(mut self, deadline: Duration) -> Self {
        self.core.turn_deadline = deadline.max(Duration::from_secs(1));
        self
    }

    /// How long transcripts are kept (default: for ever). What is older is deleted by [`User::expire`], which the host calls.
    #[must_use]
    pub fn retention(mut self, keep: Duration) -> Self {
        self.core.retention = Some(keep);
        self
    }

    /// Where the time comes from.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.core.clock = Arc::new(clock);
        self
    }

    /// Where new ids come from.
    #[must_use]
    pub fn ids(mut self, ids: impl Ids) -> Self {
        self.core.ids = Arc::new(ids);
        self
    }

    /// The coach.
    ///
    /// # Errors
    /// `InvalidInput` if the budget is not 1 ≤ min ≤ max ≤ 10.
    pub fn build(mut self) -> Result<CompletionCoach> {
        self.core.rules.budget = Budget::new(self.budget.0, self.budget.1)?;
        self.core.instance = self.core.ids.next_text();
        Ok(CompletionCoach { core: Arc::new(self.core) })
    }
}

/// What all handles of one coach share.
pub(crate) struct Core {
    pub(crate) store: Arc<dyn ActionStore>,
    pub(crate) model: Arc<dyn Model>,
    /// What the model says of itself, asked once.
    pub(crate) info: ModelInfo,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) rules: Rules,
    pub(crate) voice: Voice,
    pub(crate) vocabulary: Vec<Term>,
    pub(crate) prices: PriceTable,
    pub(crate) classifier: Option<Arc<dyn SafetyClassifier>>,
    pub(crate) texts: Texts,
    pub(crate) delivery: Delivery,
    pub(crate) offline_fallback: bool,
    pub(crate) language: String,
    pub(crate) turn_deadline: Duration,
    pub(crate) retention: Option<Duration>,
    pub(crate) instance: String,
    turns: Mutex<Turns>,
}
opaque_debug!(Core { store, model, delivery, offline_fallback, turn_deadline, instance });

/// The turns of this coach: those at work, and what those had used that the host dropped.
#[derive(Default)]
struct Turns {
    at_work: HashMap<AttemptId, (UserId, Cancel)>,
    dropped: BTreeMap<AttemptId, Usage>,
}

/// The most dropped turns whose usage is remembered until somebody touches their threads again.
const MOST_DROPPED: usize = 1_000;

/// Ends a turn from outside.
#[derive(Clone, Default)]
pub(crate) struct Cancel(Arc<(Notify, AtomicBool)>);

impl Cancel {
    pub(crate) fn cancel(&self) {
        self.0.1.store(true, Ordering::SeqCst);
        self.0.0.notify_waiters();
    }

    pub(crate) async fn cancelled(&self) {
        let notified = self.0.0.notified();
        if self.0.1.load(Ordering::SeqCst) {
            return;
        }
        notified.await;
    }
}

impl fmt::Debug for Cancel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cancel")
    }
}

/// A turn at work. When it is dropped, this coach knows that its thread is free, and what is not recorded yet of its usage.
#[derive(Debug)]
pub(crate) struct AtWork {
    core: Arc<Core>,
    attempt: AttemptId,
    pub(crate) cancel: Cancel,
    usage: Mutex<Usage>,
}

impl AtWork {
    pub(crate) fn usage(&self) -> Usage {
        *self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it has used is in the store; there is nothing to remember any more.
    pub(crate) fn recorded(&self) {
        self.used(Usage::default());
    }

    pub(crate) fn used(&self, usage: Usage) {
        *self.usage.lock().unwrap_or_else(PoisonError::into_inner) = usage;
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        let usage = self.usage();
        let mut turns = self.core.turns();
        turns.at_work.remove(&self.attempt);
        if usage != Usage::default() && turns.dropped.len() < MOST_DROPPED {
            turns.dropped.insert(self.attempt.clone(), usage);
        }
    }
}

impl Core {
    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn at_work(self: &Arc<Self>, user: &UserId, attempt: &AttemptId) -> AtWork {
        let cancel = Cancel::default();
        self.turns().at_work.insert(attempt.clone(), (user.clone(), cancel.clone()));
        AtWork { core: self.clone(), attempt: attempt.clone(), cancel, usage: Mutex::default() }
    }

    /// Ends this coach's own turns of a user without waiting.
    pub(crate) fn cancel_turns(&self, user: &UserId) {
        // Cloned first: a waker is the host's code, and no lock is held while it runs.
        let turns: Vec<_> = self.turns().at_work.values().filter(|(owner, _)| owner == user).map(|(_, cancel)| cancel.clone()).collect();
        turns.iter().for_each(Cancel::cancel);
    }

    /// Ends the turn that a decision has cleared away, if it is this coach's, and none that began since.
    pub(crate) fn cancel_turn(&self, attempt: Option<&AttemptId>) {
        let turn = attempt.and_then(|attempt| self.turns().at_work.get(attempt).cloned());
        if let Some((_, cancel)) = turn {
            cancel.cancel();
        }
    }

    fn holder(&self, conversation: &Conversation) -> Holder {
        let Some(attempt) = conversation.attempt.as_ref().filter(|attempt| attempt.instance == self.instance) else {
            return if conversation.holder_gone { Holder::Dead } else { Holder::Unknown };
        };
        let turns = self.turns();
        if turns.at_work.contains_key(&attempt.id) {
            return Holder::Unknown;
        }
        Holder::Dropped(turns.dropped.get(&attempt.id).copied().unwrap_or_default())
    }

    pub(crate) fn circumstances<'a>(&'a self, conversation: &Conversation) -> Circumstances<'a> {
        self.circumstances_of(conversation, SafetyLevel::None)
    }

    /// The same with what the host's classifier says of the newest message.
    pub(crate) fn circumstances_of<'a>(&'a self, conversation: &Conversation, safety: SafetyLevel) -> Circumstances<'a> {
        Circumstances {
            safety,
            texts: self.texts,
            rules: &self.rules,
            words: self.words(&conversation.account),
            place: if self.allowed(&conversation.account).is_ok() { self.info.place } else { ModelPlace::Script },
            holder: self.holder(conversation),
            now: self.clock.now(),
        }
    }

    /// What the host's classifier says of a message. It decides nothing where it fails.
    pub(crate) async fn classified(&self, user: &UserId, text: &str) -> SafetyLevel {
        let Some(classifier) = &self.classifier else { return SafetyLevel::None };
        let language = match self.store.account(user).await {
            Ok(Some(account)) => self.tag(&account).to_owned(),
            _ => return SafetyLevel::None,
        };
        let (mut asked, mut late) = (pin!(classifier.level(text, &language)), pin!(self.clock.sleep(CLASSIFIER_LIMIT)));
        let answer = poll_fn(|context| match asked.as_mut().poll(context) {
            Poll::Ready(answer) => Poll::Ready(Some(answer)),
            Poll::Pending => late.as_mut().poll(context).map(|()| None),
        });
        match answer.await {
            Some(Ok(level)) => level,
            Some(Err(_)) | None => {
                tracing::warn!("the safety classifier failed or did not answer in time; the phrase lists decide");
                SafetyLevel::None
            }
        }
    }

    pub(crate) fn tag<'a>(&'a self, account: &'a Account) -> &'a str {
        account.profile.language.as_deref().filter(|tag| !tag.trim().is_empty()).unwrap_or(&self.language)
    }

    pub(crate) fn words(&self, account: &Account) -> &'static Words {
        self.texts.words(self.tag(account))
    }

    pub(crate) fn message_id(&self) -> MessageId {
        MessageId::new(self.ids.next_text())
    }

    pub(crate) fn disclosure(&self, words: &Words) -> Disclosure {
        let info = self.info.clone();
        Disclosure {
            id: self.disclosure_id(),
            is_ai: info.place != ModelPlace::Script,
            text: script::disclosure_text(&info, words),
            provider: info.provider,
            model: info.model,
            place: info.place,
        }
    }

    /// What stands for the configured model in a consent.
    pub(crate) fn disclosure_id(&self) -> String {
        format!("{}@{}", self.info.provider, self.info.address.as_deref().unwrap_or("here"))
    }

    /// Whether a remote model is configured that this user has not agreed to.
    pub(crate) fn consent_needed(&self, account: Option<&Account>) -> bool {
        let consent = account.and_then(|account| account.consent.as_ref());
        self.info.place == ModelPlace::Remote && consent.is_none_or(|consent| consent.disclosure != self.disclosure_id())
    }

    /// Whether the model may be given what this user writes.
    pub(crate) fn allowed(&self, account: &Account) -> Result<()> {
        if !self.consent_needed(Some(account)) {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::ConsentNeeded,
            "what is written would be sent to a remote model; show the disclosure and pass the person's consent on first",
        ))
    }

    pub(crate) fn in_runtime() -> Result<()> {
        match tokio::runtime::Handle::try_current() {
            Ok(_) => Ok(()),
            Err(_) => Err(Error::internal("this must be called inside a tokio runtime; start one and call it there")),
        }
    }

    pub(crate) async fn read(&self, user: &UserId, thread: &ThreadId, page: &Page) -> Result<Conversation> {
        check(user, thread)?;
        self.store.conversation(user, thread, page).await?.ok_or_else(|| nothing(thread))
    }

    /// A page of a thread's messages.
    pub(crate) async fn messages(&self, user: &UserId, thread: &ThreadId, page: &Page) -> Result<Vec<Message>> {
        check(user, thread)?;
        self.store.messages(user, thread, page).await?.ok_or_else(|| nothing(thread))
    }

    /// A thread with all its messages, read page by page. `None` if there is no such user or action.
    pub(crate) async fn whole_thread(&self, user: &UserId, thread: &ThreadId) -> Result<Option<(Conversation, Vec<Message>)>> {
        let (mut pages, mut before) = (Vec::new(), None);
        loop {
            let page = Page { size: WHOLE_PAGE, before, find: None };
            let Some(mut read) = self.store.conversation(user, thread, &page).await? else { return Ok(None) };
            before = read.messages.first().map(|first| first.seq);
            pages.push(std::mem::take(&mut read.messages));
            if before.is_none_or(|first| first <= 1) {
                return Ok(Some((read, pages.into_iter().rev().flatten().collect())));
            }
        }
    }

    pub(crate) async fn account(&self, user: &UserId) -> Result<Account> {
        user.check()?;
        let account = self.store.account(user).await?;
        account.ok_or_else(no_user)
    }

    pub(crate) async fn commit(&self, user: &UserId, change: &Change) -> Result<()> {
        let ended = |write: &Write| match write {
            Write::Attempt(attempt) if attempt.status != AttemptStatus::Running => Some(attempt.id.clone()),
            _ => None,
        };
        let ended: Vec<_> = change.writes.iter().filter_map(ended).collect();
        self.store.commit(user, change).await?;
        // What a dropped turn had used is in the store now; its place is free for another one.
        let mut turns = self.turns();
        for attempt in &ended {
            turns.dropped.remove(attempt);
        }
        Ok(())
    }

    /// Reads a thread, decides, and writes what was decided; all of it again if the user's data has changed in between.
    pub(crate) async fn decide<T: Send>(
        &self,
        user: &UserId,
        thread: &ThreadId,
        page: &Page,
        mut decide: impl FnMut(&Conversation) -> Result<(Vec<Write>, T)> + Send,
    ) -> Result<T> {
        Ok(self.decide_on(user, thread, page, false, None, |conversation, _| decide(conversation)).await?.0)
    }

    /// The same with what was proposed in the thread, if it is needed. What is known already of the thread is decided on first, without
    /// reading; it is read if nothing comes of that, and if it has changed since, which makes the commit a conflict. Tells what was
    /// decided on and written as well, if anything was.
    pub(crate) async fn decide_on<T: Send>(
        &self,
        user: &UserId,
        thread: &ThreadId,
        page: &Page,
        proposals: bool,
        mut known: Option<Conversation>,
        mut decide: impl FnMut(&Conversation, &[Extraction]) -> Result<(Vec<Write>, T)> + Send,
    ) -> Result<(T, Option<(Conversation, Change)>)> {
        let mut tries = 1;
        loop {
            let (conversation, is_known) = match known.take() {
                Some(known) => (known, true),
                None => (self.read(user, thread, page).await?, false),
            };
            // Read after the version: whatever is newer than that makes the commit a conflict.
            let extractions = if proposals { self.store.extractions(user, Some(thread)).await? } else { Vec::new() };
            let (writes, outcome) = match decide(&conversation, &extractions) {
                Ok((writes, _)) if writes.is_empty() && is_known => continue,
                Err(_) if is_known => continue,
                decided => decided?,
            };
            if writes.is_empty() {
                return Ok((outcome, None));
            }
            let change = change(conversation.account.version, writes);
            match self.commit(user, &change).await {
                Err(error) if error.kind() == ErrorKind::Conflict && tries < TRIES => tries += 1,
                Err(error) => return Err(error),
                Ok(()) => return Ok((outcome, Some((conversation, change)))),
            }
        }
    }

    /// The same for the account and as many of the actions as matter; a user who does not exist is created.
    pub(crate) async fn decide_account<T: Send>(
        &self,
        user: &UserId,
        which: Which<'_>,
        mut decide: impl FnMut(Option<&Account>, &[ActionRecord]) -> Result<(Vec<Write>, T)> + Send,
    ) -> Result<T> {
        user.check()?;
        let mut tries = 1;
        loop {
            let (account, actions) = match which {
                Which::None => (self.store.account(user).await?, Vec::new()),
                Which::One(id) => match self.store.action(user, id).await? {
                    Some((account, action)) => (Some(account), Vec::from_iter(action)),
                    None => (None, Vec::new()),
                },
                Which::All => match self.store.account(user).await? {
                    Some(account) => (Some(account), self.store.actions(user).await?),
                    None => (None, Vec::new()),
                },
            };
            let (writes, outcome) = decide(account.as_ref(), &actions)?;
            if writes.is_empty() {
                return Ok(outcome);
            }
            let committed = match &account {
                Some(account) => self.commit(user, &change(account.version, writes)).await,
                None => self.store.commit(user, &Change { expected: 0, next: self.first_version(), writes }).await,
            };
            match committed {
                Err(error) if error.kind() == ErrorKind::Conflict && tries < TRIES => tries += 1,
                Err(error) => return Err(error),
                Ok(()) => return Ok(outcome),
            }
        }
    }

    /// Versions start at random, so that one from before `forget` never matches one after it.
    pub(crate) fn first_version(&self) -> u64 {
        u64::try_from(self.ids.next() % (1 << 52)).unwrap_or_default() + 1
    }

    pub(crate) fn lease(&self) -> Duration {
        self.turn_deadline + LEASE_MARGIN
    }
}

fn check(user: &UserId, thread: &ThreadId) -> Result<()> {
    user.check()?;
    thread.action().map_or(Ok(()), ActionId::check)
}

fn nothing(thread: &ThreadId) -> Error {
    match thread {
        ThreadId::General => no_user(),
        ThreadId::Debrief(_) => no_action(),
    }
}

/// Which of a user's actions something is decided on.
#[derive(Clone, Copy)]
pub(crate) enum Which<'a> {
    None,
    One(&'a ActionId),
    All,
}

/// What is written on top of this version.
pub(crate) fn change(version: u64, writes: Vec<Write>) -> Change {
    Change { expected: version, next: version + 1, writes }
}

/// What a handle knows of its thread from its last turn, so that the next one need not read it. It is given away to be decided on, and
/// what was written comes back; where anybody else has written meanwhile, the commit is a conflict and the thread is read.
#[derive(Clone, Default)]
pub(crate) struct Memory(Arc<Mutex<Option<Conversation>>>);

impl Memory {
    fn lock(&self) -> MutexGuard<'_, Option<Conversation>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn take(&self) -> Option<Conversation> {
        self.lock().take()
    }

    /// What was decided on, and what was written then.
    pub(crate) fn keep(&self, read: Conversation, change: &Change, thread: &ThreadId) {
        *self.lock() = change.applied_to(read, thread, turn::WINDOW);
    }

    /// Something was written that was decided on without what is known here.
    pub(crate) fn follow(&self, change: &Change, thread: &ThreadId) {
        let mut known = self.lock();
        *known = known.take().and_then(|read| change.applied_to(read, thread, turn::WINDOW));
    }
}

pub(crate) fn no_user() -> Error {
    Error::not_found("there is no such user yet; save a profile or record an action first")
}

pub(crate) fn no_action() -> Error {
    Error::not_found("this user has no such action; add it or record it as done first")
}
