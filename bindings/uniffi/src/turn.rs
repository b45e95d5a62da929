//! A reply in the making: driven on our runtime, read in pieces by whoever asks, ended at once when nobody wants it any more.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use completion_coach::{Error, ErrorKind, Result as CoreResult};
use tokio::sync::{Notify, mpsc};

use crate::error::Result;
use crate::runtime::{Task, elsewhere, fault, run};
use crate::types::*;

/// The most events that are ahead of whoever reads them.
const AHEAD: usize = 64;

type Beginning = Pin<Box<dyn Future<Output = CoreResult<completion_coach::Turn>> + Send>>;
type Event = CoreResult<completion_coach::TurnEvent>;

/// A reply in the making. The user's words are stored before there is one.
///
/// It begins when it is first asked for an event. Closing or dropping it ends the request to the model at once; what the user said stays, and is
/// answered by resuming.
#[derive(uniffi::Object)]
pub struct Turn {
    begin: Mutex<Option<(Beginning, mpsc::Sender<Event>)>>,
    driver: Mutex<Option<Task>>,
    shared: Arc<Shared>,
    events: Arc<tokio::sync::Mutex<Events>>,
}

#[derive(Default)]
struct Shared {
    cancelled: AtomicBool,
    /// It goes on without whoever made it.
    detached: AtomicBool,
    detach: Notify,
    /// Nothing more comes of it.
    over: AtomicBool,
}

struct Events {
    receiver: mpsc::Receiver<Event>,
    /// What has ended the turn, while the events before it are handed over.
    failed: Option<Error>,
}

impl Turn {
    /// A turn that begins like this.
    pub fn new(begin: impl Future<Output = CoreResult<completion_coach::Turn>> + Send + 'static) -> Arc<Self> {
        let (sender, receiver) = mpsc::channel(AHEAD);
        Arc::new(Self {
            begin: Mutex::new(Some((Box::pin(begin), sender))),
            driver: Mutex::new(None),
            shared: Arc::default(),
            events: Arc::new(tokio::sync::Mutex::new(Events { receiver, failed: None })),
        })
    }

    fn start(&self) -> Result<()> {
        // Whoever cancels meanwhile waits for this, and finds the driver.
        let mut driver = self.driver.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((begin, sender)) = self.begin.lock().unwrap_or_else(PoisonError::into_inner).take() {
            *driver = Some(Task::spawn(Box::pin(drive(begin, sender, self.shared.clone())))?);
        }
        Ok(())
    }
}

#[uniffi::export]
impl Turn {
    /// All the events that are there, waiting for the first; pieces of text that have piled up are one. Nothing after the last one.
    ///
    /// Fails with what ended the turn without a reply; `Cancelled` after `cancel`.
    pub async fn next(&self) -> Result<Option<Vec<TurnEvent>>> {
        self.start()?;
        let (events, shared) = (self.events.clone(), self.shared.clone());
        run(async move { events.lock().await.next(&shared).await }).await
    }

    /// Reads to the end and gives the reply. Whoever stops waiting for it ends the turn.
    pub async fn reply(&self) -> Result<Reply> {
        let _leaving = Leaving(self);
        self.start()?;
        let (events, shared) = (self.events.clone(), self.shared.clone());
        run(async move {
            let mut events = events.lock().await;
            while let Some(some) = events.next(&shared).await? {
                if let Some(TurnEvent::Reply { reply }) = some.into_iter().next_back() {
                    return Ok(reply);
                }
            }
            Err(Error::new(ErrorKind::Internal, "the turn had been read to its end already"))
        })
        .await
    }

    /// Ends it at once, also while somebody waits for its next event. What the user said stays. One that was told to finish in the background
    /// does.
    pub fn cancel(&self) {
        if self.shared.detached.load(Ordering::SeqCst) {
            return;
        }
        self.shared.cancelled.store(true, Ordering::SeqCst);
        let (driver, begin) = {
            let mut driver = self.driver.lock().unwrap_or_else(PoisonError::into_inner);
            (driver.take(), self.begin.lock().unwrap_or_else(PoisonError::into_inner).take())
        };
        drop(driver);
        if begin.is_some() {
            elsewhere(Box::new(move || drop(begin)));
        }
    }

    /// Goes on without anybody watching: the screen was left, the reply is kept.
    pub fn finish_in_background(&self) -> Result<()> {
        self.start()?;
        self.shared.detached.store(true, Ordering::SeqCst);
        self.shared.detach.notify_one();
        Ok(())
    }
}

/// Ends a turn when somebody stops waiting for its reply; one that is over stays as it is.
struct Leaving<'a>(&'a Turn);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        if !self.0.shared.over.load(Ordering::SeqCst) {
            self.0.cancel();
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.shared.detached.load(Ordering::SeqCst) {
            self.cancel();
        } else if let Some(driver) = self.driver.lock().unwrap_or_else(PoisonError::into_inner).take() {
            driver.detach();
        }
    }
}

impl Events {
    async fn next(&mut self, shared: &Shared) -> CoreResult<Option<Vec<TurnEvent>>> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let mut some = Vec::new();
        if self.receiver.recv_many(&mut some, AHEAD).await == 0 {
            return if shared.over.load(Ordering::SeqCst) {
                Ok(None)
            } else if shared.cancelled.load(Ordering::SeqCst) {
                Err(Error::new(ErrorKind::Cancelled, "the turn was cancelled; what was said is stored, resume to get a reply"))
            } else {
                Err(fault())
            };
        }
        let mut events = Vec::with_capacity(some.len());
        for event in some {
            match (event, events.last_mut()) {
                (Ok(completion_coach::TurnEvent::Text(more)), Some(TurnEvent::Text { text })) => text.push_str(&more),
                (Ok(event), _) => events.push(event.cross()),
                (Err(error), None) => return Err(error),
                (Err(error), Some(_)) => self.failed = Some(error),
            }
        }
        Ok(Some(events))
    }
}

async fn drive(begin: Beginning, sender: mpsc::Sender<Event>, shared: Arc<Shared>) {
    let mut turn = match begin.await {
        Ok(turn) => turn,
        Err(error) => {
            shared.over.store(true, Ordering::SeqCst);
            // Nobody is told if nobody reads any more.
            let _ = sender.send(Err(error)).await;
            return;
        }
    };
    loop {
        let event = tokio::select! {
            biased;
            () = shared.detach.notified() => break,
            event = turn.next() => event,
        };
        let Some(event) = event else {
            shared.over.store(true, Ordering::SeqCst);
            return;
        };
        let last = matches!(event, Ok(completion_coach::TurnEvent::Reply(_)) | Err(_));
        if last {
            shared.over.store(true, Ordering::SeqCst);
        }
        tokio::select! {
            biased;
            () = shared.detach.notified() => break,
            sent = sender.send(event) => {
                if last || sent.is_err() {
                    return;
                }
            }
        }
    }
    shared.over.store(true, Ordering::SeqCst);
    // Inside of a runtime it cannot fail.
    let _ = turn.finish_in_background();
}
