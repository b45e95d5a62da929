//! completion-coach for Swift and Kotlin: the core's whole API over uniffi, on a runtime of its own. The core knows nothing of it.

#[macro_use]
mod types;

mod coach;
mod error;
mod model;
mod port;
mod runtime;
mod store;
#[cfg(feature = "testing")]
mod testing;
mod tools;
mod turn;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

uniffi::setup_scaffolding!("completion_coach");
