//! What an app's tests need: a scripted model, a clock and ids under control, and the exam that every store passes.

use std::sync::Arc;

use completion_coach as core;
use completion_coach::store::conformance;
use completion_coach::testing as core_testing;
use completion_coach::{Clock, Error};

use crate::coach::{CoachOptions, CompletionCoach, builder};
use crate::error::{ErrorKind, Result};
use crate::model::{CoachModel, SafetyClassifier};
use crate::runtime::run;
use crate::store::{ActionStore, Foreign, SqliteStore};
use crate::types::*;

/// A clock that stands still until it is moved.
#[derive(uniffi::Object)]
pub struct ManualClock(core_testing::ManualClock);

#[uniffi::export]
impl ManualClock {
    /// One that stands at this time.
    #[uniffi::constructor]
    pub fn new(now: Timestamp) -> Arc<Self> {
        Arc::new(Self(core_testing::ManualClock::at(now.cross())))
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.0.now().cross()
    }

    /// Moves it on.
    pub fn advance(&self, by: TimeSpan) {
        self.0.advance(by.cross());
    }

    /// Puts it to this time.
    pub fn set(&self, now: Timestamp) {
        self.0.set(now.cross());
    }
}

/// Ids from a seed: the same ones in the same order.
#[derive(uniffi::Object)]
pub struct SeededIds(core_testing::SeededIds);

#[uniffi::export]
impl SeededIds {
    /// Ids from this seed.
    #[uniffi::constructor]
    pub fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self(core_testing::SeededIds::new(seed)))
    }
}

/// One thing that a scripted model does.
#[derive(Clone, uniffi::Enum)]
pub enum Act {
    /// Says a piece of text.
    Say {
        /// The piece.
        text: String,
    },
    /// Offers answers to choose from.
    Offer {
        /// The answers.
        choices: Vec<Choice>,
    },
    /// Sends a signal.
    Signal {
        /// The signal.
        signal: Signal,
    },
    /// Says what it has used.
    Use {
        /// What.
        usage: Usage,
    },
    /// Waits, by the model's clock.
    Wait {
        /// How long.
        time: TimeSpan,
    },
    /// Lets others go first.
    Yield,
    /// Never answers.
    Hang,
    /// Fails.
    Fail {
        /// How.
        kind: ErrorKind,
    },
    /// Breaks off in the middle.
    Cut,
    /// Ends at the limit of an answer.
    Length,
    /// Declines to answer.
    Refuse,
    /// Says a piece of text many times.
    Overrun {
        /// The piece.
        text: String,
        /// How often.
        times: u32,
    },
    /// Panics.
    Panic {
        /// With this text.
        text: String,
    },
}

impl From<Act> for core_testing::Act {
    fn from(act: Act) -> Self {
        match act {
            Act::Say { text } => Self::Say(text),
            Act::Offer { choices } => Self::Offer(choices.cross()),
            Act::Signal { signal } => Self::Signal(signal.cross()),
            Act::Use { usage } => Self::Use(usage.cross()),
            Act::Wait { time } => Self::Wait(time.cross()),
            Act::Yield => Self::Yield,
            Act::Hang => Self::Hang,
            Act::Fail { kind } => Self::Fail(Error::new(kind.cross(), "the script says that this fails")),
            Act::Cut => Self::Cut,
            Act::Length => Self::Length,
            Act::Refuse => Self::Refuse,
            Act::Overrun { text, times } => Self::Overrun(text, times.cross()),
            Act::Panic { text } => Self::Panic(text),
        }
    }
}

/// A model that plays a script: one list of acts for each request.
#[derive(uniffi::Object)]
pub struct ScriptedModel(core_testing::ScriptedModel);

#[uniffi::export]
impl ScriptedModel {
    /// One that is a script, or whatever `info` says that it is.
    #[uniffi::constructor(default(info = None, clock = None))]
    pub fn new(info: Option<ModelInfo>, clock: Option<Arc<ManualClock>>) -> Arc<Self> {
        let mut model = info.map_or_else(core_testing::ScriptedModel::default, |info| core_testing::ScriptedModel::new(info.cross()));
        if let Some(clock) = clock {
            model = model.clock(clock.0.clone());
        }
        Arc::new(Self(model))
    }

    /// One that plays a script in JSON, as the golden debriefs have it. Fails with `InvalidInput` if it cannot be read.
    #[uniffi::constructor(default(clock = None))]
    pub fn from_json(script: String, clock: Option<Arc<ManualClock>>) -> Result<Arc<Self>> {
        let mut model = core_testing::ScriptedModel::from_json(&script)?;
        if let Some(clock) = clock {
            model = model.clock(clock.0.clone());
        }
        Ok(Arc::new(Self(model)))
    }

    /// What it does at the next request that has nothing to do yet.
    pub fn play(&self, acts: Vec<Act>) {
        self.0.play(acts.into_iter().map(Into::into));
    }

    /// The requests that it was asked, oldest first.
    pub fn requests(&self) -> Vec<Request> {
        self.0.requests().cross()
    }

    /// The model to give to a coach.
    pub fn model(&self) -> Arc<CoachModel> {
        Arc::new(CoachModel(Arc::new(self.0.clone())))
    }
}

#[uniffi::export]
impl CompletionCoach {
    /// A coach whose time and ids are under control, over the SQLite store or, where `own` is given, over a store of the app's.
    #[uniffi::constructor(default(own = None, clock = None, ids = None, safety_classifier = None, options))]
    pub fn for_tests(
        store: Option<Arc<SqliteStore>>,
        own: Option<Arc<dyn ActionStore>>,
        model: Arc<CoachModel>,
        options: CoachOptions,
        clock: Option<Arc<ManualClock>>,
        ids: Option<Arc<SeededIds>>,
        safety_classifier: Option<Arc<dyn SafetyClassifier>>,
    ) -> Result<Arc<Self>> {
        let store: Arc<dyn core::ActionStore> = match (store, own) {
            (_, Some(own)) => Arc::new(Foreign(own)),
            (Some(store), None) => Arc::new(store.store()),
            (None, None) => Arc::new(core::SqliteStore::in_memory()?),
        };
        let mut builder = builder(store, &model, options)?;
        if let Some(clock) = clock {
            builder = builder.clock(clock.0.clone());
        }
        if let Some(ids) = ids {
            builder = builder.ids(ids.0.clone());
        }
        Ok(Self::build(builder, safety_classifier)?)
    }
}

#[uniffi::export]
impl SqliteStore {
    /// Lets the database grow to so many pages of 4,096 bytes and no further, so that it is full; never below what it has.
    pub async fn limit_pages(&self, pages: Option<u32>) -> Result<()> {
        let store = self.store();
        run(async move { store.limit_pages(pages).await }).await
    }
}

/// What one check of the exam found.
#[derive(Clone, uniffi::Record)]
pub struct ConformanceCheck {
    /// The check's name.
    pub name: String,
    /// What it checks.
    pub about: String,
    /// What is wrong, if anything is.
    pub failure: Option<String>,
}

/// Runs the exam that every store passes, on a store that has nothing in it. Each check is a line of the report.
#[uniffi::export]
pub async fn run_store_conformance(store: Arc<dyn ActionStore>) -> Result<Vec<ConformanceCheck>> {
    run(async move {
        let report = conformance::run(Arc::new(Foreign(store))).await;
        let check = |outcome: conformance::Outcome| ConformanceCheck {
            name: outcome.name.into(),
            about: outcome.about.into(),
            failure: outcome.failure,
        };
        Ok(report.outcomes.into_iter().map(check).collect())
    })
    .await
}
