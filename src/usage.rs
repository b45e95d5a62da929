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
    /// It ended with an error. With the offline fallback the guide's words may have been stored in its place.
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
    /// What came to it since it was so much.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            requests: self.requests.saturating_sub(before.requests),
            input_tokens: self.input_tokens.saturating_sub(before.input_tokens),
            output_tokens: self.output_tokens.saturating_sub(before.output_tokens),
            cache_read_tokens: self.cache_read_tokens.saturating_sub(before.cache_read_tokens),
            cache_write_tokens: self.cache_write_tokens.saturating_sub(before.cache_write_tokens),
        }
    }

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// The provider, as the model describes itself.
    pub provider: String,
    /// The model, as the model describes itself.
    pub model: String,
    /// The most prompt tokens of a request for which this price holds; `None` for any. Of several prices of a model the first one that holds
    /// counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<u64>,
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
        rounded(self.exact(usage))
    }

    /// The same in millionths of a micro-dollar.
    fn exact(&self, usage: &Usage) -> u128 {
        let parts = [
            (self.input, usage.input_tokens),
            (self.output, usage.output_tokens),
            (self.cache_read, usage.cache_read_tokens),
            (self.cache_write, usage.cache_write_tokens),
        ];
        parts.iter().map(|(price, tokens)| u128::from(*price) * u128::from(*tokens)).sum()
    }
}

fn rounded(exact: u128) -> u64 {
    u64::try_from(exact.div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

/// What models cost, and as of when. A host replaces it as a whole, because prices change and depend on its contract.
///
/// ```
/// use completion_coach::PriceTable;
///
/// let mut table = PriceTable::default();
/// assert_eq!(table.as_of, "2026-11-20");
/// // The same models by way of the app's own backend, which names its provider so.
/// let mine: Vec<_> = table.prices.iter().cloned().map(|price| completion_coach::Price { provider: "coach.example.com".into(), ..price }).collect();
/// table.prices.extend(mine);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceTable {
    /// The day on which these prices held, as `2026-11-20`.
    pub as_of: String,
    /// The prices.
    pub prices: Vec<Price>,
}

impl Default for PriceTable {
    /// Anthropic's list prices of 2026-11-20. A write to the five-minute cache costs 1.25 times the input, as published; what is read from
    /// the cache above 100,000 prompt tokens of Haiku 5.5 is taken to be a tenth of its input, as it is below. OpenAI's prices are not in it.
    fn default() -> Self {
        let models: [(&str, Option<u64>, [u64; 3]); 6] = [
            ("claude-haiku-5-5", Some(100_000), [100_000, 500_000, 10_000]),
            ("claude-haiku-5-5", None, [500_000, 2_500_000, 50_000]),
            ("claude-sonnet-5-5", None, [2_000_000, 10_000_000, 100_000]),
            ("claude-opus-5-5", None, [4_000_000, 20_000_000, 200_000]),
            ("claude-haiku-4-5", None, [1_000_000, 5_000_000, 100_000]),
            ("claude-sonnet-4-6", None, [3_000_000, 15_000_000, 300_000]),
        ];
        let price = |(model, up_to, [input, output, cache_read]): (&str, Option<u64>, [u64; 3])| {
            let (provider, model) = ("anthropic".to_owned(), model.to_owned());
            Price { provider, model, up_to, input, output, cache_read, cache_write: input / 4 * 5 }
        };
        Self { as_of: "2026-11-20".to_owned(), prices: models.into_iter().map(price).collect() }
    }
}

impl PriceTable {
    /// What a model's use costs in micro-dollars, rounded up; `None` if its price is not known, zero for a script and for what runs on the
    /// device.
    pub(crate) fn cost(&self, info: &ModelInfo, usage: &Usage) -> Option<u64> {
        self.exact(&info.provider, &info.model, info.place, usage).map(rounded)
    }

    fn exact(&self, provider: &str, model: &str, place: ModelPlace, usage: &Usage) -> Option<u128> {
        // Nobody is paid for what runs on the device, unless the host says so.
        match (place, self.of(provider, model, usage)) {
            (ModelPlace::Script, _) | (ModelPlace::Local, None) => Some(0),
            (_, price) => price.map(|price| price.exact(usage)),
        }
    }

    /// The price of what was used, if it is known. Several requests are taken to be of the same size.
    fn of(&self, provider: &str, model: &str, usage: &Usage) -> Option<&Price> {
        let prompts = [usage.input_tokens, usage.cache_read_tokens, usage.cache_write_tokens];
        let prompt = prompts.into_iter().fold(0, u64::saturating_add) / u64::from(usage.requests.max(1));
        let holds = |price: &&Price| price.up_to.is_none_or(|most| prompt <= most);
        self.prices.iter().filter(|price| price.provider == provider && price.model == model).find(holds)
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
    /// What that costs in micro-dollars; `None` if the price is not known, zero for a script and for what runs on the device.
    pub cost: Option<u64>,
}

/// What a user's debriefs and chats used over a period.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct UsageReport {
    /// A line for each operation and model, in that order.
    pub lines: Vec<UsageLine>,
    /// What all of it costs in micro-dollars; `None` if the price of any line is not known.
    pub cost: Option<u64>,
    /// The day of the price table that was used.
    #[serde(default)]
    pub prices_as_of: String,
}

/// Adds up attempts by operation and model. Each is priced by itself, and each line rounded up once.
pub(crate) fn report(attempts: &[Attempt], prices: &PriceTable) -> UsageReport {
    let mut lines: Vec<(UsageLine, Option<u128>)> = Vec::new();
    for attempt in attempts {
        let known = lines
            .iter()
            .position(|(line, _)| (line.operation, &line.provider, &line.model) == (attempt.operation, &attempt.provider, &attempt.model));
        let at = known.unwrap_or_else(|| {
            let (operation, provider, model) = (attempt.operation, attempt.provider.clone(), attempt.model.clone());
            let usage = Usage::default();
            lines.push((UsageLine { operation, provider, model, attempts: 0, failed: 0, cancelled: 0, usage, cost: None }, Some(0)));
            lines.len() - 1
        });
        let (line, exact) = &mut lines[at];
        line.attempts += 1;
        line.failed += u64::from(attempt.status == AttemptStatus::Failed);
        line.cancelled += u64::from(matches!(attempt.status, AttemptStatus::Cancelled | AttemptStatus::Abandoned));
        line.usage.add(attempt.usage);
        let price = prices.exact(&attempt.provider, &attempt.model, attempt.place, &attempt.usage);
        *exact = exact.zip(price).map(|(sum, price)| sum.saturating_add(price));
    }
    let mut lines: Vec<_> = lines.into_iter().map(|(line, exact)| UsageLine { cost: exact.map(rounded), ..line }).collect();
    lines.sort_unstable_by(|a, b| (a.operation, &a.provider, &a.model).cmp(&(b.operation, &b.provider, &b.model)));
    let cost = lines.iter().map(|line| line.cost).sum();
    UsageReport { lines, cost, prices_as_of: prices.as_of.clone() }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(model: &str, place: ModelPlace, status: AttemptStatus, usage: Usage) -> Attempt {
        Attempt {
            id: "a".into(),
            operation: Operation::Reply,
            provider: "anthropic".into(),
            model: model.into(),
            place,
            instance: "i".into(),
            started_at: Timestamp::from_millis(0),
            lease_until: Timestamp::from_millis(1),
            ended_at: None,
            status,
            usage,
            error: None,
        }
    }

    fn used(requests: u32, input: u64, output: u64, read: u64) -> Usage {
        Usage { requests, input_tokens: input, output_tokens: output, cache_read_tokens: read, cache_write_tokens: 0 }
    }

    #[test]
    fn a_price_holds_up_to_a_size_of_prompt() {
        let cost =
            |usage| report(&[attempt("claude-haiku-5-5", ModelPlace::Remote, AttemptStatus::Done, usage)], &PriceTable::default()).cost;
        assert_eq!(cost(used(1, 90_000, 1_000, 10_000)), Some(9_000 + 500 + 100));
        assert_eq!(cost(used(1, 90_001, 1_000, 10_000)), Some(45_001 + 2_500 + 500));
        // Two requests of half the size each.
        assert_eq!(cost(used(2, 180_000, 0, 0)), Some(18_000));
    }

    #[test]
    fn what_failed_or_was_cancelled_is_paid_for_and_marked() {
        let usage = used(1, 100, 0, 0);
        let all = [AttemptStatus::Done, AttemptStatus::Failed, AttemptStatus::Cancelled, AttemptStatus::Abandoned];
        let attempts = all.map(|status| attempt("claude-sonnet-5-5", ModelPlace::Remote, status, usage));
        let report = report(&attempts, &PriceTable::default());
        let [line] = &report.lines[..] else { panic!("one model, one operation") };
        assert_eq!((line.attempts, line.failed, line.cancelled, line.usage.input_tokens, line.cost), (4, 1, 2, 400, Some(800)));
        assert_eq!(report.prices_as_of, "2026-11-20");
    }

    #[test]
    fn an_unknown_price_is_not_zero_but_the_device_is() {
        let one = |model, place| report(&[attempt(model, place, AttemptStatus::Done, used(1, 1, 1, 0))], &PriceTable::default()).cost;
        assert_eq!(one("new-model", ModelPlace::Remote), None);
        assert_eq!(one("new-model", ModelPlace::Local), Some(0));
        assert_eq!(one("questions-1", ModelPlace::Script), Some(0));
    }

    #[test]
    fn parts_of_a_micro_dollar_are_rounded_up_once() {
        let tiny = attempt("claude-haiku-5-5", ModelPlace::Remote, AttemptStatus::Done, used(1, 1, 0, 0));
        assert_eq!(report(&[tiny.clone(), tiny.clone(), tiny], &PriceTable::default()).cost, Some(1));
    }
}
