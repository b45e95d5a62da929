//! Anthropic's Messages API, as of November 2026: the request's body, the events of its stream, its errors.

use std::borrow::Cow;
use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::remote::{self, Decoder, Failure, SIGNAL, SIGNAL_ABOUT, SIGNAL_SCHEMA, Wire, signals};
use super::{Finish, Model, ModelEvent, ModelEvents};
use crate::endpoint::{Endpoint, Server};
use crate::error::Result;
use crate::prompt::{Output, Part, PartRole, Purpose, Request};
use crate::retry::Advice;
use crate::sse::Event;
use crate::usage::{ModelInfo, Usage};

/// The version of the API, which decides what is accepted.
const VERSION: &str = "2026-10-21";
/// The most bytes of a tool's arguments.
const MOST_ARGUMENTS: usize = 64 << 10;
/// The most blocks that may be open at once.
const MOST_BLOCKS: usize = 64;

/// A Claude model, at Anthropic or wherever its Messages API is spoken.
///
/// Replies stream. Proposals use structured outputs. The part of a prompt that stays the same is marked for the provider's cache, except for
/// proposals, which are asked for once. Thinking is neither shown nor kept. Of sampling parameters none is sent: the API refuses them.
///
/// ```
/// use completion_coach::{AnthropicModel, Credentials, Endpoint};
///
/// # #[cfg(feature = "http")] {
/// let key = Credentials::key("sk-ant-…").or(Credentials::environment("ANTHROPIC_API_KEY"));
/// # let key = Credentials::key("example");
/// let model = AnthropicModel::new("claude-sonnet-5-5", Endpoint::new(AnthropicModel::BASE_URL, key?))?;
/// # }
/// # Ok::<(), completion_coach::Error>(())
/// ```
#[derive(Debug)]
pub struct AnthropicModel {
    server: Server,
    wire: Messages,
}

impl AnthropicModel {
    /// Anthropic's own address.
    pub const BASE_URL: &str = "https://api.anthropic.com";

    /// The model of this name, such as `claude-haiku-5-5`, at this endpoint.
    ///
    /// # Errors
    /// `InvalidInput` with the field if the endpoint's settings cannot be used.
    pub fn new(model: impl Into<String>, endpoint: Endpoint) -> Result<Self> {
        let model = model.into();
        let server = endpoint.server(&model, ("anthropic", "api.anthropic.com"), "/v1/messages")?;
        Ok(Self { server, wire: Messages { model, effort: None, thinking: 4_096 } })
    }

    /// How much the model should think, such as `low` (default: the model's own). Older models refuse it.
    #[must_use]
    pub fn effort(mut self, effort: impl Into<String>) -> Self {
        self.wire.effort = Some(effort.into());
        self
    }

    /// Tokens for thinking (default 4,096). The API counts them with the reply's, so that many more are allowed.
    #[must_use]
    pub fn thinking_tokens(mut self, tokens: u32) -> Self {
        self.wire.thinking = tokens;
        self
    }
}

#[async_trait]
impl Model for AnthropicModel {
    fn info(&self) -> ModelInfo {
        self.server.info.clone()
    }

    async fn ask(&self, request: &Request, events: &mut ModelEvents) -> Result<Finish> {
        remote::ask(&self.server, &self.wire, request, events).await
    }
}

#[derive(Debug)]
pub(super) struct Messages {
    model: String,
    effort: Option<String>,
    thinking: u32,
}

/// The fields in the order in which a cache reads them, so that what stays the same stands first.
#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    max_tokens: u32,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_config: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<[Tool; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    system: Vec<Block<'a>>,
    messages: Vec<Message<'a>>,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    description: &'static str,
    input_schema: &'static Value,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Vec<Block<'a>>,
}

#[derive(Serialize)]
struct Block<'a> {
    r#type: &'static str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_control: Option<Cache>,
}

#[derive(Serialize)]
struct Cache {
    r#type: &'static str,
}

impl<'a> Block<'a> {
    fn of(part: &'a Part, cached: bool) -> Self {
        Self { r#type: "text", text: &part.text, cache_control: cached.then_some(Cache { r#type: "ephemeral" }) }
    }
}

impl Wire for Messages {
    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        &[("anthropic-version", VERSION)]
    }

    fn body(&self, request: &Request, _: u8, silenced: bool) -> Vec<u8> {
        let parts = &request.parts;
        let last_stable = |system: bool| parts.iter().rposition(|part| part.stable && (part.role == PartRole::System) == system);
        // Writing to the cache costs more than it saves for what is asked once.
        let cached = if request.purpose == Purpose::Propose { [None, None] } else { [true, false].map(last_stable) };
        let (mut system, mut messages) = (Vec::new(), Vec::<Message<'_>>::new());
        // The API refuses a blank text.
        for (at, part) in parts.iter().enumerate().filter(|(_, part)| !part.text.trim().is_empty()) {
            let block = Block::of(part, cached.contains(&Some(at)));
            let role = match part.role {
                PartRole::System => {
                    system.push(block);
                    continue;
                }
                PartRole::User => "user",
                PartRole::Assistant => "assistant",
            };
            match messages.last_mut().filter(|last| last.role == role) {
                Some(last) => last.content.push(block),
                None => messages.push(Message { role, content: vec![block] }),
            }
        }
        let mut output = serde_json::Map::new();
        output.extend(self.effort.as_ref().map(|effort| ("effort".to_owned(), json!(effort))));
        if let Output::Json(schema) = &request.output {
            let schema = serde_json::from_str(schema).unwrap_or_else(|_| json!({"type": "object"}));
            output.insert("format".to_owned(), json!({"type": "json_schema", "schema": Value::clone(&schema)}));
        }
        let body = Body {
            model: &self.model,
            max_tokens: request.max_tokens.saturating_add(self.thinking),
            stream: true,
            output_config: (!output.is_empty()).then_some(Value::Object(output)),
            tools: request.signals.then(|| [Tool { name: SIGNAL, description: SIGNAL_ABOUT, input_schema: &SIGNAL_SCHEMA }]),
            tool_choice: (request.signals && silenced).then(|| json!({"type": "none"})),
            system,
            messages,
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(Stream::default())
    }

    fn failure(&self, status: u16, advice: &Advice, body: &[u8]) -> Failure {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        // A limit of the account's, which no waiting helps, has a code and no hint.
        if status == 429 && advice.wait.is_none() && body["error"]["details"]["error_code"].is_string() {
            return Failure::spent();
        }
        match body["error"]["type"].as_str() {
            Some(kind) => failure(kind).unwrap_or_else(|| Failure::of_status(if status < 300 { 500 } else { status })),
            None if status < 300 => Failure::no_model(),
            None => Failure::of_status(status),
        }
    }
}

/// What a type of error says. New ones may come.
fn failure(kind: &str) -> Option<Failure> {
    Some(match kind {
        "invalid_request_error" => Failure::rejected(),
        "authentication_error" => Failure::unauthorised(),
        "billing_error" => Failure::spent(),
        "permission_error" => Failure::forbidden(),
        "not_found_error" => Failure::unknown(),
        "request_too_large" => Failure::too_long(),
        "rate_limit_error" => Failure::limited(),
        "overloaded_error" => Failure::overloaded(),
        "api_error" | "timeout_error" | "conflict_error" => Failure::broken(),
        _ => return None,
    })
}

/// The events of a response.
#[derive(Default)]
struct Stream {
    /// The blocks that are open, by their index.
    blocks: BTreeMap<u64, Open>,
    usage: Usage,
    finish: Option<Finish>,
    stopped: bool,
}

enum Open {
    Text,
    Signal(String),
    /// Thinking, and whatever else is not for the person.
    Other,
}

/// More of a text, as nearly every event is, read without a copy of what it is made of.
#[derive(Deserialize)]
struct TextDelta<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    index: u64,
    #[serde(borrow)]
    delta: Delta<'a>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(borrow)]
    text: Cow<'a, str>,
}

impl Decoder for Stream {
    fn event(&mut self, event: &Event, meaning: &mut Vec<ModelEvent>) -> Result<(), Failure> {
        if matches!(event.name.as_str(), "" | "content_block_delta")
            && let Ok(TextDelta { kind: "content_block_delta", index, delta: Delta { kind: "text_delta", text } }) =
                serde_json::from_str(&event.data)
            && matches!(self.blocks.get(&index), Some(Open::Text) | None)
        {
            meaning.push(ModelEvent::Text(text.into_owned()));
            return Ok(());
        }
        const KNOWN: [&str; 8] = [
            "",
            "message_start",
            "content_block_start",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop",
            "error",
        ];
        let data: Value = match serde_json::from_str(&event.data) {
            Ok(data) => data,
            Err(_) if KNOWN.contains(&event.name.as_str()) => return Err(Failure::garbled()),
            Err(_) => return Ok(()),
        };
        let index = data["index"].as_u64().unwrap_or_default();
        match data["type"].as_str().unwrap_or(&event.name) {
            "message_start" => self.count(&data["message"]["usage"], meaning),
            "content_block_start" => {
                if self.blocks.len() == MOST_BLOCKS {
                    return Err(Failure::garbled());
                }
                let block = &data["content_block"];
                let open = match block["type"].as_str() {
                    Some("text") => {
                        meaning.extend(block["text"].as_str().map(|text| ModelEvent::Text(text.to_owned())));
                        Open::Text
                    }
                    Some("tool_use") if block["name"] == SIGNAL => {
                        let whole = block["input"].as_object().filter(|input| !input.is_empty());
                        Open::Signal(whole.map(|_| block["input"].to_string()).unwrap_or_default())
                    }
                    _ => Open::Other,
                };
                self.blocks.insert(index, open);
            }
            "content_block_delta" => {
                let delta = &data["delta"];
                match (delta["type"].as_str(), self.blocks.get_mut(&index)) {
                    (Some("text_delta"), Some(Open::Text) | None) => {
                        meaning.extend(delta["text"].as_str().map(|text| ModelEvent::Text(text.to_owned())));
                    }
                    (Some("input_json_delta"), Some(Open::Signal(arguments))) => {
                        arguments.push_str(delta["partial_json"].as_str().unwrap_or_default());
                        if arguments.len() > MOST_ARGUMENTS {
                            return Err(Failure::garbled());
                        }
                    }
                    _ => {}
                }
            }
            "content_block_stop" => {
                if let Some(Open::Signal(arguments)) = self.blocks.remove(&index) {
                    meaning.extend(signals(&arguments));
                }
            }
            "message_delta" => {
                self.count(&data["usage"], meaning);
                if let Some(reason) = data["delta"]["stop_reason"].as_str() {
                    self.finish = Some(match reason {
                        "end_turn" | "stop_sequence" | "tool_use" => Finish::Complete,
                        "max_tokens" | "model_context_window_exceeded" => Finish::Length,
                        "refusal" => Finish::Refused,
                        _ => Finish::Other,
                    });
                }
            }
            "message_stop" => self.stopped = true,
            "error" => {
                let kind = data["error"]["type"].as_str().unwrap_or_default();
                return Err(failure(kind).unwrap_or_else(Failure::broken));
            }
            _ => {}
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.stopped
    }

    /// A stream that stops without a reason said nothing of how it ended.
    fn finish(&self) -> Option<Finish> {
        self.stopped.then(|| self.finish.unwrap_or(Finish::Other))
    }
}

impl Stream {
    /// Counts are those of the whole response so far; what is absent stays.
    fn count(&mut self, usage: &Value, meaning: &mut Vec<ModelEvent>) {
        let kept = |name: &str, before: u64| usage[name].as_u64().unwrap_or(before);
        let now = Usage {
            requests: 0,
            input_tokens: kept("input_tokens", self.usage.input_tokens),
            output_tokens: kept("output_tokens", self.usage.output_tokens),
            cache_read_tokens: kept("cache_read_input_tokens", self.usage.cache_read_tokens),
            cache_write_tokens: kept("cache_creation_input_tokens", self.usage.cache_write_tokens),
        };
        if now != self.usage {
            self.usage = now;
            meaning.push(ModelEvent::Usage(now));
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
