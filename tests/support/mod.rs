//! A coach under control whose every text is a canary, and one way to each kind of error: what the tests of errors and of leaks share.

pub(crate) mod canary;
pub(crate) mod kinds;

use completion_coach::testing::{Act, ManualClock, ScriptedModel, SeededIds};
use completion_coach::{Action, ActionStatus, Builder, CompletionCoach, Debrief, NewAction, NewMessage, SqliteStore, User};

use canary::canary;

/// A coach with a store in memory, a model that plays a script, and a clock that stands still.
pub(crate) struct World {
    pub(crate) clock: ManualClock,
    pub(crate) model: ScriptedModel,
    pub(crate) store: SqliteStore,
    pub(crate) coach: CompletionCoach,
    pub(crate) me: User,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(ScriptedModel::default(), |builder| builder)
    }

    pub(crate) fn with(model: ScriptedModel, settings: impl FnOnce(Builder) -> Builder) -> Self {
        let clock = ManualClock::default();
        let store = SqliteStore::in_memory().expect("a store in memory opens");
        let builder = CompletionCoach::builder(store.clone(), model.clone()).clock(clock.clone()).ids(SeededIds::new(1));
        let coach = settings(builder).build().expect("these settings are fine");
        let me = coach.user("me");
        Self { clock, model, store, coach, me }
    }

    /// Another process on the same store, which knows nothing of this one's turns.
    pub(crate) fn elsewhere(&self) -> User {
        let builder = CompletionCoach::builder(self.store.clone(), self.model.clone()).clock(self.clock.clone()).ids(SeededIds::new(2));
        builder.build().expect("these settings are fine").user("me")
    }

    /// An action that is done, and nobody has asked about it yet.
    pub(crate) async fn done(&self, id: &str) -> Debrief {
        self.me.save_profile(&canary::profile()).await.expect("the profile fits");
        self.me.record_done(canary::action().id(id)).await.expect("the action fits");
        self.me.debrief(id)
    }

    /// A debrief whose first question the guide has asked.
    pub(crate) async fn opened(&self, id: &str) -> Debrief {
        let debrief = self.done(id).await;
        debrief.open().await.expect("a done action has a debrief").reply().await.expect("the guide asks at once");
        debrief
    }
}

/// An answer that is long enough not to be taken for a terse one.
pub(crate) fn answer() -> NewMessage {
    NewMessage::typed(format!("We ran the whole thing twice and it held, {}.", canary("message")))
}

/// Sends an answer to which the model does this instead of replying, and gives what came of it.
pub(crate) async fn spoilt(world: &World, debrief: &Debrief, acts: impl IntoIterator<Item = Act>) -> completion_coach::Error {
    world.model.play(acts);
    debrief.send(answer()).await.expect_err("the model spoils this reply")
}

/// A user's new action, brought to this status.
pub(crate) async fn in_status(me: &User, id: &str, status: ActionStatus) -> Action {
    let add = NewAction { source: completion_coach::ActionSource::Suggested, ..canary::action().id(id) };
    me.add_action(add).await.expect("the action fits");
    let steps = match status {
        ActionStatus::Active => return me.action(id).await.expect("it was added"),
        ActionStatus::Saved => me.save_action(id).await,
        ActionStatus::Dismissed => me.dismiss_action(id).await,
        ActionStatus::InProgress => me.start_action(id).await,
        ActionStatus::Done => {
            me.start_action(id).await.expect("an active action can be begun");
            me.complete_action(id).await
        }
    };
    steps.expect("the steps lead there")
}
