//! The models, the servers they are at, and models and networks of the app's own.

use std::fmt;
use std::mem::replace;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use completion_coach as core;
use completion_coach::Error;

use crate::error::{Result, caught};
use crate::port::{CLASSIFIER, MODEL, TOKEN, TRANSPORT};
use crate::runtime::{at_once, elsewhere};
use crate::types::*;

/// Who answers: the guide that works offline, a model at a server, or one of the app's own.
#[derive(uniffi::Object)]
pub struct CoachModel(pub Arc<dyn core::Model>);

#[uniffi::export]
impl CoachModel {
    /// The guide that comes with the library: free, without a network, and it cannot listen.
    #[uniffi::constructor]
    pub fn offline_guide() -> Arc<Self> {
        Arc::new(Self(Arc::new(core::OfflineGuide)))
    }

    /// A model behind Anthropic's Messages API, such as `claude-opus-4-8`. `effort` is sent as it is where it is set; `thinking_tokens` are
    /// added to the limit of an answer for models that think.
    ///
    /// Fails with `InvalidInput` if the address cannot be used.
    #[uniffi::constructor(default(effort = None, thinking_tokens = None))]
    pub fn anthropic(model: String, endpoint: Arc<Endpoint>, effort: Option<String>, thinking_tokens: Option<u32>) -> Result<Arc<Self>> {
        at_once(|| {
            let mut made = core::AnthropicModel::new(model, endpoint.0.clone())?;
            if let Some(effort) = effort {
                made = made.effort(effort);
            }
            if let Some(tokens) = thinking_tokens {
                made = made.thinking_tokens(tokens);
            }
            Ok(Arc::new(Self(Arc::new(made))))
        })
    }

    /// A model behind any server that speaks OpenAI's chat completions. `token_limit` says under which name the server takes the limit of an
    /// answer (by default what OpenAI's own address or others expect).
    ///
    /// Fails with `InvalidInput` if the address cannot be used.
    #[uniffi::constructor(default(effort = None, thinking_tokens = None, token_limit = None))]
    pub fn open_ai(
        model: String,
        endpoint: Arc<Endpoint>,
        effort: Option<String>,
        thinking_tokens: Option<u32>,
        token_limit: Option<TokenLimit>,
    ) -> Result<Arc<Self>> {
        at_once(|| {
            let mut made = core::OpenAiModel::new(model, endpoint.0.clone())?;
            if let Some(effort) = effort {
                made = made.effort(effort);
            }
            if let Some(tokens) = thinking_tokens {
                made = made.thinking_tokens(tokens);
            }
            if let Some(limit) = token_limit {
                made = made.token_limit(limit.cross());
            }
            Ok(Arc::new(Self(Arc::new(made))))
        })
    }

    /// A model of the app's own, such as one on this device.
    #[uniffi::constructor]
    pub fn own(model: Arc<dyn Model>) -> Result<Arc<Self>> {
        let info = model.info().map_err(|error| caught(&error, MODEL.failed))?;
        Ok(Arc::new(Self(Arc::new(Foreign { model, info: info.cross() }))))
    }

    /// What the model says of itself.
    pub fn info(&self) -> ModelInfo {
        self.0.info().cross()
    }
}

/// Anthropic's own address.
#[uniffi::export]
pub fn anthropic_base_url() -> String {
    core::AnthropicModel::BASE_URL.into()
}

/// OpenAI's own address.
#[uniffi::export]
pub fn open_ai_base_url() -> String {
    core::OpenAiModel::BASE_URL.into()
}

/// What a model's server is shown. It is sent as `Authorization: Bearer`, to Anthropic's own API as it expects a key. It never shows itself.
#[derive(uniffi::Object)]
pub struct Credentials(core::Credentials);

#[uniffi::export]
impl Credentials {
    /// Nothing at all, for a server that asks for nothing.
    #[uniffi::constructor]
    pub fn none() -> Arc<Self> {
        Arc::new(Self(core::Credentials::none()))
    }

    /// A key that does not change. Do not ship one in an app: whoever has the app has it. Fails with `InvalidInput` if it cannot be a key.
    #[uniffi::constructor]
    pub fn key(key: String) -> Result<Arc<Self>> {
        Ok(Arc::new(Self(core::Credentials::key(key)?)))
    }

    /// The key in this environment variable, such as `ANTHROPIC_API_KEY`, read now. Fails with `InvalidInput` if there is none.
    #[uniffi::constructor]
    pub fn environment(variable: String) -> Result<Arc<Self>> {
        Ok(Arc::new(Self(core::Credentials::environment(&variable)?)))
    }

    /// Short-lived tokens from the app's own server. One that the model's server refuses is replaced once.
    #[uniffi::constructor]
    pub fn source(source: Arc<dyn TokenSource>) -> Arc<Self> {
        Arc::new(Self(core::Credentials::source(ForeignTokens(source))))
    }
}

/// The server that a model is at, and how it is spoken to. Each method gives a new one.
#[derive(uniffi::Object)]
pub struct Endpoint(core::Endpoint);

impl Endpoint {
    fn with(&self, change: impl FnOnce(core::Endpoint) -> core::Endpoint) -> Arc<Self> {
        Arc::new(Self(change(self.0.clone())))
    }
}

#[cfg(feature = "http")]
#[uniffi::export]
impl Endpoint {
    /// The server at this address, over the network stack that comes with the library. The address may have a path, to which the protocol's
    /// own path is added.
    #[uniffi::constructor]
    pub fn new(base_url: String, credentials: Arc<Credentials>) -> Arc<Self> {
        Arc::new(Self(core::Endpoint::new(base_url, credentials.0.clone())))
    }
}

#[uniffi::export]
impl Endpoint {
    /// The server at this address over the app's own network stack.
    #[uniffi::constructor]
    pub fn over(transport: Arc<dyn Transport>, base_url: String, credentials: Arc<Credentials>) -> Arc<Self> {
        Arc::new(Self(core::Endpoint::over(ForeignTransport(transport), base_url, credentials.0.clone())))
    }

    /// Who runs the model, as the disclosure, the usage and the price table name it (default: the vendor, or the server's host name).
    pub fn provider(&self, name: String) -> Arc<Self> {
        self.with(|endpoint| endpoint.provider(name))
    }

    /// The model runs on this device, and the server at a loopback address hands nothing on: nobody's consent is needed then.
    pub fn on_this_device(&self) -> Arc<Self> {
        self.with(core::Endpoint::on_this_device)
    }

    /// Allows `http:` to an address that is not this device's. Whoever is on the way can then read the key and what people write.
    pub fn unencrypted(&self) -> Arc<Self> {
        self.with(core::Endpoint::unencrypted)
    }

    /// A header to send with every request, such as a key that a gateway expects. Its value is kept as a secret.
    pub fn header(&self, name: String, value: String) -> Arc<Self> {
        self.with(|endpoint| endpoint.header(name, value))
    }

    /// How failed requests are sent again.
    pub fn retries(&self, retries: Retries) -> Arc<Self> {
        self.with(|endpoint| endpoint.retries(retries.cross()))
    }

    /// How long the server may take.
    pub fn time_limits(&self, limits: TimeLimits) -> Arc<Self> {
        self.with(|endpoint| endpoint.time_limits(limits.cross()))
    }
}

/// A model of the app's own.
///
/// What it throws that is no `CoachError` counts as `ModelUnavailable`. A turn that is left or runs out of time cancels it.
#[uniffi::export(foreign)]
#[async_trait]
pub trait Model: Send + Sync {
    /// What it is, asked once. `place` decides whether people are asked for their consent.
    fn info(&self) -> Result<ModelInfo>;
    /// Answers a request: hands the pieces to `events` as they come, and says how it ended.
    async fn ask(&self, request: Request, events: Arc<ModelEvents>) -> Result<Finish>;
}

/// Takes the pieces of a model's answer. Each method says whether anybody still wants more.
#[derive(uniffi::Object)]
pub struct ModelEvents(core::ModelEvents);

#[uniffi::export]
impl ModelEvents {
    /// A piece of the text.
    pub fn text(&self, piece: String) -> bool {
        self.0.text(piece)
    }

    /// Answers to choose from.
    pub fn choices(&self, choices: Vec<Choice>) -> bool {
        self.0.push(core::ModelEvent::Choices(choices.cross()))
    }

    /// A signal beside the text.
    pub fn signal(&self, signal: Signal) -> bool {
        self.0.push(core::ModelEvent::Signal(signal.cross()))
    }

    /// What was used so far; the last one counts.
    pub fn usage(&self, usage: Usage) -> bool {
        self.0.push(core::ModelEvent::Usage(usage.cross()))
    }
}

/// The core's model over one of the app's.
struct Foreign {
    model: Arc<dyn Model>,
    info: core::ModelInfo,
}

impl fmt::Debug for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.info.fmt(f)
    }
}

#[async_trait]
impl core::Model for Foreign {
    fn info(&self) -> core::ModelInfo {
        self.info.clone()
    }

    async fn ask(&self, request: &core::Request, events: &mut core::ModelEvents) -> Result<core::Finish, Error> {
        MODEL.call(self.model.ask(request.clone().cross(), Arc::new(ModelEvents(events.clone())))).await.map(Cross::cross)
    }
}

/// Short-lived tokens from the app's own server. Each call has 30 seconds.
#[uniffi::export(foreign)]
#[async_trait]
pub trait TokenSource: Send + Sync {
    /// A token that should be accepted now. It is asked for at every request, so keep it as long as it lives. Fail with `Unauthorised` if the
    /// person has to sign in again.
    async fn token(&self) -> Result<String>;
    /// The server did not accept this token: the next one must be another.
    async fn invalidate(&self, refused: String) -> Result<()>;
}

struct ForeignTokens(Arc<dyn TokenSource>);

impl fmt::Debug for ForeignTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ForeignTokens")
    }
}

#[async_trait]
impl core::TokenSource for ForeignTokens {
    async fn token(&self) -> Result<core::Secret, Error> {
        TOKEN.call(self.0.token()).await.map(core::Secret::new)
    }

    async fn invalidate(&self, refused: &core::Secret) {
        // The next token is asked for whether this went well or not.
        let _ = TOKEN.call(self.0.invalidate(refused.expose().to_owned())).await;
    }
}

/// The app's own network stack, such as `URLSession` or OkHttp.
///
/// It follows no redirect, so that no key reaches another address, and retries nothing. Time limits are kept by the library, which cancels the
/// call or the body; that has to close the connection.
#[uniffi::export(foreign)]
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends a POST, and comes back as soon as the head of the response is there, whatever its status: with `request.response(…)`. Fail with
    /// `ModelUnavailable` if no response came.
    async fn post(&self, request: Arc<HttpRequest>) -> Result<Arc<HttpResponse>>;
}

/// A POST to send. It never shows itself: one of its headers is the key.
#[derive(uniffi::Object)]
pub struct HttpRequest {
    sent: core::HttpRequest,
    answer: Mutex<Answer>,
}

/// How far a request has come. Whoever stops waiting for a response drops the call, and what the app's code returns after that goes nowhere:
/// so that a response is known from the moment it is made.
enum Answer {
    Awaited,
    Made(Arc<HttpResponse>),
    Over,
}

impl HttpRequest {
    fn answer(&self) -> MutexGuard<'_, Answer> {
        self.answer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[uniffi::export]
impl HttpRequest {
    /// Where to: an absolute URL.
    pub fn url(&self) -> String {
        self.sent.url().into()
    }

    /// The headers to send, in lower case. One of them carries the key: neither log them nor send them anywhere else.
    pub fn headers(&self) -> Vec<HttpHeader> {
        self.sent.headers().map(|(name, value)| HttpHeader { name: name.into(), value: value.into() }).collect()
    }

    /// The body: JSON in UTF-8.
    pub fn body(&self) -> Vec<u8> {
        self.sent.body().to_vec()
    }

    /// The response to this request: the status code and the headers of its head, and the body as it comes. If nobody waits for it any more,
    /// the body is cancelled at once.
    pub fn response(&self, status: u16, headers: Vec<HttpHeader>, body: Arc<dyn HttpBody>) -> Arc<HttpResponse> {
        let headers = headers.into_iter().map(|HttpHeader { name, value }| (name, value)).collect();
        let head_and_body = core::HttpResponse { status, headers, body: Box::new(ForeignBody(body)) };
        let response = Arc::new(HttpResponse(Mutex::new(Some(head_and_body))));
        let unwanted = {
            let mut answer = self.answer();
            match *answer {
                Answer::Over => Answer::Made(response.clone()),
                _ => replace(&mut *answer, Answer::Made(response.clone())),
            }
        };
        unwanted.let_go();
        response
    }
}

impl Answer {
    /// Cancels the body of a response that nobody took. That calls the app's code: not under a lock.
    fn let_go(self) {
        if let Self::Made(response) = self {
            drop(response.take());
        }
    }
}

/// A header of a request or a response.
#[derive(uniffi::Record)]
pub struct HttpHeader {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// The head of a response, and its body as it comes: made by `HttpRequest.response`.
#[derive(uniffi::Object)]
pub struct HttpResponse(Mutex<Option<core::HttpResponse>>);

impl HttpResponse {
    fn take(&self) -> Option<core::HttpResponse> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A response's body.
#[uniffi::export(foreign)]
#[async_trait]
pub trait HttpBody: Send + Sync {
    /// The next bytes as they come off the network, or nothing at the end. Fail with `ReplyIncomplete` if the connection broke.
    async fn next(&self) -> Result<Option<Vec<u8>>>;
    /// Nobody wants the rest: closes the connection. Called once, also after the end.
    fn cancel(&self) -> Result<()>;
}

struct ForeignTransport(Arc<dyn Transport>);

impl fmt::Debug for ForeignTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ForeignTransport")
    }
}

#[async_trait]
impl core::Transport for ForeignTransport {
    async fn post(&self, request: core::HttpRequest) -> Result<core::HttpResponse, Error> {
        /// However the wait ends, nobody takes a response after it.
        struct Waiting(Arc<HttpRequest>);
        impl Drop for Waiting {
            fn drop(&mut self) {
                let answer = replace(&mut *self.0.answer(), Answer::Over);
                answer.let_go();
            }
        }
        let waiting = Waiting(Arc::new(HttpRequest { sent: request, answer: Mutex::new(Answer::Awaited) }));
        let response = TRANSPORT.call(self.0.post(waiting.0.clone())).await?;
        // What belongs to another request, and maybe to another person, is not even taken.
        let own = matches!(&*waiting.0.answer(), Answer::Made(own) if Arc::ptr_eq(own, &response));
        own.then(|| response.take()).flatten().ok_or_else(|| {
            Error::new(core::ErrorKind::ModelUnavailable, "the app's transport returned the response of another request; return this one's")
        })
    }
}

struct ForeignBody(Arc<dyn HttpBody>);

impl fmt::Debug for ForeignBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ForeignBody")
    }
}

#[async_trait]
impl core::HttpBody for ForeignBody {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        self.0.next().await.map_err(|error| caught(&error, BODY))
    }
}

impl Drop for ForeignBody {
    fn drop(&mut self) {
        let body = self.0.clone();
        // Whatever it says, nobody reads on.
        elsewhere(Box::new(move || drop(body.cancel())));
    }
}

/// What a body's failure is, unless it says so itself.
const BODY: fn() -> Error =
    || Error::new(core::ErrorKind::ReplyIncomplete, "the connection broke in the middle of the reply; resume to ask again");

/// The app's own look at what people write, beside the phrase lists; the higher level counts. It is given 5 seconds; one that fails or takes
/// longer counts as having seen nothing.
#[uniffi::export(foreign)]
#[async_trait]
pub trait SafetyClassifier: Send + Sync {
    /// How serious this text is, in this language (a BCP 47 tag).
    async fn level(&self, text: String, language: String) -> Result<SafetyLevel>;
}

/// The core's classifier over one of the app's.
pub struct ForeignClassifier(pub Arc<dyn SafetyClassifier>);

impl fmt::Debug for ForeignClassifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ForeignClassifier")
    }
}

#[async_trait]
impl core::SafetyClassifier for ForeignClassifier {
    async fn level(&self, text: &str, language: &str) -> Result<core::SafetyLevel, Error> {
        CLASSIFIER.call(self.0.level(text.into(), language.into())).await.map(Cross::cross)
    }
}
