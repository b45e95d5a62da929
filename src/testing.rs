//! What tests of an embedding app need: a clock and ids under control, and a model that plays a script.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;

use crate::fault;
use crate::runtime::{Clock, Ids, Timestamp};

pub use crate::model::scripted::{Act, ScriptedModel};

/// Every point between two steps at which [`kill_at`] can end the process, by its name.
pub const FAULT_POINTS: &[&str] = fault::POINTS;

/// Ends this process by SIGKILL when it comes to this one of the [`FAULT_POINTS`] for the nth time, counted from 1. The first plan of a
/// process counts. This is how a test of what outlives a crash dies between two steps, where a signal from outside would hardly ever hit.
pub fn kill_at(point: &str, nth: u32) {
    fault::kill_at(point, nth);
}

/// A clock that stands still until it is moved. Clones are the same clock.
///
/// ```
/// use completion_coach::{Clock, Timestamp, testing::ManualClock};
/// use std::time::Duration;
///
/// let clock = ManualClock::at(Timestamp::from_millis(1_000));
/// clock.advance(Duration::from_secs(2));
/// assert_eq!(clock.now(), Timestamp::from_millis(3_000));
/// ```
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<watch::Sender<Timestamp>>);

impl ManualClock {
    /// A clock that shows this time.
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(watch::Sender::new(now)))
    }

    /// Moves it on, and wakes whoever has slept until then.
    pub fn advance(&self, by: Duration) {
        self.0.send_modify(|now| *now = *now + by);
    }

    /// Sets it, also back.
    pub fn set(&self, now: Timestamp) {
        self.0.send_replace(now);
    }
}

impl Default for ManualClock {
    /// 2026-01-01T00:00:00Z.
    fn default() -> Self {
        Self::at(Timestamp::from_millis(1_767_225_600_000))
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.borrow()
    }

    async fn sleep(&self, wait: Duration) {
        let until = self.now() + wait;
        let mut time = self.0.subscribe();
        // The sender lives as long as this clock, so waiting cannot fail.
        let _ = time.wait_for(|now| *now >= until).await;
    }
}

/// Ids from a seed: the same in every run, never twice, and different for different seeds. Clones go on together.
#[derive(Debug, Clone)]
pub struct SeededIds {
    seed: u64,
    count: Arc<AtomicU64>,
}

impl SeededIds {
    /// Ids of this seed.
    pub fn new(seed: u64) -> Self {
        Self { seed, count: Arc::default() }
    }
}

impl Ids for SeededIds {
    fn next(&self) -> u128 {
        // Spread like real ones, by SplitMix64, which gives every number once: parts of an id are told apart as well.
        let mut bits = self.count.fetch_add(1, Ordering::SeqCst).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (u128::from(self.seed) << 64) | u128::from(bits ^ (bits >> 31))
    }
}
