//! A model that plays a script: slow, cut, failing, refusing, silent, overrunning or panicking, exactly as told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;

use super::{Finish, Model, ModelEvent, ModelEvents, Signal};
use crate::conversation::Choice;
use crate::error::{Error, ErrorKind, Result};
use crate::prompt::Request;
use crate::runtime::{Clock, SystemClock};
use crate::usage::{ModelInfo, ModelPlace, Usage};

/// One thing that a scripted model does.
#[derive(Clone)]
pub enum Act {
    /// Says this.
    Say(String),
    /// Offers these choices.
    Offer(Vec<Choice>),
    /// Gives this signal.
    Signal(Signal),
    /// Reports this usage.
    Use(Usage),
    /// Waits so long on its clock.
    Wait(Duration),
    /// Lets others run once.
    Yield,
    /// Never does anything again.
    Hang,
    /// Fails with this error.
    Fail(Error),
    /// Ends as if the connection had been cut.
    Cut,
    /// Ends at the limit of its tokens.
    Length,
    /// Declines to answer.
    Refuse,
    /// Says this so often, to overrun what was asked for.
    Overrun(String, usize),
    /// Panics, with a message that nobody should ever see in an error.
    Panic(String),
}

impl std::fmt::Debug for Act {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Say(_) => "Say(..)",
            Self::Offer(_) => "Offer(..)",
            Self::Signal(_) => "Signal",
            Self::Use(_) => "Use",
            Self::Wait(_) => "Wait",
            Self::Yield => "Yield",
            Self::Hang => "Hang",
            Self::Fail(_) => "Fail",
            Self::Cut => "Cut",
            Self::Length => "Length",
            Self::Refuse => "Refuse",
            Self::Overrun(..) => "Overrun(..)",
            Self::Panic(_) => "Panic(..)",
        })
    }
}

/// A model that plays one list of acts per request, and keeps the requests it was sent. Clones are the same model.
///
/// A list that ends without an act that ends it is a complete answer. When no list is left it says `What came of it?`, or, asked for
/// proposals, an empty list of them.
///
/// ```
/// use completion_coach::testing::{Act, ScriptedModel};
/// let model = ScriptedModel::default();
/// model.play([Act::Say("What would you do ".into()), Act::Yield, Act::Say("differently?".into())]);
/// model.play([Act::Say("Half a rep".into()), Act::Cut]);
/// ```
#[derive(Clone, Debug)]
pub struct ScriptedModel {
    info: ModelInfo,
    clock: Arc<dyn Clock>,
    played: Arc<Mutex<Played>>,
}

/// A script as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    info: Option<ModelInfo>,
    #[serde(default)]
    replies: Vec<Vec<ActInJson>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum ActInJson {
    Say(String),
    Offer(Vec<Choice>),
    Signal(Signal),
    Use(Usage),
    Wait(u64),
    Yield,
    Hang,
    Fail(ErrorKind),
    Cut,
    Length,
    Refuse,
    Overrun(String, usize),
    Panic(String),
}

impl From<ActInJson> for Act {
    fn from(act: ActInJson) -> Self {
        match act {
            ActInJson::Say(text) => Self::Say(text),
            ActInJson::Offer(choices) => Self::Offer(choices),
            ActInJson::Signal(signal) => Self::Signal(signal),
            ActInJson::Use(usage) => Self::Use(usage),
            ActInJson::Wait(millis) => Self::Wait(Duration::from_millis(millis)),
            ActInJson::Yield => Self::Yield,
            ActInJson::Hang => Self::Hang,
            ActInJson::Fail(kind) => Self::Fail(Error::new(kind, "the script says that this fails")),
            ActInJson::Cut => Self::Cut,
            ActInJson::Length => Self::Length,
            ActInJson::Refuse => Self::Refuse,
            ActInJson::Overrun(text, times) => Self::Overrun(text, times),
            ActInJson::Panic(text) => Self::Panic(text),
        }
    }
}

/// What serde would say may quote the script.
fn read<T: serde::de::DeserializeOwned>(json: &str) -> Result<T> {
    let unreadable = "this is no script for a model; compare it with the example of `ScriptedModel::from_json`";
    serde_json::from_str(json).map_err(|_| Error::new(ErrorKind::InvalidInput, unreadable))
}

#[derive(Default)]
struct Played {
    script: VecDeque<Vec<Act>>,
    requests: Vec<Request>,
}
crate::error::opaque_debug!(Played {});

impl Default for ScriptedModel {
    /// A model on the device.
    fn default() -> Self {
        Self::new(ModelInfo { provider: "scripted".to_owned(), model: "scripted-1".to_owned(), place: ModelPlace::Local, address: None })
    }
}

impl ScriptedModel {
    /// A model that describes itself like this.
    pub fn new(info: ModelInfo) -> Self {
        Self { info, clock: Arc::new(SystemClock), played: Arc::default() }
    }

    /// A model behind a network, which needs the user's consent.
    pub fn remote() -> Self {
        let address = Some("https://models.invalid".to_owned());
        Self::new(ModelInfo { provider: "scripted".to_owned(), model: "scripted-1".to_owned(), place: ModelPlace::Remote, address })
    }

    /// A model whose script is written in JSON, which is the same in every language:
    ///
    /// ```
    /// # fn main() -> completion_coach::Result<()> {
    /// use completion_coach::testing::ScriptedModel;
    /// let script = r#"{
    ///   "info": {"provider": "ours", "model": "ours-1", "place": "remote", "address": "https://models.invalid"},
    ///   "replies": [
    ///     [{"say": "What would you do "}, "yield", {"say": "differently?"}],
    ///     [{"offer": [{"id": "a", "text": "Nothing"}]}, {"signal": "enough"}, {"signal": {"outcome": "success"}}],
    ///     [{"use": {"requests": 1, "input_tokens": 900}}, {"wait": 1500}, {"overrun": ["more ", 40]}],
    ///     [{"fail": "model_unavailable"}], ["cut"], ["length"], ["refuse"], ["hang"], [{"panic": "on purpose"}]
    ///   ]
    /// }"#;
    /// let model = ScriptedModel::from_json(script)?;
    /// # let _ = model;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Each reply is a list of [`Act`]s under their names in snake case; `wait` is in milliseconds, and `fail` names an
    /// [`ErrorKind`]. Without `info` it is the default model, on the device.
    ///
    /// # Errors
    /// [`InvalidInput`](ErrorKind::InvalidInput) if this is no such script.
    pub fn from_json(script: &str) -> Result<Self> {
        let Script { info, replies } = read(script)?;
        let model = info.map_or_else(Self::default, Self::new);
        for acts in replies {
            model.play(acts.into_iter().map(Act::from));
        }
        Ok(model)
    }

    /// What it does at the next request that nothing is planned for yet: one reply of a script as [`Self::from_json`] takes it.
    ///
    /// # Errors
    /// [`InvalidInput`](ErrorKind::InvalidInput) if this is no list of acts.
    pub fn play_json(&self, acts: &str) -> Result<&Self> {
        Ok(self.play(read::<Vec<ActInJson>>(acts)?.into_iter().map(Act::from)))
    }

    /// Waits on this clock.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// What it does at the next request that nothing is planned for yet.
    pub fn play(&self, acts: impl IntoIterator<Item = Act>) -> &Self {
        self.played().script.push_back(acts.into_iter().collect());
        self
    }

    /// What it does at the next request; whatever was planned before is not done any more.
    pub fn only(&self, act: Act) -> &Self {
        self.played().script.clear();
        self.play([act])
    }

    /// Says this at the next request that nothing is planned for yet.
    pub fn say(&self, text: impl Into<String>) -> &Self {
        self.play([Act::Say(text.into())])
    }

    /// The requests it was sent, oldest first.
    pub fn requests(&self) -> Vec<Request> {
        self.played().requests.clone()
    }

    fn played(&self) -> std::sync::MutexGuard<'_, Played> {
        self.played.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Model for ScriptedModel {
    fn info(&self) -> ModelInfo {
        self.info.clone()
    }

    async fn ask(&self, request: &Request, events: &mut ModelEvents) -> Result<Finish> {
        let acts = {
            let mut played = self.played();
            played.requests.push(request.clone());
            played.script.pop_front()
        };
        let acts = acts.unwrap_or_else(|| {
            vec![Act::Say(
                match request.purpose {
                    crate::prompt::Purpose::Propose => r#"{"items":[]}"#,
                    crate::prompt::Purpose::Closing => "That is all.",
                    _ => "What came of it?",
                }
                .to_owned(),
            )]
        });
        for act in acts {
            match act {
                Act::Say(text) => _ = events.text(text),
                Act::Offer(choices) => _ = events.push(ModelEvent::Choices(choices)),
                Act::Signal(signal) => _ = events.push(ModelEvent::Signal(signal)),
                Act::Use(usage) => _ = events.push(ModelEvent::Usage(usage)),
                Act::Wait(time) => self.clock.sleep(time).await,
                Act::Yield => tokio::task::yield_now().await,
                Act::Hang => std::future::pending().await,
                Act::Fail(error) => return Err(error),
                Act::Cut => return Err(Error::new(ErrorKind::ReplyIncomplete, "the model's reply was cut off; resume to ask again")),
                Act::Length => return Ok(Finish::Length),
                Act::Refuse => return Ok(Finish::Refused),
                Act::Overrun(text, times) => {
                    for _ in 0..times {
                        events.text(text.clone());
                        tokio::task::yield_now().await;
                    }
                }
                Act::Panic(text) => std::panic::panic_any(text),
            }
        }
        Ok(Finish::Complete)
    }
}
