//! The bodies that servers of chat completions are sent, to the byte, and what they are asked for when they refuse.

use serde_json::{Value, json};

use super::*;
use crate::model::remote::tests::{part, request};
use crate::prompt::PartRole::{Assistant, System, User};
use crate::prompt::Purpose;

pub(in crate::model) fn wire() -> Completions {
    let (json, tools) = (AtomicU8::new(0), AtomicU8::new(0));
    Completions { model: "m-1".into(), effort: None, thinking: 4_096, limit: TokenLimit::MaxTokens, json, tools }
}

fn body(wire: &Completions, request: &Request, form: u8, silenced: bool) -> Value {
    serde_json::from_slice(&wire.body(request, form, silenced)).expect("a body is JSON")
}

#[test]
fn a_body_is_this_to_the_byte() {
    let parts = [part(System, "Ask.", true), part(System, "Facts.", true), part(User, "Hi", false)];
    let request = request(Purpose::Reply, Output::Text, false, &parts);
    let expected = r#"{"model":"m-1","stream":true,"stream_options":{"include_usage":true},"max_tokens":5120,"messages":[{"role":"system","content":"Ask.\n\nFacts."},{"role":"user","content":"Hi"}]}"#;
    assert_eq!(String::from_utf8(wire().body(&request, 0, false)).expect("UTF-8"), expected);
    let newer = Completions { limit: TokenLimit::MaxCompletionTokens, effort: Some("low".into()), ..wire() };
    let expected = r#"{"model":"m-1","stream":true,"stream_options":{"include_usage":true},"max_completion_tokens":5120,"reasoning_effort":"low","messages":[{"role":"system","content":"Ask.\n\nFacts."},{"role":"user","content":"Hi"}]}"#;
    assert_eq!(String::from_utf8(newer.body(&request, 0, false)).expect("UTF-8"), expected);
}

#[test]
fn turns_alternate_and_blank_texts_are_none() {
    let parts = [
        part(User, "Open.", true),
        part(Assistant, "What?", true),
        part(User, "One.", true),
        part(User, " ", true),
        part(User, "Two.", false),
    ];
    let body = body(&wire(), &request(Purpose::Reply, Output::Text, false, &parts), 0, false);
    let expected = json!([{"role": "user", "content": "Open."}, {"role": "assistant", "content": "What?"}, {"role": "user", "content": "One.\n\nTwo."}]);
    assert_eq!(body["messages"], expected);
}

#[test]
fn a_schema_is_asked_for_then_any_json_then_nothing() {
    let ask = request(Purpose::Propose, Output::Json(r#"{"type":"object"}"#.into()), false, &[part(User, "x", false)]);
    let schema = json!({"type": "json_schema", "json_schema": {"name": "proposals", "strict": true, "schema": {"type": "object"}}});
    let formats = [0, 1, 2].map(|form| body(&wire(), &ask, form, false)["response_format"].clone());
    assert_eq!(formats, [schema, json!({"type": "json_object"}), Value::Null]);
    // What was understood is remembered, for this sort of request alone.
    let (wire, reply) = (wire(), request(Purpose::Reply, Output::Text, true, &[part(User, "x", false)]));
    assert_eq!((wire.forms(&ask), wire.forms(&reply)), ((0, 2), (0, 1)));
    wire.understood(&ask, 2);
    assert_eq!((wire.forms(&ask), wire.forms(&reply)), ((2, 2), (0, 1)));
    let plain = request(Purpose::Reply, Output::Text, false, &[]);
    assert_eq!(wire.forms(&plain), (0, 0));
}

#[test]
fn signals_go_into_a_tool_unless_the_server_refused_it() {
    let reply = request(Purpose::Reply, Output::Text, true, &[part(User, "x", false)]);
    let [free, silenced, refused] = [(0, false), (0, true), (1, true)].map(|(form, silenced)| body(&wire(), &reply, form, silenced));
    assert_eq!((&free["tools"][0]["function"]["name"], &free["tool_choice"]), (&json!("tell_app"), &Value::Null));
    assert_eq!((&silenced["tools"], &silenced["tool_choice"]), (&free["tools"], &json!("none")));
    assert_eq!((&refused["tools"], &refused["tool_choice"]), (&Value::Null, &Value::Null));
}
