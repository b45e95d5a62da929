//! What code does when a person is in distress or in danger, whatever the model says; and flags that a person raises.

use std::time::Duration;

use async_trait::async_trait;
use completion_coach::testing::{Act, ManualClock, ScriptedModel};
use completion_coach::{
    Builder, ChangeCause, CompletionCoach, Debrief, DebriefState, Ending, Error, ErrorKind, NewAction, NewMessage, OfflineGuide, Result,
    SafetyClassifier, SafetyLevel, Signal, SqliteStore, TurnEvent, User,
};

#[path = "support/ran.rs"]
mod ran;
use ran::ran;

const DANGER: &str = "It failed and honestly I want to die";
const DISTRESS: &str = "I feel worthless about my career since then";

struct World {
    model: ScriptedModel,
    me: User,
    debrief: Debrief,
}

impl World {
    async fn new(settings: impl FnOnce(Builder) -> Builder) -> Self {
        let model = ScriptedModel::default();
        let builder = CompletionCoach::builder(SqliteStore::in_memory().expect("memory"), model.clone());
        let me = settings(builder).build().expect("sound").user("me");
        me.record_done(NewAction::new("other", "A talk").id("run-1")).await.expect("it fits");
        let debrief = me.debrief("run-1");
        debrief.open().await.expect("it opens").reply().await.expect("the guide asks");
        Self { model, me, debrief }
    }
}

async fn events(debrief: &Debrief, text: &str) -> Vec<TurnEvent> {
    let mut turn = debrief.stream(NewMessage::typed(text)).await.expect("it is stored");
    let mut events = Vec::new();
    while let Some(event) = turn.next().await {
        events.push(event.expect("nothing is wrong"));
    }
    events
}

#[tokio::test]
async fn danger_ends_the_questions_hands_over_and_nothing_is_sent_or_proposed() {
    let world = World::new(|builder| builder.language("es-MX")).await;
    let events = events(&world.debrief, DANGER).await;
    assert!(events.contains(&TurnEvent::HandOver { language: "es-MX".into() }), "the host is told, with the language");
    let Some(TurnEvent::Reply(reply)) = events.last() else { panic!("a reply is the last event") };
    assert_eq!((reply.ended, reply.over, reply.review_due), (Some(Ending::HandedOver), true, false));
    assert!(
        !reply.message.text.contains('?') && !reply.message.text.contains(|c: char| c.is_ascii_digit()),
        "no question, no number to call"
    );
    assert_eq!(reply.message.author.as_ref().map(|author| author.provider.as_str()), Some("guide"));
    assert_eq!(world.model.requests().len(), 0, "no model has seen it");
    assert_eq!(world.debrief.state().await.expect("it has one"), DebriefState::Ended(Ending::HandedOver));
    for refused in [
        world.debrief.propose().await.expect_err("nothing is proposed").kind(),
        world.debrief.send("Are you there?").await.expect_err("no coach goes on").kind(),
        world.debrief.reopen().await.expect_err("no coach goes on").kind(),
    ] {
        assert_eq!(refused, ErrorKind::HandedOver);
    }
    // What the person wrote is kept, for them and for whoever helps them.
    let kept = world.debrief.messages(9, None).await.expect("they can be read").messages;
    assert!(kept.iter().any(|message| message.text == DANGER));
}

#[tokio::test]
async fn danger_in_the_chat_is_for_people_and_the_chat_goes_on() {
    let world = World::new(|builder| builder).await;
    let chat = world.me.chat();
    chat.open().await.expect("it opens").reply().await.expect("a greeting");
    let reply = chat.send(DANGER).await.expect("words that are set in advance");
    assert_eq!((reply.ended, reply.over), (Some(Ending::HandedOver), false));
    assert_eq!(world.model.requests().len(), 0);
    assert_eq!(chat.propose().await.expect("nothing of it is read").items, []);
    world.model.say("What would you like to look at?");
    let reply = chat.send("Let us talk about my next job.").await.expect("the chat goes on");
    assert_eq!(reply.ended, None);
}

#[tokio::test]
async fn distress_is_acknowledged_and_nothing_of_it_reaches_a_proposal() {
    let world = World::new(|builder| builder).await;
    world.model.say("That sounds hard, and we can stop here. Is there one part that you would look at?");
    world.debrief.send(DISTRESS).await.expect("a reply");
    let told = world.model.requests()[0].parts.last().expect("a prompt").text.clone();
    assert!(told.contains("They are in distress"), "{told}");
    world.model.say("What comes next for you?");
    world.debrief.send("I learned Rust on the way.").await.expect("a reply");
    world.debrief.stop().await.expect("it can be stopped");
    let items = r#"{"items":[{"field":"insights","value":"I feel worthless about my career since then","message":2,"quote":"I feel worthless about my career since then"},
        {"field":"skills","value":"Rust","message":4,"quote":"I learned Rust on the way"}]}"#;
    world.model.say(items);
    let proposal = world.debrief.propose().await.expect("it can be read");
    let values: Vec<_> = proposal.items.iter().map(|item| item.value.to_string()).collect();
    assert_eq!(values, ["Rust"]);
}

#[tokio::test]
async fn the_guide_acknowledges_distress_and_offers_to_stop() {
    let coach = CompletionCoach::builder(SqliteStore::in_memory().expect("memory"), OfflineGuide).build().expect("sound");
    let me = coach.user("me");
    me.record_done(NewAction::new("other", "A talk").id("run-1")).await.expect("it fits");
    let debrief = me.debrief("run-1");
    debrief.open().await.expect("it opens").reply().await.expect("the guide asks");
    let reply = debrief.send(DISTRESS).await.expect("the guide asks on");
    assert!(reply.message.text.starts_with("That sounds heavy. You can stop here"), "{}", reply.message.text);
    assert!(!reply.message.text.contains("worthless"), "it is not echoed");
}

/// What the classifier says; `None` for one that never answers.
type Says = fn() -> Option<Result<SafetyLevel>>;

#[derive(Debug)]
struct Host(Says);

#[async_trait]
impl SafetyClassifier for Host {
    async fn level(&self, text: &str, language: &str) -> Result<SafetyLevel> {
        assert_eq!((text, language), ("The rain never stopped that week.", "en"));
        match (self.0)() {
            Some(level) => level,
            None => std::future::pending().await,
        }
    }
}

#[tokio::test]
async fn the_hosts_classifier_counts_where_it_sees_more_and_its_failure_stops_nobody() {
    let cases: [(Says, bool); 4] = [
        (|| Some(Ok(SafetyLevel::Danger)), true),
        (|| Some(Ok(SafetyLevel::None)), false),
        (|| Some(Err(Error::new(ErrorKind::Internal, "the classifier is broken"))), false),
        (|| None, false),
    ];
    for (says, hands_over) in cases {
        let clock = ManualClock::default();
        let world =
            World::new(|builder| builder.safety_classifier(Host(says)).clock(clock.clone()).turn_deadline(Duration::from_secs(6_000)))
                .await;
        world.model.say("What did the rain change for you?");
        let patience = async {
            loop {
                tokio::time::sleep(Duration::from_millis(5)).await;
                clock.advance(Duration::from_secs(5));
            }
        };
        let events = tokio::select! {
            events = events(&world.debrief, "The rain never stopped that week.") => events,
            () = patience => unreachable!("it never ends"),
        };
        assert_eq!(events.iter().any(|event| matches!(event, TurnEvent::HandOver { .. })), hands_over);
        assert_eq!(world.model.requests().len(), usize::from(!hands_over));
    }
    ran("own_safety");
}

#[tokio::test]
async fn the_models_own_flag_hands_over_as_well() {
    let world = World::new(|builder| builder).await;
    world.model.play([Act::Signal(Signal::HandOver)]);
    let events = events(&world.debrief, "The rain never stopped that week.").await;
    assert!(events.contains(&TurnEvent::HandOver { language: "en".into() }));
}

#[tokio::test]
async fn a_flag_is_kept_in_the_change_log_and_in_the_export_until_the_person_leaves() {
    let world = World::new(|builder| builder).await;
    world.model.say("What came of it for the others?");
    let reply = world.debrief.send("We held the talk and it went fine.").await.expect("a reply");
    let said = world.debrief.messages(9, None).await.expect("read").messages[1].id.clone();
    world.debrief.report(reply.message.id.clone(), "It ignored what I said.").await.expect("it can be flagged");
    for (message, reason, kind) in [
        ("nothing", "why", ErrorKind::NotFound),
        (said.as_str(), "my own words", ErrorKind::NotFound),
        (reply.message.id.as_str(), " \n", ErrorKind::InvalidInput),
        (reply.message.id.as_str(), &"x".repeat(5_001), ErrorKind::InvalidInput),
    ] {
        assert_eq!(world.debrief.report(message, reason).await.expect_err(reason).kind(), kind);
    }
    let changes = world.me.changes(0).await.expect("they can be read");
    let flagged = changes.last().expect("one");
    assert_eq!(
        (flagged.cause, flagged.report.as_ref().map(|report| report.reason.as_str())),
        (ChangeCause::Reported, Some("It ignored what I said."))
    );
    assert!(world.me.export().await.expect("an export").contains("It ignored what I said."));
    assert!(!format!("{flagged:?}").contains("ignored"));
    world.me.forget().await.expect("everybody may leave");
    assert_eq!(world.me.changes(0).await.expect("nobody has none"), []);
}
