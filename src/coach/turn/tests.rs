//! What a handle remembers of its thread is what the store has, and nothing is decided on what others have changed.

use super::*;
use crate::action::NewAction;
use crate::coach::{CompletionCoach, Debrief};
use crate::model::OfflineGuide;
use crate::model::scripted::{Act, ScriptedModel};
use crate::store::{ActionStore, SqliteStore};
use crate::usage::{AllowanceRates, ModelInfo, Rate};

const ANSWERS: [&str; 4] = ["It works.", "I learned how parsers recover.", "Yes, I want to write compilers.", "I will ask the group."];

fn rates() -> AllowanceRates {
    AllowanceRates { turns: Rate::new(1_000, 1_000), ..AllowanceRates::default() }
}

async fn begun(coach: &CompletionCoach) -> Debrief {
    let done = coach.user("ana").record_done(NewAction::new("project", "A parser")).await.unwrap();
    let debrief = coach.user("ana").debrief(done.action.id);
    debrief.open().await.unwrap().reply().await.unwrap();
    debrief
}

/// Whether anything is remembered, which then is what the store has.
async fn remembered(store: &SqliteStore, debrief: &Debrief) -> bool {
    let memory = &debrief.memory;
    let Some(known) = memory.take() else { return false };
    let thread = ThreadId::Debrief(debrief.action().clone());
    let read = store.conversation(&UserId::new("ana"), &thread, &Page::newest(WINDOW)).await.unwrap().unwrap();
    assert_eq!(known, read);
    *memory.lock() = Some(known);
    true
}

#[tokio::test]
async fn what_a_handle_remembers_is_what_the_store_has() {
    let store = SqliteStore::in_memory().unwrap();
    let coach = CompletionCoach::builder(store.clone(), OfflineGuide).allowance(rates()).build().unwrap();
    let debrief = begun(&coach).await;
    for answer in ANSWERS {
        assert!(remembered(&store, &debrief).await);
        debrief.send(answer).await.unwrap();
    }
    assert!(remembered(&store, &debrief).await);
    for _ in 0..20 {
        debrief.reopen().await.unwrap();
        while !debrief.send("I wrote the tests first.").await.unwrap().over {
            assert!(remembered(&store, &debrief).await);
        }
    }
}

#[tokio::test]
async fn what_others_have_changed_is_read_before_it_is_decided_on() {
    let store = SqliteStore::in_memory().unwrap();
    let place = ModelPlace::Local;
    let model = ScriptedModel::new(ModelInfo { provider: "scripted".into(), model: "scripted-1".into(), place, address: None });
    model.say("What came of it?").play([Act::Fail(Error::new(ErrorKind::ModelUnavailable, "down"))]).say("What did you learn?");
    let coach = CompletionCoach::builder(store.clone(), model).model_opens(true).offline_fallback(false).build().unwrap();
    let debrief = begun(&coach).await;
    assert!(remembered(&store, &debrief).await);

    // A turn that failed leaves less than what it began with.
    debrief.send(ANSWERS[0]).await.unwrap_err();
    debrief.resume().await.unwrap().reply().await.unwrap();
    let elsewhere = coach.user("ana").debrief(debrief.action().clone());
    elsewhere.stop().await.unwrap();
    assert_eq!(debrief.send(ANSWERS[1]).await.unwrap_err().kind(), ErrorKind::DebriefOver);

    elsewhere.delete().await.unwrap();
    assert_eq!(debrief.send(ANSWERS[1]).await.unwrap_err().kind(), ErrorKind::WrongStatus);
    coach.user("ana").forget().await.unwrap();
    assert_eq!(debrief.open().await.unwrap_err().kind(), ErrorKind::NotFound);
}
