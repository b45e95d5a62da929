//! Holds that every kind of error is reached, says what to do, and that what is refused leaves nothing behind.

mod support;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::fs;
use std::future::Future;
use std::path::Path;
use std::time::Duration;

use completion_coach::testing::{Act, ScriptedModel};
use completion_coach::{
    ActionKind, ActionSource, ActionStatus, ActionStep, CompletionCoach, CustomField, Debrief, Education, Error, ErrorKind, ExtractionId,
    ID_BYTES, Material, NewAction, NewMessage, OfflineGuide, Profile, Result, Role, SqliteStore, Timestamp, User, Verdicts, Work,
};
use serde_json::Value;

use support::canary::leaks;
use support::kinds::{CASES, REQUEST_ID, TRIED, proposed};
use support::{World, answer, in_status, spoilt};

#[path = "support/ran.rs"]
mod ran;

/// Everything that is kept about a user, without the time at which it was asked for.
async fn kept(me: &User) -> Option<Value> {
    let export = me.export().await.ok()?;
    let mut export: Value = serde_json::from_str(&export).expect("an export is JSON");
    export.as_object_mut().expect("an export is an object").remove("exported_at");
    Some(export)
}

/// What this call is refused with, when nothing at all was written by it.
async fn refused<T: Debug>(me: &User, what: &str, kind: ErrorKind, call: impl Future<Output = Result<T>>) -> Error {
    let before = kept(me).await;
    let error = call.await.expect_err(what);
    assert_eq!(error.kind(), kind, "{what}: {error}");
    assert!(kept(me).await == before, "{what} wrote something");
    error
}

// The kinds.

#[tokio::test]
async fn every_kind_of_error_is_reached_through_the_public_api() {
    let mut reached = BTreeSet::new();
    for case in CASES {
        let error = case.run().await;
        assert_eq!(error.kind(), case.kind, "{}: {error}", case.how);
        reached.insert(error.kind());
    }
    assert_eq!(reached, ErrorKind::ALL.iter().copied().collect::<BTreeSet<_>>());
    ran::ran("errors");
}

#[tokio::test]
async fn the_text_of_an_error_says_what_to_do_and_holds_no_id_and_no_words_of_anybody() {
    for case in CASES {
        let text = case.run().await.to_string();
        assert!(text.contains(case.advice), "{}: `{text}` does not say `{}`", case.how, case.advice);
        assert!(!text.contains("run-1") && !text.contains("another\"") && leaks(&text).is_empty(), "{}: `{text}`", case.how);
    }
}

#[tokio::test]
async fn only_what_a_host_can_use_is_said_beside_the_kind() {
    for case in CASES {
        let error = case.run().await;
        assert_eq!(error.field().is_some(), case.kind == ErrorKind::InvalidInput, "{}: the field", case.how);
        assert!(error.limit().is_none() || error.field().is_some(), "{}: a limit of what?", case.how);
        let waits = matches!(case.kind, ErrorKind::Busy | ErrorKind::AllowanceSpent) || case.how == "unreachable";
        assert_eq!(error.retry_after().is_some_and(|wait| !wait.is_zero()), waits, "{}: the wait", case.how);
        let sent = ["unreachable", "rejected", "unauthorised"].contains(&case.how);
        assert_eq!((error.attempts(), error.request_id()), if sent { (Some(TRIED), Some(REQUEST_ID)) } else { (None, None) });
    }
}

#[tokio::test]
async fn waiting_as_long_as_busy_says_is_enough() {
    // Given a turn that nobody polls.
    let world = World::new();
    let debrief = world.opened("run-1").await;
    let turn = debrief.stream(answer()).await.expect("the thread is free");
    let wait = debrief.resume().await.expect_err("a reply is being made").retry_after().expect("Busy says how long");
    // When almost all of that time is over, and when all of it is.
    world.clock.advance(wait - Duration::from_millis(1));
    let still = debrief.resume().await.expect_err("not quite yet");
    assert_eq!((still.kind(), still.retry_after()), (ErrorKind::Busy, Some(Duration::from_millis(1))));
    world.clock.advance(Duration::from_millis(1));
    let reply = debrief.resume().await.expect("the lease is over").reply().await.expect("the model answers");
    // Then the reply is there, and the turn that was left has lost.
    assert_eq!(reply.exchange, 1);
    let lost = turn.reply().await.expect_err("another turn has replied");
    assert!(matches!(lost.kind(), ErrorKind::Conflict | ErrorKind::ModelUnavailable), "{lost}");
    assert_eq!(debrief.messages(10, None).await.expect("they can be read").messages.len(), 3);
}

#[tokio::test]
async fn waiting_as_long_as_a_spent_allowance_says_is_enough() {
    let world = World::new();
    world.me.save_profile(&Profile::default()).await.expect("an empty profile fits");
    let chat = world.me.chat();
    chat.open().await.expect("the chat opens");
    for _ in 0..5 {
        chat.send(answer()).await.expect("five at once are allowed");
    }
    let spent = refused(&world.me, "a sixth turn", ErrorKind::AllowanceSpent, chat.send(answer())).await;
    world.clock.advance(spent.retry_after().expect("it says how long") - Duration::from_millis(1));
    let spent = refused(&world.me, "a turn too early", ErrorKind::AllowanceSpent, chat.send(answer())).await;
    assert_eq!(spent.retry_after(), Some(Duration::from_millis(1)));
    world.clock.advance(Duration::from_millis(1));
    chat.send(answer()).await.expect("the wait is over");
}

// Fields and their limits.

fn repeated(count: usize) -> String {
    "é".repeat(count)
}

type Field<T> = (&'static str, u64, fn(usize) -> T);

const PROFILE: [Field<Profile>; 30] = [
    ("name", 200, |n| Profile { name: Some(repeated(n)), ..Profile::default() }),
    ("pronouns", 200, |n| Profile { pronouns: Some(repeated(n)), ..Profile::default() }),
    ("location", 200, |n| Profile { location: Some(repeated(n)), ..Profile::default() }),
    ("language", 200, |n| Profile { language: Some(repeated(n)), ..Profile::default() }),
    ("headline", 500, |n| Profile { headline: Some(repeated(n)), ..Profile::default() }),
    ("link", 500, |n| Profile { link: Some(repeated(n)), ..Profile::default() }),
    ("career_goals", 5_000, |n| Profile { career_goals: Some(repeated(n)), ..Profile::default() }),
    ("seeking", 5_000, |n| Profile { seeking: Some(repeated(n)), ..Profile::default() }),
    ("match_preferences", 5_000, |n| Profile { match_preferences: Some(repeated(n)), ..Profile::default() }),
    ("summary", 5_000, |n| Profile { summary: Some(repeated(n)), ..Profile::default() }),
    ("skills", 200, |n| Profile { skills: vec![repeated(n)], ..Profile::default() }),
    ("skills", 200, |n| Profile { skills: vec!["Rust".into(); n], ..Profile::default() }),
    ("interests", 200, |n| Profile { interests: vec![repeated(n)], ..Profile::default() }),
    ("interests", 200, |n| Profile { interests: vec!["tides".into(); n], ..Profile::default() }),
    ("insights", 500, |n| Profile { insights: vec![repeated(n)], ..Profile::default() }),
    ("insights", 200, |n| Profile { insights: vec!["ask first".into(); n], ..Profile::default() }),
    ("work_history.organization", 200, |n| job(Work { organization: repeated(n), ..Work::default() })),
    ("work_history.title", 200, |n| job(Work { title: repeated(n), ..Work::default() })),
    ("work_history.start", 200, |n| job(Work { start: Some(repeated(n)), ..Work::default() })),
    ("work_history.end", 200, |n| job(Work { end: Some(repeated(n)), ..Work::default() })),
    ("work_history.description", 5_000, |n| job(Work { description: Some(repeated(n)), ..Work::default() })),
    ("work_history", 200, |n| Profile { work_history: vec![Work::default(); n], ..Profile::default() }),
    ("education.institution", 200, |n| study(Education { institution: repeated(n), ..Education::default() })),
    ("education.degree", 200, |n| study(Education { degree: Some(repeated(n)), ..Education::default() })),
    ("education.field", 200, |n| study(Education { field: Some(repeated(n)), ..Education::default() })),
    ("education", 200, |n| Profile { education: vec![Education::default(); n], ..Profile::default() }),
    ("custom.name", 200, |n| own([(repeated(n), CustomField::List(Vec::new()))])),
    ("custom", 5_000, |n| own([("cohort".into(), CustomField::Text(repeated(n)))])),
    ("custom", 200, |n| own([("cohort".into(), CustomField::List(vec![repeated(n)]))])),
    ("custom", 200, |n| own((0..n).map(|at| (format!("field {at}"), CustomField::List(Vec::new()))))),
];

fn job(work: Work) -> Profile {
    Profile { work_history: vec![work], ..Profile::default() }
}

fn study(education: Education) -> Profile {
    Profile { education: vec![education], ..Profile::default() }
}

fn own(fields: impl IntoIterator<Item = (String, CustomField)>) -> Profile {
    Profile { custom: fields.into_iter().collect(), ..Profile::default() }
}

const ACTION: [Field<NewAction>; 14] = [
    ("kind", 200, |n| NewAction::new(ActionKind::Other(repeated(n)), "Ran it")),
    ("title", 500, |n| NewAction::new("volunteer", repeated(n))),
    ("description", 5_000, |n| ran().description(repeated(n))),
    ("rationale", 5_000, |n| ran().rationale(repeated(n))),
    ("basis", 200, |n| NewAction { basis: vec![repeated(n)], ..ran() }),
    ("basis", 200, |n| NewAction { basis: vec!["Rust".into(); n], ..ran() }),
    ("material", 200, |n| NewAction { material: vec![Material::new("a chart"); n], ..ran() }),
    ("material.label", 200, |n| ran().material(Material::new(repeated(n)))),
    ("material.link", 500, |n| ran().material(Material { link: Some(repeated(n)), ..Material::new("a chart") })),
    ("material.text", 20_000, |n| ran().material(Material { text: Some(repeated(n)), ..Material::new("a chart") })),
    ("host_data", 200, |n| NewAction { host_data: [(repeated(n), String::new())].into(), ..ran() }),
    ("host_data", 5_000, |n| NewAction { host_data: [("ref".into(), repeated(n))].into(), ..ran() }),
    ("host_data", 200, |n| NewAction { host_data: (0..n).map(|at| (at.to_string(), String::new())).collect(), ..ran() }),
    ("action_id", ID_BYTES as u64, |n| ran().id("x".repeat(n))),
];

fn ran() -> NewAction {
    NewAction::new("volunteer", "Ran it")
}

/// This many, as a limit says it.
fn count(limit: u64) -> usize {
    usize::try_from(limit).expect("limits are small")
}

#[tokio::test]
async fn every_field_of_a_profile_takes_what_its_limit_says_and_not_one_more() {
    let me = World::new().me;
    for (field, limit, profile) in PROFILE {
        me.save_profile(&profile(count(limit))).await.unwrap_or_else(|error| panic!("{field} at its limit: {error}"));
        let too_long = profile(count(limit) + 1);
        let error = refused(&me, field, ErrorKind::InvalidInput, me.save_profile(&too_long)).await;
        assert_eq!((error.field(), error.limit()), (Some(field), Some(limit)));
    }
}

#[tokio::test]
async fn every_field_of_an_action_takes_what_its_limit_says_and_not_one_more() {
    let me = World::new().me;
    for (field, limit, action) in ACTION {
        let (fits, too_long) = (action(count(limit)), action(count(limit) + 1));
        me.add_action(fits.clone()).await.unwrap_or_else(|error| panic!("{field} at its limit: {error}"));
        me.record_done(fits.clone()).await.unwrap_or_else(|error| panic!("{field} at its limit: {error}"));
        me.replace_suggestions(vec![fits]).await.unwrap_or_else(|error| panic!("{field} at its limit: {error}"));
        for error in [
            refused(&me, field, ErrorKind::InvalidInput, me.add_action(too_long.clone())).await,
            refused(&me, field, ErrorKind::InvalidInput, me.record_done(too_long.clone())).await,
            refused(&me, field, ErrorKind::InvalidInput, me.replace_suggestions(vec![ran(), too_long.clone()])).await,
        ] {
            assert_eq!((error.field(), error.limit()), (Some(field), Some(limit)));
        }
    }
    for (field, blank) in [("title", NewAction::new("volunteer", " \u{3000}")), ("kind", NewAction::new("", "Ran it"))] {
        let error = refused(&me, field, ErrorKind::InvalidInput, me.add_action(blank)).await;
        assert_eq!((error.field(), error.limit()), (Some(field), None));
    }
}

#[tokio::test]
async fn a_message_has_at_most_five_thousand_characters() {
    let world = World::new();
    let debrief = world.opened("run-1").await;
    let error = refused(&world.me, "a long message", ErrorKind::InvalidInput, debrief.send(NewMessage::typed(repeated(5_001)))).await;
    assert_eq!((error.field(), error.limit()), (Some("message"), Some(5_000)));
    debrief.send(NewMessage::typed(repeated(5_000))).await.expect("this is just short enough");
}

#[tokio::test]
async fn a_message_says_something() {
    let world = World::new();
    let debrief = world.opened("run-1").await;
    let blanks =
        ["", " ", "\n\t\r", "\u{a0}\u{2003}\u{3000}", "\u{2028}\u{85}", "\0", "\u{7}", "\u{feff}", "\u{202a}\u{202c}", "\u{e0041}"];
    for blank in blanks {
        let error = refused(&world.me, &blank.escape_unicode().to_string(), ErrorKind::InvalidInput, debrief.send(blank)).await;
        assert_eq!((error.field(), error.limit()), (Some("message"), None));
    }
}

#[test]
fn a_budget_lies_between_one_and_ten() {
    for (min, max) in [(0, 1), (0, 0), (3, 2), (1, 11), (11, 11)] {
        let store = SqliteStore::in_memory().expect("a store in memory opens");
        let error = CompletionCoach::builder(store, OfflineGuide).budget(min, max).build().expect_err("this makes no sense");
        assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidInput, Some("budget")));
    }
}

// Ids, in every method there is.

macro_rules! calls {
    ($($name:literal $call:expr;)*) => { [$(($name, $call.await.map(drop))),*] };
}

/// What every method of a user that takes an action's id says to this one.
async fn by_action(me: &User, id: &str) -> Vec<(&'static str, Result<()>)> {
    let calls = calls! {
        "offer" me.offer(id);
        "action" me.action(id);
        "delete_action" me.delete_action(id);
        "step" me.step(id, ActionStep::Complete);
        "save_action" me.save_action(id);
        "unsave_action" me.unsave_action(id);
        "start_action" me.start_action(id);
        "cancel_action" me.cancel_action(id);
        "complete_action" me.complete_action(id);
        "reopen_action" me.reopen_action(id);
        "dismiss_action" me.dismiss_action(id);
        "mark_completion_started" me.mark_completion_started(id);
    };
    calls.into()
}

/// What every method of a debrief says.
async fn of_debrief(debrief: &Debrief) -> Vec<(&'static str, Result<()>)> {
    let calls = calls! {
        "open" debrief.open();
        "stream" debrief.stream(answer());
        "send" debrief.send(answer().id("draft-1"));
        "resume" debrief.resume();
        "take_over" debrief.take_over();
        "messages" debrief.messages(10, None);
        "propose" debrief.propose();
        "proposal" debrief.proposal();
        "apply" debrief.apply(Verdicts::default());
        "report" debrief.report("said", "why");
        "skip_question" debrief.skip_question();
        "stop" debrief.stop();
        "reopen" debrief.reopen();
        "decline" debrief.decline();
        "later" debrief.later(Timestamp::MAX);
        "state" debrief.state();
        "recap" debrief.recap();
        "delete" debrief.delete();
    };
    calls.into()
}

/// What every method of the general chat says.
async fn of_chat(me: &User) -> Vec<(&'static str, Result<()>)> {
    let chat = me.chat();
    let calls = calls! {
        "open" chat.open();
        "stream" chat.stream(answer());
        "send" chat.send(answer().id("draft-1"));
        "resume" chat.resume();
        "take_over" chat.take_over();
        "messages" chat.messages(10, None);
        "propose" chat.propose();
        "proposal" chat.proposal();
        "apply" chat.apply(Verdicts::default());
        "delete" chat.delete();
    };
    calls.into()
}

/// What every method of a user that takes no action's id says.
async fn of_user(me: &User) -> Vec<(&'static str, Result<()>)> {
    let elsewhere = World::new();
    let disclosure = elsewhere.coach.disclosure("en");
    elsewhere.me.save_profile(&Profile::default()).await.expect("it fits");
    let exported = elsewhere.me.export().await.expect("there is somebody");
    let calls = calls! {
        "profile" me.profile();
        "consent_needed" me.consent_needed();
        "withdraw_consent" me.withdraw_consent();
        "export" me.export();
        "actions" me.actions(None);
        "changes" me.changes(0);
        "usage" me.usage(Timestamp::MIN, Timestamp::MAX);
        "forget" me.forget();
        "import" me.import(&exported);
        "consent" me.consent(&disclosure);
        "save_profile" me.save_profile(&Profile::default());
        "add_action" me.add_action(ran());
        "record_done" me.record_done(ran());
        "replace_suggestions" me.replace_suggestions(vec![ran()]);
        "expire" me.expire();
    };
    calls.into()
}

fn names(calls: &[(&'static str, Result<()>)]) -> BTreeSet<String> {
    calls.iter().map(|(name, _)| (*name).to_owned()).collect()
}

/// The names of the methods that reach the store, as the source has them.
fn methods(file: &str, from: &str, until: &str) -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/coach").join(file);
    let source = fs::read_to_string(path).expect("the source is there");
    let (_, part) = source.split_once(from).expect("the part begins");
    let part = part.split_once(until).map_or(part, |(part, _)| part);
    part.split("pub async fn ").skip(1).filter_map(|method| Some(method.split_once('(')?.0.to_owned())).collect()
}

#[tokio::test]
async fn no_method_is_missing_in_the_tables_of_this_test() {
    let me = World::new().me;
    let (by_action, of_user, of_debrief, of_chat) =
        (by_action(&me, "x").await, of_user(&me).await, of_debrief(&me.debrief("x")).await, of_chat(&me).await);
    assert_eq!(&names(&by_action) | &names(&of_user), methods("user.rs", "impl User", "impl Core"));
    let both = methods("debrief.rs", "macro_rules! conversation", "conversation!(Chat);");
    assert_eq!(names(&of_debrief), &both | &methods("debrief.rs", "impl Debrief", "no end"));
    assert_eq!(names(&of_chat), &both | &methods("debrief.rs", "impl Chat", "impl Debrief"));
}

#[tokio::test]
async fn i2_what_another_user_owns_and_what_does_not_exist_are_the_same_thing_in_every_method() {
    // Given an action of mine, and a stranger's with a whole debrief.
    let world = World::new();
    world.opened("mine").await;
    let theirs = world.coach.user("stranger");
    theirs.record_done(ran().id("theirs")).await.expect("the action fits");
    theirs.debrief("theirs").open().await.expect("it is done");
    theirs.debrief("theirs").send(answer().id("draft-1")).await.expect("the model replies");
    let (before, before_theirs) = (kept(&world.me).await, kept(&theirs).await);
    // When I call everything with the stranger's id, and with one that nobody has.
    let mut said = Vec::new();
    for id in ["theirs", "nobody's"] {
        let mut calls = by_action(&world.me, id).await;
        calls.extend(of_debrief(&world.me.debrief(id)).await);
        for (name, result) in &calls {
            let error = result.as_ref().expect_err(name);
            assert_eq!(error.kind(), ErrorKind::NotFound, "{name}: {error}");
        }
        said.push(calls.into_iter().map(|(name, result)| (name, format!("{result:?}"))).collect::<Vec<_>>());
    }
    // Then every answer is the same, and nothing was written for either of us.
    assert_eq!(said[0], said[1]);
    assert!(kept(&world.me).await == before && kept(&theirs).await == before_theirs);
}

#[tokio::test]
async fn i2_a_user_who_does_not_exist_is_not_found_and_not_created() {
    let world = World::new();
    let nobody = world.coach.user("nobody");
    let mut calls = of_chat(&nobody).await;
    calls.extend(of_debrief(&nobody.debrief("run-1")).await);
    calls.extend(by_action(&nobody, "run-1").await);
    let may_begin = |name: &str| !["profile", "withdraw_consent", "export"].contains(&name);
    for (name, result) in calls {
        assert_eq!(result.expect_err(name).kind(), ErrorKind::NotFound, "{name}");
    }
    for call in [nobody.profile().await.map(drop), nobody.withdraw_consent().await, nobody.export().await.map(drop)] {
        assert_eq!(call.expect_err("there is nothing").kind(), ErrorKind::NotFound);
    }
    assert!(nobody.actions(None).await.expect("an empty list is no error").is_empty());
    assert!(nobody.changes(0).await.expect("an empty list is no error").is_empty());
    assert!(nobody.usage(Timestamp::MIN, Timestamp::MAX).await.expect("an empty report is no error").lines.is_empty());
    nobody.forget().await.expect("there was nothing to forget");
    assert_eq!(kept(&nobody).await, None);
    for (name, result) in of_user(&nobody).await.into_iter().filter(|(name, _)| may_begin(name)) {
        result.unwrap_or_else(|error| panic!("{name} is how a user begins: {error}"));
    }
}

#[tokio::test]
async fn an_id_that_cannot_be_one_is_invalid_in_every_method() {
    let world = World::new();
    let debrief = world.opened("run-1").await;
    let before = kept(&world.me).await;
    let long = "x".repeat(ID_BYTES + 1);
    for (bad, limit) in [("", None), ("a\nb", None), ("a\0", None), ("\u{85}", None), (long.as_str(), Some(ID_BYTES as u64))] {
        let mut calls: Vec<_> = by_action(&world.me, bad).await.into_iter().map(|call| (call, "action_id")).collect();
        calls.extend(of_debrief(&world.me.debrief(bad)).await.into_iter().map(|call| (call, "action_id")));
        calls.push((("add_action", world.me.add_action(ran().id(bad)).await.map(drop)), "action_id"));
        calls.push((("record_done", world.me.record_done(ran().id(bad)).await.map(drop)), "action_id"));
        calls.push((("replace_suggestions", world.me.replace_suggestions(vec![ran().id(bad)]).await.map(drop)), "action_id"));
        calls.push((("send", debrief.send(answer().id(bad)).await.map(drop)), "message_id"));
        calls.push((("chat", world.me.chat().send(answer().id(bad)).await.map(drop)), "message_id"));
        let nobody = world.coach.user(bad);
        for part in [of_user(&nobody).await, of_chat(&nobody).await, by_action(&nobody, "run-1").await] {
            calls.extend(part.into_iter().map(|call| (call, "user_id")));
        }
        for ((name, result), field) in calls {
            let error = result.expect_err(name);
            assert_eq!((error.kind(), error.field(), error.limit()), (ErrorKind::InvalidInput, Some(field), limit), "{name}: {error}");
        }
    }
    assert!(kept(&world.me).await == before);
}

// Steps and statuses.

const STATUSES: [ActionStatus; 5] =
    [ActionStatus::Active, ActionStatus::Saved, ActionStatus::InProgress, ActionStatus::Done, ActionStatus::Dismissed];

const STEPS: [(ActionStep, &str, &[ActionStatus], ActionStatus); 8] = {
    use ActionStatus::{Active, Dismissed, Done, InProgress, Saved};
    [
        (ActionStep::Save, "save_action", &[Active], Saved),
        (ActionStep::Unsave, "unsave_action", &[Saved], Active),
        (ActionStep::Start, "start_action", &[Active, Saved], InProgress),
        (ActionStep::Cancel, "cancel_action", &[InProgress], Active),
        (ActionStep::Complete, "complete_action", &[InProgress], Done),
        (ActionStep::Reopen, "reopen_action", &[Done], InProgress),
        (ActionStep::Dismiss, "dismiss_action", &[Active, Saved], Dismissed),
        (ActionStep::MarkCompletionStarted, "mark_completion_started", &[Done], Done),
    ]
};

#[tokio::test]
async fn every_step_is_taken_from_its_statuses_and_refused_from_every_other_one() {
    for (step, name, from, to) in STEPS {
        for status in STATUSES {
            let me = World::new().me;
            let before = in_status(&me, "run-1", status).await;
            assert_eq!(before.status, status);
            if from.contains(&status) {
                let after = me.step("run-1", step).await.expect("the step is allowed");
                assert_eq!(after.status, to, "{name} from {status:?}");
                assert_eq!((after.started_at.is_some(), after.completed_at.is_some()), times(&before, step), "{name} from {status:?}");
                continue;
            }
            let text = refused(&me, name, ErrorKind::WrongStatus, me.step("run-1", step)).await.to_string();
            let needed = from.iter().map(|status| status.as_str());
            assert!([name, status.as_str()].into_iter().chain(needed).all(|word| text.contains(word)), "{text}");
        }
    }
}

/// Whether an action has a time of its start and one of its completion after this step.
fn times(before: &completion_coach::Action, step: ActionStep) -> (bool, bool) {
    match step {
        ActionStep::Start => (true, false),
        ActionStep::Cancel => (false, false),
        ActionStep::Complete => (true, true),
        ActionStep::Reopen => (true, false),
        _ => (before.started_at.is_some(), before.completed_at.is_some()),
    }
}

#[tokio::test]
async fn i3_only_a_done_action_has_a_debrief() {
    let harmless = ["messages", "proposal", "apply", "state", "delete"];
    for status in STATUSES.into_iter().filter(|status| *status != ActionStatus::Done) {
        let me = World::new().me;
        in_status(&me, "run-1", status).await;
        let before = kept(&me).await;
        for (name, result) in of_debrief(&me.debrief("run-1")).await.into_iter().filter(|(name, _)| !harmless.contains(name)) {
            let error = result.expect_err(name);
            assert_eq!(error.kind(), ErrorKind::WrongStatus, "{name}: {error}");
            assert!(error.to_string().contains(status.as_str()) && error.to_string().contains("done"), "{name}: {error}");
        }
        assert!(kept(&me).await.map(versionless) == before.map(versionless), "{status:?}");
    }
}

fn versionless(mut export: Value) -> Value {
    export["account"]["version"].take();
    export
}

#[tokio::test]
async fn i3_nothing_is_said_in_a_debrief_that_was_not_started() {
    let world = World::new();
    let debrief = world.done("run-1").await;
    let me = &world.me;
    refused(me, "send", ErrorKind::WrongStatus, debrief.send(answer())).await;
    refused(me, "resume", ErrorKind::WrongStatus, debrief.resume()).await;
    refused(me, "skip_question", ErrorKind::WrongStatus, debrief.skip_question()).await;
    refused(me, "stop", ErrorKind::WrongStatus, debrief.stop()).await;
    refused(me, "reopen", ErrorKind::WrongStatus, debrief.reopen()).await;
    refused(me, "propose", ErrorKind::WrongStatus, debrief.propose()).await;
    me.mark_completion_started("run-1").await.expect("it is done");
    debrief.send(answer()).await.expect("it was marked as started");
}

// What is refused leaves nothing behind.

#[tokio::test]
async fn a_fourth_message_without_a_reply_is_refused_whole() {
    let world = World::new();
    let debrief = world.opened("run-1").await;
    for _ in 0..3 {
        spoilt(&world, &debrief, [Act::Cut]).await;
    }
    let error = refused(&world.me, "a fourth message", ErrorKind::InvalidInput, debrief.send(answer())).await;
    assert_eq!((error.field(), error.limit()), (Some("message"), Some(3)));
    let reply = debrief.resume().await.expect("three are waiting").reply().await.expect("the model answers all of them");
    assert_eq!(reply.exchange, 1);
}

#[tokio::test]
async fn messages_that_wait_together_have_at_most_five_thousand_characters() {
    let world = World::new();
    let debrief = world.opened("run-1").await;
    world.model.play([Act::Cut]);
    debrief.send(NewMessage::typed(repeated(3_000))).await.expect_err("the reply is cut");
    let error = refused(&world.me, "too much together", ErrorKind::InvalidInput, debrief.send(NewMessage::typed(repeated(2_001)))).await;
    assert_eq!((error.field(), error.limit()), (Some("message"), Some(5_000)));
    debrief.send(NewMessage::typed(repeated(2_000))).await.expect("this just fits");
}

#[tokio::test]
async fn i7_an_exchange_beyond_the_budget_is_refused_whole() {
    let world = World::with(ScriptedModel::default(), |builder| builder.budget(1, 2));
    let debrief = world.opened("run-1").await;
    debrief.send(answer()).await.expect("the first exchange");
    assert!(debrief.send(answer()).await.expect("the second exchange").over);
    refused(&world.me, "a third exchange", ErrorKind::DebriefOver, debrief.send(answer())).await;
    refused(&world.me, "a skip beyond the end", ErrorKind::DebriefOver, debrief.skip_question()).await;
}

#[tokio::test]
async fn only_a_choice_of_the_coachs_last_message_can_be_taken() {
    let world = World::new();
    let debrief = world.done("run-1").await;
    let opening = debrief.open().await.expect("it is done").reply().await.expect("the guide asks");
    let offered = opening.message.choices.first().expect("the guide offers outcomes").id.clone();
    let unknown = refused(&world.me, "an unknown choice", ErrorKind::InvalidInput, debrief.send(NewMessage::choose("another"))).await;
    debrief.send(answer()).await.expect("the model replies, and offers nothing");
    let older = refused(&world.me, "an older message's choice", ErrorKind::InvalidInput, debrief.send(NewMessage::choose(offered))).await;
    assert_eq!((unknown.field(), older.field()), (Some("choice"), Some("choice")));
}

#[tokio::test]
async fn i4_an_id_stands_for_one_message_in_one_thread() {
    let world = World::new();
    let (debrief, other, me) = (world.opened("run-1").await, world.opened("run-2").await, &world.me);
    debrief.send(answer().id("draft-1")).await.expect("the id is new");
    let ours = debrief.messages(10, None).await.expect("they can be read").messages;
    let coachs = ours.last().expect("the coach has replied").id.clone();
    let another = || NewMessage::typed("Something else altogether, and at some length.");
    for error in [
        refused(me, "another text", ErrorKind::InvalidInput, debrief.send(another().id("draft-1"))).await,
        refused(me, "a choice", ErrorKind::InvalidInput, debrief.send(NewMessage::choose("success").id("draft-1"))).await,
        refused(me, "another debrief", ErrorKind::InvalidInput, other.send(answer().id("draft-1"))).await,
        refused(me, "the chat", ErrorKind::InvalidInput, me.chat().send(answer().id("draft-1"))).await,
        refused(me, "an id of the coach's", ErrorKind::InvalidInput, debrief.send(another().id(coachs))).await,
    ] {
        assert_eq!(error.field(), Some("message_id"));
    }
    let stranger = world.coach.user("stranger");
    stranger.save_profile(&Profile::default()).await.expect("an empty profile fits");
    stranger.chat().send(another().id("draft-1")).await.expect("a stranger's ids are their own");
}

#[tokio::test]
async fn i5_while_a_reply_is_made_others_wait_and_write_nothing() {
    let world = World::new();
    let debrief = world.opened("run-1").await;
    let _turn = debrief.stream(answer().id("draft-1")).await.expect("the thread is free");
    let me = &world.me;
    for busy in [
        refused(me, "open", ErrorKind::Busy, debrief.open()).await,
        refused(me, "send", ErrorKind::Busy, debrief.send(answer())).await,
        refused(me, "the same message", ErrorKind::Busy, debrief.send(answer().id("draft-1"))).await,
        refused(me, "resume", ErrorKind::Busy, debrief.resume()).await,
        refused(me, "propose", ErrorKind::Busy, debrief.propose()).await,
        refused(me, "reopen", ErrorKind::Busy, debrief.reopen()).await,
        refused(me, "elsewhere", ErrorKind::Busy, world.elsewhere().debrief("run-1").open()).await,
    ] {
        assert_eq!(busy.retry_after(), Some(Duration::from_secs(130)));
    }
}

#[tokio::test]
async fn a_proposal_is_decided_only_by_its_owner_in_its_thread_and_once() {
    let world = World::new();
    let (debrief, id) = proposed(&world, "run-1").await;
    let (other, me) = (world.opened("run-2").await, &world.me);
    let stranger = world.coach.user("stranger");
    stranger.record_done(ran().id("run-1")).await.expect("the action fits");
    let accept = |id: &ExtractionId| Verdicts::default().accept(id.clone());
    refused(me, "another thread's", ErrorKind::NotFound, other.apply(accept(&id))).await;
    refused(me, "the chat's", ErrorKind::NotFound, me.chat().apply(accept(&id))).await;
    refused(&stranger, "a stranger's", ErrorKind::NotFound, stranger.debrief("run-1").apply(accept(&id))).await;
    refused(me, "one of two", ErrorKind::NotFound, debrief.apply(accept(&id).accept("another"))).await;
    let blank = Verdicts::default().edit(id.clone(), " ");
    assert_eq!(refused(me, "a blank value", ErrorKind::InvalidInput, debrief.apply(blank)).await.field(), Some("value"));
    let long = Verdicts::default().edit(id.clone(), repeated(201));
    let error = refused(me, "a long value", ErrorKind::InvalidInput, debrief.apply(long)).await;
    assert_eq!((error.field(), error.limit()), (Some("skills"), Some(200)));
    let first = debrief.apply(accept(&id)).await.expect("it is pending");
    let before = kept(me).await;
    assert_eq!(debrief.apply(accept(&id)).await.expect("the same again"), first);
    assert!(kept(me).await == before);
    refused(me, "another verdict", ErrorKind::Conflict, debrief.apply(Verdicts::default().reject(id.clone()))).await;
    refused(me, "another value", ErrorKind::Conflict, debrief.apply(Verdicts::default().edit(id, "something else"))).await;
}

#[tokio::test]
async fn what_needs_consent_or_is_handed_over_writes_nothing() {
    let world = World::with(ScriptedModel::remote(), |builder| builder);
    let (debrief, me) = (world.opened("run-1").await, &world.me);
    refused(me, "send without consent", ErrorKind::ConsentNeeded, debrief.send(answer())).await;
    let local = World::new().coach.disclosure("en");
    refused(me, "consent to another model", ErrorKind::Conflict, me.consent(&local)).await;
    me.consent(&world.coach.disclosure("en")).await.expect("this is what is configured");
    world.model.play([Act::Signal(completion_coach::Signal::HandOver)]);
    assert!(debrief.send(answer()).await.expect("the guide closes it").over);
    refused(me, "send after the hand-over", ErrorKind::HandedOver, debrief.send(answer())).await;
    refused(me, "skip after the hand-over", ErrorKind::HandedOver, debrief.skip_question()).await;
    refused(me, "reopen after the hand-over", ErrorKind::HandedOver, debrief.reopen()).await;
    refused(me, "propose after the hand-over", ErrorKind::HandedOver, debrief.propose()).await;
}

// What a model spoils is not lost.

#[tokio::test]
async fn i6_a_reply_that_is_not_whole_is_not_stored_and_resuming_asks_again() {
    let fails = |kind| Act::Fail(Error::new(kind, "try again later"));
    let half = || Act::Say("Half a rep".into());
    let ways = [
        vec![half(), Act::Panic("a panic that this test asks for".into())],
        vec![half(), Act::Cut],
        vec![half(), Act::Length],
        vec![half(), Act::Refuse],
        vec![half(), fails(ErrorKind::ModelUnavailable)],
        vec![half(), fails(ErrorKind::Unauthorised)],
        vec![Act::Overrun("more and more ".into(), 10_000)],
        vec![Act::Signal(completion_coach::Signal::Enough)],
        vec![],
    ];
    for acts in ways {
        let world = World::new();
        let debrief = world.opened("run-1").await;
        let what = format!("{acts:?}");
        spoilt(&world, &debrief, acts).await;
        assert_stored_once_and_resumed(&debrief, &what).await;
    }
}

#[tokio::test]
async fn i6_a_model_that_never_answers_is_given_up_at_the_deadline() {
    let world = World::new();
    let debrief = world.opened("run-1").await;
    world.model.play([Act::Say("Half a rep".into()), Act::Hang]);
    let turn = debrief.stream(answer()).await.expect("the thread is free");
    let (ended, ()) = tokio::join!(turn.reply(), async {
        for _ in 0..120 {
            world.clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
    });
    assert_eq!(ended.expect_err("the time is up").kind(), ErrorKind::ModelUnavailable);
    assert_stored_once_and_resumed(&debrief, "never answers").await;
}

async fn assert_stored_once_and_resumed(debrief: &Debrief, what: &str) {
    let stored = debrief.messages(10, None).await.expect("they can be read").messages;
    let roles: Vec<_> = stored.iter().map(|message| message.role).collect();
    assert_eq!(roles, [Role::Assistant, Role::User], "{what}");
    let reply = debrief.resume().await.expect("the thread is free").reply().await.expect("the model answers now");
    assert_eq!((reply.exchange, reply.message.seq), (1, 3), "{what}");
}

#[tokio::test]
async fn i6_a_signal_without_words_is_no_reply_and_no_proposal() {
    let world = World::new();
    let debrief = world.opened("run-1").await;
    debrief.send(answer()).await.expect("the model replies");
    for place in ["the chat", "a proposal"] {
        world.model.play([Act::Signal(completion_coach::Signal::HandOver)]);
        let error = match place {
            "the chat" => world.me.chat().send(answer()).await.map(drop),
            _ => debrief.propose().await.map(drop),
        };
        assert_eq!(error.expect_err(place).kind(), ErrorKind::ReplyIncomplete, "{place}");
    }
    // What was said is still unread, so that proposing again asks the model again.
    let asked = world.model.requests().len();
    debrief.propose().await.expect("the model has nothing to propose");
    assert_eq!(world.model.requests().len(), asked + 1);
}

// Actions that come again.

#[tokio::test]
async fn recording_an_action_as_done_any_number_of_times_is_one_action_done_once() {
    let world = World::new();
    let first = world.me.record_done(ran().id("run-1")).await.expect("the action fits").action;
    let before = kept(&world.me).await;
    world.clock.advance(Duration::from_secs(60));
    let again = world.me.record_done(ran().id("run-1")).await.expect("the same again").action;
    assert_eq!(again, first);
    assert!(kept(&world.me).await == before, "the same again writes nothing");
    world.me.debrief("run-1").open().await.expect("it is done");
    let later = world.me.record_done(NewAction { title: "Ran it twice".into(), ..ran() }.id("run-1")).await.expect("an update").action;
    assert_eq!((later.completed_at, later.created_at, later.title.as_str()), (first.completed_at, first.created_at, "Ran it twice"));
    assert!(later.completion_started_at.is_some(), "its debrief goes on");
    assert_eq!(world.me.actions(None).await.expect("they can be listed").len(), 1);
}

#[tokio::test]
async fn new_suggestions_replace_only_those_that_are_still_active() {
    let me = World::new().me;
    for status in STATUSES {
        in_status(&me, status.as_str(), status).await;
    }
    me.add_action(ran().id("host's own")).await.expect("the action fits");
    let suggestions = ["new", "done", "host's own", "new"].map(|id| NewAction::new("volunteer", "Suggested").id(id));
    let added = me.replace_suggestions(suggestions.into()).await.expect("they fit");
    assert_eq!(added.iter().map(|action| (action.id.as_str(), action.source)).collect::<Vec<_>>(), [("new", ActionSource::Suggested)]);
    let listed = me.actions(None).await.expect("they can be listed");
    let ids: BTreeSet<_> = listed.iter().map(|listed| listed.action.id.as_str()).collect();
    assert_eq!(ids, BTreeSet::from(["saved", "in_progress", "done", "dismissed", "host's own", "new"]));
    assert!(listed.iter().all(|listed| listed.action.id.as_str() == "new" || listed.action.title != "Suggested"));
}

#[tokio::test]
async fn adding_an_action_twice_is_adding_it_once() {
    let me = World::new().me;
    let first = me.add_action(ran().id("run-1")).await.expect("the action fits");
    me.start_action("run-1").await.expect("it is active");
    let before = kept(&me).await;
    let again = me.add_action(NewAction { title: "Another title".into(), ..ran() }.id("run-1")).await.expect("it is there");
    assert_eq!((again.status, again.title), (ActionStatus::InProgress, first.title));
    assert!(kept(&me).await == before);
}

#[tokio::test]
async fn i3_starting_a_debrief_twice_is_one_start() {
    let world = World::new();
    let debrief = world.done("run-1").await;
    let first = world.me.mark_completion_started("run-1").await.expect("it is done");
    world.clock.advance(Duration::from_secs(60));
    let before = kept(&world.me).await;
    assert_eq!(world.me.mark_completion_started("run-1").await.expect("the same again"), first);
    assert!(kept(&world.me).await == before);
    debrief.open().await.expect("it is done");
    assert_eq!(world.me.action("run-1").await.expect("it is there"), first);
}

#[tokio::test]
async fn a_done_action_is_reopened_only_without_a_debrief() {
    let world = World::new();
    let debrief = world.opened("run-1").await;
    debrief.send(answer()).await.expect("the model replies");
    refused(&world.me, "reopen_action", ErrorKind::WrongStatus, world.me.reopen_action("run-1")).await;
    debrief.delete().await.expect("it can be deleted");
    let reopened = world.me.reopen_action("run-1").await.expect("its debrief is gone");
    assert_eq!((reopened.status, reopened.completed_at, reopened.completion_started_at), (ActionStatus::InProgress, None, None));
    world.me.complete_action("run-1").await.expect("it is in progress");
    let opening = debrief.open().await.expect("it is done again").reply().await.expect("the guide asks");
    assert_eq!((opening.message.seq, opening.exchange), (1, 0));
}

#[test]
fn the_error_behind_an_error_is_its_source() {
    let behind = Error::new(ErrorKind::StorageFull, "no room is left");
    let error = Error::new(ErrorKind::StorageUnavailable, "try again later").with_source(behind);
    let source = std::error::Error::source(&error).and_then(|source| source.downcast_ref::<Error>());
    assert_eq!(source.map(Error::kind), Some(ErrorKind::StorageFull));
    assert_eq!(error.to_string(), "try again later");
}
