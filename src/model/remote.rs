//! One call to a model's server: sent, sent again while nothing was handed on, streamed, and named when it fails.

use std::fmt::Debug;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::LazyLock;
use std::task::Poll;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, Sleep, sleep, timeout};

use super::{Finish, ModelEvent, ModelEvents, Signal};
use crate::endpoint::Server;
use crate::error::{Error, ErrorKind, Result};
use crate::flow::Outcome;
use crate::prompt::Request;
use crate::retry::{self, Advice};
use crate::runtime::{Clock, Ids, RandomIds, SystemClock};
use crate::secret::Secret;
use crate::sse::{Event, Parser};
use crate::transport::{HttpBody, HttpRequest, HttpResponse};
use crate::usage::Usage;

/// The most bytes of one event: an extraction that comes in one piece fits.
pub(super) const MOST_EVENT: usize = 1 << 20;
/// The most bytes of an answer. The coach allows less; this bounds who asks a model without it.
const MOST_ANSWER: usize = 1 << 20;
/// The most bytes that are read of a body that is no stream.
const MOST_BODY: usize = 64 << 10;
/// How long the end of a stream is waited for once the answer is whole, so that its connection can serve the next request.
const DRAIN: Duration = Duration::from_millis(50);

/// Longer than anybody waits: a host may say "never" by a length that no clock can add up.
const FOR_EVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A protocol, as pure functions: a request to the body that is sent, and what comes back to events and errors.
pub(super) trait Wire: Debug + Send + Sync {
    /// The headers of every request beside the key and the host's own.
    fn headers(&self) -> &'static [(&'static str, &'static str)];

    /// The body of a request. A later form asks for less that a server may not know; a silenced one lets the model use no tool.
    fn body(&self, request: &Request, form: u8, silenced: bool) -> Vec<u8>;

    /// What reads one response.
    fn decoder(&self) -> Box<dyn Decoder>;

    /// What a response says that is no stream.
    fn failure(&self, status: u16, advice: &Advice, body: &[u8]) -> Failure;

    /// The form that the server is known to understand, and the last one there is.
    fn forms(&self, _: &Request) -> (u8, u8) {
        (0, 0)
    }

    /// A request in this form was answered.
    fn understood(&self, _: &Request, _: u8) {}
}

/// Reads the events of one response.
pub(super) trait Decoder: Send {
    /// Takes an event, and adds what it means. A usage is that of this response so far; its number of requests is not read.
    fn event(&mut self, event: &Event, meaning: &mut Vec<ModelEvent>) -> Result<(), Failure>;

    /// Whether nothing more is to come.
    fn is_over(&self) -> bool;

    /// How the response ended, or `None` if it has not.
    fn finish(&self) -> Option<Finish>;
}

/// Why a request did not get its answer, and what could help.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: Error,
    pub(super) help: Help,
}

/// What could help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Help {
    /// Nothing that this library can do.
    Nothing,
    /// Asking again.
    Time,
    /// Another token.
    Key,
    /// A request that asks for less.
    Less,
}

impl Failure {
    fn new(kind: ErrorKind, help: Help, reason: &'static str) -> Self {
        Self { error: Error::new(kind, reason), help }
    }

    pub(super) fn rejected() -> Self {
        let reason = "the model's server found the request wrong; check the model's name and the endpoint's settings";
        Self::new(ErrorKind::RequestRejected, Help::Less, reason)
    }

    pub(super) fn too_long() -> Self {
        let reason = "this is more than the model takes; shorten the profile or the messages, or use a model with more room";
        Self::new(ErrorKind::RequestRejected, Help::Nothing, reason)
    }

    pub(super) fn unknown() -> Self {
        let reason = "the model's server knows no such model or address; check the model's name and the base URL";
        Self::new(ErrorKind::RequestRejected, Help::Nothing, reason)
    }

    pub(super) fn unauthorised() -> Self {
        Self::new(ErrorKind::Unauthorised, Help::Key, "the model's server did not accept the key; check it, or get a new one")
    }

    pub(super) fn forbidden() -> Self {
        let reason = "the model's server accepts the key but does not allow this; check what the account may use";
        Self::new(ErrorKind::Unauthorised, Help::Nothing, reason)
    }

    pub(super) fn spent() -> Self {
        let reason = "the account with the model's provider may spend no more; raise its limit, or wait for the next period";
        let mut failure = Self::new(ErrorKind::ModelUnavailable, Help::Nothing, reason);
        failure.error = failure.error.permanent();
        failure
    }

    pub(super) fn limited() -> Self {
        let reason = "the model's server takes no more requests for now; wait, then resume";
        Self::new(ErrorKind::ModelUnavailable, Help::Time, reason)
    }

    pub(super) fn overloaded() -> Self {
        Self::new(ErrorKind::ModelUnavailable, Help::Time, "the model's server is overloaded; resume later")
    }

    pub(super) fn broken() -> Self {
        Self::new(ErrorKind::ModelUnavailable, Help::Time, "the model's server failed; resume later")
    }

    pub(super) fn garbled() -> Self {
        let reason = "the model's server sent something that cannot be read; resume to ask again";
        Self::new(ErrorKind::ReplyIncomplete, Help::Nothing, reason)
    }

    fn cut(help: Help) -> Self {
        Self::new(ErrorKind::ReplyIncomplete, help, "the model's reply was cut off; resume to ask again")
    }

    fn late() -> Self {
        let reason = "the model's server did not go on in time; what you wrote is kept, resume to ask again";
        Self::new(ErrorKind::ModelUnavailable, Help::Nothing, reason)
    }

    fn page() -> Self {
        let reason = "a web page came back instead of a model's answer; sign in to the network, or check the base URL";
        Self::new(ErrorKind::ModelUnavailable, Help::Nothing, reason)
    }

    fn redirected() -> Self {
        let reason = "the address redirects elsewhere, and no key is sent after it; set the base URL to where the model's server is";
        Self::new(ErrorKind::RequestRejected, Help::Nothing, reason)
    }

    /// An answer that is well, but not a model's.
    pub(super) fn no_model() -> Self {
        let reason = "what answers at the base URL is not a model's server of this protocol; check the base URL";
        Self::new(ErrorKind::RequestRejected, Help::Nothing, reason)
    }

    /// What a status says by itself.
    pub(super) fn of_status(status: u16) -> Self {
        match status {
            401 => Self::unauthorised(),
            402 => Self::spent(),
            403 => Self::forbidden(),
            404 | 405 | 410 => Self::unknown(),
            413 => Self::too_long(),
            429 => Self::limited(),
            503 | 529 => Self::overloaded(),
            408 | 409 | 500.. => Self::broken(),
            _ => Self::rejected(),
        }
    }
}

/// Asks a server, and hands on what comes.
pub(super) async fn ask(server: &Server, wire: &dyn Wire, request: &Request, events: &mut ModelEvents) -> Result<Finish> {
    let mut call = Call {
        server,
        wire,
        request,
        events,
        sent: 0,
        before: Usage::default(),
        now: Usage::default(),
        said: 0,
        blank: true,
        request_id: None,
    };
    let result = match timeout(server.time_limits.overall, call.run()).await {
        Ok(result) => result.and_then(|finish| finish.failure().map_or(Ok(finish), Err)),
        Err(_) => Err(Failure::late().error),
    };
    result.map_err(|error| {
        let error = if call.sent == 0 { error } else { error.with_attempts(call.sent) };
        match &call.request_id {
            Some(id) => error.with_request_id(id),
            None => error,
        }
    })
}

/// A call under way.
struct Call<'a> {
    server: &'a Server,
    wire: &'a dyn Wire,
    request: &'a Request,
    events: &'a mut ModelEvents,
    sent: u32,
    /// What the requests before this one used, and this one so far.
    before: Usage,
    now: Usage,
    /// The bytes of text that were handed on.
    said: usize,
    /// Whether nobody would see anything of it.
    blank: bool,
    request_id: Option<String>,
}

impl Call<'_> {
    async fn run(&mut self) -> Result<Finish> {
        let (mut form, last) = self.wire.forms(self.request);
        let (mut silenced, mut renewed, mut signals) = (false, false, Vec::new());
        loop {
            let token = in_time(self.server.time_limits.answer, self.server.credentials.token()).await.map_err(|late| late.error)??;
            let mut advice = Advice::default();
            let failure = match self.once(token.as_ref(), form, silenced, &mut signals, &mut advice).await {
                Ok(finish) => {
                    self.wire.understood(self.request, form);
                    if finish == Finish::Complete && self.blank && !signals.contains(&Signal::HandOver) {
                        // Some models signal first and wait for an answer before they speak.
                        if signals.is_empty() || silenced || self.said > 0 {
                            return Err(super::empty());
                        }
                        silenced = true;
                        continue;
                    }
                    // Only a whole answer's signals count.
                    signals.into_iter().for_each(|signal| _ = self.events.push(ModelEvent::Signal(signal)));
                    return Ok(finish);
                }
                Err(failure) => failure,
            };
            signals.clear();
            let error = match advice.wait {
                Some(asked) => failure.error.with_retry_after(asked),
                None => failure.error,
            };
            if self.said > 0 {
                return Err(error);
            }
            match (failure.help, &token) {
                (Help::Less, _) if form < last => form += 1,
                (Help::Key, Some(refused)) if !renewed => {
                    renewed = true;
                    let another = in_time(self.server.time_limits.answer, self.server.credentials.invalidate(refused)).await;
                    if !another.map_err(|late| late.error)? {
                        return Err(error);
                    }
                }
                (Help::Time, _) => {
                    let random = (RandomIds.next() as u32) as f64 / f64::from(u32::MAX);
                    let Some(wait) = retry::wait(self.sent, &self.server.retries, advice.wait, random) else { return Err(error) };
                    tracing::debug!(attempts = self.sent, error.r#type = error.kind().as_str(), wait_ms = wait.as_millis(), "asking again");
                    tokio::time::sleep(wait).await;
                }
                _ => return Err(error),
            }
        }
    }

    /// One request and its response.
    async fn once(
        &mut self,
        token: Option<&Secret>,
        form: u8,
        silenced: bool,
        signals: &mut Vec<Signal>,
        advice: &mut Advice,
    ) -> Result<Finish, Failure> {
        let body = self.wire.body(self.request, form, silenced);
        let mut headers =
            vec![("content-type".to_owned(), Secret::new("application/json")), ("accept".to_owned(), Secret::new("text/event-stream"))];
        headers.extend(self.wire.headers().iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value))));
        headers.extend(self.server.headers.iter().cloned());
        headers.extend(token.map(|token| ("authorization".to_owned(), Secret::new(format!("Bearer {}", token.expose())))));
        self.sent += 1;
        self.before.add(std::mem::take(&mut self.now));
        self.request_id = None;
        self.used();
        let asking = self.server.transport.post(HttpRequest::new(self.server.url.clone(), headers, body));
        let response = in_time(self.server.time_limits.answer, asking).await?.map_err(|error| {
            let help = if error.kind() == ErrorKind::ModelUnavailable && !error.is_permanent() { Help::Time } else { Help::Nothing };
            Failure { error, help }
        })?;
        self.request_id = response.header("request-id").or_else(|| response.header("x-request-id")).map(str::to_owned);
        *advice = Advice::read(|name| response.header(name), SystemClock.now());
        match response.status {
            200..=299 if is_stream(&response) => self.stream(response.body, signals).await,
            300..=399 => Err(Failure::redirected()),
            status => {
                let json = response.header("content-type").is_some_and(|kind| kind.contains("json"));
                if (200..=299).contains(&status) && !json {
                    return Err(Failure::page());
                }
                let mut failure = self.wire.failure(status, advice, &self.whole(response.body).await);
                match (advice.should, failure.help) {
                    (Some(true), Help::Nothing | Help::Less) => failure.help = Help::Time,
                    (Some(false), Help::Time) => failure.help = Help::Nothing,
                    _ => {}
                }
                Err(failure)
            }
        }
    }

    async fn stream(&mut self, mut body: Box<dyn HttpBody>, signals: &mut Vec<Signal>) -> Result<Finish, Failure> {
        let mut decoder = self.wire.decoder();
        let (mut parser, mut events, mut meaning) = (Parser::new(MOST_EVENT), Vec::new(), Vec::new());
        let most = self.server.time_limits.idle.min(FOR_EVER);
        let (mut idle, mut heard) = (pin!(sleep(most)), Instant::now());
        loop {
            let piece = match before(idle.as_mut(), heard + most, body.next()).await {
                Ok(Ok(piece)) => piece,
                // Whatever happens to the connection after the end of the answer is no matter.
                _ if decoder.finish().is_some() => None,
                Ok(Err(error)) => return Err(Failure { error, help: Help::Time }),
                Err(late) => return Err(late),
            };
            let parsed = match &piece {
                Some(bytes) => parser.feed(bytes, &mut events),
                None => parser.finish(&mut events),
            };
            for event in events.drain(..) {
                let read = if decoder.is_over() { Ok(()) } else { decoder.event(&event, &mut meaning) };
                // What came before an error counts, however the bytes were cut.
                meaning.drain(..).for_each(|meant| self.hand_on(meant, signals));
                read?;
            }
            parsed.map_err(|_| Failure::garbled())?;
            if self.said > MOST_ANSWER {
                return Err(Failure::garbled());
            }
            if decoder.is_over() {
                if piece.is_some() {
                    while let Ok(Ok(Some(_))) = timeout(DRAIN, body.next()).await {}
                }
                break;
            }
            if piece.is_none() {
                break;
            }
            heard = Instant::now();
            // A transport that has everything at once must not keep the turn's deadline from being looked at.
            tokio::task::consume_budget().await;
        }
        // A server that ends a stream in good order before its end will do so again; nothing is gained by asking at once.
        decoder.finish().ok_or_else(|| Failure::cut(Help::Nothing))
    }

    fn hand_on(&mut self, event: ModelEvent, signals: &mut Vec<Signal>) {
        match event {
            ModelEvent::Signal(signal) => signals.push(signal),
            ModelEvent::Usage(usage) => {
                self.now = usage;
                self.used();
            }
            ModelEvent::Text(text) if text.is_empty() => {}
            ModelEvent::Text(text) => {
                self.said += text.len();
                self.blank &= text.trim().is_empty();
                self.events.text(text);
            }
            ModelEvent::Choices(choices) => _ = self.events.push(ModelEvent::Choices(choices)),
        }
    }

    /// A body that is no stream, as far as it is worth reading.
    async fn whole(&self, mut body: Box<dyn HttpBody>) -> Vec<u8> {
        let mut read = Vec::new();
        let reading = async {
            while let Ok(Ok(Some(piece))) = in_time(self.server.time_limits.idle, body.next()).await {
                read.extend_from_slice(&piece[..piece.len().min(MOST_BODY - read.len())]);
                if read.len() == MOST_BODY {
                    break;
                }
            }
        };
        // What it says beyond its status is a help, and not worth more than this.
        let _ = timeout(self.server.time_limits.idle, reading).await;
        read
    }

    /// Tells what was used so far, before anything can go wrong.
    fn used(&mut self) {
        let mut used = self.before;
        used.add(self.now);
        self.events.push(ModelEvent::Usage(Usage { requests: self.sent, ..used }));
    }
}

/// Waits until this moment, with a timer that may ring earlier: only then is it put off, which takes a lock of the runtime's.
async fn before<T>(mut timer: Pin<&mut Sleep>, limit: Instant, work: impl Future<Output = T>) -> Result<T, Failure> {
    let mut work = pin!(work);
    poll_fn(|context| {
        if let Poll::Ready(done) = work.as_mut().poll(context) {
            return Poll::Ready(Ok(done));
        }
        while timer.as_mut().poll(context).is_ready() {
            if timer.deadline() >= limit {
                return Poll::Ready(Err(Failure::late()));
            }
            timer.as_mut().reset(limit);
        }
        Poll::Pending
    })
    .await
}

async fn in_time<T>(limit: Duration, work: impl Future<Output = T>) -> Result<T, Failure> {
    timeout(limit, work).await.map_err(|_| Failure::late())
}

/// Some servers name no type; a page always does.
fn is_stream(response: &HttpResponse) -> bool {
    response.header("content-type").is_none_or(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/event-stream"))
}

/// The tool with which a model says something structured beside its reply.
pub(super) const SIGNAL: &str = "tell_app";
pub(super) const SIGNAL_ABOUT: &str = "Tells the app something about the debrief beside your reply. Only after the reply's text, in the same \
     turn, and only what is new. outcome: what came of the action. enough: nothing is left to ask. hand_over: they are in danger or may harm \
     themselves, and a person must take over.";

/// Its arguments.
pub(super) static SIGNAL_SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    json!({"type": "object", "additionalProperties": false, "properties": {
        "outcome": {"type": "string", "enum": Outcome::ALL.map(Outcome::as_str)},
        "enough": {"type": "boolean"},
        "hand_over": {"type": "boolean"},
    }})
});

/// The signals in its arguments. What does not fit is none.
pub(super) fn signals(arguments: &str) -> Vec<ModelEvent> {
    let Ok(arguments) = serde_json::from_str::<Value>(arguments) else { return Vec::new() };
    let outcome = Outcome::ALL.into_iter().find(|outcome| arguments["outcome"] == outcome.as_str());
    let mut signals = Vec::from_iter(outcome.map(Signal::Outcome));
    signals.extend((arguments["enough"] == true).then_some(Signal::Enough));
    signals.extend((arguments["hand_over"] == true).then_some(Signal::HandOver));
    signals.into_iter().map(ModelEvent::Signal).collect()
}

#[cfg(test)]
pub(super) mod tests;
