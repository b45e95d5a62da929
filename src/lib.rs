//! The minute after someone finishes something: a short debrief, in a thread of its own, that ends in grounded proposals.
//!
//! Start at [`CompletionCoach`]. [`User`] has the profile and the actions, [`Debrief`] and [`Chat`] the conversations, [`Turn`] a reply in
//! the making. [`ActionStore`], [`Model`] and [`Transport`] are what a host can bring of its own. Every call that fails says why with an [`Error`].
#![cfg_attr(all(feature = "http", feature = "sqlite"), doc = "")]
#![cfg_attr(all(feature = "http", feature = "sqlite"), doc = include_str!("../README.md"))]

mod action;
mod check;
mod coach;
mod conversation;
mod credentials;
mod draft;
mod endpoint;
mod error;
mod evaluate;
mod evidence;
mod extract;
mod fault;
mod flow;
mod lang;
mod limits;
mod model;
mod profile;
mod prompt;
mod retry;
mod rules;
mod runtime;
mod safety;
mod script;
mod secret;
mod sse;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod text;
mod transport;
mod usage;

pub use action::{Action, ActionKind, ActionSource, ActionStatus, ActionStep, Material, NewAction};
pub use check::{Finding, Gate, TurnFacts, TurnMeasures, TurnReport, check_turn};
pub use coach::{
    Builder, Canceller, Chat, CompletionCoach, Debrief, Delivery, Disclosure, Done, ListedAction, MessagePage, Offer, Turn, TurnEvent, User,
};
pub use conversation::{
    Account, ActionRecord, Author, ChangeCause, Choice, Consent, Conversation, DebriefState, Found, Invitation, Live, Message, NewMessage,
    ProfileChange, Provenance, Reply, Report, Review, Role, Said, ThreadState,
};
pub use credentials::{Credentials, TokenSource};
pub use endpoint::{Endpoint, TimeLimits};
pub use error::{Error, ErrorKind, Result};
pub use evaluate::{
    EvaluationCase, EvaluationEstimate, EvaluationFailure, EvaluationFault, EvaluationLine, EvaluationOptions, EvaluationReport,
    Expectation, estimate, evaluate,
};
pub use evidence::{
    Applied, Basis, Caution, Evidence, Extraction, ExtractionStatus, FieldConflict, Proposal, ProposedOperation, Verdict, Verdicts,
};
pub use extract::{TranscriptMessage, extract};
pub use flow::{Answer, Answered, Budget, Ending, Flow, Outcome, Step};
pub use lang::Texts;
pub use limits::Limits;
pub use model::{
    AnthropicModel, CollectedEvents, Finish, Model, ModelEvent, ModelEvents, OfflineGuide, OpenAiModel, SafetyClassifier, Signal,
    TokenLimit,
};
pub use profile::{CustomField, Education, FieldValue, Profile, ProfileField, Term, Work};
pub use prompt::{
    COMPLETION_COACH_PROMPT, ContextOptions, ContextPurpose, EXTRACTION_PROMPT, GENERAL_COACH_PROMPT, Output, Part, PartRole, Purpose,
    Request, Voice, build_profile_context,
};
pub use retry::Retries;
pub use runtime::{
    ActionId, AttemptId, Clock, ExtractionId, ID_BYTES, Ids, MessageId, RandomIds, SystemClock, ThreadId, Timestamp, UserId,
};
pub use safety::SafetyLevel;
pub use script::{NextStep, Recap, RecapLine};
pub use secret::Secret;
pub use store::{ActionStore, Change, Page, Write};
#[cfg(feature = "sqlite")]
pub use store::{BlockHere, SqliteStore};
#[cfg(feature = "http")]
pub use transport::ReqwestTransport;
pub use transport::{HttpBody, HttpRequest, HttpResponse, Transport};
pub use usage::{
    Allowance, AllowanceRates, Attempt, AttemptStatus, ModelInfo, ModelPlace, Operation, Price, PriceTable, Rate, Usage, UsageLine,
    UsageReport,
};
