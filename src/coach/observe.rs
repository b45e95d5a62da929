//! What is told of a request to a model: a span named after OpenTelemetry's GenAI conventions, with ids, counts and times, never content.
//!
//! The names are those of the conventions' schema 1.42.0 of June 2026, in which all of `gen_ai.*` is still in development.

use tracing::Span;
use tracing::field::Empty;

use crate::error::Error;
use crate::prompt::{Output, Request};
use crate::usage::{Attempt, ModelInfo, Operation, Usage};

/// The span of one request to a model, which works inside it.
pub(crate) fn span(attempt: &Attempt, info: &ModelInfo, request: &Request) -> Span {
    let operation = match attempt.operation {
        Operation::Open => "open",
        Operation::Reply => "reply",
        Operation::Propose => "propose",
    };
    tracing::info_span!(
        "chat",
        otel.name = format!("chat {}", info.model),
        otel.kind = "client",
        otel.status_code = Empty,
        gen_ai.operation.name = "chat",
        gen_ai.provider.name = info.provider,
        gen_ai.request.model = info.model,
        gen_ai.request.max_tokens = request.max_tokens,
        gen_ai.output.r#type = if request.output == Output::Text { "text" } else { "json" },
        gen_ai.response.finish_reasons = Empty,
        gen_ai.usage.input_tokens = Empty,
        gen_ai.usage.output_tokens = Empty,
        gen_ai.usage.cache_read.input_tokens = Empty,
        gen_ai.usage.cache_creation.input_tokens = Empty,
        server.address = info.address,
        error.r#type = Empty,
        completion_coach.operation = operation,
        completion_coach.attempt.id = attempt.id.as_str(),
        completion_coach.requests = Empty,
    )
}

/// How it ended, and what it used.
pub(crate) fn ended(span: &Span, usage: Usage, error: Option<&Error>) {
    // The conventions count what was read from and written to a cache among the input.
    let input = usage.input_tokens.saturating_add(usage.cache_read_tokens).saturating_add(usage.cache_write_tokens);
    span.record("gen_ai.usage.input_tokens", input);
    span.record("gen_ai.usage.output_tokens", usage.output_tokens);
    span.record("gen_ai.usage.cache_read.input_tokens", usage.cache_read_tokens);
    span.record("gen_ai.usage.cache_creation.input_tokens", usage.cache_write_tokens);
    span.record("completion_coach.requests", usage.requests);
    match error {
        None => drop(span.record("gen_ai.response.finish_reasons", "stop")),
        Some(error) => {
            span.record("error.type", error.kind().as_str());
            span.record("otel.status_code", "ERROR");
        }
    }
}
