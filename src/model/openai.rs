//! The chat completions of OpenAI and of every server that speaks them: the request's body, the chunks of its stream, its errors.

use std::sync::atomic::{AtomicU8, Ordering};

use async_trait::async_trait;
use serde::Serialize;
use serde_json::{Value, json};

use super::remote::{self, Decoder, Failure, Help, SIGNAL, SIGNAL_ABOUT, SIGNAL_SCHEMA, Wire, signals};
use super::{Finish, Model, ModelEvent, ModelEvents};
use crate::endpoint::{Endpoint, Server};
use crate::error::Result;
use crate::prompt::{Output, PartRole, Request};
use crate::retry::Advice;
use crate::sse::Event;
use crate::usage::{ModelInfo, Usage};

/// The most bytes of a tool's arguments, and the most calls of tools in an answer.
const MOST_ARGUMENTS: usize = 64 << 10;
const MOST_CALLS: usize = 16;

/// A model at OpenAI, or at any server that speaks its chat completions: vLLM, Ollama, LM Studio, llama.cpp, OpenRouter, a gateway.
///
/// Replies stream. Proposals are asked for with a JSON schema; a server that refuses that is asked for any JSON, and then for the answer
/// alone, and what it understood is remembered. The same holds for the tool with which a model signals. Reasoning is neither shown nor kept.
///
/// ```
/// use completion_coach::{Credentials, Endpoint, OpenAiModel};
///
/// # #[cfg(feature = "http")] {
/// // A model on this device, by Ollama: nothing leaves it, so that nobody has to agree.
/// let endpoint = Endpoint::new("http://localhost:11434/v1", Credentials::none()).on_this_device();
/// let model = OpenAiModel::new("gemma4:e4b", endpoint)?;
/// # }
/// # Ok::<(), completion_coach::Error>(())
/// ```
#[derive(Debug)]
pub struct OpenAiModel {
    server: Server,
    wire: Completions,
}

/// How a server takes the limit of an answer's tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenLimit {
    /// `max_tokens`, which nearly all servers read.
    MaxTokens,
    /// `max_completion_tokens`, which OpenAI's newer models ask for. Ollama ignores it without a word, and its replies have no end then.
    MaxCompletionTokens,
}

impl OpenAiModel {
    /// OpenAI's own address.
    pub const BASE_URL: &str = "https://api.openai.com/v1";

    /// The model of this name at this endpoint.
    ///
    /// # Errors
    /// `InvalidInput` with the field if the endpoint's settings cannot be used.
    pub fn new(model: impl Into<String>, endpoint: Endpoint) -> Result<Self> {
        let model = model.into();
        let own = ("openai", "api.openai.com");
        let server = endpoint.server(&model, own, "/chat/completions")?;
        let at_home = server.url.starts_with(Self::BASE_URL);
        let limit = if at_home { TokenLimit::MaxCompletionTokens } else { TokenLimit::MaxTokens };
        Ok(Self {
            server,
            wire: Completions { model, effort: None, thinking: 4_096, limit, json: AtomicU8::new(0), tools: AtomicU8::new(0) },
        })
    }

    /// How much the model should think, such as `low`, as `reasoning_effort` (default: not sent). Models that do not think refuse it.
    #[must_use]
    pub fn effort(mut self, effort: impl Into<String>) -> Self {
        self.wire.effort = Some(effort.into());
        self
    }

    /// Tokens for thinking (default 4,096). Servers count them with the reply's, so that many more are allowed.
    #[must_use]
    pub fn thinking_tokens(mut self, tokens: u32) -> Self {
        self.wire.thinking = tokens;
        self
    }

    /// How the server takes the limit (default: `max_completion_tokens` at OpenAI's own address, elsewhere `max_tokens`).
    #[must_use]
    pub fn token_limit(mut self, limit: TokenLimit) -> Self {
        self.wire.limit = limit;
        self
    }
}

#[async_trait]
impl Model for OpenAiModel {
    fn info(&self) -> ModelInfo {
        self.server.info.clone()
    }

    async fn ask(&self, request: &Request, events: &mut ModelEvents) -> Result<Finish> {
        remote::ask(&self.server, &self.wire, request, events).await
    }
}

#[derive(Debug)]
pub(super) struct Completions {
    model: String,
    effort: Option<String>,
    thinking: u32,
    limit: TokenLimit,
    /// The form that the server understood: 0 a schema, 1 any JSON, 2 nothing but the prompt.
    json: AtomicU8,
    /// 0 with the tool, 1 without.
    tools: AtomicU8,
}

/// The fields in the order in which a cache reads them, so that what stays the same stands first.
#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    stream: bool,
    stream_options: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_effort: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<&'static str>,
    messages: Vec<Message>,
}

#[derive(Serialize)]
struct Message {
    role: &'static str,
    content: String,
}

impl Completions {
    fn learned(&self, request: &Request) -> Option<(&AtomicU8, u8)> {
        match (&request.output, request.signals) {
            (Output::Json(_), _) => Some((&self.json, 2)),
            (Output::Text, true) => Some((&self.tools, 1)),
            (Output::Text, false) => None,
        }
    }
}

impl Wire for Completions {
    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    fn body(&self, request: &Request, form: u8, silenced: bool) -> Vec<u8> {
        let mut messages = Vec::<Message>::new();
        for part in request.parts.iter().filter(|part| !part.text.trim().is_empty()) {
            let role = match part.role {
                PartRole::System => "system",
                PartRole::User => "user",
                PartRole::Assistant => "assistant",
            };
            // Some servers' templates take one message of the system's, and turns that alternate.
            match messages.last_mut().filter(|last| last.role == role) {
                Some(last) => {
                    last.content.push_str("\n\n");
                    last.content.push_str(&part.text);
                }
                None => messages.push(Message { role, content: part.text.clone() }),
            }
        }
        let most = Some(request.max_tokens.saturating_add(self.thinking));
        let tools = request.signals && form == 0;
        let function = || json!({"name": SIGNAL, "description": SIGNAL_ABOUT, "parameters": *SIGNAL_SCHEMA});
        let response_format = match (&request.output, form) {
            (Output::Json(schema), 0) => {
                let schema: Value = serde_json::from_str(schema).unwrap_or_else(|_| json!({"type": "object"}));
                Some(json!({"type": "json_schema", "json_schema": {"name": "proposals", "strict": true, "schema": schema}}))
            }
            (Output::Json(_), 1) => Some(json!({"type": "json_object"})),
            _ => None,
        };
        let body = Body {
            model: &self.model,
            stream: true,
            stream_options: json!({"include_usage": true}),
            max_tokens: most.filter(|_| self.limit == TokenLimit::MaxTokens),
            max_completion_tokens: most.filter(|_| self.limit == TokenLimit::MaxCompletionTokens),
            reasoning_effort: self.effort.as_deref(),
            response_format,
            tools: tools.then(|| json!([{"type": "function", "function": function()}])),
            tool_choice: (tools && silenced).then_some("none"),
            messages,
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(Stream::default())
    }

    fn failure(&self, status: u16, _: &Advice, body: &[u8]) -> Failure {
        match serde_json::from_slice(body) {
            Ok(body) => match error_in(&body) {
                Some(error) => failure(error, (status >= 300).then_some(status)),
                None if status < 300 => Failure::no_model(),
                None => failure(&body, Some(status)),
            },
            Err(_) if status < 300 => Failure::no_model(),
            Err(_) => Failure::of_status(status),
        }
    }

    fn forms(&self, request: &Request) -> (u8, u8) {
        self.learned(request).map_or((0, 0), |(learned, last)| (learned.load(Ordering::Relaxed), last))
    }

    fn understood(&self, request: &Request, form: u8) {
        if let Some((learned, _)) = self.learned(request) {
            learned.store(form, Ordering::Relaxed);
        }
    }
}

/// The error in an answer, in one of the shapes that servers give it.
fn error_in(body: &Value) -> Option<&Value> {
    let error = &body["error"];
    let bare = body["object"] == "error" || body["type"] == "error" || !body["error_type"].is_null() || !body["error_message"].is_null();
    if !error.is_null() && *error != false { Some(error) } else { bare.then_some(body) }
}

/// What an error says: by its code and type where they are known, else by the status, which may be the code.
fn failure(error: &Value, status: Option<u16>) -> Failure {
    let names = ["code", "type", "error_type"].map(|name| error[name].as_str().unwrap_or_default());
    let is = |known: &[&str]| names.iter().any(|name| known.contains(name));
    let in_code = ["code", "status"].iter().find_map(|name| u16::try_from(error[*name].as_u64()?).ok()).filter(|code| *code >= 400);
    let named = names[0].parse::<u16>().ok().filter(|code| *code >= 400);
    if is(&["insufficient_quota", "billing_hard_limit_reached", "billing_error"]) {
        Failure::spent()
    } else if is(&["context_length_exceeded", "exceed_context_size_error"]) {
        Failure::too_long()
    } else if is(&["model_not_found"]) {
        Failure::unknown()
    } else if is(&["invalid_api_key", "authentication_error"]) {
        Failure::unauthorised()
    } else if let Some(status) = status.or(in_code).or(named) {
        Failure::of_status(status)
    } else if is(&["invalid_request_error", "BadRequestError"]) {
        Failure::rejected()
    } else if is(&["permission_error"]) {
        Failure::forbidden()
    } else if is(&["rate_limit_exceeded", "rate_limit_error"]) {
        Failure::limited()
    } else if is(&["overloaded_error", "unavailable_error"]) {
        Failure::overloaded()
    } else {
        Failure::broken()
    }
}

/// The chunks of a response.
#[derive(Default)]
struct Stream {
    calls: Vec<Call>,
    usage: Usage,
    finish: Option<Finish>,
    refused: bool,
    done: bool,
}

#[derive(Default)]
struct Call {
    id: String,
    index: Option<u64>,
    name: String,
    arguments: String,
}

impl Decoder for Stream {
    fn event(&mut self, event: &Event, meaning: &mut Vec<ModelEvent>) -> Result<(), Failure> {
        if event.data.trim() == "[DONE]" {
            self.done = true;
            return Ok(());
        }
        let chunk: Value = match serde_json::from_str(&event.data) {
            Ok(chunk) => chunk,
            Err(_) if event.name == "error" => return Err(Failure::broken()),
            Err(_) => return Err(Failure::garbled()),
        };
        let error = error_in(&chunk).or_else(|| (event.name == "error").then_some(&chunk));
        if let Some(error) = error {
            let mut failure = failure(error, None);
            // A stream that began was understood.
            if failure.help == Help::Less {
                failure.help = Help::Nothing;
            }
            return Err(failure);
        }
        self.count(&chunk["usage"], meaning);
        let choice = &chunk["choices"][0];
        let delta = &choice["delta"];
        match &delta["content"] {
            Value::String(text) => meaning.push(ModelEvent::Text(text.clone())),
            // Some servers give the content in parts, thinking among them.
            Value::Array(parts) => {
                let texts = parts.iter().filter(|part| part["type"] == "text").filter_map(|part| part["text"].as_str());
                meaning.extend(texts.map(|text| ModelEvent::Text(text.to_owned())));
            }
            _ => {}
        }
        self.refused |= delta["refusal"].as_str().is_some_and(|text| !text.is_empty());
        for call in delta["tool_calls"].as_array().into_iter().flatten() {
            self.call(call)?;
        }
        if let Some(reason) = choice["finish_reason"].as_str().filter(|reason| !reason.is_empty()) {
            self.finish = Some(match reason {
                "stop" | "tool_calls" | "function_call" | "eos" => Finish::Complete,
                "length" => Finish::Length,
                "content_filter" => Finish::Refused,
                _ => Finish::Other,
            });
            for call in std::mem::take(&mut self.calls).into_iter().filter(|call| call.name == SIGNAL) {
                meaning.extend(signals(&call.arguments));
            }
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.done
    }

    /// A reason is an end, and so is `[DONE]`.
    fn finish(&self) -> Option<Finish> {
        let finish = self.finish.or_else(|| self.done.then_some(Finish::Complete));
        finish.map(|finish| if self.refused { Finish::Refused } else { finish })
    }
}

impl Stream {
    /// A part of a call. A new id is a new call; the index may be missing, used again, or start anywhere.
    fn call(&mut self, part: &Value) -> Result<(), Failure> {
        let (id, index) = (part["id"].as_str().unwrap_or_default(), part["index"].as_u64());
        let same = |call: &Call| if id.is_empty() { index.is_none() || call.index == index } else { call.id == id };
        let at = match self.calls.iter().rposition(same) {
            Some(at) => at,
            None if self.calls.len() == MOST_CALLS => return Err(Failure::garbled()),
            None => {
                self.calls.push(Call { id: id.to_owned(), index, ..Call::default() });
                self.calls.len() - 1
            }
        };
        let (call, function) = (&mut self.calls[at], &part["function"]);
        call.name.push_str(function["name"].as_str().unwrap_or_default());
        match &function["arguments"] {
            Value::String(arguments) => call.arguments.push_str(arguments),
            Value::Object(arguments) => call.arguments = json!(arguments).to_string(),
            _ => {}
        }
        if call.name.len() + call.arguments.len() > MOST_ARGUMENTS {
            return Err(Failure::garbled());
        }
        Ok(())
    }

    /// On whatever chunk it comes, the last one counts. The prompt's count holds what was read from a cache.
    fn count(&mut self, usage: &Value, meaning: &mut Vec<ModelEvent>) {
        let Some(prompt) = usage["prompt_tokens"].as_u64() else { return };
        let cached = usage["prompt_tokens_details"]["cached_tokens"].as_u64().unwrap_or_default().min(prompt);
        let now = Usage {
            requests: 0,
            input_tokens: prompt - cached,
            output_tokens: usage["completion_tokens"].as_u64().unwrap_or_default(),
            cache_read_tokens: cached,
            cache_write_tokens: 0,
        };
        if now != self.usage {
            self.usage = now;
            meaning.push(ModelEvent::Usage(now));
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
