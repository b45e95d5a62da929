//! The coach, its users, their debriefs and chats: the core's handles, each call carried out on our runtime.

use std::collections::HashMap;
use std::sync::Arc;

use completion_coach as core;
use completion_coach::Error;

use crate::error::Result;
use crate::model::{CoachModel, ForeignClassifier, SafetyClassifier};
use crate::runtime::{Call, Held, at_once, run};
use crate::store::{ActionStore, Foreign, SqliteStore};
use crate::turn::Turn;
use crate::types::*;

/// The fewest and the most exchanges of a debrief: 1 ≤ min ≤ max ≤ 10.
#[derive(Clone, uniffi::Record)]
pub struct Budget {
    /// The fewest.
    pub min: u32,
    /// The most.
    pub max: u32,
}

/// How a coach is put together. What is not named is as the library has it.
#[derive(Clone, Default, uniffi::Record)]
pub struct CoachOptions {
    /// How many exchanges a debrief takes (default 2 to 4).
    #[uniffi(default = None)]
    pub budget: Option<Budget>,
    /// How much of anything is accepted.
    #[uniffi(default = None)]
    pub limits: Option<Limits>,
    /// How often a user may ask for a turn and for proposals.
    #[uniffi(default = None)]
    pub allowance: Option<AllowanceRates>,
    /// How a coach's words reach the app (default: checked first).
    #[uniffi(default = None)]
    pub delivery: Option<Delivery>,
    /// Lets the model ask the first question. By default the guide does: at once, free and without a network.
    #[uniffi(default = false)]
    pub model_opens: bool,
    /// Lets the guide ask when the model cannot be reached or may not be asked. Each reply says who wrote it.
    #[uniffi(default = false)]
    pub offline_fallback: bool,
    /// The field that the people work in, such as `marine biology`.
    #[uniffi(default = None)]
    pub field_of_work: Option<String>,
    /// How the coach speaks, such as `warm and plain`.
    #[uniffi(default = None)]
    pub tone: Option<String>,
    /// Whatever else the coach is told. Rules that code keeps are not lifted by it.
    #[uniffi(default = None)]
    pub instructions: Option<String>,
    /// Words that are recognised in what people write, such as the names of skills.
    #[uniffi(default)]
    pub vocabulary: Vec<Term>,
    /// What models cost (default: the library's own table).
    #[uniffi(default = None)]
    pub prices: Option<PriceTable>,
    /// What the library says to people, where the app has its own words for it: by language and then by the text's id (`defaultTexts` has them all).
    #[uniffi(default)]
    pub texts: HashMap<String, HashMap<String, String>>,
    /// The language for people whose profile names none, as a BCP 47 tag (default `en`).
    #[uniffi(default = None)]
    pub language: Option<String>,
    /// How long a turn may take with everything in it (default 120 s; at least 1 s).
    #[uniffi(default = None)]
    pub turn_deadline: Option<TimeSpan>,
    /// How long transcripts are kept (default: for ever). What is older is deleted by `expire`, which the app calls.
    #[uniffi(default = None)]
    pub retention: Option<TimeSpan>,
}

/// The coach: put together from a store, a model and options.
#[derive(uniffi::Object)]
pub struct CompletionCoach(Held<core::CompletionCoach>);

/// A coach in the making.
pub fn builder(store: Arc<dyn core::ActionStore>, model: &CoachModel, options: CoachOptions) -> Result<core::Builder, Error> {
    let mut builder = core::CompletionCoach::shared(store, model.0.clone())
        .model_opens(options.model_opens)
        .offline_fallback(options.offline_fallback)
        .vocabulary(options.vocabulary.into_iter().map(Cross::cross));
    if let Some(Budget { min, max }) = options.budget {
        builder = builder.budget(min, max);
    }
    if let Some(limits) = options.limits {
        builder = builder.limits(limits.cross());
    }
    if let Some(rates) = options.allowance {
        builder = builder.allowance(rates.cross());
    }
    if let Some(delivery) = options.delivery {
        builder = builder.delivery(delivery.cross());
    }
    if let Some(field) = options.field_of_work {
        builder = builder.field_of_work(field);
    }
    if let Some(tone) = options.tone {
        builder = builder.tone(tone);
    }
    if let Some(instructions) = options.instructions {
        builder = builder.instructions(instructions);
    }
    if let Some(prices) = options.prices {
        builder = builder.prices(prices.cross());
    }
    let mut texts = core::Texts::default();
    for (language, own) in &options.texts {
        texts = texts.with(language, own.iter().map(|(id, text)| (id.as_str(), text.as_str())))?;
    }
    builder = builder.texts(texts);
    if let Some(language) = options.language {
        builder = builder.language(language);
    }
    if let Some(deadline) = options.turn_deadline {
        builder = builder.turn_deadline(deadline.cross());
    }
    if let Some(keep) = options.retention {
        builder = builder.retention(keep.cross());
    }
    Ok(builder)
}

impl CompletionCoach {
    /// The coach out of its builder.
    pub fn build(mut builder: core::Builder, classifier: Option<Arc<dyn SafetyClassifier>>) -> Result<Arc<Self>, Error> {
        if let Some(classifier) = classifier {
            builder = builder.safety_classifier(ForeignClassifier(classifier));
        }
        Ok(Arc::new(Self(builder.build()?.into())))
    }
}

#[uniffi::export]
impl CompletionCoach {
    /// A coach over the SQLite store. Fails with `InvalidInput` if an option cannot be used.
    #[uniffi::constructor(default(safety_classifier = None, options))]
    pub fn new(
        store: Arc<SqliteStore>,
        model: Arc<CoachModel>,
        options: CoachOptions,
        safety_classifier: Option<Arc<dyn SafetyClassifier>>,
    ) -> Result<Arc<Self>> {
        at_once(|| Self::build(builder(Arc::new(store.store()), &model, options)?, safety_classifier))
    }

    /// A coach over a store of the app's own.
    #[uniffi::constructor(default(safety_classifier = None, options))]
    pub fn over(
        store: Arc<dyn ActionStore>,
        model: Arc<CoachModel>,
        options: CoachOptions,
        safety_classifier: Option<Arc<dyn SafetyClassifier>>,
    ) -> Result<Arc<Self>> {
        at_once(|| Self::build(builder(Arc::new(Foreign(store)), &model, options)?, safety_classifier))
    }

    /// A user's handle. This trusts the app: authenticate first. Several tenants need a prefix each.
    pub fn user(&self, id: String) -> Result<Arc<User>> {
        Ok(Arc::new(User(self.0.user(id).into())))
    }

    /// What to show a user before anything is shared with the configured model, in this language (a BCP 47 tag).
    pub fn disclosure(&self, language: String) -> Result<Disclosure> {
        at_once(|| Ok(self.0.disclosure(&language).cross()))
    }
}

/// A user: the profile, the actions, and everything else that is kept of one person.
#[derive(uniffi::Object)]
pub struct User(Held<core::User>);

impl User {
    fn run<T, U, F>(&self, work: impl FnOnce(core::User) -> F) -> Call<U>
    where
        T: Cross<U>,
        U: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let work = work(self.0.clone());
        run(async move { work.await.map(Cross::cross) })
    }
}

#[uniffi::export]
impl User {
    /// The id.
    pub fn id(&self) -> String {
        self.0.id().clone().cross()
    }

    /// The debrief of an action.
    pub fn debrief(&self, action: String) -> Arc<Debrief> {
        Arc::new(Debrief(self.0.debrief(action).into()))
    }

    /// The general chat.
    pub fn chat(&self) -> Arc<Chat> {
        Arc::new(Chat(self.0.chat().into()))
    }

    /// The profile. `NotFound` if there is no such user.
    pub async fn profile(&self) -> Result<Profile> {
        self.run(|user| async move { user.profile().await }).await
    }

    /// Puts the profile; the user is created if need be. `InvalidInput` beyond a limit.
    pub async fn save_profile(&self, profile: Profile) -> Result<()> {
        let profile: core::Profile = profile.cross();
        self.run(|user| async move { user.save_profile(&profile).await }).await
    }

    /// Adds an action that is still to be done. The same one again, with its id, is the one that is there.
    pub async fn add_action(&self, action: NewAction) -> Result<Action> {
        self.run(|user| async move { user.add_action(action.cross()).await }).await
    }

    /// Records something that was done already, and gives what to ask the person.
    pub async fn record_done(&self, action: NewAction) -> Result<Done> {
        self.run(|user| async move { user.record_done(action.cross()).await }).await
    }

    /// What to ask the person after an action is done.
    pub async fn offer(&self, action: String) -> Result<Offer> {
        self.run(|user| async move { user.offer(action).await }).await
    }

    /// Puts these in place of the suggestions that nobody has touched.
    pub async fn replace_suggestions(&self, suggestions: Vec<NewAction>) -> Result<Vec<Action>> {
        self.run(|user| async move { user.replace_suggestions(suggestions.cross()).await }).await
    }

    /// The actions with their debriefs, of one status or of all.
    #[uniffi::method(default(status = None))]
    pub async fn actions(&self, status: Option<ActionStatus>) -> Result<Vec<ListedAction>> {
        self.run(|user| async move { user.actions(status.cross()).await }).await
    }

    /// One action. `NotFound` if this user has none of this id.
    pub async fn action(&self, action: String) -> Result<Action> {
        self.run(|user| async move { user.action(action).await }).await
    }

    /// Deletes an action with its debrief.
    pub async fn delete_action(&self, action: String) -> Result<()> {
        self.run(|user| async move { user.delete_action(action).await }).await
    }

    /// Takes a step with an action. `WrongStatus` if it cannot be taken now.
    pub async fn step(&self, action: String, step: ActionStep) -> Result<Action> {
        self.run(|user| async move { user.step(action, step.cross()).await }).await
    }

    /// Keeps an action for later.
    pub async fn save_action(&self, action: String) -> Result<Action> {
        self.step(action, ActionStep::Save).await
    }

    /// Takes `save_action` back.
    pub async fn unsave_action(&self, action: String) -> Result<Action> {
        self.step(action, ActionStep::Unsave).await
    }

    /// The person has begun.
    pub async fn start_action(&self, action: String) -> Result<Action> {
        self.step(action, ActionStep::Start).await
    }

    /// Takes `start_action` back.
    pub async fn cancel_action(&self, action: String) -> Result<Action> {
        self.step(action, ActionStep::Cancel).await
    }

    /// The person has done it.
    pub async fn complete_action(&self, action: String) -> Result<Action> {
        self.step(action, ActionStep::Complete).await
    }

    /// Takes `complete_action` back.
    pub async fn reopen_action(&self, action: String) -> Result<Action> {
        self.step(action, ActionStep::Reopen).await
    }

    /// The person does not want it.
    pub async fn dismiss_action(&self, action: String) -> Result<Action> {
        self.step(action, ActionStep::Dismiss).await
    }

    /// The person was asked about it.
    pub async fn mark_completion_started(&self, action: String) -> Result<Action> {
        self.step(action, ActionStep::MarkCompletionStarted).await
    }

    /// The person agrees to exactly this disclosure. `Conflict` if another model is configured by now.
    pub async fn consent(&self, disclosure: Disclosure) -> Result<()> {
        let disclosure: core::Disclosure = disclosure.cross();
        self.run(|user| async move { user.consent(&disclosure).await }).await
    }

    /// Whether the person has to be asked before the model is.
    pub async fn consent_needed(&self) -> Result<bool> {
        self.run(|user| async move { user.consent_needed().await }).await
    }

    /// Takes the consent back: the running turn ends, and nothing more reaches a remote model.
    pub async fn withdraw_consent(&self) -> Result<()> {
        self.run(|user| async move { user.withdraw_consent().await }).await
    }

    /// The changes of the profile after this position, oldest first.
    #[uniffi::method(default(after = 0))]
    pub async fn changes(&self, after: u64) -> Result<Vec<ProfileChange>> {
        self.run(|user| async move { user.changes(after).await }).await
    }

    /// What was used and what it cost, of the attempts that began at `since` or later and before `until`; of all without them.
    #[uniffi::method(default(since = None, until = None))]
    pub async fn usage(&self, since: Option<Timestamp>, until: Option<Timestamp>) -> Result<UsageReport> {
        let since = since.map_or(core::Timestamp::MIN, Cross::cross);
        let until = until.map_or(core::Timestamp::MAX, Cross::cross);
        self.run(|user| async move { user.usage(since, until).await }).await
    }

    /// Everything that is kept of the user, as JSON.
    pub async fn export(&self) -> Result<String> {
        self.run(|user| async move { user.export().await }).await
    }

    /// Puts what `export` gave where there is no such user yet.
    pub async fn import(&self, json: String) -> Result<()> {
        self.run(|user| async move { user.import(&json).await }).await
    }

    /// Deletes the transcripts that are older than the retention, and says how many.
    pub async fn expire(&self) -> Result<u32> {
        self.run(|user| async move { user.expire().await }).await
    }

    /// Removes every trace of the user. When this returns, no byte of it is left.
    pub async fn forget(&self) -> Result<()> {
        self.run(|user| async move { user.forget().await }).await
    }
}

/// What a debrief and the chat have in common.
macro_rules! thread {
    ($thread:ident) => {
        impl $thread {
            fn run<T, U, F>(&self, work: impl FnOnce(core::$thread) -> F) -> Call<U>
            where
                T: Cross<U>,
                U: Send + 'static,
                F: Future<Output = Result<T, Error>> + Send + 'static,
            {
                let work = work(self.0.clone());
                run(async move { work.await.map(Cross::cross) })
            }
        }

        #[uniffi::export]
        impl $thread {
            /// The coach's first message, or the one that is there.
            pub fn open(&self) -> Arc<Turn> {
                let thread = self.0.clone();
                Turn::new(async move { thread.open().await })
            }

            /// Says something and streams the reply. A message with an id that was said already gets the reply that it has.
            pub fn stream(&self, message: NewMessage) -> Arc<Turn> {
                let thread = self.0.clone();
                Turn::new(async move { thread.stream(core::NewMessage::from(message.cross())).await })
            }

            /// Says something and gives the whole reply. Cancelling ends the request to the model; what was said stays.
            pub async fn send(&self, message: NewMessage) -> Result<Reply> {
                self.run(|thread| async move { thread.send(core::NewMessage::from(message.cross())).await }).await
            }

            /// Answers what was said and has no reply yet.
            pub fn resume(&self) -> Arc<Turn> {
                let thread = self.0.clone();
                Turn::new(async move { thread.resume().await })
            }

            /// The same, in place of a turn that another process or a killed app has left behind.
            pub fn take_over(&self) -> Arc<Turn> {
                let thread = self.0.clone();
                Turn::new(async move { thread.take_over().await })
            }

            /// The newest messages, or those before a position; oldest first, 1 to 500 of them.
            #[uniffi::method(default(size = 500, before = None))]
            pub async fn messages(&self, size: u32, before: Option<u64>) -> Result<MessagePage> {
                self.run(|thread| async move { thread.messages(size, before).await }).await
            }

            /// Looks for changes to the profile in what the person said since the last time. Cancelling ends it.
            pub async fn propose(&self) -> Result<Proposal> {
                self.run(|thread| async move { thread.propose().await }).await
            }

            /// The proposals as they stand.
            pub async fn proposal(&self) -> Result<Proposal> {
                self.run(|thread| async move { thread.proposal().await }).await
            }

            /// Carries out verdicts, by the id of what each is about. What is not named stays undecided.
            pub async fn apply(&self, verdicts: HashMap<String, Verdict>) -> Result<Applied> {
                let with = |all: core::Verdicts, (id, verdict): (String, Verdict)| all.with(id, verdict.cross());
                let verdicts = verdicts.into_iter().fold(core::Verdicts::default(), with);
                self.run(|thread| async move { thread.apply(verdicts).await }).await
            }

            /// Deletes the conversation and everything of it, in every byte of the file.
            pub async fn delete(&self) -> Result<()> {
                self.run(|thread| async move { thread.delete().await }).await
            }
        }
    };
}

/// The debrief of an action.
#[derive(uniffi::Object)]
pub struct Debrief(Held<core::Debrief>);

thread!(Debrief);

#[uniffi::export]
impl Debrief {
    /// The action's id.
    pub fn action(&self) -> String {
        self.0.action().clone().cross()
    }

    /// Goes on to the next question without an answer.
    pub async fn skip_question(&self) -> Result<Reply> {
        self.run(|debrief| async move { debrief.skip_question().await }).await
    }

    /// Says that one of the coach's messages was wrong or hurtful, and why.
    pub async fn report(&self, message: String, reason: String) -> Result<()> {
        self.run(|debrief| async move { debrief.report(message, reason).await }).await
    }

    /// Ends the debrief with what was said so far.
    pub async fn stop(&self) -> Result<Reply> {
        self.run(|debrief| async move { debrief.stop().await }).await
    }

    /// Begins a new round of a debrief that is over.
    pub async fn reopen(&self) -> Result<Reply> {
        self.run(|debrief| async move { debrief.reopen().await }).await
    }

    /// The person does not want to be asked about this action.
    pub async fn decline(&self) -> Result<()> {
        self.run(|debrief| async move { debrief.decline().await }).await
    }

    /// The person wants to be asked at this time, and not before.
    pub async fn later(&self, time: Timestamp) -> Result<()> {
        self.run(|debrief| async move { debrief.later(time.cross()).await }).await
    }

    /// Where the debrief stands.
    pub async fn state(&self) -> Result<DebriefState> {
        self.run(|debrief| async move { debrief.state().await }).await
    }

    /// What was said, in the person's own words, and what they mean to do next.
    pub async fn recap(&self) -> Result<Recap> {
        self.run(|debrief| async move { debrief.recap().await }).await
    }
}

/// The general chat, which sees no debrief.
#[derive(uniffi::Object)]
pub struct Chat(Held<core::Chat>);

thread!(Chat);
