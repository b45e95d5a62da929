//! Holds that what people, hosts and models write is in no error, no `Debug` and no log: every text is a canary, and none may be heard.

mod support;

use std::any::type_name;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::io;
use std::panic;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use completion_coach::testing::{Act, ScriptedModel};
use completion_coach::{
    Account, ActionRecord, ActionStore, Allowance, AllowanceRates, Answer, Answered, Attempt, AttemptId, Author, Budget, ChangeCause,
    Choice, Consent, ContextOptions, ContextPurpose, Conversation, Delivery, Error, ErrorKind, Extraction, FieldConflict, FieldValue,
    Finish, Flow, Found, Limits, Live, Message, Model, ModelEvent, ModelEvents, ModelInfo, NewMessage, OfflineGuide, Outcome, Output, Page,
    Price, Profile, ProfileChange, ProfileField, Rate, Request, Result, Signal, SqliteStore, SystemClock, Term, ThreadId, Timestamp,
    TurnEvent, UserId, Verdict, Verdicts, Voice,
};
use completion_coach::{
    AnthropicModel, Credentials, Endpoint, Gate, HttpBody, HttpRequest, HttpResponse, OpenAiModel, PriceTable, Report, ReqwestTransport,
    Retries, SafetyLevel, Secret, Texts, TimeLimits, TokenLimit, TurnFacts, check_turn,
};
use completion_coach::{Builder, Change, CompletionCoach, MessageId, RandomIds, Turn};
use completion_coach::{EvaluationCase, EvaluationFailure, EvaluationFault, EvaluationOptions, EvaluationReport, estimate};

use support::canary::{action, canary, leaks, profile};
use support::kinds::CASES;
use support::{World, answer};

#[path = "support/ran.rs"]
mod ran;
use ran::ran;

/// What could be read by somebody who may not: where it came from, and the text.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<(String, String)>>>);

impl Heard {
    fn text(&self, from: &str, text: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((from.to_owned(), text));
    }

    fn debug<T: Debug + ?Sized>(&self, value: &T) {
        let name = type_name::<T>();
        self.text(name, format!("{value:?}"));
        self.text(name, format!("{value:#?}"));
    }

    fn error(&self, error: &Error) {
        self.debug(error);
        let mut next: Option<&dyn std::error::Error> = Some(error);
        while let Some(error) = next {
            self.text("an error", format!("{error} {error:?} {error:#?}"));
            next = error.source();
        }
        self.text("an error's fields", format!("{:?} {:?}", error.field(), error.request_id()));
    }

    /// Fails for every place in which a canary was heard.
    fn assert_silent(&self) {
        // Not under the lock: the panic of a failed assertion is heard as well.
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (from, text) in &heard {
            let leaked = leaks(text);
            if !leaked.is_empty() {
                found.entry(from).or_default().extend(leaked);
            }
        }
        assert!(found.is_empty(), "canaries were heard: {found:#?}");
    }

    fn types(&self) -> BTreeSet<String> {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.iter().filter_map(|(from, _)| Some(from.rsplit("::").next()?.to_owned())).collect()
    }
}

/// Takes whatever is logged.
struct Log(Heard);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.text("a log", String::from_utf8_lossy(bytes).into_owned());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Listens to everything that is logged and to every panic, from now on and in all threads.
fn listen(heard: &Heard) {
    let log = heard.clone();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || Log(log.clone())).finish();
    tracing::subscriber::set_global_default(subscriber).expect("nobody else listens");
    let panics = heard.clone();
    panic::set_hook(Box::new(move |info| {
        let payload = info.payload();
        let text = payload.downcast_ref::<String>().cloned().or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        let text = text.unwrap_or_default();
        // The panic of the host's own model, with the host's own text, is the host's to print or not. Only this one is let pass.
        if text != canary("panic") {
            panics.text("a panic", text.clone());
            let _ = io::Write::write_all(&mut io::stderr(), format!("{text} at {:?}\n", info.location()).as_bytes());
        }
    }));
}

/// A model that listens to what a model of the host's own would see.
#[derive(Clone, Debug)]
struct Listening(ScriptedModel, HeardByModel);

#[derive(Clone)]
struct HeardByModel(Heard);

impl Debug for HeardByModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HeardByModel")
    }
}

#[async_trait]
impl Model for Listening {
    fn info(&self) -> ModelInfo {
        self.0.info()
    }

    async fn ask(&self, request: &Request, events: &mut ModelEvents) -> Result<Finish> {
        self.1.0.debug(request);
        self.1.0.debug(events);
        request.parts.iter().for_each(|part| self.1.0.debug(part));
        self.0.ask(request, events).await
    }
}

/// A store that listens to what a store of the host's own would be given.
#[derive(Clone, Debug)]
struct ListeningStore(SqliteStore, HeardByModel);

#[async_trait]
impl ActionStore for ListeningStore {
    async fn account(&self, user: &UserId) -> Result<Option<Account>> {
        self.0.account(user).await
    }

    async fn actions(&self, user: &UserId) -> Result<Vec<ActionRecord>> {
        self.0.actions(user).await
    }

    async fn conversation(&self, user: &UserId, thread: &ThreadId, page: &Page) -> Result<Option<Conversation>> {
        self.0.conversation(user, thread, page).await
    }

    async fn extractions(&self, user: &UserId, thread: Option<&ThreadId>) -> Result<Vec<Extraction>> {
        self.0.extractions(user, thread).await
    }

    async fn attempts(&self, user: &UserId, from: Timestamp, until: Timestamp) -> Result<Vec<Attempt>> {
        self.0.attempts(user, from, until).await
    }

    async fn changes(&self, user: &UserId, after: u64, limit: u32) -> Result<Vec<ProfileChange>> {
        self.0.changes(user, after, limit).await
    }

    async fn commit(&self, user: &UserId, change: &Change) -> Result<()> {
        self.1.0.debug(change);
        change.writes.iter().for_each(|write| self.1.0.debug(write));
        self.0.commit(user, change).await
    }

    async fn forget(&self, user: &UserId) -> Result<()> {
        self.0.forget(user).await
    }
}

#[tokio::test]
async fn what_anybody_wrote_is_in_no_error_no_debug_and_no_log() {
    let heard = Heard::default();
    listen(&heard);
    every_error(&heard).await;
    whole_way(&heard).await;
    every_other_type(&heard);
    assert!(heard.types().contains("a log"), "nothing was logged, so nothing was tested");
    let missing: Vec<_> = public_types().difference(&heard.types()).cloned().collect();
    assert!(missing.is_empty(), "these public types were never formatted: {missing:?}");
    heard.assert_silent();
    ran("own_model");
    ran("own_store");
}

#[test]
fn a_canary_is_heard_whole_and_in_halves() {
    let name = canary("name");
    let (half, other) = name.split_once('-').expect("a canary has two halves");
    for text in [name.as_str(), half, other, &format!("Some(\"{}\")", name.to_uppercase())] {
        assert_eq!(leaks(text), ["name"]);
    }
    assert_eq!(leaks("a kestrel"), ["a part of one"]);
    assert!(leaks("Profile { .. }").is_empty());
}

/// The types of the public API, as the crate's first file names them.
fn public_types() -> BTreeSet<String> {
    let lib = include_str!("../src/lib.rs");
    let names = lib.split("pub use ").skip(1).filter_map(|line| line.split(';').next());
    let names = names.flat_map(|names| names.split(|c: char| !c.is_alphanumeric() && c != '_'));
    let is_type = |name: &&str| name.starts_with(char::is_uppercase) && name.contains(char::is_lowercase);
    let nothing_to_format = ["ActionStore", "Clock", "HttpBody", "Ids", "Model", "Result", "SafetyClassifier", "TokenSource", "Transport"];
    names.filter(is_type).filter(|name| !nothing_to_format.contains(name)).map(str::to_owned).collect()
}

async fn every_error(heard: &Heard) {
    for case in CASES {
        let error = case.run().await;
        assert!(error.kind() == case.kind && error.to_string().contains(case.advice), "{}", case.how);
        heard.error(&error);
        heard.error(&Error::new(ErrorKind::Internal, "an error around it").with_source(error));
    }
    let edited = serde_json::from_value::<ProfileField>(canary("name").into()).expect_err("there is no such field");
    heard.text("an error of serde", edited.to_string());
    heard.error(&ProfileField::try_from(canary("custom name")).expect_err("there is no such field"));
    heard.error(&ThreadId::try_from(canary("title")).expect_err("there is no such thread"));
}

fn vocabulary() -> Vec<Term> {
    let field = ProfileField::Custom(canary("term field"));
    vec![Term { field, name: canary("term"), aliases: vec![canary("alias")] }]
}

fn builder(heard: &Heard, store: &SqliteStore, model: &ScriptedModel) -> Builder {
    let listener = HeardByModel(heard.clone());
    CompletionCoach::builder(ListeningStore(store.clone(), listener.clone()), Listening(model.clone(), listener))
        .field_of_work(canary("field of work"))
        .tone(canary("tone"))
        .instructions(canary("instructions"))
        .vocabulary(vocabulary())
        .language(canary("language"))
        .delivery(Delivery::Live)
}

fn choice() -> Choice {
    Choice { id: canary("choice id"), text: canary("choice"), field: Some(ProfileField::Custom(canary("choice field"))) }
}

/// Listens to a whole turn.
async fn told(heard: &Heard, mut turn: Turn) {
    heard.debug(&turn);
    heard.debug(&turn.canceller());
    while let Some(event) = turn.next().await {
        let event = event.expect("nothing is wrong on this way");
        heard.debug(&event);
        if let TurnEvent::Reply(reply) = event {
            heard.debug(&reply);
        }
    }
    heard.debug(&turn);
}

/// A body of which nothing comes.
#[derive(Debug)]
struct Silence;

#[async_trait]
impl HttpBody for Silence {
    async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        Ok(None)
    }
}

/// From a profile to the right to leave.
async fn whole_way(heard: &Heard) {
    let World { store, model, .. } = World::new();
    let builder = builder(heard, &store, &model);
    heard.debug(&builder);
    let coach = builder.build().expect("these settings are fine");
    let me = coach.user("me");
    heard.debug(&coach);
    heard.debug(&me);
    heard.debug(&coach.disclosure("en"));
    me.save_profile(&profile()).await.expect("the profile fits");
    me.consent(&coach.disclosure("en")).await.expect("this is what is configured");
    heard.debug(&me.profile().await.expect("it was saved"));
    let done = me.record_done(action().id("run-1")).await.expect("the action fits");
    heard.debug(&done);
    heard.debug(&done.offer);
    heard.debug(&done.action);
    let (debrief, chat) = (me.debrief("run-1"), me.chat());
    heard.debug(&debrief);
    heard.debug(&chat);
    told(heard, debrief.open().await.expect("it is done")).await;
    for _ in 0..2 {
        model.play([Act::Say(format!("{}? And {}?", canary("reply"), canary("reply"))), Act::Offer(vec![choice()])]);
        let said = format!("I taught {} to everybody, {}.", canary("proposed"), canary("message"));
        told(heard, debrief.stream(NewMessage::typed(said)).await.expect("it was opened")).await;
    }
    told(heard, debrief.stream(NewMessage::choose(canary("choice id"))).await.expect("it is offered")).await;
    told(heard, chat.stream(answer()).await.expect("the chat is open to all")).await;
    review(heard, &me, &debrief, &model).await;
    let recap = debrief.recap().await.expect("it is done");
    heard.debug(&recap);
    recap.lines.iter().for_each(|line| heard.debug(line));
    debrief.stop().await.expect("it can be stopped at any time");
    heard.debug(&debrief.state().await.expect("it is there"));
    let usage = me.usage(Timestamp::MIN, Timestamp::MAX).await.expect("it can be read");
    heard.debug(&usage);
    usage.lines.iter().for_each(|line| heard.debug(line));
    me.changes(0).await.expect("they can be read").iter().for_each(|change| heard.debug(change));
    me.actions(None).await.expect("they can be listed").iter().for_each(|listed| heard.debug(listed));
    heard.debug(&debrief.messages(10, None).await.expect("they can be read"));
    stored(heard, &store).await;
    assert!(!leaks(&me.export().await.expect("it can be exported")).is_empty(), "an export holds what was written");
    me.forget().await.expect("everybody may leave");
    heard.debug(&model);
    heard.debug(&store);
}

/// Proposals, verdicts, and a field that has changed in the meantime.
async fn review(heard: &Heard, me: &completion_coach::User, debrief: &completion_coach::Debrief, model: &ScriptedModel) {
    let quote = canary("proposed");
    let item = |field: &str| serde_json::json!({ "field": field, "value": quote, "message": 2, "quote": quote });
    model.say(serde_json::json!({ "items": [item("skills"), item("headline"), item("seeking")] }).to_string());
    let proposal = debrief.propose().await.expect("the model proposes");
    heard.debug(&proposal);
    let of = |field| proposal.items.iter().find(|item| item.field == field).expect("all three are grounded");
    let (skill, headline, seeking) = (of(ProfileField::Skills), of(ProfileField::Headline), of(ProfileField::Seeking));
    heard.debug(skill);
    skill.evidence.iter().for_each(|evidence| heard.debug(evidence));
    me.save_profile(&Profile { headline: Some(canary("new headline")), ..profile() }).await.expect("the profile fits");
    let verdicts = proposal.verdicts().edit(skill.id.clone(), canary("verdict")).accept(headline.id.clone()).reject(seeking.id.clone());
    heard.debug(&verdicts);
    let applied = debrief.apply(verdicts).await.expect("they are pending");
    heard.debug(&applied);
    let conflict: &FieldConflict = applied.conflicts.first().expect("the headline has changed");
    heard.debug(conflict);
    heard.error(&debrief.apply(Verdicts::default().edit(skill.id.clone(), canary("name"))).await.expect_err("it is decided"));
    heard.error(&debrief.apply(Verdicts::default().edit(headline.id.clone(), canary("name").repeat(100))).await.expect_err("it is long"));
}

/// What a store gives back.
async fn stored(heard: &Heard, store: &SqliteStore) {
    let me = UserId::new("me");
    heard.debug(&store.account(&me).await.expect("it can be read").expect("the user is there"));
    store.actions(&me).await.expect("they can be read").iter().for_each(|record| heard.debug(record));
    store.attempts(&me, Timestamp::MIN, Timestamp::MAX).await.expect("they can be read").iter().for_each(|attempt| heard.debug(attempt));
    let thread = ThreadId::Debrief("run-1".into());
    let messages = store.conversation(&me, &thread, &Page::newest(10)).await.expect("it can be read").expect("it is there").messages;
    let page = Page { find: messages.last().map(|last| last.id.clone()), ..Page::newest(10) };
    let conversation = store.conversation(&me, &thread, &page).await.expect("it can be read").expect("it is there");
    heard.debug(&conversation);
    heard.debug(&page);
    heard.debug(conversation.state.as_ref().expect("something has happened in it"));
    heard.debug::<Found>(conversation.found.as_ref().expect("it was looked for"));
    for message in &conversation.messages {
        heard.debug::<Message>(message);
        message.choices.iter().for_each(|choice| heard.debug(choice));
    }
}

/// What a host builds itself, and what only stands inside of something else.
fn every_other_type(heard: &Heard) {
    heard.debug(&SqliteStore::block_here());
    let new = action().id("run-2");
    let kept = profile();
    macro_rules! debug { ($($value:expr),* $(,)?) => { $(heard.debug(&$value);)* } }
    debug!(new, new.kind, new.source, new.material[0], kept, kept.work_history[0], kept.education[0]);
    kept.custom.values().for_each(|field| heard.debug(field));
    debug!(
        NewMessage::typed(canary("message")),
        NewMessage::choose(canary("choice id")),
        NewMessage::typed(canary("message")).said,
        NewMessage::choose(canary("choice id")).said,
        choice(),
        FieldValue::from(canary("proposed")),
        FieldValue::Work(kept.work_history[0].clone()),
        FieldValue::Education(kept.education[0].clone()),
        ProfileField::Custom(canary("custom name")),
        Verdict::Edit(canary("verdict").into()),
        Voice { field_of_work: Some(canary("field of work")), tone: Some(canary("tone")), instructions: Some(canary("instructions")) },
        vocabulary()[0],
        Output::Json(format!("{{\"enum\":[\"custom:{}\"]}}", canary("custom name"))),
        ModelEvent::Text(canary("reply")),
        ModelEvent::Choices(vec![choice()]),
        TurnEvent::Text(canary("reply")),
        TurnEvent::Choices(vec![choice()]),
        Act::Say(canary("reply")),
        Act::Offer(vec![choice()]),
        Act::Panic(canary("panic")),
        Act::Overrun(canary("reply"), 2),
    );
    let (events, collected) = ModelEvents::collecting();
    events.text(canary("reply"));
    debug!(events, collected);
    // These hold no text of anybody's. They are here so that one that gets such a text is noticed.
    let next = completion_coach::NextStep {
        action: "run-3".into(),
        kind: new.kind.clone(),
        title: canary("title"),
        message: MessageId::new("draft-1"),
    };
    let nobody = Author { provider: "scripted".into(), model: "scripted-1".into(), place: completion_coach::ModelPlace::Local };
    debug!(next, nobody, nobody.place, ScriptedModel::remote().info(), Consent { disclosure: "scripted".into(), at: Timestamp::MIN });
    debug!(Live { attempt: AttemptId::new("attempt"), until: Timestamp::MAX }, AttemptId::new("attempt"), MessageId::new("draft-1"));
    debug!(completion_coach::ActionId::new("run-1"), completion_coach::ExtractionId::new("item"), UserId::new("me"), ThreadId::General);
    debug!(Answer::default(), Answered { step: completion_coach::Step::Next, messages: Vec::new() }, Flow::new(), Budget::default());
    debug!(completion_coach::Step::Next, Outcome::Success, completion_coach::Ending::Complete, Gate::TooLong, Finish::Complete);
    let told = canary("reply");
    let facts = TurnFacts { language: "en", said: &[&told], known: &[&told], instructions: &told, ..TurnFacts::default() };
    let report = check_turn(&format!("{told} I saved that."), &facts);
    // Its name ends in its lifetime.
    heard.text("TurnFacts", format!("{facts:?}"));
    let own = Texts::default().with("en", [("offer.later", canary("tone").as_str())]).expect("there is such a text");
    debug!(own, report, report.measures, report.findings.first().copied().expect("it claims to have saved"), SafetyLevel::Danger);
    debug!(Report { message: MessageId::new("draft-1"), reason: canary("message") });
    debug!(Signal::Enough, ErrorKind::Internal, Limits::default(), ContextPurpose::General, ContextOptions::new(ContextPurpose::General));
    debug!(completion_coach::ActionStatus::Done, completion_coach::ActionStep::Save, completion_coach::DebriefState::None, Timestamp::MIN);
    debug!(completion_coach::Invitation::Open, completion_coach::Review::None, completion_coach::Role::User, ChangeCause::Saved);
    debug!(completion_coach::Provenance::Typed, completion_coach::Basis::Stated, completion_coach::Caution::Wish, Delivery::Live);
    debug!(completion_coach::ExtractionStatus::Pending, completion_coach::ProposedOperation::Add, completion_coach::PartRole::User);
    debug!(
        completion_coach::Purpose::Open,
        completion_coach::AttemptStatus::Done,
        completion_coach::Operation::Open,
        SystemClock,
        RandomIds
    );
    let key = Credentials::key(canary("key")).expect("a key");
    let endpoint = Endpoint::new(AnthropicModel::BASE_URL, key.clone()).header("x-gateway", canary("header"));
    let anthropic = AnthropicModel::new("scripted-1", endpoint.clone()).expect("these settings are sound");
    let openai = OpenAiModel::new("scripted-1", endpoint.clone()).expect("these settings are sound");
    let headers = vec![("authorization".to_owned(), Secret::new(canary("key")))];
    let request = HttpRequest::new("https://models.invalid/v1".to_owned(), headers, canary("body").into_bytes());
    let response =
        HttpResponse { status: 200, headers: vec![("x-echo".to_owned(), canary("header of a response"))], body: Box::new(Silence) };
    debug!(key, endpoint, anthropic, openai, request, response, Secret::new(canary("key")), TokenLimit::MaxTokens);
    debug!(Retries::default(), TimeLimits::default(), PriceTable::default(), ReqwestTransport::new().expect("TLS is there"));
    debug!(OfflineGuide, Rate::new(1, 1), AllowanceRates::default(), Allowance::default(), completion_coach::Usage::default());
    let case = format!(
        r#"{{"name": "{0}", "case": "{0}", "messages": [{{"role": "user", "text": "{0}"}}], "answer": "{0}", "must_not": ["{0}"],
            "must": [{{"field": "custom:{0}", "value": "{0}"}}]}}"#,
        canary("message")
    );
    let cases = EvaluationCase::read(&case).expect("it is a case");
    debug!(cases[0], cases[0].messages[0], cases[0].must[0]);
    let prompt = Some(canary("instructions"));
    let options = EvaluationOptions { coach_prompt: prompt.clone(), extraction_prompt: prompt, ..EvaluationOptions::default() };
    debug!(options, estimate(&cases, &options, &OfflineGuide.info()).expect("it fits"), EvaluationFault::Missing);
    let mut report = EvaluationReport::default();
    let (case, detail, answer) = (canary("title"), canary("message"), Some(canary("reply")));
    report.failures.push(EvaluationFailure { case, fault: EvaluationFault::Missing, detail, answer });
    debug!(report, report.failures[0], report.total);
    heard.text("a table", report.to_string());
    heard.error(&EvaluationCase::read(&format!("[{:?}]", canary("message"))).expect_err("it is none"));
    debug!(Price {
        provider: "scripted".into(),
        model: "scripted-1".into(),
        up_to: None,
        input: 1,
        output: 1,
        cache_read: 1,
        cache_write: 1
    });
}
