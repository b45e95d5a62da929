//! Calls every row of the README's table for those who know the Convex functions that this generalises.

use std::collections::BTreeSet;

use completion_coach::{
    ActionStatus, CompletionCoach, ContextOptions, ContextPurpose, NewAction, OfflineGuide, Profile, SqliteStore, User,
    build_profile_context,
};

const README: &str = include_str!("../README.md");

async fn me() -> User {
    let store = SqliteStore::in_memory().expect("memory");
    let me = CompletionCoach::builder(store, OfflineGuide).build().expect("a coach").user("ada");
    me.save_profile(&Profile { skills: vec!["Rust".into()], ..Profile::default() }).await.expect("saved");
    me.add_action(NewAction::new("volunteer", "A shift").id("a")).await.expect("added");
    me
}

/// Brings the action to this status and back to where the row begins.
async fn stands(me: &User, status: ActionStatus) {
    assert_eq!(me.action("a").await.expect("there").status, status);
}

#[tokio::test]
async fn every_row_does_what_it_says() {
    let mut called = BTreeSet::new();
    let me = me().await;

    me.chat().open().await.expect("it opens").reply().await.expect("a greeting");
    me.chat().send("What should I learn next?").await.expect("a reply");
    called.insert("sendMessage");
    assert_eq!(me.chat().messages(10, None).await.expect("read").messages.len(), 3);
    called.insert("getMessages");
    let profile = me.profile().await.expect("there");
    assert_eq!(build_profile_context(&profile, &ContextOptions::new(ContextPurpose::General)), "Skills: Rust");
    called.insert("buildProfileContext");

    me.save_action("a").await.expect("saved");
    stands(&me, ActionStatus::Saved).await;
    called.insert("saveAction");
    me.unsave_action("a").await.expect("unsaved");
    stands(&me, ActionStatus::Active).await;
    called.insert("unsaveAction");
    me.start_action("a").await.expect("started");
    stands(&me, ActionStatus::InProgress).await;
    called.insert("startAction");
    me.cancel_action("a").await.expect("cancelled");
    stands(&me, ActionStatus::Active).await;
    called.insert("cancelAction");
    me.start_action("a").await.expect("started");
    me.complete_action("a").await.expect("completed");
    stands(&me, ActionStatus::Done).await;
    called.insert("completeAction");
    me.reopen_action("a").await.expect("reopened");
    stands(&me, ActionStatus::InProgress).await;
    called.insert("reopenAction");
    me.add_action(NewAction::new("volunteer", "Another").id("b")).await.expect("added");
    assert_eq!(me.dismiss_action("b").await.expect("dismissed").status, ActionStatus::Dismissed);
    called.insert("dismissAction");

    me.complete_action("a").await.expect("completed");
    assert!(me.mark_completion_started("a").await.expect("started").completion_started_at.is_some());
    called.insert("markCompletionStarted");
    let debrief = me.debrief("a");
    drop(debrief.stream("It went as planned, and twelve people came.").await.expect("stored"));
    assert_eq!(debrief.messages(10, None).await.expect("read").messages.len(), 1);
    called.insert("saveMessage");
    debrief.resume().await.expect("a turn").reply().await.expect("a reply");
    debrief.send("I would start earlier.").await.expect("a reply");
    called.insert("sendCompletionMessage");
    assert_eq!(debrief.messages(10, None).await.expect("read").messages.len(), 4);
    called.insert("getMessagesByAction");
    called.insert("getCompletionMessagesPublic");

    let table = README.split("## If you know the Convex").nth(1).and_then(|rest| rest.split("\n## ").next()).expect("the section");
    let rows = table.lines().filter(|line| line.starts_with("| `")).map(|line| line.split('`').nth(1).expect("a name"));
    assert_eq!(rows.collect::<BTreeSet<_>>(), called);
}
