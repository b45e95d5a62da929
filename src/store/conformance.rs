//! The exam that every store passes: one list of checks, which knows nothing of a store but the trait.
//!
//! ```
//! # #[cfg(feature = "sqlite")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> completion_coach::Result<()> {
//! use completion_coach::{SqliteStore, store::conformance};
//! let store = std::sync::Arc::new(SqliteStore::in_memory()?);
//! conformance::run(store).await.assert_passed();
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "sqlite"))]
//! # fn main() {}
//! ```

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::error::Error;
use crate::store::ActionStore;

mod people;
mod races;
mod records;
mod rules;

/// How long one check may take.
const LIMIT: Duration = Duration::from_secs(30);

/// One thing that every store does.
pub struct Check {
    /// Its name, which never changes; one that begins with `i1`, `i2` and so on holds that invariant.
    pub name: &'static str,
    /// What it holds.
    pub about: &'static str,
    run: fn(Arc<dyn ActionStore>) -> Running,
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Check {
    /// Examines the store, which may hold other users and be in use.
    ///
    /// # Panics
    /// Outside of a tokio runtime with its timer.
    pub async fn run(&self, store: Arc<dyn ActionStore>) -> Outcome {
        // On a task of its own, a panic of the store's is a failure of this check and no other; it ends with whoever waits for it.
        let mut task = JoinSet::new();
        task.spawn((self.run)(store));
        let failure = match tokio::time::timeout(LIMIT, task.join_next()).await {
            Ok(None | Some(Ok(Ok(())))) => None,
            Ok(Some(Ok(Err(Failure(why))))) => Some(why),
            Ok(Some(Err(ended))) => {
                Some(ended.try_into_panic().map_or("it was ended".into(), |panic| format!("it panicked: {}", words(&*panic))))
            }
            Err(_) => Some(format!("it took longer than {} s", LIMIT.as_secs())),
        };
        Outcome { name: self.name, about: self.about, failure }
    }
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The check's name.
    pub name: &'static str,
    /// What it holds.
    pub about: &'static str,
    /// What was wrong; `None` if it passed.
    pub failure: Option<String>,
}

/// What the whole exam found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// One for each check, in their order.
    pub outcomes: Vec<Outcome>,
}

impl Report {
    /// Whether every check passed.
    pub fn passed(&self) -> bool {
        self.failed().next().is_none()
    }

    /// The checks that did not.
    pub fn failed(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(|outcome| outcome.failure.is_some())
    }

    /// Ends a test.
    ///
    /// # Panics
    /// With every failed check, if there is one.
    pub fn assert_passed(&self) {
        assert!(self.passed(), "{self}");
    }
}

impl fmt::Display for Report {
    /// The failed checks with what was wrong, then how many passed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for outcome in self.failed() {
            writeln!(f, "{} ({}): {}", outcome.name, outcome.about, outcome.failure.as_deref().unwrap_or_default())?;
        }
        write!(f, "{} of {} checks passed", self.outcomes.len() - self.failed().count(), self.outcomes.len())
    }
}

/// Runs every check, one after the other.
///
/// # Panics
/// Outside of a tokio runtime with its timer.
pub async fn run(store: Arc<dyn ActionStore>) -> Report {
    let mut outcomes = Vec::new();
    for check in CHECKS {
        outcomes.push(check.run(Arc::clone(&store)).await);
    }
    Report { outcomes }
}

macro_rules! checks {
    ($($topic:ident::$name:ident: $about:literal,)*) => {
        /// Every check, in the order in which they are run.
        pub const CHECKS: &[Check] = &[$(Check { name: stringify!($name), about: $about, run: |store| Box::pin($topic::$name(store)) }),*];
    };
}

checks! {
    rules::i1_no_thread_shows_another: "a thread's messages, state and extractions are its own",
    rules::i1_writing_to_one_thread_changes_no_other: "what is said in one thread is seen in no other, in both directions",
    rules::i2_ownership_over_every_method: "two users with the same ids never meet, whatever either of them does",
    rules::i2_a_stranger_finds_nothing: "someone who does not exist, or has nothing, gets nothing by another's ids",
    records::everything_comes_back: "every kind of record comes back with all that it can hold",
    records::nothing_comes_back_as_nothing: "what was not set comes back not set, and empty comes back empty",
    records::every_name_comes_back: "every status, kind, cause and field comes back as itself",
    records::texts_come_back_to_the_letter: "any Unicode, none and a megabyte of it, wherever texts are kept",
    records::ids_are_compared_to_the_letter: "ids that look alike are different ids",
    records::numbers_come_back: "the greatest positions and the earliest and latest times",
    rules::only_zero_creates: "expected 0 creates a user, once; any other version of nobody is not found",
    rules::a_stale_version_writes_nothing: "a commit on another version is a conflict and leaves everything as it was",
    rules::versions_are_the_callers: "the version is what the commit says, and an empty commit moves nothing else",
    rules::a_message_is_never_changed: "a message's id and position are taken once and for all",
    rules::the_change_log_is_never_changed: "an entry's position is taken once and for all, and counts as the newest",
    rules::a_commit_is_whole_or_nothing: "a conflict in the last write undoes all the others",
    rules::writes_are_carried_out_in_order: "what is put after a removal is there, what is put before is not",
    records::what_is_put_replaces: "the same id puts the record in place of the old one, however different",
    rules::suggestions_are_replaced_in_one_commit: "old ones go and new ones come at once, the others stay",
    rules::removing_a_thread_leaves_the_rest: "its state, messages and extractions go; attempts and other threads stay",
    rules::messages_are_removed_up_to_a_position: "the newer ones, the state and the extractions stay, and so do the positions",
    rules::removing_an_action_removes_its_debrief: "and nothing else; removing what is not there is fine",
    rules::i10_forget_leaves_nothing: "nothing of the user is found by any method, and nobody else notices",
    rules::i10_nothing_comes_back_after_forget: "a late commit is not found, and the same user starts anew",
    rules::a_conversation_needs_its_action: "no such user or action is none; a thread in which nothing has happened is there",
    rules::the_live_attempt_is_the_one_named: "an attempt comes with the conversation only if the thread's state names it",
    records::i4_find_is_of_any_thread: "a message is found by its id with the coach's first reply in its own thread",
    records::pages_are_cut_from_the_end: "the newest before a position, oldest first",
    records::lists_are_in_order: "actions by id, the others by time and then by id, changes by position",
    records::attempts_of_a_period: "from is included and until is not",
    records::changes_after_a_position: "the oldest after it, at most so many",
    rules::i5_no_commit_is_lost: "of many commits at once each version is used by one, and nothing is lost",
    rules::a_read_is_of_one_moment: "a conversation never mixes two versions",
    races::i5_many_tasks_on_one_thread: "of 64 tasks that say 400 things nothing is lost or twice, and each is there when it is acknowledged",
    races::i5_many_tasks_on_many_threads: "the same on eight threads of one user",
    races::a_spoiled_commit_fails_alone: "of many commits at once exactly the spoiled ones fail, and leave nothing",
    races::a_long_history_is_paged_whole: "4,000 messages come back page by page, and the first is found",
}

type Verdict = Result<(), Failure>;
type Running = Pin<Box<dyn Future<Output = Verdict> + Send>>;

/// What was wrong, in words for the one who writes the store.
#[derive(Debug)]
struct Failure(String);

impl From<&str> for Failure {
    fn from(why: &str) -> Self {
        Self(why.to_owned())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(format!("the store answered {}: {error}", error.kind()))
    }
}

fn ensure(holds: bool, why: impl Into<String>) -> Verdict {
    if holds { Ok(()) } else { Err(Failure(why.into())) }
}

fn same<T: PartialEq + fmt::Debug>(what: &str, found: &T, expected: &T) -> Verdict {
    if found == expected { Ok(()) } else { Err(Failure(format!("{what}: found {found:?}, expected {expected:?}"))) }
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    owned.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without words")
}
