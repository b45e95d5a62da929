//! The bodies that Anthropic's API is sent, to the byte.

use serde_json::{Value, json};

use super::*;
use crate::model::remote::tests::{part, request};
use crate::prompt::PartRole::{Assistant, System, User};

pub(in crate::model) fn wire() -> Messages {
    Messages { model: "claude-1".into(), effort: None, thinking: 4_096 }
}

fn body(wire: &Messages, request: &Request, silenced: bool) -> Value {
    serde_json::from_slice(&wire.body(request, 0, silenced)).expect("a body is JSON")
}

#[test]
fn a_body_is_this_to_the_byte() {
    let parts = [part(System, "Ask.", true), part(User, "<said>Hi</said>", false)];
    let request = request(Purpose::Reply, Output::Text, false, &parts);
    let expected = r#"{"model":"claude-1","max_tokens":5120,"stream":true,"system":[{"type":"text","text":"Ask.","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":[{"type":"text","text":"<said>Hi</said>"}]}]}"#;
    assert_eq!(String::from_utf8(wire().body(&request, 0, false)).expect("UTF-8"), expected);
}

#[test]
fn turns_of_one_role_are_one_message_and_blank_texts_are_none() {
    let parts = [
        part(System, "Ask.", true),
        part(System, " \n", true),
        part(System, "Facts.", true),
        part(User, "Open.", true),
        part(Assistant, "What?", true),
        part(User, "One.", true),
        part(User, "Two.", true),
        part(User, "", true),
        part(User, "Three.", false),
    ];
    let body = body(&wire(), &request(Purpose::Reply, Output::Text, false, &parts), false);
    let texts = |value: &Value| value.as_array().expect("blocks").iter().map(|block| block["text"].clone()).collect::<Vec<_>>();
    assert_eq!(texts(&body["system"]), ["Ask.", "Facts."]);
    let messages = body["messages"].as_array().expect("messages");
    assert_eq!(messages.iter().map(|message| message["role"].as_str().expect("a role")).collect::<Vec<_>>(), ["user", "assistant", "user"]);
    assert_eq!(texts(&messages[2]["content"]), ["One.", "Two.", "Three."]);
}

#[test]
fn the_end_of_what_stays_the_same_is_marked_for_the_cache() {
    let parts = [
        part(System, "Ask.", true),
        part(System, "Facts.", true),
        part(User, "Open.", true),
        part(Assistant, "What?", true),
        part(User, "New.", false),
    ];
    let text = body(&wire(), &request(Purpose::Reply, Output::Text, true, &parts), false).to_string();
    assert_eq!(text.matches("cache_control").count(), 2);
    let body = body(&wire(), &request(Purpose::Reply, Output::Text, true, &parts), false);
    let mark = json!({"type": "ephemeral"});
    assert_eq!((&body["system"][0]["cache_control"], &body["system"][1]["cache_control"]), (&Value::Null, &mark));
    assert_eq!(body["messages"][1]["content"][0]["cache_control"], mark);
    // What is asked once would only pay for the writing.
    let once = wire().body(&request(Purpose::Propose, Output::Json("{}".into()), false, &parts), 0, false);
    assert!(!String::from_utf8(once).expect("UTF-8").contains("cache_control"));
}

#[test]
fn a_schema_goes_into_the_output_and_signals_into_a_tool() {
    let schema = r#"{"type":"object","additionalProperties":false,"required":[],"properties":{}}"#;
    let parts = [part(User, "Give the JSON.", false)];
    let asked = body(
        &Messages { effort: Some("low".into()), ..wire() },
        &request(Purpose::Propose, Output::Json(schema.into()), false, &parts),
        false,
    );
    let format = json!({"type": "json_schema", "schema": serde_json::from_str::<Value>(schema).expect("JSON")});
    assert_eq!(asked["output_config"], json!({"effort": "low", "format": format}));
    assert!(asked["tools"].is_null() && asked["tool_choice"].is_null());

    let reply = request(Purpose::Reply, Output::Text, true, &parts);
    let (free, silenced) = (body(&wire(), &reply, false), body(&wire(), &reply, true));
    assert_eq!((&free["tools"][0]["name"], &free["tool_choice"], &free["output_config"]), (&json!("tell_app"), &Value::Null, &Value::Null));
    assert_eq!((&silenced["tools"], &silenced["tool_choice"]), (&free["tools"], &json!({"type": "none"})));
}

#[test]
fn neither_sampling_nor_thinking_is_ever_sent() {
    for purpose in [Purpose::Open, Purpose::Reply, Purpose::Closing, Purpose::Propose] {
        let output = if purpose == Purpose::Propose { Output::Json("{}".into()) } else { Output::Text };
        let body = body(&wire(), &request(purpose, output, true, &[part(User, "x", false)]), false);
        for field in ["temperature", "top_p", "top_k", "thinking", "metadata", "stop_sequences"] {
            assert!(body[field].is_null(), "{field}");
        }
    }
}
