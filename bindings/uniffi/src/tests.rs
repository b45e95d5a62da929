//! What the border does, without any other language: every name crosses, a turn is read and ended as it promises, foreign failures become ours.

#![cfg(feature = "testing")]

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use completion_coach as core;
use completion_coach::testing::{Act, ManualClock, ScriptedModel};
use tokio::sync::Notify;

use crate::coach::{CoachOptions, CompletionCoach, builder};
use crate::error::{CoachError, ErrorKind, caught};
use crate::model::{CoachModel, Credentials, Endpoint, HttpBody, HttpHeader, HttpRequest, HttpResponse, Transport};
use crate::port::STORE;
use crate::runtime::{at_once, handle};
use crate::store::{ActionStore, Foreign};
use crate::types::*;

fn wait<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    handle().unwrap().block_on(work)
}

/// A coach over a store in memory, and the debrief of a finished action.
async fn debrief(model: &ScriptedModel) -> (Arc<CompletionCoach>, Arc<crate::coach::Debrief>) {
    debrief_over(Arc::new(core::SqliteStore::in_memory().unwrap()), model).await
}

async fn debrief_over(store: Arc<dyn core::ActionStore>, model: &ScriptedModel) -> (Arc<CompletionCoach>, Arc<crate::coach::Debrief>) {
    debrief_with(store, &CoachModel(Arc::new(model.clone()))).await
}

async fn debrief_with(store: Arc<dyn core::ActionStore>, model: &CoachModel) -> (Arc<CompletionCoach>, Arc<crate::coach::Debrief>) {
    let often = Rate { per_minute: 60_000, burst: 60_000 };
    let options = CoachOptions { allowance: Some(AllowanceRates { turns: often.clone(), proposals: often }), ..CoachOptions::default() };
    let coach = CompletionCoach::build(builder(store, model, options).unwrap(), None).unwrap();
    let user = coach.user("ana".into()).unwrap();
    let done = user.record_done(core::NewAction::new(core::ActionKind::Volunteer, "Count the gulls").cross()).await.unwrap();
    let debrief = user.debrief(done.action.id);
    assert!(!debrief.open().reply().await.unwrap().over);
    (coach, debrief)
}

fn said(text: &str) -> NewMessage {
    core::NewMessage::typed(text).cross()
}

#[test]
fn every_kind_and_every_gate_crosses_to_its_namesake() {
    for kind in core::ErrorKind::ALL {
        let outside: ErrorKind = kind.cross();
        assert_eq!(format!("{outside:?}"), format!("{kind:?}"));
        assert_eq!(Cross::<core::ErrorKind>::cross(outside), *kind);
    }
    for gate in core::Gate::ALL {
        let outside: Gate = gate.cross();
        assert_eq!(Cross::<core::Gate>::cross(outside), *gate);
    }
}

#[test]
fn an_error_crosses_with_all_that_is_known_of_it() {
    let behind = core::Error::new(core::ErrorKind::StorageFull, "no room");
    let error = core::Error::new(core::ErrorKind::ModelUnavailable, "try again")
        .with_retry_after(Duration::from_millis(1500))
        .with_attempts(3)
        .with_request_id("req-7")
        .permanent()
        .with_source(behind);
    let CoachError::ModelUnavailable { details } = CoachError::from(error) else { panic!("it became another kind") };
    assert_eq!(details.reason, "try again");
    assert_eq!(details.retry_after.map(Cross::<Duration>::cross), Some(Duration::from_millis(1500)));
    assert_eq!((details.attempts, details.request_id.as_deref(), details.permanent), (Some(3), Some("req-7"), true));
    assert_eq!(details.causes, ["no room"]);
}

#[test]
fn an_error_that_goes_through_the_apps_code_comes_back_as_it_was() {
    let deepest =
        core::Error::new(core::ErrorKind::StorageFull, "no room").with_source(core::Error::new(core::ErrorKind::Busy, "it is busy"));
    let error = core::Error::new(core::ErrorKind::InvalidInput, "name: at most 80 characters are allowed; shorten it")
        .with_field("name")
        .with_limit(80)
        .with_retry_after(Duration::from_millis(1500))
        .with_attempts(3)
        .with_request_id("req-7")
        .permanent()
        .with_source(deepest);
    let outside = CoachError::from(error);
    let CoachError::InvalidInput { details } = &outside else { panic!("it became another kind") };
    assert_eq!((details.field.as_deref(), details.limit, details.causes.len()), (Some("name"), Some(80), 2));
    let again = CoachError::from(caught(&outside, STORE.failed));
    assert_eq!(format!("{again:?}"), format!("{outside:?}"));
}

#[test]
fn what_the_app_throws_is_its_own_error_or_the_ports() {
    let typed = CoachError::from(core::Error::new(core::ErrorKind::StorageFull, "the disk of the app is full"));
    let error = caught(&typed, STORE.failed);
    assert_eq!((error.kind(), error.to_string().as_str()), (core::ErrorKind::StorageFull, "the disk of the app is full"));
    let secret = "Ana said that her sister is ill";
    let untyped = CoachError::from(uniffi::UnexpectedUniFFICallbackError::new(secret));
    assert!(!format!("{untyped:?}").contains(secret));
    assert_eq!(caught(&untyped, STORE.failed).kind(), core::ErrorKind::StorageUnavailable);
}

#[test]
fn pieces_that_have_piled_up_are_one_and_the_reply_comes_last() {
    wait(async {
        let model = ScriptedModel::default();
        let (_coach, debrief) = debrief(&model).await;
        model.play([Act::Say("What ".into()), Act::Say("did you ".into()), Act::Say("learn?".into())]);
        let turn = debrief.stream(said("It went well."));
        let mut events = Vec::new();
        while let Some(some) = turn.next().await.unwrap() {
            events.extend(some);
        }
        let texts: String =
            events.iter().filter_map(|event| if let TurnEvent::Text { text } = event { Some(text.as_str()) } else { None }).collect();
        let Some(TurnEvent::Reply { reply }) = events.last() else { panic!("no reply at the end") };
        assert_eq!(texts, reply.message.text);
        assert!(turn.next().await.unwrap().is_none());
    });
}

#[test]
fn cancelling_wakes_whoever_waits_and_keeps_what_was_said() {
    wait(async {
        let model = ScriptedModel::default();
        let (_coach, debrief) = debrief(&model).await;
        model.play([Act::Hang]);
        let turn = debrief.stream(said("It went well."));
        let (reader, sent) = (turn.clone(), tokio::sync::oneshot::channel());
        let reading = tokio::spawn(async move {
            let _ = sent.0.send(());
            reader.next().await
        });
        sent.1.await.unwrap();
        while model.requests().is_empty() {
            tokio::task::yield_now().await;
        }
        turn.cancel();
        let Err(CoachError::Cancelled { .. }) = reading.await.unwrap() else { panic!("it was not cancelled") };
        let texts: Vec<_> = debrief.messages(10, None).await.unwrap().messages.into_iter().map(|message| message.text).collect();
        assert_eq!(texts.iter().filter(|text| *text == "It went well.").count(), 1);
        model.play([Act::Say("What did you learn?".into())]);
        assert_eq!(debrief.resume().reply().await.unwrap().message.text, "What did you learn?");
    });
}

#[test]
fn a_turn_that_is_let_go_of_ends_and_one_in_the_background_does_not() {
    wait(async {
        let model = ScriptedModel::default();
        let (_coach, debrief) = debrief(&model).await;
        model.play([Act::Say("What ".into()), Act::Hang]);
        let turn = debrief.stream(said("It went well."));
        let reading = tokio::spawn({
            let turn = turn.clone();
            async move { turn.next().await.map(drop) }
        });
        while model.requests().is_empty() {
            assert!(!reading.is_finished(), "it ended without asking the model");
            tokio::task::yield_now().await;
        }
        reading.abort();
        let _ = reading.await;
        drop(turn);
        model.play([Act::Yield, Act::Say("What did you learn?".into())]);
        let turn = debrief.resume();
        turn.finish_in_background().unwrap();
        turn.cancel();
        drop(turn);
        let replied = async {
            while debrief.messages(1, None).await.unwrap().messages[0].text != "What did you learn?" {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), replied).await.expect("it goes on in the background");
    });
}

#[test]
fn whoever_stops_waiting_for_a_reply_ends_the_turn() {
    wait(async {
        let model = ScriptedModel::default();
        let (_coach, debrief) = debrief(&model).await;
        model.play([Act::Hang]);
        let turn = debrief.stream(said("It went well."));
        let reading = tokio::spawn({
            let turn = turn.clone();
            async move { turn.reply().await.map(drop) }
        });
        while model.requests().is_empty() {
            tokio::task::yield_now().await;
        }
        reading.abort();
        let _ = reading.await;
        assert!(matches!(turn.next().await, Err(CoachError::Cancelled { .. })));
    });
}

#[test]
fn whoever_leaves_can_come_back_at_once() {
    wait(async {
        let model = ScriptedModel::default();
        let (_coach, debrief) = debrief(&model).await;
        model.play([Act::Hang]);
        let mut turn = debrief.stream(said("It went well."));
        for _ in 0..200 {
            let asked = model.requests().len();
            let reading = tokio::spawn({
                let turn = turn.clone();
                async move { turn.next().await.map(drop) }
            });
            while model.requests().len() == asked {
                assert!(!reading.is_finished(), "it ended without asking the model");
                tokio::task::yield_now().await;
            }
            reading.abort();
            turn.cancel();
            model.play([Act::Hang]);
            turn = debrief.resume();
        }
        drop(turn);
        model.play([Act::Hang]);
        assert!(debrief.skip_question().await.is_ok());
    });
}

#[test]
fn a_turn_that_was_cancelled_before_it_began_says_nothing() {
    wait(async {
        let model = ScriptedModel::default();
        let (_coach, debrief) = debrief(&model).await;
        let turn = debrief.stream(said("It went well."));
        turn.cancel();
        assert!(matches!(turn.next().await, Err(CoachError::Cancelled { .. })));
        assert_eq!(debrief.messages(10, None).await.unwrap().messages.len(), 1);
    });
}

/// Panics whatever it is asked, and tells on which thread it was asked or let go of.
struct Panicking(mpsc::Sender<Option<String>>);

impl Panicking {
    fn panic(&self) -> ! {
        self.tell();
        panic!("what ana wrote");
    }

    fn tell(&self) {
        let _ = self.0.send(thread::current().name().map(ToOwned::to_owned));
    }
}

impl Drop for Panicking {
    fn drop(&mut self) {
        self.tell();
    }
}

#[async_trait::async_trait]
impl ActionStore for Panicking {
    async fn account(&self, _: String) -> Result<Option<Account>, CoachError> {
        self.panic()
    }
    async fn actions(&self, _: String) -> Result<Vec<ActionRecord>, CoachError> {
        self.panic()
    }
    async fn conversation(&self, _: String, _: ThreadId, _: Page) -> Result<Option<Conversation>, CoachError> {
        self.panic()
    }
    async fn extractions(&self, _: String, _: Option<ThreadId>) -> Result<Vec<Extraction>, CoachError> {
        self.panic()
    }
    async fn attempts(&self, _: String, _: Timestamp, _: Timestamp) -> Result<Vec<Attempt>, CoachError> {
        self.panic()
    }
    async fn changes(&self, _: String, _: u64, _: u32) -> Result<Vec<ProfileChange>, CoachError> {
        self.panic()
    }
    async fn commit(&self, _: String, _: Change) -> Result<(), CoachError> {
        self.panic()
    }
    async fn forget(&self, _: String) -> Result<(), CoachError> {
        self.panic()
    }
}

#[test]
fn a_panic_is_an_error_and_nothing_is_polled_or_closed_on_the_callers_thread() {
    let (tell, told) = mpsc::channel();
    wait(async {
        let model = CoachModel(Arc::new(ScriptedModel::default().clock(ManualClock::default())));
        let store = Arc::new(Foreign(Arc::new(Panicking(tell))));
        let coach = CompletionCoach::build(builder(store, &model, CoachOptions::default()).unwrap(), None).unwrap();
        let user = coach.user("ana".into()).unwrap();
        drop(coach);
        assert!(matches!(user.profile().await, Err(CoachError::Internal { .. })));
        assert!(matches!(user.debrief("a".into()).open().reply().await, Err(CoachError::Internal { .. })));
    });
    let threads: Vec<_> = told.iter().collect();
    assert_eq!(threads, vec![Some("completion-coach".to_owned()); 3]);
}

#[test]
fn a_panic_of_what_waits_for_nothing_is_an_error_too() {
    let CoachError::Internal { details } = at_once(|| -> Result<(), core::Error> { panic!("what ana wrote") }).unwrap_err() else {
        panic!("it became another kind")
    };
    assert!(!format!("{details:?}").contains("ana"));
}

/// What a transport does that its caller leaves: it answers before, and once more after.
#[derive(Default)]
struct Late {
    asked: Notify,
    left: Arc<Notify>,
    bodies: Arc<Bodies>,
}

/// How many were cancelled, and word of each.
#[derive(Default)]
struct Bodies(AtomicUsize, Notify);

#[async_trait::async_trait]
impl Transport for Late {
    async fn post(&self, request: Arc<HttpRequest>) -> Result<Arc<HttpResponse>, CoachError> {
        let answer = |request: &HttpRequest, bodies: &Arc<Bodies>| request.response(200, Vec::new(), Arc::new(Endless(bodies.clone())));
        answer(&request, &self.bodies);
        let (left, bodies) = (self.left.clone(), self.bodies.clone());
        tokio::spawn(async move {
            left.notified().await;
            answer(&request, &bodies);
        });
        self.asked.notify_one();
        std::future::pending().await
    }
}

struct Endless(Arc<Bodies>);

/// Cannot be cancelled as long as somebody holds this.
struct Stuck(Arc<Mutex<()>>);

#[async_trait::async_trait]
impl HttpBody for Stuck {
    async fn next(&self) -> Result<Option<Vec<u8>>, CoachError> {
        std::future::pending().await
    }
    fn cancel(&self) -> Result<(), CoachError> {
        drop(self.0.lock());
        Ok(())
    }
}

/// Answers with bodies like that.
struct Sticking(Arc<Mutex<()>>, Notify);

#[async_trait::async_trait]
impl Transport for Sticking {
    async fn post(&self, request: Arc<HttpRequest>) -> Result<Arc<HttpResponse>, CoachError> {
        self.1.notify_one();
        Ok(request.response(200, Vec::new(), Arc::new(Stuck(self.0.clone()))))
    }
}

#[async_trait::async_trait]
impl HttpBody for Endless {
    async fn next(&self) -> Result<Option<Vec<u8>>, CoachError> {
        std::future::pending().await
    }
    fn cancel(&self) -> Result<(), CoachError> {
        self.0.0.fetch_add(1, SeqCst);
        self.0.1.notify_one();
        Ok(())
    }
}

#[test]
fn a_response_that_nobody_waits_for_is_cancelled_whenever_it_comes() {
    wait(async {
        let transport = Arc::new(Late::default());
        let endpoint = Endpoint::over(transport.clone(), "http://127.0.0.1:9/v1".into(), Credentials::none()).on_this_device();
        let model = CoachModel::open_ai("m".into(), endpoint, None, None, None).unwrap();
        let (_coach, debrief) = debrief_with(Arc::new(core::SqliteStore::in_memory().unwrap()), &model).await;
        let turn = debrief.stream(said("It went well."));
        let reading = tokio::spawn({
            let turn = turn.clone();
            async move { turn.reply().await.map(drop) }
        });
        transport.asked.notified().await;
        let bodies = &transport.bodies;
        assert_eq!(bodies.0.load(SeqCst), 0);
        turn.cancel();
        bodies.1.notified().await;
        assert_eq!(bodies.0.load(SeqCst), 1);
        assert!(reading.await.unwrap().is_err());
        transport.left.notify_one();
        bodies.1.notified().await;
        assert_eq!(bodies.0.load(SeqCst), 2);
    });
}

#[test]
fn bodies_that_cannot_be_cancelled_stop_nobody_else() {
    let lock = Arc::new(Mutex::new(()));
    let held = lock.lock().unwrap();
    let transport = Arc::new(Sticking(lock.clone(), Notify::new()));
    wait(async move {
        let endpoint = Endpoint::over(transport.clone(), "http://127.0.0.1:9/v1".into(), Credentials::none()).on_this_device();
        let model = CoachModel::open_ai("m".into(), endpoint, None, None, None).unwrap();
        let (_coach, debrief) = debrief_with(Arc::new(core::SqliteStore::in_memory().unwrap()), &model).await;
        let mut turn = debrief.stream(said("It went well."));
        for _ in 0..4 {
            let reading = tokio::spawn({
                let turn = turn.clone();
                async move { turn.next().await.map(drop) }
            });
            transport.1.notified().await;
            turn.cancel();
            assert!(reading.await.unwrap().is_err());
            turn = debrief.resume();
        }
        turn.cancel();
        assert!(matches!(debrief.state().await, Ok(DebriefState::Pending)));
    });
    drop(held);
}

/// The app's own network stack: what it sends comes back as the pieces of an answer.
struct Own(Mutex<Option<(String, Vec<u8>)>>);

#[async_trait::async_trait]
impl Transport for Own {
    async fn post(&self, request: Arc<HttpRequest>) -> Result<Arc<HttpResponse>, CoachError> {
        *self.0.lock().unwrap() = Some((request.url(), request.body()));
        let head = vec![HttpHeader { name: "Content-Type".into(), value: "text/event-stream".into() }];
        let piece =
            |text: &str| format!("data: {{\"choices\": [{{\"index\": 0, \"delta\": {{\"content\": \"{text}\"}}}}]}}\n\n").into_bytes();
        let end = b"data: {\"choices\": [{\"index\": 0, \"delta\": {}, \"finish_reason\": \"stop\"}]}\n\ndata: [DONE]\n\n".to_vec();
        let pieces = vec![end, piece("you learn?"), piece("What did ")];
        Ok(request.response(200, head, Arc::new(Whole(Mutex::new(pieces)))))
    }
}

struct Whole(Mutex<Vec<Vec<u8>>>);

#[async_trait::async_trait]
impl HttpBody for Whole {
    async fn next(&self) -> Result<Option<Vec<u8>>, CoachError> {
        Ok(self.0.lock().unwrap().pop())
    }
    fn cancel(&self) -> Result<(), CoachError> {
        Ok(())
    }
}

#[test]
fn the_apps_own_transport_carries_a_turn() {
    wait(async {
        let transport = Arc::new(Own(Mutex::default()));
        let endpoint = Endpoint::over(transport.clone(), "http://127.0.0.1:9/v1".into(), Credentials::none()).on_this_device();
        let model = CoachModel::open_ai("m".into(), endpoint, None, None, None).unwrap();
        let (_coach, debrief) = debrief_with(Arc::new(core::SqliteStore::in_memory().unwrap()), &model).await;
        let reply = debrief.send(said("It went well.")).await.unwrap();
        assert_eq!(reply.message.text, "What did you learn?");
        let (url, body) = transport.0.lock().unwrap().take().unwrap();
        assert_eq!(url, "http://127.0.0.1:9/v1/chat/completions");
        assert!(String::from_utf8(body).unwrap().contains("It went well."));
    });
}
