//! What the property test has found in the turn protocol, each as the shortest order of operations that shows it.

use std::sync::Arc;
use std::time::Duration;

use completion_coach::testing::{Act, ManualClock, ScriptedModel};
use completion_coach::{ActionStep, AllowanceRates, CompletionCoach, ErrorKind, Rate, SqliteStore, Timestamp, Usage};

use crate::what_must_always_hold;
use crate::world::{Drive, Move, Op, Play, Setting, What};

const CHAT: usize = 0;
const DEBRIEF: usize = 1;

fn setting() -> Setting {
    Setting {
        min: 1,
        max: 1,
        live: false,
        started: false,
        model_opens: false,
        remote: false,
        fallback: false,
        tight: false,
        file: false,
        skews: [0; 3],
    }
}

fn at(coach: usize, thread: usize, what: What, plays: &[Play], drive: Drive) -> Move {
    Move::Begin(Op { user: 0, at: coach, thread, what, plays: plays.to_vec(), drive })
}

fn whole(thread: usize, what: What) -> Move {
    at(0, thread, what, &[], Drive::ToTheEnd)
}

fn say(thread: usize, plays: &[Play], drive: Drive) -> Move {
    at(0, thread, What::Say { text: 0, id: None }, plays, drive)
}

#[test]
fn i6_a_hand_over_without_words_on_the_second_try_is_no_empty_reply() {
    let plays = [Play::Ask { pieces: 0, choices: false }, Play::HandOver { words: false }];
    what_must_always_hold(&setting(), vec![whole(DEBRIEF, What::Open), say(DEBRIEF, &plays, Drive::ToTheEnd)]);
}

#[test]
fn i6_a_hand_over_without_words_in_the_chat_is_no_empty_reply() {
    what_must_always_hold(&setting(), vec![say(CHAT, &[Play::HandOver { words: false }], Drive::ToTheEnd)]);
}

#[test]
fn i5_deleting_a_debrief_ends_its_attempt() {
    for what in [What::Delete, What::DeleteAction] {
        what_must_always_hold(
            &setting(),
            vec![whole(DEBRIEF, What::Open), say(DEBRIEF, &[], Drive::Drop(5)), at(1, DEBRIEF, what, &[], Drive::ToTheEnd)],
        );
    }
}

#[test]
fn a_turn_whose_action_was_deleted_elsewhere_ends_with_cancelled() {
    let moves = vec![
        whole(DEBRIEF, What::Open),
        say(DEBRIEF, &[Play::Empty], Drive::Hold(5)),
        at(1, DEBRIEF, What::DeleteAction, &[], Drive::ToTheEnd),
    ];
    what_must_always_hold(&setting(), moves);
}

#[test]
fn a_turn_from_before_forget_leaves_no_attempt_behind() {
    let moves = vec![
        whole(DEBRIEF, What::Open),
        say(DEBRIEF, &[], Drive::Hold(5)),
        at(1, DEBRIEF, What::Forget, &[], Drive::ToTheEnd),
        whole(DEBRIEF, What::RecordDone),
    ];
    what_must_always_hold(&setting(), moves);
}

#[test]
fn withdrawing_consent_brings_nobody_back() {
    let moves = vec![at(0, CHAT, What::Withdraw, &[], Drive::Hold(2)), whole(CHAT, What::Forget)];
    what_must_always_hold(&setting(), moves);
}

#[test]
fn proposing_with_nothing_new_said_frees_a_dropped_attempt() {
    let moves = vec![
        whole(CHAT, What::Open),
        say(CHAT, &[Play::Cut], Drive::ToTheEnd),
        whole(CHAT, What::Propose),
        at(0, CHAT, What::Resume, &[], Drive::Drop(5)),
        whole(CHAT, What::Propose),
    ];
    what_must_always_hold(&setting(), moves);
}

#[test]
fn a_debrief_that_was_declined_before_the_coach_had_spoken_is_over() {
    let moves = vec![
        whole(DEBRIEF, What::Step(ActionStep::MarkCompletionStarted)),
        say(DEBRIEF, &[Play::Cut], Drive::ToTheEnd),
        whole(DEBRIEF, What::Decline),
        whole(DEBRIEF, What::Open),
    ];
    what_must_always_hold(&setting(), moves);
}

#[test]
fn skipping_cancels_no_turn_that_began_after_it() {
    let moves = vec![
        whole(DEBRIEF, What::Open),
        at(0, DEBRIEF, What::Skip, &[], Drive::Hold(4)),
        say(DEBRIEF, &[], Drive::Hold(4)),
        Move::Finish(0),
    ];
    what_must_always_hold(&Setting { max: 3, ..setting() }, moves);
}

#[tokio::test]
async fn what_a_dropped_turn_had_used_is_recorded_however_many_turns_there_were() -> completion_coach::Result<()> {
    let store = SqliteStore::in_memory()?;
    let model = ScriptedModel::default();
    let rate = Rate::new(60_000, 2_000_000_000);
    let coach = CompletionCoach::shared(Arc::new(store), Arc::new(model.clone()))
        .clock(ManualClock::default())
        .allowance(AllowanceRates { turns: rate, proposals: rate })
        .build()?;
    let me = coach.user("user-0");
    me.save_profile(&completion_coach::Profile::default()).await?;
    let used = Act::Use(Usage { requests: 1, input_tokens: 7, ..Usage::default() });
    for _ in 0..1_000 {
        model.play([used.clone(), Act::Say("What else?".to_owned())]);
        me.chat().send("Something.").await?;
    }
    let before = me.usage(Timestamp::MIN, Timestamp::MAX).await?.lines[0].usage.input_tokens;
    model.play([used, Act::Hang]);
    let mut turn = me.chat().stream("Something more.").await?;
    let waited = tokio::time::timeout(Duration::from_millis(50), turn.next()).await;
    assert!(waited.is_err(), "it hangs");
    drop(turn);
    assert_eq!(me.chat().send("And more.").await.map(|_| ()).map_err(|error| error.kind()), Ok::<_, ErrorKind>(()));
    assert_eq!(me.usage(Timestamp::MIN, Timestamp::MAX).await?.lines[0].usage.input_tokens, before + 7);
    Ok(())
}

#[tokio::test]
async fn a_turn_that_nobody_polled_ends_at_its_deadline_all_the_same() -> completion_coach::Result<()> {
    let clock = ManualClock::default();
    let model = ScriptedModel::default().clock(clock.clone());
    let coach = CompletionCoach::builder(SqliteStore::in_memory()?, model.clone()).clock(clock.clone()).build()?;
    let me = coach.user("user-0");
    me.save_profile(&completion_coach::Profile::default()).await?;
    model.play([Act::Wait(Duration::from_secs(5)), Act::Say("What else?".to_owned())]);
    let mut turn = me.chat().stream("Something.").await?;
    clock.advance(Duration::from_secs(125));
    let ended = tokio::time::timeout(Duration::from_millis(100), turn.next()).await;
    let ended = ended.expect("it ends at once").expect("with an event");
    assert_eq!(ended.map_err(|error| error.kind()), Err(ErrorKind::ModelUnavailable));
    Ok(())
}
