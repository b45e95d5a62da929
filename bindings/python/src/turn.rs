//! A reply in the making: read by whoever asks for the next events, dropped at once when nobody wants it any more.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use completion_coach::{Error, ErrorKind, Result, TurnEvent};
use pyo3::prelude::*;
use tokio::sync::Notify;

use crate::call::json;
use crate::errors::raise;
use crate::operation::{Cause, Operation, Outcome};
use crate::runtime;

/// The most events that are handed over at once.
const MOST_EVENTS: usize = 256;

type Beginning = Pin<Box<dyn Future<Output = Result<completion_coach::Turn>> + Send>>;

/// Where a turn is.
enum State {
    Fresh(Beginning),
    Running(Box<completion_coach::Turn>),
    /// It has failed, which is said when the events before it were handed over.
    Failed(Error),
}

#[derive(Default)]
enum Place {
    Here(State),
    /// With whoever reads it.
    Away,
    #[default]
    Over,
}

#[derive(Default)]
struct Shared {
    /// Where it is, and whether it was cancelled.
    place: Mutex<(Place, bool)>,
    cancelled: Notify,
    cause: Arc<Cause>,
}

/// A reply in the making.
#[pyclass(frozen, module = "completion_coach._core")]
pub struct Turn(Arc<Shared>);

impl Turn {
    /// It begins when it is first asked for an event.
    pub fn new(begin: impl Future<Output = Result<completion_coach::Turn>> + Send + 'static) -> Self {
        let place = Mutex::new((Place::Here(State::Fresh(Box::pin(begin))), false));
        Self(Arc::new(Shared { place, ..Shared::default() }))
    }

    fn end(&self) {
        let place = {
            let mut place = self.0.place.lock().unwrap_or_else(PoisonError::into_inner);
            place.1 = true;
            match place.0 {
                Place::Away => Place::Over,
                Place::Here(_) | Place::Over => std::mem::take(&mut place.0),
            }
        };
        self.0.cancelled.notify_one();
        if let Place::Here(state) = place {
            runtime::let_go_here(state);
        }
    }
}

#[pymethods]
impl Turn {
    /// A JSON list of all the events that are there at once, of which there is at least one; `None` after the last.
    fn next(&self) -> Operation {
        Operation::caused(next(self.0.clone()), self.0.cause.clone())
    }

    /// Reads to the end and gives the reply.
    fn reply(&self) -> Operation {
        Operation::caused(reply(self.0.clone()), self.0.cause.clone())
    }

    /// Drops the core's turn at once, which closes its connection, also while somebody waits for the next event.
    fn cancel(&self, py: Python<'_>) {
        py.detach(|| self.end());
    }

    /// Goes on without anybody watching.
    fn finish_in_background(&self, py: Python<'_>) -> PyResult<()> {
        let handle = raise(py, runtime::handle())?;
        let mut held = raise(py, Held::of(&self.0))?;
        match held.state.take() {
            Some(State::Fresh(begin)) => drop(handle.spawn(async { begin.await?.finish_in_background() })),
            Some(State::Running(turn)) => {
                let _inside = handle.enter();
                raise(py, turn.finish_in_background())?;
            }
            Some(State::Failed(error)) => return raise(py, Err(error)),
            None => {}
        }
        Ok(())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if runtime::is_forked() {
            std::mem::forget(self.0.clone());
            return;
        }
        self.end();
    }
}

/// A turn's state while somebody reads it. It is put back however the reading ends, unless the turn was cancelled.
struct Held {
    shared: Arc<Shared>,
    state: Option<State>,
}

impl Held {
    /// `None` in it after the last event.
    fn of(shared: &Arc<Shared>) -> Result<Self> {
        let mut place = shared.place.lock().unwrap_or_else(PoisonError::into_inner);
        let state = match std::mem::take(&mut place.0) {
            Place::Here(state) => Some(state),
            Place::Over => None,
            Place::Away => {
                place.0 = Place::Away;
                return Err(Error::new(ErrorKind::Internal, "somebody reads this turn already; read it in one place"));
            }
        };
        place.0 = Place::Away;
        Ok(Self { shared: shared.clone(), state })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let state = self.state.take();
        let mut place = self.shared.place.lock().unwrap_or_else(PoisonError::into_inner);
        let (here, dropped) = match (place.1, state) {
            (false, Some(state)) => (Place::Here(state), None),
            (_, state) => (Place::Over, state),
        };
        place.0 = here;
        drop(place);
        drop(dropped);
    }
}

async fn next(shared: Arc<Shared>) -> Outcome {
    let mut held = Held::of(&shared)?;
    let events = read(&mut held, true).await?;
    if events.is_empty() { Ok(None) } else { json(Ok(events)) }
}

async fn reply(shared: Arc<Shared>) -> Outcome {
    let mut held = Held::of(&shared)?;
    loop {
        let mut events = read(&mut held, false).await?;
        match events.pop() {
            Some(TurnEvent::Reply(reply)) => {
                held.state = None;
                return json(Ok(reply));
            }
            Some(_) => {}
            None => return Err(Error::new(ErrorKind::Internal, "the turn had been read to its end already")),
        }
    }
}

/// The next events; none after the last.
async fn read(held: &mut Held, many: bool) -> Result<Vec<TurnEvent>> {
    if held.state.is_none() {
        return Ok(Vec::new());
    }
    let shared = held.shared.clone();
    let read = tokio::select! {
        biased;
        () = shared.cancelled.notified() => None,
        read = advance(&mut held.state, many) => Some(read),
    };
    match read {
        Some(read) => read,
        None => {
            held.state = None;
            Err(Error::new(ErrorKind::Cancelled, "the turn was cancelled; what was said is stored, resume to get a reply"))
        }
    }
}

async fn advance(state: &mut Option<State>, many: bool) -> Result<Vec<TurnEvent>> {
    if let Some(State::Fresh(begin)) = state {
        let begun = begin.await;
        *state = None;
        *state = Some(State::Running(Box::new(begun?)));
    }
    let turn = match state.take() {
        None => return Ok(Vec::new()),
        Some(State::Failed(error)) => return Err(error),
        Some(running) => match state.insert(running) {
            State::Running(turn) => turn,
            State::Fresh(_) | State::Failed(_) => return Ok(Vec::new()),
        },
    };
    let mut events = Vec::new();
    match turn.next().await {
        Some(Ok(event)) => events.push(event),
        ended => {
            *state = None;
            return ended.transpose().map(|_| events);
        }
    }
    while many && events.len() < MOST_EVENTS {
        // What has piled up meanwhile crosses over together. Nobody is woken by this: the next reading asks again.
        let more = {
            let mut more = std::pin::pin!(turn.next());
            more.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        };
        match more {
            Poll::Ready(Some(Ok(event))) => events.push(event),
            Poll::Ready(Some(Err(error))) => {
                *state = Some(State::Failed(error));
                break;
            }
            Poll::Ready(None) => {
                *state = None;
                break;
            }
            Poll::Pending => break,
        }
    }
    Ok(events)
}
