//! Both protocols fed with anything: never a panic, never more memory than was allowed, the same meaning however the bytes are cut.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use super::*;
use crate::flow::Flow;
use crate::model::{anthropic, openai};
use crate::profile::Profile;
use crate::prompt::{Output, Part, PartRole, Purpose};

pub(crate) fn part(role: PartRole, text: &str, stable: bool) -> Part {
    Part { role, text: text.to_owned(), stable }
}

pub(crate) fn request(purpose: Purpose, output: Output, signals: bool, parts: &[Part]) -> Request {
    Request {
        purpose,
        language: "en".to_owned(),
        profile: Profile::default(),
        action: None,
        flow: Flow::new(),
        messages: Vec::new(),
        vocabulary: Vec::new(),
        parts: parts.to_vec(),
        output,
        signals,
        max_tokens: 1_024,
        texts: crate::lang::Texts::default(),
    }
}

/// What a stream means, read as a call reads it.
fn read(mut decoder: Box<dyn Decoder>, pieces: &[&[u8]]) -> (Vec<ModelEvent>, Option<Finish>, Option<(ErrorKind, Help)>) {
    let (mut parser, mut events, mut meaning) = (Parser::new(MOST_EVENT), Vec::new(), Vec::new());
    let feeds = pieces.iter().map(|piece| Some(*piece)).chain([None]);
    for piece in feeds {
        let parsed = match piece {
            Some(bytes) => parser.feed(bytes, &mut events),
            None => parser.finish(&mut events),
        };
        for event in events.drain(..) {
            if decoder.is_over() {
                break;
            }
            if let Err(failure) = decoder.event(&event, &mut meaning) {
                return (joined(meaning), decoder.finish(), Some((failure.error.kind(), failure.help)));
            }
        }
        if parsed.is_err() || decoder.is_over() {
            break;
        }
    }
    (joined(meaning), decoder.finish(), None)
}

/// Texts that stand together are one: where they are cut is no meaning.
fn joined(meaning: Vec<ModelEvent>) -> Vec<ModelEvent> {
    let mut joined: Vec<ModelEvent> = Vec::new();
    for event in meaning {
        match (joined.last_mut(), event) {
            (Some(ModelEvent::Text(before)), ModelEvent::Text(text)) => before.push_str(&text),
            (_, event) => joined.push(event),
        }
    }
    joined
}

/// JSON of any sort, small.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z\u{0}-\u{ff}🎈か\"\\\\]{0,8}".prop_map(Value::from),
        select(WORDS).prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(select(WORDS).prop_map(str::to_owned), inner, 0..5)
                .prop_map(|map: BTreeMap<String, Value>| json!(map)),
        ]
    })
}

/// Names and values that mean something to one of the protocols.
const WORDS: &[&str] = &[
    "type",
    "index",
    "message",
    "usage",
    "content_block",
    "delta",
    "text",
    "text_delta",
    "partial_json",
    "input_json_delta",
    "thinking",
    "tool_use",
    "name",
    "input",
    "tell_app",
    "stop_reason",
    "end_turn",
    "max_tokens",
    "refusal",
    "error",
    "overloaded_error",
    "message_start",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
    "ping",
    "choices",
    "content",
    "finish_reason",
    "stop",
    "length",
    "tool_calls",
    "id",
    "function",
    "arguments",
    "prompt_tokens",
    "completion_tokens",
    "input_tokens",
    "output_tokens",
    "code",
    "error_type",
    "object",
    "details",
    "error_code",
    "{\"hand_over\":true}",
    "[DONE]",
];

/// A stream of either protocol, broken here and there.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let good = |data: Value| Just(format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap_or_default()));
    let start =
        |kind: &str| json!({"type": "content_block_start", "index": 0, "content_block": {"type": kind, "text": "a", "name": "tell_app"}});
    let delta = |delta: Value| json!({"type": "content_block_delta", "index": 0, "delta": delta});
    let choice = |delta: Value, reason: Value| json!({"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]});
    let event = prop_oneof![
        good(json!({"type": "message_start", "message": {"usage": {"input_tokens": 5, "output_tokens": 1}}})),
        good(start("text")),
        good(start("tool_use")),
        good(start("thinking")),
        good(delta(json!({"type": "text_delta", "text": "Hé"}))),
        good(delta(json!({"type": "input_json_delta", "partial_json": "{\"enough\":true}"}))),
        good(json!({"type": "content_block_stop", "index": 0})),
        good(json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}})),
        good(json!({"type": "message_stop"})),
        good(choice(json!({"content": "か"}), Value::Null)),
        good(choice(
            json!({"tool_calls": [{"index": 0, "function": {"name": "tell_app", "arguments": "{\"enough\":true}"}}]}),
            Value::Null
        )),
        good(choice(json!({}), json!("stop"))),
        good(json!({"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2}})),
        Just("data: [DONE]\n\n".to_owned()),
        (select(WORDS), value()).prop_map(|(name, data)| format!("event: {name}\ndata: {data}\n\n")),
        value().prop_map(|data| format!("data: {data}\r\n\r\n")),
        "[ -~\n\r]{0,24}",
    ];
    let damage = (any::<Index>(), proptest::collection::vec(any::<u8>(), 0..4), 0_usize..3);
    (proptest::collection::vec(event, 0..12), proptest::collection::vec(damage, 0..3)).prop_map(|(events, damages)| {
        let mut bytes = events.concat().into_bytes();
        for (at, new, removed) in damages {
            let at = at.index(bytes.len() + 1);
            let until = (at + removed).min(bytes.len());
            bytes.splice(at..until, new);
        }
        bytes
    })
}

fn wires() -> [Box<dyn Wire>; 2] {
    [Box::new(anthropic::tests::wire()), Box::new(openai::tests::wire())]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn fuzz_a_stream_means_the_same_however_it_is_cut(stream in stream(), cuts in proptest::collection::vec(any::<Index>(), 0..6)) {
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let pieces: Vec<_> = cuts.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect();
        for wire in wires() {
            let whole = read(wire.decoder(), &[&stream]);
            prop_assert_eq!(&read(wire.decoder(), &pieces), &whole);
            let said: usize = whole.0.iter().map(|event| if let ModelEvent::Text(text) = event { text.len() } else { 0 }).sum();
            prop_assert!(said <= 3 * stream.len());
        }
    }

    #[test]
    fn fuzz_an_error_is_named_whatever_it_holds(
        status in 100_u16..700,
        body in prop_oneof![value().prop_map(|body| body.to_string().into_bytes()), proptest::collection::vec(any::<u8>(), 0..64)],
        wait in proptest::option::of(0_u64..100),
    ) {
        let advice = Advice { should: None, wait: wait.map(Duration::from_secs) };
        for wire in wires() {
            let failure = wire.failure(status, &advice, &body);
            let named = [ErrorKind::ModelUnavailable, ErrorKind::RequestRejected, ErrorKind::Unauthorised];
            prop_assert!(named.contains(&failure.error.kind()));
        }
    }

    #[test]
    fn fuzz_signals_are_read_or_none(arguments in prop_oneof![value().prop_map(|value| value.to_string()), ".{0,40}"]) {
        prop_assert!(signals(&arguments).len() <= 3);
    }
}

#[test]
fn the_known_signals_are_read() {
    let all = r#"{"outcome":"not_done","enough":true,"hand_over":true,"more":1}"#;
    let expected = [Signal::Outcome(Outcome::NotDone), Signal::Enough, Signal::HandOver].map(ModelEvent::Signal);
    assert_eq!(signals(all), expected);
    for none in ["", "{}", "[]", r#"{"outcome":"great","enough":"true","hand_over":1}"#, r#"{"enough":tr"#] {
        assert_eq!(signals(none), []);
    }
}

#[test]
fn blocks_and_calls_without_an_end_are_refused() {
    let blocks: String =
        (0..100).map(|at| format!("data: {{\"type\":\"content_block_start\",\"index\":{at},\"content_block\":{{}}}}\n\n")).collect();
    assert_eq!(read(wires()[0].decoder(), &[blocks.as_bytes()]).2.map(|(kind, _)| kind), Some(ErrorKind::ReplyIncomplete));
    let calls: String =
        (0..100).map(|at| format!("data: {{\"choices\":[{{\"delta\":{{\"tool_calls\":[{{\"id\":\"{at}\"}}]}}}}]}}\n\n")).collect();
    assert_eq!(read(wires()[1].decoder(), &[calls.as_bytes()]).2.map(|(kind, _)| kind), Some(ErrorKind::ReplyIncomplete));
    let start = "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"name\":\"tell_app\"}}\n\n";
    let part = format!(
        "data: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{{\"type\":\"input_json_delta\",\"partial_json\":\"{}\"}}}}\n\n",
        "x".repeat(40_000)
    );
    let long = format!("{start}{part}{part}");
    assert_eq!(read(wires()[0].decoder(), &[long.as_bytes()]).2.map(|(kind, _)| kind), Some(ErrorKind::ReplyIncomplete));
}
