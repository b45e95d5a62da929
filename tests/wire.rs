//! Every case that a client of a model must pass, for both protocols, against a server that plays scripts; and what is stored afterwards.

#[path = "support/server.rs"]
mod server;

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use completion_coach::{
    AnthropicModel, Attempt, AttemptStatus, Builder, CompletionCoach, Credentials, Debrief, DebriefState, Delivery, Endpoint, Error,
    ErrorKind, NewAction, NewMessage, OpenAiModel, Operation, Price, PriceTable, Retries, Role, SqliteStore, TimeLimits, Timestamp, Turn,
    TurnEvent, Usage, User, UserId,
};
use serde_json::{Value, json};

use server::{Act, Server, chunk, chunks_end, head_of, response, stream, stream_head};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Anthropic,
    OpenAi,
}
use Protocol::{Anthropic, OpenAi};

#[path = "support/ran.rs"]
mod ran;
use ran::ran;

const BOTH: [Protocol; 2] = [Anthropic, OpenAi];

/// What the model asks; it passes every check.
const QUESTION: &str = "Which step came closest to failing?";
const ANSWER: &str = "We ran the whole thing twice and it held up well.";
const KEY: &str = "sk-canary-1f9e";

impl Protocol {
    fn event(self, data: &Value) -> String {
        match self {
            Anthropic => format!("event: {}\ndata: {data}\n\n", data["type"].as_str().expect("every event has a type")),
            OpenAi => format!("data: {data}\n\n"),
        }
    }

    fn start(self) -> String {
        self.event(&match self {
            Anthropic => json!({"type": "message_start", "message": {"id": "msg_1", "role": "assistant", "content": [], "usage": {
                "input_tokens": 40, "cache_creation_input_tokens": 3, "cache_read_input_tokens": 2, "output_tokens": 1}}}),
            OpenAi => json!({"id": "c1", "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": null}]}),
        })
    }

    fn text(self, text: &str) -> String {
        match self {
            Anthropic => {
                let start = json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}});
                let delta = json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}});
                let stop = json!({"type": "content_block_stop", "index": 0});
                [start, delta, stop].map(|data| self.event(&data)).concat()
            }
            OpenAi => self.event(&json!({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}]})),
        }
    }

    fn end(self, reason: &str) -> String {
        match self {
            Anthropic => {
                let delta = json!({"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": 9}});
                self.event(&delta) + &self.event(&json!({"type": "message_stop"}))
            }
            OpenAi => {
                let finish = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]});
                let usage = json!({"choices": [], "usage": {"prompt_tokens": 45, "completion_tokens": 9,
                    "prompt_tokens_details": {"cached_tokens": 2}}});
                self.event(&finish) + &self.event(&usage) + "data: [DONE]\n\n"
            }
        }
    }

    /// The reason for a good end.
    fn good(self) -> &'static str {
        if self == Anthropic { "end_turn" } else { "stop" }
    }

    fn whole(self, text: &str) -> String {
        self.start() + &self.text(text) + &self.end(self.good())
    }

    /// An answer that is an error.
    fn error(self, status: u16, headers: &[(&str, &str)], error: &Value) -> Vec<Act> {
        let body = match self {
            Anthropic => json!({"type": "error", "error": error, "request_id": "req_7"}),
            OpenAi => json!({"error": error}),
        };
        let headers: Vec<_> = headers.iter().copied().chain([("content-type", "application/json"), ("x-request-id", "req_7")]).collect();
        response(status, &headers, &body.to_string())
    }
}

fn ok(protocol: Protocol) -> Vec<Act> {
    stream(&protocol.whole(QUESTION))
}

/// A coach whose model is at a server that plays a script, and a debrief that the guide has opened.
struct World {
    protocol: Protocol,
    server: Server,
    store: SqliteStore,
    coach: CompletionCoach,
    me: User,
    debrief: Debrief,
}

fn limits() -> TimeLimits {
    TimeLimits { answer: Duration::from_secs(3), idle: Duration::from_millis(400), overall: Duration::from_secs(5) }
}

fn model(protocol: Protocol, endpoint: Endpoint) -> Arc<dyn completion_coach::Model> {
    match protocol {
        Anthropic => Arc::new(AnthropicModel::new("model-1", endpoint).expect("the settings are sound")),
        OpenAi => Arc::new(OpenAiModel::new("model-1", endpoint).expect("the settings are sound")),
    }
}

impl World {
    async fn new(protocol: Protocol, answers: impl IntoIterator<Item = Vec<Act>>) -> Self {
        Self::with(protocol, answers, |endpoint| endpoint, |builder| builder).await
    }

    async fn with(
        protocol: Protocol,
        answers: impl IntoIterator<Item = Vec<Act>>,
        endpoint: impl FnOnce(Endpoint) -> Endpoint,
        settings: impl FnOnce(Builder) -> Builder,
    ) -> Self {
        let server = Server::start(answers).await;
        let key = Credentials::key(KEY).expect("a key");
        let model = model(protocol, endpoint(Endpoint::new(server.url(), key).time_limits(limits())));
        let store = SqliteStore::in_memory().expect("a store in memory opens");
        let coach = settings(CompletionCoach::shared(Arc::new(store.clone()), model)).build().expect("the settings are sound");
        let me = coach.user("me");
        me.record_done(NewAction::new("build_tools", "A linter").id("run-1")).await.expect("it fits");
        me.consent(&coach.disclosure("en")).await.expect("this is what is configured");
        let debrief = me.debrief("run-1");
        debrief.open().await.expect("it opens").reply().await.expect("the guide asks at once");
        Self { protocol, server, store, coach, me, debrief }
    }

    async fn say(&self) -> completion_coach::Result<Turn> {
        self.debrief.stream(NewMessage::typed(ANSWER).id("m-1")).await
    }

    /// The texts of the thread after the opening.
    async fn stored(&self) -> Vec<(Role, String)> {
        let page = self.debrief.messages(50, None).await.expect("it can be read");
        page.messages.into_iter().skip(1).map(|message| (message.role, message.text)).collect()
    }

    async fn attempts(&self) -> Vec<Attempt> {
        use completion_coach::ActionStore;
        let attempts = self.store.attempts(&UserId::new("me"), Timestamp::MIN, Timestamp::MAX).await.expect("they can be read");
        attempts.into_iter().filter(|attempt| attempt.provider == "127.0.0.1").collect()
    }

    /// After a turn that failed: the user's words are there once, nothing of a reply, the attempt says why; and resuming answers them.
    async fn nothing_of_it_is_kept(&self, name: &str, error: &Error) {
        let (protocol, said) = (self.protocol, (Role::User, ANSWER.to_owned()));
        assert_eq!(self.stored().await, std::slice::from_ref(&said), "{protocol:?} {name}");
        assert_eq!(self.debrief.state().await.expect("it has one"), DebriefState::Pending, "{protocol:?} {name}");
        let [attempt] = &self.attempts().await[..] else { panic!("{protocol:?} {name}: one attempt") };
        let failed = (AttemptStatus::Failed, Some(error.kind()), Some(attempt.usage.requests));
        assert_eq!((attempt.status, attempt.error, error.attempts()), failed, "{protocol:?} {name}");
        self.server.play(ok(protocol));
        let reply = self.debrief.resume().await.expect("it is pending").reply().await.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((reply.message.text.as_str(), reply.exchange), (QUESTION, 1), "{protocol:?} {name}");
        assert_eq!(self.stored().await, [said, (Role::Assistant, QUESTION.to_owned())], "{protocol:?} {name}");
    }
}

/// What a failed turn's error must be.
struct Expected {
    kind: ErrorKind,
    attempts: u32,
    wait: Option<Duration>,
    permanent: bool,
}

const fn error(kind: ErrorKind, attempts: u32) -> Expected {
    let permanent = matches!(kind, ErrorKind::RequestRejected | ErrorKind::Unauthorised);
    Expected { kind, attempts, wait: None, permanent }
}

async fn fails(protocol: Protocol, name: &str, answers: Vec<Vec<Act>>, expected: Expected) -> World {
    let world = World::new(protocol, answers).await;
    let error = world.say().await.expect("it is stored").reply().await.expect_err(name);
    let found = (error.kind(), error.attempts(), error.retry_after(), error.is_permanent());
    let wanted = (expected.kind, Some(expected.attempts), expected.wait, expected.permanent);
    assert_eq!(found, wanted, "{protocol:?} {name}: {error}");
    assert_eq!(world.server.seen().len(), expected.attempts as usize, "{protocol:?} {name}");
    world.nothing_of_it_is_kept(name, &error).await;
    world
}

async fn succeeds(protocol: Protocol, name: &str, answers: Vec<Vec<Act>>, text: &str) -> World {
    let world = World::new(protocol, answers).await;
    let reply = world.say().await.expect("it is stored").reply().await.unwrap_or_else(|error| panic!("{protocol:?} {name}: {error}"));
    assert_eq!(reply.message.text, text, "{protocol:?} {name}");
    assert_eq!(world.stored().await, [(Role::User, ANSWER.to_owned()), (Role::Assistant, text.to_owned())], "{protocol:?} {name}");
    let [attempt] = &world.attempts().await[..] else { panic!("{protocol:?} {name}: one attempt") };
    assert_eq!((attempt.status, attempt.usage.requests as usize), (AttemptStatus::Done, world.server.seen().len()), "{protocol:?} {name}");
    world
}

#[tokio::test]
async fn case_1_a_stream_that_ends_in_good_order_before_its_end_event_is_incomplete() {
    for protocol in BOTH {
        let half = protocol.start() + &protocol.text("Which step came clo");
        let only_usage = protocol.event(&json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "choices": []}));
        for (name, events) in
            [("half", half.clone()), ("no stop", half + &only_usage), ("only a start", protocol.start()), ("nothing", String::new())]
        {
            fails(protocol, name, vec![stream(&events)], error(ErrorKind::ReplyIncomplete, 1)).await;
        }
        // The same without chunks, where the end of the connection is the end of the body.
        let until_closed = vec![
            Act::Send(head_of(200, &[("content-type", "text/event-stream"), ("connection", "close")])),
            Act::Send((protocol.start() + &protocol.text("Which step")).into_bytes()),
        ];
        fails(protocol, "until closed", vec![until_closed], error(ErrorKind::ReplyIncomplete, 1)).await;
    }
}

/// An error inside a stream, as each protocol's servers send it.
fn in_stream(protocol: Protocol, kind: &str) -> String {
    protocol.event(&match protocol {
        Anthropic => json!({"type": "error", "error": {"type": kind, "message": "no"}}),
        OpenAi => json!({"error": {"type": kind, "message": "no", "code": null}}),
    })
}

#[tokio::test]
async fn case_2_an_error_event_under_200_is_named_by_its_type_and_retried_only_if_nothing_was_handed_on() {
    for protocol in BOTH {
        let kinds = [
            ("overloaded_error", ErrorKind::ModelUnavailable),
            ("rate_limit_error", ErrorKind::ModelUnavailable),
            ("a_new_error", ErrorKind::ModelUnavailable),
            ("invalid_request_error", ErrorKind::RequestRejected),
            ("authentication_error", ErrorKind::Unauthorised),
            ("permission_error", ErrorKind::Unauthorised),
        ];
        for (kind, expected) in kinds {
            let after_text = stream(&(protocol.start() + &protocol.text("Which step") + &in_stream(protocol, kind)));
            fails(protocol, kind, vec![after_text], error(expected, 1)).await;
        }
        for events in [protocol.start() + &in_stream(protocol, "overloaded_error"), in_stream(protocol, "overloaded_error")] {
            succeeds(protocol, "an error first", vec![stream(&events), ok(protocol)], QUESTION).await;
        }
    }
}

#[tokio::test]
async fn case_3_a_stall_ends_at_the_idle_limit_and_pings_do_not_outlast_the_whole_one() {
    for protocol in BOTH {
        let begun = chunk((protocol.start() + &protocol.text("Which step")).as_bytes());
        fails(protocol, "stall", vec![vec![stream_head(), begun.clone(), Act::Hang]], error(ErrorKind::ModelUnavailable, 1)).await;
        fails(protocol, "stall at once", vec![vec![stream_head(), Act::Hang]], error(ErrorKind::ModelUnavailable, 1)).await;
        let ping = if protocol == Anthropic { chunk(b"event: ping\ndata: {\"type\": \"ping\"}\n\n") } else { chunk(b": ping\n\n") };
        let pings = (0..200).flat_map(|_| [ping.clone(), Act::Wait(Duration::from_millis(50))]);
        let acts: Vec<_> = [stream_head(), begun].into_iter().chain(pings).collect();
        let began = Instant::now();
        let limits = TimeLimits { overall: Duration::from_millis(1_500), ..limits() };
        let world = World::with(protocol, [acts], |endpoint| endpoint.time_limits(limits), |builder| builder).await;
        let error = world.say().await.expect("it is stored").reply().await.expect_err("it never ends");
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::ModelUnavailable, Some(1)));
        assert!(began.elapsed() >= Duration::from_millis(1_500), "it went on while pings came");
        world.server.left(0).await;
        world.nothing_of_it_is_kept("pings", &error).await;
    }
}

#[tokio::test]
async fn limits_that_no_clock_can_add_up_are_none() {
    let never = TimeLimits { answer: Duration::MAX, idle: Duration::MAX, overall: Duration::MAX };
    for protocol in BOTH {
        let world = World::with(protocol, [ok(protocol)], |endpoint| endpoint.time_limits(never), |builder| builder).await;
        assert_eq!(world.say().await.expect("it is stored").reply().await.expect("an answer").message.text, QUESTION);
    }
}

#[tokio::test]
async fn case_4_a_reset_in_mid_stream_is_incomplete_and_never_replayed_after_content() {
    for protocol in BOTH {
        let begun = chunk((protocol.start() + &protocol.text("Which step")).as_bytes());
        let settle = Act::Wait(Duration::from_millis(100));
        let reset = vec![stream_head(), begun.clone(), settle.clone(), Act::Reset];
        fails(protocol, "reset", vec![reset], error(ErrorKind::ReplyIncomplete, 1)).await;
        fails(protocol, "cut", vec![vec![stream_head(), begun]], error(ErrorKind::ReplyIncomplete, 1)).await;
        // Nothing was handed on, so it is asked again.
        let silent = vec![stream_head(), chunk(protocol.start().as_bytes()), settle, Act::Reset];
        succeeds(protocol, "reset before content", vec![silent, ok(protocol)], QUESTION).await;
        succeeds(protocol, "reset before a head", vec![vec![Act::Reset], ok(protocol)], QUESTION).await;
    }
}

#[tokio::test]
async fn case_5_overload_backs_off_as_the_server_asks_and_says_how_often_it_was_tried() {
    let soon = [("retry-after-ms", "20")];
    for protocol in BOTH {
        let busy = json!({"type": "overloaded_error", "message": "busy"});
        let refusal = |status, headers: &[(&str, &str)]| protocol.error(status, headers, &busy);
        for status in [408, 409, 429, 500, 502, 503, 504, 529] {
            succeeds(protocol, "once", vec![refusal(status, &soon), ok(protocol)], QUESTION).await;
        }
        let asked = Some(Duration::from_millis(20));
        let expected = Expected { wait: asked, ..error(ErrorKind::ModelUnavailable, 3) };
        fails(protocol, "three times", vec![refusal(529, &soon); 3], expected).await;
        // A server that asks for more than is waited is believed at once.
        let expected = Expected { wait: Some(Duration::from_secs(90)), ..error(ErrorKind::ModelUnavailable, 1) };
        fails(protocol, "long", vec![refusal(429, &[("retry-after", "90")])], expected).await;
        // It can forbid a retry, or ask for one.
        fails(protocol, "forbidden", vec![refusal(529, &[("x-should-retry", "false")])], error(ErrorKind::ModelUnavailable, 1)).await;
        let wanted = protocol.error(404, &[("x-should-retry", "true"), soon[0]], &json!({"type": "not_found_error", "message": "no"}));
        succeeds(protocol, "wanted", vec![wanted, ok(protocol)], QUESTION).await;
        // Without a hint it backs off by itself: half a second, less a quarter at most.
        let began = Instant::now();
        succeeds(protocol, "no hint", vec![refusal(529, &[]), ok(protocol)], QUESTION).await;
        assert!(began.elapsed() >= Duration::from_millis(375));
        // A status with a page in place of an error.
        let page = response(502, &[("content-type", "text/html"), soon[0]], "<html>bad gateway</html>");
        succeeds(protocol, "a gateway's page", vec![page, ok(protocol)], QUESTION).await;
    }
}

#[tokio::test]
async fn case_6_a_spend_limit_is_not_tried_again() {
    for protocol in BOTH {
        let (status, limit) = match protocol {
            Anthropic => (429, json!({"type": "rate_limit_error", "message": "no", "details": {"error_code": "spend_limit_reached"}})),
            OpenAi => (429, json!({"type": "insufficient_quota", "code": "insufficient_quota", "message": "no"})),
        };
        let expected = || Expected { permanent: true, ..error(ErrorKind::ModelUnavailable, 1) };
        fails(protocol, "limit", vec![protocol.error(status, &[], &limit)], expected()).await;
        fails(protocol, "billing", vec![protocol.error(402, &[], &json!({"type": "billing_error", "message": "no"}))], expected()).await;
    }
    // With a hint it is an ordinary limit, whatever its code.
    let limited = json!({"type": "rate_limit_error", "message": "no", "details": {"error_code": "tokens_per_minute"}});
    let limited = Anthropic.error(429, &[("retry-after-ms", "20")], &limited);
    succeeds(Anthropic, "a rate", vec![limited, ok(Anthropic)], QUESTION).await;
}

#[tokio::test]
async fn cases_7_to_9_characters_and_line_ends_may_be_cut_anywhere_and_a_mark_may_come_first() {
    let text = "Which step came closest to a débâcle — 🎈 か?";
    for protocol in BOTH {
        let whole = protocol.whole(text);
        let crlf = whole.replace('\n', "\r\n");
        let marked = format!("\u{feff}{whole}");
        let cr = whole.replace('\n', "\r");
        for (name, events) in [("lf", &whole), ("crlf", &crlf), ("cr", &cr), ("mark", &marked)] {
            for size in [1, 2, 3, 7] {
                let chunks = events.as_bytes().chunks(size).map(chunk);
                let acts = [stream_head()].into_iter().chain(chunks).chain([chunks_end()]).collect();
                succeeds(protocol, name, vec![acts], text).await;
            }
        }
    }
}

#[tokio::test]
async fn case_10_what_is_not_known_is_passed_over() {
    let unknown = |data: Value| Anthropic.event(&data);
    let events = Anthropic.start()
        + "event: vertex_event\ndata: not json\n\n"
        + &unknown(json!({"type": "a_new_event", "index": 0, "x": [1]}))
        + &unknown(json!({"type": "ping"}))
        + &unknown(json!({"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}}))
        + &unknown(json!({"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "They are vain."}}))
        + &unknown(json!({"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "c2ln"}}))
        + &unknown(json!({"type": "content_block_stop", "index": 0}))
        + &unknown(json!({"type": "content_block_start", "index": 1, "content_block": {"type": "redacted_thinking", "data": "x"}}))
        + &unknown(json!({"type": "content_block_stop", "index": 1}))
        + &unknown(json!({"type": "content_block_start", "index": 2, "content_block": {"type": "a_new_block", "text": "no"}}))
        + &unknown(json!({"type": "content_block_delta", "index": 2, "delta": {"type": "text_delta", "text": "no"}}))
        + &unknown(json!({"type": "content_block_stop", "index": 2}))
        + &unknown(json!({"type": "content_block_start", "index": 3, "content_block": {"type": "text", "text": "Which "}}))
        + &unknown(json!({"type": "content_block_delta", "index": 3, "delta": {"type": "citations_delta", "citation": {}}}))
        + &unknown(json!({"type": "content_block_delta", "index": 3, "delta": {"type": "text_delta", "text": "step?"}}))
        + &unknown(json!({"type": "content_block_stop", "index": 3}))
        + &unknown(json!({"type": "message_delta", "delta": {"stop_reason": null}, "usage": {}}))
        + &Anthropic.end("end_turn");
    succeeds(Anthropic, "unknown", vec![stream(&events)], "Which step?").await;

    let chunk = |delta: Value| OpenAi.event(&json!({"choices": [{"index": 0, "delta": delta, "finish_reason": null}], "x": 1}));
    let events = ": a comment\n\nid: 7\nretry: 10\n\n".to_owned()
        + &OpenAi.start()
        + &chunk(json!({"reasoning_content": "They are vain."}))
        + &chunk(json!({"reasoning": "Vain.", "content": null}))
        + &chunk(json!({"content": [{"type": "thinking", "text": "no"}, {"type": "text", "text": "Which "}]}))
        + &chunk(json!({"content": "step?", "audio": {}}))
        + &OpenAi.event(&json!({"choices": [{"index": 0, "delta": {}, "finish_reason": ""}]}))
        + &OpenAi.end("stop");
    succeeds(OpenAi, "unknown", vec![stream(&events)], "Which step?").await;

    for protocol in BOTH {
        let events = protocol.start() + &protocol.text("Which step?") + &protocol.end("a_new_reason");
        fails(protocol, "a reason", vec![stream(&events)], error(ErrorKind::ReplyIncomplete, 1)).await;
    }
}

#[tokio::test]
async fn case_11_a_limit_in_the_middle_is_an_error_and_never_half_a_value() {
    for (protocol, reasons) in [(Anthropic, &["max_tokens", "model_context_window_exceeded"][..]), (OpenAi, &["length"])] {
        for reason in reasons {
            let events = protocol.start() + &protocol.text("Which step came clo") + &protocol.end(reason);
            fails(protocol, reason, vec![stream(&events)], error(ErrorKind::ReplyIncomplete, 1)).await;
        }
        // In the arguments of a tool, whose block is never closed: no signal of it is kept.
        let cut_call = match protocol {
            Anthropic => {
                let start = json!({"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use", "name": "tell_app", "input": {}}});
                let delta = json!({"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "{\"hand_over\": tr"}});
                Anthropic.event(&start) + &Anthropic.event(&delta)
            }
            OpenAi => OpenAi.event(&json!({"choices": [{"index": 0, "delta": {"tool_calls": [
                {"index": 0, "id": "c1", "function": {"name": "tell_app", "arguments": "{\"hand_over\": tr"}}]}}]})),
        };
        let events = protocol.start() + &protocol.text(QUESTION) + &cut_call + &protocol.end(reasons[0]);
        fails(protocol, "in a call", vec![stream(&events)], error(ErrorKind::ReplyIncomplete, 1)).await;
        // In a proposal: none is made of it, and a whole one can be asked for.
        let world = World::new(protocol, [ok(protocol)]).await;
        world.say().await.expect("it is stored").reply().await.expect("a reply");
        world.debrief.stop().await.expect("it can be stopped");
        let half = format!(r#"{{"items":[{{"field":"skills","value":"Linters","message":2,"quote":"{ANSWER}"}},{{"fie"#);
        world.server.play(stream(&(protocol.start() + &protocol.text(&half) + &protocol.end(reasons[0]))));
        let error = world.debrief.propose().await.expect_err("it was cut");
        assert_eq!(error.kind(), ErrorKind::ReplyIncomplete);
        let whole = format!(r#"{{"items":[{{"field":"insights","value":"it held up well","message":2,"quote":"{ANSWER}"}}]}}"#);
        world.server.play(stream(&protocol.whole(&whole)));
        assert_eq!(world.debrief.propose().await.expect("whole").items.len(), 1, "{protocol:?}");
    }
}

#[tokio::test]
async fn case_12_a_refusal_is_a_kind_of_its_own_and_leaves_nothing() {
    let empty =
        Anthropic.start() + &Anthropic.event(&json!({"type": "message_delta", "delta": {"stop_reason": "refusal", "stop_details": {}}}));
    let empty = empty + &Anthropic.event(&json!({"type": "message_stop"}));
    let late = Anthropic.start() + &Anthropic.text("I can") + &Anthropic.end("refusal");
    let filtered = OpenAi.start() + &OpenAi.end("content_filter");
    let said = OpenAi.start() + &OpenAi.event(&json!({"choices": [{"delta": {"refusal": "I cannot"}}]})) + &OpenAi.end("stop");
    for (protocol, events) in [(Anthropic, empty), (Anthropic, late), (OpenAi, filtered), (OpenAi, said)] {
        fails(protocol, "refused", vec![stream(&events)], error(ErrorKind::ModelRefused, 1)).await;
    }
}

#[tokio::test]
async fn cases_13_and_14_usage_is_cumulative_or_absent_and_may_come_on_any_chunk() {
    let used = |input, output, read, write| Usage {
        requests: 1,
        input_tokens: input,
        output_tokens: output,
        cache_read_tokens: read,
        cache_write_tokens: write,
    };
    let delta = |usage: Value| Anthropic.event(&json!({"type": "message_delta", "delta": {}, "usage": usage}));
    let several = Anthropic.start()
        + &delta(json!({"output_tokens": 5}))
        + &Anthropic.text(QUESTION)
        + &delta(json!({"output_tokens": 7, "input_tokens": 41}))
        + &Anthropic.end("end_turn");
    let bare = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{}}\n\n".to_owned()
        + &Anthropic.text(QUESTION)
        + &Anthropic.event(&json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}}))
        + &Anthropic.event(&json!({"type": "message_stop"}));
    let finish = OpenAi.event(&json!({"choices": [{"delta": {}, "finish_reason": "stop"}]}));
    let on_every = OpenAi
        .event(&json!({"choices": [{"delta": {"content": QUESTION}}], "usage": {"prompt_tokens": 4, "completion_tokens": 1}}))
        + &OpenAi
            .event(&json!({"choices": [{"delta": {}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 4, "completion_tokens": 9}}));
    let null = OpenAi.event(&json!({"choices": [{"delta": {"content": QUESTION}}], "usage": null})) + &finish;
    for (protocol, name, events, expected) in [
        (Anthropic, "cumulative", several, used(41, 9, 2, 3)),
        (Anthropic, "absent", bare, used(0, 0, 0, 0)),
        (OpenAi, "own chunk", OpenAi.whole(QUESTION), used(43, 9, 2, 0)),
        (OpenAi, "every chunk, no [DONE]", on_every, used(4, 9, 0, 0)),
        (OpenAi, "null", null, used(0, 0, 0, 0)),
    ] {
        let world = succeeds(protocol, name, vec![stream(&events)], QUESTION).await;
        assert_eq!(world.attempts().await[0].usage, expected, "{name}");
    }
    // A failed request is paid for as well, and so is the one after it.
    let failed = Anthropic.start() + &in_stream(Anthropic, "overloaded_error");
    let world = succeeds(Anthropic, "twice", vec![stream(&failed), ok(Anthropic)], QUESTION).await;
    assert_eq!(world.attempts().await[0].usage, Usage { requests: 2, ..used(80, 10, 4, 6) });
}

#[tokio::test]
async fn case_14_a_signal_is_read_however_its_call_is_cut() {
    let call = |part: Value| OpenAi.event(&json!({"choices": [{"index": 0, "delta": {"tool_calls": [part]}, "finish_reason": null}]}));
    let name = "tell_app";
    let shapes = [
        // Parts with an index, one without, a reused index with a new id, all at once, an object.
        call(json!({"index": 0, "id": "a", "function": {"name": name, "arguments": ""}}))
            + &call(json!({"index": 0, "function": {"arguments": "{\"outcome\": "}}))
            + &call(json!({"index": 0, "function": {"arguments": "\"mixed\"}"}})),
        call(json!({"id": "a", "function": {"name": name, "arguments": "{\"outcome\""}}))
            + &call(json!({"function": {"arguments": ": \"mixed\"}"}})),
        call(json!({"index": 7, "id": "a", "function": {"name": "other", "arguments": "{}"}}))
            + &call(json!({"index": 7, "id": "b", "function": {"name": name, "arguments": "{\"outcome\": \"mixed\"}"}})),
        call(json!({"id": "a", "function": {"name": name, "arguments": "{\"outcome\": \"mixed\"}"}})),
        call(json!({"id": "a", "function": {"name": name, "arguments": {"outcome": "mixed"}}})),
    ];
    for shape in shapes {
        let events = OpenAi.start() + &OpenAi.text(QUESTION) + &shape + &OpenAi.end("tool_calls");
        let world = succeeds(OpenAi, "call", vec![stream(&events)], QUESTION).await;
        assert_eq!(world.debrief.recap().await.expect("a recap").outcome, Some(completion_coach::Outcome::Mixed));
    }
    let block = |input: Value| json!({"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use", "name": name, "input": input}});
    let part = |json: &str| json!({"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": json}});
    let stop = json!({"type": "content_block_stop", "index": 1});
    let shapes = [
        [block(json!({})), part(""), part("{\"outcome\": \"mi"), part("xed\"}"), stop.clone()].map(|data| Anthropic.event(&data)).concat(),
        [block(json!({"outcome": "mixed"})), stop].map(|data| Anthropic.event(&data)).concat(),
    ];
    for shape in shapes {
        let events = Anthropic.start() + &Anthropic.text(QUESTION) + &shape + &Anthropic.end("tool_use");
        let world = succeeds(Anthropic, "call", vec![stream(&events)], QUESTION).await;
        assert_eq!(world.debrief.recap().await.expect("a recap").outcome, Some(completion_coach::Outcome::Mixed));
    }
}

#[tokio::test]
async fn a_signal_without_words_is_answered_with_a_request_for_words() {
    for protocol in BOTH {
        let signal = match protocol {
            Anthropic => {
                let start = json!({"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "name": "tell_app", "input": {"outcome": "failure"}}});
                Anthropic.event(&start) + &Anthropic.event(&json!({"type": "content_block_stop", "index": 0})) + &Anthropic.end("tool_use")
            }
            OpenAi => {
                let call = json!({"id": "a", "function": {"name": "tell_app", "arguments": "{\"outcome\": \"failure\"}"}});
                OpenAi.event(&json!({"choices": [{"delta": {"tool_calls": [call]}}]})) + &OpenAi.end("tool_calls")
            }
        };
        let world = succeeds(protocol, "signal first", vec![stream(&(protocol.start() + &signal)), ok(protocol)], QUESTION).await;
        assert_eq!(world.debrief.recap().await.expect("a recap").outcome, Some(completion_coach::Outcome::Failure));
        let seen = world.server.seen();
        let choice = if protocol == Anthropic { json!({"type": "none"}) } else { json!("none") };
        assert_eq!((&seen[0].body["tool_choice"], &seen[1].body["tool_choice"]), (&Value::Null, &choice));
        assert_eq!(seen[0].body["tools"], seen[1].body["tools"], "a cached prefix stays the same");
    }
}

#[tokio::test]
async fn case_15_errors_inside_a_200_have_many_shapes_and_an_empty_200_is_none() {
    let shapes = [
        "data: {\"error\": {\"code\": 503, \"message\": \"loading\"}}\n\n",
        "data: {\"error\": \"overloaded\"}\n\n",
        "error: {\"code\":500,\"message\":\"broken\",\"type\":\"server_error\"}\n\n",
        "event: error\ndata: {\"message\": \"broken\"}\n\n",
        "event: error\ndata: broken\n\n",
        "data: {\"error_type\": \"overloaded_error\", \"error_message\": \"busy\"}\n\n",
        "data: {\"object\": \"error\", \"message\": \"broken\", \"code\": 500}\n\n",
    ];
    for shape in shapes {
        let events = OpenAi.start() + &OpenAi.text("Which") + shape;
        fails(OpenAi, shape, vec![stream(&events)], error(ErrorKind::ModelUnavailable, 1)).await;
        succeeds(OpenAi, shape, vec![stream(shape), ok(OpenAi)], QUESTION).await;
    }
    let too_long = "data: {\"error\": {\"code\": \"context_length_exceeded\", \"type\": \"invalid_request_error\"}}\n\n";
    fails(OpenAi, "too long", vec![stream(too_long)], error(ErrorKind::RequestRejected, 1)).await;
    let empty_end = OpenAi.start() + &OpenAi.event(&json!({"choices": [{"delta": {}, "finish_reason": "stop"}]}));
    fails(OpenAi, "nothing said", vec![stream(&empty_end)], error(ErrorKind::ReplyIncomplete, 1)).await;
    for protocol in BOTH {
        fails(protocol, "blank", vec![stream(&protocol.whole(" \n"))], error(ErrorKind::ReplyIncomplete, 1)).await;
        let garbled = protocol.start() + "data: {\"choices\": [{\"del\n\n";
        fails(protocol, "garbled", vec![stream(&garbled)], error(ErrorKind::ReplyIncomplete, 1)).await;
        // An error in a body that is no stream.
        let body = protocol.error(200, &[], &json!({"type": "overloaded_error", "message": "busy"}));
        succeeds(protocol, "no stream", vec![body, ok(protocol)], QUESTION).await;
    }
}

#[tokio::test]
async fn case_16_a_page_in_place_of_an_answer_is_the_networks() {
    for protocol in BOTH {
        let page = response(200, &[("content-type", "text/html; charset=utf-8")], "<html>Sign in to the hotel's network</html>");
        let world = fails(protocol, "page", vec![page.clone()], error(ErrorKind::ModelUnavailable, 1)).await;
        drop(world);
        // With the fallback the guide asks in its place, and says who wrote it.
        let world = World::with(protocol, [page, ok(protocol)], |endpoint| endpoint, |builder| builder.offline_fallback(true)).await;
        let reply = world.say().await.expect("it is stored").reply().await.expect("the guide asks");
        let author = |reply: completion_coach::Reply| reply.message.author.map(|author| author.provider);
        assert_eq!(author(reply).as_deref(), Some("guide"));
        let reply = world.debrief.send(NewMessage::typed("It was the parser.")).await.expect("the model is back");
        assert_eq!(author(reply).as_deref(), Some("127.0.0.1"));
    }
}

#[tokio::test]
async fn case_17_a_redirect_is_not_followed_and_no_key_reaches_the_other_address() {
    for protocol in BOTH {
        for status in [301, 302, 303, 307, 308] {
            let other = Server::start([ok(protocol)]).await;
            let target = format!("{}/v1/messages", other.url());
            let redirect = response(status, &[("location", &target)], "");
            fails(protocol, "redirect", vec![redirect], error(ErrorKind::RequestRejected, 1)).await;
            assert_eq!(other.connections(), 0, "{status}");
        }
    }
}

mod tokens {
    //! A source of short-lived tokens.

    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use completion_coach::{Result, Secret, TokenSource};

    #[derive(Debug, Clone, Default)]
    pub(super) struct Tokens(pub(super) Arc<(AtomicU32, AtomicU32)>);

    #[async_trait::async_trait]
    impl TokenSource for Tokens {
        async fn token(&self) -> Result<Secret> {
            self.0.0.fetch_add(1, Ordering::SeqCst);
            Ok(Secret::new(format!("token-{}", self.0.1.load(Ordering::SeqCst))))
        }

        async fn invalidate(&self, refused: &Secret) {
            assert_eq!(refused.expose(), format!("token-{}", self.0.1.fetch_add(1, Ordering::SeqCst)));
        }
    }
}

#[tokio::test]
async fn case_18_an_expired_token_is_replaced_once_and_a_key_never() {
    for protocol in BOTH {
        let refused = || protocol.error(401, &[], &json!({"type": "authentication_error", "message": "expired"}));
        fails(protocol, "a key", vec![refused()], error(ErrorKind::Unauthorised, 1)).await;

        let source = tokens::Tokens::default();
        let with = |source: &tokens::Tokens| {
            let credentials = Credentials::source(source.clone());
            move |endpoint: Endpoint| endpoint.credentials(credentials)
        };
        let world = World::with(protocol, [refused(), ok(protocol)], with(&source), |builder| builder).await;
        let reply = world.say().await.expect("it is stored").reply().await.expect("the new token is good");
        assert_eq!(reply.message.text, QUESTION);
        let sent: Vec<_> = world.server.seen().iter().filter_map(|seen| seen.header("authorization").map(str::to_owned)).collect();
        assert_eq!(sent, ["Bearer token-0", "Bearer token-1"]);

        let source = tokens::Tokens::default();
        let world = World::with(protocol, [refused(), refused()], with(&source), |builder| builder).await;
        let error = world.say().await.expect("it is stored").reply().await.expect_err("refused twice");
        assert_eq!((error.kind(), error.attempts(), error.request_id()), (ErrorKind::Unauthorised, Some(2), Some("req_7")));
        world.nothing_of_it_is_kept("refused twice", &error).await;
    }
    ran("own_tokens");
}

#[tokio::test]
async fn case_19_dropping_or_cancelling_a_turn_closes_its_connection_at_once() {
    for protocol in BOTH {
        let begun = chunk((protocol.start() + &protocol.text("Which step")).as_bytes());
        let slow = vec![stream_head(), begun, Act::Wait(Duration::from_secs(10)), chunk(protocol.text("came").as_bytes())];
        for how in ["dropped", "aborted", "cancelled", "before a head"] {
            let acts = if how == "before a head" { vec![Act::Hang] } else { slow.clone() };
            let limits = TimeLimits { idle: Duration::from_secs(30), answer: Duration::from_secs(30), ..limits() };
            let settings = |builder: Builder| builder.delivery(Delivery::Live);
            let world = World::with(protocol, [acts], |endpoint| endpoint.time_limits(limits), settings).await;
            let mut turn = world.say().await.expect("it is stored");
            if how == "before a head" {
                let waited = tokio::time::timeout(Duration::from_millis(200), turn.next()).await;
                assert!(waited.is_err() && world.server.seen().len() == 1);
            } else {
                assert_eq!(turn.next().await.expect("a piece").expect("a piece"), TurnEvent::Text("Which step".into()));
            }
            let began = Instant::now();
            if how == "cancelled" {
                turn.canceller().cancel();
                assert_eq!(turn.reply().await.expect_err("it was cancelled").kind(), ErrorKind::Cancelled);
            } else if how == "aborted" {
                let waiting = tokio::spawn(turn.reply());
                tokio::time::sleep(Duration::from_millis(20)).await;
                waiting.abort();
                assert!(waiting.await.expect_err("nobody waits").is_cancelled());
            } else {
                drop(turn);
            }
            let left = tokio::time::timeout(Duration::from_secs(5), world.server.left(0)).await.expect("before its next piece");
            let _ = writeln!(std::io::stderr(), "{protocol:?}, {how}: the server saw it after {:?}", left.saturating_duration_since(began));
            // What was used is recorded with whatever comes next, and what was said is answered.
            assert_eq!(world.stored().await, [(Role::User, ANSWER.to_owned())]);
            world.server.play(ok(protocol));
            let reply = world.debrief.resume().await.expect("its thread is free at once").reply().await.expect("a reply");
            assert_eq!((reply.message.text.as_str(), world.stored().await.len()), (QUESTION, 2));
            let attempts = world.attempts().await;
            let statuses: Vec<_> = attempts.iter().map(|attempt| (attempt.status, attempt.usage.requests)).collect();
            let ended = if how == "cancelled" { AttemptStatus::Cancelled } else { AttemptStatus::Abandoned };
            assert!(
                matches!(&statuses[..], [(first, 1), (AttemptStatus::Done, 1)] if *first == ended || *first == AttemptStatus::Cancelled),
                "{statuses:?}"
            );
        }
    }
    ran("streaming");
    ran("cancel_loop");
    ran("cancel_task");
    ran("cancel_drop");
}

#[tokio::test]
async fn a_message_that_is_sent_again_is_asked_for_once() {
    for protocol in BOTH {
        let world = succeeds(protocol, "once", vec![ok(protocol)], QUESTION).await;
        let again = world.say().await.expect("it is known").reply().await.expect("the stored reply");
        assert_eq!((again.message.text.as_str(), world.server.seen().len()), (QUESTION, 1));
    }
}

#[tokio::test]
async fn connections_are_used_again_and_one_that_was_closed_meanwhile_is_replaced() {
    for protocol in BOTH {
        let kept = |events: &str| [stream(events), vec![Act::Keep]].concat();
        let first = [kept(&protocol.whole(QUESTION)), vec![Act::Reset], kept(&protocol.whole("What would you change?"))];
        let world = World::new(protocol, [first[0].clone(), first[2].clone()]).await;
        world.say().await.expect("it is stored").reply().await.expect("a reply");
        world.debrief.send(NewMessage::typed("It was the parser.")).await.expect("a reply");
        assert_eq!(world.server.connections(), 1, "{protocol:?}");
        // The server closes the idle connection when the next request is on its way.
        let world = World::new(protocol, first).await;
        world.say().await.expect("it is stored").reply().await.expect("a reply");
        world.debrief.send(NewMessage::typed("It was the parser.")).await.expect("it is asked again");
        let connections: Vec<_> = world.server.seen().iter().map(|seen| seen.connection).collect();
        assert_eq!(connections, [1, 1, 2], "{protocol:?}");
        assert_eq!(world.stored().await.len(), 4);
    }
}

#[tokio::test]
async fn nothing_is_sent_without_consent_and_withdrawing_it_ends_the_turn() {
    for protocol in BOTH {
        let begun = chunk((protocol.start() + &protocol.text("Which step")).as_bytes());
        let settings = |builder: Builder| builder.delivery(Delivery::Live);
        let world = World::with(protocol, [vec![stream_head(), begun, Act::Hang]], |endpoint| endpoint, settings).await;
        let mut turn = world.say().await.expect("it is stored");
        turn.next().await.expect("a piece").expect("a piece");
        world.me.withdraw_consent().await.expect("it can be withdrawn");
        assert_eq!(turn.reply().await.expect_err("consent was withdrawn").kind(), ErrorKind::Cancelled);
        world.server.left(0).await;
        let refused = world.debrief.resume().await.expect_err("there is no consent");
        assert_eq!((refused.kind(), world.server.connections()), (ErrorKind::ConsentNeeded, 1));
        // Another address is another disclosure, to which nobody agreed.
        world.me.consent(&world.coach.disclosure("en")).await.expect("this is what is configured");
        let other = Server::start([ok(protocol)]).await;
        let endpoint = Endpoint::new(other.url(), Credentials::none());
        let coach = CompletionCoach::shared(Arc::new(world.store.clone()), model(protocol, endpoint)).build().expect("sound");
        let refused = coach.user("me").debrief("run-1").take_over().await.expect_err("nobody agreed to this address");
        assert_eq!((refused.kind(), other.connections()), (ErrorKind::ConsentNeeded, 0));
        let disclosure = coach.disclosure("en");
        assert!(disclosure.is_ai && disclosure.text.contains(&other.url()) && disclosure.text.contains("model-1"), "{}", disclosure.text);
        coach.user("me").consent(&disclosure).await.expect("now they agree");
        let reply = coach.user("me").debrief("run-1").take_over().await.expect("agreed").reply().await.expect("a reply");
        assert_eq!(reply.message.text, QUESTION);
    }
    ran("consent");
}

#[tokio::test]
async fn a_server_without_schemas_or_tools_is_asked_for_less_and_that_is_remembered() {
    let refusal = || OpenAi.error(400, &[], &json!({"type": "invalid_request_error", "message": "unknown field"}));
    let world = World::new(OpenAi, [refusal(), ok(OpenAi), ok(OpenAi)]).await;
    world.say().await.expect("it is stored").reply().await.expect("without the tool");
    world.debrief.send(NewMessage::typed("It was the parser.")).await.expect("a reply");
    let tools: Vec<_> = world.server.seen().iter().map(|seen| seen.body["tools"].is_array()).collect();
    assert_eq!(tools, [true, false, false]);
    world.debrief.stop().await.expect("it can be stopped");
    let fenced =
        |quote: &str| format!("```json\n{}\n```", json!({"items": [{"field": "insights", "value": quote, "message": 2, "quote": quote}]}));
    for answer in [refusal(), refusal(), stream(&OpenAi.whole(&fenced(ANSWER)))] {
        world.server.play(answer);
    }
    let proposal = world.debrief.propose().await.expect("the prompt alone says what is wanted");
    assert_eq!(proposal.items.len(), 1);
    let formats: Vec<_> = world.server.seen()[3..].iter().map(|seen| seen.body["response_format"]["type"].clone()).collect();
    assert_eq!(formats, [json!("json_schema"), json!("json_object"), Value::Null]);
    // The requests that were refused count, and the next proposal begins with what was understood.
    assert_eq!(world.attempts().await.last().expect("an attempt").usage.requests, 3);
    world.debrief.reopen().await.expect("the guide asks again");
    world.server.play(ok(OpenAi));
    world.debrief.send(NewMessage::typed("We fixed it since then.")).await.expect("a reply");
    world.debrief.stop().await.expect("it can be stopped");
    world.server.play(stream(&OpenAi.whole(&fenced("We fixed it since then."))));
    world.debrief.propose().await.expect("it is understood at once");
    assert_eq!(world.attempts().await.last().expect("an attempt").usage.requests, 1);
    // What is wrong in another way is an error all the same.
    fails(OpenAi, "wrong", vec![refusal(), refusal()], error(ErrorKind::RequestRejected, 2)).await;
}

#[tokio::test]
async fn where_there_is_no_network_the_guide_asks_and_the_model_returns() {
    for protocol in BOTH {
        let closed = Server::start([]).await;
        let nowhere = closed.url();
        drop(closed);
        let (fallback, one) = (|builder: Builder| builder.offline_fallback(true), Retries { most: 0, ..Retries::default() });
        let server = Server::start([ok(protocol)]).await;
        let store = SqliteStore::in_memory().expect("a store in memory opens");
        let coach = |url: String| {
            let endpoint = Endpoint::new(url, Credentials::none()).provider("mine").retries(one);
            fallback(CompletionCoach::shared(Arc::new(store.clone()), model(protocol, endpoint))).build().expect("sound")
        };
        // Nobody has agreed: the guide asks, and nothing is sent.
        let (online, offline) = (coach(server.url()), coach(nowhere));
        online.user("me").record_done(NewAction::new("other", "A linter").id("run-1")).await.expect("it fits");
        let author = |reply: &completion_coach::Reply| reply.message.author.clone().map(|author| author.provider);
        let debrief = online.user("me").debrief("run-1");
        debrief.open().await.expect("it opens").reply().await.expect("the guide asks");
        let told = async |debrief: Debrief, text: &str| {
            let mut turn = debrief.stream(NewMessage::typed(text)).await.expect("it is stored");
            let first = turn.next().await.expect("an event").expect("an event");
            (first, turn.reply().await.expect("the guide asks"))
        };
        let (why, reply) = told(debrief.clone(), ANSWER).await;
        assert_eq!((why, author(&reply).as_deref()), (TurnEvent::StoodIn(ErrorKind::ConsentNeeded), Some("guide")));
        assert_eq!(server.connections(), 0);
        // Agreed, but there is no network: the guide asks, and the attempt says why.
        offline.user("me").consent(&offline.disclosure("en")).await.expect("they agree");
        let (why, reply) = told(offline.user("me").debrief("run-1"), "It was the parser.").await;
        assert_eq!((why, author(&reply).as_deref()), (TurnEvent::StoodIn(ErrorKind::ModelUnavailable), Some("guide")));
        let attempts = {
            use completion_coach::ActionStore;
            store.attempts(&UserId::new("me"), Timestamp::MIN, Timestamp::MAX).await.expect("they can be read")
        };
        let last = attempts.last().expect("an attempt");
        assert_eq!((last.status, last.error, last.provider.as_str()), (AttemptStatus::Failed, Some(ErrorKind::ModelUnavailable), "mine"));
        // The network is back, and so is the model.
        online.user("me").consent(&online.disclosure("en")).await.expect("they agree to this address as well");
        let reply = debrief.send(NewMessage::typed("I would ask the team first.")).await.expect("a reply");
        assert_eq!((author(&reply).as_deref(), reply.message.text.as_str()), (Some("mine"), QUESTION));
    }
}

#[tokio::test]
async fn what_a_user_used_is_priced_by_operation_and_model_over_a_period() {
    let spent = [response(429, &[("retry-after-ms", "5")], "{}"), ok(Anthropic)];
    let world = World::with(
        Anthropic,
        spent,
        |endpoint| endpoint,
        |builder| {
            builder.prices(PriceTable {
                as_of: "2026-11-24".into(),
                prices: vec![Price {
                    provider: "127.0.0.1".into(),
                    model: "model-1".into(),
                    up_to: None,
                    input: 1_000_000,
                    output: 10_000_000,
                    cache_read: 100_000,
                    cache_write: 2_000_000,
                }],
            })
        },
    )
    .await;
    world.say().await.expect("it is stored").reply().await.expect("a reply");
    world.debrief.stop().await.expect("it can be stopped");
    world.server.play(stream(&(Anthropic.start() + &in_stream(Anthropic, "invalid_request_error"))));
    world.debrief.propose().await.expect_err("it was refused");
    let report = world.me.usage(Timestamp::MIN, Timestamp::MAX).await.expect("it can be read");
    let lines: Vec<_> =
        report.lines.iter().map(|line| (line.operation, line.attempts, line.failed, line.usage.requests, line.cost)).collect();
    // 40 in, 9 out, 2 read, 3 written: 40 + 90 + 0.2 + 6 micro-dollars; the failed one had begun: 40 + 10 + 0.2 + 6.
    assert_eq!(lines, [(Operation::Reply, 1, 0, 2, Some(137)), (Operation::Propose, 1, 1, 1, Some(57))]);
    assert_eq!((report.cost, report.prices_as_of.as_str()), (Some(194), "2026-11-24"));
    assert_eq!(world.me.usage(Timestamp::MIN, Timestamp::from_millis(1)).await.expect("before that").lines, []);
    assert_eq!(world.coach.user("other").usage(Timestamp::MIN, Timestamp::MAX).await.expect("nobody").lines, []);
    ran("usage");
}
