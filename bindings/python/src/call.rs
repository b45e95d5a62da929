//! Every operation of the core's, as one enum that comes in as JSON, and one match that has to name them all.

use completion_coach::{
    ActionId, ActionStatus, ActionStep, Chat, CompletionCoach, Debrief, Disclosure, Error, ErrorKind, MessageId, NewAction, NewMessage,
    Profile, Result, ThreadId, Timestamp, Turn, UserId, Verdicts,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::operation::Outcome;
use crate::reader::{Answer, NativePage};

/// What is called, and on whose behalf.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Call {
    Profile { user: UserId },
    SaveProfile { user: UserId, profile: Profile },
    AddAction { user: UserId, action: NewAction },
    RecordDone { user: UserId, action: NewAction },
    Offer { user: UserId, action: ActionId },
    ReplaceSuggestions { user: UserId, suggestions: Vec<NewAction> },
    Actions { user: UserId, status: Option<ActionStatus> },
    Action { user: UserId, action: ActionId },
    DeleteAction { user: UserId, action: ActionId },
    Step { user: UserId, action: ActionId, step: ActionStep },
    Consent { user: UserId, disclosure: Disclosure },
    ConsentNeeded { user: UserId },
    WithdrawConsent { user: UserId },
    Changes { user: UserId, after: u64 },
    Usage { user: UserId, since: Option<Timestamp>, until: Option<Timestamp> },
    Export { user: UserId },
    Import { user: UserId, json: String },
    Expire { user: UserId },
    Forget { user: UserId },
    Send { user: UserId, thread: ThreadId, message: NewMessage },
    Messages { user: UserId, thread: ThreadId, size: u32, before: Option<u64> },
    Propose { user: UserId, thread: ThreadId },
    Proposal { user: UserId, thread: ThreadId },
    Apply { user: UserId, thread: ThreadId, verdicts: Verdicts },
    Delete { user: UserId, thread: ThreadId },
    SkipQuestion { user: UserId, action: ActionId },
    Report { user: UserId, action: ActionId, message: MessageId, reason: String },
    Stop { user: UserId, action: ActionId },
    Reopen { user: UserId, action: ActionId },
    Decline { user: UserId, action: ActionId },
    Later { user: UserId, action: ActionId, time: Timestamp },
    State { user: UserId, action: ActionId },
    Recap { user: UserId, action: ActionId },
}

/// What a turn begins with.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Begin {
    Open { user: UserId, thread: ThreadId },
    Stream { user: UserId, thread: ThreadId, message: NewMessage },
    Resume { user: UserId, thread: ThreadId },
    TakeOver { user: UserId, thread: ThreadId },
}

/// Reads what a face has sent. What serde would say may quote what a person wrote.
pub fn read<T: DeserializeOwned>(json: &str) -> Result<T> {
    serde_json::from_str(json).map_err(|_| unreadable())
}

pub fn unreadable() -> Error {
    let reason = "an argument is of the wrong type, or has a name or a value that there is not; compare it with the method's signature";
    Error::new(ErrorKind::InvalidInput, reason)
}

/// A result as it goes to a face.
pub fn json<T: Serialize, A: From<String>>(result: Result<T>) -> Result<Option<A>> {
    let unwritable = "a result could not be written as JSON; please report it";
    serde_json::to_string(&result?).map(|json| Some(json.into())).map_err(|_| Error::new(ErrorKind::Internal, unwritable))
}

fn nothing(result: Result<()>) -> Outcome {
    result.map(|()| None)
}

/// A debrief or the chat.
enum Thread {
    Debrief(Debrief),
    Chat(Chat),
}

fn thread(coach: &CompletionCoach, user: UserId, thread: ThreadId) -> Thread {
    match thread {
        ThreadId::General => Thread::Chat(coach.user(user).chat()),
        ThreadId::Debrief(action) => Thread::Debrief(coach.user(user).debrief(action)),
    }
}

/// The same method of either.
macro_rules! either {
    ($thread:expr, $method:ident($($argument:expr),*)) => {
        match $thread {
            Thread::Debrief(thread) => thread.$method($($argument),*).await,
            Thread::Chat(thread) => thread.$method($($argument),*).await,
        }
    };
}

/// Carries a call out.
pub async fn run(coach: CompletionCoach, call: Call) -> Outcome {
    let debrief = |user: UserId, action: ActionId| coach.user(user).debrief(action);
    let of = |user: UserId, id: ThreadId| thread(&coach, user, id);
    match call {
        Call::Profile { user } => json(coach.user(user).profile().await),
        Call::SaveProfile { user, profile } => nothing(coach.user(user).save_profile(&profile).await),
        Call::AddAction { user, action } => json(coach.user(user).add_action(action).await),
        Call::RecordDone { user, action } => json(coach.user(user).record_done(action).await),
        Call::Offer { user, action } => json(coach.user(user).offer(action).await),
        Call::ReplaceSuggestions { user, suggestions } => json(coach.user(user).replace_suggestions(suggestions).await),
        Call::Actions { user, status } => json(coach.user(user).actions(status).await),
        Call::Action { user, action } => json(coach.user(user).action(action).await),
        Call::DeleteAction { user, action } => nothing(coach.user(user).delete_action(action).await),
        Call::Step { user, action, step } => json(coach.user(user).step(action, step).await),
        Call::Consent { user, disclosure } => nothing(coach.user(user).consent(&disclosure).await),
        Call::ConsentNeeded { user } => json(coach.user(user).consent_needed().await),
        Call::WithdrawConsent { user } => nothing(coach.user(user).withdraw_consent().await),
        Call::Changes { user, after } => json(coach.user(user).changes(after).await),
        Call::Usage { user, since, until } => {
            json(coach.user(user).usage(since.unwrap_or(Timestamp::MIN), until.unwrap_or(Timestamp::MAX)).await)
        }
        Call::Export { user } => coach.user(user).export().await.map(|json| Some(json.into())),
        Call::Import { user, json } => nothing(coach.user(user).import(&json).await),
        Call::Expire { user } => json(coach.user(user).expire().await),
        Call::Forget { user } => nothing(coach.user(user).forget().await),
        Call::Send { user, thread, message } => json(either!(of(user, thread), send(message))),
        Call::Messages { user, thread, size, before } => {
            either!(of(user, thread), messages(size, before)).map(|page| Some(Answer::Page(NativePage(page))))
        }
        Call::Propose { user, thread } => json(either!(of(user, thread), propose())),
        Call::Proposal { user, thread } => json(either!(of(user, thread), proposal())),
        Call::Apply { user, thread, verdicts } => json(either!(of(user, thread), apply(verdicts))),
        Call::Delete { user, thread } => nothing(either!(of(user, thread), delete())),
        Call::SkipQuestion { user, action } => json(debrief(user, action).skip_question().await),
        Call::Report { user, action, message, reason } => nothing(debrief(user, action).report(message, reason).await),
        Call::Stop { user, action } => json(debrief(user, action).stop().await),
        Call::Reopen { user, action } => json(debrief(user, action).reopen().await),
        Call::Decline { user, action } => nothing(debrief(user, action).decline().await),
        Call::Later { user, action, time } => nothing(debrief(user, action).later(time).await),
        Call::State { user, action } => json(debrief(user, action).state().await),
        Call::Recap { user, action } => json(debrief(user, action).recap().await),
    }
}

/// Begins a turn.
pub async fn begin(coach: CompletionCoach, begin: Begin) -> Result<Turn> {
    let of = |user: UserId, id: ThreadId| thread(&coach, user, id);
    match begin {
        Begin::Open { user, thread } => either!(of(user, thread), open()),
        Begin::Stream { user, thread, message } => either!(of(user, thread), stream(message)),
        Begin::Resume { user, thread } => either!(of(user, thread), resume()),
        Begin::TakeOver { user, thread } => either!(of(user, thread), take_over()),
    }
}
