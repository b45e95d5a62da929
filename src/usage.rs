//! What asking a model costs: attempts, tokens, prices, and the allowance that bounds how often it may be asked.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::runtime::{AttemptId, Timestamp};

/// Where a model runs, which decides what must be disclosed and agreed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelPlace {
    /// No language model at all: a script of questions, on the device.
    Script,
    /// A language model on the device or inside the host's own process. Nothing leaves it.
    Local,
    /// A language model behind a network. It gets nothing before the user has agreed.
    Remote,
}

/// How a model describes itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ModelInfo {
    /// Who runs it, such as `anthropic`.
    pub provider: String,
    /// Which model, by the provider's name for it.
    pub model: String,
    /// Where it runs.
    pub place: ModelPlace,
    /// Where its server is, without credentials. Another address needs the user's agreement anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// What an attempt was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// The first question of a round.
    Open,
    /// A reply to what the user said.
    Reply,
    /// Proposals for the profile.
    Propose,
}

/// How an attempt stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptStatus {
    /// Under way, or its process has died and nobody has touched the thread since.
    Running,
    /// Its reply or proposal was stored.
    Done,
    /// It ended with an error.
    Failed,
    /// The host dropped it, or the person ended what it was for.
    Cancelled,
    /// It was found without anybody working on it.
    Abandoned,
}

/// Tokens, as the model counted them. What a model does not report is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Requests that were sent: more than one where a reply was asked for again.
    pub requests: u32,
    /// Prompt tokens that were neither read from nor written to a cache.
    pub input_tokens: u64,
    /// Tokens of the answer, thinking included.
    pub output_tokens: u64,
    /// Prompt tokens read from the provider's cache.
    pub cache_read_tokens: u64,
    /// Prompt tokens written to the provider's cache.
    pub cache_write_tokens: u64,
}

impl Usage {
    pub(crate) fn add(&mut self, other: Self) {
        // A model's counts are not to be trusted: a store need not hold more than an i64.
        let sum = |a: u64, b: u64| a.saturating_add(b).min(i64::MAX.unsigned_abs());
        self.requests = self.requests.saturating_add(other.requests);
        self.input_tokens = sum(self.input_tokens, other.input_tokens);
        self.output_tokens = sum(self.output_tokens, other.output_tokens);
        self.cache_read_tokens = sum(self.cache_read_tokens, other.cache_read_tokens);
        self.cache_write_tokens = sum(self.cache_write_tokens, other.cache_write_tokens);
    }
}

/// One attempt to get something from a model. It is written before the model is asked, and is the usage record as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Its id, new for every attempt.
    pub id: AttemptId,
    /// What it is for.
    pub operation: Operation,
    /// Who is asked.
    pub provider: String,
    /// Which model.
    pub model: String,
    /// Whether that costs anything: a script never does.
    pub place: ModelPlace,
    /// The coach that makes it; a coach knows which of its own attempts are alive.
    pub instance: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When anybody may take it over: its deadline and a margin.
    pub lease_until: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// How it stands.
    pub status: AttemptStatus,
    /// What it used.
    #[serde(default)]
    pub usage: Usage,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorKind>,
}

/// What a model costs, in micro-dollars (millionths of a US dollar) per million tokens.
///
/// The host supplies prices, because they change and depend on its contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// The provider, as the model describes itself.
    pub provider: String,
    /// The model, as the model describes itself.
    pub model: String,
    /// For a million prompt tokens.
    pub input: u64,
    /// For a million tokens of the answer.
    pub output: u64,
    /// For a million prompt tokens read from a cache.
    pub cache_read: u64,
    /// For a million prompt tokens written to a cache.
    pub cache_write: u64,
}

impl Price {
    /// The price of this much usage in micro-dollars, rounded up.
    pub fn cost(&self, usage: &Usage) -> u64 {
        let parts = [
            (self.input, usage.input_tokens),
            (self.output, usage.output_tokens),
            (self.cache_read, usage.cache_read_tokens),
            (self.cache_write, usage.cache_write_tokens),
        ];
        let total: u128 = parts.iter().map(|(price, tokens)| u128::from(*price) * u128::from(*tokens)).sum();
        u64::try_from(total.div_ceil(1_000_000)).unwrap_or(u64::MAX)
    }
}

/// What one operation with one model used over a period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageLine {
    /// What for.
    pub operation: Operation,
    /// Who was asked.
    pub provider: String,
    /// Which model.
    pub model: String,
    /// Attempts that began in the period.
    pub attempts: u64,
    /// How many of them ended with an error.
    pub failed: u64,
    /// How many of them were cancelled or abandoned.
    pub cancelled: u64,
    /// What all of them used together.
    pub usage: Usage,
    /// What that costs in micro-dollars; `None` if the price is not known, zero for a script.
    pub cost: Option<u64>,
}

/// What a user's debriefs and chats used over a period.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct UsageReport {
    /// A line for each operation and model, in that order.
    pub lines: Vec<UsageLine>,
    /// What all of it costs in micro-dollars; `None` if the price of any line is not known.
    pub cost: Option<u64>,
}

/// Adds up attempts by operation and model.
pub(crate) fn report(attempts: &[Attempt], prices: &[Price]) -> UsageReport {
    let mut lines: Vec<UsageLine> = Vec::new();
    for attempt in attempts {
        let known = lines
            .iter()
            .position(|line| (line.operation, &line.provider, &line.model) == (attempt.operation, &attempt.provider, &attempt.model));
        let at = known.unwrap_or_else(|| {
            lines.push(UsageLine {
                operation: attempt.operation,
                provider: attempt.provider.clone(),
                model: attempt.model.clone(),
                attempts: 0,
                failed: 0,
                cancelled: 0,
                usage: Usage::default(),
                cost: Some(0),
            });
            lines.len() - 1
        });
        let line = &mut lines[at];
        line.attempts += 1;
        line.failed += u64::from(attempt.status == AttemptStatus::Failed);
        line.cancelled += u64::from(matches!(attempt.status, AttemptStatus::Cancelled | AttemptStatus::Abandoned));
        line.usage.add(attempt.usage);
        let price = prices.iter().find(|price| price.provider == attempt.provider && price.model == attempt.model);
        line.cost = match (attempt.place, price) {
            (ModelPlace::Script, _) => line.cost,
            (_, Some(price)) => Some(price.cost(&line.usage)),
            (_, None) => None,
        };
    }
    lines.sort_by(|a, b| (a.operation, &a.provider, &a.model).cmp(&(b.operation, &b.provider, &b.model)));
    let cost = lines.iter().map(|line| line.cost).sum();
    UsageReport { lines, cost }
}

/// How often something is allowed: so many a minute, and so many at once after a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// How many a minute, in the long run; at least 1.
    pub per_minute: u32,
    /// How many at once; at least 1.
    pub burst: u32,
}

impl Rate {
    /// So many a minute with a burst of so many.
    pub const fn new(per_minute: u32, burst: u32) -> Self {
        Self { per_minute, burst }
    }

    fn interval(self) -> Duration {
        Duration::from_millis(60_000 / u64::from(self.per_minute.clamp(1, 60_000)))
    }

    /// Takes one from what is left at `now`. `spent_until` is when all of it will be there again.
    fn take(self, spent_until: Timestamp, now: Timestamp) -> Result<Timestamp> {
        let interval = self.interval();
        let whole = interval * self.burst.max(1);
        // A clock was set back, or another process's is ahead. Refusing would lock people out until this one has caught up, so that one is
        // let through, and the rest fills up by this clock.
        if spent_until - now > whole {
            return Ok(now + whole);
        }
        let next = spent_until.max(now) + interval;
        let over = next - (now + whole);
        if over.is_zero() {
            return Ok(next);
        }
        Err(Error::new(ErrorKind::AllowanceSpent, "that was a lot in a short time; wait a moment and go on").with_retry_after(over))
    }
}

/// What is left of a user's allowance: for each rate, when it will be whole again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Allowance {
    /// For turns.
    pub turns: Timestamp,
    /// For proposals.
    pub proposals: Timestamp,
}

/// How many turns and proposals a user may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllowanceRates {
    /// Turns (default 20 a minute with a burst of 5).
    pub turns: Rate,
    /// Proposals (default 10 a minute with a burst of 3).
    pub proposals: Rate,
}

impl Default for AllowanceRates {
    fn default() -> Self {
        Self { turns: Rate::new(20, 5), proposals: Rate::new(10, 3) }
    }
}

impl Allowance {
    /// What is left after one more operation, or `AllowanceSpent` with the time until one is allowed.
    pub(crate) fn spend(self, operation: Operation, rates: &AllowanceRates, now: Timestamp) -> Result<Self> {
        match operation {
            Operation::Open | Operation::Reply => Ok(Self { turns: rates.turns.take(self.turns, now)?, ..self }),
            Operation::Propose => Ok(Self { proposals: rates.proposals.take(self.proposals, now)?, ..self }),
        }
    }
}
